"""Molecular Dynamics GEL: stored numbers are square roots of counts, or counts to be scaled.

Knows tags 33445 to 33452, of the first page or of the second.
Source: Molecular Dynamics: TIFF file format, GEL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.series import TiffPageSeries

__all__ = ['metadata', 'series']

_SQUARE_ROOT, _LINEAR = 2, 128


def metadata(tif: Any) -> dict[str, Any] | None:
    """Return the values of the tags by name, without ``MD``."""
    pages = [tif.pages.first]
    if TagCode.MDFileTag not in pages[0].tags and tif.pages.is_multipage:
        pages.append(tif.pages.get(1))
    tags = pages[-1].tags
    if TagCode.MDFileTag not in tags:
        return None
    return {
        tags[code].name.removeprefix('MD'): tags.valueof(code)
        for code in range(TagCode.MDFileTag, TagCode.MDFileUnits + 1)
        if code in tags
    }


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the image of the first page in counts, as float32."""
    values = tif.mdgel_metadata
    if values is None:
        return []
    page = tif.pages.first
    kind = values['FileTag'] if isinstance(values['FileTag'], int) else 0
    transform: Callable[[NDArray[Any]], NDArray[Any]] | None = None
    dtype = page.dtype
    if kind in (_SQUARE_ROOT, _LINEAR):
        numerator, denominator = _ratio(tif, values.get('ScalePixel', (1, 1)))
        transform = _Scaled(kind == _SQUARE_ROOT, numerator, denominator)
        dtype = np.dtype('float32')
    return [
        TiffPageSeries(
            [page],
            page.shape,
            dtype,
            page.axes,
            attrs={'file_units': values.get('FileUnits')} if 'FileUnits' in values else {},
            parent=tif,
            kind='mdgel',
            transform=transform,
            source='MD tags',
        )
    ]


def _ratio(tif: Any, value: Any) -> tuple[int, int]:
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, int) for v in value):
        return value
    tif.faults.add(f'{value!r:.40} is no scale; 1 is taken', 'series.mdgel')
    return 1, 1


class _Scaled:
    """What makes counts of stored numbers; can be pickled with its series."""

    def __init__(self, squared: bool, numerator: int, denominator: int) -> None:
        self.squared = squared
        self.scale = numerator / denominator if denominator else float(numerator)

    def __call__(self, stored: NDArray[Any]) -> NDArray[Any]:
        counts: NDArray[Any] = stored.astype('float32')
        if self.squared:
            counts *= counts
        if self.scale != 1.0:
            counts *= np.float32(self.scale)
        return counts
