"""A shared, bounded pool of threads to which work is handed in batches.

Rule 1: the calling thread works too, so a call from inside the pool (dask, a callback) cannot
deadlock: what the pool has not begun, the caller does. Rule 2: one future per thread, not per
batch; batches are taken from one iterator. Rule 3: of several errors the one of the earliest batch
is raised, whatever thread met it first.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
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


def batches(count: int, nbytes: int, workers: int) -> Iterator[range]:
    """Yield ranges of items such that each batch is worth a thread's while.

    Parameters:
        count: Number of items.
        nbytes: Bytes that one item produces.
        workers: Threads; with one of them, batches only bound the memory of a read.
    """
    size = max(4 * BATCH_BYTES // max(nbytes, 1), 1)
    if size < BATCH_SEGMENTS and nbytes <= BATCH_BYTES // 4:
        size = BATCH_SEGMENTS
    if workers > 1:
        # Every thread gets some of it, and several times, so that all end at about the same time.
        size = max(1, min(size, -(-count // (4 * workers))))
    for start in range(0, count, size):
        yield range(start, min(start + size, count))


def run(function: Callable[[T], object], items: Iterable[T], workers: int) -> None:
    """Call a function for each item, on up to `workers` threads of which one is the caller's.

    Raises:
        Exception: That of the earliest item whose call failed; later items may not be done.
    """
    if workers <= 1:
        for item in items:
            function(item)
        return
    _Run(function, items).start(workers)


class _Run(Generic[T]):
    """One call of `run`."""

    def __init__(self, function: Callable[[T], object], items: Iterable[T]) -> None:
        self._function = function
        self._items = enumerate(items)
        self._lock = threading.Lock()
        self._error: tuple[int, BaseException] | None = None

    def start(self, workers: int) -> None:
        pool = _get_pool()
        futures: list[Future[None]] = [pool.submit(self._work) for _ in range(workers - 1)]
        try:
            self._work()
        finally:
            for future in futures:
                if not future.cancel():
                    future.result()
        if self._error is not None:
            raise self._error[1]

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._error is not None:
                    return
                try:
                    number, item = next(self._items)
                except StopIteration:
                    return
            try:
                self._function(item)
            except BaseException as error:  # noqa: BLE001  (raised again by the caller's thread)
                with self._lock:
                    if self._error is None or number < self._error[0]:
                        self._error = number, error
                return


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
