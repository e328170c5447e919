"""What the kinds of text have in common; knows declared grammars and strings, not files or tags.

Rule: `parse` reads what it can and records the rest as faults; `build` gives canonical text and
refuses what would be read back otherwise, so that ``parse(build(values)) == values`` always holds.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from tiffschema.errors import BuildError, FormatError, LimitError, SchemaError
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.types import Faults

from .values import AUTO, NOT_A_VALUE, TEXT, TextValue, ValueType, value_type

__all__ = ['Declared', 'NameTypes', 'TextGrammar', 'same']


class Declared:
    """One mapping of a schema, read key by key; what is left over is an error."""

    def __init__(self, raw: Mapping[str, object], field: str, file: str = '') -> None:
        self.raw = raw
        self.field = field
        self.file = file
        self._asked: set[str] = set()

    def error(self, message: str, key: str = '') -> SchemaError:
        """Return the error to raise about a key."""
        line = getattr(self.raw, 'line', None)
        number = line(key or next(iter(self.raw), '')) if callable(line) else 0
        field = f'{self.field}.{key}' if key else self.field
        return SchemaError(message, file=self.file, line=number or 0, field=field)

    def text(self, key: str, default: str = '') -> str:
        """Return a text."""
        self._asked.add(key)
        value = self.raw.get(key, default)
        if not isinstance(value, str):
            raise self.error(f'needs text, not {value!r}', key)
        return value

    def flag(self, key: str) -> bool:
        """Return a truth value, false by default."""
        self._asked.add(key)
        value = self.raw.get(key, False)
        if not isinstance(value, bool):
            raise self.error(f'needs true or false, not {value!r}', key)
        return value

    def texts(self, key: str, default: Iterable[str] = ()) -> tuple[str, ...]:
        """Return one text or a list of texts as a tuple."""
        self._asked.add(key)
        value = self.raw.get(key)
        if value is None:
            return tuple(default)
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
            raise self.error(f'needs a list of texts, not {value!r}', key)
        return tuple(values)

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return one of the allowed words, the first by default."""
        value = self.text(key, allowed[0])
        if value not in allowed:
            raise self.error(f'{value!r} is none of {", ".join(allowed)}', key)
        return value

    def mapping(self, key: str) -> Declared | None:
        """Return a nested mapping, None where absent."""
        self._asked.add(key)
        value = self.raw.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.error(f'needs a mapping, not {value!r}', key)
        return Declared(value, f'{self.field}.{key}', self.file)

    def types(self, key: str) -> dict[str, ValueType]:
        """Return a mapping of names to value types."""
        declared = self.mapping(key)
        found: dict[str, ValueType] = {}
        for name in declared.raw if declared else ():
            assert declared is not None
            try:
                found[str(name)] = value_type(declared.raw[name])
            except ValueError as error:
                raise declared.error(str(error), str(name)) from None
        return found

    def done(self) -> None:
        """Raise if a key was never asked for."""
        for key in self.raw:
            if key not in self._asked:
                known = ', '.join(sorted(self._asked))
                raise self.error(f'unknown key; known are {known}', str(key))


class NameTypes:
    """Types by name: exact names, patterns with ``*``, and what all other names have."""

    def __init__(self, types: Mapping[str, ValueType], rest: ValueType | None) -> None:
        self._exact = {name: kind for name, kind in types.items() if '*' not in name}
        self._patterns = [(glob(name), kind) for name, kind in types.items() if '*' in name]
        self.rest = rest

    def __getitem__(self, name: str) -> ValueType | None:
        found = self._exact.get(name)
        if found is None:
            for pattern, kind in self._patterns:
                if pattern.fullmatch(name):
                    return kind
            return self.rest
        return found


def glob(pattern: str) -> re.Pattern[str]:
    """Return the expression of a name in which ``*`` stands for anything."""
    return re.compile('.*'.join(re.escape(part) for part in pattern.split('*')))


