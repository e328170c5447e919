"""`TiffPage`: one directory with its tags and everything that follows from them.

Rule: nothing is read before it is asked for. A page of a file with many of them costs its
directory; attributes come into being on first use (`__getattr__`), then are plain attributes.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tiffschema.codecs.spec import SegmentSpec
from tiffschema.errors import LimitError
from tiffschema.model.directory import Directory
from tiffschema.model.enums import enum, enumarg, enumstr
from tiffschema.model.geometry import Geometry
from tiffschema.model.kinds import detectors
from tiffschema.model.metadata import metadata_names
from tiffschema.model.tagcodes import TagCode
from tiffschema.model.tagtext import parse_datetime
from tiffschema.values import replace

from .output import fill_value
from .pagebase import PageBase
from .pageflags import is_kind, metadata_of
from .pagelayout import one_strip, read_geometry, show_geometry, stored_segments
from .pagespec import read_nodata, read_spec, read_tables
from .signature import Signature, signature_of
from .tags import TiffTags

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tiffschema.codecs.ojpeg import OldJpeg

    from .file import TiffFile
    from .pages import TiffPages
    from .restarttiles import RestartTiles

__all__ = ['TiffPage']

_PER_METRE: Final = {1: 1.0, 2: 100 / 2.54, 3: 100.0, 4: 1000.0, 5: 1_000_000.0}
_WHOLE_BITS: Final = (8, 16, 32, 64, 128)
_SHORT: Final = 1024
_STRUCTURED: Final = ('{', '<', 'ImageJ=', 'shape=')


class TiffPage(PageBase):
    """One page: a directory of a file, fully known.

    Parameters:
        parent: The file; its handle stands at the directory unless `directory` is given.
        index: Position in the chain, or path of positions.
        keyframe: Of no account for pages.
        directory: The directory.
        trail: Offsets of the directories that led here.

    Raises:
        FormatError: There is no directory.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.imwrite('temp.tif', numpy.zeros((3, 16, 20), 'u1'), photometric='minisblack')
        >>> with tiffschema.TiffFile('temp.tif') as tif:
        ...     page = tif.pages[0]
        ...     page.shape, page.axes, str(page.dtype), len(page.tags)
        ((16, 20), 'YX', 'uint8', 14)
    """

    if TYPE_CHECKING:
        subfiletype: int
        imagewidth: int
        imagelength: int
        imagedepth: int
        tilewidth: int
        tilelength: int
        tiledepth: int
        samplesperpixel: int
        bitspersample: int | tuple[int, ...]
        sampleformat: int | tuple[int, ...]
        rowsperstrip: int
        compression: int
        planarconfig: int
        fillorder: int
        photometric: int
        predictor: int
        extrasamples: tuple[int, ...]
        subsampling: tuple[int, int] | None
        subifds: tuple[int, ...] | None
        jpegtables: bytes | None
        jpegheader: bytes | None
        description: str
        description1: str
        software: str
        nodata: float
        geometry: Geometry
        tiles: RestartTiles | None
        oldjpeg: OldJpeg | None
        spec: SegmentSpec

    def __init__(
        self,
        parent: TiffFile,
        /,
        index: int | tuple[int, ...],
        *,
        keyframe: TiffPage | None = None,
        directory: Directory | None = None,
        trail: tuple[int, ...] = (),
    ) -> None:
        if directory is None:
            directory = parent.directories.read(parent.filehandle.tell())
        super().__init__(parent, index, directory.offset)
        self.directory = directory
        self._trail = trail

    def __getattr__(self, name: str) -> Any:
        load = _LOADERS.get(name)
        if load is not None:
            value = self.__dict__[name] = load(self)
            return value
        if name.startswith('is_') and name[3:] in detectors:
            flag = self.__dict__[name] = is_kind(self, name[3:])
            return flag
        if name.endswith('_tags') and name[:-5] in detectors:
            held = getattr(self, f'is_{name[:-5]}')
            found = self.__dict__[name] = metadata_of(self, name[:-5]) if held else None
            return found
        if hasattr(type(self), name):
            # A property failed: its own error tells more than that it is missing.
            return object.__getattribute__(self, name)
        raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')

    def __dir__(self) -> list[str]:
        flags = (f'is_{kind}' for kind in detectors)
        tags = (f'{name}_tags' for name in metadata_names() if name in detectors)
        return sorted({*super().__dir__(), *_LOADERS, *flags, *tags})

    @cached_property
    def signature(self) -> Signature:
        """What the directory has in common with those of other pages."""
        return signature_of(self.directory, self.parent.space)

    @cached_property
    def tags(self) -> TiffTags:
        """Tags by code and name."""
        return TiffTags(
            self.parent, self.directory, self.parent.space, trail=self._trail,
            signature=self.signature,
        )  # fmt: skip

    @property
    def keyframe(self) -> TiffPage:
        """The page itself."""
        return self

    @keyframe.setter
    def keyframe(self, page: TiffPage) -> None:
        if page is not self and page.hash != self.hash:
            raise RuntimeError(f'{page!r} cannot be the key frame of {self!r}: they differ')

    def aspage(self) -> TiffPage:
        """Return the page itself."""
        return self

    def resized(self, imagewidth: int, imagelength: int) -> TiffPage:
        """Return the page with another size, where tags are known to count padding.

        Parameters:
            imagewidth: Columns; in the same number of tiles or strips.
            imagelength: Rows; in the same number of tiles or strips.

        Raises:
            ValueError: Segments would be left out or missing.
        """
        geometry = replace(self.geometry, imagewidth=imagewidth, imagelength=imagelength)
        if geometry.grid != self.geometry.grid:
            raise ValueError(f'{imagewidth} x {imagelength} pixels are of another grid of segments')
        page = TiffPage(self.parent, self._index, directory=self.directory, trail=self._trail)
        page.__dict__['geometry'] = geometry
        return page

    @property
    def next_offset(self) -> int:
        """Offset of the next directory, 0 at the end of the chain."""
        return int(self.directory.next_offset)

    def _stretch(self) -> int:
        geometry = self.geometry
        if geometry.is_final_layout and geometry.size and 'segmenttable' not in self.__dict__:
            strip = one_strip(self)
            if strip is not None and strip[1]:
                return max(strip[0], 0)
        return super()._stretch()

    def _stored_segments(self) -> tuple[Any, Any, int]:
        return stored_segments(self)

    @property
    def has_image(self) -> bool:
        """Whether there is anything but an empty directory."""
        geometry = self.geometry
        return bool(geometry.imagewidth or geometry.imagelength or len(self.tags))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the decoded image; a depth of 1 and a single sample are left out."""
        return self.geometry.shape if self.has_image else ()

    @property
    def axes(self) -> str:
        """Letters of the axes of `shape`."""
        return self.geometry.axes if self.has_image else ''

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Type of the samples in native byte order; None if it is unknown."""
        return self.geometry.dtype if self.has_image else None

    # Children

    @cached_property
    def pages(self) -> TiffPages | None:  # type: ignore[override]
        """Pages of tag SubIFDs, None without the tag.

        Raises:
            LimitError: Directories nest too deeply.
        """
        if self.subifds is None:
            return None
        from .pages import TiffPages

        depth = self.parent.limits.depth
        if len(self._index) > depth:
            raise LimitError(f'directories nest deeper than {depth}', self.path, self.offset)
        return TiffPages(self)

    @property
    def trail(self) -> tuple[int, ...]:
        """Offsets of the directories from the main chain to this one."""
        return (*self._trail, self.offset)

    # Kinds of pages

    @property
    def flags(self) -> set[str]:
        """Names of the ``is_…`` flags that hold."""
        return {name for name in detectors if getattr(self, f'is_{name}')}

    @property
    def is_reduced(self) -> bool:
        """Whether the page is a smaller version of another (NewSubfileType bit 0)."""
        return bool(self.subfiletype & 1)

    @property
    def is_mask(self) -> bool:
        """Whether the page is a transparency mask (NewSubfileType bit 2)."""
        return bool(self.subfiletype & 4)

    @property
    def is_jfif(self) -> bool:
        """Whether the first segment is a JFIF stream."""
        if not self.geometry.is_image_codec or not self.dataoffsets:
            return False
        offset = self.dataoffsets[0]
        return offset > 0 and bytes(self.parent.source.view(offset + 6, 4)) == b'JFIF'

    @cached_property
    def shaped_description(self) -> str | None:
        """Description that holds the shape as JSON, or in the older form ``shape=(…)``."""
        for text in (self.description, self.description1):
            if text[:1] == '{' and '"shape":' in text:
                return text
            if text.startswith('shape='):
                return text
        return None

    @cached_property
    def imagej_description(self) -> str | None:
        """Description that ImageJ wrote."""
        for text in (self.description, self.description1):
            if text.startswith('ImageJ='):
                return text
        return None

    # Values of single tags

    @cached_property
    def datetime(self) -> datetime.datetime | None:
        """Date and time of tag 306, None if absent or in no known form."""
        value = self.tags.valueof(TagCode.DateTime)
        if not isinstance(value, str) or not value:
            return None
        try:
            return parse_datetime(value)
        except ValueError as error:
            self.fault(str(error), TagCode.DateTime)
            return None

    @property
    def colormap(self) -> NDArray[np.uint16] | None:
        """Colours of palette images, shape (3, colours)."""
        value: NDArray[np.uint16] | None = self.tags.valueof(TagCode.ColorMap)
        return value

    @property
    def iccprofile(self) -> bytes | None:
        """Bytes of the ICC profile, None if absent or no bytes."""
        value = self.tags.valueof(TagCode.InterColorProfile)
        return value if isinstance(value, bytes) else None

    @property
    def transferfunction(self) -> Any:
        """Value of tag 301."""
        return self.tags.valueof(TagCode.TransferFunction)

    @cached_property
    def resolutionunit(self) -> int:
        """Unit of `resolution` as a member of `RESUNIT`; inch if absent."""
        value = self.tags.valueof(TagCode.ResolutionUnit, 2)
        try:
            unit: int = enum('RESUNIT')(value)  # type: ignore[assignment]
        except (ValueError, TypeError):
            return value if isinstance(value, int) else 2
        return unit

    @cached_property
    def resolution(self) -> tuple[float, float]:
        """Pixels per `resolutionunit` along X and Y."""
        return self.get_resolution()

    def get_resolution(
        self, unit: int | str | None = None, scale: float | None = None
    ) -> tuple[float, float]:
        """Return pixels per unit along X and Y.

        Parameters:
            unit: Unit asked for, a `RESUNIT` by number, member or name; default that of the file.
            scale: What to multiply by; with `unit` the stored units per metre, where the file's
                own unit is wrong.

        Raises:
            ValueError: The unit is unknown.
        """
        resolution = (
            self._stored_resolution(TagCode.XResolution),
            self._stored_resolution(TagCode.YResolution),
        )
        if unit is None:
            return resolution if scale is None else (resolution[0] * scale, resolution[1] * scale)
        wanted = int(enumarg(enum('RESUNIT'), unit))  # type: ignore[call-overload]
        if scale is None:
            scale = _PER_METRE.get(int(self.resolutionunit))
            if scale is None:
                self.fault(
                    f'resolution unit {self.resolutionunit} is unknown', TagCode.ResolutionUnit
                )
                return resolution
        scale /= _PER_METRE[wanted]
        return resolution[0] * scale, resolution[1] * scale

    def _stored_resolution(self, code: int) -> float:
        value = self.tags.valueof(code, (1, 1))
        if isinstance(value, tuple) and len(value) >= 2:
            numerator, denominator = value[:2]
            return numerator / denominator if denominator else float(numerator)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        return float(value) if isinstance(value, int | float) else 1.0

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the page that describe its samples, for xarray and Zarr.

        Descriptions that are no plain text (JSON, XML, ImageJ) or long are left out.
        """
        found: dict[str, Any] = {'photometric': enumstr(self.photometric).lower()}
        if self.bitspersample not in _WHOLE_BITS:
            found['bitspersample'] = self.bitspersample
        if TagCode.ResolutionUnit in self.directory.index:
            found['resolutionunit'] = enumstr(self.resolutionunit).lower()
        if (moment := self.datetime) is not None:
            found['datetime'] = moment.isoformat()
        text = self.description.strip()
        if text and len(text) < _SHORT and not text.startswith(_STRUCTURED):
            found['description'] = text
        if self.nodata and self.dtype is not None and self.dtype.names is None:
            value = fill_value(self.nodata, self.dtype).item()
            # What the type of the samples cannot hold is no sample.
            if value and np.isinf(value) == np.isinf(self.nodata):
                found['nodata'] = value
        return found

    def init_decode(self) -> None:
        """Choose the decoder now rather than at the first segment."""
        self.decode  # noqa: B018

    def _words(self) -> list[str]:
        words = [enumstr(self.photometric).lower()]
        if self.compression != 1:
            words.append(enumstr(self.compression).lower())
        if self.is_tiled:
            words.append('tiled')
        if self.is_final:
            words.append('final')
        elif self.is_contiguous:
            words.append('contiguous')
        return [*words, *sorted(self.flags)]


