"""Small files made with the builders, for tests of the reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tiffschema.model.directory import Entry, codec
from tiffschema.model.tagtable import tag_tables

Tags = dict[int, Any]


class Forge:
    """Lays out directories and data of a small file.

    Parameters:
        variant, byteorder: Of the container.
    """

    def __init__(self, variant: str = 'classic', byteorder: str = '<') -> None:
        self.codec = codec(variant, byteorder)  # type: ignore[arg-type]
        self.data = bytearray(self.codec.build_header(0))
        self.link_at = self.codec.first_at
        self.offsets: list[int] = []

    def block(self, data: bytes) -> int:
        """Append data and return its offset, which is even."""
        if len(self.data) % 2:
            self.data.append(0)
        self.data += data
        return len(self.data) - len(data)

    def entries(self, tags: Tags) -> list[Entry]:
        """Return entries of values; an `Entry` or a list of them is taken as it is."""
        found = []
        for code, value in tags.items():
            if isinstance(value, Entry):
                found.append(value)
                continue
            if isinstance(value, list):
                found += value
                continue
            row = tag_tables['tiff'].get(code)
            kind, count, data = self.codec.encode_value(row, None, value)
            found.append(Entry(code, kind, count, data))
        return found

    def directory(self, tags: Tags, *, link: bool = True, following: int = 0) -> int:
        """Append a directory and return its offset.

        Parameters:
            tags: Values by code.
            link: Whether it is the next one of the main chain.
            following: Offset of its next directory.
        """
        if len(self.data) % 2:
            self.data.append(0)
        built = self.codec.build(self.entries(tags), len(self.data), following)
        offset = len(self.data)
        self.data += built.data
        if link:
            self.link(self.link_at, offset)
            self.link_at = built.next_at
            self.offsets.append(offset)
        return offset

    def link(self, at: int, offset: int) -> None:
        """Write the offset of a directory at a place."""
        link = self.codec.build_link(offset)
        self.data[at : at + len(link)] = link

    def page(self, width: int = 4, length: int = 3, extra: Tags | None = None) -> int:
        """Append a page of bytes that count up."""
        data = self.block(bytes(range(width * length)))
        tags: Tags = {
            256: width, 257: length, 258: 8, 259: 1, 262: 1, 273: data, 277: 1, 278: length,
            279: width * length,
        }  # fmt: skip
        tags.update(extra or {})
        return self.directory(tags)

    def __bytes__(self) -> bytes:
        return bytes(self.data)


@pytest.fixture
def forge() -> Callable[..., Forge]:
    """Maker of small files."""
    return Forge


def pages_of(count: int, variant: str = 'classic', byteorder: str = '<') -> bytes:
    made = Forge(variant, byteorder)
    for _ in range(count):
        made.page()
    return bytes(made)


@pytest.fixture(params=[(v, b) for v in ('classic', 'big') for b in '<>'], ids=lambda p: ''.join(p))
def container(request: pytest.FixtureRequest) -> Sequence[str]:
    """Variant and byte order."""
    found: Sequence[str] = request.param
    return found
