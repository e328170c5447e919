"""Where written bytes go, and when they become visible.

Knows bytes and positions; nothing of TIFF.
Rule 1: a file that appears under a name appears complete: it is written beside its place without
a name, or under a temporary one, and moved there in one step (`FileSink.publish`).
Rule 2: whoever writes decides the order (`write_at`); a sink never reorders what is visible.
Rule 3: a sink that fails leaves what was there before, and no temporary file.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import shutil
import stat
import tempfile
import threading
import weakref
from collections.abc import Callable
from functools import cache
from typing import IO, Any, Literal, Protocol, TypeAlias, cast

from numpy.typing import NDArray

from tiffschema.types import Buffer

__all__ = ['FileSink', 'Sink', 'SpoolSink', 'StreamSink', 'Target', 'open_sink']

Target: TypeAlias = 'str | os.PathLike[str] | IO[bytes] | Any'
WriteMode: TypeAlias = Literal['w', 'x', 'r+']

WRITE_SIZE = 1 << 30
"""Most bytes handed to the system at once; Linux takes no more than 2 GiB - 4 KiB."""


class Sink(Protocol):
    """A place for bytes, by position relative to the first byte of the TIFF."""

    name: str
    path: str | None
    readable: bool
    """Whether what was written can be read again."""

    @property
    def size(self) -> int:
        """End of what was written."""

    def write_at(self, offset: int, data: Buffer) -> None:
        """Write all bytes at a position; a gap before it holds zeros."""

    def commit(
        self, offset: int, parts: tuple[Buffer | NDArray[Any], ...], size: int, at: int, word: bytes
    ) -> None:
        """Write buffers, ``size`` bytes together, behind each other, then a word at ``at`` >= 0."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a position, fewer at the end."""

    def extend(self, size: int) -> None:
        """Let the file be at least so long; new bytes are zero."""

    def truncate(self, size: int) -> None:
        """Cut the file."""

    def publish(self) -> None:
        """Make visible under the name what was written so far; later bytes are visible at once."""

    def settle(self) -> None:
        """Publish; wait until it survives a loss of power if that was asked for."""

    def sync(self) -> None:
        """Wait until what was written survives a loss of power."""

    def close(self) -> None:
        """Publish and close."""

    def abort(self) -> None:
        """Close; forget what was not published."""


