"""Files of Micro-Manager: directories with pixels, resolution and texts where its writers put them.

Knows which bytes follow a directory; not what the texts say.
Source: Micro-Manager: MultipageTiffWriter.java; NDTiffStorage: NDTiffWriter.java.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from tiffschema.model.directory import Entry, codec
from tiffschema.types import ByteOrder

__all__ = ['PageFile', 'Placed']

_METADATA = 51123
_STRIP = 273
_RESOLUTION = (100, 1)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a page was written: its directory, pixels and text, and the bytes of the text."""

    ifd: int
    pixels: int
    text: int
    text_size: int


class PageFile:
    """A file to which pages are appended.

    Parameters:
        head: The TIFF header and what follows it.
        byteorder: Of the file.
        resolution_first: Resolutions precede the pixels, as in NDTiff 2 and later.
        terminated: Texts end with a NUL, as in MMStack.
    """

    def __init__(
        self, head: bytes, byteorder: ByteOrder, *, resolution_first: bool, terminated: bool
    ) -> None:
        self._end = b'\0' if terminated else b''
        self.data = bytearray(head)
        self._codec = codec('classic', byteorder)
        self._order = (258, 282, 283, _STRIP) if resolution_first else (258, _STRIP, 282, 283)
        self._link = self._codec.first_at

    def append(
        self, image: NDArray[Any], text: str, extra: Sequence[tuple[int, int, Any]] = ()
    ) -> Placed:
        """Append a page and return where it is.

        Parameters:
            image: Pixels, gray or RGB.
            text: The metadata of the page, without a NUL at its end.
            extra: Code, type and value of further tags.
        """
        data = self.data
        data += bytes(-len(data) % 2)
        address = len(data)
        entries = self._entries(image, text, extra)
        placed = self._place(entries, address, image)
        built = self._codec.build((entry._replace(data=b'') for entry in entries), address)
        table = bytearray(built.data)
        size, start = self._codec.entry_nbytes, self._codec.count_nbytes
        for number, (entry, at) in enumerate(zip(entries, placed, strict=True)):
            stored = entry._replace(data=b'') if at else entry
            table[start + number * size : start + (number + 1) * size] = self._codec.build_entry(
                *stored[:3], None if at else stored.data, at
            )
        data[self._link : self._link + self._codec.next_nbytes] = self._codec.build_link(address)
        self._link = built.next_at
        data += table
        blocks = {at: entry.data for entry, at in zip(entries, placed, strict=True) if at}
        strip = [entry.code for entry in entries].index(_STRIP)
        blocks[placed[strip]] = image.astype(
            image.dtype.newbyteorder(self._codec.byteorder)
        ).tobytes()
        for at in sorted(blocks):
            data += bytes(at - len(data)) + blocks[at]
        return Placed(address, placed[strip], placed[-1], entries[-1].length)

    def _entries(
        self, image: NDArray[Any], text: str, extra: Sequence[tuple[int, int, Any]]
    ) -> list[Entry]:
        samples = image.shape[2] if image.ndim == 3 else 1
        values: list[tuple[int, int, Any]] = [
            (256, 4, image.shape[1]), (257, 4, image.shape[0]),
            (258, 3, (8 * image.itemsize,) * samples), (259, 3, 1),
            (262, 3, 2 if samples == 3 else 1), (_STRIP, 4, 0), (277, 3, samples),
            (278, 4, image.shape[0]), (279, 4, image.nbytes), (282, 5, _RESOLUTION),
            (283, 5, _RESOLUTION), (296, 3, 3), *extra,
        ]  # fmt: skip
        values.sort(key=lambda row: row[0])
        entries = [
            Entry(code, *self._codec.encode_value(None, kind, value))
            for code, kind, value in values
        ]
        data = text.encode() + self._end
        return [*entries, Entry(_METADATA, 2, len(data), data)]

    def _place(self, entries: Sequence[Entry], address: int, image: NDArray[Any]) -> list[int]:
        """Return the offset of the values of each entry, 0 where they lie in it."""
        end = address + self._codec.directory_nbytes(len(entries))
        placed = [0] * len(entries)
        rest = [entry.code for entry in entries if entry.code not in self._order]
        for code in dict.fromkeys((*self._order, *rest)):
            for number, entry in enumerate(entries):
                if entry.code == code and (code == _STRIP or len(entry.data) > self._codec.inline):
                    placed[number] = end
                    end += image.nbytes if code == _STRIP else len(entry.data)
        return placed
