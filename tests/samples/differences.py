"""Samples whose pixels are not those that another reader found, and why.

`PAGE` and `SERIES` name files whose first page or first series differ from the recorded digest of
tifffile; `FAULT` those that are damaged: they raise, and equal the digest with ``errors='fault'``;
`LOST` raise too, and what readers make of the damage differs. `BEYOND` are files that tifffile does
not decode, of which no form of our pixels equals that of another reader bit by bit. `DISPUTES` are
files that readers decode differently: with whom we agree, and the reason from the specification.
`CLOSE` are files to be compared with a reader as it runs, within a tolerance if they are lossy.
"""

from __future__ import annotations

NODATA = 'sparse segments are GDAL_NODATA, as GDAL reads them; the others read bytes at offset 0'
ORDER24 = (
    '24-bit integers of big-endian files are stored least significant byte first, as GDAL reads'
    ' and writes them; tifffile swaps what it has unpacked'
)
FULL565 = 'fields of a 16-bit word in the byte order of the file, scaled to the full range'
FAX = 'damaged CCITT rows: what is lost differs among all readers'
COUNTS = 'StripByteCounts is missing: sizes follow from the geometry, as GDAL reads it'

PAGE: dict[str, str] = {
    'baseline/gdal__sparse_nodata_one.tif': NODATA,
    'bitdepth/algart-tiff__deflate_rgb_stripped_5_6_5_bits.tiff': FULL565,
    'bitdepth/algart-tiff__lenna-rgb-24.tif': ORDER24,
    'bitdepth/algart-tiff__test-gray-24.tif': ORDER24,
    'bitdepth/algart-tiff__test-rgb-24.tif': ORDER24,
    'fax/libtiff__testfax4.tiff': 'all other readers agree with ours',
    'malformed/metadata-extractor-images__m3-299787ea764c0a88bc481364eded5556.tif': COUNTS,
    'multipage/gdal__huge-implied-number-strips.tif': COUNTS,
}

SERIES: dict[str, str] = {
    **PAGE,
    'fax/TwelveMonkeys__emptyexiftag.tif': 'each page has T4Options of its own; tifffile decodes'
    ' the second with those of the first',
    'multipage/libtiff__test_ifd_loop_subifd.tif': 'the chain has one more page before it loops',
}

FAULT: dict[str, str] = {
    'malformed/Pillow__crash-0da013a13571cc8eb457a39fee8db18f8a3c7127.tif': 'damaged CCITT rows',
}

LOST: dict[str, str] = {
    'malformed/metadata-extractor-images__m2-3562055aecf63b573f8a18c4034a4a23.tif': FAX,
    'malformed/metadata-extractor-images__m2-b1ab6f4b81e9b8020a90c8f2c9bcfedb.tif': FAX,
}

BEYOND: dict[str, str] = {
    'bitdepth/libtiff.net__tiger-rgb-float-tile-planar-24.tif_converted_lzw_3.tif': (
        'equal numbers, but for the sign of some zeros'
    ),
    'colour/libtiff.net__flower-ycbcr44-contig-08.tif': (
        'equal but for the last two data units, whose chroma libtiff takes as 0'
    ),
    'dng/exiv2__IMG_1361.dng': 'the first page is cut off; rawpy reads the raw image',
    'malformed/go-fuzz-corpus__1f1629670972c4379f57df86300852e4a28845c9-1.tif': (
        'cut off: missing samples are 0, Pillow repeats what it has'
    ),
    'malformed/image-tiff__id_000058_sig_06_src_000361_op_havoc_rep_4.tif': (
        'offsets of a wrong type: GDAL reads from offset 0'
    ),
    'malformed/metadata-extractor-images__m1-76d5d8fd02d58b774f2bae6f7b763e3e.tif': (
        'the JPEG stream ends after 208 of 224 rows: an error, or 0; others make rows up'
    ),
    'malformed/metadata-extractor-images__m1-79818c280a08c94bf7fd2a54b1e2567d.tif': (
        'strips hold too little: missing samples are 0, GDAL goes on in the next strip'
    ),
    'malformed/vips__sharpen_fuzzer-5691855517253632.tif': 'offsets of a wrong type: sparse',
}

SLICES = 'SGI tag 32997, ImageDepth: the page is a volume, of which others read the first slice'
IMPLIED = (
    'TIFF 6.0 section 8: StripByteCounts follow from the geometry of uncompressed data; tifffile'
    ' takes what lies between offsets'
)
INKS = (
    'TIFF 6.0 section 16: samples are four inks and one extra sample; GDAL and libvips convert them'
)

