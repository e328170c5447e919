"""Stacks of images in many files, read by any function.

Knows names and functions that read one file; what the files hold is the reader's business.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from math import prod
from typing import Any

import numpy
from numpy.typing import NDArray

from .api import imread as read_tiff
from .model.filenames import TiledSequence, dimension_code, natural_sorted, parse_filenames

__all__ = ['FileSequence', 'TiffSequence', 'imread_sequence']

Reader = Callable[..., Any]

_FEW = 4
"""Files that are read one by one: fewer are not worth comparing."""

_NEUTRAL = frozenset({'maxworkers', 'buffersize'})
"""Arguments of the reader which do not change what it reads."""


class FileSequence(Sequence[str]):
    """Files that are the planes of one stack.

    Parameters:
        imread: Reads one file: called with its name, or with an open member of the container.
        files: Glob pattern, one path, or names in the order that holds.
        container: ZIP file, by name or open, whose members `files` are.
        sort: Function that sorts names; True sorts naturally, False leaves the order. By default
            patterns are sorted, lists are not.
        parse: Function that gives dimension names, shape, indices and files of names.
        **kwargs: For `parse`: ``pattern``, ``axesorder``, ``categories``, ``_shape``.

    Raises:
        ValueError: There is no file, or names do not fit the pattern.

    Example:
        >>> import numpy, tiffschema
        >>> for time in range(3):
        ...     tiffschema.imwrite(f'temp_t{time}.tif', numpy.full((4, 5), time, 'u1'))
        >>> with FileSequence(tiffschema.imread, 'temp_t*.tif', pattern=r'_(t)(\\d)') as sequence:
        ...     sequence.shape, sequence.axes, sequence.asarray().shape
        ((3,), 'T', (3, 4, 5))
    """

    def __init__(
        self,
        imread: Reader,
        files: str | os.PathLike[Any] | Sequence[str | os.PathLike[Any]] | None,
        *,
        container: str | os.PathLike[Any] | zipfile.ZipFile | None = None,
        sort: Callable[..., Any] | bool | None = None,
        parse: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self._zip: zipfile.ZipFile | None = None
        self._owned = False
        if container is not None:
            self._owned = not isinstance(container, zipfile.ZipFile)
            self._zip = (
                container if isinstance(container, zipfile.ZipFile) else zipfile.ZipFile(container)
            )
        try:
            names = self._named('*' if files is None else files, sort)
            parsed = (parse or parse_filenames)(names, **kwargs)
        except BaseException:
            self.close()
            raise
        is_plain = parse is None and kwargs.get('pattern') is None
        self.dims: tuple[str, ...] = ('sequence',) if is_plain else tuple(parsed[0])
        self.shape: tuple[int, ...] = tuple(parsed[1])
        self.indices: tuple[tuple[int, ...], ...] = tuple(tuple(index) for index in parsed[2])
        self._files: list[str] = list(parsed[3])
        self.axes: str = ''.join(dimension_code(name) for name in self.dims)
        self.imread = imread
        self.reads_tiff = False

    def _named(self, files: Any, sort: Any) -> list[str]:
        """Return names of files, sorted as asked."""
        pattern = isinstance(files, str)
        if pattern and self._zip is not None:
            names = fnmatch.filter(self._zip.namelist(), files)
        elif pattern:
            names = glob.glob(files)
        elif isinstance(files, os.PathLike):
            names = [os.fspath(files)]
        else:
            names = [os.fspath(file) for file in files]
        if sort is None:
            sort = pattern
        if sort is True:
            names = natural_sorted(names)
        elif callable(sort):
            names = list(sort(names))
        if not names:
            raise ValueError(f'files: {files!r} names no file')
        return names

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, key: Any) -> Any:
        return self._files[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __enter__(self) -> FileSequence:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if self._zip is not None:
            if self._zip.filename is None:
                raise TypeError('a container without a name cannot be opened elsewhere')
            state['_zip'] = os.path.abspath(self._zip.filename)
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        if state['_zip'] is not None:
            self._zip, self._owned = zipfile.ZipFile(state['_zip']), True

    def __repr__(self) -> str:
        """Return type, axes, shape and number of files."""
        return f'<{type(self).__name__} {self.axes} {self.shape}, {len(self)} files>'

    def __str__(self) -> str:
        """Return the same in lines, with the folder and the names of dimensions."""
        dims = ', '.join(f'{name} {size}' for name, size in zip(self.dims, self.shape, strict=True))
        lines = [repr(self)[1:-1], f' {self.commonpath()}', f' dimensions: {dims}']
        if self.files_missing:
            lines.append(f' {self.files_missing} files missing')
        return '\n'.join(lines)

    def close(self) -> None:
        """Close the container, if this object opened it."""
        if self._zip is not None and self._owned:
            self._zip.close()
        self._zip = None

    @property
    def files_missing(self) -> int:
        """Number of places in the stack that have no file."""
        return prod(self.shape) - len(set(self.indices))

    def commonpath(self) -> str:
        """Return the longest common folder of the files."""
        if len(self._files) == 1:
            return os.path.dirname(self._files[0])
        return os.path.commonpath(self._files)

    def read(self, index: int, **imreadargs: Any) -> Any:
        """Return the image of one file.

        Parameters:
            index: Position in the sequence.
            **imreadargs: For the reader.
        """
        name = self._files[index]
        if self._zip is not None:
            return self.imread(BytesIO(self._zip.read(name)), **imreadargs)
        return self.imread(name, **imreadargs)

    def asarray(
        self,
        *,
        imreadargs: Mapping[str, Any] | None = None,
        chunkshape: Sequence[int] | None = None,
        chunkdtype: Any = None,
        axestiled: Mapping[int, int] | Sequence[tuple[int, int]] | None = None,
        ioworkers: int | None = 1,
        out_inplace: bool | None = None,
        out: Any = None,
        fillvalue: float = 0,
        **kwargs: Any,
    ) -> NDArray[Any]:
        """Return all images as one array; places without a file hold `fillvalue`.

        Parameters:
            imreadargs: For the reader.
            chunkshape, chunkdtype: Of the image of each file; by default those of the first.
            axestiled: Stack axis to image axis along which files are laid side by side.
            fillvalue: Of places without a file, default 0.
            ioworkers: Threads that read files; None for as many as are usual.
            out_inplace: Whether the reader takes ``out=``; by default if it is `imread`.
            out: Array, path or ``'memmap'`` that receives the images.

        Raises:
            ValueError: An image has another shape than the first.
        """
        from .runtime.output import create_output

        options = {**(imreadargs or {}), **kwargs}
        if chunkshape is None or chunkdtype is None:
            first = numpy.asarray(self.read(0, **options))
            chunkshape, chunkdtype = first.shape, first.dtype
        tiled = TiledSequence(self.shape, chunkshape, axestiled=axestiled)
        complete = self.files_missing == 0
        result = create_output(
            out, tiled.shape, numpy.dtype(chunkdtype), fillvalue=None if complete else fillvalue
        )
        inplace = self.reads_tiff if out_inplace is None else out_inplace
        alike = self._alike(options) if inplace else None

        def one(number: int) -> None:
            place = result[(*tiled.slices(self.indices[number]), ...)]  # never a bare number
            if alike is not None and alike.read(self._files[number], place):
                return
            if inplace:
                self.read(number, out=place, **options)
            else:
                place[...] = self.read(number, **options)

        workers = _workers(ioworkers, len(self))
        if workers > 1:
            with ThreadPoolExecutor(workers) as pool:
                # In batches: a small file is read faster than a thread is woken.
                list(pool.map(one, range(len(self)), chunksize=16))
        else:
            for number in range(len(self)):
                one(number)
        return result

    def _alike(self, options: Mapping[str, Any]) -> Any:
        """Return what all files may share, None if each is to be read for itself."""
        if not self.reads_tiff or self._zip is not None or not set(options) <= _NEUTRAL:
            return None
        from .runtime.alikefiles import AlikeFiles
        from .runtime.file import TiffFile

        if len(self) < _FEW:
            return None
        with TiffFile(self._files[0]) as tif:
            return AlikeFiles.of(self._files[0], tif.series[0]) if tif.series else None

    def aszarr(self, **kwargs: Any) -> Any:
        """Return a Zarr store of the stack.

        Raises:
            UnsupportedError: The package zarr is absent.
        """
        from .model.faces import face

        return face('zarr.sequence')(self, **kwargs)

    def asdask(self, **kwargs: Any) -> Any:
        """Return the stack as a dask array, by default with a chunk for each file.

        Raises:
            UnsupportedError: The package dask is absent.
        """
        from .model.faces import face

        return face('dask.sequence')(self, **kwargs)


class TiffSequence(FileSequence):
    """A stack of TIFF files.

    Parameters:
        files: As `FileSequence`; None is ``*.tif``.
        imread: Reads one file, by default `tiffschema.imread`.
        **kwargs: As `FileSequence`.

    Example:
        >>> import numpy, tiffschema
        >>> for number in (9, 10):
        ...     tiffschema.imwrite(f'page_{number}.tif', numpy.full((4, 5), number, 'u1'))
        >>> with TiffSequence('page_*.tif') as sequence:
        ...     sequence.asarray()[:, 0, 0].tolist()
        [9, 10]
    """

    def __init__(
        self,
        files: str | os.PathLike[Any] | Sequence[str | os.PathLike[Any]] | None = None,
        *,
        imread: Reader = read_tiff,
        **kwargs: Any,
    ) -> None:
        super().__init__(imread, '*.tif' if files is None else files, **kwargs)
        self.reads_tiff = imread is read_tiff


_OF_SEQUENCE = ('container', 'sort', 'parse', 'pattern', 'axesorder', 'categories', '_shape')
_OF_ASARRAY = ('imreadargs', 'chunkshape', 'chunkdtype', 'axestiled', 'ioworkers', 'out_inplace')
_LATER = {
    'zarr': ('chunkmode', 'fillvalue', 'zattrs', 'dimension_names'),
    'dask': ('chunks', 'fillvalue'),
}


def imread_sequence(
    files: Any, *, return_as: str | None = None, selection: Any = None, out: Any = None,
    imread: Reader | None = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """Return the samples of many files as one array; `imread` calls it for patterns and lists."""
    naming = {name: kwargs.pop(name) for name in _OF_SEQUENCE if name in kwargs}
    if imread is not None:
        naming['imread'] = imread
    reading = {name: kwargs.pop(name) for name in _OF_ASARRAY if name in kwargs}
    later = {name: kwargs.pop(name) for name in _LATER.get(return_as or '', ()) if name in kwargs}
    reading['imreadargs'] = {**(reading.get('imreadargs') or {}), **kwargs}
    if return_as in ('zarr', 'dask'):
        # Files are read later, by the threads of who asks.
        for name in ('out_inplace', 'ioworkers'):
            reading.pop(name, None)
        of_sequence = TiffSequence(files, **naming)
        if return_as == 'zarr':
            return of_sequence.aszarr(**reading, **later)
        array = of_sequence.asdask(**reading, **later)
        return array if selection is None else array[selection]
    with TiffSequence(files, **naming) as sequence:
        result = sequence.asarray(out=out, **reading)
    if selection is not None:
        result = result[selection]
    if return_as == 'xarray':
        from .model.faces import face

        return face('xarray.sequence')(sequence, result)
    return result


def _workers(ioworkers: int | None, files: int) -> int:
    """Return the number of threads that read files."""
    return max(1, min(ioworkers or default_ioworkers(), files))


_ioworkers: int | None = None


def set_default_ioworkers(number: int) -> None:
    """Set the number of threads that read files where the caller does not say.

    Parameters:
        number: At least 1; more than 32 are 32.

    Raises:
        ValueError: It is less than 1.
    """
    global _ioworkers
    if number < 1:
        raise ValueError(f'{number} threads are none')
    _ioworkers = min(int(number), 32)


def default_ioworkers() -> int:
    """Return the number of threads that read files where the caller does not say.

    That is what `set_default_ioworkers` was told, else the number in the environment variable
    ``TIFFSCHEMA_NUM_IOTHREADS`` (or, as existing set-ups have it, ``TIFFFILE_NUM_IOTHREADS``),
    else four more than processors; at most 32.
    """
    if _ioworkers is not None:
        return _ioworkers
    for name in ('TIFFSCHEMA_NUM_IOTHREADS', 'TIFFFILE_NUM_IOTHREADS'):
        value = os.environ.get(name, '')
        if value.isdecimal() and int(value):
            return min(32, int(value))
    return min(32, (os.cpu_count() or 1) + 4)
