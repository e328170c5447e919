"""Entry module of the command ``tiffcomment``."""

from __future__ import annotations

import sys

from .cli.comment import main

__all__ = ['main']

if __name__ == '__main__':
    sys.exit(main())
