"""Files that differ in their samples only: what was found out about one holds for all of them.

A stack of images written by one program is thousands of files with the same bytes around other
samples. If every byte outside of the samples is that of a file which was read, the file would be
read in the same way: its samples are taken from the same place, and nothing is worked out anew.
Any other file is left to those who read it properly.

Files of a stack that are read one by one are met in the same way: `recent` knows the last one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tiffschema.model import catalog

if TYPE_CHECKING:
    from .file import TiffFile
    from .series import TiffPageSeries

__all__ = ['AlikeFiles', 'RecentFile', 'recent']

_KINDS = frozenset({'shaped', 'imagej', 'uniform', 'generic'})
"""Kinds of series that depend on the bytes of their file alone."""

_LARGEST = 1 << 20
"""Bytes of structure that are worth comparing."""

_WHOLE = 16 << 20
"""Bytes of a file below which opening it takes time worth saving."""

_VAIN = 4
"""Files of one size that differ, after which they are not compared any more."""


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
        if series.parent.asked_beside:
            return None
        offset = series.dataoffset
        assert offset is not None
        rest = source.size - offset - series.nbytes
        if rest < 0 or offset + rest > _LARGEST:
            return None
        tail = source.view(offset + series.nbytes, rest)
        return cls(path, bytes(source.view(0, offset)), bytes(tail), series)

    def empty(self) -> NDArray[Any]:
        """Return an array for the samples of one file."""
        return np.empty(self._shape, self._dtype)

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


class RecentFile:
    """What the last file that was read shares with those that may follow.

    Nothing is kept before a second file of the same size in the same folder was read properly, and
    nothing any more where files of one size turn out to differ.
    """

    def __init__(self) -> None:
        catalog.watch(lambda _: self.forget())
        self.forget()

    def forget(self) -> None:
        """Forget the file."""
        self._last: tuple[str, str, int] | None = None
        self._alike: AlikeFiles | None = None
        self._vain = 0

    def read(self, path: str) -> NDArray[Any] | None:
        """Return the samples of a file that is like the last one, None of any other."""
        alike = self._alike
        if alike is None:
            return None
        out = alike.empty()
        try:
            is_alike = alike.read(path, out)
        except (OSError, ValueError):
            return None  # who reads it properly says what is wrong
        self._vain = 0 if is_alike else self._vain + 1
        return out if is_alike else None

    def remember(self, path: str, tif: TiffFile) -> None:
        """Take note of a file of which the first series was read as it is.

        Parameters:
            path: Its path, as it was given.
            tif: The file, still open.
        """
        key = *_place(path), tif.source.size
        known, self._last, self._alike = self._last, key, None
        if key != known:
            self._vain = 0
        elif self._vain < _VAIN and key[-1] <= _WHOLE and tif.series:
            self._alike = AlikeFiles.of(path, tif.series[0])


recent: Final = RecentFile()


def _place(path: str) -> tuple[str, str]:
    """Return folder and suffix: other files beside one, and its name, may say what it is."""
    folder, name = os.path.split(path)
    return folder, os.path.splitext(name)[1].lower()
