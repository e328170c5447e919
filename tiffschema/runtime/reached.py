"""The bytes that a struct with pointers reaches, of files that cannot be mapped.

Parsers look into one buffer, wherever pointers lead. Of a stream or a distant file of gigabytes
that buffer is memory of which only the pages are filled that tracing the struct comes to; the
others take none.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from tiffschema.errors import LimitError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.types import Buffer

from .source import Source

if TYPE_CHECKING:
    from tiffschema.compiler.library import Struct

__all__ = ['reached']

_BLOCK: Final = 1 << 12
_AHEAD: Final = 1 << 14
"""Bytes read where a pointer leads: most blocks of vendors are smaller."""

_WHOLE: Final = 1 << 16
"""Files up to this size are read at once."""

_ROUNDS: Final = 64
_PATIENCE: Final = 8
"""Rounds after which more is read than what was come to: ever more in each."""

_MOST_AHEAD: Final = 1 << 20


def reached(
    source: Source,
    struct: Struct,
    offset: int,
    end: int | None = None,
    *,
    byteorder: str | None,
    args: Mapping[str, Any] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Buffer:
    """Return a buffer as long as the file that has all bytes which a struct is made of.

    Parameters:
        source: The file.
        struct: What will be parsed, or traced.
        offset: Where it begins.
        end: Where it must end, None if it says so itself.
        byteorder, args, limits: As for `Struct.parse`; limits also bound the bytes that are read.

    Raises:
        LimitError: The struct reaches more bytes than `limits.text` in all, or bytes that lead to
            further ones without an end.
    """
    whole = source.whole()
    if whole is not None:
        return whole
    head = source.head()
    if len(head) == source.size:
        return head
    if source.size <= _WHOLE:
        return source.view(0, source.size)
    filled = _Filled(source, limits)
    stop = offset + _AHEAD if end is None else end
    filled.bring([(offset, stop)])
    for number in range(_ROUNDS):
        faults: list[Any] = []
        extents = struct.trace(
            filled.memory, offset, end, byteorder=byteorder, args=args or {}, limits=limits,
            faults=faults, reach=filled.reach,
        )  # fmt: skip
        touched = [(extent.start, extent.stop) for extent in extents if extent.kind != 'fault']
        late = number - _PATIENCE
        ahead = 0 if late < 0 else min(_AHEAD << late, _MOST_AHEAD)
        if not filled.bring(touched, ahead):
            return filled.memory
    raise LimitError(f'a block leads to further bytes {_ROUNDS} times', offset=offset)


class _Filled:
    """Memory as large as a file, with those blocks of it that were asked for."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._left = limits.text
        self._limits = limits
        self.memory = memoryview(_reserved(source.size))
        head = source.head()
        self.memory[: len(head)] = head
        self._there = set(range(len(head) // _BLOCK))

    def reach(self, position: int) -> None:
        """Read what a struct at a position most probably is made of."""
        self.bring([(position, position + 1)], _AHEAD)

    def bring(self, ranges: Iterable[tuple[int, int]], ahead: int = 0) -> bool:
        """Read ranges, and return whether some of their bytes were not there."""
        size = self._source.size
        missing: set[int] = set()
        for start, stop in ranges:
            first, last = max(0, start) // _BLOCK, (min(stop, size) - 1) // _BLOCK
            if start >= stop or first > last:
                continue
            if last - first >= self._limits.text // _BLOCK:
                raise LimitError(
                    f'{stop - start} bytes in one field, {self._limits.text} are allowed',
                    offset=start,
                )
            wanted = set(range(first, last + 1)) - self._there - missing
            if wanted and ahead:
                behind = (min(min(wanted) * _BLOCK + ahead, size) - 1) // _BLOCK
                wanted |= set(range(min(wanted), behind + 1)) - self._there
            missing |= wanted
        if not missing:
            return False
        blocks = sorted(missing)
        self._left -= len(blocks) * _BLOCK
        if self._left < 0:
            message = f'blocks of more than {self._limits.text} bytes in all'
            raise LimitError(message, offset=blocks[0] * _BLOCK)
        offsets, sizes = _stretches(blocks, size)
        for begin, view in zip(offsets, self._source.fetch(offsets, sizes), strict=True):
            self.memory[begin : begin + len(view)] = view
        self._there |= missing
        return True


def _stretches(blocks: list[int], size: int) -> tuple[list[int], list[int]]:
    """Return offsets and sizes of the runs of blocks that follow each other."""
    offsets: list[int] = []
    sizes: list[int] = []
    behind = -1
    for block in blocks:
        begin = block * _BLOCK
        length = min(_BLOCK, size - begin)
        if block == behind:
            sizes[-1] += length
        else:
            offsets.append(begin)
            sizes.append(length)
        behind = block + 1
    return offsets, sizes


def _reserved(size: int) -> mmap.mmap:
    """Return memory that costs nothing until it is written to.

    Raises:
        LimitError: There is no room for the addresses.
    """
    try:
        if hasattr(mmap, 'MAP_NORESERVE'):
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_NORESERVE
            return mmap.mmap(-1, size, flags=flags)
        return mmap.mmap(-1, size)
    except (OSError, ValueError, OverflowError) as error:
        raise LimitError(f'no addresses for {size} bytes: {error}') from None
