"""Sample layouts, predictors and bit packing against plain references, both ways."""

from __future__ import annotations

import itertools
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tiffschema.codecs import SegmentSpec, backend, bits, float24, predictors
from tiffschema.codecs.pipeline import decoder, encoder
from tiffschema.errors import FormatError, UnsupportedError
from tiffschema.model.geometry import Geometry

RNG = np.random.default_rng(11)


def hidden(plain: bool) -> Any:
    import contextlib

    return backend.without_imagecodecs() if plain else contextlib.nullcontext()


def naive_unpack(row: bytes, width: int, count: int) -> list[int]:
    text = ''.join(f'{value:08b}' for value in row)
    return [int(text[i * width : i * width + width], 2) for i in range(count)]


@given(width=st.integers(1, 64), count=st.integers(1, 9), seed=st.integers(0, 999))
@settings(max_examples=80, deadline=None)
def test_packed_integers(width: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (3, bits.row_nbytes(count, width)), 'u1')
    size = 1 if width <= 8 else 2 if width <= 16 else 4 if width <= 32 else 8
    expected = [naive_unpack(row.tobytes(), width, count) for row in rows]
    for plain in (False, True):
        with hidden(plain):
            found = bits.unpack(rows, width, count, f'u{size}')
            assert found.tolist() == expected
    packed = bits.pack(found, width)
    assert [naive_unpack(row.tobytes(), width, count) for row in packed] == expected
    assert packed.shape == rows.shape
    spare = rows.shape[1] * 8 - count * width
    assert not spare or not (packed[:, -1] & ((1 << min(spare, 8)) - 1)).any()


def test_packed_integers_of_large_images() -> None:
    values = RNG.integers(0, 1 << 12, (700, 1000), 'u2')
    packed = bits.pack(values, 12)
    np.testing.assert_array_equal(
        packed.ravel(), np.frombuffer(imagecodecs.packints_encode(values, 12, runlen=1000), 'u1')
    )
    with hidden(True):
        np.testing.assert_array_equal(bits.unpack(packed, 12, 1000, 'u2'), values)


def test_signed_packed_integers() -> None:
    values = np.array([[-2048, -1, 0, 2047]], 'i2')
    np.testing.assert_array_equal(bits.unpack(bits.pack(values, 12), 12, 4, 'i2'), values)


