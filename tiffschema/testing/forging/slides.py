"""Small slides of every vendor, with known pixels and texts.

Knows how vendors lay out pages; written by this library's writer and directory builders.
"""

from __future__ import annotations

import io
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.directory import Entry, codec
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.writer.tiffwriter import TiffWriter

__all__ = [
    'aperio', 'avs', 'bif', 'huron', 'indica', 'ndpi', 'philips', 'qpi', 'scn', 'trestle',
]  # fmt: skip

Array = NDArray[Any]
TILE = (16, 16)
LENGTH, WIDTH = 96, 128
MPP = 0.5
PER_CENTIMETRE = {'resolution': (20000, 20000), 'resolutionunit': 3}


def pixels(length: int, width: int, samples: int = 3, seed: int = 0, dtype: str = 'u1') -> Array:
    """Return an image in which every pixel tells its place, and another seed other values."""
    y, x, s = np.ogrid[:length, :width, :samples]
    values = (3 * x + 5 * y + 40 * s + 17 * seed) % 251
    image: Array = values.astype(dtype)
    return image if samples > 1 else image[..., 0]


class _Pages:
    """A file written page by page."""

    def __init__(self, *, bigtiff: bool = False, byteorder: str = '<') -> None:
        self.stream = io.BytesIO()
        self.writer = TiffWriter(self.stream, bigtiff=bigtiff, byteorder=byteorder)

    def add(self, image: Array, *, tiled: bool = True, **tags: Any) -> Array:
        """Write a page and return its image."""
        tags.setdefault('software', False)
        tags.setdefault('photometric', 'rgb' if image.shape[-1] == 3 else 'minisblack')
        if tiled:
            tags.update(tile=TILE, compression='zlib')
        self.writer.write(image, metadata=None, **tags)
        return image

    def data(self) -> bytes:
        """Return the file."""
        self.writer.close()
        return self.stream.getvalue()


