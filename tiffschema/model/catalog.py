"""The declared data of all schemas that TIFF cares for, without compiling a schema.

Knows where declarations are, not what they mean: a section is asked for by name and comes as plain
mappings by schema id. Shipped schemas come from the frozen catalog where it exists, else from YAML,
file by file; schemas which users register are added as they come.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

__all__ = [
    'SECTIONS', 'SchemaView', 'declared', 'freeze', 'frozen_source', 'is_registered', 'load_users',
    'register', 'section', 'table', 'unregister', 'view', 'views', 'watch',
]  # fmt: skip

SECTIONS: Final = (
    'tables', 'enums', 'tags', 'texts', 'detect', 'metadata', 'series', 'kinds', 'namespaces',
    'variants', 'blocks',
)  # fmt: skip
"""Sections that the model reads without the compiler."""

Raw = Mapping[str, Any]

_registered: dict[str, Raw] = {}
_watchers: list[Callable[[str], None]] = []


class SchemaView:
    """One schema as the extension sections see it: raw sections, structs on demand.

    Parameters:
        id: Id of the schema.
        raw: Its sections as plain mappings.
    """

    __slots__ = ('_texts', 'file', 'id', 'raw')

    def __init__(self, id: str, raw: Raw) -> None:
        self.id = id
        self.file = id
        self.raw = raw
        self._texts: object = None

    @property
    def structs(self) -> Mapping[str, object]:
        """Declared structs by name, not compiled."""
        structs: Mapping[str, object] = self.raw.get('structs') or {}
        return structs

    @property
    def tags(self) -> Mapping[int, Raw]:
        """Rows of the schema's own tags."""
        tags: Mapping[int, Raw] = self.raw.get('tags') or {}
        return tags

    @property
    def texts(self) -> Any:
        """Text grammars by name."""
        if self._texts is None:
            from .text import TextGrammars

            self._texts = TextGrammars(self.raw.get('texts') or {}, self.file)
        return self._texts

    @property
    def sections(self) -> Mapping[str, Any]:
        """Parsed sections, as a compiled schema has them."""
        return {'detect': detectors_of(self.id)}

    def struct(self, name: str) -> Any:
        """Return a compiled struct."""
        return import_module('tiffschema.compiler.library').schemas[self.id].struct(name)


def detectors_of(id: str) -> Mapping[str, Any]:
    """Return the detectors of one schema."""
    from .kinds import schema_detectors

    return schema_detectors(id)


def section(name: str, *, users: bool = True) -> Mapping[str, Raw]:
    """Return one section of all schemas that have it, by schema id, shipped ones first and sorted.

    Parameters:
        name: One of `SECTIONS`.
        users: Look for schemas in ``TIFFSCHEMA_PATH`` and entry points if that was not done yet.

    Raises:
        KeyError: The catalog does not hold such a section.
    """
    if name not in SECTIONS:
        raise KeyError(name)
    if users:
        load_users()
    found: dict[str, Raw] = dict(_shipped(name))
    for id, raw in _registered.items():
        if raw.get(name):
            found[id] = raw[name]
    return found


@cache
def load_users() -> None:
    """Register the schemas that environment and entry points name, once.

    Looking is cheap where there are none: the machinery of entry points takes longer to import than
    a small file takes to read.
    """
    if os.environ.get('TIFFSCHEMA_PATH') or any(map(_names_schemas, sys.path)):
        from .sections import schemas

        len(schemas)


def _names_schemas(folder: str) -> bool:
    """Return whether a distribution installed in a folder may name schemas."""
    try:
        with os.scandir(folder or '.') as entries:
            infos = [entry.path for entry in entries if entry.name.endswith(('-info', '.egg-link'))]
    except OSError:
        return False
    for info in infos:
        try:
            text = (Path(info) / 'entry_points.txt').read_text(encoding='utf-8')
        except (OSError, UnicodeDecodeError):
            continue
        if '[tiffschema.schemas]' in text:
            return True
    return False


