"""`TiffWriter` and `write`: arguments in, pages out.

Knows flavours of files and the order of calls; the work is done by `arguments`, `plan`, `series`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.directory import codec as directory_codec
from tiffschema.model.faces import face
from tiffschema.model.tiffformat import TiffFormat
from tiffschema.types import ByteOrder

from .append import AppendState, open_append
from .arguments import Kind, WriteArguments, file_kind, tag_text
from .extend import extend_series
from .metadata import warn_ignored
from .ome import OmeFile
from .openseries import OpenSeries, ParentSeries, truncated
from .output import Output
from .pages import PageTemplates
from .pixels import Pixels, PixelSource
from .plan import ImagePlan
from .planned import PlannedCall, PlannedSeries, planned_call
from .pyramid import write_pyramid
from .repeat import PageRepeater, Repeater, snapshot
from .resample import Resampling
from .series import Links, MainLinks, SeriesWriter
from .sink import Sink, Target, open_sink
from .tags import fields_of

__all__ = ['TiffWriter']

NATIVE: ByteOrder = '<' if sys.byteorder == 'little' else '>'
NO_METADATA: Mapping[str, Any] = {}
NO_OPTIONS = frozenset(
    {'self', 'data', 'shape', 'dtype', 'told', 'key', 'same', 'where', 'returnoffset'}
    | {'pyramid', 'resampling', 'reduced'}
)
"""Names within `write` that are not for `normalize_arguments`."""


class TiffWriter:
    """Writes series of pages to a file.

    Parameters:
        file: Path, address, binary file object, or fsspec file.
        mode: ``'w'`` replaces the file, ``'x'`` refuses to, ``'r+'`` writes over it in place.
        bigtiff: Use 64-bit offsets, for files beyond 4 GiB.
        byteorder: ``'<'``, ``'>'``, ``'='``; native by default.
        append: Add to an existing file; ``'force'`` also where descriptions will then be wrong.
        kind: ``'generic'``, ``'shaped'``, ``'imagej'`` or ``'ome'``; by default ``'ome'`` if the
            name contains ``.ome.``, else ``'shaped'``.
        imagej, ome, shaped: Older spellings of ``kind``.
        durable: Wait for the disk in `flush` and `close`, so that the file also outlives a loss of
            power; None asks the environment variable ``TIFFSCHEMA_DURABLE`` (``1`` for yes).

    A file under a name appears with its first page; each further page is part of it as soon as
    `write` returns, whatever happens to the process. One thread at a time uses a writer.

    Raises:
        ValueError: An argument is wrong; names it.
        TiffFileError: The file to append to is no TIFF.

    Example:
        >>> import io, numpy
        >>> stream = io.BytesIO()
        >>> with TiffWriter(stream) as tif:
        ...     for frame in numpy.zeros((3, 5, 6), 'uint8'):
        ...         tif.write(frame, contiguous=True)
        >>> stream.getvalue()[:2]
        b'II'
    """

    def __init__(
        self,
        file: Target,
        /,
        *,
        mode: Literal['w', 'x', 'r+'] | None = None,
        bigtiff: bool = False,
        byteorder: str | None = None,
        append: bool | str = False,
        kind: str | None = None,
        imagej: bool = False,
        ome: bool | None = None,
        shaped: bool | None = None,
        durable: bool | None = None,
        _stream: bool = True,
    ) -> None:
        if mode not in (None, 'w', 'x', 'r+'):
            raise ValueError(f"mode: {mode!r} is none of 'w', 'x', 'r+'")
        self._kind: Kind | None = file_kind(kind, imagej=imagej, ome=ome, shaped=shaped)
        order = _byteorder(byteorder)
        if self._kind == 'imagej' and bigtiff:
            warnings.warn('bigtiff: ImageJ cannot read BigTIFF', UserWarning, stacklevel=2)
        self._append: AppendState | None = None
        if append and _exists(file):
            self._append = open_append(
                file, force=append == 'force', kind=self._kind, durable=durable
            )
            self._sink: Sink = self._append.sink
            self._output = self._append.output
            if self._kind is None and self._append.kind is not None:
                self._kind = self._append.kind
        else:
            self._sink = open_sink(file, mode or 'w', durable=durable)
            try:
                codec = directory_codec('big' if bigtiff else 'classic', order)
                self._output = Output(self._sink, codec, publish=_stream)
            except BaseException:
                self._sink.abort()
                raise
        self._name = self._sink.name
        self._codec = self._output.codec
        self._is_ome_name = '.ome.' in self._name.lower()
        self._series: OpenSeries | None = None
        self._parent: ParentSeries | None = None
        self._ome: OmeFile | None = None
        self._count = 0
        self._closed = False
        self._handle: Any = None
        self._stream = _stream
        self._key: tuple[Any, ...] | None = None
        self._call: PlannedCall | None = None
        self._repeat: Callable[[NDArray[Any]], tuple[int, int] | None] = _nothing

    # What users look at

    @property
    def filehandle(self) -> Any:
        """`FileHandle` on the file, at its end when first asked for."""
        if self._handle is None:
            self._handle = face('runtime.handle')(self._output)
        return self._handle

    @property
    def tiff(self) -> TiffFormat:
        """Shape and byte order of the file."""
        return TiffFormat.of(self._codec.variant, self._codec.byteorder)

    def __enter__(self) -> TiffWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.close()
        else:
            self._abandon()

    def __repr__(self) -> str:
        return f'<tiffschema.TiffWriter {self._name!r}>'

    # Writing

    # fmt: off
    def write(
        self, data: Any = None, *, shape: Sequence[int] | None = None, dtype: Any = None,
        photometric: Any = None, planarconfig: Any = None, extrasamples: Any = None,
        volumetric: bool = False, tile: Sequence[int] | None = None,
        rowsperstrip: int | None = None, bitspersample: int | None = None, compression: Any = None,
        compressionargs: Mapping[str, Any] | None = None, predictor: Any = None,
        subsampling: tuple[int, int] | None = None, jpegtables: bytes | None = None,
        iccprofile: bytes | None = None, colormap: Any = None,
        description: str | bytes | None = None, datetime: Any = None,
        resolution: Sequence[Any] | None = None, resolutionunit: Any = None,
        subfiletype: Any = None, software: str | bytes | bool | None = None,
        subifds: int | Sequence[int] | None = None,
        metadata: Mapping[str, Any] | None = NO_METADATA, extratags: Iterable[Any] | None = None,
        contiguous: bool = False, truncate: bool = False, align: int | None = None,
        maxworkers: int | None = None, buffersize: int | None = None, returnoffset: bool = False,
        pyramid: bool | int = False, resampling: Resampling = 'mean',
        reduced: Literal['subifds', 'pages'] = 'subifds',
    ) -> tuple[int, int] | None:
        """Write one array as a series of pages.

        Parameters:
            data: Array; lazy array (dask, zarr) read in bounded memory; iterator of pages, planes,
                strips, tiles, of encoded bytes or (bytes, byte count); None for an empty image.
            shape, dtype: Of the data; needed for iterators and empty images.
            photometric, planarconfig, extrasamples: What samples mean and how they lie.
            volumetric: Store depth in one page, as tiles of three sides do.
            tile, rowsperstrip: (length, width) or (depth, length, width), multiples of 16.
            bitspersample: Bits stored of each sample.
            compression, compressionargs, predictor: Scheme, ``{'level': 8}``; True by type.
            subsampling, jpegtables: Chroma factors of JPEG; value of tag 347.
            colormap, iccprofile: Array of uint16, shape (3, 2**bits); value of tag 34675.
            description, datetime, software: Texts; True for now, False for none.
            resolution, resolutionunit: Pixels per unit (x, y), ``'centimeter'``.
            subfiletype: Bits of tag 254; 1 for a reduced image.
            subifds: Number of following series that are children of this one's pages; negative:
                chained from one pointer.
            metadata: Items of the description; ``axes`` names the dimensions; None for none.
            extratags: (code, dtype, count, value, writeonce), or (name or code, value).
            contiguous, truncate: Continue the series of the call before; write only its first
                directory.
            align: Block data begin at a multiple of it.
            maxworkers, buffersize: Threads that encode; raw bytes that may wait.
            returnoffset: Return where the data lie.
            pyramid: Write levels of half size too: True until they are small, or their number.
            resampling, reduced: ``'mean'``, ``'nearest'``, ``'mode'``, ``'lanczos'``; levels are
                ``'subifds'`` of each page, or ``'pages'`` behind them.

        Returns:
            Offset and size of the data if ``returnoffset`` and they are one block, else None.

        Raises:
            ValueError: An argument is wrong; names it; nothing was written.
        """
        key = None
        told = not metadata or (contiguous and type(metadata) is dict)
        if told and extratags is None and colormap is None and type(data) is np.ndarray:
            key = (
                data.shape, data.dtype, type(compression), type(predictor), type(extrasamples),
                metadata.get('axes', True) if metadata else metadata, shape, dtype, photometric,
                planarconfig, extrasamples, volumetric, tile, rowsperstrip, bitspersample,
                compression, compressionargs, predictor, subsampling, jpegtables, iccprofile,
                description, datetime, resolution, resolutionunit, subfiletype, software, subifds,
                contiguous, truncate, align, pyramid,
            )
            try:
                same = key == self._key
            except ValueError:  # of arrays
                same = False
            if same and (where := self._repeat(data)) is not None:
                return where if returnoffset else None
        where = self._write_checked(dict(locals()))
        return where if returnoffset else None
    # fmt: on

    def _write_checked(self, given: dict[str, Any]) -> tuple[int, int] | None:
        """Write with the arguments of `write`, by name."""
        if self._closed:
            raise ValueError('the file is closed')
        self._key = None
        key = given['key']
        source = PixelSource.of(given['data'], given['shape'], given['dtype'])
        if not given.get('same') or self._call is None:
            options = {name: value for name, value in given.items() if name not in NO_OPTIONS}
            self._call = planned_call(source, options)
        arguments = self._call.arguments
        if given['pyramid']:
            how = given['pyramid'], given['resampling'], given['reduced']
            kind = self._kind_of(arguments)
            return write_pyramid(self._write, source, arguments, *how, kind)
        where = self._write(source, arguments)
        self._remember(key, arguments)
        return where

    def _remember(self, key: tuple[Any, ...] | None, arguments: WriteArguments) -> None:
        """Prepare for a call that repeats this one."""
        series = self._series
        if key is None or series is None or arguments.datetime is not None or series.plan.empty:
            return
        if not self._stream:
            return
        self._key, self._repeat = snapshot(key), _nothing
        if self._parent is not None or arguments.subifds or not series.plan.contiguous:
            return
        repeater: Repeater | None = None
        if arguments.contiguous:
            repeater = series.plane_repeater()
        elif series.plan.stored.frames == 1 and series.kind in ('shaped', 'generic'):
            repeater = PageRepeater(series.writer, arguments.align)
        if repeater is not None:
            self._repeat = repeater.write

    def _write(
        self,
        source: PixelSource,
        arguments: WriteArguments,
        wrap: Callable[[Pixels, ImagePlan], Pixels] | None = None,
    ) -> tuple[int, int] | None:
        kind = self._kind_of(arguments)
        if self._call is None or self._call.arguments is not arguments:
            self._call = PlannedCall(arguments)
        planned = self._call.series(source, kind, self._codec)
        plan = planned.plan
        if plan.empty:
            warnings.warn(
                f'data: writing an array of shape {source.shape}, which has no elements',
                UserWarning,
                stacklevel=3,
            )
        if source.data is None and arguments.compression != 1:
            raise ValueError('compression: needs data, an empty image cannot be compressed')
        pixels = source.pixels(plan.stored, plan.storage)
        if wrap is not None:
            pixels = wrap(pixels, plan)
        if arguments.contiguous and self._series is not None and self._series.takes(plan):
            if not plan.contiguous:
                raise ValueError(
                    'contiguous: needs samples that are neither compressed, packed nor tiled'
                )
            return self._series.extend(pixels)
        state = self._append
        if state is not None and not self._count and (arguments.contiguous or kind == 'imagej'):
            if source.data is None:
                raise ValueError('data: an empty image cannot continue a series')
            tags = [tag for tag in plan.tags if not tag.once]
            extend_series(
                state, plan, pixels, fields_of(self._codec, tags, first=False), arguments.align
            )
            return None
        expected = self._expected_frames()
        self._check(plan, kind, expected)
        before = self._ome
        opened = self._open_series(planned, is_child=expected is not None)
        try:
            where = opened.write(pixels)
        except BaseException:
            if opened.fail():
                self._count += 1
            else:
                self._ome = before
            raise
        self._count += 1
        self._series = opened
        return where

    def _kind_of(self, arguments: WriteArguments) -> Kind:
        """Return the flavour; the first call decides whether a name makes it OME."""
        if self._kind is None:
            is_ome = self._is_ome_name and arguments.description is None
            self._kind = 'ome' if is_ome and self._append is None else 'shaped'
        kind = self._kind
        if kind == 'shaped' and arguments.metadata is None:
            return 'generic'
        if kind in ('ome', 'imagej') and arguments.description is not None:
            warn_ignored('description', f'the file is of kind {kind}')
        return kind

    def _expected_frames(self) -> int | None:
        """Return how many pages the next series must have as a child of SubIFDs, None if none."""
        series, parent = self._series, self._parent
        if series is not None and series.plan.arguments.subifds:
            return series.writer.frames
        if parent is None or (series is not None and series.is_child and parent.remaining == 1):
            return None
        return parent.frames

    def _check(self, plan: ImagePlan, kind: Kind, expected: int | None) -> None:
        if kind == 'imagej' and self._count:
            raise ValueError('an ImageJ file holds one series only; pass contiguous=True')
        if kind == 'ome' and plan.stored.depth > 1:
            raise ValueError('volumetric: pages of volumes do not fit the OME model')
        if expected is None:
            return
        if plan.arguments.subifds:
            raise ValueError('subifds: children cannot have children')
        if plan.stored.frames != expected:
            raise ValueError(
                f'shape: a child of SubIFDs needs {expected} pages, not {plan.stored.frames}'
            )
        if kind == 'ome' and not plan.arguments.is_reduced:
            raise ValueError('subfiletype: children of OME-TIFF must be reduced images (1)')

    def _open_series(self, planned: PlannedSeries, *, is_child: bool) -> OpenSeries:
        plan, kind = planned.plan, planned.kind
        arguments = plan.arguments
        ome = self._ome
        metadata = dict(arguments.metadata or {})
        placeholder = False
        if kind == 'ome' and not is_child:
            if ome is None:
                ome, placeholder = self._new_ome(metadata)
            if not planned.is_checked:
                ome.check(plan, metadata)
                planned.is_checked = True
        pages, description = planned.pages(placeholder=placeholder)
        if self._truncates(plan, kind, pages):
            warnings.warn(
                'data: directories beyond 4 GiB are left out of the ImageJ file',
                UserWarning,
                stacklevel=4,
            )
            plan = truncated(plan)
        self._finish_series()  # nothing can be refused any more
        self._ome = ome
        parent = self._parent
        links: Links = MainLinks(self._output) if parent is None else parent.links()
        writer = SeriesWriter(self._output, plan, pages, links, align=arguments.align)
        return OpenSeries(self._output, ome, writer, plan, kind, description, metadata, placeholder)

    def _new_ome(self, metadata: Mapping[str, Any]) -> tuple[OmeFile, bool]:
        """Return the document of the file, and whether a description must be made for it."""
        state = self._append
        if state is None or not state.texts or state.kind != 'ome':
            return OmeFile(metadata), True
        text = state.texts[-1]
        existing = replace(text, room=state.room_of(text))
        return OmeFile(metadata, existing=existing), False

    def _truncates(self, plan: ImagePlan, kind: Kind, pages: PageTemplates) -> bool:
        if kind != 'imagej' or not plan.contiguous or plan.arguments.truncate:
            return False
        nbytes = plan.stored.size * plan.storage.itemsize
        tail = plan.stored.frames * (32 + 12 * (len(pages.rest_fields) + 2) + 64)
        return not self._output.fits(self._output.end + nbytes + tail)

    def overwrite_description(self, description: str | bytes, /) -> None:
        """Replace the last ImageDescription of the current series, which ends with this call.

        Parameters:
            description: Text, 7-bit ASCII, or bytes.

        Raises:
            ValueError: No series was written, or it has no description.
        """
        data = tag_text(description, 'description')
        series = self._series
        if series is None:
            raise ValueError('description: there is no series yet')
        series.finish(update=False)
        series.replace_description(data)
        self._series = self._key = None
        if series.placeholder:
            self._ome = None

    def flush(self) -> None:
        """Make all pages written so far a part of the file."""
        if self._series is not None:
            self._series.writer.finish()
        self._sink.settle()

    def close(self) -> None:
        """Write what is pending and close the file."""
        if self._closed:
            return
        try:
            self._complete()
        except BaseException:
            self._abandon()
            raise
        self._closed = True
        self._leave(self._sink.close)

    def _complete(self) -> None:
        self._finish_series()
        if self._ome is not None:
            self._ome.write(self._output)

    def _abandon(self) -> None:
        """Close after an error.

        Finished pages of a stream stay and get their directories and descriptions. What one call
        was to write or append as a whole is taken back; a file without pages never appears.
        """
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(Exception):  # the error that led here is the one to be seen
            if self._stream:
                self._complete()
            elif self._append is not None:
                self._append.take_back()
        self._leave(self._sink.abort)

    def _leave(self, how: Callable[[], None]) -> None:
        self._key = None
        if self._handle is not None:
            self._handle.source.close()
        how()

    def _finish_series(self) -> None:
        series = self._series
        if series is None:
            return
        self._series = None
        series.finish()
        if self._parent is not None and series.is_child:
            self._parent.done(series.writer)
            if self._parent.remaining == 0:
                self._parent = None
        elif series.plan.arguments.subifds:
            self._parent = ParentSeries(self._output, series.writer, series.plan.arguments.subifds)


def _nothing(data: NDArray[Any]) -> None:
    """Write nothing: there was no call before."""


def _byteorder(value: str | None) -> ByteOrder:
    if value in (None, '=', '|'):
        return NATIVE
    if value in ('<', 'little', 'II'):
        return '<'
    if value in ('>', 'big', 'MM'):
        return '>'
    raise ValueError(f"byteorder: {value!r} is none of '<', '>', '=', '|'")


def _exists(file: Target) -> bool:
    if isinstance(file, (str, os.PathLike)):
        path = os.fspath(file)
        if '://' in str(path):
            import fsspec

            fs, name = fsspec.core.url_to_fs(path)
            return bool(fs.exists(name)) and fs.size(name) > 0
        try:
            return os.stat(path).st_size > 0
        except FileNotFoundError:
            return False
    if not hasattr(file, 'seek'):
        return False
    here = file.tell()
    file.seek(0, os.SEEK_END)
    end = file.tell()
    file.seek(here)
    return bool(end > 0)
