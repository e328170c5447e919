"""Files of any geometry that TIFF allows, written by us and read by all readers there are.

Pairs of all factors are covered. Rule: what is left out stands in one of two tables with its
reason: `INVALID` for what no file can be, `LEFT_OUT` for what a reader lacks or gets wrong.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.interop import readers
from tests.interop.pairwise import Case, Rule, covering
from tests.interop.stored import stored_file
from tiffschema.codecs import codecs
from tiffschema.model.geometry import Geometry

Array = NDArray[Any]

LENGTH, WIDTH = 37, 53

# name: samples, photometric, planar configuration, extra samples
SAMPLES: dict[str, tuple[int, int, int, tuple[int, ...]]] = {
    'grey': (1, 1, 1, ()),
    'white is zero': (1, 0, 1, ()),
    'palette': (1, 3, 1, ()),
    'grey and alpha': (2, 1, 1, (2,)),
    'rgb': (3, 2, 1, ()),
    'rgb apart': (3, 2, 2, ()),
    'rgb and alpha': (4, 2, 1, (2,)),
    'inks': (4, 5, 1, ()),
    'inks apart': (4, 5, 2, ()),
    'lab': (3, 8, 1, ()),
    'five': (5, 1, 1, (0, 0, 0, 0)),
    'five apart': (5, 1, 2, (0, 0, 0, 0)),
}

LAYOUTS: dict[str, dict[str, int]] = {
    'one strip': {},
    'strips of 16': {'rowsperstrip': 16},
    'strips of 7': {'rowsperstrip': 7},
    'tiles 16 x 16': {'tilewidth': 16, 'tilelength': 16},
    'tiles 48 x 32': {'tilewidth': 48, 'tilelength': 32},
    'one large tile': {'tilewidth': 64, 'tilelength': 48},
}

FORMATS = {'uint': 1, 'int': 2, 'float': 3, 'cint': 5, 'complex': 6}

FACTORS: dict[str, list[Any]] = {
    'samples': list(SAMPLES),
    'type': [
        *(f'uint{bits}' for bits in (1, 2, 3, 4, 6, 8, 10, 12, 15, 16, 20, 24, 31, 32, 40, 64)),
        *('int8', 'int16', 'int32', 'int64', 'float16', 'float24', 'float32', 'float64'),
        *('cint32', 'cint64', 'complex64', 'complex128'),
    ],
    'layout': list(LAYOUTS),
    'compression': [
        *(1, 2, 3, 4, 5, 7, 8, 32766, 32771, 32773, 32809, 32946, 34712, 34887, 34925),
        *(34933, 34934, 50000, 50001, 50002),
    ],
    'predictor': [1, 2, 3],
    'fillorder': [1, 2],
    'byteorder': ['<', '>'],
    'bigtiff': [False, True],
}

FAX = (2, 3, 4, 32771)
OF_IMAGES: dict[int, tuple[str, ...]] = {
    7: ('uint8',),
    34712: ('uint8', 'uint16', 'uint12', 'int8', 'int16'),
    34887: ('uint8', 'uint16', 'uint32', 'int8', 'int16', 'int32', 'float32', 'float64'),
    34933: ('uint8', 'uint16'),
    34934: ('uint8', 'uint16'),
    50001: ('uint8',),
    50002: ('uint8', 'uint16', 'float32'),
    **dict.fromkeys(FAX, ('uint1',)),
    32766: ('uint2',),
    32809: ('uint4',),
}
"""Types that codecs of images, and codecs for one width, can store."""

ONE_SAMPLE = ('grey', 'white is zero', 'palette', 'rgb apart', 'inks apart', 'five apart')

INVALID = [
    Rule('compression type', lambda c, t: c in OF_IMAGES and t not in OF_IMAGES[c],
         'the codec does not store the type'),
    Rule('compression samples', lambda c, s: c in (*FAX, 32766, 32809) and s not in ONE_SAMPLE,
         'the codec stores one sample per pixel'),
    Rule('compression samples', lambda c, s: c == 50001 and s not in ('rgb', 'rgb and alpha'),
         'WebP is RGB, with or without alpha'),
    Rule('compression samples', lambda c, s: c in (7, 34712, 34933, 34934) and s == 'five',
         'the codec has up to four samples'),
    Rule('compression samples',
         lambda c, s: c in (7, 34934) and s in ('grey and alpha', 'rgb and alpha'),
         'JPEG has no alpha'),
    Rule('compression samples', lambda c, s: c in (34933, 50002) and s == 'inks',
         'PNG and JPEG XL have no inks: they store the fourth sample as alpha'),
    Rule('compression samples', lambda c, s: c == 7 and s == 'lab',
         'JPEG of CIELab: readers do not agree on the transform'),
    Rule('compression predictor', lambda c, p: p > 1 and (c in OF_IMAGES or c == 1),
         'a predictor goes with a codec of bytes'),
    Rule('compression predictor', lambda c, p: p > 1 and c == 32773,
         'libtiff ignores Predictor with PackBits, so that nobody can check it'),
    Rule('type predictor', lambda t, p: p > 1 and t == 'complex128',
         'libtiff predicts up to 64 bits'),
    Rule('type predictor', lambda t, p: p == 3 and not t.startswith('float'),
         'predictor 3 is for floats'),
    Rule('type predictor', lambda t, p: p == 2 and t == 'uint1',
         'differences of truth values have no meaning'),
    Rule('compression type samples', lambda c, t, s: c == 50002 and t == 'float32'
         and s in ('five', 'rgb and alpha', 'grey and alpha'),
         'libjxl encodes no floating-point alpha'),
    Rule('samples type', lambda s, t: s == 'palette' and t not in
         ('uint1', 'uint2', 'uint4', 'uint8', 'uint16'), 'a palette has 2**BitsPerSample entries'),
    Rule('samples type', lambda s, t: s == 'lab' and t not in ('uint8', 'uint16', 'float32'),
         'CIELab is defined for 8 and 16 bits'),
]  # fmt: skip


def bits_of(type: str) -> int:
    """Return BitsPerSample of a type."""
    return int(type.lstrip('uintfloacmpex'))


WIDE = ('uint8', 'uint16', 'uint32', 'uint64', 'int8', 'int16', 'int32', 'int64')
FLOATS = ('float16', 'float32', 'float64')
OF_LIBTIFF = [
    Rule('compression', lambda c: c in (34712, 34933, 34934, 50002),
         'libtiff is built without the codec'),
    Rule('compression', lambda c: c == 32771,
         'libtiff loses the alignment of words, even in files it has written itself'),
    Rule('compression layout', lambda c, y: c in (32766, 32809) and 'tile' in y,
         'libtiff has NeXT and ThunderScan for strips only'),
    Rule('type predictor',
         lambda t, p: p == 2 and t not in (*WIDE, *FLOATS, 'cint32', 'cint64', 'complex64'),
         'libtiff predicts 8, 16, 32 and 64 bits'),
]  # fmt: skip

LEFT_OUT: dict[str, list[Rule]] = {
    'tifffile': [
        Rule('compression', lambda c: c in (32766, 32771, 32809), 'tifffile has no such decoder'),
        Rule('type', lambda t: t == 'uint40', 'tifffile has no type for it'),
        Rule(
            'compression fillorder',
            lambda c, f: c == 50001 and f == 2,
            'tifffile takes FillOrder as not meant for WebP, libtiff does',
        ),
        Rule(
            'type predictor',
            lambda t, p: p > 1 and t.startswith(('c', 'float24')),
            'tifffile refuses to predict these',
        ),
        Rule(
            'type predictor',
            lambda t, p: p > 1 and t not in (*WIDE, *FLOATS),
            'tifffile leaves bits above BitsPerSample in sums of differences',
        ),
        Rule(
            'type byteorder',
            lambda t, o: t == 'uint24' and o == '>',
            'tifffile swaps what it has unpacked',
        ),
    ],
    'GDAL': [
        *OF_LIBTIFF,
        Rule('type', lambda t: t == 'uint40', 'GDAL has no type for it'),
        Rule('type', lambda t: t == 'cint64', 'rasterio rounds it to complex64'),
        Rule('samples', lambda s: s == 'lab', 'GDAL converts CIELab to RGBA'),
        Rule(
            'samples type',
            lambda s, t: s.startswith('inks') and bits_of(t) <= 8,
            'GDAL converts inks of up to 8 bits to RGBA',
        ),
    ],
    'libtiff': [
        *OF_LIBTIFF,
        Rule(
            'type',
            lambda t: t in ('uint40', 'float24', 'cint32', 'cint64'),
            'imagecodecs has no type for it',
        ),
        Rule('samples', lambda s: s.startswith('inks'), 'imagecodecs converts inks to RGB'),
        Rule(
            'compression samples',
            lambda c, s: c == 7 and s not in ('grey', 'rgb'),
            'imagecodecs before 2026.6 converts JPEG to grey or RGB',
        ),
    ],
    'Pillow': [
        *OF_LIBTIFF,
        Rule(
            'samples type',
            lambda s, t: t not in OF_PILLOW.get(s, ()),
            'Pillow has no mode for it, or one with other values',
        ),
        Rule(
            'byteorder bigtiff', lambda o, b: o == '>' and b, 'Pillow knows no big-endian BigTIFF'
        ),
        Rule('fillorder', lambda f: f == 2, 'Pillow knows FillOrder 2 for a few modes only'),
        Rule(
            'compression', lambda c: c in (32766, 32809, 34887, 50001), 'Pillow has no such decoder'
        ),
        Rule(
            'type byteorder',
            lambda t, o: t == 'uint12' and o == '>',
            'Pillow knows 12 bits in little-endian files only',
        ),
        Rule(
            'type compression',
            lambda t, c: t == 'uint12' and c != 1,
            'Pillow unpacks 12 bits where they are not compressed',
        ),
        Rule(
            'byteorder compression type',
            lambda o, c, t: o == '>' and c != 1 and bits_of(t) > 8,
            'Pillow swaps what libtiff has swapped already',
        ),
        Rule(
            'compression samples',
            lambda c, s: s in ('lab', 'grey and alpha') and c in OF_IMAGES,
            'Pillow has no raw mode for the codec',
        ),
    ],
    'libvips': [
        *OF_LIBTIFF,
        Rule(
            'compression',
            lambda c: c in (34887, 34925, 50000, 50001),
            'libvips comes with a libtiff without the codec',
        ),
        Rule('samples', lambda s: s == 'palette', 'libvips expands palettes'),
        Rule(
            'samples type',
            lambda s, t: s == 'white is zero' and t.startswith('uint'),
            'libvips inverts it',
        ),
        Rule(
            'samples type',
            lambda s, t: s == 'lab' and t != 'float32',
            'libvips converts CIELab of integers',
        ),
        Rule(
            'samples layout',
            lambda s, y: 'apart' in s and 'tile' in y,
            'libvips reads no tiles of planes',
        ),
        Rule('samples', lambda s: s == 'five apart', 'libvips repeats the first plane'),
        Rule(
            'samples type',
            lambda s, t: 'apart' in s and t == 'float16',
            'libvips does not convert halves of planes',
        ),
        Rule(
            'type',
            lambda t: (
                t
                not in ('uint8', 'uint16', 'uint32', 'int8', 'int16', 'int32', 'float16', 'float32')
            ),
            'libvips has no type for it, or scales it to 8 bits',
        ),
    ],
}

GREYS = ('uint8', 'uint16', 'int16', 'int32', 'float32')
OF_PILLOW: dict[str, tuple[str, ...]] = {
    'grey': ('uint1', 'uint12', *GREYS),
    'white is zero': ('float32',),
    'palette': ('uint1', 'uint2', 'uint4', 'uint8'),
    **dict.fromkeys(
        ('grey and alpha', 'rgb', 'rgb apart', 'rgb and alpha', 'inks', 'inks apart', 'lab'),
        ('uint8',),
    ),
}
"""Samples and types that Pillow delivers as they are stored."""


def cases_of(name: str, seed: int) -> list[Case]:
    """Return cases that cover all pairs which a reader knows; say which seed it was."""
    print(f'seed of the pairwise cases: {seed}')  # noqa: T201
    return covering(FACTORS, [*INVALID, *LEFT_OUT.get(name, ())], seed)[0]


def geometry_of(case: Case) -> Geometry:
    """Return the geometry of a case."""
    count, photometric, planar, extra = SAMPLES[case['samples']]
    kind = case['type'].rstrip('0123456789')
    return Geometry(
        WIDTH, LENGTH,
        samplesperpixel=count,
        photometric=photometric,
        planarconfig=planar,
        extrasamples=extra,
        bitspersample=bits_of(case['type']),
        sampleformat=FORMATS[kind],
        compression=case['compression'],
        predictor=case['predictor'],
        fillorder=case['fillorder'],
        byteorder=case['byteorder'],
        **LAYOUTS[case['layout']],
    )  # fmt: skip


def pixels_of(geometry: Geometry, seed: int) -> Array:
    """Return samples that use the whole range of their type, smooth ones for lossy codecs."""
    rng = np.random.default_rng(seed)
    shape, dtype = geometry.shaped, geometry.dtype
    assert dtype is not None
    bits = geometry.bitspersample
    assert isinstance(bits, int)
    if geometry.compression in LOSSY:
        ramps = np.add.outer(np.arange(LENGTH) * 2, np.arange(WIDTH))
        planes = ramps[None, None, :, :, None] + 20 * np.arange(shape[4])
        return np.ascontiguousarray(np.broadcast_to(planes, shape)).astype(dtype)
    if geometry.sampleformat == 5:
        low, high = -(1 << (bits // 2 - 1)), 1 << (bits // 2 - 1)
        parts = rng.integers(low, high, (2, *shape)).astype(f'f{dtype.itemsize // 2}')
        return (parts[0] + 1j * parts[1]).astype(dtype)
    if dtype.kind in 'fc':
        # Mantissas of ten bits and small exponents: exact in all widths of floats.
        if geometry.compression == 50002:  # libjxl wants them between 0 and 1
            return (rng.integers(0, 1024, shape) / 1024).astype(dtype)
        parts = rng.integers(-1023, 1024, (2, *shape)) * 2.0 ** rng.integers(-6, 4, (2, *shape))
        return (parts[0] if dtype.kind == 'f' else parts[0] + 1j * parts[1]).astype(dtype)
    if dtype.kind == 'b':
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind == 'i':
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    return rng.integers(0, (1 << bits) - 1, shape, 'u8', endpoint=True).astype(dtype)


LOSSY = {7: 6, 34934: 1}
"""Largest difference between two decoders of a lossy codec, in steps of 8 bits."""

ARGUMENTS: dict[int, dict[str, Any]] = {
    7: {'level': 95},
    34712: {'reversible': True},
    34934: {'level': 1.0},
    50001: {'lossless': True},
    50002: {'lossless': True},
}


def file_of(case: Case, number: int) -> tuple[bytes, Array]:
    """Return the file of a case, and its samples (rows, columns, samples)."""
    geometry = geometry_of(case)
    pixels = pixels_of(geometry, number)
    tags: dict[int, Any] = {}
    if case['samples'] == 'palette':
        count = 3 << int(case['type'][4:])
        tags[320] = np.arange(count, dtype='u2') * 7
    if case['samples'].startswith('inks'):
        tags[332] = 1
    if case['compression'] == 34887:
        tags[50674] = (4, 0)
    data = stored_file(
        geometry, pixels, bigtiff=case['bigtiff'], tags=tags,
        arguments=ARGUMENTS.get(case['compression']),
    )  # fmt: skip
    image = pixels[:, 0]
    return data, image[0] if geometry.planarconfig == 1 else np.moveaxis(image[..., 0], 0, -1)


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 9))]


def same(found: Array, stored: Array, compression: int) -> bool:
    """Whether samples are those stored; those of lossy codecs may differ by some steps."""
    if found.shape != stored.shape:
        return False
    if compression not in LOSSY:
        return np.array_equal(found, stored)
    wide = np.abs(found.astype('f8') - stored) / (257 if stored.dtype.itemsize == 2 else 1)
    return float(wide.max()) <= LOSSY[compression]


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('name', ['ours', *readers.NAMES])
def test_files_of_any_geometry(name: str, seed: int) -> None:
    read = readers.ours if name == 'ours' else readers.reader(name)
    if read is None:
        pytest.skip(f'{name}: reader to compare with')
    wrong = []
    for number, case in enumerate(cases_of(name, seed)):
        data, stored = file_of(case, number)
        try:
            found = read(data)
        except Exception as error:  # noqa: BLE001  (any reader may raise anything)
            wrong.append((case, repr(error)))
            continue
        if not same(found, stored, case['compression']):
            wrong.append((case, f'{found.dtype} {found.shape}'))
    assert not wrong


def test_every_rule_leaves_something_out() -> None:
    cases = [case for seed in range(3) for case in covering(FACTORS, INVALID, seed)[0]]
    rng = random.Random(0)
    anything = [{name: rng.choice(each) for name, each in FACTORS.items()} for _ in range(20000)]
    for rule in INVALID:
        assert any(rule.hits(case) for case in anything), rule.reason
    for rules in LEFT_OUT.values():
        for rule in rules:
            assert any(rule.hits(case) for case in cases), rule.reason


def test_codecs_that_are_compared() -> None:
    """Each codec that encodes is here, or has another test against others that is named here."""
    elsewhere = {
        22610: 'JPEG XR under another number', 33003: 'JPEG 2000 under another number',
        33004: 'JPEG 2000 under another number', 33005: 'JPEG 2000 under another number',
        32909: 'PixarLog is lossy: tests/unit/codecs/test_pixarlog.py against imagecodecs',
        34676: 'real files in tests/samples/test_own_codecs.py', 34677: 'as 34676',
        34892: 'JPEG under another number', 34926: 'Zstandard under another number',
        34927: 'WebP under another number', 50013: 'Deflate under another number',
        52546: 'JPEG XL under another number', 48124: 'licensed library',
        65000: 'events, no samples: tests/unit/codecs/test_eer.py', 65001: 'as 65000',
        65002: 'as 65000',
    }  # fmt: skip
    encoded = {code for code, codec in codecs.items() if codec.encoders}
    assert encoded - set(FACTORS['compression']) <= set(elsewhere)
