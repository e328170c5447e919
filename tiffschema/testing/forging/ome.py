"""Forged OME-TIFF: one file or a set of files, pyramids, split axes, planes that are not there.

Knows OME-XML as the specification of OME-TIFF 6.1 has it.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.types import ByteOrder
from tiffschema.writer.tiffwriter import TiffWriter

__all__ = ['ome']

_SPACE = 'http://www.openmicroscopy.org/Schemas/OME/2016-06'
_COMPANION = 'forged.companion.ome'


def ome(
    *,
    byteorder: ByteOrder = '<',
    bigtiff: bool = False,
    order: str = 'XYCZT',
    times: int = 2,
    slices: int = 3,
    channels: int = 2,
    samples: int = 1,
    files: int = 1,
    levels: int = 1,
    lifetimes: int = 0,
    missing: Collection[int] = (),
    uuid: bool = True,
    companion: bool = False,
    shape: tuple[int, int] = (40, 56),
) -> Forged:
    """Return an image.

    Parameters:
        byteorder, bigtiff: Of the files.
        order: Of the dimensions, as OME-XML has it.
        times, slices, channels: Lengths of T, Z and C.
        samples: Per pixel; 3 makes RGB pages.
        files: Number of files; planes are shared out in their order.
        levels: Of the pyramid, in SubIFDs.
        lifetimes: Steps of lifetime that T is split into, 0 for none.
        missing: Numbers of planes that no file has.
        uuid: Files are told by UUID, and by name; else by name only.
        companion: The files only say that their metadata are in another file.
        shape: Rows and columns.
    """
    axes = order[:1:-1]
    sizes = {'T': times, 'Z': slices, 'C': channels}
    lead = tuple(sizes[axis] for axis in axes)
    count = math.prod(lead)
    size = (count, *shape, samples) if samples > 1 else (count, *shape)
    values = np.arange(1, math.prod(size) + 1)
    data = (values % 251).astype('u1') if samples > 1 else (values % 65521).astype('u2')
    data = data.reshape(size)
    data[list(missing)] = 0
    kept = [number for number in range(count) if number not in missing]
    shares = [list(map(int, each)) for each in np.array_split(np.asarray(kept), files)]
    names = [f'forged_{n}.ome.tif' if files > 1 else 'forged.ome.tif' for n in range(files)]
    places = [dict(zip(axes, place, strict=True)) for place in itertools.product(*map(range, lead))]
    blocks = ''.join(
        _tiff_data(places[plane], ifd, name, uuid)
        for name, share in zip(names, shares, strict=True)
        for ifd, plane in enumerate(share)
    )
    made: dict[str, bytes] = {}
    for name, share in zip(names, shares, strict=True):
        own = f' UUID="urn:uuid:{name}"' if uuid else ''
        text = _document(order, sizes, shape, samples, lifetimes, blocks, own)
        if companion:
            text = (
                f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{_SPACE}"{own}>'
                f'<BinaryOnly MetadataFile="{_COMPANION}" UUID="urn:uuid:companion"/></OME>'
            )
        made[name] = _file(data[share], text, levels, byteorder, bigtiff, samples)
    if companion:
        text = _document(order, sizes, shape, samples, lifetimes, blocks, ' UUID="urn:uuid:c"')
        made[_COMPANION] = text.encode()
    split = (times // lifetimes, lifetimes) if lifetimes else (times,)
    letters, lengths = '', []
    for axis in axes:
        letters += 'TH' if axis == 'T' and lifetimes else axis
        lengths += list(split) if axis == 'T' else [sizes[axis]]
    reduced = [
        data[:, :: 1 << k, :: 1 << k].reshape(*lengths, -1, *_tail(data, k)) for k in range(levels)
    ]
    kept_axes = ''.join(a for a, size in zip(letters, lengths, strict=True) if size > 1) + 'YX'
    images = tuple(image.squeeze() for image in reduced)
    return Forged(
        'ome',
        made,
        (ForgedSeries('forged', kept_axes + ('S' if samples > 1 else ''), images, (0.25, 0.5)),),
        faults=(f'{len(missing)} of {count} planes are missing',) if missing else (),
    )


def _tail(data: NDArray[Any], level: int) -> tuple[int, ...]:
    return data[:, :: 1 << level, :: 1 << level].shape[2:]


def _file(
    planes: NDArray[Any], text: str, levels: int, byteorder: ByteOrder, bigtiff: bool, samples: int
) -> bytes:
    """Return a file of some planes, each with its levels."""
    stream = io.BytesIO()
    tags: dict[str, Any] = {
        'metadata': None, 'software': False, 'photometric': 'rgb' if samples > 1 else 'minisblack',
    }  # fmt: skip
    if levels > 1:
        tags['tile'] = (16, 16)
    with TiffWriter(stream, byteorder=byteorder, bigtiff=bigtiff, ome=False) as writer:
        for number, plane in enumerate(planes):
            writer.write(
                plane, description=None if number else text.encode(), subifds=levels - 1, **tags
            )
            for level in range(1, levels):
                writer.write(plane[:: 1 << level, :: 1 << level], subfiletype=1, **tags)
    return stream.getvalue()


def _tiff_data(place: dict[str, int], ifd: int, name: str, uuid: bool) -> str:
    told = f'urn:uuid:{name}' if uuid else ''
    return (
        f'<TiffData FirstC="{place["C"]}" FirstT="{place["T"]}" FirstZ="{place["Z"]}"'
        f' IFD="{ifd}" PlaneCount="1"><UUID FileName="{name}">{told}</UUID></TiffData>'
    )


def _document(
    order: str,
    sizes: dict[str, int],
    shape: Sequence[int],
    samples: int,
    lifetimes: int,
    blocks: str,
    uuid: str,
) -> str:
    channels = ''.join(
        f'<Channel ID="Channel:0:{c}" Name="Ch{c}" SamplesPerPixel="{samples}"/>'
        for c in range(sizes['C'])
    )
    reference = annotation = ''
    if lifetimes:
        reference = '<AnnotationRef ID="Annotation:0"/>'
        annotation = (
            '<StructuredAnnotations><XMLAnnotation ID="Annotation:0"'
            ' Namespace="openmicroscopy.org/omero/dimension/modulo"><Value><Modulo'
            ' namespace="http://www.openmicroscopy.org/Schemas/Additions/2011-09"><ModuloAlongT'
            f' Type="lifetime" Unit="ps" Start="0" End="{lifetimes - 1}" Step="1"/></Modulo>'
            '</Value></XMLAnnotation></StructuredAnnotations>'
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{_SPACE}"{uuid}>'
        f'<Image ID="Image:0" Name="forged"><Pixels ID="Pixels:0" DimensionOrder="{order}"'
        f' Type="{"uint8" if samples > 1 else "uint16"}" SizeX="{shape[1]}" SizeY="{shape[0]}"'
        f' SizeC="{sizes["C"] * samples}" SizeZ="{sizes["Z"]}" SizeT="{sizes["T"]}"'
        ' PhysicalSizeX="0.25" PhysicalSizeY="500" PhysicalSizeYUnit="nm" TimeIncrement="0.5">'
        f'{channels}{blocks}</Pixels>{reference}</Image>{annotation}</OME>'
    )
