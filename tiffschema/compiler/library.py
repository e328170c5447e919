"""The library of schemas: found, compiled on first use, registered by users.

Rule 1: shipped schemas come from the package's `schemas` folder, in a checkout from the one beside
the package; users add theirs by call, by the folders in ``TIFFSCHEMA_PATH`` and by entry points.
Rule 2: a section that the compiler has no word for belongs to whoever registered it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import SchemaError
from ..plugins import entry_points
from .freeze import digest, frozen, store
from .handles import Built, Extent, Struct
from .running import RunningVariant
from .targets.record import Record

if TYPE_CHECKING:
    from pathlib import Path

    from .compiled import CompiledVariant
    from .load import Located

__all__ = [
    'Built', 'Extent', 'Schema', 'SchemaLibrary', 'Struct', 'on_register', 'register_base',
    'register_schema',
    'register_section', 'schema_folder', 'schema_of', 'schemas',
]  # fmt: skip

SectionParser = Callable[['Schema', Any], Any]
_sections: dict[str, SectionParser] = {}
_listeners: list[Callable[[str, Located, bool], None]] = []
_lock = threading.RLock()


def register_section(name: str, parser: SectionParser) -> None:
    """Let a higher floor own a section of schemas.

    Parameters:
        name: Key at the top of a schema.
        parser: Called with the schema and the raw section when ``schema.sections`` is first asked.
    """
    from .load import SCHEMA_KEYS

    if name not in SCHEMA_KEYS:
        SCHEMA_KEYS.append(name)
    _sections[name] = parser


def register_base(name: str, meaning: str) -> None:
    """Let a higher floor have its own word for what offsets count from.

    Parameters:
        name: The word after ``base:``.
        meaning: ``file``, ``struct`` or ``root`` (the outermost struct).
    """
    if meaning not in ('file', 'struct', 'root'):
        raise ValueError(f'meaning {meaning!r} is none of file, struct, root')
    from .load import BASES

    BASES[name] = meaning


def on_register(listener: Callable[[str, Located, bool], None]) -> None:
    """Call a listener with every schema that users register: id, raw mapping, may it replace.

    The listener may refuse the schema by an error.
    """
    _listeners.append(listener)
    for id, raw in schemas.registered():
        listener(id, raw, True)


def schema_folder() -> Path:
    """Return the folder of shipped schemas."""
    from pathlib import Path

    return Path(_folder())


@cache
def _folder() -> str:
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    inside = os.path.join(package, 'schemas')
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), 'schemas')


def _shipped_file(id: str) -> str | None:
    """Return the file of a shipped schema; an id is words and slashes, never a way out."""
    if not id.replace('/', '').replace('_', '').isalnum():
        return None
    file = os.path.join(_folder(), *id.split('/')) + '.yaml'
    return file if os.path.isfile(file) else None


class Schema:
    """One schema: structs, tables and sections, compiled when they are asked for.

    Parameters:
        id: Its id.
        file: Name of the file, for messages.
        library: Where used schemas are found.
        raw: The loaded mapping, or None for a shipped schema that is loaded when it must be.
        path: File of a shipped schema.
    """

    def __init__(
        self, id: str, file: str, library: SchemaLibrary, *, raw: Located | None = None,
        path: str | None = None,
    ) -> None:  # fmt: skip
        self.id = id
        self.file = file
        self.path = path
        self.digest = ''
        self._raw = raw
        self._library = library
        self._variants: dict[str | None, CompiledVariant] = {}
        self._running: dict[str | None, RunningVariant] = {}
        self._structs: dict[tuple[str, str | None], Struct] = {}
        self._parsed: dict[str, Any] = {}

    @property
    def raw(self) -> Located:
        """The declaration as loaded, with lines.

        Raises:
            SchemaError: The file is not a schema, or one of another id.
        """
        if self._raw is None:
            assert self.path is not None
            with open(self.path, 'rb') as file:
                data = file.read()
            self.digest = digest(data)
            from .load import load_text

            raw = load_text(data.decode('utf-8'), self.file)
            if raw.get('schema') != self.id:
                raise SchemaError(
                    f'the id is {raw.get("schema")!r}, expected {self.id!r}', file=self.file, line=1
                )
            self._raw = raw
        return self._raw

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return str(self.raw.get('title') or '')

    @property
    def doc(self) -> str:
        """What to know."""
        return str(self.raw.get('doc') or '')

    @property
    def source_refs(self) -> tuple[str, ...]:
        """Where the facts come from."""
        source = self.raw.get('source') or ()
        return (source,) if isinstance(source, str) else tuple(source)

    def __repr__(self) -> str:
        """Return the id."""
        return f'<Schema {self.id}>'

    def __reduce__(self) -> tuple[Any, ...]:
        return _schema, (self.id,)

    @property
    def endian(self) -> str:
        """Inherit, little or big."""
        return str(self.raw.get('endian', 'inherit'))

    @property
    def variants(self) -> tuple[str | None, ...]:
        """Names of the variants; ``(None,)`` for a schema without."""
        return tuple(self.raw.get('variants') or (None,))

    @property
    def structs(self) -> Mapping[str, Any]:
        """Declared structs of the first variant, as IR."""
        own = self.compiled().definition.structs
        return MappingProxyType(dict(own))

    @property
    def enums(self) -> Mapping[str, Any]:
        """Declared enums, as IR."""
        return MappingProxyType(dict(self.compiled().definition.enums))

    @property
    def tables(self) -> Mapping[str, Any]:
        """Declared tables: code to row."""
        return MappingProxyType(dict(self.raw.get('tables') or {}))

    @property
    def sections(self) -> Mapping[str, Any]:
        """Sections of higher floors, parsed."""
        for name, parser in _sections.items():
            if name in self.raw and name not in self._parsed:
                self._parsed[name] = parser(self, self.raw[name])
        return MappingProxyType(self._parsed)

    @property
    def tags(self) -> Any:
        """The section of tags."""
        return self.sections.get('tags', MappingProxyType({}))

    @property
    def texts(self) -> Any:
        """The section of text grammars."""
        return self.sections.get('texts', MappingProxyType({}))

    @property
    def detect(self) -> Any:
        """The section of detection rules."""
        return self.sections.get('detect', MappingProxyType({}))

    def compiled(self, variant: str | None = None) -> CompiledVariant:
        """Return one variant, the first if none is named.

        Raises:
            SchemaError: The declaration is wrong.
            KeyError: There is no such variant.
        """
        declared = self.raw.get('variants') or {}
        if variant is None and declared:
            variant = next(iter(declared))
        if variant is not None and variant not in declared:
            raise KeyError(f'{self.id} has no variant {variant!r}; known are {list(declared)}')
        with _lock:
            if variant not in self._variants:
                self._variants[variant] = self._compile(variant, declared.get(variant) or {})
            return self._variants[variant]

    def running(self, variant: str | None = None) -> RunningVariant:
        """Return one variant ready to run, from its frozen form where there is one.

        Raises:
            SchemaError: The declaration is wrong.
            KeyError: There is no such variant.
        """
        found = self._running.get(variant)
        if found is None:
            with _lock:
                found = self._running[variant] = self._run(variant)
        return found

    def _run(self, variant: str | None) -> RunningVariant:
        if self.path is not None:
            ready = frozen(self.id, self.path)
            if ready is not None:
                name = variant or next(iter(ready.facts))
                if name not in ready.facts:
                    raise KeyError(f'{self.id} has no variant {name!r}; known: {list(ready.facts)}')
                own = name or None
                return RunningVariant(
                    self.id, own, ready.facts[name],
                    lambda target, order: ready.code(own, target, order),
                )  # fmt: skip
        running = self.compiled(variant).running
        if self.path is not None:
            store(self)
        return running

    def used_schemas(self) -> list[Schema]:
        """Return the shipped schemas that this one uses, nested ones included."""
        found: list[Schema] = []
        for used in self._library.used(self):
            if used.path is not None:
                found.append(used)
            found += used.used_schemas()
        return found

    def _compile(self, variant: str | None, values: Mapping[str, Any]) -> CompiledVariant:
        structs: dict[str, Any] = {}
        enums: dict[str, Any] = {}
        tables: dict[str, Any] = {}
        for used in self._library.used(self):
            other = used.compiled()
            structs.update(other.structs)
            enums.update(other.enums)
            tables.update(other.tables)
        from .compiled import CompiledVariant
        from .syntax import Syntax, substitute

        raw = substitute(self.raw, values) if values else self.raw
        definition = Syntax(raw, self.file, tables).schema(variant)
        structs.update(definition.structs)
        enums.update(definition.enums)
        tables.update(definition.tables)
        return CompiledVariant(definition, structs, enums, tables)

    def struct(self, name: str, variant: str | None = None) -> Struct:
        """Return a struct to parse and build with.

        Raises:
            KeyError: There is no such struct or variant.
            SchemaError: The declaration is wrong.
        """
        found = self._structs.get((name, variant))
        if found is None:
            running = self.running(variant)
            if name not in running.shapes:
                raise KeyError(f'{self.id} has no struct {name!r}; known: {sorted(running.shapes)}')
            found = self._structs[name, variant] = Struct(self, running, name)
        return found

    def record(self, name: str) -> type[Record]:
        """Return the class of a struct's records."""
        return self.running().records[name]

    def source(
        self, struct: str | None = None, *, target: str = 'parse', byteorder: str = '<',
        variant: str | None = None,
    ) -> str:  # fmt: skip
        """Return generated Python: of one struct, or the whole module.

        Parameters:
            struct: Name of a struct, None for all.
            target: ``parse``, ``build`` or ``trace``.
            byteorder: ``<`` or ``>``.
            variant: Name of a variant, None for the first.
        """
        text = self.compiled(variant).text(target, byteorder)
        if struct is None:
            return text
        functions = re.split(r'\n\n\n(?=def )', text)
        return next(f for f in functions if f.startswith(f'def {target}_{struct}('))

    def to_construct(self, struct: str, byteorder: str = '<', variant: str | None = None) -> Any:
        """Return a `construct` object that reads and writes the same bytes."""
        from .targets.construct_ import to_construct

        return to_construct(self, struct, byteorder=byteorder, variant=variant)

    def docs(self, format: str = 'markdown') -> str:
        """Return the reference page."""
        if format != 'markdown':
            raise ValueError(f'format {format!r} is not markdown')
        from .targets.markdown import schema_page

        return schema_page(self)

    def check(self) -> list[str]:
        """Compile everything; return warnings: fields without doc, structs that cannot be built.

        Raises:
            SchemaError: The declaration is wrong.
        """
        warnings = []
        for variant in self.variants:
            compiled = self.compiled(variant)
            for target in ('parse', 'trace', 'build'):
                for order in '<>':
                    compiled.space(target, order)
        _ = self.sections
        accepted = {
            (name, field.name)
            for name, struct in self.structs.items()
            for field in struct.fields
            if field.build_none
        }
        one_way = re.compile(r"def build_(\w+)\(.*\n    no_inverse\('(\w+)', (.*), path\)")
        for name, field_name, reason in one_way.findall(self.compiled().text('build', '<')):
            if (name, field_name) not in accepted:
                place = f'{self.file}:{self.structs[name].line}' if name in self.structs else name
                warnings.append(
                    f'{place}: {name}.{field_name} can only be read, not built: {reason[1:-1]}; '
                    'build: none accepts that'
                )
        for name, struct in self.structs.items():
            for field in struct.fields:
                if not field.hidden and not field.doc:
                    warnings.append(f'{self.file}:{field.line}: {name}.{field.name} has no doc')
        return warnings


