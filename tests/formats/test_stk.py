"""MetaMorph stacks: the four tables of values, and what planes differ in.

Differences from tifffile: numbers 42 to 45 (gamma) are rationals, as files have two numbers there;
times of planes that are no dates are NaT instead of left out.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge

CASES: list[dict[str, Any]] = [{}, {'axis': 'T'}, {'axis': 'I'}, {'planes': 1}, {'planes': 2}]
OWN = {'Gamma', 'DatetimeModified'}


@pytest.mark.parametrize('options', CASES, ids=str)
def test_stacks_are_read_as_forged_and_alike(options: dict[str, Any]) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    forged = forge('stk', **options)
    with tifffile.TiffFile(io.BytesIO(forged.data)) as tif, TiffFile(forged.data) as own:
        theirs, ours = tif.series[0], own.series[0]
        assert (theirs.kind, theirs.shape, theirs.axes) == (ours.kind, ours.shape, ours.axes)
        np.testing.assert_array_equal(ours.asarray(), forged.series[0].levels[0].squeeze())
        np.testing.assert_array_equal(theirs.asarray(), ours.asarray())
        want, found = tif.stk_metadata, own.stk_metadata
        assert want.keys() - OWN == found.keys() - OWN
        for name in want.keys() - OWN:
            np.testing.assert_array_equal(found[name], want[name], name)
        assert found['Gamma'] == 0.5
        assert np.isnat(found['DatetimeModified']).all()
        assert not own.faults


def test_dates_of_planes() -> None:
    with TiffFile(forge('stk', axis='T').data) as tif:
        created = tif.stk_metadata['DatetimeCreated']
        assert str(created[2]) == '2000-02-02T00:00:02.000'
        assert tif.series[0].coords['T'].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_every_byte_of_the_tables_is_explained() -> None:
    with TiffFile(forge('stk').data) as tif:
        spans = byte_map(tif).unexplained
        # What the forge leaves behind: the first plane as it was before all were appended.
        assert [(span.kind, span.stop - span.start) for span in spans] == [('gap', 64)]
