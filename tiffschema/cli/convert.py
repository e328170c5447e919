"""``tiffschema convert``: the images of a file in a new one, encoded as asked.

Knows series and the arguments of the writer. Planes are read and written one by one, so that a file
may be larger than memory.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from tiffschema.errors import TiffSchemaError, UnsupportedError
from tiffschema.model.axes import transpose_axes
from tiffschema.runtime.file import TiffFile
from tiffschema.writer.tiffwriter import TiffWriter

from .copying import described, lossless, planes, tile_of
from .program import CommandError, UsageError, checked_index, command_error

__all__ = ['convert', 'run']

_LARGE = 1 << 31
"""Bytes of samples from which offsets of 64 bits are used."""
_ORDER = {'imagej': 'TZCYXS', 'ome': 'TZCYXS'}


def run(arguments: argparse.Namespace) -> int:
    """Convert a file."""
    if os.path.exists(arguments.target):
        if not arguments.force:
            raise CommandError(f'{arguments.target} is there; give --force to replace it')
        if os.path.samefile(arguments.file, arguments.target):
            raise UsageError('source and target are the same file')
    try:
        with TiffFile(arguments.file) as tif:
            count = convert(tif, arguments.target, arguments)
    except (OSError, ValueError, TiffSchemaError, CommandError) as error:
        raise command_error(arguments.file, error) from None
    size = os.path.getsize(arguments.target)
    print(f'{arguments.target}: {count} series, {size} bytes')
    return 0


def convert(tif: TiffFile, target: str, arguments: argparse.Namespace) -> int:
    """Write the series of a file into a new file; return their number.

    Parameters:
        tif: The source.
        target: Path of the new file.
        arguments: What the command was given.

    Raises:
        ValueError: The writer cannot store the samples so; says why.
        FormatError: The source is damaged.
    """
    chosen = list(tif.series)
    if arguments.series is not None:
        chosen = [chosen[checked_index(arguments.series, len(chosen), 'series')]]
    if not chosen:
        raise CommandError('there are no images')
    kind = arguments.kind or ('ome' if '.ome.' in os.path.basename(target).lower() else 'shaped')
    big = arguments.bigtiff
    if not big:
        big = sum(_level(one, arguments).nbytes for one in chosen) > _LARGE
    with TiffWriter(
        target, kind=kind, bigtiff=big, byteorder=arguments.byteorder, _stream=False
    ) as writer:
        for series in chosen:
            _write(writer, series, kind, arguments)
    return len(chosen)


def _level(series: Any, arguments: argparse.Namespace) -> Any:
    return series.levels[checked_index(arguments.level, len(series.levels), 'level')]


def _write(writer: TiffWriter, series: Any, kind: str, arguments: argparse.Namespace) -> None:
    image = _level(series, arguments)
    if image.dtype is None:
        raise UnsupportedError(f'{image.keyframe.path}: samples of this type are not known')
    image.keyframe.geometry.check(image.keyframe.parent.limits)
    options = {**described(image), **_encoding(image, arguments)}
    axes, shape = image.axes, image.shape
    if kind in _ORDER:
        # These know six axes: what is only a sequence of pages is taken as time.
        axes = ''.join('T' if one in 'IQR' and 'T' not in axes else one for one in axes)
        data: Any = transpose_axes(image.asarray(), axes, _ORDER[kind])
        axes, shape = _ORDER[kind], data.shape
        if shape[-1] == 1:
            data, axes, shape = data[..., 0], axes[:-1], shape[:-1]
        options.pop('planarconfig', None)
    elif arguments.pyramid:
        data = image.asarray()
    else:
        data = planes(image, options)
    writer.write(
        data, shape=shape, dtype=image.dtype, metadata=_metadata(series, kind, axes),
        pyramid=arguments.pyramid, **options,
    )  # fmt: skip


def _encoding(image: Any, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return how samples are to be stored."""
    page = image.keyframe
    compression = arguments.compression
    found: dict[str, Any] = {
        'compression': lossless(page) if compression is None else compression,
    }
    if arguments.quality is not None:
        found['compressionargs'] = {'level': arguments.quality}
    if arguments.predictor:
        found['predictor'] = True
    if arguments.tile:
        found['tile'] = tuple(arguments.tile)
    elif tile_of(page):
        found['tile'] = tile_of(page)
    return found


def _metadata(series: Any, kind: str, axes: str) -> dict[str, Any] | None:
    """Return what is kept of the series: axes, its name, and sizes of pixels."""
    if kind == 'generic':
        return None
    found: dict[str, Any] = {'axes': axes}
    mpp = series.mpp
    if kind == 'ome':
        if series.name:
            found['Name'] = series.name
        if mpp:
            found |= {'PhysicalSizeX': mpp[0], 'PhysicalSizeY': mpp[1]}
            found |= {'PhysicalSizeXUnit': 'µm', 'PhysicalSizeYUnit': 'µm'}
    elif kind == 'imagej':
        if mpp:
            found['unit'] = 'um'
        step = series.coord_scales.get('Z')
        if step and mpp:
            found['spacing'] = step
    elif series.name:
        found['name'] = series.name
    return found
