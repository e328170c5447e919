"""Indica Labs HALO: a page per level and channel, by an XML that names directories.

Knows the document of the first page. Source: files of HALO.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from tiffschema.model.text.xml import parse_element
from tiffschema.runtime.series import TiffPageSeries

from .slides import element_number, likeness, locate, page_mpp, pyramid, record

__all__ = ['series']

_SOURCE = 'ImageDescription (Indica XML)'


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the one image, channels first, with its levels.

    Raises:
        FormatError: The document is no well-formed XML.
    """
    root = parse_element(tif.pages.first.description, limits=tif.limits)
    places: dict[int, dict[int, Any]] = {}
    for element in _named(root, 'dimension'):
        level, channel, ifd = (_whole(element.get(name)) for name in ('level', 'channel', 'ifd'))
        page = None
        if ifd is not None:
            try:
                page = tif.pages[ifd]
            except IndexError:
                page = None
        if page is None or level is None or channel is None or 0 in page.shape:
            record(tif, 'indica', f'dimension {dict(element.attrib)!r:.80} names no page')
            continue
        places.setdefault(level, {})[channel] = page
    if not places:
        return []
    levels: list[list[Any]] = []
    for number in sorted(places):
        stack = [places[number][channel] for channel in sorted(places[number])]
        if levels and len(stack) != len(levels[0]):
            record(tif, 'indica', f'level {number} has {len(stack)} channels; it is left out')
            continue
        if any(likeness(page) != likeness(stack[0]) for page in stack):
            record(tif, 'indica', f'channels of level {number} differ; it is left out')
            continue
        levels.append(stack)
    if not levels:
        return []
    attrs: dict[str, Any] = {}
    power = next((element_number(one.get('value')) for one in _named(root, 'objective')), None)
    if power is not None:
        attrs['magnification'] = power
    names = [one.get('name') for one in _named(root, 'channel')]
    if len(names) == len(levels[0]) > 1 and all(names):
        attrs['channels'] = tuple(names)
    made = pyramid(
        tif, levels, 'indica', axis='C', attrs=attrs, source=_SOURCE,
        names=['Baseline', *(f'Level {number}' for number in range(1, len(levels)))],
    )  # fmt: skip
    locate(made, [(page_mpp(levels[0][0]), 'XResolution, YResolution')])
    return [made]


def _named(root: Element, name: str) -> list[Element]:
    return [
        element
        for element in root.iter()
        if isinstance(element.tag, str) and element.tag.rpartition('}')[2] == name
    ]


def _whole(value: str | None) -> int | None:
    number = element_number(value)
    return int(number) if number is not None and number == int(number) >= 0 else None
