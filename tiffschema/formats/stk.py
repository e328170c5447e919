"""MetaMorph STK: planes follow the data of the only page; numbered values by name.

Knows the tables declared in ``schemas/vendor/metamorph_stk.yaml``.
Source: Molecular Devices: MetaMorph stack (STK) image file format.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError
from tiffschema.model import catalog
from tiffschema.model.tagcodes import SEGMENTS, TagCode
from tiffschema.runtime.segmenttable import stored_numbers
from tiffschema.runtime.series import TiffPageSeries

from .framesets import StridedFrames

__all__ = ['metadata', 'series']

_LONG = 4
_FIRST_DAY = 1721425
_PROPERTIES = 49
_INVALID_EMPTY = frozenset((6, 7, 25))
_MICROMETRES = {'um': 1.0, '\u00b5m': 1.0, 'micron': 1.0, 'microns': 1.0, 'nm': 1e-3, 'mm': 1e3}


@cache
def _names() -> Mapping[int, str]:
    """Names of values by their number."""
    found: dict[int, str] = {10: '_tagid_10'}
    for table in ('uic_words', 'uic_blocks'):
        rows = catalog.table(f'vendor/metamorph_stk.{table}')
        found.update({int(code): str(row['name']) for code, row in rows.items()})
    return found


def metadata(tif: Any) -> dict[str, Any]:
    """Return the values of the stack by name: those of planes as arrays or lists."""
    tags = tif.pages.first.tags
    uic2 = tags.valueof(TagCode.UIC2tag)
    count = tags[TagCode.UIC2tag].count if TagCode.UIC2tag in tags else 1
    description = tags.valueof(TagCode.ImageDescription)
    found: dict[str, Any] = {'NumberPlanes': count}
    if description:
        found['PlaneDescriptions'] = str(description).split('\0')
    uic1 = tags.valueof(TagCode.UIC1tag)
    # Before MetaMorph 2.5 the tag held one Z distance per plane, as RATIONAL.
    if isinstance(uic1, Mapping) and int(tags[TagCode.UIC1tag].dtype) == _LONG:
        found.update(_named(uic1['items'], count))
    uic3 = tags.valueof(TagCode.UIC3tag)
    if isinstance(uic3, Mapping):
        found['Wavelengths'] = np.asarray(uic3['wavelengths'])
    uic4 = tags.valueof(TagCode.UIC4tag)
    if isinstance(uic4, Mapping):
        found.update(_named(uic4['items'], count))
    if isinstance(uic2, Mapping):
        found.update(_planes(uic2['planes']))
    return found


def _named(items: Any, planes: int) -> dict[str, Any]:
    names = _names()
    found: dict[str, Any] = {}
    for item in items:
        code, word = item['id'], item.get('word')
        block = item.get('block', item.get('value'))
        name = names.get(code, f'_TagId{code}')
        if code in (28, 29, 37, 40, 41) and block is None and planes > 1:
            continue
        if code == _PROPERTIES:
            if block is not None:
                found.setdefault(name, []).append(_property(block['property']))
        elif block is not None:
            found[name] = _value(code, block)
        elif code in _INVALID_EMPTY:
            found[name] = ''
        else:
            found[name] = word
    return found


def _value(code: int, block: Any) -> Any:
    if isinstance(block, Mapping):
        return _property(block) if 'kind' in block else block['text']
    if isinstance(block, list) and block and isinstance(block[0], Mapping):
        return [one['text'] for one in block]
    if isinstance(block, np.ndarray) and code in (46,):
        return tuple(block.tolist())
    return block


def _property(block: Mapping[str, Any]) -> dict[str, Any]:
    value = block['number'] if block['kind'] == 1 else block['text']
    return {'name': block['name'], 'flags': block['flags'], 'value': value}


def _planes(rows: Any) -> dict[str, Any]:
    created, modified = np.asarray(rows['created']), np.asarray(rows['modified'])
    return {
        'ZDistance': np.asarray(rows['z_distance'], np.float64),
        'TimeCreated': created[:, 1].astype(np.uint32),
        'TimeModified': modified[:, 1].astype(np.uint32),
        'DatetimeCreated': _datetimes(created),
        'DatetimeModified': _datetimes(modified),
    }


def _datetimes(pairs: NDArray[Any]) -> NDArray[Any]:
    """Return days and milliseconds as times, NaT where there is no date."""
    days, milliseconds = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
    epoch = np.datetime64('0001-01-01T00:00:00.000')
    valid = (days >= _FIRST_DAY) & (days < _FIRST_DAY + 3652059)
    since = np.where(valid, (days - _FIRST_DAY) * 86_400_000 + milliseconds, 0)
    times: NDArray[Any] = epoch + since.astype('timedelta64[ms]')
    times[~valid] = np.datetime64('NaT', 'ms')
    return times


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of a stack.

    Raises:
        FormatError: The planes are not in the file.
    """
    values = tif.stk_metadata
    page = tif.pages.first
    if values is None or page.geometry.size == 0:
        return []
    count = values['NumberPlanes']
    axis = 'I'
    coords, units = _pixel_size(values)
    if count > 1:
        axis = _axis(values, coords, units)
    pages: Any = [page]
    if count > 1:
        pages = _frames(tif, page, count)
    return [
        TiffPageSeries(
            pages,
            (count, *page.shape),
            page.dtype,
            axis + page.axes,
            attrs=_attrs(page),
            coords=coords,
            units=units,
            parent=tif,
            name=str(values.get('Name') or ''),
            kind='stk',
            source='UIC tags',
        )
    ]


