"""Hypothesis strategies of single values: numbers with their boundaries, texts, times, conversions.

Rule: a value drawn here is of the shown form, and survives being stored and shown again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tiffschema.compiler.expr import Binary, BoolOp, Const, Expr, Name
from tiffschema.compiler.ir import EnumDef, Field, NumberType
from tiffschema.errors import UnsupportedError

__all__ = ['bounds', 'flag_sets', 'floats', 'integers', 'json_values', 'ratios', 'texts', 'times']

UNSUPPORTED: Mapping[str, str] = {
    'convert': 'values of this conversion are not known; give the field an example:',
}
"""What this target lacks, and why."""

_BOUNDARIES = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 1 << 31, (1 << 32) - 1, 1 << 63)


def integers(type_: NumberType, low: int | None = None, high: int | None = None) -> Any:
    """Return integers that a type holds, its boundaries among them."""
    from hypothesis import strategies as st

    least, most = type_.bounds
    least = least if low is None else max(least, low)
    most = most if high is None else min(most, high)
    edges = [n for n in (*_BOUNDARIES, -1, least, most, most - 1) if least <= n <= most]
    return st.sampled_from(sorted(set(edges))) | st.integers(least, most)


def floats(type_: NumberType) -> Any:
    """Return floats that a type holds exactly."""
    from hypothesis import strategies as st

    width: Any = 8 * type_.size
    return st.sampled_from([0.0, 1.0, -1.5, float('nan'), float('inf')]) | st.floats(
        width=width, allow_nan=False
    )


def ratios(signed: bool, as_float: bool) -> Any:
    """Return rationals: pairs, or floats that come back from a pair."""
    from hypothesis import strategies as st

    number = NumberType('s32' if signed else 'u32')
    if not as_float:
        return st.tuples(integers(number), integers(number))
    tops = st.integers(-9999 if signed else 0, 9999)
    exact = st.builds(lambda n, d: n / d, tops, st.integers(1, 9999))
    return exact | st.just(float('nan'))


def texts(encoding: str, room: int | None = None, exact: int | None = None) -> Any:
    """Return text without NUL that has at most `room` bytes in an encoding.

    Parameters:
        encoding: Name of the encoding.
        room: Bytes there are; None for no bound.
        exact: Bytes it must have.
    """
    from hypothesis import strategies as st

    if exact is not None:
        return st.text(
            st.characters(min_codepoint=33, max_codepoint=126), min_size=exact, max_size=exact
        )
    codec = 'utf-16-le' if encoding.startswith('utf-16') else encoding
    try:
        alphabet = st.characters(codec=codec, min_codepoint=1, exclude_categories=('Cs',))
    except Exception:  # noqa: BLE001  (Hypothesis says in several ways that it knows no such codec)
        alphabet = st.characters(min_codepoint=1, max_codepoint=126)
    size = 12 if room is None else min(room, 12)
    plain = st.text(alphabet, max_size=size)
    if room is None:
        return plain
    return plain.map(lambda text: _fitting(text, codec, room))


def _fitting(text: str, encoding: str, room: int) -> str:
    while len(text.encode(encoding)) > room:
        text = text[:-1]
    return text


def json_values() -> Any:
    """Return what JSON holds."""
    from hypothesis import strategies as st

    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-999, 999)
        | st.text(
            st.characters(codec='utf-8', min_codepoint=32, exclude_categories=('Cs',)), max_size=6
        )
    )
    return st.dictionaries(
        st.text('abcXYZ', max_size=4), leaves | st.lists(leaves, max_size=2), max_size=3
    )


def times(field: Field) -> Any:
    """Return moments that a kind of time can store."""
    from hypothesis import strategies as st

    whole_minutes = field.time == 'c_tm'
    step = timedelta(seconds=60 if whole_minutes else 1)
    ticks = st.integers(0, 60 * 365 * 86400 // int(step.total_seconds()))
    return ticks.map(lambda tick: datetime(1980, 1, 1) + tick * step)


def flag_sets(enum: EnumDef, type_: NumberType) -> Any:
    """Return sets of names and of bits that have none."""
    from hypothesis import strategies as st

    bits = 8 * type_.size
    single = {n: name for n, name in enum.values.items() if isinstance(n, int) and _one_bit(n)}
    items = [single.get(1 << bit, 1 << bit) for bit in range(bits)]
    return st.frozensets(st.sampled_from(items), max_size=6)


def _one_bit(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def bit_fields(parts: tuple[tuple[str, int, int], ...], type_: NumberType) -> Any:
    """Return the sub-fields of a word, bits without a name under ``_``."""
    from hypothesis import strategies as st

    named = 0
    drawn: dict[str, Any] = {}
    for name, low, width in parts:
        named |= ((1 << width) - 1) << low
        drawn[name] = st.integers(0, (1 << width) - 1)
    rest = ~named & ((1 << 8 * type_.size) - 1)
    drawn['_'] = st.integers(0, (1 << 8 * type_.size) - 1).map(lambda word: word & rest)
    return st.fixed_dictionaries(drawn)


def converted(field: Field) -> Any:
    """Return values of a conversion.

    Raises:
        UnsupportedError: The conversion is one of a higher floor, and the field has no example.
    """
    from hypothesis import strategies as st

    if field.convert == 'json':
        return json_values()
    if field.convert == 'utf16_pairs':
        return texts('utf-16')
    if field.example is not None:
        return st.just(field.example)
    raise UnsupportedError(f'{field.name}: {field.convert}: {UNSUPPORTED["convert"]}')


def bounds(check: Expr | None, name: str) -> tuple[int | None, int | None]:
    """Return the range of a name that a check of comparisons with numbers allows."""
    low: int | None = None
    high: int | None = None
    terms = check.operands if isinstance(check, BoolOp) and check.op == 'and' else (check,)
    mirrored = {'<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '=='}
    for term in terms:
        if not isinstance(term, Binary) or term.op not in mirrored:
            continue
        left, op, right = term.left, term.op, term.right
        if isinstance(left, Const):
            left, op, right = right, mirrored[op], left
        if left != Name((name,)) or not isinstance(right, Const) or isinstance(right.value, str):
            continue
        value = int(right.value)
        if op in ('<', '<=', '=='):
            limit = value - (op == '<')
            high = limit if high is None else min(high, limit)
        if op in ('>', '>=', '=='):
            limit = value + (op == '>')
            low = limit if low is None else max(low, limit)
    return low, high
