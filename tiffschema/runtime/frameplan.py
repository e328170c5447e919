"""How the shape of a series is made of frames.

This module knows shapes and selections only.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .places import Window
    from .selection import Selection

__all__ = ['FramePlan']


class FramePlan:
    """How the shape of a series is made of frames.

    Parameters:
        lead: Lengths of the axes over frames.
        places: For each further axis of the series its axis in (P, D, L, W, c), -1 for length 1.
    """

    def __init__(self, lead: tuple[int, ...], places: tuple[int, ...]) -> None:
        self.lead = lead
        self.places = places
        self.count = math.prod(lead)

    @classmethod
    @lru_cache(maxsize=64)
    def of(
        cls, shape: tuple[int, ...], page_shape: tuple[int, ...], shaped: tuple[int, ...]
    ) -> FramePlan | None:
        """Return the plan of a shape, None if its last axes are not those of a page."""
        long = [size for size in page_shape if size != 1]
        page_axes = [axis for axis, size in enumerate(shaped) if size != 1]
        size = math.prod(page_shape)
        for cut in range(len(shape), -1, -1):
            tail = shape[cut:]
            if math.prod(tail) == size and [each for each in tail if each != 1] == long:
                number = iter(page_axes)
                places = tuple(next(number) if each != 1 else -1 for each in tail)
                return cls(tuple(shape[:cut]), places)
        return None

    def frames(self, chosen: Selection) -> tuple[NDArray[np.intp], Window]:
        """Return the frames that a selection takes, and what it takes of each."""
        lead = chosen.ranges[: len(self.lead)]
        if lead:
            grids = np.ix_(*[np.asarray(each, np.intp) for each in lead])
            wanted = np.ravel(np.ravel_multi_index(grids, self.lead))
            wanted = wanted.astype(np.intp)
        else:
            wanted = np.zeros(1, np.intp)
        window = [range(1)] * 5
        for place, each in zip(self.places, chosen.ranges[len(self.lead) :], strict=True):
            if place >= 0:
                window[place] = each
        return wanted, (window[0], window[1], window[2], window[3], window[4])
