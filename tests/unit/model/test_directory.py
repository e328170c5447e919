"""Headers, directories and values of tags, both ways, in all variants and byte orders."""

from __future__ import annotations

import datetime
import pickle
import random
from fractions import Fraction

import numpy as np
import pytest

from tiffschema.errors import (
    BuildError,
    FormatError,
    LimitError,
    TiffFileError,
    TruncatedError,
    UnsupportedError,
)
from tiffschema.limits import Limits
from tiffschema.model.directory import Entry, codec, parse_header
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import tag_tables
from tiffschema.model.tagtext import parse_datetime, rational
from tiffschema.model.tagvalues import decode_value, encode_value

CODECS = [(variant, order) for variant in ('classic', 'big', 'ndpi') for order in '<>']
TIFF = tag_tables['tiff']
VALUES = {
    'ImageWidth': 70000,
    'ImageLength': 5,
    'BitsPerSample': (8, 8, 8),
    'Compression': 8,
    'ImageDescription': 'hello world',
    'StripOffsets': tuple(range(2000)),
    'XResolution': (1, 3),
    'Software': 'x',
    'SubIFDs': (8, 16),
    'XMP': b'<x/>' * 20,
    'ICCProfile': b'abc',
}


@pytest.mark.parametrize(('variant', 'order'), CODECS)
def test_directories_round_trip(variant, order):
    one = codec(variant, order)
    header = one.build_header(1000)
    assert parse_header(header, ndpi=variant == 'ndpi') == (
        order, 43 if variant == 'big' else 42, 1000, variant,
    )  # fmt: skip
    entries = []
    for name, value in reversed(VALUES.items()):
        row = TIFF[name]
        entries.append(Entry(row.code, *one.encode_value(row, None, value)))
    built = one.build(entries, 1000, 77)
    data = header + bytes(1000 - len(header)) + built.data
    found = one.parse(data, 0, 1000)
    assert found.codes == sorted(TIFF[name].code for name in VALUES)
    assert found.next_offset == 77
    assert found.next_at == built.next_at
    assert one.parse_link(data, found.next_at) == 77
    assert len(found) == len(VALUES)
    assert found.nbytes <= len(built.data)
    for position, code in enumerate(found.codes):
        row = TIFF[code]
        at = found.value_at(position)
        assert at == built.values_at[position]
        assert found.is_inline(position) or at % 2 == 0
        value = one.decode_value(
            found.types[position], found.counts[position],
            data[at : at + found.value_nbytes(position)], row,
        )  # fmt: skip
        wanted = next(value for name, value in VALUES.items() if TIFF[name].code == code)
        assert value == wanted, row
        assert found.number(position) in (None, wanted)
    assert found.number(found.index[256]) == 70000
    assert one.parse(memoryview(data)[900:], 900, 1000).codes == found.codes
    again = one.build(
        [
            Entry(code, found.types[i], found.counts[i], data[at : at + found.value_nbytes(i)])
            for i, code in enumerate(found.codes)
            for at in [found.value_at(i)]
        ],
        1000,
        77,
    )
    assert again.data == built.data


def test_texts_of_ndpi_never_lie_in_their_entry():
    for variant, inline in (('classic', True), ('ndpi', False)):
        one = codec(variant, '<')
        built = one.build([Entry(256, 3, 1, b'\5\0'), Entry(305, 2, 3, b'me\0')], 16)
        found = one.parse(built.data, 16, 16)
        assert found.is_inline(0)
        assert found.is_inline(1) == inline
        at = found.value_at(1) - 16
        assert built.data[at : at + 3] == b'me\0'


def test_values_beyond_4_gb():
    one = codec('ndpi', '<')
    built = one.build([Entry(270, 2, 20, b'x' * 20)], 5 << 32)
    view = built.data
    found = one.parse(view, 5 << 32, 5 << 32)
    assert found.value_at(0) == built.values_at[0] > 5 << 32
    with pytest.raises(BuildError, match='fit'):
        codec('classic', '<').build([Entry(270, 2, 20, b'x' * 20)], 5 << 32)
    assert codec('big', '<').build([Entry(270, 2, 20, b'x' * 20)], 5 << 32).values_at[0] > 5 << 32


@pytest.mark.parametrize(
    ('data', 'error'),
    [(b'', FormatError), (b'II', TruncatedError), (b'XX*\0\0\0\0\0', FormatError),
     (b'II+\0\4\0\0\0' + bytes(8), FormatError), (b'II*\0\0', TruncatedError),
     (b'II\x07\0\0\0\0\0', FormatError), (b'II1N\0\0\0\0', UnsupportedError)],
)  # fmt: skip
def test_wrong_headers(data, error):
    with pytest.raises(error):
        parse_header(data)


