"""The engine ``tiffschema`` of xarray, found by entry point: datasets, and trees of levels.

Knows lazy arrays and the backend interface of xarray. Samples are read when they are indexed.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from tiffschema.errors import TiffSchemaError, UnsupportedError
from tiffschema.model.axes import axes_unique
from tiffschema.model.filenames import EXTENSIONS
from tiffschema.runtime.coordinates import page_coordinates
from tiffschema.runtime.file import TiffFile
from tiffschema.runtime.filereading import chosen_series

from .lazy import LazyImage, image_of_level
from .xarray_ import coordinate_variables, page_attributes

try:
    import xarray
    from xarray.backends import BackendArray, BackendEntrypoint
    from xarray.core import indexing
except ImportError:
    raise UnsupportedError(
        'the engine tiffschema needs xarray, which is not installed; install tiffschema[xarray]'
    ) from None

__all__ = ['TiffBackendArray', 'TiffBackendEntrypoint']

_SUFFIXES = frozenset(f'.{extension}' for extension in EXTENSIONS)


class TiffBackendArray(BackendArray):
    """A lazy image as xarray indexes it.

    Parameters:
        lazy: The image.
    """

    def __init__(self, lazy: LazyImage) -> None:
        self.lazy = lazy
        self.shape, self.dtype = lazy.shape, lazy.dtype

    def __getitem__(self, key: Any) -> Any:
        support = indexing.IndexingSupport.OUTER_1VECTOR
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._outer)

    def _outer(self, key: tuple[Any, ...]) -> Any:
        """Return what each index takes of its axis; NumPy takes integers and lists together."""
        if not any(isinstance(each, np.ndarray) for each in key):
            return self.lazy[key]
        kept = tuple(slice(each, each + 1) if _is_number(each) else each for each in key)
        return self.lazy[kept][tuple(0 if _is_number(each) else slice(None) for each in key)]


def _is_number(index: Any) -> bool:
    return isinstance(index, int | np.integer)


def _dataset(image: Any, level: int | None, squeeze: bool | None, drop: frozenset[str]) -> Any:
    """Return a page, or a level of a series, as a dataset of one variable."""
    image = image_of_level(image, level)
    lazy = LazyImage(image, squeeze=squeeze)
    dims = tuple(axes_unique(lazy.axes))
    if hasattr(image, 'levels'):
        coordinates, attrs = image.coordinates, dict(image.attrs)
    else:
        coordinates = page_coordinates(image.keyframe)
        attrs = page_attributes(image.keyframe, coordinates)
    data = indexing.LazilyIndexedArray(TiffBackendArray(lazy))
    variable = xarray.Variable(dims, data, attrs)
    variable.encoding['preferred_chunks'] = dict(zip(dims, lazy.chunks, strict=True))
    name = getattr(image, 'name', '') or ''
    coords = coordinate_variables(dims, lazy.shape, coordinates)
    dataset = xarray.Dataset(
        {} if 'image' in drop else {'image': variable},
        {dim: value for dim, value in coords.items() if dim not in drop},
        {'name': name} if name else {},
    )
    return dataset


class TiffBackendEntrypoint(BackendEntrypoint):
    """Opens TIFF files: ``xarray.open_dataset(path, engine='tiffschema')``.

    Example:
        >>> import numpy, tiffschema, xarray
        >>> tiffschema.imwrite('temp.tif', numpy.arange(12, dtype='u1').reshape(3, 4))
        >>> with xarray.open_dataset('temp.tif', engine='tiffschema') as data:
        ...     data.image.dims, data.image[1, ::3].values.tolist()
        (('Y', 'X'), [4, 7])
    """

    description = 'TIFF and the TIFF-like files of science'
    open_dataset_parameters = (
        'filename_or_obj', 'drop_variables', 'key', 'series', 'kind', 'level', 'squeeze',
    )  # fmt: skip
    supports_groups = True

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        key: int | None = None,
        series: int | None = None,
        kind: str | None = None,
        level: int | None = None,
        squeeze: bool | None = None,
    ) -> Any:
        """Return a page, or a level of a series, as a dataset with the variable ``image``.

        Parameters:
            filename_or_obj: Path, URL or binary file object.
            drop_variables: Names of what is left out.
            key: Number of a page.
            series, kind, level: Which series, by default the first, at full size.
            squeeze: Leave out axes of length 1 or not; None: as the series is made.

        Raises:
            OSError: The file cannot be opened.
            TiffFileError: It is no TIFF.
            IndexError: There is no such page, series or level.
        """
        tif = TiffFile(filename_or_obj)
        try:
            image: Any
            if key is None:
                image = chosen_series(tif, series, kind, None, squeeze)
            else:
                image = tif.pages[key]
            dataset = _dataset(image, level, squeeze, _dropped(drop_variables))
        except BaseException:
            tif.close()
            raise
        dataset.set_close(tif.close)
        return dataset

    def open_groups_as_dict(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        kind: str | None = None,
        squeeze: bool | None = None,
    ) -> dict[str, Any]:
        """Return the levels of all series: ``/0/0`` is the first series at full size.

        Parameters:
            filename_or_obj, drop_variables, kind, squeeze: As `open_dataset`.

        A series or level that cannot be read is an empty group whose attribute ``error`` says why;
        a warning says so too.

        Raises:
            TiffSchemaError: No series can be read.
        """
        tif = TiffFile(filename_or_obj)
        unread: dict[str, TiffSchemaError] = {}
        try:
            made = tif.series(kind=kind, squeeze=squeeze)
            drop = _dropped(drop_variables)
            groups = {'/': xarray.Dataset()}
            for number, series in enumerate(made):
                about = {'name': series.name, 'kind': series.kind}
                groups[f'/{number}'] = xarray.Dataset(attrs=about)
                for level in range(len(series.levels)):
                    path = f'/{number}/{level}'
                    try:
                        groups[path] = _dataset(series, level, squeeze, drop)
                    except TiffSchemaError as error:
                        groups[path] = xarray.Dataset(attrs={'error': str(error)})
                        unread[path] = error
            if unread and len(unread) == sum(len(series.levels) for series in made):
                raise next(iter(unread.values()))
            for path, reason in unread.items():
                warnings.warn(f'{path} of {tif.filename!r} is left empty: {reason}', stacklevel=2)
        except BaseException:
            tif.close()
            raise
        groups['/'].set_close(tif.close)
        return groups

    def open_datatree(self, filename_or_obj: Any, **kwargs: Any) -> Any:
        """Return the levels of all series as a tree; see `open_groups_as_dict`."""
        groups = self.open_groups_as_dict(filename_or_obj, **kwargs)
        tree = xarray.DataTree.from_dict(groups)
        tree.set_close(groups['/']._close)
        return tree

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Return whether the suffix or the first bytes are those of a TIFF."""
        if isinstance(filename_or_obj, str | os.PathLike):
            _, suffix = os.path.splitext(os.fspath(filename_or_obj))
            return suffix.lower() in _SUFFIXES
        try:
            with TiffFile(filename_or_obj):
                return True
        except (TiffSchemaError, OSError, TypeError, ValueError):
            return False


def _dropped(names: str | Iterable[str] | None) -> frozenset[str]:
    if names is None:
        return frozenset()
    return frozenset([names] if isinstance(names, str) else names)
