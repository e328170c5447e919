"""Decoded segments that are kept for region reads."""

from __future__ import annotations

import random
import threading

import numpy as np

from tiffschema.runtime.tilecache import SegmentCache

MIB = 1 << 20


def filled(cache: SegmentCache, key: int, nbytes: int = 100_000) -> np.ndarray:
    """Keep a segment whose samples are its key."""
    tile = np.full((nbytes // 100, 50), key, 'u2')
    cache.put(key, tile)
    return tile


def test_a_cache_holds_no_more_than_its_limit() -> None:
    cache = SegmentCache(4 * MIB)
    for key in range(200):
        filled(cache, key)
        assert cache.nbytes <= cache.limit
    kept = [tile for tile in cache.find(range(200)) if tile is not None]
    assert 30 <= len(kept) == len(cache) <= 42
    assert all(
        (tile == key).all() for key, tile in zip(range(200 - len(kept), 200), kept, strict=True)
    )


def test_segments_of_all_sizes_are_kept() -> None:
    cache = SegmentCache(16 * MIB)
    rng = random.Random(5)
    sizes = {key: rng.choice([100, 5_000, 70_000, 100_000, MIB, 3 * MIB]) for key in range(400)}
    for key, nbytes in sizes.items():
        filled(cache, key, nbytes)
        assert cache.nbytes <= cache.limit
    for key, tile in enumerate(cache.find(range(400))):
        assert tile is None or (tile == key).all()
    (last,) = cache.find([399])
    assert last is not None


def test_nothing_is_kept_without_a_limit() -> None:
    cache = SegmentCache(0)
    filled(cache, 1)
    assert cache.find([1]) == [None]


def test_threads_never_see_what_others_write() -> None:
    cache = SegmentCache(3 * MIB)
    wrong: list[int] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(300):
            key = rng.randrange(60)
            (tile,) = cache.find([key])
            if tile is None:
                filled(cache, key)
            elif not (tile == key).all():
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
