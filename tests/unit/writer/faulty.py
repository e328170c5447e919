"""An operating system that stops taking changes after some of them.

Stands in for module `os` where files are written, so that every place where a process can be
killed, or a disk can become full, is met in turn.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

PAGE = 4096
"""Bytes that the system writes in one piece: a kill may come between two of them."""

WHERE = ('tiffschema.writer.sink.os', 'tiffschema.runtime.source.file.os')


class Killed(BaseException):
    """The process is gone: nothing of it changes anything any more."""


class FaultyOS:
    """Module `os` with a last change.

    Parameters:
        last: Number of changes that are made.
        full: Then the disk is full, else the process is dead.
    """

    def __init__(self, last: int, *, full: bool = False) -> None:
        self.left = last
        self.full = full
        self.changes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _spent(self) -> bool:
        self.changes += 1
        self.left -= 1
        return self.left < 0

    def _write(self, descriptor: int, data: bytes, offset: int) -> int:
        if not self._spent():
            return os.pwrite(descriptor, data, offset)
        if self.full:
            room = max(os.fstat(descriptor).st_size - offset, 0)
            if room < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return os.pwrite(descriptor, data, offset)
        room = PAGE - offset % PAGE
        if self.left == -1 and room < len(data):
            os.pwrite(descriptor, data[:room], offset)
        raise Killed

    def pwrite(self, descriptor: int, data: Any, offset: int) -> int:
        return self._write(descriptor, bytes(data), offset)

    def pwritev(self, descriptor: int, parts: Any, offset: int) -> int:
        data = b''.join(bytes(memoryview(part).cast('B')) for part in parts)
        return self._write(descriptor, data, offset)

    def ftruncate(self, descriptor: int, size: int) -> None:
        self._change(lambda: os.ftruncate(descriptor, size))

    def link(self, *args: Any, **kwargs: Any) -> None:
        self._change(lambda: os.link(*args, **kwargs))

    def replace(self, *args: Any) -> None:
        self._change(lambda: os.replace(*args))

    def unlink(self, *args: Any) -> None:
        if self.full or self.left >= 0:
            os.unlink(*args)

    def _change(self, change: Callable[[], None]) -> None:
        if self._spent() and not self.full:
            raise Killed
        change()


@contextmanager
def faulty(last: int, *, full: bool = False) -> Iterator[FaultyOS]:
    """Let files be written through a `FaultyOS`."""
    system = FaultyOS(last, full=full)
    with mock.patch(WHERE[0], system), mock.patch(WHERE[1], system):
        yield system
