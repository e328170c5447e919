"""Facts of directories and their entries, readable or not; see `facts` for how rules name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np

from tiffschema.errors import SchemaError, TiffFileError
from tiffschema.model.expressions import Expression
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import TagRow, tag_tables
from tiffschema.runtime.tagplans import tag_plan
from tiffschema.runtime.tags import TiffTags

from .metadata import is_datetime

__all__ = ['DirectoryFacts', 'TagFacts']

_WHOLE: Final = frozenset({'BYTE', 'SHORT', 'LONG', 'IFD', 'LONG8', 'IFD8'})
_FLOATING: Final = frozenset({'FLOAT', 'DOUBLE', 'RATIONAL', 'SRATIONAL'})
_SIGNED: Final = frozenset({'SBYTE', 'SSHORT', 'SLONG', 'SLONG8'})
_OPAQUE: Final = frozenset({'BYTE', 'SBYTE', 'UNDEFINED', 'ASCII', 'UTF8'})
_CONVERTIBLE: Final = (_WHOLE | _SIGNED, _FLOATING, _OPAQUE)
"""Field types of which one serves for the other without loss, as far as values allow."""
_SUMMARIES: Final[Mapping[str, Callable[[Any], Any]]] = {
    'min': lambda values: values.min().item(),
    'max': lambda values: values.max().item(),
    'last': lambda values: values[-1].item(),
    'sum': lambda values: sum(values.tolist()),
}
"""What rules may ask of all values of a tag together."""


class DirectoryFacts:
    """Facts of a directory, and of its tags by name.

    Parameters:
        path: Path of the directory.
        tags: Its tags.
        kind: ``main``, ``sub``, or the name space of another directory (``exif``).
    """

    def __init__(self, path: str, tags: TiffTags, kind: str) -> None:
        assert tags.directory is not None
        self.path = path
        self.kind = kind
        self._tags = tags
        self._directory = tags.directory
        self._table = tag_tables[tags.space]

    @property
    def offset(self) -> int:
        """Offset of the directory."""
        return self._directory.offset

    @property
    def next(self) -> int:
        """Offset of the directory behind it in its chain."""
        return int(self._directory.next_offset)

    @property
    def entries(self) -> int:
        """Number of entries."""
        return len(self._directory.codes)

    def entries_of_tags(self) -> Iterator[TagFacts]:
        """Yield the facts of each entry, also of those that cannot be read."""
        read = {tag.offset: tag for tag in self._tags}
        for position in range(self.entries):
            tag = read.get(self._directory.entry_at(position))
            yield TagFacts(self, position, tag)

    @property
    def is_sorted(self) -> bool:
        """Whether codes ascend."""
        return self._directory.codes == sorted(self._directory.codes)

    @cached_property
    def repeated(self) -> list[int]:
        """Codes that occur more than once."""
        codes = self._directory.codes
        return sorted({code for code in codes if codes.count(code) > 1})

    @property
    def repeats_alike(self) -> bool:
        """Whether entries of one code have the same values."""
        groups = (self._tags.getall(code, []) for code in self.repeated)
        return all(
            bytes(_stored(tag)) == bytes(_stored(tags[0])) for tags in groups for tag in tags
        )

    def has(self, name: str) -> bool:
        """Return whether the directory has a tag."""
        return self._code(name) in self._directory.index

    def tag(self, name: str) -> Any:
        """Return the value of a tag, None if absent; or its ``count``, ``min``, ``max``, ``sum``,
        ``last`` or ``size`` in bytes."""
        name, _, what = name.partition('.')
        position = self._directory.index.get(self._code(name))
        if what == 'count':
            return 0 if position is None else self._directory.counts[position]
        if position is None:
            return None
        if what == 'size':
            return self._directory.value_nbytes(position)
        value = _plain(self._tags.valueof(self._code(name)))
        if not what:
            return value
        values = np.atleast_1d(np.asarray(value)).reshape(-1)
        if values.dtype.kind not in 'iuf' or not values.size:
            return None
        summary = _SUMMARIES.get(what)
        if summary is None:
            raise SchemaError(f'there is no fact {what!r} of tags', file='rules')
        return summary(values)

    def _code(self, name: str) -> int:
        try:
            return self._table.code(name)
        except KeyError:
            raise SchemaError(f'{self._tags.space} has no tag {name!r}', file='rules') from None


def _plain(value: Any) -> Any:
    """Return a value as expressions compare it: members of enumerations as numbers."""
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def _stored(tag: Any) -> memoryview:
    view: memoryview = tag.parent.source.view(tag.valueoffset, tag.valuebytecount)
    return view


class TagFacts:
    """Facts of one entry of a directory, readable or not.

    Parameters:
        facts: The directory.
        position: Of the entry in it.
        tag: The tag, None if it could not be read.
    """

    def __init__(self, facts: DirectoryFacts, position: int, tag: Any) -> None:
        self._facts = facts
        self._directory = facts._directory
        self._position = position
        self._tag = tag
        self._source = facts._tags.parent.source

    @property
    def code(self) -> int:
        """Number of the tag."""
        return self._directory.codes[self._position]

    @cached_property
    def row(self) -> TagRow | None:
        """What is declared of the tag."""
        return tag_plan(self._facts._tags.space, self.code).row

    @property
    def name(self) -> str:
        """Name of the tag, or its number."""
        return tag_plan(self._facts._tags.space, self.code).name

    @property
    def offset(self) -> int:
        """Offset of the entry."""
        return self._directory.entry_at(self._position)

    @property
    def space(self) -> str:
        """Name space of its directory."""
        return self._facts._tags.space

    @property
    def is_known(self) -> bool:
        """Whether the code has a meaning in its directory."""
        return self.row is not None

    @property
    def is_single(self) -> bool:
        """Whether the code has one declared meaning only."""
        return self.row is not None and '/' not in self.name

    @property
    def count(self) -> int:
        """Number of values."""
        return self._directory.counts[self._position]

    @property
    def typecode(self) -> int:
        """Number of the field type."""
        return self._directory.types[self._position]

    @property
    def type(self) -> str:
        """Name of the field type."""
        kind = FIELD_TYPES.get(self.typecode)
        return f'TYPE{self.typecode}' if kind is None else kind.name

    @property
    def declared_types(self) -> str:
        """Names of the field types that the tag may have."""
        types = () if self.row is None else self.row.types
        return ' or '.join(FIELD_TYPES[code].name for code in types)

    @property
    def is_of_type(self) -> bool:
        """Whether the field type is a declared one."""
        types = () if self.row is None else self.row.types
        return not types or self.typecode in types

    @property
    def is_convertible(self) -> bool:
        """Whether the field type holds the values of a declared one."""
        types = () if self.row is None else self.row.types
        names = {FIELD_TYPES[code].name for code in types} | {self.type}
        return any(names & group and self.type in group for group in _CONVERTIBLE)

    @cached_property
    def declared_counts(self) -> Any:
        """Numbers of values that the tag may have; None where any will do."""
        count = None if self.row is None else self.row.count
        counts = count if isinstance(count, tuple) else (count,)
        if all(isinstance(one, int) for one in counts):
            return counts
        if not isinstance(count, str) or count == 'any':
            return None
        lookup = self._facts.tag
        try:
            wanted = Expression(count, 'count')(
                lambda name: 1 if lookup(name) is None else lookup(name)
            )
        except (TiffFileError, SchemaError):
            return None
        return (wanted,) if isinstance(wanted, int) else None

    @property
    def is_of_count(self) -> bool:
        """Whether there are as many values as declared."""
        return self.declared_counts is None or self.count in self.declared_counts

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return self._directory.value_nbytes(self._position)

    @property
    def is_inline(self) -> bool:
        """Whether the values lie in the entry."""
        return self._directory.is_inline(self._position)

    @property
    def valueoffset(self) -> int:
        """Where the values lie."""
        return int(self._directory.value_at(self._position))

    @property
    def spare_bytes_are_zero(self) -> bool:
        """Whether the entry has zeros behind values that do not fill it."""
        codec = self._directory.codec
        end = self.offset + codec.entry_nbytes
        return not any(
            bytes(
                self._source.view(self.valueoffset + self.size, end - self.valueoffset - self.size)
            )
        )

    @property
    def stored(self) -> bytes:
        """Bytes of the values."""
        return bytes(self._source.view(self.valueoffset, self.size))

    @property
    def ends_with_nul(self) -> bool:
        """Whether the last byte is 0."""
        return self.stored[-1:] == b'\0'

    @property
    def is_ascii(self) -> bool:
        """Whether all bytes are below 128."""
        return self.stored.isascii()

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes are text in UTF-8."""
        try:
            self.stored.decode()
        except UnicodeDecodeError:
            return False
        return True

    @property
    def value(self) -> Any:
        """The value, None if it cannot be read."""
        return None if self._tag is None else _plain(self._tag.value)

    @property
    def least_denominator(self) -> int | None:
        """The smallest denominator of rational numbers."""
        data = np.frombuffer(self.stored, self._directory.codec.byteorder + 'u4')
        return int(data[1::2].min()) if data.size > 1 else None

    @property
    def is_member(self) -> bool:
        """Whether a number is a declared value of its enumeration."""
        if self._tag is None or self.row is None or self.row.enum is None or self.count != 1:
            return True
        value = self._tag.value
        value = value[0] if isinstance(value, tuple) and value else value
        return type(value) is not int

    @property
    def is_number_text(self) -> bool:
        """Whether the text is a number."""
        try:
            float(str(self.value))
        except ValueError:
            return False
        return True

    @property
    def is_datetime(self) -> bool:
        """Whether the text has the form YYYY:MM:DD HH:MM:SS, blank where unknown."""
        return is_datetime(self.value)
