"""Records of counted texts: split where the second repeats, or walked, with the same result."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from tiffschema.compiler.counted import CountedRecords

RECORDS = CountedRecords(np.dtype('<u4'), 2, np.dtype([('a', '<u4'), ('b', '<u4', (7,))]))


def expected(data: bytes) -> tuple[list[bytes], list[bytes], bytes, int]:
    """Return texts, names, fields and the end, record by record."""
    texts, names, fields, stop = [], [], b'', 0
    while stop < len(data):
        found, at = [], stop
        for _ in range(2):
            if at + 4 > len(data):
                return texts, names, fields, stop
            (size,) = struct.unpack_from('<I', data, at)
            found.append(data[at + 4 : at + 4 + size])
            at += 4 + size
        if at + 32 > len(data) or not found[0]:
            break
        texts.append(found[0])
        names.append(found[1])
        fields += data[at : at + 32]
        stop = at + 32
    return texts, names, fields, stop


def made(chance: random.Random, count: int) -> bytes:
    """Return records: names repeat more or less, some texts are empty or hold a name."""
    names = [b'n%d' % number for number in range(chance.choice([1, 2, 5]))]
    change = chance.choice([0, 0.001, 0.5])
    name, parts = names[0], []
    for _ in range(count):
        if chance.random() < change:
            name = chance.choice(names)
        text = b'{"t":%d}' % chance.randrange(10 ** chance.randrange(1, 5))
        if chance.random() < 0.0005:
            text = b''
        elif chance.random() < 0.01:
            text = struct.pack('<I', len(name)) + name
        parts += [struct.pack('<I', len(text)), text, struct.pack('<I', len(name)), name]
        parts.append(chance.randbytes(32))
    return b''.join(parts)


@pytest.mark.parametrize('seed', range(60))
def test_records_are_those_of_a_walk(seed: int) -> None:
    chance = random.Random(seed)
    data = made(chance, chance.choice([0, 1, 5, 300, 2000]))
    if chance.random() < 0.3:
        data = data[: chance.randrange(len(data) + 1)]
    elif chance.random() < 0.4 and data:
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        data = bytes(changed)
    elif chance.random() < 0.3:
        data += bytes(100)
    table = RECORDS.walk(data)
    assert (*table.texts, table.fields.tobytes(), table.stop) == expected(data)


def test_counts_beyond_the_data_end_the_walk() -> None:
    data = made(random.Random(1), 3)
    cut = RECORDS.walk(data).stop
    assert RECORDS.walk(data + b'\xff' * 50).stop == cut
    assert RECORDS.walk(b'\xff' * 8).stop == 0
