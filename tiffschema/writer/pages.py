"""Directories of the pages of a series: templates, and where segments of plain samples lie.

Knows plans and fields; no files. Equal series of several files share one `PageTemplates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.directory import DirectoryCodec
from tiffschema.model.tagcodes import TagCode

from .layout import DirectoryTemplate, Field
from .plan import ImagePlan

__all__ = ['PageTemplates', 'subifd_field']

SHORT, LONG, IFD, LONG8, IFD8 = 3, 4, 13, 16, 18


class PageTemplates:
    """Templates of the pages of a series.

    Parameters:
        codec: Shape and byte order of the file.
        plan: What the pages are like.
        first: Entries of the first page, but for offsets and byte counts.
        rest: Entries of further pages.
    """

    def __init__(
        self,
        codec: DirectoryCodec,
        plan: ImagePlan,
        first: Sequence[Field],
        rest: Sequence[Field],
    ) -> None:
        self._codec = codec
        self._geometry = plan.geometry
        self._reserve = plan.reserve
        self.first_fields = tuple(first)
        self.rest_fields = tuple(rest)
        tiled = plan.geometry.is_tiled
        self.offsets_code = TagCode.TileOffsets if tiled else TagCode.StripOffsets
        self.counts_code = TagCode.TileByteCounts if tiled else TagCode.StripByteCounts
        self.first = self.template(self.first_fields)
        """Template of the first page."""
        self._head: tuple[int, int, bytes] | None = None

    @cached_property
    def rest(self) -> DirectoryTemplate:
        """Template of the pages after the first."""
        same = self.rest_fields == self.first_fields
        return self.first if same else self.template(self.rest_fields)

    def template(self, fields: Sequence[Field], *, wide: bool = False) -> DirectoryTemplate:
        """Return a template.

        Parameters:
            fields: Entries but for offsets and byte counts.
            wide: Byte counts may be larger than planned.
        """
        count = max(self._geometry.segment_count, 1)
        big = self._codec.variant == 'big'
        offset_type = LONG8 if big else LONG
        count_type = offset_type
        if count > 1 and not wide:
            reserve = self._reserve
            count_type = SHORT if reserve < 1 << 16 else LONG if reserve < 1 << 32 else LONG8
        return DirectoryTemplate(
            self._codec,
            [
                *fields,
                Field(self.offsets_code, offset_type, count, None),
                Field(self.counts_code, count_type, count, None),
            ],
        )

    def head(self, address: int, start: int) -> bytes:
        """Return the directory of a first page whose samples are one block.

        Parameters:
            address: Offset of the directory.
            start: Offset of the samples.
        """
        head = self._head  # files of one page have it at one place
        if head is None or head[:2] != (address, start):
            relative, counts = self._segment_layout
            columns = {self.offsets_code: start + relative, self.counts_code: counts}
            data = self.first.one(address, columns)
            head = self._head = address, start, data
        return head[2]

    @cached_property
    def _segment_layout(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        geometry = self._geometry
        counts = np.array(
            [geometry.segment_nbytes(i) for i in range(geometry.segment_count)] or [0], np.int64
        )
        return np.cumsum(counts) - counts, counts

    def block_columns(self, *starts: int) -> dict[int, NDArray[np.int64]]:
        """Return offsets and byte counts of pages whose samples begin at given offsets."""
        relative, counts = self._segment_layout
        begin = np.array(starts, np.int64)[:, None]
        return {
            self.offsets_code: begin + relative,
            self.counts_code: np.broadcast_to(counts, (len(starts), len(counts))),
        }


def subifd_field(codec: DirectoryCodec, count: int) -> Field:
    """Return the entry of tag SubIFDs with empty slots."""
    fieldtype = IFD8 if codec.variant == 'big' else IFD
    return Field(TagCode.SubIFDs, fieldtype, count, bytes(codec.next_nbytes * count))
