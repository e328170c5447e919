"""The codec PixarLog (32909): deflated, differenced 11-bit codes of companded light.

This module knows the companding. A code below 250 is linear, above it logarithmic; 1250 is 1.0 and
the largest about 24.2. Samples are returned in the type of the page: uint8 and uint16 with 1.0 at
the largest value and clipped there, floats as they are. Differences run along rows, per sample,
modulo 2048; words have the byte order of the file.

Source: facts of the format, checked with libtiff and imagecodecs.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.types import Buffer

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = ['decode', 'encode', 'salvage']

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

_CODES = 2048
_ONE = 1250
_LINEAR = 250  # floor(1 / ln 1.004)


@cache
def _light() -> Array:
    """Return the light of each code as float64."""
    c = 1 / _LINEAR
    b = np.exp(-c * _ONE)
    code = np.arange(_CODES)
    light: Array = np.where(code < _LINEAR, code * b * c * np.e, b * np.exp(c * code))
    return light


@cache
def _table(dtype: np.dtype[Any]) -> Array:
    """Return the sample of each code.

    Raises:
        UnsupportedError: PixarLog says nothing about the type.
    """
    light = _light()
    if dtype.kind == 'f':
        return light.astype(dtype)
    if dtype.kind == 'u' and dtype.itemsize <= 2:
        top = np.iinfo(dtype).max
        # The rounding of others starts from the table as 32-bit floats.
        single = light.astype('f4').astype('f8')
        return np.minimum(np.floor(single * top + 0.5), top).astype(dtype)
    raise UnsupportedError(f'PixarLog data cannot be returned as {dtype}')


def _dtype(spec: SegmentSpec) -> np.dtype[Any]:
    dtype = spec.geometry.dtype
    if dtype is None:
        raise UnsupportedError('PixarLog needs samples of one known type')
    return dtype


def _inflated(data: Buffer, spec: SegmentSpec, shape: Shape) -> tuple[Array, FormatError | None]:
    """Return the differences that a stream holds, as many as there are, and what is wrong."""
    count = math.prod(shape)
    inflater = zlib.decompressobj()
    stored, fault = bytearray(), None
    view = memoryview(data)
    # In pieces: what precedes damage is kept. Never more than expected: a bomb ends here.
    for at in range(0, len(view), 1 << 16):
        piece = view[at : at + (1 << 16)]
        try:
            stored += inflater.decompress(piece, max(1, 2 * count - len(stored)))
        except zlib.error as error:
            fault = FormatError(f'PixarLog: {error}', 'segment')
            break
        if len(stored) >= 2 * count:
            break
    words = np.frombuffer(stored, spec.geometry.byteorder + 'u2', len(stored) // 2)[:count]
    if len(words) < count:
        fault = fault or TruncatedError(f'PixarLog: {len(words)} of {count} samples', 'segment')
    return words, fault


def _samples(words: Array, table: Array, shape: Shape) -> Array:
    codes = np.cumsum(words.reshape(shape), axis=2, dtype='u4') & (_CODES - 1)
    samples: Array = table[codes]
    return samples


def decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Any) -> Array:
    """Decode compression 32909 in the type of the page's samples.

    Raises:
        FormatError: The stream is damaged or too short.
        UnsupportedError: The page's samples are neither floats nor uint8 nor uint16.
    """
    table = _table(_dtype(spec))
    words, fault = _inflated(data, spec, shape)
    if fault is not None:
        raise fault
    return _samples(words, table, shape)


def salvage(data: Buffer, spec: SegmentSpec, shape: Shape) -> Array:
    """Return what damaged data yield; missing samples of a row repeat the last."""
    table = _table(_dtype(spec))
    words, _ = _inflated(data, spec, shape)
    missing = np.zeros(math.prod(shape) - len(words), words.dtype)
    return _samples(np.concatenate([words, missing]), table, shape)


def encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode samples (depth, length, width, samples) as the nearest codes.

    Parameters:
        array: Floats, uint8 or uint16.
        args: ``level`` of deflate, 0 to 9.
    """
    dtype = array.dtype
    scale = 1 if dtype.kind == 'f' else np.iinfo(dtype).max
    _table(dtype)
    light = array.astype('f8') / scale
    middle = (_light()[1:] + _light()[:-1]) / 2
    codes = np.searchsorted(middle, np.nan_to_num(light)).astype('i4')
    words = np.diff(codes, axis=2, prepend=0) & (_CODES - 1)
    level = args.get('level')
    stored = words.astype(spec.geometry.byteorder + 'u2').tobytes()
    return zlib.compress(stored, -1 if level is None else min(int(level), 9))
