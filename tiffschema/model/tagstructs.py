"""Values of tags that are declared structs or texts (key ``value:`` of tag rows), both ways.

Knows rows, structs and a few facts of the tag; gets bytes, opens nothing. Reading binds arguments
to the tag and its partners; writing turns arguments that are partner tags into values of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from tiffschema.errors import BuildError, FormatError, SchemaError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.types import Buffer, ByteOrder, Faults

from . import catalog
from .expressions import Expression
from .tagtable import TagRow, resolver

__all__ = ['BuiltValue', 'TagContext', 'ValueBinding', 'value_binding']

_CALL = re.compile(r'([A-Za-z_]\w*)(?:\((.*)\))?\Z', re.DOTALL)


class TagContext(Protocol):
    """What a value needs to know of its tag, its directory and its file."""

    @property
    def count(self) -> int:
        """Number of values in the entry."""

    @property
    def size(self) -> int:
        """Bytes of the values."""

    @property
    def number(self) -> Any:
        """Value of the entry as plain numbers, for structs at an offset that the value gives."""

    def partner(self, code: int, /) -> tuple[int, Any] | None:
        """Count and value of another tag of the directory, None if absent."""

    def is_kind(self, name: str, /) -> bool:
        """Whether the file is of a detected kind."""

    @property
    def offset(self) -> int:
        """File offset of the values."""

    def values(self) -> Buffer:
        """Bytes of the values."""

    def block(
        self, struct: Any, offset: int, end: int | None, args: Mapping[str, Any], /
    ) -> Buffer:
        """Bytes of the file by offset, at least those that a struct at an offset reaches."""


_IN_ENTRY = 4


@dataclass(frozen=True, slots=True)
class BuiltValue:
    """Bytes of a tag's value and of its partners.

    Parameters:
        count: Number of values, in the row's first field type.
        size: Bytes.
        at: Gives the bytes when laid out at a file offset.
        partners: Values of partner tags by code.
        far: The value is the offset of the bytes; they lie outside of the entry, however few.
    """

    count: int
    size: int
    at: Callable[[int], bytes]
    partners: Mapping[int, Any] = field(default_factory=dict)
    far: bool = False


class ValueBinding:
    """A struct or text bound to a tag.

    Parameters:
        row: The tag.
        declared: ``name``, ``name(arg=expression)``, ``{type: name, at: value}``, ``{type: name,
            part: field}`` where one field of the struct is the value, or ``{text: name}``. With
            ``pairs: entry`` that entry of the part lists keys and values by turns, and is shown as
            a dictionary.
        view: The schema.

    Raises:
        SchemaError: The declaration is none of these.
    """

    def __init__(self, row: TagRow, declared: object, view: catalog.SchemaView) -> None:
        self.row = row
        self.view = view
        self.grammar = ''
        self.at_value = False
        self.part = ''
        self.pairs = ''
        path = f'tags.{row.code}.value'
        if isinstance(declared, Mapping):
            unknown = set(declared) - {'type', 'at', 'text', 'part', 'pairs'}
            alone = 'pairs' in declared and 'part' not in declared
            if unknown or alone or ('text' in declared) == ('type' in declared):
                raise SchemaError(
                    'needs {text: grammar} or {type: struct, at: value}', file=view.file, field=path
                )
            if declared.get('at', 'value') != 'value':
                raise SchemaError('at can only be value', file=view.file, field=path)
            self.at_value = 'at' in declared
            self.grammar = str(declared.get('text', ''))
            self.part = str(declared.get('part', ''))
            self.pairs = str(declared.get('pairs', ''))
            declared = declared.get('type')
        self.name = ''
        self.args: dict[str, Expression] = {}
        if not self.grammar:
            match = _CALL.match(declared) if isinstance(declared, str) else None
            if match is None:
                raise SchemaError(f'{declared!r} is no struct', file=view.file, field=path)
            self.name = match[1]
            self.args = {
                name: Expression(text, f'{path}.{name}', view.file)
                for name, text in _arguments(match[2] or '', path, view.file)
            }
        elif self.grammar not in view.texts:
            raise SchemaError(f'no such text {self.grammar!r}', file=view.file, field=path)
        self._code = resolver(view)

    # Reading

    def arguments(self, context: TagContext) -> dict[str, Any]:
        """Return the struct's arguments for a tag of a file.

        Raises:
            FormatError: They cannot be worked out.
        """

        def value_of(name: str) -> Any:
            if name in ('tag.count', 'tag.size'):
                return context.count if name == 'tag.count' else context.size
            head, _, rest = name.partition('.')
            tag, _, part = rest.partition('.')
            if head != 'tags' or part not in ('', 'count'):
                raise FormatError(f'{name!r} is nothing of a tag', f'tag {self.row.code}')
            found = context.partner(self._code(tag))
            if found is None:
                return None
            return found[0] if part else found[1]

        return {name: expression(value_of) for name, expression in self.args.items()}

    def parse(
        self,
        context: TagContext,
        byteorder: ByteOrder,
        *,
        faults: Faults | None = None,
        limits: Limits = DEFAULT_LIMITS,
        lazy: bool = False,
        strict: bool = False,
    ) -> Any:
        """Return the record of a struct, or the dictionary of a text.

        Parameters:
            context: The tag.
            byteorder: Of the file.
            faults: Where tolerated faults go.
            limits: Of the file.
            lazy: Decode fields of the record when asked for.
            strict: Raise what is tolerated.

        Raises:
            FormatError: The bytes do not have the declared form.
        """
        if self.grammar:
            text = bytes(context.values())
            return self.view.texts[self.grammar].parse(text, faults, limits=limits)
        struct, offset, end = self._placed(context)
        args = self.arguments(context)
        return struct.parse(
            context.block(struct, offset, end, args),
            offset,
            end,
            byteorder=byteorder,
            args=args,
            limits=limits,
            lazy=lazy,
            faults=faults,
            strict=strict,
        )

    def value_of(self, record: Any) -> Any:
        """Return what a parsed record or text is as the value of the tag.

        Parameters:
            record: What `parse` returned.
        """
        if isinstance(record, dict):
            return record
        found = record.asdict()
        if self.part:
            found = found[self.part]
        if self.pairs:
            listed = found.get(self.pairs)
            # Half a pair is no reason to lose what is there.
            if isinstance(listed, list) and len(listed) % 2 == 0:
                found[self.pairs] = dict(zip(listed[::2], listed[1::2], strict=True))
        return found

    def trace(
        self,
        context: TagContext,
        byteorder: ByteOrder,
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> list[Any]:
        """Return the extents of the struct's fields in the file; none for texts.

        Parameters:
            context, byteorder, limits: As in `parse`.

        Raises:
            FormatError: It is not known where the struct lies, or what its arguments are.
        """
        if self.grammar:
            return []
        struct, offset, end = self._placed(context)
        args = self.arguments(context)
        buffer = context.block(struct, offset, end, args)
        extents: list[Any] = struct.trace(
            buffer, offset, end, byteorder=byteorder, args=args, limits=limits
        )
        return extents

    def _placed(self, context: TagContext) -> tuple[Any, int, int | None]:
        """Return the struct, and where in the file it begins and must end.

        Raises:
            FormatError: The value is no offset.
        """
        struct = self.view.struct(self.name)
        # A count that lies does not make a block fit the entry, which then has its offset.
        beside = self.at_value or (self._is_counted and context.size <= _IN_ENTRY)
        if not beside:
            # Where the row says how to count, count and type do not say how many bytes there are.
            end = None if self._is_counted else context.offset + context.size
            return struct, context.offset, end
        offset = context.number
        if not isinstance(offset, int) or offset < 8:
            raise FormatError(f'{offset!r} is no offset', f'tag {self.row.code}')
        return struct, offset, None

    # Writing

    def build(self, value: Any, byteorder: ByteOrder, *, type_size: int) -> BuiltValue:
        """Return the bytes of a value, with values of partner tags.

        Parameters:
            value: Record or mapping for a struct (or for its part that is the value), mapping for a
                text, `Built`, or raw bytes.
            byteorder: Of the file.
            type_size: Bytes of one value of the field type.

        Raises:
            BuildError: The value cannot be written.
        """
        if isinstance(value, bytes | bytearray | memoryview):
            data = bytes(value)
            return BuiltValue(len(data) // type_size, len(data), lambda _: data)
        if self.grammar:
            text = self.view.texts[self.grammar].build(value).encode('ascii', 'backslashreplace')
            data = text + b'\0'
            return BuiltValue(len(data), len(data), lambda _: data)
        if self.part and isinstance(value, Mapping):
            entry = value.get(self.pairs)
            if isinstance(entry, Mapping):
                value = {**value, self.pairs: [item for pair in entry.items() for item in pair]}
            value = {self.part: value}
        built = value
        if not hasattr(value, 'patches'):
            built = self.view.struct(self.name).build(value, byteorder=byteorder)
        partners = {}
        for name, expression in self.args.items():
            head, _, tag = str(expression.text).partition('.')
            if expression.is_name and head == 'tags' and '.' not in tag:
                partners[self._code(tag)] = built.args[name]
        size = len(built)
        if self.at_value:
            # One number, the offset of the block, which is laid out as long values are.
            return BuiltValue(1, size, built.at, partners, far=True)
        return BuiltValue(self._count(value, built.args, size, type_size), size, built.at, partners)

    @property
    def _is_counted(self) -> bool:
        return isinstance(self.row.count, str) and self.row.count != 'any'

    @property
    def _path(self) -> str:
        return f'tag {self.row.code} {self.row.name}'

    def _count(self, value: Any, args: Mapping[str, Any], size: int, type_size: int) -> int:
        """Return the count: as the row says, for tags whose count lies, else from the size."""
        if not self._is_counted:
            if size % type_size:
                raise BuildError(f'{size} bytes are no whole values of {type_size}', self._path)
            return size // type_size
        expression = Expression(str(self.row.count), f'tags.{self.row.code}.count')

        def known(name: str) -> Any:
            found = _field(value, name)
            return args.get(name) if found is None else found

        count = expression(known)
        if not isinstance(count, int) or count < 0:
            raise BuildError(f'count {count!r}', self._path)
        return count


def _field(value: Any, name: str) -> Any:
    for part in name.split('.'):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value


def _arguments(text: str, path: str, file: str) -> list[tuple[str, str]]:
    """Split ``a=x, b=y`` at commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text + ','):
        depth += (char in '([') - (char in ')]')
        if char == ',' and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    found = []
    for part in filter(None, parts):
        name, equals, expression = part.partition('=')
        if not equals or not name.strip().isidentifier():
            raise SchemaError(f'{part!r} is no name=expression', file=file, field=path)
        found.append((name.strip(), expression.strip()))
    return found


