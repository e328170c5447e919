"""What kind of container bytes are: header variant, byte order, where the first directory lies.

Knows headers and the first directory; follows no chain, opens no file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tiffschema.errors import FormatError
from tiffschema.types import Buffer

from .directory import DirectoryCodec, codec, parse_header
from .tagcodes import NdpiCode

__all__ = ['Start', 'read_start']

_HEADER: Final = 16


class Start(NamedTuple):
    """What a header says.

    Fields:
        codec: Parses and builds the directories.
        version: 42, 43, or that of a relative of TIFF.
        first: Offset of the first directory, 0 if there is none.
    """

    codec: DirectoryCodec
    version: int
    first: int


def read_start(view: Callable[[int, int], Buffer], size: Callable[[], int]) -> Start:
    """Return what the header of a file says; NDPI is known by its tag rather than by a name.

    Parameters:
        view: Returns bytes by offset and size, fewer at the end.
        size: Returns the bytes of the file; asked only if the answer depends on them.

    Raises:
        FormatError: It is no TIFF.
        UnsupportedError: It is a relative of TIFF that cannot be read.

    Example:
        >>> data = b'MM\\0*\\0\\0\\0\\x08' + bytes(8)
        >>> read_start(lambda at, size: data[at : at + size], lambda: len(data))[1:]
        (42, 8)
    """
    head = view(0, _HEADER)
    header = parse_header(head)
    if header.variant == 'classic' and header.byteorder == '<' and header.version == 42:
        first = _first_of_ndpi(view, head, size, header.first)
        if first:
            return Start(codec('ndpi', '<'), header.version, first)
    return Start(codec(header.variant, header.byteorder), header.version, header.first)


def _first_of_ndpi(
    view: Callable[[int, int], Buffer], head: Buffer, size: Callable[[], int], classic: int
) -> int:
    """Return the offset of the first directory of an NDPI file, 0 if the file is another one.

    An ordinary file seldom makes sense with a 64-bit offset in its header, and never has the tag.
    """
    parser = codec('ndpi', '<')
    try:
        offset = parse_header(head, ndpi=True).first
        if offset & 0xFFFFFFFF != classic or offset == 0 or offset + 6 > size():
            return 0
        window = view(offset, parser.directory_nbytes(256))
        return offset if NdpiCode.FileFormat in parser.parse(window, offset, offset).codes else 0
    except FormatError:
        return 0
