"""Decoded segments that region reads will want again, least recently used first out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

from numpy.typing import NDArray

__all__ = ['SegmentCache']


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

    def find(self, keys: Sequence[Hashable]) -> list[NDArray[Any] | None]:
        """Return the samples of segments, read-only, None for those that are not kept."""
        arrays = self._arrays
        with self._lock:
            found = [arrays.get(key) for key in keys]
            for key, array in zip(keys, found, strict=True):
                if array is not None:
                    arrays.move_to_end(key)
        return found

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
                _, gone = self._arrays.popitem(last=False)
                self.nbytes -= gone.nbytes

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._arrays.clear()
            self.nbytes = 0

    def __len__(self) -> int:
        return len(self._arrays)

    def __reduce__(self) -> tuple[Any, ...]:
        return SegmentCache, (self.limit,)
