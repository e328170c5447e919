"""Metadata in front of the directories, read from an open file: of GDAL, Micro-Manager, ScanImage.

Knows which blocks belong to which vendor; their schemas and format modules know what is in them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from .errors import TiffFileError
from .runtime.file import TiffFile

__all__ = [
    'read_gdal_structural_metadata',
    'read_micromanager_metadata',
    'read_ndtiff_index',
    'read_scanimage_metadata',
]


def read_gdal_structural_metadata(fh: Any, /) -> dict[str, str] | None:
    """Return the key-value text that GDAL writes behind the header, None if there is none.

    Parameters:
        fh: `FileHandle`, path, or binary file object.

    Raises:
        TiffFileError: The file is no TIFF.

    Example:
        >>> import numpy, tiffschema
        >>> tiffschema.write_cog('temp.tif', numpy.zeros((64, 64), 'u1'), photometric='minisblack')
        >>> read_gdal_structural_metadata('temp.tif')['LAYOUT']
        'IFDS_BEFORE_DATA'
    """
    with TiffFile(fh) as tif:
        found: dict[str, str] | None = tif.gdal_structural_metadata
        return found


def read_micromanager_metadata(fh: Any, /, keys: Collection[str] | None = None) -> dict[str, Any]:
    """Return the settings in the header of a file of Micro-Manager.

    Parameters:
        fh: `FileHandle`, path, or binary file object.
        keys: What is wanted of ``'Summary'``, ``'IndexMap'``, ``'DisplaySettings'`` and
            ``'Comments'``; None: everything. The versions are always there.

    Raises:
        TiffFileError: The file is no TIFF, or has no such header.

    Example:
        >>> from tiffschema.testing import forge
        >>> import io
        >>> found = read_micromanager_metadata(io.BytesIO(forge('mmstack').data), ['Summary'])
        >>> sorted(found)
        ['MajorVersion', 'Summary']
    """
    from .formats.micromanager import metadata

    with TiffFile(fh) as tif:
        found = metadata(tif)
    if keys is None:
        return found
    return {
        name: value for name, value in found.items() if name in keys or name.endswith('Version')
    }


def read_scanimage_metadata(fh: Any, /) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return the frame data that do not vary, the region groups, and the version of the header.

    Parameters:
        fh: `FileHandle`, path, or binary file object.

    Raises:
        TiffFileError: The file is no BigTIFF of ScanImage.

    Example:
        >>> from tiffschema.testing import forge
        >>> import io
        >>> frames, regions, version = read_scanimage_metadata(io.BytesIO(forge('scanimage').data))
        >>> version
        4
    """
    from .formats.scanimage import metadata

    with TiffFile(fh) as tif:
        found = metadata(tif)
        if not found:
            raise TiffFileError(f'{tif.filename!r} is no BigTIFF of ScanImage')
    version, frames = found.pop('version'), found.pop('FrameData')
    return frames, found, version


def read_ndtiff_index(file: str | os.PathLike[str], /) -> Iterator[tuple[Any, ...]]:
    """Yield the records of an index of NDTiff.

    Parameters:
        file: Path of ``NDTiff.index``.

    Yields:
        Axes as a dictionary, name of the file, offset of the pixels, width, height, type of
        pixels, compression, and of the metadata offset, length and compression.

    Raises:
        OSError: The file cannot be opened.
        FormatError: It ends within a record, or is no index.

    Example:
        >>> from pathlib import Path
        >>> from tiffschema.testing import forge
        >>> folder = forge('ndtiff').write(Path('temp')).parent
        >>> axes, name, offset, *rest = next(read_ndtiff_index(folder / 'NDTiff.index'))
        >>> sorted(axes), rest[:2]
        (['channel', 'time', 'z'], [6, 5])
    """
    from .model.sections import schemas
    from .model.text import parse_json

    struct = schemas['vendor/micromanager'].struct('index_entry')
    data = Path(file).read_bytes()
    position = 0
    while position < len(data):
        record, position = struct.parse_next(data, position)
        place = record.place
        yield (
            parse_json(record.axes), record.filename, place.offset, place.width, place.height,
            int(place.pixel_type), place.compression, place.meta_offset, place.meta_size,
            place.meta_compression,
        )  # fmt: skip
