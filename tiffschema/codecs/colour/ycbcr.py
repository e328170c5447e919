"""YCbCr to RGB (TIFF 6.0 section 21), with any coefficients and reference black and white.

This module knows samples at full size: subsampled chroma was repeated or interpolated before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .scaling import Array, from_unit, shown_dtype

__all__ = ['BT601', 'ycbcr_to_rgb']

BT601 = (0.299, 0.587, 0.114)

# Of numbers in tag 532 that can be meant.
_LARGEST = 1e9


def ycbcr_to_rgb(
    array: Array,
    *,
    coefficients: Sequence[float] = BT601,
    reference: Sequence[float] | None = None,
    bits: int = 8,
) -> Array:
    """Return RGB of Y, Cb, Cr along the last axis, in the type shown for `bits`.

    Parameters:
        array: Integers of shape (..., 3), or floats with luma 0..1 and chroma 0..1 around 0.5.
        coefficients: LumaRed, LumaGreen, LumaBlue (tag 529).
        reference: Black and white of Y, Cb, Cr (tag 532); by default the full range of `bits`,
            with chroma centred, as JPEG has it.
        bits: Per sample.

    Samples of 8 bits are computed with the fixed-point steps of libtiff, so that results are
    equal; other depths in floating point. Degenerate coefficients and references are replaced by
    the defaults: they would divide by zero.
    """
    top = (1 << bits) - 1 if array.dtype.kind != 'f' else 1
    half = (top + 1) / 2 if array.dtype.kind != 'f' else 0.5
    if reference is None:
        reference = (0, top, half, top, half, top)
    if len(coefficients) != 3 or not coefficients[1] or not np.isfinite(coefficients).all():
        coefficients = BT601
    if np.abs(np.asarray(reference, 'f8')).max() > _LARGEST:
        reference = (0, top, half, top, half, top)
    if bits == 8 and array.dtype == np.uint8:
        return _fixed(array, coefficients, reference)
    red, green, blue = coefficients
    unit = [
        (array[..., at].astype('f8') - reference[2 * at])
        * scale
        / ((reference[2 * at + 1] - reference[2 * at]) or 1)
        for at, scale in ((0, 1.0), (1, 127 / 255), (2, 127 / 255))
    ]
    y, cb, cr = unit
    r = y + cr * (2 - 2 * red)
    b = y + cb * (2 - 2 * blue)
    g = (y - blue * b - red * r) / green
    return from_unit(np.stack([r, g, b], -1), shown_dtype(array.dtype, bits))


def _fixed(array: Array, coefficients: Sequence[float], reference: Sequence[float]) -> Array:
    """Convert samples of 8 bits by tables of sums with 16 fractional bits."""
    red, green, blue = coefficients
    code = np.arange(256)

    def level(black: float, white: float, origin: int, reach: int) -> Array:
        """Return for each code its distance from black, as a whole number towards zero."""
        span = (white - black) or 1.0
        low = (code - origin) - int(black - origin)
        scaled = np.trunc(low * np.float32(reach) / np.float32(span))
        # Absurd references shall not overflow.
        return np.clip(scaled, -reach * 32, reach * 32).astype('i8')

    def fixed(value: float) -> int:
        return int(value * 65536 + 0.5)

    one = min(max(2 - 2 * red, 0), 2)
    two = min(max(red * (2 - 2 * red) / green, 0), 2)
    three = min(max(2 - 2 * blue, 0), 2)
    four = min(max(blue * (2 - 2 * blue) / green, 0), 2)
    luma = level(reference[0], reference[1], 0, 255)
    cb = level(reference[2], reference[3], 128, 127)
    cr = level(reference[4], reference[5], 128, 127)
    y = luma[array[..., 0]].astype('i4')
    result = np.empty(array.shape, 'u1')
    half = 1 << 15
    cr_red = (fixed(one) * cr + half) >> 16
    cb_blue = (fixed(three) * cb + half) >> 16
    cr_green = -fixed(two) * cr
    cb_green = -fixed(four) * cb + half
    result[..., 0] = np.clip(y + cr_red[array[..., 2]], 0, 255)
    result[..., 2] = np.clip(y + cb_blue[array[..., 1]], 0, 255)
    green_part = (cb_green[array[..., 1]] + cr_green[array[..., 2]]) >> 16
    result[..., 1] = np.clip(y + green_part, 0, 255)
    return result