def test_headers_of_relatives():
    assert parse_header(b'EP*\0\x08\0\0\0').byteorder == '<'
    assert parse_header(b'MMCR\0\0\0\x08').version == 0x4352
    assert parse_header(b'II\x55\0\x18\0\0\0').first == 24


@pytest.mark.parametrize(('variant', 'order'), CODECS)
def test_mutated_directories_end_in_documented_errors(variant, order):
    one = codec(variant, order)
    entries = [Entry(code, 3, 1, b'\1\0') for code in range(256, 270)]
    data = one.build_header(16).ljust(16, b'\0') + one.build(entries, 16).data
    noise = random.Random(7)
    for _ in range(200):
        broken = bytearray(data[: noise.randrange(len(data))])
        for _ in range(noise.randrange(4)):
            if broken:
                broken[noise.randrange(len(broken))] = noise.randrange(256)
        try:
            found = one.parse(bytes(broken), 0, 16, faults=[])
            for position in range(len(found)):
                found.number(position)
                found.value_at(position)
        except TiffFileError:
            pass


def test_absurd_counts_and_cut_files():
    one = codec('classic', '<')
    with pytest.raises(FormatError, match='65535'):
        one.parse(b'\xff\xff' + bytes(100), 0, 0)
    data = one.build([Entry(256, 3, 1, b'\1\0')] * 20, 0).data
    with pytest.raises(LimitError):
        one.parse(data, 0, 0, limits=Limits(tags=10))
    faults = []
    found = one.parse(data[:-4], 0, 0, faults=faults)
    assert len(found) == 20
    assert found.next_offset == 0
    assert 'next' in str(faults[0])
    with pytest.raises(TruncatedError):
        one.parse(data[:-4], 0, 0)
    with pytest.raises(TruncatedError):
        one.parse(data, 100, 0)


def test_unknown_field_types_are_faults_of_the_entry():
    one = codec('classic', '<')
    data = one.build([Entry(256, 99, 1, b'\1\0')], 8).data
    found = one.parse(bytes(8) + data, 0, 8)
    with pytest.raises(FormatError, match='99'):
        found.value_at(0)


def test_duplicate_codes_keep_their_order():
    one = codec('classic', '<')
    built = one.build([Entry(270, 2, 2, b'a\0'), Entry(270, 2, 2, b'b\0')], 8)
    found = one.parse(bytes(8) + built.data, 0, 8)
    assert found.positions(270) == [0, 1]
    assert found.index[270] == 0
    assert found.values[0][:1] == b'a'


def test_codecs_pickle_to_themselves():
    one = codec('big', '>')
    assert pickle.loads(pickle.dumps(one)) is one
    with pytest.raises(ValueError, match='none of'):
        codec('huge', '<')


@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize(
    ('kind', 'value'),
    [('SHORT', 7), ('SHORT', (1, 2, 65535)), ('LONG', (1 << 32) - 1), ('SSHORT', (-1, 2, 3)),
     ('SLONG', -5), ('SBYTE', (-1, 1)), ('FLOAT', 1.5), ('DOUBLE', (1.5, 2.25)),
     ('RATIONAL', (1, 2)), ('RATIONAL', (1, 2, 3, 4)), ('SRATIONAL', (-1, 2)),
     ('LONG8', 1 << 60), ('SLONG8', -(1 << 60)), ('IFD', 8), ('IFD8', (8, 9)),
     ('BYTE', b'\xff\0'), ('UNDEFINED', b'ab'), ('ASCII', 'text'), ('ASCII', 'a\0b'),
     ('ASCII', ''), ('UTF8', 'µm')],
)  # fmt: skip
def test_values_of_all_types_round_trip(kind, value, order):
    code = FIELD_TYPES[kind].code
    found, count, data = encode_value(None, code, value, order, big=True)
    assert found == code
    assert len(data) == count * FIELD_TYPES[kind].size
    assert decode_value(code, count, data, order) == value


