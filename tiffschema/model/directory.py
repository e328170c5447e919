"""Directories and headers, both ways, over the compiled schema ``tiff/ifd``; no files, no pixels.

A `DirectoryCodec` is one of three variants in one of two byte orders, chosen once per file:
nothing here asks for either again. A parsed `Directory` keeps its entries as one table; columns,
small numbers and offsets are views of it, made on first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.compiler.library import schemas
from tiffschema.compiler.linked import LinkedTables
from tiffschema.errors import (
    BuildError,
    FormatError,
    LimitError,
    TruncatedError,
    UnsupportedError,
)
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.types import Buffer, ByteOrder, Faults, normalize_byteorder

from . import catalog
from .fieldtypes import FIELD_TYPES
from .tagtable import TagRow
from .tagvalues import decode_value, encode_value

__all__ = [
    'BuiltDirectory',
    'Directory',
    'DirectoryCodec',
    'Entry',
    'Header',
    'Variant',
    'codec',
    'directory_lists',
    'parse_header',
]

Variant: TypeAlias = Literal['classic', 'big', 'ndpi']
VARIANTS: Final[tuple[Variant, ...]] = ('classic', 'big', 'ndpi')
_ASCII: Final = 2
_ORDERS: Final[Mapping[bytes, ByteOrder]] = {b'II': '<', b'MM': '>', b'EP': '<'}
_HEADER_BYTES: Final = 16
_LONGS: Final = frozenset({4, 13})
_LONGS8: Final = frozenset({16, 18})


class Header(NamedTuple):
    """Header of a file: byte order, version number and offset of the first directory."""

    byteorder: ByteOrder
    version: int
    first: int
    variant: Variant


class Entry(NamedTuple):
    """One entry to build: the bytes of its values in the file's byte order."""

    code: int
    fieldtype: int
    length: int
    data: bytes


class BuiltDirectory(NamedTuple):
    """A directory laid out at an address.

    Parameters:
        data: Bytes of the directory, then of the values that do not fit their entries.
        address: File offset of `data`.
        next_at: File offset of the pointer to the next directory.
        values_at: File offset of the values of each entry, in the order of the entries.
    """

    data: bytes
    address: int
    next_at: int
    values_at: tuple[int, ...]


