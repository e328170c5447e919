"""Codecs of Zarr format 3: whole TIFF files, and single strips and tiles.

Knows the codec interface of zarr-python 3; the work is that of the codecs for format 2. Found by
entry points.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from tiffschema.errors import UnsupportedError

from .numcodecs_ import TiffOptions, given_options, read_chunk, write_chunk
from .segment_recipe import SegmentRecipe

try:
    from zarr.abc.codec import ArrayBytesCodec
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer
    from zarr.registry import register_codec as _register
except ImportError:
    raise UnsupportedError(
        'Zarr codecs need zarr 3, which is not installed; install tiffschema[zarr]'
    ) from None

__all__ = ['Segment', 'Tiff', 'register_codec']


class _ChunkCodec(ArrayBytesCodec):
    """What both codecs share: a name, and work on another thread."""

    codec_name = ''
    is_fixed_size = False

    @property
    def configuration(self) -> dict[str, Any]:
        """What the codec was made with."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the codec of an entry of ``codecs``."""
        return cls(**data.get('configuration', {}))

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of ``codecs``."""
        return {'name': self.codec_name, 'configuration': self.configuration}

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Refuse: the size of a chunk depends on what it holds."""
        raise NotImplementedError

    def _decoded(self, data: Any) -> Any:
        raise NotImplementedError

    def _encoded(self, array: Any) -> bytes:
        raise NotImplementedError

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return await asyncio.to_thread(self._decode_sync, chunk_bytes, chunk_spec)

    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        array = np.asarray(self._decoded(chunk_bytes.to_bytes()))
        array = array.astype(chunk_spec.dtype.to_native_dtype(), copy=False)
        make = chunk_spec.prototype.nd_buffer.from_ndarray_like
        return make(array.reshape(chunk_spec.shape))

    async def _encode_single(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        return await asyncio.to_thread(self._encode_sync, chunk_array, chunk_spec)

    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        data = self._encoded(chunk_array.as_numpy_array())
        return chunk_spec.prototype.buffer.from_bytes(data)


@dataclass(frozen=True, init=False)
class Tiff(TiffOptions, _ChunkCodec):
    """A chunk that is a TIFF file.

    Parameters:
        **options: As `tiffschema.numcodecs.Tiff`.
    """

    codec_name = 'tiffschema'
    options: dict[str, Any] = field(hash=False)

    def __init__(self, **options: Any) -> None:
        object.__setattr__(self, 'options', given_options(options))

    @property
    def configuration(self) -> dict[str, Any]:
        """What the codec was made with."""
        return self.options

    def _decoded(self, data: Any) -> Any:
        return read_chunk(data, self.options)

    def _encoded(self, array: Any) -> bytes:
        return write_chunk(array, self.options)


@dataclass(frozen=True, init=False)
class Segment(_ChunkCodec):
    """A chunk that is a strip or tile inside a TIFF file.

    Parameters:
        **recipe: As `SegmentRecipe`.
    """

    codec_name = 'tiffschema.segment'
    recipe: SegmentRecipe = field(hash=False, compare=False)
    config: dict[str, Any] = field(hash=False)

    def __init__(self, **recipe: Any) -> None:
        object.__setattr__(self, 'recipe', SegmentRecipe(**recipe))
        object.__setattr__(self, 'config', self.recipe.config)

    @property
    def configuration(self) -> dict[str, Any]:
        """What the codec was made with."""
        return self.config

    def _decoded(self, data: Any) -> Any:
        return self.recipe.decode(data)

    def _encoded(self, array: Any) -> bytes:
        raise UnsupportedError('segments of TIFF files cannot be written through Zarr references')


def register_codec(cls: type[ArrayBytesCodec] = Tiff, codec_id: str | None = None) -> None:
    """Register a codec with Zarr; ours are found by entry points as well.

    Parameters:
        cls: The codec.
        codec_id: Its name, by default its own.
    """
    _register(codec_id or cls.codec_name, cls)
