"""Electron events: what is encoded here is read by imagecodecs, and both ways of decoding agree."""

from __future__ import annotations

import numpy as np
import pytest

from tiffschema.codecs.backend import without_imagecodecs
from tiffschema.codecs.eer import Events, Widths, encode_events, widths_of
from tiffschema.codecs.pipeline import decoder, encoder
from tiffschema.codecs.spec import SegmentSpec
from tiffschema.errors import FormatError
from tiffschema.model.geometry import Geometry

LENGTH, WIDTH = 24, 40
WIDTHS = [Widths(8, 2, 2), Widths(7, 2, 2), Widths(7, 1, 1), Widths(4, 4, 4), Widths(11, 1, 3)]


def events(seed: int, density: float = 0.05) -> Events:
    dice = np.random.default_rng(seed)
    places = np.flatnonzero(dice.random(LENGTH * WIDTH) < density)
    return Events(places, dice.integers(0, 4, len(places)), dice.integers(0, 4, len(places)))


def spec_of(widths: Widths, superres: int = 0) -> SegmentSpec:
    geometry = Geometry(
        imagewidth=WIDTH << min(superres, widths.horizontal),
        imagelength=LENGTH << min(superres, widths.vertical),
        bitspersample=8,
        compression=65002,
    )
    return SegmentSpec(geometry, options={'eer': tuple(widths), 'superres': superres})


def image_of(found: Events, widths: Widths, superres: int) -> np.ndarray:
    x, y = min(superres, widths.horizontal), min(superres, widths.vertical)
    image = np.zeros((LENGTH << y, WIDTH << x), np.uint8)
    rows = (found.places // WIDTH << y) + (found.y >> widths.vertical - y)
    columns = (found.places % WIDTH << x) + (found.x >> widths.horizontal - x)
    image[rows, columns] = 1
    return image


@pytest.mark.parametrize('superres', [0, 1, 2])
@pytest.mark.parametrize('widths', WIDTHS, ids=str)
def test_encoded_events_are_decoded(widths: Widths, superres: int) -> None:
    for density in (0, 0.02, 0.5, 1):
        made = events(superres, density)
        made = Events(
            made.places, made.x % (1 << widths.horizontal), made.y % (1 << widths.vertical)
        )
        data = encode_events(made, LENGTH * WIDTH, widths)
        assert len(data) % 2 == 0
        spec = spec_of(widths, superres)
        expected = image_of(made, widths, superres)
        shape = (1, *expected.shape, 1)
        np.testing.assert_array_equal(decoder(spec)(data, shape)[0, ..., 0], expected)
        with without_imagecodecs():
            np.testing.assert_array_equal(decoder(spec)(data, shape)[0, ..., 0], expected)


def test_images_are_encoded() -> None:
    image = image_of(events(7), Widths(), 0)[None, ..., None]
    spec = spec_of(Widths())
    np.testing.assert_array_equal(decoder(spec)(encoder(spec)(image), image.shape), image)


def test_both_decoders_agree_about_damage() -> None:
    imagecodecs = pytest.importorskip('imagecodecs', reason='imagecodecs: decodes electron events')
    assert imagecodecs.EER.available
    spec, shape = spec_of(Widths()), (1, LENGTH, WIDTH, 1)
    data = encode_events(events(3), LENGTH * WIDTH, Widths())
    dice = np.random.default_rng(5)
    for _ in range(300):
        changed = bytearray(data[: int(dice.integers(1, len(data) // 2)) * 2])
        changed[int(dice.integers(0, len(changed)))] = int(dice.integers(0, 256))
        found = []
        for hidden in (False, True):
            try:
                if hidden:
                    with without_imagecodecs():
                        found.append(decoder(spec)(bytes(changed), shape).tobytes())
                else:
                    found.append(decoder(spec)(bytes(changed), shape).tobytes())
            except FormatError:
                found.append(None)
        assert found[0] == found[1]


@pytest.mark.parametrize('widths', [(1, 2, 2), (7, 0, 2), (7, 2, 5), (14, 4, 4), (4, 2, 2)])
def test_widths_beyond_the_format_are_refused(widths: tuple[int, int, int]) -> None:
    with pytest.raises(FormatError, match='EER'):
        widths_of(spec_of(Widths(*widths)))
