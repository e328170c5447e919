"""From one variant of a schema to running code: plans, records, modules of parsers and builders."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from enum import IntEnum
from struct import Struct as Packer
from typing import Any

import numpy

from . import support
from .convert import CONVERSIONS, TIMES
from .ir import EnumDef, SchemaDef, StructDef
from .lower import Lowering
from .plan import Map, Plan, walk
from .targets.dtype import TableType
from .targets.record import Record, record_class

__all__ = ['CompiledVariant', 'enum_members']


class CompiledVariant:
    """One variant of a schema, compiled on demand per byte order and target.

    Parameters:
        definition: The IR.
        structs: Visible structs by name.
        enums: Visible enums by name.
        tables: Visible tables by name.
    """

    def __init__(
        self,
        definition: SchemaDef,
        structs: Mapping[str, StructDef],
        enums: Mapping[str, EnumDef],
        tables: Mapping[str, Mapping[int, Any]],
    ) -> None:
        self.definition = definition
        self.structs = structs
        self.enums = enums
        self.tables = tables
        lowering = Lowering(definition, structs, enums)
        self.plans: dict[str, Plan] = {name: lowering.plan(name) for name in structs}
        self.lowering = lowering
        self.records: dict[str, type[Record]] = {
            name: record_class(plan, f'tiffschema.schemas.{definition.id.replace("/", ".")}')
            for name, plan in self.plans.items()
        }
        self._members: dict[str, dict[Any, Any]] = {}
        self._spaces: dict[tuple[str, str], dict[str, Any]] = {}
        self._texts: dict[tuple[str, str], str] = {}

    @property
    def label(self) -> str:
        """Name for tracebacks."""
        variant = self.definition.variant
        return self.definition.id + (f':{variant}' if variant else '')

    def names_of(self, struct: str) -> dict[int, str]:
        """Return names of the codes of a struct whose switch asks a table."""
        for field in self.structs[struct].fields:
            if field.table in self.tables:
                return {
                    code: row['name'] if isinstance(row, Mapping) else str(row)
                    for code, row in self.tables[field.table].items()
                }
        return {}

    def members(self, name: str) -> dict[Any, Any]:
        """Return members of an enum by number; made on first use."""
        if name not in self._members:
            self._members[name] = enum_members(self.enums[name])
        return self._members[name]

    def text(self, target: str, order: str) -> str:
        """Return the source of a module: `target` is parse, build or trace."""
        key = (target, order)
        if key not in self._texts:
            self._texts[key] = self._print(target, order)
        return self._texts[key]

    def _print(self, target: str, order: str) -> str:
        from .targets.printing import ModuleText
        from .targets.python_build import emit_builder
        from .targets.python_parse import emit_parser

        module = ModuleText(order)
        for plan in self.plans.values():
            if target == 'build':
                emit_builder(module, plan, self.plans, order)
            else:
                emit_parser(module, plan, self.plans, order, target == 'trace')
        return f'"""Generated from {self.label}: {target}, {order}. Not edited by hand."""\n\n' + module.text()

    def space(self, target: str, order: str) -> dict[str, Any]:
        """Return the namespace of a generated module, compiled on first use."""
        key = (target, order)
        found = self._spaces.get(key)
        if found is None:
            from .freeze import frozen_code

            code = frozen_code(self.definition.id, self.definition.variant, target, order)
            if code is None:
                text = self.text(target, order)
                file = f'<tiffschema {self.label} {target} {order}>'
                linecache.cache[file] = (len(text), None, text.splitlines(True), file)
                code = compile(text, file, 'exec')
            found = self._names(target)
            exec(code, found)
            self._spaces[key] = found
        return found

    def _names(self, target: str) -> dict[str, Any]:
        """Return what generated code may name."""
        from .targets import build_support

        space: dict[str, Any] = {'__name__': f'tiffschema.generated.{self.label}'}
        space.update(vars(support))
        if target == 'build':
            space.update(vars(build_support))
        space['Struct'] = Packer
        space['frombuffer'], space['dtype'] = numpy.frombuffer, numpy.dtype
        space['table_type'] = lambda name, order: TableType(self.plans[name], order)
        space['names_of'] = self.names_of
        half = 1 if target == 'build' else 0
        for name, pair in TIMES.items():
            space[f'time_{name}'] = pair[half]
        for name, pair in CONVERSIONS.items():
            space[f'convert_{name}'] = pair[half]
        for name, kind in self.records.items():
            space[f'record_{name}'] = kind
        for plan in self.plans.values():
            for op in walk(plan.ops):
                if isinstance(op, Map) and op.function in ('enum', 'flags'):
                    space[f'enum_{op.argument}'] = self.members(op.argument)
        return space


def enum_members(enum: EnumDef) -> dict[Any, Any]:
    """Return members of an enum by number."""
    numbers = {number: name for number, name in enum.values.items() if isinstance(number, int)}
    if not numbers or len(numbers) != len(enum.values):
        return dict(enum.values)
    unique: dict[str, int] = {}
    for number, name in numbers.items():
        unique.setdefault(name if name.isidentifier() else f'value_{number}', number)
    kind: Any = IntEnum(enum.name, unique)
    return {int(member): member for member in kind}
