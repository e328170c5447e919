"""Letters of axes, their names, and what happens to them when arrays change shape.

This module knows letters and shapes; it knows neither files nor pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, overload

from numpy.typing import ArrayLike, NDArray

__all__ = [
    'AXES_CODES',
    'AXES_NAMES',
    'axes_letters',
    'axes_names',
    'axes_unique',
    'repeat_nd',
    'reshape_axes',
    'reshape_nd',
    'squeeze_axes',
    'transpose_axes',
]

AXES_NAMES: Mapping[str, str] = MappingProxyType(
    {
        'X': 'width',
        'Y': 'height',
        'Z': 'depth',
        'S': 'sample',
        'I': 'sequence',
        'T': 'time',
        'C': 'channel',
        'A': 'angle',
        'P': 'phase',
        'R': 'tile',
        'H': 'lifetime',
        'E': 'lambda',
        'L': 'exposure',
        'V': 'event',
        'Q': 'other',
        'M': 'mosaic',
        'J': 'column',
        'K': 'row',
    }
)
"""Name of each letter."""

AXES_CODES: Mapping[str, str] = MappingProxyType(
    {
        **{name: letter for letter, name in AXES_NAMES.items()},
        'length': 'Y',
        'z': 'Z',
        'position': 'R',
        'region': 'R',
        'index': 'I',
        'unknown': 'Q',
    }
)
"""Letter of each name."""


def axes_names(axes: str) -> tuple[str, ...]:
    """Return the names of letters; unknown letters are their own names.

    Example:
        >>> axes_names('TYX')
        ('time', 'height', 'width')
    """
    return tuple(AXES_NAMES.get(letter, letter) for letter in axes)


def axes_letters(names: Sequence[str]) -> str:
    """Return the letters of names; single letters are taken as they are, others become ``'Q'``.

    Example:
        >>> axes_letters(['time', 'height', 'X'])
        'TYX'
    """
    return ''.join(
        name.upper()
        if len(name) == 1 and name.lower() not in AXES_CODES
        else AXES_CODES.get(name.lower(), 'Q')
        for name in names
    )


def axes_unique(axes: str) -> tuple[str, ...]:
    """Return letters as names of dimensions: those that occur again get a number.

    Example:
        >>> axes_unique('QQYXQ')
        ('Q', 'Q2', 'Y', 'X', 'Q3')
    """
    seen: dict[str, int] = {}
    names = []
    for letter in axes:
        seen[letter] = count = seen.get(letter, 0) + 1
        names.append(letter if count == 1 else f'{letter}{count}')
    return tuple(names)


@overload
def reshape_axes(
    axes: str, shape: Sequence[int], newshape: Sequence[int], /, unknown: str | None = None
) -> str: ...
@overload
def reshape_axes(
    axes: Sequence[str],
    shape: Sequence[int],
    newshape: Sequence[int],
    /,
    unknown: str | None = None,
) -> Sequence[str]: ...
def reshape_axes(
    axes: str | Sequence[str],
    shape: Sequence[int],
    newshape: Sequence[int],
    /,
    unknown: str | None = None,
) -> str | Sequence[str]:
    """Return axes that fit an array after it was reshaped.

    Axes are matched from the last to the first: one whose length and stride stay the same keeps
    its label, others are unknown.

    Parameters:
        axes: Labels of the axes of the array before.
        shape: Its shape.
        newshape: Its shape after, of the same size.
        unknown: Label of axes that match none, by default ``'Q'``.

    Raises:
        ValueError: `axes` do not fit `shape`, or the sizes of the shapes differ.

    Example:
        >>> reshape_axes('YXS', (219, 301, 1), (219, 301))
        'YX'
        >>> reshape_axes('IYX', (12, 219, 301), (3, 4, 219, 1, 301, 1))
        'QQYQXQ'
    """
    if len(axes) != len(shape):
        raise ValueError(f'axes: {axes!r} are not one label per entry of {tuple(shape)}')
    label = 'Q' if unknown is None else unknown
    size, newsize = math.prod(shape), math.prod(newshape)
    if not shape or not newshape:
        return '' if isinstance(axes, str) else ()
    if size != newsize:
        raise ValueError(f'newshape: {tuple(newshape)} has not the size of {tuple(shape)}')
    strides = _strides(shape)
    known: dict[tuple[int, int], str] = {}
    for letter, length, stride in zip(axes, shape, strides, strict=True):
        if length != 1:
            known[length, stride] = letter
    result = [
        known.get((length, stride), label)
        for length, stride in zip(newshape, _strides(newshape), strict=True)
    ]
    _keep_single(axes, shape, newshape, result, label)
    return ''.join(result) if isinstance(axes, str) else tuple(result)


def _keep_single(
    axes: str | Sequence[str],
    shape: Sequence[int],
    newshape: Sequence[int],
    result: list[str],
    label: str,
) -> None:
    """Give axes of length 1 their labels back where nothing but the shape's front changed."""
    for back in range(1, min(len(shape), len(newshape)) + 1):
        if shape[-back] != newshape[-back]:
            return
        if result[-back] == label:
            result[-back] = axes[-back]


