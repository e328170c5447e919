"""Examples that users of the best-known TIFF library know, in the order of its manual.

The only changes are the name of the library and the spelling of Zarr 3: keys are texts, and arrays
have other representations. What each example makes is looked at. Where the manual is at hand,
its examples are compared with those that run here.
"""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import tiffschema
from tests.conftest import SAMPLES

MANUAL = SAMPLES.parent / 'reference' / 'tifffile-2024.5.3-readme.txt'
SPELLING = {
    'tifffile.numcodecs': 'tiffschema.numcodecs',
    'z[0]': "z['0']",
    'from_zarr(store, 0)': "from_zarr(store, '0')",
    'Âµm': 'µm',
}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

EXAMPLES = r"""
An RGB image in a file of one page.

>>> data = numpy.random.randint(0, 255, (256, 256, 3), 'uint8')
>>> imwrite('temp.tif', data, photometric='rgb')

Back again.

>>> image = imread('temp.tif')
>>> image.shape
(256, 256, 3)
>>> numpy.array_equal(image, data)
True

Three meanings of the same array.

>>> data = numpy.random.randint(0, 255, (3, 3, 3), 'uint8')
>>> imwrite('temp.tif', data, photometric='rgb')
>>> pages_holding(data)
1
>>> imwrite('temp.tif', data, photometric='rgb', planarconfig='separate')
>>> pages_holding(data)
1
>>> imwrite('temp.tif', data, photometric='minisblack')
>>> pages_holding(data)
3

Samples beyond the colours.

>>> data = numpy.random.randint(0, 255, (256, 256, 4), 'uint8')
>>> imwrite('temp.tif', data, photometric='rgb', extrasamples=['unassalpha'])
>>> with TiffFile('temp.tif') as tif:
...     tif.pages[0].extrasamples  # unassociated alpha
(<EXTRASAMPLE.UNASSALPHA: 2>,)
>>> pages_holding(data)
1

A stack of pages.

>>> data = numpy.random.randint(0, 2**12, (64, 301, 219), 'uint16')
>>> imwrite('temp.tif', data, photometric='minisblack')

All of the stack.

>>> image_stack = imread('temp.tif')
>>> image_stack.shape
(64, 301, 219)
>>> image_stack.dtype
dtype('uint16')
>>> numpy.array_equal(image_stack, data)
True

One page.

>>> image = imread('temp.tif', key=0)
>>> image.shape
(301, 219)
>>> numpy.array_equal(image, data[0])
True

Some pages.

>>> images = imread('temp.tif', key=range(4, 40, 2))
>>> images.shape
(18, 301, 219)
>>> numpy.array_equal(images, data[4:40:2])
True

Page after page.

>>> with TiffFile('temp.tif') as tif:
...     for page in tif.pages:
...         image = page.asarray()

Shapes without reading pixels.

>>> tif = TiffFile('temp.tif')
>>> len(tif.pages)  # number of pages in the file
64
>>> page = tif.pages[0]  # get shape and dtype of image in first page
>>> page.shape
(301, 219)
>>> page.dtype
dtype('uint16')
>>> page.axes
'YX'
>>> series = tif.series[0]  # get shape and dtype of first image series
>>> series.shape
(64, 301, 219)
>>> series.dtype
dtype('uint16')
>>> series.axes
'QYX'
>>> tif.close()

One tag.

>>> with TiffFile('temp.tif') as tif:
...     tag = tif.pages[0].tags['XResolution']
>>> tag.value
(1, 1)
>>> tag.name
'XResolution'
>>> tag.code
282
>>> tag.count
1
>>> tag.dtype
<DATATYPE.RATIONAL: 5>

All tags.

>>> with TiffFile('temp.tif') as tif:
...     for page in tif.pages:
...         for tag in page.tags:
...             tag_name, tag_value = tag.name, tag.value

Another value for a tag.

>>> with TiffFile('temp.tif', mode='r+') as tif:
...     _ = tif.pages[0].tags['XResolution'].overwrite((96000, 1000))
>>> with TiffFile('temp.tif') as tif:
...     tif.pages[0].tags['XResolution'].value
(96000, 1000)

Planes, tiles, compression and a predictor in a BigTIFF.

>>> data = numpy.random.rand(2, 5, 3, 301, 219).astype('float32')
>>> imwrite(
...     'temp.tif',
...     data,
...     bigtiff=True,
...     photometric='rgb',
...     planarconfig='separate',
...     tile=(32, 32),
...     compression='zlib',
...     compressionargs={'level': 8},
...     predictor=True,
...     metadata={'axes': 'TZCYX'}
... )
>>> with TiffFile('temp.tif') as tif:
...     tif.is_bigtiff, tif.series[0].axes, numpy.array_equal(tif.asarray(), data)
(True, 'TZCYX', True)

An ImageJ hyperstack.

>>> volume = numpy.random.randn(6, 57, 256, 256).astype('float32')
>>> image_labels = [f'{i}' for i in range(volume.shape[0] * volume.shape[1])]
>>> imwrite(
...     'temp.tif',
...     volume,
...     imagej=True,
...     resolution=(1./2.6755, 1./2.6755),
...     metadata={
...         'spacing': 3.947368,
...         'unit': 'um',
...         'finterval': 1/10,
...         'fps': 10.0,
...         'axes': 'TZYX',
...         'Labels': image_labels,
...     }
... )
>>> written = volume

Its samples and metadata.

>>> with TiffFile('temp.tif') as tif:
...     volume = tif.asarray()
...     axes = tif.series[0].axes
...     imagej_metadata = tif.imagej_metadata
>>> volume.shape
(6, 57, 256, 256)
>>> axes
'TZYX'
>>> imagej_metadata['slices']
57
>>> imagej_metadata['frames']
6
>>> list(imagej_metadata['Labels']) == image_labels
True
>>> numpy.array_equal(volume, written)
True

The same, mapped.

>>> memmap_volume = memmap('temp.tif')
>>> memmap_volume.shape
(6, 57, 256, 256)
>>> numpy.array_equal(memmap_volume, written)
True
>>> del memmap_volume

A new file through a map.

>>> memmap_image = memmap(
...     'temp.tif',
...     shape=(256, 256, 3),
...     dtype='float32',
...     photometric='rgb'
... )
>>> type(memmap_image)
<class 'numpy.memmap'>
>>> memmap_image[255, 255, 1] = 1.0
>>> memmap_image.flush()
>>> del memmap_image
>>> imread('temp.tif')[255, 255].tolist()
[0.0, 1.0, 0.0]
>>> float(imread('temp.tif').sum())
1.0

Two series.

>>> series0 = numpy.random.randint(0, 255, (32, 32, 3), 'uint8')
>>> series1 = numpy.random.randint(0, 255, (4, 256, 256), 'uint16')
>>> with TiffWriter('temp.tif') as tif:
...     tif.write(series0, photometric='rgb')
...     tif.write(series1, photometric='minisblack')
>>> written = series1

The second one.

>>> series1 = imread('temp.tif', series=1)
>>> series1.shape
(4, 256, 256)
>>> numpy.array_equal(series1, written)
True

Frame after frame.

>>> data = numpy.random.randint(0, 255, (30, 301, 219), 'uint8')
>>> with TiffWriter('temp.tif') as tif:
...     for frame in data:
...         tif.write(frame, contiguous=True)
>>> with TiffFile('temp.tif') as tif:
...     tif.series[0].shape, tif.series[0].dataoffset is not None
((30, 301, 219), True)
>>> written = data
>>> numpy.array_equal(imread('temp.tif'), written)
True

One series more.

>>> data = numpy.random.randint(0, 255, (301, 219, 3), 'uint8')
>>> imwrite('temp.tif', data, photometric='rgb', append=True)
>>> numpy.array_equal(imread('temp.tif', series=1), data)
True
>>> numpy.array_equal(imread('temp.tif', series=0), written)
True

Tiles from a generator.

>>> data = numpy.random.randint(0, 2**12, (31, 33, 3), 'uint16')
>>> def tiles(data, tileshape):
...     for y in range(0, data.shape[0], tileshape[0]):
...         for x in range(0, data.shape[1], tileshape[1]):
...             yield data[y : y + tileshape[0], x : x + tileshape[1]]
>>> imwrite(
...     'temp.tif',
...     tiles(data, (16, 16)),
...     tile=(16, 16),
...     shape=data.shape,
...     dtype=data.dtype,
...     photometric='rgb'
... )
>>> numpy.array_equal(imread('temp.tif'), data)
True

A pyramid in OME-TIFF, with a thumbnail.

>>> data = numpy.random.randint(0, 255, (8, 2, 512, 512, 3), 'uint8')
>>> subresolutions = 2
>>> pixelsize = 0.29  # micrometer
>>> with TiffWriter('temp.ome.tif', bigtiff=True) as tif:
...     metadata={
...         'axes': 'TCYXS',
...         'SignificantBits': 8,
...         'TimeIncrement': 0.1,
...         'TimeIncrementUnit': 's',
...         'PhysicalSizeX': pixelsize,
...         'PhysicalSizeXUnit': 'µm',
...         'PhysicalSizeY': pixelsize,
...         'PhysicalSizeYUnit': 'µm',
...         'Channel': {'Name': ['Channel 1', 'Channel 2']},
...         'Plane': {'PositionX': [0.0] * 16, 'PositionXUnit': ['µm'] * 16}
...     }
...     options = dict(
...         photometric='rgb',
...         tile=(128, 128),
...         compression='jpeg',
...         resolutionunit='CENTIMETER',
...         maxworkers=2
...     )
...     tif.write(
...         data,
...         subifds=subresolutions,
...         resolution=(1e4 / pixelsize, 1e4 / pixelsize),
...         metadata=metadata,
...         **options
...     )
...     # write pyramid levels to the two subifds
...     # in production use resampling to generate sub-resolution images
...     for level in range(subresolutions):
...         mag = 2**(level + 1)
...         tif.write(
...             data[..., ::mag, ::mag, :],
...             subfiletype=1,
...             resolution=(1e4 / mag / pixelsize, 1e4 / mag / pixelsize),
...             **options
...         )
...     # add a thumbnail image as a separate series
...     # it is recognized by QuPath as an associated image
...     thumbnail = (data[0, 0, ::8, ::8] >> 2).astype('uint8')
...     tif.write(thumbnail, metadata={'Name': 'thumbnail'})

Its levels.

>>> baseimage = imread('temp.ome.tif')
>>> second_level = imread('temp.ome.tif', series=0, level=1)
>>> with TiffFile('temp.ome.tif') as tif:
...     baseimage = tif.series[0].asarray()
...     second_level = tif.series[0].levels[1].asarray()
>>> baseimage.shape, second_level.shape
((8, 2, 512, 512, 3), (8, 2, 256, 256, 3))
>>> with TiffFile('temp.ome.tif') as tif:
...     tif.is_ome, [level.shape for level in tif.series[0].levels]
...     len(tif.series), numpy.array_equal(tif.series[1].asarray(), thumbnail)
(True, [(8, 2, 512, 512, 3), (8, 2, 256, 256, 3), (8, 2, 128, 128, 3)])
(2, True)

Its tiles, decoded one by one.

>>> with TiffFile('temp.ome.tif') as tif:
...     fh = tif.filehandle
...     for page in tif.pages:
...         for index, (offset, bytecount) in enumerate(
...             zip(page.dataoffsets, page.databytecounts)
...         ):
...             _ = fh.seek(offset)
...             data = fh.read(bytecount)
...             tile, indices, shape = page.decode(
...                 data, index, jpegtables=page.jpegtables
...             )
>>> tile.shape, shape
((1, 64, 64, 3), (1, 64, 64, 3))
>>> imwrite('edge.tif', baseimage[0, :, :256, :200], photometric='rgb', tile=(128, 128),
...         compression='jpeg')
>>> with TiffFile('edge.tif') as tif:
...     for page in tif.pages:
...         whole = page.asarray()
...         for index in range(len(page.dataoffsets)):
...             _ = tif.filehandle.seek(page.dataoffsets[index])
...             data = tif.filehandle.read(page.databytecounts[index])
...             tile, (_, _, y, x, _), shape = page.decode(
...                 data, index, jpegtables=page.jpegtables
...             )
...             part = whole[y : y + 128, x : x + 128]
...             assert shape == (1, 128, 128, 3)  # tiles at the edge, too
...             assert numpy.array_equal(tile[0, : part.shape[0], : part.shape[1]], part)

A part of it through Zarr.

>>> import zarr
>>> store = imread('temp.ome.tif', aszarr=True)
>>> z = zarr.open(store, mode='r')
>>> z
<Group ...>
>>> z['0']  # base layer
<Array ... shape=(8, 2, 512, 512, 3) dtype=uint8>
>>> z['0'][2, 0, 128:384, 256:].shape  # read a tile from the base layer
(256, 256, 3)
>>> numpy.array_equal(z['0'][2, 0, 128:384, 256:], baseimage[2, 0, 128:384, 256:])
True
>>> numpy.array_equal(z['1'][...], second_level)
True
>>> store.close()

The same with dask.

>>> import dask.array
>>> store = imread('temp.ome.tif', aszarr=True)
>>> dask.array.from_zarr(store, '0')
dask.array<...shape=(8, 2, 512, 512, 3)...chunksize=(1, 1, 128, 128, 3)...
>>> store.close()

References to its tiles.

>>> store = imread('temp.ome.tif', aszarr=True)
>>> store.write_fsspec('temp.ome.tif.json', url='file://')
>>> store.close()

What Zarr makes of them.

>>> import fsspec
>>> import imagecodecs.numcodecs
>>> imagecodecs.numcodecs.register_codecs()
>>> mapper = fsspec.get_mapper(
...     'reference://', fo='temp.ome.tif.json', target_protocol='file'
... )
>>> z = zarr.open(mapper, mode='r')
>>> z
<Group ...>
>>> numpy.array_equal(z['0'][2, 0, 128:384, 256:], baseimage[2, 0, 128:384, 256:])
True

Writing through Zarr.

>>> imwrite(
...     'temp.ome.tif',
...     shape=(8, 800, 600),
...     dtype='uint16',
...     photometric='minisblack',
...     tile=(128, 128),
...     metadata={'axes': 'CYX'}
... )
>>> empty = imread('temp.ome.tif')
>>> empty.shape, bool(empty.any()), os.path.getsize('temp.ome.tif') > 8 * 896 * 640 * 2
((8, 800, 600), False, True)
>>> store = imread('temp.ome.tif', mode='r+', aszarr=True)
>>> z = zarr.open(store, mode='r+')
>>> z
<Array ... shape=(8, 800, 600) dtype=uint16>
>>> z[3, 100:200, 200:300:2] = 1024
>>> store.close()
>>> changed = imread('temp.ome.tif')
>>> bool((changed[3, 100:200, 200:300:2] == 1024).all())
True
>>> int(changed.sum(dtype='uint64')) == 1024 * 100 * 50
True

A sequence of files.

>>> imwrite('temp_C001T001.tif', numpy.random.rand(64, 64))
>>> imwrite('temp_C001T002.tif', numpy.random.rand(64, 64))
>>> image_sequence = imread(
...     ['temp_C001T001.tif', 'temp_C001T002.tif'], ioworkers=2, maxworkers=1
... )
>>> image_sequence.shape
(2, 64, 64)
>>> image_sequence.dtype
dtype('float64')
>>> numpy.array_equal(image_sequence[1], imread('temp_C001T002.tif'))
True

A stack from names of files.

>>> image_sequence = TiffSequence(
...     'temp_C0*.tif', pattern=r'_(C)(\d+)(T)(\d+)'
... )
>>> image_sequence.shape
(1, 2)
>>> image_sequence.axes
'CT'
>>> data = image_sequence.asarray()
>>> data.shape
(1, 2, 64, 64)
>>> numpy.array_equal(data[0, 1], imread('temp_C001T002.tif'))
True
>>> store = image_sequence.aszarr()
>>> zarr.open(store, mode='r')
<Array ... shape=(1, 2, 64, 64) dtype=float64>
>>> image_sequence.close()

References to the files.

>>> store = image_sequence.aszarr()
>>> store.write_fsspec('temp.json', url='file://')

What Zarr makes of those.

>>> import fsspec
>>> import tiffschema.numcodecs
>>> tiffschema.numcodecs.register_codec()
>>> mapper = fsspec.get_mapper(
...     'reference://', fo='temp.json', target_protocol='file'
... )
>>> zarr.open(mapper, mode='r')
<Array ... shape=(1, 2, 64, 64) dtype=float64>
>>> numpy.array_equal(zarr.open(mapper, mode='r')[...], data)
True
"""


