# ruff: noqa: E501 - one mistake a line
"""What authors of schemas get told: file, line, field, what is wrong and what would be right."""

from __future__ import annotations

import pytest

from tests.unit.compiler.blocks import schema_of
from tiffschema.compiler.library import SchemaLibrary
from tiffschema.errors import SchemaError

HEAD = 'schema: example/wrong\nendian: little\n'


def fields(*lines: str, more: str = '') -> str:
    """Return a schema with one struct; its first field stands on line 6."""
    return HEAD + 'structs:\n  a:\n    fields:\n' + ''.join(f'      {x}\n' for x in lines) + more


B = '  b:\n    fields: {n: u8, t: "str[n]"}\n'
MISTAKES = [
    # name, text, line, field, part of the message
    ('unknown type', fields('x: u33'), 6, 'structs.a.fields.x', "no type or struct 'u33'"),
    ('misspelt key', fields('x: {tpye: u8}'), 6, 'structs.a.fields.x', "did you mean 'type'?"),
    ('later name', fields('x: "bytes[n]"', 'n: u8'), 6, 'structs.a.fields.x', 'stands later'),
    ('unknown name', fields('x: "bytes[n]"'), 6, 'structs.a.fields.x', "'n' is unknown"),
    ('attribute call', fields('n: u8', 'x: "bytes[n.__class__()]"'), 7, 'structs.a.fields.x',
     'only len, min, max'),
    ('call', fields('n: u8', 'x: {let: "open(n)"}'), 7, 'structs.a.fields.x', 'only len, min, max'),
    ('lambda', fields('x: {let: "lambda: 1"}'), 6, 'structs.a.fields.x', 'Lambda is not of the'),
    ('exponent', fields('n: u8', 'x: {let: "2 ** n"}'), 7, 'structs.a.fields.x', 'up to 64'),
    ('shift', fields('n: u8', 'x: {let: "n << 65"}'), 7, 'structs.a.fields.x', 'up to 64'),
    ('assignment', fields('n: u8', 'x: {type: u8, when: "n = 3"}'), 7, 'structs.a.fields.x',
     'is not an expression'),
    ('long', fields('n: u8', 'x: {let: "' + '+'.join('n' * 150) + '"}'), 7, 'structs.a.fields.x',
     'at most 200 characters'),
    ('deep', fields('n: u8', f'x: {{let: "{"(" * 25}n{"+1)" * 25}"}}'), 7, 'structs.a.fields.x',
     'at most 20 levels'),
    ('const too large', fields('x: {type: u8, const: 300}'), 6, 'structs.a.fields.x',
     'const 300 does not fit u8'),
    ('const of text', fields('x: {type: u8, const: abc}'), 6, 'structs.a.fields.x', 'does not fit'),
    ('const too long', fields('x: {type: "bytes[2]", const: ABCD}'), 6, 'structs.a.fields.x',
     "const 'ABCD' has 4 bytes, the type 2"),
    ('default too large', fields('x: {type: u8, default: 300}'), 6, 'structs.a.fields.x',
     'default 300 does not fit u8 (0 to 255)'),
    ('fault', fields('x: {type: u8, fault: ignore}'), 6, 'structs.a.fields.x', 'raise, drop or keep'),
    ('by', fields('x: {type: u8, by: z}'), 6, 'structs.a.fields.x', 'oneof(...)'),
    ('keyword', fields('class: u8'), 6, 'structs.a.fields.class', 'name the field class_ instead'),
    ('meaning', fields('item: u8'), 6, 'structs.a.fields.item', 'name the field item_ instead'),
    ('method', fields('asdict: u8'), 6, 'structs.a.fields.asdict', 'name the field asdict_'),
    ('blank in name', fields('"a b": u8'), 6, 'structs.a', 'letters, digits and _'),
    ('scale', fields('x: {type: u8, scale: foo}'), 6, 'structs.a.fields.x', 'scale is a number'),
    ('align', fields('x: {type: u8, align: foo}'), 6, 'structs.a.fields.x', 'from 1 to 4096'),
    ('inline', fields('w: u32', 'x: {type: u8, at: w, inline: 99}'), 7, 'structs.a.fields.x',
     'from 0 to 8'),
    ('bits beyond', fields('x: {type: u8, bits: {a: 9}}'), 6, 'structs.a.fields.x', 'u8 has 8'),
    ('bits list', fields('x: {type: u8, bits: [1]}'), 6, 'structs.a.fields.x', 'bits is a mapping'),
    ('bits of float', fields('x: {type: f32, bits: {a: 1}}'), 6, 'structs.a.fields.x', 'integer'),
    ('missing argument', fields('x: b', more='  b:\n    args: {n: u8}\n    fields: {y: u8}\n'), 6,
     'structs.a.fields.x', "takes the arguments ['n'], not []"),
    ('argument too many', fields('x: b(n=1)', more='  b:\n    fields: {y: u8}\n'), 6,
     'structs.a.fields.x', "takes the arguments [], not ['n']"),
    ('args list', fields('x: u8', more='  b:\n    args: [n]\n    fields: {y: u8}\n'), 8, 'structs.b',
     'args is a mapping such as'),
    ('enum', fields('x: {type: u8, enum: E}'), 6, 'structs.a.fields.x', "no enum 'E'"),
    ('time', fields('x: {type: u8, time: foo}'), 6, 'structs.a.fields.x', 'time is one of c_tm'),
    ('convert', fields('x: {type: u8, convert: os.system}'), 6, 'structs.a.fields.x', 'json'),
    ('encoding', fields('x: {type: "str[8]", encoding: klingon}'), 6, 'structs.a.fields.x',
     'such as latin-1'),
    ('as', fields('x: {type: u8, as: banana}'), 6, 'structs.a.fields.x', 'table, list, dict(key)'),
    ('table of variable rows', fields('x: {type: "b[2]", as: table}', more=B), 6,
     'structs.a.fields.x', 'not of fixed layout'),
    ('list without max', fields('x: {type: "b[]"}', more=B), 6, 'structs.a.fields.x', 'needs max:'),
    ('pointer without max', fields('n: u32', 'm: u32', 'x: {type: "u8[m]", at: n}'), 8,
     'structs.a.fields.x', 'needs max:'),
    ('equal magics', fields('x: oneof(b, c)',
     more='  b: {fields: {m: {type: u8, const: 1}}}\n  c: {fields: {m: {type: u8, const: 1}}}\n'), 6,
     'structs.a.fields.x', 'same constant'),
    ('no magic', fields('x: oneof(b, c)',
     more='  b: {fields: {m: u8}}\n  c: {fields: {m: {type: u8, const: 1}}}\n'), 6,
     'structs.a.fields.x', 'no leading const'),
    ('extent unknown', HEAD + 'structs:\n  a:\n    extent: Size\n    fields: {x: u8}\n', 4,
     'structs.a', "extent names no field: 'Size'"),
    ('extent behind variable', HEAD +
     'structs:\n  a:\n    extent: Size\n    fields: {n: u8, x: "str[n]", Size: u8}\n', 6,
     'structs.a.fields.x', 'so its size must be fixed'),
    ('itself', fields('x: a'), 4, 'structs.a', 'holds itself without end'),
    ('each other', fields('x: b', more='  b: {fields: {y: c}}\n  c: {fields: {z: b}}\n'), 7,
     'structs.b', 'holds itself without end'),
    ('twice', fields('x: u8', 'x: u8'), 7, '', "the key 'x' stands twice"),
    ('anchor', fields('x: &a u8'), 6, '', 'anchors and aliases'),
    ('tag', fields('x: !!python/object/apply:os.system u8'), 6, '', 'is refused'),
    ('order of keys', 'structs: {}\nschema: example/x\n', 2, 'schema', 'stands before'),
    ('no cases', fields('n: u8', 'x: {switch: n}'), 7, 'structs.a.fields.x', 'needs cases:'),
    ('no table', fields('n: u8', 'x: {switch: n, table: t}'), 7, 'structs.a.fields.x', 'table:'),
    ('each', fields('x: {each: y}'), 6, 'structs.a.fields.x', "'y' is unknown"),
    ('no type', fields('x: {doc: hello}'), 6, 'structs.a.fields.x', 'needs a type'),
    ('nothing', fields('x:'), 6, 'structs.a.fields.x', 'a field is a type or a mapping'),
    ('number', fields('x: 3'), 6, 'structs.a.fields.x', 'a field is a type or a mapping'),
    ('base', fields('n: u8', 'x: {type: u8, at: n, base: foo}'), 7, 'structs.a.fields.x', 'base is file or struct'),
    ('negative size', fields('x: "bytes[-1]"'), 6, 'structs.a.fields.x', '-1 is not a count'),
    ('huge size', fields('x: "u8[99999999999]"'), 6, 'structs.a.fields.x', 'more than a declaration'),
    ('no fields', HEAD + 'structs:\n  a: {fields: []}\n', 4, 'structs.a', 'needs fields:'),
    ('list of structs', HEAD + 'structs: []\n', 3, 'structs', 'a mapping of names'),
    ('until of unknown', fields('x: {type: "b[]", until: item.zz == 0, max: 3}', more=B), 6,
     'structs.a.fields.x', "b has no field 'zz'"),
    ('float as count', fields('n: f64', 'x: {type: "u8[n]", max: 4}'), 7, 'structs.a.fields.x',
     'a count is an integer'),
    ('unset variable', HEAD + 'structs:\n  a:\n    fields: {x: $foo}\n', 5, 'structs.a.fields.x',
     "'$foo' is not a type"),
    ('source', fields('x: {type: u8, source: [1, 2]}'), 6, 'structs.a.fields.x', 'list of texts'),
    ('blocks not last', fields('w: u32', 'x: {type: "u8[2]", at: w, base: struct}', 'y: u8'), 8,
     'structs.a.fields.y', 'fields with base: struct come last'),
    ('comment in type', fields('x: {type: "u8 # c"}'), 6, 'structs.a.fields.x', 'behind the type'),
    ('id', 'schema: "Bad Id"\nstructs: {}\n', 1, 'schema', 'an id such as vendor/acme'),
    ('no id', 'structs: {}\n', 0, 'schema', 'an id such as vendor/acme'),
    ('endian', 'schema: x/y\nendian: middle\nstructs: {}\n', 2, 'endian', 'inherit, little or big'),
    ('enum value', HEAD + 'enums: {E: {type: u8, values: {x: y}}}\nstructs: {}\n', 3, 'enums.E',
     'is not a number'),
]  # fmt: skip


