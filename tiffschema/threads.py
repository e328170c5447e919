"""How many threads decode and encode, where the caller does not say."""

from __future__ import annotations

import os

__all__ = ['MAX_WORKERS', 'default_workers', 'set_default_workers']

MAX_WORKERS = 32
"""Threads at most, whatever was asked for."""

_chosen: int | None = None


def set_default_workers(number: int) -> None:
    """Set the number of threads to use if the caller does not say.

    Parameters:
        number: At least 1; more than `MAX_WORKERS` are `MAX_WORKERS`.

    Raises:
        ValueError: It is less than 1.
    """
    global _chosen
    if number < 1:
        raise ValueError(f'{number} threads are none')
    _chosen = min(int(number), MAX_WORKERS)


def default_workers() -> int:
    """Return the number of threads to use if the caller did not say.

    That is what `set_default_workers` was told, else the number in the environment variable
    ``TIFFSCHEMA_NUM_THREADS`` (or, as existing set-ups have it, ``TIFFFILE_NUM_THREADS``), else
    the number of processors; at most `MAX_WORKERS`.
    """
    if _chosen is not None:
        return _chosen
    for name in ('TIFFSCHEMA_NUM_THREADS', 'TIFFFILE_NUM_THREADS'):
        value = os.environ.get(name, '')
        if value.isdigit() and int(value) > 0:
            return min(int(value), MAX_WORKERS)
    if hasattr(os, 'sched_getaffinity'):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return max(1, min(count, MAX_WORKERS))
