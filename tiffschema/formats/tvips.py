"""TVIPS EM-MENU: state of microscope and camera, in two versions.

Knows the structure declared in ``schemas/vendor/tvips.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiffschema.model.tagcodes import TagCode

__all__ = ['metadata']


def metadata(tif: Any) -> dict[str, Any] | None:
    """Return the fields of both versions by name; where both have one, that of version 2."""
    block = tif.pages.first.tags.valueof(TagCode.TVIPS)
    if not isinstance(block, Mapping):
        return None
    found = dict(block)
    second = found.pop('second')
    if second is not None:
        found.update(second)
        statistics = second['ImageStatistics']
        found['ImageStatistics'] = statistics[:, 0] + 1j * statistics[:, 1]
    return found
