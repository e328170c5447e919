"""The codec of NeXT (32766): 2-bit grey, row by row as literal bytes or runs.

This module knows rows of packed 2-bit samples. A row is a literal row (first byte 0x00), a literal
span on white (0x40, offset and count as big-endian words), or runs: a colour in the two upper bits
and a length in the others. Every step consumes at least one byte.

Source: facts of the format, checked with libtiff.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tiffschema.errors import TruncatedError, UnsupportedError
from tiffschema.types import Buffer

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = ['decode', 'encode', 'salvage']

_LITERAL_ROW, _LITERAL_SPAN = 0x00, 0x40
_WEIGHTS = np.array([64, 16, 4, 1], 'u1')


def _rows(data: Buffer, width: int, nbytes: int, packed: bytearray) -> TruncatedError | None:
    """Append rows to `packed` until there are `nbytes`; return what was wrong."""
    row_nbytes = -(-width // 4)
    size = len(data)
    at = 0
    while len(packed) < nbytes:
        row = len(packed) // row_nbytes
        first = data[at] if at < size else -1
        if first == _LITERAL_ROW:
            literal = data[at + 1 : at + 1 + row_nbytes]
            packed += literal
            at += 1 + row_nbytes
            whole = len(literal) == row_nbytes
        elif first == _LITERAL_SPAN:
            head = bytes(data[at + 1 : at + 5]).ljust(4, b'\0')
            offset, count = head[0] << 8 | head[1], head[2] << 8 | head[3]
            literal = data[at + 5 : at + 5 + count]
            white = bytearray(b'\xff') * row_nbytes
            white[offset : offset + count] = literal
            packed += white[:row_nbytes]
            at += 5 + count
            whole = len(literal) == count and at <= size and offset + count <= row_nbytes
        else:
            pixels = bytearray()
            while len(pixels) < width and at < size:
                pixels += bytes((data[at] >> 6,)) * (data[at] & 63)
                at += 1
            whole = len(pixels) >= width
            packed += _pack(pixels[:width].ljust(row_nbytes * 4, b'\3'))
        if not whole:
            return TruncatedError(f'NeXT: data ends in row {row}', 'segment')
    return None


def _pack(pixels: Buffer) -> bytes:
    """Return 2-bit samples, four to the byte."""
    quads = np.frombuffer(pixels, 'u1').reshape(-1, 4) * _WEIGHTS
    return bytes(quads.sum(axis=1, dtype='u1').tobytes())


def _width(spec: SegmentSpec) -> int:
    geometry = spec.geometry
    if geometry.bitspersample != 2 or geometry.segment_shape[3] != 1:
        raise UnsupportedError(
            f'NeXT compression holds one sample of 2 bits, not {geometry.segment_shape[3]}'
            f' of {geometry.bitspersample}'
        )
    return int(geometry.segment_shape[2])


def decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> bytes:
    """Return the packed rows of a segment.

    Raises:
        TruncatedError: The data ends inside a row.
        UnsupportedError: The samples are not of 2 bits.
    """
    packed = bytearray()
    fault = _rows(data, _width(spec), nbytes, packed)
    if fault is not None:
        raise fault
    return bytes(packed[:nbytes])


def salvage(data: Buffer, spec: SegmentSpec, nbytes: int) -> bytes:
    """Return the packed rows before a fault."""
    packed = bytearray()
    _rows(data, _width(spec), nbytes, packed)
    return bytes(packed[:nbytes])


def encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Return packed rows as runs, or as literal rows where those are shorter."""
    width = _width(spec)
    result = bytearray()
    for packed in rows:
        row = bytes(packed)
        samples = (packed[:, None] >> np.array([6, 4, 2, 0], 'u1') & 3).reshape(-1)[:width]
        starts = np.flatnonzero(np.diff(samples, prepend=255))
        lengths = np.diff(starts, append=width)
        runs = bytearray()
        for colour, length in zip(samples[starts].tolist(), lengths.tolist(), strict=True):
            full, rest = divmod(length, 63)
            runs += bytes((colour << 6 | 63,)) * full
            if rest:
                runs.append(colour << 6 | rest)
        result += runs if len(runs) <= len(row) else b'\0' + row
    return bytes(result)
