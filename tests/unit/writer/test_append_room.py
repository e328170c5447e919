"""Descriptions that grow as pages are added: only bytes that are their own are written over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TagEditor, TiffFile, imread, imwrite
from tiffschema.model.directory import Entry, codec

TEXT = b'{"shape": [4, 4]}\0'
ARRAY = np.ones((4, 4), 'u1')
GRAY: dict[str, Any] = {'photometric': 'minisblack'}


def foreign(entries: dict[int, tuple[int, int, int]], tail: bytes, byteorder: Any) -> bytes:
    """Return a file whose values lie behind its directory, from offset 400, as told."""
    file_codec = codec('classic', byteorder)
    plain = {256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 277: 1, 278: 4}
    built = [Entry(code, *file_codec.encode_value(None, 3, value)) for code, value in plain.items()]
    blank = file_codec.build([*built, *(Entry(code, 4, 1, bytes(4)) for code in entries)], 8)
    data = bytearray(file_codec.build_header(8) + blank.data)
    codes = sorted([*plain, *entries])
    for code, (kind, count, at) in entries.items():
        where = 8 + file_codec.count_nbytes + codes.index(code) * file_codec.entry_nbytes
        entry = file_codec.build_entry(code, kind, count, None, at)
        data[where : where + len(entry)] = entry
    return bytes(data).ljust(400, b'\0') + tail


@pytest.mark.parametrize('counts', [{279: (4, 1, 16)}, {}], ids=['counts', 'no counts'])
@pytest.mark.parametrize('byteorder', ['<', '>'])
def test_black_pixels_are_no_free_space(tmp_path: Path, byteorder: str, counts: Any) -> None:
    path = tmp_path / 'a.tif'
    size = len(TEXT)
    entries = {270: (2, size, 400), 315: (2, 8, 400 + size + 16), 273: (4, 1, 400 + size)}
    path.write_bytes(foreign(entries | counts, TEXT + bytes(16) + b'artist!\0', byteorder))
    np.testing.assert_array_equal(imread(path), np.zeros((4, 4)))
    imwrite(path, ARRAY, append=True, contiguous=True, **GRAY)
    with TiffFile(path) as tif:
        assert tif.series[0].shape == (2, 4, 4)
        np.testing.assert_array_equal(tif.asarray(), [np.zeros((4, 4)), ARRAY])


def test_a_text_that_another_tag_shares_stays_for_it(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    size = len(TEXT)
    entries = {270: (2, size, 400), 315: (2, size, 400), 273: (4, 1, 500), 279: (4, 1, 16)}
    path.write_bytes(foreign(entries, (TEXT).ljust(100, b'\0') + bytes(16), '<'))
    imwrite(path, ARRAY, append=True, contiguous=True, **GRAY)
    with TiffFile(path) as tif:
        assert tif.pages[0].description == '{"shape": [2, 4, 4]}'
        assert tif.pages[0].tags[315].value == TEXT[:-1].decode()


@pytest.mark.parametrize('kind', ['shaped', 'generic'])
@pytest.mark.parametrize('other', ['ome', 'imagej'])
def test_a_file_does_not_change_its_kind(tmp_path: Path, kind: Any, other: Any) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, ARRAY, kind=kind)
    data = path.read_bytes()
    with pytest.raises(ValueError, match=f'kind: .* {kind}, not {other}'):
        imwrite(path, ARRAY, append=True, kind=other)
    assert path.read_bytes() == data


def test_edits_beyond_the_reach_of_offsets_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, ARRAY)
    size = (1 << 32) + 50
    os.truncate(path, size)
    with TagEditor(path) as editor, pytest.raises(ValueError, match='315'):
        editor.set('Artist', 'x' * 100)
    with TiffFile(path, mode='r+') as tif, pytest.raises(ValueError, match='305'):
        tif.pages[0].tags['Software'].overwrite('y' * 100)
    with pytest.raises(ValueError, match='classic'):
        imwrite(path, ARRAY, append=True)
    assert path.stat().st_size == size
    np.testing.assert_array_equal(imread(path), ARRAY)
