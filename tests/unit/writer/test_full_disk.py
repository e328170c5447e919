"""Disks without room, file objects that fail, targets that cannot be written."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, TiffWriter, imread, imwrite
from tiffschema.writer.compact import compact
from tiffschema.writer.edit import TagEditor

ROOT = Path(__file__).resolve().parents[3]
ARRAY = np.random.default_rng(0).integers(0, 250, (3, 64, 80), 'u1')
GRAY: dict[str, Any] = {'photometric': 'minisblack'}

LIMITED = """
import os, resource, signal, sys
import numpy as np
from tiffschema import imwrite, TiffWriter, memmap
from tiffschema.writer.edit import TagEditor

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
path = sys.argv[1]
big = np.random.default_rng(0).integers(0, 250, (9, 64, 80), 'u1')

def tags():
    with TagEditor(path) as editor:
        editor.set('ImageDescription', 'x' * 60_000)

def stream():
    with TiffWriter(path + '.stream') as tif:
        for page in big:
            tif.write(page)

for name, work in {
    'plain': lambda: imwrite(path, big, photometric='minisblack'),
    'deflated': lambda: imwrite(path, big, photometric='minisblack', compression='zlib'),
    'new': lambda: imwrite(path + '.new', big, photometric='minisblack', mode='x'),
    'append': lambda: imwrite(path, big, photometric='minisblack', append=True),
    'memmap': lambda: memmap(path, shape=(9, 64, 80), dtype='u1'),
    'tags': tags,
    'stream': stream,
}.items():
    try:
        work()
    except OSError as error:
        print(name, error.errno)
