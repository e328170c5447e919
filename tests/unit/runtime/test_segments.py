"""The decoding path on segments made by hand: all layouts, selections, sparse and damaged ones."""

from __future__ import annotations

import io
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tiffschema import TiffFile, imwrite
from tiffschema.codecs.pipeline import encoder
from tiffschema.codecs.spec import SegmentSpec
from tiffschema.errors import FormatError, LimitError, TruncatedError
from tiffschema.limits import Limits
from tiffschema.model.geometry import Geometry
from tiffschema.runtime import segments, workers
from tiffschema.runtime.frames import FrameMap
from tiffschema.runtime.output import fill_value
from tiffschema.runtime.places import full_window
from tiffschema.runtime.readoptions import ReadOptions
from tiffschema.runtime.segments import SegmentReader
from tiffschema.runtime.segmenttable import SegmentTable, located
from tiffschema.runtime.selection import select
from tiffschema.runtime.source import Source, open_source
from tiffschema.runtime.tilecache import SegmentCache

Array = NDArray[Any]


def stored(geometry: Geometry, pages: Array) -> tuple[bytes, SegmentTable]:
    """Return the bytes of pages of shape (n, P, D, L, W, c), cut the plain way, and their table."""
    data = bytearray(b'II*\0')
    offsets, counts = [], []
    for page in pages:
        for index in range(geometry.segment_count):
            plane, z, y, x = geometry.position(index)
            depth, length, width, _ = geometry.extent(index)
            segment = np.zeros(geometry.stored_shape(index), geometry.stored_dtype)
            segment[:depth, :length, :width] = page[
                plane, z : z + depth, y : y + length, x : x + width
            ]
            encoded = segment.tobytes()
            if geometry.compression == 8:
                encoded = zlib.compress(encoded)
            offsets.append(len(data))
            counts.append(len(encoded))
            data += encoded
    shape = (len(pages), geometry.segment_count)
    return bytes(data), SegmentTable(
        np.asarray(offsets, np.int64).reshape(shape), np.asarray(counts, np.int64).reshape(shape)
    )


def samples_of(geometry: Geometry, frames: int = 1) -> Array:
    shape = (frames, *geometry.shaped)
    assert geometry.dtype is not None
    return (np.arange(np.prod(shape)) * 7919 % 251).astype(geometry.dtype).reshape(shape)


def read(
    geometry: Geometry,
    source: Source,
    table: SegmentTable,
    frames: Sequence[int] | None = None,
    window: Any = None,
    nodata: float = 0,
    files: Any = None,
    **options: Any,
) -> Array:
    chosen = np.arange(len(table)) if frames is None else np.asarray(frames)
    window = full_window(geometry.shaped) if window is None else window
    out = np.full((len(chosen), *map(len, window)), 99, geometry.dtype)
    reader = SegmentReader(SegmentSpec(geometry), nodata)
    reader.read(
        FrameMap([lambda: source], table, files), chosen, window, out, ReadOptions(**options)
    )
    return out


@st.composite
def layouts(draw: st.DrawFn) -> Geometry:
    fields: dict[str, Any] = {
        'imagewidth': draw(st.integers(1, 40)),
        'imagelength': draw(st.integers(1, 40)),
        'imagedepth': draw(st.sampled_from([1, 1, 3])),
        'samplesperpixel': draw(st.integers(1, 3)),
        'planarconfig': draw(st.sampled_from([1, 2])),
        'bitspersample': draw(st.sampled_from([8, 16])),
        'compression': draw(st.sampled_from([1, 8])),
        'byteorder': draw(st.sampled_from(['<', '>'])),
    }
    if draw(st.booleans()):
        fields |= {'tilewidth': 16, 'tilelength': 16, 'tiledepth': draw(st.integers(1, 2))}
    else:
        fields['rowsperstrip'] = draw(st.integers(1, 41))
    return Geometry(**fields)


