"""JSON from strangers, bounded in length and depth before a parser sees it; knows strings only."""

from __future__ import annotations

import json

from tiffschema.errors import FormatError, LimitError
from tiffschema.limits import DEFAULT_LIMITS, Limits

__all__ = ['parse_json']


def parse_json(text: str | bytes, *, limits: Limits = DEFAULT_LIMITS) -> object:
    """Return the value of a JSON text, refused where it nests too deep.

    Raises:
        FormatError: The text is no JSON.
        LimitError: The text is too long or nests deeper than ``limits.depth`` × 8.

    Example:
        >>> parse_json('{"a": [1, 2]}')
        {'a': [1, 2]}
    """
    if len(text) > limits.text:
        raise LimitError(f'{len(text)} characters, {limits.text} are allowed', 'json')
    if isinstance(text, bytes):
        text = text.decode('utf-8', 'replace')
    allowed = limits.depth * 8
    if _json_depth(text, allowed) > allowed:
        raise LimitError(f'values nest deeper than {allowed}', 'json')
    try:
        return json.loads(text, parse_int=_json_int)
    except json.JSONDecodeError as error:
        raise FormatError(error.msg, 'json', error.pos) from None


def _json_int(text: str) -> object:
    # Python refuses to convert integers of many thousand digits; a float is the nearest number.
    return int(text) if len(text) < 4000 else float(text)


def _json_depth(text: str, allowed: int) -> int:
    """Return a bound of the nesting; brackets within strings count only where they could matter."""
    if text.count('{') + text.count('[') <= allowed:
        return 0
    depth = deepest = 0
    inside = False
    skip = False
    for char in text:
        if skip:
            skip = False
        elif inside:
            inside = char != '"'
            skip = char == '\\'
        elif char == '"':
            inside = True
        elif char in '{[':
            depth += 1
            if depth > deepest:
                deepest = depth
                if deepest > allowed:
                    break
        elif char in '}]':
            depth -= 1
    return deepest
