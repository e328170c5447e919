"""Image codecs but JPEG: JPEG 2000, JPEG XL, JPEG XR, PNG, WebP, LERC, Jetraw.

This module knows geometry; imagecodecs decodes. The signatures are those of
`tiffschema.codecs.registry`. Each decoder compares the size a stream states with the segment
before it decodes, and fills the memory it is given where the stream fits it exactly.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.types import Buffer

from . import backend, bytestream
from .codestream import (
    StreamInfo,
    check_size,
    jpeg2k_info,
    jpegxl_info,
    jpegxr_info,
    lerc_info,
    png_info,
    webp_info,
)
from .jpeg import decoder as jpeg_decoder
from .jpeg import is_jpeg
from .spec import SegmentSpec

__all__ = [
    'aperio_decoder',
    'jetraw_decode',
    'jetraw_encode',
    'jpeg2k_decode',
    'jpeg2k_encode',
    'jpegxl_decode',
    'jpegxl_encode',
    'jpegxr_decode',
    'jpegxr_encode',
    'lerc_decode',
    'lerc_encode',
    'png_decode',
    'png_encode',
    'webp_decode',
    'webp_encode',
]

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]


def _check(info: StreamInfo | None, spec: SegmentSpec, shape: Shape, name: str) -> None:
    segment = tuple(map(max, spec.geometry.segment_shape, shape))
    stated = (0, 0, 0) if info is None else (info.height, info.width, info.samples)
    if segment[0] > 1 and segment[3] == 1 and stated == segment[:3]:
        return  # a volume of single samples, stored as an image whose samples are the columns
    check_size(info, segment, name)


def _room(info: StreamInfo | None, shape: Shape, out: Array | None, bits: int) -> Array | None:
    """Return `out` as (height, width, samples) if the stream is known to fit it exactly."""
    if info is None or out is None or shape[0] != 1 or out.dtype.itemsize * 8 != bits:
        return None
    if (info.height, info.width, info.samples) != shape[1:] or out.dtype.kind != 'u':
        return None
    return out[0, :, :, 0] if shape[3] == 1 else out[0]


def _done(result: Array, room: Array | None, out: Array | None) -> Array:
    return result if room is None or out is None else out


def _flat(array: Array) -> Array:
    """Return samples (depth, length, width, samples) as codecs want them: no axes of length 1."""
    image = array[0] if array.shape[0] == 1 else array
    return image[..., 0] if image.shape[-1] == 1 else image


def _plane(array: Array, name: str) -> Array:
    """Return samples as codecs want them that know no volumes.

    Raises:
        UnsupportedError: The depth is more than 1.
    """
    if array.shape[0] > 1:
        raise UnsupportedError(f'{name} of volumes: tiles of depth {array.shape[0]}')
    return _flat(array)


def jpeg2k_decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Array | None) -> Array:
    """Decode a JPEG 2000 codestream or JP2 file; colour stays as the stream has it."""
    info = jpeg2k_info(data)
    _check(info, spec, shape, 'JPEG 2000')
    signed = info is not None and info.kind == 1
    bits = 0 if info is None or signed else 8 if info.bits <= 8 else 16 if info.bits <= 16 else 32
    room = _room(info, shape, out, bits)
    return _done(backend.function('jpeg2k_decode')(data, out=room), room, out)


def jpeg2k_encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode a JPEG 2000 codestream; takes the arguments of ``imagecodecs.jpeg2k_encode``."""
    geometry = spec.geometry
    arguments = {'codecformat': 'j2k', **args}
    if geometry.compression == 33003:
        # Components of YCbCr are stored as they are, without the transform of the codestream.
        arguments.setdefault('mct', False)
    bits = geometry.bitspersample
    if isinstance(bits, int) and bits not in {8, 16, 32}:
        arguments.setdefault('bitspersample', bits)
    encoded: bytes = backend.function('jpeg2k_encode')(_plane(array, 'JPEG 2000'), **arguments)
    return encoded


def aperio_decoder(spec: SegmentSpec) -> Callable[..., Array]:
    """Return what decodes compression 33004, which is JPEG 2000 or JPEG: the stream decides."""

    def decode(data: Buffer, shape: Shape, out: Array | None) -> Array:
        if is_jpeg(data):
            return jpeg_decoder(spec)(data, shape, out)
        return jpeg2k_decode(data, spec, shape, out)

    return decode


