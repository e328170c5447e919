"""What a forged file is: its bytes, and what a reader has to find in them.

Knows nothing of formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

__all__ = ['Forged', 'ForgedSeries']


@dataclass(frozen=True, slots=True)
class ForgedSeries:
    """One series of a forged file.

    Parameters:
        name: Its name.
        axes: Letters of its axes, those of length 1 left out.
        levels: Pixels of each level, largest first.
        mpp: Micrometres per pixel along X and Y, None where the file does not say.
    """

    name: str
    axes: str
    levels: tuple[NDArray[Any], ...]
    mpp: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Forged:
    """A valid file, or set of files, with known pixels and metadata.

    Parameters:
        kind: Kind of its series.
        files: Bytes by name, the one to open first.
        series: What is in it.
        metadata: Values that ``tif.<kind>_metadata`` holds among others.
    """

    kind: str
    files: Mapping[str, bytes]
    series: tuple[ForgedSeries, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """Bytes of the file to open."""
        return next(iter(self.files.values()))

    def write(self, folder: str | Path) -> Path:
        """Write the files to a folder, and return the path of the one to open."""
        paths = [Path(folder) / name for name in self.files]
        for path, data in zip(paths, self.files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return paths[0]