@given(layouts(), st.integers(1, 3), st.data())
@settings(max_examples=80, deadline=None)
def test_any_part_of_any_layout(geometry: Geometry, frames: int, data: st.DataObject) -> None:
    pages = samples_of(geometry, frames)
    raw, table = stored(geometry, pages)
    kind = data.draw(st.sampled_from(['memory', 'stream']))
    source = open_source(raw if kind == 'memory' else io.BytesIO(raw))
    threads = data.draw(st.sampled_from([1, 2]))
    assert np.array_equal(read(geometry, source, table, maxworkers=threads), pages)
    window = []
    for size in geometry.shaped:
        start = data.draw(st.integers(0, size - 1))
        stop = data.draw(st.integers(start + 1, size))
        each = range(start, stop, data.draw(st.integers(1, 3)))
        window.append(each[::-1] if data.draw(st.booleans()) else each)
    chosen = data.draw(st.lists(st.integers(0, frames - 1), min_size=1, max_size=4))
    cache = SegmentCache(data.draw(st.sampled_from([0, 500, 1 << 20])))
    for _ in range(2):
        found = read(
            geometry, source, table, chosen, tuple(window), maxworkers=threads, cache=cache
        )
        expected = pages[np.ix_(chosen, *[list(each) for each in window])]
        assert np.array_equal(found, expected)


@pytest.mark.parametrize('compression', [1, 8])
@pytest.mark.parametrize('length', [3, 700])
def test_files_are_read_by_position(tmp_path: Path, compression: int, length: int) -> None:
    geometry = Geometry(
        300, length, bitspersample=16, rowsperstrip=50, compression=compression, byteorder='>'
    )
    pages = samples_of(geometry, 5)
    raw, table = stored(geometry, pages)
    path = tmp_path / 'data'
    path.write_bytes(b'#' * 7 + raw)
    source = open_source(str(path), offset=7)
    assert np.array_equal(read(geometry, source, table, maxworkers=2), pages)
    # A constant stride that is not that of adjacent pages.
    assert np.array_equal(read(geometry, source, table, [4, 2, 0]), pages[[4, 2, 0]])
    assert np.array_equal(read(geometry, source, table, [0, 3, 1]), pages[[0, 3, 1]])
    source.close()


def test_only_touched_segments_are_read() -> None:
    geometry = Geometry(64, 64, bitspersample=8, tilewidth=16, tilelength=16, compression=8)
    raw, table = stored(geometry, samples_of(geometry))
    wanted: list[int] = []

    class Watched(type(open_source(raw))):  # type: ignore[misc]
        def view(self, offset: int, size: int) -> memoryview:
            wanted.append(offset)
            return super().view(offset, size)

    window = (range(1), range(1), range(20, 30), range(33, 40), range(1))
    found = read(geometry, Watched(raw), table, window=window)
    assert np.array_equal(found[0], samples_of(geometry)[0][:, :, 20:30, 33:40])
    assert wanted == [int(table.offsets[0, 6])]


def tiled(predictor: int = 1) -> Geometry:
    return Geometry(
        64, 64, bitspersample=8, tilewidth=16, tilelength=16, compression=8, predictor=predictor
    )


PART = (range(1), range(1), range(20, 30), range(33, 40), range(1))
"""A window inside the seventh tile."""


def part(reader: SegmentReader, source: Source, table: SegmentTable, **options: Any) -> Array:
    out = np.full((1, *map(len, PART)), 99, 'u1')
    frames = FrameMap([lambda: source], table)
    reader.read(frames, np.zeros(1, np.intp), PART, out, ReadOptions(**options))
    return out


def damaged(raw: bytes, table: SegmentTable) -> bytes:
    """Return the bytes of a file in which nothing is left of the seventh tile."""
    begin = int(table.offsets[0, 6])
    return raw[:begin] + bytes(len(raw) - begin)


def test_decoded_segments_are_kept() -> None:
    raw, table = stored(tiled(), samples_of(tiled()))
    reader, cache, source = SegmentReader(SegmentSpec(tiled())), SegmentCache(), open_source(raw)
    first = part(reader, source, table, cache=cache)
    assert len(cache) == 1
    bad = memoryview(damaged(raw, table))
    source._data = source._head = source._all = bad  # type: ignore[attr-defined]
    assert np.array_equal(part(reader, source, table, cache=cache), first)
    # What was written is read.
    source.changed()
    with pytest.raises(FormatError):
        part(reader, source, table, cache=cache)


