"""Decoding of segments whose codec yields bytes: bit order, codec, byte order, predictor, crop.

This module knows geometry and layouts; which codec is used it is told. Everything that is the same
for all segments of a page is decided when a decoder is made. A segment is decoded straight into
the caller's memory where that is possible, else into scratch memory of the thread, and the last
step (sums of the predictor, swap or copy) writes to the destination, which may be a strided view.
"""

from __future__ import annotations

import math
import sys
import threading
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import (
    FormatError,
    LimitError,
    TiffSchemaError,
    TruncatedError,
    UnsupportedError,
)
from tiffschema.limits import Limits
from tiffschema.types import Buffer, FaultSink

from . import float24
from .bits import reverse_bits, unpack_int24
from .layouts import Float24, Layout, Words, layout_of
from .predictors import DISTANCE, accumulate, float_accumulate, is_floating
from .registry import Codec
from .spec import SegmentSpec

if TYPE_CHECKING:
    from tiffschema.model.geometry import Geometry

__all__ = [
    'BAND',
    'BAND_TILE',
    'BytesDecoder',
    'Decoder',
    'OnShort',
    'WordsDecoder',
    'bytes_decoder',
    'scratch',
]

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
OnShort: TypeAlias = Literal['raise', 'fill']

_LITTLE = sys.byteorder == 'little'

# Segments below this size are never suspected to be bombs: a constant tile may be a few bytes.
_RATIO_FLOOR = 64 << 20

BAND_TILE = 16 << 10
"""Decoded bytes of a segment up to which neighbours are decoded together."""

BAND = 256 << 10
"""Decoded bytes of segments decoded together: what stays in the caches of a core."""

# Larger scratch memory is returned to the system after each segment.
_SCRATCH_KEPT = 16 << 20

# What codecs raise at bad data; errors of the library pass as they are.
DATA_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    ArithmeticError,
    LookupError,
    EOFError,
    MemoryError,
    zlib.error,
)


class _Scratch(threading.local):
    array: Array = np.empty(0, 'u1')


_scratch = _Scratch()


def cached_memory(nbytes: int) -> Array:
    """Return uint8 memory that a decoder fills and that is read again at once.

    Its address is 16 beyond a multiple of 32: libjpeg-turbo writes rows at multiples of 32 past
    the caches, which makes decoding and the copy that follows half as slow again.
    """
    memory = np.empty(nbytes + 32, 'u1')
    skip = (16 - memory.ctypes.data) % 32
    return memory[skip : skip + nbytes]


def scratch(nbytes: int) -> Array:
    """Return uint8 memory of this thread, valid until its next call."""
    array = _scratch.array
    if array.size == nbytes:
        return array
    array = cached_memory(nbytes)
    if nbytes <= _SCRATCH_KEPT:
        _scratch.array = array
    return array


