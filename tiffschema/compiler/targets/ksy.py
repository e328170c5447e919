"""Export to Kaitai Struct: a ``.ksy`` file that reads the same bytes in other languages.

Rule 1: values are exported as they are stored; what a schema does to them afterwards (times,
scales, conversions, fault policies) is told in ``doc``.
Rule 2: what Kaitai Struct cannot say is refused by name, see `UNSUPPORTED`; nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tiffschema.compiler.expr import Binary, Const, Expr, Name
from tiffschema.compiler.ir import (
    ArrayType,
    BytesType,
    EnumDef,
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
from tiffschema.compiler.targets.describe import ends_of, field_notes, leads_to, visible
from tiffschema.compiler.targets.ksy_expr import UNSUPPORTED, condition, ksy_expr, refuse
from tiffschema.errors import UnsupportedError

if TYPE_CHECKING:
    from tiffschema.compiler.library import Schema

__all__ = ['UNSUPPORTED', 'ksy_name', 'to_ksy']

_HEAD = '# Kaitai Struct export of the schema {id}: generated, do not edit.\n'


def to_ksy(
    schema: Schema, struct: str | None = None, *, byteorder: str = '<', variant: str | None = None
) -> str:
    """Return the text of a ``.ksy`` file.

    Parameters:
        schema: The schema.
        struct: The struct to read first; without it the file only declares types.
        byteorder: ``'<'`` or ``'>'``, for a schema that inherits its byte order.
        variant: Name of a variant, the first if None.

    Raises:
        UnsupportedError: A field uses what Kaitai Struct cannot say; names it.
    """
    import yaml

    definition = visible(schema, variant)
    tree = _Export(definition, byteorder).tree(struct)
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)
    return _HEAD.format(id=definition.id) + str(text)


def ksy_name(name: str) -> str:
    """Return a name as Kaitai Struct spells names.

    Example:
        >>> ksy_name('OffsetTimeStamps'), ksy_name('_magic')
        ('offset_time_stamps', 'hidden_magic')
    """
    hidden = name.startswith('_')
    text = re.sub(r'(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', '_', name.strip('_')).lower()
    text = re.sub(r'[^a-z0-9_]+', '_', text) or 'unnamed'
    if hidden:
        return f'hidden_{text}'
    return text if text[0].isalpha() else f'n{text}'


class _Export:
    """Makes the mapping of one file."""

    def __init__(self, definition: SchemaDef, byteorder: str) -> None:
        self.definition = definition
        self.inherit = {'<': 'le', '>': 'be', 'little': 'le', 'big': 'be'}[byteorder]
        self.types: dict[str, Any] = {}
        self.enums: dict[str, Any] = {}
        self.order = self.inherit
        self.around: dict[str, str] = {}

    def tree(self, struct: str | None) -> dict[str, Any]:
        """Return the whole file."""
        definition = self.definition
        own = {'little': 'le', 'big': 'be'}.get(definition.endian, self.inherit)
        meta: dict[str, Any] = {'id': ksy_name(definition.id.replace('/', '_'))}
        if definition.title:
            meta['title'] = definition.title
        meta['ks-version'] = '0.10'
        meta['endian'] = own
        tree: dict[str, Any] = {'meta': meta}
        if definition.doc:
            tree['doc'] = definition.doc
        if definition.source:
            tree['doc-ref'] = list(definition.source)
        names = self.reached(struct) if struct else list(definition.structs)
        self.around = self.orders(names[:1] if struct else names)
        for name in names:
            self.types[ksy_name(name)] = self.struct(definition.structs[name])
        if struct is not None:
            main = definition.structs[struct]
            if main.args:
                tree['params'] = self.params(main)
            call = ksy_name(struct)
            if main.args:
                call += f'({", ".join(_given(main, name) for name, _ in main.args)})'
            tree['seq'] = [{'id': ksy_name(struct), 'type': call}]
        tree['types'] = self.types
        if self.enums:
            tree['enums'] = self.enums
        return tree

    def reached(self, struct: str) -> list[str]:
        """Return a struct and all that it leads to."""
        names = [struct]
        for name in names:
            for found in leads_to(self.definition.structs[name]):
                if found not in names:
                    names.append(found)
        return names

    def orders(self, roots: Sequence[str]) -> dict[str, str]:
        """Return the byte order that each struct has from those that it stands in.

        Raises:
            UnsupportedError: A struct stands in structs of either order.
        """
        structs = self.definition.structs
        own = {name: struct.endian for name, struct in structs.items()}
        inner = {found for name in roots for found in leads_to(structs[name])}
        todo = [(name, own[name]) for name in roots if own[name] or name not in inner]
        found: dict[str, str] = {}
        for name, order in todo:
            if name in found:
                if found[name] != order:
                    raise refuse('endian')
                continue
            found[name] = order
            todo += [(item, own[item] or order) for item in leads_to(structs[name])]
        return found

    def params(self, struct: StructDef) -> list[dict[str, str]]:
        return [
            {'id': _given(struct, name), 'type': _argument_type(kind)} for name, kind in struct.args
        ]

    def struct(self, struct: StructDef) -> dict[str, Any]:
        """Return the type of a struct."""
        made: dict[str, Any] = {}
        around = self.around.get(struct.name, struct.endian)
        order = {'little': 'le', 'big': 'be'}.get(around)
        self.order = order or {'little': 'le', 'big': 'be'}.get(
            self.definition.endian, self.inherit
        )
        if order:
            made['meta'] = {'endian': order}
        if struct.doc:
            made['doc'] = struct.doc
        if struct.source:
            made['doc-ref'] = struct.source
        if struct.args:
            made['params'] = self.params(struct)
        seq: list[dict[str, Any]] = []
        instances: dict[str, Any] = {}
        if any(field.at and field.base == 'struct' for field in struct.fields):
            # Kaitai asks for positions lazily: an item of no bytes fixes the start.
            seq.append({'id': 'mark_start', 'size': 0, 'if': 'start >= 0'})
            instances['start'] = {'value': '_io.pos'}
        ends = ends_of(struct, self.definition)
        for field in struct.fields:
            if isinstance(field.when, Const) and not field.when.value:
                continue
            try:
                member = self.member(struct, field, instances)
            except UnsupportedError as error:
                path = f'{self.definition.id}.{struct.name}.{field.name}'
                raise UnsupportedError(f'{path}: {error}') from None
            if struct.extent and ends.get(field.name, 0) > ends.get(struct.extent, 0):
                inside = f'{ksy_name(struct.extent)} >= {ends[field.name]}'
                member['if'] = f'{inside} and {member["if"]}' if 'if' in member else inside
            if field.let is not None or field.at:
                instances[member.pop('id')] = member
            else:
                seq.append(member)
        made['seq'] = seq
        if instances:
            made['instances'] = instances
        return made

    def member(self, struct: StructDef, field: Field, instances: dict[str, Any]) -> dict[str, Any]:
        """Return one attribute or instance."""
        name = _namer(struct)
        made: dict[str, Any] = {'id': ksy_name(field.name)}
        if made['id'] != field.name:
            made['-orig-id'] = field.name
        if field.let is not None:
            made['value'] = ksy_expr(field.let, name)
        else:
            if field.at:
                made['pos'] = self.position(field, name)
            made.update(self.body(struct, field, name, instances))
        if field.when is not None and not isinstance(field.when, Const):
            made['if'] = condition(field.when, name)
        if field.check is not None:
            made['valid'] = {'expr': ksy_expr(field.check, _self_namer(name, field.name))}
        doc = '. '.join(
            part for part in (field.doc.rstrip('.'), '; '.join(_exported(field))) if part
        )
        if doc:
            made['doc'] = doc
        if field.source:
            made['doc-ref'] = field.source
        return made

    def position(self, field: Field, name: Callable[[Name], str]) -> str:
        if field.inline:
            raise refuse('inline')
        if len(field.at) > 1:
            raise refuse('at list')
        if field.base == 'tag':
            raise refuse('base tag')
        offset = ksy_expr(field.at[0], name)
        return f'start + {offset}' if field.base == 'struct' else offset

    def body(
        self,
        struct: StructDef,
        field: Field,
        name: Callable[[Name], str],
        instances: dict[str, Any],
    ) -> dict[str, Any]:
        """Return the keys that say which bytes a value is."""
        if field.each is not None:
            raise refuse('each')
        if field.at and field.base == 'file':
            where: dict[str, Any] = {'io': '_root._io'}
        else:
            where = {}
        if field.switch is not None:
            return where | self.switch(struct, field, name)
        if field.type is None:
            return where | {'size-eos': True}
        made = where | self.type(struct, field, field.type, name, instances)
        if field.size is not None:
            made = self.windowed(struct, field, made, name)
        return made

    def switch(
        self, struct: StructDef, field: Field, name: Callable[[Name], str]
    ) -> dict[str, Any]:
        assert field.switch is not None
        on = ksy_expr(field.switch.on, name)
        labels = self.labels(struct, field.switch.on)
        cases: dict[Any, str] = {}
        for keys, case in field.switch.cases:
            type_ = self.wrapped(struct, case, f'{struct.name}_{field.name}_{keys[0]}')
            for key in keys:
                cases[labels.get(key, key)] = type_
        if field.switch.default is not None:
            other = f'{struct.name}_{field.name}_other'
            cases['_'] = self.wrapped(struct, field.switch.default, other)
        made: dict[str, Any] = {'type': {'switch-on': on, 'cases': cases}}
        if field.size is not None:
            made['size'] = ksy_expr(field.size, name)
        return made

    def labels(self, struct: StructDef, on: Expr) -> dict[Any, Any]:
        """Return the keys of cases as Kaitai wants them: an enum's members by its name."""
        if not isinstance(on, Name):
            return {}
        field = next((f for f in struct.fields if f.name == on.head), None)
        if field is None or not field.enum or not isinstance(field.type, NumberType):
            return {}
        enum = self.definition.enums[field.enum]
        kind = self.enum_name(field.enum)
        found: dict[Any, Any] = {}
        for number, label in enum.values.items():
            found[label] = found[number] = f'{kind}::{ksy_name(label)}'
        return found

    def wrapped(self, struct: StructDef, case: Field, hint: str) -> str:
        """Return a named type for a case: a number or struct itself, else a type round it."""
        type_ = case.type
        if isinstance(type_, StructType) and case.size is None:
            return self.call(type_, _namer(struct))
        if isinstance(type_, NumberType) and not case.const and case.size is None:
            return self.number(type_, case)
        wrapper = ksy_name(hint)
        used = {'id': 'value', **self.body(struct, case, _outer_namer(_namer(struct)), {})}
        self.types[wrapper] = {'seq': [used]}
        return wrapper

    def windowed(
        self,
        struct: StructDef,
        field: Field,
        made: dict[str, Any],
        name: Callable[[Name], str],
    ) -> dict[str, Any]:
        """Put a value into a window of its own: a type, so that what is left is skipped."""
        assert field.size is not None
        size = ksy_expr(field.size, name)
        whole = isinstance(made.get('type'), str) and not {'repeat', 'size'} & set(made)
        if whole and made['type'].partition('(')[0] in self.types:
            return made | {'size': size}
        wrapper = ksy_name(f'{struct.name}_{field.name}_window')
        inner = self.type(struct, field, field.type, _outer_namer(name), {})
        self.types[wrapper] = {'seq': [{'id': 'value', **inner}]}
        outer = {key: made[key] for key in ('io', 'pos') if key in made}
        return outer | {'type': wrapper, 'size': size}

    # types

    def type(
        self,
        struct: StructDef,
        field: Field,
        type_: Type | None,
        name: Callable[[Name], str],
        instances: dict[str, Any],
    ) -> dict[str, Any]:
        """Return the keys of a type."""
        match type_:
            case ArrayType(item=item, dims=dims):
                made = self.type(struct, field, item, name, instances)
                if not field.const:
                    made.pop('valid', None)  # what bounds an array bounds its count
                if 'size' in made or 'terminator' in made or made.get('size-eos'):
                    wrapper = ksy_name(f'{struct.name}_{field.name}_item')
                    inner = self.type(struct, field, item, _outer_namer(name), instances)
                    self.types[wrapper] = {'seq': [{'id': 'value', **inner}]}
                    made = {'type': wrapper}
                return made | self.repeat(field, dims, name)
            case NumberType():
                made = {'type': self.number(type_, field)}
                if field.const:
                    values = [_literal(value) for value in field.const]
                    made['valid'] = values[0] if len(values) == 1 else {'any-of': values}
                elif field.max is not None and field.check is None:
                    made['valid'] = {'max': _literal(field.max)}
                return made | self.enum(field)
            case RationalType(signed=signed):
                return {'type': self.rational(signed)}
            case StructType():
                return {'type': self.call(type_, name)}
            case OneOfType():
                return self.one_of(struct, field, type_, instances)
            case PStrType(prefix=prefix):
                return {'type': self.pstr(prefix, field)}
            case ZStrType():
                return {
                    'type': 'strz', 'encoding': _encoding(field, self.order), 'eos-error': False,
                }  # fmt: skip
            case BytesType(kind=kind, count=count):
                size: dict[str, Any] = (
                    {'size-eos': True} if count is None else {'size': _plain(count, name)}
                )
                if kind == 'str':
                    kept = {'type': 'strz', 'encoding': _encoding(field, self.order)}
                    return size | kept
                if field.const and len(field.const) == 1:
                    return {'contents': _bytes(field.const[0])}
                return size
        raise TypeError(f'not a type: {type_!r}')

    def number(self, type_: NumberType, field: Field) -> str:
        letter = {'u': 'u', 's': 's', 'f': 'f'}[type_.name[0]]
        if type_.name == 'f16':
            raise refuse('f16')
        order = {'little': 'le', 'big': 'be'}.get(field.endian, '')
        return f'{letter}{type_.size}{order if type_.size > 1 else ""}'

    def repeat(
        self, field: Field, dims: tuple[Expr, ...], name: Callable[[Name], str]
    ) -> dict[str, Any]:
        if field.until is not None:
            return {'repeat': 'until', 'repeat-until': condition(field.until, name)}
        if not dims:
            return {'repeat': 'eos'}
        total: Expr = dims[0]
        for dim in dims[1:]:
            total = Binary('*', total, dim)
        return {'repeat': 'expr', 'repeat-expr': _plain(total, name)}

    def enum(self, field: Field) -> dict[str, Any]:
        if not field.enum:
            return {}
        kind = self.enum_name(field.enum)
        self.enums[kind] = _enum(self.definition.enums[field.enum])
        return {'enum': kind}

    def enum_name(self, name: str) -> str:
        """Return the name of an enumeration, which in most languages must be none of a type."""
        kind = ksy_name(name)
        taken = any(ksy_name(struct) == kind for struct in self.definition.structs)
        return f'{kind}_enum' if taken else kind

    def rational(self, signed: bool) -> str:
        kind = 'srational' if signed else 'rational'
        number = 's4' if signed else 'u4'
        self.types[kind] = {
            'doc': 'A numerator and a denominator.',
            'seq': [{'id': 'numerator', 'type': number}, {'id': 'denominator', 'type': number}],
        }
        return kind

    def pstr(self, prefix: NumberType, field: Field) -> str:
        encoding = _encoding(field, self.order)
        kind = ksy_name(f'pstr_{prefix.name}_{encoding}')
        self.types[kind] = {
            'doc': 'Text behind its length, which counts a closing NUL.',
            'seq': [
                {'id': 'len_text', 'type': f'u{prefix.size}'},
                {'id': 'text', 'size': 'len_text', 'type': 'strz', 'encoding': encoding},
            ],
        }
        return kind

    def call(self, type_: StructType, name: Callable[[Name], str]) -> str:
        args = dict(type_.args)
        text = ksy_name(type_.name)
        if args:
            order = [arg for arg, _ in self.definition.structs[type_.name].args]
            text += f'({", ".join(ksy_expr(args[arg], name) for arg in order)})'
        return text

    def one_of(
        self, struct: StructDef, field: Field, type_: OneOfType, instances: dict[str, Any]
    ) -> dict[str, Any]:
        """Look ahead at the leading constant, then choose."""
        cases: dict[Any, str] = {}
        number = None
        for name in type_.names:
            leader = self.definition.structs[name].fields[0]
            if type_.by or not leader.const or not isinstance(leader.type, NumberType):
                raise refuse('oneof by')
            number = self.number(leader.type, leader)
            for value in leader.const:
                cases[value] = ksy_name(name)
        ahead = f'{ksy_name(field.name)}_ahead'
        instances[ahead] = {'pos': '_io.pos', 'type': number}
        return {'type': {'switch-on': ahead, 'cases': cases}}


