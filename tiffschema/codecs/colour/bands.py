"""Images cut into bands of rows, so that what is made on the way of a conversion stays small.

Knows shapes only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .scaling import Array

__all__ = ['by_bands', 'row_bands']

BAND_PIXELS = 1 << 17


def row_bands(shape: tuple[int, ...], pixels: int = BAND_PIXELS) -> Iterator[tuple[Any, ...]]:
    """Yield the indices of bands of rows of an array of shape (..., L, W, S).

    Parameters:
        shape: Of the array.
        pixels: About so many lie in a band, one row at least.

    Example:
        >>> [index[1] for index in row_bands((5, 4, 3), pixels=8)]
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    length = shape[-3]
    row = math.prod(shape[:-3]) * shape[-2]
    rows = max(pixels // max(row, 1), 1)
    for start in range(0, length, rows):
        yield ..., slice(start, min(start + rows, length)), slice(None), slice(None)


def by_bands(array: Array, convert: Callable[[Array], Array]) -> Array:
    """Return what a function of single pixels makes of an image, worked out band by band.

    Parameters:
        array: Shape (..., L, W, S).
        convert: Takes and returns such arrays of equal L and W; the type and samples of what it
            returns do not depend on the pixels.
    """
    whole: Array | None = None
    for index in row_bands(array.shape):
        band = convert(array[index])
        if band.shape[-3] == array.shape[-3]:
            return band
        if np.may_share_memory(band, array):
            break  # nothing is made: the samples are the colours
        if whole is None:
            shape = (*array.shape[:-1], band.shape[-1])
            whole = np.empty(shape, band.dtype)
        whole[index] = band
    return convert(array) if whole is None else whole
