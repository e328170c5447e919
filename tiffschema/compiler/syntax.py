"""Raw mappings to the IR: keys are known, values of their kind, and messages have a place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

from ..errors import SchemaError
from .check import field_problem, struct_problems
from .convert import CONVERSIONS, TIMES
from .expr import Expr, ExprError, parse_expr
from .ir import NUMBERS, EachGroup, EnumDef, Field, OneOfType, SchemaDef, StructDef, Switch
from .load import CORE_KEYS, SCHEMA_KEYS, Located
from .typetext import parse_type

__all__ = ['Syntax', 'substitute']


_FIELD_KEYS = (
    'type', 'const', 'default', 'build', 'when', 'at', 'base', 'align', 'share', 'inline', 'size',
    'until', 'include', 'max', 'switch', 'cases', 'default_case', 'table', 'each', 'count', 'sizes',
    'enum', 'flags', 'bits', 'unit', 'scale', 'time', 'convert', 'let', 'check', 'as', 'fault',
    'encoding', 'endian', 'by', 'doc', 'source', 'since', 'example',
)  # fmt: skip
_STRUCT_KEYS = (
    'doc', 'source', 'endian', 'args', 'extent', 'align', 'fault', 'fields', 'check', 'example',
)  # fmt: skip
_ENUM_KEYS = ('doc', 'source', 'type', 'open', 'flags', 'public', 'values')
_IDENTIFIER = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_ID = re.compile(r'[a-z0-9_]+(/[a-z0-9_]+)*')
_AS = re.compile(r'(table|list|float|bool|hex)|dict\(([A-Za-z_.]+)\)')
_CONST_BYTES = re.compile(r'\$([A-Za-z_][A-Za-z0-9_]*)')


def substitute(raw: Any, values: Mapping[str, Any]) -> Any:
    """Put a variant's values in place of ``$name``."""
    if isinstance(raw, Located):
        changed = ((key, substitute(value, values)) for key, value in raw.items())
        return Located(changed, raw.lines, raw.start)
    if isinstance(raw, list):
        return [substitute(item, values) for item in raw]
    if isinstance(raw, str) and '$' in raw:
        whole = _CONST_BYTES.fullmatch(raw)
        if whole and whole[1] in values:
            return values[whole[1]]
        return _CONST_BYTES.sub(
            lambda match: str(values[match[1]]) if match[1] in values else match[0], raw
        )
    return raw


