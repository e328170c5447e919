"""Forged files of cameras and microscopes: read as forged, and as tifffile reads them.

Rule: what differs from tifffile is named with its reason in `DIFFERENCES`; a name there that no
longer differs fails too.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema.errors import FormatError
from tiffschema.formats.mediacy import parse_ips
from tiffschema.model.sections import schemas
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge

Options = dict[str, Any]

CAMERAS = (
    'dectris', 'fei', 'sem', 'metaseries', 'fibics', 'vista', 'volumetric', 'flimage',
    'pilatus', 'astrotiff', 'andor', 'agilent', 'epics', 'nuvu', 'mediacy', 'streak', 'tvips',
)  # fmt: skip
CASES: list[tuple[str, Options]] = [
    ('sis', {}),
    ('sis', {'byteorder': '>', 'times': 4}),
    ('sis', {'byteorder': '>', 'bigtiff': True, 'slices': 1}),
    ('sis', {'ini': False, 'bigtiff': True}),
    ('sis', {'block': False, 'channels': 3}),
    ('fluoview', {}),
    ('fluoview', {'byteorder': '>', 'slices': 4}),
    ('mdgel', {}),
    ('mdgel', {'byteorder': '>', 'square': False}),
    ('nih', {}),
    ('nih', {'byteorder': '<', 'planes': 8}),
    ('epics', {'old': True}),
    ('fei', {'tag': 'FEI_SFEG'}),
    ('volumetric', {'tiled': False}),
    ('volumetric', {'samples': 3, 'planes': 2}),
    ('volumetric', {'samples': 3, 'planar': True, 'tiled': False}),
    *[
        ('flimage', {'order': order, 'named': named, 'slices': 3 if order == 'ZLinear' else 1})
        for order in ('Time_ChYX', 'ChYX_Time', 'ChTime_YX', 'Linear', 'ZLinear', 'None')
        for named in (True, False)
    ],
    ('flimage', {'planes': 1, 'channels': 1}),
    ('streak', {'table': False}),
    ('mediacy', {'channels': 5}),
    ('mediacy', {'counted': False}),
    ('tvips', {'version': 1}),
    ('tvips', {'version': 1, 'byteorder': '>'}),
    *[
        (kind, {'byteorder': order, 'bigtiff': big})
        for kind in CAMERAS
        for order, big in (('<', False), ('>', False), ('>', True))
    ],
]
COUNTED = 'counts of the description are axes, as Bio-Formats has it'
SHAPED = 'the shape of pages tells their order, as the software of the vendor has it'
DIFFERENCES: dict[tuple[str, str, str], str] = {
    ('mediacy', 'kind', ''): COUNTED,
    ('mediacy', 'shape', ''): COUNTED,
    ('mediacy', 'axes', ''): COUNTED,
    ('flimage', 'shape', 'named=False'): SHAPED,
    ('flimage', 'axes', 'named=False'): SHAPED,
    ('tvips', 'CommentV1', ''): 'text, as the comments of version 2 are; tifffile gives bytes',
}
"""By kind, what differs, and the option with which it does."""


def listed(kind: str, options: Options) -> set[str]:
    given = {'', *(f'{name}={value}' for name, value in options.items())}
    return {name for known, name, option in DIFFERENCES if known == kind and option in given}


def same(left: Any, right: Any) -> bool:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return np.array_equal(np.asarray(left), np.asarray(right))
    if isinstance(left, float) and left != left:
        return bool(right != right)
    alike = isinstance(left, bool) is isinstance(right, bool)
    return alike and isinstance(left, str) is isinstance(right, str) and bool(left == right)


@pytest.mark.parametrize(('kind', 'options'), CASES, ids=str)
def test_forged_files_are_read_as_forged(kind: str, options: Options) -> None:
    forged = forge(kind, **options)
    with TiffFile(forged.data) as tif:
        assert getattr(tif, f'is_{kind}')
        assert kind in tif.flags
        assert len(tif.series) == len(forged.series)
        for found, want in zip(tif.series, forged.series, strict=True):
            assert (found.name, found.axes) == (want.name, want.axes)
            np.testing.assert_array_equal(found.asarray(), want.levels[0].squeeze())
            assert found.dtype == want.levels[0].dtype
            if want.mpp is not None:
                assert found.mpp == pytest.approx(want.mpp)
                assert found.pixel_sizes['X'].source
        metadata = getattr(tif, f'{kind}_metadata')
        for name, value in forged.metadata.items():
            assert same(metadata[name], value), name
        assert not tif.faults


def differing(kind: str, options: Options) -> set[str]:
    """Return what tifffile reads otherwise: properties of series, names of metadata."""
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    forged = forge(kind, **options)
    found = set()
    with tifffile.TiffFile(io.BytesIO(forged.data)) as other, TiffFile(forged.data) as own:
        held = getattr(other, f'is_{kind}', None)
        assert getattr(other.pages[0], f'is_{kind}', True) if held is None else held
        assert len(own.series) == len(other.series)
        for one, two in zip(own.series, other.series, strict=True):
            for name in ('kind', 'shape', 'axes', 'name', 'dtype'):
                if getattr(one, name) != getattr(two, name):
                    found.add(name)
            np.testing.assert_array_equal(one.asarray(), two.asarray().reshape(one.shape))
        # Whether a file is uniform depends, in tifffile, on the order in which flags are asked.
        flags = (own.flags ^ {str(flag) for flag in other.flags}) - {'uniform'}
        if flags - ({kind} if not hasattr(other.pages[0], f'is_{kind}') else set()):
            found.add('flags')
        ours, theirs = getattr(own, f'{kind}_metadata'), getattr(other, f'{kind}_metadata', None)
        if isinstance(theirs, Mapping):
            found |= {
                str(key)
                for key in ours.keys() | theirs.keys()
                if key not in ours or key not in theirs or not same(ours[key], theirs[key])
            }
    return found


@pytest.mark.parametrize(('kind', 'options'), CASES, ids=str)
def test_tifffile_reads_forged_files_alike(kind: str, options: Options) -> None:
    assert differing(kind, options) - listed(kind, options) == set()


@pytest.mark.parametrize('kind', sorted({kind for kind, *_ in DIFFERENCES}))
def test_listed_differences_are_some(kind: str) -> None:
    found = [differing(kind, options) for known, options in CASES if known == kind]
    known = {name for its, name, _ in DIFFERENCES if its == kind}
    assert known - set().union(*found) == set()


def test_axes_that_are_not_those_of_the_pages_are_a_fault() -> None:
    forged = forge('sis')
    data = forged.data.replace(b'Z=3', b'Z=4')
    with TiffFile(data) as tif:
        assert tif.series[0].axes == 'IYX'
        assert any('6 pages' in fault.message for fault in tif.faults)


def test_seconds_of_sis_are_read() -> None:
    data = forge('sis').data
    at = data.index(b'SIS0')
    with TiffFile(data[: at + 8] + b'\x1f\0' + data[at + 10 :]) as tif:
        # One reader passes over the field; the weekday and day of the year behind it agree.
        assert tif.sis_metadata['datetime'].second == 31


def test_lists_of_image_pro_name_the_files_of_a_set(tmp_path: Path) -> None:
    names = [f'm{number}.seq' for number in range(12)]
    values = {
        'channels': [{'text': 'DAPI'}, {'text': 'FITC'}],
        'files': [{'text': name} for name in names],
        'times': 2, 'positions': 1, 'slices': 3,
    }  # fmt: skip
    data = bytes(schemas['vendor/media_cybernetics'].struct('ips').build(values))
    listed = parse_ips(data)
    assert listed.channels == ('DAPI', 'FITC')
    assert listed.files.shape == (2, 1, 2, 3)
    assert listed.files[1, 0, 0, 2] == 'm8.seq'
    with pytest.raises(FormatError, match='files'):
        parse_ips(data[:-4] + b'\x04\0\0\0')
    for size in range(0, len(data), 5):
        with pytest.raises(FormatError):
            parse_ips(data[:size])


def test_counts_that_are_not_those_of_the_pages_are_a_fault() -> None:
    data = forge('mediacy').data.replace(b'slices=3', b'slices=4')
    with TiffFile(data) as tif:
        assert (tif.series[0].kind, tif.series[0].axes) == ('uniform', 'IYX')
        assert any('6 pages' in fault.message for fault in tif.faults)


@pytest.mark.parametrize('kind', ['sis', 'tvips', 'streak', 'dectris'])
def test_blocks_behind_the_pages_are_in_the_map(kind: str) -> None:
    data = forge(kind).data
    with TiffFile(data) as tif:
        found = byte_map(tif)
        # Zeros up to the place of a table are all that nothing claims.
        left = b''.join(data[span.start : span.stop] for span in found.unexplained)
        assert not left.strip(b'\0')


def test_tables_of_scalings_beyond_the_file_are_a_fault() -> None:
    data = forge('streak').data.replace(b'"2048,6"', b'"9048,6"')
    with TiffFile(data) as tif:
        assert 'ScalingXScaling' not in tif.streak_metadata['Scaling']
        assert tif.series[0].coords['X'].tolist() == [0, 1, 2, 3, 4, 5]
        assert any('ScalingXScalingFile' in fault.path for fault in tif.faults)


def test_values_that_a_nuvu_file_lacks_are_a_fault() -> None:
    data = forge('nuvu').data.replace(b"Field '65003'", b"Field '65333'")
    with TiffFile(data) as tif:
        assert tif.nuvu_metadata['EMGain'] is None
        assert any('65333' in fault.message for fault in tif.faults)


def test_a_second_part_of_tvips_without_its_end_is_left_out() -> None:
    data = forge('tvips').data
    with TiffFile(data.replace(b'\xaa' * 4, b'\xab' * 4)) as tif:
        assert tif.tvips_metadata['CommentV1'] == 'forged'
        assert 'ImageName' not in tif.tvips_metadata
        assert tif.faults


def test_units_of_nih_image_after_version_153() -> None:
    at = forge('nih', byteorder='<').data.index(b'IPICIMAG')
    data = bytearray(forge('nih', byteorder='<').data)
    data[at + 12 : at + 14], data[at + 172 : at + 174] = b'\x9b\0', b'\x06\0'
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].coord_units['X'] == 'micrometer'


def test_files_explain_where_sizes_came_from() -> None:
    with TiffFile(forge('fei').data) as tif:
        text = tif.explain()
        assert 'series 0: generic, 2x9x11 uint8 IYX' in text
        assert 'X: 5e-09 m a step, from fei_metadata' in text
        assert 'not followed' not in text
    data = io.BytesIO(forge('fei').data)
    with TiffFile(data, mode='r+') as tif:
        tif.pages[0].tags[296].overwrite(3)
    with TiffFile(data.getvalue()) as tif:
        assert 'X: XResolution says 0.01 m, and is not followed' in tif.explain()
    with TiffFile(forge('streak').data) as tif:
        assert 'X: 6 coordinates nm, from streak_metadata' in tif.explain()
