"""Everyday ways of using `tifffile` give the same here: types, shapes and values of results.

Each way is run with both libraries on the same files. Attributes and coordinates are compared by
value; what is known here beyond what `tifffile` tells is named in the guide.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiffschema

tifffile = pytest.importorskip('tifffile', reason='tifffile: the oracle is absent')

PLANES = np.arange(2 * 3 * 16 * 24, dtype='u2').reshape(2, 3, 16, 24)
PLANE = PLANES[0, 0]
COLOURS = np.arange(16 * 24 * 3, dtype='u2').astype('u1').reshape(16, 24, 3)
LUT = np.arange(768, dtype='u1').reshape(3, 256)

# Attributes of pages and series


def tag(code: int, text: str) -> tuple[int, str, int, str, bool]:
    return code, 's', 0, text, True


DESCRIBED: dict[str, dict[str, Any]] = {
    'text': {'metadata': None, 'description': ' hello\nworld '},
    'json': {'metadata': None, 'description': '{"a": 1}'},
    'list': {'metadata': None, 'description': '[1, 2]'},
    'xml': {'metadata': None, 'description': '<a>1</a>'},
    'long': {'metadata': None, 'description': 'x' * 1024},
    'almost long': {'metadata': None, 'description': 'x' * 1023},
    'old shaped': {'metadata': None, 'description': 'shape=(16, 24)'},
    'shaped': {'description': 'hello', 'metadata': {'axes': 'YX', 'mine': 1}},
    'time': {'metadata': None, 'datetime': '2020:01:02 03:04:05'},
    'imagej': {
        'imagej': True,
        'resolution': (2, 4),
        'metadata': {'mode': 'grayscale', 'unit': 'um', 'finterval': 0.5},
    },
    'bits': {'metadata': None, 'bitspersample': 12},
    'unit': {'metadata': None, 'resolution': (2, 4), 'resolutionunit': 'MICROMETER'},
    'inch': {'metadata': None, 'resolution': (300, 300), 'resolutionunit': 'INCH'},
    'nodata': {'metadata': None, 'extratags': [tag(42113, '7')]},
    'nodata 0': {'metadata': None, 'extratags': [tag(42113, '0')]},
    'nodata beyond': {'metadata': None, 'extratags': [tag(42113, '-9999')]},
    'nodata float': {
        'metadata': None, 'extratags': [tag(42113, '-9999')], 'data': PLANE.astype('f4')
    },
    'nodata infinite': {
        'metadata': None, 'extratags': [tag(42113, '1e40')], 'data': PLANE.astype('f4')
    },
    'nodata nan': {
        'metadata': None, 'extratags': [tag(42113, 'nan')], 'data': PLANE.astype('f4')
    },
}  # fmt: skip


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(map(rounded, value))
    if isinstance(value, float):
        return 'nan' if math.isnan(value) else float(f'{value:.6g}')
    return value


@pytest.mark.parametrize('name', DESCRIBED)
def test_attributes_of_pages_and_series(name: str, tmp_path: Path) -> None:
    arguments = {'data': PLANE, **DESCRIBED[name]}
    tifffile.imwrite(tmp_path / 'a.tif', **arguments)
    with tifffile.TiffFile(tmp_path / 'a.tif') as theirs:
        page, series = theirs.pages[0].attrs, theirs.series[0].attrs
    with tiffschema.TiffFile(tmp_path / 'a.tif') as ours:
        assert rounded(ours.pages[0].attrs) == rounded(page)
        assert list(ours.pages[0].attrs) == list(page)
        assert rounded(ours.series[0].attrs) == rounded(series)


def test_coordinates_from_metadata_have_full_precision(tmp_path: Path) -> None:
    scale = (33550, 'd', 3, (0.5, 0.25, 0.0), True)
    point = (33922, 'd', 6, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), True)
    keys = (34735, 'H', 8, (1, 1, 0, 1, 1024, 0, 1, 1), True)
    tifffile.imwrite(tmp_path / 'geo.tif', PLANE, metadata=None, extratags=[scale, point, keys])
    tifffile.imwrite(tmp_path / 'plain.tif', PLANE, metadata=None, resolution=(3, 7))
    for file in ('geo.tif', 'plain.tif'):
        with tifffile.TiffFile(tmp_path / file) as theirs:
            known = theirs.series[0].coords
        with tiffschema.TiffFile(tmp_path / file) as ours:
            found = ours.series[0].coords
        assert found.keys() == known.keys()
        for axis, values in known.items():
            assert found[axis].dtype == values.dtype, (file, axis)
            np.testing.assert_allclose(found[axis], values, rtol=1e-6)


# Tags


def test_metadata_of_imagej_are_the_value_of_their_tag(tmp_path: Path) -> None:
    metadata = {
        'axes': 'CYX', 'Info': 'text', 'Labels': ['a', 'b', 'c'], 'LUTs': [LUT] * 3,
        'Ranges': (0.0, 1.0, 2.0, 3.0, 4.0, 5.0), 'mode': 'composite',
    }  # fmt: skip
    tifffile.imwrite(tmp_path / 'a.tif', PLANES[0], imagej=True, metadata=metadata)
    found = []
    for library in (tifffile, tiffschema):
        with library.TiffFile(tmp_path / 'a.tif') as tif:
            value = tif.pages[0].tags['IJMetadata'].value
            assert type(value) is dict
            assert tif.imagej_metadata['Ranges'] == metadata['Ranges']
            value['LUTs'] = np.stack(value['LUTs']).tolist()
            found.append(value)
    assert found[1] == found[0]
    assert type(found[1]['Ranges']) is type(found[0]['Ranges'])


def test_tags_of_one_code_stand_together(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / 'a.tif', PLANE, description='mine')
    found = []
    for library in (tifffile, tiffschema):
        with library.TiffFile(tmp_path / 'a.tif') as tif:
            tags = tif.pages[0].tags
            found.append(
                (
                    [one.code for one in tags],
                    [one.code for one in tags.values()],
                    [code for code, _ in tags.items()],
                    {one.name: one.value for one in tags},
                    len(tags),
                )
            )
            assert sorted(set(tags.keys())) == sorted(tags.keys())
    assert found[1] == found[0]


def test_resolution_with_no_unit_as_third(tmp_path: Path) -> None:
    for library in (tifffile, tiffschema):
        library.imwrite(tmp_path / 'a.tif', PLANE, resolution=(2, 4, None))
        with library.TiffFile(tmp_path / 'a.tif') as tif:
            assert tif.pages[0].resolution == (2.0, 4.0)


# Stores and files


@pytest.mark.parametrize('arguments', [{}, {'tile': (16, 16)}, {'compression': 'zlib'}], ids=str)
@pytest.mark.parametrize('library', [tifffile, tiffschema])
def test_a_store_outlives_its_file(library: Any, arguments: Any, tmp_path: Path) -> None:
    zarr = pytest.importorskip('zarr', reason='zarr: an optional dependency')
    library.imwrite(tmp_path / 'a.tif', PLANES, photometric='minisblack', **arguments)
    with library.TiffFile(tmp_path / 'a.tif') as tif:
        store = tif.aszarr()
    np.testing.assert_array_equal(zarr.open_array(store, mode='r')[:], PLANES)
    store.close()
    os.remove(tmp_path / 'a.tif')


def test_a_closed_store_does_not_open_its_file(tmp_path: Path) -> None:
    pytest.importorskip('zarr', reason='zarr: an optional dependency')
    tiffschema.imwrite(tmp_path / 'a.tif', PLANES, photometric='minisblack', compression='zlib')
    with tiffschema.TiffFile(tmp_path / 'a.tif') as tif:
        store = tif.aszarr()
    store.close()
    with pytest.raises(ValueError, match='closed'):
        store._load('c/0/0/0/0')
    assert tif.closed


# Threads


@pytest.fixture
def threads() -> Iterator[Callable[[], None]]:
    from tiffschema import sequence
    from tiffschema import threads as chosen

    yield
    chosen._chosen = sequence._ioworkers = None


@pytest.mark.usefixtures('threads')
@pytest.mark.parametrize('name', ['MAXWORKERS', 'MAXIOWORKERS'])
def test_numbers_of_threads_can_be_set(name: str) -> None:
    before = getattr(tifffile.TIFF, name)
    try:
        for library in (tifffile, tiffschema):
            setattr(library.TIFF, name, 3)
            assert getattr(library.TIFF, name) == 3
    finally:
        setattr(tifffile.TIFF, name, before)
    with pytest.raises(ValueError, match='0 threads'):
        setattr(tiffschema.TIFF, name, 0)


@pytest.mark.usefixtures('threads')
def test_writers_and_readers_ask_for_the_same_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from tiffschema.runtime import workers
    from tiffschema.writer import encode

    monkeypatch.setenv('TIFFFILE_NUM_THREADS', '5')
    assert encode.default_workers(None, 100, 1 << 20) == workers.default_workers() == 5
    tiffschema.TIFF.MAXWORKERS = 2
    assert encode.default_workers(None, 100, 1 << 20) == workers.default_workers() == 2
    assert encode.default_workers(4, 100, 1 << 20) == 4
