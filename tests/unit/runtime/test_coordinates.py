"""Coordinates that tags of a page give: positions of pixels, names of samples."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiffschema
from tiffschema import TiffFile


@pytest.mark.parametrize(
    ('options', 'names'),
    [
        ({'photometric': 'rgb'}, ['Red', 'Green', 'Blue']),
        ({'photometric': 'rgb', 'planarconfig': 1, 'extrasamples': [2]}, None),
        ({'photometric': 'minisblack', 'planarconfig': 1}, ['BlackIsZero', *['Unspecified'] * 2]),
        ({'photometric': 'cielab'}, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_samples_have_names_where_they_are_known(
    options: dict[str, Any], names: list[str] | None
) -> None:
    samples = 4 if 'extrasamples' in options and options['photometric'] == 'rgb' else 3
    stream = io.BytesIO()
    tiffschema.imwrite(stream, np.zeros((4, 5, samples), 'u1'), **options)
    stream.seek(0)
    if samples == 4:
        names = ['Red', 'Green', 'Blue', 'Unassalpha']
    with TiffFile(stream) as tif:
        for image in (tif.pages[0], tif.series[0]):
            found = image.coords.get('S')
            assert (found is None) == (names is None)
            assert found is None or found.tolist() == names


def test_positions_are_known_where_the_resolution_is(forge: Any) -> None:
    made = forge()
    made.page()
    with TiffFile(bytes(made)) as tif:
        assert (tif.pages[0].coords, tif.series[0].coords, tif.series[0].coord_scales) == (
            {}, {}, {},
        )  # fmt: skip
        assert 'resolutionunit' not in tif.pages[0].attrs
    stream = io.BytesIO()
    tiffschema.imwrite(stream, np.zeros((4, 5), 'u1'), resolution=(4, 2), resolutionunit=3)
    stream.seek(0)
    with TiffFile(stream) as tif:
        assert tif.pages[0].coords['X'].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
        assert tif.series[0].coord_units == {'X': 'centimeter', 'Y': 'centimeter'}
        assert tif.pages[0].attrs['resolutionunit'] == 'centimeter'


def test_a_resolution_of_nothing_is_no_size_of_pixels(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    options = {'resolution': ((0, 1000), (2, 1)), 'resolutionunit': 'CENTIMETER'}
    tiffschema.imwrite(path, np.zeros((4, 5), 'u1'), metadata=None, **options)
    with tiffschema.TiffFile(path) as tif:
        series = tif.series[0]
        assert series.coord_scales == {'Y': 0.5}
        assert series.coord_units == {'Y': 'centimeter'}
        assert list(series.coords) == ['Y']
        assert series.mpp is None
