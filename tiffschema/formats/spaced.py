"""Pages of a recording that lie at one distance, so that few of its directories tell of all.

Knows a chain and two tags; which formats write so is theirs to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tiffschema.errors import LimitError, TiffFileError
from tiffschema.model.directory import Directory
from tiffschema.model.tagcodes import TagCode

from .framesets import StridedFrames

__all__ = ['Spacing', 'spacing_of']

_PROBED = 5
_BETWEEN = 8
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class Spacing:
    """Where the pages of a recording lie, as its first ones tell.

    The first page may be larger than the others, whose distance is constant.

    Parameters:
        first: Offset of the directory of page 1.
        inset: Bytes from a directory to the pixels of its page; below 0 where these precede it.
        distance: Bytes from a page to the next.
        count: Pages that the file has room for, with page 0.
    """

    first: int
    inset: int
    distance: int
    count: int

    def directory(self, number: int) -> int:
        """Return where the directory of a page behind the first lies."""
        return self.first + (number - 1) * self.distance

    def ends_with_page(self, tif: Any) -> bool:
        """Return whether the last page is there; its own offsets may be modulo 4 GiB."""
        offset = self.directory(self.count - 1)
        directory = _read(tif, offset)
        begin = None if directory is None else _number(directory, TagCode.StripOffsets)
        return begin == (offset + self.inset) % _WRAP

    def is_confirmed(self, tif: Any, page: Any) -> bool:
        """Return whether the chain leads through pages at this distance to the end of the file.

        The last page and some of those before it are looked at. One byte more or less anywhere
        would move all that follow; a chain that somebody made to leave out a page between is not
        noticed.
        """
        last = self.count - 1
        steps = np.linspace(_PROBED - 1, last, _BETWEEN + 1).astype(np.int64)
        model = tif.pages.chain.directory(1)
        for number in dict.fromkeys([last, *steps.tolist()]):
            offset = self.directory(number)
            directory = _read(tif, offset)
            if directory is None or directory.codes != model.codes:
                return False
            found = (
                directory.next_offset,
                _number(directory, TagCode.StripOffsets),
                _number(directory, TagCode.StripByteCounts),
            )
            following = 0 if number == last else offset + self.distance
            if found != (following, offset + self.inset, page.nbytes):
                return False
        return True

    def frames(self, tif: Any, page: Any, *, tagged: bool) -> StridedFrames:
        """Return the frames.

        Parameters:
            tif: The file.
            page: Its first page.
            tagged: Frames have the tags of their directories; where offsets are modulo 4 GiB these
                lead nowhere.

        Raises:
            LimitError: There are too many.
        """
        if self.count > tif.limits.items:
            raise LimitError(f'{self.count} frames, {tif.limits.items} are allowed', 'series')
        directories = np.empty(self.count, np.int64)
        directories[0] = page.offset
        directories[1:] = self.first + self.distance * np.arange(self.count - 1, dtype=np.int64)
        offsets = directories[:, None] + self.inset
        offsets[0] = page.dataoffsets[0]
        return StridedFrames(
            tif, page, offsets, np.full_like(offsets, page.nbytes), directories if tagged else None
        )


def spacing_of(tif: Any, page: Any) -> Spacing | None:
    """Return what pages 1 to 4 tell of a file whose pages are each one stretch, None if nothing.

    Parameters:
        tif: The file.
        page: Its first page.
    """
    if not page.is_final:
        return None
    heads = []
    for number in range(1, _PROBED):
        try:
            directory = tif.pages.chain.directory(number)
        except (IndexError, TiffFileError):
            return None
        begin = _number(directory, TagCode.StripOffsets)
        if begin is None:
            return None
        heads.append((directory.offset, begin - directory.offset))
    first, inset = heads[0]
    distance = heads[1][0] - first
    head = tif.directories.codec.directory_nbytes(len(directory.codes))
    # Pixels lie behind their directory, or before it; pages do not overlap.
    if not (head <= inset <= distance - page.nbytes or page.nbytes <= -inset <= distance - head):
        return None
    if heads != [(first + k * distance, inset) for k in range(len(heads))]:
        return None
    behind = (tif.source.size - max(head, inset + page.nbytes) - first) // distance
    return Spacing(first, inset, distance, behind + 2) if behind >= 0 else None


def _read(tif: Any, offset: int) -> Directory | None:
    try:
        directory: Directory = tif.directories.read(offset)
    except TiffFileError:
        return None
    return directory


def _number(directory: Directory, code: int) -> int | None:
    place = directory.index.get(code)
    return None if place is None else directory.number(place)
