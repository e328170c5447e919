"""PixarLog: companding, both ways, against imagecodecs, damage and bombs."""

from __future__ import annotations

import contextlib
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tiffschema.codecs import pixarlog
from tiffschema.errors import FormatError, TiffSchemaError, TruncatedError, UnsupportedError

SHAPE = (1, 16, 20, 3)


def spec(dtype: str, byteorder: str = '<') -> Any:
    geometry = SimpleNamespace(dtype=np.dtype(dtype), byteorder=byteorder)
    return SimpleNamespace(geometry=geometry, options={})


def page(dtype: str) -> np.ndarray:
    random = np.random.default_rng(0)
    if dtype.startswith('f'):
        return (random.random(SHAPE) * 20).astype(dtype)
    return random.integers(0, np.iinfo(dtype).max + 1, SHAPE).astype(dtype)


def test_known_codes() -> None:
    words = np.array([[[[0], [250], [1000], [797]]]], '<u2')  # codes 0, 250, 1250, 2047
    got = pixarlog.decode(zlib.compress(words.tobytes()), spec('f4'), (1, 1, 4, 1), None)
    assert got.ravel().tolist() == pytest.approx([0, 0.0183156, 1.0, 24.2399], rel=1e-4)
    got = pixarlog.decode(zlib.compress(words.tobytes()), spec('u1'), (1, 1, 4, 1), None)
    assert got.ravel().tolist() == [0, 5, 255, 255]


@pytest.mark.parametrize('byteorder', ['<', '>'])
@pytest.mark.parametrize('dtype', ['u1', 'u2', 'f4', 'f8'])
def test_both_ways(dtype: str, byteorder: str) -> None:
    array = page(dtype)
    data = pixarlog.encode(array, spec(dtype, byteorder), {'level': 9})
    got = pixarlog.decode(data, spec(dtype, byteorder), SHAPE, None)
    assert got.dtype == dtype
    if dtype == 'u1':
        assert np.array_equal(got, array)
    assert np.allclose(got, array, rtol=0.003, atol=64 if dtype == 'u2' else 1e-4)
    again = pixarlog.encode(got, spec(dtype, byteorder), {})
    assert np.array_equal(pixarlog.decode(again, spec(dtype, byteorder), SHAPE, None), got)


@pytest.mark.parametrize('dtype', ['u1', 'u2', 'f4'])
def test_agrees_with_imagecodecs(dtype: str) -> None:
    imagecodecs = pytest.importorskip('imagecodecs', reason='imagecodecs: the other decoder')
    array = page(dtype)
    for data in (imagecodecs.pixarlog_encode(array[0]), pixarlog.encode(array, spec(dtype), {})):
        expected = imagecodecs.pixarlog_decode(data, shape=SHAPE[1:], dtype=dtype)
        assert np.array_equal(pixarlog.decode(data, spec(dtype), SHAPE, None)[0], expected)


def test_damage() -> None:
    data = pixarlog.encode(page('u1'), spec('u1'), {})
    with pytest.raises(TruncatedError):
        pixarlog.decode(data[:50], spec('u1'), SHAPE, None)
    with pytest.raises(FormatError):
        pixarlog.decode(b'garbage', spec('u1'), SHAPE, None)
    assert pixarlog.salvage(data[:50], spec('u1'), SHAPE).shape == SHAPE
    with pytest.raises(UnsupportedError):
        pixarlog.decode(data, spec('i4'), SHAPE, None)


def test_a_bomb_yields_no_more_than_expected() -> None:
    bomb = zlib.compress(bytes(50_000_000))
    assert not pixarlog.decode(bomb, spec('u1'), (1, 2, 2, 1), None).any()


def test_hostile_data_ends_with_documented_errors() -> None:
    random = np.random.default_rng(1)
    valid = pixarlog.encode(page('u1'), spec('u1'), {})
    for _ in range(100):
        mutant = bytearray(valid)
        mutant[random.integers(len(mutant))] ^= 1 << random.integers(8)
        with contextlib.suppress(TiffSchemaError):
            pixarlog.decode(bytes(mutant), spec('u1'), SHAPE, None)
