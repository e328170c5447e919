"""The worked examples of the language, built: parse and build are inverse, counts follow."""

from __future__ import annotations

import json
import struct
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from tests.unit.compiler.blocks import everything, example, imagej, lsm, mmstack, sis, uic1
from tiffschema.errors import BuildError

CASES = [
    pytest.param(order, *case, id=f'{order}-{case[0]}-{case[1]}-{i}')
    for order in '<>'
    for i, case in enumerate(everything(order))
]


@pytest.mark.parametrize(('order', 'name', 'struct', 'variant', 'data', 'args'), CASES)
class TestEveryExample:
    """What holds for all of them."""

    def test_built_bytes_equal_parsed_ones(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        target = example(name).struct(struct, variant)
        record = target.parse(data, byteorder=order, args=args)
        assert target.build(record, byteorder=order).data == data

    def test_args_follow_from_the_values(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        target = example(name).struct(struct, variant)
        built = target.build(target.parse(data, byteorder=order, args=args), byteorder=order)
        for key, value in built.args.items():
            assert list(value) == args[key] if key == 'sizes' else value == args[key]

    def test_plain_dicts_build_the_same(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        target = example(name).struct(struct, variant)
        record = target.parse(data, byteorder=order, args=args)
        assert target.build(record.asdict(), byteorder=order, args=args).data == data
        lazy = target.parse(data, byteorder=order, args=args, lazy=True)
        assert target.build(lazy, byteorder=order, args=args).data == data

    def test_pointers_hold_file_offsets_at_an_address(
        self, order: str, name: str, struct: str, variant: str | None, data: bytes, args: Any
    ) -> None:
        target = example(name).struct(struct, variant)
        record = target.parse(data, byteorder=order, args=args)
        built = target.build(record, byteorder=order, args=args)
        moved = bytes(1000) + built.at(1000)
        again = target.parse(moved, 1000, byteorder=order, args=args)
        assert target.build(again, byteorder=order, args=args).data == data


def test_sis_from_scratch() -> None:
    target = example('olympus_sis').struct('sis')
    general = {
        'exponent': -6, 'calibration_x': 2.0, 'calibration_y': 3.0, 'magnification': 40.0,
        'cameraname': 'XM10', 'picturetype': 'raw',
    }  # fmt: skip
    blocks = [{'kind': 1, 'general': general}, {'kind': 5}, {'general': general}]
    values = {'name': 'x', 'datetime': datetime(2020, 2, 3, 4, 5), 'blocks': blocks}
    built = target.build(values)
    record = target.parse(built.data)
    assert record.count == 3
    assert [block.kind for block in record.blocks] == [1, 5, 1]
    assert record.blocks[1].offset == 0
    assert record.blocks[2].general.pixelsizey == pytest.approx(3e-6)
    assert len(built.patches) == 2
    assert record.datetime == values['datetime']


def test_edited_record_gets_new_counts() -> None:
    """Stale counts, sizes and offsets of a record never win."""
    target = example('olympus_sis').struct('sis')
    record = target.parse(sis())
    record.blocks.append({'kind': 3})
    record.name = 'longer name'
    again = target.parse(target.build(record).data)
    assert (again.count, again.name) == (3, 'longer name')
    assert again.blocks[0].general.cameraname == 'cam'
    stamps = example('zeiss_lsm').struct('cz_lsminfo').parse(lsm())
    stamps.TimeStamps.values = np.arange(10.0)
    stamps.ChannelColors.names = ['a', 'bb', 'ccc']
    built = example('zeiss_lsm').struct('cz_lsminfo').build(stamps)
    again = example('zeiss_lsm').struct('cz_lsminfo').parse(built.data)
    assert (again.TimeStamps.count, again.TimeStamps.size) == (10, 88)
    assert again.ChannelColors.names_count == 3
    assert again.ChannelColors.names == ['a', 'bb', 'ccc']


@pytest.mark.parametrize('last', ['VoxelSizeX', 'ScanType', 'TimeIntervall'])
def test_extent_stops_after_the_last_field_given(last: str) -> None:
    target = example('zeiss_lsm').struct('cz_lsminfo')
    values: dict[str, Any] = {}
    for name in target.plan.fields:
        if name not in ('MagicNumber', 'StructureSize'):
            values[name] = 1
        if name == last:
            break
    record = target.parse(target.build(values).data)
    assert getattr(record, last) == 1
    after = target.plan.fields[target.plan.fields.index(last) + 1]
    assert getattr(record, after) is None
    assert record.StructureSize == len(target.build(values))


@pytest.mark.parametrize('order', ['<', '>'])
def test_imagej_kinds_and_sizes_follow_from_the_dict(order: str) -> None:
    target = example('imagej').struct('ij_metadata')
    items = {'Labels': ['a', 'bcd'], 'Info': 'x', 'Ranges': [0.0, 1.0], 'ROI': b'abc'}
    built = target.build({'items': items}, byteorder=order)
    assert list(built.args['sizes']) == [4 + 8 * 4, 2, 6, 2, 16, 3]
    again = target.parse(built.data, byteorder=order, args=built.args).items
    assert (again['Labels'], again['Info'], again['ROI']) == (['a', 'bcd'], 'x', b'abc')
    data, sizes = imagej(order)
    same = target.parse(data, byteorder=order, args={'sizes': sizes})
    assert target.build(same, byteorder=order, args={'sizes': sizes}).data == data


def test_uic1_by_names_of_the_table() -> None:
    target = example('metamorph_stk').struct('uic1')
    values = {'items': {'AutoScale': 7, 'Name': 'hello', 'XCalibration': 0.5}}
    built = target.build(values, args={'planes': 1})
    assert built.args['count'] == 3
    again = target.parse(built.data, args={'planes': 1, 'count': 3}).items
    assert again == values['items']
    assert built.data[4:8] == struct.pack('<I', 7)
    parsed = target.parse(uic1(), args={'planes': 1, 'count': 4})
    assert target.build(parsed, args={'planes': 1}).data == uic1()


def test_a_number_is_no_list_of_rationals() -> None:
    target = example('metamorph_stk').struct('uic1_item')
    with pytest.raises(BuildError, match='value: needs a list of rationals, not 8'):
        target.build({'id': 40, 'value': 8}, args={'planes': 1})


def test_planes_follow_from_tables() -> None:
    target = example('metamorph_stk').struct('uic2')
    rows = np.zeros(5, [('z_distance', 'f8'), ('created', 'M8[ms]'), ('modified', 'M8[ms]')])
    rows['z_distance'] = 0.5
    rows['created'] = np.datetime64('2020-01-01T00:00:01', 'ms')
    rows['modified'] = np.datetime64('NaT', 'ms')
    built = target.build({'planes': rows})
    assert built.args == {'planes': 5}
    again = target.parse(built.data, args=built.args).planes
    np.testing.assert_array_equal(again['z_distance'], rows['z_distance'])
    np.testing.assert_array_equal(again['created'], rows['created'])
    assert np.isnat(again['modified']).all()


@pytest.mark.parametrize('order', ['<', '>'])
def test_oneof_by_names_of_the_dict(order: str) -> None:
    target = example('micromanager').struct('header')
    nd = {'MajorVersion': 3, 'MinorVersion': 1, 'Summary': {'a': 1}}
    built = target.build({'settings': nd}, byteorder=order)
    again = target.parse(built.data, byteorder=order).settings
    assert (again.MajorVersion, again.Summary) == (3, {'a': 1})
    stack = {'Summary': {}, 'IndexMap': {'rows': np.zeros(2, 'u4,u4,u4,u4,u4')}}
    record = target.parse(mmstack(order), byteorder=order)
    record.settings.Comments = None
    record.settings.IndexMap.rows = record.settings.IndexMap.rows[:1]
    built = target.build(record, byteorder=order)
    again = target.parse(built.data, byteorder=order).settings
    assert again.comments_offset == 0
    assert again.Comments is None
    assert again.IndexMap.count == 1
    del stack


class TestErrors:
    """What cannot be stored is a `BuildError` that names the path."""

    @pytest.mark.parametrize(
        ('name', 'struct_name', 'values', 'message'),
        [
            ('olympus_sis', 'sis_block', {}, 'kind'),
            ('olympus_sis', 'sis_block', {'kind': 99999}, 'kind'),
            ('olympus_sis', 'sis_block', {'kind': 'x'}, 'kind'),
            ('olympus_sis', 'sis_block', {'kind': 2, 'generl': None}, "'generl'"),
            ('olympus_sis', 'sis_block', 5, 'mapping'),
            ('olympus_sis', 'clock', {'minute': 1}, 'hour'),
            ('zeiss_lsm', 'time_stamps', {'values': 'abc'}, 'values'),
            ('zeiss_lsm', 'time_stamps', {}, 'values'),
            ('micromanager', 'json_block', {'value': {1, 2}}, 'value'),
        ],
    )
    def test_names_the_field(self, name: str, struct_name: str, values: Any, message: str) -> None:
        target = example(name).struct(struct_name)
        with pytest.raises(BuildError) as caught:
            target.build(values, byteorder='<', args={'magic': 1} if target.args else {})
        assert message in str(caught.value)
        assert struct_name in str(caught.value)

    def test_given_values_must_agree(self) -> None:
        target = example('olympus_sis').struct('sis')
        record = target.parse(sis())
        record.blocks[0].kind = 2
        with pytest.raises(BuildError, match='general'):
            target.build(record)

    def test_text_too_long(self) -> None:
        target = example('olympus_sis').struct('sis')
        record = target.parse(sis())
        record.name = 'x' * 33
        with pytest.raises(BuildError, match='name'):
            target.build(record)

    def test_path_names_the_item(self) -> None:
        target = example('olympus_sis').struct('sis')
        record = target.parse(sis())
        record.blocks[0].general.calibration_x = 'wide'
        with pytest.raises(BuildError, match=r'blocks\[0\]\.general\.calibration_x'):
            target.build(record)

    def test_missing_and_wrong_calls(self) -> None:
        target = example('imagej').struct('ij_metadata')
        with pytest.raises(TypeError, match='byteorder'):
            target.build({'items': {}})
        with pytest.raises(TypeError, match='takes the arguments'):
            target.build({'items': {}}, byteorder='<', args={'size': 1})


class TestDropped:
    """A record with dropped fields is not rebuilt by accident."""

    @staticmethod
    def damaged() -> Any:
        data = bytearray(lsm())
        data[data.index(struct.pack('<ii', 32, 3), 136) + 4] = 99
        return example('zeiss_lsm').struct('cz_lsminfo').parse(bytes(data), faults=[])

    def test_refused(self) -> None:
        with pytest.raises(BuildError, match='TimeStamps'):
            example('zeiss_lsm').struct('cz_lsminfo').build(self.damaged())

    def test_zero(self) -> None:
        target = example('zeiss_lsm').struct('cz_lsminfo')
        again = target.parse(target.build(self.damaged(), dropped='zero').data)
        assert again.OffsetTimeStamps == 0
        assert again.TimeStamps is None
        assert again.ChannelColors.names == ['Ch1', 'Ch2']

    def test_zero_of_a_fixed_field(self) -> None:
        data = bytearray(sis())
        data[10:12] = b'\x63\0'
        target = example('olympus_sis').struct('sis')
        record = target.parse(bytes(data), faults=[])
        assert record.datetime is None
        with pytest.raises(BuildError, match='datetime'):
            target.build(record)
        built = target.build(record, dropped='zero')
        assert built.data[10:20] == bytes(10)
        assert built.data[20:] == sis()[20:]

    def test_zero_of_a_text(self) -> None:
        summary = b'{"Prefix":"a"}'
        data = bytearray(mmstack('<'))
        data[32] = ord('x')
        target = example('micromanager').struct('mmstack')
        record = target.parse(bytes(data), byteorder='<', faults=[])
        assert record.Summary is None
        built = target.build(record, byteorder='<', dropped='zero')
        assert built.data[32 : 32 + len(summary)] == bytes(len(summary))

    def test_given_anew(self) -> None:
        """A dropped field that is set again is no longer missing."""
        record = self.damaged()
        record.TimeStamps = {'values': [1.0, 2.0]}
        target = example('zeiss_lsm').struct('cz_lsminfo')
        assert target.parse(target.build(record).data).TimeStamps.count == 2


def test_index_entry_writes_canonical_json() -> None:
    target = example('micromanager').struct('index_entry')
    values = {
        'axes': {'z': 1, 'channel': 'DAPI'}, 'filename': 'a.tif', 'offset': 1, 'width': 2,
        'height': 3, 'pixel_type': 'Gray16', 'compression': 0, 'meta_offset': 4, 'meta_size': 5,
        'meta_compression': 0,
    }  # fmt: skip
    built = target.build(values)
    size = int.from_bytes(built.data[:4], 'little')
    assert json.loads(built.data[4 : 4 + size]) == values['axes']
    assert target.parse(built.data).pixel_type == 1
