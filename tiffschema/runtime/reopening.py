"""Reading from files that were closed meanwhile: they are opened for the time of one call."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

__all__ = ['reopening']

P = ParamSpec('P')
R = TypeVar('R')
S = TypeVar('S')


def reopening(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Return a method of a page or series that opens its file if that was closed, with a warning.

    Parameters:
        method: Of an object whose `parent` is its file.
    """

    @wraps(method)
    def read(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        parent: Any = self.parent  # type: ignore[attr-defined]
        if not parent.source.closed:
            return method(self, *args, **kwargs)
        with parent.reopened(repr(self)):
            return method(self, *args, **kwargs)

    return read
