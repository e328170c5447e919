"""The series that is being written, and the one that waits for its children.

Knows series, descriptions and the OME-XML of a file; arguments and files are the caller's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tiffschema.model.directory import DirectoryCodec
from tiffschema.model.tagcodes import TagCode

from .append import replace_entry_text
from .arguments import Kind
from .ijmetadata import split_metadata
from .metadata import Description, ImageJDescription, ShapedDescription
from .ome import OmeFile
from .output import Output
from .pixels import Pixels
from .plan import ImagePlan, TagValue
from .repeat import CountedText, PlaneRepeater
from .series import ChildLinks, Links, SeriesWriter
from .tags import extra_tags

__all__ = ['OpenSeries', 'ParentSeries', 'imagej_tags', 'truncated']


class ParentSeries:
    """A series that waits for its children in SubIFDs."""

    def __init__(self, output: Output, writer: SeriesWriter, subifds: int) -> None:
        self._output = output
        self._writer = writer
        self._chained = subifds < 0
        self.frames = writer.frames
        self.remaining = abs(subifds)
        self._level = 0
        self._last: ChildLinks | None = None

    def links(self) -> Links:
        """Return where the pages of the next child are linked from."""
        if self._chained and self._last is not None:
            positions = self._last.next_positions.copy()
        else:
            positions = self._writer.subifd_positions(0 if self._chained else self._level)
        return ChildLinks(self._output, positions)

    def done(self, writer: SeriesWriter) -> None:
        """A child is complete; one that failed on its way leaves its place to the next."""
        assert isinstance(writer.links, ChildLinks)
        self._last = writer.links
        self._level += 1
        self.remaining -= 1


class OpenSeries:
    """The series being written, and what its description must say in the end."""

    def __init__(
        self,
        output: Output,
        ome: OmeFile | None,
        writer: SeriesWriter,
        plan: ImagePlan,
        kind: Kind,
        description: Description | None,
        metadata: Mapping[str, Any],
        placeholder: bool,
    ) -> None:
        self._output = output
        self._ome = ome
        self.writer = writer
        self.plan = plan
        self.kind = kind
        self._description = description
        self._metadata = metadata
        self.placeholder = placeholder
        self.is_child = isinstance(writer.links, ChildLinks)
        self.calls = 0
        self._first_page = output.directories
        self.moved = False
        self.updated = 1

    def takes(self, plan: ImagePlan) -> bool:
        """Whether another array continues this series."""
        return plan.shape == self.plan.shape and plan.same_pages(self.plan) and not self.is_child

    def write(self, pixels: Pixels) -> tuple[int, int] | None:
        """Write the first array."""
        self.calls = 1
        frames = self.plan.stored.frames
        where = None
        if self.plan.contiguous and not self.plan.empty:
            where = self.writer.write_block(pixels, frames)
            if frames == 1 or self.plan.arguments.truncate:
                self._connected()
        elif self.plan.empty:
            where = self.writer.write_block(pixels, 1)
            self._connected()
        else:
            self.writer.write_pages(pixels, frames, on_data=self._seen())
            self._connected()
        return where

    def fail(self) -> bool:
        """Let finished pages stand as they are after an error; returns whether there are any."""
        frames = self.writer.frames
        if not frames:
            return False
        self._connected()
        if isinstance(self._description, ShapedDescription):
            with contextlib.suppress(OSError):  # the error that led here is the one to be seen
                self.replace_description(self._description.part(self.plan.stored, frames))
        return True

    def _seen(self) -> Any:
        return self._ome.digest if self._ome is not None and self.kind == 'ome' else None

    def _connected(self) -> None:
        if self.placeholder and self._ome is not None:
            self._ome.place(self.writer)

    def extend(self, pixels: Pixels) -> tuple[int, int]:
        """Write a further array of the same series; its description counts it at once."""
        where = self.writer.write_block(pixels, self.plan.stored.frames)
        self.calls += 1
        if self.kind in ('shaped', 'imagej'):
            self._update()
        return where

    def plane_repeater(self) -> PlaneRepeater | None:
        """Return what repeats contiguous calls; None where the description must be made anew."""
        if self._description is None:
            return PlaneRepeater(self.writer, self.calls, self._count)
        if self.calls < 2 or self.moved:
            return None
        text = CountedText(self._description.text, self.calls)
        template = self.writer.first
        index = template.index(TagCode.ImageDescription, last=True)
        at = self.writer.addresses[0] + template.value_at[index]
        return PlaneRepeater(self.writer, self.calls, self._count, text, at)

    def _count(self, calls: int) -> None:
        self.calls = self.updated = calls

    def finish(self, *, update: bool = True) -> None:
        """Write pending directories and the description."""
        if not self.plan.arguments.truncate and not self.plan.empty:
            self.writer.finish()
        self._connected()
        if self._ome is not None and self.kind == 'ome' and not self.is_child:
            self._ome.add(self.plan, self._metadata, self.calls, self._first_page)
        if update:
            self._update()

    def _update(self) -> None:
        if self._description is None or self.updated == self.calls:
            return
        self.updated = self.calls
        self.replace_description(self._description.text(self.calls))

    def replace_description(self, text: bytes) -> None:
        """Replace the last description of the first page, in place where it fits."""
        template = self.writer.first
        index = template.index(TagCode.ImageDescription, last=True)
        if index < 0:
            raise ValueError('description: the series has none')
        self.moved = replace_text(self._output, self.writer, index, text)


def replace_text(output: Output, writer: SeriesWriter, index: int, text: bytes) -> bool:
    """Replace the value of an ASCII entry of the first page; returns whether it moved."""
    template = writer.first
    field = template.fields[index]
    address = writer.addresses[0]
    value_at = address + template.value_at[index]
    room = field.nbytes + field.slack
    entry_at = address + template.entry_at[index]
    replace_entry_text(output, entry_at, value_at, room, text)
    return len(text) + 1 > room


def imagej_tags(
    codec: DirectoryCodec,
    plan: ImagePlan,
    axes: str | None,
    rgb: bool,
    metadata: Mapping[str, Any],
) -> tuple[Description, list[TagValue]]:
    items = {key: value for key, value in metadata.items() if key != 'axes'}
    blocks, lines = split_metadata(items)
    description = ImageJDescription(
        plan.shape,
        axes,
        rgb=rgb,
        colormapped=plan.arguments.colormap is not None,
        metadata=lines,
    )
    given = [('IJMetadata', blocks)] if blocks else []
    return description, [replace(tag, once=True) for tag in extra_tags(codec, given, ())]


def truncated(plan: ImagePlan) -> ImagePlan:
    return replace(plan, arguments=replace(plan.arguments, truncate=True))
