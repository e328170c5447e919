"""Frames of series whose order is not that of one chain: from several files, or of children.

Knows files by what opens them and pages by their index; knows no format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.runtime.seriespages import PageSelection

__all__ = ['ChildPages', 'FileSetPages', 'frames_of', 'levels_of']

_LOWEST_OFFSET = 8


class FileSetPages(Sequence[Any]):
    """Pages of several files in the order of a series; they are made when they are indexed.

    Parameters:
        files: The files; None for those that cannot be opened.
        numbers: Index into `files` for each frame, -1 where there is none.
        indices: Index of the page in its file.
    """

    def __init__(
        self, files: Sequence[Any], numbers: NDArray[np.intp], indices: NDArray[np.intp]
    ) -> None:
        self.files = files
        self.numbers = numbers
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return FileSetPages(self.files, self.numbers[key], self.indices[key])
        number = int(self.numbers[key])
        if number < 0:
            return None
        return self.files[number].pages[int(self.indices[key])]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


class ChildPages(Sequence[Any]):
    """The children of one rank of many pages, None where a page has none.

    Parameters:
        pages: The pages, None for missing ones.
        rank: Position among the children of each page.
    """

    def __init__(self, pages: Sequence[Any], rank: int) -> None:
        self._pages = pages
        self._rank = rank

    def __len__(self) -> int:
        return len(self._pages)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self[index] for index in range(*key.indices(len(self)))]
        page = self._pages[key]
        if page is None:
            return None
        offsets = page.subifds or ()
        if self._rank >= len(offsets) or offsets[self._rank] < _LOWEST_OFFSET:
            return None
        return page.aspage().pages[self._rank]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


def frames_of(
    files: Sequence[Any], numbers: NDArray[np.intp], indices: NDArray[np.intp]
) -> Sequence[Any]:
    """Return the pages of a set of files; those of one file as a selection of its chain."""
    used = np.unique(numbers[numbers >= 0])
    if len(used) == 1:
        return PageSelection(files[int(used[0])].pages, np.where(numbers < 0, -1, indices))
    return FileSetPages(files, numbers, indices)


def levels_of(pages: Sequence[Any], make: Callable[[Sequence[Any], Any], Any]) -> list[Any]:
    """Return the reduced levels that children of pages hold, largest first.

    Parameters:
        pages: Of the full size, None for missing ones.
        make: Gives the series of the children of one rank and the first of them.
    """
    first = next((page for page in pages if page is not None), None)
    count = len(first.subifds or ()) if first is not None else 0
    found = []
    for rank in range(count):
        children = ChildPages(pages, rank)
        child = next((page for page in children if page is not None), None)
        if child is None:
            break
        found.append(make(children, child))
    return found
