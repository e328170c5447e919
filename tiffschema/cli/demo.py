"""``tiffschema demo``: the main job, on a real file that is shipped with the library.

Reads a file, shows its structure and what the schemas found, writes a preview, writes the image
anew and reads it back.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile
from tiffschema.writer.imwrite import imwrite

from .info import tables
from .png import png_bytes, preview
from .program import CommandError
from .tables import Table, show, show_text

__all__ = ['SAMPLE', 'run']

SAMPLE = Path(__file__).with_name('data') / 'metaseries.tif'
"""Thumbnail of a well plate, 16 bit, written by MetaXpress; terms in the file beside it."""


def run(arguments: argparse.Namespace) -> int:
    """Run the demonstration; fail if anything differs from what it should be."""
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    with TiffFile(SAMPLE) as tif:
        show(tables(tif))
        print('\nWhy it is what it is')
        show_text(tif.explain())
        found = byte_map(tif)
        image = tif.asarray()
        photometric = tif.pages.first.photometric
        resolution = tif.pages.first.resolution
        description = tif.pages.first.description
        faults = list(tif.faults)
    totals = Table(f'Bytes: {found.size}, {len(found.unexplained)} unexplained', ('kind', '>bytes'))
    for kind, nbytes in found.totals().items():
        totals.add(kind, nbytes)
    print()
    show([totals])
    print(f'\nPixels: {image.dtype} {image.shape}, {image.min()} to {image.max()}')

    picture = folder / 'tiffschema-demo.png'
    picture.write_bytes(png_bytes(preview(image)))
    print(f'Preview: {picture} ({picture.stat().st_size} bytes)')

    copy = folder / 'tiffschema-demo.tif'
    imwrite(
        copy, image, photometric=photometric, compression='zlib', predictor=True, tile=(32, 32),
        resolution=resolution, description=description, metadata=None,
    )  # fmt: skip
    with TiffFile(copy) as again:
        equal = np.array_equal(again.asarray(), image)
        compression = again.pages.first.compression
        complete = not byte_map(again).unexplained
    if not equal or not complete or faults or found.unexplained:
        raise CommandError('the demonstration failed: the copy is not equal to the original')
    name = getattr(compression, 'name', compression)
    print(f'Written anew: {copy} ({copy.stat().st_size} bytes, {name}, tiles), read back equal')
    return 0
