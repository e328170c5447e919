"""`TIFF`: one object with the tables of the library, under the names that users of `tifffile` know.

Knows where each table comes from: schemas, registries, settings; holds none itself. Names which are
added to ``TIFF.TAGS`` are names of tags everywhere.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from typing import Any, Final

from .codecs import builtin  # noqa: F401 - fills the registry
from .codecs.predictors import DISTANCE
from .codecs.registry import Codec, codecs
from .model import catalog, enums
from .model.axes import AXES_CODES, AXES_NAMES
from .model.fieldtypes import FIELD_TYPES
from .model.filenames import EXTENSIONS, PATTERNS
from .model.geometry import IMAGE_COMPRESSIONS, sample_dtype
from .model.kinds import detectors, series_kinds
from .model.tagtable import TagTable, tag_tables
from .model.tiffformat import TiffFormat
from .runtime.tagregistry import TiffTagRegistry
from .threads import default_workers, set_default_workers
from .writer.tags import LETTERS, is_owned

__all__ = ['TIFF', '_TIFF']

_FILE_ONLY: Final = frozenset({'dicom', 'mmstack', 'ndtiff'})
_OF_PAGES: Final = frozenset({'frame', 'subifd', 'virtual'})
_COMPLEX: Final = 6
_GEOKEYS: Final = 'geokeys'


class _Names(TiffTagRegistry):
    """Names of the tags of a name space; those that are added are known to readers and writers."""

    __slots__ = ('_space', '_table')

    def __init__(self, space: str, table: TagTable) -> None:
        self._space = ''
        self._table = table
        super().__init__(_pairs(table))
        self._space = space

    def add(self, code: int, name: str, /) -> None:
        """Add a pair of code and name, here and in the tables of the library.

        Raises:
            ValueError: The code is not between 0 and 65535.
        """
        super().add(code, name)
        if self._space and name not in self._table.names(int(code)):
            _declare(self._space, int(code), name)

    def __delitem__(self, key: int | str, /) -> None:
        """Remove a code or name; what users added is not known to readers and writers any more."""
        codes = [key] if isinstance(key, int) else self.getall(key, ())
        super().__delitem__(key)
        for code in codes:
            _forget(self._space, int(code))


def _pairs(table: TagTable) -> Iterator[tuple[int, str]]:
    # Codes of EXIF and of some vendors occur in the directories of TIFF, too.
    codes = list(table) if table.name == 'tiff' else table.own_codes()
    for code in map(int, codes):
        for name in table.names(code):
            yield code, name


def _declare(space: str, code: int, name: str) -> None:
    """Declare a tag without anything but a name, as a schema of the user."""
    if not 0 <= code < 1 << 16:
        raise ValueError(f'code {code} is not between 0 and 65535')
    row = {
        'name': name,
        'count': 'any',
        'space': space,
        'doc': 'named by the user',
        'source': 'user',
    }
    _register(space, {**_named(space), code: row})


def _forget(space: str, code: int) -> None:
    """Take back what `_declare` did for a code, if it did anything."""
    known = dict(_named(space))
    if known.pop(code, None) is not None:
        _register(space, known)


def _named(space: str) -> Mapping[int, Any]:
    """Return the rows that the user declared by name alone."""
    id = _schema_of_names(space)
    rows: Mapping[Any, Any] = catalog.declared('tags', id) if catalog.is_registered(id) else {}
    return rows


def _register(space: str, rows: Mapping[int, Any]) -> None:
    id = _schema_of_names(space)
    catalog.register(id, {'schema': id, 'tags': rows})


def _schema_of_names(space: str) -> str:
    return f'user/names_{space}'


class _Codecs(Mapping[int, Codec]):
    """Codecs that can be used here in one direction, by compression."""

    def __init__(self, usable: Callable[[Codec], bool], what: str) -> None:
        self._usable = usable
        self._what = what

    def __getitem__(self, compression: int) -> Codec:
        codec = codecs.get(int(compression))
        if codec is None or not self._usable(codec):
            raise KeyError(f'compression {compression!r} cannot be {self._what}')
        return codec

    def __iter__(self) -> Iterator[int]:
        return (code for code, codec in codecs.items() if self._usable(codec))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _TIFF:
    """Tables of the library, made when they are asked for.

    Example:
        >>> TIFF.TAGS['ImageWidth'], TIFF.DATA_FORMATS[3], TIFF.CLASSIC_LE.tagsize
        (256, '1H', 12)
    """

    BUFFERSIZE: int = 1 << 28
    """Bytes that are read or encoded ahead."""

    # Sizes of this machine

    @property
    def MAXWORKERS(self) -> int:
        """Threads that decode and encode, where the caller does not say."""
        return default_workers()

    @MAXWORKERS.setter
    def MAXWORKERS(self, number: int) -> None:
        set_default_workers(number)

    @property
    def MAXIOWORKERS(self) -> int:
        """Threads that read files, where the caller does not say."""
        from .sequence import default_ioworkers

        return default_ioworkers()

    @MAXIOWORKERS.setter
    def MAXIOWORKERS(self, number: int) -> None:
        from .sequence import set_default_ioworkers

        set_default_ioworkers(number)

    @property
    def ALLOCATIONGRANULARITY(self) -> int:
        """Multiple of offsets at which files are mapped."""
        return mmap.ALLOCATIONGRANULARITY

    # Containers

    CLASSIC_LE: TiffFormat = TiffFormat.of('classic', '<')
    CLASSIC_BE: TiffFormat = TiffFormat.of('classic', '>')
    BIG_LE: TiffFormat = TiffFormat.of('big', '<')
    BIG_BE: TiffFormat = TiffFormat.of('big', '>')
    NDPI_LE: TiffFormat = TiffFormat.of('ndpi', '<')

    # Tags

    @cached_property
    def TAGS(self) -> TiffTagRegistry:
        """Tags of directories; names which are added are known to readers and writers."""
        return _Names('tiff', tag_tables['tiff'])

    @cached_property
    def EXIF_TAGS(self) -> TiffTagRegistry:
        """Tags of EXIF directories, in which those of other directories occur, too."""
        names = _Names('exif', tag_tables['exif'])
        for code, name in self.TAGS.items():
            TiffTagRegistry.add(names, code, name)
        return names

    @cached_property
    def GPS_TAGS(self) -> TiffTagRegistry:
        """Tags of GPS directories."""
        return _Names('gps', tag_tables['gps'])

    @cached_property
    def IOP_TAGS(self) -> TiffTagRegistry:
        """Tags of interoperability directories."""
        return _Names('iop', tag_tables['iop'])

    @cached_property
    def NDPI_TAGS(self) -> TiffTagRegistry:
        """Tags of Hamamatsu NDPI."""
        return _Names('ndpi', tag_tables['ndpi'])

    @cached_property
    def DECTRIS_TAGS(self) -> TiffTagRegistry:
        """Tags of DECTRIS detectors."""
        return _Names('dectris', tag_tables['dectris'])

    def _codes(self, holds: Callable[[Any], bool]) -> frozenset[int]:
        table = tag_tables['tiff']
        return frozenset(code for code in table.own_codes() if holds(table[code]))

    @cached_property
    def TAG_ENUM(self) -> dict[int, type[Enum]]:
        """Enumeration of the values of each code."""
        table = tag_tables['tiff']
        rows = [table[code] for code in table.own_codes()]
        return {row.code: enums.enum(row.enum) for row in rows if row.enum}

    @cached_property
    def TAG_ATTRIBUTES(self) -> dict[int, str]:
        """Attribute of pages that holds the value of each code."""
        table = tag_tables['tiff']
        rows = [table[code] for code in table.own_codes()]
        return {row.code: row.attr for row in rows if row.attr}

    @cached_property
    def TAG_TUPLE(self) -> frozenset[int]:
        """Codes whose value is a tuple even if there is one number."""
        return self._codes(lambda row: row.result == 'tuple')

    @cached_property
    def TAG_LOAD(self) -> frozenset[int]:
        """Codes whose values are read with the directory."""
        return self._codes(lambda row: bool(row.load))

    @cached_property
    def TAG_FILTERED(self) -> frozenset[int]:
        """Codes that the writer does not take from ``extratags``."""
        return frozenset(filter(is_owned, tag_tables['tiff'].own_codes()))

    # Values

    @cached_property
    def DATA_FORMATS(self) -> dict[Enum, str]:
        """Format of each field type as `struct` writes it."""
        kinds = enums.enum('DATATYPE')
        return {kinds(code): FIELD_TYPES[code].letter for code in FIELD_TYPES}

    @cached_property
    def DATA_DTYPES(self) -> dict[str, Enum]:
        """Field type of each format."""
        kinds = enums.enum('DATATYPE')
        return {letter: kinds(code) for letter, code in LETTERS.items()}

    @cached_property
    def SAMPLE_DTYPES(self) -> dict[tuple[int, int | tuple[int, ...]], str]:
        """NumPy type of samples, by sample format and bits."""
        found: dict[tuple[int, int | tuple[int, ...]], str] = {}
        for form in range(1, _COMPLEX + 1):
            for bits in range(1, 129):
                dtype = sample_dtype(form, bits)
                if dtype is not None:
                    found[form, bits] = {'l': 'q', 'L': 'Q'}.get(dtype.char, dtype.char)
        found[1, (5, 6, 5)] = 'B'
        return found

    @cached_property
    def PHOTOMETRIC_SAMPLES(self) -> dict[Enum, int]:
        """Samples that carry colour, by photometric interpretation."""
        from .writer.storedshape import PHOTOMETRIC_SAMPLES

        kinds = enums.enum('PHOTOMETRIC')
        return {one: PHOTOMETRIC_SAMPLES.get(int(one.value), 1) for one in kinds}

    @property
    def IMAGE_COMPRESSIONS(self) -> set[int]:
        """Compressions whose streams know size and type of the image."""
        return set(IMAGE_COMPRESSIONS)

    @property
    def COMPRESSORS(self) -> Mapping[int, Codec]:
        """Codecs that can encode here, by compression."""
        return _Codecs(lambda codec: codec.can_encode, 'encoded')

    @property
    def DECOMPRESSORS(self) -> Mapping[int, Codec]:
        """Codecs that can decode here, by compression."""
        return _Codecs(lambda codec: codec.can_decode, 'decoded')

    @property
    def PREDICTORS(self) -> frozenset[int]:
        """Predictors that can be written."""
        return frozenset(DISTANCE)

    @property
    def UNPREDICTORS(self) -> frozenset[int]:
        """Predictors that can be read."""
        return frozenset(DISTANCE)

    # Axes, kinds and files

    @property
    def AXES_NAMES(self) -> dict[str, str]:
        """Name of each letter of axes."""
        return dict(AXES_NAMES)

    @property
    def AXES_CODES(self) -> dict[str, str]:
        """Letter of each name of axes."""
        return dict(AXES_CODES)

    @property
    def SERIES(self) -> dict[str, str]:
        """Kinds of series in the order in which they are tried, with what assembles them."""
        owners = {
            kind: id for id, raw in catalog.section('series').items() for kind in raw
        }  # fmt: skip
        return {kind: owners.get(kind, 'tiffschema.runtime.assemble') for kind in series_kinds()}

    @property
    def PAGE_FLAGS(self) -> set[str]:
        """Names of the ``is_…`` flags of pages."""
        return (set(detectors) | _OF_PAGES) - _FILE_ONLY

    @property
    def FILE_FLAGS(self) -> set[str]:
        """Names of the ``is_…`` flags of files."""
        return set(detectors) | _OF_PAGES | {'uniform'}

    @property
    def FILE_EXTENSIONS(self) -> tuple[str, ...]:
        """Known extensions of files."""
        return EXTENSIONS

    @property
    def FILEOPEN_FILTER(self) -> list[tuple[str, str]]:
        """Kinds of files for a dialog."""
        known = [(f'{name.upper()} files', f'*.{name}') for name in EXTENSIONS]
        return [*known, ('All files', '*')]

    @property
    def FILE_PATTERNS(self) -> Mapping[str, str]:
        """Named patterns of sequences of files."""
        return PATTERNS

    # GeoTIFF

    @property
    def GEO_KEYS(self) -> type[Enum]:
        """Keys of GeoTIFF."""
        return enums.enum('GeoKey')

    @cached_property
    def GEO_CODES(self) -> dict[Enum, type[Enum]]:
        """Enumeration of the values of each key."""
        table = tag_tables[_GEOKEYS]
        rows = [table[code] for code in table.own_codes()]
        return {self.GEO_KEYS(row.code): enums.enum(row.enum) for row in rows if row.enum}

    def __dir__(self) -> Iterable[str]:
        return sorted(name for name in super().__dir__() if name[:1] != '_' or name[:2] == '__')

    def __repr__(self) -> str:
        return '<tiffschema.TIFF>'


TIFF: Final = _TIFF()
"""The tables."""
