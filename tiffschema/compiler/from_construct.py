"""Declarations made with construct, as schemas: a second way to say the same.

Rule 1: the result is the mapping that a YAML file holds; one way leads on from there.
Rule 2: what cannot be taken is refused by name, with the reason; nothing is guessed. Functions and
custom adapters are code, and a schema holds none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tiffschema.compiler.construct_expr import Refused, expression
from tiffschema.compiler.load import Located
from tiffschema.errors import SchemaError

if TYPE_CHECKING:
    from tiffschema.compiler.library import Schema

__all__ = ['MAX_ITEMS', 'declaration', 'from_construct']

MAX_ITEMS = 1 << 24
"""Largest count of a list whose length a file says, as construct has no word for it."""

_NUMBERS = {
    'B': 'u8', 'H': 'u16', 'L': 'u32', 'Q': 'u64', 'b': 's8', 'h': 's16', 'l': 's32', 'q': 's64',
    'e': 'f16', 'f': 'f32', 'd': 'f64',
}  # fmt: skip
_REASONS = {
    'GreedyRange': 'it ends quietly at the first damaged item; use an Array with a count',
    'Select': 'it tries one after the other; use Switch on a value',
    'Union': 'one value cannot have two types; use Switch on a value',
    'Optional': 'it hides damage; use If with a condition',
    'LazyBound': 'it holds a function',
    'ExprAdapter': 'it holds functions',
    'ExprValidator': 'it holds functions; use Check with a this expression',
    'Restreamed': 'it holds functions; a bit struct of 8, 16, 32 or 64 bits is taken',
    'Transformed': 'it holds functions; a bit struct of 8, 16, 32 or 64 bits is taken',
    'BytesInteger': 'integers have 8, 16, 32 or 64 bits',
    'VarInt': 'integers have 8, 16, 32 or 64 bits',
    'ZigZag': 'integers have 8, 16, 32 or 64 bits',
    'Checksum': 'it holds functions',
    'Compressed': 'compressed data is for codecs',
    'RepeatUntil': 'its condition is a function; a this expression of obj_ is taken',
    'Sequence': 'its members have no names; use Struct',
    'FocusedSeq': 'it shows one member of several; use Struct',
}


@dataclass
class _Struct:
    """A struct that is being read: what it needs from the structs round it."""

    name: str
    depth: int
    fields: Located = field(default_factory=Located)
    needs: dict[tuple[int, tuple[str, ...]], str] = field(default_factory=dict)
    checks: list[str] = field(default_factory=list)
    hidden: int = 0


def from_construct(obj: Any, *, id: str = 'construct/struct') -> Schema:
    """Return the schema of a construct object, compiled; see `declaration`."""
    from tiffschema.compiler.library import Schema, schemas

    return Schema(id, f'<construct {id}>', schemas, raw=declaration(obj, id))


def declaration(obj: Any, id: str = 'construct/struct') -> Located:
    """Return the schema that a construct object declares, as the mapping of a YAML file.

    Parameters:
        obj: A ``Struct`` of construct, named or not, made of Struct, Array, Const, Bytes, If,
            IfThenElse, Pointer, Switch, Enum, FlagsEnum, bit structs, strings, Padding, Rebuild,
            Default, Computed, Check, Prefixed, FixedSized and numbers, with ``this`` expressions.
        id: Id of the schema; the first struct has the last part of it as name, unless it has one.

    Raises:
        SchemaError: It holds something that cannot be taken; names it and says why.
    """
    return _Reader(id).read(obj)


class _Reader:
    def __init__(self, id: str) -> None:
        import construct

        self.c = construct
        self.id = id
        self.structs = Located()
        self.enums = Located()
        self.made: dict[tuple[int, int], tuple[Any, str, _Struct]] = {}
        self.path: list[str] = []

    def read(self, obj: Any) -> Located:
        """Return the whole mapping."""
        name, _, inner = _unnamed(obj)
        struct_name = _identifier(name or self.id.rpartition('/')[2])
        try:
            if not isinstance(inner, self.c.Struct):
                raise Refused(f'{type(inner).__name__}: a schema begins with a Struct')
            self.struct(inner, struct_name, 0)
        except Refused as error:
            place = '.'.join(self.path)
            raise SchemaError(str(error), file=f'<construct {self.id}>', field=place) from None
        # Inner structs are made first; the outer one leads.
        structs = Located([(struct_name, self.structs[struct_name]), *self.structs.items()])
        raw = Located([('schema', self.id), ('endian', 'little')])
        if self.enums:
            raw['enums'] = self.enums
        raw['structs'] = structs
        return raw

    # structs

    def struct(self, obj: Any, name: str, depth: int) -> _Struct:
        """Make a struct; the same object at the same depth is made once."""
        known = self.made.get((id(obj), depth))
        if known is not None:
            return known[2]
        name = self.fresh(name, self.structs)
        made = _Struct(name, depth)
        self.structs[name] = Located()
        self.made[id(obj), depth] = (obj, name, made)
        self.path.append(name)
        for member in obj.subcons:
            self.member(member, made)
        self.path.pop()
        declared = self.structs[name]
        if made.needs:
            declared['args'] = Located((arg, 's64') for arg in made.needs.values())
        if not made.fields:
            raise Refused(f'{name}: a struct needs a field')
        declared['fields'] = made.fields
        if made.checks:
            declared['check'] = ' and '.join(made.checks)
        return made

    def member(self, obj: Any, struct: _Struct) -> None:
        """Add one member of a Struct."""
        c = self.c
        name, doc, inner = _unnamed(obj)
        self.path.append(name or type(inner).__name__)
        if isinstance(inner, c.Check):
            struct.checks.append(self.expr(inner.func, struct))
        elif inner is c.Pass:
            pass
        elif inner is c.Terminated:
            raise Refused('Terminated: a struct does not know where its data ends')
        else:
            if not name:
                struct.hidden += 1
                name = f'_unnamed_{struct.hidden}'
            keys = self.value(inner, struct, name)
            if doc:
                keys['doc'] = str(doc)
            self.add(struct, name, keys)
        self.path.pop()

    def add(self, struct: _Struct, name: str, keys: Located) -> None:
        if not re.fullmatch(r'[A-Za-z_][A-Za-z0-9_]*', name):
            raise Refused(f'{name!r}: a field is named with letters, digits and _')
        if name in struct.fields:
            raise Refused(f'{name}: the name stands twice in one struct')
        struct.fields[name] = keys

    @staticmethod
    def fresh(name: str, taken: Any) -> str:
        base, number = name, 2
        while name in taken:
            name, number = f'{base}_{number}', number + 1
        return name

    # expressions

    def expr(self, value: Any, struct: _Struct, own: str = '') -> str:
        """Return an expression of a struct as text."""
        return expression(
            value,
            lambda levels, names: self.outer(struct, levels, names),
            own,
            lambda name, text: self.label(struct, name, text),
        )

    def label(self, struct: _Struct, name: str, text: str) -> int | None:
        """Return the number of a label of an enumerated field."""
        enum = struct.fields.get(name, {}).get('enum')
        values = self.enums[enum]['values'] if enum else {}
        return next((number for number, known in values.items() if known == text), None)

    def outer(self, struct: _Struct, levels: int, names: tuple[str, ...]) -> str:
        """Return the text of a name some structs up, making it an argument of this struct."""
        levels = struct.depth if levels < 0 else levels
        if levels == 0:
            return '.'.join(names)
        if levels > struct.depth:
            raise Refused(
                f'{"this" + "._" * levels}.{".".join(names)}: there is no such outer struct'
            )
        key = (levels, names)
        if key not in struct.needs:
            struct.needs[key] = self.fresh(
                '_'.join([f'outer{levels if levels > 1 else ""}', *names]), struct.needs.values()
            )
        return struct.needs[key]

    def call(self, inner: _Struct, struct: _Struct) -> str:
        """Return the type that names a nested struct, with its arguments."""
        args = [
            f'{arg}={self.outer(struct, levels - 1, names)}'
            for (levels, names), arg in inner.needs.items()
        ]
        return f'{inner.name}({", ".join(args)})' if args else inner.name

    # values

    def value(self, obj: Any, struct: _Struct, name: str) -> Located:
        """Return the keys of a field.

        Raises:
            Refused: The object cannot be taken.
        """
        obj = _unnamed(obj)[2]
        kind = type(obj).__name__
        method = getattr(self, f'_{kind.lower()}', None)
        if method is not None:
            return Located(method(obj, struct, name))
        raise Refused(f'{kind}: {_REASONS.get(kind, "it is not one of the objects taken")}')

    def typed(self, obj: Any, struct: _Struct, name: str) -> str:
        """Return the type of a value that needs no other key."""
        keys = self.value(obj, struct, name)
        order = keys.pop('endian', None)
        if re.match(r'[usf]\d+\[', str(keys.get('type'))):
            keys.pop('max')
        if set(keys) != {'type'}:
            more = ', '.join(key for key in keys if key != 'type')
            raise Refused(f'{type(_unnamed(obj)[2]).__name__}: an item of an array has no {more}')
        if order is not None:
            keys['endian'] = order
        self.item_endian = order
        return str(keys['type'])

    def _formatfield(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        import sys

        order, letter = obj.fmtstr[0], obj.fmtstr[1:]
        if letter not in _NUMBERS:
            raise Refused(f'FormatField {obj.fmtstr!r}: not a number of the language')
        keys: dict[str, Any] = {'type': _NUMBERS[letter]}
        if order == '=':
            order = '<' if sys.byteorder == 'little' else '>'
        if order == '>' and obj.length > 1:
            keys['endian'] = 'big'
        return keys

    def _flag(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        return {'type': 'u8', 'as': 'bool'}

    def _bytes(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        return {'type': f'bytes[{self.expr(obj.length, struct)}]'}

    def _greedybytes(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        return {'type': 'bytes[]'}

    def _struct(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        inner = self.struct(obj, _identifier(name.strip('_') or 'struct'), struct.depth + 1)
        return {'type': self.call(inner, struct)}

    def _array(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        count = self.expr(obj.count, struct)
        inner = self.typed(obj.subcon, struct, name)
        keys: dict[str, Any] = {'max': MAX_ITEMS}
        if inner.endswith(']') and re.match(r'[usf]\d+\[', inner):
            base, _, dims = inner.partition('[')
            keys['type'] = f'{base}[{count}, {dims}'
        else:
            keys['type'] = f'{inner}[{count}]'
        if self.item_endian:
            keys['endian'] = self.item_endian
        return keys

    def _repeatuntil(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        until = self.expr(obj.predicate, struct, 'item')
        keys: dict[str, Any] = {'type': f'{self.typed(obj.subcon, struct, name)}[]'}
        keys |= {'until': until, 'max': MAX_ITEMS}
        if self.item_endian:
            keys['endian'] = self.item_endian
        return keys

    def _const(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        keys = self.value(obj.subcon, struct, name)
        value = obj.value
        keys['const'] = value.decode('latin-1') if isinstance(value, bytes) else value
        return keys

    def _computed(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        return {'let': self.expr(obj.func, struct)}

    def _rebuild(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        keys = self.value(obj.subcon, struct, name)
        keys['build'] = self.expr(obj.func, struct)
        return keys

    def _default(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        keys = self.value(obj.subcon, struct, name)
        if callable(obj.value):
            raise Refused('Default: a default is a value, not an expression')
        keys['default'] = obj.value
        return keys

    def _ifthenelse(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        condition = self.expr(obj.condfunc, struct)
        if obj.elsesubcon is self.c.Pass:
            keys = self.value(obj.thensubcon, struct, name)
            keys['when'] = f'{condition} and ({keys["when"]})' if 'when' in keys else condition
            return keys
        if obj.thensubcon is self.c.Pass:
            keys = self.value(obj.elsesubcon, struct, name)
            keys['when'] = f'not {condition}'
            return keys
        cases = Located([
            (1, self.case(obj.thensubcon, struct, f'{name}_then')),
            (0, self.case(obj.elsesubcon, struct, f'{name}_else')),
        ])  # fmt: skip
        return {'switch': f'1 if {condition} else 0', 'cases': cases}

    def _switch(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        on = self.expr(obj.keyfunc, struct)
        cases = Located()
        for key, case in obj.cases.items():
            if not isinstance(key, int | str):
                raise Refused(f'Switch: the case {key!r} is neither a number nor a name')
            number = self.label(struct, on, str(key)) if isinstance(key, str) else int(key)
            cases[str(key) if number is None else number] = self.case(
                case, struct, f'{name}_{_identifier(str(key))}'
            )
        default = self.case(obj.default, struct, f'{name}_other')
        return {'switch': on, 'cases': cases, 'default_case': default}

    def case(self, obj: Any, struct: _Struct, name: str) -> Located:
        """Return the keys of one case."""
        if _unnamed(obj)[2] is self.c.Pass:
            return Located([('type', 'pad[0]')])
        return self.value(obj, struct, name)

    def _pointer(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        if obj.stream is not None:
            raise Refused('Pointer: into another stream')
        if isinstance(obj.offset, int) and obj.offset < 0:
            raise Refused('Pointer: from the end of the stream')
        keys = self.value(obj.subcon, struct, name)
        if 'at' in keys:
            raise Refused('Pointer: directly to a Pointer; put a Struct between them')
        keys['at'] = self.expr(obj.offset, struct)
        return keys

    def _enum(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        keys = self.value(obj.subcon, struct, name)
        keys['enum'] = self.names(
            {int(number): str(label) for number, label in obj.decmapping.items()}, name
        )
        return keys

    def names(self, values: dict[int, str], name: str) -> str:
        """Return the name of an enum with these members."""
        for known, declared in self.enums.items():
            if declared['values'] == values:
                return str(known)
        made = self.fresh(''.join(p[:1].upper() + p[1:] for p in name.split('_')), self.enums)
        self.enums[made] = Located([('values', Located(values.items()))])
        return made

    def _flagsenum(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        keys = self.value(obj.subcon, struct, name)
        bits = Located()
        for label, mask in obj.flags.items():
            if mask <= 0 or mask & (mask - 1):
                raise Refused(f'FlagsEnum: {label} = {mask} is not one bit')
            bits[label] = mask.bit_length() - 1
        keys['bits'] = bits
        return keys

    def _transformed(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        return self.bit_struct(obj, obj.decodeamount * 8 if obj.decodeamount else 0)

    def _restreamed(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        raise Refused('Restreamed: ' + _REASONS['Restreamed'])

    def bit_struct(self, obj: Any, width: int) -> dict[str, Any]:
        """Return the word that a bit struct cuts up; its first member has the highest bits."""
        c = self.c
        if obj.decodefunc is not c.core.bytes2bits or not isinstance(obj.subcon, c.Struct):
            raise Refused('Transformed: ' + _REASONS['Transformed'])
        if width not in (8, 16, 32, 64):
            raise Refused(f'BitStruct: {width} bits are no word of 8, 16, 32 or 64 bits')
        bits, left = Located(), width
        for member in obj.subcon.subcons:
            label, _, inner = _unnamed(member)
            if isinstance(inner, c.BitsInteger) and isinstance(inner.length, int):
                if inner.signed or inner.swapped:
                    raise Refused(f'BitsInteger: {label} is signed or swapped')
                size = inner.length
            elif inner is c.Flag or type(inner).__name__ == 'Flag':
                size = 1
            elif isinstance(inner, c.Padded) and inner.subcon is c.Pass:
                left -= inner.length
                continue
            else:
                raise Refused(f'{type(inner).__name__}: no member of a bit struct: {label}')
            left -= size
            if label:
                bits[label] = [left, size]
        return {'type': f'u{width}', 'endian': 'big', 'bits': bits}

    # windows and strings

    def _padded(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        size = self.expr(obj.length, struct)
        if obj.subcon is self.c.Pass:
            if obj.pattern != b'\0':
                raise Refused(f'Padding: the pattern {obj.pattern!r}; pads are zero')
            return {'type': f'pad[{size}]'}
        return self.windowed(obj.subcon, size, struct, name)

    def _fixedsized(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        return self.windowed(obj.subcon, self.expr(obj.length, struct), struct, name)

    def _prefixed(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        size = self.prefix(obj, struct, name)
        return self.windowed(obj.subcon, size, struct, name)

    def prefix(self, obj: Any, struct: _Struct, name: str) -> str:
        """Declare the length in front of a value as a hidden field; return the size."""
        length = f'_{name.strip("_")}_size'
        keys = self.value(obj.lengthfield, struct, length)
        if not re.fullmatch(r'u\d+', str(keys.get('type'))):
            raise Refused('Prefixed: its length is a plain unsigned number')
        self.add(struct, length, keys)
        own = obj.lengthfield.sizeof() if obj.includelength else 0
        return f'{length} - {own}' if own else length

    def windowed(self, inner: Any, size: str, struct: _Struct, name: str) -> dict[str, Any]:
        if _unnamed(inner)[2] is self.c.GreedyBytes:
            return {'type': f'bytes[{size}]'}
        keys = self.value(inner, struct, name)
        if 'size' in keys:
            raise Refused('FixedSized: directly inside another; put a Struct between them')
        return dict(keys) | {'size': _size(size)}

    def _stringencoded(self, obj: Any, struct: _Struct, name: str) -> dict[str, Any]:
        """Take PaddedString, PascalString, CString and GreedyString; each is a known nest."""
        c, inner = self.c, obj.subcon
        encoding = str(obj.encoding).lower().replace('_', '-')
        encoding = {'utf8': 'utf-8', 'latin1': 'latin-1', 'iso-8859-1': 'latin-1'}.get(
            encoding, encoding
        )
        greedy = c.GreedyBytes
        if isinstance(inner, c.FixedSized) and isinstance(inner.subcon, c.NullStripped):
            kind = f'str[{self.expr(inner.length, struct)}]'
        elif isinstance(inner, c.Prefixed) and inner.subcon is greedy:
            kind = f'str[{self.prefix(inner, struct, name)}]'
        elif isinstance(inner, c.NullTerminated) and inner.subcon is greedy:
            if len(inner.term) != 1:
                raise Refused(f'CString: text in {obj.encoding} ends with more than one zero byte')
            kind = 'zstr'
        elif inner is greedy:
            kind = 'str[]'
        else:
            raise Refused(f'StringEncoded: round {type(inner).__name__}')
        return {'type': kind, 'encoding': encoding}


def _unnamed(obj: Any) -> tuple[str, str, Any]:
    """Return name, docs and what is inside the wrappers that give them."""
    name, docs = '', ''
    while type(obj).__name__ == 'Renamed':
        name, docs = name or obj.name or '', docs or obj.docs or ''
        obj = obj.subcon
    return name, docs, obj


def _size(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _identifier(text: str) -> str:
    found = re.sub(r'[^A-Za-z0-9_]+', '_', text).strip('_').lower()
    return found if found and not found[0].isdigit() else f'case_{found}'
