"""Freezing: reproducible, equal to fresh code, and reading needs no YAML; the cache is private."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tiffschema.compiler.freeze import freeze_all, module_name
from tiffschema.compiler.library import schemas

ROOT = Path(__file__).resolve().parents[3]
PARSE = """
import sys
from tiffschema.compiler.library import schemas
data = bytes.fromhex('0200 0001 0300 01000000 40000000 0101 0400 01000000 20000000 00000000')
ifd = schemas['tiff/ifd'].struct('ifd', variant='classic')
record = ifd.parse(data, byteorder='<')
assert record.entries['code'].tolist() == [256, 257]
assert bytes(ifd.build(record, byteorder='<')) == data
compilers = ('.syntax', '.lower')
print('yaml' in sys.modules, *sorted(m for m in sys.modules if m.endswith(compilers)))
"""


def run(code: str, path: Path, cache: Path) -> str:
    """Run code in a fresh process against a package folder."""
    env = {**os.environ, 'PYTHONPATH': str(path), 'XDG_CACHE_HOME': str(cache)}
    done = subprocess.run(
        [sys.executable, '-c', code],
        env=env,
        cwd=cache,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope='module')
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package as a wheel has it: schemas inside, and frozen modules."""
    folder = tmp_path_factory.mktemp('wheel')
    ignore = shutil.ignore_patterns('__pycache__', '_frozen')
    shutil.copytree(ROOT / 'tiffschema', folder / 'tiffschema', ignore=ignore)
    shutil.copytree(ROOT / 'schemas', folder / 'tiffschema' / 'schemas')
    freeze_all(folder / 'tiffschema' / '_frozen')
    return folder


def test_same_schemas_give_the_same_bytes(tmp_path: Path, frozen: Path) -> None:
    for path in freeze_all(tmp_path / 'again'):
        assert path.read_bytes() == (frozen / 'tiffschema/_frozen' / path.name).read_bytes()


def test_frozen_modules_are_the_fresh_source(frozen: Path) -> None:
    for id in ('tiff/ifd', 'vendor/micromanager'):
        schema = schemas[id]
        for variant in schema.variants:
            for target in ('parse', 'build'):
                for order in '<>':
                    if not schema.raw.get('structs'):
                        continue
                    name = module_name(id, variant, target, order)
                    text = (frozen / f'tiffschema/_frozen/{name}.py').read_text()
                    assert text == schema.source(target=target, byteorder=order, variant=variant)


def test_frozen_package_reads_without_yaml_or_compiler(frozen: Path, tmp_path: Path) -> None:
    assert run(PARSE, frozen, tmp_path) == 'False'


def test_checkout_compiles_once(tmp_path: Path) -> None:
    assert run(PARSE, ROOT, tmp_path).startswith('True')
    assert run(PARSE, ROOT, tmp_path) == 'False'


def test_cache_is_private(tmp_path: Path) -> None:
    run(PARSE, ROOT, tmp_path)
    folders = [path for path in tmp_path.rglob('*') if path.is_dir()]
    assert folders
    assert all(path.stat().st_mode & 0o077 == 0 for path in folders if path.parent != tmp_path)
    assert all('..' not in path.name for path in tmp_path.rglob('*'))


@pytest.mark.skipif(not hasattr(os, 'getuid'), reason='permissions: not a POSIX system')
def test_folder_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    run(PARSE, ROOT, tmp_path)
    (inner,) = (tmp_path / 'tiffschema').iterdir()
    inner.chmod(0o777)
    assert run(PARSE, ROOT, tmp_path).startswith('True')


def test_damaged_cache_is_compiled_anew(tmp_path: Path) -> None:
    run(PARSE, ROOT, tmp_path)
    for path in tmp_path.rglob('*'):
        if path.is_file():
            path.write_bytes(b'\x00broken')
    assert run(PARSE, ROOT, tmp_path).startswith('True')


READ = """
import sys
import tiffschema
tiffschema.imread(sys.argv[1])
print('yaml' in sys.modules, len(tiffschema.schemas))
"""


def test_checkout_keeps_the_catalog(tmp_path: Path) -> None:
    import numpy

    import tiffschema

    image = tmp_path / 'image.tif'
    tiffschema.imwrite(image, numpy.zeros((8, 8), 'u1'), metadata=None)
    code = READ.replace('sys.argv[1]', repr(str(image)))
    assert run(code, ROOT, tmp_path).startswith('True ')
    assert run(code, ROOT, tmp_path).startswith('False ')
    kept = [path for path in tmp_path.rglob('catalog*') if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(b'\x00broken')
    assert run(code, ROOT, tmp_path).startswith('True ')


def test_catalog_is_made_anew_where_a_schema_changed(tmp_path: Path) -> None:
    package = tmp_path / 'package'
    ignore = shutil.ignore_patterns('__pycache__', '_frozen')
    shutil.copytree(ROOT / 'tiffschema', package / 'tiffschema', ignore=ignore)
    shutil.copytree(ROOT / 'schemas', package / 'schemas')
    code = """
import sys
from tiffschema.model import catalog
print('acme' in str(catalog.section('kinds')), 'yaml' in sys.modules)
"""
    assert run(code, package, tmp_path) == 'False True'
    assert run(code, package, tmp_path) == 'False False'
    path = package / 'schemas' / 'tiff' / 'kinds.yaml'
    path.write_text(path.read_text(encoding='utf-8') + '# acme\n', encoding='utf-8')
    assert run(code, package, tmp_path) == 'False True'
