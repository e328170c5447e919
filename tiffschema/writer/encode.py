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
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema import threads
from tiffschema.types import Buffer

__all__ = ['Segment', 'default_workers', 'encode_ahead']

Segment: TypeAlias = 'NDArray[np.generic] | Buffer | None'
"""One strip or tile: samples to encode, bytes already encoded, or None where it is not stored."""

BATCH_BYTES = 1 << 18
"""Raw bytes handed to a thread at once, so that small tiles do not pay for a task each."""

BATCH_ITEMS = 64


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
    if segments < 2 or segments * nbytes < 2 * BATCH_BYTES:
        return 0
    workers = min(threads.default_workers() if maxworkers is None else maxworkers, segments)
    return workers if workers > 1 else 0


def encode_ahead(
    segments: Iterable[Segment],
    encode: Callable[[NDArray[np.generic]], Buffer],
    *,
    workers: int,
    nbytes: int,
    buffersize: int | None = None,
    executor: ThreadPoolExecutor | None = None,
) -> Iterator[Buffer | None]:
    """Yield the encoded form of each segment, in order.

    Parameters:
        segments: Arrays to encode; bytes and None pass through.
        encode: Encoder; called from several threads at once.
        workers: Number of threads, 0 to encode in the caller's.
        nbytes: Raw bytes of one segment.
        buffersize: Most raw bytes waiting at once; 256 MiB by default.
        executor: Pool to use in place of an own one.
    """
    if workers < 2:
        for segment in segments:
            yield encode(segment) if isinstance(segment, np.ndarray) else segment
        return
    size = min(max(BATCH_BYTES // max(nbytes, 1), 1), BATCH_ITEMS)
    budget = (1 << 28 if buffersize is None else buffersize) // max(size * nbytes, 1)
    ahead = max(min(budget, 4 * workers), 2)

    def run(batch: Sequence[Segment]) -> list[Buffer | None]:
        return [encode(item) if isinstance(item, np.ndarray) else item for item in batch]

    pool = executor or ThreadPoolExecutor(workers, thread_name_prefix='tiffschema-encode')
    waiting: deque[Future[list[Buffer | None]]] = deque()
    try:
        source = iter(segments)
        while batch := tuple(itertools.islice(source, size)):
            waiting.append(pool.submit(run, batch))
            if len(waiting) >= ahead:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)
