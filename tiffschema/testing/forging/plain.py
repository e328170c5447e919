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
    # A described image is a level only if its depth is less, too.
    axes = 'TZYX' if levels == 1 else 'TCYX'
    tags: dict[str, Any] = {
        'photometric': 'minisblack', 'software': False, 'metadata': {'axes': axes},
    }  # fmt: skip
    with TiffWriter(stream, byteorder=byteorder, bigtiff=bigtiff, shaped=True) as writer:
        for number in range(images):
            data = _pixels((2, 3, 16 + number, 20)) + number
            writer.write(data, subifds=levels - 1, truncate=truncated, **tags)
            reduced = [data]
            for level in range(1, levels):
                reduced.append(np.ascontiguousarray(data[..., :: 1 << level, :: 1 << level]))
                writer.write(reduced[-1], subfiletype=1, **tags)
            series.append(ForgedSeries('', axes, tuple(reduced)))
    return Forged('shaped', {'forged.tif': stream.getvalue()}, tuple(series))


def imagej(
    *,
    byteorder: ByteOrder = '>',
    frames: int = 2,
    slices: int = 3,
    channels: int = 2,
    dtype: str = 'u2',
    order: str = 'czt',
    rgb: bool = False,
    large: bool = False,
) -> Forged:
    """Return a hyperstack of ImageJ.

    Parameters:
        byteorder: Of the file; ImageJ writes big-endian ones.
        frames, slices, channels: Lengths of T, Z and C.
        dtype: Of the pixels: ``'u1'``, ``'u2'`` or ``'f4'``.
        order: Of planes, the fastest axis first, as other programs write it.
        rgb: Pages of three samples of 8 bits.
        large: A sparse file of 70 slices of 64 MiB, more than 4 GiB, in one directory.
    """
    if large:
        return _large_imagej(byteorder)
    stream = io.BytesIO()
    lead = (frames, slices, channels)
    data = _pixels((*lead, 9, 10, 3), 'u1') if rgb else _pixels((*lead, 9, 10), dtype)
    axes = 'TZCYXS' if rgb else 'TZCYX'
    known: dict[str, Any] = {'spacing': 1.5, 'unit': 'um', 'Info': 'forged'}
    if order != 'czt':
        known['order'] = order
    with TiffWriter(stream, byteorder=byteorder, imagej=True) as writer:
        writer.write(
            data, photometric='rgb' if rgb else 'minisblack', software=False,
            metadata={'axes': axes, **known},
        )  # fmt: skip
    if order != 'czt':
        # Planes stay as they are written; the order only says what they are.
        sizes = dict(zip('tzc', lead, strict=True))
        axes = order[::-1].upper() + axes[3:]
        data = data.reshape(*(sizes[letter] for letter in order[::-1]), *data.shape[3:])
    kept = ''.join(a for a, size in zip(axes, data.shape, strict=True) if size > 1)
    series = (ForgedSeries('', kept, (data.squeeze(),)),)
    known['images'] = math.prod(lead)
    return Forged('imagej', {'forged.tif': stream.getvalue()}, series, known)


def _large_imagej(byteorder: ByteOrder) -> Forged:
    """Return a stack in which each plane has one pixel that tells its number."""
    # Few large planes: memory comes in pieces of up to 2 MiB, and each plane needs one.
    planes, length, width = 70, 4096, 8192
    stream = io.BytesIO()
    with TiffWriter(stream, byteorder=byteorder) as writer:
        offset, size = writer.write(
            np.zeros((length, width), 'u2'), photometric='minisblack', software=False,
            metadata=None, returnoffset=True,
            description=imagej_description((planes, length, width), axes='ZYX'),
        ) or (0, 0)  # fmt: skip
    data = np.zeros((planes, length, width), 'u2')
    data[:, 1, 2] = np.arange(1, planes + 1)
    at = (width + 2) * data.itemsize
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
