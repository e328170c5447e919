"""Pages of Hamamatsu NDPI files: one JPEG stream that is read as tiles between its restart markers.

Knows the page's tags; JPEG markers are read by `codecs.restart`. A level of a slide is one strip of
up to 10**10 pixels, which no JPEG library decodes whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.restart import RestartLayout, restart_layout, scan_restarts
from tiffschema.model.geometry import Geometry
from tiffschema.model.tagcodes import NdpiCode, TagCode
from tiffschema.values import replace, value

if TYPE_CHECKING:
    from .page import TiffPage

__all__ = ['RestartTiles', 'restart_tiles']

_JPEG: Final = 7
_STRIP: Final = (TagCode.StripOffsets, TagCode.StripByteCounts)
_HEADER: Final = 1 << 16
_SCAN: Final = 1 << 28
"""Largest stream that is searched for markers where the tag that lists them is damaged."""


@value
class RestartTiles:
    """A page's stream as tiles.

    Parameters:
        geometry: Of the page, with the tiles.
        header: Start of the stream, which each tile needs.
        offsets, sizes: Of the tiles in the file.
    """

    geometry: Geometry
    header: bytes
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]


def restart_tiles(page: TiffPage, geometry: Geometry) -> RestartTiles | None:
    """Return the tiles of a page, None if its stream has no restart markers.

    Parameters:
        page: Page of an NDPI file.
        geometry: Of the page, as its tags say.
    """
    if geometry.compression != _JPEG or geometry.is_tiled:
        return None
    if NdpiCode.McuStarts not in page.directory.index:
        return None
    strip, size = (_single(page, code) for code in _STRIP)
    if strip <= 0 or size <= 0:
        return None
    source = page.parent.source
    layout = restart_layout(source.view(strip, min(size, _HEADER)))
    if layout is None:
        return None
    tiled = replace(geometry, tilewidth=layout.width, tilelength=layout.height)
    starts = _starts(page, strip, size, layout, tiled.segment_count)
    if starts is None:
        return None
    sizes = np.diff(starts, append=size)
    header = bytes(source.view(strip, layout.header))
    return RestartTiles(tiled, header, starts + strip, sizes)


def _single(page: TiffPage, code: int) -> int:
    value: Any = page.tags.valueof(code)
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, int) else 0


def _starts(
    page: TiffPage, strip: int, size: int, layout: RestartLayout, count: int
) -> NDArray[np.int64] | None:
    """Return where the tiles begin in the stream; they are searched where the tag is damaged."""
    starts = _listed(page)
    if (
        len(starts) == count
        and starts[0] == layout.header
        and starts[-1] < size
        and bool((np.diff(starts) > 0).all())
    ):
        return starts
    if size > _SCAN:
        page.fault(
            'restart markers are damaged, and the stream is too long to search', NdpiCode.McuStarts
        )
        return None
    found = scan_restarts(page.parent.source.view(strip, size), layout.header)
    page.fault('restart markers are damaged; the stream was searched for them', NdpiCode.McuStarts)
    if len(found) != count:
        return None
    return np.array(found, np.int64)


def _listed(page: TiffPage) -> NDArray[np.int64]:
    values: Any = page.tags.valueof(NdpiCode.McuStarts)
    starts = np.atleast_1d(np.asarray(values if values is not None else (), np.int64))
    if NdpiCode.McuStartsHighBytes in page.directory.index:
        high = np.atleast_1d(
            np.asarray(page.tags.valueof(NdpiCode.McuStartsHighBytes, ()), np.int64)
        )
        if len(high) == len(starts):
            starts = starts | (high << 32)
    return starts
