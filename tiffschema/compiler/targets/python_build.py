"""Plan to Python that writes: derived fields first, then bytes, then what the layout settles.

Rule: what is derived, and from what, is decided by `derive`; this module prints it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..expr import Const, Expr, Name, Slice, names_in, printed
from ..ir import NumberType
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
from .build_layout import Layout
from .build_values import emit_early, stored_value
from .printing import ModuleText, asks_family, local

__all__ = ['emit_builder']

_NAMED = re.compile(r"(?<![\w.'])[A-Za-z]\w*")
"""Names in generated code that are no attributes and no begin of a quoted text."""


def emit_builder(module: ModuleText, plan: Plan, plans: dict[str, Plan], order: str) -> None:
    """Add the builder of a struct to a module."""
    builder = Builder(module, plan, plans, order)
    try:
        text = builder.text()
    except NoInverse as problem:
        # Reading such a struct is fine; `Schema.check` tells its author, unless ``build: none``.
        text = (
            f'def {builder.function("build", plan.name)}(ctx, values, path, *args):\n'
            f'    no_inverse({problem.field!r}, {problem.reason!r}, path)'
        )
    module.functions.append(text)


class NoInverse(Exception):
    """A field can be read, but what was read does not say how to write it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason


class Builder(Layout):
    """Prints the builder of one struct."""

    _condition: Expr | None = None
    """That of the block whose steps are being printed, where it asks for the block's offset."""

    def name(self, name: Name) -> str:
        """Print a name; an argument that is still to be derived counts as 0."""
        text = super().name(name)
        kind = dict(self.plan.args).get(name.head)
        if kind is None or kind.endswith(']') or len(name.parts) > 1:
            return text
        return f'({text} or 0)'

    def text(self) -> str:
        """Return the function."""
        plan = self.plan
        args = ''.join(f', {self.argument(name)}=None' for name, _ in plan.args)
        self.lines.append(f'def {self.function("build", plan.name)}(ctx, values, path{args}):')
        self.emit(f'"""{plan.path}"""')
        self.emit('out = ctx.out')
        self.emit('write = out.extend')
        self.emit('start = len(out)')
        if self.nested:
            self.emit('ctx.depth -= 1')
            self.emit('if ctx.depth < 0: ctx.too_deep(path)')
        self.emit('v = values')
        lost = ' or v._dropped' if plan.can_drop else ''
        self.emit(
            f'if type(v) is not record_{plan.name}{lost}: '
            f'v = record_of(v, record_{plan.name}, path, ctx)'
        )
        if 'parent' in plan.used:
            self.emit('parent = ctx.parents[-1]')
        if 'root' in plan.used:
            self.emit('root = ctx.parents[0]')
        begin = len(self.lines)
        emit_early(self)
        pieces = any(isinstance(op, At) and op.base == 'struct' for op in walk(plan.ops))
        if pieces:
            self.emit('local = []')
        if plan.extent:
            self._extent_ops()
        else:
            self.ops(plan.ops)
        if plan.extent:
            size = next(f for name, f in self.fields.items() if name == plan.extent)
            assert isinstance(size.type, NumberType)
            self.emit(f'{local(plan.extent)} = len(out) - start')
            self._patch(plan.extent, local(plan.extent))
        if pieces:
            self.emit('ctx.lay(local)')
        self._settle()
        self._verify()
        if self.nested:
            self.emit('ctx.depth += 1')
        self.lines[begin:begin] = self._loads(self.lines[begin:])
        return '\n'.join(self.lines)

    def _loads(self, lines: Sequence[str]) -> list[str]:
        """Return the lines that fetch what the others name."""
        named = set(_NAMED.findall('\n'.join(lines)))
        own = [name for name in self.plan.fields if name not in self.plainly]
        given = [(local(name), f'v.{name}') for name in own]
        given += [(local(name), 'None') for name, field in self.fields.items() if field.hidden]
        return [f'    {name} = {value}' for name, value in given if name in named]

    def ops(self, ops: Sequence[Op]) -> None:
        """Emit ops one after the other."""
        for op in ops:
            match op:
                case Run():
                    self.run(op)
                case Array():
                    self.array(op)
                case Table():
                    rows = self.module.constant(
                        'rows', f'table_type({op.struct!r}, {self.order!r})'
                    )
                    self.emit(f'write({rows}.write({local(op.name)}))')
                case Text():
                    self.text_op(op)
                case Call():
                    self.call(op)
                case Oneof():
                    choices = ', '.join(
                        f'(record_{struct}, {self.function("build", struct)}, '
                        f'{leader!r}, {values!r})'
                        for (values, struct), leader in zip(op.choices, op.leaders, strict=True)
                    )
                    name = local(op.name)
                    self.emit(
                        f'choice_of({name}, ({choices},), {self.where(op.name)})'
                        f'(ctx, {name}, {self.where(op.name)})'
                    )
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
                case ConstCheck() | Map() | Let() | Check():
                    pass  # values were turned before anything was written

    # leaves -------------------------------------------------------------------------------------

    # structs ------------------------------------------------------------------------------------

    def call(self, op: Call) -> None:
        """Emit a struct inside the struct."""
        where = self.where(op.name) if op.name != 'item' else 'path'
        value = stored_value(self, op.name) if op.name != 'item' else 'item'
        # Arguments that a struct derives are ours only if they are passed on as they are.
        other = [name for name, tree in op.args if tree != Name((name,))]
        saved = self.fresh('args')
        if other:
            self.emit(f'{saved} = dict(ctx.args)')
        family = asks_family(op.struct, self.plans)
        if family:
            self.emit('ctx.parents.append(v)')
        function = self.function('build', op.struct)
        self.emit(f'{function}(ctx, {value}, {where}{self.passed(op)})')
        if family:
            self.emit('ctx.parents.pop()')
        if other:
            self.emit(f'ctx.args = {saved}')

    def passed(self, op: Call) -> str:
        """Return the arguments of a call; one that is not known yet stays None."""
        given = dict(op.args)
        own = dict(self.plan.args)
        found = []
        for name, _ in self.plans[op.struct].args:
            tree = given[name]
            bare = isinstance(tree, Name) and len(tree.parts) == 1 and tree.head in own
            found.append(self.argument(tree.head) if bare else self.expr(tree))  # type: ignore[union-attr]
        return ''.join(f', {text}' for text in found)

    def repeat(self, op: Repeat) -> None:
        """Emit items one by one, and the end mark."""
        name, index, outer = local(op.name), self.fresh('index'), self.fresh('path')
        where = self.where(op.name) if op.name != 'item' else 'path'
        value = f'{name}_list' if op.name in self.listed else self.list_value(op)
        if op.max is not None:
            self.emit(f'if len({value}) > {op.max}: too_long(len({value}), {op.max}, {where})')
        self.emit(f'{outer} = path')
        with self.block(f'for {index}, item in enumerate({value}):'):
            self.emit(f"path = f'{{{outer}}}.{op.name}[{{{index}}}]'")
            self.ops(op.body)
            if op.until is not None and not op.include:
                self.emit(f'if {self._until(op)}: early_end({where})')
        self.emit(f'path = {outer}')
        if op.until is None:
            return
        if op.include:
            self.emit(f'unmarked({value}, lambda item: {self._until(op)}, {where})')
            return
        call = op.body[0]
        if not isinstance(call, Call):
            raise NoInverse(op.name, 'an end mark needs items that are structs')
        mark = {
            n.parts[1]: value
            for n, value in _equalities(op.until)
            if n.head == 'item' and len(n.parts) == 2
        }
        args = self.passed(call)
        saved = self.fresh('saved')
        self.emit(f'{saved}, ctx.zero = ctx.zero, True')
        function = self.function('build', call.struct)
        self.emit(f'{function}(ctx, marked(record_{call.struct}, {mark!r}), path{args})')
        self.emit(f'ctx.zero = {saved}')

    def _until(self, op: Repeat) -> str:
        def name(found: Name) -> str:
            if found.head == 'item':
                return ''.join(['item', *(f'[{part!r}]' for part in found.parts[1:])])
            return self.name(found)

        assert op.until is not None
        return printed(op.until, name)

    @property
    def listed(self) -> set[str]:
        """Names of lists that were made early, because a count follows from them."""
        return {
            op.name
            for op in walk(self.plan.ops)
            if isinstance(op, Repeat) and op.name in self.derived_arrays
        }

    def list_value(self, op: Repeat) -> str:
        """Return the expression of a list of items."""
        for item in self.maps.get(op.name, ()):
            if item.function == 'dict':
                from .parse_values import names_of

                names = self.module.constant('names', f'names_of({names_of(item)!r})')
                return f'items_of({local(op.name)}, {item.argument!r}, {names})'
        return local(op.name)

    def each(self, op: Each) -> None:
        """Emit groups of items; their sizes become an argument."""
        group = f'{local(op.name)}_groups'
        outer, index = self.fresh('path'), self.fresh('index')
        sizes = f'{local(op.name)}_sizes'
        self.emit(f'{outer}, {index}, {sizes} = path, 0, []')
        with (
            self.block(f'for it, group in zip({local(op.over)}, {group}):'),
            self.block('for item in group[1]:'),
        ):
            self.emit(f"path = f'{{{outer}}}.{op.name}[{{{index}}}]'")
            self.emit(f'{index} += 1')
            self.emit('before_ = len(out)')
            self.ops(op.body)
            self.emit(f'{sizes}.append(len(out) - before_)')
        self.emit(f'path = {outer}')
        if isinstance(op.sizes, Slice) and op.sizes.stop is None:
            array = op.sizes.array.head
            start = op.sizes.start.value if isinstance(op.sizes.start, Const) else 0
            heads = {
                where: printed(tree, self._always(self._length(source)))
                for where, source, tree in self.derived.indexed.get(array, [])
            }
            first = ', '.join(heads.get(i, '0') for i in range(int(start)))
            self.emit(f'ctx.args[{array!r}] = [{first}] + {sizes}')

    def _always(self, text: str) -> Callable[[Name], str]:
        """Return a printer of names that prints this whatever the name is."""
        return lambda _: text

    def _length(self, source: str) -> str:
        return f'len({local(source)}_list)' if source in self.listed else f'len({local(source)})'

    # scopes -------------------------------------------------------------------------------------

    def switch(self, op: SwitchOp) -> None:
        """Emit a chain of cases."""
        on = self.fresh('case')
        self.emit(f'{on} = {self.expr(op.on)}')
        word = 'if'
        for keys, body in op.cases:
            test = f'== {keys[0]!r}' if len(keys) == 1 else f'in {keys!r}'
            with self.block(f'{word} {on} {test}:'):
                self._case(body)
            word = 'elif'
        if word == 'if':
            self._case(op.default or ())
            return
        where = self.where(op.name) if op.name != 'item' else 'path'
        with self.block('else:'):
            if op.default is not None:
                self._case(op.default)
            else:
                self.emit(f'undeclared({on}, {where})')

    def _case(self, body: Sequence[Op]) -> None:
        """Emit the body of a case: its own value steps, then its bytes."""
        from .build_values import emit_inverse

        for item in reversed(body):
            if isinstance(item, Map):
                emit_inverse(self, item)
        self.ops(body)

    def when(self, op: When) -> None:
        """Emit a body that is there if the value is."""
        name = self.value(op.name)
        names = {found.head for found in names_in(op.condition)}
        if op.field.hidden:
            with self.block(f'if {self.expr(op.condition)}:'):
                self.ops(op.body)
            return
        points = any(isinstance(item, At) for item in walk(op.body))
        text = self.expr(op.condition)
        if names & set(self.derived.pointers):
            self._condition = op.condition
            if _asks_itself(op.body):
                self.ops(op.body)
            else:
                with self.block(f'if {name} is not None:'):
                    self.ops(op.body)
            self._condition = None
            return
        with self.block(f'if {text}:'):
            if points or op.field.fault != 'raise':
                with self.block(f'if {name} is not None:'):
                    self.ops(op.body)
                if not points:
                    with self.block('elif not ctx.zero:'):
                        self.emit(f'disagree({self.where(op.name)}, {text!r}, False)')
            else:
                missing = f'disagree({self.where(op.name)}, {text!r}, False)'
                if not _makes_own(op.body):
                    self.emit(f'if {name} is None and not ctx.zero: {missing}')
                self.ops(op.body)
        with self.block(f'elif {name} is not None:'):
            if op.field.has_default:
                self.emit('pass')
            else:
                self.emit(f'disagree({self.where(op.name)}, {text!r}, True)')

    def guard(self, op: Guard) -> None:
        """Emit a body; zeros of its size where its value was lost and zeros are asked for."""
        size = self.lost_size(op)
        if not op.field.hidden and size != '0' and not isinstance(op.body[0], Run):
            with self.block(f'if {self.value(op.name)} is None and ctx.zero:'):
                self.emit(f'write(bytes({size}))' if size else f'no_size({self.where(op.name)})')
            with self.block('else:'):
                self.ops(op.body)
            return
        self.ops(op.body)

    def lost_size(self, op: Guard) -> str:
        """Return the size of a field whose value was lost, '' where it is unknown."""
        match op.body[0]:
            case At():
                return '0'
            case Call(struct=struct):
                size = self.plans[struct].size
                return '' if size is None else str(size)
            case Text(kind='str' | 'bytes' | 'pad', count=count) if count is not None:
                return self.expr(count)
            case Window(size=tree) if op.name not in {w for w, _ in self.derived.windows.values()}:
                return self.expr(tree)
            case Array(number=number, dims=dims, pairs=pairs) if dims:
                total = ' * '.join(f'({self.expr(dim)})' for dim in dims)
                return f'{total} * {number.size * (2 if pairs else 1)}'
            case Table(struct=struct, count=count) if count is not None:
                return f'({self.expr(count)}) * {self.plans[struct].size}'
            case Text(count=None, prefix=None) | Repeat(count=None, until=None):
                return '0'
        return ''

    def at(self, op: At) -> None:
        """Emit a block that waits for its place, or lies in its pointer."""
        name = local(op.name)
        pointer = next(
            (n for n, found in self.derived.pointers.items() if found.name == op.name), None
        )
        if pointer is None:
            raise NoInverse(op.name, 'no field holds its offset alone')
        code = self.code_of(pointer)
        value = self.value(op.name)
        with self.block(f'if {value} is not None:'):
            place = self.place(pointer)
            function = self.fresh('block')
            with self.block(f'def {function}(path=path, {name}={value}):'):
                self.ops(op.body)
            inline = op.field.inline
            if inline:
                self.emit(
                    f'inline_or_later(ctx, {function}, {place}, {inline}, {code!r}, '
                    f'{op.field.align}, {op.field.share}, {self.where(op.name)})'
                )
                return
            turn = self._turn(op, pointer)
            queue = 'local' if op.base == 'struct' else 'ctx.queue'
            origin = 'start' if op.base == 'struct' else '0'
            self.emit(
                f'{queue}.append(Block({function}, {place}, {code!r}, {origin}, '
                f'{op.base == "file"}, {op.field.align}, {op.field.share}, '
                f'{self.where(op.name)}{turn}{self._asked(pointer)}))'
            )

    def _asked(self, pointer: str) -> str:
        """Return what the pointer of a block has to keep for a reader to follow it."""
        tree = self._condition
        if tree is None:
            return ''
        asked = {found.head for found in names_in(tree)} & set(self.derived.pointers)
        if asked != {pointer}:  # another pointer is not known before its own block lies
            return ''
        text = printed(tree, lambda n: 'place_' if n.head == pointer else self.name(n))
        return f', holds=lambda place_: {text}, text={self.expr(tree)!r}'

    def _turn(self, op: At, pointer: str) -> str:
        """Return how the stored pointer follows from the place, where they differ."""
        from ..expr import solve

        tree = op.offsets[0]
        if tree == Name((pointer,)):
            return ''
        solved = solve(tree, Name((pointer,)), Name(('place_',)))
        if solved is None:
            raise NoInverse(op.name, 'its offset cannot be solved for the field that holds it')
        text = printed(solved, lambda n: 'place_' if n.head == 'place_' else self.name(n))
        return f', lambda place_: {text}'

    def window(self, op: Window) -> None:
        """Emit a body whose size a field says."""
        mark = self.fresh('mark')
        self.emit(f'{mark} = len(out)')
        self.ops(op.body)
        target = next((n for n, (w, _) in self.derived.windows.items() if w == op.name), None)
        if target is None:
            self.emit(f'fill(out, {mark}, {self.expr(op.size)}, {self.where(op.name)})')
        else:
            self.emit(f'sizes_[{op.name!r}] = len(out) - {mark}')
            tree = self.derived.windows[target][1]
            pointers = {found.head for found in names_in(tree)} & set(self.derived.pointers)
            if self.level == 1 and not pointers:  # what follows may ask for the size
                text = printed(tree, self._given(f'sizes_[{op.name!r}]'))
                self.emit(f'{local(target)} = {text}')

    # what the layout settles ----------------------------------------------------------------------


def _equalities(tree: Expr) -> list[tuple[Name, object]]:
    """Return the names that a condition fixes."""
    from ..expr import Binary, BoolOp

    if isinstance(tree, BoolOp) and tree.op == 'and':
        return [pair for operand in tree.operands for pair in _equalities(operand)]
    match tree:
        case Binary(op='==', left=Name() as name, right=Const(value=value)):
            return [(name, value)]
    return []


def _asks_itself(body: Sequence[Op]) -> bool:
    """Whether a body is one jump, which asks whether there is a value to jump to."""
    if len(body) != 1:
        return False
    return isinstance(body[0], At) or (isinstance(body[0], Guard) and _asks_itself(body[0].body))


def _makes_own(body: Sequence[Op]) -> bool:
    """Whether a body has its value from its declaration."""
    return any(isinstance(op, ConstCheck) for op in body) or all(
        isinstance(op, Run) and all(item.field.has_default for item in op.items) for op in body
    )
