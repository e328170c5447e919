"""Expressions of the schema language as construct's ``this`` trees.

Rule: a name stands for a struct's member some structs up; an argument stands for the expression
that the caller gave, seen from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
from tiffschema.compiler.ir import StructDef
from tiffschema.errors import UnsupportedError

__all__ = ['UNSUPPORTED', 'Argument', 'Expressions', 'Scope']

UNSUPPORTED: Mapping[str, str] = {
    'at list': 'construct has no pointer with alternatives',
    'inline': 'construct cannot move a pointer field back into a value',
    'base tag': 'construct knows no tag whose value a pointer could start from',
    'each': 'construct has no group of items per element of an earlier array',
    'oneof by': 'construct selects by trial, not by a field within',
    'name it': 'construct has no groups, so nothing to call it',
    'name here': 'a this expression cannot ask for the position',
    'name file': 'a this expression cannot ask for the size of the stream',
    'name tag': 'construct knows no tags',
    'name tags': 'construct knows no tags',
    'slice': 'a this expression cannot slice',
    'index': 'a this expression takes only a constant index',
}
"""What this target lacks, and why."""


@dataclass(frozen=True, slots=True)
class Argument:
    """Value of a struct's argument: an expression of the caller, or a plain value."""

    expr: Expr
    scope: Scope
    value: Any = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: how deep, under which struct, with which arguments.

    `windowed` says that what is read is a stream of its own, whose offsets are not the file's.
    """

    depth: int = 0
    struct: StructDef | None = None
    args: Mapping[str, Argument] | None = None
    endian: str = ''
    item: bool = False
    before: frozenset[str] = frozenset()
    windowed: bool = False


class Expressions:
    """Prints expressions; `c` is the module `construct`, `id` names the schema in messages."""

    def __init__(self, construct: Any, id: str) -> None:
        self.c = construct
        self.id = id

    def refuse(self, what: str, place: str) -> UnsupportedError:
        """Return the error for what construct cannot say."""
        return UnsupportedError(f'{self.id}.{place}: {what}: {UNSUPPORTED[what]}')

    def this(self, expr: Expr, scope: Scope, depth: int | None = None) -> Any:
        """Return an expression as construct's tree."""
        depth = scope.depth if depth is None else depth

        def down(inner: Expr) -> Any:
            return self.this(inner, scope, depth)

        match expr:
            case Const(value=value):
                return value
            case Name():
                return self.name(expr, scope, depth)
            case Unary(op='-', operand=x):
                return -down(x)
            case Unary(operand=x):
                return -down(x) - 1
            case Binary(op=op, left=a, right=b):
                return _OPERATORS[op](down(a), down(b))
            case BoolOp(op=op, operands=items):
                return self.boolean(op, [down(item) for item in items])
            case Not(operand=x):
                return down(x) == 0
            case Member(operand=x, items=items, negated=negated):
                tests = [down(x) == down(item) for item in items]
                found = self.boolean('or', tests) if tests else False
                return found == 0 if negated else found
            case Choice(condition=c, then=a, otherwise=b):
                chosen = down(c) != 0
                return down(a) * chosen + down(b) * (chosen == 0)
            case Index(array=array, index=Const(value=int() as i)):
                return self.name(array, scope, depth)[i]
            case Index():
                raise self.refuse('index', self.place(scope))
            case Slice():
                raise self.refuse('slice', self.place(scope))
            case Apply(function=function, args=args):
                return self.apply(function, [down(arg) for arg in args])

    @staticmethod
    def place(scope: Scope) -> str:
        return scope.struct.name if scope.struct else ''

    @staticmethod
    def boolean(op: str, items: list[Any]) -> Any:
        # construct's & and | work on bits: every operand is first made a truth value.
        result = items[0] != 0
        for item in items[1:]:
            result = (result & (item != 0)) if op == 'and' else (result | (item != 0))
        return result

    def apply(self, function: str, args: list[Any]) -> Any:
        match function:
            case 'len':
                return self.c.len_(args[0])
            case 'abs':
                return self.c.abs_(args[0])
            case 'min' | 'max':
                a, b = args
                first = (a < b) if function == 'min' else (a > b)
                return a * first + b * (first == 0)
            case 'bits':
                return (args[0] >> args[1]) & ((1 << args[2]) - 1)
        return 10.0 ** args[0]

    def name(self, name: Name, scope: Scope, depth: int) -> Any:
        """Return a name, as many structs up as it was declared above."""
        head, *rest = name.parts
        this = self.c.this
        for _ in range(depth - scope.depth):
            this = this['_']
        if head == 'item' and scope.item:
            found = self.c.obj_
        elif head in ('it', 'here', 'file', 'tag', 'tags'):
            raise self.refuse(f'name {head}', self.place(scope))
        elif head == 'parent':
            found = this['_']
        elif head == 'root':
            found = self.c.this['_root']
        elif scope.args and head in scope.args and head not in scope.before:
            argument = scope.args[head]
            if argument.value is not None:
                return argument.value
            return self.this(argument.expr, argument.scope, depth)
        else:
            found = this[head]
        for part in rest:
            found = found[part]
        return found


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    '+': lambda a, b: a + b, '-': lambda a, b: a - b, '*': lambda a, b: a * b,
    '//': lambda a, b: a // b, '%': lambda a, b: a % b, '**': lambda a, b: a**b,
    '<<': lambda a, b: a << b, '>>': lambda a, b: a >> b, '&': lambda a, b: a & b,
    '|': lambda a, b: a | b, '^': lambda a, b: a ^ b, '==': lambda a, b: a == b,
    '!=': lambda a, b: a != b, '<': lambda a, b: a < b, '<=': lambda a, b: a <= b,
    '>': lambda a, b: a > b, '>=': lambda a, b: a >= b,
}  # fmt: skip
