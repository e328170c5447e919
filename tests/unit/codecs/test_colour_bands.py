"""Large images become colours band by band: equal to the whole, in little memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from tiffschema.codecs.colour import bands, to_rgb
from tiffschema.runtime import colour

RNG = np.random.default_rng(0)
MAP = {'colormap': tuple(range(0, 768 * 80, 80))}
CASES: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    'white is zero': ((41, 30), 'u2', {'photometric': 0}),
    'white is zero, floats': ((41, 30), 'f4', {'photometric': 0}),
    'grey and alpha': ((41, 30, 2), 'u1', {'photometric': 1, 'extrasamples': (2,)}),
    'rgb': ((41, 30, 3), 'u2', {'photometric': 2}),
    'premultiplied': ((41, 30, 4), 'u1', {'photometric': 2, 'extrasamples': (1,)}),
    'rgb apart': ((3, 41, 30), 'u1', {'photometric': 2, 'planarconfig': 2}),
    'palette': ((41, 30), 'u1', {'photometric': 3, 'parameters': MAP}),
    'inks': ((41, 30, 4), 'u1', {'photometric': 5}),
    'ycbcr': ((41, 30, 3), 'u1', {'photometric': 6}),
    'lab': ((41, 30, 3), 'u1', {'photometric': 8}),
    'lab of volumes': ((3, 41, 30, 3), 'u2', {'photometric': 8}),
    'lab apart': ((3, 41, 30), 'u1', {'photometric': 9, 'planarconfig': 2}),
    'logluv': ((41, 30, 3), 'f4', {'photometric': 32845}),
    'turned': ((41, 30, 3), 'u1', {'photometric': 8, 'orientation': 6}),
    'mosaic': (
        (42, 30),
        'u2',
        {
            'photometric': 32803,
            'parameters': {'cfarepeatpatterndim': (2, 2), 'cfapattern': (0, 1, 1, 2)},
        },
    ),
}


@pytest.mark.parametrize('name', CASES)
@pytest.mark.parametrize('alpha', ['keep', 'straight', 'drop'])
def test_bands_are_equal_to_the_whole(
    monkeypatch: pytest.MonkeyPatch, name: str, alpha: Any
) -> None:
    shape, dtype, options = CASES[name]
    array = (RNG.random(shape) * 250).astype(dtype)
    options = {'bitspersample': array.dtype.itemsize * 8, 'alpha': alpha, **options}
    options['sampleformat'] = 3 if dtype[0] == 'f' else 1
    whole = to_rgb(array, **options)
    eight = colour._as_uint8(whole)
    for pixels in (1, 64, 1000):
        monkeypatch.setattr(bands.row_bands, '__defaults__', (pixels,))
        found = to_rgb(array, **options)
        assert found.dtype == whole.dtype
        np.testing.assert_array_equal(found, whole)
        np.testing.assert_array_equal(colour._as_uint8(found), eight)


@pytest.mark.parametrize('shape', [(0, 5, 3), (5, 0, 3)], ids=str)
def test_images_without_pixels(shape: tuple[int, ...]) -> None:
    found = to_rgb(np.zeros(shape, 'u1'), photometric=8, bitspersample=8)
    assert found.shape == shape
    assert colour._as_uint8(found.astype('f4')).shape == shape


@pytest.mark.parametrize('photometric', [2, 6, 8])
def test_memory_stays_small(photometric: int) -> None:
    array = np.zeros((2000, 2000, 3), 'u1')
    tracemalloc.start()
    found = to_rgb(array, photometric=photometric, bitspersample=8)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The result, and the numbers of one band, instead of 130 bytes for each pixel.
    assert peak < found.nbytes + (64 << 20)
