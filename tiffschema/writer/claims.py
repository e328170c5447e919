"""What the bytes of a file are used for, asked before bytes are zeroed or written over.

Knows directories, their values and segments; changes nothing. Files may share values between
entries, and damaged ones let anything overlap: what another structure uses must stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, LimitError, TruncatedError
from tiffschema.limits import DEFAULT_LIMITS
from tiffschema.model.directory import Directory, DirectoryCodec
from tiffschema.model.tagcodes import SEGMENTS, TagCode
from tiffschema.model.tagtable import tag_tables

__all__ = [
    'Claims', 'Readable', 'claims_of', 'extents', 'lost_behind', 'numbers', 'plain_nbytes',
    'read_directory', 'segments',
]  # fmt: skip

POINTERS = frozenset({4, 13, 16, 18})
HEADER = 8
YCBCR = 6
FIRST_BYTES, MOST_BYTES = 1 << 12, 1 << 18
FAR = 1 << 61
"""An offset behind all files, so that sums do not overflow."""

Extent: TypeAlias = tuple[int, int, int]


class Readable(Protocol):
    """A file whose bytes can be read."""

    @property
    def size(self) -> int:
        """End of the file."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a position, fewer at the end."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Ranges of bytes in use, and by what.

    They hold for as long as a file is only changed by what asks them: new bytes go behind the end.

    Fields:
        starts, stops: The ranges, shape (n,).
        owners: Position of the entry for a value, offset of a directory, -1 for segments.
        moved: Where entries stood at first, by the position they were moved to since.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    owners: NDArray[np.int64]
    moved: dict[int, int] = field(default_factory=dict)

    def others(self, start: int, stop: int, owners: Sequence[int] = ()) -> bool:
        """Whether anything but some owners uses bytes of a range."""
        own = {*owners, *(self.moved.get(owner, owner) for owner in owners)}
        return any(owner not in own for owner in self.users(start, stop))

    def users(self, start: int, stop: int) -> list[int]:
        """Return the owners of ranges that share bytes with a range, one for each of these."""
        used = np.flatnonzero((self.starts < stop) & (self.stops > start))
        found: list[int] = self.owners[used].tolist()
        return found

    def check_alone(self, offset: int, size: int) -> None:
        """Refuse to write over an entry or pointer that something else takes for its own.

        Raises:
            FormatError: Something does.
        """
        if len(self.users(offset, offset + size)) > 1:
            message = 'other structures or pixels lie where this would change'
            raise FormatError(message, 'ifd', offset)

    def check_growth(self, end: int, stop: int, owners: Sequence[int] = ()) -> None:
        """Refuse to write behind the end what a damaged file would take for bytes that it lost.

        Parameters:
            end, stop: Where the file ends, and where it would.
            owners: What may be lost: it changes.

        Raises:
            TruncatedError: Values or pixels are said to lie there.
        """
        if self.others(end, stop, owners):
            raise lost_behind(end)


def lost_behind(end: int) -> TruncatedError:
    """Return the error of a file that cannot grow since bytes behind its end are missing."""
    message = (
        'values or pixels are missing behind the end of the file, and what is written there would'
        ' pass for them; repair writes anew what is left'
    )
    return TruncatedError(message, 'tiff', end)


def read_directory(target: Readable, codec: DirectoryCodec, offset: int) -> Directory:
    """Return a directory.

    Raises:
        FormatError: It is damaged, or leaves the file.
    """
    if not HEADER <= offset < target.size:
        raise TruncatedError('a directory lies outside of the file', 'ifd', offset)
    try:
        return codec.parse(target.read_at(offset, FIRST_BYTES), offset, offset)
    except TruncatedError:
        return codec.parse(target.read_at(offset, MOST_BYTES), offset, offset)


def claims_of(
    target: Readable, codec: DirectoryCodec, pages: Sequence[int] | None = None
) -> Claims:
    """Return what all directories claim that can be reached; damaged ones claim nothing.

    Parameters:
        target: The file.
        codec: Its shape and byte order.
        pages: Offsets of those to ask, which lead to their SubIFDs; by default the whole chain.

    Raises:
        LimitError: Directories or their claims are more than the limits allow: few bytes of a
            damaged file can be the offsets of many pages.
    """
    limits = DEFAULT_LIMITS
    first = codec.parse_link(target.read_at(codec.first_at, codec.next_nbytes))
    found: list[Extent] = [(0, codec.header_nbytes, 0)]
    many: list[NDArray[np.int64]] = []
    waiting = [(offset, 'tiff') for offset in (pages if pages is not None else [first])]
    seen: set[int] = set()
    held = 0
    while waiting:
        offset, space = waiting.pop()
        if not offset:
            continue
        if offset in seen:  # by two pointers: it belongs to neither alone
            found.append((offset, offset + 1, -1))
            continue
        seen.add(offset)
        try:
            directory = read_directory(target, codec, offset)
        except FormatError:
            continue
        found += extents(directory)
        many.append(segments(target, directory))
        waiting += _children(target, directory, space)
        held += len(many[-1])
        most = max(len(seen), len(waiting))
        if max(held, len(found)) > limits.items or most > limits.directories:
            raise LimitError('the file claims more ranges than are allowed', 'ifd', offset)
        if space == 'tiff' and pages is None:
            waiting.append((directory.next_offset, space))
    claims = np.concatenate([np.array(found, object).clip(-1, FAR).astype(np.int64), *many])
    return Claims(claims[:, 0], claims[:, 1], claims[:, 2])


