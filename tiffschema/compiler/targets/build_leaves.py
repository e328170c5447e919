"""Leaf steps of the builder: those that write bytes."""

from __future__ import annotations

from collections.abc import Sequence

from ..derive import derive, unwrapped
from ..ir import Field
from ..lower import NUMPY
from ..plan import (
    Array,
    At,
    Call,
    Map,
    Oneof,
    Op,
    Plan,
    Run,
    RunItem,
    SwitchOp,
    Text,
    walk,
)  # fmt: skip
from .build_values import stored_value
from .printing import ModuleText, Printer, local

__all__ = ['Leaves']


class Leaves(Printer):
    """Leaf steps of the builder: those that write bytes."""

    def __init__(self, module: ModuleText, plan: Plan, plans: dict[str, Plan], order: str) -> None:
        if plan.endian:
            order = {'little': '<', 'big': '>'}[plan.endian]
        super().__init__(module, plan, order)
        self.plans = plans
        self.fields: dict[str, Field] = {}
        for op in walk(plan.ops):
            if isinstance(op, Run):
                for item in op.items:
                    if item.name == item.field.name:
                        self.fields.setdefault(item.name, item.field)
            elif hasattr(op, 'field') and op.name == op.field.name:
                self.fields.setdefault(op.name, op.field)
        self.derived = derive(plan, self.fields)
        self.nested = any(isinstance(op, Call | Oneof) for op in walk(plan.ops))
        self.maps: dict[str, list[Map]] = {}
        cases = {
            id(inner) for op in walk(plan.ops) if isinstance(op, SwitchOp) for inner in walk([op])
        }
        for op in walk(plan.ops):
            if isinstance(op, Map) and op.name != 'item' and id(op) not in cases:
                self.maps.setdefault(op.name, []).append(op)
        self.needs_place = set(self.derived.pointers) | set(self.derived.windows)
        if plan.extent:
            self.needs_place.add(plan.extent)
        self.plainly = self._plainly()
        runs = [item.name for op in walk(plan.ops) if isinstance(op, Run) for item in op.items]
        self._repeated = {name for name in self.needs_place if runs.count(name) > 1}
        self._places: dict[str, str] = {}

    def where(self, name: str) -> str:
        """Return the expression of a field's path."""
        return f"path + '.{name}'"

    def ops(self, ops: Sequence[Op]) -> None:
        """Emit ops one after the other."""
        raise NotImplementedError

    def _plainly(self) -> frozenset[str]:
        """Return numbers of leading Runs, and structs behind pointers, that are as given."""
        derived = self.derived
        told = {
            *derived.counts,
            *derived.lengths,
            *derived.kinds,
            *derived.pointers,
            *derived.windows,
        }
        told |= {*derived.checks, self.plan.extent, *self.plan.used, *self.maps}
        found = set()
        for op in self.plan.ops:
            for item in op.items if isinstance(op, Run) else ():
                field = item.field
                given = item.kind == 'number' and item.name in self.plan.fields
                fixed = field.const or field.has_default or field.max is not None or field.build
                if given and not fixed and item.name not in told:
                    found.add(item.name)
            inner = unwrapped(op)
            if isinstance(inner, At) and inner.name in self.plan.fields and inner.name not in told:
                field = inner.field
                if isinstance(inner.body[0], Call) and not (field.has_default or field.build):
                    found.add(inner.name)
        return frozenset(found)

    def run(self, run: Run) -> None:
        """Emit one pack for all items."""
        letters, values = '', []
        self.places(run)
        for item in run.items:
            letter, value = self.packed(item)
            letters += letter
            values += value
        if not values:
            self.emit(f'write(bytes({run.size}))')
            return
        order = self.order_of(run.items[0].field)
        pack = self.module.constant('pack', f'Struct({order + letters!r}).pack')
        with self.block('try:'):
            self.emit(f'write({pack}({", ".join(values)}))')
        told = ', '.join(
            f'({item.name!r}, {self.packed(item)[0]!r}, {self._told(item)})' for item in run.items
        )
        with self.block('except (ctx.pack_error, TypeError, OverflowError):'):
            self.emit(f'write(zeros_or_fail(ctx, {order!r}, ({told},), path))')

    def places(self, run: Run) -> None:
        """Emit where a Run begins, if fields of it are written again later."""
        begin = ''
        offset = 0
        for item in run.items:
            if item.name in self.needs_place and item.name != 'item':
                if not begin:
                    begin = self.fresh('run')
                    self.emit(f'{begin} = len(out)')
                place = f'{begin} + {offset}' if offset else begin
                if item.name in self._repeated:  # in several cases of a switch
                    self.emit(f'at_{local(item.name)} = {place}')
                else:
                    self._places[item.name] = place
            offset += item.size

    def place(self, name: str) -> str:
        """Return the expression of where a field lies that is written again."""
        return self._places.get(name, f'at_{local(name)}')

    def value(self, name: str) -> str:
        """Return the expression of a field's value: the record's where nothing is done to it."""
        return f'v.{name}' if name in self.plainly else local(name)

    def _told(self, item: RunItem) -> str:
        values = self.packed(item)[1]
        if not values:
            return '()'
        return f'({values[0]},)' if values[0].startswith('*') else values[0]

    def packed(self, item: RunItem) -> tuple[str, list[str]]:
        """Return letters and values of one item."""
        if item.kind == 'pad':
            return f'{item.size}x', []
        name = local(item.name)
        path = self.where(item.name) if item.name != 'item' else 'path'
        if item.name != 'item':
            if item.name in self.derived.windows or item.name == self.plan.extent:
                return item.letters, ['0']
            pointed = self.derived.pointers.get(item.name)
            if pointed is not None:
                if not pointed.field.inline:
                    return item.letters, ['0']
                return item.letters, [f'({name} or 0)']
            if item.name in self.plainly:
                return item.letters, [self.value(item.name)]
            letters, (value,) = self._item_value(item, stored_value(self, item.name), path)
            if value == name:
                return letters, [value]
            # A pack of None fails; what is told of it then says whether zeros stand in for it.
            if item.kind == 'ratio':
                return letters, [f'*((None, None) if {name} is None else {value[1:]})']
            return letters, [f'None if {name} is None else {value}']
        return self._item_value(item, self._item_maps(item), path)

    def _item_maps(self, item: RunItem) -> str:
        if item.field.enum:
            return f'code_of(item, enum_{item.field.enum}, path)'
        return 'item'

    def _item_value(self, item: RunItem, value: str, path: str) -> tuple[str, list[str]]:
        field = item.field
        match item.kind:
            case 'ratio':
                signed = item.letters[0] == 'i'
                return item.letters, [f'*ratio_of({value}, {signed}, {path})']
            case 'text':
                return item.letters, [
                    f'text_of({value}, {self.encoding(field)!r}, {path}, {item.size})'
                ]
            case 'bytes':
                return item.letters, [f'bytes_of({value}, {path}, {item.size})']
            case 'array':
                kind = self.dtype(item.numpy, field)
                if len(item.shape) and item.shape[-1] == 2 and field.as_ == 'float':
                    return item.letters, [f'pairs_of({value}, {kind}, {path}).tobytes()']
                return item.letters, [f'items_bytes({value}, {kind}, {item.shape!r}, {path})']
        return item.letters, [value]

    def array(self, op: Array) -> None:
        """Emit an array of numbers."""
        name = local(op.name)
        if op.name in self.derived_arrays:
            self.emit(f'write({name}_array.tobytes())')
            return
        self.emit(f'write({self.array_value(op)}.tobytes())')

    @property
    def derived_arrays(self) -> set[str]:
        """Names of arrays that were made early, because a count follows from them."""
        return {source for sources in self.derived.counts.values() for source, _, _ in sources} | {
            source for items in self.derived.indexed.values() for _, source, _ in items
        }

    def array_value(self, op: Array) -> str:
        """Return the expression of a stored array."""
        value = stored_value(self, op.name) if op.name != 'item' else 'item'
        kind = self.dtype(NUMPY[op.number.name], op.field)
        where = self.where(op.name) if op.name != 'item' else 'path'
        if op.pairs:
            return f'pairs_of({value}, {kind}, {where})'
        return f'array_of({value}, {kind}, {len(op.dims)}, {where})'

    def text_op(self, op: Text) -> None:
        """Emit bytes or text."""
        name = local(op.name)
        where = self.where(op.name) if op.name != 'item' else 'path'
        encoding = self.encoding(op.field)
        if op.kind == 'pad':
            if op.count is not None:
                self.emit(f'write(bytes({self.expr(op.count)}))')
            return
        if op.name in self.derived.texts:
            self.emit(f'write({name}_data)')
            return
        value = stored_value(self, op.name) if op.name != 'item' else 'item'
        if op.kind == 'bytes':
            data = f'bytes_of({value}, {where})'
        else:
            data = f'text_of({value}, {encoding!r}, {where})'
        if op.kind == 'zstr':
            self.emit(f"write({data} + b'\\0')")
        elif op.prefix is not None:
            packed = self.module.constant(
                'pack', f'Struct({self.order_of(op.field) + op.prefix.letter!r}).pack'
            )
            data_name = self.fresh('data')
            self.emit(f"{data_name} = {data} + b'\\0'")
            self.emit(f'write({packed}(len({data_name})) + {data_name})')
        elif op.count is not None:
            data_name = self.fresh('data')
            self.emit(f'{data_name} = {data}')
            mark = self.fresh('mark')
            self.emit(f'{mark} = len(out)')
            self.emit(f'write({data_name})')
            self.emit(f'fill(out, {mark}, {self.expr(op.count)}, {where})')
        else:
            self.emit(f'write({data})')
