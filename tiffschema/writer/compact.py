"""Writing a file anew without the bytes that nothing points to any more.

Knows directories, tags that point, and segments; decodes no pixels. Directories come first, then
the data in their old order; data that were adjacent stay so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from tiffschema.errors import FormatError
from tiffschema.limits import DEFAULT_LIMITS
from tiffschema.model.directory import (
    BuiltDirectory,
    Directory,
    DirectoryCodec,
    Entry,
)
from tiffschema.model.faces import face
from tiffschema.model.tagcodes import SEGMENTS, TagCode
from tiffschema.model.tagtable import TagRow, tag_tables
from tiffschema.types import Buffer

from .append import FOREIGN, shaped_json, text_entries
from .chain import read_codec
from .claims import HEADER, plain_nbytes
from .layout import even
from .sink import FileSink, open_sink

__all__ = ['compact']

FREE = frozenset({TagCode.FreeOffsets, TagCode.FreeByteCounts})
LONG, IFD, LONG8, IFD8 = 4, 13, 16, 18
ALIGN = 16


@dataclass(slots=True)
class _Node:
    """A directory, its values, and the chains its tags point to."""

    directory: Directory
    space: str
    values: list[Entry]
    children: dict[int, list[list[_Node]]] = field(default_factory=dict)
    address: int = 0


def compact(path: str | os.PathLike[str], target: str | os.PathLike[str] | None = None) -> int:
    """Write a file anew without unused bytes; returns how many bytes it lost.

    Parameters:
        path: The file.
        target: Another name for the result; by default it replaces the file in one step.

    Raises:
        ValueError: The file holds structures which point into it in ways only its own format knows,
            or data that no directory lists.
        TiffFileError: The file is damaged.

    Example:
        >>> import os, tempfile, numpy
        >>> from tiffschema.writer.edit import TagEditor
        >>> from tiffschema.writer.imwrite import imwrite
        >>> name = os.path.join(tempfile.mkdtemp(), 'a.tif')
        >>> _ = imwrite(name, numpy.zeros((5, 6), 'uint8'), description='x' * 100)
        >>> with TagEditor(name) as editor:
        ...     editor.set('ImageDescription', 'y' * 1000)
        >>> compact(name) > 0
        True
    """
    with open(path, 'rb') as stream:
        view: Buffer = np.memmap(stream, np.uint8, 'r').data if os.path.getsize(path) else b''
    codec, first = read_codec(view)
    reader = _Reader(codec, view)
    pages = reader.chain(first, 'tiff', 0)
    if not pages:
        raise ValueError('path: the file has no pages')
    reader.refuse(pages)
    for name in face('runtime.blocks')(path):
        raise ValueError(f'path: no tag points to the block {name} of the file')
    # It may replace the only copy of its data.
    sink = open_sink(target if target is not None else path, 'w', durable=True)
    assert isinstance(sink, FileSink)
    try:
        _write(sink, codec, reader, pages)
    except BaseException:
        sink.abort()
        raise
    lost = len(view) - sink.size
    sink.close()
    return lost


class _Reader:
    """Reads all directories of a file, and notes which data they use."""

    def __init__(self, codec: DirectoryCodec, view: Buffer) -> None:
        self._codec = codec
        self.view = view
        self._seen: set[int] = set()
        self.blocks: dict[int, int] = {}
        """Sizes of data by their offset."""

    def chain(self, offset: int, space: str, depth: int) -> list[_Node]:
        """Return the directories of a chain.

        Raises:
            FormatError: The directories are nested too deeply or met twice.
        """
        if depth > DEFAULT_LIMITS.depth:
            raise FormatError('directories are nested too deeply', 'ifd', offset)
        nodes = []
        while offset:
            if offset in self._seen:
                raise FormatError('a directory is met twice', 'ifd', offset)
            self._seen.add(offset)
            directory = self._codec.parse(self.view, 0, offset)
            nodes.append(self._node(directory, space, depth))
            offset = directory.next_offset if space == 'tiff' else 0
        return nodes

    def _node(self, directory: Directory, space: str, depth: int) -> _Node:
        table = tag_tables[space]
        node = _Node(directory, space, [])
        for position, code in enumerate(directory.codes):
            if code in FREE and space == 'tiff':
                continue
            at, size = directory.value_at(position), directory.value_nbytes(position)
            data = bytes(self.view[at : at + size])
            if len(data) < size or at < HEADER:
                raise FormatError('a value leaves the file', f'tag {code}', at)
            row = table.get(code)
            if row is not None and row.space is not None and directory.types[position] in (
                LONG, IFD, LONG8, IFD8,
            ):  # fmt: skip
                offsets = _numbers(directory, position, data)
                node.children[len(node.values)] = [
                    self.chain(offset, row.space, depth + 1) if offset >= 8 else []
                    for offset in offsets
                ]
            elif _is_foreign(row) and code not in SEGMENTS and code not in SEGMENTS.values():
                raise ValueError(f'tag {code} points into the file in a way of its own')
            node.values.append(
                Entry(code, directory.types[position], directory.counts[position], data)
            )
        if space == 'tiff':
            self._note_segments(node)
        return node

    def _note_segments(self, node: _Node) -> None:
        for offsets, sizes in segment_pairs(node):
            _check_sizes(node, offsets, sizes)
            for offset, size in zip(offsets, sizes, strict=False):
                if offset:
                    if offset + size > len(self.view):
                        raise FormatError('data leave the file', 'segment', offset)
                    self.blocks[offset] = max(size, self.blocks.get(offset, 0))

    def refuse(self, pages: list[_Node]) -> None:
        """Refuse files with data that no directory lists.

        Raises:
            ValueError: The file is one.
        """
        first = pages[0].directory
        foreign = next((FOREIGN[code] for code in first.codes if code in FOREIGN), None)
        if foreign is not None:
            raise ValueError(f'path: a file of kind {foreign} cannot be written anew')
        for entry in text_entries(self.view, first):
            items = shaped_json(entry.text)
            truncated = items is not None and items.get('truncated')
            if truncated or (entry.text.startswith('ImageJ=') and len(pages) == 1):
                raise ValueError('path: data of the file are in no directory')


def segment_pairs(node: _Node) -> list[tuple[list[int], list[int]]]:
    """Return offsets and sizes of the segments of a directory."""
    return [
        (_tag_numbers(node, offsets), _tag_numbers(node, sizes))
        for offsets, sizes in SEGMENTS.items()
        if offsets in node.directory.index
    ]


def _tag_numbers(node: _Node, code: int) -> list[int]:
    """Return the integers of a tag, none where it is absent.

    Raises:
        FormatError: It holds none, or stands in several entries.
    """
    entries = [entry for entry in node.values if entry.code == code]
    if not entries:
        return []
    if len(entries) > 1:
        raise FormatError('several entries say where data lie', f'tag {code}')
    decode = node.directory.codec.decode_value
    values = np.atleast_1d(
        np.asarray(decode(entries[0].fieldtype, entries[0].length, entries[0].data))
    )
    if values.dtype.kind not in 'ui':
        raise FormatError('the values are no integers', f'tag {code}')
    found: list[int] = values.tolist()
    return found


def _check_sizes(node: _Node, offsets: list[int], sizes: list[int]) -> None:
    """Refuse data whose size no tag tells: readers guess it, and what is not copied is lost.

    Raises:
        ValueError: Byte counts are missing, zero, or less than samples that are stored plain.
    """
    told = [*sizes, *[0] * (len(offsets) - len(sizes))]
    pairs = list(zip(offsets, told, strict=False))
    short = any(offset and not size for offset, size in pairs)
    if not short and all(offset for offset, _ in pairs):
        short = sum(size for _, size in pairs) < plain_nbytes(partial(_tag_numbers, node))
    if short:
        raise ValueError('path: byte counts of a page are missing or too small')


def _numbers(directory: Directory, position: int, data: bytes) -> list[int]:
    value = directory.codec.decode_value(
        directory.types[position], directory.counts[position], data
    )
    return [int(number) for number in np.atleast_1d(np.asarray(value))]


def _is_foreign(row: TagRow | None) -> bool:
    return row is not None and row.pointer in ('segments', 'data')


def _write(sink: FileSink, codec: DirectoryCodec, reader: _Reader, pages: list[_Node]) -> None:
    position = even(codec.header_nbytes)
    order: list[list[_Node]] = []
    position = _place(codec, pages, position, order)
    moved: dict[int, int] = {}
    stop, shift = -1, 0  # of the run of data that is being written: segments that touch or overlap
    for offset, size in sorted(reader.blocks.items()):
        if offset > stop:
            position += -position % ALIGN
            stop, shift = offset, position - offset
        moved[offset] = offset + shift
        if offset + size > stop:
            sink.write_at(stop + shift, reader.view[stop : offset + size])
            stop = offset + size
            position = stop + shift
    for chain in order:
        for node, after in zip(chain, [*chain[1:], None], strict=True):
            following = 0 if after is None else after.address
            sink.write_at(node.address, _build(codec, node, moved, following).data)
    sink.write_at(0, codec.build_header(pages[0].address))


def _place(
    codec: DirectoryCodec, chain: list[_Node], position: int, order: list[list[_Node]]
) -> int:
    """Give each directory its address, children behind their parents."""
    order.append(chain)
    for node in chain:
        node.address = position
        position = even(position + len(_build(codec, node, {}, 0).data))
        for chains in node.children.values():
            for child in chains:
                if child:
                    position = _place(codec, child, position, order)
    return position


def _build(
    codec: DirectoryCodec, node: _Node, moved: dict[int, int], following: int
) -> BuiltDirectory:
    entries = []
    for index, entry in enumerate(node.values):
        numbers: list[int] | None = None
        if index in node.children:
            numbers = [child[0].address if child else 0 for child in node.children[index]]
        elif entry.code in SEGMENTS and node.space == 'tiff' and moved:
            old = np.atleast_1d(
                np.asarray(codec.decode_value(entry.fieldtype, entry.length, entry.data))
            )
            numbers = [moved.get(int(offset), 0) for offset in old]
        if numbers is not None:
            _, _, data = codec.encode_value(None, entry.fieldtype, tuple(numbers))
            entry = entry._replace(data=data)
        entries.append(entry)
    return codec.build(entries, node.address, following)
