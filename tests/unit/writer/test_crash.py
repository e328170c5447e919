"""Killed at random moments: what was there is there, finished pages can be read."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tiffschema import TiffFile, imwrite

ROOT = Path(__file__).resolve().parents[3]
ARRAY = np.arange(3 * 64 * 64, dtype='u2').reshape(3, 64, 64)
MOST = 0.03
"""Seconds that a process works at most."""

Kill = Callable[[str, Path, float], int]


@pytest.fixture(scope='module')
def kill() -> Iterator[Kill]:
    """Return what lets a scenario run for a time and returns its last finished step."""
    program = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name('crashing.py'))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    assert program.stdin is not None
    assert program.stdout is not None

    def request(scenario: str, path: Path, delay: float) -> int:
        program.stdin.write(f'{scenario}\t{path}\t{delay}\n')  # type: ignore[union-attr]
        program.stdin.flush()  # type: ignore[union-attr]
        return int(program.stdout.readline())  # type: ignore[union-attr]

    yield request
    program.stdin.close()
    program.wait()
    program.stdout.close()


def delays(request: pytest.FixtureRequest, count: int) -> list[float]:
    """Return how long processes live; the number of them grows in the long profile."""
    number = 10 * count if request.config.getoption('--long') else count
    return [random.Random(index).uniform(0.0, MOST) for index in range(number)]


def numbers(array: np.ndarray) -> np.ndarray:
    """Return the number that fills each page."""
    pages = array.reshape(-1, 64 * 64)
    np.testing.assert_array_equal(pages.min(axis=1), pages.max(axis=1))
    return pages[:, 0]


@pytest.mark.parametrize(
    'scenario', ['stream', 'stream deflated', 'stream tiles', 'stream contiguous']
)
def test_stream(tmp_path: Path, request: pytest.FixtureRequest, kill: Kill, scenario: str) -> None:
    path = tmp_path / 'a.tif'
    for delay in delays(request, 25):
        path.unlink(missing_ok=True)
        last = kill(scenario, path, delay)
        if last < 0 and not path.exists():
            continue
        with TiffFile(path) as tif:
            whole = scenario == 'stream contiguous'  # its directories follow at the end
            found = numbers(tif.asarray(key=None if whole else slice(None)))
            assert len(found) > last
            np.testing.assert_array_equal(found, np.arange(len(found)) % 65521)
            assert not tif.faults


def test_append(tmp_path: Path, request: pytest.FixtureRequest, kill: Kill) -> None:
    path = tmp_path / 'a.tif'
    for delay in delays(request, 25):
        imwrite(path, ARRAY, photometric='minisblack')
        last = kill('append', path, delay)
        with TiffFile(path) as tif:
            count = len(tif.pages)
            assert count > 3 + last
            np.testing.assert_array_equal(tif.asarray(key=range(3)), ARRAY)
            if count > 3:
                found = numbers(tif.asarray(key=range(3, count)))
                np.testing.assert_array_equal(found, np.arange(count - 3))
            assert not tif.faults


def test_grow(tmp_path: Path, request: pytest.FixtureRequest, kill: Kill) -> None:
    path = tmp_path / 'a.tif'
    for delay in delays(request, 25):
        imwrite(path, ARRAY, photometric='minisblack')
        last = kill('grow', path, delay)
        with TiffFile(path) as tif:
            array = tif.series[0].asarray()
            np.testing.assert_array_equal(array[:3], ARRAY)
            assert len(array) > 3 + last
            np.testing.assert_array_equal(numbers(array[3:]), np.arange(len(array) - 3))
            # A last page may be there which the description does not count yet.
            assert len(tif.pages) - len(array) in (0, 1)


@pytest.mark.parametrize('scenario', ['edit', 'overwrite'])
def test_edit(tmp_path: Path, request: pytest.FixtureRequest, kill: Kill, scenario: str) -> None:
    path = tmp_path / 'a.tif'
    for delay in delays(request, 25):
        imwrite(path, ARRAY, photometric='minisblack', metadata=None, description='x')
        kill(scenario, path, delay)
        with TiffFile(path) as tif:
            assert not tif.faults
            assert set(tif.pages[0].description) <= {'x'}
            np.testing.assert_array_equal(tif.asarray(key=slice(None)), ARRAY)
            value = tif.pages[0].tags.valueof(65000)
            assert value is None or len(set(value)) == 1


def test_replace(tmp_path: Path, request: pytest.FixtureRequest, kill: Kill) -> None:
    path = tmp_path / 'a.tif'
    for delay in delays(request, 25):
        imwrite(path, np.zeros((5, 64, 64), 'u2'), photometric='minisblack')
        last = kill('replace', path, delay)
        with TiffFile(path) as tif:
            array = tif.asarray()
        assert array.shape == (5, 64, 64)
        assert array.min() == array.max() >= max(last, 0)
        assert [name for name in os.listdir(tmp_path) if not name.startswith('.')] == ['a.tif']
