"""JPEG streams cut at restart markers: how large the pieces are, and where they begin.

Knows JPEG markers (ITU-T T.81); neither pages nor files. A piece between two restart markers
decodes by itself, because prediction starts anew there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tiffschema.types import Buffer

__all__ = ['RestartLayout', 'frame_mcu', 'restart_layout', 'scan_restarts']

_SOF0 = 0xC0
_SOS = 0xDA
_DRI = 0xDD


@dataclass(frozen=True, slots=True)
class RestartLayout:
    """Pieces of a baseline stream with restart markers.

    Parameters:
        width, height: Of a piece, in pixels: the restart interval in MCUs, one MCU high.
        header: Bytes up to the first entropy-coded one.
    """

    width: int
    height: int
    header: int


def restart_layout(data: Buffer) -> RestartLayout | None:
    """Return the layout that the header of a stream states.

    Parameters:
        data: Start of the stream, with its scan header.

    Returns:
        None if it is no baseline stream, or has no restart interval.
    """
    mcu = (0, 0)
    interval = 0
    at, size = 2, len(data)
    while at + 4 <= size and data[at] == 0xFF:
        marker = data[at + 1]
        (length,) = struct.unpack_from('>H', data, at + 2)
        end = at + 2 + length
        if length < 2 or end > size:
            return None
        if marker == _SOF0:
            mcu = frame_mcu(data, at)
        elif 0xC0 < marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return None
        elif marker == _DRI and length >= 4:
            (interval,) = struct.unpack_from('>H', data, at + 4)
        elif marker == _SOS:
            if not interval or not all(mcu):
                return None
            return RestartLayout(interval * mcu[0], mcu[1], end)
        at = end
    return None


def frame_mcu(data: Buffer, at: int) -> tuple[int, int]:
    """Return width and height of an MCU in pixels, (0, 0) if the frame header at `at` is cut off.

    It is 8 times the largest sampling factors, 8 x 8 where a component is alone.
    """
    if at + 10 > len(data):
        return 0, 0
    count = data[at + 9]
    if at + 10 + 3 * count > len(data) or not count:
        return 0, 0
    if count == 1:
        return 8, 8
    factors = [data[at + 11 + 3 * i] for i in range(count)]
    return 8 * max(f >> 4 for f in factors), 8 * max(f & 15 for f in factors)


def scan_restarts(data: Buffer, start: int) -> list[int]:
    """Return where pieces begin: `start`, and behind each restart marker.

    Example:
        >>> scan_restarts(bytes.fromhex('aa ff00 ffd0 bb ffd1 cc ffd9'), 0)
        [0, 5, 8]
    """
    found = [start]
    raw = bytes(data)
    at = raw.find(b'\xff', start)
    while 0 <= at < len(raw) - 1:
        if 0xD0 <= raw[at + 1] <= 0xD7:
            found.append(at + 2)
            at += 1
        at = raw.find(b'\xff', at + 1)
    return found
