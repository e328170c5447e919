"""Writing of one series of equal pages: data, directories, links.

Knows plans, templates and outputs; neither arguments nor flavours of files. Two ways to lie in a
file: as one block of samples whose further directories follow when the series ends, or page by
page with the directory in front of its segments.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.pipeline import encoder
from tiffschema.model.tagcodes import TagCode
from tiffschema.types import Buffer

from .encode import default_workers, encode_ahead
from .layout import DirectoryTemplate
from .output import Output
from .pages import SHORT, PageTemplates
from .pixels import ArrayPixels, Counted, EmptyPixels, IteratorPixels, Pixels, Segments
from .plan import ImagePlan

__all__ = [
    'ChildLinks',
    'Links',
    'MainLinks',
    'SeriesWriter',
    'TooLargeError',
    'segment_encoder',
]

WRITE_BYTES = 1 << 20
"""Small segments are collected up to so many bytes."""

DIRECT_BYTES = 1 << 16
"""Larger ones are written as they are."""


class TooLargeError(ValueError):
    """The data do not fit a file with 32-bit offsets."""


class Links(Protocol):
    """Where the pointers to the pages of a series lie."""

    chained: bool
    """Whether each page is linked from the page before it."""

    def connect(self, frame: int, address: int, next_at: int) -> None:
        """Make a page part of the file; ``next_at`` is the position of its own next pointer."""

    def tail(self, first: int, addresses: NDArray[np.int64], next_at: int) -> None:
        """Make pages part of the file which are linked with each other where chained."""


class MainLinks:
    """The chain that begins in the header."""

    chained = True

    def __init__(self, output: Output) -> None:
        self._output = output

    def connect(self, frame: int, address: int, next_at: int) -> None:
        """Link a page at the end of the chain."""
        self._output.link(self._output.pointer, address)
        self._output.pointer = address + next_at
        self._output.directories += 1

    def tail(self, first: int, addresses: NDArray[np.int64], next_at: int) -> None:
        """Link the first of several pages; they hold the links to each other."""
        self._output.link(self._output.pointer, int(addresses[0]))
        self._output.pointer = int(addresses[-1]) + next_at
        self._output.directories += len(addresses)


class ChildLinks:
    """The slots of tag SubIFDs in the pages of a parent series.

    Parameters:
        output: The file.
        positions: Position of the slot for each page.
    """

    chained = False

    def __init__(self, output: Output, positions: NDArray[np.int64]) -> None:
        self._output = output
        self._positions = positions
        self.next_positions = np.zeros(len(positions), np.int64)
        """Position of each page's next pointer, the slots of a further level in a chain."""

    def connect(self, frame: int, address: int, next_at: int) -> None:
        """Link a page from its parent."""
        self._output.link(int(self._positions[frame]), address)
        self.next_positions[frame] = address + next_at

    def tail(self, first: int, addresses: NDArray[np.int64], next_at: int) -> None:
        """Link pages from their parents."""
        positions = self._positions[first : first + len(addresses)]
        self._output.link_all(positions, addresses)
        self.next_positions[first : first + len(addresses)] = addresses + next_at


