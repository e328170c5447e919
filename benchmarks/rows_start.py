"""Rows about starting: import, and the first read of a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .files import camera, once
from .runner import Row, Task


def process(code: str) -> Task:
    """Return a task that runs code in a fresh interpreter."""

    def task() -> str:
        return subprocess.run(
            [sys.executable, '-c', code], capture_output=True, text=True, check=True
        ).stdout

    return task


def import_row(name: str, folder: Path) -> Row:
    """Import of the package; the bound is the import of numpy."""
    contenders = {
        'tiffschema': process('import numpy, tiffschema; tiffschema.imread'),
        'tifffile': process('import tifffile; tifffile.imread'),
        'bound': process('import numpy'),
    }
    return Row(name, contenders, rounds=15, note='fresh interpreter, numpy included')


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
    return Row(name, contenders, rounds=15, note='fresh interpreter, one 64 x 64 image')


ROWS: dict[str, Callable[[str, Path], Row]] = {'import': import_row, 'cold_read': cold_read}
