"""``tiffschema map``: every byte of a file accounted for.

Knows the byte map, not how it is made.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.coverage import ByteMap
from tiffschema.runtime.file import TiffFile

from .program import UsageError, each_file, say
from .tables import Table, show
from .values import dumps

__all__ = ['run']


def run(arguments: argparse.Namespace) -> int:
    """Show the map of each file."""
    if arguments.html and len(arguments.file) > 1:
        raise UsageError('--html takes one file')

    def one(path: str) -> bool:
        with TiffFile(path) as tif:
            found = byte_map(tif, details=not arguments.summary)
            faults = [str(fault) for fault in tif.faults]
        if arguments.html:
            from .maphtml import page

            Path(arguments.html).write_text(
                page(path, found), encoding='utf-8', errors='xmlcharrefreplace'
            )
        elif arguments.json:
            print(dumps_map(path, found, faults))
        elif not arguments.check:
            show([] if arguments.summary else [_rows(path, found)])
            show([_totals(path, found)])
        if arguments.check:
            _tell(path, found)
            return not found.unexplained
        return True

    return each_file(arguments.file, one)


def dumps_map(path: str, found: ByteMap, faults: list[str]) -> str:
    """Return the map as JSON."""
    spans: list[dict[str, Any]] = [span._asdict() for span in found.spans]
    return dumps(
        {'file': path, 'bytes': found.size, 'totals': found.totals(), 'faults': faults}
    )[:-2] + ',\n "spans": [\n' + ',\n'.join(
        '  ' + dumps(span).replace('\n', '') for span in spans
    ) + '\n ]\n}'  # fmt: skip


def _rows(path: str, found: ByteMap) -> Table:
    table = Table(path, ('>start', '>bytes', 'kind', 'what', 'note'))
    for span in found.spans:
        kind = '  ' * span.depth + span.kind
        note = span.note if span.explained else f'UNEXPLAINED {span.note}'
        table.add(span.start, span.nbytes, kind, span.path, note)
    return table


def _totals(path: str, found: ByteMap) -> Table:
    table = Table(f'{path}: {found.size} bytes', ('kind', '>bytes'))
    for kind, nbytes in found.totals().items():
        table.add(kind, nbytes)
    unexplained = sum(span.nbytes for span in found.unexplained)
    table.add('unexplained', unexplained)
    return table


def _tell(path: str, found: ByteMap) -> None:
    """Say what is unexplained, one line each, to standard error."""
    for span in found.unexplained:
        where = f'{span.nbytes} bytes at {span.start}'
        say(f'{path}: {span.kind} of {where}: {span.path}')
    if not found.unexplained:
        print(f'{path}: all {found.size} bytes are explained')
