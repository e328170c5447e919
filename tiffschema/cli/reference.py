"""The format reference: a page per schema and an index, written as files.

Knows the library of schemas and the Markdown target; the pages of a project's folder are its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tiffschema.model.sections import schemas

__all__ = ['reference_pages', 'write_reference']

_NOTE = '<!-- Written by `tiffschema schema docs --out DIR`; change the schema, not this page. -->'
_GROUPS = (
    ('tiff/', 'TIFF itself', 'Headers, directories, field types, enumerations and kinds.'),
    ('tiff/tags/', 'Tags', 'What codes mean, by who defined them.'),
    ('vendor/', 'Formats', 'What makers of instruments and programs put into their files.'),
    ('', 'Schemas of users', 'Declared outside of the library.'),
)


def reference_pages() -> Iterator[tuple[str, str]]:
    """Yield path and text of each page of the reference, the index first.

    Example:
        >>> next(reference_pages())[0]
        'index.md'
    """
    pages = {f'{id}.md': schemas[id].docs() for id in schemas}
    yield 'index.md', _index()
    for path, text in pages.items():
        yield path, f'{_NOTE}\n\n{text}'


def _index() -> str:
    """Return the page that leads to all others."""
    parts = [
        _NOTE,
        '# Format reference',
        'Each page is made from the declaration that the parser and the builder are made from, so '
        'it says what the library does. Fields whose names begin with an underscore are fixed or '
        'unused bytes; offsets count from the start of the structure.',
    ]
    waiting = list(schemas)
    groups: dict[str, list[str]] = {prefix: [] for prefix, _, _ in _GROUPS}
    for id in waiting:
        # The longest prefix decides.
        prefix = max((one for one in groups if id.startswith(one)), key=len)
        groups[prefix].append(id)
    for prefix, title, text in _GROUPS:
        if groups[prefix]:
            rows = [
                f'| [{id}]({id}.md) | {_cell(schemas[id].title)} | {_first(schemas[id].doc)} |'
                for id in groups[prefix]
            ]
            table = '\n'.join(['| schema | title | in short |', '| --- | --- | --- |', *rows])
            parts.extend((f'## {title}', text, table))
    return '\n\n'.join(parts) + '\n'


def _first(text: str) -> str:
    """Return the first sentence."""
    return _cell(re.split(r'(?<=[.;]) (?=[A-Z])', ' '.join(text.split()), maxsplit=1)[0])


def _cell(text: str) -> str:
    return text.replace('|', '\\|').replace('<', '\\<')


def write_reference(folder: Path) -> list[Path]:
    """Write all pages below a folder, delete pages of schemas that are gone; return the changed.

    Raises:
        OSError: A page cannot be written.
    """
    changed = []
    pages = {folder / path: text for path, text in reference_pages()}
    for path, text in pages.items():
        if not path.is_file() or path.read_text(encoding='utf-8') != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
            changed.append(path)
    for path in sorted(folder.rglob('*.md')):
        # Only what this function wrote is deleted.
        if path not in pages and path.read_text(encoding='utf-8').startswith(_NOTE):
            path.unlink()
            changed.append(path)
    return changed
