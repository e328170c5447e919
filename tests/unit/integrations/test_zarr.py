"""Zarr stores serve what `asarray` gives: layouts, pyramids, stacks, gaps, threads, processes."""

from __future__ import annotations

import multiprocessing
import pickle
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema
from tiffschema import TiffFile, TiffSequence, TiffWriter, UnsupportedError, imread, imwrite

zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')


def image(shape: tuple[int, ...], dtype: str, seed: int = 0) -> numpy.ndarray:
    generator = numpy.random.default_rng(seed)
    values = generator.integers(0, 200, shape)
    return values.astype(dtype)


def random_selection(shape: tuple[int, ...], chance: random.Random) -> tuple[Any, ...]:
    found: list[Any] = []
    for size in shape:
        start = chance.randrange(size)
        if chance.random() < 0.3:
            found.append(start)
        else:
            stop = chance.randint(start + 1, size)
            found.append(slice(start, stop, chance.choice([1, 1, 2, 3])))
    return tuple(found)


LAYOUTS: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    'stripped': ((60, 41), 'uint16', {'rowsperstrip': 7}),
    'contiguous': ((5, 33, 20), 'float32', {'photometric': 'minisblack'}),
    'big-endian tiles': ((3, 50, 70), '>u2', {'tile': (16, 32), 'photometric': 'minisblack'}),
    'rgb': ((40, 50, 3), 'uint8', {'photometric': 'rgb', 'tile': (16, 16)}),
    'planar rgb': ((3, 40, 50), 'uint8', {'photometric': 'rgb', 'planarconfig': 'separate'}),
    'zlib predictor': ((4, 50, 70), 'uint16',
                       {'photometric': 'minisblack', 'tile': (32, 16), 'compression': 'zlib',
                        'predictor': True}),
    'lzw strips': ((45, 30), 'uint8', {'compression': 'lzw', 'rowsperstrip': 8}),
    'packbits': ((2, 45, 30), 'int16',
                 {'photometric': 'minisblack', 'compression': 'packbits', 'rowsperstrip': 45}),
    'volume': ((9, 40, 50), 'uint8',
               {'photometric': 'minisblack', 'tile': (4, 16, 16), 'volumetric': True}),
    'complex': ((21, 20), 'complex64', {'tile': (16, 16)}),
}  # fmt: skip


@pytest.mark.parametrize('name', LAYOUTS)
@pytest.mark.parametrize('chunkmode', ['strile', 'page'])
def test_random_selections_equal_asarray(name: str, chunkmode: str, tmp_path: Path) -> None:
    shape, dtype, options = LAYOUTS[name]
    data = image(shape, dtype)
    path = tmp_path / 'image.tif'
    imwrite(path, data, **options)
    chance = random.Random(name)
    with TiffFile(path) as tif:
        for source in (tif.series[0], tif.pages[0]):
            expected = source.asarray()
            array = zarr.open_array(source.aszarr(chunkmode=chunkmode), mode='r')
            assert array.shape == expected.shape
            assert array.dtype == expected.dtype
            assert array.metadata.dimension_names == tuple(source.axes)
            assert numpy.array_equal(array[...], expected)
            for _ in range(10):
                selection = random_selection(expected.shape, chance)
                assert numpy.array_equal(array[selection], expected[selection])
            if chunkmode == 'page':
                assert array.chunks[-len(tif.pages[0].shape) :] == tif.pages[0].shape


def test_chunks_are_tiles(tmp_path: Path) -> None:
    path = tmp_path / 'image.tif'
    imwrite(path, image((2, 20, 30), 'u1'), tile=(32, 16), photometric='minisblack')
    with imread(path, aszarr=True) as store:
        assert zarr.open(store, mode='r').chunks == (1, 32, 16)
        with pytest.raises(ValueError, match='chunkmode'):
            TiffFile(path).aszarr(chunkmode='file')


@pytest.fixture
def pyramid(tmp_path: Path) -> tuple[Path, numpy.ndarray]:
    path = tmp_path / 'pyramid.ome.tif'
    data = image((2, 100, 150, 3), 'u1')
    metadata = {'axes': 'CYXS', 'PhysicalSizeX': 0.5, 'PhysicalSizeXUnit': 'µm',
                'PhysicalSizeY': 0.25, 'PhysicalSizeYUnit': 'µm',
                'Channel': {'Name': ['red one', 'other']}}  # fmt: skip
    options: dict[str, Any] = {'tile': (32, 32), 'photometric': 'rgb', 'compression': 'zlib'}
    with TiffWriter(path) as tif:
        tif.write(data, subifds=1, metadata=metadata, **options)
        tif.write(data[:, ::2, ::2], subfiletype=1, **options)
    return path, data


