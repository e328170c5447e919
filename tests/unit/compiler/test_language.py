"""Each key of the language on its own, both ways: parse and build are inverse."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from tests.unit.compiler.blocks import schema_of
from tiffschema.compiler.targets.construct_ import to_construct
from tiffschema.errors import BuildError, FormatError, LimitError

HEAD = 'schema: example/test\nendian: little\n'


def target(fields: str, before: str = '', more: str = '', struct_keys: str = '') -> Any:
    """Return the struct `a` of a schema with these fields, one per line."""
    lines = ''.join(f'      {line}\n' for line in fields.strip().splitlines())
    keys = ''.join(f'    {line}\n' for line in struct_keys.splitlines())
    return schema_of(f'{HEAD}{before}structs:\n  a:\n{keys}    fields:\n{lines}{more}').struct('a')


ENUM = 'enums:\n  E: {type: u16, open: true, values: {0: Zero, 1: One, 2: Two, 4: Four}}\n'
INNER = '  b:\n    fields: {x: u16, y: u8}\n'
NAMED = '  b:\n    fields:\n      n: u8\n      t: "str[n]"\n'

CASES = [
    # fields, bytes, values
    ('x: u8', b'\x07', {'x': 7}),
    ('x: s16', b'\xff\xff', {'x': -1}),
    ('x: f32', struct.pack('<f', 0.5), {'x': 0.5}),
    ('x: f16', struct.pack('<e', 1.5), {'x': 1.5}),
    ('x: u64', struct.pack('<Q', 1 << 63), {'x': 1 << 63}),
    ('x: rational', struct.pack('<II', 3, 4), {'x': (3, 4)}),
    ('x: {type: rational, as: float}', struct.pack('<II', 3, 4), {'x': 0.75}),
    ('x: {type: srational, as: float}', struct.pack('<ii', -3, 4), {'x': -0.75}),
    ('x: "bytes[3]"', b'abc', {'x': b'abc'}),
    ('x: "str[5]"', b'ab\0\0\0', {'x': 'ab'}),
    ('x: {type: "str[4]", encoding: utf-16}', 'ab'.encode('utf-16-le'), {'x': 'ab'}),
    ('x: "u16[2]"', b'\1\0\2\0', {'x': [1, 2]}),
    ('x: {type: "u16[2]", as: list}', b'\1\0\2\0', {'x': [1, 2]}),
    ('x: "u8[2, 3]"', bytes(range(6)), {'x': [[0, 1, 2], [3, 4, 5]]}),
    ('x: "rational[2]"', struct.pack('<4I', 1, 2, 3, 4), {'x': [[1, 2], [3, 4]]}),
    ('x: {type: "rational[2]", as: float}', struct.pack('<4I', 1, 2, 3, 4), {'x': [0.5, 0.75]}),
    ('n: u8\nx: "u16[n]"', b'\2\1\0\2\0', {'n': 2, 'x': [1, 2]}),
    ('n: u8\nx: "u8[n, 2]"', b'\2\1\2\3\4', {'n': 2, 'x': [[1, 2], [3, 4]]}),
    ('n: u8\nm: u8\nx: "u8[n, m]"', b'\1\2\3\4', {'n': 1, 'm': 2, 'x': [[3, 4]]}),
    ('n: u8\nx: "str[n]"', b'\2hi', {'n': 2, 'x': 'hi'}),
    ('n: u8\nx: "str[n - 1]"', b'\3hi', {'n': 3, 'x': 'hi'}),
    ('n: u8\nx: "str[n * 2]"', b'\1hi', {'n': 1, 'x': 'hi'}),
    ('n: u8\nx: "bytes[n]"', b'\2hi', {'n': 2, 'x': b'hi'}),
    ('x: "bytes[]"', b'rest', {'x': b'rest'}),
    ('x: "str[]"', b'rest', {'x': 'rest'}),
    ('x: zstr\ny: u8', b'hi\0\5', {'x': 'hi', 'y': 5}),
    ('x: pstr(u16)\ny: u8', b'\3\0hi\0\5', {'x': 'hi', 'y': 5}),
    ('x: {type: "zstr[2]", max: 4}', b'a\0bc\0', {'x': ['a', 'bc']}),
    ('n: u8\nx: {type: "pstr(u8)[n]", max: 4}', b'\2\2a\0\3bc\0', {'n': 2, 'x': ['a', 'bc']}),
    ('_p: "pad[2]"\nx: u8', b'\0\0\7', {'x': 7}),
    ('n: u8\n_p: "pad[n]"\nx: u8', b'\0\7', {'n': 0, 'x': 7}),
    ('_m: {type: u16, const: 42}\nx: u8', b'\x2a\0\7', {'x': 7}),
    ('_m: {type: "bytes[2]", const: II}\nx: u8', b'II\7', {'x': 7}),
    ('m: {type: u8, const: [1, 2]}', b'\2', {'m': 2}),
    ('m: {type: "str[2]", const: [ab, cd]}', b'cd', {'m': 'cd'}),
    ('x: {type: u8, as: bool}', b'\1', {'x': True}),
    ('x: {type: u16, as: hex}', b'\x34\x12', {'x': '0x1234'}),
    ('x: {type: s16, scale: 0.25}', struct.pack('<h', -6), {'x': -1.5}),
    ('x: {type: f32, scale: 2}', struct.pack('<f', 1.5), {'x': 3.0}),
    ('x: {type: "s16[2]", scale: 0.5}', struct.pack('<2h', 1, -2), {'x': [0.5, -1.0]}),
    ('x: {type: f64, time: ole}', struct.pack('<d', 36526.5), {'x': datetime(2000, 1, 1, 12)}),
    ('x: {type: u32, time: unix_s}', struct.pack('<I', 86400), {'x': datetime(1970, 1, 2)}),
    ('x: {type: s64, time: unix_ms}', struct.pack('<q', 1500),
     {'x': datetime(1970, 1, 1, 0, 0, 1, 500000)}),
    ('x: {type: u64, time: filetime}', struct.pack('<Q', 116444736000000000),
     {'x': datetime(1970, 1, 1)}),
    ('x: {type: f64, time: labview}', struct.pack('<d', 86400.0), {'x': datetime(1904, 1, 2)}),
    ('x: {type: "u32[2]", time: stk_day_ms}', struct.pack('<II', 2451544, 1000),
     {'x': datetime(2000, 1, 1, 0, 0, 1)}),
    ('x: {type: "str[20]", time: exif}', b'2001:02:03 04:05:06\0',
     {'x': datetime(2001, 2, 3, 4, 5, 6)}),
    ('n: u8\nx: {type: "str[n]", encoding: utf-8, convert: json}', b'\x07{"a":1}',
     {'n': 7, 'x': {'a': 1}}),
    ('x: {type: u16, bits: {low: [0, 4], flag: 4}}', b'\x1a\xf0',
     {'x': {'low': 10, 'flag': 1, '_': 0xF000}}),
    ('k: u8\nx: {type: u16, when: k == 1}\ny: u8', b'\1\2\0\3', {'k': 1, 'x': 2, 'y': 3}),
    ('k: u8\nx: {type: u16, when: k == 1}\ny: u8', b'\2\3', {'k': 2, 'x': None, 'y': 3}),
    ('k: u8\nx: {type: u8, when: "k > 3", default: 9}', b'\2', {'k': 2, 'x': 9}),
    ('x: {type: u16, endian: big}\ny: u16', b'\1\2\1\2', {'x': 258, 'y': 513}),
    ('n: u8\nx: {type: "u16[n]", endian: big}', b'\1\1\2', {'n': 1, 'x': [258]}),
    ('n: u8\nx: {size: n, type: "u8[]"}\ny: u8', b'\2\1\2\3', {'n': 2, 'x': [1, 2], 'y': 3}),
    ('k: u8\nx: {switch: k, cases: {1: u8, 2: u16}}', b'\2\1\2', {'k': 2, 'x': 513}),
    ('k: u8\nx: {switch: k, cases: {1: u8, 2|3: u16}, default_case: "bytes[]"}', b'\3\1\2',
     {'k': 3, 'x': 513}),
    ('k: u8\nx: {switch: k, cases: {1: u8}, default_case: "bytes[]"}', b'\x09ab',
     {'k': 9, 'x': b'ab'}),
    ('n: u8\nk: u8\nx: {size: n, switch: k, cases: {1: u8}, default_case: "bytes[]"}\ny: u8',
     b'\2\x09ab\7', {'n': 2, 'k': 9, 'x': b'ab', 'y': 7}),
    ('o: u32\nx: {type: u16, at: o}', b'\4\0\0\0\7\0', {'o': 4, 'x': 7}),
    ('o: u32\nx: {type: "u16[2]", at: o}', b'\4\0\0\0\7\0\1\0', {'o': 4, 'x': [7, 1]}),
    ('o: u32\nx: {type: u16, at: o, base: struct}', b'\4\0\0\0\7\0', {'o': 4, 'x': 7}),
    ('o: u16\nx: {type: u16, at: o + 2, base: struct}', b'\0\0\7\0', {'o': 0, 'x': 7}),
    ('o: u16\nx: {type: u16, at: o * 2, base: struct}', b'\1\0\7\0', {'o': 1, 'x': 7}),
    ('o: u32\nx: {type: u16, at: o, inline: 4}', b'\7\0\0\0', {'o': 7, 'x': 7}),
    ('n: u8\no: u32\nx: {type: "u8[n]", at: o, inline: 4, max: 9}', b'\3\1\2\3\0',
     {'n': 3, 'x': [1, 2, 3]}),
    ('n: u8\n_: u8\no: u32\nx: {type: "u8[n]", at: o, inline: 4, max: 9}',
     b'\5\0\6\0\0\0\1\2\3\4\5', {'n': 5, 'x': [1, 2, 3, 4, 5]}),
    ('x: u8\ny: {let: x * 2 + 1}', b'\3', {'x': 3, 'y': 7}),
    ('x: u8\ny: {let: "bits(x, 1, 2)"}', b'\7', {'x': 7, 'y': 3}),
    ('x: u8\ny: {let: x if x > 2 else 2}', b'\1', {'x': 1, 'y': 2}),
    ('x: u8\ny: {let: "min(x, 3) + max(x, 3) + abs(-1)"}', b'\5', {'x': 5, 'y': 9}),
    ('r: u8\nv: u8\npos: u8\nend: u8\nbuf: u8\nctx: u8\npos_: u8\nunpack_0: u8\nneed: u8\nlen: u8',
     bytes(range(10)), {'r': 0, 'v': 1, 'pos': 2, 'pos_': 6, 'unpack_0': 7, 'need': 8, 'len': 9}),
]  # fmt: skip


def equal(found: Any, expected: Any) -> bool:
    """Compare values, arrays by their items."""
    if isinstance(found, np.ndarray):
        return bool(np.array_equal(found, expected))
    return bool(found == expected)


@pytest.mark.parametrize(('fields', 'data', 'values'), CASES)
def test_both_ways(fields: str, data: bytes, values: dict[str, Any]) -> None:
    a = target(fields)
    record = a.parse(data)
    for name, value in values.items():
        assert equal(record[name], value), name
    assert a.build(record).data == data
    assert a.build(record.asdict()).data == data
    lazy = a.parse(data, lazy=True)
    assert all(equal(getattr(lazy, name), value) for name, value in values.items())
    covered = sum(e.stop - e.start for e in a.trace(data) if e.kind not in ('inline', 'shared'))
    assert covered == len(data)


class TestStructs:
    """Structs in structs, lists and tables of them."""

    def test_nested(self) -> None:
        a = target('s: b\nz: u8', more=INNER)
        record = a.parse(b'\1\0\2\3')
        assert record.asdict() == {'s': {'x': 1, 'y': 2}, 'z': 3}
        assert a.build({'s': {'x': 1, 'y': 2}, 'z': 3}).data == b'\1\0\2\3'

    def test_list_and_table(self) -> None:
        data = b'\2\1\0\2\3\0\4'
        a = target('n: u8\ns: {type: "b[n]", max: 9}', more=INNER)
        assert [item.x for item in a.parse(data).s] == [1, 3]
        t = target('n: u8\ns: {type: "b[n]", as: table, max: 9}', more=INNER)
        assert t.parse(data).s['y'].tolist() == [2, 4]
        for struct_ in (a, t):
            assert struct_.build(struct_.parse(data)).data == data
            assert struct_.build({'s': [{'x': 1, 'y': 2}, {'x': 3, 'y': 4}]}).data == data

    def test_two_arrays_of_one_count_must_agree(self) -> None:
        a = target('n: u8\nx: "u8[n]"\ny: "u8[n]"')
        assert a.build({'x': [1], 'y': [2]}).data == b'\1\1\2'
        with pytest.raises(BuildError, match=r'x gives 2.*y gives 1'):
            a.build({'x': [1, 2], 'y': [2]})

    def test_until_with_and_without_the_mark(self) -> None:
        data = b'\1\0\2\3\0\4\0\0\0'
        kept = target('s: {type: "b[]", until: item.x == 0, max: 9}', more=INNER)
        assert [item.x for item in kept.parse(data).s] == [1, 3, 0]
        assert kept.build(kept.parse(data)).data == data
        with pytest.raises(BuildError, match='must end the list'):
            kept.build({'s': [{'x': 1, 'y': 1}]})
        cut = target('s: {type: "b[]", until: item.x == 0, include: false, max: 9}', more=INNER)
        assert [item.x for item in cut.parse(data).s] == [1, 3]
        assert cut.build(cut.parse(data)).data == data
        with pytest.raises(BuildError, match='end mark'):
            cut.build({'s': [{'x': 0, 'y': 1}]})

    def test_max_of_lists_and_numbers(self) -> None:
        a = target('s: {type: "b[]", max: 2}', more=NAMED)
        assert len(a.parse(b'\0\0').s) == 2
        with pytest.raises(LimitError):
            a.parse(b'\0\0\0')
        with pytest.raises(BuildError, match='3 items, at most 2'):
            a.build({'s': [{'t': ''}] * 3})
        n = target('x: {type: u8, max: 4}')
        with pytest.raises(FormatError, match='is 5, at most 4'):
            n.parse(b'\5')
        with pytest.raises(BuildError, match='is 5, at most 4'):
            n.build({'x': 5})

    def test_oneof_told_by_a_deeper_field(self) -> None:
        more = (
            '  b:\n    fields: {m: {type: u8, const: 1}, v: {type: u8, const: 1}, x: u8}\n'
            '  c:\n    fields: {m: {type: u8, const: 1}, v: {type: u8, const: [2, 3]}, y: u8}\n'
        )
        a = target('s: {type: "oneof(b, c)", by: v}', more=more)
        assert a.parse(b'\1\1\5').s.x == 5
        assert a.parse(b'\1\3\6').s.y == 6
        assert a.build({'s': {'v': 3, 'y': 6}}).data == b'\1\3\6'
        with pytest.raises(FormatError, match='is 9, expected'):
            a.parse(b'\1\x09\6')

    def test_extent(self) -> None:
        a = target('size: u8\nx: u16\ny: u16\nt: "str[2]"', struct_keys='extent: size')
        for size, values in (
            (1, {}), (3, {'x': 1}), (5, {'x': 1, 'y': 2}), (7, {'x': 1, 'y': 2, 't': 'ab'}),
        ):  # fmt: skip
            data = (bytes([size]) + b'\1\0\2\0ab')[:size]
            record = a.parse(data + b'beyond', 0)
            assert {
                k: v for k, v in record.asdict().items() if v is not None and k != 'size'
            } == values
            assert a.build(values).data == data

    def test_shared_blocks(self) -> None:
        more = '  b:\n    fields:\n      o: u16\n      t: {type: "str[4]", at: o, share: true}\n'
        a = target('s: {type: "b[3]"}', more=more)
        built = a.build({'s': [{'t': 'same'}, {'t': 'else'}, {'t': 'same'}]})
        assert len(built.data) == 6 + 8
        assert [item.t for item in a.parse(built.data).s] == ['same', 'else', 'same']

    def test_align(self) -> None:
        a = target('k: u8\no: u16\nx: {type: u8, at: o, align: 8}')
        assert a.build({'k': 1, 'x': 2}).data == b'\1\x08\0' + bytes(5) + b'\2'

    def test_offset_too_large_for_its_pointer(self) -> None:
        a = target('o: u8\np: u8\nx: {type: "bytes[300]", at: o}\ny: {type: u8, at: p}')
        with pytest.raises(BuildError, match='does not fit its pointer'):
            a.build({'x': bytes(300), 'y': 1})
        b = target('o: u8\nx: {type: u8, at: o}')
        built = b.build({'x': 1})
        with pytest.raises(BuildError, match='does not fit'):
            built.at(300)

    def test_parent_and_root(self) -> None:
        more = (
            '  b:\n    fields: {n: u8, s: c}\n'
            '  c:\n    fields: {x: "u8[parent.n]", y: "u8[root.k]"}\n'
        )
        a = target('k: u8\ns: b', more=more)
        record = a.parse(b'\1\2\3\4\5')
        assert record.s.s.x.tolist() == [3, 4]
        assert record.s.s.y.tolist() == [5]
        assert a.build(record).data == b'\1\2\3\4\5'

    def test_struct_check_gives_and_verifies(self) -> None:
        a = target('size: u16\nn: u16\nx: "u8[n]"', struct_keys='check: size == 4 + n')
        assert a.build({'x': [1, 2]}).data == b'\6\0\2\0\1\2'
        with pytest.raises(FormatError, match='does not hold'):
            a.parse(b'\7\0\2\0\1\2')


class TestEnums:
    """Numbers with names."""

    def test_members_and_unknown_numbers(self) -> None:
        a = target('x: {type: u16, enum: E}', ENUM)
        assert a.parse(b'\1\0').x.name == 'One'
        assert a.parse(b'\x09\0').x == 9
        for value in ('One', 1, a.parse(b'\1\0').x):
            assert a.build({'x': value}).data == b'\1\0'
        with pytest.raises(BuildError, match="'Onne' is no name"):
            a.build({'x': 'Onne'})

    def test_flags(self) -> None:
        a = target('x: {type: u16, flags: E}', ENUM)
        record = a.parse(b'\x0d\0')
        assert record.x == {'One', 'Four', 8}
        assert a.build(record).data == b'\x0d\0'

    def test_cases_by_name(self) -> None:
        a = target('k: {type: u16, enum: E}\nx: {switch: k, cases: {One: u8, Two: u16}}', ENUM)
        record = a.parse(b'\2\0\5\0')
        assert (record.k.name, record.x) == ('Two', 5)
        assert a.build(record).data == b'\2\0\5\0'
        assert a.build({'k': 'Two', 'x': 5}).data == b'\2\0\5\0'
        with pytest.raises(FormatError, match='nothing is declared'):
            a.parse(b'\4\0\5\0')


class TestFaults:
    """`fault:` says what wrong data does."""

    def test_drop(self) -> None:
        a = target('x: {type: u8, const: 1, fault: drop}\ny: u8')
        faults: list[FormatError] = []
        record = a.parse(b'\2\3', faults=faults)
        assert (record.x, record.y, len(faults)) == (None, 3, 1)
        with pytest.raises(BuildError, match='x'):
            a.build(record)
        assert a.build(record, dropped='zero').data == b'\1\3'  # what must be there

    def test_keep(self) -> None:
        a = target('x: {type: u32, time: unix_s, fault: keep}', '')
        faults: list[FormatError] = []
        record = a.parse(b'\xff\xff\xff\xff', faults=faults)
        assert record.x == datetime(2106, 2, 7, 6, 28, 15) or faults

    def test_numbers_without_value(self) -> None:
        a = target('x: u8\ny: {type: u8, default: 4}')
        assert a.build({'x': 1}).data == b'\1\4'
        with pytest.raises(BuildError, match=r'a\.x: needs a value'):
            a.build({})


def test_used_schemas() -> None:
    """Names of other files are known after `use:`."""
    text = HEAD.replace('endian', 'use: [tiff/enums]\nendian')
    a = schema_of(text + 'structs:\n  a:\n    fields: {x: {type: u16, enum: FieldType}}\n').struct(
        'a'
    )
    assert a.parse(b'\3\0').x.name == 'SHORT'


@pytest.mark.parametrize(
    ('fields', 'values'),
    [
        ('n: u8\nx: "str[n * 2]"', {'x': 'odd'}),
        ('n: u8\nx: "u8[n * 3]"', {'x': [1, 2]}),
        ('n: u8\nx: "u8[n // 2 + 1]"', {'x': []}),
    ],
)
def test_lengths_that_no_count_gives_are_refused(fields: str, values: dict[str, Any]) -> None:
    with pytest.raises(BuildError):
        target(fields).build(values)


def test_numbers_of_the_file_cannot_fill_memory() -> None:
    a = target('n: u32\nx: {let: 1 << n}')
    assert a.parse(b'\5\0\0\0').x == 32
    with pytest.raises(FormatError, match='no value'):
        a.parse(b'\xff\xff\xff\xff')


def test_offsets_from_the_outermost_struct() -> None:
    more = '  b:\n    fields:\n      o: u8\n      x: {type: u8, at: o, base: root}\n'
    a = target('k: u8\ns: b', more=more)
    record = a.parse(b'..\1\2\7', 2)
    assert record.s.x == 7
    assert a.build(record).data == b'\1\2\7'
    assert a.build(record).at(100) == b'\1\2\7'
    assert [e.path for e in a.trace(b'..\1\2\7', 2)][-1] == 's.x'


def test_what_can_only_be_read_says_so() -> None:
    fields = 'o: u8\nx: {type: u8, at: o & 15}\n'
    a = target(fields)
    assert a.parse(b'\x11\7').x == 7
    with pytest.raises(BuildError, match='can only be read, not built'):
        a.build({'x': 1})
    assert any('can only be read' in line for line in a.schema.check())
    quiet = target(fields.replace('o & 15', 'o & 15, build: none'))
    assert not any('can only be read' in line for line in quiet.schema.check())


@pytest.mark.parametrize('order', ['<', '>'])
def test_the_byte_order_of_a_struct_holds_for_the_structs_in_it(order: str) -> None:
    text = """schema: example/test
