"""Small functions under known names; metadata in front of directories."""

from __future__ import annotations

import stat
import struct
from pathlib import Path

import numpy
import pytest

import tiffschema


def test_names_that_are_added_are_names_of_tags_everywhere(tmp_path: Path) -> None:
    path = tmp_path / 'named.tif'
    tiffschema.TIFF.TAGS.add(65123, 'NamedByUser')
    assert tiffschema.TIFF.TAGS['NamedByUser'] == 65123
    assert 65123 in tiffschema.TIFF.TAGS
    tiffschema.imwrite(
        path, numpy.zeros((4, 4), 'u1'), extratags=[('NamedByUser', 'H', 1, 5, True)]
    )
    with tiffschema.TiffFile(path) as tif:
        assert tif.pages[0].tags['NamedByUser'].value == 5
        assert tif.pages[0].tags[65123].name == 'NamedByUser'
    with pytest.raises(ValueError, match='65535'):
        tiffschema.TIFF.TAGS.add(1 << 16, 'TooFar')
    del tiffschema.TIFF.TAGS['NamedByUser']
    assert 65123 not in tiffschema.TIFF.TAGS
    with tiffschema.TiffFile(path) as tif:
        assert tif.pages[0].tags[65123].name == '65123'


def test_metadata_of_imagej_as_tags_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / 'labels.tif'
    items = {'Info': 'text', 'Labels': ['a', 'b'], 'ROI': b'Iout', 'Other': 1}
    for order in '<>':
        tags = tiffschema.imagej_metadata_tag(items, order)
        tiffschema.imwrite(
            path, numpy.zeros((2, 4, 4), 'u1'), byteorder=order, photometric='minisblack',
            description='ImageJ=1.11a\nimages=2\nslices=2\n', extratags=tags, metadata=None,
        )  # fmt: skip
        with tiffschema.TiffFile(path) as tif:
            found = tif.imagej_metadata
            assert found is not None
            assert (found['Info'], found['Labels'], found['ROI']) == ('text', ['a', 'b'], b'Iout')
    assert tiffschema.imagej_metadata_tag({}, '<') == ()
    with pytest.raises(ValueError, match='byteorder'):
        tiffschema.imagej_metadata_tag(items, '=')  # type: ignore[arg-type]


def test_descriptions_of_shapes_are_metadata(tmp_path: Path) -> None:
    path = tmp_path / 'shaped.tif'
    with tiffschema.TiffWriter(path) as writer:
        writer.write(numpy.zeros((2, 4, 4), 'u1'), photometric='minisblack', metadata={'a': 1})
        writer.write(numpy.zeros((5, 4), 'u2'))
    with tiffschema.TiffFile(path) as tif:
        first, second = tif.shaped_metadata
        assert (list(first['shape']), first['a'], list(second['shape'])) == ([2, 4, 4], 1, [5, 4])
    tiffschema.imwrite(path, numpy.zeros((5, 4), 'u2'), metadata=None)
    with tiffschema.TiffFile(path) as tif:
        assert tif.shaped_metadata is None


def test_a_manifest_of_provenance_is_metadata(tmp_path: Path) -> None:
    path = tmp_path / 'c2pa.tif'
    tiffschema.imwrite(path, numpy.zeros((4, 4), 'u1'))
    data = bytearray(path.read_bytes())
    with tiffschema.TiffFile(path) as tif:
        last = tif.pages.next_page_offset
    manifest = b'jumbf manifest'
    at = len(data)
    struct.pack_into('<I', data, last, at)
    data += struct.pack('<HHHIII', 1, 52545, 7, len(manifest), at + 18, 0) + manifest
    path.write_bytes(data)
    with tiffschema.TiffFile(path) as tif:
        assert tif.is_c2pa
        assert tif.c2pa_metadata == manifest


def test_files_without_headers_of_vendors(tmp_path: Path) -> None:
    path = tmp_path / 'plain.tif'
    tiffschema.imwrite(path, numpy.zeros((4, 4), 'u1'))
    assert tiffschema.read_gdal_structural_metadata(path) is None
    with pytest.raises(tiffschema.TiffFileError):
        tiffschema.read_scanimage_metadata(path)
    with pytest.raises(OSError, match='NDTiff'):
        list(tiffschema.read_ndtiff_index(tmp_path / 'NDTiff.index'))
    (tmp_path / 'NDTiff.index').write_bytes(b'\1\0\0\0')
    with pytest.raises(tiffschema.FormatError):
        list(tiffschema.read_ndtiff_index(tmp_path / 'NDTiff.index'))


def test_a_handle_stays_open_behind_readers_of_headers(tmp_path: Path) -> None:
    path = tmp_path / 'plain.tif'
    tiffschema.imwrite(path, numpy.zeros((4, 4), 'u1'))
    with tiffschema.FileHandle(path) as handle:
        assert tiffschema.read_gdal_structural_metadata(handle) is None
        assert handle.read(2) in (b'II', b'MM')


@pytest.mark.parametrize(
    ('said', 'fault'),
    [
        ('Status: Well-Formed and valid', None),
        ('ErrorMessage: Tag 296 out of sequence', 'Tag 296'),
        ('ErrorMessage: Predictor value out of range: 3', None),
    ],
)
def test_jhove_is_asked(tmp_path: Path, said: str, fault: str | None) -> None:
    program = tmp_path / 'jhove'
    program.write_text(f'#!/bin/sh\necho "$@"\necho " {said}"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    if fault is None:
        tiffschema.validate_jhove('a.tif', program)
    else:
        with pytest.raises(ValueError, match=fault):
            tiffschema.validate_jhove('a.tif', program)
        tiffschema.validate_jhove('a.tif', program, [fault])


def test_jhove_may_be_absent(tmp_path: Path) -> None:
    with pytest.raises(OSError, match='jhove'):
        tiffschema.validate_jhove('a.tif', tmp_path / 'jhove')


def test_a_stopwatch_says_what_it_measures(capsys: pytest.CaptureFixture[str]) -> None:
    with tiffschema.Timer('reading', end=': ') as timer:
        pass
    assert timer.duration > 0
    said = capsys.readouterr().out
    assert said.startswith('reading: ')
    assert said.endswith(' s\n')
    timer.start('again')
    assert timer.duration == 0
    assert str(tiffschema.Timer(started=tiffschema.Timer.clock() - 3661)).startswith('1:01:0')


def test_repeated_items_take_no_more_memory_before_they_are_laid_out() -> None:
    found = tiffschema.repeat_nd(numpy.arange(6).reshape(2, 3), (2, 1))
    assert found.tolist() == [[0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5]]
    with pytest.raises(ValueError, match='numbers'):
        tiffschema.repeat_nd([1, 2], (1, 1))
    assert tiffschema.reshape_nd(numpy.zeros((2, 3)), 4).shape == (1, 1, 2, 3)


def test_codecs_are_found_by_compression() -> None:
    tables = tiffschema.TIFF
    assert tiffschema.COMPRESSION.ADOBE_DEFLATE in tables.COMPRESSORS
    assert tiffschema.COMPRESSION.JBIG not in tables.DECOMPRESSORS
    assert len(tables.DECOMPRESSORS) >= len(tables.COMPRESSORS)
    assert tables.GEO_CODES[tables.GEO_KEYS.GTModelTypeGeoKey](1).value == 1
    assert tables.SAMPLE_DTYPES[3, 32] == 'f'
