"""`TiffFrame`: a page that knows where its segments lie, and borrows the rest from a key frame.

Knows two tags: offsets and sizes of segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tiffschema.codecs.spec import SegmentSpec
from tiffschema.model.directory import Directory
from tiffschema.model.tagcodes import TagCode

from .pagebase import PageBase
from .pagelayout import stored_segments
from .pagespec import read_tables
from .signature import Signature, signature_of
from .tags import TiffTags

if TYPE_CHECKING:
    from .file import TiffFile
    from .page import TiffPage
    from .pages import TiffPages
    from .restarttiles import RestartTiles

__all__ = ['TiffFrame']

_BORROWED = frozenset(
    {
        'attrs', 'bitspersample', 'colormap', 'compression', 'extrasamples', 'fillorder',
        'geometry', 'imagedepth', 'imagelength', 'imagewidth', 'jpegheader', 'nodata',
        'photometric', 'planarconfig', 'predictor', 'resolution', 'resolutionunit',
        'rowsperstrip', 'sampleformat', 'samplesperpixel', 'subfiletype', 'subsampling',
        'tiledepth', 'tilelength', 'tilewidth', 'iccprofile', 'get_resolution', 'is_reduced',
        'is_mask', 'is_jfif', 'datetime',
    }
)  # fmt: skip


class TiffFrame(PageBase):
    """A page with a key frame.

    Parameters:
        parent: The file.
        index: Position in the chain, or path of positions.
        offset: File offset of its directory; None if it has none.
        keyframe: The page that lends its properties.
        dataoffsets: Offsets of the segments, for frames without a directory.
        databytecounts: Sizes of the segments.
        directory: The directory, if it was read.
        trail: Offsets of the directories that led here.

    Raises:
        FormatError: There is no directory.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.zeros((3, 16, 20), 'u1'), photometric='minisblack')
        >>> with tiffschema.TiffFile('temp.tif') as tif:
        ...     tif.pages.useframes = True
        ...     frame = tif.pages[1]
        ...     type(frame).__name__, frame.keyframe.index, frame.shape
        ('TiffFrame', 0, (16, 20))
    """

    def __init__(
        self,
        parent: TiffFile,
        /,
        index: int | tuple[int, ...],
        *,
        offset: int | None = None,
        keyframe: TiffPage | None = None,
        dataoffsets: Sequence[int] | None = None,
        databytecounts: Sequence[int] | None = None,
        directory: Directory | None = None,
        trail: tuple[int, ...] = (),
    ) -> None:
        if directory is not None:
            offset = directory.offset
        if offset is None and dataoffsets is None:
            offset = parent.filehandle.tell()
        super().__init__(parent, index, offset or 0)
        self._trail = trail
        self._given: tuple[Any, Any] | None = None
        if dataoffsets is not None:
            self._given = (
                tuple(dataoffsets),
                None if databytecounts is None else tuple(databytecounts),
            )
        self._directory = directory
        self._keyframe: TiffPage | None = None
        if keyframe is not None:
            self.keyframe = keyframe

    @property
    def directory(self) -> Directory:
        """The directory; read on first use."""
        if self._directory is None:
            self._directory = self.parent.directories.read(self.offset)
        return self._directory

    @cached_property
    def signature(self) -> Signature:
        """What the directory has in common with those of other pages."""
        return signature_of(self.directory, self.parent.space)

    @property
    def tiles(self) -> RestartTiles | None:
        """Tiles of an NDPI stream."""
        return None if self.keyframe.tiles is None else self.aspage().tiles

    @cached_property
    def tags(self) -> TiffTags:
        """Tags of the frame's own directory; none if it has no directory."""
        if self.is_virtual:
            return TiffTags(self.parent)
        return TiffTags(self.parent, self.directory, self.parent.space, trail=self._trail)

    @property
    def is_frame(self) -> bool:
        """Whether it is a page with a key frame: always."""
        return True

    @property
    def keyframe(self) -> TiffPage:
        """The page that lends its properties.

        Raises:
            RuntimeError: There is none.
        """
        if self._keyframe is None:
            raise RuntimeError(f'{self!r} has no key frame')
        return self._keyframe

    @keyframe.setter
    def keyframe(self, keyframe: TiffPage) -> None:
        if self._keyframe is not None and keyframe.hash != self._keyframe.hash:
            raise RuntimeError(f'{keyframe!r} differs from the key frame of {self!r}')
        if self._given is None and 'spec' in self.__dict__:
            del self.__dict__['spec']
        self._keyframe = keyframe

    def __getattr__(self, name: str) -> Any:
        if name in _BORROWED:
            return getattr(self.keyframe, name)
        if hasattr(type(self), name):
            # A property failed: its own error tells more than that it is missing.
            return object.__getattribute__(self, name)
        raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_BORROWED})

    @cached_property
    def spec(self) -> SegmentSpec:  # type: ignore[override]
        """What the segments look like: as those of the key frame, but for JPEG tables."""
        spec = self.keyframe.spec
        if spec.jpegtables is None or self.is_virtual:
            return spec
        tables = read_tables(self)  # type: ignore[arg-type]
        if tables is None or tables == spec.jpegtables:
            return spec
        return SegmentSpec(spec.geometry, tables, spec.jpegheader, spec.options)

    @property
    def jpegtables(self) -> bytes | None:
        """Tables of JPEG segments."""
        return self.spec.jpegtables

    def _stored_segments(self) -> tuple[Any, Any, int]:
        if self._given is not None:
            offsets, sizes = self._given
            return (
                np.asarray(offsets, np.int64),
                None if sizes is None else np.asarray(sizes, np.int64),
                self.parent.source.size,
            )
        return stored_segments(self)  # type: ignore[arg-type]

    @cached_property
    def subifds(self) -> tuple[int, ...] | None:
        """Offsets of child directories."""
        value = None if self.is_virtual else self.tags.valueof(TagCode.SubIFDs)
        if isinstance(value, int):
            return (value,)
        return tuple(value) if isinstance(value, tuple) and value else None

    @cached_property
    def pages(self) -> TiffPages | None:  # type: ignore[override]
        """Child pages, None if there are none."""
        return None if self.subifds is None else self.aspage().pages

    def aspage(self) -> TiffPage:
        """Return the fully known page.

        Raises:
            ValueError: The frame has no directory.
        """
        if self.is_virtual:
            raise ValueError(f'{self!r} has no directory, so there is no page of it')
        from .page import TiffPage

        return TiffPage(self.parent, self._index, directory=self.directory, trail=self._trail)

    @property
    def trail(self) -> tuple[int, ...]:
        """Offsets of the directories from the main chain to this one."""
        return (*self._trail, self.offset)
