"""Entry module of the command ``lsm2bin``."""

from __future__ import annotations

import sys

from .cli.lsm2bin import main

__all__ = ['main']

if __name__ == '__main__':
    sys.exit(main())
