"""Texts of types, such as ``pstr(u32)[planes]``, to the types of the IR."""

from __future__ import annotations

import operator
import re

from .expr import Binary, BoolOp, Const, Expr, ExprError, Not, parse_expr
from .ir import (
    NUMBERS,
    ArrayType,
    BytesType,
    NumberType,
    OneOfType,
    PStrType,
    RationalType,
    StructType,
    Type,
    ZStrType,
)  # fmt: skip

__all__ = ['constant', 'parse_type', 'struct_names']

_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_TEXTS = ('bytes', 'str', 'pad')
_FOLD = {
    '+': operator.add, '-': operator.sub, '*': operator.mul, '==': operator.eq, '!=': operator.ne,
    '<': operator.lt, '<=': operator.le, '>': operator.gt, '>=': operator.ge,
}  # fmt: skip


def parse_type(text: str) -> Type:
    """Return the type that a text names.

    Raises:
        ExprError: The text is not a type; says what would be.

    Example:
        >>> parse_type('bytes[4]')
        BytesType(kind='bytes', count=Const(value=4))
    """
    text = text.strip()
    match = _NAME.match(text)
    if not match:
        raise ExprError(f'{text!r} is not a type; a type begins with a name, such as u16 or str[8]')
    name, rest = match[0], text[match.end() :].strip()
    arguments: str | None = None
    if rest.startswith('('):
        arguments, rest = _bracket(rest, '(', ')')
    groups = []
    while rest.startswith('['):
        group, rest = _bracket(rest, '[', ']')
        groups.append(group)
    if rest:
        raise ExprError(f'{rest!r} behind the type in {text!r}')
    base, groups = _base(name, arguments, groups, text)
    for group in groups:
        base = ArrayType(base, tuple(parse_expr(part) for part in _split(group)))
    return base


def _base(name: str, arguments: str | None, groups: list[str], text: str) -> tuple[Type, list[str]]:
    if name in _TEXTS:
        if arguments is not None or not groups:
            raise ExprError(f'{name} takes a size: {name}[8], or {name}[] for the rest')
        size: Expr | None = parse_expr(groups[0]) if groups[0].strip() else None
        return BytesType(name, size), groups[1:]
    if name == 'pstr':
        prefix = (arguments or '').strip()
        if prefix not in NUMBERS or prefix[0] != 'u':
            raise ExprError(f'pstr takes the type of its length: pstr(u32), not {text!r}')
        return PStrType(NumberType(prefix)), groups
    if name == 'oneof':
        names = _split(arguments or '')
        if len(names) < 2:
            raise ExprError('oneof takes two or more structs: oneof(a, b)')
        return OneOfType(tuple(part.strip() for part in names)), groups
    if name in NUMBERS or name in ('rational', 'srational', 'zstr'):
        if arguments is not None:
            raise ExprError(f'{name} takes no arguments')
        if name == 'zstr':
            return ZStrType(), groups
        return (NumberType(name) if name in NUMBERS else RationalType(name[0] == 's')), groups
    return StructType(name, _arguments(arguments)), groups


def _arguments(text: str | None) -> tuple[tuple[str, Expr], ...]:
    found = []
    for part in _split(text or ''):
        name, equals, value = part.partition('=')
        if not equals or not _NAME.fullmatch(name.strip()):
            raise ExprError(f'an argument is name=expression, not {part!r}')
        found.append((name.strip(), parse_expr(value)))
    return tuple(found)


def _bracket(text: str, opening: str, closing: str) -> tuple[str, str]:
    depth = 0
    for i, char in enumerate(text):
        depth += (char == opening) - (char == closing)
        if depth == 0:
            return text[1:i], text[i + 1 :].strip()
    raise ExprError(f'{closing!r} is missing in {text!r}')


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char in '([') - (char in ')]')
        if char == ',' and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def struct_names(type_: Type | None) -> tuple[str, ...]:
    """Return names of structs that a type refers to."""
    match type_:
        case StructType(name=name):
            return (name,)
        case OneOfType(names=names):
            return names
        case ArrayType(item=item):
            return struct_names(item)
    return ()


def constant(expr: Expr | None) -> int | None:
    """Return the number of an expression without names."""
    match expr:
        case Const(value=bool() | int() as value):
            return int(value)
        case Not(operand=operand):
            inner = constant(operand)
            return None if inner is None else int(not inner)
        case Binary(op=op, left=left, right=right) if op in _FOLD:
            a, b = constant(left), constant(right)
            return None if a is None or b is None else int(_FOLD[op](a, b))
        case BoolOp(op=op, operands=operands):
            values = [constant(operand) for operand in operands]
            if None in values:
                return None
            return int(all(values) if op == 'and' else any(values))
    return None
