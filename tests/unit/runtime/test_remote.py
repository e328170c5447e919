"""Files behind URLs: few and small requests, many readers, and what goes wrong."""

from __future__ import annotations

import errno
import pickle
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import pytest

from benchmarks.rangeserver import RangeServer
from tiffschema import TiffFile, TiffFileError, TruncatedError, imread, imwrite
from tiffschema.writer.cog import write_cog

fsspec = pytest.importorskip('fsspec', reason='fsspec: remote stores need it')
pytest.importorskip('aiohttp', reason='aiohttp: fsspec needs it for HTTP')

SIDE = 4096


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp('remote')
    y, x = numpy.mgrid[:SIDE, :SIDE]
    noise = numpy.random.default_rng(0).integers(0, 2, (SIDE, SIDE))
    data = ((y // 16 + x // 16) % 200 + noise).astype('u1')
    write_cog(made / 'cog.tif', data, compression='zlib', tile=(256, 256))
    numpy.save(made / 'cog.npy', data)
    return made


@pytest.fixture(scope='module')
def data(folder: Path) -> numpy.ndarray:
    loaded: numpy.ndarray = numpy.load(folder / 'cog.npy', mmap_mode='r')
    return loaded


@pytest.fixture
def server(folder: Path) -> Iterator[RangeServer]:
    with RangeServer(folder) as made:
        yield made


def test_a_region_of_a_cog_takes_two_requests(server: RangeServer, data: numpy.ndarray) -> None:
    region = (slice(700, 956), slice(1300, 1556))
    found = imread(f'{server.url}/cog.tif', selection=region)
    assert numpy.array_equal(found, data[region])
    assert [method for method, _, _ in server.requests] == ['GET'] * len(server.requests)
    # The header with all directories, and a stretch for each row of tiles.
    assert len(server.requests) <= 3
    tiles = (slice(512, 768), slice(1024, 1280))
    server.reset()
    assert numpy.array_equal(imread(f'{server.url}/cog.tif', selection=tiles), data[tiles])
    assert len(server.requests) == 2
    assert server.nbytes <= 100 << 10


def test_structure_takes_one_request(server: RangeServer) -> None:
    with TiffFile(f'{server.url}/cog.tif') as tif:
        assert [level.shape for level in tif.series[0].levels][:2] == [(SIDE, SIDE), (2048, 2048)]
        assert tif.pages[0].tags['Compression'].value == 8
    assert len(server.requests) == 1
    assert server.nbytes <= 32 << 10


def test_whole_levels_are_read_in_few_requests(server: RangeServer, data: numpy.ndarray) -> None:
    with TiffFile(f'{server.url}/cog.tif') as tif:
        level = tif.series[0].levels[-1]
        assert level.asarray().shape == level.shape
    assert len(server.requests) <= 3
    server.reset()
    assert numpy.array_equal(imread(f'{server.url}/cog.tif'), data)
    assert len(server.requests) <= 4


def test_many_threads_and_pickles(server: RangeServer, data: numpy.ndarray) -> None:
    with TiffFile(f'{server.url}/cog.tif') as tif:
        series = pickle.loads(pickle.dumps(tif)).series[0]

        def agrees(seed: int) -> bool:
            chance = random.Random(seed)
            y, x = chance.randrange(SIDE - 300), chance.randrange(SIDE - 300)
            region = (slice(y, y + 300), slice(x, x + 300))
            return numpy.array_equal(series.asarray(selection=region), data[region])

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(agrees, range(48)))


def test_stores_of_urls(server: RangeServer, data: numpy.ndarray) -> None:
    zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
    with imread(f'{server.url}/cog.tif', return_as='zarr') as store:
        array = zarr.open(store, mode='r')['0']
        assert numpy.array_equal(array[1000:1200, 3000:3100], data[1000:1200, 3000:3100])
    assert server.nbytes < 1 << 20


def test_memory_files(data: numpy.ndarray, folder: Path) -> None:
    fsspec.filesystem('memory').pipe('/a.tif', (folder / 'cog.tif').read_bytes())
    region = (slice(100, 4000, 7), 5)
    assert numpy.array_equal(imread('memory://a.tif', selection=region), data[region])
    with fsspec.open('memory://a.tif') as file:
        assert numpy.array_equal(imread(file, selection=region), data[region])
    names = []
    for number in range(3):
        imwrite(folder / 'small.tif', numpy.full((5, 6), number, 'u1'))
        fsspec.filesystem('memory').pipe(f'/s{number}.tif', (folder / 'small.tif').read_bytes())
        names.append(f'memory://s{number}.tif')
    assert imread(names)[:, 0, 0].tolist() == [0, 1, 2]


def test_servers_without_ranges(folder: Path, data: numpy.ndarray) -> None:
    with RangeServer(folder, ranges=False) as server:
        region = (slice(700, 956), slice(1300, 1556))
        found = imread(f'{server.url}/cog.tif', selection=region)
        assert numpy.array_equal(found, data[region])
        # The whole file was sent once, and kept.
        assert len(server.requests) == 1


def test_what_is_not_there(server: RangeServer, folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        imread(f'{server.url}/none.tif')
    with pytest.raises(OSError, match=r'(?i)connect'):
        imread('http://127.0.0.1:9/none.tif')
    (folder / 'text.tif').write_bytes(b'no TIFF')
    with pytest.raises(TiffFileError):
        imread(f'{server.url}/text.tif')
    (folder / 'empty.tif').write_bytes(b'')
    with pytest.raises(TiffFileError):
        imread(f'{server.url}/empty.tif')


def test_files_that_vanish(server: RangeServer, folder: Path) -> None:
    path = folder / 'gone.tif'
    path.write_bytes((folder / 'cog.tif').read_bytes())
    with TiffFile(f'{server.url}/gone.tif') as tif:
        series = tif.series[0]
        assert series.shape == (SIDE, SIDE)
        path.unlink()
        with pytest.raises(FileNotFoundError):
            series.asarray(selection=(slice(2000, 2300), slice(0, 300)))


def test_files_that_change(server: RangeServer, folder: Path) -> None:
    path = folder / 'cut.tif'
    whole = (folder / 'cog.tif').read_bytes()
    path.write_bytes(whole)
    with TiffFile(f'{server.url}/cut.tif') as tif:
        series = tif.series[0]
        assert series.shape == (SIDE, SIDE)
        path.write_bytes(whole[:-1000])
        with pytest.raises(OSError, match='changed') as caught:
            series.asarray()
        assert caught.value.errno == errno.ESTALE
    path.write_bytes(whole[:-1000])
    with TiffFile(f'{server.url}/cut.tif') as tif:
        series = tif.series[0]
        with pytest.raises(TruncatedError, match='segments'):
            series.asarray()
        lost = series.asarray(errors='fault')
        assert lost.shape == (SIDE, SIDE)
        assert tif.faults


def test_open_files_are_not_read_ahead(server: RangeServer, data: numpy.ndarray) -> None:
    region = (slice(512, 768), slice(1024, 1280))
    with fsspec.open(f'{server.url}/cog.tif', 'rb') as file:
        server.reset()
        assert numpy.array_equal(imread(file, selection=region), data[region])
    assert len(server.requests) == 2
    assert server.nbytes <= 100 << 10


def test_servers_that_refuse(server: RangeServer) -> None:
    for status, kind in ((403, PermissionError), (410, FileNotFoundError), (503, OSError)):
        server.status = status
        with pytest.raises(kind, match=str(status)):
            imread(f'{server.url}/cog.tif')


def test_servers_that_send_other_bytes(server: RangeServer) -> None:
    with TiffFile(f'{server.url}/cog.tif') as tif:
        series = tif.series[0]
        assert series.shape == (SIDE, SIDE)
        server.shift = 7
        with pytest.raises(OSError, match='with others') as caught:
            series.asarray(selection=(slice(2000, 2300), slice(0, 300)))
        assert caught.value.errno == errno.EIO
