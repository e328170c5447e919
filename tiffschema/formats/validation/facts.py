"""Facts by name: what rules may ask of a header, and of whatever stands for a chapter of facts.

Rule 1: a fact is worked out when a rule asks for it, and once; nothing here judges.
Rule 2: a name that there is not is a mistake of the schema, never a rule that does not apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tiffschema.errors import FormatError, SchemaError
from tiffschema.model.sections import schemas

from .directoryfacts import DirectoryFacts

__all__ = ['Facts', 'header_facts']


def header_facts(source: Any) -> Callable[[str], Any]:
    """Return the function from names to what the header of a file says, TIFF or not.

    Parameters:
        source: Where the bytes come from.
    """
    view = source.view(0, 16)
    order = bytes(view[:2]).decode('latin-1')
    byteorder = '>' if order == 'MM' else '<'
    facts: dict[str, Any] = {'size': source.size, 'order': order, 'start': 8, 'version': None}
    for name in ('loose_header', 'loose_bigtiff_header'):
        struct = schemas['tiff/rules'].struct(name)
        if len(view) < (struct.size or 0) or (
            name == 'loose_bigtiff_header' and facts['version'] != 43
        ):
            break
        facts |= struct.parse(view, byteorder=byteorder).asdict()
    if facts['version'] == 43:
        facts['start'] = 16

    def value_of(name: str) -> Any:
        chapter, _, fact = name.partition('.')
        if chapter != 'header' or fact not in (*facts, 'first', 'offset_size', 'reserved'):
            raise _unknown(name, 'headers')
        return facts.get(fact)

    return value_of


def _unknown(name: str, what: str) -> SchemaError:
    return SchemaError(f'there is no fact {name!r} of {what}', file='rules')


class Facts:
    """Facts by name: chapters before the first dot, then properties of the object they stand for.

    Parameters:
        chapters: Objects by chapter; of ``tags`` and ``has`` the lookup of tags.
    """

    def __init__(self, chapters: Mapping[str, Any]) -> None:
        self._chapters = chapters
        self._faults = chapters['file'].tif.faults
        self._known: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        """Return the value of a name.

        Raises:
                SchemaError: There is no such fact.
            FormatError: What it follows from cannot be read; this is a fault of the file, too.
        """
        if name not in self._known:
            self._known[name] = self._value(name)
        return self._known[name]

    def _value(self, name: str) -> Any:
        chapter, _, fact = name.partition('.')
        holder = self._chapters.get(chapter)
        if holder is None or not fact:
            raise _unknown(name, 'this')
        if isinstance(holder, DirectoryFacts) and chapter in ('tags', 'has'):
            return holder.has(fact) if chapter == 'has' else holder.tag(fact)
        if fact.startswith('_') or not (hasattr(type(holder), fact) or fact in vars(holder)):
            raise _unknown(name, chapter)
        try:
            return getattr(holder, fact)
        except FormatError as error:
            self._faults.append(error)
            raise
