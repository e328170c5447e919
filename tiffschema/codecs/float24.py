"""Floating-point samples of 24 bits, which no machine has.

This module knows arrays only. Format (libtiff; TIFF Technote 3): one bit of sign, seven of
exponent with bias 63, sixteen of mantissa; exponent 0 holds zero and denormals, exponent 127
infinity and NaN; three bytes in the byte order of the file.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.types import ByteOrder

from .bits import pack_int24, unpack_int24

__all__ = ['decode', 'encode', 'from_words', 'to_words']

Array: TypeAlias = NDArray[Any]


def decode(data: Array, byteorder: ByteOrder, *, out: Array | None = None) -> Array:
    """Return 24-bit floats as float32, exactly; NaN keeps its sign only.

    Parameters:
        data: uint8 of shape (..., 3 x samples).
        byteorder: That of the file.
        out: float32 of shape (..., samples).

    Example:
        >>> decode(np.array([0, 0, 0x3f], 'u1'), '<').tolist()
        [1.0]
    """
    result = from_words(unpack_int24(data, byteorder, 'u4'))
    if out is None:
        return result
    out[...] = result
    return out


def from_words(word: Array) -> Array:
    """Return the low 24 bits of uint32 as float32 of the same shape."""
    exponent = (word >> 16) & 0x7F
    mantissa = word & 0xFFFF
    bits = (exponent + np.uint32(64)) << np.uint32(23)
    bits |= mantissa << np.uint32(7)
    special = exponent == 127
    if special.any():
        # NaN has no payload worth keeping: one form of it, so that readers agree bit by bit.
        bits[special] = np.where(mantissa[special] == 0, 0x7F800000, 0x7FC00000)
    small = exponent == 0
    if small.any():
        # 2**-62 is the smallest exponent, 16 bits follow the point: normal numbers in float32.
        bits[small] = (mantissa[small].astype('f4') * np.float32(2.0**-78)).view('u4')
    bits |= (word >> np.uint32(23)) << np.uint32(31)
    return bits.view('f4')


def encode(samples: Array, byteorder: ByteOrder) -> Array:
    """Return float32 rounded to the nearest 24-bit floats, ties to even.

    Parameters:
        samples: float32 of shape (..., samples). Too large values become infinity.
        byteorder: That of the file.

    Returns:
        uint8 of shape (..., 3 x samples).

    Example:
        >>> encode(np.array([1.0], 'f4'), '>').tobytes().hex()
        '3f0000'
    """
    return pack_int24(to_words(samples), byteorder)


def to_words(samples: Array) -> Array:
    """Return float32 as uint32 whose low 24 bits are the rounded 24-bit floats."""
    bits = np.ascontiguousarray(samples, 'f4').view('u4')
    sign = (bits >> np.uint32(31)) << np.uint32(23)
    magnitude = bits & np.uint32(0x7FFFFFFF)
    # 7 bits of mantissa go; adding half of the last kept bit (less one if it is even) rounds, and
    # carries into the exponent where it must.
    rounded = (magnitude + np.uint32(0x3F) + ((magnitude >> np.uint32(7)) & np.uint32(1))) >> (
        np.uint32(7)
    )
    word = rounded - np.uint32(64 << 16)
    word = np.where(rounded >= (64 + 127) << 16, np.uint32(127 << 16), word)
    small = rounded < np.uint32(65 << 16)
    if small.any():
        # float64 holds value * 2**78 exactly; rint rounds ties to even.
        scaled = np.rint(magnitude[small].view('f4').astype('f8') * 2.0**78)
        word[small] = scaled.astype('u4')
    nan = magnitude > np.uint32(0x7F800000)
    if nan.any():
        word[nan] = np.uint32(0x7F8000)
    return (word | sign).astype('u4')
