"""`validate_jhove`: what the JHOVE validator, an external program, says of a file.

Knows how JHOVE is called and what it prints; nothing of TIFF.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

__all__ = ['validate_jhove']

_IGNORED = ('More than 50 IFDs', 'Predictor value out of range')
_MESSAGE = 'ErrorMessage:'


def validate_jhove(
    filename: str | os.PathLike[str],
    /,
    jhove: str | os.PathLike[str] | None = None,
    ignore: Iterable[str] | None = None,
) -> None:
    """Validate a file by JHOVE and its module ``TIFF-hul``.

    Parameters:
        filename: Path of the file.
        jhove: Path of the program, by default ``jhove`` of the system.
        ignore: Beginnings of messages that do not matter; by default such as are known to be
            wrong.

    Raises:
        ValueError: JHOVE finds a fault; it is the message.
        OSError: The program cannot be run.

    Example:
        >>> validate_jhove('temp.tif')  # doctest: +SKIP
    """
    command = [os.fspath(jhove or 'jhove'), os.fspath(Path(filename)), '-m', 'TIFF-hul']
    done = subprocess.run(command, capture_output=True, text=True, errors='replace', check=False)
    if done.returncode and not done.stdout:
        raise OSError(f'{command[0]}: {done.stderr.strip() or done.returncode}')
    ignored = tuple(_IGNORED if ignore is None else ignore)
    for line in done.stdout.splitlines():
        said = line.strip()
        if said.startswith(_MESSAGE):
            message = said.removeprefix(_MESSAGE).strip()
            if not message.startswith(ignored):
                raise ValueError(message)
