"""One-call reading and mapping of files.

Knows what a user may mean by the argument of a call, and hands it on. The reader is imported by the
first call, so that naming these functions costs nothing.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ['imread', 'memmap']

P = ParamSpec('P')


def _alike_first(read: Callable[P, Any]) -> Callable[P, Any]:
    """Make a call with a path alone take a file that is like the last one the short way."""

    @wraps(read)
    def call(*args: P.args, **kwargs: P.kwargs) -> Any:
        if len(args) == 1 and not kwargs and isinstance(args[0], str | os.PathLike):
            from .runtime.alikefiles import recent

            path = os.fspath(args[0])
            found = recent.read(path) if isinstance(path, str) else None
            if found is not None:
                return found
        return read(*args, **kwargs)

    return call


@_alike_first
def imread(
    files: Any = None, *, selection: Any = None,
    return_as: Literal['numpy', 'xarray', 'zarr', 'dask'] | None = None, aszarr: bool = False,
    key: Any = None, series: Any = None, kind: str | None = None, level: int | None = None,
    squeeze: bool | None = None, maxworkers: int | None = None, buffersize: int | None = None,
    mode: Literal['r', 'r+'] | None = None, name: str | None = None, offset: int | None = None,
    size: int | None = None, pattern: str | None = None, axesorder: Sequence[int] | None = None,
    categories: Mapping[str, Mapping[str, int]] | None = None,
    imread: Callable[..., Any] | None = None, imreadargs: Mapping[str, Any] | None = None,
    sort: Callable[..., Any] | bool | None = None,
    container: str | os.PathLike[str] | None = None, chunkshape: tuple[int, ...] | None = None,
    chunkdtype: Any = None, axestiled: Mapping[int, int] | Sequence[tuple[int, int]] | None = None,
    ioworkers: int | None = 1, chunkmode: int | str | None = None, fillvalue: float | None = None,
    zattrs: dict[str, Any] | None = None, multiscales: bool | None = None,
    omexml: str | None = None, superres: int | None = None, out: Any = None,
    out_inplace: bool | None = None, strict: bool = False, limits: Any = None,
    errors: Literal['raise', 'fault'] | None = None, colour: Literal['rgb'] | None = None,
    _multifile: bool | None = None, _useframes: bool | None = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """Return the samples of a file, or of a sequence of files.

    Parameters:
        files: Path, URL, bytes, binary file object, `FileHandle`; or a glob pattern or a list of
            files, which are read as a sequence.
        selection: Indices of the result as NumPy has them; only what they touch is decoded.
        return_as: ``'numpy'`` (default), ``'xarray'``, or what reads later: ``'zarr'``, ``'dask'``.
        aszarr: The same as ``return_as='zarr'``.
        key: Pages as integer, slice or sequence of integers.
        series, kind, level: Number and kind of a series, level of its pyramid (0 is the full size).
        squeeze: Leave out axes of length 1 other than X and Y; None: in all kinds but shaped.
        maxworkers: Threads at most, None for as many as are worth it.
        buffersize: Bytes fetched ahead.
        mode, name, offset, size, omexml, superres, strict, limits: As `TiffFile` takes them.
        pattern, axesorder, categories: How names of files give places in a stack, see
            `parse_filenames`; a pattern makes a sequence of one file, too.
        imread, imreadargs: What reads one file of a sequence, by default this function, and
            further arguments for it.
        sort: Function that sorts names, or whether they are sorted.
        container: ZIP file whose members `files` are.
        chunkshape, chunkdtype: Of the image in each file; by default those of the first.
        axestiled: Stack axis to image axis along which files are laid side by side.
        ioworkers: Threads that read files; None for as many as are usual.
        chunkmode, fillvalue, zattrs, multiscales: Of the Zarr store.
        out_inplace: Whether `imread` takes ``out=``.
        errors: ``'raise'`` (default) at damaged segments, or ``'fault'`` to keep the rest.
        colour: ``'rgb'`` converts any photometric interpretation to RGB or RGBA.
        out: Array, path or ``'memmap'``.
        **kwargs: ``is_<kind>`` flags for `TiffFile`; options of `colour`; of sequences further
            arguments of `imread`.

    Raises:
        OSError: A file cannot be opened.
        TiffFileError, UnsupportedError: A file is no TIFF, or damaged; a codec is absent.
        TypeError, ValueError: An argument is unknown, or has no possible value.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.zeros((3, 16, 20), 'u1'), photometric='minisblack')
        >>> imread('temp.tif').shape, imread('temp.tif', key=0).shape
        ((3, 16, 20), (16, 20))
    """
    given = {name: value for name, value in locals().items() if name not in ('files', 'kwargs')}
    return _read(files, given, kwargs)


def _is_plain(given: Mapping[str, Any]) -> bool:
    """Return whether no argument of `imread` differs from its default."""
    return all(map(operator.is_, given.values(), _DEFAULTS))


_DEFAULTS = tuple(vars(imread)['__wrapped__'].__kwdefaults__.values())


_OPENING = (
    'mode', 'name', 'offset', 'size', 'omexml', 'superres', 'strict', 'limits', '_multifile',
    '_useframes',
)  # fmt: skip
_CHOOSING = ('key', 'series', 'kind', 'level', 'squeeze')
_DECODING = ('maxworkers', 'buffersize', 'errors', 'colour')
_STORING = ('chunkmode', 'fillvalue', 'zattrs', 'multiscales')
_NAMING = (
    'pattern', 'axesorder', 'categories', 'imread', 'imreadargs', 'sort', 'container',
    'chunkshape', 'chunkdtype', 'axestiled', 'out_inplace', 'ioworkers',
)  # fmt: skip


def _read(files: Any, given: Mapping[str, Any], kwargs: dict[str, Any]) -> Any:
    """Read one file or many; arguments are handed to whom they concern.

    Raises:
        TypeError, ValueError: An argument is unknown, or has no possible value.
    """

    def chosen(*groups: tuple[str, ...]) -> dict[str, Any]:
        return {name: given[name] for group in groups for name in group}

    return_as = 'zarr' if given['aszarr'] else given['return_as']
    if return_as not in (None, 'numpy', 'xarray', 'zarr', 'dask'):
        raise ValueError(f"return_as {return_as!r} is none of 'numpy', 'xarray', 'zarr', 'dask'")
    file = _single(files, given)
    if file is None:
        later = {'zarr': _STORING[:3], 'dask': ('fillvalue',)}
        storing = chosen(later.get(return_as, ()))
        rest = _said({**chosen(_CHOOSING, _OPENING, _DECODING, _NAMING), **storing})
        return _sequence(files, return_as, given, {**rest, **kwargs})
    flags = {name: kwargs.pop(name) for name in list(kwargs) if name.startswith('is_')}
    opening = {**chosen(_OPENING), **flags}
    if return_as == 'zarr':
        return _store(file, opening, {**chosen(_CHOOSING), **_said(chosen(_STORING)), **kwargs})
    if return_as == 'dask':
        return _delayed(file, opening, {**chosen(_CHOOSING), **kwargs}, given['selection'])
    if kwargs and given['colour'] is None:
        raise TypeError(f'imread() got an unexpected keyword argument {next(iter(kwargs))!r}')
    from .runtime.file import TiffFile

    with TiffFile(file, **opening) as tif:
        if return_as == 'xarray':
            return tif.asxarray(**chosen(_CHOOSING))
        if given['selection'] is not None:
            tif.segmentcache.limit = 0  # nobody will ask again
        array = tif.asarray(
            **chosen(_CHOOSING, _DECODING), selection=given['selection'], out=given['out'], **kwargs
        )
        if isinstance(file, str | os.PathLike) and not flags and _is_plain(given):
            from .runtime.alikefiles import recent

            recent.remember(os.fspath(file), tif)
        return array


def _sequence(
    files: Any, return_as: str | None, given: Mapping[str, Any], kwargs: dict[str, Any]
) -> Any:
    """Read many files; only arguments that say something are handed to the reader of each."""
    from .model.faces import face

    return face('sequence.imread')(
        files, return_as=return_as, selection=given['selection'], out=given['out'], **kwargs
    )


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that say something."""
    return {
        name: value
        for name, value in given.items()
        if value is not None and not (name == 'strict' and value is False)
    }


