"""Codes that Python knows: each is as declared, each is used, and none stands as a bare number."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import tiffschema
from tiffschema.model.tagcodes import SEGMENTS, EerCode, NdpiCode, TagCode
from tiffschema.model.tagtable import tag_tables

PACKAGE = Path(tiffschema.__file__).parent
SPACES = {TagCode: 'tiff', NdpiCode: 'ndpi', EerCode: 'eer'}
# Sizes, widths, colours and statuses are such numbers, too.
EVERYDAY = {254, 256, 288, 400, 512}
# These know codes of other things: compressions, byte streams, fields of forged files.
OTHER_FLOORS = ('codecs', 'compiler', 'testing/forging', 'testing/codings', '_frozen')


def codes(names: type) -> dict[str, int]:
    return {name: code for name, code in vars(names).items() if name[:1] != '_'}


def sources() -> dict[str, str]:
    found = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob('*.py')}
    return {name: path.read_text(encoding='utf-8') for name, path in sorted(found.items())}


@pytest.mark.parametrize(('names', 'space'), SPACES.items(), ids=SPACES.values())
def test_codes_are_as_declared(names, space):
    declared = tag_tables[space].own_codes()
    for name, code in codes(names).items():
        assert code in declared
        assert name in tag_tables[space].names(code)
    assert list(codes(names).values()) == sorted(set(codes(names).values()))


def test_every_code_is_used():
    text = '\n'.join(sources().values())
    known = {f'{names.__name__}.{name}' for names in SPACES for name in codes(names)}
    assert known == set(re.findall(r'\b(?:TagCode|NdpiCode|EerCode)\.\w+', text))


def test_no_code_stands_as_a_number():
    known = {code for names in SPACES for code in codes(names).values()} - EVERYDAY
    assert all(code > 256 for code in known)
    found = [
        f'{name}:{node.lineno}: {node.value}'
        for name, text in sources().items()
        if not name.startswith(OTHER_FLOORS) and name != 'model/tagcodes.py'
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in known
    ]
    assert not found


def test_segments_are_offsets_with_their_sizes():
    table = tag_tables['tiff']
    assert {table[code].pointer for code in SEGMENTS} == {'segments', 'data'}
    assert all(
        'Count' in table[code].name or 'Length' in table[code].name for code in SEGMENTS.values()
    )
