"""Which frames a series is made of, and where their segments lie.

Rule: nothing is read here, and no object is made per frame: a frame map is a few arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.spec import SegmentSpec
from tiffschema.values import value

from .segmenttable import SegmentTable
from .source import Source

__all__ = ['FrameMap', 'OpenSource']

OpenSource: TypeAlias = Callable[[], Source]
"""Gives an open source; files of a set are opened when they are first read."""


@value
class FrameMap:
    """Frames by index, in the order of a series.

    Parameters:
        sources: What opens each file of the series.
        table: Where the segments of each frame lie in its file.
        files: Index into `sources` for each frame; -1 is a missing frame. None: all in the first.
        specs: What the segments of a frame look like where that is not what the others' do (JPEG
            tables of its own).
        names: Path of each frame for messages; None names it by its index.
    """

    sources: Sequence[OpenSource]
    table: SegmentTable
    files: NDArray[np.intp] | None = None
    specs: Mapping[int, SegmentSpec] = MappingProxyType({})
    names: Callable[[int], str] | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def missing(self) -> NDArray[np.intp]:
        """Indices of frames that no file holds."""
        if self.files is None:
            return np.empty(0, np.intp)
        return np.flatnonzero(self.files < 0)

    def name(self, frame: int) -> str:
        """Return the path of a frame for messages."""
        return f'frames[{frame}]' if self.names is None else self.names(frame)

    def groups(self, frames: NDArray[np.intp]) -> list[tuple[int, Any, NDArray[np.intp] | None]]:
        """Return the frames that are read alike.

        Parameters:
            frames: Indices of frames.

        Returns:
            For each group the file (-1: missing), the spec (None: that of the series), and the
            places of its frames in `frames` (None: all of them).
        """
        if len(frames) == 1:
            frame = int(frames[0])
            file = 0 if self.files is None else int(self.files[frame])
            return [(file, self.specs.get(frame), None)]
        if self.files is None and not self.specs:
            return [(0, None, None)]
        files = np.zeros(len(frames), np.intp) if self.files is None else self.files[frames]
        groups: dict[tuple[int, int], list[int]] = {}
        specs: dict[int, SegmentSpec | None] = {0: None}
        for place, (frame, file) in enumerate(zip(frames.tolist(), files.tolist(), strict=True)):
            spec = self.specs.get(frame)
            number = 0 if spec is None else id(spec)
            specs[number] = spec
            groups.setdefault((file, number), []).append(place)
        return [
            (file, specs[number], None if len(groups) == 1 else np.asarray(places, np.intp))
            for (file, number), places in groups.items()
        ]
