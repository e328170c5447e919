"""Changing tags and pages of a file in place.

Knows chains of directories and the children in SubIFDs; how an entry or a directory changes is the
work of `tiffschema.writer.change`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import TracebackType
from typing import Any, TypeAlias

from tiffschema.errors import FormatError
from tiffschema.model.directory import Directory, Entry
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagcodes import TagCode
from tiffschema.model.tagtable import tag_tables

from .chain import directory_offsets, open_view, read_codec
from .change import SourceTarget, encode, overwrite_value, rebuild_directory
from .claims import Claims, claims_of, numbers, read_directory
from .plan import TagValue
from .sink import SpoolSink, StreamSink, Target, open_sink
from .tags import declared_block, fieldtype_code, is_owned, tag_code

__all__ = ['TagEditor', 'overwrite_tag']

PageKey: TypeAlias = 'int | Sequence[int]'


_CLAIMS: weakref.WeakKeyDictionary[Any, Callable[[], Claims]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a directory lies, the pointer to it, and the field type of that pointer.

    The type is None for a pointer between directories of a chain.
    """

    offset: int
    pointer_at: int
    fieldtype: int | None = None


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
            self._codec, first = read_codec(view)
            self._offsets, _ = directory_offsets(self._codec, view, first)
            self._claims = cache(partial(claims_of, self._sink, self._codec))
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

    def directory(self, page: PageKey) -> Directory:
        """Return the directory of a page as it is in the file now.

        Parameters:
            page: Index of a page; indices of a page and of its SubIFDs, one below the other.

        Raises:
            IndexError: There is no such page.
        """
        return self._read(self._place(page).offset)

    def _read(self, offset: int) -> Directory:
        return read_directory(self._sink, self._codec, offset)

    def _place(self, page: PageKey) -> _Place:
        first, *below = (page,) if isinstance(page, int) else tuple(page)
        index = range(len(self._offsets))[first]
        pointer_at = self._codec.first_at
        if index:
            pointer_at = self._read(self._offsets[index - 1]).next_at
        place = _Place(self._offsets[index], pointer_at)
        for step in below:
            children = self._children(place.offset)
            place = children[range(len(children))[step]]
        return place

    def _children(self, offset: int) -> list[_Place]:
        """Return the directories that the SubIFDs of a directory lead to, chained ones too."""
        directory = self._read(offset)
        position = directory.index.get(TagCode.SubIFDs)
        if position is None:
            return []
        fieldtype = directory.types[position]
        at, size = directory.value_at(position), FIELD_TYPES[fieldtype].size
        found: list[_Place] = []
        seen: set[int] = set()
        for index, child in enumerate(numbers(self._sink, directory, TagCode.SubIFDs).tolist()):
            place = _Place(child, at + index * size, fieldtype)
            while place.offset and place.offset not in seen:
                seen.add(place.offset)
                found.append(place)
                try:
                    following = self._read(place.offset)
                except FormatError:  # it shows when somebody wants this page
                    break
                place = _Place(following.next_offset, following.next_at)
        return found

    def set(
        self,
        key: int | str,
        value: Any,
        *,
        dtype: Any = None,
        page: PageKey = 0,
        index: int = 0,
        erase: bool = True,
    ) -> None:
        """Set a tag, which the page may have already or not.

        Parameters:
            key: Code or name.
            value: Text, bytes, number or sequence.
            dtype: Field type; by default that of the entry, or of the tag's row.
            page: Which page; (page, SubIFD, …) for those below it.
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
                self._overwrite(directory, position, value, fieldtype, erase)
            except ValueError:
                if fieldtype is not None:
                    raise
                fieldtype = encode(self._codec, code, None, value)[0]
                self._overwrite(directory, position, value, fieldtype, erase)
            return
        row = tag_tables['tiff'].get(code)
        block = None if row is None else declared_block(self._codec, row, value)
        if block is not None:
            self._add_block(page, directory, block, erase=erase)
            return
        if fieldtype is None and code not in tag_tables['tiff'] and isinstance(value, str):
            fieldtype = FIELD_TYPES['ASCII'].code
        if fieldtype is None and isinstance(value, (str, bytes)):
            fieldtype = row.types[0] if row is not None and row.types else None
        entry = Entry(code, *encode(self._codec, code, fieldtype, value))
        self._rebuild(page, directory, added=[entry], erase=erase)

    def _overwrite(
        self, directory: Directory, position: int, value: Any, fieldtype: int | None, erase: bool
    ) -> None:
        overwrite_value(
            self._sink,
            directory,
            position,
            value,
            fieldtype=fieldtype,
            erase=erase,
            claims=self._claims,
        )

    def _add_block(
        self, page: PageKey, directory: Directory, block: TagValue, *, erase: bool
    ) -> None:
        partners = [
            Entry(code, *encode(self._codec, code, None, values))
            for code, values in block.value.partners.items()
        ]
        there = [entry.code for entry in partners if directory.positions(entry.code)]
        if there:
            raise ValueError(f'tag {block.code}: its partners {there} are there already')
        self._rebuild(page, directory, added=partners, block=block, erase=erase)

    def delete(
        self, key: int | str, *, page: PageKey = 0, index: int | None = None, erase: bool = False
    ) -> None:
        """Remove a tag from a page.

        Parameters:
            key: Code or name.
            page: Which page; (page, SubIFD, …) for those below it.
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

        Parameters:
            page: Its index in the chain.

        Raises:
            IndexError: There is no such page.
            ValueError: It is the only one.
            FormatError: The file is damaged so that the change would damage more.
        """
        page = range(len(self._offsets))[page]
        if len(self._offsets) == 1:
            raise ValueError('page: a TIFF has at least one')
        place = self._place(page)
        link = self._codec.build_link(self._read(place.offset).next_offset)
        self._claims().check_alone(place.pointer_at, len(link))
        self._sink.write_at(place.pointer_at, link)
        del self._offsets[page]

    def _rebuild(self, page: PageKey, directory: Directory, **changes: Any) -> None:
        place = self._place(page)

        def link(address: int) -> bytes:
            if place.fieldtype is None:
                return self._codec.build_link(address)
            return encode(self._codec, TagCode.SubIFDs, place.fieldtype, (address,))[2]

        new = rebuild_directory(
            self._sink, directory, place.pointer_at, link=link, claims=self._claims, **changes
        )
        if isinstance(page, int) or len(page) == 1:
            self._offsets[page if isinstance(page, int) else page[0]] = new.offset

    @staticmethod
    def _refuse(code: int) -> None:
        if code not in CHANGEABLE and is_owned(code):
            raise ValueError(f'key: tag {code} says how the pixels are stored')


CHANGEABLE: frozenset[int] = frozenset(
    {
        TagCode.PhotometricInterpretation,
        TagCode.ExtraSamples,
        TagCode.SampleFormat,
        TagCode.ExifIFD,
        TagCode.GPSInfoIFD,
        TagCode.InteroperabilityTag,
        TagCode.GlobalParametersIFD,
        TagCode.SubIFDs,
    }
)
"""Tags of the writer whose change does not make pixels unreadable."""


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
    target = SourceTarget(directories.source)
    claims = _CLAIMS.get(directories.source)
    if claims is None:
        # The file is walked once, when first needed, however many tags are overwritten.
        claims = _CLAIMS[directories.source] = cache(
            partial(claims_of, SourceTarget(weakref.proxy(directories.source)), directory.codec)
        )
    overwrite_value(target, directory, 0, value, fieldtype=fieldtype, erase=erase, claims=claims)
    return type(tag).fromfile(tag.parent, offset=tag.offset, header=b'')
