"""Tables of old-style JPEG as blocks of a file: three tags hold their offsets, not their bytes.

Knows the schema ``tiff/jpegtables``; decodes nothing.
Source: TIFF 6.0, section 22.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from tiffschema.errors import FormatError
from tiffschema.model.sections import schemas
from tiffschema.model.tagcodes import TagCode

__all__ = ['blocks']

_TABLES: Final = {
    TagCode.JPEGQTables: 'quantisation_table',
    TagCode.JPEGDCTables: 'huffman_table',
    TagCode.JPEGACTables: 'huffman_table',
}
_LARGEST: Final = 16 + 256
_COMPONENTS: Final = 16


def blocks(tif: Any, segments: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Yield start, stop and name of the tables that the pages of a file have.

    Parameters:
        tif: The file.
        segments: Of no account.
    """
    for number in range(len(tif.pages)):
        page = tif.pages.get(number, aspage=True)
        index = page.directory.index
        for code, name in _TABLES.items():
            if code not in index:
                continue
            offsets = page.tags.valueof(code)
            offsets = offsets if isinstance(offsets, tuple) else (offsets,)
            for offset in offsets[:_COMPONENTS]:
                if not isinstance(offset, int) or offset < tif.container.codec.header_nbytes:
                    continue
                size = _size(tif, name, offset)
                if size:
                    yield offset, offset + size, name


def _size(tif: Any, name: str, offset: int) -> int:
    """Return the bytes of a table, 0 if the file does not hold it."""
    schema = schemas['tiff/jpegtables']
    view = tif.source.view(offset, _LARGEST)
    args = {}
    try:
        if name == 'huffman_table':
            args['n'] = int(schema.struct('huffman_counts').parse(view).counts.sum())
        _, stop = schema.struct(name).parse_next(view, args=args)
    except FormatError:
        return 0
    return int(stop)
