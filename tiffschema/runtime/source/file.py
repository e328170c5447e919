"""Files of the operating system: positioned reads of a descriptor, and a mapping for structure.

Pixels are read with ``pread``: a file that another process cuts short gives fewer bytes. A mapping
serves chains of many directories, where a system call for each would dominate.
"""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Sequence
from typing import Any

from .base import Source

__all__ = ['FileSource']

_HAS_PREAD = hasattr(os, 'pread')
_BINARY = getattr(os, 'O_BINARY', 0) | getattr(os, 'O_CLOEXEC', 0)
_FLAGS = {
    'r': os.O_RDONLY,
    'r+': os.O_RDWR,
    'w': os.O_RDWR | os.O_CREAT | os.O_TRUNC,
    'x': os.O_RDWR | os.O_CREAT | os.O_EXCL,
    'a': os.O_RDWR | os.O_CREAT,
}
_PARTS = 1024  # what systems take in one call (IOV_MAX)
_READ = 1 << 30  # Linux gives no more than 2 GiB in one call


class FileSource(Source):
    """A file by path or by a descriptor that somebody else owns.

    Parameters:
        path: Its path; absolute inside.
        mode: ``'r'``, ``'r+'``, ``'w'``, ``'x'`` or ``'a'``.
        offset: Start of the embedded file.
        size: Bytes of it, None for all that follow.
        fd: Descriptor of an open file, which is then not closed here.
        owner: The file object that owns `fd`; kept so that the descriptor stays open.
    """

    is_file = True

    def __init__(
        self,
        path: str,
        mode: str = 'r',
        *,
        offset: int = 0,
        size: int | None = None,
        name: str | None = None,
        fd: int | None = None,
        owner: Any = None,
    ) -> None:
        super().__init__(offset, None, name or os.path.basename(path))
        self._fixed_size = size is not None
        self._asked = size
        self.path = os.path.abspath(path) if path else ''
        self.mode = mode.removesuffix('+') if mode != 'r+' else mode
        self.owner = owner
        self._fd = -1
        self._owned = fd is None
        self._map: mmap.mmap | None = None
        self._mapped: memoryview | None = None
        if fd is None:
            self._closed = True
            self.open()
        else:
            self._fd = fd
            self.writable = mode != 'r'
            self._head = None
        if size is not None:
            self._size = max(0, min(size, self._measure() - offset))

    def open(self) -> None:
        if not self._closed:
            return
        if not self._owned:
            raise ValueError(f'{self.name!r} was opened elsewhere and cannot be reopened')
        fd = os.open(self.path, _FLAGS[self.mode] | _BINARY, 0o666)
        # A directory can be opened for reading; its error should be that of `open`.
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            os.close(fd)
            raise IsADirectoryError(21, os.strerror(21), self.path)
        self._fd = fd
        self.writable = self.mode != 'r'
        if self.mode in ('w', 'x'):
            self.mode = 'r+'  # opening again must not empty the file
        self._closed = False

    def close(self) -> None:
        with self._mutex:
            self._head = None
            self._drop_map()
            if not self._closed and self._owned:
                os.close(self._fd)
                self._fd = -1
            self._closed = True

    @property
    def closed(self) -> bool:
        owner = self.owner
        return self._closed or (owner is not None and bool(owner.closed))

    def _measure(self) -> int:
        self._check_open()
        status = os.fstat(self._fd)
        if stat.S_ISREG(status.st_mode):
            return status.st_size
        with self._mutex:  # a block device
            return os.lseek(self._fd, 0, os.SEEK_END)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError(f'I/O operation on closed file {self.name!r}')

    def _pread(self, size: int, position: int) -> bytes:
        if _HAS_PREAD:
            return os.pread(self._fd, size, position)
        with self._mutex:
            os.lseek(self._fd, position, os.SEEK_SET)
            return os.read(self._fd, size)

    def _read(self, position: int, size: int) -> bytes:
        if self._closed or self.owner is not None:
            self._check_open()
        data = self._pread(min(size, _READ), position)
        if len(data) == size or not data:
            return data
        parts = [data]
        count = len(data)
        while count < size:
            data = self._pread(min(size - count, _READ), position + count)
            if not data:
                break
            parts.append(data)
            count += len(data)
        return b''.join(parts)

    def readinto(self, offset: int, buffer: Any) -> int:
        target = memoryview(buffer).cast('B')
        self._check_open()
        size = min(len(target), self.size - offset)
        if size <= 0 or offset < 0:
            return 0
        if not hasattr(os, 'preadv'):
            return super().readinto(offset, buffer)
        count = 0
        while count < size:
            part = os.preadv(
                self._fd, [target[count : min(size, count + _READ)]], self.start + offset + count
            )
            if part == 0:
                break
            count += part
        return count

    def readparts(self, offset: int, buffers: Sequence[memoryview]) -> int:
        total = sum(map(len, buffers))
        if hasattr(os, 'preadv') and len(buffers) <= _PARTS and self.holds(offset, total):
            self._check_open()
            if os.preadv(self._fd, buffers, self.start + offset) == total:
                return total
        return super().readparts(offset, buffers)

    def write(self, offset: int, data: Any) -> int:
        if not self.writable:
            return super().write(offset, data)
        self._check_open()
        view = memoryview(data).cast('B')
        count = 0
        while count < len(view):
            position = self.start + offset + count
            if _HAS_PREAD:
                count += os.pwrite(self._fd, view[count : count + _READ], position)
            else:
                with self._mutex:
                    os.lseek(self._fd, position, os.SEEK_SET)
                    count += os.write(self._fd, view[count : count + _READ])
        self.changed()
        return count

    def changed(self) -> None:
        with self._mutex:
            super().changed()
            if self._fixed_size and self._asked is not None:
                self._size = max(0, min(self._asked, self._measure() - self.start))
            self._drop_map()

    def flush(self) -> None:
        flush = getattr(self.owner, 'flush', None)
        if flush is not None and not self.closed:
            flush()

    def fileno(self) -> int:
        self._check_open()
        return self._fd

    def at_hand(self) -> memoryview:
        mapped = self._mapped
        return self.head() if mapped is None else mapped

    def whole(self) -> memoryview | None:
        """Return a mapping of the file; None where it cannot be mapped."""
        mapped = self._mapped
        if mapped is not None:
            return mapped
        with self._mutex:
            if self._mapped is None:
                self._check_open()
                # The size of now: touching a mapping beyond the end of its file kills the process.
                size = min(self.size, self._measure() - self.start)
                if size <= 0:
                    return None
                low = self.start - self.start % mmap.ALLOCATIONGRANULARITY
                try:
                    self._map = mmap.mmap(
                        self._fd, self.start - low + size, access=mmap.ACCESS_READ, offset=low
                    )
                except (OSError, ValueError):
                    return None  # no regular file, or no address space: reads do it
                self._mapped = memoryview(self._map)[self.start - low :]
            return self._mapped

    def _drop_map(self) -> None:
        # Arrays may still look into the mapping; then it lives as long as they do.
        self._mapped = None
        self._map = None

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.path:
            raise TypeError(f'{self.name!r} has no path, so it cannot be reopened elsewhere')
        return _reopened, (self.path, self.mode, self.start, self._asked, self.name)

    def __fspath__(self) -> str:
        return self.path

    def __del__(self) -> None:
        if not getattr(self, '_closed', True) and self._owned and self._fd >= 0:
            self.close()


def _reopened(path: str, mode: str, offset: int, size: int | None, name: str) -> FileSource:
    return FileSource(path, mode, offset=offset, size=size, name=name)
