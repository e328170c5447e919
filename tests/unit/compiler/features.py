"""One small struct per feature of the language, and what each target lacks, with the reason."""

from __future__ import annotations

from tiffschema.compiler.library import Schema, schema_of

FEATURES: dict[str, str] = {
    'numbers': 'a: u8\nb: s16\nc: u32\nd: s64\ne: f32\nf: f64',
    'half floats': 'a: f16',
    'rational': 'a: rational\nb: srational',
    'rational as float': 'a: {type: rational, as: float}',
    'fixed bytes and text': 'a: "bytes[3]"\nb: "str[8]"\n_c: "pad[2]"',
    'text by size': 'n: u8\na: "str[n]"',
    'bytes by size': 'n: u16\na: "bytes[n]"',
    'rest of the window': 'a: u8\nb: "bytes[]"',
    'zstr': 'a: zstr\nb: u8',
    'pstr': 'a: pstr(u16)\nb: {type: "str[4]", encoding: utf-8}',
    'fixed arrays': 'a: "u16[3]"\nb: "u8[2, 3]"',
    'counted arrays': 'n: u8\na: "u16[n]"\nb: "u8[n, 2]"',
    'arrays to the end': 'a: u16\nb: "u16[]"',
    'array of rationals': 'n: u8\na: "rational[n]"',
    'lists of texts': 'n: u8\na: {type: "pstr(u8)[n]", max: 9}',
    'struct': 'a: inner\nb: {type: "inner[2]"}',
    'arguments': 'n: u8\na: {type: "counted(k=n)"}',
    'table': 'n: u8\na: {type: "inner[n]", as: table, max: 100}',
    'list of structs': 'n: u8\na: {type: "named[n]", max: 100}',
    'until': 'a: {type: "inner[]", until: item.x == 0, include: false, max: 50}',
    'dict of structs': 'n: u8\na: {type: "coded[n]", max: 50, as: dict(code)}',
    'oneof': 'a: oneof(first, second)',
    'const': '_a: {type: u16, const: 0x1234}\nb: {type: u8, const: [1, 2]}\n'
    'c: {type: "bytes[2]", const: OK}',
    'default': 'a: {type: u8, default: 5}',
    'build': 'n: {type: u8, build: len(a) + 1}\na: {type: "u8[n - 1]"}',
    'when': 'kind: u8\na: {type: u16, when: kind == 1}\nb: {type: u8, when: kind > 4, default: 0}',
    'at': 'where: u32\na: {type: inner, at: where}',
    'at base struct': 'x: u16\nwhere: u16\na: {type: "u16[3]", at: where, base: struct}',
    'at alternatives': 'where: u32\na: {type: first, at: [where, where + 65536]}',
    'inline': 'where: u32\na: {type: u16, at: where, inline: 4}',
    'size': 'n: u16\na: {type: inner, size: n}\nb: u8',
    'condition on a size': 'n: u16\na: {type: "bytes[]", size: n}\nb: {type: u8, when: n < 3}',
    'switch': 'k: u8\n'
    'a: {switch: k, cases: {0: u8, "1|2": inner, 3: "str[4]"}, default_case: "bytes[1]"}',
    'switch by table': 'k: u8\na: {switch: k, table: codes, when: "k in [1, 2]"}',
    'each': 'n: u8\n_keys: {type: "key[n]", max: 9}\n'
    'items: {each: _keys, count: it.count, '
    'switch: it.code, cases: {1: u16, 2: zstr}, as: dict(it.code)}',
    'enum': 'a: {type: u16, enum: Colour}',
    'flags': 'a: {type: u16, flags: Marks}',
    'bits': 'a: {type: u16, bits: {low: 0, mid: [4, 3], top: 15}}',
    'scale': 'a: {type: u16, scale: 0.5, unit: mm}',
    'time': 'a: {type: u32, time: unix_s}',
    'convert': 'n: u16\na: {type: "str[n]", encoding: utf-8, convert: json}',
    'let': 'a: u8\nb: {let: a * 2 + 1}',
    'check': 'a: {type: s16, check: -5 <= a <= 5}',
    'check gives a size': 'n: u8\nsize: {type: u16, check: size == 4 + 2 * n}\na: "u16[n]"',
    'as': 'a: {type: u8, as: bool}\nb: {type: u16, as: hex}\nc: {type: "u8[2]", as: list}',
    'fault drop': 'where: u32\na: {type: first, at: where, fault: drop}',
    'fault keep': 'a: {type: u16, enum: Colour, fault: keep}',
    'endian of a field': 'a: {type: u16, endian: big}\nb: {type: u32, endian: little}',
    'extent': None,  # type: ignore[dict-item]
    'functions': 'a: s16\nb: {let: "min(abs(a), 9) + max(a, 3)"}\nc: {let: "bits(a, 2, 3)"}',
    'power of ten': 'a: {type: s16, check: -9 <= a <= 9}\nb: {let: pow10(a)}',
    'slice': 'a: "u8[4]"\nb: {let: "len(a[1:3])"}',
    'index': 'a: "u8[4]"\nb: {let: "a[2] + 1"}',
    'choice and member': 'a: u8\nb: {let: "1 if a in [1, 2] else 0"}\n'
    'c: {type: u8, when: not (a == 1 or a > 200)}',
    'here and file.size': 'a: u8\nb: {let: here}\nc: {let: file.size}',
    'parent': 'n: u8\na: asking',
}  # fmt: skip

