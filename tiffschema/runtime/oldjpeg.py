"""Old-style JPEG pages: their parts, collected from wherever tags 512 to 521 say they are.

Knows the page's tags and its source; how parts make a stream `codecs.ojpeg` knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tiffschema.codecs.ojpeg import OldJpeg, is_complete
from tiffschema.model.geometry import Geometry
from tiffschema.model.tagcodes import TagCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .page import TiffPage

__all__ = ['old_jpeg']

_HEAD: Final = 1 << 16
_TAGS: Final = {
    TagCode.JPEGProc: 'JPEGProc',
    TagCode.JPEGInterchangeFormat: 'JPEGInterchangeFormat',
    TagCode.JPEGInterchangeFormatLength: 'JPEGInterchangeFormatLength',
    TagCode.JPEGRestartInterval: 'JPEGRestartInterval',
    TagCode.JPEGLosslessPredictors: 'JPEGLosslessPredictors',
    TagCode.JPEGPointTransforms: 'JPEGPointTransforms',
    TagCode.JPEGQTables: 'JPEGQTables',
    TagCode.JPEGDCTables: 'JPEGDCTables',
    TagCode.JPEGACTables: 'JPEGACTables',
}


def old_jpeg(
    page: TiffPage, geometry: Geometry, offsets: Sequence[int], sizes: Sequence[int] | None
) -> OldJpeg | None:
    """Return the parts of a page of compression 6, None if its one segment is a complete stream.

    Parameters:
        page: The page.
        geometry: As its tags say.
        offsets, sizes: Of its strips or tiles, as the tags have them.

    Raises:
        FormatError: A table is not where its tag points.
        LimitError: The page has more segments than allowed.
    """
    geometry.check(page.parent.limits)
    source = page.parent.source
    count = geometry.segment_count
    if count == 1 and len(offsets) and is_complete(bytes(source.view(offsets[0], _HEAD))):
        return None
    tags: dict[str, Any] = {}
    for code, name in _TAGS.items():
        value = page.tags.valueof(code) if code in page.directory.index else None
        if isinstance(value, int) or (
            isinstance(value, tuple) and all(isinstance(item, int) for item in value)
        ):
            tags[name] = value
        elif value is not None:
            page.fault(f'{value!r:.60} are no integers', code)
    bytecounts = [0] * count if sizes is None else sizes[:count]
    return OldJpeg.collect(
        geometry,
        tags,
        lambda offset, size: bytes(source.view(offset, size)),
        offsets[:count],
        bytecounts,
        source.size,
    )
