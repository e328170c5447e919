"""Encoding of JPEG segments: colour, subsampling, precision, shared tables.

This module knows geometry and JPEG markers; libjpeg encodes. The mirror of `jpeg`: RGB samples of
a page whose photometric is YCbCr are converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import backend
from .jpeg import split_tables
from .spec import SegmentSpec

__all__ = ['encoder']

Array: TypeAlias = NDArray[Any]


class _Encoder:
    """Encodes the JPEG segments of a page.

    Arguments are those of ``imagecodecs.jpeg8_encode`` (``level``, ``subsampling``, ``lossless``,
    ``predictor``, ``bitspersample``, ...), and ``sharetables``: leave the tables that all segments
    have in common out of them; they are then in `jpegtables`.
    """

    def __init__(self, spec: SegmentSpec, args: Mapping[str, Any]) -> None:
        geometry = spec.geometry
        self.encode = backend.function('jpeg8_encode')
        self.args = arguments = dict(args)
        share = bool(arguments.pop('sharetables', False))
        bits = geometry.bitspersample
        if isinstance(bits, int) and bits not in {8, 16}:
            arguments.setdefault('bitspersample', bits)
        samples = geometry.segment_shape[3]
        if samples == 3 and geometry.compression != 34892:
            is_ycbcr = geometry.photometric == 6
            arguments.setdefault('colorspace', 'RGB')
            arguments.setdefault('outcolorspace', 'YCbCr' if is_ycbcr else 'RGB')
            if is_ycbcr and geometry.subsampling is not None:
                arguments.setdefault('subsampling', geometry.subsampling)
        elif samples == 4 and geometry.photometric == 5:
            arguments.setdefault('colorspace', 'CMYK')
            arguments.setdefault('outcolorspace', 'CMYK')
        self.jpegtables: bytes | None = spec.jpegtables
        if self.jpegtables is None and share and not arguments.get('optimize'):
            # Tables depend on the arguments only, not on the image.
            assert geometry.dtype is not None
            probe = np.zeros((16, 16, samples), geometry.dtype)
            self.jpegtables = split_tables(self._encode(probe))[0]

    def __call__(self, array: Array) -> bytes:
        stream = self._encode(array.reshape(-1, *array.shape[2:]))
        if self.jpegtables is not None:
            tables, rest = split_tables(stream)
            if tables == self.jpegtables:
                return rest
        return stream

    def _encode(self, image: Array) -> bytes:
        encoded: bytes = self.encode(image[..., 0] if image.shape[2] == 1 else image, **self.args)
        return encoded


def encoder(spec: SegmentSpec, args: Mapping[str, Any]) -> _Encoder:
    """Return what encodes the JPEG segments of a page."""
    return _Encoder(spec, args)
