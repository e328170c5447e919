"""What writers leave in files, in byte maps: explained where its form says what it is, else not."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest

import tiffschema
from tiffschema.runtime import bytemap
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.coverage import ByteMap, Claim, account
from tiffschema.runtime.leftovers import _Copies


def written(length: int = 4, **options: Any) -> bytes:
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


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of claims, each time the bytes of a file were accounted for."""
    found: list[int] = []

    def counted(claims: list[Claim], *args: Any) -> ByteMap:
        found.append(len(claims))
        return account(claims, *args)

    monkeypatch.setattr(bytemap, 'account', counted)
    return found


def test_directories_that_were_written_anew_many_times(rounds: list[int]) -> None:
    data = bytearray(written())
    data += bytes(len(data) % 2)
    expected = []
    for number in range(100):
        at = len(data)
        data += struct.pack('<HHHIIHHIII', 2, 256, 3, 1, 5, 282, 5, 1, at + 30, 0)
        path = f'earlier directory @{at}'
        expected.append(('directory', 30, path))
        if number % 3:
            data += struct.pack('<II', 300 + number, 7)
            expected.append(('value', 8, f'{path}.tag 282 XResolution'))
        else:  # the value is where another directory is
            data[at + 22 : at + 26] = struct.pack('<I', 8)
    assert rows(bytes(data)) == (expected, 0)
    assert len(rounds) == 2


def test_looking_for_directories_ends(rounds: list[int]) -> None:
    """Each is found only after a value of the one before, which ends where it begins."""
    data = bytearray(written())
    data += bytes(len(data) % 2)
    for _ in range(100):
        at = len(data)
        data += struct.pack('<HHHIIHHIII', 2, 256, 3, 1, 5, 40000, 5, 1, at + 40, 0)
        data += b'\xfe' * 10 + b'\3' * 8
    left, unexplained = rows(bytes(data))
    assert len(rounds) == bytemap._ROUNDS + 1
    assert len(left) == 2 * bytemap._ROUNDS
    assert unexplained > 48 * (99 - bytemap._ROUNDS)


def test_many_values_beside_many_gaps() -> None:
    """What is compared with gaps is bounded: runs of values are very many."""
    stream = BytesIO()
    with tiffschema.TiffWriter(stream, byteorder='<') as tif:
        for number in range(300):
            tags = [(40000 + k, 7, 16, bytes([k, number % 251] * 8), False) for k in range(40)]
            tif.write(np.zeros((2, 2), 'u1'), metadata=None, software=False, extratags=tags)
    data = stream.getvalue()
    with tiffschema.TiffFile(data + b'\1' * 640) as tif:
        values = byte_map(tif)
    runs = _Copies(tif, values)
    assert 0 < len(runs._of_size(160)) <= 300 * 31
    runs._left = 1600
    assert len(runs._of_size(320)) <= 5


def test_gaps_of_many_sizes_are_not_explained_by_chance() -> None:
    stream = BytesIO(written(description='x' * 40))
    rng = np.random.default_rng(1)
    sizes = range(17, 400, 4)
    for size in sizes:
        stream.seek(0, 2)
        stream.write(rng.integers(1, 255, size, 'u1').tobytes())
        stream.seek(0)
        with tiffschema.TiffWriter(stream, append=True) as tif:
            tif.write(np.ones((4, 5), 'u1'), metadata=None, software=False)
    left, unexplained = rows(stream.getvalue())
    assert left == []
    assert unexplained >= sum(sizes)
