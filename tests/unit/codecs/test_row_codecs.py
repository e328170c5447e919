"""NeXT, ThunderScan and SGILog: vectors made by hand, both ways, damage, hostile data."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tiffschema.codecs import nextrle, sgilog, thunderscan
from tiffschema.errors import FormatError, TiffSchemaError, TruncatedError, UnsupportedError


def spec(width: int, bits: int = 2, samples: int = 1, dtype: str = 'u1') -> Any:
    geometry = SimpleNamespace(
        bitspersample=bits, segment_shape=(1, 1, width, samples), dtype=np.dtype(dtype)
    )
    return SimpleNamespace(geometry=geometry, options={})


class TestNext:
    def test_runs(self) -> None:
        data = bytes([0b11_000011, 0b01_000010])
        assert nextrle.decode(data, spec(5), 2, None) == bytes([0b11111101, 0b01_111111])

    def test_literal_row_and_span(self) -> None:
        data = bytes([0, 1, 2]) + bytes([0x40, 0, 1, 0, 1, 7])
        assert nextrle.decode(data, spec(8), 4, None) == bytes([1, 2, 0xFF, 7])

    def test_span_outside_the_row_is_damage(self) -> None:
        with pytest.raises(FormatError):
            nextrle.decode(bytes([0x40, 0, 2, 0, 1, 7]), spec(8), 2, None)

    def test_both_ways(self) -> None:
        random = np.random.default_rng(0)
        for width in (1, 4, 7, 200):
            samples = np.repeat(random.integers(0, 4, (9, width)), 3, axis=1)[:, :width]
            padded = np.full((9, -(-width // 4) * 4), 3)
            padded[:, :width] = samples
            packed = (padded.reshape(9, -1, 4) @ [64, 16, 4, 1]).astype('u1')
            data = nextrle.encode(packed, spec(width), {})
            got = np.frombuffer(nextrle.decode(data, spec(width), packed.size, None), 'u1')
            assert np.array_equal(got.reshape(packed.shape), packed)

    def test_truncated(self) -> None:
        with pytest.raises(TruncatedError, match='row 1'):
            nextrle.decode(bytes([0, 1, 2, 0, 1]), spec(8), 4, None)
        assert nextrle.salvage(bytes([0, 1, 2, 0, 1]), spec(8), 4)[:3] == bytes([1, 2, 1])

    def test_other_depths_are_unsupported(self) -> None:
        with pytest.raises(UnsupportedError, match='2 bits'):
            nextrle.decode(b'', spec(8, bits=4), 4, None)


class TestThunderScan:
    def test_each_code(self) -> None:
        # pixel 5; run of 2; deltas +1, skip, -1; deltas +3, -3.
        data = bytes([0xC5, 2, 0b01_01_10_11, 0b10_011_101])
        got = thunderscan.decode(data, spec(7, bits=4), 4, None)
        assert got == bytes([0x55, 0x56, 0x58, 0x50])

    def test_run_of_nothing_ends(self) -> None:
        with pytest.raises(TruncatedError):
            thunderscan.decode(bytes(1000), spec(7, bits=4), 4, None)

    def test_row_too_long_is_damage(self) -> None:
        with pytest.raises(FormatError, match='row 0 has 9'):
            thunderscan.decode(bytes([9]), spec(7, bits=4), 4, None)
        assert thunderscan.salvage(bytes([9]), spec(7, bits=4), 4) == bytes(4)

    def test_both_ways(self) -> None:
        random = np.random.default_rng(0)
        for width in (1, 2, 7, 200):
            walk = random.integers(-2, 3, (9, width)) * (random.random((9, width)) < 0.4)
            samples = (np.cumsum(walk, axis=1) + 7) & 15
            padded = np.zeros((9, -(-width // 2) * 2), int)
            padded[:, :width] = samples
            packed = (padded[:, ::2] << 4 | padded[:, 1::2]).astype('u1')
            data = thunderscan.encode(packed, spec(width, bits=4), {})
            got = thunderscan.decode(data, spec(width, bits=4), packed.size, None)
            assert np.array_equal(np.frombuffer(got, 'u1').reshape(packed.shape), packed)


class TestSgiLog:
    def test_l16_planes_of_bytes(self) -> None:
        # High bytes: a run of three 0x40; low bytes: three literals.
        data = bytes([128 + 1, 0x40, 3, 1, 2, 3])
        got = sgilog.decode(data, spec(3, 16, dtype='i2'), (1, 1, 3, 1), None)
        assert got.dtype == np.int16
        assert got.ravel().tolist() == [0x4001, 0x4002, 0x4003]

    def test_luminance(self) -> None:
        got = sgilog.luminance(np.array([0, 64 * 256, -1, 0xC000 - 65536], 'i2'))
        assert got[0] == 0
        assert got[1] == pytest.approx(2 ** (0.5 / 256))
        assert got[2] < -1e19
        assert got[3] == -got[1]

    @pytest.mark.parametrize('samples', [1, 3])
    def test_stored_values_both_ways(self, samples: int) -> None:
        random = np.random.default_rng(3)
        random_codes = random.integers(0, 2**16, (1, 6, 300, samples))
        page = np.repeat(random_codes, 2, axis=2).astype('u2').view('i2')
        if samples == 3:
            # Chroma takes the 256 values that 8 bits hold.
            chroma = (random.integers(0, 256, (1, 6, 600, 2)) + 0.5) / 410 * 32768
            page[..., 1:] = chroma.astype('i2')
        data = sgilog.encode(page, spec(600), {})
        got = sgilog.decode(data, spec(600, 16, samples, 'i2'), page.shape, None)
        assert np.array_equal(got, page)

    def test_runs_of_every_length(self) -> None:
        for length in [*range(1, 12), 127, 128, 129, 130, 131, 132, 258, 259, 260, 300]:
            page = np.full((1, 1, length + 2, 1), 0x1234, 'i2')
            page[0, 0, [0, -1]] = 7
            data = sgilog.encode(page, spec(1), {})
            got = sgilog.decode(data, spec(1, 16, 1, 'i2'), page.shape, None)
            assert np.array_equal(got, page)

    @pytest.mark.parametrize('codec', ['32', '24'])
    def test_light_is_kept_within_the_steps(self, codec: str) -> None:
        xyz = np.array([[0.95, 1.0, 1.09], [0.2, 0.1, 0.02], [3.0, 2.5, 4.0]], 'f4')
        page = np.broadcast_to(xyz, (1, 2, 3, 3)).copy()
        encode, decode = {
            '32': (sgilog.encode, sgilog.decode),
            '24': (sgilog.encode24, sgilog.decode24),
        }[codec]
        data = encode(page, spec(3), {})
        got = decode(data, spec(3, 32, 3, 'f4'), page.shape, None)
        assert got.dtype == np.float32
        assert np.allclose(got, page, rtol={'32': 0.06, '24': 0.12}[codec], atol=0.01)
        shown = decode(data, spec(3, 8, 3, 'u1'), page.shape, None)
        assert shown.dtype == np.uint8
        assert shown[0, 0, 0].min() > 225

    def test_24_bit_cells(self) -> None:
        data = bytes([0, 0, 0, 0, 0x3F, 0xFF])
        got = sgilog.decode24(data, spec(2, 16, 3, 'i2'), (1, 1, 2, 3), None)
        assert got[0, 0, 0].tolist() == [13314, 8172, 612]
        assert got[0, 0, 1, 1:].tolist() == [6898, 15521]

    def test_truncated(self) -> None:
        page = np.arange(64, dtype='i2').reshape(1, 4, 16, 1)
        data = sgilog.encode(page, spec(16), {})
        with pytest.raises(TruncatedError):
            sgilog.decode(data[:-5], spec(16, 16, 1, 'i2'), page.shape, None)
        got = sgilog.salvage(data[:-5], spec(16, 16, 1, 'i2'), page.shape)
        assert np.array_equal(got[:, :3], page[:, :3])
        with pytest.raises(TruncatedError):
            sgilog.decode24(b'\1\2\3', spec(16, 16, 3, 'i2'), (1, 1, 2, 3), None)

    def test_samples_and_types(self) -> None:
        with pytest.raises(UnsupportedError):
            sgilog.decode(b'', spec(1, 16, 2, 'i2'), (1, 1, 1, 2), None)
        with pytest.raises(UnsupportedError):
            sgilog.decode(b'\1\1\1\1', spec(1, 32, 1, 'u4'), (1, 1, 1, 1), None)


def test_hostile_data_ends_with_documented_errors() -> None:
    random = np.random.default_rng(1)
    cases = [b'', bytes(500), b'\xff' * 500, b'\x80' * 500, b'\x40' * 500]
    cases += [random.bytes(300) for _ in range(60)]
    for case in cases:
        with contextlib.suppress(TiffSchemaError):
            nextrle.decode(case, spec(40), 200, None)
        with contextlib.suppress(TiffSchemaError):
            thunderscan.decode(case, spec(40, bits=4), 400, None)
        with contextlib.suppress(TiffSchemaError):
            sgilog.decode(case, spec(40, 16, 1, 'i2'), (1, 10, 40, 1), None)
        with contextlib.suppress(TiffSchemaError):
            sgilog.decode(case, spec(40, 16, 3, 'f4'), (1, 10, 40, 3), None)
        assert len(nextrle.salvage(case, spec(40), 200)) <= 200
        assert len(thunderscan.salvage(case, spec(40, bits=4), 400)) <= 400
        assert sgilog.salvage(case, spec(4, 16, 1, 'i2'), (1, 9, 4, 1)).shape == (1, 9, 4, 1)
        assert sgilog.salvage24(case, spec(4, 16, 3, 'i2'), (1, 9, 4, 3)).shape == (1, 9, 4, 3)
