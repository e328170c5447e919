"""Expressions of construct declarations as text of the schema language.

Rule 1: only ``this`` trees are read; a function cannot be, and is refused by name.
Rule 2: a name of an outer struct becomes an argument of the inner one; who prints names decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ['Refused', 'expression']

Outer = Callable[[int, tuple[str, ...]], str]
Labels = Callable[[str, str], int | None]


def _no_labels(name: str, text: str) -> int | None:
    return None


class Refused(Exception):
    """An object cannot be taken; says which and why."""


_FUNCTIONS = {'len': 'len', 'abs': 'abs'}


def expression(value: Any, outer: Outer, own: str = '', labels: Labels = _no_labels) -> str:
    """Return an expression as text.

    Parameters:
        value: A number, text, or a tree of construct's ``this``, ``obj_``.
        outer: Gives the text for a name so many structs up; 0 is the struct itself, -1 the root.
        own: What ``obj_`` stands for; empty refuses it.
        labels: Gives the number of a label that a named field is compared with, None if it has no
            labels.

    Raises:
        Refused: It is a function, or asks for what the language has no word for.
    """
    from construct.expr import BinExpr, FuncPath, Path, UniExpr

    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, Path):
        return _path(value, outer, own)
    if isinstance(value, BinExpr):
        return _binary(value, outer, own, labels)
    if isinstance(value, UniExpr):
        inner = expression(value.operand, outer, own, labels)
        match value.op.__name__:
            case 'neg':
                return f'(-{inner})'
            case 'pos':
                return inner
        return f'(not {inner})'
    if isinstance(value, FuncPath):
        function = value._FuncPath__func
        operand = value._FuncPath__operand
        if function.__name__ not in _FUNCTIONS or operand is None:
            raise Refused(f'{value!r}: of the functions of a list only len_ and abs_ are known')
        return f'{_FUNCTIONS[function.__name__]}({expression(operand, outer, own, labels)})'
    if callable(value):
        raise Refused(
            f'{value!r} is a function, which cannot be read as a declaration; '
            'write it with this, such as this.count'
        )
    raise Refused(f'{value!r} is no expression')


def _binary(value: Any, outer: Outer, own: str, labels: Labels) -> str:
    from construct.expr import opnames

    left = expression(value.lhs, outer, own, labels)
    right = expression(value.rhs, outer, own, labels)
    # Enumerations compare by number here, by label in construct.
    for text, name in ((value.lhs, right), (value.rhs, left)):
        number = labels(name, text) if isinstance(text, str) else None
        if number is not None:
            left, right = (str(number), right) if text is value.lhs else (left, str(number))
    sign = opnames[value.op]
    if sign == '/':
        raise Refused(f'{value!r}: / gives a fraction; sizes and counts need //')
    if sign == 'in':
        raise Refused(f'{value!r}: "in" a this expression asks nothing; compare with ==')
    if sign in '&|' and _is_truth(value.lhs) and _is_truth(value.rhs):
        return f'({left} {"and" if sign == "&" else "or"} {right})'
    return f'({left} {sign} {right})'


def _is_truth(value: Any) -> bool:
    """Whether a tree is a comparison, so that & and | join conditions."""
    from construct.expr import BinExpr, UniExpr, opnames

    if isinstance(value, BinExpr):
        sign = opnames[value.op]
        if sign in ('&', '|'):
            return _is_truth(value.lhs) and _is_truth(value.rhs)
        return sign in ('==', '!=', '<', '<=', '>', '>=')
    return isinstance(value, UniExpr) and value.op.__name__ == 'not_'


def _path(value: Any, outer: Outer, own: str) -> str:
    parts: list[Any] = []
    while value._Path__parent is not None:
        parts.append(value._Path__field)
        value = value._Path__parent
    parts.reverse()
    if value._Path__name == 'obj_':
        if not own:
            raise Refused('obj_ stands for nothing here')
        return '.'.join([own, *map(str, parts)])
    levels = 0
    while parts and parts[0] in ('_', '_root'):
        if parts.pop(0) == '_root':
            levels = -1
            break
        levels += 1
    index = ''
    if parts and isinstance(parts[-1], int):
        index = f'[{parts.pop()}]'
    names = tuple(str(part) for part in parts)
    if not names:
        raise Refused('this without a name stands for nothing')
    if names[0].startswith('_') and names[0] in (
        '_index', '_params', '_io', '_subcons', '_parsing', '_building', '_sizing',
    ):  # fmt: skip
        raise Refused(f'this.{names[0]} asks for the state of construct, not for a field')
    return outer(levels, names) + index
