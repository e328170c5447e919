"""Micro-Manager: headers of multi-page files and of NDTiff; MMStack series from index maps.

Knows blocks declared in ``schemas/vendor/micromanager.yaml``. An index map says where the
directory of each plane lies, so no chain is walked, which may be broken.
Source: micro-manager.org: Micro-Manager file formats; Micro-Manager: MultipageTiffWriter.java.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, LimitError, TiffFileError
from tiffschema.model.sections import schemas
from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.reached import reached
from tiffschema.runtime.series import TiffPageSeries

from .framesets import OffsetFrames, sibling_names

__all__ = ['header', 'metadata', 'pixel_offsets', 'series']

_SCHEMA = 'vendor/micromanager'
_HEADER_AT = 8
_TRIED = 8
_AXES = ('C', 'Z', 'T', 'R')
_PLACES = ('ChannelIndex', 'SliceIndex', 'FrameIndex', 'PositionIndex')
_SIZES = {'C': 'Channels', 'Z': 'Slices', 'T': 'Frames', 'R': 'Positions'}


def header(tif: Any) -> Any:
    """Return the record that follows the TIFF header: of an MMStack, or of NDTiff.

    Raises:
        FormatError: There is none.
    """
    struct = schemas[_SCHEMA].struct('header')
    order, limits = tif.byteorder, tif.limits
    buffer = reached(tif.source, struct, _HEADER_AT, byteorder=order, limits=limits)
    record = struct.parse(buffer, _HEADER_AT, byteorder=order, limits=limits, faults=tif.faults)
    return record.settings


def metadata(tif: Any) -> dict[str, Any]:
    """Return the settings of a file: version, summary, index map, display settings, comments.

    The index map is an array of shape ``(planes, 5)`` of channel, slice, frame, position and
    offset of the directory.
    """
    record = header(tif)
    found: dict[str, Any] = {}
    names = set(record._fields)
    if 'MajorVersion' in names:
        found['MajorVersion'] = record.MajorVersion
        if record.MinorVersion is not None:
            found['MinorVersion'] = record.MinorVersion
        if record.Summary is not None:
            found['Summary'] = record.Summary
        return found
    found['MajorVersion'] = record.ndtiff_version or 0
    if record.Summary is not None:
        found['Summary'] = record.Summary
    if record.IndexMap is not None:
        found['IndexMap'] = _index_array(record.IndexMap.rows)
    for name in ('DisplaySettings', 'Comments'):
        block = getattr(record, name)
        if block is not None and block.value is not None:
            found[name] = block.value
    return found


def _index_array(rows: Any) -> NDArray[np.uint32]:
    """Return an index map as an array, without rows that were only reserved."""
    names = ('channel', 'slice', 'frame', 'position', 'ifd_offset')
    # Each column lies in one stretch, as series take them.
    array = np.array([rows[name] for name in names], np.uint32).T
    ends = np.flatnonzero(array[:, 4] == 0)
    return array[: ends[0]] if len(ends) else array


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of a set of MMStack files; none if the settings do not declare it."""
    settings = tif.micromanager_metadata or {}
    summary = settings.get('Summary')
    if settings.get('MajorVersion') != 0 or not isinstance(summary, dict):
        return []
    if 'MicroManagerVersion' not in summary or 'Frames' not in summary:
        return []
    rows = _index_of(tif, settings)
    if not len(rows):
        return []
    page = tif.pages.first
    if not page.is_final or page.geometry.size == 0:
        return []
    sizes = {axis: _size(summary, name) for axis, name in _SIZES.items()}
    maps: list[tuple[Any, NDArray[np.uint32]]] = [(tif, rows)]
    wanted = _extent(maps, sizes)
    if math.prod(wanted.values()) > len(rows) and tif.multifile:
        maps += _others(tif, summary)
        wanted = _extent(maps, sizes)
    lowest = dict.fromkeys(_AXES, 0)
    if len(maps) == 1 and math.prod(wanted.values()) > len(rows) and _is_part_of_set(tif):
        # The other files are not here: what this one has is all there is.
        lowest, own = _own_extent(rows)
        if own != wanted:
            wanted = own
            tif.faults.add('other files of the set are missing', 'series.mmstack')
    first = ('T', 'R') if summary.get('TimeFirst', True) else ('R', 'T')
    last = ('Z', 'C') if summary.get('SlicesFirst', True) else ('C', 'Z')
    return [_made(tif, page, maps, first + last, wanted, lowest, summary)]


def _index_of(tif: Any, settings: dict[str, Any]) -> NDArray[np.uint32]:
    """Return the index map of a file, made again from its pages where it was not written."""
    rows = settings.get('IndexMap')
    if rows is not None and len(rows):
        return np.asarray(rows, np.uint32)
    found = []
    for page in tif.pages:
        # Pages without values only fill places that were not acquired.
        values = page.tags.valueof(TagCode.MicroManagerMetadata)
        places = [values.get(name, 0) for name in _PLACES] if isinstance(values, dict) else []
        if places and all(isinstance(place, int) and 0 <= place < 1 << 31 for place in places):
            found.append((*places, page.offset))
    if found:
        tif.faults.add('the index map is missing; pages say where they belong', 'series.mmstack')
    return np.asarray(found, np.uint32).reshape(-1, 5)


def _size(summary: dict[str, Any], name: str) -> int:
    value = summary.get(name, 1)
    return value if isinstance(value, int) and 0 < value < 1 << 31 else 1


def _extent(maps: list[tuple[Any, NDArray[np.uint32]]], sizes: dict[str, int]) -> dict[str, int]:
    found = dict(sizes)
    for _, rows in maps:
        for column, axis in enumerate(_AXES):
            found[axis] = max(found[axis], int(rows[:, column].max()) + 1)
    return found


