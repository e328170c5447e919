"""Cloud-optimised GeoTIFF: directories first, then tiles from the smallest overview to the image.

Knows plans, templates and the order that GDAL's driver documents; reads nothing. All tiles are
encoded into a temporary file first, because every offset stands in front of the data.
Source: GDAL, "COG -- Cloud Optimized GeoTIFF generator".
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.directory import DirectoryCodec
from tiffschema.model.directory import codec as directory_codec
from tiffschema.model.tagcodes import TagCode
from tiffschema.types import ByteOrder

from .arguments import MASK, WriteArguments, normalize_arguments
from .encode import default_workers, encode_ahead
from .geokeys import geo_tags
from .layout import DirectoryTemplate, Field, even
from .output import CLASSIC_LIMIT
from .pixels import Pixels, PixelSource
from .plan import ImagePlan, TagValue, plan_image
from .pyramid import Halving
from .resample import Resampling
from .series import segment_encoder
from .sink import Target, open_sink
from .tags import extra_tags, fields_of

__all__ = ['GHOST', 'GHOST_MASK', 'write_cog']

ASCII, LONG, LONG8 = 2, 4, 16

NOT_HERE = (
    'subifds', 'contiguous', 'truncate', 'metadata', 'volumetric', 'rowsperstrip', 'subfiletype',
)  # fmt: skip
"""Arguments of `write` that the layout decides, or that it has no room for."""

GHOST = (
    'LAYOUT=IFDS_BEFORE_DATA\n'
    'BLOCK_ORDER=ROW_MAJOR\n'
    'BLOCK_LEADER=SIZE_AS_UINT4\n'
    'BLOCK_TRAILER=LAST_4_BYTES_REPEATED\n'
    'KNOWN_INCOMPATIBLE_EDITION=NO\n '
)
GHOST_MASK = 'MASK_INTERLEAVED_WITH_IMAGERY=YES\n'


@dataclass(slots=True)
class _Image:
    """One image of the file: its plan, and where its encoded tiles lie in the spool."""

    plan: ImagePlan
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    mask: _Image | None = None
    offsets: NDArray[np.int64] | None = None


def write_cog(
    file: Target,
    data: Any,
    /,
    *,
    shape: Sequence[int] | None = None,
    dtype: Any = None,
    tile: Sequence[int] = (512, 512),
    compression: Any = 'zlib',
    pyramid: bool | int = True,
    resampling: Resampling = 'mean',
    mask: Any = None,
    crs: int | str | Mapping[str, Any] | None = None,
    transform: Any = None,
    point: bool = False,
    nodata: float | int | None = None,
    gdal_metadata: Mapping[str, Any] | str | None = None,
    extratags: Sequence[Any] = (),
    bigtiff: bool | None = None,
    byteorder: ByteOrder = '<',
    **options: Any,
) -> None:
    """Write a cloud-optimised GeoTIFF, which appears complete or not at all.

    Parameters:
        file: Path, address, file object, or fsspec file.
        data: One image: array, lazy array, or iterator of tiles.
        shape, dtype: Of the data; needed for iterators.
        tile: Length and width of tiles.
        compression: Name or number of the scheme.
        pyramid: Number of overviews; True until they fit one tile.
        resampling: How overviews are made.
        mask: Array of bool, True where pixels are valid, shape (length, width).
        crs, transform, point, nodata, gdal_metadata: As `geo_tags` takes them.
        extratags: Further tags of the image.
        bigtiff: 64-bit offsets; by default where the data need them.
        byteorder: Of the file.
        options: Further arguments of `TiffWriter.write`, such as ``predictor``; not those that
            speak of series, strips or volumes.

    Raises:
        ValueError: An argument is wrong; names it; no file was touched.

    Example:
        >>> import io, numpy
        >>> stream = io.BytesIO()
        >>> write_cog(stream, numpy.zeros((600, 700), 'uint8'), crs=4326)
        >>> stream.getvalue()[8:37]
        b'GDAL_STRUCTURAL_METADATA_SIZE'
    """
    for name in NOT_HERE:
        if options.get(name):
            raise ValueError(f'{name}: has no place in a cloud-optimised file')
    source = PixelSource.of(data, shape, dtype)
    if 0 in source.shape:
        raise ValueError(f'data: shape {source.shape} has no elements')
    tags = geo_tags(crs, transform, point=point, nodata=nodata, gdal_metadata=gdal_metadata)
    arguments = normalize_arguments(
        source.dtype, tile=tile, compression=compression, extratags=(), **options
    )
    with tempfile.TemporaryFile() as spool:
        images = _encode_levels(spool, source, arguments, pyramid, resampling, byteorder)
        if mask is not None:
            _encode_masks(spool, images, mask, arguments, resampling, byteorder)
        file_codec = _variant(images, bigtiff, byteorder)
        layout = _Layout(file_codec, images, [*tags, *extratags])
        sink = open_sink(file, 'w')
        try:
            for offset, piece in layout.pieces(spool):
                sink.write_at(offset, piece)
        except BaseException:
            sink.abort()
            raise
        sink.close()


def _encode_levels(
    spool: IO[bytes],
    source: PixelSource,
    arguments: WriteArguments,
    pyramid: bool | int,
    resampling: Resampling,
    byteorder: ByteOrder,
) -> list[_Image]:
    halving = Halving(resampling, pyramid, max(arguments.tile[-2:]))
    images: list[_Image] = []
    try:
        count = halving.peek(source, arguments)
        options = arguments
        for level in range(count + 1):
            plan = plan_image(
                source.shape, source.dtype, options, kind='generic', byteorder=byteorder
            )
            if plan.stored.frames != 1 or plan.stored.depth != 1:
                raise ValueError(f'data: shape {plan.shape} is not that of one image')
            pixels = source.pixels(plan.stored, plan.storage)
            if level < count:
                pixels = halving.wrap(pixels, plan)
            images.append(_encode(spool, plan, pixels))
            if level < count:
                source, options = halving.next_level(arguments)
    finally:
        halving.close()
    return images


def _encode_masks(
    spool: IO[bytes],
    images: list[_Image],
    mask: Any,
    arguments: WriteArguments,
    resampling: Resampling,
    byteorder: ByteOrder,
) -> None:
    source = PixelSource.of(np.asarray(mask, bool), None, None)
    stored = images[0].plan.stored
    if source.shape != (stored.length, stored.width):
        raise ValueError(f'mask: shape {source.shape} is not {(stored.length, stored.width)}')
    options = normalize_arguments(
        source.dtype, tile=arguments.tile, compression='zlib', subfiletype=MASK, software=False
    )
    how: Resampling = resampling if resampling != 'lanczos' else 'mean'
    masks = []
    halving = Halving(how, len(images) - 1, 1)
    try:
        halving.peek(source, options)
        current = options
        for level in range(len(images)):
            plan = plan_image(
                source.shape, source.dtype, current, kind='generic', byteorder=byteorder
            )
            pixels = source.pixels(plan.stored, plan.storage)
            if level + 1 < len(images):
                pixels = halving.wrap(pixels, plan)
            masks.append(_encode(spool, plan, pixels))
            if level + 1 < len(images):
                source, current = halving.next_level(options)
    finally:
        halving.close()
    for image, made in zip(images, masks, strict=True):
        image.mask = made


def _encode(spool: IO[bytes], plan: ImagePlan, pixels: Pixels) -> _Image:
    geometry, arguments = plan.geometry, plan.arguments
    nbytes = plan.storage.itemsize * int(np.prod(geometry.segment_shape))
    encoded = encode_ahead(
        pixels.segments(0, geometry),  # type: ignore[arg-type]
        segment_encoder(plan),
        workers=default_workers(arguments.maxworkers, geometry.segment_count, nbytes),
        count=geometry.segment_count,
        nbytes=nbytes,
        buffersize=arguments.buffersize,
    )
    sizes = np.zeros(geometry.segment_count, np.int64)
    begin = spool.seek(0, 2)
    for index, item in enumerate(encoded):
        if item is not None:
            spool.write(item)
            sizes[index] = len(item)
    return _Image(plan, begin + np.cumsum(sizes) - sizes, sizes)


def _variant(images: list[_Image], bigtiff: bool | None, byteorder: ByteOrder) -> DirectoryCodec:
    total = 1 << 16
    for image in images:
        for one in (image, image.mask):
            if one is not None:
                total += int(one.sizes.sum()) + len(one.sizes) * 24 + 4096
    if bigtiff is None:
        bigtiff = total > CLASSIC_LIMIT
    elif not bigtiff and total > CLASSIC_LIMIT:
        raise ValueError(f'data: too large for a classic TIFF, {total} bytes; pass bigtiff=True')
    return directory_codec('big' if bigtiff else 'classic', byteorder)


class _Layout:
    """Where everything lies in the file."""

    def __init__(
        self, file_codec: DirectoryCodec, images: list[_Image], given: Sequence[Any]
    ) -> None:
        self._codec = file_codec
        self._images = images
        self._has_mask = images[0].mask is not None
        masks = [image.mask for image in images if image.mask is not None]
        # The image, its mask, overviews from large to small, then their masks.
        self._chain = [images[0], *masks[:1], *images[1:], *masks[1:]]
        self._templates = [
            self._template(image, given, first=index == 0)
            for index, image in enumerate(self._chain)
        ]
        ghost = GHOST + (GHOST_MASK if self._has_mask else '')
        text = f'GDAL_STRUCTURAL_METADATA_SIZE={len(ghost):06d} bytes\n{ghost}'
        self._ghost = text.encode('ascii')
        position = even(file_codec.header_nbytes + len(self._ghost))
        self._addresses = []
        for template in self._templates:
            self._addresses.append(position)
            position = even(position + template.size)
        self._arrays: list[dict[int, int]] = []
        for template in self._templates:
            places = {}
            for code in (TagCode.TileOffsets, TagCode.TileByteCounts):
                field = template.fields[template.index(code)]
                if field.nbytes > file_codec.inline:
                    places[code] = position
                    position = even(position + field.nbytes)
            self._arrays.append(places)
        self._data_at = position
        self._place_tiles(position)

    def _template(self, image: _Image, given: Sequence[Any], *, first: bool) -> DirectoryTemplate:
        codec = self._codec
        tags = list(image.plan.tags)
        if first:
            description = image.plan.arguments.description
            if description is not None:
                tags.append(TagValue(TagCode.ImageDescription, ASCII, description, once=True))
            tags += extra_tags(codec, given, {tag.code for tag in tags})
        elif not image.plan.arguments.is_mask:
            nodata = [item for item in given if item[0] == TagCode.GDAL_NODATA]
            tags += [replace(tag, once=False) for tag in extra_tags(codec, nodata, ())]
        fields = fields_of(codec, tags, first=first)
        count = len(image.sizes)
        offset_type = LONG8 if codec.is_big else LONG
        fields += [
            Field(TagCode.TileOffsets, offset_type, count, None),
            Field(TagCode.TileByteCounts, LONG, count, None),
        ]
        separate = [field.code for field in fields[-2:] if field.nbytes > codec.inline]
        return DirectoryTemplate(codec, fields, separate=separate)

    def _place_tiles(self, position: int) -> None:
        """Give each tile its offset: smallest image first, each with its mask tile behind it."""
        for image in reversed(self._images):
            sizes = np.where(image.sizes > 0, image.sizes + 8, 0)
            behind = np.zeros_like(sizes)
            if image.mask is not None:
                behind = image.mask.sizes + 8
            steps = sizes + behind
            begin = position + np.cumsum(steps) - steps
            image.offsets = np.where(image.sizes > 0, begin + 4, 0)
            if image.mask is not None:
                image.mask.offsets = begin + sizes + 4
            position += int(steps.sum())
        self.end = position

    def pieces(self, spool: IO[bytes]) -> Iterator[tuple[int, bytes]]:
        """Yield the bytes of the file from front to back."""
        codec = self._codec
        header = codec.build_header(self._addresses[0])
        yield 0, header + self._ghost
        following = [*self._addresses[1:], 0]
        for image, template, address, after, places in zip(
            self._chain, self._templates, self._addresses, following, self._arrays, strict=True
        ):
            assert image.offsets is not None
            columns = {
                TagCode.TileOffsets: image.offsets[None],
                TagCode.TileByteCounts: image.sizes[None],
            }
            inline = {code: column for code, column in columns.items() if code not in places}
            block = template.block(
                np.array([address], np.int64),
                np.array([after], np.int64),
                inline,
                elsewhere={code: np.array([at], np.int64) for code, at in places.items()},
            )
            yield address, block.tobytes()
            for code, at in places.items():
                fieldtype = template.fields[template.index(code)].fieldtype
                yield at, template.pack(fieldtype, columns[code]).tobytes()
        position = self._data_at
        for image in reversed(self._images):
            for data in self._tiles(spool, image):
                yield position, data
                position += len(data)

    def _tiles(self, spool: IO[bytes], image: _Image) -> Iterator[bytes]:
        both = [image] if image.mask is None else [image, image.mask]
        # Leaders are little-endian in files of either byte order.
        leaders = [one.sizes.astype('<u4').tobytes() for one in both]
        for index in range(len(image.sizes)):
            parts = []
            for one, leader in zip(both, leaders, strict=True):
                size = int(one.sizes[index])
                if not size:
                    continue
                spool.seek(int(one.starts[index]))
                payload = spool.read(size)
                trailer = payload[-4:] if size >= 4 else (payload * 4)[:4]
                parts += [leader[4 * index : 4 * index + 4], payload, trailer]
            if parts:
                yield b''.join(parts)