DISPUTES: dict[str, tuple[str, str]] = {
    'bitdepth/algart-tiff__lenna-rgb-24.tif': ('rasterio', ORDER24),
    'bitdepth/algart-tiff__test-gray-24.tif': ('rasterio', ORDER24),
    'bitdepth/algart-tiff__test-rgb-24.tif': ('rasterio', ORDER24),
    'bitdepth/gdal__int24.tif': (
        'rasterio', 'TIFF 6.0, SampleFormat 2: the sign bit of 24 is extended'
    ),
    'colour/libtiff.net__cmyka-tile.tif': ('tifffile', INKS),
    'colour/libtiff.net__flower-ycbcr-separate-08.tif': (
        'tifffile',
        'TIFF 6.0 section 21: without JPEG, samples are YCbCr as stored; colour="rgb" converts them'
        ' as GDAL and OpenCV do',
    ),
    'colour/libtiff.net__unknown-tags.tif': ('tifffile', INKS),
    'fax/libtiff__testfax4.tiff': (
        'Pillow', 'T.6 2.2.4: runs of no length are changes of colour; three readers agree'
    ),
    'jpeg/algart-tiff__jpeg_ycbcr_encoded_as_rgb.tiff': (
        'tifffile',
        'Technote 2 has samples follow PhotometricInterpretation, but the stream names its'
        ' components R, G and B, which only RGB data are; others make false colours of it',
    ),
    'jpeg/graphicsmagick__input_JPG_old.tif': (
        'tifffile',
        'TIFF 6.0 section 22 leaves upsampling open: a complete stream is decoded as JPEG is,'
        ' chroma interpolated; others repeat it',
    ),
    'jpeg/imagecodecs__rgb_u2_jpegll.tif': (
        'tifffile', 'T.81 annex H, 12 bits: libtiff agrees; GDAL errs in the last column'
    ),
    'malformed/metadata-extractor-images__m2-b1ab6f4b81e9b8020a90c8f2c9bcfedb.tif': ('', FAX),
    'malformed/metadata-extractor-images__m3-299787ea764c0a88bc481364eded5556.tif': (
        'rasterio', IMPLIED
    ),
    'multipage/gdal__huge-implied-number-strips.tif': ('rasterio', IMPLIED),
    'sgi/imagecodecs__gray.depth.u1.tif': ('tifffile', SLICES),
}  # fmt: skip

CLOSE: dict[str, tuple[str, bool, float, float]] = {
    'colour/libtiff.net__cmyka-tile.tif': ('libtiff', True, 0, 0),
    'colour/libtiff.net__unknown-tags.tif': ('libtiff', True, 0, 0),
    'colour/libtiff.net__flower-ycbcr-separate-08.tif': ('GDAL', True, 0, 0),
    'colour/libtiff.net__flower-ycbcr44-contig-08.tif': ('libvips', True, 140, 0.5),
    'jpeg/graphicsmagick__input_JPG_old.tif': ('Pillow', False, 20, 0.05),
    'jpeg/imagecodecs__rgb_u2_jpegll.tif': ('libtiff', False, 0, 0),
}
"""Reader, whether it delivers colour, largest and mean difference in steps of a sample."""

REPEATED_CHROMA = frozenset(
    {
        'jpeg/TwelveMonkeys__WangJPEG.tif',
        'jpeg/TwelveMonkeys__old-style-jpeg-bogus-jpeginterchangeformatlength.tif',
        'jpeg/TwelveMonkeys__old-style-jpeg-multiple-strips.tif',
        'jpeg/libtiff.net__smallliz.tif',
        'jpeg/libtiff.net__zackthecat.tif',
    }
)
"""Old-style JPEG whose chroma readers repeat; imagecodecs before 2026.6 can only interpolate it."""


TWELVE_BITS = frozenset({'jpeg/imagecodecs__rgb_u2_jpegll.tif'})
"""JPEG of 12 bits, which the libtiff in imagecodecs before 2026.6 does not decode."""


def is_old_imagecodecs() -> bool:
    """Whether the installed imagecodecs is older than 2026.6, as the newest for Python 3.11 is."""
    import imagecodecs

    return tuple(int(part) for part in imagecodecs.__version__.split('.')[:2]) < (2026, 6)
