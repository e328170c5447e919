"""Text metadata by declared grammars, both ways (section ``texts:`` of schemas).

Knows strings and declarations; it knows neither files nor tags nor where the text came from. The
kinds are imported when a grammar of theirs is first made: a plain file never loads an XML parser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .documents import dump_ini, parse_ini
    from .grammar import TextGrammar
    from .jsontext import parse_json
    from .matlab import dump_lines, dump_value, parse_lines, parse_value
    from .values import NOT_A_VALUE, TextValue, ValueType, auto, value_type
    from .xml import dump_xml, escape, parse_element, xml_to_dict

__all__ = [
    'NOT_A_VALUE',
    'TextGrammar',
    'TextGrammars',
    'TextValue',
    'ValueType',
    'auto',
    'dump_ini',
    'dump_lines',
    'dump_value',
    'dump_xml',
    'escape',
    'make_grammar',
    'parse_element',
    'parse_ini',
    'parse_json',
    'parse_lines',
    'parse_texts',
    'parse_value',
    'value_type',
    'xml_to_dict',
]

_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    'keyvalue': ('.keyvalue', 'KeyValueGrammar'),
    'sections': ('.sections', 'SectionsGrammar'),
    'tokens': ('.tokens', 'TokensGrammar'),
    'document': ('.documents', 'DocumentGrammar'),
}
_MODULES: Final[Mapping[str, str]] = {
    name: module
    for module, names in {
        '.documents': ('dump_ini', 'parse_ini'),
        '.grammar': ('TextGrammar',),
        '.jsontext': ('parse_json',),
        '.matlab': ('dump_lines', 'dump_value', 'parse_lines', 'parse_value'),
        '.values': ('NOT_A_VALUE', 'TextValue', 'ValueType', 'auto', 'value_type'),
        '.xml': ('dump_xml', 'escape', 'parse_element', 'xml_to_dict'),
    }.items()
    for name in names
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name], __name__), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def make_grammar(name: str, raw: Mapping[str, object], file: str = '') -> TextGrammar:
    """Return the grammar that a mapping of a schema declares.

    Raises:
        SchemaError: The declaration is wrong; names file, line and key.

    Example:
        >>> grammar = make_grammar('x', {'kind': 'keyvalue', 'values': {'a': 'int'}})
        >>> grammar.parse('a=1\\nb=text'), grammar.build({'a': 2})
        ({'a': 1, 'b': 'text'}, 'a=2')
    """
    from .grammar import Declared

    declared = Declared(raw, f'texts.{name}', file)
    kind = declared.text('kind')
    if kind not in _KINDS:
        raise declared.error(f'{kind!r} is none of {", ".join(_KINDS)}', 'kind')
    module, attribute = _KINDS[kind]
    grammar: TextGrammar = getattr(import_module(module, __name__), attribute)(name, declared)
    return grammar


class TextGrammars(Mapping[str, 'TextGrammar']):
    """The grammars of one schema by name, made on first use.

    Parameters:
        raw: The section ``texts:`` of the schema.
        file: Name of the schema's file, for errors.
    """

    def __init__(self, raw: Mapping[str, object], file: str = '') -> None:
        self._raw = raw
        self._file = file
        self._made: dict[str, TextGrammar] = {}

    def __getitem__(self, name: str) -> TextGrammar:
        found = self._made.get(name)
        if found is None:
            raw = self._raw[name]
            if not isinstance(raw, Mapping):
                from tiffschema.errors import SchemaError

                raise SchemaError('needs a mapping', file=self._file, field=f'texts.{name}')
            found = self._made[name] = make_grammar(name, raw, self._file)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def starts(self, name: str) -> tuple[str, ...]:
        """Return what texts of a grammar begin with, without making the grammar."""
        raw = self._raw[name]
        starts = raw.get('starts', ()) if isinstance(raw, Mapping) else ()
        return (starts,) if isinstance(starts, str) else tuple(starts)

    def check(self) -> None:
        """Make all grammars, so that errors of their declarations show now.

        Raises:
            SchemaError: A declaration is wrong.
        """
        for name in self:
            self[name]


def parse_texts(schema: object, raw: Mapping[str, object]) -> TextGrammars:
    """Return the grammars of a schema's section ``texts:`` by name."""
    return TextGrammars(raw, str(getattr(schema, 'file', '') or getattr(schema, 'id', '')))
