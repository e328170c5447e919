"""Metadata of files that are no vendor's: descriptions of shapes, manifests of provenance.

Knows pages and series; the texts are parsed by the model.
Source: README of tifffile, "shaped" series; C2PA technical specification, embedding in TIFF.
"""

from __future__ import annotations

from typing import Any

from tiffschema.errors import FormatError
from tiffschema.model.descriptions import parse_shaped_description
from tiffschema.model.tagtable import tag_tables

__all__ = ['manifest', 'shapes']


def shapes(tif: Any) -> tuple[dict[str, Any], ...] | None:
    """Return what the description of each shaped series says, None if there is no such series."""
    found = []
    for series in tif.series(kind='shaped'):
        text = series.keyframe.shaped_description
        try:
            found.append(parse_shaped_description(text or '', limits=tif.limits))
        except FormatError as error:
            tif.faults.append(error)
    return tuple(found) or None


def manifest(tif: Any) -> bytes | None:
    """Return the manifest that the last directory holds."""
    value = tif.pages[-1].tags.valueof(tag_tables['tiff'].code('C2PAManifestStore'))
    return value if isinstance(value, bytes) else None
