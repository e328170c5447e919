"""Lists of tables: walking them by steps and by guesses gives the same, and always ends."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy
import pytest

from tiffschema.compiler.linked import LinkedTables, Walk, gather


def tables(order: str, **kwargs: int) -> LinkedTables:
    kinds = (numpy.dtype(f'{order}u2'), numpy.dtype('V12'), numpy.dtype(f'{order}u4'))
    return LinkedTables(*kinds, **kwargs)


def layout(order: str, places: list[int], rows: list[int], links: list[int], size: int) -> bytes:
    data = bytearray(size)
    word = 'little' if order == '<' else 'big'
    for place, count, link in zip(places, rows, links, strict=True):
        data[place : place + 2] = count.to_bytes(2, word)
        at = place + 2 + 12 * count
        data[at : at + 4] = link.to_bytes(4, word)
    return bytes(data)


def naive(order: str, data: bytes, first: int) -> list[int]:
    word = 'little' if order == '<' else 'big'
    found: list[int] = []
    while first and first not in found and first + 2 <= len(data):
        count = int.from_bytes(data[first : first + 2], word)
        at = first + 2 + 12 * count
        if count > 4096 or at + 4 > len(data):
            break
        found.append(first)
        first = int.from_bytes(data[at : at + 4], word)
    return found


@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize('seed', range(12))
def test_same_as_step_by_step(order: str, seed: int) -> None:
    rng = random.Random(seed)
    places, rows = [], []
    place = 8
    while len(places) < 3000:
        # Stretches at one stride, broken now and then.
        stride = rng.choice([64, 80, 200])
        count = rng.choice([1, 2, 3])
        for _ in range(rng.choice([1, 5, 40, 700])):
            places.append(place)
            rows.append(count)
            place += stride
        place += rng.randrange(0, 50)
    links = [*places[1:], 0]
    if seed % 3 == 1:  # some lists lead back
        links[-1] = rng.choice(places)
    elif seed % 3 == 2:  # and some jump about
        order_of = list(range(len(places)))
        rng.shuffle(order_of)
        for i, j in pairwise(order_of):
            links[i] = places[j]
        links[order_of[-1]] = 0
    data = layout(order, places, rows, links, place + 100)
    lists = tables(order)
    walk = Walk(8, [], [])
    reason = lists.walk(memoryview(data), 0, walk, 1 << 40)
    assert walk.offsets == naive(order, data, 8)
    assert reason == ('repeats' if seed % 3 == 1 else 'end')
    assert walk.counts == [rows[places.index(offset)] for offset in walk.offsets]
    # In portions, from a buffer that starts elsewhere.
    again = Walk(8, [], [])
    for wanted in range(100, 10_000, 137):
        if lists.walk(memoryview(data)[8:], 8, again, wanted) != 'more':
            break
    assert again.offsets == walk.offsets


@pytest.mark.parametrize(('link', 'reason'), [(5000, 'outside'), (8, 'repeats'), (100, 'count')])
def test_ends_for_a_reason(link: int, reason: str) -> None:
    data = bytearray(layout('<', [8, 50], [1, 2], [50, link], 300))
    data[100:102] = b'\xff\xff'
    walk = Walk(8, [], [])
    assert tables('<').walk(memoryview(data), 0, walk, 99) == reason
    assert walk.offsets == [8, 50]
    assert walk.next == link


def test_limit() -> None:
    places = list(range(8, 8 + 20 * 500, 20))
    data = layout('<', places, [1] * 500, [*places[1:], 0], 11_000)
    walk = Walk(8, [], [])
    assert tables('<').walk(memoryview(data), 0, walk, 10_000, 123) == 'limit'
    assert len(walk.offsets) == 123


def test_forward_link_to_a_table_met_while_going_back() -> None:
    # 8 -> 200 -> 100 -> 300 -> 200: the set of visited tables must know 300's forerunners.
    data = layout('<', [8, 200, 100, 300, 400], [1] * 5, [200, 100, 300, 400, 300], 500)
    walk = Walk(8, [], [])
    assert tables('<').walk(memoryview(data), 0, walk, 99) == 'repeats'
    assert walk.offsets == [8, 200, 100, 300, 400]


def test_gather() -> None:
    data = memoryview(bytes(range(200)))
    kind = numpy.dtype('>u2')
    assert gather(data, kind, numpy.array([0, 10, 20])).tolist() == [1, 2571, 5141]
    assert gather(data, kind, numpy.array([5, 1, 90, 1])).tolist() == [1286, 258, 23131, 258]
    assert gather(data, kind, numpy.array([198])).tolist() == [50887]
    assert len(gather(data, kind, numpy.array([], numpy.int64))) == 0
    for bad in ([199], [-1], [0, 1, 500]):
        with pytest.raises(IndexError):
            gather(data, kind, numpy.array(bad))
