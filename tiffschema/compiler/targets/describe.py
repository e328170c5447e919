"""Words for declarations: types as the schema writes them, sizes, and what a field's keys mean.

Rule: text for people and for other languages; nothing here is parsed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tiffschema.compiler.evaluate import evaluate
from tiffschema.compiler.expr import Const, Expr, names_in, prose
from tiffschema.compiler.ir import (
    ArrayType,
    BytesType,
    Field,
    NumberType,
    OneOfType,
    PStrType,
    RationalType,
    SchemaDef,
    StructDef,
    StructType,
    Type,
    ZStrType,
)

if TYPE_CHECKING:
    from tiffschema.compiler.library import Schema, Struct

__all__ = [
    'constant_value',
    'ends_of',
    'field_at',
    'field_notes',
    'fixed_size',
    'item_type',
    'leads_to',
    'offsets',
    'type_text',
    'visible',
]


def visible(schema: Schema, variant: str | None = None) -> SchemaDef:
    """Return the IR of one variant, with the structs, enums and tables of used schemas in it."""
    compiled = schema.compiled(variant)
    return replace(
        compiled.definition,
        structs=compiled.structs,
        enums=compiled.enums,
        tables=compiled.tables,
    )


def type_text(type_: Type | None) -> str:
    """Return a type as a schema writes it.

    Example:
        >>> type_text(ArrayType(NumberType('u16'), (Const(4),)))
        'u16[4]'
    """
    match type_:
        case NumberType(name=name):
            return name
        case RationalType(signed=signed):
            return 'srational' if signed else 'rational'
        case BytesType(kind=kind, count=count):
            return f'{kind}[{_plain(prose(count)) if count is not None else ""}]'
        case ZStrType():
            return 'zstr'
        case PStrType(prefix=prefix):
            return f'pstr({prefix.name})'
        case StructType(name=name, args=args):
            inner = ', '.join(f'{key}={_plain(prose(value))}' for key, value in args)
            return f'{name}({inner})' if inner else name
        case OneOfType(names=names):
            return f'oneof({", ".join(names)})'
        case ArrayType(item=item, dims=dims):
            return f'{type_text(item)}[{", ".join(_plain(prose(dim)) for dim in dims)}]'
    return ''


def field_at(struct: Struct, path: str) -> Field | None:
    """Return the declared field that a path of a trace leads to, None if it is none.

    Parameters:
        struct: Where the path begins.
        path: Names and indices, ``blocks[1].general.size``.
    """
    structs = visible(struct.schema, struct.variant).structs
    holders = [struct.name]
    found: Field | None = None
    for name in re.sub(r'\[[^]]*\]', '', path).split('.'):
        fields = (field for holder in holders for field in structs[holder].fields)
        found = next((field for field in fields if field.name == name), None)
        if found is None:
            return None
        holders = [inner for inner in _structs_in(found) if inner in structs]
    return found


def _structs_in(field: Field) -> Iterator[str]:
    """Yield the names of structs that a field may hold."""
    match item_type(field.type):
        case StructType(name=name):
            yield name
        case OneOfType(names=names):
            yield from names
    if field.switch is not None:
        cases = [case for _, case in field.switch.cases]
        for case in [*cases, field.switch.default]:
            if case is not None:
                yield from _structs_in(case)


def _plain(text: str) -> str:
    """Drop brackets round the whole."""
    if text.startswith('(') and text.endswith(')') and ')' not in text[1:-1]:
        return text[1:-1]
    return text


def item_type(type_: Type | None) -> Type | None:
    """Return what an array is made of in the end."""
    while isinstance(type_, ArrayType):
        type_ = type_.item
    return type_


def constant_value(expr: Expr | None) -> int | None:
    """Return the number of an expression that asks for no name, else None."""
    if expr is None or any(True for _ in names_in(expr)):
        return None
    value = evaluate(expr, lambda name: 0)
    return int(value) if isinstance(value, int) else None


def fixed_size(type_: Type | None, definition: SchemaDef, depth: int = 0) -> int | None:
    """Return the bytes of a type whose size no file can change, else None."""
    match type_:
        case NumberType():
            return type_.size
        case RationalType():
            return 8
        case BytesType(count=count):
            return constant_value(count)
        case StructType(name=name) if name in definition.structs and depth < 16:
            return _struct_size(definition.structs[name], definition, depth + 1)
        case ArrayType(item=item, dims=dims) if dims:
            total = fixed_size(item, definition, depth)
            for dim in dims:
                length = constant_value(dim)
                if total is None or length is None:
                    return None
                total *= length
            return total
    return None


def _struct_size(struct: StructDef, definition: SchemaDef, depth: int) -> int | None:
    total = 0
    for field in struct.fields:
        if field.let is not None or field.at:
            continue
        size = _field_size(field, definition, depth)
        if size is None:
            return None
        total += size
    return None if struct.extent else total


def _field_size(field: Field, definition: SchemaDef, depth: int = 0) -> int | None:
    if field.size is not None:
        return constant_value(field.size)
    if field.when is not None or field.switch is not None or field.each is not None:
        return None
    return fixed_size(field.type, definition, depth)


def offsets(struct: StructDef, definition: SchemaDef) -> Iterator[tuple[Field, int | None]]:
    """Yield each field with its offset in the struct, None where a file decides it.

    Fields that take no bytes of the struct (behind a pointer, computed) have no offset.
    """
    position: int | None = 0
    for field in struct.fields:
        if field.let is not None or field.at:
            yield field, None
            continue
        yield field, position
        if isinstance(field.when, Const):
            size = _field_size(_without_condition(field), definition) if field.when.value else 0
        else:
            size = _field_size(field, definition)
        position = None if position is None or size is None else position + size


def ends_of(struct: StructDef, definition: SchemaDef) -> dict[str, int]:
    """Return where each field of fixed place and size ends, counted from the struct's start."""
    found: dict[str, int] = {}
    for field, offset in offsets(struct, definition):
        size = _field_size(field, definition)
        if offset is not None and size is not None:
            found[field.name] = offset + size
    return found


