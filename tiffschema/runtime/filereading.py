"""Samples of a file by page or series: which of them the arguments of a user mean.

Knows files, pages and series; decodes nothing itself.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.faces import face

from .output import OutputType, create_output, mapped, written
from .series import TiffPageSeries
from .seriespages import PageSelection

if TYPE_CHECKING:
    from .readoptions import ErrorMode
    from .selection import SelectionArgument

__all__ = ['asarray', 'aszarr', 'chosen_image', 'chosen_series', 'memmap_pages']

Array = NDArray[Any]


def chosen_series(
    tif: Any,
    series: int | TiffPageSeries | None = None,
    kind: str | None = None,
    level: int | None = None,
    squeeze: bool | None = None,
) -> TiffPageSeries:
    """Return a series of a file, or one of its levels.

    Raises:
        IndexError: There is no such series or level.
        ValueError: The kind is unknown.
    """
    if isinstance(series, TiffPageSeries):
        found = series
    else:
        made = tif.series
        if kind is not None or squeeze is not None:
            made = made(kind=kind, squeeze=squeeze)
        number = 0 if series is None else operator.index(series)
        if not -len(made) <= number < len(made):
            raise IndexError(f'series {number} of {len(made)}')
        found = made[number]
    if level is None:
        return found
    if not -len(found.levels) <= level < len(found.levels):
        raise IndexError(f'level {level} of {len(found.levels)}')
    return found.levels[level]


def _page_numbers(key: Any, count: int) -> list[int]:
    """Return the pages that a key means.

    Raises:
        TypeError: The key is no integer, slice, or sequence of integers.
        IndexError: There is no such page.
        ValueError: No page is selected.
    """
    if isinstance(key, slice):
        numbers = list(range(*key.indices(count)))
        if not numbers:
            raise ValueError('key: no pages selected')
        return numbers
    if hasattr(key, '__index__'):
        return [_checked(operator.index(key), count)]
    if isinstance(key, str | bytes) or not isinstance(key, Iterable):
        raise TypeError(f'key must be an integer, slice, or sequence of integers, not {key!r}')
    try:
        numbers = [_checked(operator.index(each), count) for each in key]
    except TypeError as error:
        raise TypeError(f'key: {error}') from None
    if not numbers:
        raise ValueError('key: no pages selected')
    return numbers


def _checked(number: int, count: int) -> int:
    if not -count <= number < count:
        raise IndexError(f'key: index {number} is out of range for {count} pages')
    return number % count


def asarray(
    tif: Any,
    key: Any = None,
    *,
    series: int | TiffPageSeries | None = None,
    kind: str | None = None,
    level: int | None = None,
    squeeze: bool | None = None,
    out: OutputType = None,
    selection: SelectionArgument = None,
    maxworkers: int | None = None,
    buffersize: int | None = None,
    errors: ErrorMode | None = None,
    colour: Literal['rgb'] | None = None,
    **colour_options: Any,
) -> Array:
    """Return samples of pages or of a series.

    Parameters:
        tif: The file.
        key: Pages as integer, slice or sequence of integers: of the series if one is given, else
            of the file. None: all of the series, by default the first.
        series: Number of the series, or a series.
        kind: Of the series; None detects it.
        level: Of a pyramid, 0 is the full size.
        squeeze: Leave out axes of length 1 other than X and Y; None: in all kinds but shaped.
        out: Where to write samples, see `create_output`.
        selection: Indices of the result as NumPy has them; only segments they touch are decoded.
        maxworkers: Threads at most, None for as many as are worth it.
        buffersize: Bytes fetched ahead at a time from remote stores.
        errors: ``'raise'`` (default) at damaged segments, or ``'fault'`` to keep the rest.
        colour: ``'rgb'`` converts any photometric interpretation to RGB or RGBA.
        **colour_options: ``uint8``, ``alpha``, ``orientation``, ``profile``; see `page_asrgb`.

    Raises:
        IndexError: There is no such page, series or level.
        TypeError: `key` is of no known kind.
        ValueError: No page is selected.
        FormatError: Data is damaged or missing.
        UnsupportedError: Type of samples or codec are not known here.
    """
    if colour not in (None, 'rgb'):
        raise ValueError(f"colour {colour!r} is neither None nor 'rgb'")
    if colour_options and colour is None:
        raise TypeError(f'unexpected keyword argument {next(iter(colour_options))!r}')
    if not tif.pages:
        broken = tif.pages.chain.broken
        if broken is not None and errors != 'fault':
            raise broken
        warnings.warn(f'{tif.filename!r} has no pages', stacklevel=3)
        return np.empty((0,), np.uint8)
    reading: dict[str, Any] = {
        'out': out, 'selection': selection, 'maxworkers': maxworkers,
        'buffersize': buffersize, 'errors': errors,
    }  # fmt: skip
    if key is None:
        if series is None and kind is None and level is None and not tif.series:
            return _converted(tif.pages.first, reading, colour, colour_options)
        found = chosen_series(tif, series, kind, level, squeeze)
        return _converted(found, reading, colour, colour_options)
    pages: Any = tif.pages
    if series is not None or kind is not None or level is not None:
        pages = chosen_series(tif, series, kind, level, squeeze)
    numbers = _page_numbers(key, len(pages))
    if len(numbers) == 1:
        page = pages[numbers[0]]
        if page is None:
            shape = pages.keyframe.shape
            from .selection import select

            chosen = select(selection, shape)
            empty = create_output(None, chosen.shape, pages.keyframe.dtype, fillvalue=0)
            return written(out, chosen.take(empty))
        return _converted(page, reading, colour, colour_options)
    return _converted(_stacked(tif, pages, numbers), reading, colour, colour_options)


def _converted(image: Any, reading: dict[str, Any], colour: str | None, options: Any) -> Array:
    """Return the samples of a page or series, as they are or as colours."""
    if colour is None:
        result: Array = image.asarray(**reading)
        return result
    out = reading.pop('out')
    return written(out, image.asrgb(**options, **reading))


def _stacked(tif: Any, pages: Any, numbers: Sequence[int]) -> TiffPageSeries:
    """Return pages of equal shape and type as one image.

    Raises:
        ValueError: They differ.
    """
    chosen: Any = PageSelection(pages, numbers)
    if pages is not tif.pages:
        chosen = [pages[number] for number in numbers]
        first = next((page for page in chosen if page is not None), None)
        if first is None:
            raise ValueError('key: all of these pages are missing')
        keyframe = first.keyframe
    else:
        keyframe = pages[numbers[0]].keyframe
        _check_equal(tif, keyframe, numbers)
    return TiffPageSeries(
        chosen,
        (len(numbers), *keyframe.shape),
        keyframe.dtype,
        'I' + keyframe.axes,
        parent=tif,
        kind='stack',
        squeeze=False,
    )


def _check_equal(tif: Any, keyframe: Any, numbers: Sequence[int]) -> None:
    key = keyframe.geometry.key()
    if len(numbers) > 64:
        # Told from columns: pages of a long chain are not made to be compared.
        from .assemble.alike import groups_of_pages

        wanted = np.asarray(numbers)
        for indices in groups_of_pages(tif):
            if np.isin(wanted, indices).all():
                return
    for number in numbers:
        if tif.pages[number].geometry.key() != key:
            raise ValueError(f'key: page {number} differs from page {numbers[0]} in shape or type')


def aszarr(
    tif: Any,
    key: int | None = None,
    *,
    series: int | TiffPageSeries | None = None,
    kind: str | None = None,
    level: int | None = None,
    squeeze: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Return a Zarr store of a page or series; the parameters are those of `asarray`.

    Raises:
        IndexError: There is no such page, series or level.
        ValueError: The file has no pages.
    """
    if key is not None:
        return face('zarr.store')(chosen_image(tif, key, series, kind, level, squeeze), **kwargs)
    # The store is told the level: a series serves all of its levels, a level an array.
    return face('zarr.store')(
        chosen_image(tif, None, series, kind, None, squeeze), level=level, **kwargs
    )


