"""Codecs of bytes: none, Deflate, LZW, PackBits, Zstandard, LZMA; imagecodecs and plain ways.

This module knows byte streams; what they hold is unpacked elsewhere. The signatures are those of
`tiffschema.codecs.registry`. Rule: a stream may yield more than expected (it is cut) but never
more than `slack` allows, so a decompression bomb ends early; errors of the underlying libraries
are turned into `FormatError` by the pipeline. Functions named ``salvage`` return what a damaged
stream yields before its fault.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tiffschema.errors import FormatError
from tiffschema.types import Buffer

from . import backend, packbits

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = [
    'is_zlib',
    'libdeflate_decode',
    'libdeflate_decoder',
    'libdeflate_encode',
    'lzma_decode',
    'lzma_encode',
    'lzma_salvage',
    'lzma_stdlib_decode',
    'lzma_stdlib_encode',
    'lzw_decode',
    'lzw_encode',
    'none_decode',
    'none_encode',
    'packbits_decode',
    'packbits_encode',
    'packbits_salvage',
    'slack',
    'zlib_decode',
    'zlib_encode',
    'zlib_salvage',
    'zstd_decode',
    'zstd_encode',
    'zstd_stdlib_decode',
    'zstd_stdlib_encode',
]


_PACKBITS_PIECE = 16384

# A header of .xz may ask for a dictionary of 4 GiB; the largest preset uses 64 MiB.
_LZMA_MEMORY = 256 << 20


def slack(nbytes: int) -> int:
    """Return how many bytes a stream may yield where `nbytes` are expected.

    Writers pad the last strip to full height, or forget to crop; more than double is no image.
    """
    return 2 * nbytes + 65536


def none_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> Buffer:
    """Return the data: nothing was compressed."""
    return data


def none_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Return the rows as bytes."""
    return bytes(rows.tobytes())


def is_zlib(data: Buffer) -> bool:
    """Return whether a stream begins with a header of RFC 1950; some writers leave it out."""
    return len(data) > 1 and data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0


def libdeflate_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> Any:
    """Inflate with libdeflate: zlib streams, and raw ones of careless writers."""
    imagecodecs = backend.imagecodecs()
    raw = not is_zlib(data)
    try:
        return imagecodecs.deflate_decode(data, raw=raw, out=nbytes if out is None else out)
    except imagecodecs.DeflateError:
        # libdeflate cannot stop early: a stream that yields too much needs a larger room.
        return imagecodecs.deflate_decode(data, raw=raw, out=slack(nbytes))


def libdeflate_decoder(spec: SegmentSpec) -> Callable[..., Any]:
    """Return what inflates the segments of a page: the everyday stream with one call."""
    imagecodecs = backend.imagecodecs()
    inflate, error = imagecodecs.deflate_decode, imagecodecs.DeflateError

    def decode(data: Buffer, nbytes: int, out: Any) -> Any:
        try:
            return inflate(data, out=nbytes if out is None else out)
        except error:
            return libdeflate_decode(data, spec, nbytes, out)

    return decode


def libdeflate_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Deflate with libdeflate; `args` takes ``level`` from 0 to 12, default 6."""
    encoded: bytes = backend.function('deflate_encode')(rows, **args)
    return encoded


def zlib_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> bytes:
    """Inflate with the standard library."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS if is_zlib(data) else -zlib.MAX_WBITS)
    result = inflater.decompress(data, max(1, nbytes))
    if len(result) < nbytes and not inflater.eof:
        raise FormatError(f'deflate stream ends after {len(result)} bytes', 'segment')
    if not inflater.eof:
        # The checksum comes after the last byte; room for one more lets zlib read it.
        inflater.decompress(inflater.unconsumed_tail, 1)
    return result


def zlib_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Deflate with the standard library; `args` takes ``level`` from 0 to 9, default 6."""
    level = args.get('level')
    return zlib.compress(rows, -1 if level is None else min(int(level), 9))


def zlib_salvage(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any = None) -> bytes:
    """Return what a damaged deflate stream yields; its checksum is not looked at."""
    body = memoryview(data)[2:] if is_zlib(data) else memoryview(data)
    return _feed(zlib.decompressobj(-zlib.MAX_WBITS).decompress, zlib.error, body, nbytes)


def _feed(
    decompress: Callable[..., bytes], error: type[Exception], data: Buffer, nbytes: int
) -> bytes:
    """Feed a decompressor small pieces until it fails: all before the faulty piece is had."""
    result = bytearray()
    view = memoryview(data)
    for at in range(0, len(view), 16):
        try:
            result += decompress(bytes(view[at : at + 16]))
        except (error, EOFError):
            break
        if len(result) >= nbytes:
            break
    return bytes(result[:nbytes])


def lzw_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> Any:
    """Decode LZW of both styles with imagecodecs, which stops when `nbytes` are there."""
    return backend.imagecodecs().lzw_decode(data, out=nbytes if out is None else out)


def lzw_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode LZW of the new style with imagecodecs; takes no arguments."""
    encoded: bytes = backend.function('lzw_encode')(rows, **args)
    return encoded


