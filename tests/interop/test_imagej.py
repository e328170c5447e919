"""ImageJ itself opens our hyperstacks, with the right dimensions, samples and metadata.

All files are written first and opened by one run of ImageJ, in a process of its own.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema import TiffWriter, imwrite, memmap

JAR = Path('/usr/share/java/ij.jar')
READER = Path(__file__).with_name('imagej_reader.py')

pytestmark = pytest.mark.skipif(
    not JAR.exists() or shutil.which('java') is None or importlib.util.find_spec('jpype') is None,
    reason='ImageJ: libij-java, a Java runtime or JPype is absent',
)

Shape = tuple[int, ...]
Found = tuple[dict[str, Any], numpy.ndarray]


def samples(shape: Shape, dtype: str) -> numpy.ndarray:
    values = numpy.random.default_rng(7).integers(0, 250, shape)
    if dtype == 'int16':
        values = values * 200 - 25000
    elif dtype == 'uint16':
        values = values * 200
    return (values / 7 if dtype == 'float32' else values).astype(dtype)


HYPERSTACKS: list[tuple[str, Shape]] = [
    ('YX', (13, 17)),
    ('CYX', (3, 13, 17)),
    ('ZYX', (4, 13, 17)),
    ('TYX', (5, 13, 17)),
    ('ZCYX', (4, 3, 13, 17)),
    ('TCYX', (5, 3, 13, 17)),
    ('TZYX', (5, 4, 13, 17)),
    ('TZCYX', (5, 4, 3, 13, 17)),
    ('YXS', (13, 17, 3)),
    ('ZYXS', (4, 13, 17, 3)),
    ('TZCYXS', (2, 4, 3, 13, 17, 3)),
]
PLAIN: dict[str, tuple[Shape, str, dict[str, Any]]] = {
    'strips': ((3, 31, 33), 'uint16', {'rowsperstrip': 7}),
    'bigendian': ((3, 31, 33), 'uint16', {'byteorder': '>'}),
    'lzw': ((31, 33), 'uint8', {'compression': 'lzw'}),
    'lzw-predictor': ((31, 33), 'uint16', {'compression': 'lzw', 'predictor': 2}),
    'zlib': ((31, 33), 'uint16', {'compression': 'zlib'}),
    'packbits': ((31, 33), 'uint8', {'compression': 'packbits'}),
    'float': ((31, 33), 'float32', {}),
    'rgb': ((31, 33, 3), 'uint8', {'photometric': 'rgb'}),
    'planar': ((3, 31, 33), 'uint8', {'photometric': 'rgb', 'planarconfig': 'separate'}),
}
LUTS = [
    numpy.stack([numpy.arange(256) * (channel == index) for channel in range(3)]).astype('u1')
    for index in range(3)
]
# A rectangle at x 3, y 2, of 5 x 4 pixels, as ImageJ's ROI files have it.
ROI = bytes.fromhex('496f7574 00e4 01 00 0002 0003 0006 0008') + bytes(48)
LABELS = [f'plane {number} µ' for number in range(60)]


def write_metadata(path: Path) -> None:
    imwrite(
        path,
        samples((5, 4, 3, 13, 17), 'uint16'),
        imagej=True,
        resolution=(4, 5),
        metadata={
            'axes': 'TZCYX',
            'mode': 'composite',
            'spacing': 2.5,
            'unit': 'um',
            'finterval': 0.25,
            'xorigin': 3,
            'Labels': LABELS,
            'Info': 'hällo\nthere',
            'LUTs': LUTS,
            'Ranges': (0.0, 100.0, 10.0, 200.0, 20.0, 300.0),
            'ROI': ROI,
            'Overlays': [ROI, ROI],
        },
    )


def write_frames(path: Path) -> None:
    with TiffWriter(path, imagej=True) as tif:
        for frame in samples((5, 13, 17), 'uint16'):
            tif.write(frame, contiguous=True)


def write_appended(path: Path) -> None:
    data = samples((5, 13, 17), 'uint16')
    imwrite(path, data[:3], imagej=True, metadata={'axes': 'TYX'})
    imwrite(path, data[3:], append=True, contiguous=True)


def write_truncated(path: Path) -> None:
    imwrite(path, samples((5, 13, 17), 'uint16'), imagej=True, truncate=True)


def write_palette(path: Path) -> None:
    colormap = LUTS[1].astype('u2') * 256
    imwrite(path, samples((13, 17), 'uint8'), imagej=True, colormap=colormap)


def write_beyond_4gb(path: Path) -> None:
    # All zeros but for the last plane: such a file takes little room where files have holes.
    shape = (66000, 256, 256)
    with pytest.warns(UserWarning, match='4 GiB'):
        imwrite(path, shape=shape, dtype='uint8', imagej=True, metadata={'axes': 'ZYX'})
    mapped = memmap(path)
    mapped[-1] = numpy.arange(256, dtype='u1')
    mapped.flush()
    del mapped


SPECIAL: dict[str, Callable[[Path], None]] = {
    'metadata': write_metadata,
    'frames': write_frames,
    'appended': write_appended,
    'truncated': write_truncated,
    'palette': write_palette,
    'beyond-4gb.virtual': write_beyond_4gb,
}


def hyperstack_name(axes: str, dtype: str, byteorder: str) -> str:
    return f'{axes}-{dtype}-{"le" if byteorder == "<" else "be"}'


@pytest.fixture(scope='module')
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Found]:
    """Write all files, open them with ImageJ; return what it says about one."""
    folder = tmp_path_factory.mktemp('imagej')
    for axes, shape in HYPERSTACKS:
        for dtype in ('uint8',) if 'S' in axes else ('uint8', 'uint16', 'int16', 'float32'):
            for byteorder in '<>':
                path = folder / f'{hyperstack_name(axes, dtype, byteorder)}.tif'
                metadata = {'axes': axes}
                imwrite(path, samples(shape, dtype), imagej=True, byteorder=byteorder,
                        metadata=metadata)  # fmt: skip
    for name, (shape, dtype, options) in PLAIN.items():
        options = {'photometric': 'minisblack'} | options
        imwrite(folder / f'{name}.tif', samples(shape, dtype), **options)
    for name, write in SPECIAL.items():
        write(folder / f'{name}.tif')
    paths = sorted(str(path) for path in folder.glob('*.tif'))
    done = subprocess.run(
        [sys.executable, READER, JAR], input='\n'.join(paths), text=True, capture_output=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder / 'beyond-4gb.virtual.tif').unlink()
    results = json.loads(done.stdout)

    def of(name: str) -> Found:
        path = folder / f'{name}.tif'
        found = results[str(path)]
        assert 'error' not in found, found
        return found, numpy.load(f'{path}.npy')

    return of


@pytest.mark.parametrize('byteorder', ['<', '>'])
@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
@pytest.mark.parametrize(('axes', 'shape'), HYPERSTACKS)
def test_hyperstack(
    axes: str, shape: Shape, dtype: str, byteorder: str, opened: Callable[[str], Found]
) -> None:
    if 'S' in axes and dtype != 'uint8':
        with pytest.raises(ValueError, match='dtype'):
            imwrite('never.tif', samples(shape, dtype), imagej=True, metadata={'axes': axes})
        return
    found, planes = opened(hyperstack_name(axes, dtype, byteorder))
    sizes = dict(zip(axes, shape, strict=True))
    assert found['dimensions'] == [sizes.get(axis, 1) for axis in 'XYCZT']
    assert found['bits'] == {'uint8': 8, 'uint16': 16, 'int16': 16, 'float32': 32}[dtype] * (
        3 if 'S' in axes else 1
    )
    data = samples(shape, dtype)
    values = planes + found['offset'] if dtype == 'int16' else planes
    numpy.testing.assert_array_equal(values.reshape(shape), data)
    if 'S' not in axes:
        first = data.reshape(-1, *shape[-2:])[0]
        assert found['mean'] == pytest.approx(first.mean())


@pytest.mark.parametrize('name', PLAIN)
def test_plain(name: str, opened: Callable[[str], Found]) -> None:
    shape, dtype, _ = PLAIN[name]
    _, planes = opened(name)
    data = samples(shape, dtype)
    if name == 'planar':
        data = numpy.moveaxis(data, 0, -1)
    numpy.testing.assert_array_equal(planes.reshape(data.shape), data)


def test_metadata(opened: Callable[[str], Found]) -> None:
    found, planes = opened('metadata')
    assert found['dimensions'] == [17, 13, 3, 4, 5]
    numpy.testing.assert_array_equal(planes, samples((60, 13, 17), 'uint16'))
    assert found['composite']
    assert found['pixel'] == pytest.approx([0.25, 0.2, 2.5])
    assert found['unit'] in ('um', 'µm')
    assert found['interval'] == 0.25
    assert found['origin'] == [3, 0, 0]
    assert found['labels'] == LABELS
    assert 'hällo\nthere' in found['info']
    assert found['range'] == [0, 100]
    assert found['roi'] == [3, 2, 5, 4]
    assert found['overlays'] == 2
    for lut, expected in zip(found['luts'], LUTS, strict=True):
        numpy.testing.assert_array_equal(lut, expected.reshape(-1))


@pytest.mark.parametrize('name', ['frames', 'appended', 'truncated'])
def test_several_writes(name: str, opened: Callable[[str], Found]) -> None:
    found, planes = opened(name)
    assert sorted(found['dimensions'][2:]) == [1, 1, 5]
    numpy.testing.assert_array_equal(planes, samples((5, 13, 17), 'uint16'))


def test_palette(opened: Callable[[str], Found]) -> None:
    found, planes = opened('palette')
    numpy.testing.assert_array_equal(planes[0], samples((13, 17), 'uint8'))
    assert found['bits'] == 8
    numpy.testing.assert_array_equal(found['luts'][0], LUTS[1].reshape(-1))


def test_beyond_4gb(opened: Callable[[str], Found]) -> None:
    found, last = opened('beyond-4gb.virtual')
    assert sorted(found['dimensions'][2:]) == [1, 1, 66000]
    numpy.testing.assert_array_equal(
        last.reshape(256, 256).view('u1'), numpy.tile(numpy.arange(256, dtype='u1'), (256, 1))
    )
