"""What a format knows of a series besides its pages: kind, name, coordinates, attributes.

Rule: shape and pages of a series are fixed when it is made; its meaning may be added later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .series import TiffPageSeries

__all__ = ['describe', 'pixel_coordinates']


def describe(
    series: TiffPageSeries,
    *,
    kind: str | None = None,
    name: str | None = None,
    attrs: Mapping[str, Any] | None = None,
    coords: Mapping[str, Any] | None = None,
    units: Mapping[str, str] | None = None,
    source: str | None = None,
) -> TiffPageSeries:
    """Add to what is known of one level of a series, and return it.

    Parameters:
        series: The series, or a level of one.
        kind: Its kind.
        name: Its name.
        attrs: Attributes to add.
        coords: By axis (offset, step) or all coordinates.
        units: Unit by axis.
        source: Where coordinates were found.
    """
    if kind is not None:
        series.kind = kind
    if name is not None:
        series.name = name
    series._attrs.update(attrs or {})
    series._coords.update(coords or {})
    series._units.update(units or {})
    if source is not None:
        series.source = source
    for derived in ('coordinates', '_calibration'):
        series.__dict__.pop(derived, None)
    return series


def pixel_coordinates(series: TiffPageSeries, mpp: tuple[float, float], source: str) -> None:
    """Give all levels of a series coordinates in micrometres.

    Parameters:
        series: The series.
        mpp: Micrometres per pixel of the first level along X and Y.
        source: Where they were found.
    """
    base = series.keyframe
    for level in series.levels:
        frame = level.keyframe
        # Levels cover the same area with fewer pixels.
        along_x = mpp[0] * (base.imagewidth / frame.imagewidth if frame.imagewidth else 1.0)
        along_y = mpp[1] * (base.imagelength / frame.imagelength if frame.imagelength else 1.0)
        describe(
            level,
            attrs={'mpp': (along_x, along_y)},
            coords={'X': (0.0, along_x), 'Y': (0.0, along_y)},
            units={'X': 'micrometer', 'Y': 'micrometer'},
            source=source,
        )
