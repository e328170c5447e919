"""Texts of EXIF that lie in tags without a type of text: versions, and comments behind a code."""

from __future__ import annotations

import pytest

from tiffschema.model.tagtable import tag_tables
from tiffschema.model.tagvalues import decode_value, encode_value
from tiffschema.types import ByteOrder

UNDEFINED = 7


@pytest.mark.parametrize('byteorder', ['<', '>'])
@pytest.mark.parametrize(
    ('name', 'value', 'start'),
    [
        ('ExifVersion', '0232', b'0232'),
        ('FlashpixVersion', '0100', b'0100'),
        ('UserComment', ' by me ', b'ASCII\0\0\0'),
        ('UserComment', '5 µm', b'UNICODE\0'),
    ],
)
def test_both_ways(name: str, value: str, start: bytes, byteorder: ByteOrder) -> None:
    row = tag_tables['exif'][name]
    kind, count, data = encode_value(row, None, value, byteorder)
    assert (kind, count) == (UNDEFINED, len(data))
    assert data.startswith(start)
    assert decode_value(kind, count, data, byteorder, row) == value


@pytest.mark.parametrize(
    'data', [b'', b'ASCII', b'ASCII\0\0\0\xff', b'JIS\0\0\0\0\0abc', b'UNICODE\0a']
)
def test_other_codes_stay_bytes(data: bytes) -> None:
    row = tag_tables['exif']['UserComment']
    assert decode_value(UNDEFINED, len(data), data, '<', row) == data