def view(id: str) -> SchemaView:
    """Return a schema by id.

    Raises:
        KeyError: There is no such schema.
    """
    if id in _registered:
        return SchemaView(id, _registered[id])
    raw = {name: _shipped(name)[id] for name in SECTIONS if id in _shipped(name)}
    raw['structs'] = _shipped('structs').get(id, {})
    return SchemaView(id, raw)


def views(name: str) -> Iterator[SchemaView]:
    """Yield all schemas that have a section."""
    for id in section(name):
        yield view(id)


def register(id: str, raw: Raw) -> None:
    """Add or replace a schema which a user registered."""
    _registered[id] = raw
    for watcher in _watchers:
        watcher(id)


def unregister(id: str) -> None:
    """Forget a schema which a user registered."""
    if _registered.pop(id, None) is not None:
        for watcher in _watchers:
            watcher(id)


def is_registered(id: str) -> bool:
    """Return whether a schema is one of the user's."""
    return id in _registered


def watch(changed: Callable[[str], None]) -> None:
    """Call a function with the id whenever a schema is registered, to drop what was derived."""
    _watchers.append(changed)


def table(reference: str) -> Mapping[int, Raw]:
    """Return one shipped table by ``schema id.table name``.

    Example:
        >>> table('tiff/fieldtypes.fieldtypes')[3]['name']
        'SHORT'
    """
    id, _, name = reference.rpartition('.')
    rows: Mapping[int, Raw] = declared('tables', id)[name]
    return rows


def declared(name: str, id: str) -> Mapping[str, Any]:
    """Return a section of one shipped schema, empty where it has none; reads no other file."""
    if id in _registered:
        return _registered[id].get(name) or {}
    frozen = _frozen(name)
    raw: Mapping[str, Any] | None = _document(id).get(name) if frozen is None else frozen.get(id)
    return raw or {}


@cache
def _frozen(name: str) -> Mapping[str, Raw] | None:
    """Return a frozen section, None in a checkout."""
    try:
        module = import_module(f'tiffschema._frozen.catalog_{name}')
    except ModuleNotFoundError:
        return None
    data: Mapping[str, Raw] = module.DATA
    return data


@cache
def _shipped(name: str) -> Mapping[str, Raw]:
    frozen = _frozen(name)
    if frozen is not None:
        return frozen
    found = {}
    for id in _shipped_ids():
        raw = _document(id)
        if raw.get(name):
            found[id] = raw[name]
    return found


@cache
def _shipped_ids() -> tuple[str, ...]:
    from tiffschema.compiler.library import schemas

    registered = {id for id, _ in schemas.registered()}
    return tuple(id for id in schemas if id not in registered)


def _document(id: str) -> Raw:
    from tiffschema.compiler.library import schemas

    return schemas[id].raw


def freeze(out_dir: Path) -> list[Path]:
    """Write modules ``catalog_<section>`` of the shipped schemas; the same for the same schemas.

    Parameters:
        out_dir: Folder that becomes the package `tiffschema._frozen`.

    Returns:
        The files, sorted.
    """
    written = []
    for name in (*SECTIONS, 'structs'):
        path = out_dir / f'catalog_{name}.py'
        path.write_text(frozen_source(name), encoding='utf-8')
        written.append(path)
    return sorted(written)


def frozen_source(name: str) -> str:
    """Return the source of module ``tiffschema._frozen.catalog_<name>``.

    Parameters:
        name: One of `SECTIONS`, or ``structs`` (their names only).
    """
    data: dict[str, object] = {}
    for id in _shipped_ids():
        raw = _document(id).get(name)
        if raw:
            data[id] = dict.fromkeys(map(str, raw)) if name == 'structs' else _literal(raw)
    lines = [
        f'"""Section {name} of the shipped schemas. Generated; do not edit."""',
        '',
        'DATA = {',
    ]
    lines += [f'    {id!r}: {raw!r},' for id, raw in data.items()]
    return '\n'.join([*lines, '}', ''])


def _literal(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            (key if isinstance(key, int) else str(key)): _literal(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_literal(item) for item in value]
    if isinstance(value, str):
        return str(value)
    return value
