"""`FileCache`: keeps the number of open files bounded.

Knows file handles only.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from .filehandle import FileHandle

__all__ = ['FileCache']


class FileCache:
    """Open files with the number of their users; the idle ones longest unused are closed first.

    Files that were open when they came are kept open and never closed here.

    Parameters:
        size: Largest number of files to keep open, default 8.
        lock: Lock that guards the cache, default a new re-entrant one.

    Example:
        >>> cache = FileCache(2)
        >>> cache.read(FileHandle(b'II*0'), 1, 2)
        b'I*'
    """

    __slots__ = ('files', 'keep', 'lock', 'past', 'size')

    def __init__(self, size: int | None = None, *, lock: Any = None) -> None:
        self.size = 8 if size is None else int(size)
        self.lock = threading.RLock() if lock is None else lock
        self.files: dict[FileHandle, int] = {}
        self.keep: set[FileHandle] = set()
        self.past: OrderedDict[FileHandle, None] = OrderedDict()

    def open(self, fh: FileHandle, /) -> None:
        """Count one more user of a file, opening it if needed.

        Parameters:
            fh: The file.
        """
        with self.lock:
            if fh in self.files:
                self.files[fh] += 1
            elif fh.closed:
                fh.open()
                self.files[fh] = 1
            else:
                self.files[fh] = 2
                self.keep.add(fh)
            self.past[fh] = None
            self.past.move_to_end(fh)
            self._trim()

    def close(self, fh: FileHandle, /) -> None:
        """Count one user of a file less.

        Parameters:
            fh: The file.
        """
        with self.lock:
            if fh in self.files:
                self.files[fh] -= 1
                self._trim()

    def clear(self) -> None:
        """Close all files that nobody uses."""
        with self.lock:
            for fh, users in list(self.files.items()):
                if users <= 0 and fh not in self.keep:
                    self._remove(fh)

    def read(self, fh: FileHandle, /, offset: int, bytecount: int, whence: int = 0) -> bytes:
        """Open a file if needed, and return bytes from it.

        Parameters:
            fh: The file.
            offset: Where bytes begin, as `FileHandle.seek` takes it.
            bytecount: Number of bytes.
            whence: What `offset` counts from, as for `FileHandle.seek`.
        """
        with self.lock:
            self.open(fh)
            try:
                fh.seek(offset, whence)
                return fh.read(bytecount)
            finally:
                self.close(fh)

    def write(self, fh: FileHandle, /, offset: int, data: bytes, whence: int = 0) -> int:
        """Open a file if needed, write bytes to it, and return their number.

        Parameters:
            fh: The file.
            offset: Where bytes go, as `FileHandle.seek` takes it.
            data: The bytes.
            whence: What `offset` counts from, as for `FileHandle.seek`.
        """
        with self.lock:
            self.open(fh)
            try:
                fh.seek(offset, whence)
                return fh.write(data)
            finally:
                self.close(fh)

    def _trim(self) -> None:
        for fh in list(self.past):
            if len(self.files) <= self.size:
                break
            if self.files[fh] <= 0 and fh not in self.keep:
                self._remove(fh)

    def _remove(self, fh: FileHandle) -> None:
        fh.close()
        del self.files[fh]
        self.past.pop(fh, None)

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return f'<tiffschema.FileCache {len(self)} of {self.size} files>'
