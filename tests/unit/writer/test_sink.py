"""Publishing: complete or not at all, nothing left behind."""

from __future__ import annotations

import gc
import io
import os
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffWriter, imwrite
from tiffschema.writer.sink import FileSink, SpoolSink, StreamSink, open_sink


def test_new_file_appears_at_close_only(tmp_path: Path) -> None:
    path = tmp_path / 'a.bin'
    sink = open_sink(path)
    sink.write_at(4, b'abc')
    assert os.listdir(tmp_path) in ([], [name for name in os.listdir(tmp_path) if name != 'a.bin'])
    assert not path.exists()
    sink.close()
    assert path.read_bytes() == b'\0\0\0\0abc'
    assert os.listdir(tmp_path) == ['a.bin']


@pytest.mark.parametrize('unnamed', [True, False])
def test_aborted_file_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    if not unnamed:
        monkeypatch.delattr(os, 'O_TMPFILE', raising=False)
    path = tmp_path / 'a.bin'
    path.write_bytes(b'old')
    sink = open_sink(path)
    sink.write_at(0, b'new content')
    sink.abort()
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['a.bin']
    sink = open_sink(path)
    sink.write_at(0, b'new')
    del sink
    gc.collect()
    assert os.listdir(tmp_path) == ['a.bin']
    sink = open_sink(path)
    sink.write_at(0, b'new')
    sink.close()
    assert path.read_bytes() == b'new'
    assert os.listdir(tmp_path) == ['a.bin']


def test_permissions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / 'a.bin'
    path.write_bytes(b'')
    path.chmod(0o640)
    sink = open_sink(path)
    sink.close()
    assert path.stat().st_mode & 0o777 == 0o640


def test_link_keeps_pointing(tmp_path: Path) -> None:
    (tmp_path / 'folder').mkdir()
    target = tmp_path / 'folder' / 'a.bin'
    target.write_bytes(b'old')
    link = tmp_path / 'link.bin'
    link.symlink_to(target)
    sink = open_sink(link)
    sink.write_at(0, b'new')
    sink.close()
    assert link.is_symlink()
    assert target.read_bytes() == b'new'


def test_exclusive(tmp_path: Path) -> None:
    path = tmp_path / 'a.bin'
    sink = open_sink(path, 'x')
    sink.write_at(0, b'1')
    sink.close()
    with pytest.raises(FileExistsError):
        open_sink(path, 'x')
    # Another process was faster.
    other = tmp_path / 'b.bin'
    sink = open_sink(other, 'x')
    other.write_bytes(b'theirs')
    with pytest.raises(FileExistsError):
        sink.close()
    assert other.read_bytes() == b'theirs'
    assert sorted(os.listdir(tmp_path)) == ['a.bin', 'b.bin']


def test_published_bytes_are_visible_at_once(tmp_path: Path) -> None:
    path = tmp_path / 'a.bin'
    sink = FileSink(path)
    sink.write_at(0, b'one')
    sink.publish()
    assert path.read_bytes() == b'one'
    sink.commit(3, (b'two', b'x'), 4, 0, b'O')
    assert path.read_bytes() == b'Onetwox'
    sink.extend(10)
    assert sink.size == 10
    assert sink.read_at(3, 3) == b'two'
    sink.abort()
    assert path.read_bytes() == b'Onetwox\0\0\0'


def test_stream_begins_where_it_stands() -> None:
    stream = io.BytesIO(b'12345')
    stream.seek(5)
    sink = open_sink(stream)
    assert isinstance(sink, StreamSink)
    sink.write_at(2, b'hi')
    sink.commit(8, (b'a', b'b'), 2, -1, b'')
    sink.extend(12)
    sink.close()
    assert stream.getvalue() == b'12345\0\0hi\0\0\0\0ab\0\0'
    assert stream.tell() == 17


def test_pipe_receives_all_at_the_end() -> None:
    read, write = os.pipe()
    with os.fdopen(write, 'wb') as stream:
        sink = open_sink(stream)
        assert isinstance(sink, SpoolSink)
        sink.write_at(3, b'x')
        sink.write_at(0, b'abc')
        sink.close()
        assert os.read(read, 10) == b'abcx'
    os.close(read)