class FileSink:
    """A file of the operating system.

    Parameters:
        path: Name of the file.
        mode: ``w`` replaces, ``x`` refuses to, ``r+`` changes in place.
        durable: Wait for the disk before the new file takes its name, and before closing.

    Raises:
        FileExistsError: Mode is ``x`` and the file exists.
        OSError: The folder does not exist or refuses new files.
    """

    def __init__(
        self, path: str | os.PathLike[str], mode: WriteMode = 'w', *, durable: bool = False
    ) -> None:
        self.path: str | None = os.fspath(path)
        self.readable = True
        self.name = os.path.basename(self.path)
        self._durable = durable
        self._target = os.path.realpath(self.path)  # a link keeps pointing at the new file
        self._exclusive = mode == 'x'
        self._temporary: str | None = None
        self._published = True
        self._stream = False
        if mode == 'r+':
            self._fd = os.open(self._target, os.O_RDWR | getattr(os, 'O_BINARY', 0))
        elif mode == 'x' and os.path.lexists(self._target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.path)
        elif _is_special(self._target):
            raise ValueError(f'file {self.path!r} is not a regular file')
        else:
            self._published = False
            self._fd, self._temporary = _unnamed_file(self._target)
        self._size = os.fstat(self._fd).st_size if self._published else 0
        self._finalizer = weakref.finalize(self, _discard, self._fd, self._temporary)

    @property
    def size(self) -> int:
        """End of what was written."""
        return self._size

    def fileno(self) -> int:
        """Descriptor of the open file."""
        return self._fd

    def write_at(self, offset: int, data: Buffer) -> None:
        """Write all bytes at a position."""
        size = len(data)
        done = os.pwrite(self._fd, data, offset) if size <= WRITE_SIZE else 0
        if done < size:
            rest = memoryview(data)
            while done < size:
                done += os.pwrite(self._fd, rest[done : done + WRITE_SIZE], offset + done)
        if offset + size > self._size:
            self._size = offset + size

    def commit(
        self, offset: int, parts: tuple[Buffer | NDArray[Any], ...], size: int, at: int, word: bytes
    ) -> None:
        """Write several buffers one behind the other, then a word elsewhere."""
        if size > WRITE_SIZE or os.pwritev(self._fd, parts, offset) < size:
            _write_parts(self, offset, parts)
        elif offset + size > self._size:
            self._size = offset + size
        if at >= 0 and os.pwrite(self._fd, word, at) < len(word):
            self.write_at(at, word)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a position."""
        return os.pread(self._fd, size, offset)

    def extend(self, size: int) -> None:
        """Let the file be at least so long."""
        if size > self._size:
            os.ftruncate(self._fd, size)
            self._size = size

    def truncate(self, size: int) -> None:
        """Cut the file."""
        os.ftruncate(self._fd, size)
        self._size = size

    def publish(self) -> None:
        """Give the file its name."""
        if self._published:
            return
        mode = _permissions(self._target)
        if self._temporary is not None or mode is not None:
            os.fchmod(self._fd, _new_permissions() if mode is None else mode)
        if self._temporary is not None or not self._named(self._target, mode is None):
            self._replace(self._temporary or _temporary_name(self._fd, self._target))
        self._finalizer.detach()
        self._published = True
        self._finalizer = weakref.finalize(self, _discard, self._fd, None)
        if self._durable:
            _sync_folder(os.path.dirname(self._target))

    def _named(self, name: str, new: bool) -> bool:
        """Give a file without a name its own, in one step where nothing else has it."""
        if not (new or self._exclusive):
            return False
        try:
            _link(self._fd, name)
        except FileExistsError:
            if self._exclusive:
                raise
            return False
        return True

    def _replace(self, temporary: str) -> None:
        try:
            if self._exclusive:
                os.link(temporary, self._target)
                os.unlink(temporary)
            else:
                os.replace(temporary, self._target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise

    def settle(self) -> None:
        """Publish, after waiting for the disk if that was asked for."""
        if self._durable:
            self.sync()
        self.publish()

    def sync(self) -> None:
        """Wait for the disk."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Publish and close."""
        if not self._finalizer.alive:
            return
        try:
            self.settle()
        except BaseException:
            self.abort()
            raise
        self._finalizer()

    def abort(self) -> None:
        """Close; what was not published is gone."""
        self._finalizer()


