"""Byte maps of the real files: what passes `map --check` passes for good; the rest is listed.

The list is `docs/byte_map.md`, written by ``python tests/samples/test_map_samples.py``.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from pathlib import Path

import pytest

from tiffschema.errors import TiffSchemaError
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.coverage import ByteMap
from tiffschema.runtime.file import TiffFile

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'byte_map.md'

# Why bytes of some files are not explained, by path. The first that fits is the reason.
REASONS = (
    (r'^stk/', 'values of UIC tags whose meaning is not known'),
    (r'^sis/', 'trees of properties of Olympus cellSens, which no tag points to'),
    (r'^lsm/', 'no offset of the information block leads there'),
    (r'^jpeg/TwelveMonkeys__(Wang|old-style)', 'memory of the writer between directory and values'),
    (r'^bitdepth/gdal__(float16|int24)', 'bytes of samples behind the end of the strip'),
    (r'^bigtiff/cogeo', 'tiles that no directory lists'),
    (r'^bigtiff/gdal', 'offsets of strips in another type than those of the tag'),
    (r'^geotiff/gdal__cog', 'a segment whose offset was set to zero for a test'),
    (r'^compression/libtiff__tiff_with', 'entries behind a directory that was made shorter'),
    (r'^raw/', 'bytes appended for a test'),
    (r'', 'no tag or link leads there'),
)


def samples_of(folder: Path) -> list[str]:
    """Return the files that are meant to be sound, in order."""
    files = json.loads((folder / 'expected.json').read_text())['files']
    return sorted(name for name in files if not name.startswith('malformed/'))


def map_of(path: Path) -> ByteMap | None:
    """Return the map of a file; None if there is a fault, or no TIFF at all."""
    try:
        with TiffFile(path, _multifile=False) as tif:
            found = byte_map(tif, details=False)
            return None if tif.faults else found
    except TiffSchemaError:
        return None


def listed() -> dict[str, str]:
    """Return the files that the page lists, with what it says of them."""
    rows = re.findall(r'^\| `([^`]+)` \| (.*?) \|', PAGE.read_text(encoding='utf-8'), re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize('part', range(8))
def test_bytes_are_explained(samples: Path, part: int) -> None:
    known = listed()
    failed = {}
    for name in samples_of(samples)[part::8]:
        found = map_of(samples / name)
        if found is None:
            continue
        # Whatever is unexplained, every byte is in the map.
        assert sum(found.totals().values()) == found.size, name
        if found.unexplained and name not in known:
            failed[name] = found.unexplained[:3]
    assert not failed


def page(folder: Path) -> str:
    """Return the page of the docs."""
    rows, passed, total = [], 0, 0
    for name in samples_of(folder):
        found = map_of(folder / name)
        if found is None:
            continue
        total += 1
        if not found.unexplained:
            passed += 1
            continue
        nbytes = sum(span.nbytes for span in found.unexplained)
        kinds = ', '.join(sorted({span.kind for span in found.unexplained}))
        reason = next(text for pattern, text in REASONS if re.search(pattern, name))
        rows.append(f'| `{name}` | {nbytes} of {found.size} | {kinds} | {reason} |')
    return '\n'.join([
        '# Byte maps of real files',
        '',
        '`tiffschema map FILE` accounts for every byte of a file; `--check` fails where bytes are',
        'unexplained: gaps, overlaps, and bytes behind the last structure. Zeros, and bytes that',
        'align what follows, are padding. Values that several tags share and windows into blocks',
        'are explained as what they are. So is what a writer left behind, where its form says what',
        'it is: an earlier directory with what it points to, a copy of values that tags have',
        'elsewhere, an earlier description in a declared form, the header of a file that was',
        'appended as it is; the map says of each that no link leads there.',
        '',
        f'Of {total} real files which open without a fault, **{passed} pass** '
        f'({100 * passed / total:.1f} %). The others, and why:',
        '',
        '| file | bytes | as | reason |',
        '| --- | --- | --- | --- |',
        *rows,
        '',
        'Written by `python tests/samples/test_map_samples.py`; by test, no other file fails.',
        '',
    ])  # fmt: skip


if __name__ == '__main__':
    logging.disable()
    default = Path(__file__).resolve().parents[3] / 'shared' / 'samples'
    PAGE.write_text(page(Path(os.environ.get('TIFFSCHEMA_SAMPLES') or default)), encoding='utf-8')
    sys.stdout.write(f'{PAGE.name} is written\n')
