"""How an image is cut into strips or tiles: pure arithmetic that reader and writer share.

Rule 1: no I/O, no codecs, no directories. The reader fills a `Geometry` from tags, the writer makes
tags from one.
Rule 2: all numbers are Python integers, so nothing overflows, and nothing here takes memory in
proportion to them. `Geometry.check` compares them with `Limits` before anybody else does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import LimitError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.types import ByteOrder
from tiffschema.values import derived, replace, value

__all__ = ['IMAGE_COMPRESSIONS', 'Geometry', 'sample_dtype']

IMAGE_COMPRESSIONS = frozenset(
    {
        *(6, 7, 22610, 33003, 33004, 33005, 33007, 34712, 34892, 34933, 34934, 48124),
        *(50001, 50002, 52546, 65000, 65001, 65002),
    }
)
"""Compressions whose streams carry a shape and a type of their own."""

_RGB = 2
_YCBCR = 6
_COMPLEX_INT = 5


def sample_dtype(sampleformat: int, bits: int) -> np.dtype[Any] | None:
    """Return the native type of decoded samples, or None if there is none.

    Unsigned integers of 1 to 64 bits are right-aligned in the next larger type; floats of 24 bits
    become float32; pairs of integers (SampleFormat 5) become complex floats.

    Example:
        >>> sample_dtype(1, 12)
        dtype('uint16')
    """
    return _SAMPLE_DTYPES.get((1 if sampleformat == 4 else sampleformat, bits))


def _sample_dtypes() -> dict[tuple[int, int], np.dtype[Any]]:
    table: dict[tuple[int, int], np.dtype[Any]] = {(1, 1): np.dtype(bool)}
    for bits in range(2, 65):
        size = 1 if bits <= 8 else 2 if bits <= 16 else 4 if bits <= 32 else 8
        table[1, bits] = np.dtype(f'u{size}')
    for bits in (8, 16, 32, 64):
        table[2, bits] = np.dtype(f'i{bits // 8}')
    table[2, 24] = np.dtype('i4')
    table[3, 16], table[3, 24] = np.dtype('f2'), np.dtype('f4')
    table[3, 32], table[3, 64] = np.dtype('f4'), np.dtype('f8')
    table[5, 16] = table[5, 32] = table[6, 64] = np.dtype('c8')
    table[5, 64] = table[6, 128] = np.dtype('c16')
    return table


_SAMPLE_DTYPES = _sample_dtypes()


@value
class Geometry:
    """Size, sample type and cut of one page; equal geometries decode alike.

    `W`, `L`, `D` are ImageWidth, ImageLength and ImageDepth, `S` is SamplesPerPixel, `c` the
    samples inside a segment (`S` if chunky, else 1), `P` the planes (1 if chunky, else `S`).

    Volumes follow the SGI extension: tiles have a depth, and strips never span slices, so that
    there are ``ceil(L / RowsPerStrip) * D`` strips per plane, slice by slice. Readers that ignore
    the depth of striped volumes find the first slice where we find it.

    Parameters:
        imagewidth: `W`, in pixels.
        imagelength: `L`, in pixels.
        imagedepth: `D`, in slices; 0 means 1.
        samplesperpixel: `S`.
        planarconfig: 1 chunky, 2 one plane per sample.
        bitspersample: Of all samples, or one number per sample; a list is cut to `S` entries, and
            is one number where all are equal.
        sampleformat: 1 unsigned, 2 signed, 3 float, 4 void, 5 complex integer, 6 complex float;
            in the same way one or many.
        tilewidth: Of a tile, 0 where the page is striped.
        tilelength: Of a tile.
        tiledepth: Of a tile, 0 means 1.
        rowsperstrip: Rows of a strip; 0 and more than `L` mean `L`; without meaning for tiles.
        compression: Tag 259.
        predictor: Tag 317.
        photometric: Tag 262.
        fillorder: Tag 266.
        extrasamples: Tag 338.
        subsampling: (horizontal, vertical) of tag 530, or None.
        byteorder: Of the file.

    Source:
        TIFF 6.0 sections 8, 15, 20 and 21; SGI ImageDepth and TileDepth extension.

    Example:
        >>> g = Geometry(imagewidth=50, imagelength=40, bitspersample=8, tilewidth=16,
        ...              tilelength=16)
        >>> g.shape, g.axes, g.grid, g.segment_count
        ((40, 50), 'YX', (1, 1, 3, 4), 12)
        >>> g.position(11), g.extent(11)
        ((0, 0, 32, 48), (1, 8, 2, 1))
    """

    imagewidth: int
    imagelength: int
    imagedepth: int = 1
    samplesperpixel: int = 1
    planarconfig: int = 1
    bitspersample: int | tuple[int, ...] = 1
    sampleformat: int | tuple[int, ...] = 1
    tilewidth: int = 0
    tilelength: int = 0
    tiledepth: int = 0
    rowsperstrip: int = 0
    compression: int = 1
    predictor: int = 1
    photometric: int = 0
    fillorder: int = 1
    extrasamples: tuple[int, ...] = ()
    subsampling: tuple[int, int] | None = None
    byteorder: ByteOrder = '<'

    dtype: np.dtype[Any] | None = derived()
    """Native type of decoded samples, structured where samples differ, None if unknown."""
    shaped: tuple[int, int, int, int, int] = derived()
    """(P, D, L, W, c)."""
    shape: tuple[int, ...] = derived()
    """Shape users see: without a depth of 1 and without a single sample, unless it is RGB."""
    axes: str = derived()
    """One letter per entry of `shape`."""
    segment_shape: tuple[int, int, int, int] = derived()
    """(d, l, w, c) of a whole strip or tile."""
    grid: tuple[int, int, int, int] = derived()
    """Segments along planes, Z, Y and X."""
    segment_count: int = derived()
    """Number of segments."""
    pixel_bits: int = derived()
    """Stored bits of one pixel inside a segment."""
    size: int = derived()
    """Number of samples (of pixels where samples differ in type)."""
    nbytes: int = derived()
    """Bytes of the decoded page, 0 if its type is unknown."""
    stored_dtype: np.dtype[Any] | None = derived()
    """`dtype` in the byte order of the file."""
    is_contiguous_layout: bool = derived()
    """Whether the page is one stretch of whole samples in C order if segments follow another.

    That is: uncompressed, 8, 16, 32, 64 or 128 bits, not complex integers, and tiles as wide as
    the page, of a length (and depth) that divides it.
    """
    is_final_layout: bool = derived()
    """Whether a contiguous page is its samples: no predictor, bit reversal, subsampling."""

    def __post_init__(self) -> None:
        put = object.__setattr__
        samples = max(self.samplesperpixel, 1)
        bits = _one_or_many(self.bitspersample, samples)
        formats = _one_or_many(self.sampleformat, samples)
        put(self, 'bitspersample', bits)
        put(self, 'sampleformat', formats)
        planar = self.planarconfig == 2
        dtype = _page_dtype(bits, formats, samples, planar)
        put(self, 'dtype', dtype)
        contig = 1 if planar or (dtype is not None and dtype.names) else samples
        planes = samples if planar else 1
        width, length, depth = self.imagewidth, self.imagelength, max(self.imagedepth, 1)
        put(self, 'shaped', (planes, depth, length, width, contig))
        shape: tuple[int, ...] = (length, width)
        axes = 'YX'
        if depth > 1:
            shape, axes = (depth, *shape), 'ZYX'
        is_sampled = samples > 1 or self.photometric == _RGB
        if is_sampled and not (dtype is not None and dtype.names):
            if planar:
                shape, axes = (samples, *shape), 'S' + axes
            else:
                shape, axes = (*shape, samples), axes + 'S'
        put(self, 'shape', shape)
        put(self, 'axes', axes)
        if self.tilewidth > 0:
            # A tile without a length is as long as the page.
            tile = max(self.tiledepth, 1), self.tilelength or max(length, 1), self.tilewidth
            grid = (planes, -(-depth // tile[0]), -(-length // tile[1]), -(-width // tile[2]))
        else:
            rows = min(self.rowsperstrip, length) if self.rowsperstrip > 0 else length
            tile = 1, max(rows, 1), width
            grid = (planes, depth, -(-length // tile[1]), 1 if width > 0 else 0)
        put(self, 'segment_shape', (*tile, contig))
        put(self, 'grid', grid)
        put(self, 'segment_count', math.prod(grid))
        if isinstance(bits, tuple):
            pixel_bits = sum(bits) if not planar else max(bits)
        else:
            pixel_bits = bits * (1 if planar else samples)
        put(self, 'pixel_bits', pixel_bits)
        # Asked for by each of the many pages that share the object.
        size = math.prod(self.shaped)
        put(self, 'size', size)
        put(self, 'nbytes', 0 if dtype is None else size * dtype.itemsize)
        put(self, 'stored_dtype', None if dtype is None else dtype.newbyteorder(self.byteorder))
        contiguous = self._is_contiguous_layout()
        put(self, 'is_contiguous_layout', contiguous)
        whole = self.fillorder != 2 and self.predictor in (0, 1) and not self.is_subsampled
        put(self, 'is_final_layout', contiguous and whole)

    # What follows from the fields

    @property
    def is_tiled(self) -> bool:
        """Whether segments are tiles."""
        return self.tilewidth > 0

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a segment in the axes of the image, without planes and single samples."""
        depth, length, width, contig = self.segment_shape
        chunks: tuple[int, ...] = (length, width)
        if depth > 1:
            chunks = (depth, *chunks)
        return (*chunks, contig) if contig > 1 else chunks

    @property
    def chunked(self) -> tuple[int, ...]:
        """Numbers of segments along the axes of the image."""
        planes, nz, ny, nx = self.grid
        _, depth, _, _, contig = self.shaped
        chunked: tuple[int, ...] = (ny, nx)
        if depth > 1:
            chunked = (nz, *chunked)
        if planes > 1:
            chunked = (planes, *chunked)
        return (*chunked, 1) if contig > 1 else chunked

    @property
    def is_image_codec(self) -> bool:
        """Whether segments are streams with a shape and type of their own."""
        return self.compression in IMAGE_COMPRESSIONS

    @property
    def is_subsampled(self) -> bool:
        """Whether chroma has fewer samples than luma; YCbCr without tag 530 is 2 x 2."""
        if self.subsampling is None:
            return self.photometric == _YCBCR
        return self.subsampling != (1, 1)

    def _is_contiguous_layout(self) -> bool:
        if self.compression != 1 or self.dtype is None or self.sampleformat == _COMPLEX_INT:
            return False
        if self.dtype.names is not None or self.bitspersample != self.dtype.itemsize * 8:
            return False
        if self.tilewidth <= 0:
            return True
        depth, length, width, _ = self.segment_shape
        if width != self.imagewidth or self.imagelength % length:
            return False
        if width % 16 or length % 16:
            return False
        return depth == 1 or (self.imagelength == length and self.shaped[1] % depth == 0)

    # Segments

    def position(self, index: int) -> tuple[int, int, int, int]:
        """Return where a segment begins: (plane, z, y, x), in pixels.

        Raises:
            IndexError: There is no such segment.
        """
        self._check_index(index)
        _, nz, ny, nx = self.grid
        depth, length, width, _ = self.segment_shape
        index, x = divmod(index, nx)
        index, y = divmod(index, ny)
        plane, z = divmod(index, nz)
        return plane, z * depth, y * length, x * width

    def extent(self, index: int) -> tuple[int, int, int, int]:
        """Return the shape (d, l, w, c) of a segment's part inside the image.

        Raises:
            IndexError: There is no such segment.
        """
        return self.extent_at(*self.position(index)[1:])

    def extent_at(self, z: int, y: int, x: int) -> tuple[int, int, int, int]:
        """Return the shape (d, l, w, c) of the part inside the image of a segment at a position."""
        depth, length, width, contig = self.segment_shape
        _, imagedepth, imagelength, imagewidth, _ = self.shaped
        return (
            min(depth, imagedepth - z),
            min(length, imagelength - y),
            min(width, imagewidth - x),
            contig,
        )

    def index(self, plane: int, z: int, y: int, x: int) -> int:
        """Return the segment that holds a pixel.

        Raises:
            IndexError: The pixel lies outside the image.
        """
        planes, imagedepth, imagelength, imagewidth, _ = self.shaped
        if not (
            0 <= plane < planes
            and 0 <= z < imagedepth
            and 0 <= y < imagelength
            and 0 <= x < imagewidth
        ):
            raise IndexError(f'pixel {(plane, z, y, x)} is outside of {self.shaped[:4]}')
        _, nz, ny, nx = self.grid
        depth, length, width, _ = self.segment_shape
        return ((plane * nz + z // depth) * ny + y // length) * nx + x // width

    def stored_shape(self, index: int) -> tuple[int, int, int, int]:
        """Return the shape (d, l, w, c) that a segment is stored with: tiles are not cropped."""
        return self.segment_shape if self.tilewidth > 0 else self.extent(index)

    def segment_nbytes(self, index: int) -> int:
        """Return the bytes of a segment before it is encoded.

        Each row begins on a byte. Subsampled YCbCr without an image codec is in data units of
        h x v luma samples, one Cb and one Cr.

        Raises:
            IndexError: There is no such segment.
        """
        depth, length, width, _ = self.stored_shape(index)
        return self.nbytes_of(depth, length, width)

    def nbytes_of(self, depth: int, length: int, width: int) -> int:
        """Return the unencoded bytes of a block of the page's samples."""
        if self.has_data_units:
            h, v = self.subsampling or (2, 2)
            units = -(-length // max(v, 1)) * -(-width // max(h, 1))
            return depth * units * -(-(h * v + 2) * (self.pixel_bits // 3) // 8)
        return depth * length * ((width * self.pixel_bits + 7) // 8)

    @property
    def has_data_units(self) -> bool:
        """Whether unencoded segments hold subsampled data units (TIFF 6.0 section 21)."""
        return (
            self.photometric == _YCBCR
            and self.planarconfig != 2
            and self.samplesperpixel == 3
            and not isinstance(self.bitspersample, tuple)
            and self.subsampling is not None
            and self.subsampling != (1, 1)
            and not self.is_image_codec
        )

    def segments_in(self, selection: Sequence[range]) -> NDArray[np.intp]:
        """Return the segments touched by a selection, in ascending order.

        Parameters:
            selection: Indices wanted along (P, D, L, W); further entries are ignored.

        Raises:
            IndexError: An index lies outside the image.
        """
        found = np.zeros(1, np.intp)
        for axis, (wanted, count) in enumerate(zip(selection, self.grid, strict=False)):
            places = np.asarray(self.places_along(axis, wanted), np.intp)
            found = np.add.outer(found * count, places).ravel()
        return found

    def places_along(self, axis: int, wanted: range) -> Sequence[int]:
        """Return where segments lie in the grid, along one axis, that are touched, in order.

        Parameters:
            axis: Of (P, D, L, W).
            wanted: Indices wanted along it.

        Raises:
            IndexError: An index lies outside the image.
        """
        if not wanted:
            return ()
        ascending = wanted if wanted.step > 0 else wanted[::-1]
        low, high = ascending[0], ascending[-1]
        size = self.segment_shape[axis - 1] if axis else 1
        if low < 0 or high >= self.shaped[axis]:
            raise IndexError(f'indices {wanted} are outside of an axis of {self.shaped[axis]}')
        if ascending.step <= size:
            return range(low // size, high // size + 1)
        return [index // size for index in ascending]

    def key(self) -> tuple[object, ...]:
        """Return what must be equal for pages to share a key frame."""
        return (
            self.shaped,
            self.byteorder,
            min(self.rowsperstrip, self.imagelength) or self.imagelength,
            self.tilewidth,
            self.tilelength,
            self.tiledepth,
            self.sampleformat,
            self.bitspersample,
            self.fillorder,
            self.predictor,
            self.compression,
            self.extrasamples,
            self.photometric,
        )

    def one_strip(self) -> Geometry:
        """Return the same image as one strip per plane and slice."""
        return replace(self, rowsperstrip=self.imagelength)

    def check(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Compare size and number of segments with what may be asked for.

        Raises:
            LimitError: The image is larger than `limits` allow.
        """
        pixels = self.shaped[1] * self.imagelength * self.imagewidth
        if pixels > limits.pixels:
            raise LimitError(f'image of {pixels} pixels, the limit is {limits.pixels}', 'page')
        if self.nbytes > limits.bytes:
            raise LimitError(f'image of {self.nbytes} bytes, the limit is {limits.bytes}', 'page')
        if self.segment_count > limits.items:
            raise LimitError(
                f'image of {self.segment_count} segments, the limit is {limits.items}', 'page'
            )

    def _check_index(self, index: int) -> None:
        if not 0 <= index < self.segment_count:
            raise IndexError(f'segment {index} of {self.segment_count}')


def _one_or_many(value: int | Sequence[int], samples: int) -> int | tuple[int, ...]:
    """Return one number if all samples have the same, else one per sample."""
    if isinstance(value, int):
        return value
    values = tuple(int(each) for each in value[:samples])
    if not values:
        return 1
    if all(each == values[0] for each in values):
        return values[0]
    # Fewer numbers than samples: the last one holds for the rest.
    return values + values[-1:] * (samples - len(values))


def _page_dtype(
    bits: int | tuple[int, ...], formats: int | tuple[int, ...], samples: int, planar: bool
) -> np.dtype[Any] | None:
    if isinstance(bits, int) and isinstance(formats, int):
        return sample_dtype(formats, bits)
    if bits == (5, 6, 5) and formats == 1 and not planar:
        return np.dtype('u1')
    if planar or samples > 4096:
        return None
    widths = bits if isinstance(bits, tuple) else (bits,) * samples
    kinds = formats if isinstance(formats, tuple) else (formats,) * samples
    fields = []
    for number, (width, kind) in enumerate(zip(widths, kinds, strict=True)):
        each = sample_dtype(kind, width)
        if each is None:
            return None
        fields.append((f's{number}', each))
    return np.dtype(fields)
