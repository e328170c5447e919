"""Zarr stores under the names users know; needs the extra ``zarr``."""

from __future__ import annotations

from tiffschema.integrations.zarr_store import ZarrFileSequenceStore, ZarrStore, ZarrTiffStore

__all__ = ['ZarrFileSequenceStore', 'ZarrStore', 'ZarrTiffStore']
