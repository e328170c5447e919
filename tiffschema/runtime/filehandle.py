"""`FileHandle`: a file object over a source, with the names that users know.

Knows sources; nothing of TIFF. The position belongs to the handle, so threads that share one take
its `lock`; readers of this library go to `source` and need none.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .source import FileArgument, Source, checked_mode, open_source

if TYPE_CHECKING:
    import numpy
    from numpy.typing import DTypeLike, NDArray

    from .source.target import Target

__all__ = ['FileHandle', 'target_handle']


class FileHandle:
    """Binary file, which may lie inside another file.

    Parameters:
        file: Path, URL, bytes, binary file object, fsspec ``OpenFile``, `FileHandle` or `Source`.
        mode: ``'r'`` (default), ``'r+'``, ``'w'`` or ``'x'``; also with ``b``.
        name: Label of the file.
        offset: Start of the embedded file in bytes.
        size: Its bytes, default all that follow.

    Raises:
        OSError: The file cannot be opened.

    Example:
        >>> with FileHandle(b'II*0123') as fh:
        ...     _ = fh.seek(3)
        ...     fh.read(2)
        b'01'
    """

    __slots__ = ('_lock', '_owner', '_position', 'mode', 'source')

    source: Source

    def __init__(
        self,
        file: FileArgument,
        /,
        mode: str | None = None,
        *,
        name: str | None = None,
        offset: int | None = None,
        size: int | None = None,
    ) -> None:
        self.mode = checked_mode(mode)
        # What came open is its owner's to close.
        self._owner = isinstance(file, str | os.PathLike | bytes | bytearray | memoryview) or (
            hasattr(file, 'fs') and not hasattr(file, 'read')
        )
        self.source = open_source(file, mode=mode, offset=offset, size=size, name=name)
        self._position = 0
        self._lock: threading.RLock | None = None

    # Opening and closing

    def open(self) -> None:
        """Open again after `close`."""
        self.source.open()

    def close(self) -> None:
        """Close the file if this object opened it."""
        if self._owner:
            self.source.close()

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self.source.closed

    # Position

    def tell(self) -> int:
        """Return the position in the embedded file in bytes."""
        return self._position

    def seek(self, offset: int, /, whence: int = 0) -> int:
        """Move the position.

        Parameters:
            offset: Bytes from the place that `whence` names.
            whence: 0 start of the embedded file, 1 position, 2 end.

        Raises:
            ValueError: The position would be negative.
        """
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise ValueError(f'whence {whence} is none of 0, 1, 2')
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += self.source.size
        if offset < 0:
            raise ValueError(f'position {offset} is negative')
        self._position = offset
        return offset

    def seekable(self) -> bool:
        """Return whether the position can be moved; it always can."""
        return True

    def readable(self) -> bool:
        """Return whether the file can be read; it always can."""
        return True

    def writable(self) -> bool:
        """Return whether the file is open for writing."""
        return self.source.writable

    # Reading

    def read(self, size: int = -1, /) -> bytes:
        """Read bytes from the position on, all that follow by default.

        Parameters:
            size: Number of bytes; -1 for all that follow.
        """
        if size is None or size < 0:
            size = max(0, self.source.size - self._position)
        data = bytes(self.source.view(self._position, size))
        self._position += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        """Read into a writable buffer and return the number of bytes.

        Parameters:
            buffer: Where bytes go: writable, one stretch of memory.
        """
        count = self.source.readinto(self._position, buffer)
        self._position += count
        return count

    def read_array(
        self,
        dtype: DTypeLike,
        count: int = -1,
        offset: int = 0,
        *,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Read an array.

        Parameters:
            dtype: Type of the items in the file.
            count: Number of items, -1 for all that follow.
            offset: First byte, added to the position.
            out: Array that receives the items; its byte order may differ.

        Returns:
            Array of shape ``(count,)``.

        Raises:
            ValueError: The file holds fewer items than `count`, or `out` does not fit.
        """
        import numpy

        dtype = numpy.dtype(dtype)
        begin = self._position + offset
        if count < 0:
            count = out.size if out is not None else (self.source.size - begin) // dtype.itemsize
        nbytes = count * dtype.itemsize
        if not self.source.holds(begin, nbytes):
            raise ValueError(f'{nbytes} bytes at {begin} asked for, the file ends before')
        result = numpy.empty(count, dtype)
        read = self.source.readinto(begin, result.view(numpy.uint8))
        if read != nbytes:
            raise ValueError(f'{nbytes} bytes at {begin} asked for, {read} are there')
        self._position = begin + nbytes
        if out is None:
            return result
        if out.size != count:
            raise ValueError(f'out holds {out.size} items, not {count}')
        out[...] = result.reshape(out.shape)
        return out

    def read_record(
        self,
        dtype: DTypeLike,
        shape: int | Sequence[int] | None = 1,
        *,
        byteorder: str | None = None,
    ) -> numpy.recarray[Any, Any]:
        """Read a record, or an array of records, of a structured type.

        Parameters:
            dtype: Structured type.
            shape: Number or shape of the records; 1 gives one record, None or -1 all that follow.
            byteorder: Byte order of all fields, ``'<'`` or ``'>'``; default that of `dtype`.

        Raises:
            ValueError: The file holds fewer records.
        """
        import numpy

        dtype = numpy.dtype(dtype)
        if byteorder is not None:
            dtype = dtype.newbyteorder(byteorder)  # type: ignore[arg-type]
        if shape is None or shape == -1:
            shape = (self.source.size - self._position) // dtype.itemsize
        count = shape if isinstance(shape, int) else int(numpy.prod(shape))
        array = self.read_array(dtype, count).view(numpy.recarray)
        if shape == 1:
            record: numpy.recarray[Any, Any] = array[0]
            return record
        records: numpy.recarray[Any, Any] = array.reshape(shape)  # type: ignore[assignment]
        return records

    def read_segments(
        self,
        offsets: Sequence[int],
        bytecounts: Sequence[int],
        /,
        indices: Sequence[int] | None = None,
        length: int | None = None,
        *,
        sort: bool = True,
        lock: Any = None,
        buffersize: int | None = None,
        flat: bool = True,
    ) -> Iterator[Any]:
        """Iterate over the bytes of many segments; neighbours are read at once.

        Parameters:
            offsets: First bytes of the segments; 0 where a segment is not stored.
            bytecounts: Bytes of the segments.
            indices: Numbers of the segments, default 0, 1, ….
            length: Number of segments, default all.
            sort: Whether to go through them in file order.
            lock: Not needed; accepted so that callers need not know.
            buffersize: Bytes held at a time, default 256 MiB.
            flat: Whether to yield segments, else lists of them as they were read.

        Yields:
            Pairs of the bytes (None if not stored) and the number of the segment.
        """
        count = len(offsets) if length is None else length
        if indices is None:
            indices = range(count)
        if buffersize is None:
            buffersize = 256 << 20
        numbers = list(range(count))
        if sort:
            numbers.sort(key=lambda number: offsets[number])
        begin = 0
        while begin < count:
            end, total = begin, 0
            while end < count and (end == begin or total < buffersize):
                total += int(bytecounts[numbers[end]])
                end += 1
            batch = numbers[begin:end]
            stored = [n for n in batch if offsets[n] > 0 and bytecounts[n] > 0]
            views = dict(
                zip(
                    stored,
                    self.source.fetch(
                        [int(offsets[n]) for n in stored], [int(bytecounts[n]) for n in stored]
                    ),
                    strict=True,
                )
            )
            segments = [(bytes(views[n]) if n in views else None, indices[n]) for n in batch]
            if flat:
                yield from segments
            else:
                yield segments
            begin = end

    def memmap_array(
        self,
        dtype: DTypeLike,
        shape: tuple[int, ...],
        offset: int = 0,
        *,
        mode: str = 'r',
        order: str = 'C',
    ) -> numpy.memmap[Any, Any]:
        """Return a stretch of the file mapped as an array.

        Parameters:
            dtype: Type of the items in the file.
            shape: Shape of the array.
            offset: First byte in the embedded file.
            mode: ``'r'``, ``'r+'`` or ``'c'``.
            order: ``'C'`` or ``'F'``.

        Raises:
            ValueError: The file is no file of the operating system.
            TruncatedError: The file ends before the array does.
        """
        from .output import mapped

        if not self.is_file or not self.path:
            raise ValueError(f'{self.name!r} is no file that can be mapped')
        self.flush()
        return mapped(self.path, self.source.start + offset, dtype, shape, mode, order)

    # Writing

    def write(self, buffer: Any, /) -> int:
        """Write bytes at the position and return their number.

        Parameters:
            buffer: The bytes.
        """
        count = self.source.write(self._position, buffer)
        self._position += count
        return count

    def write_empty(self, size: int, /) -> int:
        """Write `size` zero bytes; where the file ends it is extended without storing them.

        Parameters:
            size: Number of bytes.
        """
        if size < 1:
            return 0
        self.source.write(self._position + size - 1, b'\0')
        self._position += size
        return size

    def write_array(self, data: Any, dtype: DTypeLike | None = None, /) -> int:
        """Write the items of an array in C order and return the number of bytes.

        Parameters:
            data: Array of any shape.
            dtype: What its items are converted to.
        """
        import numpy

        array = numpy.ascontiguousarray(data, dtype)
        return self.write(array.reshape(-1).view(numpy.uint8))

    def flush(self) -> None:
        """Hand over what was written."""
        self.source.flush()

    def fileno(self) -> int:
        """Return the descriptor of the operating system; OSError if there is none."""
        return self.source.fileno()

    # What it is

    @property
    def name(self) -> str:
        """File name, or label of a stream."""
        return self.source.name

    @property
    def path(self) -> str:
        """Absolute path, empty if unknown."""
        return self.source.path

    @property
    def dirname(self) -> str:
        """Absolute path of the folder, empty if unknown."""
        return os.path.dirname(self.source.path)

    @property
    def extension(self) -> str:
        """Suffix of the name in lower case, with its dot."""
        name, suffix = os.path.splitext(self.name.lower())
        if suffix and name.endswith('.ome'):
            suffix = '.ome' + suffix
        return suffix

    @property
    def size(self) -> int:
        """Bytes of the embedded file."""
        return self.source.size

    @property
    def is_file(self) -> bool:
        """Whether the file is one of the operating system."""
        return self.source.is_file

    @property
    def lock(self) -> contextlib.AbstractContextManager[Any]:
        """Re-entrant lock, or a context that does nothing."""
        return contextlib.nullcontext() if self._lock is None else self._lock

    @lock.setter
    def lock(self, value: bool) -> None:
        self.set_lock(value)

    def set_lock(self, lock: bool) -> None:
        """Switch a real lock on or off.

        Parameters:
            lock: Whether threads take turns.
        """
        if bool(lock) != self.has_lock:
            self._lock = threading.RLock() if lock else None

    @property
    def has_lock(self) -> bool:
        """Whether `lock` is a real one."""
        return self._lock is not None

    def __enter__(self) -> FileHandle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {
            'source': self.source,
            'mode': 'r+' if self.mode != 'r' else 'r',
            'position': self._position,
            'lock': self.has_lock,
            'owner': self._owner,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.source = state['source']
        self.mode = state['mode']
        self._position = state['position']
        self._owner = True
        self._lock = threading.RLock() if state['lock'] else None

    def __repr__(self) -> str:
        return f'<tiffschema.FileHandle {self.name!r}>'

    def __str__(self) -> str:
        lines = [f'FileHandle  {self.name}']
        if self.dirname:
            lines.append(self.dirname)
        lines.append('closed' if self.closed else f'{self.size} bytes')
        if self.source.start:
            lines.append(f'{self.source.start} bytes into the file that holds it')
        return '\n '.join(lines)


def target_handle(target: Target) -> FileHandle:
    """Return a handle on a file that is being written, at its end; what `filehandle` shows.

    Parameters:
        target: What is being written; closing the handle leaves it open.
    """
    from .source.target import TargetSource

    handle = FileHandle(TargetSource(target))
    handle.seek(0, io.SEEK_END)
    return handle
