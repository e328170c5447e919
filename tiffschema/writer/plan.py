"""What one image becomes: geometry, tags and order of its pages, as values.

Knows arguments, geometry and tags; decides everything before a byte is written. It packs nothing:
values become bytes in `tiffschema.writer.layout`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tiffschema.codecs.pipeline import encoder
from tiffschema.codecs.spec import SegmentSpec
from tiffschema.model.geometry import Geometry
from tiffschema.model.tagcodes import TagCode
from tiffschema.types import ByteOrder
from tiffschema.values import replace as altered

from .arguments import JPEG_COMPRESSIONS, LERC, Kind, WriteArguments
from .storedshape import SampleLayout, StoredShape, sample_layout

__all__ = ['ImagePlan', 'TagValue', 'plan_image']

SHORT, LONG, RATIONAL, ASCII, UNDEFINED, DOUBLE = 3, 4, 5, 2, 7, 12
STRIP_BYTES = 1 << 18
RGB, PALETTE, MASK, YCBCR = 2, 3, 4, 6


@dataclass(frozen=True, slots=True)
class TagValue:
    """One tag to be written.

    Fields:
        code: Code of the tag.
        fieldtype: Code of the field type; None for the first type of the tag's row that fits.
        value: A number, a sequence, text or bytes as the tag's row takes them.
        once: On the first page of the series only.
        slack: Zero bytes kept free behind the value, for later changes in place.
        count: Number of values to write where it is not that of ``value``.
    """

    code: int
    fieldtype: int | None
    value: Any
    once: bool = False
    slack: int = 0
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlan:
    """One series of equal pages.

    Fields:
        stored: Frames, samples, depth, rows and columns.
        shape: Shape of the array.
        storage: Type of samples in the byte order of the file.
        geometry: How one page is cut into segments.
        spec: What the encoder must know.
        tags: Tags except offsets and byte counts.
        photometric: Colour interpretation in the file.
        colour: That of the samples given; JPEG stores RGB as YCbCr.
        contiguous: The pages are one block of bytes: one write, memory-mappable.
        reserve: The byte count of the largest segment, for choosing a field type.
    """

    arguments: WriteArguments
    stored: StoredShape
    shape: tuple[int, ...]
    storage: np.dtype[Any]
    geometry: Geometry
    spec: SegmentSpec
    encoderargs: Mapping[str, Any]
    photometric: int
    colour: int
    extrasamples: tuple[int, ...]
    tags: tuple[TagValue, ...] = ()
    contiguous: bool = False
    reserve: int = 0
    empty: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def same_pages(self, other: ImagePlan) -> bool:
        """Whether pages of both can belong to one series."""
        return (
            self.geometry == other.geometry
            and self.storage == other.storage
            and _equal(self.arguments.colormap, other.arguments.colormap)
        )


def plan_image(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    arguments: WriteArguments,
    *,
    kind: Kind,
    byteorder: ByteOrder,
    layout: SampleLayout | None = None,
) -> ImagePlan:
    """Decide geometry and tags of an image.

    Parameters:
        shape: Shape of the array.
        dtype: Type of its samples.
        arguments: What the call asked for.
        kind: Flavour of the file.
        byteorder: Byte order of the file.
        layout: How the shape is cut, where the flavour decides that.

    Raises:
        ValueError: Arguments do not fit each other; the message names them.
    """
    empty = 0 in shape
    arguments = _fitting_colormap(arguments, dtype, kind)
    if empty:
        layout = SampleLayout(StoredShape(1, 1, 1, 0, 0, 1), arguments.photometric or 1, None, ())
        arguments = replace(arguments, compression=1, predictor=1, tile=(), rowsperstrip=None)
    elif layout is None:
        layout = sample_layout(
            shape,
            itemsize=dtype.itemsize,
            dtypekind=dtype.kind,
            kind=kind,
            photometric=arguments.photometric,
            planarconfig=arguments.planarconfig,
            extrasamples=arguments.extrasamples,
            volumetric=arguments.volumetric,
            palette=arguments.colormap is not None and _takes_colormap(dtype, 'shaped'),
        )
    stored = layout.stored
    photometric = colour = _photometric(layout, dtype, arguments, kind)
    _check_tile(arguments, stored, len(shape))
    bits = _bits(dtype, arguments)
    contiguous = (
        arguments.compression == 1
        and dtype.kind != 'b'
        and bits == dtype.itemsize * 8
        and (not arguments.tile or _tile_is_page(arguments.tile, stored))
    )
    if arguments.truncate:
        _check_truncate(arguments, kind, contiguous=contiguous)
    subsampling, encoderargs, photometric = _jpeg(arguments, stored, photometric)
    if subsampling is None and photometric == YCBCR:
        subsampling = (1, 1)
    geometry = _geometry(
        arguments, stored, dtype, bits, photometric, layout.extrasamples, subsampling, byteorder
    )
    options: dict[str, Any] = {}
    if arguments.compression == LERC:
        options['lercparameters'] = _lerc_parameters(arguments.compressionargs)
    spec = SegmentSpec(geometry, jpegtables=arguments.jpegtables, options=options)
    if encoderargs.get('sharetables'):
        spec = altered(spec, jpegtables=encoder(spec, compressionargs=encoderargs).jpegtables)
    plan = ImagePlan(
        arguments=arguments,
        stored=stored,
        shape=shape,
        storage=dtype.newbyteorder(byteorder),
        geometry=geometry,
        spec=spec,
        encoderargs=encoderargs,
        photometric=photometric,
        colour=colour,
        extrasamples=layout.extrasamples,
        contiguous=contiguous,
        reserve=max(_nominal_nbytes(geometry), 1) * (1 if arguments.compression == 1 else 10),
        empty=empty,
        options=options,
    )
    return replace(plan, tags=tuple(_tags(plan, kind)))


def _takes_colormap(dtype: np.dtype[Any], kind: Kind) -> bool:
    """Whether samples can be looked up in a table; ImageJ colours all types by their range."""
    return kind == 'imagej' or (dtype.kind == 'u' and dtype.itemsize < 3)


def _fitting_colormap(
    arguments: WriteArguments, dtype: np.dtype[Any], kind: Kind
) -> WriteArguments:
    if arguments.colormap is None or _takes_colormap(dtype, kind):
        return arguments
    message = f'colormap: is ignored, it does not fit samples of type {dtype}'
    warnings.warn(message, UserWarning, stacklevel=8)
    return replace(arguments, colormap=None)


def _photometric(
    layout: SampleLayout, dtype: np.dtype[Any], arguments: WriteArguments, kind: Kind
) -> int:
    photometric = layout.photometric
    colormap = arguments.colormap
    if colormap is not None:
        entries = 256
        if dtype.kind == 'u' and dtype.itemsize < 3:
            if arguments.photometric in (None, PALETTE):
                photometric = PALETTE
            if kind != 'imagej':
                entries = 1 << (arguments.bitspersample or dtype.itemsize * 8)
        if colormap.shape != (3, entries):
            raise ValueError(f'colormap: shape {colormap.shape} is not (3, {entries})')
        if kind == 'imagej' and dtype.itemsize != 1 and photometric == PALETTE:
            photometric = 1
    if arguments.is_mask:
        if layout.stored.samples != 1:
            raise ValueError('subfiletype: a mask has one sample')
        photometric = MASK
    return photometric


def _is_volume(arguments: WriteArguments, stored: StoredShape, axes: int) -> bool:
    """Return whether an axis of the data is the depth of pages, though its length may be 1."""
    return stored.depth > 1 or (arguments.volumetric and axes - (stored.samples > 1) >= 3)


def _check_tile(arguments: WriteArguments, stored: StoredShape, axes: int) -> None:
    tile = arguments.tile
    is_deep = len(tile) == 3 and tile[0] != 1
    if is_deep and not _is_volume(arguments, stored, axes):
        raise ValueError(f'tile: {tile} has a depth, the data have none')
    if arguments.compression in JPEG_COMPRESSIONS and tile and len(tile) == 3 and tile[0] > 1:
        raise ValueError('tile: JPEG cannot store volumes')


def _check_truncate(arguments: WriteArguments, kind: Kind, *, contiguous: bool) -> None:
    if not contiguous:
        raise ValueError('truncate: needs samples that are neither compressed, packed nor tiled')
    if kind not in ('shaped', 'imagej'):
        raise ValueError(f'truncate: a {kind} file cannot say that pages are missing')
    if arguments.subifds:
        raise ValueError('truncate: cannot be used with subifds')


def _tile_is_page(tile: tuple[int, ...], stored: StoredShape) -> bool:
    return (
        tile[-2:] == (stored.length, stored.width)
        and (len(tile) == 2 or tile[0] == stored.depth or (tile[0] == 1 and stored.depth == 1))
        and stored.separate_samples == 1
        and (stored.depth == 1 or len(tile) == 3)
    )


def _bits(dtype: np.dtype[Any], arguments: WriteArguments) -> int:
    if dtype.kind == 'b':
        return 1
    if arguments.bitspersample is not None:
        return arguments.bitspersample
    if arguments.compression in JPEG_COMPRESSIONS and dtype == np.uint16:
        return 16 if arguments.compressionargs.get('lossless') else 12
    return dtype.itemsize * 8


def _jpeg(
    arguments: WriteArguments, stored: StoredShape, photometric: int
) -> tuple[tuple[int, int] | None, dict[str, Any], int]:
    """Return subsampling, arguments of the codec and the photometric of the file."""
    args = dict(arguments.compressionargs)
    if arguments.compression not in JPEG_COMPRESSIONS or photometric not in (RGB, YCBCR):
        return None, args, photometric
    if stored.contig_samples != 3:
        return None, args, photometric
    subsampling = arguments.subsampling or args.get('subsampling') or (2, 2)
    out = args.get('outcolorspace')
    if args.get('lossless') and out is None:
        out = 'RGB'
    if out is None:
        photometric = YCBCR
    elif str(out).upper() in ('RGB', '2'):
        photometric = RGB
        subsampling = (1, 1)
    args['subsampling'] = tuple(subsampling)
    return (subsampling[0], subsampling[1]), args, photometric


def _geometry(
    arguments: WriteArguments,
    stored: StoredShape,
    dtype: np.dtype[Any],
    bits: int,
    photometric: int,
    extrasamples: tuple[int, ...],
    subsampling: tuple[int, int] | None,
    byteorder: ByteOrder,
) -> Geometry:
    tile = arguments.tile
    volumetric = stored.depth > 1 or (len(tile) == 3 and arguments.volumetric)
    rowsperstrip = 0 if tile else _rowsperstrip(arguments, stored, dtype, bits, subsampling)
    if tile and arguments.compression in JPEG_COMPRESSIONS and subsampling is not None:
        step = 8 * subsampling[1], 8 * subsampling[0]
        if tile[-2] % step[0] or tile[-1] % step[1]:
            raise ValueError(f'tile: {tile} is no multiple of {step}, as JPEG subsampling needs')
    return Geometry(
        imagewidth=stored.width,
        imagelength=stored.length,
        imagedepth=stored.depth,
        samplesperpixel=stored.samples,
        planarconfig=stored.planarconfig or 1,
        bitspersample=bits,
        sampleformat={'i': 2, 'f': 3, 'c': 6}.get(dtype.kind, 1),
        tilewidth=tile[-1] if tile else 0,
        tilelength=tile[-2] if tile else 0,
        tiledepth=(tile[0] if len(tile) == 3 and volumetric else 1) if tile else 0,
        rowsperstrip=rowsperstrip,
        compression=arguments.compression,
        predictor=arguments.predictor,
        photometric=photometric,
        extrasamples=extrasamples,
        subsampling=subsampling,
        byteorder=byteorder,
    )


def _rowsperstrip(
    arguments: WriteArguments,
    stored: StoredShape,
    dtype: np.dtype[Any],
    bits: int,
    subsampling: tuple[int, int] | None,
) -> int:
    rows = arguments.rowsperstrip
    if rows is None:
        if arguments.compression == 1:
            rows = stored.length
        else:
            row = -(-stored.width * stored.contig_samples * bits // 8)
            if dtype.kind != 'b':
                row = stored.width * stored.contig_samples * dtype.itemsize
            rows = STRIP_BYTES // max(row, 1)
    rows = min(max(rows, 1), max(stored.length, 1))
    if arguments.compression in JPEG_COMPRESSIONS and subsampling is not None:
        step = 8 * subsampling[1]
        rows = min(math.ceil(rows / step) * step, max(stored.length, 1))
    return rows


def _nominal_nbytes(geometry: Geometry) -> int:
    return geometry.segment_nbytes(0) if geometry.segment_count else 0


def _lerc_parameters(args: Mapping[str, Any]) -> tuple[int, int]:
    inner = args.get('compression')
    return 4, {None: 0, 'deflate': 1, 'zstd': 2}.get(inner, 0)


def _tags(plan: ImagePlan, kind: Kind) -> list[TagValue]:
    """Return the tags of api rules, sorted later by code; offsets and counts are the layout's."""
    arguments, geometry, stored = plan.arguments, plan.geometry, plan.stored
    samples = stored.samples
    bits = _number(geometry.bitspersample)
    tags = [
        TagValue(TagCode.ImageWidth, LONG, stored.width),
        TagValue(TagCode.ImageLength, LONG, stored.length),
        TagValue(TagCode.Compression, SHORT, arguments.compression),
        TagValue(TagCode.PhotometricInterpretation, SHORT, plan.photometric),
        TagValue(TagCode.SamplesPerPixel, SHORT, samples),
        TagValue(TagCode.XResolution, RATIONAL, arguments.resolution[0]),
        TagValue(TagCode.YResolution, RATIONAL, arguments.resolution[1]),
    ]
    if arguments.subfiletype is not None:
        tags.append(TagValue(TagCode.NewSubfileType, LONG, arguments.subfiletype))
    if plan.storage.kind != 'b':
        tags.append(TagValue(TagCode.BitsPerSample, SHORT, (bits,) * samples))
    if plan.storage.kind in 'ifc':
        tags.append(
            TagValue(TagCode.SampleFormat, SHORT, (_number(geometry.sampleformat),) * samples)
        )
    if geometry.is_tiled:
        tags += [
            TagValue(TagCode.TileWidth, LONG, geometry.tilewidth),
            TagValue(TagCode.TileLength, LONG, geometry.tilelength),
        ]
    else:
        tags.append(TagValue(TagCode.RowsPerStrip, LONG, geometry.rowsperstrip))
    if samples > 1:
        tags.append(TagValue(TagCode.PlanarConfiguration, SHORT, stored.planarconfig or 1))
    unit = arguments.resolutionunit
    if unit is None:
        unit = 2 if arguments.has_resolution and kind != 'imagej' else 1
    tags.append(TagValue(TagCode.ResolutionUnit, SHORT, unit))
    if arguments.software is not None:
        tags.append(TagValue(TagCode.Software, ASCII, arguments.software, once=True))
    if arguments.datetime is not None:
        tags.append(TagValue(TagCode.DateTime, ASCII, arguments.datetime, once=True))
    if arguments.predictor != 1:
        tags.append(TagValue(TagCode.Predictor, SHORT, arguments.predictor))
    if arguments.colormap is not None:
        tags.append(TagValue(TagCode.ColorMap, SHORT, arguments.colormap.reshape(-1)))
    if plan.extrasamples:
        tags.append(TagValue(TagCode.ExtraSamples, SHORT, plan.extrasamples))
    if plan.spec.jpegtables is not None:
        tags.append(TagValue(TagCode.JPEGTables, UNDEFINED, plan.spec.jpegtables))
    if arguments.iccprofile is not None:
        tags.append(TagValue(TagCode.InterColorProfile, UNDEFINED, arguments.iccprofile))
    if geometry.subsampling is not None:
        tags.append(TagValue(TagCode.YCbCrSubSampling, SHORT, geometry.subsampling))
    if plan.photometric == YCBCR and not _given(arguments, TagCode.ReferenceBlackWhite):
        black_white = (0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1)
        tags.append(TagValue(TagCode.ReferenceBlackWhite, RATIONAL, black_white))
    if _is_volume(arguments, stored, len(plan.shape)):
        tags.append(TagValue(TagCode.ImageDepth, LONG, stored.depth))
        if geometry.is_tiled:
            tags.append(TagValue(TagCode.TileDepth, LONG, geometry.tiledepth))
    if arguments.compression == LERC:
        tags.append(TagValue(TagCode.LercParameters, LONG, plan.options['lercparameters']))
    return tags


def _given(arguments: WriteArguments, code: int) -> bool:
    return any(item[0] in (code, 'ReferenceBlackWhite') for item in arguments.extratags)


def _equal(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    return bool(np.array_equal(a, b))


def _number(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]
