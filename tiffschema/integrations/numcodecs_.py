"""Codecs of numcodecs, for Zarr format 2: whole TIFF files, and single strips and tiles.

Knows the codec interface of numcodecs; reading, writing and decoding are done elsewhere. Both are
found by entry points, so that references open without this library being imported by name.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from tiffschema.errors import UnsupportedError

from .segment_recipe import SegmentRecipe

try:
    from numcodecs import registry
    from numcodecs.abc import Codec
    from numcodecs.compat import ensure_bytes, ensure_contiguous_ndarray, ndarray_copy
except ImportError:
    raise UnsupportedError(
        'codecs for Zarr need numcodecs, which is not installed; install tiffschema[zarr]'
    ) from None

__all__ = [
    'Segment', 'Tiff', 'TiffOptions', 'given_options', 'read_chunk', 'register_codec',
    'write_chunk',
]  # fmt: skip

_READING = ('key', 'series', 'kind', 'level', 'squeeze', 'buffersize', 'maxworkers')
_WRITING = (
    'byteorder', 'photometric', 'planarconfig', 'extrasamples', 'tile', 'rowsperstrip',
    'bitspersample', 'compression', 'compressionargs', 'predictor', 'subsampling', 'extratags',
)  # fmt: skip
_OPTIONS: Mapping[str, Any] = {
    **dict.fromkeys((*_READING, *_WRITING)),
    'bigtiff': False, 'volumetric': False, 'truncate': False, 'metadata': {},
}  # fmt: skip
"""Options that users of codecs ask for by name, and what they are by default."""

_NOT_OF_CHUNKS = frozenset(
    {'file', 'data', 'mode', 'append', 'shape', 'dtype', 'contiguous', 'returnoffset', 'durable'}
)


def read_chunk(data: Any, options: Mapping[str, Any]) -> Any:
    """Return the samples of a TIFF file in memory."""
    from tiffschema.runtime.file import TiffFile

    reading = {name: options[name] for name in _READING if options.get(name) is not None}
    with TiffFile(io.BytesIO(data)) as tif:
        return tif.asarray(**reading)


def write_chunk(array: Any, options: Mapping[str, Any]) -> bytes:
    """Return samples as a TIFF file."""
    from tiffschema.writer.imwrite import imwrite

    reading = set(_READING) - {'maxworkers'}
    writing = {name: value for name, value in options.items() if name not in reading}
    writing.setdefault('metadata', {})
    with io.BytesIO() as file:
        imwrite(file, array, **writing)
        return file.getvalue()


@cache
def _known() -> frozenset[str]:
    """Return the names of options: those of reading, and of writing what a chunk can be."""
    from tiffschema.writer.imwrite import imwrite

    writing = inspect.signature(imwrite).parameters.keys()
    return frozenset({*_OPTIONS, *writing} - _NOT_OF_CHUNKS)


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a codec that say something.

    Raises:
        TypeError: There is no such option; names it.
    """
    unknown = sorted(set(options) - _known())
    if unknown:
        raise TypeError(f'the codec has no option {", ".join(unknown)}')
    return {name: value for name, value in options.items() if value is not None}


class TiffOptions:
    """The options of a codec as its attributes, which are None where nothing was said."""

    options: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name in _OPTIONS:
            return self.options.get(name, _OPTIONS[name])
        raise AttributeError(f'{type(self).__name__!r} has no attribute {name!r}')


class Tiff(TiffOptions, Codec):
    """A chunk that is a TIFF file.

    Parameters:
        **options: ``key``, ``series``, ``kind``, ``level``, ``squeeze``, ``buffersize``,
            ``maxworkers`` for reading, see `tiffschema.imread`; for writing those of
            `tiffschema.imwrite` that JSON can say, such as ``compression``, ``predictor``, ``tile``
            and ``photometric``.

    Raises:
        TypeError: There is no such option.

    Example:
        >>> import numpy
        >>> codec = Tiff(compression='zlib', photometric='minisblack')
        >>> codec.decode(codec.encode(numpy.arange(6, dtype='u2').reshape(2, 3))).tolist()
        [[0, 1, 2], [3, 4, 5]]
    """

    codec_id = 'tiffschema'

    def __init__(self, **options: Any) -> None:
        self.options = given_options(options)

    def encode(self, buf: Any) -> bytes:
        """Return samples as a TIFF file."""
        return write_chunk(np.asarray(buf), self.options)

    def decode(self, buf: Any, out: Any = None) -> Any:
        """Return the samples of a TIFF file."""
        return ndarray_copy(read_chunk(ensure_bytes(buf), self.options), out)

    def get_config(self) -> dict[str, Any]:
        """Return what makes the same codec."""
        return {'id': self.codec_id, **self.options}

    def __repr__(self) -> str:
        said = ', '.join(f'{name}={value!r}' for name, value in self.options.items())
        return f'Tiff({said})'


class Segment(Codec):
    """A chunk that is a strip or tile inside a TIFF file.

    Parameters:
        **recipe: As `SegmentRecipe`.
    """

    codec_id = 'tiffschema.segment'

    def __init__(self, **recipe: Any) -> None:
        self.recipe = SegmentRecipe(**recipe)

    def encode(self, buf: Any) -> bytes:
        """Refuse: segments are written by the writer of the file."""
        raise UnsupportedError('segments of TIFF files cannot be written through Zarr references')

    def decode(self, buf: Any, out: Any = None) -> Any:
        """Return the samples of a segment."""
        data = ensure_contiguous_ndarray(buf).view('u1')
        return ndarray_copy(self.recipe.decode(data.data), out)

    def get_config(self) -> dict[str, Any]:
        """Return what makes the same codec."""
        return {'id': self.codec_id, **self.recipe.config}


def register_codec(cls: type[Codec] = Tiff, codec_id: str | None = None) -> None:
    """Register a codec with numcodecs; ours are found by entry points as well.

    Parameters:
        cls: The codec.
        codec_id: Its name, by default its own.
    """
    registry.register_codec(cls, codec_id=codec_id)
