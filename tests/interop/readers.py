"""Other readers, each as a function from the bytes of a file to samples (rows, columns, samples).

Rule: a reader that is not installed is None; what a reader refuses it says by an exception.
"""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def samples_last(array: Array, samples: int = 1, planar: bool = False) -> Array:
    """Return samples of a page as (rows, columns, samples)."""
    if array.ndim == 2:
        return array[..., None]
    return np.moveaxis(array, 0, -1) if planar and samples > 1 else array


def ours(data: bytes) -> Array:
    """Read with this library."""
    from tiffschema import TiffFile

    with TiffFile(data) as tif:
        page = tif.pages[0]
        geometry = page.geometry
        return samples_last(page.asarray(), geometry.samplesperpixel, geometry.planarconfig == 2)


def read_tifffile(data: bytes) -> Array:
    """Read with tifffile."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tif:
        page = tif.pages[0]
        planar = int(page.planarconfig or 1) == 2
        return samples_last(page.asarray(), page.samplesperpixel, planar)


def read_pillow(data: bytes) -> Array:
    """Read with Pillow."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return samples_last(np.asarray(image))


def read_gdal(data: bytes) -> Array:
    """Read with GDAL."""
    from rasterio.io import MemoryFile

    with (
        warnings.catch_warnings(),
        MemoryFile(data) as file,
    ):
        warnings.simplefilter('ignore')
        with file.open() as found:
            return np.moveaxis(found.read(), 0, -1)


def read_libvips(data: bytes) -> Array:
    """Read with libvips."""
    import pyvips

    # Evaluation comes later than opening: errors of both are raised here.
    return samples_last(pyvips.Image.tiffload_buffer(data, fail_on='error').numpy())


def read_libtiff(data: bytes) -> Array:
    """Read with the libtiff inside of imagecodecs."""
    import imagecodecs

    array = imagecodecs.tiff_decode(data, index=0)
    from tiffschema import TiffFile

    with TiffFile(data) as tif:
        geometry = tif.pages[0].geometry
    return samples_last(array, geometry.samplesperpixel, geometry.planarconfig == 2)


_READERS: dict[str, tuple[str, Callable[[bytes], Array]]] = {
    'tifffile': ('tifffile', read_tifffile),
    'Pillow': ('PIL', read_pillow),
    'GDAL': ('rasterio', read_gdal),
    'libvips': ('pyvips', read_libvips),
    'libtiff': ('imagecodecs', read_libtiff),
}

NAMES = tuple(_READERS)


def reader(name: str) -> Callable[[bytes], Array] | None:
    """Return a reader by name, None where it is not installed."""
    module, function = _READERS[name]
    try:
        importlib.import_module(module)
    except ImportError:
        return None
    return function
