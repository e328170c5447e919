"""Declarations in the style of published construct ones, compiled and compared on random bytes."""

from __future__ import annotations

import random
from typing import Any

import numpy
import pytest

from tiffschema.compiler.library import Schema, schemas
from tiffschema.compiler.targets.record import Record
from tiffschema.errors import FormatError, SchemaError

construct = pytest.importorskip('construct', reason='construct: the extra "construct" is absent')
from construct import (  # noqa: E402
    Array,
    BitsInteger,
    BitStruct,
    Bytes,
    Check,
    Computed,
    Const,
    CString,
    Default,
    Enum,
    ExprAdapter,
    FixedSized,
    Flag,
    FlagsEnum,
    Float32b,
    Float64l,
    GreedyBytes,
    GreedyRange,
    If,
    IfThenElse,
    Int8sb,
    Int8ub,
    Int8ul,
    Int16sl,
    Int16ub,
    Int16ul,
    Int24ub,
    Int32ub,
    Int32ul,
    Int64ul,
    LazyBound,
    Optional,
    PaddedString,
    Padding,
    PascalString,
    Pointer,
    Prefixed,
    Rebuild,
    RepeatUntil,
    Select,
    Sequence,
    Struct,
    Switch,
    Union,
    VarInt,
    len_,
    obj_,
    this,
)

BITMAP = Struct(
    'signature' / Const(b'BM'),
    'file_size' / Int32ul,
    Padding(4),
    'data_offset' / Int32ul,
    'header_size' / Int32ul,
    'header' / Switch(
        this.header_size,
        {
            12: Struct('width' / Int16ul, 'height' / Int16ul, 'planes' / Int16ul, 'bpp' / Int16ul),
            40: Struct(
                'width' / Int32ul, 'height' / Int32ul, 'planes' / Int16ul, 'bpp' / Int16ul,
                'compression' / Enum(Int32ul, none=0, rle8=1, rle4=2, bitfields=3),
                'image_size' / Int32ul, Padding(8), 'colors' / Int32ul, 'important' / Int32ul,
            ),
        },
    ),
)  # fmt: skip

BOOT_RECORD = Struct(
    'bootloader' / Bytes(16),
    'partitions' / Array(
        4,
        Struct(
            'state' / Enum(Int8ub, inactive=0x00, active=0x80),
            'begin'
            / BitStruct('head' / BitsInteger(8), 'sect' / BitsInteger(6), 'cyl' / BitsInteger(2)),
            'type' / Enum(Int8ub, empty=0, fat12=1, fat16=4, linux=0x83),
            'ending' / BitStruct(Padding(4), 'flag' / Flag, 'rest' / BitsInteger(11)),
            'offset' / Int32ub,
            'length' / Int32ub,
        ),
    ),
    'signature' / Const(b'\x55\xaa'),
)  # fmt: skip

ICONS = Struct(
    'reserved' / Const(0, Int16ul),
    'type' / Enum(Int16ul, icon=1, cursor=2),
    'count' / Rebuild(Int16ul, len_(this.images)),
    'images' / Array(
        this.count,
        Struct(
            'width' / Int8ul, 'height' / Int8ul, 'colors' / Int8ul, Padding(1),
            'planes' / Int16ul, 'bits' / Int16ul,
            'size' / Int32ul, 'offset' / Int32ul,
            'data' / Pointer(this.offset, Bytes(this.size)),
        ),
    ),
)  # fmt: skip

PACKET = Struct(
    'version' / Int8ub,
    'flags' / FlagsEnum(Int8ub, ack=1, syn=2, urgent=4, final=128),
    'kind' / Enum(Int8ub, text=1, number=2, point=3),
    'length' / Int16ub,
    'payload' / FixedSized(
        this.length,
        Switch(
            this.kind,
            {
                'text': GreedyBytes,
                'number': Int32ub,
                'point': Struct('x' / Float32b, 'y' / Float32b),
            },
            default=GreedyBytes,
        ),
    ),
    'checksum' / If(this.version > 1, Int16ub),
    'extra' / If((this.version > 2) & (this.kind != 'text'), Int8sb),
    'doubled' / Computed(this.version * 2),
)  # fmt: skip

