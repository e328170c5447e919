"""Blocks of a file that no tag points to (section ``blocks:`` of schemas).

Knows declarations; reads nothing. A block lies at an offset that its kind of file fixes, and is
told by the constants in its struct; or a function of a format module yields blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tiffschema.errors import SchemaError

from . import catalog
from .references import checked_reference

__all__ = ['BlockRule', 'block_rules', 'parse_blocks']


class BlockRule(NamedTuple):
    """Where a block lies.

    Parameters:
        name: Of the block.
        struct: Struct of the schema, empty where a function yields blocks.
        at: Offset in the file; None: right behind the header of the TIFF.
        reference: The function, called with the file and its stored segments; it yields (start,
            stop, name).
        schema: The schema.
        layout: It only says how this file is laid out, and means nothing in another one.
    """

    name: str
    struct: str
    at: int | None
    reference: str
    schema: catalog.SchemaView
    layout: bool = False


def parse_blocks(view: catalog.SchemaView, raw: Mapping[str, Any]) -> list[BlockRule]:
    """Return the rules of a schema's section ``blocks:``.

    Raises:
        SchemaError: A rule is neither ``{type: struct, at: offset}`` nor ``{python: reference}``.
    """
    rules = []
    for name, declared in raw.items():
        path = f'blocks.{name}'
        if isinstance(declared, Mapping) and set(declared) - {'layout'} == {'python'}:
            layout = declared.get('layout') is True
            try:
                reference = checked_reference(declared['python'])
            except ValueError as error:
                raise SchemaError(str(error), file=view.file, field=path) from None
            rules.append(BlockRule(str(name), '', None, reference, view, layout))
            continue
        at = declared.get('at') if isinstance(declared, Mapping) else None
        if not isinstance(declared, Mapping) or set(declared) != {'type', 'at'}:
            raise SchemaError(
                'needs {type: struct, at: offset or header}', file=view.file, field=path
            )
        if at != 'header' and not (isinstance(at, int) and at >= 0):
            raise SchemaError(
                f'at: {at!r} is neither an offset nor header', file=view.file, field=path
            )
        if declared['type'] not in view.structs:
            raise SchemaError(f'no struct {declared["type"]!r}', file=view.file, field=path)
        place = None if at == 'header' else int(at)
        rules.append(BlockRule(str(name), str(declared['type']), place, '', view))
    return rules


def block_rules() -> list[BlockRule]:
    """Return the rules of all schemas.

    Example:
        >>> [rule.reference for rule in block_rules() if rule.name == 'gdal_layout']
        ['tiffschema.formats.gdal_layout:blocks']
    """
    return [
        rule
        for id, raw in catalog.section('blocks').items()
        for rule in parse_blocks(catalog.view(id), raw)
    ]
