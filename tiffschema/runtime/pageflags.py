"""What a page or file is: facts for the declared rules, and the answers to ``is_…``.

Knows declared detectors and metadata rules; decides nothing itself.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tiffschema.errors import FormatError, TiffFileError
from tiffschema.model import catalog
from tiffschema.model.kinds import detectors
from tiffschema.model.metadata import MetadataRule, metadata_rule

if TYPE_CHECKING:
    from .page import TiffPage

__all__ = ['PageFacts', 'is_kind', 'metadata_of', 'page_flags']

_DESCRIPTION = 270


class PageFacts:
    """Facts of one page, as `tiffschema.model.detect.Facts` asks for them."""

    __slots__ = ('_page',)

    def __init__(self, page: TiffPage) -> None:
        self._page = page

    @property
    def codes(self) -> Collection[int]:
        return self._page.directory.index.keys()

    def tag(self, code: int, /) -> object:
        return self._page.tags.valueof(code)

    def texts(self, code: int, /) -> Sequence[str]:
        tags = self._page.tags
        found = []
        for index in range(len(tags.getall(code, ()))):
            value = tags.valueof(code, index=index)
            if isinstance(value, bytes):
                value = value.decode('latin-1')
            if isinstance(value, str):
                found.append(value)
        return found

    def tag_type(self, code: int, /) -> int | None:
        tag = self._page.tags.get(code)
        return None if tag is None else int(tag.dtype)

    def view(self, offset: int, size: int, /) -> memoryview:
        return self._page.parent.directories.source.view(offset, size)

    def n_pages(self) -> int:
        return len(self._page.parent.pages)

    def page(self, index: int, /) -> PageFacts | None:
        pages = self._page.parent.pages
        try:
            return PageFacts(pages.get(index))
        except IndexError:
            return None

    def sibling(self, name: str, /) -> bool:
        source = self._page.parent.directories.source
        if not source.is_file or not source.path:
            return False
        return os.path.exists(os.path.join(os.path.dirname(source.path), name))

    @property
    def suffix(self) -> str:
        return os.path.splitext(self._page.parent.filename)[1].lower()

    @property
    def byteorder(self) -> str:
        return str(self._page.parent.byteorder)

    @property
    def is_tiled(self) -> bool:
        return bool(self._page.geometry.is_tiled)

    @property
    def is_first(self) -> bool:
        return self._page.treeindex == (0,)

    @property
    def is_bigtiff(self) -> bool:
        return bool(self._page.parent.is_bigtiff)


def is_kind(page: TiffPage, name: str, *, file: bool = False) -> bool:
    """Return whether a page, or the file of which it is the first, is of a kind.

    Raises:
        KeyError: No schema declares the kind.
    """
    detector = detectors[name]
    facts = PageFacts(page)
    try:
        return detector.matches_file(facts) if file else detector(facts)
    except TiffFileError as error:
        if not isinstance(error, FormatError):
            raise
        page.parent.directories.faults.append(error)
        return False


def page_flags(page: TiffPage, *, file: bool = False) -> set[str]:
    """Return the names of the kinds that hold."""
    return {name for name in detectors if is_kind(page, name, file=file)}


@cache
def _rule(name: str) -> MetadataRule | None:
    return metadata_rule(name)


catalog.watch(lambda id: _rule.cache_clear())


def metadata_of(page: TiffPage, name: str) -> Any:
    """Return the declared metadata of a kind, None if the schemas have none or it cannot be read.

    Raises:
        KeyError: No schema declares the kind.
    """
    rule = _rule(name)
    if rule is None:
        if name in detectors:
            return None
        raise KeyError(name)
    faults = page.parent.directories.faults
    try:
        return rule(PageFacts(page), page.parent, faults)
    except FormatError as error:
        faults.append(error)
        return None
