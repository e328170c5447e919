"""Write the types of the public names, which the package itself imports only on first use.

Type checkers and editors read `tiffschema/__init__.pyi`; a test compares it with what this makes.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from pathlib import Path

import tiffschema
from tiffschema._names import HOMES

TARGET = Path(tiffschema.__file__).with_suffix('.pyi')
MODULES = ('geodb', 'numcodecs', 'zarr')


def stub() -> str:
    """Return the text of the stub."""
    return '\n'.join([*head(), *imports(), *enumerations(), *names()]) + '\n'


def head() -> Iterator[str]:
    """Yield what stands above the names."""
    yield '"""Types of the public names: made by `.ci/public_stub.py`, do not edit."""'
    yield ''
    kinds = {kind.__mro__[1].__name__ for kind in made_of_schemas().values()}
    yield f'from enum import {", ".join(sorted(kinds))}'
    yield ''


def imports() -> Iterator[str]:
    """Yield where names come from."""
    made = made_of_schemas()
    for module in MODULES:
        yield f'from . import {module} as {module}'
    yield 'from ._version import __version__ as __version__'
    for name, home in sorted(HOMES.items(), key=lambda item: (item[1], item[0])):
        module, _, attribute = home.partition(':')
        if name not in made:
            yield f'from .{module} import {attribute} as {name}'


def made_of_schemas() -> dict[str, type[enum.Enum]]:
    """Return the enumerations that are no classes in the source."""
    return {
        name: getattr(tiffschema, name)
        for name, home in HOMES.items()
        if home.startswith('model.enums:') and isinstance(getattr(tiffschema, name), enum.EnumMeta)
    }


def enumerations() -> Iterator[str]:
    """Yield the enumerations with their members."""
    for name, kind in sorted(made_of_schemas().items()):
        yield ''
        yield f'class {name}({kind.__mro__[1].__name__}):'
        for member, value in kind.__members__.items():
            yield f'    {member} = {value.value!r}'


def names() -> Iterator[str]:
    """Yield what a star import takes."""
    yield ''
    yield '__all__ = ['
    yield from (f'    {name!r},' for name in sorted(tiffschema.__all__))
    yield ']'


if __name__ == '__main__':
    TARGET.write_text(stub(), encoding='utf-8')
