"""Bytes that are in memory, and parts of other sources."""

from __future__ import annotations

import os
from typing import Any

from .base import Source

__all__ = ['MemorySource', 'PartSource']


class MemorySource(Source):
    """Bytes, bytearray or any contiguous buffer; nothing is copied.

    Example:
        >>> MemorySource(b'II*0123').view(2, 3).tobytes()
        b'*01'
    """

    def __init__(self, data: Any, *, name: str | None = None) -> None:
        view = memoryview(data).cast('B')
        super().__init__(0, len(view), name or '')
        self._data = data
        self._head = self._all = view
        self._fixed_size = True
        self.writable = not view.readonly

    def whole(self) -> memoryview:
        return self._all

    def head(self) -> memoryview:
        return self._all

    def _read(self, position: int, size: int) -> memoryview:
        return self._all[position : position + size]

    def write(self, offset: int, data: Any) -> int:
        if not self.writable:
            return super().write(offset, data)
        view = memoryview(data).cast('B')
        if offset < 0 or offset + len(view) > self.size:
            raise OSError(f'{len(view)} bytes at {offset} do not fit into the buffer')
        self._all[offset : offset + len(view)] = view
        self.changed()
        return len(view)

    def changed(self) -> None:
        """Keep views: those of memory are always of today."""
        self.generation += 1

    def close(self) -> None:
        self._closed = True

    def __reduce__(self) -> tuple[Any, ...]:
        return _memory, (bytes(self._all), self.name)


def _memory(data: bytes, name: str) -> MemorySource:
    return MemorySource(data, name=name)


class PartSource(Source):
    """A stretch of another source, which it neither opens nor closes.

    Parameters:
        whole: What holds the file.
        start: Where the embedded file begins.
        size: Its bytes, None for all that follow.
    """

    def __init__(
        self, holder: Source, start: int, size: int | None = None, name: str | None = None
    ) -> None:
        if size is not None:
            size = max(0, min(size, holder.size - start))
        super().__init__(start, size, name or holder.name)
        self._fixed_size = size is not None
        self.holder = holder
        self.path = holder.path
        self.is_file = holder.is_file
        self.writable = holder.writable
        self.gap = holder.gap
        self.head_size = holder.head_size

    def _read(self, position: int, size: int) -> memoryview:
        return self.holder.view(position, size)

    def _measure(self) -> int:
        return self.holder.size

    @property
    def closed(self) -> bool:
        return self.holder.closed

    def open(self) -> None:
        self.holder.open()

    def close(self) -> None:
        self._head = None

    def whole(self) -> memoryview | None:
        view = self.holder.whole()
        return None if view is None else view[self.start : self.start + self.size]

    def readinto(self, offset: int, buffer: Any) -> int:
        target = memoryview(buffer).cast('B')
        size = max(0, min(len(target), self.size - offset))
        return self.holder.readinto(self.start + offset, target[:size])

    def write(self, offset: int, data: Any) -> int:
        count = self.holder.write(self.start + offset, data)
        self.changed()
        return count

    def changed(self) -> None:
        super().changed()
        self.holder.changed()

    def flush(self) -> None:
        self.holder.flush()

    def fileno(self) -> int:
        return self.holder.fileno()

    def __reduce__(self) -> tuple[Any, ...]:
        size = self._size if self._fixed_size else None
        return PartSource, (self.holder, self.start, size, self.name)

    def __fspath__(self) -> str:
        return os.fspath(self.path)
