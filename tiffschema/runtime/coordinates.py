"""Physical meaning of axes: offset, step and unit of each, and where that was found.

This module knows numbers, units and what tags of a page say; it reads no files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import LimitError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.model.enums import enumstr, member

__all__ = ['Coordinates', 'PixelSize', 'axes_coordinates', 'metres', 'page_coordinates']

_METRES: Mapping[str, float] = {
    'meter': 1.0,
    'metre': 1.0,
    'm': 1.0,
    'decimeter': 1e-1,
    'dm': 1e-1,
    'centimeter': 1e-2,
    'cm': 1e-2,
    'millimeter': 1e-3,
    'mm': 1e-3,
    'micrometer': 1e-6,
    'micron': 1e-6,
    'um': 1e-6,
    '\u00b5m': 1e-6,
    '\u03bcm': 1e-6,
    'nanometer': 1e-9,
    'nm': 1e-9,
    'angstrom': 1e-10,
    '\u00c5': 1e-10,
    'picometer': 1e-12,
    'pm': 1e-12,
    'inch': 0.0254,
}

_SAMPLES: Mapping[int, tuple[str, ...]] = {
    0: ('WhiteIsZero',),
    1: ('BlackIsZero',),
    2: ('Red', 'Green', 'Blue'),
    5: ('Cyan', 'Magenta', 'Yellow', 'Black'),
    6: ('Luma', 'Cb', 'Cr'),
}
"""Names of samples by photometric interpretation."""

_TAG_UNITS: Mapping[int, str] = {2: 'inch', 3: 'centimeter', 4: 'millimeter', 5: 'micrometer'}


def metres(unit: str) -> float | None:
    """Return the length of a unit in metres, None if it is no known unit of length.

    Example:
        >>> metres('micrometer')
        1e-06
    """
    return _METRES.get(unit)


_RESOLUTIONS = 'XResolution', 'YResolution'


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Extent of a pixel along one axis.

    Parameters:
        metres: Its size in metres.
        source: Where that stands in the file: a tag or a text.
    """

    metres: float
    source: str


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Offsets, steps and units of the axes of an image.

    Parameters:
        scales: Distance between neighbours by axis.
        offsets: Coordinate of the first one.
        units: Name of the unit, where there is one.
        arrays: All coordinates of an axis, where they are no even steps.
        source: Where the scales were found.
    """

    scales: Mapping[str, float]
    offsets: Mapping[str, float]
    units: Mapping[str, str]
    arrays: Mapping[str, NDArray[Any]]
    source: Mapping[str, str]

    def array(self, axis: str, size: int, limits: Limits = DEFAULT_LIMITS) -> NDArray[Any] | None:
        """Return the coordinates of an axis of a length, None if nothing is known of it.

        Raises:
            LimitError: The axis is longer than arrays of structures may be.
        """
        found = self.arrays.get(axis)
        if found is not None:
            return found
        scale = self.scales.get(axis)
        if scale is None:
            return None
        if size > limits.items:
            message = f'{size} coordinates of axis {axis}, more than {limits.items} (Limits.items)'
            raise LimitError(message, 'coords')
        kind = np.float32 if self.source.get(axis) in _RESOLUTIONS else np.float64
        with np.errstate(over='ignore'):
            values: NDArray[Any] = np.arange(size, dtype=np.float64) * scale
            return (values + self.offsets.get(axis, 0.0)).astype(kind)

    def pixel_size(self, axis: str) -> PixelSize | None:
        """Return the extent of a pixel in metres, if its unit is one of length."""
        scale, unit = self.scales.get(axis), metres(self.units.get(axis, ''))
        if scale is None or unit is None or not scale or not np.isfinite(scale):
            return None
        return PixelSize(abs(float(scale)) * unit, self.source.get(axis, ''))


def page_coordinates(page: Any) -> Coordinates:
    """Return what the resolution tags of a page say.

    Parameters:
        page: With ``resolution`` (pixels per unit along X and Y), ``resolutionunit`` and ``tags``.
    """
    scales: dict[str, float] = {}
    source: dict[str, str] = {}
    for axis, resolution, tag in zip('XY', page.resolution, _RESOLUTIONS, strict=True):
        if tag not in page.tags:
            continue
        value = float(resolution)
        if value > 0 and np.isfinite(value):  # else it says nothing
            scales[axis] = 1.0 / value
            source[axis] = tag
    unit = _TAG_UNITS.get(int(page.resolutionunit))
    units = {} if unit is None else dict.fromkeys(scales, unit)
    names = sample_names(page)
    arrays = {}
    if names is not None:
        arrays['S'], source['S'] = np.asarray(names), 'PhotometricInterpretation'
    return Coordinates(scales, dict.fromkeys(scales, 0.0), units, arrays, source)


def sample_names(page: Any) -> list[str] | None:
    """Return the names of the samples of a colour image as read, None if they have none.

    Parameters:
        page: With ``photometric``, ``compression``, ``planarconfig``, ``extrasamples`` and
            ``samplesperpixel``.
    """
    from tiffschema.codecs.colour import delivered_photometric

    photometric = delivered_photometric(
        int(page.photometric), int(page.compression), page.samplesperpixel, page.planarconfig == 2
    )
    names = list(_SAMPLES.get(photometric, ()))
    names += [enumstr(member('ExtraSamples', int(one))).capitalize() for one in page.extrasamples]
    sound = len(names) == page.samplesperpixel > 1 and photometric in _SAMPLES
    return names if sound else None


def axes_coordinates(
    page: Any, axes: str, coords: Mapping[str, Any], units: Mapping[str, str], source: str
) -> Coordinates:
    """Return the coordinates of axes: what is given, else what the tags of a page say.

    Parameters:
        page: As in `page_coordinates`.
        axes: Letters of the axes.
        coords: By axis (offset, step), or all coordinates.
        units: Unit by axis.
        source: Where `coords` were found.
    """
    base = page_coordinates(page)
    scales, offsets = dict(base.scales), dict(base.offsets)
    known, found = dict(base.units), dict(base.source)
    arrays = dict(base.arrays)
    for axis, value in coords.items():
        found[axis] = source
        if axis in 'XY' and axis not in units:
            # The unit of the tags is not that of the metadata.
            known.pop(axis, None)
        if isinstance(value, tuple) and len(value) == 2:
            offsets[axis], scales[axis] = float(value[0]), float(value[1])
        else:
            arrays[axis] = np.asarray(value)
            scales.pop(axis, None)
    known.update(units)
    kept = set(axes)
    return Coordinates(
        {axis: value for axis, value in scales.items() if axis in kept},
        {axis: value for axis, value in offsets.items() if axis in kept},
        {axis: value for axis, value in known.items() if axis in kept},
        {axis: value for axis, value in arrays.items() if axis in kept},
        found,
    )
