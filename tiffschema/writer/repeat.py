"""The short way for `write` calls that repeat the one before: equal arguments, shape and type.

Knows a finished page and its template; neither arguments nor flavours. Directories of the next
pages are laid out in advance, many at once; a call then writes bytes and one pointer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layout import even
from .series import SeriesWriter

__all__ = ['PageRepeater', 'PlaneRepeater']

AHEAD = 256


class PageRepeater:
    """Writes further pages equal to a page that is one block of samples.

    Parameters:
        writer: The series of the page just written.
        align: Data begin at a multiple of it.
    """

    def __init__(self, writer: SeriesWriter, align: int) -> None:
        self._writer = writer
        self._output = writer.output
        self._template = writer.first
        self._align = align
        self._storage = writer.plan.storage
        self._nbytes = writer.plan.stored.page_size * self._storage.itemsize
        self._rows: list[tuple[int, int, bytes, bytes]] = []

    def _lay_out(self) -> None:
        output, size = self._output, self._template.size
        address = output.next_address()
        addresses, starts = [], []
        for _ in range(AHEAD):
            start = address + size
            start += -start % self._align
            if not output.fits(start + self._nbytes):
                break
            addresses.append(address)
            starts.append(start)
            address = even(start + self._nbytes)
        if not addresses:
            self._writer.check(address + size + self._nbytes)
        places = np.array(addresses, np.int64)
        columns = self._writer.block_columns(*starts)
        block = self._template.block(places, np.zeros_like(places), columns)
        raw, row = block.tobytes(), block.shape[1]
        word = self._output.codec.number_dtype['value']
        words, width = places.astype(word).tobytes(), word.itemsize
        self._rows = [
            (
                addresses[k],
                starts[k],
                raw[k * row : (k + 1) * row].ljust(starts[k] - addresses[k], b'\0'),
                words[k * width : (k + 1) * width],
            )
            for k in range(len(addresses))
        ]
        self._rows.reverse()

    def write(self, data: NDArray[Any]) -> tuple[int, int]:
        """Write one page; returns where its samples lie."""
        output, writer = self._output, self._writer
        if not self._rows or self._rows[-1][0] != even(output.end):
            self._lay_out()
        address, start, head, word = self._rows.pop()
        if data.dtype != self._storage or not data.flags.c_contiguous:
            data = np.ascontiguousarray(data, self._storage)
        sink = output.sink
        sink.write_parts(address, (head, data), start - address + self._nbytes)
        output.end = start + self._nbytes
        sink.write_at(output.pointer, word)
        output.pointer = address + self._template.next_at
        output.directories += 1
        writer.addresses[0] = address
        writer.dataoffset = start
        return start, self._nbytes


class PlaneRepeater:
    """Writes further planes of a series that is one block of samples.

    Parameters:
        writer: The series.
        digits_at: Position in the file of the number of planes in the description, -1 for none.
        digits: How many digits it has there.
    """

    def __init__(self, writer: SeriesWriter, digits_at: int, digits: int) -> None:
        self._writer = writer
        self._output = writer.output
        self._storage = writer.plan.storage
        self._nbytes = writer.plan.stored.page_size * self._storage.itemsize
        self._frames = writer.plan.stored.frames
        self._at = digits_at
        self._most = 10**digits if digits_at >= 0 else 1 << 62

    def accepts(self, calls: int) -> bool:
        """Whether the next call leaves the description as long as it is."""
        return calls < self._most

    def write(self, data: NDArray[Any], calls: int) -> tuple[int, int]:
        """Write the planes of one call, the ``calls``-th; returns where they lie."""
        writer, output = self._writer, self._output
        size = self._nbytes * self._frames
        start = writer.dataoffset + writer.frames * self._nbytes
        if start + size > output.limit:
            writer.check(start + size)
        if data.dtype != self._storage or not data.flags.c_contiguous:
            data = np.ascontiguousarray(data, self._storage)
        sink = output.sink
        sink.write_parts(start, (data,), size)
        output.end = start + size
        writer.frames += self._frames
        if self._at >= 0:
            sink.write_at(self._at, b'%d' % calls)
        return start, size
