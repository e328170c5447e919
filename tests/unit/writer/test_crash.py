"""Killed at any moment: what was there is there, finished pages can be read."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tiffschema import TiffFile, imwrite

ROOT = Path(__file__).resolve().parents[3]

STREAM = """
import sys, numpy as np
from tiffschema import TiffWriter
contiguous = {contiguous}
with TiffWriter(sys.argv[1], **{opening}) as tif:
    print('ready', flush=True)
    for index in range(100000):
        tif.write(np.full((64, 64), index % 65521, 'u2'), contiguous=contiguous, **{options})
        print(index, flush=True)
"""

APPEND = """
import sys, numpy as np
from tiffschema import imwrite
print('ready', flush=True)
for index in range(100000):
    imwrite(sys.argv[1], np.full((64, 64), index % 65521, 'u2'), append=True)
    print(index, flush=True)
"""

EDIT = """
import sys
from tiffschema.writer.edit import TagEditor
print('ready', flush=True)
for index in range(100000):
    with TagEditor(sys.argv[1]) as editor:
        editor.set('ImageDescription', 'x' * (index % 300))
        editor.set(65000, (index,) * 3, dtype='LONG')
        editor.delete(65000)
    print(index, flush=True)
"""

REPLACE = """
import sys, numpy as np
from tiffschema import imwrite
print('ready', flush=True)
for index in range(1, 100000):
    imwrite(sys.argv[1], np.full((5, 64, 64), index % 65521, 'u2'), compression='zlib',
            photometric='minisblack')
    print(index, flush=True)
"""


def killed(script: str, path: Path, delay: float) -> int:
    """Run a script, kill it some time after it began; return the last number it printed."""
    process = subprocess.Popen(
        [sys.executable, '-c', script, str(path)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b'ready\n'
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()
    process.wait()
    whole = rest[: rest.rfind(b'\n') + 1].split()
    return int(whole[-1]) if whole else -1


def delays(request: pytest.FixtureRequest, count: int) -> list[float]:
    number = 50 if request.config.getoption('--long') else count
    return [random.Random(index).uniform(0.0, 0.08) for index in range(number)]


@pytest.mark.parametrize(
    ('contiguous', 'opening', 'options'),
    [
        (False, {}, {}),
        (False, {}, {'compression': 'zlib'}),
        (False, {'bigtiff': True}, {'tile': (16, 16)}),
        (True, {}, {}),
    ],
    ids=str,
)
def test_stream(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    contiguous: bool,
    opening: dict[str, object],
    options: dict[str, object],
) -> None:
    script = STREAM.format(contiguous=contiguous, opening=opening, options=options)
    for delay in delays(request, 3):
        path = tmp_path / 'a.tif'
        path.unlink(missing_ok=True)
        last = killed(script, path, delay)
        if last < 0:
            continue
        with TiffFile(path) as tif:
            if contiguous:
                array = tif.asarray().reshape(-1, 64, 64)
                assert len(array) > last
            else:
                assert len(tif.pages) > last
                array = tif.asarray(key=range(last + 1)).reshape(-1, 64, 64)
            values = array[: last + 1].min(axis=(1, 2))
            np.testing.assert_array_equal(values, array[: last + 1].max(axis=(1, 2)))
            np.testing.assert_array_equal(values, np.arange(last + 1) % 65521)


def test_append(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    first = np.arange(3 * 64 * 64, dtype='u2').reshape(3, 64, 64)
    for delay in delays(request, 3):
        path = tmp_path / 'a.tif'
        imwrite(path, first, photometric='minisblack')
        last = killed(APPEND, path, delay)
        with TiffFile(path) as tif:
            assert len(tif.pages) >= 3 + last + 1
            np.testing.assert_array_equal(tif.asarray(key=range(3)), first)
            for index in range(last + 1):
                assert (tif.pages[3 + index].asarray() == index % 65521).all()


def test_edit(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    array = np.arange(3 * 64 * 64, dtype='u2').reshape(3, 64, 64)
    for delay in delays(request, 3):
        path = tmp_path / 'a.tif'
        imwrite(path, array, photometric='minisblack', metadata=None, description='x')
        killed(EDIT, path, delay)
        with TiffFile(path) as tif:
            assert not tif.faults
            assert set(tif.pages[0].description) <= {'x'}
            np.testing.assert_array_equal(tif.asarray(key=slice(None)), array)
            value = tif.pages[0].tags.valueof(65000)
            assert value is None or len(set(value)) == 1


def test_replace(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    for delay in delays(request, 3):
        path = tmp_path / 'a.tif'
        imwrite(path, np.zeros((5, 64, 64), 'u2'), photometric='minisblack')
        last = killed(REPLACE, path, delay)
        with TiffFile(path) as tif:
            array = tif.asarray()
        assert array.shape == (5, 64, 64)
        assert array.min() == array.max() >= max(last, 0)
