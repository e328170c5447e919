"""What generated builders call: values in, bytes out, pointers patched when blocks are laid out.

Rule: blocks lie breadth first, in the order of their pointers; those of ``base: struct`` right
behind their struct. Every refusal is a `BuildError` with the path of the value.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple, NoReturn, TypeAlias

import numpy

from ...errors import BuildError
from ..convert import to_ratio
from .record import Record

__all__ = ['Block', 'Build', 'Condition']

MAX_DEPTH = 32
NOWHERE = object()
"""Pointer to nothing: 0, but no reason for the fields before it to be there."""


PLACES = 256
"""How many places are tried for a block whose condition speaks of its offset."""


class Condition(NamedTuple):
    """What a pointer has to keep so that a reader follows it."""

    holds: Callable[[int], bool]
    text: str
    path: str

    def check(self, offset: int) -> None:
        """Refuse an offset that a reader would not follow.

        Raises:
            BuildError: It is one.
        """
        if not self.holds(offset):
            raise BuildError(f'lies at {offset}, where {self.text} does not hold', self.path)


Patch: TypeAlias = 'tuple[int, str, Condition | None]'
"""Place of a pointer into the file, its code, and what it has to keep."""


class Block:
    """Something that a pointer leads to, waiting for its place."""

    __slots__ = (
        'align', 'body', 'code', 'condition', 'from_file', 'origin', 'path', 'pointer', 'share',
        'turn',
    )  # fmt: skip

    def __init__(
        self, body: Callable[[], None], pointer: int, code: str, origin: int, from_file: bool,
        align: int, share: bool, path: str, turn: Callable[[int], int] | None = None,
        holds: Callable[[int], bool] | None = None, text: str = '',
    ) -> None:  # fmt: skip
        self.body = body
        self.pointer = pointer
        self.code = code
        self.origin = origin
        self.from_file = from_file
        self.align = align
        self.share = share
        self.path = path
        self.turn = turn
        self.condition = None if holds is None else Condition(holds, text, path)

    def stored(self, place: int) -> int:
        """Return what the pointer to a place holds."""
        offset = place - self.origin
        return offset if self.turn is None else self.turn(offset)

    def find(self, out: bytearray) -> None:
        """Let the bytes end where the block may begin.

        Raises:
            BuildError: Its condition holds nowhere near.
        """
        if self.align > 1:
            out.extend(bytes(-len(out) % self.align))
        condition = self.condition
        if condition is None:
            return
        for _ in range(PLACES):
            if condition.holds(self.stored(len(out))):
                return
            out.extend(bytes(max(self.align, 1)))
        raise BuildError(f'no place is found where {condition.text} holds', self.path)


class Build:
    """State of one build; what few structs need is made when it is asked for."""

    depth = MAX_DEPTH
    pack_error = struct.error
    zero = False
    patches: Sequence[Patch] = ()
    """Pointers into the file."""
    late: Sequence[Callable[[], None]] = ()
    """What is settled once all blocks have their place."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.queue: list[Block] = []

    @cached_property
    def args(self) -> dict[str, Any]:
        """Arguments that follow from the values."""
        return {}

    @cached_property
    def parents(self) -> list[Any]:
        """Records that are being written, outer ones first, where fields speak of them."""
        return []

    @cached_property
    def shared(self) -> dict[tuple[int, bytes], int]:
        """Blocks that others may share: alignment and bytes to place."""
        return {}

    def drain(self) -> None:
        """Lay out all waiting blocks, then settle what depends on them."""
        self.lay(self.queue)
        for settle in self.late:
            settle()

    def lay(self, blocks: list[Block]) -> None:
        """Lay out blocks; the list grows meanwhile."""
        out = self.out
        done = 0
        while done < len(blocks):
            block = blocks[done]
            done += 1
            block.find(out)
            place = len(out)
            before = (len(self.queue), len(self.patches))
            block.body()
            if block.share and before == (len(self.queue), len(self.patches)):
                key = (block.align, bytes(out[place:]))
                known = self.shared.setdefault(key, place)
                condition = block.condition
                fits = condition is None or condition.holds(block.stored(known))
                if known != place and fits:
                    del out[place:]
                    place = known
            offset = block.stored(place)
            try:
                struct.pack_into(block.code, out, block.pointer, offset)
            except struct.error:
                raise BuildError(
                    f'the offset {offset} does not fit its pointer', block.path
                ) from None
            if block.from_file:
                self.patch(block.pointer, block.code, block.condition)
        blocks.clear()

    def patch(self, place: int, code: str, condition: Condition | None = None) -> None:
        """Note a pointer into the file."""
        if not self.patches:
            self.patches = []
        self.patches.append((place, code, condition))  # type: ignore[attr-defined]

    def settle(self, function: Callable[[], None]) -> None:
        """Call a function once all blocks have their place."""
        self.late = [*self.late, function]

    def too_deep(self, path: str) -> NoReturn:
        """Say that values nest deeper than a reader would follow."""
        raise BuildError(f'nests deeper than {MAX_DEPTH}', path)

    def missing(self, path: str) -> Any:
        """Return zero where that is asked for; else refuse."""
        if self.zero:
            return 0
        raise BuildError('needs a value', path)


