"""Rows about generated parsers and builders, against construct, struct and numpy."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from .runner import Row, Task

ARRAY = 'DimensionsReserved'
"""The one field of the LSM block that is an array."""


TIMES = 4
"""Calls per time taken of tables, which take `construct` a while."""


def repeated(times: int, call: Callable[[], Any]) -> Task:
    """Return a task that calls often enough to be timed, and returns the last result."""

    def task() -> Any:
        for _ in range(times - 1):
            call()
        return call()

    return task


def lsm_row(name: str, folder: Path) -> Row:
    """Parse or build the information block of an LSM file."""
    from tiffschema import schemas

    schema = schemas['vendor/zeiss_lsm']
    target = schema.struct('cz_lsminfo')
    data = bytearray(numpy.random.default_rng(1).integers(0, 200, 2048, dtype='uint8').tobytes())
    size = lsm_size(target, data)
    data = bytes(data[:size])
    record = target.parse(data, byteorder='<')
    times = 2000
    if name == 'build_lsm':
        return Row(
            name,
            {
                'tiffschema': repeated(times, lambda: target.build(record, byteorder='<').data),
                'construct': repeated(times, construct_builder(schema, data)),
                'struct': repeated(times, plain_builder(target, record, data)),
            },
        )
    lazy = name == 'parse_lsm_lazy'
    return Row(
        name,
        {
            'tiffschema': repeated(times, lambda: target.parse(data, byteorder='<', lazy=lazy)),
            'construct': repeated(times, construct_parser(schema, data)),
            'struct': repeated(times, plain_parser(target, record, data)),
        },
        same=same_values,
    )


def same_values(ours: Any, theirs: Any) -> bool:
    """Whether two records of an LSM block agree in the numbers that both have."""
    get = theirs.get if hasattr(theirs, 'get') else lambda name: getattr(theirs, name)
    return all(
        getattr(ours, name) == get(name)
        for name in ours
        if isinstance(getattr(ours, name), int | float)
    )


def lsm_size(target: Any, data: bytearray) -> int:
    """Make a block whole: its magic, its size, and no sub-blocks."""
    fields = {extent.path: extent for extent in trace_of_zeros(target)}
    size = max(extent.stop for extent in fields.values())
    for path, extent in fields.items():
        if 'Offset' in path:
            data[extent.start : extent.stop] = bytes(extent.stop - extent.start)
    struct.pack_into('<Ii', data, 0, 0x0400494C, size)
    return size


def trace_of_zeros(target: Any) -> list[Any]:
    """Trace a block of zeros that is long enough."""
    blank = bytearray(2048)
    struct.pack_into('<Ii', blank, 0, 0x0400494C, 2048)
    return list(target.trace(bytes(blank), byteorder='<'))


def plain_struct(target: Any, record: Any, data: bytes) -> tuple[struct.Struct, list[str]]:
    """Return one `struct.Struct` for all fields of the block, and the names of the fields."""
    codes = {1: 'B', 2: 'H', 4: 'I', 8: 'd'}
    letters = '<'
    names = []
    position = 0
    for extent in target.trace(data, byteorder='<'):
        if extent.start != position:
            letters += f'{extent.start - position}x'
        width = extent.stop - extent.start
        position = extent.stop
        if extent.path in target.record._fields:
            letter = codes.get(width, f'{width}s')
            letters += letter.lower() if is_negative(getattr(record, extent.path)) else letter
            names.append(extent.path)
        else:
            letters += f'{width}x'
    return struct.Struct(letters), names


def is_negative(value: Any) -> bool:
    """Whether a number shows that its field is signed."""
    return isinstance(value, int) and value < 0


def plain_parser(target: Any, record: Any, data: bytes) -> Callable[[], Any]:
    """Return `struct` into the same slotted record, written by hand as a person would.

    The record has the fields of ours, so its array is one too, and blocks that are not there are
    None; nothing is checked.
    """
    plain, names = plain_struct(target, record, data)
    kind = numpy.dtype('<u4')
    space: dict[str, Any] = {
        'unpack': plain.unpack_from, 'array': lambda raw: numpy.frombuffer(raw, kind),
    }  # fmt: skip
    fields = target.record._fields
    assigned = ', '.join(f'r.{name}' for name in names)
    absent = ' = '.join(f'r.{name}' for name in fields if name not in names)
    exec(
        f'class Record:\n    __slots__ = {fields!r}\n'
        f'def parse(data):\n    r = Record()\n    {assigned} = unpack(data)\n'
        f'    r.{ARRAY} = array(r.{ARRAY})\n    {absent} = None\n    return r\n',
        space,
    )
    return lambda: space['parse'](data)


def plain_builder(target: Any, record: Any, data: bytes) -> Callable[[], Any]:
    """Return `struct` from the attributes of the same record; nothing is checked or derived."""
    plain, names = plain_struct(target, record, data)
    given = ', '.join(f'r.{name}' + '.tobytes()' * (name == ARRAY) for name in names)
    space: dict[str, Any] = {'pack': plain.pack}
    exec(f'def build(r):\n    return pack({given})\n', space)
    return lambda: space['build'](record)


def construct_parser(schema: Any, data: bytes) -> Callable[[], Any]:
    """Return construct's parser of the same declaration."""
    con = schema.to_construct('cz_lsminfo', byteorder='<')
    return lambda: con.parse(data)


