"""Tables of tags: what a code means in which kind of directory; knows schemas, no files.

A `TagTable` is a name space of codes. Rows come from the shipped tables, vendors' ``tags:``
sections complete them (a struct for the value, say), registered schemas are seen at once. Rows
become objects when asked for: a file meets a few dozen of a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from tiffschema.errors import SchemaError

from . import catalog
from .fieldtypes import FIELD_TYPES

__all__ = ['TagRow', 'TagTable', 'TagTables', 'check_tags', 'resolver', 'tag_tables']

ROW_KEYS: Final = frozenset({
    'name', 'type', 'count', 'enum', 'default', 'attr', 'owner', 'load', 'pointer', 'result',
    'value', 'unit', 'doc', 'source', 'since', 'example', 'aliases', 'space', 'fault', 'args',
})  # fmt: skip
Raw = Mapping[str, Any]
# Codes from here on are free for anybody: alone they mean nothing, so none falls back.
REUSABLE: Final = 65000
RESULTS: Final = (
    'auto', 'number', 'tuple', 'array', 'colormap', 'bytes', 'text', 'coded_text', 'dict', 'json',
)  # fmt: skip


class TagRow:
    """What is known of one tag.

    Parameters:
        code: Number in the directory.
        name: Name as users know it.
        types: Codes of allowed field types, the preferred first; empty if unknown.
        count: Number of values, allowed numbers, ``'any'``, an expression, or None if unknown.
        enum: Name of the enumeration of its values.
        default: Value where the tag is absent.
        attr: Attribute of a page that shows the value.
        owner: ``'writer'`` where only the writer may set the tag.
        load: ``'eager'`` where the value is read with the directory.
        pointer: ``'segments'``, ``'data'``, ``'ifd'`` or ``'ifd:<name space>'``.
        result: What the value becomes: ``auto number tuple array colormap bytes text coded_text
            dict json``.
        value: Struct or text that declares the bytes, as the schema says it.
        schema: Id of the schema that declares `value`.
        aliases: Other names.
        unit, doc, source: For people.
        table: The table, ``tiff/tags/baseline.baseline``.
    """

    __slots__ = (
        'aliases', 'attr', 'code', 'count', 'default', 'doc', 'enum', 'load', 'name', 'owner',
        'pointer', 'result', 'schema', 'source', 'table', 'types', 'unit', 'value',
    )  # fmt: skip

    code: int
    name: str
    types: tuple[int, ...]
    count: int | str | tuple[int, ...] | None
    enum: str | None
    default: Any
    attr: str | None
    owner: str | None
    load: str | None
    pointer: str | None
    result: str
    value: Any
    schema: str
    aliases: tuple[str, ...]
    unit: str
    doc: str
    source: str | tuple[str, ...]
    table: str

    # A plain class: a dataclass of so many fields would cost an import milliseconds.
    def __init__(self, code: int, table: str, raw: Raw, schema: str = '') -> None:
        get = raw.get
        count, source = get('count'), get('source', '')
        self.code = code
        self.name = raw['name']
        self.types = _types(raw)
        self.count = tuple(count) if isinstance(count, list | tuple) else count
        self.enum = get('enum')
        self.default = get('default')
        self.attr = get('attr')
        self.owner = get('owner')
        self.load = get('load')
        self.pointer = get('pointer') or ('data' if _is_far(get('value')) else None)
        self.result = get('result', 'auto')
        self.value = get('value')
        self.schema = schema
        self.aliases = tuple(get('aliases', ()))
        self.unit = get('unit', '')
        self.doc = get('doc', '')
        self.source = source if isinstance(source, str) else tuple(source)
        self.table = table

    def __repr__(self) -> str:
        return f'<TagRow {self.code} {self.name}>'

    @property
    def space(self) -> str | None:
        """Name space of the directory that the value points to, None if it points to none."""
        if self.pointer is None or not self.pointer.startswith('ifd'):
            return None
        return self.pointer.partition(':')[2] or 'tiff'

    @property
    def is_numeric(self) -> bool:
        """Whether values are numbers though single bytes may be stored."""
        if self.result == 'number':
            return True
        return bool(self.types) and FIELD_TYPES[self.types[0]].kind == 'number'


def _is_far(value: object) -> bool:
    """Return whether a value, or one of its meanings, is declared as an offset of a block."""
    return isinstance(value, Mapping) and ('at' in value or any(map(_is_far, value.values())))


def _types(raw: Raw) -> tuple[int, ...]:
    types = raw.get('type')
    if types is None:
        return ()
    names = [types] if isinstance(types, str) else types
    synonyms = {'str': 'ascii', 'bytes': 'undefined'}
    return tuple(FIELD_TYPES[synonyms.get(name, name)].code for name in names)


class TagTable(Mapping[int | str, TagRow]):
    """One name space of codes.

    Example:
        >>> tiff = tag_tables['tiff']
        >>> tiff[256].name, tiff['ImageLength'].code, tiff.names(34675)
        ('ImageWidth', 257, ('InterColorProfile', 'ICCProfile', 'ICC_Profile'))
    """

    def __init__(self, name: str, declared: Raw, tables: TagTables) -> None:
        self.name = name
        self._declared = declared
        self._tables = tables
        self._made: dict[int | str, TagRow] = {}
        self._raw: dict[int, list[tuple[str, Raw, str]]] | None = None
        self._names: dict[str, int] | None = None
        self._fallback: tuple[TagTable, ...] | None = None

    @property
    def fallback(self) -> tuple[TagTable, ...]:
        """Name spaces asked in turn for codes that this one does not have."""
        if self._fallback is None:
            found: dict[str, None] = {}
            waiting = list(self._declared.get('fallback', ()))
            while waiting:
                name = waiting.pop(0)
                if name not in found and name != self.name:
                    found[name] = None
                    waiting += self._tables[name]._declared.get('fallback', ())
            self._fallback = tuple(self._tables[name] for name in found)
        return self._fallback

    def _own(self) -> dict[int, list[tuple[str, Raw, str]]]:
        """Return the raw rows of each code: table, row, id of the schema that has the value."""
        if self._raw is None:
            self._raw = {}
            for reference in self._declared['tables']:
                for code, raw in catalog.table(reference).items():
                    self._raw.setdefault(code, []).append((reference, raw, ''))
            for id, rows in catalog.section('tags', users=False).items():
                self._complete(id, rows)
        return self._raw

    def _complete(self, id: str, rows: Mapping[Any, Raw]) -> None:
        """Merge a vendor's rows: same name completes the row, another name is another row."""
        assert self._raw is not None
        for code, raw in rows.items():
            if raw.get('space', 'tiff') != self.name:
                continue
            known = self._raw.setdefault(code, [])
            for index, (table, other, schema) in enumerate(known):
                if raw['name'] == other['name'] or raw['name'] in other.get('aliases', ()):
                    name = {'name': other['name']}
                    known[index] = (
                        table,
                        {**other, **raw, **name},
                        id if 'value' in raw else schema,
                    )
                    break
            else:
                # What a user registers is what is meant; shipped vendors share their codes.
                row = (f'{id}.tags', raw, id)
                known.insert(0 if catalog.is_registered(id) else len(known), row)

    def refresh(self) -> None:
        """Forget what was derived, after a schema was registered."""
        self._made = {}
        self._raw = None
        self._names = None

    def rows(self, code: int) -> tuple[TagRow, ...]:
        """Return all meanings of a code in this name space, without fall-backs."""
        found = self._own().get(code, ())
        return tuple(TagRow(code, table, raw, schema) for table, raw, schema in found)

    def own_codes(self) -> list[int]:
        """Return the codes of this name space, without fall-backs, in order."""
        return sorted(self._own())

    def __getitem__(self, key: int | str) -> TagRow:
        row = self._made.get(key)
        if row is None:
            row = self._made[key] = self._find(key)
        return row

    def _find(self, key: int | str) -> TagRow:
        if isinstance(key, str):
            return self[self.code(key)]
        key = int(key)
        found = self._own().get(key)
        if found is not None:
            return TagRow(key, *found[0])
        for table in self.fallback if key < REUSABLE else ():
            found = table._own().get(key)
            if found is not None:
                return TagRow(key, *found[0])
        if not self._tables.users_known:
            # The code may be one of a user's schema: these are looked for when first needed.
            self._tables.users_known = True
            catalog.load_users()
            return self._find(key)
        raise KeyError(key)

    def get(self, key: int | str, /, default: Any = None) -> Any:
        """Return the row of a code or name, else a default."""
        row = self._made.get(key)
        if row is not None:
            return row
        try:
            return self[key]
        except KeyError:
            return default

    def code(self, name: str) -> int:
        """Return the code of a name, aliases included; names of this name space go first.

        Raises:
            KeyError: No tag has the name.
        """
        if name.isdecimal():
            # Tags without a name are shown by their number.
            return int(name)
        if self._names is None:
            self._names = self._index()
        code = self._names.get(name)
        if code is not None:
            return code
        for table in self.fallback:
            if table._names is None:
                table._names = table._index()
            code = table._names.get(name)
            if code is not None and code < REUSABLE:
                return code
        if not self._tables.users_known:
            self._tables.users_known = True
            catalog.load_users()
            return self.code(name)
        raise KeyError(name)

    def _index(self) -> dict[str, int]:
        names: dict[str, int] = {}
        aliases: dict[str, int] = {}
        for code, rows in self._own().items():
            for _, raw, _ in rows:
                names.setdefault(raw['name'], code)
                for alias in raw.get('aliases', ()):
                    aliases.setdefault(alias, code)
        return {**aliases, **names}

    def names(self, code: int) -> tuple[str, ...]:
        """Return all names of a code, the one shown first."""
        names = []
        for table in (self, *self.fallback) if code < REUSABLE else (self,):
            for _, raw, _ in table._own().get(code, ()):
                names += [raw['name'], *raw.get('aliases', ())]
        return tuple(dict.fromkeys(names))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int | str) and self.get(key) is not None

    def __iter__(self) -> Iterator[int | str]:
        codes = set(self._own())
        for table in self.fallback:
            codes.update(table._own())
        return iter(sorted(codes))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f'<TagTable {self.name}>'