class SchemaLibrary(Mapping[str, Schema]):
    """All schemas by id; a schema is loaded when it is asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Schema] = {}
        self._files: dict[str, str] | None = None
        self._registered: dict[str, Located] = {}

    def _known(self) -> dict[str, str]:
        if self._files is None:
            with _lock:
                if self._files is None:
                    self._files = _scan(_folder())
                    self._add_users()
        return self._files

    def _add_users(self) -> None:
        """Register what environment and entry points name."""
        from pathlib import Path

        for folder in os.environ.get('TIFFSCHEMA_PATH', '').split(os.pathsep):
            if folder:
                for path in sorted(Path(folder).rglob('*.yaml')):
                    self.register(path)
        for point in entry_points('tiffschema.schemas'):
            named = point.load()
            named = named() if callable(named) else named
            for item in [named] if isinstance(named, str | os.PathLike) else named:
                path = Path(item)
                for file in sorted(path.rglob('*.yaml')) if path.is_dir() else [path]:
                    self.register(file)

    def __getitem__(self, id: str) -> Schema:
        found = self._loaded.get(id)
        if found is not None:
            return found
        # Most who ask want a schema that is there without a look at all of them.
        path = _shipped_file(id) if isinstance(id, str) else None
        path = path or self._known().get(id)
        if id in self._loaded:
            return self._loaded[id]
        if path is None:
            import difflib

            near = difflib.get_close_matches(str(id), list(self), 3)
            hint = f'; near are {", ".join(near)}' if near else ''
            raise KeyError(f'no schema {id!r}{hint}')
        return self._loaded.setdefault(id, Schema(id, f'schemas/{id}.yaml', self, path=path))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._known(), *self._registered}))

    def __len__(self) -> int:
        return len({*self._known(), *self._registered})

    def forget(self, id: str) -> None:
        """Drop a schema that was registered; one that it took the place of is back."""
        if self._registered.pop(id, None) is not None:
            self._loaded.pop(id, None)

    def shipped(self) -> list[str]:
        """Return ids of the schemas that come with the library, sorted."""
        return sorted(_scan(_folder()))

    def registered(self) -> list[tuple[str, Located]]:
        """Return ids and raw mappings of what users registered."""
        return list(self._registered.items())

    def used(self, schema: Schema, seen: tuple[str, ...] = ()) -> list[Schema]:
        """Return the schemas that `use:` names.

        Raises:
            SchemaError: One is unknown, or they use each other in a circle.
        """
        found = []
        declared = schema.raw.get('use') or []
        for id in [declared] if isinstance(declared, str) else declared:
            if id == schema.id or id in seen:
                raise SchemaError(
                    f'{schema.id} and {id} use each other', file=schema.file,
                    line=schema.raw.line('use'), field='use',
                )  # fmt: skip
            try:
                other = self[id]
            except KeyError as error:
                raise SchemaError(
                    str(error.args[0]), file=schema.file, line=schema.raw.line('use'), field='use'
                ) from None
            self.used(other, (*seen, schema.id))
            found.append(other)
        return found

    def register(self, source: str | os.PathLike[str], *, replace: bool = False) -> Schema:
        """Add a schema of a user's; see `register_schema`."""
        text, file = _read(source)
        schema = schema_of(text, file)
        raw = schema.raw
        if not isinstance(raw.get('schema'), str):
            raise SchemaError('needs schema: <id>', file=file, line=1)
        known = self._files if self._files is not None else self._known()
        if not replace and (schema.id in known or schema.id in self._registered):
            raise SchemaError(
                f'the id {schema.id!r} is in use; replace=True takes its place', file=file, line=1
            )
        for variant in schema.variants:
            schema.compiled(variant)
        for listener in _listeners:
            listener(schema.id, raw, replace)
        self._registered[schema.id] = raw
        self._loaded[schema.id] = schema
        return schema

    def from_construct(self, obj: Any, *, id: str = 'construct/struct') -> Schema:
        """Return a schema compiled from a `construct` declaration.

        Raises:
            SchemaError: It holds an object that cannot be taken; names it and says why.
        """
        from .from_construct import from_construct

        return from_construct(obj, id=id)


