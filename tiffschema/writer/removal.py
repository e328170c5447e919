"""Taking pages out of the chain of an open file.

Knows directories and links. A page is gone with one pointer; its bytes are zeroed only on request,
and only those that no remaining page uses.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tiffschema.model.directory import Directory, DirectoryCodec

from .edit import EditTarget, SourceTarget

__all__ = ['delete_page', 'delete_pages', 'unlink']

PAIRS = ((273, 279), (324, 325))


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
    # From the end: each pointer leaves a chain that is whole.
    for where, offset in reversed(changes):
        target.write_at(where, codec.build_link(offset))
    if erase:
        _erase(target, directories, chosen)


def _erase(target: EditTarget, directories: Sequence[Directory], chosen: set[int]) -> None:
    target.sync()
    kept = [
        extent
        for index, directory in enumerate(directories)
        if index not in chosen
        for extent in _extents(target, directory)
    ]
    starts = np.array(sorted(start for start, _ in kept), np.int64)
    stops = np.array(sorted(stop for _, stop in kept), np.int64)
    for index in chosen:
        for start, stop in _extents(target, directories[index]):
            # As many begin before its end as end before its beginning: none lies between.
            if np.searchsorted(starts, stop) == np.searchsorted(stops, start, 'right'):
                target.write_at(start, bytes(stop - start))


def _extents(target: EditTarget, directory: Directory) -> list[tuple[int, int]]:
    """Return where a directory, its values and its segments lie."""
    extents = [(directory.offset, directory.offset + directory.nbytes)]
    for position in range(len(directory)):
        if not directory.is_inline(position):
            at = directory.value_at(position)
            extents.append((at, at + directory.value_nbytes(position)))
    for offsets_code, counts_code in PAIRS:
        offsets = _numbers(target, directory, offsets_code)
        counts = _numbers(target, directory, counts_code)
        extents += [(o, o + n) for o, n in zip(offsets, counts, strict=False) if o and n]
    return [(a, b) for a, b in extents if 8 <= a < b <= target.size]


def _numbers(target: EditTarget, directory: Directory, code: int) -> list[int]:
    position = directory.index.get(code)
    if position is None:
        return []
    at, size = directory.value_at(position), directory.value_nbytes(position)
    value = directory.codec.decode_value(
        directory.types[position], directory.counts[position], target.read_at(at, size)
    )
    return [int(number) for number in np.atleast_1d(np.asarray(value))]