"""


def output(script: str, path: Path) -> list[str]:
    """Return the lines that a script prints."""
    result = subprocess.run(
        [sys.executable, '-c', script, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split('\n')[:-1]


def test_files_must_not_grow_beyond_a_limit(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, ARRAY, description='old', metadata=None, **GRAY)
    old = path.read_bytes()
    printed = output(LIMITED, path)
    names = ('plain', 'deflated', 'new', 'append', 'memmap', 'tags', 'stream')
    assert printed == [f'{name} {errno.EFBIG}' for name in names]
    assert path.read_bytes()[: len(old)] == old
    np.testing.assert_array_equal(imread(path), ARRAY)
    assert sorted(os.listdir(tmp_path)) == ['a.tif', 'a.tif.stream']
    with TiffFile(tmp_path / 'a.tif.stream') as tif:  # pages that fitted are there
        assert 5 <= len(tif.pages) <= 7
        assert not tif.faults


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 64 KiB."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', str(folder)], check=False
    ) if os.geteuid() == 0 else None  # fmt: skip
    if mounted is None or mounted.returncode:
        pytest.skip('mount: only root may add a disk')
    yield folder
    subprocess.run(
        ['umount', '-l', str(folder)],  # errors still hold files open
        check=True,
    )


def write_pages(path: Path, pages: np.ndarray) -> None:
    with TiffWriter(path) as tif:
        for page in pages:
            tif.write(page)


@pytest.mark.parametrize('unnamed', [True, False])
def test_full_disk(small_disk: Path, unnamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not unnamed:
        monkeypatch.delattr(os, 'O_TMPFILE', raising=False)
    path = small_disk / 'a.tif'
    imwrite(path, ARRAY, description='old', metadata=None, **GRAY)
    old = path.read_bytes()
    large = np.random.default_rng(0).integers(0, 250, (20, 64, 80), 'u1')
    with pytest.raises(OSError, match='No space'):
        imwrite(path, large, **GRAY)
    with pytest.raises(OSError, match='No space'):
        imwrite(path, large, compression='zlib', **GRAY)
    with pytest.raises(OSError, match='No space'):
        imwrite(path, large, append=True, **GRAY)
    assert path.read_bytes() == old
    with pytest.raises(OSError, match='No space'), TagEditor(path) as editor:
        editor.set('ImageDescription', 'x' * 70_000)
    assert path.read_bytes() == old
    with TiffFile(path, mode='r+') as tif3, pytest.raises(OSError, match='No space'):
        tif3.pages.first.tags['ImageDescription'].overwrite('x' * 70_000)
    assert path.read_bytes() == old
    with TagEditor(path) as editor:
        editor.set('Artist', 'me')
    with pytest.raises(OSError, match='No space'):
        write_pages(small_disk / 'b.tif', large)
    with TiffFile(small_disk / 'b.tif') as tif2:
        count = len(tif2.pages)
        np.testing.assert_array_equal(tif2.asarray(key=range(count)), large[:count])
    with TiffFile(path) as tif3:
        assert tif3.pages[0].tags['Artist'].value == 'me'
    with pytest.raises(OSError, match='No space'):
        compact(path)
    assert sorted(os.listdir(small_disk)) == ['a.tif', 'b.tif']


class Failing(io.BytesIO):
    """A file object that takes a number of writes, then fails or writes nothing."""

    def __init__(self, data: bytes, left: int, how: str) -> None:
        super().__init__(data)
        self.left = left
        self.how = how

    def write(self, data: Any) -> int:
        self.left -= 1
        if self.left >= 0:
            return super().write(data)
        if self.how == 'nothing':
            return 0
        raise OSError(errno.EIO, 'the cable is loose')


@pytest.mark.parametrize('how', ['raises', 'nothing'])
def test_failing_file_objects(how: str) -> None:
    stream = io.BytesIO()
    imwrite(stream, ARRAY, compression='zlib', **GRAY)
    old = stream.getvalue()
    for left in range(8):
        failing = Failing(b'', left, how)
        with pytest.raises(OSError, match=r'loose|wrote nothing'):
            imwrite(failing, ARRAY, compression='zlib', **GRAY)
    for left in range(5):
        failing = Failing(old, left, how)
        with pytest.raises(OSError, match=r'loose|wrote nothing'):
            imwrite(failing, ARRAY, append=True, compression='zlib', **GRAY)
        with TiffFile(io.BytesIO(failing.getvalue())) as tif:
            np.testing.assert_array_equal(tif.asarray(key=range(3)), ARRAY)
            assert not tif.faults


class Partial(io.BytesIO):
    """A raw file object, which takes less than it is given."""

    def write(self, data: Any) -> int:
        return super().write(memoryview(data)[: max(len(data) // 2, 1)])


def test_partial_writes_are_continued() -> None:
    stream = Partial()
    imwrite(stream, ARRAY, compression='zlib', **GRAY)
    np.testing.assert_array_equal(imread(io.BytesIO(stream.getvalue())), ARRAY)


UNPRIVILEGED = """
import io, os, sys, tempfile
import numpy as np
from tiffschema import imread, imwrite, TiffFile, TiffWriter, memmap
from tiffschema.writer.edit import TagEditor
from tiffschema.writer.compact import compact
imwrite(io.BytesIO(), np.zeros((3, 4), 'u1'))  # modules are read while they may be
imread(sys.argv[1])
compact(sys.argv[1], os.path.join(tempfile.mkdtemp(), 'c.tif'))
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
path = sys.argv[1]
folder = os.path.dirname(path)
array = np.zeros((5, 6), 'u1')
for name, work in {
    'replace': lambda: imwrite(path, array),
    'new': lambda: imwrite(os.path.join(folder, 'b.tif'), array),
    'exclusive': lambda: imwrite(os.path.join(folder, 'b.tif'), array, mode='x'),
    'stream': lambda: TiffWriter(os.path.join(folder, 'b.tif')),
    'append': lambda: imwrite(path, array, append=True),
    'tags': lambda: TagEditor(path),
    'reader': lambda: TiffFile(path, mode='r+'),
    'memmap': lambda: memmap(path),
    'compact': lambda: compact(path),
}.items():
    try:
        work()
    except PermissionError as error:
        print(name, folder in str(error.filename))
"""


def test_read_only_targets() -> None:
    folder = Path(tempfile.mkdtemp())  # which another user may look into
    path = folder / 'a.tif'
    imwrite(path, ARRAY, **GRAY)
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        printed = output(UNPRIVILEGED, path)
        assert sorted(os.listdir(folder)) == ['a.tif']
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    names = (
        'replace', 'new', 'exclusive', 'stream', 'append', 'tags', 'reader', 'memmap', 'compact',
    )  # fmt: skip
    assert printed == [f'{name} True' for name in names]


def test_file_objects_open_for_reading(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, ARRAY, **GRAY)
    old = path.read_bytes()
    with open(path, 'rb') as stream:
        for options in ({}, {'append': True}):
            with pytest.raises(ValueError, match='writing'):
                imwrite(stream, ARRAY, **options)
        with pytest.raises(ValueError, match='writing'):
            TagEditor(stream)
    with TiffFile(path) as tif, pytest.raises(OSError, match='writing'):
        tif.pages.first.tags['ImageWidth'].overwrite(7)
    assert path.read_bytes() == old
