"""Zeiss LSM: axes from the scan type, thumbnails apart, offsets and sizes that files have wrong.

Knows blocks declared in ``schemas/vendor/zeiss_lsm.yaml``.
Source: Zeiss: LSM 5/7 image file format, release 6.0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError
from tiffschema.model import catalog
from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.series import TiffPageSeries

from .framesets import TableFrames

__all__ = ['metadata', 'series']

_WRAP = 1 << 32
_KNOTS = 5
_UNDOCUMENTED = {'AcquisitionParameters', 'Palette', 'UnmixParameters'}


def metadata(tif: Any) -> dict[str, Any] | None:
    """Return the information block of a file with its tree of settings as dictionaries."""
    value = tif.pages.first.tags.valueof(TagCode.CZ_LSMINFO)
    if not isinstance(value, Mapping):
        return None
    found = {name: one for name, one in value.items() if one is not None}
    tree = found.get('ScanInformation')
    if tree is not None:
        found['ScanInformation'] = _settings(tree.get('children') or ())
    stamps = found.get('TimeStamps')
    if stamps is not None:
        found['TimeStamps'] = stamps['values']
    events = found.get('EventList')
    if events is not None:
        found['EventList'] = [(one['time'], one['type'], one['text']) for one in events['events']]
    colors = found.get('ChannelColors')
    if colors is not None:
        found['ChannelColors'] = {
            'Mono': colors['mono'],
            'Colors': np.asarray(colors['colors']).tolist(),
            'ColorNames': list(colors['names']),
        }
    for name in ('Positions', 'TilePositions', 'ChannelWavelength'):
        if found.get(name) is not None:
            found[name] = found[name]['values']
    for name in ('InputLut', 'OutputLut'):
        if found.get(name) is not None:
            found[name] = _lut(found[name])
    if found.get('ChannelFactors') is not None:
        found['ChannelFactors'] = found['ChannelFactors']['factors']
    if found.get('KsData') is not None:
        entries = [one['entry'] for one in found['KsData']['entries']]
        found['KsData'] = {entry['name']: entry['value'] for entry in entries}
    if found.get('Characteristics') is not None:
        found['Characteristics'] = found['Characteristics']['data'].decode('cp1252', 'replace')
    for name in _UNDOCUMENTED & found.keys():
        # The value of the tag has their bytes.
        del found[name]
    return found


@cache
def _scan_names() -> Mapping[int, Mapping[str, Any]]:
    return {int(code): row for code, row in catalog.table('vendor/zeiss_lsm.lsm_scan').items()}


def _settings(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the entries of a group by name; groups of a list in a list."""
    names = _scan_names()
    found: dict[str, Any] = {}
    for item in entries:
        row = names.get(item['entry'], {})
        name = str(row.get('name', f'Entry0x{item["entry"]:08x}'))
        children = item.get('children')
        if row.get('type') == 'list':
            found[name] = [_settings(one.get('children') or ()) for one in children or ()]
        elif children is not None:
            found[name] = _settings(children)
        else:
            found[name] = item['value']
    return found


