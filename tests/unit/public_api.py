"""What a library offers its users: names, members of objects, parameters and their defaults.

The same introspection is run on this library and on `tifffile`; `public_api.yaml` holds what it
found there, `public_api_differences.yaml` where this library differs on purpose, and why.
"""

from __future__ import annotations

import ast
import enum
import inspect
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import yaml

FOLDER = Path(__file__).parent
TABLE = FOLDER / 'public_api.yaml'
DIFFERENCES = FOLDER / 'public_api_differences.yaml'


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def signature(function: Any) -> str | None:
    """Return a signature without annotations; None where Python does not tell."""
    try:
        full = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    bare = []
    for one in full.parameters.values():
        default = one.default
        if inspect.isfunction(default):
            default = _Named(default.__name__)
        bare.append(one.replace(annotation=inspect.Parameter.empty, default=default))
    return str(inspect.Signature(bare))


class _Named:
    """A default that is shown by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def parameters(text: str) -> dict[str, tuple[str, str | None]]:
    """Return kind and default of each parameter of a signature."""
    (function,) = ast.parse(f'def f{text}: ...').body
    assert isinstance(function, ast.FunctionDef)
    args = function.args
    found: dict[str, tuple[str, str | None]] = {}
    usual = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(usual) - len(args.defaults)) + args.defaults
    for number, (one, default) in enumerate(zip(usual, defaults, strict=True)):
        kind = 'positional' if number < len(args.posonlyargs) else 'either'
        found[one.arg] = kind, None if default is None else ast.unparse(default)
    for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        found[one.arg] = 'keyword', None if default is None else ast.unparse(default)
    if args.vararg is not None:
        found[args.vararg.arg] = '*', None
    if args.kwarg is not None:
        found[args.kwarg.arg] = '**', None
    return found


def objects(library: ModuleType, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield an object of each public class, made from a file that the library writes."""
    path = folder / 'stack_t0.tif'
    stack = numpy.zeros((3, 32, 16), 'uint16')
    library.imwrite(path, stack, photometric='minisblack', tile=(16, 16), metadata={'axes': 'TYX'})
    with ExitStack() as opened:
        tif = opened.enter_context(library.TiffFile(path))
        yield 'TiffFile', tif
        yield 'TiffFormat', tif.tiff
        yield 'TiffPages', tif.pages
        yield 'TiffPage', tif.pages.first
        yield 'TiffTags', tif.pages.first.tags
        yield 'TiffTag', tif.pages.first.tags['ImageWidth']
        yield 'TiffSeries', tif.series
        yield 'TiffPageSeries', tif.series[0]
        yield 'FileHandle', tif.filehandle
        framed = opened.enter_context(library.TiffFile(path))
        framed.pages.useframes = True
        framed.pages.set_keyframe(0)
        yield 'TiffFrame', framed.pages[1]
        writer = opened.enter_context(library.TiffWriter(folder / 'other.tif'))
        yield 'TiffWriter', writer
        writer.write(stack, photometric='minisblack')
        yield 'TiffTagRegistry', library.TiffTagRegistry({256: 'ImageWidth'})
        yield 'FileCache', library.FileCache(2)
        yield 'FileSequence', library.FileSequence(library.imread, [path])
        yield 'TiffSequence', library.TiffSequence([path])
        yield 'TiledSequence', library.TiledSequence((2,), (4, 4), axestiled={0: 0})
        yield 'StoredShape', library.StoredShape(3, 1, 1, 32, 16, 1)
        ome = library.OmeXml()
        ome.addimage('uint16', (3, 32, 16), (3, 1, 1, 32, 16, 1), axes='TYX')
        yield 'OmeXml', ome
        yield 'Timer', library.Timer()
        yield '_TIFF', library.TIFF


def members(one: Any) -> Iterator[tuple[str, Any]]:
    """Yield the public members of an object: parameters of methods, types of values."""
    kind = type(one)
    for name in (f'__{word}__' for word in _SPECIAL):
        found = getattr(kind, name, None)
        if found is not None and found is not getattr(object, name, None):
            yield name, 'special'
    for name in sorted(dir(one)):
        if name.startswith('_'):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            try:
                value = getattr(one, name)
            except (ValueError, NotImplementedError, RuntimeError) as error:
                yield name, type(error).__name__
                continue
        static = inspect.getattr_static(kind, name, None)
        if inspect.isclass(value):
            yield name, 'class'
        elif _is_function(value) and not isinstance(static, property):
            yield name, signature(value) or 'function'
        elif isinstance(value, numpy.dtype):
            yield name, 'dtype'
        else:
            bases = [base.__name__ for base in type(value).__mro__[:-1]]
            yield name, ' < '.join(base for base in bases if base not in _ABSTRACT)


def _is_function(value: Any) -> bool:
    return inspect.isroutine(value) or (callable(value) and not hasattr(value, '__len__'))


