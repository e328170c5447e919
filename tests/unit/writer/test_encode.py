"""Encoding ahead: order, bounds, errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tiffschema.writer.encode import default_workers, encode_ahead


def arrays(count: int) -> Iterator[np.ndarray]:
    for index in range(count):
        yield np.full((1, 4, 4, 1), index % 251, 'u1')


@pytest.mark.parametrize('workers', [0, 2, 5])
@pytest.mark.parametrize('nbytes', [16, 1 << 20])
def test_order_and_bytes_pass(workers: int, nbytes: int) -> None:
    def encode(array: np.ndarray) -> bytes:
        time.sleep(0.0005 * (int(array.flat[0]) % 3))
        return array.tobytes()

    source = [*arrays(200), b'raw', None, *arrays(3)]
    found = list(encode_ahead(source, encode, workers=workers, count=len(source), nbytes=nbytes))
    assert found == [i.tobytes() if isinstance(i, np.ndarray) else i for i in source]


def test_memory_is_bounded() -> None:
    waiting = 0
    most = 0
    lock = threading.Lock()

    def source() -> Iterator[np.ndarray]:
        nonlocal waiting, most
        for array in arrays(300):
            with lock:
                waiting += 1
                most = max(most, waiting)
            yield array

    for _ in encode_ahead(
        source(), lambda a: a.tobytes(), workers=2, count=300, nbytes=1 << 20, buffersize=4 << 20
    ):
        with lock:
            waiting -= 1
    assert most <= 6


@pytest.mark.parametrize('workers', [0, 3])
def test_errors_come_through(workers: int) -> None:
    def encode(array: np.ndarray) -> bytes:
        if array.flat[0] == 7:
            raise ValueError('seven')
        return b''

    with pytest.raises(ValueError, match='seven'):
        list(encode_ahead(arrays(50), encode, workers=workers, count=50, nbytes=1 << 20))


@pytest.mark.parametrize('workers', [0, 2, 3])
def test_what_came_before_an_error_comes_first(workers: int) -> None:
    def source() -> Iterator[np.ndarray]:
        yield from arrays(9)
        raise ValueError('ends')

    found: list[object] = []
    encoded = encode_ahead(
        source(), lambda a: a.tobytes(), workers=workers, count=50, nbytes=1 << 20
    )
    with pytest.raises(ValueError, match='ends'):
        found.extend(encoded)
    assert found == [a.tobytes() for a in arrays(9)]


def test_the_caller_encodes_too() -> None:
    seen: set[str] = set()
    both = threading.Barrier(2, timeout=10)

    def encode(array: np.ndarray) -> bytes:
        name = threading.current_thread().name
        if name not in seen:
            seen.add(name)
            both.wait()
        return b''

    list(encode_ahead(arrays(8), encode, workers=2, count=8, nbytes=1 << 20))
    assert threading.current_thread().name in seen
    assert len(seen) == 2


def test_number_of_workers() -> None:
    assert default_workers(None, 1, 1 << 24) == 0
    assert default_workers(8, 100, 10) == 0
    assert default_workers(8, 100, 1 << 20) == 8
    assert default_workers(1, 100, 1 << 20) == 0
