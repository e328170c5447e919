"""Reference pages: a schema as Markdown for people who read or write the format.

Rule: everything on the page is in the schema; the sections that a higher floor adds (tags, texts,
detection, metadata, series) are shown from their checked text, whatever they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tiffschema.compiler.ir import EnumDef, SchemaDef, StructDef
from tiffschema.compiler.targets.describe import field_notes, offsets, type_text, visible

if TYPE_CHECKING:
    from tiffschema.compiler.library import Schema

__all__ = ['schema_page']

_LONG_TABLE = 2000
_TABLES = (('rules', 'Rules'), ('profiles', 'Profiles'))
"""Sections of rows that have their name as the first cell."""
_SHOWN = (
    ('detect', 'Detection'), ('metadata', 'Metadata'), ('calibration', 'Calibration'),
    ('series', 'Series'), ('blocks', 'Blocks'),
    ('namespaces', 'Name spaces'), ('kinds', 'Order of kinds'),
)  # fmt: skip


def schema_page(schema: Schema, variant: str | None = None) -> str:
    """Return the reference page of a schema.

    Parameters:
        schema: The schema.
        variant: Whose layouts to show, the first if None.
    """
    definition, raw = visible(schema, variant), schema.raw
    parts = [f'# {definition.title or definition.id}', _head(definition, raw)]
    if definition.doc:
        parts.append(definition.doc)
    if definition.source:
        parts.append('Sources: ' + '; '.join(definition.source) + '.')
    if raw.get('variants'):
        parts.append(_variants(raw['variants'], definition.variant))
    own = [struct for struct in definition.structs.values() if struct.schema == definition.id]
    for struct in own:
        parts.extend(_struct(struct, definition))
    if raw.get('enums'):
        parts.append('## Enumerations')
        for name in raw['enums']:
            if name in definition.enums:
                parts.extend(_enum(definition.enums[name]))
    if raw.get('tables'):
        parts.append('## Tables')
        for name, rows in raw['tables'].items():
            parts.extend((f'### {name}', _rows(rows, 'code')))
    if raw.get('tags'):
        parts.extend(('## Tags', _rows(raw['tags'], 'code')))
    if raw.get('texts'):
        parts.append('## Texts')
        for name, text in raw['texts'].items():
            parts.extend(_text(name, text))
    for key, title in _SHOWN:
        if raw.get(key):
            parts.extend((f'## {title}', _tree(raw[key])))
    for key, title in _TABLES:
        if raw.get(key):
            parts.extend((f'## {title}', _rows(raw[key], key.removesuffix('s'))))
    return '\n\n'.join(part for part in parts if part) + '\n'


def _head(definition: SchemaDef, raw: Mapping[str, Any]) -> str:
    order = {
        'little': 'Always little-endian.',
        'big': 'Always big-endian.',
        'inherit': 'Byte order of the file.',
    }[definition.endian]
    uses = raw.get('use') or ()
    used = (
        f' Uses {", ".join(f"`{use}`" for use in uses)}.' if isinstance(uses, list) and uses else ''
    )
    return f'Schema `{definition.id}`. {order}{used}'


def _variants(variants: Mapping[str, Mapping[str, Any]], shown: str | None) -> str:
    names = list(dict.fromkeys(key for values in variants.values() for key in values))
    rows = [
        [name, *(_shown(values.get(key)) for key in names)] for name, values in variants.items()
    ]
    note = f'The layouts below are those of the variant `{shown}`.\n\n' if shown else ''
    return '## Variants\n\n' + note + _table(['variant', *names], rows)


def _struct(struct: StructDef, definition: SchemaDef) -> Iterator[str]:
    yield f'## {struct.name}'
    if struct.doc:
        yield struct.doc
    facts = []
    if struct.args:
        facts.append('Arguments: ' + ', '.join(f'`{name}` ({kind})' for name, kind in struct.args))
    if struct.endian:
        facts.append(f'Always {struct.endian}-endian')
    if struct.extent:
        facts.append(f'Ends after `{struct.extent}` bytes; fields beyond are absent')
    if struct.check is not None:
        from tiffschema.compiler.expr import prose

        facts.append(f'Must hold: {prose(struct.check)}')
    if facts:
        yield '. '.join(facts) + '.'
    rows = []
    for field, offset in offsets(struct, definition):
        notes = '; '.join(field_notes(field))
        doc = field.doc.rstrip('.')
        meaning = f'{doc}. {notes}' if doc and notes else doc or notes
        if field.since:
            meaning = f'{meaning}; since {field.since}'.lstrip('; ')
        rows.append([
            '' if offset is None else str(offset),
            f'`{field.name}`',
            type_text(field.type) or ('switch' if field.switch else 'let' if field.let else ''),
            field.unit,
            meaning,
            field.source or struct.source,
        ])  # fmt: skip
    yield _table(['offset', 'field', 'type', 'unit', 'meaning', 'source'], rows)
    if struct.example is not None:
        yield f'Example: `{_shown(struct.example)}`'


def _enum(enum: EnumDef) -> Iterator[str]:
    yield f'### {enum.name}'
    if enum.doc:
        yield enum.doc
    extra = list(dict.fromkeys(key for row in enum.rows.values() for key in row if key != 'name'))
    rows = [
        [str(number), name, *(_shown(enum.rows.get(number, {}).get(key)) for key in extra)]
        for number, name in enum.values.items()
    ]
    yield _table(['value', 'name', *extra], rows)


def _rows(rows: Mapping[Any, Any], key: str) -> str:
    """Return a table whose rows are mappings, a column for each key that one of them has."""
    found = {code: row if isinstance(row, Mapping) else {'name': row} for code, row in rows.items()}
    order = ['name', 'type', 'count', 'unit', 'enum', 'value', 'default']
    every = list(dict.fromkeys(name for row in found.values() for name in row))
    tail = [name for name in ('doc', 'source') if name in every]
    columns = [name for name in order if name in every]
    columns += [name for name in every if name not in columns and name not in tail] + tail
    lines = [
        [str(code), *(_shown(row.get(name)) for name in columns)]
        for code, row in list(found.items())[:_LONG_TABLE]
    ]
    return _table([key, *columns], lines)


def _text(name: str, text: Mapping[str, Any]) -> Iterator[str]:
    yield f'### {name}'
    if text.get('doc'):
        yield str(text['doc'])
    plain = {
        key: value for key, value in text.items() if key not in ('doc', 'values', 'rows', 'tokens')
    }
    yield _tree(plain)
    for key in ('values', 'rows', 'tokens'):
        if isinstance(text.get(key), Mapping):
            yield _rows(
                {
                    name: value if isinstance(value, Mapping) else {'type': value}
                    for name, value in text[key].items()
                },
                'key',
            )


def _tree(value: Any, depth: int = 0) -> str:
    """Return nested data as a bullet list."""
    pad = '  ' * depth
    lines = []
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, Mapping | list) and inner and not _flat(inner):
                lines.append(f'{pad}- {_cell(str(key))}:\n{_tree(inner, depth + 1)}')
            else:
                lines.append(f'{pad}- {_cell(str(key))}: {_shown(inner)}')
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, Mapping | list) and not _flat(inner):
                lines.append(f'{pad}-\n{_tree(inner, depth + 1)}')
            else:
                lines.append(f'{pad}- {_shown(inner)}')
    else:
        lines.append(f'{pad}- {_shown(value)}')
    return '\n'.join(lines)


def _flat(value: Any) -> bool:
    inner: Iterable[Any] = value.values() if isinstance(value, Mapping) else value
    return not any(isinstance(item, Mapping | list) for item in inner)


def _shown(value: Any) -> str:
    """Return a value for a cell of a table."""
    if value is None:
        return ''
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, Mapping):
        return _cell(', '.join(f'{key}: {_shown(inner)}' for key, inner in value.items()))
    if isinstance(value, list | tuple):
        return ', '.join(_shown(item) for item in value)
    if isinstance(value, str):
        return _cell(value if value.isprintable() and value.strip() == value else repr(value))
    return str(value)


def _cell(text: str) -> str:
    text = text.replace('|', '\\|').replace('\n', ' ')
    # A bracket begins HTML, but not within code.
    return text if text.startswith('`') else re.sub(r'(?<!\\)<', r'\\<', text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
    lines += ['| ' + ' | '.join(_escaped(cell) for cell in row) + ' |' for row in rows]
    return '\n'.join(lines)


def _escaped(text: str) -> str:
    return _cell(text) if '\\|' not in text else text
