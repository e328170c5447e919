"""Values within text, both ways; knows strings and Python values, not files, tags or schemas.

Rule: `ValueType.parse` never raises on data, it returns the text itself where the text is not of
the declared type and says so; `ValueType.build` refuses what would not be read back equal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tiffschema.errors import BuildError

__all__ = ['AUTO', 'NOT_A_VALUE', 'TEXT', 'TextValue', 'ValueType', 'auto', 'value_type']

TextValue: TypeAlias = object
"""What a piece of text becomes: int, float, bool, str, None, tuple, list or dict of these."""

NOT_A_VALUE: Final = object()
"""Returned by `ValueType.parse` where the text is not of the declared type."""

_INT = re.compile(r'[+-]?[0-9]{1,4000}\Z')
_FLOAT = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,5})?\Z')
_SPECIAL = {'nan': math.nan, 'inf': math.inf, '+inf': math.inf, '-inf': -math.inf}
_BOOLS = {'true': True, 'false': False}
_ESCAPE = re.compile(r'\\u([0-9a-fA-F]{4})')
_ARRAY = re.compile(r'(?P<item>[a-z]\w*)\[(?P<count>\d*)\]\Z')

Reader: TypeAlias = Callable[[str], TextValue]


def _read_int(text: str) -> TextValue:
    text = text.strip()
    return int(text) if _INT.match(text) else NOT_A_VALUE


def _read_float(text: str) -> TextValue:
    text = text.strip()
    if len(text) <= 4000 and _FLOAT.match(text):
        return float(text)
    return _SPECIAL.get(text.lower().replace('infinity', 'inf'), NOT_A_VALUE)


def _read_number(text: str) -> TextValue:
    value = _read_int(text)
    return _read_float(text) if value is NOT_A_VALUE else value


def _read_bool(text: str) -> TextValue:
    return _BOOLS.get(text.strip().lower(), NOT_A_VALUE)


def _read_flag(text: str) -> TextValue:
    text = text.strip()
    return bool(int(text)) if text in ('0', '1') else _read_bool(text)


def auto(text: str) -> TextValue:
    """Return an int, float or bool where text looks like one, else the text itself.

    Example:
        >>> auto('2'), auto('2.5'), auto('true'), auto('2 um')
        (2, 2.5, True, '2 um')
    """
    value = _read_number(text)
    if value is NOT_A_VALUE:
        value = _read_bool(text)
    return text if value is NOT_A_VALUE else value


_READERS: Final[Mapping[str, Reader]] = {
    'int': _read_int,
    'float': _read_float,
    'number': _read_number,
    'bool': _read_bool,
    'flag': _read_flag,
    'str': lambda text: text,
    'auto': auto,
}
# Integers of fixed width, as in rows of colours: the width is the range.
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    f'{sign}{bits}': (
        (0, (1 << bits) - 1) if sign == 'u' else (-(1 << bits - 1), (1 << bits - 1) - 1)
    )
    for sign in 'us'
    for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True, slots=True)
class ValueType:
    """One declared type of a value in text.

    Parameters:
        name: ``int float number bool flag str auto``, an integer of fixed width such as ``u8``, or
            an array of one of these, ``float[]`` or ``u8[3]``.
        separator: What stands between the items of an array; white space where empty.
        quote: Character round the text in the file.
        unescape: ``\\uXXXX`` stands for a character.
        none: Text that stands for None.
        unit, doc: For people.
    """

    name: str = 'str'
    separator: str = ''
    quote: str = ''
    unescape: bool = False
    none: str | None = None
    unit: str = ''
    doc: str = ''

    def parse(self, text: str) -> TextValue:
        """Return the value of text, `NOT_A_VALUE` where it has another type."""
        if self.none is not None and text == self.none:
            return None
        if self.quote and len(text) >= 2 and text[0] == text[-1] == self.quote:
            text = text[1:-1]
        if self.unescape and '\\u' in text:
            text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
            text = text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')
        array = _ARRAY.match(self.name)
        if array is None:
            return self._item(self.name, text)
        parts = text.split(self.separator) if self.separator else text.split()
        if array['count'] and len(parts) != int(array['count']):
            return NOT_A_VALUE
        values = tuple(self._item(array['item'], part.strip()) for part in parts)
        return NOT_A_VALUE if any(value is NOT_A_VALUE for value in values) else values

    @staticmethod
    def _item(name: str, text: str) -> TextValue:
        bounds = _RANGES.get(name)
        if bounds is None:
            return _READERS[name](text)
        value = _read_int(text)
        if isinstance(value, int) and bounds[0] <= value <= bounds[1]:
            return value
        return NOT_A_VALUE

    def build(self, value: TextValue, path: str, *, exact: bool = True) -> str:
        """Return the text of value.

        Raises:
            BuildError: The text would be read as another value; names path.
        """
        text = self._text(value, path)
        back = self.parse(text) if exact else value
        if not _same(back, value):
            if back is NOT_A_VALUE:
                raise BuildError(f'{value!r} is no {self.name}', path)
            raise BuildError(f'{value!r} would be read as {back!r}', path)
        return text

    def _text(self, value: TextValue, path: str) -> str:
        if value is None:
            if self.none is None:
                raise BuildError('None has no text', path)
            return self.none
        if isinstance(value, tuple | list):
            if not _ARRAY.match(self.name):
                raise BuildError(f'{value!r} is not one {self.name}', path)
            return (self.separator or ' ').join(scalar(item, path) for item in value)
        text = scalar(value, path)
        if self.unescape:
            text = ''.join(char if char.isascii() else _escaped(char) for char in text)
        return f'{self.quote}{text}{self.quote}'


def scalar(value: TextValue, path: str) -> str:
    """Return the canonical text of one number, truth value or text.

    Example:
        >>> scalar(True, ''), scalar(0.5, ''), scalar(3, '')
        ('true', '0.5', '3')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if hasattr(value, 'item') and getattr(value, 'ndim', None) == 0:  # NumPy scalars
        value = value.item()
    if isinstance(value, int | float):
        return repr(float(value)) if isinstance(value, float) else str(int(value))
    raise BuildError(f'{type(value).__name__} has no text', path)


