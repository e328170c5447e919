"""The table of compressions this library knows: a declaration, no code runs per codec.

It knows names of modules only. See `tiffschema.codecs.registry` for the meaning of the columns.
"""

from __future__ import annotations

from .registry import Codec, Implementation, codecs

__all__: list[str] = []

_INSTALL = 'install imagecodecs (pip install imagecodecs), built with {}'


def _ways(text: str) -> tuple[Implementation, ...]:
    """Read ``module:function [requirement] [factory]`` implementations, separated by ``|``."""
    result = []
    for way in filter(None, (part.split() for part in text.split('|'))):
        factory = 'factory' in way[1:]
        requires = [word for word in way[1:] if word != 'factory']
        result.append(Implementation(f'.{way[0]}', requires[0] if requires else '', factory))
    return tuple(result)


def _bytes(
    code: int,
    name: str,
    decode: str,
    encode: str = '',
    needs: str = '',
    *,
    salvage: str = '',
    predicted: bool = True,
) -> None:
    saved = _ways(salvage)[0] if salvage else None
    ways = _ways(decode), _ways(encode)
    codecs._add(Codec(code, name, *ways, needs, salvage=saved, predicted=predicted))


def _image(
    code: int,
    name: str,
    decode: str,
    encode: str = '',
    needs: str = '',
    *,
    bitorder: bool = False,
    salvage: str = '',
    samples: str = '',
    endless: bool = False,
) -> None:
    saved = _ways(salvage)[0] if salvage else None
    types = tuple(samples.split())
    ways = _ways(decode), _ways(encode)
    codecs._add(Codec(code, name, *ways, needs, True, bitorder, saved, types, endless))


def _absent(code: int, name: str, needs: str) -> None:
    codecs._add(Codec(code, name, needs=needs))


_DEFLATE = 'bytestream:libdeflate_decoder deflate factory | bytestream:zlib_decode'
_DEFLATE_ENCODE = 'bytestream:libdeflate_encode deflate | bytestream:zlib_encode'
_ZSTD = 'bytestream:zstd_decode zstd | bytestream:zstd_stdlib_decode module:compression.zstd'
_ZSTD_ENCODE = 'bytestream:zstd_encode zstd | bytestream:zstd_stdlib_encode module:compression.zstd'
_ZSTD_NEEDS = _INSTALL.format('zstd') + ', or use Python 3.14 or newer'
_JPEG = 'jpeg:decoder jpeg8 factory'
_JPEG_ENCODE = 'jpeg_encode:encoder jpeg8 factory'
_JPEG_SALVAGE = 'jpeg:salvage jpeg8'
_J2K = 'image:jpeg2k_decode jpeg2k'
_J2K_ENCODE = 'image:jpeg2k_encode jpeg2k'

