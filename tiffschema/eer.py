"""Sums of frames of electron event files, corrected for gain and defects."""

from __future__ import annotations

from tiffschema.formats.dose import DoseFractions

__all__ = ['DoseFractions']
