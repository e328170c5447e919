"""What is equal in the directories of a file's pages: codes, types and counts, worked out once.

Pages of a stack differ in offsets only. A signature knows where each tag of such a directory is and
how its value comes about, so that a page costs its numbers and nothing more. Knows tag plans and
columns of directories; no files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from tiffschema.compiler.scalars import unpacker
from tiffschema.model import catalog
from tiffschema.model.directory import Directory, DirectoryCodec
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagcodes import EerCode, NdpiCode, TagCode
from tiffschema.model.tagtext import decode_text

from .tagplans import TagPlan, tag_plan

__all__ = [
    'CORRECTION_CODES', 'IN_FILE', 'IN_PLACE', 'LAYOUT_CODES', 'UNKNOWN', 'Signature',
    'short_reader', 'signature_of',
]  # fmt: skip

LAYOUT_CODES: Final = (
    TagCode.ImageWidth, TagCode.ImageLength, TagCode.BitsPerSample, TagCode.Compression,
    TagCode.PhotometricInterpretation, TagCode.FillOrder, TagCode.SamplesPerPixel,
    TagCode.RowsPerStrip, TagCode.PlanarConfiguration, TagCode.Predictor, TagCode.TileWidth,
    TagCode.TileLength, TagCode.ExtraSamples, TagCode.SampleFormat, TagCode.YCbCrSubSampling,
    TagCode.ImageDepth, TagCode.TileDepth,
)  # fmt: skip
"""Tags on which the geometry of a page depends."""

CODEC_CODES: Final = frozenset(
    {
        TagCode.T4Options,
        TagCode.T6Options,
        TagCode.JPEGTables,
        TagCode.JPEGTables_437,
        *range(TagCode.JPEGProc, TagCode.JPEGACTables + 1),
        TagCode.YCbCrCoefficients,
        TagCode.YCbCrPositioning,
        TagCode.ReferenceBlackWhite,
        TagCode.LercParameters,
        EerCode.PosSkipBits,
        EerCode.HorzSubBits,
        EerCode.VertSubBits,
    }
)
"""Tags that codecs look at."""

CORRECTION_CODES: Final = (TagCode.JPEGInterchangeFormat, NdpiCode.FileFormat, NdpiCode.CaptureMode)
"""Tags that correct the geometry of some pages: their values are no part of a signature."""

SHORTS: Final = 0
LONGS: Final = 1
NUMBERS: Final = 2
IN_PLACE: Final = 3
IN_FILE: Final = 4
UNKNOWN: Final = 5

_MOST: Final = 2048
_FEW: Final = 64
"""Values that are not worth an array."""
_known: dict[tuple[Any, ...], Signature] = {}


Reader: TypeAlias = Callable[[memoryview, int], Any]
Place: TypeAlias = 'tuple[int, int, int, int, int, dict[int, Any] | None, bool, Reader | None]'


class Signature:
    """Codes, types and counts of a directory.

    Parameters:
        directory: One that has them.
        space: Name space of the codes.

    Attributes:
        index: Position of the first entry of each code.
        entries: For each entry code, type, count, bytes of values, where they are (a column of
            numbers, `IN_PLACE`, `IN_FILE`, `UNKNOWN`), the members of its enumeration by number,
            whether its value is a tuple, and what reads the value from bytes if it is short.
        is_plain: Whether codecs need nothing but the geometry.
        strip: Positions and columns of offset and size, where the page is one strip.
        layout: Position and column of the tags of the layout; None if one of them is no number
            in its entry, or others must be looked at.
    """

    __slots__ = ('entries', 'index', 'is_plain', 'layout', 'strip')

    def __init__(self, directory: Directory, space: str) -> None:
        codec = directory.codec
        self.index = directory.index
        self.entries: list[Place] = []
        columns = {3: SHORTS, 4: LONGS, 13: LONGS}
        if codec.is_big:
            columns[16] = columns[18] = NUMBERS
        for code, kind, count in zip(
            directory.codes, directory.types, directory.counts, strict=True
        ):
            size = codec.sizes.get(kind)
            plan = tag_plan(space, code)
            members: dict[int, Any] | None = None
            if size is None:
                where = UNKNOWN
            elif not codec.fits_entry(kind, size * count):
                where = IN_FILE
            else:
                where = columns.get(kind, IN_PLACE) if count == 1 and plan.is_plain else IN_PLACE
                members = plan.members
            nbytes = (size or 0) * count
            short = short_reader(codec, kind, count, plan) if where >= IN_PLACE else None
            place = code, kind, count, nbytes, where, members, plan.is_tuple, short
            self.entries.append(place)
        self.layout = self._layout()
        self.is_plain = CODEC_CODES.isdisjoint(self.index)
        offset_at, size_at = self.column(TagCode.StripOffsets), self.column(TagCode.StripByteCounts)
        self.strip: tuple[tuple[int, int], tuple[int, int]] | None = None
        if offset_at is not None and size_at is not None and TagCode.TileOffsets not in self.index:
            self.strip = offset_at, size_at

    def _layout(self) -> list[tuple[int, int]] | None:
        if any(code in self.index for code in CORRECTION_CODES):
            return None
        found = []
        for code in LAYOUT_CODES:
            position = self.index.get(code)
            if position is not None:
                where = self.entries[position][4]
                if where >= IN_PLACE:
                    return None
                found.append((position, where))
        return found

    def column(self, code: int) -> tuple[int, int] | None:
        """Return position and column of a tag that is one number in its entry, else None."""
        position = self.index.get(code)
        if position is None or self.entries[position][4] >= IN_PLACE:
            return None
        return position, self.entries[position][4]


def short_reader(codec: DirectoryCodec, kind: int, count: int, plan: TagPlan) -> Reader | None:
    """Return what reads a short text or a few numbers at a position of a buffer, None for others.

    Parameters:
        codec: Codec of the directory.
        kind: Field type.
        count: Number of values.
        plan: What is known of the tag.
    """
    field = FIELD_TYPES.get(kind)
    if field is None or count > _FEW or not plan.is_simple:
        return None
    if field.kind == 'text':
        return lambda view, at: decode_text(bytes(view[at : at + count]))
    if field.kind not in ('number', 'pair') or plan.members is not None or codec.is_ndpi:
        return None
    unpack = unpacker(field.numpy, count * field.elements, codec.byteorder)
    if count * field.elements == 1 and not plan.is_tuple:
        return lambda view, at: unpack(view, at)[0]
    return unpack


def signature_of(directory: Directory, space: str) -> Signature:
    """Return the signature of a directory; directories that are alike share one."""
    shared = directory.shared
    signature: Signature | None = shared.get(space)
    if signature is not None:
        return signature
    codes, types, counts = directory.codes, directory.types, directory.counts
    key = directory.codec, space, *codes, *types, *counts
    signature = _known.get(key)
    if signature is None:
        if len(_known) >= _MOST:
            _known.clear()
        signature = _known[key] = Signature(directory, space)
    shared[space] = signature
    return signature


catalog.watch(lambda id: _known.clear())
