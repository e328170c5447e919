"""Annotated hex dumps: the bytes of a struct, one field a line, with its offset, name and value.

Rule: everything comes from the trace and the record of a schema; the dump itself knows no format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy

from tiffschema.errors import FormatError
from tiffschema.types import Buffer

if TYPE_CHECKING:
    from tiffschema.compiler.library import Extent, Struct

__all__ = ['hexdump', 'unhex']

_WIDTH = 8
_LONG = 32


def hexdump(
    struct: Struct,
    data: Buffer,
    offset: int = 0,
    *,
    byteorder: str | None = None,
    args: Mapping[str, Any] | None = None,
) -> str:
    """Return the bytes of a struct as hexadecimal text with field names.

    Parameters:
        struct: A compiled struct.
        data: Bytes that hold it.
        offset: Where it begins.
        byteorder: Needed by schemas that inherit it.
        args: Arguments of the struct.

    Returns:
        A line per field: offset, bytes, path, value. Long fields are cut; bytes between fields are
        called padding; the first fault ends the dump.

    Example:
        >>> from tiffschema import schemas
        >>> link = schemas['tiff/ifd'].struct('link', variant='classic')
        >>> print(hexdump(link, bytes([8, 0, 0, 0]), byteorder='<'))
        00000000  08 00 00 00              value  8
    """
    given = dict(args or {})
    extents = struct.trace(data, offset, byteorder=byteorder, args=given)
    try:
        record = struct.parse(data, offset, byteorder=byteorder, args=given, faults=[])
    except FormatError:
        record = None
    return '\n'.join(_lines(extents, data, record))


def _lines(extents: Iterable[Extent], data: Buffer, record: Any) -> Iterable[str]:
    behind: int | None = None
    for extent in sorted(extents, key=lambda found: (found.start, found.stop)):
        if behind is not None and extent.start > behind:
            yield from _rows(behind, bytes(data[behind : extent.start]), '(padding)', '')
        if extent.kind == 'fault':
            yield f'{extent.start:08x}  !! {extent.path}'
            continue
        name = extent.path if extent.kind == 'field' else f'{extent.path} ({extent.kind})'
        shown = _value(extent.value_in(record))
        yield from _rows(extent.start, bytes(data[extent.start : extent.stop]), name, shown)
        behind = max(behind or 0, extent.stop)


def _rows(start: int, data: bytes, name: str, shown: str) -> Iterable[str]:
    """Yield the rows of one field; name and value stand behind the first."""
    cut = data[:_LONG]
    note = f'{name}  {shown}'.rstrip()
    for at in range(0, max(1, len(cut)), _WIDTH):
        row = cut[at : at + _WIDTH].hex(' ')
        yield f'{start + at:08x}  {row:<{_WIDTH * 3}} {note}'.rstrip()
        note = ''
    if len(data) > len(cut):
        yield f'{"":10}... {len(data) - len(cut)} more bytes'


def _value(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, numpy.ndarray):
        return f'{value.dtype.name if not value.dtype.names else "table"}{list(value.shape)}'
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + '...'


def unhex(text: str) -> bytes:
    """Return the bytes of hexadecimal text, whose blanks and line breaks do not count.

    Example:
        >>> unhex('4949 2a00'
        ...       '08000000')
        b'II*\\x00\\x08\\x00\\x00\\x00'
    """
    return bytes.fromhex(''.join(text.split()))
