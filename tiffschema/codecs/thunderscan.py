"""The codec of ThunderScan (32809): 4-bit grey as runs and differences.

This module knows rows of packed 4-bit samples. The two upper bits of a byte say what its others
are: a run of the last pixel, three differences of 2 bits, two of 3 bits, or a pixel. Every step
consumes one byte; the last pixel is 0 at the start of a row.

Source: facts of the format, checked with libtiff.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.types import Buffer

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = ['decode', 'encode', 'salvage']

_SKIP = 16
_DELTA2 = (0, 1, _SKIP, -1)
_DELTA3 = (0, 1, 2, 3, _SKIP, -3, -2, -1)

# For each byte of differences, those that yield a pixel.
_DELTAS: tuple[tuple[int, ...], ...] = tuple(
    tuple(
        delta
        for delta in (
            (_DELTA2[code >> 4 & 3], _DELTA2[code >> 2 & 3], _DELTA2[code & 3])
            if code >> 6 == 1
            else (_DELTA3[code >> 3 & 7], _DELTA3[code & 7])
        )
        if delta != _SKIP
    )
    for code in range(256)
)


def _rows(data: Buffer, width: int, nbytes: int, packed: bytearray) -> FormatError | None:
    """Append rows to `packed` until there are `nbytes`; return what was wrong."""
    row_nbytes = -(-width // 2)
    size = len(data)
    at = 0
    fault: FormatError | None = None
    while len(packed) < nbytes:
        pixels = bytearray()
        last = 0
        while len(pixels) < width and at < size:
            code = data[at]
            at += 1
            kind = code >> 6
            if kind == 0:
                pixels += bytes((last,)) * (code & 63)
            elif kind == 3:
                last = code & 15
                pixels.append(last)
            else:
                for delta in _DELTAS[code]:
                    last = last + delta & 15
                    pixels.append(last)
        row = len(packed) // row_nbytes
        if len(pixels) > width and fault is None:
            fault = FormatError(f'ThunderScan: row {row} has {len(pixels)} pixels', 'segment')
        short = len(pixels) < width
        padded = np.frombuffer(pixels[:width].ljust(row_nbytes * 2, b'\0'), 'u1').reshape(-1, 2)
        packed += (padded[:, 0] << 4 | padded[:, 1]).tobytes()
        if short:
            return fault or TruncatedError(f'ThunderScan: data ends in row {row}', 'segment')
    return fault


def _width(spec: SegmentSpec) -> int:
    geometry = spec.geometry
    if geometry.bitspersample != 4 or geometry.segment_shape[3] != 1:
        raise UnsupportedError(
            f'ThunderScan compression holds one sample of 4 bits, not {geometry.segment_shape[3]}'
            f' of {geometry.bitspersample}'
        )
    return int(geometry.segment_shape[2])


def decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> bytes:
    """Return the packed rows of a segment.

    Raises:
        FormatError: A row is too long, or the data ends inside one.
        UnsupportedError: The samples are not of 4 bits.
    """
    packed = bytearray()
    fault = _rows(data, _width(spec), nbytes, packed)
    if fault is not None:
        raise fault
    return bytes(packed[:nbytes])


def salvage(data: Buffer, spec: SegmentSpec, nbytes: int) -> bytes:
    """Return the packed rows that damaged data yield."""
    packed = bytearray()
    _rows(data, _width(spec), nbytes, packed)
    return bytes(packed[:nbytes])


def encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Return packed rows as runs, differences of 2 bits three at a time, and pixels."""
    width = _width(spec)
    result = bytearray()
    codes = {0: 0, 1: 1, -1: 3}
    for packed in rows:
        pixels = (packed[:, None] >> np.array([4, 0], 'u1') & 15).reshape(-1)[:width].tolist()
        last = at = 0
        while at < width:
            run = 0
            while run < 63 and at + run < width and pixels[at + run] == last:
                run += 1
            deltas = [
                b - a
                for a, b in zip([last, *pixels[at : at + 2]], pixels[at : at + 3], strict=False)
            ]
            if run > 3 or (run and run == width - at):
                result.append(run)
                at += run
            elif len(deltas) == 3 and all(delta in codes for delta in deltas):
                a, b, c = (codes[delta] for delta in deltas)
                result.append(0x40 | a << 4 | b << 2 | c)
                at += 3
                last = pixels[at - 1]
            else:
                last = pixels[at]
                result.append(0xC0 | last)
                at += 1
    return bytes(result)