class StreamSink:
    """A file object that can seek, such as `io.BytesIO`; its position is where the TIFF begins.

    Parameters:
        stream: The file object; it stays open.
        base: Position in the stream which is offset 0 of the TIFF.
        owned: Close the stream in the end.
        fresh: What lies behind that position is of no use.
    """

    def __init__(
        self, stream: IO[bytes], base: int = 0, *, owned: bool = False, fresh: bool = False
    ) -> None:
        self.name = str(getattr(stream, 'name', '') or 'stream')
        self.path: str | None = None
        self.readable = _can(stream, 'readable', 'read')
        self._stream = stream
        self._base = base
        self._owned = owned
        self._lock = threading.Lock()
        stream.seek(base if fresh else 0, os.SEEK_SET if fresh else os.SEEK_END)
        self._size = max(stream.tell() - base, 0)

    @property
    def size(self) -> int:
        """End of what was written."""
        return self._size

    def rebase(self, base: int) -> None:
        """Let the TIFF begin at another position of the stream."""
        self._size += self._base - base
        self._base = base

    def write_at(self, offset: int, data: Buffer) -> None:
        """Write all bytes at a position."""
        with self._lock:
            self._put(offset, (data,))

    def _put(self, offset: int, parts: tuple[Buffer | NDArray[Any], ...]) -> None:
        """Write buffers behind each other."""
        stream, gap = self._stream, offset - self._size
        if gap > 0:  # not every file object fills gaps
            parts, offset = (bytes(gap), *parts), self._size
        stream.seek(self._base + offset)
        for part in parts:
            raw = part if type(part) is bytes else memoryview(part).cast('B')
            done, size = 0, len(raw)
            while done < size:
                count = stream.write(memoryview(raw)[done:] if done else raw)
                if count is None or count <= 0:
                    raise OSError(errno.EIO, f'file object {self.name} wrote nothing')
                done += count
            offset += size
        if offset > self._size:
            self._size = offset

    def commit(
        self, offset: int, parts: tuple[Buffer | NDArray[Any], ...], size: int, at: int, word: bytes
    ) -> None:
        """Write several buffers one behind the other, then a word elsewhere."""
        with self._lock:
            self._put(offset, parts)
            if at >= 0:
                self._put(at, (word,))

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a position."""
        with self._lock:
            self._stream.seek(self._base + offset)
            return self._stream.read(size)

    def extend(self, size: int) -> None:
        """Let the stream be at least so long."""
        with self._lock:
            while self._size < size:
                self._put(self._size, (bytes(min(size - self._size, 1 << 24)),))

    def truncate(self, size: int) -> None:
        """Cut the stream."""
        with self._lock:
            self._stream.truncate(self._base + size)
            self._size = size

    def publish(self) -> None:
        """Nothing to do: a stream is visible at once."""

    def settle(self) -> None:
        """Hand everything to the stream's own target."""
        self.sync()

    def sync(self) -> None:
        """Hand everything to the stream's own target."""
        flush = getattr(self._stream, 'flush', None)
        if flush is not None:
            flush()

    def close(self) -> None:
        """Leave the stream at the end of the TIFF, closing it if owned."""
        self.sync()
        if self._owned:
            self._stream.close()
        else:
            self._stream.seek(self._base + self._size)

    def abort(self) -> None:
        """Close."""
        if self._owned:
            self._stream.close()


class SpoolSink(StreamSink):
    """A target that cannot seek (a pipe, an object store): written to disk first, then copied.

    The target is opened, and what it held is touched, only when the file is complete.

    Parameters:
        opener: Returns the file object that receives the bytes in one go at the end.
        name: Name of the target.
        owned: Close the file object in the end.
    """

    def __init__(self, opener: Callable[[], IO[bytes]], name: str, *, owned: bool = False) -> None:
        spool = tempfile.SpooledTemporaryFile(max_size=1 << 26)  # noqa: SIM115
        super().__init__(cast('IO[bytes]', spool), owned=True)
        self.name = name
        self._opener = opener
        self._owns_out = owned

    def sync(self) -> None:
        """Nothing to do: the target receives its bytes at the end."""

    def close(self) -> None:
        """Copy to the target."""
        try:
            self._stream.seek(0)
            out = self._opener()
            try:
                shutil.copyfileobj(self._stream, out, 1 << 20)
                flush = getattr(out, 'flush', None)
                if flush is not None and not self._owns_out:
                    flush()
            finally:
                if self._owns_out:
                    out.close()
        finally:
            self._stream.close()


def open_sink(file: Target, mode: WriteMode = 'w', *, durable: bool | None = None) -> Sink:
    """Return the sink for a path, an address, a file object or an fsspec file.

    Parameters:
        file: Path; address such as ``memory://a.tif`` (needs fsspec); open binary file object;
            ``fsspec.core.OpenFile``; any object with a ``path`` or ``filehandle`` of these kinds.
        mode: ``w``, ``x`` or ``r+``.

    Raises:
        ValueError: The file is none of these.
        TypeError: A file object is open for text.
        ValueError: A file object cannot be written, or not read where that is needed.
    """
    if durable is None:
        durable = os.environ.get('TIFFSCHEMA_DURABLE') == '1'
    if isinstance(file, (str, os.PathLike)):
        path = os.fspath(file)
        if not path:
            raise ValueError('file: the name is empty')
        if '://' in path:
            return _remote_sink(path, mode, durable)
        if mode == 'w' and _is_special(path):
            stream = open(path, 'wb')  # noqa: SIM115
            return SpoolSink(lambda: stream, os.path.basename(path), owned=True)
        return FileSink(path, mode, durable=durable)
    if hasattr(file, 'open') and not hasattr(file, 'write'):  # fsspec.core.OpenFile
        if mode == 'r+':
            return _stream_sink(file.open(), mode, owned=True)
        if 'r' in getattr(file, 'mode', 'wb'):
            raise ValueError('file: the file is not to be opened for writing')
        return SpoolSink(file.open, os.path.basename(getattr(file, 'path', '')), owned=True)
    if not hasattr(file, 'write'):
        raise ValueError(f'file: {type(file).__name__} is neither a path nor a binary file object')
    return _stream_sink(file, mode, owned=False)


