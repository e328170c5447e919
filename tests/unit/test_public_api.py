"""The public interface that users of `tifffile` know is there: names, parameters, members."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import tiffschema
from tests.unit import public_api

NO_EXAMPLE = {'askopenfilename': 'it opens a window', 'imshow': 'it opens a window'}


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


def _described() -> Iterator[tuple[str, Any, bool]]:
    """Yield public functions, classes and their methods, and whether they are called."""
    for name in tiffschema.__all__:
        value = getattr(tiffschema, name)
        if inspect.isroutine(value):
            yield name, value, True
        if not inspect.isclass(value) or issubclass(value, Enum):
            continue
        yield name, value, '__init__' in vars(value) and not is_dataclass(value)
        for member in dir(value):
            method = own = inspect.getattr_static(value, member)
            for wrapped in ('__func__', 'fget', 'func'):
                own = getattr(own, wrapped, own)
            is_ours = inspect.isfunction(own) and own.__module__.startswith('tiffschema.')
            if is_ours and member[:1] != '_':
                yield f'{name}.{member}', own, inspect.isroutine(method)


DESCRIBED = {name: (value, is_called) for name, value, is_called in _described()}


@pytest.mark.parametrize('name', DESCRIBED)
def test_docstrings_begin_with_a_sentence_and_name_each_parameter(name: str) -> None:
    value, is_called = DESCRIBED[name]
    text = inspect.getdoc(value) or ''
    first = text.split('\n\n')[0]
    assert first.endswith('.')
    if not is_called:
        return
    described = re.search(r'Parameters:\n(.*?)(?=\n\n\S|\Z)', text, re.DOTALL)
    words = set(re.findall(r'\w+', described[1] if described else ''))
    words |= set(getattr(value, '__annotations__', ()) if inspect.isclass(value) else ())
    lacking = [
        one.name
        for one in inspect.signature(value).parameters.values()
        if one.name not in {'self', 'cls'} | words
        and not one.name.startswith('_')
        and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    assert not lacking or re.search(r'parameters (as of|are those of) `', text), lacking


@pytest.mark.parametrize(
    'name', [name for name in DESCRIBED if '.' not in name and name not in NO_EXAMPLE]
)
def test_public_functions_and_classes_have_an_example(name: str) -> None:
    value, _ = DESCRIBED[name]
    if inspect.isclass(value) and issubclass(value, Exception) and '__init__' not in vars(value):
        return  # made like its base
    assert re.search(r'Example:\n +>>> ', inspect.getdoc(value) or '')
