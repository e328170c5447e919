"""IR to plan: one struct at a time, all names resolved, all shapes known that can be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from ..errors import SchemaError
from .expr import Expr, Name, names_in
from .ir import (
    ArrayType,
    BytesType,
    Field,
    NumberType,
    OneOfType,
    PStrType,
    RationalType,
    SchemaDef,
    StructDef,
    StructType,
    Type,
    ZStrType,
)  # fmt: skip
from .load import BASES
from .plan import (
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
    RunItem,
    SwitchOp,
    Table,
    Text,
    When,
    Window,
    walk,
)  # fmt: skip
from .typetext import constant

__all__ = ['Lowering']

NUMPY = {
    'u8': 'u1', 'u16': 'u2', 'u32': 'u4', 'u64': 'u8', 's8': 'i1', 's16': 'i2', 's32': 'i4',
    's64': 'i8', 'f16': 'f2', 'f32': 'f4', 'f64': 'f8',
}  # fmt: skip
DEFAULT_MAX_TEXT = 1 << 28
SPECIAL = ('parent', 'root', 'item', 'it', 'file', 'here')


class Lowering:
    """Makes the plans of one schema (one variant of it).

    Parameters:
        schema: The IR.
        structs: All structs that are visible, those of used schemas included.
        enums: Names of all visible enums.
    """

    def __init__(
        self, schema: SchemaDef, structs: Mapping[str, StructDef], enums: Mapping[str, object]
    ) -> None:
        self.schema = schema
        self.structs = structs
        self.enums = enums
        self._plans: dict[str, Plan] = {}

    def fail(self, message: str, struct: StructDef, field: Field | None = None) -> SchemaError:
        """Return an error that names file, line and field."""
        path = f'structs.{struct.name}' + (f'.fields.{field.name}' if field else '')
        line = field.line if field and field.line else struct.line
        return SchemaError(message, file=self.schema.file, line=line, field=path)

    def plan(self, name: str) -> Plan:
        """Return the plan of a struct.

        Raises:
            SchemaError: Names, types or keys do not fit together.
        """
        if name not in self._plans:
            self._plans[name] = self._lower(self.structs[name])
        return self._plans[name]

    def fixed_size(self, name: str) -> int | None:
        """Return the size of a struct of fixed layout, else None."""
        struct = self.structs[name]
        sizes = [fixed_field(field) for field in struct.fields]
        if struct.extent or struct.args or None in sizes:
            return None
        return sum(size for size in sizes if size is not None)

    def _lower(self, struct: StructDef) -> Plan:
        self._check_names(struct)
        ops: list[Op] = []
        optional: set[str] = set()
        for field in struct.fields:
            if field.when or field.at or field.fault != 'raise' or struct.extent:
                optional.add(field.name)
            self._append(ops, self.field(struct, field))
        if struct.extent and struct.extent not in {field.name for field in struct.fields}:
            raise self.fail(f'extent names no field: {struct.extent!r}', struct)
        fields = tuple(field.name for field in struct.fields if not field.hidden)
        drop = any(isinstance(op, Guard) and op.fault == 'drop' for op in walk(ops))
        return Plan(
            struct.name, f'{struct.schema}.{struct.name}', struct.args, tuple(ops), fields,
            frozenset(optional), frozenset(_used(struct)), struct.extent, struct.endian,
            struct.check, drop, self.fixed_size(struct.name),
        )  # fmt: skip

    def _append(self, ops: list[Op], new: Sequence[Op]) -> None:
        """Add ops; a Run joins the Run before it, across the value ops between them."""
        for op in new:
            if isinstance(op, Run):
                for i in range(len(ops) - 1, -1, -1):
                    before = ops[i]
                    if isinstance(before, Run) and _endian(before) == _endian(op):
                        ops[i] = Run(before.items + op.items)
                        break
                    if not isinstance(before, Map | ConstCheck | Check):
                        ops.append(op)
                        break
                else:
                    ops.append(op)
            else:
                ops.append(op)

    def field(self, struct: StructDef, field: Field) -> list[Op]:
        """Return the ops of one field, scopes outside in: when, guard, pointer, window, type."""
        if field.let is not None:
            return [Let(field.name, field.let, field), *self._maps(struct, field)]
        if constant(field.when) == 0 and field.when is not None:
            return []
        keep = field.fault == 'keep'
        body = self.typed(struct, field, field.name)
        if field.size is not None:
            body = [Window(field.name, field.size, tuple(body), field)]
        if field.at:
            base = BASES.get(field.base)
            if base is None:
                known = ' or '.join(BASES)
                raise self.fail(f'base is {known}, not {field.base!r}', struct, field)
            if self._needs_max(field) and field.max is None:
                raise self.fail('lies behind a pointer, so it needs max:', struct, field)
            body = [At(field.name, field.at, base, tuple(body), field)]
        if field.check is not None:
            body.append(Check(field.name, field.check))
        simple = keep and isinstance(field.type, NumberType) and not (field.at or field.const)
        if field.fault == 'drop' or (keep and not simple):
            body = [Guard(field.name, field.fault, tuple(body), field)]
        if field.when is not None and constant(field.when) is None:
            body = [When(field.name, field.when, tuple(body), field)]
        return body

    def _needs_max(self, field: Field) -> bool:
        match field.type:
            case ArrayType(dims=dims):
                return not all(constant(dim) is not None for dim in dims) or not dims
        return False

    def typed(self, struct: StructDef, field: Field, name: str) -> list[Op]:
        """Return the ops of a field's type and of what is done to its value."""
        if field.each is not None:
            return self._each(struct, field, name)
        if field.switch is not None:
            return self._switch(struct, field, name)
        type_ = field.type
        if type_ is None:
            raise self.fail('needs a type, a switch, an each or a let', struct, field)
        ops = self._leaf(struct, field, name, type_)
        if field.const:
            ops.append(ConstCheck(name, self._constants(struct, field), field))
        return ops + self._maps(struct, field, name)

    def _constants(self, struct: StructDef, field: Field) -> tuple[object, ...]:
        if isinstance(field.type, NumberType):
            for value in field.const:
                low, high = field.type.bounds
                if not isinstance(value, int) or not low <= value <= high:
                    raise self.fail(
                        f'const {value!r} does not fit {field.type.name}', struct, field
                    )
            return field.const
        values = []
        for value in field.const:
            text = value if isinstance(value, bytes) else str(value).encode('latin-1')
            values.append(text if _is_bytes(field) else text.decode('latin-1'))
        return tuple(values)

    def _leaf(self, struct: StructDef, field: Field, name: str, type_: Type) -> list[Op]:
        match type_:
            case NumberType():
                return [Run((RunItem(name, type_.letter, type_.size, 'number', field),))]
            case RationalType():
                return [Run((RunItem(name, type_.number.letter * 2, 8, 'ratio', field),))]
            case BytesType(kind=kind, count=count):
                size = constant(count)
                if size is None:
                    return [Text(name, kind, count, None, field)]
                if size < 0 or size > DEFAULT_MAX_TEXT:
                    raise self.fail(f'{size} is not a size', struct, field)
                if kind == 'pad':
                    return [Run((RunItem(name, f'{size}x', size, 'pad', field),))]
                shown = 'bytes' if kind == 'bytes' else 'text'
                return [Run((RunItem(name, f'{size}s', size, shown, field),))]
            case ZStrType():
                return [Text(name, 'zstr', None, None, field)]
            case PStrType(prefix=prefix):
                return [Text(name, 'pstr', None, prefix, field)]
            case StructType(name=target, args=args):
                self._struct(struct, field, target, args)
                return [Call(name, target, args, field)]
            case OneOfType():
                return [self._oneof(struct, field, name, type_)]
            case ArrayType():
                return self._array(struct, field, name, type_)

    def _struct(
        self, struct: StructDef, field: Field, name: str, args: tuple[tuple[str, Expr], ...]
    ) -> StructDef:
        target = self.structs.get(name)
        if target is None:
            known = ', '.join(sorted(self.structs)[:12])
            raise self.fail(f'no type or struct {name!r}; structs are {known}', struct, field)
        wanted, given = {arg for arg, _ in target.args}, {arg for arg, _ in args}
        if wanted != given:
            raise self.fail(
                f'{name} takes the arguments {sorted(wanted)}, not {sorted(given)}', struct, field
            )
        return target

    def _array(self, struct: StructDef, field: Field, name: str, type_: ArrayType) -> list[Op]:
        item, dims = type_.item, type_.dims
        if isinstance(item, NumberType | RationalType) and field.until is None:
            number = item if isinstance(item, NumberType) else item.number
            pairs = isinstance(item, RationalType)
            sizes = [constant(dim) for dim in dims]
            fixed = [size for size in sizes if size is not None]
            if dims and len(fixed) == len(dims) and prod(fixed) * number.size <= 1 << 20:
                shape = (*fixed, 2) if pairs else tuple(fixed)
                nbytes = prod(shape) * number.size
                return [
                    Run((RunItem(
                        name, f'{nbytes}s', nbytes, 'array', field, NUMPY[number.name], shape,
                    ),))
                ]  # fmt: skip
            return [Array(name, number, dims, pairs, field)]
        if len(dims) > 1:
            raise self.fail('only numbers have more than one dimension', struct, field)
        count = dims[0] if dims else None
        if isinstance(item, StructType):
            self._struct(struct, field, item.name, item.args)
            fixed_size = self.fixed_size(item.name)
            if field.as_ == 'table':
                if fixed_size is None:
                    raise self.fail(f'{item.name} is not of fixed layout: no table', struct, field)
                return [Table(name, item.name, count, field)]
            if count is None and field.until is None and not fixed_size and field.max is None:
                raise self.fail('counted by nothing but the data, so it needs max:', struct, field)
        elif (
            count is not None
            and constant(count) is None
            and field.max is None
            # Texts are bounded by their bytes and by the limit of items.
            and not isinstance(item, PStrType | ZStrType | BytesType)
        ):
            raise self.fail('counted by the file, so it needs max:', struct, field)
        body = tuple(self._leaf(struct, field, 'item', item))
        body += tuple(self._item_maps(field, item))
        return [Repeat(name, body, count, field.until, field.include, field.max, field)]

    def _item_maps(self, field: Field, item: Type) -> list[Op]:
        if isinstance(item, RationalType):
            return [Map('item', 'float' if field.as_ == 'float' else 'pair', None, field)]
        if field.enum and isinstance(item, NumberType):
            return [Map('item', 'enum', field.enum, field)]
        return []

    def _oneof(self, struct: StructDef, field: Field, name: str, type_: OneOfType) -> Op:
        choices: list[tuple[tuple[object, ...], str]] = []
        leaders: list[str] = []
        places: set[tuple[int, int, str]] = set()
        for target in type_.names:
            declared = self._struct(struct, field, target, ())
            offset = 0
            for leader in declared.fields:
                size = _fixed(leader.type)
                if leader.const and (not type_.by or leader.name == type_.by):
                    break
                if size is None or not type_.by:
                    raise self.fail(f'{target} has no leading const', struct, field)
                offset += size
            else:
                raise self.fail(f'{target} has no const to tell it by', struct, field)
            letters = leader.type.letter if isinstance(leader.type, NumberType) else 's'
            places.add((offset, _fixed(leader.type) or 0, letters))
            choices.append((self._constants(declared, leader), target))
            leaders.append(leader.name)
        if len(places) != 1:
            raise self.fail('the constants lie at different places', struct, field)
        values = [value for found, _ in choices for value in found]
        if len(set(values)) != len(values):
            raise self.fail('two alternatives have the same constant', struct, field)
        offset, size, letters = places.pop()
        number = None if letters == 's' else next(
            NumberType(key) for key in NUMPY if NumberType(key).letter == letters
        )  # fmt: skip
        return Oneof(name, tuple(choices), tuple(leaders), number, offset, size, field)

    def _switch(self, struct: StructDef, field: Field, name: str) -> list[Op]:
        switch = field.switch
        assert switch is not None
        cases = [
            (
                tuple(self._case_key(struct, field, key) for key in keys),
                tuple(self.case(struct, field, case, name)),
            )
            for keys, case in switch.cases
        ]  # fmt: skip
        default = None if switch.default is None else tuple(
            self.case(struct, field, switch.default, name)
        )  # fmt: skip
        return [SwitchOp(name, switch.on, tuple(cases), default, field)]

    def case(self, struct: StructDef, field: Field, case: Field, name: str) -> list[Op]:
        """Return the ops of one case, which leave their value in `name`."""
        from dataclasses import replace

        case = replace(case, name=name, line=case.line or field.line)
        if case.max is None and field.max is not None:
            case = replace(case, max=field.max)
        if isinstance(case.type, ArrayType) and case.max is None:
            case = replace(case, max=1 << 24)
        return self.typed(struct, case, name)

    def _case_key(self, struct: StructDef, field: Field, key: int | str) -> int | str:
        if isinstance(key, int):
            return key
        for enum in self.enums.values():
            for number, label in enum.values.items():  # type: ignore[attr-defined]
                if label == key and isinstance(number, int):
                    return number
        if key.lstrip('-').isdigit() or key.startswith('0x'):
            return int(key, 0)
        return key

    def _each(self, struct: StructDef, field: Field, name: str) -> list[Op]:
        each = field.each
        assert each is not None
        body = self._switch(struct, field, 'item') if field.switch else []
        if not body:
            raise self.fail('each: needs switch: and cases:', struct, field)
        return [Each(name, each.over, each.count, each.sizes, tuple(body), field.key, field)]

    def _maps(self, struct: StructDef, field: Field, name: str = '') -> list[Op]:
        """Return the value steps of a field, in reading order."""
        name = name or field.name
        ops: list[Op] = []
        type_ = field.type
        if isinstance(type_, NumberType) and field.max is not None:
            ops.append(Map(name, 'max', field.max, field))
        if isinstance(type_, RationalType):
            ops.append(Map(name, 'float' if field.as_ == 'float' else 'pair', None, field))
        ratios = isinstance(type_, ArrayType) and isinstance(type_.item, RationalType)
        if ratios and field.as_ == 'float':
            ops.append(Map(name, 'floats', None, field))
        if field.enum:
            self._known(struct, field, field.enum)
            if not isinstance(type_, ArrayType):
                ops.append(Map(name, 'enum', field.enum, field))
        if field.flags:
            self._known(struct, field, field.flags)
            ops.append(Map(name, 'flags', field.flags, field))
        if field.bits:
            ops.append(Map(name, 'bits', field.bits, field))
        if field.scale is not None:
            ops.append(Map(name, 'scale', field.scale, field))
        if field.time:
            ops.append(Map(name, 'time', field.time, field))
        if field.convert:
            ops.append(Map(name, 'convert', field.convert, field))
        if field.as_ in ('bool', 'hex') or (field.as_ == 'list' and _is_numbers(type_)):
            ops.append(Map(name, field.as_, None, field))
        if field.as_ == 'dict' and isinstance(type_, ArrayType):
            ops.append(Map(name, 'dict', field.key, field))
        return ops

    def _known(self, struct: StructDef, field: Field, enum: str) -> None:
        if enum not in self.enums:
            known = ', '.join(sorted(self.enums)[:12]) or 'none'
            raise self.fail(f'no enum {enum!r}; enums are {known}', struct, field)

    def _check_names(self, struct: StructDef) -> None:
        """Every name of an expression is an earlier field, an argument or a special name."""
        known = {name for name, _ in struct.args}
        every = {field.name for field in struct.fields}
        for field in struct.fields:
            later = {'until', 'check', 'build'}
            for key, tree in _trees(field):
                for found in names_in(tree):
                    head = found.head
                    if head in SPECIAL or head in known or (key in later and head in every):
                        continue
                    if head == field.name and key in ('check', 'let'):
                        continue
                    why = 'stands later' if head in every else 'is unknown'
                    raise self.fail(f'{key}: the name {head!r} {why}', struct, field)
            known.add(field.name)
        if struct.check is not None:
            for found in names_in(struct.check):
                if found.head not in known:
                    raise self.fail(f'check: the name {found.head!r} is unknown', struct)


