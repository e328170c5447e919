"""Files that others write, in pairs of their options, read by us.

Samples given to the writer are the truth; of lossy codecs it is what the writer reads back. What is
left out stands in the rules of a writer, with its reason.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.interop import readers
from tests.interop.pairwise import Case, Rule, covering

Array = NDArray[Any]

LENGTH, WIDTH = 45, 61
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 9))]


@dataclass(frozen=True)
class Writer:
    """Another library that writes TIFF.

    Parameters:
        factors: Its options.
        rules: What it does not write, or writes otherwise than asked.
        write: Called with a case and samples (rows, columns, samples), returns the file.
    """

    factors: dict[str, list[Any]]
    rules: Iterable[Rule]
    write: Callable[[Case, Array], bytes]


def samples_of(dtype: str, samples: int, bits: int, seed: int) -> Array:
    """Return samples that use all of their range, one patch of them constant."""
    rng = np.random.default_rng(seed)
    shape = (LENGTH, WIDTH, samples)
    kind = np.dtype(dtype)
    if kind.kind == 'c':
        parts = rng.integers(-3000, 3000, (2, *shape))
        return (parts[0] + 1j * parts[1]).astype(kind)
    if kind.kind == 'f':
        return (rng.integers(-2000, 2000, shape) / 8).astype(kind)
    if kind.kind == 'b':
        return rng.integers(0, 2, shape).astype(bool)
    low, high = (
        (0, (1 << bits) - 1) if kind.kind == 'u' else (np.iinfo(kind).min, np.iinfo(kind).max)
    )
    array = rng.integers(low, high, shape, kind, endpoint=True)
    array[5:20, 7:40] = array[5, 7]
    return array


# GDAL

SAMPLES = {'grey': 1, 'white is zero': 1, 'two': 2, 'rgb': 3, 'rgba': 4, 'inks': 4, 'five': 5}


def write_gdal(case: Case, pixels: Array) -> bytes:
    """Write with GDAL."""
    from rasterio.io import MemoryFile

    kind, layout = case['type'], case['layout']
    dtype = 'complex_int16' if kind == 'cint16' else pixels.dtype
    photometric = {'white is zero': 'MINISWHITE', 'rgb': 'RGB', 'inks': 'CMYK', 'rgba': 'RGB'}
    options = {
        'COMPRESS': case['compression'].partition(' ')[0],
        'PREDICTOR': case['predictor'],
        'INTERLEAVE': case['interleave'],
        'ENDIANNESS': case['byteorder'],
        'BIGTIFF': case['bigtiff'],
        'PHOTOMETRIC': photometric.get(case['samples'], 'MINISBLACK'),
        **({'BLOCKYSIZE': layout} if isinstance(layout, int) else {}),
        **({'TILED': 'YES', 'BLOCKXSIZE': layout[0], 'BLOCKYSIZE': layout[1]}
           if isinstance(layout, tuple) else {}),
        **({'NBITS': kind.partition('/')[2]} if '/' in kind else {}),
        **({'WEBP_LOSSLESS': 'YES'} if 'WEBP' in case['compression'] else {}),
        **({'SPARSE_OK': 'YES'} if case['sparse'] else {}),
    }  # fmt: skip
    if case['sparse']:
        pixels[16:32] = 0
    with MemoryFile() as file:
        with file.open(
            driver='GTiff',
            height=LENGTH,
            width=WIDTH,
            count=pixels.shape[2],
            dtype=dtype,
            **options,
        ) as found:
            found.write(np.moveaxis(pixels, -1, 0))
        return bytes(file.read())


FAX = ('CCITTRLE', 'CCITTFAX3', 'CCITTFAX4')
PREDICTED = ('LZW', 'DEFLATE', 'ZSTD')

GDAL = Writer(
    {
        'samples': list(SAMPLES),
        'type': ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f4', 'f8', 'c8', 'c16', 'cint16',
                 'u1/1', 'u1/2', 'u1/5', 'u2/11', 'u2/12', 'u4/18', 'u4/24', 'f4/16', 'f4/24'],
        'layout': [None, 7, 16, (16, 16), (48, 32), (64, 64)],
        'compression': ['NONE', *PREDICTED, 'PACKBITS', 'LZMA', 'LERC', 'LERC_DEFLATE', 'LERC_ZSTD',
                        'WEBP', *FAX],
        'predictor': [1, 2, 3],
        'interleave': ['PIXEL', 'BAND'],
        'byteorder': ['LITTLE', 'BIG'],
        'bigtiff': ['NO', 'YES'],
        'sparse': [False, True],
    },
    [
        Rule('compression predictor', lambda c, p: p > 1 and c not in PREDICTED,
             'GDAL takes predictors for these three only'),
        Rule('type predictor', lambda t, p: p == 3 and t not in ('f4', 'f8', 'f4/16', 'f4/24'),
             'predictor 3 is for floats'),
        Rule('type predictor', lambda t, p: p == 2 and (t == 'c16' or ('/' in t and t != 'f4/16')),
             'GDAL predicts 8, 16, 32 and 64 bits'),
        Rule('type compression', lambda t, c: c in FAX and t != 'u1/1', 'fax has one bit'),
        Rule('samples interleave compression', lambda s, i, c: c in FAX and SAMPLES[s] > 1,
             'fax has one sample'),
        Rule('type compression', lambda t, c: 'LERC' in c and (t[0] == 'c' or '/' in t or ('8' in t
             and t != 'f8')), 'LERC has no such type'),
        Rule('type compression', lambda t, c: c == 'WEBP' and t != 'u1', 'WebP has 8 bits'),
        Rule('samples compression', lambda s, c: c == 'WEBP' and s not in ('rgb', 'rgba'),
             'WebP is RGB'),
        Rule('interleave compression', lambda i, c: c == 'WEBP' and i == 'BAND', 'WebP is RGB'),
        Rule('layout compression', lambda y, c: y == (48, 32) and c == 'WEBP',
             'GDAL crops WebP tiles at the edge'),
        Rule('byteorder compression type',
             lambda o, c, t: o == 'BIG' and 'LERC' in c and t[0] == 'f',
             'swapped floats that look like NaN are lost when libtiff writes them'),
    ],
    write_gdal,
)  # fmt: skip


# tifffile


def write_tifffile(case: Case, pixels: Array) -> bytes:
    """Write with tifffile."""
    import tifffile

    names = {'white is zero': 'miniswhite', 'rgb': 'rgb', 'rgba': 'rgb', 'inks': 'separated'}
    layout, samples = case['layout'], case['samples']
    planar = case['planar'] and pixels.shape[2] > 1
    image = np.moveaxis(pixels, -1, 0) if planar else pixels
    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        image[..., 0] if pixels.shape[2] == 1 else image,
        photometric=names.get(samples, 'minisblack'),
        planarconfig=None if pixels.shape[2] == 1 else 'separate' if planar else 'contig',
        compression=case['compression'],
        predictor=case['predictor'] if case['predictor'] > 1 else None,
        compressionargs=LOSSLESS.get(case['compression']),
        byteorder=case['byteorder'],
        bigtiff=case['bigtiff'],
        rowsperstrip=layout if isinstance(layout, int) else None,
        tile=layout if isinstance(layout, tuple) else None,
        bitspersample=int(case['type'].partition('/')[2]) if '/' in case['type'] else None,
        extrasamples=['unspecified'] * (pixels.shape[2] - 1)
        if samples in ('two', 'five')
        else None,
        metadata=None,
    )
    return stream.getvalue()


LOSSLESS: dict[str, dict[str, Any]] = {
    'webp': {'lossless': True}, 'jpegxl': {'lossless': True}, 'jpeg2000': {'reversible': True},
}  # fmt: skip
OF_BYTES = ('zlib', 'lzw', 'zstd', 'lzma')
OF_IMAGES = {
    'jpeg2000': ('u1', 'i1', 'u2', 'i2'), 'png': ('u1', 'u2'), 'webp': ('u1',),
    'jpegxl': ('u1', 'u2'), 'lerc': ('u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'f4', 'f8'),
}  # fmt: skip

TIFFFILE = Writer(
    {
        'samples': list(SAMPLES),
        'type': ['?', 'u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8', 'c8', 'c16',
                 'u1/3', 'u2/10', 'u2/12', 'u4/21'],
        'layout': [None, 7, 16, (16, 16), (32, 48), (48, 64)],
        'compression': [None, *OF_BYTES, 'packbits', *OF_IMAGES],
        'predictor': [1, 2, 3],
        'planar': [False, True],
        'byteorder': ['<', '>'],
        'bigtiff': [False, True],
    },
    [
        Rule('compression predictor', lambda c, p: p > 1 and c not in OF_BYTES,
             'predictors are for codecs of bytes'),
        Rule('type predictor', lambda t, p: p == 3 and t[0] != 'f',
             'predictor of floats'),
        Rule('type predictor', lambda t, p: p == 2 and t[0] not in 'ui',
             'predictor of integers'),
        Rule('type predictor compression', lambda t, p, c: '/' in t and c is not None,
             'tifffile compresses no packed samples'),
        Rule('type compression', lambda t, c: c in OF_IMAGES and t not in OF_IMAGES[c],
             'the codec has no such type'),
        Rule('samples compression', lambda s, c: c == 'webp' and s not in ('rgb', 'rgba'),
             'WebP is RGB'),
        Rule('planar compression', lambda p, c: c == 'webp' and p, 'WebP is RGB'),
        Rule('samples compression planar',
             lambda s, c, p: c in ('jpeg2000', 'png') and s in ('five', 'two') and not p,
             'the codec has one, three or four samples'),
        Rule('samples compression planar',
             lambda s, c, p: c in ('jpegxl', 'png') and s == 'inks' and not p,
             'the codec takes the fourth sample for alpha'),
        Rule('samples type', lambda s, t: t == '?' and s not in ('grey', 'white is zero'),
             'tifffile writes bits of one sample'),
        Rule('byteorder compression', lambda o, c: o == '>' and c in OF_IMAGES,
             'imagecodecs takes samples in the order of the machine'),
        Rule('byteorder type', lambda o, t: o == '>' and '/' in t,
             'tifffile does not read what it writes then'),
    ],
    write_tifffile,
)  # fmt: skip


# Pillow


def write_pillow(case: Case, pixels: Array) -> bytes:
    """Write with Pillow."""
    from PIL import Image

    mode = case['mode'] if case['mode'] == 'CMYK' else None
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels, mode)
    stream = io.BytesIO()
    image.save(stream, 'TIFF', compression=case['compression'], big_tiff=case['bigtiff'],
               strip_size=case['strip'])  # fmt: skip
    return stream.getvalue()


MODES = {'1': ('?', 1), 'L': ('u1', 1), 'I;16': ('u2', 1), 'I': ('i4', 1), 'F': ('f4', 1),
         'LA': ('u1', 2), 'RGB': ('u1', 3), 'RGBA': ('u1', 4), 'CMYK': ('u1', 4)}  # fmt: skip

PILLOW = Writer(
    {
        'mode': list(MODES),
        'compression': ['raw', 'tiff_lzw', 'tiff_adobe_deflate', 'tiff_deflate', 'packbits',
                        'group3', 'group4', 'tiff_ccitt', 'lzma', 'zstd'],
        'bigtiff': [False, True],
        'strip': [1, 1000, 65536],
    },
    [
        Rule('mode compression', lambda m, c: c in ('group3', 'group4', 'tiff_ccitt') and m != '1',
             'fax has one bit'),
    ],
    write_pillow,
)  # fmt: skip


# libvips


def write_libvips(case: Case, pixels: Array) -> bytes:
    """Write with libvips."""
    import pyvips

    image = pyvips.Image.new_from_array(pixels)
    if case['samples'] in ('rgb', 'rgba'):
        space = 'rgb16' if pixels.dtype.itemsize == 2 else 'srgb'
        image = image.copy(interpretation=space)
    layout = case['layout']
    options: dict[str, Any] = {'compression': case['compression'], 'bigtiff': case['bigtiff']}
    if case['compression'] in ('deflate', 'lzw'):
        options['predictor'] = case['predictor']
    if layout is not None:
        options |= {'tile': True, 'tile_width': layout[0], 'tile_height': layout[1]}
    if case['depth']:
        options['bitdepth'] = case['depth']
    return bytes(image.tiffsave_buffer(**options))


LIBVIPS = Writer(
    {
        'samples': ['grey', 'two', 'rgb', 'rgba', 'five'],
        'type': ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'f4', 'f8', 'c8'],
        'layout': [None, (16, 16), (48, 32), (64, 64)],
        'compression': ['none', 'deflate', 'lzw', 'packbits', 'ccittfax4'],
        'predictor': ['none', 'horizontal', 'float'],
        'bigtiff': [False, True],
        'depth': [0, 1, 2, 4],
    },
    [
        Rule('depth', lambda d: d == 4, 'libvips loses the last sample of rows of odd width'),
        Rule('compression predictor', lambda c, p: p != 'none' and c not in ('deflate', 'lzw'),
             'predictors are for these two'),
        Rule('type predictor', lambda t, p: p == 'float' and t[0] != 'f', 'predictor of floats'),
        Rule('type depth', lambda t, d: d and t != 'u1', 'libvips packs bytes'),
        Rule('samples depth', lambda s, d: d and s != 'grey', 'libvips packs one sample'),
        Rule('predictor depth', lambda p, d: d and p != 'none',
             'libtiff predicts no packed samples'),
        Rule('compression depth', lambda c, d: c == 'ccittfax4' and d != 1, 'fax has one bit'),
        Rule('type predictor', lambda t, p: t == 'c8' and p != 'none',
             'libvips predicts no complex samples'),
    ],
    write_libvips,
)  # fmt: skip

WRITERS = {'GDAL': GDAL, 'tifffile': TIFFFILE, 'Pillow': PILLOW, 'libvips': LIBVIPS}


def truth_of(case: Case, number: int) -> Array:
    """Return the samples of a case."""
    kind, samples = MODES.get(case.get('mode'), (case.get('type'), 0))
    samples = samples or SAMPLES[case['samples']]
    dtype, _, bits = kind.partition('/')
    if dtype == 'cint16':
        return samples_of('c8', samples, 0, number)
    depth = case.get('depth')
    if depth:  # libvips keeps the high bits of bytes
        return samples_of('u1', samples, 8, number)
    width = int(bits) if bits else np.dtype(dtype).itemsize * 8
    return samples_of(dtype, samples, width, number)


def expected_of(case: Case, pixels: Array) -> Array:
    """Return samples as the file stores them."""
    depth = case.get('depth')
    if depth:
        return pixels > 127 if depth == 1 else pixels >> (8 - depth)
    if case.get('type') == 'u1/1':
        return pixels.astype(bool)
    if case.get('type') == 'f4/16':
        return pixels.astype('f2')
    return pixels


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('name', WRITERS)
def test_files_of_others(name: str, seed: int) -> None:
    if readers.reader(name) is None:
        pytest.skip(f'{name}: writer to compare with')
    print(f'seed of the pairwise cases: {seed}')  # noqa: T201
    writer = WRITERS[name]
    cases, _ = covering(writer.factors, writer.rules, seed)
    wrong = []
    for number, case in enumerate(cases):
        pixels = truth_of(case, number)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            data = writer.write(case, pixels)
        expected = expected_of(case, pixels)
        try:
            found = readers.ours(data)
        except Exception as error:  # noqa: BLE001  (all are listed)
            wrong.append((case, repr(error)))
            continue
        if found.dtype != expected.dtype or not np.array_equal(found, expected):
            wrong.append((case, f'{found.dtype} {found.shape}'))
    assert not wrong


# Lossy codecs: the truth is what the writer itself reads

LOSSY: dict[str, tuple[str, dict[str, Any]]] = {
    f'{name} {number}': (name, options)
    for name, number, options in (
        ('GDAL', 1, {'PHOTOMETRIC': 'YCBCR'}),
        ('GDAL', 2, {'PHOTOMETRIC': 'YCBCR', 'TILED': 'YES', 'BLOCKXSIZE': 32, 'BLOCKYSIZE': 48}),
        ('GDAL', 3, {'PHOTOMETRIC': 'RGB', 'JPEGTABLESMODE': 0}),
        ('GDAL', 4, {'PHOTOMETRIC': 'RGB', 'INTERLEAVE': 'BAND', 'JPEGTABLESMODE': 1}),
        ('GDAL', 5, {'PHOTOMETRIC': 'MINISBLACK', 'BLOCKYSIZE': 16, 'BIGTIFF': 'YES'}),
        ('GDAL', 6, {'PHOTOMETRIC': 'YCBCR', 'ENDIANNESS': 'BIG', 'JPEG_QUALITY': 30}),
        ('Pillow', 1, {}),
        ('Pillow', 2, {'quality': 30, 'strip_size': 16 * 3 * WIDTH}),
        ('libvips', 1, {}),
        ('libvips', 2, {'tile': True, 'tile_width': 32, 'tile_height': 32, 'Q': 95}),
        ('tifffile', 1, {}),
        ('tifffile', 2, {'tile': (32, 48), 'subsampling': (2, 1)}),
        ('tifffile', 3, {'rowsperstrip': 16, 'subsampling': (2, 2), 'byteorder': '>'}),
    )
}


def write_lossy(name: str, pixels: Array, options: dict[str, Any]) -> bytes:
    """Write RGB as JPEG."""
    stream = io.BytesIO()
    if name == 'GDAL':
        from rasterio.io import MemoryFile

        with MemoryFile() as file:
            with file.open(driver='GTiff', height=LENGTH, width=WIDTH, count=3, dtype='u1',
                           COMPRESS='JPEG', **options) as found:  # fmt: skip
                found.write(np.moveaxis(pixels, -1, 0))
            return bytes(file.read())
    if name == 'Pillow':
        from PIL import Image

        Image.fromarray(pixels).save(stream, 'TIFF', compression='jpeg', **options)
    elif name == 'tifffile':
        import tifffile

        tifffile.imwrite(stream, pixels, compression='jpeg', photometric='rgb', **options)
    else:
        import pyvips

        image = pyvips.Image.new_from_array(pixels).copy(interpretation='srgb')
        return bytes(image.tiffsave_buffer(compression='jpeg', **options))
    return stream.getvalue()


@pytest.mark.parametrize('case', LOSSY)
def test_lossy_files_of_others(case: str) -> None:
    name, options = LOSSY[case]
    read = readers.reader(name)
    if read is None:
        pytest.skip(f'{name}: writer to compare with')
    y, x = np.mgrid[:LENGTH, :WIDTH]
    pixels = np.stack([y * 5, x * 4, 255 - y - x], -1).astype('u1')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        data = write_lossy(name, pixels, options)
    # Rounding differs by a step, interpolation of chroma by some where libjpegs are not as new.
    found = readers.ours(data).astype(int)
    steps = np.abs(found - read(data))
    assert steps.max() <= 8
    assert steps.mean() < 1
    assert np.abs(found - pixels).mean() < 8
