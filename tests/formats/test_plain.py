"""Files of kinds that are no vendor's, read as forged and as tifffile reads them.

Differences from tifffile: it reads the first of several truncated series only, and takes the levels
of shaped series for series of their own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge

CASES: list[tuple[str, dict[str, Any]]] = [
    ('shaped', {}),
    ('shaped', {'byteorder': '>', 'bigtiff': True}),
    ('shaped', {'truncated': True}),
    ('shaped', {'levels': 3}),
    ('imagej', {}),
    ('imagej', {'byteorder': '<', 'channels': 1}),
    ('imagej', {'rgb': True, 'channels': 1}),
    ('imagej', {'frames': 1, 'slices': 1}),
    ('uniform', {}),
    ('uniform', {'byteorder': '>', 'bigtiff': True, 'planes': 12}),
    ('generic', {}),
    ('generic', {'byteorder': '>', 'bigtiff': True}),
]


@pytest.mark.parametrize(('kind', 'options'), CASES, ids=str)
def test_files_are_read_as_forged_and_alike(
    tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    forged = forge(kind, **options)
    path = forged.write(tmp_path)
    with TiffFile(path) as own, tifffile.TiffFile(path) as tif:
        assert len(own.series) == len(forged.series)
        for ours, want in zip(own.series, forged.series, strict=True):
            assert (ours.kind, ours.axes) == (kind, want.axes)
            for level, image in zip(ours.levels, want.levels, strict=True):
                np.testing.assert_array_equal(level.asarray(), image)
        same = tif.series[:: options.get('levels', 1)]
        assert len(same) == (1 if 'truncated' in options else len(own.series))
        for ours, theirs, want in zip(own.series, same, forged.series, strict=False):
            assert (theirs.kind, theirs.shape, theirs.axes) == (ours.kind, ours.shape, ours.axes)
            assert theirs.name == ours.name
            np.testing.assert_array_equal(theirs.asarray(), want.levels[0])
        if forged.metadata:
            found = getattr(own, f'{kind}_metadata')
            assert found == getattr(tif, f'{kind}_metadata')
            assert forged.metadata.items() <= found.items()
        assert not own.faults


@pytest.mark.parametrize('byteorder', ['>', '<'])
def test_stacks_of_imagej_beyond_4_gib(tmp_path: Path, byteorder: str) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    forged = forge('imagej', large=True, byteorder=byteorder)
    path = forged.write(tmp_path)
    image = forged.series[0].levels[0]
    with TiffFile(path) as tif, tifffile.TiffFile(path) as other:
        series = tif.series[0]
        assert (series.kind, series.axes, series.shape) == ('imagej', 'ZYX', (2200, 1024, 1024))
        assert other.series[0].shape == series.shape
        assert series.dataoffset == other.series[0].dataoffset
        part = np.s_[[0, 2047, 2048, 2199], :3]
        np.testing.assert_array_equal(series.asarray(selection=part), image[part])
        np.testing.assert_array_equal(series[2199].asarray(), image[2199])
        mapped = series.asarray(out='memmap')
        assert mapped[:, 1, 2].tolist() == list(range(1, 2201))
        assert not tif.faults


def test_planes_behind_the_end_are_left_out(tmp_path: Path) -> None:
    forged = forge('imagej', large=True)
    path = forged.write(tmp_path)
    with path.open('r+b') as file:
        file.truncate((1 << 32) + 5000)
    with TiffFile(path) as tif:
        series = tif.series[0]
        assert (series.kind, series.axes, series.shape) == ('imagej', 'IYX', (2048, 1024, 1024))
        assert series.asarray(selection=np.s_[2047, 1, 2]) == 2048
        assert len(tif.faults) == 1
        assert '2200 planes need' in tif.faults[0].message
