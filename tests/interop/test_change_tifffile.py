"""Files changed by us are read by tifffile as we mean them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TagEditor, TiffFile, TiffWriter, compact, imwrite, memmap
from tiffschema.cli.comment import tiffcomment

tifffile = pytest.importorskip('tifffile', reason='tifffile: reads what we changed')

ARRAY = np.random.default_rng(0).integers(0, 60_000, (4, 24, 32), 'u2')
GRAY: dict[str, Any] = {'photometric': 'minisblack'}
VARIANTS = [(bigtiff, byteorder) for bigtiff in (False, True) for byteorder in ('<', '>')]


@pytest.fixture(autouse=True)
def _no_complaints(caplog: pytest.LogCaptureFixture) -> Any:
    """The other reader logs what it dislikes."""
    caplog.set_level(logging.WARNING, 'tifffile')
    yield
    assert not [record for record in caplog.records if record.name == 'tifffile']


@pytest.mark.parametrize('compression', [None, 'zlib'])
@pytest.mark.parametrize('kind', ['generic', 'shaped', 'ome'])
@pytest.mark.parametrize(('bigtiff', 'byteorder'), VARIANTS)
def test_one_more_series(
    tmp_path: Path, bigtiff: bool, byteorder: str, kind: Any, compression: str | None
) -> None:
    path = tmp_path / 'a.tif'
    options = {**GRAY, 'compression': compression}
    imwrite(path, ARRAY, kind=kind, bigtiff=bigtiff, byteorder=byteorder, **options)
    imwrite(path, ARRAY[:2, :16, :16], append=True, **options)
    imwrite(path, ARRAY[3, 8:], append=True, tile=(16, 16), **options)
    with tifffile.TiffFile(path) as tif:
        assert tif.byteorder == byteorder
        assert tif.is_bigtiff is bigtiff
        series = [each.asarray().squeeze() for each in tif.series]
    assert len(series) == 3
    for found, expected in zip(series, (ARRAY, ARRAY[:2, :16, :16], ARRAY[3, 8:]), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize('rows', [1, 7, 24])
@pytest.mark.parametrize('pages', [1, 2])
def test_more_planes_of_strips(tmp_path: Path, pages: int, rows: int) -> None:
    """New directories cut their planes as those that are there."""
    path = tmp_path / 'a.tif'
    imwrite(path, ARRAY[:pages], kind='imagej', rowsperstrip=rows, **GRAY)
    for page in ARRAY[pages:]:
        imwrite(path, page, kind='imagej', append=True, **GRAY)
    with tifffile.TiffFile(path) as theirs, TiffFile(path) as ours:
        assert len(theirs.pages) == len(ARRAY)
        assert {page.aspage().rowsperstrip for page in theirs.pages} == {rows}
        np.testing.assert_array_equal(theirs.asarray(), ARRAY)
        np.testing.assert_array_equal(ours.asarray(), ARRAY)
        assert not ours.faults


@pytest.mark.parametrize(('bigtiff', 'byteorder'), VARIANTS)
def test_two_descriptions_are_told_apart(tmp_path: Path, bigtiff: bool, byteorder: str) -> None:
    """A text of the user's stands before that of the shape, each in an entry of tag 270."""
    path = tmp_path / 'a.tif'

    def both() -> tuple[list[Any], list[Any], Any]:
        with TiffFile(path) as ours, tifffile.TiffFile(path) as theirs:
            texts = [tag.value for tag in theirs.pages[0].tags if tag.code == 270]
            assert [tag.value for tag in ours.pages[0].tags if tag.code == 270] == texts
            shapes = [series.shape for series in theirs.series]
            assert [series.shape for series in ours.series] == shapes
            assert ours.pages[0].description == theirs.pages[0].description
            return texts, shapes, ours.shaped_metadata

    imwrite(path, ARRAY[:2], description='mine', bigtiff=bigtiff, byteorder=byteorder, **GRAY)
    assert both()[0] == ['mine', '{"shape": [2, 24, 32]}']
    imwrite(path, ARRAY[2:], append=True, contiguous=True, **GRAY)
    assert both()[0] == ['mine', '{"shape": [2, 2, 24, 32]}']
    imwrite(path, ARRAY[0], append=True, description='another', **GRAY)
    assert both()[:2] == (['mine', '{"shape": [2, 2, 24, 32]}'], [(2, 2, 24, 32), (24, 32)])
    for text in ('longer than what was there before', 'short'):
        tiffcomment(str(path), text)
        assert both()[0] == [text, '{"shape": [2, 2, 24, 32]}']
    with TagEditor(path) as editor:
        editor.set('ImageDescription', 'by the editor', page=4, index=0)
        editor.set('ImageDescription', 'first', index=0)
    compact(path)
    assert both()[0] == ['first', '{"shape": [2, 2, 24, 32]}']
    with TagEditor(path) as editor:
        editor.delete('ImageDescription', index=0)
    assert both()[:2] == (['{"shape": [2, 2, 24, 32]}'], [(2, 2, 24, 32), (24, 32)])


