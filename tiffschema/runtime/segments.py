"""The one decoding path: selection, segments touched, byte ranges, samples in the caller's array.

Rule 1: this module knows geometry, tables of offsets and decoders; neither tags nor series.
Rule 2: an array is taken or given by the caller; each segment is decoded straight into it where
the selection takes all of the segment, else it is decoded once, kept in a bounded cache, and the
part that is wanted is copied.
Rule 3: an error about a segment names frame, segment and offset.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.bytes_decoder import BAND, BAND_TILE
from tiffschema.codecs.pipeline import Decoder, decoder
from tiffschema.codecs.spec import SegmentSpec
from tiffschema.errors import FormatError, TiffSchemaError, TruncatedError, UnsupportedError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.types import FaultSink

from . import workers
from .contiguous import read_contiguous
from .frames import FrameMap
from .output import fill_value
from .places import Place, Places, Window, full_window, side_by_side
from .readoptions import ErrorMode, ReadOptions
from .segmenttable import SegmentTable, nowhere
from .source import Source

__all__ = ['SegmentReader', 'blocks']

Array: TypeAlias = NDArray[Any]

_GAP = 8 << 10
_BUFFER_KEPT = 4 << 20
_LONG = 64 << 10


class SegmentReader:
    """Reads frames that are cut and coded alike.

    Parameters:
        spec: What the segments look like.
        nodata: Value of samples that are not stored.

    Raises:
        LimitError: A page is larger than `limits` allow.
    """

    def __init__(self, spec: SegmentSpec, nodata: float = 0) -> None:
        self.spec = spec
        self.geometry = spec.geometry
        self.nodata = nodata
        self._decoders: dict[tuple[ErrorMode, Limits], Decoder] = {}
        self._filled: tuple[np.dtype[Any], Any] | None = None
        self._others: dict[int, SegmentReader] = {}

    def other(self, spec: SegmentSpec) -> SegmentReader:
        """Return the reader of frames whose segments look otherwise; it is made once."""
        # A spec lives as long as its reader, so that no other one can have its id.
        found = self._others.get(id(spec))
        if found is None:
            found = self._others[id(spec)] = SegmentReader(spec, self.nodata)
        return found

    def keys(self, source: Source, offsets: Sequence[int]) -> list[Hashable]:
        """Return what the decoded segments at some offsets are kept under."""
        # What is decoded depends on who decodes; what was written since is another segment.
        generation = source.generation
        return [(self, source, generation, offset) for offset in offsets]

    def decoder(self, errors: ErrorMode = 'raise', limits: Limits = DEFAULT_LIMITS) -> Decoder:
        """Return the decoder of the segments; it is made once.

        Raises:
            UnsupportedError: There is no codec, or no type for the samples.
        """
        key = errors, limits
        found = self._decoders.get(key)
        if found is None:
            short: Literal['raise', 'fill'] = 'raise' if errors == 'raise' else 'fill'
            found = decoder(self.spec, limits=limits, on_short=short, nodata=self.nodata)
            self._decoders[key] = found
        return found

    def read(
        self,
        frames: FrameMap,
        wanted: NDArray[np.intp],
        window: Window,
        out: Array,
        options: ReadOptions,
    ) -> None:
        """Read parts of frames into an array.

        Parameters:
            frames: Where frames lie.
            wanted: Indices of frames, one per entry of the first axis of `out`.
            window: Indices wanted along (P, D, L, W, c).
            out: Array of shape (frames wanted, lengths of the window); may be any view.
            options: How to read.

        Raises:
            FormatError: Data is damaged or absent, if errors raise.
            UnsupportedError: There is no codec.
        """
        if out.size == 0:
            return
        self.geometry.check(options.limits)
        window, out = _ascending(window, out)
        for file, spec, places in frames.groups(wanted):
            reader = self if spec is None else self.other(spec)
            if file < 0:
                if not (options.zeroed and self.has_zero_fill):
                    out[... if places is None else places] = self._fill(out)
                continue
            source = frames.sources[file]()
            chosen = wanted if places is None else wanted[places]
            _Job(reader, source, frames, chosen, places, window, out, options).run()

    @cached_property
    def has_zero_fill(self) -> bool:
        """Whether samples that are not stored are 0."""
        dtype = self.geometry.dtype
        return dtype is not None and dtype.names is None and not fill_value(self.nodata, dtype)

    def _fill(self, out: Array) -> Any:
        dtype = self.geometry.dtype or out.dtype
        if self._filled is None or self._filled[0] != dtype:
            self._filled = dtype, fill_value(self.nodata, dtype)
        return self._filled[1]


def _ascending(window: Window, out: Array) -> tuple[Window, Array]:
    """Return a window without negative steps, and a view of the array that fits it."""
    p, d, y, x, c = window
    if p.step > 0 and d.step > 0 and y.step > 0 and x.step > 0 and c.step > 0:
        return window, out
    flips = tuple(slice(None, None, -1 if each.step < 0 else 1) for each in window)
    ranges = [each if each.step > 0 else each[::-1] for each in window]
    return (ranges[0], ranges[1], ranges[2], ranges[3], ranges[4]), out[:, *flips]


class _Job:
    """One call of `SegmentReader.read` for frames of one file."""

    def __init__(
        self,
        reader: SegmentReader,
        source: Source,
        frames: FrameMap,
        chosen: NDArray[np.intp],
        rows: NDArray[np.intp] | None,
        window: Window,
        out: Array,
        options: ReadOptions,
    ) -> None:
        self.reader = reader
        self.geometry = reader.geometry
        self.source = source
        self.frames = frames
        self.chosen = chosen
        self.table = frames.table.take(chosen)
        self.window = window
        self.out = out
        self.options = options
        self.rows = rows
        self.is_full = window == full_window(self.geometry.shaped)

    def run(self) -> None:
        """Read everything."""
        geometry = self.geometry
        if lost := self.table.nowhere:
            self._record_nowhere(lost)
        if geometry.is_final_layout and self._read_contiguous():
            return
        if self.table.offsets.shape[1] != geometry.segment_count:
            raise FormatError(
                f'{self.table.offsets.shape[1]} segments where {geometry.segment_count} are needed',
                self.frames.name(int(self.chosen[0])),
            )
        self._read_segments()

    def _record_nowhere(self, lost: list[int]) -> None:
        """Raise, or record, of which frames nothing says where they lie; they then count as sparse.

        Raises:
            FormatError: Errors raise.
        """
        for frame in self.chosen[lost].tolist():
            error = nowhere(self.frames.name(frame))
            if self.options.errors == 'raise':
                raise error
            if self.options.fault is not None:
                self.options.fault(error)
        self.table = SegmentTable(np.maximum(self.table.offsets, 0), self.table.bytecounts)

    def row(self, place: int) -> int:
        """Return the row of the array that a frame of the job goes to."""
        return place if self.rows is None else int(self.rows[place])

    # Whole samples in one stretch

    def _read_contiguous(self) -> bool:
        """Read frames that are single stretches; return whether all are."""
        geometry, table = self.geometry, self.table
        if geometry.stored_dtype is None:
            return False
        if table.offsets.shape[1] == 1:
            if not (table.offsets > 0).all():
                return False
        elif not (table.is_adjacent & (table.bytecounts.sum(axis=1) == geometry.nbytes)).all():
            return False
        lost = read_contiguous(
            self.source,
            table.offsets[:, 0],
            geometry,
            self.window,
            self.out if self.rows is None else None,
            (lambda place: self.out[self.row(place)]) if self.rows is not None else None,
            self.options.maxworkers,
        )
        for place, missing in lost:
            offset = int(table.offsets[place, 0])
            error = TruncatedError(
                f'{missing} of {geometry.nbytes} bytes are beyond the end of the file',
                self.frames.name(int(self.chosen[place])),
                offset,
            )
            if self.options.errors == 'raise':
                raise error
            if self.options.fault is not None:
                self.options.fault(error)
        return True

    # Strips and tiles

    def _read_segments(self) -> None:
        geometry, options = self.geometry, self.options
        decode = self.reader.decoder(options.errors, options.limits)
        places = None if self.is_full else Places(geometry, self.window)
        offsets, sizes = self.table.offsets, self.table.bytecounts
        if places is not None:
            touched = np.asarray(places.indices, np.intp)
            offsets, sizes = offsets[:, touched], sizes[:, touched]
        offsets, sizes = offsets.reshape(-1), sizes.reshape(-1)
        work = _Segments(self, decode, places, offsets, sizes)
        count = work.take_cached()
        if not count:
            return
        offsets, sizes = work.offsets, work.sizes
        depth, length, width, contig = geometry.segment_shape
        nbytes = depth * length * width * contig * decode.dtype.itemsize
        # Two codecs that run for as long as this side by side make up for waking a thread.
        weight = 2 if geometry.compression != 1 and nbytes >= _LONG else 1
        threads = min(count, workers.workers_for(options.maxworkers, nbytes * count * weight))
        groups = workers.batches(count, nbytes, threads)
        if self.source.is_file or self.source.whole() is not None:
            workers.run(work.fetch_and_decode, groups, threads)
            return
        # Requests to stores are long: many ranges are asked for at once, then decoded.
        for block in blocks(sizes, options.buffersize or 1 << 28):
            views = self._fetch(offsets[block.start : block.stop], sizes[block.start : block.stop])
            work.hold(block.start, views)
            inner = workers.batches(len(block), nbytes, threads)
            shifted = [range(each.start + block.start, each.stop + block.start) for each in inner]
            workers.run(work.decode_held, shifted, threads)

    def _fetch(self, offsets: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[memoryview]:
        stored = np.where(offsets > 0, sizes, 0)
        if self.options.lock is None:
            return self.source.fetch(offsets.tolist(), stored.tolist())
        with self.options.lock:
            return self.source.fetch(offsets.tolist(), stored.tolist())


def blocks(sizes: NDArray[np.int64], buffersize: int) -> Iterator[range]:
    """Yield ranges of segments whose stored bytes fit into a buffer, at least one each."""
    start = total = 0
    for index, size in enumerate(sizes.tolist()):
        if total and total + size > buffersize:
            yield range(start, index)
            start, total = index, 0
        total += size
    if start < len(sizes):
        yield range(start, len(sizes))


class _Buffer(threading.local):
    data: bytearray = bytearray()


_buffer = _Buffer()


class _Segments:
    """The segments of a job, one after another: frame by frame, each in order of its segments."""

    def __init__(
        self,
        job: _Job,
        decode: Decoder,
        places: Places | None,
        offsets: NDArray[np.int64],
        sizes: NDArray[np.int64],
    ) -> None:
        self.job = job
        self.decode = decode
        self.places = places
        self.offsets = offsets
        self.sizes = sizes
        self.numbers: Sequence[int] = range(len(offsets))
        self.fill = job.reader._fill(job.out)
        self._held: list[memoryview] = []
        self._first = 0
        self._cache = cache = None if places is None else job.options.cache
        # Regions move: what they took all of will be wanted in part, or again. Large ones would
        # only push out what the cache holds.
        nbytes = math.prod(job.geometry.segment_shape) * decode.dtype.itemsize * len(offsets)
        self._keeps_whole = cache is not None and nbytes <= cache.limit // 4
        self._fault = job.options.fault
        self._keeps_zero = job.options.zeroed and job.reader.has_zero_fill
        self._endless = decode.codec.endless

    def hold(self, first: int, views: list[memoryview]) -> None:
        """Keep what was fetched for the segments from `first` on."""
        self._held, self._first = views, first

    def decode_held(self, batch: range) -> None:
        """Decode a batch of what was fetched."""
        first = self._first
        self._decode(batch, self._held[batch.start - first : batch.stop - first])

    def fetch_and_decode(self, batch: range) -> None:
        """Read a batch with as few reads as possible and decode it."""
        offsets = self.offsets[batch.start : batch.stop]
        sizes = self.sizes[batch.start : batch.stop]
        self._decode(batch, self._views(offsets, sizes))

    def take_cached(self) -> int:
        """Copy what the cache holds, by the caller's thread; return how many segments are left."""
        cache, places, job = self._cache, self.places, self.job
        if cache is None or places is None:
            return len(self.offsets)
        found = cache.find(job.reader.keys(job.source, self.offsets.tolist()))
        left: list[int] = []
        for number, tile in enumerate(found):
            if tile is None:
                left.append(number)
                continue
            row, column = divmod(number, len(places.indices))
            place = places(column)
            part = tile if place.inner is None else tile[place.inner]
            job.out[job.row(row), *place.outer] = part
        if left and len(left) < len(self.offsets):
            self.numbers = left
            self.offsets, self.sizes = self.offsets[left], self.sizes[left]
        return len(left)

    def _views(self, offsets: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[memoryview]:
        source = self.job.source
        if len(offsets) == 1 and 0 < sizes[0] <= _BUFFER_KEPT and offsets[0] > 0:
            return [self._block(source, int(offsets[0]), int(sizes[0]))]
        ends = offsets + sizes
        # Unsigned, so that a step back is a large number too.
        gaps = (offsets[1:] - ends[:-1]).view(np.uint64)
        first, last = int(offsets[0]), int(ends[-1])
        adjacent = first > 0 and bool((gaps <= _GAP).all()) and bool((sizes > 0).all())
        if not adjacent or last - first > _BUFFER_KEPT:
            return self.job._fetch(offsets, sizes)
        block = self._block(source, first, last - first)
        begins = (offsets - first).tolist()
        return [block[a : a + n] for a, n in zip(begins, sizes.tolist(), strict=True)]

    def _block(self, source: Source, offset: int, size: int) -> memoryview:
        """Return a stretch of the file, in memory of this thread."""
        lock = self.job.options.lock
        if lock is not None:
            with lock:
                return source.view(offset, size)
        if not source.is_file:
            return source.view(offset, size)
        data = _buffer.data
        if len(data) < size:
            data = _buffer.data = bytearray(max(size, 1 << 16))
        target = memoryview(data)[:size]
        return target[: source.readinto(offset, target)]

    def _decode(self, batch: range, views: list[memoryview]) -> None:
        places, out, job = self.places, self.job.out, self.job
        if places is None:
            self._decode_whole(batch, views)
            return
        for number, view in zip(batch, views, strict=True):
            row, column = divmod(self.numbers[number], len(places.indices))
            index, place = places.indices[column], places(column)
            target = out[job.row(row), *place.outer]
            if self.sizes[number] <= 0 or self.offsets[number] <= 0:
                if not self._keeps_zero:
                    target[...] = self.fill
                continue
            try:
                if place.inner is None and not self._keeps_whole:
                    self._is_cut(view, row, index, number)
                    self.decode(view, place.extent, target, self._sink(row, index, number))
                else:
                    self._partly(view, place, target, row, index, number)
            except TiffSchemaError as error:
                raise self._cause(error, view, row, index, number) from error

    def _decode_whole(self, batch: range, views: list[memoryview]) -> None:
        """Decode segments of which everything is wanted; places are worked out for all at once."""
        geometry, job, out, decode = self.job.geometry, self.job, self.job.out, self.decode
        segments = geometry.segment_count
        rows, indices = np.divmod(np.arange(batch.start, batch.stop), segments)
        planes, *corners = np.unravel_index(indices, geometry.grid)
        begins = np.stack(corners) * np.asarray(geometry.segment_shape[:3])[:, None]
        ends = np.asarray(geometry.segment_shape[:3])[:, None] + begins
        ends = np.minimum(ends, np.asarray(geometry.shaped[1:4])[:, None])
        if job.rows is not None:
            rows = job.rows[rows]
        contig = geometry.shaped[4]
        stored = (self.sizes[batch.start : batch.stop] > 0) & (
            self.offsets[batch.start : batch.stop] > 0
        )
        done = self._bands(views, stored, rows, planes, begins, ends)
        for number, view, is_stored, row, plane, (z, y, x), (z1, y1, x1), is_done in zip(
            batch,
            views,
            stored.tolist(),
            rows.tolist(),
            planes.tolist(),
            begins.T.tolist(),
            ends.T.tolist(),
            done.tolist(),
            strict=True,
        ):
            if is_done:
                continue
            target = out[row, plane, z:z1, y:y1, x:x1]
            if not is_stored:
                if not self._keeps_zero:
                    target[...] = self.fill
                continue
            place, index = divmod(number, segments)
            try:
                sink = None if self._fault is None else self._sink(place, index, number)
                self._is_cut(view, place, index, number)
                decode(view, (z1 - z, y1 - y, x1 - x, contig), target, sink)
            except TiffSchemaError as error:
                raise self._cause(error, view, place, index, number) from error

    def _bands(
        self,
        views: list[memoryview],
        stored: NDArray[np.bool_],
        rows: NDArray[np.intp],
        planes: NDArray[np.intp],
        begins: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Decode small neighbours together; return for which segments that was done.

        Neighbours are tiles side by side, strips one below the other, or pages of one segment.

        Parameters:
            views: Stored bytes of the segments.
            stored: Which ones are stored at all.
            rows, planes: Where they go.
            begins, ends: Corners (z, y, x) of their parts inside the image.
        """
        geometry = self.job.geometry
        done = np.zeros(len(views), bool)
        shape = geometry.segment_shape
        nbytes = math.prod(shape) * self.decode.dtype.itemsize
        if self._endless or not 0 < nbytes <= BAND_TILE:
            return done
        # Along which axis of an image segments follow each other; none: each is a whole page.
        axis = next((each for each in (2, 1) if geometry.grid[each + 1] > 1), None)
        if axis is None and geometry.segment_count > 1:
            return done
        whole = stored & (ends - begins == np.asarray(shape[:3])[:, None]).all(axis=0)
        order = rows if axis is None else begins[axis]
        step = 1 if axis is None else shape[axis]
        follows = whole[1:] & whole[:-1] & (np.diff(order) == step)
        most = max(BAND // nbytes, 1)
        cuts = np.flatnonzero(~follows) + 1
        for start, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(views)], strict=True):
            for first in range(start, stop, most):
                last = min(first + most, stop)
                if last - first < 2:
                    continue
                row, corner = int(rows[first]), begins[:, first].tolist()
                if axis is None:
                    target = self.job.out[row : row + last - first, 0]
                else:
                    image = self.job.out[row, int(planes[first])]
                    target = side_by_side(image, corner, shape, axis, last - first)
                done[first:last] = self.decode.band(views[first:last], target)
        return done

    def _is_cut(self, view: memoryview, row: int, index: int, number: int) -> bool:
        """Return whether a segment is cut off that its codec takes for a whole one.

        Raises:
            TruncatedError: It is, and nobody records it.
        """
        if not self._endless or not 0 < len(view) < self.sizes[number]:
            return False
        error = TruncatedError('the rest is lost', 'segment')
        sink = self._sink(row, index, number)
        if sink is None:
            raise error
        named = self._cause(error, view, row, index, number)
        assert isinstance(named, FormatError)
        sink(named)
        return True

    def _cause(
        self, error: TiffSchemaError, view: memoryview, row: int, index: int, number: int
    ) -> TiffSchemaError:
        """Return what is wrong with a segment, by its name."""
        size = self.sizes[number]
        if isinstance(error, FormatError) and len(view) < size:
            # Sizes that are too large do no harm; data that is cut off does.
            message = f'the file ends after {len(view)} of {size} bytes; {error.message}'
            error = TruncatedError(message, 'segment')
        return self._named(error, row, index, number)

    def _partly(
        self,
        view: memoryview,
        place: Place,
        target: Array,
        row: int,
        index: int,
        number: int,
    ) -> None:
        """Decode a segment of which only a part is wanted."""
        sink = self._sink(row, index, number)
        wrong: list[FormatError] = []
        is_cut = self._is_cut(view, row, index, number)
        tile = self.decode(view, place.extent, None, None if sink is None else wrong.append)
        if sink is not None:
            for error in wrong:
                sink(error)
        # Whoever reads damage again shall hear of it again, or be refused.
        if self._cache is not None and not wrong and not is_cut:
            (key,) = self.job.reader.keys(self.job.source, [int(self.offsets[number])])
            self._cache.put(key, np.ascontiguousarray(tile))
        target[...] = tile if place.inner is None else tile[place.inner]

    def _sink(self, row: int, index: int, number: int) -> FaultSink | None:
        fault = self.job.options.fault
        if fault is None:
            return None

        def sink(error: FormatError) -> None:
            named = self._named(error, row, index, number)
            assert isinstance(named, FormatError)
            fault(named)

        return sink

    def _named(self, error: TiffSchemaError, row: int, index: int, number: int) -> TiffSchemaError:
        """Return an error that says in which segment of which page it happened."""
        path = f'{self.job.frames.name(int(self.job.chosen[row]))}.segments[{index}]'
        if isinstance(error, UnsupportedError) or not isinstance(error, FormatError):
            return error
        return type(error)(error.message, path, int(self.offsets[number]))
