"""What writers leave in files, in byte maps: explained where its form says what it is, else not."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiffschema
from tiffschema.runtime.bytemap import byte_map


def written(length: int = 4, **options: Any) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    tiffschema.imwrite(
        stream,
        np.full((length, 5), 7, 'u1'),
        metadata=None,
        byteorder='<',
        software=False,
        **options,
    )  # fmt: skip
    return stream.getvalue()


def rows(data: bytes) -> tuple[list[tuple[str, int, str]], int]:
    """Return kind, size and path of what no link leads to, and the number of unexplained bytes."""
    with tiffschema.TiffFile(data) as tif:
        found = byte_map(tif)
        assert tif.faults == []
    assert sum(found.totals().values()) == len(data)
    left = [
        (span.kind, span.nbytes, span.path)
        for span in found.spans
        if not span.depth and ('no link' in span.note or 'links do not' in span.note)
    ]
    return left, sum(span.nbytes for span in found.unexplained)


def test_nothing_is_left_in_a_new_file() -> None:
    assert rows(written()) == ([], 0)


@pytest.mark.parametrize(('length', 'align'), [(4, b''), (3, b'\0')])
def test_an_earlier_directory(length: int, align: bytes) -> None:
    data = written(length)
    assert len(data) % 2 == len(align)
    at = len(data) + len(align)
    data += align + struct.pack('<HHHIIHHIII', 2, 256, 3, 1, 5, 282, 5, 1, at + 30, 0)
    data += struct.pack('<II', 300, 7)
    left, unexplained = rows(data)
    assert unexplained == 0
    path = f'earlier directory @{at}'
    assert left == [('directory', 30, path), ('value', 8, f'{path}.tag 282 XResolution')]


@pytest.mark.parametrize(
    'entries',
    [
        [(256, 3, 1, 5), (256, 3, 1, 5)],
        [(282, 3, 1, 5), (256, 3, 1, 5)],
        [(256, 99, 1, 5), (257, 3, 1, 5)],
        [(256, 3, 0, 5), (257, 3, 1, 5)],
    ],
)
def test_what_is_no_sound_directory_is_not_explained(entries: list[Any]) -> None:
    data = written()
    data += bytes(len(data) % 2) + struct.pack('<H', 2)
    data += b''.join(struct.pack('<HHII', *entry) for entry in entries) + struct.pack('<I', 0)
    left, unexplained = rows(data)
    assert left == []
    assert unexplained >= 30


def test_copies_of_values() -> None:
    data = written(resolution=(300, 400), datetime='2020:01:02 03:04:05')
    with tiffschema.TiffFile(data) as tif:
        tag = tif.pages[0].tags['XResolution']
        start = tag.valueoffset
        assert tif.pages[0].tags['YResolution'].valueoffset == start + 8
    for size in (8, 16):
        left, unexplained = rows(data + data[start : start + size])
        assert (left, unexplained) == ([('value', size, 'copy of pages[0].tag 282 XResolution')], 0)
    # A part of a value is no copy of it.
    assert rows(data + data[start : start + 7])[1] == 7


def test_an_earlier_description() -> None:
    text = b'ImageJ=1.53t\nimages=3\nslices=3\n'
    assert rows(written() + text + b'\0') == ([('value', len(text) + 1, 'earlier text: imagej')], 0)
    for other in (b'any text that nobody has declared\0', text + b'\0more', text + b'\xff\xfe'):
        assert rows(written() + other)[1] == len(other)


def test_the_header_of_a_file_that_was_appended() -> None:
    first, second = written(), written()
    first += bytes(-len(first) % 16)
    base = len(first)
    with tiffschema.TiffFile(second) as tif:
        directory = tif.pages[0].offset
        pointers = [
            tag.offset + 8 for tag in tif.pages[0].tags if tag.valueoffset > tag.offset + 8
        ] + [tif.pages[0].tags['StripOffsets'].offset + 8]
    moved = bytearray(second)
    for at in pointers:
        (offset,) = struct.unpack_from('<I', moved, at)
        struct.pack_into('<I', moved, at, offset + base)
    with tiffschema.TiffFile(first) as tif:
        link = tif.pages.next_page_offset
    data = bytearray(first + bytes(moved))
    struct.pack_into('<I', data, link, base + directory)
    left, unexplained = rows(bytes(data))
    assert (left, unexplained) == ([('header', 8, 'header of an appended file')], 0)
    struct.pack_into('<I', data, base + 4, directory + 2)
    assert rows(bytes(data))[1] >= 8


def test_tables_of_old_style_jpeg_and_the_mark_of_apple() -> None:
    base = written()
    at = len(base) + len(base) % 2
    huffman = bytes([0, 2, 1, *bytes(13)]) + b'\1\2\3'
    tables = bytes(range(64)) + huffman
    data = bytearray(base + bytes(at - len(base)) + tables + bytes(len(tables) % 2))
    directory = len(data)
    entries = [(519, 4, 1, at), (520, 4, 1, at + 64)]
    with tiffschema.TiffFile(base) as tif:
        link = tif.pages.next_page_offset
    struct.pack_into('<I', data, link, directory)
    data += struct.pack('<H', 2) + b''.join(struct.pack('<HHII', *one) for one in entries)
    data += struct.pack('<I', 0)
    with tiffschema.TiffFile(bytes(data)) as tif:
        found = byte_map(tif)
    blocks = {span.path: span.nbytes for span in found.spans if span.kind == 'block'}
    assert blocks == {'quantisation_table': 64, 'huffman_table': 19}

    mark = b'APPLEDNG\0\0'
    whole = b'II*\0' + struct.pack('<I', 18) + mark + struct.pack('<HHHIII', 1, 256, 3, 1, 5, 0)
    with tiffschema.TiffFile(whole) as tif:
        assert byte_map(tif).unexplained == ()


def test_many_gaps_of_many_sizes_take_no_longer_than_the_file_is_large(tmp_path: Path) -> None:
    data = bytearray(written(description='x' * 40))
    rng = np.random.default_rng(1)
    for size in range(8, 400):
        data += rng.integers(1, 255, size, 'u1').tobytes()
    assert rows(bytes(data))[1] > 1000
