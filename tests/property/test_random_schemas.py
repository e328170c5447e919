"""Schemas that nobody wrote: all targets of the compiler against each other.

Each drawn schema is parsed as text, compiled in one byte order, and its values, their bytes and
damaged bytes are put through what shipped schemas are put through. Random bytes, which seldom fit,
must give the same verdict from parser and tracer, and the values that construct reads.
"""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.property.random_schemas import schema_texts
from tiffschema.compiler.library import schema_of
from tiffschema.compiler.targets.ksy import to_ksy
from tiffschema.compiler.targets.stub import to_stub
from tiffschema.errors import FormatError, UnsupportedError
from tiffschema.testing.schemas import Case, check_construct, check_drawn

pytest.importorskip('construct', reason='construct: the extra "construct" is absent')


def check_schema(text: str, order: str, draw: Any) -> None:
    """Put one drawn schema through all checks."""
    schema = schema_of(text)
    case = Case(schema, 'top', None, order)
    for _ in range(2):
        check_drawn(case, draw)
    check_bytes(case, draw(st.binary(max_size=40)))
    assert schema.docs()
    ast.parse(to_stub(schema))
    with suppress(UnsupportedError):  # what Kaitai Struct lacks is held by `test_targets`
        assert yaml.safe_load(to_ksy(schema, 'top', byteorder=order))


def check_bytes(case: Case, data: bytes) -> None:
    """Parser and tracer agree whether bytes are well-formed, and construct reads the same."""
    struct, order = case.handle, case.byteorder
    faults: list[FormatError] = []
    ends = [extent.kind for extent in struct.trace(data, byteorder=order)]
    try:
        struct.parse(data, byteorder=order, faults=faults)
    except FormatError:
        assert ends[-1:] == ['fault'], f'{case}: only the parser refuses {data.hex()}'
        return
    assert 'fault' not in ends, f'{case}: only the tracer refuses {data.hex()}'
    if not faults:
        check_construct(case, data, {})


def options(examples: int) -> Any:
    """Return settings that draw the same each time."""
    return settings(
        max_examples=examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip


@options(40)
@given(schema_texts(), st.sampled_from('<>'), st.data())
def test_drawn_schemas(text: str, order: str, data: Any) -> None:
    check_schema(text, order, data.draw)


@pytest.mark.long
@options(2000)
@given(schema_texts(), st.sampled_from('<>'), st.data())
def test_drawn_schemas_long(text: str, order: str, data: Any) -> None:
    check_schema(text, order, data.draw)
