"""Groups of levels are images of OME-NGFF 0.5, as another library reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema import TiffFile, TiffWriter, imread
from tiffschema.testing import forge, forgeable

zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
models = pytest.importorskip('ome_zarr_models.v05', reason='ome-zarr-models: needed to validate')


def pyramid(path: Path, axes: str, shape: tuple[int, ...], **metadata: Any) -> None:
    data = numpy.zeros(shape, 'u2')
    options: dict[str, Any] = {'tile': (32, 32), 'photometric': 'minisblack'}
    metadata = {
        'axes': axes, 'Name': 'a name', 'PhysicalSizeX': 0.5, 'PhysicalSizeXUnit': 'µm',
        'PhysicalSizeY': 0.25, 'PhysicalSizeYUnit': 'µm', **metadata,
    }  # fmt: skip
    with TiffWriter(path) as tif:
        tif.write(data, subifds=2, metadata=metadata, **options)
        tif.write(data[..., ::2, ::2], subfiletype=1, **options)
        tif.write(data[..., ::4, ::4], subfiletype=1, **options)


AXES: dict[str, tuple[int, ...]] = {
    'YX': (100, 128), 'ZYX': (5, 100, 128), 'CYX': (3, 100, 128), 'TCZYX': (2, 3, 4, 100, 128),
}  # fmt: skip


@pytest.mark.parametrize('axes', AXES)
def test_pyramids_are_valid(axes: str, tmp_path: Path) -> None:
    path = tmp_path / 'a.ome.tif'
    metadata: dict[str, Any] = {'TimeIncrement': 0.1, 'TimeIncrementUnit': 's'}
    if 'C' in axes:
        metadata['Channel'] = {'Name': ['red', 'green', 'blue']}
    if 'Z' in axes:
        metadata |= {'PhysicalSizeZ': 2.0, 'PhysicalSizeZUnit': 'µm'}
    pyramid(path, axes, AXES[axes], **metadata)
    with imread(path, aszarr=True) as store:
        image = models.Image.from_zarr(zarr.open_group(store, mode='r'))
        (found,) = image.ome_attributes.multiscales
        assert found.name == 'a name'
        assert [axis.name for axis in found.axes] == list(axes)
        by_name = {axis.name: axis for axis in found.axes}
        assert (by_name['X'].type, by_name['X'].unit) == ('space', 'micrometer')
        if 'T' in axes:
            assert (by_name['T'].type, by_name['T'].unit) == ('time', 'second')
        scales = [each.coordinateTransformations[0].scale for each in found.datasets]
        assert [scale[-2:] for scale in scales] == [[0.25, 0.5], [0.5, 1.0], [1.0, 2.0]]
        if 'Z' in axes:
            assert scales[1][axes.index('Z')] == 2.0
        if 'C' in axes:
            labels = [
                channel['label'] for channel in store.group_attributes()['ome']['omero']['channels']
            ]
            assert labels == ['red', 'green', 'blue']


@pytest.mark.parametrize('kind', forgeable())
def test_levels_of_forged_files(kind: str) -> None:
    with TiffFile(forge(kind).data) as tif:
        for series in tif.series:
            group = zarr.open_group(series.aszarr(multiscales=True), mode='r')
            ome = group.attrs['ome']
            assert ome['version'] == '0.5'
            levels = ome['multiscales'][0]['datasets']
            assert [group[level['path']].shape for level in levels] == [
                level.shape for level in series.levels
            ]
            names = [axis['name'] for axis in ome['multiscales'][0]['axes']]
            scales = levels[0]['coordinateTransformations'][0]['scale']
            # Others have no place in the standard: other axes, another order, y that goes up.
            if names == [axis for axis in 'TCZYX' if axis in names] and min(scales) > 0:
                models.Image.from_zarr(group)
