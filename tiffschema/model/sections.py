"""Sections of schemas that speak of TIFF, registered with the compiler, which has no word for them.

Knows the names of sections and which module reads each; those are imported when a schema has the
section.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from tiffschema.compiler.library import register_section

from . import catalog

__all__ = ['register_sections']

SECTION_NAMES: Final = ('texts', 'tags', 'detect', 'metadata', 'series', 'kinds', 'namespaces')


def _model(name: str) -> Any:
    return import_module(f'tiffschema.model.{name}')


def _view(schema: Any, section: str, raw: Any) -> catalog.SchemaView:
    """Return the view of a schema that is being compiled: shipped, or new."""
    try:
        return catalog.view(schema.id)
    except KeyError:
        sections = dict(getattr(schema, 'raw', {}))
        sections.setdefault(section, raw)
        view = catalog.SchemaView(schema.id, sections)
        view.file = getattr(schema, 'file', schema.id)
        return view


def _texts(schema: Any, raw: Mapping[str, Any]) -> Any:
    grammars = _model('text').parse_texts(schema, raw)
    grammars.check()
    return grammars


def _tags(schema: Any, raw: Mapping[Any, Any]) -> Any:
    _model('tagtable').check_tags(schema.id, raw)
    return raw


def _detect(schema: Any, raw: Mapping[str, Any]) -> Any:
    return _model('detectleaves').parse_detect(_view(schema, 'detect', raw), raw)


def _metadata(schema: Any, raw: Mapping[str, Any]) -> Any:
    return _model('metadata').parse_metadata(_view(schema, 'metadata', raw), raw)


def _series(schema: Any, raw: Mapping[str, Any]) -> Any:
    return _model('grid').parse_series(_view(schema, 'series', raw), raw)


def _as_it_is(schema: Any, raw: Any) -> Any:
    return raw


_PARSERS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    'texts': _texts,
    'tags': _tags,
    'detect': _detect,
    'metadata': _metadata,
    'series': _series,
    'kinds': _as_it_is,
    'namespaces': _as_it_is,
}


def register_sections() -> None:
    """Tell the compiler of the sections of this floor; called once when the floor is imported."""
    for name in SECTION_NAMES:
        register_section(name, _PARSERS[name])


register_sections()
