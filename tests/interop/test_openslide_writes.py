"""OpenSlide and libvips open our pyramids, as generic tiled TIFF and as Aperio SVS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, TiffWriter, imwrite

openslide = pytest.importorskip('openslide', reason='openslide: reader to compare with')

SIZES = [(1500, 1100), (750, 550), (375, 275)]
APERIO = 'Aperio Image Library v1.0.0\r\n1500x1100 (256x256) JPEG/RGB Q=70|AppMag = 20|MPP = 0.5000'


def tissue() -> np.ndarray:
    """Return smooth colours, so that JPEG loses little."""
    y, x = np.mgrid[:1100, :1500]
    return np.stack([y // 5, x // 6, (x + y) // 11], -1).astype('u1')


def check_levels(path: Path, tolerance: int) -> None:
    """Compare sizes and pixels of all levels with what this library reads."""
    with openslide.OpenSlide(path) as slide, TiffFile(path) as tif:
        assert list(slide.level_dimensions) == SIZES
        assert slide.level_downsamples == pytest.approx((1, 2, 4), rel=0.01)
        levels = tif.series[0].levels
        assert [level.shape[1::-1] for level in levels] == SIZES
        for number, level in enumerate(levels):
            region = slide.read_region((0, 0), number, SIZES[number])
            found = np.asarray(region.convert('RGB')).astype(int)
            assert np.abs(found - level.asarray()).max() <= tolerance


@pytest.mark.parametrize('file', [{}, {'bigtiff': True}], ids=str)
@pytest.mark.parametrize('compression', ['zlib', 'lzw', 'jpeg', None])
def test_generic(compression: Any, file: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(
        path, tissue(), photometric='rgb', tile=(256, 256), compression=compression, pyramid=2,
        reduced='pages', metadata=None, resolution=(20000, 20000, 'centimeter'), **file,
    )  # fmt: skip
    assert openslide.OpenSlide.detect_format(path) == 'generic-tiff'
    check_levels(path, 4 if compression == 'jpeg' else 0)


@pytest.mark.parametrize('file', [{}, {'bigtiff': True}], ids=str)
@pytest.mark.parametrize('compression', ['jpeg', 'lzw', None])
def test_aperio(compression: Any, file: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / 'a.svs'
    options: dict[str, Any] = {'photometric': 'rgb', 'compression': compression, 'metadata': None}
    with TiffWriter(path, **file) as tif:
        tif.write(
            tissue(), tile=(256, 256), pyramid=2, reduced='pages', description=APERIO, **options
        )
        # What follows the levels in strips: label and macro, by their bits.
        label = 'Aperio Image Library v1.0.0\r\nlabel 200x100'
        tif.write(tissue()[:100, :200], subfiletype=1, description=label, **options)
    assert openslide.OpenSlide.detect_format(path) == 'aperio'
    check_levels(path, 4 if compression == 'jpeg' else 0)
    with openslide.OpenSlide(path) as slide:
        assert slide.properties['aperio.AppMag'] == '20'
        assert float(slide.properties['openslide.mpp-x']) == 0.5
        assert slide.associated_images['label'].size == (200, 100)
    with TiffFile(path) as tif:
        assert tif.is_svs


@pytest.mark.parametrize('compression', ['zlib', 'lzw', None])
@pytest.mark.parametrize('reduced', ['subifds', 'pages'])
def test_libvips(reduced: str, compression: Any, tmp_path: Path) -> None:
    pyvips = pytest.importorskip('pyvips', reason='pyvips: reader to compare with')
    path = tmp_path / 'a.tif'
    imwrite(path, tissue(), photometric='rgb', tile=(256, 256), compression=compression,
            pyramid=2, reduced=reduced)  # fmt: skip
    with TiffFile(path) as tif:
        levels = [level.asarray() for level in tif.series[0].levels]
    for number, level in enumerate(levels):
        where = {'page': number} if reduced == 'pages' else {'subifd': number - 1}
        image = pyvips.Image.tiffload(str(path), **where)
        np.testing.assert_array_equal(image.numpy(), level)