_bytes(1, 'NONE', 'bytestream:none_decode', 'bytestream:none_encode')
_image(
    2,
    'CCITTRLE',
    'ccitt:decode_rle',
    'ccitt_encode:encode_rle',
    bitorder=True,
    salvage='ccitt:salvage_rle',
    samples='bool',
)
_image(
    3,
    'CCITT_T4',
    'ccitt:decode_t4',
    'ccitt_encode:encode_t4',
    bitorder=True,
    salvage='ccitt:salvage_t4',
    samples='bool',
)
_image(
    4,
    'CCITT_T6',
    'ccitt:decode_t6',
    'ccitt_encode:encode_t6',
    bitorder=True,
    salvage='ccitt:salvage_t6',
    samples='bool',
)
_bytes(
    5,
    'LZW',
    'bytestream:lzw_decode lzw | lzw:decode',
    'bytestream:lzw_encode lzw | lzw:encode',
)
_image(
    6,
    'OJPEG',
    'ojpeg:decode jpeg8',
    needs=_INSTALL.format('jpeg8'),
    salvage='ojpeg:salvage jpeg8',
)
_image(
    7,
    'JPEG',
    _JPEG,
    _JPEG_ENCODE,
    _INSTALL.format('jpeg8'),
    salvage=_JPEG_SALVAGE,
)
_bytes(8, 'ADOBE_DEFLATE', _DEFLATE, _DEFLATE_ENCODE, salvage='bytestream:zlib_salvage')
_absent(9, 'JBIG_BW', 'imagecodecs has no JBIG (ITU-T T.85) decoder, and none is registered')
_absent(10, 'JBIG_COLOR', 'imagecodecs has no JBIG (ITU-T T.43) decoder, and none is registered')
_image(
    22610,
    'JPEGXR_NDPI',
    'image:jpegxr_decode jpegxr',
    'image:jpegxr_encode jpegxr',
    _INSTALL.format('jpegxr'),
)
_bytes(
    32766,
    'NEXT',
    'nextrle:decode',
    'nextrle:encode',
    salvage='nextrle:salvage',
    predicted=False,
)
_image(
    32771,
    'CCITTRLEW',
    'ccitt:decode_rlew',
    'ccitt_encode:encode_rlew',
    bitorder=True,
    salvage='ccitt:salvage_rlew',
    samples='bool',
)
_bytes(
    32773,
    'PACKBITS',
    'bytestream:packbits_decode packbits | packbits:decode',
    'bytestream:packbits_encode packbits | packbits:encode',
    salvage='bytestream:packbits_salvage',
    predicted=False,  # TIFF 6.0, section 14: it is for LZW; libtiff knows it with newer ones too
)
_bytes(
    32809,
    'THUNDERSCAN',
    'thunderscan:decode',
    'thunderscan:encode',
    salvage='thunderscan:salvage',
    predicted=False,
)
_absent(32908, 'PIXARFILM', 'the companded 10-bit LZW of Pixar was never documented')
_image(
    32909,
    'PIXARLOG',
    'pixarlog:decode',
    'pixarlog:encode',
    bitorder=True,
    salvage='pixarlog:salvage',
    samples='uint8 uint16 float32',
)
_bytes(32946, 'DEFLATE', _DEFLATE, _DEFLATE_ENCODE, salvage='bytestream:zlib_salvage')
_image(33003, 'APERIO_JP2000_YCBC', _J2K, _J2K_ENCODE, _INSTALL.format('jpeg2k'))
_image(
    33004,
    'JPEG_2000_LOSSY',
    'image:aperio_decoder jpeg2k factory',
    _J2K_ENCODE,
    _INSTALL.format('jpeg2k and jpeg8'),
)
_image(33005, 'APERIO_JP2000_RGB', _J2K, _J2K_ENCODE, _INSTALL.format('jpeg2k'))
_image(
    33007,
    'ALT_JPEG',
    'jpeg:alternative_decoder jpeg8 factory',
    '',
    _INSTALL.format('jpeg8'),
    salvage=_JPEG_SALVAGE,
)
_absent(34661, 'JBIG', 'imagecodecs has no JBIG (ITU-T T.82) decoder, and none is registered')
_image(
    34676,
    'SGILOG',
    'sgilog:decode',
    'sgilog:encode',
    bitorder=True,
    salvage='sgilog:salvage',
    samples='int16 float32',
)
_image(
    34677,
    'SGILOG24',
    'sgilog:decode24',
    'sgilog:encode24',
    bitorder=True,
    salvage='sgilog:salvage24',
    samples='int16 float32',
)
_image(34712, 'JPEG2000', _J2K, _J2K_ENCODE, _INSTALL.format('jpeg2k'))
_absent(34715, 'JBIG2', 'imagecodecs has no JBIG2 (ITU-T T.88) decoder, and none is registered')
_image(
    34887,
    'LERC',
    'image:lerc_decode lerc',
    'image:lerc_encode lerc',
    _INSTALL.format('lerc'),
    bitorder=True,
)
_image(
    34892,
    'JPEG_LOSSY',
    _JPEG,
    _JPEG_ENCODE,
    _INSTALL.format('jpeg8'),
    salvage=_JPEG_SALVAGE,
)
_bytes(
    34925,
    'LZMA',
    'bytestream:lzma_decode lzma | bytestream:lzma_stdlib_decode module:lzma',
    'bytestream:lzma_encode lzma | bytestream:lzma_stdlib_encode module:lzma',
    _INSTALL.format('lzma') + ', or a Python built with lzma',
    salvage='bytestream:lzma_salvage module:lzma',
)
_bytes(34926, 'ZSTD_DEPRECATED', _ZSTD, _ZSTD_ENCODE, _ZSTD_NEEDS)
_image(
    34927,
    'WEBP_DEPRECATED',
    'image:webp_decode webp',
    'image:webp_encode webp',
    _INSTALL.format('webp'),
    bitorder=True,
)
_image(34933, 'PNG', 'image:png_decode png', 'image:png_encode png', _INSTALL.format('png'))
_image(
    34934,
    'JPEGXR',
    'image:jpegxr_decode jpegxr',
    'image:jpegxr_encode jpegxr',
    _INSTALL.format('jpegxr'),
)
_image(
    48124,
    'JETRAW',
    'image:jetraw_decode jetraw',
    'image:jetraw_encode jetraw',
    'install imagecodecs built with jetraw, which needs the licensed library of Dotphoton',
)
_bytes(50000, 'ZSTD', _ZSTD, _ZSTD_ENCODE, _ZSTD_NEEDS)
_image(
    50001,
    'WEBP',
    'image:webp_decode webp',
    'image:webp_encode webp',
    _INSTALL.format('webp'),
    bitorder=True,
)
_image(
    50002,
    'JPEGXL',
    'image:jpegxl_decode jpegxl',
    'image:jpegxl_encode jpegxl',
    _INSTALL.format('jpegxl'),
)
_bytes(50013, 'PIXTIFF', _DEFLATE, _DEFLATE_ENCODE, salvage='bytestream:zlib_salvage')
_image(
    52546,
    'JPEGXL_DNG',
    'image:jpegxl_decode jpegxl',
    'image:jpegxl_encode jpegxl',
    _INSTALL.format('jpegxl'),
)
for _code, _name in ((65000, 'EER_V0'), (65001, 'EER_V1'), (65002, 'EER_V2')):
    _image(
        _code,
        _name,
        'eer:decode eer | eer:decode_eer',
        'eer:encode',
        samples='bool uint8',
        endless=True,
    )