def _remote_sink(url: str, mode: WriteMode, durable: bool) -> Sink:
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    fs, path = fsspec.core.url_to_fs(url)
    if isinstance(fs, LocalFileSystem):
        return FileSink(path, mode, durable=durable)
    if mode == 'r+':
        return _stream_sink(fs.open(path, 'r+b'), mode, owned=True)

    def opener() -> IO[bytes]:
        if mode == 'x' and fs.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), url)
        return cast('IO[bytes]', fs.open(path, 'wb'))

    if mode == 'x' and fs.exists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), url)
    return SpoolSink(opener, os.path.basename(path), owned=True)


def _stream_sink(stream: IO[bytes], mode: WriteMode, *, owned: bool) -> Sink:
    if not _can(stream, 'writable', 'write'):
        raise ValueError('file: the file object is not open for writing')
    if isinstance(stream, io.TextIOBase):
        raise TypeError('file: the file object is open for text, not for bytes')
    mode_of = str(getattr(stream, 'mode', ''))
    if 'a' in mode_of and set(mode_of) <= set('abt+'):
        raise ValueError('file: the file object is open for appending, it writes at the end only')
    if not _can(stream, 'seekable', 'seek', 'tell'):
        if mode == 'r+':
            raise ValueError('file: the file object cannot seek, which changing it needs')
        name = str(getattr(stream, 'name', '') or 'stream')
        return SpoolSink(lambda: stream, name, owned=owned)
    return StreamSink(stream, stream.tell(), owned=owned, fresh=mode != 'r+')


def _can(stream: Any, question: str, *methods: str) -> bool:
    """Return what a file object says of itself; one that does not say it has the methods."""
    ask = getattr(stream, question, None)
    return bool(ask()) if ask is not None else all(hasattr(stream, name) for name in methods)


def _write_parts(sink: Sink, offset: int, parts: tuple[Buffer | NDArray[Any], ...]) -> None:
    for part in parts:
        raw = memoryview(part).cast('B')
        sink.write_at(offset, raw)
        offset += len(raw)


def _is_special(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    return not stat.S_ISREG(mode)


def _unnamed_file(target: str) -> tuple[int, str | None]:
    """Open a new file in the folder of the target, without a name where the system can."""
    folder = os.path.dirname(target)
    flag = getattr(os, 'O_TMPFILE', None)
    if flag is not None and _has_proc():
        try:  # the system takes from these permissions what the process masks
            return os.open(folder, flag | os.O_RDWR, 0o666), None
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                raise
            if not os.path.isdir(folder):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), target) from None
    descriptor, name = tempfile.mkstemp(prefix=f'.{os.path.basename(target)}.', dir=folder)
    return descriptor, name


@cache
def _has_proc() -> bool:
    return os.path.isdir('/proc/self/fd')


def _link(descriptor: int, name: str) -> None:
    """Name a file that has no name.

    Raises:
        FileExistsError: There is such a file.
    """
    # Only linkat(2) follows the link of /proc; Python calls it where a descriptor is given, which
    # the system does not look at, as the path is absolute.
    os.link(f'/proc/self/fd/{descriptor}', name, src_dir_fd=descriptor, follow_symlinks=True)


def _temporary_name(descriptor: int, target: str) -> str:
    folder, base = os.path.split(target)
    name = os.path.join(folder, f'.{base}.{secrets.token_hex(6)}')
    _link(descriptor, name)
    return name


def _permissions(target: str) -> int | None:
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        return None


def _new_permissions() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder or '.', os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(descriptor: int, temporary: str | None) -> None:
    os.close(descriptor)
    if temporary is not None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
