"""The declared data of all schemas that TIFF cares for, without compiling a schema.

Knows where declarations are, not what they mean: a section is asked for by name and comes as plain
mappings by schema id. Shipped schemas come from the frozen catalog of the wheel, in a checkout from
YAML, which is kept by content where compiled schemas are; schemas which users register are added as
they come.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from tiffschema.plugins import entry_points

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    'SECTIONS', 'SchemaView', 'declared', 'freeze', 'is_registered', 'load_users', 'register',
    'section', 'table', 'unregister', 'view', 'views', 'watch',
]  # fmt: skip

SECTIONS: Final = (
    'tables', 'enums', 'tags', 'texts', 'detect', 'metadata', 'calibration', 'series', 'kinds',
    'namespaces', 'variants', 'blocks', 'rules', 'profiles',
)  # fmt: skip
"""Sections that the model reads without the compiler."""

_LARGE: Final = ('tables', 'enums', 'rules')
"""Sections that are kept apart: a file needs few of the codes there are, and seldom a rule."""

_CATALOG: Final = 'catalog'
"""The module which holds all else, and where the large sections are."""

_FORM: Final = b'3'
"""To be changed where the catalog of the same schemas becomes another."""

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
    """Register the schemas that environment and entry points name, once."""
    if os.environ.get('TIFFSCHEMA_PATH') or entry_points('tiffschema.schemas'):
        from .sections import schemas

        len(schemas)


@cache
def view(id: str) -> SchemaView:
    """Return a schema by id.

    Raises:
        KeyError: There is no such schema.
    """
    if id in _registered:
        return SchemaView(id, _registered[id])
    raw = {name: found for name in SECTIONS if (found := declared(name, id))}
    raw['structs'] = _shipped('structs').get(id, {})
    return SchemaView(id, raw)


def views(name: str) -> Iterator[SchemaView]:
    """Yield all schemas that have a section."""
    for id in section(name):
        yield view(id)


def register(id: str, raw: Raw) -> None:
    """Add or replace a schema which a user registered."""
    _registered[id] = raw
    view.cache_clear()
    for watcher in _watchers:
        watcher(id)


def unregister(id: str) -> None:
    """Forget a schema which a user registered."""
    if _registered.pop(id, None) is not None:
        view.cache_clear()
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
    if name in _LARGE:
        return _large(name, id) if id in _kept()[name] else {}
    return _shipped(name).get(id) or {}


@cache
def _shipped(name: str) -> Mapping[str, Raw]:
    """Return a section of the shipped schemas by id; of ``structs`` the names only."""
    kept: Mapping[str, Any] = _kept()[name]
    return {id: _large(name, id) for id in kept} if name in _LARGE else kept


def _large(name: str, id: str) -> Raw:
    """Return a large section of a schema, from the module that the catalog names."""
    raw: Raw = _kept(_kept()[name][id])[id]
    return raw


@cache
def _kept(stem: str = _CATALOG) -> Mapping[str, Any]:
    """Return what one module of the catalog holds."""
    try:
        module = import_module(f'tiffschema._frozen.{stem}')
    except ModuleNotFoundError:
        from tiffschema.compiler.freeze import kept

        return cast(Mapping[str, Any], kept(stem, _contents(), lambda: _modules()[stem]))
    data: Mapping[str, Any] = module.DATA
    return data


@cache
def _texts() -> Mapping[str, str]:
    """Return the shipped schemas by id as they are on the disk now, in a checkout."""
    from tiffschema.compiler.library import schema_folder

    folder = schema_folder()
    return {
        path.relative_to(folder).with_suffix('').as_posix(): path.read_text(encoding='utf-8')
        for path in sorted(folder.rglob('*.yaml'))
    }


@cache
def _contents() -> str:
    """Return a digest of just the texts that the catalog of a checkout is made from."""
    import hashlib

    total = hashlib.sha256(_FORM)
    for id, text in _texts().items():
        total.update(f'{id}\0{len(text)}\0{text}'.encode())
    return total.hexdigest()[:24]


@cache
def _documents() -> Mapping[str, Raw]:
    from tiffschema.compiler.load import load_text

    return {id: load_text(text, f'schemas/{id}.yaml') for id, text in _texts().items()}


def _plain(name: str) -> dict[str, object]:
    """Return a section of the shipped schemas as plain mappings, from YAML."""
    data: dict[str, object] = {}
    for id, document in _documents().items():
        raw = document.get(name)
        if raw:
            data[id] = dict.fromkeys(map(str, raw)) if name == 'structs' else _literal(raw)
    return data


def _modules() -> dict[str, dict[str, object]]:
    """Return what the catalog is kept as: data by the name of its module."""
    main: dict[str, object] = {name: _plain(name) for name in (*SECTIONS, 'structs')}
    modules = {_CATALOG: main}
    groups = _groups()
    for name in _LARGE:
        places: dict[str, object] = {}
        for id, raw in _plain(name).items():
            group = groups.get(id, id) if name == 'tables' else id
            stem = f'{_CATALOG}_{name}__{group.replace("/", "__")}'
            places[id] = stem
            modules.setdefault(stem, {})[id] = raw
        main[name] = places
    return modules


def _groups() -> dict[str, str]:
    """Return the name spaces of tags by the schemas of their tables, which are asked together."""
    groups: dict[str, str] = {}
    for spaces in _plain('namespaces').values():
        for space, raw in cast(Mapping[str, Any], spaces).items():
            for reference in raw['tables']:
                groups.setdefault(reference.rpartition('.')[0], space)
    return groups


def freeze(out_dir: Path) -> list[Path]:
    """Write modules ``catalog`` and, for large sections, ``catalog_<section>__<what>``.

    The same schemas give the same bytes.

    Parameters:
        out_dir: Folder that becomes the package `tiffschema._frozen`.

    Returns:
        The files, sorted.
    """
    written = []
    for stem, data in _modules().items():
        path = out_dir / f'{stem}.py'
        path.write_text(_source(data), encoding='utf-8')
        written.append(path)
    return sorted(written)


def _source(data: Mapping[str, object]) -> str:
    lines = ['"""Declared data of the shipped schemas. Generated; do not edit."""', '', 'DATA = {']
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