def construct_builder(schema: Any, data: bytes) -> Callable[[], Any]:
    """Return construct's builder of the same declaration."""
    con = schema.to_construct('cz_lsminfo', byteorder='<')
    value = con.parse(data)
    return lambda: con.build(value)


def columns(table: Any) -> list[Any]:
    """Return the columns of a table, each in memory of its own, as who reads a table needs them."""
    return [numpy.ascontiguousarray(table[name]) for name in table.dtype.names]


def same_columns(ours: list[Any], theirs: list[Any]) -> bool:
    """Whether columns agree; `construct` has rows."""
    if isinstance(theirs, dict):
        theirs = theirs.get('rows') or theirs['entries']
        rows = [tuple(value for key, value in row.items() if key != '_io') for row in theirs]
        theirs = list(zip(*rows, strict=True))
    return all(
        numpy.array_equal(a if a.dtype.kind != 'V' else a.view('<u4'), number(b))
        for a, b in zip(ours, theirs, strict=True)
    )


def number(column: Any) -> Any:
    """Return a column of numbers, given raw bytes of four too."""
    raw = isinstance(column[0], bytes)
    return numpy.frombuffer(b''.join(column), '<u4') if raw else numpy.array(column)


def parse_row(
    name: str, body: bytes, dtype: Any, start: int, count: int, ours: Task, con: Any
) -> Row:
    """Parse a table to its columns.

    The bound is `numpy.frombuffer` of the rows and the same copies of columns: `frombuffer` alone
    touches no record. `struct` gives columns as tuples, `construct` rows as containers.
    """
    rows = slice(start, start + count * dtype.itemsize)
    one = struct.Struct(
        '<' + ''.join({1: 'B', 2: 'H', 4: 'I'}[dtype[n].itemsize] for n in dtype.names)
    )
    return Row(
        name,
        {
            'tiffschema': repeated(TIMES, ours),
            'construct': repeated(TIMES, lambda: con.parse(body)),
            'struct': repeated(TIMES, lambda: list(zip(*one.iter_unpack(body[rows]), strict=True))),
            'bound': repeated(TIMES, lambda: columns(numpy.frombuffer(body, dtype, count, start))),
        },
        same=same_columns,
        rounds=11,
    )  # fmt: skip


def table_row(name: str, folder: Path) -> Row:
    """Parse or build tables of 10,000 records.

    The bound of building is one packed head and one `tobytes`, as one block of bytes.
    """
    from tiffschema import schemas

    rows = numpy.random.default_rng(2).integers(0, 1000, (10_000, 5), dtype='<u4')
    head = struct.Struct('<II')
    body = head.pack(3453623, len(rows)) + rows.tobytes()
    schema = schemas['vendor/micromanager']
    target = schema.struct('index_map')
    con = schema.to_construct('index_map', byteorder='<')
    if name == 'parse_index_map':
        kind = numpy.dtype([(f'f{i}', '<u4') for i in range(5)])
        ours = lambda: columns(target.parse(body, byteorder='<').rows)  # noqa: E731
        return parse_row(name, body, kind, 8, len(rows), ours, con)
    one = struct.Struct('<5I')
    record = target.parse(body, byteorder='<')
    value = con.parse(body)
    listed = rows.tolist()
    first = 3453623, len(rows)
    return Row(
        name,
        {
            'tiffschema': repeated(TIMES, lambda: target.build(record, byteorder='<').data),
            'construct': repeated(TIMES, lambda: con.build(value)),
            'struct': repeated(
                TIMES, lambda: head.pack(*first) + b''.join([one.pack(*row) for row in listed])
            ),
            'bound': repeated(TIMES, lambda: head.pack(*first) + rows.tobytes()),
        },
        rounds=11,
    )


def parse_ifd(name: str, folder: Path) -> Row:
    """Parse a directory of 4,096 entries."""
    from tiffschema import schemas

    entries = numpy.zeros(4096, numpy.dtype('<u2, <u2, <u4, <u4'))
    entries['f0'] = numpy.arange(4096)
    entries['f1'] = 3
    entries['f2'] = 1
    body = struct.pack('<H', 4096) + entries.tobytes() + bytes(4)
    schema = schemas['tiff/ifd']
    target = schema.struct('ifd', variant='classic')
    con = schema.to_construct('ifd', byteorder='<', variant='classic')
    ours = lambda: columns(target.parse(body, byteorder='<').entries)  # noqa: E731
    return parse_row(name, body, entries.dtype, 2, 4096, ours, con)


ROWS: dict[str, Callable[[str, Path], Row]] = {
    'parse_ifd': parse_ifd,
    'parse_index_map': table_row,
    'build_index_map': table_row,
    'parse_lsm': lsm_row,
    'parse_lsm_lazy': lsm_row,
    'build_lsm': lsm_row,
}
