"""Declared rules of files and profiles of them (sections ``rules:`` and ``profiles:`` of schemas).

Knows declarations and expressions; reads nothing. What a rule may name is told by whoever holds
files against it, through a function from names to values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

from tiffschema.errors import SchemaError, TiffFileError

from . import catalog
from .expressions import Expression
from .references import checked_reference, resolve_reference

__all__ = [
    'SEVERITIES', 'TARGETS', 'Profile', 'Rule', 'Severity', 'parse_profiles', 'parse_rules',
    'profiles', 'rules',
]  # fmt: skip

Severity: TypeAlias = Literal['error', 'warning', 'information']
Target: TypeAlias = Literal['header', 'file', 'directory', 'tag', 'page', 'image']
ValueOf: TypeAlias = Callable[[str], Any]

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""From bad to harmless."""
TARGETS: Final[tuple[Target, ...]] = get_args(Target)
"""What a rule is about; images are the pages that say where samples lie, or how many there are."""

_KEYS: Final = frozenset({
    'of', 'severity', 'when', 'check', 'python', 'eased', 'message', 'profiles', 'exempt',
    'source', 'example',
})  # fmt: skip
_PROFILE_KEYS: Final = frozenset({'doc', 'source', 'errors'})
_PLACEHOLDER: Final = re.compile(r'\{([A-Za-z][\w.]*)\}')


class Rule(NamedTuple):
    """What must hold, and what is said where it does not.

    Parameters:
        id: Letter of its chapter and number.
        of: What it is about, one of `TARGETS`.
        severity: How bad it is to break it.
        message: What is wrong then; names in braces stand for their values.
        when: Where the rule applies; None: everywhere.
        check: What must hold, unless a function tells.
        eased: Where breaking it is a warning only.
        reference: Function of a format module that yields what is wrong.
        profiles: Profiles that must be asked for; empty: the rule is for all files.
        exempt: Kinds of files that break the rule by design.
        source: Where the rule is written down.
        example: Edits of a sound file which break this rule, for tests.
    """

    id: str
    of: Target
    severity: Severity
    message: str
    when: Expression | None
    check: Expression | None
    eased: Expression | None
    reference: str
    profiles: tuple[str, ...]
    exempt: tuple[str, ...]
    source: str
    example: Mapping[str, Any] | None

    @property
    def names(self) -> Collection[str]:
        """Names whose values the rule asks for."""
        asked = [one.names for one in (self.when, self.check, self.eased) if one is not None]
        return {*_PLACEHOLDER.findall(self.message), *(name for names in asked for name in names)}

    def is_broken(self, value_of: ValueOf) -> bool:
        """Return whether a declared check fails.

        Values of another kind than the rule is about break nothing: other rules tell of those.

        Parameters:
            value_of: Gives the value of a name.
        """
        if self.check is None:
            return False
        try:
            return bool(self.when is None or self.when(value_of)) and not self.check(value_of)
        except TiffFileError:
            return False

    def breaches(self, subject: Any, value_of: ValueOf) -> Iterator[Any]:
        """Yield what the rule's function says of a subject, nothing where the rule does not apply.

        Parameters:
            subject: What the function is called with.
            value_of: Gives the value of a name.
        """
        try:
            if self.when is None or self.when(value_of):
                yield from resolve_reference(self.reference)(subject)
        except TiffFileError:
            return

    @property
    def expected(self) -> str:
        """What must hold, in words; empty where a function tells."""
        if self.check is None:
            return ''
        from tiffschema.compiler.expr import parse_expr, prose

        return prose(parse_expr(self.check.text))

    def severity_of(self, value_of: ValueOf) -> Severity:
        """Return how bad it is that the rule is broken here.

        Parameters:
            value_of: Gives the value of a name.
        """
        try:
            eased = self.eased is not None and self.eased(value_of)
        except TiffFileError:
            eased = False
        return 'warning' if eased and self.severity == 'error' else self.severity

    def text(self, value_of: ValueOf) -> str:
        """Return the message with values in place of names.

        Parameters:
            value_of: Gives the value of a name.
        """
        return _PLACEHOLDER.sub(lambda found: str(value_of(found[1])), self.message)


