"""Series whose shape stands in a description of this library's own form.

Source: README of tifffile, "shaped" series; the JSON has ``shape``, and perhaps ``axes``, ``name``
and ``truncated``; other entries are the user's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tiffschema.errors import FormatError
from tiffschema.model.axes import reshape_axes
from tiffschema.model.descriptions import parse_shaped_description
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

from .pyramids import grouped

__all__ = ['shaped_series']

_OWN_KEYS = frozenset(('shape', 'axes', 'name', 'truncated'))


class _Children(Sequence[Any]):
    """The children of the same rank of many pages, one each."""

    def __init__(self, pages: Sequence[Any], rank: int) -> None:
        self._pages = pages
        self._rank = rank

    def __len__(self) -> int:
        return len(self._pages)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self[index] for index in range(*key.indices(len(self)))]
        page = self._pages[key].aspage()
        children = page.pages
        if children is None or len(children) <= self._rank:
            raise FormatError(f'the page has no child {self._rank}', page.path, page.offset)
        return children[self._rank]


def shaped_series(tif: Any) -> list[TiffPageSeries]:
    """Return the series that the descriptions of a file's pages declare.

    Raises:
        FormatError: A series has no description, or one that does not fit its pages.
    """
    found: list[TiffPageSeries] = []
    index = 0
    while tif.pages.chain.extend(index + 1) > index:
        page = tif.pages[index]
        series, used = _one(tif, page, index)
        found += series
        index += used
    return grouped(found, only_reduced=True)


def _metadata(page: Any) -> dict[str, Any]:
    text = page.shaped_description
    if text is None:
        raise FormatError('no shape in the description', page._path, page.offset)
    return parse_shaped_description(text, limits=page.parent.limits)


def _one(tif: Any, page: Any, index: int) -> tuple[list[TiffPageSeries], int]:
    """Return the series of a page and its children, and how many pages they take."""
    metadata = _metadata(page)
    shape = _shape(metadata, page)
    if math.prod(page.shape) == 0 or math.prod(shape) == 0:
        return [_made(tif, [page], metadata, shape, page, 1)], 1
    count, rest = divmod(math.prod(shape), math.prod(page.shape))
    if rest or not count:
        raise FormatError(
            f'shape {shape} is not made of pages of {page.shape}', page._path, page.offset
        )
    truncated = count > 1 and bool(metadata.get('truncated'))
    if not truncated and tif.pages.chain.extend(index + count) < index + count:
        # Only the first directory was written, whatever the description says.
        truncated = True
    if truncated:
        _check_data(page, shape, count)
        pages: Any = [page]
        used, contiguous = 1, True
    else:
        pages = PageSelection(tif.pages, range(index, index + count))
        used, contiguous = count, count > 1 and _is_contiguous(tif, page, index, count)
    series = _made(tif, pages, metadata, shape, page, count, truncated, contiguous)
    return [series, *(_children(tif, series, pages, page) if page.subifds else ())], used


def _check_data(page: Any, shape: tuple[int, ...], count: int) -> None:
    """Check that the data of many pages follow those of the first.

    Raises:
        FormatError: They do not.
    """
    if not page.is_final:
        raise FormatError(f'pages of shape {shape} are missing', page._path, page.offset)
    needed, size = page.dataoffsets[0] + count * page.nbytes, page.parent.source.size
    if needed > size:
        raise FormatError(
            f'shape {shape} needs {needed} bytes, the file has {size}', page._path, page.offset
        )


def _is_contiguous(tif: Any, page: Any, index: int, count: int) -> bool:
    """Return whether the next directory lies behind the data of all pages.

    The writer puts data of many pages in one stretch behind the first directory, the other
    directories behind it: then only the first need be read.
    """
    if not page.is_final or page.subifds:
        return False
    end = page.dataoffsets[0] + count * page.nbytes
    return bool(page.dataoffsets[0] > page.offset and tif.pages.chain[index + 1] >= end)


def _shape(metadata: dict[str, Any], page: Any) -> tuple[int, ...]:
    shape = metadata['shape']
    if not isinstance(shape, list | tuple) or not all(
        isinstance(size, int) and 0 <= size < 1 << 63 for size in shape
    ):
        raise FormatError(f'shape {shape!r:.60} is none', page._path, page.offset)
    return tuple(shape)


def _made(
    tif: Any,
    pages: Any,
    metadata: dict[str, Any],
    shape: tuple[int, ...],
    page: Any,
    count: int,
    truncated: bool = False,
    contiguous: bool = False,
) -> TiffPageSeries:
    axes = metadata.get('axes')
    page_shape, page_axes = (count, *page.shape), 'Q' + page.axes
    if math.prod(shape) and not _fits(shape, page.shape):
        tif.faults.append(
            FormatError(
                f'shape {shape} does not end as pages of {page.shape}', page._path, page.offset
            )
        )
        shape, axes = page_shape, page_axes
    if not isinstance(axes, str) or len(axes) != len(shape):
        if axes is not None:
            tif.faults.append(
                FormatError(f'axes {axes!r:.40} for shape {shape}', page._path, page.offset)
            )
        if math.prod(shape):
            axes = reshape_axes(page_axes, page_shape, shape)
        else:
            axes = ('Q' * len(shape) + 'YX')[-len(shape) :] if shape else ''
    name = metadata.get('name')
    return TiffPageSeries(
        pages,
        shape,
        page.dtype,
        axes.upper(),
        attrs={key: value for key, value in metadata.items() if key not in _OWN_KEYS},
        parent=tif,
        name=name if isinstance(name, str) else '',
        kind='shaped',
        truncated=truncated,
        contiguous=contiguous,
        source='ImageDescription (JSON)',
    )


def _fits(shape: Sequence[int], page_shape: Sequence[int]) -> bool:
    """Return whether the last axes of a shape are those of a page, lengths of 1 left aside."""
    wanted = [size for size in page_shape if size != 1]
    given = [size for size in shape if size != 1]
    return given[len(given) - len(wanted) :] == wanted


def _children(tif: Any, series: TiffPageSeries, pages: Any, page: Any) -> list[TiffPageSeries]:
    """Return the series in the children of the pages of a series, which gets others as levels.

    Children with a description are series like any other: levels if they are reduced copies.
    """
    found: list[TiffPageSeries] = []
    for rank, child in enumerate(page.pages):
        if child.size == 0:
            continue
        children = _Children(pages, rank)
        try:
            metadata = _metadata(child)
            shape = _shape(metadata, child)
            described = True
        except FormatError:
            # Levels without a description have the leading axes of their series.
            shape = (*series.get_shape(False)[: -len(page.shape)], *child.shape)
            metadata = {'axes': series.get_axes(False)}
            described = False
        if math.prod(shape) != len(children) * math.prod(child.shape):
            raise FormatError(
                f'level of shape {shape} is not made of {len(children)} pages', child._path
            )
        one = _made(tif, children, metadata, shape, child, len(children))
        (found if described else series.levels).append(one)
    return found
