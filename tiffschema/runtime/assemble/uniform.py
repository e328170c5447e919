"""All pages alike: one stack."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..series import TiffPageSeries
from ..seriespages import PageSelection
from .alike import groups_of_pages

__all__ = ['is_uniform', 'uniform_series']

_FEW = 8


def is_uniform(tif: Any) -> bool:
    """Return whether pages are alike, judged by the first, second, eighth and last one.

    Files of 2 to 7 pages are left to the generic kind, as those with children; files of ScanImage
    and NIH Image are always uniform.
    """
    pages = tif.pages
    if not pages:
        return False
    first = pages[0]
    if first.is_scanimage or first.is_nih:
        return True
    if not pages.is_multipage:
        return True
    if first.subifds or pages.chain.extend(_FEW) < _FEW:
        return False
    key = first.geometry.key()
    return all(pages[index].geometry.key() == key for index in (1, _FEW - 1, -1))


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