class SeriesWriter:
    """Writes the pages of one series.

    Parameters:
        output: The file.
        plan: What the pages are like.
        pages: Templates of their directories.
        links: Where the pages are linked from.
        align: Data of a block begin at a multiple of it.
    """

    def __init__(
        self,
        output: Output,
        plan: ImagePlan,
        pages: PageTemplates,
        links: Links,
        *,
        align: int = 16,
    ) -> None:
        self.output = output
        self.plan = plan
        self.links = links
        self.frames = 0
        self.addresses: list[int] = []
        self.dataoffset = -1
        self._align = align
        self.pages = pages
        self.first = pages.first
        """Template of the first page."""
        self._tail_written = 1
        self._slots: list[int] = []

    # One block

    def write_block(self, pixels: Pixels, frames: int) -> tuple[int, int]:
        """Write pages as part of one block of samples; returns offset and size.

        The directory of the first page is written with it, the others by `finish`.

        Raises:
            ValueError: The block does not fit a classic file.
        """
        nbytes = frames * self.plan.stored.page_size * self.plan.storage.itemsize
        output = self.output
        if self.frames == 0:
            address = output.next_address()
            start = address + self.first.size
            start += -start % self._align
            self.check(start if self.plan.arguments.truncate else start + nbytes)
            self.dataoffset = start
            self._write_first(address, pixels, frames, nbytes)
        else:
            start = self.dataoffset + self.frames * self._page_bytes
            self.check(start if self.plan.arguments.truncate else start + nbytes)
            self._write_samples(pixels, frames, start, nbytes)
        self.frames += frames
        return start, nbytes

    @property
    def _page_bytes(self) -> int:
        return self.plan.stored.page_size * self.plan.storage.itemsize

    def check(self, stop: int) -> None:
        """Refuse data that end beyond the largest offset.

        Raises:
            TooLargeError: They do.
        """
        if not self.output.fits(stop):
            raise TooLargeError(
                f'data: too large for a classic TIFF, {stop} bytes; pass bigtiff=True'
            )

    def _write_samples(self, pixels: Pixels, frames: int, start: int, nbytes: int) -> None:
        output = self.output
        if isinstance(pixels, EmptyPixels):
            output.reserve(start + nbytes)
            return
        if isinstance(pixels, ArrayPixels) and pixels.is_plain:
            output.write(start, pixels.raw())
            return
        at = start
        for frame in range(frames):
            stop = at + self._page_bytes
            for piece in pixels.planes(frame):
                if piece is None:
                    break
                raw = piece.reshape(-1).view(np.uint8)
                output.write(at, raw.data)
                at += raw.size
            at = stop
        if isinstance(pixels, IteratorPixels):
            pixels.check_end()
        output.reserve(start + nbytes)

    def _write_first(self, address: int, pixels: Pixels, frames: int, nbytes: int) -> None:
        start = self.dataoffset
        head = self.pages.head(address, start)
        if isinstance(pixels, ArrayPixels) and pixels.is_plain:
            gap = bytes(start - address - len(head))
            self.output.write_parts(address, (head, gap, pixels.raw()), start + nbytes - address)
        else:
            self._write_samples(pixels, frames, start, nbytes)
            self.output.write(address, head)
        self.addresses.append(address)
        self.links.connect(0, address, self.first.next_at)

    def finish(self) -> None:
        """Write the directories of all pages of a block but the first."""
        if self.dataoffset < 0 or self.frames <= self._tail_written:
            return
        output = self.output
        begin = self._tail_written
        count = self.frames - begin
        address = output.next_address()
        template = self.pages.rest
        self.check(address + count * template.size)
        addresses = address + template.size * np.arange(count, dtype=np.int64)
        for low in range(0, count, 4096):
            part = addresses[low : low + 4096]
            nexts = part + template.size if self.links.chained else np.zeros_like(part)
            if self.links.chained and low + len(part) == count:
                nexts[-1] = 0
            starts = self.dataoffset + self._page_bytes * np.arange(
                begin + low, begin + low + len(part), dtype=np.int64
            )
            block = template.block(part, nexts, self.pages.block_columns(*starts.tolist()))
            output.write(int(part[0]), block.reshape(-1).data)
        self.links.tail(begin, addresses, template.next_at)
        self.addresses.extend(addresses.tolist())
        self._tail_written = self.frames

    # Page by page

    def write_pages(
        self, pixels: Pixels, frames: int, *, on_data: Callable[[Buffer], None] | None = None
    ) -> None:
        """Write pages one after the other, each with its directory in front of its segments.

        Raises:
            ValueError: The file grows beyond what a classic TIFF can address.
        """
        plan = self.plan
        geometry = plan.geometry
        arguments = plan.arguments
        count = geometry.segment_count
        encode = segment_encoder(plan)
        nbytes = max(
            plan.storage.itemsize * int(np.prod(geometry.segment_shape)) if count else 1, 1
        )
        workers = default_workers(arguments.maxworkers, count * frames, nbytes)
        if arguments.compression == 1:
            workers = 0
        counted: dict[int, int] = {}
        source = self._counting(
            itertools.chain.from_iterable(
                pixels.segments(frame, geometry) for frame in range(frames)
            ),
            counted,
        )
        encoded = encode_ahead(
            source,
            encode,
            workers=workers,
            count=count * frames,
            nbytes=nbytes,
            buffersize=arguments.buffersize,
        )
        empty = isinstance(pixels, EmptyPixels)
        for frame in range(frames):
            self._write_page(
                itertools.islice(encoded, count), frame * count, counted, empty, on_data
            )

    @staticmethod
    def _counting(items: Iterator[Any], counted: dict[int, int]) -> Iterator[Any]:
        for index, item in enumerate(items):
            if isinstance(item, Counted):
                counted[index] = item.bytecount
                yield item.data
            else:
                yield item

    def _write_page(
        self,
        segments: Iterator[Buffer | None],
        number: int,
        counted: dict[int, int],
        empty: bool,
        on_data: Callable[[Buffer], None] | None,
    ) -> None:
        geometry = self.plan.geometry
        output = self.output
        template = self.first if self.frames == 0 else self.pages.rest
        address = output.next_address()
        at = address + template.size
        at += -at % self._align
        offsets = np.zeros(geometry.segment_count, np.int64)
        counts = np.zeros(geometry.segment_count, np.int64)
        buffer = bytearray()
        start = at
        for index, data in enumerate(segments):
            if data is None:
                if empty:
                    offsets[index], counts[index] = at, geometry.segment_nbytes(index)
                    at += int(counts[index])
                    start = at
                continue
            size = len(data)
            offsets[index] = at
            counts[index] = counted.pop(number + index, size)
            if on_data is not None:
                on_data(data)
            if size >= DIRECT_BYTES:
                if buffer:
                    output.write(start, buffer)
                output.write(at, data)
                start, buffer = at + size, bytearray()
            else:
                buffer += data
            at += size
            if len(buffer) >= WRITE_BYTES:
                output.write(start, buffer)
                start, buffer = at, bytearray()
        if buffer:
            output.write(start, buffer)
        self.check(at)
        output.reserve(at)
        self._write_directory(template, address, offsets, counts)

    def _write_directory(
        self,
        template: DirectoryTemplate,
        address: int,
        offsets: NDArray[np.int64],
        counts: NDArray[np.int64],
    ) -> None:
        fieldtype = next(f.fieldtype for f in template.fields if f.code == self.pages.counts_code)
        if fieldtype == SHORT and counts.size and int(counts.max()) >= 1 << 16:
            # Encoded larger than ever expected: a wider directory behind the data.
            pages = self.pages
            fields = pages.first_fields if self.frames == 0 else pages.rest_fields
            template = pages.template(fields, wide=True)
            address = self.output.next_address()
            if self.frames == 0:
                self.first = template
            self.check(address + template.size)
        columns = {self.pages.offsets_code: offsets, self.pages.counts_code: counts}
        self.output.write(address, template.one(address, columns))
        self.addresses.append(address)
        self.links.connect(self.frames, address, template.next_at)
        self.frames += 1
        index = template.index(TagCode.SubIFDs)
        if index >= 0:
            self._slots.append(address + template.value_at[index])

    def subifd_positions(self, level: int) -> NDArray[np.int64]:
        """Return the position of the slot of a level in tag SubIFDs of each page."""
        width = len(self.output.word(0))
        if self.dataoffset < 0:
            slots = np.array(self._slots, np.int64)
        else:
            templates = [self.first] + [self.pages.rest] * (self.frames - 1)
            slots = np.array(
                [
                    address + template.value_at[template.index(TagCode.SubIFDs)]
                    for address, template in zip(self.addresses, templates, strict=True)
                ],
                np.int64,
            )
        return slots + level * width


def segment_encoder(plan: ImagePlan) -> Callable[[NDArray[Any]], Buffer]:
    """Return what makes stored bytes of the part of a page that a segment holds."""
    geometry, storage = plan.geometry, plan.storage
    is_raw = plan.arguments.compression == 1
    packed = geometry.bitspersample != storage.itemsize * 8
    if is_raw and not packed and plan.arguments.predictor == 1:
        whole = Segments(geometry, storage)

        def stored(piece: NDArray[Any]) -> Buffer:
            return whole(piece).reshape(-1).view(np.uint8).data

        return stored
    encode = encoder(plan.spec, compressionargs=plan.encoderargs)
    # Codecs return bytes of their own; where there is none, bytes may be those of the segment.
    native = Segments(geometry, storage.newbyteorder('='), reuse=not is_raw)

    def encoded(piece: NDArray[Any]) -> Buffer:
        return encode(native(piece))

    return encoded
