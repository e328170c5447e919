"""``tiffschema dump``: every field of a file with offset, type, value and meaning.

Knows directories, tags and traces of declared blocks; what a field means comes from the schemas.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, NamedTuple

from tiffschema.errors import FormatError, TiffFileError
from tiffschema.model.sections import schemas
from tiffschema.runtime.bytemap import child_tags
from tiffschema.runtime.file import TiffFile
from tiffschema.runtime.tags import TiffTags
from tiffschema.runtime.tagvalue import block_of

from .program import CommandError, checked_index, each_file
from .tables import Table, show
from .values import brief, dumps

__all__ = ['Row', 'rows', 'run']


class Row(NamedTuple):
    """One field: where it lies, what it is called, its type, value and meaning."""

    offset: int
    field: str
    type: str
    value: Any
    meaning: str


def run(arguments: argparse.Namespace) -> int:
    """Dump each file."""

    def one(path: str) -> bool:
        with TiffFile(path) as tif:
            found = rows(tif, arguments.page, arguments.tag)
            table = Table(path, ('>offset', 'field', 'type', 'value', 'meaning'))
            is_empty = True
            for row in found:
                is_empty = False
                if arguments.json:
                    print(dumps(row._asdict()).replace('\n', ''))
                else:
                    value = brief(row.value, arguments.width)
                    table.add(row.offset, row.field, row.type, value, brief(row.meaning, 80))
            if is_empty:
                raise CommandError(f'there is no tag {arguments.tag}')
            if arguments.json:
                return True
            faults = Table('Faults', ('path and offset: what is wrong',))
            for fault in tif.faults:
                faults.add(fault)
            show([table, faults])
        return True

    return each_file(arguments.file, one)


def rows(tif: TiffFile, page: int | None = None, tag: str | None = None) -> Iterator[Row]:
    """Yield the fields of a file.

    Parameters:
        tif: The file.
        page: Only this page of the main chain.
        tag: Only this tag, by code or name.
    """
    if page is not None:
        checked_index(page, len(tif.pages), 'page')
    if page is None and tag is None:
        yield from _header(tif)
    chosen = range(len(tif.pages)) if page is None else [page]
    for number in chosen:
        yield from _page(tif.pages.get(number, aspage=True), tag)


def _header(tif: TiffFile) -> Iterator[Row]:
    codec = tif.container.codec
    struct = schemas['tiff/ifd'].struct('header', variant=codec.variant)
    view = tif.source.view(0, 64)
    record = struct.parse(view, byteorder=codec.byteorder)
    yield from _fields(
        struct, struct.trace(view, byteorder=codec.byteorder), record.asdict(), 'header'
    )


def _page(page: Any, only: str | None) -> Iterator[Row]:
    yield from _directory(page.tags, page.directory, page.path, only)
    if page.subifds is None:
        return
    try:
        children = page.pages
        for index in range(len(children)):
            yield from _page(children.get(index, aspage=True), only)
    except FormatError as error:
        page.parent.faults.append(error)


def _directory(tags: TiffTags, directory: Any, path: str, only: str | None) -> Iterator[Row]:
    codec = directory.codec
    if only is None:
        count = f'u{8 * codec.count_nbytes}'
        yield Row(directory.offset, f'{path}.n', count, len(directory.codes), 'number of entries')
    for tag in tags:
        if only is not None and only not in (str(tag.code), *tag.name.split('/')):
            continue
        name = f'{path}.{tag.code} {tag.name}'
        try:
            value = tag.value
        except TiffFileError as error:
            value = f'<{error}>'
        row = tag.plan.row
        yield Row(
            tag.valueoffset, name, f'{tag.dtype_name}[{tag.count}]', value,
            '' if row is None else _meaning(row.doc, row.unit),
        )  # fmt: skip
        yield from _block(tag, value, name)
        for number, child in enumerate(child_tags(tag, tags)):
            where = f'{name}[{number}]' if number else name
            yield from _directory(child, child.directory, where, None)
    if only is None:
        yield Row(
            directory.next_at, f'{path}.next', f'u{8 * codec.next_nbytes}', directory.next_offset,
            'offset of the next directory',
        )  # fmt: skip


def _meaning(doc: str, unit: str) -> str:
    return f'{doc} [{unit}]' if unit else doc


def _block(tag: Any, value: Any, path: str) -> Iterator[Row]:
    """Yield the fields of a declared block."""
    try:
        found = block_of(tag)
    except FormatError:
        return
    if found is not None:
        yield from _fields(found.struct, found.extents, value, path)


def _fields(struct: Any, extents: Any, value: Any, path: str) -> Iterator[Row]:
    from tiffschema.compiler.targets.describe import field_at, type_text

    for extent in extents:
        if extent.kind == 'fault':
            yield Row(extent.start, path, 'fault', extent.path, 'the block ends here')
            continue
        field = field_at(struct, extent.path)
        kind, meaning = '', ''
        if field is not None:
            kind, meaning = type_text(field.type), _meaning(field.doc, field.unit)
        shown = extent.value_in(value)
        nbytes = extent.stop - extent.start
        yield Row(
            extent.start, f'{path}.{extent.path}', kind or f'{nbytes} bytes',
            '' if shown is None else shown, meaning,
        )  # fmt: skip
