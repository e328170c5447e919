"""Expressions of the schema language in Kaitai Struct's own.

Rule: Kaitai's integers divide like ours (towards minus infinity); its conditions are strict
Booleans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tiffschema.compiler.expr import (
    Apply,
    Binary,
    BoolOp,
    Choice,
    Const,
    Expr,
    Index,
    Member,
    Name,
    Not,
    Slice,
    Unary,
)
from tiffschema.errors import UnsupportedError

__all__ = ['UNSUPPORTED', 'condition', 'ksy_expr', 'refuse']

UNSUPPORTED: Mapping[str, str] = {
    'at list': 'Kaitai Struct has no pointer with alternatives',
    'inline': 'Kaitai Struct cannot read a value from its own pointer field',
    'base tag': 'Kaitai Struct knows no tags',
    'each': 'Kaitai Struct has no group of items per element of an earlier array',
    'oneof by': 'Kaitai Struct can look ahead at one place only if it is a number',
    'name it': 'Kaitai Struct has no groups, so nothing to call it',
    'name tag': 'Kaitai Struct knows no tags',
    'name tags': 'Kaitai Struct knows no tags',
    'slice': 'the expressions of Kaitai Struct have no slices',
    'endian': 'a type of Kaitai Struct has one byte order, wherever it is used',
    'f16': 'Kaitai Struct has no half-precision floats',
    'power': 'the expressions of Kaitai Struct have no powers',
    'pow10': 'the expressions of Kaitai Struct have no powers',
}
"""What this target lacks, and why."""

_BOOLEAN = ('==', '!=', '<', '<=', '>', '>=')


def refuse(what: str) -> UnsupportedError:
    """Return the error for what Kaitai Struct cannot say."""
    return UnsupportedError(f'{what}: {UNSUPPORTED[what]}')


def condition(expr: Expr, name: Callable[[Name], str]) -> str:
    """Return an expression as a Boolean."""
    match expr:
        case Binary(op=op) if op in _BOOLEAN:
            return ksy_expr(expr, name)
        case BoolOp(op=op, operands=items):
            return '(' + f' {op} '.join(condition(item, name) for item in items) + ')'
        case Not(operand=x):
            return f'(not {condition(x, name)})'
        case Member() | Const(value=bool()):
            return ksy_expr(expr, name)
    return f'({ksy_expr(expr, name)} != 0)'


def ksy_expr(expr: Expr, name: Callable[[Name], str]) -> str:
    """Return an expression; `name` prints names.

    Raises:
        UnsupportedError: Kaitai Struct has nothing for it.
    """
    match expr:
        case Const(value=bool() as value):
            return 'true' if value else 'false'
        case Const(value=str() as value):
            return '"' + value.replace('\\', '\\\\').replace('"', '\\"') + '"'
        case Const(value=value):
            return str(value)
        case Name():
            return name(expr)
        case Unary(op=op, operand=x):
            return f'({op}{ksy_expr(x, name)})'
        case Binary(op='**'):
            raise refuse('power')
        case Binary(op=op, left=a, right=b):
            sign = '/' if op == '//' else op
            return f'({ksy_expr(a, name)} {sign} {ksy_expr(b, name)})'
        case BoolOp() | Not():
            return condition(expr, name)
        case Member(operand=x, items=items, negated=negated):
            left = ksy_expr(x, name)
            tests = ' or '.join(f'{left} == {ksy_expr(item, name)}' for item in items) or 'false'
            return f'(not ({tests}))' if negated else f'({tests})'
        case Choice(condition=test, then=a, otherwise=b):
            return f'({condition(test, name)} ? {ksy_expr(a, name)} : {ksy_expr(b, name)})'
        case Index(array=array, index=i):
            return f'{name(array)}[{ksy_expr(i, name)}]'
        case Slice():
            raise refuse('slice')
        case Apply(function=function, args=args):
            return _apply(function, [ksy_expr(arg, name) for arg in args])


def _apply(function: str, args: list[str]) -> str:
    match function:
        case 'len':
            return f'{args[0]}.size'
        case 'min':
            return f'({args[0]} < {args[1]} ? {args[0]} : {args[1]})'
        case 'max':
            return f'({args[0]} > {args[1]} ? {args[0]} : {args[1]})'
        case 'abs':
            return f'({args[0]} < 0 ? -{args[0]} : {args[0]})'
        case 'bits':
            return f'(({args[0]} >> {args[1]}) & ((1 << {args[2]}) - 1))'
    raise refuse('pow10')
