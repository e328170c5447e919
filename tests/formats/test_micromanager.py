"""Sets of Micro-Manager files: with planes, files or headers missing, and as OME-TIFF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema.errors import TiffSchemaError
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import Forged, forge

INDEX_AT, DISPLAY_AT, COMMENTS_AT = 12, 20, 28


@pytest.mark.parametrize('options', [{}, {'files': 3, 'frames': 4}, {'missing': [1, 5]}], ids=str)
def test_series_know_their_files_and_missing_planes(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    with TiffFile(forge('mmstack', **options).write(tmp_path)) as tif:
        series = tif.series[0]
        assert series.missing == tuple(options.get('missing', ()))
        assert series.is_multifile == (options.get('files', 1) > 1)
        assert series.pixel_sizes['X'].metres == pytest.approx(0.25e-6)


@pytest.mark.parametrize('options', [{}, {'files': 2}, {'rgb': True}, {'missing': [3]}], ids=str)
def test_the_ome_variant_holds_the_same_planes(tmp_path: Path, options: dict[str, Any]) -> None:
    forged = forge('mmstack', **options)
    with TiffFile(forged.write(tmp_path)) as tif:
        (series,) = tif.series(kind='ome')
        np.testing.assert_array_equal(series.asarray(), forged.series[0].levels[0])


def patched(forged: Forged, tmp_path: Path, at: int, data: bytes) -> Path:
    path = forged.write(tmp_path)
    whole = bytearray(path.read_bytes())
    whole[at : at + len(data)] = data
    path.write_bytes(whole)
    return path


def test_files_that_were_not_finished_are_read_by_their_pages(tmp_path: Path) -> None:
    forged = forge('mmstack')
    path = patched(forged, tmp_path, INDEX_AT, bytes(4))
    path.write_bytes(path.read_bytes() + bytes(1000))
    with TiffFile(path) as tif:
        series = tif.series[0]
        assert series.kind == 'mmstack'
        np.testing.assert_array_equal(series.asarray(), forged.series[0].levels[0])
        assert [fault.message for fault in tif.faults] == [
            'the index map is missing; pages say where they belong'
        ]


@pytest.mark.parametrize(
    ('at', 'lost', 'struct'),
    [
        (INDEX_AT, 'IndexMap', 'index_map'),
        (DISPLAY_AT, 'DisplaySettings', 'DisplaySettings'),
        (COMMENTS_AT, 'Comments', 'Comments'),
    ],
)
def test_blocks_that_are_not_there_are_faults(
    tmp_path: Path, at: int, lost: str, struct: str
) -> None:
    forged = forge('mmstack')
    with TiffFile(patched(forged, tmp_path, at, b'\x10\0\0\0')) as tif:
        assert lost not in tif.micromanager_metadata
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0])
        assert any(struct in fault.path for fault in tif.faults)


def test_a_broken_chain_does_not_matter(tmp_path: Path) -> None:
    forged = forge('mmstack')
    with TiffFile(forged.data) as tif:
        link = tif.pages[0].offset + 2 + 12 * len(tif.pages[0].tags)
    with TiffFile(patched(forged, tmp_path, link, b'\xff\xff\xff\x7f')) as tif:
        assert tif.series[0].kind == 'mmstack'
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0])


def test_planes_behind_the_end_are_missing(tmp_path: Path) -> None:
    forged = forge('mmstack', ome=False)
    with TiffFile(forged.data) as tif:
        last = tif.pages[-1].offset
    path = forged.write(tmp_path)
    path.write_bytes(forged.data[: last + 40])
    want = forged.series[0].levels[0].copy()
    want[-1, -1, -1] = 0
    with TiffFile(path) as tif:
        series = tif.series[0]
        np.testing.assert_array_equal(series.asarray(), want)
        assert series.missing == (11,)
        assert any('1 of 12 planes are missing' in fault.message for fault in tif.faults)


def test_a_part_of_a_set_is_what_it_holds(tmp_path: Path) -> None:
    forged = forge('mmstack', files=2, frames=4)
    path = forged.write(tmp_path)
    (tmp_path / 'forged_MMStack_1.ome.tif').unlink()
    with TiffFile(path) as tif:
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0][:2])
        assert any('other files' in fault.message for fault in tif.faults)


def test_files_of_another_set_are_left_out(tmp_path: Path) -> None:
    forged = forge('mmstack', files=2, frames=4)
    path = forged.write(tmp_path)
    other = forge('mmstack', shape=(7, 8), frames=4)
    (tmp_path / 'forged_MMStack_1.ome.tif').write_bytes(other.data)
    with TiffFile(path) as tif:
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0][:2])
        assert any('pages of another kind' in fault.message for fault in tif.faults)


def test_a_file_without_summary_is_read_as_something_else(tmp_path: Path) -> None:
    forged = forge('mmstack', ome=False, channels=1)
    with TiffFile(patched(forged, tmp_path, 40, b'!')) as tif:
        assert tif.series[0].kind in ('uniform', 'generic')
        assert any('Summary' in fault.path for fault in tif.faults)


def test_any_of_the_files_opens_the_set(tmp_path: Path) -> None:
    forged = forge('mmstack', files=3, frames=3)
    forged.write(tmp_path)
    with TiffFile(tmp_path / 'forged_MMStack_2.ome.tif') as tif:
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0])


def test_cut_sets_raise_documented_errors_only(tmp_path: Path) -> None:
    forged = forge('mmstack', files=2)
    path = forged.write(tmp_path)
    for size in range(8, len(forged.data), 150):
        path.write_bytes(forged.data[:size])
        try:
            with TiffFile(path) as tif:
                for series in tif.series:
                    series.asarray(errors='fault')
        except TiffSchemaError:
            continue
