"""Pairs of functions between stored and shown values: times, texts, numbers.

Rule 1: a pair is (from stored, to stored); the first raises `ValueError` or `OverflowError` on bad
data, the second on values it cannot store. The generated code turns both into documented errors.
Rule 2: schemas name pairs; they never bring functions of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ['CONVERSIONS', 'TIMES', 'ratio', 'register_conversion', 'to_ratio']

Pair = tuple[Callable[[Any], Any], Callable[[Any], Any]]

_OLE = datetime(1899, 12, 30)
_UNIX = datetime(1970, 1, 1)
_FILETIME = datetime(1601, 1, 1)
_LABVIEW = datetime(1904, 1, 1)
_JULIAN_ONE = 1721424  # day number of MetaMorph for 0001-01-01, less one
_DAY_MS = 86_400_000


def _naive(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(f'needs a datetime, not {value!r}')
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _since(epoch: datetime, unit: timedelta, whole: bool = True) -> Pair:
    """Return a pair for a count of `unit` since `epoch`."""

    def decode(value: float) -> datetime:
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError('not a time')
        return epoch + unit * value

    def encode(value: Any) -> float:
        span = _naive(value) - epoch
        return span // unit if whole else span / unit

    return decode, encode


def _stk_decode(value: Sequence[int]) -> datetime | None:
    day, milliseconds = (int(part) for part in value)
    if day <= _JULIAN_ONE - 1:
        return None
    if milliseconds >= _DAY_MS:
        raise ValueError(f'{milliseconds} ms are more than a day')
    return datetime.fromordinal(day - _JULIAN_ONE) + timedelta(milliseconds=milliseconds)


def _stk_encode(value: Any) -> tuple[int, int]:
    if value is None:
        return 0, 0
    moment = _naive(value)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.toordinal() + _JULIAN_ONE, round((moment - midnight).total_seconds() * 1000)


def _exif_decode(value: str) -> datetime:
    return datetime.strptime(value.strip(), '%Y:%m:%d %H:%M:%S')


def _exif_encode(value: Any) -> str:
    return _naive(value).strftime('%Y:%m:%d %H:%M:%S')


def _tm_decode(value: Any) -> datetime:
    second = value['second'] if 'second' in value._fields else 0
    return datetime(
        1900 + value['year'], value['month'] + 1, value['day'], value['hour'], value['minute'],
        second or 0,
    )  # fmt: skip


def _tm_encode(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return {
        'year': value.year - 1900, 'month': value.month - 1, 'day': value.day,
        'hour': value.hour, 'minute': value.minute,
        **({'second': value.second} if value.second else {}),
    }  # fmt: skip


def _filetime_decode(value: int) -> datetime:
    return _FILETIME + timedelta(microseconds=value // 10)


def _filetime_encode(value: Any) -> int:
    return (_naive(value) - _FILETIME) // timedelta(microseconds=1) * 10


TIMES: Mapping[str, Pair] = {
    'ole': _since(_OLE, timedelta(days=1), whole=False),
    'unix_s': _since(_UNIX, timedelta(seconds=1)),
    'unix_ms': _since(_UNIX, timedelta(milliseconds=1)),
    'filetime': (_filetime_decode, _filetime_encode),
    'labview': _since(_LABVIEW, timedelta(seconds=1), whole=False),
    'stk_day_ms': (_stk_decode, _stk_encode),
    'exif': (_exif_decode, _exif_encode),
    'c_tm': (_tm_decode, _tm_encode),
}
"""Times by name."""


def _json_decode(value: str | bytes) -> Any:
    text = value.decode() if isinstance(value, bytes) else value
    depth = deepest = 0
    for char in text:
        if char in '[{':
            depth += 1
            deepest = max(deepest, depth)
        elif char in ']}':
            depth -= 1
    if deepest > 500:
        raise ValueError('JSON nests deeper than 500')
    import json

    return json.loads(text)


def _json_encode(value: Any) -> str:
    import json

    return json.dumps(value, separators=(',', ':'), ensure_ascii=False)


def _utf16_decode(value: bytes) -> str:
    return value.decode('utf-16-le').partition('\0')[0]


def _utf16_encode(value: str) -> bytes:
    return value.encode('utf-16-le') + b'\0\0'


def _tuple_decode(value: Any) -> tuple[Any, ...]:
    return tuple(value.tolist())


def _tuple_encode(value: Any) -> Any:
    return value


CONVERSIONS: dict[str, Pair] = {
    'json': (_json_decode, _json_encode),
    'tuple': (_tuple_decode, _tuple_encode),
    'utf16_pairs': (_utf16_decode, _utf16_encode),
}
"""Conversions by name; a higher floor adds those that need more than bytes."""


def register_conversion(
    name: str, decode: Callable[[Any], Any], encode: Callable[[Any], Any]
) -> None:
    """Add a named pair; the first registration of a name stays.

    Raises:
        ValueError: The name is taken by another pair.
    """
    if CONVERSIONS.setdefault(name, (decode, encode)) != (decode, encode):
        raise ValueError(f'the conversion {name!r} exists')


def ratio(numerator: int, denominator: int) -> float:
    """Return a rational as float; n/0 is nan."""
    return numerator / denominator if denominator else math.nan


def to_ratio(value: float, signed: bool = False) -> tuple[int, int]:
    """Return a float as the nearest rational whose halves fit 32 bits.

    Raises:
        ValueError: No such rational is near.

    Example:
        >>> to_ratio(0.25)
        (1, 4)
    """
    from fractions import Fraction

    if isinstance(value, tuple):
        return value
    if math.isnan(value):
        return 0, 0
    limit = 0x7FFFFFFF if signed else 0xFFFFFFFF
    size = abs(value)
    if size > limit or (value < 0 and not signed):
        raise ValueError(f'{value} is beyond a rational of 32 bits')
    bound = limit if size <= 1 else max(1, int(limit / size))
    found = Fraction(value).limit_denominator(bound)
    return found.numerator, found.denominator
