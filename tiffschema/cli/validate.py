"""``tiffschema validate``: what is wrong with a file.

Knows faults, tag rows and the byte map; every finding has a path and, where it has one, an offset.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from tiffschema.errors import FormatError, TiffFileError, UnsupportedError
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile

from .arguments import each_file
from .rules import broken
from .tables import Table, show
from .values import dumps

__all__ = ['Finding', 'findings', 'run']

Severity = Literal['error', 'warning']
_REQUIRED = (256, 257, 262)
_OFFSETS = (273, 324, 513)


class Finding(NamedTuple):
    """One thing that is wrong: how bad, where, and what."""

    severity: Severity
    path: str
    offset: int
    message: str


def run(arguments: argparse.Namespace) -> int:
    """Validate each file; files with errors fail."""

    def one(path: str) -> bool:
        with TiffFile(path) as tif:
            found = list(findings(tif, pixels=arguments.pixels))
        errors = sum(finding.severity == 'error' for finding in found)
        if arguments.json:
            print(
                dumps({'file': path, 'valid': not errors, 'findings': [f._asdict() for f in found]})
            )
            return not errors
        table = Table(path, ('severity', '>offset', 'path', 'what is wrong'))
        for finding in found:
            offset = finding.offset if finding.offset >= 0 else ''
            table.add(finding.severity, offset, finding.path, finding.message)
        show([table])
        print(f'{path}: {errors} errors, {len(found) - errors} warnings')
        return not errors

    return each_file(arguments.file, one)


def findings(tif: TiffFile, *, pixels: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with a file: tags, order of entries, values, layout, faults.

    Parameters:
        tif: The file.
        pixels: Whether to decode all segments, too.
    """
    for index in range(len(tif.pages)):
        page = tif.pages.get(index, aspage=True)
        yield from _tags(page)
        for rule, message in broken(page):
            yield Finding(rule.severity, f'{page.path} ({rule.id})', page.offset, message)
        if pixels:
            yield from _pixels(page)
    for span in byte_map(tif, details=False).unexplained:
        yield Finding('warning', span.path, span.start, f'{span.kind} of {span.nbytes} bytes')
    for fault in tif.faults:
        yield Finding('error', fault.path, fault.offset, fault.message)


def _tags(page: Any) -> Iterator[Finding]:
    directory, path = page.directory, page.path
    codes = list(directory.codes)
    if codes != sorted(set(codes)):
        # TIFF 6.0, p. 15: entries are sorted by tag, and no tag occurs twice.
        message = 'entries are not in ascending order of their codes'
        yield Finding('warning', path, directory.offset, message)
    for code in _REQUIRED:
        if code not in directory.index:
            yield Finding('error', path, directory.offset, f'tag {code} is missing')
    if not any(code in directory.index for code in _OFFSETS):
        yield Finding('error', path, directory.offset, 'no tag says where the segments lie')
    for tag in page.tags:
        yield from _tag(tag, path)


def _tag(tag: Any, path: str) -> Iterator[Finding]:
    where = f'{path}.tag {tag.code} {tag.name}'
    try:
        tag.value  # noqa: B018 - reading records faults
    except FormatError as error:
        yield Finding('error', where, error.offset, error.message)
    except TiffFileError as error:
        yield Finding('error', where, tag.offset, str(error))
    row = tag.plan.row
    if row is None or '/' in tag.name:
        return  # unknown, or of several meanings
    kind = int(tag.dtype)
    if row.types and kind not in row.types:
        allowed = ', '.join(FIELD_TYPES[code].name for code in row.types)
        yield Finding('warning', where, tag.offset, f'type {tag.dtype_name}, declared is {allowed}')
    counts = row.count if isinstance(row.count, tuple) else (row.count,)
    if all(isinstance(count, int) for count in counts) and tag.count not in counts:
        declared = ' or '.join(map(str, counts))
        yield Finding('warning', where, tag.offset, f'{tag.count} values, declared is {declared}')
    if tag.valueoffset % 2 and tag.valueoffset > tag.offset + _entry_nbytes(tag):
        # TIFF 6.0, p. 15: values begin on a word boundary.
        yield Finding('warning', where, tag.valueoffset, 'the value begins at an odd offset')


def _entry_nbytes(tag: Any) -> int:
    """Return the bytes of an entry of the file that a tag belongs to."""
    nbytes: int = tag.parent.container.codec.entry_nbytes
    return nbytes


def _pixels(page: Any) -> Iterator[Finding]:
    try:
        page.asarray()
    except UnsupportedError as error:
        yield Finding('warning', page.path, page.offset, str(error))
    except FormatError as error:
        yield Finding('error', error.path or page.path, error.offset, error.message)
    except TiffFileError as error:
        yield Finding('error', page.path, page.offset, str(error))
