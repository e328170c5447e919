"""ScanImage: slices, frames and channels from values in MATLAB syntax.

Knows the block declared in ``schemas/vendor/scanimage.yaml``, and names of values.
Source: ScanImage BigTIFF specification.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tiffschema.errors import FormatError
from tiffschema.model.sections import schemas
from tiffschema.model.text import parse_json
from tiffschema.model.text.matlab import parse_lines
from tiffschema.runtime.reached import reached
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

from .framesets import StridedFrames
from .spaced import spacing_of

__all__ = ['metadata', 'series']

_HEADER_AT = 16
_WALKED = 16
"""Chains of fewer pages are walked: that takes no more reads."""

_SIGNED = 1 << 31


def metadata(tif: Any) -> dict[str, Any]:
    """Return version, frame data and region groups of a BigTIFF file, else an empty dictionary."""
    if not tif.is_bigtiff or tif.byteorder != '<':
        return {}
    head = schemas['vendor/scanimage'].struct('scanimage')
    try:
        buffer = reached(tif.source, head, _HEADER_AT, byteorder='<', limits=tif.limits)
        record = head.parse(buffer, _HEADER_AT, limits=tif.limits)
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
    frames = _spaced(tif, page)
    count = len(tif.pages if frames is None else frames)
    source = 'ScanImage frame data'
    if frames is not None:
        source += '; pages at one distance, of which few were looked at'
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
            source=source,
        )
    ]


def _spaced(tif: Any, page: Any) -> StridedFrames | None:
    """Return the frames of a recording without walking its chain, None if that must be walked.

    Frames have equal sizes (that of the first may differ), so few tell where the others lie. A file
    that can be mapped is walked all the same: its links are compared where they lie. Old versions
    wrote offsets modulo 4 GiB, or chains that end too early: then frames go on at their distance to
    the end of the file.
    """
    spacing = spacing_of(tif, page)
    if spacing is None or spacing.count < _WALKED:
        return None
    is_far = tif.source.whole() is None and not tif.faults.strict
    if is_far and spacing.is_confirmed(tif, page):
        return spacing.frames(tif, page, tagged=True)
    if tif.is_bigtiff or tif.source.size < _SIGNED:
        return None
    if spacing.count == len(tif.pages) or not spacing.ends_with_page(tif):
        return None
    tif.faults.add(
        f'the chain does not lead to all of {spacing.count} pages; they lie '
        f'{spacing.distance} bytes apart',
        'series.scanimage',
    )
    return spacing.frames(tif, page, tagged=False)


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
        except (TypeError, LookupError):
            page.fault(f'imagingFovUm {corners!r:.60} is no field of view')
            return coords, units
        for axis, extent, size in (('X', width, page.imagewidth), ('Y', length, page.imagelength)):
            if extent and size:
                coords[axis], units[axis] = (0.0, extent / size), 'micrometer'
    return coords, units
