"""Facts of pages: what follows from their tags; see `facts` for how rules name them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np

from tiffschema.codecs import builtin  # noqa: F401 - fills the registry
from tiffschema.codecs.registry import codecs
from tiffschema.errors import TiffFileError, TiffSchemaError, UnsupportedError
from tiffschema.model.enums import enumstr
from tiffschema.writer.storedshape import PHOTOMETRIC_SAMPLES

from .directoryfacts import DirectoryFacts
from .metadata import profile_space, xml_error

__all__ = ['PageFacts']

_OFFSETS: Final = ('TileOffsets', 'StripOffsets', 'JPEGInterchangeFormat')


class PageFacts(DirectoryFacts):
    """Facts of a page: its directory, and what follows from it.

    Parameters:
        page: The page.
        kind: ``main`` or ``sub``.
    """

    def __init__(self, page: Any, kind: str) -> None:
        super().__init__(page.path, page.tags, kind)
        self.page = page

    @property
    def is_image(self) -> bool:
        """Whether a tag says how large the image is, or where its samples lie."""
        return any(self.has(name) for name in ('ImageWidth', 'ImageLength', *_OFFSETS))

    @property
    def is_first(self) -> bool:
        """Whether it is the first of the main chain."""
        return bool(self.kind == 'main' and self.page.index == 0)

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.page.imagewidth)

    @property
    def length(self) -> int:
        """Rows."""
        return int(self.page.imagelength)

    @property
    def tilewidth(self) -> int:
        """Columns of a tile."""
        return int(self.page.tilewidth)

    @property
    def tilelength(self) -> int:
        """Rows of a tile."""
        return int(self.page.tilelength)

    @property
    def rowsperstrip(self) -> int:
        """Rows of a strip, at most those of the image."""
        return min(int(self.page.rowsperstrip), self.length)

    @property
    def is_within_limits(self) -> bool:
        """Whether the image has no more pixels than the limits of the file allow."""
        pixels = self.width * self.length * int(self.page.imagedepth)
        return bool(pixels <= self.page.parent.limits.pixels)

    @property
    def samples(self) -> int:
        """SamplesPerPixel."""
        return int(self.page.samplesperpixel)

    @property
    def bits(self) -> int:
        """BitsPerSample of the largest sample, 1 by default."""
        return int(self.tag('BitsPerSample.max') or 1)

    @property
    def sampleformat(self) -> int:
        """SampleFormat of the first sample, 1 by default."""
        value = self.tag('SampleFormat.min')
        return 1 if value is None else int(value)

    @property
    def photometric(self) -> str:
        """Name of the photometric interpretation that is stored, or its number."""
        return _named(self.page.tags.valueof('PhotometricInterpretation', -1))

    @property
    def compression(self) -> str:
        """Name of the compression that is stored, or its number."""
        return _named(self.page.tags.valueof('Compression', 1))

    @property
    def compression_code(self) -> int:
        """Number of the compression that is stored."""
        value = self.tag('Compression')
        return 1 if value is None else int(value)

    @property
    def photometric_code(self) -> int:
        """Number of the photometric interpretation that is stored, -1 if absent."""
        value = self.tag('PhotometricInterpretation')
        return -1 if value is None else int(value)

    @property
    def colours(self) -> int:
        """Samples that the photometric interpretation uses."""
        inks = self.tag('NumberOfInks') if self.photometric == 'separated' else None
        return int(inks or PHOTOMETRIC_SAMPLES.get(self.photometric_code, 1))

    @property
    def is_compression_known(self) -> bool:
        """Whether there is a codec of that number."""
        return self.compression_code in codecs

    @property
    def is_decodable(self) -> bool:
        """Whether the samples can be decoded here."""
        codec = codecs.get(self.compression_code)
        return codec is not None and codec.can_decode

    @property
    def is_image_codec(self) -> bool:
        """Whether the codec stores images, not bytes."""
        codec = codecs.get(self.compression_code)
        return codec is not None and bool(codec.is_image)

    @property
    def takes_predictor(self) -> bool:
        """Whether samples may be differenced before the codec compresses them."""
        codec = codecs.get(self.compression_code)
        return codec is not None and self.compression_code != 1 and codec.takes_predictor

    @property
    def is_planar(self) -> bool:
        """Whether samples lie apart."""
        return bool(self.tag('PlanarConfiguration') == 2)

    @property
    def is_tiled(self) -> bool:
        """Whether samples lie in tiles."""
        return bool(self.page.is_tiled)

    @property
    def is_reduced(self) -> bool:
        """Whether it is a smaller version of another image."""
        return bool(self.page.is_reduced)

    @property
    def segments(self) -> int:
        """Strips or tiles that the image has by its size."""
        return int(self.page.geometry.segment_count)

    @property
    def strips(self) -> int:
        """Strips that the image has by its size."""
        rows = max(self.rowsperstrip, 1)
        planes = self.samples if self.is_planar else 1
        return -(-self.length // rows) * planes * int(self.page.imagedepth)

    @property
    def segment_nbytes(self) -> int:
        """Bytes of a full segment before compression."""
        rows, columns = self.rowsperstrip, self.width
        if self.is_tiled:
            rows, columns = self.tilelength, self.tilewidth
        samples = 1 if self.is_planar else self.samples
        return rows * ((columns * self.bits * samples + 7) // 8)

    @cached_property
    def _places(self) -> tuple[Any, Any]:
        if self.page.segmenttable.nowhere:
            return np.empty(0), np.empty(0)
        offsets, counts = self.page.dataoffsets, self.page.databytecounts
        size = min(len(offsets), len(counts))
        return (
            np.asarray(offsets[:size], np.uint64).astype(np.float64),
            np.asarray(counts[:size], np.uint64).astype(np.float64),
        )

    @property
    def beyond(self) -> int:
        """Segments that reach beyond the end of the file."""
        offsets, counts = self._places
        return int(((offsets + counts > self.page.parent.source.size) & (counts > 0)).sum())

    @property
    def sparse(self) -> int:
        """Segments that are not stored: offset and size are 0."""
        offsets, counts = self._places
        return int(((offsets == 0) & (counts == 0)).sum())

    @property
    def half_sparse(self) -> int:
        """Segments of which only one of offset and size is 0."""
        offsets, counts = self._places
        return int(((offsets == 0) != (counts == 0)).sum())

    @property
    def descending(self) -> int:
        """Segments that lie before the one of the number before."""
        offsets, _ = self._places
        return int((np.diff(offsets[offsets > 0]) < 0).sum())

    @cached_property
    def _surplus(self) -> Any:
        """Stored bytes beyond those expected, of segments of an uncompressed image."""
        geometry = self.page.geometry
        _, counts = self._places
        wanted = [
            self._expected(geometry, index) for index in range(min(len(counts), self.segments))
        ]
        found = counts[: len(wanted)]
        return (found - np.asarray(wanted, np.float64))[found > 0]

    def _expected(self, geometry: Any, index: int) -> int:
        if self.is_tiled:
            return self.segment_nbytes
        rows = self.rowsperstrip
        of_plane = -(-self.length // max(rows, 1))
        rows = min(rows, self.length - index % max(of_plane, 1) * rows)
        return rows * (self.segment_nbytes // max(self.rowsperstrip, 1))

    @property
    def too_short(self) -> int:
        """Segments of an uncompressed image with fewer bytes than samples need."""
        return int((self._surplus < 0).sum())

    @property
    def too_long(self) -> int:
        """Segments of an uncompressed image with more bytes than samples need."""
        return int((self._surplus > 0).sum())

    @cached_property
    def decoding_error(self) -> TiffSchemaError | None:
        """Why the samples cannot be decoded, None if they can."""
        try:
            self.page.asarray()
        except (TiffFileError, UnsupportedError) as error:
            return error
        return None

    @property
    def unsound_xml(self) -> str:
        """Why the XMP packet is no XML, empty if it is."""
        return xml_error(self.page.tags.valueof('XMP'))

    @property
    def profile_space(self) -> str:
        """Colour space of the ICC profile, empty if it has no sound header."""
        return profile_space(self.page.tags.valueof('InterColorProfile'))


def _named(value: Any) -> str:
    """Return the name of a member of an enumeration, or the number."""
    if isinstance(value, tuple) and value:
        value = value[0]
    name = enumstr(value)
    return name.lower() if name else str(value)
