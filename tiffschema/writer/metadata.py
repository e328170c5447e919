"""Descriptions of series in the three flavours that have one: shaped, ImageJ, OME.

Knows texts and shapes; neither directories nor bytes of pixels. A description says how many pages
belong to a series, so that it is brought up to date as pages are added.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from tiffschema.model.descriptions import imagej_description, imagej_shape, shaped_description

from .arguments import WriteArguments
from .storedshape import PHOTOMETRIC_SAMPLES, SampleLayout, StoredShape

__all__ = [
    'IMAGEJ_SLACK',
    'SHAPED_SLACK',
    'Description',
    'ImageJDescription',
    'ShapedDescription',
    'imagej_layout',
]

SHAPED_SLACK = 16
IMAGEJ_SLACK = 64
KEPT_TEXTS = 32
IMAGEJ_TYPES = ('uint8', 'uint16', 'int16', 'float32')
AXES = 'TZCYXS'


class Description(Protocol):
    """A text that depends on how often a series was written to."""

    slack: int

    def text(self, count: int) -> bytes:
        """Return the text for a number of `write` calls, without NUL."""


class ShapedDescription:
    """JSON with the shape of the array.

    Parameters:
        shape: Shape of one array.
        metadata: Further items.
        truncated: Only the first directory exists.
    """

    slack = SHAPED_SLACK

    def __init__(
        self, shape: tuple[int, ...], metadata: Mapping[str, Any], *, truncated: bool
    ) -> None:
        self._shape = shape
        self._metadata = dict(metadata)
        self._truncated = truncated

    def text(self, count: int) -> bytes:
        """Return the JSON text."""
        shape = self._shape if count == 1 else (count, *self._shape)
        metadata = dict(self._metadata)
        if self._truncated:
            metadata['truncated'] = True
        axes = metadata.get('axes')
        if count > 1 and isinstance(axes, str) and len(axes) == len(self._shape):
            metadata['axes'] = ('I' if 'Q' in axes else 'Q') + axes
        return _json(shape, metadata)

    def part(self, stored: StoredShape, frames: int) -> bytes:
        """Return the JSON text for the first pages of an array.

        Parameters:
            stored: How the whole array lies in pages.
            frames: How many of them there are.
        """
        page = with_frames(stored, 1).squeezed
        metadata = dict(self._metadata)
        axes = metadata.pop('axes', None)
        if isinstance(axes, str) and len(axes) == len(self._shape) and self._ends_as(page):
            last = axes[len(axes) - len(page) :]
            metadata['axes'] = ('I' if 'Q' in last else 'Q') + last
        return _json((frames, *page), metadata)

    def _ends_as(self, page: tuple[int, ...]) -> bool:
        return self._shape[len(self._shape) - len(page) :] == page


def _json(shape: tuple[int, ...], metadata: Mapping[str, Any]) -> bytes:
    try:
        return shaped_description(shape, **metadata).encode('ascii')
    except (TypeError, ValueError) as error:
        raise TypeError(f'metadata: JSON cannot hold it: {error}') from None


class ImageJDescription:
    """ImageJ's lines of ``key=value``.

    Parameters:
        shape: Shape of one array.
        axes: Its axes, None to align it with ZCYX from the right.
        rgb: The last axis holds samples.
        colormapped: There is a colormap.
        metadata: Further items; those of tag IJMetadata are not for the text.
    """

    slack = IMAGEJ_SLACK

    def __init__(
        self,
        shape: tuple[int, ...],
        axes: str | None,
        *,
        rgb: bool,
        colormapped: bool,
        metadata: Mapping[str, Any],
    ) -> None:
        self._shape = shape
        self._axes = axes
        self._rgb = rgb
        self._colormapped = colormapped
        self._metadata = dict(metadata)
        self._texts: dict[int, bytes] = {}

    def text(self, count: int) -> bytes:
        """Return the lines."""
        found = self._texts.get(count)
        if found is None:
            if len(self._texts) >= KEPT_TEXTS:
                self._texts.clear()
            found = self._texts[count] = self._lines(count)
        return found

    def _lines(self, count: int) -> bytes:
        shape, axes = self._shape, self._axes
        if count > 1:
            shape = (count, *shape)
            if axes is not None:
                before = AXES[: AXES.index(axes[0].upper())]
                if not before:
                    raise ValueError(f'contiguous: axes {axes} leave no axis for further arrays')
                axes = before[0] + axes
        text = imagej_description(
            shape, axes, rgb=self._rgb, colormapped=self._colormapped, **self._metadata
        )
        return text.encode('latin-1', 'backslashreplace')


def imagej_layout(
    shape: tuple[int, ...], dtype: np.dtype[Any], arguments: WriteArguments
) -> tuple[SampleLayout, str | None, bool]:
    """Return how an array lies in pages, its axes, and whether it is RGB.

    Raises:
        ValueError: ImageJ cannot store it so.
    """
    if dtype.name not in IMAGEJ_TYPES:
        raise ValueError(f'dtype: ImageJ cannot store samples of type {dtype}')
    if arguments.volumetric or (len(arguments.tile) == 3 and arguments.tile[0] > 1):
        raise ValueError('volumetric: ImageJ does not know volumes in one page')
    if arguments.subifds:
        raise ValueError('subifds: ImageJ does not know SubIFDs')
    if arguments.planarconfig == 2:
        raise ValueError('planarconfig: ImageJ does not store samples apart')
    metadata = arguments.metadata or {}
    axes = metadata.get('axes')
    photometric = arguments.photometric
    if axes is not None:
        rgb = None
    elif photometric is None:
        rgb = dtype == np.uint8 and len(shape) > 2 and shape[-1] in (3, 4)
        rgb = rgb and arguments.colormap is None
    else:
        rgb = photometric == 2
    t, z, c, y, x, s = imagej_shape(shape, rgb=rgb, axes=axes)
    rgb = s in (3, 4)
    if rgb and dtype != np.uint8:
        raise ValueError(f'dtype: ImageJ stores RGB as uint8, not {dtype}')
    if photometric is None:
        photometric = 2 if rgb else 3 if arguments.colormap is not None else 1
    if PHOTOMETRIC_SAMPLES.get(photometric, 1) > 1 and photometric != 2:
        raise ValueError(f'photometric: ImageJ does not know {photometric}')
    if rgb != (photometric == 2):
        raise ValueError(f'photometric: {photometric} does not fit {s} samples in ImageJ')
    stored = StoredShape(t * z * c, 1, 1, y, x, s, s - 3 if rgb else 0)
    extra = (2,) if s == 4 else ()
    return SampleLayout(stored, photometric, stored.planarconfig, extra), axes, rgb


def with_frames(stored: StoredShape, frames: int) -> StoredShape:
    """Return a stored shape with another number of pages."""
    return StoredShape(frames, *stored.page_shape, stored.extrasamples)


def warn_ignored(argument: str, reason: str) -> None:
    """Tell the caller that an argument has no effect."""
    warnings.warn(f'{argument} is ignored: {reason}', UserWarning, stacklevel=4)
