"""Files that the rows read, made once per folder.

They are written by `tifffile` so that no row depends on our own writer; layouts that it cannot make
(gaps of random size, varying tag counts) are packed here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

PAGES = 20_000
SIDE = 64


def once(path: Path, make: Any) -> Path:
    """Make a file unless it is there."""
    if not path.exists():
        temporary = path.with_name('making-' + path.name)
        make(temporary)
        temporary.rename(path)
    return path


def camera(shape: tuple[int, ...], dtype: str = 'uint16') -> numpy.ndarray[Any, Any]:
    """Return smooth, noisy data such as cameras give."""
    rng = numpy.random.default_rng(7)
    length, width = shape[:2]
    y, x = numpy.ogrid[:length, :width]
    smooth = 2000 + 1500 * numpy.sin(x / 97.0) * numpy.cos(y / 131.0)
    noise = rng.normal(0, 12, (length, width))
    data = smooth + noise
    if len(shape) == 3:
        data = numpy.stack([data + 100 * i for i in range(shape[2])], axis=-1)
    if dtype == 'uint8':
        data = data / 16
    return data.astype(dtype)


def plain(folder: Path) -> Path:
    """Write 20,000 pages of 64 x 64 uint16, each on its own."""

    def make(path: Path) -> None:
        import tifffile

        data = camera((SIDE, SIDE))
        with tifffile.TiffWriter(path) as tif:
            for i in range(PAGES):
                tif.write(data + i % 7, contiguous=False, metadata=None)

    return once(folder / 'plain.tif', make)


def plain_zlib(folder: Path) -> Path:
    """Write 20,000 deflate-compressed pages."""

    def make(path: Path) -> None:
        import tifffile

        data = camera((SIDE, SIDE))
        with tifffile.TiffWriter(path) as tif:
            for i in range(PAGES):
                tif.write(data + i % 7, contiguous=False, metadata=None, compression='zlib')

    return once(folder / 'plain_zlib.tif', make)


def irregular(folder: Path) -> Path:
    """Write 20,000 pages with random gaps and 12 or 13 tags."""

    def make(path: Path) -> None:
        rng = numpy.random.default_rng(3)
        data = camera((SIDE, SIDE)).astype('<u2').tobytes()
        gaps = rng.integers(0, 50, PAGES) * 2
        extra = rng.integers(0, 2, PAGES)
        with open(path, 'wb') as out:
            out.write(b'II*\0\0\0\0\0')
            pointer = 4
            position = 8
            for gap, more in zip(gaps.tolist(), extra.tolist(), strict=True):
                position += gap
                out.seek(position)
                out.write(data)
                offset = position
                position += len(data)
                tags = [
                    (254, 4, 1, 0), (256, 4, 1, SIDE), (257, 4, 1, SIDE), (258, 3, 1, 16),
                    (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, offset), (277, 3, 1, 1),
                    (278, 4, 1, SIDE), (279, 4, 1, len(data)), (284, 3, 1, 1), (296, 3, 1, 1),
                ]  # fmt: skip
                if more:
                    tags.append((65000, 4, 1, 5))
                directory = struct.pack('<H', len(tags))
                directory += b''.join(struct.pack('<HHII', *tag) for tag in tags)
                out.write(directory + struct.pack('<I', 0))
                out.seek(pointer)
                out.write(struct.pack('<I', position))
                pointer = position + len(directory)
                position = pointer + 4

    return once(folder / 'irreg.tif', make)


def contiguous(folder: Path) -> Path:
    """Write one contiguous stack of 20,000 pages."""

    def make(path: Path) -> None:
        import tifffile

        data = numpy.broadcast_to(camera((SIDE, SIDE)), (PAGES, SIDE, SIDE))
        tifffile.imwrite(path, data, photometric='minisblack')

    return once(folder / 'contig.tif', make)


def imagej(folder: Path) -> Path:
    """Write an ImageJ hyperstack of 20,000 pages."""

    def make(path: Path) -> None:
        import tifffile

        data = numpy.broadcast_to(camera((SIDE, SIDE)), (PAGES, SIDE, SIDE))
        tifffile.imwrite(path, data, imagej=True, metadata={'axes': 'TYX'})

    return once(folder / 'imagej.tif', make)


def ome(folder: Path) -> Path:
    """Write an OME-TIFF of 5,000 planes."""

    def make(path: Path) -> None:
        import tifffile

        data = numpy.broadcast_to(camera((SIDE, SIDE)), (500, 10, SIDE, SIDE))
        tifffile.imwrite(path, data, photometric='minisblack', ome=True, metadata={'axes': 'TCYX'})

    return once(folder / 'ome.ome.tif', make)


def big(folder: Path) -> Path:
    """Write a BigTIFF of 2,000 pages."""

    def make(path: Path) -> None:
        import tifffile

        data = camera((SIDE, SIDE))
        with tifffile.TiffWriter(path, bigtiff=True) as tif:
            for _ in range(2000):
                tif.write(data, contiguous=False, metadata=None)

    return once(folder / 'big.tif', make)


def stack(folder: Path) -> Path:
    """Write 512 MiB of contiguous uint16."""

    def make(path: Path) -> None:
        import tifffile

        data = numpy.arange(1 << 28, dtype='uint16').reshape(256, 1024, 1024)
        tifffile.imwrite(path, data, photometric='minisblack')

    return once(folder / 'stack.tif', make)


def tiled(
    folder: Path, label: str, *, side: int = 8192, dtype: str = 'uint16', **kwargs: Any
) -> Path:
    """Write a tiled image."""

    def make(path: Path) -> None:
        import tifffile

        shape = (side, side, 3) if kwargs.get('photometric') == 'rgb' else (side, side)
        tifffile.imwrite(path, camera(shape, dtype), metadata=None, **kwargs)

    return once(folder / f'tiled_{label}.tif', make)


def pyramid(folder: Path, compression: str) -> Path:
    """Write a tiled RGB pyramid of 8192 x 8192 and two levels below it."""

    def make(path: Path) -> None:
        import tifffile

        data = camera((8192, 8192, 3), 'uint8')
        options: dict[str, Any] = {
            'photometric': 'rgb', 'tile': (256, 256), 'compression': compression, 'metadata': None,
        }  # fmt: skip
        with tifffile.TiffWriter(path) as tif:
            tif.write(data, subifds=2, **options)
            tif.write(data[::2, ::2], subfiletype=1, **options)
            tif.write(data[::4, ::4], subfiletype=1, **options)

    return once(folder / f'pyramid_{compression}.tif', make)


def many(folder: Path) -> list[Path]:
    """Write 2,000 small files."""
    target = folder / 'many'
    if not target.exists():
        import tifffile

        making = folder / 'making-many'
        making.mkdir(exist_ok=True)
        data = camera((SIDE, SIDE))
        for i in range(2000):
            tifffile.imwrite(making / f'f{i:04}.tif', data, photometric='minisblack')
        making.rename(target)
    return sorted(target.iterdir())


def recording(kind: str) -> Callable[[Path], Path]:
    """Return what writes a forged set of 20,000 small planes of a vendor, with its index if any.

    No other writer makes them; that `tifffile` reads them is what the tests of the format show.
    """
    options: dict[str, dict[str, int]] = {
        'mmstack': {'frames': 1000, 'slices': 10, 'channels': 2},
        'ndtiff': {'times': 1000, 'slices': 10, 'channels': 2},
        'lsm': {'times': 1000, 'slices': 20, 'channels': 3},
        'scanimage': {'slices': 100, 'frames': 100, 'channels': 2},
    }

    def write(folder: Path) -> Path:
        target = folder / f'recording-{kind}'
        if not target.exists():
            from tiffschema.testing import forge

            making = folder / f'making-{kind}'
            made: dict[str, Any] = dict(options[kind])
            if kind == 'mmstack':
                made['ome'] = False
            forge(kind, **made).write(making)
            making.rename(target)
        return next(path for path in sorted(target.iterdir()) if path.suffix in ('.tif', '.lsm'))

    return write
