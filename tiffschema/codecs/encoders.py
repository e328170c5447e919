"""Encoding of segments: the mirror image of the decoders.

This module knows geometry and layouts; which codec is used it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import UnsupportedError

from .bits import reverse_bits
from .layouts import Float24, Words, layout_of
from .predictors import DISTANCE, difference, float_difference, is_floating
from .registry import Codec
from .spec import SegmentSpec

__all__ = ['BytesEncoder', 'Encoder', 'ImageEncoder']

Array: TypeAlias = NDArray[Any]


class Encoder:
    """Encodes segments of one page; made once per page by `tiffschema.codecs.pipeline.encoder`.

    It can be called from many threads at once, and is deterministic.

    Parameters:
        spec: What the segments look like.
        codec: Of the page's compression.
        compressionargs: Arguments of the codec, such as ``level``.
    """

    def __init__(self, spec: SegmentSpec, codec: Codec, compressionargs: Mapping[str, Any]) -> None:
        self.spec = spec
        self.codec = codec
        self._reverse = spec.geometry.fillorder == 2 and codec.bitorder
        self._arguments = dict(compressionargs)
        self._run = codec.encoder(spec, compressionargs)

    def __call__(self, array: Array) -> bytes:
        """Return the stored bytes of one segment.

        Parameters:
            array: Samples of shape (depth, length, width, samples); whole tiles.

        Raises:
            UnsupportedError: The codec cannot encode such samples.
        """
        raise NotImplementedError

    def _encoded(self, samples: Array) -> bytes:
        """Return what the codec makes of rows of bytes, or of an image."""
        try:
            data: bytes = self._run(samples)
        except UnsupportedError:
            raise
        except TypeError as error:
            raise TypeError(self._refusal(samples, error)) from error
        except (RuntimeError, ValueError) as error:
            raise UnsupportedError(self._refusal(samples, error)) from error
        return reverse_bits(data) if self._reverse else data

    def _refusal(self, samples: Array, error: Exception) -> str:
        given = f' with compressionargs {self._arguments}' if self._arguments else ''
        kind = f'{self.spec.geometry.dtype} samples of shape {samples.shape}'
        return f'compression: {self.codec.name} cannot encode {kind}{given}: {error}'

    @property
    def jpegtables(self) -> bytes | None:
        """Tables which all segments share, the value of tag 347; None if there are none."""
        return getattr(self._run, 'jpegtables', None)


class BytesEncoder(Encoder):
    """Encodes samples as bytes, by way of words and predictors."""

    def __init__(self, spec: SegmentSpec, codec: Codec, compressionargs: Mapping[str, Any]) -> None:
        super().__init__(spec, codec, compressionargs)
        predictor = spec.geometry.predictor or 1
        self.layout = layout_of(spec.geometry)
        self._float = is_floating(predictor)
        self._distance = DISTANCE[predictor]
        if self._distance and not self.layout.predictable:
            raise UnsupportedError(
                f'predictor {predictor} of {type(self.layout).__name__.lower()} samples'
            )
        if self._float and not (
            isinstance(self.layout, Float24)
            or (isinstance(self.layout, Words) and self.layout.dtype.kind == 'f')
        ):
            raise UnsupportedError(f'predictor {predictor} needs floats, not {self.layout.dtype}')

    def __call__(self, array: Array) -> bytes:
        layout = self.layout
        if array.dtype != layout.dtype:
            if layout.dtype.kind == 'b':
                array = array & 1  # bits above the stored ones are cut off, as of wider samples
            array = array.astype(layout.dtype)
        words = layout.words_of(array)
        if self._float:
            if isinstance(layout, Float24):
                each = words.astype('>u4').view('u1').reshape(*words.shape, 4)[..., 1:]
                words = np.ascontiguousarray(each).reshape(*words.shape[:3], -1)
            rows = float_difference(words, self._distance)
            rows = rows.reshape(rows.shape[0] * rows.shape[1], -1)
        else:
            if self._distance:
                words = difference(words, self._distance)
            rows = layout.rows(words)
        return self._encoded(rows)


class ImageEncoder(Encoder):
    """Encodes samples as an image with a size and a type of its own."""

    def __call__(self, array: Array) -> bytes:
        return self._encoded(np.ascontiguousarray(array))
