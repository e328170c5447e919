"""Entry points of installed packages, asked for cheaply where there are none.

The machinery of the standard library takes longer to import than a small file takes to read, so it
is imported only if a distribution names a group of this library.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.metadata import EntryPoint

__all__ = ['entry_points']

_MARK = b'[tiffschema.'


def entry_points(group: str) -> Sequence[EntryPoint]:
    """Return the entry points of a group, such as ``tiffschema.schemas``."""
    if not any(map(_may_name, tuple(sys.path))):
        return ()
    from importlib import metadata

    return tuple(metadata.entry_points(group=group))


@cache
def _may_name(folder: str) -> bool:
    """Return whether a distribution in a folder of the search path may name a group of ours."""
    try:
        with os.scandir(folder or '.') as entries:
            infos = [entry.path for entry in entries if entry.name.endswith(('-info', '.egg-link'))]
    except NotADirectoryError:
        return True  # an archive: only the machinery can look into it
    except OSError:
        return False
    for info in infos:
        try:
            with open(os.path.join(info, 'entry_points.txt'), 'rb') as file:
                if _MARK in file.read():
                    return True
        except OSError:
            continue
    return False
