"""Where compiled codecs come from: imagecodecs, imported on first use, and what it lacks.

This module knows imagecodecs and the standard library; it knows nothing of TIFF. It is the one
place that imports imagecodecs, so that the library works without it, and so that tests can take
it away.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

from tiffschema.errors import UnsupportedError

__all__ = [
    'find',
    'function',
    'has',
    'has_module',
    'imagecodecs',
    'on_change',
    'without_imagecodecs',
]

_hidden = False
_module: Any = None
_searched = False
_found: dict[str, Callable[..., Any] | None] = {}
_listeners: list[Callable[[], None]] = []


def imagecodecs() -> Any:
    """Return the module imagecodecs, or None where it is not installed."""
    global _module, _searched
    if _hidden:
        return None
    if not _searched:
        # An installation that is there but broken must say so: only its absence is expected.
        if importlib.util.find_spec('imagecodecs') is not None:
            _module = importlib.import_module('imagecodecs')
        _searched = True
    return _module


def has(codec: str) -> bool:
    """Return whether imagecodecs was built with a codec, such as ``'deflate'``.

    Example:
        >>> has('no such codec')
        False
    """
    module = imagecodecs()
    if module is None:
        return False
    constants = getattr(module, codec.upper(), None)
    return constants is not None and bool(getattr(constants, 'available', False))


def has_module(name: str) -> bool:
    """Return whether Python has a module, such as ``'compression.zstd'`` since 3.14."""
    package = name.partition('.')[0]
    return importlib.util.find_spec(package) is not None and (
        package == name or importlib.util.find_spec(name) is not None
    )


def find(name: str) -> Callable[..., Any] | None:
    """Return a function of imagecodecs, such as ``'delta_decode'``, or None; quick to ask."""
    try:
        return _found[name]
    except KeyError:
        codec = name.rpartition('_')[0]
        _found[name] = getattr(imagecodecs(), name) if has(codec) else None
        return _found[name]


def function(name: str) -> Callable[..., Any]:
    """Return a function of imagecodecs by name.

    Raises:
        UnsupportedError: imagecodecs is absent or was built without it.
    """
    result = find(name)
    if result is None:
        codec = name.rpartition('_')[0]
        raise UnsupportedError(
            f'imagecodecs.{name} is needed: install imagecodecs built with {codec}'
        )
    return result


def on_change(listener: Callable[[], None]) -> None:
    """Have a function called when imagecodecs is hidden or shown, to forget what it resolved."""
    _listeners.append(listener)


@contextlib.contextmanager
def without_imagecodecs() -> Iterator[None]:
    """Run a block as if imagecodecs were not installed: decoders made inside use fall-backs.

    Example:
        >>> with without_imagecodecs():
        ...     has('deflate')
        False
    """
    global _hidden
    before, _hidden = _hidden, True
    _changed()
    try:
        yield
    finally:
        _hidden = before
        _changed()


def _changed() -> None:
    _found.clear()
    for listener in _listeners:
        listener()