def _lut(block: Mapping[str, Any]) -> dict[str, Any]:
    parts = []
    for part in block['SubBlocks']:
        data = part['Data']
        if part['Type'] == _KNOTS:
            values = np.asarray(data['values'])
            # The description says nothing of what precedes the knots; they end the part.
            channels = block['NumberChannels'] or 1
            knots = len(values) // (2 * channels)
            data = values[len(values) - 2 * channels * knots :].reshape(channels, knots, 2)
        parts.append({'Type': part['Type'], 'Data': data})
    kept = ('LutType', 'Advanced', 'NumberChannels', 'CurrentChannel')
    return {**{name: block[name] for name in kept}, 'SubBlocks': parts}


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the image, and the series of thumbnails if there is one.

    Raises:
        FormatError: The scan type is unknown, or there are no pages of the image.
    """
    info = tif.lsm_metadata
    if info is None:
        return []
    reduced = tif.pages.chain.table().numbers(TagCode.NewSubfileType) & 1
    images, thumbnails = np.flatnonzero(reduced == 0), np.flatnonzero(reduced == 1)
    if not len(images):
        raise FormatError('no pages of the image', 'series.lsm')
    first = tif.pages[int(images[0])]
    axes = _axes(info, first)
    sizes = {
        'X': first.imagewidth,
        'Y': first.imagelength,
        'Z': info['DimensionZ'],
        'C': info['DimensionChannels'],
        'T': info['DimensionTime'],
        'P': info.get('DimensionP', 1),
        'M': info.get('DimensionM', 1),
    }
    shape = _shape(axes, sizes, first)
    wanted = math.prod(shape) // max(1, math.prod(first.shape))
    if wanted > len(images):
        leading = axes[: len(shape) - len(first.shape)]
        shape = _cut(tif, leading, shape, wanted, len(images))
        wanted = math.prod(shape) // max(1, math.prod(first.shape))
    elif wanted < len(images):
        tif.faults.add(f'{len(images) - wanted} pages are left over', 'series.lsm')
    table = _segments(tif, info, first)
    images = images[:wanted]
    found = [_image(tif, info, first, _pages(tif, images, first, table), shape, axes)]
    if len(thumbnails) and len(tif.pages) > 1:
        page = tif.pages[int(thumbnails[0])]
        reduced = _pages(tif, thumbnails, page, table)
        found.append(_thumbnails(tif, page, reduced, shape, axes, first))
    return found


def _pages(
    tif: Any,
    indices: NDArray[np.intp],
    page: Any,
    table: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> TableFrames:
    """Return pages, with offsets and sizes that were put right."""
    offsets, counts = (each[indices, : page.geometry.segment_count] for each in table)
    return TableFrames(tif.pages, indices, offsets, counts)


def _axes(info: Mapping[str, Any], page: Any) -> str:
    """Return the letters of the image: leading axes in the order of pages, then the page's."""
    kinds = catalog.view('vendor/zeiss_lsm').raw['enums']['LsmScanType']['values']
    number = int(info['ScanType'])
    kind = kinds.get(number)
    if kind is None:
        raise FormatError(f'scan type {number}', 'series.lsm')
    axes = str(kind['axes'])
    if page.planarconfig == 1:
        axes = axes.replace('C', '').replace('X', 'XC')
    elif page.samplesperpixel == 1:
        axes = axes.replace('C', '')
    if info.get('DimensionP', 0) > 0:
        axes = 'P' + axes
    if info.get('DimensionM', 0) > 0:
        axes = 'M' + axes
    return axes


def _shape(axes: str, sizes: Mapping[str, int], page: Any) -> tuple[int, ...]:
    shape = []
    for axis in axes:
        size = page.samplesperpixel if axis == 'C' else sizes[axis]
        if axis in 'YZ' and axis == axes.replace('C', '')[-2]:
            # Lines of the page may be Z slices.
            size = page.imagelength
        shape.append(max(1, int(size)))
    return tuple(shape)


