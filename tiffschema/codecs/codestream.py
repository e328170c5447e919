"""Sizes that image streams state about themselves, read before anything is decoded.

This module knows the first bytes of codestreams; it decodes none. Law: a stream that claims to be
larger than its segment could need is refused before memory is taken, so that a decompression bomb
costs nothing. What cannot be told from the first bytes is None, and then the decoder has to say.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tiffschema.errors import FormatError
from tiffschema.types import Buffer

__all__ = [
    'StreamInfo',
    'check_size',
    'jpeg2k_info',
    'jpeg_info',
    'jpegxl_info',
    'jpegxr_info',
    'lerc_info',
    'png_info',
    'webp_info',
]


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a stream states about its image.

    Parameters:
        width, height: In pixels.
        samples: Samples per pixel, 0 if not told.
        bits: Bits per sample, 0 if not told.
        kind: Detail of the format: the JPEG process (number of its SOF marker), the type of a LERC
            blob, the colour type of a PNG.
        at: Where the stated size lies in the stream (JPEG: the frame header).
        valid: Number of pixels which are valid (LERC), -1 if all.
        nbytes: Bytes that the stream has to have, 0 if not told.
    """

    width: int
    height: int
    samples: int = 0
    bits: int = 0
    kind: int = 0
    at: int = 0
    valid: int = -1
    nbytes: int = 0


def check_size(info: StreamInfo | None, shape: tuple[int, ...], name: str) -> None:
    """Compare the stated size with that of a segment of shape (depth, length, width, samples).

    A stream may be somewhat larger: JPEG pads to whole blocks, and some writers store the last
    strip in full height.

    Raises:
        FormatError: The image would be more than a segment can need.
    """
    if info is None:
        return
    length, width = shape[0] * shape[1], shape[2]
    if info.width > 2 * width + 256 or (
        info.height > 2 * length + 256 and info.height * info.width > 4 * length * width + 65536
    ):
        raise FormatError(
            f'{name} stream of {info.width} x {info.height} pixels'
            f' where {width} x {length} are expected',
            'segment',
        )
    if info.samples > max(4, 2 * shape[3]):
        raise FormatError(
            f'{name} stream of {info.samples} samples per pixel where {shape[3]} are expected',
            'segment',
        )


_SOF = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


def jpeg_info(data: Buffer) -> StreamInfo | None:
    """Read the frame header of a JPEG stream (ITU-T T.81 B.2.2); None if there is none."""
    at, size = 0, len(data)
    while at + 4 <= size:
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker in _SOF:
            if at + 10 > size:
                return None
            bits, height, width, samples = struct.unpack_from('>BHHB', data, at + 4)
            return StreamInfo(width, height, samples, bits, marker & 15, at)
        if marker == 0xDA:
            return None
        if marker in {0xFF, 0x00, 0x01} or 0xD0 <= marker <= 0xD9:
            at += 1 if marker == 0xFF else 2
        else:
            at += 2 + max(2, data[at + 2] << 8 | data[at + 3])
    return None


