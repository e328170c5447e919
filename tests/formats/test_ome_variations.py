"""OME-XML as others write it, and as nobody should: beside tifffile, with each difference named."""

from __future__ import annotations

import io
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema.runtime.file import TiffFile
from tiffschema.writer.tiffwriter import TiffWriter

SHAPE = (8, 9)
NAMESPACE = 'http://www.openmicroscopy.org/Schemas/OME/'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SHUFFLED = ''.join(
    f'<TiffData IFD="{11 - i}" FirstC="{i % 2}" FirstZ="{i // 2 % 3}" FirstT="{i // 6}"/>'
    for i in range(12)
)
OLD, ALL = '<TiffData NumPlanes="12"/>', '<TiffData PlaneCount="12"/>'
THREE = '<Channel SamplesPerPixel="3"/>'
LABELS = '<Label>a</Label><Label>b</Label>'
BOMB = ''.join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))


def pixels(
    c: int = 2,
    z: int = 3,
    t: int = 2,
    *,
    order: str = 'XYCZT',
    data: str = '<TiffData/>',
    channels: str = '',
    more: str = '',
) -> str:
    return (
        f'<Pixels ID="Pixels:0" DimensionOrder="{order}" Type="uint8" SizeX="{SHAPE[1]}" '
        f'SizeY="{SHAPE[0]}" SizeC="{c}" SizeZ="{z}" SizeT="{t}" {more}>{channels}{data}</Pixels>'
    )


def document(
    inside: str,
    *,
    head: str = HEAD,
    namespace: str = f'{NAMESPACE}2016-06',
    root: str = '',
    behind: str = '',
) -> str:
    return (
        f'{head}<OME xmlns="{namespace}"{root}><Image ID="Image:0">{inside}</Image>{behind}</OME>'
    )


def file(text: str | bytes | None, planes: int = 12, samples: int = 1) -> bytes:
    shape = (planes, *SHAPE) if samples == 1 else (planes, *SHAPE, samples)
    data = (np.arange(np.prod(shape)) % 251).astype('u1').reshape(shape)
    buffer = io.BytesIO()
    with TiffWriter(buffer) as writer:
        for number, plane in enumerate(data):
            writer.write(
                plane,
                description=text if number == 0 else None,
                metadata=None,
                contiguous=False,
                photometric='rgb' if samples > 1 else 'minisblack',
            )
    return buffer.getvalue()


def modulo(inside: str) -> str:
    annotation = '<XMLAnnotation ID="A:0" Namespace="openmicroscopy.org/omero/dimension/modulo">'
    return document(
        pixels(z=6, t=1) + '<AnnotationRef ID="A:0"/>',
        behind=f'<StructuredAnnotations>{annotation}<Value><Modulo namespace="x">{inside}</Modulo>'
        '</Value></XMLAnnotation></StructuredAnnotations>',
    )


