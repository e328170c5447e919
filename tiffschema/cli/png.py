"""Previews as PNG, by the standard library alone.

Knows arrays and the chunks of PNG (ISO/IEC 15948), no files of TIFF.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ['png_bytes', 'preview']

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def preview(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return an image as 8-bit samples, stretched between the darkest and the brightest percent.

    Parameters:
        image: Shape (length, width) or (length, width, samples), real numbers.

    Example:
        >>> preview(np.array([[0, 500], [1000, 1000]], np.uint16)).tolist()
        [[0, 127], [255, 255]]
    """
    if image.dtype == np.uint8:
        return image
    values = np.nan_to_num(image.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = (
        np.percentile(values, (0, 100)) if values.size < 100 else np.percentile(values, (1, 99))
    )
    scaled = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    result: NDArray[np.uint8] = np.clip(scaled, 0, 255).astype(np.uint8)
    return result


def png_bytes(image: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a PNG.

    Parameters:
        image: uint8 of shape (length, width), or (length, width, samples) with 1 to 4 samples.

    Raises:
        ValueError: The image has another shape or type.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(f'{image.dtype} of shape {image.shape} is no image of a PNG')
    if image.ndim == 2:
        image = image[..., None]
    length, width, samples = image.shape
    if samples not in _COLOUR_TYPES or not length or not width:
        raise ValueError(f'shape {image.shape} is no image of a PNG')
    # Each row begins with the number of its filter; 0 leaves the row as it is.
    rows = np.zeros((length, 1 + width * samples), np.uint8)
    rows[:, 1:] = image.reshape(length, -1)
    head = _number(width) + _number(length) + bytes((8, _COLOUR_TYPES[samples], 0, 0, 0))
    return b''.join((
        b'\x89PNG\r\n\x1a\n',
        _chunk(b'IHDR', head),
        _chunk(b'IDAT', zlib.compress(rows.tobytes())),
        _chunk(b'IEND', b''),
    ))  # fmt: skip


def _chunk(kind: bytes, data: bytes) -> bytes:
    return _number(len(data)) + kind + data + _number(zlib.crc32(kind + data))


def _number(value: int) -> bytes:
    return value.to_bytes(4, 'big')