def _cut(
    tif: Any, leading: str, shape: tuple[int, ...], wanted: int, there: int
) -> tuple[int, ...]:
    """Return the shape with fewer steps of its first leading axis T or Z, as pages are missing.

    Raises:
        FormatError: No number of steps makes as many pages as there are.
    """
    tif.faults.add(f'{wanted} pages are declared, {there} are there', 'series.lsm')
    for at, axis in enumerate(leading):
        if axis in 'TZ' and shape[at] > 1:
            others = wanted // shape[at]
            if there // others:
                return (*shape[:at], there // others, *shape[at + 1 :])
    raise FormatError(f'{there} pages do not make {wanted}', 'series.lsm')


def _image(
    tif: Any,
    info: Mapping[str, Any],
    page: Any,
    pages: Any,
    shape: tuple[int, ...],
    axes: str,
) -> TiffPageSeries:
    coords, units, attrs = _coordinates(info, axes, shape)
    return TiffPageSeries(
        pages,
        shape,
        page.dtype,
        axes,
        attrs=attrs,
        coords=coords,
        units=units,
        parent=tif,
        kind='lsm',
        source='CZ_LSMINFO',
    )


def _segments(
    tif: Any, info: Mapping[str, Any], page: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return offsets and sizes of the strips of all pages, put right.

    Offsets lose what is above 32 bits, and the sizes of compressed strips are those of decoded
    ones. Strips follow each other in the order in which they were acquired.
    """
    table = tif.pages.chain.table()
    offsets, present = table.arrays(TagCode.StripOffsets)
    counts, sized = table.arrays(TagCode.StripByteCounts)
    width = min(offsets.shape[1], counts.shape[1])
    offsets, counts = offsets[:, :width].copy(), counts[:, :width].copy()
    listed = np.arange(width) < np.minimum(present, sized)[:, None]
    valid = offsets > 0
    if not valid[listed].all():
        tif.faults.add('some pages were not written', 'series.lsm')
    if not valid.any():
        return offsets, counts
    if tif.source.size >= _WRAP:
        each = 2 if (table.numbers(TagCode.NewSubfileType) & 1).any() else 1
        order = _written(len(offsets), info, offsets, each)
        flat = offsets[order].reshape(-1)
        used = flat > 0
        values = flat[used]
        wraps = np.cumsum(np.concatenate(([0], (np.diff(values) < 0).astype(np.int64))))
        flat[used] = values + wraps * _WRAP
        offsets[order] = flat.reshape(offsets[order].shape)
    if page.compression != 1:
        begins = np.unique(offsets[valid])
        last = int(begins[-1])
        ends = np.append(begins[1:], tif.source.size)
        place = np.searchsorted(begins, offsets)
        following = ends[np.minimum(place, len(ends) - 1)] - offsets
        # What follows the last strip need not be its data.
        limited = np.where(offsets == last, np.minimum(following, 2 * counts), following)
        counts = np.where(valid, np.minimum(limited, following), 0)
    return offsets, counts


def _written(
    count: int, info: Mapping[str, Any], offsets: NDArray[np.int64], each: int
) -> NDArray[np.intp]:
    """Return the order in which pages were written: each image with its thumbnail, if any."""
    whole = count - count % each
    groups = np.arange(whole).reshape(-1, each)
    positions = max(1, info.get('DimensionP', 1)) * max(1, info.get('DimensionM', 1))
    times = max(1, info['DimensionTime'])
    if positions > 1 and times > 1 and len(groups) % (positions * times) == 0:
        # Directories are sorted by position, data by time.
        groups = groups.reshape(positions, times, -1, each).swapaxes(0, 1).reshape(-1, each)
    if each == 2 and whole > 1 and offsets[0, 0] > offsets[1, 0]:
        groups = groups[:, ::-1]
    return np.concatenate((groups.reshape(-1), np.arange(whole, count)))


def _thumbnails(
    tif: Any, page: Any, thumbnails: Any, shape: tuple[int, ...], axes: str, image: Any
) -> TiffPageSeries:
    """Return the series of reduced pages, with the leading axes that so many pages have."""
    lead: list[int] = []
    letters = ''
    trailing = len(image.shape)
    for size, axis in zip(shape[: len(shape) - trailing], axes, strict=False):
        if math.prod(lead) >= len(thumbnails):
            break
        lead.append(size)
        letters += axis
    if math.prod(lead) != len(thumbnails):
        lead, letters = [len(thumbnails)], 'I'
    return TiffPageSeries(
        thumbnails,
        (*lead, *page.shape),
        page.dtype,
        letters + page.axes,
        parent=tif,
        kind='lsm',
        source='CZ_LSMINFO',
    )


def _coordinates(
    info: Mapping[str, Any], axes: str, shape: tuple[int, ...]
) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    coords: dict[str, Any] = {}
    units: dict[str, str] = {}
    attrs: dict[str, Any] = {}
    sizes = dict(zip(axes, shape, strict=True))
    for axis in 'XYZ':
        size = info.get(f'VoxelSize{axis}')
        if isinstance(size, float) and size > 0 and math.isfinite(size):
            attrs[f'VoxelSize{axis}'] = size
            if axis in sizes:
                coords[axis], units[axis] = (0.0, size * 1e6), 'micrometer'
    if sizes.get('T', 1) > 1:
        stamps = info.get('TimeStamps')
        interval = info.get('TimeIntervall')
        if stamps is not None and len(stamps) == sizes['T']:
            coords['T'], units['T'] = stamps - stamps[0], 'second'
        elif interval:
            coords['T'], units['T'] = (0.0, float(interval)), 'second'
    if sizes.get('C', 1) > 1:
        names = (info.get('ChannelColors') or {}).get('ColorNames')
        ranges = info.get('ChannelWavelength')
        spectral = bool(info.get('SpectralScan'))
        if ranges is not None and spectral and len(ranges) == sizes['C'] and (ranges > 0).all():
            coords['C'] = ranges.mean(axis=1) * 1e9
            units['C'] = 'nanometer'
        elif names and len(names) == sizes['C']:
            coords['C'] = np.asarray(names)
    return coords, units, attrs
