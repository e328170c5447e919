"""Forged files of kinds that are no vendor's: shaped, ImageJ, uniform and generic ones.

Knows the arguments of the writer.
"""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.descriptions import imagej_description
from tiffschema.testing.forging.forged import Forged, ForgedSeries, Sparse
from tiffschema.types import ByteOrder
from tiffschema.writer.tiffwriter import TiffWriter

__all__ = ['generic', 'imagej', 'shaped', 'uniform']

Array = NDArray[Any]


def _pixels(shape: tuple[int, ...], dtype: str = 'u2') -> Array:
    count = np.arange(1, math.prod(shape) + 1) % 60013
    return count.astype(dtype).reshape(shape)


def shaped(
    *,
    byteorder: ByteOrder = '<',
    bigtiff: bool = False,
    images: int = 2,
    truncated: bool = False,
    levels: int = 1,
) -> Forged:
    """Return a file of this library's own kind.

    Parameters:
        byteorder, bigtiff: Of the file.
        images: Number of series.
        truncated: Only the first page of each series has a directory.
        levels: Of each series, in SubIFDs.
    """
    stream = io.BytesIO()
    series = []
    tags: dict[str, Any] = {'photometric': 'minisblack', 'software': False}
    with TiffWriter(stream, byteorder=byteorder, bigtiff=bigtiff, shaped=True) as writer:
        for number in range(images):
            data = _pixels((2, 3, 16 + number, 20)) + number
            writer.write(
                data, metadata={'axes': 'TZYX'}, subifds=levels - 1,
                truncate=truncated, **tags,
            )  # fmt: skip
            reduced = [data]
            for level in range(1, levels):
                reduced.append(np.ascontiguousarray(data[..., :: 1 << level, :: 1 << level]))
                writer.write(reduced[-1], subfiletype=1, **tags)
            series.append(ForgedSeries('', 'TZYX', tuple(reduced)))
    return Forged('shaped', {'forged.tif': stream.getvalue()}, tuple(series))


def imagej(
    *,
    byteorder: ByteOrder = '>',
    frames: int = 2,
    slices: int = 3,
    channels: int = 2,
    rgb: bool = False,
    large: bool = False,
) -> Forged:
    """Return a hyperstack of ImageJ.

    Parameters:
        byteorder: Of the file; ImageJ writes big-endian ones.
        frames, slices, channels: Lengths of T, Z and C.
        rgb: Pages of three samples.
        large: A sparse file of 2,200 slices, more than 4 GiB, in one directory.
    """
    if large:
        return _large_imagej(byteorder)
    stream = io.BytesIO()
    lead = (frames, slices, channels)
    data = _pixels((*lead, 9, 10, 3), 'u1') if rgb else _pixels((*lead, 9, 10))
    axes = 'TZCYXS' if rgb else 'TZCYX'
    with TiffWriter(stream, byteorder=byteorder, imagej=True) as writer:
        writer.write(
            data, photometric='rgb' if rgb else 'minisblack', software=False,
            metadata={'axes': axes, 'spacing': 1.5, 'unit': 'um', 'Info': 'forged'},
        )  # fmt: skip
    kept = ''.join(a for a, size in zip(axes, data.shape, strict=True) if size > 1)
    series = (ForgedSeries('', kept, (data.squeeze(),)),)
    metadata = {'images': math.prod(lead), 'spacing': 1.5, 'unit': 'um', 'Info': 'forged'}
    return Forged('imagej', {'forged.tif': stream.getvalue()}, series, metadata)


def _large_imagej(byteorder: ByteOrder) -> Forged:
    """Return a stack in which each plane has one pixel that tells its number."""
    planes, side = 2200, 1024
    stream = io.BytesIO()
    with TiffWriter(stream, byteorder=byteorder) as writer:
        offset, size = writer.write(
            np.zeros((side, side), 'u2'), photometric='minisblack', software=False, metadata=None,
            description=imagej_description((planes, side, side), axes='ZYX'), returnoffset=True,
        ) or (0, 0)  # fmt: skip
    data = np.zeros((planes, side, side), 'u2')
    data[:, 1, 2] = np.arange(1, planes + 1)
    at = (side + 2) * data.itemsize
    number = data.dtype.newbyteorder(byteorder)
    parts = {0: stream.getvalue()[:offset]}
    for plane in range(planes):
        parts[offset + plane * size + at] = data[plane, 1, 2:3].astype(number).tobytes()
    file = Sparse(offset + planes * size, parts)
    return Forged('imagej', {}, (ForgedSeries('', 'ZYX', (data,)),), {}, {'forged.tif': file})


def uniform(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 9) -> Forged:
    """Return a file of equal pages without any description.

    Parameters:
        byteorder, bigtiff: Of the file.
        planes: Number of pages, 9 or more.
    """
    data = _pixels((planes, 9, 10))
    file = _pages(list(data), byteorder, bigtiff)
    return Forged('uniform', {'forged.tif': file}, (ForgedSeries('', 'IYX', (data,)),))


def generic(*, byteorder: ByteOrder = '<', bigtiff: bool = False) -> Forged:
    """Return a file of pages of two shapes, in turn.

    Parameters:
        byteorder, bigtiff: Of the file.
    """
    first, second = _pixels((3, 9, 10)), _pixels((3, 7, 8), 'u1')
    pages = [page for pair in zip(first, second, strict=True) for page in pair]
    series = (ForgedSeries('', 'IYX', (first,)), ForgedSeries('', 'IYX', (second,)))
    return Forged('generic', {'forged.tif': _pages(pages, byteorder, bigtiff)}, series)


def _pages(pages: list[Array], byteorder: ByteOrder, bigtiff: bool) -> bytes:
    stream = io.BytesIO()
    with TiffWriter(stream, byteorder=byteorder, bigtiff=bigtiff) as writer:
        for page in pages:
            writer.write(page, photometric='minisblack', software=False, metadata=None)
    return stream.getvalue()
