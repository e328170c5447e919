"""The high dynamic range codecs of SGI: LogL16 and LogLuv32 (34676), LogLuv24 (34677).

This module knows the encodings and their meaning as light. What is returned depends on the type
of the page's samples:

========  ====================================  =====================================
type      one sample (LogL)                     three samples (LogLuv)
========  ====================================  =====================================
16 bits   L16 as stored                         L16, u' and v' times 32768
float     Y                                     X, Y, Z
uint8     256 times the square root of Y        R, G, B, 256 times the square root
========  ====================================  =====================================

Rule: rows of 34676 are run-length coded in planes of bytes, the most significant first; 34677 is
not run-length coded. Every step of a loop consumes a byte or ends a row.

Sources: G. Ward Larson, "The LogLuv Encoding for Full Gamut, High Dynamic Range Images", Journal
of Graphics Tools 3 (1998); TIFF Technical Note "LogLuv"; checked with libtiff.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.types import Buffer

from . import logluv_cells as cells

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = [
    'decode',
    'decode24',
    'encode',
    'encode24',
    'luminance',
    'luv_to_xyz',
    'salvage',
    'salvage24',
    'shown',
    'xyz_to_rgb',
]

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

_UV_SCALE = 410.0
_MIN_RUN = 4
# Of linear light from XYZ, as libtiff shows LogLuv.
_XYZ_RGB = np.array([[2.690, -1.276, -0.414], [-1.022, 1.978, 0.044], [0.061, -0.224, 1.163]])


def luminance(l16: Array) -> Array:
    """Return Y as float64 of LogL16 values (any integer type of 16 bits or more)."""
    code = np.asarray(l16).astype('i4') & 0xFFFF
    magnitude = code & 0x7FFF
    y = np.exp2((magnitude + 0.5) / 256 - 64)
    y[magnitude == 0] = 0
    return np.where(code & 0x8000, -y, y)


def _l16(y: Array) -> Array:
    """Return LogL16 codes as uint16 of luminances."""
    magnitude = np.abs(np.asarray(y, 'f8'))
    with np.errstate(divide='ignore', invalid='ignore'):
        code = np.floor(256 * (np.log2(magnitude) + 64))
    code = np.clip(np.nan_to_num(code, nan=0.0, posinf=32767, neginf=0), 0, 32767).astype('u2')
    code[(y < 0) & (code > 0)] |= 0x8000
    return code


def _xyz(y: Array, u: Array, v: Array) -> Array:
    """Return X, Y, Z along a new last axis, as float64."""
    with np.errstate(divide='ignore', invalid='ignore'):
        scale = 1 / (6 * u - 16 * v + 12)
        small_x, small_y = 9 * u * scale, 4 * v * scale
        xyz = np.stack([small_x / small_y * y, y, (1 - small_x - small_y) / small_y * y], -1)
    xyz[~(y > 0)] = 0
    return xyz


def _chroma(xyz: Array) -> tuple[Array, Array]:
    """Return u' and v' of X, Y, Z; those of neutral where there is no light."""
    total = xyz[..., 0] + 15 * xyz[..., 1] + 3 * xyz[..., 2]
    dark = ~(total > 0) | ~(xyz[..., 1] > 0)
    total = np.where(dark, 1, total)
    u = np.where(dark, cells.U_NEUTRAL, 4 * xyz[..., 0] / total)
    v = np.where(dark, cells.V_NEUTRAL, 9 * xyz[..., 1] / total)
    return u, v


def xyz_to_rgb(xyz: Array) -> Array:
    """Return linear RGB of X, Y, Z along the last axis (primaries of libtiff's LogLuv display)."""
    rgb: Array = xyz @ _XYZ_RGB.T
    return rgb


def luv_to_xyz(array: Array) -> Array:
    """Return X, Y, Z as float64 of 16-bit LogLuv samples (..., 3), as `decode` returns them."""
    stored = array.view('u2') if array.dtype.itemsize == 2 else array
    u, v = ((stored[..., at] + 0.5) / 32768 for at in (1, 2))
    return _xyz(luminance(stored[..., 0]), u, v)


def shown(light: Array) -> Array:
    """Return linear light 0..1 as uint8 with a gamma of 2."""
    byte: Array = np.clip(256 * np.sqrt(np.clip(light, 0, 1)), 0, 255).astype('u1')
    return byte


def _unrun(data: Buffer, rows: int, width: int, planes: int) -> tuple[Array, TruncatedError | None]:
    """Return (rows, planes, width) bytes of run-length coded rows, and what was wrong."""
    result = np.zeros((rows, planes, width), 'u1')
    if not width:
        return result, None
    at, size = 0, len(data)
    for row in range(rows):
        for plane in range(planes):
            line = bytearray()
            while len(line) < width and at < size:
                code = data[at]
                if code >= 128:
                    line += bytes(data[at + 1 : at + 2]) * (code - 126)
                    at += 2
                else:
                    line += data[at + 1 : at + 1 + code]
                    at += 1 + code
            result[row, plane, : min(len(line), width)] = np.frombuffer(line, 'u1')[:width]
            if len(line) < width:
                fault = TruncatedError(f'SGILog: data ends in row {row} of {rows}', 'segment')
                return result, fault
    return result, None


def _run(line: Array) -> bytes:
    """Return one plane of a row run-length coded."""
    starts = np.flatnonzero(np.diff(line.astype('i2'), prepend=-1))
    lengths = np.diff(starts, append=len(line))
    result = bytearray()
    literal = 0
    data = line.tobytes()

    def flush(stop: int) -> None:
        for at in range(literal, stop, 127):
            piece = data[at : min(at + 127, stop)]
            result.append(len(piece))
            result.extend(piece)

    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        if length < _MIN_RUN:
            continue
        flush(start)
        literal = start + length
        while length > 1:
            part = min(length, 129)
            result += bytes((part + 126, data[start]))
            length -= part
        if length:
            literal -= 1
    flush(len(data))
    return bytes(result)


def _codes(data: Buffer, shape: Shape, planes: int) -> tuple[Array, TruncatedError | None]:
    """Return the codes (depth, length, width) of 16 or 32 bits."""
    depth, length, width, _ = shape
    parts, fault = _unrun(data, depth * length, width, planes)
    codes = np.zeros((depth * length, width), 'u4')
    for plane in range(planes):
        codes = codes << 8 | parts[:, plane]
    return codes.reshape(shape[:3]), fault


def _codes24(data: Buffer, shape: Shape) -> tuple[Array, TruncatedError | None]:
    """Return the codes (depth, length, width) of 24 bits."""
    depth, length, width, _ = shape
    count = depth * length * width
    stored = np.frombuffer(data, 'u1', min(len(data) // 3, count) * 3).reshape(-1, 3)
    codes = np.zeros(count, 'u4')
    codes[: len(stored)] = stored @ np.array([65536, 256, 1], 'u4')
    fault = None
    if len(stored) < count:
        fault = TruncatedError(f'SGILog: {len(stored)} of {count} pixels', 'segment')
    return codes.reshape(shape[:3]), fault


def _uv24(codes: Array) -> tuple[Array, Array]:
    """Return u' and v' of the chroma cells of 24-bit codes."""
    cell = (codes & 0x3FFF).astype('i4')
    first = np.array(cells.FIRST)
    row = np.searchsorted(first, cell, 'right') - 1
    u = np.array(cells.U_START)[row] + (cell - first[row] + 0.5) * cells.CELL
    v = cells.V_START + (row + 0.5) * cells.CELL
    neutral = cell >= cells.CELLS
    return np.where(neutral, cells.U_NEUTRAL, u), np.where(neutral, cells.V_NEUTRAL, v)


def _samples(l16: Array, y: Array, u: Array, v: Array, dtype: np.dtype[Any]) -> Array:
    """Return three samples per pixel in the type of the page."""
    if dtype.kind == 'f':
        return _xyz(y, u, v).astype(dtype)
    if dtype.itemsize == 2:
        triple = [l16.astype('u2'), (u * 32768).astype('u2'), (v * 32768).astype('u2')]
        return np.stack(triple, -1).view(dtype)
    if dtype.itemsize == 1:
        return shown(xyz_to_rgb(_xyz(y, u, v))).view(dtype)
    raise UnsupportedError(f'SGILog data cannot be returned as {dtype}')


def _dtype(spec: SegmentSpec) -> np.dtype[Any]:
    dtype = spec.geometry.dtype
    if dtype is None:
        raise UnsupportedError('SGILog needs samples of one known type')
    return dtype


def _decode32(data: Buffer, spec: SegmentSpec, shape: Shape) -> tuple[Array, FormatError | None]:
    dtype = _dtype(spec)
    if shape[3] == 1:
        codes, fault = _codes(data, shape, 2)
        if dtype.kind == 'f':
            return luminance(codes).astype(dtype)[..., None], fault
        if dtype.itemsize == 2:
            return codes.astype('u2').view(dtype)[..., None], fault
        if dtype.itemsize == 1:
            return shown(luminance(codes)).view(dtype)[..., None], fault
    if shape[3] == 3:
        codes, fault = _codes(data, shape, 4)
        l16 = codes >> 16
        u = ((codes >> 8 & 255) + 0.5) / _UV_SCALE
        v = ((codes & 255) + 0.5) / _UV_SCALE
        return _samples(l16, luminance(l16), u, v, dtype), fault
    raise UnsupportedError(f'SGILog holds one sample or three, not {shape[3]} of {dtype}')


def _decode24(data: Buffer, spec: SegmentSpec, shape: Shape) -> tuple[Array, FormatError | None]:
    if shape[3] != 3:
        raise UnsupportedError(f'24-bit LogLuv holds three samples, not {shape[3]}')
    codes, fault = _codes24(data, shape)
    l10 = codes >> 14 & 0x3FF
    y = np.where(l10 == 0, 0.0, np.exp2((l10 + 0.5) / 64 - 12))
    # Within the four steps of L16 which one step of L10 spans. Bit 12, the first of the chroma,
    # chooses between the two in the middle: no meaning, but the values which all readers built on
    # libtiff show.
    l16 = 4 * l10 + 256 * (64 - 12) + 2 + (codes >> 12 & 1)
    return _samples(l16, y, *_uv24(codes), _dtype(spec)), fault


def decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Any) -> Array:
    """Decode compression 34676 in the type of the page's samples.

    Raises:
        TruncatedError: The data ends before the last row does.
        UnsupportedError: Samples are neither one nor three, or of another type.
    """
    samples, fault = _decode32(data, spec, shape)
    if fault is not None:
        raise fault
    return samples


def decode24(data: Buffer, spec: SegmentSpec, shape: Shape, out: Any) -> Array:
    """Decode compression 34677 in the type of the page's samples."""
    samples, fault = _decode24(data, spec, shape)
    if fault is not None:
        raise fault
    return samples


def salvage(data: Buffer, spec: SegmentSpec, shape: Shape) -> Array:
    """Return what damaged data of compression 34676 yield; missing pixels are dark."""
    return _decode32(data, spec, shape)[0]


def salvage24(data: Buffer, spec: SegmentSpec, shape: Shape) -> Array:
    """Return what damaged data of compression 34677 yield; missing pixels are dark."""
    return _decode24(data, spec, shape)[0]


def _parts(array: Array) -> tuple[Array, Array, Array]:
    """Return L16 codes, u' and v' of three samples per pixel."""
    if array.dtype.kind == 'f':
        u, v = _chroma(array.astype('f8'))
        return _l16(np.asarray(array[..., 1])), u, v
    if array.dtype.itemsize == 2:
        stored = array.view('u2')
        return stored[..., 0], stored[..., 1] / 32768, stored[..., 2] / 32768
    raise UnsupportedError(f'SGILog encodes XYZ as floats or 16-bit LogLuv, not {array.dtype}')


def encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode compression 34676: L16 or float Y (one sample), 16-bit LogLuv or float XYZ (three)."""
    if array.shape[-1] == 1:
        l16 = array[..., 0]
        l16 = _l16(l16) if array.dtype.kind == 'f' else l16.astype('u2')
        shifts: tuple[int, ...] = (8, 0)
        codes = l16.astype('u4')
    elif array.shape[-1] == 3:
        l16, u, v = _parts(array)
        ue = np.clip(u * _UV_SCALE, 0, 255).astype('u4')
        ve = np.clip(v * _UV_SCALE, 0, 255).astype('u4')
        shifts = (24, 16, 8, 0)
        codes = l16.astype('u4') << 16 | ue << 8 | ve
    else:
        raise UnsupportedError(f'SGILog holds one sample or three, not {array.shape[-1]}')
    rows = codes.reshape(-1, codes.shape[-1])
    return b''.join(_run((row >> shift).astype('u1')) for row in rows for shift in shifts)


def encode24(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode compression 34677: 16-bit LogLuv or float XYZ, three samples."""
    if array.shape[-1] != 3:
        raise UnsupportedError(f'24-bit LogLuv holds three samples, not {array.shape[-1]}')
    l16, u, v = _parts(array)
    l10 = np.clip((l16.astype('i4') - 256 * (64 - 12)) >> 2, 0, 1023).astype('u4')
    row = np.clip((v - cells.V_START) / cells.CELL, 0, len(cells.FIRST) - 1).astype('i4')
    first = np.array([*cells.FIRST, cells.CELLS])
    cell = np.floor((u - np.array(cells.U_START)[row]) / cells.CELL).astype('i4')
    cell = np.clip(cell, 0, first[row + 1] - first[row] - 1) + first[row]
    codes = l10 << 14 | cell.astype('u4')
    stored = np.stack([codes >> 16, codes >> 8, codes], -1).astype('u1')
    return stored.tobytes()
