"""What is to be written: arrays, lazy arrays, iterators or nothing, cut into segments.

Knows arrays and geometry; neither encoding nor files.
Rule: memory stays bounded by a band of segments, whatever the size of a lazy array or iterator.
"""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.geometry import Geometry
from tiffschema.types import Buffer

from .arguments import sample_dtype
from .storedshape import StoredShape

__all__ = [
    'ArrayPixels',
    'Counted',
    'EmptyPixels',
    'IteratorPixels',
    'PixelSource',
    'Pixels',
    'Segments',
]

Array: TypeAlias = NDArray[Any]

BAND_BYTES = 1 << 25
"""Bytes of a lazy array asked for at once."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An encoded segment whose byte count in the file is given by the caller."""

    data: Buffer
    bytecount: int


Item: TypeAlias = 'Array | Buffer | Counted | None'


@dataclass(frozen=True, slots=True)
class PixelSource:
    """The ``data`` argument, told apart.

    Fields:
        data: An array (in memory or lazy), an iterator, or None.
        shape: Shape of all of it.
        dtype: Type of its samples, in native byte order.
    """

    data: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    byteorder: str
    """Byte order of an array given: ``>`` only where it is big-endian."""

    @classmethod
    def of(cls, data: Any, shape: Any, dtype: Any) -> PixelSource:
        """Return the source for arguments ``data``, ``shape`` and ``dtype``.

        Raises:
            ValueError: Shape or dtype are missing, or differ from those of the array.
        """
        if type(data) is np.ndarray and shape is None and dtype is None:
            own = sample_dtype(data.dtype)
            return cls(data, _checked(data.shape), own.newbyteorder('='), _order(own))
        given_shape = None if shape is None else _shape(shape)
        given_dtype = None if dtype is None else sample_dtype(dtype)
        if data is None or isinstance(data, Iterator):
            if given_shape is None or given_dtype is None:
                what = 'an empty image' if data is None else 'an iterator'
                raise ValueError(f'shape and dtype must be given for {what}')
            return cls(data, given_shape, given_dtype.newbyteorder('='), _order(given_dtype))
        if not _is_array(data):
            wanted = 'float64' if given_dtype is None else given_dtype
            try:
                data = np.asarray(data, wanted)
            except (TypeError, ValueError) as error:
                raise ValueError(f'data: is no array of {wanted}: {error}') from None
        if isinstance(data, np.ndarray):
            data = np.asarray(data)  # matrices keep two axes, whatever is asked of them
        found_shape = _shape(data.shape)
        found_dtype = sample_dtype(data.dtype)
        if given_shape is not None and given_shape != found_shape:
            raise ValueError(f'shape: {given_shape} is not that of the data, {found_shape}')
        if given_dtype is not None and given_dtype.newbyteorder('=') != found_dtype.newbyteorder(
            '='
        ):
            raise ValueError(f'dtype: {given_dtype} is not that of the data, {found_dtype}')
        return cls(data, found_shape, found_dtype.newbyteorder('='), _order(found_dtype))

    def pixels(self, stored: StoredShape, storage: np.dtype[Any]) -> Pixels:
        """Return the pixels as pages.

        Parameters:
            stored: How the shape lies in pages.
            storage: Type in the byte order of the file.
        """
        if self.data is None:
            return EmptyPixels()
        if isinstance(self.data, Iterator):
            return IteratorPixels(self.data, stored, storage)
        if isinstance(self.data, np.ndarray):
            return ArrayPixels(self.data.reshape(stored.shape), storage)
        if 0 in self.shape:
            return EmptyPixels()
        return LazyPixels(self.data, stored, storage)


class Pixels(Protocol):
    """Pages of samples."""

    def segments(self, frame: int, geometry: Geometry) -> Iterator[Item]:
        """Yield the parts of a page that its segments hold, in order.

        Parts are views: `Segments` makes segments of them, in the thread that encodes.
        """

    def planes(self, frame: int) -> Iterator[Array | None]:
        """Yield the samples of a page in C order and in the byte order of the file, in pieces."""


