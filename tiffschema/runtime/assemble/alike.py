"""Which pages of a chain look alike, told from columns of their directories.

Rule: a page object is made once per group of pages with equal tags, never once per page.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.pages import FEW_PAGES
from tiffschema.runtime.signature import CORRECTION_CODES, LAYOUT_CODES

__all__ = ['groups_of_pages', 'has_subifds']

_CODES = LAYOUT_CODES + CORRECTION_CODES


def has_subifds(tif: Any) -> bool:
    """Return whether a page of the chain has children."""
    if len(tif.pages) <= FEW_PAGES:
        return any(TagCode.SubIFDs in page.directory.index for page in tif.pages)
    table = tif.pages.chain.table()
    return any(TagCode.SubIFDs in group.codes for group in table.groups)


def groups_of_pages(tif: Any) -> list[NDArray[np.intp]]:
    """Return the indices of pages that can share a key frame, groups in order of the first page.

    Pages without an image are in none.
    """
    # Tags may differ and mean the same: a default that is stored or not.
    merged: dict[object, list[NDArray[np.intp]]] = {}
    for indices in _equal_tags(tif):
        geometry = tif.pages[int(indices[0])].geometry
        if geometry.size:
            merged.setdefault(geometry.key(), []).append(indices)
    return [
        parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts)) for parts in merged.values()
    ]


def _equal_tags(tif: Any) -> list[NDArray[np.intp]]:
    """Return the indices of pages whose tags of the layout are equal."""
    # Pages that are kept are looked at one by one in less time than columns take to make.
    if len(tif.pages) <= FEW_PAGES:
        return [np.array([index], np.intp) for index in range(len(tif.pages))]
    table = tif.pages.chain.table()
    if table.is_alike(_CODES):
        return [np.arange(len(table), dtype=np.intp)]
    rows = np.stack([table.identities(code) for code in _CODES], axis=1)
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    order = np.argsort(inverse, kind='stable')
    bounds = np.cumsum(np.bincount(inverse))[:-1]
    split = np.split(order, bounds)
    return [split[number] for number in np.argsort(first)]
