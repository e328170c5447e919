"""Cameras and microscopes: blocks, tables and texts that contradict the pages or are damaged."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tiffschema.errors import FormatError
from tiffschema.formats.mediacy import parse_ips
from tiffschema.model.sections import schemas
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge

"""By kind, what differs, and the option with which it does."""


def test_axes_that_are_not_those_of_the_pages_are_a_fault() -> None:
    forged = forge('sis')
    data = forged.data.replace(b'Z=3', b'Z=4')
    with TiffFile(data) as tif:
        assert tif.series[0].axes == 'IYX'
        assert any('6 pages' in fault.message for fault in tif.faults)


def test_seconds_of_sis_are_read() -> None:
    data = forge('sis').data
    at = data.index(b'SIS0')
    with TiffFile(data[: at + 8] + b'\x1f\0' + data[at + 10 :]) as tif:
        # One reader passes over the field; the weekday and day of the year behind it agree.
        assert tif.sis_metadata['datetime'].second == 31


def test_lists_of_image_pro_name_the_files_of_a_set(tmp_path: Path) -> None:
    names = [f'm{number}.seq' for number in range(12)]
    values = {
        'channels': [{'text': 'DAPI'}, {'text': 'FITC'}],
        'files': [{'text': name} for name in names],
        'times': 2, 'positions': 1, 'slices': 3,
    }  # fmt: skip
    data = bytes(schemas['vendor/media_cybernetics'].struct('ips').build(values))
    listed = parse_ips(data)
    assert listed.channels == ('DAPI', 'FITC')
    assert listed.files.shape == (2, 1, 2, 3)
    assert listed.files[1, 0, 0, 2] == 'm8.seq'
    with pytest.raises(FormatError, match='files'):
        parse_ips(data[:-4] + b'\x04\0\0\0')
    for size in range(0, len(data), 5):
        with pytest.raises(FormatError):
            parse_ips(data[:size])


def test_counts_that_are_not_those_of_the_pages_are_a_fault() -> None:
    data = forge('mediacy').data.replace(b'slices=3', b'slices=4')
    with TiffFile(data) as tif:
        assert (tif.series[0].kind, tif.series[0].axes) == ('uniform', 'IYX')
        assert any('6 pages' in fault.message for fault in tif.faults)


@pytest.mark.parametrize('kind', ['sis', 'tvips', 'streak', 'dectris'])
def test_blocks_behind_the_pages_are_in_the_map(kind: str) -> None:
    data = forge(kind).data
    with TiffFile(data) as tif:
        found = byte_map(tif)
        # Zeros up to the place of a table are all that nothing claims.
        left = b''.join(data[span.start : span.stop] for span in found.unexplained)
        assert not left.strip(b'\0')


def test_tables_of_scalings_beyond_the_file_are_a_fault() -> None:
    data = forge('streak').data.replace(b'"2048,6"', b'"9048,6"')
    with TiffFile(data) as tif:
        assert 'ScalingXScaling' not in tif.streak_metadata['Scaling']
        assert tif.series[0].coords['X'].tolist() == [0, 1, 2, 3, 4, 5]
        assert any('ScalingXScalingFile' in fault.path for fault in tif.faults)


def test_values_that_a_nuvu_file_lacks_are_a_fault() -> None:
    data = forge('nuvu').data.replace(b"Field '65003'", b"Field '65333'")
    with TiffFile(data) as tif:
        assert tif.nuvu_metadata['EMGain'] is None
        assert any('65333' in fault.message for fault in tif.faults)


def test_a_second_part_of_tvips_without_its_end_is_left_out() -> None:
    data = forge('tvips').data
    with TiffFile(data.replace(b'\xaa' * 4, b'\xab' * 4)) as tif:
        assert tif.tvips_metadata['CommentV1'] == 'forged'
        assert 'ImageName' not in tif.tvips_metadata
        assert tif.faults


def test_units_of_nih_image_after_version_153() -> None:
    at = forge('nih', byteorder='<').data.index(b'IPICIMAG')
    data = bytearray(forge('nih', byteorder='<').data)
    data[at + 12 : at + 14], data[at + 172 : at + 174] = b'\x9b\0', b'\x06\0'
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].coord_units['X'] == 'micrometer'


def test_files_explain_where_sizes_came_from() -> None:
    with TiffFile(forge('fei').data) as tif:
        text = tif.explain()
        assert 'series 0: generic, 2x9x11 uint8 IYX' in text
        assert 'X: 5e-09 m a step, from fei_metadata' in text
        assert 'not followed' not in text
    data = io.BytesIO(forge('fei').data)
    with TiffFile(data, mode='r+') as tif:
        tif.pages[0].tags[296].overwrite(3)
    with TiffFile(data.getvalue()) as tif:
        assert 'X: XResolution says 0.01 m, and is not followed' in tif.explain()
    with TiffFile(forge('streak').data) as tif:
        assert 'X: 6 coordinates nm, from streak_metadata' in tif.explain()


def test_depths_of_vista_are_wrong_and_not_believed() -> None:
    with TiffFile(forge('vista', planes=5).data) as tif:
        assert [page.tags['ImageDepth'].value for page in tif.pages] == [5] * 5
        assert tif.series[0].shape == (5, 9, 11)
