"""Frames of series whose order is not that of one chain: from several files, or of children.

Knows files by what opens them and pages by their index; knows no format.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import LimitError
from tiffschema.runtime.frame import TiffFrame
from tiffschema.runtime.frames import FrameMap
from tiffschema.runtime.segmenttable import SegmentTable
from tiffschema.runtime.seriespages import PageSelection, open_of
from tiffschema.runtime.source import Source, open_source

__all__ = [
    'ChildPages',
    'FileSetPages',
    'OffsetFrames',
    'StridedFrames',
    'frames_of',
    'levels_of',
    'sibling_bytes',
    'sibling_names',
]

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
        children = page.aspage().pages
        return children[self._rank] if self._rank < len(children) else None

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


class OffsetFrames(Sequence[Any]):
    """Frames whose samples lie in one stretch at known offsets; no directory is read.

    Parameters:
        keyframe: The page that lends its properties.
        files: The files of the set.
        numbers: Index into `files` for each frame, -1 where there is none.
        offsets: File offset of the samples of each frame.
    """

    def __init__(
        self,
        keyframe: Any,
        files: Sequence[Any],
        numbers: NDArray[np.intp],
        offsets: NDArray[np.int64],
    ) -> None:
        self._keyframe = keyframe
        self._files = files
        self._numbers = numbers
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return OffsetFrames(self._keyframe, self._files, self._numbers[key], self._offsets[key])
        number = int(self._numbers[key])
        if number < 0:
            return None
        return TiffFrame(
            self._files[number],
            int(key) % len(self),
            offset=0,
            keyframe=self._keyframe,
            dataoffsets=(int(self._offsets[key]),),
            databytecounts=(self._keyframe.nbytes,),
        )

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def frame_map(self, keyframe: Any) -> FrameMap:
        """Return where all frames lie."""
        counts = np.full((len(self), 1), keyframe.nbytes, np.int64)
        files = self._numbers if (self._numbers != 0).any() else None
        sources = [open_of(file) for file in self._files]
        return FrameMap(sources, SegmentTable(self._offsets[:, None], counts), files)


class StridedFrames(Sequence[Any]):
    """Frames of one file with the offsets and sizes of their segments; no directory is read.

    Those of frames whose place is known are read when their tags are asked for.

    Parameters:
        parent: The file.
        keyframe: The page that lends its properties, and is one of the frames.
        offsets: Of shape (frames, segments); one column for frames in one stretch.
        bytecounts: Of the same shape.
        directories: Offset of the directory of each, None if frames have none.
    """

    def __init__(
        self,
        parent: Any,
        keyframe: Any,
        offsets: NDArray[np.int64],
        bytecounts: NDArray[np.int64],
        directories: NDArray[np.int64] | None = None,
    ) -> None:
        self._parent = parent
        self._keyframe = keyframe
        self._directories = directories
        self._table = SegmentTable(
            np.ascontiguousarray(offsets, np.int64), np.ascontiguousarray(bytecounts, np.int64)
        )

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            table = self._table.take(range(*key.indices(len(self))))
            directories = None if self._directories is None else self._directories[key]
            return StridedFrames(
                self._parent, self._keyframe, table.offsets, table.bytecounts, directories
            )
        index = range(len(self))[key]
        first = int(self._table.offsets[index, 0]) == self._keyframe.dataoffsets[0]
        return self._keyframe if first else self._frame(index)

    def _frame(self, index: int) -> TiffFrame:
        return TiffFrame(
            self._parent,
            index,
            offset=0 if self._directories is None else int(self._directories[index]),
            keyframe=self._keyframe,
            dataoffsets=self._table.offsets[index].tolist(),
            databytecounts=self._table.bytecounts[index].tolist(),
        )

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def frame_map(self, keyframe: Any) -> FrameMap:
        """Return where all frames lie."""
        return FrameMap([open_of(self._parent)], self._table)


class TableFrames(PageSelection):
    """Pages of a chain whose directories do not say where their segments are.

    Parameters:
        pages: Pages of a file.
        indices: Which of them.
        offsets: Of the segments of each, shape (frames, segments).
        bytecounts: Of the same shape.
    """

    def __init__(
        self,
        pages: Any,
        indices: Sequence[int] | NDArray[Any],
        offsets: NDArray[np.int64],
        bytecounts: NDArray[np.int64],
    ) -> None:
        super().__init__(pages, indices)
        self._table = SegmentTable(offsets, bytecounts)

    def frame_map(self, keyframe: Any) -> FrameMap:
        """Return where all frames lie."""
        return FrameMap(
            [open_of(keyframe.parent)],
            self._table,
            names=lambda frame: f'pages[{int(self.indices[frame])}]',
        )


def sibling_bytes(tif: Any, name: str) -> bytes:
    """Return the bytes of a small file in the folder of a file.

    Raises:
        OSError: There is no such file.
        LimitError: It is too large.
    """
    path = os.path.join(os.path.dirname(tif.source.path), name)
    location = getattr(tif.source, 'fs', None)
    if location is not None:
        from tiffschema.runtime.source.remote import RemoteSource

        source: Source = RemoteSource(location, path)
    elif tif.source.is_file and tif.source.path:
        source = open_source(path)
    else:
        raise FileNotFoundError(f'{name}: the file is in no folder')
    try:
        if source.size > tif.limits.text:
            raise LimitError(f'{source.size} bytes, {tif.limits.text} are allowed', name)
        return bytes(source.view(0, source.size))
    finally:
        source.close()


def sibling_names(tif: Any, folder: str = '') -> list[str]:
    """Return the sorted names of what lies in the folder of a file, or in one relative to it."""
    path = os.path.join(os.path.dirname(tif.source.path), folder)
    location = getattr(tif.source, 'fs', None)
    try:
        if location is not None:
            return sorted(os.path.basename(str(each)) for each in location.ls(path, detail=False))
        if tif.source.is_file and tif.source.path:
            return sorted(os.listdir(path or '.'))
    except OSError as error:
        tif.faults.add(f'folder {path!r} cannot be listed: {error}', 'series')
    return []


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