def webp_decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Array | None) -> Array:
    """Decode WebP; encoders drop an opaque alpha, so it is asked for where the page has one."""
    info = webp_info(data)
    _check(info, spec, shape, 'WebP')
    samples = spec.geometry.samplesperpixel
    if shape[3] == 1 < samples:
        # There is no WebP of one sample: libtiff 4.5 and older have bytes of a plane as pixels.
        image: Array = backend.function('webp_decode')(data, hasalpha=samples == 4)
        plane = image.reshape(-1)[: image.shape[0] * image.shape[1]]
        return plane.reshape(1, *image.shape[:2], 1)
    if info is not None:
        info = StreamInfo(info.width, info.height, shape[3], 8)
    room = _room(info, shape, out, 8)
    decode = backend.function('webp_decode')
    return _done(decode(data, hasalpha=shape[3] == 4, out=room), room, out)


def webp_encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode WebP; takes the arguments of ``imagecodecs.webp_encode``."""
    # Planes of an animation that are alike are stored once: a volume would come back flatter.
    encoded: bytes = backend.function('webp_encode')(_plane(array, 'WebP'), **args)
    return encoded


def png_decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Array | None) -> Array:
    """Decode PNG."""
    info = png_info(data)
    _check(info, spec, shape, 'PNG')
    plain = info is not None and info.kind != 3 and info.bits in {8, 16}
    room = _room(info, shape, out, info.bits) if plain and info is not None else None
    return _done(backend.function('png_decode')(data, out=room), room, out)


def png_encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode PNG; takes the arguments of ``imagecodecs.png_encode``."""
    encoded: bytes = backend.function('png_encode')(_flat(array), **args)
    return encoded


def jpegxl_decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Array | None) -> Array:
    """Decode JPEG XL; the page's Orientation governs, not that of the stream."""
    _check(jpegxl_info(data), spec, shape, 'JPEG XL')
    result: Array = backend.function('jpegxl_decode')(data, keeporientation=True)
    return result


def jpegxl_encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode JPEG XL; takes the arguments of ``imagecodecs.jpegxl_encode``."""
    arguments = dict(args)
    bits = spec.geometry.bitspersample
    if isinstance(bits, int) and bits not in {8, 16, 32}:
        arguments.setdefault('bitspersample', bits)
    encoded: bytes = backend.function('jpegxl_encode')(_flat(array), **arguments)
    return encoded


def jpegxr_decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Array | None) -> Array:
    """Decode JPEG XR; its decoder fills what is missing without a word."""
    info = jpegxr_info(data)
    _check(info, spec, shape, 'JPEG XR')
    if info is not None and info.nbytes > len(data):
        raise TruncatedError(
            f'JPEG XR stream of {info.nbytes} bytes ends after {len(data)}', 'segment'
        )
    result: Array = backend.function('jpegxr_decode')(data)
    return result


def jpegxr_encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode JPEG XR; takes the arguments of ``imagecodecs.jpegxr_encode``."""
    encoded: bytes = backend.function('jpegxr_encode')(_flat(array), **args)
    return encoded


def _unwrapped(data: Buffer, spec: SegmentSpec, shape: Shape) -> Buffer:
    """Return a LERC blob without the Deflate or Zstandard stream around it.

    Tag 50674 names it (0 none, 1 Deflate, 2 Zstandard), but the first bytes say it as well and
    are right where the tag is missing or wrong.
    """
    assert spec.geometry.dtype is not None
    nbytes = 1024
    for size in (*shape, spec.geometry.dtype.itemsize):
        nbytes *= size
    nbytes = nbytes // 1024 + 1024 + shape[0] * shape[1] * shape[2]
    if bytes(data[:4]) == b'\x28\xb5\x2f\xfd':
        decode = bytestream.zstd_decode
    elif len(data) > 1 and data[0] == 0x78:
        decode = bytestream.libdeflate_decode
    else:
        return data
    return decode(data, spec, nbytes, None)  # type: ignore[no-any-return]


def _is_swapped(spec: SegmentSpec) -> bool:
    """Return whether samples of a LERC blob are byte-swapped: so in files of the other byte order.

    Law is the practice of libtiff, which swaps what it gives to this codec as if it were bytes.
    """
    return (spec.geometry.byteorder == '<') != (sys.byteorder == 'little')