def test_segments_that_are_damaged_are_not_kept() -> None:
    raw, table = stored(tiled(), samples_of(tiled()))
    reader, cache = SegmentReader(SegmentSpec(tiled())), SegmentCache()
    source = open_source(damaged(raw, table))
    faults: list[FormatError] = []
    part(reader, source, table, cache=cache, errors='fault', fault=faults.append)
    found = len(faults)
    part(reader, source, table, cache=cache, errors='fault', fault=faults.append)
    assert len(faults) == 2 * found > 0
    with pytest.raises(FormatError):
        part(reader, source, table, cache=cache)


def test_segments_are_kept_by_who_decodes_them() -> None:
    raw, table = stored(tiled(), samples_of(tiled()))
    cache, source = SegmentCache(), open_source(raw)
    plain, summed = (SegmentReader(SegmentSpec(tiled(predictor))) for predictor in (1, 2))
    alone = part(summed, source, table)
    assert not np.array_equal(part(plain, source, table, cache=cache), alone)
    assert np.array_equal(part(summed, source, table, cache=cache), alone)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / 'tiled.tif'
    data = np.arange(64 * 64, dtype='u1').reshape(64, 64)
    imwrite(path, data, tile=(16, 16), metadata=None)
    with TiffFile(path, mode='r+') as tif:
        page = tif.pages.first
        assert np.array_equal(page.asarray(selection=np.s_[20:30, 33:40]), data[20:30, 33:40])
        tif.source.write(page.dataoffsets[6], bytes([7] * 256))
        assert (page.asarray(selection=np.s_[20:30, 33:40]) == 7).all()
        cache = tif.segmentcache
        assert len(cache)
    assert not len(cache)


@pytest.mark.parametrize('nodata', [0, 7])
@pytest.mark.parametrize('compression', [1, 8])
def test_segments_that_are_not_stored_are_nodata(nodata: int, compression: int) -> None:
    geometry = Geometry(
        40, 40, bitspersample=8, tilewidth=16, tilelength=16, compression=compression
    )
    pages = samples_of(geometry)
    raw, table = stored(geometry, pages)
    table.offsets[0, 0] = 0
    table.bytecounts[0, 4] = 0
    expected = pages.copy()
    expected[0, 0, 0, :16, :16] = nodata
    expected[0, 0, 0, 16:32, 16:32] = nodata
    assert np.array_equal(read(geometry, open_source(raw), table, nodata=nodata), expected)


def test_frames_that_are_missing_are_nodata() -> None:
    geometry = Geometry(10, 10, bitspersample=8)
    pages = samples_of(geometry, 3)
    raw, table = stored(geometry, pages)
    files = np.array([0, -1, 0])
    found = read(geometry, open_source(raw), table, nodata=3, files=files)
    assert np.array_equal(found[[0, 2]], pages[[0, 2]])
    assert (found[1] == 3).all()


def test_values_of_nodata_are_cast() -> None:
    assert fill_value(-9999, np.dtype('i2')) == -9999
    assert fill_value(-9999, np.dtype('u1')) == 0
    assert np.isnan(fill_value(float('nan'), np.dtype('f4')))
    assert fill_value(float('nan'), np.dtype('u2')) == 0
    assert fill_value(1.5, np.dtype('u1')) == 0
    assert fill_value(10**400, np.dtype('f8')) == 0


def test_damage_is_named_or_recorded() -> None:
    geometry = Geometry(40, 40, bitspersample=8, tilewidth=16, tilelength=16, compression=8)
    pages = samples_of(geometry, 2)
    raw, table = stored(geometry, pages)
    at = int(table.offsets[1, 4])
    damaged = raw[:at] + b'\xff' * 10 + raw[at + 10 :]
    source = open_source(damaged)
    with pytest.raises(FormatError) as caught:
        read(geometry, source, table)
    assert (caught.value.path, caught.value.offset) == ('frames[1].segments[4]', at)
    faults: list[FormatError] = []
    found = read(geometry, source, table, errors='fault', fault=faults.append, maxworkers=2)
    assert {(fault.path, fault.offset) for fault in faults} == {('frames[1].segments[4]', at)}
    whole = np.ones(found.shape, bool)
    whole[1, 0, 0, 16:32, 16:32] = False
    assert np.array_equal(found[whole], pages[whole])


