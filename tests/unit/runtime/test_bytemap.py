"""The byte map of a file within its limits."""

from __future__ import annotations

import io

import numpy as np

import tiffschema
from tiffschema.limits import Limits
from tiffschema.runtime.bytemap import byte_map


def test_claims_are_limited_and_the_limit_is_told() -> None:
    stream = io.BytesIO()
    tiffschema.imwrite(stream, np.zeros((4, 5), 'u1'))
    with tiffschema.TiffFile(stream.getvalue(), limits=Limits(items=25)) as tif:
        found = byte_map(tif)
        assert sum(span.kind not in ('gap', 'trailing', 'padding') for span in found.spans) <= 25
        assert [fault.path for fault in tif.faults] == ['map']
        assert 'more than 25 claims' in str(tif.faults[0])
    with tiffschema.TiffFile(stream.getvalue()) as tif:
        assert byte_map(tif).unexplained == ()
        assert tif.faults == []