_LERC_TYPES = {0: 'i1', 1: 'u1', 2: 'i2', 3: 'u2', 4: 'i4', 5: 'u4', 6: 'f4', 7: 'f8'}


def _lerc_room(info: StreamInfo, shape: Shape, out: Array) -> Array | None:
    """Return `out` as (height, width, samples) if a blob of version 2 to 6 fits it exactly."""
    if shape[0] != 1 or info.valid < 0 or (info.height, info.width, info.samples) != shape[1:]:
        return None
    return out[0, :, :, 0] if shape[3] == 1 else out[0]


def lerc_decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Array | None) -> Array:
    """Decode LERC: masked floats become NaN, a mask in place of alpha becomes 0 and 255."""
    data = _unwrapped(data, spec, shape)
    info = lerc_info(data)
    if info is None:
        raise FormatError('LERC blob has no header', 'segment')
    _check(info, spec, shape, 'LERC')
    decode = backend.function('lerc_decode')
    has_mask = 0 <= info.valid < info.width * info.height
    is_alpha = info.samples == shape[3] - 1 and shape[3] in {2, 4}
    if not has_mask and not is_alpha:
        room = None
        if (
            not _is_swapped(spec)
            and out is not None
            and out.dtype.str[1:] == _LERC_TYPES.get(info.kind)
        ):
            room = _lerc_room(info, shape, out)
        result: Array = decode(data, out=room)
        if room is not None:
            assert out is not None
            return out
        if _is_swapped(spec):
            result = result.byteswap()
        if shape[3] > 1 and result.ndim == 3 and result.shape == (shape[3], *shape[1:3]):
            # Bands one after another, each with a mask of its own.
            result = result.transpose(1, 2, 0)
        return result
    image, mask = decode(data, masks=True)
    if _is_swapped(spec):
        image = image.byteswap()
    if image.dtype.kind == 'f':
        if image.ndim == 3 and mask is not None and mask.ndim == 2:
            mask = mask[..., None]
        if mask is not None:
            image[np.broadcast_to(mask == 0, image.shape)] = np.nan
        if image.ndim == 3 and image.shape == (shape[3], *shape[1:3]):
            image = image.transpose(1, 2, 0)
    elif is_alpha:
        colours = image if image.ndim == 3 else image[..., None]
        alpha = np.full(colours.shape[:2], 255, image.dtype)
        if mask is not None:
            alpha[mask == 0] = 0
        image = np.concatenate((colours, alpha[..., None]), axis=2)
    return image  # type: ignore[no-any-return]


def lerc_encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode LERC; ``level`` is the largest error, tag 50674 of the spec names the wrapper."""
    arguments = dict(args)
    parameters = spec.options.get('lercparameters')
    if isinstance(parameters, (tuple, list)) and len(parameters) > 1:
        wrapper = {1: 'deflate', 2: 'zstd'}.get(int(parameters[1]))
        if wrapper is not None:
            arguments.setdefault('compression', wrapper)
    image = _flat(array)
    if _is_swapped(spec) and image.dtype.itemsize > 1:
        image = image.byteswap()
        if arguments.get('level') or (image.dtype.kind == 'f' and not np.isfinite(image).all()):
            raise UnsupportedError(
                f'LERC with an error or of such floats in a file of byte order'
                f' {spec.geometry.byteorder!r}: its samples are stored byte-swapped'
            )
    elif image.dtype.kind == 'f' and 'masks' not in arguments:
        invalid = np.isnan(image)
        if invalid.any():
            if image.ndim > 2:
                if not (invalid == invalid[..., :1]).all():
                    raise UnsupportedError('LERC with NaN in some samples of a pixel only')
                invalid = invalid[..., 0]
            arguments['masks'] = ~invalid
            image = np.nan_to_num(image)
    encoded: bytes = backend.function('lerc_encode')(image, **arguments)
    return encoded


def jetraw_decode(data: Buffer, spec: SegmentSpec, shape: Shape, out: Array | None) -> Array:
    """Decode Jetraw, with the licensed library."""
    result = np.empty(shape[1:3], 'u2')
    backend.function('jetraw_decode')(data, out=result)
    return result


def jetraw_encode(array: Array, spec: SegmentSpec, args: Mapping[str, Any]) -> bytes:
    """Encode Jetraw, with the licensed library; ``identifier`` names the camera calibration."""
    encoded: bytes = backend.function('jetraw_encode')(_flat(array), **args)
    return encoded
