"""What a forged file is: its bytes, and what a reader has to find in them.

Knows nothing of formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

__all__ = ['Forged', 'ForgedSeries', 'Sparse']


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
class Sparse:
    """A large file with holes, which takes no space on file systems that have sparse files.

    Parameters:
        size: Bytes of the file.
        parts: Bytes by offset; all others are zero.
    """

    size: int
    parts: Mapping[int, bytes]

    def data(self) -> bytes:
        """Return all bytes of a file that is small after all."""
        whole = bytearray(self.size)
        for offset, part in self.parts.items():
            whole[offset : offset + len(part)] = part
        return bytes(whole)

    def write(self, path: Path) -> None:
        """Write the file."""
        with path.open('wb') as file:
            for offset, data in self.parts.items():
                file.seek(offset)
                file.write(data)
            file.truncate(self.size)


@dataclass(frozen=True, slots=True)
class Forged:
    """A valid file, or set of files, with known pixels and metadata.

    Parameters:
        kind: Kind of its series.
        files: Bytes by name, the one to open first.
        series: What is in it.
        metadata: Values that ``tif.<kind>_metadata`` holds among others.
        faults: Parts of what a reader says of the files, which are valid all the same.
        sparse: The file to open, by name, if it is too large for `files`.
    """

    kind: str
    files: Mapping[str, bytes]
    series: tuple[ForgedSeries, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    sparse: Mapping[str, Sparse] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def data(self) -> bytes:
        """Bytes of the first TIFF; what is opened of some sets is a list of its files."""
        return next(data for data in self.files.values() if data[:2] in (b'II', b'MM'))

    def write(self, folder: str | Path) -> Path:
        """Write the files to a folder, and return the path of the one to open."""
        paths = []
        files: dict[str, bytes | Sparse] = {**self.sparse, **self.files}
        for name, data in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, Sparse):
                data.write(path)
            else:
                path.write_bytes(data)
            paths.append(path)
        return paths[0]
