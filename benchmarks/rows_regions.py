"""Rows about parts of images: regions of pyramids, directly, through Zarr, and over HTTP."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy

from . import files
from .rangeserver import RangeServer
from .rows_read import THREADS, segments
from .runner import Row, Task

SIDE = 8192

Windows = list[tuple[int, int]]


def neighbourhoods(count: int) -> Windows:
    """Return corners of regions: random ones, each with three beside it, as a viewer moves."""
    corners = numpy.random.default_rng(11).integers(0, SIDE - 256, (500, 2)).tolist()
    return [(y, min(x + dx, SIDE - 256)) for y, x in corners[:count] for dx in (0, 64, 128, 192)]


def through_zarr(store: Any, windows: Windows) -> int:
    """Read regions of an array in a store."""
    import zarr

    array = zarr.open_array(store, mode='r')
    return sum(int(array[y : y + 256, x : x + 256][::16].sum()) for y, x in windows)


def regions_row(name: str, folder: Path) -> Row:
    """Read 500 random 256 x 256 windows of a tiled pyramid."""
    path = files.pyramid(folder, 'zlib' if name.endswith('deflate') else 'jpeg')
    windows = neighbourhoods(125)

    def ours() -> int:
        import tiffschema

        total = 0
        with tiffschema.TiffFile(path) as tif:
            series = tif.series[0]
            for y, x in windows:
                total += int(
                    series.asarray(selection=(slice(y, y + 256), slice(x, x + 256)))[::16].sum()
                )
        return total

    def rasterio() -> int:
        import rasterio as rio
        from rasterio.windows import Window

        total = 0
        with rio.Env(GDAL_NUM_THREADS=THREADS), rio.open(path) as data:
            for y, x in windows:
                image = data.read(window=Window(x, y, 256, 256))
                total += int(image[:, ::16].sum())
        return total

    def theirs() -> int:
        import tifffile

        with tifffile.imread(path, aszarr=True, series=0, level=0) as store:
            return through_zarr(store, windows)

    contenders = {
        'tiffschema': ours, 'tifffile': theirs, 'rasterio': rasterio,
        'bound': decoding(path, name.removeprefix('regions_'), windows),
    }  # fmt: skip
    return Row(name, contenders, rounds=3)


def decoding(path: Path, codec: str, windows: Windows) -> Task:
    """Return the codec calls that regions need: each tile they touch once, on two threads."""
    import imagecodecs

    offsets, counts, page = segments(path)
    across = SIDE // 256
    touched = {
        row * across + column
        for y, x in windows
        for row in range(y // 256, (y + 255) // 256 + 1)
        for column in range(x // 256, (x + 255) // 256 + 1)
    }
    data = path.read_bytes()
    encoded = [data[offsets[k] : offsets[k] + counts[k]] for k in sorted(touched)]
    tables, photometric = page.jpegtables, page.photometric.name

    def jpeg(tile: bytes) -> Any:
        return imagecodecs.jpeg8_decode(
            tile, tables=tables, colorspace=photometric, outcolorspace=2
        )

    def deflate(tile: bytes) -> Any:
        return imagecodecs.deflate_decode(tile, out=256 * 256 * 3)

    decode = jpeg if codec == 'jpeg' else deflate

    def task() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(decode, encoded, chunksize=8):
                pass

    return task


def zarr_regions(name: str, folder: Path) -> Row:
    """Read 200 windows of a tiled pyramid through Zarr."""
    path = files.pyramid(folder, 'zlib')
    windows = neighbourhoods(50)

    import tifffile

    import tiffschema

    def using(read: Callable[..., Any]) -> Callable[[], int]:
        def task() -> int:
            with read(path, return_as='zarr', series=0, level=0) as store:
                return through_zarr(store, windows)

        return task

    return Row(
        name, {'tiffschema': using(tiffschema.imread), 'tifffile': using(tifffile.imread)}, rounds=3
    )


def remote_cog(name: str, folder: Path) -> Row:
    """Read one region of a COG over HTTP, each answer 20 ms late; the bound asks twice."""
    path = files.pyramid(folder, 'jpeg')
    served = Path(tempfile.mkdtemp(prefix='served-'))
    cog = served / 'cog.tif'

    import tiffschema
    from tiffschema.writer.cog import write_cog

    write_cog(cog, tiffschema.imread(path), compression='jpeg', tile=(256, 256))
    server = RangeServer(served, delay=0.02)
    server.__enter__()
    region = (slice(1024, 1280), slice(2048, 2304))
    numbers = itertools.count()

    def url() -> str:
        # Another one each time, as nobody may remember what was read before.
        return f'{server.url}/cog.tif?{next(numbers)}'

    def ours() -> Any:
        return tiffschema.imread(url(), selection=region)

    def theirs() -> Any:
        import fsspec
        import tifffile

        with fsspec.open(url(), 'rb') as file:
            return tifffile.imread(file, selection=region)

    def rasterio() -> Any:
        import rasterio as rio
        from rasterio.windows import Window

        with (
            rio.Env(GDAL_DISABLE_READDIR_ON_OPEN='EMPTY_DIR'),
            rio.open(f'/vsicurl/{url()}') as data,
        ):
            return numpy.moveaxis(data.read(window=Window(2048, 1024, 256, 256)), 0, -1)

    def async_tiff() -> Any:
        import asyncio

        from async_tiff import TIFF
        from async_tiff.store import HTTPStore

        async def tile() -> Any:
            store = HTTPStore.from_url(url(), client_options={'allow_http': True})
            tif = await TIFF.open('', store=store, prefetch=1 << 15)
            return await (await tif.fetch_tile(8, 4, 0)).decode()

        return numpy.asarray(asyncio.run(tile()))

    def bound() -> None:
        from urllib.request import Request, urlopen

        for start, size in ((0, 1 << 15), (1 << 20, 1 << 14)):
            asked = Request(url(), headers={'Range': f'bytes={start}-{start + size - 1}'})
            with urlopen(asked) as answer:
                answer.read()

    server.reset()
    ours()
    note = f'{len(server.requests)} requests, {server.nbytes >> 10} KiB'
    contenders = {
        'tiffschema': ours, 'tifffile': theirs, 'rasterio': rasterio, 'async-tiff': async_tiff,
        'bound': bound,
    }  # fmt: skip
    return Row(name, contenders, rounds=5, note=note, same=alike)


def alike(a: Any, b: Any) -> bool:
    """Whether decoders of JPEG agree, which round in their own ways."""
    return a.shape == b.shape and int(numpy.abs(a.astype(int) - b.astype(int)).max()) <= 4


ROWS: dict[str, Callable[[str, Path], Row]] = {
    'regions_deflate': regions_row,
    'regions_jpeg': regions_row,
    'zarr_regions': zarr_regions,
    'remote_cog': remote_cog,
}
