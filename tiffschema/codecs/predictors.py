"""Predictors 1, 2, 3 and 34892 to 34895, both ways, for all widths and byte orders.

This module knows arrays only. Law: TIFF 6.0 section 14 (horizontal differences), TIFF Technote 3
(floating point), DNG 1.4 (the same over two and four pixels). Differences are taken along the
row, sample by sample, modulo two to the width of the sample; they are of *values*, so that words
must be in native byte order first. Floats under predictor 2 are treated as integers of their
width. Predictor 3 works on bytes and does not depend on the byte order of the file.
"""

from __future__ import annotations

import sys
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import UnsupportedError

from . import backend

__all__ = [
    'DISTANCE',
    'accumulate',
    'difference',
    'float_accumulate',
    'float_difference',
    'is_floating',
]

Array: TypeAlias = NDArray[Any]

DISTANCE: Final = {1: 0, 2: 1, 3: 1, 34892: 2, 34893: 4, 34894: 2, 34895: 4}
"""Pixels between a sample and the one it is predicted from, by value of tag 317."""

_LITTLE: Final = sys.byteorder == 'little'


def is_floating(predictor: int) -> bool:
    """Return whether a predictor is one of bytes of floats.

    Raises:
        UnsupportedError: The predictor is unknown.

    Example:
        >>> is_floating(2), is_floating(34894)
        (False, True)
    """
    if predictor not in DISTANCE:
        raise UnsupportedError(f'predictor {predictor} is unknown')
    return predictor in {3, 34894, 34895}


def _integers(array: Array) -> Array:
    """Return floats and booleans seen as unsigned integers of their width."""
    return array if array.dtype.kind == 'u' else array.view(f'u{array.dtype.itemsize}')


def accumulate(samples: Array, distance: int, *, out: Array | None = None) -> Array:
    """Undo horizontal differences.

    Parameters:
        samples: Native words of shape (..., width, samples per pixel).
        distance: In pixels, from `DISTANCE`.
        out: Destination of the same dtype, possibly strided, perhaps `samples` itself; it may be
            narrower and lower than `samples`, the rest is not computed.

    Returns:
        `out`, or a new array.

    Example:
        >>> accumulate(np.array([[[250], [3], [5]]], 'u1'), 1).ravel().tolist()
        [250, 253, 2]
    """
    if out is None:
        out = np.empty(samples.shape, samples.dtype)
    elif out.shape != samples.shape:
        samples = samples[tuple(slice(size) for size in out.shape)]
    source, target = _integers(samples), _integers(out)
    decode = backend.find('delta_decode')
    if decode is not None and distance == 1:
        decode(source, axis=-2, out=target)
        return out
    for phase in range(min(distance, source.shape[-2])):
        part, place = source[..., phase::distance, :], target[..., phase::distance, :]
        if decode is not None:
            decode(part, axis=-2, out=place)
        else:
            np.cumsum(part, axis=-2, dtype=source.dtype, out=place)
    return out


def difference(samples: Array, distance: int) -> Array:
    """Take horizontal differences: the way back of `accumulate`.

    Parameters:
        samples: Native words of shape (..., width, samples per pixel).
        distance: In pixels.

    Returns:
        A new C-contiguous array of the same dtype.

    Example:
        >>> difference(np.array([[[250], [253], [2]]], 'u1'), 1).ravel().tolist()
        [250, 3, 5]
    """
    source = _integers(samples)
    result = np.empty(source.shape, source.dtype)
    result[..., :distance, :] = source[..., :distance, :]
    if distance < source.shape[-2]:
        np.subtract(
            source[..., distance:, :], source[..., :-distance, :], out=result[..., distance:, :]
        )
    return result.view(samples.dtype)


def float_accumulate(rows: Array, distance: int, samples: int, out: Array) -> Array:
    """Undo the floating-point predictor.

    Parameters:
        rows: uint8 of shape (..., rows, bytes per row), overwritten: planes of bytes of a row,
            the most significant first, as differences of bytes.
        distance: In pixels.
        samples: Samples per pixel.
        out: Native floats of shape (..., rows, width, samples), possibly strided, and possibly
            narrower than the rows. For float24 give uint8 of shape (..., rows, width, 3 * samples):
            it receives big-endian triples.

    Returns:
        `out`.
    """
    if not _is_divisible(out):
        out[...] = float_accumulate(rows, distance, samples, np.empty(out.shape, out.dtype))
        return out
    nbytes = rows.shape[-1]
    pixels = rows.reshape(*rows.shape[:-1], nbytes // samples, samples)
    accumulate(pixels, distance, out=pixels)
    places = _byte_view(out, samples)
    size = places.shape[-1]
    planes = rows.reshape(*rows.shape[:-1], size, nbytes // size // samples, samples)
    low_first = _LITTLE and out.dtype.itemsize > 1
    width = out.shape[-2]
    # One strided copy per byte of a sample: faster than shifting and joining words, and the only
    # pass besides the sums.
    for index in range(size):
        places[..., size - 1 - index if low_first else index] = planes[..., index, :width, :]
    return out


def float_difference(samples: Array, distance: int) -> Array:
    """Apply the floating-point predictor: the way back of `float_accumulate`.

    Parameters:
        samples: Native floats of shape (..., rows, width, samples per pixel); for float24 uint8
            with big-endian triples in the last axis.

    Returns:
        uint8 of shape (..., rows, bytes per row).
    """
    samples = np.ascontiguousarray(samples)
    count = samples.shape[-1] // (1 if samples.dtype.itemsize > 1 else 3)
    places = _byte_view(samples, count)
    size = places.shape[-1]
    if _LITTLE and samples.dtype.itemsize > 1:
        places = places[..., ::-1]
    planes = np.ascontiguousarray(np.moveaxis(places, -1, -3))
    nbytes = size * samples.shape[-2] * count
    pixels = planes.reshape(*samples.shape[:-2], nbytes // count, count)
    return difference(pixels, distance).reshape(*samples.shape[:-2], nbytes)


def _is_divisible(array: Array) -> bool:
    """Return whether the samples of a pixel lie side by side, so that parts of them can be seen."""
    return array.shape[-1] == 1 or array.strides[-1] == array.dtype.itemsize


def _byte_view(array: Array, samples: int) -> Array:
    """Return an array of shape (..., samples) as bytes of shape (..., samples, bytes)."""
    if array.dtype.itemsize > 1:
        array = array.view('u1')
    return array.reshape(*array.shape[:-1], samples, array.shape[-1] // samples)
