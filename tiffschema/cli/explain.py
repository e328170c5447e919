"""``tiffschema explain``: which declared rules made a file what it is."""

from __future__ import annotations

import argparse

from tiffschema.runtime.file import TiffFile

from .program import each_file
from .tables import show_text

__all__ = ['run']


def run(arguments: argparse.Namespace) -> int:
    """Explain each file."""

    def one(path: str) -> bool:
        with TiffFile(path) as tif:
            show_text(path if len(arguments.file) > 1 else str(tif))
            show_text(tif.explain())
        return True

    return each_file(arguments.file, one)
