"""From a file to its series: kinds are tried in the declared order, the first that yields any wins.

Rule: this package knows kinds that need no vendor's metadata (shaped, ImageJ, uniform, generic,
declared grids). Others are named by schemas and imported when their kind is detected.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from tiffschema.errors import FormatError, TiffFileError, UnsupportedError
from tiffschema.model import catalog
from tiffschema.model.kinds import series_kinds
from tiffschema.runtime.series import TiffPageSeries

from .pyramids import grouped

__all__ = ['assemble', 'check_kind', 'grouped', 'held_kinds', 'series_of_kind']

Assembler = Callable[[Any], list[TiffPageSeries]]

_BUILT_IN = ('shaped', 'imagej', 'uniform', 'generic')
"""Kinds with a module of this package, ``.kind:kind_series``, imported when they are tried."""


def check_kind(kind: str) -> None:
    """Check that a kind of series is known.

    Raises:
        ValueError: It is not; names those that are.
    """
    if kind not in series_kinds():
        raise ValueError(f'kind {kind!r} is none of {", ".join(series_kinds())}')


def assemble(
    tif: Any, kind: str | None = None, squeeze: bool | None = None
) -> list[TiffPageSeries]:
    """Return the series of a file.

    Parameters:
        tif: The file.
        kind: Only try this one; None tries all in order.
        squeeze: Leave out axes of length 1; None: as the kind has it.
    """
    if not tif.pages:
        return []
    found = _of_kind(tif, kind) if kind is not None else _detected(tif)
    for number, series in enumerate(found):
        series.number(number, squeeze)
    return found


def _of_kind(tif: Any, kind: str) -> list[TiffPageSeries]:
    if kind != 'generic' and not _holds(tif, kind):
        return []
    return series_of_kind(tif, kind)


def _detected(tif: Any) -> list[TiffPageSeries]:
    skip_to = ''
    for kind in tif.possible_kinds(_assembled_kinds()):
        if skip_to and kind != skip_to:
            continue
        skip_to = ''
        if kind != 'generic' and not _holds(tif, kind):
            continue
        found = series_of_kind(tif, kind)
        if found:
            return found
        if kind == 'ome' and _holds(tif, 'imagej'):
            skip_to = 'imagej'
        elif kind not in ('mmstack', 'ndtiff'):
            skip_to = 'generic'
    return []


@cache
def _assembled_kinds() -> tuple[str, ...]:
    """Return the kinds that have an assembler, in the order in which they are tried."""
    return tuple(kind for kind in series_kinds() if kind in _BUILT_IN or _is_declared(kind))


catalog.watch(lambda _: _assembled_kinds.cache_clear())


def _is_declared(kind: str) -> bool:
    """Return whether a schema declares series of a kind; their rules are not made yet."""
    return any(kind in raw for raw in catalog.section('series').values())


def _holds(tif: Any, kind: str) -> bool:
    return kind in _assembled_kinds() and bool(getattr(tif, f'is_{kind}'))


def held_kinds(tif: Any) -> list[str]:
    """Return the kinds of series whose rules hold for a file, in the order in which they are tried.

    The last one, generic, holds for all files.
    """
    possible = tif.possible_kinds(_assembled_kinds())
    return [kind for kind in possible if kind == 'generic' or _holds(tif, kind)]


def series_of_kind(tif: Any, kind: str) -> list[TiffPageSeries]:
    """Return the series that the assembler of one kind finds; what is wrong is a fault of the file.

    Raises:
        FormatError: The file is read strictly.
    """
    try:
        return _assembler(kind)(tif)
    except (TiffFileError, UnsupportedError) as error:
        path = f'series.{kind}'
        offset = -1
        message = str(error)
        if isinstance(error, FormatError):
            offset, message = error.offset, error.message
            # Assemblers name their kind themselves in the faults that they record.
            if error.path.startswith(path):
                path = error.path
            elif error.path:
                path = f'{path}.{error.path}'
        tif.faults.append(FormatError(message, path, offset))
        return []


def _assembler(kind: str) -> Assembler:
    if kind in _BUILT_IN:
        built_in: Assembler = getattr(import_module(f'.{kind}', __name__), f'{kind}_series')
        return built_in
    from tiffschema.model.grid import GridSeries, series_rule

    rule = series_rule(kind)
    if isinstance(rule, GridSeries):
        from .declared import declared_series

        return lambda tif: declared_series(tif, rule)
    assert rule is not None
    module, _, name = rule.partition(':')
    function: Assembler = getattr(import_module(module), name)
    return function
