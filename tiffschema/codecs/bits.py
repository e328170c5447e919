"""Samples that are no whole machine words: packed integers, bilevel, RGB565, reversed bits.

This module knows arrays and bit widths only. Rule (TIFF 6.0 section 8; TIFF Technote on bit
packing in libtiff's ``rgb2ycbcr`` practice): samples of a row follow one another most significant
bit first, whatever the byte order of the file; every row begins on a byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tiffschema.types import Buffer, ByteOrder

from . import backend

__all__ = [
    'pack',
    'pack_fields',
    'pack_int24',
    'pack_rgb565',
    'reverse_bits',
    'row_nbytes',
    'unpack',
    'unpack_fields',
    'unpack_int24',
    'unpack_rgb565',
]

Array: TypeAlias = NDArray[Any]

_REVERSED = bytes(int(f'{value:08b}'[::-1], 2) for value in range(256))

# Shift and width of red, green and blue in a word.
_RGB565 = ((11, 5), (5, 6), (0, 5))

# NumPy's way needs up to 8 + 64 bytes per sample: work on pieces of about this many samples.
_PIECE = 1 << 18


def row_nbytes(samples: int, bits: int) -> int:
    """Return the bytes of a row of `samples` samples of `bits` bits.

    Example:
        >>> row_nbytes(3, 12)
        5
    """
    return (samples * bits + 7) // 8


def reverse_bits(data: Buffer | Array) -> bytes:
    """Return bytes with their bits in opposite order (FillOrder 2, TIFF 6.0 page 32).

    Example:
        >>> reverse_bits(b'\\x01\\xf0').hex()
        '800f'
    """
    return bytes(data).translate(_REVERSED)


def unpack(
    rows: Array, bits: int, samples: int, dtype: DTypeLike, *, out: Array | None = None
) -> Array:
    """Return packed integers as an array of machine words.

    Parameters:
        rows: uint8 of shape (rows, bytes per row).
        bits: Width of a sample, 1 to 64.
        samples: Samples per row.
        dtype: Type of the result: boolean for one bit, or an integer wide enough. Samples of
            signed types are extended by their sign.
        out: C-contiguous array of the result's shape and `dtype`.

    Returns:
        Array of shape (rows, samples).

    Raises:
        ValueError: A row is too short, or `dtype` too narrow.

    Example:
        >>> unpack(np.array([[0x12, 0x34, 0x50]], 'u1'), 4, 5, 'u1').tolist()
        [[1, 2, 3, 4, 5]]
    """
    dtype = np.dtype(dtype)
    if rows.shape[1] < row_nbytes(samples, bits):
        raise ValueError(f'row of {rows.shape[1]} bytes for {samples} samples of {bits} bits')
    if dtype.kind != 'b' and dtype.itemsize * 8 < bits:
        raise ValueError(f'{dtype} is too narrow for {bits} bits')
    rows = rows[:, : row_nbytes(samples, bits)]
    if out is None:
        out = np.empty((rows.shape[0], samples), dtype)
    words = out.view(f'u{dtype.itemsize}')
    if bits == 1:
        words[...] = np.unpackbits(rows, axis=1, count=samples)
    elif bits in {8, 16, 32, 64}:
        words[...] = np.ascontiguousarray(rows).view(f'>u{bits // 8}')
    elif bits <= 31 and samples and (decode := backend.find('packints_decode')) is not None:
        decode(
            np.ascontiguousarray(rows).reshape(-1),
            words.dtype,
            bits,
            runlen=samples,
            out=words.reshape(-1),
        )
    else:
        step = max(1, _PIECE // max(1, samples))
        for start in range(0, rows.shape[0], step):
            _unpack_piece(rows[start : start + step], bits, samples, words[start : start + step])
    if dtype.kind == 'i' and bits < dtype.itemsize * 8:
        shift = dtype.itemsize * 8 - bits
        out <<= shift
        out >>= shift
    return out


def _unpack_piece(rows: Array, bits: int, samples: int, out: Array) -> None:
    size = out.dtype.itemsize
    each = np.unpackbits(rows, axis=1, count=samples * bits).reshape(-1, samples, bits)
    wide = np.zeros((rows.shape[0], samples, size * 8), 'u1')
    wide[..., size * 8 - bits :] = each
    out[...] = np.packbits(wide, axis=-1).view(f'>u{size}')[..., 0]


def pack(samples: Array, bits: int) -> Array:
    """Return integers packed most significant bit first, every row on a byte boundary.

    Parameters:
        samples: Integers or booleans of shape (rows, samples); bits above `bits` are cut off.
        bits: Width of a sample, 1 to 64.

    Returns:
        uint8 of shape (rows, bytes per row).

    Example:
        >>> pack(np.array([[1, 2, 3]], 'u2'), 12).tobytes().hex()
        '0010020030'
    """
    rows, count = samples.shape
    if samples.dtype.kind == 'b':
        samples = samples.view('u1')
    size = samples.dtype.itemsize
    words = np.ascontiguousarray(samples).view(samples.dtype.str.replace('i', 'u'))
    if bits == 1:
        return np.packbits(words & 1 if size == 1 else (words & 1).astype('u1'), axis=1)
    if bits in {8, 16, 32, 64}:
        return words.astype(f'>u{bits // 8}').view('u1').reshape(rows, -1)
    result = np.empty((rows, row_nbytes(count, bits)), 'u1')
    step = max(1, _PIECE // max(1, count))
    for start in range(0, rows, step):
        piece = words[start : start + step].astype(f'>u{size}')
        each = np.unpackbits(piece.view('u1').reshape(-1, count, size), axis=-1)
        if bits > size * 8:
            wide = np.zeros((*each.shape[:2], bits), 'u1')
            wide[..., bits - size * 8 :] = each
            each = wide
        else:
            each = each[..., size * 8 - bits :]
        result[start : start + step] = np.packbits(each.reshape(-1, count * bits), axis=1)
    return result


def unpack_fields(
    rows: Array, widths: Sequence[int], pixels: int, dtypes: Sequence[DTypeLike]
) -> list[Array]:
    """Return the samples of pixels whose samples differ in width, one array per sample.

    Parameters:
        rows: uint8 of shape (rows, bytes per row).
        widths: Bits of each sample of a pixel.
        pixels: Pixels per row.
        dtypes: Type of each result.

    Example:
        >>> [a.tolist() for a in unpack_fields(np.array([[0xf8, 1]], 'u1'), (5, 11), 1, 'BH')]
        [[[31]], [[1]]]
    """
    total = sum(widths)
    if rows.shape[1] < row_nbytes(pixels, total):
        raise ValueError(f'row of {rows.shape[1]} bytes for {pixels} pixels of {total} bits')
    results = [np.empty((rows.shape[0], pixels), dtype) for dtype in dtypes]
    step = max(1, _PIECE // max(1, pixels))
    for start in range(0, rows.shape[0], step):
        each = np.unpackbits(rows[start : start + step], axis=1, count=pixels * total)
        each = each.reshape(-1, pixels, total)
        first = 0
        for width, result in zip(widths, results, strict=True):
            size = result.dtype.itemsize
            wide = np.zeros((*each.shape[:2], size * 8), 'u1')
            wide[..., size * 8 - width :] = each[..., first : first + width]
            if result.dtype.kind == 'i':
                wide[..., : size * 8 - width] = each[..., first : first + 1]
            words = np.packbits(wide, axis=-1).view(f'>u{size}')[..., 0]
            result[start : start + step] = words.astype(f'u{size}').view(result.dtype)
            first += width
    return results


def pack_fields(samples: Sequence[Array], widths: Sequence[int]) -> Array:
    """Return pixels whose samples differ in width, packed most significant bit first.

    Parameters:
        samples: One array of shape (rows, pixels) for each sample of a pixel.
        widths: Bits of each sample.

    Returns:
        uint8 of shape (rows, bytes per row).
    """
    rows, pixels = samples[0].shape
    result = np.empty((rows, row_nbytes(pixels, sum(widths))), 'u1')
    step = max(1, _PIECE // max(1, pixels))
    for start in range(0, rows, step):
        parts = []
        for array, width in zip(samples, widths, strict=True):
            size = array.dtype.itemsize
            piece = np.ascontiguousarray(array[start : start + step])
            piece = piece.view(f'u{size}').astype(f'>u{size}')
            each = np.unpackbits(piece.view('u1').reshape(-1, pixels, size), axis=-1)
            parts.append(each[..., size * 8 - width :])
        joined = np.concatenate(parts, axis=-1)
        result[start : start + step] = np.packbits(joined.reshape(joined.shape[0], -1), axis=1)
    return result


def unpack_int24(
    data: Array, byteorder: ByteOrder, dtype: DTypeLike, *, out: Array | None = None
) -> Array:
    """Return 24-bit integers as 32-bit ones.

    Parameters:
        data: uint8 of shape (..., 3 x samples).
        byteorder: Order of the bytes of a triple.
        dtype: 32-bit result type; signed types are extended by their sign.
    """
    dtype = np.dtype(dtype)
    triples = data.reshape(*data.shape[:-1], -1, 3)
    if out is None:
        out = np.empty(triples.shape[:-1], dtype)
    words = out.view('u4')
    high, low = (0, 2) if byteorder == '>' else (2, 0)
    words[...] = triples[..., high]
    for index in (1, low):
        words <<= 8
        words |= triples[..., index]
    if dtype.kind == 'i':
        out <<= 8
        out >>= 8
    return out


def pack_int24(samples: Array, byteorder: ByteOrder) -> Array:
    """Return the low 24 bits of 32-bit integers, as uint8 of shape (..., 3 x samples)."""
    words = np.ascontiguousarray(samples).view(samples.dtype.str.replace('i', 'u'))
    words = words.astype(f'{byteorder}u4')
    each = words.view('u1').reshape(*samples.shape, 4)
    each = each[..., 1:] if byteorder == '>' else each[..., :3]
    return np.ascontiguousarray(each).reshape(*samples.shape[:-1], -1)


def unpack_rgb565(data: Array, byteorder: ByteOrder, *, out: Array | None = None) -> Array:
    """Return 16-bit words of 5, 6 and 5 bits as red, green and blue of 0 to 255.

    Parameters:
        data: uint8 of shape (..., 2 x pixels).
        byteorder: That of the file; the words are stored in it.

    Returns:
        uint8 of shape (..., pixels, 3).

    Example:
        >>> unpack_rgb565(np.array([0xff, 0xff, 0, 0xf8], 'u1'), '<').tolist()
        [[255, 255, 255], [255, 0, 0]]
    """
    words = data.view(f'{byteorder}u2')
    if out is None:
        out = np.empty((*words.shape, 3), 'u1')
    for index, (shift, width) in enumerate(_RGB565):
        value = (words >> shift) & ((1 << width) - 1)
        # The high bits fill the low ones: 0 becomes 0, and the largest value 255.
        out[..., index] = value << (8 - width) | value >> (2 * width - 8)
    return out


def pack_rgb565(samples: Array, byteorder: ByteOrder) -> Array:
    """Return red, green and blue of 0 to 255 as words of 5, 6 and 5 bits: the way back.

    Example:
        >>> pack_rgb565(np.array([[255, 0, 0]], 'u1'), '>').tobytes().hex()
        'f800'
    """
    words = np.zeros(samples.shape[:-1], 'u2')
    for index, (shift, width) in enumerate(_RGB565):
        words |= (samples[..., index] >> (8 - width)).astype('u2') << shift
    return words.astype(f'{byteorder}u2').view('u1')
