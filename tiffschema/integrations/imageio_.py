"""A plugin of imageio: ``imageio.v3.imread(path, plugin=TiffPlugin)``.

Knows the plugin interface of imageio 2.9 and later; an image of imageio is a series.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import TiffSchemaError, UnsupportedError
from tiffschema.runtime.file import TiffFile

try:
    from imageio.core.request import URI_BYTES, InitializationError, IOMode, Request
    from imageio.core.v3_plugin_api import ImageProperties, PluginV3
except ImportError:
    raise UnsupportedError('the plugin needs imageio, which is not installed') from None

__all__ = ['TiffPlugin', 'register']


class TiffPlugin(PluginV3):
    """Reads series of TIFF files, and writes arrays as series.

    Parameters:
        request: What imageio was asked for.
        **options: For `TiffFile` when reading.

    Example:
        >>> import imageio.v3 as iio, numpy
        >>> iio.imwrite('temp.tif', numpy.ones((4, 5), 'u2'), plugin=TiffPlugin)
        >>> iio.imread('temp.tif', plugin=TiffPlugin).shape
        (4, 5)
    """

    def __init__(self, request: Request, **options: Any) -> None:
        super().__init__(request)
        self._tif: TiffFile | None = None
        self._writer: Any = None
        file = request.get_file()
        if request.mode.io_mode == IOMode.write:
            from tiffschema.writer.tiffwriter import TiffWriter

            self._writer = TiffWriter(file, **options)
            return
        try:
            self._tif = TiffFile(file, **options)
        except TiffSchemaError as error:
            raise InitializationError(f'tiffschema cannot read the file: {error}') from None

    def _series(self, index: Any) -> Any:
        assert self._tif is not None
        return self._tif.series[0 if index is None or index is Ellipsis else index]

    def read(self, *, index: Any = None, **options: Any) -> NDArray[Any]:
        """Return a series, by default the first.

        Parameters:
            index: Number of the series; Ellipsis stacks all, which must be alike.
            **options: For `TiffPageSeries.asarray`: ``level``, ``selection``, ``squeeze`` …
        """
        if index is Ellipsis:
            return np.stack(list(self.iter(**options)))
        found: NDArray[Any] = self._series(index).asarray(**options)
        return found

    def iter(self, **options: Any) -> Iterator[NDArray[Any]]:
        """Yield the series, one after another."""
        assert self._tif is not None
        for series in self._tif.series:
            yield series.asarray(**options)

    def write(self, ndimage: Any, **options: Any) -> bytes | None:
        """Write an array, or each of a list, as a series.

        Parameters:
            ndimage: Array or list of arrays.
            **options: For `TiffWriter.write`.
        """
        for image in ndimage if isinstance(ndimage, list) else [ndimage]:
            self._writer.write(np.asarray(image), **options)
        if self.request._uri_type != URI_BYTES:
            return None
        self._writer.close()
        self._writer = None
        data: bytes = self.request.get_file().getvalue()
        return data

    def properties(self, index: Any = None) -> ImageProperties:
        """Return shape, type and spacing of a series without reading its samples."""
        assert self._tif is not None
        count = len(self._tif.series)
        if index is Ellipsis:
            first = self._series(0)
            return ImageProperties((count, *first.shape), first.dtype, count, True)
        series = self._series(index)
        scales = series.coord_scales
        spacing = tuple(float(scales.get(axis, 1.0)) for axis in series.axes) if scales else None
        return ImageProperties(series.shape, series.dtype, None, False, spacing)

    def metadata(self, index: int | None = None, exclude_applied: bool = True) -> dict[str, Any]:
        """Return axes, name, kind and attributes of a series, and the tags of its first page."""
        series = self._series(index)
        about = {'axes': series.axes, 'name': series.name, 'kind': series.kind, **series.attrs}
        return {**about, 'tags': {tag.name: tag.value for tag in series.keyframe.tags}}

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        elif self._tif is not None:
            self._tif.close()
        super().close()


def register() -> None:
    """Make the plugin known to imageio by the name ``tiffschema``."""
    from imageio.config import known_plugins
    from imageio.config.plugins import PluginConfig

    known_plugins['tiffschema'] = PluginConfig('tiffschema', TiffPlugin.__name__, __name__)