def _endian(run: Run) -> str:
    """Return the byte order that the fields of a Run ask for."""
    return run.items[0].field.endian


def fixed_field(field: Field) -> int | None:
    """Return the size of a field that is always there and always of one size."""
    if field.when is not None:
        there = constant(field.when)
        if there is None:
            return None
        if not there:
            return 0
    if field.let is not None:
        return 0
    if field.at or field.size is not None or field.switch or field.each:
        return None
    match field.type:
        case NumberType(size=size):
            return size
        case RationalType():
            return 8
        case BytesType(count=count):
            return constant(count)
        case ArrayType(item=NumberType() | RationalType() as item, dims=dims) if dims:
            sizes = [constant(dim) for dim in dims]
            one = item.size if isinstance(item, NumberType) else 8
            return None if None in sizes else one * prod(size or 0 for size in sizes)
    return None


def _is_bytes(field: Field) -> bool:
    return isinstance(field.type, BytesType) and field.type.kind == 'bytes'


def _is_numbers(type_: Type | None) -> bool:
    return isinstance(type_, ArrayType) and isinstance(type_.item, NumberType | RationalType)


def _fixed(type_: Type | None) -> int | None:
    match type_:
        case NumberType():
            return type_.size
        case BytesType(count=count):
            return constant(count)
    return None


