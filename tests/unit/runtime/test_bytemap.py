"""The byte map of a file within its limits."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.parametrize('offset', [1, 2, 3, 200])
def test_segments_before_which_no_leader_of_gdal_can_be(offset: int, tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    tiffschema.write_cog(path, np.ones((600, 600), 'u1'), photometric='minisblack', tile=(256, 256))
    data = bytearray(path.read_bytes())
    with tiffschema.TiffFile(data) as tif:
        at = tif.pages[0].tags['TileOffsets'].valueoffset
        order = tif.byteorder
    struct.pack_into(f'{order}I', data, at, offset)
    with tiffschema.TiffFile(bytes(data)) as tif:
        found = byte_map(tif)
    assert sum(found.totals().values()) == len(data)
    assert any(span.path == 'gdal_block_leader' for span in found.spans)
