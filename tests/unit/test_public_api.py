"""The public interface that users of `tifffile` know is there: names, parameters, members."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tiffschema
from tests.unit import public_api


def test_nothing_is_missing_but_what_is_listed(tmp_path: Path) -> None:
    expected = public_api.load(public_api.TABLE)
    allowed = [re.compile(name) for name in public_api.load(public_api.DIFFERENCES)]
    missing = public_api.differences(expected, public_api.examine(tiffschema, tmp_path))
    unexpected = {
        name: what
        for name, what in missing.items()
        if not any(pattern.fullmatch(name) for pattern in allowed)
    }
    assert not unexpected


def test_every_listed_difference_is_one(tmp_path: Path) -> None:
    expected = public_api.load(public_api.TABLE)
    missing = public_api.differences(expected, public_api.examine(tiffschema, tmp_path))
    for name, reason in public_api.load(public_api.DIFFERENCES).items():
        assert reason
        assert any(re.fullmatch(name, path) for path in missing), name


def test_star_import_gives_the_public_names() -> None:
    names: dict[str, object] = {}
    exec('from tiffschema import *', names)
    assert set(tiffschema.__all__) <= set(names)
    assert names['TiffFile'] is tiffschema.TiffFile
    assert names['TIFF'] is tiffschema.TIFF


@pytest.mark.parametrize('name', sorted(tiffschema.__all__))
def test_public_names_are_documented(name: str) -> None:
    value = getattr(tiffschema, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        assert inspect.getdoc(value)


def test_the_package_lists_its_names() -> None:
    assert set(tiffschema.__all__) <= set(dir(tiffschema))


def test_naming_the_tables_is_what_imports_them() -> None:
    code = 'import sys, tiffschema; assert "tiffschema.tables" not in sys.modules; tiffschema.TIFF'
    subprocess.run([sys.executable, '-c', code], check=True, timeout=60)


@pytest.mark.parametrize('name', ['tiffcomment', 'tiff2fsspec', 'lsm2bin'])
def test_commands_are_modules_too(name: str) -> None:
    done = subprocess.run(
        [sys.executable, '-m', f'tiffschema.{name}', '--help'],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.startswith('usage: ')


def test_modules_that_users_know() -> None:
    from tiffschema.tifffile import TiffWriter

    assert TiffWriter is tiffschema.TiffWriter
    assert tiffschema.tifffile.imread is tiffschema.imread
    assert tiffschema.geodb.PCS(32633).name == 'WGS84_UTM_zone_33N'
    assert tiffschema.geodb.GEO_CODES[tiffschema.geodb.GeoKeys(1024)](1).name == 'Projected'
    with pytest.raises(AttributeError):
        tiffschema.geodb.Nothing  # noqa: B018
    with pytest.raises(AttributeError):
        tiffschema.tifffile.Nothing  # noqa: B018