def chosen_image(tif: Any, key: Any, series: Any, kind: Any, level: Any, squeeze: Any) -> Any:
    """Return the page or series that the parameters of `asarray` name.

    Raises:
        IndexError: There is no such page, series or level.
        TypeError: `key` is no integer.
        ValueError: The file has no pages, or the kind is unknown.
        FormatError: The first directory cannot be read.
    """
    if not tif.pages:
        broken = tif.pages.chain.broken
        raise broken or ValueError(f'{tif.filename!r} has no pages')
    if key is None:
        if level is None and series is None and kind is None and squeeze is None:
            return chosen_series(tif)
        return chosen_series(tif, series, kind, level, squeeze)
    if not hasattr(key, '__index__'):
        raise TypeError(f'key must be an integer, not {type(key).__name__}')
    pages: Any = tif.pages
    if series is not None or kind is not None or level is not None:
        pages = chosen_series(tif, series, kind, level, squeeze)
    return pages[_checked(operator.index(key), len(pages))]


def memmap_pages(
    tif: Any,
    *,
    page: int | None = None,
    series: int | None = None,
    kind: str | None = None,
    level: int | None = None,
    squeeze: bool | None = None,
    mode: str = 'r+',
) -> Array:
    """Return samples of a file as an array mapped to it, in the byte order of the file.

    Parameters:
        tif: The file, which may be closed afterwards.
        page: Number of the page to map; None maps a series.
        series: Number of the series, by default the first.
        kind: Of the series.
        level: Of a pyramid.
        squeeze: As for `asarray`.
        mode: ``'r'``, ``'r+'`` or ``'c'`` (copy on write).

    Raises:
        ValueError: The samples are no single stretch of the file, or the mode is unknown.
        TruncatedError: The file ends before they do.
    """
    if mode not in ('r', 'r+', 'c'):
        raise ValueError(f"mode {mode!r} is none of 'r', 'r+', 'c'")
    if page is not None:
        found = tif.pages[page]
        if not found.is_memmappable:
            raise ValueError(f'page {page} is not memory-mappable')
        source, offset = found._source, found.dataoffsets[0]
        stored, shape = found.keyframe.geometry.stored_dtype, found.shape
    else:
        image = chosen_series(tif, series, kind, level, squeeze)
        if not image.is_memmappable:
            raise ValueError('series is not memory-mappable')
        source, offset = image.keyframe._source, image.dataoffset
        stored, shape = image.keyframe.geometry.stored_dtype, image.shape
    return mapped(source.path, source.start + offset, stored, shape, mode)
