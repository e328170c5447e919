"""Which frames an NDTiff data set has and where they lie: from its index, or from its files.

Knows the index declared in ``schemas/vendor/micromanager.yaml``. Versions 2 and 3 have a file
``NDTiff.index``; versions 0 and 1 an index map in each file. Where an index is missing, pages say
where they belong.
Source: NDTiffStorage README; NDTiffStorage: ``IndexEntryData.java``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.compiler.counted import CountedRecords
from tiffschema.errors import FormatError
from tiffschema.model.sections import schemas
from tiffschema.model.tagcodes import TagCode
from tiffschema.model.text.alike import numbers_in
from tiffschema.model.text.jsontext import parse_json

from .framesets import sibling_bytes, sibling_names
from .micromanager import pixel_offsets

__all__ = ['Frames', 'frames_of_set', 'is_version_0', 'summary_of']

INDEX = 'NDTiff.index'
PATH = 'series.ndtiff'
_SCHEMA = 'vendor/micromanager'
_MOST = 1 << 31
_PLACES = {
    'channel': 'ChannelIndex', 'z': 'SliceIndex', 'time': 'FrameIndex', 'position': 'PositionIndex',
}  # fmt: skip
_GRID = {'row': 'GridRowIndex', 'column': 'GridColumnIndex'}


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames in the order in which they were written, as columns.

    Parameters:
        names: Of the axes.
        places: Place of each frame on each axis, shape (frames, axes).
        labels: For each axis the names that its places stand for, empty for plain numbers.
        files: Names of files.
        numbers: Which file each frame is in.
        offsets: Where its pixels begin there.
        source: What says so.
    """

    names: tuple[str, ...]
    places: NDArray[np.int64]
    labels: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    numbers: NDArray[np.intp]
    offsets: NDArray[np.int64]
    source: str


def is_version_0(facts: Any) -> bool:
    """Return whether a file that begins as an MMStack is of Magellan, which wrote NDTiff 0."""
    settings = facts.subject.parent.micromanager_metadata or {}
    summary = settings.get('Summary')
    if not isinstance(summary, dict) or settings.get('MajorVersion') != 0:
        return False
    return 'IndexMap' in settings and not {'MicroManagerVersion', 'Frames'} <= summary.keys()


def summary_of(tif: Any) -> dict[str, Any]:
    """Return the summary of a data set, empty if it is no JSON object."""
    summary = (tif.micromanager_metadata or {}).get('Summary')
    return summary if isinstance(summary, dict) else {}


def frames_of_set(tif: Any) -> Frames | None:
    """Return the frames of a data set, None if nothing tells axes.

    Parameters:
        tif: A file of the set.

    Raises:
        FormatError: There is an index, but no frame in it.
    """
    if (tif.micromanager_metadata or {}).get('MajorVersion', 0) < 2:
        return _old(tif)
    try:
        data = sibling_bytes(tif, INDEX)
    except OSError:
        return _rebuilt(tif)
    return _indexed(tif, data)


@cache
def _records() -> CountedRecords:
    dtype = schemas[_SCHEMA].struct('index_place').dtype('<')
    assert dtype is not None
    return CountedRecords(np.dtype('<u4'), 2, dtype)


def _indexed(tif: Any, data: bytes) -> Frames:
    """Return the frames of an index file, up to where it was cut short."""
    table = _records().walk(data)
    if table.stop < len(data):
        _explain(tif, data, table.stop)
    texts, names = table.texts
    if not texts:
        raise FormatError('no frames in the index', PATH)
    rows = table.fields
    plain = _numbered(texts)
    if plain is not None:
        keys, places = plain
        labels: tuple[tuple[str, ...], ...] = ((),) * len(keys)
        first, same = 0, np.ones(len(texts), bool)
    else:
        axes = _axes_of(tif, texts)
        first = next((number for number, axis in enumerate(axes) if axis), -1)
        if first < 0:
            raise FormatError('no frame of the index has axes', PATH)
        keys = tuple(axes[first])
        same = _have(axes, keys)
    for field in ('width', 'height', 'pixel_type'):
        same &= rows[field] == rows[field][first]
    same &= rows['compression'] == 0
    _check_size(tif, rows[first])
    if not same.all():
        unlike = np.flatnonzero(~same)
        tif.faults.add(f'{len(unlike)} frames are unlike the first: {unlike[:8].tolist()}', INDEX)
        rows = rows[same]
        names = [names[k] for k in np.flatnonzero(same).tolist()]
    if plain is not None:
        places = places[same]
    else:
        places, labels = _places(keys, [axes[k] for k in np.flatnonzero(same).tolist()])
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    numbers = np.zeros(len(names), np.intp)
    if len(known) > 1:
        numbers[:] = list(map(known.__getitem__, names))
    return Frames(
        keys,
        places,
        labels,
        tuple(name.decode('utf-8', 'replace') for name in known),
        numbers,
        rows['offset'].astype(np.int64),
        INDEX,
    )


