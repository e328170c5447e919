"""All pages alike: one stack."""

from __future__ import annotations

from typing import Any

import numpy as np

from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

from .alike import groups_of_pages

__all__ = ['uniform_series']


def uniform_series(tif: Any) -> list[TiffPageSeries]:
    """Return one series of all pages; none if a page differs."""
    pages = tif.pages
    count = len(pages)
    first = pages[0]
    if count == 1:
        return [_series(tif, first, [first], first.shape, first.axes)]
    chosen = np.arange(count)
    if not (first.is_scanimage or first.is_nih):
        groups = groups_of_pages(tif)
        if len(groups) != 1 or len(groups[0]) != count:
            return []
    selection = PageSelection(pages, chosen)
    return [_series(tif, first, selection, (count, *first.shape), 'I' + first.axes)]


def _series(tif: Any, first: Any, pages: Any, shape: tuple[int, ...], axes: str) -> TiffPageSeries:
    return TiffPageSeries(
        pages, shape, first.dtype, axes, parent=tif, kind='uniform', source='equal pages'
    )
