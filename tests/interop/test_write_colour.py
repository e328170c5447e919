"""What samples mean, as other readers see it: photometric interpretations, palettes, inks, JPEG."""

from __future__ import annotations

import io
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, imread, imwrite

Array = np.ndarray


def pixels(*shape: int, dtype: str = 'u1') -> Array:
    return (np.random.default_rng(2).random(shape) * 250).astype(dtype)


def smooth(*shape: int) -> Array:
    """Return an image of which JPEG loses little."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    planes = [y * 2, x * 2, 200 - (x + y)][: shape[2] if len(shape) > 2 else 1]
    return np.stack(planes, -1).reshape(shape).astype('u1')


PALETTE = np.random.default_rng(1).integers(0, 256, (3, 256)).astype('u2') * 257
MEANINGS: dict[str, tuple[Array, dict[str, Any]]] = {
    'miniswhite': (pixels(37, 53), {'photometric': 'miniswhite'}),
    'miniswhite, bits': (pixels(37, 53) > 100, {'photometric': 'miniswhite'}),
    'minisblack, bits': (pixels(37, 53) > 100, {'photometric': 'minisblack'}),
    'palette': (pixels(37, 53), {'colormap': PALETTE}),
    'palette of 4 bits': (
        pixels(37, 53) // 16, {'colormap': PALETTE[:, :16], 'bitspersample': 4},
    ),
    'palette of 16 bits': (pixels(37, 53, dtype='u2'), {'colormap': np.tile(PALETTE, 256)}),
    'mask': (pixels(37, 53) > 100, {'subfiletype': 4}),
    'alpha': (pixels(37, 53, 4), {'photometric': 'rgb', 'extrasamples': ['unassalpha']}),
    'premultiplied': (pixels(37, 53, 4), {'photometric': 'rgb', 'extrasamples': ['assocalpha']}),
    'gray and alpha': (
        pixels(37, 53, 2),
        {'photometric': 'minisblack', 'planarconfig': 'contig', 'extrasamples': [2]},
    ),
    'inks': (pixels(37, 53, 4), {'photometric': 'separated'}),
    'planes of inks': (
        pixels(4, 37, 53), {'photometric': 'separated', 'planarconfig': 'separate'},
    ),
    'six inks': (
        pixels(37, 53, 6), {'photometric': 'separated', 'extrasamples': [0, 0]},
    ),
    'ycbcr': (pixels(37, 53, 3), {'photometric': 'ycbcr'}),
    'cielab': (pixels(37, 53, 3), {'photometric': 'cielab'}),
    'icclab': (pixels(37, 53, 3, dtype='u2'), {'photometric': 'icclab'}),
    'cfa': (
        pixels(36, 52, dtype='u2'),
        {'photometric': 'cfa', 'extratags': [
            (33421, 'H', 2, (2, 2), False), (33422, 'B', 4, (0, 1, 1, 2), False),
        ]},
    ),
    'linear raw': (pixels(37, 53, 3, dtype='u2'), {'photometric': 'linear_raw'}),
}  # fmt: skip


@pytest.mark.parametrize('layout', [{}, {'tile': (16, 32)}, {'rowsperstrip': 9}], ids=str)
@pytest.mark.parametrize('name', MEANINGS)
def test_meanings(name: str, layout: dict[str, Any], tmp_path: Path) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: reader to compare with')
    array, options = MEANINGS[name]
    path = tmp_path / 'a.tif'
    compression = {} if 'bitspersample' in options else {'compression': 'lzw'}
    imwrite(path, array, **options, **layout, **compression)
    np.testing.assert_array_equal(imread(path), array)
    with tifffile.TiffFile(path) as theirs, TiffFile(path) as ours:
        np.testing.assert_array_equal(theirs.asarray(), array)
        one, two = theirs.pages[0], ours.pages[0]
        for attribute in ('photometric', 'planarconfig', 'samplesperpixel', 'bitspersample'):
            assert getattr(one, attribute) == getattr(two, attribute)
        assert tuple(map(int, one.extrasamples)) == tuple(map(int, two.extrasamples))
    if shutil.which('tiffinfo') is not None:
        done = subprocess.run(
            ['tiffinfo', '-s', path], capture_output=True, text=True, timeout=60, check=True
        )
        said = [line for line in done.stderr.splitlines() if 'Unknown field' not in line]
        assert said == []


@pytest.mark.parametrize('layout', [{}, {'tile': (16, 32)}], ids=str)
def test_pillow_sees_colours(layout: dict[str, Any]) -> None:
    image = pytest.importorskip('PIL.Image', reason='Pillow: reader to compare with')

    def opened(name: str) -> Any:
        array, options = MEANINGS[name]
        stream = io.BytesIO()
        imwrite(stream, array, **options, **layout)
        found = image.open(stream)
        found.load()
        return found

    found = opened('palette')
    assert found.mode == 'P'
    expected = (PALETTE >> 8).astype('u1').T[MEANINGS['palette'][0]]
    np.testing.assert_array_equal(np.asarray(found.convert('RGB')), expected)
    found = opened('inks')
    assert found.mode == 'CMYK'
    np.testing.assert_array_equal(np.asarray(found), MEANINGS['inks'][0])
    found = opened('miniswhite')
    np.testing.assert_array_equal(np.asarray(found), 255 - MEANINGS['miniswhite'][0])
    found = opened('alpha')
    assert found.mode == 'RGBA'
    np.testing.assert_array_equal(np.asarray(found), MEANINGS['alpha'][0])


JPEGS: dict[str, tuple[Array, dict[str, Any]]] = {
    'gray': (smooth(64, 96), {'photometric': 'minisblack'}),
    'rgb': (smooth(64, 96, 3), {'photometric': 'rgb'}),
    'rgb 4:4:4': (smooth(64, 96, 3), {'photometric': 'rgb', 'subsampling': (1, 1)}),
    'rgb 4:2:2': (smooth(64, 96, 3), {'photometric': 'rgb', 'subsampling': (2, 1)}),
    'rgb as it is': (
        smooth(64, 96, 3), {'photometric': 'rgb', 'compressionargs': {'outcolorspace': 'rgb'}},
    ),
    'quality': (smooth(64, 96, 3), {'photometric': 'rgb', 'compressionargs': {'level': 95}}),
    'odd': (smooth(61, 93, 3), {'photometric': 'rgb'}),
    'inks': (np.repeat(smooth(64, 96)[..., None], 4, 2), {'photometric': 'separated'}),
}  # fmt: skip


@pytest.mark.filterwarnings('ignore::UserWarning')
@pytest.mark.parametrize(
    'layout', [{}, {'tile': (32, 32)}, {'rowsperstrip': 16}, {'tile': (32, 32), 'bigtiff': True}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize('name', JPEGS)
def test_jpeg(name: str, layout: dict[str, Any], tmp_path: Path) -> None:
    array, options = JPEGS[name]
    path = tmp_path / 'a.tif'
    imwrite(path, array, compression='jpeg', **options, **layout)
    ours = imread(path).astype(int)
    assert np.abs(ours - array).max() <= 12
    for reader in (by_pillow, by_gdal, by_libvips, by_tifffile):
        found = reader(path)
        if found is not None:
            # Chroma is interpolated in one way or another.
            difference = np.abs(found.astype(int).reshape(ours.shape) - ours)
            assert difference.max() <= 12, reader.__name__
            assert difference.mean() < 1.5, reader.__name__


def by_pillow(path: Path) -> Array | None:
    """Read with Pillow."""
    image = pytest.importorskip('PIL.Image', reason='Pillow: reader to compare with')
    with image.open(path) as found:
        return np.asarray(found)


def by_gdal(path: Path) -> Array | None:
    """Read with GDAL, unless it makes colours of inks."""
    rasterio = pytest.importorskip('rasterio', reason='rasterio: reader to compare with')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with rasterio.open(path) as found:
            if 'SOURCE_COLOR_SPACE' in found.tags(ns='IMAGE_STRUCTURE'):
                return None
            return np.moveaxis(found.read(), 0, -1)


def by_libvips(path: Path) -> Array | None:
    """Read with libvips."""
    pyvips = pytest.importorskip('pyvips', reason='pyvips: reader to compare with')
    return np.asarray(pyvips.Image.tiffload(str(path)).numpy())


def by_tifffile(path: Path) -> Array | None:
    """Read with tifffile, which needs a newer Python than the oldest one here."""
    try:
        import tifffile
    except ImportError:
        return None
    return np.asarray(tifffile.imread(path))
