"""``tiffschema references``: where the chunks of an image lie, as Zarr reads them from a URL.

Knows arguments; references are written by `tiff2fsspec`. It is also the command ``tiff2fsspec``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tiffschema.errors import TiffSchemaError
from tiffschema.integrations.references import tiff2fsspec

from .arguments import reference_arguments
from .program import UsageError, command_error, ended

__all__ = ['main', 'run']


def run(arguments: argparse.Namespace) -> int:
    """Write references and say where.

    Raises:
        CommandError: References cannot express the image, or an argument has no possible value.
        UsageError: Attributes are no JSON object.
    """
    path = Path(arguments.file)
    out = Path(arguments.out or f'{path}.json')
    chunkmode = arguments.chunkmode
    if chunkmode is not None and chunkmode.isdecimal():
        chunkmode = int(chunkmode)
    try:
        tiff2fsspec(
            path,
            path.resolve().parent.as_uri() if arguments.url is None else arguments.url,
            out=out,
            key=arguments.key,
            series=arguments.series,
            level=arguments.level,
            chunkmode=chunkmode,
            fillvalue=arguments.fillvalue,
            zattrs=_attributes(arguments.zattrs),
            squeeze=arguments.squeeze,
            groupname=arguments.groupname,
            version=arguments.ref_version,
            zarr_format=arguments.zarr_format,
        )
    except (OSError, TiffSchemaError, ValueError, IndexError) as error:
        raise command_error(arguments.file, error) from error
    document = json.loads(out.read_text(encoding='utf-8'))
    refs = document.get('refs', document)
    chunks = sum(isinstance(value, list) for value in refs.values())
    print(f'{out}: references to {chunks} chunks')
    return 0


def _attributes(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    with suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict):
            return found
    raise UsageError('--zattrs is no JSON object')


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``tiff2fsspec`` and return its exit status.

    Parameters:
        argv: Name of the program and its arguments; default `sys.argv`.
    """
    parser = argparse.ArgumentParser(
        prog='tiff2fsspec', description='Write fsspec references to the chunks of a TIFF file.'
    )
    reference_arguments(parser)
    given = list(sys.argv if argv is None else argv)[1:]
    return ended('tiff2fsspec', lambda: run(parser.parse_args(given)))
