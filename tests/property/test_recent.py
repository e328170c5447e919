"""Files read one after another: what the last one tells of the next changes no result."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

pytest.importorskip('hypothesis', reason='hypothesis: the extra "testing" is absent')

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiffschema import TiffFile, imread, imwrite
from tiffschema.runtime.alikefiles import recent
from tiffschema.testing import forge
from tiffschema.testing.files import DrawnFile, files

FORGED = ('imagej', 'stk', 'ome', 'lsm', 'fluoview', 'sis', 'pilatus', 'metaseries')


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    recent.forget()
    yield
    recent.forget()


def outcome(read: Any) -> tuple[Any, ...]:
    """Return all that can be told of what a call gives."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            array = read()
    except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
        return type(error), str(error)
    return array.shape, array.dtype, array.flags.writeable, array.tobytes()


def properly(path: Path) -> numpy.ndarray:
    """Read a file by itself."""
    with TiffFile(path) as tif:
        return tif.asarray()


def check_like_by_itself(path: Path, versions: list[bytes]) -> None:
    """Read versions of a file one after another, each twice, and compare with each by itself."""
    for data in versions:
        path.write_bytes(data)
        expected = outcome(lambda: properly(path))
        assert outcome(lambda: imread(path)) == expected
        assert outcome(lambda: imread(str(path))) == expected


def changed(data: bytes, places: list[tuple[float, int]]) -> bytes:
    """Return bytes with some of them changed."""
    found = bytearray(data)
    if not data:
        return data
    for where, value in places:
        found[int(where * len(found))] = value
    return bytes(found)


PLACES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=0, max_size=3
)


@pytest.mark.parametrize('kind', ['valid', 'near_valid'])
def test_drawn_files(kind: Any, tmp_path: Path) -> None:
    @settings(
        max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(file=files(kind), changes=st.lists(PLACES, min_size=2, max_size=4))
    def check(file: DrawnFile, changes: list[list[tuple[float, int]]]) -> None:
        data = bytes(file)
        versions = [data, data, *(changed(data, places) for places in changes), data, data[:-1]]
        check_like_by_itself(tmp_path / 'image.tif', versions)

    check()


@pytest.mark.parametrize('kind', FORGED)
def test_forged_files(kind: str, tmp_path: Path) -> None:
    @settings(max_examples=15, deadline=None, database=None)
    @given(changes=st.lists(PLACES, min_size=2, max_size=4))
    def check(changes: list[list[tuple[float, int]]]) -> None:
        versions = [data, data, *(changed(data, places) for places in changes), data]
        check_like_by_itself(tmp_path / 'image.tif', versions)

    data = next(iter(forge(kind).files.values()))
    check()


def test_a_stack_is_read_without_parsing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = numpy.random.default_rng(0).integers(0, 60000, (6, 20, 30)).astype('>u2')
    paths = [str(tmp_path / f'{number}.tif') for number in range(6)]
    for path, frame in zip(paths, frames, strict=True):
        imwrite(path, frame, byteorder='>')
    first = [imread(path) for path in paths[:2]]

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError('the file is opened as if nothing was known')

    monkeypatch.setattr(TiffFile, '__init__', refuse)
    rest = [imread(path) for path in paths[2:]]
    assert numpy.array_equal([*first, *rest], frames)
    assert not any(numpy.shares_memory(rest[0], other) for other in rest[1:])


@pytest.mark.parametrize(
    'argument',
    [
        {'key': 0}, {'selection': (0,)}, {'squeeze': False}, {'is_shaped': False},
        {'return_as': 'numpy'}, {'maxworkers': 1}, {'kind': 'uniform'},
    ],
)  # fmt: skip
def test_arguments_count(argument: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, numpy.arange(24, dtype='u1').reshape(1, 4, 6), metadata={'axes': 'QYX'})
    expected = outcome(lambda: imread(path, **argument))
    plain = outcome(lambda: imread(path))
    for _ in range(3):
        assert outcome(lambda: imread(path)) == plain
        assert outcome(lambda: imread(path, **argument)) == expected


def test_files_that_differ_are_not_compared_for_ever(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    for number in range(20):
        imwrite(path, numpy.full((3, 4), number, 'u1'), description=f'{number:04}', metadata=None)
        assert (imread(path) == number).all()
    assert recent._alike is None


def test_a_schema_that_is_registered_is_asked(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, numpy.zeros((3, 4), 'u1'))
    for _ in range(2):
        imread(path)
    assert recent._alike is not None
    from tiffschema.model import catalog

    for watcher in catalog._watchers:
        watcher('any')
    assert recent._alike is None


def test_files_that_are_gone_or_none(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, numpy.zeros((3, 4), 'u1'))
    for _ in range(2):
        imread(path)
    with pytest.raises(FileNotFoundError):
        imread(tmp_path / 'b.tif')
    with pytest.raises(IsADirectoryError):
        imread(tmp_path)
    with pytest.raises(ValueError, match='null'):
        imread('a\0.tif')