@pytest.mark.parametrize('compression', [None, 'zlib'])
@pytest.mark.parametrize('kind', ['shaped', 'imagej', 'ome'])
@pytest.mark.parametrize(('bigtiff', 'byteorder'), VARIANTS)
def test_more_planes(
    tmp_path: Path, bigtiff: bool, byteorder: str, kind: Any, compression: str | None
) -> None:
    if kind == 'imagej':
        bigtiff, compression = False, None  # an ImageJ file is one classic block
    path = tmp_path / 'a.tif'
    options = {**GRAY, 'compression': compression}
    metadata = {'axes': 'ZYX'} if kind == 'ome' else {}
    imwrite(
        path, ARRAY[:2], kind=kind, bigtiff=bigtiff, byteorder=byteorder, metadata=metadata,
        **options,
    )  # fmt: skip
    for planes in (ARRAY[2:3], ARRAY[3], ARRAY[:3]):
        imwrite(path, planes, append=True, contiguous=True, **options)
    expected = np.concatenate([ARRAY, ARRAY[:3]])
    with tifffile.TiffFile(path) as tif:
        assert len(tif.series) == 1
        assert tif.series[0].kind == kind
        np.testing.assert_array_equal(tif.series[0].asarray().squeeze(), expected)
        np.testing.assert_array_equal(tif.asarray(key=slice(None)), expected)


def with_children(path: Path, bigtiff: bool, byteorder: str) -> None:
    with TiffWriter(path, bigtiff=bigtiff, byteorder=byteorder) as tif:
        tif.write(ARRAY, subifds=1, description='old', metadata=None, **GRAY)
        tif.write(ARRAY[:, ::2, ::2], subfiletype=1, metadata=None, **GRAY)


VALUES: list[tuple[Any, dict[str, Any], Any]] = [
    ('Artist', {'value': 'me'}, 'me'),
    ('Artist', {'value': 'somebody with a longer name'}, 'somebody with a longer name'),
    ('ImageDescription', {'value': 'x'}, 'x'),
    ('ImageDescription', {'value': 'y' * 10_000}, 'y' * 10_000),
    ('XResolution', {'value': (1, 3)}, (1, 3)),
    ('Orientation', {'value': 3}, 3),
    (65000, {'value': tuple(range(500)), 'dtype': 'LONG'}, tuple(range(500))),
    (65000, {'value': (5,), 'dtype': 'SHORT'}, 5),
    (65001, {'value': [1.5, 2.5], 'dtype': 'DOUBLE'}, (1.5, 2.5)),
    (65002, {'value': b'\1\2\3', 'dtype': 'UNDEFINED'}, b'\1\2\3'),
    (65003, {'value': (-1, -2, -3), 'dtype': 'SSHORT'}, (-1, -2, -3)),
]


@pytest.mark.parametrize('place', [(0,), (3,), (1, 0)], ids=str)
@pytest.mark.parametrize(('bigtiff', 'byteorder'), VARIANTS)
def test_tags_set_and_deleted(
    tmp_path: Path, bigtiff: bool, byteorder: str, place: tuple[int, ...]
) -> None:
    path = tmp_path / 'a.tif'
    with_children(path, bigtiff, byteorder)
    expected: dict[Any, Any] = {}
    for key, options, value in VALUES:
        with TagEditor(path) as editor:
            editor.set(key, page=place, **options)
        expected[key] = value
        check(path, place, expected)
    for key in list(expected):
        with TagEditor(path) as editor:
            editor.delete(key, page=place)
        del expected[key]
        check(path, place, expected, absent=key)
    if place == (0,):
        size = path.stat().st_size
        assert compact(path) > 0
        assert path.stat().st_size < size
        check(path, place, expected)


def check(path: Path, place: tuple[int, ...], expected: dict[Any, Any], absent: Any = None) -> None:
    with tifffile.TiffFile(path) as tif:
        assert len(tif.pages) == 4
        for index, page in enumerate(tif.pages):
            np.testing.assert_array_equal(page.asarray(), ARRAY[index])
            child = page.aspage().pages[0]
            np.testing.assert_array_equal(child.asarray(), ARRAY[index, ::2, ::2])
        pages = tif.pages
        for index in place:
            page = pages[index].aspage()
            pages = page.pages
        assert absent not in page.tags
        for key, value in expected.items():
            assert page.tags[key].value == value, key


