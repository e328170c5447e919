"""Forged files whose pages are a plain stack, with a vendor's tags on the first."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.sections import schemas
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.types import ByteOrder
from tiffschema.writer.imwrite import imwrite

__all__ = ['fluoview', 'made', 'mdgel', 'nih', 'written', 'zeros']


def written(data: NDArray[Any], byteorder: ByteOrder, **options: Any) -> bytes:
    """Return a TIFF file of an array, without a description of its own."""
    file = io.BytesIO()
    options.setdefault('photometric', 'minisblack')
    imwrite(file, data, byteorder=byteorder, metadata=None, **options)
    return file.getvalue()


def made(
    kind: str,
    file: bytes,
    data: NDArray[Any],
    axes: str,
    metadata: dict[str, Any],
    name: str = '',
    mpp: tuple[float, float] | None = None,
) -> Forged:
    """Return a forged file of one series."""
    suffix = {'mdgel': 'gel', 'stk': 'stk'}.get(kind, 'tif')
    return Forged(
        kind, {f'forged.{suffix}': file}, (ForgedSeries(name, axes, (data,), mpp),), metadata
    )


def zeros(schema: str, struct: str, size: int, byteorder: ByteOrder) -> dict[str, Any]:
    """Return the fields of a struct of so many bytes, all zero."""
    values: dict[str, Any] = (
        schemas[schema].struct(struct).parse(bytes(size), byteorder=byteorder).asdict()
    )
    return values


def mdgel(*, byteorder: ByteOrder = '<', square: bool = True) -> Forged:
    """Return a GEL file.

    Parameters:
        byteorder: Of the file.
        square: Whether square roots are stored.
    """
    stored = np.arange(30, dtype=np.uint16).reshape(5, 6)
    tags = [
        (33445, 4, 1, 2 if square else 128, True),
        (33446, 5, 1, (1, 3), True),
        (33452, 2, None, 'counts', True),
    ]
    data = stored.astype(np.float32)
    data = (data * data if square else data) * np.float32(1 / 3)
    file = written(stored, byteorder, extratags=tags)
    return made('mdgel', file, data, 'YX', {'FileUnits': 'counts'})


def nih(*, byteorder: ByteOrder = '>', planes: int = 3) -> Forged:
    """Return an NIH Image file.

    Parameters:
        byteorder: Of the file; real ones are big-endian.
        planes: Number of pages.
    """
    values = zeros('vendor/nih_image', 'nih_header', 512, byteorder)
    values.update(
        FileID='IPICIMAG', nLines=5, PixelsPerLine=6, Version=153, nSlices=planes, XScale=4.0,
        UnitsID=1, PixelAspectRatio=2.0,
    )  # fmt: skip
    block = bytes(
        schemas['vendor/nih_image'].struct('nih_header').build(values, byteorder=byteorder)
    )
    data = np.arange(planes * 30, dtype=np.uint8).reshape(planes, 5, 6)
    file = written(data, byteorder, extratags=[(43314, 7, len(block), block, True)])
    return made('nih', file, data, 'IYX', {'nSlices': planes, 'Version': 153}, mpp=(0.25, 0.5))


def fluoview(*, byteorder: ByteOrder = '<', slices: int = 3, times: int = 2) -> Forged:
    """Return a FluoView file with axes T and Z.

    Parameters:
        byteorder: Of the file.
        slices: Length of Z.
        times: Length of T.
    """
    values = zeros('vendor/olympus_fluoview', 'mm_header', 1454, byteorder)
    axes = [
        ('X', 6, 0.5, 'um'),
        ('Y', 5, 0.5, 'um'),
        ('Z', slices, 2.0, 'um'),
        ('T', times, 0.1, 's'),
    ]
    axes += [('', 1, 0.0, '')] * 6
    values['Dimensions'] = [
        {'Name': name, 'Size': size, 'Origin': 0.0, 'Resolution': step, 'Unit': unit}
        for name, size, step, unit in axes
    ]
    values['ImageName'] = 'forged'
    struct = schemas['vendor/olympus_fluoview'].struct('mm_header')
    block = bytes(struct.build(values, byteorder=byteorder))
    data = np.arange(times * slices * 30, dtype=np.uint16).reshape(times, slices, 5, 6)
    tags = [(34361, 7, len(block), block, True), (34362, 12, 8, (0.0,) * 8, True)]
    file = written(data.reshape(-1, 5, 6), byteorder, extratags=tags)
    return made('fluoview', file, data, 'TZYX', {'ImageName': 'forged'}, 'forged')
