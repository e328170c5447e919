"""Stacks of all pages of a file, with nothing to tell their axes from.

Knows pages only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tiffschema.runtime.series import TiffPageSeries
from tiffschema.runtime.seriespages import PageSelection

__all__ = ['nih_series']


def nih_series(tif: Any) -> list[TiffPageSeries]:
    """Return all pages of an NIH Image file as one stack; they share the layout of the first."""
    page = tif.pages.first
    count = len(tif.pages)
    if count == 1:
        return [TiffPageSeries([page], parent=tif, kind='nih', source='equal pages')]
    return [
        TiffPageSeries(
            PageSelection(tif.pages, np.arange(count)),
            (count, *page.shape),
            page.dtype,
            'I' + page.axes,
            parent=tif,
            kind='nih',
            source='equal pages',
        )
    ]
