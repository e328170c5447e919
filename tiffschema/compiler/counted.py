"""Lists of records of counted texts and fields of fixed layout, read as columns.

A generated parser takes some microseconds for such a record; index files have a record per frame.
Here each record costs one unpack per text, and the fields behind are one table. Layouts come from
the NumPy types of compiled structs; nothing here knows what the texts mean.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ['CountedRecords', 'CountedTable']

_LETTERS: Final = {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}


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
        self._number = struct.Struct(order + _LETTERS[count.itemsize]).unpack_from
        self._head = count.itemsize
        self._texts = texts
        self._fields = fields

    def walk(self, data: bytes) -> CountedTable:
        """Return the records from the start of `data` on, as far as they are whole."""
        number, head, tail = self._number, self._head, self._fields.itemsize
        texts: tuple[list[bytes], ...] = tuple([] for _ in range(self._texts))
        appends = [column.append for column in texts]
        fields: list[bytes] = []
        stop, end = 0, len(data)
        while stop < end:
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
        for column in texts:
            del column[len(fields) :]
        return CountedTable(texts, np.frombuffer(b''.join(fields), self._fields), stop)
