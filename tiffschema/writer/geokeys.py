"""Georeference, GDAL's metadata and missing-data value as tags, from plain arguments.

Knows the GeoKey table and numbers; the result goes to argument ``extratags``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tiffschema.model import catalog
from tiffschema.model.enums import enum
from tiffschema.model.tagcodes import TagCode
from tiffschema.model.text import escape

__all__ = ['gdal_metadata_xml', 'geo_tags', 'geokey_tags', 'transform_tags']

SHORT, ASCII, DOUBLE = 3, 2, 12
PROJECTED, GEOGRAPHIC, GEOCENTRIC = 1, 2, 3
POINT = 2
PAIR = tuple[int, int, int, Any, bool]


def geo_tags(
    crs: int | str | Mapping[str, Any] | None = None,
    transform: Any = None,
    *,
    point: bool = False,
    nodata: float | int | None = None,
    gdal_metadata: Mapping[str, Any] | str | None = None,
) -> list[PAIR]:
    """Return tags for argument ``extratags``, to be written on the first page only.

    Parameters:
        crs: EPSG code, ``'EPSG:32633'``, or mapping of GeoKey names to values.
        transform: Six numbers (a, b, c, d, e, f) with X = a*column + b*row + c and
            Y = d*column + e*row + f, of pixel corners; an object with such attributes; or a 4 x 4
            matrix of raster to model coordinates.
        point: Raster coordinates mean pixel centres (GTRasterType 2).
        nodata: Value of missing pixels.
        gdal_metadata: Items of GDAL's metadata, or the XML text.

    Raises:
        ValueError: An argument is not understood.

    Example:
        >>> [tag[0] for tag in geo_tags(32633, (10, 0, 500000, 0, -10, 4600000), nodata=-9999)]
        [33550, 33922, 34735, 42113]
    """
    tags: list[PAIR] = []
    if transform is not None:
        tags += transform_tags(transform, point=point)
    if crs is not None:
        keys: dict[str | int, Any] = {}
        keys.update(crs if isinstance(crs, Mapping) else _crs_keys(crs))
        keys.setdefault('GTRasterTypeGeoKey', POINT if point else 1)
        tags += geokey_tags(keys)
    if gdal_metadata is not None:
        text = gdal_metadata
        if not isinstance(text, str):
            text = gdal_metadata_xml(text)
        tags.append((TagCode.GDAL_METADATA, ASCII, 0, text.encode(), True))
    if nodata is not None:
        tags.append((TagCode.GDAL_NODATA, ASCII, 0, _number_text(nodata), True))
    return tags


def transform_tags(transform: Any, *, point: bool = False) -> list[PAIR]:
    """Return the tags of an affine transform: scale and tie point, or the full matrix.

    Raises:
        ValueError: It is neither six numbers nor a 4 x 4 matrix.
    """
    if all(hasattr(transform, name) for name in 'abcdef'):
        numbers = tuple(float(getattr(transform, name)) for name in 'abcdef')
    else:
        array = np.asarray(transform, 'f8')
        if array.shape == (4, 4):
            return [
                (
                    TagCode.ModelTransformationTag,
                    DOUBLE,
                    16,
                    tuple(array.reshape(-1).tolist()),
                    True,
                )
            ]
        if array.shape == (3, 3):
            array = array[:2]
        if array.size not in (6, 9):
            raise ValueError(f'transform: shape {array.shape} is neither six numbers nor 4 x 4')
        numbers = tuple(array.reshape(-1).tolist()[:6])
    a, b, c, d, e, f = numbers
    if point:  # the origin is the centre of the first pixel
        c, f = c + a / 2 + b / 2, f + d / 2 + e / 2
    if b == 0 and d == 0 and a > 0 and e < 0:
        return [
            (TagCode.ModelPixelScaleTag, DOUBLE, 3, (a, -e, 0.0), True),
            (TagCode.ModelTiepointTag, DOUBLE, 6, (0.0, 0.0, 0.0, c, f, 0.0), True),
        ]
    matrix = (a, b, 0.0, c, d, e, 0.0, f, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    return [(TagCode.ModelTransformationTag, DOUBLE, 16, matrix, True)]


def geokey_tags(keys: Mapping[str | int, Any]) -> list[PAIR]:
    """Return the GeoKey directory and its parameters.

    Parameters:
        keys: Values by name or number of the key: a number for SHORT keys, floats for DOUBLE ones,
            text for ASCII ones.

    Raises:
        ValueError: There is no such key, or its value has the wrong type.
    """
    rows = catalog.table('tiff/geokeys.geokeys')
    names = {
        name: code for code, row in rows.items() for name in (row['name'], *row.get('aliases', ()))
    }
    numbered: dict[int, Any] = {}
    for key, value in keys.items():
        code = names.get(key) if isinstance(key, str) else int(key)
        if code is None or code not in rows:
            raise ValueError(f'crs: there is no GeoKey {key!r}')
        numbered[code] = value
    directory = [1, 1, 1, len(numbered)]
    doubles: list[float] = []
    text = ''
    for code in sorted(numbered):
        value, kind = numbered[code], rows[code]['type']
        if kind == 'ascii' or isinstance(value, str):
            piece = f'{value}|'
            directory += [code, TagCode.GeoAsciiParamsTag, len(piece), len(text)]
            text += piece
        elif kind == 'u16':
            if not 0 <= int(value) < 1 << 16:
                raise ValueError(f'crs: {value!r} of GeoKey {code} does not fit 16 bits')
            directory += [code, 0, 1, int(value)]
        else:
            numbers = [float(item) for item in np.atleast_1d(value)]
            directory += [code, TagCode.GeoDoubleParamsTag, len(numbers), len(doubles)]
            doubles += numbers
    tags: list[PAIR] = [(TagCode.GeoKeyDirectoryTag, SHORT, len(directory), tuple(directory), True)]
    if doubles:
        tags.append((TagCode.GeoDoubleParamsTag, DOUBLE, len(doubles), tuple(doubles), True))
    if text:
        tags.append((TagCode.GeoAsciiParamsTag, ASCII, 0, text.encode('ascii', 'replace'), True))
    return tags


def gdal_metadata_xml(items: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """Return GDAL's metadata as XML.

    Parameters:
        items: Values by name; the keys 0, 1, 2 … hold mappings of single bands.

    Example:
        >>> gdal_metadata_xml({'A': 'b<', 0: {'STATISTICS_MEAN': 1.5}})
        '<GDALMetadata><Item name="A">b&amp;lt;</Item><Item name="STATISTICS_MEAN" sample="0">1.5\
</Item></GDALMetadata>'
    """
    lines = []
    pairs = items.items() if isinstance(items, Mapping) else enumerate(items)
    for key, value in pairs:
        if isinstance(value, Mapping):
            for name, item in value.items():
                role = f' role="{name}"' if name in ROLES else ''
                lines.append(_item(name, item, f' sample="{int(key)}"{role}'))
        else:
            lines.append(_item(str(key), value, ''))
    return f'<GDALMetadata>{"".join(lines)}</GDALMetadata>'


ROLES = frozenset({'description', 'scale', 'offset', 'unittype', 'colorinterp'})


def _item(name: str, value: Any, attributes: str) -> str:
    label = {'scale': 'SCALE', 'offset': 'OFFSET', 'description': 'DESCRIPTION'}.get(name, name)
    quoted = escape(label, quotes=True)
    # GDAL escapes values twice, and reads them so.
    return f'<Item name="{quoted}"{attributes}>{escape(escape(str(value)))}</Item>'


def _crs_keys(crs: int | str) -> dict[str | int, Any]:
    if isinstance(crs, str):
        authority, _, number = crs.rpartition(':')
        if authority.upper() not in ('', 'EPSG') or not number.isdigit():
            raise ValueError(f'crs: {crs!r} is no EPSG code')
        crs = int(number)
    code = int(crs)
    if not 1024 <= code <= 32766:
        raise ValueError(f'crs: {code} is not between 1024 and 32766')
    model = _model(code)
    key = 'ProjectedCSTypeGeoKey' if model == PROJECTED else 'GeographicTypeGeoKey'
    return {'GTModelTypeGeoKey': model, key: code}


def _model(code: int) -> int:
    """Return the kind of a coordinate reference system of the EPSG registry."""
    try:
        from pyproj import CRS
        from pyproj.exceptions import CRSError
    except ImportError:
        pass
    else:
        try:
            found = CRS.from_epsg(code)
        except CRSError as error:
            raise ValueError(f'crs: {code} is no EPSG code of a reference system') from error
        if found.is_projected:
            return PROJECTED
        return GEOCENTRIC if found.is_geocentric else GEOGRAPHIC
    if any(int(item.value) == code for item in enum('ProjectedCRS')):
        return PROJECTED
    if any(int(item.value) == code for item in enum('GeodeticCRS')) or 4000 <= code < 5000:
        return GEOCENTRIC if code in (4978, 4328) else GEOGRAPHIC
    return PROJECTED


def _number_text(value: float | int) -> str:
    number = value.item() if isinstance(value, np.generic) else value
    return repr(number) if isinstance(number, float) else str(number)
