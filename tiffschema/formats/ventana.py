"""Roche Ventana BIF: roles of pages by their descriptions; how tiles overlap, by the XML.

Knows descriptions and documents of pages. Levels are given as the mosaic that is stored, tiles side
by side; overlaps are attributes. Source: Roche, "BIF image file format for digital pathology".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from tiffschema.errors import FormatError
from tiffschema.model.tagcodes import TagCode
from tiffschema.model.text.xml import parse_element
from tiffschema.runtime.describe import describe
from tiffschema.runtime.series import TiffPageSeries

from .slides import element_number, image, locate, pyramid, record

__all__ = ['metadata', 'series']

_ROLES = {
    'Label Image': 'Overview',
    'Label_Image': 'Overview',
    'Thumbnail': 'Thumbnail',
    'Probability_Image': 'Probability',
}


def metadata(tif: Any) -> str | None:
    """Return the XML of the first page."""
    value = tif.pages.first.tags.valueof(TagCode.XMP)
    return value.decode('utf-8', 'replace').rstrip('\0') if isinstance(value, bytes) else value


def series(tif: Any) -> list[TiffPageSeries]:
    """Return baseline with levels, overview, probability map and others."""
    numbered: dict[int, Any] = {}
    others: list[tuple[Any, str]] = []
    for page in tif.pages:
        if not page.shape or 0 in page.shape:
            continue
        values = _values(page.description)
        level = element_number(values.get('level'))
        if level is None:
            others.append((page, _ROLES.get(page.description.strip(), 'Unknown')))
        elif int(level) in numbered:
            record(tif, 'bif', f'{page._path} is level {int(level)} once more')
            others.append((page, 'Unknown'))
        else:
            numbered[int(level)] = page
    found = []
    if numbered:
        found.append(_pyramid(tif, [numbered[number] for number in sorted(numbered)]))
    else:
        record(tif, 'bif', 'no page says that it is a level')
    found += [image(tif, page, 'bif', name, 'ImageDescription') for page, name in others]
    return found


def _values(description: str) -> dict[str, str]:
    """Return the values of ``level=0 mag=40 quality=90``."""
    pairs = (word.partition('=') for word in description.split())
    return {key: value for key, assigned, value in pairs if assigned}


def _pyramid(tif: Any, pages: list[Any]) -> TiffPageSeries:
    base = pages[0]
    power = element_number(_values(base.description).get('mag'))
    scan = _scan(tif)
    attrs: dict[str, Any] = {}
    if power is None and scan is not None:
        power = element_number(scan.get('Magnification'))
    if power is not None:
        attrs['magnification'] = power
    joints = _overlap(tif, base)
    if joints is not None and any(joints):
        attrs['overlap'] = joints
        record(tif, 'bif', 'tiles overlap; levels are given as stored, not stitched')
    made = pyramid(
        tif, [[page] for page in pages], 'bif', names=['Baseline'], attrs=attrs,
        source='ImageDescription level',
    )  # fmt: skip
    size = None if scan is None else element_number(scan.get('ScanRes'))
    if size is not None:
        locate(made, [((size, size), 'XMP iScan ScanRes')])
    spacing = None if scan is None else element_number(scan.get('Z-spacing'))
    if spacing and 'Z' in made.get_axes(False):
        for level in made.levels:
            describe(level, coords={'Z': (0.0, spacing)}, units={'Z': 'micrometer'})
    return made


def _documents(tif: Any) -> Iterator[Element]:
    for page in tif.pages:
        found = _document(tif, page)
        if found is not None:
            yield found


def _document(tif: Any, page: Any) -> Element | None:
    value = page.tags.valueof(TagCode.XMP)
    if not isinstance(value, str | bytes) or not value:
        return None
    try:
        return parse_element(value, limits=tif.limits)
    except FormatError as error:
        record(tif, 'bif', f'{page._path} XMP: {error.message}')
        return None


def _scan(tif: Any) -> Element | None:
    """Return element iScan of the first page that has one."""
    for document in _documents(tif):
        for element in document.iter():
            if isinstance(element.tag, str) and element.tag.rpartition('}')[2] == 'iScan':
                return element
    return None


def _overlap(tif: Any, page: Any) -> tuple[float, float] | None:
    """Return the mean overlap of tiles in pixels along X and Y, weighed by confidence.

    None without stitching information. Joints that were not measured do not count.
    """
    document = _document(tif, page)
    if document is None:
        return None
    sums = {'X': 0.0, 'Y': 0.0}
    weights = {'X': 0.0, 'Y': 0.0}
    for element in document.iter():
        if not isinstance(element.tag, str) or not element.tag.endswith('TileJointInfo'):
            continue
        confidence = element_number(element.get('Confidence'))
        axis = {'RIGHT': 'X', 'LEFT': 'X', 'UP': 'Y', 'DOWN': 'Y'}.get(element.get('Direction', ''))
        overlap = None if axis is None else element_number(element.get(f'Overlap{axis}'))
        if axis is None or overlap is None or not confidence or element.get('FlagJoined') != '1':
            continue
        sums[axis] += confidence * overlap
        weights[axis] += confidence
    if not any(weights.values()):
        return None
    x, y = (sums[axis] / weights[axis] if weights[axis] else 0.0 for axis in 'XY')
    return x, y
