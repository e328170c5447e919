"""MATLAB values as text, both ways; knows strings, not files or tags.

The syntax is that of ScanImage's headers: lines of ``key = value``, strings in single quotes,
arrays and cells in brackets with rows parted by semicolons. One pass over the text, no recursion.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tiffschema.errors import BuildError, LimitError
from tiffschema.limits import DEFAULT_LIMITS, Limits

from .values import NOT_A_VALUE, TextValue, value_type

__all__ = ['dump_lines', 'dump_value', 'parse_lines', 'parse_value']

_TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\n]|'')*'?)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<row>;)"""
    r"""|(?P<call>(?:zeros|ones)\(\s*\d+\s*(?:,\s*\d+\s*)*\))|(?P<object><[^>]*>)"""
    r"""|(?P<word>[^\s\[\]{};']+)|(?P<space>\s+)"""
)
_BAD_KEY = re.compile(r"[ ';\[\]{}<>]")
_NUMBER = value_type('number')
_BOOLS = {'true': True, 'True': True, 'false': False, 'False': False}
_PLAIN = re.compile(r"[^\s\[\]{};'%,]+\Z")


def parse_lines(text: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, TextValue]:
    """Return the values of lines ``key = value``; comments and lines without ``=`` are passed over.

    Example:
        >>> parse_lines("SI.a = [1 2; 3 4]\\nSI.b = 'text'\\nSI.c = true")
        {'SI.a': [[1, 2], [3, 4]], 'SI.b': 'text', 'SI.c': True}
    """
    values: dict[str, TextValue] = {}
    for line in text.splitlines():
        key, found, value = line.partition('=')
        key = key.strip()
        if found and key and not key.startswith('%') and not _BAD_KEY.search(key):
            values[key] = parse_value(value.strip(), limits)
    return values


def parse_value(text: str, limits: Limits = DEFAULT_LIMITS) -> TextValue:
    """Return the value of one MATLAB literal; what is no literal stays text.

    Raises:
        LimitError: Brackets nest deeper than ``limits.depth``.

    Example:
        >>> parse_value('[1 2.5 NaN]')[:2], parse_value("{'a' 1}"), parse_value('@sin')
        ([1, 2.5], ['a', 1], '@sin')
    """
    if not text:
        return ''
    top = _Frame()
    stack = [top]
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match[0]
        if kind == 'open':
            if len(stack) > limits.depth:
                raise LimitError(f'brackets nest deeper than {limits.depth}', 'matlab')
            stack.append(_Frame())
        elif kind == 'close':
            if len(stack) == 1:
                break
            done = stack.pop().value()
            stack[-1].row.append(done)
        elif kind == 'row':
            if len(stack) > 1:
                stack[-1].end_row()
        elif kind != 'space':
            stack[-1].row.append(_leaf(str(kind), token, limits))
    while len(stack) > 1:
        done = stack.pop().value()
        stack[-1].row.append(done)
    return top.row[0] if len(top.row) == 1 else top.row or text


class _Frame:
    """One open bracket: the rows so far and the row at work."""

    __slots__ = ('row', 'rows')

    def __init__(self) -> None:
        self.rows: list[list[TextValue]] = []
        self.row: list[TextValue] = []

    def end_row(self) -> None:
        if self.row:
            self.rows.append(self.row)
            self.row = []

    def value(self) -> TextValue:
        """Return the array; one row is flat, and one text or list needs no brackets."""
        if not self.rows:
            row = self.row
            return row[0] if len(row) == 1 and isinstance(row[0], str | list) else row
        self.end_row()
        rows = [
            row[0] if len(row) == 1 and isinstance(row[0], str | list) else row for row in self.rows
        ]
        return rows[0] if len(rows) == 1 else rows


def _leaf(kind: str, token: str, limits: Limits) -> TextValue:
    if kind == 'string':
        inner = token[1:-1] if len(token) > 1 and token.endswith("'") else token[1:]
        return inner.replace("''", "'")
    if kind == 'call':
        name, _, sizes = token.partition('(')
        shape = [int(size) for size in sizes.rstrip(')').split(',')]
        total = 1
        for size in shape:
            total *= size
        if total > limits.items or max(shape) > limits.items:
            raise LimitError(f'{token} has more than {limits.items} items', 'matlab')
        if len(shape) > limits.depth:
            raise LimitError(f'{token[:80]} has more than {limits.depth} dimensions', 'matlab')
        return _filled(shape, 1.0 if name == 'ones' else 0.0)
    if kind == 'word':
        if token in _BOOLS:
            return _BOOLS[token]
        number = _NUMBER.parse(token)
        return token if number is NOT_A_VALUE else number
    return token


def _filled(shape: Sequence[int], value: float) -> list[TextValue]:
    if len(shape) == 1:
        return [value] * shape[0]
    return [_filled(shape[1:], value) for _ in range(shape[0])]


def dump_lines(values: Mapping[str, TextValue]) -> str:
    """Return lines ``key = value``.

    Raises:
        BuildError: A key or value has no such text.
    """
    lines = []
    for key, value in values.items():
        if not key or key != key.strip() or _BAD_KEY.search(key) or '=' in key or key[0] == '%':
            raise BuildError('no MATLAB name', str(key))
        lines.append(f'{key} = {dump_value(value, key)}')
    return '\n'.join([*lines, ''])


def dump_value(value: TextValue, path: str = '') -> str:
    """Return the literal of a value.

    Example:
        >>> dump_value([[1, 2], [3, 4]]), dump_value('it'), dump_value(True)
        ('[1 2;3 4]', "'it'", 'true')
    """
    if hasattr(value, 'tolist'):
        value = value.tolist()
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, int | float):
        return {'nan': 'NaN', 'inf': 'Inf', '-inf': '-Inf'}.get(repr(value), repr(value))
    if isinstance(value, str):
        if '\n' in value or '\r' in value:
            raise BuildError('a line cannot hold a newline', path)
        escaped = value.replace("'", "''")
        # Functions, objects and empty values are written as they were read.
        bare = value[:1] in ('@', '<') and parse_value(value) == value
        return value if bare or not value else f"'{escaped}'"
    if isinstance(value, list | tuple):
        return _dump_list(list(value), path)
    raise BuildError(f'{type(value).__name__} has no MATLAB text', path)


def _dump_list(items: list[TextValue], path: str) -> str:
    if all(isinstance(item, int | float) for item in items):
        return f'[{" ".join(dump_value(item, path) for item in items)}]'
    rows = all(isinstance(item, list | tuple) and len(item) == len(items[0]) for item in items)  # type: ignore[arg-type]
    if rows and len(items) > 1 and all(len(item) > 0 for item in items):  # type: ignore[arg-type]
        inner = [dump_value(item, path) for item in items]
        if all(text.startswith('[') and text.count('[') == 1 for text in inner):
            return f'[{";".join(text[1:-1] for text in inner)}]'
    return f'{{{" ".join(dump_value(item, path) for item in items)}}}'
