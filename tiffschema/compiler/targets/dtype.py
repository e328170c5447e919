"""Structs of fixed layout as NumPy types, and tables of them with shown columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy

from ...types import Buffer
from ..support import divided

if TYPE_CHECKING:
    from ..running import StructShape

__all__ = ['TableType', 'numpy_type']


def numpy_type(shape: StructShape, order: str) -> numpy.dtype[Any] | None:
    """Return the structured type of a struct, or None where its layout is not fixed."""
    if shape.row is None:
        return None
    columns, size = shape.row
    order = {'little': '<', 'big': '>'}.get(shape.endian, order)
    formats: list[Any] = []
    for _, kind, sub, _ in columns:
        code = kind if kind[0] in '<>SV' else order + kind
        formats.append((code, sub) if sub else code)
    return numpy.dtype(
        {
            'names': [column[0] for column in columns],
            'formats': formats,
            'offsets': [column[3] for column in columns],
            'itemsize': size,
        }
    )


_DAY_ONE = 1721424  # MetaMorph's day number of 0001-01-01, less one


def _stk_times(column: Any) -> Any:
    """Return day numbers and milliseconds as datetime64[ms]; no day is not-a-time."""
    days = column[..., 0].astype('i8') - _DAY_ONE
    epoch = days - 719_163  # days from 0001-01-01 to 1970-01-01, and one
    times = (epoch * 86_400_000 + column[..., 1].astype('i8')).astype('M8[ms]')
    times[days < 0] = numpy.datetime64('NaT', 'ms')
    return times


def _stk_words(times: Any, kind: Any) -> Any:
    """Return datetime64 as day numbers and milliseconds."""
    times = numpy.asarray(times, 'M8[ms]')
    lost = numpy.isnat(times)
    total = numpy.where(lost, 0, times.astype('i8'))
    days, rest = numpy.divmod(total, 86_400_000)
    words = numpy.stack([days + 719_163 + _DAY_ONE, rest], axis=-1)
    words[lost] = 0
    if words.size and words.max() > numpy.iinfo(kind).max:
        raise ValueError('a time is beyond the day numbers that can be stored')
    return words.astype(kind)


class TableType:
    """A structured type with the columns that are shown differently than stored.

    Parameters:
        shape: Struct of one row.
        order: Byte order.
    """

    def __init__(self, shape: StructShape, order: str) -> None:
        dtype = numpy_type(shape, order)
        assert dtype is not None
        self.dtype = dtype
        self.size = dtype.itemsize
        self.columns = shape.columns

    def read(self, buf: Any, count: int, pos: int) -> Any:
        """Return `count` rows from `pos` on."""
        raw = numpy.frombuffer(buf, self.dtype, count, pos)
        if not self.columns:
            return raw
        names = self.dtype.names or ()
        columns = {name: self._shown(name, raw[name]) for name in names}
        out = numpy.empty(
            count, [(name, columns[name].dtype, columns[name].shape[1:]) for name in names]
        )
        for name in names:
            out[name] = columns[name]
        return out

    def _shown(self, name: str, column: Any) -> Any:
        function, argument = self.columns.get(name, ('', None))
        if function == 'float':
            return divided(column)
        if function == 'scale':
            return column * argument
        if function == 'time':
            return _stk_times(column)
        return column

    def write(self, rows: Any) -> Buffer:
        """Return the bytes of rows, given as a structured array, records or mappings.

        Raises:
            ValueError: Rows do not have the columns.
        """
        names = self.dtype.names or ()
        if isinstance(rows, numpy.ndarray) and rows.dtype.names:
            if rows.dtype == self.dtype and not self.columns:
                return numpy.ascontiguousarray(rows).data  # copied once, by who takes it
            given: Callable[[str], Any] = rows.__getitem__
            missing = set(names) - set(rows.dtype.names)
            if missing:
                raise ValueError(f'columns are missing: {sorted(missing)}')
        else:
            rows = list(rows)
            if rows and not hasattr(rows[0], 'keys'):
                return numpy.array([tuple(row) for row in rows], self.dtype).tobytes()
            given = lambda name: [row[name] for row in rows]  # noqa: E731
        out = numpy.zeros(len(rows), self.dtype)
        for name in names:
            out[name] = self._stored(name, given(name))
        return out.tobytes()

    def _stored(self, name: str, column: Any) -> Any:
        function, argument = self.columns.get(name, ('', None))
        kind = self.dtype[name].base
        if function == 'float':
            from ..convert import to_ratio

            signed = kind.kind == 'i'
            pairs = [to_ratio(float(value), signed) for value in column]
            return numpy.array(pairs, kind).reshape(-1, 2)
        if function == 'scale':
            return numpy.rint(numpy.asarray(column) / argument).astype(kind)
        if function == 'time':
            return _stk_words(column, kind)
        return column
