"""Texts made of ``key = value`` items; knows strings, not files or tags."""

from __future__ import annotations

from collections.abc import Mapping

from tiffschema.errors import BuildError, FormatError
from tiffschema.limits import Limits
from tiffschema.types import Faults

from .grammar import Declared, NameTypes, TextGrammar
from .values import TEXT, TextValue

__all__ = ['KeyValueGrammar']


class KeyValueGrammar(TextGrammar):
    """Items between separators, each a key and a value.

    Keys of the schema: ``split`` (between items, default newline), ``assign`` (between key and
    value, default ``=``), ``head`` (a named text before the items: ``{name, until, strip}``),
    ``values`` (name to type), ``rest`` (``auto``, ``str`` or ``drop``: type of other names),
    ``missing`` (``fault``, ``skip`` or ``keep``: items without `assign`, kept as None), ``strip``
    (white space round keys and values), ``spaced`` (write ``a = b``), ``end`` (text that closes
    each value) and ``trailing`` (write a separator behind the last item).
    """

    KIND = 'keyvalue'

    def __init__(self, name: str, declared: Declared) -> None:
        super().__init__(name, declared)
        self.split = declared.text('split', '\n')
        self.assign = declared.text('assign', '=')
        if not self.split or not self.assign:
            raise declared.error('must not be empty', 'split' if not self.split else 'assign')
        self.types = NameTypes(declared.types('values'), self._rest(declared))
        self.missing = declared.choice('missing', ('fault', 'skip', 'keep'))
        self.spaced = declared.flag('spaced')
        self.strip = declared.flag('strip') or self.spaced
        self.end = declared.text('end')
        self.trailing = declared.flag('trailing')
        head = declared.mapping('head')
        self.head = ''
        self.until = self.split
        self.strip_head = False
        if head is not None:
            self.head = head.text('name', 'Header')
            self.until = head.text('until', self.split)
            self.strip_head = head.flag('strip')
            head.done()
        declared.done()

    def _parse(self, text: str, faults: Faults, limits: Limits) -> dict[str, TextValue]:
        values: dict[str, TextValue] = {}
        if self.head:
            head, _, text = text.partition(self.until)
            values[self.head] = head.strip() if self.strip_head else head
        for item in text.split(self.split):
            if not item.strip():
                continue
            key, found, value = item.rstrip('\r').partition(self.assign)
            if self.strip:
                key, value = key.strip(), value.strip()
            if not found:
                self._without_value(key, values, faults)
                continue
            if self.end:
                value = value.removesuffix(self.end)
                value = value.rstrip() if self.strip else value
            kind = self.types[key]
            if kind is not None:
                values[key] = self._value(kind, key, value, faults)
        return values

    def _without_value(self, key: str, values: dict[str, TextValue], faults: Faults) -> None:
        if self.missing == 'keep':
            values[key] = None
        elif self.missing == 'fault':
            faults.append(FormatError(f'no {self.assign!r} in {key[:80]!r}', f'text.{self.name}'))

    def _build(self, values: Mapping[str, TextValue], exact: bool) -> str:
        items = []
        assign = f' {self.assign} ' if self.spaced else self.assign
        head = ''
        for key, value in values.items():
            if key == self.head:
                head = TEXT.build(value, self._path(key))
                continue
            self._check_key(key)
            if value is None and self.missing == 'keep':
                items.append(key)
                continue
            kind = self.types[key]
            if kind is None:
                raise BuildError('no such name is declared', self._path(key))
            text = kind.build(value, self._path(key), exact=exact)
            if self.split in text:
                raise BuildError(f'{text!r} holds {self.split!r}', self._path(key))
            items.append(f'{key}{assign}{text}{self.end}')
        body = self.split.join(items) + (self.split if self.trailing and items else '')
        return f'{head}{self.until}{body}' if self.head else body

    def _check_key(self, key: str) -> None:
        if not key.strip() or self.assign in key or self.split in key:
            raise BuildError(
                f'a name must hold text without {self.assign!r} and {self.split!r}', self._path(key)
            )
