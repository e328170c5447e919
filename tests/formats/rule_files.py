"""Sound files, and files edited so that they break one rule: what the tests of rules hold up.

Bytes are laid out by the compiled builder of directories, whatever the writer would think of them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import tiffschema
from tiffschema.model.directory import Entry
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import tag_tables

__all__ = ['BASES', 'Entries', 'edited', 'entries_of', 'laid_out', 'relaid']

Entries = dict[int, Entry]
RATIONALS = (5, 10)
TIA = {
    'NewSubfileType': 0, 'Orientation': 1, 'Copyright': 'me', 'ImageDescription': 'text',
    'PlanarConfiguration': 1, 'ResolutionUnit': 2,
    'XMP': {'type': 1, 'data': b'<x/>'.hex()},
}  # fmt: skip


COLOURS: dict[str, Any] = {
    'extratags': [
        ('YCbCrCoefficients', [299, 1000, 587, 1000, 114, 1000]), ('YCbCrPositioning', 1),
        ('ReferenceBlackWhite', [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1]),
    ]
}  # fmt: skip
"""Tags that YCbCr images should have."""


def image(*shape: int, dtype: str = 'u1', **options: Any) -> bytes:
    stream = io.BytesIO()
    options = {'metadata': None, 'byteorder': '<', 'description': 'text', **options}
    data = (np.arange(np.prod(shape)) % 251).astype(dtype).reshape(shape)
    tiffschema.imwrite(stream, data, **options)
    return stream.getvalue()


def profile(space: bytes = b'GRAY') -> dict[str, Any]:
    header = bytearray(128)
    header[:4], header[16:20], header[36:40] = (128).to_bytes(4, 'big'), space, b'acsp'
    return {'type': 7, 'data': header.hex()}


def tia(data: bytes) -> bytes:
    return edited(data, {'set': {**TIA, 'InterColorProfile': profile()}})


BASES: Mapping[str, Callable[[], bytes]] = {
    'gray': lambda: image(20, 30),
    'rgb': lambda: image(20, 30, 3, photometric='rgb'),
    'rgba': lambda: image(20, 30, 4, photometric='rgb', extrasamples=['unassalpha']),
    'cmyk': lambda: image(20, 30, 4, photometric='separated'),
    'bilevel': lambda: image(20, 32, dtype='bool'),
    'palette': lambda: image(
        20, 30, colormap=np.arange(768, dtype='u2').reshape(3, 256), photometric='palette'
    ),
    'tiled': lambda: image(40, 50, tile=(16, 16)),
    'strips': lambda: image(20, 30, rowsperstrip=10),
    'deflate': lambda: image(20, 30, compression='zlib'),
    'packbits': lambda: image(20, 30, compression='packbits'),
    'ycbcr': lambda: image(32, 32, 3, photometric='ycbcr', compression='jpeg', **COLOURS),
    'large': lambda: image(600, 700, rowsperstrip=600),
    'fax': lambda: edited(
        image(20, 1728, dtype='bool', compression='ccittfax3', rowsperstrip=20),
        {
            'set': {
                'FillOrder': 2, 'NewSubfileType': 2, 'PageNumber': [0, 1], 'T4Options': 0,
                'BitsPerSample': 1,
            }
        },
    ),
    'cfa': lambda: edited(
        image(20, 30),
        {
            'set': {
                'PhotometricInterpretation': 32803, 'CFARepeatPatternDim': [2, 2],
                'CFAPattern': [0, 1, 1, 2],
            }
        },
    ),
    'dng': lambda: edited(
        BASES['cfa'](),
        {'set': {'DNGVersion': [1, 4, 0, 0], 'UniqueCameraModel': 'none', 'NewSubfileType': 0}},
    ),
    'geotiff': lambda: edited(
        image(20, 30),
        {
            'set': {
                'ModelPixelScaleTag': [1.0, 1.0, 0.0],
                'ModelTiepointTag': [0.0, 0.0, 0.0, 5.0, 5.0, 0.0],
                'GeoKeyDirectoryTag': [1, 1, 0, 1, 1024, 0, 1, 1],
            }
        },
    ),
    'tiffep': lambda: edited(
        image(20, 30, software='none'),
        {
            'set': {
                'TIFFEPStandardID': [1, 0, 0, 0], 'NewSubfileType': 0, 'Make': 'none',
                'Model': 'none', 'Copyright': 'me', 'DateTime': '2020:01:02 03:04:05',
                'DateTimeOriginal': '2020:01:02 03:04:05', 'Orientation': 1, 'SensingMethod': 2,
            }
        },
    ),
    'tia': lambda: tia(image(20, 30)),
    'large_tia': lambda: tia(image(600, 700, rowsperstrip=600)),
    'tiled_tia': lambda: tia(image(40, 50, tile=(16, 16))),
}  # fmt: skip
"""Files that break no rule, by name."""


def entries_of(data: bytes, page: int = 0) -> Entries:
    """Return the entries of a page with the bytes of their values."""
    with tiffschema.TiffFile(data) as tif:
        directory = tif.pages[page].directory
        found = {}
        for position, code in enumerate(directory.codes):
            start, nbytes = directory.value_at(position), directory.value_nbytes(position)
            count, kind = directory.counts[position], directory.types[position]
            found[code] = Entry(code, kind, count, bytes(data[start : start + nbytes]))
        return found


def entry(key: Any, value: Any, space: str = 'tiff') -> Entry:
    """Return an entry of little-endian bytes; a mapping gives type and bytes as they are."""
    code = key if isinstance(key, int) else tag_tables[space].code(key)
    if isinstance(value, Mapping):
        data = bytes.fromhex(value['data'])
        size = FIELD_TYPES[value['type']].size
        return Entry(code, value['type'], len(data) // size, data)
    if isinstance(value, str):
        return Entry(code, 2, len(value) + 1, value.encode() + b'\0')
    values = np.atleast_1d(np.asarray(value))
    kinds = tag_tables[space][code].types
    kind = next(
        one for one in kinds
        if FIELD_TYPES[one].numpy[0] in 'f' or values.max() < 1 << 8 * FIELD_TYPES[one].size
    )  # fmt: skip
    stored = values.astype('<' + FIELD_TYPES[kind].numpy)
    return Entry(code, kind, values.size // (2 if kind in RATIONALS else 1), stored.tobytes())


def laid_out(data: bytes, entries: Entries, at: int | None = None, following: int = 0) -> bytes:
    """Return a file with a directory at its end, even or where asked."""
    with tiffschema.TiffFile(data) as tif:
        codec = tif.container.codec
    at = len(data) + len(data) % 2 if at is None else at
    ordered = [entries[code] for code in sorted(entries)]
    built = codec.build(ordered, at, following)
    return data + bytes(at - len(data)) + built.data


def relaid(data: bytes, entries: Entries, at: int | None = None, following: int = 0) -> bytes:
    """Return a file whose first directory is another one, behind all else."""
    with tiffschema.TiffFile(data) as tif:
        codec = tif.container.codec
    at = len(data) + len(data) % 2 if at is None else at
    found = bytearray(laid_out(data, entries, at, following))
    link = codec.build_link(at)
    found[codec.first_at : codec.first_at + len(link)] = link
    return bytes(found)


def edited(data: bytes, edits: Mapping[str, Any]) -> bytes:
    """Return a file with tags set, left out, filled with one number, or turned round."""
    entries = entries_of(data)
    for key, value in edits.get('set', {}).items():
        made = entry(key, value)
        entries[made.code] = made
    for name in edits.get('without', ()):
        entries.pop(tag_tables['tiff'].code(name), None)
    for name, number in edits.get('fill', {}).items():
        old = entries[tag_tables['tiff'].code(name)]
        kind = '<' + FIELD_TYPES[old.fieldtype].numpy
        entries[old.code] = old._replace(data=np.full(old.length, number, kind).tobytes())
    if 'swap' in edits:
        old = entries[tag_tables['tiff'].code(edits['swap'])]
        values = np.frombuffer(old.data, '<' + FIELD_TYPES[old.fieldtype].numpy)
        entries[old.code] = old._replace(data=values[::-1].tobytes())
    return relaid(data, entries)
