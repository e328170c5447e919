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


_Part: TypeAlias = tuple[int, slice, slice, bool]
"""Along one axis: size of a segment, where it goes, what of it is wanted, whether that is all."""


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
        (_, d, l, w), grid = cuts, geometry.grid  # noqa: E741 - axes of a segment
        indices: Sequence[int] = cuts[0]
        for cut, count in ((d, grid[1]), (l, grid[2]), (w, grid[3])):
            if count > 1:
                indices = [index * count + place for index in indices for place in cut]
        self.indices = indices
        sizes, ends = geometry.segment_shape, geometry.shaped
        self._z = _parts(window[1], d, sizes[0], ends[1])
        self._y = _parts(window[2], l, sizes[1], ends[2])
        self._x = _parts(window[3], w, sizes[2], ends[3])
        self._c = _part(window[4], 0, sizes[3])

    def __call__(self, number: int) -> Place:
        """Return the place of one of `indices`."""
        number, x = divmod(number, len(self._x))
        number, y = divmod(number, len(self._y))
        plane, z = divmod(number, len(self._z))
        depth, d, inner_d, whole_d = self._z[z]
        length, l, inner_l, whole_l = self._y[y]  # noqa: E741 - axes of a segment
        width, w, inner_w, whole_w = self._x[x]
        contig, c, inner_c, whole_c = self._c
        whole = whole_d and whole_l and whole_w and whole_c
        inner = None if whole else (inner_d, inner_l, inner_w, inner_c)
        return Place((depth, length, width, contig), (plane, d, l, w, c), inner)


def _parts(wanted: range, cut: Iterable[int], size: int, end: int) -> list[_Part]:
    """Return the parts of segments along an axis."""
    return [_part(wanted, place * size, min(size, end - place * size)) for place in cut]


def _part(wanted: range, begin: int, size: int) -> _Part:
    """Return what a selection takes of a segment along one axis."""
    step = wanted.step
    offset = begin - wanted.start
    if step == 1:
        # As regions are: what begins last, up to what ends first.
        first = offset if offset > 0 else 0
        stop = min(offset + size, len(wanted))
        return size, slice(first, stop), slice(first - offset, stop - offset), stop - first == size
    # The first index that is not before the segment, and the first one behind it.
    first = -(-offset // step) if offset > 0 else 0
    stop = min(-(-(offset + size) // step), len(wanted))
    start = first * step - offset
    return size, slice(first, stop), slice(start, start + (stop - first) * step, step), False
