"""Halving gives the same whatever the bands."""

from __future__ import annotations

import numpy as np
import pytest

from tiffschema.writer.resample import RESAMPLINGS, Halver


@pytest.mark.parametrize('method', RESAMPLINGS)
@pytest.mark.parametrize('dtype', ['u1', 'u2', 'i4', 'f4', 'u8', '?'])
@pytest.mark.parametrize('size', [(1, 1), (5, 7), (33, 50)])
def test_bands_do_not_matter(method: str, dtype: str, size: tuple[int, int]) -> None:
    if method == 'lanczos':
        pytest.importorskip('PIL', reason='Pillow: optional extra "resample"')
        if dtype == '?':
            with pytest.raises(ValueError, match='resampling'):
                Halver('lanczos', 4, np.dtype('?'))
            return
    rows = (np.random.default_rng(1).random((*size, 2)) * 200).astype(dtype)
    results = []
    for step in (size[0], 1, 3, 16):
        halver = Halver(method, size[0], rows.dtype)  # type: ignore[arg-type]
        pieces = [halver.push(rows[i : i + step]) for i in range(0, size[0], step)]
        results.append(np.concatenate(pieces))
        assert results[-1].shape == ((size[0] + 1) // 2, (size[1] + 1) // 2, 2)
        assert results[-1].dtype == rows.dtype
    for result in results[1:]:
        np.testing.assert_allclose(
            result.astype('f8'), results[0].astype('f8'), atol=1 if method == 'lanczos' else 0
        )


def test_values() -> None:
    rows = np.array([[1, 2, 9], [3, 3, 9]], 'u1')[..., None]
    assert Halver('mean', 2, rows.dtype).push(rows)[..., 0].tolist() == [[2, 9]]
    assert Halver('mode', 2, rows.dtype).push(rows)[..., 0].tolist() == [[3, 9]]
    assert Halver('nearest', 2, rows.dtype).push(rows)[..., 0].tolist() == [[1, 9]]
    big = np.full((2, 2, 1), 2**64 - 1, 'u8')
    assert Halver('mean', 2, big.dtype).push(big).item() == 2**64 - 1
    with pytest.raises(ValueError, match='resampling'):
        Halver('cubic', 2, rows.dtype)  # type: ignore[arg-type]
