"""Pages, frames and files: attributes that follow from tags, key frames, flags, pickling."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema
from tiffschema import (
    COMPRESSION,
    PHOTOMETRIC,
    RESUNIT,
    FileHandle,
    Limits,
    TiffFile,
    TiffFormat,
    TiffFrame,
    TiffPage,
    imwrite,
)
from tiffschema.model import directory
from tiffschema.model.directory import Entry


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, 'tiffschema')


def first(made: Any, **kwargs: Any) -> Any:
    return TiffFile(bytes(made), **kwargs).pages[0]


def test_attributes(forge: Callable[..., Any], container: Any) -> None:
    made = forge(*container)
    made.page(
        extra={
            254: 1,
            270: 'about',
            274: 3,
            282: (300, 1),
            283: (150, 1),
            296: 3,
            305: 'us',
            306: '2024:05:03 01:02:03',
            34675: b'icc',
            42113: '-1,5',
        }
    )
    page = first(made)
    assert (page.imagewidth, page.imagelength, page.imagedepth) == (4, 3, 1)
    assert (page.shape, page.axes, page.dtype, page.shaped) == (
        (3, 4), 'YX', numpy.dtype('u1'), (1, 1, 3, 4, 1),
    )  # fmt: skip
    assert (page.bitspersample, page.sampleformat, page.samplesperpixel) == (8, 1, 1)
    assert page.compression is COMPRESSION.NONE
    assert page.photometric is PHOTOMETRIC.MINISBLACK
    assert (page.planarconfig, page.fillorder, page.predictor, page.rowsperstrip) == (1, 1, 1, 3)
    assert (page.tilewidth, page.tilelength, page.tiledepth, page.tile) == (0, 0, 1, None)
    assert (page.extrasamples, page.subsampling, page.subifds, page.pages) == ((), None, None, None)
    assert (page.subfiletype, page.is_reduced, page.is_mask) == (1, True, False)
    assert (page.description, page.description1, page.software) == ('about', '', 'us')
    assert (page.jpegtables, page.jpegheader, page.nodata) == (None, None, -1.5)
    assert page.iccprofile == b'icc'
    assert page.datetime.isoformat() == '2024-05-03T01:02:03'
    assert page.resolution == (300.0, 150.0)
    assert page.resolutionunit is RESUNIT.CENTIMETER
    assert page.get_resolution('inch') == pytest.approx((762.0, 381.0))
    assert page.get_resolution(scale=2) == (600.0, 300.0)
    with pytest.raises(ValueError, match='furlong'):
        page.get_resolution('furlong')
    assert (page.is_contiguous, page.is_final, page.is_memmappable) == (True, True, False)
    assert page.tags[274].value == 3
    assert page.asarray().tolist() == numpy.arange(12).reshape(3, 4).tolist()
    assert page.parent.tiff == TiffFormat.of(*container)
    assert page.name == 'TiffPage 0'
    assert repr(page) == f'<tiffschema.TiffPage 0 @{page.offset}>'
    assert '3x4' in str(page)
    assert page.keyframe is page
    assert page.aspage() is page
    assert not page.is_frame
    with pytest.raises(AttributeError, match='nonsense'):
        _ = page.nonsense
    with pytest.raises(AttributeError, match='is_nonsense'):
        _ = page.is_nonsense
    page.description = 'changed'
    assert page.description == 'changed'


def test_defaults(forge: Callable[..., Any]) -> None:
    made = forge()
    made.directory({256: 5, 257: 2})
    page = first(made)
    assert (page.shape, page.dtype, page.bitspersample) == ((2, 5), numpy.dtype(bool), 1)
    assert (page.compression, page.photometric, page.subfiletype) == (1, 0, 0)
    assert (page.description, page.software, page.nodata, page.datetime) == ('', '', 0, None)
    assert page.resolution == (1.0, 1.0)
    assert page.resolutionunit is RESUNIT.INCH
    assert page.dataoffsets == (0,)


@pytest.mark.parametrize(
    ('tags', 'shape', 'dtype', 'axes'),
    [
        ({258: (8, 8, 8), 262: 2, 277: 3}, (3, 4, 3), 'u1', 'YXS'),
        ({258: (16, 16), 277: 2, 284: 2}, (2, 3, 4), 'u2', 'SYX'),
        ({258: (5, 6, 5), 262: 2, 277: 3}, (3, 4, 3), 'u1', 'YXS'),
        ({258: 32, 339: 3}, (3, 4), 'f4', 'YX'),
        ({258: 32, 305: 'IndicaLabsImageWriter 1'}, (3, 4), 'f4', 'YX'),
        ({258: 12}, (3, 4), 'u2', 'YX'),
        ({32997: 2}, (2, 3, 4), 'u1', 'ZYX'),
        ({322: 16, 323: 32}, (3, 4), 'u1', 'YX'),
        ({259: 6, 258: [], 262: [], 277: []}, (3, 4, 3), 'u1', 'YXS'),
    ],
)
def test_layouts(
    forge: Callable[..., Any], container: Any, tags: Any, shape: Any, dtype: str, axes: str
) -> None:
    made = forge(*container)
    made.page(extra=tags)
    made.page(extra=tags)
    with TiffFile(bytes(made)) as tif:
        page = tif.pages[0]
        assert (page.shape, page.dtype, page.axes) == (shape, numpy.dtype(dtype), axes)
        assert tif.pages[1].geometry == page.geometry
        assert page.hash == tif.pages[1].hash
        if 322 in tags:
            assert page.tile == (32, 16)
            assert page.rowsperstrip == 0


@pytest.mark.parametrize(
    'entry',
    [
        Entry(256, 12, 1, b'\0' * 8), Entry(256, 2, 4, b'abc\0'), Entry(256, 9, 1, b'\xff' * 4),
        Entry(256, 11, 1, b'\0\0\xc0\x7f'), Entry(258, 5, 1, bytes(8)), Entry(530, 3, 1, b'\0\0'),
        Entry(273, 12, 2, b'\0' * 16), Entry(279, 2, 20, b'x' * 20), Entry(322, 9, 1, b'\xff' * 4),
        Entry(330, 2, 6, b'abcdef'), Entry(282, 2, 6, b'abcdef'), Entry(306, 3, 1, b'\1\0'),
        Entry(254, 2, 6, b'abcdef'), Entry(296, 2, 6, b'abcdef'), Entry(338, 12, 1, b'\xff' * 8),
        Entry(42113, 2, 4, b'nix\0'), Entry(347, 3, 1, b'\1\0'), Entry(270, 3, 4, bytes(8)),
    ],
    ids=lambda entry: f'{entry[0]}-{entry[1]}',
)  # fmt: skip
def test_values_of_wrong_types(forge: Callable[..., Any], entry: Entry) -> None:
    """Nothing but documented errors comes from tags that hold what they should not."""
    made = forge()
    made.page(extra={entry[0]: entry})
    page = first(made, limits=Limits(pixels=1000))
    _ = page.geometry, page.spec, page.shape, page.hash, page.resolution, page.resolutionunit
    _ = page.datetime, page.description, page.nodata, page.subifds, page.pages, page.subfiletype
    _ = page.flags, str(page), page.attrs, page.parent.flags, page.dataoffsets, page.jpegtables


def test_frames(forge: Callable[..., Any], container: Any) -> None:
    made = forge(*container)
    for index in range(4):
        made.page(extra={270: f'page {index}'})
    made.page(5, 5)
    with TiffFile(bytes(made), _useframes=True) as tif:
        assert tif.pages.useframes
        page, frame = tif.pages[0], tif.pages[2]
        assert isinstance(page, TiffPage)
        assert isinstance(frame, TiffFrame)
        assert frame.is_frame
        assert frame.keyframe is page
        assert tif.pages.keyframe is page
        assert (frame.shape, frame.dtype, frame.compression) == (page.shape, page.dtype, 1)
        assert frame.dataoffsets != page.dataoffsets
        assert frame.asarray().tolist() == page.asarray().tolist()
        assert frame.tags[270].value == 'page 2'
        assert frame.aspage().description == 'page 2'
        assert isinstance(tif.pages.get(2), TiffPage)
        assert frame.hash == page.hash
        tif.pages.cache = True
        assert tif.pages[1] is tif.pages[1]
        tif.pages.cache = False
        assert tif.pages[1] is not tif.pages[1]
        with pytest.raises(RuntimeError, match='does not fit'):
            tif.pages.get(4, validate=page.hash)
        with pytest.raises(RuntimeError, match='differs'):
            frame.keyframe = tif.pages.get(4)
        tif.pages.set_keyframe(4)
        assert tif.pages.keyframe.shape == (5, 5)
        with pytest.raises(RuntimeError, match='key frame'):
            _ = TiffFrame(tif, 1, offset=8).shape
        virtual = TiffFrame(tif, 9, keyframe=page, dataoffsets=(16,), databytecounts=(12,))
        assert virtual.is_virtual
        assert virtual.asarray().shape == (3, 4)
        assert len(virtual.tags) == 0
        with pytest.raises(ValueError, match='no directory'):
            virtual.aspage()


def test_file(forge: Callable[..., Any], tmp_path: Path) -> None:
    made = forge()
    made.page()
    path = tmp_path / 'plain.tif'
    path.write_bytes(bytes(made))
    with TiffFile(str(path)) as tif:
        assert tif.filename == 'plain.tif'
        assert tif.filehandle.path == str(path)
        assert tif.fstat is not None
        assert tif.fstat.st_size == path.stat().st_size
        assert tif.root is tif
        assert tif.is_appendable
        assert tif.is_uniform
        assert tif.flags == {'uniform'}
        assert not tif.is_ome
        assert tif.ome_metadata is None
        assert tif.pages[0].is_memmappable
        assert 'plain.tif' in str(tif)
        assert repr(tif) == "<tiffschema.TiffFile 'plain.tif'>"
        with pytest.raises(AttributeError, match='is_xyz'):
            _ = tif.is_xyz
        with pytest.raises(AttributeError, match='xyz_metadata'):
            _ = tif.xyz_metadata
        tif.filehandle.seek(4)
        assert tif.filehandle.read(4) == bytes(made)[4:8]
    assert tif.closed
    with pytest.raises(TypeError, match='nonsense'):
        TiffFile(path, nonsense=True)
    with pytest.raises(ValueError, match='mode'):
        TiffFile(path, mode='w')
    with pytest.raises(FileNotFoundError):
        TiffFile(tmp_path / 'none.tif')
    with FileHandle(path) as handle:
        with TiffFile(handle) as tif:
            assert tif.filehandle.source is handle.source
        assert not handle.closed
    assert TiffFile(bytes(made)).fstat is None


def test_flags_can_be_overridden(forge: Callable[..., Any]) -> None:
    made = forge()
    made.page(extra={270: 'ImageJ=1.11a\nimages=1\n'})
    assert TiffFile(bytes(made)).is_imagej
    assert first(made).is_imagej
    assert first(made).imagej_description == 'ImageJ=1.11a\nimages=1'
    assert 'imagej' in TiffFile(bytes(made)).flags
    assert TiffFile(bytes(made)).imagej_metadata['images'] == 1
    overridden = TiffFile(bytes(made), is_imagej=False, is_ome=True, is_uniform=None)
    assert not overridden.is_imagej
    assert overridden.is_ome
    assert overridden.imagej_metadata is None


def test_pickles(forge: Callable[..., Any], tmp_path: Path) -> None:
    made = forge()
    for _ in range(3):
        made.page()
    path = tmp_path / 'a.tif'
    path.write_bytes(b'xx' + bytes(made))
    tif = TiffFile(path, offset=2, is_imagej=True, limits=Limits(tags=20))
    tif.close()
    again = pickle.loads(pickle.dumps(tif))
    assert len(again.pages) == 3
    assert again.limits.tags == 20
    assert again.is_imagej
    assert again.pages[2].asarray().shape == (3, 4)
    again.close()


@pytest.mark.parametrize('options', [{}, {'compression': 'zlib', 'tile': (16, 16)}])
def test_samples_of_a_closed_file_are_read_with_a_warning(
    options: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / 'closed.tif'
    data = numpy.arange(2 * 40 * 30, dtype='u2').reshape(2, 40, 30)
    imwrite(path, data, photometric='minisblack', **options)
    with TiffFile(path) as tif:
        series, page = tif.series[0], tif.pages[1]
    with pytest.warns(UserWarning, match='was closed'):
        assert numpy.array_equal(series.asarray(), data)
    with pytest.warns(UserWarning, match='was closed'):
        assert numpy.array_equal(page.asarray(selection=numpy.s_[3:9]), data[1, 3:9])
    assert tif.closed


def test_files_of_a_set_are_closed_together(forge: Callable[..., Any], tmp_path: Path) -> None:
    made = forge()
    made.page()
    for name in ('a.tif', 'b.tif'):
        (tmp_path / name).write_bytes(bytes(made))
    with TiffFile(tmp_path / 'a.tif') as tif:
        other = tif.companion('b.tif')
        assert other is tif.companion('b.tif')
        assert other.root is tif
        assert other.pages[0].shape == (3, 4)
    assert other.closed


def test_ndpi(forge: Callable[..., Any]) -> None:
    made = forge('ndpi', '<')
    made.page(extra={65420: 1, 270: 'text'})
    with TiffFile(bytes(made)) as tif:
        assert tif.tiff.is_ndpi
        page = tif.pages[0]
        assert page.tags['FileFormat'].value == 1
        assert page.description == 'text'
        assert page.asarray().tolist() == numpy.arange(12).reshape(3, 4).tolist()
        assert tif.pages.chain.table().arrays(273)[0].tolist() == [list(page.dataoffsets)]


def test_directories_without_an_image_hold_no_samples() -> None:
    """A page of which no tag can be read has the shape (); it is not one sample of chance."""
    ifd = directory.codec('classic', '<')
    entry = directory.Entry(0, 4, 9999, b'far! far!')
    data = ifd.build_header(8) + ifd.build([entry], 8).data[:18]
    with TiffFile(data) as tif:
        page = tif.pages[0]
        assert page.shape == ()
        assert page.asarray().size == 0


def test_attributes_are_members_of_enumerations(tmp_path: Path) -> None:
    image = numpy.zeros((16, 16, 4), 'u1')
    options = {'photometric': 'rgb', 'extrasamples': ['unassalpha'], 'predictor': True}
    tiffschema.imwrite(tmp_path / 'a.tif', image, compression='zlib', metadata=None, **options)
    with tiffschema.TiffFile(tmp_path / 'a.tif') as tif:
        page = tif.pages.first
        assert page.planarconfig is tiffschema.PLANARCONFIG.CONTIG
        assert page.predictor is tiffschema.PREDICTOR.HORIZONTAL
        assert page.fillorder is tiffschema.FILLORDER.MSB2LSB
        assert page.sampleformat is tiffschema.SAMPLEFORMAT.UINT
        assert page.extrasamples == (tiffschema.EXTRASAMPLE.UNASSALPHA,)
        assert page.extrasamples[0].name == 'UNASSALPHA'
        assert page.compression is tiffschema.COMPRESSION.ADOBE_DEFLATE
        assert page.photometric is tiffschema.PHOTOMETRIC.RGB
