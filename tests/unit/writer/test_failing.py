"""A call of `write` that fails on its way, and the calls that follow it in the same file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, TiffWriter, imwrite

PAGES = np.random.default_rng(0).integers(0, 250, (5, 32, 48), 'u1')
GRAY: dict[str, Any] = {'photometric': 'minisblack'}
CODED = [None, 'zlib']


def breaks(pages: int, array: np.ndarray = PAGES) -> Iterator[np.ndarray]:
    yield from array[:pages]
    raise RuntimeError('on its way')


def write_broken(tif: TiffWriter, pages: int, shape: tuple[int, ...], **options: Any) -> None:
    small = PAGES[:, : shape[-2], : shape[-1]]
    with pytest.raises(RuntimeError, match='on its way'):
        tif.write(breaks(pages, small), shape=shape, dtype='u1', **GRAY, **options)


def series_of(path: Path) -> list[Any]:
    with TiffFile(path) as tif:
        assert not tif.faults
        return [(series.kind, series.asarray()) for series in tif.series]


@pytest.mark.parametrize('compression', CODED)
@pytest.mark.parametrize('kind', ['ome', 'shaped', 'imagej'])
def test_the_first_call(tmp_path: Path, kind: Any, compression: str | None) -> None:
    path = tmp_path / 'a.tif'
    with TiffWriter(path, kind=kind) as tif:
        write_broken(tif, 0, (3, 32, 48), compression=compression)
        tif.write(PAGES[0], compression=compression, **GRAY)
    ((found, array),) = series_of(path)
    assert found == kind
    np.testing.assert_array_equal(array, PAGES[0])


@pytest.mark.parametrize('kind', ['ome', 'shaped'])
def test_a_call_of_which_some_pages_were_finished(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / 'a.tif'
    with TiffWriter(path, kind=kind) as tif:
        tif.write(PAGES[4], compression='zlib', **GRAY)
        # Pages are encoded in batches; these are finished when the error comes.
        write_broken(tif, 2, (5, 32, 48), compression='zlib', maxworkers=1)
        tif.write(PAGES[3], compression='zlib', **GRAY)
    found = series_of(path)
    assert {each for each, _ in found} == {kind}
    np.testing.assert_array_equal(found[0][1], PAGES[4])
    np.testing.assert_array_equal(found[-1][1], PAGES[3])
    if kind == 'shaped':
        np.testing.assert_array_equal(found[1][1], PAGES[:2])


@pytest.mark.parametrize('compression', CODED)
@pytest.mark.parametrize('failing', [0, 1])
@pytest.mark.parametrize('subifds', [2, -2])
def test_a_child(tmp_path: Path, subifds: int, failing: int, compression: str | None) -> None:
    path = tmp_path / 'a.tif'
    with TiffWriter(path) as tif:
        tif.write(PAGES[0], subifds=subifds, **GRAY)
        for level in range(2):
            options: dict[str, Any] = {'subfiletype': 1, 'compression': compression}
            small = PAGES[0, :: 2 << level, :: 2 << level]
            if level == failing:
                write_broken(tif, 0, small.shape, **options)
            tif.write(small, **options, **GRAY)
        tif.write(PAGES[1], **GRAY)
    with TiffFile(path) as tif2:
        assert not tif2.faults
        first, second = tif2.series
        for level, image in enumerate(first.levels):
            np.testing.assert_array_equal(image.asarray(), PAGES[0, :: 1 << level, :: 1 << level])
        assert len(first.levels) == 3
        np.testing.assert_array_equal(second.asarray(), PAGES[1])


class Pipe:
    """A file object that has nothing but `write`."""

    def __init__(self) -> None:
        self.data = b''

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)


def test_file_objects_of_few_abilities(tmp_path: Path) -> None:
    pipe = Pipe()
    imwrite(pipe, PAGES[0])
    with TiffFile(io.BytesIO(pipe.data)) as tif:
        np.testing.assert_array_equal(tif.asarray(), PAGES[0])
    path = tmp_path / 'a.tif'
    with path.open('wb') as stream, TiffWriter(stream) as tif2:  # cannot be read
        for page in PAGES:
            tif2.write(page, contiguous=True)
    ((kind, array),) = series_of(path)
    assert kind == 'shaped'
    np.testing.assert_array_equal(array, PAGES)


@pytest.mark.parametrize('mode', ['ab', 'a+b'])
def test_files_open_for_appending_are_refused(tmp_path: Path, mode: str) -> None:
    path = tmp_path / 'a.tif'
    path.write_bytes(b'')
    with path.open(mode) as stream, pytest.raises(ValueError, match='appending'):
        imwrite(stream, PAGES[0])
    assert path.read_bytes() == b''
