"""Philips TIFF: levels whose stored sizes are padded to whole tiles, true ones by the XML.

Knows the document of the first page. Source: files exported by Philips IntelliSite (DPUfsImport).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from tiffschema.model.text.xml import parse_element
from tiffschema.runtime.series import TiffPageSeries

from .slides import image, locate, page_mpp, pyramid, record

__all__ = ['series']

_QUOTED = re.compile(r'"([^"]*)"')
_DERIVED_POWER = re.compile(r'levels=([0-9]+)')


def series(tif: Any) -> list[TiffPageSeries]:
    """Return baseline with levels cut to their true sizes, macro and label.

    Raises:
        FormatError: The document is no well-formed XML.
    """
    levels: list[Any] = []
    others: list[tuple[Any, str]] = []
    for page in tif.pages:
        if not page.shape or 0 in page.shape:
            continue
        text = page.description
        name = next((name for name in ('Macro', 'Label') if text.startswith(name)), None)
        if name is not None:
            others.append((page, name))
        elif page.is_tiled:
            levels.append(page)
        else:
            others.append((page, 'Thumbnail' if 'Thumbnail' in text[:1000] else 'Unknown'))
    if not levels:
        record(tif, 'philips', 'no page is tiled')
        return []
    root = parse_element(tif.pages.first.description, limits=tif.limits)
    slide = _slide(root)
    spacings = _spacings(slide)
    if len(spacings) != len(levels):
        record(
            tif, 'philips', f'{len(spacings)} levels are described, {len(levels)} are there; '
            'sizes stay as they are stored',
        )  # fmt: skip
    else:
        levels[1:] = [
            _cut(tif, levels[0], page, spacings[0], spacing)
            for page, spacing in zip(levels[1:], spacings[1:], strict=True)
        ]
    attrs: dict[str, Any] = {}
    power = _DERIVED_POWER.search(_value(slide, 'DICOM_DERIVATION_DESCRIPTION') or '')
    if power and int(power[1]) <= 200:
        # Larger numbers mean something else.
        attrs['magnification'] = int(power[1])
    made = pyramid(
        tif, [[page] for page in levels], 'philips', attrs=attrs, source='ImageDescription (XML)',
        names=['Baseline', *(f'Level{number}' for number in range(1, len(levels)))],
    )  # fmt: skip
    own = spacings[0] if spacings else _pair(_value(slide, 'DICOM_PIXEL_SPACING'))
    # The document has rows first, in millimetres.
    stated = None if own is None else (1000 * own[1], 1000 * own[0])
    locate(
        made,
        [
            (stated, 'ImageDescription DICOM_PIXEL_SPACING'),
            (page_mpp(levels[0]), 'XResolution, YResolution'),
        ],
    )
    return [made, *(image(tif, page, 'philips', name, 'ImageDescription') for page, name in others)]


def _objects(element: Element, kind: str) -> Iterator[Element]:
    for one in element.iter('DataObject'):
        if one.get('ObjectType') == kind:
            yield one


def _value(element: Element, name: str) -> str | None:
    """Return the text of an attribute of an object, not of the objects within."""
    for one in element:
        if one.tag == 'Attribute' and one.get('Name') == name:
            return one.text
    return None


def _slide(root: Element) -> Element:
    """Return the object of the slide itself, the whole document without one."""
    for one in _objects(root, 'DPScannedImage'):
        if (_value(one, 'PIM_DP_IMAGE_TYPE') or '').strip() == 'WSI':
            return one
    return root


def _pair(text: str | None) -> tuple[float, float] | None:
    try:
        numbers = [float(number) for number in _QUOTED.findall(text or '')]
    except ValueError:
        return None
    if len(numbers) != 2 or not all(0 < number < 1e3 for number in numbers):
        return None
    return numbers[0], numbers[1]


def _spacings(slide: Element) -> list[tuple[float, float]]:
    """Return the distance of rows and columns of each level in millimetres."""
    found = []
    for one in _objects(slide, 'PixelDataRepresentation'):
        pair = _pair(_value(one, 'DICOM_PIXEL_SPACING'))
        if pair is not None:
            found.append(pair)
    return found


def _cut(
    tif: Any, base: Any, page: Any, first: tuple[float, float], spacing: tuple[float, float]
) -> Any:
    """Return a level without its padding: as large as the first, divided by the ratio of pixels.

    The tags count whole tiles. No column or row of tiles is dropped: where division says less,
    the smallest size with all tiles is taken, and that is recorded.
    """
    down, across = (round(mine / its) for mine, its in zip(spacing, first, strict=True))
    if down < 1 or across < 1:
        record(tif, 'philips', f'{page._path} has smaller pixels than the first level')
        return page
    sizes = {}
    for name, whole, factor, tile in (
        ('imagewidth', base.imagewidth, across, page.tilewidth),
        ('imagelength', base.imagelength, down, page.tilelength),
    ):
        stored, size = getattr(page, name), whole // factor
        if stored - tile >= size:
            record(tif, 'philips', f'{page._path}: {name} {size} would drop tiles of {stored}')
            size = stored - tile + 1
        sizes[name] = min(size, stored)
    return page.resized(**sizes)
