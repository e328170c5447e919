"""What every source of bytes offers.

Rule 1: no source has a position that callers share: all reading is by offset and size, from any
thread. Rule 2: a view may be shorter than asked for only at the end of the data.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from tiffschema.errors import TruncatedError

__all__ = ['GAP', 'HEAD', 'Source']

HEAD = 1 << 14
"""Bytes read once at the start of a local file; small files are then parsed from memory."""

GAP = 1 << 13
"""Bytes between two ranges that are cheaper to read along than to skip."""

BATCH = 16 << 20
"""Bytes that one merged read takes at most."""


class Source:
    """Bytes by offset and size; offsets count from the start of the embedded file.

    Parameters:
        start: Where the embedded file begins in what holds it, in bytes.
        size: Bytes of the embedded file, None if they reach to the end of what holds it.
        name: Label for messages.

    Attributes:
        generation: Another number whenever bytes were written: what was read before is of old.
    """

    is_file = False
    """Whether the operating system has a descriptor for it."""

    writable = False
    gap = GAP
    head_size = HEAD

    def __init__(self, start: int = 0, size: int | None = None, name: str = '') -> None:
        self.start = start
        self.name = name
        self.path = ''
        self._size = size
        self._head: memoryview | None = None
        self._closed = False
        self._mutex = threading.RLock()
        self.generation = 0

    # What a source must define

    def _read(self, position: int, size: int) -> bytes | memoryview:
        """Read from what holds the file; shorter only at its end."""
        raise NotImplementedError

    def _measure(self) -> int:
        """Return the bytes of what holds the file."""
        raise NotImplementedError

    def open(self) -> None:
        """Open again after `close`; does nothing if open."""
        self._closed = False

    def close(self) -> None:
        """Give back what the source holds; views taken before stay valid."""
        self._head = None
        self._closed = True

    # What they share

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def size(self) -> int:
        """Bytes of the (embedded) file."""
        if self._size is None:
            self._size = max(0, self._measure() - self.start)
        return self._size

    def holds(self, offset: int, size: int) -> bool:
        """Return whether a range lies inside the file."""
        return offset >= 0 and size >= 0 and offset + size <= self.size

    def view(self, offset: int, size: int) -> memoryview:
        """Return bytes of the file, fewer than `size` only at its end.

        Parameters:
            offset: First byte.
            size: Number of bytes; memory is taken for no more than the file holds.
        """
        head = self._head
        if head is None:
            head = self.head()
        end = offset + size
        if offset >= 0 and end <= len(head):
            return head[offset:end]
        if offset < 0 or size <= 0:
            return memoryview(b'')
        return self._clipped(offset, size)

    def _clipped(self, offset: int, size: int) -> memoryview:
        """Return a view from outside the window that was read at opening."""
        size = min(size, self.size - offset)
        if size <= 0:
            return memoryview(b'')
        return memoryview(self._read(self.start + offset, size))

    def head(self) -> memoryview:
        """Return the first bytes of the file, read once."""
        head = self._head
        if head is None:
            size = self.head_size if self._size is None else min(self.head_size, self._size)
            head = memoryview(self._read(self.start, size))
            if len(head) < self.head_size:
                self._size = len(head)
            self._head = head
        return head

    def at_hand(self) -> memoryview:
        """Return bytes from the start of the file on that cost nothing more to look at."""
        return self.head()

    def whole(self) -> memoryview | None:
        """Return all bytes if that costs no memory (mapped or in memory), else None."""
        return None

    def exactly(self, offset: int, size: int, path: str = '') -> memoryview:
        """Return a view of all bytes asked for.

        Raises:
            TruncatedError: The file ends before.
        """
        view = self.view(offset, size)
        if len(view) != size:
            raise TruncatedError(f'needs {size} bytes, the file has {len(view)}', path, offset)
        return view

    def fetch(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[memoryview]:
        """Return views of many ranges, which are read in file order with small gaps merged.

        Parameters:
            offsets: First bytes, in any order.
            sizes: Numbers of bytes; a view is shorter where the file ends.
        """
        views: list[memoryview] = [memoryview(b'')] * len(offsets)
        for start, stop, members in self.merged(offsets, sizes):
            block = self.view(start, stop - start)
            for index in members:
                begin = int(offsets[index]) - start
                views[index] = block[begin : begin + int(sizes[index])]
        return views

    def merged(
        self, offsets: Sequence[int], sizes: Sequence[int]
    ) -> list[tuple[int, int, list[int]]]:
        """Return the reads that cover ranges: (first byte, byte behind, indices of the ranges)."""
        reads: list[tuple[int, int, list[int]]] = []
        order = sorted(range(len(offsets)), key=offsets.__getitem__)
        start = stop = -1
        members: list[int] = []
        for index in order:
            first, size = int(offsets[index]), int(sizes[index])
            if size <= 0 or first < 0:
                continue
            last = first + size
            if members and first <= stop + self.gap and max(stop, last) - start <= BATCH:
                stop = max(stop, last)
                members.append(index)
                continue
            if members:
                reads.append((start, stop, members))
            start, stop, members = first, last, [index]
        if members:
            reads.append((start, stop, members))
        return reads

    def readinto(self, offset: int, buffer: Any) -> int:
        """Fill a writable buffer from the file and return the number of bytes read."""
        target = memoryview(buffer).cast('B')
        view = self.view(offset, len(target))
        target[: len(view)] = view
        return len(view)

    def readparts(self, offset: int, buffers: Sequence[memoryview]) -> int:
        """Fill buffers, one after another, with consecutive bytes.

        Returns:
            How many bytes were read: fewer than there is room for only at the end of the file.
        """
        count = 0
        for buffer in buffers:
            part = self.readinto(offset + count, buffer)
            count += part
            if part < len(buffer):
                break
        return count

    def write(self, offset: int, data: Any) -> int:
        """Write bytes at an offset and return their number.

        Raises:
            OSError: The source is read-only.
        """
        raise OSError(f'{self.name or type(self).__name__} is not open for writing')

    def flush(self) -> None:
        """Hand over what was written."""

    def fileno(self) -> int:
        """Return the descriptor of the operating system.

        Raises:
            OSError: There is none.
        """
        raise OSError(f'{self.name or type(self).__name__} has no file descriptor')

    def embedded(self, offset: int, size: int | None = None, name: str | None = None) -> Source:
        """Return a source of a file inside this one; itself if that is all of it."""
        if not offset and size is None:
            if name:
                self.name = name
            return self
        from .memory import PartSource

        return PartSource(self, offset, size, name)

    def changed(self) -> None:
        """Forget what was read ahead, because bytes were written or the file grew."""
        self.generation += 1
        self._head = None
        if self._fixed_size is False:
            self._size = None

    _fixed_size: bool = False

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(f'I/O operation on closed file {self.name!r}')

    def __repr__(self) -> str:
        return f'<{type(self).__name__} {self.name!r}>'
