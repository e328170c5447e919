"""Changing one entry or one directory of a file in place.

Knows directories and values; neither chains nor pixels.
Rule 1: what fits where it is, can be written there in one piece, and is used by nothing else, is;
everything else goes behind the end, then one entry or one pointer is switched to it.
Rule 2: old bytes are zeroed only on request, only after the switch is on disk, and only where
nothing else in the file uses them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from tiffschema.errors import BuildError
from tiffschema.model.directory import Directory, DirectoryCodec, Entry
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import tag_tables
from tiffschema.types import Buffer

from .claims import Claims, claims_of
from .layout import even
from .plan import TagValue
from .tags import declared_block, field_of

__all__ = [
    'EditTarget',
    'Overwritten',
    'SourceTarget',
    'encode',
    'overwrite_value',
    'rebuild_directory',
]

ATOMIC_BYTES = 4096
"""Systems copy a write by pages of memory, and end a killed process between two of them only."""


class EditTarget(Protocol):
    """A file open for reading and writing."""

    @property
    def size(self) -> int:
        """End of the file."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a position."""

    def write_at(self, offset: int, data: Buffer) -> None:
        """Write bytes at a position."""

    def truncate(self, size: int) -> None:
        """Cut the file."""

    def sync(self) -> None:
        """Wait until what was written is on disk."""


@dataclass(frozen=True, slots=True)
class Overwritten:
    """An entry after its value was replaced: field type, count, and where the values lie."""

    fieldtype: int
    count: int
    value_at: int


def overwrite_value(
    target: EditTarget,
    directory: Directory,
    position: int,
    value: Any,
    *,
    fieldtype: int | None = None,
    erase: bool = True,
    claims: Callable[[], Claims] | None = None,
) -> Overwritten:
    """Replace the value of an entry.

    Parameters:
        target: The file.
        directory: The directory as it is in the file.
        position: Which of its entries.
        value: Text, bytes (packed, for types other than text), numbers, or a flat sequence of
            numerators and denominators.
        fieldtype: Another field type.
        erase: Zero the old bytes that are no longer used by anything.
        claims: Returns what the file's bytes are used for, where that is known already.

    Raises:
        ValueError: The value does not fit the type, or the file cannot hold it.
        FormatError: The file is damaged so that the change would damage more.
    """
    file_codec = directory.codec
    claims = claims or partial(claims_of, target, file_codec)
    code = directory.codes[position]
    row = tag_tables['tiff'].get(code)
    if row is not None:
        block = declared_block(file_codec, row, value)
        if block is not None:
            return _overwrite_block(target, directory, position, block, erase, claims)
    kind, count, data = encode(file_codec, code, fieldtype or directory.types[position], value)
    at = directory.entry_at(position)
    old_inline = directory.is_inline(position)
    old_at, old_size = directory.value_at(position), directory.value_nbytes(position)
    inline = file_codec.fits_entry(kind, len(data))
    if file_codec.is_ndpi and target.size > 0xFFFFFFFF and not inline:
        raise ValueError(f'tag {code}: an NDPI file beyond 4 GiB takes single integers only')
    if directory.high is not None and directory.high[position]:
        raise ValueError(f'tag {code}: its value or offset has more than the 32 bits of an entry')
    if old_at < 8:
        raise ValueError(f'tag {code}: its offset {old_at} lies in the header')
    claims().check_alone(at, file_codec.entry_nbytes)
    end = target.size
    if inline:
        target.write_at(at, file_codec.build_entry(code, kind, count, data))
        new_at = at + file_codec.entry_nbytes - file_codec.inline
        if not old_inline and erase:
            _erase(target, claims, [(old_at, old_size)], (at,), end)
        return Overwritten(kind, count, new_at)
    if not old_inline and _fits_in_place(target, directory, position, (kind, len(data)), claims):
        target.write_at(old_at, data + bytes(old_size - len(data)))
        if (kind, count) != (directory.types[position], directory.counts[position]):
            target.write_at(at, file_codec.build_entry(code, kind, count, None, old_at))
        return Overwritten(kind, count, old_at)
    new_at = even(target.size)
    entry = file_codec.build_entry(code, kind, count, None, new_at)  # refused before it is written
    _write_behind(target, data, claims(), (at,))
    target.write_at(at, entry)
    if not old_inline and erase:
        _erase(target, claims, [(old_at, old_size)], (at,), end)
    return Overwritten(kind, count, new_at)


