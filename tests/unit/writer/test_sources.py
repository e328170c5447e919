"""Where pixels come from: iterators of all shapes, lazy arrays; and where files go."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, TiffWriter, imread, imwrite

ROOT = Path(__file__).resolve().parents[3]
ARRAY = np.random.default_rng(0).integers(0, 250, (3, 100, 130), 'u1')
GIVEN: dict[str, Any] = {'shape': ARRAY.shape, 'dtype': 'u1', 'photometric': 'minisblack'}


def tiles(*, full: bool) -> Iterator[np.ndarray]:
    for page in ARRAY:
        for y in range(0, page.shape[0], 32):
            for x in range(0, page.shape[1], 32):
                piece = page[y : y + 32, x : x + 32]
                if full:
                    rest = [(0, 32 - size) for size in piece.shape]
                    piece = np.pad(piece, rest)
                yield piece


def strips() -> Iterator[np.ndarray]:
    for page in ARRAY:
        for y in range(0, page.shape[0], 7):
            yield page[y : y + 7]


ITERATORS: dict[str, tuple[Any, dict[str, Any]]] = {
    'pages': (lambda: iter(ARRAY), {}),
    'one array': (lambda: iter([ARRAY]), {}),
    'tiles': (lambda: tiles(full=False), {'tile': (32, 32)}),
    'padded tiles': (lambda: tiles(full=True), {'tile': (32, 32)}),
    'pages cut into tiles': (lambda: iter(ARRAY), {'tile': (32, 32)}),
    'strips': (strips, {'rowsperstrip': 7}),
    'pages cut into strips': (lambda: iter(ARRAY), {'rowsperstrip': 7}),
    'a volume': (lambda: iter([ARRAY]), {'volumetric': True, 'tile': (16, 32, 32)}),
}


@pytest.mark.parametrize('compression', [None, 'zlib'])
@pytest.mark.parametrize('name', list(ITERATORS))
def test_iterators(name: str, compression: str | None) -> None:
    source, options = ITERATORS[name]
    stream = io.BytesIO()
    imwrite(stream, source(), compression=compression, **GIVEN, **options)
    stream.seek(0)
    np.testing.assert_array_equal(imread(stream), ARRAY)


@pytest.mark.parametrize('wrap', [bytes, bytearray, memoryview])
@pytest.mark.parametrize('counted', [False, True])
@pytest.mark.parametrize('compression', [None, 'zlib'])
@pytest.mark.parametrize('tiled', [False, True])
def test_encoded_bytes(tiled: bool, compression: str | None, counted: bool, wrap: Any) -> None:
    encode = zlib.compress if compression else bytes

    def items() -> Iterator[Any]:
        for piece in tiles(full=True) if tiled else iter(ARRAY):
            data = wrap(encode(piece.tobytes()))
            yield (data, len(data)) if counted else data

    options: dict[str, Any] = {'tile': (32, 32)} if tiled else {'rowsperstrip': 100}
    stream = io.BytesIO()
    imwrite(stream, items(), compression=compression, **GIVEN, **options)
    stream.seek(0)
    np.testing.assert_array_equal(imread(stream), ARRAY)


@pytest.mark.parametrize('kind', ['tiles', 'pages', 'encoded'])
def test_an_iterator_may_use_its_memory_again(kind: str) -> None:
    array = np.repeat(np.arange(16, dtype='u2'), 256 * 256).reshape(16, 256, 256)
    memory = bytearray(100_000) if kind == 'encoded' else np.empty((256, 256), 'u2')

    def items() -> Iterator[Any]:
        for page in array:
            if isinstance(memory, bytearray):
                data = zlib.compress(page.tobytes())
                memory[: len(data)] = data
                yield memoryview(memory)[: len(data)]
            else:
                memory[...] = page
                yield memory

    stream = io.BytesIO()
    options: dict[str, Any] = {} if kind == 'pages' else {'tile': (256, 256)}
    imwrite(
        stream, items(), shape=array.shape, dtype='u2', compression='zlib', maxworkers=3, **options
    )
    stream.seek(0)
    np.testing.assert_array_equal(imread(stream), array)


@pytest.mark.parametrize('count', [2, 4])
def test_an_iterator_of_another_length_is_refused(tmp_path: Path, count: int) -> None:
    path = tmp_path / 'a.tif'
    with pytest.raises(ValueError, match='iterator'):
        imwrite(path, iter([ARRAY[0]] * count), **GIVEN)
    assert not list(tmp_path.iterdir())
    with TiffWriter(path) as tif:
        tif.write(ARRAY, photometric='minisblack', contiguous=True)
        with pytest.raises(ValueError, match='iterator'):
            tif.write(iter([ARRAY[0]] * count), contiguous=True, **GIVEN)
    np.testing.assert_array_equal(imread(path), ARRAY)


class Converted:
    """Says its type and shape, but gives no parts."""

    shape = ARRAY.shape
    dtype = ARRAY.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return ARRAY


class Foreign(Converted):
    """Has a type that NumPy does not know."""

    dtype = 'uint8 of another library'  # type: ignore[assignment]

    def __getitem__(self, index: Any) -> np.ndarray:
        return ARRAY[index]


@pytest.mark.parametrize('source', [Converted(), Foreign()])
def test_what_numpy_can_convert(source: Any) -> None:
    stream = io.BytesIO()
    dtype = 'u1' if isinstance(source, Foreign) else None
    imwrite(stream, source, dtype=dtype, photometric='minisblack')
    stream.seek(0)
    np.testing.assert_array_equal(imread(stream), ARRAY)


LAZY = """
import resource, sys
import numpy as np
from tiffschema import imwrite, TiffFile