class Decoder:
    """Decodes segments of one page; made once per page by `tiffschema.codecs.pipeline.decoder`.

    It can be called from many threads at once.

    Parameters:
        spec: What the segments look like.
        codec: Of the page's compression.
        dtype: Of the samples.
        limits: Bounds; one segment must not exceed ``bytes`` nor ``ratio``.
        on_short: What to do with segments that are damaged or hold too little: ``'raise'`` a
            `FormatError`, or ``'fill'`` what is missing with `nodata` and record a fault.
        nodata: Value of samples that are missing.

    Raises:
        LimitError: A segment would be larger than `limits` allow.
    """

    def __init__(
        self,
        spec: SegmentSpec,
        codec: Codec,
        dtype: np.dtype[Any],
        limits: Limits,
        on_short: OnShort,
        nodata: float,
    ) -> None:
        geometry = spec.geometry
        self.spec = spec
        self.codec = codec
        self.dtype = dtype
        self.segment_shape: Shape = tuple(geometry.segment_shape)
        self._tiled = bool(geometry.is_tiled)
        self._raises = on_short == 'raise'
        self._nodata = nodata
        self._reverse = geometry.fillorder == 2 and codec.bitorder
        self._chroma = _planar_chroma(geometry)
        self._run: Callable[..., Any] = codec.decoder(spec)
        nbytes = math.prod(self.segment_shape) * dtype.itemsize
        if nbytes > limits.bytes:
            raise LimitError(f'{nbytes} bytes, the limit is {limits.bytes}', 'segment')
        # Fewer stored bytes than this are a decompression bomb.
        self._least = nbytes // limits.ratio if nbytes > _RATIO_FLOOR else 0

    def __call__(
        self,
        data: Buffer,
        shape: Shape,
        out: Array | None = None,
        fault: FaultSink | None = None,
    ) -> Array:
        """Return the samples of one segment.

        Parameters:
            data: Stored bytes.
            shape: Valid extent (depth, length, width, samples): tiles are cropped to it.
            out: Array of that shape, possibly a strided view, which is filled and returned.
            fault: Called with what was wrong where damage is tolerated.

        Raises:
            FormatError: The data is damaged.
            TruncatedError: The data holds too little.
            UnsupportedError: The data uses what no codec here can do.
        """
        raise NotImplementedError

    def band(self, segments: Sequence[Buffer], out: Array) -> bool:
        """Decode whole segments together, where that is quicker than one by one.

        Parameters:
            segments: Stored bytes of each.
            out: Array of shape (segments, depth, length, width, samples), possibly a strided view.

        Returns:
            False where that was not done: they have to be decoded one by one, which also names the
            one that is damaged.
        """
        return False

    def _check_ratio(self, data: Buffer) -> None:
        if len(data) < self._least:
            raise LimitError(
                f'{len(data)} bytes would become {self._least} times the allowed ratio', 'segment'
            )

    def _error(self, error: Exception) -> FormatError:
        """Return an error of a codec as one of the library."""
        text = str(error) or type(error).__name__
        return FormatError(f'{self.codec.name} data is damaged: {text}', 'segment')

    def _fill(self, out: Array, nominal: Shape, rows: int, pixels: int) -> None:
        """Write nodata behind the first `rows` rows and `pixels` pixels of a nominal segment."""
        fill = _castable(self._nodata, self.dtype)
        index = np.arange(nominal[0] * nominal[1]).reshape(nominal[:2])
        index = index[: out.shape[0], : out.shape[1]]
        out[index > rows] = fill
        partial = out[index == rows]
        partial[:, pixels:] = fill
        out[index == rows] = partial


