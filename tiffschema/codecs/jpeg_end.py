"""Whether a JPEG stream without an end-of-image marker is cut off, and which rows are whole.

This module knows JPEG markers; a decoder is given. libjpeg fills what is missing without a word,
and complete streams without the marker exist. Rule: bytes behind the last block that is needed
change nothing; so a stream is decoded with nothing behind it and with two kinds of noise, and the
rows that agree are those it holds. This is done for streams without the marker only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from numpy.typing import NDArray

from tiffschema.types import Buffer

from .codestream import StreamInfo
from .restart import frame_mcu, scan_restarts

__all__ = ['has_end', 'intact', 'is_progressive']

Array: TypeAlias = NDArray[Any]

_EOI = b'\xff\xd9'
_PROGRESSIVE = frozenset({2, 6, 10, 14})


def has_end(data: Buffer, info: StreamInfo) -> bool:
    """Return whether an end-of-image marker follows the frame header of a stream."""
    return bytes(data[-2:]) == _EOI or bytes(data[info.at :]).rfind(_EOI) >= 0


def is_progressive(info: StreamInfo) -> bool:
    """Return whether a stream refines its image scan by scan."""
    return info.kind in _PROGRESSIVE


def intact(decode: Callable[[bytes], Array], data: Buffer, info: StreamInfo) -> tuple[Array, int]:
    """Decode a stream that has no end.

    Parameters:
        decode: Returns the image of a stream.
        data: The stream.
        info: What its frame header says.

    Returns:
        The image, and the number of its first rows which the stream holds. Each scan of a
        progressive stream refines all rows, so that without an end none is known to be whole.
    """
    stream = bytes(data).rstrip(b'\xff')
    image = decode(stream + _EOI)
    if is_progressive(info):
        return image, 0
    rows = image.shape[0]
    for noise in _tails(stream, info.at):
        try:
            other = decode(stream + noise)
        except (RuntimeError, ValueError):
            return image, 0
        differs = (other != image).reshape(image.shape[0], -1).any(axis=1)
        if differs.any():
            rows = min(rows, int(differs.argmax()))
    if rows == image.shape[0]:
        return image, rows
    # Noise may agree with the image by chance: blocks end where a row of them does. The row above
    # may differ too, because its chroma is interpolated with the row below.
    height = frame_mcu(data, info.at)[1] or 1
    return image, min(rows, (rows + 1) // height * height)


def _tails(stream: bytes, start: int) -> list[bytes]:
    """Return two kinds of noise without markers but those at which decoders start anew."""
    restarts = scan_restarts(stream, start)
    last = stream[restarts[-1] - 1] - 0xD0 if len(restarts) > 1 else -1
    markers = [bytes((0xFF, 0xD0 + (last + 1 + step) % 8)) for step in range(8)]
    return [
        b''.join(bytes((at * step + 17) % 251 for at in range(1, 200)) + each for each in markers)
        + _EOI
        for step in (73, 119)
    ]
