"""Files that differ in their samples only are read without parsing; all others are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema import TiffFile, TruncatedError, imread, imwrite
from tiffschema.runtime.alikefiles import AlikeFiles
from tiffschema.runtime.pageflags import PageFacts


def write_stack(folder: Path, count: int, **options: Any) -> tuple[list[str], numpy.ndarray]:
    data = numpy.random.default_rng(0).integers(0, 60000, (count, 20, 30)).astype('u2')
    paths = []
    for number, image in enumerate(data):
        paths.append(str(folder / f'image_{number:02}.tif'))
        imwrite(paths[-1], image, **options)
    return paths, data


def alike_with(path: str) -> AlikeFiles | None:
    with TiffFile(path) as tif:
        return AlikeFiles.of(path, tif.series[0])


@pytest.mark.parametrize('byteorder', ['<', '>'])
@pytest.mark.parametrize('options', [{}, {'rowsperstrip': 7}, {'imagej': True}])
def test_files_that_differ_in_their_samples(
    byteorder: str, options: dict[str, Any], tmp_path: Path
) -> None:
    if 'imagej' in options and byteorder == '<':
        byteorder = '>'
    paths, data = write_stack(tmp_path, 6, byteorder=byteorder, **options)
    alike = alike_with(paths[0])
    assert alike is not None
    out = numpy.empty((20, 30), 'u2')
    for path, image in zip(paths, data, strict=True):
        assert alike.read(path, out)
        assert numpy.array_equal(out, image)
    assert numpy.array_equal(imread(paths), data)
    assert numpy.array_equal(imread(paths, ioworkers=3), data)
    assert numpy.array_equal(imread(paths, axestiled={0: 1}), numpy.concatenate(data, axis=1))


OTHERS: dict[str, dict[str, Any]] = {
    'byte order': {'byteorder': '>'},
    'description': {'description': 'other', 'metadata': None},
    'compression': {'compression': 'zlib'},
    'meaning': {'photometric': 'miniswhite'},
    'strips': {'rowsperstrip': 5},
}


@pytest.mark.parametrize('name', OTHERS)
def test_other_files_are_read_for_themselves(name: str, tmp_path: Path) -> None:
    paths, data = write_stack(tmp_path, 5)
    imwrite(paths[3], data[3], **OTHERS[name])
    alike = alike_with(paths[0])
    assert alike is not None
    assert not alike.read(paths[3], numpy.empty((20, 30), 'u2'))
    assert numpy.array_equal(imread(paths), data)


def test_bytes_behind_the_samples_count(tmp_path: Path) -> None:
    paths, data = write_stack(tmp_path, 5)
    with open(paths[2], 'ab') as file:
        file.write(b'more')
    alike = alike_with(paths[0])
    assert alike is not None
    assert not alike.read(paths[2], numpy.empty((20, 30), 'u2'))
    assert numpy.array_equal(imread(paths), data)


def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    paths, _ = write_stack(tmp_path, 5)
    whole = Path(paths[4]).read_bytes()
    Path(paths[4]).write_bytes(whole[:-100])
    with pytest.raises(TruncatedError):
        imread(paths)


def test_a_file_of_another_shape_is_an_error(tmp_path: Path) -> None:
    paths, _ = write_stack(tmp_path, 5)
    imwrite(paths[4], numpy.zeros((21, 30), 'u2'))
    with pytest.raises(ValueError, match='out'):
        imread(paths)


def test_files_that_vanish_are_an_error(tmp_path: Path) -> None:
    paths, _ = write_stack(tmp_path, 5)
    Path(paths[3]).unlink()
    with pytest.raises(FileNotFoundError):
        imread(paths)


def test_what_does_not_lie_in_one_stretch_is_not_used(tmp_path: Path) -> None:
    paths, data = write_stack(tmp_path, 5, compression='zlib')
    assert alike_with(paths[0]) is None
    assert numpy.array_equal(imread(paths), data)


def test_folder_and_suffix_must_be_the_same(tmp_path: Path) -> None:
    paths, _ = write_stack(tmp_path, 1)
    alike = alike_with(paths[0])
    assert alike is not None
    out = numpy.empty((20, 30), 'u2')
    other = tmp_path / 'other'
    other.mkdir()
    for path in (other / 'image.tif', tmp_path / 'image.stk'):
        path.write_bytes(Path(paths[0]).read_bytes())
        assert not alike.read(str(path), out)


def test_a_file_that_asked_for_others_beside_it_tells_nothing(tmp_path: Path) -> None:
    paths, _ = write_stack(tmp_path, 1)
    with TiffFile(paths[0]) as tif:
        assert AlikeFiles.of(paths[0], tif.series[0]) is not None
        assert not PageFacts(tif.pages.first).sibling('index.xml')
        assert AlikeFiles.of(paths[0], tif.series[0]) is None
