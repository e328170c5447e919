"""Pixels of real files against the digests that other readers left.

Rule: what differs is named with its reason in `differences`; a name there that no longer differs
fails too.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.interop import readers
from tests.samples import differences
from tiffschema.errors import TiffFileError, UnsupportedError
from tiffschema.runtime.file import TiffFile

FAMILIES = (
    'baseline', 'bigtiff', 'bitdepth', 'colour', 'compression', 'dicom', 'dng', 'exif', 'fax',
    'fei', 'flimage', 'geotiff', 'imagej', 'jpeg', 'lsm', 'malformed', 'metaseries', 'multipage',
    'ndpi', 'ndtiff', 'ome', 'qptiff', 'raw', 'scanimage', 'sem', 'sgi', 'sis', 'sparse', 'stk',
    'svs', 'tiffep', 'tiled',
)  # fmt: skip
OUR_KINDS = frozenset(('shaped', 'imagej', 'uniform', 'generic'))


def digest(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def same(array: NDArray[Any], facts: dict[str, Any]) -> bool:
    return (
        list(array.shape) == facts['shape']
        and str(array.dtype) == facts['dtype']
        and digest(array) == facts['sha256']
    )


def is_recorded(facts: Any) -> bool:
    """Return whether another reader decoded something."""
    return isinstance(facts, dict) and 'sha256' in facts and not facts.get('empty')


@pytest.mark.parametrize('family', FAMILIES)
def test_first_page(family: str, expected: dict[str, Any], samples: Path) -> None:
    wrong = []
    for name, facts in expected.items():
        page0 = facts['tifffile'].get('page0')
        if not name.startswith(f'{family}/') or not is_recorded(page0):
            continue
        with TiffFile(samples / name) as tif:
            try:
                matches = same(tif.pages[0].asarray(), page0)
            except TiffFileError:
                rest = tif.pages[0].asarray(errors='fault')
                assert tif.faults
                matches = name in differences.FAULT and same(rest, page0)
                matches = matches or (
                    name in differences.LOST and list(rest.shape) == page0['shape']
                )
        if matches == (name in differences.PAGE):
            wrong.append(name)
    assert not wrong


@pytest.mark.parametrize('family', FAMILIES)
def test_first_series(family: str, expected: dict[str, Any], samples: Path) -> None:
    wrong = []
    for name, facts in expected.items():
        series0 = facts['tifffile'].get('series0')
        if not name.startswith(f'{family}/') or not is_recorded(series0):
            continue
        page0 = facts['tifffile'].get('page0')
        if facts['tifffile']['series'][0]['kind'] not in OUR_KINDS or not is_recorded(page0):
            continue
        with TiffFile(samples / name) as tif:
            try:
                matches = same(tif.asarray(), series0)
            except TiffFileError:
                matches = name in differences.FAULT or name in differences.LOST
        if matches == (name in differences.SERIES):
            wrong.append(name)
    assert not wrong


def test_pages_without_a_reader_are_refused(expected: dict[str, Any], samples: Path) -> None:
    """What nobody decodes ends in documented errors or an empty array, never in others."""
    for name, facts in expected.items():
        if is_recorded(facts['tifffile'].get('page0')):
            continue
        try:
            with TiffFile(samples / name) as tif, warnings.catch_warnings():
                warnings.simplefilter('ignore')
                tif.asarray()
                for page in tif.pages[:4]:
                    page.asarray(errors='fault')
        except (TiffFileError, UnsupportedError):
            continue


def forms(page: Any) -> Iterator[NDArray[Any]]:
    """Yield the pixels of a page in the forms that readers deliver, cheap ones first."""
    for call in (
        lambda: page.asarray(errors='fault'),
        lambda: page.asrgb(errors='fault'),
        lambda: page.asrgb(errors='fault', orientation=False),
        lambda: page.asrgb(errors='fault', uint8=True),
    ):
        try:
            array = call()
        except UnsupportedError:
            continue
        yield array
        if array.dtype == bool:
            bits = array.view('u1')
            yield from (bits, bits * np.uint8(255), (1 - bits) * np.uint8(255))
        if array.dtype == np.int16:
            array = array.view('u2')
        if array.ndim == 3:
            yield np.moveaxis(array, -1, 0)
            yield array[..., 0]
            if array.shape[-1] in (3, 4):
                yield array[..., :3]
                yield array[..., 2::-1]
            if array.shape[-1] == 3 and array.dtype == np.uint8:
                yield np.concatenate([array, np.full((*array.shape[:2], 1), 255, 'u1')], axis=-1)


def test_what_tifffile_does_not_decode(expected: dict[str, Any], samples: Path) -> None:
    wrong = []
    for name, facts in expected.items():
        if not facts.get('beyond'):
            continue
        if name in differences.REPEATED_CHROMA and differences.is_old_imagecodecs():
            continue
        others = [
            facts[reader]['sha256']
            for reader in ('Pillow', 'rasterio', 'pyvips', 'opencv', 'rawpy', 'openslide')
            if isinstance(facts.get(reader), dict) and 'sha256' in facts[reader]
        ]
        with TiffFile(samples / name) as tif:
            matches = any(digest(array) in others for array in forms(tif.pages[0]))
        if matches == (name in differences.BEYOND):
            wrong.append(name)
    assert not wrong


def test_disputes_are_decided(expected: dict[str, Any], samples: Path) -> None:
    disputed = {name for name, facts in expected.items() if facts.get('dispute')}
    assert disputed == set(differences.DISPUTES)
    for name, (reader, reason) in differences.DISPUTES.items():
        assert reason
        facts = expected[name]
        digests = {
            each: (found.get('page0') or found).get('sha256')
            for each, found in facts.items()
            if isinstance(found, dict)
        }
        with TiffFile(samples / name) as tif:
            found = {digest(array) for array in forms(tif.pages[0])}
        if reader:
            assert digests[reader] in found, name
        else:
            assert not found & set(digests.values()), name


@pytest.mark.parametrize('name', differences.CLOSE)
def test_close_to_a_reader(name: str, samples: Path) -> None:
    """Colour through ``asrgb`` where the reader delivers colour; lossy data within a tolerance."""
    reader, colour, largest, mean = differences.CLOSE[name]
    read = readers.reader(reader)
    if read is None:
        pytest.skip(f'{reader}: reader to compare with')
    if name in differences.TWELVE_BITS and differences.is_old_imagecodecs():
        pytest.skip('imagecodecs before 2026.6: its libtiff has no JPEG of 12 bits')
    data = (samples / name).read_bytes()
    with TiffFile(data) as tif:
        page = tif.pages[0]
        array = page.asrgb(orientation=False) if colour else page.asarray()
        planar = page.planarconfig == 2 and not colour
        ours = readers.samples_last(array, page.samplesperpixel, planar)
    theirs = read(data)
    count = min(ours.shape[2], theirs.shape[2])
    steps = np.abs(ours[..., :count].astype('f8') - theirs[..., :count])
    assert steps.max() <= largest
    assert steps.mean() <= mean
