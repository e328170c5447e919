"""Pages, series and stacks of files as dask arrays; needs the extra ``dask``.

Knows lazy arrays and the function of dask that takes them. Graphs hold places in files, not open
files or samples, and can be sent to other processes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tiffschema.errors import UnsupportedError

from .lazy import LazyImage, LazyStack
from .stacked import StackedFiles

__all__ = ['image_dask', 'sequence_dask']


def _array(lazy: LazyImage | LazyStack, chunks: Any) -> Any:
    """Return a dask array.

    Raises:
        UnsupportedError: The package dask is absent.
    """
    try:
        import dask.array as da
        from dask.array.core import normalize_chunks
        from dask.base import tokenize
    except ImportError:
        raise UnsupportedError(
            'asdask needs dask, which is not installed; install tiffschema[dask]'
        ) from None
    parts = normalize_chunks(chunks, lazy.shape, dtype=lazy.dtype, previous_chunks=lazy.chunks)
    return da.from_array(
        lazy,
        parts,
        name=f'tiffschema-{tokenize(lazy, parts)}',
        asarray=False,
        fancy=False,
        meta=np.empty((0,) * lazy.ndim, lazy.dtype),
    )


def image_dask(
    image: Any,
    /,
    *,
    level: int | None = None,
    squeeze: bool | None = None,
    chunks: Any = 'auto',
    maxworkers: int | None = 1,
) -> Any:
    """Return a page or series as a dask array.

    Parameters:
        image: Page, frame or series.
        level: Of a pyramid, 0 is the full size.
        squeeze: Leave out axes of length 1 or not; None: as the series was made.
        chunks: As dask takes them; ``'auto'`` joins whole strips or tiles up to the size that dask
            is configured for.
        maxworkers: Threads per chunk, by default one, as dask works on many at a time.

    Raises:
        IndexError: There is no such level.
        UnsupportedError: The package dask is absent, or the type of samples is not supported.

    Example:
        >>> import io, numpy, tiffschema
        >>> file = io.BytesIO()
        >>> tiffschema.imwrite(file, numpy.ones((40, 50), 'u2'), tile=(16, 16))
        >>> _ = file.seek(0)
        >>> array = tiffschema.TiffFile(file).asdask(chunks=(32, 32))
        >>> array.numblocks, int(array.sum().compute(scheduler='threads'))
        ((2, 2), 2000)
    """
    lazy = LazyImage(image, level=level, squeeze=squeeze, maxworkers=maxworkers)
    return _array(lazy, chunks)


def sequence_dask(sequence: Any, /, *, chunks: Any = None, **kwargs: Any) -> Any:
    """Return a stack of files as a dask array.

    Parameters:
        sequence: The files.
        chunks: As dask takes them; None makes each file a chunk.
        **kwargs: As `StackedFiles`.

    Raises:
        UnsupportedError: The package dask is absent.
    """
    lazy = LazyStack(StackedFiles(sequence, **kwargs))
    return _array(lazy, lazy.chunks if chunks is None else chunks)