def extents(directory: Directory) -> list[Extent]:
    """Return where a directory and its values lie: start, stop, owner."""
    sizes, fits_entry = directory.codec.sizes, directory.codec.fits_entry
    step, at = directory.codec.entry_nbytes, directory.entry_at(0)
    ranges = [(directory.offset, directory.offset + directory.nbytes, directory.offset)]
    rows = zip(directory.types, directory.counts, directory.numbers, strict=True)
    for position, (fieldtype, count, value_at) in enumerate(rows):
        nbytes = sizes.get(fieldtype, 0) * count
        if not fits_entry(fieldtype, nbytes):
            ranges.append((value_at, value_at + nbytes, at + position * step))
    return ranges


def segments(target: Readable, directory: Directory) -> NDArray[np.int64]:
    """Return where the segments of a page lie, shape (n, 3): start, stop, -1.

    Of one whose byte count is missing or zero only the first byte is known.
    """
    parts = []
    for offsets_code, counts_code in SEGMENTS.items():
        offsets = numbers(target, directory, offsets_code)
        counts = numbers(target, directory, counts_code)
        if len(offsets):
            sizes = np.ones(len(offsets), np.int64)
            told = counts[: len(offsets)]
            np.maximum(told, 1, out=sizes[: len(told)])
            if offsets_code == TagCode.StripOffsets and len(offsets) == 1:
                # Readers take all of a plain page from its one offset, whatever the counts say.
                plain = plain_nbytes(lambda code: numbers(target, directory, code).tolist())
                sizes = np.maximum(sizes, min(plain, FAR))
            part = np.full((len(offsets), 3), -1, np.int64)
            part[:, 0] = offsets
            part[:, 1] = offsets + sizes
            parts.append(part[part[:, 0] > 0])
    return np.concatenate(parts) if parts else np.zeros((0, 3), np.int64)


def plain_nbytes(numbers_of: Callable[[int], Sequence[int]]) -> int:
    """Return the bytes that samples take at least where they are stored plain, 0 if coded.

    Parameters:
        numbers_of: Returns the integers of a tag, none where it is absent.
    """

    def first(code: int, default: int) -> int:
        return next(iter(numbers_of(code)), default)

    if first(TagCode.Compression, 1) != 1 or first(TagCode.PhotometricInterpretation, 0) == YCBCR:
        return 0
    bits = numbers_of(TagCode.BitsPerSample) or [1]
    samples = first(TagCode.SamplesPerPixel, 1)
    bits_of_pixel = sum(bits) if len(bits) == samples else bits[0] * samples
    width, length = first(TagCode.ImageWidth, 0), first(TagCode.ImageLength, 0)
    return -(-width * bits_of_pixel // 8) * length * first(TagCode.ImageDepth, 1)


def _children(target: Readable, directory: Directory, space: str) -> list[tuple[int, str]]:
    table = tag_tables[space]
    found = []
    for code, position in directory.index.items():
        row = table.get(code)
        if row is None or row.space is None or directory.types[position] not in POINTERS:
            continue
        offsets = numbers(target, directory, code)
        found += [(int(offset), row.space) for offset in offsets if HEADER <= offset < target.size]
    return found


def numbers(target: Readable, directory: Directory, code: int) -> NDArray[np.int64]:
    """Return the integers of a tag; none where it is absent, damaged, or holds no integers."""
    none = np.zeros(0, np.int64)
    position = directory.index.get(code)
    if position is None:
        return none
    number = directory.number(position)
    if number is not None:
        return np.array([min(number, FAR)], np.int64)
    if directory.types[position] not in directory.codec.sizes:
        return none
    at, size = directory.value_at(position), directory.value_nbytes(position)
    if at < 0 or at + size > target.size:
        return none
    value: Any = directory.codec.decode_value(
        directory.types[position], directory.counts[position], target.read_at(at, size)
    )
    array = np.atleast_1d(np.asarray(value))
    if array.dtype.kind not in 'ui':
        return none
    return np.minimum(array.astype(np.uint64), np.uint64(FAR)).astype(np.int64)
