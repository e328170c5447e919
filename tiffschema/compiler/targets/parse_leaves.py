"""Leaf steps of the parser: those that take bytes, each behind a check of what is left."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import ArrayType, NumberType
from ..lower import NUMPY
from ..plan import (
    Array,
    Call,
    Check,
    ConstCheck,
    Map,
    Oneof,
    Op,
    Plan,
    Run,
    RunItem,
    Table,
    Text,
    walk,
)  # fmt: skip
from .printing import ModuleText, Printer, local

__all__ = ['Leaves']


class Leaves(Printer):
    """Leaf steps of the parser: those that take bytes, each behind a check of what is left."""

    def __init__(
        self, module: ModuleText, plan: Plan, plans: dict[str, Plan], order: str, tracing: bool
    ) -> None:
        if plan.endian:
            order = {'little': '<', 'big': '>'}[plan.endian]
        super().__init__(module, plan, order)
        self.plans = plans
        self.tracing = tracing
        self.verb = 'trace' if tracing else 'parse'
        self.direct: set[str] = set()
        self.rare: set[str] = set()
        self.ready: list[str] = []
        self.known_end = False
        self.nested = any(isinstance(op, Call | Oneof) for op in walk(plan.ops))

    def path(self, name: str) -> str:
        """Return the quoted path of a field, for errors."""
        return repr(f'{self.plan.path}.{name}')

    def ops(self, ops: Sequence[Op]) -> None:
        """Emit ops one after the other."""
        raise NotImplementedError

    def know(self, op: Op) -> None:
        """Note the fields that have their value from here on."""
        raise NotImplementedError

    def run(self, run: Run, behind: Sequence[Op], top: bool = False) -> None:
        """Emit one bounds check and one unpack for all items."""
        first = next((item.name for item in run.items if item.kind != 'pad'), run.items[0].name)
        if not self.known_end:
            self.emit(f'if pos + {run.size} > end: need({run.size}, pos, end, {self.path(first)})')
        self.known_end = False
        touched = {op.name for op in behind if isinstance(op, Map | ConstCheck | Check)}
        letters, targets = '', []
        for item in run.items:
            letter, names = self.item(item, touched, top or self.level == 1)
            letters += letter
            targets += names
        if targets:
            order = self.order_of(run.items[0].field)
            unpack = self.module.constant('unpack', f'Struct({order + letters!r}).unpack_from')
            comma = ',' if len(targets) == 1 else ''
            self.emit(f'{", ".join(targets)}{comma} = {unpack}(buf, pos)')
        self.emit(f'pos += {run.size}')
        for item in run.items:
            self.shown(item)
        if self.tracing:
            self.trace_run(run)

    def item(self, item: RunItem, touched: set[str], top: bool) -> tuple[str, list[str]]:
        """Return the letters of an item and where its values go."""
        unread = item.name.startswith('_') and item.name not in self.plan.used
        if item.kind == 'pad' or (unread and item.name not in touched):
            return f'{item.size}x', []
        if item.kind == 'ratio':
            return item.letters, [f'{local(item.name)}_n', f'{local(item.name)}_d']
        direct = (
            top and item.kind in ('number', 'bytes') and item.name in self.plan.fields
            and item.name not in self.plan.used and item.name not in touched
            and item.name != self.plan.extent
        )  # fmt: skip
        if direct:
            self.direct.add(item.name)
            return item.letters, [f'r.{item.name}']
        return item.letters, [local(item.name)]

    def shown(self, item: RunItem) -> None:
        """Turn the bytes of an item into what is shown."""
        name = local(item.name)
        if item.kind == 'pad' and (item.name in self.plan.fields or item.name == 'item'):
            self.emit(f'{name} = None')
        if item.kind == 'text' and not (
            item.name.startswith('_') and item.name not in self.plan.used and not item.field.const
        ):
            self.emit(f'{name} = decode_text({name}, {self.encoding(item.field)!r})')
        elif item.kind == 'array':
            dtype = self.dtype(item.numpy, item.field)
            shape = f'.reshape({item.shape!r})' if len(item.shape) > 1 else ''
            self.emit(f'{name} = frombuffer({name}, {dtype}){shape}')

    def trace_run(self, run: Run) -> None:
        """Record the extents of the items of a Run that was just read."""
        parts = tuple((item.name, item.size, _kind(item)) for item in run.items)
        self.emit(f'trace_run(ctx, pos - {run.size}, path, {parts!r})')

    def extent(self, start: str, name: str, kind: str = 'field') -> None:
        """Record the extent of a leaf that ends at `pos`."""
        if self.tracing:
            self.emit(f'ctx.extents.append(({start}, pos, {self.place(name)}, {kind!r}))')

    def place(self, name: str) -> str:
        """Return the expression of a field's path inside the traced struct."""
        return f"path + '.{name}'" if name != 'item' else 'path'

    def array(self, op: Array) -> None:
        """Emit an array of numbers whose length the file says."""
        name, size = local(op.name), op.number.size * (2 if op.pairs else 1)
        limit = f'min({op.field.max}, ctx.items)' if op.field.max is not None else 'ctx.items'
        count = self.fresh('count')
        if op.dims:
            dims = [self.expr(dim) for dim in op.dims]
            for dim in dims[1:]:
                if not dim.isdigit():
                    self.emit(f'count_of({dim}, 0, pos, end, {limit}, {self.path(op.name)})')
            total = dims[0] if len(dims) == 1 else ' * '.join(f'({dim})' for dim in dims)
            self.emit(
                f'{count} = count_of({total}, {size}, pos, end, {limit}, {self.path(op.name)})'
            )
        else:
            dims = []
            self.emit(
                f'{count} = count_of((end - pos) // {size}, {size}, pos, end, {limit}, '
                f'{self.path(op.name)})'
            )
        kind = self.dtype(NUMPY[op.number.name], op.field)
        each = f'{count} * 2' if op.pairs else count
        shape = ', '.join(dims) if len(dims) > 1 else ('-1' if op.pairs else '')
        if op.pairs:
            shape = f'{shape}, 2'
        reshape = f'.reshape({shape})' if shape else ''
        if shape.startswith('-1'):
            reshape = f'.reshape({count}, 2)'
        self.emit(f'{name} = frombuffer(buf, {kind}, {each}, pos){reshape}')
        start = f'pos - {count} * {size}'
        self.emit(f'pos += {count} * {size}')
        self.extent(start, op.name)

    def table(self, op: Table) -> None:
        """Emit a structured array."""
        name = local(op.name)
        kind = self.module.constant('rows', f'table_type({op.struct!r}, {self.order!r})')
        limit = f'min({op.field.max}, ctx.items)' if op.field.max is not None else 'ctx.items'
        total = self.expr(op.count) if op.count is not None else f'(end - pos) // {kind}.size'
        count = self.fresh('count')
        self.emit(
            f'{count} = count_of({total}, {kind}.size, pos, end, {limit}, {self.path(op.name)})'
        )
        self.emit(f'{name} = {kind}.read(buf, {count}, pos)')
        self.emit(f'pos += {count} * {kind}.size')
        self.extent(f'pos - {count} * {kind}.size', op.name, 'table')

    def text_op(self, op: Text) -> None:
        """Emit bytes or text of a size that the file says."""
        name, path = local(op.name), self.path(op.name)
        before = self.fresh('start')
        self.emit(f'{before} = pos')
        encoding = self.encoding(op.field)
        if op.kind == 'zstr':
            self.emit(
                f'{name}, pos = zero_terminated(buf, pos, end, {encoding!r}, ctx.limits, {path})'
            )
            self.extent(before, op.name)
            return
        count = self.fresh('count')
        if op.prefix is not None:
            size = op.prefix.size
            self.emit(f'if pos + {size} > end: need({size}, pos, end, {path})')
            letter = self.order_of(op.field) + op.prefix.letter
            unpack = self.module.constant('unpack', f'Struct({letter!r}).unpack_from')
            self.emit(f'({count},) = {unpack}(buf, pos)')
            self.emit(f'pos += {size}')
            total = count
        else:
            total = self.expr(op.count) if op.count is not None else 'end - pos'
        # The `max` of a list bounds its items, not the bytes of one.
        most = None if isinstance(op.field.type, ArrayType) else op.field.max
        limit = f'min({most}, ctx.limits.text)' if most else 'ctx.limits.text'
        if op.kind == 'pad':
            limit = '1 << 62'
        self.emit(f'{count} = count_of({total}, 1, pos, end, {limit}, {path})')
        if op.kind == 'bytes':
            self.emit(f'{name} = bytes(buf[pos : pos + {count}])')
        elif op.kind == 'pad':
            if op.name == 'item' or op.name in self.plan.fields or op.name in self.plan.used:
                self.emit(f'{name} = None')
        else:
            self.emit(f'{name} = decode_text(bytes(buf[pos : pos + {count}]), {encoding!r})')
        self.emit(f'pos += {count}')
        self.extent(before, op.name, 'pad' if op.kind == 'pad' else 'field')

    def least(self, body: Sequence[Op]) -> int:
        """Return the fewest bytes that an item takes, as far as known."""
        match body[0]:
            case Run() as run:
                return run.size
            case Call(struct=struct):
                first = self.plans[struct].ops[:1]
                return first[0].size if first and isinstance(first[0], Run) else 0
            case Text(prefix=NumberType() as prefix):
                return prefix.size
        return 0

    def where(self, op: ConstCheck | Map) -> str:
        """Return the position of a field of fixed size that was just read."""
        if isinstance(op.field.type, NumberType) and len(self.plan.ops) > 1:
            run = self.plan.ops[0]
            if isinstance(run, Run) and self.level == 1:
                offset = 0
                for item in run.items:
                    if item.name == op.name:
                        return f'pos - {run.size - offset}' if run.size > offset else 'pos'
                    offset += item.size
        return 'pos'


def _kind(item: RunItem) -> str:
    return 'pad' if item.kind == 'pad' else 'field'
