"""Argos AVS: a pyramid per plane, then a map and an overview of the slide.

Knows the document of tag 65000 and sizes of pages. Source: files of Argos scanners.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from tiffschema.model.text.xml import parse_element
from tiffschema.runtime.describe import describe
from tiffschema.runtime.series import TiffPageSeries

from .slides import element_number, element_text, image, likeness, locate, page_mpp, pyramid, record

__all__ = ['series']

_DOCUMENT = 65000
_NAMES = ('Map', 'Macro')


def series(tif: Any) -> list[TiffPageSeries]:
    """Return baseline with levels and planes, map and macro.

    Raises:
        FormatError: The document is no well-formed XML.
    """
    pages = [page for page in tif.pages if page.shape and 0 not in page.shape]
    if not pages:
        return []
    document = parse_element(tif.pages.first.tags.valueof(_DOCUMENT), limits=tif.limits)
    stacks: dict[Any, list[Any]] = {}
    for page in pages:
        if page.is_tiled:
            stacks.setdefault(likeness(page), []).append(page)
    others = [page for page in pages if not page.is_tiled]
    levels = sorted(stacks.values(), key=lambda stack: -stack[0].imagewidth)
    if not levels:
        record(tif, 'avs', 'no page is tiled')
        return []
    attrs: dict[str, Any] = {}
    power = element_number(element_text(document, 'ObjectiveMagnification'))
    if power is not None:
        attrs['magnification'] = power
    made = pyramid(
        tif, levels, 'avs', names=['Baseline', *[''] * len(levels)], axis='Z', attrs=attrs,
        source='sizes of pages',
    )  # fmt: skip
    locate(made, [(page_mpp(levels[0][0]), 'XResolution, YResolution')])
    _focus(tif, made, document)
    names = [*_NAMES, *['Unknown'] * len(others)]
    return [
        made,
        *(
            image(tif, page, 'avs', name, 'order of pages')
            for page, name in zip(others, names, strict=False)
        ),
    ]


def _focus(tif: Any, made: TiffPageSeries, document: Element) -> None:
    """Give planes their positions: the range is the distance of the outermost ones.

    Another reading takes it for the distance of neighbours; this one is that of two readers of
    three, and of the name.
    """
    lowest, highest, extent = (
        element_number(element_text(document, name)) for name in ('MinZ', 'MaxZ', 'ZRange')
    )
    count = len(made)
    if lowest is not None and highest is not None and highest - lowest + 1 != count:
        record(tif, 'avs', f'planes {lowest:g} to {highest:g} are declared, {count} are there')
    if count < 2 or extent is None:
        return
    for level in made.levels:
        describe(
            level,
            coords={'Z': (0.0, extent / (count - 1))},
            units={'Z': 'micrometer'},
        )
