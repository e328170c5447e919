"""Every kind that can be forged, cut off and with changed bytes: documented errors and faults only.

A kind that is added to the table of `forge` is tested here without a line of code.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tiffschema.errors import FormatError, TiffSchemaError
from tiffschema.limits import Limits
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import Forged, forge, forgeable

LIMITS = Limits(pixels=1 << 22, bytes=1 << 26, items=1 << 20)
CUTS, FLIPS = 24, 60
NOTED = {'trestle': 'tiles overlap', 'bif': 'tiles overlap'}
"""Valid files of which something is said all the same."""


@dataclass
class Found:
    """What a file was read as."""

    images: list[NDArray[np.generic]]
    metadata: object
    faults: list[FormatError]


def read(path: Path, kind: str) -> Found:
    """Read all there is in a file, as an application would that wants whatever is left."""
    with TiffFile(path, limits=LIMITS) as tif:
        images = [level.asarray(errors='fault') for series in tif.series for level in series.levels]
        _ = [(series.coords, series.attrs, series.pixel_sizes) for series in tif.series]
        _ = tif.flags
        metadata = getattr(tif, f'{kind}_metadata', None)
        return Found(images, metadata, list(tif.faults))


def stored(forged: Forged, folder: Path) -> dict[Path, bytes]:
    """Write the files of a set; return all by path, the one to open first."""
    forged.write(folder)
    return {folder / name: data for name, data in forged.files.items()}


def cut(size: int) -> Iterator[int]:
    """Yield sizes to cut a file to, more of them at its ends."""
    yield from range(0, min(size, 32), 4)
    yield from range(32, size, max(1, size // CUTS))
    yield from range(max(0, size - 4), size)


@pytest.mark.parametrize('kind', forgeable())
def test_whole_files_read_strictly(kind: str, tmp_path: Path) -> None:
    path = forge(kind).write(tmp_path)
    strict = kind not in NOTED
    with TiffFile(path, strict=strict) as tif:
        for series in tif.series:
            for level in series.levels:
                level.asarray()
            _ = series.coords, series.attrs, series.pixel_sizes
        _ = tif.flags, getattr(tif, f'{kind}_metadata', None)
        assert all(NOTED.get(kind, '') in fault.message for fault in tif.faults)
        assert bool(tif.faults) is not strict


@pytest.mark.parametrize('kind', forgeable())
def test_cut_files(kind: str, tmp_path: Path) -> None:
    files = stored(forge(kind), tmp_path)
    main = next(iter(files))
    whole = read(main, kind)
    for path, data in files.items():
        for size in cut(len(data)):
            path.write_bytes(data[:size])
            try:
                found = read(main, kind)
            except TiffSchemaError:
                continue
            same = len(found.images) == len(whole.images) and all(
                np.array_equal(one, other)
                for one, other in zip(found.images, whole.images, strict=True)
            )
            assert same or found.faults, f'{path.name} of {size} bytes: a loss without a fault'
        path.write_bytes(data)


@pytest.mark.parametrize('kind', forgeable())
def test_changed_bytes(kind: str, tmp_path: Path) -> None:
    files = stored(forge(kind), tmp_path)
    main = next(iter(files))
    dice = random.Random(kind)
    for path, data in files.items():
        for _ in range(FLIPS):
            changed = bytearray(data)
            for _ in range(dice.randint(1, 4)):
                changed[dice.randrange(len(data))] = dice.choice((0, 1, 127, 128, 255))
            path.write_bytes(changed)
            try:
                read(main, kind)
            except TiffSchemaError:
                continue
        path.write_bytes(data)
