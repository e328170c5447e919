"""Images as `DataArray`: names, coordinates and units of axes."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema import TiffFile, TiffWriter, UnsupportedError, imread, imwrite

xarray = pytest.importorskip('xarray', reason='xarray: the package is absent')


@pytest.fixture
def pyramid(tmp_path: Path) -> tuple[Path, numpy.ndarray]:
    path = tmp_path / 'pyramid.ome.tif'
    data = numpy.arange(2 * 3 * 20 * 30, dtype='u2').reshape(2, 3, 20, 30)
    metadata: dict[str, Any] = {
        'axes': 'TCYX', 'PhysicalSizeX': 0.5, 'PhysicalSizeXUnit': 'µm',
        'Channel': {'Name': ['one', 'two', 'three']},
    }  # fmt: skip
    with TiffWriter(path) as tif:
        tif.write(data, subifds=1, metadata=metadata, photometric='minisblack', tile=(16, 16))
        tif.write(data[..., ::2, ::2], subfiletype=1, photometric='minisblack', tile=(16, 16))
    return path, data


def test_series(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, data = pyramid
    found = imread(path, return_as='xarray')
    assert isinstance(found, xarray.DataArray)
    assert found.dims == ('T', 'C', 'Y', 'X')
    assert numpy.array_equal(found.values, data)
    assert found.coords['C'].values.tolist() == ['one', 'two', 'three']
    assert found.coords['X'].values[:3].tolist() == [0, 0.5, 1]
    assert found.coords['X'].attrs == {'units': 'micrometer'}
    assert found.attrs['photometric'] == 'minisblack'
    assert numpy.array_equal(found.sel(C='two').values, data[:, 1])


def test_level_and_page(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, data = pyramid
    with TiffFile(path) as tif:
        small = tif.series[0].asxarray(level=1)
        assert numpy.array_equal(small.values, data[..., ::2, ::2])
        page = tif.pages[1].asxarray()
        assert page.dims == ('Y', 'X')
        assert numpy.array_equal(page.values, data[0, 1])
        with pytest.raises(TypeError, match='selection'):
            tif.pages[0].asxarray(selection=0)


def test_stack_of_files(tmp_path: Path) -> None:
    data = numpy.arange(3 * 4 * 5, dtype='u1').reshape(3, 4, 5)
    for t in range(3):
        imwrite(tmp_path / f'a_T{t}.tif', data[t], metadata=None)
    found = imread(str(tmp_path / '*.tif'), pattern=r'_(T)(\d)', return_as='xarray')
    assert found.dims == ('T', 'Y', 'X')
    assert numpy.array_equal(found.values, data)


def test_engine(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, data = pyramid
    with xarray.open_dataset(path, engine='tiffschema') as found:
        image = found['image']
        assert image.dims == ('T', 'C', 'Y', 'X')
        assert 'LazilyIndexedArray' in repr(image.variable._data)
        assert image.encoding['preferred_chunks'] == {'T': 1, 'C': 1, 'Y': 16, 'X': 16}
        assert found.X.attrs == {'units': 'micrometer'}
        part = image.sel(C='two').isel(Y=slice(3, 9), X=[7, 2, 2])
        assert numpy.array_equal(part.values, data[:, 1, 3:9][..., [7, 2, 2]])
        assert numpy.array_equal(image[::-1, 0, -1].values, data[::-1, 0, -1])
        crossed = image.isel(Y=[1, 5], X=[9, 0, 3]).values
        assert numpy.array_equal(crossed, data[:, :, [1, 5]][..., [9, 0, 3]])
        assert numpy.array_equal(image[1, [0, 2], 4, -1].values, data[1, [0, 2], 4, -1])
        assert numpy.array_equal(image.isel(T=-1, X=[3], Y=2).values, data[-1, :, 2][:, [3]])
        assert numpy.array_equal(image.values, data)
    with xarray.open_dataset(path, engine='tiffschema', level=1, drop_variables='X') as found:
        assert 'X' not in found.coords
        assert numpy.array_equal(found.image.values, data[..., ::2, ::2])
    with xarray.open_dataset(path, engine='tiffschema', key=4) as found:
        assert numpy.array_equal(found.image.values, data[1, 1])
    with pytest.raises(IndexError):
        xarray.open_dataset(path, engine='tiffschema', level=2)


def test_engine_reads_what_is_asked_for_only(
    pyramid: tuple[Path, numpy.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiffschema.integrations.lazy import LazyImage

    asked = []
    real = LazyImage.__getitem__
    monkeypatch.setattr(
        LazyImage, '__getitem__', lambda self, key: (asked.append(key), real(self, key))[1]
    )
    with xarray.open_dataset(pyramid[0], engine='tiffschema') as found:
        assert not asked
        found.image[0, 1, 2, 3].load()
    assert asked == [(0, 1, 2, 3)]


def test_engine_with_chunks(pyramid: tuple[Path, numpy.ndarray]) -> None:
    pytest.importorskip('dask', reason='dask: the package is absent')
    path, data = pyramid
    with xarray.open_dataset(path, engine='tiffschema', chunks={}) as found:
        assert found.image.chunks == ((1, 1), (1, 1, 1), (16, 4), (16, 14))
        made = pickle.loads(pickle.dumps(found.image))
        assert numpy.array_equal(made.compute(scheduler='threads').values, data)


def test_tree_of_levels(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, data = pyramid
    with xarray.open_datatree(path, engine='tiffschema') as tree:
        assert list(tree['0'].children) == ['0', '1']
        assert tree['0'].attrs['kind'] == 'ome'
        assert numpy.array_equal(tree['0/0'].image.values, data)
        assert numpy.array_equal(tree['0/1'].image[1].values, data[1, :, ::2, ::2])
        assert tree['0/1'].X.values[:2].tolist() == [0, 1.0]


def test_a_tree_holds_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / 'two.tif'
    data = numpy.arange(20 * 30, dtype='u2').reshape(20, 30)
    with TiffWriter(path) as tif:
        tif.write(data, metadata=None)
        tif.write(numpy.zeros((7, 8), 'f4'), metadata=None)
    with TiffFile(path, mode='r+') as tif:
        tif.pages[1].tags['BitsPerSample'].overwrite(7)
    with pytest.warns(UserWarning, match=r"/1/0 of 'two.tif' is left empty: samples of type None"):
        tree = xarray.open_datatree(path, engine='tiffschema')
    with tree:
        assert numpy.array_equal(tree['0/0'].image.values, data)
        assert 'type None' in tree['1/0'].attrs['error']
    imwrite(path, numpy.zeros((7, 8), 'f4'), metadata=None)
    with TiffFile(path, mode='r+') as tif:
        tif.pages[0].tags['BitsPerSample'].overwrite(7)
    with pytest.raises(UnsupportedError, match='type None'):
        xarray.open_datatree(path, engine='tiffschema')


@pytest.mark.parametrize(
    ('options', 'names'),
    [
        ({'compression': 'jpeg'}, ['Red', 'Green', 'Blue']),
        ({'compression': 'zlib'}, ['Luma', 'Cb', 'Cr']),
    ],
)
def test_samples_have_the_names_of_what_is_read(
    options: dict[str, Any], names: list[str], tmp_path: Path
) -> None:
    colours = numpy.zeros((16, 16, 3), 'u1')
    imwrite(tmp_path / 'a.tif', colours, photometric='ycbcr', tile=(16, 16), **options)
    with TiffFile(tmp_path / 'a.tif') as tif:
        assert tif.series[0].coords['S'].tolist() == names
        assert tif.asxarray().coords['S'].values.tolist() == names


def test_engine_guesses(pyramid: tuple[Path, numpy.ndarray], tmp_path: Path) -> None:
    path, data = pyramid
    with xarray.open_dataset(path) as found:
        assert found.image.shape == data.shape
    from tiffschema.integrations.xarray_backend import TiffBackendEntrypoint

    engine = TiffBackendEntrypoint()
    assert engine.guess_can_open('a.SVS')
    assert not engine.guess_can_open(tmp_path / 'a.nc')
    assert engine.guess_can_open(io.BytesIO(path.read_bytes()))
    assert not engine.guess_can_open(io.BytesIO(b'CDF'))