class Lazy:
    shape = (24, 2048, 2048)
    dtype = np.dtype('u2')
    def __getitem__(self, index):
        sizes = [
            len(range(*part.indices(size)))
            for part, size in zip(index, self.shape)
            if isinstance(part, slice)
        ]
        return np.full(sizes, 7, self.dtype)

def pieces():
    for _ in range(24):
        yield np.full((2048, 2048), 7, 'u2')

options = eval(sys.argv[2])
given = {'shape': Lazy.shape, 'dtype': 'u2'} if options.pop('iterator', False) else {}
imwrite(sys.argv[1], np.full((2, 64, 64), 7, 'u2'), photometric='minisblack')
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
imwrite(sys.argv[1], pieces() if given else Lazy(), photometric='minisblack', **given, **options)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
with TiffFile(sys.argv[1]) as tif:
    assert tif.series[0].shape == Lazy.shape
    assert (tif.pages[23].asarray() == 7).all()
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='memory is measured in KiB on Linux')
@pytest.mark.parametrize(
    'options',
    [
        {'compression': 'zlib', 'compressionargs': {'level': 1}, 'tile': (256, 256)},
        {'compression': 'zlib', 'compressionargs': {'level': 1}, 'iterator': True},
        {},
    ],
    ids=str,
)
def test_lazy_arrays_are_never_whole_in_memory(tmp_path: Path, options: dict[str, Any]) -> None:
    """192 MiB of samples; what is held at once is bands, and segments that wait."""
    result = subprocess.run(
        [sys.executable, '-c', LAZY, str(tmp_path / 'a.tif'), repr(options)],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < 64 << 10  # KiB


def test_missing_segments_stay_holes() -> None:
    """None for a tile or page stores nothing; it reads as zeros."""
    expected = ARRAY.copy()
    expected[1] = 0
    for options in ({'compression': 'zlib'}, {'compression': 'zlib', 'rowsperstrip': 7}):
        stream = io.BytesIO()
        imwrite(stream, iter([ARRAY[0], None, ARRAY[2]]), **GIVEN, **options)
        stream.seek(0)
        with TiffFile(stream) as tif:
            assert set(tif.pages[1].aspage().databytecounts) == {0}
            np.testing.assert_array_equal(tif.asarray(), expected)
    stream = io.BytesIO()
    pieces = list(tiles(full=False))
    pieces[3] = None  # type: ignore[call-overload]
    imwrite(stream, iter(pieces), tile=(32, 32), **GIVEN)
    stream.seek(0)
    expected = ARRAY.copy()
    expected[0, :32, 96:128] = 0
    np.testing.assert_array_equal(imread(stream), expected)


def remote(url: str) -> Any:
    fsspec = pytest.importorskip('fsspec', reason='fsspec: optional extra "remote"')
    return fsspec.core.url_to_fs(url)


@pytest.fixture(params=['memory://sources/a.tif', 'file://'])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    name: str = request.param
    if name == 'file://':
        name += str(tmp_path / 'a.tif')
    fs, path = remote(name)
    if fs.exists(path):
        fs.rm(path)
    return name


def test_addresses(url: str) -> None:
    imwrite(url, ARRAY, photometric='minisblack')
    np.testing.assert_array_equal(imread(url), ARRAY)
    with pytest.raises(FileExistsError):
        imwrite(url, ARRAY, mode='x')
    imwrite(url, ARRAY[0], append=True)
    with TiffFile(url) as tif:
        assert len(tif.pages) == 4
    import fsspec

    imwrite(fsspec.open(url, 'wb'), ARRAY[0], compression='zlib')
    np.testing.assert_array_equal(imread(url), ARRAY[0])
    with pytest.raises(ValueError, match='writing'):
        imwrite(fsspec.open(url, 'rb'), ARRAY)


def test_failed_writing_keeps_what_an_address_held(url: str) -> None:
    fs, path = remote(url)
    imwrite(url, ARRAY, photometric='minisblack')
    old = fs.cat(path)
    with pytest.raises(ValueError, match='iterator'):
        imwrite(url, iter([ARRAY[0]]), **GIVEN)
    with pytest.raises(RuntimeError), TiffWriter(url):
        raise RuntimeError
    assert fs.cat(path) == old
    assert len(fs.ls(os.path.dirname(path))) == 1


@pytest.mark.parametrize('compression', [None, 'zlib'])
@pytest.mark.parametrize(
    ('kind', 'contiguous'),
    [('generic', False), ('shaped', False), ('shaped', True), ('ome', False), ('ome', True)],
)
def test_failed_append_is_taken_back(
    tmp_path: Path, kind: Any, compression: str | None, contiguous: bool
) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, ARRAY, photometric='minisblack', kind=kind, compression=compression)
    old = path.read_bytes()
    with pytest.raises(ValueError, match='iterator'):
        imwrite(
            path, iter(ARRAY[:2]), append=True, compression=compression, contiguous=contiguous,
            **GIVEN,
        )  # fmt: skip
    assert path.read_bytes() == old


