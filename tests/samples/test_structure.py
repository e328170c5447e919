"""Every real file opens, and its pages and tags are what a well-tried reader says they are."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAMPLES
from tiffschema import TiffFile, TiffFileError, UnsupportedError
from tiffschema.errors import FormatError

_EXPECTED = SAMPLES / 'expected.json'
FILES: dict[str, Any] = (
    json.loads(_EXPECTED.read_text())['files'] if _EXPECTED.is_file() else {'absent': {}}
)
WELL_FORMED = [name for name in FILES if not name.startswith('malformed/')]
MALFORMED = [name for name in FILES if name.startswith('malformed/')]
SECONDS = 60

BY_OUR_RULE = {
    # A chain ends before the first directory that was met before; nothing is counted twice.
    'fax/TwelveMonkeys__noeof.tif': (
        1,
        'the only directory reaches beyond the end of the file, so there is no link to follow; '
        'the record takes bytes of the image for a second directory',
    ),
    'multipage/libtiff__test_ifd_loop_subifd.tif': (
        5,
        'the fifth directory is the first one to lead back; the record drops it',
    ),
}
"""Files of which the record counts other pages, with ours and the reason."""

BEYOND: dict[str, set[str]] = {
    # Samples of unequal width: the record has no type, we give one field per sample.
    'bitdepth/algart-tiff__test-rgb-2-4-2.tif': {'shape', 'dtype', 'axes'},
    # 24 bits with a sign are read into 32.
    'bitdepth/gdal__int24.tif': {'dtype'},
    # 33 bits are read into 64.
    'bitdepth/gdal__uint33.tif': {'dtype'},
    # The record holds the first 16 of 63.
    'geotiff/cogeotiff__model_transformation.tif': {'extrasamples'},
    # A number stored as BYTE is read as the number that the tag holds.
    'compression/TwelveMonkeys__a33.tif': {'orientation'},
    # A directory of one damaged tag: the record drops it, and the page with it.
    'exif/exiv2__printStructure': {'shape', 'dtype', 'axes', 'ntags'},
}
"""Attributes that differ, with the reason."""


@pytest.fixture(autouse=True)
def _quiet_and_bounded(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.CRITICAL, 'tiffschema')
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value


def attribute(page: Any, name: str) -> Any:
    if name == 'ntags':
        return len(page.tags)
    if name == 'subifds':
        return len(page.subifds or ())
    if name == 'jpegtables':
        return page.jpegtables is not None
    if name == 'orientation':
        return page.tags.valueof(274)
    if name == 'dtype':
        return None if page.dtype is None else str(page.dtype)
    return plain(getattr(page, name))


@pytest.mark.parametrize('name', WELL_FORMED)
def test_agrees(samples: Path, name: str) -> None:
    expected = FILES[name]['tifffile']
    with TiffFile(samples / name) as tif:
        pages, _ = BY_OUR_RULE.get(name, (expected['pages'], ''))
        assert len(tif.pages) == pages
        assert tif.byteorder == expected['byteorder']
        assert tif.is_bigtiff == expected['bigtiff']
        if name in BY_OUR_RULE:
            assert tif.faults
        if not pages:
            assert tif.faults
            return
        page = tif.pages[0]
        differ = {
            key: (value, attribute(page, key))
            for key, value in expected.get('page0_tags', {}).items()
            if key not in BEYOND.get(name, ()) and attribute(page, key) != value
        }
        assert not differ
        for every in tif.pages:
            for tag in every.tags:
                assert tag.value is not None
                assert tag.name


@pytest.mark.parametrize('name', MALFORMED)
def test_malformed_ends_soon(samples: Path, name: str) -> None:
    # No other error is allowed; a file that holds the reader up ends the run with a traceback.
    with contextlib.suppress(TiffFileError, UnsupportedError), TiffFile(samples / name) as tif:
        _touch_everything(tif)


@pytest.mark.parametrize('name', MALFORMED)
def test_malformed_strictly(samples: Path, name: str) -> None:
    """What is recorded as a fault is raised where files are read strictly."""
    try:
        with TiffFile(samples / name) as tif:
            _touch_everything(tif)
            faults = list(tif.faults)
    except (TiffFileError, UnsupportedError):
        return
    if not faults:
        return
    with (
        pytest.raises((TiffFileError, UnsupportedError)),
        TiffFile(samples / name, strict=True) as tif,
    ):
        _touch_everything(tif, strict=True)


def _touch_everything(tif: Any, strict: bool = False) -> None:
    """Touch pages, children, tags and everything that follows from tags; faults are fine."""
    pages = [page for _, page in zip(range(50), tif.pages, strict=False)]
    for page in pages:
        _touch_page(page, strict)
        children = page.pages
        for _, child in zip(range(20), children or (), strict=False):
            _touch_page(child, strict)
    _ = tif.flags, str(tif), repr(tif), tif.explain()


def _touch_page(page: Any, strict: bool) -> None:
    for tag in page.tags:
        try:
            _ = tag.value, str(tag), tag.name, tag.dtype_name
        except FormatError:
            if strict:
                raise
    _ = page.geometry, page.spec, page.shape, page.dtype, page.axes, page.hash, page.chunks
    _ = page.resolution, page.resolutionunit, page.datetime, page.description, page.nodata
    _ = page.subfiletype, page.is_reduced, page.software, page.flags, str(page), page.colormap
    try:
        _ = page.dataoffsets, page.databytecounts, page.is_contiguous, page.is_jfif
    except FormatError:
        if strict:
            raise
