"""Electron events (EER): distances between electrons in row-major order, and where in the pixel.

A code word has three fields, the lowest bits first: pixels skipped, then position in the pixel
along X and Y. Where the skip is the largest number, there is no electron and no position.
imagecodecs decodes where it is there.
Source: EerReaderLib: ``ElectronCountedFramesDecompressor``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError
from tiffschema.types import Buffer

from . import backend
from .spec import SegmentSpec

__all__ = [
    'Events',
    'Widths',
    'decode',
    'decode_eer',
    'encode',
    'encode_events',
    'widths_of',
    'widths_of_compression',
]

Array: TypeAlias = NDArray[Any]


class Widths(NamedTuple):
    """Bits of the fields of a code word.

    Parameters:
        skip: Pixels skipped, 2 to 14 bits.
        horizontal, vertical: Position in the pixel, 1 to 4 bits each.
    """

    skip: int = 7
    horizontal: int = 2
    vertical: int = 2


class Events(NamedTuple):
    """Electrons of a frame in row-major order.

    Parameters:
        places: Index of the pixel, row times width plus column.
        x, y: Position in the pixel along X and Y in steps of its finest division, 0 the first.
    """

    places: NDArray[np.int64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]


_TAGS = (65007, 65008, 65009)
_KNOWN = {65000: Widths(8, 2, 2), 65001: Widths(7, 2, 2)}


def widths_of(spec: SegmentSpec) -> Widths:
    """Return the widths of a page: of its compression, or in tags 65007 to 65009.

    Raises:
        FormatError: They are none that the format allows.
    """
    found = _KNOWN.get(spec.geometry.compression)
    if found is None:
        given: Any = spec.options.get('eer', Widths())
        found = Widths(*given)
    if found.skip not in range(2, 15) or min(found[1:]) < 1 or max(found[1:]) > 4:
        raise FormatError(f'EER code widths {tuple(found)}', 'segment')
    if not 9 <= sum(found) <= 16:
        raise FormatError(f'EER codes of {sum(found)} bits', 'segment')
    return found


def widths_of_compression(value_of: Callable[[int], Any], compression: int) -> Widths:
    """Return the widths that a compression has, or that tags say.

    Parameters:
        value_of: Gives the value of a tag, None without one.
        compression: Code of the compression.
    """
    if compression in _KNOWN:
        return _KNOWN[compression]
    given = (value_of(code) for code in _TAGS)
    return Widths(
        *(
            known if not isinstance(width, int) else width
            for width, known in zip(given, Widths(), strict=True)
        )
    )


def decode(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...], out: Array | None) -> Array:
    """Decode a frame with imagecodecs."""
    superres: Any = spec.options.get('superres', 0)
    result: Array = backend.function('eer_decode')(
        data, shape[1:3], *widths_of(spec), superres=superres
    )
    return result


def decode_eer(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...], out: Array | None) -> Array:
    """Decode a frame without imagecodecs.

    Raises:
        FormatError: Electrons lie beyond the frame.
    """
    widths = widths_of(spec)
    superres: Any = spec.options.get('superres', 0)
    along_x, along_y = min(widths.horizontal, superres), min(widths.vertical, superres)
    length, width = shape[1] >> along_y, shape[2] >> along_x
    events = _events(data, length * width, widths)
    rows = (events.places // width << along_y) + (events.y >> widths.vertical - along_y)
    columns = (events.places % width << along_x) + (events.x >> widths.horizontal - along_x)
    image = np.zeros(shape[1:3], bool)
    image[rows, columns] = True
    return image


def _events(data: Buffer, size: int, widths: Widths) -> Events:
    """Return the electrons of a stream, for a frame of so many pixels."""
    stored = np.frombuffer(data, np.uint8)
    total = sum(widths)
    last = len(stored) * 8 - total
    if last < 0:
        none = np.zeros(0, np.int64)
        return Events(none, none, none)
    # The word at every bit, so that the walk below takes one look-up per code.
    padded = np.concatenate([stored, np.zeros(3, np.uint8)]).astype(np.uint32)
    words = padded[:-3] | padded[1:-2] << 8 | padded[2:-1] << 16
    at_bit = (words[:, None] >> np.arange(8, dtype=np.uint32)).reshape(-1)[: last + 1]
    most = (1 << widths.skip) - 1
    skips = (at_bit & most).tolist()
    place = at = 0
    places, starts = [], []
    # As imagecodecs has it, a code that ends with the stream is its end, and no electron.
    while at < last:
        skip = skips[at]
        place += skip
        if skip == most:
            at += widths.skip
            continue
        if place >= size:
            break
        places.append(place)
        starts.append(at)
        place += 1
        at += total
    if place > size:
        raise FormatError(f'electrons at {place} of {size} pixels', 'segment')
    found = at_bit[np.array(starts, np.int64)].astype(np.int64) >> widths.skip
    x = found & (1 << widths.horizontal) - 1
    y = found >> widths.horizontal & (1 << widths.vertical) - 1
    # The fields count from the middle of the pixel.
    return Events(np.array(places, np.int64), x ^ widths.horizontal, y ^ widths.vertical)


def encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode a frame of electrons, 0 or 1 a pixel, each in the middle of its pixel."""
    widths = widths_of(spec)
    places = np.flatnonzero(array)
    middle = np.ones_like(places)
    events = Events(places, middle << widths.horizontal - 1, middle << widths.vertical - 1)
    return encode_events(events, array.size, widths)


def encode_events(events: Events, size: int, widths: Widths) -> bytes:
    """Return the stream of electrons of a frame.

    Parameters:
        events: Electrons, places in ascending order, each once.
        size: Pixels of the frame.
        widths: Bits of the fields of a code word.

    Example:
        >>> one = Events(np.array([3]), np.array([0]), np.array([0]))
        >>> encode_events(one, 8, Widths()).hex()
        '03252800'
    """
    most = (1 << widths.skip) - 1
    total = sum(widths)
    # One code behind the last electron leads to the end of the frame.
    places = np.append(events.places, size)
    gaps = np.diff(places, prepend=-1) - 1
    fields = (np.append(events.x, 0) ^ widths.horizontal) | (
        np.append(events.y, 0) ^ widths.vertical
    ) << widths.horizontal
    longs, rest = np.divmod(gaps, most)
    sizes = longs * widths.skip + total
    ends = np.cumsum(sizes)
    bits = np.zeros(int(ends[-1]) + -int(ends[-1]) % 16, np.uint8)
    # Codes of the largest number are all ones; the last code of each electron is written over them.
    ones = np.zeros(len(bits) + 1, np.int64)
    np.add.at(ones, ends - sizes, 1)
    np.add.at(ones, ends - total, -1)
    bits[np.cumsum(ones[:-1]) > 0] = 1
    codes = rest | fields << widths.skip
    offsets = np.arange(total)
    bits[(ends - total)[:, None] + offsets] = codes[:, None] >> offsets & 1
    return np.packbits(bits, bitorder='little').tobytes()
