"""Directories as templates: built once, then repeated at any address with other offsets.

Knows directories and tag values, no pixels and no files. The byte layout comes from the compiled
schema ``tiff/ifd`` by way of `tiffschema.model.directory`; a run of equal pages is one array of
records, so that a million directories cost what a memory copy costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.directory import DirectoryCodec
from ..model.fieldtypes import FIELD_TYPES

__all__ = ['DirectoryTemplate', 'Field', 'even']

IFD_TYPES = (13, 18)


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
        pointers: Positions in ``data`` of offsets relative to its beginning, with their sizes.
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
        self._record = codec.directory_dtype(len(self.fields))
        entries_at = self._record.fields['entries'][1]  # type: ignore[index]
        entry = self._record['entries'].base
        word_at = entry.fields['word'][1]  # type: ignore[index]
        inline = entry['word'].itemsize
        self.next_at: int = self._record.fields['next'][1]  # type: ignore[index]
        self.entry_at = tuple(entries_at + i * entry.itemsize for i in range(len(self.fields)))
        position = self._record.itemsize
        values: list[int] = []
        self._pointers: list[tuple[int, int]] = []
        self._elsewhere: dict[int, int] = {}
        for index, item in enumerate(self.fields):
            if item.nbytes <= inline and not item.slack and item.at < 0:
                values.append(self.entry_at[index] + word_at)
            elif item.code in separate or item.at >= 0:
                values.append(-1)
                self._elsewhere[item.code] = index
            else:
                position = even(position)
                values.append(position)
                self._pointers.append((index, position))
                position += item.nbytes + item.slack
        self.value_at = tuple(values)
        """Where each value lies from the beginning of the directory; -1 if elsewhere."""
        self.size = even(position)
        """Bytes of the directory with the values that follow it."""
        self._template = self._fill()

    def _fill(self) -> NDArray[np.uint8]:
        template = np.zeros(self.size, np.uint8)
        record = template[: self._record.itemsize].view(self._record)[0]
        record['n'] = len(self.fields)
        for index, item in enumerate(self.fields):
            entry = record['entries'][index]
            entry['code'] = item.code
            entry['type'] = item.fieldtype
            entry['count'] = item.count
            if item.at >= 0:
                entry['word'] = item.at
            elif item.data is not None:
                at = self.value_at[index]
                template[at : at + len(item.data)] = memoryview(item.data)
        return template

    def index(self, code: int, *, last: bool = False) -> int:
        """Return the place of a code among the entries, -1 if absent."""
        places = [i for i, item in enumerate(self.fields) if item.code == code]
        return places[-1 if last else 0] if places else -1

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
        records = out[:, : self._record.itemsize].view(self._record)[:, 0]
        records['next'] = nexts
        words = records['entries']['word']
        if self._pointers:
            places = [index for index, _ in self._pointers]
            relative = np.array([position for _, position in self._pointers], np.int64)
            words[:, places] = addresses[:, None] + relative
        for code, offsets in (elsewhere or {}).items():
            words[:, self._elsewhere[code]] = offsets
        for code, column in columns.items():
            index = self.index(code)
            at = self.value_at[index]
            if at >= 0:
                packed = self.codec.pack_array(self.fields[index].fieldtype, column)
                raw = packed.reshape(count, -1).view(np.uint8)
                out[:, at : at + raw.shape[1]] = raw
        for index, item in enumerate(self.fields):
            if item.patches is not None:
                self._relocate(out, index, addresses)
        return out

    def _relocate(
        self, out: NDArray[np.uint8], index: int, addresses: NDArray[np.int64]
    ) -> None:
        # A vendor's block holds offsets into the file: it is built for the address it gets.
        at = self.value_at[index]
        built = self.fields[index].patches
        for row, address in zip(out, addresses, strict=True):
            data = built.at(int(address) + at)
            row[at : at + len(data)] = memoryview(data)

    def one(self, address: int, columns: Mapping[int, Any], next_offset: int = 0) -> bytes:
        """Return the bytes of one directory."""
        arrays = {
            code: np.asarray(column).reshape(1, -1) for code, column in columns.items()
        }
        nexts = np.array([next_offset], np.int64)
        return self.block(np.array([address], np.int64), nexts, arrays).tobytes()