def same(left: TextValue, right: TextValue) -> bool:
    """Return whether two values of text are equal; NaN equals itself, tuples equal lists."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    left, right = _plain(left), _plain(right)
    if isinstance(left, tuple | list) and isinstance(right, tuple | list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, str) != isinstance(right, str):
        return False
    return bool(left == right) or (left != left and right != right)


def _plain(value: TextValue) -> TextValue:
    return value.tolist() if hasattr(value, 'tolist') else value


class TextGrammar(ABC):
    """A declared text, both ways.

    Parameters:
        name: Name in the schema, used in faults and errors.
        declared: The mapping of the schema.
    """

    KIND: ClassVar[str]

    def __init__(self, name: str, declared: Declared) -> None:
        self.name = name
        declared.text('kind')
        self.doc = declared.text('doc')
        self.source = declared.texts('source')
        self.starts = declared.texts('starts')
        self.encoding = declared.texts('encoding', ('utf-8', 'latin-1'))

    def matches(self, text: str | bytes) -> bool:
        """Return whether text begins as this grammar's texts do."""
        if isinstance(text, bytes):
            return any(text.startswith(start.encode('latin-1', 'replace')) for start in self.starts)
        return text.startswith(self.starts)

    def parse(
        self,
        text: str | bytes,
        faults: Faults | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> dict[str, TextValue]:
        """Return the values of text.

        Parameters:
            text: The text, or its bytes.
            faults: Where to record what could not be read as declared.
            limits: Its ``text`` bounds the size, its ``depth`` the nesting.

        Raises:
            FormatError: The text is not of this kind at all.
            LimitError: The text is too long or too deep.
        """
        if len(text) > limits.text:
            raise LimitError(
                f'{len(text)} characters, {limits.text} are allowed', f'text.{self.name}'
            )
        if isinstance(text, bytes):
            text = self._decode(text)
        return self._parse(text.rstrip('\0'), faults if faults is not None else [], limits)

    def build(self, values: Mapping[str, TextValue], *, exact: bool = True) -> str:
        """Return canonical text of values.

        Parameters:
            values: What `parse` returns.
            exact: Refuse what would be read back otherwise, such as the text ``'1'`` where a
                number would be read; else only what would spoil the text.

        Raises:
            BuildError: A value cannot be written; names the key.
        """
        text = self._build(values, exact)
        if self.starts and not self.matches(text):
            starts = ' or '.join(map(repr, self.starts))
            raise BuildError(f'the text would not begin with {starts}', f'text.{self.name}')
        if not exact:
            return text
        faults: list[FormatError] = []
        back = self.parse(text, faults)
        if faults:
            raise BuildError(faults[0].message, faults[0].path)
        for key in [*values, *back]:
            if key not in back or key not in values or not same(back[key], values[key]):
                wanted, found = values.get(key), back.get(key)
                raise BuildError(f'{wanted!r} would be read as {found!r}', self._path(key))
        return text

    @abstractmethod
    def _parse(self, text: str, faults: Faults, limits: Limits) -> dict[str, TextValue]: ...

    @abstractmethod
    def _build(self, values: Mapping[str, TextValue], exact: bool) -> str: ...

    def _decode(self, data: bytes) -> str:
        for encoding in self.encoding[:-1]:
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
        return data.decode(self.encoding[-1], 'replace')

    def _path(self, key: object) -> str:
        return f'text.{self.name}.{key}'

    def _value(self, kind: ValueType, key: str, text: str, faults: Faults) -> TextValue:
        value = kind.parse(text)
        if value is NOT_A_VALUE:
            faults.append(FormatError(f'{text[:80]!r} is no {kind.name}', self._path(key)))
            return text
        return value

    @staticmethod
    def _rest(declared: Declared) -> ValueType | None:
        chosen = declared.choice('rest', ('auto', 'str', 'drop'))
        return {'auto': AUTO, 'str': TEXT, 'drop': None}[chosen]
