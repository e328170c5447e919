"""Lists of records of counted texts and fields of fixed layout, read as columns.

A generated parser takes some microseconds for such a record; index files have a record per frame.
Here each record costs one unpack per text, and the fields behind are one table. Where the second of
two texts repeats, as names of files do, bytes are split at it and many records verified in one
comparison. Layouts come from the NumPy types of compiled structs; nothing here knows what the texts
mean.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ['CountedRecords', 'CountedTable']

_LETTERS: Final = {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}
_SPLIT: Final = 2
"""Texts of records that can be split at the second."""

_WINDOW: Final = 1 << 12
_LARGEST: Final = 1 << 26
_PATIENCE: Final = 4
"""Windows in which few records have the same second text, before records are walked."""


@dataclass(frozen=True, slots=True)
class CountedTable:
    """Records as columns.

    Parameters:
        texts: For each counted text its bytes, record by record.
        fields: What follows the texts; one row per record.
        stop: Where the walk ended: the end of the data, or the first record that is not whole or
            has an empty first text.
    """

    texts: tuple[list[bytes], ...]
    fields: NDArray[np.void]
    stop: int


class CountedRecords:
    """Records of some texts, each behind its number of bytes, and then fields of fixed layout.

    Parameters:
        count: Type of the numbers.
        texts: Number of texts.
        fields: Type of what follows.

    Example:
        >>> records = CountedRecords(np.dtype('<u2'), 1, np.dtype([('x', 'u1')]))
        >>> table = records.walk(b'\\2\\0ab\\7\\1\\0c\\5\\0\\0')
        >>> table.texts, table.fields['x'].tolist(), table.stop
        (([b'ab', b'c'],), [7, 5], 9)
    """

    def __init__(self, count: np.dtype[Any], texts: int, fields: np.dtype[np.void]) -> None:
        order = '>' if count.byteorder == '>' else '<'
        self._count = count
        self._number = struct.Struct(order + _LETTERS[count.itemsize]).unpack_from
        self._head = count.itemsize
        self._texts = texts
        self._fields = fields

    def walk(self, data: bytes) -> CountedTable:
        """Return the records from the start of `data` on, as far as they are whole."""
        texts: tuple[list[bytes], ...] = tuple([] for _ in range(self._texts))
        fields: list[bytes] = []
        stop, window, failures = 0, _WINDOW, 0 if self._texts == _SPLIT else _PATIENCE
        while stop < len(data):
            guessing = failures < _PATIENCE
            behind = self._one_by_one(data, stop, texts, fields, 1 if guessing else len(data))
            if behind == stop or not guessing:
                stop = behind
                break
            stop = behind + self._repeated(data[behind : behind + window], texts, fields)
            failures = 0 if stop - behind >= _WINDOW // 2 else failures + 1
            window = min(4 * window, _LARGEST) if stop - behind >= window // 2 else _WINDOW
        return CountedTable(texts, np.frombuffer(b''.join(fields), self._fields), stop)

    def _one_by_one(
        self,
        data: bytes,
        stop: int,
        texts: tuple[list[bytes], ...],
        fields: list[bytes],
        most: int,
    ) -> int:
        """Take so many records at most from a position on; return the position behind them."""
        number, head, tail = self._number, self._head, self._fields.itemsize
        appends = [column.append for column in texts]
        end = len(data)
        known = len(texts[0])
        taken = 0
        while stop < end and taken < most:
            position = stop
            try:
                for append in appends:
                    begin = position + head
                    position = begin + number(data, position)[0]
                    append(data[begin:position])
            except struct.error:
                break
            following = position + tail
            if following > end or not texts[0][-1]:
                break
            fields.append(data[position:following])
            stop = following
            taken += 1
        for column in texts:
            del column[known + taken :]
        return stop

    def _repeated(self, data: bytes, texts: tuple[list[bytes], ...], fields: list[bytes]) -> int:
        """Take records whose second text is that of the last one; return the bytes they take."""
        first, second = texts
        name = second[-1]
        head, tail = self._head, self._fields.itemsize
        mark = len(name).to_bytes(head, 'big' if self._count.byteorder == '>' else 'little') + name
        parts = data.split(mark)
        count = len(parts) - 1
        if not count:
            return 0
        # Each part but the first begins with the fields of the record before.
        sizes = np.fromiter(map(len, parts), np.int64, len(parts))
        behind = np.cumsum(sizes + len(mark))
        begins = np.concatenate(([0], behind[:-1] + tail))
        lengths = behind[:-1] - len(mark) - begins[:-1] - head
        counts = np.zeros(count, np.int64)
        fits = lengths > 0
        counts[fits] = self._at(data, begins[:-1][fits], self._count)
        fits &= (counts == lengths) & (begins[1:] <= len(data))
        good = count if fits.all() else int(fits.argmin())
        if not good:
            return 0
        first.append(parts[0][head:])
        first += [part[tail + head :] for part in parts[1:good]]
        second += [name] * good
        fields.append(self._at(data, behind[:good], self._fields).tobytes())
        return int(begins[good])

    @staticmethod
    def _at(data: bytes, positions: NDArray[np.int64], kind: np.dtype[Any]) -> NDArray[Any]:
        """Return items at positions that lie in the data."""
        raw = np.dtype((np.void, kind.itemsize))
        every = np.ndarray((max(0, len(data) - kind.itemsize + 1),), raw, data, 0, (1,))
        return every[positions].view(kind)
