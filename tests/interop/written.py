"""The matrix of files that we write: layout x type x compression x predictor x order x offsets.

Rule: what is combined is said here in tables; what another reader supports is its own business.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema import imwrite
from tiffschema.testing.codings import ALL_TYPES, CODINGS

Array = NDArray[Any]
Shape = tuple[int, ...]

BY_BYTES = tuple(coding.name for coding in CODINGS.values() if coding.of_bytes)
BY_IMAGE = tuple(coding.name for coding in CODINGS.values() if not coding.of_bytes)
BITS = (1, 2, 4, 7, 9, 12, 15, 20, 31)


@dataclass(frozen=True)
class Layout:
    """How pages are cut, and what their samples mean."""

    name: str
    shape: Shape
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        if self.options.get('planarconfig') == 'separate':
            return self.shape[-3]
        return self.shape[-1] if 'rgb' in self.name or 'contig' in self.name else 1

    @property
    def planar(self) -> bool:
        """Whether samples lie apart."""
        return self.options.get('planarconfig') == 'separate'


GRAY: dict[str, Any] = {'photometric': 'minisblack'}
COLOUR: dict[str, Any] = {'photometric': 'rgb'}
APART: dict[str, Any] = {'photometric': 'rgb', 'planarconfig': 'separate'}
LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout('page', (37, 53), GRAY),
        Layout('strips', (37, 53), GRAY | {'rowsperstrip': 7}),
        Layout('tiles', (37, 53), GRAY | {'tile': (16, 32)}),
        Layout('one tile', (32, 48), GRAY | {'tile': (32, 48)}),
        Layout('pages', (3, 37, 53), GRAY),
        Layout('tiled pages', (2, 37, 53), GRAY | {'tile': (32, 16)}),
        Layout('rgb', (37, 53, 3), COLOUR),
        Layout('rgb tiles', (37, 53, 3), COLOUR | {'tile': (16, 32)}),
        Layout('rgba strips', (37, 53, 4), COLOUR | {'rowsperstrip': 10}),
        Layout('contig 2', (37, 53, 2), GRAY | {'planarconfig': 'contig'}),
        Layout('rgb contig 5', (37, 53, 5), COLOUR | {'tile': (16, 16)}),
        Layout('planes', (3, 37, 53), APART),
        Layout('planes in strips', (3, 37, 53), APART | {'rowsperstrip': 8}),
        Layout('planes in tiles', (2, 4, 37, 53), APART | {'tile': (16, 16)}),
        Layout('volume', (5, 20, 33), GRAY | {'volumetric': True}),
        Layout('volume in tiles', (5, 20, 33), GRAY | {'volumetric': True, 'tile': (3, 16, 16)}),
        Layout('mask', (37, 53), {'subfiletype': 4}),
    )
}
FILES: tuple[dict[str, Any], ...] = (
    {'byteorder': '<'},
    {'byteorder': '>'},
    {'bigtiff': True, 'byteorder': '<'},
    {'bigtiff': True, 'byteorder': '>'},
)
"""Byte order and size of offsets; they take turns."""


@dataclass(frozen=True)
class Written:
    """One file of the matrix."""

    layout: Layout
    dtype: str
    compression: str = ''
    predictor: int = 1
    bits: int = 0
    file: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        file = ['bigtiff'] * bool(self.file.get('bigtiff')) + [self.order]
        words = [self.layout.name, self.dtype, self.compression, *file]
        words += [f'predictor {self.predictor}'] if self.predictor != 1 else []
        words += [f'{self.bits} bits'] if self.bits else []
        return ', '.join(word for word in words if word)

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of `imwrite`."""
        options = {**self.layout.options, **self.file}
        if self.compression:
            options['compression'] = self.compression
        if self.predictor != 1:
            options['predictor'] = self.predictor
        if self.bits:
            options['bitspersample'] = self.bits
        if self.arguments:
            options['compressionargs'] = self.arguments
        return options

    @property
    def order(self) -> str:
        """Byte order of the file."""
        return str(self.file.get('byteorder', '<'))

    @property
    def array(self) -> Array:
        """The samples: some smooth, some noise, and the ends of the type's range."""
        return samples(self.layout.shape, self.dtype, self.bits)

    def bytes(self, **more: Any) -> bytes:
        """The file."""
        stream = io.BytesIO()
        imwrite(stream, self.array, **{**self.options, **more})
        return stream.getvalue()


