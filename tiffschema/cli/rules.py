"""Rules of TIFF that pages are checked against, a row for each.

Knows tags and geometry of a page; reads no pixels. A rule says what is wrong, or nothing; numbers
follow the sections of TIFF: directories, tags, structure, photometry, compression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NamedTuple

from tiffschema.codecs import builtin  # noqa: F401 - fills the registry
from tiffschema.codecs.predictors import DISTANCE
from tiffschema.codecs.registry import codecs
from tiffschema.model.enums import enum
from tiffschema.writer.storedshape import PHOTOMETRIC_SAMPLES

__all__ = ['RULES', 'Rule', 'broken']

Severity = Literal['error', 'warning']
_LOOSE: Final = ('ndpi', 'stk', 'lsm', 'svs', 'philips')
"""Kinds whose files break some rules by design."""
_EXEMPT: Final = frozenset({'S008', 'S012', 'D004', 'T010'})
_DATE: Final = re.compile(r'\d{4}:[01]\d:[0-3]\d [0-2]\d:[0-5]\d:[0-6]\d')
_UNKNOWN_DATE: Final = re.compile(r'[ :]{19}')
_WIDE: Final = frozenset({16, 17, 18})
_RGB, _PALETTE, _MASK, _YCBCR = 2, 3, 4, 6


class Rule(NamedTuple):
    """One rule: its number, how bad it is to break it, and what tells whether a page does."""

    id: str
    severity: Severity
    test: Callable[[Any], str | None]


def broken(page: Any) -> Iterator[tuple[Rule, str]]:
    """Yield the rules that a page breaks, with what is wrong."""
    loose = any(getattr(page.parent, f'is_{kind}') for kind in _LOOSE)
    for rule in RULES:
        if loose and rule.id in _EXEMPT:
            continue
        try:
            message = rule.test(page)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError):
            continue  # values of other types are told elsewhere
        if message:
            yield rule, message


def _has(page: Any, *codes: int) -> bool:
    return all(code in page.directory.index for code in codes)


def _numbers(page: Any, code: int) -> tuple[int, ...]:
    value = page.tags.valueof(code, ())
    if isinstance(value, int):
        return (int(value),)
    return tuple(int(one) for one in value)


def _odd_offset(page: Any) -> str | None:
    return f'the directory begins at {page.offset}, an odd offset' if page.offset % 2 else None


def _wide_types(page: Any) -> str | None:
    wide = [tag.code for tag in page.tags if int(tag.dtype) in _WIDE]
    if wide and not page.parent.is_bigtiff:
        return f'tags {wide} have types that only BigTIFF has'
    return None


def _strips_and_tiles(page: Any) -> str | None:
    return 'there are strips and tiles' if _has(page, 273, 324) else None


def _counts(page: Any) -> str | None:
    for offsets, counts in ((273, 279), (324, 325)):
        if _has(page, offsets) and _has(page, counts):
            a, b = page.tags[offsets].count, page.tags[counts].count
            if a != b:
                return f'{a} offsets and {b} byte counts of segments'
        elif _has(page, offsets) and page.compression != 1:
            return f'tag {counts}, the sizes of segments, is missing'
    return None


def _segments(page: Any) -> str | None:
    code = 324 if page.is_tiled else 273
    if not _has(page, code):
        return None
    found, wanted = page.tags[code].count, page.geometry.segment_count
    return f'{found} segments, the image has {wanted}' if found != wanted else None


def _rows(page: Any) -> str | None:
    return 'tag 278 RowsPerStrip is missing' if _has(page, 273) and not _has(page, 278) else None


def _tile_size(page: Any) -> str | None:
    if page.is_tiled and (page.tilewidth % 16 or page.tilelength % 16):
        return f'tiles of {page.tilelength} x {page.tilewidth} pixels are no multiples of 16'
    return None


def _inside(page: Any) -> str | None:
    size = page.parent.source.size
    beyond = sum(
        offset + count > size
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
    )
    return f'{beyond} segments reach beyond the end of the file' if beyond else None


def _bits(page: Any) -> str | None:
    bits = _numbers(page, 258)
    if bits and (len(bits) not in (1, page.samplesperpixel) or min(bits) < 1):
        return f'{len(bits)} values of BitsPerSample for {page.samplesperpixel} samples'
    return None


def _planar(page: Any) -> str | None:
    found = _numbers(page, 284)
    return f'PlanarConfiguration is {found[0]}' if found and found[0] not in (1, 2) else None


def _planar_single(page: Any) -> str | None:
    separate = _numbers(page, 284) == (2,) and page.samplesperpixel == 1
    return 'a single sample is said to lie apart' if separate else None


def _predictor(page: Any) -> str | None:
    predictor = int(page.predictor)
    if predictor not in DISTANCE:
        return f'Predictor is {predictor}'
    if predictor == 3 and page.dtype is not None and page.dtype.kind != 'f':
        return 'the predictor of floats is used for integers'
    if predictor != 1 and page.compression == 1:
        return 'there is a predictor but no compression'
    return None


def _compression(page: Any) -> str | None:
    code = int(page.compression)
    codec = codecs.get(code)
    if codec is None:
        return f'compression {code} is unknown'
    return None if codec.can_decode else f'compression {codec.name} cannot be decoded here'


def _bilevel(page: Any) -> str | None:
    if page.compression in (2, 3, 4) and (page.samplesperpixel, page.bitspersample) != (1, 1):
        return f'compression {int(page.compression)} is for bilevel images'
    return None


def _deprecated(page: Any) -> str | None:
    if page.compression in (6, 32946, 34926, 34927):
        return f'compression {int(page.compression)} is deprecated'
    return None


def _orientation(page: Any) -> str | None:
    found = _numbers(page, 274)
    return f'Orientation is {found[0]}' if found and not 1 <= found[0] <= 8 else None


def _resolution(page: Any) -> str | None:
    lacking = [code for code in (282, 283) if code not in page.directory.index]
    if lacking:
        return f'tags {lacking} of the resolution are missing'
    return None


def _extra(page: Any) -> str | None:
    colours = PHOTOMETRIC_SAMPLES.get(int(page.photometric))
    if colours is None:
        return None
    more = page.samplesperpixel - colours
    if more < 0:
        return f'{page.samplesperpixel} samples, photometric {int(page.photometric)} has {colours}'
    stated = len(page.extrasamples) if _has(page, 338) else 0
    if more != stated and int(page.photometric) != 5:
        return f'{more} samples beyond the colours, ExtraSamples has {stated}'
    return None


def _palette(page: Any) -> str | None:
    if page.photometric != _PALETTE:
        return None
    if not _has(page, 320):
        return 'tag 320 ColorMap is missing'
    wanted = 3 << page.bitspersample
    count = page.tags[320].count
    return f'ColorMap has {count} values, not {wanted}' if count != wanted else None


def _mask(page: Any) -> str | None:
    if (page.photometric == _MASK) != bool(page.subfiletype & 4):
        return 'photometric interpretation and NewSubfileType do not agree on a mask'
    return None


def _subsampling(page: Any) -> str | None:
    if page.photometric != _YCBCR:
        return None
    found = _numbers(page, 530)
    if found and not (set(found) <= {1, 2, 4} and len(found) == 2):
        return f'YCbCrSubSampling is {found}'
    return None


def _texts(page: Any) -> str | None:
    for tag in page.tags:
        if int(tag.dtype) != 2 or not tag.count:
            continue
        data = bytes(page.parent.source.view(tag.valueoffset, tag.count))
        if not data.endswith(b'\0'):
            return f'the text of tag {tag.code} {tag.name} does not end with NUL'
    return None


def _ascii(page: Any) -> str | None:
    for tag in page.tags:
        if int(tag.dtype) == 2 and isinstance(tag.value, str) and not tag.value.isascii():
            return f'the text of tag {tag.code} {tag.name} is not ASCII'
    return None


def _denominators(page: Any) -> str | None:
    for tag in page.tags:
        if int(tag.dtype) in (5, 10) and isinstance(tag.value, tuple) and 0 in tag.value[1::2]:
            return f'tag {tag.code} {tag.name} has a denominator of 0'
    return None


def _members(page: Any) -> str | None:
    for tag in page.tags:
        row = tag.plan.row
        if row is None or row.enum is None or tag.count != 1 or '/' in tag.name:
            continue
        value = tag.value[0] if isinstance(tag.value, tuple) else tag.value
        if type(value) is int and not issubclass(enum(row.enum), str):
            return f'{value} is no declared value of tag {tag.code} {tag.name}'
    return None


def _date(page: Any) -> str | None:
    value = page.tags.valueof(306)
    if value is None or value == '':
        return None
    sound = isinstance(value, str) and (_DATE.fullmatch(value) or _UNKNOWN_DATE.fullmatch(value))
    return None if sound else f'DateTime {value!r} is not YYYY:MM:DD HH:MM:SS'


RULES: Final = (
    Rule('D004', 'warning', _odd_offset),
    Rule('T010', 'warning', _texts),
    Rule('T011', 'warning', _ascii),
    Rule('T012', 'warning', _denominators),
    Rule('T013', 'warning', _members),
    Rule('T017', 'warning', _date),
    Rule('T018', 'warning', _wide_types),
    Rule('S004', 'error', _strips_and_tiles),
    Rule('S007', 'error', _counts),
    Rule('S008', 'error', _segments),
    Rule('S009', 'warning', _rows),
    Rule('S012', 'error', _tile_size),
    Rule('S014', 'error', _inside),
    Rule('S022', 'error', _bits),
    Rule('S025', 'error', _planar),
    Rule('S026', 'warning', _planar_single),
    Rule('S027', 'warning', _compression),
    Rule('S028', 'error', _predictor),
    Rule('S032', 'warning', _orientation),
    Rule('S033', 'warning', _resolution),
    Rule('S037', 'warning', _extra),
    Rule('P005', 'error', _palette),
    Rule('P010', 'error', _mask),
    Rule('P016', 'error', _subsampling),
    Rule('C004', 'error', _bilevel),
    Rule('C012', 'warning', _deprecated),
)
"""In the order in which they are tried."""