def test_conventions_of_values():
    assert decode_value(3, 0, b'', '<') == ()
    assert decode_value(1, 0, b'', '<') == b''
    array = decode_value(3, 1025, bytes(2050), '>')
    assert array.shape == (1025,)
    assert array.dtype == np.uint16
    assert array.dtype.isnative
    assert isinstance(decode_value(3, 1024, bytes(2048), '<'), tuple)
    assert isinstance(decode_value(4, 2000, bytes(8000), '<', TIFF['StripOffsets']), tuple)
    assert decode_value(3, 1, b'\1\0', '<', TIFF['StripOffsets']) == (1,)
    colors = decode_value(3, 768, bytes(1536), '<', TIFF['ColorMap'])
    assert colors.shape == (3, 256)
    assert decode_value(3, 256, bytes(512), '<', TIFF['TransferFunction']).shape == (256,)
    assert decode_value(1, 1, b'\x08', '<', TIFF['Orientation']).name == 'LEFTBOT'
    assert repr(decode_value(4, 1, b'\1\0\0\0', '<', TIFF['NewSubfileType'])) == (
        '<FILETYPE.REDUCEDIMAGE: 1>'
    )
    faults = []
    assert decode_value(3, 1, b'\x42\0', '<', TIFF['Orientation'], faults) == 66
    assert 'ORIENTATION' in str(faults[0])
    assert decode_value(3, 1, b'\x42\0', '<', TIFF['Compression'], faults) == 66
    assert len(faults) == 1
    assert decode_value(4, 2, bytes(8), '<', TIFF['IPTCNAA']) == bytes(8)
    assert decode_value(2, 7, b'{"a":1}', '<', TIFF['MicroManagerMetadata']) == {'a': 1}
    assert decode_value(2, 6, b'{"a":1', '<', TIFF['MicroManagerMetadata'], faults) == '{"a":1'
    with pytest.raises(TruncatedError):
        decode_value(4, 2, bytes(7), '<')
    with pytest.raises(FormatError):
        decode_value(77, 1, b'', '<')


def test_types_are_chosen_by_the_value():
    assert encode_value(TIFF['ImageWidth'], None, 300, '<')[0] == 3
    assert encode_value(TIFF['ImageWidth'], None, 70000, '<')[0] == 4
    assert encode_value(TIFF['StripOffsets'], None, [1 << 40], '<', big=True)[0] == 16
    with pytest.raises(BuildError, match='fit'):
        encode_value(TIFF['StripOffsets'], None, [1 << 40], '<')
    assert encode_value(None, None, 1.5, '<')[0] == 12
    assert encode_value(None, None, 'x', '<') == (2, 2, b'x\0')
    assert encode_value(None, None, b'x', '<') == (7, 1, b'x')
    assert encode_value(None, None, -1, '<')[0] == 8
    assert encode_value(None, None, Fraction(1, 3), '<') == (5, 1, b'\1\0\0\0\3\0\0\0')
    when = datetime.datetime(2024, 5, 3, 1, 2, 3)
    assert encode_value(TIFF['DateTime'], None, when, '<') == (2, 20, b'2024:05:03 01:02:03\0')
    assert encode_value(TIFF['XMP'], None, '<µ/>', '<') == (1, 5, '<µ/>'.encode())
    assert encode_value(None, 5, [(1, 3), 0.5], '<')[1:] == (
        2, b'\1\0\0\0\3\0\0\0\1\0\0\0\2\0\0\0',
    )  # fmt: skip
    assert encode_value(None, 2, ['red', 'green'], '<') == (2, 10, b'red\0green\0')
    assert encode_value(None, 3, b'\1\0\2\0', '<') == (3, 2, b'\1\0\2\0')


@pytest.mark.parametrize(
    ('kind', 'value'),
    [(3, 65536), (3, -1), (3, 1.5), (3, 'x'), (3, b'x'), (5, -1.0), (5, (1, 2, 3)), (5, 1e12),
     (5, float('nan')), (2, 'µ'), (2, 5), (4, None), (4, [1, [2, 3]]), (88, 1), (12, 'x'), (3, 1j)],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(kind, value):
    with pytest.raises(BuildError):
        encode_value(None, kind, value, '<')


def test_rationals():
    assert rational(300.5) == (601, 2)
    assert rational(3.14159265) == (3017882801, 960621932)
    assert rational(0.1) == (1, 10)
    assert rational(1e-12) == (0, 1)
    assert rational((7, 0)) == (7, 0)
    assert rational(-1.5, signed=True) == (-3, 2)
    assert rational((1 << 40, 1 << 39)) == (2, 1)
    for value in (0.7, 1e9 + 0.25, 4294967294.9, 1 / 7, 2.5e-9):
        numerator, denominator = rational(value)
        assert numerator < 1 << 32
        assert 0 < denominator < 1 << 32
        assert numerator / denominator == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    'text',
    ['2024:05:03 01:02:03', '20240503 01:02:03.0', '2024-05-03T01:02:03', '03/05/2024 01:02:03',
     '2024/05/03 01:02:03', '2024-05-03T01 02 03.0'],
)  # fmt: skip
def test_dates(text):
    assert parse_datetime(text) == datetime.datetime(2024, 5, 3, 1, 2, 3)
    with pytest.raises(ValueError, match='known form'):
        parse_datetime('yesterday')