def samples(shape: Shape, dtype: str, bits: int = 0) -> Array:
    """Return an array that exercises a type."""
    rng = np.random.default_rng(len(shape))
    kind = np.dtype(dtype)
    if dtype == '?':
        return rng.random(shape) > 0.5
    if kind.kind in 'ui':
        info = np.iinfo(kind)
        top = (1 << bits) - 1 if bits else int(info.max)
        array = rng.integers(info.min, top, shape, kind, endpoint=True)
        array.reshape(-1)[::3] = np.arange(array.reshape(-1)[::3].size) % min(top, 100)
        array.reshape(-1)[:2] = info.min, top
        return array
    if kind.kind == 'c':
        part = samples(shape, f'f{kind.itemsize // 2}')
        return (part + 1j * part[..., ::-1]).astype(kind)
    array = (rng.standard_normal(shape) * 100).astype(kind)
    array.reshape(-1)[:3] = np.finfo(kind).max, np.finfo(kind).tiny, -0.0
    return array


def fits(layout: Layout, dtype: str) -> bool:
    """Whether a layout can hold samples of a type."""
    if layout.name == 'mask':
        return dtype == '?'
    return dtype != '?' or layout.options.get('photometric') != 'rgb'


def plain() -> Iterator[Written]:
    """Files without compression, and with packed samples."""
    for layout in LAYOUTS.values():
        for dtype in ALL_TYPES:
            if fits(layout, dtype):
                yield from (Written(layout, dtype, file=file) for file in FILES)
        for bits, file in zip(BITS, cycle(FILES), strict=False):
            if layout.name != 'mask':
                dtype = 'u1' if bits < 9 else 'u2' if bits < 17 else 'u4'
                yield Written(layout, dtype, bits=bits, file=file)


def by_bytes(compression: str) -> Iterator[Written]:
    """Files with a compression of bytes: each predictor of each type in each layout."""
    files = cycle(FILES)
    arguments = dict(CODINGS[compression].arguments)
    for layout in LAYOUTS.values():
        for dtype in ALL_TYPES:
            if not fits(layout, dtype):
                continue
            for predictor in CODINGS[compression].predictors(dtype):
                yield Written(
                    layout, dtype, compression, predictor, file=next(files), arguments=arguments
                )
        next(files)  # so that types meet all kinds of files


def by_image(compression: str) -> Iterator[Written]:
    """Files with a compression of images that loses nothing."""
    coding = CODINGS[compression]
    arguments = dict(coding.arguments)
    files = cycle(FILES)
    for layout in LAYOUTS.values():
        if layout.options.get('volumetric'):
            continue
        contiguous = 1 if layout.planar else layout.samples
        for dtype in coding.dtypes:
            if fits(layout, dtype) and coding.keeps(dtype, contiguous):
                file = next(files)
                if compression == 'lerc' and dtype[0] == 'f':
                    # Big-endian files hold swapped samples: as floats these may be no numbers.
                    file = file | {'byteorder': '<'}
                yield Written(layout, dtype, compression, file=file, arguments=arguments)


def matrix() -> Iterator[Written]:
    """All files of the matrix."""
    yield from plain()
    for compression in BY_BYTES:
        yield from by_bytes(compression)
    for compression in BY_IMAGE:
        yield from by_image(compression)


def pages_of(case: Written) -> Array:
    """Return the samples as (pages, rows, columns, samples)."""
    array = case.array
    if case.layout.planar:
        array = np.moveaxis(array, -3, -1)
    elif case.layout.samples == 1:
        array = array[..., None]
    return array.reshape(-1, *array.shape[-3:])


def group(name: str) -> list[Written]:
    """Return the files of one compression; ``none`` for those without."""
    if name == 'none':
        return list(plain())
    return list(by_bytes(name) if name in BY_BYTES else by_image(name))


GROUPS = ('none', *BY_BYTES, *BY_IMAGE)
