"""Forged ScanImage files: BigTIFF with values behind the header, and classic ones beyond 2 GiB.

Knows the block declared in ``schemas/vendor/scanimage.yaml``.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from tiffschema.model.directory import Entry, codec
from tiffschema.model.sections import schemas
from tiffschema.testing.forging.forged import Forged, ForgedSeries, Sparse

__all__ = ['scanimage']

_BLOCK_AT = 16
_TEXT_AT = 32
_WORD = 0xFFFFFFFF
_CLASSIC = {
    'state': 'state.configName=forged\rstate.acq.frameRate=2\r{frame}',
    'SI4': '{frame}\nscanimage.SI4.channelsSave = 1\nscanimage.SI4.acqNumFrames = 4\n',
    'SI5': '{frame}\nscanimage.SI5.channelsSave = 1\nscanimage.SI5.acqNumFrames = 4\n',
    'SI': '{frame}\nscanimage.SI.channelsSave = 1\nscanimage.SI.acqNumFrames = 4\n',
}
"""Descriptions of classic files, by the prefix of the names of their values."""


def scanimage(
    *,
    version: int = 4,
    program: str = 'state',
    channels: int = 2,
    slices: int = 3,
    frames: int = 4,
    apart: int = 0,
    broken: bool = False,
    padded: bool = True,
    shape: tuple[int, int] = (5, 6),
) -> Forged:
    """Return a recording.

    Parameters:
        version: 4 or 3 of BigTIFF files; 0 is a classic file, whose pages have all values in their
            descriptions.
        program: What wrote a classic file: state (ScanImage 3), SI4, SI5, or SI (2015).
        channels, slices, frames: Lengths of C, Z and T; classic files do not tell them.
        apart: Bytes between the pixels of a page and the next page; makes a sparse file. Offsets
            in classic files are modulo 4 GiB.
        broken: The chain of directories ends behind the fifth page.
        padded: Descriptions have one length, so that pages lie at one distance.
        shape: Rows and columns of a page.
    """
    big = version > 0
    lead = (slices, frames, channels)
    count = math.prod(lead)
    data = (np.arange(count * math.prod(shape)) % 30000 + 1).astype('<i2').reshape(count, *shape)
    values = {
        'SI.hChannels.channelSave': [[c + 1] for c in range(channels)] if channels > 1 else 1,
        'SI.hStackManager.framesPerSlice': frames, 'SI.hStackManager.stackZStepSize': 1.5,
        'SI.hRoiManager.scanFramePeriod': 0.5, 'SI.VERSION_MAJOR': '2020',
    }  # fmt: skip
    text = ''.join(f'{name} = {_matlab(value)}\n' for name, value in values.items())
    groups = {'RoiGroups': {'imagingRoiGroup': {'name': 'forged', 'rois': []}}}
    directories = codec('big' if big else 'classic', '<')
    parts: dict[int, bytes] = {}
    at = directories.header_nbytes
    if big:
        built = schemas['vendor/scanimage'].struct('scanimage').build(
            {'version': version, 'frame_data': text, 'roi_data': json.dumps(groups)}
        )  # fmt: skip
        parts[at] = bytes(built)
        at += len(built) + len(built) % 2
    # Long texts of BigTIFF are those behind the header; classic files have all in descriptions.
    sizes = (len(text), len(json.dumps(groups))) if big else None
    frames_text = '{frame}' if big else _CLASSIC[program]
    parts[0] = directories.build_header(at)
    mask = -1 if big else _WORD
    for number, image in enumerate(data):
        told = frames_text.format(frame=_description(number, padded=padded))
        size = len(_page(directories, image, told, sizes, at & mask, 0, 0))
        strip = at + size
        following = strip + image.nbytes + apart
        last = number + 1 == count or (broken and number == 4)
        parts[at] = _page(
            directories, image, told, sizes, at & mask, strip & mask,
            0 if last else following & mask,
        )  # fmt: skip
        parts[strip] = image.tobytes()
        end, at = strip + image.nbytes, following
    axes = ''.join(a for a, size in zip('ZTC', lead, strict=True) if size > 1) if big else 'I'
    whole = data.reshape(*lead, *shape).squeeze() if big else data
    metadata = {'version': version, 'FrameData': values, **groups} if big else {}
    series = (ForgedSeries('', axes + 'YX', (whole,)),)
    file = Sparse(end, parts)
    if apart:
        faults = () if big else ('does not lead to all',)
        return Forged('scanimage', {}, series, metadata, {'forged.tif': file}, faults)
    return Forged('scanimage', {'forged.tif': file.data()}, series, metadata)


def _matlab(value: Any) -> str:
    if isinstance(value, list):
        return f'[{";".join(str(row[0]) for row in value)}]'
    return f"'{value}'" if isinstance(value, str) else str(value)


def _description(number: int, *, padded: bool) -> str:
    seconds = f'{number * 0.5:.6f}'.zfill(12 if padded else 0)
    return f'frameNumbers = {number + 1:06}\nframeTimestamps_sec = {seconds}'


def _page(
    directories: Any,
    image: Any,
    description: str,
    sizes: tuple[int, int] | None,
    address: int,
    strip: int,
    link: int,
) -> bytes:
    """Return the directory of a page; in BigTIFF its long texts are those behind the header."""
    values: list[tuple[int, int, Any]] = [
        (254, 4, 0), (256, 4, image.shape[1]), (257, 4, image.shape[0]), (258, 3, 16),
        (259, 3, 1), (262, 3, 1), (270, 2, description), (273, 16 if sizes else 4, strip),
        (277, 3, 1), (278, 4, image.shape[0]), (279, 4, image.nbytes), (284, 3, 1), (339, 3, 2),
    ]  # fmt: skip
    entries = [
        Entry(code, *directories.encode_value(None, kind, value)) for code, kind, value in values
    ]
    shared = {}
    if sizes is not None:
        shared = {305: (sizes[0], _TEXT_AT), 315: (sizes[1], _TEXT_AT + sizes[0])}
        entries += [Entry(code, 2, size, b'') for code, (size, _) in shared.items()]
    built = directories.build(entries, address, link)
    data = bytearray(built.data)
    codes = sorted(entry.code for entry in entries)
    for code, (size, offset) in shared.items():
        place = directories.count_nbytes + codes.index(code) * directories.entry_nbytes
        stored = directories.build_entry(code, 2, size, None, offset)
        data[place : place + len(stored)] = stored
    return bytes(data) + bytes(len(data) % 2)
