"""Forged files of Olympus SIS: calibration in a block, axes and positions in an INI text."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import numpy as np

from tiffschema.model.sections import schemas
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.testing.forging.stacks import written
from tiffschema.types import ByteOrder
from tiffschema.writer.edit import TagEditor

__all__ = ['sis']

_BANDS = ('DAPI', 'FITC', 'TRITC')


def sis(
    *,
    byteorder: ByteOrder = '<',
    bigtiff: bool = False,
    channels: int = 2,
    slices: int = 3,
    times: int = 1,
    ini: bool = True,
    block: bool = True,
    second: bool = False,
) -> Forged:
    """Return a stack of cellSens.

    Parameters:
        byteorder: Of the file; the block is little-endian in both.
        bigtiff: Offsets of 64 bits.
        channels: Number of bands, 3 at most.
        slices: Length of Z.
        times: Length of T.
        ini: Write the INI text, which has the axes; else they are not known.
        block: Write the block, which has the calibration.
        second: Write the block that the tag of the GPS directory leads to instead, which has the
            calibration only.
    """
    block = block and not second
    sizes = {'Time': times, 'Band': channels, 'Z': slices}
    count = times * channels * slices
    data = np.arange(count * 30, dtype=np.uint16).reshape(times, channels, slices, 5, 6)
    tags: list[Any] = []
    metadata: dict[str, Any] = {}
    if ini:
        shape = tuple(size for size in sizes.values() if size > 1)
        bands: list[tuple[str, str]] = []
        for number, name in enumerate(_BANDS[:channels], 1):
            bands += [(f'BandName{number}', name), (f'LUT{number}', str(255 << 8 * (number - 1)))]
        sections = {
            'Dimension': {axis: str(size) for axis, size in sizes.items()},
            'Band': bands,
            'Z': {f'ZPos{z + 1}': str(1.5 * z) for z in range(slices)},
            'Time': {f'TimePos{t + 1}': str(100 * t) for t in range(times)},
            'Info': {'StartPosZ': '0', 'StepZ': '1.5', 'UnitZ': 'um', 'Lenses': '10,20,x'},
            'ASD': [('Count', '2'), ('Name1', 'first'), ('Name2', 'second')],
        }
        tags.append(('OlympusINI', sections))
        metadata = {
            'Dimension': sizes,
            'shape': shape,
            'ASD': [{'Name': 'first'}, {'Name': 'second'}],
        }
    if block:
        general = {
            'exponent': -6, 'calibration_x': 0.25, 'calibration_y': 0.5, 'magnification': 40.0,
            'cameraname': 'XC50', 'picturetype': 'Intensity', 'rest': b'',
        }  # fmt: skip
        values = {
            'datetime': datetime(2018, 11, 15, 19, 42),
            'name': 'forged',
            'blocks': [{'kind': 1, 'block': general}],
        }
        tags.append(('OlympusSIS', values))
        metadata |= {'name': 'forged', 'datetime': values['datetime'], 'cameraname': 'XC50'}
        metadata |= {'pixelsizex': 2.5e-07, 'pixelsizey': 5e-07, 'magnification': 40.0}
    pages = data.reshape(count, 5, 6)
    if second:
        tags.append(('Make', 2, 0, 'Olympus SIS', True))
        metadata |= {'pixelsizex': 2.5e-07, 'pixelsizey': 5e-07}
    file = written(pages, byteorder, extratags=tags, bigtiff=bigtiff, software=False)
    if second:
        file = _with_second(file, byteorder, (2.5e-4, 5e-4))
    axes, image = ('TCZYX', data) if ini else ('IYX', pages)
    kept = ''.join(a for a, n in zip(axes, image.shape, strict=True) if n > 1)
    mpp = (0.25, 0.5) if block or second else None
    series = ForgedSeries('forged' if block else '', kept, (image,), mpp)
    return Forged('sis', {'forged.tif': file}, (series,), metadata)


def _with_second(file: bytes, byteorder: ByteOrder, size: tuple[float, float]) -> bytes:
    """Return a file with a block of calibration in mm, which tag 34853 leads to, at its end."""
    stream = io.BytesIO(file)
    with TagEditor(stream) as editor:
        editor.set('GPSTag', 0, dtype=4)
    at = len(stream.getvalue()) + len(stream.getvalue()) % 2
    with TagEditor(stream) as editor:
        editor.set('GPSTag', at, dtype=4)
    calibration = dict(zip('xy', size, strict=True))
    block = schemas['vendor/olympus_sis'].struct('sis_second').build(
        {'before': b'I', 'calibration': calibration}, byteorder=byteorder
    )  # fmt: skip
    return stream.getvalue().ljust(at, b'\0') + block.at(at)
