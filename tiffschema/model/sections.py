"""Sections of schemas that speak of TIFF, registered with the compiler, which has no word for them.

Knows the names of sections and which module reads each; those are imported when a schema has the
section.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from tiffschema.compiler.library import (
    on_register,
    register_base,
    register_schema,
    register_section,
    schemas,
)

from . import catalog

__all__ = ['register_schema', 'register_sections', 'schemas']

SECTION_NAMES: Final = (
    'texts', 'tags', 'detect', 'metadata', 'calibration', 'series', 'kinds', 'namespaces', 'blocks',
    'rules', 'profiles',
)  # fmt: skip


def _model(name: str) -> Any:
    return import_module(f'tiffschema.model.{name}')


def _view(schema: Any) -> catalog.SchemaView:
    """Return the view of a schema that is being compiled."""
    view = catalog.SchemaView(schema.id, schema.raw)
    view.file = schema.file
    return view


def _texts(schema: Any, raw: Mapping[str, Any]) -> Any:
    grammars = _model('text').parse_texts(schema, raw)
    grammars.check()
    return grammars


def _tags(schema: Any, raw: Mapping[Any, Any]) -> Any:
    _model('tagtable').check_tags(schema.id, raw)
    return raw


def _viewed(section: str) -> Callable[[Any, Any], Any]:
    """Return the parser of a section that refers to other sections of its schema."""

    def parse(schema: Any, raw: Any) -> Any:
        return _VIEWED[section](_view(schema), raw)

    return parse


_VIEWED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    'detect': lambda view, raw: _model('detectleaves').parse_detect(view, raw),
    'metadata': lambda view, raw: _model('metadata').parse_metadata(view, raw),
    'calibration': lambda view, raw: _model('calibration').parse_calibration(view, raw),
    'series': lambda view, raw: _model('grid').parse_series(view, raw),
    'blocks': lambda view, raw: _model('blocks').parse_blocks(view, raw),
    'rules': lambda view, raw: _model('rules').parse_rules(view, raw),
    'profiles': lambda view, raw: _model('rules').parse_profiles(view, raw),
}


def _as_it_is(schema: Any, raw: Any) -> Any:
    return raw


_PARSERS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    'texts': _texts,
    'tags': _tags,
    **{name: _viewed(name) for name in _VIEWED},
    'kinds': _as_it_is,
    'namespaces': _as_it_is,
}


def register_sections() -> None:
    """Tell the compiler of the sections of this floor; called once when the floor is imported."""
    for name in SECTION_NAMES:
        register_section(name, _PARSERS[name])
    # Offsets from the first byte of a tag's values, which is where its struct begins.
    register_base('tag', 'root')
    on_register(_on_register)


def _on_register(id: str, raw: Mapping[str, Any], replace: bool) -> None:
    """Check what a user registers, and make it known to tables and detectors.

    Raises:
        SchemaError: A section is wrong, or a tag code is in use.
    """
    tagtable = _model('tagtable')
    tiff = tagtable.tag_tables['tiff']
    rows = raw.get('tags') or {}
    tagtable.check_tags(id, rows)
    taken = [
        code
        for code, row in rows.items()
        if not replace and row.get('space', 'tiff') == 'tiff' and _is_taken(tiff, id, code, row)
    ]
    tagtable.check_tags(id, rows, taken=taken)
    view = catalog.SchemaView(id, raw)
    view.texts.check()
    for name in _VIEWED:
        if raw.get(name):
            _VIEWED[name](view, raw[name])
    catalog.register(id, raw)


def _is_taken(tiff: Any, id: str, code: int, row: Mapping[str, Any]) -> bool:
    """Return whether a code has a meaning already which the row does not merely complete."""
    known = [other for other in tiff.rows(code) if other.table != f'{id}.tags']
    names = {name for other in known for name in (other.name, *other.aliases)}
    return bool(known) and row['name'] not in names


register_sections()