class Directory:
    """Entries of one directory, as columns.

    Parameters:
        codec: What parsed it.
        offset: File offset of the directory.
        table: Structured array of the entries.
        next_offset: Offset of the next directory, 0 at the end.
        high: Bits 32 to 63 of values (NDPI), else None.

    Attributes:
        shared: What others derive from codes, types and counts; one for directories read together
            in which these are equal.
    """

    __slots__ = (
        '_index', '_longs', '_numbers', '_shorts', 'codec', 'codes', 'counts', 'high',
        'next_offset', 'offset', 'shared', 'table', 'types',
    )  # fmt: skip

    def __init__(
        self,
        codec: DirectoryCodec,
        offset: int,
        table: NDArray[np.void],
        next_offset: int,
        high: NDArray[np.uint32] | None = None,
    ) -> None:
        self.codec = codec
        self.offset = offset
        self.table = table
        self.next_offset = next_offset
        self.high = high
        self.codes: list[int] = table['code'].tolist()
        self.types: list[int] = table['type'].tolist()
        self.counts: list[int] = table['count'].tolist()
        self.shared: dict[str, Any] = {}
        self._index: dict[int, int] | None = None
        self._numbers: list[int] | None = None
        self._shorts: list[int] | None = None
        self._longs: list[int] | None = None

    @classmethod
    def many(
        cls,
        codec: DirectoryCodec,
        offsets: list[int],
        tables: NDArray[np.void],
        links: list[int],
    ) -> list[Directory]:
        """Return directories of equal length, their columns made for all of them at once.

        Parameters:
            codec: Codec of the file; not that of NDPI files.
            offsets: File offsets of the directories.
            tables: Structured array of the entries, of shape ``(directories, entries)``.
            links: Offset of the next directory of each.
        """
        tables = np.ascontiguousarray(tables)
        heads = [tables[name] for name in ('code', 'type', 'count')]
        alike = len(tables) > 1 and all(bool((head == head[0]).all()) for head in heads)
        listed = [(head[:1] if alike else head).tolist() for head in heads]
        numbers = tables.view(codec.number_dtype)['value'].tolist()
        shorts = tables.view(codec.short_dtype)['value'].tolist()
        longs = tables.view(codec.long_dtype)['value'].tolist() if codec.is_big else numbers
        found: list[Directory] = []
        for i, offset in enumerate(offsets):
            one = cls.__new__(cls)
            one.codec, one.offset, one.table, one.next_offset = codec, offset, tables[i], links[i]
            if alike and i:
                first = found[0]
                one.codes, one.types, one.counts = first.codes, first.types, first.counts
                one.shared = first.shared
            else:
                one.codes, one.types, one.counts = (column[i] for column in listed)
                one.shared = {}
            one.high = one._index = None
            one._numbers, one._shorts, one._longs = numbers[i], shorts[i], longs[i]
            found.append(one)
        return found

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f'<Directory @{self.offset} {len(self.codes)} entries>'

    @property
    def index(self) -> dict[int, int]:
        """Position of the first entry of each code."""
        if self._index is None:
            codes = self.codes
            # Filled backwards, so that of equal codes the first stays.
            self._index = {codes[i]: i for i in range(len(codes) - 1, -1, -1)}
        return self._index

    def positions(self, code: int) -> list[int]:
        """Return the positions of all entries of a code."""
        return [i for i, other in enumerate(self.codes) if other == code]

    @property
    def numbers(self) -> list[int]:
        """The value fields as offsets: the LONG in each entry, LONG8 in BigTIFF."""
        if self._numbers is None:
            column = self.table.view(self.codec.number_dtype)['value']
            if self.high is not None:
                column = column.astype(np.uint64) | (self.high.astype(np.uint64) << np.uint64(32))
            self._numbers = column.tolist()
        return self._numbers

    @property
    def shorts(self) -> list[int]:
        """The value fields as one SHORT each."""
        if self._shorts is None:
            self._shorts = self.table.view(self.codec.short_dtype)['value'].tolist()
        return self._shorts

    @property
    def longs(self) -> list[int]:
        """The value fields as one LONG each; in NDPI with the bits above 32."""
        if not self.codec.is_big:
            return self.numbers
        if self._longs is None:
            self._longs = self.table.view(self.codec.long_dtype)['value'].tolist()
        return self._longs

    @property
    def values(self) -> list[bytes]:
        """The bytes of the value fields."""
        values: list[bytes] = self.table['value'].tolist()
        return values

    @property
    def nbytes(self) -> int:
        """Bytes of the directory itself."""
        return self.codec.directory_nbytes(len(self.codes))

    @property
    def next_at(self) -> int:
        """File offset of the pointer to the next directory."""
        codec = self.codec
        return self.offset + codec.count_nbytes + len(self.codes) * codec.entry_nbytes

    def entry_at(self, position: int) -> int:
        """Return the file offset of an entry."""
        return self.offset + self.codec.count_nbytes + position * self.codec.entry_nbytes

    def value_nbytes(self, position: int) -> int:
        """Return the bytes of an entry's values.

        Raises:
            FormatError: The field type is unknown.
        """
        size = self.codec.sizes.get(self.types[position])
        if size is None:
            raise FormatError(
                f'field type {self.types[position]} is unknown',
                f'tag {self.codes[position]}',
                self.entry_at(position),
            )
        return size * self.counts[position]

    def is_inline(self, position: int) -> bool:
        """Return whether the values lie in the entry itself."""
        return self.codec.fits_entry(self.types[position], self.value_nbytes(position))

    def value_at(self, position: int) -> int:
        """Return the file offset of an entry's values."""
        if self.is_inline(position):
            return self.entry_at(position) + self.codec.entry_nbytes - self.codec.inline
        return self.numbers[position]

    def number(self, position: int) -> int | None:
        """Return the value of an entry that holds one SHORT, LONG or IFD in place, else None.

        This is the short way to the numbers that make a page: no bytes are sliced.
        """
        if self.counts[position] != 1:
            return None
        kind = self.types[position]
        if kind == 3:
            return self.shorts[position]
        if kind in _LONGS:
            return self.longs[position]
        if kind in _LONGS8 and self.codec.is_big:
            return self.numbers[position]
        return None


