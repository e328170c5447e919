"""Facts of files: what follows from all of their pages; see `facts` for how rules name them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from tiffschema.formats.gdal_layout import blocks
from tiffschema.formats.geotiff import structural_metadata
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.coverage import ByteMap

from .structure import directories

__all__ = ['FileFacts']

_DECIDING: Final = ('header', 'directory', 'value')
_RAW: Final = frozenset({32803, 34892})


class FileFacts:
    """Facts of a file.

    Parameters:
        tif: The file.
    """

    def __init__(self, tif: Any) -> None:
        self.tif = tif

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return int(self.tif.source.size)

    @property
    def is_bigtiff(self) -> bool:
        """Whether offsets have 64 bits."""
        return bool(self.tif.is_bigtiff)

    @property
    def is_classic(self) -> bool:
        """Whether it is a TIFF with offsets of 32 bits."""
        return bool(self.tif.container.codec.variant == 'classic')

    @property
    def pages(self) -> int:
        """Directories of the main chain."""
        return len(self.tif.pages)

    @cached_property
    def map(self) -> ByteMap:
        """What every byte is."""
        return byte_map(self.tif, details=False)

    @cached_property
    def overlaps(self) -> list[tuple[str, int, int, str, set[str]]]:
        """Bytes claimed twice: the kind that decides whose fault it is, start, size, paths, kinds.

        A directory decides, then the value of a tag.
        """
        kinds = {span.path: span.kind for span in self.map.spans if span.depth == 0}
        found = []
        for span in self.map.unexplained:
            if span.kind == 'overlap':
                claimed = {kind for path, kind in kinds.items() if path in span.path.split(' and ')}
                kind = next((one for one in _DECIDING if one in claimed), 'segment')
                found.append((kind, span.start, span.nbytes, span.path, claimed))
        return found

    @property
    def byteorder(self) -> str:
        """``little`` or ``big``."""
        return 'little' if self.tif.byteorder == '<' else 'big'

    # How a Cloud Optimized GeoTIFF is laid out

    @cached_property
    def _levels(self) -> list[Any]:
        """The first page and the reduced ones behind it, without masks."""
        pages = [self.tif.pages.get(index, aspage=True) for index in range(self.pages)]
        return [page for page in pages if page.index == 0 or (page.is_reduced and not page.is_mask)]

    @property
    def overviews(self) -> int:
        """Smaller versions of the first page."""
        return max(len(self._levels) - 1, 0)

    @property
    def width(self) -> int:
        """Columns of the first page."""
        return int(self._levels[0].imagewidth) if self._levels else 0

    @property
    def length(self) -> int:
        """Rows of the first page."""
        return int(self._levels[0].imagelength) if self._levels else 0

    @property
    def first(self) -> int:
        """Offset of the first directory."""
        return int(self.tif.container.first)

    @property
    def ghost_end(self) -> int:
        """Where GDAL's text behind the header ends, at an even offset; 0 if there is none."""
        stops = [stop for _, stop, name in blocks(self.tif, ()) if name.startswith('gdal')]
        return max((stop + stop % 2 for stop in stops), default=0)

    @property
    def is_incompatible_edition(self) -> bool:
        """Whether GDAL's text says that a program changed the file which does not know it."""
        found = structural_metadata(self.tif) or {}
        return str(found.get('KNOWN_INCOMPATIBLE_EDITION', '')).strip().upper() == 'YES'

    @property
    def overviews_shrink(self) -> bool:
        """Whether each level is smaller than the one before."""
        sizes = [(page.imagewidth, page.imagelength) for page in self._levels]
        return all(b[0] < a[0] and b[1] <= a[1] for a, b in pairwise(sizes))

    @property
    def directories_ascend(self) -> bool:
        """Whether directories lie in the order of the levels."""
        return all(a.offset < b.offset for a, b in pairwise(self._levels))

    @property
    def last_directory(self) -> int:
        """Offset of the directory of the smallest level."""
        return int(self._levels[-1].offset) if self._levels else 0

    def _data(self) -> Iterator[int]:
        """Yield where the first stored samples of each level lie."""
        for page in self._levels:
            stored = [int(offset) for offset in page.dataoffsets if offset]
            if stored:
                yield stored[0]

    @property
    def first_data(self) -> int:
        """Where samples of the smallest level begin, 0 if none are stored."""
        offsets = list(self._data())
        return offsets[-1] if offsets else 0

    @property
    def data_descends(self) -> bool:
        """Whether samples of smaller levels lie before those of larger ones."""
        return all(a > b for a, b in pairwise(self._data()))

    # What formats ask of a file

    @property
    def is_ome(self) -> bool:
        """Whether the first description is OME-XML."""
        return bool(self.tif.is_ome)

    @property
    def raw_images(self) -> int:
        """Raw images of full size, SubIFDs included."""
        return sum(
            directory.tag('PhotometricInterpretation') in _RAW
            and not directory.tag('NewSubfileType')
            for directory in directories(self.tif)
            if directory.kind in ('main', 'sub')
        )
