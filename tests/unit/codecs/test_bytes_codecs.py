"""Codecs of bytes: imagecodecs and the plain ways agree, bombs and damage end in known errors."""

from __future__ import annotations

import lzma
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffschema.codecs import SegmentSpec, backend, bytestream, codecs, lzw, packbits
from tiffschema.codecs.pipeline import decoder, encoder
from tiffschema.errors import FormatError, LimitError, TiffSchemaError, TruncatedError
from tiffschema.limits import Limits
from tiffschema.model.geometry import Geometry

RNG = np.random.default_rng(5)
EVERYDAY = (1, 5, 8, 32773, 32946, 34925, 50013)
BYTES = (*EVERYDAY, 34926, 50000)


def strip(compression: int, length: int = 32, width: int = 40, **more: object) -> SegmentSpec:
    settings: dict[str, object] = {
        'imagewidth': width,
        'imagelength': length,
        'bitspersample': 8,
        'compression': compression,
        'photometric': 1,
    }
    settings.update(more)
    return SegmentSpec(Geometry(**settings))  # type: ignore[arg-type]


def picture(length: int = 32, width: int = 40) -> np.ndarray:
    array = RNG.integers(0, 4, (1, length, width, 1), 'u1')
    array[:, 3:9] = 7
    return array


BLOCKS = st.one_of(
    st.binary(max_size=600),
    st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 300)), max_size=9).map(
        lambda parts: b''.join(part * count for part, count in parts)
    ),
)


@given(BLOCKS)
@settings(max_examples=60, deadline=None)
def test_plain_lzw_and_packbits_are_those_of_imagecodecs(data: bytes) -> None:
    assert imagecodecs.lzw_decode(lzw.encode(data, None)) == data
    assert lzw.decode(imagecodecs.lzw_encode(data), None, len(data)) == data
    assert imagecodecs.packbits_decode(packbits.encode_row(data)) == data
    assert packbits.decode(imagecodecs.packbits_encode(data), None, len(data)) == data