@pytest.mark.parametrize(
    ('kind', 'contiguous'),
    [(kind, contiguous) for kind in ('generic', 'shaped', 'ome') for contiguous in (False, True)]
    + [('imagej', True)],
)
def test_streams_are_completed_after_an_error(tmp_path: Path, kind: Any, contiguous: bool) -> None:
    path = tmp_path / 'a.tif'

    def write() -> None:
        with TiffWriter(path, kind=kind) as tif:
            for page in ARRAY:
                tif.write(page, contiguous=contiguous)
            raise RuntimeError('camera')

    with pytest.raises(RuntimeError, match='camera'):
        write()
    with TiffFile(path) as tif:
        assert len(tif.pages) == 3
        assert not tif.faults
        assert tif.series[0].kind in (kind, 'uniform')
        np.testing.assert_array_equal(tif.asarray(key=slice(None)), ARRAY)


@pytest.mark.parametrize('options', [{}, {'compression': 'zlib'}, {'tile': (16, 16)}], ids=str)
def test_an_array_without_axes_comes_back(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, np.array(5, 'u2'), **options)
    with TiffFile(path) as tif:
        series = tif.series[0]
        assert (series.shape, series.axes, series.dims) == ((), '', ())
        assert series.asarray().shape == tif.asarray().shape == ()
        assert series.asarray() == 5
    np.testing.assert_array_equal(imread([path, path]), [5, 5])