def test_pyramid_is_a_multiscale_group(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, data = pyramid
    store = imread(path, aszarr=True)
    assert store.is_multiscales
    group = zarr.open(store, mode='r')
    assert isinstance(group, zarr.Group)
    assert sorted(group) == ['0', '1']
    assert numpy.array_equal(group['0'][1, 3:90:7], data[1, 3:90:7])
    assert numpy.array_equal(group['1'][...], data[:, ::2, ::2])
    ome = group.attrs['ome']
    assert ome['version'] == '0.5'
    axes, datasets = ome['multiscales'][0]['axes'], ome['multiscales'][0]['datasets']
    assert axes[0] == {'name': 'C', 'type': 'channel'}
    assert axes[2] == {'name': 'X', 'type': 'space', 'unit': 'micrometer'}
    scales = [each['coordinateTransformations'][0]['scale'] for each in datasets]
    assert scales == [[1, 0.25, 0.5, 1], [1, 0.5, 1.0, 1]]
    assert [each['label'] for each in ome['omero']['channels']] == ['red one', 'other']
    store.close()


def test_a_part_of_a_store(pyramid: tuple[Path, numpy.ndarray]) -> None:
    from tiffschema.zarr import zarr_selection

    path, data = pyramid
    store = imread(path, aszarr=True)
    selection = 1, slice(3, 90, 7)
    assert numpy.array_equal(zarr_selection(store, selection, close=False), data[selection])
    out = numpy.zeros((2, 75, 3), 'u1')
    found = zarr_selection(store, numpy.s_[:, 5], groupindex='1', out=out, close=False)
    assert found is out
    assert numpy.array_equal(out, data[:, 10, ::2])
    with pytest.raises(KeyError):
        zarr_selection(store, selection, groupindex='7')
    assert store.levels[0].parent.closed


def test_one_level_is_an_array(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, data = pyramid
    with TiffFile(path) as tif:
        first = zarr.open(tif.aszarr(multiscales=False), mode='r')
        second = zarr.open(tif.series[0].aszarr(level=1), mode='r')
        for level in (0, 1):
            third = zarr.open(tif.aszarr(series=0, level=level), mode='r')
            assert third.shape == tif.series[0].levels[level].shape
        assert numpy.array_equal(first[...], data)
        assert numpy.array_equal(second[...], data[:, ::2, ::2])
        with pytest.raises(IndexError):
            tif.series[0].aszarr(level=2)
        single = zarr.open(tif.pages[0].aszarr(multiscales=True), mode='r')
        assert numpy.array_equal(single['0'][...], data[0])


def test_stores_can_be_pickled(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, data = pyramid
    with TiffFile(path) as tif:
        page = tif.pages[0].pages[0]
        for source, expected in ((tif.series[0].levels[1], data[:, ::2, ::2]),
                                 (tif.pages[1], data[1]), (page, data[0, ::2, ::2])):  # fmt: skip
            made = pickle.loads(pickle.dumps(source.aszarr()))
            array = zarr.open(made, mode='r')
            array = array['0'] if made.is_multiscales else array
            assert numpy.array_equal(array[...], expected)
            made.close()


def test_many_threads_agree(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, data = pyramid
    with imread(path, aszarr=True) as store:
        array = zarr.open(store, mode='r')['0']

        def check(seed: int) -> bool:
            selection = random_selection(data.shape, random.Random(seed))
            return numpy.array_equal(array[selection], data[selection])

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(check, range(64)))


def test_listing(pyramid: tuple[Path, numpy.ndarray]) -> None:
    path, _ = pyramid
    with imread(path, aszarr=True) as store:
        group = zarr.open_group(store, mode='r')
        assert {name for name, _ in group.arrays()} == {'0', '1'}

        async def listed(prefix: str) -> list[str]:
            return [name async for name in store.list_dir(prefix)]

        async def keys(prefix: str) -> list[str]:
            return [name async for name in store.list_prefix(prefix)]

        import asyncio

        assert asyncio.run(listed('1')) == ['zarr.json', 'c']
        assert asyncio.run(listed('1/c/1')) == ['0', '1']
        assert len(asyncio.run(keys('1/c/'))) == 2 * 2 * 3
        assert asyncio.run(store.exists('0/c/0/0/0/0'))
        assert not asyncio.run(store.exists('0/c/0/9/0/0'))
        assert not asyncio.run(store.exists('0/c/-1/0/0/0'))


@pytest.mark.parametrize('byteorder', ['<', '>'])
@pytest.mark.parametrize('options', [{'tile': (16, 32)}, {'rowsperstrip': 13}, {}])
def test_uncompressed_samples_can_be_written(
    byteorder: str, options: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / 'image.tif'
    data = image((4, 50, 60), 'uint16')
    imwrite(path, data, byteorder=byteorder, photometric='minisblack', **options)
    for chunkmode in ('strile', 'page'):
        store = imread(path, mode='r+', aszarr=True, chunkmode=chunkmode)
        array = zarr.open(store, mode='r+')
        array[2, 10:40, 20:50:2] = data[2, 10:40, 20:50:2] = 1024
        array[0] = data[0] = 0
        assert numpy.array_equal(array[...], data)
        store.close()
        assert numpy.array_equal(imread(path), data)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'image.tif'
    imwrite(path, image((50, 60), 'uint16'), compression='zlib')
    with imread(path, mode='r+', aszarr=True) as store:
        array = zarr.open(store, mode='r+')
        with pytest.raises(UnsupportedError, match='compressed'):
            array[:] = 3
    with imread(path, aszarr=True) as store, pytest.raises(ValueError, match='read'):
        zarr.open(store, mode='r+')


def test_stack_of_files(tmp_path: Path) -> None:
    data = image((2, 3, 8, 9), 'u2')
    for c in range(2):
        for t in range(3):
            if (c, t) != (1, 1):
                imwrite(tmp_path / f'i_C{c}T{t}.tif', data[c, t], metadata=None)
    data[1, 1] = 5
    with TiffSequence(str(tmp_path / '*.tif'), pattern=r'_(C)(\d)(T)(\d)') as sequence:
        store = sequence.aszarr(fillvalue=5, dimension_names=('C', 'T', 'Y', 'X'))
        array = zarr.open(store, mode='r')
        assert array.chunks == (1, 1, 8, 9)
        assert numpy.array_equal(array[...], data)
        again = zarr.open(pickle.loads(pickle.dumps(store)), mode='r')
        assert numpy.array_equal(again[:, 1:], data[:, 1:])
        tiled = zarr.open(sequence.aszarr(axestiled={1: 1}, fillvalue=5), mode='r')
        assert numpy.array_equal(tiled[...], numpy.concatenate(list(data.swapaxes(0, 1)), axis=2))


def test_missing_segments_hold_the_fill_value(tmp_path: Path) -> None:
    path = tmp_path / 'image.tif'
    tiles = iter([numpy.full((16, 16), 9, 'u1'), None, None, numpy.full((16, 16), 8, 'u1')])
    imwrite(path, tiles, shape=(32, 32), dtype='u1', tile=(16, 16))
    with TiffFile(path) as tif:
        if all(tif.pages[0].dataoffsets):
            pytest.fail('the writer stored a tile that was not given')
        array = zarr.open(tif.aszarr(fillvalue=77), mode='r')
        assert array[0, 0] == 9
        assert array[31, 31] == 8
        assert (array[:16, 16:] == 77).all()
        assert (array[16:, :16] == 77).all()
        assert (zarr.open(tif.aszarr(), mode='r')[...] == tif.asarray()).all()


def test_damaged_segment_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / 'image.tif'
    imwrite(path, image((32, 32), 'u1'), compression='zlib', tile=(16, 16))
    with TiffFile(path) as tif:
        offset = tif.pages[0].dataoffsets[3]
    data = bytearray(path.read_bytes())
    data[offset : offset + 8] = b'\xff' * 8
    path.write_bytes(data)
    with imread(path, aszarr=True) as store:
        array = zarr.open(store, mode='r')
        assert array[:16, :16].shape == (16, 16)
        with pytest.raises(tiffschema.FormatError, match=r'segments?\[?'):
            array[20, 20]


def test_names_users_know() -> None:
    from tiffschema.zarr import ZarrFileSequenceStore, ZarrStore, ZarrTiffStore

    assert issubclass(ZarrTiffStore, ZarrStore)
    assert issubclass(ZarrFileSequenceStore, ZarrStore)


def test_samples_of_unlike_types_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'image.tif'
    imwrite(path, image((8, 9, 3), 'u1'), photometric='rgb')
    with TiffFile(path) as tif:
        series = tif.series[0]
        series._dtype = numpy.dtype([('a', 'u1'), ('b', 'u2')])
        with pytest.raises(UnsupportedError, match='cannot be chunked'):
            series.aszarr()


def _sum_of(store: Any) -> int:
    array = zarr.open(store, mode='r')
    return int(array[...].sum())


def test_processes_read_pickled_stores(tmp_path: Path) -> None:
    path = tmp_path / 'image.tif'
    data = image((4, 50, 60), 'uint16')
    imwrite(path, data, photometric='minisblack', tile=(16, 16), compression='zlib')
    context = multiprocessing.get_context('spawn')
    with imread(path, aszarr=True) as store, ProcessPoolExecutor(2, context) as pool:
        assert list(pool.map(_sum_of, [store] * 4)) == [int(data.sum())] * 4


def test_decoded_chunks_are_kept_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / 'image.tif'
    data = image((2, 100, 90), 'uint16')
    imwrite(path, data, photometric='minisblack', tile=(32, 32), compression='zlib')
    with imread(path, aszarr=True) as store:
        array = zarr.open_array(store, mode='r')
        chunked = store.levels[0]
        assert chunked.cached((1, 1, 1)) is None
        assert numpy.array_equal(array[1, 40:50, 40:50], data[1, 40:50, 40:50])
        kept = chunked.cached((1, 1, 1))
        assert kept is not None
        assert not kept.flags.writeable
        assert numpy.array_equal(kept[0], data[1, 32:64, 32:64])
        for _ in range(2):
            assert numpy.array_equal(array[...], data)
        cache = chunked.parent.segmentcache
        assert 0 < cache.nbytes <= cache.limit
        cache.limit = 4 << 10
        assert numpy.array_equal(array[...], data)
        assert numpy.array_equal(array[0, ::3], data[0, ::3])
