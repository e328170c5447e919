"""What kind of container a file is: byte order, width of offsets, `TiffFormat`.

Knows headers through `model.directory`; follows no chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tiffschema.errors import FormatError, TiffFileError
from tiffschema.model.directory import DirectoryCodec, Variant, codec, parse_header
from tiffschema.types import ByteOrder

if TYPE_CHECKING:
    from .source import Source

__all__ = ['Container', 'TiffFormat', 'open_container']

_FILE_FORMAT = 65420
"""Tag that stands in every directory of an NDPI file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffFormat:
    """Byte order and sizes of one kind of container.

    Parameters:
        version: 42, or 43 in BigTIFF; others in relatives of TIFF.
        byteorder: ``'<'`` or ``'>'``.
        offsetsize: Bytes of an offset.
        offsetformat: Its format as `struct` writes it.
        tagnosize, tagnoformat: Of the number of tags of a directory.
        tagsize: Bytes of an entry.
        tagformat1: Format of code and type.
        tagformat2: Format of count and value.
        tagoffsetthreshold: Bytes of values that fit an entry.

    Example:
        >>> TiffFormat.of('big', '<').tagsize
        20
    """

    version: int
    byteorder: ByteOrder
    offsetsize: int
    offsetformat: str
    tagnosize: int
    tagnoformat: str
    tagsize: int
    tagformat1: str
    tagformat2: str
    tagoffsetthreshold: int

    @property
    def is_bigtiff(self) -> bool:
        """Whether offsets and counts have 64 bits."""
        return self.version == 43

    @property
    def is_ndpi(self) -> bool:
        """Whether a classic header is followed by 64-bit offsets."""
        return self.version == 42 and self.offsetsize == 8

    @property
    def tagheaderformat(self) -> str:
        """Format of an entry."""
        return self.tagformat1 + self.tagformat2[1:]

    @staticmethod
    def of(variant: Variant, byteorder: ByteOrder, version: int | None = None) -> TiffFormat:
        """Return the format of a variant in a byte order."""
        return _format(variant, byteorder, version or (43 if variant == 'big' else 42))

    def __str__(self) -> str:
        kind = 'BigTIFF' if self.is_bigtiff else 'NDPI' if self.is_ndpi else 'TIFF'
        return f'{kind} {"big" if self.byteorder == ">" else "little"}-endian'


@cache
def _format(variant: Variant, byteorder: ByteOrder, version: int) -> TiffFormat:
    sizes = codec(variant, byteorder)
    letters = {2: 'H', 4: 'I', 8: 'Q'}
    return TiffFormat(
        version=version,
        byteorder=byteorder,
        offsetsize=sizes.next_nbytes,
        offsetformat=byteorder + letters[sizes.next_nbytes],
        tagnosize=sizes.count_nbytes,
        tagnoformat=byteorder + letters[sizes.count_nbytes],
        tagsize=sizes.entry_nbytes,
        tagformat1=f'{byteorder}HH',
        tagformat2=f'{byteorder}{letters[sizes.word_nbytes]}{sizes.inline}s',
        tagoffsetthreshold=sizes.inline,
    )


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
