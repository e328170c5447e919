"""Series that are reduced copies of others become their levels.

This module compares shapes, axes and types; it reads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from tiffschema.runtime.series import TiffPageSeries

__all__ = ['grouped', 'is_level']

_FACTORS = (2, 3, 4)


def grouped(
    series: Sequence[TiffPageSeries], *, only_reduced: bool = False
) -> list[TiffPageSeries]:
    """Return series without those that became levels of an earlier one.

    A series is the next level of an earlier one if axes and type agree, its X, Y and Z lengths are
    those of the level before divided by 2, 3 or 4 to less than a pixel (the same number for all
    levels of a pyramid), and its other lengths are equal.

    Parameters:
        series: In the order of the file.
        only_reduced: Only pages flagged as reduced images (NewSubfileType) are levels.
    """
    found: list[TiffPageSeries] = []
    factors: dict[int, int] = {}
    for candidate in series:
        if not only_reduced or candidate.keyframe.is_reduced:
            base = _base_of(candidate, found, factors)
            if base is not None:
                base.levels.append(candidate)
                continue
        found.append(candidate)
    return found


def _base_of(
    candidate: TiffPageSeries, bases: Sequence[TiffPageSeries], factors: dict[int, int]
) -> TiffPageSeries | None:
    for base in bases:
        if base.keyframe.is_subifd:
            continue
        known = factors.get(id(base))
        for factor in _FACTORS if known is None else (known,):
            if is_level(base.levels[-1], candidate, factor):
                factors[id(base)] = factor
                return base
    return None


def is_level(larger: TiffPageSeries, smaller: TiffPageSeries, factor: int) -> bool:
    """Return whether one series is another one reduced by a factor."""
    if larger.dtype != smaller.dtype:
        return False
    axes = larger.get_axes(False)
    if axes != smaller.get_axes(False):
        return False
    for axis, size, reduced in zip(
        axes, larger.get_shape(False), smaller.get_shape(False), strict=True
    ):
        if axis in 'XYZ':
            if abs(size / factor - reduced) >= 1:
                return False
        elif size != reduced:
            return False
    return True
