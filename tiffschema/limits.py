"""What one file may ask for, in one visible object.

Rule: memory is taken only after a count or size from a file was compared with the bytes that are
there and with these numbers.
"""

from __future__ import annotations

from tiffschema.values import value

__all__ = ['DEFAULT_LIMITS', 'Limits']


@value
class Limits:
    """Resource bounds of one open file; every field is a largest allowed number.

    Example:
        >>> Limits(directories=10).directories
        10
    """

    pixels: int = 1 << 40
    """Pixels (width x length x depth) of one page."""

    bytes: int = 1 << 40
    """Bytes of one decoded array; lower it where memory is short."""

    ratio: int = 100_000
    """Decoded bytes per stored byte of one segment: more is a decompression bomb."""

    items: int = 1 << 26
    """Elements of one array in a structure."""

    directories: int = 1 << 24
    """Directories of one chain."""

    tags: int = 4096
    """Entries of one directory."""

    depth: int = 32
    """Nesting of structs, directories, XML elements and JSON values."""

    text: int = 256 << 20
    """Bytes of one text value."""


DEFAULT_LIMITS = Limits()
