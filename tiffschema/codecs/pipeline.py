"""The two doors of this floor: a decoder and an encoder for the segments of a page.

This module knows the kinds of codecs; everything is decided here, once per page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiffschema.limits import DEFAULT_LIMITS, Limits

from .bytes_decoder import Decoder, OnShort, bytes_decoder
from .encoders import BytesEncoder, Encoder, ImageEncoder
from .image_decoder import image_decoder
from .registry import codecs
from .spec import SegmentSpec

__all__ = ['Decoder', 'Encoder', 'decoder', 'encoder']


def decoder(
    spec: SegmentSpec,
    *,
    limits: Limits = DEFAULT_LIMITS,
    on_short: OnShort = 'raise',
    nodata: float = 0,
) -> Decoder:
    """Return what decodes the segments of a page.

    Parameters:
        spec: What the segments look like.
        limits: Bounds of what a segment may ask for.
        on_short: ``'raise'`` an error at damaged and short segments, or ``'fill'`` what is missing
            and record a fault.
        nodata: Value of missing samples.

    Raises:
        UnsupportedError: There is no codec, or no type for the samples; names what is missing.
        LimitError: A segment would be larger than `limits` allow.
    """
    codec = codecs.find(spec.geometry.compression)
    make = image_decoder if codec.is_image else bytes_decoder
    return make(spec, codec, limits, on_short, nodata)


def encoder(spec: SegmentSpec, *, compressionargs: Mapping[str, Any] | None = None) -> Encoder:
    """Return what encodes the segments of a page.

    Parameters:
        spec: What the segments look like.
        compressionargs: Arguments of the codec, such as ``level``; see its encode function.

    Raises:
        UnsupportedError: There is no codec, or the samples have no layout.
    """
    codec = codecs.find(spec.geometry.compression)
    make = ImageEncoder if codec.is_image else BytesEncoder
    return make(spec, codec, dict(compressionargs or {}))