_EXTENT = '    extent: a\n    fields:\n      a: u16\n      b: u16\n      c: u32\n      d: u8\n'

_SCHEMA = """schema: example/feature
title: One feature
endian: inherit
enums:
  Colour: {{type: u16, values: {{0: Red, 1: Green, 300: Blue}}}}
  Marks: {{type: u16, flags: true, values: {{1: Old, 2: New, 64: Lost}}}}
structs:
  feature:
{fields}
  inner:
    fields: {{x: u16, y: u8}}
  named:
    fields:
      size: u8
      name: "str[size]"
  counted:
    args: {{k: u8}}
    fields: {{values: "u8[k]"}}
  coded:
    fields: {{code: u8, value: u16}}
  key:
    fields: {{code: {{type: u8}}, count: {{type: u8, max: 20}}}}
  first:
    fields: {{magic: {{type: u16, const: 0x0101}}, x: u8}}
  second:
    fields: {{magic: {{type: u16, const: 0x0202}}, y: u16}}
  asking:
    fields: {{values: "u8[2]", double: {{let: parent.n * 2}}}}
tables:
  codes:
    1: {{name: One, type: u8}}
    2: {{name: Two, type: "u16[2]"}}
"""

LACKING: dict[tuple[str, str], str] = {
    ('construct', 'at alternatives'): 'no pointer with alternatives',
    ('construct', 'inline'): 'cannot move a pointer field',
    ('construct', 'each'): 'no group of items',
    ('construct', 'slice'): 'cannot slice',
    ('construct', 'here and file.size'): 'cannot ask for the position',
    ('ksy', 'half floats'): 'no half-precision floats',
    ('ksy', 'at alternatives'): 'no pointer with alternatives',
    ('ksy', 'inline'): 'from its own pointer field',
    ('ksy', 'each'): 'no group of items',
    ('ksy', 'power of ten'): 'no powers',
    ('ksy', 'slice'): 'no slices',
}
"""(target, feature): part of the reason that the target gives. All else is supported."""


def feature_schema(name: str) -> Schema:
    """Return the schema of one feature; its struct is called `feature`."""
    fields = FEATURES[name]
    if fields is None:
        body = _EXTENT.rstrip('\n')
    else:
        body = '    fields:\n' + '\n'.join(f'      {line}' for line in fields.splitlines())
    text = _SCHEMA.format(fields=body)
    return schema_of(text, f'<{name}>')
