"""Bytes to samples and back: codecs, predictors, bit packing, colour.

This floor knows the geometry of segments; it knows neither files nor directories.
"""

from __future__ import annotations

from . import builtin as _builtin  # noqa: F401  (fills the registry)
from .registry import Codec, CodecRegistry, Implementation, codecs, register_codec
from .spec import SegmentSpec

__all__ = [
    'Codec',
    'CodecRegistry',
    'Implementation',
    'SegmentSpec',
    'codecs',
    'register_codec',
]
