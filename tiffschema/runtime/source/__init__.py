"""Where bytes come from: memory, files, streams, remote stores; and the door that chooses.

Sources know offsets and sizes, and nothing of TIFF.
"""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from .base import Source

if TYPE_CHECKING:
    from tiffschema.runtime.filehandle import FileHandle

__all__ = ['FileArgument', 'Source', 'checked_mode', 'format_size', 'is_url', 'open_source']

FileArgument: TypeAlias = (
    'str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | FileHandle | Source'
)


def is_url(name: str) -> bool:
    """Return whether a name is a URL of a store (``s3://…``, chained ``zip::…`` too) and no path.

    Example:
        >>> is_url('https://example.org/a.tif'), is_url('C:/a.tif'), is_url('a.tif')
        (True, False, False)
    """
    return '://' in name or '::' in name


def open_source(
    file: Any,
    *,
    mode: str | None = None,
    offset: int | None = None,
    size: int | None = None,
    name: str | None = None,
) -> Source:
    """Return a source of the bytes of a file, however it is named.

    Parameters:
        file: Path, URL that fsspec knows, bytes, binary file object, fsspec ``OpenFile``,
            `FileHandle` or `Source`.
        mode: ``'r'`` (default) or ``'r+'``; ``'w'``, ``'x'`` and ``'a'`` open paths for writing. A
            ``b`` in it is of no account.
        offset: Start of the embedded file in bytes, default 0 (the position of a file object).
        size: Bytes of the embedded file, default all that follow.
        name: Label, default that of the file.

    Raises:
        OSError: The file cannot be opened.
        ValueError: `mode`, `offset` or `size` is not possible, or `file` is none of those.
        TypeError: A file object is open for text.
    """
    mode = checked_mode(mode)
    if offset is not None and offset < 0:
        raise ValueError(f'offset {offset} is negative')
    if size is not None and size < 0:
        raise ValueError(f'size {size} is negative')
    source = getattr(file, 'source', None)
    if isinstance(source, Source):  # a FileHandle
        file = source
    if isinstance(file, Source):
        return file.embedded(offset or 0, size, name)
    if isinstance(file, bytes | bytearray | memoryview):
        from .memory import MemorySource

        return MemorySource(file, name=name).embedded(offset or 0, size, name)
    if isinstance(file, str) and is_url(file):
        from .remote import RemoteSource

        return RemoteSource.from_url(file, mode=mode, offset=offset or 0, size=size, name=name)
    if isinstance(file, str | os.PathLike):
        from .file import FileSource

        return FileSource(os.fspath(file), mode, offset=offset or 0, size=size, name=name)
    return _open_object(file, mode, offset, size, name)


def checked_mode(mode: str | None) -> str:
    """Return a mode without its ``b``.

    Raises:
        ValueError: The mode is unknown.
    """
    plain = 'r' if mode is None else mode.replace('b', '')
    if plain not in ('r', 'r+', 'w', 'w+', 'x', 'x+', 'a', 'a+'):
        raise ValueError(f"mode {mode!r} is none of 'r', 'r+', 'w', 'x', 'a'")
    return plain


def _open_object(
    file: Any, mode: str, offset: int | None, size: int | None, name: str | None
) -> Source:
    if hasattr(file, 'fs') and hasattr(file, 'path'):
        is_file = hasattr(file, 'read')
        # Open files of distant stores read far ahead; what is behind them reads what is asked for.
        if not is_file or (getattr(file.fs, 'async_impl', False) and file.mode == 'rb'):
            from .remote import remote_source

            if offset is None:
                offset = int(file.tell()) if is_file else 0
            return remote_source(file.fs, file.path, mode=mode, offset=offset, size=size, name=name)
    if not (hasattr(file, 'seek') and (hasattr(file, 'read') or hasattr(file, 'write'))):
        raise ValueError(f'file must be a path, bytes or a binary file, not {type(file).__name__}')
    if isinstance(file, io.TextIOBase):
        raise TypeError('file was opened as text; open it in binary mode')
    if offset is None:
        # A file object may stand at the start of a TIFF inside another file.
        offset = int(file.tell())
    from .stream import stream_source

    return stream_source(file, offset, size, name)


def format_size(size: float, /, threshold: float = 1536) -> str:
    """Return a number of bytes as text with a binary unit.

    Parameters:
        size: Bytes.
        threshold: Largest number before the next unit is taken.

    Example:
        >>> format_size(7 << 20), format_size(12)
        ('7.00 MiB', '12 B')
    """
    if size < threshold:
        return f'{size} B'
    units = iter(('KiB', 'MiB', 'GiB', 'TiB', 'PiB'))
    unit = 'B'
    while size >= threshold and unit != 'PiB':
        size /= 1024
        unit = next(units)
    return f'{size:.2f} {unit}'
