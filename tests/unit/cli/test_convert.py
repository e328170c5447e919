"""Commands that write: ``convert`` and ``repair``."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tiffschema
from tiffschema.cli import main
from tiffschema.cli.copying import lossless
from tiffschema.testing import DrawnFile, files

RANDOM = np.random.default_rng(3)
STACK = RANDOM.integers(0, 60000, (3, 40, 50), 'uint16')
COLOURS = RANDOM.integers(0, 255, (40, 50, 3), 'uint8')


def run(*arguments: object) -> int:
    return main(['tiffschema', *map(str, arguments)])


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / 'stack.tif'
    tiffschema.imwrite(
        path, STACK, imagej=True, resolution=(4, 4),
        metadata={'axes': 'ZYX', 'spacing': 2.0, 'unit': 'um'},
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    'options',
    [
        [], ['--compression', 'zstd', '--predictor'], ['--tile', 16, 32, '--compression', 'lzw'],
        ['--bigtiff', '--byteorder', '>'], ['--kind', 'generic'], ['--pyramid', '--tile', 16, 16],
        ['--series', 0, '--compression', 'zlib', '--quality', 9],
    ],
    ids=str,
)  # fmt: skip
def test_samples_are_the_same(stack: Path, tmp_path: Path, options: list[Any]) -> None:
    target = tmp_path / 'new.tif'
    assert run('convert', stack, target, *options) == 0
    with tiffschema.TiffFile(target) as tif:
        assert tif.faults == []
        np.testing.assert_array_equal(tif.asarray(), STACK)
        assert tif.is_bigtiff == ('--bigtiff' in options)
        assert tif.pages[0].resolution == (4, 4)


@pytest.mark.parametrize('dtype', ['c8', 'i8', 'u2', '?'])
@pytest.mark.parametrize('compression', [34887, 34933])
def test_types_that_a_scheme_cannot_hold_are_deflated(dtype: str, compression: int) -> None:
    page = SimpleNamespace(compression=compression, dtype=np.dtype(dtype))
    assert lossless(page) == (compression if dtype == 'u2' else 8)


def test_images_without_samples_are_converted(tmp_path: Path) -> None:
    source, target = tmp_path / 'old.tif', tmp_path / 'new.tif'
    tiffschema.imwrite(source, STACK[0][:0], photometric='minisblack', metadata=None)
    assert run('convert', source, target, '--kind', 'generic') == 0
    assert tiffschema.imread(target).size == 0


@pytest.mark.parametrize('code', [262, 296])
def test_members_that_no_enumeration_has_are_left_out(tmp_path: Path, code: int) -> None:
    source, target = tmp_path / 'old.tif', tmp_path / 'new.tif'
    tiffschema.imwrite(source, STACK[0], resolution=(4, 4), photometric='minisblack')
    with tiffschema.TiffFile(source) as tif:
        at = tif.pages[0].tags[code].valueoffset
    data = bytearray(source.read_bytes())
    data[at : at + 2] = b'\x20\x20'
    source.write_bytes(data)
    assert run('convert', source, target) == 0
    with tiffschema.TiffFile(target) as tif:
        assert tif.faults == []
        assert tif.pages[0].photometric == 1
        assert tif.pages[0].resolution == (4, 4)
        np.testing.assert_array_equal(tif.asarray(), STACK[0])


@pytest.mark.parametrize('kind', ['ome', 'imagej'])
def test_axes_and_sizes_of_pixels_are_kept(stack: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / 'new.tif'
    assert run('convert', stack, target, '--kind', kind) == 0
    with tiffschema.TiffFile(target) as tif:
        series = tif.series[0]
        assert (series.kind, series.axes) == (kind, 'ZYX')
        assert series.mpp == pytest.approx((0.25, 0.25))
        np.testing.assert_array_equal(series.asarray(), STACK)


@pytest.mark.parametrize(
    ('data', 'options'),
    [
        (COLOURS, {'photometric': 'rgb'}),
        (COLOURS, {'photometric': 'rgb', 'compression': 'jpeg', 'tile': (16, 16)}),
        (np.moveaxis(COLOURS, -1, 0), {'photometric': 'rgb', 'planarconfig': 'separate'}),
        (np.moveaxis(COLOURS, -1, 0), {'photometric': 'rgb', 'planarconfig': 2, 'tile': (16, 16)}),
        (COLOURS > 100, {'photometric': 'minisblack'}),
        (COLOURS[..., 0], {'colormap': np.arange(768, dtype='u2').reshape(3, 256)}),
        (COLOURS[..., :2], {'photometric': 'minisblack', 'planarconfig': 1}),
        (STACK[0], {'predictor': True, 'compression': 'zlib', 'photometric': 'miniswhite'}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_kinds_of_samples(tmp_path: Path, data: Any, options: dict[str, Any]) -> None:
    source, target = tmp_path / 'a.tif', tmp_path / 'b.tif'
    if data.dtype == bool:
        data = data[..., 0]
    tiffschema.imwrite(source, data, **options)
    assert run('convert', source, target) == 0
    with tiffschema.TiffFile(source) as old, tiffschema.TiffFile(target) as new:
        np.testing.assert_array_equal(new.asarray(), old.asarray())
        assert new.series[0].shape == old.series[0].shape
        assert new.pages[0].compression != 7
        if options.get('compression') != 'jpeg':
            assert new.pages[0].photometric == old.pages[0].photometric
            assert new.pages[0].planarconfig == old.pages[0].planarconfig


def test_an_existing_file_is_replaced_only_if_asked(
    stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / 'there.tif'
    target.write_bytes(b'mine')
    assert run('convert', stack, target) == 1
    assert '--force' in capsys.readouterr().err
    assert target.read_bytes() == b'mine'
    assert run('convert', stack, target, '--force') == 0
    assert run('convert', stack, stack, '--force') == 2
    assert 'same file' in capsys.readouterr().err


@pytest.mark.parametrize(
    'options', [['--series', 7], ['--level', 3], ['--compression', 'none such']]
)
def test_what_cannot_be_done_leaves_no_file(
    stack: Path, tmp_path: Path, options: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / 'new.tif'
    assert run('convert', stack, target, *options) == 1
    assert str(stack) in capsys.readouterr().err
    assert not target.exists()


def damaged(path: Path) -> bytes:
    """Return a file of strips the last of which is cut off."""
    tiffschema.imwrite(
        path, STACK, photometric='minisblack', rowsperstrip=10, compression='zlib',
        description='kept', metadata=None, extratags=[('Artist', 'me'), (65000, 'd', 1, 2.5, True)],
    )  # fmt: skip
    with tiffschema.TiffFile(path) as tif:
        page = tif.pages[1]
        data = bytearray(path.read_bytes())
        start = page.dataoffsets[2]
        data[start : start + page.databytecounts[2]] = bytes(page.databytecounts[2])
    path.write_bytes(data)
    return bytes(data)


def test_a_damaged_file_is_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, target = tmp_path / 'a.tif', tmp_path / 'b.tif'
    before = damaged(path)
    assert run('repair', path, '--out', target) == 0
    assert 'segments[2]' in capsys.readouterr().out
    assert path.read_bytes() == before
    expected = STACK.copy()
    expected[1, 20:30] = 0
    with tiffschema.TiffFile(target) as tif:
        np.testing.assert_array_equal(tif.asarray(), expected)
        assert tif.faults == []
        tags = tif.pages[0].tags
        assert (tif.pages[0].description, tags['Artist'].value, tags[65000].value) == (
            'kept', 'me', 2.5,
        )  # fmt: skip
    assert run('validate', '--pixels', target) == 0


def test_a_file_is_repaired_in_place(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    damaged(path)
    assert run('repair', path, '--in-place') == 0
    with tiffschema.TiffFile(path) as tif:
        assert len(tif.pages) == 3
        assert tif.asarray().shape == STACK.shape


def test_nothing_is_replaced_unless_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = tmp_path / 'a.tif', tmp_path / 'b.tif'
    before = damaged(path)
    other.write_bytes(b'precious')
    assert run('repair', path) == 2
    assert run('repair', path, '--in-place', '--out', other) == 2
    assert run('repair', path, '--out', other) == 1
    assert 'exists' in capsys.readouterr().err
    assert (path.read_bytes(), other.read_bytes()) == (before, b'precious')
    assert run('repair', path, '--out', other, '--force') == 0
    assert tiffschema.imread(other).shape == STACK.shape


def test_a_sound_file_is_left_alone(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = stack.stat().st_mtime_ns
    assert run('repair', stack, '--in-place') == 0
    assert 'nothing is wrong' in capsys.readouterr().out
    assert stack.stat().st_mtime_ns == before


def test_planes_without_directories_are_kept(stack: Path, tmp_path: Path) -> None:
    target = tmp_path / 'b.tif'
    assert run('repair', stack, '--out', target, '--force') == 0
    np.testing.assert_array_equal(tiffschema.imread(target), STACK)


@pytest.mark.parametrize('data', [b'', b'II*\0\x08\0\0\0', b'II*\0\0\0\0\0', b'hello world'])
def test_what_is_no_image_cannot_be_repaired(
    tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'a.tif'
    path.write_bytes(data)
    assert run('repair', path, '--in-place') == 1
    assert path.read_bytes() == data
    assert str(path) in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [path]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(files('near_valid'))
def test_damaged_files_are_mended_or_refused_with_a_reason(drawn: DrawnFile) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
        path, target = Path(folder, 'a.tif'), Path(folder, 'b.tif')
        path.write_bytes(drawn)
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            status = run('repair', path, '--out', target, '--force')
        assert path.read_bytes() == drawn
        if target.exists():
            with tiffschema.TiffFile(target) as tif:
                assert len(tif.pages) > 0
                for page in tif.pages:
                    page.asarray()
                assert (status, tif.faults) == (0, [])
        else:
            assert status == 1
            assert str(path) in errors.getvalue() + out.getvalue()
