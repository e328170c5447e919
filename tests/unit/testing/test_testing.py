"""The public tools for tests: strategies, named damage, hex dumps, the test of a schema."""

from __future__ import annotations

import doctest
import importlib
from typing import Any

import pytest

from tiffschema.compiler.convert import CONVERSIONS
from tiffschema.compiler.library import Schema, schema_of, schemas
from tiffschema.errors import FormatError, UnsupportedError

pytest.importorskip('hypothesis', reason='hypothesis: the extra "testing" is absent')
pytest.importorskip('construct', reason='construct: the extra "construct" is absent')

from hypothesis import HealthCheck, find, given, settings

from tiffschema.testing import from_schema, hexdump, schema_cases, schema_test, unhex
from tiffschema.testing.schemas import check_examples, check_round_trip
from tiffschema.testing.strategies import FAULTS

TEXT = """schema: example/testing
endian: little
structs:
  block:
    fields:
      _magic: {type: "bytes[4]", const: BLCK}
      where: {type: u32, doc: offset of the tail}
      count: {type: u8}
      level: {type: s16, example: 77}
      rows: "u16[count]"
      tail: {type: tail, at: where, align: 4}
  tail:
    fields: {text: zstr}
"""


@pytest.fixture(scope='module')
def schema() -> Schema:
    return schema_of(TEXT, 'testing.yaml')


def quick(test: Any) -> Any:
    return settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))(test)


def test_values_build_and_bytes_parse(schema: Schema) -> None:
    block = schema.struct('block')

    @quick
    @given(from_schema(schema, 'block'), from_schema(schema, 'block', kind='bytes'))
    def holds(values: dict[str, Any], data: bytes) -> None:
        assert 'count' not in values, 'what is derived is not drawn'
        assert block.parse(bytes(block.build(values))).level == values['level']
        assert block.parse(data).tail is not None

    holds()


@pytest.mark.parametrize('fault', FAULTS)
def test_every_kind_of_damage_is_drawn_and_named(schema: Schema, fault: str) -> None:
    damaged = from_schema(schema, 'block', kind='near_valid')
    profile = settings(database=None, max_examples=5000)
    found = find(damaged, lambda data: data.fault == fault, settings=profile)
    assert fault in repr(found)
    assert 0 <= found.place <= max(len(found), 200)


def test_a_bad_magic_and_a_bad_pointer_are_where_they_say(schema: Schema) -> None:
    block = schema.struct('block')

    @quick
    @given(from_schema(schema, 'block', kind='near_valid'))
    def holds(data: Any) -> None:
        if data.fault == 'bad magic':
            assert data.place == 0
            with pytest.raises(FormatError, match='BLCK'):
                block.parse(data)
        if data.fault == 'bad pointer':
            assert data.place == 4
        if data.fault == 'bad count':
            assert data.place == 8

    holds()


def test_boundaries_and_examples_are_mixed_in(schema: Schema) -> None:
    values = from_schema(schema, 'block')
    for wanted in (77, 32767, -32768, 0):
        found = find(
            values, lambda drawn, wanted=wanted: drawn['level'] == wanted,
            settings=settings(database=None, max_examples=5000),
        )  # fmt: skip
        assert found['level'] == wanted


def test_wrong_kinds_and_names_are_told(schema: Schema) -> None:
    with pytest.raises(ValueError, match='near_valid'):
        from_schema(schema, 'block', kind='other')  # type: ignore[arg-type]
    with pytest.raises(KeyError, match='block'):
        from_schema(schema, 'absent')
    with pytest.raises(KeyError, match='tiff/ifd'):
        from_schema('tiff/idf', 'ifd')


def test_a_hex_dump_has_offset_bytes_path_and_value(schema: Schema) -> None:
    block = schema.struct('block')
    data = bytes(block.build({'level': -2, 'rows': [1, 2], 'tail': {'text': 'hello'}}))
    assert hexdump(block, data).splitlines() == [
        '00000000  42 4c 43 4b              _magic',
        '00000004  10 00 00 00              where  16',
        '00000008  02                       count  2',
        '00000009  fe ff                    level  -2',
        '0000000b  01 00 02 00              rows  uint16[2]',
        '0000000f  00                       (padding)',
        "00000010  68 65 6c 6c 6f 00        tail.text  'hello'",
    ]


def test_a_hex_dump_ends_with_the_fault(schema: Schema) -> None:
    lines = hexdump(schema.struct('block'), b'BLCK\x10\0\0\0').splitlines()
    assert lines[-1].startswith('0000000')
    assert '!!' in lines[-1]


def test_a_hex_dump_cuts_long_fields() -> None:
    values = schemas['tiff/values'].struct('u8')
    shown = hexdump(values, bytes(100), byteorder='<', args={'count': 100})
    assert '68 more bytes' in shown
    assert shown.count('\n') < 8


def test_unhex_ignores_blanks() -> None:
    assert unhex('01 02\n 03') == b'\1\2\3'


def test_the_test_of_a_schema_fails_where_the_schema_is_not_both_ways() -> None:
    # The stored number loses what a factor of 1000 rounds away, and the example is not a multiple.
    wrong = schema_of(
        'schema: example/wrong\nendian: little\nstructs:\n  s:\n    fields:\n'
        '      x: {type: u16, scale: 1000.0, example: 1500.0}\n'
    )
    (case,) = schema_cases([wrong])
    with pytest.raises(AssertionError, match=r'example/wrong\.s'):
        check_examples(case)


def test_the_round_trip_check_sees_what_was_given(schema: Schema) -> None:
    case = next(case for case in schema_cases([schema]) if case.struct == 'tail')
    data, args = check_round_trip(case, {'text': 'x'}, {})
    assert (data, args) == (b'x\0', {})


def test_a_user_gets_one_parametrised_test(schema: Schema) -> None:
    test = schema_test(schema, max_examples=5)
    (mark,) = test.pytestmark  # type: ignore[attr-defined]
    assert mark.name == 'parametrize'
    assert [str(case) for case in mark.args[1]] == [
        'example/testing.block<',
        'example/testing.tail<',
    ]
    for case in mark.args[1]:
        test(case)


def test_conversions_without_known_values_need_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONVERSIONS, 'shouted', (str.upper, str.lower))
    text = (
        'schema: example/xml\nendian: little\nstructs:\n  s:\n    fields:\n'
        '      n: u16\n      x: {type: "str[n]", convert: shouted}\n'
    )
    with pytest.raises(UnsupportedError, match='give the field an example'):
        find(from_schema(schema_of(text), 's'), lambda _: True, settings=settings(database=None))


@pytest.mark.parametrize(
    'module',
    [
        'tiffschema.compiler.evaluate',
        'tiffschema.compiler.targets.describe',
        'tiffschema.compiler.targets.ksy',
        'tiffschema.compiler.targets.stub',
        'tiffschema.testing',
        'tiffschema.testing.hexdump',
        'tiffschema.testing.schemas',
        'tiffschema.testing.strategies',
    ],
)
def test_examples_of_docstrings(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0
    assert found.attempted > 0
