"""Walking the directories of a file that is going to be changed.

Knows headers and links; reads no values. A chain at a constant stride is verified as one strided
array, others are followed link by link.
"""

from __future__ import annotations

import mmap

import numpy as np

from tiffschema.errors import FormatError, TruncatedError
from tiffschema.limits import DEFAULT_LIMITS
from tiffschema.model.container import read_start
from tiffschema.model.directory import DirectoryCodec
from tiffschema.types import Buffer

from .sink import FileSink, Sink

__all__ = ['directory_offsets', 'open_view', 'read_codec']

SPECULATE = 4


def open_view(sink: Sink) -> Buffer:
    """Return the bytes of a whole file, mapped where that is possible."""
    if isinstance(sink, FileSink) and sink.size:
        # Directories keep views of the mapping; it goes when the last of them does.
        return memoryview(mmap.mmap(sink.fileno(), 0, access=mmap.ACCESS_READ))
    return sink.read_at(0, sink.size)


def read_codec(view: Buffer) -> tuple[DirectoryCodec, int]:
    """Return the codec of a file and the offset of its first directory.

    Raises:
        FormatError: The bytes are no TIFF.
    """
    start = read_start(lambda at, size: view[at : at + size], lambda: len(view))
    return start.codec, start.first


def directory_offsets(codec: DirectoryCodec, view: Buffer, first: int) -> tuple[list[int], int]:
    """Return the offsets of all directories, and the position of the last pointer, which is 0.

    Raises:
        FormatError: The chain leaves the file or meets itself: appending would hide the damage.
    """
    size = len(view)
    offsets: list[int] = []
    seen: set[int] = set()
    position = codec.first_at
    offset = first
    while offset:
        if offset in seen:
            raise FormatError('the chain of directories meets itself', 'ifd', offset)
        if len(offsets) >= DEFAULT_LIMITS.directories:
            raise FormatError('there are too many directories', 'ifd', offset)
        count = _entry_count(codec, view, offset)
        offsets.append(offset)
        seen.add(offset)
        position = offset + codec.count_nbytes + count * codec.entry_nbytes
        if position + codec.next_nbytes > size:
            raise TruncatedError('a directory leaves the file', 'ifd', offset)
        offset = codec.parse_link(view, position)
        if len(offsets) >= SPECULATE and offset - offsets[-1] == offsets[-1] - offsets[-2]:
            run = _strided_run(codec, view, offset, offset - offsets[-1], count)
            if run:
                more = range(offset, offset + run * (offset - offsets[-1]), offset - offsets[-1])
                offsets.extend(more)
                seen.update(more)
                position = offsets[-1] + codec.count_nbytes + count * codec.entry_nbytes
                offset = codec.parse_link(view, position)
    return offsets, position


def _count_dtype(codec: DirectoryCodec) -> np.dtype[np.unsignedinteger]:
    return np.dtype(f'{codec.byteorder}u{codec.count_nbytes}')


def _entry_count(codec: DirectoryCodec, view: Buffer, offset: int) -> int:
    if offset < 0 or offset + codec.count_nbytes > len(view):
        raise TruncatedError('a directory lies outside of the file', 'ifd', offset)
    count = int(np.ndarray((1,), _count_dtype(codec), view, offset)[0])
    if not 0 < count <= DEFAULT_LIMITS.tags:
        raise FormatError(f'{count} entries in a directory', 'ifd', offset)
    return count


def _strided_run(codec: DirectoryCodec, view: Buffer, offset: int, stride: int, count: int) -> int:
    """Return how many directories follow at a stride, each linked from the one before."""
    nbytes = codec.directory_nbytes(count)
    if stride < nbytes or offset + nbytes > len(view):
        return 0
    room = (len(view) - offset - nbytes) // stride + 1
    next_at = codec.count_nbytes + count * codec.entry_nbytes
    links = np.ndarray(
        (room,), codec.number_dtype['value'], view, offset + next_at, strides=(stride,)
    )
    counts = np.ndarray((room,), _count_dtype(codec), view, offset, strides=(stride,))
    expected = offset + stride * np.arange(1, room + 1, dtype=np.int64)
    good = (counts == count) & (links == expected)
    wrong = np.flatnonzero(~good)
    run = int(wrong[0]) if len(wrong) else room
    del links, counts
    # The directory after the run is linked from its last one; it is looked at by the caller.
    return run
