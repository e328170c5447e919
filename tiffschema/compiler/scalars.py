"""A few numbers of one type from a buffer, without a record around them.

Knows NumPy's names of types and byte orders. For more than a few, arrays are faster.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

__all__ = ['unpacker']

_LETTERS: Final = {
    'u1': 'B', 'i1': 'b', 'u2': 'H', 'i2': 'h', 'u4': 'I', 'i4': 'i', 'u8': 'Q', 'i8': 'q',
    'f2': 'e', 'f4': 'f', 'f8': 'd',
}  # fmt: skip


@lru_cache(256)
def unpacker(kind: str, count: int, byteorder: str) -> Callable[[Any, int], tuple[Any, ...]]:
    """Return what gives `count` numbers at a position of a buffer, as a tuple.

    Parameters:
        kind: NumPy's name of the type without byte order, ``u2``.
        count: How many; few.
        byteorder: ``'<'`` or ``'>'``.

    Example:
        >>> unpacker('u2', 2, '>')(b'\\0\\1\\0\\2', 0)
        (1, 2)
    """
    return struct.Struct(f'{byteorder}{count}{_LETTERS[kind]}').unpack_from
