"""The byte map of a file: what each structure claims, from directories, tags, traces and segments.

Rule 1: structure is traced by compiled structs; nothing is unpacked here.
Rule 2: damage does not end the map: what cannot be read claims nothing, and its fault is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tiffschema.errors import FormatError, LimitError, TiffFileError
from tiffschema.model.blocks import BlockRule, block_rules
from tiffschema.model.references import resolve_reference
from tiffschema.model.sections import schemas
from tiffschema.model.tagcodes import SEGMENTS, TagCode
from tiffschema.model.tagtable import tag_tables

from .coverage import ByteMap, Claim, account
from .leftovers import leftovers
from .reached import reached
from .segmenttable import stored_numbers
from .tagplans import tag_plan
from .tags import TiffTag, TiffTags
from .tagvalue import block_of

if TYPE_CHECKING:
    from tiffschema.compiler.library import Extent
    from tiffschema.model.directory import Directory

    from .file import TiffFile
    from .page import TiffPage

__all__ = ['byte_map', 'child_tags', 'loose_blocks']

_MAX_CHILDREN: Final = 1 << 12
_ROUNDS: Final = 16
"""How often gaps are looked at again after something was found in others."""
_FREE: Final = (TagCode.FreeOffsets, TagCode.FreeByteCounts)


def byte_map(tif: TiffFile, *, details: bool = True) -> ByteMap:
    """Return what every byte of a file is.

    Parameters:
        tif: An open file.
        details: Whether to give entries, inline values and fields of blocks, too.

    Example:
        >>> from tiffschema.runtime.file import TiffFile
        >>> data = bytes.fromhex('49492a00 08000000 0100 0001030001000000 05000000 00000000')
        >>> with TiffFile(data) as tif:
        ...     found = byte_map(tif)
        >>> [(span.kind, span.nbytes) for span in found.spans if span.depth == 0]
        [('header', 8), ('directory', 18)]
        >>> found.unexplained
        ()
    """
    claims = _Claims(tif, details)
    claims.header()
    claims.pages(tif.pages)
    claims.series()
    claims.blocks()
    found = account(claims.found, tif.source.size, tif.source.view)
    for _ in range(_ROUNDS):
        if not claims.leftovers(found):
            break
        found = account(claims.found, tif.source.size, tif.source.view)
    return found


def loose_blocks(file: Any) -> tuple[str, ...]:
    """Return the names of the declared blocks of a file which no tag points to.

    Blocks that only say how the file is laid out are none of them.

    Parameters:
        file: What `TiffFile` takes.
    """
    from .file import TiffFile

    found: list[str] = []
    with TiffFile(file) as tif:
        for rule in block_rules():
            if rule.layout:
                continue
            if rule.reference:
                found += [name for _, _, name in resolve_reference(rule.reference)(tif, ())]
            elif _standing(tif, rule) is not None:
                found.append(rule.name)
    return tuple(found)


def _standing(tif: TiffFile, rule: BlockRule) -> tuple[Any, int, Any] | None:
    """Return struct, offset and bytes of a declared block; None where it is not in the file."""
    codec = tif.container.codec
    at = codec.header_nbytes if rule.at is None else rule.at
    struct = rule.schema.struct(rule.struct)
    order, limits = codec.byteorder, tif.limits
    try:
        view = reached(tif.source, struct, at, byteorder=order, limits=limits)
        struct.parse(view, at, byteorder=order, limits=limits, faults=[])
    except FormatError:
        return None  # another kind of file: the constants are not there
    return struct, at, view


class _Claims:
    """Collects the claims of one file.

    Parameters:
        tif: The file.
        details: Whether claims get their parts.
    """

    def __init__(self, tif: TiffFile, details: bool) -> None:
        self.tif = tif
        self.details = details
        self.found: list[Claim] = []
        self._left = tif.limits.items
        """Claims and parts of them that may still be added."""
        self._met: set[int] = set()
        self._starts: set[int] = set()
        self._stored: list[Any] = []
        self._codec = tif.container.codec
        self._ifd = schemas['tiff/ifd'].struct('ifd', variant=self._codec.variant)

    def add(
        self, start: int, stop: int, kind: str, path: str, note: str = '',
        parts: Iterable[Claim] = (),
    ) -> None:  # fmt: skip
        """Add a claim; empty ones claim nothing, and neither do those beyond the limit of items."""
        if stop <= start:
            return
        inside: list[Claim] = []
        weight = 1
        for part in parts:
            weight += 1 + len(part.parts)
            if weight > self._left:
                break
            inside.append(part)
        self._left -= weight
        if self._left < 0:
            message = f'the map has more than {self.tif.limits.items} claims; others are left out'
            self.tif.faults.append(LimitError(message, 'map'))
            self._left = 0
            return
        self.found.append(Claim(start, stop, kind, path, note, tuple(inside)))

    def header(self) -> None:
        """Add the header, field by field."""
        struct = schemas['tiff/ifd'].struct('header', variant=self._codec.variant)
        view = self.tif.source.view(0, 64)
        extents = struct.trace(view, byteorder=self._codec.byteorder)
        parts = [Claim(e.start, e.stop, 'field', e.path) for e in extents if e.kind != 'fault']
        end = max((part.stop for part in parts), default=0)
        self.add(0, end, 'header', 'header', '', parts if self.details else ())

    # Directories

    def pages(self, pages: Any) -> None:
        """Add all pages of a chain, with their children."""
        for index in range(len(pages)):
            page = pages.get(index, aspage=True)
            if page.offset in self._met:
                continue
            self.directory(page.tags, page.directory, page.path)
            self.segments(page)
            if page.subifds is not None:
                try:
                    children = page.pages
                    assert children is not None
                    self.pages(children)
                except FormatError as error:
                    self.tif.faults.append(error)

    def directory(self, tags: TiffTags, directory: Directory, path: str) -> None:
        """Add a directory with what its tags point to, other than SubIFDs and segments."""
        if directory.offset in self._met:
            return
        self._met.add(directory.offset)
        stop = directory.offset + directory.nbytes
        parts = self._entries(directory, tags, path) if self.details else ()
        self.add(directory.offset, stop, 'directory', path, f'{len(directory.codes)} tags', parts)
        for tag in tags:
            where = f'{path}.{_name(tag)}'
            self.value(tag, where, directory.offset, stop)
            for number, child in enumerate(child_tags(tag, tags)):
                assert child.directory is not None
                self.directory(child, child.directory, f'{where}[{number}]' if number else where)

    def _entries(self, directory: Directory, tags: TiffTags, path: str) -> Iterator[Claim]:
        codec = self._codec
        first, end = directory.entry_at(0), directory.entry_at(len(directory.codes))
        yield Claim(directory.offset, first, 'field', f'{path}.n', str(len(directory.codes)))
        inline = {
            tag.offset: tag for tag in tags if tag.valueoffset < end and tag.valueoffset > first
        }
        for position, code in enumerate(directory.codes):
            at = directory.entry_at(position)
            name = tag_plan(tags.space, code).name
            tag = inline.get(at)
            inside: tuple[Claim, ...] = ()
            if tag is not None and at < tag.valueoffset < at + codec.entry_nbytes:
                stop = tag.valueoffset + tag.valuebytecount
                inside = (Claim(tag.valueoffset, stop, 'value', f'{path}.{_name(tag)}', 'inline'),)
            label = f'{path}.tag {code}' + (f' {name}' if name != str(code) else '')
            yield Claim(at, at + codec.entry_nbytes, 'entry', label, '', inside)
        view, start = self.tif.directories.window(directory.offset, directory.nbytes)
        extents = self._ifd.trace(
            view, directory.offset - start, byteorder=codec.byteorder, base=-start
        )
        for extent in extents:
            if extent.start >= end and extent.kind != 'fault':
                yield Claim(extent.start, extent.stop, 'field', f'{path}.{extent.path}')

    # Values

    def value(self, tag: TiffTag, path: str, start: int, behind: int) -> None:
        """Add the value of a tag that lies outside of its entry, and what its struct leads to.

        Parameters:
            tag: The tag.
            path: Its path.
            start, behind: Where its directory begins and ends.
        """
        inline = start <= tag.valueoffset < behind
        extents = self._traced(tag)
        end = tag.valueoffset + tag.valuebytecount
        for extent in sorted(extents, key=lambda e: e.start):
            # Structs of tags whose count lies are longer than it says.
            if tag.valueoffset <= extent.start < end:
                end = max(end, extent.stop)
        inside = [e for e in extents if tag.valueoffset <= e.start and e.stop <= end]
        if not inline:
            parts = [_field(e, path) for e in inside] if self.details else ()
            note = 'declared by its schema' if inside else ''
            self.add(tag.valueoffset, end, 'value', path, note, parts)
        outside = sorted(set(extents) - set(inside), key=lambda e: (e.start, e.stop))
        for start, stop, members in _merged(outside):
            parts = [_field(e, path) for e in members] if self.details else ()
            self.add(start, stop, 'block', path, 'declared by its schema', parts)

    def _traced(self, tag: TiffTag) -> list[Extent]:
        try:
            block = block_of(tag)
        except TiffFileError as error:
            if isinstance(error, FormatError):
                self.tif.faults.append(error)
            return []
        extents = [] if block is None else block.extents
        return [e for e in extents if e.kind != 'fault' and e.stop > e.start]

    # Pixels

    def segments(self, page: TiffPage) -> None:
        """Add the strips or tiles of a page, adjacent ones as one claim."""
        index = page.directory.index
        path = page.path
        what = 'tiles' if page.is_tiled else 'strips'
        try:
            if page.tiles is None:
                table = page.segmenttable
                starts, sizes = table.offsets.reshape(-1), table.bytecounts.reshape(-1)
                self._runs(starts, sizes, f'{path}.{what}')
                self._starts.update(starts[starts > 0].tolist())
            for code, counts in (*SEGMENTS.items(), _FREE):
                if code not in index:
                    continue
                starts, sizes = stored_numbers(page, code), stored_numbers(page, counts)
                if len(starts) != len(sizes):
                    continue
                fresh = np.array([at not in self._starts for at in starts.tolist()], bool)
                kind = 'padding' if code == _FREE[0] else 'segment'
                name = f'{path}.tag {code} {tag_plan("tiff", code).name}'
                self._runs(starts[fresh], sizes[fresh], name, kind)
        except FormatError as error:
            self.tif.faults.append(error)

    def _runs(self, starts: Any, sizes: Any, path: str, kind: str = 'segment') -> None:
        """Add ranges; those that follow each other in the file become one claim."""
        size = self.tif.source.size
        stored = (starts > 0) & (sizes > 0) & (starts < size)
        numbers = np.flatnonzero(stored)
        starts, stops = starts[stored], np.minimum(starts[stored] + sizes[stored], size)
        self._stored.append(np.stack((starts, stops), axis=1))
        order = np.lexsort((stops, starts))
        starts, stops, numbers = starts[order], stops[order], numbers[order]
        if not len(starts):
            return
        breaks = np.flatnonzero(starts[1:] != stops[:-1]) + 1
        for run in np.split(np.arange(len(starts)), breaks):
            first, last = run[0], run[-1]
            note = '' if len(run) == 1 else f'{len(run)} adjacent'
            label = f'{path}[{numbers[first]}]' if len(stored) > 1 else path
            self.add(int(starts[first]), int(stops[last]), kind, label, note)

    def series(self) -> None:
        """Add the frames of series that have no directories of their own."""
        try:
            for number, series in enumerate(self.tif.series):
                self._frames(series, f'series[{number}] ({series.kind}).frames')
        except TiffFileError as error:
            if isinstance(error, FormatError):
                self.tif.faults.append(error)

    def _frames(self, series: Any, path: str) -> None:
        frames = series.framemap
        if frames.files is not None and len(frames.sources) > 1:
            return  # other files of a set have maps of their own
        starts, sizes = frames.table.offsets.reshape(-1), frames.table.bytecounts.reshape(-1)
        fresh = ~np.isin(starts, np.fromiter(self._starts, np.int64, len(self._starts)))
        self._runs(starts[fresh], sizes[fresh], path)
        self._starts.update(starts[fresh].tolist())

    def blocks(self) -> None:
        """Add the blocks that no tag points to, as schemas declare them."""
        source, codec = self.tif.source, self._codec
        for rule in block_rules():
            if rule.reference:
                rows = np.concatenate(self._stored) if self._stored else np.empty((0, 2), np.int64)
                function = resolve_reference(rule.reference)
                for start, stop, name in function(self.tif, map(tuple, rows.tolist())):
                    self.add(start, min(stop, source.size), 'block', name)
                continue
            standing = _standing(self.tif, rule)
            if standing is None:
                continue
            struct, at, view = standing
            extents = struct.trace(view, at, byteorder=codec.byteorder, limits=self.tif.limits)
            found = [e for e in extents if e.kind != 'fault' and e.stop > e.start]
            for start, stop, members in _merged(sorted(found, key=lambda e: (e.start, e.stop))):
                parts = [_field(e, rule.name) for e in members] if self.details else ()
                self.add(start, stop, 'block', rule.name, 'declared by its schema', parts)

    def leftovers(self, found: ByteMap) -> bool:
        """Add what writers left in gaps of a map; return whether there was anything."""
        more = leftovers(self.tif, found, self._met)
        self.found += more
        return bool(more)


def _name(tag: TiffTag) -> str:
    name = tag.name
    return f'tag {tag.code}' if name == str(tag.code) else f'tag {tag.code} {name}'


def _field(extent: Extent, path: str) -> Claim:
    note = '' if extent.kind == 'field' else extent.kind
    return Claim(extent.start, extent.stop, 'field', f'{path}.{extent.path}', note)


def _merged(extents: Iterable[Extent]) -> Iterator[tuple[int, int, list[Extent]]]:
    """Yield stretches of extents that touch: start, stop, members."""
    start = stop = -1
    members: list[Extent] = []
    for extent in extents:
        if members and extent.start <= stop:
            stop = max(stop, extent.stop)
            members.append(extent)
            continue
        if members:
            yield start, stop, members
        start, stop, members = extent.start, extent.stop, [extent]
    if members:
        yield start, stop, members


def child_tags(tag: TiffTag, tags: TiffTags) -> Iterator[TiffTags]:
    """Yield the tags of the directories that a tag points to, other than SubIFDs.

    What is no directory, or leads back to one that led here, is left out with a fault.

    Parameters:
        tag: The tag.
        tags: The tags of its directory.
    """
    space = tag.plan.row.space if tag.plan.row is not None else None
    if space is None or tag.code == TagCode.SubIFDs or tag.count > _MAX_CHILDREN:
        return
    tif = tags.parent
    trail = (*tags.trail, 0 if tags.directory is None else tags.directory.offset)
    for offset in _offsets(tag):
        if offset in trail or len(trail) > tif.limits.depth:
            continue
        try:
            directory = tif.directories.read(offset)
        except FormatError as error:
            tif.faults.append(error)
            continue
        yield TiffTags(tif, directory, space if space in tag_tables else 'tiff', trail=trail)


def _offsets(tag: TiffTag) -> list[int]:
    from .tagvalue import plain_value

    try:
        values = plain_value(tag)
    except FormatError:
        return []
    values = values if isinstance(values, tuple) else (values,)
    return [value for value in values if isinstance(value, int) and value >= 8]
