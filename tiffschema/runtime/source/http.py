"""Files of HTTP servers: ranges, and what the answers tell besides.

The first answer says how long the file is, so that nothing else need be asked; each answer says
which version of the file it is part of. Sessions, headers and loops are those of fsspec.

Source: RFC 9110, sections 14 (range requests) and 8.8 (validators).
"""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Sequence
from typing import Any

from .remote import RemoteSource

__all__ = ['HttpSource']

_ERRORS = {401: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT, 410: errno.ENOENT}
_RANGE = re.compile(r'bytes\s+(?:\*|(\d+)-\d+)/(\d+|\*)')


class HttpSource(RemoteSource):
    """One file of an HTTP server.

    A server that knows no ranges sends the whole file, which is then kept in memory.

    Raises:
        FileNotFoundError: There is no such file (404, 410).
        PermissionError: It may not be read (401, 403).
        OSError: The server cannot be reached or fails, or the file is no longer the one that was
            opened (``errno.ESTALE``).
    """

    _version: tuple[str, int] | None = None
    _sent: bytes | None = None

    def _measure(self) -> int:
        self.head()
        if self._total is None:
            return super()._measure()
        return self._total

    def _ask(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        if self._sent is not None:
            return [self._sent[start:stop] for start, stop in ranges]
        from fsspec.asyn import sync

        return list(sync(self.fs.loop, self._gather, ranges))

    async def _gather(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        return list(await asyncio.gather(*(self._get(start, stop) for start, stop in ranges)))

    async def _get(self, start: int, stop: int) -> bytes:
        options = dict(self.fs.kwargs)
        headers = {**options.pop('headers', {}), 'Range': f'bytes={start}-{stop - 1}'}
        # What is encoded for the way has other offsets.
        headers.setdefault('Accept-Encoding', 'identity')
        session = await self.fs.set_session()
        url = self.fs.encode_url(self.location)
        try:
            async with session.get(url, headers=headers, **options) as answer:
                data: bytes = await answer.read()
                status, said = answer.status, answer.headers
        except OSError:
            raise
        except Exception as error:
            raise OSError(errno.EIO, f'{type(error).__name__}: {error}', self.location) from error
        return self._accepted(status, said, data, start, stop)

    def _accepted(self, status: int, said: Any, data: bytes, start: int, stop: int) -> bytes:
        """Return the bytes asked for from an answer.

        Raises:
            OSError: There are none, or they are of another version of the file.
        """
        if status >= 400 and status != 416:
            code = _ERRORS.get(status, errno.EIO)
            raise OSError(code, f'the server answers {status}', self.location)
        found = _RANGE.match(said.get('Content-Range', ''))
        if status == 206 and (found is None or found[1] is None or int(found[1]) != start):
            # Whoever takes other bytes for those asked for reads wrong pixels without a word.
            message = f'the server answers a request of bytes from {start} with others'
            raise OSError(errno.EIO, message, self.location)
        total = len(data) if status == 200 else None
        if found is not None and found[2] != '*':
            total = int(found[2])
        self._check_version(said.get('ETag') or said.get('Last-Modified') or '', total)
        if total is not None:
            self._total = total
        if status == 416:
            return b''
        if status == 200:
            # No ranges here: everything came, and is kept.
            self._sent = data
            return data[start:stop]
        return data[: stop - start]

    def _check_version(self, mark: str, total: int | None) -> None:
        if total is None:
            return
        if self._version is None:
            self._version = mark, total
        elif self._version != (mark, total):
            message = 'the file changed on the server while it was read'
            raise OSError(errno.ESTALE, message, self.location)
