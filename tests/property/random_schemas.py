"""Hypothesis strategy of whole schemas: structs made of every kind of field, nested in each other.

Rule: what is drawn is lawful, so a `SchemaError` is a finding; and it is YAML text, as an author
writes it, so that all of the compiler is between the text and the bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

__all__ = ['schema_texts']

Fields = dict[str, Any]

NUMBERS = ['u8', 'u16', 'u32', 'u64', 's8', 's16', 's32', 's64', 'f32', 'f64']
COUNTS = ['u8', 'u16', 'u32']
ENUMS = {
    'Colour': {'type': 'u8', 'values': {0: 'Red', 1: 'Green', 30: 'Blue'}},
    'Marks': {'type': 'u8', 'flags': True, 'values': {1: 'Old', 2: 'New', 64: 'Lost'}},
}
DEEPEST = 2
"""Structs in each other, beside those that the outermost holds."""


class Schemas:
    """One schema in the making: its structs, and names that are free.

    Parameters:
        draw: Draws from a strategy.
    """

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.structs: dict[str, Fields] = {}
        self.count = 0
        self.points = False

    def name(self) -> str:
        """Return a name that no field or struct has."""
        self.count += 1
        return f'{self.draw(st.sampled_from("abcdexyz"))}{self.count}'

    def pick(self, *choices: Any) -> Any:
        """Return one of several."""
        return self.draw(st.sampled_from(choices))

    def struct(self, depth: int, most: int = 4, last: bool = False) -> str:
        """Make a struct of drawn fields; return its name."""
        name = f's_{self.name()}'
        fields: Fields = {}
        makers = [*LEAVES, *(NESTED if depth < DEEPEST else ())]
        for make in self.draw(st.lists(st.sampled_from(makers), min_size=1, max_size=most)):
            fields.update(make(self, depth))
        if last:
            fields.update(self.pick(rest, local_block)(self, depth))
        self.structs[name] = {'fields': fields}
        if self.pick(False, False, True):
            self.structs[name]['endian'] = self.pick('little', 'big')
        return name

    def row(self) -> str:
        """Make a struct of fixed layout; return its name."""
        name = f's_{self.name()}'
        fields = {self.name(): kind for kind in self.draw(kinds_of_row)}
        self.structs[name] = {'fields': fields}
        return name


kinds_of_row = st.lists(st.sampled_from([*NUMBERS, 'u8[3]', 'bytes[2]']), min_size=1, max_size=4)

# leaves -----------------------------------------------------------------------------------------


def number(make: Schemas, depth: int) -> Fields:
    """A number, perhaps with a meaning."""
    whole = make.pick(*NUMBERS[:8])
    return {
        make.name(): make.pick(
            make.pick(*NUMBERS),
            {'type': make.pick('u16', 'u32', 's16', 'f64'), 'endian': make.pick('little', 'big')},
            {'type': whole, 'default': 5},
            {'type': make.pick('u16', 'u32'), 'max': 1000},
            {'type': 'u8', 'enum': 'Colour'},
            {'type': 'u8', 'flags': 'Marks'},
            {'type': 'u16', 'bits': {'low': 0, 'mid': [4, 3], 'top': 15}},
            {'type': 'u16', 'scale': 0.5, 'unit': 'mm'},
            {'type': 'u8', 'as': 'bool'},
            {'type': 'u16', 'as': 'hex'},
            'rational',
            {'type': 'srational', 'as': 'float'},
        )
    }


def constant(make: Schemas, depth: int) -> Fields:
    """A magic."""
    hidden = make.pick('', '_')
    return {
        hidden + make.name(): make.pick(
            {'type': 'u16', 'const': 0x1234},
            {'type': 'u8', 'const': [1, 2]},
            {'type': 'bytes[2]', 'const': 'OK'},
        )
    }


def padding(make: Schemas, depth: int) -> Fields:
    """Bytes that nobody sees."""
    return {'_' + make.name(): make.pick('pad[1]', 'pad[3]', 'u16')}


def text(make: Schemas, depth: int) -> Fields:
    """Text or bytes of fixed size, or that end themselves."""
    return {make.name(): make.pick('str[4]', 'bytes[3]', 'zstr', 'pstr(u8)', 'pstr(u16)')}


def sized_text(make: Schemas, depth: int) -> Fields:
    """Text or bytes whose size a field says."""
    size = make.name()
    kind = make.pick('str', 'bytes')
    return {size: make.pick(*COUNTS), make.name(): f'{kind}[{size}]'}


def array(make: Schemas, depth: int) -> Fields:
    """An array of fixed or counted length."""
    item = make.pick(*NUMBERS)
    if make.pick(True, False):
        return {
            make.name(): make.pick(f'{item}[3]', f'{item}[2, 2]', {'type': 'u8[2]', 'as': 'list'})
        }
    count = make.name()
    shape = make.pick(f'{count}', f'{count}, 2', f'{count} + 1', f'{count} * 2')
    kind = f'{item}[{shape}]'
    return {
        count: make.pick(*COUNTS),
        make.name(): make.pick(kind, {'type': f'rational[{count}]'}, {'type': kind, 'max': 40}),
    }


def computed(make: Schemas, depth: int) -> Fields:
    """A number, and what follows from it."""
    first, second = make.name(), make.name()
    return {
        first: make.pick({'type': 's16', 'check': f'-50 <= {first} <= 50'}, 'u8'),
        second: {'let': make.pick(f'{first} * 2 + 1', f'max({first}, 3)', f'{first} // 3')},
    }


def conditional(make: Schemas, depth: int) -> Fields:
    """A number, and a field that is there for some of its values."""
    kind = make.name()
    value = make.pick('u16', 'str[2]', {'type': 'u8', 'endian': 'big'}, 'u16[2]')
    value = value if isinstance(value, dict) else {'type': value}
    condition = make.pick(f'{kind} == 1', f'{kind} > 4', f'{kind} in [1, 2, 7]', f'not {kind}')
    return {kind: 'u8', make.name(): {**value, 'when': condition}}


LEAVES = [number, constant, padding, text, sized_text, array, computed, conditional]

# structs in structs -----------------------------------------------------------------------------


def inside(make: Schemas, depth: int) -> Fields:
    """A struct in the struct."""
    return {make.name(): make.struct(depth + 1)}


def repeated(make: Schemas, depth: int) -> Fields:
    """Structs by count."""
    count = make.name()
    if make.pick(True, False):
        kind = {'type': f'{make.row()}[{count}]', 'max': 100, **make.pick({}, {'as': 'table'})}
    else:
        kind = {'type': f'{make.struct(depth + 1)}[{count}]', 'max': 100}
    return {count: make.pick(*COUNTS), make.name(): kind}


def marked(make: Schemas, depth: int) -> Fields:
    """Structs up to an end mark."""
    name, mark = f's_{make.name()}', make.name()
    rest = {make.name(): make.pick('u16', 'u8[2]', 'f32')}
    make.structs[name] = {'fields': {mark: make.pick('u8', 'u16'), **rest}}
    until = {'until': f'item.{mark} == 0', 'include': make.pick(True, False), 'max': 50}
    return {make.name(): {'type': f'{name}[]', **until}}


def switched(make: Schemas, depth: int) -> Fields:
    """A value whose type a number says, perhaps in a window."""
    kind, size = make.name(), make.name()
    cases = {
        0: make.pick(*NUMBERS), '1|2': make.struct(depth + 1, 2), 3: make.pick('str[4]', 'u8[3]'),
    }  # fmt: skip
    value: Fields = {'switch': kind, 'cases': cases, 'default_case': make.pick('u8', 'bytes[1]')}
    if make.pick(True, False):
        return {kind: 'u8', make.name(): value}
    return {kind: 'u8', size: make.pick(*COUNTS), make.name(): {'size': size, **value}}


def windowed(make: Schemas, depth: int) -> Fields:
    """A struct or an array that owns so many bytes."""
    size = make.name()
    kind = make.pick(make.struct(depth + 1), 'u16[]', 'bytes[]', f'{make.row()}[]', 'zstr')
    more = {'max': 100} if kind.startswith('s_') else {}
    expression = make.pick(size, f'{size} - 4')
    return {size: make.pick('u16', 'u32'), make.name(): {'type': kind, 'size': expression, **more}}


def pointed(make: Schemas, depth: int) -> Fields:
    """A value behind a pointer."""
    make.points = True
    offset, name = make.name(), make.name()
    kind = make.pick(make.struct(depth + 1), 'u16', 'zstr', 'u16[3]', f'{make.row()}[2]')
    value: Fields = {'type': kind, 'at': offset, 'max': 100}
    value = {
        **value,
        **make.pick({}, {'when': f'{offset} >= 2'}, {'when': f'{offset} > 0', 'fault': 'drop'}),
    }
    value = {**value, **make.pick({}, {'share': True}, {'align': 4})}
    if kind in ('u16', 'zstr', 'u16[3]') or (kind.startswith('s_') and not kind.endswith(']')):
        del value['max']
    return {offset: make.pick('u32', 'u64'), name: value}


def inlined(make: Schemas, depth: int) -> Fields:
    """A value in its pointer, where it is small enough."""
    make.points = True
    word = make.name()
    kind = make.pick('u16', 'u8[3]', 'f64', 'u32')
    return {word: 'u32', make.name(): {'type': kind, 'at': word, 'inline': 4}}


def alternative(make: Schemas, depth: int) -> Fields:
    """One of two structs, told apart by their magic."""
    names = []
    for magic in (0x0101, 0x0202):
        name = make.struct(depth + 1, 2)
        fields = {f'm{name}': {'type': 'u16', 'const': magic}, **make.structs[name]['fields']}
        make.structs[name] = {'fields': fields}
        names.append(name)
    return {make.name(): f'oneof({", ".join(names)})'}


def told(make: Schemas, depth: int) -> Fields:
    """A struct that takes an argument."""
    name, count, field = f's_{make.name()}', make.name(), make.name()
    make.structs[name] = {
        'args': {'k': 'u8'},
        'fields': {make.name(): make.pick('u16[k]', 'str[k]'), make.name(): 'u8'},
    }
    return {count: 'u8', field: f'{name}(k={count})'}


NESTED = [inside, repeated, marked, switched, windowed, pointed, inlined, alternative, told]

# what comes last --------------------------------------------------------------------------------


def rest(make: Schemas, depth: int) -> Fields:
    """All that is left; blocks behind pointers would lie in it."""
    if make.points:
        return {}
    return {make.name(): make.pick('u16[]', 'bytes[]', 'u8[]')}


def local_block(make: Schemas, depth: int) -> Fields:
    """A value behind a pointer that counts from the begin of the struct."""
    offset = make.name()
    kind = make.pick('u16[3]', 'zstr', make.row())
    return {offset: 'u16', make.name(): {'type': kind, 'at': offset, 'base': 'struct'}}


@st.composite
def schema_texts(draw: st.DrawFn) -> str:
    """Return the YAML text of a schema whose struct ``top`` holds all others."""
    make = Schemas(draw)
    top = make.struct(0, 5, last=draw(st.booleans()))
    structs = {'top': make.structs.pop(top), **make.structs}
    endian = draw(st.sampled_from(['inherit', 'inherit', 'little', 'big']))
    lines = ['schema: example/drawn', 'title: Drawn', f'endian: {endian}', 'enums:']
    lines += [f'  {name}: {flow(value)}' for name, value in ENUMS.items()]
    lines.append('structs:')
    for name, declared in structs.items():
        lines.append(f'  {name}:')
        for key in ('endian', 'args'):
            if key in declared:
                lines.append(f'    {key}: {flow(declared[key])}')
        lines.append('    fields:')
        lines += [f'      {field}: {flow(spec)}' for field, spec in declared['fields'].items()]
    return '\n'.join(lines) + '\n'


def flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        pairs = [
            f'{key if str(key).isalnum() else json.dumps(key)}: {flow(item)}'
            for key, item in value.items()
        ]
        return '{' + ', '.join(pairs) + '}'
    return json.dumps(value)
