"""Old-style JPEG: one picture stored in every form of TIFF 6.0 section 22, damage, hostile data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tiffschema.codecs import ojpeg
from tiffschema.codecs.ojpeg import OldJpeg
from tiffschema.codecs.pipeline import decoder
from tiffschema.codecs.spec import SegmentSpec
from tiffschema.errors import FormatError, TiffSchemaError, TruncatedError, UnsupportedError
from tiffschema.model.geometry import Geometry
from tiffschema.values import replace

imagecodecs = pytest.importorskip('imagecodecs', reason='imagecodecs: decodes the streams')

HEIGHT, WIDTH = 48, 64


def picture() -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x * 4, y * 5, (x + y) * 2], -1).astype('u1')


def page(**changes: Any) -> Geometry:
    values: dict[str, Any] = {
        'imagewidth': WIDTH,
        'imagelength': HEIGHT,
        'samplesperpixel': 3,
        'bitspersample': 8,
        'rowsperstrip': HEIGHT,
        'compression': 6,
        'photometric': 6,
        'subsampling': (2, 2),
    }
    return Geometry(**(values | changes))


def encoded(subsampling: str = '420') -> bytes:
    stream: bytes = imagecodecs.jpeg8_encode(picture(), level=90, subsampling=subsampling)
    return stream


class File:
    """A file made of pieces; remembers where each lies."""

    def __init__(self) -> None:
        self.data = bytearray(b'II*\0\0\0\0\0')

    def add(self, piece: bytes) -> int:
        self.data += piece
        return len(self.data) - len(piece)

    def fetch(self, offset: int, size: int) -> bytes:
        return bytes(self.data[offset : offset + size])

    def collect(
        self, geometry: Geometry, tags: dict[str, Any], offsets: list[int], counts: list[int]
    ) -> OldJpeg:
        return OldJpeg.collect(geometry, tags, self.fetch, offsets, counts, len(self.data))


def parts(stream: bytes) -> tuple[bytes, bytes, bytes, dict[str, list[bytes]]]:
    """Return the head up to the scan, the scan header, its data, and the tables."""
    head = ojpeg._head(stream)
    tables: dict[str, list[bytes]] = {'JPEGQTables': [], 'JPEGDCTables': [], 'JPEGACTables': []}
    for segment in head.segments:
        body = segment[4:]
        while segment[1] == 0xDB and body:
            tables['JPEGQTables'].append(body[1:65])
            body = body[65:]
        while segment[1] == 0xC4 and body:
            size = 17 + sum(body[1:17])
            name = 'JPEGACTables' if body[0] >> 4 else 'JPEGDCTables'
            tables[name].append(body[1:size])
            body = body[size:]
    data = stream[head.end :]
    return stream[: head.scan], stream[head.scan : head.end], data.removesuffix(b'\xff\xd9'), tables


def decoded(old: OldJpeg, **options: Any) -> np.ndarray:
    geometry = old.geometry
    streams = old.streams()
    decode = decoder(SegmentSpec(geometry, options=options))
    assert len(streams) == geometry.segment_count
    out = np.zeros(geometry.shaped, 'u1')
    for index, stream in enumerate(streams):
        plane, z, y, x = geometry.position(index)
        depth, length, width, samples = shape = geometry.extent(index)
        part = out[plane, z : z + depth, y : y + length, x : x + width, :samples]
        part[...] = decode(stream, shape)
    return np.moveaxis(out[:, 0, ..., 0], 0, -1) if out.shape[0] > 1 else out[0, 0]


EXPECTED = imagecodecs.jpeg8_decode(encoded())


def test_a_complete_stream() -> None:
    file = File()
    stream = encoded()
    at = file.add(stream)
    for tags, offsets in (
        ({'JPEGInterchangeFormat': at, 'JPEGInterchangeFormatLength': len(stream)}, [at]),
        ({'JPEGInterchangeFormat': (at,), 'JPEGInterchangeFormatLength': 0}, []),
        ({'JPEGInterchangeFormat': at}, [at + 600]),
    ):
        old = file.collect(page(), tags, offsets, [len(stream)] * len(offsets))
        assert np.array_equal(decoded(old), EXPECTED)


def test_a_without_end() -> None:
    file = File()
    at = file.add(encoded()[:-2])
    old = file.collect(page(), {'JPEGInterchangeFormat': at}, [], [])
    assert np.array_equal(decoded(old), EXPECTED)


@pytest.mark.parametrize('with_scan', [False, True])
def test_b_head_and_strip(with_scan: bool) -> None:
    file = File()
    head, scan, data, _ = parts(encoded())
    stored = head + scan if with_scan else head
    at = file.add(stored)
    file.add(b'gap' if not with_scan else b'')
    strip = file.add(data if with_scan else scan + data)
    tags = {'JPEGInterchangeFormat': at, 'JPEGInterchangeFormatLength': len(stored)}
    old = file.collect(page(), tags, [strip], [len(file.data) - strip])
    assert np.array_equal(decoded(old), EXPECTED)


def test_c_tables_in_the_first_strip() -> None:
    file = File()
    head, strips, _ = _strips(16)
    strips[0] = head + strips[0]
    offsets = [file.add(strip) for strip in strips]
    old = file.collect(page(rowsperstrip=16), {}, offsets, [len(strip) for strip in strips])
    assert not old.is_segmented
    assert np.abs(decoded(old).astype(int) - _expected_strips(16)).mean() < 1


def test_d_bare_data_and_tables() -> None:
    file = File()
    _, _, data, tables = parts(encoded())
    tags = {name: tuple(file.add(table) for table in found) for name, found in tables.items()}
    at = file.add(data)
    old = file.collect(page(), {**tags, 'JPEGProc': 1}, [at], [len(data)])
    assert np.array_equal(decoded(old), EXPECTED)
    # Photometric RGB was a misunderstanding of the section.
    old = file.collect(page(photometric=2), tags, [at], [0])
    assert np.array_equal(decoded(old), EXPECTED)
    # Tables may be named once for each component.
    tags = {name: (found[0], found[1], found[1]) for name, found in tags.items()}
    old = file.collect(page(), tags, [at], [len(data)])
    assert np.array_equal(decoded(old), EXPECTED)


def _strips(rows: int) -> tuple[bytes, list[bytes], dict[str, list[bytes]]]:
    """Return a head, entropy-coded strips that begin anew, and the tables, for 4:2:0."""
    streams = []
    for top in range(0, HEIGHT, rows):
        part = np.ascontiguousarray(picture()[top : top + rows])
        streams.append(imagecodecs.jpeg8_encode(part, level=90, subsampling='420'))
    head, scan, _, tables = parts(streams[0])
    at = head.index(b'\xff\xc0')
    head = head[: at + 5] + HEIGHT.to_bytes(2, 'big') + head[at + 7 :]
    return head + scan, [parts(stream)[2] for stream in streams], tables


def _expected_strips(rows: int) -> np.ndarray:
    return np.concatenate(
        [
            imagecodecs.jpeg8_decode(
                imagecodecs.jpeg8_encode(
                    np.ascontiguousarray(picture()[top : top + rows]), level=90, subsampling='420'
                )
            )
            for top in range(0, HEIGHT, rows)
        ]
    )


@pytest.mark.parametrize('form', ['b', 'd'])
def test_strips_restart(form: str) -> None:
    file = File()
    head, strips, tables = _strips(16)
    if form == 'b':
        at = file.add(head)
        tags: dict[str, Any] = {
            'JPEGInterchangeFormat': at,
            'JPEGInterchangeFormatLength': len(head),
        }
    else:
        tags = {name: tuple(file.add(table) for table in found) for name, found in tables.items()}
    offsets = [file.add(strip) for strip in strips]
    old = file.collect(page(rowsperstrip=16), tags, offsets, [len(strip) for strip in strips])
    got = decoded(old)
    # Chroma is interpolated across strips of one stream.
    assert np.abs(got.astype(int) - _expected_strips(16)).mean() < 1
    inside = got.reshape(3, 16, WIDTH, 3)[:, 2:-2]
    assert np.array_equal(inside, _expected_strips(16).reshape(3, 16, WIDTH, 3)[:, 2:-2])


def test_e_complete_strips() -> None:
    file = File()
    streams = [
        imagecodecs.jpeg8_encode(np.ascontiguousarray(picture()[top : top + 16]), level=90)
        for top in (0, 16, 32)
    ]
    offsets = [file.add(stream) for stream in streams]
    old = file.collect(page(rowsperstrip=16), {}, offsets, [len(stream) for stream in streams])
    assert old.is_segmented
    expected = np.concatenate([imagecodecs.jpeg8_decode(stream) for stream in streams])
    assert np.array_equal(decoded(old), expected)


def test_planes() -> None:
    file = File()
    planes = [imagecodecs.jpeg8_encode(picture()[..., at].copy(), level=90) for at in range(3)]
    found = [parts(plane) for plane in planes]
    tags = {
        name: tuple(file.add(item[3][name][0]) for item in found)
        for name in ('JPEGQTables', 'JPEGDCTables', 'JPEGACTables')
    }
    offsets = [file.add(item[2]) for item in found]
    old = file.collect(
        page(planarconfig=2, subsampling=(1, 1)), tags, offsets, [len(item[2]) for item in found]
    )
    expected = np.stack([imagecodecs.jpeg8_decode(plane) for plane in planes], -1)
    assert np.array_equal(decoded(old), expected)


def test_grey() -> None:
    file = File()
    stream = imagecodecs.jpeg8_encode(picture()[..., 0].copy(), level=90)
    _, _, data, tables = parts(stream)
    tags = {name: tuple(file.add(table) for table in found) for name, found in tables.items()}
    at = file.add(data)
    grey = page(samplesperpixel=1, photometric=1, subsampling=None)
    old = file.collect(grey, tags, [at], [len(data)])
    assert np.array_equal(decoded(old)[..., 0], imagecodecs.jpeg8_decode(stream))


def test_lossless() -> None:
    file = File()
    array = picture()[..., 0].copy()
    stream = imagecodecs.jpeg8_encode(array, lossless=True, predictor=2)
    _, _, data, tables = parts(stream)
    tags: dict[str, Any] = {'JPEGProc': 14, 'JPEGLosslessPredictors': (2,)}
    tags['JPEGDCTables'] = tuple(file.add(table) for table in tables['JPEGDCTables'])
    at = file.add(data)
    grey = page(samplesperpixel=1, photometric=1, subsampling=None)
    old = file.collect(grey, tags, [at], [len(data)])
    assert np.array_equal(decoded(old)[..., 0], array)


def test_coefficients_and_reference_are_applied() -> None:
    file = File()
    at = file.add(encoded())
    old = file.collect(page(), {'JPEGInterchangeFormat': at}, [], [])
    same = decoded(old, referenceblackwhite=(0, 255, 128, 255, 128, 255))
    assert np.array_equal(same, EXPECTED)
    other = decoded(old, referenceblackwhite=(16, 235, 128, 240, 128, 240))
    assert other.max() == 255
    assert not np.array_equal(other, EXPECTED)


def test_stored_bytes_stand_for_their_page() -> None:
    file = File()
    head, strips, _ = _strips(16)
    at = file.add(head)
    offsets = [file.add(strip) for strip in strips]
    tags = {'JPEGInterchangeFormat': at, 'JPEGInterchangeFormatLength': len(head)}
    old = file.collect(page(rowsperstrip=16), tags, offsets, [len(strip) for strip in strips])
    decode = decoder(SegmentSpec(old.geometry, options={'ojpeg': old}))
    got = decode(strips[0], (1, HEIGHT, WIDTH, 3))[0]
    assert np.abs(got.astype(int) - _expected_strips(16)).mean() < 2
    with pytest.raises(UnsupportedError, match='another page'):
        decode(b'other data', (1, HEIGHT, WIDTH, 3))


def test_bare_tiles_are_completed_one_by_one() -> None:
    file = File()
    whole = picture()
    streams = [
        imagecodecs.jpeg8_encode(
            np.ascontiguousarray(whole[:32, x : x + 32]), level=90, subsampling='444'
        )
        for x in (0, 32)
    ]
    tables = parts(streams[0])[3]
    tags = {name: tuple(file.add(table) for table in found) for name, found in tables.items()}
    tiles = [parts(stream)[2] for stream in streams]
    offsets = [file.add(tile) for tile in tiles]
    tiled = page(imagelength=32, tilewidth=32, tilelength=32, subsampling=(1, 1))
    old = file.collect(tiled, tags, offsets, [len(tile) for tile in tiles])
    assert old.is_segmented
    decode = decoder(SegmentSpec(old.geometry, options={'ojpeg': old}))
    for tile, stream in zip(tiles, streams, strict=True):
        expected = imagecodecs.jpeg8_decode(stream).astype(int)
        assert np.abs(decode(tile, (1, 32, 32, 3))[0] - expected).max() <= 1


def test_nothing_stored() -> None:
    with pytest.raises(TruncatedError, match='without data'):
        OldJpeg(page()).streams()
    with pytest.raises(FormatError, match='without tables'):
        OldJpeg(page(), segments=(b'abc',)).streams()


def test_tables_beyond_the_file() -> None:
    file = File()
    at = file.add(b'data')
    tags = {'JPEGQTables': (1 << 40,), 'JPEGDCTables': (1 << 40,), 'JPEGACTables': (1 << 40,)}
    with pytest.raises(FormatError, match='Huffman'):
        file.collect(page(), tags, [at], [4])


def test_sizes_that_jpeg_cannot_state() -> None:
    tables: Any = {'qtables': (bytes(64),), 'dctables': (bytes(16),), 'actables': (bytes(16),)}
    with pytest.raises(UnsupportedError, match='pixels'):
        OldJpeg(page(imagewidth=70000), segments=(b'abc',), **tables).streams()
    wide = page(imagewidth=60000, imagelength=60000, rowsperstrip=30000)
    with pytest.raises(UnsupportedError, match='blocks'):
        OldJpeg(wide, segments=(b'abc', b'abc'), **tables).streams()


def test_a_stream_larger_than_its_page_is_refused() -> None:
    small = replace(page(), imagewidth=8, imagelength=8, rowsperstrip=8)
    stream = imagecodecs.jpeg8_encode(np.zeros((900, 900, 3), 'u1'))
    file = File()
    at = file.add(stream)
    old = file.collect(small, {'JPEGInterchangeFormat': at}, [], [])
    for options in ({}, {'referenceblackwhite': (16, 235, 128, 240, 128, 240)}):
        with pytest.raises(FormatError, match='expected'):
            decoded(old, **options)


def test_hostile_data_ends_with_documented_errors() -> None:
    random = np.random.default_rng(1)
    stream = encoded()
    head, scan, data, tables = parts(stream)
    for attempt in range(150):
        file = File()
        tags: dict[str, Any] = {
            name: tuple(file.add(table) for table in found) for name, found in tables.items()
        }
        at = file.add(head + scan if attempt % 2 else stream)
        strip = file.add(data)
        if attempt % 3:
            tags['JPEGInterchangeFormat'] = at
            tags['JPEGInterchangeFormatLength'] = int(random.integers(0, 2000))
        for _ in range(5):
            file.data[random.integers(8, len(file.data))] = random.integers(256)
        rows = int(random.choice([0, 1, 8, 16, 48, 1 << 31]))
        try:
            old = file.collect(
                page(rowsperstrip=rows or HEIGHT), tags, [strip, strip + 40], [40, len(data) - 40]
            )
            decoded(old)
        except TiffSchemaError:
            pass
