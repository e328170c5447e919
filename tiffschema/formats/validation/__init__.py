"""Files held against the declared rules of ``schemas/tiff/rules.yaml``.

Rule 1: what a sound file keeps is declared; functions here only tell what no expression can.
Rule 2: every finding has the id of its rule, a path, and an offset where there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from tiffschema.model.rules import Profile, Rule, Severity, Target, profiles, rules
from tiffschema.runtime.source import Source

from .directoryfacts import DirectoryFacts, TagFacts
from .facts import Facts, header_facts
from .filefacts import FileFacts
from .pagefacts import PageFacts
from .structure import Breach, directories

__all__ = ['Finding', 'findings', 'header_findings']

_READER = 'H010'
"""The rule that tells of faults of the reader, where no other rule has told of them."""


class Finding(NamedTuple):
    """One rule that is broken.

    Parameters:
        rule: Id of the rule.
        severity: ``error``, ``warning`` or ``information``.
        path: Where, ``pages[0].tag 282 XResolution``.
        offset: Where in the file, -1 if nowhere in particular.
        message: What is wrong.
        expected: What must hold, in the words of the rule; empty where no expression says it.
        source: Where the rule is written down.
    """

    rule: str
    severity: Severity
    path: str
    offset: int
    message: str
    expected: str = ''
    source: str = ''


def header_findings(source: Source) -> Iterator[Finding]:
    """Yield what is wrong with the header of a file, which need be no TIFF.

    Parameters:
        source: Where the bytes come from.
    """
    yield from _Checker(()).declared('header', header_facts(source), 'header', 0)


def findings(tif: Any, profile: Collection[str] = ()) -> Iterator[Finding]:
    """Yield the rules that a file breaks.

    Parameters:
        tif: The file.
        profile: Names of the profiles that the file is held against, beside the rules for all;
            ``pixels`` decodes all samples.

    Raises:
        KeyError: There is no such profile.

    Example:
        >>> import tiffschema
        >>> data = bytes.fromhex('49492a00 08000000 0100 0001030001000000 05000000 00000000')
        >>> with tiffschema.TiffFile(data) as tif:
        ...     [found.rule for found in findings(tif) if found.severity == 'error']
        ['S001', 'S002']
    """
    checker = _Checker([profiles()[name] for name in profile], tif)
    told: set[int] = set()
    for found in checker.all():
        if found.rule == _READER and found.offset in told:
            continue
        if found.offset >= 0:
            told.add(found.offset)
        yield found


class _Checker:
    """The rules that one file is held against, by what they are about.

    Parameters:
        wanted: Profiles asked for.
        tif: The file; None: its header only.
    """

    def __init__(self, wanted: Collection[Profile], tif: Any = None) -> None:
        self._wanted = wanted
        self._file = FileFacts(tif)
        names = {one.name for one in wanted}
        self._rules: dict[Target, list[Rule]] = {}
        for rule in rules().values():
            if rule.profiles and names.isdisjoint(rule.profiles):
                continue
            if any(getattr(tif, f'is_{kind}') for kind in rule.exempt if tif is not None):
                continue
            self._rules.setdefault(rule.of, []).append(rule)

    def all(self) -> Iterator[Finding]:
        """Yield the findings of all chapters; faults of the reader come last."""
        yield from self.declared('header', header_facts(self._file.tif.source), 'header', 0)
        for directory in directories(self._file.tif):
            yield from self._directory(directory)
        value_of = Facts({'file': self._file})
        yield from self.declared('file', value_of, 'file', -1, self._file)

    def declared(
        self, of: Target, value_of: Any, path: str, offset: int, subject: Any = None
    ) -> Iterator[Finding]:
        """Yield what breaks the rules of one subject.

        Parameters:
            of: What the subject is.
            value_of: Gives facts by name.
            path: Of the subject.
            offset: Of the subject.
            subject: What functions are called with.
        """
        for rule in self._rules.get(of, ()):
            breaches: Iterator[Breach] | list[Breach]
            if rule.check is None:
                breaches = rule.breaches(subject, value_of)
            else:
                breaches = [Breach()] if rule.is_broken(value_of) else []
            for breach in breaches:
                yield Finding(
                    rule.id, self._severity(rule, value_of), breach.path or path,
                    offset if breach.offset is None else breach.offset,
                    breach.message or rule.text(value_of), rule.expected, rule.source,
                )  # fmt: skip

    def _severity(self, rule: Rule, value_of: Any) -> Severity:
        if any(rule.id in profile.errors for profile in self._wanted):
            return 'error'
        return rule.severity_of(value_of)

    def _directory(self, directory: DirectoryFacts) -> Iterator[Finding]:
        chapters: dict[str, Any] = {
            'file': self._file, 'directory': directory, 'tags': directory, 'has': directory,
        }  # fmt: skip
        is_page = isinstance(directory, PageFacts)
        if is_page:
            chapters['image'] = directory
        value_of = Facts(chapters)
        where = directory.path, directory.offset
        yield from self.declared('directory', value_of, *where, directory)
        for tag in directory.entries_of_tags():
            yield from self._tag(tag, chapters, directory.path)
        if is_page:
            yield from self.declared('page', value_of, *where, directory)
            if value_of('image.is_image'):
                yield from self.declared('image', value_of, *where, directory)

    def _tag(self, tag: TagFacts, chapters: dict[str, Any], path: str) -> Iterator[Finding]:
        name = '' if tag.name == str(tag.code) else f' {tag.name}'
        value_of = Facts({**chapters, 'tag': tag})
        yield from self.declared('tag', value_of, f'{path}.tag {tag.code}{name}', tag.offset, tag)
