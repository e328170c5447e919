"""Texts whose lines are a name and words, told apart by position; knows strings, not files."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tiffschema.errors import BuildError, FormatError
from tiffschema.limits import Limits
from tiffschema.types import Faults

from .grammar import Declared, TextGrammar
from .values import NOT_A_VALUE, TEXT, TextValue, ValueType, scalar, value_type

__all__ = ['TokensGrammar']

_PLACE = re.compile(r'\{([0-9]{1,3})\}')


@dataclass(frozen=True, slots=True)
class _Field:
    """Where the words of a name are and how they are written."""

    type: ValueType
    at: tuple[int, ...]
    start: int | None
    form: str


class TokensGrammar(TextGrammar):
    """Lines of words behind a prefix, as detectors write them.

    Keys of the schema: ``line`` (prefix of the lines that count), ``noise`` (characters that stand
    for white space), ``nan`` (words that mean not a number), ``values`` (name to ``{type, at:
    [words], slice: [start], form}``; words are counted with the name as 0; ``form`` writes them:
    ``{0}``, ``{1}`` …), ``times`` (name to the form of lines that hold a moment and no name) and
    ``rest``. Several words become a tuple, text words are joined.
    """

    KIND = 'tokens'

    def __init__(self, name: str, declared: Declared) -> None:
        super().__init__(name, declared)
        self.line = declared.text('line')
        self.noise = declared.text('noise')
        self.nan = declared.texts('nan')
        self.rest = self._rest(declared)
        times = declared.mapping('times')
        self.times = {} if times is None else {str(name): times.text(name) for name in times.raw}
        self.fields: dict[str, _Field] = {}
        values = declared.mapping('values')
        for key in values.raw if values else ():
            assert values is not None
            self.fields[str(key)] = self._field(values, str(key))
        declared.done()

    @staticmethod
    def _field(values: Declared, key: str) -> _Field:
        raw = values.raw[key]
        options: dict[str, Any] = dict(raw) if isinstance(raw, Mapping) else {'type': raw}
        at = options.pop('at', None)
        start = options.pop('slice', None)
        form = str(options.pop('form', ''))
        try:
            kind = value_type(options)
        except ValueError as error:
            raise values.error(str(error), key) from None
        words = [1] if at is None else [at] if isinstance(at, int) else list(at)
        if start is not None:
            first = start[0] if isinstance(start, list | tuple) else start
            return _Field(kind, (), int(first), form)
        return _Field(kind, tuple(int(word) for word in words), None, form)

    def _parse(self, text: str, faults: Faults, limits: Limits) -> dict[str, TextValue]:
        values: dict[str, TextValue] = {}
        blank = str.maketrans(dict.fromkeys(self.noise, ' '))
        for line in text.splitlines():
            if not line.startswith(self.line):
                continue
            stored = line[len(self.line) :]
            words = stored.translate(blank).split()
            if not words:
                continue
            field = self.fields.get(words[0])
            if field is not None:
                values[words[0]] = self._words(field, words, faults)
                continue
            moment = self._moment(stored.strip())
            if moment is not None:
                values[moment[0]] = moment[1]
            elif self.rest is not None:
                values[words[0]] = self._value(self.rest, words[0], ' '.join(words[1:]), faults)
        return values

    def _moment(self, text: str) -> tuple[str, datetime] | None:
        """Return name and moment of a line that holds nothing else."""
        for name, form in self.times.items():
            try:
                return name, datetime.strptime(text, form)
            except ValueError:
                continue
        return None

    def _words(self, field: _Field, words: list[str], faults: Faults) -> TextValue:
        name = words[0]
        if field.start is not None:
            chosen = words[field.start :]
        elif max(field.at) < len(words):
            chosen = [words[index] for index in field.at]
        else:
            # A line that lacks numbers says so in words ("not defined").
            chosen = words[1:2]
        if field.type.name == 'str':
            return ' '.join(chosen)
        found = []
        for word in chosen:
            value = math.nan if word in self.nan else field.type.parse(word)
            if value is NOT_A_VALUE:
                message = f'{word[:80]!r} is no {field.type.name}'
                faults.append(FormatError(message, self._path(name)))
                value = word
            found.append(value)
        if not found:
            faults.append(FormatError('has no value', self._path(name)))
            return None
        return found[0] if len(found) == 1 else tuple(found)

    def _build(self, values: Mapping[str, TextValue], exact: bool) -> str:
        lines = []
        for name, value in values.items():
            path = self._path(name)
            if not name or name.split() != [name] or any(char in self.noise for char in name):
                raise BuildError('a name must be one word without noise', path)
            if name in self.times and isinstance(value, datetime):
                lines.append(f'{self.line}{value.strftime(self.times[name])}')
                continue
            lines.append(f'{self.line}{name} {self._line(name, value, path)}'.rstrip())
        return '\n'.join([*lines, ''])

    def _line(self, name: str, value: TextValue, path: str) -> str:
        field = self.fields.get(name)
        if field is None:
            kind = TEXT if self.rest is None else self.rest
            return kind.build(value, path)
        if isinstance(value, float) and math.isnan(value) and self.nan:
            return self.nan[0]
        items = list(value) if isinstance(value, tuple | list) else [value]
        texts = [scalar(item, path) for item in items]
        if field.start is not None or not field.at:
            words = [''] * ((field.start or 1) - 1) + texts
            return _fill(field.form, texts, path) if field.form else ' '.join(words)
        if field.type.name == 'str':
            texts = texts[0].split()
        if len(texts) != len(field.at) and not field.form:
            raise BuildError(f'needs {len(field.at)} values', path)
        if field.form:
            return _fill(field.form, texts, path)
        # Words between those that count are written as dashes.
        words = ['-'] * max(field.at)
        for index, text in zip(field.at, texts, strict=True):
            words[index - 1] = text
        return ' '.join(words)


def _fill(form: str, texts: list[str], path: str) -> str:
    """Put texts into a form; a form comes from a schema, so `str.format` is out of the question."""
    places = {int(index) for index in _PLACE.findall(form)}
    if places != set(range(len(texts))):
        raise BuildError(f'{len(texts)} values do not fit the form {form!r}', path)
    return _PLACE.sub(lambda match: texts[int(match[1])], form)
