"""Every colour interpretation, arrangement of samples and width of samples, read back by both."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, imread, imwrite

tifffile = pytest.importorskip('tifffile', reason='tifffile: reads what we wrote')

SAMPLES = {
    'miniswhite': 1, 'minisblack': 1, 'rgb': 3, 'separated': 4, 'ycbcr': 3, 'cielab': 3,
    'icclab': 3, 'itulab': 3, 'linear_raw': 1,
}  # fmt: skip
"""Interpretations and the samples they use themselves."""

LAYOUTS: list[dict[str, Any]] = [
    {},
    {'rowsperstrip': 5},
    {'tile': (16, 16)},
    {'tile': (16, 16), 'compression': 'zlib'},
    {'compression': 'lzw', 'rowsperstrip': 7},
]
LENGTH, WIDTH = 21, 35


def pixels(shape: tuple[int, ...], dtype: str, bits: int | None = None) -> np.ndarray:
    random = np.random.default_rng(0)
    kind = np.dtype(dtype).kind
    if kind == 'b':
        return random.random(shape) > 0.5
    if kind == 'f':
        return random.random(shape).astype(dtype)
    if kind == 'c':
        return (random.random(shape) + 1j * random.random(shape)).astype(dtype)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    if bits is not None:
        high = (1 << bits) - 1
    native = np.dtype(dtype).newbyteorder('=')
    return random.integers(low, high, shape, native, endpoint=True).astype(dtype)


def check(array: np.ndarray, **options: Any) -> io.BytesIO:
    """Write an array and compare what two readers make of it."""
    stream = io.BytesIO()
    imwrite(stream, array, **options)
    # tifffile does not read its own integers of 24 bits in big-endian files; libtiff's way is ours.
    differs = options.get('bitspersample') == 24 and options['byteorder'] == '>'
    for reader in (imread,) if differs else (imread, tifffile.imread):
        stream.seek(0)
        found = reader(stream)
        expected = '?' if options.get('bitspersample') == 1 else array.dtype.newbyteorder('=')
        assert found.dtype.newbyteorder('=') == expected
        np.testing.assert_array_equal(found, array)
    stream.seek(0)
    return stream


@pytest.mark.parametrize('extra', [0, 1, 2])
@pytest.mark.parametrize('planarconfig', ['contig', 'separate'])
@pytest.mark.parametrize('photometric', SAMPLES)
def test_photometrics(photometric: str, planarconfig: str, extra: int) -> None:
    samples = SAMPLES[photometric] + extra
    several = samples > 1
    for dtype in ('u1', '>u2', '<f4'):
        for byteorder in ('<', '>'):
            shape: tuple[int, ...] = (2, LENGTH, WIDTH)
            options: dict[str, Any] = {'photometric': photometric, 'byteorder': byteorder}
            if several:
                shape = (
                    (2, LENGTH, WIDTH, samples)
                    if planarconfig == 'contig'
                    else (2, samples, LENGTH, WIDTH)
                )
                options['planarconfig'] = planarconfig
            array = pixels(shape, dtype)
            if extra:
                options['extrasamples'] = ['unassalpha', 'unspecified'][:extra]
            for layout in LAYOUTS:
                stream = check(array, **options, **layout)
                with TiffFile(stream) as tif:
                    page = tif.pages.first
                    assert page.photometric.name.lower() == photometric
                    assert len(page.extrasamples) == extra
                    assert page.samplesperpixel == samples
                    assert not tif.faults


@pytest.mark.parametrize('bits', range(1, 32))
def test_packed_samples(bits: int) -> None:
    dtype = 'u1' if bits < 9 else 'u2' if bits < 17 else 'u4'
    packed: dict[str, Any] = {} if bits in (8, 16) else {'bitspersample': bits}
    for shape, options in (
        ((3, LENGTH, WIDTH), {'photometric': 'minisblack'}),
        ((3, LENGTH, WIDTH), {'photometric': 'miniswhite', 'rowsperstrip': 4}),
        ((LENGTH, WIDTH, 3), {'photometric': 'rgb'}),
        ((3, LENGTH, WIDTH), {'photometric': 'rgb', 'planarconfig': 'separate'}),
        ((LENGTH, WIDTH, 5), {'photometric': 'separated'}),
        ((LENGTH, WIDTH), {'photometric': 'cfa'}),
    ):
        array = pixels(shape, dtype, bits)
        for byteorder in ('<', '>'):
            check(array, **packed, **options, byteorder=byteorder)
            check(array, **packed, **options, byteorder=byteorder, tile=(16, 32))


@pytest.mark.parametrize(
    'dtype', ['f2', 'f4', 'f8', 'c8', 'c16', 'i1', 'i2', 'i4', 'i8', 'u8', '?']
)
def test_types(dtype: str) -> None:
    for byteorder in ('<', '>'):
        for bigtiff in (False, True):
            options = {'byteorder': byteorder, 'bigtiff': bigtiff}
            for layout in LAYOUTS:
                gray = pixels((2, LENGTH, WIDTH), dtype)
                check(gray, photometric='minisblack', **options, **layout)
                colour = pixels((LENGTH, WIDTH, 3), dtype)
                check(colour, photometric='rgb', **options, **layout)
                planes = pixels((3, LENGTH, WIDTH), dtype)
                check(planes, photometric='rgb', planarconfig='separate', **options, **layout)
            volume = pixels((5, LENGTH, WIDTH), dtype)
            volumetric = {'photometric': 'minisblack', 'volumetric': True}
            check(volume, **volumetric, **options, tile=(16, 16, 16))
            if dtype != '?':
                check(volume, **volumetric, **options)


@pytest.mark.parametrize('bits', [1, 2, 4, 8, 16])
def test_palettes(bits: int) -> None:
    dtype = 'u1' if bits <= 8 else 'u2'
    colormap = np.random.default_rng(0).integers(0, 65536, (3, 1 << bits), 'u2')
    packed = {} if bits in (8, 16) else {'bitspersample': bits}
    array = pixels((2, LENGTH, WIDTH), dtype, bits)
    for byteorder in ('<', '>'):
        for layout in LAYOUTS[: 3 if packed else None]:
            stream = check(array, colormap=colormap, byteorder=byteorder, **packed, **layout)
            with TiffFile(stream) as tif:
                assert tif.pages.first.photometric.name == 'PALETTE'
                np.testing.assert_array_equal(tif.pages.first.colormap, colormap)
            stream.seek(0)
            with tifffile.TiffFile(stream) as tif2:
                np.testing.assert_array_equal(tif2.pages.first.colormap, colormap)
