"""Texts in languages of their own: headers of FITS, sections in one line; and what recurs."""

from __future__ import annotations

from datetime import datetime

import pytest

from tiffschema.errors import BuildError, FormatError
from tiffschema.model.text import make_grammar

FITS = make_grammar('fits', {'kind': 'document', 'format': 'fits'})
INLINE = make_grammar('inline', {'kind': 'document', 'format': 'inline_ini'})
LABELLED = make_grammar('labelled', {'kind': 'document', 'format': 'labelled'})


def test_cards_are_read() -> None:
    faults: list[FormatError] = []
    text = (
        'SIMPLE  =                    T / conforms\r\nBITPIX  =    16 / [bits] of a sample\r\n'
        "OBJECT  = 'M 31 / it''s'  / name\r\nCPLX    = (1.5, 2)\r\nPAIR    = (1, 2)\r\n"
        'NONE    =\r\nNOTED   =  / nothing\r\nBIG     = 1E3\r\nDOUBLE  = 1.5D-1\r\n'
        'COMMENT one\r\nCOMMENT two\r\nWRONG   = abc\r\nTWICE   = 1\r\nTWICE   = 2\r\nEND'
    )
    assert FITS.parse(text, faults) == {
        'SIMPLE': True, 'SIMPLE:COMMENT': 'conforms', 'BITPIX': 16,
        'BITPIX:COMMENT': '[bits] of a sample', 'BITPIX:UNIT': 'bits',
        'OBJECT': "M 31 / it''s", 'OBJECT:COMMENT': 'name', 'CPLX': (1.5, 2.0), 'PAIR': (1, 2),
        'NONE': None, 'NOTED': None, 'NOTED:COMMENT': 'nothing', 'BIG': 1000.0, 'DOUBLE': 0.15,
        'COMMENT:0': 'one', 'COMMENT:1': 'two', 'TWICE': 2, 'END:0': '',
    }  # fmt: skip
    assert [fault.path for fault in faults] == ['fits.WRONG', 'fits.TWICE']


@pytest.mark.parametrize(
    'values',
    [
        {'lower': 1}, {'A': 'two\nlines'}, {'A:UNIT': 's'}, {'A': b'x'}, {'A': float('nan')},
        {'A:0': '= x'}, {'A': "odd'quote / x"}, {'A': 1, 'A:COMMENT': 3},
    ],
    ids=str,
)  # fmt: skip
def test_cards_that_would_be_read_otherwise_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(BuildError):
        FITS.build(values)


def test_sections_in_one_line_are_read() -> None:
    faults: list[FormatError] = []
    text = '[A],Date="2017/1/2",N=2,F=1.5,None=,[B c],Size="#1,2.5",List="#1,x",Word=abc,junk'
    assert INLINE.parse(text, faults) == {
        'A': {'Date': '2017/1/2', 'N': 2, 'F': 1.5, 'None': None},
        'B c': {'Size': (1, 2.5), 'List': '#1,x', 'Word': 'abc'},
    }
    assert [fault.message for fault in faults] == ["'junk' is no value"]


@pytest.mark.parametrize(
    'values',
    [
        {'A': 1}, {'[': {}}, {'A': {'x=y': 1}}, {'A': {'x': '"'}}, {'A': {'x': '1,2'}},
        {'A': {'x': True}}, {'A': {'x': '12'}},
    ],
    ids=str,
)  # fmt: skip
def test_sections_that_would_be_read_otherwise_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(BuildError):
        INLINE.build(values)


def test_both_ways() -> None:
    cards = {'SIMPLE': True, 'A': 1, 'A:COMMENT': '[m] x', 'A:UNIT': 'm', 'COMMENT:0': 'c'}
    assert FITS.parse(FITS.build(cards)) == cards
    sections = {'A': {'x': None, 'y': (1, 2.5), 'z': 'a, b', 'w': -3}}
    assert INLINE.parse(INLINE.build(sections)) == sections


def test_sections_in_lines_of_their_own() -> None:
    faults: list[FormatError] = []
    text = (
        '[Camera],Name="C13440",Binning="1",Exposure=1004 us,Range="16 bit"\r\n'
        '[Grabber],Type=5,SubType=0[Lut],First=M1-01\r\n[Scaling],File="#0688212,0672"'
    )
    assert INLINE.parse(text, faults) == {
        'Camera': {'Name': 'C13440', 'Binning': 1, 'Exposure': 1004, 'Range': '16 bit'},
        'Grabber': {'Type': 5, 'SubType': 0},
        'Lut': {'First': 'M1-01'},
        'Scaling': {'File': (688212, 672)},
    }
    assert not faults


def test_sections_whose_names_recur_are_pairs() -> None:
    raw = {'kind': 'sections', 'strip': True, 'pairs': ['Band'], 'rest': 'auto'}
    grammar = make_grammar('x', raw)
    values = {'Z': {'n': 2}, 'Band': [('LUT1', 1), ('LUT2', 2), ('LUT1', 3), ('odd', None)]}
    text = grammar.build(values)
    assert text.splitlines() == ['[Z]', 'n=2', '[Band]', 'LUT1=1', 'LUT2=2', 'LUT1=3', 'odd']
    assert grammar.parse(text) == values


def test_lines_that_are_a_moment_get_a_name() -> None:
    raw = {'kind': 'tokens', 'line': '# ', 'noise': ':', 'times': {'DateTime': '%Y-%m-%dT%H:%M:%S'}}
    grammar = make_grammar('x', raw)
    values = {'DateTime': datetime(2011, 7, 22, 9, 33, 22), 'Key': 'word'}
    assert grammar.parse('# 2011-07-22T09:33:22\n# Key: word\n') == values
    assert grammar.parse(grammar.build(values)) == values


def test_labelled_values() -> None:
    values = {
        '': (0, 5e-09), 'ap_wd': ('WD', 5.2, 'mm'), 'dp_out': ('Out', False),
        'ap_mag': ('Mag', '10 K X'),
    }  # fmt: skip
    text = LABELLED.build(values)
    assert text.splitlines()[2:4] == ['AP_WD', 'WD = 5.2 mm']
    assert LABELLED.parse(text) == values
    assert LABELLED.parse('DP_X\r\nOn : Yes\r\nDP_Y\r\nnothing') == {
        '': (), 'dp_x': ('On', True), 'dp_y': ('nothing', ''),
    }  # fmt: skip


@pytest.mark.parametrize(
    'values',
    [
        {'a': 1}, {'a': ('x',)}, {'a': ('x', 1, 2, 3)}, {'a': ('x', '12')}, {'A': ('x', 1)},
        {'': ('ABC',)},
    ],
    ids=str,
)  # fmt: skip
def test_labels_that_would_be_read_otherwise_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(BuildError):
        LABELLED.build(values)
