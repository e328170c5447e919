"""The committed table of the public interface is that of the installed `tifffile`.

Run as a script this file writes the table anew.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import tiffschema
import tiffschema.geodb
from tests.unit import public_api


def found(folder: Path) -> dict[str, object]:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the oracle is absent')
    return public_api.examine(tifffile, folder)


def test_the_table_is_up_to_date(tmp_path: Path) -> None:
    live = found(tmp_path)
    assert public_api.load(public_api.TABLE) == live


def test_codes_of_geotiff_have_the_known_names() -> None:
    geodb = pytest.importorskip('tifffile.geodb', reason='tifffile: the oracle is absent')
    # Systems and datums of ellipsoids have a prefix here, since they share an enumeration.
    prefixes = {'GCSE': 'GCSE_', 'DatumE': 'DatumE_'}
    for name in tiffschema.geodb.__all__[1:]:
        ours = getattr(tiffschema.geodb, name).__members__
        for member, value in getattr(geodb, name).__members__.items():
            found = ours.get(prefixes.get(name, '') + member, ours.get(member))
            if member != 'Dealul_Piscului_1930':  # of two datums, one of which is spelled so
                assert found == value, (name, member)


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as folder:
        public_api.TABLE.write_text(public_api.dump(found(Path(folder))), encoding='utf-8')
