"""What a declaration must hold beyond its keys: names that can be, sizes that can be, ends.

Rule 1: each finding says what is wrong and what would be right; the caller adds file and line.
Rule 2: only the declaration is looked at; nothing here depends on byte order, variant or data.
"""

from __future__ import annotations

import codecs
import keyword
from collections.abc import Iterator, Mapping

from .expr import Binary, Expr, Name, names_in
from .ir import (
    ArrayType,
    BytesType,
    Field,
    NumberType,
    OneOfType,
    RationalType,
    StructDef,
    StructType,
    Type,
)  # fmt: skip
from .typetext import constant

__all__ = ['RESERVED', 'field_problem', 'struct_problems']

RESERVED = frozenset({
    'item', 'it', 'parent', 'root', 'here', 'file', 'tags', 'asdict', 'keys',
})  # fmt: skip
"""Names with a meaning in expressions or of records."""
_LARGEST = 1 << 28


def field_problem(name: str) -> str:
    """Return why a name cannot be that of a field, empty if it can."""
    if name in RESERVED:
        return f'{name!r} has a meaning of its own; name the field {name}_ instead'
    if keyword.iskeyword(name):
        return f'{name!r} is a word of Python; name the field {name}_ instead'
    if name.startswith('__'):
        return f'{name!r}: a name begins with one underscore at most'
    return ''


def struct_problems(
    struct: StructDef, structs: Mapping[str, StructDef]
) -> Iterator[tuple[Field | None, str]]:
    """Yield (field, message) for all that is wrong with a struct.

    Parameters:
        struct: The declaration.
        structs: Structs of the same file; others are not looked into.
    """
    numbers: dict[str, Type | None] = {}
    for field in struct.fields:
        yield from ((field, message) for message in _field(field, numbers, structs))
        numbers[field.name] = None if field.switch or field.each else field.type
    yield from _extent(struct)
    yield from _blocks(struct)
    if _contains(struct, struct.name, structs, 0):
        yield (
            None,
            (
                f'{struct.name} holds itself without end; '
                'put the inner one behind when:, at: or a count'
            ),
        )


def _field(
    field: Field, numbers: Mapping[str, Type | None], structs: Mapping[str, StructDef]
) -> Iterator[str]:
    kind = field.type
    try:
        codecs.lookup(field.encoding)
    except LookupError:
        yield f'no text encoding {field.encoding!r}; such as latin-1, utf-8, utf-16'
    yield from _sizes(kind, numbers)
    if isinstance(kind, NumberType) and not kind.is_float:
        low, high = kind.bounds
        default = field.default
        if isinstance(default, int) and not low <= default <= high and not field.flags:
            yield f'default {default} does not fit {kind.name} ({low} to {high})'
        for label, lowest, width in field.bits:
            if lowest + width > 8 * kind.size:
                yield f'bits: {label} ends at bit {lowest + width}, {kind.name} has {8 * kind.size}'
    elif field.bits or field.flags:
        yield 'bits and flags take an integer type'
    if isinstance(kind, NumberType) and kind.is_float and field.enum:
        yield 'enum takes an integer type'
    if field.const and isinstance(kind, BytesType):
        size = constant(kind.count)
        for value in field.const:
            if size is not None and len(str(value)) != size and kind.kind == 'bytes':
                yield f'const {value!r} has {len(str(value))} bytes, the type {size}'
    if field.inline and not field.at:
        yield 'inline stands with at:'
    if field.until is not None:
        yield from _until(field, field.until, structs)


def _sizes(kind: Type | None, numbers: Mapping[str, Type | None]) -> Iterator[str]:
    """Yield what is wrong with counts and sizes of a type."""
    trees: tuple[Expr | None, ...] = ()
    unit = 1
    match kind:
        case BytesType(count=count):
            trees = (count,)
        case ArrayType(item=item, dims=dims):
            yield from _sizes(item, numbers)
            trees = dims
            unit = item.size if isinstance(item, NumberType) else 8
            if isinstance(item, BytesType) and item.count is None and dims:
                yield f'{item.kind}[] takes all that is left, so only one can stand there'
    total = unit
    for tree in trees:
        if tree is None:
            continue
        size = constant(tree)
        if size is not None:
            total *= size
            if size < 0:
                yield f'{size} is not a count'
        for name in names_in(tree):
            declared = numbers.get(name.head)
            plain = isinstance(tree, Name | Binary) and isinstance(declared, NumberType)
            if plain and declared.is_float:  # type: ignore[union-attr]
                yield f'{name} is a float, a count is an integer'
    if total > _LARGEST:
        yield f'{total} bytes are more than a declaration may fix ({_LARGEST})'


def _until(field: Field, tree: Expr, structs: Mapping[str, StructDef]) -> Iterator[str]:
    """Yield names of items that the struct of an item does not have."""
    kind = field.type
    if not isinstance(kind, ArrayType):
        yield 'until takes a list: type[]'
        return
    struct = structs.get(kind.item.name) if isinstance(kind.item, StructType) else None
    if struct is None:
        return
    known = {inner.name for inner in struct.fields}
    for name in names_in(tree):
        if name.head == 'item' and len(name.parts) > 1 and name.parts[1] not in known:
            yield f'until: {struct.name} has no field {name.parts[1]!r}; fields are {sorted(known)}'


def _extent(struct: StructDef) -> Iterator[tuple[Field | None, str]]:
    """The extent is one of the leading fixed fields."""
    if not struct.extent:
        return
    for field in struct.fields:
        if field.name == struct.extent:
            if not isinstance(field.type, NumberType) or field.type.is_float:
                yield field, 'extent names an integer field'
            return
        fixed = isinstance(field.type, NumberType | RationalType) or (
            isinstance(field.type, BytesType) and constant(field.type.count) is not None
        )
        if not fixed or field.when is not None or field.at or field.size is not None:
            yield field, f'stands before {struct.extent}, the extent, so its size must be fixed'
            return


def _blocks(struct: StructDef) -> Iterator[tuple[Field | None, str]]:
    """Blocks with offsets from the struct's start lie behind its fields, so they come last."""
    seen: Field | None = None
    for field in struct.fields:
        if field.at and field.base == 'struct':
            seen = field
        elif seen is not None and not field.at and field.let is None:
            yield (
                field,
                (
                    f'stands behind {seen.name}, whose block (base: struct) would lie here; '
                    'fields with base: struct come last'
                ),
            )
            return


def _contains(struct: StructDef, wanted: str, structs: Mapping[str, StructDef], depth: int) -> bool:
    """Whether a struct always holds another (or itself) inside."""
    if depth > len(structs):
        return False
    for field in struct.fields:
        if field.when is not None or field.at or field.switch or field.each:
            continue
        for name in _always(field.type):
            inner = structs.get(name)
            if name == wanted or (inner and _contains(inner, wanted, structs, depth + 1)):
                return True
    return False


def _always(kind: Type | None) -> tuple[str, ...]:
    match kind:
        case StructType(name=name):
            return (name,)
        case ArrayType(item=item, dims=dims) if dims and all((constant(d) or 0) > 0 for d in dims):
            return _always(item)
        case OneOfType():
            return ()
    return ()
