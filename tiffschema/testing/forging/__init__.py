"""Small valid files of every format, made by the builders of this library.

Example:
    >>> import tiffschema
    >>> from tiffschema.testing import forge
    >>> made = forge('svs')
    >>> with tiffschema.TiffFile(made.data) as tif:
    ...     [series.name for series in tif.series]
    ['Baseline', 'Thumbnail', 'Label', 'Macro']
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.testing.forging.variants import Variant, forge_variants

__all__ = ['Forged', 'ForgedSeries', 'Variant', 'forge', 'forge_variants', 'forgeable']

# Function of this package that makes a kind; one that makes several is told which.
_MAKERS: dict[str, str] = {
    'svs': 'slides:aperio',
    'mikroscan': 'slides:aperio',
    'motic': 'slides:aperio',
    'trestle': 'slides:trestle',
    'huron': 'slides:huron',
    'scn': 'slides:scn',
    'qpi': 'slides:qpi',
    'ndpi': 'slides:ndpi',
    'bif': 'slides:bif',
    'avs': 'slides:avs',
    'philips': 'slides:philips',
    'indica': 'slides:indica',
    'geotiff': 'geotiff:geotiff',
    'shaped': 'plain:shaped',
    'imagej': 'plain:imagej',
    'uniform': 'plain:uniform',
    'generic': 'plain:generic',
    'lsm': 'lsm:lsm',
    'ome': 'ome:ome',
    'scanimage': 'scanimage:scanimage',
    'mmstack': 'mmstack:mmstack',
    'ndtiff': 'ndtiff:ndtiff',
    'ndtiff_tiles': 'ndtiff:ndtiff_tiles',
    'fluoview': 'stacks:fluoview',
    'mdgel': 'stacks:mdgel',
    'nih': 'stacks:nih',
    'stk': 'stk:stk',
    'sis': 'sis:sis',
    'pilatus': 'cameras:pilatus',
    'astrotiff': 'cameras:astrotiff',
    'andor': 'cameras:andor',
    'agilent': 'cameras:agilent',
    'epics': 'cameras:epics',
    'nuvu': 'cameras:nuvu',
    'mediacy': 'mediacy:mediacy',
    'ips': 'mediacy:ips',
    'streak': 'cameras:streak',
    'tvips': 'cameras:tvips',
    'eer': 'eer:eer',
    'dectris': 'cameras:dectris',
    'fei': 'microscopes:fei',
    'sem': 'microscopes:sem',
    'metaseries': 'microscopes:metaseries',
    'fibics': 'microscopes:fibics',
    'vista': 'microscopes:vista',
    'volumetric': 'microscopes:volumetric',
    'flimage': 'microscopes:flimage',
}


def forgeable() -> tuple[str, ...]:
    """Return the kinds that `forge` makes."""
    return tuple(_MAKERS)


def forge(kind: str, /, **options: Any) -> Forged:
    """Return a small valid file of a kind, with known pixels and metadata.

    Parameters:
        kind: Kind of series, one of `forgeable`.
        **options: Of the kind: ``byteorder``, ``planes``, ``channels``, ``bigtiff`` …; those of
            `forge_variants` show what its format documents.

    Raises:
        ValueError: The kind cannot be made.
        TypeError: The kind has no such option.
    """
    if kind not in _MAKERS:
        raise ValueError(f'kind {kind!r} is none of {", ".join(_MAKERS)}')
    target = _MAKERS[kind]
    module, _, name = target.partition(':')
    function = getattr(import_module(f'{__name__}.{module}'), name)
    shared = list(_MAKERS.values()).count(target) > 1
    made: Forged = function(kind, **options) if shared else function(**options)
    return made
