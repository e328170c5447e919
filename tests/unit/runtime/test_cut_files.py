"""A file that was cut off anywhere is read equal or raises; nothing is made up without a word."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import zarr

import tiffschema
from tiffschema.errors import FormatError, TiffFileError, TruncatedError

IMAGE = np.arange(1, 31, dtype='u2').reshape(5, 6)


def _file(**kwargs) -> bytes:
    file = io.BytesIO()
    tiffschema.imwrite(file, IMAGE, metadata=None, **kwargs)
    return file.getvalue()


@pytest.mark.parametrize(
    'kwargs',
    [{}, {'rowsperstrip': 2}, {'tile': (16, 16), 'compression': 'zlib'}, {'bigtiff': True}],
    ids=['strip', 'strips', 'tiles', 'bigtiff'],
)
def test_cut_files_raise_or_are_equal(kwargs):
    data = _file(**kwargs)
    for size in range(len(data)):
        try:
            found = tiffschema.imread(data[:size])
        except TiffFileError:
            continue
        np.testing.assert_array_equal(found, IMAGE, str(size))


def _without_offsets() -> bytes:
    data = bytearray(_file())
    at = data.index(struct.pack('<HH', 273, 4))
    data[at : at + 2] = struct.pack('<H', 65001)
    return bytes(data)


def test_pages_of_which_nothing_says_where_they_lie_are_unreadable():
    data = _without_offsets()
    with tiffschema.TiffFile(data) as tif:
        page = tif.pages[0]
        assert page.dataoffsets == (0,)
        assert not page.is_contiguous
        for read in (
            page.asarray,
            tif.series[0].asarray,
            lambda: page.asarray(selection=np.s_[:2]),
            lambda: list(page.segments()),
            lambda: zarr.open_array(tif.series[0].aszarr(), mode='r')[:],
        ):
            with pytest.raises(FormatError, match=r'pages\[0\]: no tag says where'):
                read()
        found = page.asarray(errors='fault')
    np.testing.assert_array_equal(found, np.zeros_like(IMAGE))
    assert any('no tag says where' in str(fault) for fault in tif.faults)


def test_files_whose_first_directory_is_lost():
    data = _file()[:12]
    with pytest.raises(FormatError, match='does not lie in the file'):
        tiffschema.imread(data)
    with tiffschema.TiffFile(data) as tif:
        assert len(tif.pages) == 0
        with pytest.raises(FormatError, match='does not lie in the file'):
            tif.aszarr()
        with pytest.warns(UserWarning, match='no pages'):
            assert tif.asarray(errors='fault').size == 0


@pytest.mark.parametrize('mode', ['r', 'r+', 'c'])
@pytest.mark.parametrize('how', [{}, {'page': 0}, {'series': 0}], ids=str)
def test_mapping_a_cut_file_raises_and_leaves_it_as_it_is(tmp_path, mode, how):
    path = tmp_path / 'cut.tif'
    data = _file(photometric='minisblack')[:-7]
    path.write_bytes(data)
    with pytest.raises(TruncatedError, match='7 bytes'):
        tiffschema.memmap(path, mode=mode, **how)
    with tiffschema.TiffFile(path, mode='r+') as tif:
        place = tif.pages[0].dataoffsets[0]
        with pytest.raises(TruncatedError, match='7 bytes'):
            tif.filehandle.memmap_array('u2', IMAGE.shape, place, mode=mode)
    assert path.read_bytes() == data
