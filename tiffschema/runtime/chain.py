"""A chain of directories: walked lazily, never an object per page, every end with a reason.

Rule 1: a directory that was met before, lies outside the file or claims an absurd number of tags
ends the chain with a fault. Rule 2: ``chain[k]`` costs the walk to `k`, and then one directory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.compiler.linked import Stop, Walk, gather
from tiffschema.errors import FormatError, LimitError, TruncatedError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.model.directory import Directory, DirectoryCodec, directory_lists

from .faults import FaultLog

if TYPE_CHECKING:
    from .chaintable import ChainTable
    from .source import Source

__all__ = ['Chain', 'Directories']

_ALL = 1 << 62
_WINDOW = 1 << 16
_LARGEST_WINDOW = 1 << 22
_ONE_DIRECTORY = 1 << 12
_FEW = 4


class Directories:
    """Reads directories of one file by offset; what chains and trees share.

    Parameters:
        source: Bytes of the file.
        codec: Parses its directories.
        faults: Where to record what is wrong.
        limits: Bounds of the file.
    """

    def __init__(
        self,
        source: Source,
        codec: DirectoryCodec,
        faults: FaultLog,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.source = source
        self.codec = codec
        self.faults = faults
        self.limits = limits
        self.lists = directory_lists(codec, limits.tags)
        self.cut: dict[int, int] = {}
        self.incomplete: set[int] = set()
        # No sound file names more children than directories could lie in it side by side.
        self.children_left = max(1024, source.size // 4)

    def window(self, offset: int, size: int) -> tuple[memoryview, int]:
        """Return bytes that hold a range (or all up to the end of the file), and their offset."""
        source = self.source
        head = source.head()
        if offset + size <= len(head):
            return head, 0
        whole = source.whole()
        if whole is not None:
            return whole, 0
        return source.view(offset, size), offset

    def read(self, offset: int, count: int = -1) -> Directory:
        """Return the directory at an offset.

        Parameters:
            offset: Where it lies.
            count: Number of its tags, if known.

        Raises:
            FormatError: There is none.
        """
        if offset in self.cut:
            return self._cut_short(offset)
        nbytes = self.codec.directory_nbytes(count if count >= 0 else 64)
        view, start = self.window(offset, nbytes)
        if count < 0 and (start or view is self.source.head()):
            # The number of tags decides how much is needed.
            walk = Walk(offset, [], [])
            reason = self.lists.walk(view, start, walk, 1)
            if walk.counts:
                count = walk.counts[0]
            elif reason == 'outside':
                view, start = self.window(offset, self.lists.nbytes(self.limits.tags))
        return self.codec.parse(view, start, offset, limits=self.limits)

    def take(self, offsets: NDArray[np.int64], kind: np.dtype[Any], path: str) -> NDArray[Any]:
        """Return items of a type from many places of the file, of shape ``(n, *kind.shape)``.

        Raises:
            TruncatedError: An item does not lie in the file.
        """
        source = self.source
        plain = np.dtype([('item', kind)])
        whole = source.whole()
        if whole is None and len(offsets):
            head = source.head()
            if int(offsets.max()) + kind.itemsize <= len(head):
                whole = head
        if whole is not None:
            try:
                items = gather(whole, plain, offsets)
            except IndexError as error:
                raise TruncatedError(str(error), path) from None
        else:
            views = source.fetch(offsets.tolist(), [kind.itemsize] * len(offsets))
            short = [i for i, view in enumerate(views) if len(view) != kind.itemsize]
            if short:
                raise TruncatedError('the file ends', path, int(offsets[short[0]]))
            joined = memoryview(b''.join(views))
            items = np.ndarray((len(offsets),), plain, joined)
        found: NDArray[Any] = items['item']
        return found

    def rescue(self, offset: int) -> int:
        """Return how many entries are there of a directory at which the file ends, 0 if none.

        Files cut short, and writers that leave out the last link, end within a directory.
        """
        size = self.source.size
        codec = self.codec
        at = offset + codec.count_nbytes
        if offset < 8 or at + codec.entry_nbytes > size:
            return 0
        head = self.source.view(offset, codec.count_nbytes)
        (count,) = gather(head, self.lists.count, np.zeros(1, np.int64)).tolist()
        if not 0 < count <= self.limits.tags or offset + codec.directory_nbytes(count) <= size:
            return 0
        present = min(count, (size - at) // codec.entry_nbytes)
        self.cut[offset] = present
        if present < count:
            self.incomplete.add(offset)
        return int(present)

    def _cut_short(self, offset: int) -> Directory:
        codec = self.codec
        at = offset + codec.count_nbytes
        view = self.source.view(at, self.cut[offset] * codec.entry_nbytes)
        starts = np.arange(self.cut[offset], dtype=np.int64) * codec.entry_nbytes
        return Directory(codec, offset, gather(view, codec.entry_dtype, starts), 0)

    def entry(self, offset: int) -> Directory:
        """Return one entry as a directory of its own.

        Raises:
            TruncatedError: The file ends before.
        """
        codec = self.codec
        view = self.source.exactly(offset, codec.entry_nbytes, 'entry')
        table = gather(view, codec.entry_dtype, np.zeros(1, np.int64))
        return Directory(codec, offset - codec.count_nbytes, table, 0)


class Chain(Sequence[int]):
    """Offsets of the directories of a chain.

    Parameters:
        directories: Reads directories.
        first: Offset of the first one; or offsets of all, which then are no chain.
        path: Name of the chain, for faults.
        ancestors: Offsets of directories that must not occur again.

    Attributes:
        broken: Why the chain ends where it should not, once it was walked so far.
    """

    def __init__(
        self,
        directories: Directories,
        first: int | Sequence[int],
        path: str = 'pages',
        ancestors: Sequence[int] = (),
    ) -> None:
        self.directories = directories
        self.path = path
        self.broken: FormatError | None = None
        self._mutex = threading.RLock()
        self._table: ChainTable | None = None
        self._block: tuple[memoryview, int] | None = None
        self.end: Stop | None = None
        self.ancestors = frozenset(ancestors)
        if isinstance(first, int):
            self._walk = Walk(first, [], [])
            self.is_linked = True
            if first == 0:
                self.end = 'end'
        else:
            self.is_linked = False
            self._walk = Walk(0, *self._checked(first))
            self.end = 'end'

    def _checked(self, offsets: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return those of the given offsets at which directories lie, and their counts."""
        found: list[int] = []
        counts: list[int] = []
        met: set[int] = set()
        for offset in offsets:
            if offset == 0:
                continue  # a child that is absent
            self.directories.children_left -= 1
            if self.directories.children_left < 0:
                message = 'the file names more children than directories could lie in it'
                self.directories.faults.append(LimitError(message, self.path))
                break
            if offset in met:
                self._stop_fault('repeats', offset, len(found))
                continue
            met.add(offset)
            walk = Walk(offset, [], [])
            reason = self._step(walk, 1)
            if not walk.offsets:
                self._stop_fault(reason, offset, len(found))
            elif offset in self.ancestors:
                self._stop_fault('repeats', offset, len(found))
            else:
                found.append(offset)
                counts.append(walk.counts[0])
        return found, counts

    def _step(self, walk: Walk, wanted: int) -> Stop:
        """Follow links through whatever windows of the file it takes."""
        directories = self.directories
        lists, limit = directories.lists, directories.limits.directories
        source = directories.source
        size, stuck = _WINDOW, False
        if wanted - len(walk.offsets) <= _FEW:
            size = _ONE_DIRECTORY
        while True:
            met = len(walk.offsets)
            view, start = source.head(), 0
            if stuck or walk.next >= len(view):
                whole = source.whole()
                if whole is not None:
                    return lists.walk(whole, 0, walk, wanted, limit)
                start = walk.next
                view = source.view(start, size)
            reason = lists.walk(view, start, walk, wanted, limit)
            if reason != 'outside':
                return reason
            if len(walk.offsets) > met:
                # Directories beside each other are read in ever larger windows; where pixels lie
                # between them, one at a time.
                beside = start <= walk.next <= start + len(view) + source.gap
                size = min(4 * size, _LARGEST_WINDOW) if beside else _ONE_DIRECTORY
                stuck = False
            elif stuck and start:
                return reason
            else:
                # The directory may reach beyond what was in sight.
                size, stuck = lists.nbytes(directories.limits.tags), True

    def extend(self, wanted: int) -> int:
        """Walk until `wanted` directories are known or the chain ends; return how many are."""
        walk = self._walk
        if len(walk.offsets) >= wanted or self.end is not None:
            return len(walk.offsets)
        with self._mutex:
            if len(walk.offsets) < wanted and self.end is None:
                reason = self._step(walk, wanted)
                if self.ancestors and not self.ancestors.isdisjoint(walk.offsets):
                    reason = self._cut(walk)
                if reason == 'outside' and self._rescued(walk):
                    reason = 'end'
                if reason != 'more':
                    self.end = reason
                    if reason != 'end':
                        self._stop_fault(reason, walk.next, len(walk.offsets))
            return len(walk.offsets)

    def _rescued(self, walk: Walk) -> bool:
        """Take a directory at which the file ends as the last one, with the tags that are there."""
        present = self.directories.rescue(walk.next)
        if present:
            path = f'{self.path}[{len(walk.offsets)}]'
            message = f'the file ends within the directory; {present} tags are there'
            self.directories.faults.append(TruncatedError(message, path, walk.next))
            walk.offsets.append(walk.next)
            walk.counts.append(present)
        return present > 0

    def _cut(self, walk: Walk) -> Stop:
        """End a chain before the first directory that is one of its ancestors."""
        index = next(i for i, offset in enumerate(walk.offsets) if offset in self.ancestors)
        walk.next = walk.offsets[index]
        del walk.offsets[index:], walk.counts[index:]
        return 'repeats'

    def _stop_fault(self, reason: Stop, offset: int, index: int) -> None:
        path = f'{self.path}[{index}]'
        messages = {
            'repeats': 'chain leads back to a directory that was met; it ends here',
            'outside': 'directory does not lie in the file; the chain ends here',
            'count': 'directory has an absurd number of tags; the chain ends here',
            'limit': f'more than {self.directories.limits.directories} directories',
        }
        error = LimitError if reason == 'limit' else FormatError
        self.broken = error(messages[reason], path, offset)
        self.directories.faults.append(self.broken)

    # Access

    def __len__(self) -> int:
        return self.extend(_ALL)

    def __getitem__(self, index: int) -> int:  # type: ignore[override]
        if index < 0:
            index += len(self)
        if index < 0 or self.extend(index + 1) <= index:
            raise IndexError(f'{self.path} index {index} is out of range')
        return self._walk.offsets[index]

    def __iter__(self) -> Iterator[int]:
        index = 0
        while self.extend(index + 1) > index:
            yield self._walk.offsets[index]
            index += 1

    def directory(self, index: int) -> Directory:
        """Return a directory of the chain."""
        offset = self[index]
        return self.directories.read(offset, self._walk.counts[index])

    def block(self, start: int, stop: int) -> list[Directory]:
        """Return some directories that follow each other, read together.

        Parameters:
            start: Index of the first.
            stop: Index behind the last; fewer are returned at the end of the chain.
        """
        stop = min(stop, self.extend(stop))
        directories, lists = self.directories, self.directories.lists
        counts = self._walk.counts[start:stop]
        if directories.codec.is_ndpi or directories.cut or len(set(counts)) > 4:
            return [self.directory(index) for index in range(start, stop)]
        offsets = self._walk.offsets[start:stop]
        found: list[Any] = [None] * len(offsets)
        for count in set(counts):
            places = [i for i, other in enumerate(counts) if other == count]
            chosen = [offsets[i] for i in places]
            tables = directories.take(np.array(chosen, np.int64), lists.dtype(count), self.path)
            made = Directory.many(
                directories.codec, chosen, tables['rows'], tables['link'].tolist()
            )
            for place, directory in zip(places, made, strict=True):
                found[place] = directory
        return found

    @property
    def offsets(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Offsets of all directories, int64 of shape ``(pages,)``."""
        len(self)
        return np.array(self._walk.offsets, np.int64)

    @property
    def counts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Numbers of tags of all directories."""
        len(self)
        return np.array(self._walk.counts, np.int64)

    @property
    def known(self) -> int:
        """Number of directories met so far."""
        return len(self._walk.offsets)

    @property
    def next_link_at(self) -> int:
        """File offset of the link which ends the chain, where the next directory is appended."""
        codec = self.directories.codec
        if not len(self):
            return codec.first_at
        return (
            self._walk.offsets[-1] + codec.count_nbytes + self._walk.counts[-1] * codec.entry_nbytes
        )

    def table(self) -> ChainTable:
        """Return all directories of the chain as columns, without an object per page."""
        with self._mutex:
            if self._table is None:
                from .chaintable import ChainTable

                self._table = ChainTable(self)
            return self._table
