"""Sets of Image-Pro: files of one plane each, and the list (IPS) that says where each belongs."""

from __future__ import annotations

import ntpath
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from tiffschema.errors import FormatError, LimitError
from tiffschema.formats.mediacy import FileList, parse_ips
from tiffschema.limits import DEFAULT_LIMITS, Limits
from tiffschema.sequence import TiffSequence

__all__ = ['FileList', 'ips_sequence', 'parse_ips']

_DIMS = ('time', 'position', 'channel', 'z')


def ips_sequence(
    file: str | os.PathLike[Any], *, limits: Limits = DEFAULT_LIMITS, **kwargs: Any
) -> TiffSequence:
    """Return the files of a list of Image-Pro as one stack: times, positions, channels, slices.

    Files are looked for in the folder of the list, whatever folders it names; reading one that is
    not there raises FileNotFoundError.

    Parameters:
        file: The IPS file.
        limits: Bounds of what is read of it.
        **kwargs: For `TiffSequence`, such as ``imread``.

    Raises:
        FormatError: The list ends too soon, its counts are not those of its names, or a name is
            none of a file.
        LimitError: It is larger than the limits allow.

    Source:
        Bio-Formats: ``SEQReader``.

    Example:
        >>> import tempfile
        >>> from tiffschema.testing import forge
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with ips_sequence(forge('ips', channels=2, slices=3).write(folder)) as sequence:
        ...         sequence.axes, sequence.shape, sequence.asarray().shape
        ('TRCZ', (1, 1, 2, 3), (1, 1, 2, 3, 5, 6))
    """
    path = Path(file)
    listed = parse_ips(_read(path, limits), limits=limits)
    # Lists come from other machines: only the names are of use.
    names = [ntpath.basename(str(name)) for name in listed.files.ravel()]
    if not all(name and name not in ('.', '..') and '\0' not in name for name in names):
        raise FormatError('a name is none of a file', 'ips.files')

    def parse(files: Sequence[str], /, **_: Any) -> Any:
        return _DIMS, listed.files.shape, list(numpy.ndindex(listed.files.shape)), files

    return TiffSequence([path.parent / name for name in names], parse=parse, **kwargs)


def _read(path: Path, limits: Limits) -> bytes:
    with path.open('rb') as stream:
        data = stream.read(limits.text + 1)
    if len(data) > limits.text:
        raise LimitError(f'more than {limits.text} bytes', 'ips')
    return data
