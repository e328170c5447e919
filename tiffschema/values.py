"""Immutable classes with named fields, cheap to define.

`dataclasses` writes, compiles and runs code for every class, which takes longer than a small file
takes to read; classes that each read needs are made from ready functions instead. Type checkers see
them as data classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Literal, TypeVar, dataclass_transform, overload

__all__ = ['derived', 'fields', 'replace', 'value']

T = TypeVar('T')
Getter = Callable[[Any], tuple[Any, ...]]

_DERIVED: Any = object()
_NO_DEFAULT: Any = object()


def derived(*, init: Literal[False] = False) -> Any:
    """Mark a field that ``__post_init__`` sets; it is not compared, shown or given."""
    return _DERIVED


@overload
def value(declared: type[T], /) -> type[T]: ...
@overload
def value(*, kw_only: bool) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(derived,))
def value(declared: type[T] | None = None, /, *, kw_only: bool = False) -> Any:
    """Return a class whose annotations are its fields: slotted, immutable, compared by value.

    Parameters:
        declared: The class; None to name options first.
        kw_only: Fields are given by name only.

    Defaults stand after the fields. A method ``__post_init__`` may set derived fields by
    `object.__setattr__`.

    Example:
        >>> @value
        ... class Point:
        ...     x: int
        ...     y: int = 0
        >>> Point(1), Point(1) == Point(1, 0), replace(Point(1), y=2)
        (Point(x=1, y=0), True, Point(x=1, y=2))
    """
    if declared is None:
        return lambda kind: _made(kind, kw_only)
    return _made(declared, kw_only)


def _made(declared: type[T], kw_only: bool) -> type[T]:
    space = dict(vars(declared))
    fields = tuple(declared.__annotations__)
    given = {name: space.pop(name) for name in fields if name in space}
    names = tuple(name for name in fields if given.get(name) is not _DERIVED)
    for name in ('__dict__', '__weakref__'):
        space.pop(name, None)
    getter = _getter(names)
    space |= {
        '__slots__': fields,
        '__match_args__': names,
        '__setattr__': _refuse,
        '__delattr__': _refuse,
        '__repr__': _shown,
        '__reduce__': lambda self: (_restored, (type(self), getter(self))),
        '__replace__': replace,
        '__signature__': _Signature(),
    }
    if '__eq__' not in space:
        space |= _compared(getter)
    defaults = {name: given[name] for name in names if name in given}
    space['_defaults'] = defaults
    space['_kw_only'] = kw_only
    made: Any = type(declared.__name__, declared.__bases__, space)
    made.__init__ = _initializer(made, names)
    result: type[T] = made
    return result


def fields(kind: Any) -> dict[str, Any]:
    """Return the fields of a class that are given, each with its default or what equals nothing."""
    defaults: Mapping[str, Any] = kind._defaults
    return {name: defaults.get(name, _NO_DEFAULT) for name in kind.__match_args__}


def replace(old: T, /, **changes: Any) -> T:
    """Return an equal value but for some fields.

    Raises:
        TypeError: There is no such field.
    """
    names: tuple[str, ...] = type(old).__match_args__  # type: ignore[attr-defined]
    return type(old)(**{**{name: getattr(old, name) for name in names}, **changes})


class _Signature:
    """Tells people who ask what a class is called with."""

    def __get__(self, instance: object, kind: Any) -> Any:
        from inspect import Parameter, Signature

        return Signature(
            [
                Parameter(
                    name,
                    Parameter.KEYWORD_ONLY if kind._kw_only else Parameter.POSITIONAL_OR_KEYWORD,
                    default=Parameter.empty if default is _NO_DEFAULT else default,
                )
                for name, default in fields(kind).items()
            ]
        )


def _restored(kind: Any, items: tuple[Any, ...]) -> Any:
    """Return an unpickled value."""
    return kind(**dict(zip(kind.__match_args__, items, strict=True)))


def _getter(names: tuple[str, ...]) -> Getter:
    """Return what gives the fields of a value as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _compared(getter: Getter) -> dict[str, Callable[..., Any]]:
    def __eq__(self: object, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return getter(self) == getter(other)

    return {'__eq__': __eq__, '__hash__': lambda self: hash(getter(self))}


def _initializer(made: Any, names: tuple[str, ...]) -> Callable[..., None]:
    put = tuple(getattr(made, name).__set__ for name in names)
    count = len(names)
    after: Callable[[Any], None] | None = getattr(made, '__post_init__', None)

    def __init__(self: Any, *args: Any, **given: Any) -> None:
        if given or len(args) != count or made._kw_only:
            args = _complete(made, args, given)
        for setter, item in zip(put, args, strict=True):
            setter(self, item)
        if after is not None:
            after(self)

    return __init__


def _complete(kind: Any, args: tuple[Any, ...], given: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of all fields, in their order.

    Raises:
        TypeError: One is missing, unknown, or given twice.
    """
    names: tuple[str, ...] = kind.__match_args__
    later = names[len(args) :]
    known = {**kind._defaults, **given}
    if len(args) > (0 if kind._kw_only else len(names)) or not given.keys() <= set(later):
        wrong = ', '.join(sorted(given.keys() - set(later))) or f'{len(args)} values'
        message = f'{kind.__name__} has the fields {", ".join(names)}; not to be given: {wrong}'
        raise TypeError(message)
    missing = [name for name in later if name not in known]
    if missing:
        raise TypeError(f'{kind.__name__} needs {", ".join(missing)}')
    return (*args, *(known[name] for name in later))


def _refuse(self: object, name: str, *_: object) -> None:
    raise AttributeError(f'{name!r}: a {type(self).__name__} cannot be changed; see replace()')


def _shown(self: Any) -> str:
    inner = ', '.join(f'{name}={getattr(self, name)!r}' for name in type(self).__match_args__)
    return f'{type(self).__qualname__}({inner})'
