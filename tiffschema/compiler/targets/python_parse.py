"""Plan to Python that reads, with or without recording the extent of each field.

Rule 1: bounds are checked before anything is read or allocated; the generated code raises
`FormatError` and its children, and what `support.FAULTS` names only inside a guard.
Rule 2: tracing is the same emitter with one hook; there is no second parser to keep in step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..expr import Binary, Const, Expr, Name
from ..plan import (
    Array,
    At,
    Call,
    Check,
    ConstCheck,
    Each,
    Guard,
    Let,
    Map,
    Oneof,
    Op,
    Plan,
    Repeat,
    Run,
    SwitchOp,
    Table,
    Text,
    When,
    Window,
    walk,
)  # fmt: skip
from .parse_extent import Extent, points
from .parse_values import emit_map
from .printing import ModuleText, asks_family, local

__all__ = ['emit_parser']


def emit_parser(
    module: ModuleText, plan: Plan, plans: dict[str, Plan], order: str, tracing: bool = False
) -> None:
    """Add the parser of a struct to a module."""
    module.functions.append(_Parser(module, plan, plans, order, tracing).text())


class _Parser(Extent):
    def text(self) -> str:
        """Return the function."""
        plan = self.plan
        args = ''.join(f', {self.argument(name)}' for name, _ in plan.args)
        hook = ', path' if self.tracing else ''
        self.lines.append(
            f'def {self.function(self.verb, plan.name)}(buf, pos, end, ctx{hook}{args}):'
        )
        self.emit(f'"""{plan.path}"""')
        if self.tracing:
            self.emit('ctx.reach(pos)')
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
        """Set what no op gives (fields of other variants), and what few blocks have."""
        plan = self.plan
        ops: list[tuple[str, Op]] = [(op.name, op) for op in plan.ops if not isinstance(op, Run)]
        ops += [(item.name, op) for op in plan.ops if isinstance(op, Run) for item in op.items]
        given = dict(ops)
        names = [name for name, _ in ops]
        absent = [name for name in plan.fields if name not in given]
        for name in set(absent) & plan.used:
            self.emit(f'{local(name)} = None')
        for name in plan.fields:
            op = given.get(name)
            alone = name not in plan.used and names.count(name) == 1
            whole = not plan.extent or (op is not None and points(op))
            if alone and whole and isinstance(op, When) and op.field.default is None:
                self.rare.add(name)
                absent.append(name)
        self.direct.update(absent)
        if absent:
            self.emit(f'{" = ".join(f"r.{name}" for name in absent)} = None')

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
        self.ready += [
            name for name in names if name in self.plan.fields and name not in self.ready
        ]

    # leaves ------------------------------------------------------------------------------------

    # structs ------------------------------------------------------------------------------------

    def call(self, op: Call) -> None:
        """Emit a struct inside the struct."""
        args = ''.join(f', {self.expr(tree)}' for tree in self.arguments(op))
        hook = f', {self.place(op.name)}' if self.tracing else ''
        with self.family(op.struct):
            function = self.function(self.verb, op.struct)
            self.emit(f'{local(op.name)}, pos = {function}(buf, pos, end, ctx{hook}{args})')

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
                function = self.function(self.verb, struct)
                self.emit(f'{name}, pos = {function}(buf, pos, end, ctx{hook})')
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
        if self.level == 1 and op.name in self.rare:
            with self.block(f'if {self.condition(op.condition)}:'):
                self.ops(op.body)
                self.emit(f'r.{op.name} = {local(op.name)}')
            return
        with self.block(f'if {self.condition(op.condition)}:'):
            self.ops(op.body)
        with self.block('else:'):
            self.emit(f'{local(op.name)} = {op.field.default!r}')

    def condition(self, tree: Expr) -> str:
        """Print a condition; a number that may be absent counts as 0."""
        match tree:
            case Binary(
                op='>' | '>=' as word, left=Name(parts=(head,)), right=Const(value=int(low))
            ):
                asked = low >= 0 if word == '>' else low > 0
                if asked and head in self.plan.optional and head not in dict(self.plan.args):
                    return f'{local(head)} and {local(head)} {word} {low}'
        return self.expr(tree)

    def at(self, op: At) -> None:
        """Emit a jump to where a pointer leads, and the way back."""
        if op.field.inline and isinstance(op.body[0], SwitchOp):
            self.at_each_case(op, op.body[0])
            return
        back, saved = self.fresh('back'), self.fresh('end')
        origin = {'struct': 'start', 'root': 'ctx.start'}.get(op.base, 'ctx.base')
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
            if self.tracing:
                self.emit('ctx.reach(pos)')
            return
        offsets = ', '.join(self.expr(offset) for offset in op.offsets)
        struct = next((item for item in op.body if isinstance(item, Call)), None)
        consts, letters, offset = leading_constant(self.plans, struct)
        unpack = 'None'
        if consts:
            unpack = self.module.constant('unpack', f'Struct({self.order + letters!r}).unpack_from')
        if self.tracing:
            self.emit(f'reach_each(({offsets}), {origin}, ctx)')
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
            f'if {name} {test}: '
            f'wrong({name}, {op.values!r}, {self.path(op.name)}, {self.where(op)})'
        )

    def check(self, condition: Expr, name: str) -> None:
        """Emit a condition that must hold."""
        path = self.path(name) if name else repr(self.plan.path)
        text = self.expr(condition)
        self.emit(f'if not ({text}): unmet({text!r}, {path}, pos)')


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
    plans: Mapping[str, Plan], call: Call | None
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