class DirectoryCodec:
    """Parses and builds directories of one variant in one byte order.

    Parameters:
        variant: ``'classic'``, ``'big'`` or ``'ndpi'``.
        byteorder: ``'<'`` or ``'>'``.
    """

    def __init__(self, variant: Variant, byteorder: ByteOrder) -> None:
        schema = schemas['tiff/ifd']
        declared: Mapping[str, Any] = catalog.declared('variants', 'tiff/ifd')[variant]
        self.variant: Variant = variant
        self.byteorder = byteorder
        self.is_big: bool = declared['big']
        self.is_ndpi: bool = declared['high']
        self.inline: int = declared['inline']
        self.sizes: Mapping[int, int] = {
            code: FIELD_TYPES[code].size for code in FIELD_TYPES if isinstance(code, int)
        }
        self.count_nbytes = FIELD_TYPES[declared['n']].size
        self.word_nbytes = FIELD_TYPES[declared['word']].size
        self.next_nbytes = FIELD_TYPES[declared['next']].size
        self._ifd = schema.struct('ifd', variant=variant)
        self._cut = schema.struct('ifd_cut', variant=variant)
        self._header = schema.struct('header', variant=variant)
        self._word = schema.struct('word', variant=variant)
        self._link = schema.struct('link', variant=variant)
        self.entry_dtype = _dtype(schema.struct('entry', variant=variant), byteorder)
        self.number_dtype = _dtype(schema.struct('entry_number', variant=variant), byteorder)
        self.short_dtype = _dtype(schema.struct('entry_short', variant=variant), byteorder)
        self.long_dtype = _dtype(schema.struct('entry_long', variant=variant), byteorder)
        self.entry_nbytes: int = self.entry_dtype.itemsize

    def __repr__(self) -> str:
        return f'<DirectoryCodec {self.variant} {self.byteorder}>'

    def __reduce__(self) -> tuple[object, ...]:
        return codec, (self.variant, self.byteorder)

    def fits_entry(self, fieldtype: int, nbytes: int) -> bool:
        """Return whether values lie in their entry; those of texts in NDPI files never do."""
        return nbytes <= self.inline and not (self.is_ndpi and fieldtype == _ASCII)

    def directory_nbytes(self, count: int) -> int:
        """Return the bytes of a directory of so many entries."""
        high = 4 * count if self.is_ndpi else 0
        return self.count_nbytes + count * self.entry_nbytes + self.next_nbytes + high

    def parse(
        self,
        view: Buffer,
        start: int,
        offset: int,
        *,
        limits: Limits = DEFAULT_LIMITS,
        faults: Faults | None = None,
    ) -> Directory:
        """Return the directory at a file offset.

        Parameters:
            view: Bytes of the file from `start` on.
            start: File offset of the first byte of `view`.
            offset: File offset of the directory.
            limits: Its ``tags`` bounds the entries.
            faults: Where to record that the file ends before the pointer to the next directory;
                without it that is an error.

        Raises:
            TruncatedError: `view` ends within the directory.
            FormatError: The count of entries is absurd.
        """
        position = offset - start
        if position < 0 or position > len(view):
            raise TruncatedError('directory lies outside of the file', 'ifd', offset)
        try:
            record = self._ifd.parse(view, position, byteorder=self.byteorder, limits=limits)
            next_offset, high = record.next, getattr(record, 'high', None)
        except FormatError as error:
            fault = type(error)(error.message, error.path, error.offset + start)
            cut = isinstance(error, TruncatedError) and error.path.endswith(('.next', '.high'))
            if faults is None or not cut:
                raise fault from None
            faults.append(fault)
            record = self._cut.parse(view, position, byteorder=self.byteorder, limits=limits)
            next_offset, high = 0, None
        entries = record.entries
        if len(entries) > limits.tags:
            message = f'{len(entries)} entries, {limits.tags} are allowed'
            raise LimitError(message, 'ifd', offset)
        return Directory(self, offset, entries, next_offset, high)

    def parse_link(self, view: Buffer, position: int = 0) -> int:
        """Return the offset of a directory that stands at a position of `view`."""
        value: int = self._link.parse(view, position, byteorder=self.byteorder).value
        return value

    def build_link(self, offset: int) -> bytes:
        """Return the bytes of an offset of a directory.

        Raises:
            BuildError: The offset does not fit.
        """
        return bytes(self._link.build({'value': offset}, byteorder=self.byteorder))

    def build_header(self, first: int = 0) -> bytes:
        """Return the header of a file whose first directory lies at `first`."""
        order = b'II' if self.byteorder == '<' else b'MM'
        values = {'order': order, 'first': first}
        return bytes(self._header.build(values, byteorder=self.byteorder))

    @cached_property
    def empty_header(self) -> bytes:
        """Header of a file that has no directory yet."""
        return self.build_header()

    @cached_property
    def header_nbytes(self) -> int:
        """Bytes of the header."""
        return len(self.empty_header)

    @cached_property
    def first_at(self) -> int:
        """File offset of the pointer to the first directory."""
        return self.header_nbytes - self.next_nbytes

    def decode_value(
        self,
        fieldtype: int,
        count: int,
        data: Buffer,
        row: TagRow | None = None,
        faults: Faults | None = None,
    ) -> Any:
        """Return the value of a tag from its bytes; see `tagvalues.decode_value`."""
        return decode_value(fieldtype, count, data, self.byteorder, row, faults)

    def encode_value(
        self, row: TagRow | None, fieldtype: int | None, value: Any
    ) -> tuple[int, int, bytes]:
        """Return field type, count and bytes of a value; see `tagvalues.encode_value`."""
        return encode_value(row, fieldtype, value, self.byteorder, big=self.is_big)

    def build(self, entries: Iterable[Entry], address: int, next_offset: int = 0) -> BuiltDirectory:
        """Return a directory laid out at an address, its longer values behind it.

        Parameters:
            entries: The entries; they are sorted by code.
            address: File offset at which the bytes will be written.
            next_offset: Offset of the next directory.

        Raises:
            BuildError: There are too many entries, or an offset does not fit.
        """
        ordered = sorted(entries, key=lambda entry: entry.code)
        size = self.directory_nbytes(len(ordered))
        blocks = bytearray()
        table = np.zeros(len(ordered), self.entry_dtype)
        high = []
        values_at = []
        for position, (code, kind, count, data) in enumerate(ordered):
            if self.fits_entry(kind, len(data)):
                field = data.ljust(self.inline, b'\0')
                at = self._inline_at(address, position)
                high.append(0)
            else:
                # Values start on even addresses, wherever the directory lies.
                if (address + size + len(blocks)) & 1:
                    blocks.append(0)
                at = address + size + len(blocks)
                field = self._build_word(at, code)
                high.append(at >> 32)
                blocks += data
            values_at.append(at)
            table[position] = (code, kind, count, field)
        values: dict[str, Any] = {'entries': table, 'next': next_offset}
        if self.is_ndpi:
            values['high'] = np.array(high, np.uint32)
        data = bytes(self._ifd.build(values, byteorder=self.byteorder))
        return BuiltDirectory(
            data + bytes(blocks),
            address,
            address + self.count_nbytes + len(ordered) * self.entry_nbytes,
            tuple(values_at),
        )

    def _inline_at(self, address: int, position: int) -> int:
        return address + self.count_nbytes + (position + 1) * self.entry_nbytes - self.inline

    def _build_word(self, offset: int, code: int) -> bytes:
        if self.is_ndpi:
            offset &= 0xFFFFFFFF
        try:
            return bytes(self._word.build({'value': offset}, byteorder=self.byteorder))
        except BuildError as error:
            raise BuildError(
                f'offset {offset} does not fit: {error.message}', f'tag {code}'
            ) from None

    def build_entry(
        self, code: int, fieldtype: int, count: int, data: bytes | None, offset: int = 0
    ) -> bytes:
        """Return the bytes of one entry, to be written over another.

        Parameters:
            code, fieldtype, count: As in the entry.
            data: Values that fit the entry, or None where they lie at `offset`.
            offset: File offset of the values.

        Raises:
            BuildError: Values do not fit the entry, or the offset does not fit.
        """
        if data is None:
            field = self._build_word(offset, code)
        elif len(data) <= self.inline:
            field = data.ljust(self.inline, b'\0')
        else:
            raise BuildError(f'{len(data)} bytes do not fit an entry', f'tag {code}')
        table = np.zeros(1, self.entry_dtype)
        table[0] = (code, fieldtype, count, field)
        return table.tobytes()