def _store(file: Any, opening: dict[str, Any], reading: dict[str, Any]) -> Any:
    """Return a Zarr store that owns its file."""
    from .runtime.file import TiffFile

    tif = TiffFile(file, **opening)
    try:
        store = tif.aszarr(**reading)
    except BaseException:
        tif.close()
        raise
    store.adopt(tif)
    return store


def _delayed(file: Any, opening: dict[str, Any], reading: dict[str, Any], selection: Any) -> Any:
    """Return a dask array; its file is closed when the array is forgotten."""
    from .runtime.file import TiffFile

    tif = TiffFile(file, **opening)
    try:
        array = tif.asdask(**reading)
        return array if selection is None else array[selection]
    except BaseException:
        tif.close()
        raise


_SEQUENCE = ('pattern', 'container', 'imread', 'imreadargs', 'axestiled', 'chunkshape')


def _single(files: Any, given: Mapping[str, Any]) -> Any:
    """Return the one file that is meant, None if it is a sequence of files.

    Raises:
        ValueError: There is no file.
    """
    if any(given[name] is not None for name in _SEQUENCE):
        return None
    if isinstance(files, str | os.PathLike):
        from .runtime.source import is_url

        path = os.fspath(files)
        if not path:
            raise ValueError('files: no file is named')
        if not is_url(path) and ('*' in path or '?' in path) and not os.path.exists(path):
            from glob import glob

            found = glob(path)
            if not found:
                raise ValueError(f'files: none matches {path!r}')
            return found[0] if len(found) == 1 else None
        return files
    if isinstance(files, Sequence) and not isinstance(files, bytes | bytearray | memoryview):
        if not files:
            raise ValueError('files: the list is empty')
        return files[0] if len(files) == 1 else None
    if files is None:
        raise ValueError('files: no file is named')
    return files