def old_lzw(data: bytes) -> bytes:
    """Encode in the old style: codes least significant bit first, widened one entry later."""
    table: dict[bytes, int] = {bytes((value,)): value for value in range(256)}
    bits, count, width, free = 256, 9, 9, 258
    prefix = b''

    def put(code: int) -> None:
        nonlocal bits, count
        bits |= code << count
        count += width

    for value in data:
        word = prefix + bytes((value,))
        if word in table:
            prefix = word
            continue
        put(table[prefix])
        table[word] = free
        free += 1
        if free - 1 == 1 << width and width < 12:
            width += 1
        if free >= 4095:
            put(256)
            table = {bytes((each,)): each for each in range(256)}
            width, free = 9, 258
        prefix = bytes((value,))
    if prefix:
        put(table[prefix])
        if free == 1 << width and width < 12:
            width += 1
    put(257)
    return bits.to_bytes(-(-count // 8), 'little')


@pytest.mark.parametrize('count', [1, 2, 100, 254, 255, 256, 600, 5000])
@pytest.mark.parametrize('values', [2, 256])
def test_old_lzw(count: int, values: int) -> None:
    data = RNG.integers(0, values, count, 'u1').tobytes()
    stream = old_lzw(data)
    assert lzw.is_old_style(stream)
    assert imagecodecs.lzw_decode(stream) == data
    assert lzw.decode(stream, None, count) == data


@pytest.mark.parametrize('compression', BYTES)
@pytest.mark.parametrize('fillorder', [1, 2])
def test_both_ways(compression: int, fillorder: int) -> None:
    spec = strip(compression, fillorder=fillorder)
    array = picture()
    data = encoder(spec)(array)
    assert data == encoder(spec)(array)
    np.testing.assert_array_equal(decoder(spec)(data, array.shape), array)
    np.testing.assert_array_equal(decoder(spec)(memoryview(data), array.shape), array)


@pytest.mark.parametrize('compression', EVERYDAY)
def test_everyday_files_need_no_imagecodecs(compression: int) -> None:
    spec = strip(compression)
    array = picture()
    data = encoder(spec)(array)
    with backend.without_imagecodecs():
        assert backend.imagecodecs() is None
        assert codecs[compression].can_decode
        assert codecs[compression].can_encode
        np.testing.assert_array_equal(decoder(spec)(data, array.shape), array)
        plain = encoder(spec)(array)
    np.testing.assert_array_equal(decoder(spec)(plain, array.shape), array)


def test_absent_codecs_say_what_to_install() -> None:
    with backend.without_imagecodecs():
        assert not codecs[7].can_decode
        with pytest.raises(TiffSchemaError, match=r'install imagecodecs .*jpeg8'):
            decoder(strip(7))
        if not backend.has_module('compression.zstd'):
            with pytest.raises(TiffSchemaError, match=r'Python 3\.14'):
                decoder(strip(50000))
    assert decoder(strip(7)) is not None


def test_raw_deflate_and_trailing_bytes() -> None:
    array = picture()
    spec = strip(8)
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(array.tobytes()) + packer.flush()
    for data in (raw, zlib.compress(array.tobytes()) + b'trailing'):
        np.testing.assert_array_equal(decoder(spec)(data, array.shape), array)
        with backend.without_imagecodecs():
            np.testing.assert_array_equal(decoder(spec)(data, array.shape), array)


def test_lzma_with_a_delta_filter() -> None:
    array = picture()
    data = lzma.compress(
        array.tobytes(),
        filters=[{'id': lzma.FILTER_DELTA, 'dist': 1}, {'id': lzma.FILTER_LZMA2, 'preset': 6}],
    )
    np.testing.assert_array_equal(decoder(strip(34925))(data, array.shape), array)


@pytest.mark.parametrize('compression', BYTES)
@pytest.mark.parametrize('plain', [False, True])
def test_longer_segments_are_cropped(compression: int, plain: bool) -> None:
    if plain and compression in {34926, 50000}:
        return
    array = picture(48)
    data = encoder(strip(compression, 48))(array)
    spec = strip(compression)

    def check() -> None:
        np.testing.assert_array_equal(decoder(spec)(data, (1, 32, 40, 1)), array[:, :32])

    if plain:
        with backend.without_imagecodecs():
            check()
    else:
        check()


@pytest.mark.parametrize('compression', BYTES)
def test_short_segments(compression: int) -> None:
    array = picture(20)
    data = encoder(strip(compression, 20))(array)
    spec = strip(compression)
    with pytest.raises(TruncatedError, match='800 of 1280 bytes'):
        decoder(spec)(data, (1, 32, 40, 1))
    faults: list[FormatError] = []
    filled = decoder(spec, on_short='fill', nodata=9)(data, (1, 32, 40, 1), None, faults.append)
    np.testing.assert_array_equal(filled[:, :20], array)
    assert (filled[:, 20:] == 9).all()
    assert [type(fault) for fault in faults] == [TruncatedError]


@pytest.mark.parametrize('compression', BYTES)
@pytest.mark.parametrize('plain', [False, True])
def test_bombs_cost_nothing(compression: int, plain: bool) -> None:
    if compression == 1 or (plain and compression in {34926, 50000}):
        return
    if compression == 32773:
        data = b'\x81\x00' * (1 << 17)
    else:
        zeros = np.zeros((1, 1 << 25), 'u1')
        data = codecs[compression].encode(zeros, strip(compression), {})
    spec = strip(compression)

    def run() -> int:
        decode = decoder(spec)
        tracemalloc.start()
        try:
            result = decode(data, (1, 32, 40, 1))
            assert not result.any()
        except FormatError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return peak

    if plain:
        with backend.without_imagecodecs():
            peak = run()
    else:
        peak = run()
    # LZMA takes a dictionary of 8 MiB, whatever it decodes.
    assert peak < (12 if compression == 34925 else 1) << 20


def test_limits() -> None:
    spec = strip(8, 1 << 20, 1 << 10)
    with pytest.raises(LimitError, match='limit'):
        decoder(spec, limits=Limits(bytes=1 << 29))
    decode = decoder(spec, limits=Limits(ratio=1000))
    with pytest.raises(LimitError, match='ratio'):
        decode(b'x' * 1000, (1, 16, 1 << 10, 1))


@pytest.mark.parametrize('compression', BYTES)
@pytest.mark.parametrize('plain', [False, True])
def test_damage_gives_documented_errors_or_the_undamaged_rest(
    compression: int, plain: bool
) -> None:
    if compression == 1 or (plain and compression in {34926, 50000}):
        return
    array = RNG.integers(0, 50, (1, 64, 100, 1), 'u1')
    spec = strip(compression, 64, 100)
    data = encoder(spec)(array)
    rng = np.random.default_rng(compression)

    def check() -> None:
        decode = decoder(spec)
        fill = decoder(spec, on_short='fill', nodata=200)
        for _ in range(40):
            damaged = bytearray(data)
            for _ in range(rng.integers(0, 5)):
                damaged[rng.integers(0, len(damaged))] = rng.integers(0, 256)
            cut = bytes(damaged[: rng.integers(0, len(damaged) + 1)])
            faults: list[FormatError] = []
            out = fill(cut, array.shape, None, faults.append)
            assert out.shape == array.shape
            try:
                decode(cut, array.shape)
            except FormatError:
                assert faults

    if plain:
        with backend.without_imagecodecs():
            check()
    else:
        check()


@pytest.mark.parametrize('compression', [8, 32773, 34925])
def test_what_was_decoded_before_the_fault_is_kept(compression: int) -> None:
    array = RNG.integers(0, 200, (1, 640, 100, 1), 'u1')
    spec = strip(compression, 640, 100)
    data = encoder(spec)(array)
    cut = data[: len(data) // 2]
    faults: list[FormatError] = []
    out = decoder(spec, on_short='fill', nodata=255)(cut, array.shape, None, faults.append)
    np.testing.assert_array_equal(out[:, :250], array[:, :250])
    assert (out[:, 400:] == 255).all()
    assert faults


def test_wrong_checksum_is_an_error() -> None:
    array = picture()
    data = bytearray(zlib.compress(array.tobytes()))
    data[-1] ^= 1
    for hide in (False, True):
        if hide:
            with backend.without_imagecodecs(), pytest.raises(FormatError):
                decoder(strip(8))(bytes(data), array.shape)
        else:
            with pytest.raises(FormatError):
                decoder(strip(8))(bytes(data), array.shape)
    faults: list[FormatError] = []
    out = decoder(strip(8), on_short='fill')(bytes(data), array.shape, None, faults.append)
    np.testing.assert_array_equal(out, array)
    assert faults


def test_levels_are_passed() -> None:
    array = picture(200, 200)
    spec = strip(8, 200, 200)
    sizes = [len(encoder(spec, compressionargs={'level': level})(array)) for level in (1, 9)]
    assert sizes[0] > sizes[1]
    with pytest.raises(TypeError):
        encoder(spec, compressionargs={'nonsense': 1})(array)


def test_slack_is_bounded() -> None:
    assert bytestream.slack(0) == 65536
