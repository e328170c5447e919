"""Stacks of files as grids of chunks, one file each.

Knows sequences of files and shapes; nothing of Zarr or dask.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tiffschema.errors import UnsupportedError
from tiffschema.model.filenames import TiledSequence

from .chunkgrid import ChunkGrid, Index

__all__ = ['StackedFiles']


class StackedFiles(ChunkGrid):
    """Chunks that are the images of files.

    Parameters:
        sequence: The files and what reads them.
        chunkshape, chunkdtype: Of the image of each file; by default those of the first.
        axestiled: Stack axis to image axis along which files are laid side by side.
        fillvalue: Of places without a file.
        imreadargs: For the reader.

    Raises:
        ValueError: A parameter has no possible value.
    """

    def __init__(
        self,
        sequence: Any,
        *,
        chunkshape: Sequence[int] | None = None,
        chunkdtype: DTypeLike | None = None,
        axestiled: Mapping[int, int] | Sequence[tuple[int, int]] | None = None,
        fillvalue: Any = None,
        imreadargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.sequence = sequence
        self.imreadargs = dict(imreadargs or {})
        if chunkshape is None or chunkdtype is None:
            first = np.asarray(sequence.read(0, **self.imreadargs))
            chunkshape = first.shape if chunkshape is None else chunkshape
            chunkdtype = first.dtype if chunkdtype is None else chunkdtype
        self.tiled = tiled = TiledSequence(sequence.shape, chunkshape, axestiled=axestiled)
        self.shape: Index = tuple(tiled.shape)
        self.chunkshape: Index = tuple(max(1, size) for size in tiled.chunks)
        self.grid = self.cut()
        self.dtype = np.dtype(chunkdtype)
        self.fillvalue = self.dtype.type(fillvalue or 0)
        indices = tiled.indices(sequence.indices)
        self.files = {index: number for number, index in enumerate(indices)}

    def read(self, index: Index) -> NDArray[Any] | None:
        """Return the image of a file in the shape of chunks, None if no file is there.

        Raises:
            ValueError: The image has another shape.
        """
        number = self.files.get(index)
        if number is None:
            return None
        image = np.asarray(self.sequence.read(number, **self.imreadargs))
        if image.size != math.prod(self.chunkshape):
            name = self.sequence[number]
            raise ValueError(f'{name!r} has shape {image.shape}, expected {self.chunkshape}')
        return np.ascontiguousarray(image, self.dtype).reshape(self.chunkshape)

    def cached(self, index: Index) -> NDArray[Any] | None:
        """Return None: images of files are not kept."""
        return None

    def write(self, index: Index, chunk: NDArray[Any]) -> None:
        """Refuse.

        Raises:
            UnsupportedError: Always.
        """
        raise UnsupportedError('stacks of files are read only')
