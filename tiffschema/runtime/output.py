"""The array that decoded samples go to: new, given, or mapped to a file; what fills its gaps.

This module knows arrays and file names; nothing of what is written to them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tiffschema.errors import LimitError, TruncatedError
from tiffschema.limits import DEFAULT_LIMITS, Limits

__all__ = ['LARGE', 'OutputType', 'allocate', 'create_output', 'fill_value', 'mapped', 'written']

LARGE = 64 << 20
"""Bytes from which on new arrays are zero: their pages come from the system when touched."""

OutputType: TypeAlias = 'str | os.PathLike[str] | IO[bytes] | NDArray[Any] | None'


def allocate(
    shape: Sequence[int], dtype: DTypeLike, limits: Limits = DEFAULT_LIMITS
) -> NDArray[Any]:
    """Return a new array whose samples are not set, or 0 if it is large.

    Raises:
        LimitError: It is larger than `limits` allow, or than the memory there is.
    """
    kind = np.dtype(dtype)
    nbytes = math.prod(shape) * kind.itemsize
    if nbytes > limits.bytes:
        raise LimitError(f'array of {nbytes} bytes, the limit is {limits.bytes}', 'array')
    try:
        return np.empty(tuple(shape), kind) if nbytes < LARGE else np.zeros(tuple(shape), kind)
    except (MemoryError, ValueError) as error:
        raise LimitError(f'array of {nbytes} bytes does not fit into memory', 'array') from error


def fill_value(nodata: float, dtype: np.dtype[Any]) -> Any:
    """Return the value of samples that are not stored: nodata if the type can hold it, else 0."""
    if dtype.names is not None:
        return np.zeros((), dtype)[()]
    if type(nodata) is int and not nodata:
        return dtype.type(0)
    try:
        with np.errstate(all='ignore'):
            value = np.asarray(nodata).astype(dtype)
            same = np.isnan(nodata) if dtype.kind in 'fc' and np.isnan(nodata) else value == nodata
    except (TypeError, ValueError, OverflowError):
        return dtype.type(0)
    return value[()] if same or dtype.kind in 'fc' else dtype.type(0)


def create_output(
    out: OutputType,
    /,
    shape: Sequence[int],
    dtype: DTypeLike,
    *,
    mode: str = 'w+',
    suffix: str | None = None,
    fillvalue: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> NDArray[Any]:
    """Return the array of a shape and type that results are written to.

    Parameters:
        out: None for a new array; an array of as many samples, whose view is returned;
            ``'memmap'`` for an array mapped to a temporary file, ``'memmap:DIR'`` in a folder;
            a file name or an open binary file that the array is mapped to.
        shape: Of the array.
        dtype: Of the samples.
        mode: How a file is opened, as in `numpy.memmap`.
        suffix: Of the names of temporary files.
        fillvalue: Value of all samples of a new array; None leaves them as they are.
        limits: Bounds of a new array.

    Raises:
        ValueError: `out` is an array of another size, of a type that cannot hold the samples, or
            one that cannot be seen in that shape without a copy.
        LimitError: The array is too large.

    Example:
        >>> create_output(None, (2, 3), 'u2').shape
        (2, 3)
    """
    shape = tuple(map(int, shape))
    if out is None:
        array = allocate(shape, dtype, limits)
        if fillvalue is not None:
            array.fill(fillvalue)
        return array
    if isinstance(out, np.ndarray):
        return _view(out, shape, np.dtype(dtype))
    if isinstance(out, str) and (out == 'memmap' or out.startswith('memmap:')):
        import tempfile

        folder = out.partition(':')[2] or None
        with tempfile.NamedTemporaryFile(dir=folder, suffix=suffix or '.memmap') as handle:
            # The file is gone when the array is: Windows keeps it until then.
            return _mapped(handle, shape, dtype, mode, fillvalue)
    if isinstance(out, str | os.PathLike) or hasattr(out, 'fileno'):
        return _mapped(out, shape, dtype, mode, fillvalue)
    raise TypeError(f'out is no array, file name or file, but {type(out).__name__}')


def _view(out: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    if out.size != math.prod(shape):
        raise ValueError(f'out: shape {out.shape} has not the size of {shape}')
    if not np.can_cast(dtype, out.dtype):
        raise ValueError(f'out: {out.dtype} cannot hold {dtype}')
    if not out.flags.writeable:
        raise ValueError('out: the array is read-only')
    if out.shape == shape:
        return out
    view = out.reshape(shape)
    if not np.shares_memory(view, out) and out.size:
        raise ValueError(f'out: an array with strides {out.strides} cannot be seen as {shape}')
    return view


def _mapped(
    file: Any, shape: tuple[int, ...], dtype: DTypeLike, mode: str, fillvalue: float | None
) -> NDArray[Any]:
    array: NDArray[Any] = np.memmap(file, dtype=dtype, mode=mode, shape=shape)  # type: ignore[call-overload]
    if fillvalue is not None:
        array.fill(fillvalue)
    return array


def written(out: OutputType, result: NDArray[Any]) -> NDArray[Any]:
    """Return a result where the caller wants it, as `create_output` takes `out`."""
    if out is None:
        return result
    target = create_output(out, result.shape, result.dtype)
    target[...] = result
    return target


def mapped(
    path: str,
    offset: int,
    dtype: DTypeLike,
    shape: Sequence[int],
    mode: str,
    order: str = 'C',
) -> np.memmap[Any, Any]:
    """Return a stretch of a file mapped as an array; NumPy alone makes short files longer.

    Parameters:
        path: Of the file.
        offset: First byte.
        dtype: Type of the items in the file.
        shape: Shape of the array.
        mode: ``'r'``, ``'r+'`` or ``'c'``.
        order: ``'C'`` or ``'F'``.

    Raises:
        TruncatedError: The file ends before the array does.
    """
    lacking = offset + math.prod(shape) * np.dtype(dtype).itemsize - os.path.getsize(path)
    if lacking > 0:
        raise TruncatedError(f'the file ends {lacking} bytes before the samples do', '', offset)
    return np.memmap(  # type: ignore[call-overload, no-any-return]
        path, dtype=dtype, mode=mode, offset=offset, shape=tuple(shape), order=order
    )
