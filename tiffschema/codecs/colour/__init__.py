"""Colour: decoded samples of every photometric interpretation to RGB (TIFF 6.0, EXIF, ICC, DNG).

This package knows values of tags, given by name; it knows neither files nor directories.
"""

from __future__ import annotations

from .convert import Alpha, colour_samples, delivered_photometric, to_rgb
from .orientation import apply_orientation
from .parameters import numbers
from .profiles import apply_profile
from .ycbcr import ycbcr_to_rgb

__all__ = [
    'Alpha',
    'apply_orientation',
    'apply_profile',
    'colour_samples',
    'delivered_photometric',
    'numbers',
    'to_rgb',
    'ycbcr_to_rgb',
]
