"""Arguments, right and wrong, have the outcome that users of `tifffile` know.

Each case is run with both libraries in the same folder. Errors are alike if one is of the other's
type; values if they are shown alike; arrays in type, shape and dtype.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiffschema

tifffile = pytest.importorskip('tifffile', reason='tifffile: the oracle is absent')

zeros = np.zeros


def writes(**kwargs: Any) -> Callable[[Any], Any]:
    return lambda lib: lib.imwrite(io.BytesIO(), **kwargs)


def opened(ask: Callable[[Any], Any], name: str = 'a.tif') -> Callable[[Any], Any]:
    def run(lib: Any) -> Any:
        with lib.TiffFile(name) as tif:
            return ask(tif)

    return run


DELIBERATE = {
    'key -9': 'a page that is not there is an IndexError, whatever its sign',
    'return_as': 'what is not understood is refused',
    'out dtype': 'samples are converted where that loses nothing',
    'offset': 'there is nothing before the start of a file',
    'memmap shape': 'half of what is needed to create a file is said so',
    'kf2': 'None is no key frame',
    'page maxw': 'a negative number of threads is refused',
    'xarray key': 'an argument of the wrong type is a TypeError',
    'xarray sl': 'an argument of the wrong type is a TypeError',
    'w obj': 'an unknown type of samples is a ValueError that says so',
    'w comp jbig': 'an absent codec is an UnsupportedError, a ValueError',
    'w rgb': 'an image without colours is not written as RGB',
    'w res2': 'a value that does not fit is a ValueError',
    'w extra': 'tags that cannot be written are a ValueError',
    'w extra2': 'tags that cannot be written are a ValueError',
    'w extra4': 'tags that cannot be written are a ValueError',
    'w extra5': 'tags that cannot be written are a ValueError',
    'w extra8': 'numbers become fractions',
    'w ij ome': 'contradictions are refused',
    'w metadata': 'metadata that are no dictionary are a TypeError',
    'w align': 'what cannot be aligned to is a ValueError',
    'w align2': 'what cannot be aligned to is a ValueError',
    'w mode': 'what is not understood is refused',
    'fh neg': 'a position before the start is a ValueError',
    'pf7': 'a pattern needs an index',
    'xml': 'damaged XML is a FormatError',
}
"""Cases that end otherwise here, and why."""

CASES: dict[str, Callable[[Any], Any]] = {
    'imread none': lambda lib: lib.imread(None),
    'imread empty': lambda lib: lib.imread(''),
    'imread list': lambda lib: lib.imread([]),
    'imread missing': lambda lib: lib.imread('nope.tif'),
    'imread bad': lambda lib: lib.imread('bad.tif'),
    'imread emptyfile': lambda lib: lib.imread('empty.tif'),
    'glob none': lambda lib: lib.imread('x*.tif'),
    'kw': lambda lib: lib.imread('a.tif', foo=1),
    'key oor': lambda lib: lib.imread('a.tif', key=9),
    'key neg': lambda lib: lib.imread('a.tif', key=-1),
    'key -9': lambda lib: lib.imread('a.tif', key=-9),
    'key str': lambda lib: lib.imread('a.tif', key='a'),
    'key float': lambda lib: lib.imread('a.tif', key=1.0),
    'key empty': lambda lib: lib.imread('a.tif', key=[]),
    'key slice empty': lambda lib: lib.imread('a.tif', key=slice(5, 5)),
    'key slice': lambda lib: lib.imread('a.tif', key=slice(0, 2)),
    'key range': lambda lib: lib.imread('a.tif', key=range(2)),
    'key tuple oor': lambda lib: lib.imread('a.tif', key=(0, 7)),
    'series oor': lambda lib: lib.imread('a.tif', series=3),
    'series neg': lambda lib: lib.imread('a.tif', series=-1),
    'level oor': lambda lib: lib.imread('a.tif', level=3),
    'kind unknown': lambda lib: lib.imread('a.tif', kind='foo'),
    'kind not': lambda lib: lib.imread('a.tif', kind='ome'),
    'kind generic': lambda lib: lib.imread('a.tif', kind='generic'),
    'series str': lambda lib: lib.imread('a.tif', series='a'),
    'return_as': lambda lib: lib.imread('a.tif', return_as='foo'),
    'out shape': lambda lib: lib.imread('a.tif', out=zeros((2, 2), 'u2')),
    'out dtype': lambda lib: lib.imread('a.tif', out=zeros((3, 32, 16), 'f4')),
    'out memmap': lambda lib: lib.imread('a.tif', out='memmap'),
    'sel': lambda lib: lib.imread('a.tif', selection=(0,)),
    'sel oor': lambda lib: lib.imread('a.tif', selection=(9,)),
    'mode': lambda lib: lib.imread('a.tif', mode='w'),
    'offset': lambda lib: lib.imread('a.tif', offset=-1),
    'is_ome': lambda lib: lib.imread('a.tif', is_shaped=False),
    'squeeze': lambda lib: lib.imread('a.tif', squeeze=False),
    'multi': lambda lib: lib.imread(['b.tif', 'b.tif']),
    'multi pattern': lambda lib: lib.imread('*.tif', pattern='zzz'),
    'multi key': lambda lib: lib.imread(['a.tif', 'a.tif'], key=0),
    'multi foo': lambda lib: lib.imread(['a.tif', 'a.tif'], foo=0),
    'memmap compressed': lambda lib: lib.memmap('b.tif'),
    'memmap': lambda lib: type(lib.memmap('a.tif')).__name__,
    'memmap page oor': lambda lib: lib.memmap('a.tif', page=9),
    'memmap series oor': lambda lib: lib.memmap('a.tif', series=9),
    'memmap missing': lambda lib: lib.memmap('nope.tif'),
    'memmap mode': lambda lib: lib.memmap('a.tif', mode='q'),
    'memmap shape': lambda lib: lib.memmap('m.tif', shape=(3, 4)),
    'memmap new': lambda lib: lib.memmap(f'm{lib.__name__}.tif', shape=(3, 4), dtype='u1').shape,
    'memmap new c': lambda lib: lib.memmap(
        f'n{lib.__name__}.tif', shape=(3, 4), dtype='u1', compression='zlib'
    ),
    'page oor': opened(lambda t: t.pages[9]),
    'page slice': opened(lambda t: len(t.pages[:2])),
    'page str': opened(lambda t: t.pages['a']),
    'page list': opened(lambda t: len(t.pages[[0, 1]])),
    'page float': opened(lambda t: t.pages[1.0]),
    'page neg': opened(lambda t: t.pages[-1].index),
    'get': opened(lambda t: t.pages.get(9)),
    'get default': opened(lambda t: t.pages.get(9, default=5)),
    'get neg': opened(lambda t: t.pages.get(-1).index),
    'series of text': opened(lambda t: t.series['a']),
    'series 9': opened(lambda t: t.series[9]),
    'series slice': opened(lambda t: len(t.series[:1])),
    'series call': opened(lambda t: len(t.series(kind='uniform'))),
    'series call x': opened(lambda t: len(t.series(kind='xx'))),
    'series call lsm': opened(lambda t: len(t.series(kind='lsm'))),
    'tag key': opened(lambda t: t.pages[0].tags[99]),
    'tag name': opened(lambda t: t.pages[0].tags['Foo']),
    'tag get': opened(lambda t: t.pages[0].tags.get(99)),
    'tag valueof': opened(lambda t: t.pages[0].tags.valueof('Foo', 5)),
    'tag in': opened(lambda t: 'ImageWidth' in t.pages[0].tags),
    'tag getall': opened(lambda t: t.pages[0].tags.getall(99)),
    'tag index': opened(lambda t: t.pages[0].tags.get(270, index=9)),
    'attr': opened(lambda t: t.foo),
    'attr is': opened(lambda t: t.is_foo),
    'page attr': opened(lambda t: t.pages[0].foo),
    'page attr is': opened(lambda t: t.pages[0].is_foo),
    'metadata': opened(lambda t: t.foo_metadata),
    'resolution': opened(lambda t: t.pages[0].get_resolution('foo')),
    'resolution2': opened(lambda t: t.pages[0].get_resolution('inch')),
    'resolution3': opened(lambda t: t.pages[0].get_resolution(3, scale=2.0)),
    'resolution4': opened(lambda t: t.pages[0].get_resolution(scale=2.0)),
    'overwrite r': opened(lambda t: t.pages[0].tags[305].overwrite('a')),
    'kf': opened(lambda t: t.pages.set_keyframe(9)),
    'kf2': opened(lambda t: setattr(t.pages[0], 'keyframe', None)),
    'asarray out': opened(lambda t: t.pages[0].asarray(out=zeros((1, 1)))),
    'page sq': opened(lambda t: t.pages[0].asarray(squeeze=False).shape),
    'page maxw': opened(lambda t: t.pages[0].asarray(maxworkers=-1).shape),
    'asarray foo': opened(lambda t: t.asarray(foo=1)),
    'page asarray foo': opened(lambda t: t.pages[0].asarray(foo=1)),
    'aszarr': opened(lambda t: type(t.aszarr()).__name__),
    'xarray': opened(lambda t: t.asxarray().dims),
    'xarray key': opened(lambda t: t.asxarray(key=[0, 1]).dims),
    'xarray k': opened(lambda t: t.asxarray(key=0).dims),
    'xarray sl': opened(lambda t: t.asxarray(key=slice(None)).dims),
    'mode x': lambda lib: lib.TiffFile('a.tif', mode='x'),
    'kwarg': lambda lib: lib.TiffFile('a.tif', foo=1),
    'isfoo': lambda lib: lib.TiffFile('a.tif', is_foo=1).is_foo,
    'dir': lambda lib: lib.TiffFile('.'),
    'int': lambda lib: lib.TiffFile(5),
    'None': lambda lib: lib.TiffFile(None),
    'segments': opened(lambda t: [s[1:] for s in t.pages[0].segments()], 'e.tif'),
    'segments func': opened(lambda t: list(t.pages[0].segments(func=lambda s: s[1])), 'e.tif'),
    'w none': writes(data=None),
    'w none shape': writes(data=None, shape=(3, 4)),
    'w empty': writes(data=None, shape=(3, 4), dtype='u1'),
    'w str': writes(data='abc'),
    'w obj': writes(data=np.array([None])),
    'w comp': writes(data=zeros((4, 4), 'u1'), compression='foo'),
    'w comp2': writes(data=zeros((4, 4), 'u1'), compression=12345),
    'w comp jbig': writes(data=zeros((4, 4), 'u1'), compression='jbig'),
    'w phot': writes(data=zeros((4, 4), 'u1'), photometric='foo'),
    'w rgb': writes(data=zeros((4, 4), 'u1'), photometric='rgb'),
    'w planar': writes(data=zeros((4, 4), 'u1'), planarconfig='foo'),
    'w tile': writes(data=zeros((4, 4), 'u1'), tile=(5, 5)),
    'w tile1': writes(data=zeros((4, 4), 'u1'), tile=(16,)),
    'w tile4': writes(data=zeros((4, 4), 'u1'), tile=(16, 16, 16, 16)),
    'w rows': writes(data=zeros((4, 4), 'u1'), rowsperstrip=-1),
    'w rows0': writes(data=zeros((4, 4), 'u1'), rowsperstrip=0),
    'w bits': writes(data=zeros((4, 4), 'u1'), bitspersample=9),
    'w bits2': writes(data=zeros((4, 4), 'i1'), bitspersample=4),
    'w bits3': writes(data=zeros((4, 4), 'u2'), bitspersample=4),
    'w pred': writes(data=zeros((4, 4), 'u1'), predictor=True),
    'w pred2': writes(data=zeros((4, 4), 'u1'), predictor=3, compression='zlib'),
    'w pred3': writes(data=zeros((4, 4), 'u1'), predictor='foo', compression='zlib'),
    'w pred jpeg': writes(data=zeros((4, 4), 'u1'), predictor=True, compression='jpeg'),
    'w sub': writes(
        data=zeros((4, 4, 3), 'u1'), compression='jpeg', subsampling=(3, 3), photometric='rgb'
    ),
    'w icc': writes(data=zeros((4, 4), 'u1'), iccprofile=5),
    'w cmap': writes(data=zeros((4, 4), 'u1'), colormap=zeros((3, 5))),
    'w cmap2': writes(data=zeros((4, 4), 'f4'), colormap=zeros((3, 256), 'u2')),
    'w desc': writes(data=zeros((4, 4), 'u1'), description='ä'),
    'w descb': writes(data=zeros((4, 4), 'u1'), description=b'\xe4'),
    'w date': writes(data=zeros((4, 4), 'u1'), datetime='2020'),
    'w date ok': writes(data=zeros((4, 4), 'u1'), datetime='2020:01:01 00:00:00'),
    'w res': writes(data=zeros((4, 4), 'u1'), resolution=5),
    'w res2': writes(data=zeros((4, 4), 'u1'), resolution=(-1, 1)),
    'w res3': writes(data=zeros((4, 4), 'u1'), resolution=(1, 2, 3)),
    'w resu': writes(data=zeros((4, 4), 'u1'), resolutionunit='foo'),
    'w soft': writes(data=zeros((4, 4), 'u1'), software='ä'),
    'w extra': writes(data=zeros((4, 4), 'u1'), extratags=[(1, 2)]),
    'w extra2': writes(data=zeros((4, 4), 'u1'), extratags=[('Foo', 3, 1, 1)]),
    'w extra3': writes(data=zeros((4, 4), 'u1'), extratags=[(65000, 99, 1, 1, True)]),
    'w extra4': writes(data=zeros((4, 4), 'u1'), extratags=[(65000, 3, 2, 1, True)]),
    'w extra5': writes(data=zeros((4, 4), 'u1'), extratags=[(65000, 3, 1, 70000, True)]),
    'w extra6': writes(data=zeros((4, 4), 'u1'), extratags=[(65000, 's', 0, 'ä', True)]),
    'w extra7': writes(data=zeros((4, 4), 'u1'), extratags=[(65000, 5, 1, (1, 2), True)]),
    'w extra8': writes(data=zeros((4, 4), 'u1'), extratags=[(65000, 5, 1, 1.5, True)]),
    'w bo': writes(data=zeros((4, 4), 'u1'), byteorder='x'),
    'w kind': writes(data=zeros((4, 4), 'u1'), kind='foo'),
    'w ij': writes(data=zeros((4, 4), 'f8'), imagej=True),
    'w ome': writes(data=zeros((4, 4), 'f2'), ome=True),
    'w ome i8': writes(data=zeros((4, 4), 'i8'), ome=True),
    'w ij ome': writes(data=zeros((4, 4), 'u1'), ome=True, imagej=True),
    'w ijaxes': writes(data=zeros((4, 4), 'u1'), imagej=True, metadata={'axes': 'XY'}),
    'w omeaxes': writes(data=zeros((4, 4), 'u1'), ome=True, metadata={'axes': 'ZYX'}),
    'w shapeaxes': writes(data=zeros((4, 4), 'u1'), metadata={'axes': 'ZYX'}),
    'w shape': writes(data=zeros((4, 4), 'u1'), shape=(3, 3)),
    'w dtype': writes(data=zeros((4, 4), 'u1'), dtype='u2'),
    'w metadata': writes(data=zeros((4, 4), 'u1'), metadata=5),
    'w trunc': writes(data=zeros((4, 4), 'u1'), truncate=True, compression='zlib'),
    'w vol': writes(data=zeros((4, 4, 4), 'u1'), volumetric=True, ome=True),
    'w align': writes(data=zeros((4, 4), 'u1'), align=0),
    'w align2': writes(data=zeros((4, 4), 'u1'), align=-5),
    'w ret': writes(data=zeros((4, 4), 'u1'), returnoffset=True),
    'w ret c': writes(data=zeros((4, 4), 'u1'), returnoffset=True, compression='zlib'),
    'w foo': writes(data=zeros((4, 4), 'u1'), foo=1),
    'w zero': writes(data=zeros((0, 4), 'u1')),
    'w scalar': writes(data=5),
    'w list': writes(data=[[1, 2], [3, 4]]),
    'w sft': writes(data=zeros((4, 4), 'u1'), subfiletype='foo'),
    'w extras': writes(data=zeros((4, 4, 4), 'u1'), photometric='rgb', extrasamples=['foo']),
    'w extras2': writes(data=zeros((4, 4, 4), 'u1'), photometric='rgb', extrasamples=[1, 2]),
    'w jpegargs': writes(
        data=zeros((16, 16), 'u1'), compression='jpeg', compressionargs={'foo': 1}
    ),
    'w jpeg f4': writes(data=zeros((16, 16), 'f4'), compression='jpeg'),
    'w iter': writes(data=iter([zeros((4, 4), 'u1')]), shape=(2, 4, 4), dtype='u1'),
    'w iter noshape': writes(data=iter([zeros((4, 4), 'u1')])),
    'w mode': writes(data=zeros((4, 4), 'u1'), mode='q'),
    'w append': lambda lib: lib.imwrite('bad.tif', zeros((4, 4), 'u1'), append=True),
    'w x': lambda lib: lib.imwrite('a.tif', zeros((4, 4), 'u1'), mode='x'),
    'w int': lambda lib: lib.imwrite(5, zeros((4, 4), 'u1')),
    'w nodir': lambda lib: lib.imwrite('no/such/dir.tif', zeros((4, 4), 'u1')),
    'w complex': writes(data=zeros((4, 4), 'c8'), compression='zlib', predictor=True),
    'w bool tile': writes(data=zeros((4, 4), bool), tile=(16, 16)),
    'w longdouble': writes(data=zeros((4, 4), np.longdouble)),
    'w big dim': writes(data=None, shape=(1 << 33, 1), dtype='u1'),
    'comment none': lambda lib: lib.tiffcomment('nope.tif'),
    'comment': lambda lib: lib.tiffcomment('a.tif'),
    'comment page': lambda lib: lib.tiffcomment('a.tif', pageindex=9),
    'comment tag': lambda lib: lib.tiffcomment('a.tif', tagcode='Foo'),
    'comment ascii': lambda lib: lib.tiffcomment('a.tif', 'ä'),
    'enumarg': lambda lib: lib.enumarg(lib.COMPRESSION, 'foo'),
    'enumarg2': lambda lib: lib.enumarg(lib.COMPRESSION, 8).name,
    'enumarg3': lambda lib: lib.enumarg(lib.COMPRESSION, 'Lzw').name,
    'transpose': lambda lib: lib.transpose_axes(zeros((2, 3)), 'YX', 'XYZ'),
    'transpose2': lambda lib: lib.transpose_axes(zeros((2, 3)), 'YX').shape,
    'transpose3': lambda lib: lib.transpose_axes(zeros((2, 3)), 'YXZ'),
    'reshape': lambda lib: lib.reshape_axes('YXS', (1, 2, 3), (6,)),
    'reshape2': lambda lib: lib.reshape_axes('YX', (2, 3), (7,)),
    'reshape3': lambda lib: lib.reshape_axes('Y', (2, 3), (6,)),
    'create': lambda lib: lib.create_output(5, (2, 2), 'u1'),
    'create2': lambda lib: lib.create_output(zeros((2, 3)), (2, 2), 'u1'),
    'create3': lambda lib: type(lib.create_output('memmap', (2, 2), 'u1')).__name__,
    'create4': lambda lib: lib.create_output(zeros((2, 2), 'f8'), (2, 2), 'u1').dtype.name,
    'create5': lambda lib: lib.create_output(zeros((4,), 'u1'), (2, 2), 'u1').shape,
    'seq': lambda lib: lib.TiffSequence('x*.tif'),
    'seq2': lambda lib: lib.TiffSequence(['a.tif'], pattern='zz'),
    'seq3': lambda lib: lib.TiffSequence('a.tif').shape,
    'seq4': lambda lib: lib.FileSequence(lib.imread, []),
    'seq5': lambda lib: lib.TiffSequence([]),
    'seq6': lambda lib: lib.TiffSequence(['b.tif', 'b.tif']).asarray().shape,
    'seq7': lambda lib: lib.TiffSequence(['a.tif', 'b.tif']).asarray().shape,
    'stored': lambda lib: tuple(lib.StoredShape(1, 1, 1, 4, 4, 3)),
    'stored2': lambda lib: lib.StoredShape(1, 3, 1, 4, 4, 3).is_valid,
    'stored3': lambda lib: lib.StoredShape(1, 1, 1, 4, 4, 3)[9],
    'stored4': lambda lib: lib.StoredShape(1, 1, 1, 4, 4, 3) == (1, 1, 1, 4, 4, 3),
    'stored5': lambda lib: lib.StoredShape(2, 1, 1, 4, 4, 3).squeezed,
    'tiled': lambda lib: lib.TiledSequence((2,), (4, 4), axestiled={5: 0}),
    'tiled2': lambda lib: lib.TiledSequence((2, 2), (4, 4), axestiled={0: 0, 1: 0}),
    'tiled3': lambda lib: lib.TiledSequence((2,), (4, 4), axes='YX'),
    'fh mode': lambda lib: lib.FileHandle('a.tif', mode='q'),
    'fh neg': lambda lib: lib.FileHandle('a.tif').seek(-5),
    'fh read': lambda lib: lib.FileHandle('a.tif').read(4),
    'fh write': lambda lib: lib.FileHandle('a.tif').write(b'a'),
    'fh int': lambda lib: lib.FileHandle(5),
    'fh read_array': lambda lib: lib.FileHandle('a.tif').read_array('u1', 10**9),
    'fh read_array2': lambda lib: lib.FileHandle('a.tif').read_array('<u2', 3, 0).tolist(),
    'fh readrec': lambda lib: lib.FileHandle('a.tif').read_record([('a', '<u2')]),
    'fh bytes': lambda lib: lib.FileHandle(io.BytesIO(b'123')).size,
    'fh ext': lambda lib: lib.FileHandle('a.tif').extension,
    'fh dir': lambda lib: lib.FileHandle('a.tif').dirname == os.getcwd(),
    'pf': lambda lib: lib.parse_filenames(['c1.tif', 'c2.tif'], 'axes')[:3],
    'pf2': lambda lib: lib.parse_filenames(['c1.tif', 'd2.tif'], r'(c|d)(\d)'),
    'pf3': lambda lib: lib.parse_filenames(['a.tif'], r'(\d)'),
    'pf4': lambda lib: lib.parse_filenames(['x1_y2.tif', 'x2_y2.tif'], r'(?P<a>\d)_y(?P<b>\d)')[:3],
    'pf5': lambda lib: lib.parse_filenames(['a1.tif', 'a3.tif'], r'(\d)')[:3],
    'pf6': lambda lib: lib.parse_filenames(['a1.tif'], r'(\d)', axesorder=[1]),
    'pf7': lambda lib: lib.parse_filenames(
        ['ax.tif', 'ay.tif'], r'a(.)', categories={'Q': {'x': 0, 'y': 1}}
    )[:3],
    'pf8': lambda lib: lib.parse_filenames(['c1_foo_t1.tif', 'c1_foo_t2.tif'], 'axes')[:3],
    'pf9': lambda lib: lib.parse_filenames(['ax.tif'], r'a(?P<p>.)', categories={'p': {'y': 1}}),
    'pf10': lambda lib: lib.parse_filenames([]),
    'pf11': lambda lib: lib.parse_filenames(['a1', 'a2'], r'(\d)', _shape=(3,))[:3],
    'pf12': lambda lib: lib.parse_filenames(['a1', 'a2'], r'(\d)', _shape=(1,))[:3],
    'hexdump': lambda lib: lib.hexdump(bytes(range(32))),
    'hexdump0': lambda lib: lib.hexdump(b''),
    'pformat': lambda lib: lib.pformat({'a': 1}),
    'format_size': lambda lib: lib.format_size(2**20),
    'natural': lambda lib: lib.natural_sorted(['f2', 'f10', 'f1a']),
    'ijd': lambda lib: lib.imagej_description((3, 4, 5)),
    'ijd2': lambda lib: lib.imagej_description((3, 4, 5), axes='XYZ'),
    'ijd3': lambda lib: lib.imagej_description((1,) * 8),
    'ome': lambda lib: lib.OmeXml().addimage('f2', (4, 4), (1, 1, 1, 4, 4, 1)),
    'ome2': lambda lib: lib.OmeXml().addimage('u1', (4, 4), (1, 1, 1, 5, 4, 1)),
    'ome3': lambda lib: lib.OmeXml().addimage('u1', (4, 4), (1, 1, 1, 4, 4, 1), axes='XX'),
    'xml': lambda lib: lib.xml2dict('<a'),
    'strptime': lambda lib: lib.strptime('foo'),
    'rat': lambda lib: lib.rational(None),
    'rep': lambda lib: lib.repeat_nd([1], (1, 2)),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small files, written by the other library."""
    path = tmp_path_factory.mktemp('arguments')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        tifffile.imwrite(path / 'a.tif', zeros((3, 32, 16), 'u2'), photometric='minisblack')
        tifffile.imwrite(path / 'b.tif', zeros((32, 16), 'u1'), compression='zlib')
        colours = zeros((3, 32, 16, 3), 'u1')
        tifffile.imwrite(path / 'e.tif', colours, photometric='rgb', tile=(16, 16))
    (path / 'bad.tif').write_bytes(b'hello world')
    (path / 'empty.tif').touch()
    return path


def outcome(case: Callable[[Any], Any], library: Any) -> tuple[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            value = case(library)
        except Exception as error:  # noqa: BLE001
            return 'error', error
    if isinstance(value, np.ndarray):
        return 'array', (type(value).__name__, value.shape, value.dtype.name)
    return 'value', repr(value)


def alike(theirs: tuple[str, Any], ours: tuple[str, Any]) -> bool:
    if theirs[0] != 'error' or ours[0] != 'error':
        return theirs == ours
    left, right = type(theirs[1]), type(ours[1])
    names = {base.__name__ for base in right.__mro__}
    return issubclass(left, right) or issubclass(right, left) or left.__name__ in names


@pytest.mark.parametrize('name', CASES)
def test_case(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    theirs, ours = outcome(CASES[name], tifffile), outcome(CASES[name], tiffschema)
    assert alike(theirs, ours) == (name not in DELIBERATE), (theirs, ours)
