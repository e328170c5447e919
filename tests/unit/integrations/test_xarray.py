"""Images as `DataArray`: names, coordinates and units of axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema import TiffFile, TiffWriter, imread, imwrite

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
