"""Zarr stores and codecs under the names users know; needs the extra ``zarr``."""

from __future__ import annotations

from tiffschema.integrations.zarr_codecs import Segment, Tiff, register_codec
from tiffschema.integrations.zarr_selection import zarr_selection
from tiffschema.integrations.zarr_store import ZarrFileSequenceStore, ZarrStore, ZarrTiffStore

__all__ = [
    'Segment',
    'Tiff',
    'ZarrFileSequenceStore',
    'ZarrStore',
    'ZarrTiffStore',
    'register_codec',
    'zarr_selection',
]
