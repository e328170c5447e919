"""Directories as templates: built once, then repeated at any address with other offsets.

Knows directories and tag values, no pixels and no files. The byte layout comes from the compiled
schema ``tiff/ifd`` by way of `tiffschema.model.directory`; a run of equal pages is one array of
records, so that a million directories cost what a memory copy costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.directory import DirectoryCodec, Entry
from tiffschema.model.fieldtypes import FIELD_TYPES

__all__ = ['DirectoryTemplate', 'Field', 'even']

KEPT_BYTES = 1 << 14
"""Forms of directories with larger values are not kept."""


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


@dataclass(frozen=True, slots=True)
class _Form:
    """Where everything lies in directories whose entries are alike but for their values."""

    blank: bytes
    next_at: int
    entry_at: tuple[int, ...]
    value_at: tuple[int, ...]
    far: tuple[int, ...]
    """Entries whose values do not fit them."""
    far_at: NDArray[np.int64]
    places: dict[int, int]
    """The first entry of each code."""


def _form(codec: DirectoryCodec, entries: tuple[tuple[int, int, int, int], ...]) -> _Form:
    """Return where entries lie, given code, type, count and bytes of their values."""
    built = codec.build([Entry(*entry[:3], bytes(entry[3])) for entry in entries], 0)
    first_value = codec.directory_nbytes(len(entries))
    far = [(index, at) for index, at in enumerate(built.values_at) if at >= first_value]
    return _Form(
        blank=built.data.ljust(even(len(built.data)), b'\0'),
        next_at=built.next_at,
        entry_at=tuple(codec.count_nbytes + i * codec.entry_nbytes for i in range(len(entries))),
        value_at=built.values_at,
        far=tuple(index for index, _ in far),
        far_at=np.array([at for _, at in far], np.int64),
        places={entry[0]: i for i, entry in reversed(list(enumerate(entries)))},
    )


_kept_form = lru_cache(maxsize=256)(_form)


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
        self.fields = tuple(sorted(fields, key=attrgetter('code')))
        self._elsewhere: dict[int, int] = {}
        entries = []
        total = 0
        for index, item in enumerate(self.fields):
            if item.code in separate or item.at >= 0:
                self._elsewhere[item.code] = index
                nbytes = codec.inline
            else:
                nbytes = item.nbytes if item.data is None else len(item.data)
            nbytes += item.slack
            total += nbytes
            entries.append((item.code, item.fieldtype, item.count, nbytes))
        form = (_form if total > KEPT_BYTES else _kept_form)(codec, tuple(entries))
        self.next_at = form.next_at
        self.entry_at = form.entry_at
        self.value_at = form.value_at
        """Where each value lies from the beginning of the directory."""
        self.size = len(form.blank)
        """Bytes of the directory with the values that follow it."""
        self._form = form
        self._moving = [i for i, item in enumerate(self.fields) if item.patches is not None]
        self._bytes = bytearray(form.blank)
        self._template = np.frombuffer(self._bytes, np.uint8)  # the same memory
        for index, item in enumerate(self.fields):
            if item.at >= 0:
                self._words(self._template[None])[0, index] = item.at
            elif item.data is not None and index not in self._elsewhere.values():
                at = form.value_at[index]
                self._bytes[at : at + len(item.data)] = item.data

    def _words(self, rows: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the value fields of the entries as offsets, a view of shape (rows, entries)."""
        codec = self.codec
        stop = codec.count_nbytes + len(self.fields) * codec.entry_nbytes
        words: NDArray[Any] = rows[:, codec.count_nbytes : stop].view(codec.number_dtype)['value']
        return words

    def index(self, code: int, *, last: bool = False) -> int:
        """Return the place of a code among the entries, -1 if absent."""
        first = self._form.places.get(code, -1)
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
        if self._form.far:
            words[:, self._form.far] = addresses[:, None] + self._form.far_at
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

    def one(self, address: int, columns: Mapping[int, NDArray[Any]]) -> bytes:
        """Return the bytes of one directory, after which no other is linked.

        Parameters:
            address: Offset of the directory.
            columns: Values of each variable entry by code.
        """
        if self._moving:
            arrays = {code: column[None] for code, column in columns.items()}
            return self.block(np.array([address]), np.zeros(1, np.int64), arrays).tobytes()
        codec, form = self.codec, self._form
        out = bytearray(self._bytes)
        if form.far:
            entries = np.frombuffer(out, codec.number_dtype, len(self.fields), codec.count_nbytes)
            entries['value'][list(form.far)] = address + form.far_at
        for code, column in columns.items():
            index = form.places[code]
            at = form.value_at[index]
            raw = self.pack(self.fields[index].fieldtype, column).tobytes()
            out[at : at + len(raw)] = raw
        return bytes(out)
