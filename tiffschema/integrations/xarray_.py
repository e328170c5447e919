"""Pages, series and stacks of files as xarray ``DataArray``; needs the extra ``xarray``.

Knows arrays, axes and coordinates; decoding is the image's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import UnsupportedError
from tiffschema.model.axes import axes_unique
from tiffschema.runtime.coordinates import Coordinates, page_coordinates

__all__ = [
    'coordinate_variables',
    'page_attributes',
    'page_dataarray',
    'sequence_dataarray',
    'series_dataarray',
]


def coordinate_variables(
    dims: Sequence[str], shape: Sequence[int], coordinates: Coordinates | None
) -> dict[str, Any]:
    """Return what is known of the positions along axes: values, with their units."""
    found: dict[str, Any] = {}
    if coordinates is None:
        return found
    for dim, size in zip(dims, shape, strict=True):
        values = coordinates.array(dim, size)
        if values is not None and len(values) == size:
            unit = coordinates.units.get(dim)
            found[dim] = ((dim,), values, {'units': unit} if unit else {})
    return found


def _dataarray(
    data: NDArray[Any],
    dims: Sequence[str],
    name: str,
    attrs: Mapping[str, Any],
    coordinates: Coordinates | None = None,
) -> Any:
    """Return an array with names, coordinates and units of its axes.

    Raises:
        UnsupportedError: The package xarray is absent.
    """
    try:
        import xarray
    except ImportError:
        raise UnsupportedError(
            'asxarray needs xarray, which is not installed; install tiffschema[xarray]'
        ) from None
    coords = coordinate_variables(dims, data.shape, coordinates)
    return xarray.DataArray(data, coords, tuple(dims), name=name or None, attrs=dict(attrs))


def page_attributes(page: Any, coordinates: Coordinates) -> dict[str, Any]:
    """Return the attributes of the array of a page."""
    photometric = getattr(page.photometric, 'name', page.photometric)
    attrs: dict[str, Any] = {
        'photometric': str(photometric).lower(),
        'coord_offsets': dict(coordinates.offsets),
        'coord_scales': dict(coordinates.scales),
    }
    if coordinates.units:
        attrs['coord_units'] = dict(coordinates.units)
    return attrs


def page_dataarray(page: Any, /, **kwargs: Any) -> Any:
    """Return a page as a ``DataArray`` with coordinates from its resolution.

    Parameters:
        page: Page or frame.
        **kwargs: For `asarray`, but ``selection`` and ``squeeze``.

    Raises:
        UnsupportedError: The package xarray is absent.
        TypeError: An argument is not possible here.

    Example:
        >>> import io, numpy, tiffschema
        >>> file = io.BytesIO()
        >>> tiffschema.imwrite(file, numpy.zeros((4, 5)), resolution=(10, 20), resolutionunit=3)
        >>> _ = file.seek(0)
        >>> found = tiffschema.TiffFile(file).pages[0].asxarray()
        >>> found.dims, float(found.X[1]), found.X.attrs
        (('Y', 'X'), 0.10000000149011612, {'units': 'centimeter'})
    """
    _check(kwargs)
    keyframe = page.keyframe
    coordinates = page_coordinates(keyframe)
    attrs = page_attributes(keyframe, coordinates)
    data = page.asarray(**kwargs)
    return _dataarray(data, axes_unique(page.axes), '', attrs, coordinates)


def series_dataarray(
    series: Any, /, *, level: int | None = None, squeeze: bool | None = None, **kwargs: Any
) -> Any:
    """Return a series, or a level of it, as a ``DataArray`` with coordinates and units.

    Parameters:
        series: The series.
        level: Of the pyramid, 0 is the full size.
        squeeze: Leave out axes of length 1 or not; None: as the series was made.
        **kwargs: For `asarray`, but ``selection``.

    Raises:
        IndexError: There is no such level.
        UnsupportedError: The package xarray is absent.
        TypeError: An argument is not possible here.
    """
    _check(kwargs)
    if level is not None:
        if not -len(series.levels) <= level < len(series.levels):
            raise IndexError(f'level {level} of {len(series.levels)}')
        series = series.levels[level]
    data = series.asarray(squeeze=squeeze, **kwargs)
    dims = axes_unique(series.get_axes(squeeze))
    return _dataarray(data, dims, series.name, series.attrs, series.coordinates)


def sequence_dataarray(sequence: Any, data: NDArray[Any], /) -> Any:
    """Return the array of a stack of files as a ``DataArray``.

    Parameters:
        sequence: The files.
        data: What was read of them; axes that are tiled are no longer named.

    Raises:
        UnsupportedError: The package xarray is absent.
    """
    rest = data.ndim - len(sequence.dims)
    if rest < 0:
        return _dataarray(np.asarray(data), [f'dim_{k}' for k in range(data.ndim)], '', {})
    known = {2: ('Y', 'X'), 3: ('Y', 'X', 'S')} if data.shape[-1] in (3, 4) else {2: ('Y', 'X')}
    image = known.get(rest) or tuple(f'dim_{k}' for k in range(rest))
    dims = (*sequence.dims, *image)
    if len(set(dims)) < len(dims):
        dims = tuple(f'dim_{k}' for k in range(data.ndim))
    return _dataarray(np.asarray(data), dims, '', {})


def _check(kwargs: Mapping[str, Any]) -> None:
    for name in ('selection', 'squeeze'):
        if kwargs.get(name) is not None:
            raise TypeError(f'{name} cannot be given here; index the DataArray')
