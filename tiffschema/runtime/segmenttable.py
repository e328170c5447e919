"""Where the segments of pages lie, and what is done where directories say it wrongly.

Rule: nothing is read here; offsets and byte counts are compared with geometry and the size of the
file, never with each other's meaning in a format.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError
from tiffschema.model.geometry import Geometry
from tiffschema.types import FaultSink
from tiffschema.values import value

__all__ = ['CCITT', 'SegmentTable', 'located', 'nowhere', 'stored_numbers']

Offsets = NDArray[np.int64]

CCITT = frozenset((2, 3, 4, 32771))
"""Compressions by runs of ITU-T T.4 and T.6."""

_BEYOND = np.iinfo(np.int64).max
_NOWHERE = np.int64(-1)


@value
class SegmentTable:
    """Offsets and stored sizes of the segments of frames, both of shape (frames, segments).

    A segment with an offset or a size of 0 is not stored (sparse). Offsets of -1 are those of a
    frame of which nothing says where it lies. Contiguous frames may have one column, which stands
    for all of their segments.

    Parameters:
        offsets: In bytes from the start of the file.
        bytecounts: In bytes.
    """

    offsets: Offsets
    bytecounts: Offsets

    def __len__(self) -> int:
        return len(self.offsets)

    def take(self, frames: Any) -> SegmentTable:
        """Return the rows of some frames; of one frame without a copy."""
        if len(frames) == 1:
            frames = slice(int(frames[0]), int(frames[0]) + 1)
        return SegmentTable(self.offsets[frames], self.bytecounts[frames])

    @property
    def nowhere(self) -> list[int]:
        """Rows of the frames of which nothing says where their segments lie."""
        offsets = self.offsets
        if not offsets.size or (len(offsets) == 1 and offsets.item(0) >= 0):
            return []
        rows: list[int] = np.flatnonzero(offsets[:, 0] < 0).tolist()
        return rows

    @property
    def is_adjacent(self) -> NDArray[np.bool_]:
        """Whether each frame's segments follow each other without gaps; one value per frame."""
        ends = self.offsets + self.bytecounts
        stored = (self.bytecounts > 0) & (self.offsets > 0)
        result: NDArray[np.bool_] = stored.all(axis=1)
        if self.offsets.shape[1] > 1:
            result &= (ends[:, :-1] == self.offsets[:, 1:]).all(axis=1)
        return result

    @classmethod
    def contiguous(cls, offset: int, nbytes: int, frames: int) -> SegmentTable:
        """Return the table of frames that follow each other without gaps, one column each."""
        offsets = offset + nbytes * np.arange(frames, dtype=np.int64)
        return cls(offsets[:, None], np.full((frames, 1), nbytes, np.int64))


def nowhere(path: str) -> FormatError:
    """Return the error about a page that cannot be read, as no tag says where its segments lie."""
    return FormatError('no tag says where the segments lie', path)


def located(
    geometry: Geometry,
    offsets: Sequence[int] | NDArray[Any],
    bytecounts: Sequence[int] | NDArray[Any] | None,
    end: int,
    fault: FaultSink | None = None,
) -> SegmentTable:
    """Return where the segments of one page lie; missing and wrong byte counts are recovered.

    =============================================== ==========================================
    found                                           taken as
    =============================================== ==========================================
    no offsets at all                               segments are nowhere: the page is unreadable
    fewer offsets or counts than segments           missing segments are sparse
    more than segments                              extra ones are dropped
    one offset, uncompressed whole samples          one stretch, whatever RowsPerStrip says
    no counts, uncompressed                         sizes that follow from the geometry
    no counts, or a single 0, compressed            all up to `end`, or up to the next segment
    =============================================== ==========================================

    Parameters:
        geometry: Of the page, checked against limits.
        offsets: As stored.
        bytecounts: As stored, None if the tag is missing.
        end: Where the data must end: the next directory behind it, or the end of the file.
        fault: Told what was wrong.
    """
    count = geometry.segment_count
    begins = _column(offsets)
    if len(begins) == 1 and count > 1 and geometry.is_final_layout:
        # A single stretch of whole samples needs no segments; RowsPerStrip is often wrong.
        return SegmentTable.contiguous(int(begins[0]), geometry.nbytes, 1)
    if count and not len(begins):
        if fault is not None:
            fault(nowhere('segments'))
        # One number stands for all: a size may ask for more segments than memory has room for.
        offsets = np.broadcast_to(_NOWHERE, (1, count))
        return SegmentTable(offsets, np.broadcast_to(np.int64(0), (1, count)))
    begins = _fitted(begins, count, 'offsets', fault)
    if bytecounts is None or len(bytecounts) == 0:
        if fault is not None and count:
            fault(FormatError('byte counts are missing', 'segments'))
        sizes = _derived(geometry, begins, end)
    else:
        stored = _column(bytecounts)
        if len(stored) == 1 and stored[0] == 0 and count == 1 and begins[0] > 0:
            recoverable = geometry.compression == 1 or geometry.compression in CCITT
            sizes = _derived(geometry, begins, end) if recoverable else stored
        else:
            sizes = _fitted(stored, count, 'byte counts', fault)
    return SegmentTable(begins[None], sizes[None])


def _column(values: Sequence[int] | NDArray[Any]) -> Offsets:
    """Return stored numbers as int64; what does not fit lies beyond any file."""
    array = np.atleast_1d(np.asarray(values))
    if array.dtype == np.int64:
        return array
    if array.dtype.kind not in 'iu':
        array = np.asarray([min(int(each), _BEYOND) for each in array.tolist()], np.int64)
    if array.dtype == np.uint64:
        array = np.minimum(array, np.uint64(_BEYOND))
    return array.astype(np.int64)


def _fitted(values: Offsets, count: int, what: str, fault: FaultSink | None) -> Offsets:
    if len(values) == count:
        return values
    if fault is not None:
        fault(FormatError(f'{len(values)} {what} for {count} segments', 'segments'))
    if len(values) > count:
        return values[:count]
    # Zeros that nobody writes take no memory, however many segments a size asks for.
    found = np.zeros(count, np.int64)
    found[: len(values)] = values
    return found


def _derived(geometry: Geometry, begins: Offsets, end: int) -> Offsets:
    """Return byte counts where none are stored."""
    count = len(begins)
    if not count:
        return np.zeros(0, np.int64)
    if geometry.compression == 1:
        if geometry.is_tiled:
            return np.full(count, min(geometry.segment_nbytes(0), _BEYOND), np.int64)
        depth, length, width, _ = geometry.segment_shape
        rows = geometry.grid[2]
        sizes = np.full(count, min(geometry.nbytes_of(depth, length, width), _BEYOND), np.int64)
        sizes[rows - 1 :: rows] = min(geometry.segment_nbytes(rows - 1), _BEYOND)
        return sizes
    order = np.argsort(begins, kind='stable')
    bounds = np.append(begins[order][1:], end)
    sizes = np.zeros(count, np.int64)
    sizes[order] = np.maximum(bounds - begins[order], 0)
    sizes[begins <= 0] = 0
    return sizes


def stored_numbers(page: Any, code: int) -> NDArray[np.int64]:
    """Return the values of a tag of offsets or sizes; empty where there are none.

    Parameters:
        page: The page.
        code: Of the tag. Numbers that no file reaches stay beyond its end.
    """
    values = np.atleast_1d(np.asarray(page.tags.valueof(code, ())))
    if values.dtype.kind not in 'iu' or values.ndim != 1:
        return np.empty(0, np.int64)
    return np.minimum(values.astype(np.uint64), np.uint64(1 << 62)).astype(np.int64)
