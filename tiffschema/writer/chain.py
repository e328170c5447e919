"""Walking the directories of a file that is going to be changed.

Knows headers and links; reads no values.
"""

from __future__ import annotations

import mmap

from tiffschema.compiler.linked import Walk
from tiffschema.errors import FormatError, TruncatedError
from tiffschema.limits import DEFAULT_LIMITS
from tiffschema.model.container import read_start
from tiffschema.model.directory import DirectoryCodec, directory_lists
from tiffschema.types import Buffer

from .sink import FileSink, Sink

__all__ = ['directory_offsets', 'open_view', 'read_codec']

DAMAGES = {
    'repeats': 'the chain of directories meets itself',
    'count': 'a directory has too many entries',
    'more': 'there are too many directories',
    'limit': 'there are too many directories',
}


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
    walk = Walk(first, [], [])
    reason = directory_lists(codec).walk(memoryview(view), 0, walk, DEFAULT_LIMITS.directories)
    if reason == 'outside':
        raise TruncatedError('a directory leaves the file', 'ifd', walk.next)
    if reason != 'end':
        raise FormatError(DAMAGES[reason], 'ifd', walk.next)
    if 0 in walk.counts:
        offset = walk.offsets[walk.counts.index(0)]
        raise FormatError('a directory has no entries', 'ifd', offset)
    if not walk.offsets:
        return [], codec.first_at
    return walk.offsets, walk.offsets[-1] + codec.count_nbytes + walk.counts[
        -1
    ] * codec.entry_nbytes
