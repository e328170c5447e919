"""Stacks of ImageJ beyond 4 GiB in one directory, whole and cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge


@pytest.mark.parametrize('byteorder', ['>', '<'])
def test_stacks_of_imagej_beyond_4_gib(tmp_path: Path, byteorder: str) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    forged = forge('imagej', large=True, byteorder=byteorder)
    path = forged.write(tmp_path)
    image = forged.series[0].levels[0]
    with TiffFile(path) as tif, tifffile.TiffFile(path) as other:
        series = tif.series[0]
        assert (series.kind, series.axes, series.shape) == ('imagej', 'ZYX', (70, 4096, 8192))
        assert other.series[0].shape == series.shape
        assert series.dataoffset == other.series[0].dataoffset
        part = np.s_[[0, 63, 64, 69], :3]
        np.testing.assert_array_equal(series.asarray(selection=part), image[part])
        np.testing.assert_array_equal(series[69].asarray(), image[69])
        mapped = series.asarray(out='memmap')
        assert mapped[:, 1, 2].tolist() == list(range(1, 71))
        assert not tif.faults


def test_planes_behind_the_end_are_left_out(tmp_path: Path) -> None:
    forged = forge('imagej', large=True)
    path = forged.write(tmp_path)
    with path.open('r+b') as file:
        file.truncate((1 << 32) + 5000)
    with TiffFile(path) as tif:
        series = tif.series[0]
        assert (series.kind, series.axes, series.shape) == ('imagej', 'IYX', (64, 4096, 8192))
        assert series.asarray(selection=np.s_[63, 1, 2]) == 64
        assert len(tif.faults) == 1
        assert '70 planes need' in tif.faults[0].message
