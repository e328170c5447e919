"""Whoever declares a format is told what else users expect of it: metadata, pages, a forge.

Rule: every detector of a schema is a format, but for those in `NO_FORMATS`, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tiffschema import schemas
from tiffschema.imagepro import ips_sequence
from tiffschema.model import catalog
from tiffschema.model.kinds import series_kinds
from tiffschema.runtime.file import TiffFile
from tiffschema.runtime.pageflags import has_metadata
from tiffschema.testing import forge, forge_variants, forgeable, schema_cases

DOCS = Path(__file__).parents[2] / 'docs'
NO_FORMATS = {
    'c2pa': 'a page that holds a manifest, in files of any kind',
    'dicom': 'a file of another format in front of a TIFF',
    'dng': 'a raw image; its tags are named, it has no metadata of its own',
    'gdal': 'texts in files of any kind; those of a GeoTIFF are forged',
    'micromanager': 'a tag that MMStack and NDTiff have, which are forged',
    'mrc': 'a bit of a tag',
    'multipage': 'a bit of a tag',
    'sis_second': 'one of two blocks of Olympus SIS, which is forged',
    'tiffep': 'a tag of cameras',
}
BARE = {
    'vista': 'nothing but the name of the software is known',
    'volumetric': 'its tags are those of the page',
}
"""Formats without metadata."""
FORMATS = {
    name: id
    for id, raw in catalog.section('detect', users=False).items()
    for name in raw
    if name not in NO_FORMATS
}


def missing(name: str, id: str) -> Iterator[str]:
    if not has_metadata(name) and name not in BARE:
        yield f'metadata: no section says what tif.{name}_metadata is'
    if f'`{name}`' not in (DOCS / 'guide' / 'formats.md').read_text(encoding='utf-8'):
        yield f'a paragraph with `{name}` in docs/guide/formats.md'
    if not (DOCS / 'reference' / f'{id}.md').is_file():
        yield 'a page: run tiffschema schema docs --out docs/reference'
    if name not in forgeable():
        yield 'a function in tiffschema/testing/forging, named in its table'
    elif len(forge_variants(name)) < 2:
        yield 'variants in tiffschema/testing/forging/variants.py: what its description allows'


@pytest.mark.parametrize('name', FORMATS)
def test_formats_are_complete(name: str) -> None:
    assert not list(missing(name, FORMATS[name]))


@pytest.mark.parametrize('name', sorted({id for id in FORMATS.values() if id != 'tiff/kinds'}))
def test_structs_of_formats_are_parsed_and_built_in_the_tests_of_all_schemas(name: str) -> None:
    declared = schemas[name].structs
    assert set(declared) == {case.struct for case in schema_cases() if case.schema.id == name}


@pytest.mark.parametrize('kind', forgeable())
def test_forged_files_have_what_is_declared(kind: str, tmp_path: Path) -> None:
    forged = forge(kind)
    path = forged.write(tmp_path)
    if kind == 'ips':
        with ips_sequence(path) as sequence, TiffFile(sequence[0]) as tif:
            assert tif.is_mediacy
        return
    with TiffFile(path) as tif:
        if forged.kind in FORMATS:
            assert getattr(tif, f'is_{forged.kind}')
            assert (forged.kind in BARE) or getattr(tif, f'{forged.kind}_metadata')
        # Never one image of two by two.
        assert all(min(level.shape) > 1 for series in tif.series for level in series.levels)
        assert tif.series[0].size > 4


def test_kinds_of_series_are_forged() -> None:
    made = {variant.kind for variant in forge_variants()}
    assert set(series_kinds()) <= made
    assert not NO_FORMATS.keys() & (FORMATS.keys() | set(forgeable()))
    assert BARE.keys() <= FORMATS.keys()
    assert not [name for name in BARE if has_metadata(name)]


@pytest.mark.parametrize('kind', ['lsm', 'scanimage', 'imagej'])
def test_formats_with_offsets_that_are_too_small_are_forged_beyond_4_gib(
    kind: str, tmp_path: Path
) -> None:
    large = [one for one in forge_variants(kind) if one.options.keys() & {'apart', 'large'}]
    assert large
    path = large[0].forge().write(tmp_path)
    assert path.stat().st_size > 1 << 32
    assert path.stat().st_blocks * 512 < 1 << 24
