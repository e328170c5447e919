"""Descriptions that this library writes itself: shaped JSON and ImageJ hyperstacks, both ways.

Knows shapes, axes and texts; neither files nor pixels. The syntax of the texts is declared in
schemas, what stands here is which lines a shape asks for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from tiffschema.errors import FormatError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.types import Faults

from . import catalog
from .text import parse_json

__all__ = [
    'IMAGEJ_AXES',
    'imagej_description',
    'imagej_shape',
    'parse_imagej_description',
    'parse_shaped_description',
    'shaped_description',
]

IMAGEJ_AXES: Final = 'TZCYXS'
_IMAGEJ_VERSION: Final = '1.11a'
_LEGACY: Final = r'shape=\(\s*([0-9,\s]*)\)\s*\Z'
# Lines which follow from the shape; users cannot say otherwise.
_DERIVED: Final = frozenset({'images', 'channels', 'slices', 'frames', 'scifio'})


def shaped_description(shape: Sequence[int], /, **metadata: Any) -> str:
    """Return the JSON description of an array, its shape first.

    Parameters:
        shape: Shape of the array as given by the user.
        **metadata: What else to keep: ``axes``, ``name``, ``truncated``, and anything JSON can
        hold.

    Raises:
        TypeError: JSON cannot hold a value.

    Example:
        >>> shaped_description((2, 3), axes='YX')
        '{"shape": [2, 3], "axes": "YX"}'
    """
    metadata.pop('shape', None)
    return json.dumps({'shape': [int(size) for size in shape], **metadata})


def parse_shaped_description(text: str, /, *, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Return what a shaped description says; the old form ``shape=(2, 3)`` is known too.

    Raises:
        FormatError: The text is neither.

    Example:
        >>> parse_shaped_description('shape=(2, 3)')
        {'shape': (2, 3)}
    """
    legacy = re.match(_LEGACY, text[:4096]) if text.startswith('shape=') else None
    if legacy is not None:
        sizes = [size for size in legacy[1].replace(' ', '').split(',') if size]
        if all(len(size) < 20 for size in sizes):
            return {'shape': tuple(int(size) for size in sizes)}
    if text.startswith('{'):
        value = parse_json(text.rstrip('\0 \n'), limits=limits)
        if isinstance(value, dict):
            return value
    raise FormatError(f'{text[:40]!r} is no shaped description', 'text.shaped')


def imagej_shape(
    shape: Sequence[int], /, *, rgb: bool | None = None, axes: str | None = None
) -> tuple[int, ...]:
    """Return the shape of an ImageJ hyperstack, six sizes for the axes TZCYXS.

    Parameters:
        shape: Shape of the array, 1 to 6 dimensions.
        rgb: The last axis is colour; guessed if None and no axes are given.
        axes: Letters of the array's axes, in the order of TZCYXS.

    Raises:
        ValueError: The array is no hyperstack; says why.

    Example:
        >>> imagej_shape((3, 5, 6)), imagej_shape((5, 6, 3)), imagej_shape((2, 5, 6), axes='TYX')
        ((1, 1, 3, 5, 6, 1), (1, 1, 1, 5, 6, 3), (2, 1, 1, 5, 6, 1))
    """
    sizes = tuple(int(size) for size in shape)
    if not 1 <= len(sizes) <= 6:
        raise ValueError(f'shape {sizes}: an ImageJ hyperstack has 1 to 6 dimensions')
    if axes is not None:
        axes = axes.upper()
        if len(axes) != len(sizes):
            raise ValueError(f'axes {axes!r} do not match shape {sizes}')
        places = [IMAGEJ_AXES.find(axis) for axis in axes]
        if -1 in places or places != sorted(set(places)):
            raise ValueError(f'axes {axes!r}: ImageJ hyperstack axes come in the order TZCYXS')
        full = [1] * 6
        for place, size in zip(places, sizes, strict=True):
            full[place] = size
        result = tuple(full)
    else:
        if rgb is None:
            rgb = len(sizes) > 2 and sizes[-1] in (3, 4)
        if not rgb and (sizes[-1] != 1 or len(sizes) < 3):
            sizes = (*sizes, 1)
            if len(sizes) > 6:
                raise ValueError(f'shape {sizes[:-1]}: an ImageJ hyperstack of 6 has 1 sample')
        result = (1,) * (6 - len(sizes)) + sizes
        if rgb and result[-1] == 1:
            raise ValueError(f'shape {sizes}: an RGB hyperstack has 3 or 4 samples')
    if result[-1] not in (1, 3, 4):
        raise ValueError(f'shape {sizes}: an ImageJ hyperstack has 1, 3, or 4 samples')
    return result


def imagej_description(
    shape: Sequence[int],
    /,
    axes: str | None = None,
    *,
    rgb: bool | None = None,
    colormapped: bool = False,
    **metadata: Any,
) -> str:
    """Return the description of an ImageJ hyperstack.

    Parameters:
        shape: Shape of the array.
        axes: Letters of its axes, of TZCYXS.
        rgb: The last axis is colour.
        colormapped: Pixels are shown through a palette.
        **metadata: Further lines; ``hyperstack``, ``mode``, ``loop`` and ``ImageJ`` override what
            follows from the shape. Numbers of images are not taken.

    Raises:
        ValueError: The array is no hyperstack, or a text holds a newline.

    Example:
        >>> imagej_description((3, 5, 6)).splitlines()
        ['ImageJ=1.11a', 'images=3', 'channels=3', 'hyperstack=true', 'mode=grayscale']
    """
    if colormapped:
        rgb = False
    frames, slices, channels, *_, samples = imagej_shape(shape, rgb=rgb, axes=axes)
    rest = {key.lower(): value for key, value in metadata.items()}
    version = rest.pop('imagej', None) or _IMAGEJ_VERSION
    hyperstack = rest.pop('hyperstack', None)
    mode = rest.pop('mode', None)
    loop = rest.pop('loop', None)
    if hyperstack is None or colormapped:
        hyperstack = not colormapped
    if mode is None and samples == 1 and not colormapped:
        mode = 'grayscale'
    if loop is None and frames > 1:
        loop = False
    lines: dict[str, Any] = {'ImageJ': version, 'images': frames * slices * channels}
    lines |= {
        name: size
        for name, size in (('channels', channels), ('slices', slices), ('frames', frames))
        if size > 1
    }
    lines['hyperstack'] = bool(hyperstack)
    if hyperstack and mode is not None:
        lines['mode'] = str(mode)
    if loop is not None:
        lines['loop'] = bool(loop)
    for name, value in rest.items():
        if name not in _DERIVED:
            lines[name] = value if isinstance(value, bool | int | float | str) else str(value)
    text: str = _imagej().build(lines, exact=False)
    return text


def parse_imagej_description(
    text: str | bytes, /, faults: Faults | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """Return the lines of an ImageJ description by name.

    Raises:
        FormatError: The text does not begin as such descriptions do.

    Example:
        >>> parse_imagej_description('ImageJ=1.53t\\nimages=2\\nloop=false')
        {'ImageJ': '1.53t', 'images': 2, 'loop': False}
    """
    grammar = _imagej()
    if not grammar.matches(text):
        raise FormatError(f'{text[:40]!r} is no ImageJ description', 'text.imagej')
    values: dict[str, Any] = grammar.parse(text, faults, limits=limits)
    return values


def _imagej() -> Any:
    return catalog.view('vendor/imagej').texts['imagej']
