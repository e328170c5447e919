"""``tiffcomment``: reads or replaces the text of a tag, ImageDescription by default.

Knows tags and their editor; changes files in place.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.file import TiffFile

from .program import CommandError, each_file, ended

__all__ = ['main', 'tiffcomment']


def tiffcomment(
    arg: Any,
    /,
    comment: str | bytes | None = None,
    pageindex: int | None = None,
    tagcode: int | str | None = None,
) -> Any:
    """Return the value of a tag, by default the description of the first page, or replace it.

    Parameters:
        arg: Path, or a file object; to replace a value it must be open for reading and writing.
        comment: New value: text in ASCII, or encoded bytes. None returns the value.
        pageindex: Page, default the first.
        tagcode: Code or name of the tag, default ImageDescription.

    Raises:
        ValueError: The page has no such tag, or the text is not ASCII.
        IndexError: There is no such page.
        TiffFileError: The file is no TIFF.

    Example:
        >>> import numpy, tiffschema
        >>> image = numpy.zeros((4, 5), 'u1')
        >>> tiffschema.imwrite('temp.tif', image, description='a', metadata=None)
        >>> tiffcomment('temp.tif', 'a longer description')
        >>> tiffcomment('temp.tif')
        'a longer description'
    """
    mode = None if comment is None else 'r+'
    with TiffFile(arg, mode=mode) as tif:
        page = tif.pages.get(pageindex or 0, aspage=True)
        key = TagCode.ImageDescription if tagcode is None else tagcode
        tag = page.tags.get(key)
        if tag is None:
            name = 'ImageDescription' if tagcode is None else tagcode
            raise ValueError(f'no {name!r} tag found')
        if comment is None:
            return tag.value
        if isinstance(comment, str):
            comment = _ascii(comment)
        tag.overwrite(comment)
    return None


def _ascii(text: str) -> str:
    try:
        text.encode('ascii')
    except UnicodeEncodeError:
        raise ValueError(
            'the comment is not ASCII; encode it, or use --set-file with encoded text'
        ) from None
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='tiffcomment', description='Print or replace the comment in TIFF files.'
    )
    given = parser.add_mutually_exclusive_group()
    given.add_argument('--set', metavar='TEXT', help='new comment, ASCII')
    given.add_argument('--set-file', metavar='FILE', help='new comment from a file, as it is')
    parser.add_argument('--page', type=int, default=0, metavar='N', help='page, default 0')
    parser.add_argument('--tag', metavar='CODE', help='code or name, default ImageDescription')
    parser.add_argument('file', nargs='+', help='files to read or change')
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``tiffcomment`` and return its exit status.

    Parameters:
        argv: Name of the program and its arguments; default `sys.argv`.
    """
    parser = _parser()
    arguments = parser.parse_args(list(sys.argv if argv is None else argv)[1:])
    comment: str | bytes | None = arguments.set
    try:
        if isinstance(comment, str):
            _ascii(comment)
        elif arguments.set_file is not None:
            comment = Path(arguments.set_file).read_bytes()
    except (OSError, ValueError) as error:
        parser.error(str(error))
    tag = arguments.tag
    if tag is not None and tag.isdecimal():
        tag = int(tag)
    written = 0

    def one(path: str) -> bool:
        nonlocal written
        try:
            found = tiffcomment(path, comment, arguments.page, tag)
        except (ValueError, IndexError) as error:
            raise CommandError(str(error)) from None
        if comment is None:
            several = len(arguments.file) > 1
            print(('\n' if written else '') + f'# {path}' if several else '', end='\n' * several)
            print(found, flush=True)
            written += 1
        return True

    return ended('tiffcomment', lambda: each_file(arguments.file, one))
