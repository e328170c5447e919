"""A page or series as a grid of equal chunks: shape of chunks, samples, and where they are stored.

Knows images and segments; nothing of Zarr, references or dask. Samples of a chunk come from
``asarray(selection=)``, so there is no second way of decoding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, UnsupportedError
from tiffschema.model.enums import enum, enumarg
from tiffschema.runtime.frameplan import FramePlan
from tiffschema.runtime.segmenttable import nowhere
from tiffschema.runtime.selection import select

from .chunkgrid import ChunkGrid, Index

__all__ = ['ChunkedImage', 'StoredSegment', 'checked_chunkmode', 'locate_image', 'located_image']

Array = NDArray[Any]

STRILE, PAGE, FILE = 0, 2, 3


def checked_chunkmode(chunkmode: Any, default: int, allowed: Sequence[int]) -> int:
    """Return a chunk mode as a number.

    Raises:
        ValueError: It is unknown, or not possible here.
    """
    if chunkmode is None:
        return default
    mode: int = int(enumarg(enum('CHUNKMODE'), chunkmode))  # type: ignore[call-overload]
    if mode not in allowed:
        raise ValueError(f'chunkmode {chunkmode!r} is not possible here')
    return mode


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """Where one segment of a frame lies.

    Parameters:
        frame: Index of the frame.
        index: Of the segment in its page.
        file: Index into the sources of the frame map, -1 if no file holds the frame.
        offset: In bytes; 0 if the segment is not stored.
        nbytes: Stored size.
    """

    frame: int
    index: int
    file: int
    offset: int
    nbytes: int

    @property
    def is_stored(self) -> bool:
        """Whether a file holds the segment."""
        return self.file >= 0 and self.offset > 0 and self.nbytes > 0


class ChunkedImage(ChunkGrid):
    """A page or series cut into chunks.

    Parameters:
        image: Page, frame or series.
        squeeze: Leave out axes of length 1 or not; None: as the series was made.
        chunkmode: One strip or tile (0) or one page (2) per chunk.
        fillvalue: Of what is not stored; None is nodata or 0.
        lock: Held while files are read.
        maxworkers: Threads per chunk.
        buffersize: Bytes fetched ahead at a time from remote stores.

    Raises:
        UnsupportedError: The type of the samples is unknown, or structured.
    """

    def __init__(
        self,
        image: Any,
        *,
        squeeze: bool | None = None,
        chunkmode: int = STRILE,
        fillvalue: Any = None,
        lock: Any = None,
        maxworkers: int | None = 1,
        buffersize: int | None = None,
    ) -> None:
        self.image = image
        self.is_series = hasattr(image, 'levels')
        keyframe = image.keyframe
        if image.dtype is None or keyframe.dtype is None or image.dtype.names is not None:
            raise UnsupportedError(f'samples of type {image.dtype} cannot be chunked')
        self.dtype = np.dtype(image.dtype)
        self._reading: dict[str, Any] = {
            'lock': lock, 'maxworkers': maxworkers, 'buffersize': buffersize,
        }  # fmt: skip
        if self.is_series:
            self.shape: Index = tuple(image.get_shape(squeeze))
            self.axes: str = image.get_axes(squeeze)
            self._reading['squeeze'] = squeeze
        else:
            self.shape, self.axes = tuple(image.shape), image.axes
        self.geometry = keyframe.geometry
        self.chunkmode = chunkmode
        self._given = fillvalue
        nodata = keyframe.fill_value()
        self.fillvalue = self.dtype.type(nodata if fillvalue is None else fillvalue)
        # Images made of tiles that are frames have chunks of their own.
        self._lengths: dict[str, int] | None = getattr(image, 'chunk_lengths', None)
        self.plan = None
        if self._lengths is None:
            self.plan = FramePlan.of(self.shape, keyframe.shape, self.geometry.shaped)
        self.chunkshape = self._chunkshape()
        self.grid = self.cut()

    def _chunkshape(self) -> Index:
        if self._lengths is not None:
            return tuple(max(1, self._lengths.get(axis, 1)) for axis in self.axes)
        if self.plan is None or 0 in self.shape:
            return tuple(max(1, size) for size in self.shape)
        lead = (1,) * len(self.plan.lead)
        tail = self.shape[len(lead) :]
        if self.chunkmode == PAGE:
            return lead + tail
        segment = (1, *self.geometry.segment_shape)
        return lead + tuple(1 if place < 0 else segment[place] for place in self.plan.places)

    @property
    def parent(self) -> Any:
        """The file."""
        return self.image.parent

    @cached_property
    def framemap(self) -> Any:
        """Where the segments of all frames lie."""
        return self.image.framemap

    @cached_property
    def writable_reason(self) -> str:
        """Why chunks cannot be written, empty if they can."""
        geometry = self.geometry
        if self.plan is None:
            return 'the shape of the series is not made of whole pages'
        if getattr(self.image, 'transform', None) is not None:
            return 'samples are transformed after decoding'
        if geometry.compression != 1 or geometry.predictor not in (0, 1):
            return 'segments are compressed'
        if geometry.fillorder == 2 or geometry.is_subsampled:
            return 'samples are not stored as they are'
        if geometry.bitspersample != self.dtype.itemsize * 8 or geometry.stored_dtype is None:
            return f'samples are stored with {geometry.bitspersample} bits'
        if self.dtype != geometry.dtype:
            return f'samples are stored as {geometry.dtype}'
        return ''

    # Samples

    def slices(self, index: Index) -> tuple[slice, ...]:
        """Return the part of the image that a chunk covers."""
        return tuple(
            slice(place * chunk, min((place + 1) * chunk, size))
            for place, chunk, size in zip(index, self.chunkshape, self.shape, strict=True)
        )

    def read(self, index: Index) -> Array | None:
        """Return a whole chunk, padded with the fill value; None if nothing of it is stored.

        Raises:
            FormatError: A segment is damaged.
            UnsupportedError: The codec is not known here.
        """
        if self._has_gaps and not any(each.is_stored for each in self.segments(index)):
            return None
        part = self.image.asarray(selection=self.slices(index), **self._reading)
        if part.dtype != self.dtype:
            part = part.astype(self.dtype)
        if part.shape == self.chunkshape:
            return np.ascontiguousarray(part)
        whole = np.full(self.chunkshape, self.fillvalue, self.dtype)
        whole[tuple(slice(size) for size in part.shape)] = part
        return whole

    def cached(self, index: Index) -> Array | None:
        """Return a chunk whose segment was decoded before and is still kept, else None."""
        if not self._is_plain:
            return None
        assert self.plan is not None
        count = len(self.plan.lead)
        frame = 0
        for place, size in zip(index[:count], self.plan.lead, strict=True):
            frame = frame * size + place
        segment = 0
        places = dict(zip(self.plan.places, index[count:], strict=True))
        for axis, size in enumerate(self.geometry.grid):
            segment = segment * size + places.get(axis, 0)
        table = self.framemap.table
        if frame >= len(table) or segment >= table.offsets.shape[1]:
            return None
        source = self.framemap.sources[0]()
        reader = self.image._reader
        if frame in self.framemap.specs:
            reader = reader.other(self.framemap.specs[frame])
        keys = reader.keys(source, [int(table.offsets[frame, segment])])
        tile = self.parent.segmentcache.find(keys)[0]
        if tile is None or tile.size != math.prod(self.chunkshape):
            return None
        chunk: Array = tile.reshape(self.chunkshape)
        return chunk

    @cached_property
    def _is_plain(self) -> bool:
        """Whether a chunk is what is decoded of a segment of the only file."""
        files = self.framemap.files
        return (
            self.is_whole_segment
            and (files is None or not files.any())
            and getattr(self.image, 'transform', None) is None
            and self.dtype == self.geometry.dtype
            and hasattr(self.parent, 'segmentcache')
        )

    def write(self, index: Index, chunk: Array) -> None:
        """Write the samples of a chunk in place.

        Parameters:
            index: Of the chunk.
            chunk: Array of the shape of chunks.

        Raises:
            UnsupportedError: Samples are not stored as they are, or a segment has no place.
        """
        if self.writable_reason:
            raise UnsupportedError(f'chunks cannot be written: {self.writable_reason}')
        segments = list(self.segments(index))
        for each in segments:
            stored = each.is_stored and each.nbytes >= self.geometry.segment_nbytes(each.index)
            if not stored:
                name = self.framemap.name(each.frame)
                raise UnsupportedError(f'{name}.segments[{each.index}] has no place in the file')
        _, window = self._frames(index)
        block = chunk[tuple(slice(0, s.stop - s.start) for s in self.slices(index))]
        pixels = block.reshape(tuple(len(each) for each in window))
        begins = [each.start for each in window]
        for each in segments:
            self._write_segment(each, pixels, begins)

    def _write_segment(self, stored: StoredSegment, pixels: Array, begins: list[int]) -> None:
        geometry = self.geometry
        plane, z, y, x = geometry.position(stored.index)
        depth, length, width, contig = geometry.extent(stored.index)
        p, z, y, x = plane - begins[0], z - begins[1], y - begins[2], x - begins[3]
        part = pixels[p, z : z + depth, y : y + length, x : x + width]
        whole = np.zeros(geometry.stored_shape(stored.index), geometry.stored_dtype)
        whole[:depth, :length, :width, :contig] = part
        source = self.framemap.sources[stored.file]()
        source.write(stored.offset, whole.tobytes())

    # Segments

    def _frames(self, index: Index) -> tuple[NDArray[np.intp], Any]:
        assert self.plan is not None
        found: tuple[NDArray[np.intp], Any] = self.plan.frames(
            select(self.slices(index), self.shape)
        )
        return found

    @cached_property
    def _has_gaps(self) -> bool:
        if self.plan is None or 0 in self.shape:
            return False
        table, files = self.framemap.table, self.framemap.files
        if files is not None and (files < 0).any():
            return True
        return bool(((table.offsets <= 0) | (table.bytecounts <= 0)).any())

    def segments(self, index: Index) -> Iterator[StoredSegment]:
        """Yield the segments that a chunk is made of.

        Raises:
            FormatError: A frame has not as many segments as its geometry needs.
            UnsupportedError: The image is not made of whole pages.
        """
        if self.plan is None:
            raise UnsupportedError('the shape of the series is not made of whole pages')
        wanted, window = self._frames(index)
        touched = self.geometry.segments_in(window).tolist()
        frames = self.framemap
        for frame in wanted.tolist():
            file = 0 if frames.files is None else int(frames.files[frame])
            if frame >= len(frames):
                raise FormatError(f'{len(frames)} pages where {frame + 1} are needed', 'series')
            offsets, sizes = frames.table.offsets[frame], frames.table.bytecounts[frame]
            if len(offsets) and offsets[0] < 0:
                raise nowhere(frames.name(frame))
            if len(offsets) == 1 and self.geometry.segment_count > 1:
                if offsets[0] > 0:
                    offsets = offsets[0] + self._strip_starts
                else:
                    offsets = np.zeros_like(self._strip_starts)
                sizes = self._strip_sizes
            elif len(offsets) != self.geometry.segment_count:
                raise FormatError(
                    f'{len(offsets)} segments where {self.geometry.segment_count} are needed',
                    frames.name(frame),
                )
            for number in touched:
                yield StoredSegment(frame, number, file, int(offsets[number]), int(sizes[number]))

    @cached_property
    def _strip_sizes(self) -> NDArray[np.int64]:
        count = self.geometry.segment_count
        return np.asarray([self.geometry.segment_nbytes(k) for k in range(count)], np.int64)

    @cached_property
    def _strip_starts(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self._strip_sizes)[:-1]])

    @property
    def is_whole_segment(self) -> bool:
        """Whether each chunk has the samples of one whole strip or tile, in their order."""
        return self.plan is not None and math.prod(self.chunkshape) == math.prod(
            self.geometry.segment_shape
        )


def locate_image(image: Any) -> tuple[Any, ...]:
    """Return the file of a page or series and its place there, which can be pickled.

    Raises:
        TypeError: The series was not made by its file, so that it cannot be found again.
    """
    tif = image.parent
    if not hasattr(image, 'levels'):
        return tif, 'page', tuple(image.treeindex)
    for number, series in enumerate(tif.series):
        for level, each in enumerate(series.levels):
            if each is image:
                return tif, 'series', None, None, number, level
    kind, number = image.kind, image._index
    try:
        made = tif.series(kind=kind, squeeze=image._squeeze)
        levels = made[number].levels
        level = [each.shape for each in levels].index(image.shape)
    except (ValueError, TypeError, IndexError):
        raise TypeError(f'{image!r} was not made by its file and cannot be found again') from None
    return tif, 'series', kind, image._squeeze, number, level


def located_image(place: tuple[Any, ...]) -> Any:
    """Return the page or series of a place that `locate_image` gave."""
    if place[1] == 'page':
        tif, _, path = place
        page = tif.pages[path[0]]
        for number in path[1:]:
            page = page.pages[number]
        return page
    tif, _, kind, squeeze, number, level = place
    made = tif.series if kind is None else tif.series(kind=kind, squeeze=squeeze)
    return made[number].levels[level]
