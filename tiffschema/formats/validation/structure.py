"""What no expression tells of a file as a whole: its directories, overlaps, gaps and faults.

Knows the byte map; each function yields breaches of the rule that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tiffschema.errors import TiffFileError
from tiffschema.runtime.bytemap import child_tags

from .directoryfacts import DirectoryFacts
from .pagefacts import PageFacts

if TYPE_CHECKING:
    from .filefacts import FileFacts

__all__ = [
    'Breach', 'blocks', 'directories', 'directory_overlaps', 'faults', 'gaps', 'large_reductions',
    'segment_collisions', 'segment_overlaps', 'series_faults', 'value_overlaps',
]  # fmt: skip

_SERIES: Final = 'series'
_UNCLAIMED: Final = ('gap', 'trailing')


class Breach(NamedTuple):
    """What a function says of a broken rule; what it leaves open is that of the subject.

    Parameters:
        message: What is wrong.
        path: Where.
        offset: Where in the file, -1 if nowhere in particular.
    """

    message: str = ''
    path: str = ''
    offset: int | None = None


def directories(tif: Any) -> Iterator[DirectoryFacts]:
    """Yield the facts of all directories: pages, their SubIFDs, and what other tags lead to.

    Directories that cannot be read are faults of the file.

    Parameters:
        tif: The file.
    """
    yield from _pages(tif, tif.pages, 'main', set())


def _pages(tif: Any, pages: Any, kind: str, met: set[int]) -> Iterator[DirectoryFacts]:
    for index in range(len(pages)):
        page = pages.get(index, aspage=True)
        if page.offset in met:
            continue
        met.add(page.offset)
        facts = PageFacts(page, kind)
        yield facts
        yield from _children(page.tags, page.path, met)
        if page.subifds is None:
            continue
        try:
            children = page.pages
        except TiffFileError as error:
            tif.faults.append(error)
            continue
        yield from _pages(tif, children, 'sub', met)


def _children(tags: Any, path: str, met: set[int]) -> Iterator[DirectoryFacts]:
    for tag in tags:
        for number, child in enumerate(child_tags(tag, tags)):
            assert child.directory is not None
            if child.directory.offset in met:
                continue
            met.add(child.directory.offset)
            where = f'{path}.tag {tag.code} {tag.name}' + (f'[{number}]' if number else '')
            yield DirectoryFacts(where, child, child.space)
            yield from _children(child, where, met)


def faults(file: FileFacts) -> Iterator[Breach]:
    """Yield what was wrong with the structure when the file was read."""
    for fault in file.tif.faults:
        if not fault.path.startswith(_SERIES):
            yield Breach(fault.message, fault.path, fault.offset)


def series_faults(file: FileFacts) -> Iterator[Breach]:
    """Yield what was wrong when pages were put together to series."""
    for fault in file.tif.faults:
        if fault.path.startswith(_SERIES):
            yield Breach(fault.message, fault.path, fault.offset)


def gaps(file: FileFacts) -> Iterator[Breach]:
    """Yield bytes that nothing leads to."""
    for span in file.map.unexplained:
        if span.kind in _UNCLAIMED:
            yield Breach(f'{span.kind} of {span.nbytes} bytes', span.path, span.start)


def blocks(file: FileFacts) -> Iterator[Breach]:
    """Yield blocks that a format declares and no tag points to."""
    for span in file.map.spans:
        if span.depth == 0 and span.kind == 'block' and not span.path.startswith('pages['):
            yield Breach(f'{span.nbytes} bytes of {span.path}', span.path, span.start)


def directory_overlaps(file: FileFacts) -> Iterator[Breach]:
    """Yield bytes that a directory shares with something else."""
    return _overlaps(file, 'directory')


def value_overlaps(file: FileFacts) -> Iterator[Breach]:
    """Yield bytes that the value of a tag shares with another."""
    return _overlaps(file, 'value')


def segment_overlaps(file: FileFacts) -> Iterator[Breach]:
    """Yield bytes that segments share with each other, or with what is no directory."""
    return _overlaps(file, 'segment')


def segment_collisions(file: FileFacts) -> Iterator[Breach]:
    """Yield bytes that segments share with directories or the values of tags."""
    for _, start, nbytes, path, claimed in file.overlaps:
        if 'segment' in claimed and claimed & {'directory', 'value'}:
            yield Breach(f'{nbytes} bytes are claimed twice', path, start)


def _overlaps(file: FileFacts, kind: str) -> Iterator[Breach]:
    for found, start, nbytes, path, _ in file.overlaps:
        if found == kind:
            yield Breach(f'{nbytes} bytes are claimed twice', path, start)


def large_reductions(file: FileFacts) -> Iterator[Breach]:
    """Yield pages that are said to be smaller versions of the page before, and are larger."""
    full: Any = None
    for directory in directories(file.tif):
        page = getattr(directory, 'page', None)
        if page is None or directory.kind != 'main':
            continue
        size = page.imagewidth, page.imagelength
        if not page.is_reduced:
            full = size
        elif full is not None and (size[0] > full[0] or size[1] > full[1]):
            text = f'{size[1]} x {size[0]} pixels are no reduction of {full[1]} x {full[0]}'
            yield Breach(text, page.path, page.offset)
