"""Sections of values parted by commas, in one line or each in its own; knows strings, not files.

Source: Hamamatsu: HiPic and HPD-TA, format of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tiffschema.errors import BuildError, FormatError
from tiffschema.types import Faults

from .values import NOT_A_VALUE, TextValue, value_type

__all__ = ['dump_inline_ini', 'parse_inline_ini']

_SECTION = re.compile(r'\[([A-Za-z0-9 _.-]*)\],?')
_ITEM = re.compile(r'([^=,"\[\]]+)=("[^"]*"|[^,\[\r\n]*),?')
_MEASURE = re.compile(r'(\S+) [A-Za-zµ%]+\Z')
_KEY = re.compile(r'[^=,"\[\]\s][^=,"\[\]]*\Z')
_NUMBER = value_type('number')


def parse_inline_ini(text: str, faults: Faults | None = None) -> dict[str, TextValue]:
    """Return the sections of a text; quoted lists of numbers become tuples, units are left out.

    Example:
        >>> parse_inline_ini('[A],Date="1/2",N="2",Size="#1,2.5",None=\\r\\n[B],x=y,Time=4 us')
        {'A': {'Date': '1/2', 'N': 2, 'Size': (1, 2.5), 'None': None}, 'B': {'x': 'y', 'Time': 4}}
    """
    values: dict[str, TextValue] = {}
    section: dict[str, TextValue] = {}
    at = 0
    while at < len(text):
        opened = _SECTION.match(text, at)
        item = None if opened else _ITEM.match(text, at)
        if opened is not None:
            section = {}
            values[opened[1]] = section
            at = opened.end()
        elif item is not None:
            section[item[1].strip()] = _value(item[2])
            at = item.end()
        elif text[at] in ', \r\n\t':
            at += 1
        else:
            stop = min(x for x in (text.find(',', at), text.find('[', at + 1), len(text)) if x > 0)
            if faults is not None:
                faults.append(FormatError(f'{text[at:stop][:80]!r} is no value', 'inline_ini', at))
            at = stop
    return values


def _value(text: str) -> TextValue:
    text = text.strip()
    if not text:
        return None
    if text[0] != '"':
        measure = _MEASURE.match(text)
        number = _NUMBER.parse(text if measure is None else measure[1])
        return text if number is NOT_A_VALUE else number
    return _quoted(text[1:].removesuffix('"'))


def _quoted(text: str) -> TextValue:
    numbers = tuple(_NUMBER.parse(part.strip().lstrip('#')) for part in text.split(','))
    if NOT_A_VALUE in numbers:
        return text
    return numbers if len(numbers) > 1 else numbers[0]


def dump_inline_ini(values: Mapping[str, TextValue]) -> str:
    """Return the text of sections.

    Raises:
        BuildError: A section, name or value has no such text.
    """
    parts = []
    for name, section in values.items():
        if _SECTION.fullmatch(f'[{name}]') is None or not isinstance(section, Mapping):
            raise BuildError('no section', name)
        parts.append(f'[{name}]')
        for key, value in section.items():
            if _KEY.match(key) is None or key != key.strip():
                raise BuildError('no name of a value', f'{name}.{key}')
            parts.append(f'{key}={_text(value, f"{name}.{key}")}')
    return ','.join(parts)


def _text(value: TextValue, path: str) -> str:
    if value is None:
        return ''
    if isinstance(value, tuple | list):
        return '"' + ','.join(_text(item, path) for item in value) + '"'
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    if isinstance(value, str) and '"' not in value and _quoted(value) == value:
        return f'"{value}"'
    raise BuildError(f'{value!r} has no text', path)