def value_binding(row: TagRow, context: TagContext | None = None) -> ValueBinding | None:
    """Return what declares the value of a tag, None for plain values.

    Parameters:
        row: The tag.
        context: Needed where the value depends on the kind of file (GPS or Olympus SIS).
    """
    if row.value is None:
        return None
    declared = row.value
    if isinstance(declared, Mapping) and not declared.keys() & {'type', 'text'}:
        chosen = None
        for kind, one in declared.items():
            if kind == 'else' or (context is not None and context.is_kind(kind)):
                chosen = one
                break
        if chosen is None or chosen == 'ifd':
            return None
        return _binding(row.schema, row.code, row.name, _key(chosen))
    return _binding(row.schema, row.code, row.name, _key(declared))


def _key(declared: object) -> object:
    return tuple(declared.items()) if isinstance(declared, Mapping) else declared


@cache
def _binding(schema: str, code: int, name: str, key: object) -> ValueBinding:
    from .tagtable import tag_tables

    declared = dict(key) if isinstance(key, tuple) else key
    view = catalog.view(schema)
    for space in tag_tables.values():
        for row in space.rows(code):
            if row.name == name and row.schema == schema:
                return ValueBinding(row, declared, view)
    raise KeyError(code)


catalog.watch(lambda _: _binding.cache_clear())
