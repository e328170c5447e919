"""Memory for decoded segments that is given out again and again.

The system hands out fresh memory in small pages, each of which it clears at its first touch: for a
tile that takes about as long as to inflate it, and giving memory back stops the other threads.
"""

from __future__ import annotations

from collections import deque
from sys import getrefcount
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.bytes_decoder import cached_memory

__all__ = ['TileArena']

_ALIGNMENT = 64
_UNUSED = 3
"""References to a slot that nobody uses: of the arena, of who looks, and of the count itself."""


class TileArena:
    """Slots of one size in one stretch of memory, which takes none before it is used.

    A slot is in use as long as any array is a view of it.

    Parameters:
        size: Bytes of a slot at least.
        nbytes: Bytes of all slots at most.

    Example:
        >>> arena = TileArena(10, 128)
        >>> slots = [arena.take(), arena.take(), arena.take()]
        >>> [None if slot is None else slot.nbytes for slot in slots]
        [64, 64, None]
        >>> view = slots.pop(0)[:3].reshape(3, 1)
        >>> arena.take() is None
        True
        >>> del view
        >>> arena.take().nbytes
        64
    """

    def __init__(self, size: int, nbytes: int) -> None:
        self.size = size = -(-size // _ALIGNMENT) * _ALIGNMENT
        self._memory = memoryview(cached_memory(max(nbytes, 0)))
        self._unused = iter(range(0, nbytes - size + 1, size))
        self._slots: deque[NDArray[Any]] = deque()

    def take(self) -> NDArray[Any] | None:
        """Return the bytes of a slot that is not in use, None if all are."""
        begin = next(self._unused, None)
        if begin is not None:
            # Views of an array whose memory is no array hold that array, not what is below it.
            slot = np.frombuffer(self._memory[begin : begin + self.size], 'u1')
            self._slots.append(slot)
            return slot
        for _ in range(len(self._slots)):
            slot = self._slots[0]
            self._slots.rotate(-1)
            if getrefcount(slot) == _UNUSED:
                return slot
        return None
