"""References, opened by Zarr alone, give what `asarray` gives; what they cannot say is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from tiffschema import TiffFile, TiffSequence, TiffWriter, UnsupportedError, imwrite
from tiffschema.integrations.references import tiff2fsspec

zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
kerchunk = pytest.importorskip('kerchunk.utils', reason='kerchunk: the package is absent')
codecs = pytest.importorskip('imagecodecs.numcodecs', reason='imagecodecs: the package is absent')
codecs.register_codecs(verbose=False)

LAYOUTS: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    'tiles': ((3, 50, 70), 'uint16', {'tile': (16, 32), 'photometric': 'minisblack'}),
    'big endian': ((3, 50, 70), '>u2', {'photometric': 'minisblack', 'byteorder': '>'}),
    'strips': ((48, 30), 'float32', {'rowsperstrip': 8, 'compression': 'zlib'}),
    'delta': ((50, 70), 'uint16', {'tile': (32, 16), 'compression': 'zlib', 'predictor': True}),
    'delta rgb': ((50, 70, 3), 'uint8', {'tile': (32, 16), 'compression': 'lzw',
                                         'predictor': True, 'photometric': 'rgb'}),
    'zstd': ((2, 33, 44), 'uint8', {'tile': (16, 16), 'compression': 'zstd',
                                    'photometric': 'minisblack'}),
    'jpeg': ((64, 96, 3), 'uint8', {'tile': (32, 32), 'compression': 'jpeg',
                                    'photometric': 'ycbcr'}),
    'jpeg gray': ((64, 96), 'uint8', {'tile': (32, 32), 'compression': 'jpeg'}),
}  # fmt: skip


def opened(path: Path) -> Any:
    store = kerchunk.refs_as_store(json.loads(path.read_text()), remote_protocol='file')
    return zarr.open(store, mode='r', zarr_format=2)


@pytest.mark.parametrize('name', LAYOUTS)
def test_references_equal_asarray(name: str, tmp_path: Path) -> None:
    shape, dtype, options = LAYOUTS[name]
    data = numpy.random.default_rng(1).integers(0, 200, shape).astype(dtype)
    path = tmp_path / 'an image.tif'
    imwrite(path, data, **options)
    with TiffFile(path) as tif:
        expected = tif.asarray()
        store = tif.aszarr()
        for version, template in ((0, None), (1, 'u')):
            out = tmp_path / f'{version}.json'
            store.write_fsspec(out, f'file://{tmp_path}', version=version, templatename=template)
            assert numpy.array_equal(opened(out)[...], expected)


def test_pyramid(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    data = numpy.arange(64 * 64, dtype='u2').reshape(64, 64)
    with TiffWriter(path) as tif:
        tif.write(data, subifds=1, tile=(16, 16))
        tif.write(data[::2, ::2], subfiletype=1, tile=(16, 16))
    tiff2fsspec(path, f'file://{tmp_path}', groupname='g')
    group = opened(tmp_path / 'a.tif.json')
    assert numpy.array_equal(group['g/0'][...], data)
    assert numpy.array_equal(group['g/1'][...], data[::2, ::2])
    assert group['g'].attrs['multiscales'][0]['version'] == '0.4'


@pytest.mark.parametrize(
    ('options', 'reason'),
    [
        ({'rowsperstrip': 7, 'compression': 'zlib'}, 'last strip'),
        ({'compression': 'jpegxl', 'tile': (16, 16)}, 'compression'),
    ],
)
def test_what_cannot_be_expressed_is_refused(
    options: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, numpy.zeros((50, 60), 'u1'), **options)
    out = tmp_path / 'a.json'
    with pytest.raises(UnsupportedError, match=reason):
        tiff2fsspec(path, 'file:///', out=out)
    assert not out.exists()


def test_stack_of_files(tmp_path: Path) -> None:
    data = numpy.arange(3 * 16 * 16, dtype='u2').reshape(3, 16, 16)
    for t in range(3):
        imwrite(tmp_path / f'a_T{t}.tif', data[t], metadata=None)
    with TiffSequence(str(tmp_path / '*.tif'), pattern=r'_(T)(\d)') as sequence:
        sequence.aszarr().write_fsspec(tmp_path / 'a.json', f'file://{tmp_path}')
    refs = json.loads((tmp_path / 'a.json').read_text())
    assert refs['2.0.0'] == [f'file://{tmp_path}/a_T2.tif']
    assert numpy.array_equal(opened(tmp_path / 'a.json')[...], data)