ARCHIVE_END = Struct(
    'signature' / Const(b'PK\x05\x06'),
    'disk' / Int16ul,
    'start_disk' / Int16ul,
    'entries_here' / Int16ul,
    'entries' / Int16ul,
    'size' / Int32ul,
    'offset' / Int32ul,
    'comment_size' / Rebuild(Int16ul, len_(this.comment)),
    'comment' / Bytes(this.comment_size),
    Check(this.entries_here <= this.entries),
)

TRACKS = Struct(
    'name' / PascalString(Int8ub, 'utf8'),
    'artist' / PaddedString(6, 'utf8'),
    'path' / CString('utf8'),
    'channels' / Int8ub,
    'count' / Int8ub,
    'gains' / Array(this.channels, Float64l),
    'frames'
    / Array(
        this.count,
        Struct('time' / Int32ul, 'samples' / Array(this._.channels, Int16sl), 'tag' / Bytes(2)),
    ),
    'grid' / Array(2, Array(3, Int16ub)),
    'tail' / IfThenElse(this.channels > 1, Int16ub, Int8ub),
    'blob' / Prefixed(Int8ub, GreedyBytes),
    'wide' / Default(Int64ul, 7),
    'marks' / RepeatUntil(obj_ == 0, Int8ub),
)

DECLARATIONS = {
    'bitmap': BITMAP,
    'boot_record': BOOT_RECORD,
    'icons': ICONS,
    'packet': PACKET,
    'archive_end': ARCHIVE_END,
    'tracks': TRACKS,
}


def compiled(name: str) -> Schema:
    return schemas.from_construct(DECLARATIONS[name], id=f'construct/{name}')


def seeds(name: str, number: int) -> bytes:
    """Return random bytes that begin like the format, so that much of it is reached."""
    rng = random.Random(f'{name} {number}')
    body = bytearray(rng.choice((rng.randrange(256), rng.randrange(4), 0)) for _ in range(120))
    match name:
        case 'bitmap':
            body[:2] = b'BM'
            body[14:18] = rng.choice((12, 40, 41)).to_bytes(4, 'little')
        case 'boot_record':
            body = body[:74]
            body[72:74] = b'\x55\xaa'
        case 'icons':
            body[:6] = bytes((0, 0, rng.randrange(4), 0, rng.randrange(4), 0))
            for i in range(3):
                body[14 + 16 * i : 18 + 16 * i] = bytes((rng.randrange(20), 0, 0, 0))
                body[18 + 16 * i : 22 + 16 * i] = bytes((rng.randrange(1, 100), 0, 0, 0))
        case 'packet':
            body[2:5] = bytes((rng.randrange(5), 0, rng.randrange(4, 16)))
        case 'archive_end':
            body[:4] = b'PK\x05\x06'
        case 'tracks':
            body = bytearray(byte & 0x7F for byte in body)  # so that texts are UTF-8
            body[0] = rng.randrange(4)
    return bytes(body[: rng.choice((len(body), len(body), rng.randrange(len(body))))])


def shown(value: Any) -> Any:
    """Return values in one form, whoever parsed them."""
    if isinstance(value, Record):
        return {name: shown(value[name]) for name in value}
    if isinstance(value, numpy.ndarray):
        return shown(value.tolist())
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items() if not str(k).startswith('_')}
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    if isinstance(value, str) and not hasattr(value, 'intvalue'):
        return value.partition('\0')[0]  # a text of ours ends at its first NUL
    if hasattr(value, 'intvalue'):
        return int(value.intvalue)
    if isinstance(value, float):
        return repr(value)
    return value