def _escaped(char: str) -> str:
    units = char.encode('utf-16-be', 'surrogatepass')
    return ''.join(f'\\u{units[i]:02X}{units[i + 1]:02X}' for i in range(0, len(units), 2))


def _same(left: TextValue, right: TextValue) -> bool:
    if isinstance(left, tuple | list) and isinstance(right, tuple | list):
        return len(left) == len(right) and all(
            _same(one, two) for one, two in zip(left, right, strict=True)
        )
    if isinstance(left, str) != isinstance(right, str) or left is NOT_A_VALUE:
        return False
    return bool(left == right) or (left != left and right != right)


TEXT: Final = ValueType()
AUTO: Final = ValueType('auto')


def value_type(raw: object) -> ValueType:
    """Return the declared type: its name, or a mapping with ``type`` and options.

    Raises:
        ValueError: The type or an option is unknown; says which are known.

    Example:
        >>> value_type({'type': 'float', 'unit': 'um'}).parse('0.5')
        0.5
    """
    options = dict(raw) if isinstance(raw, Mapping) else {'type': raw}
    name = str(options.pop('type', 'str'))
    array = _ARRAY.match(name)
    item = array['item'] if array else name
    if item not in _READERS and item not in _RANGES:
        known = ', '.join([*_READERS, *_RANGES])
        raise ValueError(f'unknown type {name!r}; known are {known}, and arrays of these')
    allowed = {'separator', 'quote', 'unescape', 'none', 'unit', 'doc'}
    unknown = sorted(set(options) - allowed)
    if unknown:
        raise ValueError(f'unknown key {unknown[0]!r}; known are {", ".join(sorted(allowed))}')
    return ValueType(name, **options)  # type: ignore[arg-type]
