"""Many threads, and processes with pickled stores, read at random what `asarray` gives."""

from __future__ import annotations

import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema import TiffFile, TiffWriter, imread

zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')

SHAPE = (6, 130, 170)


def anywhere(chance: random.Random) -> tuple[slice, ...]:
    starts = [chance.randrange(size) for size in SHAPE]
    return tuple(
        slice(start, chance.randint(start + 1, size))
        for start, size in zip(starts, SHAPE, strict=True)
    )


@pytest.fixture
def image(tmp_path: Path) -> tuple[Path, numpy.ndarray]:
    data = numpy.random.default_rng(3).integers(0, 3000, SHAPE).astype('u2')
    path = tmp_path / 'image.tif'
    options: dict[str, Any] = {'tile': (32, 32), 'photometric': 'minisblack'}
    with TiffWriter(path) as tif:
        tif.write(data, subifds=1, compression='zlib', predictor=True, **options)
        tif.write(data[:, ::2, ::2], subfiletype=1, compression='zlib', **options)
    return path, data


def test_64_threads(image: tuple[Path, numpy.ndarray]) -> None:
    path, data = image
    with imread(path, aszarr=True) as store, TiffFile(path) as tif:
        array = zarr.open(store, mode='r')['0']
        series = tif.series[0]
        tif.segmentcache.limit = 40 << 10  # a few tiles, so that they come and go

        def agrees(seed: int) -> bool:
            selection = anywhere(random.Random(seed))
            expected = data[selection]
            return numpy.array_equal(array[selection], expected) and numpy.array_equal(
                series.asarray(selection=selection), expected
            )

        with ThreadPoolExecutor(64) as pool:
            assert all(pool.map(agrees, range(256)))


def sums(store: Any, seeds: range) -> list[int]:
    array = zarr.open(store, mode='r')['0']
    return [int(array[anywhere(random.Random(seed))].sum()) for seed in seeds]


def test_4_processes(image: tuple[Path, numpy.ndarray]) -> None:
    path, data = image
    groups = [range(k * 20, k * 20 + 20) for k in range(4)]
    expected = [[int(data[anywhere(random.Random(k))].sum()) for k in each] for each in groups]
    context = multiprocessing.get_context('spawn')
    with imread(path, aszarr=True) as store, ProcessPoolExecutor(4, context) as pool:
        assert list(pool.map(sums, [store] * 4, groups)) == expected
