"""The plan: steps that read or write a struct, made from the IR, in no byte order.

Rule 1: a plan knows sizes and names, and nothing of data; whatever depends on a file is a step.
Rule 2: neighbouring fixed fields are one `Run`; what is done to their values stands behind it.
Rule 3: an emitter is one case per op; an op without a case fails loudly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .expr import Expr
from .ir import Field, NumberType

__all__ = [
    'Array',
    'At',
    'Call',
    'Check',
    'ConstCheck',
    'Each',
    'Guard',
    'Let',
    'Map',
    'Oneof',
    'Op',
    'Plan',
    'Repeat',
    'Run',
    'RunItem',
    'SwitchOp',
    'Table',
    'Text',
    'When',
    'Window',
    'walk',
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunItem:
    """One fixed field of a Run: letters of the `struct` module and how its bytes are shown.

    `kind` is number, ratio (two numbers), bytes, text, array or pad.
    """

    name: str
    letters: str
    size: int
    kind: str
    field: Field
    numpy: str = ''
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Fixed fields side by side: one bounds check, one unpack."""

    items: tuple[RunItem, ...]

    @property
    def size(self) -> int:
        """Bytes of all items."""
        return sum(item.size for item in self.items)


@dataclass(frozen=True, slots=True)
class Array:
    """Numbers, as a NumPy array; without dimensions up to the end of the window."""

    name: str
    number: NumberType
    dims: tuple[Expr, ...]
    pairs: bool
    field: Field


@dataclass(frozen=True, slots=True)
class Table:
    """Records of fixed layout, as a structured NumPy array."""

    name: str
    struct: str
    count: Expr | None
    field: Field


@dataclass(frozen=True, slots=True)
class Text:
    """bytes, str, pad, zstr or pstr of a size that the file says."""

    name: str
    kind: str
    count: Expr | None
    prefix: NumberType | None
    field: Field


@dataclass(frozen=True, slots=True)
class Call:
    """A struct inside the struct."""

    name: str
    struct: str
    args: tuple[tuple[str, Expr], ...]
    field: Field


@dataclass(frozen=True, slots=True)
class Oneof:
    """A struct chosen by its constant: (values, struct) pairs and where the constant lies.

    `leaders` are the names of the fields that hold the constants, one per choice.
    """

    name: str
    choices: tuple[tuple[tuple[Any, ...], str], ...]
    leaders: tuple[str, ...]
    number: NumberType | None
    offset: int
    size: int
    field: Field


@dataclass(frozen=True, slots=True)
class Repeat:
    """Items one by one; `body` leaves each in the name ``item``."""

    name: str
    body: tuple[Op, ...]
    count: Expr | None
    until: Expr | None
    include: bool
    max: int | None
    field: Field


@dataclass(frozen=True, slots=True)
class Each:
    """One group of items per element ``it`` of an earlier array; sizes come from a list."""

    name: str
    over: str
    count: Expr | None
    sizes: Expr | None
    body: tuple[Op, ...]
    key: str
    field: Field


@dataclass(frozen=True, slots=True)
class SwitchOp:
    """A body chosen by a value."""

    name: str
    on: Expr
    cases: tuple[tuple[tuple[int | str, ...], tuple[Op, ...]], ...]
    default: tuple[Op, ...] | None
    field: Field


@dataclass(frozen=True, slots=True)
class When:
    """A body that is there only if a condition holds."""

    name: str
    condition: Expr
    body: tuple[Op, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class At:
    """A body that lies where a pointer says."""

    name: str
    offsets: tuple[Expr, ...]
    base: str
    body: tuple[Op, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class Window:
    """A body that owns exactly so many bytes."""

    name: str
    size: Expr
    body: tuple[Op, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class Guard:
    """A body whose faults are recorded; the value is then absent, or what was there."""

    name: str
    fault: str
    body: tuple[Op, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class ConstCheck:
    """The value is one of these."""

    name: str
    values: tuple[Any, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class Map:
    """A pair of functions between the stored and the shown value."""

    name: str
    function: str
    argument: Any
    field: Field


@dataclass(frozen=True, slots=True)
class Let:
    """A computed value that is not in the file."""

    name: str
    value: Expr
    field: Field


@dataclass(frozen=True, slots=True)
class Check:
    """An expression that must be true."""

    name: str
    condition: Expr


Op: TypeAlias = (
    Run | Array | Table | Text | Call | Oneof | Repeat | Each | SwitchOp | When | At | Window
    | Guard | ConstCheck | Map | Let | Check
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps of one struct.

    Parameters:
        path: ``schema.struct``, as errors name it.
        fields: Public fields in order.
        optional: Names whose value may be absent.
        maps: Value steps per field name, in reading order.
    """

    name: str
    path: str
    args: tuple[tuple[str, str], ...]
    ops: tuple[Op, ...]
    fields: tuple[str, ...]
    optional: frozenset[str]
    used: frozenset[str]
    extent: str
    endian: str
    check: Expr | None
    can_drop: bool
    size: int | None

    def single_run(self) -> Run | None:
        """Return the Run of a struct that is nothing else (value steps aside)."""
        runs = [op for op in self.ops if not isinstance(op, Map | ConstCheck | Let | Check)]
        if len(runs) == 1 and isinstance(runs[0], Run):
            return runs[0]
        return None


def bodies(op: Op) -> Iterator[Sequence[Op]]:
    """Yield the bodies inside an op."""
    match op:
        case Repeat(body=body) | Each(body=body) | When(body=body) | At(body=body):
            yield body
        case Window(body=body) | Guard(body=body):
            yield body
        case SwitchOp(cases=cases, default=default):
            for _, body in cases:
                yield body
            if default is not None:
                yield default


def walk(ops: Sequence[Op]) -> Iterator[Op]:
    """Yield all ops, outer ones first."""
    for op in ops:
        yield op
        for body in bodies(op):
            yield from walk(body)
