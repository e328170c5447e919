"""File objects that somebody else opened.

Ordinary files are read through their descriptor. All other objects (BytesIO, zip members, sockets
made seekable) have one position, so a lock is held between seeking and reading.
"""

from __future__ import annotations

import io
import os
from typing import Any

from .base import Source
from .file import FileSource

__all__ = ['StreamSource', 'stream_source']


def stream_source(file: Any, offset: int, size: int | None, name: str | None) -> Source:
    """Return a source of an open binary file object."""
    inner = getattr(file, 'file', file)  # tempfile wraps its files
    if isinstance(inner, io.FileIO | io.BufferedReader | io.BufferedRandom):
        raw = inner if isinstance(inner, io.FileIO) else inner.raw
        if isinstance(raw, io.FileIO) and raw.readable():
            if raw.writable():
                inner.flush()
            path = raw.name if isinstance(raw.name, str) else ''
            source = FileSource(
                path, 'r+' if raw.writable() else 'r',
                offset=offset, size=size, name=name, fd=raw.fileno(), owner=inner,
            )  # fmt: skip
            source.name = name or os.path.basename(path) or f'<fd {raw.fileno()}>'
            return source
    return StreamSource(file, offset, size, name)


class StreamSource(Source):
    """Any seekable binary file object; it is never closed here."""

    def __init__(
        self, file: Any, offset: int = 0, size: int | None = None, name: str | None = None
    ) -> None:
        label = getattr(file, 'name', None)
        if not isinstance(label, str):
            label = f'Unnamed {type(file).__name__}'
        super().__init__(offset, None, name or os.path.basename(label))
        self.file = file
        self._asked = size
        self._fixed_size = size is not None
        if size is not None:
            self._size = max(0, min(size, self._measure() - offset))
        self.writable = bool(file.writable()) if hasattr(file, 'writable') else False

    def _measure(self) -> int:
        with self._mutex:
            position = self.file.tell()
            end = self.file.seek(0, io.SEEK_END)
            if not isinstance(end, int):
                end = self.file.tell()
            self.file.seek(position)
            return int(end)

    def _read(self, position: int, size: int) -> bytes:
        with self._mutex:
            self.file.seek(position)
            data: bytes = self.file.read(size)
            if len(data) in (0, size):
                return data
            parts = [data]
            count = len(data)
            while count < size:  # raw streams may give less than asked for
                data = self.file.read(size - count)
                if not data:
                    break
                parts.append(data)
                count += len(data)
            return b''.join(parts)

    @property
    def closed(self) -> bool:
        return self._closed or bool(getattr(self.file, 'closed', False))

    def write(self, offset: int, data: Any) -> int:
        if not self.writable:
            return super().write(offset, data)
        view = memoryview(data).cast('B')
        with self._mutex:
            self.file.seek(self.start + offset)
            count = 0
            while count < len(view):
                count += self.file.write(view[count:])
            self.changed()
        return count

    def flush(self) -> None:
        flush = getattr(self.file, 'flush', None)
        if flush is not None:
            flush()

    def fileno(self) -> int:
        try:
            return int(self.file.fileno())
        except AttributeError:
            return super().fileno()

    def changed(self) -> None:
        super().changed()
        if self._asked is not None:
            self._size = max(0, min(self._asked, self._measure() - self.start))

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self.file, io.BytesIO):
            return _stream, (self.file.getvalue(), self.start, self._asked, self.name)
        raise TypeError(f'{self.name!r} is a stream, which cannot be reopened elsewhere')


def _stream(data: bytes, offset: int, size: int | None, name: str) -> StreamSource:
    return StreamSource(io.BytesIO(data), offset, size, name)
