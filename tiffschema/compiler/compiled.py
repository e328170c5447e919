"""One variant of a schema from IR to source: plans, the printed modules, and what running needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .ir import EnumDef, SchemaDef, StructDef
from .lower import Lowering
from .plan import Map, Plan, Run, walk
from .running import RunningVariant, StructShape, enum_members
from .targets.record import Record

__all__ = ['CompiledVariant']

_LETTERS = {'B': 'u1', 'H': 'u2', 'I': 'u4', 'Q': 'u8', 'b': 'i1', 'h': 'i2', 'i': 'i4', 'q': 'i8'}
_LETTERS.update({'e': 'f2', 'f': 'f4', 'd': 'f8'})
FORCED = {'little': '<', 'big': '>'}
"""Byte orders that a field has of its own."""


class CompiledVariant:
    """One variant of a schema, printed on demand per byte order and target.

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
        self.lowering = Lowering(definition, structs, enums)
        self.plans: dict[str, Plan] = {name: self.lowering.plan(name) for name in structs}
        self._texts: dict[tuple[str, str], str] = {}
        self._running: RunningVariant | None = None

    @property
    def running(self) -> RunningVariant:
        """The variant without its declaration."""
        if self._running is None:
            definition = self.definition
            self._running = RunningVariant(
                definition.id, definition.variant, self.facts(), self.text
            )
        return self._running

    @property
    def records(self) -> dict[str, type[Record]]:
        """Classes of records by struct."""
        return self.running.records

    def space(self, target: str, order: str) -> dict[str, Any]:
        """Return the namespace of a generated module."""
        return self.running.space(target, order)

    def members(self, name: str) -> dict[Any, Any]:
        """Return members of an enum by number."""
        return enum_members(name, self.enums[name].values)

    def facts(self) -> dict[str, Any]:
        """Return the literals that running needs; the same for the same schema."""
        asked = {
            str(op.argument)
            for plan in self.plans.values()
            for op in walk(plan.ops)
            if isinstance(op, Map) and op.function in ('enum', 'flags')
        }
        names = {name: self.names_of(name) for name in self.plans}
        return {
            'endian': self.definition.endian,
            'structs': {
                name: tuple(shape_of(plan, self.structs[name])) for name, plan in self.plans.items()
            },
            'enums': {name: dict(self.enums[name].values) for name in sorted(asked)},
            'names': {name: found for name, found in names.items() if found},
        }

    def names_of(self, struct: str) -> dict[int, str]:
        """Return names of the codes of a struct whose switch asks a table."""
        for field in self.structs[struct].fields:
            if field.table in self.tables:
                return {
                    code: row['name'] if isinstance(row, Mapping) else str(row)
                    for code, row in self.tables[field.table].items()
                }
        return {}

    def text(self, target: str, order: str) -> str:
        """Return the source of a module: `target` is parse, build or trace."""
        key = (target, order)
        if key not in self._texts:
            self._texts[key] = self._print(target, order)
        return self._texts[key]

    def _print(self, target: str, order: str) -> str:
        from .targets.printing import ModuleText, turned

        module = ModuleText(order)
        printed = [(plan, order) for plan in self.plans.values()]
        printed += [(plan, '>' if order == '<' else '<') for plan in turned(self.plans, order)]
        if target == 'build':
            from .targets.python_build import emit_builder

            for plan, each in printed:
                emit_builder(module, plan, self.plans, each)
        else:
            from .targets.python_parse import emit_parser

            for plan, each in printed:
                emit_parser(module, plan, self.plans, each, target == 'trace')
        variant = self.definition.variant
        label = self.definition.id + (f':{variant}' if variant else '')
        head = f'"""Generated from {label}: {target}, {order}. Not edited by hand."""\n\n'
        return head + module.text()


def shape_of(plan: Plan, struct: StructDef) -> StructShape:
    """Return the shape of a struct."""
    run = plan.single_run()
    row = None if run is None or plan.size is None else (_columns(run), run.size)
    steps = {
        op.name: (op.function, op.argument)
        for op in plan.ops
        if isinstance(op, Map)
        and (op.function in ('float', 'scale') or op.argument == 'stk_day_ms')
    }
    return StructShape(
        plan.name, plan.path, tuple(name for name, _ in plan.args), plan.fields, plan.can_drop,
        plan.size, plan.endian, plan.extent, row, steps, _leading(plan), struct.doc,
    )  # fmt: skip


def _columns(run: Run) -> tuple[tuple[str, str, tuple[int, ...], int], ...]:
    """Return the columns of a fixed layout."""
    columns, offset = [], 0
    for item in run.items:
        if item.kind != 'pad' and not (item.name.startswith('_') and not item.field.const):
            shape: tuple[int, ...] = ()
            match item.kind:
                case 'number':
                    kind = _LETTERS[item.letters]
                case 'ratio':
                    kind, shape = _LETTERS[item.letters[0]], (2,)
                case 'array':
                    kind, shape = item.numpy, item.shape
                case 'text':
                    kind = f'S{item.size}'
                case _:
                    kind = f'V{item.size}'
            if item.kind in ('number', 'ratio', 'array'):
                kind = FORCED.get(item.field.endian, '') + kind
            columns.append((item.name, kind, shape, offset))
        offset += item.size
    return tuple(columns)


def _leading(plan: Plan) -> tuple[tuple[str, str, int, bool], ...]:
    """Return the fields of the first Run, and which of them are shown as they are stored."""
    first = plan.ops[0] if plan.ops and isinstance(plan.ops[0], Run) else None
    turned = {op.name for op in plan.ops if isinstance(op, Map)}
    turned |= {getattr(op, 'name', '') for op in plan.ops if not isinstance(op, Run)}
    found, offset = [], 0
    for item in first.items if first else ():
        plainly = (
            item.kind in ('number', 'bytes')
            and item.name in plan.fields
            and item.name not in turned
        )
        letters = FORCED.get(item.field.endian, '') + item.letters.replace('x', 's')
        found.append((item.name, letters, offset, plainly))
        offset += item.size
    return tuple(found)
