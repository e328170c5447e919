"""The wheel: what is in it, that it is the same each time, and what reading a file imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tiffschema

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    'yaml', 'construct', 'hypothesis', 'zarr', 'matplotlib', 'rich', 'fsspec', 'xarray', 'dask',
    'PIL',
)  # fmt: skip


def run(*command: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=300, check=False,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def build(target: str, folder: Path, root: Path = ROOT, **env: str) -> Path:
    """Build a distribution with the tools of this environment."""
    run(
        sys.executable,
        '-m',
        'hatchling',
        'build',
        '-t',
        target,
        '-d',
        str(folder),
        env=env,
        cwd=root,
    )
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build('wheel', tmp_path_factory.mktemp('wheel'))


@pytest.fixture(scope='module')
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('installed')
    run(
        sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-compile',
        '--disable-pip-version-check', '--target', str(folder), str(wheel),
    )  # fmt: skip
    return folder


def in_wheel(installed: Path, code: str, *arguments: str) -> str:
    """Run code in a fresh process which sees the installed wheel."""
    return run(
        sys.executable, '-c', code, *arguments, env={'PYTHONPATH': str(installed)}, cwd=installed
    )


def test_wheel_holds_schemas_and_frozen_modules(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'schemas').rglob('*.yaml')}
    assert {f'tiffschema/{name}' for name in shipped} <= names
    assert 'tiffschema/_frozen/__init__.py' in names
    assert 'tiffschema/cli/data/metaseries.tif' in names
    assert 'tiffschema/cli/data/LICENSE.txt' in names
    assert not [name for name in names if name.startswith(('tests/', 'schemas/', 'docs/'))]


def test_frozen_modules_are_what_the_compiler_makes_now(wheel: Path, tmp_path: Path) -> None:
    code = (
        'import sys; from pathlib import Path;'
        'from tiffschema.compiler.freeze import freeze_all;'
        'from tiffschema.model.catalog import freeze;'
        'out = Path(sys.argv[1]); freeze_all(out); freeze(out)'
    )
    made = []
    for seed in ('1', '2'):
        # Another order of sets must not show.
        folder = tmp_path / seed
        run(
            sys.executable, '-c', code, str(folder),
            env={'PYTHONPATH': str(ROOT), 'PYTHONHASHSEED': seed}, cwd=tmp_path,
        )  # fmt: skip
        made.append({path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()})
    assert made[0] == made[1]
    archive = zipfile.ZipFile(wheel)
    frozen = {
        name.rpartition('/')[2]: archive.read(name)
        for name in archive.namelist()
        if name.startswith('tiffschema/_frozen/')
    }
    assert frozen == made[0]
    assert len(frozen) > 20


def test_wheel_is_the_same_each_time(wheel: Path, tmp_path: Path) -> None:
    again = build('wheel', tmp_path, PYTHONHASHSEED='7')
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_wheel_from_the_source_distribution(wheel: Path, tmp_path: Path) -> None:
    import tarfile

    source = build('sdist', tmp_path / 'sdist')
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path / 'tree', filter='data')
    (tree,) = (tmp_path / 'tree').iterdir()
    assert (tree / 'schemas' / 'tiff' / 'ifd.yaml').is_file()
    again = build('wheel', tmp_path / 'wheel', tree)
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


READ = """
import json, sys
import tiffschema
assert tiffschema.__file__.startswith(sys.argv[1]), tiffschema.__file__
with tiffschema.TiffFile(sys.argv[2]) as tif:
    shape = tif.asarray().shape
    tags = {tag.name: str(tag.value) for page in tif.pages for tag in page.tags}
    kinds = sorted(tif.flags)
    series = [one.kind for one in tif.series]
names = sys.argv[3].split(',')
print(json.dumps([shape, sorted(tags), kinds, series, [n for n in names if n in sys.modules]]))
"""


def test_reading_imports_nothing_heavy(installed: Path, tmp_path: Path) -> None:
    path = tmp_path / 'image.tif'
    tiffschema.imwrite(
        path, np.zeros((3, 16, 16), np.uint8), imagej=True, compression='zlib',
        metadata={'axes': 'ZYX', 'Info': 'a', 'Labels': ['1', '2', '3']},
    )  # fmt: skip
    shape, tags, kinds, series, heavy = json.loads(
        in_wheel(installed, READ, str(installed), str(path), ','.join(HEAVY))
    )
    assert heavy == []
    assert shape == [3, 16, 16]
    assert 'IJMetadata' in tags
    assert 'imagej' in kinds
    assert series == ['imagej']


def test_importing_imports_nothing_heavy(installed: Path) -> None:
    code = 'import sys, tiffschema; print([n for n in sys.argv[1].split(",") if n in sys.modules])'
    names = ','.join((*HEAVY, 'numpy', 'imagecodecs', 'tiffschema.compiler'))
    assert in_wheel(installed, code, names).strip() == '[]'


def test_installed_and_checkout_agree(installed: Path, tmp_path: Path) -> None:
    code = (
        'import sys; from tiffschema.cli import main;'
        'from tiffschema.cli.demo import SAMPLE;'
        'main(["", "dump", "--json", str(SAMPLE)]); main(["", "map", "--json", str(SAMPLE)])'
    )
    theirs = in_wheel(installed, code)
    ours = run(sys.executable, '-c', code, env={'PYTHONPATH': str(ROOT)}, cwd=tmp_path)
    assert theirs.replace(str(installed), '') == ours.replace(str(ROOT), '')
    assert 'ImageDescription' in theirs


def test_schemas_of_users_compile_in_the_installed_wheel(installed: Path) -> None:
    code = (
        'import tiffschema\n'
        's = tiffschema.register_schema("schema: a/b\\nendian: little\\nstructs:\\n'
        '  x:\\n    fields:\\n      n: u16\\n      v: u8[n]\\n")\n'
        'print(bytes(s.struct("x").build({"v": [1, 2]})).hex())'
    )
    assert in_wheel(installed, code).strip() == '02000102'
