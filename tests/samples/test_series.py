"""Kinds, shapes, axes and names of the series of real files, and their metadata.

Rule: what differs from the record of tifffile is named with its reason in `DIFFERENCES`; a name
there that no longer differs fails too. Pixels are compared in `test_pixels`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema.errors import TiffFileError
from tiffschema.runtime.file import TiffFile

STITCHED = 'the image that tiles make, with its levels, is a series too'
EMPTY = 'pages without an image are in no series'
DIFFERENCES: dict[str, str] = {
    'bitdepth/algart-tiff__test-rgb-2-4-2.tif': 'samples of 2, 4 and 2 bits are fields of a record',
    'compression/OpenImageIO__horizgrid.tx': 'levels of a pyramid down to one pixel are levels',
    'compression/libtiff__tiff_with_subifd_chain.tif': 'children that follow by links are read too',
    'exif/exiv2__printStructure': EMPTY,
    'malformed/OpenImageIO__crash-1633.tif': EMPTY,
    'malformed/Pillow__crash-2020-10-test.tif': EMPTY,
    'malformed/c2pa-rs__tiff_poc.tiff': EMPTY,
    'malformed/exiv2__010_bad_free.tif': 'PlanarConfiguration without meaning is contiguous',
    'malformed/metadata-extractor-images__m2-3562055aecf63b573f8a18c4034a4a23.tif': EMPTY,
    'malformed/metadata-extractor-images__m6-76c43508fc007bcf5902b6a28e8055a5.tif': EMPTY,
    **dict.fromkeys(
        (
            'ndtiff/v2/ndtiffv2.0_stitched_test/Full_resolution/'
            'ndtiffv2.0_stitched_test_NDTiffStack.tif',
            'ndtiff/v3/ndtiff3.2_magellan_explore_rgb/Full_resolution/'
            'Magellan_expolore_multi_channel_NDTiffStack.tif',
            'ndtiff/v3/no_magellan_explore_multi_channel/Full_resolution/'
            'explore_channels_NDTiffStack.tif',
        ),
        STITCHED,
    ),
    'multipage/libtiff__test_ifd_loop_subifd.tif': 'the chain has one more page before it loops',
    'multipage/libtiff__test_ifd_loop_to_first.tif': 'two pages are not uniform, loop or not',
}
METADATA = ('fei', 'flimage', 'lsm', 'metaseries', 'micromanager', 'scanimage', 'sem', 'stk')
METADATA_DIFFERENCES: dict[tuple[str, str], str] = {
    **{
        ('lsm', name): 'a block that tifffile does not read'
        for name in (
            'BleachRoi',
            'ChannelFactors',
            'Characteristics',
            'KsData',
            'LinescanOverlay',
            'MeanOfRoisOverlay',
            'Roi',
            'TopoIsolineOverlay',
            'TopoProfileOverlay',
            'VectorOverlay',
        )
    },
    ('lsm', 'ChannelDataTypes'): 'one entry per channel, as Zeiss describes it',
    ('lsm', 'f56'): 'reserved words without a name',
}


def described(path: Path) -> list[tuple[str, tuple[int, ...], str]]:
    try:
        with TiffFile(path) as tif:
            return [(one.kind, tuple(one.shape), one.axes) for one in tif.series]
    except TiffFileError as error:
        return [(type(error).__name__, (), '')]


def test_series_are_those_of_the_record(samples: Path, expected: dict[str, Any]) -> None:
    compared = 0
    wrong = {}
    for name, facts in expected.items():
        record = (facts.get('tifffile') or {}).get('series')
        if record is None:
            continue
        found = described(samples / name)
        want = [(one['kind'], tuple(one['shape']), one['axes']) for one in record]
        if found and found[0][0].endswith('Error'):
            continue
        compared += 1
        if found != want:
            wrong[name] = (found[:3], want[:3])
    assert compared > 900
    assert {name: wrong[name] for name in wrong.keys() - DIFFERENCES.keys()} == {}
    assert DIFFERENCES.keys() - wrong.keys() == set()


def same(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return np.array_equal(np.asarray(left), np.asarray(right))
    if isinstance(left, float) and isinstance(right, float) and left != left:
        return right != right
    return bool(left == right)


@pytest.mark.parametrize('kind', METADATA)
def test_metadata_are_those_of_tifffile(samples: Path, expected: dict[str, Any], kind: str) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    compared = 0
    for name, facts in expected.items():
        if kind not in ((facts.get('tifffile') or {}).get('flags') or ()):
            continue
        with tifffile.TiffFile(samples / name) as tif:
            want = getattr(tif, f'{kind}_metadata')
        with TiffFile(samples / name) as tif:
            found = getattr(tif, f'{kind}_metadata')
        listed = {key for known, key in METADATA_DIFFERENCES if known == kind}
        for key in (found.keys() | want.keys()) - listed:
            assert key in found, (name, key)
            assert key in want, (name, key)
            assert same(found[key], want[key]), (name, key)
        compared += 1
    assert compared
