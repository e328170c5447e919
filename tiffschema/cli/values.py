"""Values of tags and fields as short text and as JSON.

Knows Python and NumPy values, no files.
"""

from __future__ import annotations

import datetime
import json
import math
import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

__all__ = ['brief', 'dumps', 'plain']

_ITEMS = 256


def brief(value: Any, width: int = 60) -> str:
    """Return a value as one line.

    Example:
        >>> brief((1, 2)), brief('a' * 9, 5), brief(b'\\x01\\xff')
        ('1, 2', 'aaaa…', '01ff')
    """
    text = _words(value, width)
    text = ' '.join(text.split())
    return text if len(text) <= width else text[: width - 1] + '…'


def _words(value: Any, width: int) -> str:
    if isinstance(value, Enum):
        return f'{value.name} ({value.value})' if value.name else str(value.value)
    if isinstance(value, str):
        return value[: 4 * width]
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value[:width]).hex()
    if isinstance(value, np.ndarray):
        if value.size > 12 or value.dtype.names:
            return f'{"table" if value.dtype.names else value.dtype.name}{list(value.shape)}'
        value = tuple(value.tolist())
    if isinstance(value, float):
        return f'{value:.9g}'
    if isinstance(value, tuple | list):
        return ', '.join(_words(item, width) for item in value[:width])
    if isinstance(value, Mapping):
        items = list(value.items())[:width]
        return ', '.join(f'{_words(key, width)}={_words(item, width)}' for key, item in items)
    return str(value)


def plain(value: Any, limit: int = _ITEMS) -> Any:
    """Return a value as JSON knows it; long sequences are cut, with a note of their size.

    Example:
        >>> plain({'a': np.float32(1.5), 'b': float('nan'), 'c': b'ab'})
        {'a': 1.5, 'b': 'nan', 'c': '6162'}
    """
    if isinstance(value, Enum):
        return value.name or plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, np.generic):
        return plain(value.item(), limit)
    if isinstance(value, np.ndarray):
        if value.size > limit:
            return {'dtype': str(value.dtype), 'shape': list(value.shape)}
        return plain(value.tolist(), limit)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex() if len(value) <= limit else {'bytes': len(value)}
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(key): plain(item, limit) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [plain(item, limit) for item in list(value)[:limit]]
        return items if len(value) <= limit else [*items, f'… {len(value) - limit} more']
    return str(value)


def _key(key: Any) -> str:
    return key.name if isinstance(key, Enum) else str(key)


def dumps(value: Any) -> str:
    """Return JSON that every reader of JSON takes, and that standard output can encode."""
    known = plain(value)
    text = json.dumps(known, ensure_ascii=False, allow_nan=False, indent=1)
    try:
        text.encode(sys.stdout.encoding or 'utf-8')
    except UnicodeEncodeError:
        return json.dumps(known, allow_nan=False, indent=1)
    return text