endian: inherit
structs:
  top:
    fields: {w: u16, a: outer, b: inner}
  outer:
    endian: big
    fields: {n: u8, one: inner, many: {type: "inner[n]", max: 9}, which: "oneof(first, second)"}
  inner:
    fields: {x: u16, deep: leaf}
  leaf:
    fields: {y: u16, z: {type: u16, endian: little}}
  first:
    fields: {magic: {type: u16, const: 0x0102}}
  second:
    fields: {mark: {type: u16, const: 0x0304}}
"""
    top = schema_of(text).struct('top')
    leaf, inner = {'y': 2, 'z': 3}, struct.pack('>HH', 1, 2) + struct.pack('<H', 3)
    item = {'x': 1, 'deep': leaf}
    values = {
        'w': 5, 'a': {'n': 1, 'one': item, 'many': [item], 'which': {'mark': 0x0304}}, 'b': item,
    }  # fmt: skip
    data = struct.pack(order + 'H', 5) + b'\1' + inner + inner + b'\3\4'
    data += struct.pack(order + 'HH', 1, 2) + struct.pack('<H', 3)
    assert top.build(values, byteorder=order).data == data
    assert top.parse(data, byteorder=order).asdict() == values
    assert top.trace(data, byteorder=order)[-1].stop == len(data)
    assert to_construct(top.schema, 'top', byteorder=order).parse(data).a.one.deep.y == 2


def test_texts_that_share_a_count_may_differ_in_length() -> None:
    a = target('n: u8\nx: "str[n]"\ny: "str[n]"\nz: "u8[n]"')
    record = a.parse(b'\3ab\0abc\1\2\3')
    assert (record.x, record.y) == ('ab', 'abc')
    assert a.build(record).data == b'\3ab\0abc\1\2\3'
    with pytest.raises(BuildError, match='has 4 bytes, there is room for 3'):
        a.build({'x': 'abcd', 'y': '', 'z': [1, 2, 3]})
    b = target('n: u8\ns: "b(k=n)"', more='  b:\n    args: {k: u8}\n    fields: {t: "str[k]"}\n')
    assert b.build(b.parse(b'\3ab\0')).data == b'\3ab\0'


def test_end_marks_are_zero_in_fields_of_every_kind() -> None:
    fields = (
        'k: u8, a: "u8[2]", t: "str[3]", r: {type: rational, as: float}, s: {type: u16, scale: 0.5}'
    )
    more = f'  b:\n    fields: {{{fields}}}\n'
    a = target('l: {type: "b[]", until: item.k == 9, include: false, max: 5}', more=more)
    item = {'k': 1, 'a': [1, 2], 't': 'abc', 'r': 0.5, 's': 1.0}
    data = b'\1\1\2abc\1\0\0\0\2\0\0\0\2\0' + b'\x09' + bytes(15)
    assert a.build({'l': [item]}).data == data
    with pytest.raises(BuildError, match=r'l\[0\].t: needs a value'):
        a.build({'l': [{**item, 't': None}]})
