"""Forged files are read as what they say they are, by us and by tifffile."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from tiffschema.errors import TiffSchemaError
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge

CASES: list[tuple[str, dict[str, Any]]] = [
    ('mdgel', {}),
    ('mdgel', {'square': False, 'byteorder': '>'}),
    ('nih', {'byteorder': '>'}),
    ('nih', {'byteorder': '<', 'planes': 8}),
    ('fluoview', {}),
    ('fluoview', {'byteorder': '>', 'slices': 4}),
    ('stk', {}),
    ('stk', {'planes': 1}),
]


@pytest.mark.parametrize(('kind', 'options'), CASES)
def test_forged_files_are_read_as_forged(kind: str, options: dict[str, Any]) -> None:
    forged = forge(kind, **options)
    with TiffFile(forged.data) as tif:
        series = tif.series[0]
        assert series.kind == forged.kind
        want = forged.series[0]
        np.testing.assert_array_equal(series.asarray(), want.levels[0].squeeze())
        if series.ndim == want.levels[0].ndim:
            assert series.axes == want.axes
        metadata = getattr(tif, f'{kind}_metadata')
        for name, value in forged.metadata.items():
            assert metadata[name] == value
        assert not tif.faults


@pytest.mark.parametrize(('kind', 'options'), CASES)
def test_tifffile_reads_forged_files_alike(kind: str, options: dict[str, Any]) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    forged = forge(kind, **options)
    with tifffile.TiffFile(io.BytesIO(forged.data)) as tif, TiffFile(forged.data) as own:
        theirs, ours = tif.series[0], own.series[0]
        assert (theirs.kind, theirs.shape, theirs.axes) == (ours.kind, ours.shape, ours.axes)
        np.testing.assert_array_equal(theirs.asarray(), ours.asarray())
        found = getattr(tif, f'{kind}_metadata')
        for name, value in forged.metadata.items():
            assert found[name] == value


@pytest.mark.parametrize('kind', sorted({kind for kind, _ in CASES}))
def test_cut_files_are_errors_or_faults(kind: str) -> None:
    whole = forge(kind).data
    for size in range(8, len(whole), max(1, len(whole) // 40)):
        try:
            with TiffFile(whole[:size]) as tif:
                for series in tif.series:
                    series.asarray(errors='fault')
                getattr(tif, f'{kind}_metadata')
        except TiffSchemaError:
            continue


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match='none of'):
        forge('nothing')
