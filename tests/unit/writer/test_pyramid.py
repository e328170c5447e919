"""Pyramids in one call: levels equal a naive reference, wherever they go, however they are cut."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile, TiffWriter, imwrite

Array = np.ndarray


def four(plane: Array) -> tuple[Array, Array, Array, Array]:
    """Return the corners of all squares of 2 x 2; odd sides are repeated."""
    rows, columns = (size % 2 for size in plane.shape)
    plane = np.pad(plane, ((0, rows), (0, columns)), mode='edge')
    return plane[::2, ::2], plane[::2, 1::2], plane[1::2, ::2], plane[1::2, 1::2]


def mean(plane: Array) -> Array:
    """Halve with Python's exact numbers; integers are rounded to the nearest, halves up."""
    corners = four(plane)
    if plane.dtype.kind == 'b':
        return sum(corner.astype(int) for corner in corners) >= 2
    if plane.dtype.kind in 'ui':
        total = sum(corner.astype(object) for corner in corners)
        return ((total + 2) // 4).astype(plane.dtype)
    wide = 'c16' if plane.dtype.kind == 'c' else 'f8'
    return (sum(corner.astype(wide) for corner in corners) / 4).astype(plane.dtype)


def mode(plane: Array) -> Array:
    """Halve by counting."""
    corners = np.stack(four(plane))
    counts = (corners[:, None] == corners[None]).sum(axis=0)
    best = counts.argmax(axis=0)
    return np.take_along_axis(corners, best[None], axis=0)[0]


def nearest(plane: Array) -> Array:
    """Halve by leaving out."""
    return plane[::2, ::2]


def lanczos(plane: Array) -> Array:
    """Halve the whole plane at once with Pillow."""
    image = pytest.importorskip('PIL.Image', reason='Pillow: optional extra "resample"')
    size = tuple(-(-length // 2) for length in reversed(plane.shape))
    box = (0, 0, 2 * size[0], 2 * size[1])
    padded = np.pad(plane, [(0, length % 2) for length in plane.shape], mode='edge')
    # Of bytes Pillow clips what overshoots between the two passes.
    stored = padded if plane.dtype == 'u1' else padded.astype('f4')
    found = image.fromarray(stored).resize(size, image.Resampling.LANCZOS, box=box)
    array = np.asarray(found)
    if plane.dtype.kind in 'ui':
        info = np.iinfo(plane.dtype)
        array = np.clip(np.rint(array), info.min, info.max)
    return array.astype(plane.dtype)


REFERENCES = {'mean': mean, 'mode': mode, 'nearest': nearest, 'lanczos': lanczos}


def halved(array: Array, how: str, axes: str) -> Array:
    """Halve the axes Y and X of an array."""
    y, x = axes.index('Y'), axes.index('X')
    planes = np.moveaxis(array, (y, x), (-2, -1))
    flat = planes.reshape(-1, *planes.shape[-2:])
    small = np.stack([REFERENCES[how](plane) for plane in flat])
    return np.moveaxis(small.reshape(*planes.shape[:-2], *small.shape[-2:]), (-2, -1), (y, x))


def samples(shape: tuple[int, ...], dtype: str) -> Array:
    values = np.random.default_rng(5).random(shape) * 200
    return values > 120 if dtype == '?' else values.astype(dtype)


LAYOUTS: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    'tiles': ((131, 203), 'YX', {'tile': (32, 48)}),
    'strips': ((131, 203), 'YX', {'rowsperstrip': 13}),
    'pages': ((3, 70, 91), 'TYX', {'tile': (32, 32)}),
    'rgb': ((131, 203, 3), 'YXS', {'photometric': 'rgb', 'tile': (64, 64)}),
    'planes': (
        (2, 3, 70, 91), 'TCYX',
        {'photometric': 'rgb', 'planarconfig': 'separate', 'tile': (32, 32)},
    ),
    'planes in strips': (
        (3, 70, 91), 'CYX', {'photometric': 'rgb', 'planarconfig': 'separate', 'rowsperstrip': 9},
    ),
    'narrow': ((300, 3), 'YX', {'tile': (32, 32)}),
}  # fmt: skip


def close(found: Array, expected: Array, how: str) -> None:
    """Compare: Lanczos to one unit, as bands may round otherwise; the others to the bit."""
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    if how == 'lanczos':
        np.testing.assert_allclose(found.astype('f8'), expected.astype('f8'), atol=1, rtol=1e-4)
    elif how == 'mean' and found.dtype.kind in 'fc':
        np.testing.assert_allclose(
            found, expected, rtol=1e-3 if found.dtype.itemsize == 2 else 1e-6
        )
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize('how', REFERENCES)
@pytest.mark.parametrize('reduced', ['subifds', 'pages'])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_levels_equal_a_naive_reference(layout: str, reduced: str, how: str) -> None:
    shape, axes, options = LAYOUTS[layout]
    options = {'photometric': 'minisblack', 'metadata': {'axes': axes}} | options
    for dtype, compression in (('u1', 'zlib'), ('u2', None), ('f4', 'lzw')):
        array = samples(shape, dtype)
        stream = io.BytesIO()
        levels = 1 if layout == 'narrow' else 2
        imwrite(stream, array, pyramid=levels, resampling=how, reduced=reduced,
                compression=compression, **options)  # fmt: skip
        stream.seek(0)
        with TiffFile(stream) as tif:
            assert tif.faults == []
            found = tif.series[0].levels
            assert len(found) == levels + 1
            for level in found:
                close(level.asarray(), array, how)
                # Each level is made of the one before it, as that was stored.
                array = halved(level.asarray(), how, axes)
            for page in tif.pages[0].pages or ():
                assert page.is_reduced
                assert page.compression == tif.pages[0].compression


@pytest.mark.parametrize('how', ['mean', 'mode', 'nearest'])
@pytest.mark.parametrize('dtype', ['?', 'i1', 'i4', 'u4', 'i8', 'u8', 'f2', 'f8', 'c8', 'c16'])
def test_types(dtype: str, how: str) -> None:
    array = samples((131, 203), dtype)
    if array.dtype.kind in 'ui':
        info = np.iinfo(array.dtype)
        array[:20] = info.max
        array[40:60] = info.min
        array[60:80, ::2] = info.max - 1
    stream = io.BytesIO()
    imwrite(stream, array, pyramid=1, resampling=how, tile=(48, 32), photometric='minisblack')
    stream.seek(0)
    with TiffFile(stream) as tif:
        close(tif.pages[0].pages[0].asarray(), REFERENCES[how](array), how)


@pytest.mark.parametrize('kind', ['shaped', 'generic', 'ome'])
@pytest.mark.parametrize('reduced', ['subifds', 'pages'])
def test_kinds_and_number_of_levels(kind: str, reduced: str) -> None:
    if (kind, reduced) == ('ome', 'pages'):
        with pytest.raises(ValueError, match='reduced'):
            imwrite(io.BytesIO(), samples((600, 700), 'u1'), kind='ome', pyramid=1, reduced='pages')
        return
    array = samples((2, 600, 700), 'u1')
    stream = io.BytesIO()
    with TiffWriter(stream, kind=kind) as tif:
        tif.write(array, photometric='minisblack', tile=(64, 64), pyramid=True, reduced=reduced,
                  resolution=(100, 100, 'centimeter'))  # fmt: skip
        tif.write(array[0, :50, :60])
    stream.seek(0)
    with TiffFile(stream) as tif:
        levels = tif.series[0].levels
        sizes = [level.shape[-2:] for level in levels]
        assert sizes == [(600, 700), (300, 350), (150, 175), (75, 88), (38, 44)]
        assert len(tif.series) == 2
        for level, factor in zip(levels, (1, 2, 4, 8, 16), strict=True):
            # Pixels per centimetre become fewer, so that levels cover the same area.
            assert level.keyframe.get_resolution()[0] == pytest.approx(100 / factor, rel=0.02)


@pytest.mark.parametrize('axes', ['ZYX', 'TYX', 'CYX'])
@pytest.mark.parametrize('reduced', ['subifds', 'pages'])
def test_levels_of_stacks(axes: str, reduced: str) -> None:
    array = samples((3, 64, 64), 'u1')
    stream = io.BytesIO()
    imwrite(stream, array, photometric='minisblack', tile=(16, 16), pyramid=2, reduced=reduced,
            metadata={'axes': axes})  # fmt: skip
    stream.seek(0)
    with TiffFile(stream) as tif:
        assert len(tif.series) == 1
        assert [level.shape for level in tif.series[0].levels] == [
            (3, 64, 64), (3, 32, 32), (3, 16, 16),
        ]  # fmt: skip


def test_iterator_of_tiles() -> None:
    array = samples((200, 300, 3), 'u1')

    def tiles() -> Iterator[Array]:
        for y in range(0, 200, 64):
            for x in range(0, 300, 48):
                yield array[y : y + 64, x : x + 48]

    stream = io.BytesIO()
    imwrite(stream, tiles(), shape=array.shape, dtype='u1', tile=(64, 48), photometric='rgb',
            pyramid=2, compression='zlib')  # fmt: skip
    stream.seek(0)
    with TiffFile(stream) as tif:
        close(tif.series[0].levels[0].asarray(), array, 'mean')
        close(tif.series[0].levels[1].asarray(), halved(array, 'mean', 'YXS'), 'mean')


MEASURED = """
import resource, sys
import numpy as np
from tiffschema import imwrite

length, width, tile = 16384, 8192, 512
rng = np.random.default_rng(0)
noise = [rng.integers(0, 60000, (tile, tile), "u2") for _ in range(7)]

def tiles():
    for number in range((length // tile) * (width // tile)):
        yield noise[number % 7]

imwrite(sys.argv[1] + "/warm.tif", noise[0], tile=(256, 256), pyramid=1, compression="zlib")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
imwrite(sys.argv[1] + "/a.tif", tiles(), shape=(length, width), dtype="u2", tile=(tile, tile),
        pyramid=True, photometric="minisblack", buffersize=1 << 24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_is_bounded(tmp_path: Any) -> None:
    """256 MiB of tiles pass through; what is kept is a band, and the level in the making."""
    done = subprocess.run(
        [sys.executable, '-c', MEASURED, str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    grown = int(done.stdout) * (1 if sys.platform == 'darwin' else 1024)
    assert grown < 120 << 20
    with TiffFile(tmp_path / 'a.tif') as tif:
        assert len(tif.series[0].levels) == 6
