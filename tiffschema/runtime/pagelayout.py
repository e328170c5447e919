"""From the tags of a page to its geometry, with the corrections that known files need.

Knows tags and geometry, no pixels. Corrections are those of TIFF 6.0 readers at large: a table says
which tags count, and each correction names the files that need it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError
from tiffschema.model.geometry import Geometry
from tiffschema.model.tagcodes import NdpiCode, TagCode

from .tagplans import tag_plan

if TYPE_CHECKING:
    from tiffschema.types import ByteOrder

    from .page import TiffPage

__all__ = ['one_strip', 'read_geometry', 'show_geometry', 'stored_segments']

_OLD_JPEG: Final = 6
_WRONG_DEPTH: Final = ('ISS Vista', 'Philips DP v1.1')
_EVENTS: Final = frozenset({65000, 65001, 65002})
_NO_STRIPS: Final = (1 << 32) - 1
_RGB: Final = 2
_YCBCR: Final = 6
_MONOCHROME_MODE: Final = 6
_OFFSET_TAGS: Final = (TagCode.TileOffsets, TagCode.StripOffsets, TagCode.JPEGInterchangeFormat)
_COUNT_TAGS: Final = (
    TagCode.TileByteCounts,
    TagCode.StripByteCounts,
    TagCode.JPEGInterchangeFormatLength,
)
_WIDE: Final = 1 << 62
_KEPT: Final = 256
_FEW_SAMPLES: Final = 8
_STREAM_HEADER: Final = 1 << 16


def _number(page: TiffPage, code: int, default: int) -> int:
    """Return an integer tag; the first one where there are several, the default if it is unfit."""
    directory = page.directory
    position = directory.index.get(code)
    if position is None:
        return default
    value: Any = directory.number(position)
    if value is None:
        values = _numbers(page, code)
        return values[0] if values else default
    return int(value)


def _numbers(page: TiffPage, code: int) -> tuple[int, ...]:
    """Return all values of an integer tag, none if they are no integers."""
    tag = page.tags.get(code)
    if tag is None:
        return ()
    value = page.tags.valueof(code)
    if isinstance(value, np.ndarray):
        value = tuple(value.tolist())
    elif isinstance(value, bytes):
        value = tuple(value)
    elif not isinstance(value, tuple):
        value = (value,)
    if not all(isinstance(one, int | float) and one == one and abs(one) < 1 << 63 for one in value):
        page.fault(f'{value!r:.60} are no integers', code)
        return ()
    numbers = tuple(int(one) for one in value)
    if any(one < 0 for one in numbers):
        page.fault(f'{numbers!r:.60} are negative', code)
        return ()
    return numbers


def _one_or_many(page: TiffPage, code: int, default: int) -> int | tuple[int, ...]:
    position = page.directory.index.get(code)
    if position is None:
        return default
    value = page.directory.number(position)
    if value is not None:
        return value
    values = _numbers(page, code)
    return values if len(values) > 1 else values[0] if values else default


def read_geometry(page: TiffPage) -> Geometry:
    """Return the geometry of a page; pages with equal tags share one object."""
    signature = page.signature
    if signature.layout is None:
        return _read_geometry(page)
    directory = page.directory
    columns = directory.shorts, directory.longs, directory.numbers
    key = signature, *[columns[column][position] for position, column in signature.layout]
    shared = page.parent.geometries
    found: Geometry | None = shared.get(key)
    if found is None:
        found = _read_geometry(page)
        # Else the software counts too, or each page has to collect its parts.
        if (
            found.bitspersample != 32 or TagCode.SampleFormat in signature.index
        ) and found.compression != _OLD_JPEG:
            shared[key] = found
    return found


def _read_geometry(page: TiffPage) -> Geometry:
    index = page.directory.index
    key = (
        _number(page, TagCode.ImageWidth, 0),
        _number(page, TagCode.ImageLength, 0),
        _number(page, TagCode.ImageDepth, 1),
        _number(page, TagCode.SamplesPerPixel, 1),
        _number(page, TagCode.PlanarConfiguration, 1),
        _one_or_many(page, TagCode.BitsPerSample, 1),
        _one_or_many(page, TagCode.SampleFormat, 1),
        _number(page, TagCode.TileWidth, 0),
        _number(page, TagCode.TileLength, 0),
        _number(page, TagCode.TileDepth, 1),
        _rows_per_strip(page),
        _number(page, TagCode.Compression, 1),
        _number(page, TagCode.Predictor, 1),
        _number(page, TagCode.PhotometricInterpretation, 0),
        _number(page, TagCode.FillOrder, 1),
        _numbers(page, TagCode.ExtraSamples) if TagCode.ExtraSamples in index else (),
        _subsampling(page) if TagCode.YCbCrSubSampling in index else None,
    )
    corrections = _corrections(page, key)
    shared = page.parent.geometries
    found: Geometry | None = shared.get((key, corrections))
    if found is None:
        # Many samples take memory that no other file should keep.
        made = _kept if key[3] <= _FEW_SAMPLES else _made
        found = shared[key, corrections] = made(key, corrections, page.parent.byteorder)
    if page.parent.tiff.is_ndpi:
        from .restarttiles import restart_tiles

        tiles = page.tiles = restart_tiles(page, found)
        return found if tiles is None else tiles.geometry
    if found.compression == _OLD_JPEG:
        return _of_old_jpeg(page, found)
    return found


def _of_old_jpeg(page: TiffPage, found: Geometry) -> Geometry:
    """Return the geometry in which an old-style JPEG page can be decoded."""
    from .oldjpeg import old_jpeg

    offsets, sizes, _ = _listed_segments(page, found.is_tiled)
    try:
        parts = old_jpeg(page, found, offsets.tolist(), None if sizes is None else sizes.tolist())
    except FormatError as error:
        page.fault(error.message, TagCode.Compression)
        return found
    page.oldjpeg = parts
    return found if parts is None else parts.geometry


def _rows_per_strip(page: TiffPage) -> int:
    position = page.directory.index.get(TagCode.RowsPerStrip)
    if position is None:
        return _NO_STRIPS
    value = page.directory.number(position)
    if value is None:
        # More than one value has no meaning; one strip then holds the page.
        values = _numbers(page, TagCode.RowsPerStrip)
        value = values[0] if len(values) == 1 else _NO_STRIPS
    return value or _NO_STRIPS


def _subsampling(page: TiffPage) -> tuple[int, int] | None:
    values = _numbers(page, TagCode.YCbCrSubSampling)
    if len(values) < 2 or not 0 < values[0] <= 4 or not 0 < values[1] <= 4:
        page.fault(f'{values} is no subsampling', TagCode.YCbCrSubSampling)
        return None
    return values[0], values[1]


def _corrections(page: TiffPage, key: tuple[Any, ...]) -> tuple[tuple[str, Any], ...]:
    """Return fields of the geometry that differ from the tags."""
    index = page.directory.index
    found: dict[str, Any] = {}
    compression, photometric = key[11], key[13]
    if compression == _OLD_JPEG:
        # Writers of old-style JPEG rely on the stream to say what it holds (Technical Note 2).
        if TagCode.PhotometricInterpretation not in index:
            found['photometric'] = photometric = _YCBCR
        if TagCode.BitsPerSample not in index:
            found['bitspersample'] = 8
        if TagCode.SamplesPerPixel not in index:
            found['samplesperpixel'] = 3 if photometric in (_RGB, _YCBCR) else 1
    elif TagCode.SamplesPerPixel not in index and photometric == _RGB and isinstance(key[5], tuple):
        # SamplesPerPixel is left out by some writers; BitsPerSample has as many values.
        found['samplesperpixel'] = len(key[5])
    if TagCode.ImageWidth not in index and TagCode.ImageLength not in index:
        if TagCode.JPEGInterchangeFormat in index:
            found.update(_stated_size(page, TagCode.JPEGInterchangeFormat))
        elif compression == _OLD_JPEG and TagCode.StripOffsets in index:
            found.update(_stated_size(page, TagCode.StripOffsets))
    if (
        key[5] == 32
        and TagCode.SampleFormat not in index
        and page.software.startswith('IndicaLabsImageWriter')
    ):
        found['sampleformat'] = 3
    if NdpiCode.CaptureMode in index and page.parent.tiff.is_ndpi and _is_monochrome(page):
        # The tags still say 3 x 8 bit RGB (Hamamatsu NDPI, fluorescence).
        found.update(bitspersample=16, samplesperpixel=1, sampleformat=1, photometric=1)
    if (key[2] > 1 or key[9] > 1) and _software(page).startswith(_WRONG_DEPTH):
        # They count pages, or nothing (ISS Vista, Philips DP 1.1).
        found.update(imagedepth=1, tiledepth=1)
    if compression in _EVENTS and not key[7] and page.parent.is_bigtiff:
        found.update(_of_events(page, key[0], key[1]))
    if isinstance(key[5], tuple) and len(key[5]) == 2 and key[5][0] != key[5][1]:
        found.update(_pair_elsewhere(page))
    return tuple(found.items())


def _pair_elsewhere(page: TiffPage) -> dict[str, Any]:
    """Return the bits of two samples that are stored elsewhere, though they fit their entry (LSM).

    The entry then holds an offset. It is taken as one if two equal, usual numbers lie there.
    """
    directory = page.directory
    position = directory.index[TagCode.BitsPerSample]
    if directory.types[position] != 3 or directory.codec.inline != 4:
        return {}
    view = page.parent.source.view(directory.numbers[position], 4)
    values = directory.codec.decode_value(3, 2, view) if len(view) == 4 else ()
    return {'bitspersample': values[0]} if values in ((8, 8), (16, 16), (32, 32)) else {}


def _stated_size(page: TiffPage, code: int) -> dict[str, Any]:
    """Return what the JPEG stream behind a tag says and tags leave out (raw files, previews)."""
    from tiffschema.codecs.codestream import jpeg_info

    offset = _number(page, code, 0)
    info = jpeg_info(page.parent.source.view(offset, _STREAM_HEADER)) if offset > 0 else None
    if info is None or not info.width or not info.height:
        return {}
    return {
        'imagewidth': info.width,
        'imagelength': info.height,
        'samplesperpixel': info.samples,
        'bitspersample': info.bits,
        'photometric': _YCBCR if info.samples == 3 else 1,
        'compression': _number(page, TagCode.Compression, _OLD_JPEG),
    }


def _software(page: TiffPage) -> str:
    """Return what wrote a page; many files say it on the first page only."""
    if page.software or page.treeindex == (0,):
        return page.software
    return page.parent.pages.first.software


def _of_events(page: TiffPage, width: int, length: int) -> dict[str, Any]:
    """Return the size of a frame of electrons, which may be finer than the detector (EER)."""
    from tiffschema.codecs.eer import widths_of_compression

    # Strips of a frame are one stream.
    found = {'rowsperstrip': _NO_STRIPS}
    level = page.parent.superres
    if level:
        widths = widths_of_compression(page.tags.valueof, _number(page, TagCode.Compression, 1))
        found['imagewidth'] = width << min(level, widths.horizontal)
        found['imagelength'] = length << min(level, widths.vertical)
    return found


def _is_monochrome(page: TiffPage) -> bool:
    magnification = page.tags.valueof(NdpiCode.Magnification)
    return (
        _number(page, NdpiCode.CaptureMode, 0) >= _MONOCHROME_MODE
        and isinstance(magnification, float)
        and magnification > 0
    )


def _made(
    key: tuple[Any, ...], corrections: tuple[tuple[str, Any], ...], byteorder: ByteOrder
) -> Geometry:
    fields: dict[str, Any] = {
        'imagewidth': key[0],
        'imagelength': key[1],
        'imagedepth': key[2],
        'samplesperpixel': key[3],
        'planarconfig': key[4],
        'bitspersample': key[5],
        'sampleformat': key[6],
        'tilewidth': key[7],
        'tilelength': key[8] if key[7] else 0,
        'tiledepth': key[9],
        'rowsperstrip': key[10],
        'compression': key[11],
        'predictor': key[12],
        'photometric': key[13],
        'fillorder': key[14],
        'extrasamples': key[15],
        'subsampling': key[16],
        'byteorder': byteorder,
        **dict(corrections),
    }
    return Geometry(**fields)


_kept = lru_cache(maxsize=_KEPT)(_made)
"""Files that are alike in layout share a geometry; pages of one file share it in any case."""


def _rows(page: TiffPage) -> int:
    """Return rows of a strip as users see them: no more than the page has, 0 for tiles."""
    geometry = page.geometry
    if geometry.is_tiled and page.tiles is None:
        return 0
    if not geometry.imagelength and page.tags.get(TagCode.RowsPerStrip) is None:
        return _NO_STRIPS
    return min(_rows_per_strip(page), geometry.imagelength)


def show_geometry(page: TiffPage) -> None:
    """Set the attributes of a page that repeat its geometry; those already set stay."""
    geometry = page.geometry
    show = page.__dict__.setdefault
    show('imagewidth', geometry.imagewidth)
    show('imagelength', geometry.imagelength)
    show('imagedepth', max(geometry.imagedepth, 1))
    show('tilewidth', geometry.tilewidth)
    show('tilelength', geometry.tilelength)
    show('tiledepth', max(geometry.tiledepth, 1))
    show('samplesperpixel', geometry.samplesperpixel)
    show('bitspersample', geometry.bitspersample)
    show('sampleformat', _members(TagCode.SampleFormat, geometry.sampleformat))
    show('rowsperstrip', _rows(page))
    show('planarconfig', _members(TagCode.PlanarConfiguration, geometry.planarconfig))
    show('fillorder', _members(TagCode.FillOrder, geometry.fillorder))
    show('predictor', _members(TagCode.Predictor, geometry.predictor))
    show('extrasamples', _members(TagCode.ExtraSamples, geometry.extrasamples))
    show('subsampling', geometry.subsampling)
    show('compression', _members(TagCode.Compression, geometry.compression))
    show('photometric', _members(TagCode.PhotometricInterpretation, geometry.photometric))


def _members(code: int, numbers: Any) -> Any:
    """Return members of a tag's enumeration for a number or numbers; unknown ones stay numbers."""
    members = tag_plan('tiff', code).members or {}
    if isinstance(numbers, tuple):
        return tuple(members.get(number, number) for number in numbers)
    return members.get(numbers, numbers)


