"""Files that differ in their samples only: what was found out about one holds for all of them.

A stack of images written by one program is thousands of files with the same bytes around other
samples. If every byte outside of the samples is that of a file which was read, the file would be
read in the same way: its samples are taken from the same place, and nothing is worked out anew.
Any other file is left to those who read it properly.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from .series import TiffPageSeries

__all__ = ['AlikeFiles']

_KINDS = frozenset({'shaped', 'imagej', 'uniform', 'generic'})
"""Kinds of series that depend on the bytes of their file alone."""

_LARGEST = 1 << 20
"""Bytes of structure that are worth comparing."""


class AlikeFiles:
    """What is the same in many files of one folder.

    Parameters:
        path: Of the file that was read.
        head: Its bytes before the samples.
        tail: Its bytes behind them.
        series: The samples, in one stretch.
    """

    def __init__(self, path: str, head: bytes, tail: bytes, series: TiffPageSeries) -> None:
        self._place = _place(path)
        self._head, self._tail = head, tail
        self._shape, self._dtype = series.shape, series.dtype
        stored = series.keyframe.geometry.stored_dtype
        self._swap = stored is not None and not stored.isnative
        self._size = len(head) + series.nbytes + len(tail)

    @classmethod
    def of(cls, path: str, series: TiffPageSeries) -> AlikeFiles | None:
        """Return what files like that of a series share, None if that cannot be used."""
        source = series.parent.source
        if not (hasattr(os, 'preadv') and source.is_file and source.path and not source.start):
            return None
        if series.kind not in _KINDS or not series.is_memmappable or series.parent.faults:
            return None
        offset = series.dataoffset
        assert offset is not None
        rest = source.size - offset - series.nbytes
        if rest < 0 or offset + rest > _LARGEST:
            return None
        tail = source.view(offset + series.nbytes, rest)
        return cls(path, bytes(source.view(0, offset)), bytes(tail), series)

    def read(self, path: str, out: NDArray[Any]) -> bool:
        """Read the samples of a file if it is alike; return whether it is.

        Parameters:
            path: Of the file.
            out: Where samples go; undefined if the file is another one.

        Raises:
            OSError: The file cannot be opened.
        """
        if out.shape != self._shape or out.dtype != self._dtype or not out.flags.c_contiguous:
            return False
        if _place(path) != self._place:
            return False
        # A byte more than there should be, which must not be there.
        head, tail = bytearray(len(self._head)), bytearray(len(self._tail) + 1)
        fd = os.open(path, os.O_RDONLY | getattr(os, 'O_CLOEXEC', 0))
        try:
            count = os.preadv(fd, [head, out, tail], 0)
        finally:
            os.close(fd)
        if count != self._size or head != self._head or tail[:-1] != self._tail:
            return False
        if self._swap:
            out.byteswap(inplace=True)
        return True


def _place(path: str) -> tuple[str, str]:
    """Return folder and suffix: other files beside one, and its name, may say what it is."""
    folder, name = os.path.split(path)
    return folder, os.path.splitext(name)[1].lower()