_RAW = 'it is a camera-raw encoding of {}, for which no codec is registered'
for _code, _name, _maker in (
    (99, 'JPEG_99', 'Leaf'),
    (262, 'KODAK_262', 'Kodak'),
    (32767, 'SONY_ARW', 'Sony'),
    (32769, 'PACKED_RAW', 'several makers'),
    (32770, 'SAMSUNG_SRW', 'Samsung'),
    (32772, 'SAMSUNG_SRW2', 'Samsung'),
    (32867, 'KODAK_KDC', 'Kodak'),
    (32947, 'DCS', 'Kodak'),
    (34713, 'NIKON_NEF', 'Nikon'),
    (65535, 'PENTAX_PEF', 'Pentax'),
):
    _absent(_code, _name, _RAW.format(_maker))
for _code, _name, _maker in (
    (103, 'IMPACJ', 'the lossy codec of Pegasus'),
    (32895, 'IT8CTPAD', 'TIFF/IT continuous tone'),
    (32896, 'IT8LW', 'TIFF/IT line work'),
    (32897, 'IT8MP', 'TIFF/IT monochrome picture'),
    (32898, 'IT8BL', 'TIFF/IT binary line art'),
    (34692, 'LURADOC', 'the LuraWave codec of LuraTech'),
    (34718, 'MDI_BINARY', 'the binary-level codec of Microsoft Document Imaging'),
    (34719, 'MDI_PROGRESSIVE', 'the progressive codec of Microsoft Document Imaging'),
    (34720, 'MDI_VECTOR', 'the vector codec of Microsoft Document Imaging'),
):
    _absent(_code, _name, f'no codec is registered for {_maker}')
