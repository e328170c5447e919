"""Cameras whose metadata are texts and private tags: EPICS, Nuvu, Hamamatsu streak cameras.

Knows tags of pages, and what their files in ``schemas/vendor`` declare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tiffschema.errors import FormatError
from tiffschema.model import catalog
from tiffschema.model.tagcodes import TagCode
from tiffschema.model.text.values import auto

__all__ = ['epics', 'nuvu', 'streak', 'streak_blocks']

_EPICS_ATTRIBUTES = range(65004, 65500)
_NUVU = re.compile(r"Field '([0-9]{1,5})' is '(.*)'")
_NUVU_FIRST = 65000


def epics(page: Any) -> dict[str, Any]:
    """Return time, number and attributes of a page of areaDetector."""
    named: Mapping[int, Any] = catalog.view('vendor/epics').raw['tables']['epics']
    found: dict[str, Any] = {}
    for tag in page.tags:
        value = tag.value
        if tag.code in named:
            found[named[tag.code]['name']] = _number(value) if isinstance(value, str) else value
        elif tag.code in _EPICS_ATTRIBUTES and isinstance(value, str):
            name, mark, text = value.partition(':')
            if mark:
                found[name] = _number(text)
            else:
                _fault(page, f'tag {tag.code}', f'{value[:80]!r} is no attribute')
    return found


def nuvu(page: Any) -> dict[str, Any]:
    """Return the values that texts of a page of a Nuvu camera name."""
    tags = page.tags
    found: dict[str, Any] = {}
    values: set[int] = set()
    for tag in tags:
        if tag.code < _NUVU_FIRST or tag.code in values or not isinstance(tag.value, str):
            continue
        match = _NUVU.match(tag.value)
        if match is None:
            continue
        code = int(match[1])
        values.add(code)
        found[match[2]] = tags.valueof(code)
        if code not in tags:
            _fault(page, f'tag {tag.code}', f'there is no tag {code} for {match[2]!r}')
    return found


def streak(tif: Any) -> dict[str, Any] | None:
    """Return the sections of a description, with the tables of scalings that it points to."""
    text = tif.pages.first.tags.valueof(TagCode.ImageDescription)
    view = catalog.view('vendor/hamamatsu_streak')
    found: dict[str, Any] = view.texts['streak'].parse(text, tif.faults, limits=tif.limits)
    scaling = found.get('Scaling')
    if not isinstance(scaling, dict):
        return found
    for axis in 'XY':
        place = scaling.get(f'Scaling{axis}ScalingFile')
        if not isinstance(place, tuple) or len(place) < 2:
            continue
        try:
            scaling[f'Scaling{axis}Scaling'] = _table(tif, view, *place[:2])
        except FormatError as error:
            _fault(tif.pages.first, f'streak.Scaling{axis}ScalingFile', error.message)
    return found


def streak_blocks(tif: Any, segments: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Yield start, stop and name of the tables of scalings.

    Parameters:
        tif: The file.
        segments: Of no use here.
    """
    if not tif.is_streak:
        return
    scaling = (tif.streak_metadata or {}).get('Scaling') or {}
    for axis in 'XY':
        table = scaling.get(f'Scaling{axis}Scaling')
        if table is not None:
            start = scaling[f'Scaling{axis}ScalingFile'][0]
            yield start, start + table.nbytes, f'Scaling{axis}Scaling'


def _table(tif: Any, view: catalog.SchemaView, offset: Any, count: Any) -> Any:
    path = 'streak.Scaling'
    if not isinstance(offset, int) or not isinstance(count, int) or min(offset, count) < 0:
        raise FormatError(f'{offset}, {count} are no offset and count', path)
    struct = view.struct('streak_table')
    data = tif.source.exactly(offset, 4 * count, path)
    return struct.parse(data, args={'count': count}, limits=tif.limits).values


def _number(text: str) -> Any:
    value = auto(text)
    return text if isinstance(value, bool) else value


def _fault(page: Any, path: str, message: str) -> None:
    page.parent.faults.append(FormatError(message, path, page.offset))
