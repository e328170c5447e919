"""Planes of subsampled chroma without JPEG: stored small, read at full size (TIFF 6.0, 21)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile


@pytest.mark.parametrize('compression', [1, 8])
@pytest.mark.parametrize('subsampling', [(2, 2), (2, 1), (4, 2), (4, 4)], ids=str)
@pytest.mark.parametrize(
    'size', [(8, 12, 8), (7, 11, 7), (16, 12, 4), (13, 11, 4)], ids=lambda size: f'{size}'
)
def test_planes(
    forge: Callable[..., Any],
    container: Sequence[str],
    size: tuple[int, int, int],
    subsampling: tuple[int, int],
    compression: int,
) -> None:
    length, width, rows = size
    h, v = subsampling
    random = np.random.default_rng(0)
    planes = [random.integers(0, 256, (length, width), 'u1')]
    planes += list(random.integers(0, 256, (2, -(-length // v), -(-width // h)), 'u1'))
    made = forge(*container)
    strips = [
        plane[start // step : -(-(start + rows) // step)].tobytes()
        for plane, step in zip(planes, (1, v, v), strict=True)
        for start in range(0, length, rows)
    ]
    stored = [zlib.compress(strip) if compression == 8 else strip for strip in strips]
    tags = {
        256: width, 257: length, 258: (8, 8, 8), 259: compression, 262: 6,
        273: tuple(made.block(data) for data in stored), 277: 3, 278: rows,
        279: tuple(map(len, stored)), 284: 2, 530: subsampling,
    }  # fmt: skip
    made.directory(tags)
    expected = np.stack(
        [planes[0], *(p.repeat(v, 0).repeat(h, 1)[:length, :width] for p in planes[1:])]
    )
    with TiffFile(bytes(made)) as tif:
        page = tif.pages[0]
        assert np.array_equal(page.asarray(), expected)
        region = np.s_[1:, 2:6, 3:9]
        assert np.array_equal(page.asarray(selection=region), expected[region])
        assert [samples.shape[1:3] for samples, *_ in page.segments()] == [
            (min(rows, length - start), width) for _ in range(3) for start in range(0, length, rows)
        ]
        assert page.asrgb().shape == (length, width, 3)
        assert not page.is_memmappable
        assert tif.faults == []
