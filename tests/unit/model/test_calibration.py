"""Declared sizes of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tiffschema.errors import SchemaError
from tiffschema.model import catalog
from tiffschema.model.calibration import calibration_kinds, calibration_rule, parse_calibration


def rule(axes: dict[str, Any]) -> Any:
    return parse_calibration(catalog.SchemaView('user/x', {}), {'x': axes})['x']


def test_places_are_asked_in_order() -> None:
    found = rule(
        {
            'X': [{'step': ['a', 1], 'unit': ['a', 2]}, {'step': 'b', 'unit': 'm'}],
            'Y': {'values': ['c', 'd'], 'unit': ['c', 'u']},
            'Z': {'step': 'b', 'unit': 's', 'spatial': False},
        }
    )
    sizes = {'X': 5, 'Y': 3, 'Z': 4}
    metadata: dict[str, Any] = {'a': ('Size', 1.5, 'nm'), 'b': 2, 'c': {'d': [1, 2, 4], 'u': ' '}}
    coords, units = found(metadata, sizes)
    assert (coords['X'], units) == ((0.0, 1.5), {'X': 'nm', 'Z': 's'})
    assert coords['Y'].tolist() == [1, 2, 4]
    assert coords['Z'].tolist() == [0, 2, 4, 6]
    assert found({'a': ('Size',), 'b': 2}, sizes)[0]['X'] == (0.0, 2.0)


@pytest.mark.parametrize('value', [0, -1, float('nan'), float('inf'), 'x', None, True, 10**400])
def test_what_is_no_size_is_passed_over(value: Any) -> None:
    assert rule({'X': {'step': 'a', 'unit': 'm'}})({'a': value}, {'X': 5}) == ({}, {})
    assert rule({'X': {'step': ['a', 'b'], 'unit': 'm'}})({'a': value}, {'X': 5}) == ({}, {})


def test_coordinates_must_be_as_many_as_pixels() -> None:
    made = rule({'X': {'values': 'a'}})
    assert made({'a': np.arange(4)}, {'X': 5}) == ({}, {})
    assert made({'a': ['a'] * 5}, {'X': 5}) == ({}, {})
    assert made({'a': [1, [2, 3]]}, {'X': 2}) == ({}, {})


@pytest.mark.parametrize(
    'axes',
    [3, {'X': 3}, {'X': {}}, {'X': {'step': 'a', 'values': 'b'}}, {'X': {'step': []}},
     {'X': {'step': [1.5]}}, {'X': {'step': 'a', 'other': 1}}],
    ids=str,
)  # fmt: skip
def test_wrong_declarations_are_refused(axes: Any) -> None:
    with pytest.raises(SchemaError):
        rule(axes)


def test_kinds_with_calibration() -> None:
    assert {'fei', 'sem', 'pilatus'} <= set(calibration_kinds())
    assert calibration_rule('fei').name == 'fei'
    with pytest.raises(KeyError):
        calibration_rule('no such kind')