def test_a_jpeg_tile_that_is_cut_off_is_named_or_filled() -> None:
    pixels = np.random.default_rng(0).integers(1, 250, (2, 64, 96, 3), 'u1')
    stream = io.BytesIO()
    imwrite(stream, pixels, photometric='rgb', compression='jpeg', tile=(32, 32), metadata=None)
    with TiffFile(stream.getvalue()) as tif:
        whole = tif.pages[1].asarray()
    with TiffFile(stream.getvalue()) as tif:
        page = tif.pages[1]
        page.segmenttable.bytecounts[0, 4] -= 200
        offset = page.dataoffsets[4]
        with pytest.raises(TruncatedError, match='rows') as caught:
            page.asarray()
        assert (caught.value.path, caught.value.offset) == ('pages[1].segments[4]', offset)
        rest = page.asarray(errors='fault')
        assert {(fault.path, fault.offset) for fault in tif.faults} == {
            ('pages[1].segments[4]', offset)
        }
    same = np.ones(whole.shape, bool)
    same[32:64, 32:64] = False
    np.testing.assert_array_equal(rest[same], whole[same])
    np.testing.assert_array_equal(rest[32:40, 32:64], whole[32:40, 32:64])
    assert not rest[56:, 32:64].any()


@pytest.mark.parametrize('compression', [1, 8])
def test_data_beyond_the_end_of_the_file(compression: int) -> None:
    geometry = Geometry(40, 40, bitspersample=8, compression=compression)
    pages = samples_of(geometry, 2)
    raw, table = stored(geometry, pages)
    source = open_source(raw[: int(table.offsets[1, 0]) + 20])
    with pytest.raises(TruncatedError) as caught:
        read(geometry, source, table)
    assert caught.value.offset == int(table.offsets[1, 0])
    faults: list[FormatError] = []
    found = read(geometry, source, table, errors='fault', fault=faults.append)
    assert np.array_equal(found[0], pages[0])
    assert np.array_equal(found[1].ravel()[:16], pages[1].ravel()[:16])
    assert faults


def test_limits_come_before_memory() -> None:
    geometry = Geometry(1 << 20, 1 << 20, bitspersample=8, compression=8)
    table = SegmentTable(np.full((1, 1), 8, np.int64), np.full((1, 1), 8, np.int64))
    out = np.empty((1, 1, 1, 1, 1, 1), 'u1')
    with pytest.raises(LimitError):
        SegmentReader(SegmentSpec(geometry)).read(
            FrameMap([lambda: open_source(bytes(16))], table),
            np.zeros(1, np.intp),
            (range(1), range(1), range(1), range(1), range(1)),
            out,
            ReadOptions(limits=Limits(bytes=1 << 30)),
        )


@pytest.mark.parametrize(
    ('offsets', 'counts', 'expected'),
    [
        ([10, 60, 110], [50, 50, 20], ([10, 60, 110], [50, 50, 20])),
        ([10, 60], [50, 50, 20], ([10, 60, 0], [50, 50, 20])),
        ([10, 60, 110, 120], [50, 50, 20, 9], ([10, 60, 110], [50, 50, 20])),
        ([10, 60, 110], None, ([10, 60, 110], [50, 50, 20])),
        ([10, 60, 110], [], ([10, 60, 110], [50, 50, 20])),
        # One offset, whole samples: a single stretch, whatever RowsPerStrip says.
        ([10], [120], ([10], [120])),
        ([10], [0], ([10], [120])),
    ],
)
def test_tables_are_recovered(
    offsets: list[int], counts: list[int] | None, expected: tuple[list[int], list[int]]
) -> None:
    geometry = Geometry(10, 12, bitspersample=8, rowsperstrip=5)
    faults: list[FormatError] = []
    table = located(geometry, offsets, counts, 1000, faults.append)
    assert (table.offsets[0].tolist(), table.bytecounts[0].tolist()) == expected