def _own_extent(rows: NDArray[np.uint32]) -> tuple[dict[str, int], dict[str, int]]:
    low = {axis: int(rows[:, column].min()) for column, axis in enumerate(_AXES)}
    high = {axis: int(rows[:, column].max()) for column, axis in enumerate(_AXES)}
    return low, {axis: high[axis] - low[axis] + 1 for axis in _AXES}


def _is_part_of_set(tif: Any) -> bool:
    return '_MMStack' in str(tif.filename)


def _others(tif: Any, summary: dict[str, Any]) -> list[tuple[Any, NDArray[np.uint32]]]:
    """Return the other files of the set with their index maps."""
    own = str(tif.filename)
    if not _is_part_of_set(tif):
        return []
    prefix = summary.get('Prefix') or own.split('_MMStack')[0]
    if not isinstance(prefix, str) or not own.startswith(prefix):
        return []
    found = []
    for name in sibling_names(tif):
        if name == own or not name.startswith(f'{prefix}_MMStack') or not name.endswith('.tif'):
            continue
        try:
            other = tif.companion(name)
            rows = _index_of(other, metadata(other))
            fits = len(other.pages) > 0 and _is_alike(other.pages.first, tif.pages.first)
        except (OSError, ValueError) as error:
            tif.faults.add(f'file {name!r} of the set cannot be read: {error}', 'series.mmstack')
            continue
        if not fits:
            tif.faults.add(f'file {name!r} has pages of another kind', 'series.mmstack')
        elif len(rows):
            found.append((other, rows))
    return found


def _is_alike(page: Any, other: Any) -> bool:
    return bool(
        page.is_final
        and (page.shape, page.geometry.stored_dtype) == (other.shape, other.geometry.stored_dtype)
    )


def _made(
    tif: Any,
    page: Any,
    maps: list[tuple[Any, NDArray[np.uint32]]],
    order: tuple[str, ...],
    sizes: dict[str, int],
    lowest: dict[str, int],
    summary: dict[str, Any],
) -> TiffPageSeries:
    lead = tuple(sizes[axis] for axis in order)
    count = math.prod(lead)
    if count > tif.limits.items:
        raise LimitError(f'{count} planes, {tif.limits.items} are allowed', 'series.mmstack')
    numbers = np.full(count, -1, np.intp)
    offsets = np.zeros(count, np.int64)
    for number, (file, rows) in enumerate(maps):
        columns = ((axis, rows[:, _AXES.index(axis)].astype(np.intp)) for axis in order)
        index = tuple(column - lowest[axis] if lowest[axis] else column for axis, column in columns)
        places = np.ravel_multi_index(index, lead)
        begins = pixel_offsets(file, rows[:, 4].astype(np.int64), page)
        # The last entry wins where a plane was written twice.
        numbers[places] = np.where(begins > 0, number, -1)
        offsets[places] = begins
    missing = int((numbers < 0).sum())
    if missing == count:
        raise FormatError('no plane of the index map is there', 'series.mmstack')
    if missing:
        tif.faults.add(f'{missing} of {count} planes are missing', 'series.mmstack')
    coords, units = _coordinates(summary, sizes)
    return TiffPageSeries(
        OffsetFrames(page, [file for file, _ in maps], numbers, offsets),
        (*lead, *page.shape),
        page.dtype,
        ''.join(order) + page.axes,
        attrs={'Summary': summary},
        coords=coords,
        units=units,
        parent=tif,
        kind='mmstack',
        multifile=len(maps) > 1,
        source='Micro-Manager index map and summary',
    )


def pixel_offsets(file: Any, ifds: NDArray[np.int64], page: Any) -> NDArray[np.int64]:
    """Return where the pixels of planes lie, 0 for planes that the file does not hold whole.

    Pixels lie at a constant distance behind their directory, which is told from one that is
    there; the first directory is larger than the others.
    """
    first = file.pages.first
    is_first = ifds == first.offset
    some = slice(_TRIED + int(is_first[:_TRIED].sum()))
    distance = _distance(file, ifds[some][~is_first[some]].tolist())
    begins = ifds + distance
    begins[is_first] = first.dataoffsets[0]
    begins[(ifds <= 0) | (begins <= 0) | (begins > file.source.size - page.nbytes)] = 0
    return begins


def _distance(file: Any, offsets: list[int]) -> int:
    """Return how far pixels lie behind their directory, from the first that can be read."""
    for offset in offsets:
        try:
            directory = file.directories.read(offset)
            begin = directory.number(directory.index[TagCode.StripOffsets])
        except (TiffFileError, KeyError):
            continue
        if begin is not None and offset < begin < file.source.size:
            return int(begin) - offset
    return int(file.pages.first.dataoffsets[0]) - int(file.pages.first.offset)


def _coordinates(
    summary: dict[str, Any], sizes: dict[str, int]
) -> tuple[dict[str, Any], dict[str, str]]:
    coords: dict[str, Any] = {}
    units: dict[str, str] = {}
    size = summary.get('PixelSize_um')
    if isinstance(size, int | float) and size > 0:
        for axis in 'XY':
            coords[axis], units[axis] = (0.0, float(size)), 'micrometer'
    step = summary.get('z-step_um')
    if isinstance(step, int | float) and step:
        coords['Z'], units['Z'] = (0.0, float(step)), 'micrometer'
    interval = summary.get('Interval_ms')
    if isinstance(interval, int | float) and interval > 0:
        coords['T'], units['T'] = (0.0, interval / 1000.0), 'second'
    names = summary.get('ChNames')
    if isinstance(names, list) and len(names) == sizes['C'] > 1:
        coords['C'] = np.asarray([str(name) for name in names])
    return coords, units