def record_of(values: Any, kind: type[Record], path: str, ctx: Build) -> Any:
    """Return values as a record of this kind, absent ones None."""
    if type(values) is not kind:
        if isinstance(values, Record):
            if values._path != kind._path:
                raise BuildError(f'is a record of {values._path}', path)
        elif not isinstance(values, Mapping):
            raise BuildError(f'needs a record or a mapping, not {type(values).__name__}', path)
        unknown = [key for key in values if key not in kind._fields]
        if unknown:
            raise BuildError(f'no field {unknown[0]!r}; fields are {", ".join(kind._fields)}', path)
        made = kind()
        for name in kind._fields:
            setattr(made, name, values[name] if name in values else None)  # noqa: SIM401
        dropped = getattr(values, '_dropped', ())
        if '_dropped' in kind.__slots__:
            made._dropped = dropped  # type: ignore[attr-defined]
        values = made
    lost = [name for name in getattr(values, '_dropped', ()) if getattr(values, name, None) is None]
    if lost and not ctx.zero:
        raise BuildError(
            f'{", ".join(lost)} was lost on reading; dropped="zero" writes zeros', path
        )
    return values


def bad_numbers(path: str, order: str, items: Sequence[tuple[str, str, Any]]) -> NoReturn:
    """Say which number does not fit."""
    for name, letters, value in items:
        if value is None or value == (None, None):
            raise BuildError('needs a value', f'{path}.{name}')
        try:
            struct.pack(order + letters, *(value if isinstance(value, tuple) else (value,)))
        except (struct.error, TypeError, OverflowError) as error:
            raise BuildError(f'{value!r} does not fit: {error}', f'{path}.{name}') from None
    raise BuildError('the numbers do not fit', path)


def agree(path: str, name: str, found: Sequence[tuple[str, Any]]) -> Any:
    """Return the one value that several sources give; None where none gives one."""
    known = [(source, value) for source, value in found if value is not None]
    if not known:
        return None
    if any(value != known[0][1] for _, value in known[1:]):
        told = ', '.join(f'{source} gives {value}' for source, value in known)
        raise BuildError(told, f'{path}.{name}')
    return known[0][1]


def longest(found: Sequence[int | None]) -> int | None:
    """Return the room that the longest of several texts needs; None where none is given."""
    return max((size for size in found if size is not None), default=None)


def padded(data: bytes, room: int, path: str) -> bytes:
    """Return text followed by NULs up to the room that it shares a count with."""
    if len(data) > room:
        raise BuildError(f'has {len(data)} bytes, there is room for {room}', path)
    return data.ljust(room, b'\0')


def disagree(path: str, text: str, given: bool) -> NoReturn:
    """Say that presence and condition of a field do not fit."""
    if given:
        raise BuildError(f'is given, but {text} does not hold', path)
    raise BuildError(f'needs a value, because {text} holds', path)


