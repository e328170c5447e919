"""What we write, read by tifffile: layouts, types, compressions, kinds of files."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest

from tiffschema import OmeXml, TiffWriter, imwrite

tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')

LAYOUTS: list[dict[str, Any]] = [
    {},
    {'rowsperstrip': 7},
    {'tile': (16, 32)},
]
SHAPES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((5, 6), {}),
    ((3, 40, 50), {'photometric': 'minisblack'}),
    ((40, 50, 3), {'photometric': 'rgb'}),
    ((2, 3, 40, 50), {'photometric': 'rgb', 'planarconfig': 'separate'}),
    ((20, 24, 24), {'photometric': 'minisblack', 'volumetric': True}),
]
FILES: list[dict[str, Any]] = [{}, {'byteorder': '>'}, {'bigtiff': True}]
COMPRESSIONS: list[dict[str, Any]] = [
    {},
    {'compression': 'zlib'},
    {'compression': 'lzw', 'predictor': True},
    {'compression': 'zstd', 'predictor': True},
    {'compression': 'packbits'},
    {'compression': 'lzma'},
]


def pixels(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    values = np.random.default_rng(0).random(shape)
    return values > 0.5 if dtype == '?' else (values * 200).astype(dtype)


def read(stream: io.BytesIO, **kwargs: Any) -> np.ndarray:
    stream.seek(0)
    return tifffile.imread(stream, **kwargs)


@pytest.mark.parametrize('dtype', ['?', 'u1', 'i2', 'u4', 'i8', 'f2', 'f4', 'f8', 'c8', 'c16'])
@pytest.mark.parametrize('compression', COMPRESSIONS, ids=lambda c: c.get('compression', 'none'))
def test_matrix(dtype: str, compression: dict[str, Any]) -> None:
    predicted = np.dtype(dtype).kind in 'iuf' and np.dtype(dtype).itemsize <= 4
    predicted = predicted or np.dtype(dtype).kind == 'f'
    if not predicted:
        compression = {k: v for k, v in compression.items() if k != 'predictor'}
    for shape, options in SHAPES:
        if dtype == '?' and options.get('photometric') == 'rgb':
            continue
        array = pixels(shape, dtype)
        for layout in LAYOUTS:
            for file in FILES[: 1 if compression.get('compression') == 'lzma' else None]:
                stream = io.BytesIO()
                imwrite(stream, array, **options, **layout, **compression, **file)
                found = read(stream)
                assert found.shape == array.shape
                assert found.dtype == array.dtype
                np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize('bits', [1, 3, 7, 9, 12, 15, 20, 31])
def test_packed_samples(bits: int) -> None:
    dtype = 'u1' if bits < 9 else 'u2' if bits < 17 else 'u4'
    array = np.random.default_rng(0).integers(0, 1 << bits, (2, 23, 31), dtype)
    for layout in LAYOUTS:
        stream = io.BytesIO()
        imwrite(stream, array, bitspersample=bits, photometric='minisblack', **layout)
        found = read(stream)
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(
    'options',
    [
        {'compression': 'jpeg'},
        {'compression': 'jpeg', 'tile': (32, 32), 'subsampling': (2, 1)},
        {'compression': 'jpeg', 'compressionargs': {'outcolorspace': 'rgb'}},
        {'compression': 'jpeg2000'},
        {'compression': 'webp', 'compressionargs': {'lossless': True}},
        {'compression': 'png'},
        {'compression': 'jpegxl'},
        {'compression': 'jpegxr'},
        {'compression': 'lerc'},
    ],
    ids=str,
)
def test_image_codecs(options: dict[str, Any]) -> None:
    y, x = np.mgrid[:64, :96]
    array = np.stack([y * 2, x * 2, (x + y)], -1).astype('u1')
    ours, theirs = io.BytesIO(), io.BytesIO()
    imwrite(ours, array, photometric='rgb', **options)
    tifffile.imwrite(theirs, array, photometric='rgb', **options)
    found = read(ours).astype('i4')
    assert np.abs(found - array).max() <= max(np.abs(read(theirs).astype('i4') - array).max(), 2)


def tags(stream: io.BytesIO) -> list[list[tuple[Any, ...]]]:
    stream.seek(0)
    with tifffile.TiffFile(stream) as tif:
        return [
            [
                (tag.code, int(tag.dtype), tag.count, str(tag.value))
                for tag in page.aspage().tags
                if tag.code not in (273, 305, 324)
            ]
            for page in tif.pages
        ]


@pytest.mark.parametrize(
    ('shape', 'dtype', 'options'),
    [
        ((5, 6), 'u1', {}),
        ((2, 5, 6), 'u2', {}),
        ((2, 5, 6), 'u2', {'compression': 'zlib'}),
        ((40, 48, 3), 'u1', {'tile': (16, 16), 'photometric': 'rgb'}),
        ((5, 6), 'u1', {'imagej': True}),
        ((2, 5, 6), 'u2', {'imagej': True, 'colormap': np.zeros((3, 256), 'u2')}),
        ((5, 6), '?', {'compression': 'zlib'}),
        ((64, 64, 3), 'u1', {'photometric': 'rgb', 'compression': 'jpeg'}),
        ((16, 16, 16), 'f4', {'volumetric': True, 'tile': (16, 16, 16), 'bigtiff': True}),
        ((16, 16), 'u1', {'compression': 'lerc'}),
        ((5, 6, 4), 'u1', {'photometric': 'rgb', 'iccprofile': b'abc'}),
        ((5, 6), 'u1', {'colormap': np.arange(768).reshape(3, 256).astype('u2')}),
        ((3, 5, 6), 'u1', {'rowsperstrip': 2, 'metadata': None}),
        (
            (3, 5, 6),
            'i4',
            {
                'resolution': (300.5, 1 / 3),
                'resolutionunit': 'CENTIMETER',
                'description': 'hello',
                'datetime': '2020:01:01 00:00:00',
            },
        ),
        ((5000, 300), 'u1', {'compression': 'zlib', 'predictor': True}),
        ((2, 30, 40), 'u2', {'compression': 'jpeg', 'photometric': 'minisblack'}),
        ((30, 40), 'u2', {'bitspersample': 12}),
        ((30, 40, 3), 'u1', {'photometric': 'ycbcr'}),
        ((), 'u1', {}),
        ((7,), 'u1', {}),
        ((2, 5, 6), 'c16', {}),
        ((5, 6), '?', {'subfiletype': 4}),
        ((5, 6), 'u1', {'subfiletype': 0}),
        ((2, 5, 6), 'u1', {'truncate': True}),
        ((5, 6, 5), 'u1', {'photometric': 'rgb', 'extrasamples': [1, 0]}),
        ((3, 40, 50), 'u1', {'photometric': 'rgb', 'planarconfig': 'separate'}),
        ((4, 5, 6, 1), 'u1', {}),
        ((20, 30, 41), 'u1', {'tile': (16, 16, 16)}),
        ((20, 30, 41), 'u2', {'tile': (1, 16, 16)}),
        ((1, 30, 41), 'u1', {'tile': (16, 16, 16), 'volumetric': True}),
        ((30, 41), 'u1', {'tile': (1, 16, 16), 'volumetric': True}),
        ((30, 41), 'u1', {'volumetric': True, 'compression': 'zlib'}),
        ((4, 1, 30, 41), 'u1', {'photometric': 'minisblack', 'volumetric': True}),
        ((4, 1, 32, 48), 'u1', {'photometric': 'minisblack', 'tile': (1, 16, 16)}),
        ((2, 1, 30, 41, 3), 'u1', {'photometric': 'rgb', 'volumetric': True}),
        ((30, 41), 'u1', {'bitspersample': 1}),
        ((30, 41, 3), 'u1', {'bitspersample': 1, 'photometric': 'rgb'}),
        ((30, 41), 'u1', {'datetime': 0}),
        ((4, 30, 41), 'u1', {'imagej': True, 'metadata': {'ImageJ': '1.53t', 'images': 9}}),
    ],
    ids=str,
)
def test_tags_are_those_users_know(
    shape: tuple[int, ...], dtype: str, options: dict[str, Any]
) -> None:
    array = pixels(shape, dtype)
    ours, theirs = io.BytesIO(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        imwrite(ours, array, **options)
        tifffile.imwrite(theirs, array, **options)
    assert tags(ours) == tags(theirs)
    np.testing.assert_array_equal(read(ours), read(theirs))


@pytest.mark.parametrize('byteorder', ['<', '>'])
def test_imagej_metadata(byteorder: str) -> None:
    array = pixels((2, 3, 20, 30), 'u2')
    metadata = {
        'spacing': 3.9,
        'unit': 'um',
        'finterval': 0.1,
        'axes': 'TZYX',
        'Labels': [f'{i}' for i in range(6)],
        'Info': 'hällo',
        'Ranges': (0.0, 1.0, 2.0, 3.0),
        'LUTs': [np.zeros((3, 256), 'u1'), np.ones((3, 256), 'u1')],
        'ROI': b'abcd',
        'Overlays': [b'x', b'yz'],
    }
    found = []
    for write in (imwrite, tifffile.imwrite):
        stream = io.BytesIO()
        write(stream, array, imagej=True, byteorder=byteorder, metadata=metadata)
        stream.seek(0)
        with tifffile.TiffFile(stream) as tif:
            np.testing.assert_array_equal(tif.asarray(), array)
            assert tif.series[0].axes == 'TZYX'
            found.append((str(tif.imagej_metadata), tif.pages[0].tags[50838].value))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ('shape', 'axes'),
    [
        ((5, 6), 'YX'),
        ((2, 5, 6), 'CYX'),
        ((2, 3, 5, 6), 'CZYX'),
        ((2, 3, 4, 5, 6), 'TZCYX'),
        ((2, 5, 6, 3), 'TYXS'),
        ((2, 3, 5, 6), 'CEYX'),
        ((2, 3, 4, 5, 6), 'AHPYX'),
        ((2, 2, 3, 4, 5, 6), 'TZECYX'),
        ((2, 3, 5, 6), 'QCYX'),
    ],
)
def test_ome(shape: tuple[int, ...], axes: str) -> None:
    array = pixels(shape, 'u1')
    stream = io.BytesIO()
    photometric = 'rgb' if axes.endswith('S') else 'minisblack'
    imwrite(stream, array, kind='ome', photometric=photometric, metadata={'axes': axes})
    stream.seek(0)
    with tifffile.TiffFile(stream) as tif:
        assert tif.series[0].kind == 'ome'
        np.testing.assert_array_equal(tif.asarray(), array)
        OmeXml.validate(tif.ome_metadata)


@pytest.mark.parametrize('kind', ['shaped', 'imagej', 'ome'])
def test_contiguous_calls(kind: str) -> None:
    frames = pixels((12, 31, 29), 'u1')
    stream = io.BytesIO()
    with TiffWriter(stream, kind=kind) as tif:
        for frame in frames:
            tif.write(frame, contiguous=True)
    stream.seek(0)
    with tifffile.TiffFile(stream) as found:
        assert len(found.series) == 1
        np.testing.assert_array_equal(found.asarray(), frames)


@pytest.mark.parametrize('options', [{}, {'compression': 'zlib'}, {'bigtiff': True}], ids=str)
@pytest.mark.parametrize('kind', ['shaped', 'ome'])
def test_append_series(kind: str, options: dict[str, Any], tmp_path: Any) -> None:
    path = tmp_path / ('a.ome.tif' if kind == 'ome' else 'a.tif')
    first, second = pixels((3, 31, 33), 'u1'), pixels((20, 30, 3), 'u1')
    imwrite(path, first, photometric='minisblack', **options)
    imwrite(path, second, photometric='rgb', append=True, metadata={'Name': 'x'})
    imwrite(path, first, photometric='minisblack', append=True)
    with tifffile.TiffFile(path) as tif:
        assert len(tif.series) == 3
        for series, array in zip(tif.series, (first, second, first), strict=True):
            assert series.kind == kind
            np.testing.assert_array_equal(series.asarray(), array)
        if kind == 'ome':
            OmeXml.validate(tif.ome_metadata)


@pytest.mark.parametrize('compression', [None, 'zlib'])
@pytest.mark.parametrize('kind', ['shaped', 'imagej', 'ome'])
@pytest.mark.parametrize('count', [1, 3])
def test_append_planes(kind: str, compression: Any, count: int, tmp_path: Any) -> None:
    if kind == 'imagej' and compression:
        return
    path = tmp_path / 'a.tif'
    planes = pixels((8, 31, 33), 'u2')
    metadata = {} if kind == 'shaped' else {'axes': 'TYX'}
    options: dict[str, Any] = {'photometric': 'minisblack', 'compression': compression}
    imwrite(path, planes[:count], kind=kind, metadata=metadata, **options)
    for start, stop in ((count, 5), (5, 8)):
        imwrite(path, planes[start:stop], append=True, contiguous=True, **options)
    with tifffile.TiffFile(path) as tif:
        assert len(tif.series) == 1
        assert tif.series[0].kind == kind
        np.testing.assert_array_equal(tif.asarray().reshape(planes.shape), planes)


@pytest.mark.parametrize('kind', ['shaped', 'imagej', 'ome'])
def test_one_writer_appends_planes_and_series(kind: str, tmp_path: Any) -> None:
    path = tmp_path / 'a.tif'
    planes = pixels((40, 31, 33), 'u1')
    metadata = {} if kind == 'shaped' else {'axes': 'TYX'}
    imwrite(path, planes[:3], kind=kind, metadata=metadata, photometric='minisblack')
    others = [] if kind == 'imagej' else [pixels((9, 11), 'u1'), pixels((8, 11), 'u1')]
    with TiffWriter(path, append=True) as tif:
        tif.write(planes[3:18], contiguous=True, photometric='minisblack')
        tif.write(planes[18:], contiguous=True, photometric='minisblack')
        for other in others:
            tif.write(other, photometric='minisblack')
    with tifffile.TiffFile(path) as tif:
        assert {series.kind for series in tif.series} == {kind}
        for series, array in zip(tif.series, [planes, *others], strict=True):
            np.testing.assert_array_equal(series.asarray(), array)


def test_append_to_truncated_hyperstack(tmp_path: Any) -> None:
    path = tmp_path / 'a.tif'
    planes = pixels((5, 31, 33), 'u2')
    imwrite(path, planes[:3], imagej=True, truncate=True, metadata={'axes': 'ZYX'})
    imwrite(path, planes[3:], append=True)
    np.testing.assert_array_equal(tifffile.imread(path), planes)


def test_append_that_does_not_fit(tmp_path: Any) -> None:
    path = tmp_path / 'a.tif'
    imwrite(path, pixels((3, 31, 33), 'u1'), photometric='minisblack')
    before = path.read_bytes()
    for array in (pixels((31, 34), 'u1'), pixels((31, 33), 'u2')):
        with pytest.raises(ValueError, match='contiguous'):
            imwrite(path, array, append=True, contiguous=True, photometric='minisblack')
    path.write_bytes(before)
    (tmp_path / 'b.tif').write_bytes(b'no TIFF at all')
    with pytest.raises(ValueError, match='TIFF'):
        imwrite(tmp_path / 'b.tif', pixels((31, 34), 'u1'), append=True)
    assert (tmp_path / 'b.tif').read_bytes() == b'no TIFF at all'


@pytest.mark.parametrize('reduced', ['subifds', 'pages'])
@pytest.mark.parametrize('resampling', ['mean', 'nearest', 'mode'])
def test_pyramids(reduced: str, resampling: str) -> None:
    array = np.random.default_rng(0).integers(0, 60000, (2, 3, 200, 301), 'u2')
    for options in (
        {'photometric': 'minisblack', 'tile': (64, 64)},
        {'photometric': 'rgb', 'planarconfig': 'separate', 'rowsperstrip': 33},
        {'photometric': 'minisblack', 'tile': (64, 64), 'compression': 'zlib'},
    ):
        stream = io.BytesIO()
        imwrite(stream, array, pyramid=2, reduced=reduced, resampling=resampling, **options)
        stream.seek(0)
        with tifffile.TiffFile(stream) as tif:
            assert len(tif.series) == 1
            levels = tif.series[0].levels
            assert [level.shape[-2:] for level in levels] == [(200, 301), (100, 151), (50, 76)]
            np.testing.assert_array_equal(levels[0].asarray(), array)
            if resampling == 'nearest':
                np.testing.assert_array_equal(levels[1].asarray(), array[..., ::2, ::2])
                np.testing.assert_array_equal(levels[2].asarray(), array[..., ::4, ::4])


def test_lazy_arrays() -> None:
    dask = pytest.importorskip('dask.array', reason='dask: optional extra "dask"')
    zarr = pytest.importorskip('zarr', reason='zarr: optional extra "zarr"')
    for shape, chunks, options in (
        ((4, 100, 120), (1, 50, 50), {'photometric': 'minisblack'}),
        ((2, 3, 100, 120), (1, 1, 50, 50), {'photometric': 'rgb', 'planarconfig': 'separate'}),
        ((100, 120, 3), (30, 40, 3), {'photometric': 'rgb'}),
        ((1, 2, 1, 100, 120), (1, 1, 1, 40, 40), {'photometric': 'minisblack'}),
    ):
        array = pixels(shape, 'u1')
        for lazy in (dask.from_array(array, chunks=chunks), zarr.array(array, chunks=chunks)):
            for layout in ({}, {'tile': (32, 32)}, {'rowsperstrip': 7, 'compression': 'lzw'}):
                stream = io.BytesIO()
                imwrite(stream, lazy, **options, **layout)
                np.testing.assert_array_equal(read(stream), array)


def test_iterators() -> None:
    array = pixels((4, 3, 20, 30), 'u1')
    options: dict[str, Any] = {
        'shape': array.shape, 'dtype': 'u1', 'photometric': 'rgb', 'planarconfig': 'separate',
    }  # fmt: skip
    for source in (array, array.reshape(-1, 20, 30), array.reshape(2, 6, 20, 30)):
        for layout in (
            {},
            {'compression': 'zlib', 'rowsperstrip': 7},
            {'compression': 'zlib'},
            {'tile': (16, 16)},
        ):
            stream = io.BytesIO()
            imwrite(stream, iter(source), **options, **layout)
            np.testing.assert_array_equal(read(stream), array)
    stream = io.BytesIO()
    imwrite(stream, (page.tobytes() for page in array), **options)
    np.testing.assert_array_equal(read(stream), array)
    strips = (array[0, 0, y : y + 8] for y in range(0, 20, 8))
    imwrite(stream := io.BytesIO(), strips, shape=(20, 30), dtype='u1', rowsperstrip=8,
            compression='zlib')  # fmt: skip
    np.testing.assert_array_equal(read(stream), array[0, 0])