ALIKE: dict[str, tuple[str | bytes, int]] = {
    'byte order mark': (('\ufeff' + document(pixels())).encode(), 1),
    'Latin-1': (
        document(
            '<Description>caf\xe9</Description>' + pixels(),
            head='<?xml version="1.0" encoding="ISO-8859-1"?>',
        ).encode('latin-1'),
        1,
    ),
    'wrong encoding': (document(pixels(), head=HEAD.replace('8', '16')), 1),
    'no declaration': (document(pixels(), head='') + '\n ', 1),
    'entities': (document('<Description>&lt;a&amp;&#956;</Description>' + pixels()), 1),
    'prefix': (
        document(pixels())
        .replace('<', '<o:')
        .replace('<o:?', '<?')
        .replace('<o:/', '</o:')
        .replace('xmlns=', 'xmlns:o='),
        1,
    ),
    **{
        version: (document(pixels(data=OLD), namespace=NAMESPACE + version), 1)
        for version in ('2003-FC', '2007-06', '2008-02', '2008-09')
    },
    **{
        version: (document(pixels(data=ALL), namespace=NAMESPACE + version), 1)
        for version in ('2009-09', '2010-06', '2011-06', '2012-06', '2013-06', '2015-01')
    },
    'first plane only': (document(pixels(data='<TiffData IFD="0"/>')), 1),
    'second half': (document(pixels(data='<TiffData FirstT="1"/>')), 1),
    'in the middle': (document(pixels(data='<TiffData IFD="3" FirstZ="1" PlaneCount="3"/>')), 1),
    'shuffled': (document(pixels(data=SHUFFLED)), 1),
    'planes that are not there': (document(pixels(data='<TiffData IFD="20" PlaneCount="2"/>')), 1),
    'too many planes': (document(pixels(data='<TiffData IFD="0" PlaneCount="100"/>')), 1),
    'places that are not there': (
        document(pixels(data='<TiffData FirstC="9" IFD="0"/><TiffData IFD="1" FirstC="1"/>')),
        1,
    ),
    **{order: (document(pixels(order=order)), 1) for order in ('XYZTC', 'XYTCZ', 'YXCZT')},
    'more planes than pages': (document(pixels(t=5)), 1),
    'fewer planes than pages': (document(pixels(t=1)), 1),
    'no planes': (document(pixels(t=0)), 1),
    'interleaved': (
        document(pixels(3, channels=THREE, more='Interleaved="true"', z=6)),
        3,
    ),
    'two colour channels': (
        document(pixels(6, channels=THREE * 2)),
        3,
    ),
    'samples that are not told': (document(pixels(3, channels='<Channel/>')), 3),
    'annotations of others': (
        document(
            pixels(),
            behind='<s:StructuredAnnotations xmlns:s="urn:x"><s:XMLAnnotation ID="A:1">'
            '<s:Value><a b="c"/></s:Value></s:XMLAnnotation></s:StructuredAnnotations>',
        ),
        1,
    ),
    'angles': (modulo('<ModuloAlongZ Type="angle" Start="0" End="2" Step="1"/>'), 1),
    'wavelengths': (modulo('<ModuloAlongC Type="lambda" Start="0" End="0.1" Step="0.1"/>'), 1),
    'tiles': (modulo(f'<ModuloAlongZ Type="tile">{LABELS}</ModuloAlongZ>'), 1),
    'angles that do not divide': (modulo('<ModuloAlongZ Type="angle" Start="0" End="3"/>'), 1),
}


def read(library: Any, data: bytes) -> tuple[Any, ...]:
    with warnings.catch_warnings(), library(io.BytesIO(data)) as tif:
        warnings.simplefilter('ignore')
        series = tif.series[0]
        return series.kind, tuple(series.shape), series.axes, series.asarray()


@pytest.mark.parametrize('case', ALIKE)
def test_variations_are_read_alike(case: str) -> None:
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the reader to compare with')
    text, samples = ALIKE[case]
    data = file(text, samples=samples)
    logging.getLogger('tifffile').disabled = True
    try:
        theirs = read(tifffile.TiffFile, data)
    finally:
        logging.getLogger('tifffile').disabled = False
    ours = read(TiffFile, data)
    assert ours[:3] == theirs[:3]
    np.testing.assert_array_equal(ours[3], theirs[3])


# What tifffile refuses, reads otherwise, or has no memory for.
OTHERS: dict[str, tuple[str, str, str]] = {
    'no TiffData': (document(pixels(data='')), 'ome', ''),
    'a negative page': (document(pixels(data='<TiffData IFD="-1"/>')), 'generic', 'IFD is'),
    'a page in words': (document(pixels(data='<TiffData IFD="x"/>')), 'generic', 'IFD is'),
    'planes without end': (
        document(pixels(data='<TiffData IFD="0" PlaneCount="99999999999"/>')),
        'generic',
        'PlaneCount',
    ),
    'sizes without end': (document(pixels(t=2**31 - 1)), 'generic', 'planes, 67108864 are allowed'),
    'an axis twice': (document(pixels(order='XYCZX')), 'generic', 'DimensionOrder'),
    'too few axes': (document(pixels(order='XYCZ')), 'generic', 'DimensionOrder'),
    'steps of nothing': (
        modulo('<ModuloAlongZ Type="angle" Start="0" End="3" Step="0"/>'),
        'ome',
        'divide',
    ),
    'steps without end': (
        modulo('<ModuloAlongZ Type="?" Start="0" End="1e99" Step="1e-9"/>'),
        'ome',
        'divide',
    ),
    'no steps': (modulo('<ModuloAlongZ/>'), 'ome', 'divide'),
    'entities in entities': (
        document(
            '<Description>&e9;</Description>' + pixels(),
            head=f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{BOMB}]>',
        ),
        'generic',
        'entities are refused',
    ),
    'entities of other files': (
        document(
            '<Description>&e;</Description>' + pixels(),
            head='<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        ),
        'generic',
        'entities are refused',
    ),
}


