"""Forged sets of Micro-Manager's multi-page files.

Knows the headers declared in ``schemas/vendor/micromanager.yaml``.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.directory import codec
from tiffschema.model.sections import schemas
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.testing.forging.mmpages import PageFile, Placed
from tiffschema.types import ByteOrder

__all__ = ['header', 'mmstack']

_KEYS = {'T': 'frame', 'R': 'position', 'Z': 'slice', 'C': 'channel'}
_INDEX = ('channel', 'slice', 'frame', 'position', 'ifd_offset')


def header(struct: str, values: dict[str, Any], byteorder: ByteOrder) -> bytes:
    """Return the TIFF header of a file, and what Micro-Manager writes behind it."""
    head = codec('classic', byteorder).build_header(0)
    built = schemas['vendor/micromanager'].struct(struct).build(values, byteorder=byteorder)
    return head + built.at(len(head))


def mmstack(
    *,
    byteorder: ByteOrder = '<',
    channels: int = 2,
    slices: int = 3,
    frames: int = 2,
    positions: int = 1,
    files: int = 1,
    missing: Collection[int] = (),
    reserved: int = 0,
    time_first: bool = True,
    slices_first: bool = True,
    rgb: bool = False,
    ome: bool = True,
    shape: tuple[int, int] = (5, 6),
) -> Forged:
    """Return a set of MMStack files.

    Parameters:
        byteorder: Of the files.
        channels, slices, frames, positions: Lengths of C, Z, T and R.
        files: Number of files; planes are shared out in the order of their acquisition.
        missing: Numbers of planes that were not acquired.
        reserved: Rows of the index map beyond those in use, as in files that were not finished.
        time_first: All positions are acquired at each time, instead of all times at each position.
        slices_first: All channels are acquired at each slice.
        rgb: Pages of three samples of 8 bits.
        ome: Whether the first page of each file has OME-XML too.
        shape: Rows and columns of a page.
    """
    order = ('TR' if time_first else 'RT') + ('ZC' if slices_first else 'CZ')
    lengths = {'T': frames, 'R': positions, 'Z': slices, 'C': channels}
    lead = tuple(lengths[axis] for axis in order)
    data = _pixels(math.prod(lead), shape, rgb)
    data[list(missing)] = 0
    summary = {
        'MicroManagerVersion': '2.0', 'Prefix': 'forged', 'Frames': frames, 'Slices': slices,
        'Channels': channels, 'Positions': positions, 'TimeFirst': time_first,
        'SlicesFirst': slices_first, 'ChNames': [f'Channel {c}' for c in range(channels)],
        'PixelSize_um': 0.25, 'z-step_um': 1.5, 'Interval_ms': 500.0,
        'PixelType': 'RGB32' if rgb else 'GRAY16', 'Width': shape[1], 'Height': shape[0],
    }  # fmt: skip
    places = [
        dict(zip(order, place, strict=True)) for place in itertools.product(*map(range, lead))
    ]
    planes = [number for number in range(len(places)) if number not in missing]
    suffix = '.ome.tif' if ome else '.tif'
    names = ['forged_MMStack' + (f'_{n}' if n else '') + suffix for n in range(files)]
    shares = [list(map(int, share)) for share in np.array_split(np.asarray(planes), files)]
    xml = _omexml(places, list(zip(names, shares, strict=True)), lengths, shape, rgb) if ome else ''
    made = {
        name: _file(summary, [(places[n], data[n]) for n in share], byteorder, xml, reserved)
        for name, share in zip(names, shares, strict=True)
    }
    whole = data.reshape(*lead, *data.shape[1:])
    axes = ''.join(axis for axis, size in zip(order, lead, strict=True) if size > 1) + 'YX'
    return Forged(
        'mmstack',
        made,
        (ForgedSeries('', axes + ('S' if rgb else ''), (whole.squeeze(),)),),
        {'Summary': summary, 'DisplaySettings': _DISPLAY, 'Comments': _COMMENTS},
        faults=(f'{len(missing)} of {len(data)} planes are missing',) if missing else (),
    )


_DISPLAY = [{'Channel': 'Channel 0', 'Min': 0, 'Max': 4095}]
_COMMENTS = {'Summary': 'forged'}


def _pixels(planes: int, shape: tuple[int, int], rgb: bool) -> NDArray[Any]:
    size = (planes, *shape, 3) if rgb else (planes, *shape)
    count = np.arange(1, math.prod(size) + 1)
    return (count % 251).astype('u1').reshape(size) if rgb else count.astype('u2').reshape(size)


def _file(
    summary: dict[str, Any],
    planes: Sequence[tuple[dict[str, int], NDArray[Any]]],
    byteorder: ByteOrder,
    xml: str,
    reserved: int,
) -> bytes:
    """Return one file; its header is built again when the offsets of directories are known."""
    rows = [{**{_KEYS[axis]: place for axis, place in at.items()}} for at, _ in planes]
    file = PageFile(
        _head(summary, rows, [1] * len(rows), byteorder, reserved),
        byteorder,
        resolution_first=False,
        terminated=True,
    )
    start = codec('classic', byteorder).header_nbytes
    placed: list[Placed] = []
    for number, (at, image) in enumerate(planes):
        text = json.dumps({f'{_KEYS[axis].title()}Index': place for axis, place in at.items()})
        extra = [(270, 2, xml)] if xml and not number else []
        placed.append(file.append(image, text, extra))
    head = _head(summary, rows, [one.ifd for one in placed], byteorder, reserved)
    file.data[start : len(head)] = head[start:]
    return bytes(file.data)


def _head(
    summary: dict[str, Any],
    rows: Sequence[dict[str, int]],
    offsets: Sequence[int],
    byteorder: ByteOrder,
    reserved: int,
) -> bytes:
    used = [{**row, 'ifd_offset': at} for row, at in zip(rows, offsets, strict=True)]
    table = used + [dict.fromkeys(_INDEX, 0)] * reserved
    values = {
        'Summary': summary,
        'IndexMap': {'rows': table},
        'DisplaySettings': {'value': _DISPLAY},
        'Comments': {'value': _COMMENTS},
        'comments_magic': 99384722,
    }
    return header('mmstack', values, byteorder)


def _omexml(
    places: Sequence[dict[str, int]],
    files: Sequence[tuple[str, Sequence[int]]],
    lengths: dict[str, int],
    shape: tuple[int, int],
    rgb: bool,
) -> str:
    """Return OME-XML with an image for each position."""
    images = []
    samples = 3 if rgb else 1
    for position in range(lengths['R']):
        blocks = ''.join(
            f'<TiffData FirstC="{at["C"] * samples}" FirstT="{at["T"]}" FirstZ="{at["Z"]}"'
            f' IFD="{ifd}" PlaneCount="1"><UUID FileName="{name}">urn:uuid:{name}</UUID></TiffData>'
            for name, share in files
            for ifd, at in enumerate(places[number] for number in share)
            if at['R'] == position
        )
        channels = ''.join(
            f'<Channel ID="Channel:{position}:{c}" SamplesPerPixel="{samples}"/>'
            for c in range(lengths['C'])
        )
        images.append(
            f'<Image ID="Image:{position}" Name="forged"><Pixels ID="Pixels:{position}"'
            f' DimensionOrder="XYCZT" Type="{"uint8" if rgb else "uint16"}" SizeX="{shape[1]}"'
            f' SizeY="{shape[0]}" SizeC="{lengths["C"] * samples}" SizeZ="{lengths["Z"]}"'
            f' SizeT="{lengths["T"]}">{channels}{blocks}</Pixels></Image>'
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
        f' UUID="urn:uuid:{files[0][0]}">{"".join(images)}</OME>'
    )
