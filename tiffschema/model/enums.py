"""Enumerations made from schemas; knows declared names and numbers, nothing of files.

`enum` makes a class on first use; the names which users know (``COMPRESSION``) are attributes of
this module. Members are spelled as users know them, other names of a value are aliases.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum, IntFlag, StrEnum
from functools import cache
from typing import Any, TypeVar

from . import catalog

__all__ = ['enum', 'enum_names', 'enumarg', 'enumstr', 'member', 'public_names']

E = TypeVar('E', bound=Enum)

# The files in which enumerations are looked for first; others only where these have no such name.
_FIRST = ('tiff/enums', 'tiff/tagenums', 'tiff/geokeys')
# Enumerations whose values are the codes of a table.
_TABLES = {'GeoKey': 'tiff/geokeys.geokeys'}
_PUBLIC = {
    'DATATYPE': 'FieldType', 'COMPRESSION': 'Compression', 'PREDICTOR': 'Predictor',
    'PHOTOMETRIC': 'PhotometricInterpretation', 'FILETYPE': 'NewSubfileType',
    'OFILETYPE': 'SubfileType', 'FILLORDER': 'FillOrder', 'ORIENTATION': 'Orientation',
    'PLANARCONFIG': 'PlanarConfiguration', 'RESUNIT': 'ResolutionUnit',
    'EXTRASAMPLE': 'ExtraSamples', 'SAMPLEFORMAT': 'SampleFormat', 'CHUNKMODE': 'ChunkMode',
}  # fmt: skip


def public_names() -> tuple[str, ...]:
    """Return the names under which users know enumerations, ``COMPRESSION`` and so on."""
    return tuple(_PUBLIC)


def enum_names() -> tuple[str, ...]:
    """Return the names of all declared enumerations."""
    names = [name for raw in catalog.section('enums').values() for name in raw]
    return tuple(dict.fromkeys([*names, *_TABLES]))


@cache
def enum(name: str) -> type[Enum]:
    """Return an enumeration by its name in schemas or its public name.

    Integers become an `IntEnum`, bits an `IntFlag`, texts a `StrEnum`.

    Raises:
        KeyError: No schema declares it.

    Example:
        >>> enum('Compression')(8).name, enum('COMPRESSION')['CCITT_T4']
        ('ADOBE_DEFLATE', <COMPRESSION.CCITTFAX3: 3>)
    """
    declared = _PUBLIC.get(name)
    if declared is not None:
        return enum(declared)
    if name in _TABLES:
        rows = catalog.table(_TABLES[name])
        return _make(name, {'values': rows})
    raw = _find(name)
    return _make(raw.get('public', name), raw)


def _find(name: str) -> Mapping[str, Any]:
    for id in _FIRST:
        found: Mapping[str, Any] | None = catalog.declared('enums', id).get(name)
        if found is not None:
            return found
    for raw in catalog.section('enums').values():
        if name in raw:
            other: Mapping[str, Any] = raw[name]
            return other
    raise KeyError(name)


def _make(name: str, raw: Mapping[str, Any]) -> type[Enum]:
    members: dict[str, int | str] = {}
    aliases: dict[str, int | str] = {}
    for value, entry in raw['values'].items():
        first = entry if isinstance(entry, str) else entry['name']
        # Two values of one name: the first keeps it.
        members.setdefault(first, value)
        if not isinstance(entry, str):
            for alias in entry.get('aliases', ()):
                aliases.setdefault(alias, value)
    for alias, value in aliases.items():
        members.setdefault(alias, value)
    text = any(isinstance(value, str) for value in members.values())
    base: Any = StrEnum if text else IntFlag if raw.get('flags') else IntEnum
    if text:
        members = {key: str(value) for key, value in members.items()}
    made: type[Enum] = base(name, members, module=__name__, qualname=name)
    made.__doc__ = raw.get('doc')
    return made


def member(name: str, value: int) -> int:
    """Return the member of an enumeration, or the number itself where it has none.

    Example:
        >>> member('Compression', 8).name, member('Compression', 4711)
        ('ADOBE_DEFLATE', 4711)
    """
    kind = enum(name)
    try:
        found = kind(value)
    except ValueError:
        return value
    return found if isinstance(found, int) else value


def enumarg(enumtype: type[E], arg: object, /) -> E:
    """Return the member that a number, a name in any case, or a member stands for.

    Parameters:
        enumtype: An enumeration.
        arg: Number, name in any case, or member.

    Raises:
        ValueError: There is none.

    Example:
        >>> enumarg(enum('PHOTOMETRIC'), 'rgb')
        <PHOTOMETRIC.RGB: 2>
    """
    try:
        return enumtype(arg)
    except ValueError:
        if isinstance(arg, str):
            # Members of value 0 are false, but found.
            for name in (arg.upper(), arg):
                if name in enumtype.__members__:
                    return enumtype.__members__[name]
    known = ', '.join(enumtype.__members__)
    raise ValueError(f'{arg!r} is no {enumtype.__name__}; known are {known}')


def enumstr(member: object, /) -> str:
    """Return the name of a member, of anything else its text.

    Parameters:
        member: Of an enumeration, or anything.

    Example:
        >>> enumstr(enum('PHOTOMETRIC')(2)), enumstr(99)
        ('RGB', '99')
    """
    name = getattr(member, 'name', None)
    return name if isinstance(name, str) else str(member)


def __getattr__(name: str) -> type[Enum]:
    if name.startswith('__'):
        raise AttributeError(name)
    try:
        return enum(name)
    except KeyError:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}') from None
