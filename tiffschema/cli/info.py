"""``tiffschema info``: pages, series, tags of a page, what the schemas found, faults.

Knows the public face of files; pixels stay unread.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import islice
from typing import Any

from tiffschema.errors import TiffFileError
from tiffschema.model.enums import enumstr
from tiffschema.runtime.file import TiffFile

from .program import checked_index, each_file
from .tables import Table, show
from .values import brief, dumps, plain

__all__ = ['facts', 'run', 'tables']


def run(arguments: argparse.Namespace) -> int:
    """Show each file."""

    def one(path: str) -> bool:
        with TiffFile(path) as tif:
            if arguments.page:
                checked_index(arguments.page, len(tif.pages), 'page')
            if arguments.json:
                print(dumps(facts(tif, arguments.pages, arguments.page)))
            else:
                show(tables(tif, arguments.pages, arguments.page))
                print()
        return True

    return each_file(arguments.file, one)


def facts(tif: TiffFile, pages: int = 20, page: int = 0) -> dict[str, Any]:
    """Return what is known of a file as plain values.

    Parameters:
        tif: The file.
        pages: Pages and series shown at most.
        page: Page whose tags are shown.
    """
    found: dict[str, Any] = {
        'file': tif.filename,
        'bytes': tif.source.size,
        'format': tif.container.codec.variant,
        'byteorder': 'little' if tif.byteorder == '<' else 'big',
        'pages': len(tif.pages),
        'kinds': sorted(tif.flags),
        'page': [_page_facts(one) for one in islice(tif.pages, pages)],
        'series': [_series_facts(one) for one in islice(_series(tif), pages)],
        'tags': {},
        'metadata': {},
    }
    if -len(tif.pages) <= page < len(tif.pages):
        found['tags'] = {tag.name: _value(tif, tag) for tag in _tags_of(tif, page)}
    for name in sorted(tif.flags):
        metadata = _metadata(tif, name)
        if metadata is not None:
            found['metadata'][name] = plain(metadata)
    found['faults'] = [str(fault) for fault in tif.faults]
    return found


def _tags_of(tif: TiffFile, page: int) -> Any:
    return tif.pages.get(page, aspage=True).tags


def _value(tif: TiffFile, tag: Any) -> Any:
    """Return the value of a tag; a fault, recorded, in its place if it cannot be read."""
    try:
        return plain(tag.value)
    except TiffFileError as error:
        return f'<{error}>'


def _series(tif: TiffFile) -> Any:
    try:
        return tif.series
    except TiffFileError as error:
        tif.faults.add(str(error), 'series')
        return ()


def _metadata(tif: TiffFile, name: str) -> Any:
    try:
        return getattr(tif, f'{name}_metadata', None)
    except TiffFileError as error:
        tif.faults.add(str(error), f'{name}_metadata')
        return None


def _page_facts(page: Any) -> dict[str, Any]:
    return {
        'index': page.index,
        'offset': page.offset,
        'shape': list(page.shape),
        'dtype': None if page.dtype is None else str(page.dtype),
        'axes': page.axes,
        'compression': enumstr(page.compression),
        'photometric': enumstr(page.photometric),
        'tile': list(page.tile) if page.tile else None,
        'segments': page.geometry.segment_count,
        'subifds': len(page.subifds or ()),
    }


def _series_facts(series: Any) -> dict[str, Any]:
    return {
        'kind': series.kind,
        'name': series.name,
        'shape': list(series.shape),
        'dtype': None if series.dtype is None else str(series.dtype),
        'axes': series.axes,
        'levels': [list(level.shape) for level in series.levels],
    }


def _size(shape: Any) -> str:
    return ' x '.join(map(str, shape))


def tables(tif: TiffFile, pages: int = 20, page: int = 0) -> list[Table]:
    """Return the same as `facts` as tables."""
    found = facts(tif, pages, page)
    head = Table('', ('', ''))
    for name in ('file', 'bytes', 'format', 'byteorder', 'pages'):
        head.add(name, found[name])
    head.add('kinds', ', '.join(found['kinds']))
    shown = [head, _page_table(found), _series_table(found)]
    if found['tags']:
        shown.append(_tag_table(tif, page))
    metadata = Table('What the schemas found', ('kind', 'field', 'value'))
    for kind, fields in found['metadata'].items():
        for name, value in _flat(fields):
            metadata.add(kind, name, brief(value))
    faults = Table('Faults', ('path and offset: what is wrong',))
    for fault in tif.faults:
        faults.add(fault)
    return [*shown, metadata, faults]


def _page_table(found: Mapping[str, Any]) -> Table:
    table = Table(
        _title('Pages', found['pages'], len(found['page'])),
        ('>', '>offset', 'shape', 'dtype', 'axes', 'compression', 'photometric', 'segments'),
    )
    for one in found['page']:
        kind = f'tiles {_size(one["tile"])}' if one['tile'] else 'strips'
        table.add(
            one['index'], one['offset'], _size(one['shape']), one['dtype'], one['axes'],
            one['compression'], one['photometric'], f'{one["segments"]} {kind}',
        )  # fmt: skip
    return table


def _series_table(found: Mapping[str, Any]) -> Table:
    table = Table('Series', ('>', 'kind', 'name', 'shape', 'dtype', 'axes', 'levels'))
    for index, one in enumerate(found['series']):
        levels = ', '.join(_size(shape) for shape in one['levels'][1:])
        table.add(
            index, one['kind'], one['name'], _size(one['shape']), one['dtype'], one['axes'], levels
        )
    return table


def _title(name: str, count: int, shown: int) -> str:
    return f'{name} (the first {shown} of {count})' if shown < count else name


def _tag_table(tif: TiffFile, page: int) -> Table:
    table = Table(
        f'Tags of page {page}', ('>code', 'name', 'type', '>count', 'value')
    )  # fmt: skip
    for tag in _tags_of(tif, page):
        try:
            value = brief(tag.value)
        except TiffFileError as error:
            value = f'<{error}>'
        table.add(tag.code, tag.name, tag.dtype_name, tag.count, value)
    return table


def _flat(value: Any, path: str = '', depth: int = 0) -> list[tuple[str, Any]]:
    """Return the leaves of nested mappings by dotted path, no deeper than three levels."""
    if isinstance(value, Mapping) and value and depth < 3:
        found = []
        for key, item in islice(value.items(), 64):
            found += _flat(item, f'{path}.{key}' if path else str(key), depth + 1)
        return found
    return [(path, value)]
