"""The file being written: where it ends, and which pointer comes next.

Knows sinks and the header; no tags, no pixels.
Rule: bytes first, then the directory, then one pointer; whoever is killed between two of these
leaves a file that ends with the last finished page.
"""

from __future__ import annotations

import os

import numpy as np

from tiffschema.model.directory import DirectoryCodec
from tiffschema.types import Buffer

from .layout import even
from .sink import FileSink, Sink

__all__ = ['CLASSIC_LIMIT', 'Output']

CLASSIC_LIMIT = (1 << 32) - 1
BLANK_BYTES = 1 << 24


class Output:
    """A sink with a header.

    Parameters:
        sink: Where bytes go.
        codec: Shape and byte order of the file.
        pointer: Position of the pointer to the next directory; None writes a new header.
        publish: Show the file under its name with the first page, not at the end.
    """

    def __init__(
        self,
        sink: Sink,
        codec: DirectoryCodec,
        pointer: int | None = None,
        *,
        publish: bool = False,
    ) -> None:
        self.sink = sink
        self.codec = codec
        self._publish = publish
        self.limit = CLASSIC_LIMIT if codec.variant == 'classic' else (1 << 63) - 1
        """Largest offset."""
        if pointer is None:
            header = codec.empty_header
            sink.write_at(0, header)
            self.pointer = codec.first_at
            self.end = len(header)
        else:
            self.pointer = pointer
            self.end = sink.size
        self.directories = 0
        """Number of directories in the main chain."""

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.sink.name

    @property
    def path(self) -> str | None:
        """Absolute path, None if unknown."""
        return None if self.sink.path is None else os.path.abspath(self.sink.path)

    @property
    def size(self) -> int:
        """End of what was written."""
        return max(self.end, self.sink.size)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a position, fewer at the end."""
        return self.sink.read_at(offset, size)

    def holds(self, offset: int, data: bytes) -> bool:
        """Whether the file is known to hold some bytes at a position."""
        return self.sink.readable and self.read_at(offset, len(data)) == data

    def flush(self) -> None:
        """Hand what was written to the target of a file object."""
        if not isinstance(self.sink, FileSink):
            self.sink.sync()

    def fileno(self) -> int:
        """Return the descriptor of the operating system.

        Raises:
            OSError: There is none.
        """
        if isinstance(self.sink, FileSink):
            return self.sink.fileno()
        raise OSError(f'{self.name} has no file descriptor')

    def word(self, offset: int) -> bytes:
        """Return an offset as bytes of the file."""
        return self.codec.build_link(offset)

    def next_address(self) -> int:
        """Return where the next directory goes."""
        return even(self.end)

    def write(self, offset: int, data: Buffer) -> None:
        """Write bytes and let the file end behind them at least."""
        if offset > self.end:
            self._blank(offset)
        self.sink.write_at(offset, data)
        stop = offset + len(data)
        if stop > self.end:
            self.end = stop

    def write_parts(self, offset: int, parts: tuple[Buffer, ...], size: int) -> None:
        """Write buffers, ``size`` bytes together, behind each other."""
        self.sink.commit(offset, parts, size, -1, b'')
        self.end = max(self.end, offset + size)

    def reserve(self, stop: int) -> None:
        """Let the file be at least so long, with zeros."""
        if stop > self.end:
            self._blank(stop)
            self.sink.extend(stop)
            self.end = stop

    def _blank(self, stop: int) -> None:
        """Zero what lay in a file that is written over, from the end of what is new."""
        stop = min(stop, self.sink.size)
        for at in range(self.end, stop, BLANK_BYTES):
            self.sink.write_at(at, bytes(min(BLANK_BYTES, stop - at)))

    def erase(self, offset: int, size: int) -> None:
        """Zero bytes that nothing points to any more, once the file says so on disk too."""
        self.sink.sync()
        self.sink.write_at(offset, bytes(size))

    def link(self, position: int, address: int) -> None:
        """Write one pointer: from here on the directory is part of the file."""
        self.sink.write_at(position, self.word(address))
        if self._publish:
            self._publish = False
            self.sink.publish()

    def link_all(self, positions: np.ndarray, addresses: np.ndarray) -> None:
        """Write several pointers."""
        for position, address in zip(positions.tolist(), addresses.tolist(), strict=True):
            self.link(position, address)

    def fits(self, stop: int) -> bool:
        """Whether offsets up to a position can be written."""
        return stop <= self.limit
