"""Stacks of files are what tifffile makes of the same folder and the same names."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema

tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')


def product(form: str, *parts: Any) -> list[str]:
    return [form % each for each in itertools.product(*parts)]


PAIRS = product('temp_C%03dT%03d.tif', range(1, 3), range(2, 5))
NAMED = product('img_z%02d_t%02d.tif', range(3), range(10, 12))
WELLS = product('%s%d_%d.tif', 'AB', range(1, 4), range(2))
WELL = r'(?P<row>[A-Z])(?P<col>\d)_(?P<t>\d)'
ROWS = {'row': {'A': 0, 'B': 1}}

NAMES: list[tuple[list[str], str | None, dict[str, Any]]] = [
    (PAIRS, r'_(C)(\d+)(T)(\d+)', {}),
    (PAIRS, 'axes', {}),
    (PAIRS, r'_C(?P<channel>\d+)T(?P<time>\d+)', {}),
    (PAIRS, r'C(\d+)T(\d+)', {}),
    (PAIRS, r'(\d+)', {}),
    (PAIRS, r'X(\d+)', {}),
    (NAMED, r'_z(?P<z>\d+)_t(?P<t>\d+)', {}),
    (NAMED, r'_(z)(\d+)_(t)(\d+)', {}),
    (NAMED, 'axes', {}),
    (NAMED, r'_z(?P<depth>\d+)_t(?P<position>\d+)', {}),
    (WELLS, WELL, {'categories': ROWS}),
    (WELLS, WELL, {}),
    (WELLS, WELL, {'categories': ROWS, 'axesorder': (2, 0, 1)}),
    (WELLS, WELL, {'categories': ROWS, 'axesorder': (0, 1)}),
    (WELLS, WELL, {'categories': {'row': {'A': 3}}}),
    (['dir/a/img_T1.tif', 'dir/b/img_T2.tif'], r'(T)(\d)', {}),
    (['dir/T1/img_T1.tif', 'dir/T1/img_T3.tif'], r'(T)(\d)', {}),
    (['/abs/T5/x_C2.tif'], r'(T)(\d)', {}),
    (['/abs/T5/x_C2.tif'], r'(C)(\d)', {}),
    (['a_c1_t2.tif', 'a_c3_t9.tif'], 'axes', {}),
    (['a_ch01tp002.tif', 'a_ch02tp004.tif'], 'axes', {}),
    (['A_C1_X2.tif'], 'axes', {}),
    (['a_q1l2p3a4c5t6x7.tif'], 'axes', {}),
    (['a1b.tif', 'a2.tif'], r'(a)(\d)(b)?', {}),
    (['c1.tif', 't1.tif'], r'([ct])(\d)', {}),
    (['T1.tif', 'T2.tif'], r'(T)(\d)', {'_shape': (5,)}),
    (['T1.tif', 'T2.tif'], r'(T)(\d)', {'_shape': (1,)}),
    (['T1.tif', 'T2.tif'], r'(T)(\d)', {'_shape': (5, 2)}),
    (['lambda3.tif', 'lambda5.tif'], r'(lambda)(\d)', {}),
    (['f-1.tif', 'f-3.tif'], r'f(-\d)', {}),
    (['S_1.tif'], r'(S)_(\d)(.*)', {}),
    (['a.tif', 'b.tif'], None, {}),
    ([], None, {}),
    ([], r'(T)(\d)', {}),
]


def outcome(library: Any, names: list[str], pattern: str | None, options: dict[str, Any]) -> Any:
    try:
        dims, shape, indices, files = library.parse_filenames(names, pattern, **options)
    except (ValueError, IndexError) as error:
        return type(error).__name__
    plain = [tuple(int(number) for number in index) for index in indices]
    return tuple(dims), tuple(shape), plain, list(files)


@pytest.mark.parametrize(('names', 'pattern', 'options'), NAMES)
def test_names_mean_the_same(
    names: list[str], pattern: str | None, options: dict[str, Any]
) -> None:
    ours = outcome(tiffschema, names, pattern, options)
    assert ours == outcome(tifffile, names, pattern, options)


STACKS: list[tuple[Any, dict[str, Any]]] = [
    ('temp_*.tif', {'pattern': r'_(C)(\d+)(T)(\d+)'}),
    ('temp_*.tif', {'pattern': 'axes'}),
    ('temp_*.tif', {'pattern': r'C(?P<channel>\d)T(?P<time>\d)'}),
    ('temp_*.tif', {'pattern': r'C(?P<channel>\d)T(?P<time>\d)', 'axesorder': (1, 0)}),
    ('temp_*.tif', {'pattern': r'C(?P<ch>\d)T(?P<tp>\d)'}),
    ('temp_*.tif', {'pattern': r'C(\d)T(\d)'}),
    ('n*.tif', {}),
    ('n*.tif', {'sort': sorted}),
    ('n*.tif', {'pattern': r'n(?P<z>\d+)'}),
    ('w*.tif', {'pattern': r'w(?P<row>[A-Z])(?P<col>\d)', 'categories': ROWS}),
    ('none*.tif', {}),
    (['n10.tif', 'n2.tif'], {}),
    (['n10.tif', 'n2.tif'], {'sort': True}),
    ('n*.tif', {'pattern': r'(q)(\d)'}),
]


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp('stacks')
    names = [
        *product('temp_C%dT%d', (1, 2), (3, 4, 6)),
        'n1',
        'n2',
        'n10',
        *product('w%s%d', 'AB', (1, 2)),
    ]
    for number, name in enumerate(names):
        image = numpy.full((4, 5), number, 'u1')
        tifffile.imwrite(made / f'{name}.tif', image, metadata=None)
    return made


def read(library: Any, files: Any, options: dict[str, Any]) -> Any:
    zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
    try:
        with library.TiffSequence(files, **options) as found:
            samples = zarr.open_array(found.aszarr(), mode='r')[...]
            indices = [tuple(int(number) for number in index) for index in found.indices]
            about = found.dims, found.axes, found.shape, indices, list(found)
            return *about, found.files_missing, found.commonpath(), samples.tolist()
    except ValueError:
        return ValueError


@pytest.mark.parametrize(('files', 'options'), STACKS)
def test_stacks_are_the_same(
    files: Any, options: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert read(tiffschema, files, options) == read(tifffile, files, options)
