"""Images that are read where they are indexed, for libraries that take anything like an array.

Knows ``asarray(selection=)`` and chunks; no other library. What is pickled is the place of an image
in its file, so that another process opens the file anew.
"""

from __future__ import annotations

import itertools
import math
import os
import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.runtime.selection import select

from .chunks import ChunkedImage, locate_image, located_image
from .stacked import StackedFiles

__all__ = ['LazyImage', 'LazyStack', 'image_of_level']


def image_of_level(image: Any, level: int | None) -> Any:
    """Return a level of a series, the image itself if there is no word of levels.

    Raises:
        IndexError: There is no such level.
    """
    if level is None:
        return image
    levels = getattr(image, 'levels', (image,))
    if not -len(levels) <= level < len(levels):
        raise IndexError(f'level {level} of {len(levels)}')
    return levels[level]


class _Lazy:
    """What lazy arrays share: they look like an array, and say what they are made of."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of samples."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all samples."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, selection: Any) -> NDArray[Any]:
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError('samples are read from a file: there is no array without a copy')
        return np.asarray(self[...], dtype)

    def __repr__(self) -> str:
        return f'<tiffschema.{type(self).__name__} {self.shape} {self.dtype}>'


class LazyImage(_Lazy):
    """A page or series that is read where it is indexed.

    Parameters:
        image: Page, frame or series.
        level: Of a pyramid.
        squeeze: Leave out axes of length 1 or not; None: as the series was made.
        maxworkers: Threads per access.

    Raises:
        IndexError: There is no such level.
        UnsupportedError: The type of the samples is unknown or structured.

    Example:
        >>> import io, numpy, tiffschema
        >>> file = io.BytesIO()
        >>> tiffschema.imwrite(file, numpy.arange(20, dtype='u1').reshape(4, 5))
        >>> _ = file.seek(0)
        >>> image = LazyImage(tiffschema.TiffFile(file).series[0])
        >>> image.shape, image[1, ::2].tolist()
        ((4, 5), [5, 7, 9])
    """

    def __init__(
        self,
        image: Any,
        *,
        level: int | None = None,
        squeeze: bool | None = None,
        maxworkers: int | None = None,
    ) -> None:
        self.image = image_of_level(image, level)
        self._options = {'squeeze': squeeze, 'maxworkers': maxworkers}
        chunked = ChunkedImage(self.image, squeeze=squeeze)
        self.shape, self.axes, self.dtype = chunked.shape, chunked.axes, chunked.dtype
        self.chunks = chunked.chunkshape

    def __getitem__(self, selection: Any) -> NDArray[Any]:
        given = {name: value for name, value in self._options.items() if value is not None}
        found: NDArray[Any] = self.image.asarray(selection=selection, **given)
        return found if found.dtype == self.dtype else found.astype(self.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {'place': locate_image(self.image), 'options': self._options}

    def __setstate__(self, state: dict[str, Any]) -> None:
        type(self).__init__(self, located_image(state['place']), **state['options'])

    def __dask_tokenize__(self) -> Any:
        """Return what names the samples: other dask arrays of an unchanged file are the same."""
        source = self.image.parent.source
        try:
            stat = os.stat(source.path)
        except (OSError, TypeError, ValueError):
            return uuid.uuid4().hex
        state = os.path.abspath(source.path), stat.st_mtime_ns, stat.st_size, source.start
        return type(self).__name__, state, locate_image(self.image)[1:], self._options


class LazyStack(_Lazy):
    """A stack of files, each of which is read when samples of it are wanted.

    Parameters:
        files: The stack as chunks.
    """

    def __init__(self, files: StackedFiles) -> None:
        self.files = files
        self.shape, self.dtype, self.chunks = files.shape, files.dtype, files.chunkshape

    def __getitem__(self, selection: Any) -> NDArray[Any]:
        chosen = select(selection, self.shape)
        block = np.full(chosen.shape, self.files.fillvalue, self.dtype)
        touched = [
            sorted({place // chunk for place in each})
            for each, chunk in zip(chosen.ranges, self.chunks, strict=True)
        ]
        for index in itertools.product(*touched):
            image = self.files.read(index)
            if image is None:
                continue
            into, part = [], []
            for each, place, chunk in zip(chosen.ranges, index, self.chunks, strict=True):
                wanted = np.asarray(each, np.intp)
                here = np.flatnonzero(wanted // chunk == place)
                into.append(here)
                part.append(wanted[here] - place * chunk)
            block[np.ix_(*into)] = image[np.ix_(*part)]
        return chosen.take(block)
