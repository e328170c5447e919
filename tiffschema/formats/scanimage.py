"""ScanImage: slices, frames and channels from values in MATLAB syntax.

Knows the block declared in ``schemas/vendor/scanimage.yaml``, and names of values.
Source: ScanImage BigTIFF specification.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tiffschema.errors import FormatError, LimitError, TiffFileError
from tiffschema.model.sections import schemas
from tiffschema.model.text import parse_json
from tiffschema.model.text.matlab import parse_lines
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

from .framesets import StridedFrames

__all__ = ['metadata', 'series']

_HEADER_AT = 16
_HEADER_SIZE = 16
_STRIP_OFFSETS = 273
_PROBED = 5
_SIGNED = 1 << 31
_WRAP = 1 << 32


def metadata(tif: Any) -> dict[str, Any]:
    """Return version, frame data and region groups of a BigTIFF file, else an empty dictionary."""
    if not tif.is_bigtiff or tif.byteorder != '<':
        return {}
    source = tif.source
    head = schemas['vendor/scanimage'].struct('scanimage')
    before = min(int(tif.pages.first.offset), tif.limits.text)
    view = source.view(0, min(source.size, max(_HEADER_AT + _HEADER_SIZE, before)))
    try:
        record = head.parse(view, _HEADER_AT, limits=tif.limits)
    except FormatError:
        # What follows the header may also follow the first directory.
        whole = source.whole()
        if whole is None:
            whole = source.view(0, min(source.size, tif.limits.text))
        try:
            record = head.parse(whole, _HEADER_AT, limits=tif.limits)
        except FormatError as error:
            tif.faults.append(error)
            return {}
    found: dict[str, Any] = {
        'version': record.version,
        'FrameData': parse_lines(record.frame_data, tif.limits),
    }
    if record.roi_data:
        try:
            groups = parse_json(record.roi_data, limits=tif.limits)
        except FormatError as error:
            tif.faults.append(error)
        else:
            if isinstance(groups, dict):
                found.update(groups)
    return found


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of a file: slices, frames, channels; or pages if that is not known."""
    page = tif.pages.first
    frames = _beyond_chain(tif, page)
    count = len(tif.pages if frames is None else frames)
    values = _values(tif)
    lead, axes = _lead(tif, values, count)
    used = math.prod(lead)
    if used < count:
        tif.faults.add(f'{count - used} pages are left over', 'series.scanimage')
    coords, units = _coordinates(values, page, lead, axes)
    pages: Any = [page]
    if used > 1:
        pages = PageSelection(tif.pages, np.arange(used)) if frames is None else frames[:used]
    return [
        TiffPageSeries(
            pages,
            (*lead, *page.shape),
            page.dtype,
            axes + page.axes,
            coords=coords,
            units=units,
            parent=tif,
            kind='scanimage',
            source='ScanImage frame data',
        )
    ]


def _beyond_chain(tif: Any, page: Any) -> StridedFrames | None:
    """Return the frames of a classic file beyond 2 GiB whose chain does not lead to all of them.

    Old versions wrote offsets modulo 4 GiB, or chains that end too early. Pages of a recording have
    equal size (that of the first may differ), so frames go on at their distance to the end.
    """
    size = tif.source.size
    if tif.is_bigtiff or size < _SIGNED or not page.is_final:
        return None
    heads = []
    for number in range(1, _PROBED):
        try:
            directory = tif.pages.chain.directory(number)
            begin = directory.number(directory.index[_STRIP_OFFSETS])
        except (IndexError, KeyError, TiffFileError):
            return None
        if begin is None:
            return None
        heads.append((directory.offset, begin - directory.offset))
    first, inset = heads[0]
    distance = heads[1][0] - first
    if distance <= 0 or not 0 < inset <= distance - page.nbytes:
        return None
    if heads != [(first + k * distance, inset) for k in range(len(heads))]:
        return None
    count = (size - page.nbytes - inset - first) // distance + 1
    if count + 1 == len(tif.pages) or not _is_page(tif, first + (count - 1) * distance, inset):
        return None
    if count + 1 > tif.limits.items:
        raise LimitError(f'{count + 1} frames, {tif.limits.items} are allowed', 'series.scanimage')
    tif.faults.add(
        f'the chain does not lead to all of {count + 1} pages; they lie {distance} bytes apart',
        'series.scanimage',
    )
    offsets = np.empty((count + 1, 1), np.int64)
    offsets[0] = page.dataoffsets[0]
    offsets[1:, 0] = first + inset + distance * np.arange(count, dtype=np.int64)
    return StridedFrames(tif, page, offsets, np.full_like(offsets, page.nbytes))


def _is_page(tif: Any, offset: int, inset: int) -> bool:
    """Return whether there is a directory with pixels so many bytes behind it, modulo 4 GiB."""
    try:
        directory = tif.directories.read(offset)
        begin = directory.number(directory.index[_STRIP_OFFSETS])
    except (KeyError, TiffFileError):
        return False
    return bool(begin == (offset + inset) % _WRAP)


def _values(tif: Any) -> Mapping[str, Any]:
    """Return the values that do not change; the tag Software has them too."""
    found = (tif.scanimage_metadata or {}).get('FrameData')
    if isinstance(found, dict):
        return found
    software = tif.pages.first.software
    if software.startswith('SI.'):
        return parse_lines(software, tif.limits)
    return {}


def _lead(tif: Any, values: Mapping[str, Any], count: int) -> tuple[tuple[int, ...], str]:
    """Return leading shape and axes for a number of pages."""
    if not values:
        return (count,), 'I'
    saved = values.get('SI.hChannels.channelSave', 1)
    channels = max(1, len(saved)) if isinstance(saved, list) else 1
    frames = values.get('SI.hStackManager.framesPerSlice')
    if isinstance(frames, int | float) and math.isfinite(frames) and frames >= 1:
        frames = int(frames)
        if frames * channels > count:
            frames = max(1, count // channels)
            tif.faults.add('frames of the last slice are missing', 'series.scanimage')
        slices = max(1, count // (frames * channels))
        if slices * frames * channels <= count:
            return (slices, frames, channels), 'ZTC'
    elif count % channels == 0:
        return (1, count // channels, channels), 'ZTC'
    tif.faults.add(f'{count} pages are no whole number of {channels} channels', 'series.scanimage')
    return (count,), 'I'


def _coordinates(
    values: Mapping[str, Any], page: Any, lead: tuple[int, ...], axes: str
) -> tuple[dict[str, Any], dict[str, str]]:
    coords: dict[str, Any] = {}
    units: dict[str, str] = {}
    period = values.get('SI.hRoiManager.scanFramePeriod')
    if 'T' in axes and isinstance(period, int | float) and period > 0:
        coords['T'], units['T'] = (0.0, float(period)), 'second'
    for name in ('actualStackZStepSize', 'stackZStepSize'):
        step = values.get(f'SI.hStackManager.{name}')
        if 'Z' in axes and isinstance(step, int | float) and step > 0:
            coords['Z'], units['Z'] = (0.0, float(step)), 'micrometer'
            break
    corners = values.get('SI.hRoiManager.imagingFovUm')
    if isinstance(corners, list) and len(corners) == 4:
        try:
            width = abs(corners[1][0] - corners[0][0])
            length = abs(corners[3][1] - corners[0][1])
        except (TypeError, IndexError):
            return coords, units
        for axis, extent, size in (('X', width, page.imagewidth), ('Y', length, page.imagelength)):
            if extent and size:
                coords[axis], units[axis] = (0.0, extent / size), 'micrometer'
    return coords, units
