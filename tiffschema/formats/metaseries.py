"""MetaMorph MetaSeries: properties of planes as XML.

Knows the description of a file's first page. Source: files of MetaMorph and MetaXpress.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import Element

from tiffschema.model.text.xml import parse_element
from tiffschema.types import Faults

__all__ = ['metadata', 'parse_metaseries']


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
