"""Files written anew without unused bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, TiffWriter, imread, imwrite
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
