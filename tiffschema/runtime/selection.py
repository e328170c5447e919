"""What of an array is wanted: indices as NumPy has them, resolved against a shape.

This module knows shapes and indices only. Each axis becomes a `range`; what ranges cannot say
(lists of integers, truth values) is done on the smallest block of ranges that holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.values import value

__all__ = ['Selection', 'SelectionArgument', 'as_slice', 'select']

SelectionArgument: TypeAlias = Any
"""An integer, slice, Ellipsis, None, list of integers or truth values, or a tuple of these."""


@value
class Selection:
    """A selection of an array.

    Parameters:
        ranges: Indices wanted along each axis; all of them are read.
        shape: Shape of the block that is read.
        index: What to take of that block to get the result, None for all of it.
    """

    ranges: tuple[range, ...]
    shape: tuple[int, ...]
    index: tuple[Any, ...] | None = None

    def take(self, block: NDArray[Any]) -> NDArray[Any]:
        """Return the result from the block of ranges."""
        if self.index is None:
            return block
        result: NDArray[Any] = np.asarray(block[self.index])
        return result


def select(selection: SelectionArgument, shape: Sequence[int]) -> Selection:
    """Resolve a selection against the shape of an array.

    Parameters:
        selection: As in ``array[selection]``; None or Ellipsis select everything.
        shape: Shape of the array.

    Raises:
        IndexError: An index is out of range, or there are more indices than axes.
        TypeError: An index is of no known kind.

    Example:
        >>> select((slice(None, None, 2), -1), (5, 4)).ranges
        (range(0, 5, 2), range(3, 4))
    """
    if selection is None or selection is Ellipsis:
        full = tuple(range(size) for size in shape)
        return Selection(full, tuple(shape))
    given = selection if type(selection) is tuple else (selection,)
    if len(given) <= len(shape) and all(type(item) is slice for item in given):
        # Regions, as viewers ask for them by the thousand.
        cut = [range(*item.indices(size)) for item, size in zip(given, shape, strict=False)]
        cut += map(range, shape[len(given) :])
        return Selection(tuple(cut), tuple(map(len, cut)), None)
    items = _expanded(selection, len(shape))
    ranges: list[range] = []
    index: list[Any] = []
    plain = True
    for item in items:
        if item is np.newaxis:
            index.append(item)
            plain = False
            continue
        axis = len(ranges)
        wanted, rest = _axis(item, axis, shape[axis])
        ranges.append(wanted)
        index.append(rest)
        plain = plain and isinstance(rest, slice)
    block = tuple(len(each) for each in ranges)
    return Selection(tuple(ranges), block, None if plain else tuple(index))


def as_slice(wanted: range) -> slice:
    """Return the slice that takes the indices of a range.

    Example:
        >>> as_slice(range(2, -1, -1))
        slice(2, None, -1)
    """
    # A range that runs down to 0 ends at -1, which a slice would count from the end.
    stop = None if wanted.step < 0 and wanted.stop < 0 else wanted.stop
    return slice(wanted.start, stop, wanted.step)


def _expanded(selection: SelectionArgument, ndim: int) -> list[Any]:
    """Return one entry per axis, and the new axes."""
    items = list(selection) if isinstance(selection, tuple) else [selection]
    given = 0
    for item in items:
        if isinstance(item, np.ndarray) and item.dtype == bool and item.ndim != 1:
            raise TypeError('selection: arrays of truth values must have one dimension')
        if item is not None and item is not Ellipsis:
            given += 1
    if given > ndim:
        raise IndexError(f'selection: {given} indices for {ndim} axes')
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise IndexError('selection: more than one Ellipsis')
    place = places[0] if places else len(items)
    return items[:place] + [slice(None)] * (ndim - given) + items[place + 1 :]


def _axis(item: Any, axis: int, size: int) -> tuple[range, Any]:
    """Return the range to read along one axis, and what to take of it."""
    if isinstance(item, slice):
        return range(*item.indices(size)), slice(None)
    if isinstance(item, range):
        item = list(item)
    if not isinstance(item, bool | np.bool_) and hasattr(item, '__index__') and np.ndim(item) == 0:
        number = int(item.__index__())
        if not -size <= number < size:
            raise IndexError(f'selection: index {number} is out of range for axis {axis} of {size}')
        number %= size
        return range(number, number + 1), 0
    if isinstance(item, list | np.ndarray):
        return _integers(np.asarray(item), axis, size)
    raise TypeError(f'selection: {item!r} is no integer, slice or list of integers')


def _integers(values: NDArray[Any], axis: int, size: int) -> tuple[range, Any]:
    if values.size == 0:
        return range(0), np.zeros(values.shape, np.intp)
    if values.dtype == bool:
        if values.shape != (size,):
            raise IndexError(f'selection: {values.size} truth values for axis {axis} of {size}')
        values = np.flatnonzero(values)
        if values.size == 0:
            return range(0), values
    if values.dtype.kind not in 'iu':
        raise TypeError(f'selection: an index of type {values.dtype}')
    low, high = int(values.min()), int(values.max())
    if low < -size or high >= size:
        raise IndexError(
            f'selection: indices {low} to {high} are out of range for axis {axis} of {size}'
        )
    values = np.where(values < 0, values + size, values).astype(np.intp)
    low, high = int(values.min()), int(values.max())
    return range(low, high + 1), values - low