def pages_holding(data: numpy.ndarray) -> int:
    """Return the number of pages of the file, whose samples are these."""
    with tiffschema.TiffFile('temp.tif') as tif:
        assert numpy.array_equal(tif.asarray(), data)
        return len(tif.pages)


@pytest.mark.filterwarnings('ignore:tag XResolution is read from')
def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('zarr', 'dask', 'fsspec', 'imagecodecs'):
        pytest.importorskip(name, reason=f'{name}: the package is absent')
    monkeypatch.chdir(tmp_path)
    names = {name: getattr(tiffschema, name) for name in tiffschema.__all__}
    names |= {'numpy': numpy, 'os': os, 'pages_holding': pages_holding}
    test = doctest.DocTestParser().get_doctest(EXAMPLES, names, 'examples', None, 0)
    assert len(test.examples) > 150
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    said: list[str] = []
    runner.run(test, out=said.append)
    assert not runner.failures, ''.join(said)
    # $ python -m tiffschema temp.ome.tif
    command = [sys.executable, '-m', 'tiffschema', 'temp.ome.tif']
    report = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert '600' in report.stdout


def test_examples_are_those_of_the_manual() -> None:
    if not MANUAL.is_file():
        pytest.skip('reference: the manual is absent')
    text = MANUAL.read_text(encoding='utf-8')
    text = text[text.index('\nExamples\n') :]
    for theirs, ours in SPELLING.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    ran = iter(doctest.DocTestParser().get_examples(EXAMPLES))
    for example in doctest.DocTestParser().get_examples(text):
        # Between them stand our own, which look at what was made.
        same = next((one for one in ran if one.source == example.source), None)
        assert same is not None, example.source
        assert same.want == example.want or example.want.startswith('<zarr.'), example.source
