"""NDTiff 2 and 3: series from the index file of a data set; frames lie in several files.

Knows the index declared in ``schemas/vendor/micromanager.yaml``.
Source: NDTiffStorage README; NDTiffStorage: ``IndexEntryData.java``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, LimitError, TiffFileError
from tiffschema.model.sections import schemas
from tiffschema.runtime.series import TiffPageSeries

from .framesets import OffsetFrames, sibling_bytes

__all__ = ['index_entries', 'series']

_INDEX = 'NDTiff.index'
_LETTERS = {'time': 'T', 'channel': 'C', 'z': 'Z', 'position': 'R', 'row': 'K', 'column': 'J'}
_PATH = 'series.ndtiff'


def index_entries(data: bytes, tif: Any) -> list[Any]:
    """Return the records of an index file up to its end, or to where it was cut short."""
    struct = schemas['vendor/micromanager'].struct('index_entry')
    found: list[Any] = []
    position = 0
    while position < len(data):
        try:
            record, position = struct.parse_next(data, position, limits=tif.limits)
        except FormatError as error:
            # Files that are still being written end with zeros or with half a record.
            tif.faults.append(FormatError(error.message, f'{_INDEX}.{error.path}', error.offset))
            break
        found.append(record)
    return found


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of a data set.

    Raises:
        FormatError: The index is empty, or frames differ.
    """
    try:
        data = sibling_bytes(tif, _INDEX)
    except OSError as error:
        raise FormatError(str(error), _PATH) from None
    entries = _alike(tif, index_entries(data, tif))
    if not entries:
        raise FormatError('no frames in the index', _PATH)
    names, places, labels = _places(entries)
    page = tif.pages.first
    low = places.min(axis=0)
    sizes = places.max(axis=0) - low + 1
    order = np.argsort(np.abs(np.diff(places, axis=0)).sum(axis=0), kind='stable')
    lead = tuple(int(sizes[axis]) for axis in order)
    count = math.prod(lead)
    if count > tif.limits.items:
        raise LimitError(f'{count} frames, {tif.limits.items} are allowed', _PATH)
    flat = (
        np.ravel_multi_index(tuple((places - low)[:, order].T), lead) if lead else np.zeros(1, int)
    )
    files, numbers = _files(tif, entries)
    offsets = np.asarray([entry.offset for entry in entries], np.int64)
    frame_numbers = np.full(count, -1, np.intp)
    frame_offsets = np.zeros(count, np.int64)
    frame_numbers[flat], frame_offsets[flat] = numbers, offsets
    missing = int((frame_numbers < 0).sum())
    if missing:
        tif.faults.add(f'{missing} of {count} frames are missing', _PATH)
    axes = _letters([names[axis] for axis in order])
    coords, units, attrs = _coordinates(tif, axes, order, labels)
    return [
        TiffPageSeries(
            OffsetFrames(page, files, frame_numbers, frame_offsets),
            (*lead, *page.shape),
            page.dtype,
            axes + page.axes,
            attrs=attrs,
            coords=coords,
            units=units,
            parent=tif,
            kind='ndtiff',
            multifile=len(files) > 1,
            source=_INDEX,
        )
    ]


def _alike(tif: Any, entries: Sequence[Any]) -> list[Any]:
    """Return the entries with the axes, size and type of the first one."""
    if not entries:
        return []
    first = entries[0]
    page = tif.pages.first
    if not isinstance(first.axes, dict):
        raise FormatError('axes are no JSON object', _PATH)
    names = set(first.axes)
    found = []
    for number, entry in enumerate(entries):
        same = (entry.width, entry.height, entry.pixel_type) == (
            first.width,
            first.height,
            first.pixel_type,
        )
        if (
            entry.compression
            or not isinstance(entry.axes, dict)
            or set(entry.axes) != names
            or not same
        ):
            tif.faults.add(f'frame {number} is unlike the first', f'{_INDEX}[{number}]')
            continue
        found.append(entry)
    if (first.width, first.height) != (page.imagewidth, page.imagelength):
        raise FormatError(
            f'frames of {first.height} x {first.width}, pages of '
            f'{page.imagelength} x {page.imagewidth}',
            _PATH,
        )
    return found


def _places(entries: Sequence[Any]) -> tuple[list[str], NDArray[np.int64], list[list[str]]]:
    """Return names of axes, the place of each entry on each axis, and labels of places."""
    names = list(entries[0].axes)
    places = np.zeros((len(entries), len(names)), np.int64)
    labels: list[list[str]] = []
    for column, name in enumerate(names):
        values = [entry.axes[name] for entry in entries]
        if all(isinstance(value, str) for value in values):
            numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
            places[:, column] = [numbers[value] for value in values]
            labels.append(list(numbers))
        elif all(isinstance(value, int) and abs(value) < 1 << 31 for value in values):
            places[:, column] = values
            labels.append([])
        else:
            raise FormatError(f'places on axis {name!r} are neither numbers nor names', _PATH)
    return names, places, labels


def _letters(names: Sequence[str]) -> str:
    return ''.join(_LETTERS.get(name.lower(), 'Q') for name in names)


def _files(tif: Any, entries: Sequence[Any]) -> tuple[list[Any], NDArray[np.intp]]:
    """Return what gives each file of the data set, and which one each entry is in."""
    known: dict[str, int] = {}
    files: list[Any] = []
    numbers = np.zeros(len(entries), np.intp)
    for place, entry in enumerate(entries):
        name = entry.filename
        number = known.get(name)
        if number is None:
            number = known[name] = _number(tif, name, files)
        numbers[place] = number
    return files, numbers


def _number(tif: Any, name: str, files: list[Any]) -> int:
    if name == tif.filename:
        files.append(lambda: tif)
        return len(files) - 1
    if '/' in name or '\\' in name or name in ('', '.', '..') or not tif.multifile:
        tif.faults.add(f'file {name!r} is not read', _PATH)
        return -1
    try:
        tif.companion(name)
    except (OSError, ValueError, TiffFileError) as error:
        tif.faults.add(f'file {name!r} cannot be read: {error}', _PATH)
        return -1
    files.append(lambda: tif.companion(name))
    return len(files) - 1


def _coordinates(
    tif: Any, axes: str, order: NDArray[np.intp], labels: Sequence[Sequence[str]]
) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    summary = (tif.micromanager_metadata or {}).get('Summary') or {}
    coords: dict[str, Any] = {}
    units: dict[str, str] = {}
    attrs: dict[str, Any] = {}
    size = summary.get('PixelSize_um')
    if isinstance(size, int | float) and size > 0:
        attrs['PixelSize_um'] = float(size)
        for axis in 'XY':
            coords[axis], units[axis] = (0.0, float(size)), 'micrometer'
    step = summary.get('z-step_um')
    if 'Z' in axes and isinstance(step, int | float) and step:
        coords['Z'], units['Z'] = (0.0, float(step)), 'micrometer'
    for letter, axis in zip(axes, order.tolist(), strict=True):
        if labels[axis]:
            coords[letter] = np.asarray(labels[axis])
    return coords, units, attrs