def _numbered(texts: Sequence[bytes]) -> tuple[tuple[str, ...], NDArray[np.int64]] | None:
    """Return names of axes and places on them, if texts differ in these numbers only.

    Texts with names of places, or with more or other axes here and there, are for `_axes_of`.
    """
    found = numbers_in(texts)
    if found is None:
        return None
    try:
        axes = json.loads(found[0])
    except (ValueError, RecursionError):
        return None
    places = found[1]
    if not isinstance(axes, dict) or len(axes) != places.shape[1]:
        return None
    # A sign is no part of the numbers.
    if b'-' in found[0] or any(type(value) is not int for value in axes.values()):
        return None
    return tuple(axes), places


def _have(axes: Sequence[dict[str, Any]], keys: Collection[str]) -> NDArray[np.bool_]:
    """Return which frames have exactly these axes; nearly always all of them."""
    if set(map(len, axes)) == {len(keys)} and all(
        all(map(dict.__contains__, axes, repeat(key))) for key in keys
    ):
        return np.ones(len(axes), bool)
    return np.fromiter((axis.keys() == set(keys) for axis in axes), bool, len(axes))


def _explain(tif: Any, data: bytes, stop: int) -> None:
    """Record why the index ends early: files being written end in zeros or half a record."""
    try:
        schemas[_SCHEMA].struct('index_entry').parse(data, stop, limits=tif.limits)
        tif.faults.add('the index was not finished', INDEX, stop)
    except FormatError as error:
        tif.faults.append(FormatError(error.message, f'{INDEX}.{error.path}', error.offset))


