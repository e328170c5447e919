"""Structs of files that are not mapped: what is read is all of them, or an error."""

from __future__ import annotations

import io

import pytest

from tiffschema.compiler.library import Schema, schema_of
from tiffschema.errors import LimitError
from tiffschema.runtime.reached import reached
from tiffschema.runtime.source import open_source

SIZE = 20000  # more than is read ahead at first


def counted(number: int) -> tuple[Schema, bytes]:
    """Return a struct of counted fields one behind the other, and its bytes."""
    fields = ''.join(f'      s{i}: u32\n      d{i}: "bytes[s{i}]"\n' for i in range(number))
    schema = schema_of(
        f'schema: user/counted\nendian: little\nstructs:\n  all:\n    fields:\n{fields}'
    )
    values = {f'd{i}': bytes([i % 255 + 1]) * SIZE for i in range(number)}
    return schema, bytes(schema.struct('all').build(values).data)


@pytest.mark.parametrize('number', [3, 40, 90, 300])
def test_counts_behind_counts_are_followed_to_the_end(number: int) -> None:
    schema, data = counted(number)
    source = open_source(io.BytesIO(data))
    assert source.whole() is None
    buffer = reached(source, schema.struct('all'), 0, byteorder='<')
    record = schema.struct('all').parse(buffer, 0, byteorder='<')
    assert [getattr(record, f's{i}') for i in range(number)] == [SIZE] * number
    assert all(getattr(record, f'd{i}')[-1] == i % 255 + 1 for i in range(number))


def test_what_has_no_end_in_sight_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('tiffschema.runtime.reached._MOST_AHEAD', 1)
    schema, data = counted(90)
    with pytest.raises(LimitError, match='further bytes'):
        reached(open_source(io.BytesIO(data)), schema.struct('all'), 0, byteorder='<')
