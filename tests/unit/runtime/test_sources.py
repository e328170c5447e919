"""Sources give the same bytes, whatever holds them."""

from __future__ import annotations

import gzip
import io
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema.errors import TruncatedError
from tiffschema.runtime.filecache import FileCache
from tiffschema.runtime.filehandle import FileHandle
from tiffschema.runtime.source import format_size, is_url, open_source

DATA = bytes(range(256)) * 400


class Trickle(io.RawIOBase):
    """A seekable stream that gives few bytes at a time, as sockets do."""

    def __init__(self) -> None:
        self.at = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (len(DATA) if whence == 2 else self.at if whence == 1 else 0)
        return self.at

    def tell(self) -> int:
        return self.at

    def read(self, size: int = -1) -> bytes:
        data = DATA[self.at : self.at + min(size, 1000)]
        self.at += len(data)
        return data


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / 'data.bin'
    path.write_bytes(DATA)
    with gzip.open(tmp_path / 'data.gz', 'wb') as file:
        file.write(DATA)
    return path


KINDS = ['path', 'str', 'bytes', 'bytearray', 'file', 'unbuffered', 'bytesio', 'gzip', 'trickle',
         'url', 'memory', 'openfile', 'handle', 'source']  # fmt: skip


def opened(kind: str, path: Path) -> Any:
    if kind == 'path':
        return path
    if kind == 'str':
        return str(path)
    if kind == 'bytes':
        return DATA
    if kind == 'bytearray':
        return bytearray(DATA)
    if kind == 'file':
        return path.open('rb')
    if kind == 'unbuffered':
        return path.open('rb', buffering=0)
    if kind == 'bytesio':
        return io.BytesIO(DATA)
    if kind == 'gzip':
        return gzip.open(path.with_suffix('.gz'))
    if kind == 'trickle':
        return Trickle()
    if kind == 'handle':
        return FileHandle(path)
    if kind == 'source':
        return open_source(path)
    fsspec = pytest.importorskip('fsspec', reason='fsspec: remote stores need it')
    if kind == 'url':
        return path.as_uri()
    fsspec.filesystem('memory').pipe('/data.bin', DATA)
    if kind == 'memory':
        return 'memory://data.bin'
    return fsspec.open('memory://data.bin')


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize(('offset', 'size'), [(None, None), (100, None), (100, 90_000)])
def test_same_bytes(kind: str, path: Path, offset: int | None, size: int | None) -> None:
    file = opened(kind, path)
    source = open_source(file, offset=offset, size=size)
    expected = DATA[offset or 0 :][:size]
    assert source.size == len(expected)
    end = len(expected)
    for start, count in [
        (0, 10), (5, 0), (16_000, 2_000), (40_000, 30_000), (0, len(DATA) + 9), (end - 3, 10),
        (end + 5, 4), (1 << 62, 9),
    ]:  # fmt: skip
        assert bytes(source.view(start, count)) == expected[start : start + count]
    offsets = [70_000, 10, 10, 20_000, 20_050, 1 << 40, 50, len(expected) - 2]
    sizes = [300, 5, 7, 20, 20, 8, 0, 9]
    assert [bytes(view) for view in source.fetch(offsets, sizes)] == [
        expected[o : o + s] for o, s in zip(offsets, sizes, strict=True)
    ]
    buffer = bytearray(50)
    assert source.readinto(len(expected) - 20, buffer) == 20
    parts = [memoryview(bytearray(size)) for size in (7, 0, 3000, 5)]
    assert source.readparts(90, parts) == 3012
    assert b''.join(parts) == expected[90:3102]
    assert source.readparts(len(expected) - 1000, parts) == 1000
    assert b''.join(parts)[:1000] == expected[-1000:]
    assert bytes(buffer[:20]) == expected[-20:]
    whole = source.whole()
    assert whole is None or bytes(whole) == expected
    with pytest.raises(TruncatedError, match='needs 8 bytes'):
        source.exactly(len(expected) - 4, 8)
    assert source.holds(0, len(expected))
    if hasattr(file, 'close'):
        del whole
        file.close()


@pytest.mark.parametrize('kind', KINDS)
def test_pickles(kind: str, path: Path) -> None:
    source = open_source(opened(kind, path), offset=7)
    if kind in ('gzip', 'trickle'):
        with pytest.raises(TypeError, match='cannot be reopened'):
            pickle.dumps(source)
        return
    again = pickle.loads(pickle.dumps(source))
    assert bytes(again.view(3, 4)) == DATA[10:14]
    assert again.size == len(DATA) - 7


def test_no_shared_position(path: Path) -> None:
    source = open_source(path.open('rb'))
    wrong = []

    def work(first: int) -> None:
        for start in range(first, 100_000, 977):
            if bytes(source.view(start, 500)) != DATA[start : start + 500]:
                wrong.append(start)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_closed_and_reopened(path: Path) -> None:
    source = open_source(path)
    source.close()
    assert source.closed
    with pytest.raises(ValueError, match='closed file'):
        source.view(0, 4)
    source.open()
    assert bytes(source.view(0, 4)) == DATA[:4]


def test_view_outlives_its_source(path: Path) -> None:
    source = open_source(path)
    whole = source.whole()
    assert whole is not None
    source.close()
    assert bytes(whole[:4]) == DATA[:4]


def test_writes_are_seen(path: Path) -> None:
    source = open_source(path, mode='r+')
    assert bytes(source.view(0, 4)) == DATA[:4]
    assert source.whole() is not None
    assert source.write(1, b'XY') == 2
    assert bytes(source.view(0, 4)) == b'\0XY\3'
    source.write(source.size, b'end')
    assert source.size == len(DATA) + 3
    assert bytes(source.view(len(DATA), 9)) == b'end'
    source.close()
    with pytest.raises(OSError, match='not open for writing'):
        open_source(path).write(0, b'x')


