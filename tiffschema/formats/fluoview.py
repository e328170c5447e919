"""Olympus FluoView: ten named axes in a header, and a description in sections.

Knows the header and text declared in ``schemas/vendor/olympus_fluoview.yaml``.
Source: Bio-Formats: ``FluoviewReader``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tiffschema.errors import FormatError
from tiffschema.model import catalog
from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

__all__ = ['metadata', 'series']

_LETTERS = {
    'X': 'X', 'Y': 'Y', 'Z': 'Z', 'T': 'T', 'TIME': 'T', 'CH': 'C', 'WAVELENGTH': 'C', 'XY': 'R',
    'EVENT': 'V', 'EXPOSURE': 'L',
}  # fmt: skip
_UNITS = {
    'um': 1.0, '\u00b5m': 1.0, '\u03bcm': 1.0, 'micron': 1.0, 'microns': 1.0, 'nm': 1e-3,
    'mm': 1e3, 'cm': 1e4, 'm': 1e6,
}  # fmt: skip
_SECONDS = {
    's': 1.0,
    'sec': 1.0,
    'ms': 1e-3,
    'us': 1e-6,
    'ns': 1e-9,
    'min': 60.0,
    'h': 3600.0,
    'd': 86400.0,
}


def metadata(tif: Any) -> dict[str, Any]:
    """Return the header, the sections of the description and the stamp of the first page."""
    page = tif.pages.first
    found: dict[str, Any] = {}
    header = page.tags.valueof(TagCode.MM_Header)
    if isinstance(header, Mapping):
        found.update(header)
        found['Dimensions'] = [tuple(one.values()) for one in header['Dimensions']]
        found['GrayChannel'] = tuple(header['GrayChannel'].values())
    stamp = page.tags.valueof(TagCode.MM_Stamp)
    if stamp is not None:
        found['Stamp'] = np.asarray(stamp)
    description = page.description
    if description.startswith('['):
        grammar = catalog.view('vendor/olympus_fluoview').texts['fluoview']
        try:
            found['Description'] = grammar.parse(description, tif.faults, limits=tif.limits)
        except FormatError as error:
            tif.faults.append(error)
    return found


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of a file.

    Raises:
        FormatError: The header is not there, or its axes do not fit the pages.
    """
    header = tif.pages.first.tags.valueof(TagCode.MM_Header)
    if not isinstance(header, Mapping):
        raise FormatError('no header', 'series.fluoview')
    page = tif.pages.first
    dimensions = list(reversed(header['Dimensions']))
    shape = tuple(max(1, int(one['Size'])) for one in dimensions)
    axes = ''.join(_LETTERS.get(str(one['Name']).strip().upper(), 'Q') for one in dimensions)
    size = math.prod(page.shape)
    if not size or math.prod(shape) % size:
        raise FormatError(f'{shape} is not made of pages of {page.shape}', 'series.fluoview')
    wanted = math.prod(shape) // size
    there = len(tif.pages)
    if wanted > tif.limits.items:
        raise FormatError(f'{wanted} pages are declared, {there} are there', 'series.fluoview')
    if wanted != there:
        tif.faults.add(f'{wanted} pages are declared, {there} are there', 'series.fluoview')
    indices = np.arange(wanted)
    indices[indices >= there] = -1
    coords, units = _coordinates(dimensions, axes)
    return [
        TiffPageSeries(
            PageSelection(tif.pages, indices),
            shape,
            page.dtype,
            axes,
            coords=coords,
            units=units,
            parent=tif,
            name=str(header['ImageName']),
            kind='fluoview',
            source='MM_Header',
        )
    ]


def _coordinates(
    dimensions: list[Mapping[str, Any]], axes: str
) -> tuple[dict[str, Any], dict[str, str]]:
    coords: dict[str, Any] = {}
    units: dict[str, str] = {}
    for axis, one in zip(axes, dimensions, strict=True):
        step, origin = float(one['Resolution']), float(one['Origin'])
        if axis not in 'XYZT' or not step > 0 or not math.isfinite(step + origin):
            continue
        unit = str(one['Unit']).strip()
        known = _SECONDS if axis == 'T' else _UNITS
        factor = known.get(unit)
        coords[axis] = (origin * (factor or 1.0), step * (factor or 1.0))
        if factor is not None:
            units[axis] = 'second' if axis == 'T' else 'micrometer'
        elif unit:
            units[axis] = unit
    return coords, units
