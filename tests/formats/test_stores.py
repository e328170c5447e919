"""Stores of forged files serve any selection as `asarray` gives it; so do their references."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffschema import TiffFile, UnsupportedError
from tiffschema.testing import forge, forgeable

zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
kerchunk = pytest.importorskip('kerchunk.utils', reason='kerchunk: the package is absent')


def arrays(tif: TiffFile) -> list[tuple[Any, Any]]:
    """Return all levels of all series, with their samples."""
    levels = [level for series in tif.series for level in series.levels]
    return [(level, level.asarray()) for level in levels]


@st.composite
def selections(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int | slice, ...]:
    """Draw an index for each axis."""
    found: list[int | slice] = []
    for size in shape:
        start = draw(st.integers(0, size - 1))
        if draw(st.booleans()):
            stop = draw(st.integers(start + 1, size))
            found.append(slice(start, stop, draw(st.sampled_from([1, 1, 2, 5]))))
        else:
            found.append(start)
    return tuple(found)


@pytest.mark.parametrize('kind', forgeable())
def test_any_selection(kind: str) -> None:
    with TiffFile(forge(kind).data) as tif:
        stores = [
            (mode, zarr.open_array(level.aszarr(multiscales=False, chunkmode=mode), mode='r'), data)
            for level, data in arrays(tif)
            for mode in ('strile', 'page')
        ]
        assert stores

        @settings(max_examples=40, deadline=None)
        @given(st.data())
        def agree(draw: st.DataObject) -> None:
            _, array, data = draw.draw(st.sampled_from(stores))
            selection = draw.draw(selections(data.shape))
            assert numpy.array_equal(array[selection], data[selection])

        agree()


@pytest.mark.parametrize('zarr_format', [2, 3])
@pytest.mark.parametrize('kind', forgeable())
def test_references(kind: str, zarr_format: int, tmp_path: Path) -> None:
    path = tmp_path / f'{kind}.tif'
    path.write_bytes(forge(kind).data)
    out = tmp_path / 'refs.json'
    compared = 0
    with TiffFile(path) as tif:
        for level, data in arrays(tif):
            store = level.aszarr(multiscales=False)
            try:
                store.write_fsspec(out, f'file://{tmp_path}', zarr_format=zarr_format)
            except UnsupportedError:
                continue
            refs = kerchunk.refs_as_store(json.loads(out.read_text()), remote_protocol='file')
            array = zarr.open_array(refs, mode='r', zarr_format=zarr_format)
            assert numpy.array_equal(array[...], data)
            compared += 1
    # Samples of these kinds are transformed, or their pages cut into axes, after decoding.
    assert compared or kind in ('mdgel', 'flimage')
