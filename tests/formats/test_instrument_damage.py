"""Damage to files of instruments that once was no documented error."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tiffschema.errors import LimitError, TiffFileError
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge
from tiffschema.writer.imwrite import imwrite


def stored(data: bytes, before: bytes, after: bytes) -> bytes:
    assert before in data
    return data.replace(before, after)


@pytest.mark.parametrize('byteorder', ['<', '>'])
def test_counts_of_64_bits_beyond_all_numbers(byteorder: str) -> None:
    file = io.BytesIO()
    image = np.zeros((9, 5, 6), 'u2')
    imwrite(file, image, bigtiff=True, byteorder=byteorder, metadata=None, photometric=1)
    with TiffFile(file.getvalue()) as tif:
        at = tif.pages[4].tags[258].offset + 4
    data = bytearray(file.getvalue())
    for count in (1 << 63, (1 << 64) - 1, (1 << 31) + 5):
        data[at : at + 8] = np.array(count, f'{byteorder}u8').tobytes()
        with TiffFile(bytes(data)) as tif:
            try:
                assert all(one.asarray(errors='fault').ndim for one in tif.series)
            except TiffFileError:
                continue
            assert tif.faults


def test_scale_of_gel_that_is_none() -> None:
    data = bytearray(forge('mdgel').data)
    with TiffFile(bytes(data)) as tif:
        at = tif.pages[0].tags[33446].offset + 4
    data[at : at + 4] = bytes(4)
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].asarray().dtype == np.float32
        assert any('scale' in fault.message for fault in tif.faults)


def test_header_of_nih_image_that_is_cut_off() -> None:
    data = bytearray(forge('nih').data)
    with TiffFile(bytes(data)) as tif:
        at = tif.pages[0].tags[43314].offset + 7
    data[at] = 16
    data[at - 1] = 0
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].axes == 'IYX'
        assert tif.faults


def test_lifetimes_of_another_size_than_the_pages() -> None:
    made = forge('flimage', planes=1)
    data = stored(made.data, b'n_dataPoint = 4', b'n_dataPoint = 5')
    with TiffFile(data) as tif:
        assert tif.series[0].shape == tif.pages[0].shape
        assert tif.series[0].asarray().shape == tif.pages[0].shape


def test_axes_too_long_for_coordinates() -> None:
    data = bytearray(forge('streak', table=False).data)
    with TiffFile(bytes(data)) as tif:
        width, length = (tif.pages[0].tags[code].valueoffset for code in (256, 257))
    data[width : width + 4] = b'\xff\xff\xff\x7f'
    data[length : length + 4] = b'\1\0\0\0'
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].pixel_sizes == {}
        with pytest.raises(LimitError):
            _ = tif.series[0].coords
