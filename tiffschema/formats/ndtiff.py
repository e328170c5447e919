"""NDTiff 0 to 3: one series of the frames of a data set, and one of its stitched image with levels.

Knows folders of levels and keys of the summary; where frames lie is told by `ndtiff_index`.
Source: NDTiffStorage README.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, LimitError
from tiffschema.runtime.series import TiffPageSeries

from .framesets import OffsetFrames, sibling_names
from .mosaic import Cut, MosaicSeries
from .ndtiff_index import PATH, Frames, frames_of_set, summary_of

__all__ = ['series']

_LETTERS = {'time': 'T', 'channel': 'C', 'z': 'Z', 'position': 'R', 'row': 'K', 'column': 'J'}
_FULL = ('Full resolution', 'Full_resolution')
_LEAST = 16


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the series of frames; of tiled data sets also the stitched image with its levels.

    Raises:
        FormatError: The index is empty, or frames differ.
    """
    frames = frames_of_set(tif)
    if frames is None:
        return []
    tiles = _tiles(tif, frames)
    found = [tiles]
    overlap = _overlap(tif)
    if overlap is not None and {'K', 'J'} <= set(tiles.get_axes(False)):
        found.append(_stitched(tif, tiles, frames, overlap))
    return found


def _overlap(tif: Any) -> tuple[int, int] | None:
    """Return the pixels by which tiles overlap along Y and X; None if images are no tiles."""
    if re.fullmatch(r'Downsampled_x\d+', _folder(tif)):
        return None
    page = tif.pages.first
    overlaps = []
    for axis, size in (('Y', page.imagelength), ('X', page.imagewidth)):
        value = summary_of(tif).get(f'GridPixelOverlap{axis}')
        if not isinstance(value, int):
            return None
        if not 0 <= value < size:
            tif.faults.add(f'tiles of {size} pixels cannot overlap by {value}', PATH)
            return None
        overlaps.append(value)
    return overlaps[0], overlaps[1]


def _folder(tif: Any) -> str:
    return os.path.basename(os.path.dirname(tif.source.path or ''))


def _tiles(tif: Any, frames: Frames, names: Sequence[str] = ()) -> TiffPageSeries:
    """Return the series of the frames of one folder.

    Parameters:
        tif: A file of the folder.
        frames: What is in it.
        names: Of the axes, in their order; by default the one that varies fastest is last.

    Raises:
        FormatError: No frame is there.
        LimitError: There are too many places for frames.
    """
    places = frames.places
    low = places.min(axis=0)
    sizes = places.max(axis=0) - low + 1
    order = _order(frames, names)
    lead = tuple(int(sizes[axis]) for axis in order)
    count = math.prod(lead)
    if count > tif.limits.items:
        raise LimitError(f'{count} frames, {tif.limits.items} are allowed', PATH)
    flat = np.zeros(len(places), np.intp)
    if lead:
        flat = np.ravel_multi_index(tuple((places - low)[:, order].T), lead)
    files, there = _files(tif, frames)
    page = next((file.pages.first for file in files if file.pages), None)
    if page is None or not page.is_final:
        raise FormatError('no frame is there', PATH)
    numbers, offsets = there[frames.numbers], frames.offsets
    ends = np.asarray([file.source.size for file in files], np.int64)[numbers]
    whole = (numbers >= 0) & (offsets > 0) & (offsets + page.nbytes <= ends)
    frame_numbers = np.full(count, -1, np.intp)
    frame_offsets = np.zeros(count, np.int64)
    frame_numbers[flat], frame_offsets[flat] = np.where(whole, numbers, -1), offsets
    missing = int((frame_numbers < 0).sum())
    if missing == count:
        raise FormatError('no frame is there', PATH)
    if missing:
        tif.faults.add(f'{missing} of {count} frames are missing', PATH)
    axes = ''.join(_LETTERS.get(frames.names[axis].lower(), 'Q') for axis in order)
    labels = [frames.labels[axis] for axis in order]
    coords, units, attrs = _coordinates(tif, axes, labels)
    return TiffPageSeries(
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
        source=frames.source,
    )


def _order(frames: Frames, names: Sequence[str] = ()) -> NDArray[np.intp]:
    """Return the order of axes: that along which neighbours in the file differ most is last."""
    if names:
        return np.asarray([frames.names.index(name) for name in names], np.intp)
    changes = np.abs(np.diff(frames.places, axis=0)).sum(axis=0)
    return np.argsort(changes, kind='stable')


def _files(tif: Any, frames: Frames) -> tuple[list[Any], NDArray[np.intp]]:
    """Return the files of a data set, and for each name in its index which one it is, or -1."""
    files: list[Any] = []
    numbers = np.full(len(frames.files), -1, np.intp)
    first = tif.pages.first
    for place, name in enumerate(frames.files):
        file = _file(tif, name)
        if file is None:
            continue
        page = file.pages.first
        if (page.shape, page.dtype) != (first.shape, first.dtype):
            tif.faults.add(f'file {name!r} has pages of another kind', PATH)
            continue
        numbers[place] = len(files)
        files.append(file)
    return files, numbers


