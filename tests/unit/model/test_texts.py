"""Text grammars both ways; hostile text ends in documented errors."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffschema.errors import BuildError, FormatError, LimitError, SchemaError, TiffFileError
from tiffschema.limits import Limits
from tiffschema.model.text import (
    dump_value,
    make_grammar,
    parse_element,
    parse_json,
    parse_lines,
    parse_value,
    value_type,
    xml_to_dict,
)

SVS = {
    'kind': 'keyvalue',
    'starts': ['Aperio '],
    'head': {'name': 'Header', 'until': '|', 'strip': True},
    'split': '|',
    'missing': 'skip',
    'spaced': True,
    'values': {'AppMag': 'number', 'MPP': {'type': 'float', 'unit': 'um'}, 'ScanScope ID': 'str'},
}
FLUOVIEW = {
    'kind': 'sections',
    'starts': ['['],
    'open': '[{name}]',
    'close': '[{name} End]',
    'strip': True,
    'raw': ['Region Info (Fields)'],
    'rows': {'LUT *': {'key': 'RGB *', 'type': 'u8[3]'}},
}
PILATUS = {
    'kind': 'tokens',
    'line': '# ',
    'noise': '#:=,()',
    'nan': ['not'],
    'values': {
        'Detector': {'type': 'str', 'slice': [1]},
        'Pixel_size': {'type': 'float', 'at': [1, 4], 'form': '{0} m x {1} m'},
        'Silicon': {'type': 'float', 'at': [3], 'form': 'sensor, thickness {0} m'},
        'Exposure_time': {'type': 'float', 'at': [1], 'form': '{0} s'},
        'Threshold_setting': {'type': 'float', 'form': '{0} eV'},
        'Beam_xy': {'type': 'float', 'at': [1, 2]},
        'N_oscillations': {'type': 'int'},
    },
}


def grammar(raw):
    return make_grammar('x', raw)


def test_keyvalue_reads_svs():
    text = 'Aperio Image Library v1\r\n1x2|AppMag = 20|MPP = 0.4990|Foo|Date = 12/29/09|X = 012'
    values = grammar(SVS).parse(text)
    assert values == {
        'Header': 'Aperio Image Library v1\r\n1x2', 'AppMag': 20, 'MPP': 0.499,
        'Date': '12/29/09', 'X': 12,
    }  # fmt: skip
    assert isinstance(values['AppMag'], int)
    built = grammar(SVS).build(values)
    assert grammar(SVS).parse(built) == values
    assert 'MPP = 0.499|' in built


def test_keyvalue_records_values_of_another_type_and_keeps_the_text():
    faults = []
    values = grammar(SVS).parse('Aperio |MPP = wide', faults)
    assert values['MPP'] == 'wide'
    assert 'float' in str(faults[0])


def test_keyvalue_unescapes_and_escapes():
    raw = {'kind': 'keyvalue', 'values': {'unit': {'type': 'str', 'unescape': True}}}
    assert grammar(raw).parse('unit=\\u00B5m') == {'unit': 'µm'}
    assert grammar(raw).build({'unit': 'µm'}) == 'unit=\\u00B5m'
    assert grammar(raw).parse(grammar(raw).build({'unit': '\U0001d5d4'})) == {'unit': '\U0001d5d4'}


@pytest.mark.parametrize(
    'values',
    [{'a': '1'}, {'a': 'x\ny'}, {'a=b': 1}, {'': 1}, {'a': None}, {'a': [1]}, {'a': object()},
     {'a': 'true'}, {'a\nb': 1}],
)  # fmt: skip
def test_keyvalue_refuses_what_would_be_read_otherwise(values):
    with pytest.raises(BuildError):
        grammar({'kind': 'keyvalue'}).build(values)


def test_keyvalue_refuses_text_without_its_beginning():
    with pytest.raises(BuildError, match='begin'):
        grammar({'kind': 'keyvalue', 'starts': ['ImageJ=']}).build({'a': 1})


def test_keyvalue_decodes_bytes_by_the_first_encoding_that_fits():
    assert grammar({'kind': 'keyvalue'}).parse(b'a=\xb5m\0\0') == {'a': 'µm'}
    assert grammar({'kind': 'keyvalue'}).parse('a=µm'.encode()) == {'a': 'µm'}


def test_sections_read_fluoview():
    text = (
        '[Intensity Mapping]\nMap Ch0: Range=00000 to 02047\nA=1\nB = 2.5 \nnovalue\n'
        '[Intensity Mapping End]\n[Region Info (Fields)]\nfree [x]\n text\n'
        '[Region Info (Fields) End]\n[LUT Ch1]\nRGB 0=0 0 0\nRGB 1=1 2 3\n[LUT Ch1 End]\n'
        '[Outer]\nq=1\n[Inner]\nz=2\n[Inner End]\nr=2\n[Outer End]\n'
    )
    faults = []
    values = grammar(FLUOVIEW).parse(text, faults)
    assert not faults
    assert values == {
        'Intensity Mapping': {
            'Map Ch0: Range': '00000 to 02047', 'A': 1, 'B': 2.5, 'novalue': None,
        },
        'Region Info (Fields)': 'free [x]\n text',
        'LUT Ch1': [(0, 0, 0), (1, 2, 3)],
        'Outer': {'q': 1, 'r': 2},
        'Inner': {'z': 2},
    }  # fmt: skip
    assert grammar(FLUOVIEW).parse(grammar(FLUOVIEW).build(values)) == values


def test_sections_tell_what_is_wrong():
    faults = []
    values = grammar(FLUOVIEW).parse('[A]\nx=1\n[Region Info (Fields)]\nfree', faults)
    assert values == {'A': {'x': 1}, 'Region Info (Fields)': 'free'}
    assert len(faults) == 2


def test_sections_of_an_ini():
    ini = grammar({'kind': 'sections', 'comment': ';', 'strip': True})
    assert ini.parse('[a]\n;no\nx = 1\n[b]\ny=t') == {'a': {'x': 1}, 'b': {'y': 't'}}
    assert ini.parse(ini.build({'a': {'x': 1.5}, 'b': {}})) == {'a': {'x': 1.5}, 'b': {}}


def test_tokens_read_pilatus():
    text = (
        '# Detector: PILATUS 6M, S/N 60-0001\n# 2011/Jun/21 00:00:00\n'
        '# Pixel_size 172e-6 m x 172e-6 m\n# Silicon sensor, thickness 0.000320 m\n'
        '# Exposure_time 0.1 s\n# Threshold_setting: not defined\n# Beam_xy (1.5, 2.5) pixels\n'
    )
    values = grammar(PILATUS).parse(text)
    assert math.isnan(values.pop('Threshold_setting'))
    assert values == {
        'Detector': 'PILATUS 6M S/N 60-0001', '2011/Jun/21': '00 00 00',
        'Pixel_size': (172e-6, 172e-6), 'Silicon': 0.00032, 'Exposure_time': 0.1,
        'Beam_xy': (1.5, 2.5),
    }  # fmt: skip
    values['Threshold_setting'] = math.nan
    built = grammar(PILATUS).build(values)
    back = grammar(PILATUS).parse(built)
    assert math.isnan(back.pop('Threshold_setting'))
    values.pop('Threshold_setting')
    assert back == values


def test_tokens_refuse_forms_that_do_not_fit():
    with pytest.raises(BuildError):
        grammar(PILATUS).build({'Pixel_size': (1.0, 2.0, 3.0)})
    with pytest.raises(BuildError):
        grammar(PILATUS).build({'N_oscillations': 'many'})


@pytest.mark.parametrize('form', ['json', 'xml', 'ini', 'matlab'])
def test_documents_both_ways(form):
    document = grammar({'kind': 'document', 'format': form})
    values = {
        'json': {'a': [1, 2.5, None, 'x'], 'b': {'c': True}},
        'xml': {'root': {'a': [1, 'x < y'], 'b': {'c': True, 'value': 't'}, 'd': None}},
        'ini': {'top': 1, 'Beam': {'HV': 5000.0, 'Mode': 'x'}, 'Empty': {}},
        'matlab': {'SI.a': [[1, 2], [3, 4]], 'SI.b': "it's", 'SI.c': True, 'SI.d': math.inf},
    }[form]
    assert document.parse(document.build(values)) == values


def test_matlab_nests():
    nested = grammar({'kind': 'document', 'format': 'matlab', 'nest': True})
    assert nested.parse('SI.a.b = 1\nSI.c = 2') == {'SI': {'a': {'b': 1}, 'c': 2}}
    assert nested.parse(nested.build({'SI': {'a': {'b': 1}}})) == {'SI': {'a': {'b': 1}}}


@pytest.mark.parametrize(
    ('text', 'value'),
    [('1', 1), ('1.5', 1.5), ("'x'", 'x'), ('[1 2; 3 4]', [[1, 2], [3, 4]]), ("{'a' 1}", ['a', 1]),
     ('[1]', [1]), ("{'a'}", 'a'), ('[1;2]', [[1], [2]]), ('@sin', '@sin'), ('true', True),
     ('zeros(2,1)', [[0.0], [0.0]]), ('[]', []), ('<obj x>', '<obj x>'), ("'it''s'", "it's"),
     ('[1 2', [1, 2]), ('', ''), ('{[1 2] 3}', [[1, 2], 3])],
)  # fmt: skip
def test_matlab_values(text, value):
    assert parse_value(text) == value
    assert parse_value(dump_value(value)) == value


def test_matlab_skips_what_is_no_assignment():
    assert parse_lines('%no\nx\na b = 1\nc = 2') == {'c': 2}


def test_xml_matches_the_conventions():
    assert xml_to_dict('<a b="1"><c>2</c><c>x</c><d/><e f="1.5">t</e>tail</a>') == {
        'a': {'c': [2, 'x'], 'd': None, 'e': {'f': 1.5, 'value': 't'}, 'b': 1}
    }
    assert xml_to_dict('<a b="1,2"><d>1,a</d></a>') == {'a': {'d': '1,a', 'b': (1, 2)}}
    assert xml_to_dict('<a b="1"><e f="2">t</e></a>', prefix=('@', '#')) == {
        'a': {'e': {'@f': 2, '#value': 't'}, '@b': 1}
    }
    assert xml_to_dict('<n:a xmlns:n="u"><n:b>1</n:b></n:a>') == {'a': {'b': 1}}
    assert xml_to_dict('<?xml version="1.0" encoding="utf-16"?><a>µ\x01</a>\0') == {'a': 'µ'}


BOMB = '<!DOCTYPE a [<!ENTITY x "' + 'y' * 100 + '"><!ENTITY z "&x;&x;&x;">]><a>&z;</a>'


@pytest.mark.parametrize(
    'text',
    [BOMB, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', '<a>&unknown;</a>', '<a', '', '<a></b>',
     '<a/><b/>', '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://x/">%p;]><a/>', '\ud800'],
)  # fmt: skip
def test_xml_refuses_entities_and_broken_text(text):
    with pytest.raises(FormatError):
        parse_element(text)


def test_xml_bytes_of_unknown_encoding():
    with pytest.raises(FormatError):
        parse_element(b'<?xml version="1.0" encoding="no-such"?><a/>')


def test_deep_and_huge_texts_end_in_limit_errors():
    began = time.monotonic()
    with pytest.raises(LimitError):
        parse_element('<a>' * 100_000)
    with pytest.raises(LimitError):
        parse_json('[' * 1_000_000)
    with pytest.raises(LimitError):
        parse_json('{"a":' * 100_000 + '1' + '}' * 100_000)
    with pytest.raises(LimitError):
        parse_value('{' * 100_000)
    with pytest.raises(LimitError):
        parse_value('zeros(100000,100000)')
    with pytest.raises(LimitError):
        parse_element('<a>' + '<b/>' * 100 + '</a>', limits=Limits(items=50))
    for one in (grammar({'kind': 'keyvalue'}), grammar(FLUOVIEW), grammar(PILATUS)):
        with pytest.raises(LimitError):
            one.parse('x' * 100, limits=Limits(text=50))
    # A bound against hanging, not a measurement.
    assert time.monotonic() - began < 60


def test_json_of_huge_integers_and_brackets_in_strings():
    assert parse_json('9' * 5000) == math.inf
    assert parse_json('"' + '[' * 5000 + '"') == '[' * 5000
    with pytest.raises(FormatError):
        parse_json('{"a": }')


def test_wrong_declarations_are_refused():
    for raw in (
        {'kind': 'none'},
        {'kind': 'keyvalue', 'nokey': 1},
        {'kind': 'keyvalue', 'values': {'a': 'integer'}},
        {'kind': 'keyvalue', 'split': ''},
        {'kind': 'keyvalue', 'missing': 'maybe'},
        {'kind': 'sections', 'open': 'x'},
        {'kind': 'sections', 'raw': ['a']},
        {'kind': 'document', 'format': 'yaml'},
        {'kind': 'document', 'format': 'json', 'nest': True},
        {'kind': 'tokens', 'values': {'a': {'type': 'float', 'x': 1}}},
    ):
        with pytest.raises(SchemaError):
            grammar(raw)


KEYS = st.text(st.characters(codec='latin-1', exclude_characters='=\n\r'), min_size=1, max_size=8)
LEAVES = st.one_of(
    st.integers(-(1 << 70), 1 << 70), st.floats(), st.booleans(), st.text(max_size=12)
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, LEAVES, max_size=5))
def test_keyvalue_builds_what_it_reads_or_refuses(values):
    plain = grammar({'kind': 'keyvalue'})
    try:
        text = plain.build(values)
    except BuildError:
        return
    assert str(plain.parse(text)) == str(values)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('[]{}\'"=;|# \n\r\tab1.<>/&!:,()'), max_size=60))
def test_any_text_ends_in_values_or_documented_errors(text):
    kinds = (SVS, FLUOVIEW, PILATUS, *(
        {'kind': 'document', 'format': form}
        for form in ('json', 'xml', 'ini', 'matlab', 'inline_ini', 'fits', 'labelled')
    ))  # fmt: skip
    for raw in kinds:
        try:
            values = grammar(raw).parse(text, [])
        except TiffFileError:
            continue
        try:
            built = grammar(raw).build(values)
        except BuildError:
            continue
        assert grammar(raw).parse(built, []) is not None


def test_value_types_say_what_is_known():
    with pytest.raises(ValueError, match='known are'):
        value_type('integer')
    with pytest.raises(ValueError, match='unknown key'):
        value_type({'type': 'int', 'size': 1})
    assert value_type('u8[3]').parse('1 2 300') is not None
    assert value_type({'type': 'float[]', 'separator': ','}).parse('1, 2.5') == (1.0, 2.5)
