"""References from schemas to Python, for what cannot be declared; knows names, imports late.

Rule: a schema is data. It may name functions of this library's format modules and of nothing else,
so that a schema from a stranger cannot make Python import or run what it likes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ['checked_reference', 'resolve_reference']

_REFERENCE = r'tiffschema\.formats(\.[a-z]\w*)+:[a-z]\w*\Z'


def checked_reference(value: object) -> str:
    """Return a reference ``tiffschema.formats.module:function`` if it has that form.

    Raises:
        ValueError: It has not.

    Example:
        >>> checked_reference('tiffschema.formats.lsm:series')
        'tiffschema.formats.lsm:series'
    """
    if isinstance(value, str) and re.match(_REFERENCE, value):
        return value
    raise ValueError(
        f'{value!r} is no reference of the form tiffschema.formats.module:function; '
        'a schema may name no other functions'
    )


def resolve_reference(reference: str) -> Callable[..., Any]:
    """Return the function that a checked reference names."""
    module, _, attribute = checked_reference(reference).partition(':')
    function: Callable[..., Any] = getattr(import_module(module), attribute)
    return function
