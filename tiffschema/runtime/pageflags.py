"""What a page or file is: facts for the declared rules, and the answers to ``is_…``.

Knows declared detectors and metadata rules; decides nothing itself.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tiffschema.errors import FormatError
from tiffschema.model import catalog
from tiffschema.model.kinds import detectors
from tiffschema.model.metadata import MetadataRule, metadata_rule

if TYPE_CHECKING:
    from .file import TiffFile
    from .page import TiffPage

__all__ = [
    'FileFacts', 'PageFacts', 'file_is_kind', 'has_metadata', 'is_kind',
    'metadata_of',
]  # fmt: skip


class FileFacts:
    """Facts of a file without pages, as `tiffschema.model.detect.Facts` asks for them."""

    codes: Collection[int] = ()
    is_tiled = False
    is_first = False

    def __init__(self, parent: TiffFile) -> None:
        self._parent = parent

    def tag(self, code: int, /) -> object:
        return None

    def texts(self, code: int, /) -> Sequence[str]:
        return ()

    def tag_type(self, code: int, /) -> int | None:
        return None

    def view(self, offset: int, size: int, /) -> memoryview:
        return self._parent.source.view(offset, size)

    def n_pages(self) -> int:
        return len(self._parent.pages)

    def page(self, index: int, /) -> PageFacts | None:
        try:
            return PageFacts(self._parent.pages.get(index))
        except IndexError:
            return None

    def sibling(self, name: str, /) -> bool:
        self._parent.asked_beside = True
        source = self._parent.source
        if not source.is_file or not source.path:
            return False
        return os.path.exists(os.path.join(os.path.dirname(source.path), name))

    @property
    def suffix(self) -> str:
        return os.path.splitext(self._parent.filename)[1].lower()

    @property
    def byteorder(self) -> str:
        return self._parent.byteorder

    @property
    def is_bigtiff(self) -> bool:
        return self._parent.is_bigtiff


class PageFacts(FileFacts):
    """Facts of one page."""

    def __init__(self, page: TiffPage) -> None:
        super().__init__(page.parent)
        self._page = page

    @property
    def subject(self) -> TiffPage:
        """The page."""
        return self._page

    @property
    def codes(self) -> Collection[int]:  # type: ignore[override]
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

    @property
    def is_tiled(self) -> bool:  # type: ignore[override]
        return bool(self._page.geometry.is_tiled)

    @property
    def is_first(self) -> bool:  # type: ignore[override]
        return self._page.treeindex == (0,)


def is_kind(page: TiffPage, name: str) -> bool:
    """Return whether a page is of a kind.

    Raises:
        KeyError: No schema declares the kind.
    """
    try:
        return detectors[name](PageFacts(page))
    except FormatError as error:
        page.parent.faults.append(error)
        return False


def file_is_kind(tif: TiffFile, name: str) -> bool:
    """Return whether a file is of a kind.

    Raises:
        KeyError: No schema declares the kind.
    """
    try:
        return detectors[name].matches_file(tif.facts)
    except FormatError as error:
        tif.faults.append(error)
        return False


@cache
def _rule(name: str) -> MetadataRule | None:
    return metadata_rule(name)


catalog.watch(lambda id: _rule.cache_clear())


def has_metadata(name: str) -> bool:
    """Return whether the schemas declare metadata of that name."""
    return _rule(name) is not None


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
    faults = page.parent.faults
    try:
        return rule(PageFacts(page), page.parent, faults)
    except FormatError as error:
        faults.append(error)
        return None
