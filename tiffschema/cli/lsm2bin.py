"""``lsm2bin``: the image of an LSM file as raw files, one for each position, time and tile."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Sequence
from typing import Any

from tiffschema.runtime.file import TiffFile

from .program import CommandError, each_file, ended

__all__ = ['lsm2bin', 'main']

_AXES = 'MPTZCYX'
_TILE = (256, 256)


def lsm2bin(
    lsmfile: str | os.PathLike[str],
    /,
    binfile: str | None = None,
    *,
    tile: tuple[int, int] | None = None,
    verbose: bool = True,
) -> None:
    """Write the image of an LSM file as raw files, in the byte order of the machine.

    Each file holds axes ZCYX of one mosaic, position, time and tile, which its name tells:
    ``NAME_(z1c2y256x256)_m0p0t000y0x0.bin``. Tiles that are not whole are left out.

    Parameters:
        lsmfile: Path of the file.
        binfile: What names of files begin with; the path of the file by default; ``'none'``
            writes nothing.
        tile: Rows and columns of tiles, 256 x 256 by default.
        verbose: Tell what is done.

    Raises:
        ValueError: The file is no LSM file, or its image has other axes.
        OSError: A file cannot be read or written.

    Example:
        >>> from pathlib import Path
        >>> from tiffschema.testing import forge
        >>> lsm2bin(forge('lsm').write(Path()), 'temp', tile=(8, 8), verbose=False)
        >>> len(list(Path().glob('temp_*.bin'))) > 0
        True
    """
    say = print if verbose else _silent
    length, width = _TILE if tile is None else tile
    if length < 1 or width < 1:
        raise ValueError(f'tile: {length} x {width} pixels are no tile')
    begin = os.fspath(lsmfile) if binfile is None else binfile
    with TiffFile(lsmfile) as tif:
        if not tif.is_lsm:
            raise ValueError(f'{tif.filename} is no LSM file')
        series = tif.series[0]
        axes = series.get_axes(False)
        if not set(axes) <= set(_AXES) or not axes.endswith('YX'):
            raise ValueError(f'an image of axes {series.axes} is not {_AXES}')
        say(f'{tif.filename}: {series.axes} {series.shape} {series.dtype}')
        sizes = {axis: series.get_shape(False)[axes.index(axis)] for axis in axes}
        counts = [sizes.get(axis, 1) for axis in 'MPT'] + [
            sizes['Y'] // length, sizes['X'] // width,
        ]  # fmt: skip
        head = f'{begin}_(z{sizes.get("Z", 1)}c{sizes.get("C", 1)}y{length}x{width})_'
        for m, p, t, y, x in itertools.product(*map(range, counts)):
            place: dict[str, Any] = {
                'M': m, 'P': p, 'T': t,
                'Y': slice(y * length, (y + 1) * length), 'X': slice(x * width, (x + 1) * width),
            }  # fmt: skip
            selection = tuple(place.get(axis, slice(None)) for axis in axes)
            image = series.asarray(selection=selection, squeeze=False)
            if begin.lower() == 'none':
                continue
            if 'Z' in axes and -1 < axes.find('C') < axes.index('Z'):
                image = image.swapaxes(0, 1)
            name = f'{head}m{m}p{p}t{t:03}y{y}x{x}.bin'
            image.astype(image.dtype.newbyteorder('=')).tofile(name)
            say(name)


def _silent(text: str) -> None:
    """Say nothing."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``lsm2bin`` and return its exit status.

    Parameters:
        argv: Name of the program and its arguments; default `sys.argv`.
    """
    parser = argparse.ArgumentParser(
        prog='lsm2bin', description='Write the image of an LSM file as raw files.'
    )
    parser.add_argument('lsmfile', help='file to read')
    parser.add_argument('binfile', nargs='?', help='begin of names; "none" writes nothing')
    parser.add_argument('--tile', nargs=2, type=int, metavar=('Y', 'X'), help='default 256 256')
    parser.add_argument('--quiet', action='store_true', help='no progress')
    given = parser.parse_args(list(sys.argv if argv is None else argv)[1:])
    tile = None if given.tile is None else (given.tile[0], given.tile[1])

    def one(path: str) -> bool:
        try:
            lsm2bin(path, given.binfile, tile=tile, verbose=not given.quiet)
        except ValueError as error:
            raise CommandError(str(error)) from None
        return True

    return ended('lsm2bin', lambda: each_file([given.lsmfile], one))
