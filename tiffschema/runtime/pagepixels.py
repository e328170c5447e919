"""From one page to its samples: what `TiffPage` and `TiffFrame` share.

Rule 1: this module knows geometry, segments and sources; it reads no tags. The classes that mix it
in say where segments lie and what they look like, see `PagePixels`.
Rule 2: everything goes through `SegmentReader.read`; there is no second way to decode.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.spec import SegmentSpec
from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.limits import Limits
from tiffschema.model.geometry import Geometry
from tiffschema.values import replace

from . import workers
from .contiguous import read_stretch
from .frames import FrameMap
from .output import LARGE, OutputType, create_output, fill_value, written
from .readoptions import ErrorMode, ReadOptions, check_options, read_options
from .reopening import reopening
from .segmenttable import SegmentTable, located, nowhere

if TYPE_CHECKING:
    from .segments import SegmentReader
    from .selection import Selection, SelectionArgument
    from .source import Source

__all__ = ['DecodeResult', 'PagePixels', 'SegmentDecode']

DecodeResult: TypeAlias = (
    'tuple[NDArray[Any] | None, tuple[int, int, int, int, int], tuple[int, int, int, int]]'
)
"""Samples of a segment of shape (depth, length, width, samples), or None where it is not stored;
its first sample's index in an array of shape `shaped`; its shape."""


class SegmentDecode:
    """Decodes the stored bytes of one segment of a page.

    Parameters:
        reader: Of the page.
        limits: Bounds of what is decoded.
    """

    def __init__(self, reader: SegmentReader, limits: Limits) -> None:
        self._reader = reader
        self._limits = limits
        self._others: dict[tuple[bytes | None, bytes | None], SegmentReader] = {}

    def __call__(
        self,
        data: Any,
        index: int,
        /,
        *,
        jpegtables: bytes | None = None,
        jpegheader: bytes | None = None,
        _fullsize: bool = False,
    ) -> DecodeResult:
        """Return samples, position and shape of a segment.

        Parameters:
            data: Stored bytes; None or none at all: the segment is not stored.
            index: Which segment of the page it is.
            jpegtables: JPEG tables, if not those of the page.
            jpegheader: JPEG header, if not that of the page.

        Raises:
            IndexError: There is no such segment.
            FormatError: The bytes are damaged.
            UnsupportedError: There is no codec.
        """
        geometry = self._reader.geometry
        plane, z, y, x = geometry.position(index)
        position = plane, z, y, x, 0
        shape = geometry.stored_shape(index)
        if data is None or len(data) == 0:
            return None, position, shape
        spec = self._reader.spec
        if jpegtables is None:
            jpegtables = spec.jpegtables
        if jpegheader is None:
            jpegheader = spec.jpegheader
        reader = self._with(jpegtables, jpegheader)
        decode = reader.decoder('raise', self._limits)
        extent = geometry.extent(index)
        if extent == shape:
            return decode(data, shape), position, shape
        array = np.zeros(shape, decode.dtype)
        decode(data, extent, array[: extent[0], : extent[1], : extent[2]])
        return array, position, shape

    def _with(self, jpegtables: bytes | None, jpegheader: bytes | None) -> SegmentReader:
        spec = self._reader.spec
        if (jpegtables, jpegheader) == (spec.jpegtables, spec.jpegheader):
            return self._reader
        key = jpegtables, jpegheader
        found = self._others.get(key)
        if found is None:
            other = SegmentSpec(spec.geometry, jpegtables, jpegheader, spec.options)
            from .segments import SegmentReader

            found = self._others[key] = SegmentReader(other, self._reader.nodata)
        return found