def test_compressed_sizes_reach_to_what_follows() -> None:
    geometry = Geometry(10, 12, bitspersample=1, rowsperstrip=5, compression=4)
    table = located(geometry, [50, 10, 90], None, 100)
    assert table.bytecounts[0].tolist() == [40, 40, 10]
    single = Geometry(10, 12, bitspersample=1, compression=4)
    assert located(single, [30], [0], 100).bytecounts[0].tolist() == [70]
    hostile = located(single, [1 << 64], [1 << 70], 100)
    assert hostile.offsets[0, 0] > 1 << 62


@pytest.mark.parametrize(
    'selection',
    [
        ..., None, 2, -1, slice(None, None, -1), (slice(1, 4), ..., 0), (1, slice(None), [0, 2]),
        ([3, 1, 1], 0), (slice(None), np.array([True, False, True, False])), np.newaxis,
        (slice(5, 2),), (..., slice(None, None, 2)), ([], slice(None)), (range(1, 3),),
    ],
)  # fmt: skip
def test_selections_are_those_of_numpy(selection: Any) -> None:
    array = np.arange(5 * 4 * 3).reshape(5, 4, 3)
    chosen = select(selection, array.shape)
    block = array[np.ix_(*[np.asarray(each, np.intp) for each in chosen.ranges])]
    expected = array[... if selection is None else selection]
    assert np.array_equal(chosen.take(block), expected)
    assert chosen.take(block).shape == expected.shape


@pytest.mark.parametrize(
    ('selection', 'error'),
    [
        (5, IndexError), (-6, IndexError), ((0, 0, 0, 0), IndexError), ('a', TypeError),
        (1.5, TypeError), ((..., ...), IndexError), ([7], IndexError), ([0.5], TypeError),
        (np.array([True]), IndexError), (True, TypeError),
    ],
)  # fmt: skip
def test_wrong_selections(selection: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match='selection'):
        select(selection, (5, 4, 3))


def test_work_is_done_once_and_the_first_error_wins() -> None:
    done: list[int] = []
    workers.run(done.append, range(100), 4)
    assert sorted(done) == list(range(100))

    def fail(item: int) -> None:
        if item >= 5:
            raise ValueError(str(item))

    with pytest.raises(ValueError, match='5'):
        workers.run(fail, range(100), 4)


def test_the_first_error_wins_whichever_thread_is_first() -> None:
    late = threading.Event()

    def fail(item: int) -> None:
        if item == 60:  # in the share of the other thread
            late.set()
            raise ValueError('late')
        if item == 20:
            late.wait(10)
            raise ValueError('early')

    with pytest.raises(ValueError, match='early'):
        workers.run(fail, range(100), 2)


def test_threads_have_shares_and_finish_those_of_others() -> None:
    mine: list[int] = []
    caller, all_else_done = threading.get_ident(), threading.Event()

    def work(item: int) -> None:
        if threading.get_ident() != caller:
            all_else_done.wait(10)
            return
        mine.append(item)
        if len(mine) >= 8:
            all_else_done.set()

    workers.run(work, range(10), 2)
    assert mine[:5] == list(range(5))
    assert mine[5:8] == [9, 8, 7]


@pytest.mark.parametrize('threads', [2, 3])
def test_batches_end_small(threads: int) -> None:
    sizes = [len(batch) for batch in workers.batches(500, 128 << 10, threads)]
    assert max(sizes) == 8
    assert sizes[-1] <= 2


def test_work_inside_of_work_does_not_wait_for_itself() -> None:
    done: list[int] = []

    def outer(item: int) -> None:
        workers.run(done.append, range(item, item + 10), workers.MAX_WORKERS)

    workers.run(outer, range(0, 1000, 10), workers.MAX_WORKERS)
    assert sorted(done) == list(range(1000))


def test_numbers_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('TIFFSCHEMA_NUM_THREADS', '3')
    assert workers.default_workers() == 3
    assert workers.workers_for(None, 1 << 30) == 3
    assert workers.workers_for(2, 1 << 30) == 2
    # Little work is done by the caller alone.
    assert workers.workers_for(8, 1000) == 1
    with pytest.raises(ValueError, match='maxworkers'):
        workers.workers_for(-1, 0)


