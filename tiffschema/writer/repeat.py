"""The short way for `write` calls that repeat the one before: equal arguments, shape and type.

Knows a finished page and its template; neither arguments nor flavours. Directories of the next
pages are laid out in advance, many at once; a call then writes bytes and one pointer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .layout import even
from .series import SeriesWriter

__all__ = ['PageRepeater', 'PlaneRepeater', 'Repeater', 'snapshot']

AHEAD = 256
VARIABLE = frozenset({tuple, list, dict, bytearray, np.ndarray})
NUMBER = re.compile(rb'(\d+)')


def snapshot(value: Any) -> Any:
    """Return arguments as they are now, whatever the caller does with their lists later."""
    kind = type(value)
    if kind is tuple or kind is list:
        return kind([snapshot(v) if type(v) in VARIABLE else v for v in value])
    if kind is dict:
        return {key: snapshot(item) for key, item in value.items()}
    return value.copy() if kind is bytearray or kind is np.ndarray else value


class Repeater(Protocol):
    """Writes an array as a call before wrote one of equal shape and type."""

    def write(self, data: NDArray[Any]) -> tuple[int, int] | None:
        """Write one array; returns where its samples lie, None if that takes the long way."""


class PageRepeater:
    """Writes further pages equal to a page that is one block of samples.

    Parameters:
        writer: The series of the page just written.
        align: Data begin at a multiple of it.
    """

    def __init__(self, writer: SeriesWriter, align: int) -> None:
        self._writer = writer
        self._output = writer.output
        self._commit = writer.output.sink.commit
        self._template = writer.first
        self._align = align
        self._storage = writer.plan.storage
        self._nbytes = writer.plan.stored.page_size * self._storage.itemsize
        self._rows: list[tuple[int, int, int, bytes, bytes]] = []

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
        columns = self._writer.pages.block_columns(*starts)
        block = self._template.block(places, np.zeros_like(places), columns)
        raw, row = block.tobytes(), block.shape[1]
        word = output.codec.number_dtype['value']
        words, width = places.astype(word).tobytes(), word.itemsize
        pointers = [output.pointer] + [at + self._template.next_at for at in addresses]
        self._rows = [
            (
                addresses[k],
                starts[k],
                pointers[k],
                raw[k * row : (k + 1) * row].ljust(starts[k] - addresses[k], b'\0'),
                words[k * width : (k + 1) * width],
            )
            for k in range(len(addresses))
        ]
        self._rows.reverse()

    def write(self, data: NDArray[Any]) -> tuple[int, int]:
        """Write one page; returns where its samples lie."""
        output, writer, nbytes = self._output, self._writer, self._nbytes
        end = output.end
        if not self._rows or self._rows[-1][0] != end + (end & 1):
            self._lay_out()
        address, start, pointer, head, word = self._rows.pop()
        if data.dtype != self._storage or not data.flags.c_contiguous:
            data = np.ascontiguousarray(data, self._storage)
        self._commit(address, (head, data), start - address + nbytes, pointer, word)
        output.end = start + nbytes
        output.pointer = address + self._template.next_at
        output.directories += 1
        writer.addresses[0] = address
        writer.dataoffset = start
        return start, nbytes


class CountedText:
    """A text in which some numbers grow by the same with each call, while it keeps its length.

    Parameters:
        text: Returns the whole text for a number of calls.
        calls: The number so far.

    Example:
        >>> counted = CountedText(lambda n: b'images=%d\\nslices=%d\\n' % (2 * n, n), 10)
        >>> counted.start, counted.most, counted.data(13)
        (7, 49, b'26\\nslices=13')
    """

    def __init__(self, text: Callable[[int], bytes], calls: int) -> None:
        now, after, later = (NUMBER.split(text(n)) for n in (calls, calls + 1, calls + 2))
        changed = [i for i, (a, b) in enumerate(zip(now, after, strict=False)) if a != b]
        self.most = calls
        """The last number of calls for which `data` holds."""
        self.start = 0
        """Where in the text the first number stands."""
        if len(now) != len(after) or not changed or any(i % 2 == 0 for i in changed):
            return
        values = [int(now[i]) for i in changed]
        steps = [int(after[i]) - value for i, value in zip(changed, values, strict=True)]
        expected = list(now)
        for i, value, step in zip(changed, values, steps, strict=True):
            expected[i] = b'%d' % (value + 2 * step)
        if expected != later or min(steps) < 1:
            return
        self.most += min(
            (10 ** len(now[i]) - 1 - value) // step
            for i, value, step in zip(changed, values, steps, strict=True)
        )
        self.start = len(b''.join(now[: changed[0]]))
        middle = [piece.replace(b'%', b'%%') for piece in now[changed[0] : changed[-1] + 1]]
        for i in changed:
            middle[i - changed[0]] = b'%d'
        self._format = b''.join(middle)
        self._first = [
            (value - calls * step, step) for value, step in zip(values, steps, strict=True)
        ]

    def data(self, calls: int) -> bytes:
        """Return the bytes from `start` on, up to the last of the numbers."""
        return self._format % tuple(base + calls * step for base, step in self._first)


class PlaneRepeater:
    """Writes further planes of a series that is one block of samples.

    Parameters:
        writer: The series.
        calls: How many arrays it has.
        counted: Is told of each array that follows.
        text: The description, which counts them; None for none.
        text_at: Its position in the file.
    """

    def __init__(
        self,
        writer: SeriesWriter,
        calls: int,
        counted: Callable[[int], None],
        text: CountedText | None = None,
        text_at: int = 0,
    ) -> None:
        self._writer = writer
        self._output = writer.output
        self._commit = writer.output.sink.commit
        self._storage = writer.plan.storage
        self._frames = writer.plan.stored.frames
        self._page_bytes = writer.plan.stored.page_size * self._storage.itemsize
        self._nbytes = self._page_bytes * self._frames
        self._calls = calls
        self._counted = counted
        self._at = -1 if text is None else text_at + text.start
        self._data = _no_data if text is None else text.data
        self._most = 1 << 62 if text is None else text.most

    def write(self, data: NDArray[Any]) -> tuple[int, int] | None:
        """Write the planes of one call; returns where they lie."""
        calls = self._calls + 1
        if calls > self._most:
            return None
        writer, output, nbytes = self._writer, self._output, self._nbytes
        start = writer.dataoffset + writer.frames * self._page_bytes
        if start + nbytes > output.limit:
            writer.check(start + nbytes)
        if data.dtype != self._storage or not data.flags.c_contiguous:
            data = np.ascontiguousarray(data, self._storage)
        self._commit(start, (data,), nbytes, self._at, self._data(calls))
        output.end = start + nbytes
        writer.frames += self._frames
        self._calls = calls
        self._counted(calls)
        return start, nbytes


def _no_data(calls: int) -> bytes:
    return b''
