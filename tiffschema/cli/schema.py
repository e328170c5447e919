"""``tiffschema schema``: the declarations themselves, and what the compiler makes of them.

Knows the library of schemas; a path stands for the schema in that file.
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tiffschema.errors import SchemaError, TiffSchemaError
from tiffschema.model.sections import register_schema, schemas

from .program import CommandError, UsageError
from .tables import Table, show
from .values import brief

__all__ = ['run']


def run(arguments: argparse.Namespace) -> int:
    """Run one action."""
    try:
        status: int = _ACTIONS[arguments.action](arguments)
    except TiffSchemaError as error:
        raise CommandError(str(error)) from None
    return status


def _schema(name: str) -> Any:
    """Return a schema by id, or the one in a YAML file."""
    if name.endswith(('.yaml', '.yml')):
        return register_schema(Path(name), replace=True)
    try:
        return schemas[name]
    except KeyError as error:
        raise CommandError(str(error.args[0])) from None


def _list(arguments: argparse.Namespace) -> int:
    table = Table('', ('id', '>structs', '>tags', 'title'))
    for id in schemas:
        schema = schemas[id]
        structs, tags = schema.raw.get('structs') or {}, schema.raw.get('tags') or {}
        rows = sum(len(rows) for rows in (schema.raw.get('tables') or {}).values())
        table.add(id, len(structs) or '', len(tags) + rows or '', schema.title)
    show([table])
    return 0


def _show(arguments: argparse.Namespace) -> int:
    schema = _schema(arguments.id)
    source = Path(arguments.id)
    if not source.is_file():
        from tiffschema.compiler.library import schema_folder

        source = schema_folder() / f'{schema.id}.yaml'
    print(source.read_text(encoding='utf-8'), end='')
    return 0


def _check(arguments: argparse.Namespace) -> int:
    """Compile schemas; print what is wrong, and fields without doc."""
    wrong = warnings = 0
    names = arguments.id or list(schemas)
    for name in names:
        try:
            found = _schema(name).check()
        except SchemaError as error:
            print(error)
            wrong += 1
            continue
        warnings += len(found)
        print('\n'.join(found) + '\n' if found else '', end='')
    print(f'{len(names)} schemas: {wrong} wrong, {warnings} warnings')
    return 1 if wrong else 0


def _source(arguments: argparse.Namespace) -> int:
    schema = _schema(arguments.id)
    order = {'little': '<', 'big': '>'}.get(arguments.byteorder, arguments.byteorder)
    try:
        text = schema.source(
            arguments.struct, target=arguments.target, byteorder=order, variant=arguments.variant
        )
    except StopIteration:
        raise CommandError(f'{schema.id} has no struct {arguments.struct!r}') from None
    except KeyError as error:
        raise CommandError(str(error.args[0])) from None
    print(text)
    return 0


def _docs(arguments: argparse.Namespace) -> int:
    """Print a page, or write the pages of all schemas."""
    if arguments.out is None:
        if arguments.id is None:
            raise UsageError('name a schema, or a folder for all by --out')
        print(_schema(arguments.id).docs())
        return 0
    if arguments.id is not None:
        raise UsageError('--out writes the pages of all schemas; name none')
    from .reference import write_reference

    changed = write_reference(Path(arguments.out))
    print(f'{len(changed)} pages changed in {arguments.out}')
    return 0


def _strategy(arguments: argparse.Namespace) -> int:
    """Print examples which Hypothesis draws from a declaration."""
    if find_spec('hypothesis') is None:
        raise CommandError('hypothesis is not installed; install tiffschema[testing]')
    from tiffschema.testing.strategies import from_schema

    schema = _schema(arguments.id)
    order = {'little': '<', 'big': '>'}.get(arguments.byteorder, arguments.byteorder)
    names = [arguments.struct] if arguments.struct else list(schema.raw.get('structs') or {})
    table = Table(f'{schema.id}: {arguments.kind}', ('struct', 'example'))
    for name in names:
        try:
            strategy = from_schema(schema, name, byteorder=order, kind=arguments.kind)
        except KeyError as error:
            raise CommandError(str(error.args[0])) from None
        for value in _drawn(strategy, arguments.count):
            table.add(name, brief(value, 100))
    show([table])
    return 0


def _drawn(strategy: Any, count: int) -> list[Any]:
    """Return examples of a strategy, the same at each call."""
    from hypothesis import HealthCheck, Phase, given, settings

    found: list[Any] = []

    def draw(value: Any) -> None:
        found.append(value)

    setting: Any = settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    drawing: Any = given(strategy)
    setting(drawing(draw))()
    return found


def _export(arguments: argparse.Namespace) -> int:
    schema = _schema(arguments.id)
    if arguments.format == 'pyi':
        from tiffschema.compiler.targets.stub import to_stub

        print(to_stub(schema), end='')
        return 0
    from tiffschema.compiler.targets.ksy import to_ksy

    order = {'little': '<', 'big': '>'}.get(arguments.byteorder, arguments.byteorder)
    try:
        text = to_ksy(schema, arguments.struct, byteorder=order)
    except KeyError:
        raise CommandError(f'{schema.id} has no struct {arguments.struct!r}') from None
    print(text, end='')
    return 0


_ACTIONS = {
    'list': _list,
    'show': _show,
    'check': _check,
    'source': _source,
    'docs': _docs,
    'strategy': _strategy,
    'export': _export,
}
