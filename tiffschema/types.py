"""Types that several floors speak of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from .errors import FormatError

__all__ = ['Buffer', 'ByteOrder', 'FaultSink', 'Faults', 'normalize_byteorder']

ByteOrder: TypeAlias = Literal['<', '>']
Buffer: TypeAlias = bytes | bytearray | memoryview
FaultSink: TypeAlias = Callable[[FormatError], None]


class Faults(Protocol):
    """Where recoverable faults of data are recorded; a plain list is one."""

    def append(self, fault: FormatError, /) -> None:
        """Record one fault."""


_BYTEORDERS: dict[str, ByteOrder] = {
    '<': '<',
    '>': '>',
    'little': '<',
    'big': '>',
    'II': '<',
    'MM': '>',
}


def normalize_byteorder(byteorder: str) -> ByteOrder:
    """Return ``'<'`` or ``'>'`` for any known spelling of a byte order.

    Raises:
        ValueError: The spelling is unknown.

    Example:
        >>> normalize_byteorder('big')
        '>'
    """
    try:
        return _BYTEORDERS[byteorder]
    except KeyError:
        raise ValueError(f"byteorder {byteorder!r} is none of '<', '>', 'little', 'big'") from None
