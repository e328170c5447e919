"""Images of no size or sample, or of far more than there is: documented errors, no memory taken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tiffschema import FormatError, LimitError, TiffFile
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
