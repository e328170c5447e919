"""Blocks whose condition speaks of their offset are laid where a reader follows it."""

from __future__ import annotations

from typing import Any

import pytest

from tiffschema.compiler.library import schema_of
from tiffschema.errors import BuildError

PLACES = """
schema: vendor/places
title: Blocks with conditions
endian: little
structs:
  inner:
    fields:
      a: {type: u16, doc: number}
  behind:
    fields:
      offset: {type: u32, doc: place}
      block: {type: inner, at: offset, when: offset >= 8, doc: behind a header}
  both:
    fields:
      first: {type: u16, doc: place}
      second: {type: u16, doc: place}
      one: {type: inner, at: first, when: first >= 8 and first < 100, share: true, doc: near}
      two: {type: inner, at: second, when: second >= 32, share: true, doc: far}
  whole:
    fields:
      offset: {type: u32, doc: place}
      block: {type: inner, at: offset, when: offset % 16 == 0 and offset > 0, doc: aligned}
  scaled:
    fields:
      offset: {type: u16, doc: place in units of 4 bytes}
      block: {type: inner, at: offset * 4, align: 4, when: offset >= 3, doc: far}
  relative:
    fields:
      offset: {type: u16, doc: place}
      block: {type: inner, at: offset, base: struct, when: offset > 6, doc: behind the struct}
  chosen:
    fields:
      least: {type: u8, doc: smallest offset}
      offset: {type: u16, doc: place}
      block: {type: inner, at: offset, when: offset >= least, doc: where that says}
  never:
    fields:
      offset: {type: u32, doc: place}
      block: {type: inner, at: offset, when: offset > 4000000000, doc: nowhere}
"""
BLOCK = {'a': 7}


@pytest.fixture(scope='module')
def schema() -> Any:
    return schema_of(PLACES)


@pytest.mark.parametrize(
    ('name', 'values', 'offset'),
    [
        ('behind', {'block': BLOCK}, 8),
        ('whole', {'block': BLOCK}, 16),
        ('scaled', {'block': BLOCK}, 3),
        ('relative', {'block': BLOCK}, 8),
        ('chosen', {'least': 20, 'block': BLOCK}, 20),
        ('chosen', {'least': 0, 'block': BLOCK}, 4),
    ],
    ids=str,
)
def test_readers_follow_what_was_built(
    schema: Any, name: str, values: dict[str, Any], offset: int
) -> None:
    struct = schema.struct(name)
    built = struct.build(values)
    read = struct.parse(bytes(built))
    assert (read.offset, read.block.a) == (offset, 7)
    assert bytes(struct.build(read)) == bytes(built)


def test_equal_blocks_share_a_place_only_where_both_are_followed(schema: Any) -> None:
    struct = schema.struct('both')
    read = struct.parse(bytes(struct.build({'one': BLOCK, 'two': BLOCK})))
    assert (read.one.a, read.two.a) == (7, 7)
    assert read.first < 32 <= read.second


def test_absent_blocks_need_no_place(schema: Any) -> None:
    for name in ('behind', 'whole', 'never'):
        data = bytes(schema.struct(name).build({}))
        assert len(data) == 4
        assert schema.struct(name).parse(data).block is None


def test_what_no_reader_would_follow_is_refused(schema: Any) -> None:
    with pytest.raises(BuildError, match=r'never\.block.*offset > 4000000000'):
        schema.struct('never').build({'block': BLOCK})
    built = schema.struct('whole').build({'block': BLOCK})
    for address in (16, 4096):
        moved = bytes(address) + built.at(address)
        assert schema.struct('whole').parse(moved, address).block.a == 7
    with pytest.raises(BuildError, match=r'whole\.block: lies at 19'):
        built.at(3)