def _overwrite_block(
    target: EditTarget,
    directory: Directory,
    position: int,
    tag: TagValue,
    erase: bool,
    claims: Callable[[], Claims],
) -> Overwritten:
    """Replace the value of an entry by a declared block, whose pointers follow its place.

    Raises:
        ValueError: Other tags would have to change with it.
    """
    built = tag.value
    if built.partners:
        raise ValueError(f'tag {tag.code}: its partners {sorted(built.partners)} change with it')
    field = field_of(directory.codec, tag)
    at = directory.entry_at(position)
    end = target.size
    claims().check_alone(at, directory.codec.entry_nbytes)
    old_at, old_size = directory.value_at(position), directory.value_nbytes(position)
    fits = not (built.far or directory.is_inline(position)) and _fits_in_place(
        target, directory, position, (field.fieldtype, built.size), claims
    )
    if built.size <= directory.codec.inline and not built.far:
        # Pointers of a block in the entry count from there.
        new_at = at + directory.codec.entry_nbytes - directory.codec.inline
        entry = directory.codec.build_entry(
            tag.code, field.fieldtype, field.count, built.at(new_at)
        )
    else:
        new_at = old_at if fits else even(target.size)
        entry = directory.codec.build_entry(tag.code, field.fieldtype, field.count, None, new_at)
        if fits:
            target.write_at(new_at, built.at(new_at) + bytes(old_size - built.size))
        else:
            _write_behind(target, built.at(new_at) + bytes(field.slack), claims(), (at,))
    target.write_at(at, entry)
    if erase and not (fits or built.far or directory.is_inline(position)):
        _erase(target, claims, [(old_at, old_size)], (at,), end)
    return Overwritten(field.fieldtype, field.count, new_at)


def _fits_in_place(
    target: EditTarget,
    directory: Directory,
    position: int,
    new: tuple[int, int],
    claims: Callable[[], Claims],
) -> bool:
    """Whether a value can be written over the old one without ever being half of each.

    One write within a page of memory is made whole or not at all. Where the count changes too, the
    entry is a second write: only text, which ends with its first NUL, is whole in between. Bytes
    that something else uses too are not the value's to change.
    """
    kind, nbytes = new
    size, at = directory.value_nbytes(position), directory.value_at(position)
    if nbytes > size or kind != directory.types[position]:
        return False
    if nbytes < size and kind != FIELD_TYPES['ASCII'].code:
        return False
    if at // ATOMIC_BYTES != (at + size - 1) // ATOMIC_BYTES or at + size > target.size:
        return False
    return not claims().others(at, at + size, (directory.entry_at(position),))


def encode(
    file_codec: DirectoryCodec, code: int, fieldtype: int | None, value: Any
) -> tuple[int, int, bytes]:
    """Return field type, count and bytes of a value.

    Raises:
        ValueError: The value does not fit the type.
    """
    try:
        field = field_of(file_codec, TagValue(code, fieldtype, value))
    except (BuildError, OverflowError) as error:
        raise ValueError(f'tag {code}: {error}') from error
    assert field.data is not None
    return field.fieldtype, field.count, field.data


@dataclass(frozen=True, slots=True)
class _Kept:
    """An entry that goes into another directory as it is: where it stood, and its bytes."""

    at: int
    data: bytes


