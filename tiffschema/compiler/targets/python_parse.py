"""Plan to Python that reads, with or without recording the extent of each field.

Rule 1: bounds are checked before anything is read or allocated; the generated code raises
`FormatError` and its children, and what `support.FAULTS` names only inside a guard.
Rule 2: tracing is the same emitter with one hook; there is no second parser to keep in step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..expr import Const, Expr
from ..ir import ArrayType, NumberType
from ..lower import NUMPY
from ..plan import (
    Array, At, Call, Check, ConstCheck, Each, Guard, Let, Map, Oneof, Op, Plan, Repeat, Run, RunItem,
    SwitchOp, Table, Text, When, Window, walk,
)  # fmt: skip
from .parse_values import emit_map
from .printing import ModuleText, Printer, asks_family, local

__all__ = ['emit_parser']


def emit_parser(
    module: ModuleText, plan: Plan, plans: dict[str, Plan], order: str, tracing: bool = False
) -> None:
    """Add the parser of a struct to a module."""
    module.functions.append(_Parser(module, plan, plans, order, tracing).text())


class _Parser(Printer):
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
        self.ready: list[str] = []
        self.known_end = False
        self.nested = any(isinstance(op, Call | Oneof) for op in walk(plan.ops))

    def path(self, name: str) -> str:
        """Return the quoted path of a field, for errors."""
        return repr(f'{self.plan.path}.{name}')

    def text(self) -> str:
        """Return the function."""
        plan = self.plan
        args = ''.join(f', {self.argument(name)}' for name, _ in plan.args)
        hook = ', path' if self.tracing else ''
        self.lines.append(f'def {self.verb}_{plan.name}(buf, pos, end, ctx{hook}{args}):')
        self.emit(f'"""{plan.path}"""')
        self.emit(f'r = record_{plan.name}()')
        if plan.can_drop:
            self.emit('r._dropped = ()')
        if self.nested:
            self.emit('ctx.depth -= 1')
            self.emit(f'if ctx.depth < 0: ctx.too_deep({plan.path!r}, pos)')
        if plan.extent or self._needs_start():
            self.emit('start = pos')
        if 'parent' in plan.used:
            self.emit('parent = ctx.parents[-1]')
        if 'root' in plan.used:
            self.emit('root = ctx.parents[0]')
        self._absent()
        if plan.extent:
            self._extent()
        else:
            self.ops(plan.ops)
        for name in plan.fields:
            if name not in self.direct:
                self.emit(f'r.{name} = {local(name)}')
        if plan.check is not None:
            self.check(plan.check, '')
        if self.nested:
            self.emit('ctx.depth += 1')
        self.emit('return r, pos')
        return '\n'.join(self.lines)

    def _needs_start(self) -> bool:
        return any(isinstance(op, At) and op.base == 'struct' for op in walk(self.plan.ops))

    def _absent(self) -> None:
        """Set what no op gives (fields that this variant does not have)."""
        given = {getattr(op, 'name', '') for op in self.plan.ops}
        given |= {item.name for op in self.plan.ops if isinstance(op, Run) for item in op.items}
        for name in self.plan.fields:
            if name not in given:
                self.direct.add(name)
                self.emit(f'r.{name} = None')
                if name in self.plan.used:
                    self.emit(f'{local(name)} = None')

    def ops(self, ops: Sequence[Op]) -> None:
        """Emit ops one after the other."""
        for i, op in enumerate(ops):
            match op:
                case Run():
                    self.run(op, ops[i + 1 :])
                case Array():
                    self.array(op)
                case Table():
                    self.table(op)
                case Text():
                    self.text_op(op)
                case Call():
                    self.call(op)
                case Oneof():
                    self.oneof(op)
                case Repeat():
                    self.repeat(op)
                case Each():
                    self.each(op)
                case SwitchOp():
                    self.switch(op)
                case When():
                    self.when(op)
                case At():
                    self.at(op)
                case Window():
                    self.window(op)
                case Guard():
                    self.guard(op)
                case ConstCheck():
                    self.const(op)
                case Map():
                    emit_map(self, op)
                case Let():
                    self.emit(f'{local(op.name)} = {self.expr(op.value)}')
                case Check():
                    self.check(op.condition, op.name)
            if self.level == 1:
                self.know(op)

    def know(self, op: Op) -> None:
        """Note the fields that have their value from here on."""
        names = [item.name for item in op.items] if isinstance(op, Run) else [op.name]
        self.ready += [name for name in names if name in self.plan.fields and name not in self.ready]

    # leaves ------------------------------------------------------------------------------------

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

    # structs ------------------------------------------------------------------------------------

    def call(self, op: Call) -> None:
        """Emit a struct inside the struct."""
        args = ''.join(f', {self.expr(tree)}' for tree in self.arguments(op))
        hook = f', {self.place(op.name)}' if self.tracing else ''
        with self.family(op.struct):
            self.emit(
                f'{local(op.name)}, pos = {self.verb}_{op.struct}(buf, pos, end, ctx{hook}{args})'
            )

    def arguments(self, op: Call) -> list[Expr]:
        """Return arguments in the order of the struct's declaration."""
        given = dict(op.args)
        return [given[name] for name, _ in self.plans[op.struct].args]

    def family(self, struct: str) -> Any:
        """Make this record the parent of another while that is read, if it asks for one."""
        return _Family(self, asks_family(struct, self.plans))

    def oneof(self, op: Oneof) -> None:
        """Emit the choice of a struct by its constant."""
        name, magic = local(op.name), self.fresh('magic')
        total = op.offset + op.size
        self.emit(f'if pos + {total} > end: need({total}, pos, end, {self.path(op.name)})')
        letters = op.number.letter if op.number else f'{op.size}s'
        unpack = self.module.constant('unpack', f'Struct({self.order + letters!r}).unpack_from')
        self.emit(f'({magic},) = {unpack}(buf, pos + {op.offset})')
        hook = f', {self.place(op.name)}' if self.tracing else ''
        word = 'if'
        for values, struct in op.choices:
            with self.block(f'{word} {magic} in {values!r}:'):
                self.emit(
                    f'{name}, pos = {self.verb}_{struct}(buf, pos, end, ctx{hook})'
                )
            word = 'elif'
        every = tuple(value for values, _ in op.choices for value in values)
        with self.block('else:'):
            self.emit(f'wrong({magic}, {every!r}, {self.path(op.name)}, pos)')

    def repeat(self, op: Repeat) -> None:
        """Emit items one by one."""
        items, index = self.fresh('items'), self.fresh('index')
        path, least = self.path(op.name), self.least(op.body)
        limit = f'min({op.max}, ctx.items)' if op.max is not None else 'ctx.items'
        self.emit(f'{items} = []')
        outer = 'path'
        if self.tracing:
            outer = self.fresh('path')
            self.emit(f'{outer} = {self.place(op.name)}')
            self.emit(f'{outer}_0 = path')
        if op.count is not None:
            total = self.expr(op.count)
            head = f'for {index} in range(count_of({total}, {least}, pos, end, {limit}, {path})):'
        elif op.until is not None:
            head = 'while True:'
        else:
            head = 'while pos < end:'
        before = self.fresh('start')
        with self.block(head):
            if op.count is None:
                self.emit(f'if len({items}) >= {limit}: too_many({limit}, {path}, pos)')
                self.emit(f'{before} = pos')
            if self.tracing:
                self.emit(f"path = f'{{{outer}}}[{{len({items})}}]'")
            self.ops(op.body)
            if op.until is not None and not op.include:
                self.emit(f'if {self.expr(op.until)}: break')
            self.emit(f'{items}.append(item)')
            if op.until is not None and op.include:
                self.emit(f'if {self.expr(op.until)}: break')
            if op.count is None:
                self.emit(f'if pos == {before}: stuck({path}, pos)')
        if self.tracing:
            self.emit(f'path = {outer}_0')
        self.emit(f'ctx.spend(len({items}), {path}, pos)')
        self.emit(f'{local(op.name)} = {items}')

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

    def each(self, op: Each) -> None:
        """Emit groups of items, one per element of an earlier array."""
        name, path = local(op.name), self.path(op.name)
        groups, group = self.fresh('groups'), self.fresh('group')
        index, stop, saved = self.fresh('index'), self.fresh('stop'), self.fresh('end')
        self.emit(f'{groups} = []')
        self.emit(f'{index} = 0')
        if op.sizes is not None:
            sizes = self.fresh('sizes')
            self.emit(f'{sizes} = {self.expr(op.sizes)}')
        if self.tracing:
            self.emit('outer_ = path')
        with self.block(f'for it in {local(op.over)}:'):
            self.emit(f'{group} = []')
            total = self.expr(op.count) if op.count is not None else '1'
            limit = f'min({op.field.max}, ctx.items)' if op.field.max is not None else 'ctx.items'
            with self.block(f'for _ in range(count_of({total}, 0, pos, end, {limit}, {path})):'):
                if op.sizes is not None:
                    self.emit(
                        f'{stop} = window(size_at({sizes}, {index}, {path}, pos), pos, end, {path})'
                    )
                    self.emit(f'{saved}, end = end, {stop}')
                if self.tracing:
                    self.emit(f"path = f'{{outer_}}.{op.name}[{{{index}}}]'")
                self.ops(op.body)
                self.emit(f'{index} += 1')
                if op.sizes is not None:
                    self.emit(f'pos, end = {stop}, {saved}')
                self.emit(f'{group}.append(item)')
            key = self.expr_of(op.key) if op.key else 'None'
            self.emit(f'{groups}.append(({key}, {group}))')
        if self.tracing:
            self.emit('path = outer_')
        self.emit(f'{name} = {"dict_of_groups" if op.key else "list_of_groups"}({groups})')

    def expr_of(self, dotted: str) -> str:
        """Print a dotted name such as ``it.kind``."""
        head, *rest = dotted.split('.')
        return head + ''.join(f'[{part!r}]' for part in rest)

    # scopes -------------------------------------------------------------------------------------

    def switch(self, op: SwitchOp) -> None:
        """Emit a chain of cases."""
        on = self.fresh('case')
        self.emit(f'{on} = {self.expr(op.on)}')
        word = 'if'
        for keys, body in op.cases:
            test = f'== {keys[0]!r}' if len(keys) == 1 else f'in {keys!r}'
            with self.block(f'{word} {on} {test}:'):
                self.ops(body)
            word = 'elif'
        if word == 'if':
            self.ops(op.default or ())
            return
        with self.block('else:'):
            if op.default is not None:
                self.ops(op.default)
            else:
                self.emit(f'no_case({on}, {self.path(op.name)}, pos)')

    def when(self, op: When) -> None:
        """Emit a body that may be absent."""
        with self.block(f'if {self.expr(op.condition)}:'):
            self.ops(op.body)
        with self.block('else:'):
            self.emit(f'{local(op.name)} = {op.field.default!r}')

    def at(self, op: At) -> None:
        """Emit a jump to where a pointer leads, and the way back."""
        if op.field.inline and isinstance(op.body[0], SwitchOp):
            self.at_each_case(op, op.body[0])
            return
        back, saved = self.fresh('back'), self.fresh('end')
        origin = 'start' if op.base == 'struct' else 'ctx.base'
        path = self.path(op.name)
        self.emit(f'{back}, {saved} = pos, end')
        inline = self.inline_size(op)
        if inline is None:
            self.jump(op, origin, path)
        else:
            with self.block(f'if {inline} <= {op.field.inline}:'):
                self.emit(f'pos -= {op.field.inline}')
            with self.block('else:'):
                self.jump(op, origin, path)
        known = self.fresh('known')
        if self.tracing and inline is not None:
            self.emit(f'{known} = len(ctx.extents)')
        self.ops(op.body)
        if self.tracing and inline is not None:
            self.emit(f'trace_inline(ctx, {known}, {back} - {op.field.inline}, {back})')
        self.emit(f'pos, end = {back}, {saved}')

    def at_each_case(self, op: At, switch: SwitchOp) -> None:
        """Put the jump inside the cases, where the size of the value is known."""

        def inside(body: Sequence[Op]) -> tuple[Op, ...]:
            leaf = next((item for item in body if not isinstance(item, Map | ConstCheck)), None)
            if leaf is None:
                return tuple(body)
            return (At(op.name, op.offsets, op.base, tuple(body), op.field),)

        cases = tuple((keys, inside(body)) for keys, body in switch.cases)
        default = None if switch.default is None else inside(switch.default)
        self.switch(SwitchOp(switch.name, switch.on, cases, default, switch.field))

    def jump(self, op: At, origin: str, path: str) -> None:
        """Emit the change of `pos` and `end`."""
        if self.nested:
            self.emit(f'ctx.spend(4, {path}, pos)')
        if len(op.offsets) == 1:
            self.emit(f'pos = target({self.expr(op.offsets[0])}, {origin}, len(buf), {path}, pos)')
            self.emit('end = len(buf)')
            return
        offsets = ', '.join(self.expr(offset) for offset in op.offsets)
        struct = next((item for item in op.body if isinstance(item, Call)), None)
        consts, letters, offset = leading_constant(self.plans, struct)
        unpack = 'None'
        if consts:
            unpack = self.module.constant('unpack', f'Struct({self.order + letters!r}).unpack_from')
        self.emit(
            f'pos = first_target(({offsets}), {origin}, buf, {unpack}, {offset}, {consts!r}, '
            f'{path}, pos)'
        )
        self.emit('end = len(buf)')

    def inline_size(self, op: At) -> str | None:
        """Return the size of a value that may lie in its pointer, as Python."""
        if not op.field.inline:
            return None
        match op.body[0]:
            case Run() as run:
                return str(run.size)
            case Array(number=number, dims=dims, pairs=pairs) if dims:
                total = ' * '.join(f'({self.expr(dim)})' for dim in dims)
                return f'{total} * {number.size * (2 if pairs else 1)}'
            case Text(kind='bytes' | 'str', count=count) if count is not None:
                return self.expr(count)
        return None

    def window(self, op: Window) -> None:
        """Emit a body that owns exactly so many bytes."""
        stop, saved = self.fresh('stop'), self.fresh('end')
        self.emit(f'{stop} = window({self.expr(op.size)}, pos, end, {self.path(op.name)})')
        self.emit(f'{saved}, end = end, {stop}')
        self.ops(op.body)
        if self.tracing:
            self.emit(f'trace_rest(ctx, pos, {stop}, {self.place(op.name)})')
        self.emit(f'pos, end = {stop}, {saved}')

    def guard(self, op: Guard) -> None:
        """Emit a body whose faults are recorded."""
        name, path = local(op.name), self.path(op.name)
        saved, after = self.fresh('saved'), self.fresh('after')
        self.emit(f'{saved}, {after} = (end, ctx.depth), pos')
        if op.fault == 'keep':
            self.emit(f'{name} = {self.raw_value(op)}')
        values = [i for i, item in enumerate(op.body) if isinstance(item, Map | ConstCheck | Check)]
        split = values[0] if values else len(op.body)
        with self.block('try:'):
            self.ops(op.body[:split])
            if split < len(op.body):
                self.emit(f'{after} = pos')
                self.ops(op.body[split:])
        with self.block('except FAULTS as error:'):
            self.emit(f'ctx.record(fault_of(error, {path}, pos))')
            if op.fault == 'drop':
                self.emit(f'{name} = None')
                self.emit(f'r._dropped += ({op.name!r},)')
            self.emit(f'(end, ctx.depth), pos = {saved}, {after}')

    def raw_value(self, op: Guard) -> str:
        """Return what is kept of a value that cannot be read."""
        for item in walk(op.body):
            if isinstance(item, At):
                return self.expr(item.offsets[0])
        return 'None'

    # values -------------------------------------------------------------------------------------

    def const(self, op: ConstCheck) -> None:
        """Emit the comparison with constants."""
        name = local(op.name)
        test = f'!= {op.values[0]!r}' if len(op.values) == 1 else f'not in {op.values!r}'
        self.emit(
            f'if {name} {test}: wrong({name}, {op.values!r}, {self.path(op.name)}, {self.where(op)})'
        )

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

    def check(self, condition: Expr, name: str) -> None:
        """Emit a condition that must hold."""
        path = self.path(name) if name else repr(self.plan.path)
        text = self.expr(condition)
        self.emit(f'if not ({text}): unmet({text!r}, {path}, pos)')

    def _extent(self) -> None:
        """Emit a struct that ends where its extent says: whole, or item by item."""
        plan = self.plan
        first = plan.ops[0]
        names = [item.name for item in first.items] if isinstance(first, Run) else []
        if not isinstance(first, Run) or plan.extent not in names:
            raise ValueError(f'{plan.path}: extent must be one of the leading fixed fields')
        before = first.items[: names.index(plan.extent)]
        offset = sum(item.size for item in before)
        item = first.items[len(before)]
        least = offset + item.size
        unpack = self.module.constant('unpack', f'Struct({self.order_of(item.field) + item.letters!r}).unpack_from')
        self.emit(f'if pos + {least} > end: need({least}, pos, end, {self.path(plan.extent)})')
        self.emit(f'({local(plan.extent)},) = {unpack}(buf, pos + {offset})')
        size = local(plan.extent)
        self.emit(
            f'if not {least} <= {size} <= end - pos: '
            f'extent_end({size}, {least}, pos, end, {self.path(plan.extent)})'
        )
        self.emit(f'end = stop = pos + {size}')
        for i, op in enumerate(plan.ops):
            if isinstance(op, Run):
                with self.block(f'if pos + {op.size} <= stop:'):
                    self.known_end = True
                    self.run(op, plan.ops[i + 1 :], top=True)
                with self.block('else:'):
                    self.short_run(op, plan.ops[i + 1 :])
            elif isinstance(op, At | Let | Map | ConstCheck | Check) or _points(op):
                if isinstance(op, Map | ConstCheck):
                    with self.block(f'if {local(op.name)} is not None:'):
                        self.ops([op])
                else:
                    self.ops([op])
            else:
                with self.block('if pos < stop:'):
                    self.ops([op])
                with self.block('else:'):
                    self.emit(f'{local(op.name)} = None')
            self.know(op)
        self.emit('pos = stop')

    def short_run(self, run: Run, behind: Sequence[Op]) -> None:
        """Emit a Run of which only the first items are there."""
        touched = {op.name for op in behind if isinstance(op, Map | ConstCheck | Check)}
        names = [
            name
            for item in run.items
            for name in (
                [local(item.name)] if item.kind == 'ratio' else self.item(item, touched, True)[1]
            )
        ]
        if names:
            self.emit(f'{" = ".join(names)} = None')
        with self.block('while True:'):
            for item in run.items:
                self.emit(f'if pos + {item.size} > stop: break')
                _, targets = self.item(item, touched, True)
                if targets:
                    unpack = self.module.constant(
                        'unpack', f'Struct({self.order_of(item.field) + item.letters!r}).unpack_from'
                    )
                    comma = ',' if len(targets) == 1 else ''
                    self.emit(f'{", ".join(targets)}{comma} = {unpack}(buf, pos)')
                self.emit(f'pos += {item.size}')
                if targets:
                    self.shown(item)
                if self.tracing:
                    self.trace_run(Run((item,)))
            self.emit('break')


