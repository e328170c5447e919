"""Zarr stores of real files serve what `asarray` gives."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from tiffschema import TiffFile, TiffSchemaError

zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')


def test_stores_of_real_files_agree_with_asarray(samples: Path) -> None:
    compared = 0
    # Every fifth small file; those that cannot be read are the business of other tests.
    for path in sorted(samples.rglob('*.tif'))[::5]:
        if path.stat().st_size > 1 << 20:
            continue
        try:
            tif = TiffFile(path)
        except TiffSchemaError:
            continue
        with tif:
            series = tif.series[0] if tif.series else None
            if series is None or series.dtype is None or series.dtype.names or not series.size:
                continue
            if series.nbytes > 8 << 20:
                continue
            try:
                expected = series.asarray()
            except TiffSchemaError:
                continue
            array = zarr.open_array(series.aszarr(multiscales=False), mode='r')
            inexact = expected.dtype.kind in 'fc'
            assert numpy.array_equal(array[...], expected, equal_nan=inexact), path.name
            compared += 1
    assert compared > 50
