"""Values and bytes as text for people, bounded in height and width.

Knows Python and NumPy values; no files.
"""

from __future__ import annotations

import pprint
from collections.abc import Sequence
from typing import Any

__all__ = ['hexdump', 'pformat']


def hexdump(
    data: bytes,
    /,
    *,
    width: int = 75,
    height: int = 24,
    snipat: float = 0.75,
    modulo: int = 2,
    ellipsis: str | None = None,
) -> str:
    """Return bytes as hexadecimal numbers and characters.

    Parameters:
        data: The bytes.
        width: Characters of a line at most.
        height: Lines at most; those in between are left out.
        snipat: Share of the lines before what is left out.
        modulo: Bytes of a line are a multiple of this.
        ellipsis: Line in place of what is left out, default three centred dots.

    Example:
        >>> print(hexdump(b'II*' + bytes(5), width=30))
        0: 49 49 2a 00 00 00 II*...
        6: 00 00             ..
        >>> hexdump(b'abc')
        '61 62 63 abc'
    """
    data = bytes(data)
    if not data or height < 1:
        return ''
    digits = len(f'{len(data):x}')
    single = max(1, width // 4)
    if (
        height == 1
        or len(data) <= min(single, max(1, modulo))
        or 4 * len(data) < width - digits - 2
    ):
        line = data[:single]
        return f'{line.hex(" ")} {_characters(line)}'
    step = max(1, (width - digits - 2) // 4)
    step = max(modulo, step - step % modulo) if modulo > 1 else step
    starts: list[int | None] = list(range(0, len(data), step))
    starts = _snipped(starts, height, snipat, None)
    middle = ellipsis if ellipsis is not None else '...'.center(digits + 2 + 4 * step).rstrip()
    return '\n'.join(
        middle
        if start is None
        else f'{start:0{digits}x}: {data[start : start + step].hex(" "):<{3 * step - 1}}'
        f' {_characters(data[start : start + step])}'
        for start in starts
    )


def _characters(data: bytes) -> str:
    return ''.join(chr(byte) if 32 <= byte < 127 else '.' for byte in data)


def _snipped(lines: Sequence[Any], height: int, snipat: float, mark: Any) -> list[Any]:
    """Return no more than so many items, with a mark for those left out."""
    if len(lines) <= height:
        return list(lines)
    if height < 3:
        return list(lines[:height])
    head = min(height - 1, max(1, int(height * snipat)))
    tail = height - 1 - head
    return [*lines[:head], mark, *(lines[-tail:] if tail else ())]


def pformat(
    arg: Any,
    /,
    *,
    height: int | None = 24,
    width: int | None = 79,
    linewidth: int | None = 288,
    compact: bool = True,
) -> str:
    """Return any value as text.

    Parameters:
        arg: Text, bytes, array, record, mapping, or anything with a ``repr``.
        height: Lines at most; those in between are left out.
        width: Width at which nested values are broken into lines.
        linewidth: Characters of a line at most.
        compact: Whether to put several items on a line.

    Example:
        >>> print(pformat({'b': 1, 'a': 'x' * 9}, width=12))
        {'b': 1,
         'a': 'xxxxxxxxx'}
        >>> pformat('a\\nb\\nc\\nd', height=3).splitlines()
        ['a', '...', 'd']
    """
    import numpy as np

    height = max(1, height or 24)
    width = width or 79
    linewidth = linewidth or 288
    if isinstance(arg, bytes | bytearray | memoryview):
        data = bytes(arg)
        if not data or any((byte < 32 and byte not in b'\t\n\r') or byte > 126 for byte in data):
            return hexdump(data, width=min(width, linewidth), height=height)
        arg = data.decode('ascii')
    if isinstance(arg, str):
        text = arg.replace('><', '>\n<') if arg[:5] == '<?xml' else arg
    elif isinstance(arg, np.ndarray | np.generic):
        with np.printoptions(threshold=100, linewidth=width):
            text = repr(arg)
    else:
        value = arg.asdict() if hasattr(arg, 'asdict') else arg
        text = pprint.pformat(value, width=width, compact=compact, sort_dicts=False)
    lines = text.split('\n') if height == 1 else text.splitlines()
    if height == 1:
        return ' '.join(text.split())[:linewidth]
    return '\n'.join(line[:linewidth] for line in _snipped(lines, height, 0.5, '...'))
