"""From pages to colours: the tags that `tiffschema.codecs.colour` asks for, by name.

This module knows tags; what to do with their values the codecs know.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.colour import delivered_photometric, to_rgb
from tiffschema.codecs.colour.bands import by_bands, row_bands
from tiffschema.errors import FormatError, UnsupportedError

__all__ = ['TagParameters', 'page_asrgb', 'series_asrgb']

Array = NDArray[Any]

_ALPHA = frozenset((1, 2))


class TagParameters(Mapping[str, Any]):
    """Values of tags by lower-case name; those of raw images may stand on the first page (DNG).

    Parameters:
        page: A page; frames give the tags of their key frame.
    """

    def __init__(self, page: Any) -> None:
        self._where: dict[str, tuple[Any, int]] = {}
        pages = [page.keyframe]
        first = page.parent.pages.first
        if page.is_subifd:
            pages.append(first)
        for each in pages:
            for tag in each.tags:
                for name in tag.name.lower().split('/'):
                    self._where.setdefault(name, (each, tag.code))

    def __getitem__(self, name: str) -> Any:
        page, code = self._where[name]
        return page.tags.valueof(code)

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


def page_asrgb(
    page: Any,
    *,
    uint8: bool = False,
    alpha: Container[int] | None = None,
    orientation: bool = True,
    profile: bool = False,
    **kwargs: Any,
) -> Array:
    """Return the image of a page as RGB or RGBA.

    Parameters:
        page: Page or frame.
        uint8: Scale samples to 0 to 255.
        alpha: Kinds of extra samples that are taken as alpha, by default 1 and 2.
        orientation: Turn the image as tag 274 says.
        profile: Apply the ICC profile of the page.
        **kwargs: For `TiffPage.asarray`.

    Raises:
        FormatError: The page has no image.
        UnsupportedError: There is no conversion.
    """
    return _converted(page, page.asarray(**kwargs), uint8, alpha, orientation, profile)


def series_asrgb(
    series: Any,
    *,
    uint8: bool = False,
    alpha: Container[int] | None = None,
    orientation: bool = True,
    profile: bool = False,
    **kwargs: Any,
) -> Array:
    """Return the image of a series as RGB or RGBA, page by page.

    Parameters:
        series: Its pages share a photometric interpretation.
        uint8, alpha, orientation, profile: As for `page_asrgb`.
        **kwargs: For `TiffPageSeries.asarray`.

    Raises:
        FormatError: A page has no image.
        UnsupportedError: There is no conversion, or samples were transformed.
    """
    level = kwargs.pop('level', None)
    if level:
        series = series.levels[level]
    page = series.keyframe
    if series.transform is not None:
        raise UnsupportedError(f'series of kind {series.kind}: its samples are no colours')
    array = series.asarray(**kwargs)
    page_shape = page.shape
    if array.size != series.size:
        raise UnsupportedError('colours of a part of a series; convert the part of a page')
    frames = array.reshape(-1, *page_shape)
    first = _converted(page, frames[0], uint8, alpha, orientation, profile)
    if len(frames) == 1:
        return first
    converted = np.empty((len(frames), *first.shape), first.dtype)
    converted[0] = first
    for index, frame in enumerate(frames[1:], 1):
        converted[index] = _converted(page, frame, uint8, alpha, orientation, profile)
    return converted


def _converted(
    page: Any,
    array: Array,
    uint8: bool,
    alpha: Container[int] | None,
    orientation: bool,
    profile: bool,
) -> Array:
    geometry = page.keyframe.geometry
    if not page.shape:
        raise FormatError('the page has no image', page.path, page.offset)
    parameters = TagParameters(page)
    wanted = _ALPHA if alpha is None else alpha
    planar = geometry.planarconfig == 2
    result = to_rgb(
        array,
        photometric=delivered_photometric(
            geometry.photometric, geometry.compression, geometry.samplesperpixel, planar
        ),
        bitspersample=geometry.bitspersample,
        sampleformat=geometry.sampleformat,
        extrasamples=tuple(kind if kind in wanted else 0 for kind in geometry.extrasamples),
        planarconfig=geometry.planarconfig,
        samplesperpixel=max(geometry.samplesperpixel, 1),
        orientation=_orientation(parameters) if orientation else 1,
        parameters=parameters,
        profile=parameters.get('intercolorprofile') if profile else None,
    )
    return _as_uint8(result) if uint8 else result


def _orientation(parameters: TagParameters) -> int:
    value = parameters.get('orientation', 1)
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def _as_uint8(rgb: Array) -> Array:
    """Return colours scaled to 0 to 255; floats from their finite range."""
    if rgb.dtype == np.uint8:
        return rgb
    if rgb.dtype.kind in 'ui':
        top = int(np.iinfo(rgb.dtype).max)
        return by_bands(
            rgb, lambda band: ((band.astype('u4') * 255 + top // 2) // top).astype('u1')
        )

    def finite(band: Array) -> Array:
        return np.nan_to_num(band, nan=0.0, posinf=1.0, neginf=0.0)

    high = max((float(finite(rgb[i]).max(initial=0.0)) for i in row_bands(rgb.shape)), default=0.0)

    def shown(band: Array) -> Array:
        scaled = finite(band)
        if high > 1.0:
            scaled = scaled / high
        return (np.clip(scaled, 0, 1) * 255 + 0.5).astype('u1')

    return by_bands(rgb, shown)
