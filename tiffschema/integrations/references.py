"""References to chunks inside TIFF files, as fsspec and kerchunk read them (JSON).

Knows chunked images and documents of Zarr; which codecs decode chunks it is told. What a reader of
references alone could not decode is refused, with the reason.

Source: specification of fsspec references, versions 0 and 1; Zarr storage specification 2; Zarr
core specification 3.0.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote as percent_encoded

from tiffschema.errors import UnsupportedError

from . import zarr_metadata
from .chunks import ChunkedImage
from .reference_codecs import ChunkCodecs, chunk_codecs, is_page

__all__ = ['tiff2fsspec', 'write_references', 'write_sequence_references']


class _References:
    """References of one file, of either format of Zarr.

    Parameters:
        zarr_format: 2 (None) or 3.
        url: Of the folder that files will be read from.
        groupname: Group to put arrays into.

    Raises:
        ValueError: There is no such format.
    """

    def __init__(self, zarr_format: int | None, url: str | None, groupname: str | None) -> None:
        if zarr_format not in (None, 2, 3):
            raise ValueError(f'zarr_format {zarr_format} is neither 2 nor 3')
        self.is_third = zarr_format == 3
        self.folder = '' if not url else url if url.endswith('/') else url + '/'
        self.refs: dict[str, Any] = {}
        groups = [part for part in (groupname or '').split('/') if part]
        for depth in range(len(groups)):
            self.add_group(''.join(part + '/' for part in groups[:depth]))
        self.prefix = ''.join(part + '/' for part in groups)

    def add_group(self, path: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Add the documents of a group."""
        if self.is_third:
            self.refs[path + 'zarr.json'] = json.dumps(zarr_metadata.group_v3(attributes or {}))
            return
        self.refs[path + '.zgroup'] = json.dumps(zarr_metadata.group_v2())
        if attributes:
            self.refs[path + '.zattrs'] = json.dumps(attributes)

    def add_array(
        self, path: str, chunked: Any, codecs: ChunkCodecs, names: Any, attributes: Any
    ) -> None:
        """Add the documents of an array."""
        if self.is_third:
            document = zarr_metadata.array_v3(
                chunked.shape, chunked.chunkshape, chunked.dtype, chunked.fillvalue,
                codecs=codecs.codecs, dimension_names=names, attributes=attributes,
            )  # fmt: skip
            self.refs[path + 'zarr.json'] = json.dumps(document)
            return
        document = zarr_metadata.array_v2(
            chunked.shape, chunked.chunkshape, codecs.dtype, chunked.fillvalue,
            compressor=codecs.compressor, filters=codecs.filters,
        )  # fmt: skip
        self.refs[path + '.zarray'] = json.dumps(document)
        attributes = dict(attributes)
        if names is not None:
            attributes['_ARRAY_DIMENSIONS'] = list(names)
        if attributes:
            self.refs[path + '.zattrs'] = json.dumps(attributes)

    def add_chunk(self, path: str, index: Sequence[int], target: list[Any]) -> None:
        """Add the reference to a chunk."""
        texts = map(str, index)
        key = '/'.join(['c', *texts]) if self.is_third else '.'.join(texts)
        self.refs[path + key] = target

    def add_image(self, path: str, chunked: ChunkedImage, codecs: ChunkCodecs) -> None:
        """Add references to the chunks of an image.

        Raises:
            UnsupportedError: A page is not one stretch.
        """
        nbytes = chunked.geometry.nbytes if is_page(chunked) else 0
        sources = chunked.framemap.sources
        for index in chunked.indices():
            segments = list(chunked.segments(index))
            first, size = segments[0], segments[0].nbytes
            if not any(each.is_stored for each in segments):
                continue
            if len(segments) > 1:
                size = sum(each.nbytes for each in segments)
                ends = [each.offset + each.nbytes for each in segments[:-1]]
                if size != nbytes or ends != [each.offset for each in segments[1:]]:
                    raise UnsupportedError(
                        'references cannot express the image: a page is scattered'
                    )
            if nbytes:
                size = min(size, nbytes)
            source = sources[first.file]()
            name = os.path.basename(source.path or source.name)
            where = self.folder + _encoded(name, self.folder)
            self.add_chunk(path, index, [where, source.start + first.offset, size])


def _encoded(name: str, url: str, quote: bool | None = None) -> str:
    """Return the name of a file as part of a URL; only those of HTTP are percent-encoded."""
    if quote is None:
        quote = url.startswith(('http://', 'https://'))
    return percent_encoded(name) if quote else name


def write_references(
    store: Any,
    jsonfile: Any,
    url: str | None,
    /,
    *,
    groupname: str | None = None,
    templatename: str | None = None,
    compressors: Mapping[Any, str | None] | None = None,
    zarr_format: int | None = None,
    version: int | None = None,
) -> None:
    """Write references to the chunks of a `ZarrTiffStore`, as JSON.

    Parameters:
        store: The store.
        jsonfile: Path, or an open text file.
        url: Of the folder that the files will be read from; a slash is added if it has none.
        groupname: Group to put the array or levels into.
        templatename: Of the URL, in references of version 1.
        compressors: Codec by number of compression, where another than the usual one is wanted.
        zarr_format: 2 (default) or 3.
        version: Of the references, 0 (default) or 1.

    Raises:
        UnsupportedError: References cannot express the image; says why. Nothing is written.
        ValueError: A parameter has no possible value.
    """
    made = _References(zarr_format, url, groupname)
    if store.is_multiscales:
        made.add_group(made.prefix, store.group_attributes(None if made.is_third else '0.4'))
    for number, chunked in enumerate(store.levels):
        path = f'{made.prefix}{number}/' if store.is_multiscales else made.prefix
        codecs = chunk_codecs(chunked, compressors or {})
        attributes = {} if store.is_multiscales else store.zattrs
        made.add_array(path, chunked, codecs, store.dimension_names, attributes)
        made.add_image(path, chunked, codecs)
    _write(made, jsonfile, templatename, version)


