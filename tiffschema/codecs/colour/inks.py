"""Separated images (TIFF 6.0 section 16): inks to RGB without a profile.

This module knows amounts of ink. What comes out is arithmetic, not printing: each ink takes away
its complement, black takes away all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tiffschema.errors import UnsupportedError

from .scaling import Array, from_unit, rescaled, shown_dtype

__all__ = ['inks_to_rgb']

_PROCESS = ('cyan', 'magenta', 'yellow', 'black')


def inks_to_rgb(
    array: Array,
    *,
    bits: int,
    inkset: int = 1,
    inknames: Sequence[str] = (),
    dotrange: Sequence[float] | Array | None = None,
) -> Array:
    """Return RGB of inks along the last axis.

    Parameters:
        array: Samples of shape (..., n); the first are cyan, magenta, yellow, and black if
            there are four.
        bits: Per sample.
        inkset: Tag 332: 1 CMYK, 2 other inks, which have no known colour unless `inknames` begin
            with those of CMYK.
        inknames: Tag 333.
        dotrange: Tag 336: samples of 0 % and 100 %, one pair or a pair for each ink.

    Raises:
        UnsupportedError: The inks are not those of process printing.
    """
    named = tuple(name.strip().lower() for name in inknames[:4])
    # Three inks without names are printed without black.
    if array.shape[-1] < 3 or (inkset == 2 and named and named != _PROCESS[: len(named)]):
        raise UnsupportedError(
            f'separated image of {array.shape[-1]} inks {list(inknames)}: only CMYK is known,'
            ' other inks need an ICC profile'
        )
    floats = array.dtype.kind == 'f'
    top = 1.0 if floats else float((1 << bits) - 1)
    ranges = np.asarray((0, top) if dotrange is None else dotrange, 'f8').reshape(-1)
    if ranges.size < 2 or ranges.size % 2 or (ranges[::2] == ranges[1::2]).any():
        ranges = np.array([0, top])
    low, high = ranges[::2][:4], ranges[1::2][:4]
    if low.size not in {1, 4}:
        low, high = low[:1], high[:1]
    dtype = shown_dtype(array.dtype, bits)
    if not floats and (low == 0).all() and (high == top).all():
        # Whole numbers, rounded down: what other readers show.
        limit = int(np.iinfo(dtype).max)
        whole: Array = limit - rescaled(array[..., :4], bits).astype('u4')
        if whole.shape[-1] == 4:
            whole = whole[..., :3] * whole[..., 3:] // limit
        return whole.astype(dtype)
    count = min(array.shape[-1], 4)
    if low.size == 4:
        low, high = low[:count], high[:count]
    paper = 1 - np.clip((array[..., :count].astype('f8') - low) / (high - low), 0, 1)
    if count == 4:
        paper = paper[..., :3] * paper[..., 3:]
    return from_unit(paper, dtype)
