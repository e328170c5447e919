"""References to chunks inside TIFF files, as fsspec and kerchunk read them (JSON).

Knows chunked images and the names of codecs of numcodecs and imagecodecs; decodes nothing. What a
reader of references alone could not decode is refused, with the reason.

Source: specification of fsspec references, versions 0 and 1; Zarr storage specification 2.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote as percent_encoded

from tiffschema.errors import UnsupportedError

from . import zarr_metadata
from .chunks import ChunkedImage

__all__ = ['tiff2fsspec', 'write_references', 'write_sequence_references']

_ZLIB, _ZSTD = {'id': 'zlib'}, {'id': 'imagecodecs_zstd'}
_COMPRESSORS: Mapping[int, dict[str, Any] | None] = {
    1: None,
    5: {'id': 'imagecodecs_lzw'},
    8: _ZLIB,
    32773: {'id': 'imagecodecs_packbits'},
    32946: _ZLIB,
    34925: {'id': 'imagecodecs_lzma'},
    50000: _ZSTD,
    34926: _ZSTD,
}
_JPEG = 7
_MINISBLACK, _RGB, _YCBCR, _CMYK, _MINISWHITE = 1, 2, 6, 5, 0


def _compressor(chunked: ChunkedImage, given: Mapping[Any, str | None]) -> dict[str, Any] | None:
    """Return the compressor of an image.

    Raises:
        UnsupportedError: No codec decodes single segments of it.
    """
    geometry = chunked.geometry
    compression = int(geometry.compression)
    own = {int(key): name for key, name in given.items()}
    if compression in own:
        name = own[compression]
        return None if name is None else {'id': name}
    if compression == _JPEG:
        return _jpeg(chunked)
    if compression not in _COMPRESSORS:
        raise UnsupportedError(
            f'compression {compression} cannot be expressed: no codec decodes single segments;'
            ' name one by compressors='
        )
    return _COMPRESSORS[compression]


def _jpeg(chunked: ChunkedImage) -> dict[str, Any]:
    spec = chunked.image.keyframe.spec
    geometry = chunked.geometry
    if spec.jpegheader is not None:
        raise UnsupportedError('segments that share one JPEG stream cannot be expressed')
    if geometry.bitspersample != 8:
        raise UnsupportedError('JPEG of other than 8 bits cannot be expressed')
    # Samples as they are stored, but YCbCr as RGB: what reading the file gives.
    known = {_MINISWHITE: (1, 1), _MINISBLACK: (1, 1), _RGB: (2, 2), _YCBCR: (3, 2), _CMYK: (4, 4)}
    if geometry.segment_shape[3] == 1:
        spaces = (1, 1)
    elif geometry.photometric in known:
        spaces = known[geometry.photometric]
    else:
        raise UnsupportedError(f'JPEG of photometric {geometry.photometric} cannot be expressed')
    found: dict[str, Any] = {
        'id': 'imagecodecs_jpeg', 'bitspersample': 8,
        'colorspace_jpeg': spaces[0], 'colorspace_data': spaces[1],
    }  # fmt: skip
    if spec.jpegtables is not None:
        from base64 import b64encode

        found['tables'] = b64encode(spec.jpegtables).decode()
    return found


def _filters(chunked: ChunkedImage) -> list[dict[str, Any]]:
    """Return what undoes the predictor.

    Raises:
        UnsupportedError: No filter does.
    """
    geometry = chunked.geometry
    if geometry.predictor in (0, 1) or geometry.is_image_codec or geometry.compression == 1:
        return []
    plan = chunked.plan
    assert plan is not None
    if plan.places.count(3) != 1:
        raise UnsupportedError('a predictor along an axis of length 1 cannot be expressed')
    axis = len(plan.lead) + plan.places.index(3) - len(chunked.shape)
    identifier = {2: 'imagecodecs_delta', 3: 'imagecodecs_floatpred'}.get(geometry.predictor)
    if identifier is None:
        raise UnsupportedError(f'predictor {geometry.predictor} cannot be expressed')
    stored = geometry.stored_dtype
    assert stored is not None
    if identifier == 'imagecodecs_delta' and stored.kind not in 'iu':
        raise UnsupportedError(f'differences of {stored} cannot be expressed')
    return [{
        'id': identifier, 'axis': axis, 'dist': 1,
        'shape': list(chunked.chunkshape), 'dtype': stored.str,
    }]  # fmt: skip


def _check(chunked: ChunkedImage) -> None:
    """Raise an error if chunks are not single segments as Zarr wants them.

    Raises:
        UnsupportedError: They are not; says why.
    """
    geometry = chunked.geometry
    reason = ''
    if chunked.plan is None:
        reason = 'the shape of the series is not made of whole pages'
    elif getattr(chunked.image, 'transform', None) is not None:
        reason = 'samples are transformed after decoding'
    elif chunked.dtype != geometry.dtype:
        reason = f'samples are stored as {geometry.dtype}'
    elif geometry.bitspersample != chunked.dtype.itemsize * 8:
        reason = f'samples of {geometry.bitspersample} bits'
    elif geometry.fillorder == 2:
        reason = 'bits are stored in reverse order'
    elif geometry.is_subsampled and geometry.compression != _JPEG:
        reason = 'chroma is subsampled'
    elif not chunked.is_whole_segment and not _is_page(chunked):
        reason = 'chunks are not whole strips or tiles'
    elif not geometry.is_tiled and not _is_page(chunked):
        length = geometry.shaped[2]
        if length % geometry.segment_shape[1]:
            reason = 'the last strip is shorter than the others'
    if not reason and chunked.framemap.specs:
        reason = 'frames have JPEG tables of their own'
    if reason:
        raise UnsupportedError(f'references cannot express the image: {reason}')


def _is_page(chunked: ChunkedImage) -> bool:
    """Return whether chunks are pages, each in one stretch."""
    if chunked.plan is None or not chunked.image.keyframe.is_final:
        return False
    lead = len(chunked.plan.lead)
    return chunked.chunkshape[lead:] == chunked.shape[lead:]


def _array(
    chunked: ChunkedImage, prefix: str, names: Any, url: str, compressors: Mapping[Any, str | None]
) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of one array."""
    _check(chunked)
    stored = chunked.geometry.stored_dtype
    assert stored is not None
    document = zarr_metadata.array_v2(
        chunked.shape, chunked.chunkshape, stored, chunked.fillvalue,
        compressor=_compressor(chunked, compressors), filters=_filters(chunked),
    )  # fmt: skip
    yield prefix + '.zarray', json.dumps(document)
    yield prefix + '.zattrs', json.dumps({'_ARRAY_DIMENSIONS': list(names)})
    nbytes = chunked.geometry.nbytes if _is_page(chunked) else 0
    sources = chunked.framemap.sources
    for index in chunked.indices():
        segments = list(chunked.segments(index))
        first = segments[0]
        if not first.is_stored:
            continue
        if len(segments) > 1:
            size = sum(each.nbytes for each in segments)
            ends = [each.offset + each.nbytes for each in segments[:-1]]
            if size != nbytes or ends != [each.offset for each in segments[1:]]:
                raise UnsupportedError('references cannot express the image: a page is scattered')
        else:
            size = first.nbytes
        source = sources[first.file]()
        name = os.path.basename(source.path or source.name)
        key = prefix + '.'.join(map(str, index))
        yield key, [url + _encoded(name, url), source.start + first.offset, size]


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
    """Write references to the chunks of a `ZarrTiffStore`, for Zarr format 2.

    Parameters:
        store: The store.
        jsonfile: Path, or an open text file.
        url: Of the folder that the files will be read from; a slash is added if it has none.
        groupname: Group to put the array or levels into.
        templatename: Of the URL, in references of version 1.
        compressors: Codec by number of compression, where another than the usual one is wanted.
        zarr_format: 2 is the only one.
        version: Of the references, 0 (default) or 1.

    Raises:
        UnsupportedError: References cannot express the image; says why. Nothing is written.
        ValueError: A parameter has no possible value.
    """
    if zarr_format not in (None, 2):
        raise UnsupportedError(f'references of Zarr format {zarr_format} are not written, only 2')
    folder = '' if not url else url if url.endswith('/') else url + '/'
    groups = [part for part in (groupname or '').split('/') if part]
    prefix = ''.join(part + '/' for part in groups)
    refs: dict[str, Any] = {}
    for depth in range(len(groups)):
        path = ''.join(part + '/' for part in groups[:depth])
        refs[path + '.zgroup'] = json.dumps(zarr_metadata.group_v2())
    if store.is_multiscales:
        refs[prefix + '.zgroup'] = json.dumps(zarr_metadata.group_v2())
        attributes = {'multiscales': [store.multiscales_entry('0.4')]}
        refs[prefix + '.zattrs'] = json.dumps(attributes)
    for number, chunked in enumerate(store.levels):
        path = f'{prefix}{number}/' if store.is_multiscales else prefix
        refs.update(_array(chunked, path, store.dimension_names, folder, compressors or {}))
    _write(refs, jsonfile, folder, templatename, version)


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
    """Write references to whole files, for Zarr format 2.

    Parameters:
        store: A `ZarrFileSequenceStore`.
        jsonfile: Path, or an open text file.
        url: Of the folder that the files will be read from.
        codec_id: Of the numcodecs codec that decodes a file, default ``'imagecodecs_tiff'``.
        quote: Percent-encode names; by default if the URL is one of HTTP.
        groupname, templatename, zarr_format, version: As `write_references`.

    Raises:
        UnsupportedError: Files are inside a container, or the format is not 2.
    """
    if zarr_format not in (None, 2):
        raise UnsupportedError(f'references of Zarr format {zarr_format} are not written, only 2')
    sequence, chunked = store.sequence, store.chunked
    if sequence._zip is not None:
        raise UnsupportedError('references cannot express files inside a container')
    folder = '' if not url else url if url.endswith('/') else url + '/'
    prefix = '' if not groupname else groupname.strip('/') + '/'
    refs: dict[str, Any] = {}
    if prefix:
        refs['.zgroup'] = json.dumps(zarr_metadata.group_v2())
    document = zarr_metadata.array_v2(
        chunked.shape, chunked.chunkshape, chunked.dtype, chunked.fillvalue,
        compressor={'id': codec_id or 'imagecodecs_tiff'},
    )  # fmt: skip
    refs[prefix + '.zarray'] = json.dumps(document)
    common = sequence.commonpath()
    for index, number in chunked.files.items():
        name = os.path.relpath(sequence[number], common or '.').replace(os.sep, '/')
        name = _encoded(name, folder, quote)
        refs[prefix + '.'.join(map(str, index))] = [folder + name]
    _write(refs, jsonfile, folder, templatename, version)


def _write(
    refs: dict[str, Any], jsonfile: Any, folder: str, template: str | None, version: int | None
) -> None:
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
