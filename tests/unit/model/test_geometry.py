"""Geometry against a naive cut of an array, its inverse, and hostile numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffschema.errors import LimitError
from tiffschema.limits import Limits
from tiffschema.model.geometry import Geometry, sample_dtype


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    fields: dict[str, object] = {
        'imagewidth': draw(st.integers(1, 40)),
        'imagelength': draw(st.integers(1, 40)),
        'imagedepth': draw(st.integers(0, 5)),
        'samplesperpixel': draw(st.integers(1, 4)),
        'planarconfig': draw(st.sampled_from([1, 2])),
        'bitspersample': draw(st.sampled_from([1, 4, 8, 12, 16, 32])),
        'photometric': draw(st.sampled_from([0, 1, 2])),
    }
    if draw(st.booleans()):
        fields |= {
            'tilewidth': draw(st.integers(1, 20)),
            'tilelength': draw(st.integers(1, 20)),
            'tiledepth': draw(st.integers(0, 3)),
        }
    else:
        fields['rowsperstrip'] = draw(st.sampled_from([0, 1, 3, 7, 16, 50, (1 << 32) - 1]))
    return Geometry(**fields)  # type: ignore[arg-type]


@given(geometries())
@settings(max_examples=80)
def test_segments_cover_each_sample_once(geometry: Geometry) -> None:
    count = np.zeros(geometry.shaped, int)
    for index in range(geometry.segment_count):
        plane, z, y, x = geometry.position(index)
        depth, length, width, contig = geometry.extent(index)
        assert min(depth, length, width, contig) > 0
        assert contig == geometry.shaped[4]
        count[plane, z : z + depth, y : y + length, x : x + width] += 1
    assert (count == 1).all()


@given(geometries(), st.data())
@settings(max_examples=80)
def test_index_is_the_inverse_of_position(geometry: Geometry, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, geometry.segment_count - 1))
    plane, z, y, x = geometry.position(index)
    depth, length, width, _ = geometry.extent(index)
    assert geometry.index(plane, z, y, x) == index
    assert geometry.index(plane, z + depth - 1, y + length - 1, x + width - 1) == index


@given(geometries(), st.data())
@settings(max_examples=80)
def test_segments_in_a_selection(geometry: Geometry, data: st.DataObject) -> None:
    window = []
    for size in geometry.shaped[:4]:
        start = data.draw(st.integers(0, size - 1))
        stop = data.draw(st.integers(start + 1, size))
        step = data.draw(st.integers(1, 5))
        each = range(start, stop, step)
        window.append(each[::-1] if data.draw(st.booleans()) else each)
    touched = {
        geometry.index(plane, z, y, x)
        for plane in window[0]
        for z in window[1]
        for y in window[2]
        for x in window[3]
    }
    found = geometry.segments_in(window).tolist()
    assert found == sorted(found)
    assert set(found) == touched


@given(geometries())
@settings(max_examples=60)
def test_bytes_of_segments_are_those_of_their_rows(geometry: Geometry) -> None:
    bits = geometry.bitspersample
    assert isinstance(bits, int)
    for index in range(min(geometry.segment_count, 20)):
        depth, length, width, contig = geometry.stored_shape(index)
        assert geometry.segment_nbytes(index) == depth * length * math.ceil(
            width * contig * bits / 8
        )


def test_shape_and_axes() -> None:
    def page(**fields: object) -> tuple[object, str]:
        geometry = Geometry(50, 40, bitspersample=8, **fields)  # type: ignore[arg-type]
        return geometry.shape, geometry.axes

    assert page() == ((40, 50), 'YX')
    assert page(samplesperpixel=3) == ((40, 50, 3), 'YXS')
    assert page(samplesperpixel=3, planarconfig=2) == ((3, 40, 50), 'SYX')
    assert page(imagedepth=5) == ((5, 40, 50), 'ZYX')
    assert page(imagedepth=5, samplesperpixel=2) == ((5, 40, 50, 2), 'ZYXS')
    assert page(imagedepth=5, samplesperpixel=2, planarconfig=2) == ((2, 5, 40, 50), 'SZYX')
    assert page(photometric=2) == ((40, 50, 1), 'YXS')


def test_chunks_and_grids() -> None:
    tiled = Geometry(50, 40, 5, 3, 2, 8, tilewidth=16, tilelength=16, tiledepth=2)
    assert (tiled.chunks, tiled.chunked) == ((2, 16, 16), (3, 3, 3, 4))
    assert tiled.grid == (3, 3, 3, 4)
    strips = Geometry(50, 40, 1, 3, 1, 8, rowsperstrip=16)
    assert (strips.chunks, strips.chunked) == ((16, 50, 3), (3, 1, 1))
    # Strips of a volume never span slices (SGI).
    volume = Geometry(50, 40, 5, bitspersample=8, rowsperstrip=16)
    assert (volume.segment_count, volume.position(3)) == (15, (0, 1, 0, 0))


@pytest.mark.parametrize(
    ('sampleformat', 'bits', 'expected'),
    [
        (1, 1, '?'), (4, 1, '?'), (1, 2, 'u1'), (1, 8, 'u1'), (1, 9, 'u2'), (4, 16, 'u2'),
        (1, 17, 'u4'), (1, 31, 'u4'), (1, 33, 'u8'), (1, 64, 'u8'), (2, 8, 'i1'), (2, 64, 'i8'),
        (3, 16, 'f2'), (3, 24, 'f4'), (3, 32, 'f4'), (3, 64, 'f8'), (5, 16, 'c8'), (5, 32, 'c8'),
        (5, 64, 'c16'), (6, 64, 'c8'), (6, 128, 'c16'), (2, 12, None), (3, 8, None),
        (1, 0, None), (1, 65, None), (7, 8, None),
    ],
)  # fmt: skip
def test_types_of_samples(sampleformat: int, bits: int, expected: str | None) -> None:
    wanted = None if expected is None else np.dtype(expected)
    assert sample_dtype(sampleformat, bits) == wanted


def test_samples_of_differing_types_are_fields() -> None:
    unknown = Geometry(5, 4, samplesperpixel=2, bitspersample=(8, 12), sampleformat=(1, 2))
    assert unknown.dtype is None
    mixed = Geometry(5, 4, samplesperpixel=2, bitspersample=(8, 32), sampleformat=(1, 3))
    assert mixed.dtype == np.dtype([('s0', 'u1'), ('s1', 'f4')])
    assert (mixed.shape, mixed.axes, mixed.segment_nbytes(0)) == ((4, 5), 'YX', 4 * 5 * 5)
    assert Geometry(5, 4, samplesperpixel=3, bitspersample=(5, 6, 5)).dtype == np.uint8
    assert Geometry(5, 4, samplesperpixel=2, bitspersample=(8, 16), planarconfig=2).dtype is None


def test_lists_are_cut_to_samples() -> None:
    # LSM lists more numbers than it has samples; others fewer.
    assert Geometry(5, 4, bitspersample=(16, 8)).bitspersample == 16
    assert Geometry(5, 4, samplesperpixel=3, bitspersample=(8, 8)).bitspersample == 8
    assert Geometry(5, 4, samplesperpixel=3, bitspersample=()).bitspersample == 1


def test_contiguous_layouts() -> None:
    assert Geometry(50, 40, bitspersample=8, rowsperstrip=3).is_contiguous_layout
    assert not Geometry(50, 40, bitspersample=12).is_contiguous_layout
    assert not Geometry(50, 40, bitspersample=8, compression=8).is_contiguous_layout
    assert Geometry(32, 64, bitspersample=8, tilewidth=32, tilelength=16).is_contiguous_layout
    assert not Geometry(64, 64, bitspersample=8, tilewidth=32, tilelength=16).is_contiguous_layout
    assert not Geometry(5, 4, bitspersample=32, sampleformat=5).is_contiguous_layout
    final = Geometry(50, 40, bitspersample=16)
    assert final.is_final_layout
    assert not Geometry(50, 40, bitspersample=16, fillorder=2).is_final_layout
    assert not Geometry(50, 40, bitspersample=16, predictor=2).is_final_layout


def test_data_units_of_subsampled_samples() -> None:
    units = Geometry(5, 3, 1, 3, 1, 8, photometric=6, subsampling=(2, 2))
    # 3 x 2 units of 4 luma samples, one Cb, one Cr.
    assert units.segment_nbytes(0) == 3 * 2 * 6


def test_huge_numbers_take_no_memory() -> None:
    huge = Geometry(
        (1 << 32) - 1, (1 << 32) - 1, (1 << 32) - 1, 65535, 2, 64, tilewidth=1, tilelength=1
    )
    assert huge.segment_count == 65535 * ((1 << 32) - 1) ** 3
    last = huge.segment_count - 1
    assert huge.index(*huge.position(last)) == last
    with pytest.raises(LimitError, match='pixels'):
        huge.check()
    with pytest.raises(LimitError, match='segments'):
        Geometry(1 << 15, 1 << 15, bitspersample=8, tilewidth=1, tilelength=1).check()
    with pytest.raises(LimitError, match='bytes'):
        Geometry(64, 64, bitspersample=64).check(Limits(bytes=1000))


def test_images_without_pixels() -> None:
    for width, length in ((0, 0), (0, 5), (5, 0)):
        empty = Geometry(width, length, bitspersample=8)
        assert (empty.size, empty.segment_count) == (0, 0)
        empty.check()
        with pytest.raises(IndexError):
            empty.position(0)


def test_equal_geometries_share_a_key() -> None:
    one = Geometry(5, 4, bitspersample=8, rowsperstrip=0)
    other = Geometry(5, 4, bitspersample=(8,), rowsperstrip=(1 << 32) - 1)
    assert one.key() == other.key()
    assert one.key() != Geometry(5, 4, bitspersample=8, compression=8).key()
