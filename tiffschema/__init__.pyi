"""Types of the public names: made by `.ci/public_stub.py`, do not edit."""

from enum import IntEnum, IntFlag

from . import geodb as geodb
from . import numcodecs as numcodecs
from . import zarr as zarr
from ._version import __version__ as __version__
from .api import imread as imread
from .api import imread as read
from .api import memmap as memmap
from .cli.comment import tiffcomment as tiffcomment
from .cli.jhove import validate_jhove as validate_jhove
from .cli.lsm2bin import lsm2bin as lsm2bin
from .errors import BuildError as BuildError
from .errors import FormatError as FormatError
from .errors import LimitError as LimitError
from .errors import OmeXmlError as OmeXmlError
from .errors import SchemaError as SchemaError
from .errors import TiffFileError as TiffFileError
from .errors import TiffSchemaError as TiffSchemaError
from .errors import TruncatedError as TruncatedError
from .errors import UnsupportedError as UnsupportedError
from .familiar import Timer as Timer
from .familiar import askopenfilename as askopenfilename
from .familiar import astype as astype
from .familiar import logger as logger
from .familiar import matlabstr2py as matlabstr2py
from .familiar import nullfunc as nullfunc
from .familiar import parse_kwargs as parse_kwargs
from .familiar import product as product
from .familiar import rational as rational
from .familiar import update_kwargs as update_kwargs
from .familiar import xml2dict as xml2dict
from .headers import read_gdal_structural_metadata as read_gdal_structural_metadata
from .headers import read_micromanager_metadata as read_micromanager_metadata
from .headers import read_ndtiff_index as read_ndtiff_index
from .headers import read_scanimage_metadata as read_scanimage_metadata
from .integrations.plot import imshow as imshow
from .integrations.references import tiff2fsspec as tiff2fsspec
from .limits import Limits as Limits
from .model.axes import repeat_nd as repeat_nd
from .model.axes import reshape_axes as reshape_axes
from .model.axes import reshape_nd as reshape_nd
from .model.axes import transpose_axes as transpose_axes
from .model.descriptions import imagej_description as imagej_description
from .model.enums import enumarg as enumarg
from .model.enums import enumstr as enumstr
from .model.filenames import TiledSequence as TiledSequence
from .model.filenames import natural_sorted as natural_sorted
from .model.filenames import parse_filenames as parse_filenames
from .model.omexml import OmeXml as OmeXml
from .model.pretty import hexdump as hexdump
from .model.pretty import pformat as pformat
from .model.sections import register_schema as register_schema
from .model.sections import schemas as schemas
from .model.tagtext import parse_datetime as strptime
from .model.tiffformat import TiffFormat as TiffFormat
from .runtime.bytemap import byte_map as byte_map
from .runtime.file import TiffFile as TiffFile
from .runtime.file import TiffFile as TiffReader
from .runtime.filecache import FileCache as FileCache
from .runtime.filehandle import FileHandle as FileHandle
from .runtime.frame import TiffFrame as TiffFrame
from .runtime.output import create_output as create_output
from .runtime.page import TiffPage as TiffPage
from .runtime.pages import TiffPages as TiffPages
from .runtime.series import TiffPageSeries as TiffPageSeries
from .runtime.serieslist import TiffSeries as TiffSeries
from .runtime.source import format_size as format_size
from .runtime.tagregistry import TiffTagRegistry as TiffTagRegistry
from .runtime.tags import TiffTag as TiffTag
from .runtime.tags import TiffTags as TiffTags
from .sequence import FileSequence as FileSequence
from .sequence import TiffSequence as TiffSequence
from .tables import TIFF as TIFF
from .tables import _TIFF as _TIFF
from .writer.cog import write_cog as write_cog
from .writer.compact import compact as compact
from .writer.edit import TagEditor as TagEditor
from .writer.geokeys import geo_tags as geo_tags
from .writer.ijmetadata import imagej_metadata_tag as imagej_metadata_tag
from .writer.imwrite import imwrite as imwrite
from .writer.imwrite import imwrite as write
from .writer.storedshape import StoredShape as StoredShape
from .writer.tiffwriter import TiffWriter as TiffWriter

