"""Encoders of the CCITT bilevel codecs: modified Huffman (2, 32771), T.4 (3) and T.6 (4).

This module knows rows of bits. Samples other than zero are black runs. T.4 is written with
end-of-line codes before each row, as many zero bits before them as ``t4options`` bit 2 asks for,
and one-dimensional rows at least every fourth row where bit 0 asks for two dimensions; no
return-to-control is written, T.6 ends with an end-of-block code.

Sources: ITU-T T.4 (07/2003), ITU-T T.6 (11/1988), TIFF 6.0 sections 10 and 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import UnsupportedError

from . import ccitt_codes

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = ['encode_rle', 'encode_rlew', 'encode_t4', 'encode_t6']

_K = 4
_VERTICAL = {
    offset: ccitt_codes.MODES[f'V{"R" if offset > 0 else "L"}{abs(offset)}' if offset else 'V0']
    for offset in range(-3, 4)
}


@cache
def _run(length: int, black: bool) -> str:
    """Return the code words of one run."""
    table = ccitt_codes.BLACK if black else ccitt_codes.WHITE
    words = []
    while length > 2560 + 63:
        words.append(ccitt_codes.EXTENDED[2560])
        length -= 2560
    if length > 63:
        makeup = length & ~63
        words.append(table.get(makeup) or ccitt_codes.EXTENDED[makeup])
    words.append(table[length & 63])
    return ''.join(words)


def _rows(array: NDArray[Any]) -> tuple[list[list[int]], int]:
    """Return the transitions of each row, and the width."""
    if array.shape[-1] != 1:
        raise UnsupportedError(
            f'CCITT codecs hold one sample per pixel, not {array.shape[-1]}: store planes apart'
        )
    width = array.shape[2]
    pixels = np.zeros((array.shape[0] * array.shape[1], width + 1), bool)
    pixels[:, 1:] = array.reshape(-1, width) != 0
    rows, columns = np.nonzero(pixels[:, 1:] != pixels[:, :-1])
    ends = np.cumsum(np.bincount(rows, minlength=len(pixels))).tolist()
    flat = columns.tolist()
    return [flat[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)], width


def _row_1d(row: list[int], width: int) -> str:
    words = []
    at = 0
    for index, change in enumerate([*row, width]):
        words.append(_run(change - at, bool(index & 1)))
        at = change
    return ''.join(words)


def _row_2d(row: list[int], above: list[int], width: int) -> str:
    """Return a row coded relative to the row above."""
    words = []
    current = [*row, width, width]
    changes = [*above, width, width, width]
    at, black, nth, index = -1, 0, 0, 0
    while at < width:
        # b1: the first change in the row above, right of here, to the colour opposite to ours.
        index = max(index - 2, 0) & ~1 | black
        while changes[index] <= at and changes[index] < width:
            index += 2
        b1, b2, a1 = changes[index], changes[index + 1], current[nth]
        if b2 < a1:
            words.append(ccitt_codes.MODES['pass'])
            at = b2
        elif -3 <= a1 - b1 <= 3:
            words.append(_VERTICAL[a1 - b1])
            at = a1
            nth += 1
            black ^= 1
        else:
            a2 = current[nth + 1]
            words.append(ccitt_codes.MODES['horizontal'])
            words.append(_run(a1 - max(at, 0), bool(black)))
            words.append(_run(a2 - a1, not black))
            at = a2
            nth += 2
    return ''.join(words)


def _pack(bits: str) -> bytes:
    """Return a string of bits as bytes, padded with zeros."""
    nbytes = -(-len(bits) // 8)
    return int(bits.ljust(nbytes * 8, '0') or '0', 2).to_bytes(nbytes, 'big')


def encode_rle(array: NDArray[Any], spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode compression 2; `array` has shape (depth, length, width, 1)."""
    rows, width = _rows(array)
    return b''.join(_pack(_row_1d(row, width)) for row in rows)


def encode_rlew(array: NDArray[Any], spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode compression 32771: as 2, rows padded to 16 bits."""
    rows, width = _rows(array)
    packed = (_pack(_row_1d(row, width)) for row in rows)
    return b''.join(row + bytes(len(row) & 1) for row in packed)


def encode_t4(array: NDArray[Any], spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode compression 3 with the ``t4options`` of `spec`: bit 0 two-dimensional, 2 fill."""
    value = spec.options.get('t4options', 0)
    options = value if isinstance(value, int) else 0
    rows, width = _rows(array)
    words: list[str] = []
    nbits = 0
    for index, row in enumerate(rows):
        tag = ''
        if options & 1:
            tag = '0' if index % _K else '1'
        if tag == '0':
            word = _row_2d(row, rows[index - 1], width)
        else:
            word = _row_1d(row, width)
        fill = '0' * (-(nbits + len(ccitt_codes.EOL)) % 8 if options & 4 else 0)
        word = f'{fill}{ccitt_codes.EOL}{tag}{word}'
        nbits += len(word)
        words.append(word)
    return _pack(''.join(words))


def encode_t6(array: NDArray[Any], spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode compression 4."""
    rows, width = _rows(array)
    above: list[int] = []
    words = []
    for row in rows:
        words.append(_row_2d(row, above, width))
        above = row
    words.append(ccitt_codes.EOL * 2)
    return _pack(''.join(words))
