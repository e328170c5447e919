"""Slides with a base image, a thumbnail, levels, and label and macro at the end: Aperio SVS,
Mikroscan, Motic, Huron; and Trestle, whose levels simply follow each other.

Knows roles of pages; the texts are declared in ``schemas/vendor/slides_text.yaml``. Source: Aperio,
"Digital slides and third-party data interchange" (MAN-0069); files of the other vendors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from tiffschema.model import catalog
from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.describe import describe
from tiffschema.runtime.series import TiffPageSeries

from .slides import element_number, image, likeness, locate, page_mpp, pyramid, record

__all__ = ['huron', 'mikroscan', 'motic', 'series', 'svs', 'trestle']

_REDUCED, _MACRO = 1, 9
_SCAN_RESOLUTION = re.compile(r'Scan [Rr]esolution\s+([0-9]+[.,]?[0-9]*)')
_HURON_RESOLUTION = re.compile(r'([0-9]+[.,]?[0-9]*)\s*(?:um|\u00b5m|\u03bcm)?')


def svs(tif: Any) -> list[TiffPageSeries]:
    """Return the series of an Aperio slide."""
    return series(tif, 'svs')


def mikroscan(tif: Any) -> list[TiffPageSeries]:
    """Return the series of a Mikroscan slide, which is made as those of Aperio."""
    return series(tif, 'mikroscan')


def motic(tif: Any) -> list[TiffPageSeries]:
    """Return the series of a Motic slide, which is made as those of Aperio."""
    return series(tif, 'motic')


def huron(tif: Any) -> list[TiffPageSeries]:
    """Return the series of a Huron slide, which is made as those of Aperio."""
    return series(tif, 'huron')


def series(tif: Any, kind: str) -> list[TiffPageSeries]:
    """Return baseline with levels, thumbnail, label and macro.

    Parameters:
        tif: The file.
        kind: ``svs``, ``mikroscan``, ``motic`` or ``huron``.
    """
    pages = [page for page in tif.pages if page.shape and 0 not in page.shape]
    if not pages:
        return []
    base, *others = pages
    stacks: dict[Any, list[Any]] = {likeness(base): [base]}
    associated: list[tuple[Any, str]] = []
    for page in others:
        role = _role(page, base)
        if role is None:
            stacks.setdefault(likeness(page), []).append(page)
        else:
            associated.append((page, role))
    levels = sorted(stacks.values(), key=lambda stack: -stack[0].imagewidth)
    values = [_values(tif, stack[0], kind) for stack in levels[:1]]
    made = pyramid(
        tif, levels, kind, names=['Baseline'], axis='Z', source='ImageDescription',
        attrs=_attributes(values[0]),
    )  # fmt: skip
    locate(made, _SIZES[kind](base, values[0]))
    _focus(tif, made, kind)
    return [
        made,
        *(image(tif, page, kind, role, 'ImageDescription') for page, role in associated),
    ]


def _role(page: Any, base: Any) -> str | None:
    """Return what an associated image shows, None for planes and levels of the slide."""
    # The line of the image itself ends before a semicolon; behind it stands that of its source.
    own = page.description.partition(';')[0].partition('|')[0].lower()
    words = own.splitlines()[1] if len(own.splitlines()) > 1 else ''
    for name in ('label', 'macro'):
        if words.strip().startswith(name):
            return name.title()
    if page.is_tiled and page.subfiletype != _MACRO and _is_level(base, page):
        # Some writers flag levels as reduced.
        return None
    if page.subfiletype == _MACRO:
        return 'Macro'
    if page.subfiletype & _REDUCED:
        return 'Label'
    if not page.is_tiled:
        return 'Thumbnail'
    return None


def _is_level(base: Any, page: Any) -> bool:
    """Return whether a page has the proportions of the slide, by a few pixels."""
    if page.dtype != base.dtype or page.axes != base.axes:
        return False
    across, down = base.imagewidth / page.imagewidth, base.imagelength / page.imagelength
    return bool(abs(across - down) <= 4 * max(across / page.imagewidth, down / page.imagelength))


def _values(tif: Any, page: Any, kind: str) -> dict[str, Any]:
    name = 'huron' if kind == 'huron' else 'svs'
    grammar = catalog.view('vendor/slides_text').texts[name]
    if not page.description or (grammar.starts and not grammar.matches(page.description)):
        return {}
    found: dict[str, Any] = grammar.parse(page.description, tif.faults)
    return found


def _attributes(values: dict[str, Any]) -> dict[str, Any]:
    power = _number(values.get('AppMag'))
    return {} if power is None else {'magnification': power}


def _number(value: Any) -> int | float | None:
    if isinstance(value, int | float):
        return value
    return element_number(value) if isinstance(value, str) else None


def _aperio_sizes(page: Any, values: dict[str, Any]) -> list[tuple[Any, str]]:
    size = _number(values.get('MPP'))
    if size is not None:
        return [((size, size), 'ImageDescription MPP')]
    match = _SCAN_RESOLUTION.search(str(values.get('Header', '')))
    found = element_number(match[1]) if match else None
    return [
        (None if found is None else (found, found), 'ImageDescription Scan resolution'),
        (page_mpp(page), 'XResolution, YResolution'),
    ]


def _huron_sizes(page: Any, values: dict[str, Any]) -> list[tuple[Any, str]]:
    match = _HURON_RESOLUTION.match(str(values.get('Resolution', '')))
    found = element_number(match[1]) if match else None
    return [
        (page_mpp(page), 'XResolution, YResolution'),
        (None if found is None else (found, found), 'ImageDescription Resolution'),
    ]


_SIZES: dict[str, Callable[[Any, dict[str, Any]], list[tuple[Any, str]]]] = {
    'svs': _aperio_sizes,
    'mikroscan': _aperio_sizes,
    'motic': _aperio_sizes,
    'huron': _huron_sizes,
}


def _focus(tif: Any, made: TiffPageSeries, kind: str) -> None:
    """Give planes their positions, if all of them say where they are."""
    if 'Z' not in made.get_axes(False):
        return
    for level in made.levels:
        offsets = [_number(_values(tif, page, kind).get('OffsetZ')) for page in level]
        if None not in offsets:
            describe(level, coords={'Z': offsets}, units={'Z': 'micrometer'})


def trestle(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of a Trestle slide: its pages are levels.

    Tiles overlap by as much as the description says; they are given as they are stored.
    """
    pages = [page for page in tif.pages if page.is_tiled and 0 not in page.shape]
    if not pages:
        return []
    values = tif.trestle_metadata or {}
    levels = _decreasing(tif, pages)
    attrs: dict[str, Any] = {}
    overlaps = _overlaps(values.get('OverlapsXY'), len(levels))
    if any(any(pair) for pair in overlaps):
        attrs['overlaps'] = tuple(overlaps)
        record(tif, 'trestle', 'tiles overlap; levels are given as stored, not stitched')
    made = pyramid(tif, levels, 'trestle', names=['Baseline'], source='order of pages', attrs=attrs)
    # These writers put the size of a pixel where its inverse belongs.
    x, y = pages[0].resolution
    if TagCode.XResolution in pages[0].tags and 0 < x < 100 and 0 < y < 100:
        locate(made, [((x, y), 'XResolution, YResolution (micrometres per pixel)')])
    return [made]


def _decreasing(tif: Any, pages: Sequence[Any]) -> list[list[Any]]:
    levels = [[pages[0]]]
    for page in pages[1:]:
        if page.imagewidth >= levels[-1][0].imagewidth:
            record(tif, 'trestle', f'{page._path} is no smaller than the level before')
            continue
        levels.append([page])
    return levels


def _overlaps(value: Any, count: int) -> list[tuple[int, int]]:
    """Return the overlap of tiles of each level along X and Y, 0 where it is not stated."""
    given = value if isinstance(value, list | tuple) else ()
    numbers = [number for number in given if isinstance(number, int)]
    numbers = [*numbers[: 2 * count], *[0] * (2 * count - len(numbers))]
    return [(numbers[2 * level], numbers[2 * level + 1]) for level in range(count)]
