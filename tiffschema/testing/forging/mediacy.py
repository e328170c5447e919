"""Forged files of Image-Pro: sequences in one file, and sets of files with a list."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model import catalog
from tiffschema.model.sections import schemas
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.testing.forging.stacks import written
from tiffschema.types import ByteOrder

__all__ = ['ips', 'mediacy']

_LENGTH, _WIDTH = 5, 6
_CHANNELS = ('DAPI', 'FITC', 'TRITC', 'Cy5')
_TAGS = [
    (50289, 12, 2, (1.5, 2.5), False), (50290, 12, 1, 0.5, False), (50293, 2, 0, 'DAPI', False),
]  # fmt: skip


def _pixels(*lead: int) -> NDArray[np.uint16]:
    shape = (*lead, _LENGTH, _WIDTH)
    return np.arange(np.prod(shape)).astype(np.uint16).reshape(shape)


def mediacy(
    *,
    byteorder: ByteOrder = '<',
    bigtiff: bool = False,
    channels: int = 2,
    slices: int = 3,
    frames: int = 1,
    counted: bool = True,
    old: bool = False,
) -> Forged:
    """Return a sequence of Image-Pro.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        channels, slices, frames: Lengths of C, Z and T; the largest is the fastest, then C.
        counted: The description counts channels, slices and frames.
        old: The identifier is that of old files, in a tag of its own.
    """
    tags: list[Any] = list(_TAGS)
    values: dict[str, Any] = {'XYPosition': (1.5, 2.5), 'ZPosition': 0.5, 'ChannelName': 'DAPI'}
    if old:
        tags.append((40100, 4, 3, (1, 2, 3), True))
    else:
        values['Id'] = b'MC TIFF 4.5\0'
        tags.append((50288, 1, 12, values['Id'], True))
    sizes = {'C': channels, 'Z': slices, 'T': frames}
    options: dict[str, Any] = {}
    axes, data = 'IYX', _pixels(channels * slices * frames)
    if counted:
        fastest = max(sizes, key=lambda axis: sizes[axis])
        rest = sorted(sizes.keys() - {fastest}, key=lambda axis: (axis != 'C', -sizes[axis]))
        order = [axis for axis in [fastest, *rest][::-1] if sizes[axis] > 1]
        axes = ''.join(order) + 'YX'
        data = data.reshape(*(sizes[axis] for axis in order), _LENGTH, _WIDTH)
        names = zip(('channels', 'slices', 'frames'), sizes.values(), strict=True)
        counts = {name: size for name, size in names if size > 1}
        options['description'] = catalog.view('vendor/media_cybernetics').texts['mediacy'].build(
            counts
        )  # fmt: skip
        values |= counts
    pages = data.reshape(-1, _LENGTH, _WIDTH)
    file = written(pages, byteorder, bigtiff=bigtiff, extratags=tags, software=False, **options)
    return Forged('mediacy', {'forged.seq': file}, (ForgedSeries('', axes, (data,)),), values)


def ips(
    *,
    byteorder: ByteOrder = '<',
    channels: int = 2,
    slices: int = 3,
    times: int = 1,
    positions: int = 1,
) -> Forged:
    """Return a list of Image-Pro, and a file for each of its planes.

    Parameters:
        byteorder: Of the files; the list is little-endian.
        channels, slices, times, positions: Lengths of C (4 at most), Z, T and P.
    """
    data = _pixels(times, positions, channels, slices)
    pages = data.reshape(-1, _LENGTH, _WIDTH)
    tags = [(50288, 1, 12, b'MC TIFF 4.5\0', True), *_TAGS]
    made = {
        f'm{number}.seq': written(page, byteorder, extratags=tags, software=False)
        for number, page in enumerate(pages)
    }
    values = {
        'channels': [{'text': name} for name in _CHANNELS[:channels]],
        'files': [{'text': name} for name in made],
        'times': times, 'positions': positions, 'slices': slices,
    }  # fmt: skip
    listed = bytes(schemas['vendor/media_cybernetics'].struct('ips').build(values))
    series = ForgedSeries('', 'TRCZYX', (data,))
    return Forged('mediacy', {'forged.ips': listed, **made}, (series,))