def _axes_of(tif: Any, texts: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return the axes of frames; those of texts that are no JSON objects are empty."""
    try:
        # One document is decoded faster than thousands of small ones, which are its lines.
        found = json.loads(b'[' + b','.join(texts) + b']')
        if len(found) == len(texts) and set(map(type, found)) == {dict}:
            return list(found)
    except (ValueError, RecursionError):
        pass
    axes: list[dict[str, Any]] = []
    for text in texts:
        try:
            one = parse_json(text.decode('utf-8', 'replace'), limits=tif.limits)
        except FormatError:
            one = {}
        axes.append(one if isinstance(one, dict) else {})
    return axes


def _check_size(tif: Any, row: Any) -> None:
    page = tif.pages.first
    if (int(row['width']), int(row['height'])) != (page.imagewidth, page.imagelength):
        raise FormatError(
            f'frames of {row["height"]} x {row["width"]}, pages of '
            f'{page.imagelength} x {page.imagewidth}',
            PATH,
        )


def _places(
    names: Sequence[str], axes: Sequence[dict[str, Any]]
) -> tuple[NDArray[np.int64], tuple[tuple[str, ...], ...]]:
    """Return the place of each frame on each axis, and the labels of places."""
    places = np.zeros((len(axes), len(names)), np.int64)
    labels: list[tuple[str, ...]] = []
    for column, name in enumerate(names):
        values = [axis[name] for axis in axes]
        kinds = set(map(type, values))
        if kinds == {str}:
            numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
            places[:, column] = [numbers[value] for value in values]
            labels.append(tuple(numbers))
        elif kinds == {int} and max(values) < _MOST and min(values) > -_MOST:
            places[:, column] = values
            labels.append(())
        else:
            raise FormatError(f'places on axis {name!r} are neither numbers nor names', PATH)
    return places, tuple(labels)


def _files(tif: Any) -> Iterator[tuple[str, Any]]:
    """Yield the files of a data set in the order in which they were written."""
    own = str(tif.filename)
    stem = re.sub(r'(_\d+)?\.tif$', '', own)
    names = []
    for name in sibling_names(tif):
        match = re.fullmatch(r'(?P<stem>.+?)(_(?P<number>\d+))?\.tif', name)
        if match and match['stem'] == stem:
            names.append((int(match['number'] or 0), name))
    for _, name in sorted(names) or [(0, own)]:
        if name == own:
            yield name, tif
            continue
        try:
            yield name, tif.companion(name)
        except (OSError, ValueError) as error:
            tif.faults.add(f'file {name!r} cannot be read: {error}', PATH)


def _rebuilt(tif: Any) -> Frames | None:
    """Return the frames that pages say they are; None if they do not say it."""
    axes: list[dict[str, Any]] = []
    names: list[str] = []
    numbers: list[int] = []
    offsets: list[int] = []
    for name, file in _files(tif):
        names.append(name)
        for page in file.pages:
            place = _axes_of_page(page)
            if place and (not axes or place.keys() == axes[0].keys()) and page.is_final:
                axes.append(place)
                numbers.append(len(names) - 1)
                offsets.append(int(page.dataoffsets[0]))
    if not axes:
        return None
    tif.faults.add(f'{INDEX} is missing; pages say where they belong', PATH)
    places, labels = _places(list(axes[0]), axes)
    return Frames(
        tuple(axes[0]), places, labels, tuple(names), np.asarray(numbers, np.intp),
        np.asarray(offsets, np.int64), 'metadata of pages',
    )  # fmt: skip


def _axes_of_page(page: Any) -> dict[str, Any]:
    values = _values(page)
    axes = values.get('Axes')
    if isinstance(axes, dict) and axes:
        return axes
    found = {name: values[key] for name, key in _PLACES.items() if key in values}
    return found if len(found) == len(_PLACES) else {}


def _values(page: Any) -> dict[str, Any]:
    values = page.tags.valueof(TagCode.MicroManagerMetadata)
    if isinstance(values, str):
        try:
            values = parse_json(values, limits=page.parent.limits)
        except FormatError:
            return {}
    return values if isinstance(values, dict) else {}


def _old(tif: Any) -> Frames | None:
    """Return the frames of the index maps of NDTiff 0 and 1."""
    tables, names, offsets, tiles = [], [], [], {}
    for name, file in _files(tif):
        rows = (file.micromanager_metadata or {}).get('IndexMap')
        if rows is None or not len(rows):
            continue
        names.append(name)
        tables.append(rows)
        offsets.append(pixel_offsets(file, rows[:, 4].astype(np.int64), tif.pages.first))
        tiles.update(_tiles(file, rows))
    if not tables:
        return None
    # Places may be negative.
    places = np.concatenate(tables)[:, :4].astype(np.uint32).view(np.int32).astype(np.int64)
    axes: tuple[str, ...] = tuple(_PLACES)
    if set(places[:, 3].tolist()) <= tiles.keys():
        grid = np.asarray([tiles[position] for position in places[:, 3].tolist()], np.int64)
        places, axes = np.concatenate((places[:, :3], grid), axis=1), (*axes[:3], *_GRID)
    numbers = np.repeat(np.arange(len(tables)), [len(rows) for rows in tables])
    return Frames(
        axes, places, ((),) * len(axes), tuple(names), numbers, np.concatenate(offsets),
        'index maps',
    )  # fmt: skip


def _tiles(file: Any, rows: NDArray[np.uint32]) -> dict[int, tuple[int, int]]:
    """Return row and column of the positions of a file whose images are tiles."""
    if 'GridPixelOverlapX' not in summary_of(file):
        return {}
    positions = rows[:, 3].astype(np.uint32).view(np.int32)
    at = dict(zip(rows[:, 4].tolist(), positions.tolist(), strict=True))
    wanted = set(positions.tolist())
    found: dict[int, tuple[int, int]] = {}
    for page in file.pages:
        position = at.get(page.offset)
        if position is None or position in found:
            continue
        row, column = (_values(page).get(key) for key in _GRID.values())
        if isinstance(row, int) and isinstance(column, int) and max(abs(row), abs(column)) < _MOST:
            found[position] = (row, column)
        if found.keys() == wanted:
            break
    return found
