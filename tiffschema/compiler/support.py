"""What generated code calls: bounds, texts, conversions, and the state of one parse or build.

Rule: a function here sees bytes and values, never a schema; errors carry the path they are given.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, NoReturn

import numpy

from ..errors import BuildError, FormatError, LimitError, TruncatedError, logger
from ..limits import DEFAULT_LIMITS, Limits
from ..types import Buffer, Faults

__all__ = ['Parse', 'bits', 'item_at', 'pow10', 'size_of']

NAN = math.nan
FAULTS = (FormatError, ValueError, ArithmeticError, TypeError)
"""What bad data can raise inside generated code: expressions over values of the file may divide by
zero or meet a value that is absent. `fault_of` makes a documented error of each."""


DEEPEST = 128
"""Structs in each other, whatever `Limits` say: Python's own limit must not be met before ours."""
MOST_FAULTS = 10_000
MOST_LOGGED = 20


class Parse:
    """State of one parse: where pointers start, what is allowed, what was wrong.

    What differs from the defaults is set on the object, so that making one costs next to nothing.
    """

    base = 0
    start = 0
    limits = DEFAULT_LIMITS
    items = DEFAULT_LIMITS.items
    depth = min(DEFAULT_LIMITS.depth, DEEPEST)
    work = DEFAULT_LIMITS.items // 8
    faults: Faults | None = None
    strict = False
    told = 0

    def differ(self, base: int, limits: Limits | None, faults: Faults | None, strict: bool) -> None:
        """Take what the caller of a parse asked for."""
        if base:
            self.base = base
        if limits is not None and limits is not DEFAULT_LIMITS:
            self.limits = limits
            self.items = limits.items
            self.depth = min(limits.depth, DEEPEST)
            self.work = max(limits.items // 8, 1 << 16)
        if faults is not None:
            self.faults = faults
        if strict:
            self.strict = strict

    @cached_property
    def extents(self) -> list[tuple[int, int, str, str]]:
        """Extents of fields, where they are traced."""
        return []

    reach: Callable[[int], None] = staticmethod(lambda pos: None)
    """Told where bytes will be traced, before that: they may not be in the buffer yet."""

    @cached_property
    def parents(self) -> list[Any]:
        """Records that are being read, outer ones first, where fields speak of them."""
        return []

    def too_deep(self, path: str, pos: int) -> NoReturn:
        """Say that structs nest without end."""
        raise LimitError(f'nests deeper than {min(self.limits.depth, DEEPEST)}', path, pos)

    def spend(self, count: int, path: str, pos: int) -> None:
        """Count items and jumps against the work that one parse may make.

        Pointers may lead to the same bytes again and again, so bytes alone do not bound the work.
        """
        self.work -= count
        if self.work < 0:
            raise LimitError('more items or pointers in all than one parse may follow', path, pos)

    def record(self, error: FormatError) -> None:
        """Keep a fault, or raise it where faults are not tolerated."""
        if self.strict:
            raise error
        self.told += 1
        if self.told > MOST_FAULTS:
            raise LimitError(f'more than {MOST_FAULTS} faults', error.path, error.offset)
        if self.base and error.offset >= 0:
            error = type(error)(error.message, error.path, error.offset - self.base)
        if self.faults is not None:
            self.faults.append(error)
        elif self.told <= MOST_LOGGED:
            logger().warning('%s', error)


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
    if not 0 <= place <= length:  # a value of no bytes may lie at the very end
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


def item_at(array: Any, index: int) -> Any:
    """Return one item of an array; a missing one is no error of Python's."""
    try:
        value = array[index]
    except (IndexError, TypeError, KeyError):
        return 0
    return value.item() if hasattr(value, 'item') else value


def size_of(value: Any) -> int:
    """Return a length; what is absent (and so counts as 0) has none."""
    return 0 if value is None or isinstance(value, int) else len(value)


def bits(value: int, low: int, width: int) -> int:
    """Return `width` bits of a number from bit `low` on."""
    return (value >> low) & ((1 << width) - 1)


def power(base: int, exponent: int) -> int:
    """Return a power that fits a few hundred bytes.

    Raises:
        OverflowError: It would not.
    """
    if not 0 <= exponent <= 64 or base.bit_length() * exponent > 4096:
        raise OverflowError('a power beyond bounds')
    return base**exponent  # type: ignore[no-any-return]


def shifted(value: int, count: int) -> int:
    """Return a number shifted to the left by a value of the file.

    Raises:
        OverflowError: By less than 0 or more than 64 bits.
    """
    if not 0 <= count <= 64:
        raise OverflowError(f'a shift by {count} bits')
    return value << count


def pow10(exponent: int) -> float:
    """Return a power of ten within the range of floats."""
    return float(10.0 ** max(-400, min(300, exponent)))


def fault_of(error: Exception, path: str, pos: int) -> FormatError:
    """Return the documented error for what generated code met."""
    if isinstance(error, FormatError):
        return error
    return FormatError(f'an expression has no value for these bytes: {error}', path, pos)


def unmet(text: str, path: str, pos: int) -> NoReturn:
    """Say that a check does not hold."""
    raise FormatError(f'does not hold: {text}', path, pos)


def too_large(value: int, most: int, path: str, pos: int) -> NoReturn:
    """Say that a number is beyond what its declaration allows."""
    raise FormatError(f'is {value}, at most {most} is allowed', path, pos)


def too_many(most: int, path: str, pos: int) -> NoReturn:
    """Say that a list does not end."""
    raise LimitError(f'more than {most} items', path, pos)


def stuck(path: str, pos: int) -> NoReturn:
    """Say that an item of a list without a count takes no bytes."""
    raise FormatError('an item of no bytes', path, pos)


def no_case(value: Any, path: str, pos: int) -> NoReturn:
    """Say that no case is declared for a value."""
    raise FormatError(f'nothing is declared for {value!r}', path, pos)


def size_at(sizes: Any, index: int, path: str, pos: int) -> int:
    """Return one size of a list of sizes."""
    if index >= len(sizes):
        raise FormatError(f'the size of item {index} is missing', path, pos)
    return int(sizes[index])


def extent_end(size: Any, least: int, pos: int, end: int, path: str) -> NoReturn:
    """Say that the size which a struct has of itself cannot be."""
    if size < least:
        raise FormatError(f'the size {size!r} is less than {least}', path, pos)
    raise TruncatedError(f'needs {size} bytes, {max(0, end - pos)} are left', path, pos)


def first_target(
    offsets: Sequence[Any],
    origin: int,
    buf: Buffer,
    unpack: Callable[..., tuple[Any, ...]] | None,
    place: int,
    values: tuple[Any, ...],
    path: str,
    pos: int,
) -> int:
    """Return the first of several targets where a constant fits."""
    for offset in offsets:
        if not isinstance(offset, int):
            continue
        there = offset + origin
        if not 0 <= there < len(buf):
            continue
        if unpack is None:
            return there
        try:
            found = unpack(buf, there + place)[0]
        except struct.error:
            continue
        if found in values:
            return there
    raise FormatError(f'nothing is at any of the offsets {tuple(offsets)}', path, pos)


def flags_of(value: int, names: Mapping[int, Any]) -> frozenset[Any]:
    """Return names of the bits that are set; an unknown bit is its number."""
    found: set[Any] = set()
    bit = 1
    while bit <= value:
        if value & bit:
            member = names.get(bit)
            found.add(member.name if isinstance(member, Enum) else bit)
        bit <<= 1
    return frozenset(found)


def divided(pairs: Any) -> Any:
    """Return numerators divided by denominators; n/0 is nan."""
    top, bottom = pairs[..., 0].astype(float), pairs[..., 1].astype(float)
    with numpy.errstate(divide='ignore', invalid='ignore'):
        return numpy.where(bottom != 0, top / bottom, math.nan)


def label(key: Any) -> Any:
    """Return the key under which a dict shows a value: the name of an enum member."""
    return key.name if isinstance(key, Enum) else key


def dict_of_groups(groups: Sequence[tuple[Any, list[Any]]]) -> dict[Any, Any]:
    """Return groups by key; a group of one is unwrapped."""
    merged: dict[Any, list[Any]] = {}
    for key, group in groups:
        merged.setdefault(label(key), []).extend(group)
    return {key: group[0] if len(group) == 1 else group for key, group in merged.items()}


def list_of_groups(groups: Sequence[tuple[Any, list[Any]]]) -> list[list[Any]]:
    """Return groups in order."""
    return [group for _, group in groups]


def dict_of(items: Sequence[Any], key: str, names: Mapping[Any, str]) -> dict[Any, Any]:
    """Return records by one of their fields; those with a `value` show just that."""
    found = {}
    for item in items:
        code = item[key]
        shown = item['value'] if 'value' in item else item  # noqa: SIM401 - a record has no get
        found[names.get(code, label(code))] = shown
    return found


def reach_each(offsets: Sequence[Any], origin: int, ctx: Parse) -> None:
    """Tell of the places that a pointer may lead to, before it is known to which."""
    for offset in offsets:
        if isinstance(offset, int):
            ctx.reach(offset + origin)


def trace_run(ctx: Parse, pos: int, path: str, parts: tuple[tuple[str, int, str], ...]) -> None:
    """Record the extents of fixed fields side by side."""
    for name, size, kind in parts:
        ctx.extents.append((pos, pos + size, f'{path}.{name}' if name != 'item' else path, kind))
        pos += size


def trace_inline(ctx: Parse, known: int, start: int, stop: int) -> None:
    """Call extents since `known` that lie in the pointer field itself what they are."""
    for i in range(known, len(ctx.extents)):
        first, last, path, _ = ctx.extents[i]
        if start <= first and last <= stop:
            ctx.extents[i] = (first, last, path, 'inline')


def trace_rest(ctx: Parse, pos: int, stop: int, path: str) -> None:
    """Record what a window holds beyond what was read."""
    if pos < stop:
        ctx.extents.append((pos, stop, path, 'window'))
