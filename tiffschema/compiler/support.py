"""What generated code calls: bounds, texts, conversions, and the state of one parse or build.

Rule: a function here sees bytes and values, never a schema; errors carry the path they are given.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import BuildError, FormatError, LimitError, TruncatedError
from ..limits import DEFAULT_LIMITS, Limits
from ..types import Buffer

__all__ = ['Parse', 'bits', 'item_at', 'pow10', 'size_of']

logger = logging.getLogger('tiffschema')


class Parse:
    """State of one parse: where pointers start, what is allowed, what was wrong."""

    __slots__ = ('args', 'base', 'depth', 'extents', 'faults', 'items', 'limits', 'strict')

    def __init__(
        self, base: int = 0, limits: Limits | None = None, faults: Any = None, strict: bool = False
    ) -> None:
        self.base = base
        self.limits = limits or DEFAULT_LIMITS
        self.items = self.limits.items
        self.faults = faults
        self.strict = strict
        self.depth = self.limits.depth
        self.extents: list[tuple[int, int, str, str]] = []

    def enter(self, path: str, pos: int) -> None:
        """Go one struct deeper."""
        self.depth -= 1
        if self.depth < 0:
            raise LimitError(f'nests deeper than {self.limits.depth}', path, pos)

    def record(self, error: FormatError) -> None:
        """Keep a fault, or raise it where faults are not tolerated."""
        if self.strict:
            raise error
        if self.faults is None:
            logger.warning('%s', error)
        else:
            self.faults.append(error)


def need(count: int, pos: int, end: int, path: str) -> NoReturn:
    """Say that bytes are missing."""
    raise TruncatedError(f'needs {count} bytes, {max(0, end - pos)} are left', path, pos)


def wrong(value: Any, allowed: Any, path: str, pos: int) -> NoReturn:
    """Say that a constant is not there."""
    if isinstance(allowed, tuple) and len(allowed) == 1:
        allowed = allowed[0]
    raise FormatError(f'is {value!r}, expected {allowed!r}', path, pos)


def count_of(count: Any, size: int, pos: int, end: int, limit: int, path: str) -> int:
    """Check a count from the file against the bytes that are left and what is allowed."""
    if type(count) is not int:
        if count is None or isinstance(count, float | str):
            raise FormatError(f'{count!r} is not a count', path, pos)
        count = int(count)
    if count < 0:
        raise FormatError(f'the count {count} is negative', path, pos)
    if count > limit:
        raise LimitError(f'{count} items, at most {limit} are allowed', path, pos)
    if count * size > end - pos:
        raise TruncatedError(
            f'{count} items need {count * size} bytes, {max(0, end - pos)} are left', path, pos
        )
    return int(count)


def window(size: Any, pos: int, end: int, path: str) -> int:
    """Return the end of a window of `size` bytes."""
    if not isinstance(size, int) or size < 0:
        raise FormatError(f'the size {size!r} is not a number of bytes', path, pos)
    if size > end - pos:
        raise TruncatedError(f'needs {size} bytes, {max(0, end - pos)} are left', path, pos)
    return pos + size


def target(offset: Any, origin: int, length: int, path: str, pos: int) -> int:
    """Return the position that a pointer leads to."""
    if not isinstance(offset, int):
        raise FormatError(f'{offset!r} is not an offset', path, pos)
    place = offset + origin
    if not 0 <= place < length:
        raise FormatError(f'the offset {offset} lies outside of the data', path, pos)
    return place


def text_size(size: int, limits: Limits, path: str, pos: int) -> None:
    """Refuse texts beyond the limit."""
    if size > limits.text:
        raise LimitError(f'a text of {size} bytes, at most {limits.text} are allowed', path, pos)


def decode_text(data: bytes, encoding: str) -> str:
    """Return text up to its first NUL; undecodable bytes are replaced."""
    if encoding in ('utf-16', 'utf-16-le', 'utf-16-be'):
        return data.decode(encoding, 'replace').partition('\0')[0]
    return data.partition(b'\0')[0].decode(encoding, 'replace')


def zero_terminated(
    buf: Buffer, pos: int, end: int, encoding: str, limits: Limits, path: str
) -> tuple[str, int]:
    """Return text up to a NUL or the end of the window, and the position behind it."""
    chunk = 256
    data = b''
    stop = pos
    while stop < end:
        data = bytes(buf[pos : min(end, pos + chunk)])
        found = data.find(b'\0')
        if found >= 0:
            return data[:found].decode(encoding, 'replace'), pos + found + 1
        stop = pos + len(data)
        text_size(stop - pos, limits, path, pos)
        chunk *= 8
    return data.decode(encoding, 'replace'), end


def converted(decode: Callable[[Any], Any], value: Any, path: str, pos: int) -> Any:
    """Apply the reading half of a pair."""
    try:
        return decode(value)
    except (ValueError, OverflowError, TypeError, KeyError, RecursionError, ArithmeticError) as e:
        raise FormatError(f'cannot be converted: {e}', path, pos) from None


def stored(encode: Callable[[Any], Any], value: Any, path: str) -> Any:
    """Apply the writing half of a pair."""
    try:
        return encode(value)
    except (ValueError, OverflowError, TypeError, KeyError, RecursionError, ArithmeticError) as e:
        raise BuildError(f'cannot be stored: {e}', path) from None


def calculated(path: str, pos: int, error: Exception) -> NoReturn:
    """Say that an expression has no value for these bytes."""
    raise FormatError(f'an expression has no value: {error}', path, pos) from None


def item_at(array: Any, index: int) -> Any:
    """Return one item of an array; a missing one is no error of Python's."""
    try:
        value = array[index]
    except (IndexError, TypeError, KeyError):
        return 0
    return value.item() if hasattr(value, 'item') else value


def size_of(value: Any) -> int:
    """Return a length; nothing has none."""
    return 0 if value is None else len(value)


def bits(value: int, low: int, width: int) -> int:
    """Return `width` bits of a number from bit `low` on."""
    return (value >> low) & ((1 << width) - 1)


def pow10(exponent: int) -> float:
    """Return a power of ten within the range of floats."""
    return float(10.0 ** max(-400, min(300, exponent)))
