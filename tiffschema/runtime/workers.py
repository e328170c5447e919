"""A shared, bounded pool of threads to which work is handed in batches.

Rule 1: the calling thread works too, so a call from inside the pool (dask, a callback) cannot
deadlock: what the pool has not begun, the caller does. Rule 2: one future per thread, not per
batch. Each thread has a share of its own, in order, and then takes from the ends of the others':
neighbours that are decoded at the same time by different threads touch the same huge pages of
fresh memory, which the system then clears twice. Rule 3: of several errors the one of the earliest
batch is raised, whatever thread met it first.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

from tiffschema.threads import MAX_WORKERS, default_workers

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ['MAX_WORKERS', 'batches', 'default_workers', 'run', 'workers_for']

T = TypeVar('T')

BATCH_BYTES = 256 << 10
"""Decoded bytes of a batch at least: less work is done before a second thread wakes up."""

BATCH_SEGMENTS = 64
"""Segments of a batch at most, unless they are tiny."""

_pool: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()


def workers_for(maxworkers: int | None, nbytes: int) -> int:
    """Return how many threads are worth using for `nbytes` bytes of output.

    Parameters:
        maxworkers: What the caller allows; None and 0 mean `default_workers`.
        nbytes: Bytes that the work produces.

    Raises:
        ValueError: `maxworkers` is negative.
    """
    if maxworkers is not None and maxworkers < 0:
        raise ValueError(f'maxworkers {maxworkers} is negative')
    if nbytes < 2 * BATCH_BYTES:
        return 1
    wanted = maxworkers or default_workers()
    return max(1, min(wanted, MAX_WORKERS, nbytes // BATCH_BYTES))


def batches(count: int, nbytes: int, workers: int) -> list[range]:
    """Return ranges of items such that each batch is worth a thread's while.

    Parameters:
        count: Number of items.
        nbytes: Bytes that one item produces.
        workers: Threads; with one of them, batches only bound the memory of a read.
    """
    most = max(4 * BATCH_BYTES // max(nbytes, 1), 1)
    if most < BATCH_SEGMENTS and nbytes <= BATCH_BYTES // 4:
        most = BATCH_SEGMENTS
    least = max(1, min(BATCH_BYTES // max(nbytes, 1), most))
    found = []
    for start, stop in _shares(count, workers):
        while start < stop:
            size = most
            if workers > 1:
                # Ever smaller towards the end of a share, so that all threads end together.
                size = min(most, max(least, (stop - start) // 4))
            found.append(range(start, min(start + size, stop)))
            start += size
    return found


def _shares(count: int, workers: int) -> list[tuple[int, int]]:
    """Cut items into as many stretches as there are threads."""
    cuts = [count * place // workers for place in range(workers + 1)]
    return list(pairwise(cuts))


def run(function: Callable[[T], object], items: Sequence[T], workers: int) -> None:
    """Call a function for each item, on up to `workers` threads of which one is the caller's.

    Raises:
        Exception: That of the earliest item whose call failed; later items may not be done.
    """
    if workers <= 1:
        for item in items:
            function(item)
        return
    _Run(function, items, workers).start()


class _Run(Generic[T]):
    """One call of `run`."""

    def __init__(self, function: Callable[[T], object], items: Sequence[T], workers: int) -> None:
        self._function = function
        self._items = items
        self._shares = [list(share) for share in _shares(len(items), workers)]
        self._lock = threading.Lock()
        self._error: tuple[int, BaseException] | None = None

    def start(self) -> None:
        pool = _get_pool()
        others = range(1, len(self._shares))
        futures: list[Future[None]] = [pool.submit(self._work, share) for share in others]
        try:
            self._work(0)
        finally:
            for future in futures:
                if not future.cancel():
                    future.result()
        if self._error is not None:
            raise self._error[1]

    def _work(self, share: int) -> None:
        while (number := self._next(share)) is not None:
            try:
                self._function(self._items[number])
            except BaseException as error:  # noqa: BLE001  (raised again by the caller's thread)
                self._fail(number, error)

    def _next(self, share: int) -> int | None:
        """Return the next item of a thread's own share, else the last of the fullest share."""
        with self._lock:
            own = self._shares[share]
            if own[0] < own[1]:
                own[0] += 1
                return own[0] - 1
            other = max(self._shares, key=lambda each: each[1] - each[0])
            if other[0] == other[1]:
                return None
            other[1] -= 1
            return other[1]

    def _fail(self, number: int, error: BaseException) -> None:
        """Keep the error of the earliest item, and leave out all items behind it."""
        with self._lock:
            if self._error is None or number < self._error[0]:
                self._error = number, error
            for share in self._shares:
                share[1] = max(share[0], min(share[1], number))


def _get_pool() -> ThreadPoolExecutor:
    global _pool
    with _pool_lock:
        if _pool is None:
            # Small files are read by the caller's thread alone.
            from concurrent.futures import ThreadPoolExecutor

            _pool = ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix='tiffschema')
        return _pool


def _forget_pool() -> None:
    # Threads do not survive a fork, and the lock may have been held.
    global _pool, _pool_lock
    _pool = None
    _pool_lock = threading.Lock()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_forget_pool)
