"""Blocks of GDAL's cloud-optimised layout: the text behind the header, bytes round the segments.

Knows the schema ``vendor/gdal``; which bytes lie round a segment depends on text and segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from tiffschema.errors import FormatError
from tiffschema.model.sections import schemas

__all__ = ['blocks']

_REPEATED: Final = 4


def blocks(tif: Any, segments: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Yield start, stop and name of the blocks that GDAL's layout adds to a file.

    Parameters:
        tif: The file.
        segments: Start and stop of its stored segments.
    """
    schema = schemas['vendor/gdal']
    ghost, leader = schema.struct('ghost'), schema.struct('leader')
    start = tif.container.codec.header_nbytes
    assert ghost.size is not None
    assert leader.size is not None
    view = tif.source.view(start, ghost.size)
    try:
        digits = ghost.parse(view).digits
    except FormatError:
        return
    if not digits.isdecimal():
        return
    size = ghost.size + int(digits)
    yield start, start + size, 'gdal_structural_metadata'
    text = bytes(tif.source.view(start, min(size, tif.limits.text)))
    has_leader = b'BLOCK_LEADER=SIZE_AS_UINT4' in text
    has_trailer = b'BLOCK_TRAILER=LAST_4_BYTES_REPEATED' in text
    for begin, end in segments:
        at = begin - leader.size
        is_led = has_leader and at >= start + size
        if is_led and leader.parse(tif.source.view(at, leader.size)).size == end - begin:
            yield at, begin, 'gdal_block_leader'
        if has_trailer and end - begin >= _REPEATED:
            tail = bytes(tif.source.view(end - _REPEATED, 2 * _REPEATED))
            if len(tail) == 2 * _REPEATED and tail[:_REPEATED] == tail[_REPEATED:]:
                yield end, end + _REPEATED, 'gdal_block_trailer'
