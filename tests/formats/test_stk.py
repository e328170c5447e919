"""MetaMorph stacks: values that are rationals, dates that are none, bytes of the tables."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from tiffschema.runtime.bytemap import byte_map
from tiffschema.runtime.file import TiffFile
from tiffschema.testing import forge


def test_gamma_and_dates_that_are_none() -> None:
    with TiffFile(forge('stk').data) as tif:
        assert tif.stk_metadata['Gamma'] == 0.5
        assert np.isnat(tif.stk_metadata['DatetimeModified']).all()


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


@pytest.mark.parametrize('code', [273, 279])
@pytest.mark.parametrize(
    ('at', 'form', 'number'),
    [(4, 'I', 0), (2, 'H', 12), (2, 'H', 2)],
    ids=['none', 'float', 'text'],
)
def test_planes_of_which_nothing_says_where_they_lie(
    code: int, at: int, form: str, number: int
) -> None:
    data = bytearray(forge('stk').data)
    with TiffFile(bytes(data)) as tif:
        struct.pack_into(
            f'{tif.byteorder}{form}', data, tif.pages[0].tags[code].offset + at, number
        )
    with TiffFile(bytes(data)) as tif:
        assert all(series.kind != 'stk' for series in tif.series)
        assert 'where it is' in str(tif.faults)
        tif.explain()
        byte_map(tif)
