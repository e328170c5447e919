"""NDTiff 0 to 3: forged data sets, read alike by ndtiff; sets written by ndtiff.

tifffile reads no data set without its index, and neither stitches tiles nor reads levels.
"""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import read_ndtiff_index
from tiffschema.errors import FormatError, LimitError
from tiffschema.limits import Limits
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import Forged, forge

PLAIN: list[dict[str, Any]] = [
    {},
    {'version': 2},
    {'version': 1},
    {'version': 0},
    {'version': 1, 'files': 3},
    {'files': 3},
    {'named': True},
    {'first': -2},
    {'version': 1, 'first': -2},
    {'rgb': True},
    {'missing': [3, 7]},
    {'times': 1, 'channels': 1},
]
TILED: list[dict[str, Any]] = [
    {},
    {'version': 2, 'folder': 'Full_resolution'},
    {'levels': 3, 'first': (-1, -2), 'missing': [(0, 1)]},
    {'levels': 1, 'channels': 1},
    {'version': 1, 'levels': 1, 'missing': [(2, 0)]},
    {'overlap': (0, 0)},
]
INDEX = 'NDTiff.index'


@contextlib.contextmanager
def quiet_ndtiff(folder: Path) -> Iterator[Any]:
    ndtiff = pytest.importorskip('ndtiff', reason='ndtiff: the reader to compare with')
    with contextlib.redirect_stdout(io.StringIO()):
        yield ndtiff.Dataset(str(folder))


def check(tif: TiffFile, forged: Forged) -> None:
    assert len(tif.series) == len(forged.series)
    for series, want in zip(tif.series, forged.series, strict=True):
        assert (series.kind, series.name, series.axes) == ('ndtiff', want.name, want.axes)
        for level, image in zip(series.levels, want.levels, strict=True):
            np.testing.assert_array_equal(level.asarray(), image)
    for name, value in forged.metadata.items():
        assert tif.micromanager_metadata[name] == value


