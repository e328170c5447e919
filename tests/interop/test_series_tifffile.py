"""Series, levels, selections and arguments of reading, beside tifffile on files that it writes."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tiffschema.errors import FormatError
from tiffschema.limits import Limits
from tiffschema.runtime.file import TiffFile
from tiffschema.writer.imwrite import imwrite

tifffile = pytest.importorskip('tifffile', reason='tifffile, the reader to compare with, is absent')

Array = NDArray[Any]
Writes = list[tuple[Array, dict[str, Any]]]


def written(writes: Writes, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with tifffile.TiffWriter(buffer, **options) as writer:
            for data, arguments in writes:
                writer.write(data, **arguments)
    return buffer.getvalue()


def ramp(*shape: int, dtype: str = 'u2') -> Array:
    return (np.arange(np.prod(shape)) % 251).astype(dtype).reshape(shape)


GREY: dict[str, Any] = {'photometric': 'minisblack'}
PLAIN: dict[str, Any] = {**GREY, 'metadata': None}
RGB: dict[str, Any] = {'photometric': 'rgb', 'metadata': None}
TILED: dict[str, Any] = {**PLAIN, 'tile': (16, 16), 'compression': 'zlib'}

CASES: dict[str, tuple[Writes, dict[str, Any]]] = {
    'one page': ([(ramp(40, 50), PLAIN)], {}),
    'three pages': ([(ramp(3, 40, 50), PLAIN)], {}),
    'nine pages': ([(ramp(9, 40, 50), PLAIN)], {}),
    'nine compressed pages': ([(ramp(9, 40, 50), {**PLAIN, 'compression': 'zlib'})], {}),
    'big-endian': ([(ramp(9, 40, 50), PLAIN)], {'byteorder': '>'}),
    'big-endian BigTIFF': ([(ramp(9, 40, 50), PLAIN)], {'byteorder': '>', 'bigtiff': True}),
    'RGB': ([(ramp(3, 40, 50, 3, dtype='u1'), RGB)], {}),
    'planar RGB': ([(ramp(3, 3, 40, 50, dtype='u1'), {**RGB, 'planarconfig': 'separate'})], {}),
    'volume': ([(ramp(2, 5, 40, 50), {**PLAIN, 'volumetric': True})], {}),
    'volume in tiles': (
        [(ramp(5, 40, 50), {**PLAIN, 'volumetric': True, 'tile': (2, 16, 16)})],
        {},
    ),
    'two shapes': ([(ramp(3, 40, 50), PLAIN), (ramp(20, 30), PLAIN)], {}),
    'interleaved shapes': (
        [(ramp(40, 50), PLAIN), (ramp(20, 31), PLAIN), (ramp(40, 50) + 1, PLAIN)] * 4,
        {},
    ),
    'pyramid': (
        [(ramp(64, 64), PLAIN), (ramp(32, 32), PLAIN), (ramp(16, 16), PLAIN)],
        {},
    ),
    'pyramid by three': ([(ramp(90, 91), PLAIN), (ramp(30, 31), PLAIN)], {}),
    'pyramid in children': (
        [
            (ramp(64, 64), {**TILED, 'subifds': 2}),
            (ramp(32, 32), {**TILED, 'subfiletype': 1}),
            (ramp(16, 16), {**TILED, 'subfiletype': 1}),
        ],
        {},
    ),
    'shaped': ([(ramp(1, 3, 40, 50), GREY)], {}),
    'shaped with axes': (
        [
            (ramp(1, 3, 40, 50), {**GREY, 'metadata': {'axes': 'TZYX', 'name': 'first'}}),
            (ramp(4, 1, 40, 50), {**GREY, 'metadata': {'axes': 'TZYX'}, 'compression': 'zlib'}),
        ],
        {},
    ),
    'shaped, appended': ([(ramp(40, 50) + i, {**GREY, 'contiguous': True}) for i in range(5)], {}),
    'shaped RGB': ([(ramp(1, 2, 40, 50, 3, dtype='u1'), {'photometric': 'rgb'})], {}),
    'shaped, last axes of one': ([(ramp(4, 40, 50, 1), GREY)], {}),
    'shaped levels': (
        [
            (ramp(3, 64, 64), {**GREY}),
            (ramp(3, 32, 32), {**GREY, 'subfiletype': 1}),
            (ramp(3, 16, 16), {**GREY, 'subfiletype': 1}),
        ],
        {},
    ),
    'shaped levels in children': (
        [
            (ramp(3, 64, 64), {**GREY, 'subifds': 1}),
            (ramp(3, 32, 32), {**GREY, 'subfiletype': 1}),
        ],
        {},
    ),
    'shaped images in children': (
        [
            (ramp(3, 64, 64), {**GREY, 'subifds': 2}),
            (ramp(3, 32, 32), GREY),
            (ramp(3, 20, 20), {**GREY, 'subfiletype': 1}),
        ],
        {},
    ),
    'ImageJ': ([(ramp(2, 4, 3, 40, 50), {'metadata': {'axes': 'TZCYX'}})], {'imagej': True}),
    'ImageJ image': ([(ramp(40, 50), {})], {'imagej': True}),
    'ImageJ RGB': ([(ramp(4, 40, 50, 3, dtype='u1'), {})], {'imagej': True}),
    'ImageJ compressed': (
        [(ramp(4, 40, 50), {'compression': 'zlib', 'metadata': {'axes': 'ZYX'}})],
        {'imagej': True},
    ),
    'ImageJ calibrated': (
        [
            (
                ramp(2, 3, 40, 50),
                {
                    'resolution': (4.0, 8.0),
                    'metadata': {'unit': 'um', 'axes': 'TZYX', 'spacing': 2.5, 'finterval': 0.5},
                },
            )
        ],
        {'imagej': True},
    ),
}


@pytest.mark.parametrize('squeeze', [None, True, False])
@pytest.mark.parametrize('case', CASES)
def test_series(case: str, squeeze: bool | None) -> None:
    data = written(CASES[case][0], **CASES[case][1])
    with TiffFile(data) as ours, tifffile.TiffFile(io.BytesIO(data)) as theirs:
        found = ours.series(squeeze=squeeze)
        expected = theirs.series(squeeze=squeeze)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert (one.kind, one.name, one.axes, one.shape, one.dtype) == (
                other.kind, other.name, other.axes, other.shape, other.dtype
            )  # fmt: skip
            assert (len(one), one.dataoffset) == (len(other), other.dataoffset)
            assert (one.dims, one.sizes) == (other.dims, other.sizes)
            assert len(one.levels) == len(other.levels)
            for level, (mine, yours) in enumerate(zip(one.levels, other.levels, strict=True)):
                assert (mine.shape, mine.axes) == (yours.shape, yours.axes)
                array = one.asarray(level=level)
                # The other's array does not always have the shape that its series names.
                assert np.array_equal(array, yours.asarray().reshape(yours.shape))
                assert array.dtype == yours.dtype
        assert not ours.faults


@pytest.mark.parametrize('case', CASES)
def test_parts_of_series(case: str) -> None:
    data = written(CASES[case][0], **CASES[case][1])
    random = np.random.default_rng(len(case))
    with TiffFile(data) as tif:
        for series in tif.series:
            whole = series.asarray()
            for _ in range(6):
                selection = tuple(
                    slice(*sorted(random.integers(0, size + 1, 2)), int(random.integers(1, 4)))
                    if random.integers(3)
                    else int(random.integers(0, size))
                    for size in series.shape
                )
                found = series.asarray(selection=selection)
                assert np.array_equal(found, whole[selection])
                assert found.shape == whole[selection].shape
            reverse = (..., slice(None, None, -1))
            assert np.array_equal(series.asarray(selection=reverse), whole[reverse])
            out = np.empty(series.shape, series.dtype)
            assert series.asarray(out=out) is out
            assert np.array_equal(out, whole)


@pytest.mark.parametrize(
    'arguments',
    [
        {'key': 0}, {'key': -1}, {'key': slice(None)}, {'key': [2, 0]}, {'key': [1]},
        {'key': slice(1, 2)}, {'key': range(2)}, {'key': 1, 'series': 0},
        {'key': slice(0, 2), 'series': 0}, {'series': 0}, {'level': 0}, {'kind': 'generic'},
        {'squeeze': False}, {'squeeze': True, 'kind': 'shaped'},
    ],
    ids=str,
)  # fmt: skip
def test_arguments_of_reading(arguments: dict[str, Any]) -> None:
    data = written([(ramp(1, 3, 40, 50), GREY)])
    with TiffFile(data) as ours, tifffile.TiffFile(io.BytesIO(data)) as theirs:
        found, expected = ours.asarray(**arguments), theirs.asarray(**arguments)
        assert found.shape == expected.shape
        assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    'arguments',
    [
        {'key': 'a'}, {'key': 3}, {'key': slice(3, 9)}, {'key': [7]}, {'key': 1.5},
        {'series': 4}, {'level': 3}, {'kind': 'nonsense'}, {'kind': 'ome'}, {'key': []},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_arguments(arguments: dict[str, Any]) -> None:
    data = written([(ramp(1, 3, 40, 50), GREY)])
    with TiffFile(data) as ours, tifffile.TiffFile(io.BytesIO(data)) as theirs:
        with pytest.raises((TypeError, ValueError, IndexError)) as expected:
            theirs.asarray(**arguments)
        with pytest.raises(expected.type):
            ours.asarray(**arguments)


def test_coordinates_of_imagej() -> None:
    data = written(*CASES['ImageJ calibrated'][:1], **CASES['ImageJ calibrated'][1])
    with TiffFile(data) as ours, tifffile.TiffFile(io.BytesIO(data)) as theirs:
        one, other = ours.series[0], theirs.series[0]
        assert one.mpp == pytest.approx(other.mpp)
        assert one.coord_scales == pytest.approx(other.coord_scales)
        assert one.coord_units == other.coord_units
        assert one.coords.keys() == other.coords.keys()
        for axis, values in other.coords.items():
            assert one.coords[axis] == pytest.approx(values)
        sizes = one.pixel_sizes
        assert sizes['Z'].metres == pytest.approx(2.5e-6)
        assert 'ImageJ' in sizes['X'].source


@pytest.mark.parametrize(
    ('unit', 'scale'), [('CENTIMETER', 1e-2), ('INCH', 0.0254), ('MICROMETER', 1e-6)]
)
def test_coordinates_of_tags(unit: str, scale: float) -> None:
    data = written([(ramp(40, 50), {**PLAIN, 'resolution': (4, 8), 'resolutionunit': unit})])
    with TiffFile(data) as ours, tifffile.TiffFile(io.BytesIO(data)) as theirs:
        one, other = ours.series[0], theirs.series[0]
        assert one.coord_units == other.coord_units
        assert one.coord_scales == pytest.approx(other.coord_scales)
        assert one.pixel_sizes['X'].metres == pytest.approx(scale / 4)
        assert one.pixel_sizes['Y'].source == 'YResolution'
        # Dots per inch are for printing.
        assert (one.mpp is None) == (unit == 'INCH')


def test_decoding_by_hand() -> None:
    data = written([(ramp(40, 50), TILED)])
    with TiffFile(data) as ours, tifffile.TiffFile(io.BytesIO(data)) as theirs:
        page, other = ours.pages[0], theirs.pages[0]
        assert page.dataoffsets == other.dataoffsets
        assert page.databytecounts == other.databytecounts
        for index, (offset, size) in enumerate(
            zip(page.dataoffsets, page.databytecounts, strict=True)
        ):
            stored = data[offset : offset + size]
            found, position, shape = page.decode(stored, index)
            expected, their_position, their_shape = other.decode(stored, index)
            assert (position, shape) == (their_position, their_shape)
            z, y, x = position[1:4]
            length, width = min(16, 40 - y), min(16, 50 - x)
            assert z == 0
            assert np.array_equal(found[:, :length, :width], expected[:, :length, :width])
            assert page.decode(None, index) == (None, position, shape)
        ours_all, theirs_all = list(page.segments(maxworkers=2)), list(other.segments())
        assert [each[1:] for each in ours_all] == [each[1:] for each in theirs_all]
        assert list(page.segments(func=lambda each: each[1][2:4], sort=True)) == [
            each[1][2:4] for each in theirs_all
        ]


@pytest.mark.parametrize('case', CASES)
def test_facts_of_pages(case: str) -> None:
    data = written(CASES[case][0], **CASES[case][1])
    with TiffFile(data) as ours, tifffile.TiffFile(io.BytesIO(data)) as theirs:
        for page, other in zip(ours.pages, theirs.pages, strict=True):
            for name in (
                'shape', 'shaped', 'axes', 'dtype', 'ndim', 'size', 'nbytes', 'chunks', 'chunked',
                'tile', 'is_tiled', 'is_contiguous', 'is_final', 'is_subsampled', 'dims', 'sizes',
                'dataoffsets', 'databytecounts',
            ):  # fmt: skip
                assert getattr(page, name) == getattr(other, name), name
            assert np.array_equal(page.asarray(), other.asarray())
            assert page.asarray(squeeze=False).shape == other.asarray(squeeze=False).shape


@pytest.mark.parametrize('imagej', [True, False])
def test_one_directory_for_many_pages(imagej: bool) -> None:
    pages = ramp(30, 40, 50)
    data = written([(pages, {**GREY, 'metadata': {'axes': 'ZYX'}})], imagej=imagej)
    # The chain is cut behind the first directory, as in files above 4 GB.
    with TiffFile(data) as tif:
        link = tif.pages[0].directory.next_at
    data = data[:link] + bytes(4) + data[link + 4 :]
    with TiffFile(data) as tif:
        series = tif.series[0]
        assert (series.is_truncated, len(series), series.shape) == (True, 30, pages.shape)
        assert np.array_equal(series.asarray(), pages)
        assert np.array_equal(series.asarray(selection=(29, slice(3, 7))), pages[29, 3:7])
        assert np.array_equal(series[17].asarray(), pages[17])
        assert np.array_equal(tif.asarray(key=[3, 5], series=0), pages[[3, 5]])
        assert series[17].is_virtual
    # Data that is not there: whole planes of ImageJ are kept, else one page, with a fault.
    with TiffFile(data[: len(data) // 2]) as tif:
        series = tif.series[0]
        assert series.kind == 'imagej' if imagej else series.kind in ('uniform', 'generic')
        kept = series.shape[0] if imagej else 1
        assert np.array_equal(series.asarray().reshape(-1, 40, 50), pages[:kept])
        assert kept == (15 if imagej else 1)
        assert tif.faults


@pytest.mark.parametrize(
    'shape', [[1 << 62, 40, 50], [10**12, 1, 40, 50], [-1, 40, 50], [3.5], 'x', [3, 50, 40], [7]]
)
def test_hostile_shapes(shape: Any) -> None:
    pages = ramp(3, 40, 50)
    for truncated in (False, True):
        text = json.dumps({'shape': shape, 'truncated': truncated})
        data = written([(pages, {**PLAIN, 'description': text})])
        with TiffFile(data, limits=Limits(bytes=1 << 20)) as tif:
            array = tif.asarray()
            assert array.size == pages.size
            assert tif.faults


def test_mapping_of_samples(tmp_path: Path) -> None:
    from tiffschema.runtime.filereading import memmap_pages

    path = tmp_path / 'pages.tif'
    pages = ramp(9, 40, 50)
    path.write_bytes(written([(pages, PLAIN)], byteorder='>'))
    with TiffFile(path) as tif:
        assert tif.series[0].is_memmappable
        mapped = memmap_pages(tif, mode='r+')
        one = memmap_pages(tif, page=3, mode='c')
        assert isinstance(tif.asarray(out='memmap'), np.memmap)
    assert mapped.dtype == '>u2'
    assert np.array_equal(mapped, pages)
    one[...] = 0
    mapped[2] = 7
    mapped.flush()
    with TiffFile(path) as tif:
        assert (tif.asarray(key=2) == 7).all()
        assert np.array_equal(tif.asarray(key=3), pages[3])
    path.write_bytes(written([(pages, {**PLAIN, 'compression': 'zlib'})]))
    with TiffFile(path) as tif:
        assert not tif.series[0].is_memmappable
        with pytest.raises(ValueError, match='memory-mappable'):
            memmap_pages(tif)
        decoded = tif.asarray(out='memmap')
        assert isinstance(decoded, np.memmap)
        assert np.array_equal(decoded, pages)


def test_outputs(tmp_path: Path) -> None:
    pages = ramp(9, 40, 50)
    with TiffFile(written([(pages, PLAIN)])) as tif:
        target = np.zeros((9, 80, 50), 'u2')[:, ::2]
        assert tif.asarray(out=target) is target
        assert np.array_equal(target, pages)
        wide = np.zeros((9, 40, 50), 'f8')
        assert np.array_equal(tif.asarray(out=wide), pages)
        file = tmp_path / 'samples.bin'
        tif.asarray(out=str(file)).flush()
        assert file.read_bytes() == pages.tobytes()
        with pytest.raises(ValueError, match='out'):
            tif.asarray(out=np.zeros((3, 3), 'u2'))
        with pytest.raises(ValueError, match='out'):
            tif.asarray(out=np.zeros(pages.shape, 'u1'))


def test_damage_names_page_and_segment() -> None:
    data = bytearray(written([(ramp(3, 40, 50), TILED)]))
    with TiffFile(bytes(data)) as tif:
        offset = tif.pages[1].dataoffsets[5]
    data[offset : offset + 8] = b'\xff' * 8
    read: list[Callable[[Any], object]] = [
        lambda tif: tif.asarray(),
        lambda tif: tif.pages[1].asarray(),
        lambda tif: list(tif.pages[1].segments()),
    ]
    for call in read:
        with TiffFile(bytes(data)) as tif:
            with pytest.raises(FormatError) as caught:
                call(tif)
            assert (caught.value.path, caught.value.offset) == ('pages[1].segments[5]', offset)
    with TiffFile(bytes(data)) as tif:
        rest = tif.asarray(errors='fault')
        assert {(fault.path, fault.offset) for fault in tif.faults} == {
            ('pages[1].segments[5]', offset)
        }
        same = rest == ramp(3, 40, 50)
        same[1, 16:32, 16:32] = True
        assert same.all()


def test_metadata_of_imagej_are_read_alike() -> None:
    metadata = {'Properties': {'a': 'b', 'key': ''}, 'Labels': ['x', 'y', 'z'], 'Info': 'text'}
    buffer = io.BytesIO()
    imwrite(buffer, ramp(3, 40, 50), imagej=True, metadata=metadata)
    with (
        tifffile.TiffFile(io.BytesIO(buffer.getvalue())) as tif,
        TiffFile(buffer.getvalue()) as own,
    ):
        assert own.imagej_metadata == tif.imagej_metadata
        assert {name: own.imagej_metadata[name] for name in metadata} == metadata
        again = io.BytesIO()
        imwrite(again, ramp(3, 40, 50), imagej=True, metadata=own.imagej_metadata)
    with TiffFile(again.getvalue()) as own:
        assert {name: own.imagej_metadata[name] for name in metadata} == metadata
