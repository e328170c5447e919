"""Which pages of a chain look alike, told from columns of their directories.

Rule: a page object is made once per group of pages with equal tags, never once per page.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.runtime.signature import LAYOUT_CODES

__all__ = ['groups_of_pages', 'has_subifds']

_SUBIFDS = 330


def has_subifds(tif: Any) -> bool:
    """Return whether a page of the chain has children."""
    table = tif.pages.chain.table()
    return any(_SUBIFDS in group.codes for group in table.groups)


def groups_of_pages(tif: Any) -> list[NDArray[np.intp]]:
    """Return the indices of pages that can share a key frame, groups in order of the first page.

    Pages without an image are in none.
    """
    table = tif.pages.chain.table()
    if table.is_alike(LAYOUT_CODES):
        alike = [np.arange(len(table), dtype=np.intp)]
    else:
        columns: list[NDArray[np.int64]] = []
        for code in LAYOUT_CODES:
            values, counts = table.arrays(code)
            columns += [counts[:, None], values]
        rows = np.concatenate(columns, axis=1)
        _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        inverse = inverse.reshape(-1)
        order = np.argsort(inverse, kind='stable')
        bounds = np.cumsum(np.bincount(inverse))[:-1]
        split = np.split(order, bounds)
        alike = [split[number] for number in np.argsort(first)]
    # Tags may differ and mean the same: a default that is stored or not.
    merged: dict[object, list[NDArray[np.intp]]] = {}
    for indices in alike:
        geometry = tif.pages[int(indices[0])].geometry
        if geometry.size:
            merged.setdefault(geometry.key(), []).append(indices)
    return [np.sort(np.concatenate(parts)) for parts in merged.values()]
