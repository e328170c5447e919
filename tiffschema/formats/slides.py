"""What slide formats have in common: levels of stacks of pages, and single associated images.

Knows pages and series, no vendor. Rule: roles of pages are decided by each format; what does not
fit is a fault of the file, and the pages that do fit are still read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tiffschema.errors import FormatError
from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.describe import describe, pixel_coordinates
from tiffschema.runtime.series import TiffPageSeries

__all__ = [
    'element_number',
    'element_text',
    'image',
    'likeness',
    'locate',
    'page_mpp',
    'planes',
    'pyramid',
    'record',
]

_MICROMETRES = {2: 25400.0, 3: 10000.0, 4: 1000.0, 5: 1.0}
_SCREEN = frozenset((72.0, 96.0))


def record(tif: Any, kind: str, message: str) -> None:
    """Record that pages or metadata of a slide do not fit."""
    tif.faults.append(FormatError(message, f'series.{kind}'))


def likeness(page: Any) -> tuple[Any, ...]:
    """Return what pages of one stack of planes or channels have in common."""
    return page.shape, page.dtype, page.is_tiled, page.geometry.segment_count


def image(tif: Any, page: Any, kind: str, name: str, source: str) -> TiffPageSeries:
    """Return a series of one page: label, macro, thumbnail, map.

    Parameters:
        tif: The file.
        page: The page.
        kind: Of the slide.
        name: What the image shows.
        source: Where that stands.
    """
    return TiffPageSeries(
        [page], page.shape, page.dtype, page.axes, parent=tif, kind=kind, name=name, source=source
    )


def planes(
    tif: Any, pages: Sequence[Any], kind: str, name: str, axis: str = 'I', source: str = ''
) -> TiffPageSeries:
    """Return a series of pages alike along one axis, which one page has not.

    Pages that differ from the first are left out and recorded.
    """
    first = pages[0]
    alike = [page for page in pages if likeness(page) == likeness(first)]
    if len(alike) < len(pages):
        record(tif, kind, f'{len(pages) - len(alike)} pages of {name or "a level"} differ')
    shape, axes = first.shape, first.axes
    if len(alike) > 1:
        shape, axes = (len(alike), *shape), axis + axes
    return TiffPageSeries(
        alike, shape, first.dtype, axes, parent=tif, kind=kind, name=name, source=source
    )


def pyramid(
    tif: Any,
    levels: Sequence[Sequence[Any]],
    kind: str,
    *,
    names: Sequence[str] = (),
    axis: str = 'I',
    attrs: Mapping[str, Any] | None = None,
    source: str = '',
) -> TiffPageSeries:
    """Return one series with levels, each of the same number of pages alike.

    Parameters:
        tif: The file.
        levels: Pages of each level, largest first.
        kind: Of the slide.
        names: Of the levels; others are ``Resolution``.
        axis: Letter of the axis over pages.
        attrs: Attributes of the first level.
        source: Where roles of pages stand.
    """
    depth = min(len(pages) for pages in levels)
    if any(len(pages) != depth for pages in levels):
        counts = ', '.join(str(len(pages)) for pages in levels)
        record(tif, kind, f'levels have {counts} pages; the first of each is kept')
        # Which planes are missing is not known.
        depth = 1
    made: list[TiffPageSeries] = []
    for number, pages in enumerate(levels):
        name = names[number] if number < len(names) else 'Resolution'
        level = planes(tif, pages[:depth], kind, name, axis, source)
        if made and level.get_axes(False) != made[0].get_axes(False):
            record(tif, kind, f'level {number} has axes {level.get_axes(False)}; it is left out')
            continue
        made.append(level)
    base = made[0]
    base.levels[1:] = made[1:]
    describe(base, attrs=attrs)
    return base


def page_mpp(page: Any) -> tuple[float, float] | None:
    """Return micrometres per pixel along X and Y that the resolution tags of a page say.

    72 and 96 pixels per inch are how large to show an image, not how large the object is.
    """
    unit = _MICROMETRES.get(int(page.resolutionunit))
    if unit is None or TagCode.XResolution not in page.tags:
        return None
    x, y = page.resolution
    if x <= 0 or y <= 0 or (int(page.resolutionunit) == 2 and {x, y} <= _SCREEN):
        return None
    return unit / x, unit / y


def locate(series: TiffPageSeries, choices: Sequence[tuple[Any, str]]) -> None:
    """Give all levels of a series pixel sizes, from the first source that has them.

    Parameters:
        series: The series.
        choices: Micrometres per pixel, (x, y) or None, and where they were found. Where a later
            choice differs by more than a hundredth, that is recorded.
    """
    found = [(mpp, source) for mpp, source in choices if mpp is not None and _is_sane(mpp)]
    if not found:
        return
    (mpp, source), others = found[0], found[1:]
    pixel_coordinates(series, mpp, source)
    for other, where in others:
        if any(abs(a - b) > 0.01 * a for a, b in zip(mpp, other, strict=True)):
            record(
                series.parent,
                series.kind,
                f'{source} says {mpp[0]:g} x {mpp[1]:g} micrometres per pixel, '
                f'{where} {other[0]:g} x {other[1]:g}; the former is used',
            )


def _is_sane(mpp: tuple[float, float]) -> bool:
    return all(1e-6 < size < 1e6 for size in mpp)


def element_text(element: Any, path: str) -> str | None:
    """Return the text of a descendant by names without name spaces, None without one."""
    for name in path.split('/'):
        found = None
        for child in element:
            if isinstance(child.tag, str) and child.tag.rpartition('}')[2] == name:
                found = child
                break
        if found is None:
            return None
        element = found
    text = element.text
    return text.strip() if isinstance(text, str) and text.strip() else None


def element_number(value: str | None) -> float | None:
    """Return a number of a text, decimal commas allowed; None if it is none."""
    if value is None:
        return None
    try:
        number = float(value.strip().replace(',', '.'))
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None