# Segments


def _array(page: TiffPage, code: int) -> NDArray[np.int64]:
    """Return the values of a tag of offsets or sizes, int64."""
    position = page.directory.index.get(code)
    if position is None:
        return np.empty(0, np.int64)
    value = page.directory.number(position)
    if value is not None:
        return np.array([value], np.uint64).view(np.int64)
    values: Any = page.tags.valueof(code)
    if isinstance(values, bytes):
        values = tuple(values)
    try:
        array = np.atleast_1d(np.asarray(values))
        if array.dtype.kind not in 'iu':
            raise ValueError('no integers')
        array = array.astype(np.int64, copy=False)
    except (ValueError, TypeError, OverflowError):
        page.fault(f'{values!r:.60} are no offsets or sizes', code)
        return np.empty(0, np.int64)
    return array.reshape(-1)


def one_strip(page: TiffPage) -> tuple[int, int] | None:
    """Return offset and size of a page of one strip, both in their entries; None for others."""
    strip = page.signature.strip
    directory = page.directory
    if strip is None or directory.codec.is_ndpi:
        return None
    columns = directory.shorts, directory.longs, directory.numbers
    (offset_at, first), (size_at, second) = strip
    offset, size = columns[first][offset_at], columns[second][size_at]
    return (offset, size) if offset < _WIDE and size < _WIDE else None


