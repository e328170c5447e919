"""Values before bytes: what the builder derives early, and how shown values are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..expr import Expr, Name, names_in, printed
from ..ir import ArrayType, NumberType
from ..plan import Array, Each, Let, Map, Op, Repeat, Run, SwitchOp, Table, Text, walk
from .printing import local

if TYPE_CHECKING:
    from .build_leaves import Leaves
    from .python_build import Builder

__all__ = ['emit_early', 'emit_inverse', 'stored_value']


def emit_early(builder: Builder) -> None:
    """Emit the values of all fields, derived ones anew whatever was given."""
    plan, derived = builder.plan, builder.derived
    if derived.windows:
        builder.emit('sizes_ = {}')
    for op in walk(plan.ops):
        if isinstance(op, Each):
            _groups(builder, op)
    _codes(builder)
    _lengths(builder)
    _kinds(builder)
    _constants(builder)
    _computed(builder)


def _groups(builder: Builder, op: Each) -> None:
    """Emit groups of a dict, and the array of kinds and counts that follows from them."""
    name, over = local(op.name), local(op.over)
    over_enum = ''
    key = op.key.split('.')[-1]
    count = next((n.parts[-1] for n in names_in(op.count)), '') if op.count is not None else ''
    target = builder.fields.get(op.over)
    if target is not None and isinstance(target.type, ArrayType):
        struct = getattr(target.type.item, 'name', '')
        for item in builder.plans[struct].ops if struct in builder.plans else ():
            if isinstance(item, Map) and item.function == 'enum' and item.name == key:
                over_enum = str(item.argument)
    listed = []
    for item in op.body:
        if isinstance(item, SwitchOp):
            for keys, body in item.cases:
                first = body[0] if body else None
                array = isinstance(first, Array) or (
                    isinstance(first, Run) and first.items[0].kind == 'array'
                )
                listed += list(keys) if array else []
    members = f'enum_{over_enum}' if over_enum else '{}'
    builder.emit(
        f'{name}_groups = groups_of({name} or {{}}, {members}, frozenset({listed!r}), '
        f'{builder.where(op.name)})'
    )
    made = f'{key!r}: code_' + (f', {count!r}: len(group_)' if count else '')
    builder.emit(f'{over} = [{{{made}}} for code_, group_ in {name}_groups]')


def _codes(builder: Builder) -> None:
    """Emit numbers of enum members, so that conditions compare numbers."""
    for name, maps in builder.maps.items():
        if any(op.function == 'enum' for op in maps) and name in builder.plan.fields:
            text = local(name)
            enum = next(op.argument for op in maps if op.function == 'enum')
            builder.emit(
                f'if type({text}) is str: '
                f'{text} = code_of({text}, enum_{enum}, {builder.where(name)})'
            )


def _lengths(builder: Builder) -> None:
    """Emit counts and sizes that follow from arrays, lists and texts."""
    derived, plan = builder.derived, builder.plan
    ops = {
        op.name: op
        for op in walk(plan.ops)
        if isinstance(op, Array | Repeat | Table | Text) and op.name != 'item'
    }
    for name in sorted(derived.texts):
        op = ops[name]
        assert isinstance(op, Text)
        text = local(name)
        value = stored_value(builder, name)
        made = (
            f'bytes_of({value}, {builder.where(name)})' if op.kind == 'bytes'
            else f'text_of({value}, {builder.encoding(op.field)!r}, {builder.where(name)})'
        )  # fmt: skip
        builder.emit(f"{text}_data = b'' if {text} is None else {made}")
    for name in sorted(builder.derived_arrays):
        op = ops[name]
        text = local(name)
        if isinstance(op, Array):
            builder.emit(f'{text}_array = None if {text} is None else {builder.array_value(op)}')
        elif isinstance(op, Repeat):
            builder.emit(f'{text}_list = [] if {text} is None else {builder.list_value(op)}')
    targets = dict.fromkeys([*derived.counts, *derived.lengths])
    for target in targets:
        _agreed(builder, ops, target)
        if target in dict(plan.args):
            continue
        text = local(target)
        if builder.fields[target].when is None:  # else absent, like what it counts
            # The given number stays where all that it counts may lawfully be absent and is, or was
            # lost on reading; a struct that says its own size ends before a number not given.
            counted = [*derived.counts.get(target, []), *derived.lengths.get(target, [])]
            lawful = all(source[0] in plan.optional for source in counted)
            kept = f'(v.{target} if ctx.zero else None)' if target in plan.fields else 'None'
            if lawful and target in plan.fields:
                kept = f'v.{target}'
            absent = '' if plan.extent else ' or 0'
            builder.emit(f'if {text} is None: {text} = {kept}{absent}')
    for target in targets:
        _unsolved(builder, ops, target)


def _sources(builder: Builder, ops: Mapping[str, Op], target: str) -> list[tuple[str, str]]:
    """Return what gives a count or size: the field, and the expression of the value."""
    derived = builder.derived
    sources = []
    for source, axis, tree in derived.counts.get(target, []):
        text, op = local(source), ops[source]
        if isinstance(op, Array):
            pick = f'{text}_array.shape[{axis}]'
        elif isinstance(op, Repeat):
            pick = f'len({text}_list)'
        else:
            pick = f'len({text})'
        solved = printed(tree, _given(builder, pick))
        sources.append((source, f'None if {text} is None else {solved}'))
    for source, tree in derived.lengths.get(target, []):
        solved = printed(tree, _given(builder, f'len({local(source)}_data)'))
        sources.append((source, f'None if {local(source)} is None else {solved}'))
    return sources


def _agreed(builder: Builder, ops: Mapping[str, Op], target: str) -> None:
    """Emit the value of a count or size that follows from one or several fields."""
    derived = builder.derived
    sources = _sources(builder, ops, target)
    given = target in dict(builder.plan.args)
    text = builder.argument(target) if given else local(target)
    # A text may be shorter than its room, so it gives a size only where nothing else does.
    texts = [(name, ops[name]) for name, _ in derived.lengths.get(target, [])]
    short = {name for name, op in texts if isinstance(op, Text) and op.kind == 'str'}
    shared = short if given or len(sources) > 1 else set()
    exact = [("'the argument'", text)] if given else []
    exact += [(repr(source), value) for source, value in sources if source not in shared]
    kept = f'{text} = ctx.args[{target!r}]' if given else text
    if len(exact) == 1 and not shared:
        builder.emit(f'{kept} = {exact[0][1]}')
    elif exact:
        told = ', '.join(f'({source}, {value})' for source, value in exact)
        builder.emit(f'{kept} = agree(path, {target!r}, ({told},))')
    if shared:
        lengths = ', '.join(f'({value})' for source, value in sources if source in shared)
        if exact:
            with builder.block(f'if {text} is None:'):
                builder.emit(f'{kept} = longest(({lengths},))')
        else:
            builder.emit(f'{kept} = longest(({lengths},))')
    for source in sorted(shared):
        op = ops[source]
        assert isinstance(op, Text)
        assert op.count is not None
        data = f'{local(source)}_data'
        with builder.block(f'if {local(source)} is not None:'):
            builder.emit(
                f'{data} = padded({data}, {builder.expr(op.count)}, {builder.where(source)})'
            )


def _unsolved(builder: Builder, ops: Mapping[str, Op], target: str) -> None:
    """Emit the check that a solved count gives the length it was solved for."""
    derived = builder.derived
    for source, axis, _ in derived.counts.get(target, []):
        op, text = ops[source], local(source)
        tree: Expr | None
        if isinstance(op, Array):
            tree, length = op.dims[axis], f'{text}_array.shape[{axis}]'
        elif isinstance(op, Repeat):
            tree, length = op.count, f'len({text}_list)'
        else:
            assert isinstance(op, Table)
            tree, length = op.count, f'len({text})'
        _check_length(builder, source, tree, length)
    for source, _ in derived.lengths.get(target, []):
        op = ops[source]
        assert isinstance(op, Text)
        _check_length(builder, source, op.count, f'len({local(source)}_data)')


def _check_length(builder: Builder, source: str, tree: Expr | None, length: str) -> None:
    if tree is None or isinstance(tree, Name):
        return
    builder.emit(
        f'if {local(source)} is not None and {builder.expr(tree)} != {length}: '
        f'unsolvable({length}, {builder.where(source)})'
    )


def _given(builder: Builder, text: str) -> Callable[[Name], str]:
    def name(found: Name) -> str:
        return text if found.head == 'given_' else builder.name(found)

    return name


def _kinds(builder: Builder) -> None:
    """Emit values that the presence of other fields fixes."""
    for target, pairs in builder.derived.kinds.items():
        text = local(target)
        if target in builder.derived.counts or target not in builder.fields:
            continue
        if builder.fields[target].const:
            continue
        for source, value in pairs:
            if source.startswith('_'):
                continue
            builder.emit(
                f'if {text} is None and {builder.value(source)} is not None: {text} = {value!r}'
            )


def _constants(builder: Builder) -> None:
    """Emit constants and defaults."""
    plan_fields = builder.plan.fields
    for name, field in builder.fields.items():
        text = local(name)
        if field.const:
            values = field.const
            if not isinstance(field.type, NumberType):
                raw = tuple(str(v).encode('latin-1') if isinstance(v, str) else v for v in values)
                kind = getattr(field.type, 'kind', 'bytes')
                values = raw if kind == 'bytes' else tuple(v.decode('latin-1') for v in raw)
            if field.when is not None:
                builder.emit(f'if {text} is None: {text} = {values[0]!r}')
                continue
            if name not in plan_fields:
                builder.emit(f'{text} = {values[0]!r}')
                continue
            builder.emit(
                f'if {text} not in {values!r}: '
                f'{text} = const_of({text}, {values!r}, {builder.where(name)})'
            )
        elif field.has_default and field.default is not None and field.let is None:
            builder.emit(f'if {text} is None: {text} = {field.default!r}')


def _computed(builder: Builder) -> None:
    """Emit `build:`, values that checks give, and lets, in the order of the fields."""
    derived = builder.derived
    for name, field in builder.fields.items():
        text = local(name)
        if field.build is not None:
            builder.emit(f'{text} = {builder.expr(field.build)}')
        elif name in derived.checks and name not in derived.pointers:
            late = {found.head for found in names_in(derived.checks[name])} & set(derived.pointers)
            if not late and not (derived.windows.keys() & {name}):
                if field.const and not _asks_args(builder, name):
                    continue
                builder.emit(f'{text} = {builder.expr(derived.checks[name])}')
        elif field.hidden and not field.const and isinstance(field.type, NumberType):
            counted = name in derived.counts or name in derived.lengths
            if not counted and name not in derived.pointers:
                builder.emit(f'if {text} is None: {text} = 0')
        if field.max is not None and isinstance(field.type, NumberType):
            builder.emit(
                f'if {text} is not None and {text} > {field.max}: '
                f'at_most({text}, {field.max}, {builder.where(name)})'
            )
    for op in walk(builder.plan.ops):
        if isinstance(op, Let) and op.name in builder.plan.used:
            builder.emit(f'{local(op.name)} = {builder.expr(op.value)}')


def _asks_args(builder: Builder, name: str) -> bool:
    args = dict(builder.plan.args)
    return any(found.head in args for found in names_in(builder.derived.checks[name]))


def stored_value(builder: Leaves, name: str) -> str:
    """Return the expression of a field's stored value."""
    text = local(name)
    for op in reversed(builder.maps.get(name, [])):
        if op.function != 'enum':  # turned early
            text = _inverse(builder, op, text, builder.where(name))
    return text


