"""Hypothesis strategies of whole structs, drawn field by field from the declaration.

Rule 1: hypothesis is imported only inside functions.
Rule 2: a draw gives what a builder needs and no more: what follows from other values is left out.
Rule 3: this target walks the IR, like construct's, and shares no lowering with what it tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tiffschema.compiler.evaluate import evaluate
from tiffschema.compiler.expr import Binary, BoolOp, Const, Expr, Member, Name, children, names_in
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
    Type,
    ZStrType,
)
from tiffschema.compiler.targets import strategy_values as values
from tiffschema.compiler.targets.derived import Derived, derived_names

__all__ = ['arguments', 'struct_values']

_MAX_ITEMS = 4
_MAX_DEPTH = 4


class _Unknown(Exception):
    """A name has no value before the struct is built."""


@dataclass
class _Scope:
    """What is known while one struct is drawn."""

    struct: StructDef
    known: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    outer: _Scope | None = None
    depth: int = 0


def arguments(definition: SchemaDef, struct: str) -> Any:
    """Return a strategy of arguments for a struct, without those that follow from its values."""
    from hypothesis import strategies as st

    declared = definition.structs[struct]
    drawn = {}
    for name, kind in declared.args:
        if not kind.endswith('[]'):
            allowed = _demanded(declared, name)
            drawn[name] = st.sampled_from(allowed) if allowed else st.integers(1, 3)
    return st.fixed_dictionaries(drawn)


def _demanded(struct: StructDef, argument: str) -> list[Any]:
    """Return the constants that a check compares an argument with."""
    for declared in struct.fields:
        match declared.check:
            case Binary(op='==', left=Name(parts=parts), right=Name(parts=(other,))):
                if parts == (declared.name,) and other == argument and declared.const:
                    return list(declared.const)
    return []


def struct_values(definition: SchemaDef, struct: str, args: Mapping[str, Any]) -> Any:
    """Return a strategy of mappings that a struct can be built from.

    Parameters:
        definition: The schema, with all that it uses.
        struct: Name of a struct.
        args: Values of its arguments.
    """
    from hypothesis import strategies as st

    @st.composite
    def drawn(draw: Any) -> dict[str, Any]:
        return _Drawer(definition, draw).struct(definition.structs[struct], dict(args), None)

    return drawn()


class _Drawer:
    """Draws the values of structs; `draw` is Hypothesis' own."""

    def __init__(self, definition: SchemaDef, draw: Callable[[Any], Any]) -> None:
        from hypothesis import strategies as st

        self.st = st
        self.definition = definition
        self.draw = draw

    # structs

    def struct(
        self,
        struct: StructDef,
        args: dict[str, Any],
        outer: _Scope | None,
        fixed: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Draw one struct; `fixed` are values that some fields must have."""
        depth = outer.depth + 1 if outer else 0
        scope = _Scope(struct, dict(args), derived=derived_names(struct), outer=outer, depth=depth)
        cut = self.cut(struct)
        for i, declared in enumerate(struct.fields):
            if i >= cut:
                break
            if fixed is not None and declared.name in fixed:
                scope.known[declared.name] = scope.given[declared.name] = fixed[declared.name]
                continue
            self.field(declared, scope)
        self.counts_of_nothing(scope)
        return scope.given

    def cut(self, struct: StructDef) -> int:
        """Return how many fields are given: one with an extent may be an older, shorter one."""
        count = len(struct.fields)
        if not struct.extent:
            return count
        names = [declared.name for declared in struct.fields]
        first = names.index(struct.extent) + 1
        return int(self.draw(self.st.just(count) | self.st.integers(first, count)))

    def field(self, declared: Field, scope: _Scope) -> None:
        """Draw one field, if it is present and not derived."""
        name = declared.name
        if declared.let is not None:
            scope.known[name] = self.value_of(declared.let, scope, None)
            return
        if name in scope.derived:
            self.length(declared, scope)
            return
        if declared.hidden:
            self.hidden(declared, scope)
            return
        if not self.present(declared, scope):
            scope.known[name] = None
            return
        value = self.value(declared, scope)
        if value is not _NOTHING:
            scope.known[name] = scope.given[name] = value

    def hidden(self, declared: Field, scope: _Scope) -> None:
        """Hidden fields cannot be given: builders write constants and zeros."""
        if declared.const:
            scope.known[declared.name] = declared.const[0]
        elif isinstance(declared.type, NumberType):
            scope.known[declared.name] = 0

    def length(self, declared: Field, scope: _Scope) -> None:
        """Choose beforehand what a plain count will be, as others may ask for it."""
        why = scope.derived[declared.name]
        plain = why.expr == Name((declared.name,))
        if (why.role == 'count' and plain) or (why.role == 'size' and plain and why.shared):
            most = min(_MAX_ITEMS, declared.max if declared.max is not None else _MAX_ITEMS)
            low, high = values.bounds(declared.check, declared.name)
            least = 0 if low is None else low
            most = max(least, most if high is None else min(most, high))
            if scope.depth >= _MAX_DEPTH:
                most = least
            scope.lengths[declared.name] = int(self.draw(self.st.integers(least, most)))
            scope.known[declared.name] = scope.lengths[declared.name]

    def counts_of_nothing(self, scope: _Scope) -> None:
        """Give counts whose arrays are all absent."""
        grouped = {other.each.over for other in scope.struct.fields if other.each is not None}
        for name, why in scope.derived.items():
            if name not in scope.lengths or name.startswith('_'):
                continue
            users = [
                other.name
                for other in scope.struct.fields
                if other.type is not None and name in {n.head for n in _type_names(other.type)}
            ]
            absent = users and not any(user in scope.given or user in grouped for user in users)
            if absent and why.role != 'extent':
                scope.given[name] = scope.lengths[name]

    # presence and expressions

    def present(self, declared: Field, scope: _Scope) -> bool:
        """Whether a field is there: as its condition says, by choice where a pointer decides."""
        if declared.when is None:
            return True
        terms = (
            declared.when.operands
            if isinstance(declared.when, BoolOp) and declared.when.op == 'and'
            else (declared.when,)
        )
        free = False
        for term in terms:
            try:
                if not evaluate(term, lambda name: self.lookup(name, scope)):
                    return False
            except _Unknown:
                free = True
        if not free:
            return True
        return scope.depth < _MAX_DEPTH and bool(self.draw(self.st.booleans()))

    def value_of(self, expr: Expr, scope: _Scope, unknown: Any) -> Any:
        """Return the value of an expression, or `unknown` where it is not known yet."""
        try:
            return evaluate(expr, lambda name: self.lookup(name, scope))
        except _Unknown:
            return unknown
        except ArithmeticError:
            return 0

    def lookup(self, name: Name, scope: _Scope) -> Any:
        """Return the value of a name.

        Raises:
            _Unknown: It follows from what is not drawn yet.
        """
        head, *rest = name.parts
        if head == 'parent' and scope.outer is not None:
            return self.lookup(Name(tuple(rest)), scope.outer)
        if head == 'root':
            while scope.outer is not None:
                scope = scope.outer
            return self.lookup(Name(tuple(rest)), scope)
        if head not in scope.known:
            raise _Unknown(str(name))
        found = scope.known[head]
        for part in rest:
            if not isinstance(found, Mapping) or part not in found:
                raise _Unknown(str(name))
            found = found[part]
        return found

    # values

    def value(self, declared: Field, scope: _Scope) -> Any:
        """Draw the value of a field that is present."""
        if declared.each is not None:
            return self.groups(declared, scope)
        if declared.switch is not None:
            return self.switch(declared, scope)
        if declared.type is None:
            return _NOTHING
        if declared.time:
            return self.draw(values.times(declared))
        if declared.convert == 'tuple':
            return tuple(self.value(replace(declared, convert=''), scope))
        if declared.convert:
            return self.draw(values.converted(declared))
        if isinstance(declared.type, ArrayType):
            return self.array(declared, declared.type, scope)
        if isinstance(declared.type, BytesType) and declared.type.kind == 'pad':
            return _NOTHING
        return self.single(declared.type, declared, scope)

    def switch(self, declared: Field, scope: _Scope) -> Any:
        assert declared.switch is not None
        on = self.value_of(declared.switch.on, scope, _NOTHING)
        for keys, case in declared.switch.cases:
            if on in _numbered(keys) or self.labelled(on, keys, declared):
                return self.case(case, declared, scope)
        if declared.switch.default is not None:
            return self.case(declared.switch.default, declared, scope)
        return _NOTHING

    def labelled(self, on: Any, keys: tuple[int | str, ...], declared: Field) -> bool:
        """Whether a case names the enum member that a number is."""
        return isinstance(on, int) and any(
            isinstance(key, str) and enum.values.get(on) == key
            for key in keys
            for enum in self.definition.enums.values()
        )

    def case(self, case: Field, declared: Field, scope: _Scope) -> Any:
        return self.value(replace(case, name=declared.name), scope)

    def groups(self, declared: Field, scope: _Scope) -> Any:
        """Draw a dict of groups, or one without keys where it has none."""
        assert declared.each is not None
        assert declared.switch is not None
        labels = [key for keys, _ in declared.switch.cases for key in keys]
        chosen = self.draw(self.st.lists(self.st.sampled_from(labels), unique=True, max_size=3))
        found = {}
        for label in chosen:
            case = next(case for keys, case in declared.switch.cases if label in keys)
            count = self.draw(self.st.integers(1, 3))
            items = [_item_of_group(self.case(case, declared, scope), case) for _ in range(count)]
            found[label] = items[0] if len(items) == 1 else items
        return found

    # arrays

    def array(self, declared: Field, array: ArrayType, scope: _Scope) -> Any:
        if declared.until is not None:
            return self.keyed(declared, self.until(declared, array, scope), scope)
        if not array.dims:
            most = 0 if scope.depth >= _MAX_DEPTH else _MAX_ITEMS
            counts: tuple[int, ...] = (int(self.draw(self.st.integers(0, most))),)
        else:
            counts = tuple(self.count(dim, declared, scope) for dim in array.dims)
        return self.keyed(declared, self.nest(declared, array.item, counts, scope), scope)

    def count(self, dim: Expr, declared: Field, scope: _Scope) -> int:
        """Return the length of one dimension: known, or free, as the builder derives it."""
        known = self.value_of(dim, scope, None)
        if known is not None:
            return int(known)
        chosen = [scope.lengths[n.head] for n in names_in(dim) if n.head in scope.lengths]
        if chosen:
            return chosen[0]
        room = 0 if scope.depth >= _MAX_DEPTH else _MAX_ITEMS
        most = room if declared.max is None else min(declared.max, room)
        heads = {name.head for name in names_in(dim)} - set(scope.known)
        if len(heads) == 1 and heads <= set(scope.derived):
            return self.counted(dim, heads.pop(), most, scope)
        return int(self.draw(self.st.integers(0, most)))

    def counted(self, dim: Expr, name: str, most: int, scope: _Scope) -> int:
        """Choose the number that a length follows from."""
        lengths: dict[int, int] = {}
        for scope.known[name] in range(_MAX_ITEMS + 1):
            lengths[scope.known[name]] = int(self.value_of(dim, scope, -1))
        fits = [n for n, length in lengths.items() if 0 <= length <= most]
        scope.known[name] = self.draw(self.st.sampled_from(fits or [0]))
        return max(0, lengths[scope.known[name]])

    def nest(
        self, declared: Field, item: Type, counts: tuple[int, ...], scope: _Scope
    ) -> list[Any]:
        if len(counts) > 1:
            return [self.nest(declared, item, counts[1:], scope) for _ in range(counts[0])]
        if isinstance(item, ArrayType):
            inner = replace(declared, type=item, as_='', until=None)
            return [self.array(inner, item, scope) for _ in range(counts[0])]
        return [self.single(item, declared, scope) for _ in range(counts[0])]

    def until(self, declared: Field, array: ArrayType, scope: _Scope) -> list[Any]:
        """Draw items that do not end the list, and one that does where it is part of it."""
        assert declared.until is not None
        mark = _mark(declared.until)
        most = 0 if scope.depth >= _MAX_DEPTH else _MAX_ITEMS
        items = [
            self.single(array.item, declared, scope)
            for _ in range(self.draw(self.st.integers(0, most)))
        ]
        items = [item for item in items if not self.ends(declared.until, item)]
        if declared.include and isinstance(array.item, StructType):
            items.append(self.nested(array.item, scope, mark))
        elif declared.include:
            items.append(next(iter(mark.values()), 0))
        return items

    def ends(self, until: Expr, item: Any) -> bool:
        known = {'item': item}

        def lookup(name: Name) -> Any:
            found = known.get(name.head)
            for part in name.parts[1:]:
                found = found.get(part) if isinstance(found, Mapping) else None
            return found

        return bool(evaluate(until, lookup))

    def keyed(self, declared: Field, items: list[Any], scope: _Scope) -> Any:
        """Turn a list into the dict that a field shows."""
        if declared.as_ != 'dict' or not declared.key:
            return items
        from hypothesis import assume

        shown: dict[Any, Any] = {}
        names = self.codes(declared)
        bare = self.has_value(declared)
        for item in items:
            code = item.get(declared.key)
            shown[names.get(code, code)] = item.get('value') if bare else item
        assume(len(shown) == len(items))  # the keys of a dict differ
        return shown

    def has_value(self, declared: Field) -> bool:
        """Whether a dict shows just the field `value` of its items."""
        item = declared.type.item if isinstance(declared.type, ArrayType) else None
        if not isinstance(item, StructType):
            return False
        return any(inner.name == 'value' for inner in self.definition.structs[item.name].fields)

    def codes(self, declared: Field) -> Mapping[int, str]:
        """Return the names of a dict's keys: those of the table that the item's switch asks."""
        item = declared.type.item if isinstance(declared.type, ArrayType) else None
        if not isinstance(item, StructType):
            return {}
        for inner in self.definition.structs[item.name].fields:
            rows = self.definition.tables.get(inner.table, {}) if inner.table else {}
            if rows:
                return {code: row['name'] for code, row in rows.items() if isinstance(row, Mapping)}
        return {}

    # single values

    def single(self, type_: Type, declared: Field, scope: _Scope) -> Any:
        """Draw one value of a type."""
        match type_:
            case NumberType():
                return self.number(type_, declared, scope)
            case RationalType(signed=signed):
                return self.draw(values.ratios(signed, declared.as_ == 'float'))
            case BytesType():
                return self.bytes(type_, declared, scope)
            case ZStrType() | PStrType():
                return self.draw(values.texts(declared.encoding))
            case StructType():
                return self.nested(type_, scope, None)
            case OneOfType(names=names):
                name = self.draw(self.st.sampled_from(names))
                return self.struct(self.definition.structs[name], {}, scope)
        raise TypeError(f'not a type: {type_!r}')

    def nested(
        self, type_: StructType, scope: _Scope, fixed: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        args = {}
        for name, expr in type_.args:
            value = self.value_of(expr, scope, _NOTHING)
            if value is not _NOTHING:
                args[name] = value
        return self.struct(self.definition.structs[type_.name], args, scope, fixed)

    def number(self, type_: NumberType, declared: Field, scope: _Scope) -> Any:
        st = self.st
        if declared.const:
            return self.draw(st.sampled_from(declared.const))
        if declared.bits:
            return self.draw(values.bit_fields(declared.bits, type_))
        if declared.flags:
            return self.draw(values.flag_sets(self.definition.enums[declared.flags], type_))
        if declared.as_ == 'bool':
            return self.draw(st.booleans())
        if type_.is_float:
            drawn = values.floats(type_)
        else:
            low, high = values.bounds(declared.check, declared.name)
            if declared.max is not None and not isinstance(declared.type, ArrayType):
                high = declared.max if high is None else min(high, declared.max)
            drawn = values.integers(type_, low, high)
            special = self.special(declared, scope, type_)
            if special and self.is_closed(declared, scope):
                drawn = st.sampled_from(special)
            elif special:
                drawn = st.sampled_from(special) | drawn
        if declared.example is not None and not isinstance(declared.type, ArrayType):
            drawn = drawn | st.just(declared.example)
        value = self.draw(drawn)
        if declared.as_ == 'hex':
            return hex(value)
        return value * declared.scale if declared.scale is not None else value

    @staticmethod
    def is_closed(declared: Field, scope: _Scope) -> bool:
        """Whether a switch without default asks for this number: others cannot be built."""
        return any(
            other.switch is not None
            and other.switch.default is None
            and other.switch.on == Name((declared.name,))
            for other in scope.struct.fields
        )

    def special(self, declared: Field, scope: _Scope, type_: NumberType) -> list[int]:
        """Return the values that mean something: enum members, keys of cases."""
        found: list[int] = []
        if declared.enum:
            found += [n for n in self.definition.enums[declared.enum].values if isinstance(n, int)]
        for other in scope.struct.fields:
            if other.switch is not None and other.switch.on == Name((declared.name,)):
                found += [
                    key for keys, _ in other.switch.cases for key in keys if isinstance(key, int)
                ]
            if other.when is not None:
                signs = ('!=',) if self.is_closed(declared, scope) else ()
                found += _constants_with(other.when, declared.name, signs)
        low, high = type_.bounds
        least, most = values.bounds(declared.check, declared.name)
        low, high = (
            max(low, low if least is None else least),
            min(high, high if most is None else most),
        )
        return sorted({number for number in found if low <= number <= high})

    def bytes(self, type_: BytesType, declared: Field, scope: _Scope) -> Any:
        st = self.st
        if declared.const:
            value = self.draw(st.sampled_from(declared.const))
            return (
                value.encode('latin-1')
                if isinstance(value, str) and type_.kind == 'bytes'
                else value
            )
        room, exact = self.room(type_, declared, scope)
        if type_.kind == 'pad':
            return None
        if type_.kind == 'str':
            drawn = values.texts(declared.encoding, room, exact)
            if declared.example is not None and exact is None:
                drawn = drawn | st.just(declared.example)
            return self.draw(drawn)
        if exact is None:
            most = 16 if room is None else min(room, 16)
            return self.draw(st.binary(max_size=most))
        if declared.enum:
            known = [k for k in self.definition.enums[declared.enum].values if isinstance(k, str)]
            if known:
                return self.draw(st.sampled_from(known)).encode('latin-1')
        return self.draw(st.binary(min_size=exact, max_size=exact))

    def room(
        self, type_: BytesType, declared: Field, scope: _Scope
    ) -> tuple[int | None, int | None]:
        """Return the most bytes a value may have, and how many it must have."""
        if type_.count is None and isinstance(declared.size, Name):
            chosen = scope.lengths.get(declared.size.head)
            return (declared.max, None) if chosen is None else (chosen, chosen)
        if type_.count is None:
            return declared.max, None
        size = self.value_of(type_.count, scope, None)
        if size is None:
            return declared.max, None
        asked = {name.head for name in names_in(type_.count)}
        if type_.kind == 'str' and not asked & set(scope.lengths):
            return int(size), None
        return int(size), int(size)


def _item_of_group(value: Any, case: Field) -> Any:
    """Return an array of numbers as such: a list of lists could as well be a group of lists."""
    item = case.type
    while isinstance(item, ArrayType):
        item = item.item
    if isinstance(case.type, ArrayType) and isinstance(item, NumberType):
        import numpy

        return numpy.array(value)
    return value


class _Nothing:
    """No value: the field is absent or needs none."""


_NOTHING = _Nothing()


def _numbered(keys: tuple[int | str, ...]) -> list[int | str]:
    """Return keys of a case; those that were written as text become numbers where they are."""
    return [int(key) if isinstance(key, str) and key.isdigit() else key for key in keys]


def _mark(until: Expr) -> dict[str, Any]:
    """Return the values that end a list: those that ``item.x == value`` names."""
    terms = until.operands if isinstance(until, BoolOp) else (until,)
    found: dict[str, Any] = {}
    for term in terms:
        match term:
            case Binary(op='==', left=Name(parts=parts), right=Const(value=value)):
                found['.'.join(parts[1:])] = value
    return found


def _constants_with(expr: Expr, name: str, signs: tuple[str, ...] = ()) -> list[int]:
    """Return the numbers that a name is compared with, by certain signs or by any."""
    found: list[int] = []
    match expr:
        case Binary(op=op, left=Name(parts=(head,)), right=Const(value=int() as value)):
            if head == name and (not signs or op in signs):
                found.append(int(value))
        case Member(operand=Name(parts=(head,)), items=items) if head == name and not signs:
            found += [
                int(i.value) for i in items if isinstance(i, Const) and isinstance(i.value, int)
            ]
    for child in children(expr):
        found += _constants_with(child, name, signs)
    return found


def _type_names(type_: Type) -> list[Name]:
    match type_:
        case BytesType(count=count) if count is not None:
            return list(names_in(count))
        case ArrayType(item=item, dims=dims):
            return [*_type_names(item), *(name for dim in dims for name in names_in(dim))]
    return []
