"""Any file: pages and their children, grouped by what they look like; then pyramids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

from .alike import groups_of_pages, has_subifds
from .pyramids import grouped

__all__ = ['generic_series']

_DEEPEST = 32


def generic_series(tif: Any) -> list[TiffPageSeries]:
    """Return one series per group of pages that look alike, reduced copies as levels."""
    if has_subifds(tif):
        groups: list[Any] = _groups_of_tree(tif)
    else:
        groups = [PageSelection(tif.pages, indices) for indices in groups_of_pages(tif)]
    found = [_series(tif, pages) for pages in groups]
    if tif.pages[0].is_agilent:
        return found
    return grouped(found)


def _series(tif: Any, pages: Any) -> TiffPageSeries:
    first = pages[0]
    shape, axes = (len(pages), *first.shape), 'I' + first.axes
    if 'S' not in axes:
        shape, axes = (*shape, 1), axes + 'S'
    return TiffPageSeries(
        pages, shape, first.dtype, axes, parent=tif, kind='generic', source='equal pages'
    )


def _groups_of_tree(tif: Any) -> list[list[Any]]:
    """Return pages and their children that look alike, groups in order of the first page."""
    groups: dict[object, list[Any]] = {}
    met: set[int] = set()
    for page in _tree(tif.pages, 0):
        if page.offset in met:
            continue
        met.add(page.offset)
        geometry = page.keyframe.geometry
        if geometry.size:
            groups.setdefault(geometry.key(), []).append(page)
    return list(groups.values())


def _tree(pages: Any, depth: int) -> Iterator[Any]:
    for page in pages:
        yield page
        if page.pages and depth < _DEEPEST:
            yield from _tree(page.pages, depth + 1)
