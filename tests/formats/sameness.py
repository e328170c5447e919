"""Whether two readers found the same values: numbers, texts, arrays, and what holds these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ['same']


def same(left: Any, right: Any) -> bool:
    """Return whether values are equal; True is not 1, a text is no number, NaN is NaN."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        one, other = np.asarray(left), np.asarray(right)
        numbers = one.dtype.kind in 'fc' and other.dtype.kind in 'fc'
        return np.array_equal(one, other, equal_nan=numbers)
    if isinstance(left, float) and left != left:
        return bool(right != right)
    alike = isinstance(left, bool) is isinstance(right, bool)
    return alike and isinstance(left, str) is isinstance(right, str) and bool(left == right)