class CHUNKMODE(IntEnum):
    STRILE = 0
    PLANE = 1
    PAGE = 2
    FILE = 3

class COMPRESSION(IntEnum):
    NONE = 1
    CCITTRLE = 2
    CCITTFAX3 = 3
    CCITTFAX4 = 4
    LZW = 5
    OJPEG = 6
    JPEG = 7
    ADOBE_DEFLATE = 8
    JBIG_BW = 9
    JBIG_COLOR = 10
    FREE_11 = 11
    JPEG_99 = 99
    IMPACJ = 103
    KODAK_262 = 262
    JPEGXR_NDPI = 22610
    NEXT = 32766
    SONY_ARW = 32767
    PACKED_RAW = 32769
    SAMSUNG_SRW = 32770
    CCIRLEW = 32771
    SAMSUNG_SRW2 = 32772
    PACKBITS = 32773
    THUNDERSCAN = 32809
    KODAK_KDC = 32867
    IT8CTPAD = 32895
    IT8LW = 32896
    IT8MP = 32897
    IT8BL = 32898
    PIXARFILM = 32908
    PIXARLOG = 32909
    DEFLATE = 32946
    DCS = 32947
    APERIO_JP2000_YCBC = 33003
    JPEG_2000_LOSSY = 33004
    APERIO_JP2000_RGB = 33005
    ALT_JPEG = 33007
    PANASONIC_RAW1 = 34316
    JBIG = 34661
    SGILOG = 34676
    SGILOG24 = 34677
    LURADOC = 34692
    JPEG2000 = 34712
    NIKON_NEF = 34713
    JBIG2 = 34715
    MDI_BINARY = 34718
    MDI_PROGRESSIVE = 34719
    MDI_VECTOR = 34720
    PANASONIC_RAW2 = 34826
    PANASONIC_RAW3 = 34828
    PANASONIC_RAW4 = 34830
    LERC = 34887
    ESRI_RESERVED1 = 34888
    ESRI_RESERVED2 = 34889
    JPEG_LOSSY = 34892
    LZMA = 34925
    ZSTD_DEPRECATED = 34926
    WEBP_DEPRECATED = 34927
    PNG = 34933
    JPEGXR = 34934
    JETRAW = 48124
    ZSTD = 50000
    WEBP = 50001
    JPEGXL = 50002
    PIXTIFF = 50013
    JPEGXL_DNG = 52546
    EER_V0 = 65000
    EER_V1 = 65001
    EER_V2 = 65002
    PENTAX_PEF = 65535
    CCITT_T4 = 3
    CCITT_T6 = 4
    CCITTRLEW = 32771

class DATATYPE(IntEnum):
    BYTE = 1
    ASCII = 2
    SHORT = 3
    LONG = 4
    RATIONAL = 5
    SBYTE = 6
    UNDEFINED = 7
    SSHORT = 8
    SLONG = 9
    SRATIONAL = 10
    FLOAT = 11
    DOUBLE = 12
    IFD = 13
    UNICODE = 14
    COMPLEX = 15
    LONG8 = 16
    SLONG8 = 17
    IFD8 = 18
    UTF8 = 129

class EXTRASAMPLE(IntEnum):
    UNSPECIFIED = 0
    ASSOCALPHA = 1
    UNASSALPHA = 2
    UNASSALPHA_COREL = 999

class FILETYPE(IntFlag):
    UNDEFINED = 0
    REDUCEDIMAGE = 1
    PAGE = 2
    MASK = 4
    MACRO = 8
    ENHANCED = 16
    GAIN_MAP = 32
    DNG = 65536
    DEPTHMAP = 8
    ALTERNATE = 65536

class FILLORDER(IntEnum):
    MSB2LSB = 1
    LSB2MSB = 2

class OFILETYPE(IntEnum):
    UNDEFINED = 0
    IMAGE = 1
    REDUCEDIMAGE = 2
    PAGE = 3

