"""Tags: values of all types both ways, duplicates, damage, directories as values, closed files."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from tiffschema import COMPRESSION, DATATYPE, FormatError, TiffFile, TiffTag, TiffTags
from tiffschema.model.directory import Entry
from tiffschema.runtime.tagregistry import TiffTagRegistry


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, 'tiffschema')


VALUES: list[tuple[int, Any, Any]] = [
    # field type, value written, value read
    (1, (1, 2), b'\1\2'), (2, 'text', 'text'), (2, 'a much longer text', 'a much longer text'),
    (3, 7, 7), (3, (1, 2, 3), (1, 2, 3)), (4, 70_000, 70_000), (4, (1, 1 << 31), (1, 1 << 31)),
    (5, (1, 3), (1, 3)), (5, (1, 3, 2, 5), (1, 3, 2, 5)), (6, (-1, 5), (-1, 5)), (6, -1, -1),
    (7, b'\0\xff', b'\0\xff'), (8, -300, -300), (8, (-1, -2, 3), (-1, -2, 3)),
    (9, -70_000, -70_000), (10, (-1, 3), (-1, 3)), (11, 0.5, 0.5), (11, (0.5, -2.0), (0.5, -2.0)),
    (12, 0.1, 0.1), (12, (0.1, 1e300), (0.1, 1e300)), (13, 4000, 4000), (16, 1 << 40, 1 << 40),
    (17, -(1 << 40), -(1 << 40)), (18, 1 << 33, 1 << 33),
]  # fmt: skip


@pytest.mark.parametrize(('kind', 'value', 'expected'), VALUES)
def test_values(
    forge: Callable[..., Any], container: Any, kind: int, value: Any, expected: Any
) -> None:
    made = forge(*container)
    kind, count, data = made.codec.encode_value(None, kind, value)
    made.page(extra={65000: Entry(65000, kind, count, data)})
    with TiffFile(bytes(made)) as tif:
        tag = tif.pages[0].tags[65000]
        assert tag.value == expected
        assert tag.value == expected
        assert (tag.dtype, tag.count, tag.code) == (kind, count, 65000)
        assert tag.dtype is DATATYPE(kind)
        assert tag.dtype_name == DATATYPE(kind).name
        assert tag.valuebytecount == len(data)
        assert bytes(tif.source.view(tag.valueoffset, len(data))) == data
        assert tag.name == '65000' or tag.name
        assert tag.astuple()[:3] == (65000, kind, count)
        assert str(tag)
        assert repr(tag)


def test_tuples_members_arrays(forge: Callable[..., Any], container: Any) -> None:
    made = forge(*container)
    colours = tuple(range(768))
    many = tuple(range(3000))
    made.page(extra={259: 8, 320: colours, 330: (0,), 65000: Entry(*_entry(made, 65000, 3, many))})
    with TiffFile(bytes(made)) as tif:
        tags = tif.pages[0].tags
        assert tags[259].value is COMPRESSION.ADOBE_DEFLATE
        assert isinstance(tags[273].value, tuple)
        assert tags[320].value.shape == (3, 256)
        assert isinstance(tags[65000].value, numpy.ndarray)
        assert tags[65000].value.tolist() == list(many)
        assert tags[65000].value.dtype.isnative


def _entry(made: Any, code: int, kind: int, value: Any) -> tuple[int, int, int, bytes]:
    return (code, *made.codec.encode_value(None, kind, value))


def test_long_values_are_read_when_asked_for(forge: Callable[..., Any], tmp_path: Any) -> None:
    made = forge()
    made.page(extra={270: 'x' * 100_000})
    path = tmp_path / 'a.tif'
    path.write_bytes(bytes(made))
    with TiffFile(path) as tif:
        tag = tif.pages[0].tags['ImageDescription']
        assert not tag.is_read
        assert 'not read' in str(tag)
        assert tag.value == 'x' * 100_000
        assert tag.is_read


def test_mapping(forge: Callable[..., Any]) -> None:
    made = forge()
    first, second = _entry(made, 270, 2, 'first'), _entry(made, 270, 2, 'second')
    made.page(extra={270: [Entry(*first), Entry(*second)]})
    with TiffFile(bytes(made)) as tif:
        tags = tif.pages[0].tags
        assert len(tags) == 11
        assert [tag.code for tag in tags] == [256, 257, 258, 259, 262, 270, 270, 273, 277, 278, 279]
        assert tags.keys() == [256, 257, 258, 259, 262, 270, 273, 277, 278, 279]
        assert tags.items()[0] == (256, tags[256])
        assert [tag.value for tag in tags.values()[5:7]] == ['first', 'second']
        assert tags['ImageDescription'] is tags[270]
        assert [tag.value for tag in tags.getall('ImageDescription')] == ['first', 'second']
        assert tags.valueof(270, index=1) == 'second'
        assert tags.get(270, index=2) is None
        assert tags.get('ImageHeight') is tags['ImageLength']
        assert tags.get(4711, 'none') == 'none'
        assert tags.getall(4711) is None
        assert tags.valueof('Software', 'none') == 'none'
        assert 'ImageWidth' in tags
        assert 256 in tags
        assert 'Nothing' not in tags
        assert 4711 not in tags
        for key in ('Nothing', 4711, 'Software'):
            with pytest.raises(KeyError):
                tags[key]
        assert tif.pages[0].description == 'first'
        assert tif.pages[0].description1 == 'second'
        del tags[270]
        assert 270 not in tags
        assert len(tags) == 9
        tags.add(TiffTag(tif, 0, 65001, 3, 1, 5, 0))
        assert tags[65001].value == 5
        tags[65001] = TiffTag(tif, 0, 65001, 3, 1, 6, 0)
        assert tags.valueof(65001) == 6
        with pytest.raises(TypeError):
            tags[1] = 5
        assert str(tags).startswith('TiffTags')
        empty = TiffTags()
        assert len(empty) == 0
        tags[256].value = 99
        assert tags[256].value == 99


@pytest.mark.parametrize('strict', [False, True])
@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        (Entry(65000, 99, 1, b'\0\0\0\0'), 'field type 99 is unknown'),
        (Entry(65000, 0, 1, b'\0\0\0\0'), 'field type 0 is unknown'),
    ],
)
def test_unknown_types(forge: Callable[..., Any], entry: Entry, message: str, strict: bool) -> None:
    made = forge()
    made.page(extra={65000: entry})
    with TiffFile(bytes(made), strict=strict) as tif:
        if strict:
            with pytest.raises(FormatError, match=message):
                _ = tif.pages[0].tags
            return
        page = tif.pages[0]
        assert 65000 not in page.tags
        assert page.shape == (3, 4)
        assert message in str(tif.faults[0])
        assert tif.faults[0].path.startswith('tag 65000')


@pytest.mark.parametrize(('count', 'offset'), [(5000, 100), (5, 1 << 31), (5, 3), (1 << 31, 8)])
def test_values_outside_of_the_file(forge: Callable[..., Any], count: int, offset: int) -> None:
    made = forge()
    made.page(extra={270: 'some text of ours'})
    tag = TiffFile(bytes(made)).pages[0].tags[270]
    at = tag.offset
    made.data[at : at + 12] = made.codec.build_entry(270, 2, count, None, offset)
    with TiffFile(bytes(made)) as tif:
        page = tif.pages[0]
        assert page.description == ''
        assert 270 not in page.tags
        assert 'are not in the file' in str(tif.faults[0])
        assert tif.faults[0].offset == at


def test_directories_as_values(forge: Callable[..., Any], container: Any) -> None:
    made = forge(*container)
    inter = made.directory({1: Entry(1, 2, 4, b'R98\0')}, link=False)
    exif = made.directory(
        {33434: (1, 60), 36864: Entry(36864, 7, 4, b'0230'), 40965: inter}, link=False
    )
    gps = made.directory({1: Entry(1, 2, 2, b'N\0'), 5: Entry(5, 1, 1, b'\1')}, link=False)
    made.page(extra={34665: exif, 34853: gps})
    with TiffFile(bytes(made)) as tif:
        value = tif.pages[0].tags['ExifTag'].value
        assert value['ExposureTime'] == (1, 60)
        assert value['InteroperabilityTag'] == {'InteroperabilityIndex': 'R98'}
        tag = tif.pages[0].tags[34853]
        assert tag.name == 'GPSTag'
        assert tag.value == {'GPSLatitudeRef': 'N', 'GPSAltitudeRef': 1}
        assert not tif.faults


def test_directories_that_lead_back(forge: Callable[..., Any]) -> None:
    made = forge()
    exif = made.directory({34665: 8}, link=False)
    made.page(extra={34665: exif})
    at = TiffFile(bytes(made)).pages[0].tags
    assert at[34665].value == {'ExifTag': 8} or at[34665].value
    inner = made.directory({34665: exif}, link=False)
    made.data[exif + 10 : exif + 14] = inner.to_bytes(4, 'little')
    with TiffFile(bytes(made)) as tif:
        _ = tif.pages[0].tags[34665].value
        assert any('leads back' in str(fault) for fault in tif.faults)
    made.page(extra={34665: 1 << 30})
    with TiffFile(bytes(made)) as tif:
        assert tif.pages[1].tags[34665].value == 1 << 30
        assert 'tag 34665' in tif.faults[0].path


def test_reading_after_closing(forge: Callable[..., Any], tmp_path: Any) -> None:
    made = forge()
    made.page(extra={270: 'y' * 50_000})
    path = tmp_path / 'a.tif'
    path.write_bytes(bytes(made))
    with TiffFile(path) as tif:
        tag = tif.pages[0].tags[270]
    assert tif.closed
    with pytest.warns(UserWarning, match='was closed'):
        assert tag.value == 'y' * 50_000
    assert tif.closed


def test_fromfile(forge: Callable[..., Any]) -> None:
    made = forge('big', '>')
    made.page()
    with TiffFile(bytes(made)) as tif:
        known = tif.pages[0].tags[257]
        again = TiffTag.fromfile(tif, offset=known.offset)
        assert (again.code, again.value, again.offset) == (257, 3, known.offset)
        tif.filehandle.seek(known.offset)
        assert TiffTag.fromfile(tif).valueoffset == known.valueoffset


def test_registry() -> None:
    tags = TiffTagRegistry({256: 'ImageWidth'})
    tags.update([(34853, 'GPSTag'), (34853, 'OlympusSIS2'), (256, 'ImageWidth')])
    assert len(tags) == 3
    assert tags[256] == 'ImageWidth'
    assert tags['OlympusSIS2'] == 34853
    assert tags.getall(34853) == ['GPSTag', 'OlympusSIS2']
    assert tags.get('nothing') is None
    assert 256 in tags
    assert 'GPSTag' in tags
    assert list(tags) == [(256, 'ImageWidth'), (34853, 'GPSTag'), (34853, 'OlympusSIS2')]
    del tags['GPSTag']
    assert tags[34853] == 'OlympusSIS2'
    del tags[34853]
    assert 'OlympusSIS2' not in tags
    with pytest.raises(KeyError):
        tags['OlympusSIS2']
    assert 'ImageWidth' in str(TiffTagRegistry(tags))
