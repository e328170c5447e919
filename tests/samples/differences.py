"""Samples whose pixels are not those that another reader found, and why.

`PAGE` and `SERIES` name files whose first page or first series differ from the recorded digest of
tifffile; `FAULT` those that are damaged: they raise, and equal the digest with ``errors='fault'``;
`LOST` raise too, and what readers make of the damage differs. `BEYOND` are files that tifffile does
not decode, or decodes otherwise than all others, of which no form of our pixels equals that of
another reader bit by bit.
"""

from __future__ import annotations

NODATA = 'sparse segments are GDAL_NODATA, as GDAL reads them; the others read bytes at offset 0'
ORDER24 = (
    '24-bit integers in a big-endian file whose writer stored triples in the other order: taken in'
    ' the order of the file'
)
FULL565 = 'fields of a 16-bit word in the byte order of the file, scaled to the full range'
FAX = 'damaged CCITT rows: what is lost differs among all readers'
COUNTS = 'StripByteCounts is missing: sizes follow from the geometry, as GDAL reads it'

PAGE: dict[str, str] = {
    'baseline/gdal__sparse_nodata_one.tif': NODATA,
    'bitdepth/algart-tiff__deflate_rgb_stripped_5_6_5_bits.tiff': FULL565,
    'bitdepth/algart-tiff__lenna-rgb-24.tif': '24-bit integers in file order, as GDAL reads them',
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

SLICES = 'all slices of the volume are read, others read the first'
LOSSY = 'lossy JPEG: another decoder or upsampling, see the tolerance of the codec tests'

BEYOND: dict[str, str] = {
    'bitdepth/algart-tiff__test-gray-24.tif': ORDER24,
    'bitdepth/algart-tiff__test-rgb-24.tif': ORDER24,
    'bitdepth/libtiff.net__tiger-rgb-float-tile-planar-24.tif_converted_lzw_3.tif': (
        'equal numbers, but for the sign of some zeros'
    ),
    'colour/libtiff.net__cmyka-tile.tif': 'samples are those of tifffile; others make RGB',
    'colour/libtiff.net__unknown-tags.tif': 'samples are those of tifffile; others make RGB',
    'colour/libtiff.net__flower-ycbcr44-contig-08.tif': (
        'equal but for 45 pixels in the last, partial data unit'
    ),
    'dng/exiv2__IMG_1361.dng': 'the first page is cut off; rawpy reads the raw image',
    'jpeg/algart-tiff__jpeg_ycbcr_encoded_as_rgb.tiff': (
        'the stream says RGB by its component names, and is taken by its word, as tifffile does'
    ),
    'jpeg/graphicsmagick__input_JPG_old.tif': LOSSY,
    'jpeg/imagecodecs__rgb_u2_jpegll.tif': 'GDAL differs in the last column of one sample only',
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
    'malformed/metadata-extractor-images__m2-b1ab6f4b81e9b8020a90c8f2c9bcfedb.tif': FAX,
    'malformed/vips__sharpen_fuzzer-5691855517253632.tif': 'offsets of a wrong type: sparse',
    'sgi/imagecodecs__gray.depth.u1.tif': SLICES,
}

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


def only_interpolates() -> bool:
    """Whether the installed imagecodecs cannot repeat chroma."""
    import imagecodecs

    return tuple(int(part) for part in imagecodecs.__version__.split('.')[:2]) < (2026, 6)