def write_sequence_references(
    store: Any,
    jsonfile: Any,
    url: str | None,
    /,
    *,
    codec_id: str | None = None,
    quote: bool | None = None,
    groupname: str | None = None,
    templatename: str | None = None,
    zarr_format: int | None = None,
    version: int | None = None,
) -> None:
    """Write references to whole files as JSON.

    Parameters:
        store: A `ZarrFileSequenceStore`.
        jsonfile: Path, or an open text file.
        url: Of the folder that the files will be read from.
        codec_id: Of the numcodecs codec that decodes a file, default
            ``'tiffschema'``, if this library reads them.
        quote: Percent-encode names; by default if the URL is one of HTTP.
        groupname, templatename, zarr_format, version: As `write_references`.

    Raises:
        UnsupportedError: Files are inside a container, or their reader cannot be named.
    """
    sequence, chunked = store.sequence, store.chunked
    if sequence._zip is not None:
        raise UnsupportedError('references cannot express files inside a container')
    made = _References(zarr_format, url, groupname)
    options = {} if codec_id else _reading_options(store)
    name = codec_id or 'tiffschema'
    little = chunked.dtype.newbyteorder('<')
    entry = {'name': name, 'configuration': options} if options else {'name': name}
    codecs = ChunkCodecs(little, {'id': name, **options}, codecs=[entry])
    made.add_array(made.prefix, chunked, codecs, store.dimension_names, store.zattrs)
    common = sequence.commonpath()
    for index, number in chunked.files.items():
        path = os.path.relpath(sequence[number], common or '.').replace(os.sep, '/')
        made.add_chunk(made.prefix, index, [made.folder + _encoded(path, made.folder, quote)])
    _write(made, jsonfile, templatename, version)


def _reading_options(store: Any) -> dict[str, Any]:
    """Return how each file of a stack is read.

    Raises:
        UnsupportedError: Not by this library, or with arguments that JSON has no words for.
    """
    if not store.sequence.reads_tiff:
        raise UnsupportedError(
            'references cannot express a reader that is a function; name a codec by codec_id='
        )
    options = dict(store.imreadargs)
    known = {'key', 'series', 'kind', 'level', 'squeeze', 'maxworkers', 'buffersize'}
    if not set(options) <= known:
        unknown = ', '.join(sorted(set(options) - known))
        raise UnsupportedError(f'references cannot express the arguments {unknown} of the reader')
    if isinstance(options.get('key'), range | slice | tuple):
        raise UnsupportedError('references cannot express pages other than one or a list')
    return options


def _write(made: _References, jsonfile: Any, template: str | None, version: int | None) -> None:
    refs, folder = made.refs, made.folder
    if version not in (None, 0, 1):
        raise ValueError(f'version {version} is neither 0 nor 1')
    document = refs
    if version == 1:
        if template:
            mark = '{{' + template + '}}'
            for value in refs.values():
                if isinstance(value, list):
                    value[0] = mark + value[0][len(folder) :]
        templates = {template: folder} if template else {}
        document = {'version': 1, 'templates': templates, 'gen': [], 'refs': refs}
    elif template:
        raise ValueError('templatename: only references of version 1 have templates')
    text = json.dumps(document, indent=1)
    if hasattr(jsonfile, 'write'):
        jsonfile.write(text)
        return
    with open(jsonfile, 'w', encoding='utf-8') as file:
        file.write(text)


def tiff2fsspec(
    filename: str | os.PathLike[str],
    /,
    url: str,
    *,
    out: Any = None,
    key: int | None = None,
    series: int | None = None,
    level: int | None = None,
    chunkmode: Any = None,
    fillvalue: Any = None,
    zattrs: Mapping[str, Any] | None = None,
    squeeze: bool | None = None,
    groupname: str | None = None,
    version: int | None = None,
    zarr_format: int | None = None,
) -> None:
    """Write references to the chunks of a local TIFF file that will be read from a URL.

    Parameters:
        filename: Path of the file.
        url: Of the folder that the file will be read from.
        out: Path of the references, default that of the file with ``.json`` appended.
        key, series, level, squeeze: Which image, see `imread`.
        chunkmode, fillvalue, zattrs: See `ZarrTiffStore`.
        groupname, version, zarr_format: See `write_references`.

    Raises:
        UnsupportedError: References cannot express the image; says why.

    Example:
        >>> import json, numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.zeros((32, 32), 'u1'), tile=(16, 16))
        >>> tiff2fsspec('temp.tif', 'https://example.org/data', out='temp.json')
        >>> with open('temp.json') as file:
        ...     json.load(file)['0.0'][0]
        'https://example.org/data/temp.tif'
    """
    from tiffschema.runtime.file import TiffFile

    with TiffFile(filename) as tif:
        store = tif.aszarr(
            key, series=series, level=level, squeeze=squeeze,
            chunkmode=chunkmode, fillvalue=fillvalue, zattrs=zattrs,
        )  # fmt: skip
        write_references(
            store,
            f'{os.fspath(filename)}.json' if out is None else out,
            url,
            groupname=groupname,
            version=version,
            zarr_format=zarr_format,
        )
