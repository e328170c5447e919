"""A small HTTP server of a folder that answers ranges and counts what it sends.

Rule: it stands for an object store, so each request can be made to wait.
"""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

__all__ = ['RangeServer']


class RangeServer:
    """Serves the files of a folder on this machine, while used as a context.

    Parameters:
        folder: The folder.
        ranges: Whether parts of files can be asked for; else a whole file is sent.
        delay: Seconds before each answer.
    """

    def __init__(self, folder: Path, *, ranges: bool = True, delay: float = 0.0) -> None:
        self.folder = folder
        self.ranges = ranges
        self.delay = delay
        self.status: int | None = None
        """Status of all answers, None for the right one."""
        self.shift = 0
        """Bytes by which ranges lie behind what was asked for."""
        self.requests: list[tuple[str, str, int]] = []
        """Method, range asked for and bytes sent, of each request."""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """URL of the folder."""
        return f'http://127.0.0.1:{self._server.server_address[1]}'

    @property
    def nbytes(self) -> int:
        """Bytes sent."""
        return sum(sent for _, _, sent in self.requests)

    def reset(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self.requests.clear()

    def count(self, method: str, asked: str, sent: int) -> None:
        """Note a request."""
        with self._lock:
            self.requests.append((method, asked, sent))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(owner: RangeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        disable_nagle_algorithm = True

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            time.sleep(owner.delay)
            asked = self.headers.get('Range', '')
            path = owner.folder / unquote(self.path.partition('?')[0]).lstrip('/')
            if owner.status or not path.is_file():
                owner.count(self.command, asked, 0)
                self.send_error(owner.status or 404)
                return
            size = path.stat().st_size
            start, stop, status = 0, size, 200
            if owner.ranges and asked.startswith('bytes='):
                first, _, last = asked.removeprefix('bytes=').partition('-')
                start, stop, status = int(first), min(int(last or size) + 1, size), 206
                start += min(owner.shift, stop - start)
                if start >= size:
                    owner.count(self.command, asked, 0)
                    self.send_response(416)
                    self.send_header('Content-Range', f'bytes */{size}')
                    self.send_header('Content-Length', '0')
                    self.end_headers()
                    return
            # Before the answer: who gets it may look at the counts at once.
            owner.count(self.command, asked, stop - start if body else 0)
            self.send_response(status)
            self.send_header('Content-Length', str(stop - start))
            self.send_header('ETag', f'"{path.stat().st_mtime_ns}-{size}"')
            self.send_header('Accept-Ranges', 'bytes' if owner.ranges else 'none')
            if status == 206:
                self.send_header('Content-Range', f'bytes {start}-{stop - 1}/{size}')
            self.end_headers()
            if body:
                with path.open('rb') as file:
                    file.seek(start)
                    self.wfile.write(file.read(stop - start))

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
