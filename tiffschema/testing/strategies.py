"""Hypothesis strategies from schemas: values, valid bytes, and bytes with one named fault.

Rule: strategies draw from the declaration alone, so every schema has them, registered ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from tiffschema.compiler.library import Schema
from tiffschema.compiler.targets.derived import derived_names
from tiffschema.compiler.targets.describe import visible
from tiffschema.compiler.targets.strategy import arguments, struct_values
from tiffschema.model.sections import schemas
from tiffschema.testing.files import DrawnFile, DrawnImage, files
from tiffschema.testing.nearvalid import NearValid

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from tiffschema.compiler.library import Struct

__all__ = [
    'FAULTS', 'DrawnFile', 'DrawnImage', 'NearValid', 'files', 'from_schema', 'near_valid',
]  # fmt: skip

Kind = Literal['values', 'bytes', 'near_valid']

FAULTS = (
    'cut', 'bit flip', 'huge word', 'grown', 'shifted', 'zeroed', 'bad magic', 'bad pointer',
    'bad count',
)  # fmt: skip
"""Kinds of damage; the last three need a field of that role."""


def from_schema(
    schema_or_id: Schema | str,
    struct: str,
    *,
    byteorder: str = '<',
    kind: Kind = 'values',
    variant: str | None = None,
    args: Mapping[str, Any] | None = None,
) -> SearchStrategy[Any]:
    """Return a strategy for one struct of a schema.

    Parameters:
        schema_or_id: A schema, or the id of one.
        struct: Name of the struct.
        byteorder: ``'<'`` or ``'>'``; of no effect where the schema fixes it.
        kind: ``values`` are mappings that build; ``bytes`` what they build to; ``near_valid`` such
            bytes with one fault, as `NearValid`.
        variant: Name of a variant, the first if None.
        args: Values of the struct's arguments; drawn where they are missing.

    Raises:
        KeyError: There is no such schema, struct or variant.
        UnsupportedError: A field has a conversion whose values are unknown, and no ``example:``.

    Example:
        >>> from hypothesis import given, settings
        >>> @given(from_schema('tiff/ifd', 'link', kind='bytes'))
        ... @settings(max_examples=5, database=None)
        ... def test_size(data):
        ...     assert len(data) == 4
        >>> test_size()
    """
    if kind not in ('values', 'bytes', 'near_valid'):
        raise ValueError(f"kind {kind!r} is none of 'values', 'bytes', 'near_valid'")
    schema = schemas[schema_or_id] if isinstance(schema_or_id, str) else schema_or_id
    handle = schema.struct(struct, variant)
    definition = visible(schema, variant)
    given = dict(args or {})

    def with_args(drawn: Mapping[str, Any]) -> SearchStrategy[Any]:
        every = {**drawn, **given}
        values = struct_values(definition, struct, every)
        if kind == 'values':
            return values

        def built(value: Any) -> bytes:
            return bytes(handle.build(value, byteorder=byteorder, args=every))

        data = values.map(built)
        if kind == 'bytes':
            return data
        return data.flatmap(
            lambda valid: near_valid(handle, valid, byteorder=byteorder, args=every)
        )

    return arguments(definition, struct).flatmap(with_args)


def near_valid(
    struct: Struct, data: bytes, *, byteorder: str = '<', args: Mapping[str, Any] | None = None
) -> SearchStrategy[NearValid]:
    """Return a strategy that puts one fault into valid bytes.

    Parameters:
        struct: The struct that they hold.
        data: Valid bytes.
        byteorder: Of the data.
        args: Arguments of the struct.
    """
    from hypothesis import strategies as st

    places = _places(struct, data, byteorder, args or {})

    @st.composite
    def damaged(draw: Callable[[Any], Any]) -> NearValid:
        known = [name for name in FAULTS if name not in places or places[name]]
        fault = draw(st.sampled_from(known))
        if fault in places:
            start, stop = draw(st.sampled_from(places[fault]))
            return _worded(draw, data, fault, start, stop)
        return _damaged(draw, data, fault)

    return damaged()


def _damaged(draw: Callable[[Any], Any], data: bytes, fault: str) -> NearValid:
    """Damage bytes whatever they mean."""
    from hypothesis import strategies as st

    place = draw(st.integers(0, max(0, len(data) - 1)))
    if fault == 'cut':
        return NearValid(data[:place], fault, place)
    if fault == 'grown':
        more = draw(st.binary(min_size=1, max_size=16))
        return NearValid(data + more, fault, len(data))
    if fault == 'shifted':
        more = draw(st.binary(min_size=1, max_size=4))
        return NearValid(data[:place] + more + data[place:], fault, place)
    if not data:
        return NearValid(b'\xff', 'grown', 0)
    changed = bytearray(data)
    if fault == 'bit flip':
        changed[place] ^= 1 << draw(st.integers(0, 7))
    elif fault == 'zeroed':
        stop = min(len(data), place + draw(st.integers(1, 8)))
        changed[place:stop] = bytes(stop - place)
    else:
        size = draw(st.sampled_from((1, 2, 4, 8)))
        place -= place % size
        stop = min(len(data), place + size)
        changed[place:stop] = b'\xff' * (stop - place)
    return NearValid(bytes(changed), fault, place)


def _worded(
    draw: Callable[[Any], Any], data: bytes, fault: str, start: int, stop: int
) -> NearValid:
    """Put a wrong value into one field: offsets and counts at and beyond what is there."""
    from hypothesis import strategies as st

    size, length = stop - start, len(data)
    changed = bytearray(data)
    if fault == 'bad magic' or size not in (1, 2, 4, 8):
        wrong = draw(st.binary(min_size=size, max_size=size))
        changed[start:stop] = wrong if wrong != data[start:stop] else bytes(b ^ 0x5A for b in wrong)
        return NearValid(bytes(changed), fault, start)
    top = (1 << 8 * size) - 1
    edges = (0, 1, start, length - 1, length, length + 1, top, top >> 1, (top >> 1) + 1, top // 8)
    value = draw(st.sampled_from(edges) | st.integers(0, top)) & top
    order: Literal['little', 'big'] = draw(st.sampled_from(('little', 'big')))
    changed[start:stop] = value.to_bytes(size, order)
    return NearValid(bytes(changed), fault, start)


def _places(
    struct: Struct, data: bytes, byteorder: str, args: Mapping[str, Any]
) -> dict[str, list[tuple[int, int]]]:
    """Return where constants, pointers and counts lie, by the fault that is for them."""
    roles: dict[str, str] = {}
    definition = visible(struct.schema, struct.variant)
    for declared in definition.structs.values():
        for field in declared.fields:
            if field.const:
                roles[field.name] = 'bad magic'
        for name, why in derived_names(declared).items():
            roles[name] = 'bad pointer' if why.role == 'pointer' else 'bad count'
    found: dict[str, list[tuple[int, int]]] = {'bad magic': [], 'bad pointer': [], 'bad count': []}
    for extent in struct.trace(data, byteorder=byteorder, args=args):
        name = extent.path.rpartition('.')[2]
        if name in roles and extent.stop > extent.start:
            found[roles[name]].append((extent.start, extent.stop))
    return found
