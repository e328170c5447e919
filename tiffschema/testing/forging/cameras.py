"""Forged files of cameras and detectors: plain stacks with texts, private tags and blocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model import catalog
from tiffschema.model.sections import schemas
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.testing.forging.stacks import written
from tiffschema.types import ByteOrder

__all__ = [
    'agilent',
    'andor',
    'astrotiff',
    'dectris',
    'epics',
    'nuvu',
    'pilatus',
    'streak',
    'tvips',
]

_LENGTH, _WIDTH = 5, 6
_TABLE_AT = 2048


def _stack(planes: int, dtype: str = 'u2') -> NDArray[Any]:
    data = np.arange(planes * _LENGTH * _WIDTH).astype(dtype)
    return data.reshape(planes, _LENGTH, _WIDTH)


def _forged(
    kind: str,
    data: NDArray[Any],
    metadata: dict[str, Any],
    *,
    byteorder: ByteOrder,
    bigtiff: bool,
    axes: str = 'IYX',
    mpp: tuple[float, float] | None = None,
    **options: Any,
) -> Forged:
    options.setdefault('software', False)
    file = written(data, byteorder, bigtiff=bigtiff, **options)
    kept = ''.join(a for a, n in zip(axes, data.shape, strict=True) if n > 1)
    return Forged(kind, {'forged.tif': file}, (ForgedSeries('', kept, (data,), mpp),), metadata)


def _text(schema: str, name: str, values: dict[str, Any]) -> str:
    text: str = catalog.view(schema).texts[name].build(values)
    return text


def pilatus(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 1) -> Forged:
    """Return an exposure of a Pilatus detector.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages; real files have one.
    """
    values = {
        'Detector': 'PILATUS 100K S/N 1-0230',
        'DateTime': datetime(2011, 7, 22, 9, 33, 22, 529000),
        'Pixel_size': (172e-6, 172e-6),
        'Silicon': 0.00032,
        'Exposure_time': 5.0,
        'Tau': 1.99e-07,
        'Count_cutoff': 1048500,
        'Gain_setting': 'mid gain',
        'N_excluded_pixels': 19,
        'Energy_range': (0.0, 0.0),
        'Beam_xy': (243.12, 309.12),
        'Oscillation_axis': 'X CW',
        'Unknown_key': 'some words',
    }
    text = _text('vendor/pilatus', 'pilatus', {**values, 'Threshold_setting': float('nan')})
    return _forged(
        'pilatus', _stack(planes, 'i4'), values, byteorder=byteorder, bigtiff=bigtiff,
        description=text, software='TVX TIFF v 1.3', mpp=(172.0, 172.0),
    )  # fmt: skip


def astrotiff(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 3) -> Forged:
    """Return exposures with a FITS header.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages.
    """
    values = {
        'SIMPLE': True, 'SIMPLE:COMMENT': 'conforms to FITS',
        'BITPIX': 16, 'BITPIX:COMMENT': '[bits] of a sample', 'BITPIX:UNIT': 'bits',
        'NAXIS1': _WIDTH, 'NAXIS2': _LENGTH, 'BZERO': 32768.0,
        'OBJECT': 'M 31 / Andromeda', 'OBJECT:COMMENT': 'name', 'OBSERVER': None,
        'WEIGHT': (1.5, 2.0), 'CHANNELS': (1, 2), 'GUIDED': False,
        'COMMENT:0': 'forged', 'COMMENT:1': 'twice', 'HISTORY:0': 'none', 'END:0': '',
    }  # fmt: skip
    text = _text('vendor/astrotiff', 'astrotiff', values)
    return _forged(
        'astrotiff', _stack(planes), values, byteorder=byteorder, bigtiff=bigtiff,
        description=text, compression='zlib',
    )  # fmt: skip


def andor(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 3) -> Forged:
    """Return frames of an Andor camera, also with a tag whose name is not known.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages.
    """
    tags = [
        (4864, 2, 0, 'forged', True), (4865, 4, 1, 7, True), (4869, 11, 1, -70.0, True),
        (4876, 11, 1, 0.5, True), (4890, 12, 1, 3.0, True), (4914, 2, 0, 'DU897', True),
        (4999, 4, 2, (7, 8), True), (5030, 4, 1, 9, True),
    ]  # fmt: skip
    values = {
        'Id': 'forged', '4865': 7, 'Temperature': -70.0, 'ExposureTime': 0.5, 'Frames': 3.0,
        'Model': 'DU897', '4999': (7, 8), 'SubImageTop': 9,
    }  # fmt: skip
    return _forged(
        'andor', _stack(planes), values, byteorder=byteorder, bigtiff=bigtiff, extratags=tags
    )


def agilent(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 2) -> Forged:
    """Return a scan of a microarray, a page a colour.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages.
    """
    tags = [
        (285, 2, 0, 'Red', True), (37701, 7, 8, b'\x01\x02\x03\x04\x05\x06\x07\x08', True),
        (37702, 2, 0, 'Scan of a forger', True),
    ]  # fmt: skip
    values = {'String': 'Scan of a forger', 'Binary': bytes(range(1, 9))}
    return _forged(
        'agilent', _stack(planes), values, byteorder=byteorder, bigtiff=bigtiff, extratags=tags
    )


def dectris(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 2) -> Forged:
    """Return images of an EIGER detector, with a directory of their own.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages; real files have one.
    """
    values = {
        'IfdVersion': 1, 'SeriesUniqueId': 'forged', 'SeriesNumber': 7, 'ImageNumber': 3,
        'ImageDateTime': '2024-01-02T03:04:05', 'ThresholdEnergy': 4000.0, 'ExposureTime': 0.5,
        'BeamCenter': (12.5, 13.5), 'DetectorDistance': 0.25,
    }  # fmt: skip
    return _forged(
        'dectris', _stack(planes, 'u4'), values, byteorder=byteorder, bigtiff=bigtiff,
        extratags=[('DectrisIFD', values)],
    )  # fmt: skip


def epics(
    *, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 3, old: bool = False
) -> Forged:
    """Return frames of areaDetector with attributes.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages.
        old: Write time and number as text, and no seconds.
    """
    attributes = {'ColorMode': 0, 'Temperature': 1.5, 'Place': 'a:b'}
    values: dict[str, Any] = {'timeStamp': 1234.5, 'uniqueID': 17}
    tags: list[Any]
    if old:
        tags = [(65000, 2, 0, '1234.5', True), (65001, 2, 0, '17', True)]
    else:
        tags = [(65000, 12, 1, 1234.5, True), (65001, 4, 1, 17, True)]
        tags += [(65002, 4, 1, 10**9, True), (65003, 4, 1, 5, True)]
        values |= {'epicsTSSec': 10**9, 'epicsTSNsec': 5}
    tags += [
        (65010 + number, 2, 0, f'{name}:{value}', True)
        for number, (name, value) in enumerate(attributes.items())
    ]
    return _forged(
        'epics', _stack(planes), {**values, **attributes}, byteorder=byteorder, bigtiff=bigtiff,
        description='EPICS areaDetector', extratags=tags,
    )  # fmt: skip


def nuvu(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 3) -> Forged:
    """Return frames of a Nuvu camera.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages.
    """
    values = {'DetectorTemp': '-60', 'EMGain': '100', 'Mode': "Field '65009' is a trap"}
    tags = []
    for number, (name, value) in enumerate(values.items()):
        code = 65000 + 2 * number
        tags += [(code, 2, 0, f"Field '{code + 1}' is '{name}'", True)]
        tags += [(code + 1, 2, 0, value, True)]
    return _forged(
        'nuvu', _stack(planes), values, byteorder=byteorder, bigtiff=bigtiff, extratags=tags
    )


def streak(*, byteorder: ByteOrder = '<', bigtiff: bool = False, table: bool = True) -> Forged:
    """Return an image of a streak camera: wavelength along X, time along Y.

    Parameters:
        byteorder: Of the file; tables are little-endian in both.
        bigtiff: Offsets of 64 bits.
        table: Wavelengths are a table behind the image, else even steps.
    """
    scaling: dict[str, Any] = {
        'ScalingXType': 2 if table else 1, 'ScalingXScale': 1, 'ScalingXUnit': 'nm',
        'ScalingYType': 1, 'ScalingYScale': 0.5, 'ScalingYUnit': 'ns',
    }  # fmt: skip
    sections: dict[str, Any] = {
        'Application': {'Date': '2017/10/19', 'Software': 'HPD-TA', 'Application': 2},
        'Camera': {'AMD': 'N', 'Binning': (1, 1), 'Serial': None},
        'Scaling': scaling,
    }
    if table:
        scaling['ScalingXScalingFile'] = (_TABLE_AT, _WIDTH)
    made = _forged(
        'streak', _stack(1), sections, byteorder=byteorder, bigtiff=bigtiff,
        description=_text('vendor/hamamatsu_streak', 'streak', sections),
    )  # fmt: skip
    if not table:
        return made
    scaling['ScalingXScaling'] = 400 + np.arange(_WIDTH, dtype='f4') ** 2
    struct = schemas['vendor/hamamatsu_streak'].struct('streak_table')
    tail = bytes(struct.build({'values': scaling['ScalingXScaling']}))
    file = made.data.ljust(_TABLE_AT, b'\0') + tail
    return Forged('streak', {'forged.tif': file}, made.series, sections)


def tvips(
    *, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 3, version: int = 2
) -> Forged:
    """Return images of a camera of TVIPS.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages.
        version: Of the structure, 1 or 2.
    """
    first, second = (schemas['vendor/tvips'].struct(name) for name in ('tvips', 'tvips_second'))
    blank = b'\1\0\0\0' + bytes(240)
    values: dict[str, Any] = first.parse(blank, byteorder='<').asdict()
    known: dict[str, Any] = {'Version': version, 'CommentV1': 'forged', 'HighTension': 200}
    values.update(known)
    del values['second']
    if version == 2:
        blank = bytes(6308 - 244) + b'\xaa' * 4
        more = second.parse(blank, byteorder='<').asdict()
        names = {'ImageName': 'forged.tif', 'CameraType': '\u03bcCam', 'Date': 132122901}
        numbers = {'PixelSizeX': 0.5, 'PixelSizeY': 0.5, 'ExposureTime': 250.0}
        values['second'] = more | names | numbers
        known |= names | numbers
    return _forged(
        'tvips', _stack(planes), known, byteorder=byteorder, bigtiff=bigtiff,
        extratags=[('TVIPS', values)], mpp=(0.0005, 0.0005) if version == 2 else None,
    )  # fmt: skip
