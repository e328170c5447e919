"""`TiffFile`: an open file with its pages, series, flags, metadata and faults.

Knows how the parts of this floor fit together; opening reads the header window and nothing else.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.model.kinds import detectors
from tiffschema.model.tiffformat import TiffFormat
from tiffschema.types import ByteOrder

from .chain import Directories
from .container import Container, open_container
from .faults import FaultLog
from .fileflags import FileFlags
from .filehandle import FileHandle
from .pages import TiffPages
from .source import FileArgument, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tiffschema.codecs.spec import SegmentSpec
    from tiffschema.model.geometry import Geometry

    from .output import OutputType
    from .series import TiffPageSeries
    from .serieslist import TiffSeries
    from .tilecache import SegmentCache

__all__ = ['TiffFile']

_CACHE = 96 << 20
"""Bytes of decoded segments that a file keeps: some hundred tiles, what a large screen shows."""


class TiffFile(FileFlags):
    """Open TIFF-like file.

    Parameters:
        file: Path, URL that fsspec knows, bytes, binary file object, fsspec ``OpenFile``,
            `FileHandle`.
        mode: ``'r'`` (default), or ``'r+'`` to edit tags in place.
        name: Label of the file.
        offset: Start of a TIFF inside the file, in bytes.
        size: Bytes of that TIFF.
        omexml: OME-XML to use in place of that in the file.
        superres: Super-resolution level of electron event files.
        strict: Raise what is wrong with the file, rather than recording it in `faults`.
        limits: Bounds of what the file may ask for.
        _multifile: False: do not open the other files of a set.
        _useframes: Whether pages borrow from a key frame.
        _root: File that opens this one as part of a set.
        **is_flags: ``is_<kind>=True`` or ``False`` overrides what is detected.

    Raises:
        OSError: The file cannot be opened.
        TiffFileError: It is no TIFF.
        UnsupportedError: It is a relative of TIFF that cannot be read.
        TypeError: An argument is unknown.

    Example:
        >>> data = bytes.fromhex('49492a00 08000000 0100 0001030001000000 05000000 00000000')
        >>> with TiffFile(data) as tif:
        ...     tif.byteorder, len(tif.pages), tif.pages[0].tags['ImageWidth'].value
        ('<', 1, 5)
    """

    def __init__(
        self,
        file: FileArgument,
        /,
        *,
        mode: str | None = None,
        name: str | None = None,
        offset: int | None = None,
        size: int | None = None,
        omexml: str | None = None,
        superres: int | None = None,
        strict: bool = False,
        limits: Limits | None = None,
        _multifile: bool | None = None,
        _useframes: bool | None = None,
        _root: TiffFile | None = None,
        **is_flags: bool | None,
    ) -> None:
        self._overrides = _checked_flags(is_flags)
        if mode not in (None, 'r', 'r+', 'rb', 'r+b', 'rb+'):
            raise ValueError(f"mode {mode!r} is neither 'r' nor 'r+'")
        self.limits = DEFAULT_LIMITS if limits is None else limits
        self.omexml = omexml
        if omexml is not None and omexml.rstrip('\0 \r\n\t').endswith('OME>'):
            # Metadata that the caller gives make any file an OME-TIFF.
            self._overrides.setdefault('ome', True)
        self.superres = superres or 0
        self.multifile = _multifile is not False
        self.strict = strict
        self._useframes = bool(_useframes)
        self._root = _root
        self._companions: dict[str, TiffFile] = {}
        self.geometries: dict[Any, Geometry] = {}
        self.specs: dict[Geometry, SegmentSpec] = {}
        self._handle = FileHandle(file, mode=mode, name=name, offset=offset, size=size)
        try:
            self._open()
        except BaseException:
            self._handle.close()
            raise

    def _open(self) -> None:
        source = self._handle.source
        self.faults = FaultLog(source.name, strict=self.strict)
        # Whether what the file is depends on others beside it.
        self.asked_beside = False
        self.container: Container = open_container(source)
        self.directories = Directories(source, self.container.codec, self.faults, self.limits)
        self.space = 'ndpi' if self.container.codec.is_ndpi else 'tiff'
        if self.container.first == 0:
            self.faults.add('the file has no pages', 'header.first', 4)

    def reopen_container(self) -> Container:
        """Read the header anew, after the file was changed."""
        self.container = open_container(self._handle.source)
        return self.container

    # What the file is

    @property
    def filehandle(self) -> FileHandle:
        """The file object."""
        return self._handle

    @property
    def source(self) -> Source:
        """The bytes, by offset and size."""
        return self._handle.source

    @property
    def tiff(self) -> TiffFormat:
        """Byte order and sizes of the container."""
        return self.container.format

    @property
    def byteorder(self) -> ByteOrder:
        """``'<'`` or ``'>'``."""
        return self.container.codec.byteorder

    @property
    def filename(self) -> str:
        """Name of the file without its folder."""
        return self._handle.name

    @property
    def fstat(self) -> os.stat_result | None:
        """Status of the file, None if it is none of the operating system."""
        try:
            return os.fstat(self._handle.fileno())
        except (OSError, ValueError):
            return None

    @property
    def root(self) -> TiffFile:
        """File that opened this one as part of a set, or itself."""
        return self if self._root is None else self._root

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._handle.closed

    # Pages and series

    @cached_property
    def pages(self) -> TiffPages:
        """Pages of the main chain."""
        pages = TiffPages(self)
        if self._useframes:
            pages.useframes = True
        return pages

    @cached_property
    def series(self) -> TiffSeries:
        """Series of pages that form images; call it to choose the kind."""
        from .serieslist import TiffSeries

        return TiffSeries(self)

    @cached_property
    def segmentcache(self) -> SegmentCache:
        """Decoded segments of which only a part was wanted; emptied when the file is closed."""
        from .tilecache import SegmentCache

        return SegmentCache(min(_CACHE, self.limits.bytes))

    def companion(self, name: str, **kwargs: Any) -> TiffFile:
        """Return another file of the set, opened once and closed with this one.

        Parameters:
            name: Its name, relative to the folder of this file; a URL if this one is.
            **kwargs: For `TiffFile`.

        Raises:
            OSError: There is no such file.
        """
        root = self.root
        path = os.path.join(os.path.dirname(self.source.path), name)
        found = root._companions.get(path)
        if found is None:
            file: Any = path
            location = getattr(root.source, 'fs', None)
            if location is not None:
                from .source.remote import RemoteSource

                file = RemoteSource(location, path)
            elif not (root.source.is_file and root.source.path):
                # What lies in the current directory has nothing to do with a stream.
                raise FileNotFoundError(f'{name}: the file is in no folder')
            kwargs.setdefault('limits', self.limits)
            kwargs.setdefault('strict', self.strict)
            found = root._companions[path] = TiffFile(file, _root=root, _multifile=False, **kwargs)
        return found

    def explain(self) -> str:
        """Return which declared rules hold for the file, and why; where axes and sizes are from."""
        from tiffschema.model.kinds import explain

        from .explained import explain_series

        if not self.pages:
            return 'the file has no pages'
        return '\n'.join(filter(None, (explain(self.facts), explain_series(self))))

    # Reading

    def asarray(
        self,
        key: Any = None,
        *,
        series: int | TiffPageSeries | None = None,
        kind: str | None = None,
        level: int | None = None,
        squeeze: bool | None = None,
        out: OutputType = None,
        maxworkers: int | None = None,
        buffersize: int | None = None,
        **kwargs: Any,
    ) -> NDArray[Any]:
        """Return the samples of pages or of a series.

        Parameters:
            key: Pages as integer, slice or sequence of integers: of the series if one is given,
                else of the file. None: all of the series, by default the first.
            series: Number of the series, or a series.
            kind: Of the series; None detects it.
            level: Of a pyramid, 0 is the full size.
            squeeze: Leave out axes of length 1 other than X and Y; None: in all kinds but shaped.
            out: Array, path or ``'memmap'`` that receives the samples.
            maxworkers: Threads at most, None for as many as are worth it.
            buffersize: Bytes fetched ahead at a time from remote stores.
            **kwargs: ``selection``, ``errors``, ``colour`` and its options; see
                `filereading.asarray`.

        Raises:
            IndexError: There is no such page, series or level.
            TypeError: `key` is of no known kind, or an argument is unknown.
            ValueError: No page is selected, or the kind is unknown.
            FormatError: Data is damaged or missing.
            UnsupportedError: Type of samples or codec are not known here.
        """
        from .filereading import asarray

        return asarray(
            self, key, series=series, kind=kind, level=level, squeeze=squeeze, out=out,
            maxworkers=maxworkers, buffersize=buffersize, **kwargs,
        )  # fmt: skip

    def aszarr(
        self,
        key: int | None = None,
        *,
        series: int | TiffPageSeries | None = None,
        kind: str | None = None,
        level: int | None = None,
        squeeze: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return a page or series as a Zarr store; parameters as of `asarray`.

        Parameters:
            **kwargs: For the store: ``chunkmode``, ``fillvalue``, ``zattrs``, ``multiscales``, …
        """
        from .filereading import aszarr

        return aszarr(
            self, key, series=series, kind=kind, level=level, squeeze=squeeze, **kwargs
        )  # fmt: skip

    def asxarray(
        self,
        key: Any = None,
        *,
        series: int | TiffPageSeries | None = None,
        kind: str | None = None,
        level: int | None = None,
        squeeze: bool | None = None,
        maxworkers: int | None = None,
        buffersize: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return a page or series as a ``DataArray``; parameters as of `asarray`."""
        from .filereading import chosen_image

        image = chosen_image(self, key, series, kind, level, squeeze)
        return image.asxarray(maxworkers=maxworkers, buffersize=buffersize, **kwargs)

    def asdask(
        self,
        key: int | None = None,
        *,
        series: int | TiffPageSeries | None = None,
        kind: str | None = None,
        level: int | None = None,
        squeeze: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return a page or series as a dask array; parameters as of `asarray`."""
        from .filereading import chosen_image

        return chosen_image(self, key, series, kind, level, squeeze).asdask(**kwargs)

    # Opening and closing

    def close(self) -> None:
        """Close the file, and the files of the set that it opened."""
        for companion in self._companions.values():
            companion.close()
        self._handle.close()
        if 'segmentcache' in self.__dict__:
            self.segmentcache.clear()

    @contextmanager
    def reopened(self, what: str) -> Iterator[None]:
        """Open the file for the time of one access if it was closed, with a warning.

        Parameters:
            what: What is accessed, for the warning.
        """
        if not self.closed:
            yield
            return
        warnings.warn(f'{what} is read from {self.filename!r}, which was closed', stacklevel=4)
        self._handle.open()
        try:
            yield
        finally:
            self._handle.close()

    def __enter__(self) -> TiffFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {
            'handle': self._handle,
            'limits': self.limits,
            'omexml': self.omexml,
            'superres': self.superres,
            'multifile': self.multifile,
            'strict': self.strict,
            'useframes': self._useframes,
            'overrides': dict(self._overrides),
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._handle = state['handle']
        self.limits = state['limits']
        self.omexml = state['omexml']
        self.superres = state['superres']
        self.multifile = state['multifile']
        self.strict = state['strict']
        self._useframes = state['useframes']
        self._overrides = dict(state['overrides'])
        self._root = None
        self._companions = {}
        self.geometries = {}
        self.specs = {}
        self._open()

    def __repr__(self) -> str:
        return f'<tiffschema.TiffFile {self.filename!r}>'

    def __str__(self) -> str:
        from .source import format_size

        words = [f'TiffFile {self.filename!r}', format_size(self.source.size)]
        if self.is_bigtiff:
            words.append('BigTIFF')
        words.append('little-endian' if self.byteorder == '<' else 'big-endian')
        count = len(self.pages)
        words.append(f'{count} page' + 's' * (count != 1))
        if self.faults:
            words.append(f'{len(self.faults)} fault' + 's' * (len(self.faults) != 1))
        return '  '.join([*words, *sorted(self.flags - {'bigtiff'})])


def _is_flag(name: str) -> bool:
    from tiffschema.model import catalog

    if name in detectors or name in ('uniform', 'bigtiff', 'frame', 'subifd', 'virtual'):
        return True
    catalog.load_users()
    return name in detectors


def _checked_flags(flags: Mapping[str, bool | None]) -> dict[str, bool]:
    """Return the overrides that were given.

    Raises:
        TypeError: A keyword is no flag.
    """
    for name in flags:
        if not name.startswith('is_') or not _is_flag(name[3:]):
            raise TypeError(f'TiffFile() got an unexpected keyword argument {name!r}')
    return {name[3:]: bool(value) for name, value in flags.items() if value is not None}
