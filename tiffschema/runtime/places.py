"""Where strips and tiles go: what a selection takes of each, and where that lies in its array.

Knows geometry alone; neither bytes nor samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.geometry import Geometry

__all__ = ['Place', 'Places', 'Window', 'full_window', 'side_by_side']

Window: TypeAlias = tuple[range, range, range, range, range]
"""Indices wanted along (P, D, L, W, c)."""


def side_by_side(
    image: NDArray[Any], corner: Sequence[int], shape: Sequence[int], axis: int, count: int
) -> NDArray[Any]:
    """Return segments that follow each other along an axis of (D, L, W, c) as an array of them.

    Parameters:
        image: Array of a plane.
        corner: Where the first segment begins.
        shape: Of each segment.
        axis: Along which they follow.
        count: How many there are.
    """
    sizes = list(shape)
    sizes[axis] *= count
    stretch = image[tuple(slice(at, at + size) for at, size in zip(corner, sizes, strict=False))]
    return np.moveaxis(stretch.reshape(*shape[:axis], count, *shape[axis:]), axis, 0)


def full_window(shaped: Sequence[int]) -> Window:
    """Return the window that holds all of a page of shape (P, D, L, W, c)."""
    planes, depth, length, width, contig = shaped
    return range(planes), range(depth), range(length), range(width), range(contig)


class Place(NamedTuple):
    """Where one segment goes: the same for all frames of a job.

    Parameters:
        extent: Shape of the segment inside the image.
        outer: Where its part goes in the array of a frame.
        inner: What of it is wanted, None for all of it.
    """

    extent: tuple[int, int, int, int]
    outer: tuple[Any, ...]
    inner: tuple[slice, ...] | None


class _Part(NamedTuple):
    """Along one axis: where a segment goes, what of it is wanted, whether that is all of it."""

    size: int
    outer: slice
    inner: slice
    whole: bool


class Places:
    """Places of the segments that a window touches; what they share along an axis is done once.

    Parameters:
        geometry: How the page is cut.
        window: Indices wanted along (P, D, L, W, c), none with a negative step.

    Attributes:
        indices: Which segments are touched, in ascending order.
    """

    def __init__(self, geometry: Geometry, window: Window) -> None:
        cuts = [geometry.places_along(axis, window[axis]) for axis in range(4)]
        indices = [0]
        for cut, count in zip(cuts, geometry.grid, strict=True):
            indices = [index * count + place for index in indices for place in cut]
        self.indices = indices
        sizes, ends = geometry.segment_shape, geometry.shaped
        self._z, self._y, self._x = (
            _parts(window[axis], cuts[axis], sizes[axis - 1], ends[axis]) for axis in (1, 2, 3)
        )
        self._c = _part(window[4], 0, geometry.segment_shape[3])

    def __call__(self, number: int) -> Place:
        """Return the place of one of `indices`."""
        number, x = divmod(number, len(self._x))
        number, y = divmod(number, len(self._y))
        plane, z = divmod(number, len(self._z))
        d, l, w, c = self._z[z], self._y[y], self._x[x], self._c  # noqa: E741 - axes of a segment
        whole = d.whole and l.whole and w.whole and c.whole
        inner = None if whole else (d.inner, l.inner, w.inner, c.inner)
        outer = plane, d.outer, l.outer, w.outer, c.outer
        return Place((d.size, l.size, w.size, c.size), outer, inner)


def _parts(wanted: range, cut: Iterable[int], size: int, end: int) -> list[_Part]:
    """Return the parts of segments along an axis."""
    return [_part(wanted, place * size, min(size, end - place * size)) for place in cut]


def _part(wanted: range, begin: int, size: int) -> _Part:
    """Return what a selection takes of a segment along one axis."""
    offset, step = begin - wanted.start, wanted.step
    # The first index that is not before the segment, and the first one behind it.
    first = -(-offset // step) if offset > 0 else 0
    stop = min(-(-(offset + size) // step), len(wanted))
    start = first * step - offset
    inner = slice(start, start + (stop - first) * step, step)
    return _Part(size, slice(first, stop), inner, step == 1 and stop - first == size)