@lru_cache(32)
def directory_lists(codec: DirectoryCodec, tags: int = DEFAULT_LIMITS.tags) -> LinkedTables:
    """Return the directories of a container as linked tables; files alike share one object."""
    order = codec.byteorder
    return LinkedTables(
        np.dtype(f'{order}u{codec.count_nbytes}'),
        codec.entry_dtype,
        np.dtype(f'{order}u{codec.next_nbytes}'),
        extra=4 if codec.is_ndpi else 0,
        max_rows=tags,
    )


def _dtype(struct: Any, byteorder: ByteOrder) -> np.dtype[np.void]:
    dtype: np.dtype[np.void] | None = struct.dtype(byteorder)
    if dtype is None:
        raise AssertionError(f'{struct} is of fixed layout')
    return dtype


@cache
def codec(variant: Variant, byteorder: str) -> DirectoryCodec:
    """Return the codec of a variant and byte order; the same object each time.

    Example:
        >>> codec('classic', '<').build_header(8)
        b'II*\\x00\\x08\\x00\\x00\\x00'
    """
    if variant not in VARIANTS:
        raise ValueError(f'variant {variant!r} is none of {", ".join(VARIANTS)}')
    return DirectoryCodec(variant, normalize_byteorder(byteorder))


def parse_header(view: Buffer, *, ndpi: bool = False) -> Header:
    """Return the header of a TIFF-like file.

    Parameters:
        view: The first 16 bytes or more, fewer if the file is shorter.
        ndpi: The file has 64-bit offsets in classic entries.

    Raises:
        FormatError: The bytes are no header of a TIFF.
        UnsupportedError: The header is of a kind that is known but not read.

    Example:
        >>> parse_header(b'MM\\0*\\0\\0\\0\\x08')
        Header(byteorder='>', version=42, first=8, variant='classic')
    """
    order = bytes(view[:2])
    byteorder = _ORDERS.get(order)
    if byteorder is None:
        raise FormatError(f'{order!r} is no byte order of a TIFF', 'header.order', 0)
    version = _version(view, byteorder)
    variant: Variant = 'big' if version == 43 else 'ndpi' if ndpi else 'classic'
    if version == 0x4E31:
        raise UnsupportedError('NIFF files are not supported')
    record = codec(variant, byteorder)._header.parse(view[:_HEADER_BYTES], byteorder=byteorder)
    return Header(byteorder, version, record.first, variant)


def _version(view: Buffer, byteorder: ByteOrder) -> int:
    version: int = _version_struct().parse(view[:4], byteorder=byteorder).version
    return version


@cache
def _version_struct() -> Any:
    return schemas['tiff/ifd'].struct('version', variant='classic')
