"""Zarr stores and references of real files serve what `asarray` gives."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from tests.interop.reference_reader import FORMATS, kerchunk, zarr
from tiffschema import TiffFile, TiffSchemaError, UnsupportedError

PARTS = 4


def images(folder: Path, part: int) -> Iterator[tuple[Path, Any, Any]]:
    """Yield series of small files with their samples; what cannot be read other tests care for."""
    for path in sorted(folder.rglob('*.*'))[part :: 3 * PARTS]:
        if not path.is_file() or path.stat().st_size > 1 << 20:
            continue
        try:
            with TiffFile(path) as tif:
                for series in list(tif.series)[:2]:
                    if series.dtype is None or series.dtype.names or not series.size:
                        continue
                    if series.nbytes <= 4 << 20:
                        yield path, series, series.asarray()
        except TiffSchemaError:
            continue


def same(a: Any, b: Any) -> bool:
    return numpy.array_equal(a, b, equal_nan=b.dtype.kind in 'fc')


def anywhere(shape: tuple[int, ...], chance: random.Random) -> tuple[Any, ...]:
    found: list[Any] = []
    for size in shape:
        start = chance.randrange(size)
        part = slice(start, chance.randint(start + 1, size), chance.choice([1, 2, 3]))
        found.append(part if chance.random() < 0.7 else start)
    return tuple(found)


@pytest.mark.parametrize('part', range(PARTS))
def test_stores_agree_with_asarray(samples: Path, part: int) -> None:
    chance = random.Random(part)
    compared = 0
    for path, series, expected in images(samples, part):
        for mode in ('strile', 'page'):
            array = zarr.open_array(series.aszarr(multiscales=False, chunkmode=mode), mode='r')
            assert same(array[...], expected), path.name
            for _ in range(3):
                selection = anywhere(expected.shape, chance)
                assert same(array[selection], expected[selection]), (path.name, selection)
        compared += 1
    assert compared > 20


def test_scattered_jpeg_streams_are_refused(samples: Path) -> None:
    with TiffFile(samples / 'jpeg' / 'libtiff.net__zackthecat.tif') as tif:
        store = tif.series[0].aszarr(multiscales=False)
        with pytest.raises(UnsupportedError, match='old-style JPEG'):
            store.write_fsspec(io.StringIO(), 'file:///')


@pytest.mark.parametrize('part', range(PARTS))
def test_references_agree_with_asarray(samples: Path, part: int) -> None:
    compared = refused = 0
    for path, series, expected in images(samples, part):
        store = series.aszarr(multiscales=False)
        for zarr_format in FORMATS:
            file = io.StringIO()
            try:
                store.write_fsspec(file, path.parent.as_uri(), zarr_format=zarr_format)
            except UnsupportedError:
                refused += 1
                continue
            refs = kerchunk.refs_as_store(json.loads(file.getvalue()), remote_protocol='file')
            array = zarr.open_array(refs, mode='r', zarr_format=zarr_format)
            assert same(array[...], expected), path.name
            compared += 1
    assert compared > 20 * max(refused, 1)