def leads_to(struct: StructDef) -> Iterator[str]:
    """Yield the structs that a struct's fields and their cases are made of."""
    for field in struct.fields:
        cases = [case for _, case in field.switch.cases] if field.switch else []
        if field.switch and field.switch.default:
            cases.append(field.switch.default)
        for part in (field, *cases):
            item = item_type(part.type)
            if isinstance(item, StructType):
                yield item.name
            elif isinstance(item, OneOfType):
                yield from item.names


def _without_condition(field: Field) -> Field:
    return replace(field, when=None)


def field_notes(field: Field, *, conversions: bool = True) -> list[str]:
    """Return what a field's keys mean, one sentence part each.

    Parameters:
        field: The field.
        conversions: Whether to tell how the stored value becomes the one shown.
    """
    notes = []
    if field.const:
        values = [_value(value) for value in field.const]
        notes.append('always ' + values[0] if len(values) == 1 else 'one of ' + ', '.join(values))
    if isinstance(field.when, Const):
        if not field.when.value:
            notes.append('not in this variant')
    elif field.when is not None:
        notes.append(f'present if {_plain(prose(field.when))}')
    if field.at:
        places = ' or '.join(_plain(prose(offset)) for offset in field.at)
        origin = {'file': 'the file', 'struct': 'this struct'}.get(field.base, field.base)
        notes.append(f'lies at {places} of {origin}')
    if field.inline:
        notes.append(f'lies in the pointer itself if it has at most {field.inline} bytes')
    if field.size is not None:
        notes.append(f'owns {_plain(prose(field.size))} bytes')
    if field.switch is not None:
        notes.append(f'type chosen by {_plain(prose(field.switch.on))}: {_cases(field)}')
    if field.each is not None:
        notes.append(f'one group of items per element of {field.each.over}')
    if field.until is not None:
        end = '' if field.include else ', which is dropped'
        notes.append(f'up to the item for which {_plain(prose(field.until))}{end}')
    if field.let is not None:
        notes.append(f'computed: {_plain(prose(field.let))}')
    if field.check is not None:
        notes.append(f'must hold: {_plain(prose(field.check))}')
    if field.has_default:
        notes.append(f'default {_value(field.default)}')
    if field.max is not None:
        notes.append(f'at most {field.max}')
    if conversions:
        notes.extend(_conversions(field))
    return notes


def _conversions(field: Field) -> Iterator[str]:
    if field.scale is not None:
        yield f'scaled by {field.scale:g}'
    if field.time:
        yield f'time ({field.time})'
    if field.convert:
        yield f'converted ({field.convert})'
    if field.enum:
        yield f'names in {field.enum}'
    if field.flags:
        yield f'set of {field.flags}'
    if field.bits:
        parts = ', '.join(
            f'{name} bit {low}' if width == 1 else f'{name} bits {low} to {low + width - 1}'
            for name, low, width in field.bits
        )
        yield f'bits: {parts}'
    if field.as_:
        yield f'as {field.as_}' + (f' by {field.key}' if field.key else '')
    if field.fault == 'drop':
        yield 'absent, with a fault, if damaged'
    elif field.fault == 'keep':
        yield 'kept as it is, with a fault, if damaged'


def _cases(field: Field) -> str:
    assert field.switch is not None
    parts = []
    for keys, case in field.switch.cases:
        parts.append(f'{" or ".join(map(str, keys))} {type_text(case.type)}')
    if field.switch.default is not None:
        parts.append(f'else {type_text(field.switch.default.type)}')
    return ', '.join(parts)


def _value(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0xFFFF:
        return f'0x{value:X}'
    return repr(value) if isinstance(value, str | bytes) else str(value)
