"""Codes of the tags that code must know, under the names that schemas give them.

Rule: schemas declare tags; these are their codes as plain numbers, at hand without loading a table.
A test compares each with its declaration.
"""

from __future__ import annotations

from typing import Final

__all__ = ['SEGMENTS', 'EerCode', 'NdpiCode', 'TagCode']


class TagCode:
    """Tags of the directories of TIFF."""

    NewSubfileType: Final = 254
    ImageWidth: Final = 256
    ImageLength: Final = 257
    BitsPerSample: Final = 258
    Compression: Final = 259
    PhotometricInterpretation: Final = 262
    FillOrder: Final = 266
    ImageDescription: Final = 270
    Make: Final = 271
    Model: Final = 272
    StripOffsets: Final = 273
    SamplesPerPixel: Final = 277
    RowsPerStrip: Final = 278
    StripByteCounts: Final = 279
    XResolution: Final = 282
    YResolution: Final = 283
    PlanarConfiguration: Final = 284
    FreeOffsets: Final = 288
    FreeByteCounts: Final = 289
    T4Options: Final = 292
    T6Options: Final = 293
    ResolutionUnit: Final = 296
    TransferFunction: Final = 301
    Software: Final = 305
    DateTime: Final = 306
    Predictor: Final = 317
    ColorMap: Final = 320
    TileWidth: Final = 322
    TileLength: Final = 323
    TileOffsets: Final = 324
    TileByteCounts: Final = 325
    BadFaxLines: Final = 326
    CleanFaxData: Final = 327
    ConsecutiveBadFaxLines: Final = 328
    SubIFDs: Final = 330
    ExtraSamples: Final = 338
    SampleFormat: Final = 339
    JPEGTables: Final = 347
    GlobalParametersIFD: Final = 400
    JPEGTables_437: Final = 437
    JPEGProc: Final = 512
    JPEGInterchangeFormat: Final = 513
    JPEGInterchangeFormatLength: Final = 514
    JPEGRestartInterval: Final = 515
    JPEGLosslessPredictors: Final = 517
    JPEGPointTransforms: Final = 518
    JPEGQTables: Final = 519
    JPEGDCTables: Final = 520
    JPEGACTables: Final = 521
    YCbCrCoefficients: Final = 529
    YCbCrSubSampling: Final = 530
    YCbCrPositioning: Final = 531
    ReferenceBlackWhite: Final = 532
    XMP: Final = 700
    ImageDepth: Final = 32997
    TileDepth: Final = 32998
    MDFileTag: Final = 33445
    MDFileUnits: Final = 33452
    OlympusINI: Final = 33471
    ModelPixelScaleTag: Final = 33550
    OlympusSIS: Final = 33560
    UIC1tag: Final = 33628
    UIC2tag: Final = 33629
    UIC3tag: Final = 33630
    UIC4tag: Final = 33631
    ModelTiepointTag: Final = 33922
    ModelTransformationTag: Final = 34264
    MM_Header: Final = 34361
    MM_Stamp: Final = 34362
    CZ_LSMINFO: Final = 34412
    ExifIFD: Final = 34665
    InterColorProfile: Final = 34675
    GeoKeyDirectoryTag: Final = 34735
    GeoDoubleParamsTag: Final = 34736
    GeoAsciiParamsTag: Final = 34737
    GPSInfoIFD: Final = 34853
    TVIPS: Final = 37706
    InteroperabilityTag: Final = 40965
    GDAL_METADATA: Final = 42112
    GDAL_NODATA: Final = 42113
    LercParameters: Final = 50674
    IJMetadataByteCounts: Final = 50838
    IJMetadata: Final = 50839
    RPCCoefficientTag: Final = 50844
    MicroManagerMetadata: Final = 51123


class NdpiCode:
    """Tags of Hamamatsu NDPI."""

    OffsetHighBytes: Final = 65324
    ByteCountHighBytes: Final = 65325
    FileFormat: Final = 65420
    Magnification: Final = 65421
    ZOffsetFromSlideCenter: Final = 65424
    McuStarts: Final = 65426
    McuStartsHighBytes: Final = 65432
    Fluorescence: Final = 65434
    CaptureMode: Final = 65441
    Wavelength: Final = 65451


class EerCode:
    """Tags of Thermo Fisher EER."""

    PosSkipBits: Final = 65007
    HorzSubBits: Final = 65008
    VertSubBits: Final = 65009


SEGMENTS: Final = {
    TagCode.StripOffsets: TagCode.StripByteCounts,
    TagCode.TileOffsets: TagCode.TileByteCounts,
    TagCode.JPEGInterchangeFormat: TagCode.JPEGInterchangeFormatLength,
}
"""Tags of offsets of stored pixels, with the tag of their sizes."""
