"""Declared detection, metadata and grids, asked with facts made up here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tiffschema.errors import FormatError, SchemaError
from tiffschema.model import catalog
from tiffschema.model.detectleaves import parse_detect
from tiffschema.model.grid import GridSeries, parse_series, series_rule
from tiffschema.model.kinds import detectors, explain, needed_codes, series_kinds
from tiffschema.model.metadata import metadata_names, metadata_rule, parse_metadata
from tiffschema.model.tagtable import tag_tables

PAGE_FLAGS = {
    'agilent',
    'andor',
    'astrotiff',
    'avs',
    'bif',
    'c2pa',
    'dng',
    'eer',
    'epics',
    'fei',
    'flimage',
    'fluoview',
    'frame',
    'gdal',
    'geotiff',
    'huron',
    'imagej',
    'indica',
    'lsm',
    'mdgel',
    'mediacy',
    'metaseries',
    'micromanager',
    'mikroscan',
    'motic',
    'mrc',
    'multipage',
    'ndpi',
    'nih',
    'nuvu',
    'ome',
    'philips',
    'pilatus',
    'qpi',
    'scanimage',
    'scn',
    'sem',
    'shaped',
    'sis',
    'stk',
    'streak',
    'subifd',
    'svs',
    'tiffep',
    'trestle',
    'tvips',
    'virtual',
    'vista',
    'volumetric',
}
STRUCTURAL = {'frame', 'subifd', 'virtual'}


class Page:
    """Facts of a page by tag names."""

    def __init__(self, tags, *, pages=(), data=b'', types=None, **flags):
        tiff = tag_tables['tiff']
        self.values = {
            name if isinstance(name, int) else tiff.code(name): value
            for name, value in tags.items()
        }
        self.pages = pages or (self,)
        self.data = data
        self.types = types or {}
        self.suffix = flags.pop('suffix', '.tif')
        self.byteorder = '<'
        self.is_tiled = flags.pop('is_tiled', False)
        self.is_first = flags.pop('is_first', True)
        self.is_bigtiff = flags.pop('is_bigtiff', False)
        self.siblings = flags.pop('siblings', ())
        assert not flags

    @property
    def codes(self):
        return self.values.keys()

    def tag(self, code):
        value = self.values.get(code)
        return value[0] if isinstance(value, list) else value

    def texts(self, code):
        value = self.values.get(code, [])
        return value if isinstance(value, list) else [value]

    def tag_type(self, code):
        return self.types.get(code)

    def view(self, offset, size):
        return memoryview(self.data)[offset : offset + size]

    def n_pages(self):
        return len(self.pages)

    def page(self, index):
        return self.pages[index] if -len(self.pages) <= index < len(self.pages) else None

    def sibling(self, name):
        return name in self.siblings


HOLDING = {
    'agilent': Page({'PageName': 'x', 'AgilentBinary': b''}),
    'andor': Page({'AndorId': 1}),
    'astrotiff': Page({'ImageDescription': 'SIMPLE  = T\nEND\n'}),
    'avs': Page({65000: '<Argos.Scan.Metadata>'}),
    'bif': Page({'XMP': b'<x/>', 'ImageDescription': 'Label_Image'}),
    'c2pa': Page({52545: b''}),
    'dng': Page({'DNGVersion': b'\1\4\0\0'}),
    'eer': Page({65001: b'<metadata>'}, types={65001: 7}, is_bigtiff=True),
    'epics': Page({'Software': 'EPICS areaDetector'}),
    'fei': Page({'FEI_HELIOS': ''}),
    'flimage': Page({'ImageDescription': 'FLIMimage parameters\r\n'}),
    'fluoview': Page({'MM_Stamp': (0.0,) * 8}),
    'gdal': Page({'GDAL_METADATA': ''}),
    'geotiff': Page({'GeoKeyDirectoryTag': (1, 1, 0, 0)}),
    'huron': Page({'Make': 'Huron X'}, is_tiled=True),
    'imagej': Page({'ImageDescription': ['x', 'ImageJ=1.11a']}),
    'indica': Page({'Software': 'IndicaLabsImageWriter v1'}),
    'lsm': Page({'CZ_LSMINFO': b''}),
    'mdgel': Page({'MDFileTag': 2}),
    'mediacy': Page({'MC_Id': b'MC TIFF'}),
    'metaseries': Page({'Software': 'MetaSeries', 'ImageDescription': '<MetaData>x</MetaData>'}),
    'micromanager': Page({'MicroManagerMetadata': {}}),
    'mikroscan': Page({'ImageDescription': 'Mikroscan Image Structure'}, is_tiled=True),
    'motic': Page({'ImageDescription': 'Motic x'}, is_tiled=True),
    'mrc': Page({'NewSubfileType': 9}),
    'multipage': Page({'NewSubfileType': 2}),
    'ndpi': Page({65420: 1, 'Make': 'Hamamatsu'}),
    'nih': Page({'NIHImageHeader': b''}),
    'nuvu': Page({65000: "Field '65001' is 'x'", 65001: 'y'}),
    'ome': Page({'ImageDescription': '<OME></OME>'}),
    'philips': Page({'Software': 'Philips DP v1', 'ImageDescription': '<a></DataObject>'}),
    'pilatus': Page({'Software': 'TVX TIFF v1', 'ImageDescription': '# Detector'}),
    'qpi': Page({'Software': 'PerkinElmer-QPI'}),
    'scanimage': Page({'Software': 'SI.x = 1'}),
    'scn': Page({'ImageDescription': '<scn></scn>'}),
    'sem': Page({'CZ_SEM': ''}),
    'shaped': Page({'ImageDescription': '{"shape": [1, 2]}'}),
    'sis': Page({'OlympusINI': ''}),
    'stk': Page({'UIC1tag': 1}),
    'streak': Page({'ImageDescription': '[Application],x=1'}),
    'svs': Page({'ImageDescription': 'Aperio Image'}, is_tiled=True),
    'tiffep': Page({'TIFFEPStandardID': b''}),
    'trestle': Page({'Software': 'MedScan'}, is_tiled=True),
    'tvips': Page({'TVIPS': b''}),
    'vista': Page({'Software': 'ISS Vista'}),
    'volumetric': Page({'ImageDepth': 2}),
}
EMPTY = Page({'ImageDescription': 'x', 'Software': 'y', 'Make': 'z', 'NewSubfileType': 0})


def test_every_page_flag_has_a_rule():
    assert set(detectors) >= PAGE_FLAGS - STRUCTURAL
    assert set(HOLDING) == PAGE_FLAGS - STRUCTURAL


@pytest.mark.parametrize('name', sorted(HOLDING))
def test_flags_hold_for_their_pages_and_for_no_plain_page(name):
    assert detectors[name](HOLDING[name]) is True
    assert detectors[name].matches_file(HOLDING[name]) is True
    assert detectors[name](EMPTY) is False
    assert f'{name} (page)' in explain(HOLDING[name])


def test_rules_of_files_differ_from_those_of_pages():
    page = Page({'ImageDescription': 'Aperio Image'})
    assert detectors['svs'](page)
    assert not detectors['svs'].matches_file(page)
    second = HOLDING['mdgel']
    assert detectors['mdgel'].matches_file(Page({}, pages=(EMPTY, second)))
    assert not detectors['mdgel'].matches_file(EMPTY)
    sis = Page({'OlympusSIS': 8}, suffix='.vsi')
    assert detectors['sis'](sis)
    assert not detectors['sis'].matches_file(sis)
    assert detectors['c2pa'].matches_file(Page({'Make': 'x'}, pages=(EMPTY, HOLDING['c2pa'])))
    assert detectors['dicom'].matches_file(Page({}, data=bytes(128) + b'DICM'))
    assert not detectors['dicom'].matches_file(Page({}, data=b''))
    assert not detectors['dicom'](Page({}, data=bytes(128) + b'DICM'))
    assert not detectors['shaped'](Page({'ImageDescription': '{"shape": [1], "mibi.x": 1}'}))
    assert detectors['shaped'](Page({'ImageDescription': ['{"mibi.x":1}', 'shape=(1, 2)']}))


def test_all_leaves_of_the_language():
    view = catalog.SchemaView('user/x', {'structs': {}})
    tree = {
        'x': {
            'all': [
                {'tag_equals': {'Compression': [1, 8]}},
                {'tag_contains': {'Software': 'b'}},
                {'tag_above': {'ImageWidth': 10}},
                {'tag_type': {'ImageWidth': ['SHORT', 'LONG']}},
                {'suffix': ['.abc', '.tif']},
                {'sibling': 'x.index'},
                {'pages': [1, None]},
                {'pages': 1},
                {'not': {'is_tiled': True}},
                {'is_tiled': False},
                {'bytes': 'II', 'at': 0},
            ]
        }
    }
    page = Page(
        {'Compression': 8, 'Software': 'abc', 'ImageWidth': 11},
        types={256: 3}, data=b'II*\0', siblings=('x.index',),
    )  # fmt: skip
    found = parse_detect(view, tree['x'] and tree)['x']
    assert found(page)
    assert '- ' not in found.explain(page).replace('  - is_tiled', '')


@pytest.mark.parametrize(
    'tree',
    [{}, 'x', {'all': []}, {'all': 'x'}, {'tga': 'x'}, {'tag': 'A', 'at': 1}, {'text': 'none'},
     {'tag_bits': {'NewSubfileType': 'x'}}, {'tag_type': {'ImageWidth': 'BIT'}}, {'pages': 'x'},
     {'is_tiled': 1}, {'magic': 'none'}, {'python': 'os:system'}, {'sibling': '../x'},
     {'bytes': 'II', 'at': -1}, {'entry': {'starts': 'x'}}, {'entry': {'tag': 'Make', 'like': 'x'}},
     {'on_page': 'x', 'holds': {'tag': 'Make'}}],
)  # fmt: skip
def test_wrong_trees_are_refused(tree):
    with pytest.raises(SchemaError):
        parse_detect(catalog.SchemaView('user/x', {}), {'x': tree})


def test_unknown_tag_names_are_refused_with_the_name():
    found = parse_detect(catalog.SchemaView('user/x', {}), {'x': {'tag': 'NoSuchTag'}})['x']
    with pytest.raises(SchemaError, match='NoSuchTag'):
        found(EMPTY)


def test_order_of_kinds():
    kinds = series_kinds()
    assert kinds[0] == 'shaped'
    assert kinds[-2:] == ('uniform', 'generic')
    assert len(kinds) == 30


def test_metadata_merge_texts_and_tags():
    rule = metadata_rule('imagej')
    texts = ['x', 'ImageJ=1\nimages=2']
    page = Page({'ImageDescription': texts, 'IJMetadata': {'Info': 'i'}})
    faults = []
    assert rule(page, None, faults) == {'ImageJ': '1', 'images': 2, 'Info': 'i'}
    assert not faults
    assert rule(Page({}), None, faults) is None
    assert metadata_rule('no such kind') is None
    assert 'imagej' in metadata_names()
    for wrong in (
        ['x'],
        ['text.none'],
        [3],
        {'tags': [1]},
        {'python': 'os:system'},
        [{'text': 'a', 'x': 1}],
    ):
        with pytest.raises(SchemaError):
            parse_metadata(catalog.SchemaView('user/x', {}), {'x': wrong})


def test_grids_place_pages():
    raw = {
        'kind': 'grid', 'pages': {'where': 'NewSubfileType == 0'}, 'axes': 'Scan.axes',
        'sizes': {'Z': 'SizeZ', 'C': 'SizeC', 'T': 'SizeT'}, 'scale': {'Z': 'Step'},
    }  # fmt: skip
    enums = {'Scan': {'values': {0: {'name': 'Stack', 'axes': 'TZCYX'}}}}
    grid = GridSeries('x', raw, catalog.SchemaView('user/x', {'enums': enums}))
    pages = [{'NewSubfileType': index % 2}.get for index in range(12)]
    chosen = grid.chosen(pages)
    assert chosen == [0, 2, 4, 6, 8, 10]
    metadata = {'Scan': 'Stack', 'SizeZ': 3, 'SizeC': 2, 'SizeT': 0, 'Step': 0.5}
    found = grid.grid(metadata, chosen, 'YX', (5, 6))
    assert found.axes == 'TZCYX'
    assert found.shape == (1, 3, 2, 5, 6)
    assert found.pages.tolist() == [[[0, 2], [4, 6], [8, 10]]]
    assert found.scale == {'Z': 0.5}
    assert not found.faults
    short = grid.grid(metadata, chosen[:4], 'YX', (5, 6))
    assert short.pages.tolist() == [[[0, 2], [4, 6], [-1, -1]]]
    assert 'missing' in str(short.faults[0])
    more = grid.grid({**metadata, 'SizeZ': 2}, chosen, 'YX', (5, 6))
    assert 'left over' in str(more.faults[0])
    with pytest.raises(FormatError):
        grid.grid({**metadata, 'SizeZ': 1 << 40}, chosen, 'YX', (5, 6))
    with pytest.raises(FormatError):
        grid.grid({'Scan': 'None'}, chosen, 'YX', (5, 6))
    odd = grid.grid({**metadata, 'SizeC': -1}, np.arange(3), 'YX', (5, 6))
    assert odd.shape == (1, 3, 1, 5, 6)
    assert math.prod(odd.shape) == 90


def test_wrong_series_are_refused():
    view = catalog.SchemaView('user/x', {})
    wrong = (
        'x',
        {},
        {'kind': 'grid'},
        {'kind': 'grid', 'axes': 'ZYX', 'x': 1},
        {'python': 'os:system'},
        {'kind': 'grid', 'axes': 'ZYX', 'sizes': {'Z': 'f('}},
    )
    for raw in wrong:
        with pytest.raises(SchemaError):
            parse_series(view, {'x': raw})
    assert series_rule('imagej') == 'tiffschema.formats.imagej:series'
    assert series_rule('no such kind') is None


@pytest.mark.parametrize('kind', detectors)
def test_codes_that_a_kind_needs_are_there_wherever_it_holds(kind):
    needs = needed_codes(kind)
    for facts in HOLDING.values():
        if detectors[kind].matches_file(facts):
            assert needs is None or not needs.isdisjoint(facts.codes)


def test_needed_codes_follow_from_the_tree():
    code = tag_tables['tiff'].code

    def needs(tree):
        return parse_detect(catalog.view('vendor/md_gel'), {'x': tree})['x'].needed_codes()

    software, private = {'tag': 'Software'}, {'tag': 'MDFileTag'}
    assert needs({'all': [software, private]}) == {code('MDFileTag')}
    assert needs({'any': [software, private]}) == {code('Software'), code('MDFileTag')}
    assert needs({'all': [software, {'any': [private, {'is_tiled': True}]}]}) == {code('Software')}
    assert needs({'any': [software, {'is_tiled': True}]}) is None
    assert needs({'not': private}) is None
    assert needs({'on_page': 1, 'holds': private}) is None
    assert needs({'flag': 'mdgel'}) == {code('MDFileTag')}