@pytest.mark.parametrize(
    ('text', 'line', 'field', 'message'),
    [case[1:] for case in MISTAKES],
    ids=[case[0] for case in MISTAKES],
)
def test_mistake_names_place_and_remedy(text: str, line: int, field: str, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        schema_of(text).compiled()
    error = caught.value
    assert message in error.message
    assert error.file == 'test.yaml'
    assert error.line == line or not line
    assert error.field == field
    assert str(error).startswith('test.yaml')


def test_nothing_of_a_schema_becomes_code() -> None:
    """Texts of a schema reach generated code as literals only."""
    evil = "'); raise SystemExit #"
    text = (
        HEAD + 'enums:\n  E: {type: u8, open: true, values: {1: "' + evil + '"}}\n'
        'structs:\n  a:\n    doc: "' + evil + '\\"\\"\\""\n    fields:\n'
        '      x: {type: u8, enum: E, doc: "' + evil + '"}\n'
        '      y: {type: "str[22]", const: ["' + evil + '"]}\n'
        '      z: {switch: x, cases: {"' + evil.replace('|', '') + '": u8}, default_case: u16}\n'
    )
    schema = schema_of(text)
    for target in ('parse', 'trace', 'build'):
        assert 'SystemExit' not in schema.source('a', target=target).replace(repr(evil), '')
    built = schema.struct('a').build({'x': 2, 'z': 5})
    assert schema.struct('a').parse(built.data).z == 5


def test_unknown_ids_name_near_ones() -> None:
    with pytest.raises(KeyError, match='tiff/ifd'):
        SchemaLibrary()['tiff/idf']
    with pytest.raises(KeyError, match='known'):
        SchemaLibrary()['tiff/ifd'].struct('idf')


def test_circles_of_use_are_refused(tmp_path: object) -> None:
    library = SchemaLibrary()
    with pytest.raises(SchemaError, match='use'):
        library.register(
            'schema: example/c1\nuse: [example/c1]\nstructs:\n  a: {fields: {x: u8}}\n'
        )


def test_ids_in_use_are_refused() -> None:
    library = SchemaLibrary()
    text = 'schema: example/own\nendian: little\nstructs:\n  a: {fields: {x: u8}}\n'
    library.register(text)
    with pytest.raises(SchemaError, match='is in use'):
        library.register(text)
    library.register(text.replace('u8', 'u16'), replace=True)
    assert library['example/own'].struct('a').size == 2
