"""Section `blocks:`: blocks that no tag points to."""

from __future__ import annotations

import io

import numpy as np
import pytest

import tiffschema
from tiffschema.compiler.library import schemas
from tiffschema.errors import SchemaError
from tiffschema.model import catalog
from tiffschema.model.blocks import block_rules, parse_blocks
from tiffschema.writer.cog import write_cog

ACME = """
schema: vendor/acme_blocks
title: Block behind the header
endian: little
structs:
  note:
    fields:
      _magic: {type: "bytes[4]", const: NOTE, doc: mark}
      size: {type: u32, doc: bytes of the text}
      text: {type: "str[size]", doc: the text}
blocks:
  acme_note: {type: note, at: header}
"""


@pytest.fixture
def acme() -> object:
    tiffschema.register_schema(ACME, replace=True)
    yield
    schemas._registered.pop('vendor/acme_blocks')
    schemas._loaded.pop('vendor/acme_blocks')
    catalog.unregister('vendor/acme_blocks')


def with_note(bigtiff: bool) -> bytes:
    """Return a TIFF with a note between header and directory."""
    stream = io.BytesIO()
    tiffschema.imwrite(stream, np.zeros((4, 4), np.uint8), bigtiff=bigtiff, byteorder='<')
    plain = stream.getvalue()
    head = 16 if bigtiff else 8
    note = bytes(schemas['vendor/acme_blocks'].struct('note').build({'text': 'hello, block'}))
    # Appended as a file of its own would be: the note lies behind the header, the rest behind it.
    with tiffschema.TiffFile(plain) as tif:
        page = tif.pages[0]
        entries = [tag.astuple()[:4] for tag in page.tags if tag.code not in (273, 279)]
        codec = tif.container.codec
    from tiffschema.model.directory import Entry

    start = head + len(note)
    made = []
    for code, kind, count, value in [*entries, (273, 4, 1, 0), (279, 4, 1, 16)]:
        kind, count, data = codec.encode_value(None, kind, value)
        made.append(Entry(code, kind, count, data))
    size = len(codec.build(made, start).data)
    made = [
        e if e.code != 273 else Entry(273, *codec.encode_value(None, 4, start + size)) for e in made
    ]
    return codec.build_header(start) + note + codec.build(made, start).data + bytes(16)


@pytest.mark.parametrize('bigtiff', [False, True])
def test_declared_block_is_in_the_map(acme: object, bigtiff: bool) -> None:
    data = with_note(bigtiff)
    with tiffschema.TiffFile(data) as tif:
        assert tif.asarray().shape == (4, 4)
        found = tiffschema.byte_map(tif)
    assert found.unexplained == ()
    (block,) = [span for span in found.spans if span.kind == 'block']
    assert (block.start, block.nbytes, block.path) == (16 if bigtiff else 8, 20, 'acme_note')
    assert 'acme_note.text' in [span.path for span in found.spans if span.kind == 'field']


def test_absent_block_claims_nothing(acme: object) -> None:
    stream = io.BytesIO()
    tiffschema.imwrite(stream, np.zeros((4, 4), np.uint8))
    with tiffschema.TiffFile(stream.getvalue()) as tif:
        kinds = {span.kind for span in tiffschema.byte_map(tif).spans}
    assert 'block' not in kinds


@pytest.mark.parametrize(
    ('declared', 'word'),
    [
        ({'type': 'absent', 'at': 8}, 'absent'),
        ({'type': 'note', 'at': 'end'}, 'header'),
        ({'type': 'note'}, 'needs'),
        ({'python': 'os:system'}, 'tiffschema.formats'),
        (5, 'needs'),
    ],
)
def test_wrong_declarations_are_named(acme: object, declared: object, word: str) -> None:
    with pytest.raises(SchemaError, match=word):
        parse_blocks(catalog.view('vendor/acme_blocks'), {'x': declared})


def test_cloud_optimised_layout_of_gdal_is_explained() -> None:
    assert 'gdal_layout' in [rule.name for rule in block_rules()]
    stream = io.BytesIO()
    data = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    write_cog(stream, data, tile=(16, 16), compression='zlib')
    with tiffschema.TiffFile(stream.getvalue()) as tif:
        found = tiffschema.byte_map(tif)
    assert found.unexplained == ()
    names = {span.path for span in found.spans if span.kind == 'block'}
    assert names == {'gdal_structural_metadata', 'gdal_block_leader', 'gdal_block_trailer'}
