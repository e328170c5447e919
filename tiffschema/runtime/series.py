"""Pages that form one n-dimensional image.

Rule 1: a series maps its shape to frames and knows axes; how it was found out is the assemblers'
business. Rule 2: no page object is made until somebody indexes the series.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tiffschema.errors import FormatError
from tiffschema.model.axes import axes_unique, squeeze_axes
from tiffschema.values import replace

from .frameplan import FramePlan
from .frames import FrameMap
from .output import LARGE, OutputType, create_output, mapped, written
from .readoptions import ErrorMode, ReadOptions, read_options
from .reopening import reopening
from .seriespages import frame_map

if TYPE_CHECKING:
    from .coordinates import Coordinates, PixelSize
    from .segments import SegmentReader
    from .selection import Selection, SelectionArgument

__all__ = ['TiffPageSeries']

Array = NDArray[Any]


class TiffPageSeries(Sequence[Any]):
    """Pages that form one n-dimensional image.

    Parameters:
        pages: Pages or frames, None for missing ones; or the first page, if its data is followed
            by that of the others.
        shape: Of the image; by default that of the pages.
        dtype: Of the samples; by default that of the pages.
        axes: One letter per entry of `shape`.
        attrs: What else is known of the image.
        coords: By axis, all coordinates or (offset, step).
        units: Unit by axis.
        index: Number of the series in its file.
        parent: The file.
        name: Of the image.
        kind: Of the series.
        truncated: Only the first page has a directory.
        multifile: Pages are in several files.
        transform: Applied to decoded samples.
        squeeze: Leave out axes of length 1 other than X and Y.
        contiguous: Data of all pages follows that of the first, so no other directory is read.
        source: Where shape and axes were found, and where coordinates were.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.zeros((3, 16, 20), 'u1'), photometric='minisblack')
        >>> with tiffschema.TiffFile('temp.tif') as tif:
        ...     series = tif.series[0]
        ...     series.shape, series.axes, series.kind, len(series)
        ((3, 16, 20), 'QYX', 'shaped', 3)
    """

    def __init__(
        self,
        pages: Any,
        /,
        shape: Sequence[int] | None = None,
        dtype: DTypeLike | None = None,
        axes: str | None = None,
        *,
        attrs: Mapping[str, Any] | None = None,
        coords: Mapping[str, Any] | None = None,
        units: Mapping[str, str] | None = None,
        index: int | None = None,
        parent: Any = None,
        name: str | None = None,
        kind: str | None = None,
        truncated: bool = False,
        multifile: bool = False,
        transform: Callable[[Array], Array] | None = None,
        squeeze: bool | None = None,
        contiguous: bool = False,
        source: str = '',
    ) -> None:
        if hasattr(pages, 'keyframe') and not isinstance(pages, Sequence):
            pages = [pages]
        self._pages: Sequence[Any] = pages
        keyframe = next((page for page in pages if page is not None), None)
        if keyframe is None:
            raise ValueError('pages: a series needs at least one page')
        self.keyframe = keyframe.keyframe
        own = len(pages) > 1 and shape is None
        page_shape = self.keyframe.shape
        self._shape = tuple(
            int(size)
            for size in (
                shape if shape is not None else (len(pages), *page_shape) if own else page_shape
            )
        )
        letters = ('I' if own else '') + self.keyframe.axes if self._shape else ''
        self._axes = axes or letters
        if len(self._axes) != len(self._shape):
            raise ValueError(f'axes: {self._axes!r} are not one letter per entry of {self._shape}')
        self._dtype = None if dtype is None else np.dtype(dtype)
        self._attrs = dict(attrs or {})
        self._coords = dict(coords or {})
        self._units = dict(units or {})
        self._index = index
        self.parent = parent if parent is not None else self.keyframe.parent
        self.name = name or ''
        self.kind = kind or ''
        self.is_truncated = truncated
        self.is_multifile = multifile
        self.transform = transform
        self._contiguous = contiguous or truncated
        self.source = source
        self._squeeze = squeeze if squeeze is not None else self.kind != 'shaped'
        self.levels: list[TiffPageSeries] = [self]

    def number(self, index: int, squeeze: bool | None = None) -> None:
        """Give the series and its levels its number in the file, and how to squeeze its shape.

        Parameters:
            index: Position among the series of the file.
            squeeze: Leave out axes of length 1; None: as the series was made.
        """
        for level in self.levels:
            level._index = index
            if squeeze is not None:
                level._squeeze = squeeze

    # Shape

    def get_shape(self, squeeze: bool | None = None) -> tuple[int, ...]:
        """Return the shape, with or without axes of length 1; None: as the series was made.

        Parameters:
            squeeze: Leave out axes of length 1; None: as the series was made.
        """
        if not (self._squeeze if squeeze is None else squeeze):
            return self._shape
        return self._squeezed_shape

    @cached_property
    def _squeezed_shape(self) -> tuple[int, ...]:
        return squeeze_axes(self._shape, self._axes)[0]

    def get_axes(self, squeeze: bool | None = None) -> str:
        """Return the letters of the axes, as `get_shape` does.

        Parameters:
            squeeze: As for `get_shape`.
        """
        if not (self._squeeze if squeeze is None else squeeze):
            return self._axes
        return ''.join(squeeze_axes(self._shape, self._axes)[1])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the decoded image."""
        return self.get_shape()

    @property
    def axes(self) -> str:
        """Letters of the axes."""
        return self.get_axes()

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Type of the decoded samples."""
        if self._dtype is not None:
            return self._dtype
        dtype: np.dtype[Any] | None = self.keyframe.dtype
        return dtype

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes, one by one: letters, with a number where one occurs again."""
        return axes_unique(self.axes)

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each axis."""
        return dict(zip(self.dims, self.shape, strict=True))

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of samples."""
        return math.prod(self._shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the decoded image."""
        return self.size * self.dtype.itemsize if self.dtype is not None else 0

    @property
    def is_pyramidal(self) -> bool:
        """Whether the image is there in several sizes."""
        return len(self.levels) > 1

    # Pages

    @property
    def pages(self) -> TiffPageSeries:
        """The pages, which the series is a sequence of."""
        return self

    @cached_property
    def _frame_count(self) -> int:
        page_size = math.prod(self.keyframe.shape)
        return self.size // page_size if page_size else len(self._pages)

    def __len__(self) -> int:
        return self._frame_count if self.is_truncated else len(self._pages)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self._page(index) for index in range(*key.indices(len(self)))]
        index = key.__index__()
        if not -len(self) <= index < len(self):
            raise IndexError(f'index {index} is out of range for {len(self)} pages')
        return self._page(index % len(self))

    def __iter__(self) -> Iterator[Any]:
        if not self._contiguous:
            return iter(self._pages)
        return (self._page(index) for index in range(len(self)))

    def _page(self, index: int) -> Any:
        if not self.is_truncated or index == 0:
            try:
                return self._pages[index]
            except IndexError:
                if not self._contiguous:
                    raise
        table = self.framemap.table
        from .frame import TiffFrame

        return TiffFrame(
            self.keyframe.parent,
            index,
            offset=0,
            keyframe=self.keyframe,
            dataoffsets=(int(table.offsets[index, 0]),),
            databytecounts=(int(table.bytecounts[index, 0]),),
        )

    @cached_property
    def framemap(self) -> FrameMap:
        """Where the segments of all frames lie."""
        return frame_map(self._pages, self.keyframe, self._frame_count if self._contiguous else 0)

    @cached_property
    def dataoffset(self) -> int | None:
        """Offset of the samples if all of them lie in one stretch, else None."""
        keyframe = self.keyframe
        if not keyframe.is_final or self.is_multifile or self.size == 0:
            return None
        frames = self.framemap
        if frames.files is not None and frames.files.any():
            return None
        table = frames.table
        if table.offsets.shape[1] > 1:
            if not table.is_adjacent.all():
                return None
            if not (table.bytecounts.sum(axis=1) == keyframe.nbytes).all():
                return None
        begins = table.offsets[:, 0]
        if (begins <= 0).any() or (np.diff(begins) != keyframe.nbytes).any():
            return None
        if keyframe.nbytes * len(begins) != self.size * keyframe.dtype.itemsize:
            return None
        return int(begins[0])

    @property
    def missing(self) -> tuple[int, ...]:
        """Indices of frames that no file holds; they read as nodata or 0."""
        return tuple(self.framemap.missing.tolist())

    # Physical meaning

    @cached_property
    def coordinates(self) -> Coordinates:
        """Offsets, steps and units of the axes, and where they were found."""
        from .coordinates import axes_coordinates

        coords, units, kind = self._calibration
        source = f'{kind}_metadata' if kind else self.source or self.kind
        return axes_coordinates(self.keyframe, self._axes, coords, units, source)

    @cached_property
    def _calibration(self) -> tuple[Mapping[str, Any], Mapping[str, str], str]:
        """Coordinates, units, and the kind whose metadata have them, if not the series itself."""
        from .calibrated import calibrated

        return (None if self._coords else calibrated(self)) or (self._coords, self._units, '')

    @property
    def coord_scales(self) -> dict[str, float]:
        """Step of the coordinates by axis."""
        return dict(self.coordinates.scales)

    @property
    def coord_offsets(self) -> dict[str, float]:
        """Coordinate of the first entry by axis."""
        return dict(self.coordinates.offsets)

    @property
    def coord_units(self) -> dict[str, str]:
        """Unit by axis, where there is one."""
        return dict(self.coordinates.units)

    @property
    def coords(self) -> dict[str, Array]:
        """Coordinates of all entries of an axis, where they are known."""
        limits = self.keyframe.parent.limits
        found = {
            axis: self.coordinates.array(axis, size, limits) for axis, size in self.sizes.items()
        }
        return {axis: array for axis, array in found.items() if array is not None}

    @property
    def pixel_sizes(self) -> dict[str, PixelSize]:
        """Extent of a pixel in metres and where it was found, by axis that has one."""
        found = {axis: self.coordinates.pixel_size(axis) for axis in self.axes}
        return {axis: size for axis, size in found.items() if size is not None}

    @property
    def mpp(self) -> tuple[float, float] | None:
        """Micrometres per pixel along X and Y, None if they are not known.

        Pixels per inch in the tags are how large to print, not how large the object is.
        """
        given = self._attrs.get('mpp')
        if given is not None:
            return float(given[0]), float(given[1])
        sizes = []
        for axis in 'XY':
            size = self.coordinates.pixel_size(axis)
            printed = (
                axis not in self._calibration[0] and self.coordinates.units.get(axis) == 'inch'
            )
            if size is None or printed:
                return None
            sizes.append(size.metres * 1e6)
        return sizes[0], sizes[1]

    @property
    def attrs(self) -> dict[str, Any]:
        """What is known of the image besides its axes."""
        found: dict[str, Any] = {**self.keyframe.attrs, **self._attrs}
        # The units of the axes are in `coord_units`, wherever they were found.
        found.pop('resolutionunit', None)
        if self.mpp is not None:
            found['mpp'] = self.mpp
        for name in ('offsets', 'scales', 'units') if self.coord_scales else ('units',):
            values = getattr(self.coordinates, name)
            shown = {axis: value for axis, value in values.items() if axis in self.axes}
            if shown:
                found[f'coord_{name}'] = shown
        return found

    # Samples

    @reopening
    def asarray(
        self,
        *,
        level: int | None = None,
        squeeze: bool | None = None,
        out: OutputType = None,
        selection: SelectionArgument = None,
        lock: Any = None,
        maxworkers: int | None = None,
        buffersize: int | None = None,
        errors: ErrorMode | None = None,
    ) -> Array:
        """Return the image, or a part of it.

        Parameters:
            level: Of the pyramid, 0 is the full size.
            squeeze: Leave out axes of length 1 or not; None: as the series was made.
            out: Where to write it, see `create_output`; ``'memmap'`` maps the file itself where
                its samples lie in one stretch.
            selection: Indices as NumPy has them; only segments that they touch are decoded.
            lock: Held while files are read; not needed for files opened by this library.
            maxworkers: Threads at most, by default as many as are worth it.
            buffersize: Bytes fetched ahead at a time from remote stores.
            errors: ``'raise'`` (default) at damaged segments, or ``'fault'`` to keep the rest,
                fill what is lost, and record each loss in the faults of the file.

        Raises:
            IndexError: There is no such level, or `selection` does not fit the image.
            FormatError: Segments are damaged or missing; names page, segment and offset.
            UnsupportedError: The type of samples or the codec is not known here.
            LimitError: The image is too large.
        """
        if level:
            return self.levels[level].asarray(
                squeeze=squeeze, out=out, selection=selection, lock=lock,
                maxworkers=maxworkers, buffersize=buffersize, errors=errors,
            )  # fmt: skip
        if errors != 'fault':
            self._check_complete()
        shape = self.get_shape(squeeze)
        dtype = self.keyframe.dtype
        if dtype is None:
            # The page knows what to say.
            return np.asarray(self.keyframe.asarray())
        reading = {
            'lock': lock, 'maxworkers': maxworkers, 'buffersize': buffersize, 'errors': errors,
        }  # fmt: skip
        if self._is_one_page and selection is None and out is None and shape == self.keyframe.shape:
            # One page needs no map of frames.
            page: Array = self.keyframe.asarray(**reading)
            return page
        if isinstance(out, str) and out == 'memmap' and self.is_memmappable:
            return np.asanyarray(self._memmap(shape)[... if selection is None else selection])
        from .selection import select

        chosen = select(selection, shape)
        if math.prod(chosen.shape) == 0:
            return written(out, chosen.take(np.empty(chosen.shape, dtype)))
        plan = FramePlan.of(shape, self.keyframe.shape, self.keyframe.shaped)
        if plan is None:
            # The shape is not made of whole pages: everything is read, then cut.
            whole = self._page_stack(read_options(self.parent, **reading))
            if whole.size != math.prod(shape):
                raise FormatError(f'{whole.shape} is not of {shape}', 'series')
            whole = whole.reshape(shape)
            return written(out, whole[selection if selection is not None else ...])
        return self._selected(plan, chosen, out, read_options(self.parent, **reading))

    def _check_complete(self) -> None:
        """Check that no page lost tags; only the last directory of a file can have.

        Raises:
            TruncatedError: A file ends within the directory of a page.
        """
        if self.is_multifile or self.parent.directories.incomplete:
            for page in self:
                if page is not None and page.parent.directories.incomplete:
                    page.check_complete()

    @cached_property
    def _is_one_page(self) -> bool:
        return (
            len(self._pages) == 1
            and self._pages[0] is self.keyframe
            and self.transform is None
            and not self.is_truncated
        )

    def _page_stack(self, options: ReadOptions) -> Array:
        """Return all frames in their own shape."""
        from .selection import select

        shape = (len(self.framemap), *self.keyframe.shape)
        plan = FramePlan.of(shape, self.keyframe.shape, self.keyframe.shaped)
        assert plan is not None
        return self._selected(plan, select(None, shape), None, options)

    def _selected(
        self, plan: FramePlan, chosen: Selection, out: OutputType, options: ReadOptions
    ) -> Array:
        """Return a part of the frames."""
        dtype = self.keyframe.dtype
        simple = chosen.index is None and self.transform is None
        target = create_output(out if simple else None, chosen.shape, dtype, limits=options.limits)
        wanted, window = plan.frames(chosen)
        if len(self.framemap) < plan.count:
            raise FormatError(
                f'{len(self.framemap)} pages where shape {self.shape} needs {plan.count}', 'series'
            )
        block_shape = (len(wanted), *map(len, window))
        block = target.reshape(block_shape)
        is_view = out is None or np.shares_memory(block, target)
        if not is_view:
            block = np.empty(block_shape, target.dtype)
        if out is None and target.nbytes >= LARGE:
            options = replace(options, zeroed=True)
        self._reader.read(self.framemap, wanted, window, block, options)
        if not is_view:
            target[...] = block.reshape(target.shape)
        if simple:
            return target
        result = chosen.take(target)
        if self.transform is not None:
            result = self.transform(result)
        return written(out, result)

    @cached_property
    def _reader(self) -> SegmentReader:
        reader: SegmentReader = self.keyframe._reader
        return reader

    @property
    def is_memmappable(self) -> bool:
        """Whether the samples lie in one stretch of a file of the system, as they are."""
        source = self.parent.source
        if self.dataoffset is None or self.transform is not None or self.dtype is None:
            return False
        return bool(source.is_file and source.path)

    def _memmap(self, shape: tuple[int, ...], mode: str = 'r') -> Array:
        source, offset = self.keyframe.parent.source, self.dataoffset
        assert offset is not None
        stored = self.keyframe.geometry.stored_dtype
        assert stored is not None
        return mapped(source.path, source.start + offset, stored, shape, mode)

    def asrgb(self, **kwargs: Any) -> Array:
        """Return the image as RGB or RGBA.

        Raises:
            UnsupportedError: The series is of several pages of differing meaning.
        """
        from .colour import series_asrgb

        return series_asrgb(self, **kwargs)

    def aszarr(
        self, *, level: int | None = None, squeeze: bool | None = None, **kwargs: Any
    ) -> Any:
        """Return the image, or a level of it, as a Zarr store.

        Parameters:
            level: Of a pyramid; None for a group of all.
            squeeze: As for `get_shape`.
            **kwargs: For `ZarrTiffStore`.
        """
        from tiffschema.model.faces import face

        return face('zarr.store')(self, level=level, squeeze=squeeze, **kwargs)

    def asxarray(
        self, *, level: int | None = None, squeeze: bool | None = None, **kwargs: Any
    ) -> Any:
        """Return the image, or a level of it, as an xarray ``DataArray``.

        Parameters:
            level: Of a pyramid.
            squeeze: As for `get_shape`.
            **kwargs: For the array, see `TiffFile.asxarray`.
        """
        from tiffschema.model.faces import face

        return face('xarray.series')(self, level=level, squeeze=squeeze, **kwargs)

    def asdask(self, **kwargs: Any) -> Any:
        """Return the image, or a level of it, as a dask array."""
        from tiffschema.model.faces import face

        return face('dask.image')(self, **kwargs)

    def __repr__(self) -> str:
        number = '' if self._index is None else f' {self._index}'
        return f'<tiffschema.TiffPageSeries{number} {self.kind}>'

    def __str__(self) -> str:
        number = '' if self._index is None else f'{self._index}'
        parts = [
            f'TiffPageSeries {number}',
            'x'.join(map(str, self.shape)),
            str(self.dtype),
            self.axes,
            self.kind,
            self.name,
            f'{len(self.levels)} Levels' if self.is_pyramidal else '',
            f'{len(self)} Pages',
        ]
        return '  '.join(part for part in parts if part)