@given(
    widths=st.lists(st.integers(1, 16), min_size=1, max_size=5),
    pixels=st.integers(1, 6),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_fields(widths: list[int], pixels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = [rng.integers(0, 1 << width, (2, pixels), 'u2') for width in widths]
    packed = bits.pack_fields(samples, widths)
    text = ''.join(f'{value:08b}' for value in packed[0])
    at = 0
    for pixel in range(pixels):
        for width, sample in zip(widths, samples, strict=True):
            assert int(text[at : at + width], 2) == sample[0, pixel]
            at += width
    found = bits.unpack_fields(packed, widths, pixels, ['u2'] * len(widths))
    for one, other in zip(found, samples, strict=True):
        np.testing.assert_array_equal(one, other)


def test_bit_order() -> None:
    data = bytes(range(256))
    assert bits.reverse_bits(data) == imagecodecs.bitorder_decode(data)
    assert bits.reverse_bits(bits.reverse_bits(data)) == data


@pytest.mark.parametrize('order', ['<', '>'])
def test_rgb565(order: Any) -> None:
    words = np.arange(1 << 16, dtype=f'{order}u2')[None]
    rgb = bits.unpack_rgb565(words.view('u1'), order)
    assert rgb.reshape(-1, 3)[0].tolist() == [0, 0, 0]
    assert rgb.reshape(-1, 3)[-1].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(bits.pack_rgb565(rgb, order), words.view('u1'))


@pytest.mark.parametrize('order', ['<', '>'])
def test_float24(order: Any) -> None:
    """Every pattern but NaN comes back; values are those of the definition."""
    words = RNG.integers(0, 1 << 24, 20000, 'u4')
    words[:6] = 0, 1 << 23, 127 << 16, 0xFF0000, 1, 0xFFFF
    data = bits.pack_int24(words[None], order)
    values = float24.decode(data, order)[0]
    sign = np.where(words >> 23, -1.0, 1.0)
    exponent = ((words >> 16) & 127).astype(int)
    mantissa = (words & 0xFFFF).astype(float)
    normal = sign * 2.0 ** (exponent - 63) * (1 + mantissa / 65536)
    small = sign * mantissa * 2.0**-78
    expected = np.where(exponent == 0, small, normal)
    finite = exponent < 127
    np.testing.assert_array_equal(values[finite], expected[finite].astype('f4'))
    assert np.isinf(values[(exponent == 127) & (mantissa == 0)]).all()
    nan = (exponent == 127) & (mantissa > 0)
    assert np.isnan(values[nan]).all()
    reference = imagecodecs.float24_decode(data.tobytes(), byteorder=order)
    np.testing.assert_array_equal(values.view('u4'), reference.view('u4'))
    back = float24.encode(values[None], order)
    np.testing.assert_array_equal(bits.unpack_int24(back, order, 'u4')[0][~nan], words[~nan])
    assert np.isnan(float24.decode(back, order)[0][nan]).all()


@given(st.floats(width=32, allow_nan=False))
@settings(max_examples=200, deadline=None)
def test_float24_rounds_to_nearest_even(value: float) -> None:
    code = int(float24.to_words(np.array([value], 'f4'))[0])
    magnitude = code & 0x7FFFFF
    assert (code >> 23) == (1 if np.signbit(np.float32(value)) else 0)
    near = [each for each in (magnitude - 1, magnitude, magnitude + 1) if 0 <= each <= 127 << 16]
    steps = float24.from_words(np.array(near, 'u4')).astype('f8')
    steps[np.isinf(steps)] = 2.0**64
    errors = np.abs(steps - abs(float(np.float32(min(abs(value), 2.0**64)))))
    best = errors.min()
    assert errors[near.index(magnitude)] == best
    if (errors == best).sum() > 1:
        assert magnitude % 2 == 0


def naive_sums(array: np.ndarray, distance: int) -> np.ndarray:
    result = array.copy()
    for x in range(distance, array.shape[-2]):
        result[..., x, :] += result[..., x - distance, :]
    return result


@given(
    array=hnp.arrays(
        st.sampled_from(['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8']),
        st.tuples(st.just(1), st.integers(1, 3), st.integers(1, 9), st.integers(1, 4)),
    ),
    distance=st.sampled_from([1, 2, 4]),
)
@settings(max_examples=80, deadline=None)
def test_horizontal_predictor(array: np.ndarray, distance: int) -> None:
    expected = naive_sums(array, distance)
    wide = np.zeros((1, 5, 12, array.shape[3]), array.dtype)
    out = wide[:, 1 : 1 + array.shape[1], 2 : 2 + array.shape[2]]
    for plain in (False, True):
        with hidden(plain):
            np.testing.assert_array_equal(predictors.accumulate(array, distance), expected)
            out[...] = 0
            predictors.accumulate(array, distance, out=out)
            np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(predictors.difference(expected, distance), array)


def naive_float(values: np.ndarray, distance: int) -> bytes:
    """Encode one row of shape (width, samples) as TIFF Technote 3 says."""
    big = values.astype(values.dtype.newbyteorder('>'))
    each = big.reshape(-1).view('u1').reshape(-1, values.dtype.itemsize)
    planes = each.T.reshape(-1).astype(int)
    step = values.shape[1] * distance
    return bytes(
        (planes[i] - (planes[i - step] if i >= step else 0)) % 256 for i in range(planes.size)
    )


@given(
    array=hnp.arrays(
        st.sampled_from(['f2', 'f4', 'f8']),
        st.tuples(st.just(1), st.integers(1, 3), st.integers(1, 9), st.integers(1, 4)),
    ),
    distance=st.sampled_from([1, 2, 4]),
)
@settings(max_examples=80, deadline=None)
def test_float_predictor(array: np.ndarray, distance: int) -> None:
    rows = predictors.float_difference(array, distance)
    for y in range(array.shape[1]):
        assert rows[0, y].tobytes() == naive_float(array[0, y], distance)
    if distance == 1:
        reference = imagecodecs.floatpred_encode(array[0], axis=-2)
        assert rows.tobytes() == reference.tobytes()
    for plain in (False, True):
        with hidden(plain):
            out = np.zeros_like(array)
            predictors.float_accumulate(rows.copy(), distance, array.shape[3], out)
            assert out.tobytes() == array.tobytes()


def values(dtype: np.dtype[Any], width: int, shape: tuple[int, ...]) -> np.ndarray:
    if dtype.names:
        result = np.zeros(shape, dtype)
        for name in dtype.names:
            result[name] = values(dtype[name], 2, shape)
        return result
    if dtype.kind == 'b':
        return RNG.random(shape) < 0.5
    if dtype.kind == 'u':
        return RNG.integers(0, (1 << width) - 1, shape, dtype, endpoint=True)
    if dtype.kind == 'i':
        return RNG.integers(-(1 << width - 1), (1 << width - 1) - 1, shape, dtype, endpoint=True)
    if dtype.kind == 'c':
        parts = RNG.integers(-99, 99, (2, *shape))
        return (parts[0] + 1j * parts[1]).astype(dtype)
    return RNG.integers(-999, 999, shape).astype(dtype)


KINDS = [
    *((1, width) for width in (1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 14, 15, 16, 17, 24, 31, 32, 33)),
    *((1, 48), (1, 63), (1, 64), (2, 8), (2, 16), (2, 32), (2, 64), (4, 16)),
    *((3, 16), (3, 24), (3, 32), (3, 64), (5, 16), (5, 32), (5, 64), (6, 64), (6, 128)),
    *((1, (5, 6, 5)), (1, (8, 16, 8)), (1, (2, 4, 2)), ((1, 3, 2), (16, 32, 8))),
]


@pytest.mark.parametrize('kind', KINDS, ids=str)
@pytest.mark.parametrize('order', ['<', '>'])
def test_every_layout_and_predictor(kind: Any, order: Any) -> None:
    """Strips and tiles, chunky and planar, into fresh, strided and planar memory."""
    formats, widths = kind
    mixed = isinstance(widths, tuple) or isinstance(formats, tuple)
    checked = 0
    for predictor, samples, tile, planar in itertools.product(
        (1, 2, 3, 34892, 34893, 34894, 34895), (1, 3), (0, 16), (1, 2)
    ):
        if mixed and (samples == 1 or planar == 2 or predictor != 1):
            continue
        if predictor in {3, 34894, 34895} and formats != 3:
            continue
        if widths in (1, 128) and predictor != 1:
            continue
        g = Geometry(
            imagewidth=37,
            imagelength=21,
            samplesperpixel=samples,
            planarconfig=planar,
            bitspersample=widths,
            sampleformat=formats,
            tilewidth=tile,
            tilelength=tile,
            rowsperstrip=8,
            compression=8 if predictor > 1 else 1,
            predictor=predictor,
            photometric=1,
            byteorder=order,
        )
        assert g.dtype is not None
        spec = SegmentSpec(g)
        shape = g.stored_shape(0)
        array = values(g.dtype, widths if isinstance(widths, int) else 8, shape)
        if widths == (5, 6, 5):
            # Only values that five and six bits can hold come back.
            array = decoder(spec)(encoder(spec)(array), shape)
        data = encoder(spec)(array)
        if predictor == 1:
            assert len(data) == g.segment_nbytes(0)
        valid = (1, 11, 9, shape[3]) if tile else shape
        expected = array[:, : valid[1], : valid[2]]
        for plain in (False, True):
            with hidden(plain):
                decode = decoder(spec)
                assert decode(data, valid).tobytes() == expected.tobytes(), (predictor, samples)
                image = np.zeros((40, 60, 3), g.dtype)
                planes = np.moveaxis(np.zeros((3, 40, 60), g.dtype), 0, -1)
                for memory in (image, planes):
                    out = memory[3 : 3 + valid[1], 5 : 5 + valid[2], : valid[3]][None]
                    assert decode(data, valid, out) is out
                    assert out.tobytes() == expected.tobytes(), (predictor, samples, tile)
        checked += 1
    assert checked


@pytest.mark.parametrize('order', ['<', '>'])
def test_complex_samples_are_predicted_as_whole_words(order: Any) -> None:
    g = Geometry(
        imagewidth=2, imagelength=1, bitspersample=32, sampleformat=5, compression=8,
        predictor=2, byteorder=order,
    )  # fmt: skip
    # 3 - 1j and 4 + 2j: the carry of the low half goes into the high one.
    low, high = (3, 0xFFFF), (4, 2)
    words = [each[0] | each[1] << 16 for each in (low, high)]
    stored = np.array([words[0], (words[1] - words[0]) % (1 << 32)], f'{order}u4')
    found = decoder(SegmentSpec(g))(zlib.compress(stored.tobytes()), (1, 1, 2, 1))
    assert found.ravel().tolist() == [3 - 1j, 4 + 2j]


def test_predictors_without_meaning_are_refused() -> None:
    g = {'imagewidth': 8, 'imagelength': 8, 'compression': 8, 'photometric': 1}
    for more in (
        {'predictor': 3, 'bitspersample': 16},
        {'predictor': 2, 'bitspersample': 1},
        {'predictor': 7, 'bitspersample': 8},
        {'predictor': 2, 'bitspersample': 128, 'sampleformat': 6},
    ):
        spec = SegmentSpec(Geometry(**g, **more))  # type: ignore[arg-type]
        with pytest.raises(UnsupportedError, match='predictor'):
            decoder(spec)
        with pytest.raises(UnsupportedError, match='predictor'):
            encoder(spec)
    with pytest.raises(UnsupportedError, match='no known type'):
        decoder(SegmentSpec(Geometry(**g, bitspersample=8, sampleformat=3)))  # type: ignore[arg-type]


@pytest.mark.parametrize('pair', [(2, 2), (2, 1), (1, 2), (4, 1), (4, 2), (4, 4)])
@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize('width', [8, 16])
def test_subsampled_ycbcr(pair: tuple[int, int], order: Any, width: int) -> None:
    h, v = pair
    g = Geometry(
        imagewidth=13,
        imagelength=11,
        samplesperpixel=3,
        bitspersample=width,
        photometric=6,
        subsampling=pair,
        compression=5,
        byteorder=order,
    )
    array = np.zeros((1, 11, 13, 3), f'u{width // 8}')
    array[..., 0] = RNG.integers(0, 255, (1, 11, 13))
    rows, columns = -(-11 // v), -(-13 // h)
    chroma = RNG.integers(0, 255, (rows, columns, 2))
    array[0, ..., 1:] = chroma.repeat(v, 0).repeat(h, 1)[:11, :13]
    spec = SegmentSpec(g)
    data = encoder(spec)(array)
    stored = imagecodecs.lzw_decode(data)
    assert len(stored) == g.segment_nbytes(0)
    unit = np.frombuffer(stored, f'{order}u{width // 8}').reshape(rows, columns, h * v + 2)
    np.testing.assert_array_equal(unit[..., -2:], chroma)
    np.testing.assert_array_equal(unit[0, 0, : h * v].reshape(v, h), array[0, :v, :h, 0])
    np.testing.assert_array_equal(decoder(spec)(data, array.shape), array)


def test_planar_chroma_of_half_size_is_repeated() -> None:
    g = Geometry(
        imagewidth=13,
        imagelength=11,
        samplesperpixel=3,
        planarconfig=2,
        bitspersample=8,
        photometric=6,
        subsampling=(2, 2),
    )
    chroma = RNG.integers(0, 255, (6, 7), 'u1')
    result = decoder(SegmentSpec(g))(chroma.tobytes(), (1, 11, 13, 1))
    np.testing.assert_array_equal(result[0, :, :, 0], chroma.repeat(2, 0).repeat(2, 1)[:11, :13])


def test_tiles_cut_at_the_edge() -> None:
    array = RNG.integers(0, 999, (1, 16, 16, 1), 'u2')
    g = Geometry(
        imagewidth=25, imagelength=21, bitspersample=16, tilewidth=16, tilelength=16, photometric=1
    )
    decode = decoder(SegmentSpec(g))
    rows_only = array[:, :5].tobytes()
    np.testing.assert_array_equal(decode(rows_only, (1, 5, 16, 1)), array[:, :5])
    cut = np.ascontiguousarray(array[:, :5, :9])
    np.testing.assert_array_equal(decode(cut.tobytes(), (1, 5, 9, 1)), cut)
    with pytest.raises(FormatError, match='bytes'):
        decode(cut.tobytes()[:-2], (1, 5, 9, 1))


def test_volumes() -> None:
    array = RNG.integers(0, 999, (4, 16, 16, 2), 'u2')
    g = Geometry(
        imagewidth=25,
        imagelength=21,
        imagedepth=6,
        samplesperpixel=2,
        bitspersample=16,
        tilewidth=16,
        tilelength=16,
        tiledepth=4,
        predictor=2,
        compression=8,
        photometric=1,
    )
    spec = SegmentSpec(g)
    data = encoder(spec)(array)
    np.testing.assert_array_equal(decoder(spec)(data, (2, 5, 9, 2)), array[:2, :5, :9])


@pytest.mark.parametrize('predictor', [1, 2, 3])
def test_incomplete_rows_under_predictors(predictor: int) -> None:
    g = Geometry(
        imagewidth=10, imagelength=6, bitspersample=32, sampleformat=3, predictor=predictor,
        photometric=1,
    )  # fmt: skip
    array = RNG.normal(size=(1, 6, 10, 1)).astype('f4')
    spec = SegmentSpec(g)
    data = encoder(spec)(array)[: 3 * 40 + 18]
    out = decoder(spec, on_short='fill', nodata=np.nan)(data, array.shape)
    np.testing.assert_array_equal(out[:, :3], array[:, :3])
    whole = 0 if predictor == 3 else 4
    np.testing.assert_array_equal(out[0, 3, :whole], array[0, 3, :whole])
    assert np.isnan(out[0, 3, whole:]).all()
    assert np.isnan(out[0, 4:]).all()


def test_out_of_another_type_is_cast() -> None:
    g = Geometry(imagewidth=4, imagelength=3, bitspersample=16, byteorder='>', photometric=1)
    array = np.arange(12, dtype='u2').reshape(1, 3, 4, 1)
    out = np.zeros((1, 3, 4, 1), '>f8')
    decoder(SegmentSpec(g))(encoder(SegmentSpec(g))(array), array.shape, out)
    np.testing.assert_array_equal(out, array)


def test_decoders_work_in_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    g = Geometry(
        imagewidth=64, imagelength=64, bitspersample=16, tilewidth=32, tilelength=32, predictor=2,
        compression=8, photometric=1,
    )  # fmt: skip
    spec = SegmentSpec(g)
    tiles = [RNG.integers(0, 99, (1, 32, 32, 1), 'u2') for _ in range(40)]
    data = [encoder(spec)(tile) for tile in tiles]
    decode = decoder(spec)
    with ThreadPoolExecutor(4) as pool:
        for found, tile in zip(
            pool.map(lambda d: decode(d, (1, 32, 32, 1)), data), tiles, strict=True
        ):
            np.testing.assert_array_equal(found, tile)
