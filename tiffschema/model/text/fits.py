"""Headers of FITS as text, one card a line, both ways; knows strings, not files.

Source: FITS standard 4.0, section 4; Astro-TIFF specification 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tiffschema.errors import BuildError, FormatError
from tiffschema.types import Faults

from .values import NOT_A_VALUE, TextValue, value_type

__all__ = ['dump_fits', 'parse_fits']

_KEY = 8
_UNIT = re.compile(r'\[([^]]*)\]')
_NAME = re.compile(r'[A-Z0-9_-]{1,8}\Z')
_NUMBER = value_type('number')


def parse_fits(text: str, faults: Faults | None = None) -> dict[str, TextValue]:
    """Return the values of cards by key.

    Comments of values are under ``KEY:COMMENT``, units at their beginning under ``KEY:UNIT``; cards
    without a value are numbered, ``COMMENT:0``, ``COMMENT:1`` …

    Example:
        >>> parse_fits("SIMPLE  = T\\nEXPTIME = 1.5 / [s] open\\nCOMMENT seen\\nEND")
        {'SIMPLE': True, 'EXPTIME': 1.5, 'EXPTIME:COMMENT': '[s] open', 'EXPTIME:UNIT': 's', \
'COMMENT:0': 'seen', 'END:0': ''}
    """
    faults = [] if faults is None else faults
    values: dict[str, TextValue] = {}
    counts: dict[str, int] = {}
    for line in text.splitlines():
        key, rest = line[:_KEY].strip(), line[_KEY:]
        if not key and not rest.strip():
            continue
        if not rest.startswith('='):
            number = counts.get(key, 0)
            counts[key] = number + 1
            values[f'{key}:{number}'] = rest.strip()
            continue
        stored, comment = _split(rest[1:].strip())
        value = _value(stored)
        if value is NOT_A_VALUE:
            faults.append(FormatError(f'{stored[:80]!r} is no value', f'fits.{key}'))
            continue
        if key in values:
            faults.append(FormatError('the key recurs; the last value stays', f'fits.{key}'))
        values[key] = value
        if comment:
            values[f'{key}:COMMENT'] = comment
            unit = _UNIT.match(comment)
            if unit is not None:
                values[f'{key}:UNIT'] = unit[1]
    return values


def _split(text: str) -> tuple[str, str]:
    """Return value and comment; a slash within quotes parts nothing, a doubled quote ends none."""
    end = 0
    if text.startswith("'"):
        end = text.find("'", 1)
        while end > 0 and text[end + 1 : end + 2] == "'":
            end = text.find("'", end + 2)
        end = len(text) if end < 0 else end
    slash = text.find('/', end)
    if slash < 0:
        return text, ''
    return text[:slash].strip(), text[slash + 1 :].strip()


def _value(text: str) -> TextValue:
    if not text:
        return None
    if text[0] == "'":
        return text[1:-1].rstrip() if len(text) > 1 and text[-1] == "'" else NOT_A_VALUE
    if text in ('T', 'F'):
        return text == 'T'
    if text[0] == '(' and text[-1] == ')':
        parts = tuple(_NUMBER.parse(part.strip()) for part in text[1:-1].split(','))
        if len(parts) != 2 or NOT_A_VALUE in parts:
            return NOT_A_VALUE
        return tuple(map(float, parts)) if '.' in text else parts  # type: ignore[arg-type]
    # Exponents of double precision are written with D.
    return _NUMBER.parse(text.replace('D', 'E'))


def dump_fits(values: Mapping[str, TextValue]) -> str:
    """Return the cards of values, as `parse_fits` gives them.

    Raises:
        BuildError: A key or value has no card.
    """
    lines = []
    for key, value in values.items():
        name, mark, suffix = key.partition(':')
        if name and not _NAME.match(name):
            raise BuildError('a key has eight capitals, digits, dashes or underlines', key)
        if mark and suffix.isdecimal():
            text = _line(value, key)
            lines.append(f'{name:<{_KEY}}{text}'.rstrip())
        elif not mark:
            comment = values.get(f'{name}:COMMENT')
            tail = '' if comment is None else f' / {_line(comment, key)}'
            lines.append(f'{name:<{_KEY}}= {_card(value, key)}{tail}'.rstrip())
        elif suffix not in ('COMMENT', 'UNIT') or name not in values:
            raise BuildError('belongs to no card', key)
    return '\n'.join(lines)


def _line(value: TextValue, key: str) -> str:
    if not isinstance(value, str) or '\n' in value or '\r' in value:
        raise BuildError(f'{value!r} is no line', key)
    return value


def _card(value: TextValue, key: str) -> str:
    if value is None:
        return ''
    if isinstance(value, bool):
        return f'{"T" if value else "F":>20}'
    if isinstance(value, str):
        return f"'{_line(value, key)}'"
    if isinstance(value, tuple | list) and len(value) == 2:
        return f'({_card(value[0], key).strip()}, {_card(value[1], key).strip()})'
    if isinstance(value, int | float) and value == value and abs(value) != float('inf'):
        return f'{value!r:>20}'
    raise BuildError(f'{value!r} has no card', key)
