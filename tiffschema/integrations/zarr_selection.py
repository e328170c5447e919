"""A part of the array in a store, as users of stores know to ask for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from tiffschema.runtime.output import OutputType, create_output

from .zarr_store import ZarrStore

__all__ = ['zarr_selection']


def zarr_selection(
    store: ZarrStore,
    selection: Any,
    /,
    *,
    groupindex: str | None = None,
    close: bool = True,
    out: OutputType = None,
) -> NDArray[Any]:
    """Return a part of the array in a store.

    Parameters:
        store: Of an array, or of a group of levels.
        selection: Indices as Zarr has them.
        groupindex: Which level of a group, by default the first.
        close: Whether to close the store.
        out: Where to write the part, see `create_output`.

    Raises:
        IndexError: `selection` does not fit the array.
        KeyError: There is no such level.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.arange(12, dtype='u1').reshape(3, 4))
        >>> zarr_selection(tiffschema.imread('temp.tif', aszarr=True), (1, slice(2))).tolist()
        [4, 5]
    """
    try:
        array: Any = zarr.open(store, mode='r')
        if isinstance(array, zarr.Group):
            array = array['0' if groupindex is None else groupindex]
        part = np.asarray(array[selection])
    finally:
        if close:
            store.close()
    if out is None:
        return part
    target = create_output(out, part.shape, part.dtype)
    target[...] = part
    return target
