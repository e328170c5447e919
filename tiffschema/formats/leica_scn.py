"""Leica SCN: images, levels, channels and planes by an XML that names directories.

Knows the document and pages of the main chain. Source: name spaces 2010/03/10 and 2010/10/01 of
``http://www.leica-microsystems.com/scn``; files of Leica SCN400.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from tiffschema.errors import FormatError
from tiffschema.model.text.xml import parse_element
from tiffschema.runtime.describe import describe, pixel_coordinates
from tiffschema.runtime.series import TiffPageSeries

from .slides import element_number, element_text, image, likeness, record

__all__ = ['series']

_SOURCE = 'ImageDescription (SCN XML)'
_LARGEST_PLACE = 65536


def series(tif: Any) -> list[TiffPageSeries]:
    """Return one series per image of the slide, in the order of the document.

    Raises:
        FormatError: The document is no well-formed XML.
        LimitError: It nests too deep or has too many elements.
    """
    root = parse_element(tif.pages.first.description, limits=tif.limits)
    if _local(root.tag) != 'scn':
        raise FormatError(f'root element {root.tag!r:.60} is not scn', 'scn')
    found: list[TiffPageSeries] = []
    for collection in _children(root, 'collection'):
        for one in _children(collection, 'image'):
            made = _image(tif, one, collection)
            if made is not None:
                found.append(made)
    for one in root.iter():
        if isinstance(one.tag, str) and _local(one.tag) == 'supplementalImage':
            page = _page(tif, one.get('ifd'))
            if page is not None:
                found.append(image(tif, page, 'scn', one.get('type', ''), _SOURCE))
    return found


def _local(tag: str) -> str:
    return tag.rpartition('}')[2]


def _children(element: Element, name: str) -> Iterator[Element]:
    for child in element:
        if isinstance(child.tag, str) and _local(child.tag) == name:
            yield child


def _whole(value: str | None) -> int | None:
    number = element_number('0' if value is None else value)
    if number is None or number != int(number) or not 0 <= number < _LARGEST_PLACE:
        return None
    return int(number)


def _page(tif: Any, ifd: str | None) -> Any:
    """Return the page that an attribute names, None (recorded) without one."""
    number = None if ifd is None else element_number(ifd)
    if number is not None and number == int(number) and number >= 0:
        try:
            page = tif.pages[int(number)]
        except IndexError:
            pass
        else:
            if page.shape and 0 not in page.shape:
                return page
    record(tif, 'scn', f'there is no page {ifd!r:.20}')
    return None


Places = dict[int, dict[tuple[int, int], Any]]


def _places(tif: Any, pixels: Element) -> tuple[Places, dict[int, tuple[float, float]]]:
    """Return pages by level, then by channel and plane; and the declared size of each level."""
    places: Places = {}
    sizes: dict[int, tuple[float, float]] = {}
    for dimension in _children(pixels, 'dimension'):
        r, c, z = (_whole(dimension.get(name)) for name in 'rcz')
        if r is None or c is None or z is None:
            record(tif, 'scn', f'dimension {dict(dimension.attrib)!r:.80} has no place')
            continue
        page = _page(tif, dimension.get('ifd'))
        if page is None:
            continue
        width = element_number(dimension.get('sizeX')) or page.imagewidth
        length = element_number(dimension.get('sizeY')) or page.imagelength
        if (width, length) != (page.imagewidth, page.imagelength):
            record(
                tif,
                'scn',
                f'dimension says {width:g} x {length:g}, {page._path} has '
                f'{page.imagewidth} x {page.imagelength}; the page is right',
            )
        sizes.setdefault(r, (page.imagewidth, page.imagelength))
        places.setdefault(r, {})[c, z] = page
    return places, sizes


def _image(tif: Any, element: Element, collection: Element) -> TiffPageSeries | None:
    """Return the series of one image, None (recorded) if it has no pages."""
    name = element.get('name', '')
    pixels = next(_children(element, 'pixels'), None)
    if pixels is None:
        record(tif, 'scn', f'image {name!r:.40} has no pixels')
        return None
    places, sizes = _places(tif, pixels)
    if not places:
        record(tif, 'scn', f'image {name!r:.40} has no pages')
        return None
    numbers = sorted(places, key=lambda r: -sizes[r][0])
    keys = {key for level in places.values() for key in level}
    channels, depth = max(c for c, _ in keys) + 1, max(z for _, z in keys) + 1
    if channels * depth > max(1024, 64 * len(keys)):
        raise FormatError(f'{channels} x {depth} places for {len(keys)} pages', 'scn')
    levels = [_level(tif, places[r], channels, depth, name) for r in numbers]
    base = levels[0]
    base.levels[1:] = [
        level for level in levels[1:] if level.get_axes(False) == base.get_axes(False)
    ]
    _locate(base, element, collection)
    return base


def _level(
    tif: Any, places: dict[tuple[int, int], Any], channels: int, depth: int, name: str
) -> TiffPageSeries:
    """Return one level; places without a page are missing frames."""
    first = next(iter(places.values()))
    pages: list[Any] = []
    for c in range(channels):
        for z in range(depth):
            page = places.get((c, z))
            if page is None or likeness(page) != likeness(first):
                record(tif, 'scn', f'image {name!r:.40} lacks channel {c}, plane {z}')
                page = None
            pages.append(page)
    return TiffPageSeries(
        pages,
        (channels, depth, *first.shape),
        first.dtype,
        'CZ' + first.axes,
        parent=tif,
        kind='scn',
        name=name,
        source=_SOURCE,
    )


def _locate(base: TiffPageSeries, element: Element, collection: Element) -> None:
    """Give an image its pixel size, place on the slide, and objective."""
    attrs: dict[str, Any] = {}
    power = element_number(element_text(element, 'scanSettings/objectiveSettings/objective'))
    if power is not None:
        attrs['magnification'] = power
    date = element_text(element, 'creationDate')
    if date is not None:
        attrs['datetime'] = date
    view = next(_children(element, 'view'), None)
    if view is not None:
        size = [element_number(view.get(name)) for name in ('sizeX', 'sizeY')]
        offset = [element_number(view.get(name)) for name in ('offsetX', 'offsetY')]
        if offset[0] is not None and offset[1] is not None:
            # Nanometres from the upper left corner of the slide.
            attrs['position'] = (offset[0] / 1000, offset[1] / 1000)
        whole = [element_number(collection.get(name)) for name in ('sizeX', 'sizeY')]
        attrs['role'] = 'macro' if offset == [0.0, 0.0] and size == whole else 'main'
        frame = base.keyframe
        if size[0] and size[1] and size[0] > 0 and size[1] > 0:
            mpp = size[0] / frame.imagewidth / 1000, size[1] / frame.imagelength / 1000
            pixel_coordinates(base, mpp, 'ImageDescription view')
        spacing = element_number(view.get('spacingZ'))
        if spacing:
            for level in base.levels:
                describe(level, coords={'Z': (0.0, spacing / 1000)}, units={'Z': 'micrometer'})
    describe(base, attrs=attrs)
