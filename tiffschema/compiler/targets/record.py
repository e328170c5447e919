"""Records: slotted classes, one per struct, whatever the byte order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from ..running import StructShape

__all__ = ['LazyRecord', 'Record', 'record_class']


class Record:
    """Values of one struct; attributes and items are its fields."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()
    _path: str = ''

    def __getitem__(self, name: str) -> Any:
        """Return a field, hidden ones included."""
        try:
            return getattr(self, name)
        except (AttributeError, TypeError):
            raise KeyError(name) from None

    def __contains__(self, name: object) -> bool:
        """Whether there is such a field."""
        return name in self._fields

    def __iter__(self) -> Iterator[str]:
        """Iterate over names of fields."""
        return iter(self._fields)

    def keys(self) -> tuple[str, ...]:
        """Return names of fields, as mappings do."""
        return self._fields

    def asdict(self) -> dict[str, Any]:
        """Return plain values: records become dicts, arrays stay.

        Example:
            >>> from tiffschema import schemas
            >>> link = schemas['tiff/ifd'].struct('link', variant='classic')
            >>> link.parse(bytes([8, 0, 0, 0]), byteorder='<').asdict()
            {'value': 8}
        """
        return {name: plain(getattr(self, name)) for name in self._fields}

    def __eq__(self, other: object) -> bool:
        """Compare all fields by value."""
        if not isinstance(other, Record) or other._path != self._path:
            return NotImplemented
        return all(same(getattr(self, n), getattr(other, n)) for n in self._fields)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return the fields that are present."""
        inner = ', '.join(
            f'{name}={short(getattr(self, name))}'
            for name in self._fields
            if getattr(self, name) is not None
        )
        return f'{self._path.rpartition(".")[2]}({inner})'

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self._path, {n: getattr(self, n) for n in all_slots(type(self))})


class LazyRecord(Record):
    """A record that decodes its fields on access.

    Numbers of the leading fixed part come straight from the buffer; all else is parsed once, on the
    first touch.
    """

    __slots__ = ('_held', '_size', '_whole')

    def _all(self) -> Any:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name in self._fields or name == '_dropped':
            return getattr(self._all(), name)
        raise AttributeError(name)

    def __reduce__(self) -> tuple[Any, ...]:
        reduced: tuple[Any, ...] = self._all().__reduce__()
        return reduced


def record_class(shape: StructShape, module: str) -> type[Record]:
    """Return the class of a struct's records."""
    slots = [*shape.fields, '_dropped'] if shape.can_drop else list(shape.fields)
    space = {
        '__slots__': tuple(slots),
        '__doc__': f'Record of {shape.path}.',
        '__module__': module,
        '_fields': shape.fields,
        '_path': shape.path,
    }
    return type(shape.name, (Record,), space)


def all_slots(kind: type[Record]) -> tuple[str, ...]:
    """Return names of everything that a record stores."""
    return tuple(kind.__slots__)


def plain(value: Any) -> Any:
    """Return a value without records."""
    if isinstance(value, Record):
        return value.asdict()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal; arrays by their items, nan equal to nan."""
    if isinstance(a, numpy.ndarray) or isinstance(b, numpy.ndarray):
        a, b = numpy.asarray(a), numpy.asarray(b)
        if a.shape != b.shape:
            return False
        if a.dtype.names:
            return a.dtype.names == b.dtype.names and all(
                same(a[name], b[name]) for name in a.dtype.names
            )
        return bool(
            numpy.array_equal(a, b, equal_nan=a.dtype.kind in 'fcmM' and b.dtype.kind in 'fcmM')
        )
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


def short(value: Any) -> str:
    """Return a bounded text of a value."""
    if isinstance(value, numpy.ndarray):
        return f'<{value.dtype} array {value.shape}>'
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + '...'


def _unpickled(path: str, values: dict[str, Any]) -> Record:
    from ..library import schemas

    id, _, name = path.rpartition('.')
    record = schemas[id].record(name)()
    for key, value in values.items():
        setattr(record, key, value)
    return record
