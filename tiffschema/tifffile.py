"""The public names of the library, for code that imports them from ``tifffile.tifffile``.

Example:
    >>> from tiffschema.tifffile import TiffFile, imread
"""

from __future__ import annotations

from typing import Any

import tiffschema

__all__ = list(tiffschema.__all__)


def __getattr__(name: str) -> Any:
    if name.startswith('__'):
        raise AttributeError(name)
    return getattr(tiffschema, name)
