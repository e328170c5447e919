"""libtiff's own tools read what we write, without errors and without warnings that matter."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy
import pytest

from tests.unit.writer.test_map_written import ARRAYS, COGS, MADE, write_kind
from tiffschema import imread, imwrite

pytestmark = pytest.mark.skipif(
    shutil.which('tiffinfo') is None, reason='libtiff-tools: tiffinfo and tiffcp are absent'
)

CASES: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    'plain': ((31, 33), 'uint16', {}),
    'big-endian': ((31, 33), '>u2', {'byteorder': '>'}),
    'bigtiff': ((3, 31, 33), 'uint8', {'bigtiff': True}),
    'rgb': ((31, 33, 3), 'uint8', {'photometric': 'rgb'}),
    'planar': ((3, 31, 33), 'uint8', {'photometric': 'rgb', 'planarconfig': 'separate'}),
    'tiled zlib': ((70, 90), 'uint16', {'tile': (32, 32), 'compression': 'zlib', 'predictor': 2}),
    'lzw': ((70, 90), 'float32', {'compression': 'lzw', 'predictor': 3}),
    'packbits': ((70, 90), 'uint8', {'compression': 'packbits', 'rowsperstrip': 16}),
    'jpeg': ((64, 64, 3), 'uint8', {'photometric': 'rgb', 'compression': 'jpeg'}),
    'bilevel': ((31, 33), 'bool', {}),
    'imagej': ((4, 31, 33), 'uint16', {'imagej': True}),
    'ome': ((2, 3, 31, 33), 'uint16', {'ome': True}),
}


def run(*command: str | Path) -> str:
    """Run a tool; return what it says beside its result, unknown private tags left out."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return '\n'.join(line for line in done.stderr.splitlines() if 'Unknown field' not in line)


@pytest.mark.parametrize('name', CASES)
def test_tools_accept_and_copy(name: str, tmp_path: Path) -> None:
    shape, dtype, options = CASES[name]
    data = numpy.random.default_rng(1).integers(0, 2 if dtype == 'bool' else 200, shape)
    array = data.astype(dtype)
    path, copy = tmp_path / 'a.tif', tmp_path / 'b.tif'
    imwrite(path, array, **{'photometric': 'minisblack', **options})
    assert run('tiffinfo', '-s', path) == ''
    if name == 'jpeg':
        return  # copying would decode and encode again
    assert run('tiffcp', '-c', 'none', path, copy) == ''
    pages = imread(copy, key=slice(None))
    assert numpy.array_equal(pages.reshape(-1), imread(path, key=slice(None)).reshape(-1))


@pytest.mark.parametrize('name', sorted({*ARRAYS, *COGS, *MADE} - {'no elements'}))
def test_tools_accept_every_kind_of_file(name: str, tmp_path: Path) -> None:
    """Kinds of files beside the matrix; a page without pixels is none to libtiff."""
    path = tmp_path / 'a.tif'
    write_kind(name, path)
    said = run('tiffinfo', '-s', path), run('tiffcp', '-c', 'none', path, tmp_path / 'b.tif')
    if name == 'tags':
        # The user's description and that of the shape are two entries of one code.
        said = tuple('' if 'tags are not sorted' in text else text for text in said)
    assert said == ('', '')