def emit_inverse(builder: Builder, op: Map) -> None:
    """Emit the inverse of a value step of one case."""
    name = local(op.name)
    where = 'path' if op.name == 'item' else builder.where(op.name)
    text = _inverse(builder, op, name, where)
    if op.function == 'enum':
        text = f'code_of({name}, enum_{op.argument}, {where})'
    if text != name:
        builder.emit(f'{name} = {text}')


def _inverse(builder: Leaves, op: Map, text: str, where: str) -> str:
    type_ = op.field.type
    match op.function:
        case 'flags':
            return f'flags_word({text}, enum_{op.argument}, {where})'
        case 'bits':
            places = {label: (low, width) for label, low, width in op.argument}
            return f'bits_word({text}, {places!r}, {where})'
        case 'scale':
            number = type_.item if isinstance(type_, ArrayType) else type_
            whole = isinstance(number, NumberType) and not number.is_float
            return f'unscaled({text}, {op.argument!r}, {whole})'
        case 'time':
            return f'stored(time_{op.argument}, {text}, {where})'
        case 'convert':
            return f'stored(convert_{op.argument}, {text}, {where})'
        case 'bool':
            return f'(1 if {text} else 0)'
        case 'hex':
            return f'from_hex({text})'
        case 'float' | 'pair' | 'floats' | 'max' | 'list' | 'dict' | 'enum':
            return text
    raise NotImplementedError(f'build: {op.function}')
