"""Expressions of the schema language: parsed, checked, printed, solved; never evaluated as code.

Rule 1: Python's grammar reads the text (`ast.parse`); every node is then checked against a closed
list and turned into the tree below. Nothing of the text survives but integers, strings and names.
Rule 2: printers get names through a function of the caller; this module knows no field.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    'Apply', 'Binary', 'BoolOp', 'Choice', 'Const', 'Expr', 'ExprError', 'Index', 'Member', 'Name',
    'Not', 'Slice', 'Unary', 'names_in', 'parse_expr', 'printed', 'prose', 'solve',
]  # fmt: skip

MAX_LENGTH = 200
MAX_DEPTH = 20
FUNCTIONS = {'len': 1, 'min': 2, 'max': 2, 'abs': 1, 'bits': 3, 'pow10': 1}


class ExprError(ValueError):
    """An expression is not of the language; the message says what would be."""


@dataclass(frozen=True, slots=True)
class Const:
    """A number, text or truth value."""

    value: int | str | bool


@dataclass(frozen=True, slots=True)
class Name:
    """A field, argument or dotted name such as ``item.x`` or ``tags.UIC2tag.count``."""

    parts: tuple[str, ...]

    @property
    def head(self) -> str:
        """First part."""
        return self.parts[0]

    def __str__(self) -> str:
        return '.'.join(self.parts)


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``~x``."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, bit operations and comparisons of two operands."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class BoolOp:
    """``and``, ``or``."""

    op: str
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``not x``."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Member:
    """``x in [a, b]``."""

    operand: Expr
    items: tuple[Expr, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """``a if condition else b``."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Index:
    """``array[i]``."""

    array: Name
    index: Expr


@dataclass(frozen=True, slots=True)
class Slice:
    """``array[a:b]``."""

    array: Name
    start: Expr | None
    stop: Expr | None


@dataclass(frozen=True, slots=True)
class Apply:
    """One of the few functions."""

    function: str
    args: tuple[Expr, ...]


Expr: TypeAlias = (
    Const | Name | Unary | Binary | BoolOp | Not | Member | Choice | Index | Slice | Apply
)

_BINARY: dict[type[ast.AST], str] = {
    ast.Add: '+', ast.Sub: '-', ast.Mult: '*', ast.FloorDiv: '//', ast.Mod: '%', ast.Pow: '**',
    ast.LShift: '<<', ast.RShift: '>>', ast.BitAnd: '&', ast.BitOr: '|', ast.BitXor: '^',
}  # fmt: skip
_COMPARE: dict[type[ast.AST], str] = {
    ast.Eq: '==', ast.NotEq: '!=', ast.Lt: '<', ast.LtE: '<=', ast.Gt: '>', ast.GtE: '>=',
}  # fmt: skip


def parse_expr(text: str | int | bool) -> Expr:
    """Return the tree of an expression.

    Raises:
        ExprError: The text is too long or deep, or uses what the language does not have.

    Example:
        >>> printed(parse_expr('(count - 4) // 8'), str)
        '((count - 4) // 8)'
    """
    if isinstance(text, bool | int):
        return Const(text)
    if len(text) > MAX_LENGTH:
        raise ExprError(f'an expression has at most {MAX_LENGTH} characters, this has {len(text)}')
    try:
        tree = ast.parse(text.strip(), mode='eval').body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExprError(f'{text!r} is not an expression ({type(error).__name__})') from None
    return _convert(tree, 0)


