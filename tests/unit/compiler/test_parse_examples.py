"""The worked examples of the language: parsed and traced, both byte orders, all variants."""

from __future__ import annotations

import mmap
import tempfile
from typing import Any

import numpy as np
import pytest

from tests.unit.compiler.blocks import everything, example, imagej, lsm, schema_of, sis, uic1, uic4
from tiffschema.errors import FormatError, LimitError, TruncatedError
from tiffschema.limits import Limits

CASES = [
    pytest.param(order, *case, id=f'{order}-{case[0]}-{case[1]}-{i}')
    for order in '<>'
    for i, case in enumerate(everything(order))
]


@pytest.mark.parametrize(('order', 'name', 'struct', 'variant', 'data', 'args'), CASES)
class TestEveryExample:
    """What holds for all of them."""

    def test_parses_without_faults(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        faults: list[FormatError] = []
        target = example(name).struct(struct, variant)
        target.parse(data, byteorder=order, args=args, faults=faults, strict=True)
        assert faults == []

    def test_trace_covers_all_but_alignment(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        extents = example(name).struct(struct, variant).trace(data, byteorder=order, args=args)
        covered = bytearray(len(data))
        for extent in extents:
            assert 0 <= extent.start <= extent.stop <= len(data)
            assert extent.kind != 'fault'
            covered[extent.start : extent.stop] = b'x' * (extent.stop - extent.start)
        gaps = [i for i, mark in enumerate(covered) if not mark]
        assert all(data[i] == 0 and i % 2 == 1 for i in gaps)

    def test_any_buffer_at_any_place(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        target = example(name).struct(struct, variant)
        first = target.parse(data, byteorder=order, args=args)
        shifted = bytes(7) + data
        assert target.parse(shifted, 7, byteorder=order, args=args, base=7) == first
        assert target.parse(memoryview(shifted)[7:], byteorder=order, args=args) == first
        assert target.parse(bytearray(data), byteorder=order, args=args) == first
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                assert target.parse(bytes(view), byteorder=order, args=args) == first

    def test_lazy_equals_eager(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        target = example(name).struct(struct, variant)
        lazy = target.parse(data, byteorder=order, args=args, lazy=True)
        eager = target.parse(data, byteorder=order, args=args)
        assert lazy == eager
        assert lazy.asdict().keys() == eager.asdict().keys()
        assert repr(lazy) == repr(eager)

    def test_every_cut_is_a_format_error_or_a_fault(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        target = example(name).struct(struct, variant)
        for stop in range(len(data)):
            faults: list[FormatError] = []
            try:
                target.parse(data[:stop], byteorder=order, args=args, faults=faults)
            except FormatError as error:
                faults.append(error)
            for fault in faults:
                assert fault.path.startswith('example/')
                assert 0 <= fault.offset <= len(data)


def test_sis_values() -> None:
    record = example('olympus_sis').struct('sis').parse(sis())
    assert record.name == 'sample'
    assert record.datetime.isoformat() == '2026-11-24T12:30:00'
    general = record.blocks[0].general
    assert general.pixelsizex == pytest.approx(0.0015)
    assert (general.magnification, general.cameraname, general.picturetype) == (20.0, 'cam', 'pic')
    assert record.blocks[1].general is None


def test_uic1_small_value_lies_in_its_pointer() -> None:
    target = example('metamorph_stk').struct('uic1')
    items = target.parse(uic1(), args={'planes': 1, 'count': 4}).items
    assert items['AutoScale'] == 1
    assert items['XCalibration'] == 0.25
    assert items['Name'] == 'abc'
    assert items['CreateTime'].year == 1995
    extents = target.trace(uic1(), args={'planes': 1, 'count': 4})
    assert [tuple(e)[:2] for e in extents if e.kind == 'inline'] == [(4, 8)]


def test_uic4_lists_per_plane() -> None:
    items = example('metamorph_stk').struct('uic4').parse(uic4(2), args={'planes': 2}).items
    assert items['StageLabel'] == ['p0', 'p1']
    np.testing.assert_array_equal(items['StagePosition'], [[0.5, 0.75]] * 2)


def test_lsm_values() -> None:
    record = example('zeiss_lsm').struct('cz_lsminfo').parse(lsm())
    assert record.ScanType.name == 'TimePlane'
    assert record.ScanType == 3
    assert record.TimeStamps.values.tolist() == [0.0, 1.0, 2.0]
    assert record.ChannelColors.names == ['Ch1', 'Ch2']
    assert record.ChannelColors.mono is True
    tree = record.ScanInformation
    assert [child.value for child in tree.children] == ['abc', -5, 0.5]


@pytest.mark.parametrize('size', [36, 92, 120, 124, 128])
def test_lsm_of_older_versions_is_shorter(size: int) -> None:
    data = bytearray(lsm())
    data[4:8] = size.to_bytes(4, 'little')
    data[108:112] = bytes(4)
    record = example('zeiss_lsm').struct('cz_lsminfo').parse(bytes(data))
    assert record.DimensionX == 64
    assert (record.VoxelSizeX is None) == (size < 48)
    assert (record.ScanType is None) == (size < 90)
    assert record.OffsetTimeStamps is None
    assert record.TimeStamps is None


@pytest.mark.parametrize('order', ['<', '>'])
def test_imagej_groups(order: str) -> None:
    data, sizes = imagej(order)
    target = example('imagej').struct('ij_metadata')
    items = target.parse(data, byteorder=order, args={'sizes': sizes}).items
    assert list(items) == ['Info', 'Labels', 'Ranges', 'LUTs', 'ROI']
    assert items['Info'] == 'some info'
    assert items['Labels'] == ['one', 'label two']
    assert items['Ranges'].tolist() == [0, 1, 2, 3]
    assert items['LUTs'].shape == (3, 256)
    assert items['ROI'] == b'roi!'


def test_groups_without_end_are_a_limit_error() -> None:
    """3,000 nested groups end in our error, not in Python's."""
    group = (0x10000000).to_bytes(4, 'little') + bytes(8)
    target = example('zeiss_lsm').struct('scan_entry')
    with pytest.raises(LimitError, match='nests deeper than 32'):
        target.parse(group * 3000)
    with pytest.raises(LimitError, match='nests deeper than 5'):
        target.parse(group * 3000, limits=Limits(depth=5))


def test_counts_are_compared_with_bytes_before_memory_is_taken() -> None:
    target = example('zeiss_lsm').struct('time_stamps')
    data = (8 + 8 * 0x01FFFFFF).to_bytes(4, 'little') + (0x01FFFFFF).to_bytes(4, 'little')
    with pytest.raises(TruncatedError, match='33554431 items need 268435448 bytes, 0 are left'):
        target.parse(data)


def test_limits_of_items_and_text() -> None:
    stamps = example('zeiss_lsm').struct('time_stamps')
    data = (24).to_bytes(4, 'little') + (2).to_bytes(4, 'little') + bytes(16)
    assert len(stamps.parse(data).values) == 2
    with pytest.raises(LimitError, match='2 items, at most 1'):
        stamps.parse(data, limits=Limits(items=1))
    entry = example('micromanager').struct('index_entry')
    text = (3).to_bytes(4, 'little') + b'{} ' + bytes(40)
    assert entry.parse(text).axes == {}
    with pytest.raises(LimitError, match='3 items, at most 2'):
        entry.parse(text, limits=Limits(text=2))


def test_faults_are_collected_and_strict_raises() -> None:
    data = bytearray(lsm())
    data[data.index((32).to_bytes(4, 'little') + (3).to_bytes(4, 'little'), 136) + 4] = 99
    faults: list[FormatError] = []
    target = example('zeiss_lsm').struct('cz_lsminfo')
    record = target.parse(bytes(data), faults=faults)
    assert record.TimeStamps is None
    assert record.ChannelColors is not None
    assert len(faults) == 1
    assert 'time_stamps' in faults[0].path
    with pytest.raises(FormatError):
        target.parse(bytes(data), strict=True)


def test_wrong_calls_are_type_errors() -> None:
    inherits = example('imagej').struct('ij_metadata')
    with pytest.raises(TypeError, match='byteorder'):
        inherits.parse(b'', args={'sizes': []})
    with pytest.raises(TypeError, match='takes the arguments'):
        inherits.parse(b'', byteorder='<')
    with pytest.raises(ValueError, match='byteorder'):
        inherits.parse(b'', byteorder='sideways', args={'sizes': []})


def test_first_of_two_offsets_whose_constant_fits() -> None:
    """A pointer of 32 bits that was wrapped at 4 GiB; here the first place holds something else."""
    schema = example('micromanager')
    text = schema.source('mmstack', target='parse', byteorder='<')
    assert 'first_target((display_offset, display_offset + 4294967296)' in text


CIRCLE = """
schema: example/circle
endian: little
structs:
  a:
    fields:
      o: u16
      p: u16
      x: {type: a, at: o, FAULT}
      y: {type: a, at: p, FAULT}
"""


@pytest.mark.parametrize('fault', ['fault: raise', 'fault: drop', 'fault: keep'])
def test_pointers_in_circles_end(fault: str) -> None:
    """Two pointers to the struct itself would be 2**32 structs."""
    target = schema_of(CIRCLE.replace('FAULT', fault)).struct('a')
    faults: list[FormatError] = []
    try:
        target.parse(bytes(4), faults=faults, limits=Limits(items=1 << 20))
    except LimitError:
        faults.append(LimitError(''))
    assert faults
    assert len(faults) <= 10_001
    assert target.trace(bytes(4), limits=Limits(items=1 << 20))[-1].kind == 'fault'


def test_offsets_of_faults_are_file_offsets() -> None:
    data = bytearray(lsm())
    data[data.index((32).to_bytes(4, 'little') + (3).to_bytes(4, 'little'), 136) + 4] = 99
    target = example('zeiss_lsm').struct('cz_lsminfo')
    near: list[FormatError] = []
    far: list[FormatError] = []
    target.parse(bytes(data), faults=near)
    target.parse(bytes(100) + bytes(data), 100, base=100, faults=far)
    assert [str(fault) for fault in near] == [str(fault) for fault in far]
    with pytest.raises(FormatError) as caught:
        target.parse(bytes(100) + bytes(data[:50]), 100, base=100)
    assert caught.value.offset <= 50
