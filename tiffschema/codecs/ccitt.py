"""Decoders of the CCITT bilevel codecs: modified Huffman (2, 32771), T.4 (3) and T.6 (4).

This module knows bits and rows, not files. Decoded samples are the stored bits: a white run is 0,
a black run 1, whatever the photometric interpretation says (TIFF 6.0 section 10 and 11).

Rule 1: a row is the list of its transitions (columns, never decreasing, the first from white to
black); pixels are drawn from all rows at once. Runs of no length stay in it as two equal columns:
T.6 does not speak of them, but encoders that write them count them as changing elements of the
row above (libtiff agrees; others lose track of such images). Rule 2: every turn of a loop consumes
at least one bit or finishes a row, so hostile data ends. Rule 3: T.4 finds its rows again at the
next end-of-line code, so a bad row of a facsimile is kept up to its fault and the rest of it is
white. T.6 cannot: what follows its first fault is a guess. Both are faults.

Sources: ITU-T T.4 (07/2003), ITU-T T.6 (11/1988), TIFF 6.0 sections 10 and 11, TIFF Class F.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.types import Buffer

from . import ccitt_codes

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = [
    'RunReader',
    'decode_rle',
    'decode_rlew',
    'decode_t4',
    'decode_t6',
    'salvage_rle',
    'salvage_rlew',
    'salvage_t4',
    'salvage_t6',
]

Array: TypeAlias = NDArray[Any]

# The longest code word has 13 bits; a window of 24 bits holds one at any bit of its first byte.
_WINDOW = 13
_MASK = (1 << _WINDOW) - 1

# Modes of the two-dimensional table, above the vertical offsets -3 .. 3.
_PASS, _HORIZONTAL, _EXTENSION = 4, 5, 6
_RTC = 6


class _BadRow(Exception):
    """Ends a row; carries the fault and the row so far."""

    def __init__(self, message: str, row: list[int], kind: type[Exception] = FormatError) -> None:
        super().__init__(message)
        self.message = message
        self.row = row
        self.kind = kind

    def fault(self, index: int) -> Exception:
        """Return the error to raise, for the row of an index."""
        if self.kind is UnsupportedError:
            return UnsupportedError(f'CCITT: {self.message} in row {index}')
        return self.kind(f'CCITT: {self.message} in row {index}', 'segment')


@cache
def _run_table(black: bool) -> tuple[int, ...]:
    """Return for each 13-bit window ``run << 4 | bits`` of its code word, 0 where there is none."""
    table = [0] * (1 << _WINDOW)
    codes = ccitt_codes.BLACK if black else ccitt_codes.WHITE
    for run, word in (codes | ccitt_codes.EXTENDED).items():
        _enter(table, word, run << 4 | len(word), _WINDOW)
    return tuple(table)


@cache
def _mode_table() -> tuple[tuple[int, int], ...]:
    """Return for each 7-bit window the (mode, bits) of its code word, bits 0 for none."""
    table = [(0, 0)] * 128
    for name, word in ccitt_codes.MODES.items():
        if name == 'extension1d':
            continue  # Of one-dimensional rows; longer than the window.
        mode = {'pass': _PASS, 'horizontal': _HORIZONTAL, 'extension2d': _EXTENSION}.get(name)
        if mode is None:
            mode = int(name[2:] or 0) * (-1 if name[1] == 'L' else 1)
        _enter(table, word, (mode, len(word)), 7)
    return tuple(table)


def _enter(table: list[Any], word: str, entry: Any, width: int) -> None:
    spare = width - len(word)
    first = int(word, 2) << spare
    table[first : first + (1 << spare)] = [entry] * (1 << spare)


class RunReader:
    """Reads rows of transitions from a bit stream.

    Parameters:
        data: The stream, most significant bit first.
        width: Pixels of a row.
    """

    def __init__(self, data: Buffer, width: int) -> None:
        self.width = width
        self.bit = 0
        self.bits = 8 * len(data)
        padded = np.zeros(len(data) + 6, 'u4')
        padded[: len(data)] = np.frombuffer(data, 'u1')
        # window[i] holds the 24 bits that begin at byte i.
        self._window = memoryview((padded[:-2] << 16) | (padded[1:-1] << 8) | padded[2:])
        self._data = data
        self._unpacked: bytes | None = None

    def row_1d(self) -> list[int]:
        """Return the transitions of a row of alternating runs, white first.

        Raises:
            _BadRow: A code does not exist, or a run is too long.
        """
        width, window, bit = self.width, self._window, self.bit
        tables = _run_table(False), _run_table(True)
        row: list[int] = []
        at = black = 0
        while at < width:
            run = 0
            table = tables[black]
            while True:
                if bit >= self.bits:
                    self.bit = bit
                    raise _BadRow('data ends', row, TruncatedError)
                entry = table[window[bit >> 3] >> (11 - (bit & 7)) & _MASK]
                if not entry:
                    self.bit = bit
                    raise _BadRow('no such run code', row)
                bit += entry & 15
                part = entry >> 4
                run += part
                if part < 64:
                    break
            at += run
            if at > width:
                self.bit = bit
                raise _BadRow('runs are longer than the row', row)
            if at < width:
                row.append(at)
            black ^= 1
        self.bit = bit
        return row

    def row_2d(self, above: list[int]) -> list[int]:
        """Return the transitions of a row coded relative to the row above.

        Raises:
            _BadRow: A code does not exist or a change lies outside the row.
        """
        width, window, bit, limit = self.width, self._window, self.bit, self.bits
        modes = _mode_table()
        changes = [*above, width, width, width]
        row: list[int] = []
        at, black, index = -1, 0, 0
        while at < width:
            if bit >= limit:
                self.bit = bit
                raise _BadRow('data ends', row, TruncatedError)
            mode, size = modes[window[bit >> 3] >> (17 - (bit & 7)) & 127]
            if mode < _PASS and size:
                bit += size
                while changes[index] <= at:
                    index += 2
                change = changes[index] + mode
                if change < at or change > width or change < 0:
                    self.bit = bit
                    raise _BadRow('change outside the row', row)
                at = change
                if at < width:
                    row.append(at)
                black ^= 1
                index = index - 1 if index else 1
            elif mode == _PASS:
                bit += size
                while changes[index] <= at:
                    index += 2
                at = changes[index + 1]
            elif mode == _HORIZONTAL:
                self.bit = bit + size
                at = max(at, 0)
                for colour in (black, black ^ 1):
                    at += self._run(colour, row)
                    if at > width:
                        raise _BadRow('runs are longer than the row', row)
                    if at < width:
                        row.append(at)
                bit = self.bit
            else:
                self.bit = bit
                if mode == _EXTENSION:
                    raise _BadRow('uncompressed mode or another extension', row, UnsupportedError)
                raise _BadRow('no such mode code', row)
        self.bit = bit
        return row

    def _run(self, black: int, row: list[int]) -> int:
        """Return one run of make-up codes and a terminating code."""
        table = _run_table(bool(black))
        window = self._window
        run = 0
        while True:
            bit = self.bit
            entry = 0
            if bit < self.bits:
                entry = table[window[bit >> 3] >> (11 - (bit & 7)) & _MASK]
            if not entry:
                raise _BadRow('no such run code', row)
            self.bit += entry & 15
            part = entry >> 4
            run += part
            if part < 64:
                return run

    def take(self) -> int:
        """Return the next bit, 0 behind the end."""
        bit = self.bit
        self.bit += 1
        return self._window[bit >> 3] >> (23 - (bit & 7)) & 1 if bit < self.bits else 0

    def eol(self) -> bool:
        """Pass an end-of-line code with any fill before it, if one is here."""
        bit, window = self.bit, self._window
        if bit >= self.bits or window[bit >> 3] >> (13 - (bit & 7)) & 0x7FF:
            return False
        byte = (bit + 11) >> 3
        while byte * 8 < self.bits:
            first = max(bit + 11 - byte * 8, 0)
            value = window[byte] >> 16 & 0xFF >> first
            if value:
                self.bit = byte * 8 + 9 - value.bit_length()
                return True
            byte += 1
        return False

    def seek_eol(self) -> bool:
        """Go to the next end-of-line code, without passing it."""
        if self._unpacked is None:
            self._unpacked = np.unpackbits(np.frombuffer(self._data, 'u1')).tobytes()
        found = self._unpacked.find(b'\0' * 11 + b'\1', self.bit)
        if found >= 0:
            self.bit = found
        return found >= 0

    def align(self, bits: int) -> None:
        """Go to the next multiple of `bits`."""
        self.bit = -(-self.bit // bits) * bits


Rows: TypeAlias = list[list[int]]


def _short(rows: Rows, height: int) -> Exception:
    return TruncatedError(f'CCITT: data ends after {len(rows)} of {height} rows', 'segment')


def _rows_rle(reader: RunReader, height: int, rows: Rows, align: int) -> Exception | None:
    """Read rows that begin at multiples of `align` bits; return what was wrong."""
    fault = None
    while len(rows) < height:
        reader.align(align)
        if reader.bit >= reader.bits:
            return fault or _short(rows, height)
        while reader.eol():
            reader.align(align)  # Some writers add end-of-line codes: they carry nothing here.
        try:
            rows.append(reader.row_1d())
        except _BadRow as error:
            fault = fault or error.fault(len(rows))
            rows.append(error.row)
            # The next boundary is the only place where a row can begin.
            reader.bit += 1
    return fault


def _rows_t4(reader: RunReader, height: int, rows: Rows, options: int) -> Exception | None:
    """Read rows of T.4, one- and two-dimensional; return what was wrong."""
    fault = None
    framed = reader.eol()
    tagged = bool(options & 1)
    while len(rows) < height:
        one_dimensional = not tagged or not framed or bool(reader.take())
        if reader.bit >= reader.bits:
            break
        above = rows[-1] if rows else []
        try:
            rows.append(reader.row_1d() if one_dimensional else reader.row_2d(above))
        except _BadRow as error:
            fault = fault or error.fault(len(rows))
            if framed or rows:
                rows.append(error.row)
            else:
                # What precedes the first end-of-line code was no row.
                reader.bit = 0
            if not reader.seek_eol():
                break
            framed = True
        if not framed:
            framed = len(rows) == 1 and reader.eol()
            continue
        if not reader.eol() and not (reader.seek_eol() and reader.eol()):
            break
        if _at_return(reader, tagged):
            break
    return fault or (_short(rows, height) if len(rows) < height else None)


def _at_return(reader: RunReader, tagged: bool) -> bool:
    """Return whether the return-to-control code is here; pass end-of-line codes without a row."""
    count = 1
    while count < _RTC:
        bit = reader.bit
        if tagged:
            reader.take()
        if not reader.eol():
            reader.bit = bit
            return False
        count += 1
    return True


def _rows_t6(reader: RunReader, height: int, rows: Rows, options: int) -> Exception | None:
    """Read rows of T.6; return what was wrong."""
    above: list[int] = []
    fault = None
    start = -1
    while len(rows) < height:
        try:
            above = reader.row_2d(above)
        except _BadRow as error:
            at_end = reader.bit >= reader.bits or reader.eol()
            if at_end and not error.row:
                return fault or _short(rows, height)
            fault = fault or error.fault(len(rows))
            if at_end or reader.bit == start:
                rows.append(error.row)
                return fault
            # Reading on mostly yields noise, but shows what other readers show.
            above = error.row
        rows.append(above)
        start = reader.bit
    return fault


def _draw(rows: Rows, height: int, width: int) -> Array:
    """Return the pixels of rows of transitions as bool of shape (height, width)."""
    pixels = np.zeros((height, width), 'u1')
    counts = np.fromiter(map(len, rows), np.intp, len(rows))
    total = int(counts.sum())
    columns = np.fromiter((at for row in rows for at in row), np.intp, total)
    columns += np.repeat(np.arange(len(rows)) * width, counts)
    if total and not (columns[1:] > columns[:-1]).all():
        columns, counts = np.unique(columns, return_counts=True)
        columns = columns[counts & 1 == 1]
    pixels.reshape(-1)[columns] = 1
    drawn: Array = np.bitwise_xor.accumulate(pixels, axis=1).view(bool)
    return drawn


Reading: TypeAlias = Callable[[RunReader, int, Rows, int], Exception | None]


def _read(
    data: Buffer, shape: tuple[int, ...], read: Reading, option: int
) -> tuple[Array, Exception | None]:
    """Return the pixels (depth, length, width, 1) that data yield, and what was wrong."""
    depth, length, width, samples = shape
    if samples != 1:
        raise UnsupportedError(f'CCITT codecs hold one sample per pixel, not {samples}')
    rows: Rows = []
    fault = None
    if width and depth * length:
        fault = read(RunReader(data, width), depth * length, rows, option)
    return _draw(rows, depth * length, width).reshape(shape), fault


def _decoded(data: Buffer, shape: tuple[int, ...], read: Reading, option: int) -> Array:
    pixels, fault = _read(data, shape, read, option)
    if fault is not None:
        raise fault
    return pixels


def _t4_options(spec: SegmentSpec) -> int:
    value = spec.options.get('t4options', 0)
    return value if isinstance(value, int) else 0


def decode_rle(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...], out: Any) -> Array:
    """Decode compression 2: modified Huffman rows on byte boundaries.

    Raises:
        FormatError: A row does not decode.
    """
    return _decoded(data, shape, _rows_rle, 8)


def decode_rlew(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...], out: Any) -> Array:
    """Decode compression 32771: modified Huffman rows on boundaries of 16 bits."""
    return _decoded(data, shape, _rows_rle, 16)


def decode_t4(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...], out: Any) -> Array:
    """Decode compression 3: T.4, whose option ``t4options`` bit 0 says two-dimensional."""
    return _decoded(data, shape, _rows_t4, _t4_options(spec))


def decode_t6(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...], out: Any) -> Array:
    """Decode compression 4: T.6."""
    return _decoded(data, shape, _rows_t6, 0)


def salvage_rle(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...]) -> Array:
    """Return what damaged data of compression 2 yield; bad rows are white from their fault on."""
    return _read(data, shape, _rows_rle, 8)[0]


def salvage_rlew(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...]) -> Array:
    """Return what damaged data of compression 32771 yield."""
    return _read(data, shape, _rows_rle, 16)[0]


def salvage_t4(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...]) -> Array:
    """Return what damaged data of compression 3 yield; rows resume at end-of-line codes."""
    return _read(data, shape, _rows_t4, _t4_options(spec))[0]


def salvage_t6(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...]) -> Array:
    """Return what damaged data of compression 4 yield up to the fault; the rest is white."""
    return _read(data, shape, _rows_t6, 0)[0]
