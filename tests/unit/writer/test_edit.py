"""Tags and pages changed in place."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, imread, imwrite
from tiffschema.writer.edit import TagEditor

VARIANTS: list[dict[str, Any]] = [{}, {'bigtiff': True}, {'byteorder': '>'}]


@pytest.fixture
def array() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (3, 31, 33), 'u1')


@pytest.mark.parametrize('variant', VARIANTS)
def test_set_and_delete(tmp_path: Path, array: np.ndarray, variant: dict[str, Any]) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, array, photometric='minisblack', metadata=None, description='hello', **variant)
    with TagEditor(path) as editor:
        assert len(editor) == 3
        editor.set(270, 'bye')
        editor.set('XResolution', (96000, 1000))
        editor.set('Artist', 'somebody')
        editor.set(65100, (1, 2, 3), dtype='H')
        editor.set(270, 'a much longer description than before')
        editor.set('Orientation', 6, page=1)
        editor.delete('Software')
        editor.set('ResolutionUnit', 3)
        editor.set(65101, [1.5], dtype='d', page=2)
        editor.set(65100, 70000)
        assert 'Artist' in editor
        assert 'Software' not in editor
    with TiffFile(path) as tif:
        tags = tif.pages[0].tags
        assert tags[270].value == 'a much longer description than before'
        assert tags[282].value == (96000, 1000)
        assert tags[315].value == 'somebody'
        assert tags[65100].value == 70000
        assert tags[296].value == 3
        assert 305 not in tags
        assert tif.pages[1].tags[274].value == 6
        assert tif.pages[2].tags[65101].value == 1.5
        np.testing.assert_array_equal(tif.asarray(key=slice(None)), array)


def test_refused_edits(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, array, photometric='minisblack')
    before = path.read_bytes()
    with TagEditor(path) as editor:
        with pytest.raises(ValueError, match='pixels'):
            editor.set('ImageWidth', 3)
        with pytest.raises(ValueError, match='pixels'):
            editor.delete(273)
        with pytest.raises(ValueError, match='ASCII'):
            editor.set('Artist', 'ü')
        with pytest.raises(ValueError, match='274'):
            editor.set(274, -1, dtype='SHORT')
        with pytest.raises(ValueError, match='nonsense'):
            editor.set('nonsense', 1)
        with pytest.raises(KeyError):
            editor.delete('Artist')
        with pytest.raises(IndexError):
            editor.set('Artist', 'me', page=9)
    assert path.read_bytes() == before


def test_erase(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    text = 'a secret that must go'
    for erase in (True, False):
        imwrite(path, np.zeros((5, 6), 'u1'), metadata=None, description=text)
        with TagEditor(path) as editor:
            editor.set(270, 'x' * 100, erase=erase)
        assert (text.encode() in path.read_bytes()) is not erase


@pytest.mark.parametrize('variant', VARIANTS)
def test_overwrite_through_the_reader(
    tmp_path: Path, array: np.ndarray, variant: dict[str, Any]
) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, array, photometric='minisblack', metadata=None, description='hello', **variant)
    with TiffFile(path, mode='r+') as tif:
        tag = tif.pages[0].tags['XResolution'].overwrite((96000, 1000))
        assert tag.value == (96000, 1000)
        tag = tif.pages[0].tags[270].overwrite('longer than it was before')
        assert tag.value == 'longer than it was before'
        tag = tif.pages[0].tags[270].overwrite('short')
        assert tag.value == 'short'
        with pytest.raises(ValueError, match='ASCII'):
            tif.pages[0].tags[270].overwrite('ü')
        tag = tif.pages[0].tags[305].overwrite(7, dtype='H')
        assert (tag.value, tag.dtype, tag.count) == (7, 3, 1)
    with TiffFile(path) as tif:
        assert tif.pages[0].description == 'short'
        np.testing.assert_array_equal(tif.asarray(key=slice(None)), array)


@pytest.mark.parametrize('erase', [False, True])
@pytest.mark.parametrize('key', [0, 1, -1, slice(0, 2), [0, 2]])
@pytest.mark.parametrize('compression', [None, 'zlib'])
def test_delete_pages(
    tmp_path: Path, array: np.ndarray, key: Any, erase: bool, compression: Any
) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, array, photometric='minisblack', metadata=None, compression=compression)
    rest = np.delete(array, key, axis=0)
    with TiffFile(path, mode='r+') as tif:
        tif.pages.delete(key, erase=erase)
        assert len(tif.pages) == len(rest)
    np.testing.assert_array_equal(imread(path, key=slice(None)).reshape(rest.shape), rest)


def test_delete_last_page(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, np.zeros((5, 6), 'u1'))
    with TiffFile(path, mode='r+') as tif, pytest.raises(ValueError, match='at least one'):
        tif.pages.delete(0)
    with TagEditor(path) as editor, pytest.raises(ValueError, match='at least one'):
        editor.remove_page(0)


def test_editing_a_stream(array: np.ndarray) -> None:
    stream = io.BytesIO()
    imwrite(stream, array, photometric='minisblack')
    with TagEditor(stream) as editor:
        editor.set('Artist', 'me')
        editor.remove_page(1)
    stream.seek(0)
    with TiffFile(stream) as tif:
        assert tif.pages[0].tags['Artist'].value == 'me'
        assert len(tif.pages) == 2
