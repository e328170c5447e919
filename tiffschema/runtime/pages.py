"""`TiffPages`: the pages of a chain or tree of directories, made when they are asked for.

Knows chains and pages. No page is made to reach another.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from tiffschema.model.faces import face

from .chain import Chain
from .frame import TiffFrame
from .page import TiffPage

if TYPE_CHECKING:
    from tiffschema.model.directory import Directory

    from .file import TiffFile

__all__ = ['FEW_PAGES', 'TiffPages']

_BLOCK = 256
FEW_PAGES = 16
"""Pages at the start of a chain that are kept unless users say otherwise: those of most files."""
_ALL = sys.maxsize


class TiffPages(Sequence['TiffPage | TiffFrame']):
    """Pages in the order of the file.

    Parameters:
        arg: The file, for its main chain; or a page, for its children.
        index: Path of positions to the page whose children these are.

    Example:
        >>> from tiffschema import TiffFile
        >>> data = bytes.fromhex('49492a0008000000 0100 0001030001000000 05000000 00000000')
        >>> tif = TiffFile(data)
        >>> len(tif.pages), tif.pages[-1].imagewidth, tif.pages.get(1, 'none')
        (1, 5, 'none')
    """

    def __init__(
        self, arg: TiffFile | TiffPage, /, *, index: int | Sequence[int] | None = None
    ) -> None:
        if isinstance(index, int):
            index = (index,)
        self._trail: tuple[int, ...] = ()
        if isinstance(arg, TiffPage):
            self.parent = arg.parent
            self._prefix = arg.treeindex if index is None else tuple(index)
            self._trail = arg.trail
            offsets = arg.subifds or ()
            # One offset may lead to more pages by their links; several are all there is.
            first = offsets[0] if len(offsets) == 1 else offsets
            self.chain = Chain(
                self.parent.directories, first, f'{arg.path}.pages', ancestors=self._trail
            )
        else:
            self.parent = arg
            self._prefix = () if index is None else tuple(index)
            self.chain = Chain(arg.directories, arg.container.first)
        self._pages: dict[int, TiffPage | TiffFrame] = {}
        self._keyframe: TiffPage | None = None
        self._kept = FEW_PAGES
        self._useframes = False

    # Settings

    @property
    def cache(self) -> bool:
        """Whether pages are kept once they were made; setting False forgets all but the first."""
        return self._kept == _ALL

    @cache.setter
    def cache(self, value: bool) -> None:
        self._kept = _ALL if value else 1
        if not value:
            self._pages = {0: self._pages[0]} if 0 in self._pages else {}

    @property
    def useframes(self) -> bool:
        """Whether to make frames, which borrow from the key frame, in place of pages."""
        return self._useframes

    @useframes.setter
    def useframes(self, value: bool) -> None:
        self._useframes = bool(value)

    @property
    def keyframe(self) -> TiffPage:
        """Page from which new frames borrow; the first one unless set."""
        return self.first if self._keyframe is None else self._keyframe

    @keyframe.setter
    def keyframe(self, page: TiffPage) -> None:
        self._keyframe = page

    def set_keyframe(self, index: int, /) -> None:
        """Choose the key frame by its index.

        Parameters:
            index: Of the page in its chain.

        Raises:
            IndexError: There is no such page.
        """
        page = self.get(index, aspage=True)
        assert isinstance(page, TiffPage)
        self._pages[self._position(index)] = self._keyframe = page

    # Pages

    @property
    def first(self) -> TiffPage:
        """First page.

        Raises:
            IndexError: There is none.
        """
        page = self._pages.get(0)
        if not isinstance(page, TiffPage):
            page = self.get(0, aspage=True)
            assert isinstance(page, TiffPage)
        return page

    @property
    def is_multipage(self) -> bool:
        """Whether there is more than one page; does not walk the chain further."""
        return self.chain.extend(2) > 1

    @property
    def next_page_offset(self) -> int:
        """File offset of the link where the next page would be appended."""
        return self.chain.next_link_at

    @cached_property
    def offsets(self) -> Any:
        """File offsets of all directories, int64 of shape ``(pages,)``."""
        return self.chain.offsets

    def _position(self, index: int) -> int:
        if index < 0:
            index += len(self)
        if index < 0 or self.chain.extend(index + 1) <= index:
            raise IndexError(f'index {index} out of range({len(self)})')
        return index

    def _make(self, position: int, *, aspage: bool) -> TiffPage | TiffFrame:
        return self._made(position, self.chain.directory(position), aspage=aspage)

    def _made(self, position: int, directory: Directory, *, aspage: bool) -> TiffPage | TiffFrame:
        index = (*self._prefix, position)
        if aspage or position == 0:
            return TiffPage(self.parent, index, directory=directory, trail=self._trail)
        return TiffFrame(
            self.parent, index, directory=directory, keyframe=self.keyframe, trail=self._trail
        )

    def get(
        self,
        key: int,
        /,
        default: Any = None,
        *,
        validate: int = 0,
        cache: bool = False,
        aspage: bool = True,
    ) -> Any:
        """Return a page by its index.

        Parameters:
            key: Index.
            default: What to return if there is no such page.
            validate: Hash that the page must have, 0 for any.
            cache: Whether to keep the page.
            aspage: Whether to make a page where a frame would do.

        Raises:
            IndexError: There is no such page, and no default is given.
            RuntimeError: The page has another hash.
        """
        try:
            position = self._position(int(key))
        except IndexError:
            if default is not None:
                return default
            raise
        page = self._pages.get(position)
        if page is None or (aspage and page.is_frame):
            if page is not None and aspage:
                page = page.aspage()
            else:
                page = self._make(position, aspage=aspage)
            if cache or position < self._kept:
                self._pages[position] = page
        if validate and page.hash != validate:
            raise RuntimeError(f'{page!r} does not fit the key frame')
        return page

    @overload
    def __getitem__(self, key: int) -> TiffPage | TiffFrame: ...
    @overload
    def __getitem__(self, key: slice | Iterable[int]) -> list[TiffPage | TiffFrame]: ...
    def __getitem__(
        self, key: int | slice | Iterable[int]
    ) -> TiffPage | TiffFrame | list[TiffPage | TiffFrame]:
        """Return one page, or a list of pages.

        Raises:
            IndexError: There is no such page.
            TypeError: `key` is no integer, slice or sequence of integers.
        """
        aspage = not self._useframes
        if isinstance(key, slice):
            return [self.get(i, aspage=aspage) for i in range(*key.indices(len(self)))]
        if isinstance(key, str):
            raise TypeError('key must be an integer, slice, or sequence of integers')
        try:
            page: TiffPage | TiffFrame = self.get(operator.index(key), aspage=aspage)  # type: ignore[arg-type]
        except TypeError:
            if not isinstance(key, Iterable):
                raise TypeError('key must be an integer, slice, or sequence of integers') from None
            return [self.get(i, aspage=aspage) for i in key]
        return page

    def __iter__(self) -> Iterator[TiffPage | TiffFrame]:
        aspage = not self._useframes
        position, size = 0, 1
        while self.chain.extend(position + 1) > position:
            known = self._pages.get(position)
            if known is not None and not (aspage and known.is_frame):
                yield known
                position += 1
                continue
            # Who takes one page after another gets directories that were read together.
            for directory in self.chain.block(position, position + size):
                page = self._pages.get(position)
                if page is None or (aspage and page.is_frame):
                    page = self._made(position, directory, aspage=aspage)
                    if position < self._kept:
                        self._pages[position] = page
                yield page
                position += 1
            size = min(size * 4, _BLOCK)

    def __len__(self) -> int:
        return len(self.chain)

    def __bool__(self) -> bool:
        return self.chain.extend(1) > 0

    # Editing

    def delete(self, key: int | slice | Iterable[int], /, *, erase: bool = False) -> None:
        """Take pages out of the chain, in the file.

        Parameters:
            key: Index, slice or indices.
            erase: Whether to overwrite directories and data of the pages with zeros.
        """
        face('writer.delete_pages')(self, key, erase=erase)
        self.refresh()

    def refresh(self) -> None:
        """Read the chain anew, after the file was changed."""
        self.parent.source.changed()
        if not self._trail:
            container = self.parent.reopen_container()
            self.chain = Chain(self.parent.directories, container.first)
        else:
            known = self.chain
            self.chain = Chain(
                self.parent.directories,
                known[0] if known.is_linked else list(known),
                known.path,
                ancestors=self._trail,
            )
        self._pages = {}
        self._keyframe = None
        self.__dict__.pop('offsets', None)

    def __repr__(self) -> str:
        first = self.chain[0] if self else 0
        return f'<tiffschema.TiffPages @{first}>'
