"""How shapes fall into pages and samples."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from tiffschema.writer.storedshape import SampleLayout, StoredShape, sample_layout


def layout(shape: tuple[int, ...], dtype: str = 'u1', **kwargs: Any) -> SampleLayout:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return sample_layout(shape, itemsize=int(dtype[1]), dtypekind=dtype[0], **kwargs)


@pytest.mark.parametrize(
    ('shape', 'options', 'stored', 'photometric', 'extra'),
    [
        ((5, 6), {}, (1, 1, 1, 5, 6, 1), 1, ()),
        ((), {}, (1, 1, 1, 1, 1, 1), 1, ()),
        ((7,), {}, (1, 1, 1, 1, 7, 1), 1, ()),
        ((5, 6, 3), {}, (1, 1, 1, 5, 6, 3), 2, ()),
        ((5, 6, 4), {}, (1, 1, 1, 5, 6, 4), 2, (2,)),
        ((3, 5, 6), {}, (1, 3, 1, 5, 6, 1), 2, ()),
        ((2, 3, 5, 6), {}, (2, 3, 1, 5, 6, 1), 2, ()),
        ((3, 5, 6), {'kind': 'ome'}, (3, 1, 1, 5, 6, 1), 1, ()),
        ((5, 6, 3), {'kind': 'ome'}, (1, 1, 1, 5, 6, 3), 2, ()),
        ((5, 6, 5), {'photometric': 2}, (1, 1, 1, 5, 6, 5), 2, (0, 0)),
        ((5, 6, 5), {'photometric': 2, 'extrasamples': (1, 0)}, (1, 1, 1, 5, 6, 5), 2, (1, 0)),
        ((5, 6, 5), {'photometric': 2, 'extrasamples': False}, (1, 1, 1, 5, 6, 5), 2, ()),
        ((7, 5, 6), {'photometric': 2}, (1, 1, 1, 7, 5, 6), 2, (0, 0, 0)),
        ((2, 4, 5, 6), {'photometric': 5}, (2, 4, 1, 5, 6, 1), 5, ()),
        ((5, 6, 2), {'planarconfig': 1}, (1, 1, 1, 5, 6, 2), 1, (0,)),
        ((2, 5, 6), {'planarconfig': 2}, (1, 2, 1, 5, 6, 1), 1, (0,)),
        ((5, 6, 2), {'photometric': 1, 'extrasamples': (2,)}, (1, 1, 1, 5, 6, 2), 1, (2,)),
        ((8, 9, 7), {'photometric': 1, 'volumetric': True}, (1, 1, 8, 9, 7, 1), 1, ()),
        ((3, 4, 5, 1, 1), {'kind': 'shaped'}, (3, 1, 1, 4, 5, 1), 1, ()),
        ((5, 6, 1), {'kind': 'generic'}, (5, 1, 1, 6, 1, 1), 1, ()),
        ((5, 6), {'photometric': 32803}, (1, 1, 1, 5, 6, 1), 32803, ()),
    ],
)
def test_layout(
    shape: tuple[int, ...],
    options: dict[str, Any],
    stored: tuple[int, ...],
    photometric: int,
    extra: tuple[int, ...],
) -> None:
    found = layout(shape, **options)
    assert found.stored.shape == stored
    assert found.photometric == photometric
    assert found.extrasamples == extra
    assert found.stored.is_valid


@pytest.mark.parametrize(
    ('shape', 'options', 'name'),
    [
        ((5, 6), {'photometric': 2}, 'photometric'),
        ((5, 6, 2), {'photometric': 2}, 'photometric'),
        ((5, 6, 5), {'photometric': 2, 'extrasamples': (1,)}, 'extrasamples'),
        ((2, 5, 6), {'photometric': 32803}, 'photometric'),
        ((5, 6), {'planarconfig': 2, 'kind': 'imagej'}, 'planarconfig'),
    ],
)
def test_refused(shape: tuple[int, ...], options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        layout(shape, **options)


def test_guess_of_rgb_is_deprecated_where_uncommon() -> None:
    with pytest.warns(DeprecationWarning, match='photometric'):
        sample_layout((5, 6, 3), itemsize=4, dtypekind='f')


def test_stored_shape_is_a_sequence() -> None:
    stored = StoredShape(2, 1, 1, 5, 6, 4, 1)
    assert tuple(stored) == stored.shape == (2, 1, 1, 5, 6, 4)
    assert stored[-1] == 4
    assert len(stored) == 6
    assert stored == StoredShape(2, length=5, width=6, contig_samples=4, extrasamples=1)
    assert stored != StoredShape(2, length=5, width=6, contig_samples=4)
    assert hash(stored) == hash(StoredShape(2, 1, 1, 5, 6, 4, 1))
    assert stored.size == 240
    assert stored.planarconfig == 1
    assert 'frames=2' in repr(stored)
    with pytest.raises(ValueError, match='exclude'):
        StoredShape(1, 3, 1, 5, 6, 3)
