"""Electron event representation: frames of a counting detector, and items of metadata as XML.

Knows tags 65001 to 65006 and the order of pages. Source: Thermo Fisher Scientific: EER file format.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from tiffschema.errors import FormatError, LimitError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.model.tagcodes import EerCode
from tiffschema.model.text.values import auto
from tiffschema.model.text.xml import escape, parse_element
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

__all__ = ['dump_items', 'metadata', 'parse_items', 'series']

_METADATA = range(65001, EerCode.PosSkipBits)
_EVENTS = frozenset({65000, 65001, 65002})
_DOSE = ('exposureTime', 'meanDoseRate', 'totalDose')
_TRUTH = {'Yes': True, 'No': False}


def metadata(page: Any) -> dict[str, Any]:
    """Return the items of all documents of a page by name, units as ``name.unit``."""
    found: dict[str, Any] = {}
    for code in _METADATA:
        value = page.tags.valueof(code)
        if isinstance(value, bytes) and value.startswith(b'<metadata>'):
            try:
                found.update(parse_items(value, limits=page.parent.limits))
            except (FormatError, LimitError) as error:
                page.parent.faults.append(error)
    return found


def parse_items(text: str | bytes, *, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Return the items of one document.

    Raises:
        FormatError: It is no well-formed XML.

    Example:
        >>> parse_items('<metadata><item name="totalDose" unit="e/pixel">40.5</item></metadata>')
        {'totalDose': 40.5, 'totalDose.unit': 'e/pixel'}
    """
    if isinstance(text, bytes):
        text = text.rstrip(b'\0').decode('utf-8', 'replace')
    found: dict[str, Any] = {}
    for item in parse_element(text, limits=limits):
        name, value = item.get('name'), item.text
        if item.tag != 'item' or not name or not value:
            continue
        found[name] = _value(name, value)
        unit = item.get('unit')
        if unit:
            found[f'{name}.unit'] = unit
    return found


def _value(name: str, text: str) -> Any:
    if name == 'timestamp':
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return text
    if text in _TRUTH:
        return _TRUTH[text]
    value = auto(text)
    return text if isinstance(value, bool) else value


def dump_items(values: Mapping[str, Any]) -> str:
    """Return the document of items.

    Example:
        >>> dump_items({'dose': 40.5, 'dose.unit': 'e/pixel'})
        '<metadata><item name="dose" unit="e/pixel">40.5</item></metadata>'
    """
    items = []
    for name, value in values.items():
        if name.endswith('.unit'):
            continue
        unit = values.get(f'{name}.unit')
        shown = f' unit="{escape(unit)}"' if unit else ''
        if isinstance(value, bool):
            value = 'Yes' if value else 'No'
        elif isinstance(value, datetime):
            value = value.isoformat()
        items.append(f'<item name="{escape(name)}"{shown}>{escape(str(value))}</item>')
    return f'<metadata>{"".join(items)}</metadata>'


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the frames, and the sum of them where the first page has it.

    A file of one page that holds no events is none of these series.
    """
    count = len(tif.pages)
    first = tif.pages.first
    summed = first.compression not in _EVENTS
    if summed and count == 1:
        return []
    found = []
    if not summed or tif.pages[1].compression in _EVENTS:
        found.append(_frames(tif, int(summed), count))
    else:
        tif.faults.add('no frames of events follow the sum', 'series.eer')
    if summed:
        found.append(_image(tif, [first], first.shape, first.axes, 'integrated'))
    return found


def _frames(tif: Any, start: int, stop: int) -> TiffPageSeries:
    page = tif.pages[start]
    known = tif.eer_metadata or {}
    attrs = {name: known[name] for name in _DOSE if isinstance(known.get(name), int | float)}
    if stop - start == 1:
        return _image(tif, [page], page.shape, page.axes, 'frames', attrs)
    pages = PageSelection(tif.pages, np.arange(start, stop))
    return _image(tif, pages, (stop - start, *page.shape), 'I' + page.axes, 'frames', attrs)


def _image(
    tif: Any, pages: Any, shape: tuple[int, ...], axes: str, name: str, attrs: Any = None
) -> TiffPageSeries:
    return TiffPageSeries(
        pages,
        shape,
        pages[0].dtype,
        axes,
        attrs=attrs,
        parent=tif,
        name=name,
        kind='eer',
        source='EER compression',
    )
