"""GeoTIFF with overviews and a mask, with known pixels and georeference.

Knows the arguments of the writer.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.writer.geokeys import geo_tags
from tiffschema.writer.tiffwriter import TiffWriter

__all__ = ['geotiff']

LENGTH, WIDTH = 64, 96


def geotiff(
    *, crs: int = 32633, byteorder: str = '<', bigtiff: bool = False, point: bool = False
) -> Forged:
    """Return a raster with two overviews and a mask with one.

    Parameters:
        crs: EPSG code.
        byteorder: ``'<'`` or ``'>'``.
        bigtiff: Offsets of 64 bits.
        point: Raster coordinates mean pixel centres.
    """
    stream = io.BytesIO()
    transform = (10.0, 0.0, 500000.0, 0.0, -20.0, 4600000.0)
    tags = geo_tags(crs, transform, point=point, nodata=-1, gdal_metadata={'AREA': 'forged'})
    y, x = np.ogrid[:LENGTH, :WIDTH]
    raster = (x * 3 - y * 5).astype('i2')
    mask = x + y < 100
    levels = tuple(np.ascontiguousarray(raster[::step, ::step]) for step in (1, 2, 4))
    masks = tuple(np.ascontiguousarray(mask[::step, ::step]) for step in (1, 2))
    common: dict[str, Any] = {'metadata': None, 'software': False, 'tile': (16, 16)}
    with TiffWriter(stream, byteorder=byteorder, bigtiff=bigtiff) as writer:
        for number, level in enumerate(levels):
            writer.write(
                level, photometric='minisblack', subfiletype=int(number > 0),
                extratags=[] if number else tags, **common,
            )  # fmt: skip
            if number < len(masks):
                writer.write(
                    masks[number], photometric='mask', subfiletype=5 if number else 4,
                    compression='zlib', **common,
                )  # fmt: skip
    return Forged(
        'geotiff',
        {'raster.tif': stream.getvalue()},
        (ForgedSeries('', 'YX', levels), ForgedSeries('', 'YX', masks)),
        {'ProjectedCSTypeGeoKey': crs, 'GTRasterTypeGeoKey': 2 if point else 1},
    )
