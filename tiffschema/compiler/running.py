"""What running code needs of one variant of a schema: shapes of structs, names, generated code.

Knows no YAML, no IR and no plan: all of that may have happened when the wheel was built. Shapes are
plain literals, so that a frozen module holds them as they are.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from enum import IntEnum
from struct import Struct as Packer
from types import CodeType
from typing import Any, NamedTuple

import numpy

from . import support
from .convert import CONVERSIONS, TIMES
from .targets.dtype import TableType
from .targets.record import Record, record_class

__all__ = ['RunningVariant', 'StructShape', 'enum_members']


class StructShape(NamedTuple):
    """Shape of a struct, without its declaration.

    `row` describes a fixed layout (name, NumPy code, sub-shape, offset per column) and its size;
    `columns` are steps on columns of tables; `leading` are the fixed fields that a lazy record
    reads on access: name, letters, offset, whether read as they are.
    """

    name: str
    path: str
    args: tuple[str, ...]
    fields: tuple[str, ...]
    can_drop: bool
    size: int | None
    endian: str
    extent: str
    row: tuple[tuple[tuple[str, str, tuple[int, ...], int], ...], int] | None
    columns: Mapping[str, tuple[str, Any]]
    leading: tuple[tuple[str, str, int, bool], ...]
    doc: str


class RunningVariant:
    """Generated code of one variant, ready to run.

    Parameters:
        label: Name for tracebacks.
        facts: Literals: ``structs`` (tuples of `StructShape`), ``enums`` that generated code asks,
            ``names`` of table codes by struct.
        code: Returns the compiled module of a target and byte order, or its source.
    """

    def __init__(
        self, id: str, variant: str | None, facts: Mapping[str, Any],
        code: Callable[[str, str], CodeType | str],
    ) -> None:  # fmt: skip
        self.id = id
        self.variant = variant
        self.endian: str = facts['endian']
        self.shapes = {name: StructShape(*shape) for name, shape in facts['structs'].items()}
        self.records: dict[str, type[Record]] = {
            name: record_class(shape, f'tiffschema.schemas.{id.replace("/", ".")}')
            for name, shape in self.shapes.items()
        }
        self._enums: Mapping[str, Mapping[Any, str]] = facts['enums']
        self._names: Mapping[str, Mapping[int, str]] = facts['names']
        self._code = code
        self._members: dict[str, dict[Any, Any]] = {}
        self._spaces: dict[tuple[str, str], dict[str, Any]] = {}

    def members(self, name: str) -> dict[Any, Any]:
        """Return members of an enum by number; made on first use."""
        if name not in self._members:
            self._members[name] = enum_members(name, self._enums[name])
        return self._members[name]

    def space(self, target: str, order: str) -> dict[str, Any]:
        """Return the namespace of a generated module, run on first use."""
        key = (target, order)
        found = self._spaces.get(key)
        if found is None:
            code = self._code(target, order)
            if isinstance(code, str):
                label = self.id + (f':{self.variant}' if self.variant else '')
                file = f'<tiffschema {label} {target} {order}>'
                linecache.cache[file] = (len(code), None, code.splitlines(True), file)
                code = compile(code, file, 'exec')
            found = self._known(target)
            exec(code, found)
            self._spaces[key] = found
        return found

    def _known(self, target: str) -> dict[str, Any]:
        """Return what generated code may name."""
        space: dict[str, Any] = {'__name__': f'tiffschema.generated.{self.id}'}
        space.update(vars(support))
        if target == 'build':
            from .targets import build_support

            space.update(vars(build_support))
        space['Struct'] = Packer
        space['frombuffer'], space['dtype'] = numpy.frombuffer, numpy.dtype
        space['table_type'] = lambda name, order: TableType(self.shapes[name], order)
        space['names_of'] = lambda name: self._names.get(name, {})
        half = 1 if target == 'build' else 0
        for name, pair in TIMES.items():
            space[f'time_{name}'] = pair[half]
        for name, pair in CONVERSIONS.items():
            space[f'convert_{name}'] = pair[half]
        for name, kind in self.records.items():
            space[f'record_{name}'] = kind
        for name in self._enums:
            space[f'enum_{name}'] = self.members(name)
        return space


def enum_members(name: str, values: Mapping[Any, str]) -> dict[Any, Any]:
    """Return members of an enum by number; enums of texts stay plain."""
    if not values or not all(isinstance(number, int) for number in values):
        return dict(values)
    unique: dict[str, int] = {}
    for number, label in values.items():
        unique.setdefault(label if label.isidentifier() else f'value_{number}', number)
    make: Any = IntEnum
    kind = make(name, unique)
    return {int(member): member for member in kind}
