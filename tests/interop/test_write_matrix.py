"""What we write is read equal by us and by other readers, where they support the combination.

A reader's `supports` is its documented ability, not what was seen to work: within it, a refusal
fails the test.
"""

from __future__ import annotations

import importlib.util
import io
import shutil
import subprocess
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.interop.written import BY_BYTES, GROUPS, Array, Written, group, pages_of
from tiffschema import TiffFile, imread

LIBTIFF = {'', 'zlib', 'deflate', 'lzw', 'packbits', 'zstd', 'lzma'}
FAX = {'ccittrle', 'ccitt_t4', 'ccitt_t6'}
PILLOW_LAYOUTS = {
    'page', 'strips', 'tiles', 'one tile', 'pages', 'tiled pages', 'rgb', 'rgb tiles',
    'rgba strips', 'planes', 'planes in strips',
}  # fmt: skip


def in_libtiff(case: Written) -> bool:
    """Whether libtiff knows a combination."""
    if case.layout.options.get('volumetric') or case.predictor > 3:
        return False
    return case.compression in LIBTIFF | FAX


def in_tifffile(case: Written) -> bool:
    """It has no distant predictors in imagecodecs' build, no word-aligned CCITT."""
    return case.predictor <= 3 and case.compression != 'ccittrlew'


def in_pillow(case: Written) -> bool:
    """Its modes are 8 bits of one, three or four samples, 16 bits and 32-bit floats of one."""
    if not in_libtiff(case) or case.bits or case.layout.name not in PILLOW_LAYOUTS:
        return False
    if case.order == '>' and (
        case.file.get('bigtiff') or (case.dtype == 'f4' and case.compression)
    ):
        return False  # no big-endian BigTIFF; compressed big-endian floats are swapped twice
    return case.dtype in ('u1', '?') or (case.dtype in ('u2', 'f4') and case.layout.samples == 1)


@cache
def gdal_has_lossless_jpeg() -> bool:
    """Whether the JPEG library in GDAL decodes without loss: libjpeg-turbo 3 does, 2 does not."""
    import imagecodecs
    from rasterio.errors import RasterioIOError
    from rasterio.io import MemoryFile

    array = np.arange(64, dtype='u1').reshape(8, 8)
    stream = imagecodecs.jpeg8_encode(array, lossless=True)
    try:
        with MemoryFile(stream) as file, file.open(driver='JPEG') as found:
            return bool((found.read(1) == array).all())
    except RasterioIOError:
        return False


def in_gdal(case: Written) -> bool:
    """GDAL's libtiff knows LERC and WebP too, and some versions JPEG without loss in 8 bits."""
    if case.compression == 'jpeg':
        return case.dtype == 'u1' and gdal_has_lossless_jpeg()
    return case.compression in ('webp', 'lerc') or in_libtiff(case)


def in_libvips(case: Written) -> bool:
    """It has integers and floats to 32 bits, no packed samples, no planes in tiles."""
    if case.bits or case.dtype not in ('u1', 'u2', 'u4', 'i1', 'i2', 'i4', 'f4'):
        return False
    known = case.compression in ('', 'zlib', 'deflate', 'lzw', 'packbits')
    return in_libtiff(case) and known and case.layout.name != 'planes in tiles'


def in_tools(case: Written) -> bool:
    """`tiffcp` confuses planes in tiles, whoever wrote them."""
    return in_libtiff(case) and case.layout.name != 'planes in tiles'


def read_ours(data: bytes, case: Written, path: Path) -> Array:
    """Read with this library."""
    found = imread(io.BytesIO(data))
    assert found.shape == case.array.shape
    assert found.dtype == (bool if case.bits == 1 else case.array.dtype)
    return with_samples_last(found, case)


def with_samples_last(array: Array, case: Written) -> Array:
    """Return an array of the case's shape as (pages, rows, columns, samples)."""
    if case.layout.planar:
        array = np.moveaxis(array, -3, -1)
    elif case.layout.samples == 1:
        array = array[..., None]
    return array.reshape(-1, *array.shape[-3:])


def read_tifffile(data: bytes, case: Written, path: Path) -> Array:
    """Read with tifffile."""
    import tifffile

    return with_samples_last(tifffile.imread(io.BytesIO(data)), case)


def read_pillow(data: bytes, case: Written, path: Path) -> Array:
    """Read all pages with Pillow."""
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(data)) as image:
        pages = [np.asarray(page) for page in ImageSequence.Iterator(image)]
    return np.stack([page if page.ndim == 3 else page[..., None] for page in pages])


