"""The byte map explains every byte of every file that we write."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.interop.written import GROUPS, group
from tiffschema import TiffFile, TiffWriter, imwrite, memmap
from tiffschema.runtime.bytemap import byte_map
from tiffschema.writer.cog import write_cog
from tiffschema.writer.compact import compact
from tiffschema.writer.geokeys import geo_tags

Make = Callable[[Path], Any]


def unexplained(file: Any) -> list[str]:
    """Return what a map leaves open, faults of reading included."""
    with TiffFile(file, name='a.tif') as tif:
        found = byte_map(tif, details=False)
        faults = [str(fault) for fault in tif.faults]
    gaps = [f'{span.kind} {span.start}..{span.stop}: {span.path}' for span in found.unexplained]
    return gaps + faults


@pytest.mark.parametrize('compression', GROUPS)
def test_matrix(compression: str) -> None:
    wrong = []
    for case in group(compression)[:: 3 if compression in GROUPS[1:9] else 2]:
        left = unexplained(io.BytesIO(case.bytes()))
        wrong += [f'{case}: {left[:3]}'] if left else []
    assert not wrong, '\n'.join(wrong[:20])


def pixels(*shape: int, dtype: str = 'u1') -> np.ndarray:
    return np.random.default_rng(3).integers(0, 99, shape).astype(dtype)


METADATA: dict[str, Any] = {
    'axes': 'TZCYX', 'spacing': 2.0, 'unit': 'um', 'Labels': [f'{i}' for i in range(24)],
    'Info': 'text', 'Ranges': (0.0, 1.0) * 4, 'LUTs': [np.zeros((3, 256), 'u1')] * 4,
    'ROI': b'Iout' + bytes(60), 'Overlays': [b'Iout' + bytes(61)] * 2,
    'Properties': {'a': 'b'}, 'Plot': b'abc',
}  # fmt: skip


def streamed(kind: str) -> Make:
    def make(path: Path) -> None:
        with TiffWriter(path, kind=kind) as tif:
            for frame in pixels(7, 31, 33):
                tif.write(frame, contiguous=True)

    return make


def appended(kind: str, **options: Any) -> Make:
    def make(path: Path) -> None:
        metadata = {'axes': 'TYX'}
        imwrite(path, pixels(3, 31, 33), kind=kind, metadata=metadata, **options)
        imwrite(path, pixels(2, 31, 33), append=True, contiguous=True, **options)
        if kind != 'imagej':
            imwrite(path, pixels(20, 21), append=True)

    return make


def children(path: Path) -> None:
    with TiffWriter(path, bigtiff=True, ome=True) as tif:
        tif.write(pixels(2, 64, 64), subifds=2, metadata={'axes': 'CYX'}, photometric='minisblack')
        for step in (2, 4):
            tif.write(pixels(2, 64 // step, 64 // step), subfiletype=1, photometric='minisblack')
        tif.write(pixels(9, 9), metadata={'Name': 'thumbnail'})


def mapped(path: Path) -> None:
    array = memmap(path, shape=(3, 31, 33), dtype='uint16', photometric='minisblack')
    array[:] = 7
    array.flush()


def edited(path: Path) -> None:
    imwrite(path, pixels(4, 31, 33), photometric='minisblack', compression='zlib')
    with TiffFile(path, mode='r+') as tif:
        tif.pages[0].tags['ImageDescription'].overwrite('a longer text ' * 30)
        tif.pages[1].tags['XResolution'].overwrite((300, 7))
    compact(path)


GRAY = {'photometric': 'minisblack'}
TILED = {'tile': (64, 64)}
ARRAYS: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    'imagej': (pixels(2, 3, 4, 20, 30, dtype='u2'), {'imagej': True, 'metadata': METADATA}),
    'imagej rgb': (pixels(4, 20, 30, 3), {'imagej': True}),
    'imagej truncated': (pixels(4, 20, 30), {'imagej': True, 'truncate': True}),
    'ome': (pixels(2, 3, 20, 30), {'ome': True, 'metadata': {'axes': 'CZYX'}}),
    'shaped': (pixels(2, 3, 20, 30), GRAY | {'metadata': {'a': 'b'}}),
    'shaped truncated': (pixels(4, 20, 30), GRAY | {'truncate': True}),
    'no elements': (pixels(0, 5), {}),
    'aligned': (pixels(3, 31, 33), GRAY | {'align': 4096}),
    'palette': (pixels(31, 33), {'colormap': np.zeros((3, 256), 'u2')}),
    'jpeg': (
        pixels(64, 64, 3), {'compression': 'jpeg', 'photometric': 'rgb', 'tile': (32, 32)},
    ),
    'pyramid': (pixels(300, 400, 3), TILED | {'pyramid': 2, 'photometric': 'rgb'}),
    'pyramid of pages': (
        pixels(2, 300, 400),
        TILED | GRAY | {'pyramid': True, 'reduced': 'pages', 'compression': 'zlib'},
    ),
    'pyramid ome': (pixels(2, 300, 400), TILED | GRAY | {'pyramid': 2, 'ome': True}),
    'tags': (
        pixels(2, 31, 33),
        GRAY | {
            'iccprofile': bytes(300), 'datetime': True, 'description': 'text',
            'resolution': (1.5, 2.5),
            'extratags': [
                (65000, 's', 0, 'hi there', True), (65001, 'd', 3, (1.0, 2.0, 3.0), False),
            ],
        },
    ),
    'geotiff': (
        pixels(31, 33),
        {'extratags': geo_tags(4326, (1, 2, 3, 4, 5, 6), nodata=1, gdal_metadata={'a': 'b'})},
    ),
}  # fmt: skip
COGS: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    'cog': (pixels(700, 600), {'crs': 32633, 'transform': (1, 0, 0, 0, -1, 0)}),
    'cog with mask': (
        pixels(300, 400, 3),
        {'photometric': 'rgb', 'mask': pixels(300, 400) > 50, 'bigtiff': True},
    ),
    'cog, odd': (pixels(300, 200), {'byteorder': '>', 'nodata': 0, 'compression': 'lzw'}),
}
MADE: dict[str, Make] = {
    'ome children': children,
    'streamed shaped': streamed('shaped'),
    'streamed generic': streamed('generic'),
    'streamed imagej': streamed('imagej'),
    'streamed ome': streamed('ome'),
    'appended shaped': appended('shaped', **GRAY),
    'appended zlib': appended('shaped', **GRAY, compression='zlib'),
    'appended imagej': appended('imagej'),
    'appended ome': appended('ome', **GRAY),
    'mapped': mapped,
    'edited': edited,
    'empty': lambda path: imwrite(path, shape=(3, 31, 33), dtype='u2', tile=(16, 16), **GRAY),
}


def write_kind(name: str, path: Path) -> None:
    """Write one of the files above."""
    if name in MADE:
        MADE[name](path)
        return
    array, options = (ARRAYS | COGS)[name]
    write = write_cog if name in COGS else imwrite
    write(path, array, **(TILED | options if name in COGS else options))


@pytest.mark.parametrize('name', [*ARRAYS, *COGS, *MADE])
@pytest.mark.filterwarnings('ignore:data. writing an array')
def test_kinds_of_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    write_kind(name, path)
    assert unexplained(path) == []
