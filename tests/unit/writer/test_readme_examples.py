"""The writing examples that users of the format's best-known library know, through this one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from tiffschema import TiffFile, TiffSequence, TiffWriter, imread, imwrite, memmap


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_rgb() -> None:
    data = numpy.random.randint(0, 255, (256, 256, 3), 'uint8')
    imwrite('temp.tif', data, photometric='rgb')
    numpy.testing.assert_array_equal(imread('temp.tif'), data)


def test_interleaved_planar_and_pages() -> None:
    data = numpy.random.randint(0, 255, (3, 3, 3), 'uint8')
    for options, pages in (
        ({'photometric': 'rgb'}, 1),
        ({'photometric': 'rgb', 'planarconfig': 'separate'}, 1),
        ({'photometric': 'minisblack'}, 3),
    ):
        imwrite('temp.tif', data, **options)
        with TiffFile('temp.tif') as tif:
            assert len(tif.pages) == pages
            numpy.testing.assert_array_equal(tif.asarray(), data)


def test_extrasamples() -> None:
    data = numpy.random.randint(0, 255, (256, 256, 4), 'uint8')
    imwrite('temp.tif', data, photometric='rgb', extrasamples=['unassalpha'])
    with TiffFile('temp.tif') as tif:
        assert tif.pages[0].extrasamples == (2,)


def test_stack() -> None:
    data = numpy.random.randint(0, 2**12, (64, 301, 219), 'uint16')
    imwrite('temp.tif', data, photometric='minisblack')
    numpy.testing.assert_array_equal(imread('temp.tif'), data)
    assert imread('temp.tif', key=0).shape == (301, 219)
    assert imread('temp.tif', key=range(4, 40, 2)).shape == (18, 301, 219)
    with TiffFile('temp.tif') as tif:
        assert len(tif.pages) == 64
        page = tif.pages[0]
        assert page.shape == (301, 219)
        assert page.axes == 'YX'
        series = tif.series[0]
        assert series.axes == 'QYX'
        tag = page.tags['XResolution']
        assert tag.value == (1, 1)
        assert tag.code == 282
        assert tag.count == 1
        assert tag.dtype == 5


def test_overwrite_tag() -> None:
    imwrite('temp.tif', numpy.zeros((5, 6), 'uint8'))
    with TiffFile('temp.tif', mode='r+') as tif:
        _ = tif.pages[0].tags['XResolution'].overwrite((96000, 1000))
    with TiffFile('temp.tif') as tif:
        assert tif.pages[0].tags['XResolution'].value == (96000, 1000)


def test_bigtiff_planar_tiles() -> None:
    data = numpy.random.rand(2, 5, 3, 301, 219).astype('float32')
    imwrite(
        'temp.tif',
        data,
        bigtiff=True,
        photometric='rgb',
        planarconfig='separate',
        tile=(32, 32),
        compression='zlib',
        compressionargs={'level': 8},
        predictor=True,
        metadata={'axes': 'TZCYX'},
    )
    with TiffFile('temp.tif') as tif:
        assert tif.is_bigtiff
        assert tif.series[0].axes == 'TZCYX'
        numpy.testing.assert_array_equal(tif.asarray(), data)


def test_imagej_hyperstack() -> None:
    volume = numpy.random.randn(6, 57, 64, 64).astype('float32')
    image_labels = [f'{i}' for i in range(volume.shape[0] * volume.shape[1])]
    imwrite(
        'temp.tif',
        volume,
        imagej=True,
        resolution=(1.0 / 2.6755, 1.0 / 2.6755),
        metadata={
            'spacing': 3.947368,
            'unit': 'um',
            'finterval': 1 / 10,
            'fps': 10.0,
            'axes': 'TZYX',
            'Labels': image_labels,
        },
    )
    with TiffFile('temp.tif') as tif:
        numpy.testing.assert_array_equal(tif.asarray(), volume)
        assert tif.series[0].axes == 'TZYX'
        imagej_metadata = tif.imagej_metadata
    assert imagej_metadata['slices'] == 57
    assert imagej_metadata['frames'] == 6
    assert list(imagej_metadata['Labels']) == image_labels
    memmap_volume = memmap('temp.tif')
    assert memmap_volume.shape == volume.shape
    del memmap_volume


def test_memmap() -> None:
    memmap_image = memmap('temp.tif', shape=(256, 256, 3), dtype='float32', photometric='rgb')
    assert type(memmap_image) is numpy.memmap
    memmap_image[255, 255, 1] = 1.0
    memmap_image.flush()
    del memmap_image
    image = imread('temp.tif')
    assert image[255, 255].tolist() == [0.0, 1.0, 0.0]
    assert image.sum() == 1.0


def test_two_series() -> None:
    series0 = numpy.random.randint(0, 255, (32, 32, 3), 'uint8')
    series1 = numpy.random.randint(0, 255, (4, 256, 256), 'uint16')
    with TiffWriter('temp.tif') as tif:
        tif.write(series0, photometric='rgb')
        tif.write(series1, photometric='minisblack')
    numpy.testing.assert_array_equal(imread('temp.tif', series=1), series1)


def test_frames_of_one_series() -> None:
    data = numpy.random.randint(0, 255, (30, 301, 219), 'uint8')
    with TiffWriter('temp.tif') as tif:
        for frame in data:
            tif.write(frame, contiguous=True)
    with TiffFile('temp.tif') as tif:
        assert tif.series[0].shape == (30, 301, 219)
        assert tif.series[0].dataoffset is not None
    numpy.testing.assert_array_equal(imread('temp.tif'), data)


def test_append() -> None:
    first = numpy.random.randint(0, 255, (4, 30, 31), 'uint8')
    imwrite('temp.tif', first, photometric='minisblack')
    data = numpy.random.randint(0, 255, (301, 219, 3), 'uint8')
    imwrite('temp.tif', data, photometric='rgb', append=True)
    numpy.testing.assert_array_equal(imread('temp.tif', series=0), first)
    numpy.testing.assert_array_equal(imread('temp.tif', series=1), data)


def test_generator_of_tiles() -> None:
    data = numpy.random.randint(0, 2**12, (31, 33, 3), 'uint16')

    def tiles(data: numpy.ndarray, tileshape: tuple[int, int]) -> Iterator[numpy.ndarray]:
        for y in range(0, data.shape[0], tileshape[0]):
            for x in range(0, data.shape[1], tileshape[1]):
                yield data[y : y + tileshape[0], x : x + tileshape[1]]

    imwrite(
        'temp.tif',
        tiles(data, (16, 16)),
        tile=(16, 16),
        shape=data.shape,
        dtype=data.dtype,
        photometric='rgb',
    )
    numpy.testing.assert_array_equal(imread('temp.tif'), data)


def test_pyramidal_ome_tiff() -> None:
    data = numpy.random.randint(0, 255, (8, 2, 512, 512, 3), 'uint8')
    subresolutions = 2
    pixelsize = 0.29  # micrometer
    with TiffWriter('temp.ome.tif', bigtiff=True) as tif:
        metadata = {
            'axes': 'TCYXS',
            'SignificantBits': 8,
            'TimeIncrement': 0.1,
            'TimeIncrementUnit': 's',
            'PhysicalSizeX': pixelsize,
            'PhysicalSizeXUnit': 'µm',
            'PhysicalSizeY': pixelsize,
            'PhysicalSizeYUnit': 'µm',
            'Channel': {'Name': ['Channel 1', 'Channel 2']},
            'Plane': {'PositionX': [0.0] * 16, 'PositionXUnit': ['µm'] * 16},
        }
        options = {
            'photometric': 'rgb',
            'tile': (128, 128),
            'compression': 'jpeg',
            'resolutionunit': 'CENTIMETER',
            'maxworkers': 2,
        }
        tif.write(
            data,
            subifds=subresolutions,
            resolution=(1e4 / pixelsize, 1e4 / pixelsize),
            metadata=metadata,
            **options,
        )
        for level in range(subresolutions):
            mag = 2 ** (level + 1)
            tif.write(
                data[..., ::mag, ::mag, :],
                subfiletype=1,
                resolution=(1e4 / mag / pixelsize, 1e4 / mag / pixelsize),
                **options,
            )
        thumbnail = (data[0, 0, ::8, ::8] >> 2).astype('uint8')
        tif.write(thumbnail, metadata={'Name': 'thumbnail'})
    with TiffFile('temp.ome.tif') as tif:
        assert tif.is_ome
        assert [level.shape for level in tif.series[0].levels] == [
            (8, 2, 512, 512, 3),
            (8, 2, 256, 256, 3),
            (8, 2, 128, 128, 3),
        ]
        assert len(tif.series) == 2
        numpy.testing.assert_array_equal(tif.series[1].asarray(), thumbnail)
    second_level = imread('temp.ome.tif', series=0, level=1)
    assert second_level.shape == (8, 2, 256, 256, 3)


def test_empty_tiled_ome_tiff() -> None:
    imwrite(
        'temp.ome.tif',
        shape=(8, 800, 600),
        dtype='uint16',
        photometric='minisblack',
        tile=(128, 128),
        metadata={'axes': 'CYX'},
    )
    image = imread('temp.ome.tif')
    assert image.shape == (8, 800, 600)
    assert not image.any()
    assert os.path.getsize('temp.ome.tif') > 8 * 896 * 640 * 2


def test_decode_single_tiles() -> None:
    data = numpy.random.randint(0, 255, (2, 256, 200, 3), 'uint8')
    imwrite('temp.tif', data, photometric='rgb', tile=(128, 128), compression='jpeg')
    with TiffFile('temp.tif') as tif:
        handle = tif.filehandle
        for page in tif.pages:
            whole = page.asarray()
            pairs = zip(page.dataoffsets, page.databytecounts, strict=True)
            for index, (offset, bytecount) in enumerate(pairs):
                handle.seek(offset)
                encoded = handle.read(bytecount)
                tile, indices, shape = page.decode(encoded, index, jpegtables=page.jpegtables)
                _, _, y, x, _ = indices
                assert shape == (1, 128, 128, 3)  # tiles at the edge too
                part = whole[y : y + 128, x : x + 128]
                length, width, _ = part.shape
                numpy.testing.assert_array_equal(tile[0, :length, :width], part)


def test_write_through_zarr() -> None:
    zarr = pytest.importorskip('zarr', reason='zarr: optional extra "zarr"')
    imwrite(
        'temp.ome.tif',
        shape=(8, 800, 600),
        dtype='uint16',
        photometric='minisblack',
        tile=(128, 128),
        metadata={'axes': 'CYX'},
    )
    store = imread('temp.ome.tif', mode='r+', aszarr=True)
    z = zarr.open(store, mode='r+')
    assert z.shape == (8, 800, 600)
    z[3, 100:200, 200:300:2] = 1024
    store.close()
    found = imread('temp.ome.tif')
    assert (found[3, 100:200, 200:300:2] == 1024).all()
    assert found.astype(int).sum() == 100 * 50 * 1024


def test_sequences_of_files() -> None:
    images = numpy.random.rand(2, 64, 64)
    imwrite('temp_C001T001.tif', images[0])
    imwrite('temp_C001T002.tif', images[1])
    names = ['temp_C001T001.tif', 'temp_C001T002.tif']
    numpy.testing.assert_array_equal(imread(names, ioworkers=2, maxworkers=1), images)
    with TiffSequence('temp_C0*.tif', pattern=r'_(C)(\d+)(T)(\d+)') as sequence:
        assert (sequence.shape, sequence.axes) == ((1, 2), 'CT')
        numpy.testing.assert_array_equal(sequence.asarray()[0], images)
