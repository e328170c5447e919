"""CIE L*a*b* in its three TIFF encodings, XYZ, and sRGB.

This module knows encodings and colorimetry. White of the result is that of the encoding: D50 for
ICCLab and ITULab, tag 318 or D50 for CIELab, adapted to the D65 of sRGB after Bradford.

Sources: TIFF 6.0 section 23; ICC.1:2022 (Lab of version 2 with 16 bits); RFC 2301 (ITULab);
IEC 61966-2-1 (sRGB).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .scaling import Array

__all__ = [
    'CIELAB',
    'D50',
    'ICCLAB',
    'ITULAB',
    'lab_to_rgb',
    'lab_values',
    'srgb_encoded',
    'xyz_to_srgb',
]

CIELAB, ICCLAB, ITULAB = 8, 9, 10

D50 = (0.3457, 0.3585)

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D65_XYZ = np.array([0.95047, 1.0, 1.08883])
_XYZ_SRGB = np.array(
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
)
# The range of ITULab without tag 433 (Decode): L*, a*, b* of the least and the largest code.
_ITU = (0.0, 100.0, -21760 / 255, 21590 / 255, -19200 / 255, 31800 / 255)


def lab_values(
    array: Array, photometric: int, bits: int, decode: Sequence[float] | None = None
) -> Array:
    """Return L*, a*, b* as float32 of stored samples of shape (..., 1) or (..., 3).

    Parameters:
        array: Unsigned integers, whatever sign their tag claims; or floats, which hold values.
        photometric: 8 CIELab, 9 ICCLab, 10 ITULab.
        bits: Per sample.
        decode: Tag 433, for ITULab: least and largest L*, a*, b*.
    """
    if array.dtype.kind == 'f':
        return _padded(array.astype('f4'))
    code = array.astype('f8')
    top = float((1 << bits) - 1)
    half = float(1 << (bits - 1))
    unit = 256.0 if bits == 16 else 1.0 if bits == 8 else (1 << bits) / 256
    if photometric == ITULAB:
        ranges = np.asarray(decode if decode is not None and len(decode) == 6 else _ITU, 'f8')
        low, high = ranges[::2], ranges[1::2]
        count = code.shape[-1]
        return _padded((low[:count] + code * (high - low)[:count] / top).astype('f4'))
    lab = np.empty_like(code)
    if photometric == ICCLAB:
        # 16 bits after version 2 of the ICC: 0xFF00 is 100.
        lab[..., 0] = code[..., 0] * (100 / (65280 if bits == 16 else top))
        lab[..., 1:] = code[..., 1:] / unit - 128
    else:
        lab[..., 0] = code[..., 0] * (100 / top)
        lab[..., 1:] = np.where(code[..., 1:] >= half, code[..., 1:] - 2 * half, code[..., 1:])
        lab[..., 1:] /= unit
    return _padded(lab.astype('f4'))


def _padded(lab: Array) -> Array:
    """Return three values: those that hold lightness only are neutral."""
    if lab.shape[-1] >= 3:
        return lab[..., :3]
    result = np.zeros((*lab.shape[:-1], 3), lab.dtype)
    result[..., 0] = lab[..., 0]
    return result


def lab_to_rgb(lab: Array, white: Sequence[float] = D50) -> Array:
    """Return sRGB 0..1 (unclipped) of L*, a*, b* whose white has the chromaticity `white`."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * _white(white)
    return srgb_encoded(xyz_to_srgb(xyz, white))


def _white(chromaticity: Sequence[float]) -> Array:
    x, y = chromaticity
    if not (0 < x < 1 and 0 < y < 1):
        x, y = D50
    return np.array([x / y, 1.0, (1 - x - y) / y])


def xyz_to_srgb(xyz: Array, white: Sequence[float] = D50) -> Array:
    """Return linear sRGB of X, Y, Z along the last axis, adapted from `white` after Bradford."""
    source, target = _BRADFORD @ _white(white), _BRADFORD @ _D65_XYZ
    adapt = np.linalg.inv(_BRADFORD) @ np.diag(target / source) @ _BRADFORD
    linear: Array = xyz @ (_XYZ_SRGB @ adapt).T.astype(xyz.dtype)
    return linear


def srgb_encoded(linear: Array) -> Array:
    """Return the sRGB encoding of linear light (IEC 61966-2-1), below zero mirrored."""
    magnitude = np.abs(linear)
    curve = 1.055 * magnitude ** (1 / 2.4) - 0.055
    return np.copysign(np.where(magnitude <= 0.0031308, 12.92 * magnitude, curve), linear)
