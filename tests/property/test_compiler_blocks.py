"""Damaged blocks of the worked examples: documented errors only, traces inside, honest building."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.compiler.blocks import everything, example
from tiffschema.errors import BuildError, FormatError
from tiffschema.limits import Limits

CASES = [
    (order, name, struct, variant, data, args)
    for order in '<>'
    for name, struct, variant, data, args in everything(order)
]
IDS = [f'{case[0]}-{case[1]}-{case[2]}-{i}' for i, case in enumerate(CASES)]
HUGE = [0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


@st.composite
def damaged(draw: st.DrawFn, data: bytes, order: str) -> bytes:
    """Return a block that was cut, grown, or had bits and words changed."""
    block = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(['flip', 'word', 'cut', 'grow', 'pointer']))
        place = draw(st.integers(0, max(0, len(block) - 1)))
        if kind == 'flip' and block:
            block[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == 'word':
            value = draw(st.sampled_from(HUGE))
            block[place : place + 4] = value.to_bytes(4, 'little' if order == '<' else 'big')
        elif kind == 'cut':
            del block[place:]
        elif kind == 'grow':
            block += draw(st.binary(max_size=20))
        else:
            value = draw(st.integers(0, len(block) + 4))
            place -= place % 2
            block[place : place + 4] = value.to_bytes(4, 'little' if order == '<' else 'big')
    return bytes(block)


def check_block(target: Any, data: bytes, order: str, args: dict[str, Any]) -> None:
    """Parse, trace and rebuild one block."""
    faults: list[FormatError] = []
    limits = Limits(items=1 << 20, text=1 << 20)
    try:
        record = target.parse(data, byteorder=order, args=args, faults=faults, limits=limits)
    except FormatError as error:
        faults.append(error)
        record = None
    assert all(isinstance(fault, FormatError) and fault.path for fault in faults)
    if record is None:
        return
    for extent in target.trace(data, byteorder=order, args=args, limits=limits):
        assert 0 <= extent.start <= extent.stop <= len(data), extent
    try:
        built = target.build(record, byteorder=order, args=args)
    except BuildError:
        return
    given = {**args, **{key: value for key, value in built.args.items() if value is not None}}
    again = target.parse(built.data, byteorder=order, args=given, faults=[])
    assert target.build(again, byteorder=order, args=given).data == built.data


@pytest.mark.parametrize('case', CASES, ids=IDS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_blocks(case: Any, data: st.DataObject) -> None:
    order, name, struct, variant, block, args = case
    check_block(
        example(name).struct(struct, variant), data.draw(damaged(block, order)), order, args
    )


@pytest.mark.long
@pytest.mark.parametrize('case', CASES, ids=IDS)
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_blocks_long(case: Any, data: st.DataObject) -> None:
    order, name, struct, variant, block, args = case
    check_block(
        example(name).struct(struct, variant), data.draw(damaged(block, order)), order, args
    )
