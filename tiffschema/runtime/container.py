"""What kind of container a file is: byte order, width of offsets.

Knows headers through `model.container`; follows no chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffschema.errors import FormatError, TiffFileError
from tiffschema.model.container import read_start
from tiffschema.model.directory import DirectoryCodec
from tiffschema.model.tiffformat import TiffFormat
from tiffschema.values import value

if TYPE_CHECKING:
    from .source import Source

__all__ = ['Container', 'open_container']


@value
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
    if len(source.head()) == 0:
        raise TiffFileError(f'{source.name!r} is empty')
    try:
        start = read_start(source.view, lambda: source.size)
    except FormatError as error:
        raise TiffFileError(f'{source.name!r} is no TIFF file: {error}') from error
    parser = start.codec
    form = TiffFormat.of(parser.variant, parser.byteorder, start.version)
    return Container(parser, form, start.first)
