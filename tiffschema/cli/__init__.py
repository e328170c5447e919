"""Commands: ``tiffschema info FILE`` and the like; ``tiffschema FILE`` reports and previews.

Rule 1: a command prints what the library knows; it reads no structure itself.
Rule 2: a module is imported when its command is asked for. What is wrong with a file is said in one
line to standard error, and ends in the exit status 1.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ['main']


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters:
        argv: Name of the program and its arguments; default `sys.argv`.

    Returns:
        0, or 1 if a file could not be handled or did not pass; 2 for wrong arguments.
    """
    from .arguments import run

    return run(list(sys.argv if argv is None else argv)[1:])
