"""Sums of frames of a counting detector, corrected for gain and defects, computed when asked for.

Knows series of frames and arrays, no format.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tiffschema.limits import Limits
from tiffschema.runtime.output import create_output
from tiffschema.runtime.selection import SelectionArgument, as_slice, select
from tiffschema.runtime.series import TiffPageSeries

__all__ = ['DoseFractions', 'filled']

Array = NDArray[Any]

_AHEAD = 64 << 20
"""Bytes of frames decoded at a time."""


class DoseFractions:
    """Frames summed in groups, as an array of shape (fractions, Y, X) that is computed lazily.

    Parameters:
        series: Frames of shape (frames, Y, X).
        size: Number of frames in a fraction.
        gain: What sums are multiplied by, of shape (Y, X), or of the detector where frames are of
            super-resolution; references that divide are given as their inverse.
        defects: Pixels that do not count, boolean of shape (Y, X) or of the detector; they become
            the mean of the good pixels nearest to them.
        dtype: Of the result: float32 with gain or defects, else uint16, or uint32 where samples
            have more than 8 bits, or a fraction more frames than uint16 can count.
        remainder: Keep a last fraction of fewer frames; else these frames are left out.
        errors: As in `TiffPageSeries.asarray`: ``'raise'``, or ``'fault'`` to count damaged frames
            as empty.
        maxworkers: Threads at most.

    Raises:
        ValueError: The series is no stack of frames of integers, or an argument does not fit it.
            When fractions are read: sums are too large for `dtype`.

    Example:
        >>> from tiffschema import TiffFile
        >>> from tiffschema.testing import forge
        >>> with TiffFile(forge('eer', planes=7).data) as tif:
        ...     sums = DoseFractions(tif.series[0], 3)
        ...     sums.shape, str(sums.dtype), sums.frames(1), int(sums[0].max())
        ((2, 24, 40), 'uint16', range(3, 6), 2)
    """

    def __init__(
        self,
        series: TiffPageSeries,
        size: int,
        *,
        gain: Array | None = None,
        defects: Array | None = None,
        dtype: DTypeLike | None = None,
        remainder: bool = False,
        errors: Any = None,
        maxworkers: int | None = None,
    ) -> None:
        shape = series.get_shape(squeeze=False)
        if len(shape) == 2:
            shape = (1, *shape)
        if len(shape) != 3 or not series.get_axes(squeeze=False).endswith('YX'):
            raise ValueError(f'series: {series.axes} are no frames of one sample a pixel')
        samples = series.keyframe.dtype
        if samples is None or samples.kind not in 'bui':
            raise ValueError(f'series: samples of {samples} are no counts')
        if not 1 <= size <= shape[0]:
            raise ValueError(f'size: {size} frames of {shape[0]} make no fraction')
        self.series = series
        self.size = int(size)
        self._count = shape[0]
        self._gain = None if gain is None else _fitted('gain', gain, shape[1:], np.float32)
        self._defects = None if defects is None else _fitted('defects', defects, shape[1:], bool)
        if self._defects is not None and self._defects.all():
            raise ValueError('defects: no pixel is good')
        groups = -(-shape[0] // size) if remainder else shape[0] // size
        self.shape = (groups, *shape[1:])
        self._reading = {'errors': errors, 'maxworkers': maxworkers}
        corrected = gain is not None or defects is not None
        counts = np.uint16 if size < 1 << 16 and samples.itemsize == 1 else np.uint32
        self.dtype = np.dtype((np.float32 if corrected else counts) if dtype is None else dtype)
        fits = samples.kind in 'bu' and size << 8 * samples.itemsize <= 1 << 32
        self._total = np.dtype(np.uint32 if fits else f'{samples.kind}8'.replace('b', 'u'))

    axes = 'IYX'

    @property
    def ndim(self) -> int:
        """Number of axes, 3."""
        return 3

    @property
    def nbytes(self) -> int:
        """Bytes of all fractions."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def chunks(self) -> tuple[int, int, int]:
        """Shape of what is computed at a time: one fraction; for ``dask.array.from_array``."""
        return (1, *self.shape[1:])

    def frames(self, index: int) -> range:
        """Return the indices of the frames of a fraction.

        Raises:
            IndexError: There is no such fraction.
        """
        if not 0 <= index < len(self):
            raise IndexError(f'fraction {index} is none of {len(self)}')
        return range(index * self.size, min((index + 1) * self.size, self._count))

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self._fraction(index) for index in range(len(self)))

    def __getitem__(self, selection: SelectionArgument) -> Array:
        """Return a part of the fractions; frames of others are not read."""
        chosen = select(selection, self.shape)
        limits: Limits = self.series.parent.limits
        block = create_output(None, chosen.shape, self.dtype, limits=limits)
        rows, columns = (as_slice(each) for each in chosen.ranges[1:])
        for place, index in enumerate(chosen.ranges[0]):
            block[place] = self._fraction(index)[rows, columns]
        return chosen.take(block)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError('fractions are computed: there is no array without a copy')
        return self[...] if dtype is None else self[...].astype(dtype, copy=False)

    def _fraction(self, index: int) -> Array:
        wanted = self.frames(index)
        frame = self.series.keyframe.nbytes or 1
        total = np.zeros(self.shape[1:], self._total)
        step = max(1, _AHEAD // frame)
        for start in range(wanted.start, wanted.stop, step):
            part = slice(start, min(start + step, wanted.stop))
            whole = self._count > 1
            stack = self.series.asarray(
                squeeze=False, selection=part if whole else None, **self._reading
            )
            total += stack.reshape(-1, *total.shape).sum(0, dtype=self._total)
        if self._gain is None and self._defects is None:
            return _cast(total, self.dtype)
        result = total.astype(np.float32)
        if self._gain is not None:
            result *= self._gain
        if self._defects is not None:
            filled(result, self._defects)
        return _cast(result, self.dtype)

    def __repr__(self) -> str:
        shape = 'x'.join(map(str, self.shape))
        return f'<tiffschema.DoseFractions {shape} {self.dtype} of {self.size} frames>'


def _cast(sums: Array, dtype: np.dtype[Any]) -> Array:
    """Return sums as a type.

    Raises:
        ValueError: The type cannot hold them.
    """
    if dtype.kind in 'ui' and sums.size:
        bounds = np.iinfo(dtype)
        low, high = sums.min(), sums.max()
        if low < bounds.min or high > bounds.max:
            raise ValueError(f'dtype: {dtype} cannot hold sums from {low} to {high}')
    return sums.astype(dtype, copy=False)


def _fitted(name: str, given: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return a map of the detector, repeated where frames are finer.

    Raises:
        ValueError: It has another shape.
    """
    array = np.asarray(given)
    if (
        array.ndim != 2
        or not array.size
        or any(n % m for n, m in zip(shape, array.shape, strict=True))
    ):
        raise ValueError(f'{name}: shape {array.shape} is no part of {shape}')
    if dtype is bool and array.dtype.kind not in 'bui':
        raise ValueError(f'{name}: needs truth values, not {array.dtype}')
    array = array.astype(dtype)
    for axis in (0, 1):
        array = np.repeat(array, shape[axis] // array.shape[axis], axis)
    return array


def filled(image: Array, defects: Array) -> None:
    """Put the mean of the nearest good pixels in the place of defects.

    The pixels are those in the smallest square round a defect that has a good one. Pixels that
    are no finite numbers are not good, but stay as they are.

    Parameters:
        image: Of shape (Y, X), floats; changed in place.
        defects: Boolean of the same shape.

    Example:
        >>> image = np.array([[1.0, 0.0, 3.0]])
        >>> filled(image, np.array([[False, True, False]]))
        >>> image.tolist()
        [[1.0, 2.0, 3.0]]
    """
    good = ~defects & np.isfinite(image)
    sums, counts = (_integral(part) for part in (np.where(good, image, 0), good))
    rows, columns = np.nonzero(defects)
    radius = 1
    while len(rows) and radius < max(image.shape) * 2:
        box = [
            (np.maximum(places - radius, 0), np.minimum(places + radius + 1, size))
            for places, size in zip((rows, columns), image.shape, strict=True)
        ]
        number = _within(counts, *box)
        found = number > 0
        image[rows[found], columns[found]] = _within(sums, *box)[found] / number[found]
        rows, columns = rows[~found], columns[~found]
        radius += 1


def _integral(image: Array) -> Array:
    summed = np.zeros((image.shape[0] + 1, image.shape[1] + 1))
    summed[1:, 1:] = image.cumsum(0, dtype=np.float64).cumsum(1)
    return summed


def _within(summed: Array, rows: tuple[Array, Array], columns: tuple[Array, Array]) -> Array:
    """Return sums of rectangles."""
    (top, bottom), (left, right) = rows, columns
    inside: Array = (
        summed[bottom, right] - summed[top, right] - summed[bottom, left] + summed[top, left]
    )
    return inside
