"""Grids of equal chunks that cover an array; knows shapes, nothing of what chunks hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TypeAlias

__all__ = ['ChunkGrid', 'Index']

Index: TypeAlias = tuple[int, ...]


class ChunkGrid:
    """What is cut into equal chunks.

    Attributes:
        shape: Of the whole array.
        chunkshape: Of each chunk; the last ones may reach beyond the array.
        grid: Number of chunks along each axis.
    """

    shape: Index
    chunkshape: Index
    grid: Index

    def cut(self) -> Index:
        """Return the number of chunks along each axis."""
        return tuple(
            -(-size // chunk) for size, chunk in zip(self.shape, self.chunkshape, strict=True)
        )

    def indices(self) -> Iterator[Index]:
        """Yield the index of each chunk."""
        return itertools.product(*(range(count) for count in self.grid))

    def holds(self, index: Index) -> bool:
        """Return whether there is such a chunk."""
        return len(index) == len(self.grid) and all(
            0 <= place < count for place, count in zip(index, self.grid, strict=True)
        )
