"""Levels of half size, made while the larger level is written.

Knows pixels, geometry and halving; writes through whoever called it. Memory holds a band of rows;
a level waits in a temporary file where it is large.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.geometry import Geometry

from .arguments import REDUCED, Kind, WriteArguments, rational
from .pixels import EmptyPixels, Item, Pixels, PixelSource
from .plan import ImagePlan
from .resample import Halver, Resampling
from .storedshape import StoredShape, sample_layout

__all__ = ['Halving', 'HalvingPixels', 'Level', 'level_count', 'level_shape', 'write_pyramid']

Array: TypeAlias = NDArray[Any]

MEMORY_BYTES = 1 << 26
SMALLEST = 256


def level_count(length: int, width: int, pyramid: bool | int, smallest: int = SMALLEST) -> int:
    """Return the number of levels below the full one.

    Parameters:
        length, width: Of the full level.
        pyramid: Number of levels; True for as many as it takes to fit ``smallest``.
        smallest: Largest side of the last level.

    Raises:
        ValueError: There are too many levels for the size.

    Example:
        >>> level_count(1000, 3000, True)
        4
    """
    possible = max(max(length, width, 1) - 1, 0).bit_length()
    if pyramid is True:
        count = 0
        while max(length, width) > smallest:
            length, width, count = -(-length // 2), -(-width // 2), count + 1
        return count
    if not 0 <= int(pyramid) <= possible:
        raise ValueError(f'pyramid: {pyramid} levels of {length} x {width} pixels are too many')
    return int(pyramid)


def level_shape(shape: tuple[int, ...], stored: StoredShape) -> tuple[int, ...]:
    """Return the shape of an array of half size.

    Example:
        >>> level_shape((2, 5, 6, 3), StoredShape(2, 1, 1, 5, 6, 3))
        (2, 3, 3, 3)
    """
    result = list(shape)
    last = len(result) - 1
    if stored.contig_samples > 1:
        last -= 1
    else:
        while last > 0 and result[last] == 1 and stored.width != 1:
            last -= 1
    result[last] = -(-stored.width // 2)
    if last > 0:
        result[last - 1] = -(-stored.length // 2)
    return tuple(result)


class Level:
    """Samples of one level, in memory or in a temporary file."""

    def __init__(self, stored: StoredShape, dtype: np.dtype[Any]) -> None:
        shape = stored.shape
        self._file = None
        nbytes = stored.size * dtype.itemsize
        self.data: Array
        if nbytes <= MEMORY_BYTES:
            self.data = np.zeros(shape, dtype)
        else:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
            self.data = np.memmap(self._file, dtype, 'w+', shape=shape)

    def close(self) -> None:
        """Free memory and file."""
        del self.data
        if self._file is not None:
            self._file.close()


class HalvingPixels:
    """Pixels that are halved while they are read.

    Parameters:
        pixels: What is read.
        plan: How it lies in pages.
        resampling: How to halve.
    """

    def __init__(self, pixels: Pixels, plan: ImagePlan, resampling: Resampling) -> None:
        stored = plan.stored
        if stored.depth > 1:
            raise ValueError('pyramid: volumes in one page cannot be halved')
        if isinstance(pixels, EmptyPixels):
            raise ValueError('pyramid: there are no pixels to halve')
        self._pixels = pixels
        self._stored = stored
        self._dtype = plan.storage.newbyteorder('=')
        self._resampling = resampling
        self.half = StoredShape(
            stored.frames,
            stored.separate_samples,
            1,
            -(-stored.length // 2),
            -(-stored.width // 2),
            stored.contig_samples,
            stored.extrasamples,
        )
        Halver(resampling, 1, self._dtype)  # refuses what cannot be halved
        self.level = Level(self.half, self._dtype)

    def planes(self, frame: int) -> Iterator[Array | None]:
        """Yield the samples of a page, halving them."""
        stored = self._stored
        row = stored.width * stored.contig_samples
        sink = _Rows(self, frame)
        rest = np.empty(0, self._dtype)
        for piece in self._pixels.planes(frame):
            if piece is not None:
                flat = np.concatenate([rest, piece.reshape(-1).astype(self._dtype, copy=False)])
                rows = len(flat) // row
                sink.push(flat[: rows * row].reshape(rows, stored.width, stored.contig_samples))
                rest = flat[rows * row :]
            yield piece

    def segments(self, frame: int, geometry: Geometry) -> Iterator[Item]:
        """Yield the segments of a page, halving what they hold."""
        stored = self._stored
        sink = _Rows(self, frame)
        band: Array | None = None
        for index, segment in enumerate(self._pixels.segments(frame, geometry)):
            if segment is not None and not isinstance(segment, np.ndarray):
                raise ValueError('pyramid: encoded segments cannot be halved')
            _, _, _, x = geometry.position(index)
            _, length, width, _ = geometry.extent(index)
            if band is None or x == 0:
                band = np.zeros((length, stored.width, stored.contig_samples), self._dtype)
            if segment is not None:
                band[:, x : x + width] = segment[0, :length, :width]
            if x + width >= stored.width:
                sink.push(band)
            yield segment


class _Rows:
    """Takes the rows of all planes of a page in order, and writes the halved ones."""

    def __init__(self, owner: HalvingPixels, frame: int) -> None:
        self._owner = owner
        self._frame = frame
        self._plane = 0
        self._row = 0
        self._out = 0
        self._halver = self._new()

    def _new(self) -> Halver:
        owner = self._owner
        return Halver(owner._resampling, owner._stored.length, owner._dtype)

    def push(self, rows: Array) -> None:
        """Take rows, of one plane or more."""
        owner = self._owner
        length = owner._stored.length
        while len(rows):
            take = min(len(rows), length - self._row)
            half = self._halver.push(rows[:take])
            target = owner.level.data[self._frame, self._plane, 0]
            target[self._out : self._out + len(half)] = half
            self._out += len(half)
            self._row += take
            rows = rows[take:]
            if self._row == length:
                self._plane += 1
                self._row = self._out = 0
                self._halver = self._new()


Write: TypeAlias = Callable[
    [PixelSource, WriteArguments, 'Callable[[Pixels, ImagePlan], Pixels] | None'],
    'tuple[int, int] | None',
]


def write_pyramid(
    write: Write,
    source: PixelSource,
    arguments: WriteArguments,
    pyramid: bool | int,
    resampling: Resampling,
    reduced: Literal['subifds', 'pages'],
    kind: Kind,
) -> tuple[int, int] | None:
    """Write an array and its levels of half size.

    Parameters:
        write: Writes one array; its third argument may wrap the pixels.
        source: The array.
        arguments: Those of the full level; others repeat them but for what is written once.
        pyramid: Number of levels, True until they are small.
        resampling: How to halve.
        reduced: Where levels go.
        kind: Flavour of the file.

    Raises:
        ValueError: The pixels cannot be halved, or arguments contradict each other.
    """
    if reduced not in ('subifds', 'pages'):
        raise ValueError(f"reduced: {reduced!r} is neither 'subifds' nor 'pages'")
    if kind == 'imagej':
        raise ValueError('pyramid: ImageJ does not know levels')
    if kind == 'ome' and reduced == 'pages':
        raise ValueError("reduced: levels of OME-TIFF are 'subifds', pages would be images")
    if arguments.subifds or arguments.contiguous or arguments.truncate:
        raise ValueError('pyramid: cannot be used with subifds, contiguous or truncate')
    if not arguments.tile and arguments.rowsperstrip is None:
        arguments = replace(arguments, tile=(SMALLEST, SMALLEST))
    smallest = max(arguments.tile[-2:], default=SMALLEST)
    halving = Halving(resampling, pyramid, smallest)
    plan = halving.peek(source, arguments)
    base = replace(arguments, subifds=plan if reduced == 'subifds' else 0)
    where = write(source, base, halving.wrap if plan else None)
    try:
        for level in range(plan):
            small, options = halving.next_level(arguments)
            write(small, options, halving.wrap if level + 1 < plan else None)
    finally:
        halving.close()
    return where


def _axes_only(metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what levels repeat of the description: by equal axes readers know them as levels.

    They take a described image for a level only if its depth is less, too. Levels as deep as their
    image are known by having no description.
    """
    if metadata is None or 'Z' in str(metadata.get('axes', '')):
        return None
    return {key: value for key, value in metadata.items() if key == 'axes'}


