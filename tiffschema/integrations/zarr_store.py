"""Zarr stores over pages, series, pyramids and stacks of files; needs the extra ``zarr``.

Knows the store interface of zarr-python 3 and chunked images; decoding is the image's business.
Chunks are served decoded, little-endian, as Zarr format 3 with the codec ``bytes``.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tiffschema.errors import UnsupportedError
from tiffschema.model.axes import axes_unique

from . import zarr_metadata
from .chunks import (
    FILE,
    PAGE,
    STRILE,
    ChunkedImage,
    checked_chunkmode,
    locate_image,
    located_image,
)
from .stacked import StackedFiles

try:
    from zarr.abc.store import (
        ByteRequest,
        OffsetByteRequest,
        RangeByteRequest,
        Store,
        SuffixByteRequest,
    )
    from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype
except ImportError:
    raise UnsupportedError(
        'Zarr stores need zarr 3, which is not installed; install tiffschema[zarr]'
    ) from None

__all__ = ['ZarrFileSequenceStore', 'ZarrStore', 'ZarrTiffStore', 'open_sequence', 'open_store']

Index = tuple[int, ...]


class _Node:
    """An array of a store: its metadata, and what gives its chunks."""

    def __init__(self, chunked: Any, document: dict[str, Any]) -> None:
        self.chunked = chunked
        self.document = document


class ZarrStore(Store):
    """What all stores share: keys, metadata, byte ranges.

    Parameters:
        read_only: Whether chunks may be written.
    """

    def __init__(self, *, read_only: bool = True) -> None:
        super().__init__(read_only=read_only)
        self._is_open = True
        self._nodes: dict[str, _Node] = {}
        self._group: dict[str, Any] | None = None

    @property
    def supports_writes(self) -> bool:
        """Whether chunks can be written."""
        return not self.read_only

    @property
    def supports_deletes(self) -> bool:
        """Chunks are deleted by filling them, which Zarr does with those of only fill values."""
        return not self.read_only

    @property
    def supports_listing(self) -> bool:
        """Keys can be listed."""
        return True

    @property
    def is_multiscales(self) -> bool:
        """Whether the store is a group of levels."""
        return self._group is not None

    def __str__(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        arrays = ', '.join(f'{n.chunked.shape} {n.chunked.dtype}' for n in self._nodes.values())
        return f'<tiffschema.{type(self).__name__} {arrays}>'

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    # Keys

    def _document(self, key: str) -> dict[str, Any] | None:
        if key == 'zarr.json' and self._group is not None:
            return self._group
        path, _, name = key.rpartition('/')
        node = self._nodes.get(path)
        return node.document if name == 'zarr.json' and node is not None else None

    def _chunk(self, key: str) -> tuple[_Node, Index] | None:
        """Return the array and the index of a chunk that a key means, None if it is none."""
        parts = key.split('/')
        path = '' if self._group is None else parts.pop(0)
        node = self._nodes.get(path)
        if node is None or not parts or parts[0] != 'c':
            return None
        if not all(part.isascii() and part.isdigit() for part in parts[1:]):
            return None
        index = tuple(int(part) for part in parts[1:])
        return (node, index) if node.chunked.holds(index) else None

    def _keys(self) -> Iterator[str]:
        if self._group is not None:
            yield 'zarr.json'
        for path, node in self._nodes.items():
            prefix = f'{path}/' if path else ''
            yield f'{prefix}zarr.json'
            for index in node.chunked.indices():
                yield prefix + '/'.join(['c', *map(str, index)])

    # Reading

    def _load(self, key: str) -> NDArray[Any] | bytes | None:
        """Return the value of a key as bytes or as an array, None if there is none."""
        document = self._document(key)
        if document is not None:
            return json.dumps(document).encode()
        found = self._chunk(key)
        if found is None:
            return None
        array: NDArray[Any] | None = found[0].chunked.read(found[1])
        if array is None:
            return None
        return _as_bytes(array)

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return the value of a key, or a part of it; chunks are decoded on another thread."""
        if prototype is None:
            prototype = default_buffer_prototype()
        found = self._chunk(key)
        if found is None and self._document(key) is None:
            return None
        # What needs no decoding is not worth waking a thread.
        kept = None if found is None else found[0].chunked.cached(found[1])
        if found is None:
            value: Any = self._load(key)
        elif kept is not None:
            value = _as_bytes(kept)
        else:
            value = await asyncio.to_thread(self._load, key)
        if value is None:
            return None
        part = value[_slice(byte_range, len(value))]
        if isinstance(part, bytes):
            return prototype.buffer.from_bytes(part)
        return prototype.buffer.from_array_like(part)

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Return parts of the values of several keys."""
        return list(
            await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges))
        )

    async def exists(self, key: str) -> bool:
        """Return whether there is a key."""
        return self._document(key) is not None or self._chunk(key) is not None

    # Listing

    async def list(self) -> AsyncIterator[str]:
        """Yield all keys."""
        for key in self._keys():
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with a prefix."""
        for key in self._keys():
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Yield names of keys and prefixes right below a prefix."""
        for name in self._below([part for part in prefix.strip('/').split('/') if part]):
            yield name

    def _below(self, parts: Sequence[str]) -> Iterator[str]:
        rest = list(parts)
        if self._group is not None:
            if not rest:
                yield from ('zarr.json', *self._nodes)
                return
            node = self._nodes.get(rest.pop(0))
        else:
            node = self._nodes.get('')
        if node is None:
            return
        if not rest:
            yield from ('zarr.json', 'c')
        elif rest[0] == 'c' and len(rest) <= len(node.chunked.grid):
            yield from map(str, range(node.chunked.grid[len(rest) - 1]))

    # Writing

    async def set(self, key: str, value: Buffer) -> None:
        """Write a chunk in place.

        Raises:
            UnsupportedError: The key is no chunk, or samples are not stored as they are.
        """
        self._check_writable()
        await asyncio.to_thread(self._set, key, value.to_bytes())

    async def delete(self, key: str) -> None:
        """Write the fill value to a chunk; so Zarr stores chunks that hold nothing else."""
        self._check_writable()
        await asyncio.to_thread(self._set, key, None)

    def _set(self, key: str, data: bytes | None) -> None:
        found = self._chunk(key)
        if found is None:
            raise UnsupportedError(f'{key!r} cannot be written: only samples can')
        node, index = found
        chunked = node.chunked
        if data is None:
            chunk = np.full(chunked.chunkshape, chunked.fillvalue, chunked.dtype)
        else:
            little = chunked.dtype.newbyteorder('<')
            chunk = np.ndarray(chunked.chunkshape, little, data)
        chunked.write(index, chunk)


def _as_bytes(array: NDArray[Any]) -> NDArray[Any]:
    """Return the bytes of samples, little-endian and in C order."""
    little = array.astype(array.dtype.newbyteorder('<'), order='C', copy=False)
    return little.reshape(-1).view(np.uint8)


def _slice(wanted: ByteRequest | None, size: int) -> slice:
    if wanted is None:
        return slice(None)
    if isinstance(wanted, RangeByteRequest):
        return slice(wanted.start, wanted.end)
    if isinstance(wanted, OffsetByteRequest):
        return slice(wanted.offset, None)
    if isinstance(wanted, SuffixByteRequest):
        return slice(max(0, size - wanted.suffix), None)
    raise TypeError(f'byte_range {wanted!r} is of no known kind')


class ZarrTiffStore(ZarrStore):
    """A page, a series, or the levels of a pyramid as a Zarr store.

    Parameters:
        image: Page, frame or series.
        level: Of a pyramid; None serves all levels as a group, 0 the full size as an array.
        chunkmode: ``'strile'`` (default): a chunk is a strip or tile; ``'page'``: a page.
        fillvalue: Of what is not stored; None is nodata or 0.
        dimension_names: In place of the letters of the axes.
        zattrs: Further attributes.
        multiscales: True serves a group even if there is one level, False never does.
        lock: Held while files are read; not needed for files opened by this library.
        maxworkers: Threads per chunk, by default one, as Zarr asks for many at a time.
        buffersize: Bytes fetched ahead at a time from remote stores.
        read_only: By default whether the file was opened for reading only.
        squeeze: Leave out axes of length 1 or not; None: as the series was made.

    Raises:
        IndexError: There is no such level.
        ValueError: A parameter has no possible value.
        UnsupportedError: The type of samples is unknown or structured.

    Example:
        >>> import io, numpy, tiffschema, zarr
        >>> file = io.BytesIO()
        >>> tiffschema.imwrite(file, numpy.ones((40, 50), 'u2'), tile=(16, 16))
        >>> _ = file.seek(0)
        >>> store = tiffschema.TiffFile(file).aszarr()
        >>> zarr.open_array(store, mode='r')[30:33, 5].tolist()
        [1, 1, 1]
    """

    def __init__(
        self,
        image: Any,
        /,
        *,
        level: int | None = None,
        chunkmode: Any = None,
        fillvalue: Any = None,
        dimension_names: Sequence[str] | None = None,
        zattrs: Mapping[str, Any] | None = None,
        multiscales: bool | None = None,
        lock: Any = None,
        maxworkers: int | None = None,
        buffersize: int | None = None,
        read_only: bool | None = None,
        squeeze: bool | None = None,
        _openfiles: int | None = None,
    ) -> None:
        if read_only is None:
            read_only = not image.parent.source.writable
        super().__init__(read_only=read_only)
        mode = checked_chunkmode(chunkmode, STRILE, (STRILE, PAGE))
        self._image = image
        self._arguments: dict[str, Any] = {
            'level': level, 'chunkmode': mode, 'fillvalue': fillvalue,
            'dimension_names': dimension_names, 'zattrs': zattrs, 'multiscales': multiscales,
            'lock': lock, 'maxworkers': maxworkers, 'buffersize': buffersize, 'squeeze': squeeze,
        }  # fmt: skip
        self._owned: Any = None
        self._reopening = threading.Lock()
        images = [image]
        if level is not None or multiscales is False:
            levels = getattr(image, 'levels', [image])
            number = level or 0
            if not -len(levels) <= number < len(levels):
                raise IndexError(f'level {level} of {len(levels)}')
            images = [levels[number]]
        elif getattr(image, 'levels', None):
            images = list(image.levels)
        if multiscales is None:
            multiscales = len(images) > 1
        options: dict[str, Any] = {
            'squeeze': squeeze, 'chunkmode': mode, 'fillvalue': fillvalue, 'lock': lock,
            'maxworkers': maxworkers if maxworkers is not None or mode == PAGE else 1,
            'buffersize': buffersize,
        }  # fmt: skip
        self.levels = [ChunkedImage(each, **options) for each in images]
        names = dimension_names or axes_unique(self.levels[0].axes)
        if len(names) != len(self.levels[0].shape):
            raise ValueError(f'dimension_names: {names!r} are not one per axis')
        self.dimension_names = tuple(names)
        own = {} if multiscales else dict(zattrs or {})
        for number, chunked in enumerate(self.levels):
            document = zarr_metadata.array_v3(
                chunked.shape, chunked.chunkshape, chunked.dtype, chunked.fillvalue,
                dimension_names=self.dimension_names if len(chunked.shape) == len(names) else None,
                attributes=own,
            )  # fmt: skip
            self._nodes[str(number) if multiscales else ''] = _Node(chunked, document)
        if multiscales:
            self._group = zarr_metadata.group_v3(self.group_attributes())

    @property
    def zattrs(self) -> dict[str, Any]:
        """Further attributes."""
        return dict(self._arguments['zattrs'] or {})

    def group_attributes(self, version: str | None = None) -> dict[str, Any]:
        """Return the attributes of the group of levels.

        Parameters:
            version: Of OME-NGFF where it is older than 0.5.
        """
        ome = {'multiscales': [self.multiscales_entry(version)], **self._channels()}
        own = ome if version else {'ome': {'version': '0.5', **ome}}
        return {**own, **self.zattrs}

    def multiscales_entry(self, version: str | None = None) -> dict[str, Any]:
        """Return the entry of ``multiscales``: axes, units, and scales of the levels."""
        image, first = self._image, self.levels[0]
        count = len(first.shape)
        return zarr_metadata.multiscales(
            [
                (str(k), each.shape)
                for k, each in enumerate(self.levels)
                if len(each.shape) == count
            ],
            first.axes,
            getattr(image, 'name', '') or '',
            scales=getattr(image, 'coord_scales', {}),
            offsets=getattr(image, 'coord_offsets', {}),
            units=getattr(image, 'coord_units', {}),
            version=version,
        )

    def _channels(self) -> dict[str, Any]:
        """Return the names of channels as OME-NGFF has them, if there are any."""
        names = getattr(self._image, 'coords', {}).get('C')
        if names is None or names.dtype.kind != 'U':
            return {}
        return {'omero': {'channels': [{'label': str(name)} for name in names]}}

    def __getstate__(self) -> dict[str, Any]:
        arguments = {**self._arguments, 'lock': None, 'read_only': self.read_only}
        return {'place': locate_image(self._image), 'arguments': arguments}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        type(self).__init__(self, located_image(state['place']), **state['arguments'])
        self._owned = self._image.parent

    def with_read_only(self, read_only: bool = False) -> ZarrTiffStore:
        """Return a store of the same image that can be written or not."""
        return type(self)(self._image, **self._arguments, read_only=read_only)

    def _load(self, key: str) -> NDArray[Any] | bytes | None:
        if not self._is_open:
            raise ValueError(f'{self!r} is closed')
        self._reopen()
        return super()._load(key)

    def _reopen(self) -> None:
        """Open a file again that was closed before its store; it is closed with the store."""
        tif = self._image.parent
        if tif.closed and self._is_open:
            with self._reopening:
                if tif.closed:
                    tif.filehandle.open()
                    self._owned = tif

    def adopt(self, tif: Any) -> None:
        """Close a file when the store is closed."""
        self._owned = tif

    def close(self) -> None:
        """Close the file, if it was opened for the store."""
        super().close()
        if self._owned is not None:
            self._owned.close()

    def write_fsspec(self, jsonfile: Any, /, url: str | None, **kwargs: Any) -> None:
        """Write references to the chunks as JSON; see `references.write_references`."""
        from .references import write_references

        write_references(self, jsonfile, url, **kwargs)


class ZarrFileSequenceStore(ZarrStore):
    """A stack of files as a Zarr store, one chunk per file.

    Parameters:
        sequence: The files and what reads them.
        fillvalue: Of places without a file, default 0.
        chunkmode: ``'file'``, the only one.
        chunkshape, chunkdtype: Of the image of each file; by default those of the first.
        axestiled: Stack axis to image axis along which files are laid side by side.
        dimension_names: Of all axes; by default those of the stack, then Y and X.
        zattrs: Attributes.
        ioworkers: Files are read on the threads of Zarr; kept for compatibility.
        imreadargs: For the reader.
        read_only: True is the only value.
        **kwargs: Also for the reader.

    Raises:
        ValueError: A parameter has no possible value.
    """

    def __init__(
        self,
        sequence: Any,
        /,
        *,
        fillvalue: Any = None,
        chunkmode: Any = None,
        chunkshape: Sequence[int] | None = None,
        chunkdtype: DTypeLike | None = None,
        axestiled: Mapping[int, int] | Sequence[tuple[int, int]] | None = None,
        dimension_names: Sequence[str] | None = None,
        zattrs: Mapping[str, Any] | None = None,
        ioworkers: int | None = 1,
        imreadargs: Mapping[str, Any] | None = None,
        read_only: bool = True,
        **kwargs: Any,
    ) -> None:
        if not read_only:
            raise ValueError('read_only: stacks of files cannot be written')
        super().__init__(read_only=True)
        checked_chunkmode(chunkmode, FILE, (FILE,))
        self.sequence = sequence
        self.imreadargs = {**(imreadargs or {}), **kwargs}
        self.chunked = StackedFiles(
            sequence, chunkshape=chunkshape, chunkdtype=chunkdtype, axestiled=axestiled,
            fillvalue=fillvalue, imreadargs=self.imreadargs,
        )  # fmt: skip
        tiled = self.chunked.tiled
        self._arguments: dict[str, Any] = {
            'fillvalue': fillvalue, 'chunkshape': tiled.chunkshape,
            'chunkdtype': self.chunked.dtype,
            'axestiled': axestiled, 'dimension_names': dimension_names, 'zattrs': zattrs,
            'imreadargs': self.imreadargs,
        }  # fmt: skip
        self.dimension_names = None if dimension_names is None else tuple(dimension_names)
        self.zattrs = dict(zattrs or {})
        ndim = len(tiled.shape)
        if dimension_names is not None and len(dimension_names) != ndim:
            raise ValueError(f'dimension_names: {dimension_names!r} are not one per axis')
        document = zarr_metadata.array_v3(
            tiled.shape, self.chunked.chunkshape, self.chunked.dtype, self.chunked.fillvalue,
            dimension_names=dimension_names, attributes=zattrs,
        )  # fmt: skip
        self._nodes[''] = _Node(self.chunked, document)

    def __getstate__(self) -> dict[str, Any]:
        return {'sequence': self.sequence, 'arguments': self._arguments}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        type(self).__init__(self, state['sequence'], **state['arguments'])

    def with_read_only(self, read_only: bool = False) -> ZarrFileSequenceStore:
        """Return a store of the same files; it cannot be written.

        Raises:
            ValueError: `read_only` is false.
        """
        return type(self)(self.sequence, **self._arguments, read_only=read_only)

    def close(self) -> None:
        """Close the container of the files, if the sequence opened it."""
        super().close()
        self.sequence.close()

    def write_fsspec(self, jsonfile: Any, /, url: str | None, **kwargs: Any) -> None:
        """Write references to the files as JSON; see `references.write_sequence_references`."""
        from .references import write_sequence_references

        write_sequence_references(self, jsonfile, url, **kwargs)


def open_store(image: Any, /, **kwargs: Any) -> ZarrTiffStore:
    """Return a store of a page or series; what ``aszarr()`` leads to."""
    return ZarrTiffStore(image, **kwargs)


def open_sequence(sequence: Any, /, **kwargs: Any) -> ZarrFileSequenceStore:
    """Return a store of a stack of files; what its ``aszarr()`` leads to."""
    return ZarrFileSequenceStore(sequence, **kwargs)