def _trees(field: Field) -> list[tuple[str, Expr]]:
    """Return all expressions of a field with the key they stand at."""
    found: list[tuple[str, Expr]] = []
    for key in ('when', 'size', 'until', 'let', 'check', 'build'):
        tree = getattr(field, key)
        if tree is not None:
            found.append((key, tree))
    found += [('at', tree) for tree in field.at]
    found += [('type', tree) for tree in _type_trees(field.type)]
    if field.switch:
        found.append(('switch', field.switch.on))
        cases = [case for _, case in field.switch.cases]
        for case in [*cases, *([field.switch.default] if field.switch.default else [])]:
            found += _trees(case)
    if field.each:
        found += [('each', Name((field.each.over,)))]
        found += [('each', tree) for tree in (field.each.count, field.each.sizes) if tree]
    return found


def _type_trees(type_: Type | None) -> list[Expr]:
    match type_:
        case BytesType(count=count):
            return [count] if count is not None else []
        case ArrayType(item=item, dims=dims):
            return [*_type_trees(item), *dims]
        case StructType(args=args):
            return [tree for _, tree in args]
    return []


def _used(struct: StructDef) -> set[str]:
    """Return names of fields that expressions ask for."""
    trees = [tree for field in struct.fields for _, tree in _trees(field)]
    if struct.check is not None:
        trees.append(struct.check)
    names = {name.head for tree in trees for name in names_in(tree)}
    if struct.extent:
        names.add(struct.extent)
    return names
