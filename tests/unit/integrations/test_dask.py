"""Dask arrays of pages, series and stacks; graphs that other processes compute."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema import TiffFile, TiffSequence, TiffWriter, imread, imwrite
from tiffschema.integrations.lazy import LazyImage

da = pytest.importorskip('dask.array', reason='dask: the package is absent')


def samples(shape: tuple[int, ...], dtype: str = 'u2') -> numpy.ndarray:
    return numpy.random.default_rng(0).integers(0, 200, shape).astype(dtype)


@pytest.fixture
def image(tmp_path: Path) -> tuple[Path, numpy.ndarray]:
    path = tmp_path / 'image.tif'
    data = samples((3, 100, 150))
    options: dict[str, Any] = {'tile': (32, 32), 'photometric': 'minisblack'}
    with TiffWriter(path) as tif:
        tif.write(data, subifds=1, compression='zlib', **options)
        tif.write(data[:, ::2, ::2], subfiletype=1, **options)
    return path, data


def test_read_as_dask(image: tuple[Path, numpy.ndarray]) -> None:
    path, data = image
    array = imread(path, return_as='dask', chunks=(1, 64, 64))
    assert isinstance(array, da.Array)
    assert array.chunks == ((1, 1, 1), (64, 36), (64, 64, 22))
    assert numpy.array_equal(array.compute(scheduler='threads'), data)
    part = array[1, 5:90:7, [3, 1, 149]].compute()
    assert numpy.array_equal(part, data[1, 5:90:7][:, [3, 1, 149]])
    small = imread(path, return_as='dask', level=1, selection=(slice(None), 3))
    assert numpy.array_equal(small.compute(), data[:, 6, ::2])


def test_chunks_are_whole_tiles(image: tuple[Path, numpy.ndarray]) -> None:
    dask = pytest.importorskip('dask', reason='dask: the package is absent')
    path, data = image
    with TiffFile(path) as tif, dask.config.set({'array.chunk-size': '16 kB'}):
        array = tif.asdask()
        assert array.npartitions > 1
        for chunks in array.chunks[1:]:
            assert all(size % 32 == 0 for size in chunks[:-1])
        assert numpy.array_equal(array.compute(), data)
        page = tif.pages[1].asdask()
        assert numpy.array_equal(page.compute(), data[1])
        assert tif.asdask().name == array.name
        assert tif.asdask(level=1).name != array.name


def test_graphs_can_be_pickled(image: tuple[Path, numpy.ndarray]) -> None:
    path, data = image
    array = pickle.loads(pickle.dumps(imread(path, return_as='dask')))
    assert numpy.array_equal(array.compute(scheduler='threads'), data)


def test_stacks(tmp_path: Path) -> None:
    data = samples((2, 3, 8, 9))
    for c in range(2):
        for t in range(3):
            if (c, t) != (1, 1):
                imwrite(tmp_path / f'i_C{c}T{t}.tif', data[c, t], metadata=None)
    data[1, 1] = 5
    pattern = r'_(C)(\d)(T)(\d)'
    with TiffSequence(str(tmp_path / '*.tif'), pattern=pattern) as sequence:
        array = sequence.asdask(fillvalue=5)
        assert array.chunks == ((1, 1), (1, 1, 1), (8,), (9,))
        assert numpy.array_equal(array.compute(), data)
        part = array[1, ::-1, 2:7:2, 3].compute()
        assert numpy.array_equal(part, data[1, ::-1, 2:7:2, 3])
        tiled = sequence.asdask(axestiled={1: 1}, fillvalue=5, chunks=(2, 5, 10))
        assert numpy.array_equal(
            tiled.compute(), numpy.concatenate(list(data.swapaxes(0, 1)), axis=2)
        )
    options: dict[str, Any] = {'pattern': pattern, 'ioworkers': 2, 'fillvalue': 5}
    again = imread(str(tmp_path / '*.tif'), return_as='dask', chunks=(1, 2, 8, 9), **options)
    assert again.numblocks == (2, 2, 1, 1)
    assert numpy.array_equal(again.compute(), data)
    part = imread(str(tmp_path / '*.tif'), return_as='dask', selection=(1, -1), **options)
    assert numpy.array_equal(part.compute(), data[1, -1])
    zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
    names = ('C', 'T', 'Y', 'X')
    store = imread(
        str(tmp_path / '*.tif'), return_as='zarr', dimension_names=names, zattrs={'a': 1}, **options
    )
    third = zarr.open_array(store, mode='r')
    assert third.metadata.dimension_names == names
    assert dict(third.attrs) == {'a': 1}
    assert numpy.array_equal(third[...], data)


def test_a_cluster_of_processes(image: tuple[Path, numpy.ndarray], tmp_path: Path) -> None:
    distributed = pytest.importorskip('distributed', reason='distributed: the package is absent')
    path, data = image
    for t in range(3):
        imwrite(tmp_path / f'stack_T{t}.tif', data[t], metadata=None)
    stack = TiffSequence(str(tmp_path / 'stack_*.tif'), pattern=r'_(T)(\d)').asdask()
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        array = imread(path, return_as='dask', chunks=(1, 32, 64))
        total = client.compute((array.astype('u8') ** 2).sum()).result()
        assert total == (data.astype('u8') ** 2).sum()
        assert numpy.array_equal(client.compute(array).result(), data)
        assert numpy.array_equal(client.compute(stack).result(), data)
        zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
        with imread(path, aszarr=True) as store:
            third = da.from_zarr(zarr.open(store, mode='r')['1'])
            assert numpy.array_equal(client.compute(third).result(), data[:, ::2, ::2])


def test_lazy_images_give_no_array_without_a_copy() -> None:
    file = io.BytesIO()
    imwrite(file, numpy.zeros((4, 5), 'u1'))
    image = LazyImage(TiffFile(file.getvalue()).series[0])
    with pytest.raises(ValueError, match='without a copy'):
        image.__array__(copy=False)
    assert numpy.asarray(image).shape == (4, 5)
