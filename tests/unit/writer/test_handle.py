"""The handle of a file that is being written, and handles as targets."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import FileHandle, TiffFile, TiffWriter, imread, imwrite


def targets(tmp_path: Path) -> list[Any]:
    return [tmp_path / 'a.tif', io.BytesIO(), FileHandle(tmp_path / 'b.tif', 'w')]


@pytest.mark.parametrize('which', [0, 1, 2])
def test_handle_reads_and_writes_beside_the_writer(tmp_path: Path, which: int) -> None:
    target = targets(tmp_path)[which]
    array = np.arange(30, dtype='u1').reshape(5, 6)
    with TiffWriter(target) as tif:
        tif.write(array)
        handle = tif.filehandle
        assert isinstance(handle, FileHandle)
        assert handle is tif.filehandle
        assert handle.name
        assert handle.writable()
        end = handle.size
        assert handle.tell() == end
        handle.seek(0)
        assert handle.read(2) in (b'II', b'MM')
        handle.seek(end)
        assert handle.write(b'private data') == 12
        handle.flush()
        assert handle.size == end + 12
        tif.write(array + 1)
        handle.seek(end)
        assert handle.read(12) == b'private data'
        assert handle.is_file is (which == 0)
        if which == 0:
            assert handle.path == str(target)
            assert handle.fileno() > 0
        else:
            with pytest.raises(OSError, match='descriptor'):
                handle.fileno()
    assert handle.closed
    if which == 2:
        target.close()
        target = tmp_path / 'b.tif'
    elif which == 1:
        target.seek(0)
    with TiffFile(target) as tif2:
        np.testing.assert_array_equal(tif2.pages[0].asarray(), array)
        np.testing.assert_array_equal(tif2.pages[1].asarray(), array + 1)


def test_handle_as_target_inside_another_file(tmp_path: Path) -> None:
    path = tmp_path / 'a.bin'
    path.write_bytes(b'x' * 100)
    with FileHandle(path, 'r+', offset=100) as handle:
        imwrite(handle, np.full((5, 6), 7, 'u1'))
    assert path.read_bytes()[:100] == b'x' * 100
    with FileHandle(path, offset=100) as handle:
        assert imread(handle).min() == 7
    with FileHandle(path) as handle, pytest.raises(ValueError, match='file'):
        imwrite(handle, np.zeros((5, 6), 'u1'))
