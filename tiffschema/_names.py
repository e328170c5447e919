"""The public names and where they live; `tiffschema.__init__` resolves them on first use."""

from __future__ import annotations

from typing import Final

__all__ = ['HOMES']

HOMES: Final[dict[str, str]] = {
    # reading and writing
    'read': 'api:imread',
    'imread': 'api:imread',
    'memmap': 'api:memmap',
    'write': 'writer.imwrite:imwrite',
    'imwrite': 'writer.imwrite:imwrite',
    'TiffFile': 'runtime.file:TiffFile',
    'TiffReader': 'runtime.file:TiffFile',
    'TiffWriter': 'writer.tiffwriter:TiffWriter',
    'TiffPage': 'runtime.page:TiffPage',
    'TiffFrame': 'runtime.frame:TiffFrame',
    'TiffPages': 'runtime.pages:TiffPages',
    'TiffPageSeries': 'runtime.series:TiffPageSeries',
    'TiffSeries': 'runtime.serieslist:TiffSeries',
    'TiffTag': 'runtime.tags:TiffTag',
    'TiffTags': 'runtime.tags:TiffTags',
    'TiffTagRegistry': 'runtime.tagregistry:TiffTagRegistry',
    'TiffFormat': 'model.tiffformat:TiffFormat',
    'FileHandle': 'runtime.filehandle:FileHandle',
    'FileCache': 'runtime.filecache:FileCache',
    'FileSequence': 'sequence:FileSequence',
    'TiffSequence': 'sequence:TiffSequence',
    'TiledSequence': 'model.filenames:TiledSequence',
    'natural_sorted': 'model.filenames:natural_sorted',
    'parse_filenames': 'model.filenames:parse_filenames',
    'StoredShape': 'writer.storedshape:StoredShape',
    'OmeXml': 'model.omexml:OmeXml',
    'create_output': 'runtime.output:create_output',
    'byte_map': 'runtime.bytemap:byte_map',
    'tiffcomment': 'cli.comment:tiffcomment',
    'lsm2bin': 'cli.lsm2bin:lsm2bin',
    'imshow': 'integrations.plot:imshow',
    'tiff2fsspec': 'integrations.references:tiff2fsspec',
    'hexdump': 'model.pretty:hexdump',
    'pformat': 'model.pretty:pformat',
    'imagej_description': 'model.descriptions:imagej_description',
    'format_size': 'runtime.source:format_size',
    'strptime': 'model.tagtext:parse_datetime',
    'reshape_axes': 'model.axes:reshape_axes',
    'transpose_axes': 'model.axes:transpose_axes',
    'enumarg': 'model.enums:enumarg',
    'enumstr': 'model.enums:enumstr',
    'imagej_metadata_tag': 'writer.ijmetadata:imagej_metadata_tag',
    'repeat_nd': 'model.axes:repeat_nd',
    'reshape_nd': 'model.axes:reshape_nd',
    'read_gdal_structural_metadata': 'headers:read_gdal_structural_metadata',
    'read_micromanager_metadata': 'headers:read_micromanager_metadata',
    'read_ndtiff_index': 'headers:read_ndtiff_index',
    'read_scanimage_metadata': 'headers:read_scanimage_metadata',
    'validate_jhove': 'cli.jhove:validate_jhove',
    'TIFF': 'tables:TIFF',
    '_TIFF': 'tables:_TIFF',
    **{
        name: f'familiar:{name}'
        for name in (
            'Timer', 'askopenfilename', 'astype', 'logger', 'matlabstr2py', 'nullfunc',
            'parse_kwargs', 'product', 'rational', 'update_kwargs', 'xml2dict',
        )
    },
    # changing files
    'TagEditor': 'writer.edit:TagEditor',
    'compact': 'writer.compact:compact',
    # cloud-optimised GeoTIFF
    'geo_tags': 'writer.geokeys:geo_tags',
    'write_cog': 'writer.cog:write_cog',
    # schemas
    'schemas': 'model.sections:schemas',
    'register_schema': 'model.sections:register_schema',
    # limits and errors
    'Limits': 'limits:Limits',
    'BuildError': 'errors:BuildError',
    'FormatError': 'errors:FormatError',
    'LimitError': 'errors:LimitError',
    'OmeXmlError': 'errors:OmeXmlError',
    'SchemaError': 'errors:SchemaError',
    'TiffFileError': 'errors:TiffFileError',
    'TiffSchemaError': 'errors:TiffSchemaError',
    'TruncatedError': 'errors:TruncatedError',
    'UnsupportedError': 'errors:UnsupportedError',
    # enumerations, made from schemas
    **{
        name: f'model.enums:{name}'
        for name in (
            'CHUNKMODE', 'COMPRESSION', 'DATATYPE', 'EXTRASAMPLE', 'FILETYPE', 'FILLORDER',
            'OFILETYPE', 'ORIENTATION', 'PHOTOMETRIC', 'PLANARCONFIG', 'PREDICTOR', 'RESUNIT',
            'SAMPLEFORMAT',
        )
    },
}  # fmt: skip
"""Public name to ``module:attribute`` below the package."""
