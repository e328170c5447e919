"""Declared series: pages as a grid of axes (section ``series:`` of schemas), and references for
others.

Pure arithmetic over metadata and numbers of pages; knows neither files nor pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, SchemaError

from . import catalog
from .expressions import Expression
from .references import checked_reference

__all__ = ['Grid', 'GridSeries', 'parse_series', 'series_rule']


@dataclass(frozen=True, slots=True)
class Grid:
    """A series as a grid of pages.

    Parameters:
        axes: Letters of the leading axes, then of the page.
        shape: Sizes, one per letter.
        pages: Index of the page at each place of the leading axes, -1 where there is none.
        scale: Size of a step by axis.
        faults: What did not fit.
    """

    axes: str
    shape: tuple[int, ...]
    pages: NDArray[np.int64]
    scale: Mapping[str, float] = field(default_factory=dict)
    faults: tuple[FormatError, ...] = ()


class GridSeries:
    """A declared grid: the page's axes trail, the leading ones are in C order over chosen pages.

    Parameters:
        name: Kind.
        raw: The mapping of the schema: ``kind: grid, pages: {where}, axes, sizes, scale``.
        view: The schema.

    Raises:
        SchemaError: A key is unknown or an expression wrong.
    """

    def __init__(self, name: str, raw: Mapping[str, Any], view: catalog.SchemaView) -> None:
        self.name = name
        self.view = view
        path = f'series.{name}'
        for key in raw:
            if key not in ('kind', 'pages', 'axes', 'sizes', 'scale', 'doc', 'source'):
                raise SchemaError(f'unknown key {key!r}', file=view.file, field=path)
        if not isinstance(raw.get('axes'), str):
            raise SchemaError('needs axes: letters or Field.axes', file=view.file, field=path)
        self.axes: str = raw['axes']
        pages = raw.get('pages') or {}
        where = pages.get('where') if isinstance(pages, Mapping) else None
        self.where = None if where is None else Expression(where, f'{path}.where', view.file)
        self.sizes = {
            str(axis): Expression(text, f'{path}.sizes.{axis}', view.file)
            for axis, text in (raw.get('sizes') or {}).items()
        }
        self.scales = {
            str(axis): Expression(text, f'{path}.scale.{axis}', view.file)
            for axis, text in (raw.get('scale') or {}).items()
        }

    def chosen(self, pages: Sequence[Callable[[str], Any]]) -> list[int]:
        """Return the indices of pages for which `where` holds, given their tags by name."""
        if self.where is None:
            return list(range(len(pages)))
        where = self.where
        return [index for index, tag in enumerate(pages) if where(tag)]

    def grid(
        self,
        metadata: Mapping[str, Any],
        chosen: Sequence[int] | NDArray[np.int64],
        page_axes: str,
        page_shape: Sequence[int],
    ) -> Grid:
        """Return the grid.

        Parameters:
            metadata: Values that ``axes``, ``sizes`` and ``scale`` name.
            chosen: Indices of the pages in order.
            page_axes: Letters of a page.
            page_shape: Sizes of a page.

        Raises:
            FormatError: The axes cannot be told from the metadata.
        """
        faults: list[FormatError] = []
        value_of = _lookup(metadata)
        axes = self._letters(metadata)
        leading = ''.join(axis for axis in axes if axis not in page_axes)
        sizes = []
        for axis in leading:
            expression = self.sizes.get(axis)
            size = 1 if expression is None else expression(value_of)
            if not isinstance(size, int | np.integer) or size < 0:
                faults.append(FormatError(f'size {size!r} of axis {axis}', f'series.{self.name}'))
                size = 1
            sizes.append(max(1, int(size)))
        wanted = prod(sizes)
        if wanted > max(len(chosen), 1) * 1024:
            raise FormatError(
                f'{wanted} pages are declared, {len(chosen)} are there', f'series.{self.name}'
            )
        pages = np.full(wanted, -1, np.int64)
        count = min(wanted, len(chosen))
        pages[:count] = np.asarray(chosen[:count], np.int64)
        if wanted != len(chosen):
            word = 'missing' if wanted > len(chosen) else 'left over'
            faults.append(
                FormatError(f'{abs(wanted - len(chosen))} pages are {word}', f'series.{self.name}')
            )
        scale = {}
        for axis, expression in self.scales.items():
            value = expression(value_of)
            if isinstance(value, int | float) and value:
                scale[axis] = float(value)
        return Grid(
            leading + page_axes,
            (*sizes, *map(int, page_shape)),
            pages.reshape(sizes),
            scale,
            tuple(faults),
        )

    def _letters(self, metadata: Mapping[str, Any]) -> str:
        if '.' not in self.axes:
            return self.axes
        name, _, attribute = self.axes.partition('.')
        value = metadata.get(name)
        for raw in (self.view.raw.get('enums') or {}).values():
            for number, entry in raw['values'].items():
                known = isinstance(entry, Mapping) and attribute in entry
                if known and value in (number, entry.get('name')):
                    return str(entry[attribute])
        raise FormatError(f'{name} is {value!r}, of unknown {attribute}', f'series.{self.name}')


def _lookup(metadata: Mapping[str, Any]) -> Callable[[str], Any]:
    def value_of(name: str) -> Any:
        value: Any = metadata
        for part in name.split('.'):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    return value_of


def parse_series(view: catalog.SchemaView, raw: Mapping[str, Any]) -> dict[str, GridSeries | str]:
    """Return the declared grids and the references of a section ``series:`` by name.

    Raises:
        SchemaError: A declaration is neither.
    """
    found: dict[str, GridSeries | str] = {}
    for name, declared in raw.items():
        path = f'series.{name}'
        if not isinstance(declared, Mapping):
            raise SchemaError('needs a mapping', file=view.file, field=path)
        if 'python' in declared:
            try:
                found[str(name)] = checked_reference(declared['python'])
            except ValueError as error:
                raise SchemaError(str(error), file=view.file, field=path) from None
        elif declared.get('kind') == 'grid':
            found[str(name)] = GridSeries(str(name), declared, view)
        else:
            raise SchemaError(
                'needs kind: grid, or python: tiffschema.formats.module:function',
                file=view.file,
                field=path,
            )
    return found


def series_rule(name: str) -> GridSeries | str | None:
    """Return the declared grid of a kind, the reference of its function, or None."""
    for id, raw in catalog.section('series').items():
        if name in raw:
            return parse_series(catalog.view(id), {name: raw[name]})[name]
    return None
