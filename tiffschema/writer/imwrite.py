"""One-call writing, and files made to be memory-mapped.

Knows `TiffWriter`; decides what only one call can decide: byte order, offsets of 64 bits, atomic
publishing.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from .pixels import PixelSource
from .resample import Resampling
from .series import TooLargeError
from .sink import Target
from .tiffwriter import NO_METADATA, TiffWriter

__all__ = ['create_memmap', 'imwrite']

BIG_BYTES = (1 << 32) - (1 << 25)
OPENING = (
    'mode', 'bigtiff', 'byteorder', 'kind', 'imagej', 'ome', 'shaped', 'append', 'durable',
)  # fmt: skip


# fmt: off
def imwrite(
    file: Target, /, data: Any = None, *, mode: Literal['w', 'x', 'r+'] | None = None,
    bigtiff: bool | None = None, byteorder: str | None = None, kind: str | None = None,
    imagej: bool = False, ome: bool | None = None, shaped: bool | None = None,
    append: bool | str = False, shape: Sequence[int] | None = None, dtype: Any = None,
    photometric: Any = None, planarconfig: Any = None, extrasamples: Any = None,
    volumetric: bool = False, tile: Sequence[int] | None = None, rowsperstrip: int | None = None,
    bitspersample: int | None = None, compression: Any = None,
    compressionargs: Mapping[str, Any] | None = None, predictor: Any = None,
    subsampling: tuple[int, int] | None = None, jpegtables: bytes | None = None,
    iccprofile: bytes | None = None, colormap: Any = None, description: str | bytes | None = None,
    datetime: Any = None, resolution: Sequence[Any] | None = None, resolutionunit: Any = None,
    subfiletype: Any = None, software: str | bytes | bool | None = None,
    metadata: Mapping[str, Any] | None = NO_METADATA, extratags: Any = None,
    contiguous: bool = False, truncate: bool = False, align: int | None = None,
    maxworkers: int | None = None, buffersize: int | None = None, returnoffset: bool = False,
    pyramid: bool | int = False, resampling: Resampling = 'mean',
    reduced: Literal['subifds', 'pages'] = 'subifds', durable: bool | None = None,
) -> tuple[int, int] | None:
    """Write an array to a TIFF file, which appears complete or not at all.

    Parameters:
        file: Path, address, binary file object, or fsspec file.
        data: What `TiffWriter.write` takes.
        mode, kind, imagej, ome, shaped, append, durable: As `TiffWriter` takes them.
        bigtiff: 64-bit offsets; by default where the data need them.
        byteorder: By default that of the data.

    The other parameters are those of `TiffWriter.write`.

    Returns:
        Offset and size of the data if ``returnoffset`` and they are one block, else None.

    Raises:
        ValueError: An argument is wrong; names it; no file was touched.

    Example:
        >>> import io, numpy
        >>> imwrite(io.BytesIO(), numpy.zeros((5, 6), '>u2'), returnoffset=True)
        (256, 60)
    """
    given = dict(locals())
    del given['file'], given['data']
    return _imwrite(file, data, given)
# fmt: on


def _imwrite(file: Target, data: Any, given: dict[str, Any]) -> tuple[int, int] | None:
    """Write with the arguments of `imwrite`, by name; with `mappable`, nothing but one block."""
    opening = {name: given.pop(name, None) for name in OPENING}
    mappable = given.pop('mappable', False)
    source = PixelSource.of(data, given.get('shape'), given.get('dtype'))
    opening['byteorder'] = opening['byteorder'] or source.byteorder or None
    if not (hasattr(data, 'dtype') or data is None or isinstance(data, Iterator)):
        given['dtype'] = None
        data = source.data
    automatic = opening['bigtiff'] is None
    if automatic:
        opening['bigtiff'] = _needs_big(source, given, opening)

    def write() -> tuple[int, int] | None:
        with TiffWriter(file, _stream=False, **opening) as tif:
            where = tif.write(data, **given)
            if mappable and where is None:
                raise ValueError('the image is not memory-mappable: compressed, packed or tiled')
            return where

    try:
        return write()
    except TooLargeError:
        again = automatic and not (isinstance(data, Iterator) or opening['append'])
        if not again or not _is_path(file):
            raise
    opening['bigtiff'] = True
    return write()


def _needs_big(source: PixelSource, given: Mapping[str, Any], opening: Mapping[str, Any]) -> bool:
    """Whether plain samples would not fit 32-bit offsets; compressed ones are tried first."""
    nbytes = math.prod(source.shape) * source.dtype.itemsize
    plain = given.get('compression') in (None, False, 0, 1, 'none')
    is_imagej = opening['imagej'] or opening['kind'] == 'imagej'
    return nbytes > BIG_BYTES and plain and not (is_imagej or given.get('truncate'))


def create_memmap(
    filename: str | os.PathLike[str],
    /,
    shape: Sequence[int],
    dtype: Any,
    *,
    mode: Literal['r+', 'r', 'c'] = 'r+',
    **kwargs: Any,
) -> np.memmap[Any, Any]:
    """Create a file for an array of zeros, and map the array.

    Parameters:
        filename: Path of the file.
        shape, dtype: Of the array.
        mode: How to map it.
        kwargs: Further arguments of `imwrite`.

    Raises:
        ValueError: The array would not be one block of bytes, or an argument is wrong.
    """
    if mode not in ('r+', 'r', 'c'):
        raise ValueError(f"mode: {mode!r} is none of 'r+', 'r', 'c'")
    kwargs.update(
        shape=shape,
        dtype=dtype,
        returnoffset=True,
        align=kwargs.get('align') or mmap.ALLOCATIONGRANULARITY,
        mappable=True,
    )
    where = _imwrite(filename, None, kwargs)
    assert where is not None
    order = kwargs.get('byteorder') or np.dtype(dtype).byteorder
    stored = np.dtype(dtype).newbyteorder('=' if order in ('|', '=') else order)
    return np.memmap(filename, dtype=stored, mode=mode, offset=where[0], shape=tuple(shape))


def _is_path(file: Target) -> bool:
    return isinstance(file, (str, os.PathLike))