def read_gdal(data: bytes, case: Written, path: Path) -> Array:
    """Read all pages with GDAL."""
    import rasterio

    path.write_bytes(data)
    pages = []
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for number in range(1, len(pages_of(case)) + 1):
            with rasterio.open(f'GTIFF_DIR:{number}:{path}') as found:
                pages.append(np.moveaxis(found.read(), 0, -1))
    return np.stack(pages)


def read_libvips(data: bytes, case: Written, path: Path) -> Array:
    """Read all pages with libvips."""
    import pyvips

    found = pyvips.Image.tiffload_buffer(data, n=-1, fail_on='error').numpy()
    return found.reshape(pages_of(case).shape)


def read_tools(data: bytes, case: Written, path: Path) -> Array:
    """Let libtiff's tools look at a file and copy it; they may complain of private tags only."""
    copy = path.with_name('copy.tif')
    path.write_bytes(data)
    for command in (['tiffinfo', '-s', path], ['tiffcp', '-c', 'none', path, copy]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        said = [line for line in done.stderr.splitlines() if 'Unknown field' not in line]
        assert (done.returncode, said) == (0, [])
    with TiffFile(copy) as tif:
        pages = [page.asarray() for page in tif.pages]
        planar = tif.pages[0].samplesperpixel > 1 and tif.pages[0].planarconfig == 2
    pages = [page[..., None] if page.ndim == 2 else page for page in pages]
    return np.stack([np.moveaxis(page, 0, -1) for page in pages] if planar else pages)


@dataclass(frozen=True)
class Reader:
    """A reader: what it needs, what it supports, how it reads; how many cases it is given."""

    needs: str
    supports: Callable[[Written], bool]
    read: Callable[[bytes, Written, Path], Array]
    every: int = 1
    is_program: bool = False

    @property
    def is_here(self) -> bool:
        """Whether the module or program is installed."""
        if self.is_program:
            return shutil.which(self.needs) is not None
        return importlib.util.find_spec(self.needs) is not None


READERS = {
    'tiffschema': Reader('tiffschema', lambda case: True, read_ours),
    'tifffile': Reader('tifffile', in_tifffile, read_tifffile, 3),
    'Pillow': Reader('PIL', in_pillow, read_pillow),
    'GDAL': Reader('rasterio', in_gdal, read_gdal, 5),
    'libvips': Reader('pyvips', in_libvips, read_libvips, 3),
    'libtiff-tools': Reader('tiffinfo', in_tools, read_tools, 5, is_program=True),
}


def check(name: str, cases: list[Written], path: Path, every: int = 1) -> None:
    """Read what a reader supports; report all failures together."""
    reader = READERS[name]
    chosen = [case for case in cases if reader.supports(case)][::every]
    wrong = []
    for case in chosen:
        try:
            found = reader.read(case.bytes(), case, path)
            np.testing.assert_array_equal(found, pages_of(case), strict=False)
        except Exception as error:  # noqa: BLE001 - whatever a reader raises is a failure
            wrong.append(f'{case}: {type(error).__name__} {str(error)[:200]}')
    assert not wrong, '\n'.join([f'{len(wrong)} of {len(chosen)}', *wrong[:20]])


@pytest.mark.parametrize('compression', GROUPS)
@pytest.mark.parametrize('name', READERS)
def test_matrix(name: str, compression: str, tmp_path: Path) -> None:
    if not READERS[name].is_here:
        pytest.skip(f'{name}: the reader to compare with is absent')
    cases = group(compression)
    if compression in BY_BYTES[1:]:
        cases = cases[::7]  # of the compressions of bytes, one meets the whole rest
    check(name, cases, tmp_path / 'a.tif', READERS[name].every)


@pytest.mark.long
@pytest.mark.parametrize('compression', GROUPS)
@pytest.mark.parametrize('name', READERS)
def test_whole_matrix(name: str, compression: str, tmp_path: Path) -> None:
    if not READERS[name].is_here:
        pytest.skip(f'{name}: the reader to compare with is absent')
    check(name, group(compression), tmp_path / 'a.tif')


def test_matrix_is_wide() -> None:
    """No case comes twice, and each reader meets most kinds of layouts."""
    cases = [case for name in GROUPS for case in group(name)]
    assert len({str(case) for case in cases}) == len(cases)
    layouts = {case.layout.name for case in cases}
    for reader in READERS.values():
        known = {case.layout.name for case in cases if reader.supports(case)}
        assert len(known) * 2 > len(layouts)
