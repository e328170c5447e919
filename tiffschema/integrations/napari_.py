"""A reader of napari: each series of a file becomes a layer; found by the entry point of npe2.

Knows what napari calls layer data; imports neither napari nor Qt. Where dask is there, samples are
read when they are looked at.

Source: npe2, contribution ``readers``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from tiffschema.errors import TiffSchemaError
from tiffschema.model.faces import face
from tiffschema.runtime.file import TiffFile

__all__ = ['napari_get_reader', 'read_layers']

Layer = tuple[Any, dict[str, Any], str]


def napari_get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[Layer]] | None:
    """Return what reads a file, None if it is no TIFF.

    Parameters:
        path: Of a file, or of the files of a stack.
    """
    first = path[0] if isinstance(path, list) else path
    try:
        with TiffFile(first):
            return read_layers
    except (TiffSchemaError, OSError):
        return None


def read_layers(path: str | list[str]) -> list[Layer]:
    """Return the series of a file, or a stack of files, as layers.

    Parameters:
        path: Of a file, or of the files of a stack.
    """
    if isinstance(path, list) and len(path) > 1:
        name = os.path.splitext(os.path.basename(path[0]))[0]
        return [(face('sequence.imread')(path, return_as='dask'), {'name': name}, 'image')]
    tif = TiffFile(path[0] if isinstance(path, list) else path)
    lazily = find_spec('dask') is not None
    try:
        return [_layer(tif, series, lazily) for series in tif.series if series.dtype is not None]
    except BaseException:
        lazily = False
        raise
    finally:
        # Layers that are read when they are looked at need the open file.
        if not lazily:
            tif.close()


def _layer(tif: TiffFile, series: Any, lazily: bool) -> Layer:
    axes = series.axes
    levels = [level.asdask() if lazily else level.asarray() for level in series.levels]
    about: dict[str, Any] = {
        'name': series.name or tif.filename,
        'metadata': {'axes': axes, 'kind': series.kind, 'path': tif.source.path},
    }
    is_rgb = axes.endswith('S') and series.shape[-1] in (3, 4)
    if is_rgb:
        about['rgb'] = True
        axes = axes[:-1]
    elif 'C' in axes:
        about['channel_axis'] = axes.index('C')
        names = series.coords.get('C')
        if names is not None and names.dtype.kind == 'U':
            about['name'] = [str(name) for name in names]
        axes = axes.replace('C', '')
    scales = series.coord_scales
    if scales:
        about['scale'] = [float(scales.get(axis, 1.0)) for axis in axes]
    if len(levels) > 1:
        about['multiscale'] = True
        return levels, about, 'image'
    return levels[0], about, 'image'
