"""`TiffTag` and `TiffTags`: entries of a directory and their values, which are read when asked for.

Knows a file only through what reads its directories (`DirectoryReader`). Numbers that lie in the
entry itself are known at once; everything else is read on first use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from tiffschema.errors import FormatError, LimitError, TiffFileError
from tiffschema.model.enums import enum
from tiffschema.model.faces import face
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import tag_tables

from .signature import IN_FILE, IN_PLACE, Signature, signature_of
from .tagplans import TagPlan, tag_plan

if TYPE_CHECKING:
    from tiffschema.model.directory import Directory


__all__ = ['TiffTag', 'TiffTags']


class _Unread:
    """Marks values that were not read."""

    def __repr__(self) -> str:
        return '<unread>'

    def __reduce__(self) -> str:
        return 'UNREAD'


UNREAD: Final = _Unread()
SILENT: Final = frozenset({'Compression', 'Predictor'})
"""Enumerations in which unknown numbers are so common that they are no fault."""
_DATATYPES: dict[int, Any] = {}


def _read_value(tag: TiffTag) -> Any:
    """Read a value; what it takes is imported for the first one."""
    global _read_value
    from .tagvalue import read_value

    _read_value = read_value
    return read_value(tag)


def _datatype(code: int) -> Any:
    found = _DATATYPES.get(code)
    if found is None:
        try:
            found = enum('DATATYPE')(code)
        except ValueError:
            found = code
        _DATATYPES[code] = found
    return found


class TagScope:
    """Where a tag stands; tags know it rather than `TiffTags`, which would make a circle of them.

    Parameters:
        directory: The directory.
        space: Name space of its codes.
        trail: Offsets of the directories that led to it.
    """

    __slots__ = ('directory', 'space', 'trail')

    def __init__(self, directory: Directory, space: str, trail: tuple[int, ...]) -> None:
        self.directory = directory
        self.space = space
        self.trail = trail


class TiffTag:
    """One entry of a directory.

    Parameters:
        parent: The file.
        offset: File offset of the entry.
        code: Number of the tag.
        dtype: Field type.
        count: Number of values.
        value: Value, `UNREAD` to read it on first use.
        valueoffset: File offset of the value.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.zeros((3, 16, 20), 'u1'), photometric='minisblack')
        >>> with tiffschema.TiffFile('temp.tif') as tif:
        ...     tag = tif.pages[0].tags['ImageWidth']
        ...     tag.code, tag.name, tag.count, tag.value
        (256, 'ImageWidth', 1, 20)
    """

    __slots__ = (
        '_dtype', '_scope', 'code', 'count', 'offset', 'parent', 'value', 'valueoffset',
    )  # fmt: skip

    parent: Any
    offset: int
    code: int
    count: int
    value: Any
    """Value; read on first use, and settable in memory.

    Numbers, text, bytes, tuples, arrays (more than 1,024 numbers), members of enumerations, or
    dictionaries, as the row of the tag says. A value that cannot be read is a `TiffFileError`.
    """
    valueoffset: int

    def __init__(
        self,
        parent: Any,
        offset: int,
        code: int,
        dtype: int,
        count: int,
        value: Any,
        valueoffset: int,
        /,
        _scope: TagScope | None = None,
    ) -> None:
        self.parent = parent
        self.offset = offset
        self.code = code
        self._dtype = dtype
        self.count = count
        if value is not UNREAD:
            self.value = value
        self.valueoffset = valueoffset
        self._scope = _scope

    def __getattr__(self, name: str) -> Any:
        # Only asked for what a slot does not hold: values that were not read.
        if name == 'value':
            value = self.value = _read_value(self)
            return value
        raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')

    @property
    def is_read(self) -> bool:
        """Whether the value is in memory."""
        try:
            object.__getattribute__(self, 'value')
        except AttributeError:
            return False
        return True

    @classmethod
    def fromfile(
        cls,
        parent: Any,
        /,
        *,
        offset: int | None = None,
        header: bytes | None = None,
        validate: bool = True,
    ) -> TiffTag:
        """Return the tag whose entry lies at an offset of a file.

        Parameters:
            parent: A `TiffFile`.
            offset: File offset of the entry, default the position of the file's handle.
            header: Not needed; accepted so that callers need not know.
            validate: Whether to raise if the values do not lie in the file.

        Raises:
            TiffFileError: There is no valid entry.
        """
        if offset is None:
            offset = parent.filehandle.tell()
        directory = parent.directories.entry(offset)
        tags = TiffTags(parent, directory, strict=validate)
        if not len(tags):
            raise TiffFileError(f'no tag at {offset}')
        tag = next(iter(tags))
        if header is None:
            parent.filehandle.seek(offset + directory.codec.entry_nbytes)
        return tag

    # What it is

    @property
    def dtype(self) -> Any:
        """Field type as a member of `DATATYPE`; a plain number if it is unknown."""
        return _datatype(self._dtype)

    @property
    def dtype_name(self) -> str:
        """Name of the field type."""
        kind = FIELD_TYPES.get(self._dtype)
        return f'TYPE{self._dtype}' if kind is None else kind.name

    @property
    def dataformat(self) -> str:
        """Format of one value as `struct` writes it, without byte order."""
        return FIELD_TYPES[self._dtype].letter

    @property
    def valuebytecount(self) -> int:
        """Bytes of the values."""
        return self.count * FIELD_TYPES[self._dtype].size

    @property
    def plan(self) -> TagPlan:
        """What is known of the tag."""
        return tag_plan('tiff' if self._scope is None else self._scope.space, self.code)

    @property
    def name(self) -> str:
        """Name of the tag, the first one where it has several."""
        return self.plan.name

    # Value

    @property
    def record(self) -> Any:
        """Record of a vendor's block, its fields decoded on access; None if none is declared.

        Raises:
            FormatError: The bytes do not have the declared form.
        """
        from .tagvalue import read_record

        return read_record(self)

    def astuple(self) -> tuple[int, int, int, Any, bool]:
        """Return (code, dtype, count, value, True), as `extratags` takes it."""
        from .tagvalue import plain_value

        return self.code, self._dtype, self.count, plain_value(self), True

    def overwrite(self, value: Any, /, *, dtype: Any = None, erase: bool = True) -> TiffTag:
        """Write a new value into the file, in place if it fits, else at the end.

        Parameters:
            value: New value.
            dtype: Field type, default that of the entry.
            erase: Whether to overwrite the old value with zeros.

        Returns:
            The tag with the new value.

        Raises:
            ValueError: The value cannot be stored.
        """
        tag: TiffTag = face('writer.overwrite')(self, value, dtype=dtype, erase=erase)
        return tag

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TiffTag):
            return NotImplemented
        return self is other or (
            (self.parent, self.offset, self.code) == (other.parent, other.offset, other.code)
        )

    def __hash__(self) -> int:
        return hash((id(self.parent), self.offset, self.code))

    def __repr__(self) -> str:
        name = '|'.join(tag_tables['tiff'].names(self.code)[:2]) if self.code > 255 else self.name
        return f'<tiffschema.TiffTag {self.code} {name or self.name} @{self.offset}>'

    def __str__(self) -> str:
        if not self.is_read and self.valuebytecount > 4096:
            text = '<not read>'
        else:
            text = repr(self.value)
        if len(text) > 80:
            text = text[:77] + '...'
        return (
            f'TiffTag {self.code} {self.name} @{self.offset} {self.dtype_name}[{self.count}]'
            f' @{self.valueoffset} {text}'
        )


class TiffTags:
    """Tags of a directory by code and name; several of one code are kept.

    Iterating gives the tags in the order of the directory, second ones of a code last.

    Parameters:
        parent: The file.
        directory: The directory.
        space: Name space of the codes.
        trail: Offsets of the directories that led here.
        strict: Whether to raise where a tag is damaged, rather than to leave it out.
        signature: That of the directory, if it is known.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.zeros((3, 16, 20), 'u1'), photometric='minisblack')
        >>> with tiffschema.TiffFile('temp.tif') as tif:
        ...     tags = tif.pages[0].tags
        ...     tags['ImageWidth'].value, tags[257].value, 'Artist' in tags
        (20, 16, False)
    """

    __slots__ = ('_duplicates', '_tags', 'directory', 'parent', 'space', 'trail')

    def __init__(
        self,
        parent: Any = None,
        directory: Directory | None = None,
        space: str = 'tiff',
        *,
        trail: tuple[int, ...] = (),
        strict: bool = False,
        signature: Signature | None = None,
    ) -> None:
        self.parent = parent
        self.directory = directory
        self.space = space
        self.trail = trail
        self._tags: dict[int, TiffTag] = {}
        self._duplicates: list[TiffTag] = []
        if directory is not None:
            self._fill(directory, signature or signature_of(directory, space), strict)

    def _fill(self, directory: Directory, signature: Signature, strict: bool) -> None:
        """Make the tags of a directory; damaged ones are left out with a fault."""
        parent = self.parent
        codec = directory.codec
        step = codec.entry_nbytes
        at = directory.offset + codec.count_nbytes
        to_value = step - codec.inline
        numbers = directory.numbers
        columns = directory.shorts, directory.longs, numbers
        source = parent.directories.source
        view = source.at_hand()
        behind = len(view)
        tags = self._tags
        scope = TagScope(directory, self.space, self.trail)
        for index, place in enumerate(signature.entries):
            code, kind, count, size, where, members, is_tuple, short = place
            if where < IN_PLACE:
                value: Any = columns[where][index]
                if members is not None:
                    member = members.get(value)
                    value = self._no_member(code, value, at) if member is None else member
                if is_tuple:
                    value = (value,)
                tag = TiffTag(parent, at, code, kind, count, value, at + to_value, scope)
            elif where <= IN_FILE:
                offset = at + to_value
                if where == IN_FILE:
                    offset = numbers[index]
                    if offset < 8 or not source.holds(offset, size):
                        message = f'{size} bytes of values at {offset} are not in the file'
                        self._leave_out(code, at, message, strict)
                        at += step
                        continue
                # A few bytes at hand are read now: asking for them later costs more.
                near = short is not None and offset + size <= behind
                value = short(view, offset) if near else UNREAD  # type: ignore[misc]
                tag = TiffTag(parent, at, code, kind, count, value, offset, scope)
            else:
                self._leave_out(code, at, f'field type {kind} is unknown', strict)
                at += step
                continue
            if code in tags:
                self._duplicates.append(tag)
            else:
                tags[code] = tag
            at += step

    def _no_member(self, code: int, number: int, offset: int) -> int:
        """Record that a number is none of its enumeration, and return it."""
        row = tag_plan(self.space, code).row
        if row is not None and row.enum not in SILENT:
            message = f'{number} is no {row.enum}'
            path = f'tag {code} {row.name}'
            self.parent.directories.faults.append(FormatError(message, path, offset))
        return number

    def _leave_out(self, code: int, offset: int, message: str, strict: bool) -> None:
        name = tag_plan(self.space, code).name
        path = f'tag {code}' if name == str(code) else f'tag {code} {name}'
        fault = FormatError(f'{message}; the tag is left out', path, offset)
        if strict:
            raise fault
        self.parent.directories.faults.append(fault)

    def _code(self, key: int | str) -> int:
        """Return the code for a code or name.

        Raises:
            KeyError: No tag has the name.
        """
        if not isinstance(key, str):
            return int(key)
        try:
            code = tag_tables[self.space].code(key)
        except KeyError:
            code = -1
        if code not in self._tags:
            # Codes may have another name where several meanings share one.
            for tag in self:
                if key == tag.name or key in tag.name.split('/'):
                    return tag.code
            for tag in self:
                if key in tag_tables[self.space].names(tag.code):
                    return tag.code
        if code < 0:
            raise KeyError(key)
        return code

    # Mapping of codes and names

    def add(self, tag: TiffTag, /) -> None:
        """Add a tag; a second one of a code is kept beside the first.

        Parameters:
            tag: What is added, at the end of its code.
        """
        if tag.code in self._tags:
            self._duplicates.append(tag)
        else:
            self._tags[tag.code] = tag

    def keys(self) -> list[int]:
        """Return the codes of all tags, each once."""
        return list(self._tags)

    def values(self) -> list[TiffTag]:
        """Return all tags."""
        return list(self)

    def items(self) -> list[tuple[int, TiffTag]]:
        """Return pairs of code and tag."""
        return [(tag.code, tag) for tag in self]

    def get(self, key: int | str, /, default: Any = None, index: int | None = None) -> Any:
        """Return a tag by code or name.

        Parameters:
            key: Code or name.
            default: What to return if there is none.
            index: Which of several tags of the code; the first by default.
        """
        found = self._tags.get(key) if not index and not isinstance(key, str) else None
        if found is not None:
            return found
        tags = self.getall(key)
        if tags is None:
            return default
        try:
            return tags[index or 0]
        except IndexError:
            return default

    def getall(self, key: int | str, /, default: Any = None) -> Any:
        """Return a list of all tags of a code or name, or the default.

        Parameters:
            key: Code or name.
            default: Returned where there is none.
        """
        try:
            code = self._code(key)
            first = self._tags[code]
        except KeyError:
            return default
        return [first, *(tag for tag in self._duplicates if tag.code == code)]

    def valueof(self, key: int | str, /, default: Any = None, index: int | None = None) -> Any:
        """Return the value of a tag by code or name; the default also if it cannot be read.

        Parameters:
            key: Code or name.
            default: What to return if there is none.
            index: Which of several tags of the code.
        """
        tag = self.get(key, index=index)
        if tag is None:
            return default
        try:
            return tag.value
        except (FormatError, LimitError) as error:
            self.parent.directories.faults.append(error)
            return default

    def __getitem__(self, key: int | str) -> TiffTag:
        return self._tags[self._code(key)]

    def __setitem__(self, code: int, tag: TiffTag) -> None:
        if not isinstance(tag, TiffTag):
            raise TypeError(f'a TiffTag is needed, not {type(tag).__name__}')
        self._tags[int(code)] = tag

    def __delitem__(self, key: int | str) -> None:
        code = self._code(key)
        del self._tags[code]
        self._duplicates = [tag for tag in self._duplicates if tag.code != code]

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            try:
                return self._code(key) in self._tags
            except KeyError:
                return False
        return key in self._tags

    def __iter__(self) -> Iterator[TiffTag]:
        if self._duplicates:
            # Tags of one code stand together, as they do in a sorted directory.
            others: dict[int, list[TiffTag]] = {}
            for tag in self._duplicates:
                others.setdefault(tag.code, []).append(tag)
            return (
                one for first in self._tags.values() for one in (first, *others.get(first.code, ()))
            )
        return iter(self._tags.values())

    def __len__(self) -> int:
        return len(self._tags) + len(self._duplicates)

    def __repr__(self) -> str:
        return f'<tiffschema.TiffTags @{0 if self.directory is None else self.directory.offset}>'

    def __str__(self) -> str:
        return '\n'.join(['TiffTags', *(f'  {tag}' for tag in self)])
