"""Names of a struct that its builder gives: counts, sizes, offsets, extents, checked values.

Rule: this reads the declaration only; how the values follow is the builder's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tiffschema.compiler.expr import Binary, Expr, Name, names_in, solve
from tiffschema.compiler.ir import (
    ArrayType,
    BytesType,
    Field,
    NumberType,
    StructDef,
    Type,
)

__all__ = ['Derived', 'Role', 'derived_names']

Role = Literal['count', 'size', 'pointer', 'extent', 'check', 'build']


@dataclass(frozen=True, slots=True)
class Derived:
    """Why a field needs no value: its role, the expression it stands in, and how often it is used.

    Parameters:
        role: What it says about others.
        expr: The expression that it solves.
        shared: Whether several fields follow from it, or conditions ask for it.
    """

    role: Role
    expr: Expr
    shared: bool = False


def derived_names(struct: StructDef) -> dict[str, Derived]:
    """Return the fields that follow from others, by name."""
    numbers = {
        field.name
        for field in struct.fields
        if isinstance(field.type, NumberType) and not field.const and field.let is None
    }
    found: dict[str, Derived] = {}
    waiting = list(_sources(struct))
    for field in struct.fields:
        if field.build is not None:
            found[field.name] = Derived('build', field.build)
    if struct.extent:
        found[struct.extent] = Derived('extent', Name((struct.extent,)))
    changed = True
    while changed:
        changed = False
        for role, expr in list(waiting):
            unknown = _unknowns(expr, numbers, found)
            if len(unknown) == 1 and solve(expr, Name((unknown[0],)), Name(('x',))) is not None:
                found[unknown[0]] = Derived(role, expr)
                changed = True
            if len(unknown) <= 1:
                waiting.remove((role, expr))
    uses = [
        name
        for role, expr in _sources(struct)
        if role in ('count', 'size')
        for name in set(_unknowns(expr, numbers, {}))
    ]
    asked = {name.head for field in struct.fields for name in _asked(field)}
    return {
        name: Derived(why.role, why.expr, uses.count(name) > 1 or name in asked)
        for name, why in found.items()
    }


def _asked(field: Field) -> Iterator[Name]:
    """Yield names whose values decide what is there."""
    for expr in (field.when, field.switch.on if field.switch else None):
        yield from names_in(expr) if expr is not None else ()


def _unknowns(expr: Expr, numbers: set[str], known: dict[str, Derived]) -> list[str]:
    return [
        name.head
        for name in names_in(expr)
        if len(name.parts) == 1 and name.head in numbers and name.head not in known
    ]


def _sources(struct: StructDef) -> Iterator[tuple[Role, Expr]]:
    for field in struct.fields:
        for offset in field.at[:1]:
            yield 'pointer', offset
        if field.size is not None:
            yield 'size', field.size
        if not field.until:
            yield from _type_sources(field.type)
    checks = [field.check for field in struct.fields if field.check is not None]
    if struct.check is not None:
        checks.append(struct.check)
    for check in checks:
        if isinstance(check, Binary) and check.op == '==' and isinstance(check.left, Name):
            others = {name.head for name in names_in(check.right)}
            if check.left.head not in others and others:
                yield 'check', check.left


def _type_sources(type_: Type | None) -> Iterator[tuple[Role, Expr]]:
    match type_:
        case BytesType(count=count) if count is not None:
            yield 'size', count
        case ArrayType(item=item, dims=dims):
            for dim in dims:
                yield 'count', dim
            if not isinstance(item, BytesType):
                yield from _type_sources(item)


def pointers(fields: tuple[Field, ...]) -> set[str]:
    """Return names that lead to values elsewhere."""
    return {name.head for field in fields for offset in field.at for name in names_in(offset)}
