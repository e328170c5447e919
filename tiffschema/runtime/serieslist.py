"""The series of a file: a list that is made when it is first looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

if TYPE_CHECKING:
    from .series import TiffPageSeries

__all__ = ['TiffSeries']


class TiffSeries(Sequence['TiffPageSeries']):
    """The series of a file; made when they are first asked for.

    Parameters:
        parent: The file.
        kind: Of series to make; None finds it out.
        squeeze: Leave out axes of length 1; None: in all kinds but shaped.

    Raises:
        ValueError: The kind is unknown.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.zeros((3, 16, 20), 'u1'), photometric='minisblack')
        >>> with tiffschema.TiffFile('temp.tif') as tif:
        ...     [series.shape for series in tif.series]
        [(3, 16, 20)]
    """

    def __init__(
        self, parent: Any, /, *, kind: str | None = None, squeeze: bool | None = None
    ) -> None:
        from .assemble import check_kind

        if kind is not None:
            check_kind(kind)
        self.parent = parent
        self.kind = kind
        self.squeeze = squeeze

    @cached_property
    def _series(self) -> list[TiffPageSeries]:
        from .assemble import assemble

        return assemble(self.parent, self.kind, self.squeeze)

    def __call__(self, *, kind: str | None = None, squeeze: bool | None = None) -> TiffSeries:
        """Return the series of another kind, or squeezed otherwise."""
        if kind == self.kind and squeeze == self.squeeze:
            return self
        return TiffSeries(self.parent, kind=kind, squeeze=squeeze)

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> TiffPageSeries: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[TiffPageSeries]: ...
    def __getitem__(self, key: Any, /) -> Any:
        return self._series[key]

    def __len__(self) -> int:
        return len(self._series)

    def __iter__(self) -> Iterator[TiffPageSeries]:
        return iter(self._series)

    def __bool__(self) -> bool:
        return len(self._series) > 0

    def __repr__(self) -> str:
        return f'<tiffschema.TiffSeries [{len(self)}]>'

    def __str__(self) -> str:
        return '\n'.join(str(series) for series in self._series)
