"""Bytes to samples and back: codecs, predictors, bit packing, colour.

This floor knows the geometry of segments; it knows neither files nor directories.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    # The table of codecs is large, and samples that are stored as they are need none.
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    home = '.spec' if name == 'SegmentSpec' else '.registry'
    value = globals()[name] = getattr(import_module(home, __name__), name)
    return value
