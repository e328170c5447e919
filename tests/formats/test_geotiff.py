"""GeoTIFF: keys, georeference and GDAL's texts are those of other readers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema
from tiffschema.errors import TiffFileError, UnsupportedError
from tiffschema.formats.geotiff import geotransform, rpc
from tiffschema.testing import forge

NAMES = ('geotiff_metadata', 'gdal_metadata', 'gdal_structural_metadata')
OPTIONS: list[dict[str, Any]] = [{}, {'byteorder': '>'}, {'bigtiff': True}, {'point': True}]


@pytest.mark.parametrize('options', OPTIONS)
def test_forged_rasters_are_read_as_made(options: dict[str, Any]) -> None:
    made = forge('geotiff', **options)
    with tiffschema.TiffFile(made.data) as tif:
        assert {'geotiff', 'gdal'} <= tif.flags
        for series, expected in zip(tif.series, made.series, strict=True):
            assert series.kind == 'geotiff'
            for level, pixels in zip(series.levels, expected.levels, strict=True):
                numpy.testing.assert_array_equal(level.asarray(), pixels)
        assert tif.geotiff_metadata.items() >= made.metadata.items()
        base = tif.series[0]
        x, y = (500000.0, 4600000.0) if not options.get('point') else (500005.0, 4599990.0)
        assert base.attrs['geotransform'] == (x, 10.0, 0.0, y, 0.0, -20.0)
        assert base.coord_scales == {'X': 10.0, 'Y': -20.0}
        assert base.levels[1].coord_scales == {'X': 20.0, 'Y': -40.0}
        assert base.coord_units.get('X', 'meter') == 'meter'


@pytest.mark.parametrize('options', OPTIONS)
def test_forged_rasters_are_read_equal_by_tifffile(options: dict[str, Any], tmp_path: Path) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: other reader is absent')
    path = forge('geotiff', **options).write(tmp_path)
    with tifffile.TiffFile(path) as theirs, tiffschema.TiffFile(path) as ours:
        if not hasattr(theirs, 'gdal_structural_metadata'):
            pytest.skip('tifffile: this version has no series of GeoTIFF')
        for name in NAMES:
            assert getattr(ours, name) == getattr(theirs, name)
        assert [(s.kind, s.shape, len(s.levels)) for s in ours.series] == [
            (s.kind, s.shape, len(s.levels)) for s in theirs.series
        ]


def test_forged_raster_has_the_georeference_that_rasterio_reads(tmp_path: Path) -> None:
    rasterio = pytest.importorskip('rasterio', reason='rasterio: other reader is absent')
    path = forge('geotiff').write(tmp_path)
    with rasterio.open(path) as theirs, tiffschema.TiffFile(path) as ours:
        assert ours.series[0].attrs['geotransform'] == theirs.transform.to_gdal()
        assert theirs.crs.to_epsg() == 32633


def test_real_rasters_have_the_keys_that_tifffile_reads(samples: Path) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: other reader is absent')
    compared = 0
    for path in sorted((samples / 'geotiff').iterdir()):
        with tifffile.TiffFile(path) as theirs, tiffschema.TiffFile(path) as ours:
            if not hasattr(theirs, 'gdal_structural_metadata'):
                pytest.skip('tifffile: this version has no series of GeoTIFF')
            for name in NAMES:
                mine, other = getattr(ours, name), getattr(theirs, name)
                if isinstance(mine, dict):
                    # Its slices of the polynomials are off by one.
                    mine.pop('RPCCoefficient', None)
                    other.pop('RPCCoefficient', None)
                    assert list(mine) == list(other), path
                    for key, value in mine.items():
                        numpy.testing.assert_array_equal(value, other[key], f'{path} {key}')
                else:
                    assert mine == other, path
                compared += mine is not None
    assert compared > 50


def test_polynomials_have_twenty_coefficients_each() -> None:
    values = rpc([float(number) for number in range(92)])
    assert values['ERR_BIAS'] == 0.0
    assert values['HEIGHT_SCALE'] == 11.0
    assert values['LINE_NUM_COEFF'] == tuple(range(12, 32))
    assert values['SAMP_DEN_COEFF'] == tuple(range(72, 92))


def test_transform_of_several_tie_points_matrices_and_nothing() -> None:
    ties = [[0.0, 0, 0, 10, 20, 0], [5.0, 5, 0, 15, 15, 0]]
    assert geotransform({'ModelPixelScale': [1.0, 1.0, 0.0], 'ModelTiepoint': ties}) == (
        10.0, 1.0, 0.0, 20.0, 0.0, -1.0,
    )  # fmt: skip
    matrix = [[1.0, 2.0, 0.0, 3.0], [4.0, 5.0, 0.0, 6.0], [0.0] * 4, [0.0, 0.0, 0.0, 1.0]]
    assert geotransform({'ModelTransformation': matrix}) == (3.0, 1.0, 2.0, 6.0, 4.0, 5.0)
    assert geotransform({'ModelPixelScale': [1.0, 1.0, 0.0]}) is None
    infinite = [[float('inf')] * 4] * 4
    assert geotransform({'ModelTransformation': infinite}) is None


def test_keys_outside_their_parameters_are_faults() -> None:
    made = forge('geotiff')
    with tiffschema.TiffFile(made.data) as tif:
        tag = tif.pages[0].tags['GeoKeyDirectoryTag']
        start, values = tag.valueoffset, list(tag.value)
    place = start + 2 * (len(values) - 3)
    for changed, at in ((34737, place), (34736, place), (9, start)):
        data = bytearray(made.data)
        data[at : at + 2] = changed.to_bytes(2, 'little')
        with tiffschema.TiffFile(bytes(data)) as tif:
            keys = tif.geotiff_metadata
            assert tif.faults
            assert (keys is None) == (at == start)
            assert len(tif.series) == 2


def test_damaged_rasters_give_faults_or_documented_errors() -> None:
    data = forge('geotiff').data
    generator = numpy.random.default_rng(7)
    for _ in range(40):
        changed = bytearray(data)
        for at in generator.integers(8, len(data), 24):
            changed[at] = generator.integers(256)
        try:
            with tiffschema.TiffFile(bytes(changed)) as tif:
                assert all(isinstance(series.attrs, dict) for series in tif.series)
                assert tif.gdal_structural_metadata is None
        except (TiffFileError, UnsupportedError):
            continue


NAN = float('nan')


@pytest.mark.parametrize(
    'tags',
    [
        [(34735, 'd', 8, (1, 1, 0, 1, 1024, 0, 1, NAN), True)],
        [(34735, 'd', 8, (1, 1, 0, float('inf'), 1024, 0, 1, 1), True)],
        [(34735, 's', 0, 'keys', True)],
    ],
    ids=['nan', 'inf', 'text'],
)
def test_directories_of_keys_that_are_no_integers_are_faults(tags: list[Any]) -> None:
    with tiffschema.TiffFile(with_tags(tags)) as tif:
        assert tif.geotiff_metadata is None
        assert 'no directory of GeoKeys' in str(tif.faults[-1])
        assert tif.series[0].shape == (4, 5)


@pytest.mark.parametrize('text', ['{"a": 1}', '[[1, 2], [3]]', 'plain'])
def test_keys_that_name_tags_without_numbers_are_faults(text: str) -> None:
    keys = (34735, 'H', 8, (1, 1, 0, 1, 1024, 51123, 1, 0), True)
    with tiffschema.TiffFile(with_tags([keys, (51123, 's', 0, text, True)])) as tif:
        assert 'GTModelTypeGeoKey' not in tif.geotiff_metadata
        assert 'are not there' in str(tif.faults[-1])
        assert tif.series[0].shape == (4, 5)


def with_tags(tags: list[Any]) -> bytes:
    """Return a small file with tags."""
    stream = io.BytesIO()
    tiffschema.imwrite(stream, numpy.zeros((4, 5), 'u1'), metadata=None, extratags=tags)
    return stream.getvalue()
