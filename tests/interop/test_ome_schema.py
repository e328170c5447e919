"""The OME-XML of every kind of OME-TIFF that we write is valid by the 2016-06 schema."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tiffschema import OmeXml, OmeXmlError, TiffFile, TiffWriter, imwrite

pytest.importorskip('lxml', reason='lxml: the validator is absent')
ome_types = pytest.importorskip('ome_types', reason='ome-types: the schema is absent')


def pixels(*shape: int, dtype: str = 'u1') -> np.ndarray:
    return (np.random.default_rng(0).random(shape) * 100).astype(dtype)


def checked(stream: io.BytesIO) -> Any:
    """Validate the document of a file; return it as the model of ome-types."""
    stream.seek(0)
    with TiffFile(stream) as tif:
        text = tif.ome_metadata
        pages = len(tif.pages)
        assert tif.faults == []
        shapes = [series.shape for series in tif.series if series.kind == 'ome']
    assert text is not None
    assert OmeXml.validate(text) is True
    model = ome_types.from_xml(text, validate=True)
    blocks = [block for image in model.images for block in image.pixels.tiff_data_blocks]
    assert sum(block.plane_count for block in blocks) == pages
    assert len(shapes) == len(model.images)
    return model


@pytest.mark.parametrize(
    ('dtype', 'name'),
    [
        ('bool', 'bit'), ('int8', 'int8'), ('int16', 'int16'), ('int32', 'int32'),
        ('uint8', 'uint8'), ('uint16', 'uint16'), ('uint32', 'uint32'), ('float32', 'float'),
        ('float64', 'double'), ('complex64', 'complex'), ('complex128', 'double-complex'),
    ],
)  # fmt: skip
@pytest.mark.parametrize('byteorder', ['<', '>'])
def test_types(dtype: str, name: str, byteorder: str) -> None:
    stream = io.BytesIO()
    imwrite(stream, pixels(3, 20, 30, dtype=dtype), ome=True, byteorder=byteorder)
    (image,) = checked(stream).images
    assert image.pixels.type.value == name
    assert image.pixels.big_endian in (None, byteorder == '>')


AXES: list[tuple[str, tuple[int, ...], dict[str, int]]] = [
    ('YX', (20, 30), {}),
    ('TZCYX', (2, 3, 4, 20, 30), {'t': 2, 'z': 3, 'c': 4}),
    ('CTZYX', (2, 3, 4, 20, 30), {'c': 2, 't': 3, 'z': 4}),
    ('ZCTYX', (2, 3, 4, 20, 30), {'z': 2, 'c': 3, 't': 4}),
    ('TYXS', (2, 20, 30, 3), {'t': 2, 'c': 3}),
    ('CYXS', (2, 20, 30, 3), {'c': 6}),
    ('ZPYX', (3, 2, 20, 30), {'z': 6}),
    ('THCYX', (2, 5, 3, 20, 30), {'t': 10, 'c': 3}),
    ('CEYX', (3, 4, 20, 30), {'c': 12}),
    ('AHPYX', (2, 3, 4, 20, 30), {}),
    ('QYX', (5, 20, 30), {}),
    ('RCYX', (5, 2, 20, 30), {'c': 2}),
]


@pytest.mark.parametrize(('axes', 'shape', 'sizes'), AXES)
def test_axes(axes: str, shape: tuple[int, ...], sizes: dict[str, int]) -> None:
    stream = io.BytesIO()
    options = {'photometric': 'rgb' if 'S' in axes else 'minisblack'}
    imwrite(stream, pixels(*shape), ome=True, metadata={'axes': axes}, **options)
    (image,) = checked(stream).images
    for letter, size in sizes.items():
        assert getattr(image.pixels, f'size_{letter}') == size
    stream.seek(0)
    with TiffFile(stream) as tif:
        assert tif.series[0].shape == shape
        assert tif.series[0].axes == axes
        np.testing.assert_array_equal(tif.asarray(), pixels(*shape))


METADATA: dict[str, Any] = {
    'axes': 'TCYX',
    'Name': 'a & b < "c" µ',
    'Description': 'two\nlines',
    'AcquisitionDate': '2026-11-27T01:02:03',
    'SignificantBits': 8,
    'PhysicalSizeX': 0.29, 'PhysicalSizeXUnit': 'µm',
    'PhysicalSizeY': 0.29, 'PhysicalSizeYUnit': 'µm',
    'PhysicalSizeZ': 1.5, 'PhysicalSizeZUnit': 'nm',
    'TimeIncrement': 0.1, 'TimeIncrementUnit': 's',
    'Channel': {
        'Name': ['one', 'two'], 'Color': [-1, 16711935], 'EmissionWavelength': [500.0, 600.5],
        'EmissionWavelengthUnit': ['nm', 'nm'], 'Fluor': ['GFP', 'RFP'],
        'AcquisitionMode': ['WideField', 'TIRF'], 'ContrastMethod': ['Fluorescence', 'DIC'],
        'IlluminationType': ['Epifluorescence', 'Other'], 'PinholeSize': [1.0, 2.0],
        'PinholeSizeUnit': ['µm', 'µm'], 'NDFilter': [0.1, 0.2], 'PockelCellSetting': [1, 2],
        'ExcitationWavelength': [400, 500], 'ExcitationWavelengthUnit': ['nm', 'nm'],
    },
    'Plane': {
        'DeltaT': [0.1 * n for n in range(6)], 'DeltaTUnit': ['s'] * 6,
        'ExposureTime': [0.01] * 6, 'ExposureTimeUnit': ['ms'] * 6,
        'PositionX': [1.0 * n for n in range(6)], 'PositionXUnit': ['µm'] * 6,
        'PositionY': [2.0] * 6, 'PositionYUnit': ['reference frame'] * 6,
        'PositionZ': [3.0] * 6, 'PositionZUnit': ['µm'] * 6,
    },
    'MapAnnotation': [{'Namespace': 'ns', 'Description': 'd', 'Value': {'key': 'value', 'n': 3}}],
    'CommentAnnotation': ['text <&>'],
    'LongAnnotation': 7, 'DoubleAnnotation': [1.5, 2.5], 'BooleanAnnotation': True,
    'Dataset': {'Name': 'set', 'Description': 'of images', 'CommentAnnotation': 'about it'},
    'Experimenter': {'FirstName': 'A', 'LastName': 'B', 'Email': 'a@b.c', 'UserName': 'ab'},
    'Project': {'Name': 'project'},
    'Creator': 'me', 'UUID': '6d8e2a0c-0000-4000-8000-000000000001',
}  # fmt: skip


def test_metadata() -> None:
    stream = io.BytesIO()
    imwrite(stream, pixels(3, 2, 20, 30), ome=True, photometric='minisblack', metadata=METADATA)
    model = checked(stream)
    (image,) = model.images
    assert image.name == METADATA['Name']
    assert image.description == METADATA['Description']
    assert [channel.name for channel in image.pixels.channels] == ['one', 'two']
    assert [plane.position_x for plane in image.pixels.planes] == [0, 1, 2, 3, 4, 5]
    assert [(plane.the_c, plane.the_t) for plane in image.pixels.planes][:3] == [
        (0, 0),
        (1, 0),
        (0, 1),
    ]
    assert image.pixels.physical_size_x == 0.29
    assert model.creator == 'me'
    assert model.uuid == f'urn:uuid:{METADATA["UUID"]}'
    kinds = [type(item).__name__ for item in model.structured_annotations]
    assert sorted(kinds) == sorted(
        [
            'MapAnnotation',
            'LongAnnotation',
            'DoubleAnnotation',
            'DoubleAnnotation',
            'BooleanAnnotation',
        ]
        + ['CommentAnnotation'] * 2
    )
    assert model.datasets[0].image_refs[0].id == image.id
    assert model.projects[0].name == 'project'
    assert model.experimenters[0].last_name == 'B'


def test_lists_of_mappings() -> None:
    stream = io.BytesIO()
    metadata = {
        'axes': 'CYX',
        'Channel': [{'Name': 'a'}, {'Name': 'b', 'Color': 255}],
        'Plane': [{'PositionX': 1.0}, {'PositionX': 2.0, 'PositionXUnit': 'mm'}],
    }
    imwrite(stream, pixels(2, 20, 30), ome=True, photometric='minisblack', metadata=metadata)
    (image,) = checked(stream).images
    assert [channel.name for channel in image.pixels.channels] == ['a', 'b']
    assert [plane.position_x for plane in image.pixels.planes] == [1, 2]


def several(stream: io.BytesIO) -> None:
    with TiffWriter(stream, ome=True) as tif:
        tif.write(
            pixels(2, 3, 20, 30),
            photometric='minisblack',
            metadata={'axes': 'CZYX', 'Dataset': {'Name': 'a'}},
        )
        tif.write(pixels(20, 30, 3), photometric='rgb', metadata={'MapAnnotation': {'k': 'v'}})
        tif.write(
            pixels(3, 4, 20, 30),
            photometric='minisblack',
            metadata={'axes': 'HCYX', 'Dataset': None},
        )
        tif.write(pixels(8, 9, dtype='f4'), metadata={'Name': 'last', 'CommentAnnotation': 'x'})


def planar(stream: io.BytesIO) -> None:
    imwrite(stream, pixels(2, 3, 20, 30), ome=True, photometric='rgb', planarconfig='separate')


def by_frames(stream: io.BytesIO) -> None:
    with TiffWriter(stream, ome=True) as tif:
        for frame in pixels(7, 20, 30):
            tif.write(frame, contiguous=True, metadata={'Name': 'frames'})


def pyramid(stream: io.BytesIO) -> None:
    imwrite(
        stream, pixels(2, 300, 400), ome=True, pyramid=2, tile=(64, 64), photometric='minisblack'
    )


def pyramid_by_hand(stream: io.BytesIO) -> None:
    with TiffWriter(stream, ome=True, bigtiff=True) as tif:
        tif.write(pixels(2, 64, 64), subifds=1, photometric='minisblack', metadata={'axes': 'ZYX'})
        tif.write(pixels(2, 32, 32), subfiletype=1, photometric='minisblack')
        tif.write(pixels(16, 16, 3), photometric='rgb', metadata={'Name': 'thumbnail'})


def appended(stream: io.BytesIO) -> None:
    imwrite(
        stream, pixels(2, 20, 30), ome=True, metadata={'axes': 'TYX', 'MapAnnotation': {'a': 'b'}}
    )
    with TiffWriter(stream, append=True) as tif:
        tif.write(pixels(3, 20, 30), contiguous=True)
        tif.write(pixels(9, 9), metadata={'MapAnnotation': {'c': 'd'}})
        tif.write(pixels(9, 8))


def tiles_to_be_filled(stream: io.BytesIO) -> None:
    imwrite(
        stream, shape=(2, 80, 60), dtype='u2', tile=(32, 32), ome=True, metadata={'axes': 'CYX'}
    )


@pytest.mark.parametrize(
    ('write', 'images'),
    [
        (several, 4), (planar, 1), (by_frames, 1), (pyramid, 1), (pyramid_by_hand, 2),
        (appended, 3), (tiles_to_be_filled, 1),
    ],
)  # fmt: skip
def test_kinds(write: Callable[[io.BytesIO], None], images: int) -> None:
    stream = io.BytesIO()
    write(stream)
    assert len(checked(stream).images) == images


def test_builder() -> None:
    """`OmeXml` as users know it: images are added, the text is complete at any time."""
    omexml = OmeXml(Creator='me')
    assert repr(omexml)
    omexml.addimage('uint16', (2, 5, 6), (2, 1, 1, 5, 6, 1), axes='CYX', Name='first')
    omexml.addimage('float32', (5, 6, 3), (1, 1, 1, 5, 6, 3), axes='YXS')
    assert OmeXml.validate(omexml.tostring(declaration=True)) is True
    assert OmeXml.validate(str(omexml)) is True
    assert (len(omexml.images), omexml.annotations, omexml.datasets) == (2, [], [])
    broken = str(omexml).replace('SizeC=', 'SizeQ=')
    assert OmeXml.validate(broken, assert_=False) is False
    with pytest.raises(OmeXmlError):
        OmeXml.validate(broken)
