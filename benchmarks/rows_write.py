"""Rows about writing: stacks, codecs, many pages, appends."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy

from . import files
from .runner import Row, Task

CODECS: dict[str, dict[str, Any]] = {
    'write_stack': {},
    'write_stack_over': {},
    'write_zlib': {'compression': 'zlib', 'tile': (256, 256)},
    'write_zstd': {'compression': 'zstd', 'tile': (256, 256)},
    'write_lzw': {'compression': 'lzw', 'tile': (256, 256)},
    'write_ome': {'compression': 'zlib', 'tile': (256, 256), 'ome': True},
    'write_jpeg': {'compression': 'jpeg', 'tile': (256, 256), 'photometric': 'rgb'},
}


def libraries() -> dict[str, Any]:
    """Return ours and theirs."""
    import tifffile

    import tiffschema

    return {'tiffschema': tiffschema, 'tifffile': tifffile}


def write_row(name: str, folder: Path) -> Row:
    """Write one image or stack to a new name; the bound encodes the tiles or writes the bytes.

    `write_stack_over` writes over a file of the round before: who replaces it in one step has both
    in memory, and may have to wait until the system has written the old one out.
    """
    options = {'photometric': 'minisblack', 'maxworkers': 2, **CODECS[name]}
    if name.startswith('write_stack'):
        data = numpy.broadcast_to(files.camera((1024, 1024)), (128, 1024, 1024)).copy()
    elif name == 'write_jpeg':
        data = files.camera((4096, 4096, 3), 'uint8')
    else:
        data = files.camera((4096, 4096))

    def using(library: Any, label: str) -> Task:
        path = (
            folder / f'out_{label}.ome.tif' if options.get('ome') else folder / f'out_{label}.tif'
        )

        def task() -> int:
            if name != 'write_stack_over':
                path.unlink(missing_ok=True)
            library.imwrite(path, data, **options)
            return int(path.stat().st_size > data.nbytes // 100)

        return task

    contenders = {label: using(library, label) for label, library in libraries().items()}
    contenders['bound'] = write_bound(name, folder, data)
    return Row(name, contenders, rounds=5)


def write_bound(name: str, folder: Path, data: numpy.ndarray[Any, Any]) -> Task:
    """Return the bare work of a writing row."""
    import imagecodecs as ic

    path = folder / 'out_bound.bin'
    if name.startswith('write_stack'):

        def copy() -> None:
            if name == 'write_stack':
                path.unlink(missing_ok=True)
            data.tofile(path)

        return copy
    encode: Callable[[Any], bytes] = {
        'write_zlib': lambda t: ic.deflate_encode(t, 6),
        'write_ome': lambda t: ic.deflate_encode(t, 6),
        'write_zstd': lambda t: ic.zstd_encode(t),
        'write_lzw': lambda t: ic.lzw_encode(t),
        'write_jpeg': lambda t: ic.jpeg8_encode(t),
    }[name]
    tiles = [
        numpy.ascontiguousarray(data[y : y + 256, x : x + 256])
        for y in range(0, data.shape[0], 256)
        for x in range(0, data.shape[1], 256)
    ]

    def task() -> None:
        path.unlink(missing_ok=True)
        with ThreadPoolExecutor(2) as pool, open(path, 'wb') as out:
            for encoded in pool.map(encode, tiles):
                out.write(encoded)

    return task


def write_pages(name: str, folder: Path) -> Row:
    """Write 20,000 pages one by one, apart or contiguous."""
    page = files.camera((64, 64))
    options: dict[str, Any] = {'photometric': 'minisblack', 'contiguous': name == 'write_contig'}
    if name == 'write_pages':
        options['metadata'] = None

    def using(library: Any, label: str) -> Task:
        path = folder / f'out_{label}.tif'

        def task() -> int:
            with library.TiffWriter(path) as tif:
                for _ in range(files.PAGES):
                    tif.write(page, **options)
            return 0

        return task

    def bound() -> None:
        with open(folder / 'out_bound.bin', 'wb', buffering=1 << 20) as out:
            for _ in range(files.PAGES):
                out.write(page)
                if name == 'write_pages':
                    out.write(bytes(200))

    contenders = {label: using(library, label) for label, library in libraries().items()}
    return Row(name, {**contenders, 'bound': bound}, rounds=3)


def write_small(name: str, folder: Path) -> Row:
    """Write 300 small images of one shape with one call each, to memory or over one file."""
    image = files.camera((64, 64))

    def using(library: Any, label: str) -> Task:
        path = folder / f'small_{label}.tif'

        def task() -> int:
            for _ in range(300):
                target = path if name == 'write_small_file' else io.BytesIO()
                library.imwrite(target, image)
            return 0

        return task

    def bound() -> None:
        for _ in range(300):
            if name == 'write_small_file':
                (folder / 'small_bound.bin').write_bytes(image)
            else:
                io.BytesIO().write(image)

    contenders = {label: using(library, label) for label, library in libraries().items()}
    return Row(name, {**contenders, 'bound': bound}, clock='cpu', rounds=7)


def write_imagej_stream(name: str, folder: Path) -> Row:
    """Write ImageJ stacks of 100 planes plane by plane, with the lines a microscope has."""
    plane = files.camera((64, 64))
    options: dict[str, Any] = {
        'contiguous': True,
        'resolution': (2.5, 2.5),
        'metadata': {'spacing': 3.0, 'unit': 'um'},
    }

    def using(library: Any, label: str) -> Task:
        path = folder / f'imagej_{label}.tif'

        def task() -> int:
            for _ in range(10):
                with library.TiffWriter(path, imagej=True) as tif:
                    for _ in range(100):
                        tif.write(plane, **options)
            return 0

        return task

    def bound() -> None:
        for _ in range(10):
            with open(folder / 'imagej_bound.bin', 'wb') as out:
                for _ in range(100):
                    out.write(plane)

    contenders = {label: using(library, label) for label, library in libraries().items()}
    return Row(name, {**contenders, 'bound': bound}, clock='cpu', rounds=7)


def append(name: str, folder: Path) -> Row:
    """Append 50 times to a file of 2,000 pages."""
    source = folder / 'append_base.tif'
    page = files.camera((64, 64))
    if not source.exists():
        import tifffile

        with tifffile.TiffWriter(source) as tif:
            for _ in range(2000):
                tif.write(page, contiguous=False, metadata=None)

    def using(library: Any, label: str) -> Task:
        path = folder / f'append_{label}.tif'

        def task() -> int:
            shutil.copyfile(source, path)
            for _ in range(50):
                library.imwrite(path, page, append=True, metadata=None)
            return 0

        return task

    def bound() -> None:
        path = folder / 'append_bound.tif'
        shutil.copyfile(source, path)
        for _ in range(50):
            with open(path, 'ab') as out:
                out.write(page)
                out.write(bytes(200))

    contenders = {label: using(library, label) for label, library in libraries().items()}
    return Row(name, {**contenders, 'bound': bound}, rounds=5, note='copy of the file included')


def memmap_create(name: str, folder: Path) -> Row:
    """Create a 64 MiB file and map it."""

    def using(library: Any, label: str) -> Task:
        path = folder / f'map_{label}.tif'

        def task() -> tuple[int, ...]:
            path.unlink(missing_ok=True)
            image = library.memmap(path, shape=(32, 1024, 1024), dtype='uint16')
            image[0, 0, 0] = 1
            return tuple(image.shape)

        return task

    def bound() -> None:
        path = folder / 'map_bound.bin'
        path.unlink(missing_ok=True)
        image = numpy.memmap(path, 'uint16', 'w+', shape=(32, 1024, 1024))
        image[0, 0, 0] = 1

    contenders = {label: using(library, label) for label, library in libraries().items()}
    return Row(name, {**contenders, 'bound': bound}, rounds=15)


ROWS: dict[str, Callable[[str, Path], Row]] = {
    **dict.fromkeys(CODECS, write_row),
    'write_pages': write_pages,
    'write_contig': write_pages,
    'write_small': write_small,
    'write_small_file': write_small,
    'write_imagej_stream': write_imagej_stream,
    'append': append,
    'memmap_create': memmap_create,
}
