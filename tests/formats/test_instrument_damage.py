"""Damage to files of instruments that once was no documented error."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tiffschema.errors import LimitError, TiffFileError
from tiffschema.formats.flimage import parse_flimage
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


@pytest.mark.parametrize('thumbnails', [True, False])
@pytest.mark.parametrize('compressed', [True, False])
def test_scans_without_a_page_that_was_written(compressed: bool, thumbnails: bool) -> None:
    data = bytearray(forge('lsm', compressed=compressed, thumbnails=thumbnails).data)
    with TiffFile(bytes(data)) as tif:
        places = [(tag.valueoffset, 4 * tag.count) for tag in (p.tags[273] for p in tif.pages)]
    for at, size in places:
        data[at : at + size] = bytes(size)
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].kind == 'lsm'
        assert not tif.series[0].asarray().any()
        assert [fault.message for fault in tif.faults] == ['some pages were not written']


def test_scans_of_lines_with_fewer_pages_than_positions() -> None:
    # Z is an axis of the pages here: it cannot be cut when pages are missing.
    data = bytearray(forge('lsm', scan=4, positions=3, times=1, slices=9, thumbnails=False).data)
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].axes == 'PCZX'
        at = tif.pages[0].tags[34412].valueoffset + 264
    data[at : at + 4] = b'\5\0\0\0'
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].kind == 'generic'
        assert any('3 pages do not make 5' in fault.message for fault in tif.faults)


def test_lists_of_lifetimes_that_are_empty() -> None:
    data = forge('flimage', planes=1).data
    data = stored(data, b'acqFLIMA = [True, True]', b'acqFLIMA = [          ]')
    with TiffFile(data) as tif:
        assert tif.series[0].attrs['n_dataPoint'] == [1, 1]


def test_lists_that_nest_without_end() -> None:
    assert parse_flimage('A = ' + '[' * 5000 + ']' * 5000)['A'] == ['[' * 4999 + ']' * 4999]


def sis(*dimensions: str, pages: int) -> TiffFile:
    file = io.BytesIO()
    ini = '\r\n'.join(['[Dimension]', *dimensions, ''])
    image = np.zeros((pages, 4, 5), 'u2')
    imwrite(file, image, metadata=None, photometric=1, extratags=[(33471, 2, 0, ini, True)])
    return TiffFile(file.getvalue())


def test_axes_of_sis_that_share_a_letter() -> None:
    with sis('Z=2', 'Zoom=3', pages=6) as tif:
        assert (tif.series[0].axes, tif.series[0].shape) == ('IYX', (6, 4, 5))
        assert any('ZZ' in fault.message for fault in tif.faults)


def test_sources_of_sis_name_what_is_there() -> None:
    with TiffFile(forge('sis', channels=1, slices=1, ini=False).data) as tif:
        assert tif.series[0].source == 'OlympusSIS'
    with sis('Z=6', pages=6) as tif:
        assert tif.series[0].source == 'OlympusINI'


def test_the_kind_stands_once_in_the_path_of_a_fault() -> None:
    data = bytearray(forge('lsm').data)
    with TiffFile(bytes(data)) as tif:
        at = tif.pages[0].tags[34412].valueoffset + 88
    data[at] = 99
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].kind == 'generic'
        assert [fault.path for fault in tif.faults] == ['series.lsm']
