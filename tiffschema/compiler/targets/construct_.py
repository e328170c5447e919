"""The construct object of a schema: a reference implementation, and for interactive work.

Rule 1: `construct` is imported only inside functions, and expressions are its ``this`` trees, never
Python functions.
Rule 2: this target walks the IR, not the plan, so that it shares no lowering with the parsers that
tests compare it with. What construct cannot say is refused by name, see `UNSUPPORTED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tiffschema.compiler.expr import Const, Expr, Name, names_in
from tiffschema.compiler.ir import (
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
    Switch,
    Type,
    ZStrType,
)
from tiffschema.compiler.targets.construct_this import UNSUPPORTED, Argument, Expressions, Scope
from tiffschema.compiler.targets.construct_words import (
    bits_reader,
    bits_writer,
    dict_reader,
    enum_pair,
    flags_reader,
    flags_writer,
    record_reader,
)
from tiffschema.compiler.targets.describe import ends_of, item_type, leads_to, visible
from tiffschema.errors import UnsupportedError

if TYPE_CHECKING:
    from tiffschema.compiler.library import Schema

__all__ = ['UNSUPPORTED', 'to_construct']

_LETTERS = {'u8': 'Int8u', 'u16': 'Int16u', 'u32': 'Int32u', 'u64': 'Int64u', 's8': 'Int8s',
            's16': 'Int16s', 's32': 'Int32s', 's64': 'Int64s', 'f16': 'Float16', 'f32': 'Float32',
            'f64': 'Float64'}  # fmt: skip


def to_construct(
    schema: Schema,
    struct: str,
    *,
    byteorder: str = '<',
    variant: str | None = None,
    args: Mapping[str, Any] | None = None,
) -> Any:
    """Return the construct object of one struct.

    Parameters:
        schema: The schema.
        struct: Name of a struct in it.
        byteorder: ``'<'`` or ``'>'``, for what inherits it.
        variant: Name of a variant, the first if None.
        args: Values of the struct's arguments.

    Raises:
        UnsupportedError: The struct uses what construct cannot say; names it.
        TypeError: An argument is missing.
        ImportError: construct is not installed.
    """
    definition = visible(schema, variant)
    found = definition.structs[struct]
    given = dict(args or {})
    missing = [name for name, _ in found.args if name not in given]
    if missing:
        raise TypeError(f'{struct} needs the argument(s) {", ".join(missing)}')
    values = {name: Argument(Const(0), Scope(), value) for name, value in given.items()}
    return _Exporter(definition, byteorder).struct(found, Scope(args=values))


class _Exporter(Expressions):
    """Turns structs of one schema into construct objects."""

    def __init__(self, definition: SchemaDef, byteorder: str) -> None:
        import construct

        super().__init__(construct, definition.id)
        self.definition = definition
        self.byteorder = byteorder
        self.recursive: dict[str, Any] = {}

    # structs and fields

    def struct(self, struct: StructDef, scope: Scope) -> Any:
        """Return a Struct; one that holds itself is bound late."""
        c = self.c
        own = self.definition.endian if self.definition.endian != 'inherit' else ''
        endian = struct.endian or scope.endian or own
        inner = replace(scope, depth=scope.depth + 1, struct=struct, endian=endian)
        known: set[str] = set()
        parts = []
        if self.starts(struct):
            parts.append('_start' / c.Tell)
        for field in struct.fields:
            inner = replace(inner, before=frozenset(known))
            known.add(field.name)
            made = self.absent_beyond_extent(field, self.field(field, inner), inner)
            parts.append(field.name / made)
            if field.check is not None:
                inner = replace(inner, before=frozenset(known))
                parts.append(c.If(self.present(field), c.Check(self.this(field.check, inner))))
        inner = replace(inner, before=frozenset(known))
        if struct.check is not None:
            parts.append(c.Check(self.this(struct.check, inner)))
        return c.Struct(*parts)

    @staticmethod
    def starts(struct: StructDef) -> bool:
        """Whether a field counts from the first byte of the struct."""
        return any(field.base == 'struct' and field.at for field in struct.fields)

    def present(self, field: Field) -> Any:
        return self.c.this[field.name] != None  # noqa: E711  (a tree, not a comparison)

    def field(self, field: Field, scope: Scope) -> Any:
        """Return one member of a struct, conditions and pointers round it."""
        c = self.c
        place = f'{scope.struct.name if scope.struct else ""}.{field.name}'
        if field.let is not None:
            made = c.Computed(self.this(field.let, scope))
            return c.If(self.this(field.when, scope), made) if field.when is not None else made
        if field.endian:
            scope = replace(scope, endian=field.endian)
        jumps = bool(field.at) and field.base != 'struct'
        windowed = field.size is not None or (scope.windowed and not jumps)
        made = self.value(field, replace(scope, windowed=windowed), place)
        if field.size is not None:
            made = c.FixedSized(self.this(field.size, scope), made)
        if field.at:
            made = self.pointer(field, made, scope, place)
        if field.build is not None and scope.struct is not None:
            made = c.Rebuild(made, self.this(field.build, scope))
        elif (counted := self.counted_by(field, scope.struct)) is not None:
            made = c.Rebuild(made, c.len_(c.this[counted]))
        elif field.has_default:
            made = c.Default(made, field.default)
        if field.when is not None:
            absent = c.Computed(field.default) if field.default is not None else c.Pass
            made = c.IfThenElse(self.this(field.when, scope), made, absent)
        return made

    @staticmethod
    def counted_by(field: Field, struct: StructDef | None) -> str | None:
        """Return the array of a struct whose count a field is, where it is just that."""
        for other in struct.fields if struct else ():
            one_count = isinstance(other.type, ArrayType) and other.type.dims[:1] == (
                Name((field.name,)),
            )
            if one_count and other.when is None and not other.as_.startswith('dict'):
                return other.name
        return None

    def absent_beyond_extent(self, field: Field, made: Any, scope: Scope) -> Any:
        """Make a member absent where the struct's extent ends before it."""
        struct = scope.struct
        if struct is None or not struct.extent:
            return made
        ends = ends_of(struct, self.definition)
        names = [field.name]
        for expr in (field.when, *field.at, field.size):
            names.extend(
                name.head for name in names_in(expr) if name.head in ends
            ) if expr else None
        end = max((ends[name] for name in names if name in ends), default=0)
        if end <= ends.get(struct.extent, 0):
            return made
        return self.c.If(self.c.this[struct.extent] >= end, made)

    def pointer(self, field: Field, made: Any, scope: Scope, place: str) -> Any:
        if field.inline:
            raise self.refuse('inline', place)
        if len(field.at) > 1:
            raise self.refuse('at list', place)
        if field.base == 'tag':
            raise self.refuse('base tag', place)
        offset = self.this(field.at[0], scope)
        if field.base == 'struct':
            offset = self.c.this['_start'] + offset
        elif scope.windowed:
            return self.c.Pointer(offset, made, stream=self.c.this._root._io)
        return self.c.Pointer(offset, made)

    # values

    def value(self, field: Field, scope: Scope, place: str) -> Any:
        """Return what stores the value, converters round it."""
        if field.each is not None:
            raise self.refuse('each', place)
        if field.switch is not None:
            made = self.switch(field.switch, scope, place)
        elif field.type is None:
            made = self.c.GreedyBytes
        elif field.until is not None and isinstance(field.type, ArrayType):
            made = self.until(field, field.type, scope, place)
        else:
            made = self.type(field.type, field, scope, place)
        if field.type is not None and field.until is not None:
            return self.shaped(made, field)
        return self.shaped(made, field) if isinstance(field.type, ArrayType) else made

    def switch(self, switch: Switch, scope: Scope, place: str) -> Any:
        c = self.c
        cases = {}
        for keys, case in switch.cases:
            made = self.field(case, scope)
            for key in keys:
                cases[self.number(key, switch, scope)] = made
        default = self.field(switch.default, scope) if switch.default is not None else c.Pass
        return c.Switch(self.this(switch.on, scope), cases, default=default)

    def number(self, key: int | str, switch: Switch, scope: Scope) -> int | str:
        """Return a case's key as the value to compare has it: an enum's name stays text."""
        if isinstance(key, str) and key.lstrip('-').isdigit():
            return int(key)
        return key

    def until(self, field: Field, array: ArrayType, scope: Scope, place: str) -> Any:
        c = self.c
        item = self.type(array.item, field, scope, place)
        assert field.until is not None
        stop = self.this(field.until, replace(scope, item=True))
        made = c.RepeatUntil(stop, item)
        return made if field.include else self.adapter(made, lambda items: items[:-1], None)

    def type(self, type_: Type, field: Field, scope: Scope, place: str) -> Any:
        """Return the construct of a type; converters apply to each item of an array."""
        c = self.c
        match type_:
            case ArrayType(item=item, dims=dims):
                made = self.type(item, field, scope, place)
                for count in reversed(dims):
                    made = c.Array(self.this(count, scope), made)
                return made if dims else c.GreedyRange(made)
            case StructType(name=name, args=args):
                made = self.nested(name, args, scope)
                return self.converted(made, field)
            case OneOfType():
                return self.one_of(type_, scope, place)
        return self.converted(self.plain(type_, field, scope), field)

    def plain(self, type_: Type, field: Field, scope: Scope) -> Any:
        c = self.c
        match type_:
            case NumberType():
                return self.const(self.numeric(type_, scope), field)
            case RationalType():
                number = self.numeric(type_.number, scope)
                return self.adapter(c.Array(2, number), tuple, list)
            case BytesType(kind=kind, count=count):
                size = self.this(count, scope) if count is not None else None
                raw = c.GreedyBytes if size is None else c.Bytes(size)
                if kind == 'pad':
                    skipped = self.adapter(c.GreedyBytes, lambda data: None, lambda value: b'')
                    return c.Padded(size, c.Pass) if size is not None else skipped
                return self.const(raw if kind == 'bytes' else self.text(raw, field, scope), field)
            case ZStrType():
                return self.text(c.NullTerminated(c.GreedyBytes, require=False), field, scope)
            case PStrType(prefix=prefix):
                return self.text(
                    c.Prefixed(self.numeric(prefix, scope), c.GreedyBytes), field, scope
                )
        raise TypeError(f'not a type: {type_!r}')

    def numeric(self, type_: NumberType, scope: Scope) -> Any:
        order = {'little': 'l', 'big': 'b'}.get(scope.endian)
        order = order or ('l' if self.byteorder == '<' else 'b')
        return getattr(self.c, _LETTERS[type_.name] + order)

    def text(self, raw: Any, field: Field, scope: Scope) -> Any:
        from tiffschema.compiler.support import decode_text

        encoding = field.encoding
        if encoding == 'utf-16':
            little = (scope.endian or ('little' if self.byteorder == '<' else 'big')) == 'little'
            encoding = 'utf-16-le' if little else 'utf-16-be'
        return self.adapter(
            raw, lambda data: decode_text(data, encoding), lambda text: text.encode(encoding)
        )

    def const(self, made: Any, field: Field) -> Any:
        """Allow the declared values only; building writes the first."""
        c = self.c
        if not field.const:
            return made
        values = [
            value.encode('latin-1')
            if isinstance(value, str)
            and isinstance(field.type, BytesType)
            and field.type.kind == 'bytes'
            else value
            for value in field.const
        ]
        return c.Default(c.OneOf(made, values), values[0])

    def nested(self, name: str, args: tuple[tuple[str, Expr], ...], scope: Scope) -> Any:
        struct = self.definition.structs[name]
        bound = {key: Argument(expr, scope) for key, expr in args}
        if not bound and name in self.recursive:
            return self.c.LazyBound(partial(self.recursive.get, name))
        if not bound and _holds(self.definition, name, name):
            self.recursive[name] = None
            self.recursive[name] = self.struct(struct, replace(scope, args=bound))
            return self.recursive[name]
        return self.struct(struct, replace(scope, args=bound))

    def one_of(self, type_: OneOfType, scope: Scope, place: str) -> Any:
        if type_.by:
            raise self.refuse('oneof by', place)
        return self.c.Select(*(self.nested(name, (), scope) for name in type_.names))

    # conversions

    def converted(self, made: Any, field: Field) -> Any:
        """Apply what turns a stored value into the one shown, as the parsers do."""
        from tiffschema.compiler.convert import CONVERSIONS, TIMES, ratio, to_ratio

        if field.enum:
            names = dict(self.definition.enums[field.enum].values)
            made = self.adapter(made, *enum_pair(names))
        if field.bits:
            made = self.adapter(made, bits_reader(field.bits), bits_writer(field.bits))
        if field.flags:
            names = dict(self.definition.enums[field.flags].values)
            made = self.adapter(made, flags_reader(names), flags_writer(names))
        if isinstance(item_type(field.type), RationalType) and field.as_ == 'float':
            made = self.adapter(made, lambda pair: ratio(*pair), to_ratio)
        elif field.as_ == 'hex':
            made = self.adapter(made, hex, lambda text: int(text, 16))
        elif field.as_ in ('float', 'bool'):
            made = self.adapter(made, float if field.as_ == 'float' else bool, int)
        if field.scale is not None:
            factor = field.scale
            made = self.adapter(made, lambda v: v * factor, lambda v: round(v / factor))
        for name, pairs in ((field.time, TIMES), (field.convert, CONVERSIONS)):
            whole_array = isinstance(field.type, ArrayType)
            if name and not whole_array:
                decode, encode = pairs[name]
                of_struct = isinstance(field.type, StructType)
                made = self.adapter(made, record_reader(decode) if of_struct else decode, encode)
        return made

    def shaped(self, made: Any, field: Field) -> Any:
        """Give an array its form: a dict by key, or the value of a pair of numbers."""
        from tiffschema.compiler.convert import TIMES

        if field.time:
            made = self.adapter(made, *TIMES[field.time])
        if field.as_ == 'dict' and field.key:
            made = self.adapter(made, dict_reader(field.key, self.codes(field)), None)
        return made

    def codes(self, field: Field) -> Mapping[int, str]:
        """Return the names of a dict's keys: those of the table that the item's switch asks."""
        item = item_type(field.type)
        struct = self.definition.structs[item.name] if isinstance(item, StructType) else None
        for inner in struct.fields if struct else ():
            rows = self.definition.tables.get(inner.table, {}) if inner.table else {}
            if rows:
                return {code: row['name'] for code, row in rows.items() if isinstance(row, Mapping)}
        return {}

    def adapter(
        self, made: Any, decode: Callable[[Any], Any], encode: Callable[[Any], Any] | None
    ) -> Any:
        """Return a construct that converts values; without a way back it only reads."""
        adapter = type('Converted', (self.c.Adapter,), {
            '_decode': lambda self, obj, context, path: decode(obj),
            '_encode': lambda self, obj, context, path: _encoded(encode, obj),
        })  # fmt: skip
        return adapter(made)


def _encoded(encode: Callable[[Any], Any] | None, value: Any) -> Any:
    if encode is None:
        raise UnsupportedError('this form can only be read with construct')
    return encode(value)


def _holds(
    definition: SchemaDef, outer: str, wanted: str, seen: frozenset[str] = frozenset()
) -> bool:
    """Whether a struct leads to another through its fields."""
    if outer in seen or outer not in definition.structs:
        return False
    names = set(leads_to(definition.structs[outer]))
    return wanted in names or any(
        _holds(definition, name, wanted, seen | {outer}) for name in names
    )
