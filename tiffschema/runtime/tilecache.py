"""Decoded segments that region reads will want again, least recently used first out."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tilearena import TileArena

__all__ = ['SegmentCache']

_FEW = 2 << 20
"""Bytes that are kept in memory of their own: an arena takes more at once than few tiles need."""


class SegmentCache:
    """A mapping of bounded size; safe to use from many threads.

    Parameters:
        nbytes: Bytes of samples to keep at most; 0 keeps nothing.

    Example:
        >>> import numpy as np
        >>> cache = SegmentCache(20)
        >>> cache.put('a', np.zeros(10, 'u1')); cache.put('b', np.zeros(15, 'u1'))
        >>> [each is None for each in cache.find(['a', 'b'])]
        [True, False]
    """

    def __init__(self, nbytes: int = 64 << 20) -> None:
        self.limit = nbytes
        self.nbytes = 0
        self._arrays: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._arena: TileArena | None = None

    def find(self, keys: Sequence[Hashable]) -> list[NDArray[Any] | None]:
        """Return the samples of segments, read-only, None for those that are not kept."""
        arrays = self._arrays
        with self._lock:
            found = [arrays.get(key) for key in keys]
            for key, array in zip(keys, found, strict=True):
                if array is not None:
                    arrays.move_to_end(key)
        return found

    def room(self, shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return an array for the samples of a segment that will be kept.

        The longest unused segments are forgotten where only they leave room.

        Parameters:
            shape: Of the segment.
            dtype: Of its samples.
        """
        nbytes = math.prod(shape) * dtype.itemsize
        if nbytes <= self.limit // 8:
            with self._lock:
                slot = self._slot(nbytes)
            if slot is not None:
                return slot[:nbytes].view(dtype).reshape(shape)
        return np.empty(shape, dtype)

    def _slot(self, nbytes: int) -> NDArray[Any] | None:
        """Return memory of the arena, None for what is too unlike its slots."""
        arena = self._arena
        if arena is None or nbytes > arena.size:
            if self.nbytes < _FEW:
                return None
            self._forget()
            arena = self._arena = TileArena(nbytes, self.limit)
        if nbytes < arena.size // 4:
            return None
        slot = arena.take()
        while slot is None and self._arrays:
            self._forget_oldest()
            slot = arena.take()
        return slot

    def put(self, key: Hashable, array: NDArray[Any]) -> None:
        """Keep the samples of a segment, which must not change afterwards."""
        if array.nbytes > self.limit:
            return
        array.flags.writeable = False
        with self._lock:
            old = self._arrays.pop(key, None)
            if old is not None:
                self.nbytes -= old.nbytes
            self._arrays[key] = array
            self.nbytes += array.nbytes
            while self.nbytes > self.limit:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, gone = self._arrays.popitem(last=False)
        self.nbytes -= gone.nbytes

    def _forget(self) -> None:
        self._arrays.clear()
        self.nbytes = 0
        self._arena = None

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._forget()

    def __len__(self) -> int:
        return len(self._arrays)

    def __reduce__(self) -> tuple[Any, ...]:
        return SegmentCache, (self.limit,)
