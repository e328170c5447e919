"""LSM files: more than 4 GiB, unfinished ones, pages that are missing, `lsm2bin`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import lsm2bin
from tiffschema.cli.lsm2bin import main
from tiffschema.errors import FormatError
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge

GIB = 1 << 30


def test_unfinished_scans(tmp_path: Path) -> None:
    forged = forge('lsm', channels=3, written=4)
    with TiffFile(forged.write(tmp_path)) as tif:
        for series, want in zip(tif.series, forged.series, strict=True):
            np.testing.assert_array_equal(series.asarray(), want.levels[0])
        assert [fault.message for fault in tif.faults] == ['some pages were not written']


def test_fewer_pages_than_declared(tmp_path: Path) -> None:
    forged = forge('lsm', channels=3, times=4)
    with TiffFile(forged.data) as tif:
        link = tif.pages[17].offset + 2 + 12 * len(tif.pages[17].tags)
    path = tmp_path / 'cut.lsm'
    path.write_bytes(forged.data[:link] + bytes(4) + forged.data[link + 4 :])
    with TiffFile(path) as tif:
        np.testing.assert_array_equal(tif.series[0].asarray(), forged.series[0].levels[0][:3])
        assert any('12 pages are declared, 9 are there' in fault.message for fault in tif.faults)


def test_parts_of_large_scans(tmp_path: Path) -> None:
    forged = forge('lsm', apart=GIB)
    with TiffFile(forged.write(tmp_path)) as tif:
        found = tif.series[0].asarray(selection=np.s_[1, 1:, 0, 2:5, ::3])
        np.testing.assert_array_equal(found, forged.series[0].levels[0][1, 1:, 0, 2:5, ::3])
        assert tif.series[0][5].asarray().shape == (2, 8, 10)


def test_every_byte_is_explained() -> None:
    with TiffFile(forge('lsm', channels=3).data) as tif:
        assert not byte_map(tif).unexplained


@pytest.mark.parametrize('options', [{}, {'positions': 2, 'tiles': 2}, {'scan': 0}], ids=str)
def test_lsm2bin(tmp_path: Path, options: dict[str, Any]) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the command to compare with')
    path = forge('lsm', **options).write(tmp_path)
    tifffile.lsm2bin(str(path), str(tmp_path / 'theirs'), tile=(3, 4), verbose=False)
    lsm2bin(path, str(tmp_path / 'ours'), tile=(3, 4), verbose=False)
    theirs, ours = sorted(tmp_path.glob('theirs*')), sorted(tmp_path.glob('ours*'))
    assert [each.name[6:] for each in theirs] == [each.name[4:] for each in ours]
    assert len(ours) >= 4
    for one, other in zip(theirs, ours, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_command_lsm2bin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forged = forge('lsm', channels=1)
    path = forged.write(tmp_path)
    assert main(['lsm2bin', str(path), '--tile', '8', '10']) == 0
    made = tmp_path / 'forged.lsm_(z3c1y8x10)_m0p0t001y0x0.bin'
    assert made.read_bytes() == forged.series[0].levels[0][1].tobytes()
    assert made.name in capsys.readouterr().out
    assert main(['lsm2bin', str(path), 'none', '--quiet']) == 0
    assert capsys.readouterr().out == ''
    other = tmp_path / 'plain.tif'
    other.write_bytes(forge('nih').data)
    assert main(['lsm2bin', str(other)]) == 1
    assert 'no LSM file' in capsys.readouterr().err
    with pytest.raises(ValueError, match='no tile'):
        lsm2bin(path, tile=(0, 4))


def test_unknown_scans_are_read_as_pages(tmp_path: Path) -> None:
    data = bytearray(forge('lsm', channels=3).data)
    with TiffFile(bytes(data)) as tif:
        at = tif.pages[0].tags[34412].valueoffset + 88
    data[at] = 99
    with TiffFile(bytes(data)) as tif:
        assert tif.series[0].kind == 'generic'
        assert any('scan type 99' in fault.message for fault in tif.faults)
    with (
        pytest.raises(FormatError, match='scan type 99'),
        TiffFile(bytes(data), strict=True) as tif,
    ):
        _ = tif.series[0]
