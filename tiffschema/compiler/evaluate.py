"""Values of expressions over given names, for targets that hold values instead of printing code.

Rule: the same arithmetic as the printed expressions, bounded the same way; names come from the
caller. An absent value counts as 0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from .expr import (
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
)  # fmt: skip

__all__ = ['evaluate']

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    '+': operator.add, '-': operator.sub, '*': operator.mul, '//': operator.floordiv,
    '%': operator.mod, '**': operator.pow, '<<': operator.lshift, '>>': operator.rshift,
    '&': operator.and_, '|': operator.or_, '^': operator.xor, '==': operator.eq,
    '!=': operator.ne, '<': operator.lt, '<=': operator.le, '>': operator.gt, '>=': operator.ge,
}  # fmt: skip


def evaluate(expr: Expr, lookup: Callable[[Name], Any]) -> Any:
    """Return the value of a tree.

    Parameters:
        expr: A checked tree.
        lookup: Gives the value of a name; what it raises passes through.

    Raises:
        ArithmeticError: A division by zero, or a shift or power beyond 64 bits.

    Example:
        >>> from tiffschema.compiler.expr import parse_expr
        >>> evaluate(parse_expr('n * 2 + 1'), lambda name: 4)
        9
    """
    match expr:
        case Const(value=value):
            return value
        case Name():
            return lookup(expr)
        case Unary(op=op, operand=x):
            value = _number(evaluate(x, lookup))
            return -value if op == '-' else ~value
        case Binary(op=op, left=a, right=b):
            return _binary(op, evaluate(a, lookup), evaluate(b, lookup))
        case BoolOp(op=op, operands=items):
            found: Any = None
            for item in items:
                found = evaluate(item, lookup)
                if bool(found) == (op == 'or'):
                    break
            return found
        case Not(operand=x):
            return not evaluate(x, lookup)
        case Member(operand=x, items=items, negated=negated):
            found = evaluate(x, lookup) in [evaluate(item, lookup) for item in items]
            return found != negated
        case Choice(condition=c, then=a, otherwise=b):
            return evaluate(a if evaluate(c, lookup) else b, lookup)
        case Index(array=array, index=i):
            items, at = lookup(array), evaluate(i, lookup)
            return items[at] if items is not None and -len(items) <= at < len(items) else 0
        case Slice(array=array, start=a, stop=b):
            items = lookup(array)
            low = evaluate(a, lookup) if a is not None else None
            high = evaluate(b, lookup) if b is not None else None
            return [] if items is None else items[low:high]
        case Apply(function=function, args=args):
            return _apply(function, [evaluate(arg, lookup) for arg in args])


def _number(value: Any) -> Any:
    return 0 if value is None else value


def _binary(op: str, left: Any, right: Any) -> Any:
    if op not in ('==', '!='):
        left, right = _number(left), _number(right)
    if op in ('<<', '**') and not 0 <= right <= 64:
        raise ArithmeticError(f'{op} takes a number up to 64, not {right}')
    return _OPERATORS[op](left, right)


def _apply(function: str, args: list[Any]) -> Any:
    match function:
        case 'len':
            return 0 if args[0] is None else len(args[0])
        case 'min':
            return min(_number(args[0]), _number(args[1]))
        case 'max':
            return max(_number(args[0]), _number(args[1]))
        case 'abs':
            return abs(_number(args[0]))
        case 'bits':
            return (_number(args[0]) >> args[1]) & ((1 << args[2]) - 1)
    return float(10.0 ** max(-400, min(300, _number(args[0]))))