class Syntax:
    """Reads one schema.

    Parameters:
        raw: The loaded mapping, variants substituted.
        file: Name for messages.
        tables: Tables that `switch: … table:` may name, those of used schemas included.
    """

    def __init__(
        self, raw: Located, file: str, tables: Mapping[str, Mapping[int, Any]] | None = None
    ) -> None:
        self.raw = raw
        self.file = file
        self.tables = dict(tables or {})
        self.tables.update(raw.get('tables') or {})

    def fail(self, message: str, raw: Any, key: Any, path: str) -> SchemaError:
        """Return an error with file, line and field."""
        line = raw.line(key) if isinstance(raw, Located) else 0
        return SchemaError(message, file=self.file, line=line, field=path)

    def keys(self, raw: Any, allowed: Iterable[str], path: str) -> Located:
        """Check that a value is a mapping of known keys."""
        if not isinstance(raw, Located):
            raise self.fail(f'needs a mapping, not {raw!r}', self.raw, path.split('.')[0], path)
        allowed = list(allowed)
        for key in raw:
            if key not in allowed:
                near = difflib.get_close_matches(str(key), allowed, 1)
                hint = (
                    f'; did you mean {near[0]!r}?' if near else f'; known are {", ".join(allowed)}'
                )
                raise self.fail(f'unknown key {key!r}{hint}', raw, key, path)
        return raw

    def schema(self, variant: str | None = None) -> SchemaDef:
        """Return the IR of the whole file."""
        raw = self.raw
        if len(SCHEMA_KEYS) > len(CORE_KEYS):  # sections of higher floors are known
            raw = self.keys(raw, SCHEMA_KEYS, '')
        id = raw.get('schema')
        if not isinstance(id, str) or not _ID.fullmatch(id):
            raise self.fail('schema: needs an id such as vendor/acme', raw, 'schema', 'schema')
        known = [key for key in raw if key in SCHEMA_KEYS]
        for first, second in pairwise(known):
            if SCHEMA_KEYS.index(first) > SCHEMA_KEYS.index(second):
                raise self.fail(f'{second!r} stands before {first!r}', raw, second, second)
        endian = raw.get('endian', 'inherit')
        if endian not in ('inherit', 'little', 'big'):
            raise self.fail('endian is inherit, little or big', raw, 'endian', 'endian')
        enums = {name: self.enum(name, value) for name, value in self.named(raw, 'enums').items()}
        structs = {
            name: self.struct(name, value, id) for name, value in self.named(raw, 'structs').items()
        }
        for struct in structs.values():
            for field, message in struct_problems(struct, structs):
                place = f'structs.{struct.name}' + (f'.fields.{field.name}' if field else '')
                raise SchemaError(message, file=self.file, line=(field or struct).line, field=place)
        return SchemaDef(
            id, str(raw.get('title') or ''), str(raw.get('doc') or ''),
            self.sources(raw, ''), endian, self.file, variant,
            structs, enums, dict(self.raw.get('tables') or {}),
        )  # fmt: skip

    def named(self, raw: Located, key: str) -> Located:
        """Return a section whose keys are names."""
        section = raw.get(key)
        if section is None:
            return Located()
        if not isinstance(section, Located):
            raise self.fail('needs a mapping of names', raw, key, key)
        for name in section:
            if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
                raise self.fail(f'{name!r} is not a name', section, name, key)
        return section

    def enum(self, name: str, raw: Any) -> EnumDef:
        """Return one enum."""
        path = f'enums.{name}'
        raw = self.keys(raw, _ENUM_KEYS, path)
        values = raw.get('values')
        if not isinstance(values, Located):
            raise self.fail('needs values: {number: name}', raw, 'values', path)
        names: dict[int, str] = {}
        rows: dict[int, Mapping[str, Any]] = {}
        for number, value in values.items():
            label = value.get('name') if isinstance(value, Located) else value
            if not isinstance(label, str):
                raise self.fail(f'{number!r} needs a name', values, number, path)
            if 'type' in raw and raw['type'] in NUMBERS and not isinstance(number, int):
                raise self.fail(f'{number!r} is not a number', values, number, path)
            names[number] = label
            if isinstance(value, Located):
                rows[number] = value
        return EnumDef(
            name, str(raw.get('type', 'u32')), names, rows, self.flag(raw, 'flags', path, False),
            self.text(raw, 'doc', path), '; '.join(self.sources(raw, path)),
        )  # fmt: skip

    def struct(self, name: str, raw: Any, schema: str) -> StructDef:
        """Return one struct."""
        path = f'structs.{name}'
        raw = self.keys(raw, _STRUCT_KEYS, path)
        declared = raw.get('fields')
        if not isinstance(declared, Located):
            raise self.fail('needs fields: {name: type}', raw, 'fields', path)
        fields = []
        for key, value in declared.items():
            if not isinstance(key, str) or not _IDENTIFIER.fullmatch(key):
                raise self.fail(
                    f'{key!r} is not a field name: letters, digits and _', declared, key, path
                )
            if field_problem(key):
                raise self.fail(field_problem(key), declared, key, f'{path}.fields.{key}')
            fields.append(self.field(key, value, f'{path}.fields.{key}', declared))
        return StructDef(
            name, tuple(fields), self.raw['structs'].line(name), self.endian(raw, path),
            self.args(raw, path), self.text(raw, 'extent', path),
            self.number(raw, 'align', path, 2, 1, 4096), self.fault(raw, path, ''),
            self.expr(raw, 'check', path), self.text(raw, 'doc', path),
            '; '.join(self.sources(raw, path)), raw.get('example'), schema,
        )  # fmt: skip

    def args(self, raw: Located, path: str) -> tuple[tuple[str, str], ...]:
        """Return names and types of arguments."""
        declared = raw.get('args')
        if declared is None:
            return ()
        if not isinstance(declared, Located):
            raise self.fail('args is a mapping such as {planes: u32}', raw, 'args', path)
        for name, kind in declared.items():
            if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name) or field_problem(name):
                raise self.fail(f'{name!r} is not a name', declared, name, f'{path}.args')
            if not isinstance(kind, str):
                raise self.fail(f'a type is text, not {kind!r}', declared, name, f'{path}.args')
        return tuple(declared.items())

    def text(self, raw: Located, key: str, path: str, default: str = '') -> str:
        """Return a text."""
        value = raw.get(key)
        if value is None:
            return default
        if not isinstance(value, str | int | float):
            raise self.fail(f'{key} is text, not {value!r}', raw, key, path)
        return str(value)

    def sources(self, raw: Located, path: str) -> tuple[str, ...]:
        """Return references, given as one text or a list."""
        value = raw.get('source') or ()
        value = (value,) if isinstance(value, str) else value
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise self.fail('source is a text or a list of texts', raw, 'source', path)
        return tuple(value)

    def flag(self, raw: Located, key: str, path: str, default: bool) -> bool:
        """Return true or false."""
        value = raw.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(f'{key} is true or false, not {value!r}', raw, key, path)
        return value

    def endian(self, raw: Located, path: str) -> str:
        """Return a byte order that overrides the schema's."""
        value = raw.get('endian', '')
        if value not in ('', 'inherit', 'little', 'big'):
            raise self.fail('endian is inherit, little or big', raw, 'endian', path)
        return '' if value == 'inherit' else str(value)

    def fault(self, raw: Located, path: str, default: str) -> str:
        """Return what a fault does."""
        value = raw.get('fault', default)
        if value not in ('', 'raise', 'drop', 'keep'):
            raise self.fail('fault is raise, drop or keep', raw, 'fault', path)
        return str(value)

    def expr(self, raw: Located, key: str, path: str) -> Expr | None:
        """Return an expression of a key."""
        if key not in raw:
            return None
        return self.tree(raw[key], raw, key, path)

    def tree(self, value: Any, raw: Located, key: str, path: str) -> Expr:
        """Return one expression."""
        if not isinstance(value, str | int | bool):
            raise self.fail(f'{key} needs an expression, not {value!r}', raw, key, path)
        found: Expr = self.checked(lambda: parse_expr(value), raw, key, path)
        return found

    def checked(self, call: Callable[[], Any], raw: Located, key: str, path: str) -> Any:
        """Turn an `ExprError` into an error with a place."""
        try:
            return call()
        except ExprError as error:
            raise self.fail(str(error), raw, key, path) from None

    def field(self, name: str, raw: Any, path: str, parent: Located) -> Field:
        """Return one field; ``name: type`` is short for ``name: {type: type}``."""
        if isinstance(raw, str):
            raw = Located([('type', raw)], {'type': parent.line(name)}, parent.line(name))
        if not isinstance(raw, Located):
            raise self.fail(
                f'a field is a type or a mapping with type:, not {raw!r}', parent, name, path
            )
        raw = self.keys(raw, _FIELD_KEYS, path)
        known = raw.get
        type_text = known('type')
        type_ = None
        if type_text is not None:
            if not isinstance(type_text, str):
                raise self.fail(f'a type is text, not {type_text!r}', raw, 'type', path)
            type_ = self.checked(lambda: parse_type(type_text), raw, 'type', path)
        if 'by' in raw:
            if not isinstance(type_, OneOfType):
                raise self.fail('by stands with a type oneof(...)', raw, 'by', path)
            type_ = type(type_)(type_.names, str(raw['by']))
        const = known('const')
        consts = tuple(const) if isinstance(const, list) else (() if const is None else (const,))
        at = known('at')
        offsets = at if isinstance(at, list) else ([] if at is None else [at])
        as_, key = self.as_(raw, path)
        build = known('build')
        scale = known('scale')
        if scale is not None and (not isinstance(scale, int | float) or not scale):
            raise self.fail(f'scale is a number that is not 0, not {scale!r}', raw, 'scale', path)
        return Field(
            name=name, line=parent.line(name), type=type_, const=consts,
            default=known('default'), has_default='default' in raw,
            build=None if build in (None, 'none') else self.expr(raw, 'build', path),
            build_none=build == 'none', when=self.expr(raw, 'when', path),
            at=tuple(self.tree(offset, raw, 'at', path) for offset in offsets),
            base=self.text(raw, 'base', path, 'file'),
            align=self.number(raw, 'align', path, 2, 1, 4096),
            share=self.flag(raw, 'share', path, False),
            inline=self.number(raw, 'inline', path, 0, 0, 8),
            size=self.expr(raw, 'size', path), until=self.expr(raw, 'until', path),
            include=self.flag(raw, 'include', path, True), max=self.most(raw, path),
            switch=self.switch(raw, path), each=self.each(raw, path),
            enum=self.text(raw, 'enum', path), flags=self.text(raw, 'flags', path),
            bits=self.bits(raw, path), scale=scale, time=self.one_of(raw, 'time', TIMES, path),
            convert=self.one_of(raw, 'convert', CONVERSIONS, path), let=self.expr(raw, 'let', path),
            check=self.expr(raw, 'check', path), as_=as_, key=key,
            table=self.text(raw, 'table', path), fault=self.fault(raw, path, 'raise'),
            encoding=self.text(raw, 'encoding', path, 'latin-1'), endian=self.endian(raw, path),
            unit=self.text(raw, 'unit', path), doc=self.text(raw, 'doc', path),
            since=self.text(raw, 'since', path), source='; '.join(self.sources(raw, path)),
            example=known('example'),
        )  # fmt: skip

    def number(self, raw: Located, key: str, path: str, default: int, low: int, high: int) -> int:
        """Return a plain number within bounds."""
        value = raw.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.fail(
                f'{key} is a number from {low} to {high}, not {value!r}', raw, key, path
            )
        return value

    def most(self, raw: Located, path: str) -> int | None:
        """Return the largest count or value."""
        return None if raw.get('max') is None else self.number(raw, 'max', path, 0, 0, 1 << 62)

    def one_of(self, raw: Located, key: str, known: Iterable[str], path: str) -> str:
        """Return the name of a registered pair of functions."""
        value = raw.get(key) or ''
        if value and value not in known:
            raise self.fail(f'{key} is one of {", ".join(sorted(known))}', raw, key, path)
        return str(value)

    def as_(self, raw: Located, path: str) -> tuple[str, str]:
        """Return the form of the result, and the key of a dict."""
        value = raw.get('as')
        if value is None:
            return '', ''
        match = _AS.fullmatch(str(value))
        if not match:
            raise self.fail('as is table, list, dict(key), float, bool or hex', raw, 'as', path)
        return (match[1] or 'dict'), (match[2] or '')

    def bits(self, raw: Located, path: str) -> tuple[tuple[str, int, int], ...]:
        """Return sub-fields of a word: name, lowest bit, width."""
        found = []
        declared = raw.get('bits') or {}
        if not isinstance(declared, Mapping):
            raise self.fail(
                'bits is a mapping {name: bit} or {name: [bit, width]}', raw, 'bits', path
            )
        for name, place in declared.items():
            pair = place if isinstance(place, list) and len(place) == 2 else [place, 1]
            low, width = pair
            if (
                not (isinstance(low, int) and isinstance(width, int))
                or not 0 <= low < 64
                or not 1 <= width <= 64 - low
            ):
                raise self.fail(f'{name}: {place!r} is not bit or [bit, width]', raw, 'bits', path)
            found.append((str(name), low, width))
        return tuple(found)

    def switch(self, raw: Located, path: str) -> Switch | None:
        """Return cases, those of a table included."""
        if 'switch' not in raw:
            return None
        on = self.tree(raw['switch'], raw, 'switch', path)
        if 'each' in raw or 'cases' in raw:
            pairs = raw.get('cases') or Located()
        elif raw.get('table') in self.tables:
            pairs = self.tables[raw['table']]
        else:
            raise self.fail('switch needs cases: or the name of a table:', raw, 'switch', path)
        shared = {k: raw[k] for k in ('encoding', 'max') if k in raw}
        table = raw.get('table') is not None
        cases = []
        for key, value in pairs.items():
            if table and isinstance(value, Mapping):
                value = Located(
                    [(k, v) for k, v in value.items() if k in _FIELD_KEYS],
                    getattr(value, 'lines', None), raw.line('table'),
                )  # fmt: skip
                if isinstance(value.get('enum'), str) or 'type' not in value:
                    value.pop('enum', None)
                if 'type' not in value:
                    continue
            keys = (
                tuple(part.strip() for part in key.split('|')) if isinstance(key, str) else (key,)
            )
            cases.append((keys, self.case(value, shared, f'{path}.cases.{key}', pairs, key)))
        default = raw.get('default_case')
        return Switch(
            on, tuple(cases),
            None if default is None
            else self.case(default, shared, f'{path}.default_case', raw, 'default_case'),
        )  # fmt: skip

    def case(self, value: Any, shared: Mapping[str, Any], path: str, raw: Any, key: Any) -> Field:
        """Return the nameless field of one case."""
        line = raw.line(key) if isinstance(raw, Located) else 0
        if isinstance(value, str):
            value = Located([('type', value)], {'type': line}, line)
        if isinstance(value, Located):
            value = Located([*shared.items(), *value.items()], value.lines, value.start)
        return self.field('value', value, path, Located((), {'value': line}, line))

    def each(self, raw: Located, path: str) -> EachGroup | None:
        """Return one group of items per element of an earlier array."""
        if 'each' not in raw:
            return None
        return EachGroup(
            self.text(raw, 'each', path),
            self.expr(raw, 'count', path),
            self.expr(raw, 'sizes', path),
        )
