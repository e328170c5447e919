"""Olympus SIS: calibration in a block, axes and positions in an INI text.

Knows the block and the text declared in ``schemas/vendor/olympus_sis.yaml``.
Source: files of Olympus Soft Imaging Solutions; Bio-Formats: ``SISReader``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isfinite, prod
from typing import Any

import numpy as np

from tiffschema.errors import FormatError
from tiffschema.model.tagcodes import TagCode
from tiffschema.model.text.values import auto
from tiffschema.runtime.assemble.alike import groups_of_pages
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection
from tiffschema.types import Faults

__all__ = ['fold_ini', 'has_second_block', 'metadata', 'series']

_LETTERS = 18
_MILLIMETRE = 1e-3
_GENERAL = 1
_INDEXED = re.compile(r'(.*?)([0-9]{1,9})\Z')
_PATH = 'text.olympus_ini'
_BANDS = 65536
_LARGEST = {np.float64: 1 << 53, np.int32: (1 << 31) - 1}


def has_second_block(facts: Any) -> bool:
    """Return whether tag 34853 leads to a block of Olympus rather than to a directory.

    Cameras of Olympus and its slides have GPS directories, too. The letters IS tell: they stand at
    the start of a block (``SIS0`` in some).
    """
    directory = facts.subject.directory
    offset = directory.numbers[directory.index[TagCode.GPSInfoIFD]]
    return b'IS' in bytes(facts.view(offset, _LETTERS))


def metadata(tif: Any) -> dict[str, Any]:
    """Return the sections of the INI text, and name, time and calibration of the blocks."""
    tags = tif.pages.first.tags
    found: dict[str, Any] = {}
    ini = tags.valueof(TagCode.OlympusINI)
    if isinstance(ini, Mapping):
        found.update(fold_ini(ini, tif.faults, items=tif.limits.items))
    block = tags.valueof(TagCode.OlympusSIS)
    if isinstance(block, Mapping):
        found['name'] = block['name']
        if block['datetime'] is not None:
            found['datetime'] = block['datetime']
        for one in block['blocks'] or ():
            general = one['block']
            if one['kind'] == _GENERAL and general is not None:
                names = ('pixelsizex', 'pixelsizey', 'magnification', 'cameraname', 'picturetype')
                found.update({name: general[name] for name in names})
    if tif.is_sis_second:
        second = tags.valueof(TagCode.GPSInfoIFD)
        size = second.get('calibration') if isinstance(second, Mapping) else None
        if size is not None:
            found['pixelsizex'] = size['x'] * _MILLIMETRE
            found['pixelsizey'] = size['y'] * _MILLIMETRE
    return found


def fold_ini(
    sections: Mapping[str, Any], faults: Faults, *, items: int = 1 << 24
) -> dict[str, Any]:
    """Return the sections with numbers as numbers, and those of bands and positions as lists.

    Parameters:
        sections: What the grammar ``olympus_ini`` gives.
        faults: Where to record what does not fit.
        items: Positions and records at most.

    Example:
        >>> found = fold_ini({'Dimension': {'Z': '2'}, 'Z': {'ZPos1': '1', 'ZPos2': '3'}}, [])
        >>> found['axes'], found['shape'], found['Z']['ZPos'].tolist()
        ('Z', (2,), [1.0, 3.0])
    """
    found: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for name, section in sections.items():
        if name == 'Dimension':
            sizes = _dimension(section, faults, items)
            lengths = {axis: size for axis, size in sizes.items() if size > 1}
            found['Dimension'] = sizes
            found['axes'] = ''.join(_letter(axis) for axis in lengths)
            found['shape'] = tuple(lengths.values())
        elif name == 'Band':
            found['Band'] = _bands(section, sizes.get('Band', 0))
        elif name == 'ASD':
            found['ASD'] = _records(section, items)
        elif name in ('Z', 'Time') and name in sizes:
            kind = np.float64 if name == 'Z' else np.int32
            values, rest = _positions(section, f'{name}Pos', kind)
            found[name] = {**rest, f'{name}Pos': values[: sizes[name]]}
        else:
            found[name] = {key: _value(text) for key, text in section.items()}
    return found


def _value(text: str | None) -> Any:
    """Return None for no text, a tuple where commas part it, numbers where it looks like one."""
    if not text:
        return None
    if ',' in text:
        return tuple(_value(part.strip()) for part in text.split(','))
    value = auto(text)
    return text if isinstance(value, bool) else value


def _letter(axis: str) -> str:
    return 'C' if axis == 'Band' else axis[:1].upper()


def _dimension(section: Mapping[str, str | None], faults: Faults, items: int) -> dict[str, int]:
    sizes = {}
    for axis, text in section.items():
        size = _value(text)
        if (
            not axis[:1].isascii()
            or not axis[:1].isalpha()
            or not isinstance(size, int)
            or not 0 <= size <= items
        ):
            faults.append(FormatError(f'{axis}={text} is no length', f'{_PATH}.Dimension'))
            continue
        sizes[axis] = size
    return sizes


def _indexed(key: str) -> tuple[str, int]:
    """Return a name without its number, and the number from 0."""
    match = _INDEXED.match(key)
    return (match[1], max(0, int(match[2]) - 1)) if match else (key, 0)


def _bands(pairs: Iterable[tuple[str, str | None]], count: int) -> list[dict[str, Any]]:
    """Return the values of each band; lines of tables belong to the band named before them."""
    bands: list[dict[str, Any]] = [{'LUT': []} for _ in range(min(count, _BANDS))]
    at, count = 0, len(bands)
    for key, text in pairs:
        name, index = _indexed(key)
        value = _value(text)
        if name == 'LUT':
            if at < count and isinstance(value, int):
                bands[at]['LUT'].append([value >> shift & 255 for shift in (0, 8, 16)])
        else:
            at = index
            if at < count:
                bands[at][name] = value
    for band in bands:
        band['LUT'] = np.array(band['LUT'], np.uint8)
    return bands


def _records(pairs: Iterable[tuple[str, str | None]], items: int) -> list[dict[str, Any]]:
    pairs = list(pairs)
    count = _value(next((text for key, text in pairs if key == 'Count'), None))
    # Records that are counted but hold nothing are no reason to make millions of them.
    length = min(count, len(pairs), items) if isinstance(count, int) else 0
    records: list[dict[str, Any]] = [{} for _ in range(max(0, length))]
    for key, text in pairs:
        name, index = _indexed(key)
        if key != 'Count' and index < len(records):
            records[index][name] = _value(text)
    return records


def _positions(
    section: Mapping[str, str | None], name: str, kind: Any
) -> tuple[Any, dict[str, Any]]:
    """Return the numbered positions in the order of the text, and what else the section holds."""
    values = []
    rest: dict[str, Any] = {}
    for key, text in section.items():
        value = _value(text)
        if _indexed(key)[0] == name and isinstance(value, int | float) and value == value:
            values.append(max(-_LARGEST[kind], min(value, _LARGEST[kind])))
        else:
            rest[key] = value
    return np.array(values, kind), rest


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of a file: axes of the INI text, then those of a page.

    Pages that differ are no such series; the general rules sort them.
    """
    known = tif.sis_metadata or {}
    page = tif.pages.first
    count = len(tif.pages)
    if count > 1 and len(groups_of_pages(tif)) != 1:
        return []
    if tif.is_sis_second and not known:
        # The tag is the GPS directory after all.
        return []
    shape, axes = tuple(known.get('shape', ())), str(known.get('axes', ''))
    source = 'OlympusINI' if 'axes' in known else ''
    letters = axes + page.axes
    if prod(shape) != count or len(set(letters)) < len(letters):
        if shape:
            tif.faults.add(f'{shape} of {axes!r} are not {count} pages', f'{_PATH}.Dimension')
        shape, axes, source = ((count,), 'I', 'equal pages') if count > 1 else ((), '', '')
    coords, units = _coordinates(known, dict(zip(axes, shape, strict=True)))
    return [
        TiffPageSeries(
            PageSelection(tif.pages, np.arange(count)),
            (*shape, *page.shape),
            page.dtype,
            axes + page.axes,
            attrs=_attributes(known),
            coords=coords,
            units=units,
            parent=tif,
            name=str(known.get('name', '')),
            kind='sis',
            source='; '.join(filter(None, (source, _block(known)))),
        )
    ]


