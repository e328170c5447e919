"""PerkinElmer and Akoya QPTIFF: a page per channel and level, its role in its own XML.

Knows the documents of pages. Source: PerkinElmer, "QPTIFF image format" (2015).
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

from tiffschema.errors import FormatError
from tiffschema.model.text.xml import parse_element
from tiffschema.runtime.series import TiffPageSeries

from .slides import element_number, element_text, image, likeness, locate, page_mpp, pyramid, record

__all__ = ['series']

_ROLES = {'Thumbnail': 'Thumbnail', 'Overview': 'Macro', 'Label': 'Label'}
_SOURCE = 'ImageDescription ImageType'
_POWER = re.compile(r'([0-9]+(?:\.[0-9]+)?)\s*[xX]?')
_PIXEL = re.compile(r'PixelSizeMicrons"?\s*[>:=]\s*"?([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)')


def series(tif: Any) -> list[TiffPageSeries]:
    """Return baseline with levels and channels, thumbnail, macro and label."""
    pages = [page for page in tif.pages if page.shape and 0 not in page.shape]
    if not pages:
        return []
    documents = [_document(tif, page) for page in pages]
    types = [None if one is None else element_text(one, 'ImageType') for one in documents]
    if all(name in ('FullResolution', 'ReducedResolution', *_ROLES) for name in types):
        levels, others = _by_type(tif, pages, types)
    else:
        levels, others = _by_order(tif, pages)
    if not levels:
        record(tif, 'qpi', 'no page is of full resolution')
        return []
    numbers = {id(page): number for number, page in enumerate(pages)}
    first = documents[numbers[id(levels[0][0])]]
    made = pyramid(
        tif, levels, 'qpi', names=['Baseline'], axis='C', source=_SOURCE,
        attrs=_attributes(levels[0], [documents[numbers[id(page)]] for page in levels[0]]),
    )  # fmt: skip
    stated = _stated(first)
    locate(
        made,
        [
            (page_mpp(levels[0][0]), 'XResolution, YResolution'),
            (stated, 'ImageDescription PixelSizeMicrons'),
        ],
    )
    return [made, *(image(tif, page, 'qpi', name, _SOURCE) for page, name in others)]


def _document(tif: Any, page: Any) -> Element | None:
    if not page.description:
        return None
    try:
        # Its declaration names UTF-16 where the text is in bytes of 8 bits.
        return parse_element(page.description, limits=tif.limits)
    except FormatError as error:
        record(tif, 'qpi', f'{page._path}: {error.message}')
        return None


Levels = tuple[list[list[Any]], list[tuple[Any, str]]]


def _by_type(tif: Any, pages: list[Any], types: list[str | None]) -> Levels:
    """Return pages by level, and others with what they show."""
    stacks: dict[Any, list[Any]] = {}
    others = []
    full: Any = None
    for page, name in zip(pages, types, strict=True):
        if name in _ROLES:
            others.append((page, _ROLES[name]))
            continue
        if name == 'FullResolution':
            if full is not None and likeness(page) != likeness(full):
                record(tif, 'qpi', f'{page._path} differs from other pages of full resolution')
                others.append((page, 'Unknown'))
                continue
            full = page
        stacks.setdefault(likeness(page)[:1], []).append(page)
    if full is None:
        return [], others
    levels = sorted(stacks.values(), key=lambda stack: -stack[0].imagewidth)
    kept = [stack for stack in levels if len(stack) == len(levels[0])]
    if len(kept) < len(levels):
        record(tif, 'qpi', 'levels with other numbers of channels are left out')
    return kept, others


def _by_order(tif: Any, pages: list[Any]) -> Levels:
    """Return the same where pages do not say what they are: from their order and sizes."""
    record(tif, 'qpi', 'no ImageType on every page; roles are told from the order of pages')
    base = pages[0]
    count = 0
    while count < len(pages) and likeness(pages[count]) == likeness(base):
        count += 1
    levels = [pages[:count]]
    rest = pages[count:]
    others: list[tuple[Any, str]] = []
    if rest:
        others.append((rest.pop(0), 'Thumbnail'))
    while base.is_tiled and rest and _is_half(levels[-1][0], rest[0]) and len(rest) >= count:
        levels.append(rest[:count])
        rest = rest[count:]
    others += list(zip(rest, ('Macro', 'Label', *['Unknown'] * len(rest)), strict=False))
    return levels, others


def _is_half(larger: Any, page: Any) -> bool:
    return (page.imagewidth, page.imagelength) == (larger.imagewidth // 2, larger.imagelength // 2)


def _attributes(pages: list[Any], documents: list[Element | None]) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    first = documents[0]
    if first is not None:
        match = _POWER.match(element_text(first, 'Objective') or '')
        if match:
            attrs['magnification'] = float(match[1])
    names = [
        None if one is None else element_text(one, 'Biomarker') or element_text(one, 'Name')
        for one in documents
    ]
    if len(pages) > 1 and all(names):
        attrs['channels'] = tuple(names)
    return attrs


def _stated(document: Element | None) -> tuple[float, float] | None:
    """Return the pixel size of the scan's profile, which is XML or JSON of no fixed form."""
    if document is None:
        return None
    for element in document:
        if isinstance(element.tag, str) and element.tag.rpartition('}')[2] == 'ScanProfile':
            for inner in element.iter():
                if isinstance(inner.tag, str) and inner.tag.endswith('PixelSizeMicrons'):
                    size = element_number(inner.text)
                    return None if size is None else (size, size)
            match = _PIXEL.search(element.text or '')
            if match:
                size = float(match[1])
                return size, size
    return None
