"""Every variant that can be forged: read as forged, strictly, and as tifffile reads it.

A variant that is added to the table of `forge_variants` is tested here without a line of code. What
differs from tifffile stands in `differences` with its reason.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.formats.differences import DIFFERENCES, contradictions
from tests.formats.sameness import same
from tiffschema.errors import FormatError
from tiffschema.imagepro import ips_sequence
from tiffschema.model.kinds import series_kinds
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import Forged, ForgedSeries, Variant, forge, forge_variants

VARIANTS = forge_variants()
TIFFS = [variant for variant in VARIANTS if variant.kind != 'ips']
LISTS = forge_variants('ips')
LARGE = 1 << 28
"""Bytes of images of which only some lines are compared."""
OTHER_NAMES = {'mmstack': 'micromanager', 'ndtiff': 'micromanager'}
"""Kinds whose metadata have another name in tifffile."""


def named(variant: Variant) -> str:
    return str(variant).replace(' ', '-')


@contextmanager
def opened(forged: Forged, variant: Variant, path: Path, **options: Any) -> Iterator[TiffFile]:
    with TiffFile(path, superres=variant.options.get('superres'), **options) as tif:
        yield tif


def part_of(image: NDArray[Any]) -> tuple[Any, ...]:
    """Return what to compare of an image: all of it, or some lines of the first and last planes."""
    return ([0, len(image) // 2, len(image) - 1], slice(3)) if image.nbytes > LARGE else ()


def check_series(found: Any, want: ForgedSeries, kind: str) -> None:
    assert (found.kind, found.name, found.axes) == (kind, want.name, want.axes)
    assert len(found.levels) == len(want.levels)
    for level, image in zip(found.levels, want.levels, strict=True):
        image = image.squeeze()
        assert (level.shape, level.dtype) == (image.shape, image.dtype)
        part = part_of(image)
        np.testing.assert_array_equal(level.asarray(selection=part or None), image[part])
    if want.mpp is not None:
        assert found.mpp == pytest.approx(want.mpp)
        assert found.pixel_sizes['X'].source


@pytest.mark.parametrize('variant', TIFFS, ids=named)
def test_variants_are_read_as_forged(variant: Variant, tmp_path: Path) -> None:
    forged = variant.forge()
    kind = forged.kind
    with opened(forged, variant, forged.write(tmp_path)) as tif:
        assert len(tif.series) == len(forged.series)
        for found, want in zip(tif.series, forged.series, strict=True):
            # Pages of kinds without a series of their own, and of Image-Pro if nothing counts its
            # axes, are sorted by the general rules.
            own = kind in series_kinds() and variant.options.get('counted', True)
            assert found.kind in ((kind,) if own else ('uniform', 'generic'))
            check_series(found, want, found.kind)
        if kind not in ('uniform', 'generic'):
            assert getattr(tif, f'is_{kind}')
            assert kind in tif.flags
        if forged.metadata:
            metadata = getattr(tif, f'{kind}_metadata')
            for name, value in forged.metadata.items():
                assert same(metadata[name], value), name
        told = [fault.message for fault in tif.faults]
        assert all(any(part in message for part in forged.faults) for message in told)
        assert all(any(part in message for message in told) for part in forged.faults)


@pytest.mark.parametrize('variant', TIFFS, ids=named)
def test_variants_are_read_strictly(variant: Variant, tmp_path: Path) -> None:
    forged = variant.forge()
    path = forged.write(tmp_path)
    if forged.faults:
        with pytest.raises(FormatError, match=forged.faults[0]):
            read_all(forged, variant, path)
    else:
        read_all(forged, variant, path)


def read_all(forged: Forged, variant: Variant, path: Path) -> None:
    with opened(forged, variant, path, strict=True) as tif:
        for series in tif.series:
            for level in series.levels:
                if level.nbytes < LARGE:
                    level.asarray()
            _ = series.coords, series.attrs, series.pixel_sizes
        _ = tif.flags, getattr(tif, f'{forged.kind}_metadata', None)
        assert not tif.faults


@pytest.mark.parametrize('variant', LISTS, ids=named)
def test_lists_of_files_are_read_as_forged(variant: Variant, tmp_path: Path) -> None:
    forged = variant.forge()
    with ips_sequence(forged.write(tmp_path)) as sequence:
        assert sequence.axes + 'YX' == forged.series[0].axes
        np.testing.assert_array_equal(sequence.asarray(), forged.series[0].levels[0])


def other_pixels(theirs: Any, path: Path, part: tuple[Any, ...]) -> NDArray[Any]:
    if not part:
        return np.asarray(theirs.asarray())
    order = theirs.parent.byteorder
    dtype = theirs.dtype.newbyteorder(order)
    return np.memmap(path, dtype, 'r', theirs.dataoffset, theirs.shape)[part]


def differing_series(ours: Any, theirs: Any, path: Path) -> Iterator[str]:
    for name in ('kind', 'axes', 'name', 'dtype'):
        if getattr(ours, name) != getattr(theirs, name):
            yield name
    if len(ours.levels) != len(theirs.levels):
        yield 'levels'
    for one, two in zip(ours.levels, theirs.levels, strict=False):
        if one.shape != two.shape:
            yield 'shape'
        part = part_of(np.broadcast_to(np.zeros((), one.dtype), one.shape))
        mine, other = one.asarray(selection=part or None), other_pixels(two, path, part)
        if mine.size != other.size or not np.array_equal(mine, other.reshape(mine.shape)):
            yield 'pixels'


def differing_metadata(own: Any, tif: Any, kind: str) -> Iterator[str]:
    theirs = getattr(tif, f'{OTHER_NAMES.get(kind, kind)}_metadata', None)
    if theirs is None:
        return
    ours = getattr(own, f'{kind}_metadata')
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        if not same(ours, theirs):
            yield 'metadata'
        return
    for key in ours.keys() | theirs.keys():
        if key not in ours or key not in theirs or not same(ours[key], theirs[key]):
            yield f'metadata {key}'


def differing(variant: Variant, folder: Path) -> set[str]:
    """Return what tifffile reads otherwise: properties of series, names of metadata."""
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    forged = variant.forge()
    path = forged.write(folder)
    options = {'superres': variant.options['superres']} if 'superres' in variant.options else {}
    with opened(forged, variant, path) as own, warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            other = tifffile.TiffFile(path, **options)
        except ValueError:
            return {'unopened'}
        with other:
            return set(differing_files(own, other, forged.kind, path))


def differing_files(own: TiffFile, other: Any, kind: str, path: Path) -> Iterator[str]:
    try:
        if len(own.series) != len(other.series):
            yield 'series'
        for ours, theirs in zip(own.series, other.series, strict=False):
            yield from differing_series(ours, theirs, path)
    except (KeyError, ValueError, RuntimeError):
        yield 'unread'
    # Whether a file is uniform depends, in tifffile, on the order in which flags are asked.
    if (own.flags ^ {str(flag) for flag in other.flags}) - {'uniform'}:
        yield 'flags'
    yield from differing_metadata(own, other, kind)


@pytest.mark.parametrize('variant', TIFFS, ids=named)
def test_tifffile_reads_variants_alike(variant: Variant, tmp_path: Path) -> None:
    assert contradictions(variant, differing(variant, tmp_path)) == set()


def test_listed_differences_are_of_some_variant() -> None:
    for difference in DIFFERENCES:
        assert any(difference.holds(variant) for variant in TIFFS), difference
        assert difference.reason


@pytest.mark.parametrize('variant', LISTS, ids=named)
def test_tifffile_reads_listed_files_alike(variant: Variant, tmp_path: Path) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    with ips_sequence(variant.forge().write(tmp_path)) as sequence:
        whole = sequence.asarray()
        for index, name in zip(sequence.indices, sequence, strict=True):
            np.testing.assert_array_equal(whole[index], tifffile.imread(name))


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match='none of'):
        forge('nothing')
    with pytest.raises(ValueError, match='none of'):
        forge_variants('nothing')
