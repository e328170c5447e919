"""The plugin of imageio and the reader of napari."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml

from tiffschema import TiffFile, TiffWriter, imread, imwrite


@pytest.fixture
def pyramid(tmp_path: Path) -> tuple[Path, numpy.ndarray]:
    path = tmp_path / 'pyramid.ome.tif'
    data = numpy.arange(2 * 64 * 80, dtype='u2').reshape(2, 64, 80)
    about: dict[str, Any] = {
        'axes': 'CYX', 'Name': 'cells', 'PhysicalSizeX': 0.5, 'PhysicalSizeY': 0.25,
        'Channel': {'Name': ['red', 'blue']},
    }  # fmt: skip
    with TiffWriter(path) as tif:
        tif.write(data, subifds=1, tile=(16, 16), photometric='minisblack', metadata=about)
        tif.write(data[:, ::2, ::2], subfiletype=1, tile=(16, 16), photometric='minisblack')
    return path, data


def test_imageio(pyramid: tuple[Path, numpy.ndarray], tmp_path: Path) -> None:
    iio = pytest.importorskip('imageio.v3', reason='imageio: the package is absent')
    from tiffschema.integrations.imageio_ import TiffPlugin, register

    path, data = pyramid
    assert numpy.array_equal(iio.imread(path, plugin=TiffPlugin), data)
    small = iio.imread(path, plugin=TiffPlugin, level=1, selection=(1, slice(3)))
    assert numpy.array_equal(small, data[1, :6:2, ::2])
    about = iio.improps(path, plugin=TiffPlugin)
    assert (about.shape, about.dtype, about.spacing) == (data.shape, 'u2', (1.0, 0.25, 0.5))
    assert iio.immeta(path, plugin=TiffPlugin)['axes'] == 'CYX'
    other = tmp_path / 'other.tif'
    iio.imwrite(other, [data, data[0]], plugin=TiffPlugin, compression='zlib')
    with TiffFile(other) as tif:
        assert [series.shape for series in tif.series] == [data.shape, data[0].shape]
        assert tif.pages[0].compression == 8
    assert [each.shape for each in iio.imiter(other, plugin=TiffPlugin)] == [(2, 64, 80), (64, 80)]
    encoded = iio.imwrite('<bytes>', data, plugin=TiffPlugin, extension='.tif')
    assert numpy.array_equal(imread(encoded), data)
    assert numpy.array_equal(iio.imread(encoded, plugin=TiffPlugin), data)
    register()
    assert numpy.array_equal(iio.imread(path, plugin='tiffschema'), data)
    with pytest.raises(OSError, match='tiffschema'):
        iio.imread(b'no TIFF', plugin=TiffPlugin)


def test_napari(pyramid: tuple[Path, numpy.ndarray], tmp_path: Path) -> None:
    from tiffschema.integrations.napari_ import napari_get_reader

    path, data = pyramid
    reader = napari_get_reader(str(path))
    assert reader is not None
    ((levels, about, kind),) = reader(str(path))
    assert kind == 'image'
    assert about['multiscale']
    assert about['channel_axis'] == 0
    assert about['name'] == ['red', 'blue']
    assert about['scale'] == [0.25, 0.5]
    assert [level.shape for level in levels] == [(2, 64, 80), (2, 32, 40)]
    assert numpy.array_equal(numpy.asarray(levels[0]), data)
    (tmp_path / 'text.tif').write_text('no TIFF')
    assert napari_get_reader(str(tmp_path / 'text.tif')) is None


def test_napari_colours_and_stacks(tmp_path: Path) -> None:
    pytest.importorskip('dask', reason='dask: the package is absent')
    from tiffschema.integrations.napari_ import napari_get_reader

    paths = [str(tmp_path / f'a{number}.tif') for number in range(3)]
    for number, path in enumerate(paths):
        imwrite(path, numpy.full((8, 9, 3), number, 'u1'), photometric='rgb')
    reader = napari_get_reader(paths)
    assert reader is not None
    ((stack, _, _),) = reader(paths)
    assert numpy.asarray(stack)[:, 0, 0, 0].tolist() == [0, 1, 2]
    ((image, about, _),) = reader(paths[1])
    assert about['rgb']
    assert image.shape == (8, 9, 3)


def test_manifest_names_what_there_is() -> None:
    (entry,) = [e for e in metadata.entry_points(group='napari.manifest') if e.name == 'tiffschema']
    module, _, name = entry.value.partition(':')
    folder = Path(__import__(module, fromlist=['x']).__file__).parent
    manifest = yaml.safe_load((folder / name).read_text())
    (command,) = manifest['contributions']['commands']
    home, _, attribute = command['python_name'].partition(':')
    assert callable(getattr(__import__(home, fromlist=['x']), attribute))
    (reader,) = manifest['contributions']['readers']
    assert reader['command'] == command['id']
    assert '*.tif' in reader['filename_patterns']


@pytest.mark.parametrize('fails', [False, True])
def test_napari_closes_files_that_nothing_reads_later(
    pyramid: tuple[Path, numpy.ndarray], monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    from tiffschema.integrations import napari_

    opened: list[TiffFile] = []

    def remembered(path: Any) -> TiffFile:
        opened.append(TiffFile(path))
        return opened[-1]

    monkeypatch.setattr(napari_, 'TiffFile', remembered)
    if fails:
        monkeypatch.setattr(napari_, '_layer', lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            napari_.read_layers(str(pyramid[0]))
    else:
        monkeypatch.setitem(sys.modules, 'dask', None)
        ((levels, _, _),) = napari_.read_layers(str(pyramid[0]))
        assert isinstance(levels[0], numpy.ndarray)
    assert [tif.source.closed for tif in opened] == [True]
