"""Texts that differ in whole numbers only."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffschema.model.text.alike import numbers_in

KEYS = ('time', 'z', 'channel')


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 10**9 - 1)] * len(KEYS)), min_size=1, max_size=40))
def test_numbers_are_those_of_a_parser(rows: list[tuple[int, ...]]) -> None:
    texts = [json.dumps(dict(zip(KEYS, row, strict=True))).encode() for row in rows]
    found = numbers_in(texts)
    assert found is not None
    assert json.loads(found[0]) == dict.fromkeys(KEYS, 0)
    np.testing.assert_array_equal(found[1], rows)


@settings(deadline=None)
@given(st.lists(st.text('0 {"a:-\n}', max_size=9).map(str.encode), min_size=1, max_size=6))
def test_what_is_found_makes_the_texts_again(texts: list[bytes]) -> None:
    found = numbers_in(texts)
    if found is None:
        return
    shared, values = found
    pieces = shared.split(b'0')
    for text, row in zip(texts, values.tolist(), strict=True):
        made = pieces[0]
        for piece, number in zip(pieces[1:], row, strict=True):
            made += str(number).encode() + piece
        assert made == text


@pytest.mark.parametrize(
    'texts',
    [
        [b'{"z": 1}', b'{"y": 1}'],
        [b'{"z": 1}', b'{"z": "a"}'],
        [b'{"z": 1, "t": 2}', b'{"t": 1, "z": 2}'],
        [b'{"z": 01}'],
        [b'{"z": 1234567890}'],
        [b'{"z": "a"}'],
        [b'7', b'7'],
        [b'{"z": 1}', b''],
        [b'a\n1', b'1'],
    ],
)
def test_others_are_left_to_a_parser(texts: list[bytes]) -> None:
    assert numbers_in(texts) is None
