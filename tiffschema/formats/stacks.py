"""Stacks of all pages of a file, with nothing to tell their axes from.

Knows pages, and the header of NIH Image.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from tiffschema.runtime.describe import describe
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

__all__ = ['nih_series']

_NIH_UNITS = (
    'nanometer', 'micrometer', 'millimeter', 'centimeter', 'meter', 'kilometer', 'inch', 'foot',
    'mile', 'pixel',
)  # fmt: skip
_RENUMBERED, _SHIFT = 153, 5
_WITH_RATIO = 140


def nih_series(tif: Any) -> list[TiffPageSeries]:
    """Return all pages of an NIH Image file as one stack; they share the layout of the first."""
    page = tif.pages.first
    count = len(tif.pages)
    if count == 1:
        image = TiffPageSeries([page], parent=tif, kind='nih', source='equal pages')
    else:
        image = TiffPageSeries(
            PageSelection(tif.pages, np.arange(count)),
            (count, *page.shape),
            page.dtype,
            'I' + page.axes,
            parent=tif,
            kind='nih',
            source='equal pages',
        )
    header = tif.nih_metadata
    coords, units = _nih_pixels(header if isinstance(header, Mapping) else {})
    return [
        describe(image, coords=coords, units=units, source='NIHImageHeader' if coords else None)
    ]


def _nih_pixels(header: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return coordinates and units along X and Y of a header, where it is calibrated."""
    scale = header.get('XScale', 0.0)
    if not (isfinite(scale) and scale > 0):
        return {}, {}
    version, number = header['Version'], header['UnitsID']
    if version > _RENUMBERED and number >= _SHIFT:
        number -= _SHIFT
    unit = _NIH_UNITS[number] if 0 <= number < len(_NIH_UNITS) else header['XUnit'].strip()
    ratio = header['PixelAspectRatio'] if version > _WITH_RATIO else 1.0
    ratio = ratio if isfinite(ratio) and ratio > 0 else 1.0
    coords = {'X': (0.0, 1 / scale), 'Y': (0.0, ratio / scale)}
    return coords, {'X': unit, 'Y': unit} if unit else {}
