"""Camera raw: linear values, a plain demosaic, and the way to sRGB (DNG 1.7 chapters 5 and 6).

This module knows the arithmetic of DNG: linearize, subtract black, scale to white, interpolate the
colours of the mosaic, balance, and convert by the camera's matrix. It is made to see what an image
shows, not to develop it: no lens corrections, no profiles, no highlight recovery.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tiffschema.errors import FormatError, UnsupportedError

from .lab import D50, srgb_encoded, xyz_to_srgb
from .parameters import numbers, numeric
from .scaling import Array

__all__ = ['demosaic', 'develop', 'linearized']

_PROPHOTO_WHITE = D50

# Shares of red, green and blue that a filter lets pass, by its number in CFAPattern (TIFF/EP, DNG).
_FILTERS = np.array(
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [1 / 3] * 3]
)
_D50_XYZ = np.array([0.9642, 1.0, 0.8251])


def linearized(array: Array, parameters: Mapping[str, Any], bits: int) -> Array:
    """Return stored raw samples (L, W, S) as float32, black 0 and white 1, not clipped.

    Parameters:
        array: Stored samples.
        parameters: ``linearizationtable``, ``blacklevel``, ``blacklevelrepeatdim``,
            ``blackleveldeltah``, ``blackleveldeltav``, ``whitelevel``, ``activearea``.
        bits: Per sample; the default white is their largest value, 1 for floats.
    """
    table = numeric(parameters.get('linearizationtable'))
    if table is not None and array.dtype.kind in 'ui':
        array = table.astype('f4')[np.minimum(array, table.size - 1)]
    linear = array.astype('f4')
    length, width, samples = linear.shape
    top, left, _, _ = _area(parameters, length, width)
    black = np.zeros((1, 1, samples), 'f4')
    levels = numeric(parameters.get('blacklevel'))
    if levels is not None:
        rows, columns = _repeat(parameters, 'blacklevelrepeatdim', 1)
        cell = numbers(levels, rows * columns * samples)
        if cell is not None:
            black = np.array(cell, 'f4').reshape(rows, columns, samples)
        else:
            black = np.full((1, 1, samples), levels[0], 'f4')
    most = black.max(axis=(0, 1))
    y = (np.arange(length) - top) % black.shape[0]
    x = (np.arange(width) - left) % black.shape[1]
    linear -= black[y][:, x]
    area = _area(parameters, length, width)
    for name, axis, start, stop in (('v', 0, area[0], area[2]), ('h', 1, area[1], area[3])):
        delta = numbers(parameters.get(f'blackleveldelta{name}'), stop - start)
        if delta is not None:
            along = np.array(delta, 'f4')
            part = linear[start:stop] if axis == 0 else linear[:, start:stop]
            part -= along[:, None, None] if axis == 0 else along[None, :, None]
    white = numeric(parameters.get('whitelevel'))
    if white is None:
        white = np.array([1.0 if array.dtype.kind == 'f' and table is None else 2.0**bits - 1])
    if white.size < samples:
        white = np.full(samples, white[0])
    span = (white[:samples] - most).astype('f4')
    return linear / np.where(span > 0, span, 1)


def _area(parameters: Mapping[str, Any], length: int, width: int) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right of the active area, the whole image if that is no part."""
    area = numbers(parameters.get('activearea'), 4)
    if area is not None:
        top, left, bottom, right = map(int, area)
        if 0 <= top < bottom <= length and 0 <= left < right <= width:
            return top, left, bottom, right
    return 0, 0, length, width


def _repeat(parameters: Mapping[str, Any], name: str, default: int) -> tuple[int, int]:
    """Return rows and columns of a repeating cell."""
    dim = numbers(parameters.get(name), 2)
    if dim is None or not all(1 <= item <= 1024 for item in dim):
        return default, default
    return int(dim[0]), int(dim[1])


def _pattern(parameters: Mapping[str, Any]) -> Array | None:
    """Return the colour numbers of the repeating cell, None if none is told.

    Raises:
        FormatError: The pattern's size is not that which is stated.
        UnsupportedError: Red, green and blue do not follow from the colours of the mosaic.
    """
    raw = numeric(parameters.get('cfapattern'))
    if raw is None:
        return None
    colours = raw.astype('i4')
    rows, columns = _repeat(parameters, 'cfarepeatpatterndim', 2)
    if colours.size != rows * columns or colours.size > 1024:
        raise FormatError(f'CFAPattern of {colours.size} colours, not {rows} x {columns}', 'colour')
    found = sorted(set(colours.tolist()))
    if found[-1] >= len(_FILTERS) or np.linalg.matrix_rank(_FILTERS[found]) < 3:
        raise UnsupportedError(
            f'mosaics of the colours {found} cannot be shown as red, green, blue'
        )
    return colours.reshape(rows, columns)


def _planes(parameters: Mapping[str, Any]) -> Array:
    """Return the colours (0 red, 1 green, 2 blue) of the camera's planes, in their order.

    Neutrals, matrices and samples of linear images are by plane (DNG, CFAPlaneColor).
    """
    order = numeric(parameters.get('cfaplanecolor'))
    if order is not None and sorted(order.tolist()) == [0, 1, 2]:
        return order.astype('i4')
    return np.arange(3)