class TagTables(Mapping[str, TagTable]):
    """All name spaces of codes: ``tiff exif gps iop ndpi dectris`` and those of vendors."""

    def __init__(self) -> None:
        self._spaces: dict[str, TagTable] | None = None
        self.users_known = False

    def _all(self) -> dict[str, TagTable]:
        if self._spaces is None:
            declared = catalog.declared('namespaces', 'tiff/namespaces')
            self._spaces = {name: TagTable(name, raw, self) for name, raw in declared.items()}
            catalog.watch(self._changed)
        return self._spaces

    def _changed(self, id: str) -> None:
        for table in (self._spaces or {}).values():
            table.refresh()

    def __getitem__(self, name: str) -> TagTable:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


tag_tables: Final = TagTables()


def resolver(schema: object) -> Callable[[str], int]:
    """Return the function which gives the code of a tag's name, a schema's own tags first."""

    def code(name: str) -> int:
        for own, raw in (getattr(schema, 'tags', None) or {}).items():
            if raw['name'] == name:
                return int(own)
        try:
            return tag_tables['tiff'].code(name)
        except KeyError:
            raise SchemaError(
                f'no tag is named {name!r}', file=str(getattr(schema, 'file', ''))
            ) from None

    return code


def check_tags(id: str, rows: Mapping[object, object], *, taken: Iterable[int] = ()) -> None:
    """Check the rows of a section ``tags:``.

    Parameters:
        id: Id of the schema, for errors.
        rows: The section.
        taken: Codes that must not be used.

    Raises:
        SchemaError: A code, key, type or result is unknown, or a code is taken.
    """
    forbidden = set(taken)
    for code, raw in rows.items():
        if not isinstance(code, int) or not 0 <= code <= 65535:
            raise _wrong(id, code, raw, f'a tag is a number from 0 to 65535, not {code!r}')
        if not isinstance(raw, Mapping) or not isinstance(raw.get('name'), str):
            raise _wrong(id, code, raw, 'needs a mapping with a name')
        if code in forbidden:
            message = f'code {code} is in use; register with replace=True to take it'
            raise _wrong(id, code, raw, message)
        for key in raw:
            if key not in ROW_KEYS:
                message = f'unknown key {key!r}; known are {", ".join(sorted(ROW_KEYS))}'
                raise _wrong(id, code, raw, message, key)
        if raw.get('result', 'auto') not in RESULTS:
            message = f'result is one of {", ".join(RESULTS)}'
            raise _wrong(id, code, raw, message, 'result')
        if raw.get('space', 'tiff') not in tag_tables:
            message = f'no name space {raw["space"]!r}; known are {", ".join(tag_tables)}'
            raise _wrong(id, code, raw, message, 'space')
        try:
            _types(raw)
        except KeyError as unknown:
            known = ', '.join(FIELD_TYPES[key].type for key in FIELD_TYPES)
            message = f'unknown type {unknown}; known are {known}'
            raise _wrong(id, code, raw, message, 'type') from None


def _wrong(id: str, code: object, raw: object, message: str, key: str = 'name') -> SchemaError:
    line = getattr(raw, 'line', None)
    number = line(key) if callable(line) else 0
    return SchemaError(message, file=id, line=number or 0, field=f'tags.{code}')
