"""Texts made of named sections of ``key=value`` lines; knows strings, not files or tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tiffschema.errors import BuildError, FormatError
from tiffschema.limits import Limits
from tiffschema.types import Faults

from .grammar import Declared, NameTypes, TextGrammar, _plain, glob
from .values import TextValue, ValueType, value_type

__all__ = ['SectionsGrammar']


@dataclass(frozen=True, slots=True)
class _Rows:
    """Sections whose keys number the rows of one table."""

    section: re.Pattern[str]
    key: str
    type: ValueType


class SectionsGrammar(TextGrammar):
    """Lines in named sections.

    Keys of the schema: ``open`` and ``close`` (lines with ``{name}``; without ``close`` a section
    ends where the next begins, as in INI files), ``assign``, ``strip``, ``comment`` (prefix of
    lines to pass over), ``raw`` (sections kept as text), ``rows`` (sections that are tables:
    ``{section: {key, type}}``), ``pairs`` (sections whose names recur, as lists of (name, value)),
    ``values`` (name to type, names of all sections), ``rest``, and
    ``top`` (name of what stands before the first section). Sections may nest in the text; the
    result is flat.
    """

    KIND = 'sections'

    def __init__(self, name: str, declared: Declared) -> None:
        super().__init__(name, declared)
        self.open = declared.text('open', '[{name}]')
        self.close = declared.text('close')
        self.assign = declared.text('assign', '=')
        self.strip = declared.flag('strip')
        self.comment = declared.text('comment')
        self.top = declared.text('top')
        self.raw = declared.texts('raw')
        self.pairs = frozenset(declared.texts('pairs'))
        self.types = NameTypes(declared.types('values'), self._rest(declared))
        self.rows = tuple(self._rows(declared))
        for key, text in (('open', self.open), ('close', self.close)):
            if text and text.count('{name}') != 1:
                raise declared.error('must hold {name} once', key)
        if self.raw and not self.close:
            raise declared.error('raw sections need an end mark: close', 'raw')
        self._opens = self._pattern(self.open)
        declared.done()

    @staticmethod
    def _rows(declared: Declared) -> list[_Rows]:
        rows = []
        raw = declared.mapping('rows')
        for section in raw.raw if raw else ():
            assert raw is not None
            row = raw.mapping(str(section))
            assert row is not None
            key = row.text('key')
            try:
                kind = value_type(row.text('type'))
            except ValueError as error:
                raise row.error(str(error), 'type') from None
            row.done()
            rows.append(_Rows(glob(str(section)), key, kind))
        return rows

    @staticmethod
    def _pattern(mark: str) -> re.Pattern[str]:
        before, after = mark.split('{name}')
        return re.compile(f'{re.escape(before)}([^\n]*?){re.escape(after)}')

    def _parse(self, text: str, faults: Faults, limits: Limits) -> dict[str, TextValue]:
        values: dict[str, TextValue] = {}
        stack: list[str] = [self.top] if self.top else []
        lines = iter(text.splitlines())
        for line in lines:
            bare = line.strip()
            if not bare or (self.comment and bare.startswith(self.comment)):
                continue
            if self.close and self._closes(bare, stack):
                continue
            opened = self._opens.fullmatch(bare)
            if opened is None:
                self._item(line, stack, values, faults)
                continue
            name = opened[1]
            if self.raw and name in self.raw:
                values[name] = self._raw(name, lines, faults)
                continue
            if not self.close:
                stack.clear()
            if len(stack) >= limits.depth:
                faults.append(FormatError('sections nest too deep', self._path(name)))
                continue
            stack.append(name)
            values.setdefault(name, [] if name in self.pairs or self._table(name) else {})
        for name in stack if self.close else ():
            if name != self.top:
                faults.append(FormatError('the section has no end', self._path(name)))
        return values

    def _closes(self, line: str, stack: list[str]) -> bool:
        """Return whether line ends an open section, and close it with all inside."""
        for depth in range(len(stack) - 1, -1, -1):
            if line == self.close.replace('{name}', stack[depth]):
                del stack[depth:]
                return True
        return False

    def _raw(self, name: str, lines: Iterator[str], faults: Faults) -> str:
        found: list[str] = []
        mark = self.close.replace('{name}', name)
        for line in lines:
            if line.strip() == mark:
                return '\n'.join(found)
            found.append(line)
        faults.append(FormatError('the section has no end', self._path(name)))
        return '\n'.join(found)

    def _item(
        self, line: str, stack: list[str], values: dict[str, TextValue], faults: Faults
    ) -> None:
        if not stack:
            faults.append(FormatError(f'{line[:80]!r} is in no section', f'text.{self.name}'))
            return
        key, found, text = line.partition(self.assign)
        if self.strip:
            key, text = key.strip(), text.strip()
        section = values.setdefault(stack[-1], {})
        if isinstance(section, list) and stack[-1] in self.pairs:
            kind = self.types[key]
            if kind is not None:
                path = f'{stack[-1]}.{key}'
                section.append((key, self._value(kind, path, text, faults) if found else None))
        elif isinstance(section, list):
            rows = self._table(stack[-1])
            if rows is not None and found and glob(rows.key).fullmatch(key):
                section.append(self._value(rows.type, f'{stack[-1]}.{key}', text, faults))
            else:
                message = f'{line[:80]!r} is no row'
                faults.append(FormatError(message, self._path(stack[-1])))
        elif isinstance(section, dict):
            kind = self.types[key]
            if kind is not None:
                path = f'{stack[-1]}.{key}'
                section[key] = self._value(kind, path, text, faults) if found else None

    def _table(self, name: str) -> _Rows | None:
        return next((rows for rows in self.rows if rows.section.fullmatch(name)), None)

    def _build(self, values: Mapping[str, TextValue], exact: bool) -> str:
        lines: list[str] = []
        # What stands before the first section must come first again.
        names = sorted(values, key=lambda name: name != self.top) if self.top else list(values)
        for name in names:
            if name != self.top:
                lines.append(self.open.replace('{name}', name))
            lines += self._section(name, _plain(values[name]))
            if self.close and name != self.top:
                lines.append(self.close.replace('{name}', name))
        return '\n'.join([*lines, ''])

    def _section(self, name: str, value: TextValue) -> list[str]:
        rows = self._table(name)
        if name in self.raw:
            if not isinstance(value, str):
                raise BuildError('needs text', self._path(name))
            return value.split('\n') if value else []
        if rows is not None and isinstance(value, list | tuple):
            return [
                f'{rows.key.replace("*", str(index))}{self.assign}'
                + rows.type.build(row, self._path(f'{name}[{index}]'))
                for index, row in enumerate(value)
            ]
        if name in self.pairs and isinstance(value, list | tuple):
            return [self._line(f'{name}.{key}', key, item) for key, item in value]
        if not isinstance(value, Mapping):
            raise BuildError('needs a mapping', self._path(name))
        return [self._line(f'{name}.{key}', key, item) for key, item in value.items()]

    def _line(self, path: str, key: str, value: TextValue) -> str:
        if self.assign in key or '\n' in key or not key.strip():
            raise BuildError(
                f'a name must hold text without {self.assign!r} and newline', self._path(path)
            )
        kind = self.types[key]
        if kind is None:
            raise BuildError('no such name is declared', self._path(path))
        if value is None and kind.none is None:
            return key
        text = kind.build(value, self._path(path))
        if '\n' in text or '\r' in text:
            raise BuildError(f'{text[:80]!r} holds a newline', self._path(path))
        return f'{key}{self.assign}{text}'
