"""Electron events: frames, super-resolution, sums with gain and defects."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from tiffschema.eer import DoseFractions
from tiffschema.formats.dose import filled
from tiffschema.formats.eer import dump_items, parse_items
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge
from tiffschema.writer.imwrite import imwrite

CASES: list[dict[str, Any]] = [
    {},
    {'byteorder': '>'},
    {'compression': 65000, 'integrated': True},
    {'compression': 65002, 'planes': 11},
    {'planes': 1},
    {'strips': 3},
    {'superres': 1},
    {'superres': 2},
    {'superres': 2, 'compression': 65002},
    {'superres': 1, 'strips': 2, 'compression': 65000},
]


@pytest.mark.parametrize('options', CASES, ids=str)
def test_forged_events_are_read(options: dict[str, Any]) -> None:
    forged = forge('eer', **options)
    with TiffFile(forged.data, superres=options.get('superres')) as tif:
        assert tif.is_eer
        assert [(one.name, one.axes, one.kind) for one in tif.series] == [
            (one.name, one.axes, 'eer') for one in forged.series
        ]
        for found, want in zip(tif.series, forged.series, strict=True):
            np.testing.assert_array_equal(found.asarray(), want.levels[0].squeeze())
        assert forged.metadata.items() <= tif.eer_metadata.items()
        attrs = tif.series[0].attrs
        assert (attrs['exposureTime'], attrs['totalDose']) == (1.5, 40.5)
        assert tif.pages[0].eer_tags == tif.eer_metadata
        assert not tif.faults


def test_strips_apart_are_a_fault() -> None:
    with TiffFile(forge('eer', strips=3).data) as tif:
        tag = tif.pages[1].tags[273]
        offsets = list(tag.value)
    data = io.BytesIO(forge('eer', strips=3).data)
    offsets[1] += 2
    with TiffFile(data, mode='r+') as tif:
        tif.pages[1].tags[273].overwrite(offsets)
    with TiffFile(data.getvalue()) as tif:
        tif.series[0].asarray(errors='fault')
        assert any('strip 1 of one stream' in fault.message for fault in tif.faults)


def test_items_both_ways() -> None:
    values = {'a': 1.5, 'a.unit': 'e/pixel', 'b': True, 'c': 'x < y & z', 'd': 7}
    assert parse_items(dump_items(values)) == values
    odd = b'<metadata><item name="e"/><item>3</item><other name="f">1</other></metadata>\0'
    assert parse_items(odd) == {}


@pytest.fixture
def frames() -> TiffFile:
    return TiffFile(forge('eer', planes=10).data)


def test_fractions_are_sums_of_frames(frames: TiffFile) -> None:
    stack = frames.series[0].asarray().astype(int)
    sums = DoseFractions(frames.series[0], 3)
    assert (sums.shape, sums.dtype, sums.ndim, len(sums)) == ((3, 24, 40), np.uint16, 3, 3)
    expected = stack[:9].reshape(3, 3, 24, 40).sum(1)
    np.testing.assert_array_equal(np.asarray(sums), expected)
    np.testing.assert_array_equal(list(sums), expected)
    for selection in (
        0,
        -1,
        slice(1, 3),
        (1, slice(3, 9), 5),
        (..., slice(None, None, -2)),
        [2, 0],
    ):
        np.testing.assert_array_equal(sums[selection], expected[selection])
    rest = DoseFractions(frames.series[0], 3, remainder=True)
    assert rest.frames(3) == range(9, 10)
    np.testing.assert_array_equal(rest[3], stack[9])


def test_fractions_are_corrected(frames: TiffFile) -> None:
    stack = frames.series[0].asarray().astype(np.float32)
    gain = np.linspace(0.5, 1.5, 24 * 40, dtype=np.float32).reshape(24, 40)
    defects = np.zeros((24, 40), bool)
    defects[5:8, 6:9] = True
    defects[0, 0] = True
    sums = DoseFractions(frames.series[0], 5, gain=gain, defects=defects)
    assert sums.dtype == np.float32
    expected = stack[:5].sum(0) * gain
    np.testing.assert_allclose(sums[0][~defects], expected[~defects])
    corner = expected[:2, :2].ravel()[1:]
    assert sums[0, 0, 0] == pytest.approx(corner.mean())
    # The middle of the hole is as far from good pixels as two steps.
    square = expected[4:9, 5:10]
    good = ~defects[4:9, 5:10]
    assert sums[0, 6, 7] == pytest.approx(square[good].mean())


def test_maps_of_the_detector_serve_super_resolution() -> None:
    forged = forge('eer', planes=4, superres=1)
    with TiffFile(forged.data, superres=1) as tif:
        gain = np.full((24, 40), 2.0)
        sums = DoseFractions(tif.series[0], 4, gain=gain)
        np.testing.assert_array_equal(sums[0], forged.series[0].levels[0].sum(0) * 2.0)


def test_fractions_in_dask(frames: TiffFile) -> None:
    array = pytest.importorskip('dask.array', reason='dask: an array of chunks')
    sums = DoseFractions(frames.series[0], 2)
    lazy = array.from_array(sums, chunks=sums.chunks)
    np.testing.assert_array_equal(lazy[3, 2:9].compute(), sums[3, 2:9])


def test_damaged_frames_count_nothing(frames: TiffFile) -> None:
    page = frames.pages[4]
    data = bytearray(forge('eer', planes=10).data)
    start = page.dataoffsets[0]
    data[start : start + page.databytecounts[0]] = b'\xff' * page.databytecounts[0]
    with TiffFile(bytes(data)) as tif:
        sums = DoseFractions(tif.series[0], 5, errors='fault')
        expected = DoseFractions(frames.series[0], 5)[0] - frames.pages[4].asarray()
        np.testing.assert_array_equal(sums[0], expected)


@pytest.mark.parametrize(
    'arguments',
    [
        {'size': 0}, {'size': 11}, {'size': 2, 'gain': np.ones((5, 5))},
        {'size': 2, 'defects': np.ones((24, 40), bool)}, {'size': 2, 'defects': np.ones((24, 40))},
    ],
    ids=['none', 'many', 'gain', 'all', 'floats'],
)  # fmt: skip
def test_arguments_that_do_not_fit(frames: TiffFile, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r'size|gain|defects'):
        DoseFractions(frames.series[0], **arguments)


def test_defects_without_a_good_pixel_near() -> None:
    image = np.zeros((4, 9), np.float32)
    image[3, 8] = 5
    defects = np.ones((4, 9), bool)
    defects[3, 8] = False
    filled(image, defects)
    assert (image == 5).all()


def opened_stack(image: np.ndarray[Any, Any], **options: Any) -> TiffFile:
    file = io.BytesIO()
    imwrite(file, image, **options)
    return TiffFile(file.getvalue())


@pytest.mark.parametrize('dtype', ['u1', 'u2', 'u4', 'i2'])
def test_sums_of_large_counts(dtype: str) -> None:
    image = np.full((6, 5, 7), np.iinfo(dtype).max, dtype)
    with opened_stack(image, metadata={'axes': 'TYX'}, photometric=1) as tif:
        want = image.reshape(2, 3, 5, 7).sum(1, dtype='i8')
        np.testing.assert_array_equal(DoseFractions(tif.series[0], 3, dtype='i8')[...], want)
        fractions = DoseFractions(tif.series[0], 3)
        if dtype == 'u4':
            with pytest.raises(ValueError, match='uint32 cannot hold sums'):
                fractions[0]
        else:
            np.testing.assert_array_equal(fractions[...], want)
        with pytest.raises(ValueError, match='uint8 cannot hold sums'):
            DoseFractions(tif.series[0], 3, dtype='u1')[0]


def test_sums_below_zero_are_not_wrapped() -> None:
    with opened_stack(np.full((4, 5, 7), -1, 'i2'), metadata={'axes': 'TYX'}, photometric=1) as tif:
        with pytest.raises(ValueError, match='cannot hold sums from -2'):
            DoseFractions(tif.series[0], 2)[0]
        assert (DoseFractions(tif.series[0], 2, dtype='i4')[0] == -2).all()


def test_what_is_no_stack_of_counts() -> None:
    colours = opened_stack(np.ones((24, 40, 3), 'u1'), photometric='rgb')
    floats = opened_stack(np.ones((4, 5, 7), 'f4'), metadata={'axes': 'TYX'}, photometric=1)
    for tif, why in ((colours, 'no frames of one sample'), (floats, 'float32 are no counts')):
        with tif, pytest.raises(ValueError, match=why):
            DoseFractions(tif.series[0], 2)


def test_defects_are_filled_from_finite_pixels() -> None:
    image = np.ones((4, 5))
    image[0, 0], image[3, 4] = np.nan, np.inf
    defects = np.zeros((4, 5), bool)
    defects[2, 3] = True
    filled(image, defects)
    assert image[2, 3] == 1
    assert np.isnan(image[0, 0])
