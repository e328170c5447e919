"""Cloud-optimised GeoTIFF as others judge it: rio-cogeo's validator, GDAL's rules, rasterio."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile
from tiffschema.writer.cog import write_cog

cogeo = pytest.importorskip('rio_cogeo.cogeo', reason='rio-cogeo: the validator is absent')
rasterio = pytest.importorskip('rasterio', reason='rasterio: reader to compare with')

Array = np.ndarray


def pixels(*shape: int, dtype: str = 'u1') -> Array:
    return (np.random.default_rng(0).random(shape) * 200 + 1).astype(dtype)


MASK = np.zeros((900, 1100), bool)
MASK[100:700, 90:1000] = True
PLACE: dict[str, Any] = {'crs': 32633, 'transform': (10, 0, 500000, 0, -10, 4600000)}
CASES: dict[str, tuple[Array, dict[str, Any]]] = {
    'gray': (pixels(900, 1100), {}),
    'rgb': (pixels(900, 1100, 3), {'photometric': 'rgb'}),
    'rgba': (pixels(900, 1100, 4), {'photometric': 'rgb', 'extrasamples': ['unassalpha']}),
    'float': (pixels(900, 1100, dtype='f4'), {'predictor': 3}),
    'double, planes': (
        pixels(3, 900, 1100, dtype='f8'),
        {'photometric': 'minisblack', 'planarconfig': 'separate'},
    ),
    'nodata': (pixels(900, 1100, dtype='i2'), {'nodata': -9999}),
    'nodata of floats': (pixels(900, 1100, dtype='f4'), {'nodata': float('nan')}),
    'mask': (pixels(900, 1100, dtype='u2'), {'mask': MASK}),
    'rgb with mask': (pixels(900, 1100, 3), {'photometric': 'rgb', 'mask': MASK}),
    'bigtiff': (pixels(900, 1100), {'bigtiff': True}),
    'bigtiff with mask': (pixels(900, 1100), {'bigtiff': True, 'mask': MASK}),
    'big-endian': (pixels(900, 1100, dtype='u2'), {'byteorder': '>'}),
    'lzw': (pixels(900, 1100, dtype='u2'), {'compression': 'lzw', 'predictor': 2}),
    'zstd': (pixels(900, 1100, dtype='u2'), {'compression': 'zstd'}),
    'lerc': (pixels(900, 1100, dtype='f4'), {'compression': 'lerc'}),
    'without compression': (pixels(900, 1100), {'compression': None}),
    'small': (pixels(90, 110), {}),
    'one level': (pixels(900, 1100), {'pyramid': 1}),
    'nearest': (pixels(900, 1100), {'resampling': 'nearest'}),
    'mode': (pixels(900, 1100) // 50, {'resampling': 'mode'}),
    'metadata': (pixels(900, 1100), {'gdal_metadata': {'AUTHOR': 'me', 0: {'UNITS': 'm'}}}),
}


@pytest.mark.filterwarnings('ignore::UserWarning')
@pytest.mark.parametrize('name', CASES)
def test_cog(name: str, tmp_path: Path) -> None:
    array, options = CASES[name]
    path = tmp_path / 'a.tif'
    write_cog(path, array, tile=(256, 256), **PLACE, **options)
    valid, errors, complaints = cogeo.cog_validate(str(path), strict=True, quiet=True)
    assert (valid, errors, complaints) == (True, [], [])
    bands = array[None] if array.ndim == 2 else array
    if array.ndim == 3 and options.get('planarconfig') != 'separate':
        bands = np.moveaxis(array, -1, 0)
    with rasterio.open(path) as found:
        np.testing.assert_array_equal(found.read(), bands)
        assert found.crs.to_epsg() == 32633
        assert tuple(found.transform)[:6] == PLACE['transform']
        assert found.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'
        if 'nodata' in options:
            np.testing.assert_equal(found.nodata, options['nodata'])
        if 'mask' in options:
            np.testing.assert_array_equal(found.dataset_mask() > 0, MASK)
        if 'gdal_metadata' in options:
            assert found.tags()['AUTHOR'] == 'me'
            assert found.tags(1)['UNITS'] == 'm'
        sizes = [(-(-1100 // factor), -(-900 // factor)) for factor in found.overviews(1)]
    for level, size in enumerate(sizes):
        with rasterio.open(path, overview_level=level) as found:
            assert (found.width, found.height) == size
    check_order(path)


def check_order(path: Path) -> None:
    """GDAL's rules: directories first, from large to small; data from small to large."""
    with TiffFile(path) as tif:
        assert tif.faults == []
        pages = [page.aspage() for page in tif.pages]
        offsets = [page.offset for page in pages]
        assert offsets == sorted(offsets)
        images = [page for page in pages if not page.subfiletype & 4]
        widths = [page.imagewidth for page in images]
        assert widths == sorted(widths, reverse=True)
        firsts = [min(page.dataoffsets) for page in images]
        assert firsts == sorted(firsts, reverse=True)
        assert min(firsts) > offsets[-1]
        for page in pages:
            assert page.is_tiled or max(page.imagewidth, page.imagelength) <= 512
            assert all(page.dataoffsets[i] < page.dataoffsets[i + 1]
                       for i in range(len(page.dataoffsets) - 1))  # fmt: skip


@pytest.mark.parametrize(
    ('crs', 'epsg'),
    [(4326, 4326), (3857, 3857), ('EPSG:25832', 25832), (4258, 4258), (27700, 27700)],
)
@pytest.mark.parametrize('transform', [(0.5, 0, -180, 0, -0.25, 90), (1, 0.5, 3, 0.25, -2, 7)])
@pytest.mark.parametrize('point', [False, True])
def test_place(crs: Any, epsg: int, transform: Any, point: bool, tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    write_cog(path, pixels(90, 110), crs=crs, transform=transform, point=point, tile=(64, 64))
    with rasterio.open(path) as found:
        assert found.crs.to_epsg() == epsg
        assert tuple(found.transform)[:6] == pytest.approx(transform)


def test_gdal_writes_the_same_structure(tmp_path: Path) -> None:
    """The ghost area says what GDAL's own COG driver says, and both files have alike pages."""
    array = pixels(1024, 768)
    ours, theirs = tmp_path / 'a.tif', tmp_path / 'b.tif'
    write_cog(ours, array, tile=(256, 256), crs=4326, transform=(1, 0, 0, 0, -1, 0))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with rasterio.open(
            theirs, 'w', driver='COG', width=768, height=1024, count=1, dtype='uint8',
            blocksize=256, compress='deflate', crs='EPSG:4326',
            transform=rasterio.Affine(1, 0, 0, 0, -1, 0),
        ) as file:  # fmt: skip
            file.write(array, 1)
    with TiffFile(ours) as one, TiffFile(theirs) as two:
        assert one.gdal_structural_metadata == two.gdal_structural_metadata
        for a, b in zip(one.pages, two.pages, strict=True):
            assert (a.shape, a.chunks, a.subfiletype) == (b.shape, b.chunks, b.subfiletype)
            assert int(a.compression) == int(b.compression)
