"""Vendors' blocks and sizes of pixels of real files of instruments."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tiffschema.runtime.file import TiffFile

SIZES = {
    'fei/imageio-binaries__fei-sem-rbc.tif': (7.70833e-09, 'fei_metadata'),
    'sem/odemis__zeiss_example_sem.tif': (5.933e-07, 'sem_metadata'),
    'metaseries/faim-ipa__Projection-Mix_E07_s1_w1_thumb4BFD4018-E-B5AB-2E959E6B6DA1.tif': (
        8.74752e-06, 'metaseries_metadata'
    ),
}  # fmt: skip


@pytest.mark.parametrize('name', SIZES)
def test_sizes_of_pixels_are_those_of_the_metadata(samples: Path, name: str) -> None:
    with TiffFile(samples / name) as tif:
        size = tif.series[0].pixel_sizes['X']
        assert (size.metres, size.source) == (pytest.approx(SIZES[name][0]), SIZES[name][1])


def test_blocks_of_sis_behind_the_second_page(samples: Path) -> None:
    with TiffFile(samples / 'sis/rosettasciio__olympus_SIS.tif') as tif:
        # The first page is a preview without a block, so that the file is not of this kind.
        assert not tif.is_sis
        assert tif.pages[1].is_sis
        block = tif.pages[1].tags['OlympusSIS'].value
        assert block['datetime'] == datetime(2018, 11, 15, 19, 42, 31)
        assert (block['weekday'], block['yearday']) == (4, 318)
        general = block['blocks'][0]['block']
        assert general['magnification'] == 600000
        assert general['pixelsizex'] == pytest.approx(2.3928e-11, rel=1e-4)
        assert [one['kind'] for one in block['blocks']] == [1, 7, 5, 3, 6, 10]
        assert not tif.faults


def test_names_of_sis_images(samples: Path) -> None:
    with TiffFile(samples / 'sis/slideio-tutorial__Image_Mouse13_PB_H7.vsi') as tif:
        names = [page.tags[33560].value['name'] for page in tif.pages if 33560 in page.tags]
        assert names == ['Sample Mask', '40x FocusMap', '40x FocusMap']
        assert not tif.faults
