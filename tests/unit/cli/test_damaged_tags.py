"""Commands on files whose tags have another type, count or value than their writers meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiffschema
from tiffschema import TiffFile
from tiffschema.cli import main

IMAGE = np.random.default_rng(1).integers(0, 2, (40, 50), 'uint8')


def run(*arguments: object) -> int:
    return main(['tiffschema', *map(str, arguments)])


def patched(path: Path, code: int, at: int, new: bytes) -> None:
    """Write bytes over those of an entry: its code at 0, type at 2, count at 4, value at 8."""
    with TiffFile(path) as tif:
        offset = tif.pages[0].tags[code].offset + at
    data = bytearray(path.read_bytes())
    data[offset : offset + len(new)] = new
    path.write_bytes(data)


def test_repair_does_not_keep_how_old_samples_were_coded(tmp_path: Path) -> None:
    path, new = tmp_path / 'a.tif', tmp_path / 'b.tif'
    tiffschema.imwrite(
        path, IMAGE.astype(bool), compression='ccittrle', photometric='miniswhite', metadata=None,
    )  # fmt: skip
    with TiffFile(path) as tif:
        page = tif.pages[0]
        assert page.compression == 2
    # The same rows as T.4, aligned and without marks, as writers of class F had them.
    tiffschema.imwrite(
        path, IMAGE.astype(bool), compression='ccitt_t4', photometric='miniswhite', metadata=None,
        extratags=[(292, 4, 1, 0, False)],
    )  # fmt: skip
    patched(path, 282, 8, (1 << 30).to_bytes(4, 'little'))
    with TiffFile(path) as tif:
        assert 'T4Options' in tif.pages[0].tags
        expected = tif.pages[0].asarray()
    patched(path, 292, 8, b'\x04')
    assert run('repair', path, '--out', new) == 0
    with TiffFile(new) as tif:
        assert int(tif.pages[0].tags.valueof(292) or 0) == 0
        np.testing.assert_array_equal(tif.pages[0].asarray(), expected)


def paletted(path: Path) -> None:
    colours = np.arange(3 * 256, dtype='uint16').reshape(3, 256)
    tiffschema.imwrite(path, IMAGE, colormap=colours, metadata=None)


def test_a_palette_that_is_no_table_is_left_out(tmp_path: Path) -> None:
    path, new = tmp_path / 'a.tif', tmp_path / 'b.tif'
    paletted(path)
    patched(path, 320, 4, (700).to_bytes(4, 'little'))
    assert run('repair', path, '--out', new) == 0
    with TiffFile(new) as tif:
        np.testing.assert_array_equal(tif.pages[0].asarray(), IMAGE)
        assert 'ColorMap' not in tif.pages[0].tags


def test_colours_that_no_sample_can_name_are_left_out(tmp_path: Path) -> None:
    path, new = tmp_path / 'a.tif', tmp_path / 'b.tif'
    colours = np.arange(3 * 65536, dtype='uint16').reshape(3, 65536)
    tiffschema.imwrite(path, IMAGE.astype('uint16'), colormap=colours, metadata=None)
    patched(path, 258, 8, b'\x08')
    assert run('convert', path, new) == 0
    with TiffFile(new) as tif:
        np.testing.assert_array_equal(tif.pages[0].colormap, colours[:, :256])


def test_pages_that_lie_nowhere_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, new = tmp_path / 'a.tif', tmp_path / 'b.tif'
    tiffschema.imwrite(path, IMAGE, metadata=None)
    patched(path, 273, 0, (65000).to_bytes(2, 'little'))
    assert run('repair', path, '--out', new) == 1
    assert 'no page can be read' in capsys.readouterr().err
    assert not new.exists()


def test_images_beyond_the_limits_are_not_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, new = tmp_path / 'a.tif', tmp_path / 'b.tif'
    tiffschema.imwrite(path, IMAGE, rowsperstrip=1, compression='zlib', bigtiff=True, metadata=None)
    for code in (256, 257):
        patched(path, code, 2, (4).to_bytes(2, 'little'))
        patched(path, code, 12, (1 << 31).to_bytes(4, 'little'))
    assert run('convert', path, new) == 1
    assert 'limit' in capsys.readouterr().err
    assert not new.exists()


@pytest.mark.parametrize('kind', [4, 12])
def test_jpeg_tables_that_are_numbers_are_no_markers(tmp_path: Path, kind: int) -> None:
    path = tmp_path / 'a.tif'
    tiffschema.imwrite(path, IMAGE, compression='jpeg', metadata=None)
    with TiffFile(path) as tif:
        has_tables = 347 in tif.pages[0].tags
    if not has_tables:
        patched(path, 305, 0, (347).to_bytes(2, 'little'))
    patched(path, 347, 2, kind.to_bytes(2, 'little'))
    patched(path, 347, 4, (1).to_bytes(4, 'little'))
    assert run('validate', path) in (0, 1)


def test_a_text_that_is_an_array_is_no_mark_of_a_kind(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    numbers: Any = np.arange(3000, dtype='uint16')
    tiffschema.imwrite(path, IMAGE, metadata=None, extratags=[(270, 3, 3000, numbers, True)])
    with TiffFile(path) as tif:
        assert not tif.is_epics
        assert 'epics' not in tif.pages[0].flags
        assert str(tif)


def test_an_ome_text_that_is_no_unicode_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / 'a.ome.tif'
    tiffschema.imwrite(path, IMAGE, metadata={'Name': 'NAME'})
    path.write_bytes(path.read_bytes().replace(b'"NAME"', b'"N\xff\xfeE"'))
    tiffschema.imwrite(path, IMAGE[:20], append=True)
    assert path.read_bytes().count(b'"N\xff\xfeE"') >= 1
    with TiffFile(path) as tif:
        assert [page.shape for page in tif.pages] == [(40, 50), (20, 50)]


def test_a_profile_that_is_a_number_is_none(tmp_path: Path) -> None:
    path, new = tmp_path / 'a.tif', tmp_path / 'b.tif'
    tiffschema.imwrite(path, IMAGE, metadata=None, extratags=[(34675, 3, 1, 7, True)])
    with TiffFile(path) as tif:
        assert tif.pages[0].iccprofile is None
        assert tif.pages[0].tags[34675].value == 7
    assert run('convert', path, new) == 0
    np.testing.assert_array_equal(tiffschema.imread(new), IMAGE)


@pytest.mark.parametrize(('count', 'shape'), [(195, (3, 65)), (196, (196,)), (3, (3,))])
def test_a_palette_of_any_number_of_colours_is_a_table(
    tmp_path: Path, count: int, shape: tuple[int, ...]
) -> None:
    path = tmp_path / 'a.tif'
    paletted(path)
    patched(path, 320, 4, count.to_bytes(4, 'little'))
    with TiffFile(path) as tif:
        colours = tif.pages[0].colormap
        assert colours is not None
        assert colours.shape == shape
        assert any('no table of three colours' in str(fault) for fault in tif.faults)
