"""Series that a schema declares as a grid of pages (section ``series:``, ``kind: grid``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tiffschema.model.grid import GridSeries
from tiffschema.model.tagtable import tag_tables
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

__all__ = ['declared_series']


def declared_series(tif: Any, rule: GridSeries) -> list[TiffPageSeries]:
    """Return the one series that a declared grid makes of a file's pages.

    Raises:
        FormatError: The axes cannot be told from the metadata.
    """
    metadata = getattr(tif, f'{rule.name}_metadata') or {}
    pages = tif.pages
    chosen: Sequence[int] = range(len(pages))
    if rule.where is not None:
        chosen = rule.chosen(_Columns(pages))
    if not len(chosen):
        return []
    first = pages[int(chosen[0])]
    grid = rule.grid(metadata, chosen, first.axes, first.shape)
    for fault in grid.faults:
        tif.faults.append(fault)
    return [
        TiffPageSeries(
            PageSelection(pages, grid.pages.reshape(-1)),
            grid.shape,
            first.dtype,
            grid.axes,
            coords={axis: (0.0, step) for axis, step in grid.scale.items()},
            parent=tif,
            kind=rule.name,
            source=f'{rule.name}_metadata',
        )
    ]


class _Columns(Sequence[Callable[[str], Any]]):
    """Tags of pages by name, taken from columns of their directories."""

    def __init__(self, pages: Any) -> None:
        self._pages = pages
        self._columns: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def __getitem__(self, index: Any) -> Any:
        return lambda name: int(self._column(name)[index])

    def _column(self, name: str) -> Any:
        found = self._columns.get(name)
        if found is None:
            code = tag_tables['tiff'][name].code
            found = self._columns[name] = self._pages.chain.table().numbers(code)
        return found