def const_of(value: Any, allowed: tuple[Any, ...], path: str) -> Any:
    """Return a constant: the first unless another allowed one is given."""
    if value is None:
        return allowed[0]
    if isinstance(value, str) and isinstance(allowed[0], bytes):
        value = value.encode('latin-1')
    if value not in allowed:
        raise BuildError(f'is {value!r}, expected one of {allowed!r}', path)
    return value


def text_of(value: Any, encoding: str, path: str, room: int = -1) -> bytes:
    """Return encoded text without NUL."""
    if isinstance(value, str):
        if '\0' in value:
            raise BuildError('text cannot hold a NUL', path)
        try:
            value = value.encode(encoding)
        except UnicodeEncodeError as error:
            raise BuildError(f'cannot be written as {encoding}: {error.reason}', path) from None
    return bytes_of(value, path, room)


def bytes_of(value: Any, path: str, room: int = -1) -> bytes:
    """Return bytes that fit."""
    if not isinstance(value, bytes | bytearray | memoryview):
        raise BuildError(f'needs bytes or text, not {type(value).__name__}', path)
    if 0 <= room < len(value):
        raise BuildError(f'has {len(value)} bytes, there is room for {room}', path)
    return bytes(value)


def array_of(value: Any, kind: Any, ndim: int, path: str) -> Any:
    """Return a number array of a stored type; refuses values that would change."""
    if type(value) is numpy.ndarray and value.dtype == kind and value.ndim == ndim:
        return value
    given = numpy.asarray(value)
    if given.dtype.kind == 'f' and kind.kind == 'u' and kind.itemsize == 8 and len(given):
        # NumPy makes floats of lists in which some integers are beyond int64.
        whole = numpy.asarray(value, object)
        if all(isinstance(number, int) and 0 <= number < 1 << 64 for number in whole.flat):
            given = whole.astype(numpy.uint64)
    if ndim and given.ndim != ndim:
        if given.size == 0:
            given = given.reshape((0,) * ndim)
        else:
            raise BuildError(f'has {given.ndim} dimensions, needs {ndim}', path)
    if given.dtype == kind:
        return given
    if given.dtype.kind not in 'biuf':
        raise BuildError(f'needs numbers, not {given.dtype}', path)
    with numpy.errstate(all='ignore'):
        made = given.astype(kind)
    if kind.kind in 'iu' and not numpy.array_equal(made, given):
        raise BuildError(f'values do not fit {kind}', path)
    return made


def items_bytes(value: Any, kind: Any, shape: tuple[int, ...], path: str) -> bytes:
    """Return the bytes of a number array of a declared shape; refuses values that would change."""
    if type(value) is numpy.ndarray and value.shape == shape:
        own = value.dtype
        if own is kind or own == kind:  # NumPy compares types slowly
            return value.tobytes()
    array = array_of(value, kind, len(shape), path)
    if array.shape != shape:
        raise BuildError(f'has the shape {array.shape}, needs {shape}', path)
    data: bytes = array.tobytes()
    return data


def pairs_of(value: Any, kind: Any, path: str) -> Any:
    """Return floats as rationals; pairs stay."""
    given = numpy.asarray(value)
    if given.ndim == 0:
        raise BuildError(f'needs a list of rationals, not {value!r:.40}', path)
    if given.dtype.kind == 'f':
        try:
            pairs = [to_ratio(float(x), kind.kind == 'i') for x in given.ravel()]
        except ValueError as error:
            raise BuildError(str(error), path) from None
        return numpy.array(pairs, kind).reshape(*given.shape, 2)
    return array_of(value, kind, 0, path)


def ratio_of(value: Any, signed: bool, path: str) -> tuple[int, int]:
    """Return a float or a pair as numerator and denominator."""
    if isinstance(value, tuple | list):
        return int(value[0]), int(value[1])
    try:
        return to_ratio(float(value), signed)
    except (TypeError, ValueError) as error:
        raise BuildError(str(error), path) from None


