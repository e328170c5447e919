"""Files written anew without unused bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import FormatError, TiffFile, TiffWriter, imread, imwrite
from tiffschema.model.directory import Entry, codec
from tiffschema.testing import forge
from tiffschema.writer.cog import write_cog
from tiffschema.writer.compact import compact
from tiffschema.writer.edit import TagEditor


@pytest.mark.parametrize('options', [{}, {'compression': 'zlib'}, {'tile': (16, 16)}], ids=str)
@pytest.mark.parametrize('variant', [{}, {'bigtiff': True}, {'byteorder': '>'}], ids=str)
def test_compact(tmp_path: Path, options: Any, variant: Any) -> None:
    path = tmp_path / 'a.tif'
    array = np.random.default_rng(0).integers(0, 255, (4, 31, 33), 'u1')
    imwrite(path, array, photometric='minisblack', metadata=None, **options, **variant)
    size = os.path.getsize(path)
    with TagEditor(path) as editor:
        editor.set('Artist', 'x' * 5000)
        editor.set('Artist', 'y' * 6000)
        editor.delete('Artist')
        editor.set('Orientation', 1, page=2)
        editor.remove_page(1)
    lost = compact(path)
    assert lost > 11000
    assert os.path.getsize(path) < size + 200
    rest = np.delete(array, 1, axis=0)
    np.testing.assert_array_equal(imread(path, key=slice(None)), rest)
    again = tmp_path / 'b.tif'
    compact(path, again)
    np.testing.assert_array_equal(imread(again, key=slice(None)), rest)
    assert sorted(os.listdir(tmp_path)) == ['a.tif', 'b.tif']


def test_children_move_along(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    array = np.random.default_rng(0).integers(0, 255, (2, 64, 64), 'u1')
    for count in (2, -2):
        with TiffWriter(path) as tif:
            tif.write(array, photometric='minisblack', subifds=count)
            tif.write(array[:, ::2, ::2], photometric='minisblack', subfiletype=1)
            tif.write(array[:, ::4, ::4], photometric='minisblack', subfiletype=1)
        compact(path)
        with TiffFile(path) as tif:
            np.testing.assert_array_equal(tif.series[0].asarray(), array)
            child = tif.pages[1].pages[0]
            np.testing.assert_array_equal(child.asarray(), array[1, ::2, ::2])


def test_block_stays_a_block(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    array = np.random.default_rng(0).integers(0, 255, (5, 31, 33), 'u1')
    imwrite(path, array, imagej=True)
    compact(path)
    with TiffFile(path) as tif:
        assert tif.is_imagej
        assert tif.series[0].dataoffset is not None
        np.testing.assert_array_equal(tif.asarray(), array)


def test_refused(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    array = np.zeros((5, 31, 33), 'u1')
    imwrite(path, array, imagej=True, truncate=True)
    before = path.read_bytes()
    with pytest.raises(ValueError, match='directory'):
        compact(path)
    assert path.read_bytes() == before
    path.write_bytes(b'nothing of a TIFF')
    with pytest.raises(ValueError, match='TIFF'):
        compact(path)
    assert os.listdir(tmp_path) == ['a.tif']


def plain_file(offsets: list[int], sizes: list[int] | None, rows: int, data: bytes) -> bytes:
    """Return a file of four columns of bytes, its strips at places behind `data`'s start."""
    file_codec = codec('classic', '<')
    start = 1000
    values: list[tuple[int, int, Any]] = [
        (256, 3, 4), (257, 3, rows * len(offsets)), (258, 3, 8), (259, 3, 1), (262, 3, 1),
        (277, 3, 1), (278, 3, rows), (273, 4, tuple(start + at for at in offsets)),
    ]  # fmt: skip
    if sizes is not None:
        values.append((279, 4, tuple(sizes)))
    entries = [Entry(code, *file_codec.encode_value(None, kind, v)) for code, kind, v in values]
    built = file_codec.build(entries, 8)
    return (file_codec.build_header(8) + built.data).ljust(start, b'\0') + data


@pytest.mark.parametrize(
    'offsets', [[0, 8], [0, 4], [4, 0], [0, 4, 20], [0, 0, 2], [8, 0, 4, 30]], ids=str
)
def test_segments_that_overlap_keep_their_bytes(tmp_path: Path, offsets: list[int]) -> None:
    path = tmp_path / 'a.tif'
    path.write_bytes(plain_file(offsets, [8] * len(offsets), 2, bytes(range(1, 41))))
    before = imread(path)
    compact(path)
    np.testing.assert_array_equal(imread(path), before)


@pytest.mark.parametrize(
    ('offsets', 'sizes'),
    [([0], None), ([0], [0]), ([0], [4]), ([0, 8], [8]), ([0, 8], [8, 0]), ([0, 8], [8, 4])],
    ids=str,
)
def test_data_of_unknown_size_are_not_lost(
    tmp_path: Path, offsets: list[int], sizes: list[int] | None
) -> None:
    path = tmp_path / 'a.tif'
    data = plain_file(offsets, sizes, 2, bytes(range(1, 41)))
    path.write_bytes(data)
    with pytest.raises(ValueError, match='byte counts'):
        compact(path)
    assert path.read_bytes() == data


@pytest.mark.parametrize('kind', ['scanimage', 'streak', 'mmstack'])
def test_blocks_behind_no_tag_are_not_lost(tmp_path: Path, kind: str) -> None:
    path = tmp_path / 'a.tif'
    data = forge(kind).data
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r'block|kind'):
        compact(path)
    assert path.read_bytes() == data


def test_the_layout_of_a_cloud_optimised_file_goes(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    array = np.random.default_rng(0).integers(0, 255, (64, 96), 'u1')
    write_cog(path, array, tile=(16, 16))
    compact(path)
    assert b'GDAL_STRUCTURAL' not in path.read_bytes()
    np.testing.assert_array_equal(imread(path), array)


@pytest.mark.parametrize(
    ('code', 'at', 'new', 'message'),
    [
        (273, 2, b'\x02\x00', 'are no integers'),
        (279, 0, b'\x11\x01', 'several entries'),
        (305, 8, b'\x02\x00\x00\x00', 'a value leaves the file'),
    ],
)
def test_what_readers_would_read_otherwise_is_refused(
    tmp_path: Path, code: int, at: int, new: bytes, message: str
) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, np.zeros((31, 33), 'u1'), metadata=None, rowsperstrip=8)
    with TiffFile(path) as tif:
        offset = tif.pages[0].tags[code].offset + at
    data = bytearray(path.read_bytes())
    data[offset : offset + len(new)] = new
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message):
        compact(path)
    assert path.read_bytes() == data
