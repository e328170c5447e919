"""Checks that any schema can be put through, and one test function that runs them all.

Rule: a check knows declarations and bytes, no format; so a schema that a user registers is tested
like a shipped one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy

from tiffschema.compiler.library import Schema, Struct
from tiffschema.compiler.targets.derived import derived_names
from tiffschema.compiler.targets.describe import visible
from tiffschema.compiler.targets.record import Record, plain, same
from tiffschema.errors import BuildError, FormatError, UnsupportedError
from tiffschema.model.sections import schemas
from tiffschema.testing.annotations import unlike_stub
from tiffschema.testing.strategies import near_valid

__all__ = [
    'Case', 'check_construct', 'check_damaged', 'check_dtype', 'check_examples', 'check_round_trip',
    'check_stub', 'check_trace', 'schema_cases', 'schema_test',
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One struct of a schema, in one variant and byte order."""

    schema: Schema
    struct: str
    variant: str | None
    byteorder: str

    @property
    def handle(self) -> Struct:
        """The compiled struct."""
        return self.schema.struct(self.struct, self.variant)

    def __str__(self) -> str:
        """Return a name for test reports."""
        variant = f':{self.variant}' if self.variant else ''
        return f'{self.schema.id}{variant}.{self.struct}{self.byteorder}'


def schema_cases(which: Iterable[Schema | str] | None = None) -> list[Case]:
    """Return a case for each own struct, variant and byte order of schemas.

    Parameters:
        which: Schemas or ids; None for all that are known.

    Example:
        >>> [str(case) for case in schema_cases(['tiff/ifd'])][:2]
        ['tiff/ifd:classic.header<', 'tiff/ifd:classic.header>']
    """
    found = []
    for item in schemas if which is None else which:
        schema = schemas[item] if isinstance(item, str) else item
        orders = '<>' if schema.endian == 'inherit' else '<'
        for variant in schema.variants:
            for name in schema.structs:
                found += [Case(schema, name, variant, order) for order in orders]
    return found


def schema_test(*which: Schema | str, max_examples: int = 50) -> Callable[..., None]:
    """Return a parametrised test of all structs of schemas, for a user's own test file.

    Parameters:
        which: Schemas or ids; none for all that are known.
        max_examples: Examples per struct, variant and byte order.

    Example:
        >>> test_ifd = schema_test('tiff/ifd')  # pytest finds and runs it
    """
    import pytest

    cases = schema_cases(which or None)

    @pytest.mark.parametrize('case', cases, ids=str)
    def test(case: Case) -> None:
        check_examples(case)
        run_properties(case, max_examples=max_examples)

    return test


