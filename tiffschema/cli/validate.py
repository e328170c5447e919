"""``tiffschema validate``: which declared rules a file breaks.

Knows findings and how to show them; the rules are those of ``schemas/tiff/rules.yaml``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

from tiffschema.errors import TiffFileError
from tiffschema.formats.validation import Finding, findings, header_findings
from tiffschema.model.rules import SEVERITIES, profiles, rules
from tiffschema.runtime.file import TiffFile
from tiffschema.runtime.source import open_source

from .program import UsageError, each_file
from .tables import Table, show
from .values import dumps

__all__ = ['run']


def run(arguments: argparse.Namespace) -> int:
    """Validate each file; files with errors fail."""
    if arguments.rules:
        found = list(_rules())
        if arguments.json:
            print(dumps(found))
        else:
            show([Table('Rules', tuple(found[0]), [tuple(rule.values()) for rule in found])])
        return 0
    if not arguments.file:
        raise UsageError('validate needs a file, or --rules')
    wanted = [*arguments.profile, *(['pixels'] if arguments.pixels else [])]
    if unknown := set(wanted) - set(profiles()):
        raise UsageError(f'no profile {sorted(unknown)[0]!r}; there are {", ".join(profiles())}')
    shown = SEVERITIES[: SEVERITIES.index(arguments.severity) + 1]

    def one(path: str) -> bool:
        found = _found(path, wanted)
        counts = Counter(finding.severity for finding in found)
        listed = [finding for finding in found if finding.severity in shown]
        if arguments.json:
            rows = [finding._asdict() for finding in listed]
            print(dumps({'file': path, 'valid': not counts['error'], 'findings': rows}))
        else:
            show([_table(path, listed)])
            print(f'{path}: {counts["error"]} errors, {counts["warning"]} warnings')
        return not counts['error']

    return each_file(arguments.file, one)


def _found(path: str, wanted: Sequence[str]) -> list[Finding]:
    """Return what is wrong with a file, also with one that cannot be opened as a TIFF.

    Raises:
        TiffFileError: It cannot be opened, and no rule of headers says why.
    """
    try:
        with TiffFile(path) as tif:
            return list(findings(tif, wanted))
    except TiffFileError:
        source = open_source(path)
        try:
            found = list(header_findings(source))
        finally:
            source.close()
        if not found:
            raise
        return found


def _table(title: str, found: Sequence[Finding]) -> Table:
    table = Table(title, ('severity', 'rule', '>offset', 'path', 'what is wrong'))
    for one in found:
        offset = one.offset if one.offset >= 0 else ''
        table.add(one.severity, one.rule, offset, one.path, one.message)
    return table


def _rules() -> Iterator[dict[str, str]]:
    """Yield all rules: id, severity, profiles, and what is wrong where one is broken."""
    for rule in rules().values():
        yield {
            'rule': rule.id, 'severity': rule.severity, 'profiles': ', '.join(rule.profiles),
            'what is wrong where it is broken': rule.message,
        }  # fmt: skip