class _Family:
    """Emits the push and pop of a parent record."""

    def __init__(self, printer: _Parser, needed: bool) -> None:
        self.printer = printer
        self.needed = needed

    def __enter__(self) -> None:
        if self.needed:
            printer = self.printer
            for name in printer.ready:
                if name not in printer.direct:
                    printer.emit(f'r.{name} = {local(name)}')
            printer.emit('ctx.parents.append(r)')

    def __exit__(self, *args: object) -> None:
        if self.needed:
            self.printer.emit('ctx.parents.pop()')


def leading_constant(
    plans: dict[str, Plan], call: Call | None
) -> tuple[tuple[Any, ...], str, int]:
    """Return constants at the begin of a struct, their letters and offset."""
    if call is None:
        return (), '', 0
    run = plans[call.struct].ops[0]
    if not isinstance(run, Run) or not run.items[0].field.const:
        return (), '', 0
    values: Any = run.items[0].field.const
    given = dict(call.args).get(run.items[0].name.lstrip('_'))
    if isinstance(given, Const):
        values = (given.value,)
    return tuple(values), run.items[0].letters, 0


def _points(op: Op) -> bool:
    """Whether an op takes no bytes where it stands: a pointer, whatever is round it."""
    match op:
        case When(body=body) | Guard(body=body):
            return all(_points(inner) or isinstance(inner, Map | Check) for inner in body)
        case At():
            return True
    return False


def _kind(item: RunItem) -> str:
    return 'pad' if item.kind == 'pad' else 'field'