def code_of(value: Any, members: Mapping[Any, Any], path: str) -> Any:
    """Return the number of an enum member, given as member, number or name."""
    if isinstance(value, str):
        for number, member in members.items():
            if value == (member.name if isinstance(member, Enum) else member):
                return number
        if value in members:
            return value
        raise BuildError(f'{value!r} is no name of the enum', path)
    return value.value if isinstance(value, Enum) else value


def flags_word(value: Any, members: Mapping[Any, Any], path: str) -> int:
    """Return the bits of a set of names and numbers."""
    word = 0
    for item in value:
        word |= code_of(item, members, path) if not isinstance(item, int) else item
    return word


def bits_word(value: Mapping[str, int], places: Mapping[str, tuple[int, int]], path: str) -> int:
    """Return a word of sub-fields; bits without a name are under ``_``."""
    word = int(value.get('_', 0))
    for name, (low, width) in places.items():
        part = int(value.get(name, 0))
        if not 0 <= part < 1 << width:
            raise BuildError(f'{part} does not fit {width} bits', f'{path}.{name}')
        word |= part << low
    unknown = set(value) - set(places) - {'_'}
    if unknown:
        raise BuildError(f'no sub-field {sorted(unknown)[0]!r}', path)
    return word


def unscaled(value: Any, factor: float, whole: bool) -> Any:
    """Return the stored number of a scaled value."""
    if isinstance(value, numpy.ndarray):
        return numpy.rint(value / factor) if whole else value / factor
    return round(value / factor) if whole else value / factor


def items_of(value: Any, key: str, names: Mapping[Any, str]) -> list[Any]:
    """Return the records of a dict that was keyed by one of their fields."""
    if not isinstance(value, Mapping):
        return list(value)
    codes = {name: code for code, name in names.items()}
    found: list[Any] = []
    for label, item in value.items():
        code = codes.get(label, label)
        if isinstance(item, Record) and key in item:
            found.append(item)
        else:
            found.append({key: code, 'value': item})
    return found


def groups_of(
    value: Any, members: Mapping[Any, Any], listed: frozenset[Any], path: str
) -> list[tuple[Any, list[Any]]]:
    """Return (code, items) of a dict of groups; a group of one may be given bare.

    `listed` are the codes whose single items are sequences of numbers themselves.
    """
    groups = []
    for label, item in value.items():
        code = code_of(label, members, path) if isinstance(label, str | Enum) else label
        many = isinstance(item, list | tuple)
        if many and (code in listed):
            many = bool(item) and not isinstance(item[0], int | float | numpy.number)
        groups.append((code, list(item) if many else [item]))
    return groups


def marked(kind: type[Record], mark: Mapping[str, Any]) -> Any:
    """Return the record that ends a list: a value, and zeros elsewhere."""
    made = kind()
    for name in kind._fields:
        setattr(made, name, mark.get(name))
    if '_dropped' in kind.__slots__:
        made._dropped = ()  # type: ignore[attr-defined]
    return made


def fill(out: bytearray, start: int, size: Any, path: str) -> None:
    """Fill a window of known size with zeros."""
    left = size - (len(out) - start)
    if left < 0:
        raise BuildError(f'has {len(out) - start} bytes, the window has {size}', path)
    out.extend(bytes(left))


def pack_part(out: bytearray, order: str, items: Sequence[tuple[str, str, Any]], path: str) -> bool:
    """Pack fields up to the last that is given; return whether all were."""
    last = max(
        (i for i, item in enumerate(items) if item[2] is not None and item[2] is not NOWHERE),
        default=-1,
    )
    for name, letters, value in items[: last + 1]:
        if letters.endswith('x'):
            out.extend(bytes(int(letters[:-1] or 1)))
            continue
        try:
            value = 0 if value is NOWHERE else value
            values = value if isinstance(value, tuple) else (value,)
            out.extend(struct.pack(order + letters, *values))
        except (struct.error, TypeError) as error:
            what = 'needs a value' if value is None else f'{value!r} does not fit: {error}'
            raise BuildError(what, f'{path}.{name}') from None
    return last + 1 == len(items) or all(item[1].endswith('x') for item in items[last + 1 :])