def _argument_type(kind: str) -> str:
    base = kind.removesuffix('[]')
    number = {'f': 'f', 's': 's', 'u': 'u'}.get(base[:1], 'u')
    size = int(base[1:]) // 8 if base[1:].isdigit() else 4
    return f'{number}{size}' + ('[]' if kind.endswith('[]') else '')


def _namer(struct: StructDef) -> Callable[[Name], str]:
    """Return how names of a struct's expressions are printed."""

    def name(found: Name) -> str:
        head, *rest = found.parts
        if head in ('it', 'tag', 'tags'):
            raise refuse(f'name {head}')
        if head == 'here':
            return '_io.pos'
        if head == 'file':
            return '_root._io.size'
        first = {'item': '_', 'parent': '_parent', 'root': '_root'}.get(head)
        if head in dict(struct.args):
            first = _given(struct, head)
        first = first or ksy_name(head)
        field = next((f for f in struct.fields if f.name == head), None)
        if field is not None and field.enum and isinstance(field.type, NumberType) and not rest:
            return f'{first}.to_i'
        return '.'.join([first, *(ksy_name(part) for part in rest)])

    return name


def _outer_namer(name: Callable[[Name], str]) -> Callable[[Name], str]:
    """Return how names are printed one type further in."""

    def outer(found: Name) -> str:
        text = name(found)
        return text if text.startswith(('_root', '_io')) else f'_parent.{text}'

    return outer


