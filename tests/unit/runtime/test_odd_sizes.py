"""Images of no size or sample, or of far more than there is: documented errors, no memory taken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from tiffschema import FormatError, LimitError, Limits, TiffFile
from tiffschema.runtime.assemble.alike import groups_of_pages
from tiffschema.runtime.coordinates import Coordinates


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, 'tiffschema')


def test_colours_of_no_image(forge: Callable[..., Any]) -> None:
    made = forge()
    made.directory({})
    page = TiffFile(bytes(made)).pages[0]
    assert page.shape == ()
    with pytest.raises(FormatError, match='no image'):
        page.asrgb()


def test_geotiff_without_image(forge: Callable[..., Any]) -> None:
    made = forge()
    made.page(extra={257: 0, 34735: (1, 1, 0, 1, 1024, 0, 1, 2)})
    with TiffFile(bytes(made)) as tif:
        assert tif.is_geotiff
        assert len(tif.series) == 0


def test_colours_of_no_samples(forge: Callable[..., Any]) -> None:
    made = forge()
    made.page(extra={262: 2, 277: 0})
    page = TiffFile(bytes(made)).pages[0]
    assert page.asrgb().shape == (3, 4, 3)


def test_geokeys_of_a_wrong_type(forge: Callable[..., Any]) -> None:
    made = forge()
    keys = (1, 1, 0, 3, 1024, 34737, 4, 0, 1025, 34737, 4, 0, 3076, 34737, 4, 0)
    made.page(extra={34735: keys, 34737: 'abc|', 33550: (1.0, 1.0, 0.0), 33922: (0.0,) * 6})
    with TiffFile(bytes(made)) as tif:
        assert tif.series[0].kind == 'geotiff'
        assert 'RasterType' not in tif.series[0].attrs
        assert tif.series[0].coord_units == {}


def test_coordinates_of_a_long_axis(forge: Callable[..., Any]) -> None:
    made = forge()
    made.page(extra={256: 0x7FFFFFFF, 282: (1, 1), 283: (1, 1)})
    with TiffFile(bytes(made)) as tif, pytest.raises(LimitError, match=r'axis X.*Limits\.items'):
        _ = tif.series[0].coords


def test_coordinates_within_limits() -> None:
    found = Coordinates({'Z': 0.5}, {'Z': 1.0}, {}, {}, {}).array('Z', 3)
    assert found is not None
    assert found.tolist() == [1.0, 1.5, 2.0]


def test_sizes_of_pages_stand_in_their_streams(forge: Callable[..., Any]) -> None:
    """Directories without sizes look alike; old-style JPEG streams tell them apart."""
    imagecodecs = pytest.importorskip('imagecodecs', reason='imagecodecs: encodes the streams')
    made = forge()
    made.directory({259: 6})
    for length in (16, 24) * 9:
        stream = imagecodecs.jpeg8_encode(numpy.zeros((length, 16, 3), 'u1'))
        made.directory({259: 6, 513: made.block(stream), 514: len(stream)})
    with TiffFile(bytes(made)) as tif:
        assert [series.shape for series in tif.series] == [(9, 16, 16, 3), (9, 24, 16, 3)]


def test_pages_of_very_many_values_are_told_apart(forge: Callable[..., Any]) -> None:
    made = forge()
    for value in (0, 1, 0):
        samples = numpy.full(200_000, 8, 'u2')
        samples[-1] += value
        made.page(extra={258: tuple(samples.tolist())})
    for _ in range(17):
        made.page()
    with TiffFile(bytes(made)) as tif:
        table = tif.pages.chain.table()
        first, second, third, *_, last = table.identities(258).tolist()
        assert first == third
        assert len({first, second, last}) == 3
        assert table.identities(32997).tolist() == [-1] * 20
        # One sample has one width; the others say nothing.
        assert [group.tolist() for group in groups_of_pages(tif)] == [list(range(20))]


def test_values_of_many_pages_are_bounded(forge: Callable[..., Any]) -> None:
    made = forge()
    made.page(extra={338: (0,) * 200})
    for _ in range(9):
        made.page()
    with TiffFile(bytes(made), limits=Limits(items=1000)) as tif:
        table = tif.pages.chain.table()
        with pytest.raises(LimitError, match='200 x 10 values'):
            table.arrays(338)
