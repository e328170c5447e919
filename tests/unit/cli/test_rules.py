"""Rules that `validate` checks: each is broken by one file here, and by no file of our own."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiffschema
from tiffschema.cli.rules import RULES, broken


def image(**options: Any) -> io.BytesIO:
    stream = io.BytesIO()
    data = options.pop('data', np.zeros((20, 30), 'u1'))
    options.setdefault('metadata', None)
    tiffschema.imwrite(stream, data, **options)
    stream.seek(0)
    return stream


def rules_of(file: Any) -> set[str]:
    with tiffschema.TiffFile(file) as tif:
        return {rule.id for page in tif.pages for rule, _ in broken(page)}


def changed(code: int, value: Any, dtype: Any = None, **options: Any) -> io.BytesIO:
    """Return a file with another value of a tag, whatever the writer thinks of it."""
    from tiffschema.writer.edit import overwrite_tag

    stream = image(**options)
    with tiffschema.TiffFile(stream, mode='r+') as tif:
        overwrite_tag(tif.pages[0].tags[code], value, dtype=dtype)
    stream.seek(0)
    return stream


def without(code: int, **options: Any) -> io.BytesIO:
    """Return a file in which another code stands in place of a tag's."""
    stream = image(**options)
    with tiffschema.TiffFile(stream) as tif:
        tag = tif.pages[0].tags[code]
        order = 'little' if tif.byteorder == '<' else 'big'
    data = bytearray(stream.getvalue())
    data[tag.offset : tag.offset + 2] = (65000).to_bytes(2, order)
    return io.BytesIO(bytes(data))


TILED = {'tile': (16, 16)}
PALETTE = {'colormap': np.zeros((3, 256), 'u2')}
RGB = {'data': np.zeros((20, 30, 3), 'u1'), 'photometric': 'rgb'}
CASES = {
    'T011': lambda: image(description='ä'.encode()),
    'T012': lambda: changed(282, (1, 0)),
    'T013': lambda: changed(296, 99),
    'T017': lambda: changed(306, '2020-01-02 03:04:05', datetime='2020:01:01 00:00:00'),
    'T018': lambda: image(extratags=[(65000, 'Q', 1, 5, True)]),
    'S007': lambda: without(279, compression='zlib'),
    'S008': lambda: changed(257, 60, rowsperstrip=10),
    'S009': lambda: without(278),
    'S012': lambda: changed(322, 24, **TILED),
    'S014': lambda: changed(273, 590),
    'S022': lambda: changed(258, (8, 8)),
    'S025': lambda: changed(284, 7, **RGB),
    'S027': lambda: changed(259, 9),
    'S028': lambda: changed(317, 9, compression='zlib', predictor=2),
    'S032': lambda: image(extratags=[('Orientation', 9)]),
    'S033': lambda: without(282),
    'S037': lambda: without(338, data=np.zeros((20, 30, 4), 'u1'), photometric='rgb'),
    'P005': lambda: without(320, **PALETTE),
    'P010': lambda: changed(262, 4),
    'P016': lambda: changed(
        530, (3, 3), data=np.zeros((32, 32, 3), 'u1'), photometric='ycbcr', compression='jpeg'
    ),
    'C004': lambda: changed(259, 3),
    'C012': lambda: changed(259, 32946, compression='zlib'),
}


@pytest.mark.parametrize('id', CASES)
def test_a_rule_is_broken(id: str) -> None:
    assert id in rules_of(CASES[id]())


def test_texts_without_nul_and_samples_that_cannot_lie_apart() -> None:
    stream = image(software='abcdefgh')
    with tiffschema.TiffFile(stream) as tif:
        tag = tif.pages[0].tags['Software']
    data = bytearray(stream.getvalue())
    end = tag.valueoffset + tag.count
    data[end - 1] = 65
    assert 'T010' in rules_of(io.BytesIO(bytes(data)))
    stream = image(**RGB)
    with tiffschema.TiffFile(stream, mode='r+') as tif:
        tif.pages[0].tags[284].overwrite(2)
        tif.pages[0].tags[277].overwrite(1)
    stream.seek(0)
    assert 'S026' in rules_of(stream)


def test_odd_directories_and_two_layouts() -> None:
    data = image(byteorder='<').getvalue()
    moved = bytearray(data + bytes(1 - len(data) % 2))
    with tiffschema.TiffFile(data) as tif:
        start, size = tif.pages[0].offset, tif.pages[0].directory.nbytes
    moved[4:8] = len(moved).to_bytes(4, 'little')
    moved += data[start : start + size]
    assert 'D004' in rules_of(bytes(moved))
    stream = without(305, **TILED)
    data = bytearray(stream.getvalue())
    with tiffschema.TiffFile(bytes(data)) as tif:
        at = tif.pages[0].tags[65000].offset
    data[at : at + 2] = (273).to_bytes(2, 'little' if data[:1] == b'I' else 'big')
    assert 'S004' in rules_of(bytes(data))


@pytest.mark.parametrize(
    'options',
    [
        {}, TILED, PALETTE, RGB, {**RGB, 'planarconfig': 2}, {'bigtiff': True},
        {'compression': 'zlib', 'predictor': 2}, {'data': np.zeros((20, 30), bool)},
        {'imagej': True},
        {'data': np.zeros((20, 30, 4), 'u1'), 'photometric': 'rgb'},
        {'data': np.zeros((20, 30, 4), 'u1'), 'photometric': 'separated'},
        {'data': np.zeros((32, 32, 3), 'u1'), 'photometric': 'rgb', 'compression': 'jpeg'},
        {'data': np.zeros((20, 30), 'f4'), 'compression': 'zlib', 'predictor': 3},
        {'datetime': '2020:01:02 03:04:05', 'description': 'text'},
    ],
    ids=lambda options: str({k: v for k, v in options.items() if k != 'data'})[:50],
)  # fmt: skip
def test_our_own_files_break_none(options: dict[str, Any]) -> None:
    assert rules_of(image(**options)) == set()


def test_every_rule_has_a_case_and_a_row_in_the_guide() -> None:
    guide = Path(__file__).parents[3] / 'docs' / 'guide' / 'commands.md'
    rows = re.findall(r'^\| ([A-Z]\d{3}) \|', guide.read_text(encoding='utf-8'), re.MULTILINE)
    assert rows == [rule.id for rule in RULES]
    assert {rule.id for rule in RULES} == {*CASES, 'D004', 'S004', 'T010', 'S026'}
