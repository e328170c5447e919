"""Long recordings are opened with few reads, however many planes they have.

The files are read through file objects, as those of a distant store are: what can be mapped is
looked at where it lies.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema.errors import TiffFileError
from tiffschema.formats.spaced import spacing_of
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import Forged, forge

PLANE = (64, 48)


class CountedReads(io.RawIOBase):
    """A file that counts how often and how much is read from it."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)
        self.reads = self.nbytes = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._inner.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._inner.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        found = self._inner.read(size)
        self.reads += 1
        self.nbytes += len(found)
        return found


def recording(kind: str, planes: int, **more: Any) -> Forged:
    """Return a recording of so many planes."""
    sizes: dict[str, dict[str, Any]] = {
        'mmstack': {'frames': planes // 10, 'slices': 5, 'channels': 2, 'ome': False},
        'scanimage': {'slices': planes // 10, 'frames': 5, 'channels': 2},
        'lsm': {'times': planes // 10, 'slices': 10, 'channels': 2},
    }
    return forge(kind, **sizes[kind], **{'shape': PLANE, **more})


@pytest.mark.parametrize('kind', ['mmstack', 'scanimage', 'lsm'])
def test_reads_do_not_grow_with_planes(kind: str) -> None:
    counts = []
    for planes in (200, 600):
        forged = recording(kind, planes)
        file = CountedReads(forged.data)
        with TiffFile(file) as tif:
            series = tif.series[0]
            assert series.kind == kind
            assert len(series.pages) == planes
            assert not tif.faults
            counts.append(file.reads)
            nbytes = file.nbytes
            np.testing.assert_array_equal(series.asarray(), forged.series[0].levels[0])
    assert counts[1] <= counts[0] + 2
    assert max(counts) <= 16
    # The directories of LSM files lie beside each other, and say where pixels are.
    assert nbytes < len(forged.data) // (4 if kind == 'lsm' else 10)


def test_an_index_is_read_at_once(tmp_path: Path) -> None:
    """Of NDTiff the index says where frames lie; the file itself gives its header and a page."""
    fsspec = pytest.importorskip('fsspec', reason='fsspec: a store of several files')
    counts = []
    for times in (20, 60):
        forged = forge('ndtiff', times=times, slices=5, channels=2, shape=PLANE)
        store = fsspec.filesystem('memory')
        folder = f'/reads{times}'
        for name, data in forged.files.items():
            store.pipe(f'{folder}/{name}', data)
        reads: list[int] = []
        whole = store.cat_file

        def counted(*args: Any, whole: Any = whole, reads: list[int] = reads, **more: Any) -> Any:
            found = whole(*args, **more)
            reads.append(len(found))
            return found

        store.cat_file = counted
        try:
            name = next(name for name in sorted(forged.files) if name.endswith('.tif'))
            with TiffFile(f'memory:/{folder}/{name}') as tif:
                assert len(tif.series[0].pages) == times * 10
                assert not tif.faults
                counts.append(len(reads))
                np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0])
        finally:
            del store.cat_file
    assert counts[1] <= counts[0] + 2
    assert max(counts) <= 10


def test_frames_that_were_not_walked_have_their_tags() -> None:
    forged = recording('scanimage', 200)
    file = CountedReads(forged.data)
    with TiffFile(file) as tif:
        series = tif.series[0]
        frames = series.pages
        assert 'frameNumbers = 000124' in frames[123].aspage().description
        assert frames[123].tags['ImageDescription'].value == frames[123].aspage().description
        assert [frame.offset for frame in frames[7:9]] == [frames[7].offset, frames[8].offset]
        assert file.nbytes < len(forged.data) // 10
        assert frames[150].offset == tif.pages[150].offset
        assert frames[150].dataoffsets == tif.pages[150].dataoffsets


@pytest.mark.parametrize('version', [0, 4])
def test_pages_at_varying_distances_are_walked(version: int) -> None:
    forged = recording('scanimage', 400, version=version, padded=False)
    with TiffFile(forged.data) as tif:
        page = tif.pages.first
        spacing = spacing_of(tif, page)
        assert spacing is not None
        assert not spacing.is_confirmed(tif, page)
        np.testing.assert_array_equal(
            tif.series[0].asarray().squeeze(), forged.series[0].levels[0].squeeze()
        )


def test_strict_reading_walks_the_chain() -> None:
    forged = recording('scanimage', 200)
    file = CountedReads(forged.data)
    with TiffFile(file, strict=True) as tif:
        assert tif.series[0].pages[150].offset == tif.pages[150].offset
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0])
        assert tif.pages.chain.known == 200


@pytest.mark.parametrize('lost', [1, 5000, 100_000])
def test_recordings_cut_short_are_walked(lost: int) -> None:
    forged = recording('scanimage', 200)
    data = forged.data[:-lost]
    with TiffFile(data) as tif, TiffFile(CountedReads(data)) as other:
        assert tif.series[0].shape == other.series[0].shape
        assert [str(fault) for fault in tif.faults] == [str(fault) for fault in other.faults]
        # Directories beyond the end are lost; pixels are missed when they are read.
        assert (len(tif.series[0].pages) < 200) == (lost == 100_000)


@pytest.mark.parametrize('kind', ['lsm', 'mmstack', 'stk', 'fluoview', 'sis', 'scanimage', 'mdgel'])
def test_blocks_are_the_same_however_a_file_is_read(kind: str) -> None:
    """Blocks with pointers are read in parts where a file cannot be mapped."""
    forged = forge(kind)
    # Beyond what is read at opening.
    data = forged.data + bytes(1 << 18)
    with TiffFile(data) as tif, TiffFile(CountedReads(data)) as other:
        for page, twin in zip(tif.pages, other.pages, strict=True):
            for tag, same in zip(page.tags, twin.tags, strict=True):
                np.testing.assert_equal(same.value, tag.value)
        np.testing.assert_equal(
            getattr(other, f'{kind}_metadata', None), getattr(tif, f'{kind}_metadata', None)
        )
        assert [str(fault) for fault in other.faults] == [str(fault) for fault in tif.faults]
        assert byte_map(other).unexplained == byte_map(tif).unexplained


def test_blocks_that_claim_too_much() -> None:
    """Bounds hold for what is read in parts, too."""
    forged = recording('mmstack', 200)
    data = bytearray(forged.data)
    data[36:40] = b'\xff\xff\xff\x7f'  # bytes of the summary
    for file in (bytes(data), CountedReads(bytes(data))):
        with TiffFile(file) as tif:
            try:
                assert 'Summary' not in (tif.micromanager_metadata or {})
            except TiffFileError:
                continue
            assert tif.faults
