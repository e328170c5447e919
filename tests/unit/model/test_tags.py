"""Tag tables and enumerations: all of the reference is declared, under the names users know."""

from __future__ import annotations

import csv
import pickle
from enum import IntEnum, IntFlag, StrEnum
from pathlib import Path

import pytest

from tiffschema.errors import SchemaError
from tiffschema.model import catalog, enums
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import check_tags, tag_tables

REFERENCE = Path(__file__).resolve().parents[4] / 'shared' / 'reference' / 'formats'
SPACES = {'main': 'tiff', 'interop': 'iop', 'panasonic_raw': 'panasonic'}


def rows(name):
    path = REFERENCE / name
    if not path.is_file():
        pytest.skip('reference: the tables of codes are absent')
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


def test_every_tag_of_the_reference_is_declared():
    missing = []
    for row in rows('tags.csv'):
        table = tag_tables[SPACES.get(row['group'], row['group'])]
        names = table.names(int(row['code']))
        missing += [
            (row['group'], row['code'], name)
            for name in [row['name'], *row['aliases'].split()]
            if name not in names
        ]
    assert not missing


def test_types_and_counts_of_the_reference():
    for row in rows('tags.csv'):
        table = tag_tables[SPACES.get(row['group'], row['group'])]
        declared = [
            one for one in table.rows(int(row['code'])) if row['name'] in (one.name, *one.aliases)
        ]
        assert declared, row
        if row['types']:
            names = {FIELD_TYPES[code].name for code in declared[0].types}
            assert set(row['types'].split('|')) <= names, row
        if row['count'].isdigit():
            assert declared[0].count == int(row['count']), row
        if row['enum']:
            assert declared[0].enum == row['enum'], row


def test_every_value_of_the_reference_is_declared():
    missing = []
    for row in rows('enums.csv'):
        if row['enum'] == 'DATATYPE':
            kind = enums.DATATYPE
        else:
            kind = enums.enum(row['enum'])
        value = row['value'] if issubclass(kind, StrEnum) else int(row['value'])
        if row['kind'] == 'bit':
            value = 1 << int(row['value'])
        if row['name'] not in kind.__members__ or kind[row['name']].value != value:
            missing.append((row['enum'], row['value'], row['name']))
    # One name that users know under another number stays theirs.
    assert missing in ([], [('Compression', '3', 'CCITT_T4')])


def test_every_code_of_geotiff_is_declared():
    missing = []
    for row in rows('geotiff_codes.csv'):
        kind = enums.enum(row['list'])
        if row['name'] not in kind.__members__ or kind[row['name']].value != int(row['code']):
            missing.append(row)
    assert not missing


def test_every_record_of_metadata_blocks_is_declared():
    for row in rows('metadata_records.csv'):
        table = catalog.table(f'tiff/metadata_records.{row["block"]}')
        if row['block'] == 'iptc':
            key = int(row['record']) * 256 + int(row['id'])
        elif row['block'] == 'irb':
            key = int(row['id'].partition('-')[0])
        else:
            key = int.from_bytes(row['id'].ljust(4).encode(), 'big')
        assert table[key]['name'] == row['name']


def test_rows_are_documented():
    for space in tag_tables.values():
        for code in space.own_codes():
            for row in space.rows(code):
                assert row.doc, row
                assert row.source, row
                assert 0 <= code <= 65535
                if row.enum:
                    assert enums.enum(row.enum)


def test_names_of_users():
    tiff = tag_tables['tiff']
    assert tiff[34675].name == 'InterColorProfile'
    assert tiff[34853].name == 'GPSTag'
    assert tiff['ICCProfile'].code == tiff['InterColorProfile'].code == 34675
    assert tiff['ExposureTime'].code == 33434
    assert tag_tables['exif']['ImageWidth'].code == 256
    assert tag_tables['ndpi'][65421].name == 'Magnification'
    assert tag_tables['gps'][2].name == 'GPSLatitude'
    assert 65300 not in tiff
    with pytest.raises(KeyError):
        tiff['NoSuchTag']
    assert tiff.get(65300) is None
    assert tiff['ExifTag'].space == 'exif'
    assert tiff['SubIFDs'].space == 'tiff'
    assert tiff['StripOffsets'].space is None


def test_public_enumerations():
    assert enums.COMPRESSION.CCITT_T4 is enums.COMPRESSION.CCITTFAX3
    assert issubclass(enums.FILETYPE, IntFlag)
    assert issubclass(enums.COMPRESSION, IntEnum)
    assert repr(enums.FILETYPE(9)) == '<FILETYPE.REDUCEDIMAGE|MACRO: 9>'
    assert enums.PHOTOMETRIC['BLACKISZERO'] is enums.PHOTOMETRIC.MINISBLACK
    assert enums.CHUNKMODE.FILE == 3
    for name in enums.public_names():
        for member in getattr(enums, name):
            assert pickle.loads(pickle.dumps(member)) is member
    assert enums.enumarg(enums.PREDICTOR, 'horizontal') == 2
    assert enums.enumarg(enums.COMPRESSION, 8).name == 'ADOBE_DEFLATE'
    with pytest.raises(ValueError, match='known are'):
        enums.enumarg(enums.PREDICTOR, 'none such')
    assert enums.enumstr(enums.RESUNIT.INCH) == 'INCH'
    assert enums.enumstr(7) == '7'
    assert enums.member('Compression', 4711) == 4711
    with pytest.raises(AttributeError):
        getattr(enums, 'NO_SUCH')  # noqa: B009


@pytest.mark.parametrize('name', enums.enum_names())
def test_all_enumerations_can_be_made(name):
    assert len(enums.enum(name)) > 0


def test_field_types():
    assert [key for key in FIELD_TYPES if key < 100] == [*range(1, 14), 16, 17, 18]
    assert FIELD_TYPES['RATIONAL'].elements == 2
    assert FIELD_TYPES['f64'].code == 12


@pytest.mark.parametrize(
    'bad',
    [{'x': {'name': 'A'}}, {70000: {'name': 'A'}}, {1: {}}, {1: {'name': 'A', 'typo': 1}},
     {1: {'name': 'A', 'type': 'u12'}}, {1: {'name': 'A', 'result': 'list'}},
     {1: {'name': 'A', 'space': 'nowhere'}}, {5: {'name': 'A'}}],
)  # fmt: skip
def test_wrong_rows_are_refused(bad):
    with pytest.raises(SchemaError):
        check_tags('x', bad, taken=[5])


def test_registered_tags_are_seen_at_once():
    tiff = tag_tables['tiff']
    assert 60123 not in tiff
    catalog.register('user/acme', {'tags': {60123: {'name': 'AcmeBlock', 'value': 'block'}}})
    try:
        assert tiff[60123].name == 'AcmeBlock'
        assert tiff['AcmeBlock'].schema == 'user/acme'
    finally:
        catalog.unregister('user/acme')
    assert 60123 not in tiff
