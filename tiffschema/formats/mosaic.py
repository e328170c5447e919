"""Images that are made of overlapping tiles, each a frame of its own.

Knows the series of tiles and where in the image each row and column of tiles begins; no format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from tiffschema.runtime.output import create_output
from tiffschema.runtime.selection import as_slice, select
from tiffschema.runtime.series import TiffPageSeries

__all__ = ['Cut', 'MosaicSeries']


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a tile, and of all tiles laid side by side, belongs to the image along one axis.

    Parameters:
        margin: Pixels of each tile to leave out at its begin.
        step: Pixels of each tile that are used.
        start: Pixels of the first tile, of those used, which lie before the image.
        size: Of the image.
        count: Number of tiles.
    """

    margin: int
    step: int
    start: int
    size: int
    count: int

    @property
    def is_covered(self) -> bool:
        """Whether tiles are behind all of the image."""
        return self.start >= 0 and self.start + self.size <= self.step * self.count

    def parts(self, wanted: range) -> list[tuple[int, slice, slice]]:
        """Return tiles with what to take of each, and where that goes in the image `wanted`.

        Parameters:
            wanted: Pixels of the image, one after the other.
        """
        found = []
        first, last = wanted.start + self.start, wanted.stop + self.start
        reach = range(max(0, first // self.step), min(self.count, -(-last // self.step)))
        for tile in reach:
            begin, end = max(first, tile * self.step), min(last, (tile + 1) * self.step)
            shift = self.margin - tile * self.step
            found.append(
                (tile, slice(begin + shift, end + shift), slice(begin - first, end - first))
            )
        return found


class MosaicSeries(TiffPageSeries):
    """Tiles laid side by side, without the margins in which they overlap.

    Parameters:
        tiles: Series of the tiles; its leading axes are those of the image and, anywhere among
            them, rows K and columns J of tiles.
        rows, columns: What of the tiles belongs to the image.
        **kwargs: For `TiffPageSeries`.
    """

    def __init__(self, tiles: TiffPageSeries, rows: Cut, columns: Cut, **kwargs: Any) -> None:
        axes, shape = tiles.get_axes(False), tiles.get_shape(False)
        self._tiles = tiles
        self._cuts = {'Y': rows, 'X': columns}
        sizes = {**dict(zip(axes, shape, strict=True)), 'Y': rows.size, 'X': columns.size}
        own = axes.replace('K', '').replace('J', '')
        super().__init__(
            tiles._pages, tuple(sizes[axis] for axis in own), tiles.dtype, own,
            kind=tiles.kind, parent=tiles.parent, multifile=tiles.is_multifile, **kwargs,
        )  # fmt: skip

    @property
    def dataoffset(self) -> None:
        """None: rows of the image come from many tiles."""
        return None

    @property
    def chunk_lengths(self) -> dict[str, int]:
        """Length by axis of the parts of the image that come from one tile."""
        steps = {axis: min(cut.step, cut.size) for axis, cut in self._cuts.items()}
        return {**steps, 'S': self.keyframe.samplesperpixel}

    def asarray(
        self,
        *,
        level: int | None = None,
        squeeze: bool | None = None,
        out: Any = None,
        selection: Any = None,
        **kwargs: Any,
    ) -> NDArray[Any]:
        """Return the image, or a part of it; see `TiffPageSeries.asarray`."""
        if level:
            return self.levels[level].asarray(
                squeeze=squeeze, out=out, selection=selection, **kwargs
            )
        chosen = select(selection, self.get_shape(squeeze))
        simple = chosen.index is None
        dtype, limits = self.keyframe.dtype, self.parent.limits
        target = create_output(out if simple else None, chosen.shape, dtype, limits=limits)
        self._fill(target, dict(zip(self.get_axes(squeeze), chosen.ranges, strict=True)), kwargs)
        if simple:
            return target
        result = chosen.take(target)
        if out is None:
            return result
        given = create_output(out, result.shape, dtype, limits=limits)
        given[...] = result
        return given

    def _fill(self, target: NDArray[Any], ranges: dict[str, range], reading: Any) -> None:
        """Write the chosen part of the image to an array."""
        if target.size == 0:
            return
        # Whole stretches are read, then steps taken of them.
        rows, columns = (_stretch(ranges[axis]) for axis in 'YX')
        axes = self._tiles.get_axes(False)
        own = self.get_axes(False)
        lead = {axis: ranges.get(axis, range(1)) for axis in own}
        lengths = {**{axis: len(each) for axis, each in lead.items()}, 'Y': len(rows)}
        lengths['X'] = len(columns)
        image = create_output(
            None, [lengths[axis] for axis in own], target.dtype,
            fillvalue=0, limits=self.parent.limits,
        )  # fmt: skip
        for row, y, to_y in self._cuts['Y'].parts(rows):
            for column, x, to_x in self._cuts['X'].parts(columns):
                place = {'K': row, 'J': column, 'Y': y, 'X': x}
                wanted = tuple(place.get(axis, as_slice(lead.get(axis, range(1)))) for axis in axes)
                into = {'Y': to_y, 'X': to_x}
                image[tuple(into.get(axis, slice(None)) for axis in own)] = self._tiles.asarray(
                    selection=wanted, squeeze=False, **reading
                )
        steps = {'Y': _shifted(ranges['Y'], rows.start), 'X': _shifted(ranges['X'], columns.start)}
        stepped = image[tuple(steps.get(axis, slice(None)) for axis in own)]
        target[...] = stepped.reshape(target.shape)


def _stretch(wanted: range) -> range:
    """Return the indices from the lowest to the highest."""
    low, high = sorted((wanted[0], wanted[-1]))
    return range(low, high + 1)


def _shifted(wanted: range, start: int) -> slice:
    """Return a range as a slice of what begins at `start`."""
    return as_slice(range(wanted.start - start, wanted.stop - start, wanted.step))
