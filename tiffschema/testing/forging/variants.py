"""What each format documents, as options of `forge`: versions, byte orders, layouts, sets of files.

Knows the options of makers. A dictionary stands for all combinations of its values; what needs no
option of its own is not repeated.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tiffschema.testing.forging.forged import Forged

__all__ = ['VARIANTS', 'Variant', 'forge_variants']

_ORDERS = ('<', '>')
_GIB = 1 << 30
_BOTH: dict[str, Sequence[Any]] = {'byteorder': _ORDERS}
_FOUR: dict[str, Sequence[Any]] = {'byteorder': _ORDERS, 'bigtiff': (False, True)}
_FLIM = ('Time_ChYX', 'ChYX_Time', 'ChTime_YX', 'Linear', 'None')

VARIANTS: Mapping[str, Sequence[Mapping[str, Sequence[Any]]]] = {
    'svs': (_BOTH, {'planes': [3]}, {'flagged': [True]}),
    'mikroscan': (_BOTH, {'planes': [3]}),
    'motic': (_BOTH, {'planes': [3]}),
    'trestle': (_BOTH,),
    'huron': (_BOTH,),
    'scn': ({'channels': [1, 2], 'planes': [1, 2]},),
    'qpi': ({'channels': [1, 3], **_FOUR},),
    'ndpi': ({'planes': [1, 3]},),
    'bif': (_BOTH,),
    'avs': ({'planes': [1, 3]},),
    'philips': (_BOTH,),
    'indica': (_BOTH,),
    'geotiff': (_FOUR, {'point': [True]}),
    'shaped': (_FOUR, {'truncated': [True]}, {'levels': [3]}, {'images': [1]}),
    'imagej': (
        _BOTH,
        {'dtype': ['u1', 'f4']},
        {'order': ['ctz', 'zct', 'ztc', 'tcz', 'tzc']},
        {'rgb': [True], 'channels': [1], **_BOTH},
        {'frames': [1], 'slices': [1], 'channels': [1, 2]},
        {'large': [True], **_BOTH},
    ),
    'uniform': (_FOUR, {'planes': [12]}),
    'generic': (_FOUR,),
    'lsm': (
        {'release': ['1.3', '2.0', '3.2', '3.5', '5.0', '6.0']},
        {'scan': range(11), 'channels': [3]},
        {'dtype': ['u1'], 'compressed': [False, True]},
        {'channels': [1], 'compressed': [False, True]},
        {'positions': [2], 'tiles': [1, 2]},
        {'written': [4], 'compressed': [False, True]},
        {'thumbnails': [False]},
        {'apart': [_GIB]},
        {'apart': [_GIB // 2], 'positions': [3]},
        {'apart': [_GIB // 2], 'compressed': [True]},
        {'apart': [_GIB], 'positions': [2], 'thumbnails': [False]},
    ),
    'ome': (
        _FOUR,
        {'order': ['XYZCT', 'XYZTC', 'XYCTZ', 'XYTCZ', 'XYTZC']},
        {'samples': [3], 'levels': [1, 2], 'files': [1, 2]},
        {'files': [3], 'uuid': [True, False]},
        {'levels': [3], 'files': [1, 2]},
        {'lifetimes': [2], 'times': [2, 4]},
        {'missing': [(0, 4)], 'files': [1, 2]},
        {'companion': [True], 'files': [1, 2]},
    ),
    'scanimage': (
        {'version': [3, 4]},
        {'channels': [1]},
        {'slices': [1]},
        {'frames': [1]},
        {'apart': [200 << 20]},
        {'version': [0], 'program': ['state', 'SI4', 'SI5', 'SI']},
        {'version': [0], 'apart': [200 << 20], 'broken': [False, True]},
    ),
    'mmstack': (
        _BOTH,
        {'rgb': [True], **_BOTH},
        {'files': [3], 'frames': [4]},
        {'positions': [2], 'time_first': [True, False], 'slices_first': [True, False]},
        {'positions': [2], 'files': [2]},
        {'missing': [(1, 5)]},
        {'reserved': [5]},
        {'ome': [False], 'files': [1, 2]},
        {'channels': [1], 'slices': [1], 'frames': [1]},
    ),
    'ndtiff': (
        {'version': [0, 1, 2, 3], 'files': [1, 3]},
        {'version': [1, 3], 'first': [-2]},
        {'version': [0, 1, 2, 3], 'bits': [8]},
        {'bits': [10, 11, 12, 14]},
        {'named': [True]},
        {'rgb': [True], 'version': [2, 3]},
        {'missing': [(3, 7)], 'version': [1, 3]},
        {'times': [1], 'channels': [1]},
    ),
    'ndtiff_tiles': (
        {'folder': ['Full resolution', 'Full_resolution'], 'version': [2, 3]},
        {'version': [1], 'levels': [1]},
        {'levels': [3], 'first': [(-1, -2)], 'missing': [((0, 1),)]},
        {'levels': [1], 'channels': [1]},
        {'overlap': [(0, 0)]},
    ),
    'fluoview': (
        {'described': [True, False], **_BOTH},
        {
            'dimensions': [
                {'Ch': 2, 'Z': 3, 'XY': 2},
                {'WAVELENGTH': 2, 'TIME': 3},
                {'EVENT': 2, 'EXPOSURE': 3},
                {'ANIMATION': 4},
                {'Z': 2, 'MONTAGE': 3},
            ]
        },
        {'slices': [1], 'times': [1]},
    ),
    'mdgel': (
        {'encoding': [2, 128], **_BOTH},
        {'second': [True], 'encoding': [2, 128]},
        {'encoding': [0]},
        {'scaled': [False]},
        {'dtype': ['u1'], 'encoding': [128]},
    ),
    'nih': (
        {'version': [140, 153, 154], **_BOTH},
        {'unit': ['nm', 'inch', 'pixel', 'furlong', ''], 'version': [153, 160]},
        {'planes': [1, 8]},
        {'bigtiff': [True]},
    ),
    'stk': ({'axis': ['Z', 'T', 'I']}, {'planes': [1, 2]}),
    'sis': (
        {'times': [4], **_FOUR},
        {'slices': [1], 'channels': [1, 3]},
        {'ini': [False], **_BOTH},
        {'block': [False], 'channels': [3]},
        {'second': [True], 'ini': [True, False], **_BOTH},
    ),
    'pilatus': (_FOUR, {'planes': [3]}),
    'astrotiff': (_FOUR, {'planes': [1]}),
    'andor': (_FOUR, {'planes': [1]}),
    'agilent': (_FOUR, {'planes': [1]}),
    'epics': ({'old': [False, True], **_FOUR}, {'planes': [1]}),
    'nuvu': (_FOUR, {'planes': [1]}),
    'mediacy': (
        _FOUR,
        {'old': [True], **_BOTH},
        {'channels': [4], 'frames': [2]},
        {'frames': [4]},
        {'counted': [False]},
    ),
    'ips': (_BOTH, {'times': [2], 'positions': [2]}, {'slices': [1], 'channels': [1]}),
    'streak': ({'table': [True, False], **_FOUR},),
    'tvips': ({'version': [1, 2], **_FOUR}, {'planes': [1]}),
    'eer': (
        {'compression': [65000, 65001, 65002], **_BOTH},
        {'compression': [65000, 65001, 65002], 'superres': [1, 2]},
        {'integrated': [True], **_BOTH},
        {'planes': [1]},
        {'strips': [3]},
    ),
    'dectris': (_FOUR, {'planes': [1]}),
    'fei': ({'tag': ['FEI_SFEG', 'FEI_HELIOS'], **_FOUR}, {'planes': [1]}),
    'sem': (_FOUR, {'planes': [1]}),
    'metaseries': (_FOUR,),
    'fibics': (_FOUR, {'planes': [1]}),
    'vista': (_FOUR, {'planes': [9]}),
    'volumetric': (
        {'tiled': [True, False], **_FOUR},
        {'samples': [3], 'planar': [True, False], 'tiled': [True, False], 'planes': [1, 2]},
    ),
    'flimage': (
        _FOUR,
        {'order': _FLIM, 'named': [True, False]},
        {'order': ['ZLinear'], 'slices': [1, 3], 'named': [True, False]},
        {'planes': [1], 'channels': [1]},
    ),
}
"""By kind, what there is beyond the file that `forge` makes without options."""


class Variant(NamedTuple):
    """A kind of file, and the options that make one of its variants.

    Example:
        >>> Variant('nih', {'version': 153}).forge().metadata['Version']
        153
    """

    kind: str
    options: dict[str, Any]

    def forge(self) -> Forged:
        """Return the files."""
        from tiffschema.testing.forging import forge

        return forge(self.kind, **self.options)

    def __str__(self) -> str:
        return ' '.join([self.kind, *(f'{name}={value}' for name, value in self.options.items())])


def forge_variants(kind: str | None = None) -> tuple[Variant, ...]:
    """Return all variants of files that can be forged: versions, byte orders, layouts, sets.

    The first of a kind is made without options.

    Parameters:
        kind: One of `forgeable`; None is all.

    Raises:
        ValueError: The kind cannot be made.

    Example:
        >>> [str(variant) for variant in forge_variants('bif')]
        ['bif', 'bif byteorder=<', 'bif byteorder=>']
    """
    if kind is not None and kind not in VARIANTS:
        raise ValueError(f'kind {kind!r} is none of {", ".join(VARIANTS)}')
    found = []
    for name, groups in VARIANTS.items():
        if kind not in (None, name):
            continue
        found.append(Variant(name, {}))
        for group in groups:
            for values in itertools.product(*group.values()):
                found.append(Variant(name, dict(zip(group, values, strict=True))))
    return tuple(found)