def _file(tif: Any, name: str) -> Any:
    if name == tif.filename:
        return tif
    if '/' in name or '\\' in name or name in ('', '.', '..') or not tif.root.multifile:
        tif.faults.add(f'file {name!r} is not read', PATH)
        return None
    try:
        file = tif.companion(name)
        return file if file.pages and file.pages.first else None
    except (OSError, ValueError) as error:
        tif.faults.add(f'file {name!r} cannot be read: {error}', PATH)
        return None


def _coordinates(
    tif: Any, axes: str, labels: Sequence[Sequence[str]]
) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    summary = summary_of(tif)
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
    for letter, names in zip(axes, labels, strict=True):
        # Axes without a letter of their own share Q: names would be those of another axis.
        if names and axes.count(letter) == 1:
            coords[letter] = np.asarray(names)
    return coords, units, attrs


# Stitched images and their levels


def _stitched(
    tif: Any, tiles: TiffPageSeries, frames: Frames, overlap: tuple[int, int]
) -> TiffPageSeries:
    """Return the image that the tiles of the full size make, with its levels."""
    page = tiles.keyframe
    steps = (page.imagelength - overlap[0], page.imagewidth - overlap[1])
    low = _grid(frames).min(axis=0).tolist()
    counts = (_grid(frames).max(axis=0) + 1 - low).tolist()
    cuts = [
        Cut(lap // 2, step, 0, step * count, count)
        for lap, step, count in zip(overlap, steps, counts, strict=True)
    ]
    image = _mosaic(tiles, cuts, 1)
    begins = [first * step for first, step in zip(low, steps, strict=True)]
    ends = [begin + cut.size for begin, cut in zip(begins, cuts, strict=True)]
    for factor, folder in _levels(tif):
        area = [(_part(a, factor), _part(b, factor)) for a, b in zip(begins, ends, strict=True)]
        if min(b - a for a, b in area) < _LEAST:
            break
        try:
            image.levels.append(_level(tif, folder, area, frames, factor))
        except (OSError, ValueError) as error:
            tif.faults.add(f'level in {folder!r} cannot be read: {error}', PATH)
    return image


def _part(pixel: int, factor: int) -> int:
    """Return the pixel of a level, as writers count it: towards zero."""
    return math.trunc(pixel / factor)


def _grid(frames: Frames) -> NDArray[np.int64]:
    """Return row and column of each frame."""
    return frames.places[:, [frames.names.index('row'), frames.names.index('column')]]


def _mosaic(tiles: TiffPageSeries, cuts: Sequence[Cut], factor: int) -> MosaicSeries:
    """Return the image of tiles; of levels the pixels are larger."""
    coords = {axis: value for axis, value in tiles._coords.items() if axis not in 'KJ'}
    units = {axis: unit for axis, unit in tiles._units.items() if axis in coords}
    for axis in 'XY':
        if axis in coords:
            coords[axis] = (0.0, coords[axis][1] * factor)
    return MosaicSeries(
        tiles, cuts[0], cuts[1], coords=coords, units=units, name='Stitched', source=tiles.source
    )


def _levels(tif: Any) -> list[tuple[int, str]]:
    """Return factor and folder of the levels beside the folder of a file, largest first."""
    if _folder(tif) not in _FULL:
        return []
    found = []
    for name in sibling_names(tif, '../'):
        match = re.fullmatch(r'Downsampled_x(\d{1,6})', name)
        if match and int(match[1]) > 1:
            found.append((int(match[1]), f'../{name}/'))
    return sorted(found)


def _level(
    tif: Any, folder: str, area: Sequence[tuple[int, int]], full: Frames, factor: int
) -> TiffPageSeries:
    """Return a level of the stitched image.

    Tiles of levels have no margins; zeros fill those at the edges up to their size.

    Raises:
        FormatError: The folder has no such level.
    """
    name = next((name for name in sibling_names(tif, folder) if name.endswith('.tif')), None)
    if name is None:
        raise FormatError('there is no file', PATH)
    main = tif.companion(folder + name)
    frames = frames_of_set(main)
    if frames is None or set(frames.names) != set(full.names):
        raise FormatError('frames have other axes', PATH)
    tiles = _tiles(main, frames, [full.names[axis] for axis in _order(full)])
    for fault in main.faults:
        tif.faults.append(fault)
    page = tiles.keyframe
    cuts = [
        Cut(0, step, begin - first * step, end - begin, last + 1 - first)
        for step, first, last, (begin, end) in zip(
            (page.imagelength, page.imagewidth),
            _grid(frames).min(axis=0).tolist(),
            _grid(frames).max(axis=0).tolist(),
            area,
            strict=True,
        )
    ]
    if not all(cut.is_covered for cut in cuts):
        tif.faults.add(f'tiles in {folder!r} do not cover the image', PATH)
    return _mosaic(tiles, cuts, factor)
