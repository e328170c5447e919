"""Encoding of segments ahead of the disk, on a bounded pool, in order.

Knows segments and an encoder; neither directories nor files.
Rule: the result depends on the input only, never on the number of threads; what waits to be
written stays below a number of bytes.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema import threads
from tiffschema.types import Buffer

__all__ = ['Segment', 'default_workers', 'encode_ahead']

Segment: TypeAlias = 'NDArray[np.generic] | Buffer | None'
"""One strip or tile: samples to encode, bytes already encoded, or None where it is not stored."""

Batch: TypeAlias = 'Sequence[Segment]'

WORTH_BYTES = 1 << 19
"""Less than this is encoded before a thread has started."""

BATCH_BYTES = 1 << 20
"""Raw bytes handed to a thread at once at most, so that tiles do not pay for a task each."""

BATCH_ITEMS = 64
BATCHES = 4
"""Batches that are left for each thread, so that in the end they finish at one time."""


def default_workers(maxworkers: int | None, segments: int, nbytes: int) -> int:
    """Return how many threads pay: 0 for work too small to share.

    Parameters:
        maxworkers: What the caller asked for; None chooses.
        segments: Number of segments to encode.
        nbytes: Raw bytes of one segment.

    Example:
        >>> default_workers(None, 1, 1 << 20)
        0
    """
    if segments < 2 or segments * nbytes < WORTH_BYTES:
        return 0
    workers = min(threads.default_workers() if maxworkers is None else maxworkers, segments)
    return workers if workers > 1 else 0


def encode_ahead(
    segments: Iterable[Segment],
    encode: Callable[[NDArray[np.generic]], Buffer],
    *,
    workers: int,
    count: int,
    nbytes: int,
    buffersize: int | None = None,
) -> Iterator[Buffer | None]:
    """Yield the encoded form of each segment, in order.

    The calling thread is one of the workers: while the batch it waits for is being encoded, it
    encodes another.

    Parameters:
        segments: Arrays to encode; bytes and None pass through.
        encode: Encoder; called from several threads at once.
        workers: Number of threads, the caller's included; below 2 there is no other.
        count: Number of segments.
        nbytes: Raw bytes of one segment.
        buffersize: Most raw bytes waiting at once; 256 MiB by default.
    """
    if workers < 2:
        for segment in segments:
            yield encode(segment) if isinstance(segment, np.ndarray) else segment
        return
    most = min(max(BATCH_BYTES // max(nbytes, 1), 1), BATCH_ITEMS)
    budget = (1 << 28 if buffersize is None else buffersize) // max(most * nbytes, 1)
    ahead = max(min(budget, 4 * workers), 2)
    left = count

    def run(batch: Batch) -> list[Buffer | None]:
        return [encode(item) if isinstance(item, np.ndarray) else item for item in batch]

    pool = ThreadPoolExecutor(workers - 1, thread_name_prefix='tiffschema-encode')
    waiting: deque[_Task] = deque()
    failure: Exception | None = None
    more = True
    source = iter(segments)
    try:
        while more or waiting:
            while more and len(waiting) < ahead:
                size = max(min(most, left // (BATCHES * workers)), 1)
                left -= size
                batch: list[Segment] = []
                try:
                    batch.extend(itertools.islice(source, size))
                except Exception as error:  # noqa: BLE001 - raised behind what came before it
                    failure = error
                more = len(batch) == size and failure is None
                if batch:
                    waiting.append(_Task(batch, pool.submit(run, batch)))
            if waiting:
                yield from _first_result(waiting, run)
        if failure is not None:
            raise failure
    finally:
        for task in waiting:
            task.future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass(slots=True)
class _Task:
    """A batch, and what a thread makes of it."""

    batch: Batch
    future: Future[list[Buffer | None]]


def _first_result(
    waiting: deque[_Task], run: Callable[[Batch], list[Buffer | None]]
) -> list[Buffer | None]:
    """Return the result of the first task; run others, which no thread has begun, meanwhile."""
    first = waiting[0]
    for task in waiting:
        if first.future.done():
            break
        if task.future.cancel():
            task.future = Future()
            try:
                task.future.set_result(run(task.batch))
            except Exception as error:  # noqa: BLE001 - raised in its turn
                task.future.set_exception(error)
    waiting.popleft()
    return first.future.result()
