"""Sizes of pixels that the metadata of a file's kinds declare.

Knows declared rules and files; decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiffschema.model.calibration import calibration_kinds, calibration_rule

__all__ = ['calibrated']


def calibrated(series: Any) -> tuple[Mapping[str, Any], Mapping[str, str], str] | None:
    """Return coordinates and units by axis, and the kind that has them; None if none has.

    Parameters:
        series: One that has none of its own. Only that of the first page is what metadata speak of.
    """
    tif, page = series.parent, series.keyframe
    if page.parent is not tif or page.treeindex != (0,) or not hasattr(tif, 'is_kind'):
        return None
    sizes = dict(zip(series.get_axes(False), series.get_shape(False), strict=True))
    for kind in calibration_kinds():
        if tif.is_kind(kind):
            coords, units = calibration_rule(kind)(getattr(tif, f'{kind}_metadata'), sizes)
            if coords:
                return coords, units, kind
    return None