class BytesDecoder(Decoder):
    """Decodes any layout, by way of words and samples."""

    def __init__(
        self,
        spec: SegmentSpec,
        codec: Codec,
        layout: Layout,
        limits: Limits,
        on_short: OnShort,
        nodata: float,
    ) -> None:
        super().__init__(spec, codec, layout.dtype, limits, on_short, nodata)
        predictor = spec.geometry.predictor or 1
        self.layout = layout
        self._float = is_floating(predictor)
        self._distance = DISTANCE[predictor]
        if self._distance and not layout.predictable:
            raise UnsupportedError(
                f'predictor {predictor} of {type(layout).__name__.lower()} samples'
                f' (BitsPerSample {spec.geometry.bitspersample}) has no known meaning'
            )
        if self._float and not isinstance(layout, Float24) and layout.dtype.kind != 'f':
            raise UnsupportedError(f'predictor {predictor} needs floats, not {layout.dtype}')

    def __call__(
        self,
        data: Buffer,
        shape: Shape,
        out: Array | None = None,
        fault: FaultSink | None = None,
    ) -> Array:
        nominal = self.segment_shape if self._tiled else shape
        if out is None:
            out = np.empty(shape, self.dtype)
        elif out.dtype != self.dtype or out.shape != shape:
            out[...] = self(data, shape, None, fault)
            return out
        nbytes = self.layout.nbytes(nominal)
        if self._least:
            # Before memory is taken for what such few bytes cannot become.
            self._check_ratio(data)
        target = scratch(nbytes)
        flat = self._decode(data, nbytes, target, fault)
        if flat.size < nbytes:
            return self._short(flat, nominal, shape, out, fault)
        self._place(flat, nominal, out)
        return out

    def _decode(
        self, data: Buffer, nbytes: int, target: Array | None, fault: FaultSink | None
    ) -> Array:
        """Return at most `nbytes` bytes as uint8; `target` itself if it was filled."""
        if self._reverse:
            data = reverse_bits(data)
        try:
            result = self._run(data, nbytes, target)
        except TiffSchemaError as error:
            if self._raises or isinstance(error, UnsupportedError):
                raise
            result = self._salvage(data, nbytes, error, fault)
        except DATA_ERRORS as error:
            if self._raises:
                raise self._error(error) from error
            result = self._salvage(data, nbytes, self._error(error), fault)
        if target is not None and result is target:
            return target
        flat: Array = np.frombuffer(result, 'u1')
        return flat[:nbytes] if flat.size > nbytes else flat

    def _salvage(
        self, data: Buffer, nbytes: int, error: Exception, fault: FaultSink | None
    ) -> Buffer:
        if fault is not None and isinstance(error, FormatError):
            fault(error)
        return self.codec.salvage_bytes(data, self.spec, nbytes)

    def _place(self, flat: Array, nominal: Shape, out: Array) -> None:
        """Turn decoded bytes of a segment of shape `nominal` into the samples of `out`."""
        layout = self.layout
        if self._float:
            # Only float24 comes here: its bytes are summed in triples.
            rows = flat.reshape(nominal[0], nominal[1], -1).copy()
            triples = np.empty((*nominal[:3], 3 * nominal[3]), 'u1')
            float_accumulate(rows, self._distance, nominal[3], triples)
            words = unpack_int24(triples, '>', 'u4')
            samples = float24.from_words(words)
        else:
            words = layout.words(flat, nominal)
            if self._distance:
                words = accumulate(words, self._distance)
                layout.wrap(words)
            samples = layout.samples_of(words)
        out[...] = samples[: out.shape[0], : out.shape[1], : out.shape[2]]

    def _short(
        self, flat: Array, nominal: Shape, shape: Shape, out: Array, fault: FaultSink | None
    ) -> Array:
        """Place a segment that holds less than its nominal size."""
        layout, size = self.layout, flat.size
        if self._chroma and size:
            small = _reduced(nominal, self._chroma)
            if size == layout.nbytes(small):
                chroma = np.empty(small, self.dtype)
                self._place(flat.copy(), small, chroma)
                out[...] = _enlarged(chroma, self._chroma, shape)
                return out
        # Tiles at the lower edge that hold only the rows inside, and tiles cut to the image.
        for tolerated in ((shape[0], nominal[1]), shape[:2]):
            trimmed = (*tolerated, *nominal[2:])
            if trimmed[0] * trimmed[1] and size >= (least := layout.nbytes(trimmed)):
                self._place(flat[:least].copy(), trimmed, out)
                return out
        if size and size == layout.nbytes(shape):
            self._place(flat.copy(), shape, out)
            return out
        nbytes = layout.nbytes(nominal)
        error = TruncatedError(f'segment holds {size} of {nbytes} bytes', 'segment')
        if self._raises:
            raise error
        if fault is not None:
            fault(error)
        padded = np.zeros(nbytes, 'u1')
        padded[:size] = flat
        self._place(padded, nominal, out)
        row = layout.row_nbytes(nominal[2])
        # Bytes of a row under predictor 3 are planes: an incomplete row has no complete sample.
        pixels = 0 if self._float else layout.valid_pixels(size % row)
        self._fill(out, nominal, size // row, pixels)
        return out


class WordsDecoder(BytesDecoder):
    """Decodes whole machine words: the everyday case, with the fewest steps per segment."""

    layout: Words

    def __init__(
        self,
        spec: SegmentSpec,
        codec: Codec,
        layout: Words,
        limits: Limits,
        on_short: OnShort,
        nodata: float,
    ) -> None:
        super().__init__(spec, codec, layout, limits, on_short, nodata)
        self._stored = layout.stored
        self._itemsize = layout.dtype.itemsize
        self._swap = layout.stored != layout.dtype

    def __call__(
        self,
        data: Buffer,
        shape: Shape,
        out: Array | None = None,
        fault: FaultSink | None = None,
    ) -> Array:
        nominal = self.segment_shape if self._tiled else shape
        if out is None:
            out = np.empty(shape, self.dtype)
        elif out.dtype != self.dtype or out.shape != shape:
            out[...] = self(data, shape, None, fault)
            return out
        nbytes = nominal[0] * nominal[1] * nominal[2] * nominal[3] * self._itemsize
        direct = not self._float and nominal == shape and out.flags.c_contiguous
        if self._least:
            self._check_ratio(data)
        target = out.reshape(-1).view('u1') if direct else scratch(nbytes)
        flat = self._decode(data, nbytes, target, fault)
        if flat.size < nbytes:
            return self._short(flat, nominal, shape, out, fault)
        if flat is target:
            if direct:
                if self._swap:
                    out.byteswap(inplace=True)
                if self._distance:
                    accumulate(out, self._distance, out=out)
                return out
            if self._swap and self._distance and not self._float:
                flat.view(self.dtype).byteswap(inplace=True)
                words = flat.view(self.dtype).reshape(nominal)
                accumulate(words, self._distance, out=out)
                return out
        self._place(flat, nominal, out)
        return out

    def band(self, segments: Sequence[Buffer], out: Array) -> bool:
        nominal = self.segment_shape
        nbytes = math.prod(nominal) * self._itemsize
        if self._float or self._reverse or nbytes > BAND_TILE or out.dtype != self.dtype:
            return False
        count = len(segments)
        direct = out.flags.c_contiguous
        memory = out.reshape(-1).view('u1') if direct else scratch(nbytes * count)
        run = self._run
        try:
            for at, data in zip(range(0, nbytes * count, nbytes), segments, strict=True):
                room = memory[at : at + nbytes]
                found = run(data, nbytes, room)
                if found is not room:
                    if len(found) != nbytes:
                        return False
                    room[:] = np.frombuffer(found, 'u1')
        except TiffSchemaError:
            return False
        except DATA_ERRORS:
            return False
        words = memory.view(self.dtype).reshape(count, *nominal)
        if self._swap:
            words.byteswap(inplace=True)
        if self._distance:
            accumulate(words, self._distance, out=out)
        elif not direct:
            out[...] = words
        return True

    def _place(self, flat: Array, nominal: Shape, out: Array) -> None:
        if self._float:
            rows = flat.reshape(nominal[0], nominal[1], -1)[: out.shape[0], : out.shape[1]]
            if not rows.flags.writeable:
                rows = rows.copy()
            float_accumulate(rows, self._distance, nominal[3], out)
            return
        words = flat.view(self._stored).reshape(nominal)
        if self._distance:
            if self._swap or not words.flags.aligned:
                words = words.astype(self.dtype)
            accumulate(words, self._distance, out=out)
        else:
            out[...] = words[: out.shape[0], : out.shape[1], : out.shape[2]]


def bytes_decoder(
    spec: SegmentSpec, codec: Codec, limits: Limits, on_short: OnShort, nodata: float
) -> BytesDecoder:
    """Return the decoder of a page whose codec yields bytes."""
    layout = layout_of(spec.geometry)
    if isinstance(layout, Words):
        return WordsDecoder(spec, codec, layout, limits, on_short, nodata)
    return BytesDecoder(spec, codec, layout, limits, on_short, nodata)


def _planar_chroma(geometry: Geometry) -> tuple[int, int] | None:
    """Return the subsampling which planes of a planar YCbCr page may have."""
    pair: tuple[int, int] | None = geometry.subsampling
    if pair == (1, 1) or geometry.photometric != 6 or geometry.planarconfig != 2:
        return None
    return pair


def _reduced(shape: Shape, subsampling: tuple[int, int]) -> Shape:
    h, v = subsampling
    return shape[0], -(-shape[1] // v), -(-shape[2] // h), shape[3]


def _enlarged(chroma: Array, subsampling: tuple[int, int], shape: Shape) -> Array:
    """Repeat samples of a reduced plane to full size."""
    h, v = subsampling
    return chroma.repeat(v, axis=1).repeat(h, axis=2)[: shape[0], : shape[1], : shape[2]]


def _castable(value: float, dtype: np.dtype[Any]) -> Any:
    """Return nodata as a sample, or zero if the type cannot hold it."""
    if dtype.names is not None:
        return np.zeros((), dtype)
    if dtype.kind in 'ui':
        info = np.iinfo(dtype)
        if not (math.isfinite(value) and value == int(value) and info.min <= value <= info.max):
            return dtype.type(0)
        return dtype.type(int(value))
    return dtype.type(value)
