"""How samples lie in the bytes of an uncompressed segment, both ways.

This module knows geometry and arrays; it knows no compression. Each layout turns bytes into
*words*, native machine words on which a horizontal predictor works, and words into samples of the
type users see; and back. `layout_of` chooses one for a page.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import UnsupportedError
from tiffschema.types import ByteOrder

from . import bits, float24
from .predictors import DISTANCE

if TYPE_CHECKING:
    from tiffschema.model.geometry import Geometry

__all__ = [
    'RGB565',
    'ComplexIntegers',
    'Fields',
    'Float24',
    'Layout',
    'Packed',
    'PredictedPairs',
    'Subsampled',
    'SwappedTriples',
    'Words',
    'layout_of',
]

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

_NATIVE: ByteOrder = '<' if sys.byteorder == 'little' else '>'


class Layout:
    """One way of laying samples into bytes.

    Parameters:
        dtype: Native type of the samples users see.
        samples: Samples per pixel in a segment.
        bits: Stored bits of all samples of a pixel.
    """

    predictable = True
    """Whether a horizontal predictor has a meaning for the words."""

    unused = 0
    """Bits of a word that are not stored: differences are modulo two to the others."""

    def __init__(self, dtype: np.dtype[Any], samples: int, bits: int) -> None:
        self.dtype = dtype
        self.samples = samples
        self.bits = bits

    def row_nbytes(self, width: int) -> int:
        """Return the bytes of a row of `width` pixels; rows begin on a byte."""
        return (width * self.bits + 7) // 8

    def nbytes(self, shape: Shape) -> int:
        """Return the bytes of a segment of shape (depth, length, width, samples)."""
        return shape[0] * shape[1] * self.row_nbytes(shape[2])

    def valid_pixels(self, nbytes: int) -> int:
        """Return how many pixels of a row are complete in its first `nbytes` bytes."""
        return nbytes * 8 // self.bits

    def words(self, data: Array, shape: Shape) -> Array:
        """Return uint8 data of `nbytes` bytes as words of shape (depth, length, width, words)."""
        raise NotImplementedError

    def wrap(self, words: Array) -> None:
        """Bring sums of differences back into the range of the stored bits, in place."""
        if self.unused:
            words <<= self.unused
            words >>= self.unused

    def samples_of(self, words: Array) -> Array:
        """Return words as samples of the type users see."""
        return words

    def words_of(self, samples: Array) -> Array:
        """Return samples as words: the way back of `samples_of`."""
        return samples

    def rows(self, words: Array) -> Array:
        """Return words as uint8 of shape (rows, bytes per row): the way back of `words`."""
        raise NotImplementedError


class Words(Layout):
    """Whole machine words in the byte order of the file."""

    def __init__(self, dtype: np.dtype[Any], samples: int, byteorder: ByteOrder) -> None:
        super().__init__(dtype, samples, dtype.itemsize * 8 * samples)
        self.stored = dtype.newbyteorder(byteorder)

    def words(self, data: Array, shape: Shape) -> Array:
        return data.view(self.stored).reshape(shape).astype(self.dtype, copy=False)

    def rows(self, words: Array) -> Array:
        stored = np.ascontiguousarray(words, self.stored)
        return stored.view('u1').reshape(stored.shape[0] * stored.shape[1], -1)


class Packed(Layout):
    """Integers of any width, most significant bit first."""

    def __init__(self, dtype: np.dtype[Any], samples: int, width: int) -> None:
        super().__init__(dtype, samples, width * samples)
        self.width = width
        self.unused = dtype.itemsize * 8 - width
        # A difference of truth values has no meaning; some writers predict bilevel data as bytes.
        self.predictable = width > 1

    def words(self, data: Array, shape: Shape) -> Array:
        rows = data.reshape(shape[0] * shape[1], -1)
        return bits.unpack(rows, self.width, shape[2] * shape[3], self.dtype).reshape(shape)

    def rows(self, words: Array) -> Array:
        return bits.pack(words.reshape(words.shape[0] * words.shape[1], -1), self.width)


class Float24(Layout):
    """Floats of three bytes in the byte order of the file, as float32."""

    unused = 8

    def __init__(self, dtype: np.dtype[Any], samples: int, byteorder: ByteOrder) -> None:
        super().__init__(dtype, samples, 24 * samples)
        self.byteorder: ByteOrder = byteorder

    def words(self, data: Array, shape: Shape) -> Array:
        return bits.unpack_int24(data, self.byteorder, 'u4').reshape(shape)

    def samples_of(self, words: Array) -> Array:
        return float24.from_words(words)

    def words_of(self, samples: Array) -> Array:
        return float24.to_words(samples)

    def rows(self, words: Array) -> Array:
        each = bits.pack_int24(np.ascontiguousarray(words), self.byteorder)
        return each.reshape(words.shape[0] * words.shape[1], -1)


class SwappedTriples(Layout):
    """Integers of 24 bits in big-endian files: the least significant byte first.

    Law is the practice of libtiff, and of the files there are: integers of 24 bits are packed most
    significant bit first in little-endian files, and triples of big-endian files are swapped.
    """

    unused = 8

    def __init__(self, dtype: np.dtype[Any], samples: int) -> None:
        super().__init__(dtype, samples, 24 * samples)

    def words(self, data: Array, shape: Shape) -> Array:
        return bits.unpack_int24(data, '<', self.dtype).reshape(shape)

    def rows(self, words: Array) -> Array:
        each = bits.pack_int24(np.ascontiguousarray(words), '<')
        return each.reshape(words.shape[0] * words.shape[1], -1)


class ComplexIntegers(Layout):
    """Pairs of signed integers (SampleFormat 5), as complex floats."""

    def __init__(self, dtype: np.dtype[Any], samples: int, width: int, order: ByteOrder) -> None:
        super().__init__(dtype, samples, width * samples)
        self.part = np.dtype(f'i{width // 16}')
        self.stored = self.part.newbyteorder(order)

    def words(self, data: Array, shape: Shape) -> Array:
        parts = data.view(self.stored).astype(self.part, copy=False)
        return parts.reshape(*shape[:-1], 2 * shape[-1])

    def samples_of(self, words: Array) -> Array:
        real = np.ascontiguousarray(words, f'f{self.dtype.itemsize // 2}')
        return real.view(self.dtype)

    def words_of(self, samples: Array) -> Array:
        parts = np.ascontiguousarray(samples, self.dtype).view(f'f{self.dtype.itemsize // 2}')
        return _as_parts(parts, self.part)

    def rows(self, words: Array) -> Array:
        stored = np.ascontiguousarray(words, self.stored)
        return stored.view('u1').reshape(words.shape[0] * words.shape[1], -1)


class PredictedPairs(Layout):
    """Complex samples under a horizontal predictor: differences of whole samples as one integer.

    Law is the practice of libtiff, which predicts by BitsPerSample alone: the carry of one part
    goes into the other, and a sample is swapped as one word.
    """

    def __init__(
        self, dtype: np.dtype[Any], samples: int, width: int, is_integer: bool, order: ByteOrder
    ) -> None:
        super().__init__(dtype, samples, width * samples)
        self.predictable = width <= 64
        self.word = np.dtype(f'u{min(width // 8, 8)}')
        self.stored = self.word.newbyteorder(order)
        self.part = np.dtype(f'{"i" if is_integer else "f"}{width // 16}')

    def words(self, data: Array, shape: Shape) -> Array:
        return data.view(self.stored).reshape(shape).astype(self.word, copy=False)

    def samples_of(self, words: Array) -> Array:
        parts = np.ascontiguousarray(words).view(self.part)
        return parts.astype(f'f{self.dtype.itemsize // 2}', copy=False).view(self.dtype)

    def words_of(self, samples: Array) -> Array:
        parts = np.ascontiguousarray(samples, self.dtype).view(f'f{self.dtype.itemsize // 2}')
        return _as_parts(parts, self.part).view(self.word)

    def rows(self, words: Array) -> Array:
        stored = np.ascontiguousarray(words, self.stored)
        return stored.view('u1').reshape(words.shape[0] * words.shape[1], -1)


def _as_parts(parts: Array, part: np.dtype[Any]) -> Array:
    """Return real and imaginary parts as numbers of the stored type, integers rounded."""
    if part.kind == 'f':
        return parts.astype(part, copy=False)
    limits = np.iinfo(part)
    return np.clip(np.rint(parts), limits.min, limits.max).astype(part)


class RGB565(Layout):
    """Words of 5, 6 and 5 bits, as three samples of 0 to 255."""

    predictable = False

    def __init__(self, dtype: np.dtype[Any], byteorder: ByteOrder) -> None:
        super().__init__(dtype, 3, 16)
        self.byteorder: ByteOrder = byteorder

    def words(self, data: Array, shape: Shape) -> Array:
        return bits.unpack_rgb565(data, self.byteorder).reshape(shape)

    def rows(self, words: Array) -> Array:
        each = bits.pack_rgb565(words, self.byteorder)
        return each.reshape(words.shape[0] * words.shape[1], -1)


class Fields(Layout):
    """Samples of differing widths or types, as a structured array with one field per sample.

    Whole bytes are in the byte order of the file; other widths make the pixel one string of bits,
    the first sample most significant.
    """

    predictable = False

    def __init__(self, dtype: np.dtype[Any], widths: Sequence[int], byteorder: ByteOrder) -> None:
        super().__init__(dtype, 1, sum(widths))
        self.widths = tuple(widths)
        self.names = dtype.names or ()
        self.stored: np.dtype[Any] | None = None
        kinds = [dtype[name] for name in self.names]
        if all(kind.itemsize * 8 == width for kind, width in zip(kinds, widths, strict=True)):
            fields = [(name, dtype[name].newbyteorder(byteorder)) for name in self.names]
            self.stored = np.dtype(fields)

    def words(self, data: Array, shape: Shape) -> Array:
        result = np.empty(shape, self.dtype)
        if self.stored is not None:
            result[...] = data.view(self.stored).reshape(shape)
            return result
        rows = data.reshape(shape[0] * shape[1], -1)
        kinds = [self.dtype[name] for name in self.names]
        for name, array in zip(
            self.names, bits.unpack_fields(rows, self.widths, shape[2], kinds), strict=True
        ):
            result[name] = array.reshape(shape)
        return result

    def rows(self, words: Array) -> Array:
        count = words.shape[0] * words.shape[1]
        if self.stored is not None:
            stored = np.ascontiguousarray(words).astype(self.stored)
            return stored.view('u1').reshape(count, -1)
        arrays = [words[name].reshape(count, -1) for name in self.names]
        return bits.pack_fields(arrays, self.widths)


class Subsampled(Layout):
    """YCbCr in data units of h x v luma samples, one Cb, one Cr, repeated to full size.

    Chunky (TIFF 6.0 section 21): a row of units covers v rows of pixels; the last ones are padded.
    """

    predictable = False

    def __init__(
        self, dtype: np.dtype[Any], subsampling: tuple[int, int], byteorder: ByteOrder
    ) -> None:
        self.horizontal, self.vertical = subsampling
        unit = self.horizontal * self.vertical + 2
        super().__init__(dtype, 3, unit * dtype.itemsize * 8)
        self.unit = unit
        self.stored = dtype.newbyteorder(byteorder)

    def _units(self, shape: Shape) -> tuple[int, int]:
        return -(-shape[1] // self.vertical), -(-shape[2] // self.horizontal)

    def row_nbytes(self, width: int) -> int:
        # On average: a row of units holds `vertical` rows.
        return -(-width // self.horizontal) * self.unit * self.dtype.itemsize // self.vertical

    def nbytes(self, shape: Shape) -> int:
        rows, columns = self._units(shape)
        return shape[0] * rows * columns * self.unit * self.dtype.itemsize

    def valid_pixels(self, nbytes: int) -> int:
        return 0

    def words(self, data: Array, shape: Shape) -> Array:
        rows, columns = self._units(shape)
        depth, h, v = shape[0], self.horizontal, self.vertical
        units = data.view(self.stored).reshape(depth, rows, columns, self.unit)
        result = np.empty((depth, rows, v, columns, h, 3), self.dtype)
        luma = units[..., :-2].reshape(depth, rows, columns, v, h)
        result[..., 0] = luma.transpose(0, 1, 3, 2, 4)
        result[..., 1:] = units[:, :, None, :, None, -2:]
        full = result.reshape(depth, rows * v, columns * h, 3)
        return full[:, : shape[1], : shape[2]]

    def rows(self, words: Array) -> Array:
        depth, length, width, _ = words.shape
        h, v = self.horizontal, self.vertical
        rows, columns = self._units(words.shape)
        padding = ((0, 0), (0, rows * v - length), (0, columns * h - width), (0, 0))
        blocks = np.pad(words, padding, mode='edge').reshape(depth, rows, v, columns, h, 3)
        units = np.empty((depth, rows, columns, self.unit), self.stored)
        units[..., :-2] = (
            blocks[..., 0].transpose(0, 1, 3, 2, 4).reshape(depth, rows, columns, h * v)
        )
        chroma = blocks[..., 1:].mean(axis=(2, 4), dtype='f8')
        units[..., -2:] = np.rint(chroma).astype(self.dtype)
        return units.view('u1').reshape(depth * rows, -1)


def layout_of(geometry: Geometry) -> Layout:
    """Return the layout of the uncompressed segments of a page.

    Raises:
        UnsupportedError: No type is known for the samples.
    """
    dtype = geometry.dtype
    widths, formats = geometry.bitspersample, geometry.sampleformat
    order: ByteOrder = geometry.byteorder
    if dtype is None:
        raise UnsupportedError(
            f'samples of BitsPerSample {widths} and SampleFormat {formats} have no known type'
        )
    samples = geometry.segment_shape[3]
    if dtype.names is not None:
        each = widths if isinstance(widths, tuple) else (widths,) * len(dtype.names)
        return Fields(dtype, each[: len(dtype.names)], order)
    if isinstance(widths, tuple):
        if widths == (5, 6, 5):
            return RGB565(dtype, order)
        raise UnsupportedError(f'samples of BitsPerSample {widths} have no known type')
    kind = formats[0] if isinstance(formats, tuple) else formats
    if geometry.has_data_units:
        pair = geometry.subsampling
        if widths not in {8, 16, 32} or pair is None or min(pair) < 1:
            raise UnsupportedError(f'YCbCr of {widths} bits, subsampled by {pair}')
        return Subsampled(dtype, pair, order)
    if dtype.kind == 'c' and DISTANCE.get(geometry.predictor):
        return PredictedPairs(dtype, samples, widths, kind == 5, order)
    if kind == 5:
        return ComplexIntegers(dtype, samples, widths, order)
    if widths == 24 and kind == 3:
        return Float24(dtype, samples, order)
    if widths == 24 and order == '>':
        return SwappedTriples(dtype, samples)
    if widths == dtype.itemsize * 8 and dtype.kind != 'b':
        return Words(dtype, samples, order)
    return Packed(dtype, samples, widths)
