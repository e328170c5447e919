"""Declared metadata: what ``tif.<name>_metadata`` returns (section ``metadata:`` of schemas).

Knows sources by name and the facts of a page; merges dictionaries, reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from tiffschema.errors import FormatError, SchemaError
from tiffschema.types import Faults

from . import catalog
from .references import checked_reference, resolve_reference
from .tagcodes import TagCode
from .tagtable import resolver, tag_tables

__all__ = ['MetadataRule', 'Source', 'metadata_names', 'metadata_rule', 'parse_metadata']

_SUBJECTS = ('file', 'page')


class TagFacts(Protocol):
    """What a rule asks of the first page; `detect.Facts` has it."""

    @property
    def subject(self) -> Any:
        """The page itself."""

    @property
    def codes(self) -> Collection[int]:
        """Codes of all tags."""

    def tag(self, code: int, /) -> object:
        """Value of a tag, None if absent."""

    def texts(self, code: int, /) -> Any:
        """Texts of all tags of a code."""


class Source:
    """One source of metadata: a text or a tag, or a part of it, or all tags of a range of codes.

    Parameters:
        kind: ``'text'``, ``'tag'`` or ``'tags'``.
        name: Grammar, tag, or what the names of tags of a range begin with, which is left out.
        fields: Names to go down into the value.
        tag: Tag that holds the text, ImageDescription by default.
        codes: Range of codes.
    """

    __slots__ = ('codes', 'fields', 'kind', 'name', 'tag')

    def __init__(
        self,
        kind: str,
        name: str,
        fields: tuple[str, ...] = (),
        tag: str | int = TagCode.ImageDescription,
        codes: range = range(0),
    ) -> None:
        self.kind = kind
        self.name = name
        self.fields = fields
        self.tag = tag
        self.codes = codes

    def __repr__(self) -> str:
        if self.kind == 'tags':
            return f'tags {self.codes.start} to {self.codes.stop - 1}'
        return '.'.join((self.kind, self.name, *self.fields))


class MetadataRule:
    """What the metadata of one kind are made of.

    Parameters:
        name: Kind.
        sources: Merged left to right.
        reference: Function that gives all of it instead, called with the file.
        schema: The schema that declares it.
        of_page: The function is called with the page instead: each page has metadata of its own.
    """

    def __init__(
        self,
        name: str,
        sources: tuple[Source, ...],
        reference: str | None,
        schema: catalog.SchemaView,
        of_page: bool = False,
    ) -> None:
        self.name = name
        self.of_page = of_page
        self.sources = sources
        self.reference = reference
        self.schema = schema
        self._code = resolver(schema)

    def __call__(self, facts: TagFacts, tif: Any, faults: Faults) -> Any:
        """Return the metadata, None if no source gives any.

        Parameters:
            facts: Facts of the file's first page.
            tif: The file, for functions.
            faults: Where to record sources that cannot be read.
        """
        if self.reference is not None:
            return resolve_reference(self.reference)(facts.subject if self.of_page else tif)
        merged: dict[Any, Any] | None = None
        for source in self.sources:
            try:
                value = self._value(source, facts, faults)
            except FormatError as error:
                faults.append(error)
                continue
            if isinstance(value, Mapping):
                merged = {**(merged or {}), **value}
            elif value is not None and merged is None:
                # Metadata that are one text or one block are given as they are.
                return value
        return merged

    def _value(self, source: Source, facts: TagFacts, faults: Faults) -> Any:
        if source.kind == 'tags':
            names = tag_tables['tiff'].names
            codes = [code for code in sorted(facts.codes) if code in source.codes]
            return {
                str(next(iter(names(code)), code)).removeprefix(source.name): facts.tag(code)
                for code in codes
            }
        code = source.tag if source.kind == 'text' else source.name
        number = code if isinstance(code, int) else self._code(code)
        value: Any
        if source.kind == 'text':
            grammar = self.schema.texts[source.name]
            texts = [text for text in facts.texts(number) if isinstance(text, str | bytes)]
            if grammar.starts:
                texts = [text for text in texts if grammar.matches(text)]
            value = grammar.parse(texts[0], faults) if texts else None
        else:
            value = facts.tag(number)
        for field in source.fields:
            value = value.get(field) if isinstance(value, Mapping) else None
        return value


def _source(raw: object, path: str, view: catalog.SchemaView) -> Source:
    tag: str | int = TagCode.ImageDescription
    text = raw
    if isinstance(raw, Mapping) and 'tags' in raw:
        codes = raw['tags']
        if set(raw) - {'tags', 'prefix'} or [type(code) for code in codes] != [int, int]:
            raise SchemaError(
                'needs {tags: [first, last], prefix: text}', file=view.file, field=path
            )
        return Source('tags', str(raw.get('prefix', '')), codes=range(codes[0], codes[1] + 1))
    if isinstance(raw, Mapping):
        unknown = set(raw) - {'text', 'tag'}
        if unknown or 'text' not in raw:
            raise SchemaError('needs {text: grammar, tag: Name}', file=view.file, field=path)
        text = f'text.{raw["text"]}'
        tag = raw.get('tag', TagCode.ImageDescription)
    parts = tuple(text.split('.')) if isinstance(text, str) else ()
    if len(parts) < 2 or parts[0] not in ('text', 'tag'):
        raise SchemaError(
            f'{raw!r} is no source; write text.<grammar>, tag.<Name> or tag.<Name>.<field>',
            file=view.file,
            field=path,
        )
    if parts[0] == 'text' and parts[1] not in view.texts:
        known = ', '.join(view.texts) or 'none'
        raise SchemaError(
            f'no such text {parts[1]!r}; declared are {known}', file=view.file, field=path
        )
    return Source(parts[0], parts[1], parts[2:], tag)


def parse_metadata(view: catalog.SchemaView, raw: Mapping[str, Any]) -> dict[str, MetadataRule]:
    """Return the rules of a schema's section ``metadata:`` by name.

    Raises:
        SchemaError: A source is none.
    """
    rules = {}
    for name, declared in raw.items():
        path = f'metadata.{name}'
        reference = None
        sources: tuple[Source, ...] = ()
        of_page = False
        if isinstance(declared, Mapping) and 'python' in declared:
            if set(declared) - {'python', 'of'} or declared.get('of', 'file') not in _SUBJECTS:
                raise SchemaError(
                    'needs {python: reference} or {python: reference, of: page}',
                    file=view.file,
                    field=path,
                )
            of_page = declared.get('of') == 'page'
            try:
                reference = checked_reference(declared['python'])
            except ValueError as error:
                raise SchemaError(str(error), file=view.file, field=path) from None
        else:
            items = declared if isinstance(declared, list | tuple) else [declared]
            sources = tuple(_source(item, path, view) for item in items)
        rules[str(name)] = MetadataRule(str(name), sources, reference, view, of_page)
    return rules


def metadata_names() -> tuple[str, ...]:
    """Return the kinds that have metadata: declared ones, and detected ones with a tag."""
    names = [name for raw in catalog.section('metadata').values() for name in raw]
    return tuple(dict.fromkeys([*names, *_implied()]))


def _implied() -> dict[str, str]:
    """Return kinds whose schema has one kind and tags, but no rule, by id of the schema."""
    declared = catalog.section('metadata')
    found = {}
    for id, raw in catalog.section('detect').items():
        if id not in declared and catalog.section('tags').get(id):
            found.update(dict.fromkeys(map(str, raw), id))
    return found


def metadata_rule(name: str) -> MetadataRule | None:
    """Return the rule of a kind; without one, the tags of its schema are the metadata.

    Example:
        >>> metadata_rule('imagej').sources
        (text.imagej, tag.IJMetadata)
    """
    for id, raw in catalog.section('metadata').items():
        if name in raw:
            return parse_metadata(catalog.view(id), {name: raw[name]})[name]
    id_of_kind = _implied().get(name)
    if id_of_kind is None:
        return None
    view = catalog.view(id_of_kind)
    first = next((row['name'] for row in view.tags.values() if 'value' in row), None)
    names = [first] if first else [row['name'] for row in view.tags.values()]
    return MetadataRule(name, tuple(Source('tag', one) for one in names[:1]), None, view)
