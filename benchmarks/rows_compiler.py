"""Rows about generated parsers and builders, against construct, struct and numpy."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from .runner import Row, Task


def repeated(times: int, call: Callable[[], Any]) -> Task:
    """Return a task that calls often enough to be timed."""

    def task() -> int:
        for _ in range(times):
            call()
        return 0

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
        plain, values = plain_struct(target, data)
        return Row(
            name,
            {
                'tiffschema': repeated(times, lambda: target.build(record, byteorder='<')),
                'construct': repeated(times, construct_builder(schema, data)),
                'struct': repeated(times, lambda: plain.pack(*values)),
            },
        )
    lazy = name == 'parse_lsm_lazy'
    return Row(
        name,
        {
            'tiffschema': repeated(times, lambda: target.parse(data, byteorder='<', lazy=lazy)),
            'construct': repeated(times, construct_parser(schema, data)),
            'struct': repeated(times, plain_parser(target, data)),
        },
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


def plain_struct(target: Any, data: bytes) -> tuple[struct.Struct, tuple[Any, ...]]:
    """Return one `struct.Struct` for all numbers of the block."""
    codes = {1: 'B', 2: 'H', 4: 'I', 8: 'd'}
    letters = '<'
    position = 0
    for extent in target.trace(data, byteorder='<'):
        if extent.start != position:
            letters += f'{extent.start - position}x'
        width = extent.stop - extent.start
        letters += codes.get(width, f'{width}s')
        position = extent.stop
    plain = struct.Struct(letters)
    return plain, plain.unpack_from(data)


def plain_parser(target: Any, data: bytes) -> Callable[[], Any]:
    """Return `struct` into a slotted class, written by hand as a person would."""
    plain, values = plain_struct(target, data)
    names = [f'f{i}' for i in range(len(values))]
    space: dict[str, Any] = {'unpack': plain.unpack_from}
    assigned = ', '.join(f'r.{name}' for name in names)
    exec(
        f'class Record:\n    __slots__ = {tuple(names)!r}\n'
        f'def parse(data):\n    r = Record()\n    {assigned} = unpack(data)\n    return r\n',
        space,
    )
    return lambda: space['parse'](data)


def construct_parser(schema: Any, data: bytes) -> Callable[[], Any]:
    """Return construct's parser of the same declaration."""
    con = schema.to_construct('cz_lsminfo', byteorder='<')
    return lambda: con.parse(data)


def construct_builder(schema: Any, data: bytes) -> Callable[[], Any]:
    """Return construct's builder of the same declaration."""
    con = schema.to_construct('cz_lsminfo', byteorder='<')
    value = con.parse(data)
    return lambda: con.build(value)


def table_row(name: str, folder: Path) -> Row:
    """Parse or build tables of 10,000 records."""
    from tiffschema import schemas

    rows = numpy.random.default_rng(2).integers(0, 1000, (10_000, 5), dtype='<u4')
    body = struct.pack('<II', 3453623, len(rows)) + rows.tobytes()
    target = schemas['vendor/micromanager'].struct('index_map')
    one = struct.Struct('<5I')

    def ours_parse() -> Any:
        return target.parse(body, byteorder='<').rows

    def struct_parse() -> Any:
        return list(one.iter_unpack(body[8:]))

    def same(a: Any, b: Any) -> bool:
        return len(a) == len(b)

    if name == 'parse_index_map':
        return Row(
            name,
            {
                'tiffschema': ours_parse,
                'struct': struct_parse,
                'bound': lambda: numpy.frombuffer(body, '<u4', offset=8).reshape(-1, 5),
            },
            same=same,
            rounds=31,
        )
    record = target.parse(body, byteorder='<')
    listed = rows.tolist()
    return Row(
        name,
        {
            'tiffschema': lambda: len(target.build(record, byteorder='<').data),
            'struct': lambda: 8 + len(b''.join(one.pack(*row) for row in listed)),
            'bound': lambda: rows.tobytes(),
        },
        rounds=31,
    )


def parse_ifd(name: str, folder: Path) -> Row:
    """Parse a directory of 4,096 entries."""
    from tiffschema import schemas

    entries = numpy.zeros(4096, numpy.dtype('<u2, <u2, <u4, <u4'))
    entries['f0'] = numpy.arange(4096)
    entries['f1'] = 3
    entries['f2'] = 1
    body = struct.pack('<H', 4096) + entries.tobytes() + bytes(4)
    target = schemas['tiff/ifd'].struct('ifd', variant='classic')
    one = struct.Struct('<HHII')
    return Row(
        name,
        {
            'tiffschema': lambda: target.parse(body, byteorder='<').entries,
            'struct': lambda: list(one.iter_unpack(body[2:-4])),
            'bound': lambda: numpy.frombuffer(body, entries.dtype, 4096, 2),
        },
        same=lambda a, b: len(a) == len(b),
        rounds=31,
    )


ROWS: dict[str, Callable[[str, Path], Row]] = {
    'parse_ifd': parse_ifd,
    'parse_index_map': table_row,
    'build_index_map': table_row,
    'parse_lsm': lsm_row,
    'parse_lsm_lazy': lsm_row,
    'build_lsm': lsm_row,
}
