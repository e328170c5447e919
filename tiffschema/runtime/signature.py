"""What is equal in the directories of a file's pages: codes, types and counts, worked out once.

Pages of a stack differ in offsets only. A signature knows where each tag of such a directory is and
how its value comes about, so that a page costs its numbers and nothing more. Knows tag plans and
columns of directories; no files.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from tiffschema.model import catalog
from tiffschema.model.directory import Directory

from .tagplans import tag_plan

__all__ = ['IN_FILE', 'IN_PLACE', 'LAYOUT_CODES', 'UNKNOWN', 'Signature', 'signature_of']

LAYOUT_CODES: Final = (
    256, 257, 258, 259, 262, 266, 277, 278, 284, 317, 322, 323, 338, 339, 530, 32997, 32998,
)  # fmt: skip
"""Tags on which the geometry of a page depends."""

CODEC_CODES: Final = frozenset(
    {292, 293, 347, 437, *range(512, 522), 529, 531, 532, 50674, 65007, 65008, 65009}
)
"""Tags that codecs look at."""

_TO_LOOK_AT: Final = frozenset({513, 65420, 65441})
"""Tags that correct the geometry of some pages: their values are no part of a signature."""

SHORTS: Final = 0
LONGS: Final = 1
NUMBERS: Final = 2
IN_PLACE: Final = 3
IN_FILE: Final = 4
UNKNOWN: Final = 5

_MOST: Final = 2048
_known: dict[tuple[Any, ...], Signature] = {}


Place: TypeAlias = 'tuple[int, int, int, int, int, dict[int, Any] | None, bool]'


class Signature:
    """Codes, types and counts of a directory.

    Parameters:
        directory: One that has them.
        space: Name space of the codes.

    Attributes:
        index: Position of the first entry of each code.
        entries: For each entry code, type, count, bytes of values, where they are (a column of
            numbers, `IN_PLACE`, `IN_FILE`, `UNKNOWN`), the members of its enumeration by number,
            and whether its value is a tuple.
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
            elif size * count > codec.inline or (codec.is_ndpi and kind == 2):
                where = IN_FILE
            else:
                where = columns.get(kind, IN_PLACE) if count == 1 and plan.is_plain else IN_PLACE
                members = plan.members
            nbytes = (size or 0) * count
            self.entries.append((code, kind, count, nbytes, where, members, plan.is_tuple))
        self.layout = self._layout()
        self.is_plain = CODEC_CODES.isdisjoint(self.index)
        offset_at, size_at = self.column(273), self.column(279)
        self.strip: tuple[tuple[int, int], tuple[int, int]] | None = None
        if offset_at is not None and size_at is not None and 324 not in self.index:
            self.strip = offset_at, size_at

    def _layout(self) -> list[tuple[int, int]] | None:
        if not _TO_LOOK_AT.isdisjoint(self.index):
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


def signature_of(directory: Directory, space: str) -> Signature:
    """Return the signature of a directory; directories that are alike share one."""
    key = (
        directory.codec,
        space,
        *directory.codes,
        *directory.types,
        *directory.counts,
    )
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST:
            _known.clear()
        found = _known[key] = Signature(directory, space)
    return found


catalog.watch(lambda id: _known.clear())
