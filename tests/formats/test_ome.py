"""OME-TIFF: sets of files, planes and files that are not there, metadata in other files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema.errors import FormatError
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge


@pytest.mark.parametrize(
    'options', [{}, {'files': 3}, {'missing': [0, 4]}, {'missing': [5], 'files': 2}], ids=str
)
def test_series_know_their_files_and_missing_planes(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    with TiffFile(forge('ome', **options).write(tmp_path)) as tif:
        (series,) = tif.series
        assert series.is_multifile == (options.get('files', 1) > 1)
        assert series.missing == tuple(options.get('missing', ()))


@pytest.mark.parametrize('lost', [1, 2])
@pytest.mark.parametrize('levels', [1, 2])
def test_missing_files_are_gaps(tmp_path: Path, lost: int, levels: int) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    forged = forge('ome', files=3, levels=levels)
    path = forged.write(tmp_path)
    (tmp_path / f'forged_{lost}.ome.tif').unlink()
    with TiffFile(path) as tif, tifffile.TiffFile(path) as other:
        (series,) = tif.series
        assert series.missing == tuple(range(4 * lost, 4 * lost + 4))
        for level, image in zip(series.levels, forged.series[0].levels, strict=True):
            want = image.reshape(12, *image.shape[3:]).copy()
            want[4 * lost : 4 * lost + 4] = 0
            np.testing.assert_array_equal(level.asarray().reshape(want.shape), want)
        np.testing.assert_array_equal(series.asarray(), other.series[0].asarray())
        assert any('cannot be read' in fault.message for fault in tif.faults)
    with pytest.raises(FormatError), TiffFile(path, strict=True) as tif:
        _ = tif.series[0]


def test_any_file_of_a_set_opens_it(tmp_path: Path) -> None:
    forged = forge('ome', files=3)
    forged.write(tmp_path)
    with TiffFile(tmp_path / 'forged_2.ome.tif') as tif:
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0])


def test_metadata_in_another_file_that_is_not_here(tmp_path: Path) -> None:
    path = forge('ome', companion=True).write(tmp_path)
    (tmp_path / 'forged.companion.ome').unlink()
    with TiffFile(path) as tif:
        assert tif.series[0].kind == 'generic'
        assert any('forged.companion.ome' in fault.message for fault in tif.faults)


def test_metadata_given_by_the_caller(tmp_path: Path) -> None:
    forged = forge('ome', companion=True)
    path = forged.write(tmp_path)
    text = forged.files['forged.companion.ome'].decode()
    with TiffFile(path, omexml=text) as tif:
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0])


def test_sets_are_not_opened_if_not_wanted(tmp_path: Path) -> None:
    path = forge('ome', files=3).write(tmp_path)
    with TiffFile(path, _multifile=False) as tif:
        assert tif.series[0].kind == 'generic'
        assert tif.series[0].shape[0] == 4
