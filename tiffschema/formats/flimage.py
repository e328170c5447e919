"""FLIMage: lifetime images whose pages hold channels, pixels and time bins in one of six orders.

Knows the description of pages. Source: FLIMage: ``FileIO.cs``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tiffschema.model.text.values import auto
from tiffschema.runtime.assemble.alike import groups_of_pages
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

__all__ = ['dump_flimage', 'metadata', 'parse_flimage', 'series']


def metadata(tif: Any) -> dict[str, Any]:
    """Return the settings of a file by name; see `parse_flimage`."""
    return parse_flimage(tif.pages.first.description)


def parse_flimage(text: str) -> dict[str, Any]:
    """Return the settings of a description.

    Example:
        >>> parse_flimage('FLIMimage parameters\\nA.b = [1, 2];\\nC = "x";\\nD = True;')
        {'A.b': [1, 2], 'C': 'x', 'D': True}
    """
    found: dict[str, Any] = {}
    for line in text.splitlines():
        name, mark, value = line.partition('=')
        if mark:
            found[name.strip()] = _value(value.strip().rstrip(';').strip())
    return found


def _value(text: str) -> Any:
    if text[:1] == '[' and text[-1:] == ']':
        inner = text[1:-1].strip()
        return [_single(part.strip()) for part in inner.split(',')] if inner else []
    return _single(text)


def _single(text: str) -> Any:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    return auto(text) if text else None


def dump_flimage(values: Mapping[str, Any]) -> str:
    """Return the description of settings, as `parse_flimage` gives them.

    Example:
        >>> dump_flimage({'A.b': [1, 2], 'C': 'x', 'D': True}).splitlines()
        ['FLIMimage parameters', 'A.b = [1, 2];', 'C = "x";', 'D = True;']
    """
    lines = [f'{name} = {_text(value)};' for name, value in values.items()]
    return '\r\n'.join(['FLIMimage parameters', *lines, ''])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f'[{", ".join(map(_text, value))}]'
    return '' if value is None else str(value)


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of a file with lifetimes as an axis; else pages are as they are."""
    settings = tif.flimage_metadata or {}
    page = tif.pages.first
    count = len(tif.pages)
    if count > 1 and len(groups_of_pages(tif)) != 1:
        return []
    width, length = (
        _positive(settings.get(f'State.Acq.{name}')) for name in ('pixelsPerLine', 'linesPerFrame')
    )
    bins = _bins(settings)
    lifetimes = [bin_count for bin_count in bins if bin_count]
    found = None
    if len(set(lifetimes)) > 1:
        tif.faults.add('channels differ in their number of time bins', 'series.flimage')
    elif lifetimes and width and length:
        found = _order(settings, page, width, length, lifetimes, _slices(settings))
    shape, axes = found or (page.shape, page.axes)
    pages: Any = [page]
    lead: tuple[int, ...] = ()
    if count > 1:
        pages, lead = PageSelection(tif.pages, np.arange(count)), (count,)
    coords, units = _coordinates(settings, width, length)
    return [
        TiffPageSeries(
            pages,
            (*lead, *shape),
            page.dtype,
            'I' * len(lead) + axes,
            attrs=_attrs(settings, bins),
            coords={axis: value for axis, value in coords.items() if axis in axes},
            units=units,
            parent=tif,
            kind='flimage',
            source='FLIMage description',
        )
    ]


def _positive(value: Any) -> int:
    return value if isinstance(value, int) and 0 < value < 1 << 24 else 0


def _flags(value: Any) -> list[bool]:
    return [bool(one) for one in value] if isinstance(value, list) else [bool(value)]


def _bins(settings: Mapping[str, Any]) -> list[int]:
    """Return the number of time bins of each channel: 1 for intensity, 0 if it is not stored."""
    acquired = _flags(settings.get('State.Acq.acquisition', True))
    lifetime = settings.get('State.Acq.acqFLIMA', settings.get('State.Acq.acqFLIM', False))
    recorded = _flags(lifetime) or [False]
    saved = _flags(settings.get('SaveChannels', [True] * len(acquired)))
    points = settings.get('State.Spc.spcData.n_dataPoint', 1)
    channels = _positive(settings.get('State.Acq.nChannels')) or len(acquired)
    found = []
    for channel in range(min(channels, len(acquired))):
        flim = recorded[channel] if channel < len(recorded) else recorded[-1]
        kept = saved[channel] if channel < len(saved) else True
        count = points[channel] if isinstance(points, list) and channel < len(points) else points
        found.append((_positive(count) if flim else 1) if acquired[channel] and kept else 0)
    return found


def _slices(settings: Mapping[str, Any]) -> int:
    if not settings.get('State.Acq.fastZScan'):
        return 1
    return _positive(settings.get('State.Acq.FastZ_nSlices')) or 1


def _order(
    settings: Mapping[str, Any], page: Any, width: int, length: int, bins: list[int], depth: int
) -> tuple[tuple[int, ...], str] | None:
    """Return shape and axes of a page by its declared order, or by its size."""
    channels, time = len(bins), bins[0]
    total = channels * time
    size = (page.imagelength, page.imagewidth)
    sizes = {
        'ChTime_YX': (length * width, total),
        'ChYX_Time': (time, channels * length * width),
        'Time_ChYX': (channels * length * width, time),
        'Linear': (1, total * length * width),
        'ZLinear': (depth, total * length * width),
    }
    name = settings.get('Format')
    if name is None:
        name = next((known for known, its in sizes.items() if its == size), 'None')
    if sizes.get(str(name)) is None or math.prod(page.shape) != math.prod(sizes[str(name)]):
        return None
    if name == 'ZLinear' and depth > 1:
        return (depth, channels, length, width, time), 'ZCYXH'
    if name == 'ChTime_YX':
        return (length, width, channels, time), 'YXCH'
    if name == 'ChYX_Time':
        return (time, channels, length, width), 'HCYX'
    return (channels, length, width, time), 'CYXH'


def _coordinates(
    settings: Mapping[str, Any], width: int, length: int
) -> tuple[dict[str, Any], dict[str, str]]:
    coords: dict[str, Any] = {}
    units: dict[str, str] = {}
    field = settings.get('State.Acq.field_of_view')
    if isinstance(field, list) and len(field) > 1:
        for axis, extent, size in zip('XY', field, (width, length), strict=False):
            if size and isinstance(extent, int | float) and extent > 0:
                coords[axis], units[axis] = (0.0, extent / size), 'micrometer'
    resolution = settings.get('State.Spc.spcData.resolution')
    values = resolution if isinstance(resolution, list) else [resolution]
    step = next((one for one in values if isinstance(one, int | float) and one > 0), None)
    if step is not None:
        coords['H'], units['H'] = (0.0, step / 1000.0), 'nanosecond'
    interval = settings.get('State.Acq.imageInterval')
    if isinstance(interval, int | float) and interval > 0:
        coords['I'], units['I'] = (0.0, float(interval)), 'second'
    thickness = settings.get('State.Acq.FastZ_umPerSlice')
    if isinstance(thickness, int | float) and thickness > 0:
        coords['Z'], units['Z'] = (0.0, float(thickness)), 'micrometer'
    return coords, units


def _attrs(settings: Mapping[str, Any], bins: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {'n_dataPoint': bins}
    if 'Format' in settings:
        found['Format'] = settings['Format']
    rate = settings.get('State.Acq.ExpectedLaserPulseRate_MHz')
    if isinstance(rate, int | float):
        found['ExpectedLaserPulseRate_MHz'] = float(rate)
    return found
