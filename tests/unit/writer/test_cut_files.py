"""Files whose end is lost do not grow: what is added would pass for what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema
from tiffschema import TagEditor, TiffFile, TiffWriter, TruncatedError

PLAIN: dict[str, Any] = {'photometric': 'minisblack', 'metadata': None}


def pixels(*shape: int) -> Any:
    return numpy.random.default_rng(0).integers(0, 255, shape, 'uint8')


def cut_strips(path: Path) -> None:
    tiffschema.imwrite(path, pixels(40, 50), rowsperstrip=10, description='text', **PLAIN)
    path.write_bytes(path.read_bytes()[:-700])


def cut_last_page(path: Path) -> None:
    with TiffWriter(path) as tif:
        for _ in range(9):
            tif.write(pixels(40, 50), contiguous=False, description='text', **PLAIN)
    path.write_bytes(path.read_bytes()[:-700])


def cut_subifd(path: Path) -> None:
    with TiffWriter(path) as tif:
        tif.write(pixels(40, 50), subifds=1, description='text', **PLAIN)
        tif.write(pixels(20, 25), subfiletype=1, **PLAIN)
    path.write_bytes(path.read_bytes()[:-300])


def append(path: Path) -> None:
    tiffschema.imwrite(path, pixels(40, 50), append=True, **PLAIN)


def lengthen(path: Path) -> None:
    tiffschema.tiffcomment(path, 'a text ' * 100)


def overwrite(path: Path) -> None:
    with TiffFile(path, mode='r+') as tif:
        tif.pages[0].tags['ImageDescription'].overwrite('a text ' * 100)


def add(path: Path) -> None:
    with TagEditor(path) as editor:
        editor.set('Artist', 'me' * 500)


@pytest.mark.parametrize('change', [append, lengthen, overwrite, add])
@pytest.mark.parametrize('make', [cut_strips, cut_last_page, cut_subifd])
def test_it_does_not_grow(
    tmp_path: Path, make: Callable[[Path], None], change: Callable[[Path], None]
) -> None:
    path = tmp_path / 'cut.tif'
    make(path)
    before = path.read_bytes()
    with pytest.raises(TruncatedError, match='missing behind the end of the file'):
        change(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize('make', [cut_strips, cut_last_page, cut_subifd])
def test_what_fits_is_written(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / 'cut.tif'
    make(path)
    before = path.read_bytes()
    tiffschema.tiffcomment(path, 'TEXT')
    assert path.read_bytes() == before.replace(b'text', b'TEXT', 1)


def test_a_lost_value_is_replaced_and_deleted(tmp_path: Path) -> None:
    path = tmp_path / 'cut.tif'
    tiffschema.imwrite(path, pixels(2, 3), **PLAIN)
    data = bytearray(path.read_bytes())
    with TiffFile(path) as tif:
        tag = tif.pages[0].tags['XResolution']
    # Where the next structure of the file would be written.
    data[tag.offset + 8 : tag.offset + 12] = len(data).to_bytes(4, 'little')
    path.write_bytes(data)
    with pytest.raises(TruncatedError, match='missing behind'), TagEditor(path) as editor:
        editor.set('Artist', 'me' * 500)
    assert path.read_bytes() == data
    with TagEditor(path) as editor:
        editor.set('XResolution', (300, 1))
    with TiffFile(path) as tif:
        assert tif.pages[0].tags['XResolution'].value == (300, 1)
        assert not tif.faults
    path.write_bytes(data)
    with TagEditor(path) as editor:
        editor.delete('XResolution')
    with TiffFile(path) as tif:
        assert 'XResolution' not in tif.pages[0].tags
        assert not tif.faults


def test_a_lone_strip_claims_what_its_geometry_says(tmp_path: Path) -> None:
    path = tmp_path / 'cut.tif'
    tiffschema.imwrite(path, pixels(40, 50), description='text', **PLAIN)
    data = bytearray(path.read_bytes()[:-700])
    with TiffFile(path) as tif:
        count = tif.pages[0].tags['StripByteCounts']
    # Readers do not ask the byte count of whole uncompressed pages.
    data[count.valueoffset : count.valueoffset + 2] = (9).to_bytes(2, 'little')
    path.write_bytes(data)
    for change in (append, lengthen, add):
        with pytest.raises(TruncatedError, match='missing behind'):
            change(path)
        assert path.read_bytes() == data
