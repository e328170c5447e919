"""What we write, read by Pillow, GDAL (rasterio) and libvips, where they know the combination."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from tiffschema import imwrite
from tiffschema.writer.cog import write_cog
from tiffschema.writer.geokeys import geo_tags

CASES: list[dict[str, Any]] = [
    {},
    {'rowsperstrip': 7},
    {'tile': (16, 32)},
    {'compression': 'zlib', 'predictor': True},
    {'compression': 'lzw'},
    {'compression': 'packbits', 'tile': (32, 32)},
    {'bigtiff': True, 'compression': 'zlib'},
    {'byteorder': '>', 'compression': 'lzw', 'predictor': True},
]


def pixels(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return (np.random.default_rng(0).random(shape) * 250).astype(dtype)


@pytest.mark.parametrize('options', CASES, ids=str)
def test_pillow(options: dict[str, Any]) -> None:
    image = pytest.importorskip('PIL.Image', reason='Pillow: reader to compare with')
    for shape, dtype, more in (
        ((40, 50), 'u1', {}),
        ((40, 50), 'u2', {}),
        ((40, 50), 'f4', {}),
        ((40, 50, 3), 'u1', {'photometric': 'rgb'}),
        ((40, 50, 4), 'u1', {'photometric': 'rgb'}),
    ):
        if dtype == 'f4' and options.get('byteorder') == '>' and options.get('predictor'):
            continue  # Pillow reads such files wrongly, whoever wrote them; GDAL reads them right
        array = pixels(shape, dtype)
        stream = io.BytesIO()
        imwrite(stream, array, **more, **options)
        stream.seek(0)
        with image.open(stream) as found:
            np.testing.assert_array_equal(np.asarray(found), array)


@pytest.mark.filterwarnings('ignore::UserWarning')
@pytest.mark.parametrize('options', CASES, ids=str)
def test_gdal(options: dict[str, Any]) -> None:
    rasterio_io = pytest.importorskip('rasterio.io', reason='rasterio: reader to compare with')
    for shape, dtype, more in (
        ((40, 50), 'u1', {}),
        ((40, 50), 'i2', {}),
        ((40, 50), 'f8', {}),
        ((40, 50, 3), 'u1', {'photometric': 'rgb'}),
        ((3, 40, 50), 'u2', {'photometric': 'rgb', 'planarconfig': 'separate'}),
    ):
        array = pixels(shape, dtype)
        stream = io.BytesIO()
        imwrite(stream, array, **more, **options)
        with rasterio_io.MemoryFile(stream.getvalue()) as file, file.open() as found:
            bands = found.read()
        expected = array[None] if array.ndim == 2 else array
        if array.shape[-1] == 3:
            expected = np.moveaxis(array, -1, 0)
        np.testing.assert_array_equal(bands, expected)


@pytest.mark.parametrize('point', [False, True])
@pytest.mark.parametrize('transform', [(10, 0, 500000, 0, -10, 4600000), (10, 1, 5, 2, -10, 7)])
@pytest.mark.parametrize('crs', [32633, 4326, 'EPSG:3857', 2056])
def test_georeference(crs: Any, transform: Any, point: bool) -> None:
    rasterio_io = pytest.importorskip('rasterio.io', reason='rasterio: reader to compare with')
    array = pixels((50, 60), 'f4')
    tags = geo_tags(
        crs,
        transform,
        point=point,
        nodata=-9999.0,
        gdal_metadata={'A': 'b<&', 0: {'STATISTICS_MEAN': 1.5, 'scale': 2.0}},
    )
    stream = io.BytesIO()
    imwrite(stream, array, extratags=tags, tile=(16, 16))
    with rasterio_io.MemoryFile(stream.getvalue()) as file, file.open() as found:
        np.testing.assert_array_equal(found.read(1), array)
        assert found.crs.to_epsg() == int(str(crs).rpartition(':')[2])
        assert tuple(found.transform)[:6] == pytest.approx(transform)
        assert found.nodata == -9999
        assert found.tags()['A'] == 'b<&'
        assert found.tags(1)['STATISTICS_MEAN'] == '1.5'
        assert found.scales == (2.0,)


def check_cog_layout(data: bytes) -> None:
    """Compare a file with the rules of the layout: order, leaders, trailers, masks."""
    tifffile = pytest.importorskip('tifffile', reason='tifffile: reader to compare with')
    with tifffile.TiffFile(io.BytesIO(data)) as tif:
        pages = [page.aspage() for page in tif.pages]
        offsets = [page.offset for page in pages]
        assert offsets == sorted(offsets)
        assert offsets[0] < 300
        for page in pages:
            for at, count in zip(page.dataoffsets, page.databytecounts, strict=True):
                assert at > offsets[-1]
                assert np.frombuffer(data, '<u4', 1, at - 4)[0] == count
                assert data[at + count : at + count + 4] == data[at + count - 4 : at + count]
        images = [page for page in pages if not page.subfiletype & 4]
        masks = [page for page in pages if page.subfiletype & 4]
        firsts = [page.dataoffsets[0] for page in images]
        assert firsts == sorted(firsts, reverse=True)
        for image, mask in zip(images, masks, strict=False):
            for at, count, behind in zip(
                image.dataoffsets, image.databytecounts, mask.dataoffsets, strict=True
            ):
                assert behind == at + count + 8


@pytest.mark.parametrize('masked', [False, True])
@pytest.mark.parametrize(
    'options',
    [
        {},
        {'bigtiff': True},
        {'byteorder': '>'},
        {'compression': 'zstd', 'predictor': True, 'tile': (64, 64)},
    ],
    ids=str,
)
@pytest.mark.parametrize('rgb', [False, True])
def test_cog(options: dict[str, Any], masked: bool, rgb: bool) -> None:
    rasterio_io = pytest.importorskip('rasterio.io', reason='rasterio: reader to compare with')
    array = pixels((700, 601, 3) if rgb else (700, 601), 'u1' if rgb else 'u2')
    mask = np.zeros((700, 601), bool)
    mask[100:500, 50:] = True
    stream = io.BytesIO()
    options = {'tile': (128, 128), **options}
    write_cog(
        stream,
        array,
        photometric='rgb' if rgb else 'minisblack',
        mask=mask if masked else None,
        crs=32633,
        transform=(10, 0, 5, 0, -10, 7),
        nodata=None if masked else 0,
        **options,
    )
    check_cog_layout(stream.getvalue())
    with rasterio_io.MemoryFile(stream.getvalue()) as file, file.open() as found:
        expected = np.moveaxis(array, -1, 0) if rgb else array[None]
        np.testing.assert_array_equal(found.read(), expected)
        assert found.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'
        assert found.overviews(1)[:2] == [2, 4]
        assert found.crs.to_epsg() == 32633
        if masked:
            np.testing.assert_array_equal(found.dataset_mask() > 0, mask)


def test_libvips_reads_pyramids() -> None:
    pyvips = pytest.importorskip('pyvips', reason='pyvips: reader to compare with')
    array = pixels((600, 700, 3), 'u1')
    stream = io.BytesIO()
    imwrite(stream, array, photometric='rgb', pyramid=2, tile=(128, 128), compression='zlib')
    for level, size in enumerate(((700, 600), (350, 300), (175, 150))):
        options = {'subifd': level - 1} if level else {}
        found = pyvips.Image.tiffload_buffer(stream.getvalue(), **options)
        assert (found.width, found.height) == size
    np.testing.assert_array_equal(pyvips.Image.tiffload_buffer(stream.getvalue()).numpy(), array)
