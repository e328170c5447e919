"""Rows about structure: chains, series, offsets, tags."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from . import files
from .runner import Row, Task

FILES: dict[str, Callable[[Path], Path]] = {
    'plain': files.plain,
    'irreg': files.irregular,
    'contig': files.contiguous,
    'imagej': files.imagej,
    'ome': files.ome,
    'big': files.big,
}


RECORDINGS: dict[str, Callable[[Path], Path]] = {
    kind: files.recording(kind) for kind in ('mmstack', 'ndtiff', 'lsm', 'scanimage')
}


def offsets_of(path: Path) -> tuple[numpy.ndarray[Any, Any], int]:
    """Return where the directories lie, and the bytes of the smallest."""
    import tifffile

    with tifffile.TiffFile(path) as tif:
        count = len(tif.pages)
        tif.pages.useframes = True
        offsets = [page if isinstance(page, int) else page.offset for page in tif.pages][:count]
        entry = tif.tiff.tagsize
    found = numpy.array(offsets, dtype=numpy.int64)
    data = numpy.memmap(path, 'u1', 'r')
    counts = data[found].astype(int) + 256 * data[found + 1].astype(int)
    return found, entry * int(counts.min())


def touch(path: Path, *, whole: bool = False) -> Task:
    """Return a task that touches the memory of each directory: what any reader must do.

    Who counts pages needs to see each directory, who builds series needs all of its bytes: with
    `whole` they are copied side by side.
    """
    offsets, width = offsets_of(path)
    kind = numpy.dtype(f'V{width}') if whole else numpy.dtype('u1')

    def task() -> int:
        with open(path, 'rb') as handle:
            view = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        every = numpy.ndarray((len(view) - kind.itemsize + 1,), kind, view, 0, (1,))
        found = every[offsets]
        total = len(found)
        del every
        view.close()
        return total

    return task


def count_row(name: str, folder: Path) -> Row:
    """Open a file and count its pages."""
    path = FILES[name.removeprefix('count_')](folder)

    def ours() -> int:
        import tiffschema

        with tiffschema.TiffFile(path) as tif:
            return len(tif.pages)

    def theirs() -> int:
        import tifffile

        with tifffile.TiffFile(path) as tif:
            return len(tif.pages)

    def opencv() -> int:
        import cv2

        return int(cv2.imcount(str(path)))

    contenders: dict[str, Task] = {'tiffschema': ours, 'tifffile': theirs}
    if name != 'count_imagej':
        contenders['opencv'] = opencv
    contenders['bound'] = touch(path)
    return Row(name, contenders, note='open, len(pages), close')


def series_row(name: str, folder: Path) -> Row:
    """Open a file and build its series; recordings of vendors have an index or a chain."""
    kind = name.removeprefix('series_')
    path = {**FILES, **RECORDINGS}[kind](folder)

    def using(library: Any) -> Task:
        def task() -> list[tuple[int, ...]]:
            with library.TiffFile(path) as tif:
                return [tuple(series.shape) for series in tif.series]

        return task

    import tifffile

    import tiffschema

    contenders = {'tiffschema': using(tiffschema), 'tifffile': using(tifffile)}
    if kind in FILES:
        contenders['bound'] = touch(path, whole=True)
    return Row(name, contenders, note='open, shapes of all series, close')


def offsets_row(name: str, folder: Path) -> Row:
    """Find the data offset of every page of series 0."""
    path = FILES[name.removeprefix('offsets_')](folder)

    def ours() -> Any:
        import tiffschema

        with tiffschema.TiffFile(path) as tif:
            return numpy.array(tif.series[0].framemap.table.offsets[:, 0], dtype=numpy.int64)

    def theirs() -> Any:
        import tifffile

        with tifffile.TiffFile(path) as tif:
            return numpy.array(
                [page.dataoffsets[0] for page in tif.series[0].pages], dtype=numpy.int64
            )

    bound = touch(path, whole=True)
    return Row(name, {'tiffschema': ours, 'tifffile': theirs, 'bound': bound})


def itertags(name: str, folder: Path) -> Row:
    """Touch the value of every tag of 2,000 BigTIFF pages.

    The bound unpacks each directory to (code, type, count, value) as numbers: less than that no
    one can do who gives 26,000 pairs of code and value.
    """
    path = files.big(folder)

    def using(library: Any) -> Task:
        def task() -> int:
            total = 0
            with library.TiffFile(path) as tif:
                for page in tif.pages:
                    for tag in page.tags:
                        value = tag.value
                        if tag.code == 256:
                            total += value
            return total

        return task

    def async_tiff() -> int:
        import asyncio

        from async_tiff import TIFF
        from async_tiff.store import LocalStore

        async def run() -> int:
            total = 0
            tif = await TIFF.open(path.name, store=LocalStore(str(path.parent)))
            for directory in tif.ifds:
                for key in directory:
                    value = directory[key]
                    if key == 'image_width':
                        total += value
            return total

        return asyncio.run(run())

    import tifffile

    import tiffschema

    with tifffile.TiffFile(path) as tif:
        offsets = [page.offset for page in tif.pages]
        stop = 8 + 20 * len(tif.pages[0].tags)
    entry = struct.Struct('<HHQQ')

    def bound() -> int:
        with open(path, 'rb') as handle:
            view = memoryview(mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ))
        found = [list(entry.iter_unpack(view[at + 8 : at + stop])) for at in offsets]
        return len(found)

    contenders = {'tiffschema': using(tiffschema), 'tifffile': using(tifffile)}
    contenders.update({'async-tiff': async_tiff, 'bound': bound})
    return Row(name, contenders, clock='cpu', note='code and value of each of 26,000 tags')


def page_last(name: str, folder: Path) -> Row:
    """Read the last of 20,000 pages."""
    path = files.plain(folder)

    def using(library: Any) -> Task:
        def task() -> Any:
            return library.imread(path, key=files.PAGES - 1)

        return task

    import tifffile

    import tiffschema

    contenders = {'tiffschema': using(tiffschema), 'tifffile': using(tifffile)}
    contenders['bound'] = touch(path)
    return Row(name, contenders)


def pages_random(name: str, folder: Path) -> Row:
    """Read 500 random pages of a file of 20,000.

    The bound touches all directories, which any reader must to count them, and reads 500 pages.
    """
    path = files.plain(folder)
    keys = numpy.random.default_rng(5).integers(0, files.PAGES, 500).tolist()

    def using(library: Any) -> Task:
        def task() -> Any:
            with library.TiffFile(path) as tif:
                return numpy.stack([tif.pages[key].asarray() for key in keys])

        return task

    import tifffile

    import tiffschema

    with tifffile.TiffFile(path) as tif:
        offsets = [tif.pages[key].dataoffsets[0] for key in keys]
    walk = touch(path)

    def bound() -> Any:
        walk()
        out = numpy.empty((len(keys), files.SIDE, files.SIDE), 'u2')
        with open(path, 'rb', buffering=0) as handle:
            for row, offset in zip(out, offsets, strict=True):
                os.preadv(handle.fileno(), [row], offset)
        return out

    contenders = {'tiffschema': using(tiffschema), 'tifffile': using(tifffile), 'bound': bound}
    return Row(name, contenders)


ROWS: dict[str, Callable[[str, Path], Row]] = {
    **{f'count_{kind}': count_row for kind in ('plain', 'irreg', 'big', 'contig')},
    **{f'series_{kind}': series_row for kind in (*FILES, *RECORDINGS)},
    **{f'offsets_{kind}': offsets_row for kind in ('plain', 'irreg', 'ome')},
    'itertags': itertags,
    'page_last': page_last,
    'pages_random': pages_random,
}
