"""Lists of tables in a buffer: a count, rows, a link to the next table. Thousands of them at once.

Many formats chain tables that way. Parsing each with its generated parser costs a microsecond or
more; here a list is walked with one unpack per table, or, where tables of one length follow each
other at a constant stride, verified in one comparison of a strided view. All layouts come from the
NumPy types of compiled structs; nothing here knows what the rows mean.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ['LinkedTables', 'Stop', 'Walk']

Stop: TypeAlias = Literal['end', 'repeats', 'outside', 'count', 'limit', 'more']
"""Why a walk ended: link 0; a link to a table that was met; a table that does not lie in the
buffer; a count out of bounds; the limit of tables; as many tables as were asked for."""

_LETTERS: Final = {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}
_LEARN: Final = 24
"""Tables at one stride before the next ones are guessed."""
_PATIENCE: Final = 4
"""Guesses that may fail before guessing ends."""
_SLAB: Final = 1 << 15


class Walk:
    """State of a walk: what was found, and where to go on.

    Parameters:
        next: Position of the table to visit next, 0 at the end.
        offsets: Positions of the tables.
        counts: Rows of each.

    Attributes:
        failures: Guesses of a stride that were wrong.
        highest: Largest position so far.
        met: Set of `offsets`, made when a link first points backwards.
    """

    __slots__ = ('counts', 'failures', 'highest', 'met', 'next', 'offsets')

    def __init__(self, next: int, offsets: list[int], counts: list[int]) -> None:
        self.next = next
        self.offsets = offsets
        self.counts = counts
        self.failures = 0
        self.highest = -1
        self.met: set[int] | None = None

    def repeats(self, offset: int) -> bool:
        """Return whether a table was visited; forward links never were."""
        if offset > self.highest:
            return False
        if self.met is None:
            self.met = set(self.offsets)
        return offset in self.met


class LinkedTables:
    """Tables of the form count, rows, link, then optionally more bytes per row.

    Parameters:
        count: Type of the count.
        row: Type of a row.
        link: Type of the link.
        extra: Bytes behind the link for each row.
        max_rows: Largest count that is believed.

    Example:
        >>> lists = LinkedTables(np.dtype('<u2'), np.dtype('V2'), np.dtype('<u2'), max_rows=9)
        >>> data = bytes.fromhex('0000 0100aaaa0a00 0000 0200bbbbcccc0000')
        >>> walk = Walk(2, [], [])
        >>> lists.walk(memoryview(data), 0, walk, 10), walk.offsets, walk.counts
        ('end', [2, 10], [1, 2])
    """

    def __init__(
        self,
        count: np.dtype[Any],
        row: np.dtype[Any],
        link: np.dtype[Any],
        *,
        extra: int = 0,
        max_rows: int = 4096,
    ) -> None:
        self.count = count
        self.row = row
        self.link = link
        self.extra = extra
        self.max_rows = max_rows
        self.order = '>' if count.str.startswith('>') else '<'
        self._count = struct.Struct(self.order + _LETTERS[count.itemsize]).unpack_from
        self._links: dict[int, tuple[Callable[..., tuple[int, ...]], int]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.count, self.row, self.link, self.extra, self.max_rows)

    def nbytes(self, rows: int) -> int:
        """Return the bytes of a table of so many rows."""
        return self.count.itemsize + rows * (self.row.itemsize + self.extra) + self.link.itemsize

    def dtype(self, rows: int) -> np.dtype[np.void]:
        """Return the type of a whole table (without the extra bytes)."""
        return np.dtype([('n', self.count), ('rows', self.row, (rows,)), ('link', self.link)])

    def _link(self, rows: int) -> tuple[Callable[..., tuple[int, ...]], int]:
        """Return what unpacks count and link of a table of `rows`, and the bytes of the table."""
        found = self._links.get(rows)
        if found is None:
            form = (
                f'{self.order}{_LETTERS[self.count.itemsize]}{rows * self.row.itemsize}x'
                f'{_LETTERS[self.link.itemsize]}'
            )
            found = self._links[rows] = struct.Struct(form).unpack_from, self.nbytes(rows)
        return found

    def walk(
        self, buffer: memoryview, start: int, walk: Walk, wanted: int, limit: int = -1
    ) -> Stop:
        """Follow links until `wanted` tables are known, or the list ends.

        Parameters:
            buffer: Bytes from position `start` on.
            start: Position of the first byte of `buffer`; links count from 0.
            walk: State; it grows.
            wanted: Number of tables after which to stop.
            limit: Largest number of tables, -1 for any.

        Returns:
            Why the walk ended. ``'outside'`` may mean that a window of the file is too small.
        """
        offsets, counts = walk.offsets, walk.counts
        size, max_rows, least = len(buffer), self.max_rows, self.count.itemsize
        stop = wanted if limit < 0 else min(wanted, limit)
        left = stop - len(offsets)
        rows, room, unpack = -1, -1, self._count
        if counts:
            rows = counts[-1]
            unpack, need = self._link(rows)
            room = size - need
        links = self._links
        offset, highest, met = walk.next, walk.highest, walk.met
        guessing = walk.failures < _PATIENCE
        last = offsets[-1] if offsets else 0
        same = stride = 0
        reason: Stop = 'end'
        while offset:
            if left <= 0:
                reason = 'more' if len(offsets) >= wanted else 'limit'
                break
            if offset <= highest:
                walk.highest = highest
                if walk.repeats(offset):
                    reason = 'repeats'
                    break
                met = walk.met
            position = offset - start
            if 0 <= position <= room:
                n, following = unpack(buffer, position)
            elif 0 <= position <= size - least:
                n, rows, following = self._count(buffer, position)[0], -1, 0
            else:
                reason = 'outside'
                break
            if n != rows:
                if n > max_rows:
                    reason = 'count'
                    break
                unpack, need = links.get(n) or self._link(n)
                rows, room, same = n, size - need, 0
                if position > room:
                    reason = 'outside'
                    break
                following = unpack(buffer, position)[1]
            offsets.append(offset)
            counts.append(n)
            left -= 1
            if offset > highest:
                highest = offset
            if met is not None:
                met.add(offset)
            if guessing:
                same = same + 1 if offset - last == stride else 0
                stride, last = offset - last, offset
                if same >= _LEARN and stride > 0:
                    walk.highest = highest
                    following = self._guess(buffer, start, walk, following, stride, rows, stop)
                    guessing = walk.failures < _PATIENCE
                    highest, last, same = walk.highest, offsets[-1], 0
                    left = stop - len(offsets)
            offset = following
        walk.next, walk.highest = offset, highest
        return reason

    def _guess(
        self,
        buffer: memoryview,
        start: int,
        walk: Walk,
        offset: int,
        stride: int,
        rows: int,
        stop: int,
    ) -> int:
        """Verify tables at a constant stride slab by slab; return the next link to follow."""
        need = self.nbytes(rows)
        kind = np.dtype(
            {
                'names': ['n', 'link'],
                'formats': [self.count, self.link],
                'offsets': [0, self.count.itemsize + rows * self.row.itemsize],
            }
        )
        slab = 64
        while offset == walk.offsets[-1] + stride and offset > walk.highest:
            position = offset - start
            fits = (len(buffer) - position - need) // stride + 1
            total = min(fits, slab, stop - len(walk.offsets))
            if total <= 0:
                break
            view = np.ndarray((total,), kind, buffer, position, (stride,))
            links = view['link'].astype(np.uint64, copy=False)
            expected = np.arange(1, total + 1, dtype=np.uint64) * np.uint64(stride)
            expected += np.uint64(offset)
            counted = view['n'] == rows
            linked = links[: len(expected)] == expected
            good = int(total if counted.all() else counted.argmin())
            # The table whose link leads elsewhere is itself one of the list.
            if not linked[:good].all():
                good = int(linked[:good].argmin()) + 1
            if good == 0:
                walk.failures += 1
                return offset
            found = range(offset, offset + stride * good, stride)
            walk.offsets.extend(found)
            walk.counts.extend([rows] * good)
            walk.highest = found[-1]
            if walk.met is not None:
                walk.met.update(found)
            offset = int(links[good - 1])
            if good < total:
                if good < _LEARN:
                    walk.failures += 1
                break
            slab = min(slab * 8, _SLAB)
        return offset

    def gather(
        self, buffer: memoryview, start: int, offsets: NDArray[np.int64], rows: int
    ) -> NDArray[np.void]:
        """Return tables of one length as one structured array, a view where the stride is constant.

        Parameters:
            buffer: Bytes from position `start` on; all tables lie in it.
            start: Position of the first byte of `buffer`.
            offsets: Positions of the tables.
            rows: Rows of each.

        Returns:
            Array of `dtype(rows)`, of shape ``(len(offsets),)``.
        """
        return gather(buffer, self.dtype(rows), offsets - start)


def gather(buffer: memoryview, kind: np.dtype[Any], positions: NDArray[np.int64]) -> NDArray[Any]:
    """Return items of one type at many positions of a buffer, a view if they are equally spaced.

    Raises:
        IndexError: An item does not lie in the buffer.
    """
    count = len(positions)
    if count == 0:
        return np.empty(0, kind)
    first, low, high = int(positions[0]), int(positions.min()), int(positions.max())
    if low < 0 or high + kind.itemsize > len(buffer):
        raise IndexError(f'items from {low} to {high} do not lie in {len(buffer)} bytes')
    stride = int(positions[1]) - first if count > 1 else kind.itemsize
    if count < 3 or (stride and (np.diff(positions) == stride).all()):
        return np.ndarray((count,), kind, buffer, first, (stride,))
    raw = np.dtype((np.void, kind.itemsize))
    # Items that overlap at each byte of the buffer: taking some copies just them.
    every = np.ndarray((len(buffer) - kind.itemsize + 1,), raw, buffer, 0, (1,))
    return every[positions].view(kind)


def _restored(
    count: np.dtype[Any], row: np.dtype[Any], link: np.dtype[Any], extra: int, max_rows: int
) -> LinkedTables:
    return LinkedTables(count, row, link, extra=extra, max_rows=max_rows)
