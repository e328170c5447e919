"""References, opened by Zarr alone, give what `asarray` gives; what they cannot say is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy
import pytest

from tests.interop.reference_reader import FORMATS, kerchunk, zarr
from tiffschema import (
    FormatError,
    TiffFile,
    TiffSequence,
    TiffWriter,
    UnsupportedError,
    imread,
    imwrite,
)
from tiffschema.integrations.references import tiff2fsspec
from tiffschema.testing import forge

GRAY = {'photometric': 'minisblack'}
TILED = {'tile': (32, 16)}
Layout = tuple[tuple[int, ...], str, dict[str, Any]]

# What codecs of Zarr itself and of imagecodecs decode.
USUAL: dict[str, Layout] = {
    'tiles': ((3, 50, 70), 'uint16', {'tile': (16, 32), **GRAY}),
    'pages': ((3, 50, 70), '>u2', {**GRAY, 'byteorder': '>'}),
    'big endian tiles': ((3, 50, 70), '>f4', {'tile': (16, 32), **GRAY, 'byteorder': '>'}),
    'strips': ((48, 30), 'float32', {'rowsperstrip': 8, 'compression': 'zlib'}),
    'delta': ((50, 70), 'uint16', {**TILED, 'compression': 'zlib', 'predictor': True}),
    'delta big endian': ((50, 70), '>u2', {**TILED, 'compression': 'zlib', 'predictor': True,
                                           'byteorder': '>'}),
    'delta rgb': ((50, 70, 3), 'uint8', {**TILED, 'compression': 'lzw', 'predictor': True,
                                         'photometric': 'rgb'}),
    'floats': ((50, 70), 'float32', {**TILED, 'compression': 'lzw', 'predictor': 3}),
    'zstd': ((2, 33, 44), 'uint8', {'tile': (16, 16), 'compression': 'zstd', **GRAY}),
    'lzma': ((33, 44), 'int32', {'tile': (16, 16), 'compression': 'lzma'}),
    'packbits': ((33, 44), 'uint8', {'tile': (16, 16), 'compression': 'packbits'}),
    'jpeg': ((64, 96, 3), 'uint8', {'tile': (32, 32), 'compression': 'jpeg',
                                    'photometric': 'ycbcr'}),
    'jpeg tables': ((64, 96, 3), 'uint8', {'tile': (32, 32), 'compression': 'jpeg',
                                           'photometric': 'ycbcr',
                                           'compressionargs': {'sharetables': True}}),
    'jpeg gray': ((64, 96), 'uint8', {'tile': (32, 32), 'compression': 'jpeg'}),
    'volume': ((9, 40, 50), 'uint8', {**GRAY, 'tile': (4, 16, 16), 'volumetric': True}),
}  # fmt: skip

# What needs our own codec.
UNUSUAL: dict[str, Layout] = {
    'short strip': ((50, 60), 'uint16', {'rowsperstrip': 7, 'compression': 'zlib'}),
    'short strip by one': ((27, 60), 'uint16', {'rowsperstrip': 7, 'compression': 'lzw',
                                                'predictor': True}),
    'short strip, stored': ((2, 50, 60), '>u2', {'rowsperstrip': 7, 'byteorder': '>', **GRAY}),
    'short strip, jpeg': ((50, 64, 3), 'uint8', {'rowsperstrip': 16, 'compression': 'jpeg',
                                                 'photometric': 'ycbcr'}),
    'floats big endian': ((50, 70), '>f4', {**TILED, 'compression': 'lzw', 'predictor': 3,
                                            'byteorder': '>'}),
    'narrow': ((40, 1), 'uint16', {'tile': (16, 16), 'compression': 'zlib', 'predictor': True}),
    'bilevel': ((50, 70), 'bool', {'tile': (16, 16), 'compression': 'packbits'}),
    'bits': ((50, 70), 'uint16', {'tile': (16, 16), 'bitspersample': 12}),
    'jpeg xl': ((50, 70, 3), 'uint8', {'tile': (32, 32), 'compression': 'jpegxl',
                                       'photometric': 'rgb',
                                       'compressionargs': {'lossless': True}}),
    'jpeg 2000': ((50, 70), 'uint16', {'tile': (32, 32), 'compression': 'jpeg2000'}),
    'webp': ((50, 70, 3), 'uint8', {'tile': (32, 32), 'compression': 'webp',
                                    'photometric': 'rgb'}),
    'lerc': ((50, 70), 'float32', {'tile': (32, 32), 'compression': 'lerc'}),
    'png': ((50, 70), 'uint16', {'tile': (32, 32), 'compression': 'png'}),
}  # fmt: skip


def opened(path: Path, zarr_format: int = 2) -> Any:
    store = kerchunk.refs_as_store(json.loads(path.read_text()), remote_protocol='file')
    return zarr.open(store, mode='r', zarr_format=zarr_format)


@pytest.mark.parametrize('zarr_format', FORMATS)
@pytest.mark.parametrize('name', [*USUAL, *UNUSUAL])
def test_references_equal_asarray(name: str, zarr_format: int, tmp_path: Path) -> None:
    shape, dtype, options = {**USUAL, **UNUSUAL}[name]
    data = numpy.random.default_rng(1).integers(0, 200, shape).astype(dtype)
    path = tmp_path / 'an image.tif'
    imwrite(path, data, **options)
    with TiffFile(path) as tif:
        expected = tif.asarray()
        store = tif.aszarr()
        for version, template in ((0, None), (1, 'u')):
            out = tmp_path / f'{version}.json'
            store.write_fsspec(
                out, f'file://{tmp_path}',
                version=version, templatename=template, zarr_format=zarr_format,
            )  # fmt: skip
            array = opened(out, zarr_format)
            assert array.shape == expected.shape
            assert numpy.array_equal(array[...], expected)
        assert ('tiffschema.segment' in out.read_text()) == (name in UNUSUAL)


OPEN_ALONE = """
import json, sys
from kerchunk.utils import refs_as_store
import numpy, zarr
store = refs_as_store(json.load(open(sys.argv[1])), remote_protocol='file')
array = zarr.open(store, mode='r', zarr_format=int(sys.argv[2]))[...]
assert numpy.array_equal(array, numpy.load(sys.argv[3]))
"""


@pytest.mark.parametrize('zarr_format', [2, 3])
def test_zarr_alone_finds_the_codecs(zarr_format: int, tmp_path: Path) -> None:
    data = numpy.random.default_rng(1).integers(0, 200, (2, 50, 60)).astype('u2')
    path = tmp_path / 'a.tif'
    imwrite(path, data, **GRAY, rowsperstrip=7, compression='zlib', predictor=True)
    tiff2fsspec(path, f'file://{tmp_path}', zarr_format=zarr_format)
    numpy.save(tmp_path / 'a.npy', data)
    arguments = [f'{path}.json', str(zarr_format), str(tmp_path / 'a.npy')]
    subprocess.run([sys.executable, '-c', OPEN_ALONE, *arguments], check=True, timeout=300)


def test_a_strip_that_lost_its_end_is_no_short_one(tmp_path: Path) -> None:
    data = numpy.random.default_rng(1).integers(0, 200, (26, 60)).astype('u2')
    path = tmp_path / 'a.tif'
    imwrite(path, data, rowsperstrip=8)
    tiff2fsspec(path, f'file://{tmp_path}', zarr_format=3)
    refs = json.loads((tmp_path / 'a.tif.json').read_text())
    for rows, error in ((7, True), (2, False), (1, True), (8, False)):
        refs['c/1/0'][2] = rows * 60 * 2
        store = kerchunk.refs_as_store(refs, remote_protocol='file')
        array = zarr.open(store, mode='r', zarr_format=3)
        if error:
            with pytest.raises(FormatError, match='bytes'):
                array[8:16]
        else:
            assert numpy.array_equal(array[8 : 8 + rows], data[8 : 8 + rows])
            assert not array[8 + rows : 16].any()


@pytest.mark.parametrize('zarr_format', [2, 3])
def test_pyramid(zarr_format: int, tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    data = numpy.arange(64 * 64, dtype='u2').reshape(64, 64)
    with TiffWriter(path) as tif:
        tif.write(data, subifds=1, tile=(16, 16))
        tif.write(data[::2, ::2], subfiletype=1, tile=(16, 16))
    tiff2fsspec(path, f'file://{tmp_path}', groupname='g', zarr_format=zarr_format)
    group = opened(tmp_path / 'a.tif.json', zarr_format)
    assert numpy.array_equal(group['g/0'][...], data)
    assert numpy.array_equal(group['g/1'][...], data[::2, ::2])
    if zarr_format == 2:
        assert group['g'].attrs['multiscales'][0]['version'] == '0.4'
    else:
        assert group['g'].attrs['ome']['version'] == '0.5'
        assert group['g/0'].metadata.dimension_names == ('Y', 'X')


def test_frames_and_levels_in_other_directories(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    data = numpy.arange(64 * 64, dtype='u2').reshape(64, 64)
    with TiffWriter(path) as tif:
        tif.write(data, subifds=1, rowsperstrip=9)
        tif.write(data[::2, ::2], subfiletype=1, compression='zlib', rowsperstrip=9)
    with TiffFile(path) as tif:
        tif.pages[0].pages[0].aszarr().write_fsspec(tmp_path / 'a.json', f'file://{tmp_path}')
    assert numpy.array_equal(opened(tmp_path / 'a.json')[...], data[::2, ::2])


def test_what_cannot_be_expressed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, numpy.zeros((50, 60), 'u1'), rowsperstrip=7, compression='zlib')
    out = tmp_path / 'a.json'
    with pytest.raises(UnsupportedError, match='more than one strip'):
        tiff2fsspec(path, 'file:///', out=out, chunkmode='page')
    with TiffFile(path) as tif, pytest.raises(UnsupportedError, match='last strip'):
        tif.aszarr().write_fsspec(out, 'file:///', compressors={8: 'zlib'})
    with pytest.raises(ValueError, match='neither 2 nor 3'):
        tiff2fsspec(path, 'file:///', out=out, zarr_format=4)
    assert not out.exists()


def test_tables_of_single_frames_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    noise = numpy.random.default_rng(1).integers(0, 255, (2, 64, 64), 'u1')
    with TiffWriter(path) as tif:
        for frame, level in zip(noise, (50, 90), strict=True):
            options = {'sharetables': True, 'level': level}
            tif.write(frame, tile=(32, 32), compression='jpeg', compressionargs=options,
                      metadata=None)  # fmt: skip
    with TiffFile(path) as tif:
        assert tif.series[0].shape == noise.shape
        with pytest.raises(UnsupportedError, match='tables of their own'):
            tif.series[0].aszarr().write_fsspec(tmp_path / 'a.json', 'file:///')
        tif.pages[1].aszarr().write_fsspec(tmp_path / 'b.json', f'file://{tmp_path}')
        expected = tif.pages[1].asarray()
    assert numpy.array_equal(opened(tmp_path / 'b.json')[...], expected)


@pytest.mark.parametrize('zarr_format', [2, 3])
def test_stack_of_files(zarr_format: int, tmp_path: Path) -> None:
    data = numpy.arange(3 * 16 * 16, dtype='u2').reshape(3, 16, 16)
    for t in range(3):
        imwrite(tmp_path / f'a_T{t}.tif', data[t], metadata=None)
    with TiffSequence(str(tmp_path / '*.tif'), pattern=r'_(T)(\d)') as sequence:
        store = sequence.aszarr(imreadargs={'series': 0})
        store.write_fsspec(tmp_path / 'a.json', f'file://{tmp_path}', zarr_format=zarr_format)
    refs = json.loads((tmp_path / 'a.json').read_text())
    key = '2.0.0' if zarr_format == 2 else 'c/2/0/0'
    assert refs[key] == [f'file://{tmp_path}/a_T2.tif']
    assert numpy.array_equal(opened(tmp_path / 'a.json', zarr_format)[...], data)


def test_readers_that_are_functions_need_a_name(tmp_path: Path) -> None:
    imwrite(tmp_path / 'a.tif', numpy.zeros((16, 16), 'u1'))
    with TiffSequence(str(tmp_path / '*.tif'), imread=lambda name: imread(name)) as sequence:
        with pytest.raises(UnsupportedError, match='codec_id'):
            sequence.aszarr().write_fsspec(tmp_path / 'a.json', 'file:///')
        url = f'file://{tmp_path}'
        sequence.aszarr().write_fsspec(tmp_path / 'a.json', url, codec_id='imagecodecs_tiff')
    assert opened(tmp_path / 'a.json').shape == (1, 16, 16)


def test_codecs_under_the_names_users_know() -> None:
    import numcodecs

    import tiffschema.numcodecs
    import tiffschema.zarr

    tiffschema.numcodecs.register_codec()
    tiffschema.numcodecs.register_codec(codec_id='my_tiff')
    codec = numcodecs.get_codec({'id': 'my_tiff', 'compression': 'zlib', 'series': 0})
    data = numpy.arange(12, dtype='u2').reshape(3, 4)
    assert numpy.array_equal(codec.decode(codec.encode(data)), data)
    assert numcodecs.get_codec(codec.get_config()).options == codec.options
    for made in (codec, tiffschema.zarr.Tiff(compression='zlib', series=0)):
        assert (made.compression, made.series, made.tile, made.bigtiff) == ('zlib', 0, None, False)
        with pytest.raises(AttributeError, match='nonsense'):
            _ = made.nonsense
    tiffschema.zarr.register_codec()


def test_chunks_written_as_files() -> None:
    from tiffschema.zarr import Tiff

    store = zarr.storage.MemoryStore()
    data = numpy.arange(40 * 50, dtype='u2').reshape(40, 50)
    array = zarr.create_array(
        store, shape=(40, 50), chunks=(20, 20), dtype='u2', compressors=None,
        serializer=Tiff(compression='lzw', predictor=True),
    )  # fmt: skip
    array[:] = data
    assert numpy.array_equal(zarr.open_array(store, mode='r')[...], data)


def test_pages_of_which_a_part_is_not_stored(tmp_path: Path) -> None:
    path = tmp_path / 'parts.tif'
    data = numpy.arange(2 * 16 * 10, dtype='u2').reshape(2, 16, 10)
    imwrite(path, data, rowsperstrip=4, metadata=None, **GRAY)
    with TiffFile(path) as tif:
        stored = tif.pages[1].tags[273].value
    for missing, wanted in ((slice(0, 1), False), (slice(1, 4), False), (slice(0, 4), True)):
        offsets = numpy.array(stored)
        offsets[missing] = 0
        with TiffFile(path, mode='r+') as tif:
            tif.pages[1].tags[273].overwrite(offsets.tolist())
        with TiffFile(path) as tif:
            store = tif.aszarr(chunkmode='page')
            if not wanted:
                with pytest.raises(UnsupportedError, match='scattered'):
                    store.write_fsspec(tmp_path / 'parts.json', 'file:///x')
                continue
            store.write_fsspec(tmp_path / 'parts.json', 'file:///x')
            keys = json.loads((tmp_path / 'parts.json').read_text())
            assert '0.0.0' in keys
            assert '1.0.0' not in keys


@pytest.mark.parametrize('name', ['nonsense', 'mode', 'shape', 'Compression'])
def test_codecs_refuse_options_they_do_not_have(name: str) -> None:
    import numcodecs

    import tiffschema.numcodecs
    import tiffschema.zarr

    tiffschema.numcodecs.register_codec()
    for make in (tiffschema.numcodecs.Tiff, tiffschema.zarr.Tiff):
        with pytest.raises(TypeError, match=name):
            make(compression='zlib', **{name: 1})
        assert make(resolution=(1, 2), bigtiff=True).bigtiff is True
    with pytest.raises(TypeError, match=name):
        numcodecs.get_codec({'id': 'tiffschema', name: 1})


def test_transformed_samples_cannot_be_referenced(tmp_path: Path) -> None:
    """Scaled to counts, as MD GEL files are, they are not what is stored."""
    path = tmp_path / 'a.gel'
    path.write_bytes(forge('mdgel').data)
    with TiffFile(path) as tif:
        series = tif.series[0]
        assert series.transform is not None
        with pytest.raises(UnsupportedError, match='transformed'):
            series.aszarr().write_fsspec(tmp_path / 'a.json', 'file:///')
    assert not (tmp_path / 'a.json').exists()


def test_files_inside_a_container_cannot_be_referenced(tmp_path: Path) -> None:
    archive = tmp_path / 'a.zip'
    imwrite(tmp_path / 'a.tif', numpy.zeros((16, 16), 'u1'))
    with zipfile.ZipFile(archive, 'w') as file:
        file.write(tmp_path / 'a.tif', 'a.tif')
    with (
        TiffSequence('*.tif', container=archive) as sequence,
        pytest.raises(UnsupportedError, match='container'),
    ):
        sequence.aszarr().write_fsspec(tmp_path / 'a.json', 'file:///')
    assert not (tmp_path / 'a.json').exists()


@pytest.mark.parametrize(
    ('arguments', 'word'),
    [
        ({'selection': (0, 0)}, 'selection'),
        ({'out': 'memory'}, 'out'),
        ({'key': slice(0, 1)}, 'pages'),
        ({'key': range(1)}, 'pages'),
        ({'key': (0,)}, 'pages'),
    ],
    ids=str,
)
def test_arguments_beyond_json_cannot_be_referenced(
    tmp_path: Path, arguments: dict[str, Any], word: str
) -> None:
    imwrite(tmp_path / 'a.tif', numpy.zeros((16, 16), 'u1'))
    with TiffSequence(str(tmp_path / '*.tif')) as sequence:
        store = sequence.aszarr(imreadargs=arguments, chunkshape=(16, 16), chunkdtype='u1')
        with pytest.raises(UnsupportedError, match=word):
            store.write_fsspec(tmp_path / 'a.json', 'file:///')
    assert not (tmp_path / 'a.json').exists()
