"""Which codecs of Zarr give the samples of chunks inside a TIFF file, for both formats.

Knows chunked images and names of codecs; decodes nothing. What comes with Zarr is preferred, then
what imagecodecs offers; everything else is left to our own codec, which is told how a segment is
decoded. So references to everyday files need no library of ours.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tiffschema.errors import TiffSchemaError, UnsupportedError

from .chunks import ChunkedImage
from .segment_recipe import SegmentRecipe

__all__ = ['ChunkCodecs', 'chunk_codecs', 'is_page']

Codec = dict[str, Any]

_JPEG = 7
_USUAL: Mapping[int, tuple[Codec | None, Codec | None]] = {
    1: (None, None),
    5: ({'id': 'imagecodecs_lzw'}, {'name': 'imagecodecs_lzw'}),
    8: ({'id': 'zlib'}, {'name': 'numcodecs.zlib', 'configuration': {'level': 1}}),
    32773: ({'id': 'imagecodecs_packbits'}, {'name': 'imagecodecs_packbits'}),
    32946: ({'id': 'zlib'}, {'name': 'numcodecs.zlib', 'configuration': {'level': 1}}),
    34925: ({'id': 'lzma'}, {'name': 'numcodecs.lzma', 'configuration': {}}),
    34926: ({'id': 'zstd'}, {'name': 'zstd', 'configuration': {'level': 0, 'checksum': False}}),
    50000: ({'id': 'zstd'}, {'name': 'zstd', 'configuration': {'level': 0, 'checksum': False}}),
}
"""By number of compression: what decodes bytes in format 2 and in format 3."""

_MINISWHITE, _MINISBLACK, _RGB, _CMYK, _YCBCR = 0, 1, 2, 5, 6
_JPEG_SPACES = {
    _MINISWHITE: (1, 1), _MINISBLACK: (1, 1), _RGB: (2, 2), _YCBCR: (3, 2), _CMYK: (4, 4),
}  # fmt: skip
"""Colour spaces, stored and read: samples as they are stored, but YCbCr as RGB."""


@dataclass(frozen=True, slots=True)
class ChunkCodecs:
    """What gives the samples of chunks.

    Parameters:
        dtype: Of what the codecs yield, in the byte order of format 2.
        compressor: Of format 2.
        filters: Of format 2.
        codecs: Of format 3.
    """

    dtype: np.dtype[Any]
    compressor: Codec | None = None
    filters: list[Codec] = field(default_factory=list)
    codecs: list[Codec] = field(default_factory=list)


def is_page(chunked: ChunkedImage) -> bool:
    """Return whether chunks are pages, each in one stretch."""
    if chunked.plan is None or not chunked.image.keyframe.is_final:
        return False
    lead = len(chunked.plan.lead)
    return chunked.chunkshape[lead:] == chunked.shape[lead:]


def chunk_codecs(chunked: ChunkedImage, given: Mapping[Any, str | None]) -> ChunkCodecs:
    """Return what gives the samples of the chunks of an image.

    Parameters:
        chunked: The image.
        given: Codec by number of compression, where another than the usual one is wanted.

    Raises:
        UnsupportedError: References cannot express the image; says why.
    """
    _check(chunked)
    compression = int(chunked.geometry.compression)
    own = {int(key): name for key, name in given.items()}
    reason = _unusual(chunked)
    if compression in own:
        name = own[compression]
        if reason:
            raise UnsupportedError(f'codec {name!r} cannot decode chunks: {reason}')
        return _usual(chunked, *(({'id': name}, {'name': name}) if name else (None, None)))
    usual = None
    if not reason and compression == _JPEG:
        usual = _jpeg(chunked)
    elif not reason and compression in _USUAL:
        usual = _usual(chunked, *_USUAL[compression])
    if usual is not None and _serves(chunked, usual):
        return usual
    config = SegmentRecipe.of(chunked).config
    name = 'tiffschema.segment'
    return ChunkCodecs(
        chunked.dtype.newbyteorder('<'),
        {'id': name, **config},
        codecs=[{'name': name, 'configuration': config}],
    )


def _serves(chunked: ChunkedImage, codecs: ChunkCodecs) -> bool:
    """Return whether codecs give what reading the file gives, tried with the outermost chunks.

    Files bend the rules: a byte too much in LZW, tiles that end where the image ends, streams whose
    colours are not what the tags say. We read them; codecs of others do not, or not alike.
    """
    if is_page(chunked):
        return True
    try:
        chain = [_made(each) for each in codecs.filters]
        if codecs.compressor is not None:
            chain.append(_made(codecs.compressor))
    except ImportError:
        return True  # nothing to try with
    for index in _outermost(chunked):
        try:
            expected = chunked.read(index)
        except TiffSchemaError:
            continue  # damaged
        (segment,) = chunked.segments(index)
        if expected is None or not segment.is_stored:
            continue
        source = chunked.framemap.sources[segment.file]()
        data: Any = bytes(source.view(segment.offset, segment.nbytes))
        try:
            for codec in reversed(chain):
                data = codec.decode(data)
            found = np.frombuffer(data, codecs.dtype).reshape(expected.shape)
        except Exception:  # noqa: BLE001 - whatever another library raises, it does not serve
            return False
        inside = tuple(slice(each.stop - each.start) for each in chunked.slices(index))
        if found[inside].tobytes() != expected[inside].astype(codecs.dtype).tobytes():
            return False
    return True


def _outermost(chunked: ChunkedImage) -> set[tuple[int, ...]]:
    return {(0,) * len(chunked.grid), tuple(count - 1 for count in chunked.grid)}


def _made(config: Codec) -> Any:
    """Return a codec of numcodecs or imagecodecs, without registering it.

    Raises:
        ImportError: It is not installed.
    """
    kind, _, name = config['id'].partition('_')
    if kind != 'imagecodecs':
        from numcodecs.registry import get_codec

        return get_codec(config)
    import imagecodecs.numcodecs

    options = {key: value for key, value in config.items() if key != 'id'}
    return getattr(imagecodecs.numcodecs, name.capitalize()).from_config(options)


def _check(chunked: ChunkedImage) -> None:
    """Raise an error if no codec of single chunks gives what reading the file gives.

    Raises:
        UnsupportedError: None does; says why.
    """
    reason = ''
    if chunked.plan is None:
        reason = 'the shape of the series is not made of whole pages'
    elif getattr(chunked.image, 'transform', None) is not None:
        reason = 'samples are transformed after decoding'
    elif chunked.dtype != chunked.geometry.dtype:
        reason = f'samples are stored as {chunked.geometry.dtype}'
    elif 'ojpeg' in chunked.image.keyframe.spec.options:
        reason = 'parts of an old-style JPEG stream are scattered over the file'
    elif chunked.framemap.specs:
        reason = (
            'frames have JPEG tables of their own, but the codec of an array has the same'
            ' configuration for all chunks'
        )
    if reason:
        raise UnsupportedError(f'references cannot express the image: {reason}')


def _unusual(chunked: ChunkedImage) -> str:
    """Return why codecs of other libraries do not serve, empty if they do."""
    geometry, plan = chunked.geometry, chunked.plan
    assert plan is not None
    if is_page(chunked):
        return ''
    if geometry.bitspersample != chunked.dtype.itemsize * 8 or geometry.sampleformat == 5:
        return f'samples of {geometry.bitspersample} bits'
    if geometry.fillorder == 2:
        return 'bits are stored in reverse order'
    if geometry.is_subsampled and geometry.compression != _JPEG:
        return 'chroma is subsampled'
    if not chunked.is_whole_segment:
        return 'chunks are not whole strips or tiles'
    if not geometry.is_tiled and geometry.shaped[2] % geometry.segment_shape[1]:
        return 'the last strip is shorter than the others'
    if geometry.compression == _JPEG:
        return _unusual_jpeg(chunked)
    if geometry.is_image_codec or geometry.predictor in (0, 1) or geometry.compression == 1:
        return ''
    if plan.places.count(3) != 1:
        return 'a predictor along an axis of length 1'
    if geometry.predictor == 3 and geometry.byteorder == '>':
        return 'a floating-point predictor of big-endian samples'
    if geometry.predictor not in (2, 3):
        return f'predictor {geometry.predictor}'
    if geometry.predictor == 2 and chunked.dtype.kind not in 'iu':
        return f'differences of {chunked.dtype}'
    return ''


def _unusual_jpeg(chunked: ChunkedImage) -> str:
    geometry = chunked.geometry
    if chunked.image.keyframe.spec.jpegheader is not None:
        return 'segments share one JPEG stream'
    if geometry.bitspersample != 8:
        return 'JPEG of other than 8 bits'
    if geometry.segment_shape[3] > 1 and geometry.photometric not in _JPEG_SPACES:
        return f'JPEG of photometric {geometry.photometric}'
    return ''


def _jpeg(chunked: ChunkedImage) -> ChunkCodecs:
    geometry, tables = chunked.geometry, chunked.image.keyframe.spec.jpegtables
    stored, read = (1, 1) if geometry.segment_shape[3] == 1 else _JPEG_SPACES[geometry.photometric]
    options: Codec = {'bitspersample': 8, 'colorspace_jpeg': stored, 'colorspace_data': read}
    if tables is not None:
        options['tables'] = b64encode(tables).decode('ascii')
    name = 'imagecodecs_jpeg'
    codecs = [{'name': name, 'configuration': options}]
    return ChunkCodecs(chunked.dtype, {'id': name, **options}, codecs=codecs)


def _usual(chunked: ChunkedImage, second: Codec | None, third: Codec | None) -> ChunkCodecs:
    """Return codecs that yield bytes, and what undoes the predictor."""
    geometry, plan = chunked.geometry, chunked.plan
    stored = geometry.stored_dtype
    assert stored is not None
    assert plan is not None
    filters: list[Codec] = []
    order: Codec = {'name': 'bytes'}
    if stored.itemsize > 1:
        order['configuration'] = {'endian': 'big' if geometry.byteorder == '>' else 'little'}
    codecs = [order] if third is None else [order, third]
    predictor = {2: 'imagecodecs_delta', 3: 'imagecodecs_floatpred'}.get(geometry.predictor)
    if predictor and second is not None and not geometry.is_image_codec:
        axis = len(plan.lead) + plan.places.index(3) - len(chunked.shape)
        shape = list(chunked.chunkshape)
        filters = [{'id': predictor, 'axis': axis, 'dist': 1, 'shape': shape, 'dtype': stored.str}]
        # That of floats takes bytes: their order is its own.
        rest = codecs[1:] if geometry.predictor == 3 else codecs
        codecs = [{'name': predictor, 'configuration': {'axis': axis, 'dist': 1}}, *rest]
    return ChunkCodecs(stored, second, filters, codecs)