class ArrayPixels:
    """Pages of an array in memory.

    Parameters:
        data: Array of shape (frames, separate, depth, length, width, contig).
        storage: Type in the byte order of the file.
    """

    def __init__(self, data: Array, storage: np.dtype[Any]) -> None:
        self.data = data
        self._storage = storage

    @property
    def is_plain(self) -> bool:
        """Whether the array is stored as it lies in memory."""
        return bool(self.data.flags.c_contiguous) and self.data.dtype == self._storage

    def raw(self) -> memoryview:
        """Return the bytes of the whole array."""
        return self.data.reshape(-1).view(np.uint8).data

    def planes(self, frame: int) -> Iterator[Array | None]:
        """Yield the page."""
        yield np.ascontiguousarray(self.data[frame], self._storage)

    def segments(self, frame: int, geometry: Geometry) -> Iterator[Item]:
        """Yield the segments of a page."""
        page = self.data[frame]
        for index in range(geometry.segment_count):
            yield _cut(page, geometry, index)


class LazyPixels:
    """Pages of an array which is read when asked for: dask, zarr, HDF5.

    Parameters:
        data: The array; it takes tuples of integers and slices.
        stored: How its shape lies in pages.
        storage: Type in the byte order of the file.
    """

    def __init__(self, data: Any, stored: StoredShape, storage: np.dtype[Any]) -> None:
        self._data = data
        self._stored = stored
        self._storage = storage
        self._roles = _axis_roles(tuple(data.shape), stored)

    def planes(self, frame: int) -> Iterator[Array | None]:
        """Yield the page by bands of rows."""
        stored = self._stored
        row = stored.width * stored.contig_samples * self._storage.itemsize
        rows = max(BAND_BYTES // max(row, 1), 1)
        for plane in range(stored.separate_samples):
            for z in range(stored.depth):
                for y in range(0, stored.length, rows):
                    band = self._band(frame, plane, z, z + 1, y, min(y + rows, stored.length))
                    yield np.ascontiguousarray(band, self._storage)

    def segments(self, frame: int, geometry: Geometry) -> Iterator[Item]:
        """Yield the segments of a page, read by bands."""
        stored = self._stored
        depth, length, _, _ = geometry.segment_shape
        row = depth * stored.width * stored.contig_samples * self._storage.itemsize
        rows = max(BAND_BYTES // max(row * length, 1), 1) * length
        band = None
        where = None
        for index in range(geometry.segment_count):
            plane, z, y, x = geometry.position(index)
            extent = geometry.extent_at(z, y, x)
            start = y // rows * rows
            if where != (plane, z, start):
                where = (plane, z, start)
                stop = min(start + rows, stored.length)
                band = self._band(frame, plane, z, z + extent[0], start, stop)
            assert band is not None
            y -= start
            yield band[:, y : y + extent[1], x : x + extent[2]]

    def _band(self, frame: int, plane: int, z0: int, z1: int, y0: int, y1: int) -> Array:
        frames = [
            size for size, role in zip(self._data.shape, self._roles, strict=True) if role == 'F'
        ]
        frame_index = [int(i) for i in np.unravel_index(frame, frames)] if frames else []
        wanted: dict[str, slice | int] = {
            '1': 0,
            'S': slice(plane, plane + 1),
            'Z': slice(z0, z1),
            'Y': slice(y0, y1),
            'X': slice(0, self._stored.width),
            'C': slice(0, self._stored.contig_samples),
        }
        index = [frame_index.pop(0) if role == 'F' else wanted[role] for role in self._roles]
        array = np.asarray(self._data[tuple(index)])
        shape = (z1 - z0, y1 - y0, self._stored.width, self._stored.contig_samples)
        if array.size != math.prod(shape):
            raise ValueError(f'data: a part of shape {array.shape} is not of the size {shape}')
        if not np.can_cast(array.dtype, self._storage, 'safe'):
            native = self._storage.newbyteorder('=')
            raise ValueError(f'data: a part of the array has type {array.dtype}, not {native}')
        return array.reshape(shape)


class EmptyPixels:
    """No pixels: space for them is laid out and stays zero."""

    def planes(self, frame: int) -> Iterator[Array | None]:
        """Yield nothing but the wish for space."""
        yield None

    def segments(self, frame: int, geometry: Geometry) -> Iterator[Item]:
        """Yield an empty place for every segment."""
        return iter([None] * geometry.segment_count)


class IteratorPixels:
    """Pages from an iterator of pages, planes, strips or tiles.

    Parameters:
        items: Arrays, encoded bytes, pairs of bytes and byte count, or None for what is missing.
        stored: How the whole lies in pages.
        storage: Type in the byte order of the file.
    """

    def __init__(self, items: Iterator[Any], stored: StoredShape, storage: np.dtype[Any]) -> None:
        self._items = items
        self._stored = stored
        self._storage = storage
        self._native = storage.newbyteorder('=')
        self._planes: list[Array | None] = []
        self._pushed: list[Any] = []

    def planes(self, frame: int) -> Iterator[Array | None]:
        """Yield a page by planes; bytes are samples in the byte order of the file."""
        stored = self._stored
        done = 0
        while done < stored.page_size:
            item = self._next()
            if item is None:
                yield None
                return
            if isinstance(item, np.ndarray):
                item = np.ascontiguousarray(item, self._storage).reshape(-1)
            else:
                data = item.data if isinstance(item, Counted) else item
                if len(data) % self._storage.itemsize:
                    raise ValueError(f'data: {len(data)} bytes are no whole number of samples')
                item = np.frombuffer(data, self._storage)  # pixels, not structure
            if done + item.size > stored.page_size:
                room = stored.page_size - done
                self._pushed.append(item[room:])
                item = item[:room]
            done += item.size
            yield item

    def segments(self, frame: int, geometry: Geometry) -> Iterator[Item]:
        """Yield the segments of a page, cut from planes where the iterator yields those.

        They are copies: the iterator may use its memory again for the next item, before this one
        is encoded.
        """
        stored = self._stored
        plane_size = stored.depth * stored.length * stored.width * stored.contig_samples
        index = 0
        while index < geometry.segment_count:
            item = self._next()
            if item is None and not geometry.is_tiled:
                for _ in range(geometry.segment_count - index):
                    yield None
                return
            if not isinstance(item, np.ndarray):
                yield _own(item)
                index += 1
            elif self._is_segment(item, geometry, index, plane_size):
                yield np.array(self._part(item, geometry, index), self._native)
                index += 1
            else:
                planes = self._split(item, plane_size)
                per_plane = geometry.segment_count // stored.separate_samples
                while planes and index < geometry.segment_count:
                    page = planes.pop(0).reshape(1, *stored.page_shape[1:])
                    for within in range(per_plane):
                        yield np.array(_cut(page, geometry, within), self._native)
                    index += per_plane
                self._pushed.extend(reversed(planes))

    def check_end(self) -> None:
        """Refuse what the iterator yields beyond the shape.

        Raises:
            ValueError: There is more.
        """
        end = object()
        if self._pushed or next(self._items, end) is not end:
            raise ValueError('data: the iterator goes on when the shape is filled')

    def _next(self) -> Any:
        if self._pushed:
            return self._pushed.pop()
        try:
            item = next(self._items)
        except StopIteration:
            raise ValueError('data: the iterator ends before the shape is filled') from None
        if item is None or isinstance(item, (bytes, bytearray, memoryview)):
            return item
        if _is_counted(item):
            return Counted(item[0], int(item[1]))
        array = np.asarray(item)
        if array.dtype.newbyteorder('=') != self._storage.newbyteorder('='):
            raise ValueError(f'data: the iterator yields type {array.dtype}, not {self._native}')
        return array

    def _split(self, item: Array, plane_size: int) -> list[Array]:
        if item.size % plane_size:
            raise ValueError(
                f'data: the iterator yields an array of shape {item.shape}, which is no page of '
                f'shape {self._stored.page_shape}'
            )
        return list(item.reshape(-1, plane_size))

    def _is_segment(self, item: Array, geometry: Geometry, index: int, plane_size: int) -> bool:
        if geometry.is_tiled:
            return item.size <= math.prod(geometry.segment_shape) or item.size % plane_size != 0
        return item.size < plane_size and item.size == math.prod(geometry.extent(index))

    def _part(self, item: Array, geometry: Geometry, index: int) -> Array:
        nominal = geometry.segment_shape
        extent = geometry.extent(index)
        for shape in (nominal, extent):
            if item.size == math.prod(shape) and _squeezed(item.shape) == _squeezed(shape):
                return item.reshape(shape)
        # A tile cut short in some other way: what there is, from the upper left corner.
        cut = item.shape if nominal[3] > 1 or item.ndim > 3 else (*item.shape, 1)
        cut = (1,) * (4 - len(cut)) + cut
        if len(cut) != 4 or any(a > b for a, b in zip(cut, nominal, strict=True)):
            raise ValueError(
                f'data: the iterator yields an array of shape {item.shape}, the tile is {nominal}'
            )
        return item.reshape(cut)


def _is_array(data: Any) -> bool:
    """Whether an object says its shape and NumPy type, and gives parts of itself."""
    if isinstance(data, np.ndarray):
        return True
    if not all(hasattr(data, name) for name in ('dtype', 'shape', '__getitem__')):
        return False
    try:
        np.dtype(data.dtype)
    except TypeError:  # types of another library
        return False
    return True


def _is_counted(item: Any) -> bool:
    """Whether an item is encoded bytes with the byte count to be stored for them."""
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and isinstance(item[0], (bytes, bytearray, memoryview))
        and isinstance(item[1], (int, np.integer))
    )


def _own(item: Buffer | Counted | None) -> Buffer | Counted | None:
    """Return encoded bytes that nobody changes."""
    if isinstance(item, Counted):
        return Counted(bytes(item.data), item.bytecount)
    return None if item is None else bytes(item)


def _cut(page: Array, geometry: Geometry, index: int) -> Array:
    plane, z, y, x = geometry.position(index)
    depth, length, width, _ = geometry.segment_shape
    return page[plane, z : z + depth, y : y + length, x : x + width]


class Segments:
    """Makes whole segments of the parts of a page that they hold.

    Parameters:
        geometry: How the page is cut into segments.
        dtype: Type the samples get.
        reuse: Give each thread one segment's memory, good until its next call.

    Example:
        >>> whole = Segments(Geometry(3, 2, tilewidth=16, tilelength=16), np.dtype('u1'))
        >>> whole(np.ones((1, 2, 3, 1), 'u1')).shape
        (1, 16, 16, 1)
    """

    def __init__(self, geometry: Geometry, dtype: np.dtype[Any], *, reuse: bool = False) -> None:
        self._shape = geometry.segment_shape
        self._is_tiled = geometry.is_tiled
        self._spreads = geometry.is_image_codec
        self._dtype = dtype
        self._memory = threading.local() if reuse else None

    def __call__(self, piece: Array) -> Array:
        """Return samples as a C-contiguous segment; tiles always have their full size."""
        whole = not self._is_tiled or piece.shape == self._shape
        if whole and piece.flags.c_contiguous and piece.dtype == self._dtype:
            return piece
        segment = self._room(piece.shape if whole else self._shape)
        if not whole:
            segment[...] = 0
        segment[tuple(slice(0, size) for size in piece.shape)] = piece
        if not whole and self._spreads and piece.size:
            # An edge to black would spread into the picture where the codec is lossy.
            _, length, width, _ = piece.shape
            segment[:, length:, :width] = segment[:, length - 1 : length, :width]
            segment[:, :, width:] = segment[:, :, width - 1 : width]
        return segment

    def _room(self, shape: tuple[int, ...]) -> Array:
        if self._memory is None:
            return np.empty(shape, self._dtype)
        # Memory that was just encoded is still near the processor.
        room: Array | None = getattr(self._memory, 'room', None)
        if room is None:
            room = self._memory.room = np.empty(math.prod(self._shape), self._dtype)
        return room[: math.prod(shape)].reshape(shape)


def _squeezed(shape: Iterable[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _axis_roles(shape: tuple[int, ...], stored: StoredShape) -> tuple[str, ...]:
    """Return for each axis of an array which axis of a page it is.

    F is an axis that counts pages, 1 one of length 1.
    """
    page = [
        (axis, size) for axis, size in zip('SZYXC', stored.page_shape, strict=True) if size != 1
    ]
    roles: list[str] = []
    for size in reversed(shape):
        if size == 1:
            roles.insert(0, '1')
        elif page:
            axis, expected = page.pop()
            if size != expected:
                raise ValueError(f'shape {shape} of a lazy array does not fall into {stored}')
            roles.insert(0, axis)
        else:
            roles.insert(0, 'F')
    return tuple(roles)


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else shape
    try:
        result = tuple(operator.index(size) for size in sizes)
    except TypeError:
        raise ValueError(f'shape: {shape!r} is no sequence of integers') from None
    return _checked(result)


def _checked(shape: tuple[int, ...]) -> tuple[int, ...]:
    if shape and (min(shape) < 0 or max(shape) >= 1 << 32):
        raise ValueError(f'shape: {shape} has an axis that is negative or not below 2**32')
    return shape


def _order(dtype: np.dtype[Any]) -> str:
    return (
        '>' if dtype.byteorder == '>' or (dtype.byteorder == '=' and not np.little_endian) else ''
    )
