"""Old-style JPEG (compression 6, TIFF 6.0 section 22), put right before it is decoded.

This module knows the tags of old-style JPEG and JPEG markers; libjpeg decodes. Writers disagreed on
the section, so the tables and the entropy-coded data of a page lie about in several ways:

A. tag 513 points to a complete stream; the strips lie in it or are absent;
B. tag 513 points to tables and perhaps a frame header, the strips continue the stream;
C. the first strip begins with the tables, the others continue it;
D. the strips hold bare entropy-coded data, tags 519 to 521 point to the tables;
E. each strip is a complete stream.

Rule: all but E are one stream over all strips, whose predictions run on from strip to strip. So a
reader collects the parts of a page with `OldJpeg.collect`, gives them to the codec as option
``ojpeg``, and reads segments of the geometry `OldJpeg.geometry`, one for the page or each plane.

Sources: TIFF 6.0 section 22; TIFF Technote 2; ITU-T T.81 annex B; behaviour of libtiff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.types import Buffer
from tiffschema.values import replace, value

from . import backend, jpeg
from .codestream import check_size, jpeg_info
from .jpeg_end import has_end, intact
from .spec import SegmentSpec

if TYPE_CHECKING:
    from tiffschema.model.geometry import Geometry

__all__ = ['OldJpeg', 'decode', 'is_complete', 'salvage']

Array: TypeAlias = NDArray[Any]
Fetch: TypeAlias = Callable[[int, int], bytes]

_SOI, _EOI = b'\xff\xd8', b'\xff\xd9'
_SOS, _SOF0, _SOF3 = 0xDA, 0xC0, 0xC3
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3})
# Segments that matter: tables, frame, restart interval, and the markers of colour.
_KEPT = _FRAMES | {0xC4, 0xDB, 0xDD, 0xE0, 0xEE}
_LOSSLESS = 14
# Marker segments before the scan are shorter than this.
_HEAD = 1 << 16
_BASIC = (0.299, 0.587, 0.114)
_FULL = (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)


@value
class _Head:
    """The marker segments at the start of a stream, and where its scan begins."""

    segments: tuple[bytes, ...]
    has_frame: bool
    scan: int  # of the SOS marker, -1 without
    end: int  # behind the last whole marker segment


def _head(data: Buffer) -> _Head:
    """Read marker segments up to the scan, or to what is none."""
    segments: list[bytes] = []
    has_frame = False
    at = 2 if bytes(data[:2]) == _SOI else 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        size = 2 + (data[at + 2] << 8 | data[at + 3])
        if marker == _SOS:
            return _Head(tuple(segments), has_frame, at, at + size)
        if marker < 0xC0 or 0xD0 <= marker <= 0xD9 or at + size > len(data):
            break
        # A second frame header is a mistake of the writer; libjpeg would refuse it.
        if marker in _KEPT and not (marker in _FRAMES and has_frame):
            segments.append(bytes(data[at : at + size]))
        has_frame |= marker in _FRAMES
        at += size
    return _Head(tuple(segments), has_frame, -1, at)


def _ints(tags: Mapping[str, Any], name: str) -> tuple[int, ...]:
    value = tags.get(name)
    if value is None:
        return ()
    if isinstance(value, int):
        return (value,)
    return tuple(int(item) for item in value)


def _int(tags: Mapping[str, Any], name: str, default: int = 0) -> int:
    values = _ints(tags, name)
    return values[0] if values else default


def _huffman(fetch: Fetch, offset: int) -> bytes:
    """Return a Huffman table as tags 520 and 521 point to: 16 counts and the values."""
    counts = fetch(offset, 16)
    size = 16 + sum(counts)
    table = fetch(offset, size)
    if len(table) < size or size > 16 + 256 or len(counts) < 16:
        raise FormatError('no Huffman table where tag 520 or 521 points', 'segment', offset)
    return table


@value
class OldJpeg:
    """The parts of an old-style JPEG page.

    Parameters:
        page: Geometry as the tags have it.
        stream: Bytes that tag 513 points to, up to their length or the end of the file.
        segments: Stored bytes of all strips or tiles, in order; missing ones are empty.
        process: Tag 512: 1 baseline, 14 lossless.
        restart: Tag 515, restart interval.
        qtables, dctables, actables: What tags 519 to 521 point to, per component.
        predictors, transforms: Tags 517 and 518, per component.
        inside: Whether the first strip lies within `stream`.
    """

    page: Geometry
    stream: bytes = b''
    segments: tuple[bytes, ...] = ()
    process: int = 1
    restart: int = 0
    qtables: tuple[bytes, ...] = ()
    dctables: tuple[bytes, ...] = ()
    actables: tuple[bytes, ...] = ()
    predictors: tuple[int, ...] = ()
    transforms: tuple[int, ...] = ()
    inside: bool = False

    @classmethod
    def collect(
        cls,
        page: Geometry,
        tags: Mapping[str, Any],
        fetch: Fetch,
        offsets: Sequence[int],
        bytecounts: Sequence[int],
        size: int,
    ) -> OldJpeg:
        """Fetch the parts of a page.

        Parameters:
            page: Its geometry.
            tags: Values of tags 512 to 521 by name (``JPEGProc``, ``JPEGInterchangeFormat``, …).
            fetch: Called with (offset, size), returns these bytes, fewer at the end of the file.
            offsets, bytecounts: Of the strips or tiles; a count of 0 reaches to the end.
            size: Of the file.

        Raises:
            FormatError: A table is not where its tag points.
        """
        start = _int(tags, 'JPEGInterchangeFormat')
        length = _int(tags, 'JPEGInterchangeFormatLength')
        stream = b''
        if 0 < start < size:
            stream = fetch(start, min(length, size - start) if length > 0 else size - start)
            if stream[:2] != _SOI:
                stream = b''
        segments = tuple(
            fetch(at, min(count or size, size - at)) if 0 < at < size else b''
            for at, count in zip(offsets, bytecounts, strict=False)
        )
        first = offsets[0] if len(offsets) else 0
        tables: dict[str, tuple[bytes, ...]] = {'qtables': (), 'dctables': (), 'actables': ()}
        if not stream and not any(segment[:1] == b'\xff' for segment in segments[:1]):
            tables = {
                'qtables': tuple(fetch(at, 64) for at in _ints(tags, 'JPEGQTables')),
                'dctables': tuple(_huffman(fetch, at) for at in _ints(tags, 'JPEGDCTables')),
                'actables': tuple(_huffman(fetch, at) for at in _ints(tags, 'JPEGACTables')),
            }
        return cls(
            page,
            stream,
            segments,
            _int(tags, 'JPEGProc', 1),
            _int(tags, 'JPEGRestartInterval'),
            predictors=_ints(tags, 'JPEGLosslessPredictors'),
            transforms=_ints(tags, 'JPEGPointTransforms'),
            inside=start <= first < start + len(stream),
            **tables,
        )

    @property
    def is_segmented(self) -> bool:
        """Whether each strip or tile is decoded by itself (forms E, and D in tiles)."""
        if self.stream:
            return False
        whole = [segment for segment in self.segments if segment]
        if len(whole) > 1 and all(is_complete(segment) for segment in whole):
            return True
        return self.page.is_tiled and not any(segment[:1] == b'\xff' for segment in whole[:1])

    @property
    def geometry(self) -> Geometry:
        """Geometry of the segments that `streams` returns."""
        page = replace(self.page, photometric=self._photometric)
        if self.is_segmented:
            return page
        return replace(page, rowsperstrip=page.imagelength, tilewidth=0, tilelength=0, tiledepth=0)

    @property
    def _photometric(self) -> int:
        # Section 22 knows YCbCr only; RGB with three components was a misunderstanding.
        page = self.page
        return 6 if page.samplesperpixel == 3 and page.photometric == 2 else page.photometric

    def streams(self) -> list[bytes]:
        """Return complete JPEG streams, one for each segment of `geometry`.

        Raises:
            TruncatedError: There are no data.
            FormatError: Tables are missing.
            UnsupportedError: The process is neither baseline nor lossless.
        """
        if not self.stream and not any(self.segments):
            raise TruncatedError('old-style JPEG page without data', 'segment')
        if self.is_segmented:
            if any(is_complete(segment) for segment in self.segments):
                return list(self.segments)
            return [self._bare([segment], 0, 1) for segment in self.segments]
        if self.stream:
            return [self._from_stream()]
        if self.segments[0][:1] == b'\xff':
            return [self._from_first()]
        planes, count = self._planes
        components = 1 if planes > 1 else self.page.samplesperpixel
        return [
            self._bare(list(self.segments[plane * count : (plane + 1) * count]), plane, components)
            for plane in range(planes)
        ]

    @property
    def _planes(self) -> tuple[int, int]:
        """Number of planes, and of segments of each."""
        planes = self.page.samplesperpixel if self.page.planarconfig == 2 else 1
        return planes, max(1, -(-len(self.segments) // planes))

    def completed(self, data: Buffer) -> bytes:
        """Return the stream which stored bytes belong to: those of the first strip of a plane.

        Raises:
            UnsupportedError: The bytes are not of this page.
        """
        stored = bytes(data)
        if self.is_segmented:
            return stored if is_complete(stored) else self._bare([stored], 0, 1)
        if stored not in self.segments and not (stored and self.stream.startswith(stored)):
            raise UnsupportedError('old-style JPEG data of another page: read the page by itself')
        streams = self.streams()
        at = self.segments.index(stored) // self._planes[1] if len(streams) > 1 else 0
        return streams[at]

    def _from_stream(self) -> bytes:
        """Return the stream of tag 513, continued by the strips where it is but a head."""
        head = _head(self.stream)
        has_scan = head.scan >= 0 and len(self.stream) > head.end + 2
        if has_scan or (self.inside and head.scan >= 0):
            return self._joined(head, self.stream[head.scan :], [])
        scan = self.stream[head.scan :] if head.scan >= 0 else b''
        return self._joined(head, scan, self.segments)

    def _from_first(self) -> bytes:
        """Return the stream that begins in the first strip."""
        head = _head(self.segments[0])
        scan = self.segments[0][head.scan if head.scan >= 0 else head.end :]
        return self._joined(head, scan, self.segments[1:])

    def _joined(self, head: _Head, scan: bytes, segments: Sequence[bytes]) -> bytes:
        """Return a head, the start of a scan, and strips that continue it, as one stream."""
        members = range(self.page.samplesperpixel)
        frame = self._frame(members)
        parts = list(head.segments)
        if head.has_frame:
            frame = next(part for part in parts if part[1] in _FRAMES)
        else:
            parts.append(frame)
        pieces = [scan] if scan else []
        for segment in segments:
            # Strips may repeat the tables; a scan begins once.
            start = _head(segment) if segment[:1] == b'\xff' else None
            if start is not None and start.scan >= 0:
                segment = segment[start.end if pieces else start.scan :]
            segment = segment[:-2] if segment[-2:] == _EOI else segment
            if len(pieces) == 1 and pieces[0] is scan and head.scan + len(scan) == head.end:
                # The head ended with the scan header: its data begin with the first strip.
                pieces[0] = scan + segment
            else:
                pieces.append(segment)
        if not pieces or pieces[0][:2] != b'\xff\xda':
            pieces.insert(0, self._scan(members) + (pieces.pop(0) if pieces else b''))
        if len(self.segments) > 1 and len(pieces) > 1 and not any(p[1] == 0xDD for p in parts):
            parts.append(self._interval(self._blocks_per_strip(frame[11] >> 4, frame[11] & 15)))
        return b''.join((_SOI, *parts, *_restarted(pieces), _EOI))

    def _bare(self, segments: list[bytes], plane: int, components: int) -> bytes:
        """Return a stream made of tables of tags and bare entropy-coded strips."""
        ids = range(plane, plane + components) if components > 1 or plane else range(1)
        if components > 1 or not self.page.is_tiled:
            members = ids
        else:
            members = range(self.page.samplesperpixel if self.page.planarconfig == 1 else 1)
        parts = [_SOI]
        lossless = self.process == _LOSSLESS
        if not self.dctables or (not lossless and not (self.qtables and self.actables)):
            raise FormatError('old-style JPEG page without tables', 'segment')
        if not lossless:
            for at, table in _distinct(self.qtables):
                if len(table) < 64:
                    raise TruncatedError('quantisation table is cut off', 'segment')
                parts.append(_marker(0xDB, bytes((at,)) + table))
        for kind, tables in enumerate((self.dctables, () if lossless else self.actables)):
            for at, table in _distinct(tables):
                parts.append(_marker(0xC4, bytes((kind << 4 | at,)) + table))
        restart = self.restart
        frame = self._frame(members)
        if len(segments) > 1 and not restart:
            restart = self._blocks_per_strip(frame[11] >> 4, frame[11] & 15)
        if restart:
            parts.append(self._interval(restart))
        parts += [frame, self._scan(members)]
        return b''.join((*parts, *_restarted(segments), _EOI))

    def _interval(self, blocks: int) -> bytes:
        return _marker(0xDD, blocks.to_bytes(2, 'big'))

    def _blocks_per_strip(self, h: int, v: int) -> int:
        """Return the restart interval that ends with each strip."""
        rows = min(self.page.rowsperstrip or self.page.imagelength, self.page.imagelength)
        h, v = (h or 1), (v or 1)
        blocks = -(-self.page.imagewidth // (8 * h)) * -(-rows // (8 * v))
        if blocks > 65535:
            raise UnsupportedError(f'old-style JPEG strip of {blocks} blocks: at most 65535')
        return blocks

    def _sampling(self) -> tuple[int, int]:
        if self.page.samplesperpixel < 3 or self.process == _LOSSLESS:
            return 1, 1
        return self.page.subsampling or (2, 2)

    def _frame(self, members: range) -> bytes:
        page = self.page
        width, height = page.imagewidth, page.imagelength
        if page.is_tiled and self.is_segmented:
            width, height = page.tilewidth, page.tilelength
        if max(width, height) > 65535:
            raise UnsupportedError(f'old-style JPEG of {width} x {height} pixels')
        bits = page.bitspersample if isinstance(page.bitspersample, int) else page.bitspersample[0]
        ids = {table: at for at, table in _distinct(self.qtables)}
        content = bytes((bits,)) + height.to_bytes(2, 'big') + width.to_bytes(2, 'big')
        content += bytes((len(members),))
        for member in members:
            h, v = self._sampling() if member == 0 and len(members) > 1 else (1, 1)
            table = ids.get(_of(self.qtables, member), 0) if self.qtables else min(member, 1)
            content += bytes((member + 1, h << 4 | v, table))
        return _marker(_SOF3 if self.process == _LOSSLESS else _SOF0, content)

    def _scan(self, members: range) -> bytes:
        dc = {table: at for at, table in _distinct(self.dctables)}
        ac = {table: at for at, table in _distinct(self.actables)}
        content = bytes((len(members),))
        for member in members:
            d = dc.get(_of(self.dctables, member), 0) if dc else min(member, 1)
            a = ac.get(_of(self.actables, member), 0) if ac else min(member, 1)
            content += bytes((member + 1, d << 4 | (0 if self.process == _LOSSLESS else a)))
        if self.process == _LOSSLESS:
            predictor = self.predictors[0] if self.predictors else 1
            transform = self.transforms[0] if self.transforms else 0
            return _marker(_SOS, content + bytes((predictor & 255, 0, transform & 15)))
        return _marker(_SOS, content + bytes((0, 63, 0)))


def _restarted(pieces: Sequence[bytes]) -> list[bytes]:
    """Put restart markers between strips that do not end with one."""
    parts = []
    for index, piece in enumerate(pieces):
        parts.append(piece)
        if index + 1 < len(pieces) and not (piece[-2:-1] == b'\xff' and 0xD0 <= piece[-1] <= 0xD7):
            parts.append(bytes((0xFF, 0xD0 | index & 7)))
    return parts


def is_complete(segment: bytes) -> bool:
    """Return whether a segment is a stream of its own, with frame and scan."""
    if segment[:2] != _SOI:
        return False
    head = _head(segment)
    return head.has_frame and head.scan >= 0


def _distinct(tables: tuple[bytes, ...]) -> list[tuple[int, bytes]]:
    """Number different tables from 0; JPEG has room for four."""
    return list(enumerate(dict.fromkeys(tables)))[:4]


def _of(tables: tuple[bytes, ...], member: int) -> bytes:
    """Return the table of a component; the last serves those that have none."""
    return tables[min(member, len(tables) - 1)] if tables else b''


def _marker(code: int, content: bytes) -> bytes:
    return bytes((0xFF, code)) + (len(content) + 2).to_bytes(2, 'big') + content


def decode(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...], out: Any) -> Array:
    """Decode one stream of `OldJpeg.streams`; YCbCr is delivered as RGB.

    With an `OldJpeg` as option ``ojpeg``, stored bytes of the page do as well: those of the first
    strip of the page or plane stand for all of it.

    The options ``ycbcrcoefficients`` and ``referenceblackwhite`` are applied where they are not
    those of JPEG, unlike with compression 7, whose Technote says that they do not matter. Chroma of
    streams that had to be put together is repeated, not interpolated: so others show these files.

    Raises:
        FormatError: The stream is damaged or larger than its segment.
    """
    image = _decode(data, spec, shape, out)
    assert image is not None
    return image


def salvage(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...]) -> Array | None:
    """Return the first rows of a stream that is cut off, None if it is damaged otherwise."""
    try:
        return _decode(data, spec, shape, None, cut_off=True)
    except (RuntimeError, ValueError):
        return None


def _decode(
    data: Buffer, spec: SegmentSpec, shape: tuple[int, ...], out: Any, *, cut_off: bool = False
) -> Array | None:
    """Decode a stream, or the first rows of one that is `cut_off`."""
    old = spec.options.get('ojpeg')
    put_together = False
    if isinstance(old, OldJpeg) and not is_complete(bytes(data[:_HEAD])):
        # Without its end, so that it is looked for what is missing.
        data = old.completed(data).removesuffix(_EOI)
        put_together = True
    info = jpeg_info(data)
    if info is None:
        raise FormatError('old-style JPEG stream has no frame header', 'segment')
    from .colour import numbers, ycbcr_to_rgb

    coefficients = numbers(spec.options.get('ycbcrcoefficients'), 3) or _BASIC
    reference = numbers(spec.options.get('referenceblackwhite'), 6) or _FULL
    plain = np.allclose(coefficients, _BASIC, atol=1e-3) and np.allclose(reference, _FULL)
    is_jpeg_colour = info.kind == 3 or spec.geometry.photometric != 6 or shape[3] != 3
    if is_jpeg_colour or (plain and not put_together):
        if cut_off:
            return jpeg.salvage(data, spec, shape)
        return jpeg.decoder(spec)(data, shape, out)
    check_size(info, shape, 'JPEG')
    if has_end(data, info):
        samples = _upsampled(data, smooth=not put_together)
    else:
        samples, rows = intact(lambda each: _upsampled(each, smooth=not put_together), data, info)
        if cut_off:
            samples = samples[:rows]
        elif rows < min(shape[0] * shape[1], samples.shape[0]):
            raise TruncatedError(f'JPEG stream ends after {rows} of {info.height} rows', 'segment')
    return ycbcr_to_rgb(samples, coefficients=coefficients, reference=reference, bits=info.bits)


def _upsampled(data: Buffer, *, smooth: bool) -> Any:
    """Return the YCbCr samples of a stream, chroma interpolated or repeated.

    Backends before 2026.6 always interpolate.
    """
    decode = backend.function('jpeg8_decode')
    try:
        return decode(data, outcolorspace='YCbCr', fancyupsampling=smooth)
    except TypeError as error:
        if 'fancyupsampling' not in str(error):
            raise
        return decode(data, outcolorspace='YCbCr')