def _scaled(factor: int, samples: int = 3, seed: int = 0, dtype: str = 'u1') -> Array:
    return pixels(LENGTH // factor, WIDTH // factor, samples, seed + factor, dtype)


def _label_and_macro(pages: _Pages, head: str, **tags: Any) -> list[ForgedSeries]:
    label = pages.add(
        pixels(20, 22, seed=7), tiled=False, subfiletype=1,
        description=f'{head}\r\nlabel 22x20', **tags,
    )  # fmt: skip
    macro = pages.add(
        pixels(20, 44, seed=8), tiled=False, subfiletype=9,
        description=f'{head}\r\nmacro 44x20', **tags,
    )  # fmt: skip
    return [ForgedSeries('Label', 'YXS', (label,)), ForgedSeries('Macro', 'YXS', (macro,))]


def _aperio(
    kind: str, head: str, text: str, planes: int, byteorder: str, flagged: bool, **tags: Any
) -> Forged:
    pages = _Pages(byteorder=byteorder)
    stacks: list[list[Array]] = []
    thumbnail = None
    for factor in (1, 4, 16):
        stack = []
        for plane in range(planes):
            focus = f'|OffsetZ = {plane * 1.5}' if planes > 1 else ''
            stack.append(
                pages.add(
                    _scaled(factor, seed=plane),
                    description=f'{text}{focus}',
                    subfiletype=int(flagged and factor > 1),
                    **tags,
                )
            )
            if thumbnail is None:
                thumbnail = pages.add(pixels(24, 33, seed=5), tiled=False, description=text, **tags)
        stacks.append(stack)
    others = _label_and_macro(pages, head, **tags)
    levels = tuple(np.stack(stack) if planes > 1 else stack[0] for stack in stacks)
    assert thumbnail is not None
    return Forged(
        kind,
        {f'slide.{"svs" if kind == "svs" else "tif"}': pages.data()},
        (
            ForgedSeries('Baseline', 'ZYXS' if planes > 1 else 'YXS', levels, (MPP, MPP)),
            ForgedSeries('Thumbnail', 'YXS', (thumbnail,)),
            *others,
        ),
    )


def aperio(kind: str, *, planes: int = 1, byteorder: str = '<', flagged: bool = False) -> Forged:
    """Return a slide of Aperio, Mikroscan or Motic.

    Parameters:
        kind: ``svs``, ``mikroscan`` or ``motic``.
        planes: Focal planes, stored plane by plane behind each other.
        byteorder: ``'<'`` or ``'>'``.
        flagged: Mark levels as reduced images.
    """
    head = {
        'svs': 'Aperio Image Library v10.0.51',
        'mikroscan': 'Mikroscan Image Structure v1',
        'motic': 'Motic V1.0',
    }[kind]
    text = (
        f'{head}\r\n{WIDTH}x{LENGTH} (16x16) RAW/RGB Q=30|AppMag = 20|MPP = {MPP}'
        '|Date = 12/29/09|Time = 09:59:15|ScanScope ID = FORGED'
    )
    return _aperio(kind, head, text, planes, byteorder, flagged)


def huron(*, byteorder: str = '<') -> Forged:
    """Return a slide of Huron; the size of pixels is in tags and text."""
    text = f'Resolution = {MPP} um\nScan Size = 3\nBarcode = SFVST04='
    return _aperio(
        'huron', 'Huron', text, 1, byteorder, False,
        extratags=[(271, 2, 0, 'Huron Digital Pathology', True)], **PER_CENTIMETRE,
    )  # fmt: skip


def trestle(*, byteorder: str = '<') -> Forged:
    """Return a slide of Trestle: pages are levels, resolution tags hold the size of pixels."""
    pages = _Pages(byteorder=byteorder)
    text = 'Background Color=E6E6E6;White Balance=FFFFFF;Objective Power=40;OverlapsXY= 2 2 1 1'
    levels = tuple(
        pages.add(
            _scaled(factor),
            software='MedScan 1.0',
            description=text,
            resolution=(MPP * factor, MPP * factor),
            resolutionunit=1,
        )
        for factor in (1, 2, 4)
    )
    return Forged(
        'trestle',
        {'slide.tif': pages.data()},
        (ForgedSeries('Baseline', 'YXS', levels, (MPP, MPP)),),
        {'Objective Power': 40, 'OverlapsXY': (2, 2, 1, 1)},
        faults=('tiles overlap',),
    )


def qpi(*, channels: int = 3, byteorder: str = '<', bigtiff: bool = False) -> Forged:
    """Return a slide of PerkinElmer.

    Parameters:
        channels: Pages of 16-bit samples per level; 1 makes a slide of RGB.
        byteorder: ``'<'`` or ``'>'``.
        bigtiff: Offsets of 64 bits.
    """
    pages = _Pages(bigtiff=bigtiff, byteorder=byteorder)
    tags: dict[str, Any] = {'software': 'PerkinElmer-QPI', **PER_CENTIMETRE}

    def text(role: str, name: str = '') -> str:
        return (
            '<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription>'
            f'<DescriptionVersion>2</DescriptionVersion><ImageType>{role}</ImageType>'
            f'<Name>{name}</Name><Objective>20x</Objective></PerkinElmer-QPI-ImageDescription>'
        )

    rgb = channels == 1
    levels: list[Array] = []
    thumbnail = None
    for factor in (1, 2, 4):
        role = 'FullResolution' if factor == 1 else 'ReducedResolution'
        stack = [
            pages.add(
                _scaled(factor, 3 if rgb else 1, c, 'u1' if rgb else 'u2'),
                subfiletype=int(factor > 1),
                description=text(role, f'C{c}'),
                **tags,
            )
            for c in range(channels)
        ]
        levels.append(stack[0] if rgb else np.stack(stack))
        if thumbnail is None:
            image = pixels(24, 33, seed=5)
            thumbnail = pages.add(image, tiled=False, description=text('Thumbnail'), **tags)
    macro = pages.add(pixels(20, 44, seed=8), tiled=False, description=text('Overview'), **tags)
    label = pages.add(pixels(20, 22, seed=7), tiled=False, description=text('Label'), **tags)
    assert thumbnail is not None
    return Forged(
        'qpi',
        {'slide.qptiff': pages.data()},
        (
            ForgedSeries('Baseline', 'YXS' if rgb else 'CYX', tuple(levels), (MPP, MPP)),
            ForgedSeries('Thumbnail', 'YXS', (thumbnail,)),
            ForgedSeries('Macro', 'YXS', (macro,)),
            ForgedSeries('Label', 'YXS', (label,)),
        ),
    )


def bif(*, byteorder: str = '<') -> Forged:
    """Return a slide of Ventana, with one measured joint of tiles."""
    pages = _Pages(bigtiff=True, byteorder=byteorder)
    scan = b'<?xml version="1.0"?><Metadata><iScan ScanRes="0.5" Magnification="40"/></Metadata>'
    joints = (
        b'<EncodeInfo Ver="2"><SlideStitchInfo><ImageInfo AOIScanned="1" Width="16" Height="16"'
        b' NumCols="8" NumRows="6" Pos-X="0" Pos-Y="0"><TileJointInfo FlagJoined="1"'
        b' Confidence="99" Direction="RIGHT" Tile1="1" Tile2="2" OverlapX="2" OverlapY="0"/>'
        b'<TileJointInfo FlagJoined="1" Confidence="99" Direction="UP" Tile1="1" Tile2="16"'
        b' OverlapX="0" OverlapY="1"/></ImageInfo></SlideStitchInfo>'
        b'<AoiOrigin><AOI0 OriginX="0" OriginY="0"/></AoiOrigin></EncodeInfo>'
    )
    overview = pages.add(
        pixels(40, 20, seed=8), tiled=False, description='Label_Image',
        software='ScanOutputManager 1.1', extratags=[(700, 1, len(scan), scan, True)],
    )  # fmt: skip
    image = pixels(40, 20, 1, seed=9)
    probability = pages.add(image, tiled=False, description='Probability_Image')
    levels = []
    for number, factor in enumerate((1, 2, 4)):
        extra = [(700, 1, len(joints), joints, True)] if factor == 1 else []
        text = f'level={number} mag={40 / factor:g} quality=90'
        levels.append(pages.add(_scaled(factor), description=text, extratags=extra))
    return Forged(
        'bif',
        {'slide.bif': pages.data()},
        (
            ForgedSeries('Baseline', 'YXS', tuple(levels), (MPP, MPP)),
            ForgedSeries('Overview', 'YXS', (overview,)),
            ForgedSeries('Probability', 'YX', (probability,)),
        ),
        faults=('tiles overlap',),
    )


def avs(*, planes: int = 1) -> Forged:
    """Return a slide of Argos: a pyramid for each plane, map and macro."""
    pages = _Pages(bigtiff=True)
    text = (
        '<Argos.Scan.Metadata><ObjectiveMagnification>20</ObjectiveMagnification>'
        f'<MinZ>0</MinZ><MaxZ>{planes - 1}</MaxZ><ZRange>{1.5 * (planes - 1)}</ZRange>'
        '</Argos.Scan.Metadata>'
    )
    stacks: dict[int, list[Array]] = {1: [], 2: [], 4: []}
    for plane in range(planes):
        for factor, stack in stacks.items():
            extra = [] if plane or factor > 1 else [(65000, 2, 0, text, True)]
            tags: dict[str, Any] = {
                'resolution': (20000 / factor, 20000 / factor),
                'resolutionunit': 3,
            }
            stack.append(pages.add(_scaled(factor, seed=plane), extratags=extra, **tags))
    overview = pages.add(pixels(24, 31, seed=5), tiled=False)
    macro = pages.add(pixels(20, 44, seed=8), tiled=False)
    levels = tuple(np.stack(stack) if planes > 1 else stack[0] for stack in stacks.values())
    return Forged(
        'avs',
        {'slide.avs': pages.data()},
        (
            ForgedSeries('Baseline', 'ZYXS' if planes > 1 else 'YXS', levels, (MPP, MPP)),
            ForgedSeries('Map', 'YXS', (overview,)),
            ForgedSeries('Macro', 'YXS', (macro,)),
        ),
    )


def indica(*, byteorder: str = '<') -> Forged:
    """Return a slide of HALO: three channels of 32-bit floats on two levels."""
    pages = _Pages(byteorder=byteorder)
    places = [(level, channel) for level in range(2) for channel in range(3)]
    dimensions = ''.join(
        f'<dimension level="{level}" channel="{channel}" ifd="{ifd}"/>'
        for ifd, (level, channel) in enumerate(places)
    )
    text = (
        f'<indica version="1.0"><image><pixels>{dimensions}</pixels><channels>'
        '<channel id="0" name="DAPI"/><channel id="1" name="FITC"/><channel id="2" name="Cy5"/>'
        '</channels><objective value="20"/></image></indica>'
    )
    images: dict[int, list[Array]] = {0: [], 1: []}
    for ifd, (level, channel) in enumerate(places):
        images[level].append(
            pages.add(
                _scaled(1 << level, 1, channel, 'f4'),
                software='IndicaLabsImageWriter v1.2.1',
                description=text if ifd == 0 else None,
                resolution=(20000 >> level, 20000 >> level),
                resolutionunit=3,
            )
        )
    levels = tuple(np.stack(stack) for stack in images.values())
    return Forged(
        'indica',
        {'slide.tif': pages.data()},
        (ForgedSeries('Baseline', 'CYX', levels, (MPP, MPP)),),
    )


def philips(*, byteorder: str = '<') -> Forged:
    """Return a slide of Philips; levels are stored in whole tiles, larger than they are."""
    pages = _Pages(byteorder=byteorder)
    spacings = [MPP * factor / 1000 for factor in (1, 3, 5)]

    def attribute(name: str, value: str) -> str:
        place = 'Group="0x301D" Element="0x1003" PMSVR="IString"'
        return f'<Attribute Name="{name}" {place}>{value}</Attribute>'

    def sequence(name: str, value: str) -> str:
        return (
            f'<Attribute Name="{name}" Group="0x301D" Element="0x1003" PMSVR="IDataObjectArray">'
            f'<Array>{value}</Array></Attribute>'
        )

    representations = ''.join(
        '<DataObject ObjectType="PixelDataRepresentation">'
        + attribute('DICOM_PIXEL_SPACING', escape(f'"{size}" "{size}"'))
        + attribute('PIIM_PIXEL_DATA_REPRESENTATION_NUMBER', str(number))
        + '</DataObject>'
        for number, size in enumerate(spacings)
    )
    slide = (
        '<DataObject ObjectType="DPScannedImage">'
        + attribute('PIM_DP_IMAGE_TYPE', 'WSI')
        + attribute('DICOM_PIXEL_SPACING', escape(f'"{spacings[0]}" "{spacings[0]}"'))
        + sequence('PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE', representations)
        + '</DataObject>'
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">'
        + attribute('DICOM_MANUFACTURER', 'PHILIPS')
        + sequence('PIM_DP_SCANNED_IMAGES', slide)
        + '</DataObject>'
    )
    levels = [pages.add(_scaled(1), description=text, software='Philips DP v1.0')]
    for number, factor in ((1, 3), (2, 5)):
        length, width = LENGTH // factor, WIDTH // factor
        padded = np.full((-(-length // 16) * 16, -(-width // 16) * 16, 3), 255, np.uint8)
        padded[:length, :width] = pixels(length, width, seed=factor)
        pages.add(
            padded, description=f'level={number} mag={20 / factor:g} quality=80', subfiletype=1
        )
        levels.append(padded[:length, :width])
    macro = pages.add(pixels(20, 44, seed=8), tiled=False, description='Macro')
    label = pages.add(pixels(20, 22, seed=7), tiled=False, description='Label')
    return Forged(
        'philips',
        {'slide.tiff': pages.data()},
        (
            ForgedSeries('Baseline', 'YXS', tuple(levels), (MPP, MPP)),
            ForgedSeries('Macro', 'YXS', (macro,)),
            ForgedSeries('Label', 'YXS', (label,)),
        ),
    )


def scn(*, channels: int = 2, planes: int = 1) -> Forged:
    """Return a slide of Leica: an overview, and an image of channels and planes on two levels."""
    pages = _Pages(bigtiff=True)
    places = [(r, c, z) for r in range(2) for c in range(channels) for z in range(planes)]
    dimensions = ''.join(
        f'<dimension sizeX="{WIDTH >> r}" sizeY="{LENGTH >> r}" r="{r}" c="{c}" z="{z}"'
        f' ifd="{ifd}"/>'
        for ifd, (r, c, z) in enumerate(places, 1)
    )
    size = int(WIDTH * MPP * 1000), int(LENGTH * MPP * 1000)
    text = (
        '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        '<collection name="forged" uuid="urn:uuid:0" sizeX="26564529" sizeY="76734940">'
        '<barcode>Rk9SR0VE</barcode>'
        '<image name="overview" uuid="urn:uuid:1"><pixels sizeX="48" sizeY="48">'
        '<dimension sizeX="48" sizeY="48" ifd="0"/></pixels>'
        '<view sizeX="26564529" sizeY="76734940" offsetX="0" offsetY="0"/></image>'
        '<image name="main" uuid="urn:uuid:2">'
        f'<pixels sizeX="{WIDTH}" sizeY="{LENGTH}">{dimensions}</pixels>'
        f'<view sizeX="{size[0]}" sizeY="{size[1]}" offsetX="1000" offsetY="2000"'
        ' spacingZ="1500"/><scanSettings><objectiveSettings><objective>20</objective>'
        '</objectiveSettings><illuminationSettings><numericalAperture>0.5</numericalAperture>'
        '<illuminationSource>brightfield</illuminationSource></illuminationSettings>'
        '</scanSettings></image></collection></scn>'
    )
    overview = pages.add(pixels(48, 48, seed=8), description=text)
    images: dict[int, list[Array]] = {0: [], 1: []}
    for r, c, z in places:
        images[r].append(pages.add(_scaled(1 << r, 1, 10 * c + z)))
    axes = ('C' if channels > 1 else '') + ('Z' if planes > 1 else '') + 'YX'
    lead = tuple(count for count in (channels, planes) if count > 1)
    levels = tuple(np.stack(stack).reshape(*lead, *stack[0].shape) for stack in images.values())
    return Forged(
        'scn',
        {'slide.scn': pages.data()},
        (
            ForgedSeries('overview', 'YXS', (overview,)),
            ForgedSeries('main', axes, levels, (MPP, MPP)),
        ),
    )


def ndpi(*, planes: int = 1) -> Forged:
    """Return a slide of Hamamatsu, in its container of 64-bit offsets; one strip per page."""
    directories = codec('ndpi', '<')
    focus = [0, 500, -500, 1000, -1000][:planes]
    images: list[tuple[Array, float, int | None]] = []
    stacks: dict[int, list[Array]] = {1: [], 2: []}
    for plane, offset in enumerate(focus):
        for reduction, stack in stacks.items():
            stack.append(_scaled(reduction, seed=plane))
            images.append((stack[-1], 20.0 / reduction, offset))
    macro, overview = pixels(20, 44, seed=8), pixels(20, 22, 1, seed=9)
    images += [(macro, -1.0, None), (overview, -2.0, None)]
    header_size = directories.header_nbytes
    data = bytearray(header_size)
    link: int | None = None
    for image, power, position in images:
        strip = len(data)
        data += image.tobytes()
        data += bytes(-len(data) % 2)
        factor = 20.0 / power if power > 0 else 64.0
        built = directories.build(
            _ndpi_entries(image, power, position, strip, factor), len(data), 0
        )
        if link is None:
            data[:header_size] = directories.build_header(len(data))
        else:
            data[link : link + directories.next_nbytes] = directories.build_link(len(data))
        link = built.next_at
        data += built.data
        data += bytes(-len(data) % 2)
    levels = tuple(np.stack(stack) if planes > 1 else stack[0] for stack in stacks.values())
    return Forged(
        'ndpi',
        {'slide.ndpi': bytes(data)},
        (
            ForgedSeries('Baseline', 'ZYXS' if planes > 1 else 'YXS', levels, (MPP, MPP)),
            ForgedSeries('Macro', 'YXS', (macro,)),
            ForgedSeries('Map', 'YX', (overview,)),
        ),
    )


def _ndpi_entries(
    image: Array, power: float, offset: int | None, strip: int, factor: float
) -> list[Entry]:
    samples = image.shape[2] if image.ndim == 3 else 1
    per_centimetre = (int(20000 / factor), 1)
    comments = 'Product=C9600\r\n;NDP Shading Data\r;ID=6\r;Name=TRITC'
    values: list[tuple[int, int, Any]] = [
        (254, 4, 0), (256, 4, image.shape[1]), (257, 4, image.shape[0]),
        (258, 3, (8,) * samples), (259, 3, 1), (262, 3, 2 if samples == 3 else 1),
        (271, 2, 'Hamamatsu'), (272, 2, 'C9600-12'), (273, 4, strip), (277, 3, samples),
        (278, 4, image.shape[0]), (279, 4, image.nbytes), (282, 5, per_centimetre),
        (283, 5, per_centimetre), (284, 3, 1), (296, 3, 3), (65420, 4, 1), (65421, 11, power),
    ]  # fmt: skip
    if offset is not None:
        values += [(65424, 9, offset), (65449, 2, comments)]
    directories = codec('ndpi', '<')
    return [
        Entry(code, *directories.encode_value(None, kind, value)) for code, kind, value in values
    ]
