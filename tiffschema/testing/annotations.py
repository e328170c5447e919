"""Whether records are what the stub of their schema says, field by field."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import numpy

from tiffschema.compiler.library import Schema
from tiffschema.compiler.targets.record import Record
from tiffschema.compiler.targets.stub import class_name, to_stub

__all__ = ['unlike_stub']

_CLASSES: dict[str, tuple[type, ...]] = {
    'int': (int, numpy.integer), 'float': (float, int, numpy.floating), 'str': (str,),
    'bytes': (bytes,), 'bool': (bool,), 'datetime': (datetime,),
    'list': (list,), 'dict': (dict,), 'frozenset': (frozenset,), 'tuple': (tuple,),
}  # fmt: skip


def unlike_stub(
    schema: Schema, variant: str | None, struct: str, record: Record
) -> Iterator[tuple[str, Any, str]]:
    """Yield fields whose values are of other types than the stub says.

    Parameters:
        schema: What declares the record.
        variant: Of the schema.
        struct: Name of the record's struct.
        record: What a parse gave.

    Yields:
        Name of the field, its value, and the type in the stub.

    Example:
        >>> from tiffschema import schemas
        >>> ifd = schemas['tiff/ifd']
        >>> header = ifd.struct('header').parse(b'II*\\0\\x08\\0\\0\\0', byteorder='<')
        >>> list(unlike_stub(ifd, None, 'header', header))
        []
    """
    said = _annotations(to_stub(schema, variant)).get(class_name(struct), {})
    for name in record:
        annotation = said.get(name)
        if annotation is not None and not _fits(record[name], annotation):
            yield name, record[name], ast.unparse(annotation)


@cache
def _annotations(stub: str) -> dict[str, dict[str, ast.expr]]:
    """Return the types of the fields of each class."""
    return {
        node.name: {
            line.target.id: line.annotation
            for line in node.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        }
        for node in ast.parse(stub).body
        if isinstance(node, ast.ClassDef)
    }


def _fits(value: Any, annotation: ast.expr) -> bool:
    match annotation:
        case ast.BinOp(left=left, right=right):
            return _fits(value, left) or _fits(value, right)
        case ast.Constant(value=None):
            return value is None
        case ast.Name(id='Any'):
            return True
        case ast.Name(id=name):
            # The other names are those of records.
            return isinstance(value, _CLASSES.get(name, (Record,)))
        case ast.Subscript(value=ast.Name(id='NDArray'), slice=ast.Attribute(attr=kind)):
            return isinstance(value, numpy.ndarray) and value.dtype.type is getattr(numpy, kind)
        case ast.Subscript(value=ast.Name(id='NDArray')):
            return isinstance(value, numpy.ndarray)
        case ast.Subscript(value=ast.Name(id='list'), slice=item):
            return isinstance(value, list) and all(_fits(one, item) for one in value)
        case ast.Subscript(value=ast.Name(id=name)):
            return isinstance(value, _CLASSES[name])
    raise TypeError(f'no type of a stub: {ast.unparse(annotation)}')
