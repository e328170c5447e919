"""Media Cybernetics Image-Pro: axes that a description counts, and lists of files.

Knows what ``schemas/vendor/media_cybernetics.yaml`` declares. Source: Bio-Formats: ``SEQReader``.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from tiffschema.errors import FormatError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.model import catalog
from tiffschema.runtime.assemble.uniform import uniform_series
from tiffschema.runtime.describe import describe
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.types import Buffer

__all__ = ['FileList', 'parse_ips', 'series']

_COUNTS = {'C': 'channels', 'Z': 'slices', 'T': 'frames'}


def series(tif: Any) -> list[TiffPageSeries]:
    """Return all pages as one image, by the counts of the description where they fit."""
    found = uniform_series(tif)
    known = tif.mediacy_metadata or {}
    sizes = {axis: known.get(name) for axis, name in _COUNTS.items()}
    counted = {axis: n for axis, n in sizes.items() if isinstance(n, int) and n > 1}
    count = len(tif.pages)
    if not found or count == 1 or not counted:
        return found
    page = found[0].keyframe
    if prod(counted.values()) != count or any(axis in page.axes for axis in counted):
        message = f'{counted} of the description are not {count} pages'
        tif.faults.append(FormatError(message, 'series.mediacy'))
        return found
    axes = _ordered(counted)
    image = TiffPageSeries(
        found[0].pages,
        (*(counted[axis] for axis in axes), *page.shape),
        page.dtype,
        axes + page.axes,
        parent=tif,
        kind='mediacy',
    )
    return [describe(image, source='ImageDescription')]


def _ordered(sizes: dict[str, int]) -> str:
    """Return axes, the slowest first: the longest is the fastest, then channels, then the other."""
    longest = max(sizes, key=lambda axis: sizes[axis])
    rest = sorted(sizes.keys() - {longest}, key=lambda axis: (axis != 'C', -sizes[axis]))
    return ''.join([longest, *rest][::-1])


class FileList(NamedTuple):
    """What an IPS file lists.

    Parameters:
        channels: Their names.
        files: Names of files, an object array of shape (times, positions, channels, slices).
    """

    channels: tuple[str, ...]
    files: np.ndarray[Any, np.dtype[np.object_]]


def parse_ips(data: Buffer, *, limits: Limits = DEFAULT_LIMITS) -> FileList:
    """Return channels and files of a list.

    Parameters:
        data: Bytes of the IPS file.
        limits: Bounds of counts.

    Raises:
        FormatError: The list ends too soon, or its counts are not those of its names.
    """
    listed = catalog.view('vendor/media_cybernetics').struct('ips').parse(data, limits=limits)
    channels = tuple(one.text for one in listed.channels)
    shape = (listed.times, listed.positions, max(1, len(channels)), listed.slices)
    if prod(shape) != len(listed.files):
        raise FormatError(f'{shape} is not {len(listed.files)} files', 'ips.files')
    files = np.empty(len(listed.files), object)
    files[:] = [one.text for one in listed.files]
    return FileList(channels, files.reshape(shape))