def memmap(
    filename: str | os.PathLike[str],
    /,
    *,
    shape: Sequence[int] | None = None,
    dtype: Any = None,
    page: int | None = None,
    series: int | None = None,
    kind: str | None = None,
    level: int | None = None,
    squeeze: bool | None = None,
    mode: Literal['r+', 'r', 'c'] = 'r+',
    **kwargs: Any,
) -> NDArray[Any]:
    """Return the samples of a file as an array that is mapped to it.

    Parameters:
        filename: Path of the file.
        shape, dtype: Of the array of a file to be created; None maps an existing file.
        page: Page to map; None maps a series.
        series: Number of the series, by default the first.
        kind: Of the series.
        level: Of a pyramid.
        squeeze: Leave out axes of length 1.
        mode: ``'r+'`` (default), ``'r'`` or ``'c'`` (copy on write).
        **kwargs: For `imwrite` where a file is created, else for `TiffFile`.

    Raises:
        ValueError: The samples are no single stretch of bytes, or an argument is wrong.

    Example:
        >>> image = memmap('temp.tif', shape=(16, 20), dtype='u2', photometric='minisblack')
        >>> image[1, 2] = 7
        >>> image.flush()
        >>> int(memmap('temp.tif', mode='r')[1, 2])
        7
    """
    if shape is not None or dtype is not None:
        if shape is None or dtype is None:
            raise ValueError('shape and dtype go together')
        from .writer.imwrite import create_memmap

        return create_memmap(filename, shape, dtype, mode=mode, **kwargs)
    from .runtime.file import TiffFile
    from .runtime.filereading import memmap_pages

    with TiffFile(filename, **kwargs) as tif:
        return memmap_pages(
            tif, page=page, series=series, kind=kind, level=level, squeeze=squeeze, mode=mode
        )
