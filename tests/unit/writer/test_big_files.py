"""Files beyond 4 GiB, most of which are holes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, TiffWriter, imwrite, memmap

SIDE = 1 << 15
SHAPE = (5, SIDE, SIDE)  # 5 GiB
GIVEN: dict[str, Any] = {'shape': SHAPE, 'dtype': 'u1', 'photometric': 'minisblack'}
CLASSIC, BIG = b'II*\0', b'II+\0'


def head(path: Path) -> bytes:
    with open(path, 'rb') as stream:
        return stream.read(4)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield (name := tmp_path / 'a.tif')
    if name.exists():
        assert os.stat(name).st_blocks * 512 < 1 << 20
        name.unlink()


@pytest.mark.parametrize(
    ('options', 'magic', 'pages'),
    [
        ({}, BIG, 5),
        ({'metadata': None}, BIG, 5),
        ({'kind': 'ome'}, BIG, 5),
        ({'kind': 'imagej'}, CLASSIC, 1),
        ({'truncate': True}, CLASSIC, 1),
        ({'truncate': True, 'bigtiff': False}, CLASSIC, 1),
        ({'tile': (SIDE, SIDE)}, BIG, 5),
    ],
    ids=str,
)
@pytest.mark.filterwarnings('ignore:data. directories beyond')
def test_block_beyond_4_gib(path: Path, options: Any, magic: bytes, pages: int) -> None:
    imwrite(path, byteorder='<', **GIVEN, **options)
    assert head(path) == magic
    array = memmap(path)
    array[4, -1, -1] = 7
    array.flush()
    del array
    with TiffFile(path) as tif:
        assert len(tif.pages) == pages
        assert tif.series[0].shape == SHAPE
        assert not tif.faults
        selected = tif.asarray(selection=(4, slice(SIDE - 2, None), slice(SIDE - 2, None)))
        np.testing.assert_array_equal(selected, [[0, 0], [0, 7]])


def test_pages_of_an_iterator_beyond_4_gib(path: Path) -> None:
    imwrite(path, iter([None] * 5), byteorder='<', **GIVEN)
    assert head(path) == BIG
    assert path.stat().st_size > 5 << 30


def test_classic_streams_end_with_the_last_page_that_fits(path: Path) -> None:
    for contiguous in (False, True):
        tif = TiffWriter(path)
        for _ in range(3):
            tif.write(shape=SHAPE[1:], dtype='u1', contiguous=contiguous)
        with pytest.raises(ValueError, match='bigtiff'):
            tif.write(shape=SHAPE[1:], dtype='u1', contiguous=contiguous)
        tif.close()
        with TiffFile(path) as tif2:
            assert len(tif2.pages) == 3
            assert not tif2.faults


def test_classic_files_refuse_to_grow_beyond_4_gib(path: Path) -> None:
    given = {**GIVEN, 'shape': (3, SIDE, SIDE)}
    imwrite(path, **given)
    size = path.stat().st_size
    for options in ({}, {'contiguous': True, 'data': iter([None] * 3)}):
        with pytest.raises(ValueError, match='data'):
            imwrite(path, append=True, **given, **options)
        assert path.stat().st_size == size
    with TiffFile(path) as tif:
        assert len(tif.pages) == 3
        assert not tif.faults


def test_big_files_grow(path: Path) -> None:
    imwrite(path, **GIVEN)
    imwrite(path, np.full((16, 16), 7, 'u1'), append=True)
    with TiffFile(path) as tif:
        assert [series.shape for series in tif.series] == [SHAPE, (16, 16)]
        assert tif.pages[5].asarray().min() == 7
