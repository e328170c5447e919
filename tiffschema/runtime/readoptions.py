"""How to read: the options of one call, the same for all of its pages and segments.

Knows arguments and limits; reads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.types import FaultSink
from tiffschema.values import value

if TYPE_CHECKING:
    from .tilecache import SegmentCache

__all__ = ['ErrorMode', 'ReadOptions', 'check_options', 'read_options']

ErrorMode: TypeAlias = Literal['raise', 'fault']
"""Damaged segments: ``'raise'`` an error, or keep the undamaged rest and record a ``'fault'``."""


@value
class ReadOptions:
    """How to read, the same for all frames of one call.

    Parameters:
        errors: What to do with damaged segments.
        maxworkers: Threads, None for as many as are worth it.
        buffersize: Bytes read ahead at a time from sources without a descriptor.
        limits: Bounds of what is decoded.
        fault: Told what is wrong where `errors` is ``'fault'``.
        cache: Keeps decoded segments of which only a part was wanted.
        lock: Held while bytes are read; sources are safe without.
        zeroed: The array is 0 already, so that sparse segments need not touch its memory.
    """

    errors: ErrorMode = 'raise'
    maxworkers: int | None = None
    buffersize: int | None = None
    limits: Limits = DEFAULT_LIMITS
    fault: FaultSink | None = None
    cache: SegmentCache | None = None
    lock: Any = None
    zeroed: bool = False


def check_options(errors: ErrorMode | None, maxworkers: int | None) -> None:
    """Check arguments of a call.

    Raises:
        ValueError: `errors` is neither ``'raise'`` nor ``'fault'``, `maxworkers` is negative.
    """
    if errors not in (None, 'raise', 'fault'):
        raise ValueError(f"errors {errors!r} is neither 'raise' nor 'fault'")
    if maxworkers is not None and maxworkers < 0:
        raise ValueError(f'maxworkers {maxworkers} is negative')


def read_options(
    parent: Any,
    errors: ErrorMode | None = None,
    maxworkers: int | None = None,
    buffersize: int | None = None,
    lock: Any = None,
) -> ReadOptions:
    """Return the options of one call of a page or series of a file.

    Raises:
        ValueError: `errors` is neither ``'raise'`` nor ``'fault'``, `maxworkers` is negative.
    """
    check_options(errors, maxworkers)
    fault = parent.faults.append if errors == 'fault' else None
    cache = getattr(parent, 'segmentcache', None)
    # All fields in their order, which is what takes the least time: regions are many.
    return ReadOptions(
        errors or 'raise', maxworkers, buffersize, parent.limits, fault, cache, lock, False
    )
