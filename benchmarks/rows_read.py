"""Rows about pixels: stacks, tiles, many files, memory."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy

from . import files
from .runner import Row, Task

THREADS = 2


def peers(path: Path, *names: str, **kwargs: Any) -> dict[str, Task]:
    """Return readers of a whole file."""
    import tifffile

    import tiffschema

    def opencv() -> Any:
        import cv2

        ok, images = cv2.imreadmulti(str(path), flags=cv2.IMREAD_UNCHANGED)
        assert ok
        return numpy.stack(images) if len(images) > 1 else images[0]

    def rasterio() -> Any:
        import rasterio as rio

        with rio.Env(GDAL_NUM_THREADS=THREADS), rio.open(path) as data:
            image = data.read()
        return image[0] if image.shape[0] == 1 else numpy.moveaxis(image, 0, -1)

    def simpleitk() -> Any:
        import SimpleITK as sitk

        return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))

    known: dict[str, Task] = {
        'tiffschema': lambda: tiffschema.imread(path, maxworkers=THREADS, **kwargs),
        'tifffile': lambda: tifffile.imread(path, maxworkers=THREADS, **kwargs),
        'tifffile-1': lambda: tifffile.imread(path, maxworkers=1, **kwargs),
        'opencv': opencv,
        'rasterio': rasterio,
        'SimpleITK': simpleitk,
    }
    return {name: known[name] for name in ('tiffschema', 'tifffile', *names)}


def segments(path: Path) -> tuple[list[int], list[int], Any]:
    """Return offsets, byte counts and the key page, as tifffile sees them."""
    import tifffile

    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        if len(tif.pages) == 1:
            return list(page.dataoffsets), list(page.databytecounts), page
        offsets, counts = [], []
        for frame in tif.series[0].pages:
            offsets.extend(frame.dataoffsets)
            counts.extend(frame.databytecounts)
        return offsets, counts, page


def codec_bound(path: Path, decode: Callable[[bytes, Any], Any], nbytes: int) -> Task:
    """Return the codec calls alone, on two threads, into prepared memory."""
    offsets, counts, _ = segments(path)
    data = path.read_bytes()
    encoded = [data[o : o + n] for o, n in zip(offsets, counts, strict=True)]
    batches = [encoded[i : i + 64] for i in range(0, len(encoded), 64)]
    local = threading.local()

    def batch(items: list[bytes]) -> None:
        if not hasattr(local, 'scratch'):
            local.scratch = numpy.empty(nbytes, numpy.uint8)
        for item in items:
            decode(item, local.scratch)

    def task() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(batch, batches))

    return task


def read_stack(name: str, folder: Path) -> Row:
    """Read 512 MiB of contiguous data; the bound is a parallel preadv into a fresh array."""
    path = files.stack(folder)
    offset = segments_first(path)

    def bound() -> Any:
        out = numpy.empty(1 << 29, numpy.uint8)
        view = memoryview(out)
        handle = os.open(path, os.O_RDONLY)
        step = 1 << 20

        def piece(start: int) -> None:
            os.preadv(handle, [view[start : start + step]], offset + start)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(piece, range(0, 1 << 29, step)))
        os.close(handle)
        return out

    return Row(name, {**peers(path), 'bound': bound}, rounds=5)


def segments_first(path: Path) -> int:
    """Return the offset of the first segment."""
    import tifffile

    with tifffile.TiffFile(path) as tif:
        return int(tif.pages[0].dataoffsets[0])


def read_pages(name: str, folder: Path) -> Row:
    """Read 20,000 small pages as one array; the bound copies them out of one mapping.

    OpenCV is left out: its time grows with the square of the number of pages, to minutes here.
    """
    make = {'read_plain': files.plain, 'read_irreg': files.irregular, 'read_ome': files.ome}[name]
    path = make(folder)
    offsets, counts, page = segments(path)
    if len(set(counts)) == 1 and len(offsets) > 1:
        where = numpy.asarray(offsets, dtype=numpy.int64)
    else:
        where = numpy.asarray(offsets[:1], dtype=numpy.int64)
    nbytes = page.nbytes

    def bound() -> Any:
        data = numpy.memmap(path, numpy.uint8, 'r')
        out = numpy.empty((len(where), nbytes), numpy.uint8)
        for i, offset in enumerate(where.tolist()):
            out[i] = data[offset : offset + nbytes]
        return out

    def strided() -> Any:
        data = numpy.memmap(path, numpy.uint8, 'r')
        step = int(where[1] - where[0])
        view = numpy.lib.stride_tricks.as_strided(
            data[int(where[0]) :], (len(where), nbytes), (step, 1)
        )
        return view.copy()

    regular = len(where) > 1 and len(set(numpy.diff(where).tolist())) == 1
    others = ('SimpleITK',) if name != 'read_ome' else ()
    return Row(
        name,
        {**peers(path, *others), 'bound': strided if regular else bound},
        same=lambda a, b: numpy.array_equal(numpy.squeeze(a), numpy.squeeze(b)),
        rounds=5,
    )


def read_plain_zlib(name: str, folder: Path) -> Row:
    """Read 20,000 deflate-compressed pages."""
    import imagecodecs

    path = files.plain_zlib(folder)
    nbytes = files.SIDE * files.SIDE * 2
    bound = codec_bound(path, lambda d, out: imagecodecs.deflate_decode(d, out=out), nbytes)
    return Row(name, {**peers(path, 'tifffile-1'), 'bound': bound}, rounds=5)


TILED: dict[str, dict[str, Any]] = {
    'tiled_256_deflate': {'tile': (256, 256), 'compression': 'zlib'},
    'tiled_256_deflate_p2': {'tile': (256, 256), 'compression': 'zlib', 'predictor': 2},
    'tiled_256_zstd_p2': {'tile': (256, 256), 'compression': 'zstd', 'predictor': 2},
    'tiled_256_lzw_p2': {'tile': (256, 256), 'compression': 'lzw', 'predictor': 2},
    'tiled_64_deflate': {'tile': (64, 64), 'compression': 'zlib', 'side': 4096},
    'tiled_64_deflate_p2': {
        'tile': (64, 64), 'compression': 'zlib', 'predictor': 2, 'side': 4096,
    },
    'tiled_float_p3': {
        'tile': (256, 256), 'compression': 'zlib', 'predictor': 3, 'dtype': 'float32', 'side': 4096,
    },
    'tiled_none': {'tile': (256, 256)},
    'tiled_packbits': {'tile': (256, 256), 'compression': 'packbits'},
    'tiled_lerc': {'tile': (256, 256), 'compression': 'lerc', 'side': 4096},
    'tiled_jpeg': {
        'tile': (256, 256), 'compression': 'jpeg', 'dtype': 'uint8', 'photometric': 'rgb',
        'side': 4096,
    },
    'tiled_webp': {
        'tile': (256, 256), 'compression': 'webp', 'dtype': 'uint8', 'photometric': 'rgb',
        'side': 2048,
    },
    'tiled_j2k': {
        'tile': (256, 256), 'compression': 'jpeg2000', 'dtype': 'uint8', 'photometric': 'rgb',
        'side': 2048,
    },
}  # fmt: skip


def bare_codec(name: str) -> Callable[[bytes, Any], Any]:
    """Return the codec calls that one segment of a row cannot do without."""
    import imagecodecs as ic

    side = 64 if '_64_' in name else 256
    local = threading.local()

    def scratch(dtype: str) -> Any:
        if not hasattr(local, 'tile'):
            local.tile = numpy.empty((side, side), dtype)
        return local.tile

    plainly: dict[str, Callable[[bytes, Any], Any]] = {
        'deflate': lambda d, out: ic.deflate_decode(d, out=out),
        'zstd': lambda d, out: ic.zstd_decode(d, out=out),
        'lzw': lambda d, out: ic.lzw_decode(d, out=out),
        'packbits': lambda d, out: ic.packbits_decode(d, out=out),
        'lerc': lambda d, out: ic.lerc_decode(d),
        'jpeg': lambda d, out: None,
        'webp': lambda d, out: ic.webp_decode(d),
        'j2k': lambda d, out: ic.jpeg2k_decode(d),
        'none': lambda d, out: out.__setitem__(slice(None), numpy.frombuffer(d, numpy.uint8)),
        'float': lambda d, out: ic.deflate_decode(d, out=out),
    }
    kind = next(k for k in plainly if f'_{k}' in name)
    decode = plainly[kind]
    if name.endswith('_p2'):

        def with_delta(d: bytes, out: Any) -> None:
            decode(d, out)
            tile = out.view('uint16').reshape(side, side)
            ic.delta_decode(tile, axis=-1, out=scratch('uint16'))

        return with_delta
    return decode


def tiled_row(name: str, folder: Path) -> Row:
    """Read one tiled image."""
    options = TILED[name]
    path = files.tiled(folder, name.removeprefix('tiled_'), **options)
    _, _, page = segments(path)
    nbytes = int(numpy.prod(page.chunks)) * page.dtype.itemsize
    decode = bare_codec(name)
    if name == 'tiled_jpeg':
        import imagecodecs as ic

        # By name: numbers of tag PhotometricInterpretation are others than those of libjpeg.
        tables, photometric = page.jpegtables, page.photometric.name

        def decode(d: bytes, out: Any) -> Any:
            return ic.jpeg8_decode(d, tables=tables, colorspace=photometric, outcolorspace='RGB')

    names = ['tifffile-1', 'rasterio']
    if name in ('tiled_none', 'tiled_packbits', 'tiled_64_deflate', 'tiled_256_deflate'):
        names.append('opencv')
    return Row(name, {**peers(path, *names), 'bound': codec_bound(path, decode, nbytes)}, rounds=5)


def many_files(name: str, folder: Path) -> Row:
    """Read 2,000 small files one by one; the bound opens and reads their bytes."""
    paths = files.many(folder)

    def using(read: Callable[[Path], Any]) -> Task:
        return lambda: sum(int(read(path)[0, 0]) for path in paths)

    import tifffile

    import tiffschema

    def opencv(path: Path) -> Any:
        import cv2

        return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)

    def bound() -> int:
        total = 0
        for path in paths:
            handle = os.open(path, os.O_RDONLY)
            total += len(os.pread(handle, 16384, 0))
            os.close(handle)
        return total

    return Row(
        name,
        {
            'tiffschema': using(tiffschema.imread),
            'tifffile': using(tifffile.imread),
            'opencv': using(opencv),
            'bound': bound,
        },
        rounds=5,
    )


def sequence(name: str, folder: Path) -> Row:
    """Read 2,000 files as one array."""
    paths = [str(path) for path in files.many(folder)]

    import tifffile

    import tiffschema

    def simpleitk() -> Any:
        import SimpleITK as sitk

        return sitk.GetArrayFromImage(sitk.ReadImage(paths))

    def bound() -> Any:
        out = numpy.empty((len(paths), 64 * 64), 'uint16')
        for i, path in enumerate(paths):
            handle = os.open(path, os.O_RDONLY)
            data = os.pread(handle, 16384, 0)
            out[i] = numpy.frombuffer(data, 'uint16', 4096, len(data) - 8192)
            os.close(handle)
        return out

    return Row(
        name,
        {
            'tiffschema': lambda: tiffschema.imread(paths),
            'tifffile': lambda: tifffile.imread(paths),
            'SimpleITK': simpleitk,
            'bound': bound,
        },
        rounds=5,
    )


def memory_row(name: str, folder: Path) -> Row:
    """Measure peak memory instead of time: the tasks return nothing, their cost is traced."""
    path = files.tiled(folder, '256_deflate_p2', **TILED['tiled_256_deflate_p2'])

    import tifffile

    import tiffschema

    region = (slice(1000, 3000), slice(1000, 3000))
    nbytes = 8192 * 8192 * 2 if name == 'mem_read' else 2000 * 2000 * 2
    selected: dict[str, Any] = {} if name == 'mem_read' else {'selection': region}

    def peak(task: Task) -> float:
        tracemalloc.start()
        try:
            result = task()
            assert result.nbytes == nbytes
            return float(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()

    row = Row(
        name,
        {
            'tiffschema': lambda: peak(lambda: tiffschema.imread(path, **selected)),
            'tifffile': lambda: peak(lambda: tifffile.imread(path, **selected)),
            'bound': lambda: float(nbytes),
        },
        note='peak of traced memory in bytes',
    )
    row.clock = 'value'
    return row


ROWS: dict[str, Callable[[str, Path], Row]] = {
    'read_stack': read_stack,
    **dict.fromkeys(('read_plain', 'read_irreg', 'read_ome'), read_pages),
    'read_plain_zlib': read_plain_zlib,
    **dict.fromkeys(TILED, tiled_row),
    'many_files': many_files,
    'sequence': sequence,
    'mem_read': memory_row,
    'mem_region': memory_row,
}
