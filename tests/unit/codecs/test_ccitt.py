"""CCITT bilevel codecs: vectors made by hand, both ways, damage, hostile data."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tiffschema.codecs import ccitt, ccitt_codes, ccitt_encode
from tiffschema.errors import FormatError, TiffSchemaError, TruncatedError, UnsupportedError

PAIRS = {
    'rle': (ccitt_encode.encode_rle, ccitt.decode_rle, ccitt.salvage_rle),
    'rlew': (ccitt_encode.encode_rlew, ccitt.decode_rlew, ccitt.salvage_rlew),
    't4': (ccitt_encode.encode_t4, ccitt.decode_t4, ccitt.salvage_t4),
    't6': (ccitt_encode.encode_t6, ccitt.decode_t6, ccitt.salvage_t6),
}


def spec(**options: Any) -> Any:
    return SimpleNamespace(options=options)


def bits(*words: str) -> bytes:
    text = ''.join(words)
    text += '0' * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, 'big')


def picture(height: int, width: int, density: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    rows = random.random((height, width)) < density
    # Rows that resemble the one above use vertical and pass modes.
    for y in range(1, height, 2):
        rows[y] = rows[y - 1] ^ (random.random(width) < 0.02)
    return rows.reshape(1, height, width, 1)


W, B, M, EOL = ccitt_codes.WHITE, ccitt_codes.BLACK, ccitt_codes.MODES, ccitt_codes.EOL


def test_one_dimensional_rows_begin_on_bytes() -> None:
    row = W[2] + B[3] + W[1]
    data = bits(row) + bits(W[0], B[6])
    got = ccitt.decode_rle(data, spec(), (1, 2, 6, 1), None)
    assert got.dtype == bool
    assert got[0, :, :, 0].astype(int).tolist() == [[0, 0, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]]


def test_word_aligned_rows_begin_on_16_bits() -> None:
    first = bits(W[6])
    assert len(first) == 1
    data = first + b'\0' + bits(W[0], B[6])
    got = ccitt.decode_rlew(data, spec(), (1, 2, 6, 1), None)
    assert got[0, :, :, 0].any(1).tolist() == [False, True]


def test_t6_modes_by_hand() -> None:
    # Row 0: 4 white, 3 black, 3 white. Row 1: change one to the right, then at the same place.
    # Row 2: pass over the run above, all white.
    data = bits(
        M['horizontal'], W[4], B[3], M['V0'], M['VR1'], M['V0'], M['V0'], M['pass'], M['V0']
    )
    got = ccitt.decode_t6(data, spec(), (1, 3, 10, 1), None)[0, :, :, 0].astype(int)
    assert got.tolist() == [
        [0, 0, 0, 0, 1, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 1, 0, 0, 0],
        [0] * 10,
    ]


def test_runs_of_no_length_count_as_changes_of_the_row_above() -> None:
    above = (M['horizontal'], W[0], B[0], M['horizontal'], W[3], B[2], M['V0'])
    below = (M['pass'], M['horizontal'], W[1], B[1], M['pass'], M['V0'])
    data = bits(*above, *below)
    got = ccitt.decode_t6(data, spec(), (1, 2, 8, 1), None)[0, :, :, 0].astype(int)
    assert got.tolist() == [[0, 0, 0, 1, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]]


def test_makeup_codes_add_up() -> None:
    width = 2560 + 2560 + 1792 + 63
    black = np.ones((1, 1, width, 1), bool)
    for encode, decode, _ in PAIRS.values():
        data = encode(black, spec(), {})
        assert decode(data, spec(), black.shape, None).all()


@pytest.mark.parametrize('codec', PAIRS)
@pytest.mark.parametrize('options', [0, 1, 4, 5])
@pytest.mark.parametrize(
    ('height', 'width', 'density'), [(1, 1, 0.5), (5, 7, 0.5), (40, 64, 0.1), (23, 1729, 0.02)]
)
def test_both_ways(codec: str, options: int, height: int, width: int, density: float) -> None:
    encode, decode, salvage = PAIRS[codec]
    page = picture(height, width, density, height * width)
    data = encode(page, spec(t4options=options), {})
    got = decode(data, spec(t4options=options), page.shape, None)
    assert np.array_equal(got, page)
    assert np.array_equal(salvage(data, spec(t4options=options), page.shape), page)


def test_encoders_agree_with_an_independent_decoder() -> None:
    imagecodecs = pytest.importorskip('imagecodecs', reason='imagecodecs: the other decoder')
    page = picture(40, 70, 0.2, 5)
    expected = page[0, :, :, 0]
    for got in (
        imagecodecs.ccittrle_decode(ccitt_encode.encode_rle(page, spec(), {}), 40, 70),
        imagecodecs.ccittfax4_decode(ccitt_encode.encode_t6(page, spec(), {}), 40, 70),
        *(
            imagecodecs.ccittfax3_decode(
                ccitt_encode.encode_t4(page, spec(t4options=options), {}),
                40,
                70,
                t4options=options,
            )
            for options in (0, 1, 4, 5)
        ),
    ):
        assert np.array_equal(got.astype(bool), expected)


def test_volume_is_rows_after_rows() -> None:
    page = picture(12, 9, 0.3, 1).reshape(3, 4, 9, 1)
    data = ccitt_encode.encode_t6(page, spec(), {})
    assert np.array_equal(ccitt.decode_t6(data, spec(), page.shape, None), page)


def test_t4_without_end_of_line_codes() -> None:
    got = ccitt.decode_t4(bits(W[2], B[2], W[2], B[2]), spec(), (1, 2, 4, 1), None)
    assert got[0, :, :, 0].astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]


def test_t4_accepts_fill_that_no_option_announced() -> None:
    data = bits('0000', EOL, W[2], B[2], '0' * 21, EOL, W[4])
    got = ccitt.decode_t4(data, spec(), (1, 2, 4, 1), None)
    assert got[0, :, :, 0].astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 0, 0]]


def test_t4_ends_at_return_to_control() -> None:
    data = bits(EOL, W[2], B[2], EOL * 6, EOL, W[0], B[4])
    with pytest.raises(TruncatedError):
        ccitt.decode_t4(data, spec(), (1, 2, 4, 1), None)
    got = ccitt.salvage_t4(data, spec(), (1, 2, 4, 1))
    assert got[0, :, :, 0].astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 0, 0]]


def test_t4_resumes_after_a_bad_row() -> None:
    bad = '0' * 9 + '11'
    data = bits(EOL, W[1], B[3], EOL, W[2], bad, EOL, W[0], B[4])
    with pytest.raises(FormatError, match='row 1'):
        ccitt.decode_t4(data, spec(), (1, 3, 4, 1), None)
    got = ccitt.salvage_t4(data, spec(), (1, 3, 4, 1))[0, :, :, 0].astype(int)
    assert got[0].tolist() == [0, 1, 1, 1]
    assert got[2].tolist() == [1, 1, 1, 1]


def test_uncompressed_mode_is_named() -> None:
    data = bits(M['V0'], M['extension2d'], '111', '1' * 20)
    with pytest.raises(UnsupportedError, match='uncompressed mode'):
        ccitt.decode_t6(data, spec(), (1, 2, 8, 1), None)


def test_truncated_t6_keeps_what_came_before() -> None:
    page = picture(64, 64, 0.2, 9)
    data = ccitt_encode.encode_t6(page, spec(), {})
    with pytest.raises(FormatError):
        ccitt.decode_t6(data[: len(data) // 2], spec(), page.shape, None)
    got = ccitt.salvage_t6(data[: len(data) // 2], spec(), page.shape)
    assert np.array_equal(got[0, :20], page[0, :20])


def test_samples_per_pixel_must_be_one() -> None:
    with pytest.raises(UnsupportedError, match='one sample'):
        ccitt.decode_t6(b'\0', spec(), (1, 2, 8, 3), None)


@pytest.mark.parametrize('codec', PAIRS)
def test_hostile_data_ends_with_documented_errors(codec: str) -> None:
    encode, decode, salvage = PAIRS[codec]
    random = np.random.default_rng(1)
    page = picture(20, 50, 0.3, 2)
    for options in (0, 1, 4):
        valid = bytearray(encode(page, spec(t4options=options), {}))
        cases = [b'', b'\0' * 999, b'\xff' * 999, b'\x80' * 999, b'\0\1' * 500]
        cases += [random.bytes(200) for _ in range(40)]
        for _ in range(40):
            mutant = bytearray(valid)
            mutant[random.integers(len(mutant))] ^= 1 << random.integers(8)
            cases.append(bytes(mutant))
        for case in cases:
            with contextlib.suppress(TiffSchemaError):
                decode(case, spec(t4options=options), page.shape, None)
            assert salvage(case, spec(t4options=options), page.shape).shape == page.shape