def _convert(node: ast.AST, depth: int) -> Expr:
    if depth > MAX_DEPTH:
        raise ExprError(f'an expression nests at most {MAX_DEPTH} levels')
    down = depth + 1
    match node:
        case ast.Constant(value=bool() | int() | str() as value):
            return Const(value)
        case ast.Name(id=name):
            return Name((name,))
        case ast.Attribute():
            return _dotted(node)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _convert(operand, down)
            if isinstance(inner, Const) and isinstance(inner.value, int):
                return Const(-inner.value)
            return Unary('-', inner)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return Unary('~', _convert(operand, down))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Not(_convert(operand, down))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _bounded(Binary(_BINARY[type(op)], _convert(left, down), _convert(right, down)))
        case ast.BoolOp(op=op, values=values):
            name = 'and' if isinstance(op, ast.And) else 'or'
            return BoolOp(name, tuple(_convert(value, down) for value in values))
        case ast.Compare():
            return _compare(node, down)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return Choice(_convert(test, down), _convert(body, down), _convert(orelse, down))
        case ast.Subscript(value=value, slice=index):
            return _subscript(value, index, down)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            if len(args) != FUNCTIONS[name]:
                raise ExprError(f'{name}() takes {FUNCTIONS[name]} argument(s), not {len(args)}')
            return Apply(name, tuple(_convert(arg, down) for arg in args))
        case ast.Call():
            raise ExprError(f'only {", ".join(FUNCTIONS)} can be called')
    raise ExprError(
        f'{type(node).__name__} is not of the language: integers, text, names, '
        '+ - * // % ** << >> & | ^ ~, comparisons, in [..], and or not, a if c else b'
    )


def _bounded(node: Binary) -> Binary:
    """Refuse shifts and exponents that could make numbers of any size."""
    if node.op in ('<<', '**'):
        if not isinstance(node.right, Const) and node.op == '**':
            raise ExprError('an exponent is a number up to 64')
        if isinstance(node.right, Const) and not 0 <= int(node.right.value) <= 64:
            raise ExprError(f'{node.op} takes a number up to 64')
    return node


def _dotted(node: ast.AST) -> Name:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise ExprError('only names have members')
    return Name((node.id, *reversed(parts)))


def _compare(node: ast.Compare, depth: int) -> Expr:
    operands = [node.left, *node.comparators]
    terms: list[Expr] = []
    for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple):
                raise ExprError('in takes a list: x in [1, 2]')
            items = tuple(_convert(item, depth) for item in right.elts)
            terms.append(Member(_convert(left, depth), items, isinstance(op, ast.NotIn)))
        elif type(op) in _COMPARE:
            terms.append(Binary(_COMPARE[type(op)], _convert(left, depth), _convert(right, depth)))
        else:
            raise ExprError('is and is not are not of the language')
    return terms[0] if len(terms) == 1 else BoolOp('and', tuple(terms))


