"""What a codec must know about the segments of one page.

This module knows geometry; it knows neither files nor directories. A reader or a writer fills a
`SegmentSpec` once per page and gives it to `tiffschema.codecs.pipeline`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from tiffschema.values import value

if TYPE_CHECKING:
    from tiffschema.model.geometry import Geometry

__all__ = ['NO_OPTIONS', 'SegmentSpec']

NO_OPTIONS: Mapping[str, object] = MappingProxyType({})


@value
class SegmentSpec:
    """Everything that decoding or encoding one segment of a page depends on.

    Parameters:
        geometry: Size, sample type, compression and layout.
        jpegtables: Value of tag 347, an abbreviated stream of tables (TIFF Technote 2).
        jpegheader: Start of a JPEG stream, up to its first entropy-coded byte, that all segments
            share (Hamamatsu NDPI stores a page as one stream cut at restart markers).
        options: Values of further tags by lower-case name: ``t4options``, ``t6options``,
            ``lercparameters`` (tag 50674), ``eer`` (skipbits, horzbits, vertbits), ``superres``,
            and those of old-style JPEG, SGILog and colour.
    """

    geometry: Geometry
    jpegtables: bytes | None = None
    jpegheader: bytes | None = None
    options: Mapping[str, object] = NO_OPTIONS
