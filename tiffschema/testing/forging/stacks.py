"""Forged files whose pages are a plain stack, with a vendor's tags on the first."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model import catalog
from tiffschema.model.sections import schemas
from tiffschema.model.tagtable import tag_tables
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.types import ByteOrder
from tiffschema.writer.imwrite import imwrite
from tiffschema.writer.tiffwriter import TiffWriter

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
    faults: tuple[str, ...] = (),
) -> Forged:
    """Return a forged file of one series."""
    suffix = {'mdgel': 'gel', 'stk': 'stk'}.get(kind, 'tif')
    kept = ''.join(a for a, size in zip(axes, data.shape, strict=True) if size > 1)
    series = (ForgedSeries(name, kept, (data,), mpp),)
    return Forged(kind, {f'forged.{suffix}': file}, series, metadata, faults=faults)


def zeros(schema: str, struct: str, size: int, byteorder: ByteOrder) -> dict[str, Any]:
    """Return the fields of a struct of so many bytes, all zero."""
    values: dict[str, Any] = (
        schemas[schema].struct(struct).parse(bytes(size), byteorder=byteorder).asdict()
    )
    return values


def mdgel(
    *,
    byteorder: ByteOrder = '<',
    encoding: int = 2,
    scaled: bool = True,
    second: bool = False,
    dtype: str = 'u2',
) -> Forged:
    """Return a GEL file.

    Parameters:
        byteorder: Of the file.
        encoding: MDFileTag: 2 for square roots, 128 for linear numbers, others for counts.
        scaled: Whether the tag of the scale is there.
        second: The tags stand on a second page, as in files of two.
        dtype: Of what is stored, ``'u2'`` or ``'u1'``.
    """
    stored = np.arange(30).astype(dtype).reshape(5, 6)
    values: dict[str, Any] = {
        'MDFileTag': encoding, 'MDScalePixel': (1, 3), 'MDLabName': 'forged',
        'MDSampleInfo': 'a sample', 'MDPrepDate': '2001:02:03', 'MDPrepTime': '04:05:06',
        'MDFileUnits': 'counts',
    }  # fmt: skip
    if not scaled:
        del values['MDScalePixel']
    rows = ((tag_tables['tiff'][name], value) for name, value in values.items())
    tags = [(row.code, row.types[0], None, value, True) for row, value in rows]
    data: NDArray[Any] = stored
    if encoding in (2, 128):
        data = stored.astype(np.float32)
        data = (data * data if encoding == 2 else data) * np.float32(1 / 3 if scaled else 1)
    stream = io.BytesIO()
    options: dict[str, Any] = {'photometric': 'minisblack', 'metadata': None, 'software': False}
    with TiffWriter(stream, byteorder=byteorder) as writer:
        writer.write(stored, extratags=[] if second else tags, **options)
        if second:
            writer.write(stored[:3], extratags=tags, **options)
    known = {name.removeprefix('MD'): value for name, value in values.items()}
    faults = () if encoding in (2, 128) else ('is no MDFileTag',)
    return made('mdgel', stream.getvalue(), data, 'YX', known, faults=faults)


_NIH_UNITS = {
    'nm': 1e-3, 'um': 1.0, 'mm': 1e3, 'cm': 1e4, 'm': 1e6, 'km': 1e9, 'inch': 25400.0,
    'foot': 304800.0, 'mile': 1609344000.0, 'pixel': None,
}  # fmt: skip
"""Micrometres of the units that a header has numbers for, in the order of these."""


def nih(
    *,
    byteorder: ByteOrder = '>',
    version: int = 153,
    unit: str = 'um',
    planes: int = 3,
    bigtiff: bool = False,
) -> Forged:
    """Return an NIH Image file.

    Parameters:
        byteorder: Of the file; real ones are big-endian.
        version: Times 100. Since 141 pixels need not be square, since 154 units have other numbers.
        unit: Of length: nm, um, mm, cm, m, km, inch, foot, mile, pixel, or another name; none
            is a file that is not calibrated.
        planes: Number of pages.
        bigtiff: Offsets of 64 bits.
    """
    values = zeros('vendor/nih_image', 'nih_header', 512, byteorder)
    names = list(_NIH_UNITS)
    number = names.index(unit) if unit in names else len(names)
    values.update(
        FileID='IPICIMAG', nLines=5, PixelsPerLine=6, Version=version, nSlices=planes,
        XScale=4.0 if unit else 0.0, UnitsID=number + 5 * (version > 153), PixelAspectRatio=2.0,
        XUnitSize=len(unit), XUnit=unit,
    )  # fmt: skip
    block = bytes(
        schemas['vendor/nih_image'].struct('nih_header').build(values, byteorder=byteorder)
    )
    data = np.arange(planes * 30, dtype=np.uint8).reshape(planes, 5, 6)
    tags = [(43314, 7, len(block), block, True)]
    file = written(data, byteorder, extratags=tags, bigtiff=bigtiff, software=False)
    size = _NIH_UNITS.get(unit)
    mpp = (0.25 * size, (0.5 if version > 140 else 0.25) * size) if size else None
    known = {'nSlices': planes, 'Version': version, 'XUnit': unit}
    return made('nih', file, data, 'IYX', known, mpp=mpp)


def fluoview(
    *,
    byteorder: ByteOrder = '<',
    slices: int = 3,
    times: int = 2,
    dimensions: Mapping[str, int] | None = None,
    described: bool = True,
) -> Forged:
    """Return a FluoView file.

    Parameters:
        byteorder: Of the file.
        slices: Length of Z.
        times: Length of T.
        dimensions: Names and lengths of axes beyond X and Y, the fastest first; Z and T if None.
        described: Write the description in sections.
    """
    if dimensions is None:
        dimensions = {'Z': slices, 'T': times}
    values = zeros('vendor/olympus_fluoview', 'mm_header', 1454, byteorder)
    axes: list[tuple[str, int, float, str]] = [('X', 6, 0.5, 'um'), ('Y', 5, 0.5, 'um')]
    axes += [
        (name, size, *_FLUOVIEW_STEPS.get(_FLUOVIEW_AXES.get(name.upper(), 'Q'), (0.0, '')))
        for name, size in dimensions.items()
    ]
    axes += [('', 1, 0.0, '')] * (10 - len(axes))
    values['Dimensions'] = [
        {'Name': name, 'Size': size, 'Origin': 0.0, 'Resolution': step, 'Unit': unit}
        for name, size, step, unit in axes
    ]
    values['ImageName'] = 'forged'
    struct = schemas['vendor/olympus_fluoview'].struct('mm_header')
    block = bytes(struct.build(values, byteorder=byteorder))
    lead = tuple(dimensions.values())[::-1]
    count = math.prod(lead)
    data = np.arange(count * 30).astype(np.uint16).reshape(*lead, 5, 6)
    tags = [(34361, 7, len(block), block, True), (34362, 12, 8, (0.0,) * 8, True)]
    options: dict[str, Any] = {'software': False}
    known: dict[str, Any] = {'ImageName': 'forged'}
    if described:
        known['Description'] = _SECTIONS
        grammar = catalog.view('vendor/olympus_fluoview').texts['fluoview']
        options['description'] = grammar.build(_SECTIONS)
    file = written(data.reshape(-1, 5, 6), byteorder, extratags=tags, **options)
    letters = ''.join(_FLUOVIEW_AXES.get(name.upper(), 'Q') for name in dimensions)[::-1]
    return made('fluoview', file, data, f'{letters}YX', known, 'forged', mpp=(0.5, 0.5))


_FLUOVIEW_AXES = {
    'Z': 'Z', 'T': 'T', 'TIME': 'T', 'CH': 'C', 'WAVELENGTH': 'C', 'XY': 'R', 'EVENT': 'V',
    'EXPOSURE': 'L',
}  # fmt: skip
"""Axes by the names that headers have for them; all others are Q."""
_FLUOVIEW_STEPS = {'Z': (2.0, 'um'), 'T': (0.1, 's')}
_SECTIONS: dict[str, Any] = {
    'Acquisition Parameters': {
        'Magnification': 40.0, 'Objective Lens': 'UPLAPO 40x', 'Channel 1 Dye': 'DAPI',
    },
    'LUT Ch0': np.arange(768).astype(np.uint8).reshape(256, 3),
    'Region Info (Fields)': 'first line\nsecond line',
    'Version Info': {'FLUOVIEW': 4.3},
}  # fmt: skip