def _subscript(value: ast.expr, index: ast.expr, depth: int) -> Expr:
    array = _dotted(value)
    if isinstance(index, ast.Slice):
        if index.step is not None:
            raise ExprError('a slice has no step')
        start = _convert(index.lower, depth) if index.lower else None
        stop = _convert(index.upper, depth) if index.upper else None
        return Slice(array, start, stop)
    return Index(array, _convert(index, depth))


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the direct operands of a node, array names included."""
    match expr:
        case Unary(operand=x) | Not(operand=x):
            return (x,)
        case Binary(left=a, right=b):
            return (a, b)
        case BoolOp(operands=items):
            return items
        case Member(operand=x, items=items):
            return (x, *items)
        case Choice(condition=c, then=a, otherwise=b):
            return (c, a, b)
        case Index(array=array, index=i):
            return (array, i)
        case Slice(array=array, start=a, stop=b):
            return (array, *(x for x in (a, b) if x is not None))
        case Apply(args=args):
            return args
    return ()


def names_in(expr: Expr) -> Iterator[Name]:
    """Yield every name of a tree, in order."""
    if isinstance(expr, Name):
        yield expr
    for child in children(expr):
        yield from names_in(child)


def printed(expr: Expr, name: Callable[[Name], str]) -> str:
    """Return Python source of a tree; `name` prints names.

    The text serves parsers and builders; what could make numbers of any size (powers, shifts by a
    value of the file) is a call of `support`, which refuses that.
    """
    match expr:
        case Const(value=value):
            return repr(value)
        case Name():
            return name(expr)
        case Unary(op=op, operand=x):
            return f'({op}{printed(x, name)})'
        case Binary(op='**', left=a, right=b):
            return f'power({printed(a, name)}, {printed(b, name)})'
        case Binary(op='<<', left=a, right=b) if not isinstance(b, Const):
            return f'shifted({printed(a, name)}, {printed(b, name)})'
        case Binary(op=op, left=a, right=b):
            return f'({printed(a, name)} {op} {printed(b, name)})'
        case BoolOp(op=op, operands=items):
            return '(' + f' {op} '.join(printed(item, name) for item in items) + ')'
        case Not(operand=x):
            return f'(not {printed(x, name)})'
        case Member(operand=x, items=items, negated=negated):
            inner = ', '.join(printed(item, name) for item in items)
            comma = ',' if len(items) == 1 else ''
            return f'({printed(x, name)} {"not in" if negated else "in"} ({inner}{comma}))'
        case Choice(condition=c, then=a, otherwise=b):
            return f'({printed(a, name)} if {printed(c, name)} else {printed(b, name)})'
        case Index(array=array, index=i):
            return f'item_at({name(array)}, {printed(i, name)})'
        case Slice(array=array, start=a, stop=b):
            low = printed(a, name) if a is not None else ''
            high = printed(b, name) if b is not None else ''
            return f'{name(array)}[{low}:{high}]'
        case Apply(function=function, args=args):
            inner = ', '.join(printed(arg, name) for arg in args)
            return f'{"size_of" if function == "len" else function}({inner})'


_WORDS = {
    '==': 'is', '!=': 'is not', '<': 'is below', '<=': 'is at most', '>': 'is above',
    '>=': 'is at least',
}  # fmt: skip


def prose(expr: Expr) -> str:
    """Return a tree as words, for documentation."""
    match expr:
        case Const(value=value):
            return str(value)
        case Name():
            return str(expr)
        case Unary(op=op, operand=x):
            return f'{op}{prose(x)}'
        case Binary(op=op, left=a, right=b):
            text = f'{prose(a)} {_WORDS.get(op, op)} {prose(b)}'
            return text if op in _WORDS else f'({text})'
        case BoolOp(op=op, operands=items):
            return f' {op} '.join(prose(item) for item in items)
        case Not(operand=x):
            return f'not ({prose(x)})'
        case Member(operand=x, items=items, negated=negated):
            word = 'is none of' if negated else 'is one of'
            return f'{prose(x)} {word} {", ".join(prose(item) for item in items)}'
        case Choice(condition=c, then=a, otherwise=b):
            return f'{prose(a)} if {prose(c)}, else {prose(b)}'
        case Index(array=array, index=i):
            return f'{array}[{prose(i)}]'
        case Slice(array=array, start=a, stop=b):
            return f'{array}[{prose(a) if a else ""}:{prose(b) if b else ""}]'
        case Apply(function=function, args=args):
            return f'{function}({", ".join(prose(arg) for arg in args)})'


def solve(expr: Expr, unknown: Name | Index, value: Expr) -> Expr | None:
    """Return the tree that gives `unknown` when `expr` equals `value`, or None.

    Only ``+ - * //`` around one occurrence of the unknown are inverted; ``//`` gives the smallest
    exact multiple.

    Example:
        >>> tree = solve(parse_expr('(n - 4) // 8'), Name(('n',)), Name(('items',)))
        >>> printed(tree, str)
        '((items * 8) + 4)'
    """
    if expr == unknown:
        return value
    if not isinstance(expr, Binary):
        return None
    left, right = occurs(expr.left, unknown), occurs(expr.right, unknown)
    if left == right:
        return None
    known = expr.right if left else expr.left
    inner = expr.left if left else expr.right
    match expr.op:
        case '+':
            return solve(inner, unknown, Binary('-', value, known))
        case '-' if left:
            return solve(inner, unknown, Binary('+', value, known))
        case '-':
            return solve(inner, unknown, Binary('-', known, value))
        case '*':
            return solve(inner, unknown, Binary('//', value, known))
        case '//' if left:
            return solve(inner, unknown, Binary('*', value, known))
    return None


def occurs(expr: Expr, unknown: Name | Index) -> bool:
    """Whether a tree holds the unknown."""
    if expr == unknown:
        return True
    return any(occurs(child, unknown) for child in children(expr))