class PagePixels:
    """Access to the samples of a page or frame.

    A class that mixes this in offers

    - ``keyframe``: the page that lends its properties, possibly itself, with ``geometry``
      (`Geometry`), ``spec`` (`SegmentSpec`) and ``nodata``;
    - ``parent``: the file, with ``source``, ``limits``, ``faults`` and ``segmentcache``;
    - ``_stored_segments()``: offsets and byte counts (None if that tag is missing) as the tags have
      them, and the offset at which the data must end;
    - ``spec`` on a frame whose segments differ from those of its key frame (JPEG tables);
    - ``treeindex``: for the names of segments in messages;
    - ``check_complete()``: raises if tags are lost on which the samples may depend.
    """

    if TYPE_CHECKING:
        parent: Any
        keyframe: Any
        spec: SegmentSpec
        treeindex: int | tuple[int, ...]

        def check_complete(self) -> None: ...

    def _stored_segments(self) -> tuple[Any, Any, int]:
        raise NotImplementedError

    # What the page looks like

    @property
    def _geometry(self) -> Geometry:
        geometry: Geometry = self.keyframe.geometry
        return geometry

    @property
    def _source(self) -> Source:
        source: Source = self.parent.source
        return source

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the decoded image; a depth of 1 and a single sample are left out."""
        return self._geometry.shape

    @property
    def shaped(self) -> tuple[int, int, int, int, int]:
        """(separate samples, depth, length, width, contiguous samples)."""
        return self._geometry.shaped

    @property
    def axes(self) -> str:
        """Letters of the axes of `shape`."""
        return self._geometry.axes

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Type of the samples in native byte order; None if it is unknown."""
        return self._geometry.dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of samples."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the decoded image."""
        return self._geometry.nbytes

    @property
    def dims(self) -> tuple[str, ...]:
        """Letters of the axes, one by one."""
        return tuple(self.axes)

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each axis."""
        return dict(zip(self.axes, self.shape, strict=True))

    @property
    def is_tiled(self) -> bool:
        """Whether the segments are tiles."""
        return self._geometry.is_tiled

    @property
    def is_subsampled(self) -> bool:
        """Whether chroma is subsampled."""
        return self._geometry.is_subsampled

    @property
    def tile(self) -> tuple[int, ...] | None:
        """Shape of a tile, with its depth if that is not 1; None for strips."""
        geometry = self._geometry
        if not geometry.is_tiled:
            return None
        depth, length, width, _ = geometry.segment_shape
        return (depth, length, width) if depth > 1 else (length, width)

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a strip or tile, in axes of the image."""
        return self._geometry.chunks

    @property
    def chunked(self) -> tuple[int, ...]:
        """Shape of the image in numbers of strips or tiles."""
        return self._geometry.chunked

    # Where its segments lie

    @cached_property
    def segmenttable(self) -> SegmentTable:
        """Offsets and byte counts, each of shape (1, segments), recovered where they are wrong.

        Raises:
            LimitError: The page has more segments than allowed.
        """
        offsets, bytecounts, end = self._stored_segments()
        geometry = self._geometry
        if geometry.segment_count == 0:
            empty = np.zeros((1, 0), np.int64)
            return SegmentTable(empty, empty)
        geometry.check(self.parent.limits)
        return located(geometry, offsets, bytecounts, end, self._fault)

    def _fault(self, error: FormatError) -> None:
        self.parent.faults.append(
            FormatError(error.message, f'{self._path}.{error.path}', error.offset)
        )

    @property
    def _path(self) -> str:
        index = self.treeindex
        numbers = index if isinstance(index, tuple) else (index,)
        return '.'.join(f'pages[{number}]' for number in numbers)

    @cached_property
    def dataoffsets(self) -> tuple[int, ...]:
        """Offsets of the segments in bytes, 0 where one is not stored."""
        return tuple(np.maximum(self.segmenttable.offsets[0], 0).tolist())

    @cached_property
    def databytecounts(self) -> tuple[int, ...]:
        """Stored bytes of the segments, 0 where one is not stored."""
        return tuple(self.segmenttable.bytecounts[0].tolist())

    @property
    def is_contiguous(self) -> bool:
        """Whether the samples lie in one stretch of 8, 16, 32, 64 or 128 bits each."""
        geometry = self._geometry
        if not geometry.is_contiguous_layout or not geometry.size:
            return False
        table = self.segmenttable
        if table.offsets.shape[1] == 1:
            return bool(table.offsets[0, 0] > 0)
        return bool(table.is_adjacent[0]) and int(table.bytecounts.sum()) == geometry.nbytes

    @property
    def is_final(self) -> bool:
        """Whether the page is contiguous, and its bytes are the samples (in file byte order)."""
        return self._geometry.is_final_layout and self.is_contiguous

    @property
    def is_memmappable(self) -> bool:
        """Whether the samples can be mapped: final, aligned, in a file of the system."""
        dtype = self._geometry.dtype
        if dtype is None or not self.is_final or not self._source.path:
            return False
        return bool(
            self._source.is_file
            and (self._source.start + int(self.segmenttable.offsets[0, 0])) % dtype.itemsize == 0
        )

    def _stretch(self) -> int:
        """Return where the samples lie as they are, 0 where they do not."""
        return int(self.segmenttable.offsets[0, 0]) if self.is_final else 0

    # Samples

    @cached_property
    def _reader(self) -> SegmentReader:
        from .segments import SegmentReader

        keyframe = self.keyframe
        spec = self.spec
        if keyframe is not self and spec is keyframe.spec:
            reader: SegmentReader = keyframe._reader
            return reader
        return SegmentReader(spec, keyframe.nodata)

    @property
    def framemap(self) -> FrameMap:
        """This page as the only frame of a map."""
        return FrameMap([lambda: self._source], self.segmenttable, names=lambda _: self._path)

    @property
    def maxworkers(self) -> int:
        """Number of threads worth using to decode the page."""
        return workers.workers_for(None, self.nbytes)

    def _options(
        self,
        errors: ErrorMode | None = None,
        maxworkers: int | None = None,
        buffersize: int | None = None,
        lock: Any = None,
    ) -> ReadOptions:
        return read_options(self.parent, errors, maxworkers, buffersize, lock)

    @reopening
    def asarray(
        self,
        *,
        out: OutputType = None,
        squeeze: bool = True,
        lock: Any = None,
        maxworkers: int | None = None,
        buffersize: int | None = None,
        selection: SelectionArgument = None,
        errors: ErrorMode | None = None,
    ) -> NDArray[Any]:
        """Return the decoded image, or a part of it.

        Parameters:
            out: Where to write it, see `create_output`.
            squeeze: False returns all five axes of `shaped`.
            lock: Held while the file is read; not needed for files opened by this library.
            maxworkers: Threads at most, by default as many as are worth it.
            buffersize: Bytes fetched ahead at a time from remote stores.
            selection: Indices as NumPy has them; only segments that they touch are decoded.
            errors: Damaged segments: ``'raise'`` (default), or ``'fault'`` to keep the rest, fill
                what is lost with nodata or 0, and record each loss in the faults of the file.

        Raises:
            FormatError: Segments are damaged or missing; names page, segment and offset.
            UnsupportedError: The type of samples or the codec is not known here.
            LimitError: The image is too large.
            IndexError: `selection` does not fit the image.
        """
        geometry = self._geometry
        # A directory that says nothing of an image has the shape ().
        shape = (self.shape or geometry.shape) if squeeze else geometry.shaped
        if geometry.dtype is None:
            raise UnsupportedError(
                f'{self._path}: no type for samples of BitsPerSample {geometry.bitspersample}'
                f' and SampleFormat {geometry.sampleformat}'
            )
        check_options(errors, maxworkers)
        if errors != 'fault':
            self.check_complete()
        limits = self.parent.limits
        geometry.check(limits)
        if selection is None and lock is None:
            offset = self._stretch()
            if offset:
                whole = create_output(out, shape, geometry.dtype, limits=limits)
                if read_stretch(self._source, offset, geometry, whole, maxworkers):
                    return whole
                out = whole
        options = self._options(errors, maxworkers, buffersize, lock)
        from .selection import select

        chosen = select(selection, shape)
        if math.prod(geometry.shaped) == 0:
            return chosen.take(create_output(out, chosen.shape, geometry.dtype))
        window = _window(chosen, shape, geometry)
        target = create_output(
            out if chosen.index is None else None,
            chosen.shape,
            geometry.dtype,
            limits=options.limits,
        )
        block = target.reshape((1, *(len(each) for each in window)))
        is_view = out is None or np.shares_memory(block, target)
        if not is_view:
            block = np.empty(block.shape, geometry.dtype)
        if out is None and target.nbytes >= LARGE:
            options = replace(options, zeroed=True)
        first = np.zeros(1, np.intp)
        self._reader.read(self.framemap, first, window, block, options)
        if not is_view:
            target[...] = block.reshape(target.shape)
        result = chosen.take(target)
        return result if chosen.index is None else written(out, result)

    @cached_property
    def decode(self) -> Callable[..., DecodeResult]:
        """Function (data, index, jpegtables, jpegheader) -> (samples, position, shape)."""
        return SegmentDecode(self._reader, self.parent.limits)

    def segments(
        self,
        *,
        lock: Any = None,
        maxworkers: int | None = None,
        func: Callable[[DecodeResult], Any] | None = None,
        sort: bool = False,
        buffersize: int | None = None,
        _fullsize: bool | None = None,
    ) -> Iterator[Any]:
        """Yield all segments, decoded: (samples or None, position, shape).

        Parameters:
            lock: Held while the file is read.
            maxworkers: Threads at most.
            func: Applied to each segment, on the thread that decoded it; its results are yielded.
            sort: Go through the file in order of offsets, not through the page in order of indices.
            buffersize: Stored bytes read at a time.

        Raises:
            FormatError: A segment is damaged.
        """
        geometry, table = self._geometry, self.segmenttable
        decode, source = self.decode, self._source
        count = geometry.segment_count
        if table.nowhere:
            raise nowhere(self._path)
        if table.offsets.shape[1] != count:
            table = self._every_strip(table)
        offsets, sizes = table.offsets[0], table.bytecounts[0]
        order = np.argsort(offsets, kind='stable') if sort else np.arange(count)
        nbytes = math.prod(geometry.segment_shape)
        threads = workers.workers_for(maxworkers, nbytes * count)
        from .segments import blocks

        for block in blocks(sizes[order], buffersize or 64 << 20):
            chosen = order[block.start : block.stop]
            starts = offsets[chosen].tolist()
            stored = np.where(offsets[chosen] > 0, sizes[chosen], 0).tolist()
            if lock is None:
                views = source.fetch(starts, stored)
            else:
                with lock:
                    views = source.fetch(starts, stored)
            results: list[Any] = [None] * len(chosen)

            def work(
                batch: range,
                chosen: NDArray[np.intp] = chosen,
                views: list[memoryview] = views,
                stored: list[int] = stored,
                results: list[Any] = results,
            ) -> None:
                for place in batch:
                    index = int(chosen[place])
                    if stored[place] > 0 and not len(views[place]):
                        raise TruncatedError(
                            'segment lies beyond the end of the file',
                            f'{self._path}.segments[{index}]',
                            int(offsets[index]),
                        )
                    result = self._decoded(decode, views[place], index, int(offsets[index]))
                    results[place] = result if func is None else func(result)

            workers.run(work, workers.batches(len(chosen), nbytes, threads), threads)
            yield from results

    def _decoded(
        self, decode: Callable[..., DecodeResult], view: memoryview, index: int, offset: int
    ) -> DecodeResult:
        try:
            return decode(view if len(view) else None, index)
        except FormatError as error:
            path = f'{self._path}.segments[{index}]'
            raise type(error)(error.message, path, offset) from error

    def _every_strip(self, table: SegmentTable) -> SegmentTable:
        """Return the segments of a page that is one stretch."""
        geometry = self._geometry
        sizes = np.asarray(
            [geometry.segment_nbytes(index) for index in range(geometry.segment_count)], np.int64
        )
        begins = int(table.offsets[0, 0]) + np.concatenate([[0], np.cumsum(sizes)[:-1]])
        return SegmentTable(begins[None], sizes[None])

    def asrgb(
        self,
        *,
        uint8: bool = False,
        alpha: Container[int] | None = None,
        **kwargs: Any,
    ) -> NDArray[Any]:
        """Return the image as RGB or RGBA, whatever its photometric interpretation.

        Parameters:
            uint8: Scale samples to 0 to 255.
            alpha: Kinds of extra samples that are taken as alpha, by default 1 and 2.
            **kwargs: For `asarray`.

        Raises:
            UnsupportedError: There is no conversion.
        """
        from .colour import page_asrgb

        return page_asrgb(self, uint8=uint8, alpha=alpha, **kwargs)

    def aszarr(self, **kwargs: Any) -> Any:
        """Return the image as a Zarr store."""
        from tiffschema.model.faces import face

        return face('zarr.store')(self, **kwargs)

    def asxarray(self, **kwargs: Any) -> Any:
        """Return the image as an xarray ``DataArray`` with coordinates and attributes."""
        from tiffschema.model.faces import face

        return face('xarray.page')(self, **kwargs)

    def asdask(self, **kwargs: Any) -> Any:
        """Return the image as a dask array."""
        from tiffschema.model.faces import face

        return face('dask.image')(self, **kwargs)

    def fill_value(self) -> Any:
        """Return the value of samples that are not stored."""
        dtype = self._geometry.dtype
        return 0 if dtype is None else fill_value(self.keyframe.nodata, dtype)


def _window(
    chosen: Selection, shape: tuple[int, ...], geometry: Geometry
) -> tuple[range, range, range, range, range]:
    """Return a selection of the axes users see as one of (P, D, L, W, c)."""
    if len(shape) == 5:
        p, d, y, x, c = chosen.ranges
        return p, d, y, x, c
    by_axis = dict(zip(geometry.axes, chosen.ranges, strict=True))
    one = range(1)
    planar = geometry.planarconfig == 2
    samples = by_axis.get('S', one)
    return (
        samples if planar else one,
        by_axis.get('Z', one),
        by_axis['Y'],
        by_axis['X'],
        one if planar else samples,
    )