def stored_segments(
    page: TiffPage,
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None, int]:
    """Return offsets and sizes of segments as the tags have them, and where the data must end.

    Sizes are None where there is no tag of them.
    """
    strip = one_strip(page)
    if strip is not None:
        end = page.parent.source.size
        if strip[0] < page.offset < end:
            end = page.offset
        return np.array(strip[:1], np.int64), np.array(strip[1:], np.int64), end
    if page.tiles is not None:
        return page.tiles.offsets, page.tiles.sizes, page.parent.source.size
    geometry = page.geometry
    offsets, sizes, end = _listed_segments(page, geometry.is_tiled)
    if geometry.compression == _OLD_JPEG and len(offsets) > geometry.segment_count > 0:
        # The first strip of the page, or of each plane, stands for all of them.
        step = len(offsets) // geometry.segment_count
        return offsets[::step], None if sizes is None else sizes[::step], end
    if geometry.compression in _EVENTS and len(offsets) > geometry.segment_count == 1:
        return *_joined(page, offsets, sizes), end
    return offsets, sizes, end


def _joined(
    page: TiffPage, offsets: NDArray[np.int64], sizes: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Return strips that follow each other as one."""
    if sizes is None or len(sizes) < len(offsets):
        return offsets[:1], None
    stored = sizes[: len(offsets)]
    count = 1 + int(np.argmin(np.append(offsets[:-1] + stored[:-1] == offsets[1:], False)))
    if count < len(offsets):
        page.fault(
            f'strip {count} of one stream does not follow those before', TagCode.StripOffsets
        )
    return offsets[:1], stored[:count].sum(keepdims=True)


def _listed_segments(
    page: TiffPage, is_tiled: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None, int]:
    """Return offsets and sizes as the tags list them, and where the data must end."""
    signature = page.signature
    index = signature.index
    # Some files have tags of strips and of tiles; those of the page's kind go first.
    order = (0, 1, 2) if is_tiled or TagCode.StripOffsets not in index else (1, 0, 2)
    which = next((i for i in order if _OFFSET_TAGS[i] in index), 1)
    offsets = _array(page, _OFFSET_TAGS[which])
    sizes_in = which
    if _COUNT_TAGS[which] not in index:
        # Some writers give tiles a StripByteCounts, or the reverse.
        sizes_in = next((i for i in order if _COUNT_TAGS[i] in index), -1)
    sizes = None if sizes_in < 0 else _array(page, _COUNT_TAGS[sizes_in])
    if len(offsets) > 1 and NdpiCode.OffsetHighBytes in index:
        offsets = _with_high(page, offsets, NdpiCode.OffsetHighBytes)
        sizes = None if sizes is None else _with_high(page, sizes, NdpiCode.ByteCountHighBytes)
    if (offsets < 0).any() or (sizes is not None and (sizes < 0).any()):
        page.fault('segments beyond 63 bits are taken as absent', _OFFSET_TAGS[which])
        offsets = np.maximum(offsets, 0)
        sizes = None if sizes is None else np.maximum(sizes, 0)
    end = page.parent.source.size
    last = int(offsets.max(initial=0))
    return offsets, sizes, page.offset if last < page.offset < end else end


def _with_high(page: TiffPage, low: NDArray[np.int64], code: int) -> NDArray[np.int64]:
    """Return 64-bit numbers of which an NDPI file stores the upper halves in another tag."""
    high = _array(page, code)
    return low | (high << 32) if len(high) == len(low) else low
