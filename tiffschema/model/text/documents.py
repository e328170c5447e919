"""Texts in languages of their own: JSON, XML, INI, MATLAB, FITS; knows strings, not files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from tiffschema.errors import BuildError, FormatError
from tiffschema.limits import Limits
from tiffschema.types import Faults

from .fits import dump_fits, parse_fits
from .grammar import Declared, TextGrammar
from .inline_ini import dump_inline_ini, parse_inline_ini
from .jsontext import parse_json
from .labelled import dump_labelled, parse_labelled
from .matlab import dump_lines, parse_lines
from .values import TextValue, auto, scalar
from .xml import dump_xml, xml_to_dict

__all__ = ['DocumentGrammar', 'dump_ini', 'parse_ini']


def parse_ini(text: str, faults: Faults | None = None) -> dict[str, TextValue]:
    """Return the sections of an INI text; values are converted where they look like numbers.

    Example:
        >>> parse_ini('[Beam]\\nHV=5000\\nMode=x')
        {'Beam': {'HV': 5000, 'Mode': 'x'}}
    """
    values: dict[str, TextValue] = {}
    section: dict[str, TextValue] = values
    for line in text.splitlines():
        line = line.strip()
        if not line or line[0] in ';#':
            continue
        if line[0] == '[' and line[-1] == ']':
            section = {}
            values[line[1:-1]] = section
            continue
        key, found, value = line.partition('=')
        if found:
            section[key.strip()] = auto(value.strip())
        elif faults is not None:
            faults.append(FormatError(f'no "=" in {line[:80]!r}', 'ini'))
    return values


def dump_ini(values: Mapping[str, TextValue]) -> str:
    """Return an INI text.

    Raises:
        BuildError: A section, name or value has no such text.
    """
    lines = []
    for key, value in values.items():
        if not isinstance(value, Mapping):
            lines.append(_ini_line(key, value, key))
    for name, section in values.items():
        if isinstance(section, Mapping):
            if ']' in name or '\n' in name:
                raise BuildError('no name of a section', name)
            lines.append(f'[{name}]')
            lines += [_ini_line(key, value, f'{name}.{key}') for key, value in section.items()]
    return '\n'.join([*lines, ''])


def _ini_line(key: str, value: TextValue, path: str) -> str:
    text = scalar(value, path)
    if not key.strip() or '=' in key or key[0] in ';#[' or '\n' in key + text:
        raise BuildError('no line of an INI text', path)
    return f'{key}={text}'


_Parse: TypeAlias = Callable[[str, Faults], dict[str, TextValue]]
_Dump: TypeAlias = Callable[[Mapping[str, TextValue]], str]
_OWN: Final = ('json', 'xml', 'matlab')
_PLAIN: Final[Mapping[str, tuple[_Parse, _Dump]]] = {
    'ini': (parse_ini, dump_ini),
    'inline_ini': (parse_inline_ini, dump_inline_ini),
    'fits': (parse_fits, dump_fits),
    'labelled': (parse_labelled, dump_labelled),
}


class DocumentGrammar(TextGrammar):
    """A text that is one document.

    Keys of the schema: ``format`` (``json``, ``xml``, ``matlab``, ``ini``, ``inline_ini``,
    ``fits`` or ``labelled``), ``nest`` (fold MATLAB names ``a.b`` into dictionaries), ``prefix``
    (what stands before the document, dropped on reading and written).
    """

    KIND = 'document'

    def __init__(self, name: str, declared: Declared) -> None:
        super().__init__(name, declared)
        self.format = declared.choice('format', (*_OWN, *_PLAIN))
        self.nest = declared.flag('nest')
        self.prefix = declared.text('prefix')
        if self.nest and self.format != 'matlab':
            raise declared.error('only MATLAB names nest', 'nest')
        declared.done()

    def _parse(self, text: str, faults: Faults, limits: Limits) -> dict[str, TextValue]:
        text = text.removeprefix(self.prefix)
        if self.format == 'json':
            value = parse_json(text, limits=limits)
            if not isinstance(value, dict):
                raise FormatError(f'a JSON object is expected, not {value!r:.80}', 'json')
            return value
        if self.format == 'xml':
            return xml_to_dict(text, limits=limits)
        if self.format in _PLAIN:
            return _PLAIN[self.format][0](text, faults)
        values = parse_lines(text, limits)
        return _folded(values, faults, limits.depth) if self.nest else values

    def _build(self, values: Mapping[str, TextValue], exact: bool) -> str:
        if self.format == 'json':
            try:
                return self.prefix + json.dumps(values, ensure_ascii=True)
            except (TypeError, ValueError, RecursionError) as error:
                raise BuildError(str(error), f'text.{self.name}') from None
        if self.format == 'xml':
            return self.prefix + dump_xml(values)
        if self.format in _PLAIN:
            return self.prefix + _PLAIN[self.format][1](values)
        return self.prefix + dump_lines(_unfolded(values) if self.nest else values)


def _folded(values: Mapping[str, TextValue], faults: Faults, depth: int) -> dict[str, TextValue]:
    """Fold ``{'a.b': 1}`` into ``{'a': {'b': 1}}``."""
    folded: dict[str, TextValue] = {}
    for name, value in values.items():
        *groups, last = name.split('.', depth)
        inner = folded
        for group in groups:
            found = inner.setdefault(group, {})
            if not isinstance(found, dict):
                faults.append(FormatError('is both a value and a group', f'matlab.{name}'))
                found = inner[group] = {'': found}
            inner = found
        inner[last] = value
    return folded


def _unfolded(values: Mapping[str, TextValue], before: str = '') -> dict[str, TextValue]:
    found: dict[str, TextValue] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found.update(_unfolded(value, f'{before}{name}.'))
        else:
            found[f'{before}{name}'.removesuffix('.')] = value
    return found