@pytest.mark.parametrize('name', DECLARATIONS)
def test_equal_results_on_random_bytes(name: str) -> None:
    struct = compiled(name).struct(name)
    agreed = refused = 0
    for number in range(400):
        data = seeds(name, number)
        try:
            theirs = DECLARATIONS[name].parse(data)
        except construct.ConstructError:
            theirs = None
        try:
            ours = struct.parse(data)
        except FormatError:
            ours = None
        if theirs is None or ours is None:
            # Theirs reads texts without a NUL and pointers beyond the end as errors, too.
            assert (theirs is None) == (ours is None), (name, data.hex(), theirs, ours)
            refused += 1
            continue
        expected = {k: v for k, v in shown(theirs).items() if not k.startswith('_')}
        assert shown(ours) == expected, data.hex()
        agreed += 1
    assert agreed > 40, f'{agreed} of 400 could be read, {refused} were refused'


@pytest.mark.parametrize('name', DECLARATIONS)
def test_built_bytes_are_read_by_construct(name: str) -> None:
    struct = compiled(name).struct(name)
    rebuilt = 0
    for number in range(100):
        try:
            record = struct.parse(seeds(name, number))
        except FormatError:
            continue
        data = bytes(struct.build(record))
        again = DECLARATIONS[name].parse(data)
        ours = struct.parse(data)
        assert shown(ours) == {k: v for k, v in shown(again).items() if not k.startswith('_')}
        rebuilt += 1
    assert rebuilt > 10


REFUSED = {
    'lambda': (Struct('n' / Int8ub, 'x' / Array(lambda c: c.n, Int8ub)), 'function'),
    'GreedyRange': (Struct('x' / GreedyRange(Int8ub)), 'GreedyRange'),
    'Select': (Struct('x' / Select(Int16ub, Int8ub)), 'Select'),
    'Optional': (Struct('x' / Optional(Int8ub)), 'Select'),
    'Union': (Struct('x' / Union(None, 'a' / Int8ub)), 'Union'),
    'LazyBound': (Struct('x' / LazyBound(lambda: Int8ub)), 'LazyBound'),
    'ExprAdapter': (Struct('x' / ExprAdapter(Int8ub, obj_ + 1, obj_ - 1)), 'ExprAdapter'),
    'Sequence': (Struct('x' / Sequence(Int8ub, Int8ub)), 'Sequence'),
    'BytesInteger': (Struct('x' / Int24ub), 'BytesInteger'),
    'VarInt': (Struct('x' / VarInt), 'VarInt'),
    'bits of no word': (Struct('x' / BitStruct('a' / BitsInteger(24))), '24 bits'),
    'signed bits': (Struct('x' / BitStruct('a' / BitsInteger(8, signed=True))), 'signed'),
    'from the end': (Struct('x' / Pointer(-4, Int8ub)), 'from the end'),
    'division': (Struct('n' / Int8ub, 'x' / Bytes(this.n / 2)), '//'),
    'outside': (Struct('x' / Bytes(this._.n)), 'no such outer struct'),
    'index': (Struct('x' / Array(2, Struct('i' / Computed(this._index)))), '_index'),
    'no struct': (Int8ub, 'begins with a Struct'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_refused_by_name(case: str) -> None:
    obj, reason = REFUSED[case]
    with pytest.raises(SchemaError, match=reason) as caught:
        schemas.from_construct(obj, id='construct/refused')
    assert 'construct/refused' in str(caught.value)


def test_docs_and_targets_of_a_construct_declaration() -> None:
    schema = compiled('boot_record')
    assert 'partitions' in schema.docs()
    assert 'def parse_boot_record' in schema.source('boot_record')
    data = bytes(16) + bytes(56) + b'\x55\xaa'
    assert schema.to_construct('boot_record').parse(data).signature == b'\x55\xaa'


def test_a_member_keeps_its_description() -> None:
    schema = schemas.from_construct(
        Struct('size' / Int8ub * 'bytes that follow', 'data' / Bytes(this.size)), id='construct/doc'
    )
    assert schema.struct('doc').fields[0].doc == 'bytes that follow'
