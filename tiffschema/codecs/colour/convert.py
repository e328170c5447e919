"""Any photometric interpretation to RGB: which samples are colour, which alpha, and in which order.

This module knows values of tags, given by name; it knows neither files nor directories. The order:
samples last, colour, ICC profile, alpha, orientation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from tiffschema.codecs import sgilog
from tiffschema.errors import FormatError, UnsupportedError

from .bands import by_bands
from .inks import inks_to_rgb
from .lab import D50, lab_to_rgb, lab_values
from .mosaic import develop
from .orientation import apply_orientation
from .parameters import numbers, numeric
from .profiles import apply_profile, profile_space
from .scaling import Array, from_unit, rescaled, shown_dtype, unsigned
from .ycbcr import BT601, ycbcr_to_rgb

__all__ = ['Alpha', 'colour_samples', 'delivered_photometric', 'to_rgb']

Alpha: TypeAlias = Literal['keep', 'straight', 'drop']
Parameters: TypeAlias = Mapping[str, Any]

_WHITEISZERO, _BLACKISZERO, _RGB, _PALETTE, _MASK = range(5)
_SEPARATED, _YCBCR, _CIELAB, _ICCLAB, _ITULAB = 5, 6, 8, 9, 10
_CFA, _LOGL, _LOGLUV, _LINEARRAW = 32803, 32844, 32845, 34892
_DEPTH, _SEMANTIC = 51177, 52527
_ASSOCIATED, _UNASSOCIATED = 1, 2
_JPEG = frozenset({6, 7, 33007, 34892})

_COLOURS = {_RGB: 3, _YCBCR: 3, _CIELAB: 3, _ICCLAB: 3, _ITULAB: 3, _LOGLUV: 3, _SEPARATED: 4}


def colour_samples(photometric: int, samples: int, extrasamples: int = 0) -> int:
    """Return how many of a pixel's samples are colour; the others are extra samples.

    Example:
        >>> colour_samples(2, 4), colour_samples(5, 5, 1), colour_samples(1, 2)
        (3, 4, 1)
    """
    if photometric == _LINEARRAW or (photometric == _SEPARATED and extrasamples):
        return max(1, samples - extrasamples)
    if photometric == _SEPARATED:
        return min(samples, 4)
    count = _COLOURS.get(photometric, 1)
    return count if samples >= count else 1


def delivered_photometric(photometric: int, compression: int, samples: int, planar: bool) -> int:
    """Return what decoded samples are: JPEG decoders deliver YCbCr as RGB."""
    if photometric == _YCBCR and compression in _JPEG and samples == 3 and not planar:
        return _RGB
    return photometric


def to_rgb(
    array: Array,
    *,
    photometric: int,
    bitspersample: int | Sequence[int],
    sampleformat: int | Sequence[int] = 1,
    extrasamples: Sequence[int] = (),
    planarconfig: int = 1,
    samplesperpixel: int | None = None,
    orientation: int = 1,
    parameters: Parameters | None = None,
    alpha: Alpha = 'keep',
    profile: bytes | None = None,
) -> Array:
    """Return the colours of decoded samples as RGB or RGBA.

    Parameters:
        array: Samples as pages hold them: (..., L, W) of one sample, (..., L, W, S), or
            (S, ..., L, W) with planar configuration 2; YCbCr at full size.
        photometric: Tag 262, of the decoded samples; see `delivered_photometric`.
        bitspersample: Tag 258.
        sampleformat: Tag 339.
        extrasamples: Tag 338.
        planarconfig: Tag 284: 2 if the samples are the first axis.
        samplesperpixel: Tag 277, by default what `photometric` and `extrasamples` need.
        orientation: Tag 274, applied to the result; 1 leaves it as stored.
        parameters: Values of further tags by lower-case name: ``colormap``,
            ``ycbcrcoefficients``, ``referenceblackwhite``, ``inkset``, ``inknames``, ``dotrange``,
            ``decode``, ``whitepoint``, and those of `mosaic.develop`.
        alpha: ``'keep'`` alpha as it is stored, make it ``'straight'``, or ``'drop'`` it. Extra
            samples that are not alpha are always left out.
        profile: ICC profile (tag 34675) to apply instead of the plain conversion, where it is one
            of the page's colours.

    Returns:
        Shape (..., L, W, 3) or (..., L, W, 4). uint8 for samples of up to 8 bits, for palettes
        of up to 8 bits and for LogLuv; uint16 for wider integers; float32 or float64 for floats,
        whose range is that of the samples. Colours are sRGB where the interpretation defines
        colours (Lab, raw, ICC), else as stored.

    Raises:
        FormatError: Parameters are missing or contradict the samples.
        UnsupportedError: The colours are not known.
        ValueError: The array does not have the axes that were named.

    Example:
        >>> import numpy as np
        >>> to_rgb(np.array([[0, 15]], 'u1'), photometric=0, bitspersample=4).tolist()
        [[[255, 255, 255], [0, 0, 0]]]
    """
    parameters = parameters or {}
    bits = _one(bitspersample)
    extra = tuple(extrasamples)
    samples = samplesperpixel or _COLOURS.get(photometric, 1) + len(extra)
    if array.dtype.names is not None:
        array, bits = _unstructured(array, bitspersample, samples)
        planarconfig = 1
    array = _samples_last(array, samples, planarconfig)
    if array.dtype.kind == 'c':
        raise UnsupportedError(f'samples of {array.dtype} have no colours')
    count = colour_samples(photometric, samples, len(extra))
    kind, at = _alpha_of(extra, array.shape[-1] - count)

    def convert(band: Array) -> Array:
        colours, rest = band[..., :count], band[..., count:]
        rgb = None
        if profile is not None:
            rgb = _with_profile(colours, photometric, bits, parameters, profile)
        if rgb is None:
            rgb = _CONVERTERS.get(photometric, _grey)(colours, photometric, bits, parameters)
        if kind and alpha != 'drop' and photometric not in {_CFA, _MASK}:
            rgb = _with_alpha(rgb, rest[..., at : at + 1], bits, kind == _ASSOCIATED, alpha)
        return rgb

    rgb = by_bands(array, convert) if _is_pixelwise(array, photometric) else convert(array)
    axes = 'Q' * (rgb.ndim - 3) + 'YXS'
    return apply_orientation(rgb, orientation, axes)


def _is_pixelwise(array: Array, photometric: int) -> bool:
    """Whether the colours of a pixel depend on its own samples only.

    Those of raw images depend on neighbours and places, those of inverted floats on the largest.
    """
    return photometric not in {_CFA, _LINEARRAW} and not (
        photometric == _WHITEISZERO and array.dtype.kind == 'f'
    )


def _one(bitspersample: int | Sequence[int]) -> int:
    if isinstance(bitspersample, int | np.integer):
        return int(bitspersample)
    bits = {int(item) for item in bitspersample}
    if len(bits) == 1:
        return bits.pop()
    # 5, 6, 5 bits are decoded to the full range of 8.
    return 8 if max(bits, default=8) <= 8 else 16


def _unstructured(
    array: Array, bitspersample: int | Sequence[int], samples: int
) -> tuple[Array, int]:
    """Return samples of different widths at the full range of one, and its bits."""
    names = array.dtype.names or ()
    widths = np.broadcast_to(bitspersample, samples).tolist()
    fields = [array[name] for name in names]
    if len(fields) != samples or any(field.dtype.kind not in 'uib' for field in fields):
        raise UnsupportedError(f'samples of {array.dtype} have no colours')
    parts = [rescaled(unsigned(*item), item[1]) for item in zip(fields, widths, strict=True)]
    if all(part.dtype == np.uint8 for part in parts):
        return np.stack(parts, -1), 8
    wide = [part * np.uint16(257) if part.dtype == np.uint8 else part for part in parts]
    return np.stack(wide, -1), 16


def _samples_last(array: Array, samples: int, planarconfig: int) -> Array:
    """Return an array with the axis of samples last, made where there is one sample."""
    if samples == 1:
        if array.ndim >= 3 and array.shape[-1] == 1:
            return array
        if array.ndim < 2:
            raise ValueError(f'array of shape {array.shape} has no rows and columns')
        return array[..., None]
    at = 0 if planarconfig == 2 else -1
    if array.ndim < 3 or array.shape[at] != samples:
        raise ValueError(
            f'array of shape {array.shape} does not have {samples} samples on axis {at}'
        )
    return np.moveaxis(array, at, -1)


def _alpha_of(extra: tuple[int, ...], count: int) -> tuple[int, int]:
    """Return the kind of the first alpha among the extra samples, 0 for none, and its place."""
    # Tags that name more than there are describe the last ones.
    extra = extra[-count:] if count else ()
    for at, kind in enumerate(extra):
        if kind in {_ASSOCIATED, _UNASSOCIATED}:
            return kind, at
    return 0, 0


def _with_alpha(rgb: Array, stored: Array, bits: int, associated: bool, alpha: Alpha) -> Array:
    """Return RGBA; premultiplied colours are divided by their alpha if straight ones are asked."""
    opacity = rescaled(unsigned(stored, bits), bits) if stored.dtype.kind != 'f' else stored
    if opacity.dtype != rgb.dtype:
        full = 1.0 if opacity.dtype.kind == 'f' else np.iinfo(opacity.dtype).max
        opacity = from_unit(opacity / full, rgb.dtype)
    if associated and alpha == 'straight':
        top = 1.0 if rgb.dtype.kind == 'f' else float(np.iinfo(rgb.dtype).max)
        share = np.where(opacity > 0, opacity, 1).astype('f8') / top
        divided = np.where(opacity > 0, rgb / share, 0)
        if rgb.dtype.kind != 'f':
            divided = np.minimum(divided + 0.5, top)
        rgb = divided.astype(rgb.dtype)
    return np.concatenate([rgb, opacity], axis=-1)


def _with_profile(
    colours: Array, photometric: int, bits: int, parameters: Parameters, profile: bytes
) -> Array | None:
    """Return colours by their ICC profile, None if the profile is not for them."""
    space, _ = profile_space(profile)
    if photometric in {_WHITEISZERO, _BLACKISZERO} and space == 'gray':
        stored = _grey(colours, photometric, bits, parameters)[..., :1]
    elif photometric == _SEPARATED and space == 'cmyk' and colours.shape[-1] == 4:
        stored = rescaled(colours, bits) if colours.dtype.kind != 'f' else colours
    elif photometric in {_RGB, _YCBCR, _PALETTE, _LINEARRAW} and space == 'rgb':
        stored = _CONVERTERS[photometric](colours, photometric, bits, parameters)
    else:
        return None
    shape = stored.shape
    flat = np.ascontiguousarray(stored.reshape(-1, *shape[-2:]))
    return apply_profile(flat, profile).reshape(*shape[:-1], 3)


def _grey(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    if colours.dtype.kind == 'f':
        grey = colours.astype(shown_dtype(colours.dtype, bits), copy=False)
        if photometric == _WHITEISZERO:
            # There is no standard: the largest value is taken for black.
            top = np.nanmax(grey, initial=-np.inf)
            grey = (top if np.isfinite(top) else 1) - grey
    else:
        grey = rescaled(unsigned(colours, bits), bits)
        if photometric == _WHITEISZERO:
            grey = ~grey
    return np.repeat(grey[..., :1], 3, axis=-1)


def _rgb(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    if colours.shape[-1] < 3:
        return _grey(colours, _BLACKISZERO, bits, parameters)
    if colours.dtype.kind == 'f':
        return colours.astype(shown_dtype(colours.dtype, bits), copy=False)
    return rescaled(unsigned(colours, bits), bits)


def _palette(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    entries = numeric(parameters.get('colormap'))
    if entries is None:
        raise FormatError('palette image without ColorMap', 'colour')
    if colours.dtype.kind not in 'uib' or entries.size < 3 or entries.size % 3:
        raise FormatError(f'ColorMap of {entries.size} numbers for {colours.dtype}', 'colour')
    entries = np.clip(entries, 0, 65535).astype('u2').reshape(3, -1)
    if bits <= 8:
        # Old writers stored 8 bits where 16 belong.
        entries = (entries if entries.max() < 256 else entries >> 8).astype('u1')
    elif entries.max() < 256:
        entries = entries * np.uint16(257)
    index = unsigned(colours[..., 0], bits)
    found: Array = entries.T[np.minimum(index, entries.shape[1] - 1)]
    return found


def _mask(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    return _grey(colours, _BLACKISZERO, bits, parameters)


def _separated(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    names = parameters.get('inknames') or ()
    if isinstance(names, str):
        names = [name for name in names.split('\0') if name]
    return inks_to_rgb(
        unsigned(colours, bits) if colours.dtype.kind != 'f' else colours,
        bits=bits,
        inkset=int((numbers(parameters.get('inkset'), 1) or (1,))[0]),
        inknames=names,
        dotrange=numeric(parameters.get('dotrange')),
    )


def _ycbcr(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    if colours.shape[-1] < 3:
        return _grey(colours, _BLACKISZERO, bits, parameters)
    return ycbcr_to_rgb(
        colours,
        coefficients=numbers(parameters.get('ycbcrcoefficients'), 3) or BT601,
        reference=numbers(parameters.get('referenceblackwhite'), 6),
        bits=bits,
    )


def _lab(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    dtype = shown_dtype(colours.dtype, bits)
    if colours.dtype.kind in 'bi':
        colours = colours.view(f'u{colours.dtype.itemsize}')
    white = None
    if photometric == _CIELAB:
        white = numbers(parameters.get('whitepoint'), 2)
    decode = numbers(parameters.get('decode'), 6)
    lab = lab_values(colours, photometric, bits, decode)
    return from_unit(lab_to_rgb(lab, white or D50), dtype)


def _log(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    """Return high dynamic range as 8 bits with a gamma of 2, white at 1."""
    if colours.dtype.kind in 'u' and colours.dtype.itemsize == 1:
        return _rgb(colours, photometric, bits, parameters)
    if colours.shape[-1] == 1 or photometric == _LOGL:
        light = colours[..., :1]
        if light.dtype.kind != 'f':
            light = sgilog.luminance(light)
        return sgilog.shown(np.repeat(light, 3, axis=-1))
    xyz = colours.astype('f8') if colours.dtype.kind == 'f' else sgilog.luv_to_xyz(colours)
    return sgilog.shown(sgilog.xyz_to_rgb(xyz))


def _raw(colours: Array, photometric: int, bits: int, parameters: Parameters) -> Array:
    dtype = shown_dtype(colours.dtype, bits)
    images = colours.reshape(-1, *colours.shape[-3:])
    shown = [
        from_unit(
            develop(image, mosaic=photometric == _CFA, bits=bits, parameters=parameters), dtype
        )
        for image in images
    ]
    return np.stack(shown).reshape(*colours.shape[:-1], 3)


_CONVERTERS: Mapping[int, Callable[[Array, int, int, Parameters], Array]] = {
    _WHITEISZERO: _grey,
    _BLACKISZERO: _grey,
    _RGB: _rgb,
    _PALETTE: _palette,
    _MASK: _mask,
    _SEPARATED: _separated,
    _YCBCR: _ycbcr,
    _CIELAB: _lab,
    _ICCLAB: _lab,
    _ITULAB: _lab,
    _CFA: _raw,
    _LOGL: _log,
    _LOGLUV: _log,
    _LINEARRAW: _raw,
    _DEPTH: _grey,
    _SEMANTIC: _grey,
}
