"""Where strips and tiles go: what a selection takes of each, and where that lies in its array.

Knows geometry alone; neither bytes nor samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tiffschema.model.geometry import Geometry

__all__ = ['Place', 'Places', 'Window', 'full_window']

Window: TypeAlias = tuple[range, range, range, range, range]
"""Indices wanted along (P, D, L, W, c)."""


def full_window(shaped: Sequence[int]) -> Window:
    """Return the window that holds all of a page of shape (P, D, L, W, c)."""
    planes, depth, length, width, contig = shaped
    return range(planes), range(depth), range(length), range(width), range(contig)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one segment goes: the same for all frames of a job.

    Parameters:
        extent: Shape of the segment inside the image.
        outer: Where its part goes in the array of a frame.
        inner: What of it is wanted, None for all of it.
    """

    extent: tuple[int, int, int, int]
    outer: tuple[Any, ...]
    inner: tuple[slice, ...] | None


_Part: TypeAlias = tuple[slice, slice, bool]
"""Along one axis: where a segment goes, what of it is wanted, and whether that is all of it."""


class Places:
    """Places of segments by index; what they share along an axis is worked out once.

    Parameters:
        geometry: How the page is cut.
        window: Indices wanted along (P, D, L, W, c), none with a negative step.
    """

    def __init__(self, geometry: Geometry, window: Window) -> None:
        self.geometry = geometry
        self.planes, *self.ranges = window
        self._parts: list[dict[int, _Part]] = [{}, {}, {}, {}]

    def __call__(self, index: int) -> Place:
        plane, z, y, x = self.geometry.position(index)
        extent = self.geometry.extent_at(z, y, x)
        parts = []
        for axis, begin in enumerate((z, y, x, 0)):
            part = self._parts[axis].get(begin)
            if part is None:
                part = self._parts[axis][begin] = _part(self.ranges[axis], begin, extent[axis])
            parts.append(part)
        d, l, w, c = parts  # noqa: E741 - the axes of a segment
        whole = d[2] and l[2] and w[2] and c[2]
        inner = None if whole else (d[1], l[1], w[1], c[1])
        return Place(extent, (self.planes.index(plane), d[0], l[0], w[0], c[0]), inner)


def _part(wanted: range, begin: int, size: int) -> _Part:
    """Return what a selection takes of a segment along one axis."""
    offset, step = begin - wanted.start, wanted.step
    # The first index that is not before the segment, and the first one behind it.
    first = -(-offset // step) if offset > 0 else 0
    stop = min(-(-(offset + size) // step), len(wanted))
    start = first * step - offset
    inner = slice(start, start + (stop - first) * step, step)
    return slice(first, stop), inner, step == 1 and stop - first == size
