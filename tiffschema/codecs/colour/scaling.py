"""Sample ranges: any depth to the 8 or 16 bits of shown colour.

This module knows numbers only. Integers of up to 8 bits are shown as uint8, wider ones as uint16,
both over the full range; floats stay floats. Signed integers are shifted so that the least is 0.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ['Array', 'from_unit', 'rescaled', 'shown_dtype', 'unsigned']

Array: TypeAlias = NDArray[Any]


def shown_dtype(dtype: np.dtype[Any], bits: int) -> np.dtype[Any]:
    """Return the type of the colours that samples of a type are shown as."""
    if dtype.kind == 'f':
        return np.dtype('f4' if dtype.itemsize < 8 else 'f8')
    return np.dtype('u1' if bits <= 8 else 'u2')


def unsigned(array: Array, bits: int) -> Array:
    """Return integers as unsigned ones, 0 being the least that `bits` hold."""
    if array.dtype == bool:
        return array.view('u1')
    if array.dtype.kind == 'i':
        kind = np.dtype(f'u{array.dtype.itemsize}')
        flipped: Array = array.view(kind) ^ kind.type(1 << (bits - 1))
        return flipped
    return array


def rescaled(array: Array, bits: int) -> Array:
    """Return unsigned integers of `bits` over the full range of 8 or 16 bits, rounded.

    Example:
        >>> rescaled(np.array([0, 1, 2, 3], 'u1'), 2).tolist()
        [0, 85, 170, 255]
    """
    dtype = shown_dtype(array.dtype, bits)
    top, limit = np.iinfo(dtype).max, (1 << bits) - 1
    if limit == top:
        return array.astype(dtype, copy=False)
    if top % limit == 0:
        whole: Array = np.minimum(array, limit).astype(dtype) * np.array(top // limit, dtype)
        return whole
    scaled: Array = np.minimum(array.astype('f8') * (top / limit) + 0.5, top).astype(dtype)
    return scaled


def from_unit(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return floats 0..1 as samples of a shown type, clipped and rounded; floats unclipped."""
    if dtype.kind == 'f':
        return array.astype(dtype, copy=False)
    top = np.iinfo(dtype).max
    clipped = np.clip(np.nan_to_num(array), 0, 1)
    rounded: Array = (clipped * top + 0.5).astype(dtype)
    return rounded
