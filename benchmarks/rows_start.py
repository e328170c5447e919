"""Rows about starting: import, and the first read of a process.

What users have is measured: the installed wheel, whose schemas are compiled, and byte code of all
libraries on the disk. A set-up builds the wheel of this checkout, and keeps byte code in a folder
of its own, as environments differ in whether installing compiled it and whether Python may write.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from .files import camera, once
from .runner import Row, Task

ROOT = Path(__file__).resolve().parents[1]


@cache
def setup() -> tuple[tempfile.TemporaryDirectory[str], dict[str, str]]:
    """Unpack the wheel of this checkout; return the folder and the environment of processes."""
    folder = tempfile.TemporaryDirectory(prefix='tiffschema-start-')
    command = [sys.executable, '-m', 'hatchling', 'build', '-t', 'wheel', '-d', folder.name]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = Path(folder.name).glob('*.whl')
    site = Path(folder.name) / 'site'
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, 'PYTHONPATH': str(site)}
    environment['PYTHONPYCACHEPREFIX'] = str(Path(folder.name) / 'bytecode')
    environment.pop('PYTHONDONTWRITEBYTECODE', None)
    return folder, environment


def process(code: str) -> Task:
    """Return a task that runs code in a fresh interpreter; its first run writes the byte code."""
    folder, environment = setup()

    def task() -> str:
        return subprocess.run(
            [sys.executable, '-c', code], capture_output=True, text=True, check=True,
            env=environment, cwd=folder.name,
        ).stdout  # fmt: skip

    return task


def import_row(name: str, folder: Path) -> Row:
    """Import of the package; the bound is the import of numpy."""
    contenders = {
        'tiffschema': process('import numpy, tiffschema; tiffschema.imread'),
        'tifffile': process('import tifffile; tifffile.imread'),
        'bound': process('import numpy'),
    }
    return Row(name, contenders, rounds=15, note='fresh interpreter, wheel, numpy included')


def small(folder: Path) -> Path:
    """Write one small image."""

    def make(path: Path) -> None:
        import tifffile

        tifffile.imwrite(path, camera((64, 64)), photometric='minisblack')

    return once(folder / 'small.tif', make)


def cold_read(name: str, folder: Path) -> Row:
    """First read in a fresh process; the bound reads the bytes with numpy."""
    path = str(small(folder))
    contenders = {
        library: process(f'import {library}; print({library}.imread({path!r}).sum())')
        for library in ('tiffschema', 'tifffile')
    }
    contenders['bound'] = process(
        f'import numpy; print(numpy.fromfile({path!r}, "u2", offset=0).sum())'
    )
    return Row(name, contenders, rounds=25, note='fresh interpreter, wheel, one 64 x 64 image')


ROWS: dict[str, Callable[[str, Path], Row]] = {'import': import_row, 'cold_read': cold_read}