def _frames(tif: Any, page: Any, count: int) -> StridedFrames:
    """Return the frames of a stack.

    Offsets and sizes of segments are listed for all planes, or for the first plane; those of
    others follow at the distance of the stretch that it takes.
    """
    offset_code = TagCode.TileOffsets if page.geometry.is_tiled else TagCode.StripOffsets
    offsets, sizes = (stored_numbers(page, code) for code in (offset_code, SEGMENTS[offset_code]))
    if not len(offsets) or not len(sizes):
        raise FormatError('the first plane says of no segment where it is', 'series.stk')
    segments = page.geometry.segment_count
    if len(offsets) >= segments * count and len(sizes) >= segments * count:
        used = segments * count
        return StridedFrames(
            tif, page, offsets[:used].reshape(count, -1), sizes[:used].reshape(count, -1)
        )
    first, stored = offsets[:segments], sizes[:segments]
    if page.is_final:
        distance = page.nbytes
    else:
        distance = int(first[-1] + stored[-1] - first[0])
    if not 0 < distance * count < 1 << 62:
        raise FormatError('the data of the first plane has no possible size', 'series.stk')
    steps = np.arange(count, dtype=np.int64)[:, None] * distance
    if page.is_final:
        first, stored = np.asarray(page.dataoffsets[:1]), np.asarray([page.nbytes])
    end = int(steps[-1, 0] + first[-1] + stored[-1])
    if end > tif.source.size:
        tif.faults.add(
            f'{count} planes need {end} bytes, the file has {tif.source.size}', 'series.stk'
        )
    table = first[None, :] + steps
    return StridedFrames(tif, page, table, np.broadcast_to(stored, table.shape))


def _axis(values: Mapping[str, Any], coords: dict[str, Any], units: dict[str, str]) -> str:
    """Return what planes differ in: Z if all have a distance, else time if it goes on."""
    distances = values.get('ZDistance')
    if distances is not None and (distances != 0).all():
        steps = distances.copy()
        steps[0] = 0.0
        coords['Z'] = np.cumsum(steps)
        unit = str(values.get('CalibrationUnits') or '')
        if unit:
            units['Z'] = 'micrometer' if _MICROMETRES.get(unit) == 1.0 else unit
        return 'Z'
    times = values.get('TimeCreated')
    if times is not None and (np.diff(times.astype(np.int64)) != 0).all():
        created = values['DatetimeCreated']
        if not np.isnat(created).any():
            coords['T'] = (created - created[0]) / np.timedelta64(1, 's')
            units['T'] = 'second'
        return 'T'
    return 'I'


def _pixel_size(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    coords: dict[str, Any] = {}
    units: dict[str, str] = {}
    if values.get('SpatialCalibration'):
        unit = str(values.get('CalibrationUnits') or '')
        factor = _MICROMETRES.get(unit)
        for axis in 'XY':
            size = values.get(f'{axis}Calibration')
            if isinstance(size, float) and size > 0 and np.isfinite(size):
                coords[axis] = (0.0, size * (factor or 1.0))
                units[axis] = 'micrometer' if factor else unit
    return coords, units


def _attrs(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    moment = page.datetime
    if isinstance(moment, datetime):
        found['datetime'] = moment.replace(tzinfo=None).isoformat(timespec='auto')
    return found