def _strides(shape: Sequence[int]) -> list[int]:
    strides = [1]
    for length in reversed(shape[1:]):
        strides.append(strides[-1] * length)
    return strides[::-1]


def squeeze_axes(
    shape: Sequence[int], axes: str | Sequence[str], skip: str | Sequence[str] | None = None
) -> tuple[tuple[int, ...], str | tuple[str, ...], tuple[bool, ...]]:
    """Return shape and axes without axes of length 1.

    Parameters:
        shape: Lengths.
        axes: One label per entry of `shape`.
        skip: Labels to keep at any length, by default ``'XY'``.

    Returns:
        The shape, the axes, and whether each old axis stayed. At least the last axis stays.

    Raises:
        ValueError: `axes` do not fit `shape`.

    Example:
        >>> squeeze_axes((5, 1, 2, 1, 1), 'TZYXC')
        ((5, 2, 1), 'TYX', (True, False, True, True, False))
        >>> squeeze_axes((1,), 'Q')
        ((1,), 'Q', (True,))
    """
    if len(shape) != len(axes):
        raise ValueError(f'axes: {axes!r} are not one label per entry of {tuple(shape)}')
    if not axes:
        return tuple(shape), axes if isinstance(axes, str) else tuple(axes), ()
    kept = 'XY' if skip is None else skip
    stay = [length != 1 or letter in kept for length, letter in zip(shape, axes, strict=True)]
    if not any(stay):
        stay[-1] = True
    newshape = tuple(length for length, keep in zip(shape, stay, strict=True) if keep)
    letters = tuple(letter for letter, keep in zip(axes, stay, strict=True) if keep)
    return newshape, ''.join(letters) if isinstance(axes, str) else letters, tuple(stay)


def transpose_axes(
    image: ArrayLike, axes: str, /, asaxes: Sequence[str] | None = None
) -> NDArray[Any]:
    """Return an array with its axes in another order, new ones having length 1.

    Parameters:
        image: Array, or what becomes one.
        axes: Its axes.
        asaxes: Wanted axes, by default ``'CTZYX'``.

    Raises:
        ValueError: Axes of the array of other length than 1 are not wanted.

    Example:
        >>> import numpy as np
        >>> transpose_axes(np.zeros((2, 3, 4)), 'TYX', 'CTZYX').shape
        (1, 2, 1, 3, 4)
    """
    import numpy as np

    array = np.asarray(image)
    if len(axes) != array.ndim:
        raise ValueError(f'axes: {axes!r} do not fit an array of {array.ndim} dimensions')
    wanted = 'CTZYX' if asaxes is None else ''.join(asaxes)
    unwanted = [letter for letter in axes if letter not in wanted]
    for letter in unwanted:
        if array.shape[axes.index(letter)] != 1:
            raise ValueError(f'asaxes: {wanted!r} lack {letter!r}, which has more than one entry')
    array = array.reshape(
        [length for length, letter in zip(array.shape, axes, strict=True) if letter in wanted]
    )
    axes = ''.join(letter for letter in axes if letter in wanted)
    new = [letter for letter in wanted if letter not in axes]
    array = array.reshape((1,) * len(new) + array.shape)
    axes = ''.join(new) + axes
    return array.transpose([axes.index(letter) for letter in wanted])


def repeat_nd(a: ArrayLike, repeats: Sequence[int], /) -> NDArray[Any]:
    """Return an array with each item repeated along all axes: nearest-neighbour enlargement.

    Parameters:
        a: Array.
        repeats: How often items are repeated, per axis.

    Raises:
        ValueError: There are more or fewer numbers than axes.

    Example:
        >>> repeat_nd([[0, 1]], (2, 2)).tolist()
        [[0, 0, 1, 1], [0, 0, 1, 1]]
    """
    import numpy as np

    array = np.asarray(a)
    times = [int(number) for number in repeats]
    if len(times) != array.ndim:
        raise ValueError(f'repeats: {len(times)} numbers for {array.ndim} axes')
    spread: list[int] = []
    for size, number in zip(array.shape, times, strict=True):
        spread += [size, number]
    items = array.reshape([part for size in array.shape for part in (size, 1)])
    shape = [size * number for size, number in zip(array.shape, times, strict=True)]
    return np.broadcast_to(items, spread).reshape(shape)


@overload
def reshape_nd(data_or_shape: tuple[int, ...], ndim: int, /) -> tuple[int, ...]: ...
@overload
def reshape_nd(data_or_shape: NDArray[Any], ndim: int, /) -> NDArray[Any]: ...
def reshape_nd(
    data_or_shape: tuple[int, ...] | NDArray[Any], ndim: int, /
) -> tuple[int, ...] | NDArray[Any]:
    """Return an array or a shape with axes of length 1 put in front.

    Parameters:
        data_or_shape: Array, or shape.
        ndim: Number of axes at least.

    Example:
        >>> reshape_nd((31, 33), 3), reshape_nd((4, 31, 33), 2)
        ((1, 31, 33), (4, 31, 33))
    """
    if isinstance(data_or_shape, tuple):
        return (1,) * (ndim - len(data_or_shape)) + data_or_shape
    return data_or_shape.reshape(reshape_nd(data_or_shape.shape, ndim))
