"""Reading pages whose samples lie in one stretch, as they are: no decoding, only copying.

Four ways, by what is to be read: large stretches by positioned reads of 1 MiB on several threads,
so that page faults of fresh memory and the copy are shared; many small pages, one after another in
the file, by reads that scatter them and drop what lies between; those that lie far apart, or are
tiny, by copying out of a mapping, at a constant stride in one strided copy; parts of pages row by
row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import TruncatedError
from tiffschema.model.geometry import Geometry

from . import workers
from .source import Source

__all__ = ['read_contiguous', 'read_stretch']

Array: TypeAlias = NDArray[Any]
Lost: TypeAlias = list[tuple[int, int]]

PIECE = 1 << 20
"""Bytes of one positioned read."""

SMALL = 256 << 10
"""Pages below this are read many at a time."""

TINY = 4 << 10
"""Pages below this are copied out of a mapping where there is one."""

GAP = 4 << 10
"""Bytes between two pages which are read with them, and dropped."""


def read_contiguous(
    source: Source,
    offsets: NDArray[np.int64],
    geometry: Geometry,
    window: tuple[range, ...],
    out: Array | None,
    target: Callable[[int], Array] | None,
    maxworkers: int | None = None,
) -> Lost:
    """Read parts of contiguous pages.

    Parameters:
        source: Where from.
        offsets: First byte of each page.
        geometry: Of the pages.
        window: Indices wanted along (P, D, L, W, c), with positive steps.
        out: Array of shape (pages, lengths of the window), or None if pages are scattered.
        target: Gives the array of one page where `out` is None.
        maxworkers: Threads at most.

    Returns:
        Index of each page that the file does not hold whole, and how many of its bytes are missing;
        the samples missing are 0.
    """
    stored = geometry.stored_dtype
    assert stored is not None
    full = all(len(w) == size for w, size in zip(window, geometry.shaped, strict=True))
    give = target if out is None or target is not None else out.__getitem__
    assert give is not None
    lost = _lost(source, offsets, geometry.nbytes)
    if out is not None and full and not lost and out.flags.c_contiguous:
        native = stored.newbyteorder('=')
        if out.dtype == native:
            _read_whole(source, offsets, geometry.nbytes, stored, out, maxworkers)
            return lost
    short = dict(lost)
    for place, offset in enumerate(offsets.tolist()):
        _read_window(source, offset, geometry, stored, window, give(place), short.get(place, 0))
    return lost


def _lost(source: Source, offsets: NDArray[np.int64], nbytes: int) -> Lost:
    size = source.size
    beyond = np.flatnonzero(offsets > size - nbytes)
    return [(int(k), int(min(nbytes, offsets[k] + nbytes - size))) for k in beyond]


def _read_whole(
    source: Source,
    offsets: NDArray[np.int64],
    nbytes: int,
    stored: np.dtype[Any],
    out: Array,
    maxworkers: int | None,
) -> None:
    """Fill an array with whole pages that the file holds."""
    swap = stored != out.dtype
    count = len(offsets)
    if count > 1 and nbytes:
        steps = np.diff(offsets)
        if (steps == nbytes).all():
            count, nbytes = 1, nbytes * count
        elif nbytes < SMALL:
            gaps = steps - nbytes
            if source.is_file and nbytes >= TINY and ((gaps >= 0) & (gaps <= GAP)).all():
                _scatter(source, offsets, nbytes, swap, out, maxworkers)
                return
            whole = source.whole()
            if whole is not None:
                pixels = out.reshape(count, -1)
                _copy_small(whole, offsets, steps, nbytes, stored, pixels)
                return
    flat = out.reshape(-1).view('u1')
    pieces = [
        (int(offset) + start, place * nbytes + start, min(PIECE, nbytes - start))
        for place, offset in enumerate(offsets[:count].tolist())
        for start in range(0, nbytes, PIECE)
    ]

    def read(piece: tuple[int, int, int]) -> None:
        offset, start, size = piece
        _fill(source, offset, flat[start : start + size], swap, out.dtype)

    workers.run(read, pieces, workers.workers_for(maxworkers, flat.size))


def _scatter(
    source: Source,
    offsets: NDArray[np.int64],
    nbytes: int,
    swap: bool,
    out: Array,
    maxworkers: int | None,
) -> None:
    """Read small pages that lie one after another, with gaps, many with each read."""
    places = offsets.tolist()
    flat = out.reshape(-1).view('u1')
    memory = memoryview(flat)
    most = max(PIECE // nbytes, 1)

    def read(first: int) -> None:
        dropped = memoryview(bytearray(GAP))
        last = min(first + most, len(places))
        end = begin = places[first]
        parts = []
        for page in range(first, last):
            offset = places[page]
            if offset > end:
                parts.append(dropped[: offset - end])
            parts.append(memory[page * nbytes : (page + 1) * nbytes])
            end = offset + nbytes
        _check_read(source.readparts(begin, parts), end - begin, begin)
        if swap:
            flat[first * nbytes : last * nbytes].view(out.dtype).byteswap(inplace=True)

    groups = range(0, len(places), most)
    workers.run(read, groups, workers.workers_for(maxworkers, flat.size))


def _fill(source: Source, offset: int, part: Array, swap: bool, dtype: np.dtype[Any]) -> None:
    """Fill uint8 memory from the file.

    Raises:
        TruncatedError: The file was cut short since it was measured.
    """
    _check_read(source.readinto(offset, part), part.size, offset)
    if swap:
        part.view(dtype).byteswap(inplace=True)


def _check_read(count: int, wanted: int, offset: int) -> None:
    """Check how many bytes were read.

    Raises:
        TruncatedError: The file was cut short since it was measured.
    """
    if count != wanted:
        raise TruncatedError('the file ended while it was read', 'page', offset)


def read_stretch(
    source: Source, offset: int, geometry: Geometry, out: Array, maxworkers: int | None
) -> bool:
    """Fill an array with one whole page of samples that lie in one stretch.

    Parameters:
        source: Where from.
        offset: First byte.
        geometry: Of the page.
        out: Array of the page's size.
        maxworkers: Threads at most.

    Returns:
        Whether that was possible: the array is contiguous, of the type of the samples, and the
        file holds all of them.
    """
    stored = geometry.stored_dtype
    if stored is None or not out.flags.c_contiguous or out.dtype != geometry.dtype:
        return False
    if offset + out.nbytes > source.size:
        return False
    if out.nbytes <= PIECE:
        _fill(source, offset, out.reshape(-1).view('u1'), stored != out.dtype, out.dtype)
    else:
        _read_whole(source, np.array([offset]), out.nbytes, stored, out, maxworkers)
    return True


def _copy_small(
    whole: memoryview,
    offsets: NDArray[np.int64],
    steps: NDArray[np.int64],
    nbytes: int,
    stored: np.dtype[Any],
    out: Array,
) -> None:
    """Copy many small pages out of a mapping into an array of shape (pages, samples)."""
    if (steps == steps[0]).all():
        strides = (int(steps[0]), stored.itemsize)
        shape = out.shape
        out[...] = np.ndarray(shape, stored, whole, int(offsets[0]), strides)
        return
    flat = memoryview(out.reshape(-1).view('u1'))
    start = 0
    for offset in offsets.tolist():
        flat[start : start + nbytes] = whole[offset : offset + nbytes]
        start += nbytes
    if stored != out.dtype:
        out.byteswap(inplace=True)


def _read_window(
    source: Source,
    offset: int,
    geometry: Geometry,
    stored: np.dtype[Any],
    window: tuple[range, ...],
    out: Array,
    missing: int,
) -> None:
    """Read a part of one page, or all of it."""
    planes, depths, rows, columns, samples = window
    _, depth, length, width, contig = geometry.shaped
    row_nbytes = width * contig * stored.itemsize
    low, high = min(rows), max(rows) + 1
    inner = slice(0, high - low, rows.step), _slice(columns), _slice(samples)
    starts = [
        offset + ((plane * depth + z) * length + low) * row_nbytes
        for plane in planes
        for z in depths
    ]
    size = (high - low) * row_nbytes
    if missing:
        views: list[memoryview] = [_padded(source, start, size) for start in starts]
    else:
        views = source.fetch(starts, [size] * len(starts))
    number = 0
    for p in range(len(planes)):
        for d in range(len(depths)):
            view = views[number]
            number += 1
            band: Array = np.ndarray((high - low, width, contig), stored, view)
            out[p, d] = band[inner]


def _padded(source: Source, offset: int, size: int) -> memoryview:
    """Return bytes of a file, followed by zeros where it ends."""
    data = bytearray(size)
    view = source.view(offset, size)
    data[: len(view)] = view
    return memoryview(data)


def _slice(wanted: range) -> slice:
    return slice(wanted.start, wanted.stop, wanted.step)