def packbits_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> Any:
    """Unpack with imagecodecs, which refuses to write more than it was given room for."""
    imagecodecs = backend.imagecodecs()
    try:
        return imagecodecs.packbits_decode(data, out=nbytes if out is None else out)
    except imagecodecs.PackbitsError:
        # Rows padded to an even count, and trailing packets: legal in practice, cut later.
        return imagecodecs.packbits_decode(data, out=slack(nbytes))


def packbits_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Pack with imagecodecs, no run crossing a row."""
    encode = backend.function('packbits_encode')
    if rows.shape[1] <= _PACKBITS_PIECE:
        encoded: bytes = encode(rows, axis=-1, **args)
        return encoded
    # Its time grows with the square of the length of a row.
    pieces = range(0, rows.shape[1], _PACKBITS_PIECE)
    return b''.join(
        encode(row[start : start + _PACKBITS_PIECE], **args) for row in rows for start in pieces
    )


def packbits_salvage(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any = None) -> bytes:
    """Return what packed data holds up to where they stop."""
    return packbits.decode(data, spec, nbytes)


def zstd_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> Any:
    """Decode Zstandard with imagecodecs."""
    imagecodecs = backend.imagecodecs()
    try:
        return imagecodecs.zstd_decode(data, out=nbytes if out is None else out)
    except imagecodecs.ZstdError:
        return imagecodecs.zstd_decode(data, out=slack(nbytes))


def zstd_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode Zstandard with imagecodecs; `args` takes ``level``."""
    encoded: bytes = backend.function('zstd_encode')(rows, **args)
    return encoded


def _zstd_module() -> Any:
    import importlib

    # Since Python 3.14; typed as Any because older versions are checked too.
    return importlib.import_module('compression.zstd')


def zstd_stdlib_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> bytes:
    """Decode Zstandard with the standard library of Python 3.14."""
    zstd = _zstd_module()
    decompressor = zstd.ZstdDecompressor()
    try:
        result: bytes = decompressor.decompress(bytes(data), max_length=max(1, nbytes))
    except zstd.ZstdError as error:
        raise FormatError(f'Zstandard: {error}', 'segment') from error
    if len(result) < nbytes and not decompressor.eof:
        raise FormatError(f'Zstandard stream ends after {len(result)} bytes', 'segment')
    return result


def zstd_stdlib_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode Zstandard with the standard library of Python 3.14; `args` takes ``level``."""
    encoded: bytes = _zstd_module().compress(bytes(rows), **args)
    return encoded


def lzma_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> Any:
    """Decode .xz streams with imagecodecs, which stops when `nbytes` are there."""
    return backend.imagecodecs().lzma_decode(data, out=nbytes if out is None else out)


def lzma_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode .xz streams with imagecodecs; `args` takes ``level`` and ``check``."""
    encoded: bytes = backend.function('lzma_encode')(rows, **args)
    return encoded


def lzma_stdlib_decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any) -> bytes:
    """Decode .xz streams with the standard library."""
    import lzma

    decompressor = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    try:
        result = decompressor.decompress(data, max(1, nbytes))
    except lzma.LZMAError as error:
        raise FormatError(f'LZMA: {error}', 'segment') from error
    if len(result) < nbytes and not decompressor.eof:
        raise FormatError(f'LZMA stream ends after {len(result)} bytes', 'segment')
    return result


def lzma_stdlib_encode(rows: Any, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode .xz streams with the standard library; `args` takes ``level``, the preset."""
    import lzma

    level = args.get('level')
    return lzma.compress(
        rows, check=args.get('check', lzma.CHECK_CRC32), preset=6 if level is None else int(level)
    )


def lzma_salvage(data: Buffer, spec: SegmentSpec, nbytes: int, out: Any = None) -> bytes:
    """Return what a damaged .xz stream yields."""
    import lzma

    return _feed(
        lzma.LZMADecompressor(memlimit=_LZMA_MEMORY).decompress, lzma.LZMAError, data, nbytes
    )
