"""Structure of what is written: directories, tags, order, alignment; arguments that are refused."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema.errors import OmeXmlError
from tiffschema.model.directory import Directory, DirectoryCodec
from tiffschema.writer.chain import directory_offsets, read_codec
from tiffschema.writer.imwrite import create_memmap, imwrite
from tiffschema.writer.tiffwriter import TiffWriter


def directories(data: bytes) -> list[Directory]:
    codec, first = read_codec(data)
    offsets, _ = directory_offsets(codec, data, first)
    return [codec.parse(data, 0, offset) for offset in offsets]


def value(data: bytes, directory: Directory, code: int, index: int = 0) -> Any:
    position = directory.positions(code)[index]
    codec: DirectoryCodec = directory.codec
    at = directory.value_at(position)
    raw = data[at : at + directory.value_nbytes(position)]
    return codec.decode_value(directory.types[position], directory.counts[position], raw)


def written(array: Any, **kwargs: Any) -> tuple[bytes, list[Directory]]:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        imwrite(stream, array, **kwargs)
    return stream.getvalue(), directories(stream.getvalue())


def test_default_tags_and_places() -> None:
    data, (page,) = written(np.zeros((5, 6), 'u1'))
    assert data[:2] == b'II'
    assert page.offset == 8
    assert page.codes == [256, 257, 258, 259, 262, 270, 273, 277, 278, 279, 282, 283, 296, 305]
    assert page.types == [4, 4, 3, 3, 3, 2, 4, 3, 4, 4, 5, 5, 3, 2]
    assert value(data, page, 270) == '{"shape": [5, 6]}'
    assert value(data, page, 305) == 'tiffschema'
    assert value(data, page, 273) == 256
    assert value(data, page, 279) == 30
    assert value(data, page, 282) == (1, 1)
    assert len(data) == 286


def test_description_keeps_room() -> None:
    data, (page,) = written(np.zeros((5, 6), 'u1'))
    position = page.positions(270)[0]
    stop = page.value_at(position) + page.value_nbytes(position)
    assert data[stop : stop + 16] == bytes(16)
    assert page.value_at(page.positions(282)[0]) >= stop + 16


@pytest.mark.parametrize('bigtiff', [False, True])
@pytest.mark.parametrize('byteorder', ['<', '>'])
def test_block_order(bigtiff: bool, byteorder: str) -> None:
    """First directory, all samples, then the other directories."""
    array = np.arange(3 * 5 * 6, dtype='u2').reshape(3, 5, 6)
    data, pages = written(array, photometric='minisblack', bigtiff=bigtiff, byteorder=byteorder)
    assert len(pages) == 3
    assert pages[0].offset == (16 if bigtiff else 8)
    starts = [value(data, page, 273) for page in pages]
    starts = [s[0] if isinstance(s, tuple) else s for s in starts]
    assert starts[0] % 16 == 0
    assert [b - a for a, b in pairwise(starts)] == [60, 60]
    assert data[starts[0] : starts[0] + 180] == array.astype(byteorder + 'u2').tobytes()
    assert pages[1].offset >= starts[-1] + 60
    assert 270 not in pages[1].codes
    assert 305 not in pages[1].codes
    assert all(page.offset % 2 == 0 for page in pages)


def test_compressed_pages_are_interleaved() -> None:
    array = np.zeros((3, 50, 60), 'u2')
    data, pages = written(array, photometric='minisblack', compression='zlib')
    offsets = [page.offset for page in pages]
    starts = [value(data, page, 273) for page in pages]
    assert offsets[0] < starts[0] < offsets[1] < starts[1] < offsets[2] < starts[2]


def test_types_of_byte_counts() -> None:
    assert written(np.zeros((5, 6), 'u1'))[1][0].types[9] == 4
    small = written(np.zeros((64, 64), 'u1'), tile=(16, 16))[1][0]
    assert small.types[small.index[325]] == 3
    large = written(np.zeros((1024, 1024), 'u1'), tile=(512, 512))[1][0]
    assert large.types[large.index[325]] == 4
    packed = written(np.zeros((512, 512), 'u1'), tile=(128, 128), compression='zlib')[1][0]
    assert packed.types[packed.index[325]] == 4


def test_segment_larger_than_expected_gets_a_wider_directory() -> None:
    pieces = [bytes(70_000), b'abc']
    stream = io.BytesIO()
    imwrite(stream, iter(pieces), shape=(32, 16), dtype='u1', tile=(16, 16), compression='zlib')
    data = stream.getvalue()
    (page,) = directories(data)
    assert value(data, page, 325) == (70_000, 3)


def test_sparse_segments_and_given_counts() -> None:
    items = iter([None, (b'abcd', 3)])
    stream = io.BytesIO()
    imwrite(stream, items, shape=(16, 32), dtype='u1', tile=(16, 16), compression='zlib')
    (page,) = directories(stream.getvalue())
    offsets = value(stream.getvalue(), page, 324)
    assert offsets[0] == 0
    assert value(stream.getvalue(), page, 325) == (0, 3)
    assert stream.getvalue()[offsets[1] : offsets[1] + 4] == b'abcd'


def test_contiguous_calls_make_one_series() -> None:
    stream = io.BytesIO()
    frames = np.arange(12 * 5 * 6, dtype='u1').reshape(12, 5, 6)
    with TiffWriter(stream) as tif:
        for number, frame in enumerate(frames):
            where = tif.write(frame, contiguous=True, returnoffset=True)
            assert where is not None
            assert where[1] == 30
            # What was written so far is said in the file already.
            (page,) = directories(stream.getvalue())
            text = value(stream.getvalue(), page, 270)
            shape = '[5, 6]' if number == 0 else f'[{number + 1}, 5, 6]'
            assert text == f'{{"shape": {shape}}}'
    assert len(directories(stream.getvalue())) == 12


def test_repeated_calls_equal_the_general_way() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (300, 7, 9), 'u1')
    plain, repeated = io.BytesIO(), io.BytesIO()
    with TiffWriter(repeated) as tif:
        for frame in frames:
            tif.write(frame)
    with TiffWriter(plain) as tif:
        for frame in frames:
            tif.write(frame, metadata={})
            tif._key = None  # forget how the next call could be shortened
    assert plain.getvalue() == repeated.getvalue()


def test_calls_repeat_only_if_types_of_arguments_are_equal_too() -> None:
    frame = np.zeros((16, 16), 'u1')
    stream = io.BytesIO()
    with TiffWriter(stream) as tif:
        for compression in (True, 1, True):  # Deflate, none
            tif.write(frame, compression=compression)
    data = stream.getvalue()
    assert [value(data, page, 259) for page in directories(data)] == [8, 1, 8]
    for metadata, text in (({'n': 1}, '1'), ({'n': True}, 'true'), ({'n': 1.0}, '1.0')):
        data, (page,) = written(frame, metadata=metadata)
        assert value(data, page, 270) == f'{{"shape": [16, 16], "n": {text}}}'


def test_arguments_may_change_between_calls() -> None:
    frame = np.zeros((32, 32), 'u1')
    tile, resolution, metadata = [16, 16], [1, 1], {'n': [1]}
    stream = io.BytesIO()
    with TiffWriter(stream) as tif:
        for length in (16, 32):
            tile[0] = resolution[0] = length
            metadata['n'].append(length)
            tif.write(frame, tile=tile, resolution=resolution)
            tif.write(frame, metadata=metadata)
    data = stream.getvalue()
    first, text, second, later = directories(data)
    assert [value(data, page, 323) for page in (first, second)] == [16, 32]
    assert [value(data, page, 282)[0] for page in (first, second)] == [16, 32]
    assert value(data, text, 270).endswith('"n": [1, 16]}')
    assert value(data, later, 270).endswith('"n": [1, 16, 32]}')


def test_users_are_told_each_time() -> None:
    guessed = np.zeros((5, 3, 8, 9), 'u1')
    for _ in range(2):
        with pytest.warns(DeprecationWarning, match='photometric'):
            imwrite(io.BytesIO(), guessed)
        with pytest.warns(UserWarning, match='colormap'):
            imwrite(io.BytesIO(), np.zeros((8, 9), 'f4'), colormap=np.zeros((3, 256), 'u2'))


@pytest.mark.parametrize('metadata', [{'unit': 'um', 'spacing': 2.5}, {'axes': 'YX', 'Info': 'x'}])
def test_imagej_planes_with_metadata_repeat(metadata: dict[str, Any]) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (12, 7, 9), 'u1')
    found = []
    for repeated in (True, False):
        stream = io.BytesIO()
        with TiffWriter(stream, imagej=True) as tif:
            for frame in frames:
                tif.write(frame, contiguous=True, metadata=dict(metadata))
                if not repeated:
                    tif._key = None
        found.append(stream.getvalue())
    assert found[0] == found[1]


@pytest.mark.parametrize('kind', ['generic', 'shaped', 'imagej'])
@pytest.mark.parametrize('shape', [(7, 9), (3, 7, 9)])
def test_repeated_planes_equal_the_general_way(kind: Any, shape: tuple[int, ...]) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (120, *shape), 'u1')
    found = []
    for repeated in (True, False):
        stream = io.BytesIO()
        with TiffWriter(stream, kind=kind) as tif:
            for number, frame in enumerate(frames):
                tif.write(frame, contiguous=True, photometric='minisblack')
                if not repeated:
                    tif._key = None  # forget how the next call could be shortened
                elif kind == 'imagej' and number:  # the description counts at once
                    text = value(stream.getvalue(), directories(stream.getvalue())[0], 270)
                    assert f'images={(number + 1) * frame.size // 63}\n' in text
        found.append(stream.getvalue())
    assert found[0] == found[1]


def test_children_of_subifds() -> None:
    array = np.random.default_rng(0).integers(0, 255, (3, 64, 64), 'u1')
    for count in (2, -2):
        stream = io.BytesIO()
        with TiffWriter(stream) as tif:
            tif.write(array, photometric='minisblack', subifds=count)
            tif.write(array[:, ::2, ::2], photometric='minisblack', subfiletype=1)
            tif.write(array[:, ::4, ::4], photometric='minisblack', subfiletype=1)
            tif.write(array[0])
        data = stream.getvalue()
        pages = directories(data)
        assert len(pages) == 4
        for page in pages[:3]:
            slots = value(data, page, 330)
            slots = slots if isinstance(slots, tuple) else (slots,)
            assert len(slots) == (2 if count > 0 else 1)
            child = page.codec.parse(data, 0, slots[0])
            assert value(data, child, 256) == 32
            second = child.next_offset if count < 0 else slots[1]
            assert value(data, page.codec.parse(data, 0, second), 256) == 16
            assert (child.next_offset == 0) == (count > 0)
        assert 330 not in pages[3].codes


def test_children_must_match() -> None:
    stream = io.BytesIO()
    with TiffWriter(stream) as tif:
        tif.write(np.zeros((2, 32, 32), 'u1'), photometric='minisblack', subifds=1)
        with pytest.raises(ValueError, match='shape'):
            tif.write(np.zeros((3, 16, 16), 'u1'), photometric='minisblack')
        with pytest.raises(ValueError, match='subifds'):
            tif.write(np.zeros((2, 16, 16), 'u1'), photometric='minisblack', subifds=1)
        tif.write(np.zeros((2, 16, 16), 'u1'), photometric='minisblack', subfiletype=1)


@pytest.mark.parametrize('workers', [1, 2, 5])
def test_output_does_not_depend_on_threads(workers: int) -> None:
    array = np.random.default_rng(0).integers(0, 20, (3, 300, 300), 'u2')
    options: dict[str, Any] = {
        'photometric': 'minisblack', 'compression': 'zlib', 'tile': (64, 64), 'predictor': True,
    }  # fmt: skip
    expected = written(array, **options)[0]
    assert written(array, maxworkers=workers, **options)[0] == expected
    ome = written(array, kind='ome', **options)[0]
    assert written(array, kind='ome', maxworkers=workers, **options)[0] == ome


@pytest.mark.parametrize(
    'options',
    [
        {'tile': (3, 3)}, {'tile': (16,)}, {'tile': (0, 16)}, {'compression': 'nonsense'},
        {'photometric': 'nonsense'}, {'planarconfig': 'nonsense'}, {'predictor': True},
        {'predictor': 3, 'compression': 'zlib'}, {'predictor': 2, 'compression': 'jpeg'},
        {'datetime': 'yesterday'}, {'description': 'ü'}, {'software': 'ü'}, {'shape': (1,)},
        {'dtype': 'f4'}, {'resolution': (1,)}, {'resolution': (-1, 1)},
        {'resolution': (float('nan'), 1)}, {'resolutionunit': 'parsec'}, {'colormap': [[1]]},
        {'bitspersample': 12}, {'subfiletype': 4}, {'extrasamples': ['nonsense']},
        {'kind': 'nonsense'}, {'byteorder': 'x'}, {'mode': 'q'},
        {'maxworkers': -1, 'tile': (16, 16), 'compression': 'zlib'},
        {'buffersize': 0}, {'subsampling': (3, 1)}, {'truncate': True, 'compression': 'zlib'},
        {'extratags': [(65000, 'H', 1)]}, {'extratags': [('nonsense', 1)]},
        {'extratags': [(65000, 'H', 2, (1, 2, 3), False)]}, {'pyramid': 99},
        {'pyramid': 1, 'resampling': 'cubic'}, {'pyramid': 1, 'reduced': 'nowhere'},
        {'colormap': np.zeros((3, 16), 'u2')}, {'compression': 'ccitt_t6'},
        {'compression': 'sgilog'},
    ],
)  # fmt: skip
def test_bad_arguments_are_named_and_leave_nothing(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / 'a.tif'
    array = np.zeros((64, 64), 'u1')
    name = next(iter(options))
    if name == 'pyramid' and len(options) > 1:
        name = list(options)[1]
    with pytest.raises(ValueError, match=name):
        imwrite(path, array, **options)
    assert os.listdir(tmp_path) == []
    imwrite(path, array)
    old = path.read_bytes()
    with pytest.raises(ValueError, match=name):
        imwrite(path, array, **options)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ['a.tif']


@pytest.mark.parametrize('dtype', ['U3', 'O', 'M8[s]', 'V4'])
def test_types_that_tiff_has_not(dtype: str) -> None:
    with pytest.raises(ValueError, match='dtype'):
        imwrite(io.BytesIO(), np.zeros((5, 6), dtype))


def test_missing_shape() -> None:
    with pytest.raises(ValueError, match='shape'):
        imwrite(io.BytesIO(), dtype='u1')
    with pytest.raises(ValueError, match='shape'):
        imwrite(io.BytesIO(), iter([]))


def test_failing_iterator_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, np.ones((5, 6), 'u1'))
    old = path.read_bytes()

    def pages() -> Iterator[np.ndarray]:
        yield np.zeros((500, 600), 'u1')
        raise RuntimeError('camera')

    with pytest.raises(RuntimeError, match='camera'):
        imwrite(path, pages(), shape=(2, 500, 600), dtype='u1', photometric='minisblack')
    with pytest.raises(ValueError, match='iterator'):
        imwrite(path, iter([]), shape=(2, 500, 600), dtype='u1', photometric='minisblack')
    with pytest.raises(ValueError, match='iterator'):
        imwrite(path, iter([np.zeros((3, 4), 'u1')]), shape=(5, 6), dtype='u1')
    with pytest.raises(ValueError, match='type'):
        imwrite(path, iter([np.zeros((5, 6), 'u2')]), shape=(5, 6), dtype='u1')
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ['a.tif']


def test_error_after_finished_pages_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'

    def write() -> None:
        with TiffWriter(path) as tif:
            tif.write(np.ones((5, 6), 'u1'))
            tif.write(np.ones((5, 6), 'u1'))
            raise RuntimeError('camera')

    with pytest.raises(RuntimeError, match='camera'):
        write()
    assert len(directories(path.read_bytes())) == 2


def test_full_disk(tmp_path: Path) -> None:
    """A disk without room: the error says so, the old file stays, nothing is left over."""
    from tiffschema.writer import sink

    path = tmp_path / 'a.tif'
    imwrite(path, np.ones((5, 6), 'u1'))
    old = path.read_bytes()

    def full(*args: Any) -> int:
        raise OSError(28, 'No space left on device')

    original = sink.os.pwrite
    sink.os.pwrite = full  # type: ignore[assignment]
    try:
        with pytest.raises(OSError, match='space'):
            imwrite(path, np.ones((50, 60), 'u1'))
    finally:
        sink.os.pwrite = original
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ['a.tif']


def test_too_large_for_classic() -> None:
    with pytest.raises(ValueError, match='bigtiff'):
        imwrite(io.BytesIO(), shape=(2, 1 << 16, 1 << 15), dtype='u2', bigtiff=False)


def test_big_files_are_big(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    array = create_memmap(path, (3, 1 << 15, 1 << 15), 'u2', photometric='minisblack')
    array[2, -1, -1] = 7
    array.flush()
    del array
    with open(path, 'rb') as stream:
        assert stream.read(4) == b'II\x2b\0'
    assert os.stat(path).st_blocks * 512 < 1 << 24  # nothing was written but the directories


def test_imagej_beyond_4_gib_keeps_one_directory(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    with pytest.warns(UserWarning, match='ImageJ'):
        imwrite(path, shape=(5, 1 << 15, 1 << 15), dtype='u1', imagej=True)
    with open(path, 'rb') as stream:
        head = stream.read(1024)
    codec, first = read_codec(head)
    assert codec.parse(head, 0, first).next_offset == 0


def test_memmap_of_what_cannot_be_mapped(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='compress'):
        create_memmap(tmp_path / 'a.tif', (5, 6), 'u1', compression='zlib')


def test_empty_arrays() -> None:
    with pytest.warns(UserWarning, match='no elements'):
        imwrite(io.BytesIO(), np.zeros((0, 5), 'u1'))
    data, (page,) = written(np.zeros((0, 5), 'u1'), compression='zlib', tile=(16, 16))
    assert value(data, page, 256) == value(data, page, 257) == 0
    assert value(data, page, 270) == '{"shape": [0, 5], "truncated": true}'
    with pytest.raises(OmeXmlError):
        written(np.zeros((0, 5), 'u1'), kind='ome')


def test_ome_refuses_what_it_does_not_know() -> None:
    for dtype in ('f2', 'u8', 'i8'):
        with pytest.raises(OmeXmlError):
            imwrite(io.BytesIO(), np.zeros((5, 6), dtype), kind='ome')
    with pytest.raises(ValueError, match='axes'):
        imwrite(io.BytesIO(), np.zeros((5, 6), 'u1'), kind='ome', metadata={'axes': 'ZYX'})
    with pytest.warns(UserWarning, match='description'):
        imwrite(io.BytesIO(), np.zeros((5, 6), 'u1'), kind='ome', description='x')


@pytest.mark.parametrize(
    ('array', 'options'),
    [
        (np.zeros((5, 6), 'u4'), {}),
        (np.zeros((5, 6), '?'), {}),
        (np.zeros((5, 6, 3), 'u2'), {'photometric': 'rgb'}),
        (np.zeros((5, 6, 2), 'u1'), {'metadata': {'axes': 'YXS'}}),
        (np.zeros((2, 3, 5, 6), 'u1'), {'metadata': {'axes': 'CZYX'}}),
        (np.zeros((5, 6), 'u1'), {'metadata': {'axes': 'ZYX'}}),
        (np.zeros((1, 2, 3, 4, 5, 6, 1), 'u1'), {}),
        (np.zeros((3, 5, 6), 'u1'), {'photometric': 'rgb', 'planarconfig': 'separate'}),
        (np.zeros((8, 16, 16), 'u1'), {'volumetric': True}),
    ],
)
def test_imagej_refuses_what_it_does_not_know(array: np.ndarray, options: Any) -> None:
    with pytest.raises(ValueError, match=r'.'):
        imwrite(io.BytesIO(), array, imagej=True, **options)


def test_second_imagej_series_is_refused() -> None:
    with TiffWriter(io.BytesIO(), imagej=True) as tif:
        tif.write(np.zeros((5, 6), 'u1'))
        with pytest.raises(ValueError, match='ImageJ'):
            tif.write(np.zeros((7, 6), 'u1'))


def test_extratags(caplog: pytest.LogCaptureFixture) -> None:
    tags: list[Any] = [
        (65000, 's', 0, 'hi', True),
        (65001, 'H', 3, (1, 2, 3), False),
        (65002, 'd', 1, 3.5, False),
        (65003, '2I', 1, (1, 2), False),
        (65004, 7, 4, b'abcd', False),
        ('Artist', 'me'),
        ('Orientation', 6),
        (256, 'H', 1, 7, True),
        (305, 's', 0, 'x', True),
    ]
    data, pages = written(np.zeros((2, 5, 6), 'u1'), photometric='minisblack', extratags=tags)
    first, second = pages
    assert value(data, first, 65000) == 'hi'
    assert value(data, first, 65001) == (1, 2, 3)
    assert value(data, first, 65002) == 3.5
    assert value(data, first, 65003) == (1, 2)
    assert value(data, first, 65004) == b'abcd'
    assert value(data, first, 315) == 'me'
    assert value(data, first, 274) == 6
    assert value(data, first, 256) == 6
    assert 65000 not in second.codes
    assert 65001 in second.codes
    assert 'tag 256' in caplog.text
    assert 'tag 305' in caplog.text


def test_overwrite_description() -> None:
    stream = io.BytesIO()
    with TiffWriter(stream) as tif:
        tif.write(np.zeros((5, 6), 'u1'), metadata=None, description='short')
        tif.overwrite_description('a text that is much longer than the one before')
        tif.write(np.zeros((5, 6), 'u1'), contiguous=True, metadata=None, description='x y z')
        tif.overwrite_description('xyz')
    data = stream.getvalue()
    pages = directories(data)
    assert value(data, pages[0], 270) == 'a text that is much longer than the one before'
    assert value(data, pages[1], 270) == 'xyz'
    with TiffWriter(io.BytesIO()) as tif, pytest.raises(ValueError, match='series'):
        tif.overwrite_description('x')


def test_writing_after_closing() -> None:
    tif = TiffWriter(io.BytesIO())
    tif.close()
    tif.close()
    with pytest.raises(ValueError, match='closed'):
        tif.write(np.zeros((5, 6), 'u1'))
