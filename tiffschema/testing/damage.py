"""Damage to whole files, one named fault each.

Knows directories and segments of sound files; every fault keeps the rest of the file as it is. A
reader must answer each with documented errors or recorded faults, soon, and without much memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from tiffschema.model.directory import Directory, codec, parse_header
from tiffschema.model.tagcodes import TagCode

from .nearvalid import NearValid

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ['DAMAGES', 'damaged']

Draw: TypeAlias = Callable[[Any], Any]

OFFSETS, COUNTS = (
    (TagCode.StripOffsets, TagCode.TileOffsets),
    (TagCode.StripByteCounts, TagCode.TileByteCounts),
)
SHORT, LONG, LONG8 = 3, 4, 16
SIZES = (
    TagCode.ImageWidth,
    TagCode.ImageLength,
    TagCode.SamplesPerPixel,
    TagCode.RowsPerStrip,
    TagCode.TileWidth,
    TagCode.TileLength,
    TagCode.ImageDepth,
    TagCode.TileDepth,
    TagCode.BitsPerSample,
    TagCode.SampleFormat,
    TagCode.PlanarConfiguration,
)
CHOICES: Mapping[int, tuple[int, ...]] = {
    TagCode.BitsPerSample: (0, 1, 3, 7, 24, 65, 65535),
    TagCode.Compression: (0, *range(2, 10), 34712, 34887, 50000, 50001, 50002, 65000, 65535),
    TagCode.PhotometricInterpretation: (2, 3, 5, 6, 8, 32803, 32844, 32845, 34892, 65535),
    TagCode.PlanarConfiguration: (0, 2, 9),
    TagCode.Predictor: (2, 3, 34894, 9),
    TagCode.ExtraSamples: (0, 9),
    TagCode.SampleFormat: (0, 2, 3, 5, 6, 9),
}
"""Values of enumerated tags that may contradict the rest of a page."""
TEXTS = (
    b'{"shape": [999999999, 999999999], "axes": "YX"}', b'{"shape": [-1, 2]}', b'{"shape": "x"}',
    b'ImageJ=1.53\nimages=999999999\nchannels=-3\nslices=77777\nhyperstack=true\n',
    b'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image>'
    b'<Pixels SizeX="9999999" SizeY="1" SizeC="77" SizeZ="9" SizeT="99999" Type="uint8" '
    b'DimensionOrder="XYCZT"><TiffData IFD="0" PlaneCount="999999999"/></Pixels></Image></OME>',
    b'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image><Pixels', b'\xff' * 40,
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><OME>&c;</OME>',
)  # fmt: skip


class Anatomy:
    """Where the structures of a sound file lie.

    Parameters:
        data: The file.
    """

    def __init__(self, data: bytes) -> None:
        header = parse_header(data[:16])
        self.data = data
        self.codec = codec(header.variant, header.byteorder)
        self.directories: list[Directory] = []
        self._walk(header.first)

    def _walk(self, offset: int) -> None:
        while offset:
            directory = self.codec.parse(self.data, 0, offset)
            self.directories.append(directory)
            for child in self.numbers(directory, TagCode.SubIFDs):
                self._walk(child)
            offset = directory.next_offset

    def numbers(self, directory: Directory, code: int) -> list[int]:
        """Return the numbers of a tag, none if it is absent."""
        if code not in directory.index:
            return []
        position = directory.index[code]
        at = directory.value_at(position)
        data = self.data[at : at + directory.value_nbytes(position)]
        value = self.codec.decode_value(directory.types[position], directory.counts[position], data)
        return [int(value)] if isinstance(value, int) else [int(number) for number in value]

    def segments(self) -> list[tuple[int, int]]:
        """Return offset and size of all segments."""
        found: list[tuple[int, int]] = []
        for directory in self.directories:
            for offsets, counts in zip(OFFSETS, COUNTS, strict=True):
                pairs = zip(
                    self.numbers(directory, offsets), self.numbers(directory, counts), strict=True
                )
                found += [(at, size) for at, size in pairs if size]
        return found

    def entry(self, directory: Directory, position: int, **changes: int) -> bytes:
        """Return an entry with another code, type or count, or a number in place of its values."""
        code = changes.get('code', directory.codes[position])
        kind = changes.get('kind', directory.types[position])
        count = changes.get('count', directory.counts[position])
        value = directory.values[position].ljust(self.codec.inline, b'\0')
        if 'number' in changes:
            kind, count, value = self.codec.encode_value(None, LONG, changes['number'])
        if 'offset' in changes:
            return self.codec.build_entry(code, kind, count, None, changes['offset'])
        return self.codec.build_entry(code, kind, count, value)


def damaged(data: bytes, faults: Iterable[str] = ()) -> SearchStrategy[NearValid]:
    """Return a strategy that damages a sound file.

    Parameters:
        data: The file, as this library writes it.
        faults: Names from `DAMAGES`; all if none are given.

    Raises:
        KeyError: There is no such damage.

    Example:
        >>> import io, numpy, tiffschema
        >>> stream = io.BytesIO()
        >>> tiffschema.write(stream, numpy.zeros((5, 6), 'uint8'))
        >>> damaged(stream.getvalue()).example().fault in DAMAGES  # doctest: +SKIP
        True
    """
    from hypothesis import strategies as st

    known = {name: DAMAGES[name] for name in faults} or DAMAGES

    def draw_one(draw: Draw) -> NearValid:
        anatomy = Anatomy(data)
        fault = draw(st.sampled_from(tuple(known)))
        place, patch = known[fault](draw, anatomy)
        if patch is None:
            return NearValid(data[:place], fault, place)
        return NearValid(data[:place] + patch + data[place + len(patch) :], fault, place)

    return st.composite(draw_one)()


Patch: TypeAlias = tuple[int, bytes | None]


def _wild(draw: Draw, anatomy: Anatomy) -> int:
    """Draw a number at the edges of what can be, and beyond."""
    from hypothesis import strategies as st

    size = len(anatomy.data)
    top = (1 << 8 * anatomy.codec.next_nbytes) - 1
    edges = (0, 1, 3, 8, size - 1, size, size + 1, top, top >> 1, (top >> 1) + 1, 65535, 1 << 31)
    return int(draw(st.sampled_from(edges) | st.integers(0, size)))


def _directory(draw: Draw, anatomy: Anatomy) -> Directory:
    from hypothesis import strategies as st

    found: Directory = draw(st.sampled_from(anatomy.directories))
    return found


def _entry(draw: Draw, anatomy: Anatomy, codes: tuple[int, ...] = ()) -> tuple[Directory, int]:
    """Draw an entry, one of these codes where the directory has one."""
    from hypothesis import strategies as st

    directory = _directory(draw, anatomy)
    positions = [at for at, code in enumerate(directory.codes) if code in codes]
    return directory, draw(st.sampled_from(positions or range(len(directory.codes))))


def _cut_anywhere(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    return draw(st.integers(0, len(anatomy.data) - 1)), None


def _cut_directory(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    directory = _directory(draw, anatomy)
    return directory.offset + draw(st.integers(0, directory.nbytes - 1)), None


def _cut_values(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    directory, position = _entry(draw, anatomy)
    at = directory.value_at(position)
    return at + draw(st.integers(0, directory.value_nbytes(position))), None


def _cut_segment(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    at, size = draw(st.sampled_from(anatomy.segments()))
    return at + draw(st.integers(0, size - 1)), None


def _cycle(draw: Draw, anatomy: Anatomy) -> Patch:
    directory, target = _directory(draw, anatomy), _directory(draw, anatomy)
    return directory.next_at, anatomy.codec.build_link(target.offset)


def _cyclic_children(draw: Draw, anatomy: Anatomy) -> Patch:
    directory, position = _entry(
        draw, anatomy, (TagCode.SubIFDs, TagCode.Software, TagCode.ResolutionUnit)
    )
    target = _directory(draw, anatomy)
    entry = anatomy.entry(directory, position, code=TagCode.SubIFDs, number=target.offset)
    return directory.entry_at(position), entry


def _wild_link(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    places = [anatomy.codec.first_at, *(each.next_at for each in anatomy.directories)]
    return draw(st.sampled_from(places)), anatomy.codec.build_link(_wild(draw, anatomy))


def _entry_count(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    directory = _directory(draw, anatomy)
    kind = {2: SHORT, 8: LONG8}[anatomy.codec.count_nbytes]
    wrong = draw(st.sampled_from((0, 1, len(directory) - 1, len(directory) + 1, 4096, 65535)))
    _, _, data = anatomy.codec.encode_value(None, kind, wrong)
    return directory.offset, data


def _value_count(draw: Draw, anatomy: Anatomy) -> Patch:
    directory, position = _entry(draw, anatomy)
    wrong = _wild(draw, anatomy)
    if directory.is_inline(position):
        entry = anatomy.entry(directory, position, count=wrong)
    else:
        entry = anatomy.entry(directory, position, count=wrong, offset=directory.numbers[position])
    return directory.entry_at(position), entry


def _field_type(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    directory, position = _entry(draw, anatomy)
    kind = draw(st.sampled_from((0, 1, 2, 3, 4, 5, 7, 11, 12, 13, 16, 18, 19, 255, 65535)))
    return directory.entry_at(position), anatomy.entry(directory, position, kind=kind)


def _value_offset(draw: Draw, anatomy: Anatomy) -> Patch:
    directory, position = _entry(
        draw,
        anatomy,
        (
            TagCode.ImageDescription,
            TagCode.StripOffsets,
            TagCode.StripByteCounts,
            TagCode.XResolution,
            TagCode.TileOffsets,
            TagCode.TileByteCounts,
            TagCode.ColorMap,
            TagCode.IJMetadata,
        ),
    )
    entry = anatomy.entry(directory, position, offset=_wild(draw, anatomy))
    return directory.entry_at(position), entry


def _absurd_size(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    directory, position = _entry(draw, anatomy, SIZES)
    number = draw(st.sampled_from((0, 1, 2, 17, 65535, 65536, 1 << 24, 1 << 30, 0xFFFFFFFF)))
    return directory.entry_at(position), anatomy.entry(directory, position, number=number)


def _contradiction(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    directory, position = _entry(draw, anatomy, tuple(CHOICES))
    known = CHOICES.get(directory.codes[position], (0, 1, 65535))
    number = draw(st.sampled_from(known))
    return directory.entry_at(position), anatomy.entry(directory, position, number=number)


def _overlap(draw: Draw, anatomy: Anatomy) -> Patch:
    """All segments of a page begin at one place: in another page, a directory or the header."""
    from hypothesis import strategies as st

    directory, position = _entry(draw, anatomy, OFFSETS)
    places = [0, directory.offset, *(at for at, _ in anatomy.segments()[:8])]
    place = draw(st.sampled_from(places))
    count, kind = directory.counts[position], directory.types[position]
    if kind not in (LONG, LONG8):
        return directory.entry_at(position), anatomy.entry(directory, position, number=place)
    _, _, data = anatomy.codec.encode_value(None, kind, (place,) * count)
    return directory.value_at(position), data


def _segment_sizes(draw: Draw, anatomy: Anatomy) -> Patch:
    directory, position = _entry(draw, anatomy, COUNTS)
    count, kind = directory.counts[position], directory.types[position]
    if kind not in (SHORT, LONG, LONG8):
        return directory.entry_at(position), anatomy.entry(directory, position, number=0)
    wrong = _wild(draw, anatomy) % (1 << {SHORT: 16, LONG: 32, LONG8: 63}[kind])
    _, _, data = anatomy.codec.encode_value(None, kind, (wrong,) * count)
    return directory.value_at(position), data


def _garbage(draw: Draw, anatomy: Anatomy) -> Patch:
    from hypothesis import strategies as st

    at, size = draw(st.sampled_from(anatomy.segments()))
    start = draw(st.integers(0, size - 1))
    return at + start, draw(st.binary(min_size=1, max_size=16))[: size - start]


def _text(draw: Draw, anatomy: Anatomy) -> Patch:
    """Another text at the end of the file; its entry may take the place of any other."""
    from hypothesis import strategies as st

    text = draw(st.sampled_from(TEXTS)) + draw(st.sampled_from((b'', b'\0')))
    directory, position = _entry(
        draw, anatomy, (TagCode.ImageDescription, TagCode.Software, TagCode.ResolutionUnit)
    )
    at = directory.value_at(position)
    room = directory.value_nbytes(position)
    if directory.is_inline(position):
        kind = {'kind': 2, 'code': TagCode.ImageDescription}
        return directory.entry_at(position), anatomy.entry(directory, position, **kind)
    return at, text[:room]


def _order(draw: Draw, anatomy: Anatomy) -> Patch:
    """Two entries change places, or one comes twice."""
    from hypothesis import strategies as st

    directory, first = _entry(draw, anatomy)
    at, size = directory.entry_at(first), anatomy.codec.entry_nbytes
    if first + 1 == len(directory):
        at -= size
    one, two = anatomy.data[at : at + size], anatomy.data[at + size : at + 2 * size]
    return at, draw(st.sampled_from((two + one, one + one, two + two)))


DAMAGES: Mapping[str, Callable[[Draw, Anatomy], Patch]] = {
    'cut': _cut_anywhere,
    'cut in a directory': _cut_directory,
    'cut in values': _cut_values,
    'cut in a segment': _cut_segment,
    'cyclic chain': _cycle,
    'cyclic children': _cyclic_children,
    'wild link': _wild_link,
    'count of entries': _entry_count,
    'count of values': _value_count,
    'field type': _field_type,
    'offset of values': _value_offset,
    'absurd size': _absurd_size,
    'contradiction': _contradiction,
    'overlapping segments': _overlap,
    'sizes of segments': _segment_sizes,
    'garbage in a segment': _garbage,
    'text': _text,
    'order of entries': _order,
}
"""Kinds of damage by name."""
