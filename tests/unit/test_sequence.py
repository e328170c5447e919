"""Stacks of files: names, order, categories, missing files, tiling, containers, readers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy
import pytest

import tiffschema
from tiffschema import FileSequence, TiffSequence, TiledSequence, imread, imwrite, parse_filenames
from tiffschema.sequence import default_ioworkers


@pytest.fixture
def stack(tmp_path: Path) -> tuple[Path, numpy.ndarray]:
    data = numpy.arange(2 * 3 * 4 * 5, dtype='uint16').reshape(2, 3, 4, 5)
    for c in range(2):
        for t in range(3):
            imwrite(tmp_path / f'img_C{c + 1}T{t + 9}.tif', data[c, t], metadata=None)
    return tmp_path, data


def test_pattern_gives_axes_and_shape(stack: tuple[Path, numpy.ndarray]) -> None:
    folder, data = stack
    with TiffSequence(str(folder / '*.tif'), pattern=r'_(C)(\d+)(T)(\d+)') as sequence:
        assert (sequence.axes, sequence.shape, sequence.files_missing) == ('CT', (2, 3), 0)
        assert numpy.array_equal(sequence.asarray(), data)
        assert numpy.array_equal(sequence.asarray(ioworkers=2), data)
        assert sequence.commonpath() == str(folder)


def test_lists_and_globs_are_read_as_one_array(stack: tuple[Path, numpy.ndarray]) -> None:
    folder, data = stack
    flat = data.reshape(6, 4, 5)
    assert numpy.array_equal(imread(str(folder / '*.tif')), flat)
    files = [folder / f'img_C1T{t}.tif' for t in (11, 9)]
    assert numpy.array_equal(imread(files, ioworkers=2, maxworkers=1), data[0, [2, 0]])
    assert numpy.array_equal(
        imread(str(folder / '*.tif'), selection=(slice(1, 3), 2)), flat[1:3, 2]
    )


def test_missing_files_hold_the_fill_value(stack: tuple[Path, numpy.ndarray]) -> None:
    folder, data = stack
    (folder / 'img_C2T10.tif').unlink()
    sequence = TiffSequence(
        str(folder / '*.tif'),
        pattern=r'_(?P<c>C\d)T(?P<t>\d+)',
        categories={'c': {'C1': 0, 'C2': 1}},
    )
    assert sequence.files_missing == 1
    image = sequence.asarray(fillvalue=7)
    assert (image[1, 1] == 7).all()
    assert numpy.array_equal(image[0], data[0])


def test_files_are_laid_side_by_side(stack: tuple[Path, numpy.ndarray]) -> None:
    folder, data = stack
    sequence = TiffSequence(str(folder / '*.tif'), pattern=r'_(C)(\d+)(T)(\d+)')
    image = sequence.asarray(axestiled={0: 0, 1: 1})
    assert image.shape == (8, 15)
    assert numpy.array_equal(image[4:, 5:10], data[1, 1])


def test_container_and_any_reader(stack: tuple[Path, numpy.ndarray]) -> None:
    folder, data = stack
    archive = folder / 'all.zip'
    with zipfile.ZipFile(archive, 'w') as out:
        for path in sorted(folder.glob('*.tif')):
            out.write(path, path.name)
    with TiffSequence('*.tif', container=archive, pattern=r'_(C)(\d+)(T)(\d+)') as sequence:
        assert numpy.array_equal(sequence.asarray(), data)
    numpy.save(folder / 'a1.npy', data[0, 0])
    numpy.save(folder / 'a2.npy', data[0, 1])
    other = FileSequence(numpy.load, str(folder / '*.npy'))
    assert numpy.array_equal(other.asarray(), data[0, :2])
    assert list(other) == [str(folder / 'a1.npy'), str(folder / 'a2.npy')]


def test_wrong_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='names no file'):
        TiffSequence(str(tmp_path / '*.tif'))
    with pytest.raises(ValueError, match='does not match'):
        parse_filenames(['a.tif'], r'(\d)')
    with pytest.raises(ValueError, match='permutation'):
        parse_filenames(['a1.tif'], r'(\d)', (1,))


def test_files_without_a_pattern_are_one_axis(stack: tuple[Path, numpy.ndarray]) -> None:
    folder, _ = stack
    sequence = TiffSequence(str(folder / '*.tif'))
    assert (sequence.dims, sequence.axes, sequence.shape) == (('sequence',), 'I', (len(sequence),))
    assert parse_filenames(['b', 'a']) == (('I',), (2,), [(0,), (1,)], ['b', 'a'])
    assert parse_filenames([]) == (('I',), (0,), [], [])


def test_names_of_instruments() -> None:
    dims, shape, indices, _ = parse_filenames(['s_C001T002.tif', 's_C002T001.tif'], 'axes')
    assert (dims, shape, indices) == (('C', 'T'), (2, 2), [(0, 1), (1, 0)])
    assert tiffschema.natural_sorted(['a10', 'a9']) == ['a9', 'a10']


def test_tiled_sequence_covers_every_item_once() -> None:
    tiled = TiledSequence((2, 3), (4, 5), axestiled={0: 1})
    hits = numpy.zeros(tiled.shape, int)
    for index in numpy.ndindex(2, 3):
        hits[tiled.slices(index)] += 1
    assert tiled.shape == (3, 4, 10)
    assert (hits == 1).all()


def test_threads_are_numbers_that_python_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('TIFFFILE_NUM_IOTHREADS', raising=False)
    monkeypatch.setenv('TIFFSCHEMA_NUM_IOTHREADS', '3')
    assert default_ioworkers() == 3
    for odd in ('\u00b2', '-1', 'x', '0'):
        monkeypatch.setenv('TIFFSCHEMA_NUM_IOTHREADS', odd)
        assert 4 < default_ioworkers() <= 32
