"""GeoTIFF: keys, georeference and GDAL's structural metadata; pages as in any file.

Knows pages, tags and the table of GeoKeys; the numbers of keys and codes are declared in
``schemas/tiff/geokeys.yaml``. Source: OGC 19-008r4 (GeoTIFF 1.1); GDAL's GTiff and COG drivers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError
from tiffschema.model import catalog
from tiffschema.model.enums import member
from tiffschema.model.sections import schemas
from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.assemble.generic import generic_series
from tiffschema.runtime.describe import describe
from tiffschema.runtime.series import TiffPageSeries

__all__ = ['geotiff_tags', 'geotransform', 'rpc', 'series', 'structural_metadata']

_MODEL_TAGS = {
    TagCode.ModelPixelScaleTag: 'ModelPixelScale',
    TagCode.ModelTiepointTag: 'ModelTiepoint',
    TagCode.ModelTransformationTag: 'ModelTransformation',
}
_RPC_COUNT = 92
_RPC_NAMES = (
    'ERR_BIAS', 'ERR_RAND', 'LINE_OFF', 'SAMP_OFF', 'LAT_OFF', 'LONG_OFF', 'HEIGHT_OFF',
    'LINE_SCALE', 'SAMP_SCALE', 'LAT_SCALE', 'LONG_SCALE', 'HEIGHT_SCALE',
)  # fmt: skip
_RPC_POLYNOMIALS = ('LINE_NUM_COEFF', 'LINE_DEN_COEFF', 'SAMP_NUM_COEFF', 'SAMP_DEN_COEFF')
_USER_DEFINED = 32767
_NUMBERS = (int, float, tuple, np.ndarray)


def geotiff_tags(page: Any) -> dict[str, Any]:
    """Return the GeoKeys of a page by name, and what ties its raster to the model.

    Keys that point outside their parameters are left out and recorded as faults.

    Parameters:
        page: With tag GeoKeyDirectoryTag.

    Raises:
        FormatError: The directory of keys is shorter than its head or not of version 1.
    """
    directory = _numbers(page.tags.valueof(TagCode.GeoKeyDirectoryTag))
    if len(directory) < 4 or directory[0] != 1:
        raise FormatError(
            f'{directory[:4]} is no directory of GeoKeys',
            _path(page, TagCode.GeoKeyDirectoryTag),
            page.offset,
        )
    found: dict[str, Any] = {
        'KeyDirectoryVersion': directory[0],
        'KeyRevision': directory[1],
        'KeyRevisionMinor': directory[2],
    }
    if len(directory) < 4 + 4 * directory[3]:
        page.parent.faults.append(
            FormatError(
                f'{directory[3]} keys are declared, {len(directory) // 4 - 1} are there',
                _path(page, TagCode.GeoKeyDirectoryTag),
                page.offset,
            )
        )
    rows = catalog.table('tiff/geokeys.geokeys')
    count = min(directory[3], len(directory) // 4 - 1)
    for start in range(4, 4 + 4 * count, 4):
        code, location, length, value = directory[start : start + 4]
        row = rows.get(code, {'name': str(code)})
        try:
            found[row['name']] = _key_value(page, row, directory, location, length, value)
        except FormatError as error:
            page.parent.faults.append(error)
    for code, name in _MODEL_TAGS.items():
        values = _floats(page.tags.valueof(code))
        if values:
            found[name] = values
            if code == TagCode.ModelTransformationTag and len(values) == 16:
                found[name] = [values[row : row + 4] for row in range(0, 16, 4)]
            elif code == TagCode.ModelTiepointTag and len(values) > 6:
                found[name] = [values[at : at + 6] for at in range(0, len(values), 6)]
    coefficients = _floats(page.tags.valueof(TagCode.RPCCoefficientTag))
    if len(coefficients) == _RPC_COUNT:
        found['RPCCoefficient'] = rpc(coefficients)
    return found


def _path(page: Any, code: int) -> str:
    return f'{page._path}.tags[{code}]'


def _array(value: Any) -> NDArray[Any]:
    """Return the value of a tag as an array of numbers; empty where it is of another kind."""
    # Keys may name any tag: texts, structures and documents are no numbers.
    array = np.atleast_1d(np.asarray(value if isinstance(value, _NUMBERS) else ()))
    return array if array.dtype.kind in 'iuf' and array.ndim == 1 else array[:0].reshape(-1)


def _numbers(value: Any) -> list[int]:
    array = _array(value)
    return array.tolist() if array.dtype.kind in 'iu' else []


def _floats(value: Any) -> list[float]:
    array = _array(value)
    return array.astype(float).tolist() if len(array) else []


def _key_value(
    page: Any, row: Any, directory: Sequence[int], location: int, length: int, value: int
) -> Any:
    """Return the value of one key, wherever it is kept.

    Raises:
        FormatError: It is kept where there is nothing.
    """
    if location == 0:
        return _coded(row, value)
    if location == TagCode.GeoAsciiParamsTag:
        text = page.tags.valueof(TagCode.GeoAsciiParamsTag)
        text = text.decode('latin-1') if isinstance(text, bytes) else text
        if isinstance(text, str) and value < len(text.encode('utf-8', 'replace')) + 1:
            piece = text[value : value + length]
            # The bar stands for the NUL that would end the text.
            return piece.removesuffix('|')
    else:
        numbers: list[Any] = (
            list(directory)
            if location == TagCode.GeoKeyDirectoryTag
            else _floats(page.tags.valueof(location))
        )
        chosen = numbers[value : value + length]
        if chosen and len(chosen) == length:
            if location == TagCode.GeoKeyDirectoryTag:
                chosen = [_coded(row, number) for number in chosen]
            return chosen[0] if length == 1 else chosen
    raise FormatError(
        f'{length} values of tag {location} from {value} on are not there',
        f'{_path(page, TagCode.GeoKeyDirectoryTag)}.{row["name"]}',
        page.offset,
    )


def _coded(row: Any, value: int) -> Any:
    name = row.get('enum')
    return value if name is None else member(name, value)


def geotransform(keys: dict[str, Any]) -> tuple[float, float, float, float, float, float] | None:
    """Return the affine transform from raster to model as GDAL orders it, None without one.

    Parameters:
        keys: As `geotiff_tags` returns them.

    Returns:
        ``(c, a, b, f, d, e)`` of X = a*I + b*J + c and Y = d*I + e*J + f; where the raster type
        is PixelIsPoint, (I, J) = (0, 0) is the centre of the first pixel, else its outer corner.

    Example:
        >>> geotransform({'ModelPixelScale': [2.0, 3.0, 0.0], 'ModelTiepoint': [1, 1, 0, 9, 8, 0]})
        (7.0, 2.0, 0.0, 11.0, 0.0, -3.0)
    """
    scale, tie = keys.get('ModelPixelScale'), keys.get('ModelTiepoint')
    found: tuple[float, ...] | None = None
    if scale is not None and len(scale) >= 2 and tie and _is_point(tie):
        # GDAL lets scale and tie point win over a matrix beside them.
        # Of several tie points the first counts.
        i, j, _, x, y, _ = (tie[0] if isinstance(tie[0], list) else tie)[:6]
        found = (x - i * scale[0], scale[0], 0.0, y + j * scale[1], 0.0, -scale[1])
    else:
        matrix = keys.get('ModelTransformation')
        if matrix is not None and len(matrix) == 4:
            (a, b, _, c), (d, e, _, f) = matrix[0], matrix[1]
            found = (c, a, b, f, d, e)
    if found is None or not all(map(math.isfinite, found)):
        return None
    c, a, b, f, d, e = (float(number) for number in found)
    return c, a, b, f, d, e


def _is_point(tie: Sequence[Any]) -> bool:
    first = tie[0] if isinstance(tie[0], list) else tie
    return len(first) >= 6


def rpc(values: Sequence[float]) -> dict[str, Any]:
    """Return rational polynomial coefficients by name.

    Parameters:
        values: The 92 numbers of tag RPCCoefficientTag: two errors, five offsets, five scales,
            four polynomials of 20 coefficients.

    Source: "RPCs in GeoTIFF"; order of RPC00B.
    """
    found: dict[str, Any] = dict(zip(_RPC_NAMES, values[:12], strict=True))
    for number, name in enumerate(_RPC_POLYNOMIALS):
        found[name] = tuple(values[12 + 20 * number : 32 + 20 * number])
    return found


def series(tif: Any) -> list[TiffPageSeries]:
    """Return the series of pages alike, reduced ones as levels, with coordinates in the model.

    Raises:
        FormatError: There is no directory of GeoKeys that can be read.
    """
    keys = tif.geotiff_metadata
    if keys is None:
        return []
    found = generic_series(tif)
    if not found:
        return []
    transform = geotransform(keys)
    attrs = _attributes(tif, keys, transform)
    width, length = found[0].keyframe.imagewidth, found[0].keyframe.imagelength
    for one in found:
        for level in one.levels:
            describe(level, kind='geotiff', attrs=attrs, source='GeoKeyDirectoryTag')
            frame = level.keyframe
            if transform is None or not frame.imagewidth or not frame.imagelength:
                continue
            _locate(level, transform, width / frame.imagewidth, length / frame.imagelength, keys)
    return found


def _code(keys: dict[str, Any], name: str) -> int:
    """Return the number of a key; 0, which means undefined, if it has none."""
    value = keys.get(name)
    return int(value) if isinstance(value, int) else 0


def _attributes(
    tif: Any, keys: dict[str, Any], transform: tuple[float, ...] | None
) -> dict[str, Any]:
    """Return what is known of all series of the file."""
    attrs: dict[str, Any] = {}
    for name in ('ProjectedCSType', 'GeographicType'):
        code = _code(keys, f'{name}GeoKey')
        if 0 < code < _USER_DEFINED:
            attrs[name] = code
            break
    for name in ('GTCitationGeoKey', 'PCSCitationGeoKey'):
        if isinstance(keys.get(name), str):
            attrs['citation'] = keys[name]
            break
    raster = _code(keys, 'GTRasterTypeGeoKey')
    if raster:
        attrs['RasterType'] = raster
    if transform is not None:
        attrs['geotransform'] = transform
    structure = tif.gdal_structural_metadata
    if structure:
        attrs['gdal_structural_metadata'] = structure
    return attrs


_UNITS = {9001: 'meter', 9002: 'foot', 9003: 'foot_us'}
_ANGLES = {9101: 'radian', 9102: 'degree', 9103: 'arcminute', 9104: 'arcsecond'}


def _locate(
    level: TiffPageSeries,
    transform: tuple[float, ...],
    across: float,
    down: float,
    keys: dict[str, Any],
) -> None:
    """Give an image the coordinates of its columns and rows, if the raster is not turned."""
    c, a, b, f, d, e = transform
    if b or d or not a or not e:
        return
    # Reduced images cover the same area with fewer pixels.
    coords = {'X': (c, a * across), 'Y': (f, e * down)}
    if _code(keys, 'GTModelTypeGeoKey') == 2:
        unit = _ANGLES.get(_code(keys, 'GeogAngularUnitsGeoKey'))
    else:
        unit = _UNITS.get(_code(keys, 'ProjLinearUnitsGeoKey'))
    describe(level, coords=coords, units={} if unit is None else {'X': unit, 'Y': unit})


def structural_metadata(tif: Any) -> dict[str, Any] | None:
    """Return what GDAL wrote behind the header on the order of blocks, None if it did not.

    Source: GDAL's COG driver: a line of 43 characters with the size of the lines that follow.
    """
    ghost = schemas['vendor/gdal'].struct('ghost')
    start, source = tif.container.codec.header_nbytes, tif.source
    assert ghost.size is not None
    try:
        digits = ghost.parse(source.view(start, ghost.size)).digits
    except FormatError:
        return None
    if not digits.isdecimal():
        return None
    size = int(digits)
    text = bytes(source.view(start + ghost.size, size))
    if len(text) < size:
        tif.faults.append(
            FormatError(f'{len(text)} of {size} bytes', 'gdal_structural_metadata', start)
        )
    grammar = catalog.view('tiff/geokeys').texts['gdal_structural']
    found: dict[str, Any] = grammar.parse(text.decode('latin-1').rstrip('\0 '), tif.faults)
    return found
