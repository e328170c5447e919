"""Entry module of the command ``tiff2fsspec``."""

from __future__ import annotations

import sys

from .cli.references import main

__all__ = ['main']

if __name__ == '__main__':
    sys.exit(main())
