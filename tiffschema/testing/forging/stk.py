"""Forged MetaMorph stacks."""

from __future__ import annotations

import io

import numpy as np

from tiffschema.model.sections import schemas
from tiffschema.runtime.file import TiffFile
from tiffschema.testing.forging.forged import Forged
from tiffschema.testing.forging.stacks import made, written
from tiffschema.types import ByteOrder

__all__ = ['stk']


def stk(*, byteorder: ByteOrder = '<', planes: int = 4, axis: str = 'Z') -> Forged:
    """Return a stack of planes, of which only the first has a directory.

    Parameters:
        byteorder: Little-endian, as all stacks are.
        planes: Number of planes.
        axis: What planes differ in: Z in their distance, T in their time, I in nothing.

    Raises:
        ValueError: Another byte order.
    """
    if byteorder != '<':
        raise ValueError('stacks are little-endian')
    data = np.arange(planes * 30, dtype=np.uint16).reshape(planes, 5, 6)
    rows = [
        {
            'z_distance': 1.5 if axis == 'Z' else 0.0,
            'created': [2451576, 1000 * plane if axis == 'T' else 0],
            'modified': [0, 0],
        }
        for plane in range(planes)
    ]
    items = [{'id': 0, 'word': 1}, {'id': 4, 'block': 0.25}, {'id': 5, 'block': 0.25}]
    items += [{'id': 6, 'block': {'text': 'um'}}, {'id': 3, 'word': 1}]
    items += [{'id': 7, 'block': {'text': 'forged'}}, {'id': 42, 'block': 0.5}]
    items += [{'id': 46, 'block': [2, 2]}]
    heights = [1.5 * plane for plane in range(planes)]
    labels = [f'Stage {plane}' for plane in range(planes)]
    values = [
        {'id': 28, 'value': np.asarray([[plane, 2.5] for plane in range(planes)])},
        {'id': 37, 'value': [{'text': label} for label in labels]},
        {'id': 40, 'value': np.asarray(heights)},
        {'id': 41, 'value': np.ones(planes, np.uint32)},
    ]
    uic4 = schemas['vendor/metamorph_stk'].struct('uic4')
    tags = [
        ('UIC1tag', {'items': items}),
        ('UIC2tag', {'planes': rows}),
        ('UIC3tag', {'wavelengths': [500.0] * planes}),
        ('UIC4tag', uic4.build({'items': values}, args={'planes': planes})),
    ]
    # All planes follow the only directory, as in shaped series that are truncated.
    head = written(data[0], byteorder, extratags=tags, software=False)
    file = _appended(head, data)
    metadata = {'Name': 'forged', 'StageLabel': labels, 'NumberPlanes': planes}
    return made('stk', file, data, f'{axis}YX', metadata, 'forged')


def _appended(head: bytes, data: np.ndarray) -> bytes:
    """Return a file with all planes behind its end, the first one again."""
    offset = len(head) + len(head) % 2
    file = io.BytesIO(head.ljust(offset, b'\0') + data.astype('<u2').tobytes())
    with TiffFile(file, mode='r+') as tif:
        tif.pages[0].tags[273].overwrite(offset)
    return file.getvalue()
