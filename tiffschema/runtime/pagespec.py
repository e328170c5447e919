"""What codecs must know of a page beyond its geometry: tables, headers and parameters in tags.

Knows tags by code; no pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tiffschema.codecs.spec import NO_OPTIONS, SegmentSpec
from tiffschema.model.tagcodes import TagCode

if TYPE_CHECKING:
    from .page import TiffPage

__all__ = ['read_nodata', 'read_spec']

_JPEG_TABLES: Final = (TagCode.JPEGTables, TagCode.JPEGTables_437)
_OPTIONS: Final = {
    TagCode.T4Options: 't4options',
    TagCode.T6Options: 't6options',
    TagCode.YCbCrCoefficients: 'ycbcrcoefficients',
    TagCode.YCbCrPositioning: 'ycbcrpositioning',
    TagCode.ReferenceBlackWhite: 'referenceblackwhite',
    TagCode.LercParameters: 'lercparameters',
}
_EER_V2: Final = 65002


def read_tables(page: TiffPage) -> bytes | None:
    """Return the JPEG tables of a page."""
    for code in _JPEG_TABLES:
        if code in page.directory.index:
            value = page.tags.valueof(code)
            if isinstance(value, bytes) and value:
                return value
    return None


def read_spec(page: TiffPage) -> SegmentSpec:
    """Return what the segments of a page look like."""
    geometry = page.geometry
    if page.signature.is_plain and not page.parent.superres and not page.parent.tiff.is_ndpi:
        # Pages that are alike share what is made of this, decoders above all.
        shared = page.parent.specs.get(geometry)
        if shared is None:
            shared = page.parent.specs[geometry] = SegmentSpec(geometry)
        return shared
    options = _options(page)
    if page.oldjpeg is not None:
        options['ojpeg'] = page.oldjpeg
    return SegmentSpec(geometry, page.jpegtables, page.jpegheader, options or NO_OPTIONS)


def _options(page: TiffPage) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for code, name in _OPTIONS.items():
        if code in page.directory.index:
            value = page.tags.valueof(code)
            if value is not None:
                options[name] = value
    if page.compression == _EER_V2:
        from tiffschema.codecs.eer import widths_of_compression

        options['eer'] = widths_of_compression(page.tags.valueof, _EER_V2)
    if page.parent.superres:
        options['superres'] = page.parent.superres
    return options


def read_nodata(page: TiffPage) -> float:
    """Return the value of samples that are not stored, tag 42113; 0 without one.

    The text may have a decimal comma.
    """
    if TagCode.GDAL_NODATA not in page.directory.index:
        return 0
    text = page.tags.valueof(TagCode.GDAL_NODATA)
    if isinstance(text, bytes):
        text = text.decode('latin-1')
    if not isinstance(text, str):
        return 0
    text = text.strip('\0 \t\r\n').replace(',', '.')
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        page.fault(f'{text!r:.40} is no number', TagCode.GDAL_NODATA)
        return 0
