"""What no expression tells of an image: its JPEG streams, its samples, its image resources.

Knows pages through their facts; each function yields breaches of the rule that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tiffschema.codecs.bytestream import is_zlib
from tiffschema.codecs.codestream import StreamInfo, jpeg_info
from tiffschema.errors import FormatError, TiffFileError, UnsupportedError
from tiffschema.model.sections import schemas

from .pagefacts import PageFacts
from .structure import Breach

__all__ = [
    'exif_size', 'jpeg_samples', 'jpeg_sizes', 'jpeg_starts', 'jpeg_tables', 'lzw_starts',
    'resources', 'subsampling', 'undecodable', 'unsupported', 'zlib_starts',
]  # fmt: skip

_START: Final = b'\xff\xd8'
_TABLE_MARKERS: Final = frozenset({0xC4, 0xCC, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xDA)})


def undecodable(facts: PageFacts) -> Iterator[Breach]:
    """Yield why the samples of a page cannot be decoded."""
    error = facts.decoding_error
    if error is not None and not isinstance(error, UnsupportedError):
        if isinstance(error, FormatError):
            yield Breach(error.message, error.path, error.offset)
        else:
            yield Breach(str(error))


def unsupported(facts: PageFacts) -> Iterator[Breach]:
    """Yield what is absent here to decode the samples of a page."""
    if isinstance(facts.decoding_error, UnsupportedError):
        yield Breach(str(facts.decoding_error))


def _streams(facts: PageFacts) -> Iterator[tuple[int, memoryview]]:
    """Yield offset and bytes of each stored segment that lies in the file."""
    source = facts.page.parent.source
    for offset, nbytes in zip(facts.page.dataoffsets, facts.page.databytecounts, strict=False):
        if nbytes and source.holds(offset, nbytes):
            yield offset, source.view(offset, nbytes)


def _frames(facts: PageFacts) -> Iterator[tuple[int, memoryview, StreamInfo]]:
    """Yield offset, bytes and frame header of each JPEG stream."""
    for offset, stream in _streams(facts):
        info = jpeg_info(stream)
        if info is not None and info.samples and info.bits:
            yield offset, stream, info


def jpeg_starts(facts: PageFacts) -> Iterator[Breach]:
    """Yield the first segment that does not begin with the marker SOI."""
    for offset, stream in _streams(facts):
        if bytes(stream[:2]) != _START:
            yield Breach(f'a segment begins with {bytes(stream[:2]).hex()}, not ffd8', '', offset)
            return


def lzw_starts(facts: PageFacts) -> Iterator[Breach]:
    """Yield the first segment whose first code is not Clear (256, nine bits from the top)."""
    for offset, stream in _streams(facts):
        if len(stream) < 2 or stream[0] != 0x80 or stream[1] & 0x80:
            yield Breach(f'a segment begins with {bytes(stream[:2]).hex()}, not 8000', '', offset)
            return


def zlib_starts(facts: PageFacts) -> Iterator[Breach]:
    """Yield the first segment without the two bytes that a zlib stream begins with."""
    for offset, stream in _streams(facts):
        if not is_zlib(stream):
            head = bytes(stream[:2]).hex()
            yield Breach(f'a segment begins with {head}, no zlib header', '', offset)
            return


def jpeg_sizes(facts: PageFacts) -> Iterator[Breach]:
    """Yield the first stream that has the size of no segment, full or at the edge."""
    if facts.is_tiled:
        width, lengths = facts.tilewidth, {facts.tilelength}
    else:
        rest = facts.length % max(facts.rowsperstrip, 1)
        width, lengths = facts.width, {facts.rowsperstrip, rest or facts.rowsperstrip}
    for offset, _, info in _frames(facts):
        if info.width != width or info.height not in lengths:
            text = f'a stream of {info.height} x {info.width} pixels in a segment of '
            yield Breach(f'{text}{max(lengths)} x {width}', '', offset)
            return


def jpeg_samples(facts: PageFacts) -> Iterator[Breach]:
    """Yield the first stream whose samples differ in number or size from those of the image."""
    samples = 1 if facts.is_planar else facts.samples
    for offset, _, info in _frames(facts):
        # Lossless streams may hold two columns as two components, as raw files have them.
        packed = info.kind == 3 and info.width * info.samples == facts.tilewidth * samples
        if info.bits != facts.bits or (info.samples != samples and not packed):
            text = f'a stream of {info.samples} samples of {info.bits} bits'
            yield Breach(f'{text}, the image has {samples} of {facts.bits}', '', offset)
            return


def subsampling(facts: PageFacts) -> Iterator[Breach]:
    """Yield the first stream whose sampling factors are not those of YCbCrSubSampling."""
    declared = facts.tag('YCbCrSubSampling')
    if not isinstance(declared, tuple):
        return
    for offset, stream, info in _frames(facts):
        if info.samples != 3 or len(stream) < info.at + 19:
            continue
        factors = [stream[info.at + 11 + 3 * component] for component in range(3)]
        found = factors[0] >> 4, factors[0] & 15
        if factors[1:] == [0x11, 0x11] and found != declared:
            yield Breach(f'streams are subsampled by {found}, the tag says {declared}', '', offset)
            return


def jpeg_tables(facts: PageFacts) -> Iterator[Breach]:
    """Yield markers in JPEGTables which are those of an image."""
    data = facts.page.tags.valueof('JPEGTables')
    if not isinstance(data, bytes):  # absent, or of a wrong type, which another rule tells
        return
    at = 0
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker not in _TABLE_MARKERS | _ALONE:
            yield Breach(f'JPEGTables holds {data[at : at + 2].hex()} at {at}')
            return
        at += 2 if marker in _ALONE else 2 + int.from_bytes(data[at + 2 : at + 4], 'big')


def exif_size(facts: PageFacts) -> Iterator[Breach]:
    """Yield sizes in the Exif directory that are not those of the image."""
    exif = facts.page.tags.valueof('ExifTag')
    if not isinstance(exif, dict):
        return
    for name, size in (('PixelXDimension', facts.width), ('PixelYDimension', facts.length)):
        said = exif.get(name)
        if isinstance(said, int) and said != size:
            yield Breach(f'{name} is {said}, the image has {size}')


def resources(facts: PageFacts) -> Iterator[Breach]:
    """Yield why the image resources of Photoshop cannot be read."""
    tag: Any = facts.page.tags.get('ImageResources')
    if tag is None:
        return
    found: list[FormatError] = []
    data = facts.page.parent.source.view(tag.valueoffset, tag.valuebytecount)
    try:
        schemas['tiff/blocks'].struct('irb').parse(data, faults=found)
    except TiffFileError as error:
        yield Breach(str(error), '', tag.valueoffset)
    for fault in found:
        yield Breach(str(fault), '', tag.valueoffset)
