"""Structs of fixed layout as NumPy types, and tables of them with shown columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from ..plan import Map, Plan
from ..support import divided

__all__ = ['TableType', 'numpy_type']

_LETTERS = {'B': 'u1', 'H': 'u2', 'I': 'u4', 'Q': 'u8', 'b': 'i1', 'h': 'i2', 'i': 'i4', 'q': 'i8'}
_LETTERS.update({'e': 'f2', 'f': 'f4', 'd': 'f8'})


def numpy_type(plan: Plan, order: str) -> numpy.dtype[Any] | None:
    """Return the structured type of a struct, or None where its layout is not fixed."""
    run = plan.single_run()
    if run is None or plan.size is None:
        return None
    if plan.endian:
        order = {'little': '<', 'big': '>'}[plan.endian]
    given = order
    names, formats, offsets, offset = [], [], [], 0
    for item in run.items:
        order = {'little': '<', 'big': '>'}.get(item.field.endian, given)
        if item.kind != 'pad' and not (item.name.startswith('_') and not item.field.const):
            kind: Any
            match item.kind:
                case 'number':
                    kind = order + _LETTERS[item.letters]
                case 'ratio':
                    kind = (order + _LETTERS[item.letters[0]], (2,))
                case 'array':
                    kind = (order + item.numpy, item.shape)
                case 'text':
                    kind = f'S{item.size}'
                case _:
                    kind = f'V{item.size}'
            names.append(item.name)
            formats.append(kind)
            offsets.append(offset)
        offset += item.size
    return numpy.dtype(
        {'names': names, 'formats': formats, 'offsets': offsets, 'itemsize': run.size}
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
    return words.astype(kind)


class TableType:
    """A structured type with the columns that are shown differently than stored.

    Parameters:
        plan: Struct of one row.
        order: Byte order.
    """

    def __init__(self, plan: Plan, order: str) -> None:
        dtype = numpy_type(plan, order)
        assert dtype is not None
        self.dtype = dtype
        self.size = dtype.itemsize
        self.columns: dict[str, tuple[str, Any]] = {}
        for op in plan.ops:
            if isinstance(op, Map) and (op.function in ('float', 'scale') or op.argument == 'stk_day_ms'):
                self.columns[op.name] = (op.function, op.argument)

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

    def write(self, rows: Any) -> bytes:
        """Return the bytes of rows, given as a structured array, records or mappings.

        Raises:
            ValueError: Rows do not have the columns.
        """
        names = self.dtype.names or ()
        if isinstance(rows, numpy.ndarray) and rows.dtype.names:
            if rows.dtype == self.dtype and not self.columns:
                return rows.tobytes()
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
