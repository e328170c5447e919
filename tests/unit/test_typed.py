"""What users' type checkers and editors see of the package, and of records of schemas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tiffschema
from tiffschema.compiler.library import schemas
from tiffschema.compiler.targets.stub import to_stub

pytest.importorskip('mypy', reason='mypy is absent')

ROOT = Path(tiffschema.__file__).parents[1]
REVEALED = {
    'tiffschema.TiffFile(path).pages': 'TiffPages',
    'tiffschema.TiffFile(path).pages[0]': 'TiffPage | tiffschema.runtime.frame.TiffFrame',
    'tiffschema.TiffFile(path).series': 'TiffSeries',
    'tiffschema.TiffFile(path).series[0]': 'TiffPageSeries',
    'tiffschema.TiffFile(path).series[0].levels[0]': 'TiffPageSeries',
    'tiffschema.TiffFile(path).series[0].asarray()': 'numpy.ndarray',
    'tiffschema.TiffFile(path).asarray()': 'numpy.ndarray',
    'tiffschema.TiffFile(path).byteorder': 'Literal',
    'tiffschema.TiffWriter(path)': 'TiffWriter',
    'tiffschema.TiffSequence(path).asarray()': 'numpy.ndarray',
    'tiffschema.memmap(path)': 'numpy.ndarray',
    'tiffschema.COMPRESSION.ZSTD': 'tiffschema.COMPRESSION',
    'tiffschema.PHOTOMETRIC(2)': 'tiffschema.PHOTOMETRIC',
    'tiffschema.TIFF': '_TIFF',
    'tiffschema.FormatError': 'FormatError',
}
"""Expressions, and what stands in the types that a checker finds for them."""


def check(folder: Path, *files: str) -> str:
    """Return what mypy says of files, run as a user would, away from the project."""
    done = subprocess.run(
        [sys.executable, '-m', 'mypy', '--strict', '--no-incremental', *files],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / 'tiffschema' / 'py.typed').exists()


def test_the_stub_of_the_package_is_that_of_its_names() -> None:
    script = str(ROOT / '.ci' / 'public_stub.py')
    code = f'import runpy; print(runpy.run_path({script!r})["stub"](), end="")'
    made = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True, encoding='utf-8'
    )
    kept = (ROOT / 'tiffschema' / '__init__.pyi').read_text(encoding='utf-8')
    assert made.stdout == kept, 'run python .ci/public_stub.py'


def test_a_checker_knows_the_public_names(tmp_path: Path) -> None:
    lines = ['import tiffschema', "path = 'image.tif'"]
    lines += [f'reveal_type({expression})' for expression in REVEALED]
    (tmp_path / 'user.py').write_text('\n'.join(lines) + '\n')
    said = check(tmp_path, 'user.py').splitlines()
    revealed = [line for line in said if 'Revealed type' in line]
    assert len(revealed) == len(REVEALED), said
    for line, (expression, part) in zip(revealed, REVEALED.items(), strict=True):
        assert part in line, (expression, line)
    assert not [line for line in said if ': error:' in line]


def test_a_checker_takes_the_stubs_of_all_schemas(tmp_path: Path) -> None:
    for number, id in enumerate(schemas):
        (tmp_path / f'records{number}.pyi').write_text(to_stub(schemas[id]), encoding='utf-8')
    said = check(tmp_path, *(path.name for path in tmp_path.glob('*.pyi')))
    assert 'Success' in said, said