schemas = SchemaLibrary()
"""All schemas by id."""


def schema_of(text: str, file: str = '<text>') -> Schema:
    """Return the schema of a text without registering it.

    Raises:
        SchemaError: The text is not a schema.
    """
    from .load import load_text

    raw = load_text(text, file)
    return Schema(str(raw.get('schema')), file, schemas, raw=raw)


def register_schema(source: str | os.PathLike[str], *, replace: bool = False) -> Schema:
    """Add a schema, from a path or from YAML text.

    Parameters:
        source: Path of a file, or the text itself (it has line breaks).
        replace: Take the place of a schema of the same id.

    Raises:
        SchemaError: The declaration is wrong, or its id or a tag code is in use.

    Example:
        >>> schema = register_schema('''
        ... schema: user/pair
        ... endian: little
        ... structs:
        ...   pair:
        ...     fields: {a: u16, b: u16}
        ... ''')
        >>> schema.struct('pair').parse(bytes((1, 0, 2, 0))).asdict()
        {'a': 1, 'b': 2}
    """
    return schemas.register(source, replace=replace)


def _read(source: str | os.PathLike[str]) -> tuple[str, str]:
    if isinstance(source, str) and '\n' in source:
        return source, '<text>'
    try:
        with open(source, encoding='utf-8') as file:
            return file.read(), str(source)
    except OSError as error:
        raise SchemaError(f'cannot be read: {error.strerror}', file=str(source)) from None


def _scan(folder: str) -> dict[str, str]:
    """Return files of schemas by id."""
    from pathlib import Path

    return {
        path.relative_to(folder).with_suffix('').as_posix(): str(path)
        for path in sorted(Path(folder).rglob('*.yaml'))
    }


def _schema(id: str) -> Schema:
    return schemas[id]
