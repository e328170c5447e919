"""Files in stores that fsspec knows: HTTP, S3, zip members, memory.

A request costs more than bytes: the first one brings the header with what follows, structure
beyond it comes in blocks that are kept, pixels in exactly the ranges asked for, many at a time.
The size of the file is asked for only when something depends on it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from tiffschema.errors import UnsupportedError

from .base import Source

__all__ = ['RemoteSource', 'remote_source']

_BLOCK = 1 << 16
_BLOCKS = 16
_UNPROVEN = 16 << 20
"""Largest read that is asked for without knowing that the file is so long."""


class RemoteSource(Source):
    """One file of an fsspec file system.

    Parameters:
        fs: The file system.
        location: The file in it.
        offset: Start of the embedded file.
        size: Its bytes, None for all that follow.
    """

    head_size = 1 << 15
    gap = 1 << 14

    def __init__(
        self,
        fs: Any,
        location: str,
        *,
        mode: str = 'r',
        offset: int = 0,
        size: int | None = None,
        name: str | None = None,
    ) -> None:
        if mode != 'r':
            raise ValueError(f'{location} can only be read; mode {mode!r} is not possible')
        super().__init__(offset, size, name or location.rstrip('/').rpartition('/')[2])
        self._fixed_size = size is not None
        self.fs = fs
        self.location = location
        self.path = location
        self._blocks: OrderedDict[int, memoryview] = OrderedDict()
        self._total: int | None = None

    @classmethod
    def from_url(
        cls, url: str, *, mode: str, offset: int, size: int | None, name: str | None
    ) -> Source:
        """Return a source of a URL; local ones are plain files.

        Raises:
            UnsupportedError: fsspec, or the package it needs for the protocol, is absent.
        """
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise UnsupportedError(f'{url} needs fsspec; install tiffschema[remote]') from None
        try:
            fs, location = url_to_fs(url)
        except ImportError as error:
            raise UnsupportedError(f'{url}: {error}') from None
        protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
        if 'file' in protocols:
            from .file import FileSource

            return FileSource(location, mode, offset=offset, size=size, name=name)
        return remote_source(fs, location, mode=mode, offset=offset, size=size, name=name)

    def _measure(self) -> int:
        size = self.fs.size(self.location)
        if size is None:
            size = len(self.fs.cat_file(self.location))
        return int(size)

    def holds(self, offset: int, size: int) -> bool:
        if self._size is None and offset >= 0 and 0 <= size <= _UNPROVEN:
            return True  # a short read will tell
        return super().holds(offset, size)

    def _clipped(self, offset: int, size: int) -> memoryview:
        if self._size is not None or size > _UNPROVEN:
            size = min(size, self.size - offset)
            if size <= 0:
                return memoryview(b'')
        if size > _BLOCK // 2:
            return memoryview(self._read(self.start + offset, size))
        number = offset // _BLOCK
        block = self._block(number)
        begin = offset - number * _BLOCK
        if begin + size <= _BLOCK:
            return block[begin : begin + size]
        return memoryview(
            bytes(block[begin:]) + bytes(self._block(number + 1)[: begin + size - _BLOCK])
        )

    def _block(self, number: int) -> memoryview:
        with self._mutex:
            block = self._blocks.get(number)
            if block is None:
                size = _BLOCK
                if self._size is not None:
                    size = min(size, self._size - number * _BLOCK)
                data = self._read(self.start + number * _BLOCK, size) if size > 0 else b''
                block = self._blocks[number] = memoryview(data)
                if len(self._blocks) > _BLOCKS:
                    self._blocks.popitem(last=False)
            else:
                self._blocks.move_to_end(number)
            return block

    def _ask(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of ranges, fewer where they reach beyond the end."""
        if len(ranges) == 1:
            return [self._single(*ranges[0])]
        found = self.fs.cat_ranges(
            [self.location] * len(ranges),
            [start for start, _ in ranges],
            [stop for _, stop in ranges],
            on_error='return',
        )
        return [
            self._single(*asked) if isinstance(read, Exception) else read
            for asked, read in zip(ranges, found, strict=True)
        ]

    def _single(self, position: int, stop: int) -> bytes:
        try:
            data: bytes = self.fs.cat_file(self.location, position, stop)
        except Exception as error:
            # Stores answer ranges behind the end with an error of their own. Whatever fails inside
            # the file, or because it is not there, is the caller's to see.
            if isinstance(error, FileNotFoundError) or position == 0:
                raise
            if position < self._measure():
                raise
            return b''
        if len(data) > stop - position:  # the store knows no ranges and sent all
            self._total = len(data)
            return data[position:stop]
        return data

    def _read(self, position: int, size: int) -> bytes:
        self._check_open()
        (data,) = self._ask([(position, position + size)])
        if self._size is None and self._total is not None:
            self._size = max(0, self._total - self.start)
        return data

    def fetch(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[memoryview]:
        self._check_open()
        views: list[memoryview] = [memoryview(b'')] * len(offsets)
        head = self._head if self._head is not None else memoryview(b'')
        missing = []
        for start, stop, members in self.merged(offsets, sizes):
            if stop <= len(head):
                self._share(views, head[start:stop], start, members, offsets, sizes)
            elif self.holds(start, 1):
                if not self.holds(start, stop - start):
                    stop = self.size
                missing.append((start, stop, members))
        if missing:
            ranges = [(self.start + start, self.start + stop) for start, stop, _ in missing]
            for (start, _, members), data in zip(missing, self._ask(ranges), strict=True):
                self._share(views, memoryview(data), start, members, offsets, sizes)
        return views

    @staticmethod
    def _share(
        views: list[memoryview],
        block: memoryview,
        start: int,
        members: list[int],
        offsets: Sequence[int],
        sizes: Sequence[int],
    ) -> None:
        for index in members:
            begin = int(offsets[index]) - start
            views[index] = block[begin : begin + int(sizes[index])]

    def close(self) -> None:
        super().close()
        self._blocks.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        size = self._size if self._fixed_size else None
        return _remote, (self.fs, self.location, self.start, size, self.name)


def _remote(fs: Any, location: str, offset: int, size: int | None, name: str) -> RemoteSource:
    return remote_source(fs, location, offset=offset, size=size, name=name)


def remote_source(fs: Any, location: str, **options: Any) -> RemoteSource:
    """Return the source of a file of a file system; the parameters are those of `RemoteSource`."""
    if hasattr(fs, 'set_session') and hasattr(fs, 'encode_url'):
        from .http import HttpSource

        return HttpSource(fs, location, **options)
    return RemoteSource(fs, location, **options)
