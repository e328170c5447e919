"""Forged NDTiff data sets of versions 0 to 3: plain ones, and pyramids of overlapping tiles.

Knows headers and index declared in ``schemas/vendor/micromanager.yaml``.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.directory import codec
from tiffschema.model.sections import schemas
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.testing.forging.mmpages import PageFile, Placed
from tiffschema.testing.forging.mmstack import header

__all__ = ['ndtiff', 'ndtiff_tiles']

Place = dict[str, int | str]
Array = NDArray[Any]

_PIXEL_TYPES = {8: 0, 16: 1, 10: 3, 12: 4, 14: 5, 11: 6}
"""Numbers of gray samples in an index, by their bits."""


def ndtiff(
    *,
    version: int = 3,
    times: int = 2,
    slices: int = 3,
    channels: int = 2,
    files: int = 1,
    first: int = 0,
    named: bool = False,
    rgb: bool = False,
    bits: int = 16,
    missing: Collection[int] = (),
    shape: tuple[int, int] = (5, 6),
) -> Forged:
    """Return a data set with axes T, Z and C.

    Parameters:
        version: 0 to 3; 0 and 1 have an index map in each file, others one index.
        times, slices, channels: Lengths of T, Z and C.
        files: Number of files.
        first: Place of the first slice; may be negative.
        named: Channels have names instead of numbers; since version 3.2.
        rgb: Frames of three samples of 8 bits; not in versions 0 and 1.
        bits: Of a gray sample that are in use: 8, 16, or since version 3.3 10, 11, 12 or 14.
        missing: Numbers of frames that are not there.
        shape: Rows and columns of a frame.
    """
    lead = (times, slices, channels)
    count = times * slices * channels
    size = (count, *shape, 3) if rgb else (count, *shape)
    data = np.arange(1, int(np.prod(size)) + 1)
    small = rgb or bits == 8
    data = (data % (251 if small else 1 << bits)).astype('u1' if small else 'u2').reshape(size)
    data[list(missing)] = 0
    places: list[Place] = [
        {'time': t, 'z': z + first, 'channel': f'Ch{c}' if named else c}
        for t, z, c in itertools.product(*map(range, lead))
    ]
    kept = [number for number in range(count) if number not in missing]
    summary = {'Prefix': 'forged', 'PixelSize_um': 0.25, 'z-step_um': 1.5, 'PixelType': 'GRAY16'}
    summary = _even(summary | {'Width': shape[1], 'Height': shape[0]})
    shares = np.array_split(np.asarray(kept), files)
    frames = [[(places[n], data[n]) for n in share] for share in shares]
    # Up to version 2 all data sets had a folder of the full size.
    made = _written('' if version > 2 else 'Full resolution/', version, summary, frames, bits)
    whole = data.reshape(*lead, *size[1:])
    axes = ''.join(axis for axis, length in zip('TZC', lead, strict=True) if length > 1) + 'YX'
    return Forged(
        'ndtiff',
        made,
        (ForgedSeries('', axes + ('S' if rgb else ''), (whole.squeeze(),)),),
        {'Summary': summary, 'MajorVersion': version},
        faults=('are missing',) if missing else (),
    )


def ndtiff_tiles(
    *,
    version: int = 3,
    rows: int = 3,
    columns: int = 2,
    overlap: tuple[int, int] = (4, 3),
    levels: int = 2,
    channels: int = 2,
    first: tuple[int, int] = (0, 0),
    missing: Collection[tuple[int, int]] = (),
    folder: str = 'Full resolution',
    shape: tuple[int, int] = (36, 43),
) -> Forged:
    """Return a data set of overlapping tiles, with reduced levels in folders of their own.

    Parameters:
        version: 1 (without levels), 2 or 3.
        rows, columns: Of tiles.
        overlap: Pixels by which tiles overlap along Y and X.
        levels: Of the pyramid, the full size included.
        channels: Length of C.
        first: Row and column of the first tile; may be negative.
        missing: Row and column of tiles that are not there, counted from the first.
        folder: Name of the folder of the full size; ``Full_resolution`` is another spelling.
        shape: Rows and columns of a tile.
    """
    steps = (shape[0] - overlap[0], shape[1] - overlap[1])
    size = (rows * steps[0] + overlap[0], columns * steps[1] + overlap[1])
    scene = (np.arange(channels * size[0] * size[1]).reshape(channels, *size) % 60000 + 1).astype(
        'u2'
    )
    tiles = []
    whole = np.zeros((channels, rows * steps[0], columns * steps[1]), 'u2')
    lap = (overlap[0] // 2, overlap[1] // 2)
    stored = np.zeros((rows, columns, channels, *shape), 'u2')
    for row, column, c in itertools.product(range(rows), range(columns), range(channels)):
        if (row, column) in missing:
            continue
        y, x = row * steps[0], column * steps[1]
        tile = scene[c, y : y + shape[0], x : x + shape[1]]
        stored[row, column, c] = tile
        whole[c, y : y + steps[0], x : x + steps[1]] = tile[
            lap[0] : lap[0] + steps[0], lap[1] : lap[1] + steps[1]
        ]
        place: Place = {'row': row + first[0], 'column': column + first[1], 'channel': c}
        tiles.append((place, tile))
    summary = {
        'Prefix': 'forged', 'PixelSize_um': 0.25, 'GridPixelOverlapX': overlap[1],
        'GridPixelOverlapY': overlap[0], 'PixelType': 'GRAY16', 'Width': shape[1],
        'Height': shape[0],
    }  # fmt: skip
    summary = _even(summary)
    made = _written(f'{folder}/', version, summary, [tiles])
    images = [whole]
    for level in range(1, levels):
        images.append(images[-1][:, ::2, ::2])
        reduced = list(_reduced(images[-1], steps, first, 1 << level))
        made |= _written(f'Downsampled_x{1 << level}/', version, summary, [reduced])
    axes = 'KJ' + ('C' if channels > 1 else '') + 'YX'
    return Forged(
        'ndtiff',
        made,
        (
            ForgedSeries('', axes, (stored.squeeze(),)),
            ForgedSeries('Stitched', axes[2:], tuple(image.squeeze() for image in images)),
        ),
        {'Summary': summary, 'MajorVersion': version},
        faults=('are missing',) if missing else (),
    )


def _reduced(
    image: Array, steps: tuple[int, int], first: tuple[int, int], factor: int
) -> Iterable[tuple[Place, Array]]:
    """Yield the tiles of a level, filled up with zeros; tiles are as large as those of the full."""
    begins = [int(place * step / factor) for place, step in zip(first, steps, strict=True)]
    ends = [begin + size for begin, size in zip(begins, image.shape[1:], strict=True)]
    low = [begin // step for begin, step in zip(begins, steps, strict=True)]
    high = [-(-end // step) for end, step in zip(ends, steps, strict=True)]
    padded = np.zeros(
        (len(image), (high[0] - low[0]) * steps[0], (high[1] - low[1]) * steps[1]), image.dtype
    )
    y, x = begins[0] - low[0] * steps[0], begins[1] - low[1] * steps[1]
    padded[:, y : y + image.shape[1], x : x + image.shape[2]] = image
    for row, column in itertools.product(range(low[0], high[0]), range(low[1], high[1])):
        y, x = (row - low[0]) * steps[0], (column - low[1]) * steps[1]
        for c, plane in enumerate(padded):
            tile = plane[y : y + steps[0], x : x + steps[1]]
            yield {'row': row, 'column': column, 'channel': c}, tile


def _written(
    folder: str,
    version: int,
    summary: Mapping[str, Any],
    shares: Sequence[Sequence[tuple[Place, Array]]],
    bits: int = 16,
) -> dict[str, bytes]:
    """Return the files of one folder by name: frames in each, and the index."""
    made: dict[str, bytes] = {}
    index = b''
    for number, frames in enumerate(shares):
        suffix = f'_{number}' if number else ''
        stem = 'forged_NDTiffStack' if version > 1 else 'forged_MagellanStack'
        name = f'{stem}{suffix}.tif'
        data, placed = _file(version, summary, frames)
        made[folder + name] = data
        for (place, image), at in zip(frames, placed, strict=True):
            index += _index_entry(place, image, name, at, bits)
    if version > 1:
        made[f'{folder}NDTiff.index'] = index
    return made


def _file(
    version: int, summary: Mapping[str, Any], frames: Sequence[tuple[Place, Array]]
) -> tuple[bytes, list[Placed]]:
    old = version < 2
    places = [_old_place(place) for place, _ in frames]
    head = _head(version, summary, places, [1] * len(frames))
    file = PageFile(head, '<', resolution_first=not old, terminated=False)
    placed = []
    for (place, image), row in zip(frames, places, strict=True):
        text: dict[str, Any] = {'Axes': place, 'Channel': f'Ch{place["channel"]}'}
        if 'row' in place:
            text |= {'GridRowIndex': place['row'], 'GridColumnIndex': place['column']}
        if old:
            text['PositionIndex'] = row['position']
        placed.append(file.append(image, json.dumps(text)))
    if old:
        head = _head(version, summary, places, [at.ifd for at in placed])
        start = codec('classic', '<').header_nbytes
        file.data[start : len(head)] = head[start:]
    return bytes(file.data), placed


def _old_place(place: Place) -> dict[str, int]:
    """Return a place in an index map; tiles are positions."""
    numbers = {name: value for name, value in place.items() if isinstance(value, int)}
    position = numbers.get('row', 0) * 100 + numbers.get('column', 0)
    return {
        'channel': numbers.get('channel', 0), 'slice': numbers.get('z', 0) & 0xFFFFFFFF,
        'frame': numbers.get('time', 0), 'position': position & 0xFFFFFFFF,
    }  # fmt: skip


def _head(
    version: int,
    summary: Mapping[str, Any],
    places: Sequence[dict[str, int]],
    offsets: Sequence[int],
) -> bytes:
    if version >= 2:
        values = {'MajorVersion': version, 'Summary': summary}
        return header('ndtiff', values | ({'MinorVersion': 3} if version > 2 else {}), '<')
    rows = [{**place, 'ifd_offset': at} for place, at in zip(places, offsets, strict=True)]
    values = {
        'Summary': summary, 'IndexMap': {'rows': rows}, 'display_offset': 0,
        'comments_magic': 483729 if version else 0,
    }  # fmt: skip
    if version:
        values['ndtiff_version'] = version
    return header('mmstack', values, '<')


def _even(summary: dict[str, Any]) -> dict[str, Any]:
    """Return a summary of an even number of bytes: index maps of old files follow it at once."""
    head = _head(1, summary, [_old_place({})], [1])
    record = schemas['vendor/micromanager'].struct('mmstack').parse(head, 8, byteorder='<')
    return summary | {'Padding': ''} if record.summary_size % 2 else summary


def _index_entry(place: Place, image: Array, name: str, at: Placed, bits: int) -> bytes:
    pixel_type = 2 if image.ndim == 3 else _PIXEL_TYPES[bits]
    values = {
        'axes': json.dumps(place), 'filename': name,
        'place': {
            'offset': at.pixels, 'width': image.shape[1], 'height': image.shape[0],
            'pixel_type': pixel_type, 'compression': 0, 'meta_offset': at.text,
            'meta_size': at.text_size, 'meta_compression': 0,
        },
    }  # fmt: skip
    return bytes(schemas['vendor/micromanager'].struct('index_entry').build(values))
