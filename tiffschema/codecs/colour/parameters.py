"""Values of tags as numbers, whatever the writer or the reader made of them.

This module knows how values of tags look: numbers, sequences, bytes, rationals as one row of
numerators and denominators, as pairs, or as fractions. What is no number is as good as absent.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .scaling import Array

__all__ = ['numbers', 'numeric']


def numeric(value: Any) -> Array | None:
    """Return a value as a flat array of float64, None if it is absent or not of numbers."""
    if value is None:
        return None
    if isinstance(value, bytes | bytearray | memoryview):
        value = np.frombuffer(value, 'u1')
    try:
        flat = np.asarray(value, 'f8').reshape(-1)
    except (TypeError, ValueError):
        return None
    return flat if flat.size else None


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Return `count` finite numbers or rationals of a value, None if it has others.

    Example:
        >>> numbers((1, 2, 3, 4), 2), numbers(((1, 2), (3, 4)), 2), numbers((1, 2, 3), 2)
        ((0.5, 0.75), (0.5, 0.75), None)
    """
    flat = numeric(value)
    if flat is None:
        return None
    if flat.size == 2 * count:
        with np.errstate(divide='ignore', invalid='ignore'):
            flat = flat[::2] / flat[1::2]
    if flat.size != count or not np.isfinite(flat).all():
        return None
    return tuple(float(item) for item in flat)