@pytest.mark.parametrize(
    ('kind', 'options'),
    [('ndtiff', each) for each in PLAIN] + [('ndtiff_tiles', each) for each in TILED],
    ids=str,
)
def test_data_sets_are_read_as_forged(tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    forged = forge(kind, **options)
    with TiffFile(forged.write(tmp_path)) as tif:
        check(tif, forged)
        missing = len(options.get('missing', ())) * (2 if kind == 'ndtiff_tiles' else 1)
        if options.get('version') == 1 and missing:
            missing = 2
        assert len(tif.series[0].missing) == missing
        assert len(tif.faults) == (1 if missing else 0)
        assert tif.is_ndtiff


@pytest.mark.parametrize('options', PLAIN, ids=str)
def test_ndtiff_reads_data_sets_alike(tmp_path: Path, options: dict[str, Any]) -> None:
    if options == {'version': 1, 'first': -2}:
        return  # Its reader of version 1 takes places for indices, which must not be negative.
    path = forge('ndtiff', **options).write(tmp_path)
    with quiet_ndtiff(tmp_path) as dataset, TiffFile(path) as tif:
        axes = [name for name in ('time', 'z', 'channel') if name in dataset.axes]
        whole = dataset.as_array() if options.get('version', 3) < 3 else dataset.as_array(axes)
        theirs = np.asarray(whole)
        if options.get('version', 3) < 3:
            order = [name for name in dataset.axes if name in axes]
            theirs = np.moveaxis(theirs, range(len(axes)), [axes.index(name) for name in order])
        np.testing.assert_array_equal(theirs.squeeze(), tif.series[0].asarray())


@pytest.mark.parametrize(
    'options', [each for each in TILED if each.get('version', 3) == 3 and each.get('levels') != 1],
    ids=str,
)  # fmt: skip
def test_ndtiff_stitches_tiles_alike(tmp_path: Path, options: dict[str, Any]) -> None:
    path = forge('ndtiff_tiles', **options).write(tmp_path)
    with quiet_ndtiff(tmp_path) as dataset, TiffFile(path) as tif:
        theirs = dataset.as_array(stitched=True)
        for level, image in zip(tif.series[1].levels, theirs, strict=True):
            np.testing.assert_array_equal(level.asarray(), np.asarray(image).squeeze())


@pytest.mark.parametrize('largest', [1 << 20, 5_000_000 + 2400], ids=['one file', 'many files'])
def test_sets_written_by_ndtiff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    module = pytest.importorskip('ndtiff.ndtiff_file', reason='ndtiff: the writer to compare with')
    dataset_module = pytest.importorskip('ndtiff.ndtiff_dataset')
    monkeypatch.setattr(module, 'MAX_FILE_SIZE', largest + (5_000_000 if largest < 1 << 21 else 0))
    data = np.arange(3 * 4 * 2 * 8 * 9, dtype='u2').reshape(3, 4, 2, 8, 9)
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = dataset_module.NDTiffDataset(
            str(tmp_path), name='made', writable=True, summary_metadata={'PixelSize_um': 0.5}
        )
        dataset.initialize({'PixelSize_um': 0.5})
        for t, z, c in itertools.product(range(3), range(4), range(2)):
            place = {'time': t, 'z': z - 1, 'channel': f'Ch{c}'}
            dataset.put_image(place, data[t, z, c], {'Axes': place})
        dataset.finish()
    paths = sorted(tmp_path.glob('*/*NDTiffStack.tif'))
    assert (len(list(tmp_path.glob('*/*.tif'))) > 1) == (largest > 1 << 21)
    with TiffFile(paths[0]) as tif:
        series = tif.series[0]
        order = ['TZC'.index(axis) for axis in series.axes[:3]]
        np.testing.assert_array_equal(series.asarray(), data.transpose(*order, 3, 4))
        assert series.coords['C'].tolist() == ['Ch0', 'Ch1']
        assert not tif.faults


@pytest.mark.parametrize('options', [{}, {'files': 3}, {'first': -2}, {'version': 2}], ids=str)
def test_a_missing_index_is_made_again_from_the_files(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    forged = forge('ndtiff', **options)
    path = forged.write(tmp_path)
    (path.parent / INDEX).unlink()
    with TiffFile(path) as tif:
        check(tif, forged)
        assert [fault.message for fault in tif.faults] == [
            f'{INDEX} is missing; pages say where they belong'
        ]
    with pytest.raises(FormatError, match='is missing'), TiffFile(path, strict=True) as tif:
        _ = tif.series[0]


def test_pages_without_places_are_no_data_set(tmp_path: Path) -> None:
    forged = forge('ndtiff')
    path = forged.write(tmp_path)
    (path.parent / INDEX).unlink()
    path.write_bytes(forged.data.replace(b'"Axes"', b'"axes"'))
    with TiffFile(path) as tif:
        assert tif.series[0].kind == 'uniform'


def entries(forged: Forged) -> list[bytes]:
    data = forged.files[INDEX]
    size = len(data) // 12
    return [data[k * size : (k + 1) * size] for k in range(12)]


def test_the_order_of_the_index_does_not_matter(tmp_path: Path) -> None:
    forged = forge('ndtiff')
    path = forged.write(tmp_path)
    mixed = np.random.default_rng(1).permutation(12)
    (tmp_path / INDEX).write_bytes(b''.join(entries(forged)[k] for k in mixed))
    with TiffFile(path) as tif:
        series = tif.series[0]
        order = ['TZC'.index(axis) for axis in series.axes[:3]]
        want = forged.series[0].levels[0].transpose(*order, 3, 4)
        np.testing.assert_array_equal(series.asarray(), want)


def test_later_entries_replace_earlier_ones(tmp_path: Path) -> None:
    forged = forge('ndtiff')
    path = forged.write(tmp_path)
    first, second = entries(forged)[:2]
    (tmp_path / INDEX).write_bytes(forged.files[INDEX] + first[:-36] + second[-36:])
    with TiffFile(path) as tif:
        image = tif.series[0].asarray()
        np.testing.assert_array_equal(image[0, 0, 0], forged.series[0].levels[0][0, 0, 1])


@pytest.mark.parametrize(
    'tail', [b'', bytes(200), b'\x20\0\0\0{"time"'], ids=['cut', 'zeros', 'half']
)
def test_frames_that_are_still_being_written_are_missing(tmp_path: Path, tail: bytes) -> None:
    forged = forge('ndtiff')
    path = forged.write(tmp_path)
    written = b''.join(entries(forged)[:10])
    (tmp_path / INDEX).write_bytes(written + tail)
    want = forged.series[0].levels[0].copy()
    want[1, 2] = 0
    with TiffFile(path) as tif:
        series = tif.series[0]
        np.testing.assert_array_equal(series.asarray(), want[:, : series.shape[1]])
        assert series.missing in ((), (10, 11))
        assert tif.faults


def test_frames_behind_the_end_of_a_file_are_missing(tmp_path: Path) -> None:
    forged = forge('ndtiff')
    path = forged.write(tmp_path)
    path.write_bytes(forged.data[:-300])
    want = forged.series[0].levels[0].copy()
    want[1, 2, 1] = 0
    with TiffFile(path) as tif:
        np.testing.assert_array_equal(tif.series[0].asarray(errors='fault'), want)
        assert tif.series[0].missing == (11,)


def test_files_of_the_set_may_be_missing(tmp_path: Path) -> None:
    forged = forge('ndtiff', files=3)
    path = forged.write(tmp_path)
    (tmp_path / 'forged_NDTiffStack_1.tif').unlink()
    want = forged.series[0].levels[0].reshape(12, 5, 6).copy()
    want[4:8] = 0
    with TiffFile(path) as tif:
        series = tif.series[0]
        np.testing.assert_array_equal(series.asarray().reshape(12, 5, 6), want)
        assert series.missing == (4, 5, 6, 7)
        assert any('cannot be read' in fault.message for fault in tif.faults)


@pytest.mark.parametrize('options', TILED[:3], ids=str)
def test_parts_of_stitched_images(tmp_path: Path, options: dict[str, Any]) -> None:
    forged = forge('ndtiff_tiles', **options)
    with TiffFile(forged.write(tmp_path)) as tif:
        series = tif.series[1]
        for level, image in zip(series.levels, forged.series[1].levels, strict=True):
            for selection in [
                np.s_[1, 3:20, 5:35], np.s_[..., ::3, ::-2], np.s_[:, 12, -3], np.s_[0, [3, 1, 20]],
                np.s_[::-1, 5:5], np.s_[:, :, :, None],
            ]:  # fmt: skip
                found = level.asarray(selection=selection)
                np.testing.assert_array_equal(found, image[selection])
        out = np.empty(series.shape, 'u2')
        assert series.asarray(out=out) is out
        np.testing.assert_array_equal(out, forged.series[1].levels[0])
        assert series.levels[1].pixel_sizes['X'].metres == pytest.approx(0.5e-6)
        assert series.mpp == pytest.approx((0.25, 0.25))


def test_stitched_images_as_zarr(tmp_path: Path) -> None:
    zarr = pytest.importorskip('zarr', reason='zarr: the extra "zarr" is absent')
    forged = forge('ndtiff_tiles')
    with TiffFile(forged.write(tmp_path)) as tif:
        store = zarr.open(tif.series[1].aszarr(level=0), mode='r')
        np.testing.assert_array_equal(store[:], forged.series[1].levels[0])
        assert store.chunks == (1, 32, 40)


def test_a_level_alone_is_a_data_set(tmp_path: Path) -> None:
    forged = forge('ndtiff_tiles')
    forged.write(tmp_path)
    with TiffFile(tmp_path / 'Downsampled_x2/forged_NDTiffStack.tif') as tif:
        assert [series.axes for series in tif.series] == ['KCYX']


def test_levels_that_cannot_be_read_are_faults(tmp_path: Path) -> None:
    forged = forge('ndtiff_tiles')
    path = forged.write(tmp_path)
    (tmp_path / 'Downsampled_x2/forged_NDTiffStack.tif').write_bytes(b'II*\0')
    with TiffFile(path) as tif:
        assert len(tif.series[1].levels) == 1
        np.testing.assert_array_equal(tif.series[1].asarray(), forged.series[1].levels[0])
        assert any('Downsampled_x2' in fault.message for fault in tif.faults)


def test_the_records_of_an_index(tmp_path: Path) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    path = forge('ndtiff').write(tmp_path).parent / INDEX
    assert list(read_ndtiff_index(path)) == list(tifffile.read_ndtiff_index(path))


def test_stretches_of_stitched_images_are_limited(tmp_path: Path) -> None:
    # Every 50th pixel is little, but the stretch that it is taken of is not.
    path = forge('ndtiff_tiles').write(tmp_path)
    with TiffFile(path, limits=Limits(bytes=8000)) as tif:
        image = tif.series[1]
        with pytest.raises(LimitError, match='limit is 8000'):
            image.asarray(selection=np.s_[..., ::50, ::50])
        assert image.asarray(selection=np.s_[0, :20, :20]).shape == (20, 20)


@pytest.mark.parametrize('summary', [b'5', b'[1]', b'"GridPixelOverlapX"', b'null'])
def test_summaries_that_are_no_objects(tmp_path: Path, summary: bytes) -> None:
    path = forge('ndtiff_tiles', version=1, levels=1).write(tmp_path)
    data = path.read_bytes()
    begin = data.index(b'{"')
    end = data.index(b'}', begin) + 1
    path.write_bytes(data[:begin] + summary.ljust(end - begin) + data[end:])
    with TiffFile(path) as tif:
        assert len(tif.series) == 1
        assert tif.series[0].kind == 'ndtiff'


@pytest.mark.parametrize('text', [b'[' * 100_000, b'{"Axes": ' * 5000], ids=['list', 'object'])
def test_metadata_of_pages_that_nest_without_end(tmp_path: Path, text: bytes) -> None:
    path = forge('ndtiff').write(tmp_path)
    (path.parent / INDEX).unlink()
    with TiffFile(path, mode='r+') as tif:
        tif.pages[0].tags[51123].overwrite(text)
    with TiffFile(path) as tif:
        assert tif.series[0].missing == (0,)


def test_axes_that_share_a_letter_have_no_names_of_each_other(tmp_path: Path) -> None:
    path = forge('ndtiff', named=True).write(tmp_path)
    index = path.parent / INDEX
    data = index.read_bytes()
    index.write_bytes(data.replace(b'"time"', b'"dose"').replace(b'"channel"', b'"voltage"'))
    with TiffFile(path) as tif:
        assert tif.series[0].axes == 'QZQYX'
        assert 'Q' not in tif.series[0].coords
