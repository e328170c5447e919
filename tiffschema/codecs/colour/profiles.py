"""ICC profiles (tag 34675), applied by a colour-management library.

This module knows the header of a profile; imagecodecs (any depth) or Pillow (8 bits) transform.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tiffschema.codecs import backend
from tiffschema.errors import FormatError, UnsupportedError

from .scaling import Array

__all__ = ['apply_profile', 'profile_space']

_SPACES = {b'GRAY': 1, b'RGB ': 3, b'CMYK': 4, b'Lab ': 3}


def profile_space(profile: bytes) -> tuple[str, int]:
    """Return the colour space of a profile and its number of samples.

    Raises:
        FormatError: The bytes are no profile of colours that TIFF holds.
    """
    if len(profile) < 128 or profile[36:40] != b'acsp' or profile[16:20] not in _SPACES:
        raise FormatError('no ICC profile of grey, RGB, CMYK or Lab', 'iccprofile')
    return profile[16:20].decode().strip().lower(), _SPACES[profile[16:20]]


def apply_profile(array: Array, profile: bytes, intent: int | None = None) -> Array:
    """Return colours (L, W, n) of a profile's space as sRGB (L, W, 3) of the same type.

    Parameters:
        array: uint8, uint16, or floats 0..1; straight, without alpha.
        profile: Value of tag 34675.
        intent: 0 perceptual, 1 relative, 2 saturation, 3 absolute; by default the profile's.

    Raises:
        FormatError: The profile is damaged, or not of these colours.
        UnsupportedError: No colour-management library is installed.
    """
    space, samples = profile_space(profile)
    if array.ndim != 3 or array.shape[-1] != samples:
        raise FormatError(f'ICC profile of {space} for {array.shape[-1]} samples', 'iccprofile')
    if intent is None:
        intent = min(profile[67], 3)
    if backend.has('cms'):
        imagecodecs = backend.imagecodecs()
        try:
            result: Array = imagecodecs.cms_transform(
                np.ascontiguousarray(array),
                profile,
                imagecodecs.cms_profile('srgb'),
                colorspace=space,
                outcolorspace='rgb',
                intent=intent,
            )
        except (imagecodecs.CmsError, ValueError) as error:
            raise FormatError(f'ICC profile: {error}', 'iccprofile') from error
        return result
    return _with_pillow(array, profile, intent)


def _with_pillow(array: Array, profile: bytes, intent: int) -> Array:
    try:
        from PIL import Image, ImageCms
    except ImportError:
        raise UnsupportedError(
            'ICC profiles need imagecodecs built with cms, or Pillow built with littlecms'
        ) from None
    if array.dtype != np.uint8:
        raise UnsupportedError(f'Pillow applies ICC profiles to uint8 only, not {array.dtype}')
    from io import BytesIO

    mode = {1: 'L', 3: 'LAB' if profile[16:20] == b'Lab ' else 'RGB', 4: 'CMYK'}[array.shape[-1]]
    image = Image.fromarray(array[..., 0] if mode == 'L' else np.ascontiguousarray(array), mode)
    try:
        source: Any = ImageCms.ImageCmsProfile(BytesIO(profile))
        target = ImageCms.createProfile('sRGB')
        shown = ImageCms.profileToProfile(
            image, source, target, renderingIntent=ImageCms.Intent(intent), outputMode='RGB'
        )
    except (ImageCms.PyCMSError, OSError) as error:
        raise FormatError(f'ICC profile: {error}', 'iccprofile') from error
    return np.asarray(shown)
