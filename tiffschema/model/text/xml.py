"""XML as dictionaries, both ways, safe for text from strangers; knows strings, not files or tags.

Rule: no document type, no entity beyond the five of XML and character references, nothing is
fetched; depth and size are bounded while parsing, before a tree exists.
"""

from __future__ import annotations

import re
import xml.parsers.expat as expat
from collections.abc import Callable, Mapping
from xml.etree import ElementTree

from tiffschema.errors import BuildError, FormatError, LimitError
from tiffschema.limits import DEFAULT_LIMITS, Limits

from .values import TextValue, auto

__all__ = ['dump_xml', 'escape', 'parse_element', 'xml_to_dict']

_INVALID = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
_NAME = re.compile(r'[A-Za-z_][\w.-]*\Z')


class _Builder:
    """Feeds a `TreeBuilder` from expat and counts what a stranger might abuse."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.depth = 0
        self.elements = 0
        self.tree = ElementTree.TreeBuilder()
        parser = expat.ParserCreate(None, '}')
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.tree.data
        parser.StartDoctypeDeclHandler = self.doctype
        parser.EntityDeclHandler = self.doctype
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser = parser

    def start(self, name: str, attributes: list[str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > self.limits.depth:
            raise LimitError(f'elements nest deeper than {self.limits.depth}', 'xml', self.offset)
        if self.elements > self.limits.items:
            raise LimitError(f'more than {self.limits.items} elements', 'xml', self.offset)
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        self.tree.start(_qualified(name), {_qualified(key): value for key, value in pairs})

    def end(self, name: str) -> None:
        self.depth -= 1
        self.tree.end(_qualified(name))

    def doctype(self, *_: object) -> None:
        raise FormatError('document types and entities are refused', 'xml', self.offset)

    @property
    def offset(self) -> int:
        return self.parser.CurrentByteIndex


def _qualified(name: str) -> str:
    return '{' + name if '}' in name else name


def parse_element(
    text: str | bytes, *, limits: Limits = DEFAULT_LIMITS, sanitize: bool = True
) -> ElementTree.Element:
    """Return the root element of an XML text, names with their name spaces as `ElementTree` has
    them.

    Parameters:
        text: The document; bytes are decoded as their declaration says.
        limits: ``text``, ``depth`` and ``items`` (elements) bound the work.
        sanitize: Drop characters that XML forbids, and what stands around the document.

    Raises:
        FormatError: The text is no well-formed XML, or has a document type.
        LimitError: The text is too long, too deep or has too many elements.
    """
    if len(text) > limits.text:
        raise LimitError(f'{len(text)} characters, {limits.text} are allowed', 'xml')
    if isinstance(text, str):
        if sanitize:
            text = _INVALID.sub('', text.strip('\0 \t\r\n\ufeff'))
        # The declaration may name the encoding which the text once had.
        text = re.sub(r'^(<\?xml[^>]*?)\s+encoding=("[^"]*"|\'[^\']*\')', r'\1', text, count=1)
        data = text.encode('utf-8', 'replace')
    else:
        data = bytes(text).strip(b'\0 \t\r\n') if sanitize else bytes(text)
    builder = _Builder(limits)
    try:
        builder.parser.Parse(data, True)
        return builder.tree.close()
    except expat.ExpatError as error:
        raise FormatError(str(error), 'xml', builder.offset) from None
    except (LookupError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f'unreadable encoding: {error}', 'xml') from None


def xml_to_dict(
    text: str | bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    sanitize: bool = True,
    prefix: tuple[str, str] = ('', ''),
    sep: str = ',',
    qualified: bool = False,
) -> dict[str, TextValue]:
    """Return an XML document as nested dictionaries; numbers and truth values are converted.

    Parameters:
        text: The document.
        limits: As for `parse_element`.
        sanitize: As for `parse_element`.
        prefix: What is put before names of attributes, and before ``value`` for text beside them.
        sep: What parts the numbers of a list.
        qualified: Keep name spaces in names, as ``{name space}name``.

    Example:
        >>> xml_to_dict('<a b="1"><c>2</c><c>x</c></a>')
        {'a': {'c': [2, 'x'], 'b': 1}}
    """
    root = parse_element(text, limits=limits, sanitize=sanitize)
    named = _same if qualified else _local
    return {named(root.tag): _element(root, prefix, _converter(sep), named)}


def _local(name: str) -> str:
    return name.rpartition('}')[2]


def _same(name: str) -> str:
    return name


def _converter(sep: str) -> Callable[[str], TextValue]:
    def convert(text: str) -> TextValue:
        value = auto(text)
        if isinstance(value, str) and sep and sep in value:
            values = [auto(part) for part in value.split(sep)]
            kinds = {type(one) for one in values}
            if kinds <= {int, float} or kinds == {bool}:
                return tuple(values)
        return value

    return convert


def _element(
    element: ElementTree.Element,
    prefix: tuple[str, str],
    convert: Callable[[str], TextValue],
    named: Callable[[str], str],
) -> TextValue:
    values: dict[str, TextValue] = {}
    several: set[str] = set()
    for child in element:
        name, value = named(child.tag), _element(child, prefix, convert, named)
        if name not in values:
            values[name] = value
        elif name in several:
            values[name].append(value)  # type: ignore[attr-defined]
        else:
            several.add(name)
            values[name] = [values[name], value]
    for name, attribute in element.attrib.items():
        values[prefix[0] + named(name)] = convert(attribute)
    text = element.text
    if not values:
        return None if text is None else convert(text.strip())
    if text is not None and text.strip():
        values[prefix[1] + 'value'] = convert(text.strip())
    return values


def escape(text: str, *, quotes: bool = False) -> str:
    """Return text with the characters that XML reserves as entities.

    Parameters:
        text: To stand in an element, or in an attribute.
        quotes: Whether it stands between double quotes.

    Example:
        >>> escape('a < "b"'), escape('"', quotes=True)
        ('a &lt; "b"', '&quot;')
    """
    text = text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
    return text.replace('"', '&quot;') if quotes else text


def dump_xml(values: Mapping[str, TextValue]) -> str:
    """Return an XML document with one root; every name becomes an element, lists repeat it.

    Raises:
        BuildError: There is not one root, or a name is no XML name.

    Example:
        >>> dump_xml({'a': {'b': 1, 'c': [2, 'x']}})
        '<a><b>1</b><c>2</c><c>x</c></a>'
    """
    if len(values) != 1:
        raise BuildError(f'a document has one root, not {len(values)}', 'xml')
    parts: list[str] = []
    for name, value in values.items():
        _dump(parts, name, value, name, 0)
    return ''.join(parts)


def _dump(parts: list[str], name: str, value: TextValue, path: str, depth: int) -> None:
    if not isinstance(name, str) or not _NAME.match(name):
        raise BuildError('no XML name', path)
    if depth > DEFAULT_LIMITS.depth:
        raise BuildError(f'nests deeper than {DEFAULT_LIMITS.depth}', path)
    if isinstance(value, list):
        for index, item in enumerate(value):
            _dump(parts, name, item, f'{path}[{index}]', depth)
        return
    if value is None:
        parts.append(f'<{name}/>')
        return
    parts.append(f'<{name}>')
    if isinstance(value, Mapping):
        if 'value' in value and not isinstance(value['value'], Mapping | list):
            parts.append(_leaf(value['value'], path))
        for key, item in value.items():
            if key != 'value' or isinstance(item, Mapping | list):
                _dump(parts, key, item, f'{path}.{key}', depth + 1)
    else:
        parts.append(_leaf(value, path))
    parts.append(f'</{name}>')


def _leaf(value: TextValue, path: str) -> str:
    if isinstance(value, tuple):
        return ','.join(_leaf(item, path) for item in value)
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if value is None or not isinstance(value, str | int | float):
        raise BuildError(f'{type(value).__name__} has no text', path)
    return escape(value if isinstance(value, str) else repr(value))