def test_fsspec_targets() -> None:
    fsspec = pytest.importorskip('fsspec', reason='fsspec: optional extra "remote"')
    sink = open_sink('memory://folder/a.bin')
    sink.write_at(2, b'x')
    sink.close()
    assert fsspec.filesystem('memory').cat('/folder/a.bin') == b'\0\0x'
    sink = open_sink(fsspec.open('memory://b.bin', 'wb'))
    sink.write_at(0, b'y')
    sink.close()
    assert fsspec.filesystem('memory').cat('/b.bin') == b'y'


def test_refused_targets(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='file'):
        open_sink(object())
    with pytest.raises(TypeError, match='text'):
        open_sink(io.StringIO())
    with pytest.raises(ValueError, match='file'):
        open_sink('')
    with pytest.raises(IsADirectoryError):
        open_sink(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_sink(tmp_path / 'none' / 'a.bin')
    with open(tmp_path / 'r.bin', 'wb') as stream:
        stream.write(b'a')
    with open(tmp_path / 'r.bin', 'rb') as stream, pytest.raises(ValueError, match='writing'):
        open_sink(stream)


class Failing(io.BytesIO):
    """A file object that fails after some bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data: Any) -> int:
        if self.tell() + len(memoryview(data)) > self.room:
            raise OSError(28, 'No space left on device')
        return super().write(data)


def test_failing_stream_raises_its_error() -> None:
    sink = open_sink(Failing(10))
    with pytest.raises(OSError, match='space'):
        sink.write_at(8, b'abc')


@pytest.mark.parametrize('exclusive', [False, True])
def test_name_taken_at_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exclusive: bool
) -> None:
    path = tmp_path / 'a.bin'
    sink = open_sink(path, 'x' if exclusive else 'w')
    sink.write_at(0, b'new')
    path.write_bytes(b'other')
    monkeypatch.setattr('tiffschema.writer.sink._permissions', lambda target: None)
    if exclusive:
        with pytest.raises(FileExistsError):
            sink.close()
    else:
        sink.close()
    assert path.read_bytes() == (b'other' if exclusive else b'new')
    assert os.listdir(tmp_path) == ['a.bin']


@pytest.mark.skipif(os.name == 'nt', reason='permissions of POSIX')
def test_permissions_are_those_of_other_new_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        for name in ('a.bin', 'a.bin'):
            sink = open_sink(tmp_path / name)
            sink.write_at(0, b'new')
            sink.close()
        (tmp_path / 'c.bin').write_bytes(b'')
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}


@pytest.mark.parametrize('durable', [None, False, True])
@pytest.mark.parametrize('variable', [None, '1'])
def test_waiting_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool | None, variable: str | None
) -> None:
    """Asked for, the data are on disk before the name is, and the name before closing returns."""
    monkeypatch.delenv('TIFFSCHEMA_DURABLE', raising=False)
    if variable is not None:
        monkeypatch.setenv('TIFFSCHEMA_DURABLE', variable)
    done: list[str] = []
    for name, note in (('fsync', 'fsync'), ('link', 'name'), ('replace', 'name')):
        monkeypatch.setattr(os, name, _noting(done, note, getattr(os, name)))
    waits = variable == '1' if durable is None else durable
    for _ in range(2):  # a new name, and one that another file has
        imwrite(tmp_path / 'a.tif', np.zeros((5, 6), 'u1'), durable=durable)
        steps = [step for step, _ in groupby(done)]
        assert steps == (['fsync', 'name', 'fsync'] if waits else ['name'])
        done.clear()
    with TiffWriter(tmp_path / 'b.tif', durable=durable) as tif:
        tif.write(np.zeros((5, 6), 'u1'))
        tif.flush()
        assert done.count('fsync') == 2 * waits
    imwrite(tmp_path / 'b.tif', np.zeros((5, 6), 'u1'), append=True, durable=durable)
    assert done.count('fsync') == 4 * waits


def _noting(done: list[str], name: str, function: Any) -> Any:
    def noting(*args: Any, **kwargs: Any) -> Any:
        done.append(name)
        return function(*args, **kwargs)

    return noting
