"""What `schemas/STYLE.md` asks of shipped schemas, and the reference pages made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tiffschema.cli import main
from tiffschema.cli.reference import reference_pages, write_reference
from tiffschema.compiler.library import schema_folder
from tiffschema.compiler.load import SCHEMA_KEYS
from tiffschema.compiler.targets.describe import visible
from tiffschema.model.sections import schemas

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / 'docs' / 'reference'
SHIPPED = sorted(
    path.relative_to(schema_folder()).with_suffix('').as_posix()
    for path in schema_folder().rglob('*.yaml')
)


def lacking(id: str) -> Iterator[str]:
    """Yield what has no doc or no source though it needs it."""
    schema = schemas[id]
    raw = schema.raw
    for key in ('title', 'doc', 'source'):
        if not raw.get(key):
            yield f'{key} of the file'
    for struct in visible(schema, None).structs.values():
        if struct.schema != id:
            continue
        if not struct.doc:
            yield f'doc of {struct.name}'
        for field in struct.fields:
            if field.name.startswith('_'):
                continue
            if not field.doc:
                yield f'doc of {struct.name}.{field.name}'
            if not (field.source or struct.source or raw.get('source')):
                yield f'source of {struct.name}.{field.name}'
    for section in ('enums', 'texts'):
        for name, row in (raw.get(section) or {}).items():
            for key in ('doc', 'source'):
                if not row.get(key):
                    yield f'{key} of {section}.{name}'
    for name, rows in {**(raw.get('tables') or {}), 'tags': raw.get('tags') or {}}.items():
        for code, row in rows.items():
            if not isinstance(row, Mapping) or not row.get('doc'):
                yield f'doc of {name}.{code}'


@pytest.mark.parametrize('id', SHIPPED)
def test_what_is_public_has_doc_and_source(id: str) -> None:
    assert list(lacking(id)) == []
    assert schemas[id].check() == []


@pytest.mark.parametrize('id', SHIPPED)
def test_the_id_is_the_path_and_sections_have_an_order(id: str) -> None:
    text = (schema_folder() / f'{id}.yaml').read_text(encoding='utf-8')
    keys = re.findall(r'^(\w+):', text, re.MULTILINE)
    assert schemas[id].id == id
    assert keys[0] == 'schema'
    places = [list(SCHEMA_KEYS).index(key) for key in keys]
    assert places == sorted(places), keys


@pytest.mark.parametrize('id', SHIPPED)
def test_names_of_structs_and_enumerations(id: str) -> None:
    raw: Mapping[str, Any] = schemas[id].raw
    for name in raw.get('structs') or {}:
        assert re.fullmatch(r'[a-z][a-z0-9_]*', name), name
    for name in raw.get('enums') or {}:
        assert re.fullmatch(r'[A-Z][A-Za-z0-9]*', name), name


def test_the_reference_is_up_to_date() -> None:
    pages = {
        path: text
        for path, text in reference_pages()
        if path == 'index.md' or path.removesuffix('.md') in SHIPPED
    }
    found = {path.relative_to(REFERENCE).as_posix() for path in REFERENCE.rglob('*.md')}
    stale = [
        path
        for path, text in pages.items()
        if path not in found or (REFERENCE / path).read_text(encoding='utf-8') != text
    ]
    assert not stale, 'run: tiffschema schema docs --out docs/reference'
    assert found == set(pages)


def test_pages_are_written_once_and_stale_ones_deleted(tmp_path: Path) -> None:
    own = tmp_path / 'mine.md'
    own.write_text('# Mine\n')
    assert len(write_reference(tmp_path)) == len(list(reference_pages()))
    stale = tmp_path / 'vendor' / 'gone.md'
    stale.write_text((tmp_path / 'index.md').read_text())
    assert write_reference(tmp_path) == [stale]
    assert own.exists()
    assert not stale.exists()


@pytest.mark.parametrize(
    ('arguments', 'status'),
    [([], 2), (['tiff/ifd', '--out', 'x'], 2), (['--out', 'file/below'], 1)],
)
def test_wrong_arguments_of_the_command(
    arguments: list[str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'file').touch()
    assert main(['tiffschema', 'schema', 'docs', *arguments]) == status


def test_every_format_has_a_paragraph_in_the_guide() -> None:
    guide = (ROOT / 'docs' / 'guide' / 'formats.md').read_text(encoding='utf-8')
    absent = [
        id for id in SHIPPED if id.startswith('vendor/') and f'reference/{id}.md' not in guide
    ]
    assert not absent
    kinds = {kind for id in SHIPPED for kind in schemas[id].raw.get('series') or {}}
    assert [kind for kind in sorted(kinds) if f'`{kind}`' not in guide] == []
