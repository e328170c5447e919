"""Hamamatsu NDPI: pages by the magnification that each states, levels of planes by size.

Knows tags of pages; the container is the reader's, tags are declared. Source: Hamamatsu, "NDP.image
file format".
"""

from __future__ import annotations

import re
from typing import Any

from tiffschema.model.tagcodes import NdpiCode, TagCode
from tiffschema.runtime.describe import describe
from tiffschema.runtime.series import TiffPageSeries

from .slides import image, likeness, locate, page_mpp, pyramid, record

__all__ = ['ndpi_tags', 'parse_properties', 'series']

_RECORDS = re.compile(r'\r\n|\r|\n')
_NAMED = (TagCode.Make, TagCode.Model, TagCode.Software)


def ndpi_tags(page: Any) -> dict[str, Any]:
    """Return the vendor's tags of a page by name, and its comments as ``PropertyMap``."""
    found = {
        tag.name: tag.value
        for tag in page.tags
        if tag.code in _NAMED or tag.code >= NdpiCode.FileFormat
    }
    comments = found.get('Comments')
    if isinstance(comments, bytes):
        comments = comments.decode('latin-1')
    if isinstance(comments, str):
        found['PropertyMap'] = parse_properties(comments)
    return found


def parse_properties(text: str) -> dict[str, Any]:
    """Return the records of a comment; those of a section are a dictionary under its name.

    Example:
        >>> parse_properties('Product=C9600\\r\\n;NDP Shading Data\\r;ID=6\\r;Name=TRITC')
        {'Product': 'C9600', 'NDP Shading Data': {'ID': '6', 'Name': 'TRITC'}}
    """
    found: dict[str, Any] = {}
    section = found
    for line in _RECORDS.split(text.rstrip('\0')):
        inside = line.startswith(';')
        key, assigned, value = line.removeprefix(';').partition('=')
        if not assigned:
            if inside and key.strip():
                section = found.setdefault(key.strip(), {})
                if not isinstance(section, dict):
                    section = found
            continue
        (section if inside else found)[key.strip()] = value.strip()
    return found


def series(tif: Any) -> list[TiffPageSeries]:
    """Return baseline with levels and planes, macro, and map."""
    stacks: dict[Any, list[Any]] = {}
    others: list[tuple[Any, str]] = []
    pages = [page for page in tif.pages if page.shape and 0 not in page.shape]
    for index, page in enumerate(pages):
        power = page.tags.valueof(NdpiCode.Magnification)
        if isinstance(power, int | float) and power > 0:
            stacks.setdefault(likeness(page)[:2], []).append(page)
        elif power == -1:
            others.append((page, 'Macro'))
        elif power == -2:
            others.append((page, 'Map'))
        elif power is None and index == len(pages) - 1 and index:
            # Older files do not say; their last page shows the whole slide.
            others.append((page, 'Macro'))
        elif power is None:
            stacks.setdefault(likeness(page)[:2], []).append(page)
        else:
            record(tif, 'ndpi', f'magnification {power!r} of {page._path} has no meaning')
            others.append((page, 'Unknown'))
    found = []
    if stacks:
        found.append(_pyramid(tif, list(stacks.values())))
    found += [image(tif, page, 'ndpi', name, 'Magnification tag') for page, name in others]
    return found


def _pyramid(tif: Any, stacks: list[list[Any]]) -> TiffPageSeries:
    levels = sorted(stacks, key=lambda stack: -stack[0].imagewidth)
    base = levels[0][0]
    power = base.tags.valueof(NdpiCode.Magnification)
    attrs: dict[str, Any] = {}
    if isinstance(power, int | float) and power > 0:
        attrs['magnification'] = power
    for code, name in ((NdpiCode.Fluorescence, 'channel'), (NdpiCode.Wavelength, 'wavelength')):
        value = base.tags.valueof(code)
        if value:
            attrs[name] = value
    made = pyramid(
        tif, levels, 'ndpi', names=['Baseline', *[''] * len(levels)], axis='Z', attrs=attrs,
        source='Magnification tag',
    )  # fmt: skip
    locate(made, [(page_mpp(base), 'XResolution, YResolution')])
    if 'Z' in made.get_axes(False):
        for level in made.levels:
            offsets = [page.tags.valueof(NdpiCode.ZOffsetFromSlideCenter) for page in level]
            if all(isinstance(offset, int) for offset in offsets):
                # The tags count nanometres.
                describe(
                    level,
                    coords={'Z': [offset / 1000 for offset in offsets]},
                    units={'Z': 'micrometer'},
                )
    return made