def _block(known: Mapping[str, Any]) -> str:
    """Return the tag of the block that metadata came from."""
    if 'name' in known:
        return 'OlympusSIS'
    return 'OlympusSIS2' if 'pixelsizex' in known else ''


def _attributes(known: Mapping[str, Any]) -> dict[str, Any]:
    attrs = {}
    if known.get('magnification'):
        attrs['magnification'] = known['magnification']
    if isinstance(known.get('datetime'), datetime):
        attrs['datetime'] = known['datetime'].isoformat()
    return attrs


def _coordinates(
    known: Mapping[str, Any], sizes: Mapping[str, int]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return coordinates and units of the axes that the file calibrates."""
    coords: dict[str, Any] = {}
    units: dict[str, str] = {}
    for axis in 'XY':
        size = known.get(f'pixelsize{axis.lower()}')
        if isinstance(size, float) and isfinite(size) and size > 0:
            coords[axis] = (0.0, size * 1e6)
            units[axis] = 'micrometer'
    info = known.get('Info') or {}
    for axis, section in (('Z', 'Z'), ('T', 'Time')):
        values = (known.get(section) or {}).get(f'{section}Pos')
        if axis in sizes and values is not None and len(values) == sizes[axis]:
            coords[axis] = values
    steps = info.get('StartPosZ'), info.get('StepZ')
    if 'Z' in sizes and 'Z' not in coords and all(isinstance(one, int | float) for one in steps):
        coords['Z'] = steps
    if 'Z' in coords and isinstance(info.get('UnitZ'), str):
        units['Z'] = info['UnitZ']
    if 'T' in coords:
        units['T'] = 'ms'
    names = [band.get('BandName') for band in known.get('Band', ())]
    if names and all(names) and len(names) == sizes.get('C'):
        coords['C'] = [str(name) for name in names]
    return coords, units
