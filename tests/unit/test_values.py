"""Immutable classes with named fields."""

from __future__ import annotations

import inspect
import pickle

import pytest

from tiffschema.limits import Limits
from tiffschema.model.geometry import Geometry
from tiffschema.model.tiffformat import TiffFormat
from tiffschema.values import derived, fields, replace, value


@value
class Box:
    """Two sizes and their product."""

    width: int
    length: int = 2
    area: int = derived()

    def __post_init__(self) -> None:
        object.__setattr__(self, 'area', self.width * self.length)


def test_fields_are_given_by_place_or_name_and_compared() -> None:
    assert Box(3) == Box(3, 2) == Box(length=2, width=3) != Box(3, 3)
    assert hash(Box(3)) == hash(Box(3, 2))
    assert Box(3) != (3, 2)
    assert repr(Box(3)) == 'Box(width=3, length=2)'
    assert replace(Box(3), length=5).area == 15
    assert list(fields(Box)) == ['width', 'length']
    assert fields(Box)['length'] == 2


def test_nothing_can_be_changed_or_added() -> None:
    box = Box(3)
    for name in ('width', 'area', 'other'):
        with pytest.raises(AttributeError, match=name):
            setattr(box, name, 1)
    with pytest.raises(AttributeError):
        del box.width


@pytest.mark.parametrize(
    ('args', 'given', 'match'),
    [
        ((), {}, 'needs width'),
        ((1, 2, 3), {}, '3 values'),
        ((1,), {'width': 2}, 'width'),
        ((1,), {'area': 2}, 'area'),
        ((1,), {'depth': 2}, 'depth'),
    ],
)
def test_wrong_fields_are_named(args: tuple[int, ...], given: dict[str, int], match: str) -> None:
    with pytest.raises(TypeError, match=match):
        Box(*args, **given)
    with pytest.raises(TypeError, match='depth'):
        replace(Box(1), depth=1)


def test_values_travel_between_processes() -> None:
    for one in (
        Limits(tags=7), TiffFormat.of('big', '<'), replace(Geometry(4, 3), tilewidth=16),
    ):  # fmt: skip
        copy = pickle.loads(pickle.dumps(one))
        assert copy == one
        assert type(copy) is type(one)
    assert pickle.loads(pickle.dumps(Geometry(4, 3))).shape == (3, 4)


def test_the_signature_is_that_of_the_fields() -> None:
    assert str(inspect.signature(Box)) == '(width, length=2)'
    assert str(inspect.signature(TiffFormat)).startswith('(*, version, byteorder')
    with pytest.raises(TypeError, match='1 values'):
        TiffFormat(42)
    assert 'directories=16777216' in str(inspect.signature(Limits))
