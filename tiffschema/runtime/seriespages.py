"""The pages of a series as a lazy sequence, and as a map of frames.

Rule: a series of many pages of one chain is read from columns of its directories; page objects are
made for those that are indexed, and where directories are too irregular for columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.spec import SegmentSpec
from tiffschema.errors import FormatError
from tiffschema.model.geometry import Geometry
from tiffschema.model.tagcodes import NdpiCode, TagCode

from .frames import FrameMap, OpenSource
from .segmenttable import CCITT, SegmentTable
from .source import Source

__all__ = ['PageSelection', 'frame_map', 'open_of']

_OFFSETS = (TagCode.TileOffsets, TagCode.StripOffsets)
_BYTECOUNTS = (TagCode.TileByteCounts, TagCode.StripByteCounts)
_OWN_STREAM_TAGS = frozenset(
    (
        TagCode.JPEGTables,
        TagCode.JPEGTables_437,
        TagCode.JPEGProc,
        TagCode.JPEGInterchangeFormat,
        TagCode.JPEGQTables,
        TagCode.JPEGDCTables,
        TagCode.JPEGACTables,
        TagCode.LercParameters,
        NdpiCode.OffsetHighBytes,
        NdpiCode.ByteCountHighBytes,
        NdpiCode.McuStarts,
    )
)
# Numbers that decoding depends on besides geometry: T.4 and T.6 options, subsampling.
_OPTION_TAGS = (TagCode.T4Options, TagCode.T6Options, TagCode.YCbCrSubSampling)
_FEW = 8
_BLOCK = 1 << 8


class PageSelection(Sequence[Any]):
    """Some pages of a chain, in any order; they are made when they are indexed.

    Parameters:
        pages: Pages of a file.
        indices: Which of them.
    """

    def __init__(self, pages: Any, indices: Sequence[int] | NDArray[Any]) -> None:
        self.all = pages
        # A range stays one: it may stand for very many pages, of which the first is wanted.
        self._given = indices if isinstance(indices, range) else np.asarray(indices, np.intp)

    @cached_property
    def indices(self) -> NDArray[np.intp]:
        """Indices of the pages, of shape ``(pages,)``."""
        given = self._given
        if isinstance(given, range):
            return np.arange(given.start, given.stop, given.step, dtype=np.intp)
        return given

    def __len__(self) -> int:
        return len(self._given)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return PageSelection(self.all, self._given[key])
        try:
            index = int(self._given[key])
        except IndexError:
            raise IndexError(f'index {key} is out of range for {len(self)} pages') from None
        return None if index < 0 else self.all[index]

    def __iter__(self) -> Iterator[Any]:
        # In blocks: most who iterate want the first page only.
        for start in range(0, len(self), _BLOCK):
            for index in np.asarray(self._given[start : start + _BLOCK]).tolist():
                yield None if index < 0 else self.all[index]


def open_of(parent: Any) -> OpenSource:
    """Return what gives the source of a file, opened again if it was closed meanwhile."""

    def source() -> Source:
        found: Source = parent.source
        if found.closed:
            found.open()
        return found

    return source


def frame_map(pages: Sequence[Any], keyframe: Any, truncated: int = 0) -> FrameMap:
    """Return where the segments of pages lie.

    Parameters:
        pages: Pages, frames, and None for those that are missing.
        keyframe: The page that lends its properties to all.
        truncated: Number of frames that follow each other from the first page's data on, of
            which only the first has a directory; 0 if all have one.

    Raises:
        FormatError: The segments of a page are not those of the key frame.
    """
    if truncated:
        table = keyframe.segmenttable
        offset = int(table.offsets[0, 0])
        contiguous = SegmentTable.contiguous(offset, keyframe.nbytes, truncated)
        return FrameMap([open_of(keyframe.parent)], contiguous)
    own = getattr(pages, 'frame_map', None)
    if own is not None:
        # A format knows where frames lie without their directories.
        given: FrameMap = own(keyframe)
        return given
    if isinstance(pages, PageSelection) and len(pages) > _FEW:
        found = _from_columns(pages, keyframe)
        if found is not None:
            return found
    return _from_pages(pages, keyframe)


def _from_columns(pages: PageSelection, keyframe: Any) -> FrameMap | None:
    """Return the map made of columns of a chain, None if its directories are too irregular."""
    chain = getattr(pages.all, 'chain', None)
    if chain is None:
        return None
    geometry: Geometry = keyframe.geometry
    table = chain.table()
    for group in table.groups:
        if (
            not _OWN_STREAM_TAGS.isdisjoint(group.codes)
            and np.isin(pages.indices, group.pages).any()
        ):
            return None
    tiled = 0 if geometry.is_tiled else 1
    offsets, numbers = table.arrays(_OFFSETS[tiled])
    sizes, counts = table.arrays(_BYTECOUNTS[tiled])
    present = pages.indices >= 0
    chosen = np.where(present, pages.indices, 0)
    if not table.alike(_OPTION_TAGS, int(chosen[np.argmax(present)]))[chosen][present].all():
        return None
    segments = geometry.segment_count
    if not ((numbers[chosen] == segments) & (counts[chosen] == segments))[present].all():
        return None
    begins = offsets[chosen][:, :segments].copy()
    stored = sizes[chosen][:, :segments]
    if geometry.compression in CCITT and (stored == 0).any():
        return None
    if geometry.is_final_layout and segments == 1 and (stored == 0).any():
        # A size of 0 with data is recovered page by page.
        return None
    files = None
    if not present.all():
        files = np.where(present, 0, -1).astype(np.intp)
    names = _names(pages.indices)
    return FrameMap([open_of(keyframe.parent)], SegmentTable(begins, stored), files, names=names)


def _names(indices: NDArray[np.intp]) -> Callable[[int], str]:
    return lambda frame: f'pages[{int(indices[frame])}]'


def _from_pages(pages: Sequence[Any], keyframe: Any) -> FrameMap:
    """Return the map made of page objects."""
    parents: dict[int, int] = {}
    sources: list[OpenSource] = []
    files = np.zeros(len(pages), np.intp)
    specs: dict[int, SegmentSpec] = {}
    rows: list[SegmentTable | None] = []
    paths: list[str] = []
    for number, page in enumerate(pages):
        if page is None:
            files[number] = -1
            rows.append(None)
            paths.append(f'frames[{number}]')
            continue
        parent = page.parent
        if id(parent) not in parents:
            parents[id(parent)] = len(sources)
            sources.append(open_of(parent))
        files[number] = parents[id(parent)]
        if page.spec is not keyframe.spec and page.spec != keyframe.spec:
            _check_alike(page, keyframe)
            specs[number] = page.spec
        rows.append(page.segmenttable)
        paths.append(page._path)
    widths = {row.offsets.shape[1] for row in rows if row is not None}
    if len(widths) > 1:
        rows = [None if row is None else _one_column(row, keyframe) for row in rows]
        widths = {row.offsets.shape[1] for row in rows if row is not None}
    if len(widths) > 1:
        counted = ', '.join(map(str, sorted(widths)))
        raise FormatError(f'pages of one series have {counted} segments', keyframe._path)
    if len(rows) == 1 and rows[0] is not None:
        return FrameMap(sources, rows[0], files, specs, lambda frame: paths[frame])
    width = widths.pop() if widths else 1
    offsets = np.zeros((len(pages), width), np.int64)
    counts = np.zeros((len(pages), width), np.int64)
    for number, row in enumerate(rows):
        if row is not None:
            offsets[number], counts[number] = row.offsets[0], row.bytecounts[0]
    return FrameMap(
        sources, SegmentTable(offsets, counts), files, specs, lambda frame: paths[frame]
    )


def _check_alike(page: Any, keyframe: Any) -> None:
    own, key = page.geometry, keyframe.geometry
    if own.shaped != key.shaped or own.dtype != key.dtype:
        raise FormatError(
            f'{own.dtype} {own.shaped} in a series of {key.dtype} {key.shaped}',
            page._path,
            page.offset,
        )


def _one_column(table: SegmentTable, keyframe: Any) -> SegmentTable:
    """Return a page in one stretch with as many segments as others have."""
    if not table.offsets.shape[1]:
        raise FormatError('a page says of no segment where it is', keyframe._path)
    expanded: SegmentTable = keyframe._every_strip(table)
    return table if table.offsets.shape[1] > 1 else expanded