def _self_namer(name: Callable[[Name], str], own: str) -> Callable[[Name], str]:
    """Return how names are printed in the check of a field, which is ``_`` there."""
    return lambda found: '_' if found.parts == (own,) else name(found)


def _given(struct: StructDef, argument: str) -> str:
    """Return the name of a parameter, which must be none of a field."""
    name = ksy_name(argument)
    taken = any(ksy_name(field.name) == name for field in struct.fields)
    return f'given_{name}' if taken else name


def _literal(value: Any) -> Any:
    """Return a constant such that every compiler reads it as a whole number.

    The one in JavaScript takes numbers in YAML beyond 31 bits for floats, and expressions as they
    are.
    """
    return str(value) if isinstance(value, int) and abs(value) >= 1 << 31 else value


def _plain(expr: Expr, name: Callable[[Name], str]) -> int | str:
    if isinstance(expr, Const) and isinstance(expr.value, int):
        return expr.value
    return ksy_expr(expr, name)


def _bytes(value: Any) -> list[int]:
    return list(value if isinstance(value, bytes) else str(value).encode('latin-1'))


def _encoding(field: Field, order: str) -> str:
    known = {'latin-1': 'ISO-8859-1', 'utf-8': 'UTF-8', 'ascii': 'ASCII'}
    if field.encoding == 'utf-16':
        return 'UTF-16LE' if order == 'le' else 'UTF-16BE'
    return known.get(field.encoding, field.encoding.upper())


def _exported(field: Field) -> list[str]:
    """Return what is done to the stored value, which Kaitai leaves to the reader."""
    from dataclasses import replace

    said: Mapping[str, Any] = {
        'when': None, 'at': (), 'size': None, 'switch': None, 'let': None, 'check': None,
        'enum': '', 'const': () if isinstance(field.type, NumberType) else field.const, 'max': None,
        'until': None if field.include else field.until,
    }  # fmt: skip
    notes = field_notes(replace(field, **said))
    return ([f'in {field.unit}'] if field.unit else []) + notes


def _enum(enum: EnumDef) -> dict[int, Any]:
    found: dict[int, Any] = {}
    used: set[str] = set()
    for number, label in enum.values.items():
        id = ksy_name(label)
        while id in used:
            id = f'{id}_{number}'
        used.add(id)
        row = enum.rows.get(number, {})
        doc = row.get('doc')
        found[number] = {'id': id, 'doc': doc} if doc else id
    return found
