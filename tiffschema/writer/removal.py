"""Taking pages out of the chain of an open file.

Knows directories and links. A page is gone with one pointer; its bytes are zeroed only on request,
and only those that no remaining page uses.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from tiffschema.model.directory import Directory, DirectoryCodec

from .change import EditTarget, SourceTarget
from .claims import claims_of, extents, segments

__all__ = ['delete_page', 'delete_pages', 'unlink']


def delete_pages(pages: Any, key: int | slice | Iterable[int], *, erase: bool = False) -> None:
    """Take pages out of the main chain of an open file; what `TiffPages.delete` does.

    Parameters:
        pages: The pages of the file, which is open for writing.
        key: Index, slice or indices.
        erase: Zero directories and data that no other page uses.

    Raises:
        IndexError: There is no such page.
        ValueError: No page would remain, or these are not the pages of the main chain.
    """
    parent = pages.parent
    chain = pages.chain
    if getattr(parent, 'pages', None) is not pages:
        raise ValueError('key: only pages of the main chain can be deleted')
    offsets = [int(offset) for offset in chain.offsets[: len(chain)]]
    count = len(offsets)
    if isinstance(key, slice):
        chosen = set(range(count)[key])
    elif isinstance(key, Iterable):
        chosen = {range(count)[operator.index(item)] for item in key}
    else:
        chosen = {range(count)[operator.index(key)]}
    directories = [parent.directories.read(offset) for offset in offsets]
    unlink(SourceTarget(parent.directories.source), directories, chosen, erase=erase)


def delete_page(page: Any, *, erase: bool = False) -> None:
    """Take one page out of the main chain of an open file; what `TiffPage.delete` does.

    Raises:
        ValueError: The page is not of the main chain.
    """
    pages = page.parent.pages
    for index, offset in enumerate(pages.chain.offsets[: len(pages)]):
        if int(offset) == page.offset:
            pages.delete(index, erase=erase)
            return
    raise ValueError('page: only pages of the main chain can be deleted')


def unlink(
    target: EditTarget, directories: Sequence[Directory], chosen: set[int], *, erase: bool = False
) -> None:
    """Let the chain pass by some directories.

    Parameters:
        target: The file.
        directories: All directories of the chain, in order.
        chosen: Which to leave out.
        erase: Zero them and their data where no other directory uses these.

    Raises:
        ValueError: None would remain.
        FormatError: The file is damaged so that the change would damage more.
    """
    if not chosen:
        return
    if len(chosen) == len(directories):
        raise ValueError('key: a TIFF has at least one page')
    codec: DirectoryCodec = directories[0].codec
    position = codec.first_at
    changes = []
    for index, directory in enumerate(directories):
        if index in chosen:
            continue
        if index and index - 1 in chosen:
            changes.append((position, directory.offset))
        position = directory.next_at
    if len(directories) - 1 in chosen:
        changes.append((position, directories[-1].next_offset))
    claims = claims_of(target, codec)
    for where, _ in changes:
        claims.check_alone(where, codec.next_nbytes)
    # From the end: each pointer leaves a chain that is whole.
    for where, offset in reversed(changes):
        target.write_at(where, codec.build_link(offset))
    if erase:
        _erase(target, directories, chosen)


def _erase(target: EditTarget, directories: Sequence[Directory], chosen: set[int]) -> None:
    target.sync()
    claims = claims_of(target, directories[0].codec)  # of what can still be reached
    for index in chosen:
        directory = directories[index]
        ranges = extents(directory) + segments(target, directory).tolist()
        for start, stop, _ in ranges:
            stop = min(stop, target.size)
            if start < stop and not claims.others(start, stop):
                target.write_at(start, bytes(stop - start))