@pytest.mark.parametrize('options', [{}, {'compression': 'zlib'}, {'tile': (16, 16)}], ids=str)
@pytest.mark.filterwarnings('ignore::PendingDeprecationWarning')
def test_matrices_are_arrays(options: dict[str, Any]) -> None:
    matrix = np.asmatrix(np.arange(12, dtype='u2').reshape(3, 4))
    stream = io.BytesIO()
    imwrite(stream, matrix, **options)
    stream.seek(0)
    np.testing.assert_array_equal(imread(stream), np.asarray(matrix))


class Lazy:
    """An array which says one thing of itself and gives another."""

    shape = (4, 5)
    dtype = np.dtype('u1')

    def __init__(self, part: np.ndarray) -> None:
        self.part = part

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.part


@pytest.mark.parametrize(
    'part', [np.full((4, 5), 300.5), np.zeros((4, 5), 'u2'), np.zeros((2, 2), 'u1')], ids=str
)
@pytest.mark.parametrize('options', [{}, {'compression': 'zlib'}, {'tile': (16, 16)}], ids=str)
def test_lazy_arrays_give_what_they_say(
    tmp_path: Path, part: np.ndarray, options: dict[str, Any]
) -> None:
    path = tmp_path / 'a.tif'
    with pytest.raises(ValueError, match='data'):
        imwrite(path, Lazy(part), **options)
    assert not path.exists()


@pytest.mark.parametrize('shape', [(0, 5), (5, 0), (3, 0, 5), (0,)], ids=str)
@pytest.mark.filterwarnings('ignore:data')
def test_lazy_arrays_without_elements(shape: tuple[int, ...]) -> None:
    dask = pytest.importorskip('dask.array', reason='dask: lazy arrays')
    stream = io.BytesIO()
    imwrite(stream, dask.zeros(shape, dtype='u1'), photometric='minisblack')
    stream.seek(0)
    assert imread(stream).shape == shape


@pytest.mark.parametrize('mode', [None, 'r+'])
@pytest.mark.parametrize('stored', [{}, {'tile': (16, 16)}, {'rowsperstrip': 7}], ids=str)
def test_what_lay_there_before_does_not_show(
    tmp_path: Path, stored: dict[str, Any], mode: Any
) -> None:
    """Pages that nobody fills are zero, also in a file that is written over."""
    path = tmp_path / 'a.tif'
    given: dict[str, Any] = {'dtype': 'u1', 'photometric': 'minisblack', **stored}
    page = np.full((50, 60), 9, 'u1')
    blocks: dict[str, tuple[Any, tuple[int, ...], list[int]]] = {
        'empty': (lambda: None, (2, 50, 60), [0, 0]),
        'parts': (lambda: iter([None, page, None]), (3, 50, 60), [0, 9, 0]),
    }
    for name, (make, shape, expected) in blocks.items():
        if name == 'parts' and 'tile' in stored:
            continue  # None stands for a tile there
        path.write_bytes(b'x' * 50_000)
        imwrite(path, make(), shape=shape, mode=mode, **given)
        stream = io.BytesIO(b'x' * 50_000)
        imwrite(stream, make(), shape=shape, mode=mode, **given)
        for found in (imread(path), imread(io.BytesIO(stream.getvalue()))):
            np.testing.assert_array_equal(found, np.full(shape, np.reshape(expected, (-1, 1, 1))))


def test_a_stream_is_left_at_the_end_of_the_file() -> None:
    stream = io.BytesIO(b'x' * 50_000)
    stream.seek(100)
    imwrite(stream, ARRAY[0])
    end = stream.tell()
    assert stream.getvalue()[:100] == b'x' * 100
    imwrite(stream, ARRAY[1])
    for at, page in ((100, ARRAY[0]), (end, ARRAY[1])):
        with TiffFile(io.BytesIO(stream.getvalue()[at:])) as tif:
            np.testing.assert_array_equal(tif.asarray(), page)