def rebuild_directory(
    target: EditTarget,
    directory: Directory,
    pointer_at: int,
    *,
    removed: Iterable[int] = (),
    added: Iterable[Entry] = (),
    block: TagValue | None = None,
    erase: bool = False,
    link: Callable[[int], bytes] | None = None,
    claims: Callable[[], Claims] | None = None,
) -> Directory:
    """Write a directory anew behind the end, then let one pointer lead to it.

    Values which do not change stay where they are.

    Parameters:
        target: The file.
        directory: The directory as it is.
        pointer_at: Position of the pointer to it.
        removed: Positions of entries to leave out.
        added: New entries.
        block: A new entry whose value is a declared block; it goes behind the directory.
        erase: Zero the old directory and the values of removed entries.
        link: Returns the bytes of that pointer; by default it is one between directories.
        claims: Returns what the file's bytes are used for, where that is known already.

    Raises:
        ValueError: The file would grow beyond what its offsets can address.
        FormatError: The file is damaged so that the change would damage more.
    """
    file_codec = directory.codec
    if file_codec.is_ndpi:
        raise ValueError('an NDPI file takes changes of existing tags only')
    left_out = frozenset(removed)
    entries: list[tuple[int, _Kept | Entry | TagValue]] = []
    for position, code in enumerate(directory.codes):
        if position not in left_out:
            at = directory.entry_at(position)
            entries.append((code, _Kept(at, target.read_at(at, file_codec.entry_nbytes))))
    entries += [(entry.code, entry) for entry in added]
    if block is not None:
        entries.append((block.code, block))
    entries.sort(key=lambda item: item[0])
    used = claims() if claims is not None else claims_of(target, file_codec)
    address = even(target.size)
    built = file_codec.build(
        [item if isinstance(item, Entry) else Entry(code, 1, 1, b'\0') for code, item in entries],
        address,
        directory.next_offset,
    )
    data = bytearray(built.data)
    moved: dict[int, int] = {}
    for index, (_, item) in enumerate(entries):
        at = file_codec.count_nbytes + index * file_codec.entry_nbytes
        if isinstance(item, _Kept):
            data[at : at + file_codec.entry_nbytes] = item.data
            moved[address + at] = used.moved.get(item.at, item.at)
        elif isinstance(item, TagValue):
            entry, behind = _block_entry(file_codec, item, even(address + len(data)))
            data[at : at + file_codec.entry_nbytes] = entry
            data += bytes((address + len(data)) & 1) + behind
    pointer = (link or file_codec.build_link)(address)  # refused before anything is written
    used.check_alone(pointer_at, len(pointer))
    owners = [directory.offset, *map(directory.entry_at, sorted(left_out))]
    _write_behind(target, bytes(data), used, owners)
    used.moved.update(moved)
    target.write_at(pointer_at, pointer)
    if erase:
        ranges = [(directory.offset, directory.nbytes)]
        for position in sorted(left_out):
            if not directory.is_inline(position):
                size = directory.value_nbytes(position)
                ranges.append((directory.value_at(position), size))
        _erase(target, lambda: used, ranges, owners, address)
    return file_codec.parse(bytes(data), address, address)


def _block_entry(file_codec: DirectoryCodec, tag: TagValue, at: int) -> tuple[bytes, bytes]:
    """Return the entry of a declared block, and its bytes when it lies at an offset."""
    field = field_of(file_codec, tag)
    built = tag.value
    if built.size <= file_codec.inline and not built.far:
        entry = file_codec.build_entry(tag.code, field.fieldtype, field.count, built.at(0))
        return entry, b''
    entry = file_codec.build_entry(tag.code, field.fieldtype, field.count, None, at)
    return entry, built.at(at) + bytes(field.slack)


def _write_behind(target: EditTarget, data: bytes, used: Claims, owners: Sequence[int]) -> None:
    """Write bytes at the end of the file; a write that fails leaves no trace.

    Raises:
        TruncatedError: They would pass for bytes that the file lost.
    """
    end = target.size
    used.check_growth(end, even(end) + len(data), owners)
    try:
        target.write_at(even(end), data)
    except OSError:
        with contextlib.suppress(OSError):
            target.truncate(end)
        raise


def _erase(
    target: EditTarget,
    claims: Callable[[], Claims],
    ranges: Iterable[tuple[int, int]],
    owners: Sequence[int],
    end: int,
) -> None:
    """Zero ranges (offset, size) of some owners that nothing else in the file uses.

    What lies behind the old end of the file was none of theirs.
    """
    target.sync()
    used = claims()
    for offset, size in ranges:
        stop = min(offset + size, end)
        if offset < stop and not used.others(offset, stop, owners):
            target.write_at(offset, bytes(stop - offset))


class SourceTarget:
    """A source of the reading side, opened for writing too, as a target of edits.

    Parameters:
        source: Anything with ``size``, ``view``, ``write`` and ``flush``.
    """

    def __init__(self, source: Any) -> None:
        self._source = source

    @property
    def size(self) -> int:
        """End of the file."""
        return int(self._source.size)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a position."""
        return bytes(self._source.view(offset, size))

    def write_at(self, offset: int, data: Buffer) -> None:
        """Write bytes at a position."""
        self._source.write(offset, data)

    def truncate(self, size: int) -> None:
        """Cut the file, where it is one of the operating system and nothing holds it."""
        if self._source.is_file and not self._source.start:
            os.ftruncate(self._source.fileno(), size)
            self._source.changed()

    def sync(self) -> None:
        """Wait until what was written is on disk, if it goes to one."""
        self._source.flush()
        if self._source.is_file:
            os.fsync(self._source.fileno())
