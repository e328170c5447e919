"""Sections `rules:` and `profiles:`: what is refused, and rules of a user's schema."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest

import tiffschema
from tiffschema.errors import SchemaError
from tiffschema.formats.validation import findings
from tiffschema.model import catalog
from tiffschema.model.rules import parse_profiles, parse_rules, profiles, rules
from tiffschema.model.sections import register_schema, schemas

ROW = {'of': 'image', 'severity': 'error', 'message': 'wrong', 'check': 'has.Artist'}
OWN = """
schema: test/house
rules:
  ZZ001: {of: image, severity: error, profiles: [house], check: has.Artist, message: "{image.width} columns and no artist"}
profiles:
  house: {doc: Rules of the house, errors: [S033]}
"""  # noqa: E501 - a row of a schema is one line


def view() -> catalog.SchemaView:
    return catalog.SchemaView('test/rules', {})


@pytest.mark.parametrize(
    ('id', 'changes', 'message'),
    [
        ('S1', {}, 'three digits'),
        ('S001', {'of': 'pixel'}, 'needs of:'),
        ('S001', {'severity': 'bad'}, 'needs severity:'),
        ('S001', {'message': None}, 'needs message:'),
        ('S001', {'python': 'tiffschema.formats.geotiff:series'}, 'one of both'),
        ('S001', {'check': 'import os'}, 'not an expression'),
        ('S001', {'when': 'open(1)'}, 'can be called'),
        ('S001', {'colour': 'red'}, "unknown keys ['colour']"),
    ],
)
def test_wrong_rules_are_refused(id: str, changes: dict[str, object], message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_rules(view(), {id: {**ROW, **changes}})
    assert message in str(caught.value)
    assert f'rules.{id}' in str(caught.value)


def test_functions_are_those_of_format_modules() -> None:
    row = {key: value for key, value in ROW.items() if key != 'check'}
    with pytest.raises(SchemaError, match='may name no other'):
        parse_rules(view(), {'S001': {**row, 'python': 'os:remove'}})
    with pytest.raises(SchemaError, match='needs a mapping'):
        parse_rules(view(), {'S001': 'has.Artist'})


@pytest.mark.parametrize('raw', [{'doc': 5}, 'text', {'doc': 'text', 'warnings': []}])
def test_wrong_profiles_are_refused(raw: object) -> None:
    with pytest.raises(SchemaError, match=r'profiles\.mine'):
        parse_profiles(view(), {'mine': raw})


@pytest.fixture
def house() -> Iterator[None]:
    register_schema(OWN)
    yield
    catalog.unregister('test/house')
    del schemas._registered['test/house']  # type: ignore[attr-defined]


@pytest.mark.usefixtures('house')
def test_a_users_schema_adds_rules() -> None:
    stream = io.BytesIO()
    tiffschema.imwrite(stream, np.zeros((4, 5), 'u1'))
    stream.seek(0)
    with tiffschema.TiffFile(stream) as tif:
        assert not [one for one in findings(tif) if one.rule == 'ZZ001']
        (found,) = [one for one in findings(tif, ['house']) if one.rule == 'ZZ001']
    assert found.message == '5 columns and no artist'
    assert found.expected == 'has.Artist'


def test_what_is_registered_is_forgotten() -> None:
    assert 'ZZ001' not in rules()
    assert 'house' not in profiles()


def test_a_fact_that_there_is_not_is_an_error_of_the_schema() -> None:
    rule = parse_rules(view(), {'S001': {**ROW, 'check': 'image.colour == 1'}})['S001']

    def value_of(name: str) -> object:
        raise SchemaError(f'there is no fact {name!r}')

    with pytest.raises(SchemaError, match='no fact'):
        rule.is_broken(value_of)
