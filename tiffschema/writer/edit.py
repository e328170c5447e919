"""Changing tags and pages of a file in place.

Knows directories and values; decodes no pixels.
Rule 1: what fits where it is, and can be written there in one piece, is; everything else goes
behind the end, then one entry or one pointer is switched to it.
Rule 2: old bytes are zeroed only on request, and only after the switch is on disk.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from tiffschema.errors import BuildError
from tiffschema.model.directory import Directory, DirectoryCodec, Entry, codec, parse_header
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import tag_tables
from tiffschema.types import Buffer

from .chain import directory_offsets, open_view
from .layout import even
from .plan import TagValue
from .sink import SpoolSink, StreamSink, Target, open_sink
from .tags import OWNED, declared_value, field_of, fieldtype_code, tag_code

__all__ = [
    'EditTarget',
    'Overwritten',
    'SourceTarget',
    'TagEditor',
    'overwrite_tag',
    'overwrite_value',
    'rebuild_directory',
]

SEGMENTS = frozenset({273, 279, 324, 325})

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
) -> Overwritten:
    """Replace the value of an entry.

    Parameters:
        target: The file.
        directory: The directory as it is in the file.
        position: Which of its entries.
        value: Text, bytes (packed, for types other than text), numbers, or a flat sequence of
            numerators and denominators.
        fieldtype: Another field type.
        erase: Zero the old bytes that are no longer used.

    Raises:
        ValueError: The value does not fit the type, or the file cannot hold it.
    """
    file_codec = directory.codec
    code = directory.codes[position]
    row = tag_tables['tiff'].get(code)
    if row is not None and (isinstance(value, Mapping) or hasattr(value, '_fields')):
        block = declared_value(file_codec, row, value)
        if block is not None:
            return _overwrite_block(target, directory, position, block, erase)
    kind, count, data = encode(file_codec, code, fieldtype or directory.types[position], value)
    at = directory.entry_at(position)
    old_inline = directory.is_inline(position)
    old_at, old_size = directory.value_at(position), directory.value_nbytes(position)
    if file_codec.is_ndpi and target.size > 0xFFFFFFFF and len(data) > file_codec.inline:
        raise ValueError(f'tag {code}: an NDPI file beyond 4 GiB takes single integers only')
    if old_at < 8:
        raise ValueError(f'tag {code}: its offset {old_at} lies in the header')
    if len(data) <= file_codec.inline:
        target.write_at(at, file_codec.build_entry(code, kind, count, data))
        new_at = at + file_codec.entry_nbytes - file_codec.inline
        if not old_inline and erase:
            _erase(target, old_at, old_size)
        return Overwritten(kind, count, new_at)
    if not old_inline and _fits_in_place(directory, position, kind, len(data)):
        target.write_at(old_at, data + bytes(old_size - len(data)))
        if (kind, count) != (directory.types[position], directory.counts[position]):
            target.write_at(at, file_codec.build_entry(code, kind, count, None, old_at))
        return Overwritten(kind, count, old_at)
    new_at = _write_behind(target, data)
    target.write_at(at, file_codec.build_entry(code, kind, count, None, new_at))
    if not old_inline and erase:
        _erase(target, old_at, old_size)
    return Overwritten(kind, count, new_at)


def _overwrite_block(
    target: EditTarget, directory: Directory, position: int, tag: TagValue, erase: bool
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
    old_at, old_size = directory.value_at(position), directory.value_nbytes(position)
    fits = not (built.far or directory.is_inline(position)) and _fits_in_place(
        directory, position, field.fieldtype, built.size
    )
    if built.size <= directory.codec.inline and not built.far:
        # Pointers of a block in the entry count from there.
        new_at = at + directory.codec.entry_nbytes - directory.codec.inline
        entry = directory.codec.build_entry(
            tag.code, field.fieldtype, field.count, built.at(new_at)
        )
    else:
        new_at = old_at if fits else even(target.size)
        if fits:
            target.write_at(new_at, built.at(new_at) + bytes(old_size - built.size))
        else:
            _write_behind(target, built.at(new_at) + bytes(field.slack))
        entry = directory.codec.build_entry(tag.code, field.fieldtype, field.count, None, new_at)
    target.write_at(at, entry)
    if erase and not (fits or built.far or directory.is_inline(position)):
        _erase(target, old_at, old_size)
    return Overwritten(field.fieldtype, field.count, new_at)


def _fits_in_place(directory: Directory, position: int, kind: int, nbytes: int) -> bool:
    """Whether a value can be written over the old one without ever being half of each.

    One write within a page of memory is made whole or not at all. Where the count changes too, the
    entry is a second write: only text, which ends with its first NUL, is whole in between.
    """
    size, at = directory.value_nbytes(position), directory.value_at(position)
    if nbytes > size or kind != directory.types[position]:
        return False
    if nbytes < size and kind != FIELD_TYPES['ASCII'].code:
        return False
    return at // ATOMIC_BYTES == (at + size - 1) // ATOMIC_BYTES


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


def rebuild_directory(
    target: EditTarget,
    directory: Directory,
    pointer_at: int,
    *,
    changed: Mapping[int, tuple[int, int, bytes]] | None = None,
    removed: Iterable[int] = (),
    added: Iterable[Entry] = (),
    erase: bool = False,
) -> Directory:
    """Write a directory anew behind the end, then let one pointer lead to it.

    Values which do not change stay where they are.

    Parameters:
        target: The file.
        directory: The directory as it is.
        pointer_at: Position of the pointer to it.
        changed: New field type, count and bytes by position of the entry.
        removed: Positions of entries to leave out.
        added: New entries.
        erase: Zero the old directory and the values of removed entries.

    Raises:
        ValueError: The file would grow beyond what its offsets can address.
    """
    file_codec = directory.codec
    if file_codec.is_ndpi:
        raise ValueError('an NDPI file takes changes of existing tags only')
    left_out = frozenset(removed)
    changed = dict(changed or {})
    entries: list[tuple[int, bytes | Entry]] = []
    for position, code in enumerate(directory.codes):
        if position in left_out:
            continue
        if position in changed:
            entries.append((code, Entry(code, *changed[position])))
        else:
            at = directory.entry_at(position)
            entries.append((code, target.read_at(at, file_codec.entry_nbytes)))
    entries += [(entry.code, entry) for entry in added]
    entries.sort(key=lambda item: item[0])
    address = even(target.size)
    built = file_codec.build(
        [item if isinstance(item, Entry) else Entry(code, 1, 1, b'\0') for code, item in entries],
        address,
        directory.next_offset,
    )
    data = bytearray(built.data)
    for index, (_, item) in enumerate(entries):
        if not isinstance(item, Entry):
            at = file_codec.count_nbytes + index * file_codec.entry_nbytes
            data[at : at + file_codec.entry_nbytes] = item
    _write_behind(target, bytes(data))
    target.write_at(pointer_at, file_codec.build_link(address))
    if erase:
        for position in left_out | frozenset(changed):
            if not directory.is_inline(position):
                _erase(target, directory.value_at(position), directory.value_nbytes(position))
        _erase(target, directory.offset, directory.nbytes)
    return file_codec.parse(bytes(data), address, address)


def _write_behind(target: EditTarget, data: bytes) -> int:
    """Write bytes at the end of the file and return where; a write that fails leaves no trace."""
    end = target.size
    try:
        target.write_at(even(end), data)
    except OSError:
        with contextlib.suppress(OSError):
            target.truncate(end)
        raise
    return even(end)


def _erase(target: EditTarget, offset: int, size: int) -> None:
    target.sync()
    target.write_at(offset, bytes(size))


class TagEditor:
    """Changes tags and pages of a file in place.

    Parameters:
        file: Path or file object of a TIFF, open for reading and writing.

    Raises:
        TiffFileError: The file is no TIFF, or its chain of directories is damaged.
        ValueError: The file object cannot be read or cannot seek.

    Example:
        >>> import io, numpy
        >>> from tiffschema.writer.imwrite import imwrite
        >>> stream = io.BytesIO()
        >>> _ = imwrite(stream, numpy.zeros((5, 6), 'uint8'))
        >>> with TagEditor(stream) as editor:
        ...     editor.set('Artist', 'me')
        ...     editor.set('XResolution', (300, 1))
        ...     editor.delete('Software')
        ...     'Software' in editor, 'Artist' in editor
        (False, True)
    """

    def __init__(self, file: Target) -> None:
        self._sink = open_sink(file, 'r+')
        if isinstance(self._sink, SpoolSink):
            raise ValueError('file: changing it needs a file that can be read and sought')
        if isinstance(self._sink, StreamSink):
            self._sink.rebase(0)
        try:
            view = open_view(self._sink)
            header = parse_header(bytes(view[:16]), ndpi=self._sink.name.lower().endswith('.ndpi'))
            self._codec = codec(header.variant, header.byteorder)
            self._offsets, _ = directory_offsets(self._codec, view, header.first)
        except BaseException:
            self._sink.abort()
            raise

    def __enter__(self) -> TagEditor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._sink.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, (int, str)):
            return False
        return bool(self.directory(0).positions(tag_code(key, 'key')))

    def directory(self, page: int) -> Directory:
        """Return the directory of a page as it is in the file now.

        Raises:
            IndexError: There is no such page.
        """
        return self._codec.parse(open_view(self._sink), 0, self._offsets[page])

    def _pointer_at(self, page: int) -> int:
        page = range(len(self._offsets))[page]
        if page == 0:
            return self._codec.first_at
        return self.directory(page - 1).next_at

    def set(
        self,
        key: int | str,
        value: Any,
        *,
        dtype: Any = None,
        page: int = 0,
        index: int = 0,
        erase: bool = True,
    ) -> None:
        """Set a tag, which the page may have already or not.

        Parameters:
            key: Code or name.
            value: Text, bytes, number or sequence.
            dtype: Field type; by default that of the entry, or of the tag's row.
            page: Which page.
            index: Which of several entries with the code.
            erase: Zero the old value where it is not used any more.

        Raises:
            ValueError: The value does not fit, or the tag says how the pixels are stored.
        """
        code = tag_code(key, 'key')
        self._refuse(code)
        directory = self.directory(page)
        positions = directory.positions(code)
        fieldtype = None if dtype is None else fieldtype_code(dtype, 'dtype')
        if index < len(positions):
            position = positions[index]
            try:
                overwrite_value(
                    self._sink, directory, position, value, fieldtype=fieldtype, erase=erase
                )
            except ValueError:
                if fieldtype is not None:
                    raise
                fieldtype = self._codec.encode_value(None, None, value)[0]
                overwrite_value(
                    self._sink, directory, position, value, fieldtype=fieldtype, erase=erase
                )
            return
        if fieldtype is None and code not in tag_tables['tiff'] and isinstance(value, str):
            fieldtype = FIELD_TYPES['ASCII'].code
        if fieldtype is None and isinstance(value, (str, bytes)):
            row = tag_tables['tiff'].get(code)
            fieldtype = row.types[0] if row is not None and row.types else None
        entry = Entry(code, *encode(self._codec, code, fieldtype, value))
        self._rebuild(page, directory, added=[entry], erase=erase)

    def delete(
        self, key: int | str, *, page: int = 0, index: int | None = None, erase: bool = False
    ) -> None:
        """Remove a tag from a page.

        Parameters:
            key: Code or name.
            page: Which page.
            index: Which of several entries with the code; all by default.
            erase: Zero the old value and directory.

        Raises:
            KeyError: The page has no such tag.
            ValueError: The tag says how the pixels are stored.
        """
        code = tag_code(key, 'key')
        self._refuse(code)
        directory = self.directory(page)
        positions = directory.positions(code)
        if index is not None:
            positions = positions[index : index + 1]
        if not positions:
            raise KeyError(key)
        self._rebuild(page, directory, removed=positions, erase=erase)

    def remove_page(self, page: int) -> None:
        """Take a page out of the chain; its bytes stay until `compact`.

        Raises:
            IndexError: There is no such page.
            ValueError: It is the only one.
        """
        page = range(len(self._offsets))[page]
        if len(self._offsets) == 1:
            raise ValueError('page: a TIFF has at least one')
        link = self._codec.build_link(self.directory(page).next_offset)
        self._sink.write_at(self._pointer_at(page), link)
        del self._offsets[page]

    def _rebuild(self, page: int, directory: Directory, **changes: Any) -> None:
        pointer_at = self._pointer_at(page)
        new = rebuild_directory(self._sink, directory, pointer_at, **changes)
        self._offsets[page] = new.offset

    @staticmethod
    def _refuse(code: int) -> None:
        if code in SEGMENTS or (code in OWNED and code not in CHANGEABLE):
            raise ValueError(f'key: tag {code} says how the pixels are stored')


CHANGEABLE: frozenset[int] = frozenset({262, 338, 339, 34665, 34853, 40965, 400, 330})
"""Tags of the writer whose change does not make pixels unreadable."""


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


def overwrite_tag(tag: Any, value: Any, *, dtype: Any = None, erase: bool = True) -> Any:
    """Replace the value of a tag of an open file; what `TiffTag.overwrite` does.

    Parameters:
        tag: The tag; its file is open for writing.
        value: As `overwrite_value` takes it.
        dtype: Another field type.
        erase: Zero the old bytes.

    Returns:
        The tag as it is now.

    Raises:
        ValueError: The value does not fit.
    """
    directories = tag.parent.directories
    directory = directories.entry(tag.offset)
    fieldtype = None if dtype is None else fieldtype_code(dtype, 'dtype')
    overwrite_value(
        SourceTarget(directories.source), directory, 0, value, fieldtype=fieldtype, erase=erase
    )
    return type(tag).fromfile(tag.parent, offset=tag.offset, header=b'')