@given(st.integers(0, 5000), st.integers(1, 1 << 20), st.integers(1, 8))
def test_batches_cover_all_items_once(count: int, nbytes: int, threads: int) -> None:
    found = [index for batch in workers.batches(count, nbytes, threads) for index in batch]
    assert found == list(range(count))


@pytest.mark.parametrize('nodata', [0, 3])
def test_sparse_segments_need_not_touch_memory(nodata: int) -> None:
    geometry = Geometry(32, 32, bitspersample=8, tilewidth=16, tilelength=16, compression=8)
    pages = samples_of(geometry)
    raw, table = stored(geometry, pages)
    table.offsets[0, :2] = 0
    out = np.zeros((1, *geometry.shaped), 'u1')
    frames = FrameMap([lambda: open_source(raw)], table)
    SegmentReader(SegmentSpec(geometry), nodata).read(
        frames, np.zeros(1, np.intp), full_window(geometry.shaped), out, ReadOptions(zeroed=True)
    )
    expected = pages.copy()
    expected[0, 0, 0, :16] = nodata
    assert np.array_equal(out, expected)


@pytest.mark.parametrize('byteorder', ['<', '>'])
@pytest.mark.parametrize('predictor', [1, 2])
@pytest.mark.parametrize('samples', [1, 3])
def test_small_tiles_are_decoded_in_bands(byteorder: Any, predictor: int, samples: int) -> None:
    """Tiles at the edge, sparse and damaged ones lie between those that are decoded together."""
    geometry = Geometry(
        16 * 45 + 5, 40, samplesperpixel=samples, bitspersample=16, tilewidth=16, tilelength=16,
        compression=8, predictor=predictor, byteorder=byteorder,
    )  # fmt: skip
    pages = samples_of(geometry, 2)
    encode = encoder(SegmentSpec(geometry))
    data, offsets, counts = bytearray(b'II*\0'), [], []
    for page in pages:
        for index in range(geometry.segment_count):
            _, _, y, x = geometry.position(index)
            _, length, width, _ = geometry.extent(index)
            tile = np.zeros(geometry.segment_shape, geometry.dtype)
            tile[:, :length, :width] = page[0, :, y : y + length, x : x + width]
            encoded = encode(tile)
            offsets.append(len(data))
            counts.append(len(encoded))
            data += encoded
    shape = (2, geometry.segment_count)
    table = SegmentTable(
        np.asarray(offsets, np.int64).reshape(shape), np.asarray(counts, np.int64).reshape(shape)
    )
    expected = pages.copy()
    assert np.array_equal(read(geometry, open_source(bytes(data)), table), expected)
    table.offsets[0, 3] = 0
    expected[0, 0, :, :16, 48:64] = 0
    at = int(table.offsets[1, 60])
    data[at : at + 8] = b'\xff' * 8
    source = open_source(bytes(data))
    with pytest.raises(FormatError) as caught:
        read(geometry, source, table)
    assert (caught.value.path, caught.value.offset) == ('frames[1].segments[60]', at)
    faults: list[FormatError] = []
    found = read(geometry, source, table, errors='fault', fault=faults.append, maxworkers=2)
    assert {fault.path for fault in faults} == {'frames[1].segments[60]'}
    _, _, y, x = geometry.position(60)
    expected[1, 0, :, y : y + 16, x : x + 16] = found[1, 0, :, y : y + 16, x : x + 16]
    assert np.array_equal(found, expected)
    # Memory of the caller with planes of its own.
    apart = np.zeros((2, samples, *geometry.shaped[:4]), geometry.dtype)
    SegmentReader(SegmentSpec(geometry)).read(
        FrameMap([lambda: source], table), np.arange(1), full_window(geometry.shaped),
        np.moveaxis(apart[:1], 1, -1), ReadOptions(zeroed=True),
    )  # fmt: skip
    assert np.array_equal(np.moveaxis(apart[0], 0, -1), expected[0])


