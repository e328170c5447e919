"""A table of what can be forged, made of the variants: versions, byte orders, planes, files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.testing.forging.variants import VARIANTS, Variant, forge_variants

__all__ = ['forged_table', 'with_table']

_VERSIONS = (
    'version', 'release', 'program', 'compression', 'encoding', 'tag', 'old', 'second', 'bits',
)  # fmt: skip
"""Options that say which of several documented forms a file has."""
_SPARSE = {'apart', 'large'}
_BEGIN, _END = '<!-- forged: begin -->', '<!-- forged: end -->'
_ORDERS = {b'II': 'little', b'MM': 'big'}


def forged_table() -> str:
    """Return the table as Markdown, a row for each kind.

    Example:
        >>> [line for line in forged_table().splitlines() if line.startswith('| `bif`')]
        ['| `bif` | 3 |  | little, big | Big | no | 1 |  |']
    """
    head = (
        '| kind | variants | forms | byte order | offsets | several planes | files in a set'
        ' | beyond 4 GiB |'
    )
    rule = '| --- ' * 8 + '|'
    return '\n'.join([head, rule, *(_row(kind) for kind in VARIANTS)])


def with_table(page: str) -> str:
    """Return a page with the table between its markers.

    Raises:
        ValueError: The page has no markers.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f'page: no {_BEGIN} and {_END}')
    return f'{before}{begin}\n{forged_table()}\n{end}{after}'


def _row(kind: str) -> str:
    variants = forge_variants(kind)
    made = [one.forge() for one in variants if not one.options.keys() & _SPARSE]
    heads = [next(data for data in one.files.values() if data[:2] in _ORDERS) for one in made]
    cells = (
        f'`{kind}`',
        str(len(variants)),
        '; '.join(_forms(variants)),
        _listed(_ORDERS[head[:2]] for head in heads),
        _listed('Big' if 43 in head[2:4] else 'classic' for head in heads),
        'yes' if any(_planes(one) > 1 for one in made) else 'no',
        _listed(str(count) for count in sorted({len(one.files) for one in made})),
        'yes' if any(one.options.keys() & _SPARSE for one in variants) else '',
    )
    return f'| {" | ".join(cells)} |'


def _forms(variants: Iterable[Variant]) -> Iterator[str]:
    for name in _VERSIONS:
        values = {str(one.options[name]) for one in variants if name in one.options}
        if values:
            yield f'{name} {", ".join(sorted(values, key=lambda value: (len(value), value)))}'


def _listed(words: Iterable[str]) -> str:
    return ', '.join(dict.fromkeys(words))


def _planes(forged: Forged) -> int:
    """Return the number of planes of the largest series."""
    return max(map(_planes_of, forged.series))


def _planes_of(series: ForgedSeries) -> int:
    image = series.levels[0]
    shape = image.shape if image.ndim == len(series.axes) else image.squeeze().shape
    sizes = dict(zip(series.axes, shape, strict=True))
    return math.prod(size for axis, size in sizes.items() if axis not in 'YXSH')