_SPECIAL = (
    'bool', 'call', 'contains', 'delitem', 'enter', 'eq', 'exit', 'getitem', 'hash', 'iter', 'len',
    'next', 'setitem', 'str',
)  # fmt: skip
_ABSTRACT = frozenset({'Sequence', 'Reversible', 'Collection', 'Sized', 'Iterable', 'Container'})


def examine(library: ModuleType, folder: Path) -> dict[str, Any]:
    """Return the public interface of a library as plain data."""
    found: dict[str, Any] = {'functions': {}, 'values': {}, 'enumerations': {}, 'classes': {}}
    for name in sorted(library.__all__):
        value = getattr(library, name)
        if inspect.isclass(value) and issubclass(value, enum.Enum):
            rows = {member: item.value for member, item in value.__members__.items()}
            found['enumerations'][name] = {'base': value.__mro__[1].__name__, 'members': rows}
        elif inspect.isclass(value):
            bases = [base.__name__ for base in value.__mro__[1:-1] if base.__module__ != 'typing']
            row: dict[str, Any] = {'bases': [base for base in bases if base != 'Generic']}
            if not issubclass(value, Exception):
                row['signature'] = signature(value)
            found['classes'][name] = row
        elif inspect.isroutine(value):
            found['functions'][name] = signature(value)
        else:
            found['values'][name] = type(value).__name__
    for name, one in objects(library, folder):
        found['classes'][name]['members'] = dict(members(one))
    return found


def dump(found: dict[str, Any]) -> str:
    """Return the text of the table."""
    head = (
        '# The public interface of tifffile %s, found by introspection: signatures, members of an\n'
        '# object of each class with the type of their value, enumerations. Written by\n'
        '# `python tests/interop/test_public_api.py`.\n'
    )
    import importlib.metadata

    text = yaml.safe_dump(found, sort_keys=True, width=10_000, allow_unicode=True)
    return head % importlib.metadata.version('tifffile') + text


def differences(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
    """Return what a user of the expected interface would miss, by dotted name.

    More is no difference: further members, further parameters that are keywords or have defaults
    and come last, names in place of ``**kwargs``, enumerations with further members.
    """
    missing: dict[str, str] = {}
    for name, signature in expected['functions'].items():
        if name not in found['functions']:
            missing[name] = 'is missing'
        else:
            _compare(name, signature, found['functions'][name], missing)
    for name, kind in expected['values'].items():
        if found['values'].get(name) != kind:
            missing[name] = f'is a {found["values"].get(name)}, not a {kind}'
    for name, row in expected['enumerations'].items():
        ours = found['enumerations'].get(name, {'base': None, 'members': {}})
        if ours['base'] != row['base']:
            missing[name] = f'is a {ours["base"]}, not a {row["base"]}'
        for member, value in row['members'].items():
            if ours['members'].get(member) != value:
                missing[f'{name}.{member}'] = f'is {ours["members"].get(member)}, not {value}'
    for name, row in expected['classes'].items():
        ours = found['classes'].get(name)
        if ours is None:
            missing[name] = 'is missing'
            continue
        for base in set(row['bases']) - set(ours['bases']):
            missing[f'{name}({base})'] = 'is no base'
        if 'signature' in row:
            _compare(name, row['signature'], ours.get('signature'), missing)
        for member, value in row.get('members', {}).items():
            path = f'{name}.{member}'
            if member not in ours.get('members', {}):
                missing[path] = 'is missing'
            else:
                _compare(path, value, ours['members'][member], missing)
    return missing


def _compare(path: str, expected: str | None, found: str | None, missing: dict[str, str]) -> None:
    """Compare signatures, or types of values."""
    if expected is None or not expected.startswith('('):
        own = (found or '').split(' < ')
        if own[0].startswith('('):
            own.append('function')
        if (expected or '').split(' < ')[0] not in own:
            missing[path] = f'is {found}, not {expected}'
        return
    if found is None or not found.startswith('('):
        missing[path] = f'is {found}, not a function'
        return
    theirs, ours = parameters(expected), parameters(found)
    for name, (kind, default) in theirs.items():
        if kind in ('*', '**') or (name in ours and ours[name] == (kind, default)):
            continue
        missing[f'{path}({name})'] = f'is {ours.get(name)}, not {(kind, default)}'
    places = [name for name, (kind, _) in theirs.items() if kind in ('positional', 'either')]
    own = [name for name, (kind, _) in ours.items() if kind in ('positional', 'either')]
    if own[: len(places)] != places:
        missing[f'{path}(…)'] = f'takes {own}, not {places}'
    for name in set(ours) - set(theirs):
        if ours[name][1] is None and ours[name][0] not in ('*', '**'):
            missing[f'{path}({name})'] = 'is needed here only'