class ORIENTATION(IntEnum):
    TOPLEFT = 1
    TOPRIGHT = 2
    BOTRIGHT = 3
    BOTLEFT = 4
    LEFTTOP = 5
    RIGHTTOP = 6
    RIGHTBOT = 7
    LEFTBOT = 8

class PHOTOMETRIC(IntEnum):
    MINISWHITE = 0
    MINISBLACK = 1
    RGB = 2
    PALETTE = 3
    MASK = 4
    SEPARATED = 5
    YCBCR = 6
    CIELAB = 8
    ICCLAB = 9
    ITULAB = 10
    CFA = 32803
    LOGL = 32844
    LOGLUV = 32845
    SEQUENTIAL_CFA = 32892
    LINEAR_RAW = 34892
    DEPTH_MAP = 51177
    SEMANTIC_MASK = 52527
    GAIN_MAP = 52553
    WHITEISZERO = 0
    BLACKISZERO = 1

class PLANARCONFIG(IntEnum):
    CONTIG = 1
    SEPARATE = 2
    PLANAR_LINE = 32768

class PREDICTOR(IntEnum):
    NONE = 1
    HORIZONTAL = 2
    FLOATINGPOINT = 3
    HORIZONTALX2 = 34892
    HORIZONTALX4 = 34893
    FLOATINGPOINTX2 = 34894
    FLOATINGPOINTX4 = 34895

class RESUNIT(IntEnum):
    NONE = 1
    INCH = 2
    CENTIMETER = 3
    MILLIMETER = 4
    MICROMETER = 5

class SAMPLEFORMAT(IntEnum):
    UINT = 1
    INT = 2
    IEEEFP = 3
    VOID = 4
    COMPLEXINT = 5
    COMPLEXIEEEFP = 6

__all__ = [
    'BuildError',
    'CHUNKMODE',
    'COMPRESSION',
    'DATATYPE',
    'EXTRASAMPLE',
    'FILETYPE',
    'FILLORDER',
    'FileCache',
    'FileHandle',
    'FileSequence',
    'FormatError',
    'LimitError',
    'Limits',
    'OFILETYPE',
    'ORIENTATION',
    'OmeXml',
    'OmeXmlError',
    'PHOTOMETRIC',
    'PLANARCONFIG',
    'PREDICTOR',
    'RESUNIT',
    'SAMPLEFORMAT',
    'SchemaError',
    'StoredShape',
    'TIFF',
    'TagEditor',
    'TiffFile',
    'TiffFileError',
    'TiffFormat',
    'TiffFrame',
    'TiffPage',
    'TiffPageSeries',
    'TiffPages',
    'TiffReader',
    'TiffSchemaError',
    'TiffSequence',
    'TiffSeries',
    'TiffTag',
    'TiffTagRegistry',
    'TiffTags',
    'TiffWriter',
    'TiledSequence',
    'Timer',
    'TruncatedError',
    'UnsupportedError',
    '_TIFF',
    '__version__',
    'askopenfilename',
    'astype',
    'byte_map',
    'compact',
    'create_output',
    'enumarg',
    'enumstr',
    'format_size',
    'geo_tags',
    'hexdump',
    'imagej_description',
    'imagej_metadata_tag',
    'imread',
    'imshow',
    'imwrite',
    'logger',
    'lsm2bin',
    'matlabstr2py',
    'memmap',
    'natural_sorted',
    'nullfunc',
    'parse_filenames',
    'parse_kwargs',
    'pformat',
    'product',
    'rational',
    'read',
    'read_gdal_structural_metadata',
    'read_micromanager_metadata',
    'read_ndtiff_index',
    'read_scanimage_metadata',
    'register_schema',
    'repeat_nd',
    'reshape_axes',
    'reshape_nd',
    'schemas',
    'strptime',
    'tiff2fsspec',
    'tiffcomment',
    'transpose_axes',
    'update_kwargs',
    'validate_jhove',
    'write',
    'write_cog',
    'xml2dict',
]
