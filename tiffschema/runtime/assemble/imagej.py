"""ImageJ hyperstacks: axes from the description; one directory may stand for all planes.

Source: ImageJ, ``TiffDecoder`` and ``FileOpener``; data of files above 4 GB follows the only
directory.
"""

from __future__ import annotations

from typing import Any

from tiffschema.errors import FormatError
from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

__all__ = ['imagej_series']

_LEAST = 2
_LETTERS = {'c': 'C', 'z': 'Z', 't': 'T'}


def imagej_series(tif: Any) -> list[TiffPageSeries]:
    """Return the one series of an ImageJ file; none if its metadata is of no use.

    Raises:
        FormatError: The data would reach beyond the end of the file.
    """
    metadata = tif.imagej_metadata
    page = tif.pages[0]
    if metadata is None or page.geometry.size == 0:
        return []
    counts = _counts(metadata)
    if counts is None:
        raise FormatError('counts of images, channels, slices or frames are none', page._path)
    images, sizes = counts
    planes = _planes(tif, page, images, sizes)
    pages, truncated, contiguous = _pages(tif, page, planes)
    if not truncated:
        planes = min(planes, len(pages))
    elif page.is_final and page.nbytes:
        planes = min(planes, (tif.source.size - page.dataoffsets[0]) // page.nbytes)
    shape, axes = _shape(page, sizes, planes, str(metadata.get('order', 'czt')).lower())
    coords, units = _coordinates(page, metadata)
    return [
        TiffPageSeries(
            pages,
            shape,
            page.dtype,
            axes,
            attrs=_attrs(metadata),
            coords=coords,
            units=units,
            parent=tif,
            kind='imagej',
            truncated=truncated,
            contiguous=contiguous,
            source='ImageDescription (ImageJ)',
        )
    ]


def _counts(metadata: dict[str, Any]) -> tuple[int, dict[str, int]] | None:
    """Return the number of images and the sizes of T, Z and C, None if they are unfit."""
    values = [metadata.get(key, 1) for key in ('images', 'frames', 'slices', 'channels')]
    if not all(isinstance(value, int) and 0 < value < 1 << 40 for value in values):
        return None
    return values[0], dict(zip('TZC', values[1:], strict=True))


def _planes(tif: Any, page: Any, images: int, sizes: dict[str, int]) -> int:
    """Return the number of planes; `sizes` lose channels that are samples."""
    stacks = sizes['T'] * sizes['Z']
    contig = page.shaped[4]
    if sizes['C'] == 1 or page.shaped[0] == sizes['C']:
        planes = stacks
    elif images == stacks and contig == sizes['C']:
        sizes['C'] = 1
        planes = stacks
    else:
        planes = stacks * sizes['C']
    if planes == 1 and tif.pages.is_multipage:
        planes = len(tif.pages)
    return planes


def _pages(tif: Any, page: Any, planes: int) -> tuple[Any, bool, bool]:
    """Return pages, whether only the first is needed, and whether planes lie in one stretch."""
    chain = tif.pages.chain
    if planes == 1:
        return [page], False, False
    if page.is_final and page.dataoffsets[0] > 0:
        end = page.dataoffsets[0] + planes * page.nbytes
        known = chain.extend(2)
        following = chain[1] if known > 1 else 0
        if not following or following < page.dataoffsets[0]:
            limit = tif.source.size
        else:
            limit = following
        if end <= limit and not (following and following < page.dataoffsets[0]):
            if known > 1:
                # Directories are not counted: frames without one are virtual.
                return PageSelection(tif.pages, range(planes)), False, True
            return [page], True, True
        if known == 1:
            there = (limit - page.dataoffsets[0]) // page.nbytes
            fault = FormatError(
                f'{planes} planes need {end} bytes, the file has {limit}', page._path, page.offset
            )
            if there < _LEAST:
                raise fault
            # The file was cut off: whole planes are kept.
            tif.faults.append(fault)
            return _pages(tif, page, there)
    count = len(tif.pages)
    if count < planes:
        tif.faults.append(FormatError(f'{planes} planes are declared, {count} are there', 'pages'))
    chosen = range(min(planes, count))
    key = page.geometry.key()
    for index in chosen[-1:]:
        if tif.pages[index].geometry.key() != key:
            raise FormatError('pages differ', f'pages[{index}]')
    return PageSelection(tif.pages, chosen), False, False


def _shape(
    page: Any, sizes: dict[str, int], planes: int, order: str
) -> tuple[tuple[int, ...], str]:
    """Return shape and axes; the letters of `order` vary fastest first."""
    if sorted(order) != ['c', 't', 'z']:
        order = 'czt'
    axes = ''.join(_LETTERS[letter] for letter in reversed(order))
    shape = tuple(sizes[axis] for axis in axes)
    page_axes, page_shape = page.axes, page.shape
    if page.shaped[0] > 1 and page.shaped[0] == sizes['C']:
        # Channels are planar samples of each page.
        shape = tuple(size for axis, size in zip(axes, shape, strict=True) if axis != 'C')
        axes = axes.replace('C', '')
        page_axes = page_axes.replace('S', 'C')
    total = 1
    for size in shape:
        total *= size
    if planes % total:
        shape, axes = (planes,), 'I'
    elif planes // total > 1:
        shape, axes = (planes // total, *shape), 'I' + axes
    shape, axes = (*shape, *page_shape), axes + page_axes
    if 'S' not in axes:
        shape, axes = (*shape, 1), axes + 'S'
    return shape, axes


def _attrs(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: metadata[key] for key in ('mode', 'min', 'max') if key in metadata}


_UNITS = {
    'um': 'micrometer',
    'micron': 'micrometer',
    'microns': 'micrometer',
    '\u00b5m': 'micrometer',
    '\u03bcm': 'micrometer',
    '\\u00b5m': 'micrometer',
    'nm': 'nanometer',
    'mm': 'millimeter',
    'cm': 'centimeter',
    'm': 'meter',
    'inch': 'inch',
    'sec': 'second',
    's': 'second',
    'ms': 'millisecond',
}


def _number(value: Any, default: float = 0.0) -> float:
    return float(value) if isinstance(value, int | float) else default


def _coordinates(
    page: Any, metadata: dict[str, Any]
) -> tuple[dict[str, tuple[float, float]], dict[str, str]]:
    """Return (offset, step) and unit by axis."""
    coords: dict[str, tuple[float, float]] = {}
    units: dict[str, str] = {}
    spacing = abs(_number(metadata.get('spacing')))
    if spacing:
        coords['Z'] = -_number(metadata.get('zorigin')) * spacing, spacing
    interval = _number(metadata.get('finterval'))
    rate = _number(metadata.get('fps'))
    if interval or rate:
        coords['T'] = 0.0, interval or 1 / rate
    unit = metadata.get('unit')
    if isinstance(unit, str) and unit:
        name = _UNITS.get(unit, unit)
        units['Z'] = _UNITS.get(str(metadata.get('zunit')), name)
        units['X'] = name
        units['Y'] = _UNITS.get(str(metadata.get('yunit')), name)
        for axis, resolution, key in zip(
            'XY', page.resolution, ('xorigin', 'yorigin'), strict=True
        ):
            step = 1 / resolution if resolution > 0 else 1.0
            if name == 'micrometer' and int(page.resolutionunit) == 3:
                # The tags count centimetres, the text micrometres.
                step *= 10000
            coords[axis] = -_number(metadata.get(key)) * step or 0.0, step
    if 'T' in coords:
        tunit = metadata.get('tunit')
        if isinstance(tunit, str) and tunit:
            units['T'] = _UNITS.get(tunit, tunit)
    return coords, units
