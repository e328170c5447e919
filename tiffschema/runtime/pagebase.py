"""What `TiffPage` and `TiffFrame` share: their place in the file and in trees, and their names.

Knows no tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tiffschema.errors import FormatError, TruncatedError
from tiffschema.model.faces import face

from .pagepixels import PagePixels

if TYPE_CHECKING:
    from .file import TiffFile
    from .pages import TiffPages

__all__ = ['PageBase']


class PageBase(PagePixels):
    """One directory of a file.

    Parameters:
        parent: The file.
        index: Position in the chain, or path of positions from the main chain.
        offset: File offset of the directory, 0 if it has none.
    """

    parent: TiffFile
    offset: int
    pages: TiffPages | None
    is_mdgel = False

    def __init__(self, parent: TiffFile, index: int | tuple[int, ...], offset: int) -> None:
        self.parent = parent
        self._index = (index,) if isinstance(index, int) else tuple(index)
        self.offset = offset

    @property
    def index(self) -> int:
        """Position in the chain, or among the children of a page."""
        return self._index[-1]

    @property
    def treeindex(self) -> tuple[int, ...]:  # type: ignore[override]
        """Path of positions from the main chain."""
        return self._index

    @property
    def path(self) -> str:
        """Path of the page, for faults."""
        return self._path

    def fault(self, message: str, code: int = 0) -> None:
        """Record what is wrong with the page, or with one of its tags.

        Parameters:
            message: What was found, and what was expected.
            code: Of the tag; 0 for the page.
        """
        path = f'{self.path}.tag {code}' if code else self.path
        self.parent.faults.append(FormatError(message, path, self.offset))

    @property
    def is_cut(self) -> bool:
        """Whether the file ends within the directory, so that some of its tags are lost."""
        return self.offset in self.parent.directories.incomplete

    def check_complete(self) -> None:
        """Check that no tag is lost on which the samples may depend.

        Raises:
            TruncatedError: The file ends within the directory.
        """
        if self.is_cut:
            message = 'the file ends within the directory; errors="fault" reads what is left'
            raise TruncatedError(message, self.path, self.offset)

    @property
    def is_subifd(self) -> bool:
        """Whether the directory is a child of a page."""
        return len(self._index) > 1

    @property
    def is_virtual(self) -> bool:
        """Whether the page has no directory of its own in the file."""
        return self.offset <= 0

    @property
    def is_frame(self) -> bool:
        """Whether the page borrows from its key frame."""
        return False

    @property
    def name(self) -> str:
        """Short name of the page with its index."""
        index = self.index if len(self._index) == 1 else self._index
        return f'{type(self).__name__} {index}'

    @property
    def hash(self) -> int:
        """Hash of what must be equal for pages to share a key frame."""
        return hash((self._geometry.key(), self.parent.tiff))

    @property
    def coords(self) -> dict[str, Any]:
        """Coordinates along axes of which tags say something: positions, names of samples."""
        from .coordinates import page_coordinates

        known = page_coordinates(self.keyframe)
        limits = self.parent.limits
        found = {axis: known.array(axis, size, limits) for axis, size in self.sizes.items()}
        return {axis: array for axis, array in found.items() if array is not None}

    def delete(self, *, erase: bool = False) -> None:
        """Take the directory out of its chain, in the file.

        Parameters:
            erase: Whether to overwrite the page's directory and data with zeros.
        """
        face('writer.delete')(self, erase=erase)

    def __repr__(self) -> str:
        index = self.index if len(self._index) == 1 else self._index
        return f'<tiffschema.{type(self).__name__} {index} @{self.offset}>'

    def __str__(self) -> str:
        shape = 'x'.join(str(size) for size in self.shape)
        dtype = self.dtype
        words = [self.name, f'@{self.offset}', shape, 'unknown' if dtype is None else str(dtype)]
        words += self._words()
        return '  '.join(word for word in words if word)

    def _words(self) -> list[str]:
        return []
