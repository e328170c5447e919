"""PackBits in plain Python, for machines without imagecodecs and for damaged data.

This module knows byte streams only. Law: TIFF 6.0 section 9: a byte n of 0 to 127 is followed by
n + 1 bytes to copy, -1 to -127 by one byte to repeat 1 - n times, -128 means nothing. Rows are
packed one by one; decoders accept runs that cross them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tiffschema.types import Buffer

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = ['decode', 'encode', 'encode_row']

_RUN = re.compile(rb'(.)\1{2,127}', re.DOTALL)


def decode(data: Buffer, spec: SegmentSpec | None, nbytes: int, out: Any = None) -> bytes:
    """Return at most `nbytes` decoded bytes; data that stops within a packet gives what it held.

    Example:
        >>> decode(bytes((2, 1, 2, 3, 254, 9)), None, 99).hex()
        '010203090909'
    """
    data = bytes(data)
    size = len(data)
    result: list[bytes] = []
    at = done = 0
    while at + 1 < size and done < nbytes:
        count = data[at]
        if count < 128:
            piece = data[at + 1 : at + 2 + count]
            at += 2 + count
        elif count > 128:
            piece = data[at + 1 : at + 2] * (257 - count)
            at += 2
        else:
            piece = b''
            at += 1
        result.append(piece)
        done += len(piece)
    return b''.join(result)[:nbytes]


def encode_row(row: bytes) -> bytes:
    """Return one packed row.

    Example:
        >>> encode_row(b'aaaab').hex()
        'fd610062'
    """
    result = bytearray()
    at = 0
    for run in _RUN.finditer(row):
        _literals(row, at, run.start(), result)
        result += bytes((257 - (run.end() - run.start()), row[run.start()]))
        at = run.end()
    _literals(row, at, len(row), result)
    return bytes(result)


def _literals(row: bytes, start: int, stop: int, result: bytearray) -> None:
    for at in range(start, stop, 128):
        piece = row[at : min(at + 128, stop)]
        result.append(len(piece) - 1)
        result += piece


def encode(rows: Any, spec: SegmentSpec | None, args: Mapping[str, Any] | None = None) -> bytes:
    """Return rows of shape (rows, bytes per row) packed one by one."""
    return b''.join(encode_row(bytes(row)) for row in rows)
