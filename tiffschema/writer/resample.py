"""Halving of images, band by band: nearest, mean, mode, Lanczos.

Knows rows of samples; neither pages nor files. A `Halver` is fed the rows of one plane from top to
bottom and gives rows of half the width and length, rounded up; it keeps a few rows only.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import UnsupportedError

__all__ = ['RESAMPLINGS', 'Halver', 'Resampling']

Resampling: TypeAlias = Literal['nearest', 'mean', 'mode', 'lanczos']
RESAMPLINGS: tuple[str, ...] = get_args(Resampling)

Array: TypeAlias = NDArray[Any]

SUPPORT = 8
"""Rows that Lanczos needs beyond the two it halves; its radius is 3 output rows."""


class Halver:
    """Halves the rows of one plane.

    Parameters:
        method: ``nearest`` takes the upper left sample of four, ``mean`` their mean, ``mode`` the
            most frequent (labels; of equals the first), ``lanczos`` filters with Pillow.
        length: Rows of the plane.
        dtype: Type of the samples.

    Example:
        >>> halver = Halver('mean', 4, np.dtype('uint8'))
        >>> halver.push(np.arange(16, dtype='uint8').reshape(4, 4, 1))[..., 0].tolist()
        [[3, 5], [11, 13]]
    """

    def __init__(self, method: Resampling, length: int, dtype: np.dtype[Any]) -> None:
        if method not in RESAMPLINGS:
            raise ValueError(f'resampling: {method!r} is none of {", ".join(RESAMPLINGS)}')
        if method == 'lanczos' and dtype.kind not in 'uif':
            raise ValueError(f'resampling: lanczos does not fit samples of type {dtype}')
        self._method = method
        self._length = length
        self._dtype = dtype
        self._rows: Array | None = None
        self._first = 0  # row of the plane at which the kept rows begin
        self._done = 0  # rows of the plane that are halved

    def push(self, rows: Array) -> Array:
        """Take rows (n, width, samples); return those of half size that are complete."""
        if self._rows is not None and len(self._rows):
            rows = np.concatenate([self._rows, rows])
        stop = self._first + len(rows)
        last = stop >= self._length
        margin = SUPPORT if self._method == 'lanczos' else 0
        end = stop if last else (stop - margin) & ~1
        if end <= self._done:
            self._rows = np.array(rows)
            return rows[:0, ::2]
        if margin:
            out = _lanczos(rows, self._done - self._first, end - self._first, self._dtype)
        else:
            out = self._halve(rows[self._done - self._first : end - self._first])
        self._done = end
        keep = max(end - margin, self._first)
        self._rows = np.array(rows[keep - self._first :])
        self._first = keep
        return out

    def _halve(self, rows: Array) -> Array:
        if self._method == 'nearest':
            return rows[::2, ::2]
        if rows.shape[0] & 1:
            rows = np.concatenate([rows, rows[-1:]])
        if rows.shape[1] & 1:
            rows = np.concatenate([rows, rows[:, -1:]], axis=1)
        four = (rows[::2, ::2], rows[::2, 1::2], rows[1::2, ::2], rows[1::2, 1::2])
        return _mode(*four) if self._method == 'mode' else _mean(four, self._dtype)


def _mean(four: tuple[Array, Array, Array, Array], dtype: np.dtype[Any]) -> Array:
    a, b, c, d = four
    if dtype.kind == 'b':
        return (a.astype('u1') + b + c + d) >= 2
    if dtype.kind in 'ui' and dtype.itemsize < 8:
        wide = np.dtype('i8' if dtype.itemsize == 4 else 'i4')
        total = a.astype(wide) + b + c + d + 2
        return (total >> 2).astype(dtype)
    if dtype.kind in 'ui':
        # Quarters are summed apart from remainders, which fit any type.
        quarters = (a >> 2) + (b >> 2) + (c >> 2) + (d >> 2)
        rest = (a & 3) + (b & 3) + (c & 3) + (d & 3) + 2
        summed: Array = quarters + (rest >> 2)
        return summed
    return ((a.astype('c16' if dtype.kind == 'c' else 'f8') + b + c + d) / 4).astype(dtype)


def _mode(a: Array, b: Array, c: Array, d: Array) -> Array:
    # With four votes: a wins unless another value has more votes than a has.
    votes_a = (a == b).astype('i1') + (a == c) + (a == d)
    votes_b = (b == c).astype('i1') + (b == d)
    votes_c = c == d
    out = np.where(votes_b > votes_a, b, a)
    best = np.maximum(votes_a, votes_b)
    result: Array = np.where(votes_c > best, c, out)
    return result


def _lanczos(rows: Array, begin: int, end: int, dtype: np.dtype[Any]) -> Array:
    try:
        from PIL import Image
    except ImportError:
        raise UnsupportedError(
            'resampling lanczos needs Pillow; install tiffschema[resample]'
        ) from None
    count, width = (end - begin + 1) // 2, (rows.shape[1] + 1) // 2
    out = np.empty((count, width, rows.shape[2]), dtype)
    stop = begin + 2 * count
    if stop > len(rows):
        rows = np.concatenate([rows, rows[-1:]])
    if rows.shape[1] & 1:
        rows = np.concatenate([rows, rows[:, -1:]], axis=1)
    for sample in range(rows.shape[2]):
        plane = np.ascontiguousarray(rows[..., sample], None if dtype == np.uint8 else np.float32)
        image = Image.fromarray(plane).resize(
            (width, count), Image.Resampling.LANCZOS, box=(0, begin, rows.shape[1], stop)
        )
        values = np.asarray(image)
        if dtype.kind in 'ui' and dtype != np.uint8:
            bounds = np.iinfo(dtype)
            values = np.clip(np.rint(values.astype('f8')), bounds.min, bounds.max)
        out[..., sample] = values
    return out
