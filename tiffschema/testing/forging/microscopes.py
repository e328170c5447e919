"""Forged files of electron and fluorescence microscopes whose metadata are one text."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from tiffschema.formats.flimage import dump_flimage
from tiffschema.formats.metaseries import dump_metaseries
from tiffschema.runtime.file import TiffFile
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.testing.forging.stacks import written
from tiffschema.types import ByteOrder

__all__ = ['fei', 'fibics', 'flimage', 'metaseries', 'sem', 'vista', 'volumetric']

_MPP = (0.005, 0.004)


def _ramp(*shape: int, dtype: str = 'u1') -> NDArray[Any]:
    return (np.arange(np.prod(shape)) % 251).astype(dtype).reshape(shape)


def _forged(
    kind: str,
    stored: NDArray[Any],
    metadata: dict[str, Any],
    byteorder: ByteOrder,
    bigtiff: bool,
    *,
    image: NDArray[Any] | None = None,
    axes: str = 'IYX',
    mpp: tuple[float, float] | None = None,
    **options: Any,
) -> Forged:
    """Return a forged file of one series; `image` is what is read, if not what is stored."""
    options.setdefault('software', False)
    file = written(stored, byteorder, bigtiff=bigtiff, **options)
    image = stored if image is None else image
    kept = ''.join(a for a, n in zip(axes, image.shape, strict=True) if n > 1)
    series = ForgedSeries('', kept, (image,), mpp)
    return Forged(kind, {'forged.tif': file}, (series,), metadata)


def fei(
    *, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 2, tag: str = 'FEI_HELIOS'
) -> Forged:
    """Return an image of a microscope of FEI.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages; real files have one.
        tag: ``'FEI_HELIOS'`` or ``'FEI_SFEG'``.
    """
    values: dict[str, Any] = {
        'User': {'Date': '01/02/2020', 'Time': '03:04:05 PM'},
        'System': {'SystemType': 'Helios'},
        'Beam': {'HV': 5000, 'Spot': 3.5},
        'Scan': {'PixelWidth': 5e-09, 'PixelHeight': 4e-09, 'Dwelltime': 1e-06},
        'Stage': {'StageX': -0.001, 'StageT': 0.5},
    }
    return _forged(
        'fei', _ramp(planes, 9, 11), values, byteorder, bigtiff, mpp=_MPP,
        extratags=[(tag, values)],
    )  # fmt: skip


def sem(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 2) -> Forged:
    """Return an image of an electron microscope of Zeiss.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages; real files have one.
    """
    values = {
        '': (0, 0, 0, 5e-09),
        'ap_image_pixel_size': ('Image Pixel Size', 5.0, 'nm'),
        'ap_wd': ('WD', 5.2, 'mm'),
        'ap_mag': ('Mag', '10.00 K X'),
        'dp_out': ('Outlet', False),
        'dp_detector_type': ('Detector', 'InLens'),
        'sv_serial_number': ('Serial No.', 12),
    }
    return _forged(
        'sem', _ramp(planes, 9, 11), values, byteorder, bigtiff, mpp=(0.005, 0.005),
        extratags=[('CZ_SEM', values)],
    )  # fmt: skip


def metaseries(*, byteorder: ByteOrder = '<', bigtiff: bool = False) -> Forged:
    """Return a plane of MetaXpress.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
    """
    values: dict[str, Any] = {
        'ApplicationName': 'MetaXpress',
        'Description': 'Exposure: 100 ms\nBinning: 1 x 1\n',
        'PlaneInfo': {
            'plane-type': 'plane', 'pixel-size-x': 11, 'pixel-size-y': 9, 'gamma': 1.0,
            'spatial-calibration-state': True, 'spatial-calibration-x': 0.005,
            'spatial-calibration-y': 0.004, 'spatial-calibration-units': 'um',
            'plane-guid': UUID(int=7), 'acquisition-time-local': datetime(2020, 1, 2, 3, 4, 5, 6),
            'image-name': 'a < b',
        },
        'SetInfo': {'number-of-planes': 1},
    }  # fmt: skip
    return _forged(
        'metaseries', _ramp(9, 11, dtype='u2'), values, byteorder, bigtiff, axes='YX', mpp=_MPP,
        description=dump_metaseries(values), software='MetaSeries', compression='zlib',
    )  # fmt: skip


def fibics(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 2) -> Forged:
    """Return an image of a microscope driven by Fibics.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages; real files have one.
    """
    values = {'Fibics': {'Application': {'Version': 'forged'}, 'Scan': {'Dwell': 300}}}
    return _forged(
        'fibics',
        _ramp(planes, 9, 11),
        values,
        byteorder,
        bigtiff,
        extratags=[('FibicsXML', values)],
    )


def vista(*, byteorder: ByteOrder = '<', bigtiff: bool = False, planes: int = 4) -> Forged:
    """Return frames of ISS Vista, whose ImageDepth counts pages and is wrong.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        planes: Number of pages.
    """
    image = _ramp(planes, 9, 11, dtype='u2')
    made = _forged(
        'vista', image[:, None], {}, byteorder, bigtiff, software='ISS Vista', image=image,
        volumetric=True,
    )  # fmt: skip
    file = io.BytesIO(made.data)
    with TiffFile(file, mode='r+') as tif:
        for page in tif.pages:
            page.tags[32997].overwrite(planes)
    return Forged(made.kind, {'forged.tif': file.getvalue()}, made.series, made.metadata)


def volumetric(
    *,
    byteorder: ByteOrder = '<',
    bigtiff: bool = False,
    tiled: bool = True,
    samples: int = 1,
    planar: bool = False,
    planes: int = 1,
) -> Forged:
    """Return volumes of SGI, each in one directory.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        tiled: In tiles of depth 2, which do not fit the volume; else in strips.
        samples: Samples a pixel, 1 or 3.
        planar: Samples are stored one after the other.
        planes: Number of volumes.
    """
    shape: tuple[int, ...] = (5, 20, 34)
    axes = 'ZYX'
    if samples > 1:
        shape, axes = ((samples, *shape), f'S{axes}') if planar else ((*shape, samples), f'{axes}S')
    if planes > 1:
        shape, axes = (planes, *shape), f'I{axes}'
    options: dict[str, Any] = {'tile': (2, 16, 16), 'compression': 'zlib'} if tiled else {}
    options['photometric'] = 'rgb' if samples > 1 else 'minisblack'
    if samples > 1:
        options['planarconfig'] = 'separate' if planar else 'contig'
    return _forged(
        'volumetric', _ramp(*shape), {}, byteorder, bigtiff, axes=axes, volumetric=True, **options
    )


def flimage(
    *,
    byteorder: ByteOrder = '<',
    bigtiff: bool = False,
    order: str = 'Linear',
    channels: int = 2,
    slices: int = 1,
    planes: int = 3,
    named: bool = True,
) -> Forged:
    """Return lifetime images of FLIMage.

    Parameters:
        byteorder: Of the file.
        bigtiff: Offsets of 64 bits.
        order: ``'Time_ChYX'``, ``'ChYX_Time'``, ``'ChTime_YX'``, ``'Linear'``, ``'ZLinear'`` or
            ``'None'``, which is plain intensity.
        channels: Number of channels.
        slices: Slices of a fast stack, in order ``'ZLinear'``.
        planes: Number of pages.
        named: The order is named; else the sizes of pages tell it.
    """
    length, width, bins = 6, 7, 4
    flim = order != 'None'
    settings: dict[str, Any] = {
        'State.Acq.pixelsPerLine': width, 'State.Acq.linesPerFrame': length,
        'State.Acq.nChannels': channels, 'State.Acq.acquisition': [True] * channels,
        'State.Acq.acqFLIMA': [flim] * channels, 'State.Spc.spcData.n_dataPoint': bins,
        'State.Spc.spcData.resolution': [250], 'State.Acq.field_of_view': [14.0, 6.0],
        'State.Acq.imageInterval': 2.5, 'State.Acq.fastZScan': slices > 1,
        'State.Acq.FastZ_nSlices': slices, 'Acquired_Time': '2020-01-02T03:04:05',
    }  # fmt: skip
    if named:
        settings['Format'] = order
    image = _ramp(planes, slices, channels, length, width, bins if flim else 1, dtype='u2')
    axes = 'IZCYXH'
    if order == 'None':
        image = image[:, 0, 0, ..., 0]
        stored, axes = image, 'IYX'
    elif order == 'ChTime_YX':
        image = image[:, 0].transpose(0, 2, 3, 1, 4)
        stored, axes = image.reshape(planes, length * width, channels * bins), 'IYXCH'
    elif order == 'ChYX_Time':
        image = image[:, 0].transpose(0, 4, 1, 2, 3)
        stored, axes = image.reshape(planes, bins, -1), 'IHCYX'
    elif order == 'Time_ChYX':
        stored = image.reshape(planes, -1, bins)
    else:
        stored = image.reshape(planes, slices, -1)
    return _forged(
        'flimage', np.ascontiguousarray(stored), settings, byteorder, bigtiff, axes=axes,
        image=np.ascontiguousarray(image), mpp=(2.0, 1.0),
        description=dump_flimage(settings), compression='lzw',
    )  # fmt: skip
