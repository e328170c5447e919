"""A vendor's schema written by a user: tags, texts, detection and metadata are known at once."""

from __future__ import annotations

import pytest

from tiffschema.errors import SchemaError
from tiffschema.model import catalog
from tiffschema.model.kinds import detectors, series_kinds
from tiffschema.model.metadata import metadata_rule
from tiffschema.model.sections import register_schema, schemas
from tiffschema.model.tagtable import tag_tables

ACME = """\
schema: user/acme_sections
title: Acme
structs:
  block:
    args: {n: u32}
    fields:
      magic: {type: u32, const: 0x41434D45, doc: magic}
      values: {type: "u16[n]", doc: values}
texts:
  acme: {kind: keyvalue, starts: ["ACME "], split: ";", values: {gain: float}}
tags:
  60321: {name: AcmeBlock, type: u8, value: "block(n=(tag.size - 4) // 2)", doc: a block}
detect:
  acme_sections: {any: [{text: acme}, {tag: AcmeBlock}]}
metadata:
  acme_sections: [text.acme, tag.AcmeBlock]
series:
  acme_sections: {kind: grid, axes: ZYX, sizes: {Z: 3}}
"""


@pytest.fixture
def acme():
    schema = register_schema(ACME, replace=True)
    yield schema
    catalog.unregister('user/acme_sections')


def test_a_registered_schema_is_known_everywhere(acme):
    assert tag_tables['tiff']['AcmeBlock'].schema == 'user/acme_sections'
    assert 'acme_sections' in detectors
    assert 'acme_sections' in series_kinds()
    assert series_kinds()[-1] == 'generic'
    assert [str(source) for source in metadata_rule('acme_sections').sources] == [
        'text.acme',
        'tag.AcmeBlock',
    ]
    assert acme.sections['texts']['acme'].parse('ACME x;gain=0.5', []) == {'gain': 0.5}
    assert schemas['user/acme_sections'] is acme


@pytest.mark.parametrize(
    ('change', 'match'),
    [
        (('60321: {name: AcmeBlock', '256: {name: AcmeWidth'), 'in use'),
        (('kind: keyvalue', 'kind: key'), 'none of'),
        (('{text: acme}', '{text: nope}'), 'no such text'),
        (('text.acme', 'text.nope'), 'no such text'),
        (('kind: grid', 'kind: cube'), 'kind: grid'),
        (('kind: grid, axes: ZYX, sizes: {Z: 3}', 'python: "os:system"'), 'no other functions'),
        (('type: u8', 'type: u9'), 'unknown type'),
    ],
)
def test_wrong_sections_are_refused_when_registered(change, match):
    text = ACME.replace('acme_sections', 'acme_wrong').replace(*change)
    with pytest.raises(SchemaError, match=match):
        register_schema(text)
    assert 'acme_wrong' not in detectors


def test_replace_takes_a_code_in_use():
    text = ACME.replace('acme_sections', 'acme_taker').replace(
        '60321: {name: Acme', '33000: {name: Acme'
    )
    other = text.replace('acme_taker', 'acme_other').replace('AcmeBlock', 'OtherBlock')
    register_schema(text)
    try:
        with pytest.raises(SchemaError, match='in use'):
            register_schema(other)
        register_schema(other, replace=True)
        assert tag_tables['tiff'][33000].name == 'OtherBlock'
        assert tag_tables['tiff']['AcmeBlock'].code == 33000
    finally:
        catalog.unregister('user/acme_taker')
        catalog.unregister('user/acme_other')


def test_all_shipped_schemas_have_sections_that_read():
    for id in schemas:
        if not id.startswith('user/'):
            schemas[id].sections  # noqa: B018


def test_frozen_catalog_agrees_with_fresh(tmp_path):
    def data(path):
        space = {}
        exec(compile(path.read_text(encoding='utf-8'), path.name, 'exec'), space)
        return space['DATA']

    paths = {path.stem: path for path in catalog.freeze(tmp_path)}
    main = data(paths['catalog'])
    for name in catalog.SECTIONS:
        fresh = {id: raw for id, raw in catalog.section(name).items() if id[:5] != 'user/'}
        kept = main[name]
        if name in catalog._LARGE:
            kept = {id: data(paths[stem])[id] for id, stem in kept.items()}
        assert kept == fresh
    assert set(main['structs']) <= set(schemas)
