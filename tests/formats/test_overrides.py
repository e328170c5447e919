"""Kinds by name, lengths of 1, and flags that are set from outside: the same for every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge, forgeable


@pytest.mark.parametrize('forged', forgeable())
def test_kind_squeeze_and_flags(tmp_path: Path, forged: str) -> None:
    path = forge(forged).write(tmp_path)
    if path.read_bytes()[:2] not in (b'II', b'MM'):
        # The list of a set, which is no TIFF.
        path = next(
            one for one in sorted(tmp_path.rglob('*.*')) if one.read_bytes()[:2] in (b'II', b'MM')
        )
    with TiffFile(path) as tif:
        series = tif.series[0]
        kind, image = series.kind, series.asarray()
        explained = tif.explain().splitlines()
        np.testing.assert_array_equal(tif.asarray(kind=kind), image)
        whole = tif.asarray(kind=kind, squeeze=False)
        assert whole.shape == series.get_shape(False)
        assert len(series.get_axes(False)) == whole.ndim
        np.testing.assert_array_equal(whole.squeeze(), image.squeeze())
        # Pages as they are, whatever the vendor says of them.
        plain = tif.asarray(kind='generic')
        assert plain.shape[-2:] == tif.pages[0].asarray().shape[-2:]
    assert any(line.startswith(f'kind of series: {kind}') for line in explained)
    assert not any(line.endswith('from ') for line in explained)
    if kind in ('generic', 'uniform'):
        return
    with TiffFile(path, **{f'is_{kind}': False}) as tif:
        assert tif.series[0].kind != kind
        assert f'kind of series: {kind}' not in tif.explain()
