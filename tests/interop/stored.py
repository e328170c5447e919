"""Files of any geometry, made with the encoders and builders of the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.unit.runtime.conftest import Forge
from tiffschema.codecs.pipeline import encoder
from tiffschema.codecs.spec import SegmentSpec
from tiffschema.model.geometry import Geometry

Array = NDArray[Any]


def stored_file(
    geometry: Geometry,
    pixels: Array,
    *,
    bigtiff: bool = False,
    tags: dict[int, Any] | None = None,
    options: dict[str, Any] | None = None,
    arguments: dict[str, Any] | None = None,
) -> bytes:
    """Return a file of one page.

    Parameters:
        geometry: Of the page.
        pixels: Samples of shape ``geometry.shaped``.
        bigtiff: Whether offsets have 64 bits.
        tags: Further tags by code.
        options: Of the codec, as the spec has them.
        arguments: Of the encoder.
    """
    forge = Forge('big' if bigtiff else 'classic', geometry.byteorder)
    encode = encoder(SegmentSpec(geometry, options=options or {}), compressionargs=arguments)
    offsets, counts = [], []
    for index in range(geometry.segment_count):
        plane, z, y, x = geometry.position(index)
        depth, length, width, _ = geometry.extent(index)
        segment = np.zeros(geometry.stored_shape(index), pixels.dtype)
        segment[:depth, :length, :width] = pixels[
            plane, z : z + depth, y : y + length, x : x + width
        ]
        data = encode(segment)
        offsets.append(forge.block(data))
        counts.append(len(data))
    forge.directory(page_tags(geometry, tuple(offsets), tuple(counts)) | (tags or {}))
    return bytes(forge)


def page_tags(geometry: Geometry, offsets: Sequence[int], counts: Sequence[int]) -> dict[int, Any]:
    """Return the tags that say what a geometry says, defaults left out."""
    samples = max(geometry.samplesperpixel, 1)

    def each(value: int | tuple[int, ...]) -> tuple[int, ...]:
        return value if isinstance(value, tuple) else (value,) * samples

    found: dict[int, Any] = {
        256: geometry.imagewidth,
        257: geometry.imagelength,
        258: each(geometry.bitspersample),
        259: geometry.compression,
        262: geometry.photometric,
        277: samples,
    }
    optional = {
        266: (geometry.fillorder, 1),
        284: (geometry.planarconfig, 1),
        317: (geometry.predictor, 1),
        32997: (geometry.imagedepth, 1),
    }
    found |= {code: value for code, (value, default) in optional.items() if value != default}
    if each(geometry.sampleformat) != (1,) * samples:
        found[339] = each(geometry.sampleformat)
    if geometry.extrasamples:
        found[338] = geometry.extrasamples
    if geometry.subsampling is not None:
        found[530] = geometry.subsampling
    if geometry.is_tiled:
        found |= {322: geometry.tilewidth, 323: geometry.tilelength, 324: offsets, 325: counts}
        if geometry.tiledepth > 1:
            found[32998] = geometry.tiledepth
    else:
        found |= {273: offsets, 278: geometry.segment_shape[1], 279: counts}
    return found