def _boxes(data: Buffer, wanted: frozenset[bytes]) -> int:
    """Return where the content of the first wanted box of a JP2-like container begins, or -1."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from('>I4s', data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from('>Q', data, at + 8)
            head = 16
        if name in wanted:
            return at + head
        if size < head:
            return -1
        at += size
    return -1


def jpeg2k_info(data: Buffer) -> StreamInfo | None:
    """Read the SIZ segment of a JPEG 2000 codestream or JP2 file (ITU-T T.800 A.5.1)."""
    at = 0
    if bytes(data[:4]) != b'\xff\x4f\xff\x51':
        at = _boxes(data, frozenset({b'jp2c'}))
        if at < 0 or bytes(data[at : at + 4]) != b'\xff\x4f\xff\x51':
            return None
    if at + 43 > len(data):
        return None
    x1, y1, x0, y0 = struct.unpack_from('>IIII', data, at + 8)
    samples, depth = struct.unpack_from('>HB', data, at + 40)
    return StreamInfo(max(0, x1 - x0), max(0, y1 - y0), samples, (depth & 127) + 1, depth >> 7, at)


def png_info(data: Buffer) -> StreamInfo | None:
    """Read the IHDR chunk of a PNG file (ISO/IEC 15948 11.2.2)."""
    if bytes(data[:8]) != b'\x89PNG\r\n\x1a\n' or len(data) < 26:
        return None
    width, height, bits, colour = struct.unpack_from('>IIBB', data, 16)
    samples = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}.get(colour, 0)
    return StreamInfo(width, height, samples, 8 if colour == 3 else bits, colour)


def webp_info(data: Buffer) -> StreamInfo | None:
    """Read the first chunk of a WebP file (RFC 9649)."""
    if bytes(data[:4]) != b'RIFF' or bytes(data[8:12]) != b'WEBP' or len(data) < 30:
        return None
    kind = bytes(data[12:16])
    if kind == b'VP8 ':
        width, height = struct.unpack_from('<HH', data, 26)
        return StreamInfo(width & 0x3FFF, height & 0x3FFF, 3, 8)
    if kind == b'VP8L':
        (word,) = struct.unpack_from('<I', data, 21)
        return StreamInfo((word & 0x3FFF) + 1, (word >> 14 & 0x3FFF) + 1, 0, 8)
    if kind == b'VP8X':
        low, high = struct.unpack_from('<II', bytes(data[24:30]) + b'\0\0')
        return StreamInfo((low & 0xFFFFFF) + 1, ((high << 8 | low >> 24) & 0xFFFFFF) + 1, 0, 8)
    return None


def jpegxl_info(data: Buffer) -> StreamInfo | None:
    """Read the size header of a JPEG XL codestream or file (ISO/IEC 18181-1 annex D.2)."""
    at = 0
    if bytes(data[:12]) == b'\0\0\0\x0cJXL \r\n\x87\n':
        at = _boxes(data, frozenset({b'jxlc', b'jxlp'}))
        if at < 0:
            return None
        # A partial codestream begins with its number.
        at += 4 if bytes(data[at - 4 : at]) == b'jxlp' else 0
    if bytes(data[at : at + 2]) != b'\xff\x0a':
        return None
    (word,) = struct.unpack('<Q', bytes(data[at + 2 : at + 10]).ljust(8, b'\0'))
    (more,) = struct.unpack('<Q', bytes(data[at + 10 : at + 18]).ljust(8, b'\0'))
    stream = _BitReader(word | more << 64)
    small = stream.take(1)
    height = _jxl_size(stream, small)
    ratio = stream.take(3)
    if ratio:
        top, bottom = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
        width = height * top // bottom
    else:
        width = _jxl_size(stream, small)
    return StreamInfo(width, height)


class _BitReader:
    """Takes bits from a whole number, least significant first."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def take(self, count: int) -> int:
        value = self.bits & ((1 << count) - 1)
        self.bits >>= count
        return value


def _jxl_size(stream: _BitReader, small: int) -> int:
    if small:
        return (stream.take(5) + 1) * 8
    return stream.take((9, 13, 18, 30)[stream.take(2)]) + 1


def jpegxr_info(data: Buffer) -> StreamInfo | None:
    """Read width and height of a JPEG XR file, whose container is like TIFF (ITU-T T.832 A)."""
    if bytes(data[:3]) != b'II\xbc' or len(data) < 8:
        return None
    (at,) = struct.unpack_from('<I', data, 4)
    if at + 2 > len(data):
        return None
    (count,) = struct.unpack_from('<H', data, at)
    size = {}
    for index in range(min(count, (len(data) - at - 2) // 12)):
        code, kind, _, value = struct.unpack_from('<HHII', data, at + 2 + 12 * index)
        size[code] = value & 0xFFFF if kind == 3 else value & 0xFF if kind == 1 else value
    if 0xBC80 not in size or 0xBC81 not in size:
        return None
    image = size.get(0xBCC0, 0) + size.get(0xBCC1, 0)
    # Of a plane of alpha apart the reference software writes where it ends instead of its size.
    offset, count = size.get(0xBCC2, 0), size.get(0xBCC3, 0)
    alpha = count if count > offset else offset + count
    return StreamInfo(size[0xBC80], size[0xBC81], nbytes=max(image, alpha))


def lerc_info(data: Buffer) -> StreamInfo | None:
    """Read the header of a LERC blob, version 1 or 2 (github.com/Esri/lerc, doc of the format)."""
    if bytes(data[:10]) == b'CntZImage ' and len(data) >= 34:
        height, width = struct.unpack_from('<ii', data, 18)
        return StreamInfo(width, height, 1, 32, 6)
    if bytes(data[:6]) != b'Lerc2 ' or len(data) < 10:
        return None
    (version,) = struct.unpack_from('<i', data, 6)
    at = 14 if version >= 3 else 10
    if len(data) < at + 32:
        return None
    height, width = struct.unpack_from('<ii', data, at)
    at += 8
    samples = 1
    if version >= 4:
        (samples,) = struct.unpack_from('<i', data, at)
        at += 4
    valid, _, _, kind = struct.unpack_from('<iiii', data, at)
    if min(width, height, samples) < 0:
        return None
    bits = (8, 8, 16, 16, 32, 32, 32, 64)[kind] if 0 <= kind < 8 else 0
    return StreamInfo(width, height, samples, bits, kind, valid=valid)
