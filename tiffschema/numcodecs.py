"""Codecs for numcodecs and Zarr format 2 under the names users know; needs the extra ``zarr``."""

from __future__ import annotations

from tiffschema.integrations.numcodecs_ import Segment, Tiff, register_codec

__all__ = ['Segment', 'Tiff', 'register_codec']
