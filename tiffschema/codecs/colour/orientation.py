"""Orientation (tag 274): which way the stored rows and columns run."""

from __future__ import annotations

from .scaling import Array

__all__ = ['apply_orientation']


def apply_orientation(array: Array, orientation: int, axes: str = 'YXS') -> Array:
    """Return a view with the first row at the top and the first column at the left.

    Parameters:
        array: Of any type.
        orientation: 1 to 8; other values mean 1.
        axes: A letter for each axis; 'Y' are the stored rows, 'X' the stored columns. Values of 5
            and above swap the two.

    Raises:
        ValueError: `axes` does not fit the array, or lacks rows or columns.

    Example:
        >>> import numpy as np
        >>> apply_orientation(np.array([[1, 2], [3, 4]]), 6, 'YX').tolist()
        [[3, 1], [4, 2]]
    """
    if len(axes) != array.ndim or 'Y' not in axes or 'X' not in axes:
        raise ValueError(f'axes {axes!r} do not name rows and columns of {array.ndim} axes')
    if not 2 <= orientation <= 8:
        return array
    rows, columns = axes.index('Y'), axes.index('X')
    if orientation >= 5:
        array = array.swapaxes(rows, columns)
    index = [slice(None)] * array.ndim
    if orientation in {3, 4, 7, 8}:
        index[rows] = slice(None, None, -1)
    if orientation in {2, 3, 6, 7}:
        index[columns] = slice(None, None, -1)
    return array[tuple(index)]