class Halving:
    """What is carried from one level to the next."""

    def __init__(self, resampling: Resampling, pyramid: bool | int, smallest: int) -> None:
        self._resampling = resampling
        self._pyramid = pyramid
        self._smallest = smallest
        self._pixels: HalvingPixels | None = None
        self._plan: ImagePlan | None = None
        self._width = 0
        self._spent: list[Level] = []

    def peek(self, source: PixelSource, arguments: WriteArguments) -> int:
        """Return the number of levels below the full one."""
        layout = sample_layout(
            source.shape,
            itemsize=source.dtype.itemsize,
            dtypekind=source.dtype.kind,
            kind='shaped',
            photometric=arguments.photometric,
            planarconfig=arguments.planarconfig,
            extrasamples=arguments.extrasamples,
            volumetric=arguments.volumetric,
            palette=arguments.colormap is not None,
        )
        stored = layout.stored
        return level_count(stored.length, stored.width, self._pyramid, self._smallest)

    def wrap(self, pixels: Pixels, plan: ImagePlan) -> Pixels:
        """Halve pixels while they are written."""
        self._pixels = HalvingPixels(pixels, plan, self._resampling)
        self._plan = plan
        self._width = self._width or plan.stored.width
        self._spent.append(self._pixels.level)
        return self._pixels

    def next_level(self, arguments: WriteArguments) -> tuple[PixelSource, WriteArguments]:
        """Return the level made last, and how to write it."""
        pixels, plan = self._pixels, self._plan
        assert pixels is not None
        assert plan is not None
        for level in self._spent[:-1]:
            level.close()
        del self._spent[:-1]
        shape = level_shape(plan.shape, plan.stored)
        data = pixels.level.data.reshape(shape)
        scale = Fraction(pixels.half.width, self._width)
        resolution = arguments.resolution
        if arguments.has_resolution:
            x, y = (rational(Fraction(*value) * scale, 'resolution') for value in resolution)
            resolution = (x, y)
        options = replace(
            arguments,
            photometric=plan.colour,
            planarconfig=plan.stored.planarconfig,
            extrasamples=plan.extrasamples or False,
            subfiletype=(arguments.subfiletype or 0) | REDUCED,
            resolution=resolution,
            description=None,
            extratags=(),
            subifds=0,
            metadata=_axes_only(arguments.metadata),
        )
        return PixelSource(data, shape, data.dtype, ''), options

    def close(self) -> None:
        """Free all levels."""
        for level in self._spent:
            level.close()
