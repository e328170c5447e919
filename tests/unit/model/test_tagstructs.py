"""Values of tags declared as structs or texts, read and built with their partner tags."""

from __future__ import annotations

import numpy as np
import pytest

from tiffschema.errors import BuildError, FormatError, SchemaError
from tiffschema.model import catalog
from tiffschema.model.sections import register_schema
from tiffschema.model.tagstructs import ValueBinding, value_binding
from tiffschema.model.tagtable import TagRow, tag_tables

TIFF = tag_tables['tiff']


class Context:
    """A tag in a made-up file."""

    def __init__(self, data, *, count=None, partners=None, kinds=(), number=None, file=b''):
        self.data = data
        self.count = len(data) if count is None else count
        self.size = len(data)
        self.number = number
        self.partners = partners or {}
        self.kinds = kinds
        self.file = file

    def partner(self, code):
        return self.partners.get(code)

    def is_kind(self, name):
        return name in self.kinds

    offset = 0

    def values(self):
        return self.data

    def block(self, struct, offset, end, args):
        return self.file or self.data


def parse(binding, context, order='<', **options):
    return binding.parse(context, order, **options)


@pytest.mark.parametrize(
    ('given', 'shown'),
    [
        ({'a': 'b', 'c d': ''}, {'a': 'b', 'c d': ''}),
        (['a', 'b'], {'a': 'b'}),
        (['a', 'b', 'c'], ['a', 'b', 'c']),
        ('a', 'a'),
    ],
    ids=str,
)
def test_keys_and_values_by_turns_are_a_dictionary(given, shown):
    binding = value_binding(TIFF['IJMetadata'])
    texts = [given] if isinstance(given, str) else given
    built = binding.build({'Info': 'x', 'Properties': texts}, '<', type_size=1)
    sizes = built.partners[50838]
    context = Context(built.at(0), partners={50838: (len(sizes), tuple(sizes))})
    found = binding.value_of(parse(binding, context))
    assert found == {'Info': 'x', 'Properties': shown}
    if not isinstance(shown, str):
        assert binding.build(found, '<', type_size=1).at(0) == built.at(0)


@pytest.mark.parametrize('order', ['<', '>'])
def test_imagej_metadata_both_ways(order):
    binding = value_binding(TIFF['IJMetadata'])
    values = {
        'Info': 'text µ',
        'Labels': ['a', 'bc'],
        'Ranges': (0.0, 255.0),
        'LUTs': [np.arange(768, dtype=np.uint8).reshape(3, 256)] * 2,
    }
    built = binding.build(values, order, type_size=1)
    sizes = built.partners[50838]
    assert built.count == built.size == sum(sizes)
    data = built.at(1000)
    assert data[:4] == (b'JIJI' if order == '<' else b'IJIJ')
    context = Context(data, partners={50838: (len(sizes), tuple(sizes))})
    found = binding.value_of(parse(binding, context, order))
    assert found['Info'] == values['Info']
    assert found['Labels'] == values['Labels']
    assert found['Ranges'] == values['Ranges']
    np.testing.assert_array_equal(found['LUTs'][1], values['LUTs'][1])


def test_imagej_metadata_equals_the_known_builder():
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the oracle is absent')
    binding = value_binding(TIFF['IJMetadata'])
    values = {'Info': 'x', 'Labels': ['a', 'b'], 'Ranges': (0.0, 1.0), 'ROI': b'Iout'}
    for order in '<>':
        tags = {tag[0]: tag for tag in tifffile.imagej_metadata_tag(values, order)}
        built = binding.build({**values, 'ROI': [b'Iout']}, order, type_size=1)
        counts = np.frombuffer(tags[50838][3], f'{order}u4').tolist()
        assert list(built.partners[50838]) == counts
        assert built.at(8) == tags[50839][3]


def test_damaged_metadata_is_a_format_error():
    binding = value_binding(TIFF['IJMetadata'])
    with pytest.raises(FormatError):
        parse(binding, Context(b'XXXX', partners={50838: (1, (12,))}))
    with pytest.raises(FormatError):
        parse(binding, Context(b'JIJI'))


def test_raw_bytes_are_written_as_they_are():
    binding = value_binding(TIFF['IJMetadata'])
    built = binding.build(b'abcd', '<', type_size=2)
    assert (built.count, built.size, built.at(77), dict(built.partners)) == (2, 4, b'abcd', {})


ACME = """\
schema: user/acme_values
endian: inherit
structs:
  block:
    args: {n: u32}
    fields:
      magic: {type: u32, const: 0x41434D45, doc: magic}
      values: {type: "u16[n]", doc: values}
  far:
    fields:
      magic: {type: "bytes[4]", const: ACME, doc: magic}
      size: {type: u32, doc: size}
texts:
  acme: {kind: keyvalue, split: ";", values: {gain: float}}
tags:
  60331: {name: AcmeValues, type: u8, count: any, value: "block(n=(tag.size - 4) // 2)", doc: block}
  60332: {name: AcmeFar, type: u32, count: 1, value: {type: far, at: value}, doc: offset}
  60333: {name: AcmeText, type: ascii, count: any, value: {text: acme}, doc: text}
  60334: {name: AcmeCount, type: u16, count: len(values), value: block(n=tag.count), doc: lies}
  60335: {name: AcmeChoice, type: u32, count: 1, value: {lsm: {text: acme}, else: ifd}, doc: two}
"""


@pytest.fixture
def acme():
    register_schema(ACME, replace=True)
    yield TIFF
    catalog.unregister('user/acme_values')


def test_values_of_a_users_schema(acme):
    block = value_binding(acme['AcmeValues'])
    built = block.build({'values': [1, 2, 3]}, '>', type_size=1)
    assert built.at(0) == b'ACME\0\1\0\2\0\3'
    found = parse(block, Context(built.at(0)), '>')
    assert found.values.tolist() == [1, 2, 3]

    far = value_binding(acme['AcmeFar'])
    file = bytes(16) + b'ACME\5\0\0\0'
    assert parse(far, Context(b'', number=16, file=file)).size == 5
    for offset in (0, 7, None, 1000):
        with pytest.raises(FormatError):
            parse(far, Context(b'', number=offset, file=file))
    built = far.build({'size': 5}, '<', type_size=4)
    assert (built.count, built.far, built.at(16)) == (1, True, b'ACME\5\0\0\0')
    with pytest.raises(BuildError):
        far.build({}, '<', type_size=4)

    text = value_binding(acme['AcmeText'])
    assert parse(text, Context(b'gain=0.5;x=1\0')) == {'gain': 0.5, 'x': 1}
    assert text.build({'gain': 0.5}, '<', type_size=1).at(0) == b'gain=0.5\0'

    lies = value_binding(acme['AcmeCount'])
    assert lies.build({'values': [1, 2, 3]}, '<', type_size=2).count == 3
    assert value_binding(acme['AcmeChoice']) is None
    assert value_binding(acme['AcmeChoice'], Context(b'', kinds=('lsm',))).grammar == 'acme'
    assert value_binding(acme['ImageWidth']) is None


@pytest.mark.parametrize(
    'declared',
    ['1x', 'block(', 'block(n)', 'block(n=f())', {'text': 'none'}, {'type': 'far', 'at': 'x'},
     {'type': 'far', 'text': 'x'}, 5],
)  # fmt: skip
def test_wrong_bindings_are_refused(declared):
    row = TagRow(1, 'user/x.tags', {'name': 'X', 'value': declared}, 'user/x')
    with pytest.raises(SchemaError):
        ValueBinding(row, declared, catalog.SchemaView('user/x', {}))
