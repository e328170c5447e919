"""MetaMorph MetaSeries: properties of planes as XML.

Knows the description of a file's first page. Source: files of MetaMorph and MetaXpress.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import Element

from tiffschema.model.text.xml import escape, parse_element
from tiffschema.types import Faults

__all__ = ['dump_metaseries', 'metadata', 'parse_metaseries']


def metadata(tif: Any) -> dict[str, Any]:
    """Return the properties of a file by their id, those of groups in dictionaries.

    Raises:
        FormatError: The description is no XML.
    """
    root = parse_element(tif.pages.first.description, limits=tif.limits)
    return _group(root, tif.faults)


def parse_metaseries(text: str) -> dict[str, Any]:
    """Return the properties of a text.

    Raises:
        FormatError: It is no XML.

    Example:
        >>> parse_metaseries('<MetaData><prop id="a" type="bool" value="on"/></MetaData>')
        {'a': True}
    """
    return _group(parse_element(text), [])


def _group(element: Element, faults: Faults) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        if not child.attrib:
            found[child.tag] = _group(child, faults)
        elif 'id' in child.attrib:
            name = child.attrib['id']
            found[name] = _value(child.attrib.get('type', ''), child.attrib.get('value', ''))
            if name == 'Description' and isinstance(found[name], str):
                found[name] = found[name].replace('&#13;&#10;', '\n')
    return found


def _value(kind: str, text: str) -> Any:
    """Return a value of a declared type; text that is none of it stays text."""
    try:
        if kind == 'float':
            return float(text)
        if kind == 'int':
            return int(text)
        if kind == 'time':
            return datetime.strptime(text, '%Y%m%d %H:%M:%S.%f')
        if kind == 'guid':
            return UUID(text)
    except ValueError:
        return text
    if kind == 'bool':
        return {'on': True, 'off': False}.get(text.lower(), text)
    return text


def dump_metaseries(values: Mapping[str, Any]) -> str:
    """Return the text of properties, as `parse_metaseries` gives them.

    Example:
        >>> dump_metaseries({'a': True, 'PlaneInfo': {'gamma': 1.0}})
        '<MetaData><prop id="a" type="bool" value="on"/><PlaneInfo><prop id="gamma" type="float" \
value="1.0"/></PlaneInfo></MetaData>'
    """
    return f'<MetaData>{_elements(values)}</MetaData>'


def _elements(values: Mapping[str, Any]) -> str:
    parts = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            parts.append(f'<{name}>{_elements(value)}</{name}>')
            continue
        kind, text = _shown(value)
        if name == 'Description':
            text = text.replace('\n', '&#13;&#10;')
        parts.append(f'<prop id="{escape(name)}" type="{kind}" value="{escape(text)}"/>')
    return ''.join(parts)


def _shown(value: Any) -> tuple[str, str]:
    """Return type and text of a value."""
    if isinstance(value, bool):
        return 'bool', 'on' if value else 'off'
    if isinstance(value, int | float):
        return type(value).__name__, repr(value)
    if isinstance(value, datetime):
        return 'time', value.strftime('%Y%m%d %H:%M:%S.%f')
    if isinstance(value, UUID):
        return 'guid', str(value)
    return 'string', str(value)
