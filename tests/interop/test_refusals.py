"""What live tifffile refuses to write we refuse too: by name, and nothing is left behind.

A row names arrays, arguments, and the word that the message must have.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import OmeXmlError, imwrite

GRAY = np.zeros((64, 64), 'u1')
RGB = np.zeros((64, 64, 3), 'u1')
STACK = np.zeros((5, 64, 64), 'u1')
ARRAYS: dict[str, Any] = {
    'gray': GRAY,
    'rgb': RGB,
    'planes': np.zeros((3, 64, 64), 'u1'),
    'stack': STACK,
    'rgba': np.zeros((64, 64, 4), 'u1'),
    'two columns': np.zeros((64, 2), 'u1'),
    'two samples': np.zeros((64, 64, 2), 'u1'),
    'five samples': np.zeros((64, 64, 5), 'u1'),
    'volumes of two': np.zeros((4, 64, 64, 2), 'u1'),
    'seven axes': np.zeros((1, 2, 3, 4, 5, 8, 8), 'u1'),
    'bool': np.zeros((64, 64), bool),
    'no elements': np.zeros((0, 5), 'u1'),
    'nothing': None,
    'mapping': {},
    **{name: np.zeros((64, 64), name) for name in ('i1', 'u2', 'u4', 'i8', 'f2', 'f4', 'f8', 'c8')},
    **{name: np.zeros((5, 6), name) for name in ('U3', 'O', 'M8[s]', 'S4')},
}
ZLIB = {'compression': 'zlib'}
JPEG = {'compression': 'jpeg', 'photometric': 'rgb'}


def axes(text: str, **more: Any) -> dict[str, Any]:
    return {'metadata': {'axes': text, **more}}


Row = tuple[str, dict[str, Any], str]


def each(array: str, argument: str, *values: Any, **more: Any) -> list[Row]:
    return [(array, {argument: value, **more}, argument) for value in values]


WORDS = 'photometric|samples|shape'
ROWS: list[Row] = [
    *each('gray', 'tile', (3, 3), (16,), (0, 16), (-16, 16), (15, 16), (16, 15)),
    *each('gray', 'tile', 'ab', 16),
    ('stack', {'tile': (2, 8, 16), 'volumetric': True}, 'tile'),
    *each('gray', 'compression', 'nonsense', -1, 99999, 9, 6),
    *each('gray', 'photometric', 'nonsense', 99, -1, 'rgb'),
    ('two columns', {'photometric': 'rgb'}, WORDS),
    ('gray', {'photometric': 'separated'}, WORDS),
    ('gray', {'photometric': 'ycbcr'}, WORDS),
    *each('rgb', 'planarconfig', 'nonsense', 3),
    *each('rgb', 'extrasamples', ['nonsense'], [5], 'x', 7, photometric='rgb'),
    ('five samples', {'photometric': 'rgb', 'extrasamples': [0]}, 'extrasamples'),
    ('five samples', {'photometric': 'rgb', 'extrasamples': [0, 0, 0]}, 'extrasamples'),
    ('rgba', {'photometric': 'rgb', 'extrasamples': []}, 'extrasamples'),
    ('five samples', {'photometric': 'rgb', 'extrasamples': []}, 'extrasamples'),
    ('rgb', {'photometric': 'palette', 'planarconfig': 'contig'}, 'photometric'),
    *each('gray', 'tile', (16, 16, 16), (2, 32, 32)),
    *each('gray', 'predictor', True, 2, 3, 99, 'nonsense'),
    *each('gray', 'predictor', 3, 99, 'nonsense', 34894, **ZLIB),
    *each('f4', 'predictor', 2, 99, **ZLIB),
    *((name, {'predictor': True, **ZLIB}, 'predictor') for name in ('c8', 'i8')),
    ('rgb', {'predictor': True, **JPEG}, 'predictor'),
    *each('gray', 'bitspersample', 0, 9, 16, -1, 'x', 2.5),
    *((name, {'bitspersample': 4}, 'bitspersample') for name in ('i1', 'f4', 'u2')),
    ('gray', {'bitspersample': 4, **ZLIB}, 'bitspersample'),
    *each('rgb', 'subsampling', (3, 1), (1,), (0, 0), 'x', (2, 4), 2, **JPEG),
    *each('gray', 'colormap', [[1]], np.zeros((3, 16), 'u2'), np.zeros((256, 3), 'u2')),
    *each('gray', 'description', 'ü', 5),
    *each('gray', 'software', 'ü', 5),
    *each('gray', 'datetime', 'yesterday', '2020:01:01'),
    *each('gray', 'resolution', (1,), (-1, 1), (float('nan'), 1), 5, ('a', 'b')),
    *each('gray', 'resolutionunit', 'parsec', 99, -1, resolution=(1, 1)),
    *each('gray', 'subfiletype', 4, 'x', 1.5),
    ('rgb', {'subfiletype': 4, 'photometric': 'rgb'}, 'subfiletype'),
    *each('gray', 'shape', (1,), (64, 65), 'x'),
    *each('gray', 'dtype', 'f4', 'u2', 'nonsense'),
    *((name, {}, 'dtype|data') for name in ('U3', 'O', 'M8[s]', 'S4', 'mapping')),
    ('nothing', {}, 'shape|data'), ('nothing', {'shape': (5, 6)}, 'dtype|data'),
    ('nothing', {'dtype': 'u1'}, 'shape|data'),
    ('nothing', {'shape': (5, 6), 'dtype': 'u1', **ZLIB}, 'compression'),
    *each('gray', 'extratags', [5], 5, [(None, 3, 1, 1, True)], [(-1, 3, 1, 1, True)]),
    ('rgb', {'photometric': 'ycbcr', 'extratags': [5]}, 'extratags'),
    *each('gray', 'extratags', [(65000, 'H', 1)], [(65000, 'H', 2, (1, 2, 3), False)]),
    *each('gray', 'extratags', [(65000, 'H', 1, 'a', True)], [(65000, 'B', 1, 300, True)]),
    *each('gray', 'extratags', [(65000, 99, 1, 1, True)], [(65000, 's', 0, 'ü', True)]),
    *each('gray', 'align', 0, 'x', 2.5),
    *each('gray', 'rowsperstrip', 'x', 2.5, **ZLIB),
    *each('stack', 'truncate', True, **ZLIB),
    *each('stack', 'truncate', True, tile=(16, 16)),
    *each('stack', 'truncate', True, kind='ome'),
    *each('gray', 'metadata', 5, 'x', [1], {'a': int}, {'a': np.zeros(3)}, {1: 2}),
    *each('gray', 'metadata', {'Labels': 5}, {'LUTs': 5}, {'ROI': 5}, imagej=True),
    *each('gray', 'metadata', {'Ranges': 'ab'}, imagej=True),
    ('gray', {'byteorder': 'x'}, 'byteorder'), ('gray', {'kind': 'nonsense'}, 'kind'),
    *((name, {'kind': 'imagej'}, 'dtype') for name in ('f8', 'u4', 'bool')),
    ('seven axes', {'kind': 'imagej'}, 'shape'),
    *(('stack', {'kind': 'imagej', **axes(text)}, 'axes') for text in ('XYZ', 'YX')),
    ('volumes of two', {'kind': 'imagej', **axes('ZYXS')}, 'samples'),
    ('stack', {'kind': 'imagej', 'volumetric': True}, 'volumetric'),
    *each('planes', 'planarconfig', 'separate', kind='imagej', photometric='rgb'),
    *(('stack', {'kind': 'ome', **axes(text)}, 'axes') for text in ('ZYXC', 'YX', 'ZZX', '@YX')),
    *((name, {'kind': 'ome'}, 'dtype') for name in ('f2', 'i8')),
    ('stack', {'kind': 'ome', 'volumetric': True}, 'volumetric'),
    ('stack', {'kind': 'ome', **axes('ZYX', SizeZ=7)}, 'SizeZ'),
    ('stack', {'kind': 'ome', **axes('ZYX', Type='int8')}, 'Type'),
    ('stack', {'kind': 'ome', **axes('ZYX', DimensionOrder='ABCDE')}, 'DimensionOrder'),
    ('stack', {'kind': 'ome', **axes('ZYX', Plane={'PositionX': [1]})}, 'PositionX'),
    ('stack', {'kind': 'ome', **axes('CYX', Channel={'Name': ['a']})}, 'Name'),
    ('no elements', {'kind': 'ome'}, 'shape'),
    *each('gray', 'iccprofile', 'x'),
    *each('gray', 'jpegtables', 'x', compression='jpeg'),
    *each('gray', 'compressionargs', 5, {'nonsense': 1}, {'level': 'x'}, **ZLIB),
    *each('f4', 'compression', 'jpeg', 'png'),
    *each('gray', 'compression', 'webp'),
    *each('c8', 'compression', 'lerc'),
    ('bool', {'compression': 'jpeg'}, 'compression'),
    ('two samples', {'compression': 'jpegxr', 'planarconfig': 'contig'}, 'compression'),
    ('rgb', {**JPEG, 'tile': (16, 16), 'subsampling': (4, 1)}, 'tile'),
]  # fmt: skip
STRICTER: list[Row] = [
    *each('gray', 'metadata', {'Channel': 5}, {'Plane': 5}, ome=True),
    *(
        ('gray', {'ome': True, 'metadata': {name: value}}, name)
        for name in ('PhysicalSizeX', 'TimeIncrement')
        for value in (float('nan'), float('inf'), np.float32('nan'))
    ),
    ('gray', {'ome': True, 'metadata': {'Plane': {'DeltaT': [float('nan')]}}}, 'DeltaT'),
    *each('gray', 'metadata', {'ROI': [5]}, {'Overlays': [5]}, imagej=True),
    *each('gray', 'extratags', [(65000.5, 3, 1, 1, True)], np.zeros((1, 5), int)),
    ('rgb', {'planarconfig': 0}, 'planarconfig'),
    ('gray', {'tile': (16.0, 16)}, 'tile'),
    ('gray', {'align': -1}, 'align'),
    ('gray', {'mode': 'q'}, 'mode'),
    ('gray', {'compression': 'ccitt_t6'}, 'compression'),
    *each('gray', 'predictor', True, 2, 34892, compression='packbits'),
    ('f4', {'predictor': 3, 'compression': 'packbits'}, 'predictor'),
    *each('gray', 'predictor', True, 2, compression='lerc'),
]
"""What tifffile lets pass."""
REFUSED = (ValueError, TypeError, IndexError, OmeXmlError)


def named(row: Row) -> str:
    array, options, _ = row
    return f'{array}, {", ".join(f"{key}={value!r:.30}" for key, value in options.items())}'


@pytest.mark.parametrize('row', [*ROWS, *STRICTER], ids=named)
@pytest.mark.filterwarnings('ignore::UserWarning', 'ignore::DeprecationWarning')
def test_we_refuse(row: Row, tmp_path: Path) -> None:
    array, options, word = row
    path = tmp_path / 'a.tif'
    with pytest.raises(REFUSED, match=word):
        imwrite(path, ARRAYS[array], **options)
    assert os.listdir(tmp_path) == []
    path.write_bytes(b'what was there')
    with pytest.raises(REFUSED, match=word):
        imwrite(path, ARRAYS[array], **options)
    assert path.read_bytes() == b'what was there'
    assert os.listdir(tmp_path) == ['a.tif']


@pytest.mark.parametrize('row', ROWS, ids=named)
@pytest.mark.filterwarnings('ignore::UserWarning', 'ignore::DeprecationWarning')
def test_tifffile_refuses(row: Row) -> None:
    """The table is about what users of tifffile are used to."""
    tifffile = pytest.importorskip('tifffile', reason='tifffile: what refuses alike')
    array, options, _ = row
    with pytest.raises(Exception, match=r''):
        tifffile.imwrite(io.BytesIO(), ARRAYS[array], **options)
