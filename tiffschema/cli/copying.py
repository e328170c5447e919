"""What copies of images share: how samples are described to the writer, and schemes without loss.

Knows pages and series on one side, the arguments of `TiffWriter.write` on the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from tiffschema.codecs import builtin  # noqa: F401 - fills the registry
from tiffschema.codecs.colour import delivered_photometric
from tiffschema.codecs.registry import codecs
from tiffschema.model.enums import PHOTOMETRIC, RESUNIT

__all__ = ['described', 'lossless', 'planes', 'tile_of']

_DEFLATE: Final = 8
_LOSSLESS: Final = frozenset({1, 2, 3, 4, 5, 8, 32773, 32946, 34925, 34933, 50000, 34887})
_TYPES: Final = {
    34887: frozenset({'i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'f4', 'f8'}),
    34933: frozenset({'u1', 'u2'}),
}
"""Types that a scheme can hold, of LERC and PNG; real files have others cut into these."""
_LARGE_TILE: Final = 1 << 24
_MINISBLACK, _PALETTE, _MASK = 1, 3, 4
_COLOURS: Final = frozenset({2, 5, 6, 8, 9, 10})
"""Photometric interpretations of several samples."""


def lossless(page: Any) -> int:
    """Return a scheme that keeps samples: that of the page, or deflate where it loses some."""
    compression = int(page.compression)
    codec = codecs.get(compression)
    usable = compression == 1 or (codec is not None and codec.can_encode)
    bilevel = compression in (2, 3, 4)
    if compression in _TYPES and page.dtype.str[1:] not in _TYPES[compression]:
        return _DEFLATE
    if compression not in _LOSSLESS or not usable or (bilevel and page.dtype != bool):
        return _DEFLATE
    return compression


def described(image: Any) -> dict[str, Any]:
    """Return what the writer has to know of the samples of a series or page.

    Parameters:
        image: Series or page; its first page says what samples mean.
    """
    page = image.keyframe
    samples = page.samplesperpixel
    separate = int(page.planarconfig) == 2
    # What a damaged tag says and no writer can: samples are plain, resolutions without unit.
    known = int(page.photometric) if page.photometric in set(PHOTOMETRIC) else _MINISBLACK
    photometric = delivered_photometric(known, int(page.compression), samples, separate)
    found: dict[str, Any] = {'photometric': photometric}
    if photometric in _COLOURS and samples > 1:
        found['planarconfig'] = 2 if separate else 1
        found['extrasamples'] = [int(one) for one in page.extrasamples] or None
    elif samples > 1 and image.axes.endswith('S'):
        found['planarconfig'] = 1
        found['extrasamples'] = [int(one) for one in page.extrasamples] or [0] * (samples - 1)
    elif photometric == _PALETTE and np.ndim(page.colormap) == 2 and samples == 1:
        found['colormap'] = _colours(page)
    elif samples > 1 or photometric in (_PALETTE, _MASK):
        # Channels in planes: each becomes a page of its own.
        found['photometric'] = _MINISBLACK if page.dtype != bool else 0
    if page.iccprofile is not None:
        found['iccprofile'] = page.iccprofile
    found['resolution'] = page.resolution
    unit = page.resolutionunit
    found['resolutionunit'] = int(unit) if unit in set(RESUNIT) else 1
    return found


def _colours(page: Any) -> Any:
    """Return the colour map with as many colours as the type has indices, black where it ends."""
    colours = np.zeros((3, 1 << 8 * page.dtype.itemsize), np.uint16)
    known = page.colormap[:, : colours.shape[1]]
    colours[:, : known.shape[1]] = known
    return colours


def tile_of(page: Any) -> tuple[int, int] | None:
    """Return the length and width of a page's tiles, None if it has none worth keeping."""
    length, width = page.tilelength, page.tilewidth
    sensible = page.is_tiled and length % 16 == width % 16 == 0 and length * width <= _LARGE_TILE
    return (length, width) if sensible else None


def planes(image: Any, options: dict[str, Any], **reading: Any) -> Iterator[Any]:
    """Yield the planes that the writer makes pages of, in order.

    Parameters:
        image: Series or page.
        options: What `described` said.
        **reading: For `asarray`.
    """
    if not image.size:
        return
    # Samples that lie apart are planes of their own.
    axes = 3 if options.get('planarconfig') == 1 else 2
    lead = image.shape[: max(0, image.ndim - axes)]
    for index in np.ndindex(lead):
        yield image.asarray(selection=index or None, **reading)
