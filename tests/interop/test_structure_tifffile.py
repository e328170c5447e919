"""The structure that tifffile writes and reads is the structure that we read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema

tifffile = pytest.importorskip('tifffile', reason='tifffile: the oracle is not installed')


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def data(*shape: int, dtype: str = 'u2') -> Any:
    return numpy.arange(numpy.prod(shape), dtype=dtype).reshape(shape)


def pages(path: Path, **kwargs: Any) -> None:
    with tifffile.TiffWriter(path, **kwargs) as tif:
        for index in range(50):
            tif.write(
                data(20, 30), contiguous=False, metadata=None, description=f'page {index}',
                extratags=[(65000, 12, 2, (0.5, index), False)] if index % 2 else [],
            )  # fmt: skip


def tree(path: Path, **kwargs: Any) -> None:
    with tifffile.TiffWriter(path, **kwargs) as tif:
        tif.write(data(64, 48, 3, dtype='u1'), photometric='rgb', subifds=2, tile=(16, 16))
        tif.write(data(32, 24, 3, dtype='u1'), photometric='rgb', subfiletype=1)
        tif.write(data(16, 12, 3, dtype='u1'), photometric='rgb', subfiletype=1)
        tif.write(data(5, 6, dtype='f4'), resolution=(10, 20), resolutionunit='CENTIMETER')


def imagej(path: Path, **kwargs: Any) -> None:
    tifffile.imwrite(
        path, data(4, 2, 20, 30), imagej=True, metadata={'axes': 'ZCYX', 'Labels': ['a'] * 8},
        **kwargs,
    )  # fmt: skip


def colours(path: Path, **kwargs: Any) -> None:
    tifffile.imwrite(
        path, data(8, 9, dtype='u1'), colormap=data(3, 256), compression='zlib', predictor=True,
        rowsperstrip=3, iccprofile=b'profile', datetime='2024:05:03 01:02:03', **kwargs,
    )  # fmt: skip


def ome(path: Path, **kwargs: Any) -> None:
    tifffile.imwrite(path, data(3, 8, 9), ome=True, metadata={'axes': 'ZYX'}, **kwargs)


MAKERS = [pages, tree, imagej, colours, ome]


def plain(value: Any) -> Any:
    if isinstance(value, numpy.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


ATTRIBUTES = [
    'index', 'treeindex', 'offset', 'shape', 'shaped', 'axes', 'dtype', 'imagewidth', 'imagelength',
    'imagedepth', 'tilewidth', 'tilelength', 'tiledepth', 'bitspersample', 'samplesperpixel',
    'sampleformat', 'rowsperstrip', 'compression', 'planarconfig', 'fillorder', 'predictor',
    'photometric', 'extrasamples', 'subsampling', 'subifds', 'description', 'description1',
    'software', 'jpegtables', 'nodata', 'dataoffsets', 'databytecounts', 'resolution',
    'resolutionunit', 'datetime', 'iccprofile', 'tile', 'chunks', 'chunked', 'ndim', 'size',
    'nbytes', 'dims', 'sizes', 'is_tiled', 'is_reduced', 'is_mask', 'is_frame', 'is_subifd',
    'is_virtual', 'is_final', 'is_contiguous', 'is_memmappable', 'is_subsampled', 'is_jfif',
    'is_ome', 'is_imagej', 'is_shaped', 'shaped_description', 'imagej_description', 'name',
]  # fmt: skip


def compare(ours: Any, theirs: Any) -> None:
    for name in ATTRIBUTES:
        assert plain(getattr(ours, name)) == plain(getattr(theirs, name)), name
    assert [tag.code for tag in ours.tags] == [tag.code for tag in theirs.tags]
    for mine, other in zip(ours.tags, theirs.tags, strict=True):
        for name in ('code', 'name', 'count', 'offset', 'valueoffset', 'dtype', 'dtype_name',
                     'dataformat', 'valuebytecount'):  # fmt: skip
            assert getattr(mine, name) == getattr(other, name), (other.name, name)
        assert plain(mine.value) == plain(other.value), other.name
    for mine, other in zip(ours.pages or (), theirs.pages or (), strict=True):
        compare(mine, other)


@pytest.mark.parametrize('bigtiff', [False, True])
@pytest.mark.parametrize('byteorder', ['<', '>'])
@pytest.mark.parametrize('make', MAKERS, ids=lambda make: make.__name__)
def test_same_structure(
    make: Callable[..., None], byteorder: str, bigtiff: bool, tmp_path: Path
) -> None:
    if make is imagej and bigtiff:
        bigtiff = False
    path = tmp_path / ('a.ome.tif' if make is ome else 'a.tif')
    make(path, byteorder=byteorder, bigtiff=bigtiff)
    with tiffschema.TiffFile(path) as ours, tifffile.TiffFile(path) as theirs:
        assert not ours.faults
        assert len(ours.pages) == len(theirs.pages)
        for name in ('byteorder', 'is_bigtiff', 'filename', 'is_ome', 'is_imagej', 'is_shaped',
                     'is_uniform', 'is_appendable', 'flags'):  # fmt: skip
            assert getattr(ours, name) == getattr(theirs, name), name
        for name in ('version', 'byteorder', 'offsetsize', 'offsetformat', 'tagnosize',
                     'tagnoformat', 'tagsize', 'tagformat1', 'tagformat2', 'tagoffsetthreshold',
                     'tagheaderformat'):  # fmt: skip
            assert getattr(ours.tiff, name) == getattr(theirs.tiff, name), name
        assert ours.pages.next_page_offset == theirs.pages.next_page_offset
        for mine, other in zip(ours.pages, theirs.pages, strict=True):
            compare(mine, other)