@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize('gap', [0, 1, 250, 4096, 4097, -3])
@pytest.mark.parametrize('size', [16, 64])
def test_small_pages_are_read_wherever_they_lie(
    tmp_path: Path, order: str, gap: int, size: int
) -> None:
    geometry = Geometry(size, size, bitspersample=16, byteorder=order)
    pages = np.random.default_rng(1).integers(0, 1 << 16, (300, size, size), 'u2')
    nbytes = pages[0].nbytes
    steps = np.full(300, nbytes + gap)
    steps[100:] += gap % 7  # of two kinds, so that no constant stride serves
    offsets = 10 + np.concatenate([[0], np.cumsum(steps)[:-1]])
    raw = bytearray(int(offsets[-1]) + nbytes)
    for page, offset in zip(pages, offsets.tolist(), strict=True):
        raw[offset : offset + nbytes] = page.astype(f'{order}u2').tobytes()
    (tmp_path / 'pages').write_bytes(raw)
    source = open_source(tmp_path / 'pages')
    table = SegmentTable(offsets[:, None], np.full((300, 1), nbytes))
    out = np.zeros((300, *geometry.shaped), 'u2')
    SegmentReader(SegmentSpec(geometry)).read(
        FrameMap([lambda: source], table), np.arange(300), full_window(geometry.shaped), out,
        ReadOptions(maxworkers=2),
    )  # fmt: skip
    stored_pages = [
        np.frombuffer(raw, f'{order}u2', size * size, offset) for offset in offsets.tolist()
    ]
    assert np.array_equal(out.reshape(300, -1), np.stack(stored_pages))


def test_small_pages_of_a_file_cut_short_while_it_is_read(tmp_path: Path) -> None:
    geometry = Geometry(64, 64, bitspersample=8)
    path = tmp_path / 'pages'
    path.write_bytes(bytes(100 * 4100))
    source = open_source(path)
    assert source.size == 100 * 4100
    path.write_bytes(bytes(50 * 4100))
    table = SegmentTable(4100 * np.arange(100)[:, None] + 4, np.full((100, 1), 4096))
    out = np.zeros((100, *geometry.shaped), 'u1')
    with pytest.raises(TruncatedError, match='ended while it was read'):
        SegmentReader(SegmentSpec(geometry)).read(
            FrameMap([lambda: source], table), np.arange(100), full_window(geometry.shaped), out,
            ReadOptions(),
        )  # fmt: skip


@pytest.mark.parametrize('predictor', [1, 2])
@pytest.mark.parametrize(
    'cut',
    [
        {'rowsperstrip': 3}, {'tilewidth': 48, 'tilelength': 16}, {'rowsperstrip': 50},
        {'tilewidth': 16, 'tilelength': 16}, {'planarconfig': 2, 'rowsperstrip': 7},
    ],
)  # fmt: skip
def test_neighbours_are_decoded_together(
    predictor: int, cut: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    geometry = Geometry(
        48, 50, bitspersample=16, samplesperpixel=2, compression=8, predictor=predictor,
        byteorder='>', **cut,
    )  # fmt: skip
    pages = samples_of(geometry, 3)
    raw, table = stored(geometry, pages)
    number = max(table.offsets.shape[1] - 2, 0)
    damaged = bytearray(raw)
    damaged[int(table.offsets[1, number]) + 4] ^= 255

    def result(data: bytes, out: Array) -> tuple[Array, set[str]]:
        faults: list[Any] = []
        SegmentReader(SegmentSpec(geometry)).read(
            FrameMap([lambda: open_source(data)], table), np.arange(3),
            full_window(geometry.shaped), out, ReadOptions(errors='fault', fault=faults.append),
        )  # fmt: skip
        return out.copy(), {fault.path for fault in faults}

    shape = (3, *geometry.shaped)
    for data in (raw, bytes(damaged)):
        with monkeypatch.context() as patch:
            patch.setattr(segments, 'BAND_TILE', 0)
            expected, paths = result(data, np.zeros(shape, 'u2'))
        assert paths == ({f'frames[1].segments[{number}]'} if data is not raw else set())
        assert predictor == 2 or data is not raw or np.array_equal(expected, pages)
        for out in (np.zeros(shape, 'u2'), np.zeros((*shape, 2), 'u2')[..., 0]):
            found, named = result(data, out)
            assert np.array_equal(found, expected)
            assert named == paths
