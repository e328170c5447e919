"""Blocks of bytes of the worked examples, made with the `struct` module, canonically laid out."""

from __future__ import annotations

import json
import struct
from functools import cache
from pathlib import Path
from typing import Any

from tiffschema.compiler import library
from tiffschema.compiler.library import Schema

FOLDER = Path(__file__).parent / 'schemas'
EXAMPLES = ('ifd', 'zeiss_lsm', 'metamorph_stk', 'micromanager', 'olympus_sis', 'imagej')


@cache
def example(name: str) -> Schema:
    """Return a worked example of the language, compiled without registering it."""
    path = FOLDER / f'{name}.yaml'
    return library.schema_of(path.read_text(encoding='utf-8'), path.name)


def schema_of(text: str) -> Schema:
    """Return a schema given as text."""
    return library.schema_of(text, 'test.yaml')


def sis() -> bytes:
    """SIS: header at 0, two blocks, the first general."""
    head = b'SIS0' + bytes(6) + struct.pack('<5h', 30, 12, 24, 10, 126) + bytes(6)
    head += b'sample'.ljust(32, b'\0') + struct.pack('<H', 2)
    general_at = len(head) + 16
    head += struct.pack('<hhI', 1, 0, general_at) + struct.pack('<hhI', 7, 0, 0)
    general = bytes(10) + struct.pack('<hdd', -3, 1.5, 2.5) + bytes(8) + struct.pack('<d', 20.0)
    general += bytes(2) + b'cam'.ljust(34, b'\0') + b'pic'.ljust(32, b'\0')
    return head + general


def uic1() -> bytes:
    """UIC1 with an inline number, a rational behind a pointer, a name and a time."""
    items = 4
    at = items * 8
    rational = struct.pack('<II', 1, 4)
    name = struct.pack('<I', 4) + b'abc\0'
    time = struct.pack('<II', 2450000, 1000)
    words = [(0, 1), (4, at), (7, at + 8), (16, at + 16)]
    return b''.join(struct.pack('<II', *pair) for pair in words) + rational + name + time


def uic2(planes: int) -> bytes:
    """UIC2 of some planes."""
    return b''.join(struct.pack('<6I', 2 * i + 1, 2, 2450000 + i, 5, 0, 0) for i in range(planes))


def uic4(planes: int) -> bytes:
    """UIC4: stage positions, labels, end mark."""
    data = struct.pack('<H', 28) + struct.pack('<4I', 1, 2, 3, 4) * planes
    for i in range(planes):
        text = f'p{i}'.encode() + b'\0'
        data += (struct.pack('<H', 37) if i == 0 else b'') + struct.pack('<I', len(text)) + text
    return data + struct.pack('<H', 0)


def lsm(planes: int = 3) -> bytes:
    """LSM information block of 172 bytes with its three sub-blocks."""
    stamps = struct.pack('<ii', 8 + 8 * planes, planes) + struct.pack(f'<{planes}d', *range(planes))
    names = b''.join(struct.pack('<I', len(n) + 1) + n + b'\0' for n in (b'Ch1', b'Ch2'))
    colors = bytes([255, 0, 0, 0, 0, 255, 0, 0])
    colors_head = struct.pack('<6I', 24 + len(colors) + len(names), 2, 2, 24, 32, 1)
    scan = struct.pack('<III', 0x10000000, 0, 0)
    scan += struct.pack('<III', 0x10000001, 2, 4) + b'abc\0'
    scan += struct.pack('<III', 0x10000002, 4, 4) + struct.pack('<i', -5)
    scan += struct.pack('<III', 0x10000003, 5, 8) + struct.pack('<d', 0.5)
    scan += struct.pack('<III', 0xFFFFFFFF, 0, 0)
    size = 136
    colors_at = size + len(stamps)
    scan_at = colors_at + len(colors_head + colors + names)
    scan_at += scan_at % 2
    head = struct.pack('<Ii6i', 0x0400494C, size, 64, 32, 1, 2, planes, 0) + bytes(8)
    head += struct.pack('<3d', 1e-6, 1e-6, 2e-6) + bytes(24) + struct.pack('<H', 3) + bytes(18)
    head += struct.pack('<Id', colors_at, 0.25) + bytes(4)
    head += struct.pack('<III', scan_at, 0, size)
    assert len(head) == size, len(head)
    body = head + stamps + colors_head + colors + names
    return body.ljust(scan_at, b'\0') + scan


