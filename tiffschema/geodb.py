"""Codes of GeoTIFF as enumerations, under the names that users of `tifffile.geodb` know.

Knows names only; codes are declared in ``schemas/tiff/geokeys.yaml``. Ellipsoid-only systems and
datums are members of the same enumerations as the others.

Example:
    >>> from tiffschema.geodb import PCS, GeoKeys
    >>> PCS(32633).name, GeoKeys.ProjectedCSTypeGeoKey.value
    ('WGS84_UTM_zone_33N', 3072)
"""

from __future__ import annotations

from typing import Any, Final

from .model.enums import enum
from .tables import TIFF

_HOMES: Final = {
    'GeoKeys': 'GeoKey', 'Proj': 'Projection', 'PCS': 'ProjectedCRS', 'GCS': 'GeodeticCRS',
    'GCSE': 'GeodeticCRS', 'Ellipse': 'GeoEllipsoid', 'Datum': 'GeodeticDatum',
    'DatumE': 'GeodeticDatum', 'ModelType': 'GTModelType', 'RasterPixel': 'GTRasterType',
    'Linear': 'GeoLinearUnit', 'Angular': 'GeoAngularUnit', 'PM': 'GeoPrimeMeridian',
    'CT': 'GeoProjMethod', 'VertCS': 'GeoVerticalCS',
}  # fmt: skip

__all__ = ['GEO_CODES', *_HOMES]  # noqa: F822 - made when asked for


def __getattr__(name: str) -> Any:
    if name == 'GEO_CODES':
        return TIFF.GEO_CODES
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return enum(_HOMES[name])