Choice: TypeAlias = tuple[type[Record], Any, str, tuple[Any, ...]]
"""Record class and builder of an alternative, the field that tells it, what that can be."""


def choice_of(value: Any, choices: Sequence[Choice], path: str) -> Any:
    """Return the builder of the alternative that values belong to.

    Mappings belong to an alternative that has all of their fields; where several have, the constant
    decides if it is given.
    """
    if isinstance(value, Record):
        fitting = [choice for choice in choices if value._path == choice[0]._path]
    else:
        names = set(value)
        fitting = [choice for choice in choices if names <= set(choice[0]._fields)]
    if not fitting:
        raise BuildError(f'fits none of {[choice[0]._path for choice in choices]}', path)
    if len(fitting) > 1:
        for _, build, leader, constants in fitting:
            if value.get(leader) in constants:
                return build
    return fitting[0][1]


def early_end(path: str) -> NoReturn:
    """Say that an item is the end mark of its list."""
    raise BuildError('an item is the end mark of the list', path)


def unmarked(items: Any, ends: Callable[[Any], bool], path: str) -> None:
    """Check that the last item of a list, and no other, ends it."""
    found = [bool(ends(item)) for item in items]
    if not found or not found[-1] or any(found[:-1]):
        raise BuildError('the last item, and no other, must end the list', path)


def unsolvable(length: int, path: str) -> NoReturn:
    """Say that no count gives this length."""
    raise BuildError(f'the length {length} cannot be expressed by the fields that give it', path)


def no_inverse(field: str, reason: str, path: str) -> NoReturn:
    """Say why a struct can only be read."""
    raise BuildError(f'can only be read, not built: {reason}', f'{path}.{field}')


def too_long(count: int, most: int, path: str) -> NoReturn:
    """Say that a list has more items than its declaration allows."""
    raise BuildError(f'{count} items, at most {most} are allowed', path)


def no_size(path: str) -> NoReturn:
    """Say that a lost field cannot be written as zeros."""
    raise BuildError('was lost on reading, and its size with it', path)


def undeclared(value: Any, path: str) -> NoReturn:
    """Say that no case is declared for a value."""
    raise BuildError(f'nothing is declared for {value!r}', path)


def not_true(text: str, path: str) -> NoReturn:
    """Say that a check does not hold."""
    raise BuildError(f'does not hold: {text}', path)


def at_most(value: Any, most: int, path: str) -> NoReturn:
    """Say that a number is beyond what its declaration allows."""
    raise BuildError(f'is {value}, at most {most} is allowed', path)


def from_hex(value: Any) -> int:
    """Return a number given as number or hexadecimal text."""
    return int(value, 16) if isinstance(value, str) else int(value)


def zeros_or_fail(
    ctx: Build, order: str, items: Sequence[tuple[str, str, Any]], path: str
) -> bytes:
    """Return packed items, zeros for absent ones where that is asked for."""
    if not ctx.zero:
        bad_numbers(path, order, items)
    out = b''
    for name, part, value in items:
        if value is None or (isinstance(value, tuple) and None in value):
            out += bytes(struct.calcsize(order + part))
        else:
            try:
                out += struct.pack(order + part, *(value if isinstance(value, tuple) else (value,)))
            except (struct.error, TypeError):
                bad_numbers(path, order, [(name, part, value)])
    return out


def inline_or_later(
    ctx: Build, body: Callable[[], int], pointer: int, room: int, code: str, align: int,
    share: bool, path: str,
) -> None:  # fmt: skip
    """Put a small value into its pointer; queue a larger one."""
    out = ctx.out
    mark = len(out)
    waiting = len(ctx.queue)
    body()
    data = bytes(out[mark:])
    del out[mark:]
    if len(data) <= room and len(ctx.queue) == waiting:
        out[pointer : pointer + room] = data + bytes(room - len(data))
        return

    def write() -> None:
        out.extend(data)

    ctx.queue.append(Block(write, pointer, code, 0, True, align, share, path))
