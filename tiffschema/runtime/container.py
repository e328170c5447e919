"""What kind of container a file is: byte order, width of offsets.

Knows headers through `model.directory`; follows no chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiffschema.errors import FormatError, TiffFileError
from tiffschema.model.directory import DirectoryCodec, codec, parse_header
from tiffschema.model.tiffformat import TiffFormat

if TYPE_CHECKING:
    from .source import Source

__all__ = ['Container', 'open_container']

_FILE_FORMAT = 65420
"""Tag that stands in every directory of an NDPI file."""


@dataclass(frozen=True, slots=True)
class Container:
    """A recognised file.

    Parameters:
        codec: Parses its directories.
        format: Its sizes, as users see them.
        first: Offset of the first directory, 0 if there is none.
    """

    codec: DirectoryCodec
    format: TiffFormat
    first: int


def open_container(source: Source) -> Container:
    """Return what the header of a file says.

    Raises:
        TiffFileError: The file is no TIFF.
        UnsupportedError: It is a relative of TIFF that cannot be read.
    """
    head = source.head()
    if len(head) == 0:
        raise TiffFileError(f'{source.name!r} is empty')
    try:
        header = parse_header(head)
        if header.variant == 'classic' and header.byteorder == '<' and header.version == 42:
            found = _ndpi(source, head, header.first)
            if found is not None:
                return found
    except FormatError as error:
        raise TiffFileError(f'{source.name!r} is no TIFF file: {error}') from error
    parser = codec(header.variant, header.byteorder)
    form = TiffFormat.of(header.variant, header.byteorder, header.version)
    return Container(parser, form, header.first)


def _ndpi(source: Source, head: memoryview, first: int) -> Container | None:
    """Return the container if the file is an NDPI file, known by its tag rather than by its name.

    An ordinary file seldom makes sense with a 64-bit offset in its header, and never has the tag.
    """
    try:
        offset = parse_header(head, ndpi=True).first
        parser = codec('ndpi', '<')
        if offset & 0xFFFFFFFF != first or offset == 0 or offset + 6 > source.size:
            return None
        window = source.view(offset, parser.directory_nbytes(256))
        if _FILE_FORMAT not in parser.parse(window, offset, offset).codes:
            return None
    except FormatError:
        return None
    return Container(parser, TiffFormat.of('ndpi', '<'), offset)
