"""Which fields follow from others when a struct is built, from what, and when.

A pass of its own between plan and builder: the emitter asks it and decides nothing itself.

early    known from the values alone: counts, kinds, constants, `build:`
pointer  known when the block behind it is laid out
late     known when sizes of windows, the extent, or checks can be settled
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .expr import Binary, BoolOp, Const, Expr, Index, Name, names_in, solve
from .ir import Field, NumberType
from .plan import (
    Array,
    At,
    Each,
    Guard,
    Op,
    Plan,
    Repeat,
    SwitchOp,
    Table,
    Text,
    When,
    Window,
    walk,
)

__all__ = ['Derivation', 'derive']

VALUE = Name(('given_',))


@dataclass
class Derivation:
    """What is derived of one struct.

    Parameters:
        counts: Field or argument, from the length (of a dimension) of these names.
        lengths: The same for texts and bytes.
        kinds: Field that a `when` fixes: (name of the optional field, condition value).
        pointers: Field, the `at` op it leads to.
        windows: Field, from the size of this window.
        checks: Field, from an expression (of its own `check` or the struct's).
        indexed: Argument array: (index, expression of the count) pairs from `each` and counts.
    """

    counts: dict[str, list[tuple[str, int, Expr]]] = field(default_factory=dict)
    lengths: dict[str, list[tuple[str, Expr]]] = field(default_factory=dict)
    kinds: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    pointers: dict[str, At] = field(default_factory=dict)
    windows: dict[str, tuple[str, Expr]] = field(default_factory=dict)
    checks: dict[str, Expr] = field(default_factory=dict)
    indexed: dict[str, list[tuple[int, str, Expr]]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)


def derive(plan: Plan, fields: dict[str, Field]) -> Derivation:
    """Return what the builder of a struct can derive."""
    found = Derivation()
    free = {
        name
        for name, declared in fields.items()
        if isinstance(declared.type, NumberType) and not declared.const and declared.build is None
    }
    free |= {name for name, _ in plan.args}
    for op in walk(plan.ops):
        if isinstance(op, At):
            for tree in op.offsets[:1]:
                for name in _free(tree, free)[:1]:
                    found.pointers.setdefault(name, op)
    _sizes(plan, found, free)
    for op in walk(plan.ops):
        if isinstance(op, When):
            _kind(op, fields, found)
    for name, declared in fields.items():
        if declared.check is not None:
            _check(declared.check, name, found)
    if plan.check is not None:
        for name in [name for name in free if name in fields]:
            if name not in found.counts and name not in found.lengths:
                _check(plan.check, name, found)
    return found


def _free(tree: Expr, free: set[str]) -> list[str]:
    return [name.head for name in names_in(tree) if len(name.parts) == 1 and name.head in free]


def _sizes(plan: Plan, found: Derivation, free: set[str]) -> None:
    inside = _group_items(plan.ops)
    for op in walk(plan.ops):
        if id(op) in inside:
            continue
        match op:
            case Array(name=name, dims=dims):
                for axis, tree in enumerate(dims):
                    _count(found, free, name, axis, tree)
            case Table(name=name, count=count) | Repeat(name=name, count=count):
                if count is not None:
                    _count(found, free, name, 0, count)
            case Text(name=name, kind=kind, count=count) if count is not None and kind != 'pad':
                for unknown in _free(count, free)[:1]:
                    solved = solve(count, Name((unknown,)), VALUE)
                    if solved is not None:
                        found.lengths.setdefault(unknown, []).append((name, solved))
                        found.texts.add(name)
            case Window(name=name, size=size):
                names = [n for n in _free(size, free) if n not in found.pointers]
                for unknown in names[:1]:
                    solved = solve(size, Name((unknown,)), VALUE)
                    if solved is not None:
                        found.windows[unknown] = (name, solved)


def _group_items(ops: Sequence[Op]) -> set[int]:
    """Return ids of ops inside repeated bodies and cases: their sizes are those of one item."""
    inside: set[int] = set()
    for op in walk(ops):
        if isinstance(op, Repeat | Each):
            inside |= {id(inner) for inner in walk(op.body)}
        elif isinstance(op, SwitchOp):
            inside |= {id(inner) for inner in walk([op])} - {id(op)}
    return inside


def _count(found: Derivation, free: set[str], name: str, axis: int, tree: Expr) -> None:
    for index in _indexes(tree):
        solved = solve(tree, index, VALUE)
        if solved is not None and isinstance(index.index, Const):
            where = int(index.index.value)
            found.indexed.setdefault(index.array.head, []).append((where, name, solved))
            return
    unknown = _free(tree, free)
    if len(set(unknown)) != 1:
        return
    solved = solve(tree, Name((unknown[0],)), VALUE)
    if solved is not None:
        found.counts.setdefault(unknown[0], []).append((name, axis, solved))


def _indexes(tree: Expr) -> list[Index]:
    if isinstance(tree, Index):
        return [tree]
    if isinstance(tree, Binary):
        return _indexes(tree.left) + _indexes(tree.right)
    return []


def _kind(op: When, fields: dict[str, Field], found: Derivation) -> None:
    """``when: kind == 1`` and a value: kind is 1."""
    terms = op.condition.operands if isinstance(op.condition, BoolOp) else (op.condition,)
    if isinstance(op.condition, BoolOp) and op.condition.op != 'and':
        return
    for term in terms:
        match term:
            case Binary(op='==', left=Name() as name, right=Const(value=value)):
                if name.head in fields:
                    found.kinds.setdefault(name.head, []).append((op.name, value))


def _check(tree: Expr, name: str, found: Derivation) -> None:
    """``check: size == expr`` gives size."""
    if not isinstance(tree, Binary) or tree.op != '==':
        return
    unknown = Name((name,))
    if name in found.counts or name in found.lengths or name in found.windows:
        return
    for left, right in ((tree.left, tree.right), (tree.right, tree.left)):
        if unknown in set(names_in(left)) and unknown not in set(names_in(right)):
            solved = solve(left, unknown, right)
            if solved is not None:
                found.checks.setdefault(name, solved)
                return


def unwrapped(op: Op) -> Op:
    """Return the op inside scopes that change nothing on building."""
    while isinstance(op, Guard | When) and len(op.body) >= 1:
        op = op.body[0]
    return op
