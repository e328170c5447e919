"""JPEG in TIFF: tables, headers, colour, all precisions, lossless.

This module knows geometry and JPEG markers; libjpeg decodes. Law: TIFF Technote 2, DNG 1.7 (two
half-width components for one plane of a mosaic). Colour follows PhotometricInterpretation, not
the markers, except where three samples carry a JFIF header, which only YCbCr streams may have;
YCbCr is delivered as RGB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.types import Buffer

from . import backend
from .codestream import StreamInfo, check_size, jpeg_info
from .jpeg_end import has_end, intact, is_progressive
from .spec import SegmentSpec

__all__ = ['alternative_decoder', 'decoder', 'is_jpeg', 'merge_tables', 'salvage', 'split_tables']

Array: TypeAlias = NDArray[Any]
DecodeImage: TypeAlias = Callable[[Buffer, tuple[int, ...], 'Array | None'], Array]

_SOI, _EOI = b'\xff\xd8', b'\xff\xd9'

# Linear raw samples go through the transform that markers and component names say.
_DNG_LOSSY = 34892

# libjpeg refuses sizes above this in the frame header; imagecodecs can be told them.
_LARGEST = 65500


def is_jpeg(data: Buffer) -> bool:
    """Return whether data begins as a JPEG stream does."""
    return bytes(data[:2]) == _SOI


def split_tables(stream: bytes) -> tuple[bytes, bytes]:
    """Split a JPEG stream into an abbreviated stream of its tables and the stream without them.

    Returns:
        Value for tag 347 (``FFD8``, quantisation and Huffman tables, ``FFD9``) and the rest.
    """
    tables, rest = [_SOI], [_SOI]
    at = 2
    while at + 4 <= len(stream) and stream[at] == 0xFF and stream[at + 1] != 0xDA:
        size = 2 + (stream[at + 2] << 8 | stream[at + 3])
        part = stream[at : at + size]
        (tables if stream[at + 1] in {0xC4, 0xDB} else rest).append(part)
        at += size
    return b''.join((*tables, _EOI)), b''.join((*rest, stream[at:]))


def merge_tables(tables: bytes, stream: Buffer) -> bytes:
    """Return a stream with tables of tag 347 put in front; its own tables override them."""
    body = tables[2:] if tables[:2] == _SOI else tables
    if body[-2:] == _EOI:
        body = body[:-2]
    rest = bytes(stream)
    return _SOI + body + (rest[2:] if rest[:2] == _SOI else rest)


def _colour_spaces(spec: SegmentSpec) -> tuple[str | None, str | None]:
    """Return the colour space wanted, and the one the data has unless it is JFIF."""
    geometry = spec.geometry
    if geometry.planarconfig == 2:
        return 'GRAYSCALE', None
    photometric, samples = geometry.photometric, geometry.samplesperpixel
    if photometric == 6 and samples == 3:
        return 'RGB', None
    if samples == 3 and geometry.compression != _DNG_LOSSY:
        # Of any other interpretation too: no transform, which decoders call RGB.
        return 'RGB', 'RGB'
    if photometric == 5 and samples == 4:
        return 'CMYK', None
    return None, None


class _Decoder:
    """Decodes the JPEG segments of a page."""

    def __init__(self, spec: SegmentSpec) -> None:
        self.tables = spec.jpegtables
        self.header = spec.jpegheader
        self.outcolorspace, self.colorspace = _colour_spaces(spec)
        self.segment_shape = spec.geometry.segment_shape
        self.dtype = spec.geometry.dtype
        self.decode = backend.function('jpeg8_decode')
        self.error: type[Exception] = backend.imagecodecs().Jpeg8Error

    def __call__(self, data: Buffer, shape: tuple[int, ...], out: Array | None) -> Array:
        data, info, decode = self._prepared(data, shape)
        if not has_end(data, info):
            image, rows = intact(decode, data, info)
            if rows < min(shape[0] * shape[1], image.shape[0]):
                raise TruncatedError(
                    f'JPEG stream ends after {rows} of {info.height} rows', 'segment'
                )
            return self._shaped(image, info, shape)
        room = self._room(info, shape, out)
        result = decode(data, room)
        if room is not None and result is room:
            assert out is not None
            return out
        return self._shaped(result, info, shape)

    def held(self, data: Buffer, shape: tuple[int, ...]) -> Array:
        """Return the first rows that a stream without an end holds; all of a progressive one."""
        data, info, decode = self._prepared(data, shape)
        image, rows = intact(decode, data, info)
        return self._shaped(image if is_progressive(info) else image[:rows], info, shape)

    def _prepared(
        self, data: Buffer, shape: tuple[int, ...]
    ) -> tuple[Buffer, StreamInfo, Callable[..., Array]]:
        """Return a whole stream, what its frame header says, and what decodes such streams."""
        if self.header is not None and bytes(data[: len(self.header)]) != self.header:
            data = _with_header(self.header, data)
        elif not is_jpeg(data):
            data = _SOI + bytes(data)
        info = jpeg_info(data)
        if info is None:
            raise FormatError('JPEG stream has no frame header', 'segment')
        height, width = shape[0] * shape[1], shape[2]
        size = None
        if not info.width or not info.height or self.header is not None:
            data, info = _resized(data, info, width, height)
        if max(height, width) > _LARGEST:
            size = (height, width)
        else:
            check_size(info, self.segment_shape, 'JPEG')
        colorspace = self.colorspace
        if colorspace is not None and bytes(data[6:10]) == b'JFIF':
            colorspace = None

        def decode(data: Buffer, room: Array | None = None) -> Array:
            try:
                result: Array = self.decode(
                    data,
                    tables=self.tables,
                    colorspace=colorspace,
                    outcolorspace=self.outcolorspace,
                    shape=size,
                    out=room,
                )
            except self.error:
                if info.kind != 3:
                    raise
                return self._lossless(data)
            return result if room is None else room

        return data, info, decode

    def _room(self, info: StreamInfo, shape: tuple[int, ...], out: Array | None) -> Array | None:
        """Return the part of `out` the decoder can fill, if the frame header fits it exactly."""
        if (
            out is None
            or (info.height, info.width, info.samples) != (shape[0] * shape[1], *shape[2:])
            or out.dtype != ('u1' if info.bits <= 8 else 'u2')
        ):
            return None
        return out.reshape(shape[0] * shape[1], shape[2], shape[3])

    def _lossless(self, data: Buffer) -> Array:
        """Decode a lossless stream which libjpeg refuses, as old cameras and scanners write."""
        if self.tables is not None:
            data = merge_tables(self.tables, data)
        result: Array
        try:
            result = backend.function('ljpeg_decode')(data)
        except backend.imagecodecs().LjpegError:
            result = backend.function('jpegsof3_decode')(data)
        return result

    def _shaped(self, result: Array, info: StreamInfo, shape: tuple[int, ...]) -> Array:
        samples = result.shape[2] if result.ndim == 3 else 1
        if samples != shape[3] and info.kind == 3:
            # Samples of a mosaic row were dealt out to several components.
            row = result.shape[1] * samples
            if row == shape[2] * shape[3]:
                result = np.ascontiguousarray(result).reshape(-1, shape[2], shape[3])
        if shape[0] > 1 and result.shape[0] == shape[0] * shape[1]:
            result = result.reshape(shape[0], shape[1], result.shape[1], -1)
        return result


def _with_header(header: bytes, data: Buffer) -> bytes:
    """Return a stream made of a shared header and one piece between restart markers.

    A piece that ends with no marker is cut off, and gets no end here.
    """
    body = bytes(data)
    if len(body) > 1 and body[-2] == 0xFF and 0xD0 <= body[-1] <= 0xD9:
        body = body[:-2] + _EOI
    return header + body


def _resized(data: Buffer, info: StreamInfo, width: int, height: int) -> tuple[Buffer, StreamInfo]:
    """Write a size into the frame header of a stream that states none, or that of the page."""
    if max(width, height) > 65535:
        return data, info
    patched = bytearray(data)
    struct.pack_into('>HH', patched, info.at + 5, height, width)
    return patched, StreamInfo(width, height, info.samples, info.bits, info.kind, info.at)


def decoder(spec: SegmentSpec) -> DecodeImage:
    """Return what decodes the JPEG segments of a page."""
    return _Decoder(spec)


def salvage(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...]) -> Array | None:
    """Return the first rows of a stream that is cut off, None if it is damaged otherwise."""
    try:
        return _Decoder(spec).held(data, shape)
    except (RuntimeError, ValueError):
        return None


def alternative_decoder(spec: SegmentSpec) -> DecodeImage:
    """Return what decodes compression 33007: JPEG of Bio-Formats, if the stream is one."""
    decode = _Decoder(spec)

    def decode_image(data: Buffer, shape: tuple[int, ...], out: Array | None) -> Array:
        if not len(data):
            raise TruncatedError('segment is empty', 'segment')
        if not is_jpeg(data):
            raise UnsupportedError(
                'compression 33007 without a JPEG stream: the raw YCbCr 4:2:2 of Aperio is not'
                ' documented'
            )
        return decode(data, shape, out)

    return decode_image
