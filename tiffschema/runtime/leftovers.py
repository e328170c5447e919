"""What writers leave behind in a file when they write parts of it anew, told by its own form.

Rule 1: bytes are claimed only where they can be nothing else: a directory with sound entries, a
copy of values that tags have, a description in a declared form, a header that leads to a directory
of the file. Rule 2: each claim says that no link leads there. Nothing else in the library reads
these bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tiffschema.errors import FormatError, SchemaError
from tiffschema.model import catalog
from tiffschema.model.sections import schemas

from .coverage import ByteMap, Claim, Span, ZeroTest
from .tagplans import tag_plan

if TYPE_CHECKING:
    from tiffschema.model.directory import Directory

    from .file import TiffFile

__all__ = ['leftovers']

_UNCLAIMED: Final = ('gap', 'trailing')
_NO_LINK: Final = 'no link leads here'
_SHORTEST_COPY: Final = 6
_LONGEST_COPY: Final = 1 << 16
_SIZES: Final = 64
"""Different sizes of gaps that are compared with values: work grows with each of them."""
_MOST_COMPARED: Final = 1 << 26
"""Bytes of values that are compared with gaps in all."""
_SHORTEST_TEXT: Final = 16


def leftovers(tif: TiffFile, found: ByteMap, directories: Collection[int]) -> list[Claim]:
    """Return claims of what lies in the gaps of a map.

    Parameters:
        tif: The file.
        found: Its map.
        directories: Offsets of the directories that links lead to.
    """
    gaps = [(span.start, span.stop) for span in found.spans if span.kind in _UNCLAIMED]
    claims: list[Claim] = []
    for start, stop in gaps:
        claims += _earlier_directories(tif, start, stop, gaps)
    if claims:
        # What it points to changes the gaps; the others are looked at in the next round.
        return claims
    copies = _Copies(tif, found)
    for start, stop in gaps:
        claims += (
            copies.claims(start, stop)
            or _earlier_text(tif, start, stop)
            or _appended_header(tif, start, stop, directories)
        )
    return claims


def _earlier_directories(
    tif: TiffFile, start: int, stop: int, gaps: Sequence[tuple[int, int]]
) -> Iterator[Claim]:
    """Yield the directories that a gap begins with, and what they point to in gaps.

    Who writes a directory anew leaves the one before where it was, with its values behind it. It
    may lie behind the byte that aligns it.
    """
    ends: dict[int, int] = {}  # of values, by where they begin
    at = start
    while True:
        aligned = at + at % 2
        directory = _directory_at(tif, at, stop) or _directory_at(tif, aligned, stop)
        if directory is None:
            return
        at = directory.offset + directory.nbytes
        path = f'earlier directory @{directory.offset}'
        note = f'{len(directory.codes)} tags; {_NO_LINK}'
        yield Claim(directory.offset, at, 'directory', path, note)
        for position, code in enumerate(directory.codes):
            begin = directory.value_at(position)
            end = begin + directory.value_nbytes(position)
            if not directory.is_inline(position) and _in_gap(begin, end, gaps):
                name = tag_plan('tiff', code).name
                yield Claim(begin, end, 'value', f'{path}.tag {code} {name}', _NO_LINK)
                ends[begin] = max(end, ends.get(begin, 0))
        while at in ends or at + at % 2 in ends:
            at = ends[at if at in ends else at + at % 2]


def _in_gap(start: int, stop: int, gaps: Sequence[tuple[int, int]]) -> bool:
    """Return whether one of the gaps, which are in order, holds a range."""
    index = bisect_right(gaps, start, key=lambda gap: gap[0]) - 1
    return index >= 0 and stop <= gaps[index][1]


def _directory_at(tif: TiffFile, start: int, stop: int) -> Directory | None:
    """Return the directory at an offset if there is a plausible one before `stop`."""
    codec = tif.container.codec
    if start < codec.header_nbytes or stop - start < codec.directory_nbytes(1):
        return None
    try:
        directory = tif.directories.read(start)
    except FormatError:
        return None
    codes = list(directory.codes)
    if not codes or codes != sorted(set(codes)) or start + directory.nbytes > stop:
        return None
    if not all(kind in codec.sizes for kind in directory.types) or not all(directory.counts):
        return None
    return directory


class _Copies:
    """Values of tags by their bytes, alone and with those that follow them.

    Parameters:
        tif: The file.
        found: Its map.
    """

    def __init__(self, tif: TiffFile, found: ByteMap) -> None:
        self._view = tif.source.view
        self._known: dict[int, dict[bytes, str]] = {}
        self._left = _MOST_COMPARED
        self._runs: list[list[Span]] = []
        """Values that follow each other without a gap."""
        stop = -1
        for span in found.spans:
            if span.kind == 'value' and not span.depth:
                if span.start != stop:
                    self._runs.append([])
                self._runs[-1].append(span)
                stop = span.stop

    def claims(self, start: int, stop: int) -> list[Claim]:
        """Return the claim of a gap that repeats values which tags have elsewhere."""
        size = stop - start
        if not _SHORTEST_COPY <= size <= _LONGEST_COPY:
            return []
        path = self._of_size(size).get(bytes(self._view(start, size)))
        if path is None:
            return []
        return [Claim(start, stop, 'value', f'copy of {path}', _NO_LINK)]

    def _of_size(self, size: int) -> dict[bytes, str]:
        """Return the runs of adjacent values of that many bytes."""
        if size not in self._known:
            if len(self._known) >= _SIZES:
                return {}
            found: dict[bytes, str] = {}
            self._known[size] = found
            for run in self._runs:
                stops = {span.stop for span in run}
                for first in run:
                    if first.start + size in stops and self._left >= size:
                        self._left -= size
                        found.setdefault(bytes(self._view(first.start, size)), first.path)
        return self._known[size]


def _earlier_text(tif: TiffFile, start: int, stop: int) -> list[Claim]:
    """Return the claim of a gap that holds one description of a declared form."""
    size = stop - start
    if not _SHORTEST_TEXT <= size <= tif.limits.text:
        return []
    text = bytes(tif.source.view(start, size)).rstrip(b'\0')
    if len(text) < _SHORTEST_TEXT or b'\0' in text:
        return []
    for id, declared in catalog.section('texts').items():
        for name, raw in declared.items():
            if raw.get('starts') and _is_text(catalog.view(id), name, text, tif.limits):
                path = f'earlier text: {name}'
                return [Claim(start, stop, 'value', path, _NO_LINK)]
    return []


def _is_text(view: Any, name: str, text: bytes, limits: Any) -> bool:
    """Return whether a text is wholly of a declared form."""
    faults: list[Any] = []
    try:
        grammar = view.texts[name]
        return (
            grammar.matches(text)
            and bool(grammar.parse(text.decode(), faults, limits=limits))
            and not faults
        )
    except (FormatError, SchemaError, UnicodeDecodeError):
        return False


def _appended_header(
    tif: TiffFile, start: int, stop: int, directories: Collection[int]
) -> list[Claim]:
    """Return the claim of a header that a gap ends with, of a TIFF that was appended as it is.

    Its offset of the first directory counts from itself, and leads to a directory of the file.
    """
    codec = tif.container.codec
    at = stop - codec.header_nbytes
    view = tif.source.view(max(at, 0), codec.header_nbytes)
    if at < start or bytes(view[:2]) != bytes(tif.source.view(0, 2)):
        return []
    header = schemas['tiff/ifd'].struct('header', variant=codec.variant)
    try:
        record = header.parse(view, byteorder=codec.byteorder)
    except FormatError:
        return []
    if at + record.first not in directories or not ZeroTest(tif.source.view)(start, at):
        return []
    path = 'header of an appended file'
    return [Claim(at, stop, 'header', path, 'its offsets count from here, links do not')]