def run_properties(case: Case, *, max_examples: int = 50) -> None:
    """Draw values of a case and put them through all checks.

    Parameters:
        case: What to test.
        max_examples: How many values to draw.

    Raises:
        AssertionError: A check does not hold; the message has values and bytes.
    """
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    @settings(
        max_examples=max_examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def properties(data: Any) -> None:
        check_drawn(case, data.draw)

    properties()


def check_drawn(case: Case, draw: Callable[[Any], Any]) -> None:
    """Draw one value of a case, and damaged bytes of it, and put them through all checks.

    Parameters:
        case: What to test.
        draw: Draws from a Hypothesis strategy.

    Raises:
        AssertionError: A check does not hold; the message has values and bytes.
    """
    from tiffschema.compiler.targets.strategy import arguments, struct_values

    definition = visible(case.schema, case.variant)
    args = draw(arguments(definition, case.struct))
    values = draw(struct_values(definition, case.struct, args))
    built, args = check_round_trip(case, values, args)
    check_trace(case, built, args)
    check_stub(case, built, args)
    check_dtype(case, built, args)
    check_construct(case, built, args)
    damaged = near_valid(case.handle, built, byteorder=case.byteorder, args=args)
    check_damaged(case, draw(damaged), args)


# checks -----------------------------------------------------------------------------------------


def check_round_trip(
    case: Case, values: Mapping[str, Any], args: Mapping[str, Any]
) -> tuple[bytes, dict[str, Any]]:
    """Build, parse, build again: equal values, equal bytes. Lazy records agree with eager ones.

    Returns:
        The bytes, and the arguments with those that followed from the values.
    """
    struct, order = case.handle, case.byteorder
    built = struct.build(values, byteorder=order, args=args)
    data = bytes(built)
    every = {**args, **{name: value for name, value in built.args.items() if value is not None}}
    every = {name: every.get(name, 0) for name in struct.args}
    record = struct.parse(data, byteorder=order, args=every, strict=True)
    for name, value in values.items():
        assert _shown_as(record[name], value), (
            f'{case}.{name}: gave {value!r}, read {record[name]!r} from {data.hex()}'
        )
    again = bytes(struct.build(record, byteorder=order, args=args))
    assert again == data, f'{case}: {data.hex()} was rebuilt as {again.hex()} from {record!r}'
    lazy = struct.parse(data, byteorder=order, args=every, lazy=True)
    for name in record:
        assert same(lazy[name], record[name]), f'{case}.{name}: lazy {lazy[name]!r}'
    return data, every


def check_trace(case: Case, data: bytes, args: Mapping[str, Any]) -> None:
    """Every extent of a trace lies in the buffer, and valid bytes end without fault."""
    for extent in case.handle.trace(data, byteorder=case.byteorder, args=args):
        assert 0 <= extent.start <= extent.stop <= len(data), f'{case}: {extent} of {len(data)}'
        assert extent.kind != 'fault', f'{case}: {extent.path} in {data.hex()}'


def check_stub(case: Case, data: bytes, args: Mapping[str, Any]) -> None:
    """Values are of the types that the stub of the schema says."""
    record = case.handle.parse(data, byteorder=case.byteorder, args=args)
    unlike = list(unlike_stub(case.schema, case.variant, case.struct, record))
    assert not unlike, f'{case}: {unlike} in {data.hex()}'


def check_dtype(case: Case, data: bytes, args: Mapping[str, Any]) -> None:
    """NumPy reads the same numbers, where the layout is fixed."""
    kind = case.handle.dtype(case.byteorder)
    if kind is None or len(data) < kind.itemsize:
        return
    row = numpy.frombuffer(data, kind, 1)[0]
    record = case.handle.parse(data, byteorder=case.byteorder, args=args)
    changed = _converted_fields(case)
    for name in kind.names or ():
        if name in record and name not in changed and row[name].dtype.kind in 'iuf':
            assert same(numpy.asarray(row[name]), numpy.asarray(record[name])), f'{case}.{name}'


def check_construct(case: Case, data: bytes, args: Mapping[str, Any]) -> None:
    """`construct` reads the same values, where it can say the same."""
    from tiffschema.compiler.targets.construct_ import to_construct

    try:
        other = to_construct(
            case.schema, case.struct, byteorder=case.byteorder, variant=case.variant, args=args
        )
    except UnsupportedError:
        return
    found = other.parse(data)
    record = case.handle.parse(data, byteorder=case.byteorder, args=args)
    for name in record:
        assert _agrees(record[name], found.get(name)), (
            f'{case}.{name}: {record[name]!r}, construct has {found.get(name)!r} in {data.hex()}'
        )


def check_damaged(case: Case, data: bytes, args: Mapping[str, Any]) -> None:
    """Damaged bytes raise `FormatError`, or give a record that rebuilds equal or is refused."""
    struct, order = case.handle, case.byteorder
    for extent in struct.trace(data, byteorder=order, args=args):
        assert 0 <= extent.start <= extent.stop <= len(data) or extent.kind == 'fault', (
            f'{case}: {extent} lies outside of {len(data)} bytes: {data!r}'
        )
    faults: list[FormatError] = []
    try:
        record = struct.parse(data, byteorder=order, args=args, faults=faults)
    except FormatError:
        return
    own = {name: value for name, value in args.items() if not isinstance(value, list)}
    try:
        built = struct.build(record, byteorder=order, args=own)
    except BuildError:
        return
    every = {**args, **{name: value for name, value in built.args.items() if value is not None}}
    again = struct.parse(bytes(built), byteorder=order, args=every, faults=faults)
    declared = visible(case.schema, case.variant).structs[case.struct]
    derived = {*derived_names(declared), *(field.name for field in declared.fields if field.let)}
    for name in record:
        if name not in derived and not isinstance(record[name], Record | list | dict):
            assert same(record[name], again[name]), (
                f'{case}.{name}: {record[name]!r} was rebuilt as {again[name]!r} from {data!r}'
            )


def check_examples(case: Case) -> None:
    """Each ``example:`` of the struct and of its fields is what the schema says it is.

    A struct's example is a mapping that builds and comes back; a field's is a value of the field.
    """
    declared = visible(case.schema, case.variant).structs[case.struct]
    if declared.example is not None:
        args = dict.fromkeys(case.handle.args, 1)
        check_round_trip(case, declared.example, args)
    for field in declared.fields:
        if field.example is None or field.when is not None or case.handle.args:
            continue
        for values in _with_example(case, field.name, field.example):
            check_round_trip(case, values, {})


def _with_example(case: Case, name: str, example: Any) -> Iterator[dict[str, Any]]:
    """Yield one mapping in which a field has its example."""
    from hypothesis import HealthCheck, Phase, given, settings

    from tiffschema.compiler.targets.strategy import struct_values

    found: list[dict[str, Any]] = []

    @settings(
        max_examples=1, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(struct_values(visible(case.schema, case.variant), case.struct, {}))
    def draw(values: dict[str, Any]) -> None:
        found.append(values)

    draw()
    for values in found[:1]:
        yield {**values, name: example}


# comparisons ------------------------------------------------------------------------------------


def _shown_as(found: Any, given: Any) -> bool:
    """Whether a parsed value shows what was given; given mappings may say less."""
    found = plain(found)
    if isinstance(given, Mapping) and isinstance(found, Mapping):
        return all(key in found and _shown_as(found[key], value) for key, value in given.items())
    if isinstance(found, numpy.ndarray) and found.dtype.names:
        rows = list(given)
        return len(rows) == len(found) and all(
            _shown_as(_row(found, i), row) for i, row in enumerate(rows)
        )
    if isinstance(found, numpy.ndarray) or isinstance(given, numpy.ndarray):
        left, right = numpy.asarray(found), numpy.asarray(given)
        if right.size == 0 or left.size == 0:
            return bool(left.size == right.size)
        return bool(same(left, right.astype(left.dtype) if left.dtype.kind == 'f' else right))
    if isinstance(given, list | tuple) and isinstance(found, list | tuple):
        return len(given) == len(found) and all(map(_shown_as, found, given))
    if isinstance(given, str) and isinstance(found, bytes):
        given = given.encode('latin-1')
    if isinstance(given, float) and isinstance(found, int | float):
        return same(float(found), given) or bool(numpy.isclose(found, given, rtol=1e-12))
    return same(found, given)


def _row(table: Any, index: int) -> dict[str, Any]:
    return {name: _scalar(table[name][index]) for name in table.dtype.names}


def _scalar(value: Any) -> Any:
    if isinstance(value, numpy.datetime64):
        return value.astype('M8[us]').item()
    if isinstance(value, numpy.void) and value.dtype.names is None:
        return bytes(value)
    if isinstance(value, numpy.void):
        return {name: _scalar(value[name]) for name in value.dtype.names or ()}
    if isinstance(value, numpy.bytes_):
        return value.decode('latin-1')
    if isinstance(value, numpy.generic):
        return value.item()
    return value


def _agrees(ours: Any, other: Any) -> bool:
    """Whether construct has the same value: its lists for arrays, its containers for records."""
    if isinstance(ours, Record):
        return other is not None and all(_agrees(ours[name], other.get(name)) for name in ours)
    if isinstance(ours, numpy.ndarray) and ours.dtype.names:
        return len(ours) == len(other) and all(
            _agrees(_row(ours, i), item) for i, item in enumerate(other)
        )
    if isinstance(ours, numpy.ndarray):
        if ours.size == 0:
            return numpy.asarray(other).size == 0
        if ours.dtype.kind == 'M':
            return bool(_scalar(ours[()]) == other)
        return same(ours, numpy.asarray(other, ours.dtype))
    if isinstance(ours, Mapping) and isinstance(other, Mapping):
        return all(key in other and _agrees(value, other[key]) for key, value in ours.items())
    if isinstance(ours, list | tuple) and isinstance(other, list | tuple):
        return len(ours) == len(other) and all(map(_agrees, ours, other))
    return same(ours, other)


def _converted_fields(case: Case) -> set[str]:
    """Return fields whose shown value is not the stored number."""
    fields = visible(case.schema, case.variant).structs[case.struct].fields
    return {
        f.name
        for f in fields
        if f.scale is not None or f.time or f.convert or f.bits or f.flags or f.as_ or f.let
    }