def mmstack(order: str) -> bytes:
    """Micro-Manager header with index map, display settings and comments."""
    summary = json.dumps({'Prefix': 'a'}, separators=(',', ':')).encode()
    index = struct.pack(order + 'II', 3453623, 2) + struct.pack(order + '10I', *range(10))
    display = b'{"c":1}'
    comments = b'{"d":2}'
    at = 32 + len(summary)
    at += at % 2
    display_at = at + len(index)
    comments_at = display_at + 8 + len(display)
    comments_at += comments_at % 2
    head = struct.pack(
        order + '8I', 54773648, at, 483765892, display_at, 99384722, comments_at, 2355492,
        len(summary),
    )  # fmt: skip
    data = (head + summary).ljust(at, b'\0') + index
    data += struct.pack(order + 'II', 347834724, len(display)) + display
    return data.ljust(comments_at, b'\0') + struct.pack(order + 'II', 84720485, 7) + comments


def ndtiff(order: str, major: int) -> bytes:
    """NDTiff header of version 2 or 3."""
    summary = b'{"x":[1,2]}'
    data = struct.pack(order + 'II', 483729, major)
    if major >= 3:
        data += struct.pack(order + 'I', 1)
    return data + struct.pack(order + 'II', 2355492, len(summary)) + summary


def ndindex_entry() -> bytes:
    """One entry of NDTiff.index."""
    axes, name = b'{"z":1}', b'a_NDTiffStack.tif'
    data = struct.pack('<I', len(axes)) + axes + struct.pack('<I', len(name)) + name
    return data + struct.pack('<IiiiiIii', 100, 64, 32, 1, 0, 900, 20, 0)


def imagej(order: str) -> tuple[bytes, list[int]]:
    """ImageJ metadata and the byte counts of the other tag."""
    codec = 'utf-16-le' if order == '<' else 'utf-16-be'
    kinds = [(0x696E666F, 1), (0x6C61626C, 2), (0x72616E67, 1), (0x6C757473, 1), (0x726F6920, 1)]
    values = [
        'some info'.encode(codec), 'one'.encode(codec), 'label two'.encode(codec),
        struct.pack(order + '4d', 0, 1, 2, 3), bytes(range(256)) * 3, b'roi!',
    ]  # fmt: skip
    head = struct.pack(order + 'I', 0x494A494A)
    head += b''.join(struct.pack(order + 'II', *kind) for kind in kinds)
    return head + b''.join(values), [len(head), *(len(value) for value in values)]


def directory(order: str, variant: str) -> bytes:
    """A directory of two entries."""
    n, entry, following = {
        'classic': ('H', 'HHI4s', 'I'), 'big': ('Q', 'HHQ8s', 'Q'), 'ndpi': ('H', 'HHI4s', 'Q'),
    }[variant]  # fmt: skip
    pad = bytes(7 if variant == 'big' else 3)
    data = struct.pack(order + n, 2)
    data += struct.pack(order + entry, 256, 3, 1, b'\x40' + pad)
    data += struct.pack(order + entry, 257, 4, 1, b'\x20' + pad) + struct.pack(order + following, 0)
    return data + (struct.pack(order + '2I', 0, 1) if variant == 'ndpi' else b'')


def everything(order: str) -> list[tuple[str, str, str | None, bytes, dict[str, Any]]]:
    """Return (example, struct, variant, bytes, args) of all blocks in one byte order."""
    ij, sizes = imagej(order)
    found: list[tuple[str, str, str | None, bytes, dict[str, Any]]] = [
        ('olympus_sis', 'sis', None, sis(), {}),
        ('metamorph_stk', 'uic1', None, uic1(), {'planes': 1, 'count': 4}),
        ('metamorph_stk', 'uic2', None, uic2(3), {'planes': 3}),
        ('metamorph_stk', 'uic4', None, uic4(2), {'planes': 2}),
        ('zeiss_lsm', 'cz_lsminfo', None, lsm(), {}),
        ('micromanager', 'mmstack', None, mmstack(order), {}),
        ('micromanager', 'header', None, ndtiff(order, 2), {}),
        ('micromanager', 'header', None, ndtiff(order, 3), {}),
        ('micromanager', 'header', None, mmstack(order), {}),
        ('micromanager', 'index', None, ndindex_entry() * 3, {}),
        ('imagej', 'ij_metadata', None, ij, {'sizes': sizes}),
    ]
    found += [('ifd', 'ifd', v, directory(order, v), {}) for v in ('classic', 'big', 'ndpi')]
    return found