@pytest.mark.parametrize('value', ['short', 'a longer text than the one there was'])
@pytest.mark.parametrize(('bigtiff', 'byteorder'), VARIANTS)
def test_comments_and_overwriting(
    tmp_path: Path, bigtiff: bool, byteorder: str, value: str
) -> None:
    """The same calls of both libraries leave files that say the same."""
    found = []
    for library in ('tiffschema', 'tifffile'):
        path = tmp_path / f'{library}.tif'
        with_children(path, bigtiff, byteorder)
        if library == 'tiffschema':
            tiffcomment(path, value)
            with TiffFile(path, mode='r+') as tif:
                change(tif)
        else:
            tifffile.tiffcomment(path, value)
            with tifffile.TiffFile(path, mode='r+') as tif:
                change(tif)
        with tifffile.TiffFile(path) as tif:
            found.append(
                [
                    {tag.code: (tag.dtype, tag.count, tag.value) for tag in page.tags}
                    for page in (tif.pages[0], tif.pages[0].pages[0])
                ]
            )
            np.testing.assert_array_equal(tif.asarray(key=slice(None)), ARRAY)
    for mine, theirs in zip(*found, strict=True):
        for code in (273, 330):  # places
            mine.pop(code, None)
            theirs.pop(code, None)
        assert mine == theirs
    assert found[0][0][270][2] == value


def change(tif: Any) -> None:
    tif.pages[0].tags['XResolution'].overwrite((300, 7))
    tif.pages[0].tags['Software'].overwrite('another program with a longer name')
    tif.pages[0].tags['ImageWidth'].overwrite(32, dtype=3)
    child = tif.pages[0].pages[0]
    child.tags['YResolution'].overwrite((1, 300))
    child.tags['XResolution'].overwrite((1, 2, 3, 4), erase=False)


@pytest.mark.parametrize('key', [0, -1, slice(1, 3), [0, 3]])
@pytest.mark.parametrize(('bigtiff', 'byteorder'), VARIANTS)
def test_pages_removed(tmp_path: Path, bigtiff: bool, byteorder: str, key: Any) -> None:
    path = tmp_path / 'a.tif'
    for erase in (False, True):
        with_children(path, bigtiff, byteorder)
        with TiffFile(path, mode='r+') as tif:
            tif.pages.delete(key, erase=erase)
        rest = np.delete(ARRAY, key, axis=0)
        for _ in range(2):
            with tifffile.TiffFile(path) as tif2:
                np.testing.assert_array_equal(tif2.asarray(key=slice(None)), rest.squeeze())
                for index, page in enumerate(tif2.pages):
                    child = page.aspage().pages[0]
                    np.testing.assert_array_equal(child.asarray(), rest[index, ::2, ::2])
            compact(path)


@pytest.mark.parametrize('mode', ['r+', 'r', 'c'])
@pytest.mark.parametrize('kind', ['generic', 'shaped', 'imagej', 'ome'])
@pytest.mark.parametrize('dtype', ['u1', '>u2', '<u2', '>f4', '<f4'])
def test_files_made_to_be_mapped(tmp_path: Path, dtype: str, kind: Any, mode: Any) -> None:
    path = tmp_path / 'a.tif'
    array = memmap(path, shape=(3, 24, 32), dtype=dtype, kind=kind, **GRAY)
    assert array.shape == (3, 24, 32)
    assert array.dtype.newbyteorder('=') == np.dtype(dtype).newbyteorder('=')
    array[...] = ARRAY[:3]
    array.flush()
    del array
    expected = ARRAY[:3].astype(dtype)
    with tifffile.TiffFile(path) as tif:
        assert tif.byteorder == ('<' if dtype == 'u1' else dtype[0])
        np.testing.assert_array_equal(tif.asarray().squeeze(), expected)
    mapped, theirs = memmap(path, mode=mode), tifffile.memmap(path, mode='r')
    assert mapped.dtype == theirs.dtype
    np.testing.assert_array_equal(mapped, theirs)
    assert mapped.flags.writeable is (mode != 'r')
    if mode != 'r':
        mapped[1, 2, 3] = 77
        mapped.flush()
        assert theirs[1, 2, 3] == (77 if mode == 'r+' else expected[1, 2, 3])
    page = memmap(path, page=2, mode='r')
    np.testing.assert_array_equal(page, expected[2] if mode != 'r+' else theirs[2])
