"""Directories as templates: built once, then repeated at any address with other offsets.

Knows directories and tag values, no pixels and no files. The byte layout comes from the compiled
schema ``tiff/ifd`` by way of `tiffschema.model.directory`; a run of equal pages is one array of
records, so that a million directories cost what a memory copy costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.directory import DirectoryCodec, Entry
from tiffschema.model.fieldtypes import FIELD_TYPES

__all__ = ['DirectoryTemplate', 'Field', 'even', 'template_of']

KEPT_BYTES = 1 << 14
"""Templates with larger values are not kept."""


def even(offset: int) -> int:
    """Return the next even offset: TIFF 6.0 lets directories and values begin there."""
    return offset + (offset & 1)


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a directory template.

    Fields:
        code: Code of the tag.
        fieldtype: Code of the field type.
        count: Number of values.
        data: Packed values; None for those given anew for each directory.
        slack: Zero bytes kept free behind the values.
        at: Offset of values that lie elsewhere; -1 for values which follow the directory.
        patches: A block of a compiled builder, built anew for the address it gets.
    """

    code: int
    fieldtype: int
    count: int
    data: bytes | None
    slack: int = 0
    at: int = -1
    patches: Any = None

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        return self.count * FIELD_TYPES[self.fieldtype].size


class DirectoryTemplate:
    """A directory and its values, whose address, links and some values vary.

    Parameters:
        codec: Shape and byte order of the file.
        fields: Entries; sorted by code, entries of one code keeping their order.
        separate: Codes of variable entries whose values lie elsewhere, at given offsets (COG).
    """

    def __init__(
        self, codec: DirectoryCodec, fields: Sequence[Field], *, separate: Sequence[int] = ()
    ) -> None:
        self.codec = codec
        self.fields = tuple(sorted(fields, key=lambda item: item.code))
        self._elsewhere: dict[int, int] = {}
        entries = []
        for index, item in enumerate(self.fields):
            data = bytes(item.nbytes) if item.data is None else item.data
            if item.code in separate or item.at >= 0:
                self._elsewhere[item.code] = index
                data = bytes(codec.inline)
            entries.append(Entry(item.code, item.fieldtype, item.count, data + bytes(item.slack)))
        built = codec.build(entries, 0)
        self.next_at: int = built.next_at
        self.entry_at = tuple(
            codec.count_nbytes + i * codec.entry_nbytes for i in range(len(entries))
        )
        self.value_at = built.values_at
        """Where each value lies from the beginning of the directory."""
        self.size = even(len(built.data))
        """Bytes of the directory with the values that follow it."""
        first_value = codec.directory_nbytes(len(entries))
        far = [(index, at) for index, at in enumerate(self.value_at) if at >= first_value]
        self._far = [index for index, _ in far]
        self._far_at = np.array([at for _, at in far], np.int64)
        self._moving = [i for i, item in enumerate(self.fields) if item.patches is not None]
        self._first = {item.code: i for i, item in reversed(list(enumerate(self.fields)))}
        self._template = np.zeros(self.size, np.uint8)
        self._template[: len(built.data)] = memoryview(built.data)
        for item in self.fields:
            if item.at >= 0:
                self._words(self._template[None])[0, self._elsewhere[item.code]] = item.at

    def _words(self, rows: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the value fields of the entries as offsets, a view of shape (rows, entries)."""
        codec = self.codec
        stop = codec.count_nbytes + len(self.fields) * codec.entry_nbytes
        words: NDArray[Any] = rows[:, codec.count_nbytes : stop].view(codec.number_dtype)['value']
        return words

    def index(self, code: int, *, last: bool = False) -> int:
        """Return the place of a code among the entries, -1 if absent."""
        first = self._first.get(code, -1)
        if not last or first < 0:
            return first
        return max(i for i, item in enumerate(self.fields) if item.code == code)

    def block(
        self,
        addresses: NDArray[np.int64],
        nexts: NDArray[np.int64],
        columns: Mapping[int, NDArray[Any]],
        *,
        elsewhere: Mapping[int, NDArray[np.int64]] | None = None,
    ) -> NDArray[np.uint8]:
        """Return the bytes of several directories, one a row.

        Parameters:
            addresses: Offset of each directory, shape (n,).
            nexts: Offset of the directory after each, 0 for none; shape (n,).
            columns: Values of each variable entry by code, shape (n, count).
            elsewhere: Offsets of the values of separate entries by code, shape (n,).
        """
        count = len(addresses)
        out = np.empty((count, self.size), np.uint8)
        out[:] = self._template
        word = self.codec.number_dtype['value']
        out[:, self.next_at : self.next_at + self.codec.next_nbytes].view(word)[:, 0] = nexts
        words = self._words(out)
        if self._far:
            words[:, self._far] = addresses[:, None] + self._far_at
        for code, offsets in (elsewhere or {}).items():
            words[:, self._elsewhere[code]] = offsets
        for code, column in columns.items():
            index = self.index(code)
            at = self.value_at[index]
            raw = self.pack(self.fields[index].fieldtype, column).reshape(count, -1).view(np.uint8)
            out[:, at : at + raw.shape[1]] = raw
        for index in self._moving:
            self._relocate(out, index, addresses)
        return out

    def pack(self, fieldtype: int, column: NDArray[Any]) -> NDArray[Any]:
        """Return numbers as the file stores values of a field type."""
        dtype = np.dtype(self.codec.byteorder + FIELD_TYPES[fieldtype].numpy)
        return np.ascontiguousarray(column, dtype)

    def _relocate(self, out: NDArray[np.uint8], index: int, addresses: NDArray[np.int64]) -> None:
        # A vendor's block holds offsets into the file: it is built for the address it gets.
        at = self.value_at[index]
        built = self.fields[index].patches
        for row, address in zip(out, addresses, strict=True):
            data = built.at(int(address) + at)
            row[at : at + len(data)] = memoryview(data)

    def one(self, address: int, columns: Mapping[int, Any], next_offset: int = 0) -> bytes:
        """Return the bytes of one directory."""
        arrays = {code: np.asarray(column).reshape(1, -1) for code, column in columns.items()}
        nexts = np.array([next_offset], np.int64)
        return self.block(np.array([address], np.int64), nexts, arrays).tobytes()


def template_of(codec: DirectoryCodec, fields: Sequence[Field]) -> DirectoryTemplate:
    """Return the template of a directory; files that are alike share it.

    Parameters:
        codec: Shape and byte order of the file.
        fields: Entries, in any order.
    """
    large = sum(item.nbytes for item in fields) > KEPT_BYTES
    if large or any(item.patches is not None for item in fields):
        return DirectoryTemplate(codec, fields)
    return _kept(codec, tuple(fields))


@lru_cache(maxsize=128)
def _kept(codec: DirectoryCodec, fields: tuple[Field, ...]) -> DirectoryTemplate:
    return DirectoryTemplate(codec, fields)
