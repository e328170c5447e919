"""Read and write TIFF and the TIFF-like files of science, from declared binary structure.

The public names are those of ``__all__``. Each is imported from its home on first use, so that
importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import Any

from ._names import HOMES
from ._version import __version__

__all__ = ['__version__', *HOMES]

_MODULES = ('geodb', 'numcodecs', 'tifffile', 'zarr')


def __getattr__(name: str) -> Any:
    home = HOMES.get(name)
    if home is None and name in _MODULES:
        from importlib import import_module

        return import_module(f'{__name__}.{name}')
    if home is None:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from importlib import import_module

    module, _, attribute = home.partition(':')
    value = getattr(import_module(f'{__name__}.{module}'), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *HOMES})
