"""The checked, frozen form of a declaration: what is in the bytes, in no byte order.

Rule: nothing here is text that somebody still has to read; counts, conditions and offsets are trees
of `expr`, types are values of the classes below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .expr import Expr

__all__ = [
    'ArrayType', 'BytesType', 'EachGroup', 'EnumDef', 'Field', 'NumberType', 'OneOfType',
    'PStrType', 'RationalType', 'SchemaDef', 'StructDef', 'StructType', 'Switch', 'Type',
    'ZStrType',
]  # fmt: skip

NUMBERS: Mapping[str, tuple[str, int]] = {
    'u8': ('B', 1), 'u16': ('H', 2), 'u32': ('I', 4), 'u64': ('Q', 8),
    's8': ('b', 1), 's16': ('h', 2), 's32': ('i', 4), 's64': ('q', 8),
    'f16': ('e', 2), 'f32': ('f', 4), 'f64': ('d', 8),
}  # fmt: skip
"""Number types: letter of the `struct` module, size in bytes."""


@dataclass(frozen=True, slots=True)
class NumberType:
    """An integer or float of fixed size."""

    name: str

    @property
    def letter(self) -> str:
        """Letter of the `struct` module."""
        return NUMBERS[self.name][0]

    @property
    def size(self) -> int:
        """Bytes."""
        return NUMBERS[self.name][1]

    @property
    def is_float(self) -> bool:
        """Whether IEEE."""
        return self.name[0] == 'f'

    @property
    def bounds(self) -> tuple[int, int]:
        """Smallest and largest integer."""
        bits = 8 * self.size
        return (
            (0, (1 << bits) - 1) if self.name[0] == 'u' else (-(1 << bits - 1), (1 << bits - 1) - 1)
        )


@dataclass(frozen=True, slots=True)
class RationalType:
    """A numerator and a denominator of 32 bits each."""

    signed: bool

    @property
    def number(self) -> NumberType:
        """Type of both halves."""
        return NumberType('s32' if self.signed else 'u32')


@dataclass(frozen=True, slots=True)
class BytesType:
    """``bytes[n]``, ``str[n]``, ``pad[n]``; n is None for the rest of the window."""

    kind: str
    count: Expr | None


@dataclass(frozen=True, slots=True)
class ZStrType:
    """Text up to a NUL or the end of the window."""


@dataclass(frozen=True, slots=True)
class PStrType:
    """Text behind its length, which counts a closing NUL."""

    prefix: NumberType


@dataclass(frozen=True, slots=True)
class StructType:
    """A struct, with arguments by name."""

    name: str
    args: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class OneOfType:
    """Structs told apart by a leading constant, or by the field that `by` names in each."""

    names: tuple[str, ...]
    by: str = ''


@dataclass(frozen=True, slots=True)
class ArrayType:
    """Items of one type; no dimensions means up to the end of the window or `until`."""

    item: Type
    dims: tuple[Expr, ...]


Type: TypeAlias = (
    NumberType | RationalType | BytesType | ZStrType | PStrType | StructType | OneOfType | ArrayType
)


@dataclass(frozen=True, slots=True)
class Switch:
    """Type chosen by a value. Cases are numbers or texts; `rows` are those of a table."""

    on: Expr
    cases: tuple[tuple[tuple[int | str, ...], Field], ...]
    default: Field | None


@dataclass(frozen=True, slots=True)
class EachGroup:
    """One group of items per element `it` of an earlier array."""

    over: str
    count: Expr | None
    sizes: Expr | None


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field. Expressions are checked trees, never text."""

    name: str
    line: int = 0
    type: Type | None = None
    const: tuple[Any, ...] = ()
    default: Any = None
    has_default: bool = False
    build: Expr | None = None
    build_none: bool = False
    when: Expr | None = None
    at: tuple[Expr, ...] = ()
    base: str = 'file'
    align: int = 2
    share: bool = False
    inline: int = 0
    size: Expr | None = None
    until: Expr | None = None
    include: bool = True
    max: int | None = None
    switch: Switch | None = None
    each: EachGroup | None = None
    enum: str = ''
    flags: str = ''
    bits: tuple[tuple[str, int, int], ...] = ()
    scale: float | None = None
    time: str = ''
    convert: str = ''
    let: Expr | None = None
    check: Expr | None = None
    as_: str = ''
    key: str = ''
    table: str = ''
    fault: str = 'raise'
    encoding: str = 'latin-1'
    endian: str = ''
    unit: str = ''
    doc: str = ''
    source: str = ''
    since: str = ''
    example: Any = None

    @property
    def hidden(self) -> bool:
        """In the file, not in the result."""
        return self.name.startswith('_')


@dataclass(frozen=True, slots=True)
class StructDef:
    """One struct: its fields in order and what holds for all of them."""

    name: str
    fields: tuple[Field, ...]
    line: int = 0
    endian: str = ''
    args: tuple[tuple[str, str], ...] = ()
    extent: str = ''
    align: int = 2
    fault: str = ''
    check: Expr | None = None
    doc: str = ''
    source: str = ''
    example: Any = None
    schema: str = ''


@dataclass(frozen=True, slots=True)
class EnumDef:
    """Names of numbers; unknown numbers stay numbers."""

    name: str
    type: str
    values: Mapping[int, str]
    rows: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    flags: bool = False
    doc: str = ''
    source: str = ''


@dataclass(frozen=True, slots=True)
class SchemaDef:
    """A whole schema file, one variant of it."""

    id: str
    title: str
    doc: str
    source: tuple[str, ...]
    endian: str
    file: str
    variant: str | None
    structs: Mapping[str, StructDef]
    enums: Mapping[str, EnumDef]
    tables: Mapping[str, Mapping[int, Mapping[str, Any]]]
