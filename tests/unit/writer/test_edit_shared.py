"""Editing files whose structures share bytes, children in SubIFDs, and damaged files."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, TiffWriter, imwrite
from tiffschema.cli import main
from tiffschema.errors import LimitError, TiffFileError
from tiffschema.limits import Limits
from tiffschema.model.directory import Directory
from tiffschema.runtime.source import open_source
from tiffschema.testing import forge
from tiffschema.writer import claims
from tiffschema.writer.chain import directory_offsets, read_codec
from tiffschema.writer.change import SourceTarget
from tiffschema.writer.claims import claims_of
from tiffschema.writer.compact import compact
from tiffschema.writer.edit import TagEditor

ARRAY = np.random.default_rng(0).integers(0, 250, (3, 64, 80), 'u1')
GRAY: dict[str, Any] = {'photometric': 'minisblack'}
VARIANTS: list[dict[str, Any]] = [
    {'bigtiff': bigtiff, 'byteorder': byteorder}
    for bigtiff in (False, True)
    for byteorder in ('<', '>')
]


def directories(data: bytes) -> list[Directory]:
    codec, first = read_codec(data)
    offsets, _ = directory_offsets(codec, data, first)
    return [codec.parse(data, 0, offset) for offset in offsets]


def with_children(path: Path, *, chained: bool = False, **opening: Any) -> None:
    with TiffWriter(path, **opening) as tif:
        tif.write(ARRAY, subifds=-2 if chained else 2, metadata=None, **GRAY)
        tif.write(ARRAY[:, ::2, ::2], subfiletype=1, metadata=None, **GRAY)
        tif.write(ARRAY[:, ::4, ::4], subfiletype=1, metadata=None, **GRAY)


def children_hold(path: Path) -> None:
    with TiffFile(path) as tif:
        assert len(tif.pages) == 3
        for index, page in enumerate(tif.pages):
            np.testing.assert_array_equal(page.asarray(), ARRAY[index])
            found = [child.asarray() for child in page.aspage().pages]
            np.testing.assert_array_equal(found[0], ARRAY[index, ::2, ::2])
            np.testing.assert_array_equal(found[1], ARRAY[index, ::4, ::4])
        assert not tif.faults


@pytest.mark.parametrize('erase', [False, True])
@pytest.mark.parametrize('chained', [False, True])
@pytest.mark.parametrize('variant', VARIANTS, ids=str)
def test_tags_of_children(
    tmp_path: Path, variant: dict[str, Any], chained: bool, erase: bool
) -> None:
    path = tmp_path / 'a.tif'
    with_children(path, chained=chained, **variant)
    with TagEditor(path) as editor:
        for place in ((0, 0), (1, 1), (2, -1)):
            editor.set('Artist', f'somebody {place}', page=place, erase=erase)
            editor.set('Artist', f'somebody else {place}', page=place, erase=erase)
            editor.set('Artist', 'me', page=place, erase=erase)
            editor.set(65000, tuple(range(100)), dtype='H', page=place, erase=erase)
            editor.delete('Software' if place == (0, 0) else 'XResolution', page=place)
        editor.set('Artist', 'the parent', page=(1,))
        with pytest.raises(IndexError):
            editor.set('Artist', 'me', page=(0, 2))
        with pytest.raises(IndexError):
            editor.set('Artist', 'me', page=(0, 0, 0))
    children_hold(path)
    with TiffFile(path) as tif:
        for index, below in ((0, 0), (1, 1), (2, 1)):
            tags = tif.pages[index].aspage().pages[below].tags
            assert tags['Artist'].value == 'me'
            assert tags[65000].value == tuple(range(100))
        assert tif.pages[1].aspage().tags['Artist'].value == 'the parent'
        assert 'XResolution' not in tif.pages[1].aspage().pages[1].tags


def test_commands_reach_children(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'a.tif'
    with_children(path)
    assert main(['tiffschema', 'tags', 'set', str(path), 'Artist', 'me', '--page', '1/0']) == 0
    assert main(['tiffschema', 'tags', 'list', str(path), 'Artist', '--page', '1/0']) == 0
    assert 'me' in capsys.readouterr().out
    assert main(['tiffschema', 'tags', 'delete', str(path), 'Artist', '--page', '1/0']) == 0
    assert main(['tiffschema', 'tags', 'delete', str(path), 'Artist', '--page', '1/0']) != 0
    assert main(['tiffschema', 'tags', 'list', str(path), '--page', '1/7']) != 0
    children_hold(path)


@pytest.mark.parametrize('erase', [False, True])
@pytest.mark.parametrize('value', [(7, 1), (7, 1, 8, 1, 9, 1), None])
def test_a_value_that_two_entries_share(tmp_path: Path, value: Any, erase: bool) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, ARRAY[0], resolution=(300, 300), metadata=None)
    data = bytearray(path.read_bytes())
    (page,) = directories(bytes(data))
    at = page.value_at(page.index[282])
    entry = page.codec.build_entry(283, 5, 1, None, at)
    start = page.entry_at(page.index[283])
    data[start : start + len(entry)] = entry
    path.write_bytes(data)
    with TagEditor(path) as editor:
        if value is None:
            editor.delete('XResolution', erase=erase)
        else:
            editor.set('XResolution', value, erase=erase)
    with TiffFile(path) as tif:
        assert tif.pages[0].tags['YResolution'].value == (300, 1)
        assert tif.pages[0].tags.valueof('XResolution') == value
    path.write_bytes(data)
    if value is not None:
        with TiffFile(path, mode='r+') as tif:
            tif.pages.first.tags['XResolution'].overwrite(value, erase=erase)
        with TiffFile(path) as tif:
            assert tif.pages[0].tags['YResolution'].value == (300, 1)


def test_a_directory_that_two_pointers_share(tmp_path: Path) -> None:
    """A child that is a page of the main chain too is not zeroed when one pointer leaves it."""
    path = tmp_path / 'a.tif'
    with_children(path)
    data = bytearray(path.read_bytes())
    pages = directories(bytes(data))
    slot = pages[0].value_at(pages[0].index[330])
    data[slot : slot + 4] = pages[0].codec.build_link(pages[2].offset)
    path.write_bytes(data)
    with TagEditor(path) as editor:
        editor.set('Artist', 'me', page=(0, 0), erase=True)
    with TiffFile(path) as tif:
        np.testing.assert_array_equal(tif.pages[2].asarray(), ARRAY[2])
        child = tif.pages[0].aspage().pages[0]
        assert child.tags['Artist'].value == 'me'
        np.testing.assert_array_equal(child.asarray(), ARRAY[2])


def test_erased_values_are_gone_after_the_directory_moved(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, ARRAY[0], metadata=None, description='a secret that must go')
    with TagEditor(path) as editor:
        editor.delete('Software')
        editor.set('ImageDescription', 'a longer text which does not fit where it was')
        assert b'secret' not in path.read_bytes()
        editor.set('Artist', 'somebody')
        editor.set('ImageDescription', 'x')
        editor.delete('Artist', erase=True)
    data = path.read_bytes()
    assert b'longer' not in data
    assert b'somebody' not in data


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a file with some bytes of its structure changed, or cut."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(0, min(len(data), 600)))
        changed[at] = int(rng.integers(0, 256))
    if rng.random() < 0.2:
        del changed[int(rng.integers(8, len(data))) :]
    return bytes(changed)


def pixels(data: bytes) -> dict[int, Any]:
    """Return what can be read of each page."""
    found: dict[int, Any] = {}
    try:
        with TiffFile(io.BytesIO(data)) as tif:
            for index in range(min(len(tif.pages), 8)):
                try:
                    page = tif.pages.get(index, aspage=True)
                    if page.imagewidth * page.imagelength < 1 << 20:
                        found[index] = page.asarray()
                except (ValueError, TiffFileError, IndexError):
                    continue
    except (ValueError, TiffFileError):
        pass
    return found


EDITS: dict[str, Any] = {
    'set': lambda editor: editor.set('ImageDescription', 'x' * 100),
    'shorter': lambda editor: editor.set('ImageDescription', 'xy'),
    'add': lambda editor: editor.set('Artist', 'me', erase=True),
    'rational': lambda editor: editor.set('XResolution', (7, 1)),
    'delete': lambda editor: editor.delete('ImageDescription', erase=True),
}


@pytest.mark.parametrize('name', EDITS)
@pytest.mark.parametrize('variant', VARIANTS, ids=str)
def test_edits_of_damaged_files_make_nothing_worse(variant: dict[str, Any], name: str) -> None:
    """What could be read of the pixels before can be read after, or the edit is refused."""
    stream = io.BytesIO()
    imwrite(stream, ARRAY[:, :16, :16], metadata=None, description='hello world', **GRAY, **variant)
    data = stream.getvalue()
    rng = np.random.default_rng(len(name))
    edited = 0
    for _ in range(120):
        before = damaged(data, rng)
        target = io.BytesIO(before)
        try:
            with TagEditor(target) as editor:
                EDITS[name](editor)
            edited += 1
        except (ValueError, KeyError, TiffFileError, IndexError):
            pass
        after = pixels(target.getvalue())
        for index, array in pixels(before).items():
            assert index in after
            np.testing.assert_array_equal(after[index], array)
    assert edited


@pytest.mark.parametrize('variant', VARIANTS, ids=str)
def test_pages_of_many_strips(tmp_path: Path, variant: dict[str, Any]) -> None:
    path = tmp_path / 'a.tif'
    image = np.arange(20_000, dtype='u1').reshape(-1, 4)
    imwrite(path, image, rowsperstrip=1, description='long before', metadata=None, **variant)
    with TiffFile(path, mode='r+') as tif:
        tif.pages[0].tags['ImageDescription'].overwrite('short')
    with TagEditor(path) as editor:
        editor.set('Software', 'a text that is longer than what was there')
    with TiffFile(path) as tif:
        assert tif.pages[0].description == 'short'
        np.testing.assert_array_equal(tif.asarray(), image)
        assert not tif.faults


def test_pages_that_share_the_offsets_of_their_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    pages, strips = 20, 500
    table = 8 + 30 * pages
    data = bytearray(b'II*\0\x08\0\0\0')
    for page in range(pages):
        following = 8 + 30 * (page + 1) if page < pages - 1 else 0
        data += struct.pack('<H', 2)
        data += b''.join(struct.pack('<HHII', code, 4, strips, table) for code in (273, 279))
        data += struct.pack('<I', following)
    data += struct.pack('<I', table) * strips
    source = SourceTarget(open_source(bytes(data)))
    assert len(claims_of(source, read_codec(bytes(data))[0]).starts) > pages * strips
    monkeypatch.setattr(claims, 'DEFAULT_LIMITS', Limits(items=pages * strips // 2))
    with pytest.raises(LimitError, match='more ranges'):
        claims_of(source, read_codec(bytes(data))[0])


@pytest.mark.parametrize('name', ['', 'slide.tif', 'slide.ndpi'])
def test_ndpi_is_known_by_its_tag(tmp_path: Path, name: str) -> None:
    """Its directories have 64-bit offsets: one written as those of TIFF misleads who reads them."""
    data = forge('ndpi').data
    stream: Any = io.BytesIO(data)
    stream.name = name
    with TagEditor(stream) as editor:
        editor.set('Make', 'me')
        with pytest.raises(ValueError, match='existing tags only'):
            editor.set('Artist', 'me')
    with TiffFile(stream.getvalue()) as tif:
        assert tif.tiff.is_ndpi
        assert tif.pages[0].tags['Make'].value == 'me'
        assert not tif.faults
    path = tmp_path / (name or 'a.tif')
    path.write_bytes(data)
    with pytest.raises(ValueError, match='kind ndpi'):
        compact(path)
    for append in (True, 'force'):
        with pytest.raises(ValueError, match='NDPI'):
            imwrite(path, ARRAY, append=append)
    assert path.read_bytes() == data


@pytest.mark.parametrize('name', ['Make', 'XResolution', 'ResolutionUnit'])
def test_ndpi_entries_of_more_than_32_bits_stay(name: str) -> None:
    """An entry has 32 bits; the upper half of its value or offset stands elsewhere."""
    data = bytearray(forge('ndpi').data)
    with TiffFile(bytes(data)) as tif:
        page = tif.pages[0]
        codec = page.parent.directories.codec
        directory = codec.parse(bytes(data), 0, page.offset)
        position = directory.index[page.tags[name].code]
        value = page.tags[name].value
    at = directory.next_at + codec.next_nbytes + 4 * position
    data[at : at + 4] = struct.pack('<I', 1)
    stream = io.BytesIO(data)
    with TagEditor(stream) as editor, pytest.raises(ValueError, match='32 bits'):
        editor.set(name, value)
    assert stream.getvalue() == data


@pytest.mark.parametrize('how', ['editor', 'pages'])
def test_a_pointer_within_pixels_is_not_written(tmp_path: Path, how: str) -> None:
    """The second page is to go, but the pointer to it lies within pixels of the third."""
    path = tmp_path / 'a.tif'
    with TiffWriter(path) as tif:
        for page in ARRAY:
            tif.write(page, metadata=None, contiguous=False, **GRAY)
    data = bytearray(path.read_bytes())
    first, _, third = directories(bytes(data))
    entry = third.entry_at(third.index[273])
    data[entry : entry + 12] = third.codec.build_entry(
        273, 4, 1, struct.pack('<I', first.next_at - 100)
    )
    path.write_bytes(data)
    if how == 'editor':
        with TagEditor(path) as editor, pytest.raises(TiffFileError, match='other structures'):
            editor.remove_page(1)
    else:
        with TiffFile(path, mode='r+') as tif, pytest.raises(TiffFileError, match='other struct'):
            tif.pages.delete(1)
    assert path.read_bytes() == data


def test_children_behind_an_unknown_field_type(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    with_children(path)
    data = bytearray(path.read_bytes())
    directory = directories(bytes(data))[0]
    data[directory.entry_at(directory.index[330]) + 2] = 99
    path.write_bytes(data)
    with TagEditor(path) as editor, pytest.raises(TiffFileError, match='field type 99'):
        editor.set('Software', 'me', page=(0, 0))
