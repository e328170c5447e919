"""`TiffFormat`: byte order and sizes of a container, under the names that users know.

Knows the declared header variants; reads nothing.
"""

from __future__ import annotations

from functools import cache

from tiffschema.types import ByteOrder
from tiffschema.values import value

from .directory import Variant, codec

__all__ = ['TiffFormat']


@value(kw_only=True)
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
        """Return the format of a variant in a byte order.

        Parameters:
            variant: ``'classic'``, ``'big'`` or ``'ndpi'``.
            byteorder: ``'<'`` or ``'>'``.
            version: Number in the header; by default that of the variant.
        """
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