def _text(code: int, which: int) -> Callable[[TiffPage], str]:
    def load(page: TiffPage) -> str:
        if code not in page.directory.index:
            return ''
        value = page.tags.valueof(code, index=which)
        if isinstance(value, bytes):
            # Text that is stored as bytes, or in no known encoding.
            return value.rstrip(b'\0').decode('latin-1')
        return value if isinstance(value, str) else ''

    return load


def _subifds(page: TiffPage) -> tuple[int, ...] | None:
    value = page.tags.valueof(TagCode.SubIFDs)
    if isinstance(value, int):
        return (value,)
    if isinstance(value, tuple) and all(isinstance(one, int) for one in value):
        return value or None
    if hasattr(value, 'tolist'):
        return tuple(value.tolist())
    return None


def _subfiletype(page: TiffPage) -> int:
    value = page.tags.valueof(TagCode.NewSubfileType, 0)
    if isinstance(value, tuple):
        value = value[0] if value else 0
    return value if isinstance(value, int) else 0


def _tiles(page: TiffPage) -> RestartTiles | None:
    page.geometry  # noqa: B018 - it tells whether there are any
    found: RestartTiles | None = page.__dict__.setdefault('tiles', None)
    return found


def _oldjpeg(page: TiffPage) -> OldJpeg | None:
    page.geometry  # noqa: B018 - it tells whether there are parts to collect
    found: OldJpeg | None = page.__dict__.setdefault('oldjpeg', None)
    return found


def _jpegheader(page: TiffPage) -> bytes | None:
    return None if page.tiles is None else page.tiles.header


def _shown(name: str) -> Callable[[TiffPage], Any]:
    def load(page: TiffPage) -> Any:
        show_geometry(page)
        return page.__dict__[name]

    return load


_LOADERS: dict[str, Callable[[TiffPage], Any]] = {
    'geometry': read_geometry,
    'spec': read_spec,
    'nodata': read_nodata,
    'jpegtables': read_tables,
    'jpegheader': _jpegheader,
    'tiles': _tiles,
    'oldjpeg': _oldjpeg,
    'subifds': _subifds,
    'subfiletype': _subfiletype,
    'description': _text(TagCode.ImageDescription, 0),
    'description1': _text(TagCode.ImageDescription, 1),
    'software': _text(TagCode.Software, 0),
}
for _name in (
    'imagewidth', 'imagelength', 'imagedepth', 'tilewidth', 'tilelength', 'tiledepth',
    'samplesperpixel', 'bitspersample', 'sampleformat', 'rowsperstrip', 'compression',
    'planarconfig', 'fillorder', 'photometric', 'predictor', 'extrasamples', 'subsampling',
):  # fmt: skip
    _LOADERS[_name] = _shown(_name)
