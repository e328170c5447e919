"""Axes against what NumPy does to arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffschema.model.axes import (
    AXES_CODES,
    AXES_NAMES,
    axes_letters,
    axes_names,
    reshape_axes,
    squeeze_axes,
    transpose_axes,
)

LETTERS = 'XYZSITCAPRHELVQMJK'


@st.composite
def labelled(draw: st.DrawFn) -> tuple[str, tuple[int, ...]]:
    axes = draw(st.lists(st.sampled_from(LETTERS), min_size=1, max_size=6, unique=True))
    shape = draw(st.lists(st.integers(1, 4), min_size=len(axes), max_size=len(axes)).map(tuple))
    return ''.join(axes), shape


@given(labelled())
@settings(max_examples=80)
def test_squeezing_is_that_of_numpy(image: tuple[str, tuple[int, ...]]) -> None:
    axes, shape = image
    newshape, newaxes, stay = squeeze_axes(shape, axes)
    assert math.prod(newshape) == math.prod(shape)
    assert len(newaxes) == len(newshape) == sum(stay)
    assert all(size > 1 or axis in 'XY' for size, axis in zip(newshape, newaxes, strict=True)) or (
        len(newshape) == 1
    )
    assert all(axis in newaxes for axis in axes if axis in 'XY')


@given(labelled(), st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_transposing_moves_samples_with_their_axes(
    image: tuple[str, tuple[int, ...]], random: object
) -> None:
    axes, shape = image
    array = np.arange(math.prod(shape)).reshape(shape)
    wanted = list(axes + next(letter for letter in LETTERS if letter not in axes))
    random.shuffle(wanted)  # type: ignore[attr-defined]
    moved = transpose_axes(array, axes, ''.join(wanted))
    assert moved.shape == tuple(
        shape[axes.index(letter)] if letter in axes else 1 for letter in wanted
    )
    back = transpose_axes(moved, ''.join(wanted), axes)
    assert np.array_equal(back, array)


@given(labelled())
@settings(max_examples=60)
def test_axes_stay_where_the_shape_stays(image: tuple[str, tuple[int, ...]]) -> None:
    axes, shape = image
    assert reshape_axes(axes, shape, shape) == axes
    squeezed = reshape_axes(axes, shape, [size for size in shape if size != 1])
    assert squeezed == ''.join(axis for axis, size in zip(axes, shape, strict=True) if size != 1)


@pytest.mark.parametrize(
    ('axes', 'shape', 'newshape', 'expected'),
    [
        ('YXS', (219, 301, 1), (219, 301), 'YX'),
        ('IYX', (12, 219, 301), (3, 4, 219, 1, 301, 1), 'QQYQXQ'),
        ('TYX', (2, 3, 4), (1, 2, 1, 3, 4), 'QTQYX'),
        ('TYX', (2, 3, 4), (6, 4), 'QX'),
        ('TZYX', (1, 2, 3, 4), (1, 2, 3, 4), 'TZYX'),
    ],
)
def test_reshaped_axes(
    axes: str, shape: tuple[int, ...], newshape: tuple[int, ...], expected: str
) -> None:
    assert reshape_axes(axes, shape, newshape) == expected
    assert reshape_axes(tuple(axes), shape, newshape) == tuple(expected)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match='axes'):
        reshape_axes('YX', (2, 3, 4), (24,))
    with pytest.raises(ValueError, match='newshape'):
        reshape_axes('YX', (2, 3), (5,))
    with pytest.raises(ValueError, match='axes'):
        squeeze_axes((2, 3), 'YXS')
    with pytest.raises(ValueError, match='asaxes'):
        transpose_axes(np.zeros((2, 3)), 'TX', 'YX')
    with pytest.raises(ValueError, match='axes'):
        transpose_axes(np.zeros((2, 3)), 'X')


def test_names_and_letters() -> None:
    assert axes_letters(axes_names(LETTERS)) == LETTERS
    assert AXES_CODES['height'] == 'Y'
    assert AXES_NAMES['Y'] == 'height'
    assert axes_letters(['z', 'position', 'nonsense']) == 'ZRQ'
