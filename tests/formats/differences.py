"""What tifffile reads otherwise of forged files, and why: the only list of it.

A difference that is gone fails too: the list says what holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tiffschema.testing import Variant

__all__ = ['ANY_METADATA', 'DIFFERENCES', 'Difference', 'contradictions']

ANY_METADATA = 'metadata *'
"""Stands for any differences of metadata."""


class Difference(NamedTuple):
    """What differs in some variants of a kind.

    Parameters:
        kind: As `forge` takes it.
        what: Properties of series, ``series`` for their number, ``flags``, ``metadata NAME``,
            ``unread`` for series or pixels that it refuses, ``unopened`` for files.
        where: Options that these variants have: by name a value, or a list of values; None is a
            variant without the option.
        reason: Why ours is as it is.
    """

    kind: str
    what: Sequence[str]
    where: Mapping[str, Any]
    reason: str

    def holds(self, variant: Variant) -> bool:
        """Return whether a variant is one of those."""
        return variant.kind == self.kind and all(
            variant.options.get(name) in (wanted if isinstance(wanted, list) else [wanted])
            for name, wanted in self.where.items()
        )


_NDTIFF_OLD = 'it reads no NDTiff 0 and 1; they are an MMStack of another name to it, or pages'
_RESTORED = 'the description counts the axes, as Bio-Formats has it'
_CLASSIC = (
    'it takes the size of a page and the distance to the next for the room of the last page, which'
    ' it leaves out'
)
_FLIM = 'the shape of pages tells their order, as the software of the vendor has it'
_GRID = ('axes', 'kind', 'shape')

DIFFERENCES: Sequence[Difference] = (
    Difference(
        'svs', ('levels', 'name', 'pixels', 'shape'), {'flagged': True},
        'levels marked as reduced images are levels all the same; it takes them for labels',
    ),
    Difference(
        'shaped', ('series', 'metadata'), {'truncated': True},
        'it reads the first of several truncated series only',
    ),
    Difference(
        'lsm', ('metadata KsData', 'metadata Roi'), {},
        'drawing lists and the values of applications are read too',
    ),
    Difference(
        'lsm', ('metadata ChannelFactors',), {'release': [None, '3.2', '3.5', '5.0', '6.0']},
        'factors of channels are read too',
    ),
    Difference(
        'lsm', ('metadata f56',), {'release': [None, '6.0']},
        'numbers that are reserved have no name',
    ),
    Difference(
        'lsm', ('metadata ChannelDataTypes',), {'channels': [1, 3]},
        'Zeiss describes one entry per channel without their number',
    ),
    Difference(
        'lsm', ('metadata ChannelDataTypes',), {'release': '2.0'},
        'Zeiss describes one entry per channel without their number',
    ),
    Difference(
        'lsm', ('axes', 'shape', ANY_METADATA), {'release': '1.3'},
        'the block of release 1.3 has another layout, without the origin: it takes the layout of'
        ' later releases for it, and reads other fields',
    ),
    Difference(
        'lsm', ('pixels',), {'written': 4},
        'pages that were not written are zero; it gives what lies at offset 0',
    ),
    Difference(
        'lsm', ('pixels',), {'thumbnails': False, 'apart': None},
        'only pages that are marked are thumbnails; it takes every second page for one',
    ),
    Difference(
        'lsm', ('unopened',), {'thumbnails': False, 'apart': 1 << 30},
        'only pages that are marked are thumbnails; it refuses an odd number of pages per time',
    ),
    Difference(
        'ome', ('pixels',), {'uuid': False},
        'files told by name only are found by name; it takes them for one another',
    ),
    Difference(
        'ome', ('axes', 'kind', 'name', 'shape'), {'companion': True},
        'metadata in another file are read from there',
    ),
    Difference(
        'ome', ('pixels',), {'companion': True, 'files': 2},
        'metadata in another file are read from there',
    ),
    Difference('scanimage', ('pixels', 'shape'), {'version': 0}, _CLASSIC),
    Difference(
        'mmstack', ('pixels',), {'rgb': True},
        'pixels of RGB pages lie behind their bits per sample; its rule is directory + 162',
    ),
    Difference(
        'mmstack', ('metadata IndexMap',), {'reserved': 5},
        'rows that are only reserved are none of the index',
    ),
    Difference('ndtiff', ('flags', *_GRID), {'version': [0, 1]}, _NDTIFF_OLD),
    Difference('ndtiff', ('pixels',), {'version': [0, 1], 'files': 3}, _NDTIFF_OLD),
    Difference('ndtiff', ('pixels',), {'version': 1, 'missing': [(3, 7)]}, _NDTIFF_OLD),
    Difference('ndtiff_tiles', ('flags', *_GRID), {'version': 1}, _NDTIFF_OLD),
    Difference(
        'ndtiff_tiles', ('series',), {},
        'tiles are stitched to a second series, which has the levels',
    ),
    Difference(
        'fluoview', ('metadata Description',), {'described': [None, True]},
        'the sections of the description are metadata too; it leaves them to a function',
    ),
    Difference('mdgel', ('unread',), {'scaled': False}, 'without a scale it is 1'),
    Difference(
        'stk', ('metadata Gamma',), {},
        'gamma is a rational, as files have two numbers there',
    ),
    Difference(
        'stk', ('metadata DatetimeModified',), {}, 'times that are no dates are NaT, not left out'
    ),
    Difference(
        'stk', ('metadata AbsoluteZValid',), {'planes': 2},
        'numbers of two planes are two numbers; it divides them',
    ),
    Difference(
        'sis', ('flags', 'metadata pixelsizex', 'metadata pixelsizey'),
        {'second': True, 'ini': True},
        'tag 34853 leads to the calibration, as Bio-Formats has it',
    ),
    Difference(
        'sis', ('flags', 'kind'), {'second': True, 'ini': False},
        'tag 34853 leads to the calibration, as Bio-Formats has it',
    ),
    Difference('mediacy', _GRID, {'counted': None}, _RESTORED),
    Difference(
        'mediacy', ('kind',), {'counted': False},
        'a file of less than eight pages is uniform to it or generic by the order in which it is'
        ' asked',
    ),
    Difference(
        'mediacy', ('flags',), {'old': True},
        'the identifier of old files is one too, as Bio-Formats has it',
    ),
    Difference(
        'tvips', ('metadata CommentV1',), {}, 'text, as the comments of version 2 are; not bytes'
    ),
    Difference(
        'eer', ('unread',), {'strips': 3},
        'strips are pieces of one stream, as the vendor joins them; it decodes each by itself',
    ),
    Difference('dectris', ('flags',), {}, 'it has no flag for these files'),
    Difference('fibics', ('flags',), {}, 'it has no flag for these files'),
    Difference('flimage', ('axes', 'shape'), {'named': False, 'order': 'ChYX_Time'}, _FLIM),
    Difference('flimage', ('axes', 'shape'), {'named': False, 'order': 'ChTime_YX'}, _FLIM),
    Difference(
        'flimage', ('axes', 'shape'), {'named': False, 'order': 'ZLinear', 'slices': 3}, _FLIM
    ),
)  # fmt: skip


def _listed(variant: Variant) -> Iterator[str]:
    for one in DIFFERENCES:
        if one.holds(variant):
            yield from one.what


def contradictions(variant: Variant, found: Collection[str]) -> set[str]:
    """Return what was found and is not listed, and what is listed and was not found."""
    listed, told = set(_listed(variant)), set(found)
    if 'unopened' in listed | told:
        # There is nothing else to compare.
        listed &= {'unopened'}
    if ANY_METADATA in listed:
        metadata = {what for what in told if what.startswith('metadata ')}
        listed = {what for what in listed if not what.startswith('metadata ')}
        assert metadata, f'metadata of {variant} do not differ'
        told -= metadata
    return listed ^ told