def demosaic(mosaic: Array, pattern: Array, origin: tuple[int, int] = (0, 0)) -> Array:
    """Return (L, W, 3) of a mosaic (L, W): each colour is the weighted mean of its neighbours.

    In a 2 x 2 cell that is bilinear interpolation; samples which were measured stay as they are.

    Parameters:
        mosaic: Floats.
        pattern: Colour number (0 red, 1 green, 2 blue, 3 cyan, 4 magenta, 5 yellow, 6 white) of
            each sample of the repeating cell; other colours than the first three are taken for
            means of them.
        origin: Row and column at which the cell begins.
    """
    length, width = mosaic.shape
    reach = 1 if pattern.shape == (2, 2) else max(pattern.shape) // 2 + 1
    tap = np.bincount(np.add.outer(np.arange(reach + 1), np.arange(reach + 1)).ravel())
    weights = tap[: 2 * reach + 1].astype('f4')
    rows = (np.arange(length) - origin[0]) % pattern.shape[0]
    columns = (np.arange(width) - origin[1]) % pattern.shape[1]
    colours = pattern[rows][:, columns]
    planes = np.unique(pattern)
    result = np.empty((length, width, len(planes)), 'f4')
    for index, colour in enumerate(planes):
        here = colours == colour
        total = _smooth(np.where(here, mosaic, 0).astype('f4'), weights)
        share = _smooth(here.astype('f4'), weights)
        mean = total / np.where(share > 0, share, 1)
        result[..., index] = np.where(here, mosaic, mean)
    if planes.tolist() == [0, 1, 2]:
        return result
    rgb: Array = result @ np.linalg.pinv(_FILTERS[planes]).T.astype('f4')
    return rgb


def _smooth(plane: Array, weights: Array) -> Array:
    """Return a plane weighted along both axes, nothing beyond its border."""
    reach = len(weights) // 2
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        padded = np.pad(plane, pad)
        size = plane.shape[axis]
        parts = (
            weight * padded.take(range(at, at + size), axis) for at, weight in enumerate(weights)
        )
        plane = np.sum(list(parts), axis=0, dtype='f4')
    return plane


def _matrix(parameters: Mapping[str, Any]) -> tuple[Array | None, bool]:
    """Return the camera's matrix of the daylight illuminant, and whether it is a ForwardMatrix."""
    for name, forward in (('forwardmatrix', True), ('colormatrix', False)):
        # The second illuminant is daylight by custom, the first is tungsten.
        for number in '21':
            values = numbers(parameters.get(name + number), 9)
            if values is not None:
                matrix = np.array(values).reshape(3, 3)
                if forward or abs(np.linalg.det(matrix)) > 1e-9:
                    return matrix, forward
    return None, False


def _camera_to_srgb(parameters: Mapping[str, Any]) -> Array:
    """Return the matrix from values by plane to linear sRGB, white balance included."""
    shot = numbers(parameters.get('asshotneutral'), 3)
    neutral = np.array(shot) if shot is not None and min(shot) > 0 else None
    gains: Array = 1 / neutral if neutral is not None else np.ones(3)
    least = float(np.min(gains))
    matrix, forward = _matrix(parameters)
    if matrix is None:
        return np.diag(gains / least)[np.argsort(_planes(parameters))]
    if forward:
        to_xyz = matrix @ np.diag(gains)
    else:
        to_xyz = np.linalg.inv(matrix)
        if neutral is not None:
            # The neutral becomes the white of D50: a scaling of XYZ stands for adaptation.
            white = to_xyz @ neutral
            if (np.abs(white) > 1e-9).all():
                to_xyz = np.diag(_D50_XYZ / white) @ to_xyz
    to_rgb: Array = xyz_to_srgb(np.eye(3), _PROPHOTO_WHITE).T @ to_xyz
    # The brightest neutral that clips no channel shows as white.
    camera_white = least / gains
    level = float(np.max(to_rgb @ camera_white))
    return to_rgb / level if level > 1e-9 else to_rgb


def develop(
    array: Array, *, mosaic: bool, bits: int, parameters: Mapping[str, Any], crop: bool = False
) -> Array:
    """Return sRGB 0..1 of stored raw samples.

    Parameters:
        array: Samples of shape (L, W, 1) (a mosaic or grey) or (L, W, 3).
        mosaic: Photometric interpretation is 32803.
        bits: Per sample.
        parameters: Values of the tags of DNG by lower-case name: those of `linearized`,
            ``cfapattern``, ``cfarepeatpatterndim``, ``cfaplanecolor``, ``asshotneutral``,
            ``colormatrix1`` and 2, ``forwardmatrix1`` and 2.
        crop: Leave out what lies outside ``activearea``.

    Raises:
        FormatError: The pattern of a mosaic is damaged.
        UnsupportedError: Red, green and blue do not follow from the colours.
    """
    linear = linearized(array, parameters, bits)
    area = _area(parameters, *linear.shape[:2])
    if mosaic:
        if linear.shape[-1] != 1:
            raise UnsupportedError(f'mosaic of {linear.shape[-1]} samples per pixel')
        pattern = _pattern(parameters)
        # Without a pattern the mosaic is shown as it is, in grey.
        if pattern is not None:
            linear = demosaic(linear[..., 0], pattern, area[:2])[..., _planes(parameters)]
    if crop:
        linear = linear[area[0] : area[2], area[1] : area[3]]
    if linear.shape[-1] == 3:
        linear = np.clip(linear, 0, 1) @ _camera_to_srgb(parameters).T.astype('f4')
    elif linear.shape[-1] == 1:
        linear = np.repeat(linear, 3, axis=-1)
    else:
        raise UnsupportedError(f'raw image of {linear.shape[-1]} colour planes')
    return srgb_encoded(np.clip(linear, 0, 1))