@pytest.mark.parametrize('case', OTHERS)
def test_what_cannot_be_meant_is_a_fault(case: str) -> None:
    text, kind, message = OTHERS[case]
    with TiffFile(file(text)) as tif:
        assert tif.series[0].kind == kind
        assert tif.series[0].asarray().shape[-2:] == SHAPE
        assert any(message in str(fault) for fault in tif.faults) == bool(message)


def pair(name: str, *, own: str = 'urn:uuid:0', root: str = ' UUID="urn:uuid:0"') -> bytes:
    """Return a file whose second half is in a file of a name."""
    halves = (
        f'<TiffData IFD="0" PlaneCount="6"><UUID FileName="a.ome.tif">{own}</UUID></TiffData>'
        '<TiffData IFD="0" FirstT="1" PlaneCount="6">'
        f'<UUID FileName="{name}">urn:uuid:1</UUID></TiffData>'
    )
    return file(document(pixels(data=halves), root=root), 6)


@pytest.mark.parametrize(
    ('name', 'there', 'options'),
    [
        ('b.ome.tif', True, {}),
        ('sub/b.ome.tif', True, {}),
        ('sub\\b.ome.tif', True, {}),
        ('b.ome.tif', True, {'own': 'urn:uuid:9'}),
        ('b.ome.tif', True, {'root': ''}),
        ('c.ome.tif', False, {}),
        ('../b.ome.tif', False, {}),
        ('text.ome.tif', False, {}),
        ('', False, {}),
    ],
)
def test_files_of_sets(tmp_path: Path, name: str, there: bool, options: dict[str, str]) -> None:
    folder = tmp_path / 'set'
    (folder / 'sub').mkdir(parents=True)
    other = file(None, 6)
    for path in (folder / 'b.ome.tif', folder / 'sub' / 'b.ome.tif', tmp_path / 'b.ome.tif'):
        path.write_bytes(other)
    (folder / 'text.ome.tif').write_bytes(b'text')
    path = folder / 'a.ome.tif'
    path.write_bytes(pair(name, **options))
    with TiffFile(path) as tif, TiffFile(other) as half:
        image = tif.series[0].asarray()
        assert image.shape == (2, 3, 2, *SHAPE)
        wanted = half.asarray(key=slice(None)).reshape(image[0].shape)
        np.testing.assert_array_equal(image[0], wanted)
        np.testing.assert_array_equal(image[1], wanted if there else 0)
        assert bool(tif.faults) != there


def test_streams_have_no_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the current directory has nothing to do with bytes in memory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'b.ome.tif').write_bytes(file(None, 6))
    for stream in (pair('b.ome.tif'), io.BytesIO(pair('b.ome.tif'))):
        with TiffFile(stream) as tif:
            assert not tif.series[0].asarray()[1].any()
            assert any('in no folder' in str(fault) for fault in tif.faults)


@pytest.mark.parametrize(
    ('name', 'value', 'axis'),
    [('PhysicalSizeX', 'wide', 'X'), ('PhysicalSizeY', 'NaN', 'Y'), ('TimeIncrement', '', 'T')],
)
def test_numbers_that_are_none_are_faults(name: str, value: str, axis: str) -> None:
    with TiffFile(file(document(pixels(more=f'{name}="{value}"')))) as tif:
        assert tif.series[0].shape == (2, 3, 2, *SHAPE)
        assert [name in str(fault) for fault in tif.faults] == [True]
        assert axis not in tif.series[0].coord_units
