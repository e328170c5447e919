"""LZW in plain Python, for machines without imagecodecs.

This module knows byte streams only. Law: TIFF 6.0 section 13. Codes begin with 9 bits; 256 clears
the table, 257 ends the data, 258 is the first free entry; the width grows up to 12 bits. The new
style packs codes most significant bit first and widens one entry early; the old style (before
libtiff 3.0) packs least significant bit first and widens when the table is full. An old stream is
known by its first code, 256, which it spells 00 and an odd byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tiffschema.errors import FormatError
from tiffschema.types import Buffer

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = ['decode', 'encode', 'is_old_style']

_CLEAR, _END = 256, 257
_ROOTS = [bytes((value,)) for value in range(256)] + [b'', b'']


def is_old_style(data: Buffer) -> bool:
    """Return whether a stream has its codes least significant bit first.

    Example:
        >>> is_old_style(bytes((0x80, 0x0b)))
        False
    """
    return len(data) > 1 and data[0] == 0 and bool(data[1] & 1)


def decode(data: Buffer, spec: SegmentSpec | None, nbytes: int, out: Any = None) -> bytes:
    """Return at most `nbytes` decoded bytes; a stream that just stops gives what it held.

    Raises:
        FormatError: A code names an entry that does not exist yet.
    """
    old = is_old_style(data)
    early = 0 if old else 1
    table = list(_ROOTS)
    result: list[bytes] = []
    done, width, previous = 0, 9, b''
    buffer = nbits = 0
    for byte in bytes(data):
        if old:
            buffer |= byte << nbits
        else:
            buffer = (buffer << 8) | byte
        nbits += 8
        if nbits < width:
            continue
        nbits -= width
        if old:
            code = buffer & ((1 << width) - 1)
            buffer >>= width
        else:
            code = buffer >> nbits
            buffer &= (1 << nbits) - 1
        if code == _CLEAR:
            del table[258:]
            width, previous = 9, b''
            continue
        if code == _END or done >= nbytes:
            break
        if code < len(table):
            entry = table[code]
        elif code == len(table) and previous:
            entry = previous + previous[:1]
        else:
            raise FormatError(f'LZW code {code} names no entry of {len(table)}', 'segment')
        result.append(entry)
        done += len(entry)
        if previous and len(table) < 4096:
            table.append(previous + entry[:1])
            if len(table) + early >= 1 << width and width < 12:
                width += 1
        previous = entry
    return b''.join(result)[:nbytes]


def encode(rows: Any, spec: SegmentSpec | None, args: Mapping[str, Any] | None = None) -> bytes:
    """Return bytes encoded in the new style.

    Example:
        >>> decode(encode(b'to be or not to be', None), None, 99)
        b'to be or not to be'
    """
    result = bytearray()
    table: dict[int, int] = {}
    buffer, nbits, width, free = _CLEAR, 9, 9, 258
    prefix = -1
    for byte in bytes(rows):
        if prefix < 0:
            prefix = byte
            continue
        key = prefix << 8 | byte
        known = table.get(key)
        if known is not None:
            prefix = known
            continue
        buffer = buffer << width | prefix
        nbits += width
        table[key] = free
        free += 1
        if free == 4095:
            # Entry 4094 is the last that a decoder lagging by one entry can follow.
            buffer = buffer << width | _CLEAR
            nbits += width
            table.clear()
            width, free = 9, 258
        elif free == 1 << width:
            width += 1
        prefix = byte
        if nbits >= 64:
            nbits, rest = nbits & 7, nbits
            result += (buffer >> nbits).to_bytes(rest >> 3, 'big')
            buffer &= (1 << nbits) - 1
    if prefix >= 0:
        buffer = buffer << width | prefix
        nbits += width
        if free + 1 == 1 << width and width < 12:
            width += 1
    buffer = buffer << width | _END
    nbits += width
    padding = -nbits % 8
    result += (buffer << padding).to_bytes((nbits + padding) >> 3, 'big')
    return bytes(result)
