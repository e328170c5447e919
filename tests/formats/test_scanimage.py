"""ScanImage files: coordinates, recordings that were stopped or cut, parts of large ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tiffschema.formats.scanimage import _coordinates
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge

APART = 200 << 20


def test_coordinates(tmp_path: Path) -> None:
    with TiffFile(forge('scanimage').data) as tif:
        series = tif.series[0]
        assert series.coord_units == {'T': 'second', 'Z': 'micrometer'}
        assert series.coords['T'].tolist() == [0.0, 0.5, 1.0, 1.5]
        assert series.coords['Z'].tolist() == [0.0, 1.5, 3.0]


def test_a_chain_that_was_cut_ends_there() -> None:
    forged = forge('scanimage', version=0, broken=True)
    with TiffFile(forged.data) as tif:
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0][:5])


def test_parts_of_large_recordings(tmp_path: Path) -> None:
    forged = forge('scanimage', version=0, apart=APART, broken=True)
    with TiffFile(forged.write(tmp_path)) as tif:
        series = tif.series[0]
        image = forged.series[0].levels[0]
        np.testing.assert_array_equal(series.asarray(selection=np.s_[20:, 2]), image[20:, 2])
        np.testing.assert_array_equal(series[23].asarray(), image[23])
        for frames in (series._pages[5:7], series._pages[5::2][:1]):
            np.testing.assert_array_equal(frames[0].asarray(), image[5])
        np.testing.assert_array_equal(series._pages[:3][0].asarray(), image[0])


@pytest.mark.parametrize(('lost', 'axes'), [(1, 'ZTC'), (24, 'TC'), (2, 'ZTC')])
def test_recordings_that_were_stopped(lost: int, axes: str) -> None:
    """Whole slices are kept; what is left over is a fault."""
    forged = forge('scanimage', slices=3 if lost < 24 else 1)
    if lost == 24:
        lost = 2
    with TiffFile(forged.data) as tif:
        number = len(tif.pages) - lost - 1
        page = tif.pages[number]
        link = page.offset + 8 + 20 * len(page.tags)
    data = forged.data[:link] + bytes(8) + forged.data[link + 8 :]
    with TiffFile(data) as tif:
        series = tif.series[0]
        whole = forged.series[0].levels[0]
        if axes == 'ZTC':
            np.testing.assert_array_equal(series.asarray(), whole[:2])
        else:
            np.testing.assert_array_equal(series.asarray(), whole[:3])
        assert tif.faults


def test_values_behind_the_header_that_are_cut(tmp_path: Path) -> None:
    data = bytearray(forge('scanimage').data)
    data[24:28] = b'\xff\xff\xff\x7f'
    with TiffFile(bytes(data)) as tif:
        assert tif.scanimage_metadata == {}
        assert tif.series[0].shape == (3, 4, 2, 5, 6)
        assert tif.faults


def test_every_byte_is_explained() -> None:
    with TiffFile(forge('scanimage').data) as tif:
        assert not byte_map(tif).unexplained
    with TiffFile(forge('scanimage', version=0).data) as tif:
        assert not byte_map(tif).unexplained


@pytest.mark.parametrize('corners', [[1, 2, 3, 4], [[0], [1], [2], [3]], [{}, {}, {}, {}]])
def test_a_field_of_view_that_is_none_is_a_fault(corners: list[object]) -> None:
    with TiffFile(forge('scanimage').data) as tif:
        values = {'SI.hRoiManager.imagingFovUm': corners}
        assert _coordinates(values, tif.pages[0], (), '') == ({}, {})
        assert 'field of view' in str(tif.faults[-1])