class Profile(NamedTuple):
    """What files of one purpose have to keep beside the rules for all.

    Parameters:
        name: Name to ask for it by.
        doc: What it is.
        errors: Rules for all whose breach is an error here.
        source: Where it is written down.
    """

    name: str
    doc: str
    errors: frozenset[str]
    source: str


def parse_rules(view: catalog.SchemaView, raw: Mapping[str, Any]) -> dict[str, Rule]:
    """Return the rules of a schema's section ``rules:`` by id.

    Raises:
        SchemaError: A rule is wrong.
    """
    return {str(id): _rule(str(id), declared, view.file) for id, declared in raw.items()}


def _rule(id: str, raw: Any, file: str) -> Rule:
    path = f'rules.{id}'

    def refuse(message: str) -> SchemaError:
        return SchemaError(message, file=file, field=path)

    if not re.fullmatch(r'[A-Z]+\d{3}', id):
        raise refuse('the id of a rule is its chapter and three digits')
    if not isinstance(raw, Mapping):
        raise refuse('needs a mapping')
    if unknown := set(raw) - _KEYS:
        raise refuse(f'unknown keys {sorted(unknown)}; known are {sorted(_KEYS)}')
    if raw.get('of') not in TARGETS:
        raise refuse(f'needs of: {", ".join(TARGETS)}')
    if raw.get('severity') not in SEVERITIES:
        raise refuse(f'needs severity: {", ".join(SEVERITIES)}')
    if ('check' in raw) == ('python' in raw):
        raise refuse('needs check: or python:, one of both')
    if not isinstance(raw.get('message'), str):
        raise refuse('needs message: what is wrong where the rule is broken')
    reference = ''
    if 'python' in raw:
        try:
            reference = checked_reference(raw['python'])
        except ValueError as error:
            raise refuse(str(error)) from None

    def expression(key: str) -> Expression | None:
        return Expression(raw[key], f'{path}.{key}', file) if key in raw else None

    return Rule(
        id, raw['of'], raw['severity'], raw['message'],
        expression('when'), expression('check'), expression('eased'), reference,
        tuple(raw.get('profiles', ())), tuple(raw.get('exempt', ())), str(raw.get('source', '')),
        raw.get('example'),
    )  # fmt: skip


def parse_profiles(view: catalog.SchemaView, raw: Mapping[str, Any]) -> dict[str, Profile]:
    """Return the profiles of a schema's section ``profiles:`` by name.

    Raises:
        SchemaError: A profile is wrong.
    """
    found = {}
    for name, declared in raw.items():
        if not isinstance(declared, Mapping) or not isinstance(declared.get('doc'), str):
            raise SchemaError('needs doc:', file=view.file, field=f'profiles.{name}')
        if unknown := set(declared) - _PROFILE_KEYS:
            message = f'unknown keys {sorted(unknown)}'
            raise SchemaError(message, file=view.file, field=f'profiles.{name}')
        errors = frozenset(map(str, declared.get('errors', ())))
        found[str(name)] = Profile(
            str(name), declared['doc'], errors, str(declared.get('source', ''))
        )
    return found


@cache
def profiles() -> Mapping[str, Profile]:
    """Return the profiles of all schemas by name.

    Example:
        >>> 'baseline' in profiles()
        True
    """
    return {name: one for found in _parsed('profiles', parse_profiles) for name, one in found}


@cache
def rules() -> Mapping[str, Rule]:
    """Return the rules of all schemas by id, in the order in which they are declared.

    Example:
        >>> rules()['S012'].severity
        'error'
    """
    return {id: rule for found in _parsed('rules', parse_rules) for id, rule in found}


def _parsed(section: str, parse: Callable[..., Mapping[str, Any]]) -> Iterator[Collection[Any]]:
    for id, raw in catalog.section(section).items():
        yield parse(catalog.view(id), raw).items()


def _forget(id: str) -> None:
    rules.cache_clear()
    profiles.cache_clear()


catalog.watch(_forget)