def test_remote_reads_little() -> None:
    fsspec = pytest.importorskip('fsspec', reason='fsspec: remote stores need it')
    fs = fsspec.filesystem('memory')
    fs.pipe('/far.bin', DATA)
    asked = []

    class Counting:
        protocol = 'counting'

        def cat_file(self, path: str, start: int, end: int) -> bytes:
            asked.append((start, end))
            return bytes(fs.cat_file(path, start, end))

        def cat_ranges(self, paths: Any, starts: Any, ends: Any, on_error: str) -> Any:
            asked.extend(zip(starts, ends, strict=True))
            return fs.cat_ranges(paths, starts, ends, on_error=on_error)

        def size(self, path: str) -> int:
            asked.append((-1, -1))
            return int(fs.size(path))

    class Opened:
        fs = Counting()
        path = '/far.bin'

    source = open_source(Opened())
    source.view(0, 16)
    source.view(1000, 2000)
    assert asked == [(0, 32_768)]
    source.view(40_000, 4)
    source.view(40_100, 4)
    assert len(asked) == 2
    source.fetch([50_000, 50_100, 90_000], [100, 100, 100])
    assert asked[2:] == [(50_000, 50_200), (90_000, 90_100)]


def test_bad_arguments(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='mode'):
        open_source(path, mode='rw')
    with pytest.raises(ValueError, match='negative'):
        open_source(path, offset=-1)
    with pytest.raises(ValueError, match='must be a path'):
        open_source(42)
    with pytest.raises(TypeError, match='text'):
        open_source(path.open())
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / 'none')
    with pytest.raises(IsADirectoryError):
        open_source(tmp_path)


def test_handle_is_a_file(path: Path) -> None:
    with FileHandle(path, offset=10, size=1000) as fh:
        assert (fh.tell(), fh.size, fh.name, fh.path) == (0, 1000, 'data.bin', str(path))
        assert (fh.dirname, fh.extension, fh.is_file) == (str(path.parent), '.bin', True)
        assert fh.seek(5) == 5
        assert fh.read(3) == DATA[15:18]
        assert fh.seek(2, 1) == 10
        assert fh.seek(-4, 2) == 996
        assert fh.read() == DATA[1006:1010]
        assert fh.read(4) == b''
        with pytest.raises(ValueError, match='negative'):
            fh.seek(-1)
        fh.seek(0)
        assert fh.read_array('>u2', 2).tolist() == [0x0A0B, 0x0C0D]
        assert fh.tell() == 4
        out = numpy.zeros(2, '<u2')
        assert fh.read_array('>u2', 2, 4, out=out) is out
        assert out.tolist() == [0x1213, 0x1415]
        fh.seek(0)
        record = fh.read_record([('a', 'u1'), ('b', '>u2')])
        assert (record.a, record.b) == (10, 0x0B0C)
        with pytest.raises(ValueError, match='ends before'):
            fh.read_array('u1', 5000)
        mapped = fh.memmap_array('u1', (2, 3), 1)
        assert mapped.tolist() == [[11, 12, 13], [14, 15, 16]]
        segments = [data for data, _ in fh.read_segments([8, 0, 4], [2, 5, 1])]
        assert segments == [None, DATA[14:15], DATA[18:20]]
        assert not fh.has_lock
        fh.lock = True  # type: ignore[assignment]
        assert fh.has_lock
        with fh.lock:
            pass
        again = pickle.loads(pickle.dumps(fh))
        assert again.read(1) == DATA[13:14]
    assert fh.closed


def test_handle_leaves_others_files_open(path: Path) -> None:
    with path.open('rb') as file:
        with FileHandle(file) as fh:
            fh.read(1)
        assert not file.closed
        file.seek(30)
        with FileHandle(file) as fh:
            assert fh.read(1) == DATA[30:31]


def test_handle_writes(tmp_path: Path) -> None:
    with FileHandle(tmp_path / 'new', 'w') as fh:
        fh.write(b'abc')
        fh.write_empty(5)
        assert fh.write_array([1, 2], '>u2') == 4
        assert fh.size == 12
    assert (tmp_path / 'new').read_bytes() == b'abc\0\0\0\0\0\0\1\0\2'
    with pytest.raises(FileExistsError):
        FileHandle(tmp_path / 'new', 'x')


def test_cache_bounds_open_files(tmp_path: Path) -> None:
    handles = []
    for index in range(5):
        path = tmp_path / str(index)
        path.write_bytes(bytes([index]) * 3)
        handles.append(FileHandle(path))
        handles[-1].close()
    cache = FileCache(2)
    for index, handle in enumerate(handles):
        assert cache.read(handle, 1, 1) == bytes([index])
        assert sum(not other.closed for other in handles) <= 2
    cache.open(handles[0])
    cache.clear()
    assert [handle.closed for handle in handles] == [False, True, True, True, True]
    cache.close(handles[0])
    cache.clear()
    assert len(cache) == 0
    handles[1].open()
    cache.read(handles[1], 0, 1)
    cache.clear()
    assert not handles[1].closed


def test_names() -> None:
    assert is_url('s3://b/a.tif')
    assert is_url('zip://a.tif::b.zip')
    assert not is_url('C:\\a.tif')
    assert [format_size(n) for n in (0, 1536, 5 << 40)] == ['0 B', '1.50 KiB', '5.00 TiB']
