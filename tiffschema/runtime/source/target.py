"""A file that something else is writing, read and changed alongside.

Knows a target's four verbs; no sinks, no TIFF.
"""

from __future__ import annotations

from typing import Any, Protocol

from .base import Source

__all__ = ['Target', 'TargetSource']


class Target(Protocol):
    """What is being written."""

    name: str
    path: str | None

    @property
    def size(self) -> int:
        """End of what was written."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a position, fewer at the end."""

    def write(self, offset: int, data: Any) -> None:
        """Write all bytes at a position."""

    def flush(self) -> None:
        """Hand over what was written."""

    def fileno(self) -> int:
        """Return the descriptor of the operating system; OSError if there is none."""


class TargetSource(Source):
    """A target as a source; nothing is read ahead, since it changes at any time.

    Parameters:
        target: What is being written; it stays open when the source is closed.
    """

    head_size = 0
    writable = True

    def __init__(self, target: Target) -> None:
        super().__init__(name=target.name)
        self._target = target
        self.path = target.path or ''
        self.is_file = bool(self.path)

    @property
    def size(self) -> int:
        return self._target.size

    def _measure(self) -> int:
        return self._target.size

    def _read(self, position: int, size: int) -> bytes:
        self._check_open()
        return self._target.read_at(position, size)

    def write(self, offset: int, data: Any) -> int:
        self._check_open()
        view = memoryview(data).cast('B')
        self._target.write(offset, view)
        self.changed()
        return len(view)

    def flush(self) -> None:
        if not self._closed:
            self._target.flush()

    def fileno(self) -> int:
        self._check_open()
        return self._target.fileno()
