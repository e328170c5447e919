"""Decoding of segments whose stream is an image with a size and a type of its own.

This module knows geometry; which codec is used it is told. The stream's image is placed at the
top left of the segment: what is more is cropped, what is less is a fault unless it lies outside
the page.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, TiffSchemaError, TruncatedError, UnsupportedError
from tiffschema.limits import Limits
from tiffschema.types import Buffer, FaultSink

from .bits import reverse_bits
from .bytes_decoder import (
    DATA_ERRORS,
    Decoder,
    OnShort,
    _enlarged,
    _reduced,
    cached_memory,
    scratch,
)
from .registry import Codec
from .spec import SegmentSpec

__all__ = ['ImageDecoder', 'image_decoder']

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]


class ImageDecoder(Decoder):
    """Decodes streams that are images."""

    def __call__(
        self,
        data: Buffer,
        shape: Shape,
        out: Array | None = None,
        fault: FaultSink | None = None,
    ) -> Array:
        if self._least:
            # Before memory is taken for what such few bytes cannot become.
            self._check_ratio(data)
        nominal = self.segment_shape if self._tiled else shape
        fresh = out is None
        if out is None:
            # Tiles at the edge are decoded whole; their extent inside is returned.
            out = cached_memory(self._nbytes(nominal)).view(self.dtype).reshape(nominal)
        elif out.dtype != self.dtype or out.shape != shape:
            out[...] = self(data, shape, None, fault)
            return out
        direct = out.shape == nominal and out.flags.c_contiguous
        if direct:
            room = out
        else:
            room = scratch(self._nbytes(nominal)).view(self.dtype).reshape(nominal)
        if fresh:
            out = out[: shape[0], : shape[1], : shape[2]]
        if self._reverse:
            data = reverse_bits(data)
        try:
            if not len(data):
                raise TruncatedError('segment is empty', 'segment')
            result = self._run(data, nominal, room)
            if result is room:
                if not direct:
                    out[...] = room[: shape[0], : shape[1], : shape[2]]
                return out
            image = self._normal(result, nominal)
        except TiffSchemaError as error:
            if self._raises or isinstance(error, UnsupportedError):
                raise
            return self._saved(data, nominal, out, error, fault)
        except DATA_ERRORS as error:
            if self._raises:
                raise self._error(error) from error
            return self._saved(data, nominal, out, self._error(error), fault)
        return self._place(image, nominal, out, fault)

    def _nbytes(self, shape: Shape) -> int:
        return shape[0] * shape[1] * shape[2] * shape[3] * self.dtype.itemsize

    def _normal(self, result: Array, nominal: Shape) -> Array:
        """Return a codec's result with axes (depth, length, width, samples) and the page's type.

        Raises:
            FormatError: Samples or type are not those of the page.
        """
        shape = result.shape
        if result.ndim == 2:
            result = result[None, :, :, None]
        elif result.ndim == 3:
            is_volume = nominal[0] > 1 and shape[0] == nominal[0]
            result = result[..., None] if is_volume else result[None]
        if result.ndim != 4 or result.shape[3] != nominal[3] or result.shape[0] != nominal[0]:
            raise FormatError(
                f'{self.codec.name} image of shape {shape} where {nominal} is expected', 'segment'
            )
        dtype = self.dtype
        if result.dtype != dtype and not (
            np.can_cast(result.dtype, dtype, 'safe')
            or (result.dtype.itemsize == dtype.itemsize and {result.dtype.kind, dtype.kind} <= _INT)
        ):
            raise FormatError(
                f'{self.codec.name} image of {result.dtype} where {dtype} is expected', 'segment'
            )
        return result

    def _place(self, image: Array, nominal: Shape, out: Array, fault: FaultSink | None) -> Array:
        if self._chroma and image.shape[1:3] == _reduced(nominal, self._chroma)[1:3]:
            image = _enlarged(image, self._chroma, out.shape)
        length = min(image.shape[1], out.shape[1])
        width = min(image.shape[2], out.shape[2])
        image = image[: out.shape[0], :length, :width]
        if image.shape == out.shape:
            out[...] = image
            return out
        error = TruncatedError(
            f'image of {width} x {length} pixels where {out.shape[2]} x {out.shape[1]} are needed',
            'segment',
        )
        if self._raises:
            raise error
        image = image.copy()  # it may be a view of the array that is filled
        self._lost(out, error, fault)
        out[:, :length, :width] = image
        return out

    def _saved(
        self, data: Buffer, nominal: Shape, out: Array, error: Exception, fault: FaultSink | None
    ) -> Array:
        """Place what damaged data yields, where the codec can say what that is."""
        image = self.codec.salvage_image(data, self.spec, nominal)
        if image is None:
            return self._lost(out, error, fault)
        if fault is not None and isinstance(error, FormatError):
            fault(error)
        return self._place(self._normal(image, nominal), nominal, out, fault)

    def _lost(self, out: Array, error: Exception, fault: FaultSink | None) -> Array:
        if fault is not None and isinstance(error, FormatError):
            fault(error)
        self._fill(out, out.shape, -1, 0)
        return out


_INT = frozenset('bui')


def image_decoder(
    spec: SegmentSpec, codec: Codec, limits: Limits, on_short: OnShort, nodata: float
) -> ImageDecoder:
    """Return the decoder of a page whose segments are images.

    Raises:
        UnsupportedError: No type is known for the samples of the page.
    """
    dtype = spec.geometry.dtype
    if dtype is None:
        raise UnsupportedError(
            f'samples of BitsPerSample {spec.geometry.bitspersample} and SampleFormat'
            f' {spec.geometry.sampleformat} have no known type'
        )
    return ImageDecoder(spec, codec, dtype, limits, on_short, nodata)
